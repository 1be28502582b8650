//! What was found: parties, copied works, matches, and their place in the log.
//!
//! In:  the report of a run, the header of the case file, the log.
//! Out: the parts of the dossier that name people, files and leaves.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_document::dossier::{self as doc, Text};
use quanlian_evidence::vault::Vault;
use quanlian_match::{MatchSegment, Medium, Unit};

use super::{CopiedWork, Filler};
use crate::{command::matching, evidence::Exhibit};

impl Filler<'_> {
    pub(super) fn parties(&self) -> Vec<doc::Party> {
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
    pub(super) fn counts_plays(&self) -> bool {
        let asked = self.book.facts_of(&self.report.assessment.offence, None);
        asked.iter().any(|fact| fact.name == "actual_clicks")
    }

    /// The works that were copied; the index may hold many more.
    pub(super) fn works(&self) -> Vec<doc::Work> {
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

    pub(super) fn matches(&self) -> Vec<doc::Match> {
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
            remark: self.film_remark(m),
            null_model: self.null_model(m),
        };
        self.report.matches.iter().map(line).collect()
    }

    /// How a film was shown and what carries its match.
    fn film_remark(&self, found: &quanlian_match::Match) -> Text {
        let in_language = |messages| {
            let remark = matching::film_remark(messages, found);
            // Said after the figures of a line elsewhere; here it stands alone.
            remark.trim_start_matches([',', '，', ' ']).to_owned()
        };
        Text::new(in_language(&self.words.zh), in_language(&self.words.en))
    }

    /// The null model behind the E-value.
    fn null_model(&self, found: &quanlian_match::Match) -> Text {
        let model = found.null_model.as_ref();
        let in_language =
            |messages| model.map_or_else(String::new, |model| matching::null_model(messages, model));
        Text::new(in_language(&self.words.zh), in_language(&self.words.en))
    }

    pub(super) fn log_proof(&self, vault: &Vault) -> doc::LogProof {
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
}

fn medium(of_match: Medium) -> doc::Medium {
    match of_match {
        Medium::Text => doc::Medium::Text,
        Medium::Image => doc::Medium::Image,
        Medium::Video => doc::Medium::Video,
        Medium::Code => doc::Medium::Code,
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
        Unit::Line => doc::Unit::Line,
        _ => doc::Unit::Char,
    }
}
