//! Any bytes as a film file, as far as its header, and as the looks that an index keeps.
//!
//! In:  a byte that chooses the container, then the file.
//! Out: no panic; a film that is told has a size that is read, and looks give keys of their number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{allow_caught_panics, file};
use quanlian_match::video::{self, Container, KEYFRAME_BYTES, MAX_PIXELS, Tools, VideoError};

fuzz_target!(|bytes: &[u8]| {
    allow_caught_panics();
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let container = if choice % 2 == 0 {
        Container::Mp4
    } else {
        Container::Matroska
    };
    // What the header leaves open would be asked of a program; there is none.
    let tools = Tools {
        ffmpeg: "/nowhere/ffmpeg".into(),
        ffprobe: "/nowhere/ffprobe".into(),
    };
    match video::probe(&file("fuzzed.film", bytes), container, &tools) {
        Ok(Some(track)) => {
            let pixels = u64::from(track.width) * u64::from(track.height);
            assert!((1..=MAX_PIXELS).contains(&pixels));
        }
        Ok(None) => unreachable!("nobody said that there is no film"),
        Err(VideoError::NoProgram { .. } | VideoError::TooLarge { .. }) => {}
        Err(e) => unreachable!("{}", e.code()),
    }
    let places = 2 * (bytes.len() / KEYFRAME_BYTES);
    video::index_keys(bytes, &mut |_, place| assert!((place as usize) < places));
});
