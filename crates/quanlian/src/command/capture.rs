//! `quanlian capture`: fixes a web page with its media as evidence.
//!
//! In:  an address, the flags of the operator.
//! Out: the files of the capture in a folder, or its WACZ alone; with `--data` the WARC is in the log the moment it
//!      closes.
//!
//! Exit codes: 1 when the page itself could not be opened; the record of the attempt is written all the same.

use std::{
    cell::RefCell,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, anyhow, bail};
use quanlian_capture::{
    CaptureError, Progress, Report, Request, Stage, Watch, capture,
    login::{self, Script},
    record::Closed,
    tls,
};
use serde::Serialize;

use crate::{
    cli::Capture as Arguments,
    evidence::{Exhibit, Room},
    fault::{Blame, Fault, Outcome, answer_no},
    files::Found,
    interrupt,
    output::Output,
};

/// Bytes of a login script, a cookie file or a file of certificates.
const MAX_SIDE_FILE_BYTES: u64 = 4 << 20;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    capture: &'a Report,
    /// Where the files are.
    out: String,
    /// The deposit of the WARC; absent without `--data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit: Option<Exhibit>,
}

/// Runs `capture`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let request = request(arguments).bad_input()?;
    let room = match &arguments.data {
        Some(data) => {
            let depositor = arguments.depositor.clone().unwrap_or_default();
            Some(Room::open(data, &depositor, &arguments.lock)?)
        }
        None => None,
    };
    let place = Place::of(&arguments.out).bad_input()?;
    let watcher = Watcher {
        output,
        room: RefCell::new(room),
        deposit: RefCell::new(None),
        stage: RefCell::new(None),
        interrupted: interrupt::flag().system()?,
    };
    let report = capture(&request, place.folder(), &watcher).map_err(|error| blamed(error, output))?;
    let out = place.finish().system()?;
    let document = Document {
        capture: &report,
        out: out.display().to_string(),
        deposit: watcher.deposit.take(),
    };
    output.document(&document).system()?;
    output.line(&document).system()?;
    tell(&document, output);
    let opened = &report.facts.page;
    Ok(if opened.loaded || opened.is_download {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

/// The result in words.
fn tell(document: &Document<'_>, output: &Output) {
    let (report, facts) = (document.capture, &document.capture.facts);
    let messages = &output.messages;
    let line = |key: &str, args: &[(&str, String)]| output.text(&messages.get(key, args));
    let (title, url) = (facts.page.title.clone(), facts.page.final_url.clone());
    match &facts.page.failure {
        Some(failure) if !facts.page.is_download => {
            line("capture.not_opened", &[("url", url), ("why", failure.clone())]);
        }
        _ => line("capture.page", &[("url", url), ("title", title)]),
    }
    line(
        "capture.warc",
        &[
            ("sha256", report.warc.sha256.clone()),
            ("records", report.warc.records.to_string()),
            ("exchanges", report.exchanges.len().to_string()),
        ],
    );
    for limit in &facts.limits_met {
        let name = serde_json::to_value(limit).unwrap_or_default();
        let name = name.as_str().unwrap_or_default();
        line(
            "capture.limit",
            &[("limit", messages.text(&format!("capture_limit.{name}")))],
        );
    }
    for server in facts
        .connections
        .iter()
        .filter(|server| server.trusted == Some(false))
    {
        let why = server.why_not.clone().unwrap_or_default();
        line(
            "capture.untrusted",
            &[("server", server.server.clone()), ("why", why)],
        );
    }
    if !facts.missing.is_empty() {
        let count = facts.missing.len() as u64 + facts.missing_more;
        line("capture.missing", &[("count", count.to_string())]);
    }
    if let Some(deposit) = &document.deposit {
        let (index, id) = (deposit.index.to_string(), deposit.deposit.to_string());
        line("capture.deposit", &[("index", index), ("id", id)]);
    }
    line("capture.out", &[("path", document.out.clone())]);
}

/// Says whose fault it is, in the language of the person first.
fn blamed(error: CaptureError, output: &Output) -> Fault {
    let key = format!("capture_error.{}", error.code());
    let of_the_operator = matches!(
        error,
        CaptureError::Address { .. }
            | CaptureError::Field { .. }
            | CaptureError::Folder { .. }
            | CaptureError::Login(_)
    );
    let mut error = anyhow::Error::new(error);
    if output.messages.has(&key) {
        error = error.context(output.messages.text(&key));
    }
    if of_the_operator {
        Fault::BadInput(error)
    } else {
        Fault::System(error)
    }
}

/// The capture as the flags describe it.
fn request(arguments: &Arguments) -> anyhow::Result<Request> {
    let mut request = Request::new(arguments.url.clone());
    let limits = &mut request.limits;
    let of_limits = [
        (arguments.max_bytes, &mut limits.total_bytes),
        (arguments.max_response_bytes, &mut limits.response_bytes),
        (arguments.max_seconds, &mut limits.seconds),
    ];
    for (given, limit) in of_limits {
        *limit = given.unwrap_or(*limit);
    }
    limits.requests = arguments.max_requests.unwrap_or(limits.requests);
    limits.redirects = arguments.max_redirects.unwrap_or(limits.redirects);
    request.allowed.clone_from(&arguments.allow_private);
    if let Some(path) = &arguments.login {
        let script = Script::parse(&side_file(path)?, secret);
        request.login = Some(script.with_context(|| path.display().to_string())?);
    }
    if let Some(path) = &arguments.cookies {
        let cookies = login::cookies(&side_file(path)?);
        request.cookies = cookies.with_context(|| path.display().to_string())?;
    }
    for header in &arguments.header {
        let Some((name, value)) = header.split_once(':') else {
            bail!("`{header}` is not a field: a name, a colon, a value");
        };
        request
            .fields
            .push((name.trim().to_owned(), value.trim().to_owned()));
    }
    for path in &arguments.ca {
        let roots = tls::certificates(&side_file(path)?);
        if roots.is_empty() {
            bail!("{} holds no certificate in PEM form", path.display());
        }
        request.roots.extend(roots);
    }
    request.accept_untrusted = arguments.accept_untrusted;
    request.scroll = !arguments.no_scroll;
    request.browser.clone_from(&arguments.browser);
    if let Some(language) = &arguments.accept_language {
        request.language.clone_from(language);
    }
    Ok(request)
}

fn side_file(path: &Path) -> anyhow::Result<String> {
    let shown = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(shown)?.len();
    if size > MAX_SIDE_FILE_BYTES {
        bail!(
            "{} has {size} bytes, the limit is {MAX_SIDE_FILE_BYTES}",
            path.display()
        );
    }
    std::fs::read_to_string(path).with_context(shown)
}

fn secret(from: &login::From) -> io::Result<String> {
    match from {
        login::From::Env(name) => std::env::var(name).map_err(io::Error::other),
        login::From::File(path) => std::fs::read_to_string(path),
    }
}

/// Where the result goes: a folder, or one file that is moved into place when it is whole.
enum Place {
    Folder(PathBuf),
    File { file: PathBuf, parts: tempfile::TempDir },
}

impl Place {
    fn of(out: &Path) -> anyhow::Result<Self> {
        if out.extension().is_none_or(|extension| extension != "wacz") || out.is_dir() {
            return Ok(Self::Folder(out.to_owned()));
        }
        if out.try_exists().with_context(|| out.display().to_string())? {
            bail!("{} is there already", out.display());
        }
        let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let beside = beside.unwrap_or(Path::new("."));
        let parts = tempfile::Builder::new()
            .prefix(".quanlian-capture-")
            .tempdir_in(beside)
            .with_context(|| format!("cannot write into {}", beside.display()))?;
        Ok(Self::File {
            file: out.to_owned(),
            parts,
        })
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::File { parts, .. } => parts.path(),
        }
    }

    fn finish(self) -> anyhow::Result<PathBuf> {
        match self {
            Self::Folder(folder) => Ok(folder),
            Self::File { file, parts } => {
                let made = parts.path().join(quanlian_capture::capture::WACZ_FILE);
                std::fs::rename(&made, &file).with_context(|| format!("cannot write {}", file.display()))?;
                Ok(file)
            }
        }
    }
}

/// Tells progress, deposits, asks whether somebody pressed Ctrl-C.
struct Watcher<'a> {
    output: &'a Output,
    room: RefCell<Option<Room>>,
    deposit: RefCell<Option<Exhibit>>,
    stage: RefCell<Option<Stage>>,
    interrupted: Arc<AtomicBool>,
}

#[derive(Serialize)]
struct ProgressLine<'a> {
    progress: &'a Progress,
}

impl Watch for Watcher<'_> {
    fn progress(&self, progress: &Progress) {
        // Nobody reads lines of progress who closed the pipe; the capture goes on.
        let _ = self.output.line(&ProgressLine { progress });
        if self.stage.replace(Some(progress.stage)) == Some(progress.stage) {
            return;
        }
        let stage = serde_json::to_value(progress.stage).unwrap_or_default();
        let key = format!("capture_stage.{}", stage.as_str().unwrap_or_default());
        self.output.say(
            &key,
            &[
                ("requests", u64::from(progress.requests)),
                ("bytes", progress.bytes),
                ("seconds", progress.seconds),
            ],
        );
    }

    fn is_cancelled(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    fn warc_closed(&self, path: &Path, closed: &Closed) -> io::Result<()> {
        let mut room = self.room.borrow_mut();
        let Some(room) = room.as_mut() else { return Ok(()) };
        let failed = |fault: Fault| {
            let (Fault::BadInput(error) | Fault::System(error)) = fault;
            io::Error::other(error)
        };
        let found = Found {
            name: quanlian_capture::capture::WARC_FILE.to_owned(),
            path: path.to_owned(),
        };
        let mut problems = Vec::new();
        let deposits = room
            .deposit_files(&[found], "capture", self.output, &mut problems)
            .map_err(failed)?;
        let Some(deposit) = deposits.into_iter().next() else {
            let why = problems.pop().map(|problem| problem.detail).unwrap_or_default();
            return Err(io::Error::other(anyhow!("the WARC was not deposited: {why}")));
        };
        if deposit.sha256 != closed.sha256 {
            return Err(io::Error::other("the WARC changed before it was deposited"));
        }
        room.keep_originals([&deposit]).map_err(failed)?;
        *self.deposit.borrow_mut() = Some(deposit);
        Ok(())
    }
}
