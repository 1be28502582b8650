//! Rule folders with a fault: each fault has its own error, with file, line and the way out.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use quanlian_law::{LoadError, MAX_FILE_BYTES, RuleBook};

use crate::law_files;

const DECIDE: &str = "cn/transfer-of-suspected-crimes/art-05-decide.toml";
const GAIN: &str = "cn/criminal/217/2004-19-art-05.toml";

pub(crate) fn load(files: &BTreeMap<String, String>) -> Result<RuleBook, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    RuleBook::from_dir(folder.path())
}

/// Replaces the first `from` in a file by `to` and loads the folder.
fn check(file: &str, from: &str, to: &str, code: &str, then: Expect) {
    let mut files = law_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
    let error = load(&files).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    then.assert_eq(&error.to_string());
}

/// A period with terms that its length cannot have, so that nobody believes that they apply.
#[test]
fn terms_that_a_period_cannot_have_are_refused() {
    let hours = "cn/transfer-of-suspected-crimes/art-05-hand-over.toml";
    let terms = |file, from, to, then: Expect| check(file, from, to, "law_load_invalid", then);
    terms(
        hours,
        "hours  = 24",
        "hours  = 24\nlast_day = \"stays\"",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-hand-over.toml, line 16: only a last day of calendar days, months or years can move; remove last_day"
        ],
    );
    terms(
        hours,
        "hours  = 24",
        "hours  = 24\nbefore = true",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-hand-over.toml, line 16: a period before an event is one of days or months; remove before, or write days or months"
        ],
    );
    terms(
        hours,
        "hours  = 24",
        "hours  = 24\nextension = { by = { zh = \"甲\", en = \"a\" } }",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-hand-over.toml, line 16: a period of hours cannot be extended; remove extension"
        ],
    );
    terms(
        DECIDE,
        "other_count = \"working\"",
        "other_count = \"calendar\"",
        expect![[
            r#"cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: the other count is the same count; write other_count = "working""#
        ]],
    );
    terms(
        DECIDE,
        "count  = \"calendar\"",
        "count  = \"working\"",
        expect![[
            r#"cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: another count is for calendar days that may be working days; remove other_count, or write count = "calendar""#
        ]],
    );
    terms(
        DECIDE,
        "other_count",
        "last_day = \"moves\"\nother_count",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: the last day moves, and no rule is named by which it does; write counted_by with the role of that rule"
        ],
    );
    terms(
        DECIDE,
        "other_count",
        "first_hour = \"counted\"\nother_count",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: only a period of hours has a first hour; remove first_hour"
        ],
    );
    terms(
        DECIDE,
        "other_count",
        "suspension = { when = { zh = \"甲\", en = \"a\" }, suspended = \"filed_on\" }\nother_count",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: the suspension has one of its two events; write suspended and resumed, or neither"
        ],
    );
    terms(
        "cn/adjudication/local-close.toml",
        "at_most = { months = 2 }",
        "at_most = { months = 0 }",
        expect![
            "cn/adjudication/local-close.toml, line 16: the most that an extension adds is nothing or absurdly long; write the number of the provision"
        ],
    );
    terms(
        "cn/service/civil-procedure.toml",
        "id     = \"left\"",
        "id     = \"direct\"",
        expect!["cn/service/civil-procedure.toml, line 13: the way `direct` stands twice; keep one of them"],
    );
    check(
        DECIDE,
        "other_count",
        "counted_by = \"periods_criminel\"\nother_count",
        "law_load_unknown_name",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml: `counted_by` uses `periods_criminel`, which is not declared in any file as a role; did you mean `periods_criminal`?"
        ],
    );
}

#[test]
fn the_copied_folder_loads() {
    load(&law_files()).unwrap();
}

#[test]
fn unknown_fields_name_file_and_line() {
    check(
        DECIDE,
        "[source]",
        "colour = 1\n[source]",
        "law_load_syntax",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 8: unknown field `colour`, expected one of `id`, `kind`, `role`, `group`, `order`, `offences`, `row`, `title`, `source`, `version`, `open`, `example`, `boundary`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        DECIDE,
        "days   = 3",
        "dayz   = 3",
        "law_load_syntax",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 22: unknown field `dayz`, expected one of `from`, `to`, `row`, `source`, `line`, `element`, `no_offence`, `band`, `choose`, `fine`, `adult_yuan`, `minor_yuan`, `minor_fact`, `times`, `step`, `paper`, `valuation`, `accumulation`, `probation`, `circumstance`, `sentencing`, `damages`, `punitive`, `administrative_fine`, `actor`, `act`, `starts`, `ends`, `at_once`, `hours`, `days`, `count`, `months`, `years`, `reasonable`, `other_count`, `last_day`, `first_hour`, `before`, `counted_by`, `suspension`, `extension`, `service`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        GAIN,
        "tier     = \"serious\"",
        "tier     = \"grave\"",
        "law_load_syntax",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 23: unknown variant `grave`, expected one of `below`, `base`, `serious`, `especially_serious`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        GAIN,
        "verified = true\nagainst",
        "against",
        "law_load_syntax",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 21: missing field `verified`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        DECIDE,
        "from   = 2020-08-07",
        "from   = 2020-08-07T10:00:00Z",
        "law_load_syntax",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 17: `2020-08-07T10:00:00Z` is not a date (write 2024-12-20); see law/README.md for the fields of a rule file"
        ],
    );
}

#[test]
fn fields_of_another_kind_are_refused() {
    check(
        DECIDE,
        "days   = 3",
        "days   = 3\ntimes = 3",
        "law_load_invalid",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: unknown field `times` in a version of kind Deadline; a rule of this kind has `actor`, `act`, `starts`, `ends`, `at_once`, `hours`, `days`, `count`, `months`, `years`, `reasonable`, `other_count`, `last_day`, `first_hour`, `before`, `counted_by`, `suspension`, `extension`"
        ],
    );
    check(
        DECIDE,
        "count  = \"calendar\"",
        "",
        "law_load_invalid",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml, line 16: the version has no length, or several; write one of at_once = true, reasonable = true, hours, days with count, months, years"
        ],
    );
    check(
        GAIN,
        "unit     = \"yuan\"",
        "",
        "law_load_invalid",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 21: a line or condition says none or more than one thing; write either fact, op, value and unit, or one of flag, all, any, at_least, reaches"
        ],
    );
    check(
        GAIN,
        "value    = 30_000",
        "value    = -30_000",
        "law_load_invalid",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 21: a line at or under zero; write the number of the provision"
        ],
    );
    check(
        "cn/criminal/217/2011-03-art-13.toml",
        "count = 2, share_percent = 50",
        "count = 9, share_percent = 50",
        "law_load_invalid",
        expect![
            "cn/criminal/217/2011-03-art-13.toml, line 111: `at_least` can never be met or is always met; count must be 1 to the number of lines, share_percent 1 to 100"
        ],
    );
    check(
        "cn/criminal/217/2011-03-art-13.toml",
        "of = [\"217.o.net.biz1\"",
        "of = [\"217.o.gain1\"",
        "law_load_invalid",
        expect![
            "cn/criminal/217/2011-03-art-13.toml, line 111: `217.o.gain1` is not a line above this one that compares one amount; move that line up or correct the id"
        ],
    );
    check(
        "cn/criminal/217/bands.toml",
        "min_months = 1,",
        "min_months = 99,",
        "law_load_invalid",
        expect![
            "cn/criminal/217/bands.toml, line 14: the band of Serious is upside down or has no tier; correct min_months, max_months or tier"
        ],
    );
}

const LOSS: &str = "cn/criminal/219/2020-10-art-05-loss.toml";
const PROFIT: &str = "cn/criminal/219/2020-10-art-05-lost-profit.toml";

#[test]
fn a_valuation_that_could_not_find_its_amount_is_refused() {
    let invalid = |from: &str, to: &str, then: Expect| check(LOSS, from, to, "law_load_invalid", then);
    invalid(
        "unless   = [\"secret_disclosed_or_used\"]",
        "unless   = [\"secret_improperly_acquired\"]",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 16: the way `sv.2020.acquired` asks that `secret_improperly_acquired` holds and does not hold; keep it in `when` or in `unless`"
        ],
    );
    invalid(
        "larger = [\"lost_sales_profit\", \"reasonable_licence_fee\"]",
        "larger = [\"lost_sales_profit\"]",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 16: the value of `sv.2020.acquired-and-used` compares or multiplies too little; write two facts in `larger`, or one product in `products`"
        ],
    );
    invalid(
        "fact = \"reasonable_licence_fee\"",
        "fact = \"loss_to_holder\"",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 16: `loss_to_holder` is found from itself; name other facts in its ways"
        ],
    );
    check(
        PROFIT,
        "  { count = \"lost_units\", each = \"own_unit_profit\" },
  { count = \"infringing_units\", each = \"own_unit_profit\" },
  { count = \"infringing_units\", each = \"infringing_unit_profit\" },
",
        "",
        "law_load_invalid",
        expect![
            "cn/criminal/219/2020-10-art-05-lost-profit.toml, line 16: the value of `sv.2020.lost-profit` compares or multiplies too little; write two facts in `larger`, or one product in `products`"
        ],
    );
    check(
        PROFIT,
        "[version.valuation]",
        "[version.accumulation]\nfacts = [\"illegal_gain\"]\n[version.valuation]",
        "law_load_invalid",
        expect![
            "cn/criminal/219/2020-10-art-05-lost-profit.toml, line 16: unknown field `accumulation` in a version of kind Valuation; a rule of this kind has `valuation`"
        ],
    );
    invalid(
        "sv.2020.breach",
        "sv.2020.acquired",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 16: the id `sv.2020.acquired` stands twice in one version; give each way and each added amount its own"
        ],
    );
    let flags = r#""online", "copying", "profit_purpose", "is_trade_secret", "#;
    invalid(
        "when     = [\"secret_public_or_destroyed\"]",
        &format!("when     = [{flags}\"secret_public_or_destroyed\"]"),
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 16: the valuation has more than 16 ways or 8 flags; split it into a rule for each amount"
        ],
    );
}

#[test]
fn a_valuation_names_facts_of_the_right_kind_and_sources() {
    let name = |from: &str, to: &str, then: Expect| check(LOSS, from, to, "law_load_unknown_name", then);
    name(
        "fact = \"reasonable_licence_fee\"",
        "fact = \"reasonable_license_fee\"",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: `cn/criminal/219/2020-10-art-05-loss` uses `reasonable_license_fee`, which is not declared in facts.toml; did you mean `reasonable_licence_fee`?"
        ],
    );
    name(
        "fact = \"reasonable_licence_fee\"",
        "fact = \"lost_units\"",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: `cn/criminal/219/2020-10-art-05-loss` uses `lost_units`, which is not declared in facts.toml as a fact of that kind"
        ],
    );
    name(
        "when     = [\"knowing_third_party\"]",
        "when     = [\"remedial_cost\"]",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: `cn/criminal/219/2020-10-art-05-loss` uses `remedial_cost`, which is not declared in facts.toml as a fact of that kind"
        ],
    );
    check(
        PROFIT,
        "count = \"lost_units\"",
        "count = \"own_unit_profit\"",
        "law_load_unknown_name",
        expect![
            "cn/criminal/219/2020-10-art-05-lost-profit.toml: `cn/criminal/219/2020-10-art-05-lost-profit` uses `own_unit_profit`, which is not declared in facts.toml as a fact of that kind"
        ],
    );
    check(
        LOSS,
        "value    = { fact",
        "value    = { sum",
        "law_load_syntax",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml, line 28: unknown variant `sum`, expected one of `fact`, `at_least`, `larger`, `products`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        LOSS,
        "id       = \"sv.2020.repair\"\nfact     = \"remedial_cost\"\nverified = true\nagainst  = [\"S1\"]",
        "id       = \"sv.2020.repair\"\nfact     = \"remedial_cost\"\nverified = true\nagainst  = [\"S9\"]",
        "law_load_unknown_source",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: `sv.2020.repair` rests on `S9`, which is not in sources.toml; add it there or correct the key"
        ],
    );
    check(
        "cn/criminal/2004-19-art-12.toml",
        "facts = [\"illegal_business_volume\"",
        "facts = [\"online\"",
        "law_load_unknown_name",
        expect![
            "cn/criminal/2004-19-art-12.toml: `cn/criminal/2004-19-art-12` uses `online`, which is not declared in facts.toml as a fact of that kind"
        ],
    );
    check(
        LOSS,
        "sv.2020.repair",
        "219.o20.bankrupt",
        "law_load_duplicate_id",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: the id or role `219.o20.bankrupt` is already used in cn/criminal/219/2020-10-art-04.toml; it must be unique in the whole folder"
        ],
    );
}

#[test]
fn rules_that_lead_round_in_a_circle_are_refused() {
    check(
        PROFIT,
        "each = \"own_unit_profit\"",
        "each = \"loss_to_holder\"",
        "law_load_circle",
        expect![
            "cn/criminal/219/2020-10-art-05-loss.toml: `loss_to_holder` is found from `lost_sales_profit`, which leads back to `loss_to_holder`; take one of the links away"
        ],
    );
    let line = "flag     = \"holder_bankrupt_or_closed\"";
    let back = |offence: &str| format!("reaches  = {{ offence = \"{offence}\", tier = \"base\" }}");
    let file = "cn/criminal/219/2025-05-art-17.toml";
    check(
        file,
        line,
        &back("cn/criminal/219-1"),
        "law_load_circle",
        expect![
            "cn/criminal/219/2025-05-art-17.toml: `cn/criminal/219` rests on the lines of `cn/criminal/219-1`, which leads back to `cn/criminal/219`; take one of the links away"
        ],
    );
    check(
        file,
        line,
        &back("cn/criminal/219"),
        "law_load_circle",
        expect![
            "cn/criminal/219/2025-05-art-17.toml: `cn/criminal/219` rests on the lines of `cn/criminal/219`, which leads back to `cn/criminal/219`; take one of the links away"
        ],
    );
    check(
        file,
        line,
        &back("cn/criminal/217/bands"),
        "law_load_unknown_offence",
        expect![
            "cn/criminal/219/2025-05-art-17.toml: `cn/criminal/219/2025-05-art-17` rests on the lines of `cn/criminal/217/bands`, which is no offence of this folder; known are cn/criminal/213, cn/criminal/214, cn/criminal/215, cn/criminal/216, cn/criminal/217, cn/criminal/218, cn/criminal/219, cn/criminal/219-1"
        ],
    );
    check(
        file,
        line,
        "reaches  = { offence = \"cn/criminal/219\", tier = \"below\" }",
        "law_load_invalid",
        expect![
            "cn/criminal/219/2025-05-art-17.toml, line 82: `reaches` asks for the tier `below`, which every act reaches; write base, serious or especially_serious"
        ],
    );
}

#[test]
fn a_version_without_the_offence_has_no_elements() {
    check(
        "cn/criminal/219-1.toml",
        "no_offence = true",
        "no_offence = false",
        "law_load_invalid",
        expect![
            "cn/criminal/219-1.toml, line 14: the version has elements and says that there was no offence, or says it with `false`; write either [[version.element]] or no_offence = true"
        ],
    );
}

#[test]
fn rules_on_damages_must_make_sense() {
    let patent = "cn/civil/damages/patent-law-art-71.toml";
    check(
        patent,
        "yuan = [30_000, 5_000_000]",
        "yuan = [5_000_000, 30_000]",
        "law_load_invalid",
        expect![
            "cn/civil/damages/patent-law-art-71.toml, line 13: `statutory.yuan` runs from 5000000 to 30000 yuan; write the lower amount first, in whole yuan as the provision has them"
        ],
    );
    check(
        patent,
        "multiple = [1, 5]",
        "multiple = [5, 1]",
        "law_load_invalid",
        expect![
            "cn/civil/damages/patent-law-art-71.toml, line 13: `punitive.multiple` runs from 5 to 1 times; write the lower multiple first, as the provision has them"
        ],
    );
    check(
        patent,
        "base     = [\"actual_loss\"",
        "base     = [\"royalty\"",
        "law_load_invalid",
        expect![
            "cn/civil/damages/patent-law-art-71.toml, line 13: the base `royalty` is no method of this rule; add it to `methods` or remove it from `punitive.base`"
        ],
    );
    check(
        patent,
        "intent   = \"intent\"",
        "intent   = \"intend\"",
        "law_load_unknown_name",
        expect![
            "cn/civil/damages/patent-law-art-71.toml: `cn/civil/damages/patent-law-art-71` uses `intend`, which is not declared in facts.toml; did you mean `intent`?"
        ],
    );
    check(
        "cn/civil/damages/anti-unfair-competition-law.toml",
        "rule = \"cn/civil/temporal/2020-7-art-28\"",
        "rule = \"cn/civil/temporal/2020-7-art-29\"",
        "law_load_unknown_name",
        expect![
            "cn/civil/damages/anti-unfair-competition-law.toml: `continuing` uses `cn/civil/temporal/2020-7-art-29`, which is not declared in the rules of the folder; did you mean `cn/civil/temporal/2020-7-art-28`?"
        ],
    );
    check(
        "cn/administrative/patent-law-art-68.toml",
        "otherwise_yuan = [0, 250_000]",
        "otherwise_yuan = [0, -250_000]",
        "law_load_invalid",
        expect![
            "cn/administrative/patent-law-art-68.toml, line 13: `otherwise_yuan` runs from 0 to -250000 yuan; write the lower amount first, in whole yuan as the provision has them"
        ],
    );
}

#[test]
fn the_check_finds_wrong_money_and_rival_laws_on_damages() {
    let ways = "cn/civil/damages/ways-patent.toml";
    let terms = "terms    = [[\"infringing_units\", \"own_unit_profit\"]]";
    let two_prices = "terms    = [[\"infringing_unit_profit\", \"own_unit_profit\"]]";
    assert!(found(ways, terms, two_prices).contains(&"way_not_money"));
    let fine = "cn/administrative/copyright-law-art-53.toml";
    assert!(found(fine, "line_yuan = 50_000", "line_yuan = 50_001").contains(&"example_fails"));
    let mut files = law_files();
    let rival = files["cn/administrative/copyright-law-art-53.toml"].replace("copyright-law-art-53", "rival");
    files.insert("cn/administrative/rival.toml".into(), rival);
    let report = load(&files).unwrap().check();
    assert!(report.findings.iter().any(|finding| finding.code == "ambiguous"));
}

#[test]
fn a_table_of_limitation_must_cover_every_band() {
    let file = "cn/criminal/criminal-law-art-87-89.toml";
    check(
        file,
        "  { years = 15 },\n",
        "",
        "law_load_invalid",
        expect![
            "cn/criminal/criminal-law-art-87-89.toml, line 15: the steps do not cover every band in rising order; write max_months_below rising, and leave it out in the last step"
        ],
    );
}

#[test]
fn versions_must_follow_each_other() {
    check(
        GAIN,
        "to   = 2007-04-04",
        "to   = 2007-04-05",
        "law_load_overlap",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 81: the version from 2007-04-05 begins while the one from 2004-12-22 is in force; end that one the day before"
        ],
    );
    check(
        GAIN,
        "to   = 2007-04-04",
        "",
        "law_load_overlap",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 81: the version from 2007-04-05 begins while the one from 2004-12-22 is in force; end that one the day before"
        ],
    );
    check(
        GAIN,
        "to   = 2007-04-04",
        "to   = 2003-04-04",
        "law_load_out_of_order",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 17: the version from 2004-12-22 is out of order; write versions oldest first, `to` not before `from`"
        ],
    );
    check(
        GAIN,
        "from = 2007-04-05",
        "from = 2001-04-05",
        "law_load_out_of_order",
        expect![
            "cn/criminal/217/2004-19-art-05.toml, line 81: the version from 2001-04-05 is out of order; write versions oldest first, `to` not before `from`"
        ],
    );
}

#[test]
fn ids_sources_and_names_must_be_known_and_unique() {
    check(
        DECIDE,
        "art-05-decide\"",
        "art-05-decided\"",
        "law_load_id_is_not_path",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml: the id is `cn/transfer-of-suspected-crimes/art-05-decided`, but the path asks for `cn/transfer-of-suspected-crimes/art-05-decide`; change one of them"
        ],
    );
    check(
        "cn/criminal/217/2007-06-art-01.toml",
        "217.o.copies07.1",
        "217.o.gain1",
        "law_load_duplicate_id",
        expect![
            "cn/criminal/217/2007-06-art-01.toml: the id or role `217.o.gain1` is already used in cn/criminal/217/2004-19-art-05.toml; it must be unique in the whole folder"
        ],
    );
    check(
        GAIN,
        "against  = [\"S1\"]",
        "against  = [\"S9\"]",
        "law_load_unknown_source",
        expect![
            "cn/criminal/217/2004-19-art-05.toml: `217.o.gain1` rests on `S9`, which is not in sources.toml; add it there or correct the key"
        ],
    );
    check(
        GAIN,
        "against  = [\"S1\"]",
        "against  = []",
        "law_load_unknown_source",
        expect![
            "cn/criminal/217/2004-19-art-05.toml: `217.o.gain1` rests on `nothing`, which is not in sources.toml; add it there or correct the key"
        ],
    );
    check(
        GAIN,
        "\"illegal_gain\"",
        "\"ilegal_gain\"",
        "law_load_unknown_name",
        expect![
            "cn/criminal/217/2004-19-art-05.toml: `217.o.gain1` uses `ilegal_gain`, which is not declared in facts.toml; did you mean `illegal_gain`?"
        ],
    );
    check(
        DECIDE,
        "\"report_received_on\"",
        "\"report_recieved_on\"",
        "law_load_unknown_name",
        expect![
            "cn/transfer-of-suspected-crimes/art-05-decide.toml: `cn/transfer-of-suspected-crimes/art-05-decide` uses `report_recieved_on`, which is not declared in events.toml; did you mean `report_received_on`?"
        ],
    );
    check(
        "messages.toml",
        "\"person\" =",
        "\"persons\" =",
        "law_load_messages",
        expect!["messages.toml: the key `person` is missing"],
    );
}

#[test]
fn folders_that_are_no_law_folder_are_refused() {
    assert_eq!(
        load(&BTreeMap::new()).unwrap_err().code(),
        "law_load_missing_file"
    );
    let nowhere = RuleBook::from_dir(std::path::Path::new("/nonexistent")).unwrap_err();
    assert_eq!(nowhere.code(), "law_load_read");
    let mut files = law_files();
    files.insert("cn/large.toml".into(), " ".repeat(MAX_FILE_BYTES as usize + 1));
    assert_eq!(load(&files).unwrap_err().code(), "law_load_too_large");
    let mut files = law_files();
    files.insert(format!("{}x.toml", "a/".repeat(14)), String::new());
    assert_eq!(load(&files).unwrap_err().code(), "law_load_too_deep");
    let mut files = law_files();
    files.insert(
        "cn/deep.toml".into(),
        format!("a = 1\nb = {}", "[".repeat(10_000)),
    );
    assert_eq!(
        load(&files).unwrap_err().to_string(),
        "cn/deep.toml, line 2: brackets are nested more than 16 deep; write it flatter"
    );
}

#[cfg(unix)]
#[test]
fn links_are_refused_so_that_none_leads_in_circles() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    assert_eq!(
        RuleBook::from_dir(folder.path()).unwrap_err().code(),
        "law_load_link"
    );
}

#[test]
fn files_that_are_not_utf8_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("facts.toml"), [0xff, 0xfe]).unwrap();
    assert_eq!(
        RuleBook::from_dir(folder.path()).unwrap_err().code(),
        "law_load_not_utf8"
    );
}

/// Changes a file that loads, and returns what the check says.
fn found(file: &str, from: &str, to: &str) -> Vec<&'static str> {
    let mut files = law_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
    let report = load(&files).unwrap().check();
    assert!(!report.is_clean());
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_check_finds_two_rules_that_answer_the_same_question_on_one_day() {
    let mut files = law_files();
    let bands = files["cn/criminal/217/bands.toml"].replace("cn/criminal/217/bands", "cn/criminal/217/more");
    files.insert("cn/criminal/217/more.toml".into(), bands);
    let report = load(&files).unwrap().check();
    assert!(
        report.findings.iter().any(|finding| finding.code == "ambiguous"),
        "{:?}",
        report.findings
    );
}

#[test]
fn the_check_finds_wrong_numbers_missing_boundaries_and_empty_words() {
    assert!(found(GAIN, "value    = 30_000", "value    = 30_001").contains(&"boundary_fails"));
    assert!(found(GAIN, "\"29,999.99\"", "\"29,000.00\"").contains(&"boundary_not_tight"));
    assert!(
        found(
            GAIN,
            "[[boundary]]\nline  = \"217.o.gain1\"",
            "[[boundary]]\nline  = \"217.o.gain5\""
        )
        .contains(&"no_boundary")
    );
    assert!(found(GAIN, "line  = \"217.o.gain1\"", "line  = \"217.o.gone\"").contains(&"unknown_line"));
    assert!(found(DECIDE, "due_on = 2024-03-08", "due_on = 2024-03-07").contains(&"example_fails"));
    assert!(
        found(
            DECIDE,
            "third-day\"\ngiven = { report_received_on",
            "third-day\"\ngiven = { report_recieved_on"
        )
        .contains(&"example_fails")
    );
    assert!(found(DECIDE, "article = \"第五条第二款\"", "article = \"\"").contains(&"empty_text"));
    let memory = found(
        GAIN,
        "verified = true\nagainst  = [\"S1\"]",
        "verified = true\nagainst  = [\"M\"]",
    );
    assert!(memory.contains(&"verified_by_memory"));
    let way = found(LOSS, "against  = [\"S1\"]", "against  = [\"M\"]");
    assert!(way.contains(&"verified_by_memory"));
    assert!(
        found(
            LOSS,
            "{ loss_to_holder = 2_550_000 }",
            "{ loss_to_holder = 2_550_001 }"
        )
        .contains(&"example_fails")
    );
    assert!(
        found(
            LOSS,
            "{ loss_to_holder = 2_550_000 }",
            "{ outcome = \"serious\" }"
        )
        .contains(&"example_fails")
    );
    let adds = "cn/criminal/2004-19-art-12.toml";
    assert!(
        found(adds, "{ illegal_gain = 10_000 }]", "{ illegal_gain = 9_999 }]").contains(&"example_fails")
    );
    assert!(found(adds, "{ illegal_gain = 10_000 }]", "{ copying = true }]").contains(&"example_fails"));
}

const SURRENDER: &str = "cn/criminal/sentencing/adjust/voluntary-surrender.toml";
const PROBATION: &str = "cn/criminal/sentencing/criminal-law-art-72-74.toml";

#[test]
fn faults_in_rules_on_the_sentence_name_file_and_way_out() {
    check(
        SURRENDER,
        "facts        = [\"voluntary_surrender\"]",
        "facts        = [\"voluntary_surender\"]",
        "law_load_unknown_name",
        expect![
            "cn/criminal/sentencing/adjust/voluntary-surrender.toml: `cn/criminal/sentencing/adjust/voluntary-surrender` uses `voluntary_surender`, which is not declared in facts.toml; did you mean `voluntary_surrender`?"
        ],
    );
    check(
        SURRENDER,
        "facts        = [\"voluntary_surrender\"]",
        "facts        = [\"illegal_gain\"]",
        "law_load_unknown_name",
        expect![
            "cn/criminal/sentencing/adjust/voluntary-surrender.toml: `cn/criminal/sentencing/adjust/voluntary-surrender` uses `illegal_gain`, which is not declared in facts.toml as a fact of that kind"
        ],
    );
    check(
        SURRENDER,
        "high_percent = 40",
        "high_percent = 140",
        "law_load_invalid",
        expect![
            "cn/criminal/sentencing/adjust/voluntary-surrender.toml, line 32: the share is upside down or not a share; write low_percent and high_percent from 0 to 100, or leave both out"
        ],
    );
    check(
        SURRENDER,
        "high_percent = 40",
        "high_percentage = 40",
        "law_load_syntax",
        expect![
            "cn/criminal/sentencing/adjust/voluntary-surrender.toml, line 38: unknown field `high_percentage`, expected one of `facts`, `with_any`, `unless_any`, `absorbs`, `direction`, `low_percent`, `high_percent`, `at_least_months`, `must`, `first`, `further`, `natural_only`, `mitigating`, `statute`; see law/README.md for the fields of a rule file"
        ],
    );
    check(
        PROBATION,
        "max_sentence_months = 36\n",
        "",
        "law_load_invalid",
        expect![
            "cn/criminal/sentencing/criminal-law-art-72-74.toml, line 15: the frame of probation is incomplete; write max_sentence_months, imprisonment_period and detention_period together, or none of them"
        ],
    );
    check(
        PROBATION,
        "\"probation.bar.ringleader\"",
        "\"probation.2020.trade\"",
        "law_load_duplicate_id",
        expect![
            "cn/criminal/sentencing/criminal-law-art-72-74.toml: the id or role `probation.2020.trade` is already used in cn/criminal/sentencing/2020-10-art-08-09.toml; it must be unique in the whole folder"
        ],
    );
    check(
        PROBATION,
        "[version.probation]",
        "[version.circumstance]\nfacts = [\"merit\"]\ndirection = \"lighter\"\n[version.probation]",
        "law_load_invalid",
        expect![
            "cn/criminal/sentencing/criminal-law-art-72-74.toml, line 15: unknown field `circumstance` in a version of kind Probation; a rule of this kind has `probation`"
        ],
    );
}
