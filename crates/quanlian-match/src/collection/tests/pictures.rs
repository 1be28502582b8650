//! Stories of pictures in an index: told by content, found with their areas, damaged, absent.

use super::*;

#[test]
fn pictures_are_told_by_content_and_found_with_their_areas() {
    let bench = Bench::new(&[
        ("a.png", &picture(1, |p| p)),
        ("b.txt", LINES[0].as_bytes()),
        ("named-as-sound.mp3", &picture(2, |p| p)),
        ("c.jxl", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ]);
    let report = bench.build().expect("build");
    assert_eq!(report.added, 3);
    assert_eq!(
        codes(&report.notes),
        [
            ("c.jxl", "work_unknown_medium"),
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

#[test]
fn an_avif_picture_is_found_and_a_damaged_one_is_named() {
    let bench = Bench::new(&[("a.png", &picture(1, |p| p)), ("b.png", &picture(2, |p| p))]);
    bench.build().expect("build");
    let index = bench.open();
    let still = bench.suspect("s.png", &picture(2, |p| p));
    let avif = bench.at("suspect.avif");
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(&still)
        .args(["-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1"])
        .arg(&avif)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        let _ = io::Write::write_all(
            &mut io::stderr(),
            b"skipped: no ffmpeg that writes AVIF (install the package ffmpeg)\n",
        );
        return;
    }
    let found = index.match_file(&avif, &MatchOptions::default()).expect("match");
    let works: Vec<&str> = found.matches.iter().map(|m| m.work.as_str()).collect();
    assert_eq!((found.medium, works), (Medium::Image, vec!["b.png"]));
    let whole = fs::read(&avif).expect("read");
    for (name, bytes) in [("cut.avif", &whole[..200]), ("head.avif", &whole[..40])] {
        let cut = bench.suspect(name, bytes);
        let error = index.match_file(&cut, &MatchOptions::default()).expect_err(name);
        assert_eq!(error.code(), "image_foreign", "{error}");
    }
}
