//! The sound of an index part: postings, and the constellations to verify on.
//!
//! In:  what `audio` makes of the works.
//! Out: two files, and over all parts of an index the view that `audio` searches.
//!
//! Invariants: no constellation is handed out before its checksum was compared; damage
//! found during a search is told by [`SoundIndex::check_read`] after it.
//!
//! Not here: fingerprints and searching (`audio`).

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use quanlian_mmap::ReadOnlyMap;
use serde::{Deserialize, Serialize};

use super::part::Part;
use crate::audio::{self, AudioError, AudioIndex, AudioItem};
use crate::segment::{Segment, SegmentError, SegmentParameters, SegmentWriter};

const POSTINGS_FILE: &str = "audio.postings";
const CONSTELLATIONS_FILE: &str = "audio.constellations";
/// Postings that a thread collects before it asks for the writer.
const BATCH_POSTINGS: usize = 1 << 14;

/// What the index keeps about one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SoundItem {
    pub(super) duration_ms: u64,
    /// Bytes of the constellation in its file, and their CRC-32.
    constellation: [u64; 2],
    crc32: u32,
}

/// Writes the sound of one part; several threads may fingerprint at once.
pub(super) struct SoundStoreWriter {
    segment: Mutex<SegmentWriter>,
    constellations: BufWriter<File>,
    written: u64,
}

/// Why a recording could not be fingerprinted.
pub(super) enum SoundError {
    /// The recording is at fault.
    Audio(AudioError),
    /// The index cannot be written.
    Index(SegmentError),
}

impl SoundStoreWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        let parameters = SegmentParameters::new(audio::FAMILY, audio::KEY_BITS)?;
        Ok(Self {
            segment: Mutex::new(SegmentWriter::create(&folder.join(POSTINGS_FILE), &parameters)?),
            constellations: BufWriter::new(File::create(folder.join(CONSTELLATIONS_FILE))?),
            written: 0,
        })
    }

    /// Fingerprints one recording under a number that no other has; the number is spent
    /// even when this fails.
    pub(super) fn fingerprint(&self, number: u32, path: &Path) -> Result<AudioItem, SoundError> {
        let mut batch: Vec<(u64, u32)> = Vec::with_capacity(BATCH_POSTINGS);
        let mut failed = None;
        let mut flush = |batch: &mut Vec<(u64, u32)>| {
            let mut segment = self
                .segment
                .lock()
                .expect("no thread panics while it holds the writer");
            for (key, position) in batch.drain(..) {
                if let Err(e) = segment.push(key, number, position) {
                    failed = Some(e);
                    return;
                }
            }
        };
        let item = audio::fingerprint_reference(path, &mut |key, position| {
            batch.push((key, position));
            if batch.len() == BATCH_POSTINGS {
                flush(&mut batch);
            }
        });
        flush(&mut batch);
        match failed {
            Some(e) => Err(SoundError::Index(e)),
            None => item.map_err(SoundError::Audio),
        }
    }

    /// Keeps the constellation of a recording.
    pub(super) fn keep(&mut self, item: &AudioItem) -> io::Result<SoundItem> {
        self.constellations.write_all(&item.constellation)?;
        let start = self.written;
        self.written += item.constellation.len() as u64;
        Ok(SoundItem {
            duration_ms: item.duration_ms,
            constellation: [start, self.written],
            crc32: crc32fast::hash(&item.constellation),
        })
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.constellations
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        self.segment
            .into_inner()
            .expect("no thread panics while it holds the writer")
            .finish()?;
        Ok(())
    }
}

/// The sound of one part, open for searching.
#[derive(Debug)]
pub(super) struct SoundStore {
    pub(super) segment: Segment,
    constellations: ReadOnlyMap,
    damaged: AtomicBool,
}

impl SoundStore {
    pub(super) fn open(folder: &Path) -> Result<Self, SegmentError> {
        let segment = Segment::open(&folder.join(POSTINGS_FILE))?;
        if segment.family() != audio::FAMILY || segment.key_bits() != audio::KEY_BITS {
            return Err(SegmentError::Damaged {
                what: "the sound was indexed with another method",
            });
        }
        let constellations = ReadOnlyMap::open(&folder.join(CONSTELLATIONS_FILE))?;
        Ok(Self {
            segment,
            constellations,
            damaged: AtomicBool::new(false),
        })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.constellations.len() as u64
    }

    fn constellation(&self, item: &SoundItem) -> Option<&[u8]> {
        let [start, end] = item.constellation.map(usize::try_from);
        let bytes = (start.ok().zip(end.ok()))
            .and_then(|(start, end)| self.constellations.get(start..end))
            .filter(|bytes| crc32fast::hash(bytes) == item.crc32);
        if bytes.is_none() {
            self.damaged.store(true, Ordering::Relaxed);
        }
        bytes
    }

    fn check_read(&self) -> Result<(), SegmentError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(SegmentError::Damaged {
                what: "constellations",
            });
        }
        self.segment.check_read()
    }
}

/// All parts of an index as one, their recordings numbered on.
pub(super) struct SoundIndex<'a> {
    parts: &'a [Part],
    /// Number of the first recording of each part.
    first: Vec<u32>,
    total_duration_ms: u64,
}

impl<'a> SoundIndex<'a> {
    pub(super) fn new(parts: &'a [Part]) -> Self {
        let mut first = Vec::with_capacity(parts.len());
        let (mut next, mut total_duration_ms) = (0u32, 0u64);
        for part in parts {
            first.push(next);
            next = next.saturating_add(part.sound_numbers());
            total_duration_ms += part.sound_duration_ms();
        }
        Self {
            parts,
            first,
            total_duration_ms,
        }
    }

    /// The part of a recording and its number there.
    fn locate(&self, item: u32) -> Option<(&'a Part, u32)> {
        let part = self
            .first
            .partition_point(|&first| first <= item)
            .checked_sub(1)?;
        Some((&self.parts[part], item - self.first[part]))
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
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        for (part, &first) in self.parts.iter().zip(&self.first) {
            for posting in part.sound_store().segment.postings_of_rare(key, limit) {
                // A number that no recording bears is a recording that failed half way.
                visit(first.saturating_add(posting.item), posting.position);
            }
        }
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
