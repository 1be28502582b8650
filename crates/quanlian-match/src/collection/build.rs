//! Adding works: from a folder to further parts, named in the manifest at last.
//!
//! In:  an index that nobody else changes meanwhile, and a folder of works.
//! Out: the same index with the works that are new, and what became of each file.
//!
//! Invariant: until the manifest is replaced the index is as it was, however the work ends.
//!
//! Not here: writing a part (`part::writer`), which works are there already (`known`).

use std::fs;
use std::path::{Path, PathBuf};

use super::archive::Flow;
use super::edit::Edit;
use super::input::{Input, MAX_HELD_BYTES};
use super::known::KnownWorks;
use super::part::writer::{FILES_AT_ONCE, PartWriter};
use super::source::{Source, Sources};
use super::{CollectionError, Exclude, MAX_ITEMS_PER_PART, MergeOptions, MergeReport, Note, Progress, Stop};
use super::{merge, walk};

/// How works are added.
#[derive(Clone, Copy)]
pub struct BuildOptions<'a> {
    /// Whether archives are opened, so that their members are works by themselves.
    pub archives: bool,
    /// Whether the histories of repositories are read, so that whatever they ever held is a work by itself.
    pub history: bool,
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
            archives: false,
            history: false,
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
    let mut walk = walk::walk(works, options.exclude).map_err(CollectionError::io(works))?;
    if !options.history {
        walk = walk.without_histories();
    }
    let mut report = BuildReport {
        added: 0,
        replaced: 0,
        unchanged: 0,
        notes: walk.notes,
        merge: None,
    };
    let total = walk.files.len() as u64;
    let mut adding = Adding {
        edit: &mut edit,
        known: &mut known,
        report: &mut report,
        options,
        waiting: Vec::new(),
        held_bytes: 0,
        part: None,
        done: 0,
        total,
        has_new: false,
    };
    let sources = Sources {
        archives: options.archives,
        history: options.history,
        exclude: options.exclude,
    };
    let (mut notes, mut failed) = (Vec::new(), None);
    sources.each(
        &walk.files,
        &walk.stores,
        &mut notes,
        &mut |source| match adding.add(source) {
            Ok(()) => Flow::Continue,
            Err(e) => {
                failed = Some(e);
                Flow::Stop
            }
        },
    );
    adding.report.notes.append(&mut notes);
    if let Some(e) = failed {
        return Err(e);
    }
    adding.work_off()?;
    adding.finish_part()?;
    let has_new = adding.has_new;
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

/// Works on their way into parts.
struct Adding<'a> {
    edit: &'a mut Edit,
    known: &'a mut KnownWorks,
    report: &'a mut BuildReport,
    options: &'a BuildOptions<'a>,
    /// Works that are added at once.
    waiting: Vec<Input>,
    /// Bytes that these hold.
    held_bytes: u64,
    part: Option<OpenPart>,
    /// Files and members that are done, and all that are known of.
    done: u64,
    total: u64,
    has_new: bool,
}

/// A part that is being written.
struct OpenPart {
    name: String,
    path: PathBuf,
    writer: PartWriter,
    /// Works that were given to it.
    inputs: usize,
}

impl Adding<'_> {
    fn add(&mut self, source: Source) -> Result<(), CollectionError> {
        match source {
            Source::File(input) => self.take(input),
            Source::Member(input) => {
                self.total += 1;
                self.take(input)
            }
            Source::Opened => {
                self.done += 1;
                Ok(())
            }
        }
    }

    fn take(&mut self, input: Input) -> Result<(), CollectionError> {
        self.held_bytes += input.body.held_bytes();
        self.waiting.push(input);
        if self.waiting.len() >= FILES_AT_ONCE || self.held_bytes >= MAX_HELD_BYTES {
            self.work_off()?;
        }
        Ok(())
    }

    /// Writes what waits into the open part.
    fn work_off(&mut self) -> Result<(), CollectionError> {
        let inputs = std::mem::take(&mut self.waiting);
        self.held_bytes = 0;
        if inputs.is_empty() {
            return Ok(());
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => OpenPart::create(self.edit)?,
        };
        let (done, total) = (self.done, self.total);
        let step = |n| {
            (self.options.progress)(done + n, total);
            !(self.options.stop)()
        };
        let added = part.writer.add_all(&inputs, self.known, self.report, &step);
        if added.is_err() {
            // Only to be tidy: the next edit would clear it away as well.
            let _ = fs::remove_dir_all(&part.path);
        }
        added.map_err(CollectionError::part(&part.name))?;
        self.done += inputs.len() as u64;
        part.inputs += inputs.len();
        let is_full = part.inputs + FILES_AT_ONCE > MAX_ITEMS_PER_PART;
        self.part = Some(part);
        if is_full { self.finish_part() } else { Ok(()) }
    }

    fn finish_part(&mut self) -> Result<(), CollectionError> {
        let Some(part) = self.part.take() else {
            return Ok(());
        };
        if part.writer.is_empty() {
            drop(part.writer);
            return fs::remove_dir_all(&part.path).map_err(CollectionError::io(&part.path));
        }
        let entry = part
            .writer
            .finish(&part.name)
            .map_err(CollectionError::part(&part.name))?;
        self.edit.manifest.parts.push(entry);
        self.has_new = true;
        Ok(())
    }
}

impl OpenPart {
    fn create(edit: &mut Edit) -> Result<Self, CollectionError> {
        let name = edit.manifest.take_part_name();
        let path = edit.folder.join(&name);
        fs::create_dir(&path).map_err(CollectionError::io(&path))?;
        let writer = PartWriter::create(&path).map_err(CollectionError::part(&name))?;
        Ok(Self {
            name,
            path,
            writer,
            inputs: 0,
        })
    }
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
