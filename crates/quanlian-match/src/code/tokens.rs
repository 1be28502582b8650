//! Tokens: a source file as the engine sees it.
//!
//! In:  tokens in order, as the lexer cuts them.
//! Out: for each token a symbol of its structure, the word behind it where one is, and its line.
//!
//! A symbol is what stays when a program is renamed and reformatted: the keyword, the operator, or the class of a
//! name, number or string. A word is what was written: the name, the value of the number, the content of the string.
//!
//! Invariants: the three lists are of one length; a word is an index into the dictionary or [`NO_WORD`]; lines rise.
//!
//! Not here: cutting (`lexer`), bytes of the index (`record`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What stands at a place, whatever it is called.
pub(crate) type Symbol = u16;

/// A name.
pub(crate) const NAME: Symbol = 1;
/// A number or a character.
pub(crate) const NUMBER: Symbol = 2;
/// A string.
pub(crate) const STRING: Symbol = 3;
/// A sign that no language here knows.
pub(crate) const OTHER: Symbol = 4;
/// The first keyword; operators of one byte stand for themselves, and longer ones lie between.
pub(crate) const FIRST_KEYWORD: Symbol = 256;
/// The first name that nobody can change: of the system or of a macro.
pub(crate) const FIRST_FIXED_NAME: Symbol = 1024;

/// The word of a token that has none.
pub(crate) const NO_WORD: u32 = u32::MAX;

/// Longest word that is kept whole; of longer ones the beginning and a checksum.
pub(crate) const MAX_WORD_BYTES: usize = 64;

/// Whether a symbol is that of a statement's end in the languages that have such signs.
pub(crate) fn ends_statement(symbol: Symbol) -> bool {
    symbol == Symbol::from(b';') || symbol == Symbol::from(b'{') || symbol == Symbol::from(b'}')
}

/// A source file in tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) symbols: Vec<Symbol>,
    /// Places in the dictionary, or [`NO_WORD`].
    pub(crate) words: Vec<u32>,
    /// From 1.
    pub(crate) lines: Vec<u32>,
    pub(crate) dictionary: Dictionary,
    /// Lines of comments, with what they say.
    pub(crate) comments: Vec<Comment>,
    /// Lines of the whole file.
    pub(crate) line_count: u32,
}

/// A line of a comment. Comments are no evidence, since nobody would copy them by chance alone and everybody can leave them
/// out; but where they stand beside a copy and are the same, they belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) line: u32,
    /// Of its letters without the blanks around them.
    pub(crate) hash: u32,
}

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.symbols.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// Notes a line of a comment; only lines that hold no token are asked for later.
    pub(crate) fn push_comment(&mut self, line: u32, text: &[u8]) {
        let text = text.trim_ascii();
        if !text.is_empty() {
            let hash = word_hash(STRING, text) as u32;
            self.comments.push(Comment { line, hash });
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, symbol: Symbol, word: u32, line: u32) {
        self.symbols.push(symbol);
        self.words.push(word);
        self.lines.push(line);
    }
}

/// Different words of one file, each once, in the order of their first use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    /// Where each word ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    places: HashMap<u64, u32, BuildHasherDefault<Taken>>,
}

impl PartialEq for Dictionary {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.ends == other.ends
    }
}

impl Eq for Dictionary {}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn word(&self, place: u32) -> &[u8] {
        let at = place as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start as usize..self.ends[at] as usize]
    }

    /// The same in all files and all builds.
    pub(crate) fn hash(&self, place: u32) -> u64 {
        self.hashes[place as usize]
    }

    /// The place of a word, which is added when it is new. Words of different symbols are different.
    pub(crate) fn intern(&mut self, symbol: Symbol, word: &[u8]) -> u32 {
        let hash = word_hash(symbol, word);
        if let Some(&place) = self.places.get(&hash) {
            return place;
        }
        let place = self.ends.len() as u32;
        if word.len() <= MAX_WORD_BYTES {
            self.bytes.extend_from_slice(word);
        } else {
            self.bytes.extend_from_slice(&word[..MAX_WORD_BYTES - 8]);
            self.bytes.extend_from_slice(&hash.to_le_bytes());
        }
        self.ends.push(self.bytes.len() as u32);
        self.hashes.push(hash);
        self.places.insert(hash, place);
        place
    }

    /// Adds a word as the index kept it, with its hash.
    pub(super) fn append(&mut self, word: &[u8], hash: u64) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len() as u32);
        self.hashes.push(hash);
    }
}

/// A hash of a word under its symbol.
pub(crate) fn word_hash(symbol: Symbol, word: &[u8]) -> u64 {
    let mut h = 0x5851_F42D_4C95_7F2D ^ u64::from(symbol).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h ^= (word.len() as u64) << 48;
    let mut chunks = word.chunks_exact(8);
    for chunk in &mut chunks {
        h = mix(h ^ u64::from_le_bytes(chunk.try_into().expect("chunks of eight bytes")));
    }
    let mut last = [0u8; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(h ^ u64::from_le_bytes(last))
}

/// Spreads the bits of a number over all of it.
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x ^= x >> 32;
    x = x.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^= x >> 32;
    x.wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// A hasher of what is a hash already.
#[derive(Default, Clone)]
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = mix(self.0 ^ u64::from(b));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = mix(u64::from(value) + 1);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_place_and_a_long_one_is_cut_but_stays_itself() {
        let mut words = Dictionary::default();
        let long = [b'a'; 200];
        let longer = [b'a'; 201];
        let places = [
            words.intern(NAME, b"clk"),
            words.intern(STRING, b"clk"),
            words.intern(NAME, b"clk"),
            words.intern(STRING, &long),
            words.intern(STRING, &longer),
        ];
        assert_eq!(places, [0, 1, 0, 2, 3]);
        assert_eq!(words.word(0), b"clk");
        assert_eq!(words.word(2).len(), MAX_WORD_BYTES);
        assert_ne!(words.word(2), words.word(3));
    }
}
