//! What changed between two days, as text: for each offence what it was, what it is, and for whom.

use super::Page;
use crate::{
    diff::{Change, LawDiff, PointSide, RuleChange},
    load::Parsed,
    text::{Language, Text, key},
};

pub(crate) fn diff(law: &Parsed, diff: &LawDiff, language: Language) -> String {
    let mut page = Page::new(law, language);
    let values = [
        ("before", &Text::same(diff.before.to_string())),
        ("after", &Text::same(diff.after.to_string())),
    ];
    let title = page.say(key::DIFF_TITLE, &values);
    page.line(0, &title);
    if diff.offences.is_empty() && diff.rules.is_empty() {
        page.heading(key::DIFF_SAME);
    }
    for offence in &diff.offences {
        let head = format!("{}  {}", offence.offence, offence.title.get(language));
        page.line(0, &head);
        for change in &offence.changes {
            let line = format!(
                "{}  {}",
                word(&page, change.change),
                change.for_whom.get(language)
            );
            page.line(1, &line);
            side(&mut page, key::DIFF_BEFORE, change.before.as_ref());
            side(&mut page, key::DIFF_AFTER, change.after.as_ref());
        }
    }
    if !diff.rules.is_empty() {
        page.heading(key::DIFF_RULES);
        diff.rules.iter().for_each(|change| rule(&mut page, change));
    }
    let book = page.say(
        key::RENDER_BOOK,
        &[("version", &Text::same(diff.rule_book_version.clone()))],
    );
    page.line(0, &book);
    page.out
}

fn word(page: &Page<'_>, change: Change) -> String {
    let key = match change {
        Change::Added => key::DIFF_ADDED,
        Change::Removed => key::DIFF_REMOVED,
        Change::Raised => key::DIFF_RAISED,
        Change::Lowered => key::DIFF_LOWERED,
        Change::Changed => key::DIFF_CHANGED,
    };
    page.say(key, &[])
}

fn side(page: &mut Page<'_>, key: &str, side: Option<&PointSide>) {
    let Some(side) = side else { return };
    let mark = mark(page, side.verified);
    let values = [
        ("text", &side.text),
        ("citation", &side.citation),
        ("mark", &mark),
    ];
    let line = page.say(key, &values);
    page.line(2, &line);
}

fn mark(page: &Page<'_>, verified: bool) -> Text {
    if verified {
        Text::default()
    } else {
        page.law.messages.say(key::UNVERIFIED_MARK, &[])
    }
}

fn rule(page: &mut Page<'_>, change: &RuleChange) {
    let word = Text::same(word(page, change.change));
    let values = [
        ("change", &word),
        ("rule", &Text::same(change.rule.clone())),
        ("title", &change.title),
    ];
    let line = page.say(key::DIFF_RULE, &values);
    page.line(1, &line);
    for (key, version) in [
        (key::DIFF_BEFORE, &change.before),
        (key::DIFF_AFTER, &change.after),
    ] {
        let Some(version) = version else { continue };
        let mark = mark(page, version.verified);
        let values = [
            ("text", &version.gist),
            ("citation", &version.citation),
            ("mark", &mark),
        ];
        let line = page.say(key, &values);
        page.line(2, &line);
    }
    if let Some(for_whom) = &change.for_whom {
        page.text(2, for_whom);
    }
    for field in &change.fields {
        let nothing = page.law.messages.say(key::DIFF_NOTHING, &[]);
        let values = [
            ("field", &Text::same(field.field.clone())),
            ("before", field.before.as_ref().unwrap_or(&nothing)),
            ("after", field.after.as_ref().unwrap_or(&nothing)),
        ];
        let line = page.say(key::DIFF_FIELD, &values);
        page.line(2, &line);
    }
}
