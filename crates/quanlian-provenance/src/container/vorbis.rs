//! Vorbis comments: names and texts of FLAC and of what lies in Ogg.
//!
//! In:  the block of comments, or a FLAC file with its metadata blocks.
//! Out: one claim a comment.

use std::io;

use crate::{
    claim::{Kind, Place, ProblemCode},
    findings::Findings,
    source::{Source, be, le},
};

use super::{MAX_TEXT_BYTES, bounded, whole_characters};

/// The largest block of comments that is read; cover pictures in Base64 make them large.
pub(super) const MAX_COMMENTS_BYTES: usize = 16 * 1024 * 1024;
/// The metadata block that holds comments.
const COMMENT_BLOCK: u8 = 4;

/// Reads the metadata blocks of the FLAC stream at `start`.
pub(super) fn read_flac(source: &mut Source<'_>, start: u64, findings: &mut Findings) -> io::Result<()> {
    let mut at = start + 4;
    loop {
        let place = || Place::new("flac", "block", at);
        if !findings.count(place) {
            return Ok(());
        }
        let Some(header) = source.array::<4>(at)? else {
            findings.unread(ProblemCode::Truncated, place(), "");
            return Ok(());
        };
        let end = super::end_of(at + 4, be(&header[1..]), source.len(), place, findings);
        if header[0] & 0x7f == COMMENT_BLOCK {
            let bytes = source.bytes(at + 4, bounded(end - at - 4, MAX_COMMENTS_BYTES))?;
            comments(&bytes, "flac/VORBIS_COMMENT", Some(at + 4), at + 4, findings);
        }
        // The highest bit marks the last block.
        if header[0] & 0x80 != 0 || end >= source.len() {
            return Ok(());
        }
        at = end;
    }
}

/// Reads a block of comments. `origin` is its place in the file, where it lies there in one piece; else each comment
/// is given the place `whole`.
pub(super) fn comments(
    bytes: &[u8],
    container: &str,
    origin: Option<u64>,
    whole: u64,
    findings: &mut Findings,
) {
    let place =
        |key: &str, at: usize| Place::new(container, key, origin.map_or(whole, |origin| origin + at as u64));
    let mut at = 0;
    let number = |at: usize| bytes.get(at..at.checked_add(4)?).map(|four| le(four) as usize);
    let Some(vendor_len) = number(at) else {
        findings.unread(ProblemCode::Truncated, place("", at), "");
        return;
    };
    let vendor = bytes.get(4..4_usize.saturating_add(vendor_len));
    let (Some(vendor), Some(count)) = (vendor, number(4_usize.saturating_add(vendor_len))) else {
        findings.unread(ProblemCode::SizeLies, place("vendor", at), vendor_len.to_string());
        return;
    };
    let kept = &vendor[..vendor.len().min(MAX_TEXT_BYTES)];
    findings.bytes(Kind::Tag, place("vendor", 4), kept, vendor_len as u64);
    at = 8 + vendor_len;
    for _ in 0..count {
        let here = place("", at);
        if !findings.count(|| here.clone()) {
            return;
        }
        let content = at + 4;
        let Some(comment) = number(at).and_then(|len| bytes.get(content..content.checked_add(len)?)) else {
            findings.unread(ProblemCode::SizeLies, here, count.to_string());
            return;
        };
        let split = comment.iter().position(|b| *b == b'=');
        let (key, value) = match split {
            Some(equals) => (&comment[..equals], &comment[equals + 1..]),
            None => (&b""[..], comment),
        };
        let key = String::from_utf8_lossy(&key[..key.len().min(256)]).into_owned();
        // A cover picture is not what a file says about itself.
        if !key.eq_ignore_ascii_case("METADATA_BLOCK_PICTURE") {
            let kept = &value[..value.len().min(MAX_TEXT_BYTES)];
            let size = value.len() as u64;
            findings.bytes(Kind::Tag, place(&key, at), whole_characters(kept, size), size);
        }
        at = content + comment.len();
    }
}
