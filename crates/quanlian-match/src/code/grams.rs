//! Grams of source code for a comparison by grams alone.
//!
//! In:  a source file; the background of its tree.
//! Out: a gram of structure at each token, what it tells, and the lines that it covers.
//!
//! Not here: keys for the index (`gram`), comparing (`blind`).

use std::io::Read;

use super::background::{Background, SAMPLE_TOKENS};
use super::gram::{self, Links, STRUCTURE_TOKENS};
use super::language::{Family, Language};
use super::tokens::Tokens;
use super::{CodeNote, StoredTokens, read};
use crate::text::TextError;

/// A gram of source code.
pub(crate) struct CodeGram {
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
            let lines = &self.tokens.lines[at..at + STRUCTURE_TOKENS];
            sink(CodeGram {
                key,
                place: at as u32,
                width: STRUCTURE_TOKENS as u16,
                bits: information.token_bits[at..at + STRUCTURE_TOKENS].iter().sum(),
                lines: [lines[0], lines[STRUCTURE_TOKENS - 1] + 1],
            });
        }
    }
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
