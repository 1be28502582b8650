//! Containers: where a file keeps what it says about itself.
//!
//! In:  a file.
//! Out: its format by its first bytes, and everything that the reader of that format finds.
//!
//! Each reader walks structures by their headers and reads only what it looks for. The walks are our own: the crates
//! that read tags keep one value of each name and no place of any, and here the second value and the place matter.
//!
//! Invariant: a size that stands in the file is compared with what holds it before it is used; whatever ends a walk
//! early is an unread part and not silence.

mod bmff;
mod id3;
mod jpeg;
mod markdown;
mod matroska;
mod ogg;
mod pdf;
mod png;
mod riff;
mod scan;
mod vorbis;

use std::io;

use crate::{
    claim::{Format, Kind, Place, ProblemCode},
    exif::{self, MAX_EXIF_BYTES},
    findings::Findings,
    source::Source,
    xmp::{self, MAX_XMP_BYTES, Origin},
};

/// The largest text of a tag that is read, in bytes; one more than a label may have shows that it is longer.
const MAX_TEXT_BYTES: usize = crate::label::MAX_LABEL_BYTES + 1;

/// Reads a file by its content.
pub(crate) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<Format> {
    let head = source.bytes(0, 1024)?;
    let format = sniff(&head);
    match format {
        Format::Jpeg => jpeg::read(source, findings)?,
        Format::Png => png::read(source, findings)?,
        Format::Webp | Format::Wav | Format::Avi => riff::read(source, findings)?,
        Format::Mp4 => bmff::read(source, findings, "mp4")?,
        Format::Heif => {
            bmff::read(source, findings, "heif")?;
            bmff::heif_exif(source, findings)?;
            scan::xmp_packets(source, findings, "heif")?;
        }
        Format::Matroska => matroska::read(source, findings)?,
        Format::Flac => vorbis::read_flac(source, 0, findings)?,
        Format::Ogg => ogg::read(source, findings)?,
        Format::Mp3 => {
            let len = source.len();
            let end = id3::read(source, 0, len, "mp3", findings)?;
            id3::read_tail(source, "mp3", findings)?;
            // A FLAC file may carry an ID3 tag before its own head.
            if source.array(end)? == Some(*b"fLaC") {
                vorbis::read_flac(source, end, findings)?;
                return Ok(Format::Flac);
            }
        }
        Format::Pdf => pdf::read(source, findings)?,
        Format::Gif | Format::Tiff | Format::Unknown => {
            scan::xmp_packets(source, findings, format.as_str())?;
            markdown::read(source, findings)?;
            findings.searched_only();
        }
        Format::InfoJson => {}
    }
    Ok(format)
}

/// The format by its first bytes.
fn sniff(head: &[u8]) -> Format {
    let at = |from: usize, what: &[u8]| head.get(from..from + what.len()) == Some(what);
    match head {
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Format::Matroska,
        _ if head.starts_with(png::SIGNATURE) => Format::Png,
        _ if at(0, b"RIFF") || at(0, b"RF64") => match head.get(8..12) {
            Some(b"WEBP") => Format::Webp,
            Some(b"WAVE") => Format::Wav,
            Some(b"AVI ") => Format::Avi,
            _ => Format::Unknown,
        },
        _ if at(4, b"ftyp") => {
            if bmff::is_still_picture(head) {
                Format::Heif
            } else {
                Format::Mp4
            }
        }
        // Old QuickTime files begin without a brand.
        _ if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") => Format::Mp4,
        _ if at(0, b"ID3") => Format::Mp3,
        _ if at(0, b"fLaC") => Format::Flac,
        _ if at(0, b"OggS") => Format::Ogg,
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => Format::Gif,
        _ if at(0, b"II*\0") || at(0, b"MM\0*") => Format::Tiff,
        _ if memchr::memmem::find(head, b"%PDF-").is_some() => Format::Pdf,
        // The sync word of an MPEG frame of layer I to III.
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 && second & 0x18 != 0x08 => {
            Format::Mp3
        }
        _ => Format::Unknown,
    }
}

/// A packet of XMP that lies in one piece.
fn xmp_at(
    source: &mut Source<'_>,
    container: &str,
    at: u64,
    len: u64,
    findings: &mut Findings,
) -> io::Result<()> {
    let bytes = source.bytes(at, bounded(len, MAX_XMP_BYTES))?;
    xmp::read(&bytes, len, container, Origin::File(at), findings);
    Ok(())
}

/// A block of Exif that lies in one piece, with or without the six bytes that JPEG puts before it.
fn exif_at(
    source: &mut Source<'_>,
    container: &str,
    at: u64,
    len: u64,
    findings: &mut Findings,
) -> io::Result<()> {
    let mut bytes = source.bytes(at, bounded(len, MAX_EXIF_BYTES))?;
    if bytes.starts_with(b"Exif\0\0") {
        bytes.drain(..6);
    }
    exif::read(bytes, len, container, at, findings);
    Ok(())
}

/// Text of a tag that lies in one piece.
fn text_at(
    source: &mut Source<'_>,
    place: Place,
    at: u64,
    len: u64,
    findings: &mut Findings,
) -> io::Result<()> {
    let mut bytes = source.bytes(at, bounded(len, MAX_TEXT_BYTES))?;
    if bytes.len() as u64 == len {
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
    }
    findings.bytes(Kind::Tag, place, whole_characters(&bytes, len), len);
    Ok(())
}

/// The beginning of a cut text, without the part of a character at its end.
fn whole_characters(bytes: &[u8], len: u64) -> &[u8] {
    if (bytes.len() as u64) < len
        && let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        return &bytes[..error.valid_up_to()];
    }
    bytes
}

fn bounded(len: u64, max: usize) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX).min(max)
}

/// The end of a structure that begins at `at` and says that it has `len` bytes, inside `end`. A lie is noted and cut.
fn end_of(at: u64, len: u64, end: u64, place: impl FnOnce() -> Place, findings: &mut Findings) -> u64 {
    match at.checked_add(len) {
        Some(own) if own <= end => own,
        _ => {
            findings.unread(ProblemCode::SizeLies, place(), len.to_string());
            end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (head, format) in [
            (&b"\xff\xd8\xff\xe0"[..], Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"RIFF\0\0\0\0WEBP", Format::Webp),
            (b"RIFF\0\0\0\0CDDA", Format::Unknown),
            (b"\0\0\0\x18ftypisom", Format::Mp4),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Format::Heif),
            (b"\0\0\0\x08wide", Format::Mp4),
            (b"ID3\x04", Format::Mp3),
            (b"\xff\xfb\x90", Format::Mp3),
            (b"\xff\xff\xff\xff", Format::Mp3),
            (b"\xff\xfe<\0a\0", Format::Mp3),
            (b"junk %PDF-1.7", Format::Pdf),
            (b"", Format::Unknown),
        ] {
            assert_eq!(sniff(head), format, "{head:?}");
        }
    }
}
