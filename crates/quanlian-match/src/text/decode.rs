//! Decoding: bytes of unknown origin to Unicode text, a chunk at a time.
//!
//! In:  a reader over the bytes of a file.
//! Out: its text in pieces, the encoding found and whether broken bytes were replaced.
//!
//! Broken sequences become U+FFFD and are reported; binary content is refused by name.
//! A byte order mark is not part of the text, so place 0 is the first character.
//!
//! Invariant: memory does not grow with the length of the file.
//!
//! Not here: which medium a file holds (`collection`), folding (`fold`).

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes from which the encoding is told.
pub(crate) const SAMPLE_BYTES: usize = 256 << 10;
const CHUNK_BYTES: usize = 64 << 10;
/// Share of control characters (other than line ends, tabs and form feeds) above which
/// content is binary, in per mille.
const MAX_CONTROL_PER_MILLE: usize = 5;

/// Why a file is no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum TextError {
    /// The content is not written text in any encoding that is known here.
    #[error("binary content, not text")]
    Binary,
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The operating system refused to read.
    #[error("cannot read the text")]
    Io(#[from] io::Error),
    /// A document whose structure cannot be read.
    #[error("cannot read the document: {what}")]
    Document { what: String },
    /// A document that opens with a password only.
    #[error("the document is encrypted; save it without a password")]
    Encrypted,
    /// The document holds more text than is taken out of one file.
    #[error("the document holds more than {limit_bytes} bytes of text or of one part; split it")]
    DocumentTooLarge { limit_bytes: u64 },
    /// The document holds no letters: scanned pages, say, are pictures.
    #[error("the document holds no text")]
    NoText,
    /// `pdftotext` is not there.
    #[error("a PDF document is read by pdftotext, which is missing: install poppler-utils")]
    NoPdfReader,
    /// More symbols than a position can count.
    #[error("the text has more than {limit} letters")]
    TooLong { limit: u64 },
}

impl TextError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Binary => "text_binary",
            Self::Empty => "text_empty",
            Self::Io(_) => "text_io",
            Self::Document { .. } => "text_document",
            Self::Encrypted => "text_encrypted",
            Self::DocumentTooLarge { .. } => "text_document_too_large",
            Self::NoText => "text_none",
            Self::NoPdfReader => "text_no_pdf_reader",
            Self::TooLong { .. } => "text_too_long",
        }
    }
}

/// What is told about a text once it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Name of the encoding, as the WHATWG standard writes it.
    pub(crate) encoding: &'static str,
    /// Whether some bytes meant nothing in that encoding and were replaced.
    pub(crate) broken: bool,
    /// Length in Unicode scalar values.
    pub(crate) chars: u64,
}

/// Tells the encoding from the beginning of a file; `None` when it is not text.
pub(crate) fn detect(sample: &[u8], whole: bool) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Some(encoding);
    }
    if let Some(encoding) = utf16_without_mark(sample) {
        return Some(encoding);
    }
    if looks_binary(sample) {
        return None;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => return Some(UTF_8),
        // The sample may end inside a character.
        Err(e) if e.error_len().is_none() && !whole => return Some(UTF_8),
        Err(_) => {}
    }
    if mostly_utf8(sample) {
        return Some(UTF_8);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, whole);
    let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
    Some(if guess == GBK { GB18030 } else { guess })
}

/// Broken UTF-8 is still UTF-8 when most of what is not ASCII forms whole characters.
fn mostly_utf8(sample: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in sample.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good > 4 * bad
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches many bytes are looked at at once"
)]
fn looks_binary(sample: &[u8]) -> bool {
    let is_control = |b: u8| {
        let spares = (b == b'\t') | (b == b'\n') | (b == b'\r') | (b == 0x0c) | (b == 0x1a) | (b == 0x1b);
        (b < 0x20) & !spares | (b == 0x7f)
    };
    // Counted in bytes, again for many at once; so few never wrap, and a checked sum would look at them one by one.
    let in_chunk = |chunk: &[u8]| {
        let add = |count: u8, &b: &u8| count.wrapping_add(u8::from(is_control(b)));
        chunk.iter().fold(0, add)
    };
    let control: usize = (sample.chunks(usize::from(u8::MAX)))
        .map(|chunk| usize::from(in_chunk(chunk)))
        .sum();
    sample.contains(&0) || control * 1000 > sample.len() * MAX_CONTROL_PER_MILLE
}

/// UTF-16 without a mark: zero or Han high bytes in one half of the pairs only.
fn utf16_without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = &sample[..sample.len() / 2 * 2];
    if pairs.len() < 4 || !sample.contains(&0) {
        return None;
    }
    [UTF_16LE, UTF_16BE].into_iter().find(|&encoding| {
        let units = pairs.chunks_exact(2).map(|p| {
            if encoding == UTF_16LE {
                u16::from_le_bytes([p[0], p[1]])
            } else {
                u16::from_be_bytes([p[0], p[1]])
            }
        });
        let (mut chars, mut odd, mut spaces) = (0usize, 0usize, 0usize);
        for c in char::decode_utf16(units) {
            chars += 1;
            match c {
                Ok(' ' | '\n' | '\u{3000}' | '，' | '。' | 'e' | '的') => spaces += 1,
                Ok(c) if c.is_alphanumeric() || c.is_ascii_graphic() || matches!(c, '\r' | '\t') => {}
                Ok(c) if ('\u{2000}'..'\u{2070}').contains(&c) || ('\u{3000}'..'\u{3040}').contains(&c) => {}
                Ok(c) if ('\u{ff00}'..'\u{fff0}').contains(&c) => {}
                _ => odd += 1,
            }
        }
        odd * 50 <= chars && spaces * 100 >= chars
    })
}

/// Reads a whole text and calls `sink` with piece after piece of it.
///
/// `sink` may refuse, which ends the reading with its error.
pub(crate) fn decode<E: From<TextError>>(
    mut reader: impl Read,
    mut sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<Decoded, E> {
    // Not a buffer of the full size: most works are short, and clearing it would take as
    // long as indexing them.
    let mut bytes = Vec::with_capacity(CHUNK_BYTES / 4);
    (&mut reader)
        .take(SAMPLE_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(TextError::Io)?;
    if bytes.is_empty() {
        return Err(TextError::Empty.into());
    }
    let mut ended = bytes.len() < SAMPLE_BYTES;
    let encoding = detect(&bytes, ended).ok_or(TextError::Binary)?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = Pieces {
        text: String::with_capacity(CHUNK_BYTES),
        broken: false,
        chars: 0,
    };
    text.feed(&mut decoder, &bytes, ended, &mut sink)?;
    bytes.truncate(CHUNK_BYTES);
    while !ended {
        let n = read_up_to(&mut reader, &mut bytes)?;
        ended = n < bytes.len();
        text.feed(&mut decoder, &bytes[..n], ended, &mut sink)?;
    }
    Ok(Decoded {
        encoding: encoding.name(),
        broken: text.broken,
        chars: text.chars,
    })
}

fn read_up_to(reader: &mut impl Read, bytes: &mut [u8]) -> Result<usize, TextError> {
    let mut filled = 0;
    while filled < bytes.len() {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(filled)
}

struct Pieces {
    text: String,
    broken: bool,
    chars: u64,
}

impl Pieces {
    fn feed<E>(
        &mut self,
        decoder: &mut Decoder,
        mut bytes: &[u8],
        last: bool,
        sink: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            self.text.clear();
            let (result, read, broken) = decoder.decode_to_string(bytes, &mut self.text, last);
            self.broken |= broken;
            self.chars += self.text.chars().count() as u64;
            if !self.text.is_empty() {
                sink(&self.text)?;
            }
            bytes = &bytes[read..];
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::BIG5;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<(String, Decoded), TextError> {
        let mut out = String::new();
        let decoded = decode(bytes, |piece| {
            out.push_str(piece);
            Ok::<(), TextError>(())
        })?;
        assert_eq!(decoded.chars, out.chars().count() as u64);
        Ok((out, decoded))
    }

    const CHINESE: &str =
        "话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。";

    #[test]
    fn chinese_encodings_are_told_apart() {
        let (gb, _, _) = GB18030.encode(CHINESE);
        assert_eq!(
            read(&gb).expect("text"),
            (
                CHINESE.to_owned(),
                Decoded {
                    encoding: "gb18030",
                    broken: false,
                    chars: 47
                }
            )
        );
        let traditional = "話說天下大勢，分久必合，合久必分。周末七國分爭，並入於秦。";
        let (big5, _, _) = BIG5.encode(traditional);
        assert_eq!(read(&big5).expect("text").0, traditional);
    }

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        for text in [
            CHINESE,
            "It was the best of times, it was the worst of times.\r\n",
        ] {
            let ascii_too = format!("{text}\n 1984");
            let le: Vec<u8> = ascii_too.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let be: Vec<u8> = ascii_too.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(read(&le).expect("text").0, ascii_too);
            assert_eq!(read(&be).expect("text").0, ascii_too);
            assert_eq!(
                read(&[&[0xff, 0xfe], &le[..]].concat()).expect("text").0,
                ascii_too
            );
        }
    }

    #[test]
    fn broken_utf_8_is_replaced_and_told() {
        let mut bytes = CHINESE.repeat(3).into_bytes();
        bytes[100] = 0xff;
        let (text, decoded) = read(&bytes).expect("text");
        assert!(decoded.broken);
        assert_eq!(decoded.encoding, "UTF-8");
        assert!(text.contains('\u{fffd}'));
    }

    #[test]
    fn binary_and_empty_content_is_refused_by_name() {
        assert_eq!(
            read(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0")
                .expect_err("refused")
                .code(),
            "text_binary"
        );
        assert_eq!(read(b"").expect_err("refused").code(), "text_empty");
    }

    #[test]
    fn a_character_may_straddle_every_chunk() {
        let text = format!("a{}", "汉".repeat(200_000));
        assert_eq!(
            read(text.as_bytes()).expect("text"),
            (
                text,
                Decoded {
                    encoding: "UTF-8",
                    broken: false,
                    chars: 200_001
                }
            )
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }
    }
}
