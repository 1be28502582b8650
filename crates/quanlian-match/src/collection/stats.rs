//! Figures about an index.
//!
//! In:  its open parts, folder by folder.
//! Out: [`Stats`], as `index stats --json` prints them.
//!
//! Not here: figures about matches.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Shard;
use super::part::Part;
use crate::Medium;

/// What an index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Works of all media.
    pub items: u64,
    /// Parts that were added one after the other.
    pub parts: u64,
    /// Works that were removed or replaced, and whose bytes wait for a merge.
    pub removed: u64,
    /// Bytes of the files of the works.
    pub source_bytes: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// The same by medium; media without works are absent.
    pub media: BTreeMap<Medium, MediumStats>,
    /// The same by folder.
    pub shards: Vec<ShardStats>,
}

/// What one folder of an index holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardStats {
    /// The folder, as it was opened.
    pub folder: String,
    /// Its state; grows with every change.
    pub generation: u64,
    /// Works of all media.
    pub items: u64,
    /// Parts.
    pub parts: u64,
    /// Works that wait for a merge to be dropped.
    pub removed: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
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
    /// Lines of all source code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Pixels of all pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixels: Option<u64>,
}

pub(super) fn stats(shards: &[Shard]) -> Stats {
    let mut media: BTreeMap<Medium, MediumStats> = BTreeMap::new();
    let mut of_shards = Vec::with_capacity(shards.len());
    for shard in shards {
        for part in &shard.parts {
            part.add_stats(&mut media);
        }
        let sum = |of: fn(&Part) -> u64| shard.parts.iter().map(|part| of(part)).sum();
        of_shards.push(ShardStats {
            folder: shard.folder.to_string_lossy().into_owned(),
            generation: shard.manifest.generation,
            items: sum(|part| part.items().count() as u64),
            parts: shard.parts.len() as u64,
            removed: sum(Part::removed),
            index_bytes: sum(Part::size_bytes),
        });
    }
    media.retain(|_, m| m.items > 0);
    Stats {
        items: media.values().map(|m| m.items).sum(),
        parts: of_shards.iter().map(|s| s.parts).sum(),
        removed: of_shards.iter().map(|s| s.removed).sum(),
        source_bytes: media.values().map(|m| m.source_bytes).sum(),
        index_bytes: of_shards.iter().map(|s| s.index_bytes).sum(),
        media,
        shards: of_shards,
    }
}
