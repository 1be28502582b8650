//! The probe: how this machine is at the moment when an act is recorded.
//!
//! In:  the data folder; the files and programs by which the system speaks of itself.
//! Out: a [`MachineCheck`] in which nothing stands that was not measured.
//!
//! Invariant: no request leaves the machine. A hash function that gives a wrong answer is an error
//! and no finding: nothing computed on such a machine may become evidence.
//!
//! Not here: comparing the clock over the network. Where a time service runs, its own measurement is
//! read; else the operator may state a comparison, and the line says that it is stated.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

use crate::{
    content::digest,
    custody::act::{Clock, MachineCheck, RecordError, TimeSync},
};

/// The longest answer of a file or program of the system that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 4096;
/// How long a program of the system may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks whether it has answered.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The longest program that is hashed.
const MAX_PROGRAM_BYTES: u64 = 4 << 30;

/// Lets each hash function answer a question whose answer was published; the names of those that passed.
///
/// Sources: FIPS 180-2 appendix B.1; GB/T 32905-2016 appendix A.1; RFC 4231 test case 2.
pub fn self_test() -> Result<Vec<String>, RecordError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").map_err(|_| RecordError::SelfTest)?;
    mac.update(b"what do ya want for nothing?");
    let answers = [
        (
            "sha256",
            hex::encode(Sha256::digest(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "sm3",
            hex::encode(Sm3::digest(b"abc")),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        ),
        (
            "hmac_sha256",
            hex::encode(mac.finalize().into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ];
    if answers.iter().any(|(_, given, known)| given != known) {
        return Err(RecordError::SelfTest);
    }
    Ok(answers.map(|(name, _, _)| name.to_owned()).to_vec())
}

/// Looks at this machine; `folder` is on the disk that matters.
pub fn machine(folder: &Path) -> Result<MachineCheck, RecordError> {
    let (disk_free_bytes, disk_total_bytes) = disk(folder).unzip();
    Ok(MachineCheck {
        program_sha256: program_sha256(),
        system: system(),
        disk_free_bytes,
        disk_total_bytes,
        time_sync: time_sync(),
        clock: measured_clock().unwrap_or(Clock::NotMeasured),
        self_test: self_test()?,
        cleanliness: None,
    })
}

/// SHA-256 of the program that runs.
fn program_sha256() -> Option<String> {
    let file = File::open(std::env::current_exe().ok()?).ok()?;
    Some(digest(file, MAX_PROGRAM_BYTES, &mut |_| {}).ok()?.sha256)
}

/// Free and all bytes of the disk below `folder`, as a user without privileges may use them.
#[cfg(unix)]
pub(crate) fn disk(folder: &Path) -> Option<(u64, u64)> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some((
        found.f_bavail.checked_mul(found.f_frsize)?,
        found.f_blocks.checked_mul(found.f_frsize)?,
    ))
}

#[cfg(not(unix))]
pub(crate) fn disk(_folder: &Path) -> Option<(u64, u64)> {
    None
}

/// Name and version of the system, kernel and architecture.
fn system() -> String {
    let name = read_short("/etc/os-release").and_then(|text| os_name(&text));
    let kernel = read_short("/proc/sys/kernel/osrelease").map(|text| printable(text.trim()));
    let known = [name, kernel]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty());
    let parts: Vec<String> = known
        .chain([std::env::consts::OS.into(), std::env::consts::ARCH.into()])
        .collect();
    parts.join("; ")
}

/// `PRETTY_NAME` of an os-release file.
fn os_name(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(printable(line.trim_matches(['"', '\''])))
}

fn time_sync() -> TimeSync {
    if let Some(clock) = answer("timedatectl", &["show", "--property=NTPSynchronized", "--value"]) {
        let by = "timedatectl".to_owned();
        match clock.trim() {
            "yes" => return TimeSync::Synchronised { by },
            "no" => return TimeSync::NotSynchronised { by },
            _ => {}
        }
    }
    match measured_clock() {
        Some(Clock::Measured { against, .. }) => TimeSync::Synchronised { by: against },
        _ => TimeSync::Unknown,
    }
}

/// What chrony measured, where it runs.
fn measured_clock() -> Option<Clock> {
    chrony_offset(&answer("chronyc", &["-n", "tracking"])?)
}

/// Reads `chronyc tracking`: `Reference ID : A29FC87B (192.0.2.1)`, `System time : 0.1 seconds slow of NTP time`,
/// `Leap status : Normal`. The form for people, because it says which of the two clocks is behind.
fn chrony_offset(text: &str) -> Option<Clock> {
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim())
    };
    let words: Vec<&str> = value("System time")?.split_whitespace().collect();
    let [seconds, "seconds", direction, "of", "NTP", "time"] = words[..] else {
        return None;
    };
    let seconds: f64 = seconds.parse().ok()?;
    if value("Leap status")? == "Not synchronised" || !seconds.is_finite() || seconds.abs() > 1e9 {
        return None;
    }
    let machine_minus_reference = match direction {
        "fast" => seconds,
        "slow" => -seconds,
        _ => return None,
    };
    Some(Clock::Measured {
        against: format!("chrony {}", printable(value("Reference ID")?)),
        offset_us: (machine_minus_reference * 1e6).round() as i64,
    })
}

fn read_short(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(MAX_ANSWER_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

/// What a program of the system prints, if it is there and answers in time.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    // Found by its place and not by PATH, which whoever calls us could have bent.
    let path = ["/usr/bin", "/bin", "/usr/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| fs::metadata(path).is_ok_and(|found| found.is_file()))?;
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK_EVERY),
            _ => {
                // It hangs or failed: whether it can be ended changes nothing for us.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
    let mut text = String::new();
    child
        .stdout
        .take()?
        .take(MAX_ANSWER_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

/// Text of the system without anything that a line has no place for.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_it_measured_and_what_not() {
        let check = machine(Path::new("/")).unwrap();
        assert_eq!(check.self_test, ["sha256", "sm3", "hmac_sha256"]);
        assert!(check.system.contains(std::env::consts::ARCH), "{}", check.system);
        assert_eq!(check.program_sha256.map(|digest| digest.len()), Some(64));
        #[cfg(unix)]
        assert!(check.disk_free_bytes.unwrap() <= check.disk_total_bytes.unwrap());
        assert_eq!(check.cleanliness, None);
    }

    #[test]
    fn what_chrony_says_is_read_and_what_it_does_not_know_is_no_measurement() {
        let text = "Reference ID    : A29FC87B (192.0.2.1)\nStratum         : 4\n\
                    System time     : 0.000123456 seconds slow of NTP time\nLeap status     : Normal\n";
        let Some(Clock::Measured { against, offset_us }) = chrony_offset(text) else {
            panic!("a measurement");
        };
        assert_eq!(
            (against.as_str(), offset_us),
            ("chrony A29FC87B (192.0.2.1)", -123)
        );
        for other in [
            "",
            "506 Cannot talk to daemon",
            &text.replace("Normal", "Not synchronised"),
            &text.replace("0.000123456", "nan"),
            &text.replace("0.000123456", "1e300"),
            &text.replace("slow", "sideways"),
        ] {
            assert_eq!(chrony_offset(other), None, "{other}");
        }
    }

    #[test]
    fn the_name_of_a_system_cannot_break_a_line() {
        assert_eq!(
            os_name("A=1\nPRETTY_NAME=\"Debian\u{1b}[2J 12\"\n").unwrap(),
            "Debian[2J 12"
        );
        assert_eq!(os_name("A=1"), None);
    }
}
