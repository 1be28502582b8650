//! What the parts of the search are there for: each of these fails when its part is taken out.

use std::cell::Cell;

use super::runs::Run;
use super::segments::segments_of;
use super::*;
use crate::Span;
use crate::audio::tests::{Works as Index, part, peaks_of, talk, tune, with_noise};
use crate::audio::verify::Origin;

/// What every window of `peaks` shows of the works of `index`.
fn seeds(peaks: &[Peak], index: &Index) -> Vec<(usize, Alignment)> {
    let (mut works, mut ballot) = (Works::new(index), Ballot::new());
    let windows = windows(peaks);
    let found = windows.iter().enumerate().flat_map(|(number, window)| {
        let found = align_window(&peaks[window.clone()], index, &mut works, &mut ballot);
        found.into_iter().map(move |alignment| (number, alignment))
    });
    found.collect()
}

#[test]
fn a_short_copy_under_noise_is_found_by_counting_at_every_delay() {
    let sounds: Vec<Vec<f32>> = (1..9).map(|seed| tune(seed, 40.0)).collect();
    let index = Index::of(&sounds);
    let mut found = 0;
    for (seconds, ratio_db) in [(5.0, -15.0), (7.0, -15.0)] {
        for (item, sound) in (0..).zip(&sounds) {
            let peaks = peaks_of(&with_noise(&part(sound, 11.0, 11.0 + seconds), ratio_db));
            let shown = seeds(&peaks, &index);
            let is_swept = (shown.iter()).any(|(_, a)| a.item == item && a.origin == Origin::Sweep);
            let is_voted = (shown.iter()).any(|(_, a)| a.item == item && a.origin == Origin::Votes);
            let matches = search_peaks(&peaks, 8_000, &index, SearchOptions::default());
            assert!(matches.iter().all(|other| other.item == item), "{matches:?}");
            let [only] = &matches[..] else { continue };
            let Span { suspect, work, .. } = only.segments[0];
            assert!((suspect[0] + 11_000).abs_diff(work[0]) < 100, "{only:?}");
            found += u32::from(is_swept && !is_voted);
        }
    }
    assert!(found >= 3, "{found} found so and in no other way");
}

#[test]
fn the_work_of_following_grows_with_the_length_of_a_loop_and_not_its_square() {
    let work = tune(70, 24.0);
    let index = Index::of(std::slice::from_ref(&work));
    let asked = |rounds: usize| {
        let peaks = peaks_of(&part(&work, 6.0, 14.0).repeat(rounds));
        let count = Cell::new(0);
        let is_proved = |bits: f64| {
            count.set(count.get() + 1);
            bits > 20.0
        };
        let mut works = Works::new(&index);
        let segments = segments_of_work(
            seeds(&peaks, &index),
            &windows(&peaks),
            &peaks,
            works.get(0).unwrap(),
            &is_proved,
        );
        assert_eq!(segments.len(), rounds);
        count.get()
    };
    let (short, long) = (asked(8), asked(32));
    assert!(long <= 5 * short, "{short} ways for 8 rounds, {long} for 32");
}

#[test]
fn a_stretch_pays_for_having_been_chosen_from_its_windows() {
    let work = tune(70, 40.0);
    let index = Index::of(std::slice::from_ref(&work));
    let stream = [talk(1, 9.0), part(&work, 6.0, 13.0), talk(2, 9.0)].concat();
    let peaks = peaks_of(&stream);
    let windows = windows(&peaks);
    let mut parts: Vec<(std::ops::Range<usize>, Alignment)> = Vec::new();
    for (number, alignment) in seeds(&peaks, &index) {
        if parts.iter().all(|(range, _)| *range != windows[number]) {
            parts.push((windows[number].clone(), alignment));
        }
    }
    assert!(parts.len() > 1, "{parts:?}");
    let mut works = Works::new(&index);
    let work = works.get(0).unwrap();
    let found = segments_of(&Run { item: 0, parts }, &peaks, work);
    let [segment] = &found[..] else {
        panic!("{found:?}")
    };
    let own: Vec<Peak> = (peaks.iter())
        .filter(|peak| (segment.suspect.0..=segment.suspect.1).contains(&peak.frame))
        .copied()
        .collect();
    let alone = weigh((0, Origin::Votes), &segment.line, &own, work);
    // 7 s chosen out of 25 s: two times the binary logarithm of the ratio.
    let paid = alone.bits - segment.bits;
    assert!((3.0..4.5).contains(&paid), "{paid} bits paid");
}
