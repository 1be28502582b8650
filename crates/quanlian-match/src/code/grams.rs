//! Grams of source code for a comparison by grams alone.
//!
//! In:  a source file; the background of its tree.
//! Out: a gram of structure at each token, of every second place one of the values in it and one of its words, what each tells, and the
//!      lines that it covers.
//!
//! Structure alone survives every renaming, but two programs for one standard share it too. Values (numbers and strings inside the same
//! structure) survive renaming as well, words survive everything but that: either shows that structure was not met by chance.
//!
//! Invariant: which places have a gram of values or words follows from its key alone, so both sides choose the same.
//!
//! Not here: keys for the index (`gram`), comparing (`blind`).

use std::io::Read;

use super::background::{Background, SAMPLE_TOKENS};
use super::gram::{self, Links, STRUCTURE_TOKENS};
use super::language::{Family, Language};
use super::tokens::{NAME, NO_WORD, NUMBER, STRING, Tokens, mix};
use super::{CodeNote, StoredTokens, read};
use crate::blind::GramKind;
use crate::text::TextError;

/// Tokens of a gram of words.
const WORD_TOKENS: usize = 6;
/// Names, numbers and strings that such a gram must have.
const MIN_WORDS: usize = 2;
/// Keeps the kinds apart.
const OF_VALUES: u64 = 0x5641_4c55_4553;
const OF_WORDS: u64 = 0x0057_4f52_4453;
/// Width of a key, as of the index.
const KEY_BITS: u32 = 40;

/// A gram of source code.
pub(crate) struct CodeGram {
    pub(crate) kind: GramKind,
    pub(crate) key: u64,
    /// Its first token, and how many it has.
    pub(crate) place: u32,
    pub(crate) width: u16,
    /// What its tokens tell, seen from the other files of the tree.
    pub(crate) bits: f32,
    /// Half-open, from 1.
    pub(crate) lines: [u32; 2],
}

/// A source file in tokens.
pub(crate) struct Grams {
    tokens: Tokens,
    family: Family,
}

impl Grams {
    pub(crate) fn read(reader: impl Read, language: Language) -> Result<(Self, Vec<CodeNote>), TextError> {
        let (tokens, notes) = read(reader, language)?;
        let family = language.family();
        Ok((Self { tokens, family }, notes))
    }

    pub(crate) fn places(&self) -> u32 {
        self.tokens.len() as u32
    }

    /// Calls `sink` with each gram, in order.
    pub(crate) fn for_each(&self, background: &Background, mut sink: impl FnMut(CodeGram)) {
        let links = Links::of(&self.tokens);
        let information = background.information(&self.tokens, &links);
        let keys = gram::structure(&self.tokens, &links, self.family, STRUCTURE_TOKENS);
        for (at, key) in keys.enumerate() {
            let Some(key) = key else {
                continue;
            };
            let bits = information.token_bits[at..at + STRUCTURE_TOKENS].iter().sum();
            sink(self.gram(GramKind::Structure, key, at, STRUCTURE_TOKENS, bits));
            let values = self.hashed(key ^ OF_VALUES, at, STRUCTURE_TOKENS, |symbol| symbol != NAME);
            if let Some((key, _)) = values.filter(|(key, _)| is_chosen(*key)) {
                let bits = self.word_bits(&information.word_bits, at, STRUCTURE_TOKENS, |symbol| {
                    symbol != NAME
                });
                sink(self.gram(GramKind::Values, key, at, STRUCTURE_TOKENS, bits));
            }
        }
        for at in 0..(self.tokens.len() + 1).saturating_sub(WORD_TOKENS) {
            let symbols = &self.tokens.symbols[at..at + WORD_TOKENS];
            let seed = symbols
                .iter()
                .fold(OF_WORDS, |hash, &symbol| mix(hash ^ u64::from(symbol)));
            let words = self.hashed(seed, at, WORD_TOKENS, |_| true);
            if let Some((key, _)) = words.filter(|(key, count)| *count >= MIN_WORDS && is_chosen(*key)) {
                let bits = self.word_bits(&information.word_bits, at, WORD_TOKENS, |_| true);
                sink(self.gram(GramKind::Words, key, at, WORD_TOKENS, bits));
            }
        }
    }

    fn gram(&self, kind: GramKind, key: u64, at: usize, width: usize, bits: f32) -> CodeGram {
        let lines = &self.tokens.lines[at..at + width];
        CodeGram {
            kind,
            key,
            place: at as u32,
            width: width as u16,
            bits,
            lines: [lines[0], lines[width - 1] + 1],
        }
    }

    /// The key of the words of a gram that `wanted` takes, in order, and how many there are; none when there is none.
    fn hashed(
        &self,
        seed: u64,
        at: usize,
        width: usize,
        wanted: impl Fn(u16) -> bool,
    ) -> Option<(u64, usize)> {
        let (mut hash, mut count) = (seed, 0);
        for place in at..at + width {
            let (symbol, word) = (self.tokens.symbols[place], self.tokens.words[place]);
            if word != NO_WORD && matches!(symbol, NAME | NUMBER | STRING) && wanted(symbol) {
                hash = mix(hash ^ self.tokens.dictionary.hash(word) ^ (place - at) as u64);
                count += 1;
            }
        }
        (count > 0).then(|| (mix(hash) >> (64 - KEY_BITS), count))
    }

    fn word_bits(&self, bits: &[f32], at: usize, width: usize, wanted: impl Fn(u16) -> bool) -> f32 {
        let tokens = self.tokens.symbols[at..at + width]
            .iter()
            .zip(&self.tokens.words[at..]);
        let wanted = tokens.filter(|&(&symbol, &word)| word != NO_WORD && wanted(symbol));
        wanted.map(|(_, &word)| bits[word as usize]).sum()
    }
}

/// Of grams of values and words every second is kept.
fn is_chosen(key: u64) -> bool {
    key & 1 == 0
}

/// What the files of a tree expect of each other.
pub(crate) fn background_of<'a>(files: impl ExactSizeIterator<Item = &'a Grams> + Clone) -> Background {
    let all: usize = files.clone().map(|grams| grams.tokens.len()).sum();
    let share = SAMPLE_TOKENS / files.len().max(1);
    let works = files.map(|grams| StoredTokens {
        tokens: grams.tokens.clone(),
        family: grams.family,
    });
    Background::learn(works, share, all.min(SAMPLE_TOKENS))
}
