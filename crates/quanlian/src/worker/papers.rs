//! Papers of a procedure, set in type.
//!
//! In:  what was on file when the paper was asked for.
//! Out: a PDF as a file of the matter.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use quanlian_document::{
    Draft, FontError, Fonts,
    dossier::{Language, Text},
    draft::{DraftGoods, DraftLine, DraftSource, render_draft},
};
use quanlian_record::time::Timestamp;
use quanlian_server::work::{PaperGoods, PaperLine, PaperSheet, TwoTexts};
use quanlian_store::matters::Code;
use serde_json::{Value, json};

use super::desk::Desk;

/// The fonts of the machine are looked for again after this: finding them takes longer than setting a paper, and whoever installs or
/// renews some need not start the program anew.
const FONTS_HOLD: Duration = Duration::from_mins(1);

/// Makes the paper.
pub(super) async fn run(
    desk: &Desk,
    id: &str,
    paper: &str,
    text: &str,
    sheet: &PaperSheet,
) -> anyhow::Result<Value> {
    let draft = Draft {
        language: Language::Zh,
        id: id.to_owned(),
        name: two(&sheet.name),
        number: sheet.number.clone(),
        title: sheet.title.clone(),
        agency: two(&sheet.agency),
        procedure: two(&sheet.procedure),
        stage: two(&sheet.stage),
        opened_at: sheet.opened_at,
        text: text.to_owned(),
        parties: lines(&sheet.parties),
        goods: sheet.goods.as_deref().map(goods),
        facts: lines(&sheet.facts),
        papers: lines(&sheet.papers),
        clocks: lines(&sheet.clocks),
        sources: sheet
            .sources
            .iter()
            .map(|source| DraftSource {
                cite: two(&source.cite),
                is_read: source.is_read,
            })
            .collect(),
        signs: sheet.signs.iter().map(two).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let pdf = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let fonts = fonts()?;
        render_draft(&draft, &fonts, Timestamp::now()).context("cannot make the paper")
    })
    .await??;
    let path = desk.folder().join("paper.pdf");
    tokio::fs::write(&path, &pdf.bytes).await?;
    let name = format!("{}.pdf", sheet.name.zh);
    let file = desk.put(&path, "paper", &name, Some(Code::parse(paper)?)).await?;
    Ok(json!({"paper": paper, "pages": pdf.pages, "files": {"paper": file.id}}))
}

/// The fonts of the machine, as they were found lately.
pub(crate) fn fonts() -> Result<Arc<Fonts>, FontError> {
    static FOUND: Mutex<Option<(Instant, Arc<Fonts>)>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, fonts)) = &*found
        && at.elapsed() < FONTS_HOLD
    {
        return Ok(Arc::clone(fonts));
    }
    let fonts = Arc::new(Fonts::system()?);
    *found = Some((Instant::now(), Arc::clone(&fonts)));
    Ok(fonts)
}

fn goods(goods: &[PaperGoods]) -> Vec<DraftGoods> {
    let line = |one: &PaperGoods| DraftGoods {
        id: one.id.clone(),
        name: two(&one.name),
        quantity: one.quantity.clone(),
        value: two(&one.value),
        taken: two(&one.taken),
        held: two(&one.held),
    };
    goods.iter().map(line).collect()
}

fn lines(lines: &[PaperLine]) -> Vec<DraftLine> {
    let line = |line: &PaperLine| DraftLine {
        name: two(&line.name),
        value: two(&line.value),
    };
    lines.iter().map(line).collect()
}

fn two(texts: &TwoTexts) -> Text {
    Text {
        zh: texts.zh.clone(),
        en: texts.en.clone(),
    }
}
