//! What a licence of a trade secret would have cost (虚拟许可使用费).
//!
//! In:  licences that were granted, the income approach, the cost of research.
//! Out: [`LicenceValue`]: every input with its own amount, and the range that they span.
//!
//! Invariant: never one point from one input. Inputs are shown apart and not averaged; a licence
//! that was never performed, or of another kind, is shown and not counted.
//!
//! Not here: which weight a court gives to an input (法释〔2020〕7号第二十条), and the loss of the crime.

use quanlian_record::time::Day;

use super::{
    amount::{Ratio, fen_range, hull},
    answer::{LicenceInput, LicenceValue},
    method::{money_interval, product},
    rule::LicenceFacts,
    sheet::{ComparableLicence, DamagesError, IncomeInputs, LicenceInputs},
};
use crate::{
    facts::Known,
    interval::{Interval, Truth},
    load::Parsed,
    text::{Text, key},
};

/// Fewer inputs cannot confirm each other.
const FEWEST_INPUTS: usize = 2;

pub(super) fn licence_value(
    law: &Parsed,
    inputs: &LicenceInputs,
    known: &Known,
    facts: &LicenceFacts,
    (from, to): (Day, Day),
) -> Result<LicenceValue, DamagesError> {
    // Both days count: an infringement of one day used the secret for one day.
    let days = i128::from(from.until(to).map_or(0, |span| span.get_days())) + 1;
    let mut found = Vec::new();
    for licence in &inputs.comparable_licences {
        found.push(comparable(law, inputs, licence, days)?);
    }
    if let Some(income) = &inputs.income {
        found.push(by_income(law, income, days)?);
    }
    if known.is_stated(&facts.cost) {
        found.push(by_cost(law, known, facts));
    }
    let counted: Vec<Interval> = found
        .iter()
        .filter(|input| input.counted)
        .map(amount_of)
        .collect();
    let range = hull(counted.iter().copied()).filter(|_| counted.len() >= FEWEST_INPUTS);
    let mut lacking = Vec::new();
    if inputs.comparable_licences.is_empty() {
        lacking.push("licence_value.comparable_licences".to_owned());
    }
    if inputs.income.is_none() {
        lacking.push("licence_value.income".to_owned());
    }
    if !known.is_stated(&facts.cost) {
        lacking.push(facts.cost.clone());
    }
    let shown = range.map(|range| money_interval(law, range)).unwrap_or_default();
    let count = Text::same(counted.len().to_string());
    let message = if range.is_some() {
        key::DAMAGES_LICENCE_RANGE
    } else {
        key::DAMAGES_LICENCE_TOO_FEW
    };
    Ok(LicenceValue {
        range: range.map(fen_range),
        inputs: found,
        lacking,
        text: law.messages.say(message, &[("range", &shown), ("count", &count)]),
    })
}

fn amount_of(input: &LicenceInput) -> Interval {
    Interval {
        low: input.amount.at_least_fen,
        high: input.amount.at_most_fen,
    }
}

/// The fee of a term, in proportion to the days of the infringement.
fn comparable(
    law: &Parsed,
    inputs: &LicenceInputs,
    licence: &ComparableLicence,
    days: i128,
) -> Result<LicenceInput, DamagesError> {
    let fee = Interval::exact(licence.fen);
    let (amount, message) = match licence.term_months {
        Some(months) => {
            let ratio = Ratio::new(days * 12, i128::from(months) * 365);
            (
                product("licence_value", fee, ratio, ratio)?,
                key::DAMAGES_LICENCE_PRO_RATA,
            )
        }
        None => (fee, key::DAMAGES_LICENCE_WHOLE),
    };
    let other_kind = inputs.exclusivity.is_some() && licence.exclusivity != inputs.exclusivity;
    let unperformed = licence.performed == Some(false);
    let mut text = law.messages.say(
        message,
        &[
            ("fee", &law.money(licence.fen)),
            (
                "months",
                &Text::same(
                    licence
                        .term_months
                        .map(|months| months.to_string())
                        .unwrap_or_default(),
                ),
            ),
            ("days", &Text::same(days.to_string())),
            ("amount", &money_interval(law, amount)),
        ],
    );
    for (applies, key) in [
        (unperformed, key::DAMAGES_LICENCE_UNPERFORMED),
        (other_kind, key::DAMAGES_LICENCE_OTHER_KIND),
    ] {
        if applies {
            text.append(&law.messages.say(key, &[]));
        }
    }
    Ok(LicenceInput {
        method: "comparable_licence",
        name: licence.name.clone(),
        amount: fen_range(amount),
        counted: !unperformed && !other_kind,
        text,
        evidence: licence.evidence.clone(),
        stated_by: licence.stated_by.iter().cloned().collect(),
    })
}

/// Income of the days of the infringement, times the share of the secret; not discounted.
fn by_income(law: &Parsed, income: &IncomeInputs, days: i128) -> Result<LicenceInput, DamagesError> {
    let yearly = Interval {
        low: income.at_least_fen_per_year,
        high: Some(income.at_most_fen_per_year),
    };
    let part = |percent: i64| Ratio::new(days * i128::from(percent), 365 * 100);
    let [low, high] = [income.at_least_share_percent, income.at_most_share_percent];
    let amount = product("licence_value", yearly, part(low), part(high))?;
    let text = law.messages.say(
        key::DAMAGES_LICENCE_INCOME,
        &[
            ("yearly", &money_interval(law, yearly)),
            ("low", &Text::same(low.to_string())),
            ("high", &Text::same(high.to_string())),
            ("days", &Text::same(days.to_string())),
            ("amount", &money_interval(law, amount)),
        ],
    );
    Ok(LicenceInput {
        method: "income",
        name: String::new(),
        amount: fen_range(amount),
        counted: true,
        text,
        evidence: income.evidence.clone(),
        stated_by: income.stated_by.iter().cloned().collect(),
    })
}

/// The cost of research tells what the secret is worth once it is lost; before, it only checks the other inputs.
fn by_cost(law: &Parsed, known: &Known, facts: &LicenceFacts) -> LicenceInput {
    let cost = known.interval(&facts.cost);
    let lost = known.flag(&facts.lost, &law.facts).0 == Truth::Met;
    let message = if lost {
        key::DAMAGES_LICENCE_COST_LOST
    } else {
        key::DAMAGES_LICENCE_COST_CHECK
    };
    let (evidence, stated_by) = known.evidence(&facts.cost);
    LicenceInput {
        method: "research_cost",
        name: facts.cost.clone(),
        amount: fen_range(cost),
        counted: lost,
        text: law
            .messages
            .say(message, &[("amount", &money_interval(law, cost))]),
        evidence,
        stated_by,
    }
}
