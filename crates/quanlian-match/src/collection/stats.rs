//! Figures about an index.
//!
//! In:  its open parts.
//! Out: [`Stats`], as `index stats --json` prints them.
//!
//! Not here: figures about matches.

use std::collections::BTreeMap;

use serde::Serialize;

use super::part::Part;
use crate::Medium;

/// What an index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Works of all media.
    pub items: u64,
    /// Parts that were added one after the other.
    pub parts: u64,
    /// Bytes of the files of the works.
    pub source_bytes: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// The same by medium; media without works are absent.
    pub media: BTreeMap<Medium, MediumStats>,
}

/// What an index holds of one medium.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MediumStats {
    /// Works.
    pub items: u64,
    /// Bytes of their files.
    pub source_bytes: u64,
    /// Postings of their fingerprints.
    pub postings: u64,
    /// Bytes of their part of the index.
    pub index_bytes: u64,
    /// Length of all texts in Unicode scalar values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chars: Option<u64>,
    /// Length of all recordings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Pixels of all pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixels: Option<u64>,
}

pub(super) fn stats(parts: &[Part]) -> Stats {
    let mut media: BTreeMap<Medium, MediumStats> = BTreeMap::new();
    for part in parts {
        part.add_stats(&mut media);
    }
    media.retain(|_, m| m.items > 0);
    Stats {
        items: media.values().map(|m| m.items).sum(),
        parts: parts.len() as u64,
        source_bytes: media.values().map(|m| m.source_bytes).sum(),
        index_bytes: parts.iter().map(Part::size_bytes).sum(),
        media,
    }
}
