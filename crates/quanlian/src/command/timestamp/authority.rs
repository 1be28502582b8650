//! `quanlian timestamp demo-tsa`: an authority for demonstrations.
//!
//! In:  a folder for key and certificate; a request, or an address to serve at.
//! Out: answers. Its tokens are no evidence, and its certificate says so.
//!
//! | file | holds |
//! |---|---|
//! | `demo-tsa.key` | the private key in hexadecimal, for the owner alone |
//! | `demo-tsa.pem` | the certificate: the root to name with `--roots` in a demonstration |

use std::{net::TcpListener, path::Path, process::ExitCode};

use anyhow::Context;
use jiff::SignedDuration;
use quanlian_evidence::vault::{Outside as _, System};
use quanlian_timestamp::{
    ber::Integer,
    certificate::{Certificate, MAX_PEM_BYTES},
    demo::Authority,
    request::MAX_REQUEST_BYTES,
    service,
};
use serde::Serialize;

use super::{hex, now, read, write_new};
use crate::{
    cli::timestamp::DemoTsa,
    fault::{Blame, Fault, Outcome},
    files,
    output::Output,
};

/// How long a new certificate is valid.
const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 3650);
/// The longest key file: 64 digits and an end of line.
const MAX_KEY_BYTES: usize = 66;

#[derive(Serialize)]
struct Described {
    certificate: std::path::PathBuf,
    fingerprint: String,
    subject: String,
    demo: bool,
}

/// Runs `timestamp demo-tsa`.
pub(crate) fn run(arguments: &DemoTsa, output: &Output) -> Outcome {
    let authority = open(&arguments.data)?;
    output.say::<&str>("timestamp.demo", &[]);
    if let (Some(request), Some(out)) = (&arguments.answer, &arguments.out) {
        let request = read(request, MAX_REQUEST_BYTES).bad_input()?;
        write_new(out, &authority.answer(&request, &serial(), now())).bad_input()?;
    }
    let described = Described {
        certificate: arguments.data.join("demo-tsa.pem"),
        fingerprint: authority.certificate().fingerprint(),
        subject: authority.certificate().subject_text(),
        demo: true,
    };
    output.document(&described).system()?;
    output.text(&output.messages.get(
        "timestamp.demo_tsa",
        &[
            ("path", described.certificate.display().to_string()),
            ("subject", described.subject),
            ("fingerprint", described.fingerprint),
        ],
    ));
    let Some(address) = arguments.listen else {
        return Ok(ExitCode::SUCCESS);
    };
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen at {address}"))
        .bad_input()?;
    let address = listener.local_addr().system()?;
    output.say("timestamp.listening", &[("url", format!("http://{address}/"))]);
    let answer = |request: &[u8]| authority.answer(request, &serial(), now());
    let complain = |error: &std::io::Error| output.say("timestamp.client_failed", &[("error", error)]);
    service::serve(&listener, &answer, &complain)
        .context("the service stopped")
        .system()?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the authority of a folder, or makes it.
pub(super) fn open(data: &Path) -> Result<Authority, Fault> {
    let (key, pem) = (data.join("demo-tsa.key"), data.join("demo-tsa.pem"));
    if !key.try_exists().system()? {
        return create(data, &key, &pem);
    }
    let secret = read(&key, MAX_KEY_BYTES).bad_input()?;
    let secret = secret_of(&secret)
        .with_context(|| format!("{} does not hold 64 hexadecimal digits", key.display()))
        .bad_input()?;
    let certificates = Certificate::from_file(&read(&pem, MAX_PEM_BYTES).bad_input()?)
        .with_context(|| format!("cannot read {}", pem.display()))
        .bad_input()?;
    let certificate = certificates
        .into_iter()
        .next()
        .with_context(|| format!("{} holds no certificate", pem.display()))
        .bad_input()?;
    Authority::restore(&secret, certificate)
        .with_context(|| format!("{} and {} do not belong together", key.display(), pem.display()))
        .bad_input()
}

fn create(data: &Path, key: &Path, pem: &Path) -> Result<Authority, Fault> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the folder {}", data.display()))
        .bad_input()?;
    let mut secret = [0; 32];
    System.fill(&mut secret);
    let from = now();
    let until = from
        .checked_add(VALIDITY)
        .context("the clock is wrong")
        .system()?;
    let authority = Authority::new(&secret, from, until).system()?;
    // The certificate first: a key without one could not be opened again.
    write_new(pem, authority.certificate().to_pem().as_bytes()).bad_input()?;
    files::write_secret(key, &format!("{}\n", hex(&secret))).bad_input()?;
    Ok(authority)
}

fn secret_of(text: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let mut secret = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in secret.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(secret)
}

/// A number that no other token has.
pub(super) fn serial() -> Integer {
    let mut bytes = [0; 8];
    System.fill(&mut bytes);
    Integer::from_unsigned(&bytes).expect("8 bytes are an integer")
}
