//! The crash matrix on the real file system: `strace` makes system calls fail, one a run.
//!
//! In:  `QUANLIAN_STRACE_CASES`: how many cases of the matrix, spread over it ([`FEW_CASES`]
//!      unless it says more), or `all`.
//! Out: a panic that names the case when an acknowledged entry is lost, a number is used
//!      twice, a checkpoint goes back, or the full check is not clean.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use quanlian_tlog::{
    fsck::fsck,
    log::Log,
    store::{LogHome, load_key_file},
    tile::{Edge, Tiles},
};

/// Cases that every run of the tests tries.
const FEW_CASES: usize = 120;
/// The calls that change something, by the names of this kernel interface.
const CALLS: [&str; 11] = [
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "link",
    "linkat",
    "unlink",
    "mkdir",
    "openat",
    "ftruncate",
    "close",
];
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];

#[derive(Debug, Clone)]
struct Case {
    mode: &'static str,
    /// Whether the run that fails finds a log or makes one.
    on_an_old_log: bool,
    call: &'static str,
    fault: &'static str,
    at: usize,
}

fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    target.join("examples/append_run")
}

/// In memory where there is such a folder: what fails is what strace says, not the disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

fn run(data: &Path, name: &str, mode: &str) -> Output {
    Command::new(program())
        .arg(data)
        .args([name, mode])
        .output()
        .unwrap()
}

fn strace(data: &Path, options: &[&str], name: &str, mode: &str, trace: &Path) -> Output {
    Command::new("strace")
        .args(["-f", "-o"])
        .arg(trace)
        .args(options)
        .arg(program())
        .arg(data)
        .args([name, mode])
        .output()
        .unwrap()
}

/// How often a run makes each call; by thread, because strace counts by thread.
fn count_calls(mode: &str, on_an_old_log: bool) -> BTreeMap<&'static str, usize> {
    let folder = folder();
    let data = folder.path().join("data");
    if on_an_old_log {
        run(&data, "before", mode);
    }
    let trace = folder.path().join("trace");
    let expression = format!("trace={}", CALLS.map(|call| format!("?{call}")).join(","));
    let output = strace(&data, &["-e", &expression], "counted", mode, &trace);
    assert!(output.status.success(), "{output:?}");
    let mut by_thread: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let call = rest.trim_start().split('(').next();
        if let Some(call) = CALLS.into_iter().find(|known| Some(*known) == call) {
            *by_thread.entry((thread.to_owned(), call)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in by_thread {
        let known: &mut usize = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}

fn matrix() -> Vec<Case> {
    let mut cases = Vec::new();
    for mode in ["log", "sequencer"] {
        for on_an_old_log in [false, true] {
            for (call, count) in count_calls(mode, on_an_old_log) {
                for fault in FAULTS {
                    cases.extend((1..=count).map(|at| Case {
                        mode,
                        on_an_old_log,
                        call,
                        fault,
                        at,
                    }));
                }
            }
        }
    }
    cases
}

/// What a run has said, until it ended.
#[derive(Debug, Default)]
struct Said {
    entries: BTreeMap<u64, String>,
    heads: Vec<(u64, String)>,
}

impl Said {
    fn hear(&mut self, output: &Output, case: &Case) {
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["entry", number, text] => {
                    let before = self.entries.insert(number.parse().unwrap(), text.to_owned());
                    assert_eq!(before, None, "{case:?}: number {number} is used twice");
                }
                ["head", size, root] => self.heads.push((size.parse().unwrap(), root.to_owned())),
                // The end of a process may cut a line.
                _ => {}
            }
        }
    }

    fn require_kept(&self, data: &Path, case: &Case) {
        let key = load_key_file(&data.join("log.key")).unwrap();
        let report = fsck(data, key.verifier()).unwrap_or_else(|error| panic!("{case:?}: {error:?}"));
        assert_eq!(report.problems, Vec::<String>::new(), "{case:?}");
        let log = Log::open(LogHome::open(data).unwrap(), key).unwrap();
        let size = log.checkpoint().size();
        let mut edge = Edge::default();
        let mut roots = vec![edge.root().to_base64()];
        for number in 0..size {
            let entry = log.read_entry(number).unwrap();
            if let Some(said) = self.entries.get(&number) {
                assert_eq!(entry, said.as_bytes(), "{case:?}: entry {number}");
            }
            edge.push(&entry, &mut Tiles::new());
            roots.push(edge.root().to_base64());
        }
        assert!(
            self.entries.keys().all(|number| *number < size),
            "{case:?}: an acknowledged entry is lost"
        );
        let mut newest = 0;
        for (size, root) in &self.heads {
            assert!(*size >= newest, "{case:?}: a checkpoint went back");
            newest = *size;
            assert_eq!(
                roots.get(usize::try_from(*size).unwrap()),
                Some(root),
                "{case:?}: a checkpoint of another history"
            );
        }
    }
}

/// Whether the fault came.
fn try_case(case: &Case) -> bool {
    let folder = folder();
    let data = folder.path().join("data");
    let trace = folder.path().join("trace");
    let mut said = Said::default();
    if case.on_an_old_log {
        said.hear(&run(&data, "before", case.mode), case);
    }
    let inject = format!("inject={}:{}:when={}", case.call, case.fault, case.at);
    said.hear(
        &strace(&data, &["-e", &inject], "failing", case.mode, &trace),
        case,
    );
    let has_failed = {
        let trace = fs::read_to_string(trace).unwrap();
        trace.contains("(INJECTED)") || trace.contains("killed by SIGKILL")
    };
    for name in ["after", "later"] {
        let output = run(&data, name, case.mode);
        assert!(output.status.success(), "{case:?}: {output:?}");
        said.hear(&output, case);
    }
    said.require_kept(&data, case);
    has_failed
}

#[test]
fn whatever_system_call_fails_nothing_acknowledged_is_lost() {
    let has_strace = Command::new("strace").arg("-V").output().is_ok();
    if !has_strace || !program().is_file() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the matrix of system calls needs strace and the example append_run \
             (apt-get install strace; cargo test builds the example)"
        );
        return;
    }
    let cases = matrix();
    let wanted = match std::env::var("QUANLIAN_STRACE_CASES").as_deref() {
        Ok("all") => cases.len(),
        Ok(count) => count.parse().unwrap(),
        Err(_) => FEW_CASES,
    };
    let step = cases.len().div_ceil(wanted.max(1)).max(1);
    let tried: Vec<&Case> = cases.iter().step_by(step).collect();
    let hit = tried.iter().filter(|case| try_case(case)).count();
    let _ = writeln!(
        std::io::stderr(),
        "{} of {} cases tried, the fault came in {hit}",
        tried.len(),
        cases.len()
    );
    assert!(hit * 10 >= tried.len() * 9, "the faults hardly ever come");
}
