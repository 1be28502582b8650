//! The page of facts and events: one Markdown table each, Chinese and English side by side.
//!
//! In:  the vocabulary and the rules that use it. Out: the text of `docs/FACTS.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::kind_of;
use crate::{
    load::Parsed,
    text::{Text, key},
    vocabulary::FactDefinition,
};

pub(crate) fn facts_page(law: &Parsed) -> String {
    let say = |key: &str| law.messages.say(key, &[]);
    let mut page = Table { out: String::new() };
    page.paragraph("# ", &say(key::FACTS_TITLE));
    page.both(&say(key::FACTS_INTRO));
    page.paragraph("## ", &say(key::FACTS_FACTS));
    let columns = [
        key::FACTS_NAME,
        key::FACTS_KIND,
        key::FACTS_TITLE_COLUMN,
        key::FACTS_MEANING,
        key::FACTS_ASKED_BY,
    ];
    page.head(&columns.map(say));
    let users = users(law);
    let mut facts: Vec<&FactDefinition> = law.facts.values().collect();
    facts.sort_by_key(|fact| (fact.rank, &fact.name));
    for fact in facts {
        let mut kind = say(kind_of(fact.kind));
        if let Some(unit) = &fact.unit {
            kind.append(&Text {
                zh: format!("，{}", unit.zh),
                en: format!(", {}", unit.en),
            });
        }
        let asked_by: Vec<String> = users
            .get(fact.name.as_str())
            .into_iter()
            .flatten()
            .map(|id| format!("`{id}`"))
            .collect();
        page.row(&[
            Text::same(format!("`{}`", fact.name)),
            kind,
            fact.title.clone(),
            fact.meaning.clone(),
            Text::same(asked_by.join(" ")),
        ]);
    }
    page.out.push('\n');
    page.paragraph("## ", &say(key::FACTS_EVENTS));
    page.both(&say(key::FACTS_EVENTS_INTRO));
    page.head(&[key::FACTS_NAME, key::FACTS_TITLE_COLUMN].map(say));
    for event in law.events.values() {
        page.row(&[Text::same(format!("`{}`", event.name)), event.title.clone()]);
    }
    page.out
}

/// For each fact the offences, or else the rules, that ask for it.
fn users(law: &Parsed) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for offence in law.offences() {
        for fact in super::rule::asked(law, &offence.id, None) {
            users.entry(&fact.name).or_default().insert(&offence.id);
        }
    }
    users
}

struct Table {
    out: String,
}

impl Table {
    /// Both languages on one line.
    fn paragraph(&mut self, mark: &str, text: &Text) {
        self.out.push_str(mark);
        self.cell(text);
        self.out.push_str("\n\n");
    }

    /// Each language in a paragraph of its own.
    fn both(&mut self, text: &Text) {
        self.out
            .extend([text.zh.as_str(), "\n\n", text.en.as_str(), "\n\n"]);
    }

    fn head(&mut self, columns: &[Text]) {
        self.row(columns);
        let rule: Vec<&str> = columns.iter().map(|_| "---").collect();
        self.out.extend(["| ", &rule.join(" | "), " |\n"]);
    }

    fn row(&mut self, cells: &[Text]) {
        self.out.push('|');
        for cell in cells {
            self.out.push(' ');
            self.cell(cell);
            self.out.push_str(" |");
        }
        self.out.push('\n');
    }

    /// A bar inside a cell would end it.
    fn cell(&mut self, text: &Text) {
        let both = if text.zh == text.en {
            text.zh.clone()
        } else {
            format!("{} / {}", text.zh, text.en)
        };
        self.out.push_str(&both.replace('|', "\\|"));
    }
}
