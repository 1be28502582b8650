//! Stories of merging: the same answers before and after, whatever happens in between.

use std::collections::BTreeSet;

use super::upkeep::{answers, files_of, found_works, names, put, text, work};
use super::*;

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
        "text.blocks",
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
