//! The transfer to the police: clocks, papers, what is open or unread, the letter.
//!
//! In:  the clocks and papers of the report, the rule book.
//! Out: the parts of the dossier that say what is to be done, by whom and until when.

use std::collections::BTreeSet;

use quanlian_case::referral::PaperState;
use quanlian_document::dossier::{self as doc, Text};
use quanlian_law::{ClockResult, ClockState};
use quanlian_record::time::Timestamp;

use super::{Filler, text};

/// The rules under which a case is transferred whatever the duty rests on: hand-over, papers.
const TRANSFER_BASIS: [&str; 2] = [
    "cn/transfer-of-suspected-crimes/art-05-hand-over",
    "cn/transfer-of-suspected-crimes/art-06-papers",
];

impl Filler<'_> {
    pub(super) fn clock(&self, of_law: &ClockResult) -> doc::Clock {
        let projected = self.projected(of_law);
        let due = last_moment(of_law).map(Text::same).or_else(|| {
            let day = last_moment(projected?)?;
            Some(self.words.get("dossier.projected", &[("day", day)]))
        });
        doc::Clock {
            rule: Text::new(
                format!("{}：{}（{}）", of_law.actor.zh, of_law.act.zh, of_law.length.zh),
                format!("{}: {} ({})", of_law.actor.en, of_law.act.en, of_law.length.en),
            ),
            trigger: text(&of_law.starts_title),
            started_on: of_law.started.map(quanlian_law::Moment::day),
            due,
            status: match of_law.state {
                ClockState::Waiting => doc::ClockStatus::NotStarted,
                ClockState::Running if of_law.due_on.is_some_and(|due| due < self.today) => {
                    doc::ClockStatus::Past
                }
                ClockState::Running | ClockState::Suspended | ClockState::OverExtended => {
                    doc::ClockStatus::Running
                }
                ClockState::Done => doc::ClockStatus::Done,
                ClockState::Late => doc::ClockStatus::Late,
                _ => doc::ClockStatus::Unknown,
            },
            steps: if of_law.started.is_some() {
                of_law.steps.iter().map(text).collect()
            } else {
                let assumed = projected.map_or(&[][..], |clock| &clock.steps);
                assumed.iter().map(text).collect()
            },
            cite: text(&of_law.citation),
            verified: of_law.verified,
        }
    }

    /// A period that has not begun, were each step before it to take the whole of its time.
    fn projected(&self, of_law: &ClockResult) -> Option<&ClockResult> {
        let clocks = &self.report.projection.clocks;
        let same = clocks.iter().find(|clock| clock.rule == of_law.rule)?;
        (of_law.started.is_none() && last_moment(same).is_some()).then_some(same)
    }

    pub(super) fn papers(&self) -> Vec<doc::Paper> {
        let line = |paper: &quanlian_case::referral::Paper| doc::Paper {
            name: text(&paper.title),
            state: match paper.state {
                PaperState::Present => doc::PaperState::Present,
                PaperState::Drafted => doc::PaperState::Draft,
                PaperState::Missing => doc::PaperState::Missing,
            },
            note: paper.place.clone().map(Text::same).unwrap_or_default(),
            cite: text(&paper.citation),
        };
        self.report.papers.iter().map(line).collect()
    }

    pub(super) fn open_questions(&self) -> Vec<doc::OpenQuestion> {
        let of_rules = self.report.assessment.open.iter().map(|open| doc::OpenQuestion {
            question: text(&open.question),
            effect: text(&open.effect),
            cite: open
                .rule
                .as_deref()
                .map(|id| self.citation(id))
                .unwrap_or_default(),
        });
        let notes = self.report.facts.notes.iter();
        let notes = notes.filter(|note| note.code != "copy_without_metadata" || self.counts_plays());
        let notes = notes.map(|note| doc::OpenQuestion {
            question: self.note(note),
            effect: Text::default(),
            cite: Text::default(),
        });
        of_rules.chain(notes).collect()
    }

    /// How a rule is cited on the day whose law governs; its id where the book does not know it.
    fn citation(&self, id: &str) -> Text {
        let Some(rule) = self.book.show(id) else {
            return Text::same(id);
        };
        let governing = self.report.assessment.rule_sets.iter().find(|set| set.governs);
        let version = governing.and_then(|set| rule.version_on(set.as_of));
        let source = version.map_or(&rule.source, |version| rule.source_of(version));
        text(&source.cite)
    }

    pub(super) fn unverified(&self) -> Vec<doc::Unverified> {
        let mut lines = Vec::new();
        for unread in &self.report.assessment.unverified {
            let title = self.book.show(&unread.rule).map(|rule| text(&rule.title));
            let key = if unread.decisive {
                "dossier.unread_decisive"
            } else {
                "dossier.unread"
            };
            let line = unread.line.clone().unwrap_or_default();
            let words = self.words.get(key, &[("line", line)]);
            let title = title.unwrap_or_else(|| Text::same(unread.rule.clone()));
            lines.push(doc::Unverified {
                text: Text::new(
                    format!("{}{}", title.zh, words.zh),
                    format!("{}{}", title.en, words.en),
                ),
                cite: text(&unread.citation),
            });
        }
        for clock in self.report.clocks.iter().filter(|clock| !clock.verified) {
            lines.push(doc::Unverified {
                text: text(&clock.title),
                cite: text(&clock.citation),
            });
        }
        lines
    }

    pub(super) fn letter(&self) -> doc::Letter {
        let header = &self.case.header;
        let answer = &self.report.assessment;
        let basis: BTreeSet<(String, String)> = answer
            .rule_sets
            .iter()
            .filter(|set| set.governs)
            .flat_map(|set| set.band.iter().chain(&set.could_reach_band))
            .map(|band| (band.citation.zh.clone(), band.citation.en.clone()))
            .collect();
        let summary = self.found();
        doc::Letter {
            number: None,
            recipient: header.police.clone(),
            copy_to: None,
            summary: Some(Text::new(
                format!("{}{}", summary.zh, answer.summary.zh),
                format!("{} {}", summary.en, answer.summary.en),
            )),
            basis: basis
                .into_iter()
                .map(|(zh, en)| Text::new(zh, en))
                // The first rule of the answer is the one that the duty rests on.
                .chain(
                    answer
                        .transfer
                        .rules
                        .iter()
                        .take(1)
                        .filter_map(|rule| rule.citation.as_ref().map(text)),
                )
                .chain(
                    TRANSFER_BASIS
                        .iter()
                        .filter_map(|id| Some(text(&self.book.show(id)?.source.cite))),
                )
                .collect(),
            contact: header.officers.first().cloned(),
            phone: None,
        }
    }
}

/// When a period ends, to the second where it is counted in hours.
fn last_moment(clock: &ClockResult) -> Option<String> {
    clock
        .due_at
        .map(Timestamp::to_local_string)
        .or(clock.due_on.map(|day| day.to_string()))
}

#[cfg(test)]
mod tests {
    use quanlian_law::RuleBook;

    use super::*;

    #[test]
    fn the_letter_cites_rules_that_are_in_the_book() {
        let book = RuleBook::embedded().unwrap();
        for id in TRANSFER_BASIS {
            assert!(book.show(id).is_some(), "{id}");
        }
    }
}
