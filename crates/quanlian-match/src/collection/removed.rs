//! Removals: which works of which parts count no more.
//!
//! In:  the file that the manifest names, or what a new one should say.
//! Out: the rows of the table of works of each part that were removed.
//!
//! Parts never change, so a removal is written beside them: one small file for each generation that changes it. The
//! works themselves go when their part is merged.
//!
//! Invariants: the file is compared with its checksum in the manifest before it is believed, and names only rows that
//! are there; a part without removals is not in it.
//!
//! Not here: who finds and changes them (`edit`, `upkeep`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CollectionError;
use super::manifest::{FileEntry, Manifest, PartEntry, removed_name};

/// A list larger than this was not written by this program: some 30 million removals.
const MAX_REMOVED_BYTES: u64 = 256 << 20;

/// Rows of removed works, by the name of their part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Removed(BTreeMap<String, BTreeSet<u32>>);

impl Removed {
    /// The removals that a manifest names.
    pub(super) fn read(folder: &Path, manifest: &Manifest) -> Result<Self, CollectionError> {
        let Some(entry) = &manifest.removed else {
            return Ok(Self::default());
        };
        let path = folder.join(&entry.name);
        let damaged = |what: String| CollectionError::Damaged {
            path: path.clone(),
            what,
        };
        let size = fs::metadata(&path).map_err(CollectionError::io(&path))?.len();
        if size != entry.bytes || size > MAX_REMOVED_BYTES {
            return Err(damaged("size".into()));
        }
        let bytes = fs::read(&path).map_err(CollectionError::io(&path))?;
        if hex::encode(Sha256::digest(&bytes)) != entry.sha256 {
            return Err(damaged("checksum".into()));
        }
        Self::parse(&bytes, &manifest.parts).map_err(damaged)
    }

    fn parse(bytes: &[u8], parts: &[PartEntry]) -> Result<Self, String> {
        let removed: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        for (name, rows) in &removed.0 {
            let part = parts.iter().find(|p| p.name == *name);
            let is_there = part.is_some_and(|p| rows.iter().all(|&row| u64::from(row) < p.items));
            if !is_there || rows.is_empty() {
                return Err(format!("removals of {name:?} that are not there"));
            }
        }
        Ok(removed)
    }

    /// Writes the file of a generation and syncs it; nothing when nothing is removed.
    pub(super) fn write(&self, folder: &Path, generation: u64) -> Result<Option<FileEntry>, CollectionError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let name = removed_name(generation);
        let path = folder.join(&name);
        let write = || -> io::Result<FileEntry> {
            let bytes = serde_json::to_vec(self)?;
            let mut file = File::create(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(FileEntry {
                bytes: bytes.len() as u64,
                sha256: hex::encode(Sha256::digest(&bytes)),
                name,
            })
        };
        Ok(Some(write().map_err(CollectionError::io(&path))?))
    }

    /// The removed rows of a part.
    pub(super) fn of(&self, part: &str) -> &BTreeSet<u32> {
        static NONE: BTreeSet<u32> = BTreeSet::new();
        self.0.get(part).unwrap_or(&NONE)
    }

    pub(super) fn insert(&mut self, part: &str, row: u32) {
        self.0.entry(part.to_owned()).or_default().insert(row);
    }

    pub(super) fn take_back(&mut self, part: &str, row: u32) {
        if let Some(rows) = self.0.get_mut(part) {
            rows.remove(&row);
            if rows.is_empty() {
                self.0.remove(part);
            }
        }
    }

    /// Forgets a part that is gone.
    pub(super) fn forget(&mut self, part: &str) {
        self.0.remove(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts() -> Vec<PartEntry> {
        vec![PartEntry {
            name: "part-000001".into(),
            items: 3,
            items_crc32: 0,
            files: None,
        }]
    }

    #[test]
    fn only_rows_that_are_there_can_be_removed() {
        let parse = |text: &str| Removed::parse(text.as_bytes(), &parts());
        let two = parse(r#"{"part-000001":[0,2]}"#).expect("two");
        assert_eq!(*two.of("part-000001"), BTreeSet::from([0, 2]));
        assert!(two.of("part-000002").is_empty());
        for bad in [
            r#"{"part-000001":[3]}"#,
            r#"{"part-000002":[0]}"#,
            r#"{"part-000001":[]}"#,
            r#"{"part-000001":[-1]}"#,
            "[]",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in prop::collection::btree_set(0..5u32, 0..5)) {
            let _ = Removed::parse(&bytes, &parts());
            let text = serde_json::to_vec(&BTreeMap::from([("part-000001", &rows)])).expect("plain data");
            let fits = !rows.is_empty() && rows.iter().all(|&row| row < 3);
            prop_assert_eq!(Removed::parse(&text, &parts()).is_ok(), fits);
        }
    }
}
