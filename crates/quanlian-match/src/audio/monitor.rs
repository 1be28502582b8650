//! Monitoring: copies in sound that is still coming, told soon after they end.
//!
//! In:  16 kHz mono samples as they come, and an [`AudioIndex`].
//! Out: [`Passage`]s: one when a copy is first recognised, one when it has ended.
//!
//! Every two seconds the last twelve are searched, as one window of [`super::search`]. What is found is followed along
//! its line through the work; when peaks have stopped falling on the line for two seconds, the passage is cut, fitted
//! and weighed by the same code as a stretch of a file.
//!
//! Invariants: memory is bounded whatever the length of the stream; the answer does not depend on how the samples are
//! cut into blocks; a passage that was told as begun is told as ended.
//!
//! Not here: where the samples come from and clocks (the caller).

use super::calibration;
use super::candidates::Ballot;
use super::landmark::QUERY_RANK;
use super::peaks::{DELAY_FRAMES, Peak, PeakFinder};
use super::search::runs::{Run, carried};
use super::search::segments::{
    Density, MAX_GAP_FRAMES, MS_PER_FRAME, Segment, overlap_share, segments_of, span, transform,
};
use super::search::{MIN_WINDOW_PEAKS, WINDOW_FRAMES, Works, align_window};
use super::spectrum::HOP_SAMPLES;
use super::verify::{Alignment, coincidences, weigh};
use super::{AudioIndex, AudioMatch, SearchOptions};

/// Frames from one search to the next: 2 s.
const LOOK_FRAMES: u32 = 125;

/// Frames from one check whether a passage has ended to the next: half a second, a whole part of [`LOOK_FRAMES`].
const CHECK_FRAMES: u32 = 25;

/// A passage has ended when nothing of it was heard for this long: 2 s.
const QUIET_FRAMES: u32 = 125;

/// A passage that was told as ended goes on when it is heard again for at least this long: 1 s.
const RESUMED_FRAMES: u32 = 62;

/// Searches that one passage pays for: those of an hour, so that an E-value is a number of false alarms an hour.
const LOOKS_PAID: usize = 1800;

/// The stream is told in pieces of 6 h, so that frames stay exact and memory bounded.
const PIECE_FRAMES: u32 = 1_350_000;

/// Peaks that may be let go before it is done.
const SPARE_PEAKS: usize = 8192;

const _: () = assert!(
    LOOK_FRAMES.is_multiple_of(CHECK_FRAMES) && PIECE_FRAMES.is_multiple_of(LOOK_FRAMES),
    "every look falls on a check, and a piece ends on both"
);

/// What is said about a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PassageState {
    /// It was recognised and may go on; where it ends is provisional.
    Begun,
    /// It has ended. When it goes on after all, it is told as ended once more under the same number, and the last word
    /// stands.
    Ended,
}

/// A stretch of a stream that is a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Counted from 1 in the order of being told.
    pub number: u64,
    /// What is said.
    pub state: PassageState,
    /// How much of the stream had been heard when it was told, in ms.
    pub heard_ms: u64,
    /// The work with one segment, in ms from the start of the stream; the E-value counts false alarms an hour.
    pub found: AudioMatch,
}

/// Follows one stream.
pub struct Monitor<'a, I> {
    index: &'a I,
    works: Works<'a, I>,
    ballot: Ballot,
    options: SearchOptions,
    finder: PeakFinder,
    samples: u64,
    /// Frames of the stream before the piece that is being followed.
    before: u64,
    /// Peaks of the piece that are still needed, their frames counted from its start.
    peaks: Vec<Peak>,
    /// The next check, in frames of the piece.
    next: u32,
    tracks: Vec<Track>,
    told: u64,
    piece_frames: u32,
}

/// A run that is being followed.
struct Track {
    run: Run,
    best_bits: f64,
    /// The last frame that was heard of it.
    last_heard: u32,
    /// Where it stood when it was told as ended.
    ended: Option<u32>,
    told: Vec<Told>,
}

/// What was last told of one passage.
struct Told {
    number: u64,
    state: PassageState,
    segment: Segment,
}

impl Track {
    fn alignment(&self) -> Option<&Alignment> {
        self.run.parts.last().map(|(_, alignment)| alignment)
    }

    /// Whether an alignment of a later window is of the same line, where this was last heard.
    fn is_continued_by(&self, other: &Alignment) -> bool {
        self.alignment()
            .is_some_and(|last| last.item == other.item && last.line.meets(&other.line, self.last_heard))
    }

    /// Whether everything that was heard of it has been told.
    fn is_told(&self) -> bool {
        self.ended
            .is_some_and(|end| self.last_heard <= end.saturating_add(RESUMED_FRAMES))
    }

    /// The stretch of a window, first and last frame, in which the line goes on.
    fn heard_in<I: AudioIndex>(
        &self,
        window: std::ops::Range<usize>,
        peaks: &[Peak],
        works: &mut Works<'_, I>,
    ) -> Option<(u32, u32)> {
        let own = &peaks[window];
        let hits: Vec<(u32, f32)> = coincidences(&self.alignment()?.line, own, works.get(self.run.item)?)
            .into_iter()
            .map(|(frame, count)| (frame, count as f32))
            .collect();
        Density::of(&self.run, peaks).stretch(&hits, own)
    }

    /// The frames of the suspect from its first window to what was last heard.
    fn heard(&self, peaks: &[Peak]) -> Option<(u32, u32)> {
        let (first, _) = self.run.parts.first()?;
        let told = self.told.iter().map(|told| told.segment.suspect.0).min();
        Some((told.unwrap_or(peaks.get(first.start)?.frame), self.last_heard))
    }

    /// Takes a further window in; of windows that overlap, only as many are kept as cover the whole.
    fn push(&mut self, range: std::ops::Range<usize>, alignment: Alignment) {
        self.best_bits = self.best_bits.max(alignment.bits);
        let parts = &mut self.run.parts;
        if let [.., (before, _), _] = &parts[..]
            && before.end > range.start
        {
            parts.pop();
        }
        parts.push((range, alignment));
    }
}

impl<'a, I: AudioIndex> Monitor<'a, I> {
    /// A monitor at the start of its stream.
    pub fn new(index: &'a I, options: SearchOptions) -> Self {
        Self {
            index,
            works: Works::new(index),
            ballot: Ballot::new(),
            options,
            finder: PeakFinder::new(),
            samples: 0,
            before: 0,
            peaks: Vec::new(),
            next: CHECK_FRAMES,
            tracks: Vec::new(),
            told: 0,
            piece_frames: PIECE_FRAMES,
        }
    }

    /// Length of the sound heard so far.
    pub fn heard_ms(&self) -> u64 {
        self.samples * 1000 / u64::from(super::SAMPLE_RATE_HZ)
    }

    /// Hears further samples and tells what they show.
    pub fn push(&mut self, samples: &[f32], tell: &mut dyn FnMut(Passage)) {
        for block in samples.chunks(HOP_SAMPLES * CHECK_FRAMES as usize) {
            let (peaks, before) = (&mut self.peaks, self.before);
            self.finder.push(block, &mut |peak| take(peaks, peak, before));
            self.samples += block.len() as u64;
            self.catch_up(DELAY_FRAMES, tell);
        }
    }

    /// The stream has stopped, perhaps for a while: tells what was going on as ended.
    pub fn pause(&mut self, tell: &mut dyn FnMut(Passage)) {
        self.end_all(self.next, tell);
    }

    /// The stream has ended.
    pub fn finish(mut self, tell: &mut dyn FnMut(Passage)) {
        let (peaks, before) = (&mut self.peaks, self.before);
        let finder = std::mem::replace(&mut self.finder, PeakFinder::new());
        finder.finish(&mut |peak| take(peaks, peak, before));
        self.catch_up(0, tell);
        // What came after the last look.
        let end = self
            .next
            .saturating_sub(1)
            .max(self.peaks.last().map_or(0, |peak| peak.frame + 1));
        self.look(end, tell);
        self.check_ends(end, tell);
        self.end_all(end, tell);
    }

    /// Does the checks and looks that are due when all peaks are known except those of the last `delay` frames.
    fn catch_up(&mut self, delay: u32, tell: &mut dyn FnMut(Passage)) {
        let settled = (self.samples / HOP_SAMPLES as u64)
            .saturating_sub(u64::from(delay))
            .saturating_sub(self.before);
        while u64::from(self.next) <= settled {
            let now = self.next;
            if now.is_multiple_of(LOOK_FRAMES) {
                self.look(now, tell);
            }
            self.check_ends(now, tell);
            self.next += CHECK_FRAMES;
            if now >= self.piece_frames {
                self.start_piece(now, tell);
                return self.catch_up(delay, tell);
            }
        }
    }

    /// The peaks of the window that ends before frame `now`, as a range of indices.
    fn window(&self, now: u32) -> std::ops::Range<usize> {
        let start = now.saturating_sub(WINDOW_FRAMES);
        let index_of = |frame| self.peaks.partition_point(|peak| peak.frame < frame);
        index_of(start)..index_of(now)
    }

    /// Searches the window that ends at `now`.
    fn look(&mut self, now: u32, tell: &mut dyn FnMut(Passage)) {
        let window = self.window(now);
        if window.len() >= MIN_WINDOW_PEAKS {
            let own = &self.peaks[window.clone()];
            let mut found = align_window(own, self.index, &mut self.works, &mut self.ballot);
            for track in &self.tracks {
                let Some(last) = track.alignment() else { continue };
                if !found.iter().any(|other| track.is_continued_by(other)) {
                    let work = self.works.get(last.item);
                    found.extend(work.and_then(|work| carried(last, own, track.last_heard, work)));
                }
            }
            for alignment in found {
                self.join(window.clone(), alignment);
            }
        }
        self.tell_begun(now, tell);
        self.let_go();
    }

    fn join(&mut self, window: std::ops::Range<usize>, alignment: Alignment) {
        let continued = self
            .tracks
            .iter_mut()
            .rev()
            .find(|track| track.is_continued_by(&alignment));
        match continued {
            // Of two that continue one track in one window, the first, which is the better one, stands.
            Some(track) if track.run.parts.last().is_some_and(|(range, _)| *range == window) => {}
            Some(track) => track.push(window, alignment),
            None => {
                let mut track = Track {
                    best_bits: alignment.bits,
                    last_heard: self.peaks[window.start].frame,
                    ended: None,
                    told: Vec::new(),
                    run: Run {
                        item: alignment.item,
                        parts: vec![(window.clone(), alignment)],
                    },
                };
                if let Some((_, last)) = track.heard_in(window, &self.peaks, &mut self.works) {
                    track.last_heard = last;
                }
                self.tracks.push(track);
            }
        }
    }

    /// Tells what has ended by `now`, and forgets what cannot go on.
    fn check_ends(&mut self, now: u32, tell: &mut dyn FnMut(Passage)) {
        let window = self.window(now);
        for number in 0..self.tracks.len() {
            let track = &mut self.tracks[number];
            let heard = track.heard_in(window.clone(), &self.peaks, &mut self.works);
            if let Some((first, last)) = heard
                && first <= track.last_heard.saturating_add(MAX_GAP_FRAMES)
            {
                track.last_heard = track.last_heard.max(last);
            }
            if now.saturating_sub(track.last_heard) >= QUIET_FRAMES && !track.is_told() {
                self.tell_ended(number, now, tell);
            }
        }
        self.tracks
            .retain(|track| now.saturating_sub(track.last_heard) <= WINDOW_FRAMES + MAX_GAP_FRAMES);
    }

    /// Tells every passage that goes on as ended.
    fn end_all(&mut self, now: u32, tell: &mut dyn FnMut(Passage)) {
        for number in 0..self.tracks.len() {
            if !self.tracks[number].is_told() {
                self.tell_ended(number, now, tell);
            }
        }
    }

    fn tell_begun(&mut self, now: u32, tell: &mut dyn FnMut(Passage)) {
        for number in 0..self.tracks.len() {
            let track = &self.tracks[number];
            let is_proved = track.ended.is_none()
                && track.told.is_empty()
                && self.score(track.best_bits).is_within(self.options.max_e_value);
            if !is_proved {
                continue;
            }
            // The stretch that goes on now, if it goes on.
            let newest = self
                .proved_segments(number)
                .into_iter()
                .max_by_key(|segment| segment.suspect.1)
                .filter(|segment| now.saturating_sub(segment.suspect.1) < QUIET_FRAMES);
            if let Some(segment) = newest {
                self.tell(number, segment, PassageState::Begun, tell);
            }
        }
    }

    fn tell_ended(&mut self, number: usize, now: u32, tell: &mut dyn FnMut(Passage)) {
        // What came since the last look goes on along the same line.
        let window = self.window(now);
        let track = &mut self.tracks[number];
        if let (Some(last), Some(work)) = (track.alignment(), self.works.get(track.run.item))
            && window.len() >= MIN_WINDOW_PEAKS
        {
            let alignment = weigh(
                (last.item, last.origin),
                &last.line,
                &self.peaks[window.clone()],
                work,
            );
            track.push(window, alignment);
        }
        for segment in self.proved_segments(number) {
            self.tell(number, segment, PassageState::Ended, tell);
        }
        let track = &mut self.tracks[number];
        track.ended = Some(track.last_heard);
        // What was told as begun and came out as less than a proof, or as part of something else, still has an end.
        let open: Vec<Segment> = (track.told.iter())
            .filter(|told| told.state == PassageState::Begun)
            .map(|told| told.segment.clone())
            .collect();
        for segment in open {
            self.tell(number, segment, PassageState::Ended, tell);
        }
    }

    /// The stretches of a track that count by themselves, without those that another track of the work explains better.
    fn proved_segments(&mut self, number: usize) -> Vec<Segment> {
        let track = &self.tracks[number];
        let Some(work) = self.works.get(track.run.item) else {
            return Vec::new();
        };
        let mut segments = segments_of(&track.run, &self.peaks, work);
        segments.retain(|segment| self.score(segment.bits).is_within(self.options.max_e_value));
        let track = &self.tracks[number];
        // Of the places of a loop that one stretch fits, the one that was told first goes on being told.
        let rank = |track: &Track| (!track.told.is_empty(), track.best_bits);
        let rivals: Vec<(u32, u32)> = self
            .tracks
            .iter()
            .enumerate()
            .filter(|(other, rival)| {
                *other != number && rival.run.item == track.run.item && rank(rival) > rank(track)
            })
            .filter_map(|(_, rival)| rival.heard(&self.peaks))
            .collect();
        segments.retain(|segment| {
            !rivals
                .iter()
                .any(|rival| overlap_share(segment.suspect, *rival) > 0.5)
        });
        segments
    }

    fn score(&self, bits: f64) -> crate::score::Score {
        calibration::score(bits, self.index.total_duration_ms(), LOOKS_PAID)
    }

    fn tell(&mut self, number: usize, segment: Segment, state: PassageState, tell: &mut dyn FnMut(Passage)) {
        let score = self.score(segment.bits);
        let track = &mut self.tracks[number];
        let item = track.run.item;
        let mut place = span(&segment, u64::MAX, self.index.duration_ms(item));
        let (identity, transform) = (segment.identity, transform(&segment));
        let known =
            (track.told.iter_mut()).find(|told| overlap_share(segment.suspect, told.segment.suspect) > 0.5);
        let passage = if let Some(told) = known {
            (told.segment, told.state) = (segment, state);
            told.number
        } else {
            self.told += 1;
            track.told.push(Told {
                number: self.told,
                state,
                segment,
            });
            self.told
        };
        let before_ms = (self.before as f64 * MS_PER_FRAME).round() as u64;
        place.suspect = place
            .suspect
            .map(|ms| ms.saturating_add(before_ms).min(self.heard_ms()));
        tell(Passage {
            number: passage,
            state,
            heard_ms: self.heard_ms(),
            found: AudioMatch {
                item,
                score_bits: score.bits,
                e_value: score.e_value,
                identity,
                segments: vec![place],
                transform,
            },
        });
    }

    /// Lets go of the peaks that nothing needs any more.
    fn let_go(&mut self) {
        let oldest = self
            .tracks
            .iter()
            .filter_map(|track| track.run.parts.first())
            .map(|(range, _)| range.start);
        let unneeded = oldest.fold(self.window(self.next).start, usize::min);
        if unneeded < SPARE_PEAKS {
            return;
        }
        self.peaks.drain(..unneeded);
        for (range, _) in self.tracks.iter_mut().flat_map(|track| &mut track.run.parts) {
            *range = range.start - unneeded..range.end - unneeded;
        }
    }

    /// Starts a piece at `now`; a passage that goes on is told as ended and again as another.
    fn start_piece(&mut self, now: u32, tell: &mut dyn FnMut(Passage)) {
        self.end_all(now, tell);
        self.tracks.clear();
        self.peaks.retain(|peak| peak.frame >= now);
        for peak in &mut self.peaks {
            peak.frame -= now;
        }
        self.before += u64::from(now);
        self.next = CHECK_FRAMES;
    }
}

fn take(peaks: &mut Vec<Peak>, mut peak: Peak, before: u64) {
    if peak.rank < QUERY_RANK {
        peak.frame = (u64::from(peak.frame) - before.min(u64::from(peak.frame))) as u32;
        peaks.push(peak);
    }
}

#[cfg(test)]
mod tests;
