//! A guarded program: ffmpeg, ffprobe or pdftotext on one file, under limits that a hostile file cannot lift.
//!
//! In:  a program, its arguments, the open file, [`Limits`].
//! Out: what it writes, as a [`Read`]; after the end, how it ended and what it complained of.
//!
//! Invariants: the file is the program's standard input, so that no name of a file is ever an argument; the
//! environment is empty but for the search paths; a program that writes nothing for [`Limits::stall`] or runs longer
//! than [`Limits::total`] is killed; so is one whose [`Guarded`] is dropped; of its complaints [`MAX_SAID_BYTES`] are kept.
//!
//! Not here: what the bytes mean (`video`, `image::decode`).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The file as ffmpeg and ffprobe see it: their standard input, opened anew so that they can seek in it.
pub(crate) const INPUT: &str = "file:/dev/stdin";
/// What ffmpeg is told whatever it reads: to ask nothing, to complain only of errors, to work on one thread, and to
/// open nothing but files, so that a hostile file cannot make it fetch from the network.
pub(crate) const FFMPEG_ALWAYS: [&str; 10] = [
    "-nostdin",
    "-hide_banner",
    "-v",
    "error",
    "-threads",
    "1",
    "-filter_threads",
    "1",
    "-protocol_whitelist",
    "file",
];
/// Of the complaints of a program so many bytes are kept; the rest is read and thrown away.
pub(crate) const MAX_SAID_BYTES: usize = 4 << 10;
/// How often the watch looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What a program may still need of its surroundings: where it and its libraries lie.
const KEPT_VARIABLES: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// How long a program may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Without writing anything.
    pub(crate) stall: Duration,
    /// In all.
    pub(crate) total: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) succeeded: bool,
    /// Killed by the watch.
    pub(crate) timed_out: bool,
    /// The beginning of its complaints, in one line.
    pub(crate) said: String,
}

/// A running program.
pub(crate) struct Guarded {
    child: Arc<Mutex<Child>>,
    /// Gone once nobody will read on.
    stdout: Option<ChildStdout>,
    reads: Arc<AtomicU64>,
    timed_out: Arc<AtomicBool>,
    /// Dropped to end the watch.
    watch: Option<(Sender<()>, JoinHandle<()>)>,
    said: Option<JoinHandle<Vec<u8>>>,
}

impl Guarded {
    /// Starts `program` with `file` as its standard input.
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: &OsStr,
        arguments: &[S],
        file: File,
        limits: Limits,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                KEPT_VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            let _ = child.kill();
            return Err(io::Error::other("the pipes of the program are missing"));
        };
        let child = Arc::new(Mutex::new(child));
        let (reads, timed_out) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (end, ended) = mpsc::channel();
        let watch = {
            let (child, reads, timed_out) = (child.clone(), reads.clone(), timed_out.clone());
            std::thread::spawn(move || {
                let start = Instant::now();
                let (mut seen, mut since) = (0, start);
                while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    let now = reads.load(Ordering::Relaxed);
                    if now != seen {
                        (seen, since) = (now, Instant::now());
                    }
                    if since.elapsed() > limits.stall || start.elapsed() > limits.total {
                        timed_out.store(true, Ordering::Relaxed);
                        kill(&child);
                        return;
                    }
                }
            })
        };
        let said = std::thread::spawn(move || keep_beginning(stderr));
        Ok(Self {
            child,
            stdout: Some(stdout),
            reads,
            timed_out,
            watch: Some((end, watch)),
            said: Some(said),
        })
    }

    /// Waits for the end; what the program still writes is lost.
    pub(crate) fn finish(mut self) -> Ended {
        // A program that still writes meets a closed pipe; the watch runs on, so that this ends.
        self.stdout = None;
        let succeeded = loop {
            let status = self
                .child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_wait();
            match status {
                Ok(Some(status)) => break status.success(),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(_) => break false,
            }
        };
        let said = self.said.take().and_then(|t| t.join().ok()).unwrap_or_default();
        Ended {
            succeeded,
            timed_out: self.timed_out.load(Ordering::Relaxed),
            said: one_line(&said),
        }
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.stdout {
            Some(stdout) => stdout.read(buffer)?,
            None => 0,
        };
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(n)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        kill(&self.child);
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        if let Some((end, watch)) = self.watch.take() {
            drop(end);
            let _ = watch.join();
        }
    }
}

fn kill(child: &Mutex<Child>) {
    // Fails when the program has ended already, which is as well.
    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
}

fn keep_beginning(mut from: impl Read) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..n.min(MAX_SAID_BYTES - kept.len())]);
    }
    kept
}

/// Text that came from a file through a program: control characters must not reach a terminal.
fn one_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Limits = Limits {
        stall: Duration::from_millis(200),
        total: Duration::from_secs(20),
    };

    fn nothing() -> File {
        File::open("/dev/null").expect("open")
    }

    #[test]
    fn what_a_program_writes_and_says_arrives() {
        let mut running = Guarded::start(
            OsStr::new("sh"),
            &["-c", "echo out; printf 'a\\033[31m\\n b' >&2; exit 3"],
            nothing(),
            QUICK,
        )
        .expect("start");
        let mut out = String::new();
        running.read_to_string(&mut out).expect("read");
        let ended = running.finish();
        assert_eq!((out.as_str(), ended.said.as_str()), ("out\n", "a [31m b"));
        assert!(!ended.succeeded && !ended.timed_out);
    }

    #[test]
    fn one_that_hangs_is_killed_and_named() {
        let start = Instant::now();
        let mut running = Guarded::start(OsStr::new("sleep"), &["60"], nothing(), QUICK).expect("start");
        assert_eq!(running.read(&mut [0; 8]).expect("end of the pipe"), 0);
        let ended = running.finish();
        assert!(ended.timed_out && !ended.succeeded);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn one_that_never_ends_writing_is_killed_when_it_is_dropped() {
        let mut running = Guarded::start(OsStr::new("yes"), &["n"], nothing(), QUICK).expect("start");
        running.read_exact(&mut [0; 64]).expect("read");
        let child = running.child.clone();
        drop(running);
        let status = child.lock().expect("lock").try_wait().expect("wait");
        assert!(status.is_some_and(|s| !s.success()));
    }

    #[test]
    fn endless_complaints_are_cut() {
        let running = Guarded::start(
            OsStr::new("sh"),
            &[
                "-c",
                "i=0; while [ $i -lt 3000 ]; do echo 0123456789 >&2; i=$((i+1)); done",
            ],
            nothing(),
            Limits {
                stall: Duration::from_secs(10),
                ..QUICK
            },
        )
        .expect("start");
        let ended = running.finish();
        assert!(ended.succeeded && ended.said.len() <= 300, "{ended:?}");
    }

    #[test]
    fn the_environment_is_not_handed_on() {
        let mut running = Guarded::start(OsStr::new("env"), &[] as &[&str], nothing(), QUICK).expect("start");
        let mut out = String::new();
        running.read_to_string(&mut out).expect("read");
        assert!(
            out.lines()
                .all(|line| KEPT_VARIABLES.iter().any(|k| line.starts_with(k))),
            "{out}"
        );
    }
}
