//! Stories about sound from end to end, on tunes that the tests play themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::*;

mod bad_input;

pub(super) const RATE: usize = 16_000;

/// A small generator of repeatable randomness.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn noise(&mut self) -> f32 {
        self.below(20_001) as f32 / 10_000.0 - 1.0
    }
}

/// A tune: a melody over broken chords, each note with overtones and a decay, at a tempo of its own.
pub(super) fn tune(seed: u64, seconds: f32) -> Vec<f32> {
    let mut dice = Dice(seed.wrapping_mul(7_919).wrapping_add(11));
    let mut sound = vec![0.0; (seconds * RATE as f32) as usize];
    let beat = RATE * (18 + dice.below(14) as usize) / 100;
    for voice in 0..3 {
        let mut note = 45.0 + 7.0 * voice as f32 + dice.below(12) as f32;
        let mut start = 0;
        while start < sound.len() {
            note = (note + dice.below(9) as f32 - 4.0).clamp(40.0, 84.0);
            let length = beat * (1 + dice.below(3) as usize);
            play(
                &mut sound,
                start,
                length,
                440.0 * ((note - 57.0) / 12.0).exp2(),
                0.12,
            );
            start += length;
        }
    }
    sound
}

fn play(sound: &mut [f32], start: usize, length: usize, hz: f32, loudness: f32) {
    for (index, sample) in sound.iter_mut().skip(start).take(length).enumerate() {
        let time = index as f32 / RATE as f32;
        let swell = (time * 80.0).min(1.0) * (-3.0 * time).exp();
        let wave: f32 = (1..6)
            .map(|k| (std::f32::consts::TAU * hz * k as f32 * time).sin() / k as f32)
            .sum();
        *sample += loudness * swell * wave;
    }
}

pub(super) fn part(sound: &[f32], from_s: f32, to_s: f32) -> Vec<f32> {
    sound[(from_s * RATE as f32) as usize..(to_s * RATE as f32) as usize].to_vec()
}

pub(super) fn with_noise(sound: &[f32], ratio_db: f32) -> Vec<f32> {
    let mut dice = Dice(99);
    let level = |x: &[f32]| (x.iter().map(|s| s * s).sum::<f32>() / x.len() as f32).sqrt();
    let noise: Vec<f32> = sound.iter().map(|_| dice.noise()).collect();
    let gain = level(sound) / level(&noise) * 10_f32.powf(-ratio_db / 20.0);
    sound.iter().zip(noise).map(|(s, n)| s + gain * n).collect()
}

fn faster(sound: &[f32], factor: f32) -> Vec<f32> {
    let length = ((sound.len() - 2) as f32 / factor) as usize;
    (0..length)
        .map(|i| {
            let place = i as f32 * factor;
            let whole = place as usize;
            sound[whole] + place.fract() * (sound[whole + 1] - sound[whole])
        })
        .collect()
}

/// The peaks that a search is made with.
pub(super) fn peaks_of(sound: &[f32]) -> Vec<peaks::Peak> {
    let (mut finder, mut found) = (peaks::PeakFinder::new(), Vec::new());
    let mut take = |peak: peaks::Peak| found.extend((peak.rank < landmark::QUERY_RANK).then_some(peak));
    finder.push(sound, &mut take);
    finder.finish(&mut take);
    found
}

pub(super) fn wav(sound: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let size = sound.len() as u32 * 2;
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + size).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    bytes.extend_from_slice(&size.to_le_bytes());
    for sample in sound {
        bytes.extend_from_slice(&((sample.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes());
    }
    bytes
}

/// Works held in memory.
#[derive(Default)]
pub(super) struct Works {
    postings: BTreeMap<u64, Vec<u64>>,
    items: Vec<AudioItem>,
    starts: Vec<u64>,
    frames: u64,
}

impl Works {
    pub(super) fn of(sounds: &[Vec<f32>]) -> Self {
        let mut works = Self::default();
        for sound in sounds {
            let item = with_file(&wav(sound), fingerprint_reference).unwrap();
            let start = works.frames;
            index_keys(&item.constellation, &mut |key, position| {
                assert!(key >> KEY_BITS == 0, "key {key:x} is too wide");
                let place = (start << PLACE_FRAME_SHIFT) + u64::from(position);
                works.postings.entry(key).or_default().push(place);
            });
            works.starts.push(start);
            works.frames += frames_of(item.duration_ms) + WORK_GAP_FRAMES;
            works.items.push(item);
        }
        works
    }

    fn search(&self, suspect: &[f32]) -> AudioSearch {
        with_file(&wav(suspect), |path| {
            search(path, self, &SearchOptions::default())
        })
        .unwrap()
    }
}

impl AudioIndex for Works {
    fn for_each_place(&self, keys: &[u64], _limit: u64, mut visit: impl FnMut(usize, u64)) {
        for (index, key) in keys.iter().enumerate() {
            for place in self.postings.get(key).into_iter().flatten() {
                visit(index, *place);
            }
        }
    }

    fn frames(&self) -> u64 {
        self.frames
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        let item = self
            .starts
            .partition_point(|&start| start <= frame)
            .checked_sub(1)?;
        Some((item as u32, self.starts[item]))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.items
            .get(item as usize)
            .map(|item| Cow::Borrowed(item.constellation.as_slice()))
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.items[item as usize].duration_ms
    }

    fn total_duration_ms(&self) -> u64 {
        self.items.iter().map(|item| item.duration_ms).sum()
    }
}

pub(super) fn with_file<T>(bytes: &[u8], act: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound");
    std::fs::write(&path, bytes).unwrap();
    act(&path)
}

fn three_works() -> Vec<Vec<f32>> {
    (1..4).map(|seed| tune(seed, 40.0)).collect()
}

/// Asserts that `suspect` holds work 1 from `work_s` on, all the way, and returns the match.
fn check_found(suspect: &[f32], work_s: f64) -> AudioMatch {
    let answer = Works::of(&three_works()).search(suspect);
    assert_eq!(
        answer.matches.iter().map(|m| m.item).collect::<Vec<_>>(),
        [1],
        "{answer:?}"
    );
    let found = answer.matches[0].clone();
    let Span {
        suspect: [start, end],
        work: [from, _],
        ..
    } = found.segments[0];
    assert_eq!(found.segments.len(), 1, "{found:?}");
    assert!(start < 1_000 && end + 1_000 > answer.duration_ms, "{found:?}");
    let offset = from as f64 - start as f64 * found.transform.time_scale;
    assert!((offset - 1000.0 * work_s).abs() < 200.0, "{found:?}");
    assert!(found.e_value <= 1e-6);
    found
}

#[test]
fn an_unchanged_part_is_found_at_its_place() {
    let found = check_found(&part(&three_works()[1], 12.0, 22.0), 12.0);
    assert!(found.identity > 0.8, "{found:?}");
    assert_eq!(
        found.transform,
        Transform {
            time_scale: 1.0,
            pitch_scale: 1.0,
            mirrored: false
        }
    );
}

#[test]
fn noise_does_not_hide_a_copy() {
    check_found(&with_noise(&part(&three_works()[1], 7.0, 17.0), 10.0), 7.0);
}

#[test]
fn a_copy_that_runs_fast_is_found_and_its_speed_is_told() {
    let found = check_found(&faster(&part(&three_works()[1], 5.0, 20.0), 1.02), 5.0);
    assert!((found.transform.time_scale - 1.02).abs() < 0.004, "{found:?}");
    assert!((found.transform.pitch_scale - 1.02).abs() < 0.004, "{found:?}");
}

#[test]
fn a_piece_cut_out_gives_two_segments() {
    let work = &three_works()[1];
    let suspect = [part(work, 2.0, 10.0), part(work, 25.0, 35.0)].concat();
    let answer = Works::of(&three_works()).search(&suspect);
    let [found] = answer.matches.as_slice() else {
        panic!("{answer:?}")
    };
    let near = |got: [u64; 2], want: [u64; 2]| got.iter().zip(want).all(|(a, b)| a.abs_diff(b) < 1_000);
    let [first, second] = found.segments.as_slice() else {
        panic!("{found:?}")
    };
    assert!(
        near(first.suspect, [0, 8_000]) && near(first.work, [2_000, 10_000]),
        "{found:?}"
    );
    assert!(
        near(second.suspect, [8_000, 18_000]) && near(second.work, [25_000, 35_000]),
        "{found:?}"
    );
}

#[test]
fn a_long_stream_yields_every_work_in_it() {
    let works = three_works();
    let silence = vec![0.0; 5 * RATE];
    let stream = [
        tune(50, 20.0),
        part(&works[2], 5.0, 25.0),
        silence,
        part(&works[0], 10.0, 22.0),
        tune(51, 15.0),
    ];
    let answer = Works::of(&works).search(&stream.concat());
    let mut found: Vec<(u32, [u64; 2])> = answer
        .matches
        .iter()
        .map(|m| (m.item, m.segments[0].suspect))
        .collect();
    found.sort_unstable();
    let [(0, first), (2, second)] = found.as_slice() else {
        panic!("{answer:?}")
    };
    for (got, want) in [(first, [45_000, 57_000]), (second, [20_000, 40_000])] {
        assert!(
            got.iter().zip(want).all(|(a, b)| a.abs_diff(b) < 1_000),
            "{got:?} against {want:?}"
        );
    }
}

/// Somebody talking: syllables of gliding tones and hiss, with pauses.
pub(super) fn talk(seed: u64, seconds: f32) -> Vec<f32> {
    let mut dice = Dice(seed.wrapping_mul(31) + 5);
    let mut sound = vec![0.0; (seconds * RATE as f32) as usize];
    let mut start = 0;
    while start < sound.len() {
        let length = RATE * (8 + dice.below(18) as usize) / 100;
        let (mut phase, voice, glide) = (0.0_f32, 90.0 + dice.below(120) as f32, dice.noise() * 300.0);
        let formant = 2 + dice.below(9) as usize;
        for (index, sample) in sound.iter_mut().skip(start).take(length).enumerate() {
            let share = index as f32 / length as f32;
            phase += (voice + glide * share * 0.2) / RATE as f32;
            let tone: f32 = (1..14_usize)
                .map(|k| {
                    (std::f32::consts::TAU * phase * k as f32).sin()
                        / (1 + usize::abs_diff(k, formant)) as f32
                })
                .sum();
            *sample += (std::f32::consts::PI * share).sin() * (0.1 * tone + 0.02 * dice.noise());
        }
        start += length + RATE * dice.below(25) as usize / 100;
    }
    sound
}

#[test]
fn twelve_works_with_talk_between_them_give_twelve_segments() {
    let works: Vec<Vec<f32>> = (100..112).map(|seed| tune(seed, 32.0)).collect();
    let (mut stream, mut wanted) = (talk(1, 6.0), Vec::new());
    for (number, work) in works.iter().enumerate() {
        let (from_s, to_s) = (2.0 + (number % 5) as f32, 23.0 + (number % 7) as f32);
        let start_ms = (stream.len() * 1000 / RATE) as u64;
        stream.extend(part(work, from_s, to_s));
        let end_ms = (stream.len() * 1000 / RATE) as u64;
        wanted.push((number as u32, [start_ms, end_ms], (1000.0 * from_s) as u64));
        stream.extend(talk(2 + number as u64, 5.0 + (number % 3) as f32));
    }
    let answer = Works::of(&works).search(&stream);
    let mut found: Vec<(u32, [u64; 2], u64)> = answer
        .matches
        .iter()
        .flat_map(|m| m.segments.iter().map(|s| (m.item, s.suspect, s.work[0])))
        .collect();
    found.sort_unstable_by_key(|segment| segment.1);
    assert_eq!(found.len(), 12, "{found:?}");
    for (found, wanted) in found.iter().zip(&wanted) {
        let near = |a: u64, b: u64| a.abs_diff(b) <= 1_000;
        assert!(
            found.0 == wanted.0
                && near(found.1[0], wanted.1[0])
                && near(found.1[1], wanted.1[1])
                && near(found.2, wanted.2),
            "{found:?} against {wanted:?}"
        );
    }
}

#[test]
fn several_copies_of_one_loop_and_a_part_that_runs_over_the_end_are_told() {
    let works = three_works();
    let round = part(&works[1], 8.0, 20.0);
    let gap = talk(77, 6.0);
    let stream = [
        &round[..],
        &gap,
        &round,
        &gap,
        &round,
        &gap,
        &part(&works[2], 30.0, 40.0),
    ]
    .concat();
    let answer = Works::of(&works).search(&stream);
    let copies = |item: u32| {
        let of_item = answer.matches.iter().filter(|m| m.item == item);
        of_item.flat_map(|m| m.segments.clone()).collect::<Vec<Span>>()
    };
    let near = |got: [u64; 2], want: [u64; 2]| got.iter().zip(want).all(|(a, b)| a.abs_diff(b) <= 1_000);
    let rounds = copies(1);
    assert_eq!(rounds.len(), 3, "{answer:?}");
    for (found, start) in rounds.iter().zip([0, 18_000, 36_000]) {
        assert!(near(found.suspect, [start, start + 12_000]), "{found:?}");
        assert!(near(found.work, [8_000, 20_000]), "{found:?}");
    }
    let [end] = &copies(2)[..] else {
        panic!("{answer:?}")
    };
    assert!(
        near(end.suspect, [54_000, 64_000]) && near(end.work, [30_000, 40_000]),
        "{end:?}"
    );
}

/// A loop whose rounds are the same but for a voice that changes, as in music made by machines: each window fits several
/// rounds nearly as well as its own.
fn rounds(seed: u64, count: u64) -> Vec<f32> {
    let round = tune(seed, 8.0);
    let voices = (0..count).flat_map(|number| tune(seed + 1 + number, 8.0));
    (round.iter().cycle())
        .zip(voices)
        .map(|(round, voice)| round + 0.3 * voice)
        .collect()
}

#[test]
fn a_copy_of_many_rounds_is_one_segment_along_its_own_line() {
    let work = rounds(50, 10);
    let works = Works::of(&[work.clone(), tune(1, 60.0)]);
    for (change, factor) in [("noise", 1.0), ("4 % fast", 1.04), ("3 % slow", 0.97)] {
        let copy = faster(&part(&work, 11.0, 67.0), factor);
        let stream = [talk(5, 7.0), with_noise(&copy, 12.0), talk(6, 7.0)].concat();
        let answer = works.search(&stream);
        let [found] = &answer.matches[..] else {
            panic!("{change}: {answer:?}")
        };
        let [segment] = &found.segments[..] else {
            panic!("{change}: {answer:?}")
        };
        let end_ms = 7_000 + (56_000.0 / factor) as u64;
        let near = |got: [u64; 2], want: [u64; 2]| got.iter().zip(want).all(|(a, b)| a.abs_diff(b) <= 1_000);
        assert!(
            found.item == 0 && near(segment.suspect, [7_000, end_ms]) && near(segment.work, [11_000, 67_000]),
            "{change}: {segment:?}"
        );
    }
}

#[test]
fn what_was_not_copied_is_not_found() {
    let works = Works::of(&three_works());
    let mut dice = Dice(5);
    let noise: Vec<f32> = (0..12 * RATE).map(|_| 0.3 * dice.noise()).collect();
    let tone: Vec<f32> = (0..12 * RATE)
        .map(|i| 0.5 * (std::f32::consts::TAU * 440.0 * i as f32 / RATE as f32).sin())
        .collect();
    let clicks: Vec<f32> = (0..12 * RATE)
        .map(|i| if i % 8_000 == 0 { 0.9 } else { 0.0 })
        .collect();
    for sound in [vec![0.0; 12 * RATE], noise, tone, clicks, vec![1.0; 12 * RATE]] {
        assert_eq!(works.search(&sound).matches, []);
    }
    for seed in 10..22 {
        assert_eq!(works.search(&tune(seed, 15.0)).matches, [], "tune {seed}");
    }
}

#[test]
fn silence_is_named_and_never_matches_silence() {
    let silence = vec![0.0; 10 * RATE];
    let works = Works::of(std::slice::from_ref(&silence));
    assert_eq!(works.items[0].notes, [AudioNote::Featureless]);
    let answer = works.search(&silence);
    assert_eq!(
        (answer.matches.len(), answer.notes),
        (0, vec![AudioNote::Featureless])
    );
}

#[test]
fn a_suspect_of_two_seconds_is_said_to_be_too_short() {
    let works = three_works();
    let answer = Works::of(&works).search(&part(&works[0], 3.0, 5.0));
    assert_eq!(answer.notes, [AudioNote::TooShort { duration_ms: 2_000 }]);
}

#[test]
fn the_same_file_gives_the_same_bytes_again() {
    let sound = [tune(8, 6.0)];
    let (a, b) = (Works::of(&sound), Works::of(&sound));
    assert_eq!((a.items, a.postings), (b.items, b.postings));
}
