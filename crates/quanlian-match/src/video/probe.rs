//! Probing: whether a container holds moving pictures, as its header tells it or, where that leaves doubt, ffprobe.
//!
//! In:  a file and the [`Container`] that its first bytes name.
//! Out: its [`FilmTrack`], or `None` when all its pictures are covers.
//!
//! Invariants: ffprobe is told which format to read and may open local files only, so that no list of other files
//! inside the bytes is ever followed; its answer is bounded and taken for foreign bytes.
//!
//! Not here: reading headers (`header`), decoding (`decode`).

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Tools, VideoError, header};
use crate::process::{Guarded, INPUT, Limits};

/// ffprobe reads headers only; a minute is far beyond what that takes.
const LIMITS: Limits = Limits {
    stall: Duration::from_mins(1),
    total: Duration::from_mins(1),
};
/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Larger pictures are refused: 8K film has 33 million pixels.
pub const MAX_PIXELS: u64 = 64 << 20;

/// Formats of files that may hold moving pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of formats")]
pub enum Container {
    Mp4,
    Matroska,
    Ogg,
    Avi,
    Flv,
    MpegTs,
    MpegPs,
    Asf,
}

impl Container {
    /// The name that ffmpeg knows it by.
    pub(super) fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mov",
            Self::Matroska => "matroska",
            Self::Ogg => "ogg",
            Self::Avi => "avi",
            Self::Flv => "flv",
            Self::MpegTs => "mpegts",
            Self::MpegPs => "mpeg",
            Self::Asf => "asf",
        }
    }
}

/// The track of a film that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilmTrack {
    pub(super) container: Container,
    /// Pixels as stored, before any turn that the file asks for.
    pub width: u32,
    /// The same.
    pub height: u32,
}

impl FilmTrack {
    /// A track of pictures of this size, if that is one that is read.
    fn of_size(container: Container, width: u32, height: u32) -> Result<Self, VideoError> {
        if width == 0 || height == 0 {
            return Err(VideoError::NoPictures);
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(VideoError::TooLarge {
                width,
                height,
                limit_pixels: MAX_PIXELS,
            });
        }
        Ok(Self {
            container,
            width,
            height,
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    codec_type: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    disposition: Disposition,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Disposition {
    attached_pic: i64,
    timed_thumbnails: i64,
}

/// Looks for the first track of moving pictures in the file at `path`.
pub fn probe(path: &Path, container: Container, tools: &Tools) -> Result<Option<FilmTrack>, VideoError> {
    let file = File::open(path).map_err(VideoError::Open)?;
    if let Some([width, height]) = header::film_size(file, container) {
        return FilmTrack::of_size(container, width, height).map(Some);
    }
    ask_ffprobe(File::open(path).map_err(VideoError::Open)?, container, tools)
}

fn ask_ffprobe(file: File, container: Container, tools: &Tools) -> Result<Option<FilmTrack>, VideoError> {
    let arguments = [
        "-v",
        "error",
        "-protocol_whitelist",
        "file",
        "-f",
        container.demuxer(),
        "-show_entries",
        "stream=codec_type,width,height:stream_disposition=attached_pic,timed_thumbnails",
        "-of",
        "json",
        "-i",
        INPUT,
    ];
    let mut running = Guarded::start(&tools.ffprobe, &arguments, file, LIMITS)
        .map_err(|e| VideoError::of_start("ffprobe", e))?;
    let mut answer = Vec::new();
    (&mut running)
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .map_err(VideoError::Open)?;
    let ended = running.finish();
    if ended.timed_out {
        return Err(VideoError::Hangs {
            program: "ffprobe",
            seconds: LIMITS.total.as_secs(),
        });
    }
    if !ended.succeeded {
        return Err(VideoError::Unreadable { said: ended.said });
    }
    parse(&answer, container)
}

/// Reads the answer of ffprobe.
fn parse(answer: &[u8], container: Container) -> Result<Option<FilmTrack>, VideoError> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| VideoError::BadAnswer)?;
    let film = answer.streams.iter().find(|s| {
        s.codec_type == "video" && s.disposition.attached_pic == 0 && s.disposition.timed_thumbnails == 0
    });
    let Some(film) = film else { return Ok(None) };
    FilmTrack::of_size(container, film.width, film.height).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The width of the film that an answer tells of.
    fn track(json: &str) -> Result<Option<u32>, &'static str> {
        parse(json.as_bytes(), Container::Mp4)
            .map(|t| t.map(|t| t.width))
            .map_err(|e| e.code())
    }

    #[test]
    fn the_first_track_that_is_no_cover_is_the_film() {
        let cover =
            r#"{"index":0,"codec_type":"video","width":500,"height":500,"disposition":{"attached_pic":1}}"#;
        let film =
            r#"{"index":2,"codec_type":"video","width":640,"height":360,"disposition":{"attached_pic":0}}"#;
        let sound = r#"{"index":1,"codec_type":"audio"}"#;
        assert_eq!(track(&format!(r#"{{"streams":[{cover},{sound}]}}"#)), Ok(None));
        assert_eq!(
            track(&format!(r#"{{"streams":[{cover},{sound},{film}]}}"#)),
            Ok(Some(640))
        );
        assert_eq!(track("{}"), Ok(None));
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let of = |w: u64, h: u64| {
            track(&format!(
                r#"{{"streams":[{{"index":0,"codec_type":"video","width":{w},"height":{h}}}]}}"#
            ))
        };
        assert_eq!(of(30_000, 30_000), Err("video_too_large"));
        assert_eq!(of(0, 5), Err("video_no_pictures"));
        assert_eq!(of(7680, 4320), Ok(Some(7680)));
        assert_eq!(of(u64::MAX, 5), Err("video_bad_answer"));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
            let _ = parse(&bytes, Container::Avi);
            let _ = parse(text.as_bytes(), Container::Avi);
            let _ = parse(format!(r#"{{"streams":[{{"width":{text}}}]}}"#).as_bytes(), Container::Avi);
        }
    }
}
