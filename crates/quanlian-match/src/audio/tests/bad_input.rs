//! Files that are broken, that lie or that hold no sound.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn decode_bytes(bytes: Vec<u8>) -> Result<(decode::Decoded, usize), AudioError> {
    let mut samples = 0;
    decode::decode(Box::new(Cursor::new(bytes)), &mut |block| samples += block.len())
        .map(|decoded| (decoded, samples))
}

#[test]
fn files_without_sound_are_named() {
    let code = |bytes: &[u8]| {
        with_file(bytes, |path| decode::decode_file(path, &mut |_| ()))
            .unwrap_err()
            .code()
    };
    assert_eq!(code(b""), "audio_empty");
    assert_eq!(code(b"no sound at all, just a few words"), "audio_not_audio");
    assert_eq!(code(&wav(&[])), "audio_empty");
    assert_eq!(
        decode::decode_file(Path::new("/"), &mut |_| ())
            .unwrap_err()
            .code(),
        "audio_open"
    );
    assert_eq!(
        decode::decode_file(Path::new("/no/such/file"), &mut |_| ())
            .unwrap_err()
            .code(),
        "audio_open"
    );
}

#[test]
fn a_header_that_lies_about_the_length_does_not_cost_the_sound() {
    let sound = tune(3, 4.0);
    // The first is what programs write that do not know the length yet.
    for (riff, data) in [
        (u32::MAX, u32::MAX),
        (u32::MAX, 0x7fff_fffe),
        (u32::MAX, 3 * sound.len() as u32),
    ] {
        let mut bytes = wav(&sound);
        bytes[4..8].copy_from_slice(&riff.to_le_bytes());
        bytes[40..44].copy_from_slice(&data.to_le_bytes());
        let (decoded, samples) = decode_bytes(bytes).unwrap_or_else(|error| panic!("{data}: {error:?}"));
        assert!(
            samples.abs_diff(sound.len()) <= 4_096,
            "{data}: {samples} samples, {decoded:?}"
        );
    }
}

/// Silence as MP3 of 128 kbit/s, behind a header that declares `declared` frames.
fn mp3(frames: usize, declared: u32) -> Vec<u8> {
    let frame = [&[0xff, 0xfb, 0x90, 0x44][..], &[0; 413]].concat();
    let mut header = frame.clone();
    header[36..44].copy_from_slice(b"Xing\0\0\0\x01");
    header[44..48].copy_from_slice(&declared.to_be_bytes());
    [header, frame.repeat(frames)].concat()
}

#[test]
fn an_mp3_that_declares_too_few_frames_is_read_to_its_end() {
    // Zero is what programs write while the file grows.
    for declared in [0, 3, 100, u32::MAX] {
        let (_, samples) = decode_bytes(mp3(100, declared)).unwrap_or_else(|e| panic!("{declared}: {e:?}"));
        let expected = 100 * 1_152 * RATE / 44_100;
        assert!(
            samples.abs_diff(expected) < 1_000,
            "{declared}: {samples} samples, not {expected}"
        );
    }
}

#[test]
fn a_header_that_contradicts_itself_is_named() {
    let mut bytes = wav(&tune(3, 1.0));
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(decode_bytes(bytes).unwrap_err().code(), "audio_bad_header");
}

#[test]
fn a_cut_file_gives_what_is_left_of_it() {
    let bytes = wav(&tune(3, 4.0));
    for cut in [45, 46, 1_000, 30_001, bytes.len() - 1] {
        let (_, samples) = decode_bytes(bytes[..cut].to_vec()).unwrap_or((
            decode::Decoded {
                duration_ms: 0,
                notes: Vec::new(),
            },
            0,
        ));
        assert!(
            samples <= (cut - 44) / 2 && samples + 4_096 >= (cut - 44) / 2,
            "{cut}: {samples}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bytes_of_any_kind_give_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..3_000),
        magic in prop::sample::select(vec![
            &b""[..], b"RIFF\xff\0\0\0WAVEfmt ", b"OggS\0\x02", b"fLaC\0\0\0\x22", b"\xff\xfb\x90\x44", b"ID3\x04\0\0",
            b"\0\0\0\x18ftypM4A \0\0\0\0", b"\x1a\x45\xdf\xa3", b"FORM\0\0\x10\0AIFFCOMM", b"caff\0\x01\0\0",
        ]),
    ) {
        let _ = decode_bytes([magic, &bytes].concat());
    }

    #[test]
    fn a_damaged_wav_gives_an_answer(at in 0..2_044_usize, value in any::<u8>(), cut in 0..2_044_usize) {
        let mut bytes = wav(&tune(1, 0.0625));
        bytes[at] = value;
        bytes.truncate(bytes.len() - cut);
        let _ = decode_bytes(bytes);
    }

    #[test]
    fn a_foreign_constellation_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = constellation::Constellation::from_bytes(&bytes);
        prop_assert!(read.stars.len() <= bytes.len() / 3);
        prop_assert!(read.near(80.0, 200.0, 0.0..=f32::MAX).count() <= read.stars.len());
    }
}
