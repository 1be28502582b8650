//! Side files: what was said about the media beside them, by downloaders and in tables.
//!
//! In:  NAME.info.json, gallery-dl's JSON, CSV tables; the media files that they stand beside.
//! Out: statements, each with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use quanlian_case::metadata::{self, SideFile, Statement};
use quanlian_record::time::Timestamp;
use quanlian_watch::folder::written_at;

use crate::files::Found;

/// What the side files say, and which of them say anything about which media file.
pub(crate) struct SideFiles {
    pub(crate) statements: Vec<Statement>,
    /// When each side file was last written, by its name.
    pub(super) written: BTreeMap<String, Timestamp>,
    about: BTreeMap<String, BTreeSet<String>>,
}

impl SideFiles {
    /// A table always; a file about one item when a copy was confirmed in that item.
    pub(super) fn is_used(&self, name: &str, matched: &BTreeSet<&str>) -> bool {
        metadata::is_table(Path::new(name))
            || self
                .about
                .get(name)
                .is_some_and(|media| media.iter().any(|m| matched.contains(m.as_str())))
    }
}

/// Reads side files. `problem` is told what could not be used: the file or place, a stable code, words.
pub(crate) fn read(
    side_files: &[Found],
    media: &[Found],
    problem: &mut dyn FnMut(&str, &str, &str),
) -> SideFiles {
    let names: Vec<String> = media.iter().map(|file| file.name.clone()).collect();
    let mut by_stem: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in &names {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        for key in BTreeSet::from([stem, name.as_str()]) {
            by_stem.entry(key).or_default().push(name.clone());
        }
    }
    let mut side = SideFiles {
        statements: Vec::new(),
        written: BTreeMap::new(),
        about: BTreeMap::new(),
    };
    for file in side_files {
        if metadata::is_gallery_note(&file.path) {
            continue;
        }
        let read = if metadata::is_table(&file.path) {
            metadata::read_table(&file.path, &file.name, &names)
        } else if metadata::is_gallery_dl_file(&file.path) {
            metadata::read_gallery_dl(&file.path, &file.name, &names)
        } else {
            let stem_bytes = file.name.len().saturating_sub(metadata::INFO_JSON_ENDING.len());
            let stem = file.name.get(..stem_bytes).unwrap_or_default();
            let beside = by_stem.get(stem).map_or(&[][..], Vec::as_slice);
            metadata::read_info_json(&file.path, &file.name, beside)
        };
        match read {
            Ok(SideFile {
                statements,
                problems: found,
            }) => {
                for one in found {
                    problem(&one.place, &one.code, &one.message);
                }
                if let Ok(written) = fs::metadata(&file.path).and_then(|found| written_at(&found)) {
                    side.written.insert(file.name.clone(), written);
                }
                let about = side.about.entry(file.name.clone()).or_default();
                about.extend(statements.iter().filter_map(|s| s.media.clone()));
                side.statements.extend(statements);
            }
            Err(error) => {
                let mut message = error.to_string();
                if let Some(cause) = std::error::Error::source(&error) {
                    message = format!("{message}: {cause}");
                }
                problem(&file.name, error.code(), &message);
            }
        }
    }
    side
}
