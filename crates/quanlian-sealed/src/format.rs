//! The bytes of a sealed file.
//!
//! In:  bytes from outside.
//! Out: [`Sealed`]: a view of them that is whole in its form; the root over it; the tags that two of them share.
//!
//! ```text
//! header   64 bytes: magic 16, version 4, entries 4, files 4, 0 4, case key id 8, method 8, set id 16
//! summary 128 bytes: sealed
//! files   512 bytes each: sealed, or random
//! entries 128 bytes each, in the order of their tags: tag 16, sealed 112; or random
//! ```
//!
//! Invariants: the length is exactly what the header says, the counts are powers of two, the tags rise; nothing is
//! allocated before that is sure.
//!
//! Not here: what the sealed parts hold (`seal`), opening them (`opening`).

use quanlian_match::blind::METHOD;
use quanlian_tlog::hash::{Hash, leaf_hash, node_hash};
use serde::{Deserialize, Serialize};

use crate::SealedError;

/// Entries of a sealed file, with those that mean nothing: 2 GiB.
pub const MAX_ENTRIES: usize = 1 << 24;
/// Files of a sealed file, with those that mean nothing.
pub(crate) const MAX_FILES: usize = 1 << 20;
/// The least of both: smaller trees look alike.
pub(crate) const MIN_ENTRIES: usize = 1 << 12;
pub(crate) const MIN_FILES: usize = 1 << 6;
pub(crate) const HEADER_BYTES: usize = 64;
pub(crate) const SUMMARY_BYTES: usize = 128;
pub(crate) const FILE_BYTES: usize = 512;
pub(crate) const ENTRY_BYTES: usize = 128;
pub(crate) const TAG_BYTES: usize = 16;
const MAGIC: [u8; 16] = *b"quanlian-sealed\n";
const VERSION: u32 = 1;

/// Tells one sealing from another, so that no key of a record is used twice.
pub(crate) type SetId = [u8; 16];
/// The root of the Merkle tree (RFC 6962) over header, summary, files and entries.
pub type Root = Hash;

/// What a gram is called under a case key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(pub(crate) [u8; TAG_BYTES]);

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        hex::encode(tag.0)
    }
}

impl TryFrom<String> for Tag {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut tag = [0; TAG_BYTES];
        hex::decode_to_slice(text, &mut tag)?;
        Ok(Self(tag))
    }
}

/// The first bytes of a sealed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) entries: u32,
    pub(crate) files: u32,
    pub(crate) case_key: [u8; 8],
    pub(crate) set: SetId,
}

impl Header {
    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..16].copy_from_slice(&MAGIC);
        bytes[16..20].copy_from_slice(&VERSION.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.entries.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.files.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.case_key);
        bytes[40..48].copy_from_slice(&method());
        bytes[48..].copy_from_slice(&self.set);
        bytes
    }

    fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, SealedError> {
        let number = |at: usize| u32::from_le_bytes(array(&bytes[at..at + 4]));
        if bytes[..16] != MAGIC {
            return Err(SealedError::Format("it does not begin as one"));
        }
        if number(16) != VERSION {
            return Err(SealedError::Format("another version of the format"));
        }
        if bytes[40..48] != method() {
            return Err(SealedError::Method);
        }
        let header = Self {
            entries: number(20),
            files: number(24),
            case_key: array(&bytes[32..40]),
            set: array(&bytes[48..]),
        };
        let fits =
            |n: u32, least: usize, most: usize| n.is_power_of_two() && (least..=most).contains(&(n as usize));
        if !fits(header.entries, MIN_ENTRIES, MAX_ENTRIES)
            || !fits(header.files, MIN_FILES, MAX_FILES)
            || header.encode() != *bytes
        {
            return Err(SealedError::Format("its counts are none that are written"));
        }
        Ok(header)
    }
}

fn method() -> [u8; 8] {
    array(&blake3::hash(METHOD.as_bytes()).as_bytes()[..8])
}

/// The bytes as an array; they are as many.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

/// A sealed file.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    pub(crate) header: Header,
    bytes: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Checks the form of a sealed file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SealedError> {
        let head = bytes
            .first_chunk::<HEADER_BYTES>()
            .ok_or(SealedError::Format("it is too short"))?;
        let header = Header::decode(head)?;
        let length = HEADER_BYTES
            + SUMMARY_BYTES
            + header.files as usize * FILE_BYTES
            + header.entries as usize * ENTRY_BYTES;
        if bytes.len() != length {
            return Err(SealedError::Format("its length is not what it says"));
        }
        let sealed = Self { header, bytes };
        if !sealed.tags().is_sorted_by(|a, b| a < b) {
            return Err(SealedError::Format("its entries are not in order"));
        }
        Ok(sealed)
    }

    /// Entries, with those that mean nothing.
    pub fn entry_count(&self) -> u32 {
        self.header.entries
    }

    /// Files, with those that mean nothing.
    pub fn file_count(&self) -> u32 {
        self.header.files
    }

    /// Which case key it was sealed with; says nothing about the key.
    pub fn case_key_id(&self) -> String {
        hex::encode(self.header.case_key)
    }

    /// The root over all of it, which is deposited before anything is compared.
    pub fn root(&self) -> Root {
        let leaves = [
            &self.bytes[..HEADER_BYTES],
            &self.bytes[HEADER_BYTES..HEADER_BYTES + SUMMARY_BYTES],
        ];
        let leaves = leaves
            .into_iter()
            .chain(self.files())
            .chain(self.entries())
            .map(leaf_hash);
        // Whole subtrees from the left, each half as large as the one before it or less.
        let mut stack: Vec<(u32, Hash)> = Vec::new();
        for leaf in leaves {
            let mut grown = (0, leaf);
            while let Some((height, left)) = stack.pop_if(|(height, _)| *height == grown.0) {
                grown = (height + 1, node_hash(&left, &grown.1));
            }
            stack.push(grown);
        }
        let right = stack
            .pop()
            .map_or_else(quanlian_tlog::hash::empty_root, |(_, hash)| hash);
        stack
            .into_iter()
            .rev()
            .fold(right, |right, (_, left)| node_hash(&left, &right))
    }

    pub(crate) fn summary(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..HEADER_BYTES + SUMMARY_BYTES]
    }

    fn files(&self) -> std::slice::ChunksExact<'a, u8> {
        let start = HEADER_BYTES + SUMMARY_BYTES;
        self.bytes[start..start + self.header.files as usize * FILE_BYTES].chunks_exact(FILE_BYTES)
    }

    pub(crate) fn file(&self, number: u32) -> Option<&'a [u8]> {
        self.files().nth(number as usize)
    }

    fn entries(&self) -> std::slice::ChunksExact<'a, u8> {
        let start = HEADER_BYTES + SUMMARY_BYTES + self.header.files as usize * FILE_BYTES;
        self.bytes[start..].chunks_exact(ENTRY_BYTES)
    }

    fn tags(&self) -> impl Iterator<Item = Tag> + 'a {
        self.entries().map(|entry| Tag(array(&entry[..TAG_BYTES])))
    }

    /// The sealed part of an entry.
    pub(crate) fn entry(&self, Tag(tag): Tag) -> Option<&'a [u8]> {
        let (mut low, mut high) = (0, self.header.entries as usize);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entries().nth(middle)?;
            match entry[..TAG_BYTES].cmp(&tag) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(&entry[TAG_BYTES..]),
            }
        }
        None
    }
}

/// The tags that two sealed files share, in order. It says how much they have in common and nothing of what or where.
pub fn shared(a: &Sealed<'_>, b: &Sealed<'_>) -> Result<Vec<Tag>, SealedError> {
    if a.header.case_key != b.header.case_key {
        return Err(SealedError::OtherCaseKey);
    }
    let mut of_b = b.tags().peekable();
    Ok(a.tags()
        .filter(|tag| {
            while of_b.next_if(|other| other < tag).is_some() {}
            of_b.next_if_eq(tag).is_some()
        })
        .collect())
}
