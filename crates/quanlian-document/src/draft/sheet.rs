//! The sheet of a draft: bounded, cleaned, in the words that the template sets.
//!
//! In:  a [`Draft`], of any size and with anything in its strings.
//! Out: one JSON value; its keys are the contract with `templates/draft.typ`.
//!
//! Invariant: every string has gone through [`Cleaner`].

use quanlian_record::time::Timestamp;
use serde_json::{Value, json};

use super::{Draft, DraftGoods, DraftLine};
use crate::{
    dossier::{Language, Text},
    sheet::limits,
    text::Cleaner,
};

/// A paper has no more paragraphs than this.
const MAX_PARAGRAPHS: usize = 200;
/// A list of goods has no more lines than this; how many more there are is printed.
const MAX_GOODS: usize = 1000;
/// The number of a matter in the head of each page: agency, procedure, year and count.
const MAX_NUMBER_CHARS: usize = 60;

pub(super) fn sheet(draft: &Draft, cleaner: Cleaner<'_>, at: Timestamp) -> Value {
    let mut writer = Writer {
        cleaner,
        language: draft.language,
    };
    let paragraphs: Vec<String> = draft
        .text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MAX_PARAGRAPHS)
        .map(|line| writer.cleaner.clean(line, limits::MAX_SENTENCE_CHARS))
        .collect();
    let sources: Vec<Value> = draft
        .sources
        .iter()
        .take(limits::MAX_LINES)
        .map(|source| json!({"cite": writer.text(&source.cite), "is_read": source.is_read}))
        .collect();
    let signs: Vec<Value> = draft
        .signs
        .iter()
        .take(limits::MAX_PER_LINE)
        .map(|sign| writer.text(sign))
        .collect();
    let mut data = json!({
        "language": draft.language,
        "id": writer.name(&draft.id),
        "case_number": writer.name(&draft.number),
        "title": writer.name(&draft.title),
        "name": writer.text(&draft.name),
        "agency": writer.leading(&draft.agency),
        "agency_texts": writer.text(&draft.agency),
        "procedure": writer.text(&draft.procedure),
        "stage": writer.text(&draft.stage),
        "opened_at": draft.opened_at.to_local_string(),
        "made_at": at.to_local_string(),
        "paragraphs": paragraphs,
        "parties": writer.lines(&draft.parties),
        "goods": draft.goods.as_ref().map(|goods| writer.goods(goods)),
        "facts": writer.lines(&draft.facts),
        "papers": writer.lines(&draft.papers),
        "clocks": writer.lines(&draft.clocks),
        "sources": sources,
        "signs": signs,
        "running": {
            "case_number": writer.cleaner.clean(&draft.number, MAX_NUMBER_CHARS),
            "version": writer.cleaner.clean(&draft.version, limits::MAX_RUNNING_CHARS),
        },
    });
    data["families"] = json!({
        "serif": writer.cleaner.fonts().serif(),
        "sans": writer.cleaner.fonts().sans(),
        "others": writer.cleaner.other_families(),
    });
    data
}

struct Writer<'f> {
    cleaner: Cleaner<'f>,
    language: Language,
}

impl Writer<'_> {
    fn lines(&mut self, lines: &[DraftLine]) -> Value {
        let printed: Vec<Value> = lines
            .iter()
            .take(limits::MAX_LINES)
            .map(|line| json!({"name": self.text(&line.name), "value": self.text(&line.value)}))
            .collect();
        json!({"items": printed, "more": lines.len().saturating_sub(limits::MAX_LINES)})
    }

    fn goods(&mut self, goods: &[DraftGoods]) -> Value {
        let line = |one: &DraftGoods| {
            json!({
                "id": self.name(&one.id), "name": self.text(&one.name), "quantity": self.name(&one.quantity),
                "value": self.text(&one.value), "taken": self.text(&one.taken), "held": self.text(&one.held),
            })
        };
        let printed: Vec<Value> = goods.iter().take(MAX_GOODS).map(line).collect();
        json!({"items": printed, "more": goods.len().saturating_sub(MAX_GOODS)})
    }

    /// One side, or both where the paper has two languages and they differ.
    fn text(&mut self, text: &Text) -> Value {
        let (first, second) = self.sides(text);
        let mut sides = vec![self.cleaner.clean(first, limits::MAX_SENTENCE_CHARS)];
        if self.language == Language::Bilingual && second != first {
            sides.push(self.cleaner.clean(second, limits::MAX_SENTENCE_CHARS));
        }
        json!(sides)
    }

    fn leading(&mut self, text: &Text) -> String {
        let (first, _) = self.sides(text);
        self.cleaner.clean(first, limits::MAX_NAME_CHARS)
    }

    fn sides<'t>(&self, text: &'t Text) -> (&'t str, &'t str) {
        let (zh, en) = (text.zh.as_str(), text.en.as_str());
        let or = |side: &'t str, other: &'t str| if side.is_empty() { other } else { side };
        match self.language {
            Language::En => (or(en, zh), or(zh, en)),
            Language::Zh | Language::Bilingual => (or(zh, en), or(en, zh)),
        }
    }

    fn name(&mut self, text: &str) -> String {
        self.cleaner.clean(text, limits::MAX_NAME_CHARS)
    }
}
