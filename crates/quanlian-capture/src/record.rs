//! The records that a capture makes.
//!
//! In:  exchanges, answers of the resolver, connections, pictures of the page, from several tasks at once.
//! Out: a WARC, and what an index needs to know of it ([`Closed`]).
//!
//! Invariant: every record stands in the file whole. When the disk fails, [`Recorder::failure`] says so and nothing
//! more is taken.
//!
//! | record | target | holds |
//! |---|---|---|
//! | `warcinfo` | | the program, the browser, the limits |
//! | `request`, `response` | the address | bytes as on the wire |
//! | `resource` | `dns:HOST` | the answer of the resolver, `text/dns` |
//! | `metadata` | `urn:quanlian:connection:…` | address, TLS, chain of certificates, verdict |
//! | `resource` | `urn:fullPage:…`, `urn:dom:…`, `urn:pdf:…` | picture, document tree, print |
//! | `metadata` | `urn:quanlian:capture` | what was met, refused, cut, withheld |

use std::{
    fs::File,
    io::{self, BufWriter},
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use quanlian_record::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    resolve::Answer,
    warc::{
        RecordKind, Truncated,
        spool::Block,
        write::{Place, Record, WriteError, Writer, urn},
    },
};

/// A request and what came back.
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// When the request began to be sent.
    pub sent_at: Timestamp,
    /// When the answer began.
    pub answered_at: Timestamp,
    /// Where it went.
    pub address: IpAddr,
    /// The record of the connection.
    pub connection: Uuid,
    /// As sent.
    pub request: Block,
    /// Why the request is not whole.
    pub request_truncated: Option<Truncated>,
    /// As received; absent when nothing came.
    pub response: Option<Block>,
    /// Why the response is not whole.
    pub response_truncated: Option<Truncated>,
    /// Status of the response.
    pub status: Option<u16>,
    /// `Content-Type` of the response.
    pub content_type: Option<String>,
    /// Interim responses (1xx) that came before.
    pub interim: Vec<Block>,
}

/// One response, as indexes and reports list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// When the answer began, or the request when none came.
    pub at: Timestamp,
    /// Status; absent when no answer came.
    pub status: Option<u16>,
    /// Media type without parameters.
    pub media_type: Option<String>,
    /// Bytes of the response, head and body.
    pub size_bytes: u64,
    /// SHA-256 of the body as received.
    pub payload_sha256: Option<String>,
    /// `WARC-Truncated` of the response.
    pub truncated: Option<&'static str>,
    /// Where the record lies; absent when no answer came.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// A WARC that is complete and on the disk.
#[derive(Debug, Clone)]
pub struct Closed {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its bytes.
    pub size_bytes: u64,
    /// Its records.
    pub records: u64,
    /// The exchanges in it.
    pub listed: Vec<Listed>,
}

/// Writes the records of one capture.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    writer: Option<Writer<BufWriter<File>>>,
    records: u64,
    listed: Vec<Listed>,
    failure: Option<WriteError>,
}

impl Recorder {
    /// Begins the file; it must not be there yet.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create_new(path)?;
        Ok(Self(Arc::new(Mutex::new(Inner {
            writer: Some(Writer::new(BufWriter::new(file))),
            records: 0,
            listed: Vec::new(),
            failure: None,
        }))))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a record could not be written. The capture ends then.
    pub fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Adds what this program made or looked up.
    pub fn made(
        &self,
        kind: RecordKind,
        target: Option<&str>,
        content_type: &'static str,
        at: Timestamp,
        bytes: &[u8],
    ) -> Uuid {
        let id = Uuid::new_v4();
        let record = Record {
            id,
            kind,
            at,
            target: target.map(str::to_owned),
            content_type,
            truncated: None,
            more: Vec::new(),
        };
        match Block::of(bytes) {
            Ok(block) => drop(self.lock().add(&record, block)),
            Err(error) => self.lock().failed(error.into()),
        }
        id
    }

    /// Adds an answer of the resolver.
    pub fn answer(&self, answer: &Answer) {
        let target = format!("dns:{}", answer.name);
        let text = answer.to_text();
        self.made(
            RecordKind::Resource,
            Some(&target),
            "text/dns",
            answer.asked_at,
            text.as_bytes(),
        );
    }

    /// Adds an exchange: the response first, as archives do.
    pub fn exchange(&self, exchange: Exchange) {
        let (request_id, response_id) = (Uuid::new_v4(), Uuid::new_v4());
        let more = |with: Uuid| {
            vec![
                ("WARC-IP-Address", exchange.address.to_string()),
                ("WARC-Concurrent-To", urn(with)),
                ("X-Quanlian-Connection", urn(exchange.connection)),
            ]
        };
        let record = |id, kind, at, content_type, truncated, more| Record {
            id,
            kind,
            at,
            target: Some(exchange.url.clone()),
            content_type,
            truncated,
            more,
        };
        let mut listed = Listed {
            method: exchange.method.clone(),
            url: exchange.url.clone(),
            at: exchange.answered_at,
            status: exchange.status,
            media_type: exchange.content_type.as_deref().map(media_type),
            size_bytes: 0,
            payload_sha256: None,
            truncated: exchange.response_truncated.map(Truncated::word),
            place: None,
        };
        let answered = exchange.response.is_some();
        let mut inner = self.lock();
        for interim in exchange.interim {
            let record = record(
                Uuid::new_v4(),
                RecordKind::Response,
                exchange.answered_at,
                "application/http;msgtype=response",
                None,
                more(request_id),
            );
            inner.add(&record, interim);
        }
        if let Some(response) = exchange.response {
            listed.size_bytes = response.size_bytes;
            listed.payload_sha256 = Some(response.payload_sha256.clone());
            let record = record(
                response_id,
                RecordKind::Response,
                exchange.answered_at,
                "application/http;msgtype=response",
                exchange.response_truncated,
                more(request_id),
            );
            listed.place = inner.add(&record, response);
        }
        let mut beside = more(response_id);
        if !answered {
            beside.remove(1);
        }
        let record = record(
            request_id,
            RecordKind::Request,
            exchange.sent_at,
            "application/http;msgtype=request",
            exchange.request_truncated,
            beside,
        );
        inner.add(&record, exchange.request);
        inner.listed.push(listed);
    }

    /// Ends the file and makes it durable.
    pub fn close(&self) -> Result<Closed, WriteError> {
        let mut inner = self.lock();
        if let Some(failure) = inner.failure.take() {
            inner.writer = None;
            return Err(failure);
        }
        let writer = inner.writer.take().ok_or(WriteError::Stopped)?;
        let size_bytes = writer.size_bytes();
        let (file, sha256) = writer.finish()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(Closed {
            sha256,
            size_bytes,
            records: inner.records,
            listed: std::mem::take(&mut inner.listed),
        })
    }
}

impl Inner {
    fn add(&mut self, record: &Record, mut block: Block) -> Option<Place> {
        let added = self.writer.as_mut()?.add(record, &mut block);
        match added {
            Ok(place) => {
                self.records += 1;
                Some(place)
            }
            Err(error) => {
                self.failed(error);
                None
            }
        }
    }

    fn failed(&mut self, error: WriteError) {
        self.failure.get_or_insert(error);
    }
}

/// The media type of a `Content-Type`, bounded and without control signs.
fn media_type(content_type: &str) -> String {
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    plain
        .chars()
        .filter(char::is_ascii_graphic)
        .take(100)
        .collect::<String>()
        .to_ascii_lowercase()
}
