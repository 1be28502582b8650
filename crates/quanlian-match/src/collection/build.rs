//! Adding works: from a folder to further parts, named in the manifest at last.
//!
//! In:  an index that nobody else changes meanwhile, and a folder of works.
//! Out: the same index with the works that are new, and what became of each file.
//!
//! Invariant: until the manifest is replaced the index is as it was, however the work ends.
//!
//! Not here: writing a part (`part::writer`), which works are there already (`known`).

use std::fs;
use std::path::Path;

use super::edit::Edit;
use super::known::KnownWorks;
use super::part::writer::PartWriter;
use super::{CollectionError, Exclude, MAX_ITEMS_PER_PART, MergeOptions, MergeReport, Note, Progress, Stop};
use super::{merge, walk};

/// How works are added.
#[derive(Clone, Copy)]
pub struct BuildOptions<'a> {
    /// Files for which this says true are passed over in silence.
    pub exclude: Exclude<'a>,
    /// Called after each file.
    pub progress: Progress<'a>,
    /// Asked after each file; when it says yes, the index stays as it was.
    pub stop: Stop<'a>,
    /// Whether another content under a known name takes the place of the old one, instead of being passed over.
    pub replace: bool,
    /// How parts are merged when there are too many; never when absent.
    pub merge: Option<MergeOptions<'a>>,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            exclude: &|_| false,
            progress: &|_, _| {},
            stop: &|| false,
            replace: false,
            merge: Some(MergeOptions::default()),
        }
    }
}

/// What a `build` or an `add` did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BuildReport {
    /// Works added.
    pub added: u64,
    /// Works that took the place of another content under the same name.
    pub replaced: u64,
    /// Works that were there already, with the same content under the same name.
    pub unchanged: u64,
    /// Files that were not added or only with a remark, each with the reason.
    pub notes: Vec<Note>,
    /// What was merged afterwards, because there were too many parts.
    pub merge: Option<MergeReport>,
}

/// Writes the works that are new into further parts and names those in the manifest.
pub(super) fn append(
    mut edit: Edit,
    works: &Path,
    options: &BuildOptions<'_>,
) -> Result<BuildReport, CollectionError> {
    let mut known = KnownWorks::read(&edit, options.replace)?;
    let walk = walk::walk(works, options.exclude).map_err(CollectionError::io(works))?;
    let mut report = BuildReport {
        added: 0,
        replaced: 0,
        unchanged: 0,
        notes: walk.notes,
        merge: None,
    };
    let total = walk.files.len() as u64;
    let mut done = 0;
    let mut has_new = false;
    for files in walk.files.chunks(MAX_ITEMS_PER_PART) {
        let name = edit.manifest.take_part_name();
        let path = edit.folder.join(&name);
        fs::create_dir(&path).map_err(CollectionError::io(&path))?;
        let mut writer = PartWriter::create(&path).map_err(CollectionError::part(&name))?;
        let step = |n| {
            (options.progress)(done + n, total);
            !(options.stop)()
        };
        let added = writer.add_all(files, &mut known, &mut report, &step);
        if added.is_err() {
            // Only to be tidy: the next edit would clear it away as well.
            let _ = fs::remove_dir_all(&path);
        }
        added.map_err(CollectionError::part(&name))?;
        done += files.len() as u64;
        if writer.is_empty() {
            drop(writer);
            fs::remove_dir_all(&path).map_err(CollectionError::io(&path))?;
            continue;
        }
        let entry = writer.finish(&name).map_err(CollectionError::part(&name))?;
        edit.manifest.parts.push(entry);
        has_new = true;
    }
    if edit.manifest.parts.is_empty() && edit.manifest.generation == 0 {
        return Err(CollectionError::NothingToIndex {
            path: works.to_owned(),
            skipped: report.notes.len(),
        });
    }
    for &version in known.replaced() {
        edit.remove(version);
    }
    if has_new {
        edit.commit()?;
        report.merge = options
            .merge
            .and_then(|merge| tidy(&mut edit, &merge, &mut report.notes));
    }
    Ok(report)
}

/// Merges what there is too much of. The works are added by then, so that a failure is no more than a remark.
fn tidy(edit: &mut Edit, options: &MergeOptions<'_>, notes: &mut Vec<Note>) -> Option<MergeReport> {
    match merge::tidy(edit, options) {
        Ok(report) => (report.merged > 0).then_some(report),
        Err(e) => {
            notes.push(Note::from_error(&edit.folder, e.code(), &e));
            None
        }
    }
}
