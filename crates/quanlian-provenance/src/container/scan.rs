//! Scan: packets of XMP in a file whose structure is not read.
//!
//! In:  any file.
//! Out: the packets that announce themselves, as part 3 of the XMP specification allows for unknown formats.
//!
//! Invariant: time is bounded by [`MAX_SCAN_BYTES`]; a file that is longer is said to be searched partly.

use std::io;

use memchr::memmem;

use crate::{
    claim::{Place, ProblemCode},
    findings::Findings,
    source::Source,
    xmp::{self, MAX_XMP_BYTES, Origin},
};

/// Bytes of a file that are searched.
pub(super) const MAX_SCAN_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes that are searched at once.
const STEP_BYTES: usize = 1024 * 1024;
/// Beginnings of packets that are looked at; each may cost a step over the largest packet.
const MAX_PACKETS: usize = 64;
/// How a packet begins. The wrapper before it (`<?xpacket`) is often left out.
const BEGIN: &[u8] = b"<x:xmpmeta";
const END: &[u8] = b"</x:xmpmeta>";

/// Reads every packet that is found.
pub(super) fn xmp_packets(
    source: &mut Source<'_>,
    findings: &mut Findings,
    container: &str,
) -> io::Result<()> {
    let mut packets = 0;
    let mut from = 0;
    while let Some(at) = find(source, from, BEGIN, findings, container)? {
        packets += 1;
        if packets > MAX_PACKETS {
            let place = Place::new(container, "XMP", at);
            findings.unread(ProblemCode::TooMany, place, MAX_PACKETS.to_string());
            break;
        }
        let bytes = source.bytes(at, MAX_XMP_BYTES)?;
        let Some(end) = memmem::find(&bytes, END) else {
            let place = Place::new(container, "XMP", at);
            findings.unread(ProblemCode::Truncated, place, "XMP");
            from = at + BEGIN.len() as u64;
            continue;
        };
        let len = end + END.len();
        xmp::read(&bytes[..len], len as u64, container, Origin::File(at), findings);
        from = at + len as u64;
    }
    Ok(())
}

/// The first place at or after `from` where `what` stands.
pub(super) fn find(
    source: &mut Source<'_>,
    from: u64,
    what: &[u8],
    findings: &mut Findings,
    container: &str,
) -> io::Result<Option<u64>> {
    let finder = memmem::Finder::new(what);
    let mut at = from;
    let end = source.len().min(MAX_SCAN_BYTES);
    while at < end {
        let bytes = source.bytes(at, STEP_BYTES)?;
        if let Some(found) = finder.find(&bytes) {
            return Ok(Some(at + found as u64));
        }
        if bytes.len() < STEP_BYTES {
            return Ok(None);
        }
        // The words may lie across the border of two steps.
        at += (STEP_BYTES - what.len() + 1) as u64;
    }
    if source.len() > end {
        let place = Place::new(container, "", end);
        findings.unread(ProblemCode::SearchedPartly, place, MAX_SCAN_BYTES.to_string());
    }
    Ok(None)
}
