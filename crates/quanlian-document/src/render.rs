//! Rendering: from a dossier to the bytes of a PDF.
//!
//! In:  a [`Dossier`], the [`Fonts`], the time that the paper bears.
//! Out: a [`Pdf`], PDF/A-2a (ISO 19005-2: archival, tagged, every glyph with its character).
//!
//! Invariant: nothing here reads a clock. The id inside the PDF is made of the
//! dossier's id and its contents.

use jiff::tz::TimeZone;
use qrcode::{EcLevel, QrCode, render::svg};
use quanlian_record::{canonical, time::Timestamp};
use typst::{comemo, diag::SourceDiagnostic, ecow::EcoVec, foundations::Datetime, foundations::Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::{
    Dossier, Fonts,
    desk::Desk,
    sheet::{Sheet, sheet},
    text::Cleaner,
};

/// Runs after which the compiler's cached steps are forgotten, so that a server does not grow.
const KEEP_CACHE_RUNS: usize = 2;

/// Side of the QR code in SVG units; the template scales it.
const QR_SIDE: u32 = 256;

/// A finished paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its number of pages.
    pub pages: usize,
}

/// Why a paper was not made. Each is a fault of the program or of a font, not of the case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum DocumentError {
    /// The sheet cannot be written as JSON.
    #[error("cannot write the paper's contents as JSON")]
    Sheet(#[source] serde_json::Error),
    /// The dossier has no canonical bytes to make the PDF's id from.
    #[error("cannot make the paper's id")]
    Id(#[source] canonical::CanonicalError),
    /// The time is outside the calendar of PDF.
    #[error("{at} is no date that a PDF can bear")]
    Date { at: Timestamp },
    /// The template does not compile.
    #[error("cannot set the paper: {first}")]
    Template { first: String },
    /// The PDF would not be archival.
    #[error("cannot write the paper as PDF/A: {first}")]
    Export { first: String },
}

impl DocumentError {
    /// The stable name of this error for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sheet(_) => "document_sheet",
            Self::Id(_) => "document_id",
            Self::Date { .. } => "document_date",
            Self::Template { .. } => "document_template",
            Self::Export { .. } => "document_export",
        }
    }
}

/// The referral dossier with the draft of the transfer letter, as of `at`.
///
/// The same dossier, time and fonts give the same bytes. Takes about as long as
/// its pages; what it prints is bounded by [`crate::limits`].
pub fn render_dossier(dossier: &Dossier, fonts: &Fonts, at: Timestamp) -> Result<Pdf, DocumentError> {
    let Sheet { data, qr } = sheet(dossier, Cleaner::new(fonts), at);
    let paper = Paper {
        template: "dossier.typ",
        word: "dossier",
        id: &dossier.id,
    };
    render_sheet(&paper, &data, qr.as_deref(), fonts, at)
}

/// Which paper is set.
pub(crate) struct Paper<'a> {
    /// The template.
    pub(crate) template: &'a str,
    /// What the id inside the PDF calls it.
    pub(crate) word: &'a str,
    /// The id of what it is about.
    pub(crate) id: &'a str,
}

/// Sets one paper from its sheet.
pub(crate) fn render_sheet(
    paper: &Paper<'_>,
    data: &serde_json::Value,
    qr: Option<&str>,
    fonts: &Fonts,
    at: Timestamp,
) -> Result<Pdf, DocumentError> {
    let id = canonical::sha256_hex(data).map_err(DocumentError::Id)?;
    let bytes = serde_json::to_vec(data).map_err(DocumentError::Sheet)?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("quanlian {} {} {id}", paper.word, paper.id)),
        creator: Smart::Custom(Some("quanlian".to_owned())),
        timestamp: Some(pdf_time(at).ok_or(DocumentError::Date { at })?),
        standards: PdfStandards::new(&[PdfStandard::A_2a]).map_err(|e| DocumentError::Export {
            first: e.message().to_string(),
        })?,
        ..PdfOptions::default()
    };
    let desk = Desk::new(fonts, paper.template, bytes, qr.and_then(qr_svg));
    let made = compile(&desk, &options);
    comemo::evict(KEEP_CACHE_RUNS);
    made
}

fn compile(desk: &Desk<'_>, options: &PdfOptions) -> Result<Pdf, DocumentError> {
    let document: PagedDocument = typst::compile(desk)
        .output
        .map_err(|errors| DocumentError::Template {
            first: first(&errors),
        })?;
    let bytes = typst_pdf::pdf(&document, options).map_err(|errors| DocumentError::Export {
        first: first(&errors),
    })?;
    Ok(Pdf {
        bytes,
        pages: document.pages().len(),
    })
}

fn first(errors: &EcoVec<SourceDiagnostic>) -> String {
    errors
        .first()
        .map(|error| error.message.to_string())
        .unwrap_or_default()
}

fn pdf_time(at: Timestamp) -> Option<typst_pdf::Timestamp> {
    let utc = jiff::Timestamp::from_microsecond(at.unix_micros())
        .ok()?
        .to_zoned(TimeZone::UTC)
        .datetime();
    let small = |number: i8| u8::try_from(number).ok();
    let datetime = Datetime::from_ymd_hms(
        i32::from(utc.year()),
        small(utc.month())?,
        small(utc.day())?,
        small(utc.hour())?,
        small(utc.minute())?,
        small(utc.second())?,
    )?;
    Some(typst_pdf::Timestamp::new_utc(datetime))
}

/// The QR code of `reference`, or `None` when it does not fit one.
fn qr_svg(reference: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(reference, EcLevel::M).ok()?;
    Some(
        code.render::<svg::Color<'_>>()
            .min_dimensions(QR_SIDE, QR_SIDE)
            .build(),
    )
}
