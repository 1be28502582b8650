//! What nobody has read, as text: a group for each file, what it rests on and what it can touch.

use super::Page;
use crate::{
    load::Parsed,
    text::{Language, Text, key},
    unverified::{UnreadPart, UnverifiedReport},
};

pub(crate) fn unverified(law: &Parsed, report: &UnverifiedReport, language: Language) -> String {
    let mut page = Page::new(law, language);
    let count = Text::same(report.parts.len().to_string());
    let title = page.say(key::UNREAD_TITLE, &[("count", &count)]);
    page.line(0, &title);
    for (offence, count) in &report.by_offence {
        let values = [
            ("offence", &Text::same(offence.clone())),
            ("count", &Text::same(count.to_string())),
        ];
        let line = page.say(key::UNREAD_BY_OFFENCE, &values);
        page.line(1, &line);
    }
    let mut file = "";
    for part in &report.parts {
        if part.file != file {
            file = &part.file;
            let head = format!("{file}  {}", part.title.get(language));
            page.line(0, &head);
        }
        one(&mut page, part);
    }
    page.out
}

fn one(page: &mut Page<'_>, part: &UnreadPart) {
    let values = [
        ("id", &Text::same(part.id.clone())),
        ("from", &Text::same(part.from.to_string())),
        ("citation", &part.citation),
    ];
    let mut line = page.say(key::UNREAD_PART, &values);
    if part.whole {
        let whole = page.say(key::UNREAD_WHOLE, &[]);
        line.extend([" · ", &whole]);
    }
    if let Some(at_line) = part.at_line {
        line.extend([" · ", &format!("{}:{at_line}", part.file)]);
    }
    page.line(1, &line);
    let sources: Vec<Text> = part
        .against
        .iter()
        .map(|key| {
            page.law
                .sources
                .get(key)
                .cloned()
                .unwrap_or_else(|| Text::same(key))
        })
        .collect();
    let sources = page.say(key::UNREAD_RESTS_ON, &[("sources", &Text::join(&sources))]);
    page.line(2, &sources);
    if let Some(note) = &part.note {
        let note = page.say(key::SHOW_NOTE, &[("note", note)]);
        page.line(2, &note);
    }
    if !part.offences.is_empty() {
        let offences = Text::same(part.offences.join(", "));
        let line = page.say(key::UNREAD_TOUCHES, &[("offences", &offences)]);
        page.line(2, &line);
    }
}
