//! Statutes and interpretations, compared apart.

use quanlian_law::{
    LayerOf, Outcome, SetAt,
    sentence::{BarredBy, ProbationState},
};

use crate::{assess, music, sheet, word};

use super::{CLICKS, GAIN, SURRENDER, frame};

#[test]
fn statutes_and_interpretations_are_compared_apart() {
    let answer = assess(&sheet("2019-01-01", "2020-12-31", "2021-06-01", GAIN));
    let [statute, interpretation] = &answer.governing.layers[..] else {
        panic!("two layers")
    };
    assert_eq!((statute.layer, statute.differs), (LayerOf::Statute, true));
    assert_eq!(
        statute.rule.as_ref().unwrap().citation.as_ref().unwrap().zh,
        "刑法第十二条"
    );
    assert!(
        statute
            .changes
            .iter()
            .any(|change| change.rule == "cn/criminal/217/bands")
    );
    assert_eq!(
        (interpretation.layer, interpretation.differs),
        (LayerOf::Interpretation, false)
    );
    let straddled: Vec<String> = interpretation.straddled.iter().map(ToString::to_string).collect();
    assert_eq!(straddled, ["2020-09-14"]);

    let late = assess(&sheet("2022-05-01", "2023-04-30", "2025-06-01", GAIN));
    let [statute, interpretation] = &late.governing.layers[..] else {
        panic!("two layers")
    };
    assert!(!statute.differs && statute.rule.is_none());
    assert!(interpretation.differs);
    let rule = interpretation.rule.as_ref().unwrap();
    assert_eq!(rule.citation.as_ref().unwrap().zh, "高检发释字〔2001〕5号第三条");
    let none_before = assess(&sheet("2004-05-01", "2004-06-30", "2005-06-01", GAIN));
    let rule = none_before.governing.layers[1].rule.as_ref().unwrap();
    assert_eq!(rule.citation.as_ref().unwrap().zh, "高检发释字〔2001〕5号第二条");
}

/// A rule book from changed files.
fn book_of(files: &std::collections::BTreeMap<String, String>) -> quanlian_law::RuleBook {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    quanlian_law::RuleBook::from_dir(folder.path()).unwrap()
}

#[test]
fn a_band_that_begins_above_three_years_leaves_no_probation_but_a_ground_does() {
    let mut files = crate::law_files();
    let bands = files.get_mut("cn/criminal/217/bands.toml").unwrap();
    *bands = bands.replace(
        "min_months = 36, max_months = 120",
        "min_months = 60, max_months = 120",
    );
    let book = book_of(&files);
    let state = |facts: &str| {
        let answer = book.assess(&music(facts), "2026-11-22".parse().unwrap()).unwrap();
        let probation = frame(&answer).probation.as_ref().unwrap();
        (probation.state, probation.barred_by)
    };
    assert_eq!(state(CLICKS), (ProbationState::Barred, Some(BarredBy::Length)));
    assert_eq!(
        state(&format!("{CLICKS},{SURRENDER}")),
        (ProbationState::Open, None)
    );
}

#[test]
fn a_part_of_the_frame_that_nobody_read_is_marked_but_carries_no_outcome() {
    let mut files = crate::law_files();
    for name in [
        "cn/criminal/sentencing/criminal-law-art-72-74.toml",
        "cn/criminal/sentencing/adjust/voluntary-surrender.toml",
    ] {
        let text = files.get_mut(name).unwrap();
        *text = text.replace("verified = true", "verified = false");
    }
    let answer = book_of(&files)
        .assess(
            &music(&format!("{GAIN},{CLICKS},{SURRENDER}")),
            "2026-11-22".parse().unwrap(),
        )
        .unwrap();
    let unread: Vec<(&str, bool)> = answer
        .unverified
        .iter()
        .map(|u| (u.rule.as_str(), u.decisive))
        .collect();
    assert_eq!(
        unread,
        [
            ("cn/criminal/sentencing/adjust/voluntary-surrender", false),
            ("cn/criminal/sentencing/criminal-law-art-72-74", false)
        ]
    );
    assert!(!answer.rests_on_unverified);
}

#[test]
fn law_in_force_only_in_between_is_shown_where_it_is_lighter_and_never_governs() {
    // The line of gain is lifted a thousandfold from 2015 to 2017, with the old one before and after.
    let version = |from: &str, to: &str, id: &str, value: i64| {
        format!(
            "[[version]]\nfrom = {from}\nto = {to}\n[[version.line]]\nid = \"{id}\"\ntier = \"serious\"\n\
             fact = \"illegal_gain\"\nop = \">=\"\nvalue = {value}\nunit = \"yuan\"\nverified = true\nagainst = [\"S1\"]\n\n"
        )
    };
    let mut files = crate::law_files();
    let text = files.get_mut("cn/criminal/217/2004-19-art-05.toml").unwrap();
    let head = text[..text.find("[[version]]").unwrap()].to_owned();
    *text = [
        head,
        version("2010-01-01", "2014-12-31", "a", 30_000),
        version("2015-01-01", "2017-12-31", "b", 30_000_000),
        version("2018-01-01", "2025-04-25", "c", 30_000),
    ]
    .concat();
    let book = book_of(&files);
    let nothing_else: Vec<String> = [
        "actual_clicks",
        "works_disseminated",
        "registered_members",
        "downloads",
        "copies",
    ]
    .iter()
    .map(|name| format!(r#"{{"name":"{name}","count":0}}"#))
    .chain([r#"{"name":"illegal_business_volume","fen":0}"#.to_owned()])
    .collect();
    let facts = format!("{GAIN},{}", nothing_else.join(","));
    let sheet = sheet("2013-01-01", "2013-06-01", "2018-06-01", &facts);
    let answer = book.assess(&sheet, "2026-11-22".parse().unwrap()).unwrap();
    let sets: Vec<String> = answer
        .rule_sets
        .iter()
        .map(|set| {
            format!(
                "{} {} {} {}",
                set.as_of,
                word(&set.at),
                word(&set.outcome),
                set.governs
            )
        })
        .collect();
    assert_eq!(
        sets,
        [
            "2013-06-01 conduct serious true",
            "2018-06-01 judgment serious false",
            "2015-01-01 between below false"
        ]
    );
    assert_eq!(answer.outcome, Outcome::Serious);
    assert!(
        answer
            .open
            .iter()
            .any(|open| open.question.en.contains("lighter than both"))
    );
    assert_eq!(answer.rule_sets[2].at, SetAt::Between);
}
