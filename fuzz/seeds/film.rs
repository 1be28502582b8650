//! Seeds of films: what ffmpeg can write, where it is installed.

use std::{fs, process::Command};

use quanlian_fuzz::scratch;

use crate::Corpora;

pub fn make(corpora: &Corpora) {
    for (name, choice, more) in [
        ("h264.mp4", 0, &["-c:v", "libx264"][..]),
        ("fragments.mp4", 0, &["-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov"]),
        ("mpeg4.mov", 0, &["-c:v", "mpeg4"]),
        ("cover.mp4", 0, &["-c:v", "mjpeg"]),
        ("h264.mkv", 1, &["-c:v", "libx264"]),
        ("vp8.webm", 1, &["-c:v", "libvpx"]),
    ] {
        let out = scratch().join(name);
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=48x32:r=5:d=0.6"])
            .args(more)
            .args(["-pix_fmt", "yuv420p", "-fflags", "+bitexact"])
            .arg(&out)
            .status();
        if done.is_ok_and(|status| status.success()) {
            let bytes = fs::read(&out).expect("it reads");
            corpora.put("match_film", name, [&[choice][..], &bytes].concat());
        } else {
            eprintln!("skipped: the seed {name} (install ffmpeg)");
        }
    }
}
