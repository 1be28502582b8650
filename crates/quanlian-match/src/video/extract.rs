//! Extraction: a film file to reels and looks.
//!
//! In:  a file with its track.
//! Out: what is [`Shown`] within the bars; for suspects also with the bars, where there are any.
//!
//! Invariant: a minute of pictures is held at a time; what is kept beyond is bounded by the length of the film, which is
//! bounded too.
//!
//! Not here: keys (`candidates`).

use std::path::Path;

use super::decode::{self, STEPS_PER_SECOND, Step};
use super::frame::{self, Bars, Look};
use super::probe::FilmTrack;
use super::reel::{MINUTE, ReelWriter};
use super::{Tools, VideoError, VideoNote};

/// A last piece shorter than this has the bars of the one before it.
const MIN_OWN_BARS: usize = 20 * STEPS_PER_SECOND as usize;

/// Which looks are kept: those that differ from the last one in so many bits and come so many steps after it …
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) min_distance: u32,
    pub(super) min_steps: u32,
    /// … and any that comes so many steps after it.
    pub(super) max_steps: u32,
}

/// Of works: two in a second at most, and one in four seconds of what stands still.
pub(super) const OF_WORK: Keep = Keep {
    min_distance: 20,
    min_steps: 3,
    max_steps: 4 * STEPS_PER_SECOND,
};
/// Of suspects.
pub(super) const OF_SUSPECT: Keep = Keep {
    min_distance: 6,
    min_steps: 1,
    max_steps: STEPS_PER_SECOND,
};

/// A film as it is seen with or without its bars.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) reel: Vec<u8>,
    /// Looks that were kept, with their steps.
    pub(super) looks: Vec<(u32, Look)>,
}

/// What was read of a film.
#[derive(Debug)]
pub(super) struct Extracted {
    pub(super) duration_ms: u64,
    pub(super) steps: u32,
    /// Within the bars; and, where there are bars and it was asked for, with them.
    pub(super) shown: Vec<Shown>,
    pub(super) notes: Vec<VideoNote>,
}

#[derive(Default)]
struct Writer {
    reel: ReelWriter,
    looks: Vec<(u32, Look)>,
    steps: u32,
}

impl Writer {
    fn push(&mut self, step: &Step, bars: Bars, keep: Keep) {
        let plane = frame::within(step, bars);
        self.reel.push(&frame::cells(&plane));
        if let Some(look) = frame::look(&plane) {
            let is_kept = self.looks.last().is_none_or(|(at, last)| {
                let steps = self.steps - at;
                let differs = || frame::distance(&last.hashes[0], &look.hashes[0]) >= keep.min_distance;
                steps >= keep.max_steps || steps >= keep.min_steps && differs()
            });
            if is_kept {
                self.looks.push((self.steps, look));
            }
        }
        self.steps += 1;
    }

    fn finish(self) -> Shown {
        Shown {
            reel: self.reel.finish(),
            looks: self.looks,
        }
    }
}

/// Reads the film at `path`.
pub(super) fn extract(
    path: &Path,
    track: &FilmTrack,
    tools: &Tools,
    keep: Keep,
    also_with_bars: bool,
) -> Result<Extracted, VideoError> {
    let (mut within, mut whole) = (Writer::default(), Writer::default());
    let (mut bars, mut any_bars) = (Bars::NONE, false);
    let mut minute: Vec<Step> = Vec::with_capacity(MINUTE);
    let mut flush = |minute: &mut Vec<Step>| {
        if minute.len() >= MIN_OWN_BARS || within.steps == 0 {
            bars = Bars::around(minute.iter());
        }
        any_bars |= !bars.is_none();
        for step in minute.drain(..) {
            within.push(&step, bars, keep);
            if also_with_bars {
                whole.push(&step, Bars::NONE, keep);
            }
        }
    };
    let decoded = decode::decode(path, track, tools, &mut |step| {
        minute.push(*step);
        if minute.len() == MINUTE {
            flush(&mut minute);
        }
    })?;
    flush(&mut minute);
    let steps = within.steps;
    let mut shown = vec![within.finish()];
    if also_with_bars && any_bars {
        shown.push(whole.finish());
    }
    Ok(Extracted {
        duration_ms: decoded.duration_ms,
        steps,
        shown,
        notes: decoded.notes,
    })
}
