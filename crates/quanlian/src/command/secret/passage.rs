//! Passages: a whole file, some of its lines, or some of its characters.
//!
//! In:  what a person writes: `core.v`, `core.v#L10-L20`, `plan.docx#C100-C250`.
//! Out: the bytes of the passage, and where it lies in lines and in characters.
//!
//! Invariants: a whole file gives its own bytes; lines and characters give the text of the file as UTF-8, so that the
//! lines of a file that is UTF-8 already are what `sed -n '10,20p'` prints. Positions are those of matches.
//!
//! Not here: how text is taken out of a document (`quanlian_match`).

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, anyhow, bail};
use quanlian_match::collection::text_of;

/// The most text that a passage is cut from, in bytes.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// What of a file is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Lines from 1, the last one included.
    Lines(u64, u64),
    /// Characters from 0, the end not included.
    Chars(u64, u64),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Lines(from, to) => write!(f, "L{from}-L{to}"),
            Self::Chars(from, to) => write!(f, "C{from}-C{to}"),
        }
    }
}

impl FromStr for Part {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "whole" {
            Ok(Self::Whole)
        } else {
            Self::parse(text).ok_or(())
        }
    }
}

/// A file and what of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) part: Part,
}

impl Named {
    /// Reads what a person wrote. A file that is really called `a#L1-L2` is meant when it is there.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let whole = Self {
            path: PathBuf::from(text),
            part: Part::Whole,
        };
        let Some((path, part)) = text.rsplit_once('#') else {
            return Ok(whole);
        };
        if whole.path.is_file() {
            return Ok(whole);
        }
        let part = Part::parse(part)
            .ok_or_else(|| anyhow!("`{text}`: write #L10-L20 for lines or #C100-C250 for characters"))?;
        Ok(Self {
            path: PathBuf::from(path),
            part,
        })
    }
}

impl Part {
    /// Reads `L10-L20` or `C100-C250`, the second letter may be left out.
    fn parse(text: &str) -> Option<Self> {
        let letter = text.chars().next()?;
        let (from, to) = text[letter.len_utf8()..].split_once('-')?;
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        let from: u64 = number(from)?;
        let to: u64 = number(to.strip_prefix(letter).unwrap_or(to))?;
        match letter {
            'L' if 1 <= from && from <= to => Some(Self::Lines(from, to)),
            'C' if from < to => Some(Self::Chars(from, to)),
            _ => None,
        }
    }
}

/// A passage that was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The bytes; `None` for a whole file, whose bytes are its own.
    pub(super) bytes: Option<Vec<u8>>,
    /// The lines that it lies in, from 1, the end not included; `None` where the file has no text.
    pub(super) lines: Option<Range<u64>>,
    /// Its characters, the end not included.
    pub(super) chars: Option<Range<u64>>,
}

/// Cuts the passage out of the file at `path`.
pub(super) fn cut(path: &Path, part: Part) -> anyhow::Result<Cut> {
    let text = match text_of(path, MAX_TEXT_BYTES) {
        Ok(text) => text,
        // A whole file needs no text; it may be anything.
        Err(_) if part == Part::Whole => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let Some(text) = text else {
        if part != Part::Whole {
            bail!("{} holds no text: name it as a whole", path.display());
        }
        return Ok(Cut {
            bytes: None,
            lines: None,
            chars: None,
        });
    };
    if text.len() as u64 >= MAX_TEXT_BYTES {
        bail!(
            "{} holds more than {MAX_TEXT_BYTES} bytes of text: split it",
            path.display()
        );
    }
    let bytes = bytes_of(&text, part).ok_or_else(|| {
        let (lines, chars) = (text.split_inclusive('\n').count(), text.chars().count());
        anyhow!("{} has {lines} lines and {chars} characters only", path.display())
    })?;
    let chars_before = text[..bytes.start].chars().count() as u64;
    let chars = text[bytes.clone()].chars().count() as u64;
    let lines_before = text[..bytes.start].bytes().filter(|b| *b == b'\n').count() as u64;
    let lines = text[bytes.clone()].split_inclusive('\n').count() as u64;
    Ok(Cut {
        bytes: (part != Part::Whole).then(|| text[bytes].as_bytes().to_vec()),
        lines: Some(1 + lines_before..1 + lines_before + lines),
        chars: Some(chars_before..chars_before + chars),
    })
}

/// Where the part lies in the text; `None` when it reaches beyond the end.
fn bytes_of(text: &str, part: Part) -> Option<Range<usize>> {
    match part {
        Part::Whole => Some(0..text.len()),
        Part::Lines(from, to) => {
            let mut at = 0;
            let mut start = None;
            for (number, line) in (1_u64..).zip(text.split_inclusive('\n')) {
                if number == from {
                    start = Some(at);
                }
                at += line.len();
                if number == to {
                    return Some(start?..at);
                }
            }
            None
        }
        Part::Chars(from, to) => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let mut ends = ends.skip(usize::try_from(from).ok()?);
            let start = ends.next()?;
            let end = ends.nth(usize::try_from(to - from - 1).ok()?)?;
            Some(start..end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<(String, Part)> {
        let named = Named::parse(text).ok()?;
        Some((named.path.display().to_string(), named.part))
    }

    #[test]
    fn lines_and_characters_are_told_from_names() {
        assert_eq!(named("a.v"), Some(("a.v".into(), Part::Whole)));
        assert_eq!(named("a.v#L10-L20"), Some(("a.v".into(), Part::Lines(10, 20))));
        assert_eq!(named("a.v#L7-7"), Some(("a.v".into(), Part::Lines(7, 7))));
        assert_eq!(
            named("d/计划.docx#C0-C9"),
            Some(("d/计划.docx".into(), Part::Chars(0, 9)))
        );
        for wrong in [
            "a#L0-L3", "a#L3-L2", "a#C3-C3", "a#X1-2", "a#L1", "a#L+1-L2", "a#", "a#L1-C2",
        ] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_passage_is_what_sed_prints_and_knows_its_lines_and_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let text = "第一行写在这里，用来做测试\r\n第二行也写在这里\n第三行没有换行，到此为止";
        std::fs::write(&path, text).unwrap();
        let lines = cut(&path, Part::Lines(2, 3)).unwrap();
        assert_eq!(
            lines.bytes.as_deref(),
            Some("第二行也写在这里\n第三行没有换行，到此为止".as_bytes())
        );
        assert_eq!((lines.lines, lines.chars), (Some(2..4), Some(15..36)));
        let chars = cut(&path, Part::Chars(15, 18)).unwrap();
        assert_eq!(chars.bytes.as_deref(), Some("第二行".as_bytes()));
        assert_eq!(chars.lines, Some(2..3));
        let whole = cut(&path, Part::Whole).unwrap();
        assert_eq!(
            (whole.bytes, whole.lines, whole.chars),
            (None, Some(1..4), Some(0..36))
        );
        for beyond in [Part::Lines(3, 4), Part::Chars(30, 37), Part::Chars(99, 100)] {
            assert!(cut(&path, beyond).is_err(), "{beyond:?}");
        }
        assert!(cut(&path, Part::Chars(30, 36)).is_ok());
    }
}
