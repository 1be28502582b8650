//! Sniffing: which medium a file holds, by its first bytes and never by its name.
//!
//! In:  the beginning of a file.
//! Out: a [`Medium`], or what else it seems to be.
//!
//! Not here: whether the rest of the file keeps the promise (the decoders say).

use std::path::Path;

use crate::Medium;
use crate::code::Language;
use crate::image::is_heif;
use crate::text::decode;
use crate::video::Container;

/// Bytes that [`sniff`] wants to see.
pub(super) const SNIFF_BYTES: usize = decode::SAMPLE_BYTES;

/// What the first bytes promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A medium that can be matched.
    Known(Medium),
    /// A container that holds a film or sound alone; what is in it has to be looked up.
    Container(Container),
    /// A zip file; whether it is a document has to be looked up.
    Archive,
    /// The file has no bytes.
    Empty,
    /// Something else, named where it is well known.
    Other(&'static str),
}

/// Tells the content from the first [`SNIFF_BYTES`]; `whole` when there are no more.
pub(super) fn sniff(start: &[u8], whole: bool) -> Content {
    if start.is_empty() {
        Content::Empty
    } else if is_picture(start) {
        Content::Known(Medium::Image)
    } else if let Some(container) = container(start) {
        Content::Container(container)
    } else if is_sound(start) {
        Content::Known(Medium::Audio)
    } else if start.starts_with(b"%PDF-") {
        Content::Known(Medium::Text)
    } else if start.starts_with(b"PK\x03\x04") {
        Content::Archive
    } else if let Some(what) = other(start) {
        Content::Other(what)
    } else if decode::detect(start, whole).is_some() {
        Content::Known(Medium::Text)
    } else if mp3_frame(start) {
        // Last, because a frame starts with two bytes only that text could hold as well.
        Content::Known(Medium::Audio)
    } else {
        Content::Other("binary content of an unknown kind")
    }
}

fn is_picture(b: &[u8]) -> bool {
    let at = |from: usize, what: &[u8]| b.get(from..from + what.len()) == Some(what);
    is_heif(b)
        || at(0, b"\x89PNG\r\n\x1a\n")
        || at(0, b"\xff\xd8\xff")
        || at(0, b"GIF87a")
        || at(0, b"GIF89a")
        || at(0, b"RIFF") && at(8, b"WEBP")
        || at(0, b"II*\0")
        || at(0, b"MM\0*")
        // Two letters could begin a text as well: the size of the second header decides.
        || at(0, b"BM") && b.get(14..18).is_some_and(|n| matches!(n, [12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// Containers that may hold moving pictures.
fn container(b: &[u8]) -> Option<Container> {
    let at = |from: usize, what: &[u8]| b.get(from..from + what.len()) == Some(what);
    let brand = b.get(8..12).unwrap_or_default();
    if at(4, b"ftyp") && !matches!(brand, b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B ") {
        Some(Container::Mp4)
    } else if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") {
        // QuickTime before it had brands.
        Some(Container::Mp4)
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Some(Container::Matroska)
    } else if at(0, b"OggS") && (b.windows(7).any(|w| w == b"\x80theora")) {
        Some(Container::Ogg)
    } else if at(0, b"RIFF") && at(8, b"AVI ") {
        Some(Container::Avi)
    } else if at(0, b"FLV\x01") {
        Some(Container::Flv)
    } else if at(0, &[0, 0, 1, 0xba]) {
        Some(Container::MpegPs)
    } else if at(0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]) {
        Some(Container::Asf)
    } else if is_transport_stream(b, 0, 188) || is_transport_stream(b, 4, 192) {
        Some(Container::MpegTs)
    } else {
        None
    }
}

/// Packets of one length, each beginning with the same byte: a letter, so that several are asked for.
fn is_transport_stream(b: &[u8], first: usize, packet: usize) -> bool {
    const PACKETS: usize = 5;
    b.len() >= first + PACKETS * packet && (0..PACKETS).all(|i| b[first + i * packet] == 0x47)
}

fn is_sound(b: &[u8]) -> bool {
    let at = |from: usize, what: &[u8]| b.get(from..from + what.len()) == Some(what);
    at(0, b"RIFF") && at(8, b"WAVE")
        || at(0, b"RF64")
        || at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"))
        || at(0, b"fLaC")
        || at(0, b"OggS")
        || at(0, b"ID3")
        || at(0, b"caff\0\x01")
        || at(4, b"ftyp")
}

fn other(b: &[u8]) -> Option<&'static str> {
    let signatures: [(&[u8], &str); 9] = [
        (b"\0\0\0\x0cJXL ", "a JPEG XL picture, which is not decoded"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture, which is not decoded"),
        (b"\x1f\x8b", "gzip compressed data"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"\xfd7zXZ\0", "xz compressed data"),
        (b"\x28\xb5\x2f\xfd", "zstd compressed data"),
        (
            b"Rar!",
            "a RAR archive, which is not opened: give an unpacked copy",
        ),
        (b"\x7fELF", "a program"),
        (b"SQLite format 3\0", "an SQLite database"),
    ];
    signatures
        .iter()
        .find(|(s, _)| b.starts_with(s))
        .map(|&(_, what)| what)
}

/// The header of an MPEG audio frame or of an ADTS frame.
fn mp3_frame(b: &[u8]) -> bool {
    let [0xff, second, third, ..] = *b else {
        return false;
    };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let (bitrate, rate) = (third >> 4, third >> 2 & 3);
    let mpeg = second & 0xe0 == 0xe0 && version != 1 && layer != 0 && !matches!(bitrate, 0 | 15) && rate != 3;
    let adts = second & 0xf6 == 0xf0;
    mpeg || adts
}

/// What a file name promises, for the remark when the content is something else; nothing where it may be either.
pub(super) fn promised(path: &Path) -> &'static [Medium] {
    let Some(extension) = path.extension().and_then(|e| e.to_str()) else {
        return &[];
    };
    match extension.to_ascii_lowercase().as_str() {
        "wav" | "flac" | "mp3" | "ogg" | "oga" | "opus" | "aac" | "m4a" | "aif" | "aiff" => &[Medium::Audio],
        "mp4" | "mkv" | "webm" | "m4v" | "3gp" | "asf" => &[Medium::Video, Medium::Audio],
        "mov" | "avi" | "flv" | "ts" | "m2ts" | "mpg" | "mpeg" | "wmv" | "ogv" => &[Medium::Video],
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "bmp" | "tif" | "tiff" | "avif" | "heic" | "heif" => {
            &[Medium::Image]
        }
        _ if Language::of_name(path).is_some() => &[Medium::Code],
        "txt" | "md" | "csv" | "json" | "xml" | "html" | "htm" | "xhtml" | "srt" | "ass" | "ssa" | "pdf"
        | "docx" | "epub" => &[Medium::Text],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_decides() {
        let known = |b: &[u8]| sniff(b, true);
        assert_eq!(known(b"RIFF\x24\0\0\0WAVEfmt "), Content::Known(Medium::Audio));
        assert_eq!(known(b"\0\0\0\x20ftypM4A "), Content::Known(Medium::Audio));
        assert_eq!(known(b"\xff\xfb\x90\x44\0\0\0\0"), Content::Known(Medium::Audio));
        assert_eq!(known("中文".as_bytes()), Content::Known(Medium::Text));
        assert_eq!(known(b"\xff\xfea\0b\0c\0 \0d\0"), Content::Known(Medium::Text));
        assert_eq!(known(b"\x89PNG\r\n\x1a\n"), Content::Known(Medium::Image));
        assert_eq!(known(b"%PDF-1.7\n"), Content::Known(Medium::Text));
        assert_eq!(known(b"PK\x03\x04\x14\0"), Content::Archive);
        assert_eq!(known(b""), Content::Empty);
    }

    #[test]
    fn containers_of_films_are_told_apart() {
        let known = |b: &[u8]| sniff(b, true);
        assert_eq!(known(b"\0\0\0\x20ftypisom"), Content::Container(Container::Mp4));
        assert_eq!(known(b"\0\0\0\x14ftypqt  "), Content::Container(Container::Mp4));
        assert_eq!(
            known(&[0x1a, 0x45, 0xdf, 0xa3, 1]),
            Content::Container(Container::Matroska)
        );
        assert_eq!(
            known(b"RIFF\x24\0\0\0AVI LIST"),
            Content::Container(Container::Avi)
        );
        assert_eq!(known(b"FLV\x01\x05"), Content::Container(Container::Flv));
        assert_eq!(known(b"OggS\0\x02 \x01vorbis"), Content::Known(Medium::Audio));
        assert_eq!(
            known(b"OggS\0\x02 \x80theora"),
            Content::Container(Container::Ogg)
        );
        let mut stream = vec![0u8; 188 * 6];
        (0..6).for_each(|i| stream[188 * i] = 0x47);
        assert_eq!(known(&stream), Content::Container(Container::MpegTs));
        assert_eq!(known("G".repeat(300).as_bytes()), Content::Known(Medium::Text));
    }

    #[test]
    fn a_list_of_other_files_is_text_and_never_reaches_ffmpeg() {
        for list in [
            "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
            "ffconcat version 1.0\nfile /etc/passwd\n",
        ] {
            assert_eq!(sniff(list.as_bytes(), true), Content::Known(Medium::Text));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_told_apart_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            sniff(&bytes, true);
            sniff(&bytes, false);
        }
    }
}
