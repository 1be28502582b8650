//! Names of members: text to show and to know them by, never paths.
//!
//! In:  the bytes of a name, in any encoding and of any length.
//! Out: the part behind `!/` or `!2/`, unique within its archive.
//!
//! Bytes that are not UTF-8 are read as GBK, as archives from Chinese Windows have them, and where they are not that
//! either, shown as `\xNN`. Control characters and marks that turn the direction of writing become `\u{N}`; so does a `!` that a
//! slash follows, which stands for the border of an archive alone.
//!
//! Not here: opening anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use encoding_rs::GBK;
use sha2::{Digest, Sha256};

/// Characters of a name at its beginning and its end that are kept; the end tells the language of code.
const MAX_HEAD_CHARS: usize = 512;
const MAX_TAIL_CHARS: usize = 256;

/// A name from outside as text.
pub(in crate::collection) fn shown(raw: &[u8]) -> String {
    let mut shown = String::new();
    match std::str::from_utf8(raw) {
        Ok(text) => escape(&mut shown, text),
        Err(_) => match GBK.decode_without_bom_handling_and_without_replacement(raw) {
            Some(text) => escape(&mut shown, &text),
            None => {
                for chunk in raw.utf8_chunks() {
                    escape(&mut shown, chunk.valid());
                    for byte in chunk.invalid() {
                        let _ = write!(shown, "\\x{byte:02x}");
                    }
                }
            }
        },
    }
    shortened(shown)
}

fn escape(shown: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns || c == '!' && chars.peek() == Some(&'/') {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
}

fn shortened(name: String) -> String {
    let count = name.chars().count();
    if count <= MAX_HEAD_CHARS + MAX_TAIL_CHARS {
        return name;
    }
    let head = name.chars().take(MAX_HEAD_CHARS);
    let tail = name.chars().skip(count - MAX_TAIL_CHARS);
    head.chain(['…']).chain(tail).collect()
}

/// The name of what a compressed file holds: its own without the ending.
pub(super) fn unpacked(outer: &str) -> String {
    let last = outer.rsplit(['/', '\\']).next().unwrap_or(outer);
    let endings = [".gz", ".bz2", ".xz", ".zst", ".z"];
    let stem = |ending: &&str| {
        let at = last.len().checked_sub(ending.len())?;
        (last.is_char_boundary(at) && last[at..].eq_ignore_ascii_case(ending) && at > 0).then(|| &last[..at])
    };
    endings.iter().find_map(stem).unwrap_or(last).to_owned()
}

/// The names of one archive, to tell members of the same name apart.
#[derive(Default)]
pub(super) struct Names {
    /// How often each was seen, by the beginning of its SHA-256: millions of names may be long.
    seen: BTreeMap<[u8; 16], u32>,
}

impl Names {
    /// The whole name of a member of `outer`.
    pub(super) fn take(&mut self, outer: &str, raw: &[u8]) -> String {
        let inner = shown(raw);
        let inner = inner.strip_prefix("./").unwrap_or(&inner);
        let digest = Sha256::digest(inner.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        let count = self.seen.entry(key).or_default();
        *count += 1;
        match *count {
            1 => format!("{outer}!/{inner}"),
            n => format!("{outer}!{n}/{inner}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_as_utf8_or_gbk_and_cannot_do_anything() {
        for (raw, name) in [
            ("rtl/加法器.v".as_bytes(), "rtl/加法器.v"),
            (b"\xbc\xd3\xb7\xa8\xc6\xf7.v", "加法器.v"),
            (b"\xff\xfe.v", "\\xff\\xfe.v"),
            (b"../../etc/passwd", "../../etc/passwd"),
            (b"/abs\x1b[2J", "/abs\\u{1b}[2J"),
            ("a\u{202e}v.b".as_bytes(), "a\\u{202e}v.b"),
            (b"a.zip!/b", "a.zip\\u{21}/b"),
        ] {
            assert_eq!(shown(raw), name);
        }
        let long = shown(&b"x".repeat(5_000));
        assert_eq!(long.chars().count(), MAX_HEAD_CHARS + 1 + MAX_TAIL_CHARS);
    }

    #[test]
    fn what_is_packed_loses_its_ending_and_a_name_that_comes_again_is_numbered() {
        assert_eq!(unpacked("d/alu.v.gz"), "alu.v");
        assert_eq!(unpacked("d/ALU.V.XZ"), "ALU.V");
        assert_eq!(unpacked("d/.gz"), ".gz");
        assert_eq!(unpacked("字.z"), "字");
        let mut names = Names::default();
        assert_eq!(names.take("a.tar", b"./x.v"), "a.tar!/x.v");
        assert_eq!(names.take("a.tar", b"x.v"), "a.tar!2/x.v");
    }

    proptest! {
        #[test]
        fn any_name_is_shown_without_control_characters(raw in prop::collection::vec(any::<u8>(), 0..900)) {
            let name = shown(&raw);
            prop_assert!(!name.chars().any(char::is_control) && !name.contains("!/"));
            unpacked(&name);
        }
    }
}
