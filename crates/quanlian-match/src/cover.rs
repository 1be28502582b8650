//! Cover: which passages of a suspect came along with far better ones of another work.
//!
//! In:  passages as stretches of the suspect with their bits, the heaviest first.
//! Out: the share of a passage that others explain.
//!
//! Invariant: stretches of a cover never overlap; the first to come keeps its place.
//!
//! Not here: finding and weighing passages (`text`, `code`).

use std::collections::BTreeMap;
use std::ops::Range;

/// A passage is explained by another one when it has no more than this share of its bits.
pub(crate) const EXPLAINED_SHARE: f64 = 0.8;
/// Up to so many bits a passage counts as a phrase, which is explained wholly; from twice as many on not at all.
const MAX_PHRASE_BITS: f64 = 192.0;

/// The passage that explains a stretch of the suspect best.
#[derive(Clone, Copy)]
pub(crate) struct Explainer {
    /// Part and number of its work.
    pub(crate) work: (usize, u32),
    /// Of the passage, or of one place of it.
    pub(crate) bits: f64,
}

/// Places of several stretches.
pub(crate) fn places(stretches: &[Range<u64>]) -> f64 {
    stretches.iter().map(|s| s.end - s.start).sum::<u64>() as f64
}

/// Stretches of the suspect with the best passage of each, which never overlap; by their start.
#[derive(Default)]
pub(crate) struct Cover(BTreeMap<u64, (u64, Explainer)>);

impl Cover {
    /// Share of a passage's bits that a far better passage explains of another work that `may` explain it.
    pub(crate) fn explained(
        &self,
        stretches: &[Range<u64>],
        work: (usize, u32),
        bits: f64,
        may: impl Fn((usize, u32)) -> bool,
    ) -> f64 {
        let share = self.share(stretches, |by| {
            by.work != work && bits <= EXPLAINED_SHARE * by.bits && may(by.work)
        });
        let phrase = ((2.0 * MAX_PHRASE_BITS - bits) / MAX_PHRASE_BITS).clamp(0.0, 1.0);
        share * phrase
    }

    /// The bits of the cover on these stretches, where it holds bits a place.
    pub(crate) fn held(&self, stretches: &[Range<u64>]) -> f64 {
        let of = |stretch: &Range<u64>| -> f64 {
            (self.0.range(..stretch.end).rev())
                .take_while(|&(_, &(end, _))| end > stretch.start)
                .map(|(&start, &(end, by))| {
                    (end.min(stretch.end) - start.max(stretch.start)) as f64 * by.bits
                })
                .sum()
        };
        stretches.iter().map(of).sum()
    }

    /// Share of the stretches that lies under a passage of which `explains` says so.
    pub(crate) fn share(&self, stretches: &[Range<u64>], explains: impl Fn(&Explainer) -> bool) -> f64 {
        let (mut covered, mut length) = (0, 0);
        for stretch in stretches {
            length += stretch.end - stretch.start;
            covered += (self.0.range(..stretch.end).rev())
                .take_while(|&(_, &(end, _))| end > stretch.start)
                .filter(|&(_, (_, by))| explains(by))
                .map(|(&start, &(end, _))| end.min(stretch.end) - start.max(stretch.start))
                .sum::<u64>();
        }
        covered as f64 / (length as f64).max(1.0)
    }

    /// Adds what is left free of a stretch.
    pub(crate) fn add(&mut self, stretch: &Range<u64>, by: Explainer) {
        let taken: Vec<(u64, u64)> = (self.0.range(..stretch.end).rev())
            .take_while(|&(_, &(end, _))| end > stretch.start)
            .map(|(&start, &(end, _))| (start, end))
            .collect();
        let mut free = stretch.start;
        for (start, end) in taken.into_iter().rev() {
            if start > free {
                self.0.insert(free, (start, by));
            }
            free = free.max(end);
        }
        if free < stretch.end {
            self.0.insert(free, (stretch.end, by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_far_better_passage_holds_is_explained_and_what_is_as_good_is_not() {
        let mut cover = Cover::default();
        cover.add(
            &(100..200),
            Explainer {
                work: (0, 1),
                bits: 500.0,
            },
        );
        let explained = |stretch: Range<u64>, work, bits| cover.explained(&[stretch], work, bits, |_| true);
        let is = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found}, not {wanted}");
        is(explained(150..160, (0, 2), 100.0), 1.0);
        is(explained(190..210, (0, 2), 100.0), 0.5);
        is(explained(150..160, (0, 1), 100.0), 0.0);
        is(explained(150..160, (0, 2), 450.0), 0.0);
        is(explained(150..160, (0, 2), 390.0), 0.0);
        is(
            cover.explained(std::slice::from_ref(&(150..160)), (0, 2), 100.0, |_| false),
            0.0,
        );
    }

    #[test]
    fn a_stretch_holds_as_many_bits_as_lie_under_it() {
        let mut cover = Cover::default();
        let by = Explainer {
            work: (0, 1),
            bits: 2.0,
        };
        cover.add(&(10..20), by);
        assert!((cover.held(&[0..12, 15..17, 19..90]) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_to_come_keeps_its_place() {
        let mut cover = Cover::default();
        for (work, stretch) in [(1, 10..20), (2, 5..30), (3, 0..40)] {
            cover.add(
                &stretch,
                Explainer {
                    work: (0, work),
                    bits: 1.0,
                },
            );
        }
        let held = |work| cover.share(std::slice::from_ref(&(0..40)), |by| by.work.1 == work) * 40.0;
        let rounded = [held(1), held(2), held(3)].map(|places| places.round() as u32);
        assert_eq!(rounded, [10, 15, 15]);
    }
}
