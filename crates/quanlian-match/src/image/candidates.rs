//! Candidates: which works a suspect may hold, and how turned and scaled, by the keys that they share.
//!
//! In:  the features of a suspect and an [`ImageIndex`].
//! Out: [`Candidate`]s, the best supported first.
//!
//! Each shared key is a vote for one work and, because spots have size and direction, for one similarity. Votes of one
//! work that agree on the similarity support each other; chance votes scatter. Keys that very many places share (text,
//! logos, the tick of a common emoji) are left out: they are the stop words of pictures.
//!
//! Not here: whether a candidate is a copy (`verify`).

use std::f32::consts::TAU;

use super::ImageIndex;
use super::feature::{Feature, MIRROR};
use super::geometry::{Affine, Pair, angle_between};
use super::medians::KEY;

/// Bits of a key of a feature.
pub(super) const FEATURE_KEY_BITS: u32 = KEY.len() as u32;
/// Keys with more postings than this are stop words.
pub(super) const MAX_POSTINGS: u64 = 500;
/// Keys that one feature is looked up by: its own and those with the least sure bits turned over.
const PROBES: usize = 8;
/// Least sure bits that are tried in all combinations.
const UNSURE_BITS: usize = 6;
/// Votes of one work that are compared with each other.
const MAX_VOTES_PER_ITEM: usize = 400;
/// Votes of one work from which similarities are taken.
const MAX_SEEDS: usize = 48;
/// Similarities of one work that become candidates: several copies of it in one picture.
const MAX_PER_ITEM: usize = 6;
/// Votes that agree, below which nothing is looked at closer.
const MIN_SUPPORT: usize = 2;
/// Candidates that are looked at closer.
pub(super) const MAX_CANDIDATES: usize = 48;

/// Votes agree when their places do within this, and [`SPREAD_PER_LENGTH`] of their distance, in long sides.
const PLACE_SPREAD: f32 = 0.02;
const SPREAD_PER_LENGTH: f32 = 0.2;
/// … and their sizes within this factor, as a logarithm to the base of two …
const SIZE_SPREAD: f32 = 0.6;
/// … and their directions within this angle.
const ANGLE_SPREAD: f32 = 0.4;

const PLACE_BITS: u32 = 9;
const FRAME_BITS: u32 = 3;
const SIZE_BITS: u32 = 5;
const ANGLE_BITS: u32 = 6;
const SIZE_STEPS: f32 = 3.5;
const MIN_LOG_SIGMA: f32 = -9.5;

/// A place of a work that a key points to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) frame: usize,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) log_sigma: f32,
    pub(super) angle: f32,
}

/// A work, and the similarity that would carry the suspect to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) item: u32,
    pub(super) frame: usize,
    pub(super) map: Affine,
    pub(super) support: f32,
}

/// The key of a feature.
pub(super) fn key(sketch: u128) -> u64 {
    let bit = |(i, k): (usize, &super::medians::KeyBit)| ((sketch >> k.bit & 1) as u64) << i;
    KEY.iter().enumerate().map(bit).sum()
}

/// Packs the place of a feature into the position of a posting.
pub(super) fn position(frame: usize, feature: &Feature) -> u32 {
    let scaled = |value: f32, bits: u32| ((value * (1u32 << bits) as f32) as u32).min((1 << bits) - 1);
    let size = ((feature.sigma.log2() - MIN_LOG_SIGMA) * SIZE_STEPS).clamp(0.0, 31.0) as u32;
    let mut packed = frame as u32;
    for (value, bits) in [
        (scaled(feature.x, PLACE_BITS), PLACE_BITS),
        (scaled(feature.y, PLACE_BITS), PLACE_BITS),
        (size, SIZE_BITS),
        (scaled(feature.angle / TAU, ANGLE_BITS), ANGLE_BITS),
    ] {
        packed = packed << bits | value;
    }
    packed
}

/// The place in a position.
pub(super) fn place(mut packed: u32) -> Place {
    let mut take = |bits: u32| {
        let value = packed & ((1 << bits) - 1);
        packed >>= bits;
        value as f32 + 0.5
    };
    let angle = take(ANGLE_BITS) / (1 << ANGLE_BITS) as f32 * TAU;
    let log_sigma = take(SIZE_BITS) / SIZE_STEPS + MIN_LOG_SIGMA;
    let y = take(PLACE_BITS) / (1 << PLACE_BITS) as f32;
    let x = take(PLACE_BITS) / (1 << PLACE_BITS) as f32;
    Place {
        frame: (packed & ((1 << FRAME_BITS) - 1)) as usize,
        x,
        y,
        log_sigma,
        angle,
    }
}

/// What to turn over in a key, the likeliest first: nothing, then the bits nearest to their medians.
fn flips(feature: &Feature) -> [u64; PROBES] {
    let mut doubt = [(f32::INFINITY, 0usize); UNSURE_BITS];
    for (i, k) in KEY.iter().enumerate() {
        let margin = feature.margins[usize::from(k.bit)] / k.noise;
        let cost = margin * margin;
        if cost < doubt[UNSURE_BITS - 1].0 {
            let at = doubt.partition_point(|d| d.0 <= cost);
            doubt[at..].rotate_right(1);
            doubt[at] = (cost, i);
        }
    }
    let mut sums = [(0.0f32, 0u64); 1 << UNSURE_BITS];
    for set in 1..sums.len() {
        let lowest = set.trailing_zeros() as usize;
        let (cost, mask) = sums[set & (set - 1)];
        sums[set] = (cost + doubt[lowest].0, mask | 1 << doubt[lowest].1);
    }
    sums.select_nth_unstable_by(PROBES - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    std::array::from_fn(|i| sums[i].1)
}

/// A key that suspect and work share.
#[derive(Debug, Clone, Copy)]
struct Vote {
    item: u32,
    /// Index of the feature of the suspect.
    feature: u32,
    position: u32,
    mirrored: bool,
    weight: f32,
}

/// The candidates for copies in a suspect with these features, best first, at most [`MAX_CANDIDATES`].
pub(super) fn candidates<I: ImageIndex>(features: &[Feature], index: &I) -> Vec<Candidate> {
    let mut votes = collect(features, index);
    votes.sort_unstable_by_key(|v| (v.item, v.feature, v.position, v.mirrored));
    let mut found = Vec::new();
    for group in votes.chunk_by(|a, b| a.item == b.item) {
        if group.len() >= MIN_SUPPORT {
            agree(features, group, &mut found);
        }
    }
    found.sort_by(|a, b| b.support.total_cmp(&a.support).then(a.item.cmp(&b.item)));
    found.truncate(MAX_CANDIDATES);
    found
}

fn collect<I: ImageIndex>(features: &[Feature], index: &I) -> Vec<Vote> {
    let mut looked_up = Vec::with_capacity(features.len() * 2 * PROBES);
    let mirror = key(MIRROR);
    for (number, feature) in features.iter().enumerate() {
        let own = key(feature.sketch);
        for flip in flips(feature) {
            looked_up.push((own ^ flip, number as u32, false));
            looked_up.push((own ^ flip ^ mirror, number as u32, true));
        }
    }
    let mut votes = Vec::new();
    for (key, feature, mirrored) in looked_up {
        let start = votes.len();
        index.for_each_posting(key, MAX_POSTINGS, |item, position| {
            votes.push(Vote {
                item,
                feature,
                position,
                mirrored,
                weight: 0.0,
            });
        });
        // A key that few places share says more.
        let weight = 1.0 / (1.0 + 0.3 * ((votes.len() - start).max(1) as f32).log2());
        for vote in &mut votes[start..] {
            vote.weight = weight;
        }
    }
    votes
}

/// A vote with the similarity that it stands for.
struct Seed<'a> {
    vote: &'a Vote,
    suspect: [f32; 2],
    work: Place,
    turn: f32,
    log_scale: f32,
}

/// Adds the similarities of one work on which several votes agree.
fn agree(features: &[Feature], group: &[Vote], found: &mut Vec<Candidate>) {
    let mut strongest: Vec<&Vote> = group.iter().collect();
    if strongest.len() > MAX_VOTES_PER_ITEM {
        strongest.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        strongest.truncate(MAX_VOTES_PER_ITEM);
    }
    let seeds: Vec<Seed<'_>> = strongest.into_iter().map(|vote| seed(features, vote)).collect();
    let mut used = vec![false; seeds.len()];
    for _ in 0..MAX_PER_ITEM {
        let mut best: Option<(f32, Vec<usize>)> = None;
        let open = (0..seeds.len()).filter(|&i| !used[i]);
        for i in open.take(MAX_SEEDS) {
            let with: Vec<usize> = (0..seeds.len())
                .filter(|&j| !used[j] && fits(&seeds[i], &seeds[j]))
                .collect();
            let support = support(&seeds, &with);
            if with.len() >= MIN_SUPPORT && best.as_ref().is_none_or(|b| support > b.0) {
                best = Some((support, with));
            }
        }
        let Some((support, with)) = best else { return };
        let first = &seeds[with[0]];
        if let Some(map) = fit(&seeds, &with)
            && support > 1.0
        {
            found.push(Candidate {
                item: first.vote.item,
                frame: first.work.frame,
                map,
                support,
            });
        }
        for j in with {
            used[j] = true;
        }
    }
}

fn seed<'a>(features: &[Feature], vote: &'a Vote) -> Seed<'a> {
    let feature = &features[vote.feature as usize];
    let work = place(vote.position);
    let angle = if vote.mirrored {
        TAU / 2.0 - feature.angle
    } else {
        feature.angle
    };
    Seed {
        vote,
        suspect: [feature.x, feature.y],
        work,
        turn: work.angle - angle,
        log_scale: work.log_sigma - feature.sigma.log2(),
    }
}

/// Whether the second vote lies where the first one's similarity carries it.
fn fits(a: &Seed<'_>, b: &Seed<'_>) -> bool {
    if a.vote.mirrored != b.vote.mirrored
        || a.work.frame != b.work.frame
        || (a.log_scale - b.log_scale).abs() > SIZE_SPREAD
        || angle_between(a.turn, b.turn) > ANGLE_SPREAD
    {
        return false;
    }
    let map = a.map();
    let [x, y] = map.apply(b.suspect);
    let (dx, dy) = (x - b.work.x, y - b.work.y);
    let length = (a.work.x - b.work.x).hypot(a.work.y - b.work.y);
    dx.hypot(dy) <= PLACE_SPREAD + SPREAD_PER_LENGTH * length
}

impl Seed<'_> {
    fn map(&self) -> Affine {
        let work = [self.work.x, self.work.y];
        Affine::from_spots(
            self.suspect,
            work,
            self.log_scale.exp2(),
            self.turn,
            self.vote.mirrored,
        )
    }
}

/// Weight of the votes, each feature of the suspect and each place of the work counted once.
fn support(seeds: &[Seed<'_>], with: &[usize]) -> f32 {
    let mut features: Vec<(u32, f32)> = with
        .iter()
        .map(|&i| (seeds[i].vote.feature, seeds[i].vote.weight))
        .collect();
    features.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    features.dedup_by_key(|f| f.0);
    let mut places: Vec<u32> = with
        .iter()
        .map(|&i| seeds[i].vote.position >> (SIZE_BITS + ANGLE_BITS))
        .collect();
    places.sort_unstable();
    places.dedup();
    features.iter().map(|f| f.1).sum::<f32>().min(places.len() as f32)
}

/// One map for all votes, or that of the first when they do not determine one.
fn fit(seeds: &[Seed<'_>], with: &[usize]) -> Option<Affine> {
    let first = &seeds[*with.first()?];
    let pairs: Vec<Pair> = with
        .iter()
        .map(|&i| Pair {
            suspect: seeds[i].suspect,
            work: [seeds[i].work.x, seeds[i].work.y],
            weight: seeds[i].vote.weight,
        })
        .collect();
    let spread = |axis: usize| {
        let values = || pairs.iter().map(|p| p.work[axis]);
        values().fold(f32::NEG_INFINITY, f32::max) - values().fold(f32::INFINITY, f32::min)
    };
    if pairs.len() < 3 || spread(0).max(spread(1)) < 0.05 {
        return Some(first.map());
    }
    Affine::similarity(&pairs, first.vote.mirrored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feature(x: f32, y: f32, sigma: f32, angle: f32) -> Feature {
        Feature {
            x,
            y,
            sigma,
            angle,
            sketch: 0,
            margins: std::array::from_fn(|i| (i + 1) as f32),
        }
    }

    proptest! {
        #[test]
        fn positions_come_back(frame in 0..8usize, x in 0.0..1.0f32, y in 0.0..1.0f32, sigma in 0.002..0.3f32, angle in 0.0..TAU) {
            let place = place(position(frame, &feature(x, y, sigma, angle)));
            prop_assert_eq!(place.frame, frame);
            prop_assert!((place.x - x).abs() < 0.002 && (place.y - y).abs() < 0.002);
            prop_assert!((place.log_sigma - sigma.log2()).abs() < 0.3);
            prop_assert!(angle_between(place.angle, angle) < 0.1);
        }
    }

    #[test]
    fn the_least_sure_bits_are_turned_over_first() {
        let mut unsure = feature(0.5, 0.5, 0.01, 0.0);
        unsure.margins[usize::from(KEY[5].bit)] = 0.0;
        let all = flips(&unsure);
        assert!(all.contains(&0) && all.contains(&(1 << 5)));
        let different: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(different.len(), PROBES);
    }

    #[test]
    fn a_mirrored_sketch_has_the_mirrored_key() {
        let sketch = 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978;
        assert_eq!(key(sketch ^ MIRROR), key(sketch) ^ key(MIRROR));
        assert_ne!(key(MIRROR), 0);
    }
}
