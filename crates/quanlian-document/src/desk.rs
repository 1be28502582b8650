//! The desk: all that the Typst compiler can see while it sets one paper.
//!
//! In:  the templates and messages embedded here, the sheet, the QR code, the fonts.
//! Out: a Typst `World`.
//!
//! Invariant: nothing else exists. Any other path, package or today's date is
//! "not found", whatever a template or a text asks for.

use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

use crate::Fonts;

/// The files that every paper sees: name and text.
pub(crate) const EMBEDDED: [(&str, &str); 11] = [
    ("dossier.typ", include_str!("../templates/dossier.typ")),
    ("appendix.typ", include_str!("../templates/appendix.typ")),
    ("draft.typ", include_str!("../templates/draft.typ")),
    ("form.typ", include_str!("../templates/form.typ")),
    ("base.typ", include_str!("../templates/base.typ")),
    ("findings.typ", include_str!("../templates/findings.typ")),
    ("spread.typ", include_str!("../templates/spread.typ")),
    ("assessment.typ", include_str!("../templates/assessment.typ")),
    ("letter.typ", include_str!("../templates/letter.typ")),
    ("zh.toml", include_str!("../../../messages/document.zh.toml")),
    ("en.toml", include_str!("../../../messages/document.en.toml")),
];

pub(crate) struct Desk<'f> {
    fonts: &'f Fonts,
    library: LazyHash<Library>,
    main: FileId,
    files: Vec<(FileId, Bytes)>,
}

impl<'f> Desk<'f> {
    /// A desk with the embedded files, of which `main` is set; the sheet as `data.json` and, where there is one, `qr.svg`.
    pub(crate) fn new(fonts: &'f Fonts, main: &str, sheet: Vec<u8>, qr_svg: Option<String>) -> Self {
        let mut files: Vec<(FileId, Bytes)> = EMBEDDED
            .iter()
            .map(|(name, text)| (file_id(name), Bytes::from_string(*text)))
            .collect();
        files.push((file_id("data.json"), Bytes::new(sheet)));
        files.extend(qr_svg.map(|svg| (file_id("qr.svg"), Bytes::from_string(svg))));
        Self {
            fonts,
            library: LazyHash::new(Library::default()),
            main: file_id(main),
            files,
        }
    }
}

fn file_id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("the names above have neither `..` nor backslash");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let text = self
            .file(id)?
            .to_str()
            .map_err(|_| FileError::InvalidUtf8)?
            .to_string();
        Ok(Source::new(id, text))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(known, _)| *known == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| {
            FileError::NotFound(std::path::PathBuf::from(id.get().vpath().get_without_slash()))
        })
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
