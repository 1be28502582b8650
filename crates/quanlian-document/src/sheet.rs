//! The sheet: a dossier bounded, cleaned and put into the words and figures that the templates set.
//!
//! In:  a [`Dossier`], of any size and with anything in its strings.
//! Out: one JSON value; its keys are the contract with `templates/*.typ`.
//!
//! Invariants: every list is `{items, more}`, `more` counting what the paper has
//! no room for; every string has gone through [`Cleaner`]; every text is an
//! array of one or two languages, the leading one first, empty when there is none.
//!
//! Not here: layout and labels (the templates and `messages/`).

mod spread;

use quanlian_record::time::Timestamp;
use serde_json::{Value, json};

use crate::{
    dossier::{
        Amount, Assessment, Dossier, Fact, Language, Length, LogProof, Match, Reason, RuleSet, Segment, Text,
        Unit,
    },
    text::Cleaner,
};

/// What one dossier prints at most. What is beyond is counted, and pointed to in the report.
pub mod limits {
    /// Characters of a name, id, path or other single item.
    pub const MAX_NAME_CHARS: usize = 160;
    /// Characters of a sentence.
    pub const MAX_SENTENCE_CHARS: usize = 1_000;
    /// Characters of the verdict on the cover.
    pub const MAX_VERDICT_CHARS: usize = 200;
    /// Characters of a line of the checkpoint; longer ones would no longer verify, but wrap.
    pub const MAX_CHECKPOINT_LINE_CHARS: usize = 1_000;
    /// Characters of one item in the running header and footer.
    pub const MAX_RUNNING_CHARS: usize = 40;
    /// Lines of the checkpoint.
    pub const MAX_CHECKPOINT_LINES: usize = 40;
    /// Bytes in the QR code; longer references get none.
    pub const MAX_QR_BYTES: usize = 512;
    /// Combining marks on one letter.
    pub const MAX_MARKS: usize = 3;
    /// Font families; those beside serif and sans are for scripts that these lack.
    pub const MAX_FAMILIES: usize = 8;
    /// Matches.
    pub const MAX_MATCHES: usize = 100;
    /// Segments of one match.
    pub const MAX_SEGMENTS_PER_MATCH: usize = 10;
    /// Steps of a chart.
    pub const MAX_CHART_STEPS: usize = 240;
    /// Nodes in the reasons of one rule set.
    pub const MAX_REASONS: usize = 150;
    /// Levels in the reasons of one rule set.
    pub const MAX_REASON_DEPTH: usize = 6;
    /// Rule sets.
    pub const MAX_RULE_SETS: usize = 6;
    /// Ids of evidence, contradictions and the like at one line.
    pub const MAX_PER_LINE: usize = 12;
    /// Lines of any other list.
    pub const MAX_LINES: usize = 80;
}

/// Characters of the rule book's digest in the footer; the proof section has all of it.
const RUNNING_DIGEST_CHARS: usize = 16;

/// The data that the templates read, and what the QR code holds.
pub(crate) struct Sheet {
    pub(crate) data: Value,
    /// The reference for the QR code as it was given, `None` when there is none or it is too long.
    pub(crate) qr: Option<String>,
}

pub(crate) fn sheet(dossier: &Dossier, cleaner: Cleaner<'_>, at: Timestamp) -> Sheet {
    Writer {
        cleaner,
        language: dossier.language,
    }
    .dossier(dossier, at)
}

struct Writer<'f> {
    cleaner: Cleaner<'f>,
    language: Language,
}

impl Writer<'_> {
    fn dossier(mut self, d: &Dossier, at: Timestamp) -> Sheet {
        let qr = (1..=limits::MAX_QR_BYTES)
            .contains(&d.reference.len())
            .then(|| d.reference.clone());
        let made_with = &d.made_with;
        let digest_start: String = made_with
            .rule_book_digest
            .chars()
            .take(RUNNING_DIGEST_CHARS)
            .collect();
        let mut data = json!({
            "language": d.language,
            "id": self.name(&d.id),
            "case_number": self.name(&d.case_number),
            "agency": self.maybe(d.agency.as_ref()),
            "offence": self.text(&d.offence),
            "verdict": self.text_within(&d.verdict, limits::MAX_VERDICT_CHARS),
            "reference": self.name(&d.reference),
            "has_qr": qr.is_some(),
            "report": self.maybe(d.report.as_ref()),
            "made_at": at.to_local_string(),
            "made_with": {
                "rule_book": self.name(&made_with.rule_book),
                "digest": self.name(&made_with.rule_book_digest),
            },
            "running": {
                "case_number": self.cleaner.clean(&d.case_number, limits::MAX_RUNNING_CHARS),
                "version": self.cleaner.clean(&made_with.version, limits::MAX_RUNNING_CHARS),
                "rule_book": self.cleaner.clean(&made_with.rule_book, limits::MAX_RUNNING_CHARS),
                "digest": self.cleaner.clean(&digest_start, limits::MAX_RUNNING_CHARS),
            },
        });
        let sections = json!({
            "glance": self.list(&d.glance, limits::MAX_PER_LINE, Self::note),
            "parties": self.list(&d.parties, limits::MAX_LINES, |w, p| json!({
                "role": p.role,
                "name": w.maybe(p.name.as_ref()),
                "details": w.list(&p.details, limits::MAX_PER_LINE, |w, detail| json!({
                    "label": w.text(&detail.label),
                    "value": w.maybe(detail.value.as_ref()),
                })),
            })),
            "works": self.list(&d.works, limits::MAX_LINES, |w, work| json!({
                "name": w.name(&work.name),
                "holder": w.maybe(work.holder.as_ref()),
                "medium": work.medium,
                "length": work.length.map(length),
                "sha256": w.name(&work.sha256),
                "deposit": w.maybe(work.deposit.as_ref()),
            })),
            "matches": self.list(&d.matches, limits::MAX_MATCHES, Self::matched),
            "spread": d.spread.as_ref().map(|spread| self.spread(spread)),
            "facts": self.list(&d.facts, limits::MAX_LINES, Self::fact),
            "assessment": self.assessment(&d.assessment),
            "bands": self.list(&d.penalty.bands, limits::MAX_PER_LINE, Self::penalty_line),
            "fines": self.list(&d.penalty.fines, limits::MAX_PER_LINE, Self::penalty_line),
            "frame": self.list(&d.penalty.frame, limits::MAX_LINES, Self::note),
            "deviations": self.list(&d.penalty.deviations, limits::MAX_PER_LINE, |w, deviation| json!({
                "what": w.text(&deviation.what),
                "given": w.text(&deviation.given),
                "frame": w.text(&deviation.frame),
                "state": w.text(&deviation.state),
                "why": w.text(&deviation.why),
            })),
            "clocks": self.list(&d.clocks, limits::MAX_LINES, |w, clock| json!({
                "rule": w.text(&clock.rule),
                "trigger": w.text(&clock.trigger),
                "started_on": clock.started_on,
                "due": clock.due.as_ref().map(|due| w.text(due)),
                "status": clock.status,
                "steps": w.list(&clock.steps, limits::MAX_PER_LINE, Self::text),
                "cite": w.text(&clock.cite),
                "verified": clock.verified,
            })),
            "papers": self.list(&d.papers, limits::MAX_LINES, |w, paper| json!({
                "name": w.text(&paper.name),
                "state": paper.state,
                "note": w.text(&paper.note),
                "cite": w.text(&paper.cite),
            })),
            "open_questions": self.list(&d.open_questions, limits::MAX_LINES, |w, open| json!({
                "question": w.text(&open.question),
                "effect": w.text(&open.effect),
                "cite": w.text(&open.cite),
            })),
            "unverified": self.list(&d.unverified, limits::MAX_LINES, |w, line| json!({
                "text": w.text(&line.text),
                "cite": w.text(&line.cite),
            })),
            "log_proof": d.log_proof.as_ref().map(|proof| self.log_proof(proof)),
            "letter": {
                "number": self.maybe(d.letter.number.as_ref()),
                "recipient": self.maybe(d.letter.recipient.as_ref()),
                "copy_to": self.maybe(d.letter.copy_to.as_ref()),
                "summary": d.letter.summary.as_ref().map(|summary| self.text(summary)),
                "basis": self.list(&d.letter.basis, limits::MAX_PER_LINE, Self::text),
                "contact": self.maybe(d.letter.contact.as_ref()),
                "phone": self.maybe(d.letter.phone.as_ref()),
            },
        });
        data["sections"] = sections;
        data["families"] = json!({
            "serif": self.cleaner.fonts().serif(),
            "sans": self.cleaner.fonts().sans(),
            "others": self.cleaner.other_families(),
        });
        Sheet { data, qr }
    }

    fn matched(&mut self, m: &Match) -> Value {
        json!({
            "suspect": self.name(&m.suspect),
            "work": self.name(&m.work),
            "medium": m.medium,
            "score_bits": decimals(Some(m.score_bits), 1),
            "e_value": scientific(m.e_value),
            "identity": decimals(m.identity.map(|share| share * 100.0), 1),
            "time_scale": decimals(m.time_scale, 3),
            "pitch_scale": decimals(m.pitch_scale, 3),
            "segments": self.list(&m.segments, limits::MAX_SEGMENTS_PER_MATCH, |_, s| segment(*s)),
            "remark": self.text(&m.remark),
            "null_model": self.text(&m.null_model),
        })
    }

    fn fact(&mut self, fact: &Fact) -> Value {
        json!({
            "label": self.text(&fact.label),
            "value": fact.value.as_ref().map(|amount| self.amount(amount, &fact.unit)),
            "source": self.text(&fact.source),
            "evidence": self.names(&fact.evidence),
            "certainty": self.text(&fact.certainty),
            "contradictions": self.list(&fact.contradictions, limits::MAX_PER_LINE, Self::text),
        })
    }

    /// A value with its unit: `{texts}`, `{yuan}` or `{flag}`.
    fn amount(&mut self, amount: &Amount, unit: &Text) -> Value {
        let both_with_unit = |zh: &str, en: &str| Text {
            zh: format!("{zh} {}", unit.zh).trim_end().to_owned(),
            en: format!("{en} {}", unit.en).trim_end().to_owned(),
        };
        let with_unit = |figure: String| both_with_unit(&figure, &figure);
        match amount {
            Amount::Fen(fen) => json!({ "yuan": fen.to_yuan_string() }),
            Amount::Count(count) => json!({ "texts": self.text(&with_unit(grouped(*count))) }),
            Amount::Day(on) => json!({ "texts": self.text(&with_unit(on.to_string())) }),
            Amount::Flag(flag) => json!({ "flag": if *flag { "yes" } else { "no" } }),
            Amount::Text(text) => json!({ "texts": self.text(&both_with_unit(&text.zh, &text.en)) }),
        }
    }

    fn assessment(&mut self, a: &Assessment) -> Value {
        json!({
            "conduct": a.conduct,
            "judged_on": a.judged_on,
            "outcome": a.outcome,
            "could_reach": a.could_reach,
            "governing": self.text(&a.governing),
            "choice_required": a.choice_required.as_ref().map(|choice| self.text(choice)),
            "rule_sets": self.list(&a.rule_sets, limits::MAX_RULE_SETS, Self::rule_set),
            "elements": self.list(&a.elements, limits::MAX_LINES, Self::text),
            "missing": self.list(&a.missing, limits::MAX_LINES, |w, missing| json!({
                "label": w.text(&missing.label),
                "effect": w.text(&missing.effect),
            })),
            "layers": self.list(&a.layers, limits::MAX_LINES, Self::note),
            "sensitivity": self.list(&a.sensitivity, limits::MAX_LINES, Self::note),
        })
    }

    fn note(&mut self, note: &crate::dossier::Note) -> Value {
        json!({
            "label": self.text(&note.label),
            "text": self.text(&note.text),
            "cite": self.text(&note.cite),
            "verified": note.verified,
        })
    }

    fn rule_set(&mut self, rules: &RuleSet) -> Value {
        let nodes = flattened(&rules.reasons);
        json!({
            "as_of": rules.as_of,
            "title": self.text(&rules.title),
            "governs": rules.governs,
            "outcome": rules.outcome,
            "could_reach": rules.could_reach,
            "reasons": {
                "items": nodes.printed.iter().map(|(depth, r)| self.reason(*depth, r)).collect::<Vec<_>>(),
                "more": nodes.left_out,
            },
        })
    }

    fn reason(&mut self, depth: usize, reason: &Reason) -> Value {
        json!({
            "depth": depth,
            "text": self.text(&reason.text),
            "state": reason.state,
            "cite": self.text(&reason.cite),
            "version": self.name(&reason.version),
            "threshold": self.text(&reason.threshold),
            "distance": self.text(&reason.distance),
            "verified": reason.verified,
            "evidence": self.names(&reason.evidence),
        })
    }

    fn penalty_line(&mut self, line: &crate::dossier::PenaltyLine) -> Value {
        json!({
            "label": self.text(&line.label),
            "range": self.text(&line.range),
            "cite": self.text(&line.cite),
            "verified": line.verified,
        })
    }

    fn log_proof(&mut self, proof: &LogProof) -> Value {
        let lines: Vec<&str> = proof.checkpoint.lines().collect();
        json!({
            "origin": self.name(&proof.origin),
            "tree_size": proof.tree_size.to_string(),
            "root_hash": self.name(&proof.root_hash),
            "checkpoint": self.list(&lines, limits::MAX_CHECKPOINT_LINES, |w, line| {
                json!(w.cleaner.clean(line, limits::MAX_CHECKPOINT_LINE_CHARS))
            }),
            "leaves": self.list(&proof.leaves, limits::MAX_LINES, |w, leaf| json!({
                "index": leaf.index.to_string(),
                "what": w.text(&leaf.what),
                "hash": w.name(&leaf.hash),
            })),
            "bundle": self.maybe(proof.bundle.as_ref()),
            "page": self.maybe(proof.page.as_ref()),
        })
    }

    /// At most `max` of `items`, and how many more there are.
    fn list<T>(&mut self, items: &[T], max: usize, each: impl Fn(&mut Self, &T) -> Value) -> Value {
        let printed: Vec<Value> = items.iter().take(max).map(|item| each(self, item)).collect();
        json!({ "items": printed, "more": items.len().saturating_sub(max) })
    }

    fn names(&mut self, names: &[String]) -> Value {
        self.list(names, limits::MAX_PER_LINE, |w, name| json!(w.name(name)))
    }

    fn name(&mut self, name: &str) -> String {
        self.cleaner.clean(name, limits::MAX_NAME_CHARS)
    }

    /// A name that may be unknown: `null` when there is none or it is blank.
    fn maybe(&mut self, name: Option<&String>) -> Option<String> {
        name.filter(|name| !name.trim().is_empty())
            .map(|name| self.name(name))
    }

    fn text(&mut self, text: &Text) -> Value {
        self.text_within(text, limits::MAX_SENTENCE_CHARS)
    }

    /// The texts to print, the leading language first; a missing side is replaced by the other.
    fn text_within(&mut self, text: &Text, max_chars: usize) -> Value {
        let order = match self.language {
            Language::Zh | Language::Bilingual => [&text.zh, &text.en],
            Language::En => [&text.en, &text.zh],
        };
        let mut sides: Vec<&str> = order
            .into_iter()
            .map(|side| side.trim())
            .filter(|s| !s.is_empty())
            .collect();
        sides.dedup();
        sides.truncate(if self.language == Language::Bilingual {
            2
        } else {
            1
        });
        sides
            .into_iter()
            .map(|side| self.cleaner.clean(side, max_chars))
            .collect()
    }
}

/// The nodes of a forest in reading order with their depth, bounded in number and depth.
struct Flattened<'r> {
    printed: Vec<(usize, &'r Reason)>,
    left_out: usize,
}

fn flattened(forest: &[Reason]) -> Flattened<'_> {
    let mut flat = Flattened {
        printed: Vec::new(),
        left_out: 0,
    };
    // A stack of its own, not recursion: the depth comes from outside.
    let mut waiting: Vec<(usize, &Reason)> = forest.iter().rev().map(|reason| (0, reason)).collect();
    while let Some((depth, reason)) = waiting.pop() {
        if depth < limits::MAX_REASON_DEPTH && flat.printed.len() < limits::MAX_REASONS {
            flat.printed.push((depth, reason));
        } else {
            flat.left_out += 1;
        }
        waiting.extend(reason.children.iter().rev().map(|child| (depth + 1, child)));
    }
    flat
}

fn segment(segment: Segment) -> Value {
    let at = |value: u64| position(value, segment.unit);
    let side = |[from, to]: [u64; 2], rows: Option<[u64; 2]>| match rows {
        None => [at(from), at(to)],
        // An area by two of its corners.
        Some([upper, lower]) => [
            format!("({}, {})", at(from), at(upper)),
            format!("({}, {})", at(to), at(lower)),
        ],
    };
    json!({
        "suspect": side(segment.suspect, segment.rows.map(|rows| rows.suspect)),
        "work": side(segment.work, segment.rows.map(|rows| rows.work)),
        "unit": segment.unit,
    })
}

fn length(length: Length) -> Value {
    json!({ "value": position(length.value, length.unit), "unit": length.unit })
}

/// A position as people read it: a time as `mm:ss.mmm`, anything else as a grouped number.
fn position(value: u64, unit: Unit) -> String {
    match unit {
        Unit::Ms => clock_time(value),
        Unit::Char | Unit::Line | Unit::Px => grouped(i64::try_from(value).unwrap_or(i64::MAX)),
    }
}

/// `mm:ss.mmm`, or `h:mm:ss.mmm` from one hour on.
fn clock_time(ms: u64) -> String {
    let (hours, minutes, seconds, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}.{rest:03}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}.{rest:03}")
    }
}

/// A whole number with thousands commas.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A finite number with so many decimals; `None` for what is no number.
fn decimals(value: Option<f64>, places: usize) -> Option<String> {
    value
        .filter(|v| v.is_finite() && v.abs() < 1e12)
        .map(|v| format!("{v:.places$}"))
}

/// The smallest number that is told; it stands for all below it.
const SMALLEST: f64 = 1e-300;

/// A number as `1.0E-90`; zero is what has become too small for a double.
fn scientific(value: f64) -> Option<String> {
    if value == 0.0 {
        return Some("< 1E-300".to_owned());
    }
    if value > 0.0 && value <= SMALLEST {
        return Some("≤ 1E-300".to_owned());
    }
    value.is_finite().then(|| format!("{value:.1E}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_reads_as_two_corners() {
        let area = Segment {
            suspect: [10, 1_300],
            work: [0, 640],
            unit: Unit::Px,
            rows: Some(crate::dossier::Rows {
                suspect: [20, 900],
                work: [0, 480],
            }),
        };
        let printed = segment(area);
        assert_eq!(printed["suspect"], json!(["(10, 20)", "(1,300, 900)"]));
        assert_eq!(printed["work"], json!(["(0, 0)", "(640, 480)"]));
    }

    #[test]
    fn positions_read_as_times_and_grouped_numbers() {
        assert_eq!(position(0, Unit::Ms), "00:00.000");
        assert_eq!(position(61_009, Unit::Ms), "01:01.009");
        assert_eq!(position(36_000_000, Unit::Ms), "10:00:00.000");
        assert_eq!(position(1_234_567, Unit::Char), "1,234,567");
        assert_eq!(grouped(-30_000_000), "-30,000,000");
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn figures_that_are_no_numbers_are_left_out() {
        assert_eq!(decimals(Some(412.74), 1).as_deref(), Some("412.7"));
        assert_eq!(decimals(Some(f64::NAN), 1), None);
        assert_eq!(decimals(Some(f64::INFINITY), 1), None);
        assert_eq!(scientific(1e-90).as_deref(), Some("1.0E-90"));
        assert_eq!(scientific(0.0).as_deref(), Some("< 1E-300"));
        assert_eq!(scientific(f64::NAN), None);
    }
}
