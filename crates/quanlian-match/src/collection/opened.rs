//! A file from outside, looked at before it is read.
//!
//! In:  the bytes of a work or of a suspect, and its name.
//! Out: what it holds by its first bytes, and its bytes with their digest.
//!
//! Not here: telling the content (`sniff`), where the bytes are (`input`).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Note;
use super::input::{Body, BodyReader, DigestingReader, Input};
use super::sniff::{self, Content};
use crate::Medium;
use crate::code::{self, Language};
use crate::text::document::{self, Form};
use crate::text::{self, TextError};
use crate::video::{self, FilmTrack, Tools, VideoError};

/// A file whose beginning was read to tell its content.
pub(super) struct Opened {
    name: PathBuf,
    body: Body,
    start: Vec<u8>,
    rest: BodyReader,
    pub(super) content: Content,
    /// What source code is written in.
    pub(super) language: Option<Language>,
    /// How the text is kept, of a file that holds text.
    form: Form,
    /// The pictures of a film.
    pub(super) film: Option<FilmTrack>,
    /// Why a container could not be looked into; it is then taken for sound.
    pub(super) film_error: Option<VideoError>,
}

impl Opened {
    pub(super) fn open(input: &Input) -> io::Result<Self> {
        let body = input.body.clone();
        let mut rest = body.open()?;
        // Room for all of it, and one more so that its end is seen without growing.
        let room = rest.length_hint().min(sniff::SNIFF_BYTES as u64) + 1;
        let mut start = Vec::with_capacity(room as usize);
        (&mut rest)
            .take(sniff::SNIFF_BYTES as u64)
            .read_to_end(&mut start)?;
        let whole = start.len() < sniff::SNIFF_BYTES;
        let (mut content, mut film, mut film_error) = (sniff::sniff(&start, whole), None, None);
        let form = match content {
            Content::Known(Medium::Text) => Some(document::form_of(&start)),
            Content::Archive => document::form_of_archive(File::open(body.on_disk()?.path())?),
            _ => None,
        };
        if content == Content::Archive {
            content = match form {
                Some(_) => Content::Known(Medium::Text),
                None => Content::Other("a zip archive that is no document"),
            };
        }
        if let Content::Container(container) = content {
            match video::probe(body.on_disk()?.path(), container, &Tools::default()) {
                Ok(track) => film = track,
                Err(e) => film_error = Some(e),
            }
            content = Content::Known(if film.is_some() {
                Medium::Video
            } else {
                Medium::Audio
            });
        }
        let mut language = None;
        if form == Some(Form::Plain) {
            language = code::detect(input.title(), &start);
            if language.is_some() {
                content = Content::Known(Medium::Code);
            }
        }
        Ok(Self {
            name: input.title().to_owned(),
            body,
            start,
            rest,
            content,
            language,
            form: form.unwrap_or(Form::Plain),
            film,
            film_error,
        })
    }

    /// A remark when the pictures of a film cannot be read, or the name promises another medium than the content is.
    pub(super) fn remark(&self, subject: &Path) -> Option<Note> {
        if let Some(e) = &self.film_error {
            return Some(Note::from_error(subject, e.code(), e));
        }
        let promised = sniff::promised(&self.name);
        let Content::Known(found) = self.content else {
            return None;
        };
        let name = |m: Medium| match m {
            Medium::Audio => "sound",
            Medium::Text => "text",
            Medium::Image => "a picture",
            Medium::Video => "a film",
            Medium::Code => "source code",
        };
        let first = promised.first().filter(|_| !promised.contains(&found))?;
        Some({
            let message = format!("the name says {}, the content is {}", name(*first), name(found));
            Note::new(subject, "file_name_misleads", message)
        })
    }

    /// The text of the file: its bytes as they are, or what is taken out of a document.
    pub(super) fn into_text(self) -> Result<TextReader, TextError> {
        if self.form != Form::Plain {
            let (bytes, sha256) = self.body.digest()?;
            let text = document::extract(self.form, File::open(self.body.on_disk()?.path())?)?;
            return Ok(TextReader::Extracted {
                text: io::Cursor::new(text.into_bytes()),
                bytes,
                sha256,
            });
        }
        Ok(TextReader::Plain(self.into_digesting_reader()))
    }

    /// The bytes of the file as they are.
    pub(super) fn into_digesting_reader(self) -> DigestingReader<Whole> {
        DigestingReader::new(io::Cursor::new(self.start).chain(self.rest))
    }
}

/// What was read of a file to tell its content, and the rest of it.
type Whole = io::Chain<io::Cursor<Vec<u8>>, BodyReader>;

/// The text of a file, with length and SHA-256 of the file.
pub(super) enum TextReader {
    Plain(DigestingReader<Whole>),
    Extracted {
        text: io::Cursor<Vec<u8>>,
        bytes: u64,
        sha256: String,
    },
}

impl Read for TextReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Extracted { text, .. } => text.read(buffer),
        }
    }
}

impl TextReader {
    pub(super) fn finish(self) -> (u64, String) {
        match self {
            Self::Plain(reader) => reader.finish(),
            Self::Extracted { bytes, sha256, .. } => (bytes, sha256),
        }
    }
}

/// The text of a file whose characters or lines the segments of a match count: written text, what is taken out of a document,
/// or source code; at most so many bytes of it. `None` for every other medium.
pub fn text_of(path: &Path, limit_bytes: u64) -> Result<Option<String>, TextError> {
    let opened = Opened::open(&Input::file(path))?;
    match opened.content {
        Content::Known(Medium::Text) => text::read(opened.into_text()?.take(limit_bytes)).map(Some),
        Content::Known(Medium::Code) => {
            text::read(opened.into_digesting_reader().take(limit_bytes)).map(Some)
        }
        _ => Ok(None),
    }
}
