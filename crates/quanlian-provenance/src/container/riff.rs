//! RIFF: WebP, WAV and AVI.
//!
//! In:  a RIFF or RF64 file.
//! Out: Exif, XMP, C2PA, ID3 tags, the INFO list, the broadcast extension, and the chunk `AIGC` of the practice guide.

use std::io;

use crate::{
    c2pa,
    claim::{Place, ProblemCode},
    findings::Findings,
    source::{Source, be, le},
};

use super::{bounded, end_of, exif_at, id3, text_at, xmp_at};

/// Lists inside lists that are looked into; INFO lies in the first or second.
const MAX_DEPTH: usize = 4;
/// A size that says "see elsewhere" (RF64) or "not known" (streams).
const UNKNOWN_SIZE: u64 = 0xffff_ffff;
/// Texts of fixed length at the head of a broadcast extension (EBU Tech 3285): name, place, length.
const BROADCAST: [(&str, u64, u64); 5] = [
    ("Description", 0, 256),
    ("Originator", 256, 32),
    ("OriginatorReference", 288, 32),
    ("OriginationDate", 320, 10),
    ("OriginationTime", 330, 8),
];

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    // AVI files of more than a gigabyte are several of these after each other.
    let mut at = 0;
    while let Some(header) = source.array::<12>(at)? {
        if !matches!(&header[..4], b"RIFF" | b"RF64") {
            break;
        }
        let form = match &header[8..] {
            b"WEBP" => "webp",
            b"WAVE" => "wav",
            _ => "avi",
        };
        let len = le(&header[4..8]);
        let end = if len == UNKNOWN_SIZE {
            source.len()
        } else {
            let place = || Place::new(form, "RIFF", at);
            end_of(at + 8, len, source.len(), place, findings)
        };
        chunks(source, form, at + 12, end, 0, findings)?;
        at = end + (end & 1);
        if at == 0 || end == source.len() {
            break;
        }
    }
    Ok(())
}

fn chunks(
    source: &mut Source<'_>,
    container: &str,
    mut at: u64,
    end: u64,
    depth: usize,
    findings: &mut Findings,
) -> io::Result<()> {
    while at < end {
        let place = |key: &str| Place::new(container, key, at);
        if !findings.count(|| place("")) {
            return Ok(());
        }
        let Some(header) = source.array::<8>(at)? else {
            // One byte is left where a chunk of odd length ends the file.
            if end - at > 1 {
                findings.unread(ProblemCode::Truncated, place("chunk"), "");
            }
            return Ok(());
        };
        let name = String::from_utf8_lossy(&header[..4]).into_owned();
        let declared = le(&header[4..]);
        let content = at + 8;
        let content_end = if declared == UNKNOWN_SIZE {
            end
        } else {
            end_of(content, declared, end, || place(&name), findings)
        };
        let len = content_end - content.min(content_end);
        let inside = format!("{container}/{}", name.trim_end());
        match &header[..4] {
            b"LIST" => list(source, container, content, content_end, depth, findings)?,
            b"EXIF" => exif_at(source, &inside, content, len, findings)?,
            // `_PMX` is how AVI and WAV spell it.
            b"XMP " | b"_PMX" => xmp_at(source, &inside, content, len, findings)?,
            b"AIGC" => text_at(source, Place::new(container, "AIGC", at), content, len, findings)?,
            b"id3 " | b"ID3 " => {
                id3::read(source, content, content_end, &inside, findings)?;
            }
            b"bext" => {
                for (key, skip, text_len) in BROADCAST {
                    if skip + text_len <= len {
                        text_at(
                            source,
                            Place::new(&inside, key, content + skip),
                            content + skip,
                            text_len,
                            findings,
                        )?;
                    }
                }
            }
            b"C2PA" => {
                let head = source.bytes(content, bounded(len, 64))?;
                if c2pa::is_store(&head) {
                    c2pa::found(
                        findings,
                        Place::new(container, "C2PA", at),
                        &head,
                        be(&head[..4]).max(len),
                    );
                } else {
                    findings.unread(ProblemCode::Malformed, place("C2PA"), "JUMBF");
                }
            }
            _ => {}
        }
        at = content_end + (content_end & 1);
    }
    Ok(())
}

fn list(
    source: &mut Source<'_>,
    container: &str,
    at: u64,
    end: u64,
    depth: usize,
    findings: &mut Findings,
) -> io::Result<()> {
    let Some(kind) = source.array::<4>(at)? else {
        return Ok(());
    };
    match &kind {
        b"INFO" => info(source, &format!("{container}/INFO"), at + 4, end, findings),
        // The frames themselves, which hold nothing that is looked for.
        b"movi" | b"strl" | b"odml" | b"rec " => Ok(()),
        _ if depth == MAX_DEPTH => {
            findings.unread(
                ProblemCode::TooDeep,
                Place::new(container, "LIST", at),
                MAX_DEPTH.to_string(),
            );
            Ok(())
        }
        _ => chunks(source, container, at + 4, end, depth + 1, findings),
    }
}

/// Names of four letters and texts.
fn info(
    source: &mut Source<'_>,
    container: &str,
    mut at: u64,
    end: u64,
    findings: &mut Findings,
) -> io::Result<()> {
    while at + 8 <= end {
        if !findings.count(|| Place::new(container, "", at)) {
            return Ok(());
        }
        let Some(header) = source.array::<8>(at)? else {
            return Ok(());
        };
        let name = String::from_utf8_lossy(&header[..4]).into_owned();
        let place = || Place::new(container, &name, at);
        let content_end = end_of(at + 8, le(&header[4..]), end, place, findings);
        text_at(
            source,
            place(),
            at + 8,
            content_end - (at + 8).min(content_end),
            findings,
        )?;
        at = content_end + (content_end & 1);
    }
    Ok(())
}
