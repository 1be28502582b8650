//! Damages and administrative fines: the table of law facts, stories, what must always hold, and bad input.

mod always;
mod facts;
mod fines;
mod refusals;
mod stories;
mod value;

use expect_test::Expect;
use quanlian_law::{
    AdministrativeFineAnswer, DamagesAnswer, DamagesSheet, FineSheet,
    damages::{LawResult, Reading},
};

use crate::book;

fn today() -> quanlian_record::time::Day {
    "2026-11-22".parse().unwrap()
}

fn answer(sheet: &str) -> DamagesAnswer {
    book()
        .damages(&DamagesSheet::parse(sheet).unwrap(), today())
        .unwrap()
}

fn fine(sheet: &str) -> AdministrativeFineAnswer {
    book()
        .administrative_fine(&FineSheet::parse(sheet).unwrap(), today())
        .unwrap()
}

/// A sheet as JSON: head fields, and facts.
fn sheet(head: &str, facts: &str) -> String {
    format!(r#"{{{head},"facts":[{facts}]}}"#)
}

fn total(answer: &DamagesAnswer) -> (i64, Option<i64>) {
    let total = answer.total.unwrap();
    (total.at_least_fen, total.at_most_fen)
}

fn law<'a>(answer: &'a DamagesAnswer, id: &str) -> &'a LawResult {
    answer
        .laws
        .iter()
        .find(|law| law.id == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

fn reading<'a>(answer: &'a DamagesAnswer, id: &str) -> &'a Reading {
    let ids: Vec<&str> = answer
        .laws
        .iter()
        .flat_map(|law| &law.readings)
        .map(|r| r.id.as_str())
        .collect();
    let readings = answer.laws.iter().flat_map(|law| &law.readings);
    readings
        .into_iter()
        .find(|reading| reading.id == id)
        .unwrap_or_else(|| panic!("no {id} in {ids:?}"))
}

fn ends(reading: &Reading) -> (i64, Option<i64>) {
    (reading.total.at_least_fen, reading.total.at_most_fen)
}

const WILFUL: &str = r#"{"name":"intent","value":true},{"name":"serious_circumstances","value":true}"#;
const NOT_WILFUL: &str = r#"{"name":"intent","value":false}"#;

fn interest_of(interest: &str) -> quanlian_law::damages::InterestResult {
    let head = format!(
        r#""right":"patent","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"judged_on":"2024-12-20","interest":{interest}"#
    );
    let answer = answer(&sheet(
        &head,
        &format!(r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL}"#),
    ));
    reading(&answer, "patent.2021/compensation")
        .interest
        .clone()
        .unwrap()
}

fn refuse(sheet: &str, code: &str, then: Expect) {
    let error = DamagesSheet::parse(sheet)
        .and_then(|sheet| book().damages(&sheet, today()))
        .unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    // Lists of all fields and facts grow with the law; what is looked at stands before them.
    let text = error.to_string();
    let lists = ["; known are act_type", "; the fields are", ", expected one of"];
    let ends = lists.iter().filter_map(|list| text.find(list)).min();
    then.assert_eq(&text[..ends.unwrap_or(text.len())]);
}
