//! The sound of an index part: postings, and the constellations to verify on.
//!
//! In:  what `audio` makes of the works.
//! Out: two files, and over all parts of an index the view that `audio` searches.
//!
//! The recordings of a part lie one behind the other on an axis of frames (`axis`).
//!
//! Invariant: damage found during a search is told by [`SoundIndex::check_read`] after it.
//!
//! Not here: fingerprints and searching (`audio`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::axis::{self, Axis, AxisWriter, Laid, PartAxis, Row, Source, Store, StoreWriter};
use super::part::Part;
use super::records::{Kept, Records};
use crate::audio::{self, AudioIndex, AudioItem, PLACE_FRAME_SHIFT, WORK_GAP_FRAMES};
use crate::segment::{PackedSegment, SegmentError, Step};

const CONSTELLATIONS_FILE: &str = "audio.constellations";
/// Frames that a search can tell apart on the axis of all parts: some 76,000 hours.
pub(super) const MAX_FRAMES: u64 = 1 << 34;
/// Recordings start at multiples of so many frames: a search counts votes by stretches of the axis, and these cut a
/// recording at the same frames of its own then, whatever lies before it.
const START_FRAMES: u64 = 64;

/// What the index keeps about one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SoundItem {
    pub(super) duration_ms: u64,
    /// Where it starts on the axis of its part.
    pub(super) first_frame: u64,
    #[serde(flatten)]
    constellation: Kept,
}

impl Laid for SoundItem {
    fn first_place(&self) -> u64 {
        self.first_frame
    }

    fn next_place(&self) -> u64 {
        let behind = (self.first_frame)
            .saturating_add(audio::frames_of(self.duration_ms))
            .saturating_add(WORK_GAP_FRAMES);
        behind.checked_next_multiple_of(START_FRAMES).unwrap_or(behind)
    }
}

fn lay(axis: &mut AxisWriter, duration_ms: u64, constellation: &[u8]) -> io::Result<SoundItem> {
    axis.lay(|first_frame, records| {
        Ok(SoundItem {
            duration_ms,
            first_frame,
            constellation: records.keep(constellation)?,
        })
    })
}

impl StoreWriter<SoundStore> {
    /// Keeps a recording: its constellation, and the keys made from that.
    pub(super) fn keep(&mut self, item: &AudioItem) -> Result<SoundItem, SegmentError> {
        self.keep_with(
            |emit| audio::index_keys(&item.constellation, emit),
            |axis| lay(axis, item.duration_ms, &item.constellation),
        )
    }
}

/// Writes the sound of several parts as that of one, and returns what is kept of each recording, in the order of the
/// sources.
pub(super) fn merge(
    folder: &Path,
    sources: &[Source<'_, SoundStore>],
    step: Step<'_>,
) -> Result<Vec<Vec<SoundItem>>, SegmentError> {
    axis::merge(folder, sources, step, |axis, store, old| {
        let constellation = store.constellation(old).ok_or(SegmentError::Damaged {
            what: "constellations",
        })?;
        Ok(lay(axis, old.duration_ms, constellation)?)
    })
}

/// The sound of one part, open for searching.
#[derive(Debug)]
pub(super) struct SoundStore {
    pub(super) segment: PackedSegment,
    constellations: Records,
    axis: PartAxis,
}

impl Store for SoundStore {
    type Work = SoundItem;
    const FILES: [&'static str; 2] = ["audio.postings", CONSTELLATIONS_FILE];
    const METHOD: (&'static str, u32) = (audio::FAMILY, audio::KEY_BITS);
    const PLACE_SHIFT: u32 = PLACE_FRAME_SHIFT;

    fn segment(&self) -> &PackedSegment {
        &self.segment
    }

    fn axis(&self) -> &PartAxis {
        &self.axis
    }
}

impl SoundStore {
    /// Opens the sound of a part with these recordings.
    pub(super) fn open<'a>(
        folder: &Path,
        rows: impl Iterator<Item = Row<'a, SoundItem>>,
    ) -> Result<Self, SegmentError> {
        let otherwise = "the sound was indexed with another method";
        Ok(Self {
            segment: axis::open_postings::<Self>(folder, otherwise)?,
            constellations: Records::open(&folder.join(CONSTELLATIONS_FILE))?,
            axis: PartAxis::new(rows),
        })
    }

    /// Length of the axis.
    pub(super) fn frames(&self) -> u64 {
        self.axis.length()
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.constellations.size_bytes()
    }

    fn constellation(&self, item: &SoundItem) -> Option<&[u8]> {
        self.constellations.get(item.constellation)
    }

    /// Whether the constellation of a recording is whole.
    pub(super) fn is_whole(&self, item: &SoundItem) -> bool {
        self.constellation(item).is_some()
    }

    fn check_read(&self) -> Result<(), SegmentError> {
        self.constellations.check_read("constellations")?;
        self.segment.check_read()
    }
}

/// All parts of an index as one, their recordings numbered on.
pub(super) struct SoundIndex<'a> {
    axis: Axis<'a, SoundStore>,
    total_duration_ms: u64,
}

impl<'a> SoundIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        Self {
            axis: Axis::new(parts, Part::sound_numbers, |part| Some(part.sound_store())),
            total_duration_ms: parts.iter().map(|part| part.totals().sound_duration_ms).sum(),
        }
    }

    fn item(&self, item: u32) -> Option<(&'a SoundStore, &'a SoundItem)> {
        let (part, number) = self.axis.numbered.locate(item)?;
        Some((part.sound_store(), part.sound_item(number)?))
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.axis.numbered.locate(item)?;
        part.sound_name(number)
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        let mut parts = self.axis.numbered.parts().iter();
        parts.try_for_each(|part| part.sound_store().check_read())
    }
}

impl AudioIndex for SoundIndex<'_> {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.axis.for_each_place(keys, limit, visit);
    }

    fn frames(&self) -> u64 {
        self.axis.length()
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        let (part, number, item, start) = self.axis.work_at(frame)?;
        // The places of a removed recording are nobody's, and so are those that are left before the next one starts.
        let length = audio::frames_of(part.sound_item(number)?.duration_ms);
        let end = start.saturating_add(length).saturating_add(WORK_GAP_FRAMES);
        (frame < end).then_some((item, start))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let (store, item) = self.item(item)?;
        store.constellation(item).map(Cow::Borrowed)
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.item(item).map_or(0, |(_, item)| item.duration_ms)
    }

    fn total_duration_ms(&self) -> u64 {
        self.total_duration_ms
    }
}
