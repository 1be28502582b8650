//! Comparison by grams alone: what can be told about two trees when neither may be read by the other side.
//!
//! In:  two [`GramSet`]s, or what was opened of them: the occurrences of the grams that both have, on both sides.
//! Out: [`Match`]es, best first.
//!
//! Open and sealed comparison run this same code on the same numbers. What differs is only how equal grams were found: by
//! their keys, or by tags that say nothing without a key. So both give the same ranks and the same lines.
//!
//! A gram weighs what its own side took it for: its tokens' information as the code of the same tree predicts them, or for
//! text a share of its units. Of both sides the lower sum counts. Structure of code counts in full where equal values or words stand
//! by it, and for [`STRUCTURE_ALONE`] where they do not: two cores for one standard have much of it in common.
//!
//! Invariants: pure; the order of what comes in does not matter; a place of a suspect counts once for each work.
//!
//! Not here: reading files (`collection`), tags and keys (`quanlian-sealed`). There is no token-by-token verification as
//! in `compare`: that would need both originals in one hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::align::{AlignOptions, Chain, Hit, chains};
use crate::score::{Score, Tries};
use crate::{Match, Medium, Span, Unit};

/// Name and version of the method: sets of another one cannot be compared with these.
pub const METHOD: &str = "grams/2";
/// Occurrences of one gram in one tree; a gram with more is common ground, left out and counted.
pub const MAX_OCCURRENCES: usize = 32;
/// Units of [`Occurrence::bits`] in a bit.
pub const BITS_SCALE: f32 = 64.0;
/// Places that a small collection is judged by: chance has all the world's code and text to choose from.
const MIN_COLLECTION_PLACES: f64 = 4_194_304.0;
/// How far a run may tear and drift, in tokens of code or folded letters of text. Chosen by hand and not tuned on any set:
/// gaps of a few rewritten statements, or of a rewritten sentence, stay within one segment.
const CODE_CHAINS: AlignOptions = AlignOptions {
    max_gap: 64,
    max_drift: 48,
    drift_cost: 0.25,
    min_score: 8.0,
    max_chains: 256,
};
const TEXT_CHAINS: AlignOptions = AlignOptions {
    max_gap: 96,
    max_drift: 32,
    drift_cost: 0.5,
    min_score: 8.0,
    max_chains: 256,
};
/// Share of its bits that structure keeps where nothing else by it agrees. Chosen by hand, as are the two below, and looked at once on
/// one seed of the leak track; docs/BENCHMARKS.md says what it gives there and on another.
const STRUCTURE_ALONE: f64 = 0.4;
/// How far off in tokens, and on how different a diagonal, values and words still speak for structure.
const CORROBORATION_TOKENS: u32 = 24;
const CORROBORATION_DRIFT: i64 = 4;
/// Pairs of occurrences of one gram; with more it is common to both sides and tells nothing.
const MAX_PAIRS_PER_GRAM: usize = 256;

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GramFile {
    /// Relative to the tree.
    pub name: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Text or code.
    pub medium: Medium,
    /// Tokens of code, folded letters of text.
    pub places: u32,
}

/// What a gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GramKind {
    /// Structure of code, in which names, numbers and strings are told by their class; letters of text.
    Structure,
    /// The numbers and strings of code inside such a structure.
    Values,
    /// A few tokens of code word for word.
    Words,
}

/// Where a gram stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Occurrence {
    /// What the gram is made of.
    pub kind: GramKind,
    /// Number of the file in its tree.
    pub file: u32,
    /// First token or folded letter.
    pub place: u32,
    /// So many of them.
    pub width: u16,
    /// What it tells, in [`BITS_SCALE`] parts of a bit.
    pub bits: u16,
    /// Lines of code or characters of text, half-open.
    pub span: [u32; 2],
}

/// All grams of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GramSet {
    /// In the order of their numbers.
    pub files: Vec<GramFile>,
    /// Each gram once, with its occurrences in their order.
    pub grams: BTreeMap<u64, Vec<Occurrence>>,
    /// Grams that stand more than [`MAX_OCCURRENCES`] times in the tree and were left out.
    pub common: u64,
}

impl GramSet {
    /// Adds an occurrence; [`GramSet::finish`] comes after the last.
    pub(crate) fn push(&mut self, key: u64, occurrence: Occurrence) {
        let of_gram = self.grams.entry(key).or_default();
        if of_gram.len() <= MAX_OCCURRENCES {
            of_gram.push(occurrence);
        }
    }

    /// Leaves out what is common.
    pub(crate) fn finish(&mut self) {
        let before = self.grams.len();
        self.grams.retain(|_, of_gram| of_gram.len() <= MAX_OCCURRENCES);
        self.common = (before - self.grams.len()) as u64;
        self.grams
            .values_mut()
            .for_each(|of_gram| of_gram.sort_unstable());
    }

    /// Tokens and letters of all files.
    pub fn places(&self) -> u64 {
        self.files.iter().map(|f| u64::from(f.places)).sum()
    }

    /// Compares two trees whose grams lie open.
    pub fn compare(works: &Self, suspects: &Self) -> Vec<Match> {
        let shared = (works.grams.iter())
            .filter_map(|(key, of_work)| Some((of_work.as_slice(), suspects.grams.get(key)?.as_slice())));
        rank(
            works.places(),
            |file| works.files.get(file as usize).cloned(),
            |file| suspects.files.get(file as usize).cloned(),
            shared,
        )
    }
}

/// Ranks pairs of files by the grams that both sides have.
///
/// `work_places` are the tokens and letters of all works; `shared` gives for each such gram its occurrences among the works
/// and among the suspects. A file that is not told, and a pair of different media, is passed over.
pub fn rank<'a>(
    work_places: u64,
    work: impl Fn(u32) -> Option<GramFile>,
    suspect: impl Fn(u32) -> Option<GramFile>,
    shared: impl Iterator<Item = (&'a [Occurrence], &'a [Occurrence])>,
) -> Vec<Match> {
    let mut pairs: BTreeMap<(u32, u32), Vec<(Occurrence, Occurrence)>> = BTreeMap::new();
    for (of_works, of_suspects) in shared {
        if of_works.len() * of_suspects.len() > MAX_PAIRS_PER_GRAM {
            continue;
        }
        for &of_suspect in of_suspects {
            for &of_work in of_works {
                let hits = pairs.entry((of_suspect.file, of_work.file)).or_default();
                hits.push((of_suspect, of_work));
            }
        }
    }
    let mut matches: Vec<Match> = (pairs.into_iter())
        .filter_map(|((of_suspect, of_work), hits)| {
            let (of_suspect, of_work) = (suspect(of_suspect)?, work(of_work)?);
            (of_suspect.medium == of_work.medium)
                .then(|| pair(&of_suspect, &of_work, work_places, hits))
                .flatten()
        })
        .collect();
    matches.sort_by(|a, b| {
        b.score_bits
            .total_cmp(&a.score_bits)
            .then_with(|| (&a.suspect, &a.work).cmp(&(&b.suspect, &b.work)))
    });
    matches
}

/// A stretch that both files have.
struct Stretch {
    bits: f64,
    suspect: [u32; 2],
    work: [u32; 2],
    spans: [[u32; 2]; 2],
    covered: u32,
}

fn pair(
    suspect: &GramFile,
    work: &GramFile,
    work_places: u64,
    mut found: Vec<(Occurrence, Occurrence)>,
) -> Option<Match> {
    let (options, unit) = match suspect.medium {
        Medium::Code => (CODE_CHAINS, Unit::Line),
        _ => (TEXT_CHAINS, Unit::Char),
    };
    found.sort_unstable();
    let mut by_places: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (at, (of_suspect, of_work)) in found.iter().enumerate() {
        by_places
            .entry((of_suspect.place, of_work.place))
            .or_default()
            .push(at);
    }
    let company = Company::of(&found);
    // Code has a gram at each token, so that a hit is weighed by its first one; of text a few are chosen.
    let weight = |&at: &usize| {
        let (of_suspect, of_work): &(Occurrence, Occurrence) = &found[at];
        let width = if unit == Unit::Line {
            f32::from(of_suspect.width.max(1))
        } else {
            1.0
        };
        f32::from(of_suspect.bits.min(of_work.bits)) / BITS_SCALE / width
    };
    let hits: Vec<Hit> = (by_places.iter())
        .map(|(&(query, work), all)| Hit {
            query,
            work,
            weight: all.iter().map(weight).sum(),
        })
        .collect();
    let mut stretches: Vec<Stretch> = (chains(hits, &options).iter())
        .filter_map(|chain| stretch(chain, &by_places, &found, &company, unit == Unit::Line))
        .collect();
    stretches.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.suspect.cmp(&b.suspect)));
    let mut kept: Vec<Stretch> = Vec::new();
    for one in stretches {
        let is_new = |of: fn(&Stretch) -> [u32; 2]| {
            let [start, end] = of(&one);
            let told: u32 = (kept.iter())
                .map(|k| end.min(of(k)[1]).saturating_sub(start.max(of(k)[0])))
                .sum();
            told * 2 <= end - start
        };
        if is_new(|s| s.suspect) && is_new(|s| s.work) {
            kept.push(one);
        }
    }
    let query_places = f64::from(suspect.places);
    let tries = Tries {
        query_places,
        collection_places: (work_places as f64).max(MIN_COLLECTION_PLACES),
    };
    let within = Tries {
        query_places,
        collection_places: f64::from(work.places),
    };
    let bits: Vec<f64> = kept.iter().map(|s| s.bits).collect();
    let best = *bits.first()?;
    let score = Score::from_segments(&bits, tries, within);
    // What does not pay for its place in the work is not told.
    kept.retain(|s| s.bits >= best || s.bits > within.bits());
    let covered: u32 = kept.iter().map(|s| s.covered).sum();
    let long: u32 = kept.iter().map(|s| s.suspect[1] - s.suspect[0]).sum();
    kept.sort_by_key(|s| (s.suspect, s.work));
    let segments = (kept.iter()).map(|s| Span {
        suspect: s.spans[0].map(u64::from),
        work: s.spans[1].map(u64::from),
        unit,
    });
    Some(Match {
        suspect: suspect.name.clone(),
        work: work.name.clone(),
        medium: suspect.medium,
        score_bits: score.bits,
        e_value: score.e_value,
        identity: f64::from(covered) / f64::from(long.max(1)),
        segments: segments.map(Into::into).collect(),
        transform: None,
        evidence: None,
        null_model: None,
        filtered: Vec::new(),
        suspect_history: None,
        work_history: None,
    })
}

/// Where values and words agree: place in the suspect and diagonal, in order.
struct Company(Vec<(u32, i64)>);

impl Company {
    fn of(found: &[(Occurrence, Occurrence)]) -> Self {
        let mut places: Vec<(u32, i64)> = (found.iter())
            .filter(|(of_suspect, _)| of_suspect.kind != GramKind::Structure)
            .map(|(of_suspect, of_work)| (of_suspect.place, diagonal(of_suspect, of_work)))
            .collect();
        places.sort_unstable();
        Self(places)
    }

    /// Whether some of it stands by a gram.
    fn is_near(&self, of_suspect: &Occurrence, of_work: &Occurrence) -> bool {
        let from = of_suspect.place.saturating_sub(CORROBORATION_TOKENS);
        let own = diagonal(of_suspect, of_work);
        let first = self.0.partition_point(|&(place, _)| place < from);
        (self.0[first..].iter())
            .take_while(|(place, _)| *place <= of_suspect.place.saturating_add(CORROBORATION_TOKENS))
            .any(|(_, other)| own.abs_diff(*other) <= CORROBORATION_DRIFT.unsigned_abs())
    }
}

fn diagonal(of_suspect: &Occurrence, of_work: &Occurrence) -> i64 {
    i64::from(of_work.place) - i64::from(of_suspect.place)
}

/// What a chain is worth and where it lies, from the grams themselves.
fn stretch(
    chain: &Chain,
    by_places: &BTreeMap<(u32, u32), Vec<usize>>,
    found: &[(Occurrence, Occurrence)],
    company: &Company,
    of_code: bool,
) -> Option<Stretch> {
    let grams: Vec<&(Occurrence, Occurrence)> = (chain.hits.iter())
        .filter_map(|hit| by_places.get(&(hit.query, hit.work)))
        .flatten()
        .filter_map(|&at| found.get(at))
        .collect();
    let first = grams.first()?;
    let mut sums = [0.0f64; 2];
    let mut covered = [0u32; 2];
    // Structure and what stands in it are paid for apart, each token once; both cover the same ground.
    let mut ends = [[first.0.place, first.1.place]; 2];
    let mut spans = [first.0.span, first.1.span];
    for (of_suspect, of_work) in &grams {
        let is_structure = of_suspect.kind == GramKind::Structure;
        let share = if !is_structure || !of_code || company.is_near(of_suspect, of_work) {
            1.0
        } else {
            STRUCTURE_ALONE
        };
        for (side, gram) in [of_suspect, of_work].into_iter().enumerate() {
            let width = u32::from(gram.width.max(1));
            let end = gram.place.saturating_add(width);
            let ground = ends[0][side].max(ends[1][side]);
            covered[side] += end.saturating_sub(ground.max(gram.place));
            let own = &mut ends[usize::from(!is_structure)][side];
            let new = end.saturating_sub((*own).max(gram.place));
            sums[side] +=
                share * f64::from(gram.bits) / f64::from(BITS_SCALE) * f64::from(new) / f64::from(width);
            *own = (*own).max(end);
            spans[side] = [spans[side][0].min(gram.span[0]), spans[side][1].max(gram.span[1])];
        }
    }
    let end = |side: usize| ends[0][side].max(ends[1][side]);
    Some(Stretch {
        bits: sums[0].min(sums[1]),
        suspect: [first.0.place, end(0)],
        work: [first.1.place, end(1)],
        spans,
        covered: covered[0].min(covered[1]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(name: &str, places: u32) -> GramFile {
        GramFile {
            name: name.to_owned(),
            sha256: String::new(),
            medium: Medium::Code,
            places,
        }
    }

    /// A tree whose files are rows of keys: one gram a place, three places wide, sixteen bits, one line a place.
    fn tree(files: &[(&str, &[u64])]) -> GramSet {
        let mut set = GramSet::default();
        for (number, (name, keys)) in (0u32..).zip(files) {
            set.files.push(file(name, keys.len() as u32 + 2));
            for (place, &key) in (0u32..).zip(*keys) {
                let occurrence = Occurrence {
                    kind: GramKind::Structure,
                    file: number,
                    place,
                    width: 3,
                    bits: 16 * 64,
                    span: [place + 1, place + 4],
                };
                set.push(key, occurrence);
            }
        }
        set.finish();
        set
    }

    #[test]
    fn a_copied_stretch_is_found_with_its_lines_and_the_fuller_copy_leads() {
        let original: Vec<u64> = (0..60).collect();
        let works = tree(&[("core", &original), ("other", &[900, 901, 902])]);
        let whole: Vec<u64> = (500..520).chain(0..60).collect();
        let half: Vec<u64> = (600..620).chain(10..40).collect();
        let suspects = tree(&[("half", &half), ("whole", &whole), ("none", &[700, 701])]);
        let matches = GramSet::compare(&works, &suspects);
        let names: Vec<(&str, &str)> = (matches.iter()).map(|m| (&*m.suspect, &*m.work)).collect();
        assert_eq!(names, [("whole", "core"), ("half", "core")]);
        assert_eq!(matches[0].segments.len(), 1);
        assert_eq!(matches[0].segments[0].suspect(), [21, 83]);
        assert_eq!(matches[0].segments[0].work(), [1, 63]);
        assert_eq!(matches[1].segments[0].work(), [11, 43]);
        // 62 places of 16/3 bits, structure alone, less the tries: 82 places against four million.
        let expected = STRUCTURE_ALONE * 62.0 * 16.0 / 3.0 - (82.0f64 * 4_194_304.0).log2();
        assert!(
            (matches[0].score_bits - expected).abs() < 1e-9,
            "{} {expected}",
            matches[0].score_bits
        );
    }

    #[test]
    fn structure_counts_in_full_where_words_stand_by_it_and_they_count_besides() {
        let original: Vec<u64> = (0..60).collect();
        let with_words = |from: u32| {
            let mut set = tree(&[("a", &original)]);
            let occurrence = |place| Occurrence {
                kind: GramKind::Words,
                file: 0,
                place,
                width: 6,
                bits: 12 * 64,
                span: [place + 1, place + 7],
            };
            (from..60)
                .step_by(6)
                .for_each(|place| set.push(1000 + u64::from(place), occurrence(place)));
            set
        };
        let bits = |set: &GramSet| GramSet::compare(set, set)[0].score_bits;
        let tries = (62.0f64 * 4_194_304.0).log2();
        let structure = 62.0 * 16.0 / 3.0;
        assert!((bits(&with_words(60)) - (STRUCTURE_ALONE * structure - tries)).abs() < 1e-9);
        // Ten grams of words over all of it: 120 bits more, and no structure stands alone.
        assert!(
            (bits(&with_words(0)) - (structure + 120.0 - tries)).abs() < 1e-9,
            "{}",
            bits(&with_words(0))
        );
        // Only the last one: what lies farther than that stays alone.
        let last = bits(&with_words(54));
        assert!(
            last > STRUCTURE_ALONE * structure + 12.0 - tries && last < structure - tries,
            "{last}"
        );
    }

    #[test]
    fn swapped_halves_are_two_segments_and_no_place_counts_twice() {
        let original: Vec<u64> = (0..80).collect();
        let swapped: Vec<u64> = (40..80).chain(0..40).collect();
        let works = tree(&[("a", &original), ("b", &original)]);
        let matches = GramSet::compare(&works, &tree(&[("s", &swapped)]));
        assert_eq!(matches.len(), 2);
        assert_eq!(matches[0].segments.len(), 2);
        assert_eq!(matches[0].segments[0].work(), [41, 83]);
        assert_eq!(matches[0].segments[1].work(), [1, 43]);
        // A tree that holds the work twice may not make one copy of it worth two.
        let once = GramSet::compare(&tree(&[("a", &original)]), &tree(&[("s", &swapped)]));
        assert_eq!(matches[0].score_bits.to_bits(), once[0].score_bits.to_bits());
    }

    #[test]
    fn what_stands_everywhere_is_left_out_and_counted() {
        let common: Vec<u64> = vec![7; MAX_OCCURRENCES + 1];
        let set = tree(&[("a", &common), ("b", &[8, 9])]);
        assert_eq!((set.common, set.grams.len()), (1, 2));
        let just: Vec<u64> = vec![7; MAX_OCCURRENCES];
        assert_eq!(tree(&[("a", &just)]).grams[&7].len(), MAX_OCCURRENCES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_shared_grams_does_not_matter_and_any_occurrences_are_taken(
            rows in prop::collection::vec((any::<[u32; 3]>(), any::<[u16; 2]>(), any::<[u32; 2]>()), 0..40),
        ) {
            let shared: Vec<(Vec<Occurrence>, Vec<Occurrence>)> = rows
                .iter()
                .map(|&([a, b, c], [width, bits], span)| {
                    let kinds = [GramKind::Structure, GramKind::Values, GramKind::Words];
                    let one = Occurrence { kind: kinds[width as usize % 3], file: a % 3, place: b, width, bits, span };
                    (vec![one], vec![Occurrence { place: c, ..one }])
                })
                .collect();
            let of = |reversed: bool| {
                let mut rows: Vec<_> = shared.iter().map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
                if reversed {
                    rows.reverse();
                }
                rank(100, |n| Some(file(&n.to_string(), 9)), |n| (n < 2).then(|| file(&n.to_string(), 9)), rows.into_iter())
            };
            prop_assert_eq!(of(false), of(true));
        }
    }
}
