//! Running the examples of rule files on damages, punitive damages and administrative fines.
//!
//! In:  `[[example]]` with `given` (facts, and the words of the sheet) and `then`.
//! Out: nothing, or what differs from the file.
//!
//! Invariant: a name that nobody answers is a failure, never skipped.

use std::collections::BTreeMap;

use quanlian_record::{
    money::Fen,
    time::{Day, parse_day},
};
use serde::Serialize;

use super::{
    administrative_fine,
    answer::{DamagesAnswer, LawResult},
    damages,
    fine::AdministrativeFineAnswer,
    rule::Method,
    sheet::{Claim, DamagesSheet, FineSheet, Multiple},
};
use crate::{
    check::{number, printed},
    facts::{Conduct, FactValue, Statement},
    load::Parsed,
    penalty::FenRange,
    rule::{Amount, Body, Example, ExampleValue, Kind, Rule},
    vocabulary::FactKind,
};

/// What an example is compared with.
enum Answered {
    Damages(Box<(DamagesAnswer, LawResult)>),
    Fine(Box<AdministrativeFineAnswer>),
}

impl Answered {
    fn of(&self, name: &str) -> Option<String> {
        match self {
            Self::Damages(both) => of_damages(&both.0, &both.1, name),
            Self::Fine(answer) => of_fine(answer, name),
        }
    }
}

/// Runs one example of a rule of these kinds.
pub(crate) fn run_example(law: &Parsed, rule: &Rule, example: &Example) -> Result<(), String> {
    let on = example.on;
    let days = example
        .conduct
        .or(on.map(|on| (on, on)))
        .ok_or("give `on`, or `conduct` and `judged_on`")?;
    let judged_on = example.judged_on.or(on).ok_or("give `on` or `judged_on`")?;
    let conduct = Conduct {
        from: Some(days.0),
        to: Some(days.1),
    };
    let answer = if rule.kind == Kind::AdministrativeFine {
        Answered::Fine(Box::new(run_fine(law, rule, example, conduct, judged_on)?))
    } else {
        let answer = run_damages(law, rule, example, conduct, judged_on)?;
        let result = law_of(rule, &answer)?;
        Answered::Damages(Box::new((answer, result)))
    };
    for (name, wanted) in &example.then {
        let got = answer
            .of(name)
            .ok_or_else(|| format!("`{name}` is not something that an example can ask, or there is none"))?;
        if got != printed(wanted) {
            return Err(format!("`{name}` is {got}, the file says {}", printed(wanted)));
        }
    }
    Ok(())
}

fn text_of(given: &BTreeMap<String, ExampleValue>, name: &str) -> Option<String> {
    given.get(name).map(printed)
}

fn day_of(given: &BTreeMap<String, ExampleValue>, name: &str) -> Result<Option<Day>, String> {
    let Some(text) = text_of(given, name) else {
        return Ok(None);
    };
    parse_day(&text)
        .map(Some)
        .map_err(|error| format!("`{name}`: {error}"))
}

/// The statements among `given`: everything that is not a word of the sheet.
fn statements(
    law: &Parsed,
    given: &BTreeMap<String, ExampleValue>,
    words: &[&str],
) -> Result<Vec<Statement>, String> {
    let facts = given.iter().filter(|(name, _)| !words.contains(&name.as_str()));
    facts
        .map(|(name, value)| {
            let mut statement = Statement {
                name: name.clone(),
                ..Statement::default()
            };
            match (law.facts.get(name).map(|fact| fact.kind), value) {
                (Some(FactKind::Money), value) => statement.fen = Some(number(value, Amount::Fen(0))?),
                (Some(FactKind::Count), value) => statement.count = Some(number(value, Amount::Count(0))?),
                (_, ExampleValue::Flag(flag)) => statement.value = Some(FactValue::Flag(*flag)),
                (_, other) => statement.value = Some(FactValue::Text(printed(other))),
            }
            Ok(statement)
        })
        .collect()
}

const DAMAGES_WORDS: &[&str] = &[
    "right",
    "place",
    "filed_on",
    "debate_ended_on",
    "claim_total",
    "claim_multiple",
    "claim_method",
    "claim_made_on",
];

fn run_damages(
    law: &Parsed,
    rule: &Rule,
    example: &Example,
    conduct: Conduct,
    judged_on: Day,
) -> Result<DamagesAnswer, String> {
    let given = &example.given;
    let first_right = rule.versions.iter().find_map(|version| match &version.body {
        Body::Damages(body) => body.rights.first().copied(),
        _ => None,
    });
    let right = text_of(given, "right").or(first_right.map(|right| right.word().to_owned()));
    let total_fen = given
        .get("claim_total")
        .map(|value| number(value, Amount::Fen(0)))
        .transpose()?;
    let json = |name: &str| text_of(given, name).map(serde_json::Value::String);
    let read = |name: &'static str| move |error: serde_json::Error| format!("`{name}`: {error}");
    let multiple = json("claim_multiple")
        .map(serde_json::from_value::<Multiple>)
        .transpose();
    let method = json("claim_method")
        .map(serde_json::from_value::<Method>)
        .transpose();
    let claim = Claim {
        total_fen,
        punitive_multiple: multiple.map_err(read("claim_multiple"))?,
        method: method.map_err(read("claim_method"))?,
        made_on: day_of(given, "claim_made_on")?,
        reasons: None,
    };
    let sheet = DamagesSheet {
        right: right.ok_or("give `right`")?,
        infringement: Some(conduct),
        filed_on: day_of(given, "filed_on")?,
        first_instance_debate_ended_on: day_of(given, "debate_ended_on")?,
        judged_on: Some(judged_on),
        place: text_of(given, "place"),
        facts: statements(law, given, DAMAGES_WORDS)?,
        claim: (claim != Claim::default()).then_some(claim),
        ..DamagesSheet::default()
    };
    damages(law, &sheet, judged_on).map_err(|error| error.to_string())
}

/// The result of the law that the example stands with; for a rule that computes nothing alone, of the law that governs.
fn law_of(rule: &Rule, answer: &DamagesAnswer) -> Result<LawResult, String> {
    let is_of_rule = |result: &&LawResult| {
        result.law.rule == rule.id
            || result
                .overlay
                .as_ref()
                .is_some_and(|overlay| overlay.rule == rule.id)
    };
    let last = |found: &mut dyn Iterator<Item = &LawResult>| found.last().cloned();
    last(&mut answer.laws.iter().filter(is_of_rule))
        .or_else(|| {
            last(
                &mut answer
                    .laws
                    .iter()
                    .filter(|result| result.governs != super::Governs::No),
            )
        })
        .ok_or_else(|| "no law in the rule book measures this".to_owned())
}

/// The word by which a value is known in JSON.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn yuan(fen: i64) -> String {
    let text = Fen(fen).to_yuan_string();
    text.trim_end_matches(".00").replace(',', "")
}

fn end_of(range: Option<FenRange>, high: bool) -> Option<String> {
    let range = range?;
    if high {
        Some(range.at_most_fen.map_or_else(|| "open".to_owned(), yuan))
    } else {
        Some(yuan(range.at_least_fen))
    }
}

fn of_damages(answer: &DamagesAnswer, result: &LawResult, name: &str) -> Option<String> {
    let punitive = result.punitive.last();
    if let Some((head, end)) = name
        .rsplit_once('_')
        .filter(|(_, end)| ["low", "high"].contains(end))
    {
        let high = end == "high";
        let range = match head {
            "total" => answer.total,
            "damages" => result.damages,
            "statutory" => result.statutory.as_ref().map(|statutory| statutory.range),
            "base" => punitive.and_then(|punitive| punitive.base),
            "licence_value" => answer.licence_value.as_ref().and_then(|value| value.range),
            "multiple" => {
                let ends = punitive?.multiple_hundredths?;
                return Some(super::punitive::hundredths_text(ends[usize::from(high)]));
            }
            id => {
                let method = result.methods.iter().find(|method| method.method.word() == id);
                let reading = result.readings.iter().find(|reading| reading.id.ends_with(id));
                method
                    .and_then(|method| method.amount)
                    .or(reading.map(|reading| reading.total))
            }
        };
        return end_of(range, high);
    }
    match name {
        "preferred" => Some(
            result
                .preferred
                .iter()
                .map(|method| method.word())
                .collect::<Vec<_>>()
                .join(" "),
        ),
        "provisional" => Some(result.provisional.to_string()),
        "governs" => word(&result.governs),
        "laws" => Some(answer.laws.len().to_string()),
        "readings" => Some(result.readings.len().to_string()),
        "choice_required" => Some(answer.choice_required.to_string()),
        "missing_first" => answer.missing.first().map(|missing| missing.fact.clone()),
        "statutory" => result
            .statutory
            .as_ref()
            .and_then(|statutory| word(&statutory.state)),
        "costs" => result.costs.mode.as_ref().map_or(Some("silent".to_owned()), word),
        "punitive" => punitive.and_then(|punitive| word(&punitive.state)),
        "intent" => punitive?.intent.as_ref().and_then(|finding| word(&finding.state)),
        "gravity" => punitive?
            .gravity
            .as_ref()
            .and_then(|finding| word(&finding.state)),
        "prior_fines" => punitive?.prior_fines.as_ref().and_then(word),
        "claim" => answer
            .claim
            .as_ref()?
            .distances
            .first()
            .and_then(|distance| word(&distance.kind)),
        "claim_by" => answer
            .claim
            .as_ref()?
            .distances
            .first()
            .map(|distance| yuan(distance.by_fen)),
        id => {
            let method = result.methods.iter().find(|method| method.method.word() == id);
            method.and_then(|method| word(&method.state))
        }
    }
}

const FINE_WORDS: &[&str] = &["act", "place"];

fn run_fine(
    law: &Parsed,
    rule: &Rule,
    example: &Example,
    conduct: Conduct,
    decided_on: Day,
) -> Result<AdministrativeFineAnswer, String> {
    let given = &example.given;
    let body = rule.versions.iter().find_map(|version| match &version.body {
        Body::AdministrativeFine(body) => Some(body),
        _ => None,
    });
    let own = body.map(|body| (body.act.clone(), body.place.clone()));
    let (act, place) = own.unwrap_or_default();
    let sheet = FineSheet {
        act: text_of(given, "act").unwrap_or(act),
        conduct: Some(conduct),
        decided_on: Some(decided_on),
        place: text_of(given, "place").or(place),
        facts: statements(law, given, FINE_WORDS)?,
    };
    administrative_fine(law, &sheet, decided_on).map_err(|error| error.to_string())
}

fn of_fine(answer: &AdministrativeFineAnswer, name: &str) -> Option<String> {
    let governing = answer.rule_sets.iter().find(|set| set.governs == Some(true));
    let set = governing.or(answer.rule_sets.last())?;
    match name {
        "fine_low" => end_of(set.range, false),
        "fine_high" => end_of(set.range, true),
        "state" => word(&set.state),
        "branches" => Some(
            set.branches
                .iter()
                .map(|branch| branch.branch)
                .collect::<Vec<_>>()
                .join(" "),
        ),
        "governs" => governing.map(|set| set.rule.version.to_string()),
        "rule_sets" => Some(answer.rule_sets.len().to_string()),
        "choice_required" => Some(answer.choice_required.to_string()),
        "missing_first" => answer.missing.first().cloned(),
        _ => None,
    }
}
