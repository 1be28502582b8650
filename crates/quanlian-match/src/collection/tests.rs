//! Stories of an index: built, added to, damaged, asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{Carrier, Medium};

mod background;
mod copies;
mod damage;
mod documents;
mod films;
mod merging;
mod modes;
mod pictures;
mod sources;
mod upkeep;

/// A folder with a collection of works and room for suspects.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new(works: &[(&str, &[u8])]) -> Self {
        let bench = Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
        };
        fs::create_dir(bench.at("works")).expect("folder");
        for (name, bytes) in works {
            bench.work(name, bytes);
        }
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn work(&self, name: &str, bytes: &[u8]) {
        let path = self.at("works").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("write");
    }

    fn suspect(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, bytes).expect("write");
        path
    }

    fn build(&self) -> Result<BuildReport, CollectionError> {
        Collection::build(&self.at("index"), &self.at("works"), &BuildOptions::default())
    }

    fn add(&self) -> Result<BuildReport, CollectionError> {
        Collection::add(&self.at("index"), &self.at("works"), &BuildOptions::default())
    }

    fn open(&self) -> Collection {
        Collection::open(&self.at("index")).expect("open")
    }
}

const LINES: [&str; 6] = [
    "The lighthouse keeper counted eleven gulls before the fog swallowed the eastern rocks entirely.",
    "Nobody in the valley remembered who had planted the crooked orchard beside the abandoned mill.",
    "She folded the torn map twice, hid it inside the violin, and never spoke about the harbour again.",
    "Under the copper bridge a patient ferryman traded riddles for dried apricots every second Thursday.",
    "Three astronomers quarrelled about the comet until their lanterns burned out one after another.",
    "Grandmother's clock struck thirteen whenever somebody in the house was planning to tell a lie.",
];
const CHINESE: &str = "灯塔看守人数到第十一只海鸥时，浓雾已经吞没了东边的礁石。山谷里没有人记得是谁在废弃的磨坊旁边种下了那片歪斜的果园。她把撕破的地图折了两次藏进小提琴，从此再也不提那个港口。";

fn codes(notes: &[Note]) -> Vec<(&str, &str)> {
    notes
        .iter()
        .map(|n| (n.subject.as_str(), n.code.as_str()))
        .collect()
}

#[test]
fn a_copied_passage_is_found_with_its_places_in_both_originals() {
    let story = LINES.join("\n");
    let bench = Bench::new(&[
        ("story.txt", story.as_bytes()),
        ("other/tale.txt", CHINESE.as_bytes()),
    ]);
    assert_eq!(bench.build().expect("build").added, 2);
    let copied =
        "SHE folded the torn map twice, hid it inside the violin, and NEVER spoke about the harbour again";
    let suspect = bench.suspect(
        "s.txt",
        format!("Something else — é stands here. {copied}! And it goes on.").as_bytes(),
    );
    let report = bench
        .open()
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    assert_eq!(report.matches.len(), 1);
    let found = &report.matches[0];
    assert_eq!((found.work.as_str(), found.medium), ("story.txt", Medium::Text));
    assert!(found.e_value <= 1e-6 && found.identity > 0.98);
    assert_eq!(found.segments.len(), 1);
    // The ends may reach a few letters further, where the texts agree by chance.
    let near = |found: &[u64], text: &str, part: &str| {
        let byte = text.find(part).expect("the passage is there");
        let start = text[..byte].chars().count() as u64;
        let end = start + part.chars().count() as u64;
        found[0].abs_diff(start) <= 5 && found[1].abs_diff(end) <= 5
    };
    let span = &found.segments[0];
    assert!(
        near(
            span.suspect(),
            &fs::read_to_string(&suspect).expect("read"),
            copied
        ),
        "{span:?}"
    );
    assert!(
        near(span.work(), &story, LINES[2].trim_end_matches('.')),
        "{span:?}"
    );
}

#[test]
fn chinese_is_found_in_traditional_script_and_another_encoding() {
    let bench = Bench::new(&[
        ("tale.txt", CHINESE.as_bytes()),
        ("story.txt", LINES[0].as_bytes()),
    ]);
    bench.build().expect("build");
    let traditional = "有人寫道：山谷裡沒有人記得是誰在廢棄的磨坊旁邊種下了那片歪斜的果園。完";
    let (gb18030, _, _) = encoding_rs::GB18030.encode(traditional);
    let suspect = bench.suspect("s.txt", &gb18030);
    let report = bench
        .open()
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    assert_eq!(report.matches.len(), 1);
    assert_eq!(report.matches[0].segments[0].suspect(), [5, 33]);
}

#[test]
fn unrelated_text_matches_nothing_unless_all_is_asked_for() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b.txt", LINES[1].as_bytes())]);
    bench.build().expect("build");
    let suspect = bench.suspect("s.txt", LINES[4].as_bytes());
    let collection = bench.open();
    assert!(
        collection
            .match_file(&suspect, &MatchOptions::default())
            .expect("match")
            .matches
            .is_empty()
    );
    let short = bench.suspect("t.txt", b"somebody saw the lighthouse keeper today");
    let all = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    assert!(
        collection
            .match_file(&short, &MatchOptions::default())
            .expect("match")
            .matches
            .is_empty()
    );
    assert_eq!(
        collection.match_file(&short, &all).expect("match").matches.len(),
        1
    );
}

#[test]
fn a_passage_that_several_works_hold_counts_for_each() {
    let shared = LINES[2..5].join(" ");
    let texts: Vec<String> = LINES[..3].iter().map(|own| format!("{own} {shared}")).collect();
    let works: Vec<(&str, &[u8])> = ["a", "b", "c"]
        .into_iter()
        .zip(texts.iter().map(String::as_bytes))
        .collect();
    let bench = Bench::new(&works);
    bench.build().expect("build");
    let suspect = bench.suspect("s.txt", shared.as_bytes());
    let report = bench
        .open()
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    let mut found: Vec<&str> = report.matches.iter().map(|m| m.work.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["a", "b", "c"]);
}

#[test]
fn adding_keeps_what_is_there_and_takes_only_what_is_new() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b.txt", LINES[1].as_bytes())]);
    bench.build().expect("build");
    bench.work("b.txt", LINES[5].as_bytes());
    bench.work("c.txt", LINES[2].as_bytes());
    let report = bench.add().expect("add");
    assert_eq!((report.added, report.unchanged), (1, 1));
    assert_eq!(codes(&report.notes), [("b.txt", "work_name_taken")]);
    let collection = bench.open();
    assert_eq!(
        collection.works().map(|work| work.name).collect::<Vec<_>>(),
        ["a.txt", "b.txt", "c.txt"]
    );
    let stats = collection.stats();
    assert_eq!(
        (stats.items, stats.parts, stats.media[&Medium::Text].items),
        (3, 2, 3)
    );
    for (line, work) in [(0, "a.txt"), (1, "b.txt"), (2, "c.txt")] {
        let suspect = bench.suspect("s.txt", LINES[line].as_bytes());
        let report = collection
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        assert_eq!(report.matches[0].work, work);
    }
    assert_eq!(bench.add().expect("add").added, 0);
    assert_eq!(bench.open().stats().parts, 2, "an add of nothing leaves no part");
}

#[test]
fn an_empty_folder_a_second_build_and_a_missing_index_have_names() {
    let bench = Bench::new(&[]);
    assert_eq!(
        bench.build().expect_err("empty").code(),
        "collection_nothing_to_index"
    );
    assert_eq!(bench.add().expect_err("none").code(), "collection_no_index");
    assert_eq!(
        Collection::open(&bench.at("index")).expect_err("none").code(),
        "collection_no_index"
    );
    bench.work("a.txt", LINES[0].as_bytes());
    bench.build().expect("build");
    assert_eq!(
        bench.build().expect_err("again").code(),
        "collection_already_there"
    );
    let missing = Collection::build(&bench.at("i2"), &bench.at("missing"), &BuildOptions::default());
    assert_eq!(missing.expect_err("missing").code(), "collection_io");
}

#[test]
fn odd_files_are_named_and_the_rest_is_indexed() {
    let bench = Bench::new(&[
        ("empty.txt", b""),
        ("good.txt", LINES[0].as_bytes()),
        ("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("song.mp3", LINES[1].as_bytes()),
        ("broken.txt", &[CHINESE.as_bytes(), b"\xff\xfe\xfd"].concat()),
        ("truncated.wav", b"RIFF\x24\0\0\0WAVEfmt "),
    ]);
    symlink(bench.at("works"), bench.at("works/loop")).expect("link");
    let report = bench.build().expect("build");
    assert_eq!(report.added, 3);
    let mut notes = codes(&report.notes);
    notes.retain(|n| n.0 != "truncated.wav");
    notes.sort_unstable();
    assert_eq!(
        notes,
        [
            ("broken.txt", "text_broken_encoding"),
            ("empty.txt", "work_empty"),
            ("loop", "walk_folder_twice"),
            ("picture.txt", "image_damaged"),
            ("song.mp3", "file_name_misleads"),
        ]
    );
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.subject == "truncated.wav" && n.code.starts_with("audio_"))
    );
}

#[test]
fn left_out_files_are_not_indexed_and_not_matched() {
    let bench = Bench::new(&[
        ("a.txt", LINES[0].as_bytes()),
        ("a.info.json", LINES[1].as_bytes()),
    ]);
    let exclude = |p: &Path| p.to_string_lossy().ends_with(".info.json");
    let options = BuildOptions {
        exclude: &exclude,
        ..BuildOptions::default()
    };
    assert_eq!(
        Collection::build(&bench.at("index"), &bench.at("works"), &options)
            .expect("build")
            .added,
        1
    );
    let mut names = Vec::new();
    let works = [bench.at("works")];
    bench
        .open()
        .match_paths(&works, &MatchOptions::default(), &exclude, &|_, _| {}, |p, _| {
            names.push(p.to_owned());
        });
    assert_eq!(names, [bench.at("works/a.txt")]);
}

#[test]
fn many_tiny_files_give_the_same_answers_in_order_on_any_number_of_threads() {
    let texts: Vec<(String, String)> = (0..280)
        .map(|i| {
            (
                format!("{}/{i}.txt", i % 7),
                format!("number {i} {}", LINES[i % 6]),
            )
        })
        .collect();
    let works: Vec<(&str, &[u8])> = texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let bench = Bench::new(&works);
    let heard = AtomicU64::new(0);
    let progress = |done: u64, total: u64| {
        assert!(done <= total);
        heard.fetch_add(1, Ordering::Relaxed);
    };
    let options = BuildOptions {
        progress: &progress,
        ..BuildOptions::default()
    };
    let report = Collection::build(&bench.at("index"), &bench.at("works"), &options).expect("build");
    assert_eq!((report.added, heard.into_inner()), (280, 280));
    let collection = bench.open();
    let all = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    let paths = [
        bench.at("works/3"),
        bench.at("works/1/1.txt"),
        bench.at("missing"),
    ];
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        let mut out = Vec::new();
        pool.install(|| {
            collection.match_paths(&paths, &all, &|_| false, &|_, _| {}, |p, r| {
                out.push((p.to_owned(), r.map_err(|e| e.code())));
            })
        });
        out
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one[0], (bench.at("missing"), Err("match_unreadable")));
}

#[test]
fn the_same_works_give_the_same_index() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes()), ("b/c.txt", CHINESE.as_bytes())]);
    bench.build().expect("build");
    Collection::build(&bench.at("again"), &bench.at("works"), &BuildOptions::default()).expect("build");
    for file in [
        "manifest.json",
        "part-000001/items.jsonl",
        "part-000001/text.postings",
        "part-000001/text.places",
    ] {
        let read = |folder: &str| fs::read(bench.at(folder).join(file)).expect("read");
        assert_eq!(read("index"), read("again"), "{file}");
    }
}

/// Boxes of many sizes and shades, as PNG.
fn picture(seed: u32, change: impl FnOnce(::image::RgbImage) -> ::image::RgbImage) -> Vec<u8> {
    let mut state = seed;
    let mut draw = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * u64::from(limit)) >> 32) as u32
    };
    let mut picture = ::image::RgbImage::new(400, 300);
    for i in 0..140 {
        let (x, y, size) = (draw(400), draw(300), 5 + draw(if i < 30 { 60 } else { 18 }));
        let colour = ::image::Rgb([draw(256) as u8, draw(256) as u8, draw(256) as u8]);
        for v in y..(y + size).min(300) {
            for u in x..(x + size * 2 / 3).min(400) {
                picture.put_pixel(u, v, colour);
            }
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    change(picture)
        .write_to(&mut bytes, ::image::ImageFormat::Png)
        .expect("encodes");
    bytes.into_inner()
}
