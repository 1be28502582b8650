//! The dossier's contents: what was found and assessed, laid out as the paper shows it.
//!
//! In:  the report of a run, the case file, the rule book, the log.
//! Out: [`Dossier`], plain data for `quanlian-document`.
//!
//! Invariant: nothing is worked out here. A figure stands in the report before it stands on paper.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_case::{
    case_file::CaseFile,
    facts::{Contribution, DrawnFact, Measure, Note},
    referral::PaperState,
};
use quanlian_document::dossier as doc;
use quanlian_document::dossier::{Dossier, Text};
use quanlian_evidence::vault::Vault;
use quanlian_law::{
    Amount, Certainty, ClockResult, ClockState, FactValue, LayerOf, Outcome, Reason, ReasonKind, RuleBook,
    Tier, Truth, rule::FineMode,
};
use quanlian_match::{MatchSegment, Medium, Unit};
use quanlian_record::{
    id::DossierId,
    money::Fen,
    time::{Day, Timestamp},
};

use super::{CopiedWork, Report};
use crate::{
    evidence::Exhibit,
    message::{Language, Messages},
};

/// Both languages of the message files, for a paper in both.
struct Words {
    zh: Messages,
    en: Messages,
}

impl Words {
    fn get(&self, key: &str, args: &[(&str, String)]) -> Text {
        Text::new(self.zh.get(key, args), self.en.get(key, args))
    }

    fn text(&self, key: &str) -> Text {
        self.get(key, &[])
    }
}

/// Fills the dossier.
pub(super) fn fill(
    report: &Report,
    case: &CaseFile,
    book: &RuleBook,
    vault: &Vault,
    now: Timestamp,
) -> Dossier {
    let words = Words {
        zh: Messages::of(Language::Zh),
        en: Messages::of(Language::En),
    };
    let filler = Filler {
        report,
        case,
        book,
        words,
        today: now.legal_day(),
    };
    let header = &case.header;
    let assessment = &report.assessment;
    Dossier {
        language: doc::Language::Bilingual,
        id: DossierId::fresh(now).to_string(),
        case_number: header.number.clone().unwrap_or_default(),
        agency: header.agency.clone(),
        offence: text(&assessment.title),
        verdict: text(&assessment.summary),
        reference: reference(vault),
        report: Some("matches.jsonl, facts.json, assessment.json".to_owned()),
        glance: filler.glance(),
        made_with: doc::MadeWith {
            version: report.version.to_owned(),
            rule_book: now.legal_day().to_string(),
            rule_book_digest: assessment.rule_book_version.clone(),
        },
        parties: filler.parties(),
        works: filler.works(),
        matches: filler.matches(),
        facts: filler.facts(),
        assessment: filler.assessment(),
        penalty: filler.penalty(),
        clocks: report.clocks.iter().map(|of_law| filler.clock(of_law)).collect(),
        papers: filler.papers(),
        open_questions: filler.open_questions(),
        unverified: filler.unverified(),
        log_proof: Some(filler.log_proof(vault)),
        letter: filler.letter(),
    }
}

/// The rules under which a case is transferred whatever the duty rests on: hand-over, papers.
const TRANSFER_BASIS: [&str; 2] = [
    "cn/transfer-of-suspected-crimes/art-05-hand-over",
    "cn/transfer-of-suspected-crimes/art-06-papers",
];

struct Filler<'a> {
    report: &'a Report,
    case: &'a CaseFile,
    book: &'a RuleBook,
    words: Words,
    /// The day on which the paper is made.
    today: Day,
}

impl Filler<'_> {
    fn parties(&self) -> Vec<doc::Party> {
        let header = &self.case.header;
        let detail = |key: &str, value: Option<String>| doc::Detail {
            label: self.words.text(key),
            value,
        };
        let party = |role, name: &Option<String>, details| doc::Party {
            role,
            name: name.clone(),
            details,
        };
        let joined =
            |set: BTreeSet<String>| (!set.is_empty()).then(|| set.into_iter().collect::<Vec<_>>().join("、"));
        let officers = (!header.officers.is_empty()).then(|| header.officers.join("、"));
        let uploaders = joined(self.report.facts.uploaders.clone());
        let published = self
            .report
            .facts
            .published
            .map(|[from, to]| format!("{from} – {to}"));
        let mut parties = vec![
            party(doc::PartyRole::RightHolder, &header.right_holder, Vec::new()),
            party(
                doc::PartyRole::Agency,
                &header.agency,
                vec![detail("dossier.officers", officers)],
            ),
            party(doc::PartyRole::Suspect, &header.suspect, Vec::new()),
        ];
        if uploaders.is_some() || published.is_some() || self.counts_plays() {
            let details = vec![detail("dossier.published", published)];
            parties.push(party(doc::PartyRole::Account, &uploaders, details));
        }
        parties
    }

    /// Whether the offence is one that publishing to the public commits, so that an account and its plays matter.
    fn counts_plays(&self) -> bool {
        let asked = self.book.facts_of(&self.report.assessment.offence, None);
        asked.iter().any(|fact| fact.name == "actual_clicks")
    }

    /// The case on one page: each line stands in full further down.
    fn glance(&self) -> Vec<doc::Note> {
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
    fn found(&self) -> Text {
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

    /// The works that were copied; the index may hold many more.
    fn works(&self) -> Vec<doc::Work> {
        let exhibits: BTreeMap<&str, &Exhibit> = self
            .report
            .evidence
            .iter()
            .filter(|exhibit| exhibit.kind == "work")
            .map(|exhibit| (exhibit.name.as_str(), exhibit))
            .collect();
        let line = |work: &CopiedWork| {
            let exhibit = exhibits.get(work.name.as_str());
            doc::Work {
                name: work.name.clone(),
                holder: self.case.header.right_holder.clone(),
                medium: medium(work.medium),
                length: Some(doc::Length {
                    value: work.length,
                    unit: unit(work.unit),
                }),
                sha256: exhibit.map(|exhibit| exhibit.sha256.clone()).unwrap_or_default(),
                deposit: exhibit.map(|exhibit| format!("{} · {}", exhibit.id, exhibit.deposit)),
            }
        };
        self.report.copied.iter().map(line).collect()
    }

    fn matches(&self) -> Vec<doc::Match> {
        let line = |m: &quanlian_match::Match| doc::Match {
            suspect: m.suspect.clone(),
            work: m.work.clone(),
            medium: medium(m.medium),
            score_bits: m.score_bits,
            e_value: m.e_value,
            identity: Some(m.identity),
            time_scale: m.transform.map(|t| t.time_scale),
            pitch_scale: m.transform.map(|t| t.pitch_scale),
            segments: m.segments.iter().map(segment).collect(),
        };
        self.report.matches.iter().map(line).collect()
    }

    fn facts(&self) -> Vec<doc::Fact> {
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

    fn note(&self, note: &Note) -> Text {
        let args: Vec<(&str, String)> = note
            .args
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        self.words.get(&format!("note.{}", note.code), &args)
    }

    fn assessment(&self) -> doc::Assessment {
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

    fn penalty(&self) -> doc::Penalty {
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

    fn clock(&self, of_law: &ClockResult) -> doc::Clock {
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

    fn papers(&self) -> Vec<doc::Paper> {
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

    fn open_questions(&self) -> Vec<doc::OpenQuestion> {
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

    fn unverified(&self) -> Vec<doc::Unverified> {
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

    fn log_proof(&self, vault: &Vault) -> doc::LogProof {
        let checkpoint = vault.log().checkpoint();
        let leaf = |deposit: &Exhibit| doc::Leaf {
            index: deposit.index,
            what: Text::same(format!("{} · {}", deposit.id, deposit.name)),
            hash: deposit.sha256.clone(),
        };
        doc::LogProof {
            origin: vault.log_key().name().to_owned(),
            tree_size: checkpoint.size(),
            root_hash: checkpoint.note().lines().nth(2).unwrap_or_default().to_owned(),
            checkpoint: checkpoint.note().to_owned(),
            leaves: self.report.evidence.iter().map(leaf).collect(),
            bundle: Some("case.qne.zip".to_owned()),
            page: Some("VERIFY.txt".to_owned()),
        }
    }

    fn letter(&self) -> doc::Letter {
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

fn certainty_key(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "dossier.certainty_certain",
        Certainty::Probable => "dossier.certainty_probable",
        Certainty::Alleged => "dossier.certainty_alleged",
        Certainty::Disputed => "dossier.certainty_disputed",
    }
}

fn cited(citation: Option<&quanlian_law::Text>) -> Text {
    citation.map(text).unwrap_or_default()
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

/// The lines that are met, wherever they stand in a forest.
pub(super) fn lines_met(reasons: &[Reason]) -> Vec<&Reason> {
    let mut lines = Vec::new();
    for reason in reasons {
        if reason.kind == ReasonKind::Line && reason.state == Some(Truth::Met) {
            lines.push(reason);
        } else {
            lines.extend(lines_met(&reason.children));
        }
    }
    lines
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

/// What the code on the cover holds: name, size and root of the log, to be compared with what the log publishes.
fn reference(vault: &Vault) -> String {
    vault
        .log()
        .checkpoint()
        .note()
        .lines()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

/// When a period ends, to the second where it is counted in hours.
fn last_moment(clock: &ClockResult) -> Option<String> {
    clock
        .due_at
        .map(Timestamp::to_local_string)
        .or(clock.due_on.map(|day| day.to_string()))
}

fn text(of_law: &quanlian_law::Text) -> Text {
    Text::new(of_law.zh.clone(), of_law.en.clone())
}

fn medium(of_match: Medium) -> doc::Medium {
    match of_match {
        Medium::Text => doc::Medium::Text,
        Medium::Image => doc::Medium::Image,
        _ => doc::Medium::Audio,
    }
}

fn segment(of_match: &MatchSegment) -> doc::Segment {
    match of_match {
        MatchSegment::Stretch(span) => doc::Segment {
            suspect: span.suspect,
            work: span.work,
            unit: unit(span.unit),
            rows: None,
        },
        MatchSegment::Area(area) => {
            let [
                [left, upper, right, lower],
                [work_left, work_upper, work_right, work_lower],
            ] = [area.suspect, area.work];
            doc::Segment {
                suspect: [left, right],
                work: [work_left, work_right],
                unit: unit(area.unit),
                rows: Some(doc::Rows {
                    suspect: [upper, lower],
                    work: [work_upper, work_lower],
                }),
            }
        }
    }
}

fn unit(of_match: Unit) -> doc::Unit {
    match of_match {
        Unit::Ms => doc::Unit::Ms,
        Unit::Px => doc::Unit::Px,
        _ => doc::Unit::Char,
    }
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

/// An amount with its unit, as both languages write it.
pub(super) fn amount_in_words(amount: Amount) -> String {
    match amount {
        Amount::Fen(fen) => Fen(fen).to_string(),
        Amount::Count(count) => {
            let yuan_like = Fen(count.saturating_mul(100)).to_yuan_string();
            yuan_like.trim_end_matches(".00").to_owned()
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_cites_rules_that_are_in_the_book() {
        let book = RuleBook::embedded().unwrap();
        for id in TRANSFER_BASIS {
            assert!(book.show(id).is_some(), "{id}");
        }
    }
}
