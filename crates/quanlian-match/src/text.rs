//! Written text: copies found letter by letter, whatever the script or the disguise.
//!
//! In:  the bytes of works and of suspects, in any usual encoding.
//! Out: for each suspect the works it shares passages with, and where, in Unicode
//!      scalar values of both originals.
//!
//! The way: decode, fold to bare letters, cut into grams; the works' grams are winnowed
//! into postings, the suspect's are looked up all; what lies on one diagonal is chained
//! and then aligned letter by letter on the stored text, which alone decides.
//!
//! Invariants: nothing is reported on equal keys alone; memory does not grow with the
//! length of a file; the same files give the same answer.
//!
//! Not here: synonyms, translation, meaning. A retold story is not found.

pub(crate) mod background;
pub(crate) mod decode;
pub(crate) mod document;
pub(crate) mod exact;
pub(crate) mod extend;
pub(crate) mod fold;
pub(crate) mod gram;
mod grams;
pub(crate) mod matcher;
pub(crate) mod near;
pub(crate) mod store;

use std::io::Read;

pub use decode::TextError;

pub(crate) use grams::{GRAM_BITS, Grams};
pub use near::Share;

/// The whole text, whose Unicode scalar values the segments of a match count. Takes as much memory as the text.
pub(crate) fn read(reader: impl Read) -> Result<String, TextError> {
    let mut text = String::new();
    decode::decode::<TextError>(reader, |piece| {
        text.push_str(piece);
        Ok(())
    })?;
    Ok(text)
}

/// The fingerprint of a text as the index keeps it: calls `emit` with key and place of
/// every chosen gram, and returns the length in Unicode scalar values.
///
/// Places count folded letters, not characters. Linear in the length, with memory that
/// does not depend on it.
///
/// ```
/// let mut keys = Vec::new();
/// let text = "It was the best of times, it was the worst of times";
/// let chars = quanlian_match::text::fingerprint(text.as_bytes(), |key, _| keys.push(key))?;
/// assert_eq!(chars, 51);
/// assert!(!keys.is_empty());
/// # Ok::<(), quanlian_match::text::TextError>(())
/// ```
pub fn fingerprint(reader: impl Read, mut emit: impl FnMut(u64, u32)) -> Result<u64, TextError> {
    let fold = fold::Fold::new();
    let mut winnow = gram::Winnow::default();
    let mut symbols = Vec::new();
    let decoded = decode::decode::<TextError>(reader, |piece| {
        for block in store::blocks(piece) {
            symbols.clear();
            fold.fold_text(block, &mut symbols);
            winnow.extend(&symbols, |key, start| emit(key, start as u32));
        }
        Ok(())
    })?;
    winnow.finish(|key, start| emit(key, start as u32));
    Ok(decoded.chars)
}
