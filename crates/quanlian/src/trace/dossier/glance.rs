//! The case on one page, before the pages that show it in full.
//!
//! In:  the report of a run.
//! Out: one line for each thing that a reader asks first.
//!
//! Invariant: each line stands in full further down the dossier.

use std::collections::BTreeSet;

use quanlian_case::referral::PaperState;
use quanlian_document::dossier::{self as doc, Text};
use quanlian_law::{ClockState, Truth};

use super::{Filler, lines_met, text};

impl Filler<'_> {
    /// The case on one page: each line stands in full further down.
    pub(super) fn glance(&self) -> Vec<doc::Note> {
        let answer = &self.report.assessment;
        let note = |key: &str, text: Text, cite: Text, verified: bool| doc::Note {
            label: self.words.text(&format!("dossier.glance_{key}")),
            text,
            cite,
            verified,
        };
        let plain = |key: &str, text: Text| note(key, text, Text::default(), true);
        let mut notes = vec![
            plain("found", self.found()),
            plain("outcome", text(&answer.summary)),
            plain("governing", text(&answer.governing.why)),
        ];
        let governing = answer.rule_sets.iter().find(|set| set.governs);
        let reached = answer.could_reach;
        let met = governing.map(|set| lines_met(&set.reasons)).unwrap_or_default();
        let highest = met.iter().filter_map(|line| line.tier).max().unwrap_or(reached);
        for line in met.iter().filter(|line| line.tier == Some(highest)) {
            let cite = line.citation.as_ref().map(text).unwrap_or_default();
            notes.push(note(
                "line",
                text(&line.text),
                cite,
                line.verified.unwrap_or(true),
            ));
        }
        if let Some(band) = governing.and_then(|set| set.band.as_ref()) {
            notes.push(note(
                "band",
                text(&band.text),
                text(&band.citation),
                band.verified,
            ));
        }
        let transfer = &answer.transfer;
        let cites = transfer.rules.iter().filter_map(|rule| rule.citation.as_ref());
        let cites: Vec<Text> = cites.map(text).collect();
        let cite = Text::new(
            cites
                .iter()
                .map(|cite| cite.zh.as_str())
                .collect::<Vec<_>>()
                .join("；"),
            cites
                .iter()
                .map(|cite| cite.en.as_str())
                .collect::<Vec<_>>()
                .join("; "),
        );
        notes.push(note("transfer", text(&transfer.text), cite, true));
        if let Some(missing) = answer.missing.first() {
            notes.push(plain("missing", text(&missing.why)));
        }
        let open_elements = answer
            .elements
            .iter()
            .filter(|element| element.state == Some(Truth::Unknown))
            .count();
        let count = |key: &str, count: usize| {
            self.words.get(
                &format!("dossier.glance_{key}_text"),
                &[("count", count.to_string())],
            )
        };
        if open_elements > 0 {
            notes.push(plain("elements", count("elements", open_elements)));
        }
        let next = self
            .report
            .clocks
            .iter()
            .filter(|clock| matches!(clock.state, ClockState::Running | ClockState::Late))
            .min_by_key(|clock| (clock.due_on.is_none(), clock.due_on));
        if let Some(clock) = next {
            let words = Text::new(
                format!("{}：{}。{}", clock.actor.zh, clock.act.zh, clock.text.zh),
                format!("{}: {}. {}", clock.actor.en, clock.act.en, clock.text.en),
            );
            notes.push(note("clock", words, text(&clock.citation), clock.verified));
        }
        let missing_papers: Vec<&quanlian_case::referral::Paper> = self
            .report
            .papers
            .iter()
            .filter(|paper| paper.state == PaperState::Missing)
            .collect();
        if !missing_papers.is_empty() {
            let names = |pick: fn(&quanlian_case::referral::Paper) -> &str, between: &str| {
                missing_papers
                    .iter()
                    .map(|paper| pick(paper))
                    .collect::<Vec<_>>()
                    .join(between)
            };
            let words = Text::new(names(|p| &p.title.zh, "；"), names(|p| &p.title.en, "; "));
            notes.push(plain("papers", words));
        }
        let unread = answer.unverified.len();
        if unread > 0 {
            let key = if answer.rests_on_unverified {
                "unread_decisive"
            } else {
                "unread"
            };
            notes.push(doc::Note {
                label: self.words.text("dossier.glance_unread"),
                text: count(key, unread),
                cite: Text::default(),
                verified: true,
            });
        }
        notes
    }

    /// How many files hold copies of how many works.
    pub(super) fn found(&self) -> Text {
        let suspects: BTreeSet<&str> = self.report.matches.iter().map(|m| m.suspect.as_str()).collect();
        let works: BTreeSet<&str> = self.report.matches.iter().map(|m| m.work.as_str()).collect();
        self.words.get(
            "dossier.summary",
            &[
                ("suspects", suspects.len().to_string()),
                ("works", works.len().to_string()),
                ("examined", self.report.suspects.to_string()),
            ],
        )
    }
}
