//! The appendix of an expert opinion: from a comparison to the paper.
//!
//! In:  a [`Comparison`] with its bytes in JSON, and how it was asked for.
//! Out: the bytes of a PDF.
//!
//! Invariant: every sentence comes from the catalogues that the other reports use, in both languages.
//!
//! Not here: how the paper is set (`quanlian-document`).

use std::collections::BTreeSet;

use anyhow::Context as _;
use quanlian_document::{
    Appendix, Fonts,
    appendix::{ErrorRate, Found, Input, Remark, TouchedPoint},
    dossier::{Language as PaperText, Text},
    render_appendix,
};
use quanlian_match::{
    FilterReason, Match, Medium, Unit,
    calibration::{NullModel, error_rates},
};
use quanlian_record::time::Timestamp;
use quanlian_right::secret::{checklist::Checklist, touched::Touch};
use sha2::{Digest as _, Sha256};

use super::{Comparison, Read};
use crate::{
    cli::{Compare as Arguments, PaperLanguage},
    command::{
        index::medium_key,
        matching,
        secret::touching::{self, Secrets},
    },
    fault::{Blame, Fault},
    message::{Language, Messages},
    output::reason,
};

/// The paper on a comparison, as of `at`.
pub(super) fn of(
    comparison: &Comparison,
    arguments: &Arguments,
    max_e_value: f64,
    at: Timestamp,
) -> Result<Vec<u8>, Fault> {
    // As `--json` prints it, so that the digest can be checked with any tool.
    let mut json = serde_json::to_vec_pretty(comparison)
        .map_err(anyhow::Error::from)
        .system()?;
    json.push(b'\n');
    let words = Words {
        zh: Messages::of(Language::Zh),
        en: Messages::of(Language::En),
    };
    let media: BTreeSet<Medium> = (comparison.suspects_read.iter())
        .map(|file| file.medium)
        .collect();
    let mut matches: Vec<&Match> = comparison.matches.iter().collect();
    matches.sort_by(|a, b| b.score_bits.total_cmp(&a.score_bits));
    let appendix = Appendix {
        language: match arguments.paper_language {
            PaperLanguage::Zh => PaperText::Zh,
            PaperLanguage::En => PaperText::En,
            PaperLanguage::Both => PaperText::Bilingual,
        },
        result_sha256: hex::encode(Sha256::digest(&json)),
        case_number: arguments.case_number.clone(),
        agency: arguments.agency.clone(),
        works: comparison.works.clone(),
        suspects: comparison.suspects.clone(),
        background: comparison.background.clone(),
        parameters: words.parameters(arguments, max_e_value),
        models: (comparison.judged_by.iter())
            .map(|model| words.model(model))
            .collect(),
        error_rates: media
            .iter()
            .flat_map(|medium| words.error_rates(*medium))
            .collect(),
        matches: comparison
            .matches
            .iter()
            .map(|found| words.found(found))
            .collect(),
        points: (comparison.secrets.as_ref()).map(|secrets| {
            secrets
                .touches
                .iter()
                .map(|touch| words.point(secrets, touch))
                .collect()
        }),
        to_judge: to_judge(),
        works_read: inputs(&comparison.works_read),
        suspects_read: inputs(&comparison.suspects_read),
        remarks: (comparison.remarks.iter())
            .map(|note| Remark {
                subject: note.subject.clone(),
                text: words.each(|messages| reason(messages, &note.code, &note.message)),
            })
            .collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let fonts = Fonts::system().context("the appendix cannot be set").system()?;
    let pdf = render_appendix(&appendix, &fonts, at);
    Ok(pdf.context("the appendix cannot be set").system()?.bytes)
}

/// Both catalogues.
struct Words {
    zh: Messages,
    en: Messages,
}

impl Words {
    fn each(&self, say: impl Fn(&Messages) -> String) -> Text {
        Text::new(say(&self.zh), say(&self.en))
    }

    fn say(&self, key: &str, blanks: &[(&str, String)]) -> Text {
        self.each(|messages| messages.get(key, blanks))
    }

    fn parameters(&self, arguments: &Arguments, max_e_value: f64) -> Vec<Text> {
        let threshold = if arguments.wanted.all {
            self.say("compare.parameter_all", &[])
        } else {
            self.say(
                "compare.parameter_threshold",
                &[("limit", format!("{max_e_value:.1e}"))],
            )
        };
        let archives = if arguments.no_archives {
            "compare.parameter_archives_shut"
        } else {
            "compare.parameter_archives_read"
        };
        let version = [("version", env!("CARGO_PKG_VERSION").to_owned())];
        vec![
            self.say("compare.page_version", &version),
            threshold,
            self.say(archives, &[]),
        ]
    }

    fn model(&self, model: &NullModel) -> Text {
        self.each(|messages| matching::null_model(messages, model))
    }

    fn error_rates(&self, medium: Medium) -> Vec<ErrorRate> {
        let key = format!("medium.{}", medium_key(medium));
        (error_rates(medium).into_iter())
            .map(|rate| ErrorRate {
                what: Text::new(
                    format!("{}：{}", self.zh.text(&key), rate.zh),
                    format!("{}: {}", self.en.text(&key), rate.en),
                ),
                copies: rate.copies,
                found: rate.found,
                non_members: rate.non_members,
                false_positives: rate.false_positives,
                measured_on: rate.measured_on,
                source: rate.page,
            })
            .collect()
    }

    fn found(&self, found: &Match) -> Found {
        let unit = found
            .segments
            .first()
            .map_or(Unit::Char, quanlian_match::MatchSegment::unit);
        let unit_key = match unit {
            Unit::Char => "compare.unit_char",
            Unit::Line => "compare.unit_line",
            Unit::Px => "compare.unit_px",
            _ => "compare.unit_ms",
        };
        let medium = format!("medium.{}", medium_key(found.medium));
        let place = |of: &[u64]| matching::place(unit, of);
        Found {
            suspect: found.suspect.clone(),
            work: found.work.clone(),
            medium: self.say(&medium, &[]),
            score_bits: found.score_bits,
            expected: quanlian_match::score::e_value_in_words(found.e_value),
            identity: found.identity,
            unit: self.say(unit_key, &[]),
            covered: covered(found, unit),
            segments: (found.segments.iter())
                .map(|segment| [place(segment.suspect()), place(segment.work())])
                .collect(),
            filtered: (found.filtered.iter())
                .map(|part| {
                    let why = match part.reason {
                        FilterReason::Background => "compare.page_filtered_background",
                        _ => "compare.page_filtered_better_source",
                    };
                    let said = self.each(|messages| format!("{}: {}", messages.text(why), part.by));
                    (format!("[{}, {})", part.suspect[0], part.suspect[1]), said)
                })
                .collect(),
        }
    }

    fn point(&self, secrets: &Secrets, touch: &Touch) -> TouchedPoint {
        let point = secrets.points.iter().find(|point| point.id == touch.point);
        TouchedPoint {
            id: touch.point.as_str().to_owned(),
            title: point.map(|point| point.title.clone()).unwrap_or_default(),
            suspect: touch.suspect.clone(),
            share: self.each(|messages| touching::share(messages, touch)),
        }
    }
}

/// How much of the suspect and of the work lies inside segments, each place once; `None` for areas.
fn covered(found: &Match, unit: Unit) -> Option<[u64; 2]> {
    let of = |side: fn(&quanlian_match::MatchSegment) -> &[u64]| {
        let mut ranges: Vec<[u64; 2]> = (found.segments.iter())
            .map(|segment| <[u64; 2]>::try_from(side(segment)).ok())
            .collect::<Option<_>>()?;
        ranges.sort_unstable();
        let mut end = 0;
        Some(ranges.iter().fold(0, |sum, &[from, to]| {
            let new = to.saturating_sub(from.max(end));
            end = end.max(to);
            sum + new
        }))
    };
    if unit == Unit::Px {
        return None;
    }
    Some([of(|segment| segment.suspect())?, of(|segment| segment.work())?])
}

/// What the law asks and no comparison answers.
fn to_judge() -> Vec<Text> {
    // The data is part of the program and a test reads it, so an error here cannot reach a user.
    let Ok(checklist) = Checklist::embedded() else {
        return Vec::new();
    };
    (checklist.question.iter())
        .map(|item| {
            Text::new(
                format!("{}（{}）：{}", item.title.zh, item.cite.zh, item.gist.zh),
                format!("{} ({}): {}", item.title.en, item.cite.en, item.gist.en),
            )
        })
        .collect()
}

fn inputs(files: &[Read]) -> Vec<Input> {
    (files.iter())
        .map(|file| Input {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
        })
        .collect()
}
