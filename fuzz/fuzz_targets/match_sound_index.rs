//! What an index says of sound: places of keys, and the constellations of works.
//!
//! In:  parts between bytes 0xff: places of eight bytes each, then a constellation for each work.
//! Out: no panic; figures that are figures, stretches that run forwards.

#![no_main]

use std::{borrow::Cow, path::PathBuf, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{media, parts, unescape};
use quanlian_match::audio::{AudioIndex, PLACE_FRAME_SHIFT, SearchOptions, search};

/// Frames from the start of one work to that of the next.
const FRAMES_PER_WORK: u64 = 1 << 14;
/// Length that works are said to have: all these frames of 16 ms.
const DURATION_MS: u64 = FRAMES_PER_WORK * 16;

struct Index {
    places: Vec<u64>,
    constellations: Vec<Vec<u8>>,
}

impl AudioIndex for Index {
    fn for_each_place(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        for (index, key) in keys.iter().enumerate() {
            // Each key has the places of one of eight lists.
            let list = self.places.iter().skip(*key as usize % 8).step_by(8);
            for &place in list.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
                visit(index, place % (self.frames() << PLACE_FRAME_SHIFT));
            }
        }
    }

    fn frames(&self) -> u64 {
        FRAMES_PER_WORK * (self.constellations.len() as u64).max(1)
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        let item = frame / FRAMES_PER_WORK;
        Some((u32::try_from(item).ok()?, item * FRAMES_PER_WORK))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.constellations
            .get(item as usize)
            .map(|stars| Cow::Borrowed(&stars[..]))
    }

    fn duration_ms(&self, _: u32) -> u64 {
        DURATION_MS
    }

    fn total_duration_ms(&self) -> u64 {
        DURATION_MS * (self.constellations.len() as u64).max(1)
    }
}

fuzz_target!(|bytes: &[u8]| {
    static SUSPECT: OnceLock<PathBuf> = OnceLock::new();
    let suspect = SUSPECT.get_or_init(media::tones);
    let mut parts = parts(bytes).map(unescape);
    let places = parts.next().unwrap_or_default();
    let (places, _) = places.as_chunks::<8>();
    let index = Index {
        places: places.iter().copied().map(u64::from_le_bytes).collect(),
        constellations: parts.collect(),
    };
    let options = SearchOptions {
        max_e_value: f64::INFINITY,
    };
    let found = search(suspect, &index, &options).expect("the suspect is sound");
    for found in found.matches {
        assert!(found.score_bits.is_finite() && found.e_value >= 0.0 && found.identity.is_finite());
        let runs_forwards = |[from, to]: [u64; 2]| from <= to;
        assert!(
            found
                .segments
                .iter()
                .all(|span| runs_forwards(span.suspect) && runs_forwards(span.work))
        );
    }
});
