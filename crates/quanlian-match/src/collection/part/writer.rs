//! Writing a part: works into the table of works and the files of their media.
//!
//! In:  files of works.
//! Out: a folder that is complete and synced, and what the manifest says of it.
//!
//! Invariant: numbers are given, and everything but the slow look at sound, pictures and films is done, in the order of the
//! files, so that the same files give the same bytes on any number of threads.
//!
//! Not here: which files (`walk`), the manifest.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{FilmSound, ITEMS_FILE, Item, ItemContent};
use crate::Medium;
use crate::audio::{self, AudioError, AudioItem};
use crate::code::{self, Language, Source};
use crate::collection::axis::StoreWriter;
use crate::collection::code::SourceStoreWriter;
use crate::collection::film::FilmStore;
use crate::collection::input::{Input, OnDisk, digest};
use crate::collection::known::KnownWorks;
use crate::collection::manifest::{FileEntry, PartEntry};
use crate::collection::opened::Opened;
use crate::collection::picture::{PictureError, PictureStoreWriter};
use crate::collection::sniff::Content;
use crate::collection::sound::SoundStore;
use crate::collection::{BuildReport, Note, note};
use crate::image::ImageItem;
use crate::segment::SegmentError;
use crate::text::store::{AddError, TextStoreWriter};
use crate::video::{self, FilmTrack, Tools, VideoItem};

/// Files looked at before the next ones: bounds open files and what waits in memory.
pub(in crate::collection) const FILES_AT_ONCE: usize = 32;

/// Writes a part.
pub(in crate::collection) struct PartWriter {
    items: ItemsWriter,
    text: TextStoreWriter,
    next_text: u32,
    sound: StoreWriter<SoundStore>,
    next_sound: u32,
    picture: PictureStoreWriter,
    next_picture: u32,
    film: StoreWriter<FilmStore>,
    next_film: u32,
    source: SourceStoreWriter,
    next_source: u32,
}

/// What became of one file before anything is written about it.
enum Prepared {
    Unchanged,
    Skipped(Note),
    Text(Opened),
    Sound(Fingerprinted<AudioItem>),
    Picture(Fingerprinted<ImageItem>),
    Film(Fingerprinted<FilmWork>),
    Code(Language, Fingerprinted<Source>),
}

/// A film, with its sound and the number of that.
struct FilmWork {
    film: VideoItem,
    sound: Option<(u32, AudioItem)>,
}

/// What the slow part of a file brought.
struct Fingerprinted<T> {
    number: u32,
    item: T,
    bytes: u64,
    sha256: String,
    remark: Option<Note>,
}

impl<T> Fingerprinted<T> {
    fn into_item(self, name: String, content: ItemContent) -> Item {
        Item {
            name,
            bytes: self.bytes,
            sha256: self.sha256,
            content,
            origin: None,
        }
    }
}

/// The first look at a file.
enum Look {
    Done(Prepared),
    Sound {
        number: u32,
        remark: Option<Note>,
    },
    Picture {
        number: u32,
        remark: Option<Note>,
    },
    Code {
        number: u32,
        language: Language,
        opened: Opened,
    },
    Film {
        number: u32,
        sound_number: u32,
        track: FilmTrack,
        remark: Option<Note>,
    },
}

impl PartWriter {
    pub(in crate::collection) fn create(folder: &Path) -> Result<Self, SegmentError> {
        Ok(Self {
            items: ItemsWriter::create(folder)?,
            text: TextStoreWriter::create(folder)?,
            next_text: 0,
            sound: StoreWriter::create(folder)?,
            next_sound: 0,
            picture: PictureStoreWriter::create(folder)?,
            next_picture: 0,
            film: StoreWriter::create(folder)?,
            next_film: 0,
            source: SourceStoreWriter::create(folder)?,
            next_source: 0,
        })
    }

    pub(in crate::collection) fn is_empty(&self) -> bool {
        self.items.count == 0
    }

    /// Adds what can be added and remarks on the rest; fails only when the index cannot
    /// be written, or when `progress` says no.
    ///
    /// Sound, pictures and films, slow to decode, are fingerprinted by several threads; numbers are
    /// given and everything else is written in the order of the files.
    pub(in crate::collection) fn add_all(
        &mut self,
        files: &[Input],
        known: &mut KnownWorks,
        report: &mut BuildReport,
        progress: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<(), SegmentError> {
        let done = AtomicU64::new(0);
        let step = || {
            if progress(done.fetch_add(1, Ordering::Relaxed) + 1) {
                Ok(())
            } else {
                Err(SegmentError::Stopped)
            }
        };
        for batch in files.chunks(FILES_AT_ONCE) {
            let looks: Vec<Look> = batch.iter().map(|found| self.look(found, known)).collect();
            let picture = &self.picture;
            let prepared = (batch.par_iter().zip(looks))
                .map(|(found, look)| {
                    let prepared = prepare(picture, found, look)?;
                    if !matches!(prepared, Prepared::Text(_)) {
                        step()?;
                    }
                    Ok(prepared)
                })
                .collect::<Result<Vec<_>, SegmentError>>()?;
            for (found, prepared) in batch.iter().zip(prepared) {
                let is_text = matches!(prepared, Prepared::Text(_));
                self.commit(found, prepared, known, report)?;
                if is_text {
                    step()?;
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, found: &Input, known: &KnownWorks) -> Look {
        let skipped =
            |code: &str, what: &str| Look::Done(Prepared::Skipped(Note::new(&found.name, code, what)));
        let unreadable = |e: io::Error| {
            Look::Done(Prepared::Skipped(Note::from_error(
                &found.name,
                "work_unreadable",
                &e,
            )))
        };
        if let Some(there) = known.get(&found.name.to_string_lossy()) {
            match found.body.digest() {
                Ok((_, sha256)) if sha256 == there.sha256 => return Look::Done(Prepared::Unchanged),
                Ok(_) if known.may_replace => {}
                Ok(_) => {
                    return skipped(
                        "work_name_taken",
                        "another content is in the index under this name; give the new version another name, or replace the old one",
                    );
                }
                Err(e) => return unreadable(e),
            }
        }
        let opened = match Opened::open(found) {
            Ok(opened) => opened,
            Err(e) => return unreadable(e),
        };
        match opened.content {
            Content::Known(Medium::Text) => Look::Done(Prepared::Text(opened)),
            Content::Known(Medium::Audio) => {
                let number = self.next_sound;
                self.next_sound += 1;
                Look::Sound {
                    number,
                    remark: opened.remark(&found.name),
                }
            }
            Content::Known(Medium::Image) => {
                let number = self.next_picture;
                self.next_picture += 1;
                Look::Picture {
                    number,
                    remark: opened.remark(&found.name),
                }
            }
            Content::Known(Medium::Video) if let Some(track) = opened.film => {
                let (number, sound_number) = (self.next_film, self.next_sound);
                self.next_film += 1;
                self.next_sound += 1;
                Look::Film {
                    number,
                    sound_number,
                    track,
                    remark: opened.remark(&found.name),
                }
            }
            Content::Known(Medium::Code) if let Some(language) = opened.language => {
                let number = self.next_source;
                self.next_source += 1;
                Look::Code {
                    number,
                    language,
                    opened,
                }
            }
            Content::Known(Medium::Code) => skipped("work_unknown_medium", "code in no known language"),
            Content::Known(Medium::Video) | Content::Container(_) => {
                skipped("work_unknown_medium", "a film without a track of pictures")
            }
            Content::Archive => skipped("work_unknown_medium", "a zip archive"),
            Content::Empty => skipped("work_empty", "the file is empty"),
            Content::Other(what) => skipped("work_unknown_medium", what),
        }
    }

    fn commit(
        &mut self,
        found: &Input,
        prepared: Prepared,
        known: &mut KnownWorks,
        report: &mut BuildReport,
    ) -> Result<(), SegmentError> {
        let name = found.name.to_string_lossy().into_owned();
        let item = match prepared {
            Prepared::Unchanged => {
                report.unchanged += 1;
                return Ok(());
            }
            Prepared::Skipped(note) => {
                report.notes.push(note);
                return Ok(());
            }
            Prepared::Text(opened) => match self.add_text(found, name, opened, report)? {
                Some(item) => item,
                None => return Ok(()),
            },
            Prepared::Sound(made) => {
                let remarks = made.item.notes.iter().map(|n| note::of_sound(&found.name, n));
                report.notes.extend(made.remark.iter().cloned().chain(remarks));
                let sound = self.sound.keep(&made.item)?;
                let number = made.number;
                made.into_item(name, ItemContent::Audio { number, sound })
            }
            Prepared::Picture(made) => {
                let remarks = made.item.notes.iter().map(|n| note::of_picture(&found.name, n));
                report.notes.extend(made.remark.iter().cloned().chain(remarks));
                let picture = self.picture.keep(&made.item)?;
                let number = made.number;
                made.into_item(name, ItemContent::Image { number, picture })
            }
            Prepared::Code(language, made) => {
                let remarks = (made.item.notes.iter()).map(|n| note::of_code(&found.name, *n));
                report.notes.extend(made.remark.iter().cloned().chain(remarks));
                let source = self.source.keep(made.number, language, &made.item)?;
                let number = made.number;
                made.into_item(name, ItemContent::Code { number, source })
            }
            Prepared::Film(made) => {
                let film = &made.item.film;
                let remarks = film.notes.iter().map(|n| note::of_film(&found.name, n));
                report.notes.extend(made.remark.iter().cloned().chain(remarks));
                let film = self.film.keep(film)?;
                let sound = match &made.item.sound {
                    Some((number, sound)) => {
                        let remarks = sound.notes.iter().map(|n| note::of_sound(&found.name, n));
                        report.notes.extend(remarks);
                        Some(FilmSound {
                            number: *number,
                            sound: self.sound.keep(sound)?,
                        })
                    }
                    None => None,
                };
                let number = made.number;
                made.into_item(name, ItemContent::Video { number, film, sound })
            }
        };
        let item = Item {
            origin: found.origin.as_deref().cloned().map(Box::new),
            ..item
        };
        self.items.push(&item)?;
        if known.replace(item.name, item.sha256) {
            report.replaced += 1;
        } else {
            report.added += 1;
        }
        Ok(())
    }

    fn add_text(
        &mut self,
        found: &Input,
        name: String,
        opened: Opened,
        report: &mut BuildReport,
    ) -> Result<Option<Item>, SegmentError> {
        let number = self.next_text;
        // Also after a failure the number is spent, so that a part with places of nobody can be told.
        self.next_text += 1;
        let remark = opened.remark(&found.name);
        let mut reader = match opened.into_text() {
            Ok(reader) => reader,
            Err(e) => {
                report.notes.push(Note::from_error(&found.name, e.code(), &e));
                return Ok(None);
            }
        };
        match self.text.add(&mut reader) {
            Ok((text, decoded)) => {
                report.notes.extend(remark);
                report.notes.extend(note::of_text(&found.name, &decoded));
                let (bytes, sha256) = reader.finish();
                Ok(Some(Item {
                    name,
                    bytes,
                    sha256,
                    content: ItemContent::Text { number, text },
                    origin: None,
                }))
            }
            Err(AddError::Text(e)) => {
                report.notes.push(Note::from_error(&found.name, e.code(), &e));
                Ok(None)
            }
            Err(AddError::Index(e)) => Err(e),
        }
    }

    /// Writes and syncs everything.
    pub(in crate::collection) fn finish(self, name: &str) -> Result<PartEntry, SegmentError> {
        self.text.finish()?;
        self.sound.finish()?;
        self.picture.finish()?;
        self.film.finish()?;
        self.source.finish()?;
        Ok(self.items.finish(name)?)
    }
}

/// Writes the table of works of a part, and at last what the manifest says of the part.
pub(in crate::collection) struct ItemsWriter {
    folder: PathBuf,
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    count: u64,
}

impl ItemsWriter {
    pub(in crate::collection) fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            file: BufWriter::new(File::create(folder.join(ITEMS_FILE))?),
            crc: crc32fast::Hasher::new(),
            count: 0,
        })
    }

    pub(in crate::collection) fn push(&mut self, item: &Item) -> io::Result<()> {
        let mut line = serde_json::to_vec(item)?;
        line.push(b'\n');
        self.crc.update(&line);
        self.file.write_all(&line)?;
        self.count += 1;
        Ok(())
    }

    /// Syncs the table; all other files of the part are there and synced.
    pub(in crate::collection) fn finish(self, name: &str) -> io::Result<PartEntry> {
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        // The names of the files, too, must outlive a loss of power before the manifest speaks of them.
        File::open(&self.folder)?.sync_all()?;
        Ok(PartEntry {
            name: name.to_owned(),
            items: self.count,
            items_crc32: self.crc.finalize(),
            files: Some(list_files(&self.folder)?),
        })
    }
}

/// All files of a finished part, with their digests.
pub(in crate::collection) fn list_files(folder: &Path) -> io::Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (bytes, sha256) = digest(&entry.path())?;
        files.push(FileEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            bytes,
            sha256,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Does the slow part of a file, on any thread.
fn prepare(picture: &PictureStoreWriter, found: &Input, look: Look) -> Result<Prepared, SegmentError> {
    let skipped =
        |code: &str, e: &dyn std::error::Error| Prepared::Skipped(Note::from_error(&found.name, code, e));
    let unreadable = |e: io::Error| Prepared::Skipped(Note::from_error(&found.name, "work_unreadable", &e));
    // These need a path; text and code are read from wherever they are.
    let media = match &look {
        Look::Sound { .. } | Look::Picture { .. } | Look::Film { .. } => match found.body.on_disk() {
            Ok(media) => Some(media),
            Err(e) => return Ok(unreadable(e)),
        },
        Look::Done(_) | Look::Code { .. } => None,
    };
    let path = media.as_ref().map_or(Path::new(""), OnDisk::path);
    match look {
        Look::Done(prepared) => Ok(prepared),
        Look::Sound { number, remark } => match audio::fingerprint_reference(path) {
            Ok(item) => {
                Ok(finished(found, number, item, remark).map_or_else(Prepared::Skipped, Prepared::Sound))
            }
            // A film without sound: that its pictures cannot be read says more.
            Err(e) => Ok(match remark.filter(|r| r.code.starts_with("video_")) {
                Some(remark) => Prepared::Skipped(remark),
                None => skipped(e.code(), &e),
            }),
        },
        Look::Picture { number, remark } => match picture.fingerprint(number, path) {
            Ok(item) => {
                Ok(finished(found, number, item, remark).map_or_else(Prepared::Skipped, Prepared::Picture))
            }
            Err(PictureError::Image(e)) => Ok(skipped(e.code(), &e)),
            Err(PictureError::Index(e)) => Err(e),
        },
        Look::Code {
            number,
            language,
            opened,
        } => {
            let remark = opened.remark(&found.name);
            let mut reader = opened.into_digesting_reader();
            Ok(match code::fingerprint_reference(&mut reader, language) {
                Ok(item) => {
                    let (bytes, sha256) = reader.finish();
                    let made = Fingerprinted {
                        number,
                        item,
                        bytes,
                        sha256,
                        remark,
                    };
                    Prepared::Code(language, made)
                }
                Err(e) => skipped(e.code(), &e),
            })
        }
        Look::Film {
            number,
            sound_number,
            track,
            remark,
        } => Ok(prepare_film(found, path, [number, sound_number], &track, remark)),
    }
}

/// Reads pictures and sound of a film; where one of them fails, the other still makes it a work.
fn prepare_film(
    found: &Input,
    path: &Path,
    [number, sound_number]: [u32; 2],
    track: &FilmTrack,
    remark: Option<Note>,
) -> Prepared {
    let remark_on = |code: &str, e: &dyn std::error::Error| Some(Note::from_error(&found.name, code, e));
    let film = video::fingerprint_reference(path, track, &Tools::default());
    let sound = audio::fingerprint_reference(path);
    match (film, sound) {
        (Ok(film), sound) => {
            let remark = match &sound {
                Ok(_) | Err(AudioError::NoSoundTrack) => remark,
                Err(e) => remark_on(e.code(), e),
            };
            let work = FilmWork {
                film,
                sound: sound.ok().map(|sound| (sound_number, sound)),
            };
            finished(found, number, work, remark).map_or_else(Prepared::Skipped, Prepared::Film)
        }
        (Err(e), Ok(sound)) => finished(found, sound_number, sound, remark_on(e.code(), &e))
            .map_or_else(Prepared::Skipped, Prepared::Sound),
        (Err(e), Err(_)) => Prepared::Skipped(Note::from_error(&found.name, e.code(), &e)),
    }
}

/// Adds size and digest to what was made of a file.
fn finished<T>(found: &Input, number: u32, item: T, remark: Option<Note>) -> Result<Fingerprinted<T>, Note> {
    match found.body.digest() {
        Ok((bytes, sha256)) => Ok(Fingerprinted {
            number,
            item,
            bytes,
            sha256,
            remark,
        }),
        Err(e) => Err(Note::from_error(&found.name, "work_unreadable", &e)),
    }
}
