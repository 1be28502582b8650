//! The penalty: bands and fines, the frame of the sentence, how statements deviate from it.
//!
//! In:  the answer of the law.
//! Out: lines that each name their rule.

use quanlian_document::dossier::{self as doc, Text};
use quanlian_law::{Reason, Truth, rule::FineMode};

use super::{Filler, cited, text};

impl Filler<'_> {
    pub(super) fn penalty(&self) -> doc::Penalty {
        let mut penalty = doc::Penalty {
            frame: self.frame(),
            deviations: self.deviations(),
            ..doc::Penalty::default()
        };
        for set in &self.report.assessment.rule_sets {
            let label = self
                .words
                .get("dossier.rules_as_of", &[("day", set.as_of.to_string())]);
            for band in set.band.iter().chain(&set.could_reach_band) {
                let with_fine = self.words.text(match band.fine {
                    FineMode::Mandatory => "dossier.fine_mandatory",
                    FineMode::TogetherOrAlone => "dossier.fine_together_or_alone",
                });
                let reached = set.band.as_ref().is_some_and(|own| own.tier == band.tier);
                let whether = self.words.text(if reached {
                    "dossier.band_reached"
                } else {
                    "dossier.band_not_excluded"
                });
                penalty.bands.push(doc::PenaltyLine {
                    label: Text::new(
                        format!("{}：{}", label.zh, whether.zh),
                        format!("{}: {}", label.en, whether.en),
                    ),
                    range: Text::new(
                        format!("{}{}", band.text.zh, with_fine.zh),
                        format!("{}{}", band.text.en, with_fine.en),
                    ),
                    cite: text(&band.citation),
                    verified: band.verified,
                });
            }
            if let Some(fine) = &set.fine {
                penalty.fines.push(doc::PenaltyLine {
                    label,
                    range: text(&fine.text),
                    cite: text(&fine.citation),
                    verified: fine.verified,
                });
            }
        }
        penalty
    }

    /// Circumstances, probation and the court's discretion under the rules that govern.
    fn frame(&self) -> Vec<doc::Note> {
        let governing = self.report.assessment.rule_sets.iter().find(|set| set.governs);
        let Some(frame) = governing.and_then(|set| set.sentence_frame.as_ref()) else {
            return Vec::new();
        };
        let note = |key: &str, of_law: &quanlian_law::Text, cite: Text, verified: bool| doc::Note {
            label: self.words.text(key),
            text: text(of_law),
            cite,
            verified,
        };
        let mut notes = Vec::new();
        if let Some(persons) = &frame.responsible_persons {
            notes.push(note(
                "dossier.frame_persons",
                &persons.text,
                text(&persons.citation),
                true,
            ));
        }
        if let Some(lower) = &frame.lower_band {
            let cite = cited(lower.citation.as_ref());
            notes.push(note(
                "dossier.frame_lower_band",
                &lower.text,
                cite,
                lower.verified,
            ));
        }
        for stated in &frame.circumstances {
            let of_law = note(
                "dossier.frame_circumstance",
                &stated.text,
                text(&stated.citation),
                stated.verified,
            );
            notes.push(doc::Note {
                label: text(&stated.title),
                ..of_law
            });
        }
        if let Some(discretion) = &frame.discretion {
            let cite = text(&discretion.citation);
            notes.push(note(
                "dossier.frame_discretion",
                &discretion.text,
                cite,
                discretion.verified,
            ));
        }
        if let Some(probation) = &frame.probation {
            let cite = text(&probation.citation);
            notes.push(note(
                "dossier.frame_probation",
                &probation.text,
                cite,
                probation.verified,
            ));
            let grounds = [
                ("dossier.frame_conditions", &probation.conditions),
                ("dossier.frame_bars", &probation.bars),
            ];
            for (key, grounds) in grounds {
                notes.extend(self.grounds(key, grounds));
            }
            let weighed = [
                ("dossier.frame_lighter", &probation.lighter),
                ("dossier.frame_heavier", &probation.heavier),
            ];
            for (key, grounds) in weighed {
                for ground in grounds.iter().filter(|ground| ground.state == Some(Truth::Met)) {
                    let cite = cited(ground.citation.as_ref());
                    notes.push(note(key, &ground.text, cite, ground.verified.unwrap_or(true)));
                }
            }
        }
        for of_frame in &frame.notes {
            let cite = cited(of_frame.citation.as_ref());
            notes.push(note(
                "dossier.frame_note",
                &of_frame.text,
                cite,
                of_frame.verified.unwrap_or(true),
            ));
        }
        notes
    }

    /// Grounds of one kind, those of one provision on one line.
    fn grounds(&self, key: &str, grounds: &[Reason]) -> Vec<doc::Note> {
        let provision = |ground: &Reason| (ground.citation.clone(), ground.verified.unwrap_or(true));
        grounds
            .chunk_by(|one, next| provision(one) == provision(next))
            .map(|together| {
                let words = |of: fn(&quanlian_law::Text) -> &str, between: &str| {
                    together
                        .iter()
                        .map(|ground| of(&ground.text))
                        .collect::<Vec<_>>()
                        .join(between)
                };
                let (citation, verified) = provision(&together[0]);
                doc::Note {
                    label: self.words.text(key),
                    text: Text::new(words(|text| &text.zh, "；"), words(|text| &text.en, "; ")),
                    cite: cited(citation.as_ref()),
                    verified,
                }
            })
            .collect()
    }

    fn deviations(&self) -> Vec<doc::Deviation> {
        let deviations = self.report.assessment.deviations.iter();
        deviations
            .map(|found| {
                let cite = cited(found.citation.as_ref());
                doc::Deviation {
                    what: text(&found.title),
                    given: text(&found.given_text),
                    frame: text(&found.frame_text),
                    state: text(&found.state_text),
                    why: Text::new(
                        format!("{} {}", found.why.zh, cite.zh).trim_end().to_owned(),
                        format!("{} {}", found.why.en, cite.en).trim_end().to_owned(),
                    ),
                }
            })
            .collect()
    }
}
