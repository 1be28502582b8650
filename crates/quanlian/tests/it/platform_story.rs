//! The music channel through the API of a running platform: nine people of five agencies, on the embedded database and on servers.
//!
//! In:  the sample of `demo`; `bench/music_story.py`, which checks each step.
//! Out: nothing, or what was not as promised.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::{demo, has_tool, text};

/// Plays the story; its figures, or nothing where Python or a server is missing.
#[expect(clippy::print_stderr, reason = "what is left out must be seen")]
fn play(name: &str, more: &[&str]) -> Option<Value> {
    if !has_tool("python3") {
        return None;
    }
    let (sample, _) = demo();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/music_story.py");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let played = Command::new("python3")
        .args([
            text(&script),
            env!("CARGO_BIN_EXE_quanlian"),
            text(sample),
            text(&out),
        ])
        .args(more)
        .output()
        .unwrap();
    let (said, error) = (
        String::from_utf8_lossy(&played.stdout),
        String::from_utf8_lossy(&played.stderr),
    );
    if error.contains("is not installed") {
        eprintln!("skipped: {}", error.trim());
        return None;
    }
    assert!(played.status.success(), "{said}{error}");
    Some(serde_json::from_str(&said).unwrap())
}

fn is_whole(figures: &Value) {
    assert_eq!(figures["copies"], 7);
    assert_eq!(figures["facts"]["actual_clicks"], 30_000_000);
    assert_eq!(figures["facts"]["illegal_gain"], 7_200_000);
    assert_eq!(figures["outcome"], "especially_serious");
    assert_eq!(
        figures["papers"], 15,
        "every paper that an act made, and the list of goods"
    );
    assert_eq!(figures["clocks"], 15, "every clock that was counted by hand");
    assert_eq!(figures["indicators"]["court-months"], 33);
    assert_eq!(figures["indicators"]["illegal-gain"], 7_200_000);
    assert_eq!(figures["server_ended"], 0, "asked to stop, it ends well");
}

#[test]
fn the_music_channel_goes_from_complaint_to_judgment_over_http() {
    if let Some(figures) = play("story-embedded", &[]) {
        is_whole(&figures);
    }
}

#[test]
fn it_does_so_on_postgresql_and_s3_too() {
    if let Some(figures) = play("story-servers", &["--servers"]) {
        is_whole(&figures);
    }
}
