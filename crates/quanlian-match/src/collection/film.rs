//! The films of an index part: postings, and the looks and reels to verify on.
//!
//! In:  what `video` makes of the works.
//! Out: two files, and over all parts of an index the view that `video` searches.
//!
//! The looks of a part lie one behind the other on an axis of places, in order of their numbers; the axes of the parts
//! follow one another.
//!
//! Invariants: damage found during a search is told by [`FilmIndex::check_read`] after it. A part that was made before there were films has no files of them and is read as
//! one without films.
//!
//! Not here: fingerprints and searching (`video`), the sound of films (`sound`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::part::Part;
use super::records::{Records, RecordsWriter};
use super::sound::{Move, moved};
use crate::segment::{Moved, PackedSegment, PackedWriter, SegmentError, SegmentParameters, Step};
use crate::video::{self, VideoIndex, VideoItem};

const POSTINGS_FILE: &str = "video.postings";
const RECORDS_FILE: &str = "video.records";
/// What damage is told of.
const RECORDS: &str = "records of films";

/// What the index keeps about one film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilmItem {
    pub(super) duration_ms: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    steps: u32,
    /// Where it starts on the axis of its part.
    first_place: u64,
    /// Looks and reel in their file.
    keyframes: Record,
    reel: Record,
}

/// Bytes of the file of records, and their CRC-32.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    bytes: [u64; 2],
    crc32: u32,
}

impl FilmItem {
    fn has_looks(&self) -> bool {
        self.next_place() > self.first_place
    }

    fn next_place(&self) -> u64 {
        let [start, end] = self.keyframes.bytes;
        self.first_place
            .saturating_add(video::places_of(end.saturating_sub(start)))
    }
}

/// Writes the films of one part.
pub(super) struct FilmStoreWriter {
    segment: PackedWriter,
    axis: Axis,
}

/// The records of a part and the axis that its looks lie on, as they are written.
struct Axis {
    next_place: u64,
    records: RecordsWriter,
}

impl Axis {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            next_place: 0,
            records: RecordsWriter::create(&folder.join(RECORDS_FILE))?,
        })
    }

    /// Lays a film with these looks and this reel behind the others; the rest is as in `like`.
    fn lay(
        &mut self,
        like: [u32; 3],
        duration_ms: u64,
        keyframes: &[u8],
        reel: &[u8],
    ) -> io::Result<FilmItem> {
        let [width, height, steps] = like;
        let item = FilmItem {
            duration_ms,
            width,
            height,
            steps,
            first_place: self.next_place,
            keyframes: self.record(keyframes)?,
            reel: self.record(reel)?,
        };
        self.next_place = item.next_place();
        Ok(item)
    }

    fn record(&mut self, bytes: &[u8]) -> io::Result<Record> {
        let kept = self.records.keep(bytes)?;
        Ok(Record {
            bytes: kept.bytes,
            crc32: kept.crc32,
        })
    }
}

impl FilmStoreWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        let parameters = SegmentParameters::new(video::FAMILY, video::KEY_BITS)?;
        Ok(Self {
            segment: PackedWriter::create(&folder.join(POSTINGS_FILE), &parameters)?,
            axis: Axis::create(folder)?,
        })
    }

    /// Keeps a film: its looks and reel, and the keys made from the looks.
    pub(super) fn keep(&mut self, item: &VideoItem) -> Result<FilmItem, SegmentError> {
        let base = self.axis.next_place;
        let mut pushed = Ok(());
        video::index_keys(&item.keyframes, &mut |key, place| {
            if pushed.is_ok() {
                pushed = self.segment.push(key, base + u64::from(place));
            }
        });
        pushed?;
        let like = [item.width, item.height, item.steps];
        Ok(self
            .axis
            .lay(like, item.duration_ms, &item.keyframes, &item.reel)?)
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.axis.records.finish()?;
        self.segment.finish()?;
        Ok(())
    }
}

/// Films of one part that go into another, with their numbers, in the order of their axis.
pub(super) struct FilmSource<'a> {
    pub(super) store: &'a FilmStore,
    pub(super) items: Vec<(u32, &'a FilmItem)>,
}

/// Writes the films of several parts as those of one, and returns what is kept of each, in the order of the sources.
pub(super) fn merge(
    folder: &Path,
    sources: &[FilmSource<'_>],
    step: Step<'_>,
) -> Result<Vec<Vec<FilmItem>>, SegmentError> {
    let damaged = SegmentError::Damaged { what: RECORDS };
    let mut axis = Axis::create(folder)?;
    let mut kept = Vec::with_capacity(sources.len());
    // Of each source: where its films start, and where those that are kept start now.
    let mut moves: Vec<Vec<Move>> = Vec::with_capacity(sources.len());
    for source in sources {
        let starts = source.store.starts.iter();
        let mut starts: Vec<Move> = starts.map(|&(start, _)| (start, None)).collect();
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let (Some(keyframes), Some(reel)) = (
                source.store.record(&item.keyframes),
                source.store.record(&item.reel),
            ) else {
                return Err(damaged);
            };
            let like = [item.width, item.height, item.steps];
            let new = axis.lay(like, item.duration_ms, keyframes, reel)?;
            // A film without looks has no place that would move.
            if item.has_looks()
                && let Ok(at) = starts.binary_search_by_key(&item.first_place, |&(start, _)| start)
            {
                starts[at].1 = Some(new.first_place);
            }
            of_source.push(new);
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
        moves.push(starts);
    }
    axis.records.finish()?;
    let movers: Vec<_> = moves
        .iter()
        .map(|starts| move |place: u64| moved(starts, place, 0))
        .collect();
    let postings: Vec<Moved<'_>> = (sources.iter().zip(&movers))
        .map(|(source, mover)| (&source.store.segment, mover as &dyn Fn(u64) -> Option<u64>))
        .collect();
    let parameters = SegmentParameters::new(video::FAMILY, video::KEY_BITS)?;
    PackedWriter::merge(&folder.join(POSTINGS_FILE), &parameters, &postings, step)?;
    Ok(kept)
}

/// The films of one part, open for searching.
#[derive(Debug)]
pub(super) struct FilmStore {
    pub(super) segment: PackedSegment,
    records: Records,
    /// First place and number of each film with looks, in order.
    starts: Vec<(u64, u32)>,
    /// Length of the axis.
    places: u64,
}

impl FilmStore {
    /// Opens the films of a part whose table of works lists `items` with their numbers; `None` for a part that was made
    /// before there were films.
    pub(super) fn open<'a>(
        folder: &Path,
        items: impl Iterator<Item = (u32, &'a FilmItem)>,
    ) -> Result<Option<Self>, SegmentError> {
        let postings = folder.join(POSTINGS_FILE);
        if !postings.try_exists()? {
            return Ok(None);
        }
        let segment = PackedSegment::open(&postings)?;
        if segment.family() != video::FAMILY || segment.key_bits() != video::KEY_BITS {
            return Err(SegmentError::Damaged {
                what: "the films were indexed with another method",
            });
        }
        let records = Records::open(&folder.join(RECORDS_FILE))?;
        let (mut starts, mut places) = (Vec::new(), 0);
        for (number, item) in items {
            // A film without looks has no place that could be its.
            if item.has_looks() {
                starts.push((item.first_place, number));
            }
            places = item.next_place().max(places);
        }
        starts.sort_unstable();
        Ok(Some(Self {
            segment,
            records,
            starts,
            places,
        }))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.records.size_bytes()
    }

    fn record(&self, record: &Record) -> Option<&[u8]> {
        self.records.get(record.bytes, record.crc32)
    }

    /// Whether looks and reel of a film are whole.
    pub(super) fn is_whole(&self, item: &FilmItem) -> bool {
        self.record(&item.keyframes).is_some() && self.record(&item.reel).is_some()
    }

    fn check_read(&self) -> Result<(), SegmentError> {
        self.records.check_read(RECORDS)?;
        self.segment.check_read()
    }
}

/// All parts of an index as one, their films numbered on.
pub(super) struct FilmIndex<'a> {
    parts: &'a [Arc<Part>],
    /// Number of the first film of each part.
    first: Vec<u32>,
    /// Where the axis of each part starts on the axis of all.
    first_place: Vec<u64>,
    total_steps: u64,
}

impl<'a> FilmIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        let (mut first, mut first_place) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
        let (mut next, mut places, mut total_steps) = (0u32, 0u64, 0u64);
        for part in parts {
            first.push(next);
            first_place.push(places);
            next = next.saturating_add(part.film_numbers());
            places = places.saturating_add(part.film_store().map_or(0, |s| s.places));
            let steps = (0..part.film_numbers())
                .filter_map(|n| part.film_item(n))
                .map(|i| u64::from(i.steps));
            total_steps += steps.sum::<u64>();
        }
        Self {
            parts,
            first,
            first_place,
            total_steps,
        }
    }

    /// The part of a film and its number there.
    fn locate(&self, item: u32) -> Option<(&'a Part, u32)> {
        let part = self
            .first
            .partition_point(|&first| first <= item)
            .checked_sub(1)?;
        Some((&*self.parts[part], item - self.first[part]))
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.locate(item)?;
        part.film_name(number)
    }

    /// Whether a work of this name is a film.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.has_film(name))
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        (self.parts.iter().filter_map(|part| part.film_store())).try_for_each(FilmStore::check_read)
    }

    fn record(&self, item: u32, of: impl Fn(&FilmItem) -> &Record) -> Option<Cow<'a, [u8]>> {
        let (part, number) = self.locate(item)?;
        part.film_store()?
            .record(of(part.film_item(number)?))
            .map(Cow::Borrowed)
    }
}

impl VideoIndex for FilmIndex<'_> {
    fn for_each_place(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        for (part, &base) in self.parts.iter().zip(&self.first_place) {
            let Some(store) = part.film_store() else { continue };
            store.segment.for_each(keys, limit, |index, place| {
                visit(index, base.saturating_add(place));
            });
        }
    }

    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let part = self
            .first_place
            .partition_point(|&first| first <= place)
            .checked_sub(1)?;
        let (at, part) = (part, &self.parts[part]);
        let (base, starts) = (self.first_place[at], &part.film_store()?.starts);
        let index = starts
            .partition_point(|&(start, _)| start <= place - base)
            .checked_sub(1)?;
        let (start, number) = starts[index];
        // The places of a removed film are nobody's.
        part.film_item(number)?;
        Some((self.first[at].saturating_add(number), base + start))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.record(item, |i| &i.keyframes)
    }

    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.record(item, |i| &i.reel)
    }

    fn steps(&self, item: u32) -> u32 {
        self.locate(item)
            .and_then(|(part, number)| part.film_item(number))
            .map_or(0, |i| i.steps)
    }

    fn total_steps(&self) -> u64 {
        self.total_steps
    }
}
