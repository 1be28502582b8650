//! JPEG: segments up to the first scan.
//!
//! In:  a JPEG file.
//! Out: Exif and XMP (APP1), C2PA (JUMBF in APP11), comments (COM).
//!
//! Not here: extended XMP packets, which are said to be unread; later pictures in the file (MPF).

use std::io;

use crate::{
    c2pa,
    claim::{Place, ProblemCode},
    findings::Findings,
    source::{Source, be},
};

use super::{exif_at, text_at, xmp_at};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// `JP`, number of the box, number of the packet; then the box itself.
const JUMBF_HEAD_BYTES: usize = 8;

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    let mut at = 2;
    let mut has_extended = false;
    loop {
        let place = |key: &str| Place::new("jpeg", key, at);
        if !findings.count(|| place("")) {
            return Ok(());
        }
        let Some([0xff, marker]) = source.array(at)? else {
            let code = if at >= source.len() {
                ProblemCode::Truncated
            } else {
                ProblemCode::Malformed
            };
            findings.unread(code, place("marker"), "");
            return Ok(());
        };
        match marker {
            // Fill bytes, and markers that stand alone.
            0xff => {
                at += 1;
                continue;
            }
            0x01 | 0xd0..=0xd8 => {
                at += 2;
                continue;
            }
            // The first scan or the end: what a file says about itself stands before.
            0xd9 | 0xda => return Ok(()),
            _ => {}
        }
        let Some(len) = source.array::<2>(at + 2)?.map(|len| be(&len)) else {
            findings.unread(ProblemCode::Truncated, place("marker"), "");
            return Ok(());
        };
        if len < 2 {
            findings.unread(ProblemCode::Malformed, place("marker"), len.to_string());
            return Ok(());
        }
        let (content, content_len) = (at + 4, len - 2);
        if content + content_len > source.len() {
            findings.unread(ProblemCode::Truncated, place("marker"), len.to_string());
        }
        let head = source.bytes(content, 64.min(content_len as usize))?;
        match marker {
            0xe1 if head.starts_with(b"Exif\0\0") => {
                exif_at(source, "jpeg/APP1", content, content_len, findings)?;
            }
            0xe1 if head.starts_with(XMP) => {
                let skip = XMP.len() as u64;
                xmp_at(source, "jpeg/APP1", content + skip, content_len - skip, findings)?;
            }
            0xe1 if head.starts_with(EXTENDED_XMP) && !has_extended => {
                has_extended = true;
                findings.unread(ProblemCode::NotReadHere, place("APP1"), "extended XMP");
            }
            0xeb if head.starts_with(b"JP") => jumbf(&head, at, findings),
            0xfe => {
                let place = Place::new("jpeg/COM", "", at);
                text_at(source, place, content, content_len, findings)?;
            }
            _ => {}
        }
        at += 2 + len;
    }
}

/// The first packet of a manifest store; the later ones repeat the head of the box and go on with its content.
fn jumbf(head: &[u8], at: u64, findings: &mut Findings) {
    let Some(jumbf) = head.get(JUMBF_HEAD_BYTES..) else {
        return;
    };
    let is_first = head.get(4..8) == Some(&[0, 0, 0, 1]);
    if is_first && c2pa::is_store(jumbf) {
        let size = be(jumbf.get(..4).unwrap_or_default());
        c2pa::found(findings, Place::new("jpeg/APP11", "c2pa", at), jumbf, size);
    }
}
