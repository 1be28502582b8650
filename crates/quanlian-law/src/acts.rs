//! Acts: what was done on several occasions, and which of their amounts add up (累计计算).
//!
//! In:  the acts of a fact sheet ([`Act`]) and the rule that says what adds up ([`AccumulationRule`]).
//! Out: for each amount the total of the acts that were not dealt with, as bounds; and the
//! conduct that they span.
//!
//! Invariant: an act that was already punished adds nothing. An act that says nothing about an amount
//! leaves its total open upwards. An amount that the rule does not name is at least the largest single one and
//! at most the sum. Flags are never added.
//!
//! Source: 法释〔2004〕19号 art. 12(2), the rule file with the role `accumulation`.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{
        Contradicted, FactSheet, KnownFact, MAX_COUNT, MAX_FEN, MAX_TEXT_BYTES, SheetError, Statement,
        joined_by_name,
    },
    interval::Interval,
    rule::toml_day,
    schema::Date,
    vocabulary::{FactDefinition, FactKind},
};

/// Most acts in a fact sheet.
pub const MAX_ACTS: usize = 1_000;
/// Most statements in all acts of a fact sheet together.
pub const MAX_ACT_STATEMENTS: usize = 10_000;

/// One of several acts (多次行为), with its own amounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub from: Option<Day>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub to: Option<Day>,
    /// Its amounts.
    #[serde(default)]
    pub facts: Vec<Statement>,
    /// When it was dealt with by an administrative decision or a criminal judgment.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub punished_on: Option<Day>,
    /// By whom, or by which decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punished_by: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Act {
    /// Whether it was already dealt with, so that it does not count again.
    pub(crate) fn is_punished(&self) -> bool {
        self.punished_on.is_some() || self.punished_by.is_some()
    }
}

/// Which amounts of acts that were not dealt with add up: `[version.accumulation]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccumulationRule {
    /// The amounts that the text names.
    pub facts: Vec<String>,
}

/// The acts of a fact sheet, read.
#[derive(Debug, Default)]
pub(crate) struct KnownActs {
    /// The acts, in the order of the sheet.
    pub(crate) acts: Vec<KnownAct>,
    /// What the acts that count come to, by fact.
    pub(crate) totals: BTreeMap<String, Total>,
}

/// One act, read.
#[derive(Debug)]
pub(crate) struct KnownAct {
    pub(crate) act: Act,
    pub(crate) facts: BTreeMap<String, KnownFact>,
}

/// What the acts that count come to.
#[derive(Debug)]
pub(crate) struct Total {
    /// Added up.
    pub(crate) together: Interval,
    /// Where it is open whether they add up: at least the largest, at most the sum.
    pub(crate) apart: Interval,
    /// How many acts count.
    pub(crate) counted: usize,
    pub(crate) evidence: Arc<[String]>,
    pub(crate) stated_by: Arc<[String]>,
}

/// Checks the acts and adds up their amounts.
pub(crate) fn read(
    sheet: &FactSheet,
    definitions: &BTreeMap<String, FactDefinition>,
) -> Result<(KnownActs, Contradicted), SheetError> {
    let statements: usize = sheet.acts.iter().map(|act| act.facts.len()).sum();
    if sheet.acts.len() > MAX_ACTS || statements > MAX_ACT_STATEMENTS {
        let (limit, way_out) = if sheet.acts.len() > MAX_ACTS {
            (MAX_ACTS, "join acts that belong together")
        } else {
            (
                MAX_ACT_STATEMENTS,
                "join statements that rest on the same counting",
            )
        };
        return Err(SheetError::TooMany {
            field: "acts".into(),
            limit,
            way_out,
        });
    }
    let mut contradicted = Contradicted::new();
    let mut acts = Vec::new();
    for (index, act) in sheet.acts.iter().enumerate() {
        let field = format!("acts[{index}]");
        check_texts(&field, act)?;
        let (facts, mut own) = joined_by_name(&format!("{field}.facts"), &act.facts, definitions)?;
        for name in facts.keys() {
            let kind = definitions.get(name).map(|definition| definition.kind);
            if matches!(kind, Some(FactKind::Flag | FactKind::Text)) {
                return Err(SheetError::Act {
                    field: format!("{field}.facts"),
                    problem: format!(
                        "`{name}` is not an amount, and only amounts add up; state it in `facts`"
                    ),
                });
            }
        }
        contradicted.append(&mut own);
        acts.push(KnownAct {
            act: act.clone(),
            facts,
        });
    }
    let totals = totals(&acts, definitions);
    Ok((KnownActs { acts, totals }, contradicted))
}

fn check_texts(field: &str, act: &Act) -> Result<(), SheetError> {
    let texts = [("punished_by", &act.punished_by), ("note", &act.note)];
    let long = texts
        .iter()
        .find(|(_, text)| text.as_ref().is_some_and(|t| t.len() > MAX_TEXT_BYTES));
    match long {
        Some((name, _)) => Err(SheetError::TooMany {
            field: format!("{field}.{name} (bytes)"),
            limit: MAX_TEXT_BYTES,
            way_out: "shorten the text",
        }),
        None => Ok(()),
    }
}

fn totals(acts: &[KnownAct], definitions: &BTreeMap<String, FactDefinition>) -> BTreeMap<String, Total> {
    let counted: Vec<&KnownAct> = acts.iter().filter(|known| !known.act.is_punished()).collect();
    let names: BTreeSet<&String> = counted.iter().flat_map(|known| known.facts.keys()).collect();
    let total = |name: &String| {
        let limit = match definitions.get(name).map(|definition| definition.kind) {
            Some(FactKind::Money) => MAX_FEN,
            _ => MAX_COUNT,
        };
        let of_act = |known: &&KnownAct| {
            known
                .facts
                .get(name)
                .map_or(Interval::ANYTHING, |fact| fact.interval)
        };
        let together = counted
            .iter()
            .map(of_act)
            .fold(Interval::exact(0), Interval::plus);
        let largest = counted.iter().map(|known| of_act(known).low).max().unwrap_or(0);
        let stated = || counted.iter().filter_map(|known| known.facts.get(name));
        let evidence: BTreeSet<String> = stated().flat_map(|fact| fact.evidence.iter().cloned()).collect();
        let stated_by: BTreeSet<String> = stated().flat_map(|fact| fact.stated_by.iter().cloned()).collect();
        Total {
            together: together.within(limit),
            apart: Interval {
                low: largest,
                ..together
            }
            .within(limit),
            counted: counted.len(),
            evidence: evidence.into_iter().collect(),
            stated_by: stated_by.into_iter().collect(),
        }
    };
    names
        .into_iter()
        .map(|name| (name.clone(), total(name)))
        .collect()
}

/// The sheet with the conduct that its acts span, where the sheet does not state it.
pub(crate) fn with_conduct(sheet: &FactSheet) -> Cow<'_, FactSheet> {
    let counted = || sheet.acts.iter().filter(|act| !act.is_punished());
    if counted().next().is_none() {
        return Cow::Borrowed(sheet);
    }
    // An act without a date leaves that end open: the span may reach further.
    let first = || {
        counted()
            .map(|act| act.from)
            .collect::<Option<Vec<Day>>>()?
            .into_iter()
            .min()
    };
    let last = || {
        counted()
            .map(|act| act.to)
            .collect::<Option<Vec<Day>>>()?
            .into_iter()
            .max()
    };
    let mut spanned = sheet.clone();
    let mut conduct = sheet.conduct.unwrap_or_default();
    conduct.from = conduct.from.or_else(first);
    conduct.to = conduct.to.or_else(last);
    spanned.conduct = (conduct != crate::facts::Conduct::default()).then_some(conduct);
    Cow::Owned(spanned)
}

/// Checks that the dates of the acts can all be right, and that the conduct covers those that count.
pub(crate) fn check_dates(sheet: &FactSheet, judged_on: Day) -> Result<(), SheetError> {
    let conduct = sheet.conduct.unwrap_or_default();
    for (index, act) in sheet.acts.iter().enumerate() {
        let wrong = |problem: String| {
            Err(SheetError::Act {
                field: format!("acts[{index}]"),
                problem,
            })
        };
        let days = [
            ("from", act.from),
            ("to", act.to),
            ("punished_on", act.punished_on),
        ];
        if let (Some(from), Some(to)) = (act.from, act.to)
            && from > to
        {
            return wrong(format!(
                "it ends on {to} before it begins on {from}; swap them or correct one"
            ));
        }
        if let Some((name, day)) = days
            .iter()
            .find_map(|(name, day)| day.filter(|d| *d > judged_on).map(|d| (name, d)))
        {
            return wrong(format!(
                "`{name}` is {day}, after the judgment on {judged_on}; correct one of them"
            ));
        }
        if let (Some(begun), Some(punished)) = (act.from.or(act.to), act.punished_on)
            && punished < begun
        {
            return wrong(format!(
                "it was punished on {punished}, before it was done on {begun}; correct one of them"
            ));
        }
        if act.is_punished() {
            continue;
        }
        for day in [act.from, act.to].into_iter().flatten() {
            let before = conduct.from.is_some_and(|from| day < from);
            let after = conduct.to.is_some_and(|to| day > to);
            if before || after {
                let open = || "…".to_owned();
                let (from, to) = (
                    conduct.from.map_or_else(open, |d| d.to_string()),
                    conduct.to.map_or_else(open, |d| d.to_string()),
                );
                return wrong(format!(
                    "{day} lies outside the conduct from {from} to {to}; widen `conduct`, or leave it out to take it from the acts"
                ));
            }
        }
    }
    Ok(())
}
