//! Which points a leak touches: the lines of a point that lie inside of what was found to match.
//!
//! In:  the [`Piece`]s of points (which file, by its digest, and which stretch of it), and the [`Hit`]s of a comparison.
//! Out: for every suspect file and point how much of the point lies inside of the matches ([`Touch`]), and what could
//!      not be told ([`Untold`]).
//!
//! Invariants: a piece and a hit are about the same file only when its digest is the same; a file of the same name with
//! another content is told as [`Untold`] and never taken for it. A share counts every unit of a point once, however
//! many stretches cover it. Costs pieces × hits of the same file, times the stretches of a hit.
//!
//! Not here: what of a stretch is literally the same (the stretch says where the match lies, not that all in it agrees).

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;

use super::statement::Id;

/// What the positions of a piece or a hit count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Lines, from 1.
    Line,
    /// Characters (Unicode scalars), from 0.
    Char,
    /// Something that a piece has no stretch of: time, pixels.
    Other,
}

/// A piece of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The point.
    pub point: Id,
    /// SHA-256 of the whole file that the piece is in.
    pub file_sha256: String,
    /// The name of that file, for people.
    pub file: String,
    /// The lines of the piece, the end not included; `None` where the file has none.
    pub lines: Option<Range<u64>>,
    /// The characters of the piece, the end not included.
    pub chars: Option<Range<u64>>,
}

/// A match between a file of the owner and a suspect.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// SHA-256 of the owner's file.
    pub work_sha256: String,
    /// The name of the owner's file.
    pub work: String,
    /// The suspect.
    pub suspect: String,
    /// How many matches this good chance is expected to give.
    pub e_value: f64,
    /// Evidence in bits.
    pub score_bits: f64,
    /// What the stretches count.
    pub unit: Unit,
    /// Where it lies: in the owner's file, in the suspect. Ends are not included.
    pub stretches: Vec<(Range<u64>, Range<u64>)>,
}

/// A point that a suspect touches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Touch {
    /// The point.
    pub point: Id,
    /// The suspect.
    pub suspect: String,
    /// How many units of the point lie inside of matches.
    pub covered: u64,
    /// How many the point has; `None` when its pieces are counted in different units, or not at all.
    pub of: Option<u64>,
    /// `covered / of`.
    pub share: Option<f64>,
    /// The smallest expected number of chance matches among the matches that touch it.
    pub e_value: f64,
    /// Where, piece by piece.
    pub places: Vec<Place>,
}

/// One stretch of a point that lies inside of a match.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// The owner's file.
    pub file: String,
    /// What the numbers count.
    pub unit: Unit,
    /// The part of the point that lies inside, the end not included; `None`: the whole file is the point and no part of
    /// it can be told.
    pub of_point: Option<[u64; 2]>,
    /// The stretch of the suspect that goes with it, whole, the end not included.
    pub in_suspect: Option<[u64; 2]>,
    /// Of the match that it comes from.
    pub e_value: f64,
    /// Of the match that it comes from.
    pub score_bits: f64,
}

/// Why it could not be told whether a point is touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Untold {
    /// The point.
    pub point: Id,
    /// The owner's file that was compared.
    pub work: String,
    /// Why.
    pub reason: Why,
}

/// Why something could not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A file of this name matches, and it is not the content that was deposited for the point.
    OtherVersion,
    /// The matches count something that the piece has no stretch of.
    NoStretch,
}

/// What a comparison touches.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Touched {
    /// By suspect and point, the largest share first.
    pub touches: Vec<Touch>,
    /// What could not be told.
    pub untold: Vec<Untold>,
}

/// Which points the hits touch.
pub fn touched(pieces: &[Piece], hits: &[Hit]) -> Touched {
    let mut by_file: BTreeMap<&str, Vec<&Piece>> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, Vec<&Piece>> = BTreeMap::new();
    for piece in pieces {
        by_file.entry(&piece.file_sha256).or_default().push(piece);
        by_name.entry(last_part(&piece.file)).or_default().push(piece);
    }
    let mut found: BTreeMap<(&str, &Id), Vec<Place>> = BTreeMap::new();
    let mut out = Touched::default();
    for hit in hits {
        let untold = |piece: &Piece, reason| Untold {
            point: piece.point.clone(),
            work: hit.work.clone(),
            reason,
        };
        let Some(same) = by_file.get(hit.work_sha256.as_str()) else {
            let alike = by_name.get(last_part(&hit.work)).into_iter().flatten();
            out.untold
                .extend(alike.map(|piece| untold(piece, Why::OtherVersion)));
            continue;
        };
        for piece in same {
            let places = places(piece, hit);
            if places.iter().any(|place| place.of_point.is_none()) {
                out.untold.push(untold(piece, Why::NoStretch));
            }
            if !places.is_empty() {
                found
                    .entry((&hit.suspect, &piece.point))
                    .or_default()
                    .extend(places);
            }
        }
    }
    out.untold.sort();
    out.untold.dedup();
    out.touches = (found.into_iter())
        .map(|((suspect, point), places)| touch(pieces, point, suspect, places))
        .collect();
    let share = |touch: &Touch| touch.share.unwrap_or_default();
    // Stable, so that equal shares stay in the order of suspect and point.
    out.touches.sort_by(|a, b| share(b).total_cmp(&share(a)));
    out
}

fn touch(pieces: &[Piece], point: &Id, suspect: &str, mut places: Vec<Place>) -> Touch {
    let key = |place: &Place| (place.file.clone(), place.of_point, place.in_suspect);
    places.sort_by_key(key);
    let of = size_of(pieces, point, &places);
    let covered = covered(&places);
    Touch {
        point: point.clone(),
        suspect: suspect.to_owned(),
        covered,
        of,
        share: of.filter(|of| *of > 0).map(|of| covered as f64 / of as f64),
        e_value: places
            .iter()
            .map(|place| place.e_value)
            .fold(f64::INFINITY, f64::min),
        places,
    }
}

/// How large the whole point is, in the one unit in which its places count; `None` where there is no such unit.
fn size_of(pieces: &[Piece], point: &Id, places: &[Place]) -> Option<u64> {
    let unit = places.first()?.unit;
    if places
        .iter()
        .any(|place| place.unit != unit || place.of_point.is_none())
    {
        return None;
    }
    // Two pieces may overlap; what both hold counts once.
    let mut by_file: BTreeMap<&str, Vec<Range<u64>>> = BTreeMap::new();
    for piece in pieces.iter().filter(|piece| piece.point == *point) {
        by_file
            .entry(&piece.file_sha256)
            .or_default()
            .push(piece.stretch(unit)?);
    }
    Some(by_file.into_values().map(union).sum())
}

/// Units of the point that lie inside of at least one place.
fn covered(places: &[Place]) -> u64 {
    let mut by_file: BTreeMap<(&str, Unit), Vec<Range<u64>>> = BTreeMap::new();
    for place in places {
        if let Some([from, to]) = place.of_point {
            by_file
                .entry((&place.file, place.unit))
                .or_default()
                .push(from..to);
        }
    }
    by_file.into_values().map(union).sum()
}

/// How many numbers lie in at least one of the ranges.
fn union(mut ranges: Vec<Range<u64>>) -> u64 {
    ranges.sort_by_key(|range| (range.start, range.end));
    let (mut count, mut reached) = (0, 0);
    for range in ranges {
        let from = range.start.max(reached);
        count += range.end.saturating_sub(from);
        reached = reached.max(range.end);
    }
    count
}

/// Where a hit lies inside of a piece. A piece without a stretch of that unit is touched as a whole.
fn places(piece: &Piece, hit: &Hit) -> Vec<Place> {
    let place = |of_point, in_suspect| Place {
        file: piece.file.clone(),
        unit: hit.unit,
        of_point,
        in_suspect,
        e_value: hit.e_value,
        score_bits: hit.score_bits,
    };
    let Some(stretch) = piece.stretch(hit.unit) else {
        return vec![place(None, None)];
    };
    (hit.stretches.iter())
        .filter_map(|(work, suspect)| {
            let from = work.start.max(stretch.start);
            let to = work.end.min(stretch.end);
            (from < to).then(|| place(Some([from, to]), Some([suspect.start, suspect.end])))
        })
        .collect()
}

impl Piece {
    fn stretch(&self, unit: Unit) -> Option<Range<u64>> {
        match unit {
            Unit::Line => self.lines.clone(),
            Unit::Char => self.chars.clone(),
            Unit::Other => None,
        }
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
