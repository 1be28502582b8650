//! ISO base media: MP4, M4A, MOV, HEIF.
//!
//! In:  a file of boxes.
//! Out: metadata items (`ilst`, with names from `keys` or in themselves), texts of QuickTime, XMP and C2PA in `uuid`
//!      boxes, Exif of HEIF.
//!
//! The practice guide for video (TC260-PG-20257A) puts the label below `moov/udta/meta`: the name `AIGC` in `keys`, the
//! object in `ilst`. It is also read from every other place where programs put names and texts.

use std::io;

use ::exif::Reader;

use crate::{
    c2pa,
    claim::{Encoding, Kind, Place, ProblemCode},
    exif,
    findings::Findings,
    source::{Source, be},
    text,
};

use super::{MAX_TEXT_BYTES, bounded, end_of, text_at, xmp_at};

/// Boxes inside each other that are looked into.
const MAX_DEPTH: usize = 16;
/// Names that `keys` may give.
const MAX_KEYS: u64 = 4096;
/// The largest picture whose Exif item is looked up, in bytes: the crate needs the file whole.
const MAX_HEIF_BYTES: u64 = 32 * 1024 * 1024;
/// The `uuid` box of XMP (ISO 16684-3).
const XMP_UUID: [u8; 16] = *b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
/// The `uuid` box of C2PA.
const C2PA_UUID: [u8; 16] = *b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
/// Brands of still pictures (ISO 23008-12 and AVIF).
const PICTURES: [&[u8; 4]; 7] = [b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis"];

/// Whether the brand at the head of a file is that of a still picture.
pub(super) fn is_still_picture(head: &[u8]) -> bool {
    let brand = head.get(8..12).unwrap_or_default();
    PICTURES.iter().any(|picture| brand == *picture)
}

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings, container: &str) -> io::Result<()> {
    let end = source.len();
    let mut walk = Walk {
        source,
        findings,
        keys: Vec::new(),
    };
    walk.boxes(container, 0, end, 0)
}

struct Walk<'w, 's> {
    source: &'w mut Source<'s>,
    findings: &'w mut Findings,
    /// The names of the `keys` box of the metadata that is being read.
    keys: Vec<String>,
}

/// The header of a box.
struct Header {
    kind: [u8; 4],
    content: u64,
    end: u64,
}

impl Walk<'_, '_> {
    fn boxes(&mut self, container: &str, mut at: u64, end: u64, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            let place = Place::new(container, "", at);
            self.findings
                .unread(ProblemCode::TooDeep, place, MAX_DEPTH.to_string());
            return Ok(());
        }
        // QuickTime closes a list with four zero bytes.
        while at + 8 <= end {
            let Some(header) = self.header(container, at, end)? else {
                return Ok(());
            };
            self.one(container, at, &header, depth)?;
            at = header.end;
        }
        Ok(())
    }

    fn header(&mut self, container: &str, at: u64, end: u64) -> io::Result<Option<Header>> {
        let place = |key: &str| Place::new(container, key, at);
        if !self.findings.count(|| place("")) {
            return Ok(None);
        }
        let Some(bytes) = self.source.array::<8>(at)? else {
            self.findings.unread(ProblemCode::Truncated, place("box"), "");
            return Ok(None);
        };
        let kind = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let (len, header_len) = match be(&bytes[..4]) {
            0 => (end - at, 8),
            1 => match self.source.array::<8>(at + 8)? {
                Some(long) => (be(&long), 16),
                None => (0, 16),
            },
            len => (len, 8),
        };
        if len < header_len {
            self.findings
                .unread(ProblemCode::Malformed, place(&name(kind)), len.to_string());
            return Ok(None);
        }
        let end = end_of(at, len, end, || place(&name(kind)), self.findings);
        Ok(Some(Header {
            kind,
            content: (at + header_len).min(end),
            end,
        }))
    }

    fn one(&mut self, container: &str, at: u64, header: &Header, depth: usize) -> io::Result<()> {
        let Header { kind, content, end } = *header;
        let inside = || format!("{container}/{}", name(kind));
        match &kind {
            b"moov" | b"udta" | b"trak" | b"moof" | b"traf" => self.boxes(&inside(), content, end, depth + 1),
            b"meta" => self.metadata(&inside(), content, end, depth),
            b"keys" => self.names(&inside(), content, end),
            b"ilst" => self.items(&inside(), content, end),
            b"uuid" => self.uuid(container, at, content, end),
            b"XMP_" => xmp_at(self.source, &inside(), content, end - content, self.findings),
            [0xa9, ..] if container.ends_with("udta") => self.quicktime_text(container, at, header),
            // Any program may put a box of its own there; a label in it is text.
            b"AIGC" => {
                let place = Place::new(container, "AIGC", at);
                text_at(self.source, place, content, end - content, self.findings)
            }
            _ => Ok(()),
        }
    }

    /// ISO puts four bytes of version and flags first, QuickTime does not: the first box inside (`hdlr`) tells.
    fn metadata(&mut self, container: &str, content: u64, end: u64, depth: usize) -> io::Result<()> {
        let is_plain = self
            .source
            .array::<8>(content)?
            .is_some_and(|head| &head[4..] == b"hdlr");
        let first = if is_plain { content } else { (content + 4).min(end) };
        let outer = std::mem::take(&mut self.keys);
        let result = self.boxes(container, first, end, depth + 1);
        self.keys = outer;
        result
    }

    /// `keys`: names by number, from 1.
    fn names(&mut self, container: &str, content: u64, end: u64) -> io::Result<()> {
        let place = Place::new(container, "", content);
        let Some(head) = self.source.array::<8>(content)? else {
            self.findings.unread(ProblemCode::Truncated, place, "");
            return Ok(());
        };
        let count = be(&head[4..]);
        if count > MAX_KEYS {
            self.findings
                .unread(ProblemCode::TooMany, place.clone(), count.to_string());
        }
        let mut at = content + 8;
        // Several of these boxes together give no more names than one may.
        for _ in self.keys.len() as u64..count.min(MAX_KEYS) {
            let Some(entry) = self.source.array::<8>(at)? else {
                break;
            };
            let len = be(&entry[..4]);
            if len < 8 || at + len > end {
                self.findings
                    .unread(ProblemCode::SizeLies, place, len.to_string());
                break;
            }
            let bytes = self.source.bytes(at + 8, bounded(len - 8, 256))?;
            self.keys.push(text::decode(&bytes).0);
            at += len;
        }
        Ok(())
    }

    fn items(&mut self, container: &str, mut at: u64, end: u64) -> io::Result<()> {
        while at + 8 <= end {
            let Some(item) = self.header(container, at, end)? else {
                return Ok(());
            };
            let number = be(&item.kind) as usize;
            let mut key = match number.checked_sub(1).and_then(|index| self.keys.get(index)) {
                Some(key) => key.clone(),
                None => name(item.kind),
            };
            let mut inner = item.content;
            while inner + 8 <= item.end {
                let Some(part) = self.header(container, inner, item.end)? else {
                    return Ok(());
                };
                match &part.kind {
                    // `----` items name themselves: `mean` is the one who named, `name` the name.
                    b"name" => {
                        let len = (part.end - part.content).saturating_sub(4);
                        let bytes = self.source.bytes(part.content + 4, bounded(len, 256))?;
                        key = text::decode(&bytes).0;
                    }
                    b"data" => self.data(container, &key, inner, &part)?,
                    _ => {}
                }
                inner = part.end;
            }
            at = item.end;
        }
        Ok(())
    }

    /// The value of an item: type and language, then the bytes.
    fn data(&mut self, container: &str, key: &str, at: u64, part: &Header) -> io::Result<()> {
        let place = Place::new(container, key, at);
        let Some(head) = self.source.array::<8>(part.content)? else {
            self.findings.unread(ProblemCode::Truncated, place, "");
            return Ok(());
        };
        let content = (part.content + 8).min(part.end);
        let len = part.end - content;
        match be(&head[..4]) {
            // Text, or bytes of a type that is not named and nearly always is text.
            0 | 1 | 4 => text_at(self.source, place, content, len, self.findings),
            2 | 5 => {
                let bytes = self.source.bytes(content, bounded(len, MAX_TEXT_BYTES))?;
                let decoded = text::decode_utf16(&bytes);
                self.findings
                    .text(Kind::Tag, place, &decoded, len, Encoding::Utf16);
                Ok(())
            }
            // Whole numbers, with and without sign.
            21 | 22 if len <= 8 => {
                let bytes = self.source.bytes(content, len as usize)?;
                let mut value = text::hex(&bytes);
                value.text = be(&bytes).to_string();
                self.findings.value(Kind::Tag, place, value);
                Ok(())
            }
            // Pictures and the like, unless the name says that it is a label.
            _ if key.to_ascii_uppercase().contains("AIGC") => {
                text_at(self.source, place, content, len, self.findings)
            }
            _ => Ok(()),
        }
    }

    /// `©nam` and its kin of QuickTime: length and language, then the text.
    fn quicktime_text(&mut self, container: &str, at: u64, header: &Header) -> io::Result<()> {
        let Some(head) = self.source.array::<4>(header.content)? else {
            return Ok(());
        };
        let key = name(header.kind);
        let place = || Place::new(container, &key, at);
        let content = (header.content + 4).min(header.end);
        let end = end_of(content, be(&head[..2]), header.end, place, self.findings);
        text_at(self.source, place(), content, end - content, self.findings)
    }

    fn uuid(&mut self, container: &str, at: u64, content: u64, end: u64) -> io::Result<()> {
        let Some(uuid) = self.source.array::<16>(content)? else {
            return Ok(());
        };
        let inner = (content + 16).min(end);
        let inside = format!("{container}/uuid");
        match uuid {
            XMP_UUID => xmp_at(self.source, &inside, inner, end - inner, self.findings),
            C2PA_UUID => {
                // Version and flags, a purpose that ends with a zero byte, for a manifest the place of the next one.
                let head = self.source.bytes(inner, bounded(end - inner, 128))?;
                let purpose = head.get(4..).unwrap_or_default().split(|b| *b == 0).next();
                let purpose = purpose.unwrap_or_default();
                let store = head.get(4 + purpose.len() + 1 + 8..).unwrap_or_default();
                let place = Place::new(&inside, "c2pa", at);
                if purpose == b"manifest" && crate::c2pa::is_store(store) {
                    c2pa::found(self.findings, place, store, be(&store[..4]));
                } else if purpose == b"manifest" || purpose.is_empty() {
                    self.findings.unread(ProblemCode::Malformed, place, "JUMBF");
                }
                // `merkle` boxes belong to a manifest elsewhere.
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The name of a box. The copyright sign of QuickTime is one byte.
fn name(kind: [u8; 4]) -> String {
    encoding_rs::mem::decode_latin1(&kind).into_owned()
}

/// The Exif item of a still picture, found by the crate through the tables of `meta`.
pub(super) fn heif_exif(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let place = Place::new("heif/meta", "Exif", 0);
    if source.len() > MAX_HEIF_BYTES {
        findings.unread(ProblemCode::TooLarge, place, MAX_HEIF_BYTES.to_string());
        return Ok(());
    }
    let bytes = source.bytes(0, MAX_HEIF_BYTES as usize)?;
    let mut is_partial = false;
    let block = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut io::Cursor::new(bytes))
        .or_else(|error| error.distill_partial_result(|_| is_partial = true));
    match block {
        Ok(block) => exif::fields(&block, "heif/meta", 0, findings),
        Err(::exif::Error::NotFound(_)) => {}
        Err(_) => is_partial = true,
    }
    if is_partial {
        findings.unread(ProblemCode::Malformed, place, "Exif");
    }
    Ok(())
}
