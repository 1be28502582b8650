//! Grams of a text for a comparison by grams alone.
//!
//! In:  a text.
//! Out: the chosen grams, and the characters that each covers.
//!
//! Both sides choose by the same rule, which depends on the letters near by alone; so of any run of
//! `GRAM_UNITS + WINDOW_UNITS` that both have, both choose the same gram at least once.
//!
//! Not here: comparing (`blind`).

use std::io::Read;

use super::TextError;
use super::decode::{self, Decoded};
use super::fold::{Fold, units};
use super::gram::{GRAM_UNITS, Winnow};

/// What one gram tells: half of its units, since letters hang together.
pub(crate) const GRAM_BITS: f32 = GRAM_UNITS as f32 / 2.0;

/// A gram of a text.
pub(crate) struct TextGram {
    pub(crate) key: u64,
    /// Its first folded letter, and how many it has.
    pub(crate) place: u32,
    pub(crate) width: u16,
    /// Of the original, half-open.
    pub(crate) characters: [u32; 2],
}

/// The chosen grams of a text.
pub(crate) struct Grams {
    pub(crate) grams: Vec<TextGram>,
    letters: u32,
}

impl Grams {
    pub(crate) fn read(reader: impl Read) -> Result<(Self, Decoded), TextError> {
        let fold = Fold::new();
        let (mut symbols, mut characters) = (Vec::new(), Vec::new());
        let mut at = 0u32;
        let decoded = decode::decode::<TextError>(reader, |piece| {
            for c in piece.chars() {
                fold.fold(c, |symbol| {
                    symbols.push(symbol);
                    characters.push(at);
                });
                at = at.saturating_add(1);
            }
            Ok(())
        })?;
        let mut chosen = Vec::new();
        let mut winnow = Winnow::default();
        winnow.extend(&symbols, |key, start| chosen.push((key, start)));
        winnow.finish(|key, start| chosen.push((key, start)));
        let grams = chosen.into_iter().map(|(key, start)| {
            let start = start as usize;
            let mut weight = 0;
            let width = (symbols[start..].iter())
                .take_while(|&&symbol| {
                    let is_within = weight < GRAM_UNITS;
                    weight += units(symbol);
                    is_within
                })
                .count();
            TextGram {
                key,
                place: start as u32,
                width: width as u16,
                characters: [characters[start], characters[start + width - 1] + 1],
            }
        });
        Ok((
            Self {
                grams: grams.collect(),
                letters: symbols.len() as u32,
            },
            decoded,
        ))
    }

    pub(crate) fn places(&self) -> u32 {
        self.letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_covers_its_characters_in_the_original() {
        let text = "《天地玄黄，宇宙洪荒》 日月盈昃，辰宿列张。寒来暑往，秋收冬藏。闰余成岁，律吕调阳。";
        let (grams, _) = Grams::read(text.as_bytes()).expect("a text");
        assert_eq!(grams.places(), 32);
        assert!(!grams.grams.is_empty());
        let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let all: Vec<char> = text.chars().collect();
        for gram in &grams.grams {
            let [start, end] = gram.characters.map(|c| c as usize);
            let of_original: String = all[start..end].iter().filter(|c| c.is_alphanumeric()).collect();
            let (place, width) = (gram.place as usize, gram.width as usize);
            assert_eq!(
                of_original,
                letters[place..place + width].iter().collect::<String>()
            );
            assert_eq!(width, 6);
        }
    }
}
