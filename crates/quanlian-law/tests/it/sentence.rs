//! The frame of a sentence and the judgment beside it; layers of law, certainty, contradictions.

mod certainty;
mod facts;
mod layers;
mod probation;
mod refusals;
mod stories;

use expect_test::Expect;
use quanlian_law::{
    Assessment, FactSheet, Judgment,
    sentence::{Judged, SentenceFrame},
};

use crate::{assess, word};

const GAIN: &str = r#"{"name":"illegal_gain","fen":7200000}"#;
const CLICKS: &str = r#"{"name":"actual_clicks","count":30000000}"#;
const SURRENDER: &str = r#"{"name":"voluntary_surrender","value":true,"evidence":["ev-record"]}"#;

fn frame(answer: &Assessment) -> &SentenceFrame {
    let set = answer.rule_sets.iter().find(|set| set.governs).unwrap();
    set.sentence_frame.as_ref().unwrap()
}

fn flag(name: &str, value: bool) -> String {
    format!(r#"{{"name":"{name}","value":{value}}}"#)
}

fn months(months: i64, probation: Option<i64>, fine_yuan: i64) -> Judgment {
    Judgment {
        months: Some(months),
        probation_months: probation,
        fine_fen: Some(fine_yuan * 100),
        ..Judgment::default()
    }
}

/// Each part of the judgment: what, where it lies, by how much, and the frame.
fn check(sheet: FactSheet, judgment: Judgment, then: Expect) -> Assessment {
    let with = FactSheet {
        judgment: Some(judgment),
        ..sheet
    };
    let answer = assess(&with);
    let lines: Vec<String> = answer
        .deviations
        .iter()
        .map(|deviation| {
            let by = match deviation.by {
                Some(Judged::Months(months)) => format!(" by {months} months"),
                Some(Judged::Fen(fen)) => format!(" by {} yuan", fen / 100),
                _ => String::new(),
            };
            let lower = if deviation.in_lower_band {
                ", next lower band"
            } else {
                ""
            };
            format!(
                "{} {}{by}: {}{lower}",
                word(&deviation.what),
                word(&deviation.state),
                deviation.frame_text.en
            )
        })
        .collect();
    then.assert_eq(&lines.join("\n"));
    answer
}
