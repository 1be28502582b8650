//! The grams of a tree, for a comparison that does not need both originals in one hand.
//!
//! In:  a file or a folder with texts and source code.
//! Out: a [`GramSet`], and remarks on what was not read.
//!
//! Invariants: memory is bounded by [`MAX_PLACES`]; a tree that is larger is refused, not cut short; the same tree gives the
//! same set, whoever reads it.
//!
//! Archives stay shut: what is inside them has to be unpacked before it is sealed.
//!
//! Not here: comparing (`blind`), sealing (`quanlian-sealed`).

use std::path::Path;

use super::input::Input;
use super::opened::Opened;
use super::sniff::Content;
use super::walk::{self, Found};
use super::{Exclude, Note, Progress, Stop, note};
use crate::Medium;
use crate::blind::{BITS_SCALE, GramFile, GramKind, GramSet, Occurrence};
use crate::code::{self, CodeGram};
use crate::text::{self, TextError};

/// Tokens and letters of one tree: about two grams at each of them fill some 128 bytes of memory and up to 256 of a sealed file.
pub const MAX_PLACES: u64 = 16 << 20;

/// Why the grams of a tree cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum GramsError {
    /// The file or folder cannot be read.
    #[error("cannot read the file or folder")]
    Unreadable(#[source] std::io::Error),
    /// More than a set may hold.
    #[error("the tree has more than {limit} tokens and letters; take its parts one by one")]
    TooLarge { limit: u64 },
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

impl GramsError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "grams_unreadable",
            Self::TooLarge { .. } => "grams_too_large",
            Self::Stopped => "grams_stopped",
        }
    }
}

/// What was read of one file.
enum Read {
    Code(code::Grams),
    Text(text::Grams),
}

/// Reads all texts and source code below `root`.
pub fn grams_of(
    root: &Path,
    exclude: Exclude<'_>,
    progress: Progress<'_>,
    stop: Stop<'_>,
) -> Result<(GramSet, Vec<Note>), GramsError> {
    let walk = walk::walk(root, exclude)
        .map_err(GramsError::Unreadable)?
        .without_histories();
    let mut notes = walk.notes;
    let mut set = GramSet::default();
    let mut sources: Vec<(u32, code::Grams)> = Vec::new();
    let mut texts: Vec<(u32, text::Grams)> = Vec::new();
    let total = walk.files.len() as u64;
    for (done, found) in (0u64..).zip(&walk.files) {
        if stop() {
            return Err(GramsError::Stopped);
        }
        progress(done, total);
        let (read, sha256) = match read(found, &mut notes) {
            Ok(Some(read)) => read,
            Ok(None) => continue,
            Err(e) => {
                notes.push(Note::from_error(&found.relative, e.code(), &e));
                continue;
            }
        };
        let number = set.files.len() as u32;
        let (medium, places) = match &read {
            Read::Code(grams) => (Medium::Code, grams.places()),
            Read::Text(grams) => (Medium::Text, grams.places()),
        };
        set.files.push(GramFile {
            name: found.relative.to_string_lossy().into_owned(),
            sha256,
            medium,
            places,
        });
        if set.places() > MAX_PLACES {
            return Err(GramsError::TooLarge { limit: MAX_PLACES });
        }
        match read {
            Read::Code(grams) => sources.push((number, grams)),
            Read::Text(grams) => texts.push((number, grams)),
        }
    }
    let background = code::background_of(sources.iter().map(|(_, grams)| grams));
    for (number, grams) in &sources {
        grams.for_each(
            &background,
            |CodeGram {
                 kind,
                 key,
                 place,
                 width,
                 bits,
                 lines,
             }| {
                let occurrence = Occurrence {
                    kind,
                    file: *number,
                    place,
                    width,
                    bits: scaled(bits),
                    span: lines,
                };
                set.push(of_medium(Medium::Code, key), occurrence);
            },
        );
    }
    for (number, grams) in &texts {
        for gram in &grams.grams {
            let occurrence = Occurrence {
                kind: GramKind::Structure,
                file: *number,
                place: gram.place,
                width: gram.width,
                bits: scaled(text::GRAM_BITS),
                span: gram.characters,
            };
            set.push(of_medium(Medium::Text, gram.key), occurrence);
        }
    }
    set.finish();
    progress(total, total);
    Ok((set, notes))
}

/// Text and code never meet in one key.
fn of_medium(medium: Medium, key: u64) -> u64 {
    key << 8 | medium as u64
}

fn scaled(bits: f32) -> u16 {
    (bits * BITS_SCALE).clamp(0.0, f32::from(u16::MAX)) as u16
}

fn read(found: &Found, notes: &mut Vec<Note>) -> Result<Option<(Read, String)>, TextError> {
    let opened = Opened::open(&Input::file(&found.path))?;
    match opened.content {
        Content::Known(Medium::Text) => {
            let mut reader = opened.into_text()?;
            let (grams, decoded) = text::Grams::read(&mut reader)?;
            notes.extend(note::of_text(&found.relative, &decoded));
            let (_, sha256) = reader.finish();
            Ok(Some((Read::Text(grams), sha256)))
        }
        Content::Known(Medium::Code) => {
            let Some(language) = opened.language else {
                return Ok(None);
            };
            let mut reader = opened.into_digesting_reader();
            let (grams, of_code) = code::Grams::read(&mut reader, language)?;
            notes.extend(of_code.iter().map(|n| note::of_code(&found.relative, *n)));
            let (_, sha256) = reader.finish();
            Ok(Some((Read::Code(grams), sha256)))
        }
        Content::Empty => Ok(None),
        _ => {
            let message = "neither text nor source code: left out of the grams";
            notes.push(Note::new(&found.relative, "grams_other_medium", message));
            Ok(None)
        }
    }
}
