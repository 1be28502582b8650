//! Fact sheets that lie, overflow or misspell: each gives a named error, none a panic.

use expect_test::{Expect, expect};
use quanlian_law::{FactSheet, MAX_SHEET_BYTES, SheetError};

use crate::book;

fn error(text: &str) -> SheetError {
    match FactSheet::parse(text) {
        Err(error) => error,
        Ok(sheet) => book().assess(&sheet, "2026-11-22".parse().unwrap()).unwrap_err(),
    }
}

fn check(text: &str, code: &str, then: Expect) {
    let error = error(text);
    assert_eq!(error.code(), code);
    // What follows the first sentence is the same for every shape error and long for unknown facts.
    let said: String = error
        .to_string()
        .split("; the fields are")
        .next()
        .unwrap()
        .chars()
        .take(160)
        .collect();
    then.assert_eq(&said);
}

fn with(fields: &str) -> String {
    format!(r#"{{"offence":"cn/criminal/217",{fields}}}"#)
}

fn fact(fields: &str) -> String {
    with(&format!(r#""facts":[{{{fields}}}]"#))
}

#[test]
fn shape_errors_name_the_line_and_the_fields() {
    check(
        "{",
        "law_sheet_shape",
        expect!["line 1: EOF while parsing an object"],
    );
    check(
        "{\n\"offense\":1}",
        "law_sheet_shape",
        expect![
            "line 2: unknown field `offense`, expected one of `offence`, `person`, `conduct`, `judged_on`, `facts`, `acts`, `chosen_rule_set`, `judgment`"
        ],
    );
    check(
        &fact(r#""name":"illegal_gain","fen":72000.5"#),
        "law_sheet_shape",
        expect!["line 1: invalid type: floating point `72000.5`, expected i64"],
    );
    check(
        &fact(r#""name":"illegal_gain","fen":1,"fen":2"#),
        "law_sheet_shape",
        expect!["line 1: duplicate field `fen`"],
    );
    check(
        &with(r#""judged_on":"2024-02-30""#),
        "law_sheet_shape",
        expect!["line 1: `2024-02-30` is not a date (write 2024-12-20)"],
    );
    check(
        "offence = 1",
        "law_sheet_shape",
        expect!["line 1: invalid type: integer `1`, expected a string"],
    );
    check(
        "a = 1\noffence",
        "law_sheet_shape",
        expect!["line 2: key with no value, expected `=`"],
    );
}

#[test]
fn facts_that_cannot_be_are_refused_with_the_way_out() {
    check(
        &fact(r#""name":"ilegal_gain","fen":1"#),
        "law_sheet_unknown_fact",
        expect![
            "facts[0].name: `ilegal_gain` is not a known fact (did you mean `illegal_gain`?); known are accessory, act_type, actual_clicks, actual_loss, actual_loss_undeterm"
        ],
    );
    check(
        &fact(r#""name":"illegal_gain","count":1"#),
        "law_sheet_wrong_value",
        expect![
            "facts[0]: `illegal_gain` is money; write `fen`, or `at_least_fen` and `at_most_fen`, and nothing else"
        ],
    );
    check(
        &fact(r#""name":"actual_clicks","count":1,"at_least_count":1"#),
        "law_sheet_wrong_value",
        expect![
            "facts[0]: `actual_clicks` is a number; write `count`, or `at_least_count` and `at_most_count`, and nothing else"
        ],
    );
    check(
        &fact(r#""name":"online"#.trim_end_matches('"')),
        "law_sheet_shape",
        expect!["line 1: EOF while parsing a string"],
    );
    check(
        &fact(r#""name":"online","value":"yes""#),
        "law_sheet_wrong_value",
        expect![
            "facts[0]: `online` is true or false; write `value = true` or `value = false`, and nothing else"
        ],
    );
    check(
        &fact(r#""name":"illegal_gain","fen":-1"#),
        "law_sheet_absurd",
        expect!["facts[0].fen: -1 is not possible; write an amount from 0 to 1000000000000000"],
    );
    check(
        &fact(r#""name":"illegal_gain","fen":9223372036854775807"#),
        "law_sheet_absurd",
        expect![
            "facts[0].fen: 9223372036854775807 is not possible; write an amount from 0 to 1000000000000000"
        ],
    );
    check(
        &fact(r#""name":"copies","at_least_count":3,"at_most_count":2"#),
        "law_sheet_empty_range",
        expect!["facts[0]: at least 3 and at most 2 cannot both hold"],
    );
    check(
        &fact(r#""name":"illegal_gain""#),
        "law_sheet_wrong_value",
        expect![
            "facts[0]: `illegal_gain` is money; write `fen`, or `at_least_fen` and `at_most_fen`, and nothing else"
        ],
    );
}

#[test]
fn dates_and_offences_that_cannot_be_are_refused() {
    check(
        r#"{"offence":"cn/criminal/999"}"#,
        "law_sheet_unknown_offence",
        expect![
            "offence: `cn/criminal/999` is not in the rule book; known are cn/criminal/213, cn/criminal/214, cn/criminal/215, cn/criminal/216, cn/criminal/217, cn/criminal/2"
        ],
    );
    check(
        &with(r#""conduct":{"from":"2024-01-01","to":"2023-01-01"}"#),
        "law_sheet_dates",
        expect!["conduct: it ends on 2023-01-01 before it begins on 2024-01-01; swap them or correct one"],
    );
    check(
        &with(r#""conduct":{"to":"2024-01-01"},"judged_on":"2023-12-31""#),
        "law_sheet_dates",
        expect!["conduct.to: 2024-01-01 is after the judgment on 2023-12-31; correct one of them"],
    );
    check(
        &with(r#""judged_on":"2024-01-01","chosen_rule_set":{"as_of":"2023-01-01","reason":"x"}"#),
        "law_sheet_choice",
        expect!["chosen_rule_set: 2023-01-01 is not the day of a rule set; choose from 2024-01-01"],
    );
}

#[test]
fn toml_sheets_take_dates_as_toml_writes_them() {
    let toml = "offence = \"cn/criminal/217\"\nperson = \"natural\"\njudged_on = 2024-12-20\nconduct = { from = 2022-05-01, to = \"2023-04-30\" }\n[[facts]]\nname = \"online\"\nvalue = true\n";
    let sheet = FactSheet::parse(toml).unwrap();
    assert_eq!(sheet.judged_on.unwrap().to_string(), "2024-12-20");
    assert_eq!(
        sheet,
        FactSheet::parse(&serde_json::to_string(&sheet).unwrap()).unwrap()
    );
    assert_eq!(
        FactSheet::parse(&toml.replace("2024-12-20", "2024-12-20T10:00:00Z"))
            .unwrap_err()
            .code(),
        "law_sheet_shape"
    );
}

#[test]
fn deep_and_large_input_is_refused_before_it_costs_anything() {
    let n = 100_000;
    for deep in [
        format!("a = {}1{}", "[".repeat(n), "]".repeat(n)),
        format!("a = {}", "{a=".repeat(n)),
        format!("{}b = 1", "a.".repeat(n)),
        format!("{}b = 1", "\"a\".".repeat(n)),
        format!("[{}b]", "a.".repeat(n)),
        "[[a]]\n".repeat(n),
        format!("{{\"offence\":{}", "[".repeat(n)),
        format!("{{\"facts\":{}", "{\"a\":".repeat(n)),
    ] {
        assert_eq!(error(&deep).code(), "law_sheet_shape");
    }
    assert_eq!(
        error(&" ".repeat(MAX_SHEET_BYTES + 1)).code(),
        "law_sheet_too_large"
    );
    let many = vec![r#"{"name":"online","value":true}"#; 2_001].join(",");
    assert_eq!(
        error(&with(&format!(r#""facts":[{many}]"#))).code(),
        "law_sheet_too_many"
    );
    let long = fact(&format!(r#""name":"{}","fen":1"#, "a".repeat(5_000)));
    assert_eq!(error(&long).code(), "law_sheet_too_many");
}
