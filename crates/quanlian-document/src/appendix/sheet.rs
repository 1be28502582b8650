//! The sheet of an appendix: bounded, cleaned, in the words and figures that the template sets.
//!
//! In:  an [`Appendix`], of any size and with anything in its strings.
//! Out: one JSON value; its keys are the contract with `templates/appendix.typ`.
//!
//! Invariants: every string has gone through [`Cleaner`]; every list is `{items, more}`.

use quanlian_record::time::Timestamp;
use serde_json::{Value, json};

use super::{Appendix, ErrorRate, Found, Input, MAX_INPUTS};
use crate::{
    dossier::{Language, Text},
    sheet::limits,
    text::Cleaner,
};

pub(super) fn sheet(appendix: &Appendix, cleaner: Cleaner<'_>, at: Timestamp) -> Value {
    let mut writer = Writer {
        cleaner,
        language: appendix.language,
    };
    let case_number = appendix.case_number.clone().unwrap_or_else(|| "—".to_owned());
    let mut data = json!({
        "language": appendix.language,
        "id": writer.name(&appendix.result_sha256),
        "case_number": writer.name(&case_number),
        "case": appendix.case_number.as_ref().map(|number| writer.name(number)),
        "agency": appendix.agency.as_ref().map(|agency| writer.name(agency)),
        "made_at": at.to_local_string(),
        "running": {
            "case_number": writer.cleaner.clean(&case_number, limits::MAX_RUNNING_CHARS),
            "version": writer.cleaner.clean(&appendix.version, limits::MAX_RUNNING_CHARS),
        },
        "works": writer.name(&appendix.works),
        "suspects": writer.name(&appendix.suspects),
        "work_count": appendix.works_read.len().to_string(),
        "suspect_count": appendix.suspects_read.len().to_string(),
        "match_count": appendix.matches.len().to_string(),
        "background": writer.list(&appendix.background, limits::MAX_LINES, |w, path| json!(w.name(path))),
        "parameters": writer.list(&appendix.parameters, limits::MAX_LINES, Writer::text),
        "models": writer.list(&appendix.models, limits::MAX_LINES, Writer::text),
        "error_rates": writer.list(&appendix.error_rates, limits::MAX_LINES, Writer::error_rate),
        "matches": writer.list(&appendix.matches, limits::MAX_MATCHES, Writer::found),
        "points": appendix.points.as_ref().map(|points| writer.list(points, limits::MAX_LINES, |w, point| json!({
            "id": w.name(&point.id),
            "title": w.name(&point.title),
            "suspect": w.name(&point.suspect),
            "share": w.text(&point.share),
        }))),
        "to_judge": writer.list(&appendix.to_judge, limits::MAX_LINES, Writer::text),
        "works_read": writer.list(&appendix.works_read, MAX_INPUTS, Writer::input),
        "suspects_read": writer.list(&appendix.suspects_read, MAX_INPUTS, Writer::input),
        "remarks": writer.list(&appendix.remarks, limits::MAX_LINES, |w, remark| json!({
            "subject": w.name(&remark.subject),
            "text": w.text(&remark.text),
        })),
    });
    data["families"] = json!({
        "serif": writer.cleaner.fonts().serif(),
        "sans": writer.cleaner.fonts().sans(),
        "others": writer.cleaner.other_families(),
    });
    data
}

struct Writer<'f> {
    cleaner: Cleaner<'f>,
    language: Language,
}

impl Writer<'_> {
    fn list<T>(&mut self, items: &[T], limit: usize, mut show: impl FnMut(&mut Self, &T) -> Value) -> Value {
        let shown: Vec<Value> = items.iter().take(limit).map(|item| show(self, item)).collect();
        json!({"items": shown, "more": items.len().saturating_sub(limit)})
    }

    fn name(&mut self, text: &str) -> String {
        self.cleaner.clean(text, limits::MAX_NAME_CHARS)
    }

    /// The languages of the paper, the leading one first.
    fn text(&mut self, text: &Text) -> Value {
        let sides = match self.language {
            Language::Zh => vec![&text.zh],
            Language::En => vec![&text.en],
            Language::Bilingual => vec![&text.zh, &text.en],
        };
        let sides = (sides.into_iter()).map(|side| self.cleaner.clean(side, limits::MAX_SENTENCE_CHARS));
        json!(sides.collect::<Vec<String>>())
    }

    fn error_rate(&mut self, rate: &ErrorRate) -> Value {
        json!({
            "what": self.text(&rate.what),
            "copies": rate.copies.to_string(),
            "missed": percent(rate.copies.saturating_sub(rate.found), rate.copies),
            "non_members": rate.non_members.to_string(),
            "false_positives": rate.false_positives.to_string(),
            "measured_on": self.name(&rate.measured_on),
            "source": self.name(&rate.source),
        })
    }

    fn found(&mut self, found: &Found) -> Value {
        json!({
            "suspect": self.name(&found.suspect),
            "work": self.name(&found.work),
            "medium": self.text(&found.medium),
            "bits": format!("{:.1}", found.score_bits),
            "expected": self.name(&found.expected),
            "identity": format!("{:.1} %", 100.0 * found.identity),
            "unit": self.text(&found.unit),
            "covered": found.covered.map(|sides| sides.map(|count| count.to_string())),
            "segments": self.list(&found.segments, limits::MAX_SEGMENTS_PER_MATCH, |w, [suspect, work]| json!({
                "suspect": w.name(suspect),
                "work": w.name(work),
            })),
            "filtered": self.list(&found.filtered, limits::MAX_PER_LINE, |w, (place, why)| json!({
                "place": w.name(place),
                "why": w.text(why),
            })),
        })
    }

    fn input(&mut self, input: &Input) -> Value {
        json!({"name": self.name(&input.name), "sha256": self.name(&input.sha256)})
    }
}

/// A share in per cent; of nothing there is none.
fn percent(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| format!("{:.2} %", 100.0 * part as f64 / whole as f64))
}
