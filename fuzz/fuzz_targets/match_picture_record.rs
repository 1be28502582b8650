//! What an index says of pictures: postings, hashes, and records of features and thumbnails.
//!
//! In:  parts between bytes 0xff: postings of five bytes each (item, position), hashes of 32 bytes each, then records.
//! Out: no panic; figures that are figures, boxes that lie in the pictures.

#![no_main]

use std::{borrow::Cow, path::PathBuf, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{file, media, parts, unescape};
use quanlian_match::image::{Hash, ImageIndex, SearchOptions, search};

/// Sides that works are said to have.
const SIDES: [u32; 2] = [640, 480];

struct Index {
    postings: Vec<(u32, u32)>,
    hashes: Vec<Hash>,
    records: Vec<Vec<u8>>,
}

impl Index {
    fn of(bytes: &[u8]) -> Self {
        let mut parts = parts(bytes).map(unescape);
        let (postings, hashes) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (postings, _) = postings.as_chunks::<5>();
        let (hashes, _) = hashes.as_chunks::<32>();
        let word =
            |hash: &[u8; 32], at: usize| u64::from_le_bytes(std::array::from_fn(|byte| hash[8 * at + byte]));
        Self {
            postings: postings
                .iter()
                .map(|[item, a, b, c, d]| (u32::from(*item), u32::from_le_bytes([*a, *b, *c, *d])))
                .collect(),
            hashes: hashes
                .iter()
                .map(|hash| std::array::from_fn(|at| word(hash, at)))
                .collect(),
            records: parts.collect(),
        }
    }
}

impl ImageIndex for Index {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        // Each key has the postings of one of eight lists.
        let list = self.postings.iter().skip(key as usize % 8).step_by(8);
        for &(item, position) in list.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            visit(item, position);
        }
    }

    fn hashes(&self, _: u32) -> &[Hash] {
        &self.hashes
    }

    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.records
            .get(item as usize)
            .map(|record| Cow::Borrowed(&record[..]))
    }

    fn size(&self, _: u32) -> [u32; 2] {
        SIDES
    }

    fn pictures(&self) -> u64 {
        self.records.len() as u64
    }
}

fuzz_target!(|bytes: &[u8]| {
    static SUSPECT: OnceLock<PathBuf> = OnceLock::new();
    let suspect = SUSPECT.get_or_init(|| file("suspect.bmp", &media::bmp()));
    let options = SearchOptions {
        max_e_value: f64::INFINITY,
    };
    let found = search(suspect, &Index::of(bytes), &options).expect("the suspect is a picture");
    for found in found.matches {
        assert!(found.score_bits.is_finite() && found.e_value >= 0.0 && found.identity.is_finite());
        for area in found.segments {
            let [x0, y0, x1, y1] = area.work;
            assert!(x0 < x1 && y0 < y1 && x1 <= u64::from(SIDES[0]) && y1 <= u64::from(SIDES[1]));
        }
    }
});
