//! A part of the index: the works that one `build` or `add` brought.
//!
//! In:  the folder of the part.
//! Out: the table of works and the files of each medium, open for matching.
//!
//! Invariant: the table of works is compared with the checksum in the manifest before a
//! name of it is used; the per-item data of all works of a medium lie in few files, so
//! that a hundred thousand small works need no more open files than one.
//!
//! Not here: writing a part (`part::writer`), what the media keep in their files (`text::store`).

pub(super) mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::axis::Row;
use super::code::{self, SourceItem};
use super::film::{FilmItem, FilmStore};
use super::manifest::PartEntry;
use super::picture::{self, PictureItem};
use super::recorded::RecordedStore;
use super::sound::{SoundItem, SoundStore};
use super::{CollectionError, MediumStats, Work};
use crate::history::Origin;
use crate::segment::SegmentError;
use crate::text::matcher::TextPart;
use crate::text::store::{OTHERWISE, TextItem, TextStore};
use crate::{Medium, Unit};

const ITEMS_FILE: &str = "items.jsonl";

/// One work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) content: ItemContent,
    /// Where it stood in the history of a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Box<Origin>>,
}

/// What the medium of a work keeps about it; `number` is its number in the postings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "medium", rename_all = "lowercase")]
pub(super) enum ItemContent {
    Text {
        number: u32,
        text: TextItem,
    },
    Audio {
        number: u32,
        sound: SoundItem,
    },
    Image {
        number: u32,
        picture: PictureItem,
    },
    Code {
        number: u32,
        source: SourceItem,
    },
    Video {
        number: u32,
        film: FilmItem,
        sound: Option<FilmSound>,
    },
}

/// The sound of a film, among all sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilmSound {
    pub(super) number: u32,
    pub(super) sound: SoundItem,
}

impl ItemContent {
    /// The number and the sound of a recording or film.
    pub(super) fn sound(&self) -> Option<(u32, &SoundItem)> {
        match self {
            Self::Audio { number, sound } => Some((*number, sound)),
            Self::Video {
                sound: Some(sound), ..
            } => Some((sound.number, &sound.sound)),
            Self::Video { sound: None, .. } | Self::Text { .. } | Self::Image { .. } | Self::Code { .. } => {
                None
            }
        }
    }

    pub(super) fn film(&self) -> Option<(u32, &FilmItem)> {
        match self {
            Self::Video { number, film, .. } => Some((*number, film)),
            _ => None,
        }
    }
}

/// An open part.
#[derive(Debug)]
pub(super) struct Part {
    entry: PartEntry,
    items: Vec<Item>,
    /// Rows of `items` that were removed: they match nothing and are counted nowhere.
    removed: BTreeSet<u32>,
    text: Option<TextStore>,
    /// First place and number of each text, removed or not, in order.
    text_starts: Vec<(u64, u32)>,
    sound: SoundStore,
    picture: Option<RecordedStore>,
    /// Rows of `items` that were not removed, by number in the postings of the text, of the sound and of the pictures.
    texts: Vec<Option<u32>>,
    sounds: Vec<Option<u32>>,
    pictures: Vec<Option<u32>>,
    film: Option<FilmStore>,
    films: Vec<Option<u32>>,
    source: Option<RecordedStore>,
    sources: Vec<Option<u32>>,
    totals: Totals,
}

/// What the works of a part that were not removed amount to, counted once, as every query pays for all of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) texts: u64,
    /// Folded letters of texts.
    pub(super) text_symbols: u64,
    /// Length of recordings, and of the sound of films.
    pub(super) sound_duration_ms: u64,
    pub(super) pictures: u64,
    pub(super) film_steps: u64,
    pub(super) sources: u64,
    pub(super) source_tokens: u64,
}

impl Totals {
    fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Self {
        let mut totals = Self::default();
        for item in items {
            let sound = item.content.sound().map_or(0, |(_, sound)| sound.duration_ms);
            totals.sound_duration_ms = totals.sound_duration_ms.saturating_add(sound);
            match &item.content {
                ItemContent::Text { text, .. } => {
                    totals.texts += 1;
                    totals.text_symbols += u64::from(text.symbols);
                }
                ItemContent::Audio { .. } => {}
                ItemContent::Image { .. } => totals.pictures += 1,
                ItemContent::Code { source, .. } => {
                    totals.sources += 1;
                    totals.source_tokens += u64::from(source.tokens);
                }
                ItemContent::Video { film, .. } => totals.film_steps += u64::from(film.steps),
            }
        }
        totals
    }
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

    /// Opens all files of a part; `removed` are the rows that count no more.
    pub(super) fn open(
        folder: &Path,
        entry: &PartEntry,
        removed: &BTreeSet<u32>,
    ) -> Result<Self, CollectionError> {
        let path = folder.join(&entry.name);
        for file in entry.files.iter().flatten() {
            let path = path.join(&file.name);
            let size = fs::metadata(&path).map_err(CollectionError::io(&path))?.len();
            if size != file.bytes {
                return Err(CollectionError::Damaged {
                    path,
                    what: format!("{size} bytes instead of {}", file.bytes),
                });
            }
        }
        let items = Self::read_items(folder, entry)?;
        let in_part = |source| CollectionError::Part {
            part: entry.name.clone(),
            source,
        };
        let text = TextStore::open(&path).map_err(in_part)?;
        let texts_of = |item: &Item| match &item.content {
            ItemContent::Text { number, text } => Some((text.first_place, *number)),
            _ => None,
        };
        let mut text_starts: Vec<(u64, u32)> = items.iter().filter_map(texts_of).collect();
        text_starts.sort_unstable();
        if text.is_none() && !text_starts.is_empty() {
            return Err(in_part(SegmentError::Damaged { what: OTHERWISE }));
        }
        let sound = SoundStore::open(&path, rows(&items, removed, ItemContent::sound)).map_err(in_part)?;
        let picture = RecordedStore::open(&path, &picture::METHOD).map_err(in_part)?;
        let source = RecordedStore::open(&path, &code::METHOD).map_err(in_part)?;
        let film = FilmStore::open(&path, rows(&items, removed, ItemContent::film)).map_err(in_part)?;
        // A part without a list of files may lack those of pictures and films; that must not be because it is being cleared away.
        fs::metadata(&path).map_err(CollectionError::io(&path))?;
        let (mut texts, mut sounds, mut pictures, mut films) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut sources = Vec::new();
        for (row, item) in (0u32..).zip(&items) {
            let kept = (!removed.contains(&row)).then_some(row);
            if let Some((number, _)) = item.content.sound() {
                set(&mut sounds, number, kept);
            }
            match item.content {
                ItemContent::Text { number, .. } => set(&mut texts, number, kept),
                ItemContent::Audio { .. } => {}
                ItemContent::Image { number, .. } => set(&mut pictures, number, kept),
                ItemContent::Code { number, .. } => set(&mut sources, number, kept),
                ItemContent::Video { number, .. } => set(&mut films, number, kept),
            }
        }
        let kept = (0u32..).zip(&items).filter(|(row, _)| !removed.contains(row));
        let totals = Totals::of(kept.map(|(_, item)| item));
        Ok(Self {
            totals,
            entry: entry.clone(),
            items,
            removed: removed.clone(),
            text,
            text_starts,
            sound,
            picture,
            texts,
            sounds,
            pictures,
            film,
            films,
            source,
            sources,
        })
    }

    /// Whether this is the part that a manifest names, with these removals.
    pub(super) fn is(&self, entry: &PartEntry, removed: &BTreeSet<u32>) -> bool {
        self.entry == *entry && self.removed == *removed
    }

    /// The works that were not removed.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        (0u32..)
            .zip(&self.items)
            .filter(|(row, _)| !self.removed.contains(row))
            .map(|(_, item)| item)
    }

    /// Postings of all media.
    pub(super) fn postings(&self) -> u64 {
        let pictures = self.picture.as_ref().map_or(0, |store| store.segment.len());
        let films = self.film.as_ref().map_or(0, |store| store.segment.len());
        let sources = self.source.as_ref().map_or(0, |store| store.segment.len());
        let texts = self.text.as_ref().map_or(0, |store| store.segment.len());
        texts + self.sound.segment.len() + pictures + films + sources
    }

    /// `None` for a part without texts that was made when they were kept otherwise.
    pub(super) fn text_store(&self) -> Option<&TextStore> {
        self.text.as_ref()
    }

    /// The texts of the part as they are searched.
    pub(super) fn texts(&self) -> Option<Texts<'_>> {
        let store = self.text.as_ref()?;
        Some(Texts { part: self, store })
    }

    /// How many works were removed.
    pub(super) fn removed(&self) -> u64 {
        self.removed.len() as u64
    }

    pub(super) fn works(&self) -> impl Iterator<Item = Work<'_>> {
        self.items().map(|item| {
            let (medium, length, unit) = match &item.content {
                ItemContent::Text { text, .. } => (Medium::Text, text.chars, Unit::Char),
                ItemContent::Audio { sound, .. } => (Medium::Audio, sound.duration_ms, Unit::Ms),
                ItemContent::Image { picture, .. } => (Medium::Image, picture.pixels(), Unit::Px),
                ItemContent::Code { source, .. } => (Medium::Code, u64::from(source.lines), Unit::Line),
                ItemContent::Video { film, .. } => (Medium::Video, film.duration_ms, Unit::Ms),
            };
            Work {
                name: &item.name,
                medium,
                length,
                unit,
                sha256: &item.sha256,
            }
        })
    }

    /// Rows and names of the works out of histories.
    pub(super) fn origins(&self) -> impl Iterator<Item = (usize, &str)> {
        let rows = self.items.iter().enumerate();
        rows.filter(|(row, item)| item.origin.is_some() && !self.removed.contains(&(*row as u32)))
            .map(|(row, item)| (row, &*item.name))
    }

    /// Where the work of a row stood in the history of a repository.
    pub(super) fn origin(&self, row: usize) -> Option<&Origin> {
        self.items.get(row)?.origin.as_deref()
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
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
        self.items[at(&self.sounds, number)?]
            .content
            .sound()
            .map(|(_, sound)| sound)
    }

    /// `None` for a part that was made before there were pictures.
    pub(super) fn picture_store(&self) -> Option<&RecordedStore> {
        self.picture.as_ref()
    }

    /// Numbers of pictures lie below this.
    pub(super) fn picture_numbers(&self) -> u32 {
        self.pictures.len() as u32
    }

    /// Whether there may be postings under numbers that no picture bears, because it failed half way or was removed.
    pub(super) fn has_numbers_of_no_picture(&self) -> bool {
        self.pictures.len() as u64 != self.totals.pictures
    }

    pub(super) fn picture_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.pictures, number)?].name)
    }

    pub(super) fn picture_item(&self, number: u32) -> Option<&PictureItem> {
        match &self.items[at(&self.pictures, number)?].content {
            ItemContent::Image { picture, .. } => Some(picture),
            _ => None,
        }
    }

    /// `None` for a part that was made before there were films.
    pub(super) fn film_store(&self) -> Option<&FilmStore> {
        self.film.as_ref()
    }

    /// Numbers of films lie below this.
    pub(super) fn film_numbers(&self) -> u32 {
        self.films.len() as u32
    }

    pub(super) fn film_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.films, number)?].name)
    }

    pub(super) fn has_film(&self, name: &str) -> bool {
        self.items().any(|i| i.name == name && i.content.film().is_some())
    }

    pub(super) fn film_item(&self, number: u32) -> Option<&FilmItem> {
        self.items[at(&self.films, number)?]
            .content
            .film()
            .map(|(_, film)| film)
    }

    /// `None` for a part that was made before there was code.
    pub(super) fn source_store(&self) -> Option<&RecordedStore> {
        self.source.as_ref()
    }

    /// Numbers of works of code lie below this.
    pub(super) fn source_numbers(&self) -> u32 {
        self.sources.len() as u32
    }

    /// Whether there may be postings under numbers that no code bears, because it was removed.
    pub(super) fn has_numbers_of_no_source(&self) -> bool {
        self.sources.len() as u64 != self.totals.sources
    }

    pub(super) fn source_name(&self, number: u32) -> Option<&str> {
        Some(&self.items[at(&self.sources, number)?].name)
    }

    pub(super) fn source_item(&self, number: u32) -> Option<&SourceItem> {
        match &self.items[at(&self.sources, number)?].content {
            ItemContent::Code { source, .. } => Some(source),
            _ => None,
        }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        let pictures = self.picture.as_ref().map_or(0, RecordedStore::size_bytes);
        let films = self.film.as_ref().map_or(0, FilmStore::size_bytes);
        let sources = self.source.as_ref().map_or(0, RecordedStore::size_bytes);
        let texts = self.text.as_ref().map_or(0, TextStore::size_bytes);
        texts + self.sound.size_bytes() + pictures + films + sources
    }

    pub(super) fn add_stats(&self, media: &mut BTreeMap<Medium, MediumStats>) {
        for item in self.items() {
            let (medium, chars, duration_ms, pixels) = match &item.content {
                ItemContent::Text { text, .. } => (Medium::Text, Some(text.chars), None, None),
                ItemContent::Audio { sound, .. } => (Medium::Audio, None, Some(sound.duration_ms), None),
                ItemContent::Image { picture, .. } => (Medium::Image, None, None, Some(picture.pixels())),
                ItemContent::Code { .. } => (Medium::Code, None, None, None),
                ItemContent::Video { film, .. } => (Medium::Video, None, Some(film.duration_ms), None),
            };
            let m = media.entry(medium).or_default();
            m.items += 1;
            m.source_bytes += item.bytes;
            m.chars = chars.map_or(m.chars, |more| Some(m.chars.unwrap_or(0) + more));
            m.duration_ms = duration_ms.map_or(m.duration_ms, |more| Some(m.duration_ms.unwrap_or(0) + more));
            if let ItemContent::Code { source, .. } = &item.content {
                m.lines = Some(m.lines.unwrap_or(0) + u64::from(source.lines));
            }
            m.pixels = pixels.map_or(m.pixels, |more| Some(m.pixels.unwrap_or(0) + more));
        }
        let sizes = [
            (
                Medium::Text,
                self.text.as_ref().map_or(0, |store| store.segment.len()),
                self.text.as_ref().map_or(0, TextStore::size_bytes),
            ),
            (Medium::Audio, self.sound.segment.len(), self.sound.size_bytes()),
        ];
        let pictures = (self.picture.iter()).map(|p| (Medium::Image, p.segment.len(), p.size_bytes()));
        let films = (self.film.iter()).map(|f| (Medium::Video, f.segment.len(), f.size_bytes()));
        let sources = (self.source.iter()).map(|s| (Medium::Code, s.segment.len(), s.size_bytes()));
        for (medium, postings, bytes) in sizes.into_iter().chain(pictures).chain(films).chain(sources) {
            let m = media.entry(medium).or_default();
            m.postings += postings;
            m.index_bytes += bytes;
        }
    }
}

/// The works that lie on an axis, with their numbers, as the table of works has them.
fn rows<'a, W: 'a>(
    items: &'a [Item],
    removed: &'a BTreeSet<u32>,
    work: impl Fn(&'a ItemContent) -> Option<(u32, &'a W)> + 'a,
) -> impl Iterator<Item = Row<'a, W>> {
    (0u32..).zip(items).filter_map(move |(row, item)| {
        let (number, work) = work(&item.content)?;
        Some(Row {
            number,
            work,
            is_removed: removed.contains(&row),
        })
    })
}

fn at(numbers: &[Option<u32>], number: u32) -> Option<usize> {
    numbers.get(number as usize)?.map(|row| row as usize)
}

/// Notes the row of a number; numbers of removed works stay in the list, so that those of the next part begin behind them.
fn set(numbers: &mut Vec<Option<u32>>, number: u32, row: Option<u32>) {
    // A number is less than the count of files of its part, which is bounded.
    let at = number as usize;
    if at < super::MAX_ITEMS_PER_PART {
        if numbers.len() <= at {
            numbers.resize(at + 1, None);
        }
        numbers[at] = row;
    }
}

/// The texts of a part as they are searched.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    part: &'a Part,
    store: &'a TextStore,
}

impl<'a> Texts<'a> {
    pub(super) fn name(self, number: u32) -> Option<&'a str> {
        Some(&self.part.items[at(&self.part.texts, number)?].name)
    }
}

impl TextPart for Texts<'_> {
    fn store(&self) -> &TextStore {
        self.store
    }

    fn numbers(&self) -> u32 {
        self.part.texts.len() as u32
    }

    fn text_at(&self, place: u64) -> Option<(u32, u32)> {
        let starts = &self.part.text_starts;
        let behind = starts.partition_point(|&(start, _)| start <= place);
        let (start, number) = starts[behind.checked_sub(1)?];
        let within = place - start;
        (within < self.item(number)?.places).then_some((number, within as u32))
    }

    fn has_places_of_no_text(&self) -> bool {
        self.part.texts.len() as u64 != self.part.totals.texts
    }

    fn item(&self, number: u32) -> Option<&TextItem> {
        match &self.part.items[at(&self.part.texts, number)?].content {
            ItemContent::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}
