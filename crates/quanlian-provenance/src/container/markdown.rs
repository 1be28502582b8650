//! Markdown: the label that services put before a text they wrote.
//!
//! In:  a file that begins with a line of three dashes.
//! Out: the block below `AIGC:` in the lines up to the next three dashes.
//!
//! No public description of the standard names this place; services use it widely.
//!
//! Not here: YAML. Only the names and values of that one block are looked at.

use std::io;

use crate::{
    claim::{Kind, Place, ProblemCode},
    findings::Findings,
    source::Source,
};

use super::MAX_TEXT_BYTES;

/// Reads the lines before the text, where there are such.
pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let bytes = source.bytes(0, MAX_TEXT_BYTES)?;
    let skip = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut lines = bytes[skip..].split_inclusive(|b| *b == b'\n');
    let Some(first) = lines.next().filter(|line| line.trim_ascii_end() == b"---") else {
        return Ok(());
    };
    let mut at = skip + first.len();
    // Where the block stands and what is in it; the lines of the block are set in.
    let mut block: Option<(usize, Vec<u8>)> = None;
    for line in lines {
        if line.trim_ascii_end() == b"---" {
            if let Some((at, block)) = block {
                let place = Place::new("markdown", "AIGC", at as u64);
                findings.bytes(Kind::Tag, place, &block, block.len() as u64);
            }
            return Ok(());
        }
        let is_set_in = line.first().is_some_and(u8::is_ascii_whitespace);
        match &mut block {
            Some((_, block)) if is_set_in => block.extend(line),
            None if line.trim_ascii_end().eq_ignore_ascii_case(b"AIGC:") => block = Some((at, Vec::new())),
            _ => {}
        }
        at += line.len();
    }
    if let Some((at, _)) = block {
        let place = Place::new("markdown", "AIGC", at as u64);
        findings.unread(ProblemCode::Truncated, place, "---");
    }
    Ok(())
}
