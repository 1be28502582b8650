//! Stories of marks, labels, patents and copies: flags of which one holds, attempts, the law on any day.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use quanlian_law::{
    Assessment, Conduct, FactKind, FactSheet, FactValue, Kind, LoadError, Outcome, Person, Reason, RuleBook,
    Statement, Tier, Truth, rule::Body,
};
use quanlian_record::time::Day;

use crate::{assess, book, files::load, law_files, word};

/// A natural person, conduct and judgment on one day; the facts as a JSON list.
fn on(article: &str, day: &str, facts: &str) -> FactSheet {
    between(article, (day, day), day, facts)
}

fn between(article: &str, (from, to): (&str, &str), judged_on: &str, facts: &str) -> FactSheet {
    FactSheet::from_json(&format!(
        r#"{{"offence":"cn/criminal/{article}","person":"natural","conduct":{{"from":"{from}","to":"{to}"}},
            "judged_on":"{judged_on}","facts":[{facts}]}}"#
    ))
    .unwrap()
}

fn gain(yuan: i64) -> String {
    format!(r#"{{"name":"illegal_gain","fen":{}}}"#, yuan * 100)
}

fn flag(name: &str, value: bool) -> String {
    format!(r#",{{"name":"{name}","value":{value}}}"#)
}

const NO_VOLUME: &str = r#",{"name":"illegal_business_volume","fen":0}"#;

/// Outcome, what could be reached, and all that is missing.
fn check(sheet: &FactSheet, then: Expect) {
    let answer = assess(sheet);
    let missing: Vec<&str> = answer
        .missing
        .iter()
        .map(|missing| missing.fact.as_str())
        .collect();
    then.assert_eq(&format!(
        "{}, could reach {}, missing: {}",
        word(&answer.outcome),
        word(&answer.could_reach),
        missing.join(" ")
    ));
}

fn all_reasons(answer: &Assessment) -> Vec<&Reason> {
    fn collect<'a>(reasons: &'a [Reason], into: &mut Vec<&'a Reason>) {
        for reason in reasons {
            into.push(reason);
            collect(&reason.children, into);
        }
    }
    let mut all = Vec::new();
    for set in &answer.rule_sets {
        collect(&set.reasons, &mut all);
    }
    all
}

#[test]
fn a_gain_that_is_enough_on_goods_and_for_services_needs_no_more() {
    let facts = gain(60_000) + NO_VOLUME;
    check(
        &on("213", "2025-06-01", &facts),
        expect!["serious, could reach serious, missing: "],
    );
    let answer = assess(&on("213", "2025-06-01", &facts));
    let texts: Vec<&str> = all_reasons(&answer)
        .into_iter()
        .filter(|reason| reason.text.en.contains("used"))
        .filter(|reason| {
            reason.line.is_none() && !reason.children.is_empty() || reason.text.en.starts_with("if")
        })
        .map(|reason| reason.text.en.as_str())
        .collect();
    expect![[r"
        exactly one of “used on goods only, used for services only, used on goods and for services” holds, not stated which; taking each in turn: met
        if “used on goods only” holds: met
        if “used for services only” holds: met
        if “used on goods and for services” holds: met"]]
    .assert_eq(&texts.join("\n"));
}

#[test]
fn a_gain_between_the_lines_for_goods_and_for_services_asks_which() {
    check(
        &on("213", "2025-06-01", &(gain(35_000) + NO_VOLUME)),
        expect!["undetermined, could reach serious, missing: goods"],
    );
    // One mark, first time: only for goods is it enough.
    let once = flag("two_or_more_marks", false) + &flag("repeat_within_2y", false);
    check(
        &on("213", "2025-06-01", &(gain(35_000) + NO_VOLUME + &once)),
        expect!["undetermined, could reach serious, missing: goods"],
    );
    // Two marks make it enough for services too; only for both together it is not.
    check(
        &on(
            "213",
            "2025-06-01",
            &(gain(35_000) + NO_VOLUME + &flag("two_or_more_marks", true)),
        ),
        expect!["undetermined, could reach serious, missing: goods services"],
    );
}

#[test]
fn one_of_a_group_excludes_the_others_and_says_so() {
    let facts = gain(35_000) + NO_VOLUME + &flag("goods", true);
    let answer = assess(&on("213", "2025-06-01", &facts));
    assert_eq!(answer.outcome, Outcome::Serious);
    let reasons = all_reasons(&answer);
    let services = reasons
        .iter()
        .find(|reason| reason.text.en.starts_with("used for services only"));
    let services = services.unwrap();
    assert_eq!(services.state, Some(Truth::NotMet));
    assert!(
        services
            .text
            .en
            .contains("“used on goods only” holds, and only one of the group can"),
        "{}",
        services.text.en
    );
    assert!(services.text.zh.contains("仅用于商品"), "{}", services.text.zh);
}

#[test]
fn the_last_of_a_group_holds_when_the_others_are_denied() {
    let facts =
        gain(35_000) + NO_VOLUME + &flag("goods", false) + &flag("goods_and_services_combined", false);
    let once = flag("two_or_more_marks", false) + &flag("repeat_within_2y", false);
    check(
        &on("213", "2025-06-01", &(facts.clone() + &once)),
        expect!["below, could reach below, missing: "],
    );
    let answer = assess(&on("213", "2025-06-01", &facts));
    let reasons = all_reasons(&answer);
    let services = reasons
        .iter()
        .find(|reason| reason.text.en.starts_with("used for services only"))
        .unwrap();
    assert_eq!(services.state, Some(Truth::Met));
    assert!(
        services.text.en.contains("every other one of the group"),
        "{}",
        services.text.en
    );
}

#[test]
fn two_of_a_group_or_none_of_it_contradict_each_other() {
    for stated in [
        flag("goods", true) + &flag("services", true),
        flag("goods", false) + &flag("services", false) + &flag("goods_and_services_combined", false),
    ] {
        let answer = assess(&on("213", "2025-06-01", &(gain(35_000) + NO_VOLUME + &stated)));
        assert_eq!(answer.contradictions.len(), 1, "{:?}", answer.contradictions);
        let text = &answer.contradictions[0].text.en;
        assert!(text.starts_with("exactly one of “used on goods only"), "{text}");
        // Every one is possible again, so neither tier is claimed.
        assert_eq!(
            (answer.outcome, answer.could_reach),
            (Outcome::Undetermined, Tier::Serious)
        );
    }
    let agreed = flag("goods", true) + &flag("services", false);
    assert!(
        assess(&on("213", "2025-06-01", &(gain(1) + &agreed)))
            .contradictions
            .is_empty()
    );
}

#[test]
fn a_group_matters_only_where_lines_ask_for_it() {
    let answer = assess(&on("213", "2020-06-01", &(gain(35_000) + NO_VOLUME)));
    assert_eq!(answer.outcome, Outcome::Serious);
    assert!(
        all_reasons(&answer)
            .iter()
            .all(|reason| !reason.text.en.contains("used on goods"))
    );
}

#[test]
fn groups_that_could_mean_nothing_are_refused() {
    let refused = |from: &str, to: &str| -> LoadError {
        let mut files = law_files();
        let facts = files.get_mut("facts.toml").unwrap();
        assert!(facts.contains(from), "{from}");
        *facts = facts.replace(from, to);
        load(&files).unwrap_err()
    };
    let lonely = refused("rank       = 102\n", "rank       = 102\none_of     = \"alone\"\n");
    assert_eq!(lonely.code(), "law_load_invalid");
    assert!(
        lonely
            .to_string()
            .contains("the group `alone` has 1 flags; a group has 2 to 8"),
        "{lonely}"
    );
    let money = refused(
        "rank       = 22\n",
        "rank       = 22\none_of     = \"mark_use\"\n",
    );
    assert!(
        money
            .to_string()
            .contains("`sales_amount` is in the group `mark_use`, but is no plain flag"),
        "{money}"
    );
    let implied = refused(
        "rank       = 106\n",
        "rank       = 106\none_of     = \"mark_use\"\n",
    );
    assert!(implied.to_string().contains("no plain flag"), "{implied}");
}

#[test]
fn an_unread_line_carries_the_answer_also_while_the_group_is_open() {
    let mut files = law_files();
    let rules = files.get_mut("cn/criminal/213/2025-05-art-03.toml").unwrap();
    let line = rules.find("id       = \"213.n.services.gain1\"").unwrap();
    let read = rules[line..].find("verified = true").unwrap() + line;
    rules.replace_range(read..read + "verified = true".len(), "verified = false");
    let book = load(&files).unwrap();
    let assess = |facts: &str| {
        let sheet = on("213", "2025-06-01", &(gain(60_000) + NO_VOLUME + facts));
        book.assess(&sheet, "2026-11-22".parse().unwrap()).unwrap()
    };
    // For services the gain is enough by that line only, so the answer “whichever it is” rests on it.
    assert!(assess("").rests_on_unverified);
    assert!(!assess(&flag("goods", true)).rests_on_unverified);
}

#[test]
fn names_that_a_line_or_an_element_does_not_know_are_refused() {
    let refused = |file: &str, from: &str, to: &str| {
        let mut files = law_files();
        let text = files.get_mut(file).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        load(&files).unwrap_err()
    };
    let element = refused("cn/criminal/213.toml", "[\"services\"]", "[\"servces\"]");
    assert_eq!(element.code(), "law_load_unknown_name");
    assert!(
        element
            .to_string()
            .contains("`213.element.kind.1997` uses `servces`, which is not declared in facts.toml; did you mean `services`?"),
        "{element}"
    );
    let amount = refused("cn/criminal/213.toml", "[\"services\"]", "[\"sales_amount\"]");
    assert!(amount.to_string().contains("a fact of that kind"), "{amount}");
    let attempt = refused(
        "cn/criminal/214/2011-03-art-08.toml",
        "attempt  = true",
        "attempt  = \"yes\"",
    );
    assert_eq!(attempt.code(), "law_load_syntax");
    assert!(attempt.to_string().contains("art-08.toml, line 27"), "{attempt}");
}

#[test]
fn unsold_goods_alone_are_an_attempt_and_the_answer_says_so() {
    let facts = r#"{"name":"sales_amount","fen":0},{"name":"goods_value_unsold","fen":20000000}"#;
    let answer = assess(&on("214", "2020-06-01", facts));
    assert_eq!(answer.outcome, Outcome::Serious);
    assert!(answer.rule_sets[0].attempt);
    assert!(
        answer.summary.zh.contains("犯罪未遂") && answer.summary.en.contains("attempt"),
        "{}",
        answer.summary.en
    );
    let reasons = all_reasons(&answer);
    let note = reasons
        .iter()
        .find(|reason| reason.rule.as_deref() == Some("cn/criminal/criminal-law-art-23"))
        .unwrap();
    assert!(note.text.zh.contains("从轻或者减轻处罚"), "{}", note.text.zh);
    // What was sold makes the offence complete; what was not sold then changes nothing.
    let sold = facts.replacen("\"fen\":0", "\"fen\":6000000", 1);
    let complete = assess(&on("214", "2020-06-01", &sold));
    assert!(complete.outcome == Outcome::Serious && !complete.rule_sets[0].attempt);
    assert!(!complete.summary.en.contains("attempt"));
}

#[test]
fn services_were_no_offence_before_2021_whatever_the_gain() {
    let facts = gain(900_000) + &flag("services", true);
    let before = assess(&on("213", "2021-02-28", &facts));
    assert_eq!(
        (before.outcome, before.could_reach),
        (Outcome::Below, Tier::Below)
    );
    let denied = before
        .elements
        .iter()
        .find(|reason| reason.state == Some(Truth::NotMet))
        .unwrap();
    assert_eq!(
        denied.text.en,
        "on the same kind of goods: excluded by “used for services only”"
    );
    assert_eq!(
        assess(&on("213", "2021-03-01", &facts)).outcome,
        Outcome::EspeciallySerious
    );
    // Conduct before, judgment after: the old statute did not punish it.
    let straddling = assess(&between(
        "213",
        ("2020-01-01", "2020-12-31"),
        "2022-01-01",
        &facts,
    ));
    assert_eq!(straddling.outcome, Outcome::Below);
}

#[test]
fn an_offence_with_one_tier_never_reaches_a_second() {
    for article in ["216", "218"] {
        for day in ["2004-12-21", "2004-12-22", "2025-06-01"] {
            assert_eq!(
                assess(&on(article, day, "")).could_reach,
                Tier::Serious,
                "{article} {day}"
            );
        }
    }
    assert_eq!(
        assess(&on("213", "2004-12-21", "")).could_reach,
        Tier::EspeciallySerious
    );
}

#[test]
fn selling_copies_costs_five_years_only_since_2021() {
    let facts = gain(120_000);
    let months = |answer: &Assessment| {
        answer
            .rule_sets
            .iter()
            .find(|set| set.governs)
            .unwrap()
            .band
            .as_ref()
            .unwrap()
            .max_months
    };
    assert_eq!(months(&assess(&on("218", "2021-02-28", &facts))), 36);
    assert_eq!(months(&assess(&on("218", "2021-03-01", &facts))), 60);
    assert_eq!(
        months(&assess(&between(
            "218",
            ("2020-01-01", "2020-12-31"),
            "2022-01-01",
            &facts
        ))),
        36
    );
}

const FIRST_DAY: &str = "2004-12-22";
/// Until then no instrument gave a general range of fines; the answer says so.
const FIRST_FINE_RANGE: &str = "2007-04-05";

/// Every day on which a rule about the offence begins or has just ended, since the first interpretation or, if that
/// is later, since the offence exists.
fn days_of_change(book: &RuleBook, offence: &str) -> BTreeSet<Day> {
    let rules = book.list();
    let about = || {
        let rules = rules.iter().filter_map(|summary| book.show(&summary.id));
        rules.filter(|rule| rule.is_about(offence))
    };
    let punished = about()
        .filter(|rule| rule.kind == Kind::Band)
        .flat_map(|rule| &rule.versions);
    let since = punished.map(|version| version.from).min().unwrap();
    let first = since.max(FIRST_DAY.parse().unwrap());
    about()
        .flat_map(|rule| &rule.versions)
        .flat_map(|version| {
            let last = version
                .to
                .into_iter()
                .flat_map(|to| [Some(to), to.tomorrow().ok()])
                .flatten();
            last.chain([version.from, version.from.yesterday().unwrap()])
        })
        .chain([first, "2026-11-22".parse().unwrap()])
        .filter(|day| *day >= first)
        .collect()
}

/// Everything that lines ask for, as high as can be; every circumstance of a plain flag holds.
fn everything(book: &RuleBook, offence: &str, day: Day) -> FactSheet {
    let facts = book
        .fact_names()
        .filter(|fact| fact.one_of.is_none())
        .filter_map(|fact| match fact.kind {
            FactKind::Money => Some(crate::money(&fact.name, 1_000_000_000_000)),
            FactKind::Count => Some(crate::count(&fact.name, 1_000_000_000)),
            FactKind::Flag => Some(Statement {
                name: fact.name.clone(),
                value: Some(FactValue::Flag(true)),
                ..Statement::default()
            }),
            FactKind::Text => None,
        });
    FactSheet {
        offence: offence.to_owned(),
        person: Some(Person::Unit),
        conduct: Some(Conduct {
            from: Some(day),
            to: Some(day),
        }),
        judged_on: Some(day),
        facts: facts.collect(),
        ..FactSheet::default()
    }
}

#[test]
fn on_every_day_since_2004_every_offence_has_one_set_of_each_kind() {
    let book = book();
    let offences: Vec<String> = book
        .list()
        .into_iter()
        .filter(|rule| rule.kind == Kind::Element)
        .map(|rule| rule.id)
        .collect();
    let mut tried = 0;
    for offence in &offences {
        for day in days_of_change(book, offence) {
            let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
            for summary in book.list() {
                let rule = book.show(&summary.id).unwrap();
                let Some(version) = rule.version_on(day).filter(|_| rule.is_about(offence)) else {
                    continue;
                };
                let kind = match &version.body {
                    Body::Elements(_) => "elements",
                    Body::Bands(_) => "bands",
                    Body::Fine(_) => "fine",
                    Body::UnitFactor(_) => "unit",
                    Body::Lines(_) => "lines",
                    _ => "other",
                };
                *kinds.entry(kind).or_default() += 1;
            }
            let place = format!("{offence} on {day}: {kinds:?}");
            // Before its article was made, an offence has a version that says just that.
            if book
                .show(offence)
                .unwrap()
                .version_on(day)
                .is_some_and(|version| version.body == Body::NoOffence)
            {
                assert!(
                    !kinds.contains_key("bands") && !kinds.contains_key("lines"),
                    "{place}"
                );
                continue;
            }
            let fine_is_open = day < FIRST_FINE_RANGE.parse().unwrap();
            for (kind, wanted) in [
                ("elements", 1),
                ("bands", 1),
                ("unit", 1),
                ("fine", usize::from(!fine_is_open)),
            ] {
                assert_eq!(kinds.get(kind).copied().unwrap_or(0), wanted, "{kind}: {place}");
            }
            assert!(kinds.contains_key("lines"), "{place}");

            let answer = book.assess(&everything(book, offence, day), day).unwrap();
            let set = &answer.rule_sets[0];
            assert!(
                matches!(answer.outcome, Outcome::Serious | Outcome::EspeciallySerious),
                "{place}"
            );
            assert!(set.band.is_some(), "{place}");
            let named = answer.open.iter().any(|open| {
                open.question
                    .en
                    .contains("general range of fines before 2007-04-05")
            });
            assert_eq!(
                (set.fine.is_none(), named),
                (fine_is_open, fine_is_open),
                "{place}"
            );
            tried += 1;
        }
    }
    assert!(
        tried >= offences.len() * 6,
        "{tried} days for {} offences",
        offences.len()
    );
}
