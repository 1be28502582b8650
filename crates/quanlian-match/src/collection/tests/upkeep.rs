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

fn text(n: usize) -> String {
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

fn names(names: &[&str]) -> Vec<String> {
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

#[test]
fn a_merged_index_answers_as_one_that_was_built_of_the_same_works() {
    let bench = Bench::new(&[]);
    let no_merge = BuildOptions {
        merge: None,
        ..BuildOptions::default()
    };
    for part in 0..4 {
        put(&bench, part * 4..part * 4 + 4);
        // A file whose numbers are spent in vain.
        bench.work("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        bench.work("zbroken.wav", b"RIFF\x24\0\0\0WAVEfmt ");
        match part {
            0 => Collection::build(&bench.at("index"), &bench.at("works"), &no_merge),
            _ => Collection::add(&bench.at("index"), &bench.at("works"), &no_merge),
        }
        .expect("add");
    }
    let gone = names(&["01.wav", "06.txt", "08.png", "15.txt"]);
    Collection::remove(&bench.at("index"), &gone).expect("remove");
    let old = bench.open();
    assert_eq!((old.stats().parts, old.stats().removed), (4, 4));
    let before = answers(&old, &bench, 0..16);

    let heard = AtomicU64::new(0);
    let progress = |done: u64, total: u64| {
        assert!(done <= total);
        heard.fetch_max(done * 100 / total, Ordering::Relaxed);
    };
    let options = MergeOptions {
        progress: &progress,
        ..MergeOptions::default()
    };
    let report = Collection::merge(&bench.at("index"), &options).expect("merge");
    assert_eq!((report.merged, report.dropped, report.parts), (4, 4, 1));
    assert!(heard.into_inner() > 40, "what was dropped is not written");
    put(&bench, (0..16).filter(|&n| !gone.contains(&work(n).0)));
    Collection::build(&bench.at("fresh"), &bench.at("works"), &no_merge).expect("build");
    let fresh = Collection::open(&bench.at("fresh")).expect("open");
    let index = bench.open();
    assert_eq!((index.stats().items, index.stats().removed), (12, 0));
    assert_eq!(
        index.works().map(|w| w.name).collect::<BTreeSet<_>>(),
        fresh.works().map(|w| w.name).collect()
    );
    let after = answers(&index, &bench, 0..16);
    assert_eq!(after, answers(&fresh, &bench, 0..16));
    assert_eq!(after, before);
    let found = found_works(&after);
    for n in [0, 2, 3, 4, 5, 7, 9, 10, 12, 13] {
        assert!(found.contains(&(n.to_string(), work(n).0)), "{n}: {found:?}");
    }

    // What was open before answers from files that have no names any more.
    assert!(!bench.at("index/part-000001").is_dir());
    assert_eq!(answers(&old, &bench, 0..16), before);
    let back = Collection::restore(&bench.at("index"), &gone).expect("restore");
    assert_eq!((back.restored, back.unknown.len()), (0, 4));
    let again = Collection::merge(&bench.at("index"), &MergeOptions::default()).expect("merge");
    assert_eq!(
        (again.merged, again.generation),
        (0, report.generation),
        "nothing to do"
    );

    let all: Vec<String> = index.works().map(|w| w.name.to_owned()).collect();
    Collection::remove(&bench.at("index"), &all).expect("remove");
    let empty = Collection::merge(&bench.at("index"), &MergeOptions::default()).expect("merge");
    assert_eq!((empty.merged, empty.dropped, empty.parts), (1, 12, 0));
    assert!(answers(&bench.open(), &bench, 0..3).is_empty());
    bench.add().expect("add");
    assert_eq!(answers(&bench.open(), &bench, 0..16), after);
}

#[test]
fn adding_many_times_leaves_few_parts() {
    let bench = Bench::new(&[("00.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    let mut merged = 0;
    for n in 1..20 {
        bench.work(&format!("{n}.txt"), text(n).as_bytes());
        let report = bench.add().expect("add");
        assert_eq!((report.added, report.notes.len()), (1, 0));
        merged += report.merge.map_or(0, |m| m.merged);
    }
    let stats = bench.open().stats();
    assert_eq!(stats.items, 20);
    assert!(stats.parts < 9 && merged >= 16, "{stats:?}");
}

/// A copy of a folder as it is at this moment, as a crash would leave it.
fn crash_image(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("list") {
        let path = entry.expect("entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            crash_image(&path, &to);
        } else {
            fs::copy(&path, &to).expect("copy");
        }
    }
}

#[test]
fn a_merge_that_dies_or_is_stopped_at_any_step_leaves_the_old_index() {
    let bench = Bench::new(&[]);
    put(&bench, 0..3);
    bench.build().expect("build");
    put(&bench, 3..6);
    bench.add().expect("add");
    Collection::remove(&bench.at("index"), &names(&["02.png"])).expect("remove");
    let wanted = answers(&bench.open(), &bench, 0..2);
    let wanted_files = files_of(&bench.at("index"));

    // As if the power had gone at each step.
    let steps = AtomicU64::new(0);
    let progress = |_, _| {
        let step = steps.fetch_add(1, Ordering::Relaxed);
        crash_image(&bench.at("index"), &bench.at(&format!("crash-{step}")));
    };
    crash_image(&bench.at("index"), &bench.at("whole"));
    let options = MergeOptions {
        progress: &progress,
        ..MergeOptions::default()
    };
    Collection::merge(&bench.at("whole"), &MergeOptions::default()).expect("merge");
    Collection::merge(&bench.at("index"), &options).expect("merge");
    let steps = steps.into_inner();
    assert!(steps > 8, "{steps} steps");
    for step in 0..steps {
        let crashed = bench.at(&format!("crash-{step}"));
        let index = Collection::open(&crashed).expect("open");
        assert_eq!(
            found_works(&answers(&index, &bench, 0..2)),
            found_works(&wanted),
            "step {step}"
        );
        // The next edit clears up and does it all.
        let report = Collection::merge(&crashed, &MergeOptions::default()).expect("merge");
        assert_eq!((report.merged, report.dropped), (2, 1));
        assert_eq!(files_of(&crashed), files_of(&bench.at("whole")), "step {step}");
        fs::remove_dir_all(&crashed).expect("cleared");
    }
    assert_eq!(answers(&bench.open(), &bench, 0..2), wanted);

    // And stopped at each step.
    put(&bench, 6..9);
    bench.add().expect("add");
    let files = files_of(&bench.at("index"));
    assert_ne!(files, wanted_files);
    for last in 0..steps {
        let asked = AtomicU64::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) >= last;
        let options = MergeOptions {
            stop: &stop,
            ..MergeOptions::default()
        };
        let told = Collection::merge(&bench.at("index"), &options).expect_err("stopped");
        assert_eq!(told.code(), "collection_stopped");
        assert_eq!(files_of(&bench.at("index")), files, "step {last}");
    }
}

/// The names of all files below a folder.
fn files_of(folder: &Path) -> BTreeSet<PathBuf> {
    let walk = walk::walk(folder, &|_| false).expect("walk");
    walk.files.into_iter().map(|f| f.relative).collect()
}

#[test]
fn a_damaged_part_is_not_merged_and_nothing_is_lost() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    bench.work("b.txt", LINES[1].as_bytes());
    bench.work("01.wav", &work(1).1);
    bench.work("02.png", &work(2).1);
    bench.add().expect("add");
    for file in [
        "text.postings",
        "text.utf8",
        "text.places",
        "audio.postings",
        "audio.constellations",
        "image.postings",
        "image.records",
    ] {
        let path = bench.at("index/part-000002").join(file);
        let whole = fs::read(&path).expect("read");
        let mut bytes = whole.clone();
        let at = bytes.len() / 3;
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("write");
        let told = Collection::merge(&bench.at("index"), &MergeOptions::default()).expect_err("damaged");
        assert!(
            ["collection_part", "collection_damaged"].contains(&told.code()),
            "{file}: {told}"
        );
        fs::write(&path, &whole).expect("write");
        assert_eq!(bench.open().works().count(), 4);
    }
    Collection::merge(&bench.at("index"), &MergeOptions::default()).expect("merge");
    assert_eq!(bench.open().stats().parts, 1);
}

#[test]
fn queries_go_on_while_works_are_added_replaced_removed_and_merged() {
    let bench = Bench::new(&[
        ("kept.txt", CHINESE.as_bytes()),
        ("kept.png", &picture(77, |p| p)),
    ]);
    bench.build().expect("build");
    let suspects = [
        bench.suspect("s.txt", CHINESE.as_bytes()),
        bench.suspect("s.png", &picture(77, |p| p)),
    ];
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let ask = |opened_anew: bool| {
        let (mut index, mut asked) = (bench.open(), 0);
        while !is_done.load(Ordering::Relaxed) || asked < 4 {
            if opened_anew {
                index = Collection::open(&bench.at("index")).expect("open");
            } else {
                index.refresh().expect("refresh");
            }
            let suspect = &suspects[asked % 2];
            let found = index
                .match_file(suspect, &MatchOptions::default())
                .expect("match")
                .matches;
            assert!(found.iter().any(|m| m.work.starts_with("kept.")), "{found:?}");
            // A work that comes and goes is there once or not at all.
            let names: BTreeSet<_> = index.works().map(|w| w.name).collect();
            assert_eq!(names.len(), index.works().count());
            asked += 1;
        }
        asked
    };
    let asked = std::thread::scope(|scope| {
        let askers = [
            scope.spawn(|| ask(true)),
            scope.spawn(|| ask(false)),
            scope.spawn(|| ask(true)),
        ];
        let replace = BuildOptions {
            replace: true,
            ..BuildOptions::default()
        };
        for round in 0..24 {
            bench.work("a.txt", text(round).as_bytes());
            bench.work(&format!("{round}.txt"), text(round + 1).as_bytes());
            let folder = bench.at("index");
            Collection::add(&folder, &bench.at("works"), &replace).expect("add");
            Collection::remove(&folder, &[format!("{round}.txt")]).expect("remove");
            if round % 3 == 0 {
                Collection::restore(&folder, &[format!("{round}.txt")]).expect("restore");
            }
            if round % 4 == 3 {
                Collection::merge(&folder, &MergeOptions::default()).expect("merge");
            }
        }
        is_done.store(true, Ordering::Relaxed);
        askers.map(|asker| asker.join().expect("no wrong answer and no error"))
    });
    assert!(asked.iter().all(|&n| n >= 4), "{asked:?}");
}

#[test]
fn verification_notices_any_flipped_byte_and_names_part_and_works() {
    let bench = Bench::new(&[]);
    put(&bench, 0..3);
    bench.build().expect("build");
    bench.work("long.txt", LINES.join("\n").repeat(40).as_bytes());
    bench.add().expect("add");
    Collection::remove(&bench.at("index"), &names(&["00.txt"])).expect("remove");
    let folder = bench.at("index");
    let verify = || Collection::verify(&folder, &VerifyOptions::default());
    let report = verify().expect("verify");
    assert!(
        report.sound && report.damage.is_empty() && report.leftovers.is_empty(),
        "{report:?}"
    );
    let stored: u64 = files_of(&folder)
        .iter()
        .filter(|f| f.parent() != Some(Path::new("")))
        .map(|f| fs::metadata(folder.join(f)).expect("there").len())
        .sum();
    assert_eq!(report.bytes, stored);

    let mut state = 5u32;
    for file in files_of(&folder) {
        let path = folder.join(&file);
        let whole = fs::read(&path).expect("read");
        for _ in 0..6 {
            if whole.is_empty() {
                break;
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut bytes = whole.clone();
            let at = state as usize % bytes.len();
            bytes[at] ^= 1 << (state >> 29);
            fs::write(&path, &bytes).expect("write");
            let name = file.to_string_lossy();
            match verify() {
                // Without its manifest there is no index to speak of.
                Err(e) => assert_eq!((&*name, e.code()), ("manifest.json", "collection_damaged")),
                Ok(report) => {
                    assert!(!report.sound, "{name} at {at}");
                    let of_parts = report.parts.iter().flat_map(|p| &p.damage);
                    let told = report.damage.iter().chain(of_parts).any(|d| d.file == name);
                    assert!(told, "{name} at {at}: {report:?}");
                    let part = report.parts.iter().find(|p| name.starts_with(&p.name));
                    assert_eq!(
                        report.parts.iter().filter(|p| !p.sound).count(),
                        usize::from(part.is_some())
                    );
                }
            }
        }
        // Cut short, and gone.
        fs::write(&path, &whole[..whole.len() / 2]).expect("write");
        if !whole.is_empty() {
            assert!(
                verify().is_ok_and(|r| !r.sound) || file == Path::new("manifest.json"),
                "{}",
                file.display()
            );
        }
        fs::remove_file(&path).expect("remove");
        assert!(
            verify().is_ok_and(|r| !r.sound) || file.parent() == Some(Path::new("")),
            "{}",
            file.display()
        );
        fs::write(&path, &whole).expect("write");
    }
    assert!(verify().expect("verify").sound);

    for (file, work) in [
        ("part-000001/text.utf8", "00.txt"),
        ("part-000001/audio.constellations", "01.wav"),
        ("part-000001/image.records", "02.png"),
    ] {
        let path = folder.join(file);
        let whole = fs::read(&path).expect("read");
        let mut bytes = whole.clone();
        let at = bytes.len() / 2;
        bytes[at] ^= 4;
        fs::write(&path, &bytes).expect("write");
        let report = verify().expect("verify");
        let named: Vec<&String> = report.parts[0].damage.iter().flat_map(|d| &d.works).collect();
        assert_eq!(
            (named, report.parts[0].works_hit),
            (vec![&work.to_owned()], 1),
            "{file}"
        );
        fs::write(&path, &whole).expect("write");
    }
    let stop = || true;
    let options = VerifyOptions {
        stop: &stop,
        ..VerifyOptions::default()
    };
    assert_eq!(
        Collection::verify(&folder, &options).expect_err("stopped").code(),
        "collection_stopped"
    );
}

/// Installs a snapshot from the folder of an index; how many files were fetched.
fn install(from: &Path, to: &Path) -> Result<InstallReport, CollectionError> {
    let inventory = Inventory::take(from)?;
    Collection::install(to, &inventory.manifest, &mut |file, path| {
        fs::copy(from.join(&file.name), path)?;
        Ok(())
    })
}

#[test]
fn a_snapshot_becomes_an_index_again_and_the_next_brings_only_what_is_new() {
    let bench = Bench::new(&[]);
    put(&bench, 0..3);
    bench.build().expect("build");
    let (index, replica) = (bench.at("index"), bench.at("replica"));
    let first = install(&index, &replica).expect("install");
    assert_eq!((first.generation, first.kept), (1, 0));
    let answer = |folder: &Path| answers(&Collection::open(folder).expect("open"), &bench, 0..6);
    assert_eq!(answer(&replica), answer(&index));

    put(&bench, 3..6);
    bench.add().expect("add");
    Collection::remove(&index, &names(&["00.txt"])).expect("remove");
    let mut asked = Collection::open(&replica).expect("open");
    let second = install(&index, &replica).expect("install");
    assert_eq!((second.generation, second.kept), (3, first.fetched));
    assert_eq!(answer(&replica), answer(&index));
    assert!(asked.refresh().expect("refresh") && asked.works().count() == 5);

    // Nothing that is being copied loses its name, and it is cleared away afterwards.
    let inventory = Inventory::take(&index).expect("inventory");
    Collection::merge(&index, &MergeOptions::default()).expect("merge");
    assert!(
        inventory
            .files
            .iter()
            .all(|file| index.join(&file.name).is_file())
    );
    drop(inventory);
    Collection::restore(&index, &names(&["01.wav"])).expect("restore");
    assert!(!index.join("part-000001").is_dir());
    let third = install(&index, &replica).expect("install");
    assert_eq!((third.kept, third.generation), (0, 4));
    assert_eq!(files_of(&replica), files_of(&index));
    assert!(
        Collection::verify(&replica, &VerifyOptions::default())
            .expect("verify")
            .sound
    );

    // A fetch that fails changes nothing, and the next goes on from there.
    let broken_off = Collection::install(
        &bench.at("second"),
        &Inventory::take(&index).expect("inventory").manifest,
        &mut |file, path| {
            if file.name.ends_with("text.utf8") {
                return Err("the line is dead".into());
            }
            fs::copy(index.join(&file.name), path)?;
            Ok(())
        },
    );
    assert_eq!(broken_off.expect_err("broken off").code(), "collection_fetch");
    assert_eq!(
        Collection::open(&bench.at("second")).expect_err("none").code(),
        "collection_no_index"
    );
    let report = install(&index, &bench.at("second")).expect("install");
    assert!(report.kept > 0 && report.fetched > 0, "{report:?}");

    // Another index is not overwritten.
    Collection::build(&bench.at("other"), &bench.at("works"), &BuildOptions::default()).expect("build");
    let told = install(&bench.at("other"), &bench.at("second"));
    assert!(told.is_ok() || told.is_err_and(|e| e.code() == "collection_already_there"));
}

#[test]
fn several_indexes_answer_as_one_of_all_their_works() {
    let bench = Bench::new(&[]);
    put(&bench, 0..6);
    bench.build().expect("build");
    put(&bench, 6..9);
    Collection::build(&bench.at("more"), &bench.at("works"), &BuildOptions::default()).expect("build");
    put(&bench, 0..9);
    Collection::build(&bench.at("whole"), &bench.at("works"), &BuildOptions::default()).expect("build");
    let folders = [bench.at("index"), bench.at("more")];
    let shards = Collection::open_all(&folders).expect("open");
    let whole = Collection::open(&bench.at("whole")).expect("open");
    let of_whole = answers(&whole, &bench, 0..9);
    assert_eq!(answers(&shards, &bench, 0..9), of_whole);
    assert!(found_works(&of_whole).len() >= 8);
    let (a, b) = (shards.stats(), whole.stats());
    assert_eq!(
        (a.items, a.source_bytes, a.shards.len()),
        (b.items, b.source_bytes, 2)
    );
    assert_eq!(shards.folders().collect::<Vec<_>>(), folders);
    let again = Collection::open_all(&[bench.at("index"), bench.at("works/../index")]);
    assert_eq!(again.expect_err("twice").code(), "collection_twice");
}

#[test]
fn a_key_in_every_work_does_not_blow_a_query() {
    // Every work says the same page, as notices, silence and logos do, and one line of its own.
    let page = LINES.join(" ");
    let own = |n: u64| -> String {
        let word = |i: u64| format!("{:x} ", (n * 40 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24);
        (0..12).map(word).collect()
    };
    let texts: Vec<(String, String)> = (0..3000)
        .map(|n| (format!("{n}.txt"), format!("{page} {}", own(n))))
        .collect();
    let works: Vec<(&str, &[u8])> = texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let bench = Bench::new(&works);
    bench.build().expect("build");
    let index = bench.open();
    let suspect = bench.suspect("s.txt", page.as_bytes());
    let report = index
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    assert!(report.matches.is_empty(), "a set phrase of all works is nobody's");
    let suspect = bench.suspect("s.txt", format!("{page} and then {}", own(1234)).as_bytes());
    let report = index
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    let found: Vec<&str> = report.matches.iter().map(|m| &*m.work).collect();
    assert_eq!(found, ["1234.txt"], "what is its own still counts");
}
