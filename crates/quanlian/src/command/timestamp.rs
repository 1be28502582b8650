//! `quanlian timestamp`: trusted time by others.
//!
//! In:  files, authorities, roots that the person trusts.
//! Out: requests and answers as files, one line a check; exit 0 when enough authorities vouch, 1 when not.
//!
//! Not here: what a time-stamp is worth (`quanlian-timestamp`).

mod authority;
mod renew;
mod report;

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp as Instant};
use quanlian_evidence::vault::{Outside as _, System};
use quanlian_timestamp::{
    algorithm::Imprint,
    certificate::{Certificate, MAX_PEM_BYTES},
    client::{self, Limits, MAX_AUTHORITIES, Question},
    folder::{self, CIRCUMSTANCES_VERSION, Circumstances, Kept},
    quorum::{Rule, evaluate},
    record::{Document, EvidenceRecord, MAX_RECORD_BYTES, verify_record},
    request::{MAX_REQUEST_BYTES, NONCE_BYTES, Request},
    response::Response,
    token::{MAX_TOKEN_BYTES, Token},
    verify::{Ended, Line, Report, Stamped, State, Trust, verify},
};
use serde::Serialize;

pub(super) use self::authority::run as demo_tsa;
pub(super) use self::renew::run as renew;
use self::report::{Printed, Stamps};
use crate::{
    cli::timestamp::{Authorities, Request as RequestArguments, Stamp, Trusted, Verify},
    fault::{Blame, Fault, Outcome, answer_no},
    output::Output,
};

/// The largest file that is stamped as a whole; larger ones are deposited, and the checkpoint is stamped.
const MAX_STAMPED_BYTES: usize = 256 << 20;

/// Runs `timestamp request`.
pub(super) fn request(arguments: &RequestArguments, output: &Output) -> Outcome {
    #[derive(Serialize)]
    struct Written {
        out: PathBuf,
        digest_algorithm: &'static str,
        digest: String,
        nonce: String,
    }
    let bytes = read(&arguments.file, MAX_STAMPED_BYTES).bad_input()?;
    let request = Request::about(Imprint::of(arguments.hash, &bytes), nonce());
    write_new(&arguments.out, &request.to_der()).bad_input()?;
    let written = Written {
        out: arguments.out.clone(),
        digest_algorithm: arguments.hash.name(),
        digest: hex(request.imprint.digest()),
        nonce: request.nonce.map(|nonce| nonce.to_string()).unwrap_or_default(),
    };
    output.document(&written).system()?;
    output.text(&output.messages.get(
        "timestamp.request",
        &[
            ("path", written.out.display().to_string()),
            ("algorithm", written.digest_algorithm.to_owned()),
            ("digest", written.digest),
        ],
    ));
    Ok(ExitCode::SUCCESS)
}

/// Runs `timestamp stamp`.
pub(super) fn stamp(arguments: &Stamp, output: &Output) -> Outcome {
    let bytes = read(&arguments.file, MAX_STAMPED_BYTES).bad_input()?;
    let trust = trust_of(&arguments.trusted).bad_input()?;
    let imprint = Imprint::of(arguments.hash, &bytes);
    let asked = ask(&arguments.authorities, &imprint, &arguments.out, output)?;
    let kept: Vec<Kept> = folder::load(&arguments.out)
        .system()?
        .into_iter()
        .filter(|kept| asked.contains(&kept.number))
        .collect();
    let stamped = Some(Stamped::Bytes(&bytes));
    let stamps = evaluate_all(&kept, stamped, &trust, &arguments.trusted, now());
    let answered = stamps
        .printed
        .iter()
        .filter(|printed| is_answer(&printed.report))
        .count();
    output.document(&stamps).system()?;
    stamps.print(output);
    if trust.roots.is_empty() {
        output.say::<&str>("timestamp.no_roots", &[]);
        // Nobody was named to be believed: what can be said is that as many answered as were asked for.
        return Ok(exit(answered >= arguments.trusted.need.get()));
    }
    Ok(exit(stamps.quorum.ok))
}

/// Runs `timestamp verify`.
pub(super) fn verify_stamps(arguments: &Verify, output: &Output) -> Outcome {
    let trust = trust_of(&arguments.trusted).bad_input()?;
    let at = arguments.at.unwrap_or_else(now);
    let files: Vec<Vec<u8>> = arguments
        .over
        .iter()
        .map(|path| read(path, MAX_STAMPED_BYTES))
        .collect::<Result<_, _>>()
        .bad_input()?;
    if trust.roots.is_empty() {
        output.say::<&str>("timestamp.no_roots", &[]);
    }
    if !arguments.stamps.is_dir() {
        let bytes = read(&arguments.stamps, MAX_RECORD_BYTES).bad_input()?;
        if let Ok(record) = EvidenceRecord::from_bytes(&bytes) {
            let documents: Vec<Document<'_>> = files.iter().map(|bytes| Document::Bytes(bytes)).collect();
            let report = verify_record(&record, &documents, &[], &trust, at);
            output.document(&report).system()?;
            report::print_record(&report, output);
            return Ok(exit(report.ok));
        }
    }
    if files.len() > 1 {
        return Err(Fault::BadInput(anyhow::anyhow!(
            "a time-stamp is about one file: give --over once"
        )));
    }
    let kept = if arguments.stamps.is_dir() {
        folder::load(&arguments.stamps).bad_input()?
    } else {
        vec![single(&arguments.stamps, arguments.request.as_deref()).bad_input()?]
    };
    let stamped = files.first().map(|bytes| Stamped::Bytes(bytes));
    let stamps = evaluate_all(&kept, stamped, &trust, &arguments.trusted, at);
    output.document(&stamps).system()?;
    stamps.print(output);
    Ok(exit(stamps.quorum.ok))
}

/// A token from elsewhere, with what is known about it.
fn single(response: &Path, request: Option<&Path>) -> anyhow::Result<Kept> {
    Ok(Kept {
        number: 1,
        request: request.map(|path| read(path, MAX_REQUEST_BYTES)).transpose()?,
        response: read(response, MAX_TOKEN_BYTES)?,
        certificates: Vec::new(),
        circumstances: None,
    })
}

fn evaluate_all(
    kept: &[Kept],
    stamped: Option<Stamped<'_>>,
    trust: &Trust,
    trusted: &Trusted,
    at: Instant,
) -> Stamps {
    let tolerance = SignedDuration::from_secs(i64::from(trusted.tolerance));
    let reports: Vec<Report> = kept
        .iter()
        .map(|kept| verify(&kept.evidence(stamped, tolerance, Some(at)), trust))
        .collect();
    let rule = Rule {
        needed: trusted.need,
        tolerance,
    };
    let quorum = evaluate(&reports, rule);
    let printed = kept.iter().zip(reports).map(|(kept, report)| Printed {
        number: kept.number,
        circumstances: kept.circumstances.clone(),
        report,
    });
    Stamps {
        printed: printed.collect(),
        quorum,
    }
}

/// Whether an authority answered what was asked, whoever it is.
pub(crate) fn is_answer(report: &Report) -> bool {
    [Line::Granted, Line::Imprint, Line::Nonce, Line::Signature]
        .into_iter()
        .all(|line| report.state(line) == State::Held)
}

/// Asks every authority about a digest and keeps what was sent and what came, as it is, in `folder`; returns the numbers.
pub(crate) fn ask(
    authorities: &Authorities,
    imprint: &Imprint,
    folder: &Path,
    output: &Output,
) -> Result<Vec<u8>, Fault> {
    if authorities.tsa.len() > MAX_AUTHORITIES {
        let count = authorities.tsa.len();
        return Err(Fault::BadInput(anyhow::anyhow!(
            "{count} authorities are too many: at most {MAX_AUTHORITIES}"
        )));
    }
    let demo = match &authorities.demo {
        Some(data) => {
            output.say::<&str>("timestamp.demo", &[]);
            Some(authority::open(data)?)
        }
        None => None,
    };
    let question = |url: &String| Question {
        url: url.clone(),
        request: Request::about(imprint.clone(), nonce()).to_der(),
    };
    let questions: Vec<Question> = authorities.tsa.iter().map(question).collect();
    let mut numbers = Vec::new();
    for question in &questions {
        numbers.push(folder::keep_request(folder, &question.request).bad_input()?);
    }
    if !questions.is_empty() {
        output.say("timestamp.asking", &[("count", questions.len())]);
    }
    let total = Duration::from_secs(authorities.timeout);
    let limits = Limits {
        connect: Limits::default().connect.min(total),
        total,
    };
    let exchanges = client::ask_all(&questions, limits, &now);
    // One answer that cannot be kept must not cost the others.
    let mut kept = Ok(());
    for ((question, exchange), number) in questions.iter().zip(&exchanges).zip(&numbers) {
        let circumstances = Circumstances {
            v: CIRCUMSTANCES_VERSION,
            url: question.url.clone(),
            sent_at: exchange.sent_at,
            received_at: exchange.received_at,
            http_status: exchange.http_status,
            error: exchange
                .error
                .as_ref()
                .map(|error| (error.code().to_owned(), in_full(error))),
        };
        kept = kept.and(keep(folder, *number, &exchange.reply, &circumstances));
    }
    kept?;
    if let Some(demo) = demo {
        let request = question(&String::new()).request;
        let number = folder::keep_request(folder, &request).bad_input()?;
        let sent_at = now();
        let reply = demo.answer(&request, &authority::serial(), sent_at);
        let circumstances = Circumstances {
            v: CIRCUMSTANCES_VERSION,
            url: "demo:".to_owned(),
            sent_at,
            received_at: now(),
            http_status: None,
            error: None,
        };
        keep(folder, number, &reply, &circumstances)?;
        numbers.push(number);
    }
    Ok(numbers)
}

/// Keeps an answer with the certificates that its token carries.
fn keep(folder: &Path, number: u8, reply: &[u8], circumstances: &Circumstances) -> Result<(), Fault> {
    let token = Response::from_bytes(reply)
        .ok()
        .and_then(|response| response.token);
    let certificates = token.as_ref().map(Token::certificates).unwrap_or_default();
    folder::keep_answer(folder, number, reply, certificates, circumstances).system()
}

/// An error with its causes, in one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn trust_of(trusted: &Trusted) -> anyhow::Result<Trust> {
    let mut trust = Trust {
        roots: read_roots(&trusted.roots)?,
        ..Trust::default()
    };
    for policy in &trusted.policy {
        trust
            .accept_policy(policy)
            .with_context(|| format!("`{policy}` is no object identifier (write 1.2.3.4)"))?;
    }
    if trusted.accept_ended {
        trust.ended = Ended::Accepted;
    }
    Ok(trust)
}

/// The certificates of files that the person trusts.
pub(crate) fn read_roots(paths: &[PathBuf]) -> anyhow::Result<Vec<Certificate>> {
    let mut roots = Vec::new();
    for path in paths {
        let bytes = read(path, MAX_PEM_BYTES)?;
        let certificates = Certificate::from_file(&bytes)
            .with_context(|| format!("{} holds no certificates that can be read", path.display()))?;
        anyhow::ensure!(
            !certificates.is_empty(),
            "{} holds no certificate",
            path.display()
        );
        roots.extend(certificates);
    }
    Ok(roots)
}

fn exit(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { answer_no() }
}

/// The clock of this machine.
pub(crate) fn now() -> Instant {
    let micros = quanlian_record::time::Timestamp::now().unix_micros();
    Instant::from_microsecond(micros).unwrap_or(Instant::UNIX_EPOCH)
}

fn nonce() -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    System.fill(&mut nonce);
    nonce
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A whole file of bounded size.
fn read(path: &Path, limit_bytes: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit_bytes as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(
        bytes.len() <= limit_bytes,
        "{} is larger than {limit_bytes} bytes; deposit it and stamp the checkpoint of the log",
        path.display()
    );
    Ok(bytes)
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        use std::io::Write as _;
        let mut file = std::fs::File::options().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
