//! The matches of source code as SARIF 2.1.0 (OASIS), for viewers and review tools that read it.
//!
//! In:  a [`Comparison`] and where its files lie.
//! Out: one JSON document: a result for every stretch, with the stretch of the work beside it.
//!
//! Invariants: at most [`MAX_RESULTS`] results, and the run says how many there are in all; only stretches that count
//! lines are results; the same comparison gives the same bytes. Nothing of a file's content is in it.
//!
//! Not here: other media, which SARIF has no regions for (`--report`, `--json`).

use std::collections::BTreeMap;

use quanlian_match::{Match, MatchSegment, Unit};
use serde_json::{Value, json};

use super::{Comparison, Read};
use crate::message::Messages;

/// The most results of one document.
const MAX_RESULTS: usize = 20_000;
/// The schema that the document says it follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const RULE: &str = "code-match";
const RULE_POINT: &str = "secret-point";

/// The document.
pub(super) fn of(comparison: &Comparison, messages: &Messages) -> Value {
    let lines = |found: &Match| -> Vec<Value> {
        let of_code = found
            .segments
            .iter()
            .filter(|segment| segment.unit() == Unit::Line);
        of_code
            .filter_map(|segment| result(comparison, found, segment, messages))
            .collect()
    };
    let count: usize = (comparison.matches.iter().flat_map(|found| &found.segments))
        .filter(|segment| segment.unit() == Unit::Line)
        .count();
    let results: Vec<Value> = comparison
        .matches
        .iter()
        .flat_map(lines)
        .take(MAX_RESULTS)
        .collect();
    let rule = |id: &str, key: &str| json!({"id": id, "shortDescription": {"text": messages.text(key)}, "defaultConfiguration": {"level": "warning"}});
    let remarks: Vec<Value> = (comparison.remarks.iter().take(MAX_RESULTS))
        .map(|note| {
            let said = crate::output::reason(messages, &note.code, &note.message);
            json!({"level": "warning", "message": {"text": format!("{}: {said}", note.subject)},
                "descriptor": {"id": note.code}})
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "quanlian",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": [rule(RULE, "compare.sarif_rule"), rule(RULE_POINT, "compare.sarif_rule_point")],
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts(comparison),
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": remarks}],
            "results": results,
            "properties": {"resultsInAll": count, "resultsShown": results.len()},
        }],
    })
}

/// Every file once: SARIF allows no two that are alike.
fn artifacts(comparison: &Comparison) -> Vec<Value> {
    let files = comparison.suspects_read.iter().chain(&comparison.works_read);
    let files: BTreeMap<(&str, &str), &Read> = files
        .map(|read| ((read.name.as_str(), read.sha256.as_str()), read))
        .collect();
    files.into_values().map(artifact).collect()
}

fn artifact(read: &Read) -> Value {
    json!({"location": {"uri": uri(&read.name)}, "hashes": {"sha-256": read.sha256}})
}

fn result(
    comparison: &Comparison,
    found: &Match,
    segment: &MatchSegment,
    messages: &Messages,
) -> Option<Value> {
    let (work, suspect) = (region(segment.work())?, region(segment.suspect())?);
    let points = points(comparison, found, segment);
    let blanks = [
        ("work", found.work.clone()),
        ("bits", format!("{:.1}", found.score_bits)),
        ("e_value", quanlian_match::score::e_value_in_words(found.e_value)),
        ("identity", format!("{:.0}", 100.0 * found.identity)),
        ("points", points.join(", ")),
    ];
    let (rule, key) = if points.is_empty() {
        (RULE, "compare.sarif_match")
    } else {
        (RULE_POINT, "compare.sarif_point")
    };
    let location = |name: &str, region: &Value| json!({"physicalLocation": {"artifactLocation": {"uri": uri(name)}, "region": region}});
    let mut of_work = location(&found.work, &work);
    of_work["id"] = json!(1);
    of_work["message"] = json!({"text": messages.text("compare.page_work")});
    Some(json!({
        "ruleId": rule,
        "level": "warning",
        "message": {"text": messages.get(key, &blanks)},
        "locations": [location(&found.suspect, &suspect)],
        "relatedLocations": [of_work],
        "properties": {
            "scoreBits": found.score_bits,
            "eValue": found.e_value,
            "identity": found.identity,
            "points": points,
        },
    }))
}

/// The points that this stretch touches.
fn points(comparison: &Comparison, found: &Match, segment: &MatchSegment) -> Vec<String> {
    let mut ids = Vec::new();
    let touches = comparison.secrets.iter().flat_map(|secrets| &secrets.touches);
    for touch in touches.filter(|touch| touch.suspect == found.suspect) {
        let stretch = segment.suspect();
        let is_here = |in_suspect: &[u64; 2]| in_suspect.as_slice() == stretch;
        if touch
            .places
            .iter()
            .any(|place| place.in_suspect.as_ref().is_some_and(is_here))
        {
            ids.push(touch.point.to_string());
        }
    }
    ids
}

/// Lines as SARIF counts them: from 1, the last one included.
fn region(lines: &[u64]) -> Option<Value> {
    match *lines {
        [from, end] if from >= 1 && end > from => Some(json!({"startLine": from, "endLine": end - 1})),
        _ => None,
    }
}

/// A name as a relative address (RFC 3986): what has a meaning there is written in hexadecimal.
fn uri(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(name.len());
    for byte in name.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte as char);
            }
            _ => drop(write!(out, "%{byte:02X}")), // writing to a string cannot fail
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_address_and_lines_count_from_one_to_the_last() {
        assert_eq!(uri("网盘/a b#1:?.v"), "%E7%BD%91%E7%9B%98/a%20b%231%3A%3F.v");
        assert_eq!(uri("//host/x"), "host/x");
        assert_eq!(region(&[3, 7]), Some(json!({"startLine": 3, "endLine": 6})));
        assert_eq!(
            (region(&[0, 7]), region(&[5, 5]), region(&[1, 2, 3, 4])),
            (None, None, None)
        );
    }
}
