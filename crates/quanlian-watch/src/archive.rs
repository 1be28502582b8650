//! Web archives: the media files inside a WARC, each with the address and the time of its capture.
//!
//! In:  a WARC file of anybody, plain or gzip.
//! Out: the bodies of responses and resources that may be media or text, as files of a folder.
//!
//! Invariants: a body whose record has a digest that differs is not taken. Number and size of files are bounded; what
//! was left out is named. Parts of a file (ranges) are taken only when one part is the whole.
//!
//! Not here: whether the archive itself is sound (`quanlian_capture::warc`).

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use quanlian_capture::{
    http1::{self, Body, ResponseHead},
    warc::read::{self, Bounds, DigestState, Found, Watcher},
};
use quanlian_record::time::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// The most files taken out of one archive.
pub const MAX_FILES: usize = 100_000;
/// Bytes read at a time when a body is unpacked.
const STEP_BYTES: usize = 64 << 10;
/// Kinds that something here can compare; pages are what links to them and not taken.
const KINDS: [&str; 6] = [
    "audio/",
    "video/",
    "image/",
    "text/plain",
    "application/ogg",
    "application/octet-stream",
];

/// How much is taken out of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file.
    pub file_bytes: u64,
    /// All files together.
    pub total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 2 << 30,
            total_bytes: 64 << 30,
        }
    }
}

/// One file that was taken out, not yet in its place.
#[derive(Debug)]
pub struct Taken {
    /// The address that it was captured from.
    pub address: String,
    /// When, as the record says.
    pub captured_at: Option<Timestamp>,
    /// Its kind, as the server said.
    pub content_type: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
    /// The file.
    pub file: NamedTempFile,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Content {
    /// The files, in the order of the archive.
    pub taken: Vec<Taken>,
    /// What was left out: address or place, a stable word, why.
    pub left_out: Vec<(String, &'static str, String)>,
    /// Whether the archive was read to its end without a problem.
    pub is_sound: bool,
}

/// Takes the media out of an archive, into files below `folder`.
pub fn read(archive: &Path, folder: &Path, limits: Limits) -> io::Result<Content> {
    let mut reader = Extractor {
        folder,
        limits,
        left_bytes: limits.total_bytes,
        current: None,
        content: Content::default(),
        failed: None,
    };
    let file = BufReader::new(File::open(archive)?);
    let report = read::watch(file, Bounds::default(), &mut reader)?;
    if let Some(error) = reader.failed {
        return Err(error);
    }
    let mut content = reader.content;
    content.is_sound = report.is_sound();
    for problem in report.problems {
        let place = format!("byte {}", problem.offset);
        content.left_out.push((place, problem.code, problem.detail));
    }
    Ok(content)
}

/// A record whose body may be wanted.
struct Current {
    address: String,
    /// The head of the response while it is not whole; none once the body began.
    head: Option<Vec<u8>>,
    body: Body,
    content_type: String,
    is_gzip: bool,
    file: NamedTempFile,
    digest: Sha256,
    size_bytes: u64,
    /// Why it is not taken after all.
    left_out: Option<(&'static str, String)>,
}

struct Extractor<'a> {
    folder: &'a Path,
    limits: Limits,
    left_bytes: u64,
    current: Option<Current>,
    content: Content,
    failed: Option<io::Error>,
}

impl Watcher for Extractor<'_> {
    fn begins(&mut self, record: &Found) {
        self.current = None;
        let is_response = record.kind == "response";
        let (true, Some(address)) = (is_response || record.kind == "resource", record.target.clone()) else {
            return;
        };
        let content_type = record
            .content_type
            .clone()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_wanted = is_response || wanted(&content_type);
        if !is_wanted || !(address.starts_with("http://") || address.starts_with("https://")) {
            return;
        }
        match NamedTempFile::new_in(self.folder) {
            Ok(file) => {
                self.current = Some(Current {
                    address,
                    head: is_response.then(Vec::new),
                    body: Body::UntilClose,
                    content_type,
                    is_gzip: false,
                    file,
                    digest: Sha256::new(),
                    size_bytes: 0,
                    left_out: None,
                });
            }
            Err(error) => self.failed = Some(error),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let most = self.limits.file_bytes.min(self.left_bytes);
        let Some(current) = &mut self.current else { return };
        match current.take(bytes, most) {
            Ok(true) => {}
            Ok(false) => self.current = None,
            Err(error) => {
                self.failed.get_or_insert(error);
                self.current = None;
            }
        }
    }

    fn ends(&mut self, record: &Found) {
        let Some(mut current) = self.current.take().filter(|current| current.head.is_none()) else {
            return;
        };
        if current.left_out.is_none() {
            current.left_out = if [record.block, record.payload].contains(&DigestState::Differs) {
                Some((
                    "archive_digest_differs",
                    "the record is not what its digest says".into(),
                ))
            } else if record.truncated.is_some() || !current.body.may_end_here() {
                Some(("archive_cut_off", "the capture was cut off".into()))
            } else if current.size_bytes == 0 {
                return;
            } else if self.content.taken.len() >= MAX_FILES {
                Some(("archive_full", format!("more than {MAX_FILES} files")))
            } else {
                None
            };
        }
        if let Some((code, why)) = current.left_out {
            self.content.left_out.push((current.address, code, why));
            return;
        }
        let captured_at = record.date.as_deref().and_then(|date| date.parse().ok());
        // What is unpacked counts as well.
        let most = self.limits.file_bytes.min(self.left_bytes);
        match current.finish(self.folder, most, captured_at) {
            Ok(Ok(taken)) => {
                self.left_bytes = self.left_bytes.saturating_sub(taken.size_bytes);
                self.content.taken.push(taken);
            }
            Ok(Err((address, code, why))) => self.content.left_out.push((address, code, why)),
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }
}

fn wanted(content_type: &str) -> bool {
    KINDS.iter().any(|kind| content_type.starts_with(kind))
}

impl Current {
    /// Takes bytes of the block; false when the body is not wanted.
    fn take(&mut self, bytes: &[u8], most_bytes: u64) -> io::Result<bool> {
        let Some(head) = &mut self.head else {
            self.store(bytes, most_bytes)?;
            return Ok(true);
        };
        let before = head.len();
        head.extend_from_slice(bytes);
        let response = match http1::response_head(head) {
            Ok(Some(response)) => response,
            Ok(None) => return Ok(true),
            Err(_) => return Ok(false),
        };
        let begins = response.size_bytes;
        self.head = None;
        if !self.accept(&response) {
            return Ok(false);
        }
        self.store(
            bytes.get(begins.saturating_sub(before)..).unwrap_or_default(),
            most_bytes,
        )?;
        Ok(true)
    }

    fn accept(&mut self, response: &ResponseHead) -> bool {
        let field = |name| {
            response
                .fields
                .first(name)
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        self.content_type = field("content-type");
        let is_whole = match response.status {
            200 => true,
            206 => is_whole_range(&field("content-range")),
            _ => return false,
        };
        if !wanted(&self.content_type) {
            return false;
        }
        if !is_whole {
            self.left_out = Some((
                "archive_part",
                "a part of a file; the whole was not captured".into(),
            ));
        }
        match field("content-encoding").as_str() {
            "" | "identity" => {}
            "gzip" | "x-gzip" => self.is_gzip = true,
            other => {
                self.left_out = Some((
                    "archive_encoding",
                    format!("packed as `{other}`, which is not read here"),
                ));
            }
        }
        match Body::of_response("GET", response) {
            Ok(body) => self.body = body,
            Err(error) => self.left_out = Some(("archive_body", error.to_string())),
        }
        true
    }

    fn store(&mut self, bytes: &[u8], most_bytes: u64) -> io::Result<()> {
        if self.left_out.is_some() {
            return Ok(());
        }
        let (file, digest, size_bytes) = (&mut self.file, &mut self.digest, &mut self.size_bytes);
        let mut failed = Ok(());
        let mut put = |data: &[u8]| {
            *size_bytes += data.len() as u64;
            if *size_bytes <= most_bytes && failed.is_ok() {
                digest.update(data);
                failed = file.write_all(data);
            }
        };
        let taken = match &mut self.body {
            Body::Chunked(chunks) => chunks.take(bytes, &mut put).map(|_| ()),
            body => body.take(bytes).map(|count| put(&bytes[..count])),
        };
        failed?;
        if let Err(error) = taken {
            self.left_out = Some(("archive_body", error.to_string()));
        } else if self.size_bytes > most_bytes {
            self.left_out = Some(("archive_too_large", format!("more than {most_bytes} bytes")));
        }
        Ok(())
    }

    /// The file, unpacked where the server packed it; or why it is left out.
    fn finish(
        self,
        folder: &Path,
        most_bytes: u64,
        captured_at: Option<Timestamp>,
    ) -> io::Result<Result<Taken, (String, &'static str, String)>> {
        let taken = |file, digest: Sha256, size_bytes, address, content_type| Taken {
            address,
            captured_at,
            content_type,
            sha256: hex::encode(digest.finalize()),
            size_bytes,
            file,
        };
        if !self.is_gzip {
            return Ok(Ok(taken(
                self.file,
                self.digest,
                self.size_bytes,
                self.address,
                self.content_type,
            )));
        }
        let mut packed = MultiGzDecoder::new(BufReader::new(self.file.reopen()?));
        let mut file = NamedTempFile::new_in(folder)?;
        let (mut digest, mut size_bytes) = (Sha256::new(), 0_u64);
        let mut step = vec![0; STEP_BYTES];
        loop {
            let read = match packed.read(&mut step) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => return Ok(Err((self.address, "archive_encoding", error.to_string()))),
            };
            size_bytes += read as u64;
            if size_bytes > most_bytes {
                let why = format!("more than {most_bytes} bytes when unpacked");
                return Ok(Err((self.address, "archive_too_large", why)));
            }
            digest.update(&step[..read]);
            file.write_all(&step[..read])?;
        }
        Ok(Ok(taken(
            file,
            digest,
            size_bytes,
            self.address,
            self.content_type,
        )))
    }
}

/// `bytes 0-9/10` is the whole of ten bytes.
fn is_whole_range(range: &str) -> bool {
    let whole = || {
        let (part, total) = range.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let (from, to) = part.split_once('-')?;
        let (from, to, total): (u64, u64, u64) = (from.parse().ok()?, to.parse().ok()?, total.parse().ok()?);
        Some(from == 0 && to.checked_add(1)? == total)
    };
    whole().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        file_bytes: 3_000,
        total_bytes: 5_000,
    };

    fn read_bytes(archive: &[u8]) -> Content {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.warc");
        std::fs::write(&path, archive).unwrap();
        read(&path, folder.path(), LIMITS).unwrap()
    }

    /// A response with this body, which the server packed.
    fn packed_response(body: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(body).unwrap();
        let body = gzip.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let block = [head.as_bytes(), &body].concat();
        let fields = format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n\
             WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: https://a.example/a.mp3\r\n\
             Content-Type: application/http;msgtype=response\r\nContent-Length: {}\r\n\r\n",
            block.len()
        );
        [fields.as_bytes(), &block, b"\r\n\r\n"].concat()
    }

    #[test]
    fn packed_bodies_count_by_what_they_unpack_to() {
        let content = read_bytes(&packed_response(&[7; 2_000]).repeat(4));
        let sizes: Vec<u64> = content.taken.iter().map(|taken| taken.size_bytes).collect();
        assert_eq!(sizes, [2_000, 2_000], "{:?}", content.left_out);
        assert!(
            content
                .left_out
                .iter()
                .all(|(_, code, _)| *code == "archive_too_large")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_and_any_damage_stay_within_the_limits(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let mut damaged = packed_response(b"sound").repeat(2);
            for (at, byte) in changes {
                let at = at.index(damaged.len());
                damaged[at] = byte;
            }
            for archive in [&bytes, &damaged] {
                let content = read_bytes(archive);
                prop_assert!(content.taken.iter().all(|taken| taken.size_bytes <= LIMITS.file_bytes));
                prop_assert!(content.taken.iter().map(|taken| taken.size_bytes).sum::<u64>() <= LIMITS.total_bytes);
            }
        }
    }

    #[test]
    fn only_a_range_of_everything_is_whole() {
        assert!(is_whole_range("bytes 0-9/10"));
        for part in [
            "bytes 0-8/10",
            "bytes 1-9/10",
            "bytes 0-9/*",
            "",
            "bytes 0-18446744073709551615/1",
        ] {
            assert!(!is_whole_range(part), "{part}");
        }
    }
}
