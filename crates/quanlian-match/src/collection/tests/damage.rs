//! Stories of an index that somebody broke off, holds, damaged or made otherwise.

use super::*;

#[test]
fn what_a_dead_run_left_behind_is_swept_away() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    // A run that died before its manifest: a part that nobody names, half written.
    fs::create_dir(bench.at("index/part-000002")).expect("folder");
    fs::write(bench.at("index/part-000002/items.jsonl"), "half a li").expect("write");
    fs::write(bench.at("index/manifest.json.new"), "{").expect("write");
    assert_eq!(bench.open().stats().items, 1, "the old index is whole");
    bench.work("b.txt", LINES[1].as_bytes());
    bench.add().expect("add");
    assert_eq!(bench.open().stats().items, 2);
}

#[test]
fn two_writers_do_not_meet() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    let _held = edit::lock(&bench.at("index")).expect("lock");
    assert_eq!(bench.add().expect_err("busy").code(), "collection_busy");
}

#[test]
fn a_damaged_index_is_named_and_never_gives_a_wrong_answer() {
    let bench = Bench::new(&[
        ("a.txt", LINES.join(" ").as_bytes()),
        ("b.txt", CHINESE.as_bytes()),
    ]);
    bench.build().expect("build");
    let suspect = bench.suspect("s.txt", LINES.join(" ").as_bytes());
    let good = bench
        .open()
        .match_file(&suspect, &MatchOptions::default())
        .expect("match")
        .matches;
    let part = bench.at("index/part-000001");
    let mut told = 0;
    for file in [
        "items.jsonl",
        "text.postings",
        "text.blocks",
        "text.places",
        "audio.postings",
    ] {
        let path = part.join(file);
        let whole = fs::read(&path).expect("read");
        let step = (whole.len() / 24).max(1);
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x15;
            fs::write(&path, &bytes).expect("write");
            match Collection::open(&bench.at("index")) {
                Err(e) => told += usize::from(matches!(e.code(), "collection_damaged" | "collection_part")),
                Ok(collection) => match collection.match_file(&suspect, &MatchOptions::default()) {
                    Ok(report) => assert_eq!(report.matches, good, "{file} at {at}"),
                    Err(e) => told += usize::from(e.is_about_the_index()),
                },
            }
        }
        fs::write(&path, &whole[..whole.len() / 2]).expect("write");
        let cut = Collection::open(&bench.at("index"));
        assert!(
            cut.is_err()
                || cut
                    .is_ok_and(|c| c.match_file(&suspect, &MatchOptions::default()).is_err()
                        || file == "audio.postings")
        );
        fs::write(&path, &whole).expect("write");
    }
    assert!(told > 30, "{told}");
}

#[test]
fn a_manifest_of_another_format_or_with_foreign_names_is_refused() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    let manifest = bench.at("index/manifest.json");
    let text = fs::read_to_string(&manifest).expect("read");
    for (from, to, code) in [
        ("\"format\": 2", "\"format\": 3", "collection_format"),
        ("part-000001", "../../escape", "collection_damaged"),
        ("{", "[", "collection_damaged"),
    ] {
        fs::write(&manifest, text.replacen(from, to, 1)).expect("write");
        assert_eq!(
            Collection::open(&bench.at("index")).expect_err("refused").code(),
            code
        );
    }
}
