//! Folders that downloaders fill: yt-dlp, gallery-dl, or a person.
//!
//! In:  a folder.
//! Out: [`Pair`]s of a media file and what its side files say, and what could not be read.
//!
//! Invariant: a file that is still being written is left for the next look; links are not followed.
//!
//! Not here: reading the media (`quanlian-match`).

use std::{
    collections::BTreeMap,
    fs::Metadata,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use quanlian_case::metadata::{self, INFO_JSON_ENDING, SideFile, Statement};
use quanlian_record::time::Timestamp;
use walkdir::WalkDir;

/// The most files that one folder may hold.
pub const MAX_FILES: usize = 2_000_000;
/// A file written to within this time is left for the next look.
pub const SETTLE: Duration = Duration::from_secs(2);
/// Endings of files that downloaders have not finished.
const UNFINISHED: [&str; 6] = ["part", "ytdl", "tmp", "temp", "crdownload", "download"];

/// A media file and what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Its name relative to the folder, parted by `/`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// What side files say about it, each with the time at which that side file was last written.
    pub said: Vec<(Statement, Timestamp)>,
}

/// What a folder holds now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// The media files, by name.
    pub pairs: Vec<Pair>,
    /// Statements about a publication whose file is not there: name of the side file, statement, time.
    pub without_file: Vec<(String, Statement, Timestamp)>,
    /// What could not be used: the file, a stable word, why.
    pub problems: Vec<(String, String, String)>,
    /// Files left for the next look.
    pub unfinished: usize,
}

struct File {
    path: PathBuf,
    size_bytes: u64,
    modified: Timestamp,
}

/// Looks at a folder. `now` is the clock by which files settle.
pub fn look(folder: &Path, now: Timestamp) -> std::io::Result<Content> {
    std::fs::read_dir(folder)?;
    let mut content = Content::default();
    let (mut media, mut side): (BTreeMap<String, File>, BTreeMap<String, File>) = Default::default();
    for entry in WalkDir::new(folder)
        .follow_links(false)
        .follow_root_links(true)
        .sort_by_file_name()
    {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                content
                    .problems
                    .push((path, "unreadable".into(), error.to_string()));
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let looked = entry.metadata().map_err(std::io::Error::from);
        let looked = looked.and_then(|found| Ok((found.len(), written_at(&found)?)));
        let (size_bytes, modified) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                let path = entry.path().display().to_string();
                content
                    .problems
                    .push((path, "unreadable".into(), error.to_string()));
                continue;
            }
        };
        // A file whose time lies ahead of the clock is not being written for that.
        let age_us = now.unix_micros() - modified.unix_micros();
        let is_settling = (0..SETTLE.as_micros() as i64).contains(&age_us);
        let has_unfinished_name = entry
            .path()
            .extension()
            .is_some_and(|ending| UNFINISHED.iter().any(|u| ending.eq_ignore_ascii_case(u)));
        if is_settling || has_unfinished_name {
            content.unfinished += 1;
            continue;
        }
        if media.len() + side.len() >= MAX_FILES {
            let why = format!("more than {MAX_FILES} files; watch smaller folders");
            content
                .problems
                .push((folder.display().to_string(), "folder_full".into(), why));
            break;
        }
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let parts: Vec<_> = below
            .components()
            .map(|c| c.as_os_str().to_string_lossy())
            .collect();
        let file = File {
            path: entry.path().to_owned(),
            size_bytes,
            modified,
        };
        let to = if metadata::is_side_file(entry.path()) {
            &mut side
        } else {
            &mut media
        };
        to.insert(parts.join("/"), file);
    }
    pair(&mut content, media, &side);
    Ok(content)
}

/// When a file was last written, as its file system says; a time before 1970 is taken as 1970.
pub fn written_at(found: &Metadata) -> std::io::Result<Timestamp> {
    let since = found
        .modified()?
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_unix_micros(micros).map_err(std::io::Error::other)
}

fn pair(content: &mut Content, media: BTreeMap<String, File>, side: &BTreeMap<String, File>) {
    let names: Vec<String> = media.keys().cloned().collect();
    let mut by_stem: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in &names {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        by_stem.entry(stem).or_default().push(name.clone());
    }
    let mut said: BTreeMap<String, Vec<(Statement, Timestamp)>> = BTreeMap::new();
    for (name, file) in side {
        if metadata::is_gallery_note(&file.path) {
            continue;
        }
        let read = if metadata::is_table(&file.path) {
            metadata::read_table(&file.path, name, &names)
        } else if let Some(stem) = name.strip_suffix(INFO_JSON_ENDING) {
            metadata::read_info_json(&file.path, name, by_stem.get(stem).map_or(&[], Vec::as_slice))
        } else {
            metadata::read_gallery_dl(&file.path, name, &names)
        };
        match read {
            Ok(SideFile { statements, problems }) => {
                // That no media file lies beside it is no fault here: the publication may be gone or still coming.
                let faults = problems
                    .into_iter()
                    .filter(|problem| problem.code != "no_media_beside");
                content
                    .problems
                    .extend(faults.map(|p| (p.place, p.code, p.message)));
                for statement in statements {
                    match statement.media.clone() {
                        Some(media) => said.entry(media).or_default().push((statement, file.modified)),
                        None if statement.is_about_an_item() => {
                            content
                                .without_file
                                .push((name.clone(), statement, file.modified));
                        }
                        None => {}
                    }
                }
            }
            Err(error) => {
                content
                    .problems
                    .push((name.clone(), error.code().to_owned(), error.to_string()));
            }
        }
    }
    content.pairs = media
        .into_iter()
        .map(|(name, file)| Pair {
            said: said.remove(&name).unwrap_or_default(),
            name,
            path: file.path,
            size_bytes: file.size_bytes,
            modified: file.modified,
        })
        .collect();
}
