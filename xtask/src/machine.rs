//! The machine: which system packages a task needs, and how the missing ones are installed.
//!
//! In:  a list of needs.
//! Out: the needs met, or a clear list of what is missing and how to go on.
//!
//! Invariant: nothing is installed without saying first what, why and by which command; nothing at all with
//! `--no-install`. Only Debian's and Ubuntu's `apt-get` is driven; elsewhere the list is printed.

use std::{
    fmt::Write as _,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Stop, step};

/// Folders of fonts are searched no deeper than this.
const MAX_FONT_FOLDER_DEPTH: usize = 6;

/// Seconds to wait for another run of apt or dpkg.
const APT_LOCK_SECONDS: u32 = 120;

/// One thing that a task needs from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// Debian's name of the package.
    pub(crate) package: &'static str,
    /// What the task does with it.
    pub(crate) reason: &'static str,
    pub(crate) probe: Probe,
    pub(crate) weight: Weight,
}

/// How to see that a need is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A program of this name is on the path.
    Program(&'static str),
    /// Python 3 has a module of this name.
    PythonModule(&'static str),
    /// A font file whose name holds one of these.
    Font(&'static [&'static str]),
}

/// How much the task depends on a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Without it the task stops.
    Required,
    /// Installed when missing; if that cannot be, the task says so and goes on.
    Wanted,
    /// Never installed, only named when missing.
    Optional,
}

pub(crate) const COMPILER: Need = Need {
    package: "build-essential",
    reason: "compiles and links the program and its copy of SQLite",
    probe: Probe::Program("cc"),
    weight: Weight::Required,
};
pub(crate) const CHINESE_FONTS: Need = Need {
    package: "fonts-noto-cjk",
    reason: "Chinese type for the PDF papers",
    probe: Probe::Font(&["NotoSansCJK", "NotoSerifCJK", "SourceHan"]),
    weight: Weight::Required,
};
pub(crate) const FFMPEG: Need = Need {
    package: "ffmpeg",
    reason: "makes re-encoded copies to search for",
    probe: Probe::Program("ffmpeg"),
    weight: Weight::Wanted,
};
pub(crate) const EXIFTOOL: Need = Need {
    package: "libimage-exiftool-perl",
    reason: "writes and reads labels beside us",
    probe: Probe::Program("exiftool"),
    weight: Weight::Wanted,
};
pub(crate) const PDF_TOOLS: Need = Need {
    package: "poppler-utils",
    reason: "reads the text of the PDF papers back",
    probe: Probe::Program("pdftotext"),
    weight: Weight::Wanted,
};
pub(crate) const FPCALC: Need = Need {
    package: "libchromaprint-tools",
    reason: "fpcalc, the yardstick for audio fingerprints",
    probe: Probe::Program("fpcalc"),
    weight: Weight::Wanted,
};
pub(crate) const OPENSSL: Need = Need {
    package: "openssl",
    reason: "verifies an evidence bundle without quanlian",
    probe: Probe::Program("openssl"),
    weight: Weight::Wanted,
};
pub(crate) const XXD: Need = Need {
    package: "xxd",
    reason: "turns hexadecimal into bytes while verifying a bundle without quanlian",
    probe: Probe::Program("xxd"),
    weight: Weight::Wanted,
};
pub(crate) const UNZIP: Need = Need {
    package: "unzip",
    reason: "opens an evidence bundle without quanlian",
    probe: Probe::Program("unzip"),
    weight: Weight::Wanted,
};
pub(crate) const CHROMIUM: Need = Need {
    package: "chromium",
    reason: "opens the pages that a capture records",
    probe: Probe::Program("chromium"),
    weight: Weight::Wanted,
};
pub(crate) const PYTHON_VENV: Need = Need {
    package: "python3-venv",
    reason: "fetches Node for the pages, where the machine has none that is new enough",
    probe: Probe::PythonModule("ensurepip"),
    weight: Weight::Required,
};
pub(crate) const STRACE: Need = Need {
    package: "strace",
    reason: "makes the system calls of the log fail, one a run",
    probe: Probe::Program("strace"),
    weight: Weight::Wanted,
};

/// Sees to it that `needs` are met, as far as this machine allows.
pub(crate) fn prepare(needs: &[Need], no_install: bool) -> Result<(), Stop> {
    let missing = missing(needs, &is_met);
    if missing.is_empty() {
        return Ok(());
    }
    let to_install: Vec<Need> = missing
        .iter()
        .filter(|n| n.weight != Weight::Optional)
        .copied()
        .collect();
    if !to_install.is_empty() {
        eprintln!("Missing on this machine:\n{}", list(&to_install));
        match (no_install, way_to_root()) {
            (true, _) => eprintln!("Not installing them, because of --no-install."),
            (false, None) => eprintln!("Cannot install them here (no apt-get, or neither root nor sudo)."),
            (false, Some(prefix)) => install(&to_install, &prefix)?,
        }
    }
    let still: Vec<Need> = missing.into_iter().filter(|need| !is_met(need.probe)).collect();
    let (stops, goes_on): (Vec<Need>, Vec<Need>) = still
        .into_iter()
        .partition(|need| need.weight == Weight::Required);
    if !goes_on.is_empty() {
        eprintln!("Going on without:\n{}", list(&goes_on));
    }
    if stops.is_empty() {
        Ok(())
    } else {
        Err(Stop::Machine(how_to_go_on(&stops)))
    }
}

fn missing(needs: &[Need], is_met: &dyn Fn(Probe) -> bool) -> Vec<Need> {
    needs.iter().filter(|need| !is_met(need.probe)).copied().collect()
}

fn list(needs: &[Need]) -> String {
    let mut text = String::new();
    for need in needs {
        let _ = writeln!(text, "  {:<22} {}", need.package, need.reason);
    }
    text.trim_end().to_owned()
}

fn how_to_go_on(stops: &[Need]) -> String {
    let packages: Vec<&str> = stops.iter().map(|need| need.package).collect();
    format!(
        "cannot go on without:\n{}\nOn Debian and Ubuntu: sudo apt-get install {}\n\
         Elsewhere install what these packages hold by the means of that system, then run the same command again.",
        list(stops),
        packages.join(" ")
    )
}

/// The words before `apt-get`: none for root, `sudo` otherwise; `None` where there is no way.
fn way_to_root() -> Option<Vec<&'static str>> {
    find_program("apt-get")?;
    if user_is_root() {
        return Some(Vec::new());
    }
    find_program("sudo")?;
    // Without a terminal nobody can type a password: sudo must fail at once and not wait.
    Some(if std::io::stdin().is_terminal() {
        vec!["sudo"]
    } else {
        vec!["sudo", "-n"]
    })
}

fn user_is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Installs with the package lists that are there; if that fails (a new machine has none), fetches fresh ones and
/// goes package by package, so that one that this system does not have holds up no other.
fn install(needs: &[Need], prefix: &[&str]) -> Result<(), Stop> {
    let packages: Vec<&str> = needs.iter().map(|need| need.package).collect();
    eprintln!("Installing them with apt-get.");
    if step::command(&mut apt_install(prefix, &packages))? {
        return Ok(());
    }
    eprintln!("That failed; fetching fresh package lists and trying them one by one.");
    step::command(&mut apt(prefix, &["update"]))?;
    for package in packages {
        step::command(&mut apt_install(prefix, &[package]))?;
    }
    Ok(())
}

fn apt_install(prefix: &[&str], packages: &[&str]) -> Command {
    apt(
        prefix,
        &[&["install", "-y", "--no-install-recommends"], packages].concat(),
    )
}

/// `[sudo] env DEBIAN_FRONTEND=noninteractive apt-get …`: sudo drops variables, so `env` sets it behind sudo.
fn apt(prefix: &[&str], arguments: &[&str]) -> Command {
    let lock = format!("DPkg::Lock::Timeout={APT_LOCK_SECONDS}");
    let mut words: Vec<&str> = prefix.to_vec();
    words.extend([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-o",
        &lock,
    ]);
    words.extend(arguments);
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    if prefix == ["sudo"] {
        command.stdin(Stdio::inherit());
    }
    command
}

fn is_met(probe: Probe) -> bool {
    match probe {
        Probe::Program(name) => find_program(name).is_some(),
        Probe::PythonModule(name) => {
            let asked = Command::new("python3")
                .args(["-c", &format!("import {name}")])
                .output();
            asked.is_ok_and(|asked| asked.status.success())
        }
        Probe::Font(names) => font_folders()
            .iter()
            .any(|folder| holds_font(folder, names, MAX_FONT_FOLDER_DEPTH)),
    }
}

/// Whether a program is on the path.
pub(crate) fn has_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// Where a program lies on the path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn font_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts"]
        .map(PathBuf::from)
        .to_vec();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        folders.extend([
            home.join(".fonts"),
            home.join(".local/share/fonts"),
            home.join("Library/Fonts"),
        ]);
    }
    folders
}

fn holds_font(folder: &Path, names: &[&str], depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        names.iter().any(|wanted| name.contains(wanted))
            || (depth > 0
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
                && holds_font(&entry.path(), names, depth - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_machine_lacks_is_missing() {
        let has_cc = |probe| probe == Probe::Program("cc");
        assert_eq!(
            missing(&[COMPILER, UNZIP, CHINESE_FONTS], &has_cc),
            [UNZIP, CHINESE_FONTS]
        );
        assert!(is_met(Probe::Program("sh")));
        assert!(!is_met(Probe::Program("no-such-program-here")));
        assert!(!is_met(Probe::Font(&["NoSuchFontAnywhere"])));
    }

    #[test]
    fn the_way_out_names_the_packages_and_why() {
        let text = how_to_go_on(&[CHINESE_FONTS, COMPILER]);
        assert!(
            text.contains("sudo apt-get install fonts-noto-cjk build-essential"),
            "{text}"
        );
        assert!(text.contains("Chinese type for the PDF papers"), "{text}");
    }

    #[test]
    fn an_unmet_need_stops_the_task_only_when_it_is_required() {
        let absent = Probe::Program("no-such-program-here");
        let wanted = Need {
            probe: absent,
            ..FFMPEG
        };
        let required = Need {
            probe: absent,
            ..COMPILER
        };
        assert!(prepare(&[wanted], true).is_ok());
        assert!(
            matches!(prepare(&[wanted, required], true), Err(Stop::Machine(why)) if why.contains("build-essential"))
        );
    }

    #[test]
    fn apt_runs_behind_sudo_without_asking_questions() {
        let command = apt_install(&["sudo", "-n"], &["xxd", "unzip"]);
        let words: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        assert_eq!(command.get_program(), "sudo");
        assert_eq!(
            words[..4],
            ["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        );
        assert_eq!(
            words[words.len() - 5..],
            ["install", "-y", "--no-install-recommends", "xxd", "unzip"]
        );
    }
}
