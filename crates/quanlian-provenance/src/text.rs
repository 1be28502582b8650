//! Text of foreign bytes: how it is read, and how it is shown.
//!
//! In:  bytes whose encoding the file may state wrongly or not at all.
//! Out: a [`Value`] that says how it was read; and [`visible`], which a terminal cannot obey.
//!
//! Not here: what the text means.

use std::fmt::Write as _;

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use crate::claim::{Encoding, MAX_VALUE_BYTES, Value};

/// Reads text that should be UTF-8. Old Chinese programs write GBK wherever a format says Latin-1 or nothing.
pub(crate) fn decode(bytes: &[u8]) -> (String, Encoding) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), Encoding::Utf8);
    }
    if let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        return (text.into_owned(), Encoding::Gb18030Guessed);
    }
    (
        encoding_rs::mem::decode_latin1(bytes).into_owned(),
        Encoding::Latin1,
    )
}

/// Reads UTF-16 with a byte order mark, or big-endian without one.
pub(crate) fn decode_utf16(bytes: &[u8]) -> String {
    let (encoding, bytes) = match bytes {
        [0xff, 0xfe, rest @ ..] => (UTF_16LE, rest),
        [0xfe, 0xff, rest @ ..] => (UTF_16BE, rest),
        _ => (UTF_16BE, bytes),
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// A value of text, cut to what is kept.
pub(crate) fn value(text: &str, size_bytes: u64, encoding: Encoding) -> Value {
    let kept = cut(text, MAX_VALUE_BYTES);
    Value {
        text: kept.to_owned(),
        size_bytes,
        encoding,
        cut: kept.len() < text.len(),
    }
}

/// The longest beginning of `text` of at most `max_bytes` that ends between characters.
pub(crate) fn cut(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let mut end = max_bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Lower-case hexadecimal digits of the first bytes.
pub(crate) fn hex(bytes: &[u8]) -> Value {
    let mut text = String::new();
    for byte in bytes.iter().take(64) {
        let _ = write!(text, "{byte:02x}");
    }
    Value {
        text,
        size_bytes: bytes.len() as u64,
        encoding: Encoding::Binary,
        cut: bytes.len() > 64,
    }
}

/// Text as a terminal or a page may show it: one line, nothing that steers, reorders or hides.
///
/// Control characters (C0, C1), the marks that change the direction of writing, characters without width, line and
/// paragraph separators and the invisible tag letters become `\u{…}`; a backslash becomes two, so that the text can
/// be told back from what is shown.
///
/// ```
/// assert_eq!(quanlian_provenance::visible("gpj.\u{202e}exe\u{1b}[2J"), r"gpj.\u{202e}exe\u{1b}[2J");
/// ```
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            c if is_unseen(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_is_guessed_and_said_to_be_guessed() {
        assert_eq!(decode("曲一".as_bytes()), ("曲一".into(), Encoding::Utf8));
        assert_eq!(
            decode(b"\xc7\xfa\xd2\xbb"),
            ("曲一".into(), Encoding::Gb18030Guessed)
        );
        assert_eq!(decode(b"caf\xe9"), ("café".into(), Encoding::Latin1));
    }

    #[test]
    fn utf16_takes_either_order() {
        assert_eq!(decode_utf16(b"\xff\xfea\0"), "a");
        assert_eq!(decode_utf16(b"\xfe\xff\0a"), "a");
        assert_eq!(decode_utf16(b"\0a\xd8"), "a\u{fffd}");
    }

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        let check = |text: &str, shown: &str| assert_eq!(visible(text), shown);
        check("曲一 (a)", "曲一 (a)");
        check("a\u{1b}]0;x\u{7}\u{9b}2J", r"a\u{1b}]0;x\u{7}\u{9b}2J");
        check(
            "a\r\nb\u{2028}c\u{202e}d\u{2066}",
            r"a\u{d}\u{a}b\u{2028}c\u{202e}d\u{2066}",
        );
        check("a\u{200b}\u{feff}\u{e0041}", r"a\u{200b}\u{feff}\u{e0041}");
        check(r"\u{202e}", r"\\u{202e}");
    }

    #[test]
    fn a_cut_ends_between_characters() {
        assert_eq!(cut("全链", 4), "全");
        let long = "链".repeat(2000);
        let value = value(&long, 6000, Encoding::Utf8);
        assert!(value.cut && value.text.len() <= MAX_VALUE_BYTES);
    }
}
