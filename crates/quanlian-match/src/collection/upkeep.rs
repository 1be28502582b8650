//! Upkeep: works taken out of an index, and put back.
//!
//! In:  names of works.
//! Out: the index one generation later, and what became of each name.
//!
//! A removed work matches nothing and is counted nowhere from the next look at the index on. Its bytes stay in its part
//! until that is merged; until then it can be restored.
//!
//! Not here: adding and replacing (`collection`), merging (`merge`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::edit::Edit;
use super::known::Version;
use super::part::Part;
use super::{Collection, CollectionError};

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoveReport {
    /// Works that were removed.
    pub removed: u64,
    /// Names that are not in the index, or were removed before.
    pub unknown: Vec<String>,
    /// State of the index.
    pub generation: u64,
}

/// What a restoration did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// Works that are back.
    pub restored: u64,
    /// Of these, works that took the place of a later version, which can be restored in turn.
    pub swapped: u64,
    /// Names that are in the index and have no other version.
    pub present: Vec<String>,
    /// Names of which there is nothing, or nothing any more since a merge.
    pub unknown: Vec<String>,
    /// State of the index.
    pub generation: u64,
}

/// All versions of one work, in the order of their adding.
#[derive(Default)]
struct Versions {
    counting: Option<Version>,
    removed: BTreeSet<Version>,
}

impl Versions {
    /// The version that a restoration brings back: the one before that which counts, else the last.
    fn to_restore(&self) -> Option<Version> {
        let before = self
            .counting
            .and_then(|version| self.removed.range(..version).next_back());
        before.or(self.removed.last()).copied()
    }
}

impl Collection {
    /// Takes works out of an index by their names, all at once.
    pub fn remove(folder: &Path, names: &[String]) -> Result<RemoveReport, CollectionError> {
        let mut edit = Edit::begin(folder)?;
        let mut report = RemoveReport {
            removed: 0,
            unknown: Vec::new(),
            generation: 0,
        };
        for (name, versions) in versions(&edit, names)? {
            match versions.counting {
                Some(version) => {
                    edit.remove(version);
                    report.removed += 1;
                }
                None => report.unknown.push(name.to_owned()),
            }
        }
        if report.removed > 0 {
            edit.commit()?;
        }
        report.generation = edit.manifest.generation;
        Ok(report)
    }

    /// Puts removed works back, as long as no merge has dropped them.
    ///
    /// Of a work that was replaced, the version before comes back and the later one is removed; so to restore it twice
    /// changes nothing.
    pub fn restore(folder: &Path, names: &[String]) -> Result<RestoreReport, CollectionError> {
        let mut edit = Edit::begin(folder)?;
        let mut report = RestoreReport {
            restored: 0,
            swapped: 0,
            present: Vec::new(),
            unknown: Vec::new(),
            generation: 0,
        };
        for (name, versions) in versions(&edit, names)? {
            match (versions.to_restore(), versions.counting) {
                (Some(version), counting) => {
                    let name = &edit.manifest.parts[version.0].name;
                    edit.removed.take_back(name, version.1);
                    if let Some(later) = counting {
                        edit.remove(later);
                        report.swapped += 1;
                    }
                    report.restored += 1;
                }
                (None, Some(_)) => report.present.push(name.to_owned()),
                (None, None) => report.unknown.push(name.to_owned()),
            }
        }
        if report.restored > 0 {
            edit.commit()?;
        }
        report.generation = edit.manifest.generation;
        Ok(report)
    }
}

/// All versions of the works of these names, also of those that are not there.
fn versions<'a>(edit: &Edit, names: &'a [String]) -> Result<BTreeMap<&'a str, Versions>, CollectionError> {
    let mut versions: BTreeMap<&str, Versions> =
        names.iter().map(|name| (&**name, Versions::default())).collect();
    for (part, entry) in edit.manifest.parts.iter().enumerate() {
        let removed = edit.removed.of(&entry.name);
        for (row, item) in (0u32..).zip(Part::read_items(&edit.folder, entry)?) {
            if let Some(versions) = versions.get_mut(&*item.name) {
                if removed.contains(&row) {
                    versions.removed.insert((part, row));
                } else {
                    versions.counting = Some((part, row));
                }
            }
        }
    }
    Ok(versions)
}
