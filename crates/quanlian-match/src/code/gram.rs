//! Grams: the keys under which code is found.
//!
//! In:  the tokens of a file.
//! Out: keys with the token where each begins: all of them for a query, chosen ones for a work.
//!
//! Three families share one index:
//! 1. **Structure**: [`STRUCTURE_TOKENS`] tokens, a name being told by how far back in the gram it stood before (Baker
//!    1995), a number or string by its class. Renaming every name, other numbers, other blanks change nothing. Where there
//!    is hardly any structure, in a table or the image of a memory, the values are part of the gram.
//! 2. **Statements**: a whole statement in the same way, once a file, so that order does not count.
//! 3. **Literals**: numbers and strings that are long enough to be somebody's own, by value, once a file.
//!
//! Invariants: a key depends on its own tokens and the family of languages alone; of any
//! `STRUCTURE_TOKENS + WINDOW_TOKENS` tokens that both sides share at least one structure gram meets the index, unless
//! they are all of a few symbols and values.
//!
//! Not here: where keys are kept (`segment`), what a shared key is worth (`candidates`).

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use super::language::Family;
use super::tokens::{
    FIRST_KEYWORD, NAME, NO_WORD, NUMBER, STRING, Symbol, Taken, Tokens, ends_statement, mix,
};

/// Tokens of a structure gram.
pub(crate) const STRUCTURE_TOKENS: usize = 12;
/// Starting places from which one structure gram is chosen for a work.
pub(crate) const WINDOW_TOKENS: usize = 6;
/// Different symbols that a structure gram must have: fewer make a table, whose values count then.
const MIN_SYMBOLS: usize = 4;
/// Different values that a gram of a table must have.
const MIN_VALUES: usize = 3;
/// Shortest and longest statement that is a key.
const STATEMENT_TOKENS: std::ops::RangeInclusive<usize> = 6..=96;
/// Decimal digits of the least number, and bytes of the shortest string, that is a key.
const MIN_DIGITS: usize = 3;
const MIN_STRING_BYTES: usize = 5;
/// Width of the keys.
pub(crate) const KEY_BITS: u32 = 40;

const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where each name stood before: its last place in tokens, and how many names lie between.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// `u32::MAX` when the name is new, or for what is no name.
    pub(crate) before: Vec<u32>,
    /// Names from the last to this one; 0 when it is new or further than [`MAX_LINK`].
    pub(crate) names_back: Vec<u8>,
}

/// The furthest name back that is told.
pub(crate) const MAX_LINK: u32 = 15;

impl Links {
    pub(crate) fn of(tokens: &Tokens) -> Self {
        let mut last: Vec<(u32, u32)> = vec![(u32::MAX, 0); tokens.dictionary.len()];
        let mut links = Self {
            before: Vec::with_capacity(tokens.len()),
            names_back: Vec::with_capacity(tokens.len()),
        };
        let mut names = 0u32;
        for (at, (&symbol, &word)) in (0u32..).zip(tokens.symbols.iter().zip(&tokens.words)) {
            if symbol != NAME || word == NO_WORD {
                links.before.push(u32::MAX);
                links.names_back.push(0);
                continue;
            }
            let (before, name) = last[word as usize];
            let back = names.wrapping_sub(name);
            let is_near = before != u32::MAX && back <= MAX_LINK;
            links.before.push(before);
            links.names_back.push(if is_near { back as u8 } else { 0 });
            last[word as usize] = (at, names);
            names = names.wrapping_add(1);
        }
        links
    }
}

/// A key and the token where its gram begins.
pub(crate) type Gram = (u64, u32);

/// Keys of `length` tokens from each place on, as structure; `None` where there are too few symbols.
///
/// One step a token: a polynomial over the gram, in which the token that leaves takes the link to it away as well.
pub(crate) fn structure<'a>(
    tokens: &'a Tokens,
    links: &'a Links,
    family: Family,
    length: usize,
) -> impl Iterator<Item = Option<u64>> + 'a {
    let starts = (tokens.len() + 1).saturating_sub(length);
    let mut window = Window::new(tokens, links, length);
    let seed = (0..length).fold(seed(family, 1), |power, _| power.wrapping_mul(BASE));
    (0..starts).map(move |start| {
        let hash = seed.wrapping_add(window.sum(start));
        let hash = if has_symbols(&tokens.symbols[start..start + length]) {
            hash
        } else {
            table(tokens, hash, start..start + length)?
        };
        Some(mix(hash) >> (64 - KEY_BITS))
    })
}

/// Whether there are [`MIN_SYMBOLS`] different symbols.
fn has_symbols(symbols: &[Symbol]) -> bool {
    let mut seen = [0 as Symbol; MIN_SYMBOLS];
    let mut different = 0;
    for &symbol in symbols {
        if !seen[..different].contains(&symbol) {
            seen[different] = symbol;
            different += 1;
            if different == MIN_SYMBOLS {
                return true;
            }
        }
    }
    false
}

/// The polynomial of a gram that moves on by one token at a time.
struct Window<'a> {
    tokens: &'a Tokens,
    links: &'a Links,
    /// Powers of the base: that of the last token first.
    powers: Vec<u64>,
    /// Where each name stands next, `u32::MAX` when nowhere.
    next: Vec<u32>,
    /// One behind the last token that is in the sum.
    end: usize,
    sum: u64,
}

impl<'a> Window<'a> {
    fn new(tokens: &'a Tokens, links: &'a Links, length: usize) -> Self {
        let mut next = vec![u32::MAX; tokens.len()];
        for (at, &before) in (0u32..).zip(&links.before) {
            if let Some(place) = next.get_mut(before as usize) {
                *place = at;
            }
        }
        let powers = std::iter::successors(Some(1u64), |power| Some(power.wrapping_mul(BASE)));
        Self {
            tokens,
            links,
            powers: powers.take(length).collect(),
            next,
            end: 0,
            sum: 0,
        }
    }

    /// The sum of the gram that starts here; starts must follow each other from zero on.
    fn sum(&mut self, start: usize) -> u64 {
        let length = self.powers.len();
        if let Some(leaving) = start.checked_sub(1) {
            let value = mixed(self.tokens, self.links, leaving, leaving);
            self.sum = self.sum.wrapping_sub(value.wrapping_mul(self.powers[length - 1]));
            let linked = self.next[leaving] as usize;
            if linked < self.end {
                let cut = mixed(self.tokens, self.links, start, linked).wrapping_sub(mixed(
                    self.tokens,
                    self.links,
                    leaving,
                    linked,
                ));
                self.sum = self
                    .sum
                    .wrapping_add(cut.wrapping_mul(self.powers[self.end - 1 - linked]));
            }
        }
        while self.end < start + length {
            let value = mixed(self.tokens, self.links, start, self.end);
            self.sum = self.sum.wrapping_mul(BASE).wrapping_add(value);
            self.end += 1;
        }
        self.sum
    }
}

/// A gram of few symbols with its numbers and strings; `None` when these say too little.
fn table(tokens: &Tokens, structure: u64, range: std::ops::Range<usize>) -> Option<u64> {
    let mut hash = structure;
    let mut seen = [NO_WORD; MIN_VALUES];
    let mut different = 0;
    for at in range {
        let word = tokens.words[at];
        if word != NO_WORD && matches!(tokens.symbols[at], NUMBER | STRING) {
            hash = hash.wrapping_mul(BASE).wrapping_add(tokens.dictionary.hash(word));
            if different < MIN_VALUES && !seen[..different].contains(&word) {
                seen[different] = word;
                different += 1;
            }
        }
    }
    (different >= MIN_VALUES).then_some(hash)
}

fn mixed(tokens: &Tokens, links: &Links, start: usize, at: usize) -> u64 {
    let before = links.before[at] as usize;
    let back = if before >= start && before < at {
        at - before
    } else {
        0
    };
    mix(u64::from(tokens.symbols[at]) << 8 | back as u64)
}

fn seed(family: Family, kind: u64) -> u64 {
    mix((family as u64) << 8 | kind)
}

/// Every key of a file.
pub(crate) fn dense(tokens: &Tokens, family: Family, sink: &mut impl FnMut(Gram)) {
    let links = Links::of(tokens);
    for (key, at) in structure(tokens, &links, family, STRUCTURE_TOKENS).zip(0u32..) {
        if let Some(key) = key {
            sink((key, at));
        }
    }
    statements(tokens, &links, family, sink);
    literals(tokens, family, sink);
}

/// The chosen keys of a work: of any window the least, of equal ones the last.
pub(crate) fn winnowed(tokens: &Tokens, family: Family, sink: &mut impl FnMut(Gram)) {
    let links = Links::of(tokens);
    let keys: Vec<u64> = structure(tokens, &links, family, STRUCTURE_TOKENS)
        .map(|key| key.unwrap_or(u64::MAX))
        .collect();
    let mut chosen = usize::MAX;
    let windows = (keys.len() + 1)
        .saturating_sub(WINDOW_TOKENS)
        .max(usize::from(!keys.is_empty()));
    for start in 0..windows {
        let end = keys.len().min(start + WINDOW_TOKENS);
        let outlived = chosen == usize::MAX || chosen < start;
        // Only the newcomer can beat a least key that is still in the window.
        let from = if outlived { start } else { end - 1 };
        let mut least = if outlived { start } else { chosen };
        for at in from..end {
            if keys[at] <= keys[least] {
                least = at;
            }
        }
        if least != chosen {
            chosen = least;
            if keys[least] != u64::MAX {
                sink((keys[least], least as u32));
            }
        }
    }
    statements(tokens, &links, family, sink);
    literals(tokens, family, sink);
}

/// Calls `sink` with the range of each statement.
pub(crate) fn for_each_statement(
    tokens: &Tokens,
    family: Family,
    mut sink: impl FnMut(std::ops::Range<usize>),
) {
    let syntax = family.syntax();
    let ends = |word: &str| {
        (FIRST_KEYWORD..)
            .zip(syntax.keywords)
            .find(|(_, w)| **w == word)
            .map(|(symbol, _)| symbol)
    };
    let divides: Vec<Symbol> = match family {
        Family::Verilog => ["begin", "end", "else", "endcase", "endmodule"]
            .iter()
            .filter_map(|w| ends(w))
            .collect(),
        Family::Vhdl => ["begin", "then", "is", "loop", "else", "generate"]
            .iter()
            .filter_map(|w| ends(w))
            .collect(),
        _ => Vec::new(),
    };
    let mut start = 0;
    let mut depth = 0usize;
    for at in 0..tokens.len() {
        let symbol = tokens.symbols[at];
        if syntax.lines_are_statements {
            let is_open = [b'(', b'[', b'{'].iter().any(|&b| symbol == Symbol::from(b));
            let is_close = [b')', b']', b'}'].iter().any(|&b| symbol == Symbol::from(b));
            depth = if is_open {
                depth + 1
            } else {
                depth.saturating_sub(usize::from(is_close))
            };
            let is_last = tokens
                .lines
                .get(at + 1)
                .is_none_or(|&line| line != tokens.lines[at]);
            // A bracket that is never closed must not make one statement of a file.
            if is_last && (depth == 0 || at - start > *STATEMENT_TOKENS.end()) {
                sink(start..at + 1);
                (start, depth) = (at + 1, 0);
            }
        } else if ends_statement(symbol) || divides.contains(&symbol) {
            sink(start..at + 1);
            start = at + 1;
        }
    }
    sink(start..tokens.len());
}

fn statements(tokens: &Tokens, links: &Links, family: Family, sink: &mut impl FnMut(Gram)) {
    let mut said: HashSet<u64, BuildHasherDefault<Taken>> = HashSet::default();
    for_each_statement(tokens, family, |range| {
        if !STATEMENT_TOKENS.contains(&range.len()) {
            return;
        }
        let start = range.start;
        let mut hash = seed(family, 2);
        for at in range {
            hash = hash
                .wrapping_mul(BASE)
                .wrapping_add(mixed(tokens, links, start, at));
        }
        let key = mix(hash) >> (64 - KEY_BITS);
        if said.insert(key) {
            sink((key, start as u32));
        }
    });
}

fn literals(tokens: &Tokens, family: Family, sink: &mut impl FnMut(Gram)) {
    let mut said: HashSet<u32, BuildHasherDefault<Taken>> = HashSet::default();
    for (at, (&symbol, &word)) in (0u32..).zip(tokens.symbols.iter().zip(&tokens.words)) {
        if word == NO_WORD || !matches!(symbol, NUMBER | STRING) {
            continue;
        }
        let length = tokens.dictionary.word(word).len();
        let is_long = if symbol == NUMBER {
            length >= MIN_DIGITS
        } else {
            length >= MIN_STRING_BYTES
        };
        if is_long && said.insert(word) {
            // The same constant in another language of hardware is the same constant.
            let hash = tokens.dictionary.hash(word) ^ seed(family, 3);
            sink((mix(hash) >> (64 - KEY_BITS), at));
        }
    }
}
