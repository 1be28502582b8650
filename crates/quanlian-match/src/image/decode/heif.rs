//! AVIF and HEIC, by the ffmpeg of the machine, since no decoder in safe Rust reads them.
//!
//! In:  an open file whose first bytes are those of such a picture.
//! Out: the same picture as the bytes of a PNG file, and whether more than one was in it.
//!
//! Invariants: ffmpeg is a process under limits ([`crate::process`]) that sees this file alone; what it writes is bounded
//! and goes through the decoder of PNG like any other file. Which pictures it can read is its own affair: AVIF from
//! 5.1 on, HEIC mostly from 7.0 on; what it says of others is told.
//!
//! Not here: how the PNG is read (`decode`).

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::time::Duration;

use super::{Error, MAX_PIXELS};
use crate::process::{FFMPEG_ALWAYS, Guarded, INPUT, Limits};

/// One picture takes a second or two.
const LIMITS: Limits = Limits {
    stall: Duration::from_secs(30),
    total: Duration::from_mins(1),
};

/// The program.
pub(super) const FFMPEG: &str = "ffmpeg";

/// Whether the first bytes of a file are those of a picture in the container of films, by its brand.
pub(crate) fn is_heif(start: &[u8]) -> bool {
    let still = [b"avif", b"heic", b"heix", b"heim", b"heis", b"mif1"];
    start.get(4..8) == Some(b"ftyp")
        && (start.get(8..12)).is_some_and(|brand| still.iter().any(|b| *b == brand) || is_series(brand))
}

/// Brands of several pictures in one file.
fn is_series(brand: &[u8]) -> bool {
    [b"avis", b"hevc", b"hevx", b"msf1"].iter().any(|b| *b == brand)
}

/// The first picture of `file`, whose first bytes are `start`, as a PNG file of at most `limit_bytes`, and whether there
/// may be more.
pub(super) fn to_png(
    program: &OsStr,
    file: File,
    start: &[u8],
    limit_bytes: u64,
) -> Result<(Vec<u8>, bool), Error> {
    let pixels = MAX_PIXELS.to_string();
    let arguments = [
        "-f",
        "mov",
        "-max_pixels",
        &pixels,
        "-i",
        INPUT,
        "-map",
        "0:v:0",
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-pix_fmt",
        "rgb24",
        "-c:v",
        "png",
        "-compression_level",
        "1",
        "pipe:1",
    ];
    let mut running = Guarded::start(program, &[&FFMPEG_ALWAYS[..], &arguments].concat(), file, LIMITS)
        .map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                Error::NoProgram
            } else {
                Error::Open(source)
            }
        })?;
    let png = read_all(&mut running, limit_bytes)?;
    let ended = running.finish();
    if ended.timed_out {
        return Err(Error::Hangs {
            seconds: LIMITS.stall.as_secs(),
        });
    }
    if png.is_empty() || !ended.succeeded {
        return Err(Error::Foreign { said: ended.said });
    }
    Ok((png, start.get(8..12).is_some_and(is_series)))
}

/// All that `from` yields, if it is no more than so many bytes.
fn read_all(from: &mut dyn Read, limit_bytes: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = from
        .take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::Open)?;
    if read as u64 > limit_bytes {
        return Err(Error::TakesTooMuch { limit_bytes });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> File {
        File::open("/dev/null").expect("open")
    }

    #[test]
    fn brands_of_pictures_are_told_from_those_of_films_and_sound() {
        for (brand, expected) in [
            ("avif", true),
            ("avis", true),
            ("heic", true),
            ("mif1", true),
            ("isom", false),
            ("M4A ", false),
        ] {
            assert_eq!(
                is_heif(format!("\0\0\0\x20ftyp{brand}").as_bytes()),
                expected,
                "{brand}"
            );
        }
        assert!(!is_heif(b"\0\0\0\x20ftypavi"));
    }

    #[test]
    fn a_program_that_is_absent_hangs_or_fails_is_named() {
        let code = |program: &str| {
            to_png(OsStr::new(program), nothing(), b"", 100)
                .expect_err("no picture")
                .code()
        };
        assert_eq!(code("no-such-program"), "image_no_ffmpeg");
        assert_eq!(code("false"), "image_foreign");
        assert_eq!(code("true"), "image_foreign");
    }

    #[test]
    fn what_is_written_without_end_is_not_read_without_end() {
        let error = read_all(&mut std::io::repeat(1), 100).expect_err("too much");
        assert_eq!(error.code(), "image_takes_too_much");
        assert_eq!(
            read_all(&mut [1_u8; 100].as_slice(), 100).expect("all").len(),
            100
        );
    }
}
