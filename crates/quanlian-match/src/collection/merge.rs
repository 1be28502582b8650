//! Merging: several parts become one, and works that were removed go for good.
//!
//! In:  the folder of an index.
//! Out: the same index in fewer parts, with the same answers.
//!
//! Nothing is decoded or sorted again: postings are renumbered as they stream by, texts, constellations and records are
//! copied with their checksums compared. Memory follows the tables of works, not the postings. Only neighbours are
//! merged, so works stay in order of their adding.
//!
//! # When `add` merges by itself
//! A row of at least [`MIN_ROW`] neighbouring parts is merged when together they are at least twice as large as the
//! largest of them, and no larger than [`MAX_MERGED_BYTES`]; of several such rows the one whose largest part is smallest.
//! So each byte is written anew at most once for every doubling of its part, and the number of parts grows with the
//! logarithm of the number of `add`s.
//!
//! Invariants: the index answers as before at any moment until the manifest is replaced, and after it; whatever ends a
//! merge, an error, a signal, the power, leaves the index as it was and a folder that the next edit clears away.
//!
//! Not here: merging postings (`segment::merge`) and what each medium keeps (`text::store`, `sound`, `picture`, `film`, `code`).

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::axis::{Laid, Source};
use super::code::{self, SourceItem};
use super::edit::Edit;
use super::film::{self, FilmItem, FilmStore};
use super::manifest::PartEntry;
use super::part::writer::ItemsWriter;
use super::part::{FilmSound, Item, ItemContent, Part};
use super::picture::{self, PictureItem};
use super::recorded::{self, RecordedSource};
use super::sound::{self, SoundItem, SoundStore};
use super::{Collection, CollectionError, MAX_ITEMS_PER_PART, Progress, Stop};
use crate::segment::SegmentError;
use crate::text::store::{self, TextItem, TextSource};

/// So many neighbouring parts are merged by themselves.
pub const MIN_ROW: usize = 8;
/// Parts that are larger together are merged only when somebody asks for it: some 4,000 hours of sound.
pub const MAX_MERGED_BYTES: u64 = 4 << 30;

/// How parts are merged.
#[derive(Clone, Copy)]
pub struct MergeOptions<'a> {
    /// Hears how many of how many postings are done.
    pub progress: Progress<'a>,
    /// Asked often; when it says yes, what is not merged yet stays as it was.
    pub stop: Stop<'a>,
}

impl Default for MergeOptions<'_> {
    fn default() -> Self {
        Self {
            progress: &|_, _| {},
            stop: &|| false,
        }
    }
}

/// What a merge did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MergeReport {
    /// Parts that were merged.
    pub merged: u64,
    /// Removed works that are gone for good.
    pub dropped: u64,
    /// Parts that there are now.
    pub parts: u64,
    /// State of the index.
    pub generation: u64,
}

impl Collection {
    /// Merges all parts of an index into as few as can be, and drops the works that were removed.
    pub fn merge(folder: &Path, options: &MergeOptions<'_>) -> Result<MergeReport, CollectionError> {
        let mut edit = Edit::begin(folder)?;
        let mut report = MergeReport::default();
        let mut at = 0;
        while at < edit.manifest.parts.len() {
            let row = at..at + longest_row(&edit.manifest.parts[at..]);
            let first = &edit.manifest.parts[at];
            if row.len() > 1 || !edit.removed.of(&first.name).is_empty() {
                at += merge_row(&mut edit, row, options, &mut report)?;
            } else {
                at += 1;
            }
        }
        report.finish(&edit);
        Ok(report)
    }
}

impl MergeReport {
    fn finish(&mut self, edit: &Edit) {
        self.parts = edit.manifest.parts.len() as u64;
        self.generation = edit.manifest.generation;
    }
}

/// Merges what there is too much of, if anything.
pub(super) fn tidy(edit: &mut Edit, options: &MergeOptions<'_>) -> Result<MergeReport, CollectionError> {
    let mut report = MergeReport::default();
    while let Some(row) = row_to_merge(&sizes(edit)?) {
        merge_row(edit, row, options, &mut report)?;
    }
    report.finish(edit);
    Ok(report)
}

/// How many parts from the first on can become one.
fn longest_row(parts: &[PartEntry]) -> usize {
    let mut items = 0u64;
    let fits = |part: &&PartEntry| {
        items = items.saturating_add(part.items);
        items <= MAX_ITEMS_PER_PART as u64
    };
    parts.iter().take_while(fits).count().max(1)
}

/// Bytes and works of each part.
fn sizes(edit: &Edit) -> Result<Vec<(u64, u64)>, CollectionError> {
    let size = |entry: &PartEntry| -> Result<(u64, u64), CollectionError> {
        let bytes = if let Some(files) = &entry.files {
            files.iter().map(|file| file.bytes).sum()
        } else {
            let path = edit.folder.join(&entry.name);
            let mut bytes = 0;
            for file in fs::read_dir(&path).map_err(CollectionError::io(&path))? {
                let file = file.and_then(|file| file.metadata());
                bytes += file.map_err(CollectionError::io(&path))?.len();
            }
            bytes
        };
        Ok((bytes, entry.items))
    };
    edit.manifest.parts.iter().map(size).collect()
}

/// The row of parts that is merged next, given bytes and works of each; see the head of this module.
fn row_to_merge(sizes: &[(u64, u64)]) -> Option<Range<usize>> {
    let mut best: Option<(u64, Range<usize>)> = None;
    for start in 0..sizes.len() {
        let (mut largest, mut bytes, mut items) = (0, 0u64, 0u64);
        for (end, &(size, works)) in (start + 1..).zip(&sizes[start..]) {
            largest = size.max(largest);
            bytes = bytes.saturating_add(size);
            items = items.saturating_add(works);
            if bytes > MAX_MERGED_BYTES || items > MAX_ITEMS_PER_PART as u64 {
                break;
            }
            let is_due = end - start >= MIN_ROW && bytes >= largest.saturating_mul(2);
            // Of rows with the same largest part the longest one.
            let is_better = best.as_ref().is_none_or(|(other, row)| {
                largest < *other || (largest == *other && end - start > row.len())
            });
            if is_due && is_better {
                best = Some((largest, start..end));
            }
        }
    }
    best.map(|(_, row)| row)
}

/// Merges neighbouring parts; returns how many there are now in their place, one or none.
fn merge_row(
    edit: &mut Edit,
    row: Range<usize>,
    options: &MergeOptions<'_>,
    report: &mut MergeReport,
) -> Result<usize, CollectionError> {
    let old: Vec<PartEntry> = edit.manifest.parts[row.clone()].to_vec();
    let parts = old
        .iter()
        .map(|entry| Part::open(&edit.folder, entry, edit.removed.of(&entry.name)))
        .collect::<Result<Vec<_>, _>>()?;
    let new = if parts.iter().all(|part| part.items().next().is_none()) {
        None
    } else {
        let name = edit.manifest.take_part_name();
        let path = edit.folder.join(&name);
        fs::create_dir(&path).map_err(CollectionError::io(&path))?;
        let written = write_part(&path, &name, &parts, options);
        if written.is_err() {
            // Only to be tidy: the next edit would clear it away as well.
            let _ = fs::remove_dir_all(&path);
        }
        Some(written.map_err(CollectionError::part(&name))?)
    };
    let count = usize::from(new.is_some());
    edit.manifest.parts.splice(row, new);
    for (entry, part) in old.iter().zip(&parts) {
        edit.removed.forget(&entry.name);
        report.dropped += part.removed();
    }
    report.merged += old.len() as u64;
    edit.commit()?;
    Ok(count)
}

fn write_part(
    path: &Path,
    name: &str,
    parts: &[Part],
    options: &MergeOptions<'_>,
) -> Result<PartEntry, SegmentError> {
    // Read twice, to count and to write.
    let total = 2 * parts.iter().map(Part::postings).sum::<u64>();
    let mut done = 0;
    let mut step = |more| {
        done += more;
        (options.progress)(done, total);
        !(options.stop)()
    };
    let works: Vec<Numbered<'_>> = parts.iter().map(Numbered::of).collect();

    // A part without a store of texts has no texts.
    let texts: Vec<TextSource<'_>> = (parts.iter().zip(&works))
        .filter_map(|(part, of)| {
            Some(TextSource {
                store: part.text_store()?,
                items: of.texts.clone(),
            })
        })
        .collect();
    let texts = store::merge(path, &texts, &mut step)?;

    let sounds: Vec<Source<'_, SoundStore>> = (parts.iter().zip(&works))
        .map(|(part, of)| Source {
            store: part.sound_store(),
            items: of.sounds.clone(),
        })
        .collect();
    let sounds = sound::merge(path, &sounds, &mut step)?;

    let mut next = 0;
    // A part without a store of pictures has no pictures.
    let pictures: Vec<RecordedSource<'_, PictureItem>> = (parts.iter().zip(&works))
        .filter_map(|(part, of)| {
            Some(RecordedSource {
                store: part.picture_store()?,
                numbers: renumbered(&of.pictures, &mut next),
                items: of.pictures.clone(),
            })
        })
        .collect();
    let pictures = recorded::merge(path, &picture::METHOD, &pictures, &mut step)?;

    // A part without a store of films has no films.
    let films: Vec<Source<'_, FilmStore>> = (parts.iter().zip(&works))
        .filter_map(|(part, of)| {
            Some(Source {
                store: part.film_store()?,
                items: of.films.clone(),
            })
        })
        .collect();
    let films = film::merge(path, &films, &mut step)?;

    let mut next = 0;
    // A part without a store of code has no code.
    let sources: Vec<RecordedSource<'_, SourceItem>> = (parts.iter().zip(&works))
        .filter_map(|(part, of)| {
            Some(RecordedSource {
                store: part.source_store()?,
                numbers: renumbered(&of.sources, &mut next),
                items: of.sources.clone(),
            })
        })
        .collect();
    let sources = recorded::merge(path, &code::METHOD, &sources, &mut step)?;

    let mut texts = texts.into_iter().flatten().zip(0..);
    let mut sounds = sounds.into_iter().flatten().zip(0..);
    let mut pictures = pictures.into_iter().flatten().zip(0..);
    let mut films = films.into_iter().flatten().zip(0..);
    let mut sources = sources.into_iter().flatten().zip(0..);
    let mut items = ItemsWriter::create(path)?;
    for (part, of) in parts.iter().zip(&works) {
        let mut kept = Kept {
            texts: by_old_number(&of.texts, &mut texts),
            sounds: by_old_number(&of.sounds, &mut sounds),
            pictures: by_old_number(&of.pictures, &mut pictures),
            films: by_old_number(&of.films, &mut films),
            sources: by_old_number(&of.sources, &mut sources),
        };
        for item in part.items() {
            let content = kept.take(&item.content).ok_or(SegmentError::Damaged {
                what: "numbers of works",
            })?;
            items.push(&Item {
                content,
                ..item.clone()
            })?;
        }
    }
    Ok(items.finish(name)?)
}

/// The works of a part that go on, by medium, each with its number, in the order in which the medium numbers them anew.
struct Numbered<'a> {
    texts: Vec<(u32, &'a TextItem)>,
    sounds: Vec<(u32, &'a SoundItem)>,
    pictures: Vec<(u32, &'a PictureItem)>,
    films: Vec<(u32, &'a FilmItem)>,
    sources: Vec<(u32, &'a SourceItem)>,
}

impl<'a> Numbered<'a> {
    fn of(part: &'a Part) -> Self {
        let mut works = Self {
            texts: Vec::new(),
            sounds: Vec::new(),
            pictures: Vec::new(),
            films: Vec::new(),
            sources: Vec::new(),
        };
        for item in part.items() {
            works.sounds.extend(item.content.sound());
            works.films.extend(item.content.film());
            match &item.content {
                ItemContent::Text { number, text } => works.texts.push((*number, text)),
                ItemContent::Image { number, picture } => works.pictures.push((*number, picture)),
                ItemContent::Code { number, source } => works.sources.push((*number, source)),
                ItemContent::Audio { .. } | ItemContent::Video { .. } => {}
            }
        }
        // In the order of their postings, which must be kept. A number that this program does not give is left out, and
        // missed when the table of works is written.
        sort(&mut works.texts, |&(number, _)| u64::from(number));
        sort(&mut works.sounds, |(_, sound)| sound.first_place());
        sort(&mut works.pictures, |&(number, _)| u64::from(number));
        sort(&mut works.sources, |&(number, _)| u64::from(number));
        // Films lie on their axis in the order of their numbers; those without looks share a place.
        sort(&mut works.films, |&(number, _)| u64::from(number));
        works
    }
}

fn sort<T>(works: &mut Vec<(u32, &T)>, by: impl Fn(&(u32, &T)) -> u64) {
    works.retain(|&(number, _)| (number as usize) < MAX_ITEMS_PER_PART);
    works.sort_by_key(|work| by(work));
    works.dedup_by_key(|work| by(work));
}

/// The new number of each old one, counted on from `next`.
fn renumbered<T>(works: &[(u32, &T)], next: &mut u32) -> Vec<Option<u32>> {
    let end = works.last().map_or(0, |&(number, _)| number as usize + 1);
    let mut numbers = vec![None; end];
    for &(number, _) in works {
        numbers[number as usize] = Some(*next);
        *next += 1;
    }
    numbers
}

/// What the merged part keeps of the works of one part, with the new numbers, by the old ones.
struct Kept {
    texts: BTreeMap<u32, (TextItem, u32)>,
    sounds: BTreeMap<u32, (SoundItem, u32)>,
    pictures: BTreeMap<u32, (PictureItem, u32)>,
    films: BTreeMap<u32, (FilmItem, u32)>,
    sources: BTreeMap<u32, (SourceItem, u32)>,
}

/// The next of `kept`, which come in the order of `works`, by the old numbers of these.
fn by_old_number<T, K>(works: &[(u32, &T)], kept: impl Iterator<Item = (K, u32)>) -> BTreeMap<u32, (K, u32)> {
    works.iter().map(|&(old, _)| old).zip(kept).collect()
}

impl Kept {
    /// What is kept of a work; `None` when nothing is there under its number.
    fn take(&mut self, old: &ItemContent) -> Option<ItemContent> {
        Some(match old {
            ItemContent::Text { number, .. } => {
                let (text, number) = self.texts.remove(number)?;
                ItemContent::Text { number, text }
            }
            ItemContent::Audio { number, .. } => {
                let (sound, number) = self.sounds.remove(number)?;
                ItemContent::Audio { number, sound }
            }
            ItemContent::Image { number, .. } => {
                let (picture, number) = self.pictures.remove(number)?;
                ItemContent::Image { number, picture }
            }
            ItemContent::Code { number, .. } => {
                let (source, number) = self.sources.remove(number)?;
                ItemContent::Code { number, source }
            }
            ItemContent::Video { number, sound, .. } => {
                let (film, number) = self.films.remove(number)?;
                let sound = match sound {
                    Some(of_film) => {
                        let (sound, number) = self.sounds.remove(&of_film.number)?;
                        Some(FilmSound { number, sound })
                    }
                    None => None,
                };
                ItemContent::Video { number, film, sound }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(megabytes: &[u64]) -> Option<Range<usize>> {
        let sizes: Vec<(u64, u64)> = megabytes.iter().map(|&m| (m << 20, 10)).collect();
        row_to_merge(&sizes)
    }

    #[test]
    fn many_parts_of_a_size_are_merged_and_a_large_one_is_left_alone() {
        assert_eq!(row(&[1; 7]), None);
        assert_eq!(row(&[1; 8]), Some(0..8));
        assert_eq!(row(&[500, 1, 2, 1, 1, 2, 1, 1, 1]), Some(1..9));
        assert_eq!(row(&[500, 1, 1, 1, 1, 1, 1, 1]), None);
        assert_eq!(row(&[1, 1, 1, 1, 500, 1, 1, 1, 1]), None);
        assert_eq!(row(&[600; 8]), None, "too large together");
    }

    proptest! {
        #[test]
        fn any_number_of_adds_leaves_few_parts_and_writes_each_byte_seldom(sizes in prop::collection::vec(1..2000u64, 1..400)) {
            let (mut parts, mut written, mut added) = (Vec::new(), 0, 0);
            for size in sizes {
                parts.push((size, 1));
                added += size;
                while let Some(row) = row_to_merge(&parts) {
                    let sum = parts[row.clone()].iter().map(|p| p.0).sum();
                    written += sum;
                    parts.splice(row, [(sum, 1)]);
                }
            }
            prop_assert!(parts.len() < 60, "{} parts", parts.len());
            prop_assert!(written <= added * 20, "{written} of {added}");
        }
    }
}
