//! Opening: of what two sealed files share, and of nothing else, where it stands.
//!
//! In:  a sealed file, the tags that both sides share, the owner key; then the [`Opening`] that the owner hands over.
//! Out: [`Opened`]: the occurrences of these grams; from two of them the matches.
//!
//! Invariants: what an opening does not decrypt in the sealed file it names is refused whole; the chain of entries of one
//! gram is bounded.
//!
//! Not here: which tags are shared (`format`).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_match::Match;
use quanlian_match::blind::{GramFile, MAX_OCCURRENCES, Occurrence, rank};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::SealedError;
use crate::format::{Sealed, Tag, array};
use crate::keys::{OwnerKey, Record, RecordKey};
use crate::seal::{OCCURRENCES, decrypt, read_entry, read_file};

/// Entries of one gram at most.
const MAX_CHAIN: usize = MAX_OCCURRENCES.div_ceil(OCCURRENCES);

/// The keys of single records that an owner hands over; the rest of the sealed file stays shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Of the sealed file, in hexadecimal.
    root: String,
    summary: RecordText,
    entries: BTreeMap<Tag, RecordText>,
    files: BTreeMap<u32, RecordText>,
}

/// A key of a record, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RecordText(String);

impl RecordText {
    fn of(key: &RecordKey) -> Self {
        Self(hex::encode(key.as_slice()))
    }

    fn key(&self) -> Option<RecordKey> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(&self.0, &mut *key).ok()?;
        Some(key)
    }
}

/// What an opening shows of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Tokens and letters of the whole tree.
    pub places: u64,
    /// Files in which shared grams stand, by their numbers.
    pub files: BTreeMap<u32, GramFile>,
    /// Of each shared gram where it stands.
    pub grams: BTreeMap<Tag, Vec<Occurrence>>,
}

impl Opening {
    /// Makes the opening of the tags that were found to be shared, and shows what it will tell.
    pub fn new(sealed: &Sealed<'_>, owner: &OwnerKey, tags: &[Tag]) -> Result<(Self, Opened), SealedError> {
        let set = &sealed.header.set;
        let summary = owner.record(set, Record::Summary);
        decrypt(&summary, sealed.summary()).ok_or(SealedError::WrongOwnerKey)?;
        let mut entries = BTreeMap::new();
        let mut files = BTreeSet::new();
        for &tag in tags {
            let mut next = Some(tag);
            // A tag that only fills up, or is not there at all, does not decrypt: the list was not made from this file.
            for _ in 0..MAX_CHAIN {
                let Some(tag) = next else { break };
                let key = owner.record(set, Record::Entry(tag));
                let plain = sealed
                    .entry(tag)
                    .and_then(|entry| decrypt(&key, entry))
                    .ok_or(SealedError::Opening("a tag that is not in it"))?;
                let (behind, occurrences) = read_entry(&plain);
                entries.insert(tag, RecordText::of(&key));
                files.extend(occurrences.iter().map(|one| one.file));
                next = behind;
            }
        }
        let opening = Self {
            root: sealed.root().to_hex(),
            summary: RecordText::of(&summary),
            entries,
            files: (files.into_iter())
                .map(|number| (number, RecordText::of(&owner.record(set, Record::File(number)))))
                .collect(),
        };
        let opened = opening.read(sealed, tags)?;
        Ok((opening, opened))
    }

    /// What it tells of the tags of `sealed` that were found to be shared.
    pub fn read(&self, sealed: &Sealed<'_>, tags: &[Tag]) -> Result<Opened, SealedError> {
        let wrong = SealedError::Opening;
        if self.root != sealed.root().to_hex() {
            return Err(wrong("it names another root"));
        }
        let open = |key: Option<&RecordText>, bytes: Option<&[u8]>| {
            key.and_then(RecordText::key)
                .zip(bytes)
                .and_then(|(key, bytes)| decrypt(&key, bytes))
        };
        let summary = open(Some(&self.summary), Some(sealed.summary()))
            .ok_or(wrong("its key does not open the summary"))?;
        let mut files = BTreeMap::new();
        for (&number, key) in &self.files {
            let file = open(Some(key), sealed.file(number))
                .and_then(|plain| read_file(&plain))
                .ok_or(wrong("a key of it does not open the record of a file"))?;
            files.insert(number, file);
        }
        let mut grams = BTreeMap::new();
        for &tag in tags {
            let mut of_gram: Vec<Occurrence> = Vec::new();
            let mut next = Some(tag);
            for _ in 0..MAX_CHAIN {
                let Some(tag) = next else { break };
                let plain = open(self.entries.get(&tag), sealed.entry(tag))
                    .ok_or(wrong("a shared tag is not opened by it"))?;
                let (behind, occurrences) = read_entry(&plain);
                of_gram.extend(occurrences);
                next = behind;
            }
            if of_gram.iter().any(|one| !files.contains_key(&one.file)) {
                return Err(wrong("the record of a file is missing"));
            }
            grams.insert(tag, of_gram);
        }
        Ok(Opened {
            places: u64::from_le_bytes(array(&summary[..8])),
            files,
            grams,
        })
    }
}

/// Compares two sides by what was opened of them; the same as `GramSet::compare` on the open trees.
pub fn compare(works: &Opened, suspects: &Opened) -> Vec<Match> {
    let shared = (works.grams.iter())
        .filter_map(|(tag, of_work)| Some((of_work.as_slice(), suspects.grams.get(tag)?.as_slice())));
    rank(
        works.places,
        |file| works.files.get(&file).cloned(),
        |file| suspects.files.get(&file).cloned(),
        shared,
    )
}
