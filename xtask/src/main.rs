//! Project tasks: everything a person types to build, run, test and check quanlian.
//!
//! In:  `cargo xtask <task> [options]` (the alias is in `.cargo/config.toml`).
//! Out: the exit code of the work: 0 done, 1 a check failed, 2 bad use, 3 the task itself could not run;
//!      `demo` passes on the code of the program that it starts.
//!
//! Invariant: nothing but std, so that it builds in seconds on a machine that has nothing else. What a task
//! changes on the machine (system packages, `.tools/`) is said on stderr before it happens.
//!
//! Not here: what the product does. These are the strings that pull it.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command line tool speaks to its caller"
)]

mod ci;
mod fuzz;
mod json;
mod machine;
mod metadata;
mod step;
mod tasks;
mod tidy;
mod web;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
usage: cargo xtask <task>

  demo  [--no-install] [-- ARGS]  set up what is missing, build, run `quanlian demo ARGS`
  test  [--no-install] [-- ARGS]  set up what is missing, run every test, then tidy; ARGS go to cargo test
  bench [--no-install] [NAME]...  run the benchmarks and print their tables (Markdown on stdout)
  ci    [--no-install] [STEP]...  fmt, tidy, clippy, test, features, doc, deny: all, or those named
  web   [--no-install]            build the pages in the browser, when they are older than what they are made of
  release [--no-install]          build the program as it is handed out: optimised, with C2PA
  package [dev]                   make the Debian package, of the release build (with `dev` of the development build)
  fuzz  [TARGET]... [-- SECONDS]  make seeds, build and run the fuzz targets (60 s each), print their table
  tidy                            check the tree: crate graph, module heads, messages, law files, sizes

--no-install: never install system packages or tools, only say what is missing.";

/// Exit code of a check that said no.
const FAILED: u8 = 1;
/// Exit code of a command line that cannot be understood.
const BAD_USE: u8 = 2;
/// Exit code when a task could not do its work at all.
const BROKEN: u8 = 3;

/// Why a task stopped before it had an answer.
#[derive(Debug)]
enum Stop {
    /// The command line makes no sense; the text says why.
    BadUse(String),
    /// The machine lacks something or refuses; the text says what and how to go on.
    Machine(String),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&workspace_root(), &args) {
        Ok(code) => ExitCode::from(code),
        Err(Stop::BadUse(why)) => {
            eprintln!("xtask: {why}\n\n{USAGE}");
            ExitCode::from(BAD_USE)
        }
        Err(Stop::Machine(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::from(BROKEN)
        }
    }
}

fn run(root: &Path, args: &[String]) -> Result<u8, Stop> {
    let Some((task, rest)) = args.split_first() else {
        return Err(Stop::BadUse("no task given".into()));
    };
    let options = Options::parse(rest)?;
    match task.as_str() {
        "demo" => tasks::demo(root, &options),
        "test" => tasks::test(root, &options),
        "bench" => tasks::bench(root, &options),
        "ci" => ci::run(root, &options),
        "release" => tasks::release(root, &options),
        "package" => tasks::package(root, &options),
        "fuzz" => fuzz::run(root, &options),
        "web" => web::build(root, &options),
        "tidy" => tidy::report(root),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(0)
        }
        other => Err(Stop::BadUse(format!("`{other}` is not a task"))),
    }
}

/// What stands after the name of the task.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// `--no-install`: leave the machine as it is.
    no_install: bool,
    /// Names before `--`.
    names: Vec<String>,
    /// Everything after `--`, for the program that the task starts.
    passed_on: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, Stop> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--" => options.passed_on = args.by_ref().cloned().collect(),
                "--no-install" => options.no_install = true,
                flag if flag.starts_with('-') => {
                    return Err(Stop::BadUse(format!(
                        "unknown option `{flag}` (arguments for the program go after `--`)"
                    )));
                }
                name => options.names.push(name.to_owned()),
            }
        }
        Ok(options)
    }

    /// For tasks that take no names.
    fn refuse_names(&self, task: &str) -> Result<(), Stop> {
        match self.names.first() {
            Some(name) => Err(Stop::BadUse(format!(
                "`{task}` does not take `{name}` (arguments for the program go after `--`)"
            ))),
            None => Ok(()),
        }
    }
}

/// The folder of the root manifest. Cargo names this crate's folder at run time; the one at compile time is for
/// a binary that was started without cargo.
fn workspace_root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = PathBuf::from(here);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<Options, Stop> {
        Options::parse(&args.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_after_two_dashes_are_passed_on_untouched() {
        let options = parse("--no-install audio -- --data out --no-install").unwrap();
        assert!(options.no_install);
        assert_eq!(options.names, ["audio"]);
        assert_eq!(options.passed_on, ["--data", "out", "--no-install"]);
    }

    #[test]
    fn an_unknown_option_or_task_is_bad_use() {
        assert!(matches!(parse("--data out"), Err(Stop::BadUse(why)) if why.contains("after `--`")));
        assert!(
            matches!(run(Path::new("/"), &["dmeo".to_owned()]), Err(Stop::BadUse(why)) if why.contains("dmeo"))
        );
        assert!(matches!(run(Path::new("/"), &[]), Err(Stop::BadUse(_))));
    }
}
