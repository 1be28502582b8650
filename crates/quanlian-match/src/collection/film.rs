//! The films of an index part: postings, and the looks and reels to verify on.
//!
//! In:  what `video` makes of the works.
//! Out: two files, and over all parts of an index the view that `video` searches.
//!
//! The looks of a part lie one behind the other on an axis of places (`axis`).
//!
//! Invariants: damage found during a search is told by [`FilmIndex::check_read`] after it. A part that was made before
//! there were films has no files of them and is read as one without films.
//!
//! Not here: fingerprints and searching (`video`), the sound of films (`sound`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::axis::{self, Axis, AxisWriter, Laid, PartAxis, Row, Source, Store, StoreWriter};
use super::part::Part;
use super::records::{Kept, Records};
use crate::segment::{PackedSegment, SegmentError, Step};
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
    pub(super) steps: u32,
    /// Where it starts on the axis of its part.
    first_place: u64,
    /// Looks and reel in their file.
    keyframes: Kept,
    reel: Kept,
}

impl Laid for FilmItem {
    fn first_place(&self) -> u64 {
        self.first_place
    }

    fn next_place(&self) -> u64 {
        let [start, end] = self.keyframes.bytes;
        self.first_place
            .saturating_add(video::places_of(end.saturating_sub(start)))
    }
}

/// A film as it is laid on the axis.
struct Film<'a> {
    duration_ms: u64,
    width: u32,
    height: u32,
    steps: u32,
    keyframes: &'a [u8],
    reel: &'a [u8],
}

impl Film<'_> {
    fn lay(&self, axis: &mut AxisWriter) -> io::Result<FilmItem> {
        axis.lay(|first_place, records| {
            Ok(FilmItem {
                duration_ms: self.duration_ms,
                width: self.width,
                height: self.height,
                steps: self.steps,
                first_place,
                keyframes: records.keep(self.keyframes)?,
                reel: records.keep(self.reel)?,
            })
        })
    }
}

impl StoreWriter<FilmStore> {
    /// Keeps a film: its looks and reel, and the keys made from the looks.
    pub(super) fn keep(&mut self, item: &VideoItem) -> Result<FilmItem, SegmentError> {
        let film = Film {
            duration_ms: item.duration_ms,
            width: item.width,
            height: item.height,
            steps: item.steps,
            keyframes: &item.keyframes,
            reel: &item.reel,
        };
        self.keep_with(
            |emit| video::index_keys(&item.keyframes, emit),
            |axis| film.lay(axis),
        )
    }
}

/// Writes the films of several parts as those of one, and returns what is kept of each, in the order of the sources.
pub(super) fn merge(
    folder: &Path,
    sources: &[Source<'_, FilmStore>],
    step: Step<'_>,
) -> Result<Vec<Vec<FilmItem>>, SegmentError> {
    axis::merge(folder, sources, step, |axis, store, old| {
        let record = |of| store.record(of).ok_or(SegmentError::Damaged { what: RECORDS });
        let film = Film {
            duration_ms: old.duration_ms,
            width: old.width,
            height: old.height,
            steps: old.steps,
            keyframes: record(old.keyframes)?,
            reel: record(old.reel)?,
        };
        Ok(film.lay(axis)?)
    })
}

/// The films of one part, open for searching.
#[derive(Debug)]
pub(super) struct FilmStore {
    pub(super) segment: PackedSegment,
    records: Records,
    axis: PartAxis,
}

impl Store for FilmStore {
    type Work = FilmItem;
    const FILES: [&'static str; 2] = [POSTINGS_FILE, RECORDS_FILE];
    const METHOD: (&'static str, u32) = (video::FAMILY, video::KEY_BITS);
    const PLACE_SHIFT: u32 = 0;

    fn segment(&self) -> &PackedSegment {
        &self.segment
    }

    fn axis(&self) -> &PartAxis {
        &self.axis
    }
}

impl FilmStore {
    /// Opens the films of a part; `None` for a part that was made before there were films.
    pub(super) fn open<'a>(
        folder: &Path,
        rows: impl Iterator<Item = Row<'a, FilmItem>>,
    ) -> Result<Option<Self>, SegmentError> {
        if !folder.join(POSTINGS_FILE).try_exists()? {
            return Ok(None);
        }
        let otherwise = "the films were indexed with another method";
        Ok(Some(Self {
            segment: axis::open_postings::<Self>(folder, otherwise)?,
            records: Records::open(&folder.join(RECORDS_FILE))?,
            axis: PartAxis::new(rows),
        }))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.records.size_bytes()
    }

    fn record(&self, record: Kept) -> Option<&[u8]> {
        self.records.get(record)
    }

    /// Whether looks and reel of a film are whole.
    pub(super) fn is_whole(&self, item: &FilmItem) -> bool {
        self.record(item.keyframes).is_some() && self.record(item.reel).is_some()
    }

    fn check_read(&self) -> Result<(), SegmentError> {
        self.records.check_read(RECORDS)?;
        self.segment.check_read()
    }
}

/// All parts of an index as one, their films numbered on.
pub(super) struct FilmIndex<'a> {
    axis: Axis<'a, FilmStore>,
    total_steps: u64,
}

impl<'a> FilmIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        Self {
            axis: Axis::new(parts, Part::film_numbers, Part::film_store),
            total_steps: parts.iter().map(|part| part.totals().film_steps).sum(),
        }
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.axis.numbered.locate(item)?;
        part.film_name(number)
    }

    /// Whether a work of this name is a film.
    pub(super) fn has(&self, name: &str) -> bool {
        self.axis.numbered.parts().iter().any(|part| part.has_film(name))
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        let parts = self.axis.numbered.parts().iter();
        parts
            .filter_map(|part| part.film_store())
            .try_for_each(FilmStore::check_read)
    }

    fn item(&self, item: u32) -> Option<(&'a FilmStore, &'a FilmItem)> {
        let (part, number) = self.axis.numbered.locate(item)?;
        Some((part.film_store()?, part.film_item(number)?))
    }
}

impl VideoIndex for FilmIndex<'_> {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.axis.for_each_place(keys, limit, visit);
    }

    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let (part, number, item, start) = self.axis.work_at(place)?;
        // The places of a removed film are nobody's.
        part.film_item(number)?;
        Some((item, start))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let (store, item) = self.item(item)?;
        store.record(item.keyframes).map(Cow::Borrowed)
    }

    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let (store, item) = self.item(item)?;
        store.record(item.reel).map(Cow::Borrowed)
    }

    fn steps(&self, item: u32) -> u32 {
        self.item(item).map_or(0, |(_, item)| item.steps)
    }

    fn total_steps(&self) -> u64 {
        self.total_steps
    }
}
