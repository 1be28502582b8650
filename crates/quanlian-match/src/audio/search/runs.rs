//! Runs: copies followed along their own line from window to window.
//!
//! In:  what the windows of the suspect showed of one work, the windows, the peaks, the constellation of the work.
//! Out: [`Run`]s, and of all of them together the [`Segment`]s that are told of the work.
//!
//! A loop fits itself at every round, and each window may have found another one. So every place that was found is
//! followed by itself, forwards and backwards, for as long as the peaks go on falling on its line; the run that
//! explains the most is told, its stretch of the suspect is taken away, and what is left is looked at again. A copy thus
//! goes on along its own line before another round of the loop is told, and one stretch is never told twice.
//!
//! Invariants: the result does not depend on the order of the seeds; each round takes peaks away, so that they end.
//!
//! Not here: how windows are searched ([`super`]), ends and evidence of a stretch ([`super::segments`]).

use std::borrow::Cow;
use std::ops::Range;

use super::segments::{Segment, segments_of};
use super::{MAX_JOINT_BANDS, MIN_WINDOW_BITS, MIN_WINDOW_PEAKS};
use crate::audio::constellation::Constellation;
use crate::audio::peaks::Peak;
use crate::audio::verify::{Alignment, weigh};

/// How far the peaks of a neighbour may lie off the line.
const CARRY_FRAMES: f32 = 4.0;

/// Windows that a run may pass over: talk, a fade. Neighbouring windows cover each one whole.
const MAX_MISSED: usize = 1;

/// Places of one work that are followed before the best of them is told.
const MAX_FOLLOWED: usize = 24;

/// Windows along one line of one work, in order of time.
pub(in crate::audio) struct Run {
    pub(in crate::audio) item: u32,
    pub(in crate::audio) parts: Vec<(Range<usize>, Alignment)>,
}

impl Run {
    /// The evidence of all its windows: what goes on for longer explains more.
    fn bits(&self) -> f64 {
        self.parts.iter().map(|(_, alignment)| alignment.bits).sum()
    }
}

/// The segments of one work, from what each window showed of it.
pub(super) fn segments_of_work(
    mut seeds: Vec<(usize, Alignment)>,
    windows: &[Range<usize>],
    peaks: &[Peak],
    work: &Constellation,
    is_proved: &impl Fn(f64) -> bool,
) -> Vec<Segment> {
    seeds.sort_by(|a, b| {
        (a.1.origin.cmp(&b.1.origin))
            .then(b.1.bits.total_cmp(&a.1.bits))
            .then(a.0.cmp(&b.0))
            .then(a.1.line.at(0).total_cmp(&b.1.line.at(0)))
    });
    let frames: Vec<Range<u32>> = windows
        .iter()
        .map(|window| peaks[window.start].frame..peaks[window.end - 1].frame + 1)
        .collect();
    let mut left = Cow::Borrowed(peaks);
    let mut told = Vec::new();
    loop {
        let suspect = Suspect {
            windows: frames.iter().map(|frames| between(&left, frames)).collect(),
            peaks: &left,
        };
        let best = suspect
            .runs(&seeds, work)
            .into_iter()
            .map(|run| (segments_of(&run, &left, work), run.bits()))
            .max_by(|a, b| {
                let proved = |segments: &[Segment]| segments.iter().any(|segment| is_proved(segment.bits));
                (proved(&a.0).cmp(&proved(&b.0))).then(a.1.total_cmp(&b.1))
            });
        let Some((segments, _)) = best else { return told };
        let taken: Vec<(u32, u32)> = (segments.iter())
            .filter(|segment| is_proved(segment.bits))
            .map(|segment| segment.suspect)
            .collect();
        told.extend(segments);
        if taken.is_empty() {
            return told;
        }
        let is_left = |peak: &Peak| {
            !taken
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&peak.frame))
        };
        left = Cow::Owned(left.iter().filter(|peak| is_left(peak)).copied().collect());
    }
}

/// The indices of the peaks within `frames`.
fn between(peaks: &[Peak], frames: &Range<u32>) -> Range<usize> {
    let index_of = |frame| peaks.partition_point(|peak| peak.frame < frame);
    index_of(frames.start)..index_of(frames.end)
}

/// What is left of the suspect.
struct Suspect<'a> {
    windows: Vec<Range<usize>>,
    peaks: &'a [Peak],
}

impl Suspect<'_> {
    /// The runs of the best seeds, each line once.
    fn runs(&self, seeds: &[(usize, Alignment)], work: &Constellation) -> Vec<Run> {
        let mut followed: Vec<(usize, Run)> = Vec::new();
        for (number, seed) in seeds {
            if followed.len() >= MAX_FOLLOWED {
                break;
            }
            let Some(start) = self.own(*number).first().map(|peak| peak.frame) else {
                continue;
            };
            let is_known = followed.iter().any(|(_, run)| {
                let same = run.parts.iter().find(|part| part.0 == self.windows[*number]);
                same.is_some_and(|(_, known)| known.line.meets(&seed.line, start))
            });
            if !is_known {
                followed.extend(self.follow(*number, seed, work).map(|run| (*number, run)));
            }
        }
        followed.into_iter().map(|(_, run)| run).collect()
    }

    fn own(&self, number: usize) -> &[Peak] {
        let peaks = &self.peaks[self.windows[number].clone()];
        if peaks.len() < MIN_WINDOW_PEAKS {
            &[]
        } else {
            peaks
        }
    }

    /// The run through `seed`, which the window of that number showed.
    fn follow(&self, number: usize, seed: &Alignment, work: &Constellation) -> Option<Run> {
        let own = self.own(number);
        let seed = carried(seed, own, own.first()?.frame, work)?;
        let mut parts = self.along((0..number).rev(), number, &seed, work);
        parts.reverse();
        let after = self.along(number + 1..self.windows.len(), number, &seed, work);
        let item = seed.item;
        parts.push((self.windows[number].clone(), seed));
        parts.extend(after);
        Some(Run { item, parts })
    }

    /// `seed` of the window `from` as the windows of `numbers`, one after the other, have it, until it is lost.
    fn along(
        &self,
        numbers: impl Iterator<Item = usize>,
        from: usize,
        seed: &Alignment,
        work: &Constellation,
    ) -> Vec<(Range<usize>, Alignment)> {
        let mut parts: Vec<(Range<usize>, Alignment)> = Vec::new();
        let (mut last, mut missed) = (from, 0);
        for number in numbers {
            let before = parts.last().map_or(seed, |(_, alignment)| alignment);
            let joint = self.own(number.max(last)).first().map(|peak| peak.frame);
            let found = joint.and_then(|joint| carried(before, self.own(number), joint, work));
            if let Some(found) = found {
                parts.push((self.windows[number].clone(), found));
                (last, missed) = (number, 0);
            } else if missed == MAX_MISSED {
                break;
            } else {
                missed += 1;
            }
        }
        parts
    }
}

/// `alignment` as `own`, the peaks of another window, have it; none when their line is another one at `joint`.
pub(in crate::audio) fn carried(
    alignment: &Alignment,
    own: &[Peak],
    joint: u32,
    work: &Constellation,
) -> Option<Alignment> {
    let line = alignment.line.refit(own, work, CARRY_FRAMES, MAX_JOINT_BANDS);
    let found = weigh((alignment.item, alignment.origin), &line, own, work);
    let goes_on = found.bits >= MIN_WINDOW_BITS && found.line.meets(&alignment.line, joint);
    goes_on.then_some(found)
}
