//! Content: what was deposited, told by its size and two digests.
//!
//! In:  a stream, read once; a file name from outside.
//! Out: [`Content`]; names that are safe in a folder, in a ZIP and in a shell.
//!
//! Invariant: both digests and the size come from the same pass over the same bytes.

use std::{
    fmt::Write as _,
    io::{self, Read},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

/// The largest file that is taken as one deposit: 1 TiB.
pub const MAX_DEPOSIT_BYTES: u64 = 1 << 40;
/// The longest name that a deposit keeps, in bytes.
pub const MAX_NAME_BYTES: usize = 1024;
/// The longest name inside a bundle, in bytes, without its number. Some `unzip` programs
/// triple the length of names that are not ASCII, and a folder entry ends at 255 bytes.
pub const MAX_SAFE_NAME_BYTES: usize = 80;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What was deposited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The file name, without folders.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// SM3 (GB/T 32905-2016), lower-case hex.
    pub sm3: String,
}

/// Why content could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ContentError {
    /// The stream broke off.
    #[error("cannot read the content")]
    Read(#[source] io::Error),
    /// More than this installation takes.
    #[error("the content has more than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    /// No name, or one longer than [`MAX_NAME_BYTES`].
    #[error("the name has {size_bytes} bytes, 1 to {MAX_NAME_BYTES} are allowed")]
    Name { size_bytes: usize },
}

impl ContentError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "content_read",
            Self::TooLarge { .. } => "content_too_large",
            Self::Name { .. } => "content_name",
        }
    }
}

/// Digests of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) size_bytes: u64,
    pub(crate) sha256: String,
    pub(crate) sm3: String,
    pub(crate) crc32: u32,
}

impl Content {
    /// Reads `reader` to its end, once, and describes what came out of it.
    ///
    /// Memory does not grow with the length. `progress` is told the bytes read so far.
    pub fn read(
        name: &str,
        reader: impl Read,
        limit_bytes: u64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, ContentError> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(ContentError::Name {
                size_bytes: name.len(),
            });
        }
        let Digests {
            size_bytes,
            sha256,
            sm3,
            ..
        } = digest(reader, limit_bytes, progress)?;
        Ok(Self {
            name: name.to_owned(),
            size_bytes,
            sha256,
            sm3,
        })
    }

    pub(crate) fn is_told_by(&self, digests: &Digests) -> bool {
        (self.size_bytes, &self.sha256, &self.sm3) == (digests.size_bytes, &digests.sha256, &digests.sm3)
    }
}

pub(crate) fn digest(
    mut reader: impl Read,
    limit_bytes: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Digests, ContentError> {
    let (mut sha256, mut sm3, mut crc32) = (Sha256::new(), Sm3::new(), crc32fast::Hasher::new());
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut size_bytes = 0_u64;
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ContentError::Read(error)),
        };
        size_bytes += count as u64;
        if size_bytes > limit_bytes {
            return Err(ContentError::TooLarge { limit_bytes });
        }
        sha256.update(&chunk[..count]);
        sm3.update(&chunk[..count]);
        crc32.update(&chunk[..count]);
        progress(size_bytes);
    }
    Ok(Digests {
        size_bytes,
        sha256: hex::encode(sha256.finalize()),
        sm3: hex::encode(sm3.finalize()),
        crc32: crc32.finalize(),
    })
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether `text` is 64 lower-case hex digits.
pub(crate) fn is_hex_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// `name` as it may stand in a folder, a ZIP, a manifest and a web page.
///
/// Letters, digits and marks of all scripts stay. Separators, quotes, wildcards, control
/// and direction characters become `_`; the ending is kept when the name is cut.
pub fn safe_name(name: &str) -> String {
    let cleaned: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    let trimmed = cleaned.trim_matches(['.', ' ']);
    let (stem, ending) = match trimmed.rfind('.') {
        Some(dot) if trimmed.len() - dot <= 12 => trimmed.split_at(dot),
        _ => (trimmed, ""),
    };
    let room = MAX_SAFE_NAME_BYTES - ending.len();
    let stem = &stem[..stem.floor_char_boundary(room)];
    if stem.is_empty() {
        format!("file{ending}")
    } else {
        format!("{stem}{ending}")
    }
}

/// `text` with every character that could hide, reorder or command made visible, for
/// reports and terminals.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        );
        if c.is_control() || is_hidden {
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn is_safe(c: char) -> bool {
    // Combining marks are not alphanumeric, and Devanagari or decomposed é would break without
    // them; but invisible format characters (zero width, direction) sit in U+2000..206F.
    match c {
        '-' | '_' | '.' | ' ' | '(' | ')' | '[' | ']' | '+' | ',' | '@' | '=' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        '《' | '》' | '（' | '）' | '【' | '】' | '、' | '，' | '。' | '·' | '－' => true,
        _ => c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }

    #[test]
    fn both_digests_are_those_of_the_standards() {
        let content = Content::read("abc.txt", b"abc".as_slice(), 3, &mut |_| {}).unwrap();
        assert_eq!(content.size_bytes, 3);
        assert_eq!(
            content.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // GB/T 32905-2016, appendix A.1.
        assert_eq!(
            content.sm3,
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
    }

    #[test]
    fn limits_and_broken_streams_are_named() {
        let check = |name: &str, bytes: &[u8], code| {
            assert_eq!(
                Content::read(name, bytes, 2, &mut |_| {}).unwrap_err().code(),
                code
            );
        };
        check("a", b"abc", "content_too_large");
        check("", b"", "content_name");
        check(&"a".repeat(1025), b"", "content_name");
        assert_eq!(
            Content::read("a", Broken, 2, &mut |_| {}).unwrap_err().code(),
            "content_read"
        );
    }

    #[test]
    fn names_become_harmless_and_stay_readable() {
        let check = |name: &str, safe: &str| assert_eq!(safe_name(name), safe);
        check("月亮代表我的心（现场）.mp3", "月亮代表我的心（现场）.mp3");
        check("café.flac", "café.flac");
        check("../../etc/passwd", "_.._etc_passwd");
        check("C:\\x\\y.txt", "C__x_y.txt");
        check("a\"b'c$(rm)`d`<e>|f;g&h\n.txt", "a_b_c_(rm)_d__e__f_g_h_.txt");
        check("\u{202e}gpj.exe", "_gpj.exe");
        check("..", "file");
        check("", "file");
        check(".hidden", "hidden");
        check("-rf *", "-rf _");
        assert_eq!(
            visible("a\u{1b}[31m\u{202e}b\n道"),
            "a[U+001B][31m[U+202E]b[U+000A]道"
        );
        let long = safe_name(&format!("{}.mp3", "歌".repeat(100)));
        assert!(
            long.len() <= MAX_SAFE_NAME_BYTES && long.ends_with("歌.mp3"),
            "{long}"
        );
    }
}
