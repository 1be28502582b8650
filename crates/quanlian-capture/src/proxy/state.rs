//! What all connections of one capture share.
//!
//! In:  what each connection used, met and was refused.
//! Out: whether the capture goes on, whether the wire is quiet, and the list of what is not in the record.
//!
//! Invariant: the first reason to stop is the reason; later ones change nothing. Everything that was not captured is in
//! [`Shared::take_missing`], or counted in it when there is too much of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use quanlian_record::time::Timestamp;
use serde::Serialize;
use tokio::{sync::watch, time::Instant};

use super::Origin;
use crate::{
    guard::{Guard, Refusal},
    limits::{LimitHit, Limits},
    record::Recorder,
    resolve::Names,
    secret::Secrets,
    tls::{BrowserSide, ServerSide},
};

/// Refusals and failures that are listed one by one; the rest is counted.
const MAX_LISTED: usize = 1000;
/// Bytes of an address in a list.
const MAX_LISTED_URL_BYTES: usize = 2048;

/// Why everything ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A limit on the whole capture.
    Limit(LimitHit),
    /// Somebody asked for it.
    Cancelled,
    /// The record could not be written.
    Disk,
    /// The capture is done.
    Done,
}

impl Stop {
    /// As an error of one connection.
    pub fn into_io(self) -> io::Error {
        io::Error::other("the capture ended")
    }
}

/// Something that is not in the record, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The address, or host and port when there was no more.
    pub url: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// For people, in English.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// One connection to a server, as the report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connected {
    /// Host and port.
    pub server: String,
    /// The address that was checked and connected to.
    pub address: SocketAddr,
    /// Whether the chain of certificates was trusted; absent where none was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// Shared by all connections of one capture.
pub struct Shared {
    /// What it is made of.
    pub parts: Parts,
    own_address: OnceLock<SocketAddr>,
    stop: watch::Sender<Option<Stop>>,
    bytes: AtomicU64,
    requests: AtomicU32,
    /// Connections that are open, and those of them that wait for a request.
    open: AtomicUsize,
    idle: AtomicUsize,
    finishing: AtomicBool,
    last_traffic: Mutex<Instant>,
    met: Mutex<BTreeSet<LimitHit>>,
    missing: Mutex<(Vec<Missing>, u64)>,
    connected: Mutex<Vec<Connected>>,
    withheld: AtomicU32,
    /// How many redirects led to an address that has not answered otherwise yet.
    redirected: Mutex<BTreeMap<String, u32>>,
}

/// What does not change while a capture runs.
pub struct Parts {
    /// The bounds.
    pub limits: Limits,
    /// What may be reached.
    pub guard: Guard,
    /// What names resolve to.
    pub names: Names,
    /// Where the records go.
    pub recorder: Recorder,
    /// TLS towards the browser.
    pub browser_side: BrowserSide,
    /// TLS towards servers.
    pub server_side: ServerSide,
    /// What must not enter the record.
    pub secrets: Secrets,
    /// Fields added to requests to this origin and to no other.
    pub added: Option<(Origin, Vec<(String, String)>)>,
}

impl Shared {
    /// Nothing used, nothing met.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            own_address: OnceLock::new(),
            stop: watch::Sender::new(None),
            bytes: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            finishing: AtomicBool::new(false),
            last_traffic: Mutex::new(Instant::now()),
            met: Mutex::default(),
            missing: Mutex::default(),
            connected: Mutex::default(),
            withheld: AtomicU32::new(0),
            redirected: Mutex::default(),
        })
    }

    pub(super) fn set_own_address(&self, address: SocketAddr) {
        let _ = self.own_address.set(address);
    }

    /// Whether this is the proxy's own port.
    pub fn is_own(&self, address: SocketAddr) -> bool {
        self.own_address.get().is_some_and(|own| {
            own.port() == address.port()
                && (address.ip().is_loopback() || address.ip().to_canonical() == own.ip())
        })
    }

    /// Ends everything, once.
    pub fn stop(&self, why: Stop) {
        if let Stop::Limit(limit) = why {
            self.limit_met(limit);
        }
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            if first {
                *stop = Some(why);
            }
            first
        });
    }

    /// Why everything ends, if it does.
    pub fn stopped(&self) -> Option<Stop> {
        *self.stop.borrow()
    }

    /// Waits for the end.
    pub async fn until_stopped(&self) -> Stop {
        let mut stop = self.stop.subscribe();
        loop {
            if let Some(why) = *stop.borrow_and_update() {
                return why;
            }
            // The sender lives as long as `self`, so a change is what is left to wait for.
            let _ = stop.changed().await;
        }
    }

    /// `future`, or the reason why everything ended first.
    pub async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            why = self.until_stopped() => Err(why),
            done = future => Ok(done),
        }
    }

    /// Counts bytes on the wire; everything stops when there are too many.
    pub fn count_bytes(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.touch();
        if before + bytes as u64 > self.parts.limits.total_bytes {
            self.stop(Stop::Limit(LimitHit::TotalBytes));
        }
    }

    /// Counts a request, answered or refused; everything stops when there are too many.
    pub fn count_request(&self) {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        self.touch();
        if before >= self.parts.limits.requests {
            self.stop(Stop::Limit(LimitHit::Requests));
        }
    }

    /// Requests and bytes so far.
    pub fn used(&self) -> (u32, u64) {
        (
            self.requests.load(Ordering::Relaxed),
            self.bytes.load(Ordering::Relaxed),
        )
    }

    fn touch(&self) {
        *locked(&self.last_traffic) = Instant::now();
    }

    /// A connection is open while this lives.
    pub(super) fn busy(self: &Arc<Self>) -> Counted {
        Counted::new(self, |shared| &shared.open)
    }

    /// A connection waits for a request while this lives.
    pub(super) fn idle(self: &Arc<Self>) -> Counted {
        Counted::new(self, |shared| &shared.idle)
    }

    /// Whether no exchange is under way.
    pub fn is_quiet(&self) -> bool {
        self.open.load(Ordering::SeqCst) <= self.idle.load(Ordering::SeqCst)
    }

    /// Returns when no exchange was under way for `quiet`.
    pub async fn until_quiet(&self, quiet: Duration) {
        loop {
            let last = *locked(&self.last_traffic);
            if self.is_quiet() && last.elapsed() >= quiet {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Returns when no connection is left.
    pub async fn until_closed(&self) {
        while self.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The browser is about to be closed; what it still loads is cut by us, not by it.
    pub fn finish(&self) {
        self.finishing.store(true, Ordering::SeqCst);
    }

    /// Whether [`Self::finish`] was called.
    pub fn is_finishing(&self) -> bool {
        self.finishing.load(Ordering::SeqCst)
    }

    /// Notes a limit.
    pub fn limit_met(&self, limit: LimitHit) {
        locked(&self.met).insert(limit);
    }

    /// The limits that were met.
    pub fn limits_met(&self) -> BTreeSet<LimitHit> {
        locked(&self.met).clone()
    }

    /// Notes what the guard refused.
    pub fn refused(&self, url: &str, refusal: &Refusal) {
        self.noted(url, refusal.code(), refusal.to_string());
    }

    /// Notes what is not in the record. Nothing of it holds a secret.
    pub fn noted(&self, url: &str, code: &'static str, detail: String) {
        let mut missing = locked(&self.missing);
        if missing.0.len() >= MAX_LISTED
            || self.parts.secrets.are_in(url.as_bytes())
            || self.parts.secrets.are_in(detail.as_bytes())
        {
            missing.1 += 1;
            return;
        }
        let mut end = url.len().min(MAX_LISTED_URL_BYTES);
        while !url.is_char_boundary(end) {
            end -= 1;
        }
        missing.0.push(Missing {
            url: url[..end].to_owned(),
            code,
            detail,
            at: Timestamp::now(),
        });
    }

    /// What is not in the record, and how much more there is.
    pub fn take_missing(&self) -> (Vec<Missing>, u64) {
        std::mem::take(&mut *locked(&self.missing))
    }

    /// Notes a connection.
    pub fn connected(&self, connected: Connected) {
        let mut list = locked(&self.connected);
        if list.len() < MAX_LISTED && !list.contains(&connected) {
            list.push(connected);
        }
    }

    /// The connections, each kind once.
    pub fn take_connected(&self) -> Vec<Connected> {
        std::mem::take(&mut *locked(&self.connected))
    }

    /// Notes a request that was recorded without its content.
    pub fn count_withheld(&self) {
        self.withheld.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests recorded without their content.
    pub fn withheld(&self) -> u32 {
        self.withheld.load(Ordering::Relaxed)
    }

    /// How many redirects led to `url`.
    pub fn redirects_to(&self, url: &str) -> u32 {
        locked(&self.redirected).get(url).copied().unwrap_or(0)
    }

    /// Notes where an answer of `url` leads, or that it leads nowhere.
    pub fn answered(&self, url: &str, redirect_to: Option<&str>) {
        let mut redirected = locked(&self.redirected);
        let depth = redirected.get(url).copied().unwrap_or(0);
        match redirect_to {
            Some(to) => {
                let known = redirected.entry(to.to_owned()).or_default();
                *known = (*known).max(depth + 1);
            }
            None => {
                redirected.remove(url);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts one up while it lives.
pub(super) struct Counted {
    shared: Arc<Shared>,
    which: fn(&Shared) -> &AtomicUsize,
}

impl Counted {
    fn new(shared: &Arc<Shared>, which: fn(&Shared) -> &AtomicUsize) -> Self {
        which(shared).fetch_add(1, Ordering::SeqCst);
        Self {
            shared: Arc::clone(shared),
            which,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.shared.touch();
        (self.which)(&self.shared).fetch_sub(1, Ordering::SeqCst);
    }
}
