//! Verification: is the suspect, carried over by a map, the work, and how surely?
//!
//! In:  a [`Suspect`], a [`Work`] and a first map.
//! Out: an [`Alignment`]: the map fitted to all features, evidence in bits, boxes, the share of the area that agrees.
//!
//! The model of chance is measured on the very pair: how many features of the work *elsewhere* look like a feature of
//! the suspect, at the size and direction that the map gives it. In a pattern that repeats itself, in rows of letters or
//! windows, many do, and agreement there counts for next to nothing.
//!
//! Not here: what the counts are worth (`calibration`), comparing greys (`greys`).

mod greys;

use super::calibration::{self, Chance};
use super::feature::{Feature, MIRROR};
use super::geometry::{Affine, Pair, angle_between};
use super::plane::Plane;
use super::record::{Frame, Mark, THUMB_SIDE};
use greys::{Agreement, agrees, correlate, grey_bits, trim};

/// Bits in which sketches of one spot may differ: nineteen of twenty do in fewer.
const MAX_DISTANCE: u32 = 28;
/// Sizes may differ by this factor, as a logarithm to the base of two.
const SIZE_SPREAD: f32 = 0.6;
/// Directions may differ by this.
const ANGLE_SPREAD: f32 = 0.35;
/// How far from their place spots may lie in each round of fitting, in long sides.
const ROUNDS: [f32; 4] = [0.05, 0.025, 0.012, 0.008];
/// Pairs of spots below which the map stays a similarity.
const MIN_AFFINE_PAIRS: usize = 8;
/// A copy is not pressed together more than this.
const MAX_STRETCH: f32 = 2.0;
/// Pairs of spots below which a fit is given up.
const MIN_PAIRS: usize = 2;
/// Spots nearer to each other than this count as one.
const SAME_SPOT: f32 = 0.012;
/// Side of the grid that marks are looked up in.
const GRID: usize = 24;

/// A suspect picture, prepared once for many works.
pub(super) struct Suspect {
    /// Sides in long sides.
    pub(super) sides: [f32; 2],
    pub(super) features: Vec<Feature>,
    /// The plane and its halves, quarters and so on.
    mips: Vec<Plane>,
}

/// A frame of a work, prepared for looking up marks by place.
pub(super) struct Work {
    frame: Frame,
    cells: Vec<Vec<u16>>,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alignment {
    pub(super) map: Affine,
    /// Bits of the features, before anything is paid.
    pub(super) bits: f64,
    /// Spots that agree, each place counted once.
    pub(super) spots: usize,
    /// Share of the compared area that agrees.
    pub(super) identity: f32,
    /// Correlation over everything that is visible of the work.
    pub(super) correlation: f32,
    /// Bits of the details of the greys agreeing, before anything is paid.
    pub(super) grey_bits: f64,
    /// Share of the work, or of the suspect if it is larger, around the spots that agree.
    pub(super) spread: f32,
    /// In long sides of the suspect and of the work: `[x0, y0, x1, y1]`.
    pub(super) suspect_box: [f32; 4],
    pub(super) work_box: [f32; 4],
}

/// A feature of the suspect and the mark of the work that it falls on.
#[derive(Debug, Clone, Copy)]
struct Link {
    feature: usize,
    mark: usize,
    distance: u32,
}

impl Suspect {
    pub(super) fn new(plane: &Plane, features: Vec<Feature>) -> Self {
        let long = plane.long_side() as f32;
        let mut mips = vec![plane.clone()];
        while let Some(last) = mips.last()
            && last.width.min(last.height) > 8
        {
            let half = last.resized(last.width / 2, last.height / 2);
            mips.push(half);
        }
        Self {
            sides: [plane.width as f32 / long, plane.height as f32 / long],
            features,
            mips,
        }
    }

    /// The mean grey of about `size` long sides around a place.
    fn grey(&self, [x, y]: [f32; 2], size: f32) -> f32 {
        let long = self.mips[0].long_side() as f32;
        let level = ((size * long).log2().floor().max(0.0) as usize).min(self.mips.len() - 1);
        let plane = &self.mips[level];
        let scale = [
            plane.width as f32 / self.sides[0],
            plane.height as f32 / self.sides[1],
        ];
        plane.between(x * scale[0], y * scale[1])
    }
}

impl Work {
    pub(super) fn new(frame: Frame) -> Self {
        let mut cells = vec![Vec::new(); GRID * GRID];
        for (i, mark) in frame.marks.iter().enumerate() {
            cells[cell(mark.y) * GRID + cell(mark.x)].push(i as u16);
        }
        Self { frame, cells }
    }

    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    fn marks_near(&self, [x, y]: [f32; 2], radius: f32) -> impl Iterator<Item = (usize, &Mark)> {
        let (left, right) = (cell(x - radius), cell(x + radius));
        let rows = cell(y - radius)..=cell(y + radius);
        rows.flat_map(move |row| {
            self.cells[row * GRID + left..=row * GRID + right]
                .iter()
                .flatten()
        })
        .map(|&i| (usize::from(i), &self.frame.marks[usize::from(i)]))
        .filter(move |(_, mark)| (mark.x - x).hypot(mark.y - y) <= radius)
    }
}

fn cell(at: f32) -> usize {
    ((at * GRID as f32) as usize).min(GRID - 1)
}

/// Where the map carries a feature, and what it should look like there.
struct Carried {
    place: [f32; 2],
    log_sigma: f32,
    angle: f32,
    sketch: u128,
}

impl Carried {
    fn by(map: &Affine, feature: &Feature) -> Self {
        Self {
            place: map.apply([feature.x, feature.y]),
            log_sigma: feature.sigma.log2() + map.scale().log2(),
            angle: map.angle(feature.angle),
            sketch: if map.mirrors() {
                feature.sketch ^ MIRROR
            } else {
                feature.sketch
            },
        }
    }

    /// Same size and direction, wherever it lies.
    fn is_like(&self, mark: &Mark) -> bool {
        (self.log_sigma - mark.log_sigma).abs() <= SIZE_SPREAD
            && angle_between(self.angle, mark.angle) <= ANGLE_SPREAD
    }

    fn distance(&self, mark: &Mark) -> u32 {
        (self.sketch ^ mark.sketch).count_ones()
    }
}

/// Fits the map and weighs what agrees; `None` when hardly anything does.
pub(super) fn align(suspect: &Suspect, work: &Work, first: &Affine) -> Option<Alignment> {
    let map = refine(suspect, work, first)?;
    let weight = weigh(suspect, work, &map);
    compare(suspect, work, &map, &weight)
}

/// The alignment under a map as it is, for works without enough features to fit one.
pub(super) fn as_is(suspect: &Suspect, work: &Work, map: &Affine) -> Option<Alignment> {
    compare(suspect, work, map, &Weight::default())
}

fn refine(suspect: &Suspect, work: &Work, first: &Affine) -> Option<Affine> {
    let mut map = *first;
    for radius in ROUNDS {
        let links = links(suspect, work, &map, |_| radius);
        if links.len() < MIN_PAIRS {
            return None;
        }
        let pairs: Vec<Pair> = links.iter().map(|l| pair(suspect, work, l)).collect();
        map = fit(&pairs, map.mirrors())?;
    }
    Some(map)
}

fn pair(suspect: &Suspect, work: &Work, link: &Link) -> Pair {
    let (feature, mark) = (&suspect.features[link.feature], &work.frame.marks[link.mark]);
    Pair {
        suspect: [feature.x, feature.y],
        work: [mark.x, mark.y],
        // Small spots are placed more surely than large ones.
        weight: 1.0 / (mark.log_sigma.exp2() + 0.004),
    }
}

fn fit(pairs: &[Pair], mirrored: bool) -> Option<Affine> {
    let similarity = Affine::similarity(pairs, mirrored)?;
    if pairs.len() < MIN_AFFINE_PAIRS {
        return Some(similarity);
    }
    let affine = Affine::best(pairs).filter(|a| a.mirrors() == mirrored && a.stretch() <= MAX_STRETCH);
    Some(affine.unwrap_or(similarity))
}

/// The marks that features fall on, each mark at most once.
fn links(suspect: &Suspect, work: &Work, map: &Affine, radius: impl Fn(&Carried) -> f32) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for (number, feature) in suspect.features.iter().enumerate() {
        let carried = Carried::by(map, feature);
        let best = work
            .marks_near(carried.place, radius(&carried))
            .filter(|(_, mark)| carried.is_like(mark))
            .map(|(i, mark)| (carried.distance(mark), i))
            .min();
        if let Some((distance, mark)) = best
            && distance <= MAX_DISTANCE
        {
            links.push(Link {
                feature: number,
                mark,
                distance,
            });
        }
    }
    links.sort_by_key(|l| (l.mark, l.distance, l.feature));
    links.dedup_by_key(|l| l.mark);
    links
}

/// How near a spot must lie under the fitted map: larger ones are placed less surely.
fn tolerance(carried: &Carried) -> f32 {
    (0.004 + 0.4 * carried.log_sigma.exp2()).min(0.03)
}

/// What the spots say.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    /// Bits for those that agree, against those that chance would let agree.
    bits: f64,
    /// Number of those that agree.
    spots: usize,
    /// The larger of the shares of work and suspect in the box around them.
    spread: f32,
}

fn weigh(suspect: &Suspect, work: &Work, map: &Affine) -> Weight {
    let links = links(suspect, work, map, tolerance);
    let mut linked = vec![None; suspect.features.len()];
    for link in &links {
        linked[link.feature] = Some(link.distance);
    }
    // Features in order of how well they agree, so that of several on one spot the best one counts.
    let mut order: Vec<usize> = (0..suspect.features.len()).collect();
    order.sort_by_key(|&i| (linked[i].is_none(), linked[i], i));
    let mut taken: Vec<[f32; 2]> = Vec::new();
    let mut chances = Vec::new();
    let mut spots = 0;
    for i in order {
        let carried = Carried::by(map, &suspect.features[i]);
        let radius = tolerance(&carried);
        let near = work
            .marks_near(carried.place, radius)
            .filter(|(_, m)| carried.is_like(m))
            .count();
        if near == 0 {
            continue;
        }
        let [x, y] = carried.place;
        if taken.iter().any(|[u, v]| (u - x).hypot(v - y) < SAME_SPOT) {
            continue;
        }
        taken.push([x, y]);
        let (mut alike, mut compared) = (0usize, 0usize);
        for mark in &work.frame.marks {
            if carried.is_like(mark) && (mark.x - x).hypot(mark.y - y) > radius.max(SAME_SPOT) {
                compared += 1;
                alike += usize::from(carried.distance(mark) <= MAX_DISTANCE);
            }
        }
        chances.push(Chance {
            agrees: linked[i].is_some(),
            probability: calibration::chance(alike, compared, near),
            twins: 1 + alike,
        });
        spots += usize::from(linked[i].is_some());
    }
    let places = links.iter().map(|l| {
        let mark = &work.frame.marks[l.mark];
        [mark.x, mark.y]
    });
    let in_suspect = links.iter().map(|l| {
        let feature = &suspect.features[l.feature];
        [feature.x, feature.y]
    });
    let share = |around: [f32; 4], sides: [f32; 2]| {
        (around[2] - around[0]).max(0.0) * (around[3] - around[1]).max(0.0) / (sides[0] * sides[1])
    };
    Weight {
        bits: calibration::spot_bits(&chances),
        spots,
        spread: share(around(places), work.frame.sides).max(share(around(in_suspect), suspect.sides)),
    }
}

/// The box around places.
fn around(places: impl Iterator<Item = [f32; 2]>) -> [f32; 4] {
    let nothing = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
    places.fold(nothing, |b, [x, y]| {
        [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]
    })
}

/// Compares the greys of both and draws the boxes.
fn compare(suspect: &Suspect, work: &Work, map: &Affine, weight: &Weight) -> Option<Alignment> {
    let back = map.inverse()?;
    let sides = work.frame.sides;
    let seen = map.box_of([0.0, 0.0, suspect.sides[0], suspect.sides[1]]);
    let mut work_box = [
        seen[0].max(0.0),
        seen[1].max(0.0),
        seen[2].min(sides[0]),
        seen[3].min(sides[1]),
    ];
    if work_box[0] >= work_box[2] || work_box[1] >= work_box[3] {
        return None;
    }
    let size = back.scale() / THUMB_SIDE as f32 * sides[0].min(sides[1]);
    let mut greys = [None; THUMB_SIDE * THUMB_SIDE];
    for (i, grey) in greys.iter_mut().enumerate() {
        let middle = |at: usize, side: f32| (at as f32 + 0.5) / THUMB_SIDE as f32 * side;
        let place = back.apply([middle(i % THUMB_SIDE, sides[0]), middle(i / THUMB_SIDE, sides[1])]);
        let inside =
            (0.0..suspect.sides[0]).contains(&place[0]) && (0.0..suspect.sides[1]).contains(&place[1]);
        if inside {
            *grey = Some(suspect.grey(place, size));
        }
    }
    let thumb: Vec<f32> = work.frame.thumb.iter().map(|&p| f32::from(p) / 255.0).collect();
    let everywhere = (0..THUMB_SIDE, 0..THUMB_SIDE);
    let correlation = match correlate(&greys, &thumb, everywhere.0, everywhere.1) {
        Agreement::Correlation(c) => c,
        Agreement::BothFlat | Agreement::Unknown => 0.0,
    };
    let agreement: Vec<Option<bool>> = (0..THUMB_SIDE * THUMB_SIDE)
        .map(|i| agrees(&greys, &thumb, i))
        .collect();
    let (yes, no) = agreement
        .iter()
        .flatten()
        .fold((0u32, 0u32), |(y, n), &a| (y + u32::from(a), n + u32::from(!a)));
    trim(&mut work_box, &agreement, sides);
    let carried = back.box_of(work_box);
    let suspect_box = [
        carried[0].max(0.0),
        carried[1].max(0.0),
        carried[2].min(suspect.sides[0]),
        carried[3].min(suspect.sides[1]),
    ];
    (suspect_box[0] < suspect_box[2] && suspect_box[1] < suspect_box[3]).then_some(Alignment {
        map: *map,
        bits: weight.bits,
        spots: weight.spots,
        spread: weight.spread,
        grey_bits: grey_bits(&greys, &thumb),
        identity: if yes + no == 0 {
            0.0
        } else {
            yes as f32 / (yes + no) as f32
        },
        correlation,
        suspect_box,
        work_box,
    })
}
