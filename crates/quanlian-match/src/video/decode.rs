//! Decoding: a film to small grey pictures at a steady rate, by ffmpeg.
//!
//! In:  a file with its [`FilmTrack`].
//! Out: one [`Step`] picture for each sixth of a second, the mean of what was shown in it.
//!
//! The mean over time keeps fast movement from being sampled by chance: a step of a copy that starts a twelfth of a
//! second later lies between two steps of the work.
//!
//! Invariants: ffmpeg gets the one format that the first bytes named, one thread, local files only; it writes a bounded
//! number of frames of a size that is fixed here; memory does not grow with the length of the film.
//!
//! Not here: what becomes of the pictures (`strip`).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::probe::{self, FilmTrack};
use super::{Tools, VideoError, VideoNote};
use crate::process::{Ended, FFMPEG_ALWAYS, Guarded, INPUT, Limits};

/// Side of the pictures that ffmpeg hands over, whatever the shape of the film.
pub(super) const SIDE: usize = 96;
/// Pixels of one of them.
pub(super) const PIXELS: usize = SIDE * SIDE;
/// Pictures per second that ffmpeg hands over, by repeating or leaving out.
const FRAMES_PER_SECOND: u64 = 24;
/// Pictures whose mean is one step.
const FRAMES_PER_STEP: u64 = 4;
/// Steps per second.
pub(super) const STEPS_PER_SECOND: u32 = (FRAMES_PER_SECOND / FRAMES_PER_STEP) as u32;
/// The longest stretch of one film that is looked at; the rest is left out and noted.
pub const MAX_DURATION_MS: u64 = 12 * 60 * 60 * 1000;
const MAX_FRAMES: u64 = MAX_DURATION_MS / 1000 * FRAMES_PER_SECOND;
/// The first track of pictures that is no cover, thumbnail or preview.
const FIRST_FILM: &str = "0:V:0";
/// A film that takes longer to decode than this is given up.
const LIMITS: Limits = Limits {
    stall: Duration::from_mins(1),
    total: Duration::from_hours(12),
};

/// The grey of one step, each pixel four times as large as a byte can be, `0..=1020`.
pub(super) type Step = [u16; PIXELS];

/// What was read of a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) duration_ms: u64,
    pub(super) notes: Vec<VideoNote>,
}

/// Decodes the film at `path` into `sink`, step by step.
pub(super) fn decode(
    path: &Path,
    track: &FilmTrack,
    tools: &Tools,
    sink: &mut dyn FnMut(&Step),
) -> Result<Decoded, VideoError> {
    let file = File::open(path).map_err(VideoError::Open)?;
    let filter = format!("fps={FRAMES_PER_SECOND},scale={SIDE}:{SIDE}:flags=area,format=gray");
    let frames = MAX_FRAMES.to_string();
    let pixels = probe::MAX_PIXELS.to_string();
    let arguments = [
        "-f",
        track.container.demuxer(),
        "-max_pixels",
        &pixels,
        "-skip_loop_filter",
        "noref",
        "-i",
        INPUT,
        "-map",
        FIRST_FILM,
        "-an",
        "-sn",
        "-dn",
        "-vf",
        &filter,
        "-frames:v",
        &frames,
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "pipe:1",
    ];
    let mut running = Guarded::start(
        &tools.ffmpeg,
        &[&FFMPEG_ALWAYS[..], &arguments].concat(),
        file,
        LIMITS,
    )
    .map_err(|e| VideoError::of_start("ffmpeg", e))?;
    let frames = steps_of(&mut running, sink).map_err(VideoError::Open)?;
    judge(frames, &running.finish())
}

/// What the end of ffmpeg says about the film.
fn judge(frames: u64, ended: &Ended) -> Result<Decoded, VideoError> {
    if frames == 0 {
        return Err(if ended.timed_out {
            VideoError::Hangs {
                program: "ffmpeg",
                seconds: LIMITS.stall.as_secs(),
            }
        } else if ended.succeeded {
            VideoError::NoPictures
        } else {
            VideoError::Unreadable {
                said: ended.said.clone(),
            }
        });
    }
    let mut notes = Vec::new();
    if frames >= MAX_FRAMES {
        notes.push(VideoNote::DurationLimit {
            limit_ms: MAX_DURATION_MS,
        });
    } else if ended.timed_out {
        notes.push(VideoNote::GivenUp);
    } else if !ended.succeeded || !ended.said.is_empty() {
        notes.push(VideoNote::Damaged {
            said: ended.said.clone(),
        });
    }
    Ok(Decoded {
        duration_ms: frames * 1000 / FRAMES_PER_SECOND,
        notes,
    })
}

/// Reads pictures until there are no more, or enough; returns how many.
fn steps_of(from: &mut dyn Read, sink: &mut dyn FnMut(&Step)) -> std::io::Result<u64> {
    let mut frame = vec![0u8; PIXELS];
    let mut sum: Box<Step> = zeros();
    let mut frames = 0;
    while frames < MAX_FRAMES && read_whole(from, &mut frame)? {
        frames += 1;
        for (sum, pixel) in sum.iter_mut().zip(&frame) {
            *sum += u16::from(*pixel);
        }
        if frames % FRAMES_PER_STEP == 0 {
            sink(&sum);
            sum.fill(0);
        }
    }
    Ok(frames)
}

/// A black step, off the stack.
fn zeros() -> Box<Step> {
    let zeros = vec![0u16; PIXELS].into_boxed_slice();
    zeros
        .try_into()
        .expect("it has as many pixels as it was made with")
}

/// Fills `buffer`; `false` when the source ends before.
fn read_whole(from: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_step_is_the_sum_of_its_frames_and_the_rest_is_left_out() {
        let mut bytes = Vec::new();
        for grey in [10u8, 20, 30, 40, 50] {
            bytes.extend(std::iter::repeat_n(grey, PIXELS));
        }
        let mut steps = Vec::new();
        let frames = steps_of(&mut bytes.as_slice(), &mut |s| steps.push(s[PIXELS - 1])).expect("memory");
        assert_eq!((frames, steps), (5, vec![100]));
    }

    #[test]
    fn how_ffmpeg_ended_decides_between_a_film_and_an_error() {
        let ended = |succeeded, timed_out, said: &str| Ended {
            succeeded,
            timed_out,
            said: said.into(),
        };
        let code = |frames, e: &Ended| match judge(frames, e) {
            Ok(d) => d.notes.first().map_or("fine", VideoNote::code),
            Err(e) => e.code(),
        };
        assert_eq!(code(24, &ended(true, false, "")), "fine");
        assert_eq!(code(24, &ended(false, false, "x")), "video_damaged");
        assert_eq!(code(24, &ended(false, true, "")), "video_given_up");
        assert_eq!(code(0, &ended(false, true, "")), "video_hangs");
        assert_eq!(code(0, &ended(true, false, "")), "video_no_pictures");
        assert_eq!(code(0, &ended(false, false, "")), "video_unreadable");
        assert_eq!(code(MAX_FRAMES, &ended(true, false, "")), "video_duration_limit");
    }

    proptest! {
        #[test]
        fn any_number_of_bytes_gives_whole_steps(bytes in 0..PIXELS * 9) {
            let data = vec![255u8; bytes];
            let mut steps = 0;
            let frames = steps_of(&mut data.as_slice(), &mut |s| { steps += 1; assert_eq!(s[0], 1020); }).expect("memory");
            prop_assert_eq!((frames, steps), ((bytes / PIXELS) as u64, bytes / PIXELS / 4));
        }
    }
}
