//! Stories of an index: built, added to, damaged, asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{Carrier, Medium};

mod copies;
mod films;
mod merging;
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
        "text.utf8",
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

#[test]
fn pictures_are_told_by_content_and_found_with_their_areas() {
    let bench = Bench::new(&[
        ("a.png", &picture(1, |p| p)),
        ("b.txt", LINES[0].as_bytes()),
        ("named-as-sound.mp3", &picture(2, |p| p)),
        ("c.avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1"),
    ]);
    let report = bench.build().expect("build");
    assert_eq!(report.added, 3);
    assert_eq!(
        codes(&report.notes),
        [
            ("c.avif", "work_unknown_medium"),
            ("named-as-sound.mp3", "file_name_misleads"),
        ]
    );
    bench.work("d.png", &picture(3, |p| p));
    assert_eq!(bench.add().expect("add").added, 1);
    let index = bench.open();
    for (seed, work) in [(1, "a.png"), (2, "named-as-sound.mp3"), (3, "d.png")] {
        let cut = |p: ::image::RgbImage| ::image::imageops::crop_imm(&p, 80, 60, 300, 220).to_image();
        let suspect = bench.suspect("s.png", &picture(seed, cut));
        let found = index
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        assert_eq!(found.medium, Medium::Image);
        let [found] = found.matches.as_slice() else {
            panic!("{work}: {found:?}")
        };
        assert_eq!(found.work, work);
        let near =
            |sides: &[u64], wanted: [u64; 4]| sides.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 12);
        assert!(near(found.segments[0].suspect(), [0, 0, 300, 220]), "{found:?}");
        assert!(near(found.segments[0].work(), [80, 60, 380, 280]), "{found:?}");
        let line = serde_json::to_value(found).expect("plain data");
        assert_eq!(line["segments"][0]["unit"], "px");
        assert_eq!(line["segments"][0]["work"].as_array().map(Vec::len), Some(4));
        let back: crate::Match = serde_json::from_value(line).expect("what was written");
        assert_eq!(back, *found);
    }
    let other = bench.suspect("s.png", &picture(4, |p| p));
    let found = index.match_file(&other, &MatchOptions::default()).expect("match");
    assert!(found.matches.is_empty(), "{found:?}");
    assert_eq!(index.stats().media[&Medium::Image].pixels, Some(3 * 400 * 300));
}

#[test]
fn a_damaged_record_of_a_picture_is_told() {
    let bench = Bench::new(&[("a.png", &picture(1, |p| p))]);
    bench.build().expect("build");
    let path = bench.at("index/part-000001/image.records");
    let mut bytes = fs::read(&path).expect("read");
    bytes[40] ^= 1;
    fs::write(&path, &bytes).expect("write");
    let suspect = bench.suspect("s.png", &picture(1, |p| p));
    let told = bench
        .open()
        .match_file(&suspect, &MatchOptions::default())
        .expect_err("damage");
    assert_eq!(told.code(), "segment_damaged");
}

#[test]
fn a_part_without_pictures_of_an_older_program_is_read() {
    let bench = Bench::new(&[("a.txt", LINES[0].as_bytes())]);
    bench.build().expect("build");
    upkeep::write_plain_manifest(&bench);
    for file in ["image.postings", "image.records"] {
        fs::remove_file(bench.at("index/part-000001").join(file)).expect("remove");
    }
    let index = bench.open();
    let picture = bench.suspect("s.png", &picture(1, |p| p));
    assert!(
        index
            .match_file(&picture, &MatchOptions::default())
            .expect("match")
            .matches
            .is_empty()
    );
    let text = bench.suspect("s.txt", LINES[0].as_bytes());
    assert_eq!(
        index
            .match_file(&text, &MatchOptions::default())
            .expect("match")
            .matches
            .len(),
        1
    );
}

/// Runs ffmpeg; `false`, with a line that says so, where there is none.
fn ffmpeg(folder: &Path, arguments: &str) -> bool {
    let mut command = std::process::Command::new("ffmpeg");
    command
        .current_dir(folder)
        .args(["-nostdin", "-v", "error", "-y"]);
    let Ok(status) = command.args(arguments.split_whitespace()).status() else {
        let mut stderr = io::stderr();
        let _ = io::Write::write_all(&mut stderr, b"skipped: no ffmpeg (install the package ffmpeg)\n");
        return false;
    };
    assert!(status.success(), "ffmpeg {arguments}");
    true
}

const MELODY: &str =
    "aevalsrc=0.3*sin(2*PI*t*(330+55*floor(mod(5*t*t/3\\,9))))+0.2*sin(2*PI*t*(700+90*floor(mod(t*t\\,7))))";
const PICTURES: &str = "mandelbrot=s=320x240:r=24:start_scale=0.02:end_scale=0.0005:end_pts=600";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

#[test]
fn films_are_told_by_content_and_found_by_pictures_and_sound() {
    let bench = Bench::new(&[("story.txt", LINES.join("\n").as_bytes())]);
    let folder = bench.dir.path();
    let both = format!("-f lavfi -i {PICTURES} -f lavfi -i {MELODY} -t 20 {H264} works/film.mp4");
    if !ffmpeg(folder, &both) {
        return;
    }
    // Without pictures, with a cover only, with other sound, with the sound elsewhere, with a name that says otherwise.
    for made in [
        "-i works/film.mp4 -vn -c:a copy works/sound.mp4",
        "-i works/film.mp4 -i works/film.mp4 -map 0:a -map 1:v -c:a copy -c:v mjpeg -frames:v 1 -disposition:v attached_pic cover.m4v.mp4",
        &format!("-ss 5 -t 10 -i works/film.mp4 -s 160x120 {H264} part.mkv"),
        &format!(
            "-ss 5 -t 10 -i works/film.mp4 -f lavfi -t 10 -i anoisesrc=a=0.1:seed=3 -map 0:v -map 1:a {H264} dubbed.avi"
        ),
        &format!(
            "-ss 5 -t 10 -i works/film.mp4 -ss 1 -t 10 -i works/film.mp4 -map 0:v -map 1:a {H264} shifted.mp4"
        ),
    ] {
        assert!(ffmpeg(folder, made));
    }
    fs::copy(bench.at("part.mkv"), bench.at("part.mp3")).expect("copy");
    assert_eq!(bench.build().expect("build").notes, []);
    let index = bench.open();
    let stats = index.stats().media;
    assert_eq!((stats[&Medium::Video].items, stats[&Medium::Audio].items), (1, 1));
    assert_eq!(stats[&Medium::Video].duration_ms, Some(20_000));

    let answer = |name: &str| {
        index
            .match_file(&bench.at(name), &MatchOptions::default())
            .expect(name)
    };
    let film = |report: &FileReport| {
        let found = report
            .matches
            .iter()
            .find(|m| m.work == "film.mp4")
            .expect("the film");
        (found.medium, found.evidence.map(|e| e.carried_by))
    };
    let report = answer("part.mkv");
    assert_eq!(
        (report.medium, film(&report)),
        (Medium::Video, (Medium::Video, Some(Carrier::Both)))
    );
    let span = &report.matches[0].segments[0];
    assert!(
        span.work()[0].abs_diff(5000) <= 1000 && span.work()[1].abs_diff(15_000) <= 1000,
        "{span:?}"
    );
    assert!(
        report
            .matches
            .iter()
            .any(|m| m.work == "sound.mp4" && m.medium == Medium::Audio)
    );

    let renamed = answer("part.mp3");
    assert_eq!(codes(&renamed.notes)[0].1, "file_name_misleads");
    assert_eq!(renamed.matches.len(), report.matches.len());
    assert_eq!(film(&answer("dubbed.avi")).1, Some(Carrier::Picture));
    let shifted = answer("shifted.mp4");
    let evidence = shifted.matches[0].evidence.expect("evidence");
    assert!(
        evidence.carried_by != Carrier::Both
            && evidence.picture_bits.is_some()
            && evidence.sound_bits.is_some()
    );
    let cover = answer("cover.m4v.mp4");
    assert_eq!(
        (cover.medium, film(&cover)),
        (Medium::Audio, (Medium::Audio, None))
    );

    let as_json = serde_json::to_value(&report.matches[0]).expect("JSON");
    assert_eq!(as_json["evidence"]["carried_by"], "both");
    assert!(
        as_json["transform"].get("mirrored").is_none(),
        "left out when it is not so"
    );
}
