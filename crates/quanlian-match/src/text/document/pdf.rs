//! PDF: read by poppler's `pdftotext`, as a program of its own with limits.
//!
//! In:  an open file.
//! Out: the text of its pages, in reading order as far as poppler can tell it.
//!
//! Poppler reads damaged files and Chinese fonts that bring no character map, and a crash of it is its own; no crate was
//! tried beside it.
//!
//! Invariants: the file is the program's standard input and no name is an argument; it is ended after [`LIMITS`].
//!
//! Not here: scanned pages, which hold pictures and no text.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use super::super::decode::TextError;
use super::{MAX_TEXT_BYTES, push};
use crate::process::{Guarded, Limits};

const PROGRAM: &str = "pdftotext";
const ARGUMENTS: [&str; 4] = ["-enc", "UTF-8", "-", "-"];
/// How long a document may take.
const LIMITS: Limits = Limits {
    stall: Duration::from_mins(1),
    total: Duration::from_mins(5),
};

pub(super) fn text_of(file: File) -> Result<String, TextError> {
    text_by(OsStr::new(PROGRAM), file)
}

fn text_by(program: &OsStr, file: File) -> Result<String, TextError> {
    let running = Guarded::start(program, &ARGUMENTS, file, LIMITS);
    let mut running = running.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => TextError::NoPdfReader,
        _ => TextError::Io(e),
    })?;
    let mut bytes = Vec::new();
    (&mut running)
        .take(MAX_TEXT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    let mut text = String::new();
    push(&mut text, &String::from_utf8_lossy(&bytes))?;
    let ended = running.finish();
    if ended.succeeded {
        Ok(text)
    } else if ended.timed_out {
        Err(TextError::Document {
            what: format!("{PROGRAM} did not end in time"),
        })
    } else if ended.said.to_ascii_lowercase().contains("password") {
        Err(TextError::Encrypted)
    } else {
        Err(TextError::Document {
            what: format!("{PROGRAM}: {}", ended.said),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("write");
        file.rewind().expect("rewind");
        file
    }

    const PAGE: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n\
        4 0 obj<</Length 60>>stream\nBT /F1 12 Tf 20 100 Td (It was the best of times) Tj ET\nendstream endobj\n\
        5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

    #[test]
    fn the_text_of_a_page_is_read_and_what_is_none_is_named() {
        match text_of(file(PAGE.as_bytes())) {
            Err(TextError::NoPdfReader) => {
                use std::io::stderr;
                let _ = writeln!(stderr(), "skipped: no pdftotext (install poppler-utils)");
                return;
            }
            text => assert_eq!(text.expect("text").trim(), "It was the best of times"),
        }
        let told = text_of(file(b"%PDF-1.4 broken")).expect_err("named");
        assert_eq!(told.code(), "text_document");
    }

    #[test]
    fn a_missing_program_is_named() {
        let told = text_by(OsStr::new("no-such-pdftotext"), file(b"")).expect_err("named");
        assert_eq!(told.code(), "text_no_pdf_reader");
    }
}
