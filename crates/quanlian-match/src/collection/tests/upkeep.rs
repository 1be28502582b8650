//! Stories of an index that is kept up: works removed, put back, replaced, while others ask it.

use std::collections::BTreeSet;

use super::*;
use crate::Match;

/// Tones that follow from a seed, 14 s as WAV; a suspect holds them from `skip` on.
fn tune(seed: u32, skip_s: usize) -> Vec<u8> {
    const RATE: usize = 11_025;
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut draw = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * u64::from(limit)) >> 32) as u32
    };
    let notes: Vec<[f32; 3]> = (0..14 * 6)
        .map(|_| std::array::from_fn(|_| 110.0 * (draw(48) as f32 / 12.0).exp2()))
        .collect();
    let samples: Vec<i16> = (0..14 * RATE)
        .map(|i| {
            let (note, since) = (i * 6 / RATE, i % (RATE / 6));
            let t = since as f32 / RATE as f32;
            let sum: f32 = notes[note]
                .iter()
                .map(|f| (std::f32::consts::TAU * f * t).sin())
                .sum();
            (sum * 6000.0 * (-4.0 * t).exp()) as i16
        })
        .collect();
    let samples = &samples[skip_s * RATE..];
    let data = (samples.len() * 2) as u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + data).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    for field in [16u32, 1 | 1 << 16, RATE as u32, 2 * RATE as u32, 2 | 16 << 16] {
        wav.extend(field.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    wav
}

/// Work `n` of a collection of all media: its name, and its bytes. Names are in the order of the numbers, because the
/// model of the background depends a little on the order of the works.
pub(super) fn work(n: usize) -> (String, Vec<u8>) {
    match n % 3 {
        0 => (format!("{n:02}.txt"), text(n).into_bytes()),
        1 => (format!("{n:02}.wav"), tune(n as u32, 0)),
        _ => (format!("{n:02}.png"), picture(n as u32, |p| p)),
    }
}

pub(super) fn text(n: usize) -> String {
    let mut words: Vec<&str> = LINES[n % 6].split(' ').collect();
    words.rotate_left(n % 11);
    words.extend(LINES[(n + 1) % 6].split(' ').rev());
    format!("{} {n} {}", words.join(" "), words[n % 5..].join("-"))
}

/// Puts works into the folder of works, and only these.
pub(super) fn put(bench: &Bench, numbers: impl IntoIterator<Item = usize>) {
    fs::remove_dir_all(bench.at("works")).expect("cleared");
    fs::create_dir(bench.at("works")).expect("folder");
    for n in numbers {
        let (name, bytes) = work(n);
        bench.work(&name, &bytes);
    }
}

/// Everything that an index says of changed copies of works, in an order of its own.
pub(super) fn answers(collection: &Collection, bench: &Bench, numbers: std::ops::Range<usize>) -> Vec<Match> {
    let all = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    let mut found = Vec::new();
    for n in numbers {
        let cut = |p: ::image::RgbImage| ::image::imageops::crop_imm(&p, 60, 40, 330, 250).to_image();
        let suspect = match n % 3 {
            0 => bench.suspect("s.txt", &text(n).as_bytes()[7..]),
            1 => bench.suspect("s.wav", &tune(n as u32, 3)),
            _ => bench.suspect("s.png", &picture(n as u32, cut)),
        };
        let mut matches = collection.match_file(&suspect, &all).expect("match").matches;
        matches.sort_by(|a, b| a.work.cmp(&b.work));
        found.extend(matches.into_iter().map(|m| Match {
            suspect: n.to_string(),
            ..m
        }));
    }
    found
}

pub(super) fn found_works(answers: &[Match]) -> BTreeSet<(String, String)> {
    let sure = answers.iter().filter(|m| m.e_value <= 1e-6);
    sure.map(|m| (m.suspect.clone(), m.work.clone())).collect()
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn a_removed_work_matches_nothing_and_is_counted_nowhere_until_it_is_restored() {
    let bench = Bench::new(&[]);
    put(&bench, 0..6);
    bench.build().expect("build");
    put(&bench, 6..12);
    bench.add().expect("add");
    let before = answers(&bench.open(), &bench, 0..12);
    let found = found_works(&before);
    let gone = names(&["00.txt", "04.wav", "07.wav", "08.png"]);
    for n in [0, 4, 7, 8, 1, 2, 3] {
        assert!(found.contains(&(n.to_string(), work(n).0)), "{n}: {found:?}");
    }

    let report =
        Collection::remove(&bench.at("index"), &[&gone[..], &names(&["x"])].concat()).expect("remove");
    assert_eq!((report.removed, &*report.unknown), (4, &names(&["x"])[..]));
    let index = bench.open();
    assert_eq!(
        index.works().map(|w| w.name).collect::<BTreeSet<_>>().len(),
        index.works().count()
    );
    assert!(index.works().all(|w| !gone.iter().any(|name| name == w.name)));
    assert_eq!((index.stats().items, index.stats().removed), (8, 4));

    // The same as if they had never been there, scores and all.
    let kept = (0..12).filter(|&n| !gone.contains(&work(n).0));
    put(&bench, kept);
    Collection::build(&bench.at("fresh"), &bench.at("works"), &BuildOptions::default()).expect("build");
    let fresh = Collection::open(&bench.at("fresh")).expect("open");
    let (of_fresh, of_index) = (fresh.stats(), index.stats());
    assert_eq!(of_fresh.source_bytes, of_index.source_bytes);
    for (medium, of) in &of_fresh.media {
        let other = &of_index.media[medium];
        assert_eq!(
            (of.items, of.chars, of.duration_ms, of.pixels),
            (other.items, other.chars, other.duration_ms, other.pixels)
        );
    }
    assert_eq!(answers(&index, &bench, 0..12), answers(&fresh, &bench, 0..12));

    let again = Collection::remove(&bench.at("index"), &gone).expect("remove");
    assert_eq!((again.removed, again.unknown.len()), (0, 4));
    assert_eq!(again.generation, report.generation, "nothing changed");
    let back = Collection::restore(
        &bench.at("index"),
        &[&gone[..], &names(&["x", "03.txt"])].concat(),
    )
    .expect("restore");
    assert_eq!((back.restored, back.swapped), (4, 0));
    assert_eq!((back.unknown, back.present), (names(&["x"]), names(&["03.txt"])));
    assert_eq!(answers(&bench.open(), &bench, 0..12), before);
    assert!(fs::read_dir(bench.at("index")).expect("list").all(|e| {
        !e.expect("entry")
            .file_name()
            .to_string_lossy()
            .starts_with("removed-")
    }));
}

#[test]
fn a_replaced_work_is_found_by_its_new_content_and_the_old_one_comes_back() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b.txt", LINES[1].as_bytes())]);
    bench.build().expect("build");
    bench.work("a.txt", LINES[2].as_bytes());
    let replace = BuildOptions {
        replace: true,
        ..BuildOptions::default()
    };
    let report = Collection::add(&bench.at("index"), &bench.at("works"), &replace).expect("replace");
    assert_eq!((report.added, report.replaced, report.unchanged), (0, 1, 1));
    assert!(report.notes.is_empty());
    let finds = |line: usize| {
        let suspect = bench.suspect("s.txt", LINES[line].as_bytes());
        let report = bench
            .open()
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        !report.matches.is_empty()
    };
    assert_eq!([finds(0), finds(1), finds(2)], [false, true, true]);
    for [old, new] in [[true, false], [false, true], [true, false]] {
        let back = Collection::restore(&bench.at("index"), &names(&["a.txt"])).expect("restore");
        assert_eq!((back.restored, back.swapped), (1, 1));
        assert_eq!([finds(0), finds(2)], [old, new]);
        assert_eq!(bench.open().works().count(), 2);
    }
    // A new version that cannot be read takes nobody's place.
    bench.work("a.txt", b"");
    let report = Collection::add(&bench.at("index"), &bench.at("works"), &replace).expect("replace");
    assert_eq!(
        (report.replaced, codes(&report.notes)),
        (0, vec![("a.txt", "work_empty")])
    );
    assert!(finds(0));
}

#[test]
fn a_damaged_list_of_removals_is_named() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b.txt", LINES[1].as_bytes())]);
    bench.build().expect("build");
    Collection::remove(&bench.at("index"), &names(&["a.txt"])).expect("remove");
    let path = bench.at("index/removed-000002.json");
    let whole = fs::read(&path).expect("read");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("write");
        let told = Collection::open(&bench.at("index")).expect_err("damaged");
        assert_eq!(told.code(), "collection_damaged");
    }
    fs::remove_file(&path).expect("remove");
    assert_eq!(
        Collection::open(&bench.at("index")).expect_err("missing").code(),
        "collection_io"
    );
}

#[test]
fn an_open_index_goes_on_with_its_state_until_it_is_refreshed() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b.txt", LINES[1].as_bytes())]);
    bench.build().expect("build");
    let mut index = bench.open();
    assert!(!index.refresh().expect("refresh"), "nothing changed");
    let suspect = bench.suspect("s.txt", LINES[0].as_bytes());
    let found = |index: &Collection| {
        let report = index
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        report.matches.len()
    };
    Collection::remove(&bench.at("index"), &names(&["a.txt"])).expect("remove");
    assert_eq!(found(&index), 1);
    assert!(index.refresh().expect("refresh"));
    assert_eq!(found(&index), 0);
    fs::remove_dir_all(bench.at("index")).expect("cleared");
    assert_eq!(index.refresh().expect_err("gone").code(), "collection_no_index");
    assert_eq!(
        (found(&index), index.works().count()),
        (0, 1),
        "answers as before"
    );
}

/// Puts the manifest of an earlier program in place of that of an index of one part and one work.
pub(super) fn write_plain_manifest(bench: &Bench) {
    let path = bench.at("index/manifest.json");
    let now: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    let crc = &now["parts"][0]["items_crc32"];
    let plain = format!(r#"{{"format":1,"parts":[{{"name":"part-000001","items":1,"items_crc32":{crc}}}]}}"#);
    fs::write(&path, plain).expect("write");
}

#[test]
fn an_index_of_the_format_before_removals_is_read_and_carried_on() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    write_plain_manifest(&bench);
    let report = Collection::verify(&bench.at("index"), &VerifyOptions::default()).expect("verify");
    assert!(
        report.sound && !report.parts[0].digests,
        "and says what it could not check"
    );
    assert_eq!(bench.open().works().count(), 1);
    bench.work("b.txt", LINES[1].as_bytes());
    bench.add().expect("add");
    Collection::remove(&bench.at("index"), &names(&["a.txt"])).expect("remove");
    let index = bench.open();
    assert_eq!(index.works().map(|w| w.name).collect::<Vec<_>>(), ["b.txt"]);
    assert!(bench.at("index/part-000002").is_dir());
}

#[test]
fn adding_can_be_stopped_without_harm() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    put(&bench, 3..8);
    let asked = AtomicU64::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) >= 2;
    let options = BuildOptions {
        stop: &stop,
        ..BuildOptions::default()
    };
    let told = Collection::add(&bench.at("index"), &bench.at("works"), &options).expect_err("stopped");
    assert_eq!(told.code(), "collection_stopped");
    assert_eq!(bench.open().works().count(), 1);
    bench.add().expect("add");
    assert_eq!(bench.open().works().count(), 6);
}

/// The names of all files below a folder.
pub(super) fn files_of(folder: &Path) -> BTreeSet<PathBuf> {
    let walk = walk::walk(folder, &|_| false).expect("walk");
    walk.files.into_iter().map(|f| f.relative).collect()
}

#[test]
fn a_passage_of_removed_texts_is_no_set_phrase() {
    let bench = Bench::new(&[]);
    // More than a passage may have places in a part, so that it finds nothing; and works that tell of something else.
    for n in 0..1_030 {
        bench.work(&format!("{n:04}.txt"), format!("{} {n}", LINES[0]).as_bytes());
    }
    for n in 0..40 {
        bench.work(
            &format!("other-{n}.txt"),
            LINES[1 + n % 5].repeat(1 + n % 3).as_bytes(),
        );
    }
    bench.build().expect("build");
    let suspect = bench.suspect("s.txt", LINES[0].as_bytes());
    let all = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    let found = || bench.open().match_file(&suspect, &all).expect("match").matches;
    assert_eq!(found(), []);
    let gone: Vec<String> = (1..1_030).map(|n| format!("{n:04}.txt")).collect();
    Collection::remove(&bench.at("index"), &gone).expect("remove");
    let before = found();
    assert_eq!(before.len(), 1, "the removed ones do not count");
    Collection::merge(&bench.at("index"), &MergeOptions::default()).expect("merge");
    assert_eq!(found(), before);
}

#[test]
fn who_walks_along_the_axis_of_sound_meets_each_recording_once() {
    use crate::audio::{AudioIndex, WORK_GAP_FRAMES, frames_of};
    let bench = Bench::new(&[]);
    put(&bench, [1, 4, 7]);
    bench.build().expect("build");
    put(&bench, [10]);
    bench.add().expect("add");
    let index = bench.open();
    let sound = sound::SoundIndex::new(&index.parts);
    let (mut frame, mut met) = (0, Vec::new());
    while frame < sound.frames() {
        let Some((item, start)) = sound.work_at(frame) else {
            frame += 1;
            continue;
        };
        met.push(item);
        frame = start + frames_of(sound.duration_ms(item)) + WORK_GAP_FRAMES;
    }
    assert_eq!(met, [0, 1, 2, 3]);
}
