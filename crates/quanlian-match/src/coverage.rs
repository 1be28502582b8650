//! Coverage: how much of a tree of works stands in a tree of suspects, file by file.
//!
//! In:  the files of both sides with their lengths, and the [`Match`]es between them.
//! Out: [`Coverage`]: for each work its counterpart, what else holds parts of it, and the totals.
//!
//! Lines (or characters, of texts) count once, however many segments or files cover them. Each suspect is the counterpart of
//! at most one work, so that the sum of what counterparts cover is as large as it can be (`assign`): this tells a file that was
//! moved or renamed from one that merely shares a licence header with many.
//!
//! Invariants: nothing is counted that no match says; a length that is not known gives no share. The order of the matches
//! does not matter.
//!
//! Not here: finding matches (`collection`); sound, pictures and films, which have no lines.

mod assign;
mod ranges;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::{Match, Unit};
use assign::assign;
use ranges::Ranges;

/// Lines or characters that a further suspect must add before a work counts as split: less is shared by chance or form.
const MIN_SPLIT_LINES: u64 = 5;
const MIN_SPLIT_CHARS: u64 = 100;
/// Further suspects of one work that are listed.
const MAX_PIECES: usize = 16;

/// A file of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageFile<'a> {
    /// Its name, as matches have it.
    pub name: &'a str,
    /// What its length counts; files of other units than lines and characters are left out.
    pub unit: Unit,
    /// How long it is, where that is known.
    pub length: Option<u64>,
}

/// How much of the works stands in the suspects.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// One table for source code and one for text, where there are any works of it.
    pub tables: Vec<CoverageTable>,
}

/// The coverage of all works that are counted in one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageTable {
    /// What all numbers count.
    pub unit: Unit,
    /// The works as a whole.
    pub works: CoverageTotal,
    /// The suspects as a whole: what of them the works explain.
    pub suspects: CoverageTotal,
    /// Works of which nothing was found.
    pub missing: u64,
    /// Works with a counterpart under another path or name.
    pub moved_or_renamed: u64,
    /// Works that stand in several suspects.
    pub split: u64,
    /// How counterparts were chosen.
    pub assignment: Assignment,
    /// All works, by name.
    pub files: Vec<CoveredWork>,
    /// All suspects that hold anything, by name.
    pub explained: Vec<ExplainedSuspect>,
}

/// The files of one side together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct CoverageTotal {
    /// How many files.
    pub files: u64,
    /// Their length; absent when that of one is not known.
    pub length: Option<u64>,
    /// How much of it matches cover.
    pub covered: u64,
    /// `covered` over `length`, `0.0..=1.0`.
    pub share: Option<f64>,
}

/// How counterparts were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assignment {
    /// No other choice covers more.
    Optimal,
    /// Too many files hang together: there the pair that covers most was taken first.
    Greedy,
}

/// One work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoveredWork {
    /// Its name.
    pub work: String,
    /// How long it is.
    pub length: Option<u64>,
    /// How much of it stands in any suspect.
    pub covered: u64,
    /// `covered` over `length`.
    pub share: Option<f64>,
    /// The suspect that stands for it.
    pub counterpart: Option<Counterpart>,
    /// Further suspects that hold parts which the ones before them do not, the largest part first; at most 16.
    pub pieces: Vec<Piece>,
}

/// The suspect that stands for a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterpart {
    /// Its name.
    pub suspect: String,
    /// How much of the work it holds.
    pub covered: u64,
    /// Where it lies against the work.
    pub place: Place,
}

/// Where a counterpart lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// Under the same path below the folder of works.
    SamePath,
    /// Under the same name in another folder.
    Moved,
    /// Under another name.
    Renamed,
}

/// A further suspect that holds a part of a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its name.
    pub suspect: String,
    /// What it holds that counterpart and pieces before it do not.
    pub adds: u64,
}

/// One suspect that holds something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedSuspect {
    /// Its name.
    pub suspect: String,
    /// How long it is.
    pub length: Option<u64>,
    /// How much of it stands in any work.
    pub explained: u64,
    /// `explained` over `length`.
    pub share: Option<f64>,
    /// The work whose counterpart it is.
    pub stands_for: Option<String>,
    /// In how many works parts of it stand.
    pub works: u64,
}

impl Coverage {
    /// Draws up the tables.
    ///
    /// Linear in the matches but for the assignment, which is bounded (`assign`).
    pub fn of(works: &[CoverageFile<'_>], suspects: &[CoverageFile<'_>], matches: &[Match]) -> Self {
        let tables = [Unit::Line, Unit::Char].into_iter().filter_map(|unit| {
            let of_unit = |files: &[CoverageFile<'_>]| -> BTreeMap<String, Option<u64>> {
                let files = files.iter().filter(|file| file.unit == unit);
                files.map(|file| (file.name.to_owned(), file.length)).collect()
            };
            let works = of_unit(works);
            (!works.is_empty()).then(|| table(unit, &works, &of_unit(suspects), matches))
        });
        Self {
            tables: tables.collect(),
        }
    }
}

/// What pairs of a work and a suspect share, by the names of both: ranges of the work, ranges of the suspect.
type Pairs<'a> = BTreeMap<(&'a str, &'a str), [Ranges; 2]>;

fn table(
    unit: Unit,
    works: &BTreeMap<String, Option<u64>>,
    suspects: &BTreeMap<String, Option<u64>>,
    matches: &[Match],
) -> CoverageTable {
    let mut pairs: Pairs<'_> = BTreeMap::new();
    for found in matches {
        for segment in found.segments.iter().filter(|segment| segment.unit() == unit) {
            if let (&[work_start, work_end], &[start, end]) = (segment.work(), segment.suspect()) {
                let of_pair = pairs.entry((&found.work, &found.suspect)).or_default();
                of_pair[0].push(work_start, work_end);
                of_pair[1].push(start, end);
            }
        }
    }
    pairs.values_mut().flatten().for_each(Ranges::unite);
    let weights: BTreeMap<(&str, &str), u64> = pairs
        .iter()
        .map(|(&pair, ranges)| (pair, ranges[0].length()))
        .collect();
    let (chosen, assignment) = assign(&weights);
    let files: Vec<CoveredWork> = (works.iter())
        .map(|(work, &length)| covered_work(unit, work, length, &pairs, &chosen))
        .collect();
    let explained = explained_suspects(suspects, &pairs, &chosen);
    let is_moved = |counterpart: &Counterpart| counterpart.place != Place::SamePath;
    let count = |is: &dyn Fn(&CoveredWork) -> bool| files.iter().filter(|file| is(file)).count() as u64;
    CoverageTable {
        unit,
        works: total(works, files.iter().map(|file| file.covered)),
        suspects: total(suspects, explained.iter().map(|file| file.explained)),
        missing: count(&|file| file.covered == 0),
        moved_or_renamed: count(&|file| file.counterpart.as_ref().is_some_and(is_moved)),
        split: count(&|file| !file.pieces.is_empty()),
        assignment,
        files,
        explained,
    }
}

fn covered_work(
    unit: Unit,
    work: &str,
    length: Option<u64>,
    pairs: &Pairs<'_>,
    chosen: &BTreeMap<&str, &str>,
) -> CoveredWork {
    let of_work: Vec<(&str, &Ranges)> = (pairs.range((work, "")..))
        .take_while(|((of, _), _)| *of == work)
        .map(|((_, suspect), ranges)| (*suspect, &ranges[0]))
        .collect();
    let counterpart = chosen.get(work).copied();
    let mut seen = Ranges::default();
    let mut rest = of_work;
    let counterpart = counterpart.and_then(|suspect| {
        let at = rest.iter().position(|(other, _)| *other == suspect)?;
        let (_, ranges) = rest.remove(at);
        seen = ranges.clone();
        Some(Counterpart {
            suspect: suspect.to_owned(),
            covered: ranges.length(),
            place: place(work, suspect),
        })
    });
    // The largest first; each counts for what those before it do not hold.
    rest.sort_by(|a, b| b.1.length().cmp(&a.1.length()).then(a.0.cmp(b.0)));
    let least = if unit == Unit::Line {
        MIN_SPLIT_LINES
    } else {
        MIN_SPLIT_CHARS
    };
    let mut pieces = Vec::new();
    for (suspect, ranges) in rest {
        let before = seen.length();
        seen.join(ranges);
        let adds = seen.length() - before;
        if adds >= least && pieces.len() < MAX_PIECES {
            pieces.push(Piece {
                suspect: suspect.to_owned(),
                adds,
            });
        }
    }
    pieces.sort_by(|a, b| b.adds.cmp(&a.adds).then_with(|| a.suspect.cmp(&b.suspect)));
    let covered = within(seen.length(), length);
    CoveredWork {
        work: work.to_owned(),
        length,
        covered,
        share: share(covered, length),
        counterpart,
        pieces,
    }
}

fn explained_suspects(
    suspects: &BTreeMap<String, Option<u64>>,
    pairs: &Pairs<'_>,
    chosen: &BTreeMap<&str, &str>,
) -> Vec<ExplainedSuspect> {
    let mut by_suspect: BTreeMap<&str, (Ranges, BTreeSet<&str>)> = BTreeMap::new();
    for (&(work, suspect), ranges) in pairs {
        let (explained, works) = by_suspect.entry(suspect).or_default();
        explained.join(&ranges[1]);
        works.insert(work);
    }
    let stands_for: BTreeMap<&str, &str> = chosen.iter().map(|(&work, &suspect)| (suspect, work)).collect();
    let of_suspect = |(suspect, (ranges, works)): (&str, (Ranges, BTreeSet<&str>))| {
        let length = suspects.get(suspect).copied().flatten();
        let explained = within(ranges.length(), length);
        ExplainedSuspect {
            suspect: suspect.to_owned(),
            length,
            explained,
            share: share(explained, length),
            stands_for: stands_for.get(suspect).map(|&work| work.to_owned()),
            works: works.len() as u64,
        }
    };
    by_suspect.into_iter().map(of_suspect).collect()
}

fn total(files: &BTreeMap<String, Option<u64>>, covered: impl Iterator<Item = u64>) -> CoverageTotal {
    let length = (files.values()).try_fold(0_u64, |sum, &length| Some(sum.saturating_add(length?)));
    let covered = covered.fold(0, u64::saturating_add);
    CoverageTotal {
        files: files.len() as u64,
        length,
        covered,
        share: share(covered, length),
    }
}

/// No more than there is.
fn within(count: u64, length: Option<u64>) -> u64 {
    length.map_or(count, |length| count.min(length))
}

fn share(part: u64, length: Option<u64>) -> Option<f64> {
    let length = length.filter(|&length| length > 0)?;
    Some(part as f64 / length as f64)
}

/// Compares paths by what stands behind the border of an archive, if there is one.
fn place(work: &str, suspect: &str) -> Place {
    let inner = |name: &'_ str| -> usize { name.rfind("!/").map_or(0, |at| at + 2) };
    let work = Path::new(&work[inner(work)..]);
    let suspect = Path::new(&suspect[inner(suspect)..]);
    if suspect.ends_with(work) {
        Place::SamePath
    } else if work.file_name() == suspect.file_name() {
        Place::Moved
    } else {
        Place::Renamed
    }
}

#[cfg(test)]
mod tests;
