//! Clips: a recording taken apart, each piece searched as a suspect of its own.
//!
//! In:  a file, the lengths to cut in turn, and an index.
//! Out: the best match of each clip, however weak: what chance gives when the file copies nothing.
//!
//! Peaks are found once in the whole; a clip is a range of them. Their ranks look half a second around, so that a clip
//! differs from a file of its own only at its very ends.
//!
//! Not here: what the scores are used for (`calibration`).

use std::path::Path;

use super::peaks::{Peak, PeakFinder};
use super::search::{MIN_WINDOW_PEAKS, search_peaks};
use super::spectrum::HOP_SAMPLES;
use super::{
    AudioError, AudioIndex, AudioNote, MIN_SUSPECT_MS, SAMPLE_RATE_HZ, SearchOptions, decode, landmark,
};

/// One clip and the best of what it shares with a work.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioClip {
    /// Where it starts in the file.
    pub start_ms: u64,
    /// How long it is.
    pub length_ms: u64,
    /// Score and number of the work; `None` when it has nothing in common with any.
    pub best: Option<(f64, u32)>,
}

/// The clips of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioClips {
    /// In order of time. Clips without enough peaks to be searched, as of silence, are left out.
    pub clips: Vec<AudioClip>,
    /// What was wrong with the file.
    pub notes: Vec<AudioNote>,
}

/// Searches clips of the file at `path`, whose lengths are those of `lengths_ms` in turn, at most `limit` of them.
///
/// More than `limit` clips are thinned out evenly. A file shorter than a whole clip is one clip, unless it is shorter
/// than a suspect may be.
pub fn search_clips<I: AudioIndex>(
    path: &Path,
    index: &I,
    lengths_ms: &[u64],
    limit: usize,
) -> Result<AudioClips, AudioError> {
    let mut finder = PeakFinder::new();
    let mut peaks: Vec<Peak> = Vec::new();
    let mut take = |peak: Peak| {
        if peak.rank < landmark::QUERY_RANK {
            peaks.push(peak);
        }
    };
    let decoded = decode::decode_file(path, &mut |samples| finder.push(samples, &mut take))?;
    finder.finish(&mut take);
    let cuts = thinned(cuts(decoded.duration_ms, lengths_ms), limit);
    let mut clips = Vec::new();
    for (start_ms, length_ms) in cuts {
        let (first, end) = (frame_at(start_ms), frame_at(start_ms + length_ms));
        let from = peaks.partition_point(|peak| peak.frame < first);
        let to = peaks.partition_point(|peak| peak.frame < end);
        if to - from < MIN_WINDOW_PEAKS {
            continue;
        }
        let own: Vec<Peak> = (peaks[from..to].iter())
            .map(|peak| Peak {
                frame: peak.frame - first,
                ..*peak
            })
            .collect();
        let options = SearchOptions {
            max_e_value: f64::INFINITY,
        };
        let found = search_peaks(&own, length_ms, index, options);
        clips.push(AudioClip {
            start_ms,
            length_ms,
            best: found.first().map(|best| (best.score_bits, best.item)),
        });
    }
    Ok(AudioClips {
        clips,
        notes: decoded.notes,
    })
}

fn frame_at(ms: u64) -> u32 {
    (ms * u64::from(SAMPLE_RATE_HZ) / 1000 / HOP_SAMPLES as u64).min(u64::from(u32::MAX)) as u32
}

/// Start and length of each clip of a sound of `duration_ms`.
fn cuts(duration_ms: u64, lengths_ms: &[u64]) -> Vec<(u64, u64)> {
    let mut cuts = Vec::new();
    let mut start_ms = 0;
    for length_ms in lengths_ms
        .iter()
        .cycle()
        .map(|length| (*length).max(MIN_SUSPECT_MS))
    {
        if start_ms + length_ms > duration_ms {
            break;
        }
        cuts.push((start_ms, length_ms));
        start_ms += length_ms;
    }
    if cuts.is_empty() && duration_ms >= MIN_SUSPECT_MS {
        cuts.push((0, duration_ms));
    }
    cuts
}

/// At most `limit` of `cuts`, spread over all of them.
fn thinned(cuts: Vec<(u64, u64)>, limit: usize) -> Vec<(u64, u64)> {
    if cuts.len() <= limit {
        return cuts;
    }
    (0..limit)
        .map(|number| cuts[number * cuts.len() / limit])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_take_their_lengths_in_turn_and_leave_the_rest() {
        assert_eq!(
            cuts(40_000, &[5_000, 10_000, 20_000]),
            [(0, 5_000), (5_000, 10_000), (15_000, 20_000), (35_000, 5_000)]
        );
        assert_eq!(cuts(4_000, &[5_000]), [(0, 4_000)]);
        assert_eq!(cuts(2_000, &[5_000]), []);
        assert_eq!(cuts(9_000, &[]), [(0, 9_000)]);
    }

    #[test]
    fn many_clips_are_thinned_out_evenly() {
        let all: Vec<(u64, u64)> = (0..100).map(|n| (n, 5_000)).collect();
        let starts: Vec<u64> = thinned(all, 4).into_iter().map(|(start, _)| start).collect();
        assert_eq!(starts, [0, 25, 50, 75]);
    }
}
