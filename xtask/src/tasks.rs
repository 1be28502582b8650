//! The tasks that build and run the product: demo, release, package, test, bench.
//!
//! In:  the options of the command line.
//! Out: the exit code of what was run.
//!
//! Not here: what the demo shows (`quanlian demo`) and what the tests check (each crate).

use std::path::Path;

use crate::{Options, Stop, machine, metadata, step, tidy, web};

/// Builds the program and shows the whole chain. Stays in the caller's folder, so that relative paths among the
/// arguments mean what they say.
pub(crate) fn demo(root: &Path, options: &Options) -> Result<u8, Stop> {
    options.refuse_names("demo")?;
    let pdf_tools = machine::Need {
        weight: machine::Weight::Optional,
        ..machine::PDF_TOOLS
    };
    machine::prepare(
        &[
            machine::COMPILER,
            machine::CHINESE_FONTS,
            machine::FFMPEG,
            pdf_tools,
        ],
        options.no_install,
    )?;
    // The two stories of the command line need no pages.
    if options.passed_on.iter().any(|one| one == "--serve") {
        let built = pages(root, options)?;
        if built != 0 {
            return Ok(built);
        }
    }
    let mut cargo = step::cargo(root);
    let here =
        std::env::current_dir().map_err(|e| Stop::Machine(format!("cannot tell the current folder: {e}")))?;
    cargo
        .current_dir(here)
        .args(["run", "--locked", "-p", "quanlian", "--manifest-path"])
        .arg(root.join("Cargo.toml"));
    cargo.args(["--", "demo"]).args(&options.passed_on);
    step::exit_code(&mut cargo)
}

/// The pages, before the program takes them in.
fn pages(root: &Path, options: &Options) -> Result<u8, Stop> {
    let alone = Options {
        no_install: options.no_install,
        ..Options::default()
    };
    web::build(root, &alone)
}

/// What is off by default, because it is heavy, and on in what is handed out.
const RELEASE_FEATURES: &str = "c2pa";

/// Where packages are put, below the root.
const PACKAGES: &str = "target/package/";

/// Builds the program as it is handed out.
pub(crate) fn release(root: &Path, options: &Options) -> Result<u8, Stop> {
    options.refuse_names("release")?;
    machine::prepare(&[machine::COMPILER], options.no_install)?;
    let built = pages(root, options)?;
    if built != 0 {
        return Ok(built);
    }
    let mut cargo = step::cargo(root);
    cargo
        .args([
            "build",
            "--release",
            "--locked",
            "-p",
            "quanlian",
            "--features",
            RELEASE_FEATURES,
        ])
        .args(&options.passed_on);
    step::exit_code(&mut cargo)
}

/// Makes the Debian package: of the release build, or with the name `dev` of the development build that is there.
pub(crate) fn package(root: &Path, options: &Options) -> Result<u8, Stop> {
    let is_dev = match options.names.as_slice() {
        [] => false,
        [name] if name == "dev" => true,
        [other, ..] => {
            return Err(Stop::BadUse(format!(
                "`package` takes `dev` or nothing, not `{other}`"
            )));
        }
    };
    if step::cargo(root)
        .args(["deb", "--version"])
        .output()
        .is_ok_and(|found| !found.status.success())
    {
        return Err(Stop::Machine(
            "cargo-deb is missing; `cargo install cargo-deb --locked` brings it".into(),
        ));
    }
    if !is_dev {
        let without_names = Options {
            no_install: options.no_install,
            ..Options::default()
        };
        let built = release(root, &without_names)?;
        if built != 0 {
            return Ok(built);
        }
    }
    let mut cargo = step::cargo(root);
    cargo.args(["deb", "--locked", "--no-build", "-p", "quanlian"]);
    if is_dev {
        cargo.args(["--profile", "dev", "--no-strip", "--fast"]);
    }
    cargo.args(["--output", PACKAGES]).args(&options.passed_on);
    let made = step::exit_code(&mut cargo)?;
    if made == 0 {
        eprintln!("the package lies in {PACKAGES}; packaging/Containerfile makes an image of it");
    }
    Ok(made)
}

/// Runs every test of the workspace in one pass, then those of the pages against what was built, then the tidy checks, whose
/// findings are easier to read alone.
pub(crate) fn test(root: &Path, options: &Options) -> Result<u8, Stop> {
    options.refuse_names("test")?;
    prepare_for_tests(options)?;
    // First, so that the program that is tested has its pages.
    let pages = step::run("pages", || Ok(pages(root, options)? == 0))?;
    let tests = step::run("tests", || workspace_tests(root, &options.passed_on))?;
    let stories = step::run("stories", || web::test(root, options))?;
    let tidy = step::run("tidy", || Ok(tidy::report(root)? == 0))?;
    let all = [pages, tests, stories, tidy];
    eprintln!();
    for outcome in &all {
        eprintln!("{}", step::line(outcome));
    }
    Ok(if all.iter().all(|outcome| outcome.passed) {
        0
    } else {
        crate::FAILED
    })
}

/// What the tests want from the machine. Without the fonts those of the papers fail and the others still tell.
pub(crate) fn prepare_for_tests(options: &Options) -> Result<(), Stop> {
    use machine::{
        CHINESE_FONTS, CHROMIUM, COMPILER, EXIFTOOL, FFMPEG, FPCALC, Need, OPENSSL, PDF_TOOLS, STRACE, UNZIP,
        Weight, XXD,
    };
    let fonts = Need {
        weight: Weight::Wanted,
        ..CHINESE_FONTS
    };
    machine::prepare(
        &[
            COMPILER, fonts, OPENSSL, XXD, UNZIP, PDF_TOOLS, FFMPEG, EXIFTOOL, FPCALC, CHROMIUM, STRACE,
        ],
        options.no_install,
    )
}

/// `cargo test` over the whole workspace. It does not stop at the first crate that fails: one run tells all.
pub(crate) fn workspace_tests(root: &Path, passed_on: &[String]) -> Result<bool, Stop> {
    step::command(
        step::cargo(root)
            .args(["test", "--workspace", "--locked", "--no-fail-fast"])
            .args(passed_on),
    )
}

/// Runs the benchmarks of every crate that has some, or those of the given names. Their tables go to stdout.
pub(crate) fn bench(root: &Path, options: &Options) -> Result<u8, Stop> {
    machine::prepare(
        &[machine::COMPILER, machine::FFMPEG, machine::FPCALC],
        options.no_install,
    )?;
    let crates = metadata::read(root)?;
    let all = crates
        .iter()
        .flat_map(|(name, entry)| entry.bench_targets.iter().map(move |bench| (name, bench)));
    let chosen: Vec<(&String, &String)> = all
        .clone()
        .filter(|(_, bench)| options.names.is_empty() || options.names.contains(bench))
        .collect();
    if chosen.is_empty() {
        let known: Vec<&str> = all.map(|(_, bench)| bench.as_str()).collect();
        return Err(Stop::BadUse(format!(
            "no such benchmark; there are: {}",
            known.join(", ")
        )));
    }
    let mut worst = 0;
    for (package, bench) in chosen {
        let mut cargo = step::cargo(root);
        cargo.args(["bench", "--locked", "-p", package, "--bench", bench]);
        if !options.passed_on.is_empty() {
            cargo.arg("--").args(&options.passed_on);
        }
        worst = worst.max(step::exit_code(&mut cargo)?);
    }
    Ok(worst)
}
