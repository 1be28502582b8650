//! Documents: the written text inside a file that is more than text.
//!
//! In:  a file that holds a web page, subtitles, a PDF, Word or EPUB document.
//! Out: its text alone, in UTF-8: no tags, styles, scripts or times.
//!
//! Places in such a file count the characters of this text, because nothing else is common to all its forms.
//!
//! Invariants: what is held in memory is bounded by [`MAX_TEXT_BYTES`] and [`MAX_ENTRY_BYTES`], whatever an archive says of
//! itself; nothing that a document refers to is opened; no control characters come out.
//!
//! Not here: encodings (`decode`), pictures and sound inside documents, macros.

mod html;
mod office;
mod pdf;
mod subtitle;

use std::fs::File;
use std::io::Read;

use super::decode::{TextError, decode};
pub(crate) use office::form_of_archive;

/// Longest text that is taken out of one document; a longer one is refused.
pub(crate) const MAX_TEXT_BYTES: usize = 64 << 20;
/// Longest single file inside an archive, unpacked: what claims or turns out to be more is refused.
pub(crate) const MAX_ENTRY_BYTES: u64 = 64 << 20;
/// Bytes at the beginning of a text that tell its form.
const FORM_BYTES: usize = 4 << 10;

/// How a text is kept in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is; also Markdown, whose few signs are no letters.
    Plain,
    Html,
    /// `SubRip` subtitles.
    Srt,
    /// Advanced `SubStation` subtitles.
    Ass,
    Pdf,
    Docx,
    Epub,
}

/// Tells the form of a text, or of a PDF, by its beginning.
pub(crate) fn form_of(start: &[u8]) -> Form {
    if start.starts_with(b"%PDF-") {
        return Form::Pdf;
    }
    let start = &start[..start.len().min(FORM_BYTES)];
    let text = String::from_utf8_lossy(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start));
    let text = text.trim_start();
    if html::looks_so(text) {
        Form::Html
    } else if subtitle::looks_like_srt(text) {
        Form::Srt
    } else if subtitle::looks_like_ass(text) {
        Form::Ass
    } else {
        Form::Plain
    }
}

/// Takes the text out of a document; `file` stands at its beginning.
pub(crate) fn extract(form: Form, mut file: File) -> Result<String, TextError> {
    let text = match form {
        Form::Plain => read_decoded(&mut file)?,
        Form::Html => html::text_of(&read_decoded(&mut file)?)?,
        Form::Srt => subtitle::text_of_srt(&read_decoded(&mut file)?),
        Form::Ass => subtitle::text_of_ass(&read_decoded(&mut file)?),
        Form::Pdf => pdf::text_of(file)?,
        Form::Docx => office::text_of_docx(file)?,
        Form::Epub => office::text_of_epub(file)?,
    };
    if text.chars().any(char::is_alphanumeric) {
        Ok(text)
    } else {
        Err(TextError::NoText)
    }
}

fn read_decoded(reader: &mut impl Read) -> Result<String, TextError> {
    let mut text = String::new();
    decode::<TextError>(reader, |piece| push(&mut text, piece))?;
    Ok(text)
}

/// Appends a piece of text without control characters, up to the limit.
fn push(text: &mut String, piece: &str) -> Result<(), TextError> {
    if text.len() + piece.len() > MAX_TEXT_BYTES {
        return Err(TextError::DocumentTooLarge {
            limit_bytes: MAX_TEXT_BYTES as u64,
        });
    }
    let is_kept = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.extend(piece.chars().map(|c| if is_kept(c) { c } else { ' ' }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_tells_the_form() {
        for (start, form) in [
            ("%PDF-1.7\n", Form::Pdf),
            ("\u{feff}\n <!DOCTYPE html><p>", Form::Html),
            ("<?xml version='1.0'?>\n<html xmlns='x'>", Form::Html),
            ("<HTML lang=zh>", Form::Html),
            ("1\r\n00:00:01,000 --> 00:00:02,500\r\nHello", Form::Srt),
            ("[Script Info]\nTitle: x", Form::Ass),
            ("# A heading\n\n1. first", Form::Plain),
            ("<p>a snippet is not a page", Form::Plain),
            ("1\nnot a time\n", Form::Plain),
            ("", Form::Plain),
        ] {
            assert_eq!(form_of(start.as_bytes()), form, "{start:?}");
        }
    }

    #[test]
    fn a_text_over_the_limit_is_refused() {
        let mut text = "x".repeat(MAX_TEXT_BYTES);
        let told = push(&mut text, "y").expect_err("refused");
        assert_eq!(told.code(), "text_document_too_large");
    }
}
