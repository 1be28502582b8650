//! One request and its answer, passed on and recorded.
//!
//! In:  a connection of the browser, and a connection to a server when there is one already.
//! Out: a pair of records for each request that was sent.
//!
//! Invariant: whatever ends an exchange (a limit, either side, a damaged message), what was sent and received up to
//! then is recorded, and marked when it is not whole.

use std::{io, sync::Arc, time::Duration};

use quanlian_record::time::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};
use url::Url;

use super::{
    Origin, Wire, read_head,
    state::{Shared, Stop},
    upstream::{self, Server},
};
use crate::{
    guard::Refusal,
    http1::{self, Body, RequestHead, ResponseHead},
    limits::LimitHit,
    record::Exchange,
    warc::{
        Truncated,
        spool::{Block, Spool},
        write::MAX_VALUE_BYTES,
    },
};

/// Bytes read at a time.
const STEP_BYTES: usize = 64 * 1024;
/// Interim responses (1xx) before the final one.
const MAX_INTERIM: usize = 8;
/// Bytes that the browser may send while it waits for an answer.
const MAX_EARLY_BYTES: usize = 64 * 1024;

/// The requests of one connection of the browser, one after the other.
pub(super) struct Conversation<'a> {
    shared: &'a Arc<Shared>,
    browser: Box<dyn Wire>,
    /// Bytes of the browser that belong to no request yet.
    pending: Vec<u8>,
    /// Where a tunnel leads; absent when each request names its server.
    fixed: Option<Origin>,
    server: Option<Server>,
}

/// What became of the response.
struct Received {
    block: Option<Block>,
    status: Option<u16>,
    content_type: Option<String>,
    location: Option<String>,
    interim: Vec<Block>,
    truncated: Option<Truncated>,
    answered_at: Timestamp,
    /// Whether both connections can carry another exchange.
    reusable: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        browser: Box<dyn Wire>,
        pending: Vec<u8>,
        fixed: Option<Origin>,
    ) -> Self {
        Self {
            shared,
            browser,
            pending,
            fixed,
            server: None,
        }
    }

    /// Uses this connection for what comes.
    pub(super) fn keep(&mut self, server: Server) {
        self.server = Some(server);
    }

    /// Until either side ends or something cannot be passed on.
    pub(super) async fn run(mut self) -> io::Result<()> {
        while self.one().await? {}
        Ok(())
    }

    /// One exchange; whether another can follow.
    async fn one(&mut self) -> io::Result<bool> {
        let idle = self.shared.idle();
        let head = read_head(self.shared, &mut *self.browser, &mut self.pending).await?;
        drop(idle);
        let Some(head) = head else { return Ok(false) };
        let head_bytes: Vec<u8> = self.pending.drain(..head.size_bytes).collect();
        self.shared.count_request();
        let Some((url, origin)) = self.target(&head) else {
            let target = head.target.clone();
            self.shared.refused(
                &target,
                &Refusal::Target {
                    target: target.clone(),
                },
            );
            return Ok(false);
        };
        if !self.may_go(&head, &url) {
            return Ok(false);
        }
        let Some(body) = self.request_body(&head, &url).await? else {
            return Ok(false);
        };
        if self.server.as_ref().is_none_or(|server| server.origin != origin) {
            self.server = upstream::connect(self.shared, &origin).await;
        }
        let Some(mut server) = self.server.take() else {
            return Ok(false);
        };
        let sent_head = self.outgoing(&head, &head_bytes, &url, &origin);
        let reusable = self.carry(&mut server, &head, &url, &sent_head, &body).await?;
        if reusable {
            self.server = Some(server);
        }
        Ok(reusable)
    }

    /// The whole address of a request and where it goes.
    fn target(&self, head: &RequestHead) -> Option<(Url, Origin)> {
        let url = match &self.fixed {
            Some(origin) if head.target.starts_with('/') => {
                let scheme = if origin.tls { "https" } else { "http" };
                Url::parse(&format!(
                    "{scheme}://{}:{}{}",
                    origin.host, origin.port, head.target
                ))
                .ok()?
            }
            Some(_) => return None,
            None => Url::parse(&head.target).ok()?,
        };
        let origin = Origin::of(&url)?;
        (url.as_str().len() <= MAX_VALUE_BYTES).then_some((url, origin))
    }

    /// What is refused whatever the server would answer.
    fn may_go(&self, head: &RequestHead, url: &Url) -> bool {
        let shared = self.shared;
        if shared.parts.secrets.are_in(url.as_str().as_bytes()) {
            shared.noted("", Refusal::Secret.code(), Refusal::Secret.to_string());
            return false;
        }
        if head.fields.first("upgrade").is_some() {
            let detail = "WebSockets and other upgrades are not captured".to_owned();
            shared.noted(url.as_str(), "refused_upgrade", detail);
            return false;
        }
        if shared.redirects_to(url.as_str()) > shared.parts.limits.redirects {
            shared.limit_met(LimitHit::Redirects);
            let detail = format!("more than {} redirects led here", shared.parts.limits.redirects);
            shared.noted(url.as_str(), "refused_redirects", detail);
            return false;
        }
        true
    }

    /// The body of the request, whole; `None` when it cannot be taken.
    async fn request_body(&mut self, head: &RequestHead, url: &Url) -> io::Result<Option<Vec<u8>>> {
        let shared = self.shared;
        let mut body = match Body::of_request(head) {
            Ok(body) => body,
            Err(error) => {
                shared.noted(url.as_str(), error.code(), error.to_string());
                return Ok(None);
            }
        };
        let mut whole = Vec::new();
        loop {
            let taken = match body.take(&self.pending) {
                Ok(taken) => taken,
                Err(error) => {
                    shared.noted(url.as_str(), error.code(), error.to_string());
                    return Ok(None);
                }
            };
            whole.extend(self.pending.drain(..taken));
            let announced = match &body {
                Body::Length(left) => *left,
                _ => 0,
            };
            if (whole.len() as u64).saturating_add(announced) > shared.parts.limits.request_body_bytes {
                shared.limit_met(LimitHit::RequestBodyBytes);
                let detail = format!(
                    "the body has more than {} bytes",
                    shared.parts.limits.request_body_bytes
                );
                shared.noted(url.as_str(), "refused_request_body", detail);
                return Ok(None);
            }
            if body.is_complete() {
                return Ok(Some(whole));
            }
            self.pending.reserve(STEP_BYTES);
            let read = shared
                .unless_stopped(self.browser.read_buf(&mut self.pending))
                .await
                .map_err(Stop::into_io)??;
            if read == 0 {
                return Ok(None);
            }
        }
    }

    /// The head as it goes to the server: what was meant for the proxy removed, the operator's fields added.
    fn outgoing(&self, head: &RequestHead, bytes: &[u8], url: &Url, origin: &Origin) -> Vec<u8> {
        let added = match &self.shared.parts.added {
            Some((to, fields)) if to == origin => fields.as_slice(),
            _ => &[],
        };
        if self.fixed.is_some() && added.is_empty() {
            return bytes.to_vec();
        }
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut out = format!("{} {target} HTTP/1.1\r\n", head.method).into_bytes();
        let mut field = |name: &str, value: &[u8]| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        for (name, value) in head.fields.iter() {
            let for_the_proxy = name.to_ascii_lowercase().starts_with("proxy-");
            let replaced = added.iter().any(|(added, _)| added.eq_ignore_ascii_case(name));
            if !for_the_proxy && !replaced {
                field(name, value);
            }
        }
        for (name, value) in added {
            field(name, value.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// Sends, receives, records; whether both connections can be used again.
    async fn carry(
        &mut self,
        server: &mut Server,
        head: &RequestHead,
        url: &Url,
        sent_head: &[u8],
        body: &[u8],
    ) -> io::Result<bool> {
        let shared = self.shared;
        let sent_at = Timestamp::now();
        shared.count_bytes(sent_head.len() + body.len());
        let sending = async {
            server.wire.write_all(sent_head).await?;
            server.wire.write_all(body).await?;
            server.wire.flush().await
        };
        let sent = shared.unless_stopped(sending).await;
        let mut request_truncated = None;
        let received = match sent {
            Ok(Ok(())) => self.receive(server, head).await?,
            other => {
                request_truncated = Some(match other {
                    Err(stop) => cut_by(stop),
                    Ok(_) => Truncated::Disconnect,
                });
                Received::nothing()
            }
        };
        if received.status.is_none() {
            let detail = "the connection ended before an answer came".to_owned();
            shared.noted(url.as_str(), "no_answer", detail);
        }
        let location = received
            .location
            .as_ref()
            .and_then(|location| url.join(location).ok())
            .map(|mut to| {
                to.set_fragment(None);
                to.to_string()
            });
        shared.answered(url.as_str(), location.as_deref());
        let mut request = Spool::default();
        if shared.parts.secrets.are_in(sent_head) || shared.parts.secrets.are_in(body) {
            shared.count_withheld();
            request_truncated = Some(Truncated::Unspecified);
            let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
            request.head(format!("{} {target} HTTP/1.1\r\n\r\n", head.method).as_bytes())?;
        } else {
            request.head(sent_head)?;
            request.body(body)?;
        }
        let exchange = Exchange {
            method: head.method.clone(),
            url: url.to_string(),
            sent_at,
            answered_at: received.answered_at,
            address: server.address.ip(),
            connection: server.id,
            request: request.close()?,
            request_truncated,
            response: received.block,
            response_truncated: received.truncated,
            status: received.status,
            content_type: received.content_type,
            interim: received.interim,
        };
        let recorder = shared.parts.recorder.clone();
        // Compressing half a gigabyte takes seconds.
        let _ = tokio::task::spawn_blocking(move || recorder.exchange(exchange)).await;
        if shared.parts.recorder.has_failed() {
            shared.stop(Stop::Disk);
        }
        Ok(received.reusable)
    }

    /// The answer of the server, passed to the browser while it arrives.
    async fn receive(&mut self, server: &mut Server, request: &RequestHead) -> io::Result<Received> {
        let shared = self.shared;
        let patience = Duration::from_secs(shared.parts.limits.connect_seconds);
        let mut received = Received::nothing();
        let mut bytes = Vec::new();
        let mut looked_at = 0;
        let head = loop {
            // Looked at anew only when a line has ended: a head that drips in costs no more than one that does not.
            let worth_it = bytes[looked_at..].contains(&b'\n') || bytes.len() >= http1::MAX_HEAD_BYTES;
            looked_at = bytes.len();
            let parsed = match worth_it.then(|| http1::response_head(&bytes)).transpose() {
                Ok(parsed) => parsed.flatten(),
                Err(error) => {
                    self.shared
                        .noted(&request.target, error.code(), error.to_string());
                    received.damaged(&bytes)?;
                    return Ok(received);
                }
            };
            if let Some(head) = parsed {
                if !matches!(head.status, 100..=199) || head.status == 101 {
                    break head;
                }
                let interim: Vec<u8> = bytes.drain(..head.size_bytes).collect();
                looked_at = 0;
                self.pass_on(&interim).await;
                received.interim.push(head_block(&interim)?);
                if received.interim.len() > MAX_INTERIM {
                    return Ok(received);
                }
                continue;
            }
            // The time between two pieces of a head is bounded as the time to its first byte is.
            let step = timeout(patience, self.step(server, &mut bytes));
            match shared.unless_stopped(step).await {
                Ok(Ok(Step::Bytes)) => {}
                Ok(Ok(Step::ServerEnded | Step::ServerBroke | Step::BrowserLeft)) => {
                    received.damaged(&bytes)?;
                    received.truncated = Some(Truncated::Disconnect);
                    return Ok(received);
                }
                Ok(Err(_)) => {
                    received.damaged(&bytes)?;
                    received.truncated = Some(Truncated::Time);
                    return Ok(received);
                }
                Err(stop) => {
                    received.damaged(&bytes)?;
                    received.truncated = Some(cut_by(stop));
                    return Ok(received);
                }
            }
        };
        received.answered_at = Timestamp::now();
        received.status = Some(head.status);
        received.content_type = head.fields.first("content-type");
        received.location = matches!(head.status, 301 | 302 | 303 | 307 | 308)
            .then(|| head.fields.first("location"))
            .flatten();
        self.receive_body(server, request, &head, bytes, received).await
    }

    async fn receive_body(
        &mut self,
        server: &mut Server,
        request: &RequestHead,
        head: &ResponseHead,
        mut bytes: Vec<u8>,
        mut received: Received,
    ) -> io::Result<Received> {
        let shared = self.shared;
        let limit = shared.parts.limits.response_bytes;
        let mut spool = Spool::default();
        let head_bytes: Vec<u8> = bytes.drain(..head.size_bytes).collect();
        spool.head(&head_bytes)?;
        let mut body = match Body::of_response(&request.method, head) {
            Ok(body) if head.status != 101 => body,
            other => {
                let code = other
                    .as_ref()
                    .err()
                    .map_or("refused_upgrade", http1::HttpError::code);
                let detail = other.err().map_or_else(
                    || "the server switched to another protocol".to_owned(),
                    |error| error.to_string(),
                );
                self.shared.noted(&request.target, code, detail);
                received.truncated = Some(Truncated::Unspecified);
                received.block = Some(spool.close()?);
                return Ok(received);
            }
        };
        // A browser stops reading what it saves or plays; the evidence is the whole of it.
        let wanted_whole = request.method == "GET" && is_wanted_whole(head);
        let mut browser_there = self.pass_on(&head_bytes).await;
        received.truncated = loop {
            let room = usize::try_from(limit.saturating_sub(spool.size_bytes())).unwrap_or(usize::MAX);
            let Ok(taken) = body.take(&bytes) else {
                let error = http1::HttpError::Chunk;
                self.shared
                    .noted(&request.target, error.code(), error.to_string());
                break Some(Truncated::Unspecified);
            };
            let kept = taken.min(room);
            spool.body(&bytes[..kept])?;
            if browser_there && kept > 0 {
                browser_there = self.pass_on(&bytes[..kept]).await;
            }
            if kept < taken {
                self.shared.limit_met(LimitHit::ResponseBytes);
                break Some(Truncated::Length);
            }
            bytes.drain(..taken);
            if body.is_complete() {
                received.reusable = bytes.is_empty()
                    && browser_there
                    && keeps_alive(&request.fields, 1)
                    && keeps_alive(&head.fields, head.minor_version);
                break None;
            }
            if !browser_there && !wanted_whole {
                break Some(self.left());
            }
            let step = self.next(server, &mut bytes, browser_there);
            match shared.unless_stopped(step).await {
                Ok(Step::Bytes) => {}
                Ok(Step::ServerEnded) if body.may_end_here() => break None,
                Ok(Step::ServerEnded | Step::ServerBroke) => break Some(Truncated::Disconnect),
                Ok(Step::BrowserLeft) => browser_there = false,
                Err(stop) => break Some(cut_by(stop)),
            }
        };
        received.block = Some(spool.close()?);
        Ok(received)
    }

    async fn next(&mut self, server: &mut Server, bytes: &mut Vec<u8>, browser_there: bool) -> Step {
        if browser_there {
            return self.step(server, bytes).await;
        }
        from_server(self.shared, server, bytes).await
    }

    /// The next bytes of the server, or the news that one of the two is gone.
    async fn step(&mut self, server: &mut Server, bytes: &mut Vec<u8>) -> Step {
        loop {
            tokio::select! {
                step = from_server(self.shared, server, bytes) => return step,
                read = self.browser.read_buf(&mut self.pending), if self.pending.len() < MAX_EARLY_BYTES => {
                    if !matches!(read, Ok(1..)) {
                        return Step::BrowserLeft;
                    }
                }
            }
        }
    }

    /// Whether the browser took the bytes.
    async fn pass_on(&mut self, bytes: &[u8]) -> bool {
        // A player that has enough for now stops reading: the page is at rest, although the exchange is not over.
        let _idle = self.shared.idle();
        let writing = async {
            self.browser.write_all(bytes).await?;
            self.browser.flush().await
        };
        matches!(self.shared.unless_stopped(writing).await, Ok(Ok(())))
    }

    /// Who cut a response that the browser no longer reads.
    fn left(&self) -> Truncated {
        match self.shared.stopped() {
            Some(stop) => cut_by(stop),
            None if self.shared.is_finishing() => Truncated::Time,
            None => Truncated::Disconnect,
        }
    }
}

/// What happened next.
enum Step {
    Bytes,
    ServerEnded,
    /// Reset, or TLS without its proper end: nobody knows whether more was to come.
    ServerBroke,
    BrowserLeft,
}

async fn from_server(shared: &Shared, server: &mut Server, bytes: &mut Vec<u8>) -> Step {
    bytes.reserve(STEP_BYTES);
    match server.wire.read_buf(bytes).await {
        Ok(read @ 1..) => {
            shared.count_bytes(read);
            Step::Bytes
        }
        Ok(_) => Step::ServerEnded,
        Err(_) => Step::ServerBroke,
    }
}

impl Received {
    fn nothing() -> Self {
        Self {
            block: None,
            status: None,
            content_type: None,
            location: None,
            interim: Vec::new(),
            truncated: None,
            answered_at: Timestamp::now(),
            reusable: false,
        }
    }

    /// Keeps bytes that are no response, as they came.
    fn damaged(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.block = Some(head_block(bytes)?);
            self.truncated = Some(Truncated::Unspecified);
        }
        Ok(())
    }
}

fn head_block(bytes: &[u8]) -> io::Result<Block> {
    let mut spool = Spool::default();
    spool.head(bytes)?;
    spool.close()
}

/// The reason of the end, as a record tells it.
fn cut_by(stop: Stop) -> Truncated {
    match stop {
        Stop::Limit(LimitHit::TotalBytes | LimitHit::Requests) => Truncated::Length,
        Stop::Limit(_) | Stop::Done => Truncated::Time,
        Stop::Cancelled | Stop::Disk => Truncated::Unspecified,
    }
}

/// Sound, film, and what is to be saved.
fn is_wanted_whole(head: &ResponseHead) -> bool {
    let kind = head
        .fields
        .first("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let saved = head
        .fields
        .first("content-disposition")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("attachment"));
    matches!(head.status, 200 | 206)
        && (saved
            || ["audio/", "video/", "application/octet-stream", "application/zip"]
                .iter()
                .any(|wanted| kind.starts_with(wanted)))
}

fn keeps_alive(fields: &http1::Fields, minor_version: u8) -> bool {
    if minor_version == 0 {
        fields.has_token("connection", "keep-alive")
    } else {
        !fields.has_token("connection", "close")
    }
}
