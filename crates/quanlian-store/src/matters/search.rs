//! Search: matters by the words in their number, title, facts and reasons.
//!
//! In:  what somebody types ([`Wanted`]), and their scope.
//! Out: the matters that the scope reaches and that have all of it; what was found where.
//!
//! Invariants:
//! - What the scope does not reach is in no result, no count and no order: the condition of lists is in the same statement as the
//!   search. The order is by where a matter was found and by its last write, and never by how rare a word is, because that
//!   would tell of the matters of others.
//! - The index is written in the transaction of the events: there is no time in which one is there without the other.
//! - Every run of Chinese signs finds every place in which it stands, whatever a dictionary takes for a word; a Latin word or a
//!   number finds those that begin so.
//! - What is typed has no syntax: every sign stands for itself or parts words.
//!
//! Not here: which words of a matter are searched (the server), text in uploaded files.

use std::{collections::BTreeSet, future::Future};

use unicode_normalization::UnicodeNormalization as _;

use super::{MatterRow, ReadError, Scope};
use quanlian_record::id::MatterId;

/// What is typed is no longer than this.
pub const MAX_QUERY_BYTES: usize = 256;
/// It has no more parts.
pub const MAX_PARTS: usize = 12;
/// So much of the words of a matter is searched; what stands behind that is not found.
pub const MAX_WORDS_BYTES: usize = 32 << 10;
/// A page holds no more.
pub const MAX_PAGE_FOUND: usize = 100;
/// A word is found by so many of its first signs; what is longer is compared.
const MAX_PREFIX: usize = 10;

/// What is looked for: parts that must all be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As typed, for the numbers that begin so.
    pub(super) typed: String,
    /// At least one; each a run of one kind of signs.
    pub(super) parts: Vec<String>,
}

/// Nothing can be looked for by this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "type 1 to {MAX_QUERY_BYTES} bytes with at least one letter, digit or sign, in no more than {MAX_PARTS} parts"
)]
pub struct NotASearch;

impl Wanted {
    /// Cuts what was typed.
    pub fn parse(text: &str) -> Result<Self, NotASearch> {
        if text.len() > MAX_QUERY_BYTES {
            return Err(NotASearch);
        }
        let normalised = normalised(text);
        let parts: BTreeSet<String> = runs(&normalised).map(|(_, run)| run.to_owned()).collect();
        if parts.is_empty() || parts.len() > MAX_PARTS {
            return Err(NotASearch);
        }
        Ok(Self {
            typed: text.trim().replace('\0', "\u{fffd}"),
            parts: parts.into_iter().collect(),
        })
    }

    /// The terms of all parts.
    pub(super) fn terms(&self) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        for part in &self.parts {
            let signs: Vec<char> = part.chars().collect();
            if kind_of(signs[0]) == Kind::Word {
                terms.insert(word_term(&signs[..signs.len().min(MAX_PREFIX)]));
            } else if signs.len() == 1 {
                terms.insert(term('u', &signs));
            } else {
                terms.extend(signs.windows(2).map(|pair| term('b', pair)));
            }
        }
        terms
    }

    /// Parts of which the terms do not tell that they stand together.
    pub(super) fn compared(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().filter(|part| {
            let count = part.chars().count();
            let is_word = part
                .chars()
                .next()
                .is_some_and(|sign| kind_of(sign) == Kind::Word);
            count > if is_word { MAX_PREFIX } else { 2 }
        })
    }
}

/// Where a matter was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundIn {
    /// Its number begins so.
    Number,
    /// All parts stand in its title.
    Title,
    /// At least one stands elsewhere in its words.
    Text,
}

impl FoundIn {
    pub(super) fn tier(self) -> i64 {
        match self {
            Self::Number => 0,
            Self::Title => 1,
            Self::Text => 2,
        }
    }

    pub(super) fn of(tier: i64) -> Self {
        match tier {
            0 => Self::Number,
            1 => Self::Title,
            _ => Self::Text,
        }
    }
}

/// One that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The matter.
    pub matter: MatterRow,
    /// Where.
    pub found_in: FoundIn,
}

/// Where a page of results ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundPlace {
    /// Where it was found.
    pub found_in: FoundIn,
    /// When it was last written to, in microseconds.
    pub changed_us: i64,
    /// Which.
    pub id: MatterId,
}

impl Found {
    /// The place behind it.
    pub fn place(&self) -> FoundPlace {
        FoundPlace {
            found_in: self.found_in,
            changed_us: self.matter.changed_at.unix_micros(),
            id: self.matter.id,
        }
    }
}

/// What is asked of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What is looked for.
    pub wanted: Wanted,
    /// Only in numbers and titles.
    pub is_in_titles: bool,
    /// Go on behind this place.
    pub after: Option<FoundPlace>,
    /// At most so many, cut to `1..=`[`MAX_PAGE_FOUND`].
    pub limit: usize,
}

/// Finds matters by their words.
pub trait SearchStore: Send + Sync {
    /// What the scope reaches of what is looked for: numbers first, then titles, then the rest; among them the last written first.
    fn search(
        &self,
        scope: &Scope,
        search: &Search,
    ) -> impl Future<Output = Result<Vec<Found>, ReadError>> + Send;

    /// How many there are in all, counted up to `up_to`.
    fn count_found(
        &self,
        scope: &Scope,
        search: &Search,
        up_to: u64,
    ) -> impl Future<Output = Result<u64, ReadError>> + Send;
}

/// The words of one matter as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) body: String,
    /// Terms with blanks between them.
    pub(super) terms: String,
}

impl Words {
    pub(super) fn of(agency: &str, unit: Option<&str>, title: &str, body: &str) -> Self {
        let title = normalised(title);
        let mut body = normalised(body);
        let mut end = MAX_WORDS_BYTES.min(body.len());
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        body.truncate(end);
        let mut terms: BTreeSet<String> = [agency_term(agency)].into();
        terms.extend(unit.map(|unit| unit_term(agency, unit)));
        for text in [&title, &body] {
            for (kind, run) in runs(text) {
                let signs: Vec<char> = run.chars().collect();
                if kind == Kind::Word {
                    terms.extend((1..=signs.len().min(MAX_PREFIX)).map(|end| word_term(&signs[..end])));
                } else {
                    terms.extend(signs.iter().map(|sign| term('u', &[*sign])));
                    terms.extend(signs.windows(2).map(|pair| term('b', pair)));
                }
            }
        }
        let terms: Vec<String> = terms.into_iter().collect();
        Self {
            title,
            body,
            terms: terms.join(" "),
        }
    }
}

/// The term of everything that an agency owns, so that a search in one walks no list of the others.
pub(super) fn agency_term(agency: &str) -> String {
    format!("a{}", hex::encode(agency))
}

/// The term of everything that a unit owns.
pub(super) fn unit_term(agency: &str, unit: &str) -> String {
    // No agency and no unit has this sign, so no two pairs come to one term.
    format!("k{}", hex::encode(format!("{agency}\n{unit}")))
}

fn word_term(signs: &[char]) -> String {
    term('w', signs)
}

/// A term that each index takes for one word: a letter and hexadecimal digits.
fn term(kind: char, signs: &[char]) -> String {
    let text: String = signs.iter().collect();
    format!("{kind}{}", hex::encode(text))
}

/// Full and half width, great and small letters, ligatures: as one.
pub(super) fn normalised(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded
        .nfkc()
        .map(|sign| if sign == '\0' { ' ' } else { sign })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters and digits that make words.
    Word,
    /// Signs that are written without blanks.
    Sign,
    /// What parts them.
    Between,
}

fn kind_of(sign: char) -> Kind {
    match sign {
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
        | '々'
        | '〇' => Kind::Sign,
        sign if sign.is_alphanumeric() => Kind::Word,
        _ => Kind::Between,
    }
}

/// Runs of one kind, without what stands between them.
fn runs(text: &str) -> impl Iterator<Item = (Kind, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let kind = kind_of(rest.chars().next()?);
            let end = rest
                .char_indices()
                .find(|(_, sign)| kind_of(*sign) != kind)
                .map_or(rest.len(), |(at, _)| at);
            let (run, behind) = rest.split_at(end);
            rest = behind;
            if kind != Kind::Between {
                return Some((kind, run));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        Wanted::parse(text).unwrap().parts
    }

    #[test]
    fn what_is_typed_is_cut_into_runs_of_one_kind() {
        assert_eq!(parts("PCT申请，ＡＢ"), ["ab", "pct", "申请"]);
        assert_eq!(
            parts("（2024）沪01刑初1号"),
            ["01", "1", "2024", "刑初", "号", "沪"]
        );
        for text in [
            "",
            " ",
            "*?\"'():^~",
            &"x".repeat(300),
            "a b c d e f g h i j k l m",
        ] {
            assert_eq!(Wanted::parse(text), Err(NotASearch), "{text}");
        }
    }

    #[test]
    fn the_terms_of_a_part_are_among_those_of_every_text_that_has_it() {
        let text = "张三未经许可传播《白月光与朱砂痣》，Uploader7711223344556";
        let words = Words::of("culture", Some("team-1"), "title", text);
        let all: BTreeSet<&str> = words.terms.split(' ').collect();
        for typed in [
            "月光与",
            "白",
            "张三",
            "uploader77",
            "UPLOADER7711223344556",
            "up",
        ] {
            let terms = Wanted::parse(typed).unwrap().terms();
            assert!(terms.iter().all(|term| all.contains(term.as_str())), "{typed}");
        }
        let none = Wanted::parse("月光朱").unwrap().terms();
        assert!(!none.iter().all(|term| all.contains(term.as_str())));
    }
}
