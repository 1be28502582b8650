//! Seeds of matching: texts in several encodings, sound, Opus packets, segments, an index.

use std::{fs, process::Command};

use quanlian_fuzz::{index, scratch};
use quanlian_match::segment::{SegmentParameters, SegmentWriter};

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
    segments(corpora);
    sound(corpora);
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
        // The sums behind the body are made anew by the target.
        let pages = bytes.len().div_ceil(16 * 1024 + 4);
        corpora.put("match_segment", name, &bytes[..bytes.len() - 4 * pages]);
    }
}

fn sound(corpora: &Corpora) {
    let samples = 4000_u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + samples * 2).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(8000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend((samples * 2).to_le_bytes());
    for at in 0..samples {
        let level = (f64::from(at) * 0.35).sin() * 9000.0;
        wav.extend((level as i16).to_le_bytes());
    }
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
        let out = scratch().join(name);
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-i"])
            .arg(&source)
            .args(more)
            .arg(&out)
            .status();
        if done.is_ok_and(|status| status.success()) {
            corpora.put("match_audio", name, fs::read(&out).expect("it reads"));
        } else {
            eprintln!("skipped: the seed {name} (install ffmpeg)");
        }
    }
}
