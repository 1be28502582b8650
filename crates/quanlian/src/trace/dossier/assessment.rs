//! The assessment with its reasons, and what the answer would turn on.
//!
//! In:  the answer of the law.
//! Out: the rule sets, each with its tree of reasons.

use std::collections::BTreeSet;

use quanlian_document::dossier::{self as doc, Text};
use quanlian_law::{LayerOf, Outcome, Reason, Tier, Truth};

use super::{Filler, cited, text};

impl Filler<'_> {
    pub(super) fn assessment(&self) -> doc::Assessment {
        let answer = &self.report.assessment;
        let governing = &answer.governing;
        let could_reach = answer
            .rule_sets
            .iter()
            .find(|set| set.governs)
            .map_or(answer.could_reach, |set| set.could_reach);
        doc::Assessment {
            conduct: answer
                .conduct_from
                .zip(answer.conduct_to)
                .map(|(from, to)| [from, to]),
            judged_on: Some(answer.judged_on),
            outcome: outcome(answer.outcome),
            could_reach: tier(could_reach),
            governing: text(&governing.why),
            choice_required: governing.choice_required.then(|| text(&governing.why)),
            rule_sets: answer
                .rule_sets
                .iter()
                .map(|set| doc::RuleSet {
                    as_of: set.as_of,
                    title: instruments(&set.reasons),
                    governs: set.governs,
                    outcome: outcome(set.outcome),
                    could_reach: tier(set.could_reach),
                    reasons: set.reasons.iter().map(tree).collect(),
                })
                .collect(),
            elements: answer
                .elements
                .iter()
                .map(|element| text(&element.text))
                .collect(),
            missing: answer
                .missing
                .iter()
                .map(|missing| doc::MissingFact {
                    label: text(&missing.title),
                    effect: text(&missing.why),
                })
                .collect(),
            layers: self.layers(),
            sensitivity: self.sensitivity(),
        }
    }

    /// What changed between conduct and judgment; nothing where nothing did.
    fn layers(&self) -> Vec<doc::Note> {
        let layers = self.report.assessment.governing.layers.iter();
        layers
            .filter(|layer| layer.differs || !layer.straddled.is_empty())
            .map(|layer| doc::Note {
                label: self.words.text(match layer.layer {
                    LayerOf::Statute => "dossier.layer_statute",
                    LayerOf::Interpretation => "dossier.layer_interpretation",
                }),
                text: text(&layer.text),
                cite: cited(layer.rule.as_ref().and_then(|rule| rule.citation.as_ref())),
                verified: true,
            })
            .collect()
    }

    /// Where the outcome would turn: by fact, day and person, then the next lines.
    fn sensitivity(&self) -> Vec<doc::Note> {
        let Some(found) = &self.report.assessment.sensitivity else {
            return Vec::new();
        };
        let note = |label: Text, of_law: &quanlian_law::Text| doc::Note {
            label,
            text: text(of_law),
            cite: Text::default(),
            verified: true,
        };
        let facts = found.facts.iter().map(|fact| note(text(&fact.title), &fact.text));
        let dates = self.words.text("dossier.sensitivity_dates");
        let days = found.days.iter().map(|day| note(dates.clone(), &day.text));
        let who = self.words.text("dossier.sensitivity_person");
        let person = found.person.iter().map(|person| note(who.clone(), &person.text));
        let next = self.words.text("dossier.next_line");
        let lines = found.next_lines.iter().map(|line| doc::Note {
            cite: text(&line.citation),
            verified: line.verified,
            ..note(next.clone(), &line.text)
        });
        facts.chain(days).chain(person).chain(lines).collect()
    }
}

/// A reason with everything under it.
fn tree(reason: &Reason) -> doc::Reason {
    doc::Reason {
        text: text(&reason.text),
        state: match reason.state {
            Some(Truth::Met) => doc::State::Met,
            Some(Truth::NotMet) => doc::State::NotMet,
            Some(Truth::Unknown) => doc::State::Unknown,
            None => doc::State::Note,
        },
        cite: reason.citation.as_ref().map(text).unwrap_or_default(),
        version: reason.version.map(|day| day.to_string()).unwrap_or_default(),
        // The sentence of the law has both in words.
        threshold: Text::default(),
        distance: Text::default(),
        verified: reason.verified.unwrap_or(true),
        evidence: reason.evidence.clone(),
        children: reason.children.iter().map(tree).collect(),
    }
}

/// The instruments that a rule set rests on.
fn instruments(reasons: &[Reason]) -> Text {
    fn collect(reasons: &[Reason], zh: &mut BTreeSet<String>, en: &mut BTreeSet<String>) {
        for reason in reasons {
            if let Some(cite) = &reason.citation {
                zh.insert(cite.zh.clone());
                en.insert(cite.en.clone());
            }
            collect(&reason.children, zh, en);
        }
    }
    let (mut zh, mut en) = (BTreeSet::new(), BTreeSet::new());
    collect(reasons, &mut zh, &mut en);
    let join = |set: BTreeSet<String>, between: &str| set.into_iter().collect::<Vec<_>>().join(between);
    Text::new(join(zh, "；"), join(en, "; "))
}

fn outcome(of_law: Outcome) -> doc::Outcome {
    match of_law {
        Outcome::Below => doc::Outcome::Below,
        Outcome::Undetermined => doc::Outcome::Undetermined,
        Outcome::Base => doc::Outcome::Base,
        Outcome::Serious => doc::Outcome::Serious,
        Outcome::EspeciallySerious => doc::Outcome::EspeciallySerious,
    }
}

fn tier(of_law: Tier) -> doc::Outcome {
    match of_law {
        Tier::Below => doc::Outcome::Below,
        Tier::Base => doc::Outcome::Base,
        Tier::Serious => doc::Outcome::Serious,
        Tier::EspeciallySerious => doc::Outcome::EspeciallySerious,
    }
}
