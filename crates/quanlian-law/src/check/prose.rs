//! The texts of the files under the check: both languages, and citations that name an article.
//!
//! In:  a rule, whatever its kind; the shared files.
//! Out: findings about empty texts, texts in one language, citations that nobody could look up.

use serde_json::Value;

use super::{Checker, Finding, Severity};
use crate::{load::Parsed, position, rule::Source, text::Text};

/// Parts of an instrument that a Chinese citation names, from the largest to the smallest.
const PARTS_ZH: [&str; 7] = ["条", "款", "项", "章", "节", "部分", "全文"];
/// The same in English.
const PARTS_EN: [&str; 9] = [
    "art", "item", "para", "chapter", "section", "part", "step", "whole", "appendix",
];

/// What is wrong with a text in two languages.
fn fault(path: &str, text: &Text) -> Option<(Severity, &'static str, &'static str)> {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    if text.zh.trim().is_empty() || text.en.trim().is_empty() {
        return Some((Severity::Error, "empty_text", "one language is empty; write it"));
    }
    if text.zh == text.en {
        let way_out = "zh and en are the same; translate one of them";
        return Some((Severity::Warning, "same_text", way_out));
    }
    if !text.zh.contains(is_han) {
        return Some((
            Severity::Warning,
            "wrong_language",
            "zh holds no Chinese; write it in Chinese",
        ));
    }
    let (han, letters) = text.en.chars().fold((0, 0), |(han, letters), c| {
        (
            han + u32::from(is_han(c)),
            letters + u32::from(c.is_ascii_alphabetic()),
        )
    });
    // A citation names a Chinese instrument by its Chinese number.
    let is_citation = path.ends_with("cite");
    (han > letters && !is_citation).then_some((
        Severity::Warning,
        "wrong_language",
        "en is mostly Chinese; write it in English",
    ))
}

/// Every `{ zh, en }` inside a value, with the path that leads to it.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, Text)>) {
    match value {
        Value::Object(fields) => match (fields.get("zh"), fields.get("en"), fields.len()) {
            (Some(Value::String(zh)), Some(Value::String(en)), 2) => {
                let text = Text {
                    zh: zh.clone(),
                    en: en.clone(),
                };
                found.push((path.to_owned(), text));
            }
            _ => {
                for (name, inner) in fields {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    texts(inner, &path, found);
                }
            }
        },
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                texts(inner, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

impl Checker<'_> {
    /// Every text of the rule is written in both languages.
    pub(super) fn lint_texts(&mut self) {
        let mut found = Vec::new();
        if let Ok(value) = serde_json::to_value(self.rule) {
            texts(&value, "", &mut found);
        }
        for (path, text) in found {
            if let Some((severity, code, way_out)) = fault(&path, &text) {
                let at_line = line_with(self.text, &text);
                self.find(severity, at_line, code, format!("`{path}`: {way_out}"));
            }
        }
    }

    /// A reader must be able to look up what is cited.
    pub(super) fn lint_citations(&mut self) {
        let rule = self.rule;
        let sources = rule.versions.iter().filter_map(|version| version.source.as_ref());
        for source in std::iter::once(&rule.source).chain(sources) {
            let words = [
                ("law", &source.law),
                ("number", &source.number),
                ("article", &source.article),
            ];
            for (name, _) in words.into_iter().filter(|(_, text)| text.trim().is_empty()) {
                let message = format!("`{name}` is empty; write it");
                self.find(
                    Severity::Error,
                    position::key(self.text, name),
                    "empty_text",
                    message,
                );
            }
            if !names_a_part(source) {
                let message = format!(
                    "the citation “{}” names no article; a reader must be able to look it up",
                    source.cite.en
                );
                let at_line = line_with(self.text, &source.cite);
                self.find(Severity::Warning, at_line, "citation_without_article", message);
            }
        }
    }
}

fn names_a_part(source: &Source) -> bool {
    let en = source.cite.en.to_lowercase();
    PARTS_ZH.iter().any(|part| source.cite.zh.contains(part)) && PARTS_EN.iter().any(|part| en.contains(part))
}

/// The first line that holds the English, else the Chinese of a text.
fn line_with(file: &str, text: &Text) -> Option<usize> {
    let holding = |words: &str| {
        let found = (!words.trim().is_empty()).then(|| file.find(words)).flatten();
        found.map(|at| crate::nesting::line_of(file, at))
    };
    holding(&text.en).or_else(|| holding(&text.zh))
}

/// The texts of `facts.toml`, `events.toml` and `sources.toml`.
pub(super) fn shared_texts(law: &Parsed) -> Vec<Finding> {
    let mut all: Vec<(&str, String, &Text)> = Vec::new();
    for fact in law.facts.values() {
        let texts = [
            ("title", Some(&fact.title)),
            ("meaning", Some(&fact.meaning)),
            ("unit", fact.unit.as_ref()),
        ];
        for (field, text) in texts {
            all.extend(text.map(|text| ("facts.toml", format!("{}.{field}", fact.name), text)));
        }
    }
    for event in law.events.values() {
        all.push(("events.toml", format!("{}.title", event.name), &event.title));
    }
    for (key, text) in &law.sources {
        all.push(("sources.toml", key.clone(), text));
    }
    let finding = |(file, path, text): (&str, String, &Text)| {
        let (severity, code, way_out) = fault(&path, text)?;
        let written = law.texts.get(file).map_or("", String::as_str);
        Some(Finding {
            severity,
            file: file.to_owned(),
            at_line: line_with(written, text),
            code,
            message: format!("`{path}`: {way_out}"),
        })
    };
    all.into_iter().filter_map(finding).collect()
}
