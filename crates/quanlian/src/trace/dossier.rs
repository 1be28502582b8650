//! The dossier's contents: what was found and assessed, laid out as the paper shows it.
//!
//! In:  the report of a run, the case file, the rule book, the log.
//! Out: [`Dossier`], plain data for `quanlian-document`.
//!
//! Invariant: nothing is worked out here. A figure stands in the report before it stands on paper.

mod assessment;
mod facts;
mod findings;
mod glance;
mod penalty;
mod spread;
mod transfer;

use quanlian_case::case_file::CaseFile;
use quanlian_document::dossier::{self as doc, Dossier, Text};
use quanlian_evidence::vault::Vault;
use quanlian_law::{Amount, Reason, ReasonKind, RuleBook, Truth};
use quanlian_record::{
    id::DossierId,
    money::Fen,
    time::{Day, Timestamp},
};

use super::{CopiedWork, Report};
use crate::message::{Language, Messages};

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
        spread: filler.spread(),
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

struct Filler<'a> {
    report: &'a Report,
    case: &'a CaseFile,
    book: &'a RuleBook,
    words: Words,
    /// The day on which the paper is made.
    today: Day,
}

fn cited(citation: Option<&quanlian_law::Text>) -> Text {
    citation.map(text).unwrap_or_default()
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

fn text(of_law: &quanlian_law::Text) -> Text {
    Text::new(of_law.zh.clone(), of_law.en.clone())
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
