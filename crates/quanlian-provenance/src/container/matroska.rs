//! Matroska and WebM: the tags of a segment.
//!
//! In:  an EBML file (RFC 8794, RFC 9559).
//! Out: the simple tags, the title, the names of the programs that wrote it.
//!
//! The practice guide for video puts the label into a simple tag of the name `AIGC`.

use std::io;

use crate::{
    claim::{Place, ProblemCode},
    findings::Findings,
    source::{Source, be},
};

use super::{bounded, end_of, text_at};

/// Simple tags inside simple tags that are read.
const MAX_DEPTH: usize = 12;
/// A size of all ones: the element ends where its parent does.
const UNKNOWN: u64 = u64::MAX;

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const TAGS: u64 = 0x1254_c367;
const TAG: u64 = 0x7373;
const SIMPLE_TAG: u64 = 0x67c8;
const TAG_NAME: u64 = 0x45a3;
const TAG_STRING: u64 = 0x4487;
const TITLE: u64 = 0x7ba9;
const MUXING_APP: u64 = 0x4d80;
const WRITING_APP: u64 = 0x5741;
const CLUSTER: u64 = 0x1f43_b675;

/// An element: its name, where its content begins and ends.
struct Element {
    id: u64,
    content: u64,
    end: u64,
    has_size: bool,
}

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let end = source.len();
    elements(source, "matroska", 0, end, 0, findings)
}

fn elements(
    source: &mut Source<'_>,
    container: &str,
    mut at: u64,
    end: u64,
    depth: usize,
    findings: &mut Findings,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        let place = Place::new(container, "", at);
        findings.unread(ProblemCode::TooDeep, place, MAX_DEPTH.to_string());
        return Ok(());
    }
    let mut name = String::new();
    while at < end {
        let Some(element) = element(source, container, at, end, findings)? else {
            return Ok(());
        };
        let len = element.end - element.content;
        let place = |key: &str| Place::new(container, key, at);
        match element.id {
            SEGMENT | INFO | TAGS | TAG | SIMPLE_TAG => {
                let inside = match element.id {
                    SEGMENT => "matroska/Segment".to_owned(),
                    INFO => format!("{container}/Info"),
                    TAGS => format!("{container}/Tags"),
                    // Which element of its parent, so that the path stays short however deep it goes.
                    _ => container.to_owned(),
                };
                elements(source, &inside, element.content, element.end, depth + 1, findings)?;
            }
            TAG_NAME => {
                let bytes = source.bytes(element.content, bounded(len, 256))?;
                String::from_utf8_lossy(&bytes)
                    .trim_end_matches('\0')
                    .clone_into(&mut name);
            }
            TAG_STRING => text_at(source, place(&name), element.content, len, findings)?,
            TITLE => text_at(source, place("Title"), element.content, len, findings)?,
            MUXING_APP => text_at(source, place("MuxingApp"), element.content, len, findings)?,
            WRITING_APP => text_at(source, place("WritingApp"), element.content, len, findings)?,
            // A stream that was never closed: its blocks have no end that could be skipped to.
            CLUSTER if !element.has_size => {
                findings.unread(ProblemCode::NotReadHere, place("Cluster"), "unknown size");
                return Ok(());
            }
            _ => {}
        }
        at = element.end;
    }
    Ok(())
}

fn element(
    source: &mut Source<'_>,
    container: &str,
    at: u64,
    end: u64,
    findings: &mut Findings,
) -> io::Result<Option<Element>> {
    let place = |key: &str| Place::new(container, key, at);
    if !findings.count(|| place("")) {
        return Ok(None);
    }
    let head = source.bytes(at, 12)?;
    let Some((id, id_len)) = id(&head) else {
        findings.unread(ProblemCode::Malformed, place("element"), "");
        return Ok(None);
    };
    let Some((size, size_len)) = size(&head[id_len..]) else {
        findings.unread(ProblemCode::Truncated, place("element"), "");
        return Ok(None);
    };
    let content = at + (id_len + size_len) as u64;
    let has_size = size != UNKNOWN;
    let end = if has_size {
        end_of(content, size, end, || place(&format!("{id:x}")), findings)
    } else {
        end
    };
    Ok(Some(Element {
        id,
        content: content.min(end),
        end,
        has_size,
    }))
}

/// A name: its length is told by the leading zeros of its first byte, which belong to it.
fn id(head: &[u8]) -> Option<(u64, usize)> {
    let len = head.first()?.leading_zeros() as usize + 1;
    if len > 4 {
        return None;
    }
    Some((be(head.get(..len)?), len))
}

/// A size: the same, and the marker bit does not belong to it.
fn size(bytes: &[u8]) -> Option<(u64, usize)> {
    let len = bytes.first()?.leading_zeros() as usize + 1;
    if len > 8 {
        return None;
    }
    let all = (1_u64 << (7 * len)) - 1;
    let value = be(bytes.get(..len)?) & all;
    Some((if value == all { UNKNOWN } else { value }, len))
}
