//! Streams of tunes that the tests play themselves, heard as they would come.

use super::super::tests::{RATE, Works as Collection, part, talk, tune};
use super::*;

fn listen(collection: &Collection, stream: &[f32], block: usize) -> Vec<Passage> {
    let mut monitor = Monitor::new(collection, SearchOptions::default());
    let mut told = Vec::new();
    for samples in stream.chunks(block) {
        monitor.push(samples, &mut |passage| told.push(passage));
    }
    monitor.finish(&mut |passage| told.push(passage));
    told
}

fn works(count: u64) -> Vec<Vec<f32>> {
    (100..100 + count).map(|seed| tune(seed, 32.0)).collect()
}

fn place(passage: &Passage) -> [u64; 2] {
    passage.found.segments[0].suspect
}

fn near(got: [u64; 2], wanted: [u64; 2]) -> bool {
    got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 1_000)
}

#[test]
fn every_passage_is_told_when_it_begins_and_within_five_seconds_of_its_end() {
    let works = works(4);
    let collection = Collection::of(&works);
    let (mut stream, mut wanted) = (talk(1, 6.0), Vec::new());
    for (number, work) in works.iter().enumerate() {
        let start_ms = (stream.len() * 1000 / RATE) as u64;
        stream.extend(part(work, 2.0 + number as f32, 20.0 + number as f32));
        wanted.push((number as u32, [start_ms, start_ms + 18_000]));
        stream.extend(talk(2 + number as u64, 8.0));
    }
    let told = listen(&collection, &stream, RATE / 10);
    let states: Vec<(u64, PassageState)> = told.iter().map(|p| (p.number, p.state)).collect();
    let (begun, ended) = (PassageState::Begun, PassageState::Ended);
    let expected: Vec<_> = (1..=4)
        .flat_map(|number| [(number, begun), (number, ended)])
        .collect();
    assert_eq!(states, expected, "{told:#?}");
    for (pair, (item, wanted)) in told.chunks(2).zip(wanted) {
        let [first, last] = pair else { panic!("{pair:?}") };
        assert_eq!((first.found.item, last.found.item), (item, item));
        assert!(near(place(last), wanted), "{last:?} against {wanted:?}");
        assert!(
            place(first)[0].abs_diff(wanted[0]) <= 1_000,
            "{first:?} against {wanted:?}"
        );
        assert!(
            first.heard_ms - wanted[0] <= 8_000,
            "begun after {} ms",
            first.heard_ms - wanted[0]
        );
        assert!(
            last.heard_ms - wanted[1] <= 5_000,
            "ended after {} ms",
            last.heard_ms - wanted[1]
        );
    }
}

#[test]
fn the_blocks_in_which_sound_comes_do_not_matter() {
    let works = works(2);
    let collection = Collection::of(&works);
    let stream = [talk(3, 5.0), part(&works[1], 3.0, 19.0), talk(4, 7.0)].concat();
    let answers: Vec<Vec<Passage>> = [160, 1_234, stream.len()]
        .map(|block| {
            let mut told = listen(&collection, &stream, block);
            // Only the moment of telling follows the blocks.
            for passage in &mut told {
                passage.heard_ms = 0;
            }
            told
        })
        .into();
    assert_eq!(answers[0].len(), 2, "{answers:?}");
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn a_passage_that_goes_on_after_a_gap_keeps_its_number() {
    let work = &works(1)[0];
    let collection = Collection::of(std::slice::from_ref(work));
    // Three seconds under something loud, and the work has gone on behind it.
    let stream = [
        part(work, 1.0, 13.0),
        talk(5, 3.0),
        part(work, 16.0, 28.0),
        talk(6, 8.0),
    ]
    .concat();
    let told = listen(&collection, &stream, RATE);
    assert!(told.iter().all(|passage| passage.number == 1), "{told:#?}");
    let last = told.last().unwrap();
    assert_eq!(last.state, PassageState::Ended);
    assert!(near(place(last), [0, 27_000]), "{last:?}");
}

#[test]
fn a_stream_that_stops_tells_what_was_going_on() {
    let work = &works(1)[0];
    let collection = Collection::of(std::slice::from_ref(work));
    let mut monitor = Monitor::new(&collection, SearchOptions::default());
    let mut told = Vec::new();
    monitor.push(&part(work, 1.0, 13.0), &mut |passage| told.push(passage));
    assert_eq!(told.len(), 1, "{told:?}");
    monitor.pause(&mut |passage| told.push(passage));
    monitor.pause(&mut |passage| told.push(passage));
    assert_eq!(told.len(), 2, "told once: {told:?}");
    assert_eq!(told[1].state, PassageState::Ended);
    assert!(near(place(&told[1]), [0, 12_000]), "{told:?}");
}

#[test]
fn other_music_talk_and_silence_are_no_passages() {
    let collection = Collection::of(&works(3));
    let stream = [
        tune(50, 25.0),
        vec![0.0; 8 * RATE],
        talk(9, 12.0),
        vec![0.4; 5 * RATE],
    ]
    .concat();
    assert_eq!(listen(&collection, &stream, 4_000), []);
}

#[test]
fn a_stream_longer_than_a_piece_is_told_in_pieces_with_its_own_times() {
    let works = works(2);
    let collection = Collection::of(&works);
    let mut monitor = Monitor::new(&collection, SearchOptions::default());
    // A piece of 20 s: the first work runs over its end, the second lies in the third piece.
    monitor.piece_frames = 10 * LOOK_FRAMES;
    let stream = [
        part(&works[0], 1.0, 31.0),
        talk(1, 12.0),
        part(&works[1], 4.0, 16.0),
        talk(2, 6.0),
    ]
    .concat();
    let mut told = Vec::new();
    monitor.push(&stream, &mut |passage| told.push(passage));
    monitor.finish(&mut |passage| told.push(passage));
    let ended: Vec<(u32, [u64; 2])> = told
        .iter()
        .filter(|passage| passage.state == PassageState::Ended)
        .map(|passage| (passage.found.item, place(passage)))
        .collect();
    let [(0, before), (0, after), (1, second)] = ended[..] else {
        panic!("{told:#?}")
    };
    assert!(
        near(before, [0, 20_000]) && near(after, [20_000, 30_000]),
        "{told:#?}"
    );
    assert!(second[0].abs_diff(42_000) <= 1_000, "{told:#?}");
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let works = works(1);
    let collection = Collection::of(&works);
    let mut monitor = Monitor::new(&collection, SearchOptions::default());
    let strange = tune(77, 30.0);
    let mut most = 0;
    for _ in 0..20 {
        monitor.push(&strange, &mut |_| {});
        most = most.max(monitor.peaks.len());
    }
    assert!(most < 2 * SPARE_PEAKS, "{most} peaks kept");
}
