//! ID3: tags of MP3 and of whatever else carries them.
//!
//! In:  the place of an ID3v2 tag (2.2, 2.3, 2.4), or the end of a file for ID3v1.
//! Out: text frames, `TXXX` with its description, comments, links, XMP in `PRIV`, C2PA in `GEOB`.
//!
//! The practice guide for sound (TC260-PG-202510A) puts the label into a `TXXX` frame with the description `AIGC`.
//!
//! Invariant: two frames of one name are two claims; the order is that of the file.

use std::io;

use crate::{
    c2pa,
    claim::{Encoding, Kind, Place, ProblemCode},
    findings::Findings,
    source::{Source, be},
    text,
    xmp::{self, Origin},
};

use super::{MAX_TEXT_BYTES, bounded};

/// The largest tag that is walked. Cover pictures make large tags, and four bytes of seven bits cannot say more.
const MAX_TAG_BYTES: u64 = 256 * 1024 * 1024;
/// The largest frame whose content is read.
const MAX_FRAME_BYTES: usize = 2 * 1024 * 1024;

/// What the names of a version look like.
#[derive(Clone, Copy)]
struct Version {
    major: u8,
    header_len: u64,
}

/// Reads the tag at `at`, if there is one, inside what ends at `limit`; returns where it ends.
pub(super) fn read(
    source: &mut Source<'_>,
    at: u64,
    limit: u64,
    container: &str,
    findings: &mut Findings,
) -> io::Result<u64> {
    let Some([b'I', b'D', b'3', major, _, flags, size @ ..]) = source.array::<10>(at)? else {
        return Ok(at);
    };
    let container = format!("{container}/id3v2.{major}");
    let place = || Place::new(&container, "", at);
    let end = super::end_of(at + 10, synchsafe(size), limit.max(at + 10), place, findings);
    let version = match major {
        2 => Version { major, header_len: 6 },
        3 | 4 => Version {
            major,
            header_len: 10,
        },
        _ => {
            findings.unread(ProblemCode::NotReadHere, place(), major.to_string());
            return Ok(end);
        }
    };
    if end - at > MAX_TAG_BYTES {
        findings.unread(ProblemCode::TooLarge, place(), MAX_TAG_BYTES.to_string());
        return Ok(end);
    }
    // Unsynchronisation of the whole tag (2.2, 2.3) moves every place; the tag is undone in memory when it is small.
    let whole = flags & 0x80 != 0 && major < 4;
    if flags & 0x40 != 0 && major == 2 {
        findings.unread(ProblemCode::NotReadHere, place(), "compression");
        return Ok(end);
    }
    let first = at + 10;
    if whole {
        let bytes = source.bytes(first, bounded(end - first, MAX_FRAME_BYTES))?;
        if (bytes.len() as u64) < end - first {
            findings.unread(ProblemCode::TooLarge, place(), MAX_FRAME_BYTES.to_string());
        }
        let mut plain = io::Cursor::new(synchronise(&bytes));
        let mut inner = Source::new(&mut plain)?;
        let inner_end = inner.len();
        let start = extended_header(&mut inner, 0, flags, version)?;
        let mut frames = Frames {
            source: &mut inner,
            findings,
            container: &container,
            version,
            shift: Some(at),
        };
        frames.walk(start, inner_end)?;
    } else {
        let start = extended_header(source, first, flags, version)?;
        let mut frames = Frames {
            source,
            findings,
            container: &container,
            version,
            shift: None,
        };
        frames.walk(start, end)?;
    }
    Ok(end)
}

/// Four bytes of seven bits.
fn synchsafe(bytes: [u8; 4]) -> u64 {
    bytes.iter().fold(0, |n, b| n << 7 | u64::from(b & 0x7f))
}

/// Where the first frame stands.
fn extended_header(source: &mut Source<'_>, first: u64, flags: u8, version: Version) -> io::Result<u64> {
    if flags & 0x40 == 0 || version.major == 2 {
        return Ok(first);
    }
    let Some(size) = source.array::<4>(first)? else {
        return Ok(first);
    };
    // In 2.3 the size leaves itself out; in 2.4 it counts itself.
    Ok(match version.major {
        3 => first + 4 + be(&size),
        _ => first + synchsafe(size).max(6),
    })
}

/// Undoes unsynchronisation: a zero byte after 0xff was put in.
fn synchronise(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut was_ff = false;
    for &byte in bytes {
        if !(was_ff && byte == 0) {
            plain.push(byte);
        }
        was_ff = byte == 0xff;
    }
    plain
}

struct Frames<'f, 's> {
    source: &'f mut Source<'s>,
    findings: &'f mut Findings,
    container: &'f str,
    version: Version,
    /// The place to give for every frame when the bytes at hand are not those of the file.
    shift: Option<u64>,
}

impl Frames<'_, '_> {
    fn place(&self, key: &str, at: u64) -> Place {
        Place::new(self.container, key, self.shift.unwrap_or(at))
    }

    fn walk(&mut self, mut at: u64, end: u64) -> io::Result<()> {
        let id_len = if self.version.major == 2 { 3 } else { 4 };
        while at + self.version.header_len <= end {
            let place = self.place("", at);
            if !self.findings.count(|| place) {
                return Ok(());
            }
            let header = self.source.bytes(at, self.version.header_len as usize)?;
            if header.len() < self.version.header_len as usize {
                return Ok(());
            }
            let id = &header[..id_len];
            if id[0] == 0 {
                // Padding.
                return Ok(());
            }
            if !id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
                let place = self.place("frame", at);
                self.findings.unread(ProblemCode::Malformed, place, "");
                return Ok(());
            }
            let id = String::from_utf8_lossy(id).into_owned();
            let size = match self.version.major {
                2 => be(&header[3..6]),
                3 => be(&header[4..8]),
                _ => self.frame_size_of_2_4(&header, at, end)?,
            };
            let content = at + self.version.header_len;
            let place = self.place(&id, at);
            let frame_end = super::end_of(content, size, end, || place, self.findings);
            let flags = if self.version.major == 2 {
                0
            } else {
                be(&header[8..10])
            };
            self.frame(&id, flags, at, content, frame_end - content.min(frame_end))?;
            at = frame_end;
        }
        Ok(())
    }

    /// Old iTunes wrote sizes of eight bits a byte into 2.4. Where the standard reading leads to no frame and the other
    /// does, the other is meant.
    fn frame_size_of_2_4(&mut self, header: &[u8], at: u64, end: u64) -> io::Result<u64> {
        let bytes = [header[4], header[5], header[6], header[7]];
        let (standard, plain) = (synchsafe(bytes), be(&bytes));
        if standard == plain {
            return Ok(standard);
        }
        let mut leads_on = |size: u64| -> io::Result<bool> {
            let next = at + 10 + size;
            if next == end {
                return Ok(true);
            }
            let id = self.source.array::<4>(next)?;
            Ok(next < end
                && id.is_some_and(|id| {
                    id == [0; 4] || id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                }))
        };
        Ok(if !leads_on(standard)? && leads_on(plain)? {
            plain
        } else {
            standard
        })
    }

    fn frame(&mut self, id: &str, flags: u64, at: u64, content: u64, len: u64) -> io::Result<()> {
        let is_read = id.starts_with('T')
            || id.starts_with('W')
            || matches!(id, "COMM" | "COM" | "PRIV" | "GEOB" | "GEO" | "USER");
        if !is_read {
            return Ok(());
        }
        if len > MAX_FRAME_BYTES as u64 && !matches!(id, "GEOB" | "GEO") {
            let place = self.place(id, at);
            self.findings
                .unread(ProblemCode::TooLarge, place, MAX_FRAME_BYTES.to_string());
            return Ok(());
        }
        let raw = self.source.bytes(content, bounded(len, MAX_FRAME_BYTES))?;
        let bytes = match self.plain(raw, flags) {
            Ok(bytes) => bytes,
            Err(code) => {
                let place = self.place(id, at);
                self.findings.unread(code, place, "");
                return Ok(());
            }
        };
        match id {
            "PRIV" => {
                if let Some(packet) = bytes.strip_prefix(b"XMP\0") {
                    let container = format!("{}/PRIV", self.container);
                    let was_changed = bytes.len() as u64 != len;
                    let origin = match self.shift {
                        None if !was_changed => Origin::File(content + 4),
                        _ => Origin::Unpacked(self.shift.unwrap_or(at)),
                    };
                    xmp::read(packet, packet.len() as u64, &container, origin, self.findings);
                }
            }
            "GEOB" | "GEO" => self.object(&bytes, at, len),
            "TXXX" | "TXX" | "WXXX" | "WXX" => self.described(id, &bytes, 0, at, len),
            "COMM" | "COM" => self.described(id, &bytes, 3, at, len),
            _ if id.starts_with('W') => {
                let place = self.place(id, at);
                self.findings.bytes(Kind::Tag, place, &bytes, len);
            }
            _ => {
                let Some((&marker, rest)) = bytes.split_first() else {
                    return Ok(());
                };
                let (value, encoding) = decode(marker, rest);
                self.text(id, &value, at, len, encoding);
            }
        }
        Ok(())
    }

    /// Undoes what the flags of a frame say was done to it.
    fn plain(&mut self, mut bytes: Vec<u8>, flags: u64) -> Result<Vec<u8>, ProblemCode> {
        let (is_packed, is_encrypted, is_grouped, is_unsynchronised, has_length) = match self.version.major {
            3 => (
                flags & 0x80 != 0,
                flags & 0x40 != 0,
                flags & 0x20 != 0,
                false,
                flags & 0x80 != 0,
            ),
            4 => (
                flags & 0x08 != 0,
                flags & 0x04 != 0,
                flags & 0x40 != 0,
                flags & 0x02 != 0,
                flags & 0x01 != 0,
            ),
            _ => (false, false, false, false, false),
        };
        if is_encrypted {
            return Err(ProblemCode::Encrypted);
        }
        let skip = usize::from(is_grouped) + if has_length { 4 } else { 0 };
        bytes.drain(..skip.min(bytes.len()));
        if is_unsynchronised {
            bytes = synchronise(&bytes);
        }
        if is_packed {
            self.findings.unpack(&bytes, MAX_FRAME_BYTES)
        } else {
            Ok(bytes)
        }
    }

    /// A frame with a description: marker of the encoding, `skip` bytes of language, description, zero, text.
    fn described(&mut self, id: &str, bytes: &[u8], skip: usize, at: u64, len: u64) {
        let malformed = |frames: &mut Self| {
            let place = frames.place(id, at);
            frames.findings.unread(ProblemCode::Malformed, place, "");
        };
        let Some((&marker, rest)) = bytes.split_first() else {
            return malformed(self);
        };
        let Some((description, value)) = rest.get(skip..).and_then(|rest| split_text(marker, rest)) else {
            return malformed(self);
        };
        let description = decode(marker, description).0;
        // The address of a link is ISO 8859-1 whatever the marker says.
        let marker = if id.starts_with('W') { 0 } else { marker };
        let (value, encoding) = decode(marker, value);
        let key = if description.is_empty() {
            id.to_owned()
        } else {
            format!("{id}:{description}")
        };
        self.text(&key, &value, at, len, encoding);
    }

    fn text(&mut self, key: &str, value: &str, at: u64, len: u64, encoding: Encoding) {
        let value = text::cut(value.trim_matches('\0'), MAX_TEXT_BYTES);
        let place = self.place(key, at);
        self.findings.text(Kind::Tag, place, value, len, encoding);
    }

    /// C2PA lies in a general object whose type says so.
    fn object(&mut self, bytes: &[u8], at: u64, len: u64) {
        let Some(store) =
            memchr::memmem::find(bytes, b"jumb").and_then(|found| bytes.get(found.checked_sub(4)?..))
        else {
            return;
        };
        if c2pa::is_store(store) {
            let place = self.place("GEOB", at);
            c2pa::found(self.findings, place, store.get(..64).unwrap_or(store), len);
        }
    }
}

/// Splits at the zero that ends a description: one byte, or two in UTF-16.
fn split_text(marker: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if marker == 1 || marker == 2 {
        let zero = bytes.chunks_exact(2).position(|pair| pair == [0, 0])?;
        Some((&bytes[..zero * 2], &bytes[zero * 2 + 2..]))
    } else {
        let zero = bytes.iter().position(|b| *b == 0)?;
        Some((&bytes[..zero], &bytes[zero + 1..]))
    }
}

/// By the marker before the text. What calls itself ISO 8859-1 is often GBK, sometimes UTF-8.
fn decode(marker: u8, bytes: &[u8]) -> (String, Encoding) {
    match marker {
        1 | 2 => (text::decode_utf16(bytes), Encoding::Utf16),
        _ => text::decode(bytes),
    }
}

/// ID3v1: 128 bytes at the end of the file, texts of fixed length.
pub(super) fn read_tail(source: &mut Source<'_>, container: &str, findings: &mut Findings) -> io::Result<()> {
    let Some(at) = source.len().checked_sub(128) else {
        return Ok(());
    };
    if source.array::<3>(at)? != Some(*b"TAG") {
        return Ok(());
    }
    for (key, skip, len) in [
        ("title", 3, 30),
        ("artist", 33, 30),
        ("album", 63, 30),
        ("year", 93, 4),
        ("comment", 97, 28),
    ] {
        let bytes = source.bytes(at + skip, len)?;
        let text = bytes
            .split(|b| *b == 0)
            .next()
            .unwrap_or_default()
            .trim_ascii_end();
        if !text.is_empty() {
            let place = Place::new(&format!("{container}/id3v1"), key, at + skip);
            findings.bytes(Kind::Tag, place, text, text.len() as u64);
        }
    }
    Ok(())
}
