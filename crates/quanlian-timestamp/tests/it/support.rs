//! What the tests share: the demonstration authority, the folder of foreign material, lines as text.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use jiff::Timestamp;
use quanlian_timestamp::{
    ber::Integer,
    certificate::Certificate,
    demo::Authority,
    request::Request,
    verify::{Asked, Evidence, Report, Stamped, Trust, verify},
};

/// The folder of real RFC 3161 material, or none after one line that says so.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join("data/evidence").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(&format!(
        "{} is not there (set QUANLIAN_SHARED)",
        folder.display()
    ));
    None
}

/// Says that a test did not run. Not `eprintln!`, which the test harness would keep to itself.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "skipped: {why}");
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A demonstration authority, another one for each number.
pub(crate) fn authority(number: u8) -> Authority {
    let until = time("2036-01-01T00:00:00Z");
    Authority::new(&[number; 32], time("2026-01-01T00:00:00Z"), until).unwrap()
}

pub(crate) fn serial(number: u8) -> Integer {
    Integer::from_unsigned(&[number]).unwrap()
}

/// A request over `bytes` and what authority `number` answers at `at`.
pub(crate) fn stamped(bytes: &[u8], number: u8, at: &str) -> (Vec<u8>, Vec<u8>) {
    let request = Request::over(bytes, [number; 8]).to_der();
    let response = authority(number).answer(&request, &serial(number), time(at));
    (request, response)
}

/// Trusts the demonstration authorities of these numbers.
pub(crate) fn trust(numbers: &[u8]) -> Trust {
    Trust {
        roots: numbers
            .iter()
            .map(|number| authority(*number).certificate().clone())
            .collect(),
        ..Trust::default()
    }
}

pub(crate) fn trust_in(roots: &[Certificate]) -> Trust {
    Trust {
        roots: roots.to_vec(),
        ..Trust::default()
    }
}

/// Verifies what was stamped with its request.
pub(crate) fn check(bytes: &[u8], request: &[u8], response: &[u8], trust: &Trust, at: &str) -> Report {
    let evidence = Evidence {
        stamped: Some(Stamped::Bytes(bytes)),
        asked: Some(Asked::Request(request)),
        response,
        certificates: &[],
        clock: None,
        at: Some(time(at)),
    };
    verify(&evidence, trust)
}

/// `parsed granted imprint nonce signature chain trusted current clock form revocation` as signs: `+`, `-` or `?`,
/// and the reason of the first line that stands against the whole.
pub(crate) fn signs(report: &Report) -> String {
    use quanlian_timestamp::verify::State;
    let signs: String = report
        .checks
        .iter()
        .map(|check| match check.state {
            State::Held => '+',
            State::Failed => '-',
            State::NotChecked => '?',
        })
        .collect();
    match report.blocking() {
        None => signs,
        Some(check) => format!("{signs} {}", check.reason),
    }
}
