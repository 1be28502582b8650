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
//! Invariants: the result does not depend on the order of the seeds; each round takes peaks away, so that they end, and
//! only what lies near these is followed again, so that a suspect of any length costs in proportion to its length.
//!
//! Not here: how windows are searched ([`super`]), ends and evidence of a stretch ([`super::segments`]).

use std::ops::Range;

use super::segments::{Segment, segments_of};
use super::{MAX_JOINT_BANDS, MIN_WINDOW_BITS, MIN_WINDOW_PEAKS};
use crate::audio::constellation::Constellation;
use crate::audio::peaks::Peak;
use crate::audio::verify::{Alignment, Line, weigh};

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

/// One place that a window showed, and where following it led for as long as no peak near that way is taken away.
struct Seed {
    window: usize,
    alignment: Alignment,
    way: Option<Way>,
}

/// Where following a seed led.
struct Way {
    /// Windows that were looked at, also in vain.
    seen: Range<usize>,
    /// Windows of the run by number; empty when the seed itself was lost.
    parts: Vec<(usize, Alignment)>,
    segments: Vec<Segment>,
    is_proved: bool,
    /// The evidence of all its windows: what goes on for longer explains more.
    bits: f64,
}

impl Way {
    /// Whether `line` is what the window of that number showed on this way.
    fn holds(&self, window: usize, line: &Line, start: u32) -> bool {
        let part = self.parts.binary_search_by_key(&window, |(number, _)| *number);
        part.is_ok_and(|index| self.parts[index].1.line.meets(line, start))
    }
}

/// The segments of one work, from what each window showed of it.
pub(super) fn segments_of_work(
    seeds: Vec<(usize, Alignment)>,
    windows: &[Range<usize>],
    peaks: &[Peak],
    work: &Constellation,
    is_proved: &impl Fn(f64) -> bool,
) -> Vec<Segment> {
    let mut seeds: Vec<Seed> = (seeds.into_iter())
        .map(|(window, alignment)| Seed {
            window,
            alignment,
            way: None,
        })
        .collect();
    seeds.sort_by(|a, b| {
        (a.alignment.origin.cmp(&b.alignment.origin))
            .then(b.alignment.bits.total_cmp(&a.alignment.bits))
            .then(a.window.cmp(&b.window))
            .then(a.alignment.line.at(0).total_cmp(&b.alignment.line.at(0)))
    });
    let mut suspect = Suspect::new(windows, peaks);
    let mut told = Vec::new();
    while let Some(best) = suspect.best_way(&mut seeds, work, is_proved) {
        let taken: Vec<(u32, u32)> = (best.segments.iter())
            .filter(|segment| is_proved(segment.bits))
            .map(|segment| segment.suspect)
            .collect();
        told.extend(best.segments.iter().cloned());
        if taken.is_empty() {
            break;
        }
        for stretch in taken {
            suspect.take(stretch);
            // Ways elsewhere are what they were: so the work grows with the length of the suspect and not its square.
            for seed in &mut seeds {
                seed.way.take_if(|way| suspect.reaches(&way.seen, stretch));
            }
        }
        seeds.retain(|seed| !suspect.own(seed.window).is_empty());
    }
    told
}

/// What is left of the suspect.
struct Suspect {
    /// Frames of each window, first and one past the last.
    frames: Vec<Range<u32>>,
    windows: Vec<Range<usize>>,
    peaks: Vec<Peak>,
}

impl Suspect {
    fn new(windows: &[Range<usize>], peaks: &[Peak]) -> Self {
        let frames = |window: &Range<usize>| peaks[window.start].frame..peaks[window.end - 1].frame + 1;
        Self {
            frames: windows.iter().map(frames).collect(),
            windows: windows.to_vec(),
            peaks: peaks.to_vec(),
        }
    }

    /// Takes the stretch from its first frame to its last one away.
    fn take(&mut self, (first, last): (u32, u32)) {
        let gone = self.between(&(first..last.saturating_add(1)));
        self.peaks.drain(gone);
        self.windows = self.frames.iter().map(|frames| self.between(frames)).collect();
    }

    /// The indices of the peaks within `frames`.
    fn between(&self, frames: &Range<u32>) -> Range<usize> {
        let index_of = |frame| self.peaks.partition_point(|peak| peak.frame < frame);
        index_of(frames.start)..index_of(frames.end)
    }

    /// Whether `windows` have something of a stretch.
    fn reaches(&self, windows: &Range<usize>, (first, last): (u32, u32)) -> bool {
        let frames = &self.frames[windows.clone()];
        let ends = frames.first().zip(frames.last());
        ends.is_some_and(|(start, end)| start.start <= last && first < end.end)
    }

    fn own(&self, number: usize) -> &[Peak] {
        let peaks = &self.peaks[self.windows[number].clone()];
        if peaks.len() < MIN_WINDOW_PEAKS {
            &[]
        } else {
            peaks
        }
    }

    /// The way that explains the most, of those that the best seeds lead along, each line once.
    fn best_way<'a>(
        &self,
        seeds: &'a mut [Seed],
        work: &Constellation,
        is_proved: &impl Fn(f64) -> bool,
    ) -> Option<&'a Way> {
        let mut followed: Vec<usize> = Vec::new();
        for index in 0..seeds.len() {
            if followed.len() >= MAX_FOLLOWED {
                break;
            }
            let Seed {
                window, alignment, ..
            } = &seeds[index];
            let Some(start) = self.own(*window).first().map(|peak| peak.frame) else {
                continue;
            };
            let mut ways = followed.iter().filter_map(|&other| seeds[other].way.as_ref());
            if ways.any(|way| way.holds(*window, &alignment.line, start)) {
                continue;
            }
            if seeds[index].way.is_none() {
                seeds[index].way = Some(self.follow(&seeds[index], work, is_proved));
            }
            if seeds[index].way.as_ref().is_some_and(|way| !way.parts.is_empty()) {
                followed.push(index);
            }
        }
        (followed.into_iter())
            .filter_map(|index| seeds[index].way.as_ref())
            .max_by(|a, b| (a.is_proved.cmp(&b.is_proved)).then(a.bits.total_cmp(&b.bits)))
    }

    /// The way through `seed`.
    fn follow(&self, seed: &Seed, work: &Constellation, is_proved: &impl Fn(f64) -> bool) -> Way {
        let (number, own) = (seed.window, self.own(seed.window));
        let start = own.first().map(|peak| peak.frame);
        let Some(here) = start.and_then(|start| carried(&seed.alignment, own, start, work)) else {
            return Way {
                seen: number..number + 1,
                parts: Vec::new(),
                segments: Vec::new(),
                is_proved: false,
                bits: 0.0,
            };
        };
        let mut parts = self.along((0..number).rev(), number, &here, work);
        parts.reverse();
        let after = self.along(number + 1..self.windows.len(), number, &here, work);
        let item = here.item;
        parts.push((number, here));
        parts.extend(after);
        let (first, last) = (parts[0].0, parts[parts.len() - 1].0);
        let run = Run {
            item,
            parts: (parts.iter())
                .map(|(number, alignment)| (self.windows[*number].clone(), alignment.clone()))
                .collect(),
        };
        let segments = segments_of(&run, &self.peaks, work);
        Way {
            seen: first.saturating_sub(MAX_MISSED + 1)..(last + MAX_MISSED + 2).min(self.windows.len()),
            is_proved: segments.iter().any(|segment| is_proved(segment.bits)),
            segments,
            bits: parts.iter().map(|(_, alignment)| alignment.bits).sum(),
            parts,
        }
    }

    /// `seed` of the window `from` as the windows of `numbers`, one after the other, have it, until it is lost.
    fn along(
        &self,
        numbers: impl Iterator<Item = usize>,
        from: usize,
        seed: &Alignment,
        work: &Constellation,
    ) -> Vec<(usize, Alignment)> {
        let mut parts: Vec<(usize, Alignment)> = Vec::new();
        let (mut last, mut missed) = (from, 0);
        for number in numbers {
            let before = parts.last().map_or(seed, |(_, alignment)| alignment);
            let joint = self.own(number.max(last)).first().map(|peak| peak.frame);
            let found = joint.and_then(|joint| carried(before, self.own(number), joint, work));
            if let Some(found) = found {
                parts.push((number, found));
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
