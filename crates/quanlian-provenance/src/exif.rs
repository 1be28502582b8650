//! Exif: what the camera or the program wrote about a picture.
//!
//! In:  the bytes of an Exif block (a TIFF header and what follows).
//! Out: claims for the fields that say who, when, where and with what.
//!
//! Invariant: only fields of the list are decoded: a block of a few kilobytes can name the same bytes thousands of
//! times, and decoding every field would take memory by the square of its size.
//!
//! Not here: finding the block (`container`), maker notes, thumbnails, the fields of later pictures in the file.

use ::exif::{Context, Exif, Field, In, Reader, Tag, Value};

use crate::{
    claim::{Encoding, Kind, Place, ProblemCode},
    findings::Findings,
    source::{be, le},
    text,
};

/// The largest block that is read. JPEG cannot hold more than 65,533 bytes, and other formats have no reason to.
pub(crate) const MAX_EXIF_BYTES: usize = 128 * 1024;

/// Pointers to directories with more than one number that a block may hold: there is no reason for any.
const MAX_LONG_POINTERS: usize = 16;

/// The fields that are read.
const TAGS: [Tag; 34] = [
    Tag::Make,
    Tag::Model,
    Tag::Software,
    Tag::DateTime,
    Tag::DateTimeOriginal,
    Tag::DateTimeDigitized,
    Tag::OffsetTime,
    Tag::OffsetTimeOriginal,
    Tag::OffsetTimeDigitized,
    Tag::SubSecTimeOriginal,
    Tag::Artist,
    Tag::Copyright,
    Tag::ImageDescription,
    Tag::UserComment,
    Tag::CameraOwnerName,
    Tag::BodySerialNumber,
    Tag::LensModel,
    Tag::LensSerialNumber,
    Tag::ImageUniqueID,
    Tag::PixelXDimension,
    Tag::PixelYDimension,
    Tag::GPSLatitudeRef,
    Tag::GPSLatitude,
    Tag::GPSLongitudeRef,
    Tag::GPSLongitude,
    Tag::GPSAltitudeRef,
    Tag::GPSAltitude,
    Tag::GPSTimeStamp,
    Tag::GPSDateStamp,
    Tag::GPSImgDirection,
    XP_TITLE,
    XP_COMMENT,
    XP_AUTHOR,
    XP_KEYWORDS,
];

/// What Windows writes beside the standard, in UTF-16.
const XP_TITLE: Tag = Tag(Context::Tiff, 0x9c9b);
const XP_COMMENT: Tag = Tag(Context::Tiff, 0x9c9c);
const XP_AUTHOR: Tag = Tag(Context::Tiff, 0x9c9d);
const XP_KEYWORDS: Tag = Tag(Context::Tiff, 0x9c9e);

/// Reads a block of `size_bytes`, of which `bytes` is what lies within [`MAX_EXIF_BYTES`].
pub(crate) fn read(bytes: Vec<u8>, size_bytes: u64, container: &str, offset: u64, findings: &mut Findings) {
    let place = || Place::new(container, "Exif", offset);
    if size_bytes > MAX_EXIF_BYTES as u64 {
        findings.unread(ProblemCode::TooLarge, place(), MAX_EXIF_BYTES.to_string());
        return;
    }
    if !findings.count_exif(place()) {
        return;
    }
    if has_long_pointers(&bytes) {
        findings.unread(ProblemCode::TooMany, place(), "directory pointers");
        return;
    }
    let mut is_partial = false;
    let block = Reader::new()
        .continue_on_error(true)
        .read_raw(bytes)
        .or_else(|error| error.distill_partial_result(|_| is_partial = true));
    match block {
        Ok(block) => fields(&block, container, offset, findings),
        Err(_) => findings.unread(ProblemCode::Malformed, place(), "Exif"),
    }
    if is_partial {
        findings.unread(ProblemCode::Malformed, place(), "Exif");
    }
}

/// Whether the block is made to cost hours: the crate decodes every number of every pointer to a directory, and ten
/// thousand pointers may share the same thirty thousand numbers.
fn has_long_pointers(bytes: &[u8]) -> bool {
    let is_big = bytes.starts_with(b"MM");
    let number = |bytes: &[u8]| if is_big { be(bytes) } else { le(bytes) };
    let pointers = bytes.windows(8).filter(|entry| {
        matches!(number(&entry[..2]), 0x8769 | 0x8825 | 0xa005)
            && matches!(number(&entry[2..4]), 1..=13)
            && number(&entry[4..]) > 16
    });
    pointers.count() > MAX_LONG_POINTERS
}

/// Notes the fields of a block that is decoded already.
pub(crate) fn fields(block: &Exif, container: &str, offset: u64, findings: &mut Findings) {
    for tag in TAGS {
        let Some(field) = block.get_field(tag, In::PRIMARY) else {
            continue;
        };
        let (value, size, encoding) = match &field.value {
            Value::Ascii(parts) => {
                let bytes = parts.join(&b"; "[..]);
                let (decoded, encoding) = text::decode(&bytes);
                (decoded, bytes.len(), encoding)
            }
            Value::Byte(bytes) if tag.number() >= XP_TITLE.number() => {
                (utf16_le(bytes), bytes.len(), Encoding::Utf16)
            }
            Value::Undefined(bytes, _) if tag == Tag::UserComment => {
                let (decoded, encoding) = user_comment(bytes, block.little_endian());
                (decoded, bytes.len(), encoding)
            }
            _ => number(field, block),
        };
        let key = name(tag);
        let trimmed = value.trim_matches(|c: char| c == '\0' || c == ' ');
        if !trimmed.is_empty() {
            findings.text(
                Kind::Exif,
                Place::new(container, &key, offset),
                trimmed,
                size as u64,
                encoding,
            );
        }
    }
}

fn name(tag: Tag) -> String {
    match tag {
        XP_TITLE => "XPTitle".into(),
        XP_COMMENT => "XPComment".into(),
        XP_AUTHOR => "XPAuthor".into(),
        XP_KEYWORDS => "XPKeywords".into(),
        tag => tag.to_string(),
    }
}

/// Numbers as the crate words them. A list of thousands is an attack or a mistake and is not worded.
fn number(field: &Field, block: &Exif) -> (String, usize, Encoding) {
    let count = match &field.value {
        Value::Byte(v) | Value::Undefined(v, _) => v.len(),
        Value::Short(v) => v.len(),
        Value::Long(v) => v.len(),
        Value::Rational(v) => v.len(),
        Value::SRational(v) => v.len(),
        _ => usize::MAX,
    };
    let worded = if count <= 16 {
        field.display_value().with_unit(block).to_string()
    } else {
        format!("{} values", if count == usize::MAX { 0 } else { count })
    };
    (worded, count.min(MAX_EXIF_BYTES), Encoding::Binary)
}

/// `UserComment` begins with eight bytes that name its encoding.
fn user_comment(bytes: &[u8], little_endian: bool) -> (String, Encoding) {
    let Some((head, rest)) = bytes.split_at_checked(8) else {
        return text::decode(bytes);
    };
    match head {
        b"UNICODE\0" if little_endian && !rest.starts_with(b"\xfe\xff") => (utf16_le(rest), Encoding::Utf16),
        b"UNICODE\0" => (text::decode_utf16(rest), Encoding::Utf16),
        b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0" => text::decode(rest),
        b"JIS\0\0\0\0\0" => (
            encoding_rs::ISO_2022_JP.decode(rest).0.into_owned(),
            Encoding::Latin1,
        ),
        _ => text::decode(bytes),
    }
}

fn utf16_le(bytes: &[u8]) -> String {
    encoding_rs::UTF_16LE.decode(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::claim::Format;

    /// An Exif block with one text field in IFD 0.
    fn block(tag: u16, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from(*b"II*\0\x08\0\0\0\x01\0");
        bytes.extend(tag.to_le_bytes());
        bytes.extend(2_u16.to_le_bytes());
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(26_u32.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(text);
        bytes
    }

    fn shown(bytes: Vec<u8>) -> Vec<String> {
        let mut findings = Findings::default();
        let size = bytes.len() as u64;
        read(bytes, size, "jpeg/APP1", 0, &mut findings);
        let provenance = findings.finish(Format::Jpeg);
        let claims = provenance
            .claims
            .iter()
            .map(|c| format!("{}={}", c.place.key, c.value.text));
        let problems = provenance.problems.iter().map(|p| p.code.as_str().to_owned());
        claims.chain(problems).collect()
    }

    #[test]
    fn text_is_read_in_gbk_too() {
        assert_eq!(shown(block(0x013b, "张三\0".as_bytes())), ["Artist=张三"]);
        assert_eq!(shown(block(0x013b, b"\xd5\xc5\xc8\xfd\0")), ["Artist=张三"]);
    }

    #[test]
    fn a_broken_block_is_a_problem_and_not_silence() {
        assert_eq!(shown(b"II*\0\xff\0\0\0".to_vec()), ["malformed"]);
        assert_eq!(shown(vec![0; MAX_EXIF_BYTES + 1]), ["too_large"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = b"II*\0\x08\0\0\0".to_vec();
            bytes.extend(tail);
            shown(bytes);
        }
    }
}
