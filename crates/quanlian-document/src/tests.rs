//! Whole papers: made, read back with poppler's `pdftotext`, and attacked.
//!
//! In:  the made-up case of [`sample`].
//! Out: what a reader of the PDF would see.

mod sample;

use std::{collections::BTreeSet, io::Write, sync::LazyLock};

use quanlian_record::time::Timestamp;

use crate::{Dossier, Fonts, Pdf, render_dossier};

/// The machine's fonts, or `None`, said once, where there are none.
static FONTS: LazyLock<Option<Fonts>> =
    LazyLock::new(|| Fonts::system().map_err(|e| say(&format!("skipped: {e}"))).ok());

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "quanlian-document: {line}");
}

fn at() -> Timestamp {
    "2024-12-20T01:30:00Z".parse().unwrap()
}

fn render(dossier: &Dossier) -> Option<Pdf> {
    let pdf = render_dossier(dossier, FONTS.as_ref()?, at()).unwrap();
    if let Ok(path) = std::env::var("QUANLIAN_DOCUMENT_OUT") {
        std::fs::write(path, &pdf.bytes).unwrap();
    }
    Some(pdf)
}

#[test]
fn the_sample_renders() {
    let Some(pdf) = render(&sample::dossier()) else {
        return;
    };
    assert!(pdf.bytes.starts_with(b"%PDF-"));
}
