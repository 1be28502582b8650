//! The search: one picture against a collection.
//!
//! In:  the plane of a suspect and an [`ImageIndex`].
//! Out: the works that it holds, each with all copies of it.
//!
//! Two ways lead to candidates: hashes of the whole suspect, of what lies inside its border and of rectangles in it; and
//! keys of single features. Both end in the same verification.
//!
//! Not here: decoding, names.

use std::collections::BTreeMap;

use super::candidates::{self, Candidate};
use super::feature::features;
use super::geometry::Affine;
use super::hash::{self, Direction, Waves};
use super::plane::Plane;
use super::verify::{self, Alignment, Suspect, Work};
use super::{ImageIndex, calibration, record, region};

/// Features of a suspect.
const MAX_FEATURES: usize = 1200;
/// Postings of a band of a hash beyond which the band is left out.
const MAX_BAND_POSTINGS: u64 = 5_000;
/// Hashes that differ in more bits are not looked at.
const MAX_HASH_DISTANCE: u32 = 72;
/// Works that are looked at because of their hash, the nearest first.
const MAX_HASH_CANDIDATES: usize = 24;
/// What a hash says counts only when the greys of both pictures agree as well: over all, and in this share of places.
const MIN_CORRELATION: f32 = 0.8;
const MIN_IDENTITY: f32 = 0.6;
/// Less than this of the compared area alike, and spots that agree in less than this share of both pictures: a detail.
const MIN_SHARED_IDENTITY: f32 = 0.75;
const MIN_SPREAD: f32 = 0.15;
/// Copies of one work that are reported.
const MAX_COPIES: usize = 6;
/// Copies whose boxes share more than this of the smaller one are the same copy.
const SAME_COPY: f32 = 0.4;

/// A work found, with its copies, the best first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub(super) item: u32,
    pub(super) copies: Vec<Copy>,
}

/// One place of a suspect that shows a work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Copy {
    /// Bits that have yet to pay for the collection.
    pub(super) bits: f64,
    pub(super) alignment: Alignment,
}

/// Whether there is anything in a plane to go by.
pub(super) struct Substance {
    pub(super) features: usize,
    pub(super) quality: u8,
}

/// A whole picture in the suspect that has nearly the hash of a work.
struct HashCandidate {
    item: u32,
    frame: usize,
    distance: u32,
    area: [usize; 4],
    direction: Direction,
}

/// All works that a plane shows anything of, in order of item.
pub(super) fn search_plane<I: ImageIndex>(plane: &Plane, index: &I) -> (Vec<Hit>, Substance) {
    let waves = Waves::of(plane);
    let by_hash = hash_candidates(plane, &waves, index);
    let features = features(plane, MAX_FEATURES);
    let substance = Substance {
        features: features.len(),
        quality: waves.quality,
    };
    let by_features = candidates::candidates(&features, index);
    let suspect = Suspect::new(plane, features);
    let mut works: BTreeMap<(u32, usize), Option<Work>> = BTreeMap::new();
    let mut found: BTreeMap<u32, Vec<Copy>> = BTreeMap::new();
    for c in by_hash {
        let work = works
            .entry((c.item, c.frame))
            .or_insert_with(|| load(index, c.item, c.frame));
        if let Some(work) = work {
            let map = map_of(plane, &c, work);
            found
                .entry(c.item)
                .or_default()
                .extend(by_hash_copy(&suspect, work, &map, c.distance));
        }
    }
    for Candidate { item, frame, map, .. } in by_features {
        let work = works
            .entry((item, frame))
            .or_insert_with(|| load(index, item, frame));
        if let Some(alignment) = work.as_ref().and_then(|w| verify::align(&suspect, w, &map)) {
            let bits = worth(&alignment, f64::NEG_INFINITY);
            found.entry(item).or_default().push(Copy { bits, alignment });
        }
    }
    let hits = found.into_iter().map(|(item, copies)| Hit {
        item,
        copies: distinct(copies),
    });
    (hits.filter(|h| !h.copies.is_empty()).collect(), substance)
}

fn load<I: ImageIndex>(index: &I, item: u32, frame: usize) -> Option<Work> {
    let frames = record::read(&index.record(item)?)?;
    frames.into_iter().nth(frame).map(Work::new)
}

/// Bits of an alignment; next to none when only a detail is the same, such as a logo on two different pictures.
fn worth(alignment: &Alignment, hash_bits: f64) -> f64 {
    let bits = calibration::copy_bits(alignment.bits, hash_bits, alignment.grey_bits);
    if alignment.identity < MIN_SHARED_IDENTITY && alignment.spread < MIN_SPREAD {
        return bits.min(calibration::DETAIL_BITS);
    }
    bits
}

/// The copy that a hash points to, if the greys bear it out.
fn by_hash_copy(suspect: &Suspect, work: &Work, map: &Affine, distance: u32) -> Option<Copy> {
    let rough = verify::as_is(suspect, work, map)?;
    let fine = verify::align(suspect, work, map);
    let bears_out = |a: &Alignment| a.correlation >= MIN_CORRELATION && a.identity >= MIN_IDENTITY;
    let hash_bits = if bears_out(&rough) || fine.as_ref().is_some_and(bears_out) {
        calibration::hash_bits(distance)
    } else {
        f64::NEG_INFINITY
    };
    let alignment = match fine {
        Some(fine) if worth(&fine, hash_bits) >= worth(&rough, hash_bits) => fine,
        _ => rough,
    };
    let bits = worth(&alignment, hash_bits);
    Some(Copy { bits, alignment })
}

fn hash_candidates<I: ImageIndex>(plane: &Plane, whole: &Waves, index: &I) -> Vec<HashCandidate> {
    let full = [0, 0, plane.width, plane.height];
    let mut nearest: BTreeMap<(u32, usize, [usize; 4]), (u32, Direction)> = BTreeMap::new();
    let mut look = |area: [usize; 4], waves: &Waves| {
        if waves.quality < hash::MIN_QUALITY {
            return;
        }
        for direction in hash::directions() {
            let own = waves.hash(direction);
            let mut seen: Vec<(u32, u32)> = Vec::new();
            for key in hash::probes(&own) {
                index.for_each_posting(super::hash_key(key), MAX_BAND_POSTINGS, |item, frame| {
                    seen.push((item, frame));
                });
            }
            seen.sort_unstable();
            seen.dedup();
            for (item, frame) in seen {
                let Some(other) = index.hashes(item).get(frame as usize) else {
                    continue;
                };
                let distance = hash::distance(&own, other);
                if distance <= MAX_HASH_DISTANCE {
                    let best = nearest
                        .entry((item, frame as usize, area))
                        .or_insert((distance, direction));
                    if distance < best.0 {
                        *best = (distance, direction);
                    }
                }
            }
        }
    };
    look(full, whole);
    let mut areas: Vec<[usize; 4]> = region::trimmed(plane).into_iter().collect();
    areas.extend(region::inner(plane));
    for area in areas {
        look(area, &Waves::of(&plane.cut(area)));
    }
    let mut found: Vec<HashCandidate> = nearest
        .into_iter()
        .map(|((item, frame, area), (distance, direction))| HashCandidate {
            item,
            frame,
            distance,
            area,
            direction,
        })
        .collect();
    found.sort_by_key(|c| (c.distance, c.item, c.frame, c.area));
    found.truncate(MAX_HASH_CANDIDATES);
    found
}

/// Carries the area of a suspect to the whole of a work.
fn map_of(plane: &Plane, candidate: &HashCandidate, work: &Work) -> Affine {
    let long = plane.long_side() as f32;
    let [x0, y0, x1, y1] = candidate.area.map(|side| side as f32 / long);
    let Direction {
        transposed,
        mirrored_x,
        mirrored_y,
    } = candidate.direction;
    // From the area to the unit square, with mirrors …
    let axis = |low: f32, high: f32, mirrored: bool| {
        let scale = 1.0 / (high - low);
        if mirrored {
            (-scale, high * scale)
        } else {
            (scale, -low * scale)
        }
    };
    let ((sx, tx), (sy, ty)) = (axis(x0, x1, mirrored_x), axis(y0, y1, mirrored_y));
    // … and from there to the sides of the work.
    let [w, h] = work.frame().sides;
    let m = if transposed {
        [0.0, sy * w, ty * w, sx * h, 0.0, tx * h]
    } else {
        [sx * w, 0.0, tx * w, 0.0, sy * h, ty * h]
    };
    Affine { m }
}

/// The best copies that do not lie on each other.
fn distinct(mut copies: Vec<Copy>) -> Vec<Copy> {
    copies.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    let mut kept: Vec<Copy> = Vec::new();
    for copy in copies {
        let (here, there) = (copy.alignment.suspect_box, copy.alignment.work_box);
        let same = |k: &Copy| shared(&k.alignment.suspect_box, &here) > SAME_COPY;
        if kept.len() < MAX_COPIES && area(&there) > 0.0 && !kept.iter().any(same) {
            kept.push(copy);
        }
    }
    kept
}

fn area(b: &[f32; 4]) -> f32 {
    (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0)
}

/// Share of the smaller box that lies in the other.
fn shared(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let both = [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])];
    area(&both) / area(a).min(area(b)).max(1e-9)
}
