//! Source code: copies found token by token, however they were renamed, reformatted or put in another order.
//!
//! In:  the bytes of works and of suspects, in any usual encoding, and the language of each.
//! Out: for each suspect the works it shares code with, and where, in lines of both originals.
//!
//! The way: decode, cut into tokens (`lexer`), make keys of structure, statements and literals (`gram`); the works' keys are
//! winnowed into postings, the suspect's are looked up all; the works with the most of the rare ones are compared with it
//! token by token on what the index keeps of them (`compare`), which alone decides.
//!
//! Lines count from 1, and ranges are half-open like all others: lines 3 to 5 are `[3, 6]`.
//!
//! Invariants: nothing is reported on equal keys alone; a file that breaks every grammar is cut into tokens all the same;
//! memory is bounded by [`MAX_SOURCE_BYTES`] and [`MAX_TOKENS`].
//!
//! Not here: meaning. The same function in another language, a rewritten algorithm or a netlist is not found.

mod background;
mod compare;
mod gram;
mod grams;
mod language;
mod lexer;
mod margins;
mod record;
mod search;
#[cfg(test)]
mod tests;
mod tokens;

use std::io::Read;

pub use language::Language;

pub(crate) use background::{Background, SAMPLE_TOKENS};
pub(crate) use gram::KEY_BITS;
pub(crate) use grams::{CodeGram, Grams, background_of};
pub(crate) use language::detect;
pub(crate) use record::StoredTokens;
pub(crate) use search::{CodeIndex, search};

use crate::text::TextError;
use crate::text::decode::{Decoded, decode};
use tokens::Tokens;

/// Name and version of the method; an index of another one cannot be read.
pub const FAMILY: &str = "code/1";
/// Bytes of decoded text of one file that are looked at; the rest is left out with a remark.
pub const MAX_SOURCE_BYTES: usize = 64 << 20;
/// Tokens of one file that are looked at; the rest is left out with a remark.
pub const MAX_TOKENS: usize = 1 << 23;

/// What was odd about a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeNote {
    /// Some bytes meant nothing in the encoding found.
    BrokenEncoding,
    /// The file is longer than what is looked at.
    CutShort {
        /// Lines that were looked at.
        lines: u32,
    },
    /// Comments and blanks alone, or hardly more.
    TooShort {
        /// Tokens that there are.
        tokens: usize,
    },
}

impl CodeNote {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BrokenEncoding => "code_broken_encoding",
            Self::CutShort { .. } => "code_cut_short",
            Self::TooShort { .. } => "code_too_short",
        }
    }
}

/// What the index keeps of one work of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Key and token of each chosen gram.
    pub(crate) postings: Vec<(u64, u32)>,
    /// The tokens, as `record` writes them.
    pub(crate) record: Vec<u8>,
    pub(crate) tokens: u32,
    pub(crate) lines: u32,
    pub(crate) notes: Vec<CodeNote>,
}

/// Reads a work of code for the index. Linear in its length.
pub(crate) fn fingerprint_reference(reader: impl Read, language: Language) -> Result<Source, TextError> {
    let (tokens, notes) = read(reader, language)?;
    let family = language.family();
    let mut postings = Vec::new();
    gram::winnowed(&tokens, family, &mut |gram| postings.push(gram));
    Ok(Source {
        postings,
        record: record::encode(&tokens, family),
        tokens: tokens.len() as u32,
        lines: tokens.line_count,
        notes,
    })
}

/// The fingerprint of a source file as the index keeps it: calls `emit` with key and token of every chosen gram, and
/// returns how many tokens there are.
///
/// ```
/// use quanlian_match::code::{Language, fingerprint};
/// let source = "module m(input a, output b);\n  assign b = ~a & 8'hFF;\nendmodule\n";
/// let mut keys = Vec::new();
/// let tokens = fingerprint(source.as_bytes(), Language::Verilog, |key, _| keys.push(key))?;
/// assert_eq!(tokens, 19);
/// assert!(!keys.is_empty());
/// # Ok::<(), quanlian_match::text::TextError>(())
/// ```
pub fn fingerprint(
    reader: impl Read,
    language: Language,
    mut emit: impl FnMut(u64, u32),
) -> Result<usize, TextError> {
    let (tokens, _) = read(reader, language)?;
    gram::winnowed(&tokens, language.family(), &mut |(key, at)| emit(key, at));
    Ok(tokens.len())
}

/// Decodes a file and cuts it into tokens.
fn read(reader: impl Read, language: Language) -> Result<(Tokens, Vec<CodeNote>), TextError> {
    let (tokens, notes, _) = read_text(reader, language)?;
    Ok((tokens, notes))
}

/// The same, and the text.
fn read_text(reader: impl Read, language: Language) -> Result<(Tokens, Vec<CodeNote>, String), TextError> {
    let mut text = String::new();
    let mut whole = true;
    let decoded: Decoded = decode::<TextError>(reader, |piece| {
        if text.len() + piece.len() <= MAX_SOURCE_BYTES {
            text.push_str(piece);
        } else {
            whole = false;
        }
        Ok(())
    })?;
    let (tokens, all) = lexer::lex(&text, language.family(), MAX_TOKENS);
    let mut notes = Vec::new();
    if decoded.broken {
        notes.push(CodeNote::BrokenEncoding);
    }
    if !(whole && all) {
        let lines = tokens.lines.last().copied().unwrap_or(0);
        notes.push(CodeNote::CutShort { lines });
    }
    if tokens.len() < gram::STRUCTURE_TOKENS {
        notes.push(CodeNote::TooShort { tokens: tokens.len() });
    }
    Ok((tokens, notes, text))
}
