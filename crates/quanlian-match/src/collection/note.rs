//! Remarks about single files: why one was passed over, or what was odd about it.
//!
//! In:  a path and an error or finding.
//! Out: a line for the report.
//!
//! Not here: errors that end a run (`CollectionError`).

use std::path::Path;

use serde::Serialize;

use crate::audio::AudioNote;
use crate::code::CodeNote;
use crate::image::ImageNote;
use crate::text::decode::Decoded;
use crate::video::VideoNote;

/// A remark about one file; the run went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file, as the caller named it or relative to the folder of works.
    pub subject: String,
    /// A stable name for programs.
    pub code: String,
    /// The same for people.
    pub message: String,
}

impl Note {
    pub(crate) fn new(subject: &Path, code: &str, message: impl Into<String>) -> Self {
        Self {
            subject: subject.to_string_lossy().into_owned(),
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// A remark from an error, with the chain of its causes.
    pub(crate) fn from_error(subject: &Path, code: &str, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(subject, code, message)
    }
}

/// A remark on how a text was read, if there is one to make.
pub(super) fn of_text(subject: &Path, decoded: &Decoded) -> Option<Note> {
    decoded.broken.then(|| {
        let message = format!(
            "some bytes mean nothing in {} and were replaced",
            decoded.encoding
        );
        Note::new(subject, "text_broken_encoding", message)
    })
}

/// A remark on how a recording was read.
pub(super) fn of_sound(subject: &Path, note: &AudioNote) -> Note {
    let message = match note {
        AudioNote::BadPackets { count } => format!("{count} packets could not be decoded and were left out"),
        AudioNote::CutShort => "the file ends before its sound does".to_owned(),
        AudioNote::DurationLimit { limit_ms } => {
            format!("only the first {} minutes were read", limit_ms / 60_000)
        }
        AudioNote::TooShort { duration_ms } => {
            format!("{duration_ms} ms of sound are too short to be found in anything")
        }
        AudioNote::Featureless => "silence or a steady tone: nothing to go by".to_owned(),
    };
    Note::new(subject, note.code(), message)
}

/// A remark on how a picture was read.
pub(super) fn of_picture(subject: &Path, note: &ImageNote) -> Note {
    let message = match note {
        ImageNote::FrameLimit { read } => format!("only the first {read} frames were looked at"),
        ImageNote::CutShort => "the file ends before its last frame does".to_owned(),
        ImageNote::Featureless => "one colour or a smooth gradient: nothing to go by".to_owned(),
    };
    Note::new(subject, note.code(), message)
}

/// A remark on how a film was read.
pub(super) fn of_film(subject: &Path, note: &VideoNote) -> Note {
    let message = match note {
        VideoNote::DurationLimit { limit_ms } => {
            format!(
                "only the pictures of the first {} minutes were looked at",
                limit_ms / 60_000
            )
        }
        VideoNote::GivenUp => "ffmpeg stopped in the middle of the film; the rest was left out".to_owned(),
        VideoNote::Damaged { said } => format!("parts of the film cannot be decoded: {said}"),
        VideoNote::TooShort { duration_ms } => {
            format!("{duration_ms} ms of film are too short to be found in anything by their pictures")
        }
        VideoNote::Featureless => "black or of one colour: nothing to go by".to_owned(),
        VideoNote::Still { percent } => format!(
            "hardly anything moves in {percent} % of the film: whether that part is a copy is not determined by the pictures"
        ),
    };
    Note::new(subject, note.code(), message)
}

/// A remark on how source code was read.
pub(super) fn of_code(subject: &Path, note: CodeNote) -> Note {
    let message = match note {
        CodeNote::BrokenEncoding => "some bytes mean nothing in its encoding and were replaced".to_owned(),
        CodeNote::CutShort { lines } => format!("only the first {lines} lines were looked at"),
        CodeNote::TooShort { tokens } => {
            format!("{tokens} tokens of code are too few to be found in anything")
        }
        CodeNote::Generated => {
            "it says of itself that a tool made it: others who used the tool may have the same".to_owned()
        }
    };
    Note::new(subject, note.code(), message)
}

/// A remark on a work that a still part of a film looks like.
pub(super) fn of_likeness(subject: &Path, work: &str) -> Note {
    let message = format!(
        "a part in which hardly anything moves looks like {work}: not determined whether it is a copy or another recording of the same"
    );
    Note::new(subject, "video_alike", message)
}
