//! Candidates: the places of works that look like a window of a suspect.
//!
//! In:  looks of the window, a [`VideoIndex`].
//! Out: [`Candidate`]s, the most alike first.
//!
//! A look of the suspect is near one of a work when their hashes differ in few bits; it is found by parts of the hash.
//! Likeness alone is never a match: a fixed camera looks alike for hours. What it gives is where to compare movement.
//!
//! Not here: comparing movement (`verify`).

use std::collections::BTreeMap;

use super::frame::{self, INNER, Look};
use super::{KEYFRAME_BYTES, VideoIndex};
use crate::image::hash::{self, Hash};

/// A key that more looks bear says nothing; black, captions and standing pictures are such.
const MAX_PLACES: u64 = 4_096;
/// Looks that differ in more bits are not alike: different pictures differ in 128 ± 13.
const MAX_DISTANCE: u32 = 92;
/// Steps of one place: candidates nearer than this are one.
pub(super) const PLACE_STEPS: i64 = 12;
/// Places that are compared.
const MAX_CANDIDATES: usize = 24;

/// A place of a work to compare a window with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) item: u32,
    pub(super) mirrored: bool,
    /// The part of the work that the suspect's picture shows, in sides of the work's picture.
    pub(super) area: [f64; 4],
    /// Steps from the suspect to the work, first and last.
    pub(super) shift: [i64; 2],
}

/// How the suspect's picture lies in that of the work: the same, cropped, or with something around it.
const AREAS: [[f64; 4]; 3] = [
    [0.0, 0.0, 1.0, 1.0],
    [INNER as f64, INNER as f64, 1.0 - INNER as f64, 1.0 - INNER as f64],
    [-0.055_6, -0.055_6, 1.055_6, 1.055_6],
];

/// Looks of works, as they are needed.
pub(super) struct Keyframes<'a, I> {
    index: &'a I,
    loaded: BTreeMap<u32, Vec<Keyframe>>,
    count: usize,
}

/// Looks held at once; beyond that they are read again.
const MAX_LOADED: usize = 4 << 20;

#[derive(Debug, Clone, Copy)]
struct Keyframe {
    step: u32,
    hashes: [Hash; 2],
}

impl<'a, I: VideoIndex> Keyframes<'a, I> {
    pub(super) fn new(index: &'a I) -> Self {
        Self {
            index,
            loaded: BTreeMap::new(),
            count: 0,
        }
    }

    fn get(&mut self, item: u32, number: usize) -> Option<Keyframe> {
        if self.count > MAX_LOADED {
            (self.loaded, self.count) = (BTreeMap::new(), 0);
        }
        let (index, count) = (self.index, &mut self.count);
        let of_item = self.loaded.entry(item).or_insert_with(|| {
            let keyframes = index
                .keyframes(item)
                .map(|bytes| read(&bytes))
                .unwrap_or_default();
            *count += keyframes.len();
            keyframes
        });
        of_item.get(number).copied()
    }
}

/// Bytes of the looks of a work, in order.
pub(super) fn write(looks: &[(u32, Look)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(looks.len() * KEYFRAME_BYTES);
    for (step, look) in looks {
        out.extend(step.to_le_bytes());
        for word in look.hashes.iter().flatten() {
            out.extend(word.to_le_bytes());
        }
    }
    out
}

fn read(bytes: &[u8]) -> Vec<Keyframe> {
    let (all, _) = bytes.as_chunks::<KEYFRAME_BYTES>();
    let number = |bytes: &[u8], at: usize| {
        u64::from_le_bytes(std::array::from_fn(|i| bytes.get(at + i).copied().unwrap_or(0)))
    };
    let one = |bytes: &[u8; KEYFRAME_BYTES]| Keyframe {
        step: number(bytes, 0) as u32,
        hashes: std::array::from_fn(|h| std::array::from_fn(|w| number(bytes, 4 + 32 * h + 8 * w))),
    };
    all.iter().map(one).collect()
}

/// Hands the keys of a work to `emit`, each with its place: twice the number of the look, and one for its inner part.
pub(super) fn index_keys(keyframes: &[u8], emit: &mut dyn FnMut(u64, u32)) {
    for (number, keyframe) in read(keyframes).iter().enumerate() {
        for (part, hash) in keyframe.hashes.iter().enumerate() {
            hash::keys(hash).for_each(|key| emit(key, (2 * number + part) as u32));
        }
    }
}

/// What says that two places are one: item, mirrored, which area, and the shift in places.
type Slot = (u32, bool, u8, i64);

/// The places that look most like the window with these looks.
pub(super) fn candidates<I: VideoIndex>(
    looks: &[(u32, Look)],
    keyframes: &mut Keyframes<'_, I>,
) -> Vec<Candidate> {
    let mut votes: BTreeMap<Slot, f32> = BTreeMap::new();
    for (step, look) in looks {
        let mut own: BTreeMap<Slot, f32> = BTreeMap::new();
        for (mirrored, hashes) in [(false, &look.hashes), (true, &look.mirrored)] {
            for (part, hash) in hashes.iter().enumerate() {
                alike(hash, keyframes, &mut |item, of_work, work_part, likeness| {
                    // Both inner parts say what both wholes say.
                    if part + work_part < 2 {
                        let shift = i64::from(of_work) - i64::from(*step);
                        let area = [[0, 1], [2, 0]][part][work_part];
                        let vote = own
                            .entry((item, mirrored, area, shift.div_euclid(PLACE_STEPS)))
                            .or_default();
                        *vote = vote.max(likeness);
                    }
                });
            }
        }
        for (slot, likeness) in own {
            *votes.entry(slot).or_default() += likeness;
        }
    }
    let mut found: Vec<(f32, Slot)> = votes
        .iter()
        .map(|(&(item, mirrored, area, place), &vote)| {
            let next = votes
                .get(&(item, mirrored, area, place + 1))
                .copied()
                .unwrap_or(0.0);
            (vote + next, (item, mirrored, area, place))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut kept: Vec<Candidate> = Vec::new();
    for (_, (item, mirrored, area, place)) in found {
        let area = AREAS[area as usize];
        let shift = [place * PLACE_STEPS, (place + 2) * PLACE_STEPS];
        let is_known = |c: &Candidate| {
            (c.item, c.mirrored, c.area) == (item, mirrored, area)
                && (c.shift[0] - shift[0]).abs() < PLACE_STEPS + 1
        };
        if !kept.iter().any(is_known) {
            kept.push(Candidate {
                item,
                mirrored,
                area,
                shift,
            });
        }
        if kept.len() == MAX_CANDIDATES {
            break;
        }
    }
    kept
}

/// Visits item, step, part and likeness of every look of a work that is near `hash`.
fn alike<I: VideoIndex>(
    hash: &Hash,
    keyframes: &mut Keyframes<'_, I>,
    visit: &mut dyn FnMut(u32, u32, usize, f32),
) {
    let keys: Vec<u64> = hash::probes(hash).collect();
    let mut places = Vec::new();
    keyframes
        .index
        .for_each_place(&keys, MAX_PLACES, |_, place| places.push(place));
    places.sort_unstable();
    places.dedup();
    for place in places {
        let Some((item, first)) = keyframes.index.work_at(place) else {
            continue;
        };
        let (number, part) = ((place - first) / 2, (place - first) as usize % 2);
        let Some(keyframe) = keyframes.get(item, number as usize) else {
            continue;
        };
        let distance = frame::distance(hash, &keyframe.hashes[part]);
        if distance <= MAX_DISTANCE {
            visit(item, keyframe.step, part, (MAX_DISTANCE + 8 - distance) as f32);
        }
    }
}
