//! Text from outside, made safe to print: nothing hidden, nothing without a glyph, nothing that cannot wrap.
//!
//! In:  any string.
//! Out: a string of printable characters with [`BREAK`] marks inside long runs.
//!
//! Invariants: what has no visible form (controls, direction overrides, joiners,
//! fillers, private use) and what no font covers is written as `[U+202E]`, so
//! that the reader sees what a name really holds. At most [`limits::MAX_MARKS`]
//! combining marks stack on one letter.
//!
//! Not here: Typst syntax. Text reaches the templates as JSON, so none of its
//! characters has a meaning there.

use std::{collections::BTreeSet, fmt::Write};

use unicode_normalization::char::is_combining_mark;

use crate::{
    fonts::{Family, Fonts},
    sheet::limits,
};

/// Where a line may break inside a run without spaces. The templates turn it into a space of almost no
/// width, so that a copied hash is whole. No text holds one of its own: noncharacters are hidden.
const BREAK: char = '\u{fdd0}';

/// The same beside punctuation, where a space gives no place to break (UAX #14, LB13 and LB14).
const BREAK_AT_PUNCTUATION: char = '\u{200b}';

/// A run of this many characters without a place to break is given some.
const LONG_RUN_CHARS: usize = 12;
/// Characters after which a long run gets a place to break where letters or digits meet.
const BREAK_EVERY_CHARS: usize = 4;
/// Characters after which it gets one wherever it is.
const BREAK_AT_LAST_CHARS: usize = 8;

/// Cleans texts for one paper and remembers which further families they need.
pub(crate) struct Cleaner<'f> {
    fonts: &'f Fonts,
    /// Serif, sans, then further families in the order of first need.
    families: Vec<Family>,
    /// Characters known to have no glyph in any font.
    without_glyph: BTreeSet<char>,
}

impl<'f> Cleaner<'f> {
    pub(crate) fn new(fonts: &'f Fonts) -> Self {
        let chosen = [fonts.serif(), fonts.sans()]
            .into_iter()
            .filter_map(|name| fonts.family(name));
        Self {
            fonts,
            families: chosen.collect(),
            without_glyph: BTreeSet::new(),
        }
    }

    pub(crate) fn fonts(&self) -> &'f Fonts {
        self.fonts
    }

    /// The names of the families that the cleaned texts need beside serif and sans.
    pub(crate) fn other_families(&self) -> Vec<&str> {
        let chosen = [self.fonts.serif(), self.fonts.sans()];
        self.families
            .iter()
            .map(|family| family.name.as_str())
            .filter(|name| !chosen.contains(name))
            .collect()
    }

    /// `text` as it is printed, its middle left out where it has more than `max_chars` characters.
    ///
    /// The end stays, because that is where a file name has its kind.
    pub(crate) fn clean(&mut self, text: &str, max_chars: usize) -> String {
        let total = text.chars().count();
        if total <= max_chars {
            return self.clean_whole(text);
        }
        let tail_chars = max_chars / 4;
        let head: String = text.chars().take(max_chars - tail_chars).collect();
        let tail: String = text.chars().skip(total - tail_chars).collect();
        let left_out = total - max_chars;
        format!(
            "{} [… {left_out} …] {}",
            self.clean_whole(&head),
            self.clean_whole(&tail)
        )
    }

    fn clean_whole(&mut self, text: &str) -> String {
        let mut line = Line::default();
        let mut cluster = String::new();
        for c in text.chars() {
            let joins = is_combining_mark(c) && !cluster.is_empty();
            if joins && cluster.chars().count() <= limits::MAX_MARKS && self.one_family_covers(&cluster, c) {
                cluster.push(c);
                continue;
            }
            line.push_cluster(&std::mem::take(&mut cluster));
            if c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') {
                line.push_space(if c == '\u{3000}' { c } else { ' ' });
            } else if is_hidden(c) || is_combining_mark(c) || !self.has_glyph(c) {
                line.push_code(c);
            } else {
                cluster.push(c);
            }
        }
        line.push_cluster(&cluster);
        line.finish()
    }

    /// Whether the family that sets the letter has its marks and the next one too, so that all are set as one.
    fn one_family_covers(&self, cluster: &str, mark: char) -> bool {
        let base = cluster.chars().next().unwrap_or(mark);
        let setting = self.families.iter().find(|family| family.covers(base));
        setting.is_some_and(|family| cluster.chars().chain([mark]).all(|c| family.covers(c)))
    }

    /// Whether some family has a glyph for `c`; takes that family into use.
    fn has_glyph(&mut self, c: char) -> bool {
        if self.families.iter().any(|family| family.covers(c)) {
            return true;
        }
        if self.families.len() >= limits::MAX_FAMILIES || self.without_glyph.contains(&c) {
            return false;
        }
        let may_cover = self
            .fonts
            .other_families()
            .filter(|name| self.fonts.may_cover(name, c));
        let found = may_cover
            .filter_map(|name| self.fonts.family(name))
            .find(|family| family.covers(c));
        if found.is_none() {
            self.without_glyph.insert(c);
        }
        let has = found.is_some();
        self.families.extend(found);
        has
    }
}

/// The line under construction: what is finished, and the run that has had no place to break yet.
#[derive(Default)]
struct Line {
    done: String,
    run: Vec<String>,
}

impl Line {
    fn push_cluster(&mut self, cluster: &str) {
        let Some(base) = cluster.chars().next() else {
            return;
        };
        if breaks_around(base) {
            self.close_run();
            self.done.push_str(cluster);
        } else {
            self.run.push(cluster.to_owned());
        }
    }

    fn push_space(&mut self, space: char) {
        self.close_run();
        self.done.push(space);
    }

    fn push_code(&mut self, c: char) {
        self.close_run();
        self.done.push(BREAK);
        let _ = write!(self.done, "[U+{:04X}]", u32::from(c)); // writing to a string cannot fail
        self.done.push(BREAK);
    }

    fn close_run(&mut self) {
        let long = self.run.len() > LONG_RUN_CHARS;
        let mut since_break = 0;
        let mut after_plain = true;
        for cluster in self.run.drain(..) {
            let plain = cluster.chars().all(is_plain);
            if long && since_break >= BREAK_EVERY_CHARS && plain && after_plain {
                self.done.push(BREAK);
                since_break = 0;
            } else if long && since_break >= BREAK_AT_LAST_CHARS {
                self.done.push(BREAK_AT_PUNCTUATION);
                since_break = 0;
            }
            self.done.push_str(&cluster);
            since_break += 1;
            after_plain = plain;
        }
    }

    fn finish(mut self) -> String {
        self.close_run();
        self.done
    }
}

/// Han and Hangul: a line may break before and after them without our help.
fn breaks_around(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Letters and digits that UAX #14 lets a line begin and end with.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

/// Characters with no visible form of their own, or with one that only some machines know.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
        // Noncharacters at the end of every plane.
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cleans `text` with the machine's fonts and shows the places to break as `|` and `¦`.
    fn check(text: &str, max_chars: usize, then: &str) {
        let Some(fonts) = crate::tests::FONTS.as_ref() else {
            return;
        };
        let cleaned = Cleaner::new(fonts).clean(text, max_chars);
        assert_eq!(
            cleaned.replace(BREAK, "|").replace(BREAK_AT_PUNCTUATION, "¦"),
            then
        );
    }

    #[test]
    fn long_runs_get_places_to_break_and_lose_nothing() {
        check("short.mp3", 99, "short.mp3");
        check("0123456789abcdef", 99, "0123|4567|89ab|cdef");
        check("https://video.example", 99, "http|s://v|ideo.e|xamp|le");
        check("」」」」」」」」」」」」」", 99, "」」」」」」」」¦」」」」」");
        check(
            "晨光曲晨光曲晨光曲晨光曲晨光曲",
            99,
            "晨光曲晨光曲晨光曲晨光曲晨光曲",
        );
    }

    #[test]
    fn a_long_name_keeps_its_start_and_its_kind() {
        check("aaaa bbbb cccc dddd.mp3", 16, "aaaa bbbb cc [… 7 …] .mp3");
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        check("a\u{202e}b\u{0}\u{e000}", 99, "a|[U+202E]|b|[U+0000]||[U+E000]|");
        check("x\u{a0}y", 99, "x y");
    }
}
