//! Reading and checking WARC files of anybody, without trusting a byte of them.
//!
//! In:  a file, plain or gzip, of WARC 0.17 to 1.1.
//! Out: [`Report`]: every record with what its digests say, and every [`Problem`] by name and place.
//!
//! Invariant: memory is bounded by [`MAX_HEADER_BYTES`] and [`MAX_PROBLEMS`], time by [`Bounds`]. A digest that is
//! absent, of an unknown kind, or of a record that cannot have one (revisit) is *not checked*, never *matches*. A file
//! is [`Report::is_sound`] only when it was read to its end without a problem.
//!
//! Not here: ARC files, the format before WARC; they are named and refused.

use std::io::{self, BufRead, Read};

use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER};
use flate2::bufread::GzDecoder;
use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::http1;

/// The longest header of a record, in bytes.
pub const MAX_HEADER_BYTES: usize = 128 * 1024;
/// Problems that are kept; reading stops when there are more.
pub const MAX_PROBLEMS: usize = 1000;
/// Bytes read at a time.
const STEP_BYTES: usize = 64 * 1024;

/// How much a check may read.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes after decompression.
    pub inflated_bytes: u64,
    /// Records.
    pub records: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            inflated_bytes: 64 << 30,
            records: 2_000_000,
        }
    }
}

/// What a digest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestState {
    /// Computed and equal.
    Matches,
    /// Computed and different.
    Differs,
    /// The record has none.
    Absent,
    /// It has one that was not computed: of an unknown kind, or of a record without its payload.
    NotChecked,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Where it begins in the file: its own first byte, or that of the gzip member that holds it.
    pub offset: u64,
    /// `WARC-Record-ID` as written.
    pub id: String,
    /// `WARC-Type`.
    pub kind: String,
    /// `WARC-Target-URI`, without the angle brackets that some writers put around it.
    pub target: Option<String>,
    /// `WARC-Date` as written.
    pub date: Option<String>,
    /// `Content-Type` of the block.
    pub content_type: Option<String>,
    /// `Content-Length`.
    pub size_bytes: u64,
    /// `WARC-Truncated`.
    pub truncated: Option<String>,
    /// `WARC-Concurrent-To`.
    pub concurrent_to: Option<String>,
    /// The status of an HTTP response.
    pub status: Option<u16>,
    /// The block digest.
    pub block: DigestState,
    /// The payload digest.
    pub payload: DigestState,
}

/// Something wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as [`Found::offset`].
    pub offset: u64,
    /// A stable word for programs.
    pub code: &'static str,
    /// For people, in English.
    pub detail: String,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The records, when they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
    /// How many records were read whole.
    pub records: u64,
    /// Records with a matching block digest.
    pub with_block_digest: u64,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// Whether the file was read to its end.
    pub to_the_end: bool,
}

impl Report {
    /// Whole and nothing wrong. Says nothing about records without digests: see [`Self::is_complete`].
    pub fn is_sound(&self) -> bool {
        self.to_the_end && self.problems.is_empty()
    }

    /// Sound, and every record has a block digest that matches.
    pub fn is_complete(&self) -> bool {
        self.is_sound() && self.records > 0 && self.with_block_digest == self.records
    }
}

/// What one record looks like while its block passes by.
pub trait Watcher {
    /// A record begins; its digests are not known yet.
    fn begins(&mut self, record: &Found);
    /// Bytes of its block.
    fn bytes(&mut self, bytes: &[u8]);
    /// It ended.
    fn ends(&mut self, record: &Found);
}

/// Keeps the list of records.
struct Listing<'a>(&'a mut Vec<Found>);

impl Watcher for Listing<'_> {
    fn begins(&mut self, _: &Found) {}
    fn bytes(&mut self, _: &[u8]) {}
    fn ends(&mut self, record: &Found) {
        self.0.push(record.clone());
    }
}

/// Reads a WARC to its end or to where it cannot be read on, and checks every digest.
///
/// The list of records in the report takes some hundred bytes each; [`Bounds::records`] bounds it.
pub fn check(file: impl BufRead, bounds: Bounds) -> io::Result<Report> {
    let mut found = Vec::new();
    let mut report = watch(file, bounds, &mut Listing(&mut found))?;
    report.found = found;
    Ok(report)
}

/// As [`check`], and shows every record to `watcher` instead of keeping a list.
pub fn watch(file: impl BufRead, bounds: Bounds, watcher: &mut dyn Watcher) -> io::Result<Report> {
    let mut reader = Checker {
        report: Report::default(),
        bounds,
        left: bounds.inflated_bytes,
        watcher,
    };
    let mut file = Counted { file, at: 0 };
    reader.file(&mut file)?;
    Ok(reader.report)
}

/// Knows how far the file has been read.
struct Counted<R> {
    file: R,
    at: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
        self.file.consume(amount);
    }
}

struct Checker<'a> {
    report: Report,
    bounds: Bounds,
    left: u64,
    watcher: &'a mut dyn Watcher,
}

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Record,
    End,
    /// Nothing behind this place can be trusted to be a record.
    Stop,
}

impl Checker<'_> {
    fn file<R: BufRead>(&mut self, file: &mut Counted<R>) -> io::Result<()> {
        if file.fill_buf()?.first() == Some(&0x1f) {
            return self.members(file);
        }
        loop {
            let offset = file.at;
            match self.record(file, offset)? {
                Next::Record => {}
                Next::End => {
                    self.report.to_the_end = true;
                    return Ok(());
                }
                Next::Stop => return Ok(()),
            }
        }
    }

    /// A file of gzip members, each of which should hold one record.
    fn members<R: BufRead>(&mut self, file: &mut Counted<R>) -> io::Result<()> {
        let mut told = false;
        loop {
            let offset = file.at;
            match file.fill_buf()?.first() {
                None => {
                    self.report.to_the_end = true;
                    return Ok(());
                }
                Some(0x1f) => {}
                Some(_) => {
                    self.problem(
                        offset,
                        "warc_gzip_garbage",
                        "bytes between or behind gzip members",
                    );
                    return Ok(());
                }
            }
            let mut member = io::BufReader::with_capacity(STEP_BYTES, GzDecoder::new(&mut *file));
            let mut records = 0_u32;
            loop {
                match self.record(&mut member, offset) {
                    Ok(Next::Record) => records += 1,
                    Ok(Next::End) => break,
                    Ok(Next::Stop) => return Ok(()),
                    Err(error) => return self.broken_member(offset, error),
                }
                if records == 2 && !told {
                    told = true;
                    self.problem(
                        offset,
                        "warc_gzip_not_per_record",
                        "several records in one gzip member: no record can be read alone",
                    );
                }
            }
            if records == 0 {
                self.problem(offset, "warc_gzip_empty", "a gzip member without a record");
                return Ok(());
            }
        }
    }

    fn broken_member(&mut self, offset: u64, error: io::Error) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.problem(offset, "warc_truncated", "the file ends inside a gzip member");
                Ok(())
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                self.problem(offset, "warc_gzip_damaged", &error.to_string());
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn record(&mut self, input: &mut dyn BufRead, offset: u64) -> io::Result<Next> {
        let text = match self.header(input, offset)? {
            Ok(text) => text,
            Err(next) => return Ok(next),
        };
        let Some(header) = Header::parse(&text) else {
            self.problem(offset, "warc_header", "the header of a record is not one of WARC");
            return Ok(Next::Stop);
        };
        let Some(size_bytes) = header.length() else {
            self.problem(
                offset,
                "warc_length",
                "Content-Length is absent, doubled or no number",
            );
            return Ok(Next::Stop);
        };
        for name in ["WARC-Record-ID", "WARC-Date", "WARC-Type"] {
            if header.get(name).is_none() {
                self.problem(offset, "warc_field_missing", &format!("{name} is absent"));
            }
        }
        if self.report.records >= self.bounds.records {
            self.problem(
                offset,
                "warc_too_many_records",
                "more records than this check reads",
            );
            return Ok(Next::Stop);
        }
        if size_bytes > self.left {
            self.problem(offset, "warc_too_large", "more bytes than this check reads");
            return Ok(Next::Stop);
        }
        self.left -= size_bytes;
        let mut found = header.found(offset, size_bytes);
        self.watcher.begins(&found);
        let mut block = BlockCheck::new(&header, &found);
        let mut left = size_bytes;
        let mut buffer = vec![0; STEP_BYTES];
        while left > 0 {
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(STEP_BYTES);
            let read = input.read(&mut buffer[..step])?;
            if read == 0 {
                self.problem(
                    offset,
                    "warc_truncated",
                    &format!("the block of {} ends {left} bytes early", found.id),
                );
                return Ok(Next::Stop);
            }
            block.update(&buffer[..read]);
            self.watcher.bytes(&buffer[..read]);
            left -= read as u64;
        }
        block.finish(&header, &mut found);
        self.digests(&found, &header);
        self.report.records += 1;
        self.report.with_block_digest += u64::from(found.block == DigestState::Matches);
        self.watcher.ends(&found);
        self.end_of_record(input, offset, &found.id)
    }

    fn digests(&mut self, found: &Found, header: &Header) {
        let pairs = [
            (found.block, "warc_block_digest", "WARC-Block-Digest"),
            (found.payload, "warc_payload_digest", "WARC-Payload-Digest"),
        ];
        for (state, code, name) in pairs {
            let written = header.get(name).unwrap_or_default();
            match state {
                DigestState::Differs => {
                    let detail = format!("{name} of {} is not {written}", found.id);
                    self.problem(found.offset, code, &detail);
                }
                DigestState::NotChecked if found.kind != "revisit" && !known_digest(written) => {
                    let detail = format!("{name} of {} is of an unknown kind: {written}", found.id);
                    self.problem(found.offset, "warc_digest_unknown", &detail);
                }
                _ => {}
            }
        }
    }

    /// The two empty lines behind a block. More of them are tolerated at the end of a file alone.
    fn end_of_record(&mut self, input: &mut dyn BufRead, offset: u64, id: &str) -> io::Result<Next> {
        let mut end = [0; 4];
        let mut have = 0;
        while have < 4 {
            let read = input.read(&mut end[have..])?;
            if read == 0 {
                break;
            }
            have += read;
        }
        if &end[..have] == b"\r\n\r\n" {
            return Ok(Next::Record);
        }
        let (code, detail) = if have < 4 {
            (
                "warc_truncated",
                format!("the file ends before the end of record {id}"),
            )
        } else {
            (
                "warc_record_end",
                format!("the block of {id} is longer than its Content-Length says"),
            )
        };
        self.problem(offset, code, &detail);
        Ok(Next::Stop)
    }

    /// The lines up to the empty one.
    fn header(&mut self, input: &mut dyn BufRead, offset: u64) -> io::Result<Result<String, Next>> {
        let mut bytes = Vec::new();
        loop {
            let begin = bytes.len();
            let room = (MAX_HEADER_BYTES - begin) as u64;
            Read::take(&mut *input, room).read_until(b'\n', &mut bytes)?;
            let line = &bytes[begin..];
            if line.is_empty() || line.last() != Some(&b'\n') {
                if bytes.is_empty() {
                    return Ok(Err(Next::End));
                }
                let (code, detail) = if bytes.len() >= MAX_HEADER_BYTES {
                    (
                        "warc_header_too_long",
                        "the header is longer than this check reads",
                    )
                } else if bytes.starts_with(b"WARC/") {
                    ("warc_truncated", "the file ends inside a header")
                } else {
                    ("warc_header", "what stands here is no record")
                };
                self.problem(offset, code, detail);
                return Ok(Err(Next::Stop));
            }
            if begin == 0 && !line.starts_with(b"WARC/") {
                let arc = line.starts_with(b"filedesc://");
                let (code, detail) = if arc {
                    (
                        "warc_is_arc",
                        "an ARC file, the format before WARC, which is not read",
                    )
                } else {
                    ("warc_header", "what stands here is no record")
                };
                self.problem(offset, code, detail);
                return Ok(Err(Next::Stop));
            }
            if matches!(line, b"\r\n" | b"\n") {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                return Ok(Ok(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }

    fn problem(&mut self, offset: u64, code: &'static str, detail: &str) {
        if self.report.problems.len() < MAX_PROBLEMS {
            self.report.problems.push(Problem {
                offset,
                code,
                detail: visible(detail),
            });
        }
    }
}

/// What comes from the file is shown without control signs and not at any length.
fn visible(text: &str) -> String {
    text.chars()
        .take(400)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

struct Header {
    fields: Vec<(String, String)>,
}

impl Header {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let version = lines.next()?.strip_prefix("WARC/")?.trim();
        if !matches!(version, "0.17" | "0.18" | "1.0" | "1.1") {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.is_empty() {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut()?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':')?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Some(Self { fields })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn length(&self) -> Option<u64> {
        let mut lengths = self
            .fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case("Content-Length"));
        let (_, text) = lengths.next()?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits && lengths.next().is_none()).then(|| text.parse().ok())?
    }

    fn found(&self, offset: u64, size_bytes: u64) -> Found {
        let text = |name| self.get(name).map(str::to_owned);
        Found {
            offset,
            id: text("WARC-Record-ID").unwrap_or_default(),
            kind: text("WARC-Type").unwrap_or_default(),
            target: self.get("WARC-Target-URI").map(|target| {
                let inner = target.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
                inner.unwrap_or(target).to_owned()
            }),
            date: text("WARC-Date"),
            content_type: text("Content-Type"),
            size_bytes,
            truncated: text("WARC-Truncated"),
            concurrent_to: text("WARC-Concurrent-To"),
            status: None,
            block: DigestState::Absent,
            payload: DigestState::Absent,
        }
    }
}

/// The digests of one record while its block passes by.
struct BlockCheck {
    block: Option<Expected>,
    payload: Option<PayloadCheck>,
    response: bool,
    revisit: bool,
    /// The head of an HTTP message until it is whole.
    head: Vec<u8>,
    head_read: bool,
    status: Option<u16>,
}

/// The payload is what follows the head as it crossed the wire, or the same with its chunks joined: writers differ, so
/// both are computed and one has to match.
struct PayloadCheck {
    wire: Expected,
    joined: Option<(http1::Chunks, Expected)>,
}

impl BlockCheck {
    fn new(header: &Header, found: &Found) -> Self {
        let http = found
            .content_type
            .as_deref()
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/http"));
        let revisit = found.kind == "revisit";
        let block_digest = header.get("WARC-Block-Digest");
        let payload_digest = header.get("WARC-Payload-Digest");
        Self {
            block: block_digest.and_then(Expected::parse),
            payload: payload_digest
                .filter(|_| !revisit && header.get("WARC-Segment-Number").is_none())
                .and_then(Expected::parse)
                .map(|wire| PayloadCheck { wire, joined: None }),
            response: found.kind == "response",
            revisit,
            head: Vec::new(),
            head_read: !http,
            status: None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        if let Some(block) = &mut self.block {
            block.update(bytes);
        }
        if self.head_read {
            self.payload(bytes);
            return;
        }
        let before = self.head.len();
        let room = http1::MAX_HEAD_BYTES.saturating_sub(before);
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if let Some(end) = end_of_head(&self.head, before) {
            self.read_head(end);
            // What of this step lies behind the head.
            self.payload(&bytes[end - before..]);
        } else if bytes.len() > room {
            // No end of a head within bounds: a payload cannot be told from it.
            self.head_read = true;
            self.payload = None;
        }
    }

    fn read_head(&mut self, end: usize) {
        self.head_read = true;
        let chunked = if self.response {
            let head = http1::response_head(&self.head[..end]).ok().flatten();
            self.status = head.as_ref().map(|head| head.status);
            head.and_then(|head| http1::Body::of_response("GET", &head).ok())
        } else {
            let head = http1::request_head(&self.head[..end]).ok().flatten();
            head.and_then(|head| http1::Body::of_request(&head).ok())
        };
        if let (Some(payload), Some(http1::Body::Chunked(chunks))) = (&mut self.payload, chunked) {
            payload.joined = Some((chunks, payload.wire.clone()));
        }
        self.head = Vec::new();
    }

    fn payload(&mut self, bytes: &[u8]) {
        let Some(payload) = &mut self.payload else {
            return;
        };
        payload.wire.update(bytes);
        if let Some((chunks, joined)) = &mut payload.joined
            && chunks.take(bytes, |data| joined.update(data)).is_err()
        {
            payload.joined = None;
        }
    }

    fn finish(mut self, header: &Header, found: &mut Found) {
        if !self.head_read {
            // A head without its empty line (some writers end a block there): all of it is head.
            let end = self.head.len();
            self.read_head(end);
        }
        found.status = self.status;
        let state = |name, matches: Option<bool>| match (header.get(name).is_some(), matches) {
            (false, _) => DigestState::Absent,
            (true, None) => DigestState::NotChecked,
            (true, Some(true)) => DigestState::Matches,
            (true, Some(false)) => DigestState::Differs,
        };
        found.block = state("WARC-Block-Digest", self.block.map(Expected::matches));
        let payload = self.payload.map(|payload| {
            let joined = payload
                .joined
                .is_some_and(|(chunks, joined)| chunks.is_complete() && joined.matches());
            joined || payload.wire.matches()
        });
        found.payload = state("WARC-Payload-Digest", payload);
        // The block digest of a revisit that quotes the digest of the full record is a known habit of old writers.
        if self.revisit && found.block == DigestState::Differs {
            found.block = DigestState::NotChecked;
        }
    }
}

/// The end of a head, with the empty line, when it lies in `bytes`; `from` were looked at before.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(3);
    let crlf = find(&bytes[from..], b"\r\n\r\n").map(|at| from + at + 4);
    let lf = find(&bytes[from..], b"\n\n").map(|at| from + at + 2);
    match (crlf, lf) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[derive(Clone)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

/// A digest as written, and the same being computed.
#[derive(Clone)]
struct Expected {
    hasher: Hasher,
    written: String,
}

fn known_digest(text: &str) -> bool {
    Expected::parse(text).is_some()
}

impl Expected {
    fn parse(text: &str) -> Option<Self> {
        let (kind, written) = text.split_once(':')?;
        let hasher = match kind.trim().to_ascii_lowercase().as_str() {
            "sha1" | "sha-1" => Hasher::Sha1(Sha1::new()),
            "sha256" | "sha-256" => Hasher::Sha256(Sha256::new()),
            "sha512" | "sha-512" => Hasher::Sha512(Sha512::new()),
            _ => return None,
        };
        Some(Self {
            hasher,
            written: written.trim().to_owned(),
        })
    }

    fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Base32, base64 and hex are all in use.
    fn matches(self) -> bool {
        let computed = match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha512(hasher) => hasher.finalize().to_vec(),
        };
        let upper = self.written.to_ascii_uppercase();
        HEXLOWER.encode(&computed) == self.written.to_ascii_lowercase()
            || BASE32.encode(&computed).trim_end_matches('=') == upper.trim_end_matches('=')
            || BASE64.encode(&computed) == self.written
            || BASE64URL.encode(&computed) == self.written
    }
}
