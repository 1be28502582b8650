//! Seeds of matching: texts in several encodings, sound, pictures, Opus packets, segments, an index, a calibration.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use quanlian_fuzz::{escape, file, index, media, scratch};
use quanlian_match::{
    Medium, audio,
    calibration::{Calibration, IndexFigures, Members, NonMember, Sample},
    image,
    segment::{PackedWriter, SegmentParameters, SegmentWriter},
};

use crate::Corpora;

pub fn make(corpora: &Corpora) {
    let text = index::TEXTS.concat();
    corpora.put("match_text", "utf-8", &text);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    corpora.put("match_text", "utf-16", [b"\xff\xfe", utf16.as_slice()].concat());
    corpora.put(
        "match_text",
        "gbk",
        b"\xd4\xc2\xc1\xc1\xd4\xda\xb0\xd7\xc1\xab\xbb\xa8 abc",
    );
    corpora.put("match_text", "html", "<p>&#26376;亮 ｆｕｌｌ width Ⅳ ﬁ</p>");
    for (number, part) in index::folder().seeds().enumerate() {
        corpora.put("match_index", &number.to_string(), part);
    }
    let manifest = String::from_utf8_lossy(index::folder().file("manifest.json")).into_owned();
    let (before, seal) = manifest.split_once("\"seal\": \"").expect("a sealed manifest");
    let behind = seal.split_once('"').expect("the end of the seal").1;
    corpora.put(
        "match_manifest",
        "index",
        format!("{before}\"seal\": \"\"{behind}"),
    );
    corpora.put("match_manifest", "plain", r#"{"format":1,"parts":[]}"#);
    segments(corpora);
    packed(corpora);
    sound(corpora);
    sound_index(corpora);
    pictures(corpora);
    calibration(corpora);
    corpora.put("match_opus", "mono", b"\x00\x00\xf8\xff\xfe\xff\x08\x0a\x0b");
    corpora.put("match_opus", "multi", b"\x02\x01\xf8\xfe\xff\x01\x02\x03");
    for configuration in 0..32_u8 {
        for code in 0..4 {
            let packet = [0, 0, configuration << 3 | code, 2, 1, 2, 3, 4, 5, 6, 7, 8];
            corpora.put("match_opus", &format!("toc-{configuration}-{code}"), packet);
        }
    }
}

fn segments(corpora: &Corpora) {
    for (name, bits, many) in [("small", 20, 50_u32), ("long", 40, 30_000)] {
        let path = scratch().join(format!("{name}.seg"));
        let parameters = SegmentParameters::new("fuzz/1", bits).expect("good parameters");
        let mut writer = SegmentWriter::create(&path, &parameters).expect("a segment");
        for number in 0..many {
            let key = if number % 2 == 0 {
                1
            } else {
                u64::from(number % 255)
            };
            writer.push(key, number / 10, number).expect("pushed");
        }
        drop(writer.finish().expect("a segment"));
        let bytes = fs::read(&path).expect("it reads");
        corpora.put("match_segment", name, without_sums(&bytes));
    }
}

/// The sums behind the body are made anew by the target.
fn without_sums(segment: &[u8]) -> &[u8] {
    let pages = segment.len().div_ceil(16 * 1024 + 4);
    &segment[..segment.len() - 4 * pages]
}

fn packed(corpora: &Corpora) {
    let path = scratch().join("seed.packed");
    let parameters = SegmentParameters::new("fuzz/1", 24).expect("good parameters");
    let mut writer = PackedWriter::create(&path, &parameters).expect("a segment");
    for number in 0..500_u64 {
        writer.push(number * number % 300, number).expect("pushed");
    }
    drop(writer.finish().expect("a segment"));
    corpora.put(
        "match_packed",
        "small",
        without_sums(&fs::read(&path).expect("it reads")),
    );
}

/// Two works, the second one what the target searches for.
fn sound_index(corpora: &Corpora) {
    let work = audio::fingerprint_reference(&media::tones()).expect("it is sound");
    let mut places = Vec::new();
    audio::index_keys(&work.constellation, &mut |_, position| {
        places.extend(u64::from(position).to_le_bytes());
    });
    let parts = [places, Vec::new(), work.constellation].map(|part| escape(&part));
    corpora.put("match_sound_index", "itself", parts.join(&0xff));
}

fn pictures(corpora: &Corpora) {
    let bmp = media::bmp();
    corpora.put("match_image", "bmp", &bmp);
    let source = file("seed.bmp", &bmp);
    let mut postings = Vec::new();
    let work = image::fingerprint_reference(&source, &mut |_, position| {
        postings.push(0);
        postings.extend(position.to_le_bytes());
    });
    let work = work.expect("it is a picture");
    let hashes = work.hashes.iter().flatten().flat_map(|word| word.to_le_bytes());
    let parts = [postings, hashes.collect(), work.record].map(|part| escape(&part));
    corpora.put("match_picture_record", "itself", parts.join(&0xff));
    for (name, more) in [
        ("a.png", &[][..]),
        ("b.png", &["-pix_fmt", "pal8"]),
        ("a.jpg", &[]),
        ("b.jpg", &["-pix_fmt", "gray"]),
        ("a.gif", &["-loop", "1", "-t", "0.2"]),
        ("a.webp", &[]),
        ("a.tiff", &[]),
    ] {
        by_ffmpeg(corpora, "match_image", &source, name, more);
    }
}

fn calibration(corpora: &Corpora) {
    let samples = (0..150_u32).map(|number| Sample {
        start_ms: 0,
        length_ms: 5000,
        best: (number % 4 != 0).then(|| (f64::from(number * number % 97) / 10.0, "work".to_owned())),
    });
    let non_member = NonMember {
        name: "stranger.wav".into(),
        sha256: "0".repeat(64),
        medium: Medium::Audio,
        samples: samples.collect(),
    };
    let figures = |_| IndexFigures {
        works: 2,
        size: 60_000,
    };
    let model = Calibration::fit(&[non_member], figures, Members::Refuse).expect("enough strangers");
    let model: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&model.to_bytes()).expect("it is JSON");
    corpora.put("match_calibration", "model", model["model"].to_string());
}

/// What else the program reads, where ffmpeg can write it.
fn by_ffmpeg(corpora: &Corpora, target: &str, source: &Path, name: &str, more: &[&str]) {
    let out = scratch().join(name);
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(source)
        .args(more)
        .arg(&out)
        .status();
    if done.is_ok_and(|status| status.success()) {
        corpora.put(target, name, fs::read(&out).expect("it reads"));
    } else {
        eprintln!("skipped: the seed {name} (install ffmpeg)");
    }
}

fn sound(corpora: &Corpora) {
    let samples: Vec<i16> = (0..4000)
        .map(|at| ((f64::from(at) * 0.35).sin() * 9000.0) as i16)
        .collect();
    let wav = media::wav(8000, &samples);
    corpora.put("match_audio", "wav", &wav);
    let source = scratch().join("seed.wav");
    fs::write(&source, &wav).expect("the folder takes it");
    // What else the program reads, where ffmpeg can write it.
    for (name, more) in [
        ("a.mp3", &["-b:a", "32k"][..]),
        ("a.mp2", &["-ar", "16000"]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.opus", &["-b:a", "16k"]),
        ("a.m4a", &["-c:a", "aac"]),
        ("b.m4a", &["-c:a", "alac"]),
        ("a.flac", &[]),
        ("a.aiff", &[]),
        ("a.caf", &[]),
        ("a.mka", &["-c:a", "libvorbis"]),
        ("a.webm", &["-c:a", "libopus"]),
        ("a.aac", &[]),
        ("b.wav", &["-c:a", "adpcm_ms"]),
        ("c.wav", &["-c:a", "adpcm_ima_wav"]),
        ("d.wav", &["-c:a", "pcm_mulaw"]),
    ] {
        by_ffmpeg(corpora, "match_audio", &source, name, more);
    }
}
