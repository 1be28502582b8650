//! Archives of documents: Word (docx) and EPUB.
//!
//! In:  an open zip archive.
//! Out: which of the two it is, and its text in reading order.
//!
//! Invariants: of an archive at most [`MAX_ENTRIES`] files are listed; each unpacks to at most [`MAX_ENTRY_BYTES`] and all
//! together to [`MAX_UNPACKED_BYTES`]; XML is read as a stream, without document types and entities of its own.
//!
//! Not here: headers, footers and comments of Word, which are no running text; encrypted documents.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::Config;
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::super::decode::TextError;
use super::{Form, MAX_ENTRY_BYTES, html, push, read_decoded};

/// Files of an archive: a long illustrated book has some thousands.
const MAX_ENTRIES: usize = 20_000;
/// Bytes that the files of one archive may unpack to, as far as they are read.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// Parts of a Word document that hold running text.
const DOCX_PARTS: [&str; 3] = ["word/document.xml", "word/footnotes.xml", "word/endnotes.xml"];
const EPUB_CONTAINER: &str = "META-INF/container.xml";

/// What an archive is, if it is a document.
pub(crate) fn form_of_archive(file: File) -> Option<Form> {
    let archive = open(file).ok()?;
    if archive.has(DOCX_PARTS[0]) {
        Some(Form::Docx)
    } else if archive.has(EPUB_CONTAINER) {
        Some(Form::Epub)
    } else {
        None
    }
}

pub(super) fn text_of_docx(file: File) -> Result<String, TextError> {
    let mut archive = open(file)?;
    let mut text = String::new();
    for part in DOCX_PARTS {
        if archive.has(part) {
            let xml = archive.read(part)?;
            push_docx(&mut text, &xml)?;
        }
    }
    Ok(text)
}

/// The runs of text of a part of a Word document; fields, deleted text and drawings are none.
fn push_docx(text: &mut String, xml: &str) -> Result<(), TextError> {
    let mut is_text = false;
    for_each_event(xml, |event| {
        match event {
            Event::Start(tag) => is_text = tag.local_name().as_ref() == "t",
            Event::Text(piece) if is_text => push(text, &piece.xml10_content())?,
            Event::GeneralRef(name) if is_text => push(text, &character(&name))?,
            Event::CData(piece) if is_text => push(text, &piece)?,
            Event::Empty(tag) if matches!(tag.local_name().as_ref(), "br" | "cr" | "tab") => push(text, " ")?,
            Event::End(tag) => {
                is_text = false;
                if tag.local_name().as_ref() == "p" {
                    push(text, "\n")?;
                }
            }
            _ => {}
        }
        Ok(())
    })
}

pub(super) fn text_of_epub(file: File) -> Result<String, TextError> {
    let mut archive = open(file)?;
    let mut package = None;
    for_each_event(&archive.read(EPUB_CONTAINER)?, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event
            && tag.local_name().as_ref() == "rootfile"
            && package.is_none()
        {
            package = attribute(&tag, "full-path");
        }
        Ok(())
    })?;
    let package = package.ok_or_else(|| broken("an EPUB without a package"))?;
    let (mut manifest, mut spine) = (Vec::new(), Vec::new());
    for_each_event(&archive.read(&package)?, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event {
            match tag.local_name().as_ref() {
                "item" if manifest.len() < MAX_ENTRIES => {
                    manifest.extend(attribute(&tag, "id").zip(attribute(&tag, "href")));
                }
                "itemref" if spine.len() < MAX_ENTRIES => spine.extend(attribute(&tag, "idref")),
                _ => {}
            }
        }
        Ok(())
    })?;
    manifest.sort();
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut text = String::new();
    for id in spine {
        let first = manifest.partition_point(|(other, _)| *other < id);
        let Some((_, href)) = manifest.get(first).filter(|(other, _)| *other == id) else {
            continue;
        };
        let chapter = path_within(folder, href);
        if archive.has(&chapter) {
            let page = archive.read(&chapter)?;
            push(&mut text, &html::text_of(&page)?)?;
        }
    }
    Ok(text)
}

/// The name in the archive of what a package refers to.
fn path_within(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or("");
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    without_escapes(&parts.join("/"))
}

/// `%20` as a space: names in a package are escaped as in an address.
fn without_escapes(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An archive, and how much may still be unpacked of it.
struct Archive {
    zip: ZipArchive<File>,
    left_bytes: u64,
}

fn open(file: File) -> Result<Archive, TextError> {
    // Counted before the list is read into memory.
    let listed = ZipIterable::try_new(&file, Config::default())
        .map_err(of_zip)?
        .len();
    if listed > MAX_ENTRIES {
        return Err(broken("an archive with too many files"));
    }
    let zip = ZipArchive::new(file).map_err(of_zip)?;
    Ok(Archive {
        zip,
        left_bytes: MAX_UNPACKED_BYTES,
    })
}

impl Archive {
    fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// One file of the archive as text, unpacked no further than the limits.
    fn read(&mut self, name: &str) -> Result<String, TextError> {
        let limit_bytes = self.left_bytes.min(MAX_ENTRY_BYTES);
        let mut entry = self.zip.by_name(name).map_err(of_zip)?;
        let mut bytes = Vec::new();
        // What the archive says of the length is not believed.
        (&mut entry).take(limit_bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(TextError::DocumentTooLarge { limit_bytes });
        }
        self.left_bytes -= bytes.len() as u64;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text),
            // XML may also be in UTF-16.
            Err(e) => read_decoded(&mut e.as_bytes()),
        }
    }
}

fn of_zip(error: ZipError) -> TextError {
    match error {
        ZipError::Io(e) => TextError::Io(e),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => TextError::Encrypted,
        e => broken(e),
    }
}

fn broken(what: impl std::fmt::Display) -> TextError {
    TextError::Document {
        what: what
            .to_string()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
    }
}

/// Calls `visit` with each event of an XML text; what follows a fault is left out, and a text without any event is refused.
fn for_each_event(
    xml: &str,
    mut visit: impl FnMut(Event<'_>) -> Result<(), TextError>,
) -> Result<(), TextError> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}'));
    // Torn documents are read as far as they go.
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return Ok(()),
            Ok(event) => visit(event)?,
            Err(e) => return Err(broken(e)),
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = quick_xml::escape::unescape(&found.value);
    Some(value.unwrap_or(Cow::Borrowed(&*found.value)).into_owned())
}

/// What a reference such as `&amp;` or `&#20013;` stands for; nothing for one that XML does not know.
fn character(name: &str) -> String {
    quick_xml::escape::unescape(&format!("&{name};")).map_or(String::new(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::{Seek, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, &[u8])]) -> File {
        let mut zip = ZipWriter::new(tempfile::tempfile().expect("a file"));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, bytes) in entries {
            zip.start_file(*name, options).expect("start");
            zip.write_all(bytes).expect("write");
        }
        let mut file = zip.finish().expect("finish");
        file.rewind().expect("rewind");
        file
    }

    #[test]
    fn the_running_text_of_a_word_document_is_read() {
        let xml = "<?xml version='1.0'?><w:document xmlns:w='w'><w:body><w:p><w:r><w:t>It was </w:t></w:r><w:r><w:tab/>\
            <w:t>the &quot;best&#x22;</w:t><w:delText>not this</w:delText></w:r></w:p><w:p><w:instrText>nor this</w:instrText>\
            <w:r><w:t>天地玄黄</w:t></w:r></w:p></w:body></w:document>";
        let made = || {
            archive(&[
                ("[Content_Types].xml", b"<x/>"),
                ("word/document.xml", xml.as_bytes()),
            ])
        };
        assert_eq!(form_of_archive(made()), Some(Form::Docx));
        assert_eq!(
            text_of_docx(made()).expect("text"),
            "It was  the \"best\"\n天地玄黄\n"
        );
    }

    #[test]
    fn the_chapters_of_a_book_are_read_in_their_order() {
        let container =
            b"<container><rootfiles><rootfile full-path='OEBPS/book.opf'/></rootfiles></container>";
        let package = b"<package><manifest><item id='b' href='two.xhtml'/><item id='a' href='text%20one.xhtml'/></manifest>\
            <spine><itemref idref='a'/><itemref idref='nobody'/><itemref idref='b'/></spine></package>";
        let made = archive(&[
            ("META-INF/container.xml", container),
            ("OEBPS/book.opf", package),
            ("OEBPS/text one.xhtml", b"<html><p>first</p></html>"),
            ("OEBPS/two.xhtml", b"<html><p>second</p></html>"),
        ]);
        assert_eq!(text_of_epub(made).expect("text"), "first\nsecond\n");
    }

    #[test]
    fn an_archive_that_unpacks_without_end_is_refused() {
        let zeros = vec![b' '; MAX_ENTRY_BYTES as usize + 1];
        let told = text_of_docx(archive(&[("word/document.xml", &zeros)])).expect_err("refused");
        assert_eq!(told.code(), "text_document_too_large");
    }

    #[test]
    fn entities_of_a_documents_own_stand_for_nothing() {
        let xml = b"<!DOCTYPE d [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><d><p><t>x&b;y</t></p></d>";
        assert_eq!(
            text_of_docx(archive(&[("word/document.xml", xml)])).expect("text"),
            "xy\n"
        );
    }

    #[test]
    fn depth_costs_nothing() {
        let xml = format!("{}<t>deep</t>", "<a>".repeat(200_000));
        let text = text_of_docx(archive(&[("word/document.xml", xml.as_bytes())]));
        assert_eq!(text.expect("text"), "deep");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_bytes_in_an_archive_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), xml in "(<t>|</t>|<|>|&|a|\"|;|<p/>|<!\\[CDATA\\[|\\]\\]>)*") {
            let _ = text_of_docx(archive(&[("word/document.xml", &bytes)]));
            let _ = text_of_docx(archive(&[("word/document.xml", xml.as_bytes())]));
            let _ = text_of_epub(archive(&[(EPUB_CONTAINER, &bytes), ("x", &bytes)]));
        }

        #[test]
        fn a_broken_archive_is_refused(cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
            let mut whole = Vec::new();
            archive(&[("word/document.xml", b"<t>text</t>")]).read_to_end(&mut whole).expect("read");
            let at = flip.index(whole.len());
            whole[at] ^= 0x55;
            whole.truncate(cut.index(whole.len()).max(whole.len() / 2));
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&whole).expect("write");
            file.rewind().expect("rewind");
            let _ = text_of_docx(file);
        }
    }
}
