//! Chromium as a process: found, started with an empty profile behind our proxy, ended with all its children.
//!
//! In:  the hash of the proxy's key.
//! Out: a [`Browser`] that is driven over pipes.
//!
//! Invariant: pages reach the proxy and nothing else: no direct connections, no lookups of names, no UDP. What Chromium
//! wants for itself (updates, its maker's accounts) reaches nothing, so it neither tells on us nor enters the record. The
//! profile is new and is removed with the process. The sandbox is switched off for the user root alone, where Chromium does not
//! start with it; [`Browser::sandbox`] says so.
//!
//! Not here: what is done in the page (`page`).

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use command_fds::{CommandFdExt as _, FdMapping};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::cdp::{CallError, Cdp};

/// Names under which Chromium is looked for in `PATH`.
pub const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
/// Seconds for Chromium to answer for the first time. A cold start on a busy machine takes long.
const START_SECONDS: u64 = 60;

/// Arguments that are the same for every capture.
const ARGUMENTS: [&str; 34] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--hide-scrollbars",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-prompt-on-repost",
    "--disable-renderer-backgrounding",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--force-color-profile=srgb",
    // What leaves the machine beside the pages' HTTP: nothing. Pages live in a context with the recording proxy; the
    // proxy of everything else is a port where nobody listens.
    "--proxy-server=http://127.0.0.1:1",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy",
    "--disable-features=OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions,DialMediaRouteProvider,\
     CertificateTransparencyComponentUpdater,AutofillServerCommunication,NetworkPrediction,HttpsUpgrades,AsyncDns,\
     DnsOverHttps,SegmentationPlatform,OptimizationGuideModelDownloading",
];

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum StartError {
    /// Not in `PATH`, and not named.
    #[error("Chromium is not installed; install the package chromium or name the program with --browser")]
    Absent,
    /// The program could not be started.
    #[error("cannot start {}", program.display())]
    Start {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It started and did not answer.
    #[error("{} does not answer", program.display())]
    Mute {
        program: PathBuf,
        #[source]
        source: CallError,
    },
}

impl StartError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent => "browser_absent",
            Self::Start { .. } => "browser_start",
            Self::Mute { .. } => "browser_mute",
        }
    }
}

/// Which browser made the capture.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// The program.
    pub program: PathBuf,
    /// Name and version.
    pub product: String,
    /// What it calls itself towards servers.
    pub user_agent: String,
    /// Whether pages ran in Chromium's sandbox.
    pub sandbox: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_sandbox_because: Option<&'static str>,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A running browser.
pub struct Browser {
    /// The way to drive it.
    pub cdp: Cdp,
    /// What it is.
    pub description: Description,
    child: Child,
    _profile: TempDir,
}

/// The program to start: the one named, or the first of [`NAMES`] in `PATH`.
pub fn find(named: Option<&Path>) -> Result<PathBuf, StartError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .ok_or(StartError::Absent)
}

impl Browser {
    /// Starts the browser, which accepts certificates with a key of this hash.
    pub async fn start(
        program: &Path,
        key_hash: &str,
        window: (u32, u32),
        language: &str,
    ) -> Result<Self, StartError> {
        let failed = |source: io::Error| StartError::Start {
            program: program.to_owned(),
            source,
        };
        let profile = tempfile::Builder::new()
            .prefix("quanlian-capture-")
            .tempdir()
            .map_err(failed)?;
        let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
        let root = rustix::process::geteuid().is_root();
        if root {
            arguments.push("--no-sandbox".to_owned());
        }
        arguments.push(format!("--ignore-certificate-errors-spki-list={key_hash}"));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={},{}", window.0, window.1));
        arguments.push(format!("--lang={language}"));
        arguments.push(format!("--accept-lang={language}"));
        arguments.push("about:blank".to_owned());
        let (child, cdp) = spawn(program, &arguments, profile.path()).map_err(failed)?;
        let mut browser = Self {
            cdp,
            description: Description {
                program: program.to_owned(),
                product: String::new(),
                user_agent: String::new(),
                sandbox: !root,
                no_sandbox_because: root.then_some("run by the user root"),
                arguments,
            },
            child,
            _profile: profile,
        };
        let patience = Duration::from_secs(START_SECONDS);
        let version = browser
            .cdp
            .call(None, "Browser.getVersion", json!({}), patience)
            .await;
        let version = match version {
            Ok(version) => version,
            Err(source) => {
                browser.end().await;
                return Err(StartError::Mute {
                    program: program.to_owned(),
                    source,
                });
            }
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        browser.description.product = text(&version["product"]);
        browser.description.user_agent = text(&version["userAgent"]);
        Ok(browser)
    }

    /// Ends the browser and everything that it started, and waits for it.
    pub async fn end(&mut self) {
        kill(&self.child);
        let _ = self.child.kill().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        kill(&self.child);
    }
}

/// Ends the process group, of which the browser is the leader.
fn kill(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(group) = pid.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

fn spawn(program: &Path, arguments: &[String], home: &Path) -> io::Result<(Child, Cdp)> {
    let (browser_reads, we_write) = io::pipe()?;
    let (we_read, browser_writes) = io::pipe()?;
    let mut command = std::process::Command::new(program);
    command
        .args(arguments)
        // Nothing of the operator's own settings, and no proxy of the environment.
        .env("HOME", home)
        .env_remove("http_proxy")
        .env_remove("https_proxy")
        .env_remove("all_proxy")
        .env_remove("no_proxy")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
        .fd_mappings(vec![
            FdMapping {
                parent_fd: browser_reads.into(),
                child_fd: 3,
            },
            FdMapping {
                parent_fd: browser_writes.into(),
                child_fd: 4,
            },
        ])
        .map_err(io::Error::other)?;
    let mut command = Command::from(command);
    command.process_group(0).kill_on_drop(true);
    let child = command.spawn()?;
    drop(command);
    Ok((child, Cdp::new(we_write.into(), we_read.into())?))
}
