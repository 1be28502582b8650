//! The facts with their sources, and the doubts about them.
//!
//! In:  the fact sheet, the facts drawn from files, the notes on both.
//! Out: one line a fact; an interval where the sources disagree.

use std::collections::BTreeMap;

use quanlian_case::facts::{Contribution, DrawnFact, Measure, Note};
use quanlian_document::dossier::{self as doc, Text};
use quanlian_law::{Amount, Certainty, FactValue};
use quanlian_record::money::Fen;

use super::{Filler, amount_in_words, text};

impl Filler<'_> {
    pub(super) fn facts(&self) -> Vec<doc::Fact> {
        let drawn: BTreeMap<&str, &DrawnFact> = self
            .report
            .facts
            .facts
            .iter()
            .map(|f| (f.name.as_str(), f))
            .collect();
        let mut facts: Vec<doc::Fact> = Vec::new();
        for statement in &self.report.sheet.facts {
            let is_drawn = statement.stated_by.as_deref() == Some("quanlian-case");
            let (label, unit) = self.names_of(&statement.name);
            let exact = statement
                .fen
                .map(|fen| doc::Amount::Fen(Fen(fen)))
                .or(statement.count.map(doc::Amount::Count));
            let flag = match &statement.value {
                Some(FactValue::Flag(flag)) => Some(doc::Amount::Flag(*flag)),
                Some(FactValue::Text(value)) => Some(doc::Amount::Text(Text::same(value.clone()))),
                None => None,
            };
            let bounded = self.bounds(
                &unit,
                statement
                    .at_least_fen
                    .map(Amount::Fen)
                    .or(statement.at_least_count.map(Amount::Count)),
                statement
                    .at_most_fen
                    .map(Amount::Fen)
                    .or(statement.at_most_count.map(Amount::Count)),
            );
            let places: Vec<String> = drawn
                .get(statement.name.as_str())
                .filter(|_| is_drawn)
                .map(|fact| {
                    fact.contributions
                        .iter()
                        .map(|share| share_in_words(fact, share))
                        .collect()
                })
                .unwrap_or_default();
            let from_matches = is_drawn && places.is_empty();
            let source = if from_matches {
                self.words.text("dossier.from_matches")
            } else if is_drawn {
                let places = shortened(&places);
                self.words.get("dossier.from_files", &[("places", places)])
            } else {
                let by = statement.stated_by.clone().unwrap_or_default();
                self.words.get("dossier.stated", &[("by", by)])
            };
            facts.push(doc::Fact {
                label,
                unit: if exact.is_some() && statement.fen.is_none() {
                    unit
                } else {
                    Text::default()
                },
                value: exact.or(flag).or_else(|| bounded.map(doc::Amount::Text)),
                source,
                evidence: statement.evidence.clone(),
                certainty: self.words.text(if let Some(certainty) = statement.certainty {
                    certainty_key(certainty)
                } else if from_matches {
                    "dossier.certainty_matches"
                } else if is_drawn {
                    "dossier.certainty_files"
                } else {
                    "dossier.certainty_stated"
                }),
                contradictions: self.doubts_about(&statement.name),
            });
        }
        facts
    }

    /// Name and unit of a fact, from the rule book.
    fn names_of(&self, name: &str) -> (Text, Text) {
        let definition = self.book.fact_names().find(|fact| fact.name == name);
        let label = definition.map_or_else(|| Text::same(name), |fact| text(&fact.title));
        let unit = definition
            .and_then(|fact| fact.unit.as_ref())
            .map(text)
            .unwrap_or_default();
        (label, unit)
    }

    /// Bounds in words; a number has its unit, money has its own.
    fn bounds(&self, unit: &Text, low: Option<Amount>, high: Option<Amount>) -> Option<Text> {
        let counts = matches!(low.or(high), Some(Amount::Count(_)));
        let shown = |amount: Amount| amount_in_words(amount);
        let mut words = match (low, high) {
            (Some(low), Some(high)) => Some(
                self.words
                    .get("dossier.between", &[("low", shown(low)), ("high", shown(high))]),
            ),
            (Some(low), None) => Some(self.words.get("dossier.at_least", &[("low", shown(low))])),
            (None, Some(high)) => Some(self.words.get("dossier.at_most", &[("high", shown(high))])),
            (None, None) => None,
        }?;
        if counts {
            words.zh = format!("{} {}", words.zh, unit.zh);
            words.en = format!("{} {}", words.en, unit.en);
        }
        Some(words)
    }

    /// What the notes hold against a fact.
    fn doubts_about(&self, name: &str) -> Vec<Text> {
        let about = |note: &&Note| {
            note.args.get("fact").is_some_and(|fact| fact == name)
                || (name == "actual_clicks" && note.code == "plays_taken_as_clicks")
        };
        self.report
            .facts
            .notes
            .iter()
            .filter(about)
            .map(|note| self.note(note))
            .collect()
    }

    pub(super) fn note(&self, note: &Note) -> Text {
        let args: Vec<(&str, String)> = note
            .args
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        self.words.get(&format!("note.{}", note.code), &args)
    }
}

fn certainty_key(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "dossier.certainty_certain",
        Certainty::Probable => "dossier.certainty_probable",
        Certainty::Alleged => "dossier.certainty_alleged",
        Certainty::Disputed => "dossier.certainty_disputed",
    }
}

/// Where one source's share in a figure stands, and how much it is.
fn share_in_words(fact: &DrawnFact, share: &Contribution) -> String {
    let amount = |figure: u64| {
        let figure = i64::try_from(figure).unwrap_or(i64::MAX);
        amount_in_words(match fact.measure {
            Measure::Fen => Amount::Fen(figure),
            Measure::Count => Amount::Count(figure),
        })
    };
    let low = amount(share.low);
    let figure = if share.low == share.high {
        low
    } else {
        format!("{low} – {}", amount(share.high))
    };
    format!("{}: {figure}", share.places.join(" + "))
}

/// The first places of a long list, and how many more there are.
fn shortened(places: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut list = places[..places.len().min(SHOWN)].join("; ");
    if places.len() > SHOWN {
        list = format!("{list} … (+{})", places.len() - SHOWN);
    }
    list
}
