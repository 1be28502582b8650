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
pub(crate) mod extend;
pub(crate) mod fold;
pub(crate) mod gram;
pub(crate) mod matcher;
pub(crate) mod store;

pub use decode::TextError;
