//! Writing a WARC: one gzip member a record.
//!
//! In:  [`Record`]s and their [`Block`]s.
//! Out: the file, the place of each record in it ([`Place`]), and the SHA-256 of the whole.
//!
//! Invariant: a record is written whole or the writer fails for good: after an error nothing more is accepted, so a
//! file never continues behind a torn record. Header values hold no line ends.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use quanlian_record::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{RecordKind, Truncated, spool::Block};

/// The longest value of a header, in bytes; longer ones are refused.
pub const MAX_VALUE_BYTES: usize = 16 * 1024;

/// What stands in the header of a record, beside what its block gives.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: RecordKind,
    /// When the block began to be received or made.
    pub at: Timestamp,
    /// `WARC-Target-URI`.
    pub target: Option<String>,
    /// `Content-Type` of the block.
    pub content_type: &'static str,
    /// `WARC-Truncated`.
    pub truncated: Option<Truncated>,
    /// Further headers, such as `WARC-Concurrent-To`.
    pub more: Vec<(&'static str, String)>,
}

/// Where a record lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub offset: u64,
    /// Its bytes as compressed.
    pub size_bytes: u64,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum WriteError {
    /// A header value with a line end, or too long.
    #[error("the value of {name} has {size_bytes} bytes or a line end in it")]
    Value { name: &'static str, size_bytes: usize },
    /// The block gave fewer bytes than it said.
    #[error("the block is shorter than announced")]
    Short,
    /// The disk.
    #[error("cannot write the WARC")]
    Io(#[from] io::Error),
    /// An earlier record could not be written.
    #[error("an earlier record could not be written; the file ends there")]
    Stopped,
}

impl WriteError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "warc_write_value",
            Self::Short => "warc_write_short",
            Self::Io(_) => "warc_write_io",
            Self::Stopped => "warc_write_stopped",
        }
    }
}

/// A WARC being written.
pub struct Writer<W: Write> {
    out: Counted<W>,
    stopped: bool,
}

/// Counts and digests what passes.
struct Counted<W> {
    out: W,
    size_bytes: u64,
    digest: Sha256,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.size_bytes += written as u64;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Writer<W> {
    /// A writer into an empty file.
    pub fn new(out: W) -> Self {
        Self {
            out: Counted {
                out,
                size_bytes: 0,
                digest: Sha256::new(),
            },
            stopped: false,
        }
    }

    /// Adds a record.
    pub fn add(&mut self, record: &Record, block: &mut Block) -> Result<Place, WriteError> {
        if self.stopped {
            return Err(WriteError::Stopped);
        }
        // Checked before the first byte, so that a refused record leaves the file whole.
        let header = header(record, block)?;
        let offset = self.out.size_bytes;
        self.stopped = true;
        let mut gzip = GzEncoder::new(&mut self.out, Compression::default());
        gzip.write_all(header.as_bytes())?;
        if io::copy(block, &mut gzip)? != block.size_bytes {
            return Err(WriteError::Short);
        }
        gzip.write_all(b"\r\n\r\n")?;
        gzip.finish()?;
        self.stopped = false;
        Ok(Place {
            offset,
            size_bytes: self.out.size_bytes - offset,
        })
    }

    /// Bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.out.size_bytes
    }

    /// The file and its SHA-256. Making it durable is left to the caller, who knows what it is.
    pub fn finish(mut self) -> Result<(W, String), WriteError> {
        if self.stopped {
            return Err(WriteError::Stopped);
        }
        self.out.flush()?;
        Ok((self.out.out, hex::encode(self.out.digest.finalize())))
    }
}

fn header(record: &Record, block: &Block) -> Result<String, WriteError> {
    use std::fmt::Write as _;
    let mut fields: Vec<(&'static str, String)> = vec![
        ("WARC-Type", record.kind.word().to_owned()),
        ("WARC-Record-ID", urn(record.id)),
        ("WARC-Date", record.at.to_string()),
    ];
    if let Some(target) = &record.target {
        fields.push(("WARC-Target-URI", target.clone()));
    }
    fields.extend(record.more.iter().cloned());
    fields.push(("WARC-Payload-Digest", format!("sha256:{}", block.payload_sha256)));
    fields.push(("WARC-Block-Digest", format!("sha256:{}", block.block_sha256)));
    if let Some(truncated) = record.truncated {
        fields.push(("WARC-Truncated", truncated.word().to_owned()));
    }
    fields.push(("Content-Type", record.content_type.to_owned()));
    fields.push(("Content-Length", block.size_bytes.to_string()));
    let mut text = "WARC/1.1\r\n".to_owned();
    for (name, value) in fields {
        let size_bytes = value.len();
        if size_bytes > MAX_VALUE_BYTES || value.chars().any(char::is_control) {
            return Err(WriteError::Value { name, size_bytes });
        }
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    Ok(text)
}

/// The form of an id in headers.
pub fn urn(id: Uuid) -> String {
    format!("<urn:uuid:{id}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(target: &str) -> Record {
        Record {
            id: Uuid::from_u128(7),
            kind: RecordKind::Response,
            at: "2024-12-20T01:30:00Z".parse().unwrap(),
            target: Some(target.to_owned()),
            content_type: "application/http;msgtype=response",
            truncated: Some(Truncated::Length),
            more: vec![("WARC-IP-Address", "93.184.216.34".to_owned())],
        }
    }

    fn block() -> Block {
        let mut spool = super::super::spool::Spool::default();
        spool.head(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        spool.body(b"abc").unwrap();
        spool.close().unwrap()
    }

    #[test]
    fn a_record_has_one_byte_form() {
        let mut writer = Writer::new(Vec::new());
        let place = writer.add(&record("http://a.example/"), &mut block()).unwrap();
        let (bytes, digest) = writer.finish().unwrap();
        assert_eq!((place.offset, place.size_bytes), (0, bytes.len() as u64));
        assert_eq!(digest, hex::encode(Sha256::digest(&bytes)));
        let mut text = String::new();
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
        assert_eq!(
            text,
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000007>\r\n\
             WARC-Date: 2024-12-20T01:30:00.000000Z\r\nWARC-Target-URI: http://a.example/\r\n\
             WARC-IP-Address: 93.184.216.34\r\n\
             WARC-Payload-Digest: sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\r\n\
             WARC-Block-Digest: sha256:04dfbbfc9de110a4cbb93294aa5b7391ea1a3d849da6d15a871440f8d4c2ac19\r\n\
             WARC-Truncated: length\r\nContent-Type: application/http;msgtype=response\r\nContent-Length: 22\r\n\r\n\
             HTTP/1.1 200 OK\r\n\r\nabc\r\n\r\n"
        );
    }

    #[test]
    fn a_header_cannot_be_injected_and_the_file_stays_whole() {
        let mut writer = Writer::new(Vec::new());
        let error = writer
            .add(&record("http://a.example/\r\nWARC-Type: warcinfo"), &mut block())
            .unwrap_err();
        assert_eq!(error.code(), "warc_write_value");
        assert_eq!(writer.size_bytes(), 0);
        writer.add(&record("http://a.example/"), &mut block()).unwrap();
    }
}
