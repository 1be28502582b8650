//! PNG: chunks.
//!
//! In:  a PNG file.
//! Out: text (tEXt, zTXt, iTXt), XMP (iTXt), Exif (eXIf), C2PA (caBX).
//!
//! Invariant: compressed text is unpacked up to a limit, whatever it would grow to.

use std::io;

use crate::{
    c2pa,
    claim::{Encoding, Kind, Place, ProblemCode},
    findings::Findings,
    source::{Source, be},
    text,
    xmp::{self, MAX_XMP_BYTES, Origin},
};

use super::{bounded, exif_at};

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The keyword of XMP in iTXt.
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
/// The largest text chunk that is read, packed or not. XMP is the largest that is looked for.
const MAX_CHUNK_BYTES: usize = MAX_XMP_BYTES;

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let mut at = SIGNATURE.len() as u64;
    loop {
        let place = |key: &str| Place::new("png", key, at);
        if !findings.count(|| place("")) {
            return Ok(());
        }
        let Some(header) = source.array::<8>(at)? else {
            findings.unread(ProblemCode::Truncated, place("chunk"), "");
            return Ok(());
        };
        let len = be(&header[..4]);
        let kind: [u8; 4] = [header[4], header[5], header[6], header[7]];
        // The number of the chunk has 31 bits.
        if len > 0x7fff_ffff || !kind.iter().all(u8::is_ascii_alphabetic) {
            findings.unread(ProblemCode::Malformed, place("chunk"), len.to_string());
            return Ok(());
        }
        let content = at + 8;
        if content + len + 4 > source.len() {
            findings.unread(ProblemCode::SizeLies, place(&name(kind)), len.to_string());
        }
        match &kind {
            b"tEXt" | b"zTXt" | b"iTXt" => text_chunk(source, kind, at, len, findings)?,
            b"eXIf" => exif_at(source, "png/eXIf", content, len, findings)?,
            b"caBX" => {
                let head = source.bytes(content, 64.min(bounded(len, 64)))?;
                let place = Place::new("png/caBX", "c2pa", at);
                if c2pa::is_store(&head) {
                    c2pa::found(findings, place, &head, len);
                } else {
                    findings.unread(ProblemCode::Malformed, place, "JUMBF");
                }
            }
            b"IEND" => return Ok(()),
            _ => {}
        }
        at = content + len + 4;
    }
}

fn name(kind: [u8; 4]) -> String {
    String::from_utf8_lossy(&kind).into_owned()
}

fn text_chunk(
    source: &mut Source<'_>,
    kind: [u8; 4],
    at: u64,
    len: u64,
    findings: &mut Findings,
) -> io::Result<()> {
    let container = format!("png/{}", name(kind));
    let bytes = source.bytes(at + 8, bounded(len, MAX_CHUNK_BYTES))?;
    let keyword_end = bytes.iter().take(80).position(|b| *b == 0);
    let Some((keyword, rest)) = keyword_end.map(|end| (&bytes[..end], &bytes[end + 1..])) else {
        let place = Place::new(&container, "", at);
        findings.unread(ProblemCode::Malformed, place, "keyword");
        return Ok(());
    };
    let keyword = text::decode(keyword).0;
    let place = || Place::new(&container, &keyword, at);
    if len > MAX_CHUNK_BYTES as u64 {
        findings.unread(ProblemCode::TooLarge, place(), MAX_CHUNK_BYTES.to_string());
        return Ok(());
    }
    if let Some(stored) = source.array::<4>(at + 8 + len)?
        && be(&stored) != u64::from(checksum(kind, &bytes))
    {
        findings.problem(ProblemCode::Checksum, place(), "");
    }
    let content = match &kind {
        b"zTXt" => rest.strip_prefix(&[0]).map(|content| (true, content)),
        b"iTXt" => itxt(rest),
        _ => Some((false, rest)),
    };
    let Some((packed, content)) = content else {
        findings.unread(ProblemCode::Malformed, place(), "");
        return Ok(());
    };
    let unpacked;
    let content = if packed {
        unpacked = match findings.unpack(content, MAX_CHUNK_BYTES) {
            Ok(bytes) => bytes,
            Err(code) => {
                findings.unread(code, place(), "");
                return Ok(());
            }
        };
        &unpacked
    } else {
        content
    };
    if keyword == XMP_KEYWORD {
        let origin = if packed {
            Origin::Unpacked(at)
        } else {
            // What is not packed ends where the chunk ends.
            Origin::File(at + 8 + (bytes.len() - content.len()) as u64)
        };
        xmp::read(content, content.len() as u64, &container, origin, findings);
        return Ok(());
    }
    let (decoded, encoding) = text::decode(content);
    if &kind == b"iTXt" && encoding != Encoding::Utf8 {
        findings.problem(ProblemCode::WrongEncoding, place(), "iTXt");
    }
    findings.text(Kind::Tag, place(), &decoded, content.len() as u64, encoding);
    Ok(())
}

/// Whether an international text is packed, and the text: flag, method, language, translated keyword stand before it.
fn itxt(rest: &[u8]) -> Option<(bool, &[u8])> {
    let (flags, rest) = rest.split_at_checked(2)?;
    let language_end = rest.iter().position(|b| *b == 0)?;
    let rest = &rest[language_end + 1..];
    let translated_end = rest.iter().position(|b| *b == 0)?;
    match flags {
        [0, _] => Some((false, &rest[translated_end + 1..])),
        [1, 0] => Some((true, &rest[translated_end + 1..])),
        _ => None,
    }
}

fn checksum(kind: [u8; 4], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(content);
    hasher.finalize()
}
