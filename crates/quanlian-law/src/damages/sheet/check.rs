//! What of a sheet can be checked without any rule: days in order, amounts and sizes in bounds.
//!
//! In:  a sheet as it was read. Out: nothing, or the error that names the field and the way out.

use quanlian_record::time::Day;

use super::{
    Claim, DamagesError, DamagesSheet, Interest, LicenceInputs, MAX_ENTRIES, MAX_MULTIPLE_HUNDREDTHS,
    MAX_RATE_BASIS_POINTS, MAX_TERM_MONTHS, Multiple, Principal, Reasons,
};
use crate::{
    damages::rule::Right,
    facts::{
        Conduct, FactSheet, MAX_EVIDENCE_PER_STATEMENT, MAX_FEN, MAX_STATEMENTS, MAX_TEXT_BYTES, SheetError,
        Statement,
    },
    vocabulary::nearest,
};

/// The right that a sheet names.
pub(in crate::damages) fn right_of(word: &str) -> Result<Right, DamagesError> {
    let words = Right::ALL.map(Right::word);
    Right::ALL
        .into_iter()
        .find(|right| right.word() == word)
        .ok_or_else(|| unknown("right", word, &words))
}

pub(in crate::damages) fn unknown(field: &'static str, found: &str, known: &[&str]) -> DamagesError {
    DamagesError::Unknown {
        field,
        found: found.chars().take(100).collect(),
        near: nearest(found, known.iter().copied()).map(str::to_owned),
        known: known.join(", "),
    }
}

/// The statements as the fact sheet that [`crate::facts::know`] takes.
pub(in crate::damages) fn fact_sheet(facts: &[Statement]) -> FactSheet {
    FactSheet {
        facts: facts.to_vec(),
        ..FactSheet::default()
    }
}

fn dates(field: &'static str, problem: String) -> DamagesError {
    DamagesError::Sheet(SheetError::Dates { field, problem })
}

/// Two days, of which the first must not be later.
fn in_order(
    (first_name, first): (&'static str, Option<Day>),
    (then_name, then): (&'static str, Option<Day>),
) -> Result<(), DamagesError> {
    match (first, then) {
        (Some(first), Some(then)) if first > then => Err(dates(
            then_name,
            format!("{then} is before {first_name} on {first}; correct one of them"),
        )),
        _ => Ok(()),
    }
}

/// Checks that conduct and decision can both be right.
pub(in crate::damages) fn check_conduct(
    names: [&'static str; 3],
    conduct: Conduct,
    decided_on: Day,
) -> Result<(), DamagesError> {
    let [from_name, to_name, decided_name] = names;
    let decided = (decided_name, Some(decided_on));
    in_order((from_name, conduct.from), (to_name, conduct.to))?;
    for (name, day) in [(from_name, conduct.from), (to_name, conduct.to)] {
        if let Some(day) = day.filter(|day| *day > decided_on) {
            let problem = format!(
                "{day} is after {} on {decided_on}; correct one of them",
                decided.0
            );
            return Err(dates(name, problem));
        }
    }
    Ok(())
}

/// Checks everything that needs no rule. Returns the day of judgment.
pub(in crate::damages) fn check(sheet: &DamagesSheet, today: Day) -> Result<Day, DamagesError> {
    let judged_on = sheet.judged_on.unwrap_or(today);
    let conduct = sheet.infringement.unwrap_or_default();
    let judged = ("judged_on", Some(judged_on));
    let filed = ("filed_on", sheet.filed_on);
    let debate = (
        "first_instance_debate_ended_on",
        sheet.first_instance_debate_ended_on,
    );
    check_conduct(
        ["infringement.from", "infringement.to", "judged_on"],
        conduct,
        judged_on,
    )?;
    in_order(("infringement.from", conduct.from), filed)?;
    in_order(filed, debate)?;
    in_order(filed, judged)?;
    in_order(debate, judged)?;
    if let Some(claim) = &sheet.claim {
        check_claim(claim, judged)?;
    }
    check_fines(sheet, conduct, judged)?;
    if let Some(inputs) = &sheet.licence_value {
        check_licences(inputs)?;
    }
    if let Some(interest) = &sheet.interest {
        check_interest(interest)?;
    }
    let chosen = sheet.chosen_reading.iter();
    let chosen =
        chosen.flat_map(|choice| [Some(&choice.id), Some(&choice.reason), choice.chosen_by.as_ref()]);
    texts("chosen_reading", chosen.flatten())?;
    texts("place", &sheet.place)?;
    Ok(judged_on)
}

fn check_claim(claim: &Claim, judged: (&'static str, Option<Day>)) -> Result<(), DamagesError> {
    in_order(("claim.made_on", claim.made_on), judged)?;
    if let Some(total) = claim.total_fen {
        amount("claim.total_fen", total)?;
    }
    let limit = Multiple {
        hundredths: MAX_MULTIPLE_HUNDREDTHS,
    };
    if let Some(multiple) = claim.punitive_multiple
        && !(1..=MAX_MULTIPLE_HUNDREDTHS).contains(&multiple.hundredths)
    {
        return Err(DamagesError::Number {
            field: "claim.punitive_multiple".into(),
            problem: format!("{multiple} is not a multiple; write a number above 0 and up to {limit}"),
        });
    }
    let reasons = claim.reasons.as_ref().map(Reasons::texts).unwrap_or_default();
    if reasons.len() > MAX_ENTRIES {
        return Err(too_many("claim.reasons"));
    }
    texts("claim.reasons", reasons)
}

fn check_fines(
    sheet: &DamagesSheet,
    conduct: Conduct,
    judged: (&'static str, Option<Day>),
) -> Result<(), DamagesError> {
    if sheet.fines_paid.len() > MAX_ENTRIES {
        return Err(too_many("fines_paid"));
    }
    for (index, fine) in sheet.fines_paid.iter().enumerate() {
        amount(&format!("fines_paid[{index}].fen"), fine.fen)?;
        in_order(("fines_paid.paid_on", fine.paid_on), judged)?;
        in_order(
            ("infringement.from", conduct.from),
            ("fines_paid.paid_on", fine.paid_on),
        )?;
        evidence(
            &format!("fines_paid[{index}]"),
            &fine.evidence,
            fine.stated_by.as_ref(),
        )?;
    }
    Ok(())
}

fn check_licences(inputs: &LicenceInputs) -> Result<(), DamagesError> {
    if inputs.comparable_licences.len() > MAX_ENTRIES {
        return Err(too_many("licence_value.comparable_licences"));
    }
    for (index, licence) in inputs.comparable_licences.iter().enumerate() {
        let field = format!("licence_value.comparable_licences[{index}]");
        amount(&format!("{field}.fen"), licence.fen)?;
        if let Some(months) = licence
            .term_months
            .filter(|months| !(1..=MAX_TERM_MONTHS).contains(months))
        {
            return Err(DamagesError::Number {
                field: format!("{field}.term_months"),
                problem: format!("{months} is not possible; write 1 to {MAX_TERM_MONTHS}, or leave it out"),
            });
        }
        texts(&field, [&licence.name])?;
        evidence(&field, &licence.evidence, licence.stated_by.as_ref())?;
    }
    if let Some(income) = &inputs.income {
        amount(
            "licence_value.income.at_least_fen_per_year",
            income.at_least_fen_per_year,
        )?;
        amount(
            "licence_value.income.at_most_fen_per_year",
            income.at_most_fen_per_year,
        )?;
        let shares = [income.at_least_share_percent, income.at_most_share_percent];
        let upside_down = shares[0] > shares[1] || income.at_least_fen_per_year > income.at_most_fen_per_year;
        if upside_down || shares.iter().any(|share| !(0..=100).contains(share)) {
            return Err(DamagesError::Number {
                field: "licence_value.income".into(),
                problem: "a share is outside 0 to 100 percent, or a lower end is above its upper end".into(),
            });
        }
        evidence(
            "licence_value.income",
            &income.evidence,
            income.stated_by.as_ref(),
        )?;
    }
    Ok(())
}

fn check_interest(interest: &Interest) -> Result<(), DamagesError> {
    let problem = |problem: String| Err(DamagesError::Interest { problem });
    let (Some(from), Some(to)) = (interest.from, interest.to) else {
        return problem(
            "`from` and `to` are both needed; write the day it runs from and the last day counted".into(),
        );
    };
    if from > to {
        return problem(format!(
            "it ends on {to} before it begins on {from}; swap them or correct one"
        ));
    }
    if ![360, 365].contains(&interest.day_count) {
        return problem(format!("day_count is {}; write 365 or 360", interest.day_count));
    }
    if let Principal::Fen(fen) = interest.principal {
        amount("interest.principal", fen)?;
    }
    if interest.schedule.len() > MAX_ENTRIES {
        return Err(too_many("interest.schedule"));
    }
    let rates = interest
        .schedule
        .iter()
        .map(|rate| rate.rate_basis_points_per_year);
    let mut rates = rates.chain(interest.rate_basis_points_per_year);
    if let Some(rate) = rates.find(|rate| !(0..=MAX_RATE_BASIS_POINTS).contains(rate)) {
        return problem(format!(
            "a rate of {rate} is not possible; write 0 to {MAX_RATE_BASIS_POINTS} basis points a year"
        ));
    }
    match (interest.rate_basis_points_per_year, interest.schedule.as_slice()) {
        (Some(_), []) => Ok(()),
        (None, [first, ..]) if first.from > from => problem(format!(
            "no rate for the days from {from} to {}; begin the schedule earlier",
            first.from
        )),
        (None, [_, ..]) if interest.schedule.is_sorted_by(|a, b| a.from < b.from) => Ok(()),
        (None, [_, ..]) => {
            problem("the days of `schedule` do not rise; write each rate once, oldest first".into())
        }
        _ => problem("write either `rate_basis_points_per_year` or `schedule`".into()),
    }
}

fn amount(field: &str, fen: i64) -> Result<(), DamagesError> {
    if (0..=MAX_FEN).contains(&fen) {
        return Ok(());
    }
    Err(DamagesError::Sheet(SheetError::Absurd {
        field: field.to_owned(),
        amount: fen,
        limit: MAX_FEN,
    }))
}

fn evidence(field: &str, ids: &[String], stated_by: Option<&String>) -> Result<(), DamagesError> {
    if ids.len() > MAX_EVIDENCE_PER_STATEMENT {
        return Err(DamagesError::Sheet(SheetError::TooMany {
            field: format!("{field}.evidence"),
            limit: MAX_EVIDENCE_PER_STATEMENT,
            way_out: "name the bundle that holds them",
        }));
    }
    texts(field, ids.iter().chain(stated_by))
}

fn texts<'a>(field: &str, texts: impl IntoIterator<Item = &'a String>) -> Result<(), DamagesError> {
    if texts.into_iter().any(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(DamagesError::Sheet(SheetError::TooMany {
            field: format!("{field} (bytes of one text)"),
            limit: MAX_TEXT_BYTES,
            way_out: "shorten the text",
        }));
    }
    Ok(())
}

fn too_many(field: &str) -> DamagesError {
    DamagesError::Sheet(SheetError::TooMany {
        field: field.to_owned(),
        limit: MAX_ENTRIES,
        way_out: "join those that rest on the same paper",
    })
}

// `know` bounds the statements of a sheet; this keeps the two limits in step.
const _: () = assert!(MAX_ENTRIES <= MAX_STATEMENTS);
