//! A part of the index: the works that one `build` or `add` brought.
//!
//! In:  files of works; later the folder of the part.
//! Out: the table of works and the files of each medium, open for matching.
//!
//! Invariant: the table of works is compared with the checksum in the manifest before a
//! name of it is used; the per-item data of all works of a medium lie in few files, so
//! that a hundred thousand small works need no more open files than one.
//!
//! Not here: what the media keep in their files (`text::store`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::PartEntry;
use super::picture::{PictureError, PictureItem, PictureStore, PictureStoreWriter};
use super::sniff::{self, Content};
use super::sound::{SoundItem, SoundStore, SoundStoreWriter};
use super::walk::Found;
use super::{BuildReport, CollectionError, MediumStats, Note, Work, note};
use crate::audio::{self, AudioItem};
use crate::image::ImageItem;
use crate::segment::SegmentError;
use crate::text::matcher::TextPart;
use crate::text::store::{AddError, TextItem, TextStore, TextStoreWriter};
use crate::{Medium, Unit};

const ITEMS_FILE: &str = "items.jsonl";
/// Files looked at before the next ones: bounds open files and what waits in memory.
const FILES_AT_ONCE: usize = 32;

/// One work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) content: ItemContent,
}

/// What the medium of a work keeps about it; `number` is its number in the postings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "medium", rename_all = "lowercase")]
pub(super) enum ItemContent {
    Text { number: u32, text: TextItem },
    Audio { number: u32, sound: SoundItem },
    Image { number: u32, picture: PictureItem },
}

/// Writes a part.
pub(super) struct PartWriter {
    items: BufWriter<File>,
    items_crc: crc32fast::Hasher,
    item_count: u64,
    text: TextStoreWriter,
    next_text: u32,
    sound: SoundStoreWriter,
    next_sound: u32,
    picture: PictureStoreWriter,
    next_picture: u32,
}

/// What became of one file before anything is written about it.
enum Prepared {
    Unchanged,
    Skipped(Note),
    Text(Opened),
    Sound(Fingerprinted<AudioItem>),
    Picture(Fingerprinted<ImageItem>),
}

/// What the slow part of a file brought.
struct Fingerprinted<T> {
    number: u32,
    item: T,
    bytes: u64,
    sha256: String,
    remark: Option<Note>,
}

/// The first look at a file.
enum Look {
    Done(Prepared),
    Sound { number: u32, remark: Option<Note> },
    Picture { number: u32, remark: Option<Note> },
}

impl PartWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        Ok(Self {
            items: BufWriter::new(File::create(folder.join(ITEMS_FILE))?),
            items_crc: crc32fast::Hasher::new(),
            item_count: 0,
            text: TextStoreWriter::create(folder)?,
            next_text: 0,
            sound: SoundStoreWriter::create(folder)?,
            next_sound: 0,
            picture: PictureStoreWriter::create(folder)?,
            next_picture: 0,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.item_count == 0
    }

    /// Adds what can be added and remarks on the rest; fails only when the index cannot
    /// be written.
    ///
    /// Sound and pictures, slow to decode, are fingerprinted by several threads; numbers are
    /// given and everything else is written in the order of the files.
    pub(super) fn add_all(
        &mut self,
        files: &[Found],
        known: &mut BTreeMap<String, String>,
        report: &mut BuildReport,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), SegmentError> {
        let done = AtomicU64::new(0);
        for batch in files.chunks(FILES_AT_ONCE) {
            let looks: Vec<Look> = batch.iter().map(|found| self.look(found, known)).collect();
            let picture = &self.picture;
            let prepared = (batch.par_iter().zip(looks))
                .map(|(found, look)| {
                    let prepared = prepare(picture, found, look)?;
                    if !matches!(prepared, Prepared::Text(_)) {
                        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                    Ok(prepared)
                })
                .collect::<Result<Vec<_>, SegmentError>>()?;
            for (found, prepared) in batch.iter().zip(prepared) {
                let is_text = matches!(prepared, Prepared::Text(_));
                self.commit(found, prepared, known, report)?;
                if is_text {
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, found: &Found, known: &BTreeMap<String, String>) -> Look {
        let skipped =
            |code: &str, what: &str| Look::Done(Prepared::Skipped(Note::new(&found.relative, code, what)));
        let unreadable = |e: io::Error| {
            Look::Done(Prepared::Skipped(Note::from_error(
                &found.relative,
                "work_unreadable",
                &e,
            )))
        };
        if let Some(known) = known.get(&*found.relative.to_string_lossy()) {
            return match digest(&found.path) {
                Ok((_, sha256)) if sha256 == *known => Look::Done(Prepared::Unchanged),
                Ok(_) => skipped(
                    "work_name_taken",
                    "another content is in the index under this name; give the new version another name",
                ),
                Err(e) => unreadable(e),
            };
        }
        let opened = match Opened::open(&found.path) {
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
                    remark: opened.remark(&found.relative),
                }
            }
            Content::Known(Medium::Image) => {
                let number = self.next_picture;
                self.next_picture += 1;
                Look::Picture {
                    number,
                    remark: opened.remark(&found.relative),
                }
            }
            Content::Empty => skipped("work_empty", "the file is empty"),
            Content::Other(what) => skipped("work_unknown_medium", what),
        }
    }

    fn commit(
        &mut self,
        found: &Found,
        prepared: Prepared,
        known: &mut BTreeMap<String, String>,
        report: &mut BuildReport,
    ) -> Result<(), SegmentError> {
        let name = found.relative.to_string_lossy().into_owned();
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
            Prepared::Sound(Fingerprinted {
                number,
                item,
                bytes,
                sha256,
                remark,
            }) => {
                report.notes.extend(remark);
                report
                    .notes
                    .extend(item.notes.iter().map(|n| note::of_sound(&found.relative, n)));
                let sound = self.sound.keep(&item)?;
                Item {
                    name,
                    bytes,
                    sha256,
                    content: ItemContent::Audio { number, sound },
                }
            }
            Prepared::Picture(Fingerprinted {
                number,
                item,
                bytes,
                sha256,
                remark,
            }) => {
                report.notes.extend(remark);
                report
                    .notes
                    .extend(item.notes.iter().map(|n| note::of_picture(&found.relative, n)));
                let picture = self.picture.keep(&item)?;
                Item {
                    name,
                    bytes,
                    sha256,
                    content: ItemContent::Image { number, picture },
                }
            }
        };
        let mut line = serde_json::to_vec(&item).map_err(io::Error::from)?;
        line.push(b'\n');
        self.items_crc.update(&line);
        self.items.write_all(&line)?;
        self.item_count += 1;
        report.added += 1;
        known.insert(item.name, item.sha256);
        Ok(())
    }

    fn add_text(
        &mut self,
        found: &Found,
        name: String,
        opened: Opened,
        report: &mut BuildReport,
    ) -> Result<Option<Item>, SegmentError> {
        let number = self.next_text;
        // Also after a failure the number is spent: some of its postings may be written.
        self.next_text += 1;
        let remark = opened.remark(&found.relative);
        let mut reader = opened.into_digesting_reader();
        match self.text.add(number, &mut reader) {
            Ok((text, decoded)) => {
                report.notes.extend(remark);
                report.notes.extend(note::of_text(&found.relative, &decoded));
                let (bytes, sha256) = reader.finish();
                Ok(Some(Item {
                    name,
                    bytes,
                    sha256,
                    content: ItemContent::Text { number, text },
                }))
            }
            Err(AddError::Text(e)) => {
                report.notes.push(Note::from_error(&found.relative, e.code(), &e));
                Ok(None)
            }
            Err(AddError::Index(e)) => Err(e),
        }
    }

    /// Writes and syncs everything.
    pub(super) fn finish(self, name: &str) -> Result<PartEntry, SegmentError> {
        self.items
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        self.text.finish()?;
        self.sound.finish()?;
        self.picture.finish()?;
        Ok(PartEntry {
            name: name.to_owned(),
            items: self.item_count,
            items_crc32: self.items_crc.finalize(),
        })
    }
}

/// Does the slow part of a file, on any thread.
fn prepare(picture: &PictureStoreWriter, found: &Found, look: Look) -> Result<Prepared, SegmentError> {
    let skipped =
        |code: &str, e: &dyn std::error::Error| Prepared::Skipped(Note::from_error(&found.relative, code, e));
    match look {
        Look::Done(prepared) => Ok(prepared),
        Look::Sound { number, remark } => match audio::fingerprint_reference(&found.path) {
            Ok(item) => {
                Ok(finished(found, number, item, remark).map_or_else(Prepared::Skipped, Prepared::Sound))
            }
            Err(e) => Ok(skipped(e.code(), &e)),
        },
        Look::Picture { number, remark } => match picture.fingerprint(number, &found.path) {
            Ok(item) => {
                Ok(finished(found, number, item, remark).map_or_else(Prepared::Skipped, Prepared::Picture))
            }
            Err(PictureError::Image(e)) => Ok(skipped(e.code(), &e)),
            Err(PictureError::Index(e)) => Err(e),
        },
    }
}

/// Adds size and digest to what was made of a file.
fn finished<T>(found: &Found, number: u32, item: T, remark: Option<Note>) -> Result<Fingerprinted<T>, Note> {
    match digest(&found.path) {
        Ok((bytes, sha256)) => Ok(Fingerprinted {
            number,
            item,
            bytes,
            sha256,
            remark,
        }),
        Err(e) => Err(Note::from_error(&found.relative, "work_unreadable", &e)),
    }
}

/// A file whose beginning was read to tell its content.
pub(super) struct Opened {
    path: PathBuf,
    start: Vec<u8>,
    file: File,
    pub(super) content: Content,
}

impl Opened {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Looked at before it is opened: opening a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file)
            .take(sniff::SNIFF_BYTES as u64)
            .read_to_end(&mut start)?;
        let whole = start.len() < sniff::SNIFF_BYTES;
        let content = sniff::sniff(&start, whole);
        Ok(Self {
            path: path.to_owned(),
            start,
            file,
            content,
        })
    }

    /// A remark when the name promises another medium than the content is.
    pub(super) fn remark(&self, subject: &Path) -> Option<Note> {
        let promised = sniff::promised(&self.path)?;
        let Content::Known(found) = self.content else {
            return None;
        };
        let name = |m: Medium| match m {
            Medium::Audio => "sound",
            Medium::Text => "text",
            Medium::Image => "a picture",
        };
        (promised != found).then(|| {
            let message = format!("the name says {}, the content is {}", name(promised), name(found));
            Note::new(subject, "file_name_misleads", message)
        })
    }

    pub(super) fn into_digesting_reader(self) -> DigestingReader<impl Read> {
        DigestingReader {
            reader: io::Cursor::new(self.start).chain(self.file),
            digest: Sha256::new(),
            bytes: 0,
        }
    }
}

/// Passes bytes on and takes their SHA-256 on the way.
pub(super) struct DigestingReader<R> {
    reader: R,
    digest: Sha256,
    bytes: u64,
}

impl<R: Read> Read for DigestingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.digest.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

impl<R> DigestingReader<R> {
    fn finish(self) -> (u64, String) {
        (self.bytes, hex::encode(self.digest.finalize()))
    }
}

pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut reader = DigestingReader {
        reader: File::open(path)?,
        digest: Sha256::new(),
        bytes: 0,
    };
    io::copy(&mut reader, &mut io::sink())?;
    Ok(reader.finish())
}

/// An open part.
#[derive(Debug)]
pub(super) struct Part {
    items: Vec<Item>,
    text: TextStore,
    sound: SoundStore,
    picture: Option<PictureStore>,
    /// Index into `items` by number in the postings of the text, of the sound and of the pictures.
    texts: Vec<Option<u32>>,
    sounds: Vec<Option<u32>>,
    pictures: Vec<Option<u32>>,
}

impl Part {
    pub(super) fn read_items(folder: &Path, entry: &PartEntry) -> Result<Vec<Item>, CollectionError> {
        let path = folder.join(&entry.name).join(ITEMS_FILE);
        let bytes = fs::read(&path).map_err(CollectionError::io(&path))?;
        let damaged = |what: String| CollectionError::Damaged {
            path: path.clone(),
            what,
        };
        if crc32fast::hash(&bytes) != entry.items_crc32 {
            return Err(damaged("checksum".into()));
        }
        let items = bytes
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<Vec<Item>, _>>()
            .map_err(|e| damaged(e.to_string()))?;
        if items.len() as u64 != entry.items {
            return Err(damaged("number of works".into()));
        }
        Ok(items)
    }

    pub(super) fn open(folder: &Path, entry: &PartEntry) -> Result<Self, CollectionError> {
        let items = Self::read_items(folder, entry)?;
        let in_part = |source| CollectionError::Part {
            part: entry.name.clone(),
            source,
        };
        let text = TextStore::open(&folder.join(&entry.name)).map_err(in_part)?;
        let recordings = items.iter().filter_map(|item| match &item.content {
            ItemContent::Audio { number, sound } => Some((*number, sound)),
            ItemContent::Text { .. } | ItemContent::Image { .. } => None,
        });
        let sound = SoundStore::open(&folder.join(&entry.name), recordings).map_err(in_part)?;
        let picture = PictureStore::open(&folder.join(&entry.name)).map_err(in_part)?;
        let (mut texts, mut sounds, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            match item.content {
                ItemContent::Text { number, .. } => set(&mut texts, number, i as u32),
                ItemContent::Audio { number, .. } => set(&mut sounds, number, i as u32),
                ItemContent::Image { number, .. } => set(&mut pictures, number, i as u32),
            }
        }
        Ok(Self {
            items,
            text,
            sound,
            picture,
            texts,
            sounds,
            pictures,
        })
    }

    pub(super) fn works(&self) -> impl Iterator<Item = Work<'_>> {
        self.items.iter().map(|item| {
            let (medium, length, unit) = match &item.content {
                ItemContent::Text { text, .. } => (Medium::Text, text.chars, Unit::Char),
                ItemContent::Audio { sound, .. } => (Medium::Audio, sound.duration_ms, Unit::Ms),
                ItemContent::Image { picture, .. } => (Medium::Image, picture.pixels(), Unit::Px),
            };
            Work {
                name: &item.name,
                medium,
                length,
                unit,
            }
        })
    }

    pub(super) fn text_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.texts, number)?].name)
    }

    /// Folded letters of all texts.
    pub(super) fn text_symbols(&self) -> u64 {
        let symbols = |item: &Item| match &item.content {
            ItemContent::Text { text, .. } => u64::from(text.symbols),
            ItemContent::Audio { .. } | ItemContent::Image { .. } => 0,
        };
        self.items.iter().map(symbols).sum()
    }

    pub(super) fn sound_store(&self) -> &SoundStore {
        &self.sound
    }

    /// Numbers of recordings lie below this.
    pub(super) fn sound_numbers(&self) -> u32 {
        self.sounds.len() as u32
    }

    pub(super) fn sound_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.sounds, number)?].name)
    }

    pub(super) fn sound_item(&self, number: u32) -> Option<&SoundItem> {
        match &self.items[at(&self.sounds, number)?].content {
            ItemContent::Audio { sound, .. } => Some(sound),
            ItemContent::Text { .. } | ItemContent::Image { .. } => None,
        }
    }

    /// `None` for a part that was made before there were pictures.
    pub(super) fn picture_store(&self) -> Option<&PictureStore> {
        self.picture.as_ref()
    }

    /// Numbers of pictures lie below this.
    pub(super) fn picture_numbers(&self) -> u32 {
        self.pictures.len() as u32
    }

    pub(super) fn picture_count(&self) -> u64 {
        self.pictures.iter().flatten().count() as u64
    }

    pub(super) fn picture_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.pictures, number)?].name)
    }

    pub(super) fn picture_item(&self, number: u32) -> Option<&PictureItem> {
        match &self.items[at(&self.pictures, number)?].content {
            ItemContent::Image { picture, .. } => Some(picture),
            ItemContent::Text { .. } | ItemContent::Audio { .. } => None,
        }
    }

    pub(super) fn sound_duration_ms(&self) -> u64 {
        (0..self.sound_numbers())
            .filter_map(|n| self.sound_item(n))
            .map(|i| i.duration_ms)
            .sum()
    }

    pub(super) fn size_bytes(&self) -> u64 {
        let pictures = self.picture.as_ref().map_or(0, PictureStore::size_bytes);
        self.text.size_bytes() + self.sound.size_bytes() + pictures
    }

    pub(super) fn add_stats(&self, media: &mut BTreeMap<Medium, MediumStats>) {
        for item in &self.items {
            let (medium, chars, duration_ms, pixels) = match &item.content {
                ItemContent::Text { text, .. } => (Medium::Text, Some(text.chars), None, None),
                ItemContent::Audio { sound, .. } => (Medium::Audio, None, Some(sound.duration_ms), None),
                ItemContent::Image { picture, .. } => (Medium::Image, None, None, Some(picture.pixels())),
            };
            let m = media.entry(medium).or_default();
            m.items += 1;
            m.source_bytes += item.bytes;
            m.chars = chars.map_or(m.chars, |more| Some(m.chars.unwrap_or(0) + more));
            m.duration_ms = duration_ms.map_or(m.duration_ms, |more| Some(m.duration_ms.unwrap_or(0) + more));
            m.pixels = pixels.map_or(m.pixels, |more| Some(m.pixels.unwrap_or(0) + more));
        }
        let sizes = [
            (Medium::Text, self.text.segment.len(), self.text.size_bytes()),
            (Medium::Audio, self.sound.segment.len(), self.sound.size_bytes()),
        ];
        let pictures = (self.picture.iter()).map(|p| (Medium::Image, p.segment.len(), p.size_bytes()));
        for (medium, postings, bytes) in sizes.into_iter().chain(pictures) {
            let m = media.entry(medium).or_default();
            m.postings += postings;
            m.index_bytes += bytes;
        }
    }
}

fn at(numbers: &[Option<u32>], number: u32) -> Option<usize> {
    numbers.get(number as usize)?.map(|index| index as usize)
}

fn set(numbers: &mut Vec<Option<u32>>, number: u32, index: u32) {
    // A number is less than the count of files of its part, which is bounded.
    let at = number as usize;
    if at < super::MAX_ITEMS_PER_PART {
        if numbers.len() <= at {
            numbers.resize(at + 1, None);
        }
        numbers[at] = Some(index);
    }
}

impl TextPart for Part {
    fn store(&self) -> &TextStore {
        &self.text
    }

    fn numbers(&self) -> u32 {
        self.texts.len() as u32
    }

    fn item(&self, number: u32) -> Option<&TextItem> {
        match &self.items[at(&self.texts, number)?].content {
            ItemContent::Text { text, .. } => Some(text),
            ItemContent::Audio { .. } | ItemContent::Image { .. } => None,
        }
    }
}
