//! Ogg: the comment packets of Vorbis, Opus, Speex, Theora and FLAC streams.
//!
//! In:  a file of pages (RFC 3533).
//! Out: the comments of every stream that begins the file.
//!
//! Not here: streams that begin later (chained files); checksums of pages.

use std::{collections::BTreeMap, io};

use crate::{
    claim::{Place, ProblemCode},
    findings::Findings,
    source::{Source, le},
};

use super::vorbis::{MAX_COMMENTS_BYTES, comments};

/// Pages that are read; comments stand in the first few, pictures in them may fill hundreds.
const MAX_PAGES: usize = 2048;
/// Streams of one file that are followed.
const MAX_STREAMS: usize = 32;

/// The head of a comment packet, and what the stream is called here.
const HEADS: [(&[u8], &str); 4] = [
    (b"\x03vorbis", "vorbis"),
    (b"OpusTags", "opus"),
    (b"\x81theora", "theora"),
    (b"\x84", "flac"),
];

#[derive(Default)]
struct Stream {
    packets: usize,
    packet: Vec<u8>,
    /// Where the packet that is being put together began.
    at: u64,
    is_speex: bool,
    is_done: bool,
}

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let mut streams: BTreeMap<u64, Stream> = BTreeMap::new();
    let mut at = 0;
    let mut held_bytes = 0;
    for _ in 0..MAX_PAGES {
        let place = |key: &str| Place::new("ogg", key, at);
        let Some(header) = source.array::<27>(at)? else {
            if at < source.len() {
                findings.unread(ProblemCode::Truncated, place("page"), "");
            }
            break;
        };
        if !header.starts_with(b"OggS") {
            findings.unread(ProblemCode::Malformed, place("page"), "");
            return Ok(());
        }
        let segments = source.bytes(at + 27, usize::from(header[26]))?;
        let mut content = at + 27 + segments.len() as u64;
        let serial = le(&header[14..18]);
        let begins = header[5] & 0x02 != 0;
        if begins && streams.len() < MAX_STREAMS {
            streams.entry(serial).or_default();
        }
        for len in &segments {
            let len = u64::from(*len);
            if let Some(stream) = streams.get_mut(&serial)
                && !stream.is_done
            {
                if stream.packet.is_empty() {
                    stream.at = content;
                }
                let bytes = source.bytes(content, len as usize)?;
                held_bytes += bytes.len();
                stream.packet.extend(bytes);
                if held_bytes > MAX_COMMENTS_BYTES {
                    findings.unread(
                        ProblemCode::TooLarge,
                        place("packet"),
                        MAX_COMMENTS_BYTES.to_string(),
                    );
                    return Ok(());
                }
                // A segment of less than 255 bytes ends a packet.
                if len < 255 {
                    packet(stream, findings);
                }
            }
            content += len;
        }
        at = content;
        if !streams.is_empty() && !begins && streams.values().all(|stream| stream.is_done) {
            return Ok(());
        }
    }
    let left: Vec<_> = streams
        .values()
        .filter(|stream| !stream.is_done)
        .map(|stream| stream.at)
        .collect();
    if let Some(at) = left.first() {
        let place = Place::new("ogg", "comments", *at);
        findings.unread(ProblemCode::Truncated, place, "");
    }
    Ok(())
}

/// A packet is whole: the first tells the codec, the second holds the comments.
fn packet(stream: &mut Stream, findings: &mut Findings) {
    let packet = std::mem::take(&mut stream.packet);
    stream.packets += 1;
    if stream.packets == 1 {
        stream.is_speex = packet.starts_with(b"Speex   ");
        // A skeleton or an unknown codec has no comments.
        let is_known = stream.is_speex
            || packet.starts_with(b"\x01vorbis")
            || packet.starts_with(b"OpusHead")
            || packet.starts_with(b"\x80theora")
            || packet.starts_with(b"\x7fFLAC");
        stream.is_done = !is_known;
        return;
    }
    stream.is_done = true;
    let head = HEADS.iter().find(|(head, _)| packet.starts_with(head));
    let (skip, name) = match head {
        _ if stream.is_speex => (0, "speex"),
        // FLAC puts four bytes of block header there, of which the first is the head.
        Some((_, "flac")) => (4, "flac"),
        Some((head, name)) => (head.len(), *name),
        None => {
            // FLAC in Ogg does not say that its second packet is the last block.
            if packet.first().is_some_and(|b| b & 0x7f == 4) {
                (4, "flac")
            } else {
                let place = Place::new("ogg", "comments", stream.at);
                findings.unread(ProblemCode::Malformed, place, "");
                return;
            }
        }
    };
    let block = packet.get(skip..).unwrap_or_default();
    comments(block, &format!("ogg/{name}"), None, stream.at, findings);
}
