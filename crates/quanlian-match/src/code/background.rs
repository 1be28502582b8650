//! The background: how likely code is that nobody copied.
//!
//! In:  a sample of the works of an index.
//! Out: for each token of a suspect the bits that its agreement tells, and for each word the bits of its being the same.
//!
//! Structure is predicted from the tokens before it, by blending contexts of several lengths (Witten and Bell 1991).
//! From [`BY_WORK_ORDER`] tokens on a context counts each work once and leaves one work out, the one that may have been
//! copied: what many works hold, an idiom, generated frames, tells little; what a single work repeats is still its own.
//! The weights are those of the suspect's tokens, so that all works are weighed alike and a nearer one never weighs less. A
//! word tells the more the fewer other works know it.
//!
//! Invariants: pure; memory is bounded by [`SAMPLE_TOKENS`]; the same works give the same bits.
//!
//! Not here: scoring (`compare`), which works are sampled (`search`).

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use super::StoredTokens;
use super::gram::Links;
use super::tokens::{NAME, NO_WORD, NUMBER, STRING, Taken, Tokens, mix};

/// Tokens of all works from which the model is made.
pub(crate) const SAMPLE_TOKENS: usize = 1 << 21;
/// Lengths of the contexts.
const ORDERS: [usize; 5] = [0, 1, 2, 4, 7];
/// From this length on, contexts are counted by works.
const BY_WORK_ORDER: usize = 4;
/// Slots for each context of each token: fewer would fall together and make what is rare seem known.
const SLOTS_PER_CONTEXT: usize = 4;
const MIN_SLOTS: usize = 1 << 16;
const MAX_SLOTS: usize = 1 << 23;
/// Most that the structure of one token may tell.
const MAX_TOKEN_BITS: f32 = 6.0;
/// Share of its bits that a token keeps when its file has said it before in the same context.
const REPEATED_SHARE: f32 = 0.15;
/// Tokens of that context.
const REPEATED_TOKENS: usize = 7;
/// Works that stand behind the prior of a word.
const PRIOR_WORKS: f32 = 3.0;
/// Most different words whose works are counted.
const MAX_WORDS: usize = 1 << 22;

/// Counts over a sample of works.
#[derive(Debug)]
pub(crate) struct Background {
    follows: Vec<u16>,
    contexts: Vec<(u32, u16)>,
    works: u32,
    words: HashMap<u64, u32, BuildHasherDefault<Taken>>,
}

/// What each token of a suspect tells when a work has it too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Information {
    /// Bits of the structure, by token.
    pub(crate) token_bits: Vec<f32>,
    /// Bits of a word, by its place in the dictionary.
    pub(crate) word_bits: Vec<f32>,
}

/// A token with the link of its name: what the model predicts.
fn code(tokens: &Tokens, links: &Links, at: usize) -> u64 {
    u64::from(tokens.symbols[at]) | u64::from(links.names_back[at]) << 16
}

/// The codes of a work.
fn codes(tokens: &Tokens, links: &Links) -> Vec<u64> {
    (0..tokens.len()).map(|at| code(tokens, links, at)).collect()
}

impl Background {
    /// Learns from a sample of works.
    ///
    /// Of each at most `share` tokens from its middle; `sample_tokens` is about how many there will be.
    pub(crate) fn learn(
        works: impl Iterator<Item = StoredTokens>,
        share: usize,
        sample_tokens: usize,
    ) -> Self {
        let slots = (sample_tokens * ORDERS.len() * SLOTS_PER_CONTEXT)
            .next_power_of_two()
            .clamp(MIN_SLOTS, MAX_SLOTS);
        let mut model = Self {
            follows: vec![0; slots],
            contexts: vec![(0, 0); slots / 2],
            works: 0,
            words: HashMap::default(),
        };
        let mut last_work = vec![0u32; slots];
        for StoredTokens { tokens, .. } in works {
            model.works += 1;
            let links = Links::of(&tokens);
            let codes = codes(&tokens, &links);
            let start = codes.len().saturating_sub(share) / 2;
            let codes = &codes[start..codes.len().min(start + share)];
            for at in 0..codes.len() {
                for_each_context(codes, at, |order, context| {
                    let slot = model.slot(context, codes[at]);
                    if order >= BY_WORK_ORDER && last_work[slot] == model.works {
                        return;
                    }
                    last_work[slot] = model.works;
                    let count = &mut model.follows[slot];
                    let is_new = *count == 0;
                    *count = count.saturating_add(1);
                    let context_slot = model.context_slot(context);
                    let (total, different) = &mut model.contexts[context_slot];
                    *total = total.saturating_add(1);
                    *different = different.saturating_add(u16::from(is_new));
                });
            }
            for place in 0..tokens.dictionary.len() as u32 {
                let hash = tokens.dictionary.hash(place);
                if model.words.len() < MAX_WORDS || model.words.contains_key(&hash) {
                    *model.words.entry(hash).or_default() += 1;
                }
            }
        }
        model
    }

    /// What the tokens of a suspect tell, seen from all works but one.
    pub(crate) fn information(&self, tokens: &Tokens, links: &Links) -> Information {
        let codes = codes(tokens, links);
        let mut said: HashSet<u64, BuildHasherDefault<Taken>> = HashSet::default();
        let token_bits = (0..codes.len()).map(|at| {
            let bits = self.token_bits(&codes, at);
            let from = (at + 1).saturating_sub(REPEATED_TOKENS);
            let hash = codes[from..=at].iter().fold(0, |h, &c| mix(h ^ c));
            if said.insert(hash) {
                bits
            } else {
                bits * REPEATED_SHARE
            }
        });
        let token_bits = token_bits.collect();
        let mut word_bits = vec![0.0; tokens.dictionary.len()];
        for (&symbol, &word) in tokens.symbols.iter().zip(&tokens.words) {
            if word != NO_WORD && word_bits[word as usize] == 0.0 {
                word_bits[word as usize] = self.word_bits(tokens, symbol, word);
            }
        }
        Information {
            token_bits,
            word_bits,
        }
    }

    fn token_bits(&self, codes: &[u64], at: usize) -> f32 {
        let mut p = 1.0 / 64.0f32;
        for_each_context(codes, at, |order, context| {
            let mut count = f32::from(self.follows[self.slot(context, codes[at])]);
            let (total, different) = self.contexts[self.context_slot(context)];
            let (mut total, mut different) = (total as f32, f32::from(different));
            if order >= BY_WORK_ORDER && count >= 1.0 {
                // The work that it may be from holds this itself; leave that out.
                different -= f32::from(u8::from(count < 2.0));
                count -= 1.0;
                total -= 1.0;
            }
            if total >= 1.0 && different >= 1.0 {
                // Two contexts in one slot may count more than there are.
                p = (count.min(total) + different * p) / (total + different);
            }
        });
        (-p.log2()).clamp(0.0, MAX_TOKEN_BITS)
    }

    fn word_bits(&self, tokens: &Tokens, symbol: u16, word: u32) -> f32 {
        let prior = prior_word_bits(symbol, tokens.dictionary.word(word));
        let known = self
            .words
            .get(&tokens.dictionary.hash(word))
            .copied()
            .unwrap_or(0);
        let others = known.saturating_sub(1) as f32;
        let p = (others + PRIOR_WORKS * (-prior).exp2()) / (self.works as f32 + PRIOR_WORKS);
        (-p.log2()).clamp(0.0, prior)
    }

    fn slot(&self, context: u64, code: u64) -> usize {
        mix(context ^ (code << 24)) as usize & (self.follows.len() - 1)
    }

    fn context_slot(&self, context: u64) -> usize {
        mix(context ^ 0x55) as usize & (self.contexts.len() - 1)
    }
}

/// Bits of a word about which nothing is known but its looks.
fn prior_word_bits(symbol: u16, word: &[u8]) -> f32 {
    let length = word.len() as f32;
    match symbol {
        NAME => (1.0 + 1.5 * length).min(14.0),
        NUMBER => (2.0 * length - 1.0).clamp(1.0, 14.0),
        STRING => (1.0 + length).min(16.0),
        _ => 0.0,
    }
}

fn for_each_context(codes: &[u64], at: usize, mut sink: impl FnMut(usize, u64)) {
    let mut hash = 0x5851_F42D_4C95_7F2D;
    let mut reach = 0;
    for order in ORDERS {
        while reach < order {
            if reach >= at {
                return;
            }
            reach += 1;
            hash = mix(hash ^ codes[at - reach]);
        }
        sink(order, hash);
    }
}
