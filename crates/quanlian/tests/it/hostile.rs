//! What people and attackers hand in: each gets a named answer, and the run goes on.

use std::fs;

use super::{code, demo, json, quanlian, stderr, text, trace};

#[test]
fn an_empty_or_absent_folder_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (empty, index) = (dir.path().join("empty"), dir.path().join("index"));
    fs::create_dir(&empty).unwrap();
    for folder in [&empty, &dir.path().join("absent")] {
        let output = quanlian(&["index", "build", "--works", text(folder), "--index", text(&index)]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains(text(folder)), "{}", stderr(&output));
    }
}

#[test]
fn broken_files_among_the_suspects_are_named_and_the_copies_still_found() {
    let (demo, _) = demo();
    let dir = tempfile::tempdir().unwrap();
    let suspects = dir.path().join("suspects");
    fs::create_dir(&suspects).unwrap();
    let excerpt = "夜听-截取片段.wav";
    fs::copy(demo.join("suspects").join(excerpt), suspects.join(excerpt)).unwrap();
    fs::write(suspects.join("empty.mp3"), b"").unwrap();
    fs::write(suspects.join("lie.wav"), "这不是声音，而是一段文字。".repeat(20)).unwrap();
    fs::write(
        suspects.join("noise.bin"),
        (0..9000_u32)
            .map(|i| ((i * i * 31) >> 7) as u8)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    let wav = fs::read(demo.join("suspects").join(excerpt)).unwrap();
    fs::write(suspects.join("cut-short.wav"), &wav[..40]).unwrap();
    std::os::unix::fs::symlink(&suspects, suspects.join("loop")).unwrap();
    fs::write(suspects.join("broken.info.json"), b"{\"view_count\":").unwrap();
    let out = dir.path().join("out");
    let works = demo.join("works");
    let report = trace(&works, &suspects, &out, &[]);
    assert_eq!(report["matches"][0]["suspect"], excerpt);
    let problems = report["problems"].to_string();
    for name in [
        "empty.mp3",
        "noise.bin",
        "cut-short.wav",
        "loop",
        "broken.info.json",
    ] {
        assert!(problems.contains(name), "{name} is not among {problems}");
    }
    assert_eq!(code(&quanlian(&["verify", text(&out.join("case.qne.zip"))])), 0);
}

#[test]
fn a_zip_that_climbs_out_or_is_no_bundle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.qne.zip");
    for bytes in [
        b"".as_slice(),
        b"PK\x05\x06",
        b"not a zip at all",
        &vec![0_u8; 70_000],
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(
            code(&quanlian(&["verify", text(&path)])),
            1,
            "{} bytes",
            bytes.len()
        );
    }
    assert_eq!(
        code(&quanlian(&["verify", text(&dir.path().join("absent.zip"))])),
        2
    );
}

#[test]
fn what_was_deposited_survives_a_file_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (good, data) = (dir.path().join("good.txt"), dir.path().join("data"));
    fs::write(&good, "作品").unwrap();
    let first = json(
        &quanlian(&["deposit", text(&good), "--data", text(&data), "--json"]),
        0,
    );
    assert_eq!(first["deposits"].as_array().unwrap().len(), 1);
    let absent = quanlian(&["deposit", text(&dir.path().join("absent")), "--data", text(&data)]);
    assert_eq!(code(&absent), 2);
    let bundle = dir.path().join("b.qne.zip");
    let second = json(
        &quanlian(&[
            "deposit",
            text(&good),
            "--data",
            text(&data),
            "--bundle",
            text(&bundle),
            "--json",
        ]),
        0,
    );
    assert_eq!(
        second["deposits"][0]["index"], 1,
        "the log goes on where it stood"
    );
    assert_eq!(code(&quanlian(&["verify", text(&bundle)])), 0);
    let handed_out = std::fs::read(&bundle).unwrap();
    let again = quanlian(&[
        "deposit",
        text(&good),
        "--data",
        text(&data),
        "--bundle",
        text(&bundle),
    ]);
    assert_eq!(
        code(&again),
        2,
        "a bundle that may have been handed out is not written over"
    );
    assert!(stderr(&again).contains("is there already"), "{}", stderr(&again));
    assert_eq!(std::fs::read(&bundle).unwrap(), handed_out);
}
