//! The source code of an index part: postings, and the tokens to verify on.
//!
//! In:  what `code` makes of the works.
//! Out: two files, and over all parts of an index the view that `code` searches.
//!
//! Invariant: damage found during a search is told by [`SourceIndex::check_read`] after it.
//!
//! Not here: the files (`recorded`); tokens, keys and searching (`code`).

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::axis::{Numbered, REMOVED_ALLOWANCE};
use super::part::Part;
use super::recorded::{Method, Recorded, RecordedStore};
use super::records::{Kept, RecordsWriter};
pub(super) use crate::code::Background;
use crate::code::{self, CodeIndex, Language, SAMPLE_TOKENS, Source, StoredTokens};
use crate::segment::{SegmentError, SegmentWriter};

pub(super) static METHOD: Method = Method {
    postings_file: "code.postings",
    records_file: "code.records",
    family: code::FAMILY,
    key_bits: code::KEY_BITS,
    records: "records of code",
    foreign: "the code was indexed with another method",
};
/// Works from which the background model is made, at most.
const SAMPLE_WORKS: usize = 1 << 12;

/// What the index keeps about one work of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceItem {
    pub(super) language: Language,
    pub(super) lines: u32,
    pub(super) tokens: u32,
    #[serde(flatten)]
    record: Kept,
}

impl Recorded for SourceItem {
    fn kept(&self) -> Kept {
        self.record
    }

    fn moved(&self, record: Kept) -> Self {
        Self {
            record,
            ..self.clone()
        }
    }
}

/// Writes the code of one part.
pub(super) struct SourceStoreWriter {
    segment: SegmentWriter,
    records: RecordsWriter,
}

impl SourceStoreWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        Ok(Self {
            segment: METHOD.create_postings(folder)?,
            records: METHOD.create_records(folder)?,
        })
    }

    /// Keeps one work under a number that no other has.
    pub(super) fn keep(
        &mut self,
        number: u32,
        language: Language,
        source: &Source,
    ) -> Result<SourceItem, SegmentError> {
        for &(key, token) in &source.postings {
            self.segment.push(key, number, token)?;
        }
        Ok(SourceItem {
            language,
            lines: source.lines,
            tokens: source.tokens,
            record: self.records.keep(&source.record)?,
        })
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.records.finish()?;
        self.segment.finish()?;
        Ok(())
    }
}

/// Whether the record of a work is whole.
pub(super) fn is_whole(store: &RecordedStore, item: &SourceItem) -> bool {
    (store.record(item)).and_then(StoredTokens::decode).is_some()
}

/// All parts of an index as one, their code numbered on.
pub(super) struct SourceIndex<'a> {
    numbered: Numbered<'a>,
    works: u64,
    tokens: u64,
}

impl<'a> SourceIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        Self {
            numbered: Numbered::new(parts, Part::source_numbers),
            works: parts.iter().map(|part| part.totals().sources).sum(),
            tokens: parts.iter().map(|part| part.totals().source_tokens).sum(),
        }
    }

    fn item(&self, item: u32) -> Option<(&'a Part, &'a SourceItem)> {
        let (part, number) = self.numbered.locate(item)?;
        Some((part, part.source_item(number)?))
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.numbered.locate(item)?;
        part.source_name(number)
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        let parts = self.numbered.parts().iter();
        parts
            .filter_map(|part| part.source_store())
            .try_for_each(RecordedStore::check_read)
    }

    /// Makes the background model from evenly chosen works, and from those that everybody has.
    pub(super) fn background(&self, common: Option<&Self>) -> Background {
        let (ours, theirs) = (self.sample(), common.map(Self::sample).unwrap_or_default());
        let share = SAMPLE_TOKENS / (ours.len() + theirs.len()).max(1);
        let tokens = self.tokens.saturating_add(common.map_or(0, |c| c.tokens));
        let wanted = tokens.min(SAMPLE_TOKENS as u64) as usize;
        let of_theirs = (theirs.into_iter()).filter_map(|item| common?.tokens(item));
        let works = (ours.into_iter()).filter_map(|item| self.tokens(item));
        Background::learn(works.chain(of_theirs), share, wanted)
    }

    /// Evenly chosen works.
    fn sample(&self) -> Vec<u32> {
        let all = self.numbered.parts().iter().enumerate();
        let items: Vec<u32> = all
            .flat_map(|(at, part)| (0..part.source_numbers()).map(move |number| (at, number)))
            .map(|(at, number)| self.numbered.on(at, number))
            .filter(|&item| self.item(item).is_some())
            .collect();
        let every = items.len().div_ceil(SAMPLE_WORKS).max(1);
        items.into_iter().step_by(every).collect()
    }
}

impl CodeIndex for SourceIndex<'_> {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32)) {
        let mut found: Vec<u32> = Vec::new();
        for (at, part) in self.numbered.parts().iter().enumerate() {
            let Some(store) = part.source_store() else {
                continue;
            };
            let most = if part.has_numbers_of_no_source() {
                limit.saturating_mul(REMOVED_ALLOWANCE)
            } else {
                limit
            };
            let Some(postings) = store.segment.postings_of_rare(key, most) else {
                return;
            };
            let numbers = postings.map(|posting| posting.item);
            // A number that no work bears is one that failed half way or was removed.
            let kept = numbers.filter(|&number| part.source_item(number).is_some());
            found.extend(kept.map(|number| self.numbered.on(at, number)));
            if found.len() as u64 > limit {
                return;
            }
        }
        found.into_iter().for_each(&mut visit);
    }

    fn tokens(&self, item: u32) -> Option<StoredTokens> {
        let (part, item) = self.item(item)?;
        StoredTokens::decode(part.source_store()?.record(item)?)
    }

    fn works(&self) -> u64 {
        self.works
    }

    fn token_count(&self) -> u64 {
        self.tokens
    }
}
