//! Comparison without disclosure: two sides learn what their trees share, and nobody reads the rest.
//!
//! In:  the grams of a tree (`quanlian-match`), a case key that both sides have, a key of the owner's own.
//! Out: a sealed file ([`Sealed`]); of two sealed files the tags that both hold ([`shared`]); of these alone an
//!      [`Opening`] by each owner; from both openings the same matches as from the open trees ([`compare`]).
//!
//! A sealed file holds for each gram a tag, which is its keyed BLAKE3 under the case key, or where the two sides trust nobody with a
//! common key its value under the owner's oblivious function ([`ObliviousKey`]); and its places, encrypted under a
//! key of its own that only the owner can make. Entries have one size, stand in the order of their tags, and are filled up to
//! a power of two with entries that mean nothing. So neither size nor order nor any byte says what was sealed to somebody
//! without keys. The root over all of it ([`Sealed::root`]) is deposited before anything is compared, so that nobody can fit
//! a set to the other side afterwards.
//!
//! Invariants: an opening discloses the places of shared grams, the names of the files they lie in and the size of the tree,
//! nothing else; what is opened was in the sealed file, or the opening is refused; the same trees give the same matches open
//! and sealed, since `quanlian_match::blind` makes both.
//!
//! Not here: files, randomness and the log (the binary). What each step gives away stands in `docs/SEALED.md`.

mod format;
mod keys;
mod oblivious;
mod opening;
mod seal;
#[cfg(test)]
mod tests;

pub use format::{MAX_ENTRIES, Root, Sealed, Tag, shared};
pub use keys::{CaseKey, KeyError, OwnerKey, Tags};
pub use oblivious::{Answer, MAX_ELEMENTS, ObliviousKey, ObliviousTags, Pace, PublicKey, Request, blind};
pub use opening::{Opened, Opening, compare};
pub use seal::seal;

/// Randomness from the edge of the program.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// Why something sealed cannot be made, read or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SealedError {
    /// Not the form that this version writes.
    #[error("not a sealed file, or a damaged one: {0}")]
    Format(&'static str),
    /// Made by another method or version.
    #[error("sealed by another method; seal both sides with the same version")]
    Method,
    /// Two sets under different case keys can never meet.
    #[error("the two files were sealed with different keys")]
    OtherCaseKey,
    /// More grams than a sealed file takes.
    #[error("{grams} grams are more than a sealed file takes ({limit}); seal parts of the tree one by one")]
    TooLarge { grams: usize, limit: usize },
    /// Not what `blind` writes.
    #[error("not a request, or a damaged one: {0}")]
    Request(&'static str),
    /// Not what answers the request.
    #[error("the answer is refused: {0}")]
    Answer(&'static str),
    /// A request made for the key of somebody else.
    #[error("the request was made for another key; make it for the statement of the sealed file at hand")]
    OtherObliviousKey,
    /// The grams are not those of the request.
    #[error("the tree or the owner key is not the one that the request was made of; make a new request")]
    TreeChanged,
    /// An element that is none of the group.
    #[error("a value is none that the method knows; the file is damaged")]
    Group,
    /// Not the key that this file was sealed with.
    #[error("this is not the owner key of the sealed file, or the file was changed")]
    WrongOwnerKey,
    /// An opening of another file, or one that was changed.
    #[error("the opening does not belong to the sealed file: {0}")]
    Opening(&'static str),
}

impl SealedError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "sealed_format",
            Self::Method => "sealed_method",
            Self::OtherCaseKey => "sealed_other_case_key",
            Self::TooLarge { .. } => "sealed_too_large",
            Self::Request(_) => "sealed_request",
            Self::Answer(_) => "sealed_answer",
            Self::OtherObliviousKey => "sealed_other_oblivious_key",
            Self::TreeChanged => "sealed_tree_changed",
            Self::Group => "sealed_group",
            Self::WrongOwnerKey => "sealed_wrong_owner_key",
            Self::Opening(_) => "sealed_opening",
        }
    }
}
