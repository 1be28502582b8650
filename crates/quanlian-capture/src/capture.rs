//! One capture from beginning to end.
//!
//! In:  a [`Request`], a folder, somebody who watches ([`Watch`]).
//! Out: in the folder the WARC, the WACZ, the views of the page and `capture.json`; the [`Report`].
//!
//! Invariant: the WARC is closed, on the disk and checked by our own reader before anybody is told its hash, and its
//! hash is told before the WACZ is made. A capture that met a limit, was cancelled, or whose page did not open still
//! ends with a whole WARC that says so. The list of exchanges in the report is that of the WARC.
//!
//! Not here: deposit in the log (whoever watches does that), custody.

use std::{
    cell::Cell,
    fs::{self, File},
    future::Future,
    io::{self, BufReader, Write as _},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use quanlian_record::time::Timestamp;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::{
    browser::{self, Browser, StartError},
    cdp::CallError,
    guard::{Allowed, Guard},
    limits::{LimitHit, Limits},
    login::{Cookie, Script},
    page::{Opened, Page, Picture, Pictures, StepError},
    proxy::{
        self, Origin,
        state::{Connected, Missing, Parts, Shared, Stop},
    },
    record::{Closed, Listed, Recorder},
    resolve::{Names, Resolver, SystemResolver},
    secret::Secrets,
    tls::{BrowserSide, ServerSide, TlsError},
    wacz,
    warc::{RecordKind, read, write::WriteError},
};

/// Name of the WARC in the folder.
pub const WARC_FILE: &str = "capture.warc.gz";
/// Name of the WACZ in the folder.
pub const WACZ_FILE: &str = "capture.wacz";
/// Name of the report in the folder.
pub const REPORT_FILE: &str = "capture.json";
/// Fields that the operator may not set: they decide how a message is read or where it goes.
const RESERVED_FIELDS: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
];
/// Progress is told so often.
const TICK: Duration = Duration::from_millis(500);

/// What to capture, and how.
pub struct Request {
    /// The page.
    pub url: Url,
    /// The bounds.
    pub limits: Limits,
    /// Exceptions to the rule that only public addresses are reached.
    pub allowed: Vec<Allowed>,
    /// Steps to take before.
    pub login: Option<Script>,
    /// Cookies to begin with.
    pub cookies: Vec<Cookie>,
    /// Fields added to requests to the origin of [`Self::url`], and to no other. They stand in the record.
    pub fields: Vec<(String, String)>,
    /// The browser; else what `PATH` holds.
    pub browser: Option<PathBuf>,
    /// What looks names up.
    pub resolver: Arc<dyn Resolver>,
    /// Certificates that are trusted beside those of this machine.
    pub roots: Vec<CertificateDer<'static>>,
    /// Go on with servers whose certificate is not trusted; the record says so.
    pub accept_untrusted: bool,
    /// Scroll to the end of the page, so that what loads late is loaded.
    pub scroll: bool,
    /// Width and height of the window, in CSS pixels.
    pub window: (u32, u32),
    /// `Accept-Language`.
    pub language: String,
}

impl Request {
    /// A page with the defaults.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            limits: Limits::default(),
            allowed: Vec::new(),
            login: None,
            cookies: Vec::new(),
            fields: Vec::new(),
            browser: None,
            resolver: Arc::new(SystemResolver),
            roots: Vec::new(),
            accept_untrusted: false,
            scroll: true,
            window: (1366, 900),
            language: "zh-CN".to_owned(),
        }
    }
}

/// What a capture is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Starting the browser.
    Start,
    /// Taking the steps of the login.
    Login,
    /// Opening the page.
    Open,
    /// Scrolling, playing.
    Explore,
    /// Taking the views of the page.
    Pictures,
    /// Receiving what the browser left unfinished: sound, film, downloads.
    Finish,
    /// Closing and checking the files.
    Close,
}

/// How far a capture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Requests so far.
    pub requests: u32,
    /// Bytes on the wire so far.
    pub bytes: u64,
    /// Seconds since its begin.
    pub seconds: u64,
}

/// Somebody who watches a capture: a terminal, a job.
pub trait Watch {
    /// Told at each new stage and twice a second.
    fn progress(&self, progress: &Progress);
    /// Asked as often; `true` ends the capture, with what it has.
    fn is_cancelled(&self) -> bool {
        false
    }
    /// The WARC is closed, on the disk and checked: the moment to deposit it. An error ends the capture.
    fn warc_closed(&self, _path: &Path, _closed: &Closed) -> io::Result<()> {
        Ok(())
    }
}

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CaptureError {
    /// Not http or https.
    #[error("`{url}` is not an http or https address")]
    Address { url: String },
    /// A field that cannot be added.
    #[error("the field `{name}` cannot be added: {why}")]
    Field { name: String, why: &'static str },
    /// A file of an earlier capture is in the way, or the folder cannot be written.
    #[error("cannot write {}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// TLS.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
    /// No browser.
    #[error("there is no browser")]
    Browser(#[from] StartError),
    /// The browser did not answer.
    #[error("the browser cannot be driven")]
    Call(#[from] CallError),
    /// The login did not end well. Nothing was captured.
    #[error("the login was not completed")]
    Login(#[from] StepError),
    /// Ended before there was anything to record.
    #[error("cancelled before the browser had started")]
    Cancelled,
    /// The machine.
    #[error("cannot run the capture")]
    Machine(#[source] io::Error),
    /// The record could not be written; the files are not evidence.
    #[error("the WARC could not be written")]
    Record(#[from] WriteError),
    /// Our own reader found the WARC wanting; the files are not evidence.
    #[error("the WARC does not stand its own check: {0}")]
    Unsound(String),
    /// Whoever watches did not take the closed WARC.
    #[error("the closed WARC was not taken")]
    NotTaken(#[source] io::Error),
}

impl CaptureError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "capture_address",
            Self::Field { .. } => "capture_field",
            Self::Folder { .. } => "capture_folder",
            Self::Tls(error) => error.code(),
            Self::Browser(error) => error.code(),
            Self::Call(error) => error.code(),
            Self::Login(error) => error.code(),
            Self::Cancelled => "capture_cancelled",
            Self::Machine(_) => "capture_machine",
            Self::Record(error) => error.code(),
            Self::Unsound(_) => "capture_unsound",
            Self::NotTaken(_) => "capture_not_taken",
        }
    }
}

/// What was captured. Part of the contract with scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The form of this document.
    pub format: &'static str,
    /// What stands in the WARC too.
    #[serde(flatten)]
    pub facts: Facts,
    /// The WARC.
    pub warc: Warc,
    /// Every file in the folder but this one.
    pub files: Vec<Written>,
    /// Every exchange in the WARC.
    pub exchanges: Vec<Listed>,
}

/// What a capture met, as the WARC itself holds it.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// The address that was asked for.
    pub url: String,
    /// How the page opened.
    pub page: Opened,
    /// Begin, by the clock of this machine, which nobody compared.
    pub started_at: Timestamp,
    /// End of receiving.
    pub ended_at: Timestamp,
    /// Whether somebody ended it.
    pub cancelled: bool,
    /// The bounds.
    pub limits: Limits,
    /// Those that were met.
    pub limits_met: Vec<LimitHit>,
    /// Requests.
    pub requests: u32,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Screens scrolled.
    pub scrolled: u32,
    /// Which browser.
    pub browser: browser::Description,
    /// The program.
    pub software: String,
    /// What answered for names.
    pub resolver: String,
    /// Exceptions for private addresses.
    pub allowed: Vec<String>,
    /// Whether servers without a trusted certificate were let through.
    pub accept_untrusted: bool,
    /// Whether a login was done, and cookies or fields were added.
    pub prepared: Prepared,
    /// Servers, each once.
    pub connections: Vec<Connected>,
    /// Requests recorded without their content, because a secret of the login is in it.
    pub withheld: u32,
    /// What is not in the record.
    pub missing: Vec<Missing>,
    /// How much more is not in it.
    pub missing_more: u64,
    /// Views that could not be taken, and why.
    pub views_missing: Vec<(&'static str, String)>,
}

/// What the operator did so that the page shows more than it shows to everybody.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    /// Steps of the login.
    pub login_steps: usize,
    /// Cookies, by name.
    pub cookies: Vec<String>,
    /// Fields, by name.
    pub fields: Vec<String>,
}

/// The WARC.
#[derive(Debug, Clone, Serialize)]
pub struct Warc {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its bytes.
    pub size_bytes: u64,
    /// Its records.
    pub records: u64,
    /// Records whose digests were computed anew from the closed file and match: all of them, or there is no report.
    pub records_checked: u64,
}

/// A file in the folder.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// Its name.
    pub name: &'static str,
    /// SHA-256.
    pub sha256: String,
    /// Its bytes.
    pub size_bytes: u64,
}

/// Captures a page into `folder`, which is made when it is not there. Blocks until it is done.
///
/// Takes at most [`Limits::seconds`] and [`Limits::grace_seconds`], the start of the browser, and the time to write and
/// check the files.
pub fn capture(request: &Request, folder: &Path, watch: &dyn Watch) -> Result<Report, CaptureError> {
    checked(request)?;
    let program = browser::find(request.browser.as_deref())?;
    let at = |name: &str| folder.join(name);
    let cannot = |path: PathBuf| move |source| CaptureError::Folder { path, source };
    fs::create_dir_all(folder).map_err(cannot(folder.to_owned()))?;
    let recorder = Recorder::create(&at(WARC_FILE)).map_err(cannot(at(WARC_FILE)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(CaptureError::Machine)?;
    let run = Run::new(request, recorder, watch)?;
    let received = runtime.block_on(run.receive(&program));
    // A resolver of the system cannot be interrupted; it is left behind.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let (facts, pictures) = received?;
    let closed = run.recorder.close()?;
    let records_checked = self_check(&at(WARC_FILE), &closed)?;
    watch
        .warc_closed(&at(WARC_FILE), &closed)
        .map_err(CaptureError::NotTaken)?;
    let front = wacz::Front {
        url: &facts.url,
        title: &facts.page.title,
        at: facts.started_at,
        software: &facts.software,
    };
    let mut files = vec![Written {
        name: WARC_FILE,
        sha256: closed.sha256.clone(),
        size_bytes: closed.size_bytes,
    }];
    let (sha256, size_bytes) =
        wacz::write(&at(WACZ_FILE), &at(WARC_FILE), &closed, &front).map_err(cannot(at(WACZ_FILE)))?;
    files.push(Written {
        name: WACZ_FILE,
        sha256,
        size_bytes,
    });
    for (name, picture) in views(&pictures) {
        if let Picture::Taken(bytes) = picture {
            durable(&at(name), bytes).map_err(cannot(at(name)))?;
            let (sha256, size_bytes) = wacz::digest_of(&at(name)).map_err(cannot(at(name)))?;
            files.push(Written {
                name,
                sha256,
                size_bytes,
            });
        }
    }
    let report = Report {
        format: "quanlian-capture/1",
        facts,
        warc: Warc {
            sha256: closed.sha256,
            size_bytes: closed.size_bytes,
            records: closed.records,
            records_checked,
        },
        files,
        exchanges: closed.listed,
    };
    let text = serde_json::to_vec_pretty(&report).map_err(|error| CaptureError::Machine(error.into()))?;
    durable(&at(REPORT_FILE), &text).map_err(cannot(at(REPORT_FILE)))?;
    Ok(report)
}

fn durable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The views by the names of their files. The tree of a foreign page is no `.html`: opening it would run its scripts.
fn views(pictures: &Pictures) -> [(&'static str, &Picture); 3] {
    [
        ("screenshot.png", &pictures.screenshot),
        ("dom.txt", &pictures.dom),
        ("page.pdf", &pictures.pdf),
    ]
}

/// Reads the file back and computes every digest anew.
fn self_check(path: &Path, closed: &Closed) -> Result<u64, CaptureError> {
    let file = File::open(path).map_err(CaptureError::Machine)?;
    let bounds = read::Bounds {
        inflated_bytes: u64::MAX,
        records: u64::MAX,
    };
    let mut nobody = Nobody;
    let report = read::watch(BufReader::new(file), bounds, &mut nobody).map_err(CaptureError::Machine)?;
    if !report.is_complete() || report.records != closed.records {
        let why = report.problems.first().map_or_else(
            || format!("{} of {} records", report.with_block_digest, closed.records),
            |problem| problem.detail.clone(),
        );
        return Err(CaptureError::Unsound(why));
    }
    Ok(report.with_block_digest)
}

/// Watches a WARC and keeps nothing.
struct Nobody;
impl read::Watcher for Nobody {
    fn begins(&mut self, _: &read::Found) {}
    fn bytes(&mut self, _: &[u8]) {}
    fn ends(&mut self, _: &read::Found) {}
}

fn checked(request: &Request) -> Result<(), CaptureError> {
    if Origin::of(&request.url).is_none() {
        return Err(CaptureError::Address {
            url: request.url.to_string(),
        });
    }
    for (name, value) in &request.fields {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let why = if name.is_empty() || !name.bytes().all(is_token) {
            "the name is not one of HTTP"
        } else if RESERVED_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
            "it decides how messages are read"
        } else if value.chars().any(|c| c.is_control() && c != '\t') {
            "the value holds control signs"
        } else {
            continue;
        };
        return Err(CaptureError::Field {
            name: name.clone(),
            why,
        });
    }
    Ok(())
}

/// A capture under way.
struct Run<'a> {
    request: &'a Request,
    recorder: Recorder,
    shared: Arc<Shared>,
    watch: &'a dyn Watch,
    started_at: Timestamp,
    begin: std::time::Instant,
    /// From when [`Limits::seconds`] count: a slow start of the browser is not the page's time.
    browser_there: Cell<std::time::Instant>,
}

impl<'a> Run<'a> {
    fn new(request: &'a Request, recorder: Recorder, watch: &'a dyn Watch) -> Result<Self, CaptureError> {
        let patience = Duration::from_secs(request.limits.connect_seconds);
        let added = Origin::of(&request.url).map(|origin| (origin, request.fields.clone()));
        let shared = Shared::new(Parts {
            limits: request.limits.clone(),
            guard: Guard::new(request.allowed.clone()),
            names: Names::new(Arc::clone(&request.resolver), patience),
            recorder: recorder.clone(),
            browser_side: BrowserSide::new()?,
            server_side: ServerSide::new(&request.roots, request.accept_untrusted)?,
            secrets: Secrets::new(request.login.iter().flat_map(Script::secrets)),
            added,
        });
        Ok(Self {
            request,
            recorder,
            shared,
            watch,
            started_at: Timestamp::now(),
            begin: std::time::Instant::now(),
            browser_there: Cell::new(std::time::Instant::now()),
        })
    }

    async fn receive(&self, program: &Path) -> Result<(Facts, Pictures), CaptureError> {
        self.begin_record();
        let proxy = proxy::start(&self.shared).await.map_err(CaptureError::Machine)?;
        let key_hash = self.shared.parts.browser_side.key_hash();
        let started = Browser::start(program, &key_hash, self.request.window, &self.request.language);
        let mut browser = self
            .attend(Stage::Start, started)
            .await
            .ok_or(CaptureError::Cancelled)??;
        self.browser_there.set(std::time::Instant::now());
        let received = self.with_browser(&browser, proxy).await;
        self.shared.finish();
        browser.end().await;
        let (opened, scrolled, pictures) = received?;
        // What was being saved or played goes on to its end, as long as there is time.
        let _ = self
            .attend(
                Stage::Finish,
                timeout(self.time_left(), self.shared.until_closed()),
            )
            .await;
        if self.time_left().is_zero() {
            self.shared.limit_met(LimitHit::Seconds);
        }
        self.shared.stop(Stop::Done);
        self.tell(Stage::Close);
        self.shared.until_closed().await;
        Ok(self.end_record(&browser, opened, scrolled, pictures))
    }

    fn time_left(&self) -> Duration {
        Duration::from_secs(self.request.limits.seconds).saturating_sub(self.browser_there.get().elapsed())
    }

    /// Everything that needs the browser.
    async fn with_browser(
        &self,
        browser: &Browser,
        proxy: SocketAddr,
    ) -> Result<(Opened, u32, Pictures), CaptureError> {
        let page = Page::new(browser, &self.shared, proxy, self.request).await?;
        let deadline = Instant::now() + self.time_left();
        if let Some(script) = &self.request.login {
            let login = tokio::time::timeout_at(deadline, page.log_in(script));
            match self.attend(Stage::Login, login).await {
                Some(Ok(done)) => done?,
                Some(Err(_)) => self.shared.limit_met(LimitHit::Seconds),
                None => {}
            }
        }
        let mut opened = Opened {
            loaded: false,
            failure: Some("the capture ended before the page opened".to_owned()),
            is_download: false,
            final_url: self.request.url.to_string(),
            title: String::new(),
        };
        let mut scrolled = 0;
        let open = tokio::time::timeout_at(deadline, page.open(&self.request.url));
        match self.attend(Stage::Open, open).await {
            Some(Ok(done)) => opened = done,
            Some(Err(_)) => self.shared.limit_met(LimitHit::Seconds),
            None => {}
        }
        if opened.loaded {
            let explore = async {
                page.play().await;
                if self.request.scroll {
                    scrolled = page.scroll().await;
                    page.play().await;
                }
            };
            let explored = self
                .attend(Stage::Explore, tokio::time::timeout_at(deadline, explore))
                .await;
            if matches!(explored, Some(Err(_))) {
                self.shared.limit_met(LimitHit::Seconds);
            }
        }
        self.tell(Stage::Pictures);
        let grace = Duration::from_secs(self.request.limits.grace_seconds);
        let pictures = timeout(grace, async {
            if opened.loaded {
                page.locate(&mut opened).await;
            }
            page.pictures().await
        });
        let pictures = pictures.await.unwrap_or_else(|_| {
            let none = || Picture::Not(format!("not taken in {} s", grace.as_secs()));
            Pictures {
                screenshot: none(),
                dom: none(),
                pdf: none(),
            }
        });
        Ok((opened, scrolled, pictures))
    }

    /// Waits for `work` while telling progress; `None` when the capture ended first.
    async fn attend<T>(&self, stage: Stage, work: impl Future<Output = T>) -> Option<T> {
        self.tell(stage);
        let mut tick = tokio::time::interval(TICK);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                _ = self.shared.until_stopped() => return None,
                done = &mut work => return Some(done),
                _ = tick.tick() => {
                    self.tell(stage);
                    if self.watch.is_cancelled() {
                        self.shared.stop(Stop::Cancelled);
                    }
                }
            }
        }
    }

    fn tell(&self, stage: Stage) {
        let (requests, bytes) = self.shared.used();
        self.watch.progress(&Progress {
            stage,
            requests,
            bytes,
            seconds: self.begin.elapsed().as_secs(),
        });
    }

    fn begin_record(&self) {
        let text = format!(
            "software: {}\r\nformat: WARC File Format 1.1\r\n\
             conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n\
             isPartOf: {}\r\nrobots: ignored, a single page is fixed as evidence\r\n",
            software(),
            self.request.url
        );
        self.recorder.made(
            RecordKind::WarcInfo,
            None,
            "application/warc-fields",
            self.started_at,
            text.as_bytes(),
        );
    }

    fn end_record(
        &self,
        browser: &Browser,
        page: Opened,
        scrolled: u32,
        pictures: Pictures,
    ) -> (Facts, Pictures) {
        let now = Timestamp::now();
        let url = self.request.url.to_string();
        let mut views_missing = Vec::new();
        let kinds = [
            ("urn:fullPage:", "image/png"),
            ("urn:dom:", "text/html;charset=utf-8"),
            ("urn:pdf:", "application/pdf"),
        ];
        for ((name, picture), (prefix, kind)) in views(&pictures).into_iter().zip(kinds) {
            match picture {
                Picture::Taken(bytes) => {
                    let target = format!("{prefix}{url}");
                    self.recorder
                        .made(RecordKind::Resource, Some(&target), kind, now, bytes);
                }
                Picture::Not(why) => views_missing.push((name, why.clone())),
            }
        }
        let (requests, bytes) = self.shared.used();
        let (missing, missing_more) = self.shared.take_missing();
        let names = |list: Vec<&String>| list.into_iter().cloned().collect();
        let facts = Facts {
            url,
            page,
            started_at: self.started_at,
            ended_at: now,
            cancelled: self.shared.stopped() == Some(Stop::Cancelled),
            limits: self.request.limits.clone(),
            limits_met: self.shared.limits_met().into_iter().collect(),
            requests,
            bytes,
            scrolled,
            browser: browser.description.clone(),
            software: software(),
            resolver: self.shared.parts.names.describe(),
            allowed: self.request.allowed.iter().map(shown).collect(),
            accept_untrusted: self.request.accept_untrusted,
            prepared: Prepared {
                login_steps: self.request.login.as_ref().map_or(0, |login| login.steps.len()),
                cookies: names(self.request.cookies.iter().map(|cookie| &cookie.name).collect()),
                fields: names(self.request.fields.iter().map(|(name, _)| name).collect()),
            },
            connections: self.shared.take_connected(),
            withheld: self.shared.withheld(),
            missing,
            missing_more,
            views_missing,
        };
        let text = serde_json::to_vec_pretty(&facts).expect("plain data becomes JSON");
        self.recorder.made(
            RecordKind::Metadata,
            Some("urn:quanlian:capture"),
            "application/json",
            now,
            &text,
        );
        (facts, pictures)
    }
}

fn shown(allowed: &Allowed) -> String {
    match allowed {
        Allowed::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            IpAddr::to_string(&network.addr())
        }
        Allowed::Network(network) => network.to_string(),
        Allowed::Host(host) => host.clone(),
    }
}

fn software() -> String {
    format!("quanlian {}", env!("CARGO_PKG_VERSION"))
}
