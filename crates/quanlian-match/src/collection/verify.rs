//! Verifying: every byte of every file of an index against its checksums.
//!
//! In:  the folder of an index.
//! Out: what is damaged, by part, file and work.
//!
//! Two ways, since each sees what the other does not: the digest of each whole file in the manifest leaves no byte out;
//! the checksums inside the files (pages of postings, blocks of text, constellations, records) tell which works are hit.
//! A part that was made before its files were listed has the second alone, and the report says so.
//!
//! Invariants: what is damaged ends the look at nothing but itself; a part that was not looked at is not called good.
//!
//! Not here: mending. A damaged part is fetched from a snapshot, or its works are added anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::code;
use super::edit::{self, keep_in_use};
use super::input::digest;
use super::manifest::{FileEntry, Manifest, PartEntry};
use super::part::{ItemContent, Part};
use super::removed::Removed;
use super::{Collection, CollectionError, Progress, Stop};
use crate::segment::SegmentError;

/// Names of damaged works that are told of one part; `works_hit` counts all.
const MAX_NAMED_WORKS: usize = 1000;

/// How an index is verified.
#[derive(Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// Hears how many of how many bytes are done.
    pub progress: Progress<'a>,
    /// Asked after each file; when it says yes, the work ends without a report.
    pub stop: Stop<'a>,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        Self {
            progress: &|_, _| {},
            stop: &|| false,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether nothing is damaged.
    pub sound: bool,
    /// State of the index.
    pub generation: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is damaged outside of the parts.
    pub damage: Vec<Damage>,
    /// The parts, in order.
    pub parts: Vec<PartReport>,
    /// Names in the folder that no manifest names: left by a run that died or goes on, or in use by a snapshot. The next
    /// change of the index clears them away.
    pub leftovers: Vec<String>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartReport {
    /// Its folder.
    pub name: String,
    /// Whether nothing in it is damaged.
    pub sound: bool,
    /// Whether each file was compared with its digest; without that, stretches that belong to no work are unchecked.
    pub digests: bool,
    /// Works in it, removed ones among them.
    pub works: u64,
    /// Works whose own bytes are damaged.
    pub works_hit: u64,
    /// What is damaged.
    pub damage: Vec<Damage>,
}

/// One thing that is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file, from the folder of the index on.
    pub file: String,
    /// A stable name for programs.
    pub code: String,
    /// What is wrong with it.
    pub message: String,
    /// The works whose bytes are damaged, when it is known; the first thousand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub works: Vec<String>,
}

impl Damage {
    fn new(file: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            code: code.to_owned(),
            message: message.into(),
            works: Vec::new(),
        }
    }
}

impl Collection {
    /// Compares every byte of an index with its checksums.
    ///
    /// Fails when there is no index, when its manifest cannot be read, or when it was stopped; all other damage stands in
    /// the report. Works while others ask and change the index, and sees one state of it.
    pub fn verify(folder: &Path, options: &VerifyOptions<'_>) -> Result<VerifyReport, CollectionError> {
        Manifest::read(folder)?;
        // An index on a medium that cannot be written to is changed by nobody.
        let _in_use = keep_in_use(folder).ok();
        let manifest = Manifest::read(folder)?;
        let mut meter = Meter {
            options: *options,
            done: 0,
            total: total_bytes(folder, &manifest),
        };
        let mut damage = Vec::new();
        if let Err(e) = Removed::read(folder, &manifest) {
            let file = manifest.removed.as_ref().map_or("", |f| &f.name);
            damage.push(Damage::new(file, "index_removals", with_causes(&e)));
        }
        let mut parts = Vec::with_capacity(manifest.parts.len());
        for entry in &manifest.parts {
            parts.push(verify_part(folder, entry, &mut meter)?);
        }
        Ok(VerifyReport {
            sound: damage.is_empty() && parts.iter().all(|part| part.sound),
            generation: manifest.generation,
            bytes: meter.done,
            damage,
            parts,
            leftovers: leftovers(folder, &manifest)?,
        })
    }
}

/// Counts what was read.
struct Meter<'a> {
    options: VerifyOptions<'a>,
    done: u64,
    total: u64,
}

impl Meter<'_> {
    fn step(&mut self, bytes: u64) -> Result<(), CollectionError> {
        self.done += bytes;
        (self.options.progress)(self.done, self.total.max(self.done));
        if (self.options.stop)() {
            return Err(CollectionError::Stopped);
        }
        Ok(())
    }
}

fn verify_part(
    folder: &Path,
    entry: &PartEntry,
    meter: &mut Meter<'_>,
) -> Result<PartReport, CollectionError> {
    let mut damage = Vec::new();
    for file in entry.files.iter().flatten() {
        let name = format!("{}/{}", entry.name, file.name);
        damage.extend(verify_file(folder, &name, file));
        meter.step(file.bytes)?;
    }
    let mut hit = BTreeSet::new();
    // Removed works are looked at as well: they can be restored.
    match Part::open(folder, entry, &BTreeSet::new()) {
        Ok(part) => {
            for (file, error, works) in part.verify() {
                hit.extend(works.iter().cloned());
                let mut told = Damage::new(
                    format!("{}/{file}", entry.name),
                    error.code(),
                    with_causes(&error),
                );
                told.works = works.into_iter().take(MAX_NAMED_WORKS).collect();
                damage.push(told);
            }
        }
        Err(e) => damage.push(Damage::new(entry.name.clone(), e.code(), with_causes(&e))),
    }
    if entry.files.is_none() {
        meter.step(folder_bytes(&folder.join(&entry.name)))?;
    }
    Ok(PartReport {
        name: entry.name.clone(),
        sound: damage.is_empty(),
        digests: entry.files.is_some(),
        works: entry.items,
        works_hit: hit.len() as u64,
        damage,
    })
}

/// Compares a whole file with its length and digest.
fn verify_file(folder: &Path, name: &str, file: &FileEntry) -> Option<Damage> {
    let damage = |code, message: String| Some(Damage::new(name, code, message));
    match digest(&folder.join(name)) {
        Err(e) => damage("index_file_unreadable", e.to_string()),
        Ok((bytes, _)) if bytes != file.bytes => damage(
            "index_file_length",
            format!("{bytes} bytes instead of {}", file.bytes),
        ),
        Ok((_, sha256)) if sha256 != file.sha256 => {
            damage("index_file_digest", "other bytes than were written".into())
        }
        Ok(_) => None,
    }
}

fn total_bytes(folder: &Path, manifest: &Manifest) -> u64 {
    let of_part = |entry: &PartEntry| match &entry.files {
        Some(files) => files.iter().map(|file| file.bytes).sum(),
        None => folder_bytes(&folder.join(&entry.name)),
    };
    manifest.parts.iter().map(of_part).sum()
}

/// Bytes of the files in a folder, as far as they can be told.
fn folder_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn leftovers(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, CollectionError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(CollectionError::io(folder))? {
        let entry = entry.map_err(CollectionError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_named = manifest.parts.iter().any(|p| p.name == name)
            || manifest.removed.as_ref().is_some_and(|f| f.name == name);
        if edit::is_ours(&name) && !is_named {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// An error with the chain of its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    message
}

/// A damaged file of a part, and the works whose bytes in it are damaged.
type DamagedFile = (&'static str, SegmentError, Vec<String>);

impl Part {
    /// Compares all pages, blocks, constellations and records with their checksums.
    fn verify(&self) -> Vec<DamagedFile> {
        let mut damaged = Vec::new();
        let mut postings = |file, result: Result<(), SegmentError>| {
            if let Err(e) = result {
                damaged.push((file, e, Vec::new()));
            }
        };
        if let Some(store) = self.text_store() {
            postings("text.postings", store.segment.verify());
        }
        postings("audio.postings", self.sound_store().segment.verify());
        if let Some(store) = self.picture_store() {
            postings("image.postings", store.segment.verify());
        }
        if let Some(store) = self.source_store() {
            postings("code.postings", store.segment.verify());
        }
        if let Some(store) = self.film_store() {
            postings("video.postings", store.segment.verify());
        }
        let (mut texts, mut sounds, mut pictures, mut films) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut sources = Vec::new();
        for item in self.items() {
            if let Some((_, sound)) = item.content.sound()
                && !self.sound_store().is_whole(sound)
            {
                sounds.push(item.name.clone());
            }
            let (is_whole, hit) = match &item.content {
                ItemContent::Text { text, .. } => {
                    let store = self.text_store();
                    (store.is_some_and(|s| s.verify(text).is_ok()), &mut texts)
                }
                ItemContent::Audio { .. } => continue,
                ItemContent::Code { source, .. } => {
                    let store = self.source_store();
                    (store.is_some_and(|s| code::is_whole(s, source)), &mut sources)
                }
                ItemContent::Video { film, .. } => {
                    let store = self.film_store();
                    (store.is_some_and(|s| s.is_whole(film)), &mut films)
                }
                ItemContent::Image { picture, .. } => {
                    let store = self.picture_store();
                    (store.is_some_and(|s| s.record(picture).is_some()), &mut pictures)
                }
            };
            if !is_whole {
                hit.push(item.name.clone());
            }
        }
        for (file, what, works) in [
            ("text.blocks", "stored text", texts),
            ("audio.constellations", "constellations", sounds),
            ("image.records", "records of pictures", pictures),
            ("video.records", "records of films", films),
            ("code.records", "records of code", sources),
        ] {
            if !works.is_empty() {
                damaged.push((file, SegmentError::Damaged { what }, works));
            }
        }
        damaged
    }
}
