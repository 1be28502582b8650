//! Sweep: unchanged copies in a small collection, by counting at every delay of every work.
//!
//! In:  the peaks of one stretch, and an index small enough.
//! Out: the places where most peaks fall on each other, for `search` to weigh beside those that landmarks vote for.
//!
//! A landmark needs three peaks that all survive; noise and speech over a short clip leave too few of these. Single
//! peaks survive more often, and in a few hours of works there is time to count them all: a peak meets about a
//! hundredth of the stars, those at its own pitch.
//!
//! Not here: changed copies, whose pitch or speed would have to be known; what a count is worth ([`super::verify`]).

use super::constellation::Constellation;
use super::peaks::Peak;
use super::search::Works;
use super::verify::{Fitted, Line, Origin, TOLERANCE_BANDS};
use super::{AudioIndex, WORK_GAP_FRAMES, frames_of};

/// Places kept of one stretch.
const KEPT: usize = 12;

/// Places kept of one work: one, and a neighbour in case of a loop.
const KEPT_PER_WORK: usize = 2;

/// Delays nearer than this are one place.
const SAME_FRAMES: usize = 12;

/// The places of `index` where the most peaks coincide, best first.
pub(super) fn sweep<I: AudioIndex>(peaks: &[Peak], index: &I, works: &mut Works<'_, I>) -> Vec<Fitted> {
    let mut found: Vec<(f32, Fitted)> = Vec::new();
    let (mut counts, mut frame) = (Vec::new(), 0);
    while frame < index.frames() {
        let Some((item, start)) = index.work_at(frame) else {
            frame += WORK_GAP_FRAMES;
            continue;
        };
        frame = (start + frames_of(index.duration_ms(item)) + WORK_GAP_FRAMES).max(frame + 1);
        if let Some(work) = works.get(item) {
            found.extend(best_delays(item, peaks, work, &mut counts));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.item.cmp(&b.1.item)));
    found.truncate(KEPT);
    found.into_iter().map(|(_, fitted)| fitted).collect()
}

/// The best delays of one work, each with how far it stands out from the others.
fn best_delays(item: u32, peaks: &[Peak], work: &Constellation, counts: &mut Vec<u16>) -> Vec<(f32, Fitted)> {
    let (Some(first), Some(last)) = (peaks.first(), peaks.last()) else {
        return Vec::new();
    };
    // A delay is the frame of the work at the first peak, counted from one length of the stretch before the work.
    let length = last.frame - first.frame;
    let end = work.last_frame() + 1;
    counts.clear();
    counts.resize((end + length) as usize + 2, 0);
    for peak in peaks {
        let shift = length - (peak.frame - first.frame);
        for star in work.near(peak.band, TOLERANCE_BANDS, 0.0..=end as f32) {
            let count = &mut counts[(star.frame + shift) as usize];
            *count = count.saturating_add(1);
        }
    }
    let near = |delay: usize| {
        let sides = counts[delay.saturating_sub(1)].saturating_add(*counts.get(delay + 1).unwrap_or(&0));
        f32::from(counts[delay]) + 0.85 * f32::from(sides)
    };
    let mean = (0..counts.len()).map(near).sum::<f32>() / counts.len() as f32;
    let mut best: Vec<(f32, usize)> = Vec::new();
    for delay in 0..counts.len() {
        let stands_out = (near(delay) - mean) / (mean + 1.0).sqrt();
        if best.len() == KEPT_PER_WORK && best[KEPT_PER_WORK - 1].0 >= stands_out {
            continue;
        }
        match best.iter().position(|(_, other)| delay - other < SAME_FRAMES) {
            Some(same) if best[same].0 >= stands_out => continue,
            Some(same) => best[same] = (stands_out, delay),
            None => best.push((stands_out, delay)),
        }
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(KEPT_PER_WORK);
    }
    let fitted = |(stands_out, delay): (f32, usize)| {
        let line = Line::unchanged(first.frame as f32, delay as f32 - length as f32);
        let hits = near(delay).round() as u32;
        let origin = Origin::Sweep;
        (
            stands_out,
            Fitted {
                item,
                origin,
                line,
                hits,
            },
        )
    };
    best.into_iter().map(fitted).collect()
}

#[cfg(test)]
mod tests {
    use super::super::constellation::ConstellationWriter;
    use super::*;

    /// Peaks at moments and pitches of a repeatable kind, some twenty a second.
    fn stars(seed: u32, count: u32) -> Vec<Peak> {
        let noise =
            |n: u32| (n.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)).wrapping_mul(97_531) >> 8;
        let star = |n: u32| Peak {
            frame: n * 3 + noise(n) % 3,
            band: (noise(n + 7_000) % 1_500) as f32 / 10.0 + 2.0,
            rank: 3,
        };
        (0..count).map(star).collect()
    }

    fn constellation(peaks: &[Peak]) -> Constellation {
        let mut writer = ConstellationWriter::default();
        for peak in peaks {
            writer.push(*peak);
        }
        Constellation::from_bytes(&writer.into_bytes())
    }

    fn best_of(query: &[Peak], work: &Constellation) -> (f32, Fitted) {
        best_delays(0, query, work, &mut Vec::new()).swap_remove(0)
    }

    #[test]
    fn one_peak_in_three_is_enough_to_find_the_place() {
        let work = stars(1, 2_000);
        let mut query: Vec<Peak> = (work[700..1_000].iter().step_by(3).copied())
            .chain(stars(9, 2_000)[700..1_000].iter().copied())
            .map(|peak| Peak {
                frame: peak.frame - 2_000,
                ..peak
            })
            .collect();
        query.sort_by_key(|peak| peak.frame);
        let (_, found) = best_of(&query, &constellation(&work));
        assert!((found.line.at(query[0].frame) - query[0].frame as f32 - 2_000.0).abs() < 2.0);
    }

    #[test]
    fn a_stretch_that_hangs_over_an_end_of_the_work_is_counted_too() {
        let work = stars(2, 400);
        let query: Vec<Peak> = (work[..100].iter())
            .map(|peak| Peak {
                frame: peak.frame + 500,
                ..*peak
            })
            .collect();
        let early = [
            vec![Peak {
                frame: 0,
                band: 9.0,
                rank: 0,
            }],
            query,
        ]
        .concat();
        let (_, found) = best_of(&early, &constellation(&work));
        assert!((found.line.at(500)).abs() < 2.0, "{:?}", found.line);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(best_delays(0, &[], &constellation(&stars(1, 10)), &mut Vec::new()).is_empty());
        let of_empty = best_delays(0, &stars(1, 20), &constellation(&[]), &mut Vec::new());
        assert!(of_empty.iter().all(|(_, fitted)| fitted.hits == 0));
    }
}
