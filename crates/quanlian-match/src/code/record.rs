//! Records: the tokens of a work as the index keeps them.
//!
//! In:  tokens, or the bytes of a record.
//! Out: the other.
//!
//! A record is deflated. Inside: the family, the count of lines, the words, then for each token its symbol, how many
//! lines further it stands, and its word, and the checksums of the lines of comments. Names and values are there in full, so that verification compares what was
//! written and no hash of it.
//!
//! Invariant: any bytes give tokens or `None`, within [`MAX_RECORD_BYTES`] of memory.
//!
//! Not here: where records lie (`collection`).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::language::Family;
use super::tokens::{Comment, MAX_WORD_BYTES, NO_WORD, Symbol, Tokens, word_hash};

/// Bytes of a record when it is unpacked.
const MAX_RECORD_BYTES: u64 = 256 << 20;
/// Level at which packing costs no more than the rest of the work.
const LEVEL: u32 = 3;

/// The bytes of a record.
pub(crate) fn encode(tokens: &Tokens, family: Family) -> Vec<u8> {
    let mut raw = Vec::with_capacity(tokens.len() * 3 + tokens.dictionary.len() * 8);
    raw.push(family as u8);
    push(&mut raw, tokens.line_count);
    push(&mut raw, tokens.dictionary.len() as u32);
    for place in 0..tokens.dictionary.len() as u32 {
        let word = tokens.dictionary.word(place);
        push(&mut raw, word.len() as u32);
        raw.extend_from_slice(word);
    }
    push(&mut raw, tokens.len() as u32);
    let mut last = 1;
    // The three kinds apart: each packs better among its own.
    for &symbol in &tokens.symbols {
        push(&mut raw, u32::from(symbol));
    }
    for &line in &tokens.lines {
        push(&mut raw, line.saturating_sub(last));
        last = line;
    }
    for &word in &tokens.words {
        if word != NO_WORD {
            push(&mut raw, word);
        }
    }
    push(&mut raw, tokens.comments.len() as u32);
    let mut last = 0;
    for comment in &tokens.comments {
        push(&mut raw, comment.line.saturating_sub(last));
        last = comment.line;
    }
    for comment in &tokens.comments {
        raw.extend_from_slice(&comment.hash.to_le_bytes());
    }
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(raw.len() / 2), Compression::new(LEVEL));
    encoder
        .write_all(&raw)
        .and_then(|()| encoder.finish())
        .expect("memory takes every write")
}

/// Symbols that have a word.
fn has_word(symbol: Symbol) -> bool {
    use super::tokens::{NAME, NUMBER, STRING};
    matches!(symbol, NAME | NUMBER | STRING)
}

/// The tokens of a work as the index gives them back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredTokens {
    pub(super) tokens: Tokens,
    pub(super) family: Family,
}

impl StoredTokens {
    /// `None` when the bytes are no record.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let (tokens, family) = decode(record)?;
        Some(Self { tokens, family })
    }
}

fn decode(record: &[u8]) -> Option<(Tokens, Family)> {
    let mut raw = Vec::new();
    DeflateDecoder::new(record)
        .take(MAX_RECORD_BYTES + 1)
        .read_to_end(&mut raw)
        .ok()?;
    if raw.len() as u64 > MAX_RECORD_BYTES {
        return None;
    }
    let (&family, mut rest) = raw.split_first()?;
    let family = Family::of_number(family)?;
    let mut tokens = Tokens {
        line_count: take(&mut rest)?,
        ..Tokens::default()
    };
    let words = take(&mut rest)?;
    let mut spans = Vec::new();
    for _ in 0..words {
        let length = take(&mut rest)? as usize;
        if length > MAX_WORD_BYTES {
            return None;
        }
        spans.push(rest.get(..length)?);
        rest = &rest[length..];
    }
    let count = take(&mut rest)? as usize;
    if count > rest.len() {
        return None;
    }
    tokens.symbols.reserve(count);
    for _ in 0..count {
        tokens.symbols.push(Symbol::try_from(take(&mut rest)?).ok()?);
    }
    let mut line = 1u32;
    for _ in 0..count {
        line = line.checked_add(take(&mut rest)?)?;
        tokens.lines.push(line);
    }
    let mut word_symbols = vec![0; spans.len()];
    for &symbol in &tokens.symbols {
        let word = if has_word(symbol) {
            let word = take(&mut rest)?;
            *word_symbols.get_mut(word as usize)? = symbol;
            word
        } else {
            NO_WORD
        };
        tokens.words.push(word);
    }
    let comments = take(&mut rest)? as usize;
    if comments > rest.len() {
        return None;
    }
    let mut line = 0u32;
    for _ in 0..comments {
        line = line.checked_add(take(&mut rest)?)?;
        tokens.comments.push(Comment { line, hash: 0 });
    }
    for comment in &mut tokens.comments {
        let (hash, behind) = rest.split_first_chunk::<4>()?;
        comment.hash = u32::from_le_bytes(*hash);
        rest = behind;
    }
    for (word, symbol) in spans.into_iter().zip(word_symbols) {
        let hash = word_hash(symbol, word);
        tokens.dictionary.append(word, hash);
    }
    rest.is_empty().then_some((tokens, family))
}

impl Family {
    fn of_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Verilog,
            2 => Self::Vhdl,
            3 => Self::C,
            4 => Self::Rust,
            5 => Self::Go,
            6 => Self::Java,
            7 => Self::Python,
            8 => Self::JavaScript,
            _ => return None,
        })
    }
}

fn push(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut n = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u32::from(b & 0x7f).checked_shl(shift)?;
        if b < 0x80 {
            return Some(n);
        }
    }
    None
}
