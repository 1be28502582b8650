//! A rule as text: what it says in each version, where it stands, who read it, what it leaves open; and the
//! vocabulary that fact sheets, timelines and rule files use.

use std::collections::BTreeSet;

use quanlian_record::time::Day;

use super::Page;
use crate::{
    describe,
    load::Parsed,
    rule::{Body, Kind, Rule, Source, Version},
    text::{Language, Text, key},
    vocabulary::{FactDefinition, FactKind},
};

/// A rule; with a day, the version of that day alone.
pub(crate) fn rule(law: &Parsed, rule: &Rule, on: Option<Day>, language: Language) -> String {
    let mut page = Page::new(law, language);
    let head = format!("{}  {}", rule.id, rule.title.get(language));
    page.line(0, &head);
    let values = [
        ("kind", &Text::same(kind_word(rule.kind))),
        ("file", &Text::same(law.file_of(rule))),
    ];
    let line = page.say(key::SHOW_KIND, &values);
    page.line(0, &line);
    let shown: Vec<&Version> = rule
        .versions
        .iter()
        .filter(|version| on.is_none_or(|on| version.in_force(on)))
        .collect();
    // Versions of one instrument share its source, which is then said once.
    if shown.iter().any(|version| version.source.is_none()) || shown.is_empty() {
        source(&mut page, 0, &rule.source);
    }
    if let (Some(on), true) = (on, shown.is_empty()) {
        let line = page.say(key::SHOW_NOT_IN_FORCE, &[("on", &Text::same(on.to_string()))]);
        page.line(0, &line);
    } else {
        page.heading(key::SHOW_VERSIONS);
    }
    for version in shown {
        self::version(&mut page, rule, version);
    }
    if rule.kind == Kind::Element {
        offence(&mut page, rule, on);
    }
    open(&mut page, rule);
    let values = [
        ("examples", &Text::same(rule.examples.len().to_string())),
        ("boundaries", &Text::same(rule.boundaries.len().to_string())),
    ];
    let line = page.say(key::SHOW_EXAMPLES, &values);
    page.line(0, &line);
    page.out
}

/// The word of a kind in a file.
fn kind_word(kind: Kind) -> String {
    let value = serde_json::to_value(kind).ok();
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn mark(page: &Page<'_>, verified: bool) -> Text {
    let key = if verified {
        key::SHOW_READ
    } else {
        key::SHOW_UNREAD
    };
    page.law.messages.say(key, &[])
}

fn source(page: &mut Page<'_>, depth: usize, source: &Source) {
    let line = format!("{} · {} · {}", source.law, source.number, source.article);
    page.line(depth, &line);
    page.text(depth, &source.gist);
    let sources: Vec<Text> = source
        .checked
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
    let values = [
        ("on", &Text::same(source.checked.on.to_string())),
        ("sources", &Text::join(&sources)),
    ];
    let mut line = mark(page, source.checked.verified).get(page.language).to_owned();
    line.extend([" · ", &page.say(key::SHOW_CHECKED, &values)]);
    page.line(depth, &line);
    if let Some(note) = &source.checked.note {
        let line = page.say(key::SHOW_NOTE, &[("note", note)]);
        page.line(depth, &line);
    }
}

fn version(page: &mut Page<'_>, rule: &Rule, version: &Version) {
    let now = page.law.messages.say(key::SHOW_IN_FORCE, &[]);
    let to = version.to.map_or(now, |to| Text::same(to.to_string()));
    let from_source = rule.source_of(version);
    let values = [
        ("from", &Text::same(version.from.to_string())),
        ("to", &to),
        ("mark", &mark(page, from_source.checked.verified)),
        ("citation", &from_source.cite),
    ];
    let line = page.say(key::SHOW_VERSION, &values);
    page.line(1, &line);
    if let Some(own) = &version.source {
        source(page, 2, own);
    }
    for said in describe::version(page.law, rule, version) {
        let line = match said.verified {
            Some(verified) => {
                let values = [
                    ("id", &Text::same(said.id)),
                    ("mark", &mark(page, verified)),
                    ("text", &said.text),
                ];
                page.say(key::SHOW_LINE, &values).trim_start().to_owned()
            }
            None => said.text.get(page.language).to_owned(),
        };
        page.line(2, &line);
        if let Some(note) = &said.note {
            let line = page.say(key::SHOW_NOTE, &[("note", note)]);
            page.line(3, &line);
        }
    }
}

/// What belongs to an offence: its rules, and the facts that a fact sheet about it may state.
fn offence(page: &mut Page<'_>, offence: &Rule, on: Option<Day>) {
    let law = page.law;
    page.heading(key::SHOW_RULES);
    for rule in law.about(&offence.id) {
        if on.is_none_or(|on| rule.version_on(on).is_some()) {
            let line = format!("{}  {}", rule.id, rule.title.get(page.language));
            page.line(1, &line);
        }
    }
    page.heading(key::SHOW_ASKS);
    for fact in asked(law, &offence.id, on) {
        self::fact(page, 1, fact);
    }
}

/// The facts that the lines, elements and fines of an offence ask for, in the order in which they are asked.
pub(crate) fn asked<'a>(law: &'a Parsed, offence: &str, on: Option<Day>) -> Vec<&'a FactDefinition> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let versions = law.about(offence).flat_map(|rule| &rule.versions);
    for version in versions.filter(|version| on.is_none_or(|on| version.in_force(on))) {
        match &version.body {
            Body::Lines(lines) => {
                for line in lines {
                    names.extend(line.applies.iter().map(String::as_str));
                    names.extend(line.condition.names());
                }
            }
            Body::Elements(elements) => {
                for element in elements {
                    names.insert(&element.fact);
                    names.extend(element.signs.iter().map(String::as_str));
                }
            }
            _ => {}
        }
    }
    let mut facts: Vec<&FactDefinition> = names.into_iter().filter_map(|name| law.facts.get(name)).collect();
    facts.sort_by_key(|fact| (fact.rank, &fact.name));
    facts
}

/// The key of the words for a kind of fact.
pub(super) fn kind_of(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Money => key::FACT_MONEY,
        FactKind::Count => key::FACT_COUNT,
        FactKind::Flag => key::FACT_FLAG,
        FactKind::Text => key::FACT_TEXT,
    }
}

fn fact(page: &mut Page<'_>, depth: usize, fact: &FactDefinition) {
    let unit = fact.unit.as_ref().map_or_else(Text::default, |unit| Text {
        zh: format!("，{}", unit.zh),
        en: format!(", {}", unit.en),
    });
    let values = [
        ("name", &Text::same(fact.name.clone())),
        ("kind", &page.law.messages.say(kind_of(fact.kind), &[])),
        ("unit", &unit),
        ("title", &fact.title),
        ("meaning", &fact.meaning),
    ];
    let line = page.say(key::SHOW_FACT, &values);
    page.line(depth, &line);
    if !fact.implied_by.is_empty() {
        let facts = describe::circumstances(page.law, &fact.implied_by);
        let line = page.say(key::SHOW_IMPLIED, &[("facts", &facts)]);
        page.line(depth + 1, &line);
    }
}

fn open(page: &mut Page<'_>, rule: &Rule) {
    if rule.open.is_empty() {
        return;
    }
    page.heading(key::RENDER_OPEN);
    for open in &rule.open {
        page.text(1, &open.question);
        page.text(2, &open.effect);
        if let Some(gap) = &open.gap {
            let now = page.law.messages.say(key::SHOW_IN_FORCE, &[]);
            let values = [
                ("kind", &Text::same(kind_word(gap.kind))),
                ("from", &Text::same(gap.from.to_string())),
                ("to", &gap.to.map_or(now, |to| Text::same(to.to_string()))),
            ];
            let line = page.say(key::SHOW_GAP, &values);
            page.line(2, &line);
        }
    }
}

/// All facts that a fact sheet may state, in the order in which they are asked for.
pub(crate) fn fact_list(law: &Parsed, language: Language) -> String {
    let mut page = Page::new(law, language);
    let mut facts: Vec<&FactDefinition> = law.facts.values().collect();
    facts.sort_by_key(|fact| (fact.rank, &fact.name));
    for item in facts {
        fact(&mut page, 0, item);
    }
    page.out
}

/// All events that a timeline may be given.
pub(crate) fn event_list(law: &Parsed, language: Language) -> String {
    words(
        law,
        language,
        law.events.iter().map(|(name, event)| (name, &event.title)),
    )
}

/// What the source keys stand for.
pub(crate) fn source_list(law: &Parsed, language: Language) -> String {
    words(law, language, &law.sources)
}

fn words<'a>(
    law: &Parsed,
    language: Language,
    list: impl IntoIterator<Item = (&'a String, &'a Text)>,
) -> String {
    let mut page = Page::new(law, language);
    for (name, text) in list {
        let line = format!("{name}  {}", text.get(language));
        page.line(0, &line);
    }
    page.out
}
