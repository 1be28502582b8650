//! The works that an index holds, by name: what an `add` compares with.
//!
//! In:  the tables of works of all parts, and the removals.
//! Out: the digest of each work that is there, and the places of those that were replaced.
//!
//! Invariant: a name has one version that counts, however many were removed.
//!
//! Not here: reading the files (`part::writer`).

use std::collections::BTreeMap;

use super::CollectionError;
use super::edit::Edit;
use super::part::Part;

/// A version of a work: its part, in the order of the manifest, and its row there.
pub(super) type Version = (usize, u32);

/// A work that is there.
pub(super) struct Known {
    pub(super) sha256: String,
    /// `None` for a work of this very `add`.
    version: Option<Version>,
}

/// All works that count.
pub(super) struct KnownWorks {
    /// Whether another content under a known name takes the place of the old one.
    pub(super) may_replace: bool,
    by_name: BTreeMap<String, Known>,
    replaced: Vec<Version>,
}

impl KnownWorks {
    pub(super) fn read(edit: &Edit, may_replace: bool) -> Result<Self, CollectionError> {
        let mut by_name = BTreeMap::new();
        for (part, entry) in edit.manifest.parts.iter().enumerate() {
            let removed = edit.removed.of(&entry.name);
            for (row, item) in (0u32..).zip(Part::read_items(&edit.folder, entry)?) {
                if !removed.contains(&row) {
                    let known = Known {
                        sha256: item.sha256,
                        version: Some((part, row)),
                    };
                    by_name.insert(item.name, known);
                }
            }
        }
        Ok(Self {
            may_replace,
            by_name,
            replaced: Vec::new(),
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.by_name.get(name)
    }

    /// Notes a work that was added; whether it takes the place of an older version.
    pub(super) fn replace(&mut self, name: String, sha256: String) -> bool {
        let known = Known {
            sha256,
            version: None,
        };
        let old = self.by_name.insert(name, known).and_then(|old| old.version);
        self.replaced.extend(old);
        old.is_some()
    }

    /// The versions that were replaced.
    pub(super) fn replaced(&self) -> &[Version] {
        &self.replaced
    }
}
