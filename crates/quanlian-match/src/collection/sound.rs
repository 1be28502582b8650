//! The sound of an index part: postings, and the constellations to verify on.
//!
//! In:  what `audio` makes of the works.
//! Out: two files, and over all parts of an index the view that `audio` searches.
//!
//! The recordings of a part lie one behind the other on an axis of frames, in order of their numbers; the axes of the
//! parts follow one another.
//!
//! Invariant: damage found during a search is told by [`SoundIndex::check_read`] after it.
//!
//! Not here: fingerprints and searching (`audio`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::part::Part;
use super::records::{Records, RecordsWriter};
use crate::audio::{self, AudioIndex, AudioItem, PLACE_FRAME_SHIFT, WORK_GAP_FRAMES};
use crate::segment::{Moved, PackedSegment, PackedWriter, SegmentError, SegmentParameters, Step};

const POSTINGS_FILE: &str = "audio.postings";
const CONSTELLATIONS_FILE: &str = "audio.constellations";
/// Frames that a search can tell apart on the axis of all parts: some 76,000 hours.
pub(super) const MAX_FRAMES: u64 = 1 << 34;
/// What the index keeps about one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SoundItem {
    pub(super) duration_ms: u64,
    /// Where it starts on the axis of its part.
    pub(super) first_frame: u64,
    /// Bytes of the constellation in its file, and their CRC-32.
    constellation: [u64; 2],
    crc32: u32,
}

impl SoundItem {
    /// The frame of the axis where the next recording may start.
    fn next_frame(&self) -> u64 {
        self.first_frame
            .saturating_add(audio::frames_of(self.duration_ms) + WORK_GAP_FRAMES)
    }
}

/// Writes the sound of one part.
pub(super) struct SoundStoreWriter {
    segment: PackedWriter,
    axis: Axis,
}

/// The constellations of a part and the axis that its recordings lie on, as they are written.
struct Axis {
    next_frame: u64,
    constellations: RecordsWriter,
}

impl Axis {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            next_frame: 0,
            constellations: RecordsWriter::create(&folder.join(CONSTELLATIONS_FILE))?,
        })
    }

    fn lay(&mut self, duration_ms: u64, constellation: &[u8]) -> io::Result<SoundItem> {
        let kept = self.constellations.keep(constellation)?;
        let item = SoundItem {
            duration_ms,
            first_frame: self.next_frame,
            constellation: kept.bytes,
            crc32: kept.crc32,
        };
        self.next_frame = item.next_frame();
        Ok(item)
    }
}

impl SoundStoreWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        let parameters = SegmentParameters::new(audio::FAMILY, audio::KEY_BITS)?;
        Ok(Self {
            segment: PackedWriter::create(&folder.join(POSTINGS_FILE), &parameters)?,
            axis: Axis::create(folder)?,
        })
    }

    /// Keeps a recording: its constellation, and the keys made from that.
    pub(super) fn keep(&mut self, item: &AudioItem) -> Result<SoundItem, SegmentError> {
        let base = self.axis.next_frame << PLACE_FRAME_SHIFT;
        let mut pushed = Ok(());
        audio::index_keys(&item.constellation, &mut |key, position| {
            if pushed.is_ok() {
                pushed = self.segment.push(key, base + u64::from(position));
            }
        });
        pushed?;
        Ok(self.axis.lay(item.duration_ms, &item.constellation)?)
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.axis.constellations.finish()?;
        self.segment.finish()?;
        Ok(())
    }
}

/// Recordings of one part that go into another, with their numbers, in the order of their axis.
pub(super) struct SoundSource<'a> {
    pub(super) store: &'a SoundStore,
    pub(super) items: Vec<(u32, &'a SoundItem)>,
}

/// Writes the sound of several parts as that of one, and returns what is kept of each recording, in the order of the
/// sources.
pub(super) fn merge(
    folder: &Path,
    sources: &[SoundSource<'_>],
    step: Step<'_>,
) -> Result<Vec<Vec<SoundItem>>, SegmentError> {
    let mut axis = Axis::create(folder)?;
    let mut kept = Vec::with_capacity(sources.len());
    // Of each source: where its recordings start, and where those that are kept start now.
    let mut moves: Vec<Vec<Move>> = Vec::with_capacity(sources.len());
    for source in sources {
        let mut starts: Vec<Move> = source
            .store
            .starts
            .iter()
            .map(|&(start, _)| (start, None))
            .collect();
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let constellation = source.store.constellation(item).ok_or(SegmentError::Damaged {
                what: "constellations",
            })?;
            let new = axis.lay(item.duration_ms, constellation)?;
            if let Ok(at) = starts.binary_search_by_key(&item.first_frame, |&(start, _)| start) {
                starts[at].1 = Some(new.first_frame);
            }
            of_source.push(new);
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
        moves.push(starts);
    }
    axis.constellations.finish()?;
    let movers: Vec<_> = moves
        .iter()
        .map(|starts| move |place: u64| moved(starts, place, PLACE_FRAME_SHIFT))
        .collect();
    let postings: Vec<Moved<'_>> = (sources.iter().zip(&movers))
        .map(|(source, mover)| (&source.store.segment, mover as &dyn Fn(u64) -> Option<u64>))
        .collect();
    let parameters = SegmentParameters::new(audio::FAMILY, audio::KEY_BITS)?;
    PackedWriter::merge(&folder.join(POSTINGS_FILE), &parameters, &postings, step)?;
    Ok(kept)
}

/// Where a work starts on the axis of its part, and where it starts in the merged part if it is kept.
pub(super) type Move = (u64, Option<u64>);

/// Where a place of a part lies in the merged one, when its work was kept; the axis counts what is left of the lowest
/// `shift` bits of a place.
pub(super) fn moved(starts: &[Move], place: u64, shift: u32) -> Option<u64> {
    let behind = starts.partition_point(|&(start, _)| start <= place >> shift);
    let (old, new) = starts[behind.checked_sub(1)?];
    place.checked_sub(old << shift)?.checked_add(new? << shift)
}

/// The sound of one part, open for searching.
#[derive(Debug)]
pub(super) struct SoundStore {
    pub(super) segment: PackedSegment,
    constellations: Records,
    /// First frame and number of each recording, in order.
    starts: Vec<(u64, u32)>,
    /// Length of the axis.
    frames: u64,
}

impl SoundStore {
    /// Opens the sound of a part whose table of works lists `items` with their numbers.
    pub(super) fn open<'a>(
        folder: &Path,
        items: impl Iterator<Item = (u32, &'a SoundItem)>,
    ) -> Result<Self, SegmentError> {
        let segment = PackedSegment::open(&folder.join(POSTINGS_FILE))?;
        if segment.family() != audio::FAMILY || segment.key_bits() != audio::KEY_BITS {
            return Err(SegmentError::Damaged {
                what: "the sound was indexed with another method",
            });
        }
        let constellations = Records::open(&folder.join(CONSTELLATIONS_FILE))?;
        let (mut starts, mut frames) = (Vec::new(), 0);
        for (number, item) in items {
            starts.push((item.first_frame, number));
            frames = item.next_frame().max(frames);
        }
        starts.sort_unstable();
        Ok(Self {
            segment,
            constellations,
            starts,
            frames,
        })
    }

    /// Length of the axis.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.constellations.size_bytes()
    }

    fn constellation(&self, item: &SoundItem) -> Option<&[u8]> {
        self.constellations.get(item.constellation, item.crc32)
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
    parts: &'a [Arc<Part>],
    /// Number of the first recording of each part.
    first: Vec<u32>,
    /// Where the axis of each part starts on the axis of all.
    first_frame: Vec<u64>,
    frames: u64,
    total_duration_ms: u64,
}

impl<'a> SoundIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        let mut first = Vec::with_capacity(parts.len());
        let mut first_frame = Vec::with_capacity(parts.len());
        let (mut next, mut frames, mut total_duration_ms) = (0u32, 0u64, 0u64);
        for part in parts {
            first.push(next);
            first_frame.push(frames);
            frames = frames.saturating_add(part.sound_store().frames);
            next = next.saturating_add(part.sound_numbers());
            total_duration_ms += part.sound_duration_ms();
        }
        Self {
            parts,
            first,
            first_frame,
            frames,
            total_duration_ms,
        }
    }

    /// The part of a recording and its number there.
    fn locate(&self, item: u32) -> Option<(&'a Part, u32)> {
        let part = self
            .first
            .partition_point(|&first| first <= item)
            .checked_sub(1)?;
        Some((&*self.parts[part], item - self.first[part]))
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.locate(item)?;
        part.sound_name(number)
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        self.parts.iter().try_for_each(|p| p.sound_store().check_read())
    }
}

impl AudioIndex for SoundIndex<'_> {
    fn for_each_place(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        for (part, &first_frame) in self.parts.iter().zip(&self.first_frame) {
            let base = first_frame << PLACE_FRAME_SHIFT;
            part.sound_store().segment.for_each(keys, limit, |index, place| {
                visit(index, base.saturating_add(place));
            });
        }
    }

    fn frames(&self) -> u64 {
        self.frames
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        let at = self
            .first_frame
            .partition_point(|&first| first <= frame)
            .checked_sub(1)?;
        let part = &self.parts[at];
        let starts = &part.sound_store().starts;
        let base = self.first_frame[at];
        let index = starts
            .partition_point(|&(start, _)| start <= frame - base)
            .checked_sub(1)?;
        let (start, number) = starts[index];
        // The places of a removed recording are nobody's.
        part.sound_item(number)?;
        Some((self.first[at].saturating_add(number), base + start))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let (part, number) = self.locate(item)?;
        part.sound_store()
            .constellation(part.sound_item(number)?)
            .map(Cow::Borrowed)
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.locate(item)
            .and_then(|(part, number)| part.sound_item(number))
            .map_or(0, |i| i.duration_ms)
    }

    fn total_duration_ms(&self) -> u64 {
        self.total_duration_ms
    }
}
