//! Calibration: strangers give a model, matches name it, and what cannot serve is refused by name.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;

use super::{code, copy_folder, json, quanlian, stderr, text};

const RATE_HZ: usize = 11_025;
const NOTES_PER_SECOND: usize = 6;
/// Seconds of every tune.
const SECONDS: usize = 60;
const WORKS: u32 = 4;
const STRANGERS: u32 = 8;

/// A tune that follows from a seed: three voices of one scale, plucked.
fn tune(seed: u32) -> Vec<i16> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut pitch = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let step = f64::from(state >> 16) / 65_536.0 * 48.0;
        110.0 * (step.floor() / 12.0).exp2()
    };
    let notes: Vec<[f64; 3]> = (0..SECONDS * NOTES_PER_SECOND)
        .map(|_| std::array::from_fn(|_| pitch()))
        .collect();
    let sample = |at: usize| {
        let samples_per_note = RATE_HZ / NOTES_PER_SECOND;
        let note = &notes[(at / samples_per_note).min(notes.len() - 1)];
        let since = (at % samples_per_note) as f64 / RATE_HZ as f64;
        let voices: f64 = note
            .iter()
            .map(|hz| (std::f64::consts::TAU * hz * since).sin())
            .sum();
        (voices * 6000.0 * (-4.0 * since).exp()) as i16
    };
    (0..SECONDS * RATE_HZ).map(sample).collect()
}

/// Samples as a WAV file of one channel.
fn save(path: &Path, samples: &[i16]) {
    let data_bytes = 2 * samples.len() as u32;
    let mut wav = Vec::with_capacity(44 + data_bytes as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + data_bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    for field in [16, 1 | 1 << 16, RATE_HZ as u32, 2 * RATE_HZ as u32, 2 | 16 << 16] {
        wav.extend(u32::to_le_bytes(field));
    }
    wav.extend(b"data");
    wav.extend(data_bytes.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(path, wav).unwrap();
}

/// A folder with an index of made tunes, strangers to it, and a copy of a part of the first work.
fn bench() -> &'static Path {
    static BENCH: OnceLock<PathBuf> = OnceLock::new();
    BENCH.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("calibrate");
        let _ = fs::remove_dir_all(&folder);
        for (name, seeds) in [("works", 0..WORKS), ("strangers", 100..100 + STRANGERS)] {
            fs::create_dir_all(folder.join(name)).unwrap();
            for seed in seeds {
                save(&folder.join(name).join(format!("{seed}.wav")), &tune(seed));
            }
        }
        save(&folder.join("copy.wav"), &tune(0)[20 * RATE_HZ..32 * RATE_HZ]);
        let (works, index) = (folder.join("works"), folder.join("index"));
        json(
            &quanlian(&[
                "index",
                "build",
                "--works",
                text(&works),
                "--index",
                text(&index),
                "--json",
            ]),
            0,
        );
        folder
    })
}

/// Runs the program in English, with all that it says to people.
fn aloud(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_quanlian"));
    program.args(["--lang", "en"]).args(arguments);
    program.output().expect("the program starts")
}

fn calibrate(index: &Path, strangers: &[&str], more: &[&str]) -> Output {
    let fixed = [
        "calibrate",
        "--index",
        text(index),
        "--clip-seconds",
        "3,5",
        "--json",
        "--nonmembers",
    ];
    aloud(&[&fixed, strangers, more].concat())
}

/// The match of the copy, and what was said beside it.
fn match_of_copy(index: &Path, more: &[&str]) -> (Value, String) {
    let copy = bench().join("copy.wav");
    let output = aloud(&[&["match", "--index", text(index), text(&copy), "--jsonl"], more].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let found = serde_json::from_str(lines.lines().next().expect("the copy is found")).unwrap();
    (found, stderr(&output))
}

#[test]
fn a_model_from_strangers_judges_and_is_named_by_every_match() {
    let folder = tempfile::tempdir().unwrap();
    let (index, model) = (folder.path().join("index"), folder.path().join("model.json"));
    copy_tree(&bench().join("index"), &index);
    let strangers = bench().join("strangers");
    let (built_in, _) = match_of_copy(&index, &[]);
    assert_eq!(built_in["work"], "0.wav");
    assert!(
        built_in["null_model"]["name"]
            .as_str()
            .unwrap()
            .starts_with("built-in ")
    );

    let report = json(
        &calibrate(&index, &[text(&strangers)], &["--out", text(&model)]),
        0,
    );
    let tries = report["media"]["audio"]["tail"]["non_members"].as_u64().unwrap();
    assert!(tries >= 100, "{report}");
    assert_eq!(report["inputs"].as_array().unwrap().len(), STRANGERS as usize);
    let (judged, _) = match_of_copy(&index, &["--calibration", text(&model)]);
    let named = &judged["null_model"];
    let name = named["name"].as_str().unwrap();
    let digest = report["model"].as_str().unwrap();
    assert!(
        name.starts_with(&format!("calibration:{}", &digest[..16])),
        "{name}"
    );
    assert_eq!(named["non_members"], tries);
    assert_eq!(named["basis"], "fitted");
    assert_eq!(named["measured_on"], report["made_on"]);
    assert_eq!(judged["score_bits"], built_in["score_bits"]);
    let e_value = |found: &Value| found["e_value"].as_f64().unwrap();
    assert!(e_value(&judged) >= e_value(&built_in), "never laxer by itself");

    // Nothing was kept in the index so far; installed, it judges without being named.
    assert_eq!(match_of_copy(&index, &[]).0, built_in);
    json(&calibrate(&index, &[text(&strangers)], &["--install"]), 0);
    let (installed, said) = match_of_copy(&index, &[]);
    assert_eq!(installed, judged);
    assert!(
        said.contains(name) && said.contains(&format!("fitted to {tries} non-members")),
        "{said}"
    );
}

#[test]
fn what_cannot_serve_as_strangers_or_as_a_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let index = bench().join("index");
    let (strangers, copy) = (bench().join("strangers"), bench().join("copy.wav"));
    let refused = |output: Output, parts: &[&str]| {
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing: {said}");
        }
    };
    refused(calibrate(&index, &["missing-folder"], &[]), &["missing-folder"]);
    refused(
        calibrate(&folder.path().join("none"), &[text(&strangers)], &[]),
        &["none"],
    );
    // One stranger alone is too few tries.
    let one = strangers.join("100.wav");
    refused(calibrate(&index, &[text(&one)], &[]), &["too few"]);
    let page = folder.path().join("page.txt");
    fs::write(
        &page,
        "no work of this index is a text, so nothing can be said of this one",
    )
    .unwrap();
    refused(calibrate(&index, &[text(&page)], &[]), &["page.txt"]);
    // A file that evidently holds a part of a work is named with it, and no model is made.
    let all = [text(&strangers), text(&copy)];
    let model = folder.path().join("model.json");
    refused(
        calibrate(&index, &all, &["--out", text(&model)]),
        &["copy.wav", "0.wav", "--members"],
    );
    assert!(!model.is_file());
    let report = json(
        &calibrate(&index, &all, &["--out", text(&model), "--members", "set-aside"]),
        0,
    );
    let aside: Vec<&Value> = (report["inputs"].as_array().unwrap().iter())
        .filter(|input| input["set_aside"] == true)
        .collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0]["name"], text(&copy));

    let changed = folder.path().join("changed.json");
    let whole = fs::read_to_string(&model).unwrap();
    fs::write(&changed, whole.replacen("\"files\": 8", "\"files\": 9", 1)).unwrap();
    let matched = |model: &Path| {
        quanlian(&[
            "match",
            "--index",
            text(&index),
            text(&copy),
            "--calibration",
            text(model),
        ])
    };
    refused(matched(&changed), &["changed.json", "digest"]);
    fs::write(&changed, "{}").unwrap();
    refused(matched(&changed), &["changed.json", "no calibration"]);
    refused(matched(&folder.path().join("gone.json")), &["gone.json"]);
}

/// Copies an index with the folders of its parts.
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}
