//! The stories: what an officer asks, and what the answer must be.

use expect_test::{Expect, expect};
use quanlian_law::{Assessment, Distance, FactSheet, Language, Outcome, Reason, Tier, Truth, Which};

use crate::{assess, book, music, sheet, word};

const GAIN: &str = r#"{"name":"illegal_gain","fen":7200000,"evidence":["ev-ledger"]}"#;
const CLICKS: &str = r#"{"name":"actual_clicks","count":30000000,"evidence":["ev-info-json"]}"#;

/// Outcome, what could be reached, which rules govern, and the first missing fact, on one line.
fn check(sheet: &FactSheet, then: Expect) {
    let answer = assess(sheet);
    let missing = answer
        .missing
        .first()
        .map_or("nothing", |missing| missing.fact.as_str());
    let choice = if answer.governing.choice_required {
        ", choice required"
    } else {
        ""
    };
    let provisional = if answer.governing.provisional {
        ", provisional"
    } else {
        ""
    };
    then.assert_eq(&format!(
        "{}, could reach {}, rules of {}{choice}{provisional}, missing first: {missing}",
        word(&answer.outcome),
        word(&answer.could_reach),
        answer.governing.as_of,
    ));
}

fn line<'a>(reasons: &'a [Reason], id: &str) -> &'a Reason {
    fn find<'a>(reasons: &'a [Reason], id: &str) -> Option<&'a Reason> {
        reasons.iter().find_map(|r| {
            if r.line.as_deref() == Some(id) {
                Some(r)
            } else {
                find(&r.children, id)
            }
        })
    }
    find(reasons, id).unwrap_or_else(|| panic!("no line {id}"))
}

#[test]
fn with_both_figures_the_upper_tier_is_established() {
    let answer = assess(&music(&format!("{GAIN},{CLICKS}")));
    assert_eq!(answer.outcome, Outcome::EspeciallySerious);
    assert!(answer.missing.is_empty());
    let set = &answer.rule_sets[0];
    let clicks = line(&set.reasons, "217.o.net.clicks5");
    assert_eq!(clicks.state, Some(Truth::Met));
    assert_eq!(clicks.evidence, ["ev-info-json"]);
    assert_eq!(clicks.citation.as_ref().unwrap().zh, "法发〔2011〕3号第十三条");
    assert_eq!(clicks.version.unwrap().to_string(), "2011-01-10");
    let gain = line(&set.reasons, "217.o.gain5");
    assert_eq!(gain.evidence, ["ev-ledger"]);
    let short = gain.compared.as_ref().unwrap().distance.unwrap();
    assert_eq!(short, Distance::ShortBy(quanlian_law::Amount::Fen(7_800_000)));
    assert!(
        gain.text.en.contains("78,000.00 yuan short of 150,000.00 yuan"),
        "{}",
        gain.text.en
    );
    let band = set.band.as_ref().unwrap();
    assert_eq!((band.min_months, band.max_months), (36, 120));
    let fine = set.fine.as_ref().unwrap();
    assert_eq!(
        (fine.low.at_least_fen, fine.high.at_most_fen),
        (7_200_000, Some(36_000_000))
    );
}

#[test]
fn with_the_play_count_missing_it_asks_for_it_first() {
    check(
        &music(GAIN),
        expect!["serious, could reach especially_serious, rules of 2023-04-30, missing first: actual_clicks"],
    );
    let first = &assess(&music(GAIN)).missing[0];
    assert_eq!(
        first.why.en,
        "actual clicks: at 250,000 clicks or more, lifts to upper tier (especially serious)"
    );
}

#[test]
fn with_neither_figure_it_says_which_fact_would_settle_it() {
    check(
        &music(r#"{"name":"online","value":true}"#),
        expect![
            "undetermined, could reach especially_serious, rules of 2023-04-30, missing first: actual_clicks"
        ],
    );
    check(
        &music(""),
        expect![
            "undetermined, could reach especially_serious, rules of 2023-04-30, missing first: actual_clicks"
        ],
    );
}

#[test]
fn copying_asks_for_copies_first() {
    check(
        &music(r#"{"name":"copying","value":true},{"name":"online","value":false}"#),
        expect!["undetermined, could reach especially_serious, rules of 2023-04-30, missing first: copies"],
    );
}

#[test]
fn judged_after_the_change_both_rule_sets_are_shown_and_the_old_one_governs() {
    let late = sheet(
        "2022-05-01",
        "2023-04-30",
        "2025-06-01",
        &format!("{GAIN},{CLICKS}"),
    );
    check(
        &late,
        expect![
            "especially_serious, could reach especially_serious, rules of 2023-04-30, missing first: nothing"
        ],
    );
    let answer = assess(&late);
    assert_eq!(answer.rule_sets.len(), 2);
    assert!(
        answer
            .rule_sets
            .iter()
            .all(|set| set.outcome == Outcome::EspeciallySerious)
    );
    assert!(
        answer.governing.why.en.contains("the new fine is heavier"),
        "{}",
        answer.governing.why.en
    );
    let unread: Vec<&str> = answer
        .unverified
        .iter()
        .filter_map(|u| u.line.as_deref())
        .collect();
    assert!(
        unread.contains(&"217.n.clicks10") && !unread.contains(&"217.n.gain1"),
        "{unread:?}"
    );
    let decisive = answer
        .unverified
        .iter()
        .find(|u| u.line.as_deref() == Some("217.n.clicks10"))
        .unwrap();
    assert!(decisive.decisive);
}

const NOTHING_ELSE: &str = r#"{"name":"illegal_gain","fen":0},{"name":"illegal_business_volume","fen":0},
    {"name":"works_disseminated","count":0},{"name":"registered_members","count":0},{"name":"downloads","count":0},
    {"name":"copies","count":0}"#;

#[test]
fn clicks_between_the_old_and_the_new_line_are_judged_by_the_milder_new_rules() {
    let clicks = |n: u32| format!(r#"{{"name":"actual_clicks","count":{n}}},{NOTHING_ELSE}"#);
    let late = |n| sheet("2022-05-01", "2023-04-30", "2025-06-01", &clicks(n));
    check(
        &late(49_999),
        expect!["below, could reach below, rules of 2023-04-30, missing first: nothing"],
    );
    check(
        &late(50_000),
        expect!["below, could reach below, rules of 2025-06-01, missing first: nothing"],
    );
    check(
        &late(99_999),
        expect!["below, could reach below, rules of 2025-06-01, missing first: nothing"],
    );
    check(
        &late(100_000),
        expect!["serious, could reach serious, rules of 2023-04-30, missing first: nothing"],
    );
}

#[test]
fn clicks_between_the_lines_with_all_else_unknown_stay_undetermined() {
    let late = sheet(
        "2022-05-01",
        "2023-04-30",
        "2025-06-01",
        r#"{"name":"actual_clicks","count":60000}"#,
    );
    check(
        &late,
        expect![
            "undetermined, could reach especially_serious, rules of 2025-06-01, provisional, missing first: works_disseminated"
        ],
    );
}

#[test]
fn where_tier_and_fine_point_apart_a_person_chooses() {
    let facts = format!(
        r#"{GAIN},{{"name":"actual_clicks","count":600000}},{{"name":"illegal_business_volume","fen":0}},
           {{"name":"works_disseminated","count":0}},{{"name":"registered_members","count":0}},
           {{"name":"downloads","count":0}},{{"name":"copies","count":0}}"#
    );
    let mut late = sheet("2022-05-01", "2023-04-30", "2025-06-01", &facts);
    check(
        &late,
        expect!["serious, could reach serious, rules of 2025-06-01, choice required, missing first: nothing"],
    );
    late.chosen_rule_set = Some(quanlian_law::Choice {
        as_of: "2023-04-30".parse().unwrap(),
        reason: "the defence asked for the old rules because of the fine".into(),
        chosen_by: Some("judge".into()),
        chosen_on: None,
    });
    check(
        &late,
        expect![
            "especially_serious, could reach especially_serious, rules of 2023-04-30, missing first: nothing"
        ],
    );
    assert_eq!(assess(&late).governing.which, Which::Chosen);
    late.chosen_rule_set.as_mut().unwrap().reason = " ".into();
    let error = book().assess(&late, "2026-11-22".parse().unwrap()).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (
            "law_sheet_choice",
            "chosen_rule_set: a choice needs a reason; write it in `reason`"
        )
    );
}

#[test]
fn a_choice_against_a_plain_rule_is_marked() {
    let mut late = sheet(
        "2022-05-01",
        "2023-04-30",
        "2025-06-01",
        &format!("{GAIN},{CLICKS}"),
    );
    late.chosen_rule_set = Some(quanlian_law::Choice {
        as_of: "2025-06-01".parse().unwrap(),
        reason: "by mistake".into(),
        chosen_by: None,
        chosen_on: None,
    });
    let answer = assess(&late);
    assert!(answer.governing.departs_from_rule);
    assert!(
        answer.governing.why.zh.contains("偏离"),
        "{}",
        answer.governing.why.zh
    );
    assert!(
        answer
            .summary
            .en
            .contains("rests on rules whose source nobody has read"),
        "{}",
        answer.summary.en
    );
}

#[test]
fn an_answer_says_what_it_rests_on_that_nobody_has_read() {
    assert!(!assess(&music(&format!("{GAIN},{CLICKS}"))).rests_on_unverified);
    let late = assess(&sheet(
        "2022-05-01",
        "2023-04-30",
        "2025-06-01",
        &format!("{GAIN},{CLICKS}"),
    ));
    assert!(
        late.rests_on_unverified && late.summary.en.contains("comparison"),
        "{}",
        late.summary.en
    );
}

#[test]
fn repetition_that_nobody_stated_is_asked_for_where_it_matters() {
    let facts = format!(
        r#"{{"name":"illegal_gain","fen":2500000}},{}"#,
        NOTHING_ELSE.replace(
            r#"{"name":"illegal_gain","fen":0},"#,
            r#"{"name":"actual_clicks","count":0},"#
        )
    );
    check(
        &sheet("2025-05-01", "2025-06-01", "2026-01-10", &facts),
        expect!["undetermined, could reach serious, rules of 2025-06-01, missing first: repeat_within_2y"],
    );
}

#[test]
fn without_the_date_of_the_conduct_only_what_always_holds_is_established() {
    let mut undated = music(&format!("{GAIN},{CLICKS}"));
    undated.conduct = None;
    // Before 2011 clicks had no line, so only the entry tier (by the gain) holds whenever it was.
    check(
        &undated,
        expect![
            "serious, could reach especially_serious, rules of 2024-12-20, provisional, missing first: conduct"
        ],
    );
    let question = &assess(&undated).open[0].question.zh;
    assert!(question.contains("未给出行为日期"), "{question}");
    undated.conduct = Some(quanlian_law::Conduct {
        from: Some("2021-04-01".parse().unwrap()),
        to: None,
    });
    check(
        &undated,
        expect![
            "especially_serious, could reach especially_serious, rules of 2024-12-20, missing first: nothing"
        ],
    );
}

#[test]
fn conduct_before_the_first_interpretation_is_undetermined() {
    let early = sheet("2004-05-01", "2004-12-21", "2005-06-01", GAIN);
    check(
        &early,
        expect![
            "undetermined, could reach especially_serious, rules of 2004-12-21, choice required, provisional, missing first: illegal_business_volume"
        ],
    );
}

#[test]
fn conduct_over_a_change_is_judged_at_its_end_and_says_so() {
    let answer = assess(&sheet("2025-01-01", "2025-05-31", "2025-12-01", GAIN));
    assert_eq!(answer.governing.as_of.to_string(), "2025-05-31");
    assert!(
        answer
            .open
            .iter()
            .any(|o| o.question.en.contains("straddles the change of 2025-04-26"))
    );
}

#[test]
fn rules_in_between_are_pointed_out() {
    let answer = assess(&sheet("2006-01-01", "2006-06-01", "2025-06-01", GAIN));
    assert!(
        answer.open.iter().any(|o| o.question.en.contains("2007-04-05")),
        "{:?}",
        answer.open
    );
    let same = assess(&music(GAIN));
    assert!(same.open.iter().all(|o| o.rule.is_some()));
}

#[test]
fn a_unit_had_three_times_the_line_until_2007_and_who_acted_is_asked_for() {
    let nothing = NOTHING_ELSE.replace(r#"{"name":"illegal_gain","fen":0},"#, "");
    let facts = format!("{GAIN},{nothing}");
    let mut early = sheet("2006-01-01", "2006-06-01", "2006-12-01", &facts);
    check(
        &early,
        expect!["serious, could reach serious, rules of 2006-06-01, missing first: nothing"],
    );
    early.person = Some(quanlian_law::Person::Unit);
    check(
        &early,
        expect!["below, could reach below, rules of 2006-06-01, missing first: nothing"],
    );
    early.person = None;
    check(
        &early,
        expect!["undetermined, could reach serious, rules of 2006-06-01, missing first: person"],
    );
}

#[test]
fn a_contradiction_keeps_every_stated_value_possible() {
    let answer = assess(&music(
        r#"{"name":"actual_clicks","count":300000,"evidence":["a"]},{"name":"actual_clicks","count":100000,"evidence":["b"]}"#,
    ));
    assert_eq!(answer.outcome, Outcome::Serious);
    assert_eq!(answer.could_reach, Tier::EspeciallySerious);
    assert_eq!(answer.contradictions.len(), 1);
    assert_eq!(answer.contradictions[0].stated.len(), 2);
    let reason = line(&answer.rule_sets[0].reasons, "217.o.net.clicks5");
    assert_eq!((reason.state, reason.evidence.len()), (Some(Truth::Unknown), 2));
    assert!(
        answer.contradictions[0]
            .text
            .en
            .contains("100,000 clicks to 300,000 clicks")
    );
}

#[test]
fn statements_that_agree_are_joined_and_not_called_contradictions() {
    let answer = assess(&music(
        r#"{"name":"illegal_gain","at_least_fen":7000000},{"name":"illegal_gain","fen":7200000}"#,
    ));
    assert!(answer.contradictions.is_empty());
    assert_eq!(
        line(&answer.rule_sets[0].reasons, "217.o.gain1").state,
        Some(Truth::Met)
    );
}

#[test]
fn more_than_seventy_thousand_leaves_the_upper_line_open() {
    let answer = assess(&music(r#"{"name":"illegal_gain","at_least_fen":7000000}"#));
    let upper = line(&answer.rule_sets[0].reasons, "217.o.gain5");
    assert_eq!(upper.state, Some(Truth::Unknown));
    assert!(
        upper.text.en.contains("80,000.00 yuan short of 150,000.00 yuan"),
        "{}",
        upper.text.en
    );
    let fine = answer.rule_sets[0].fine.as_ref().unwrap();
    assert_eq!(
        (fine.high.at_least_fen, fine.high.at_most_fen),
        (35_000_000, None)
    );
}

#[test]
fn an_element_that_is_denied_excludes_every_tier() {
    let answer = assess(&music(&format!(
        r#"{GAIN},{CLICKS},{{"name":"profit_purpose","value":false}}"#
    )));
    assert_eq!(
        (answer.outcome, answer.could_reach),
        (Outcome::Below, Tier::Below)
    );
    assert!(answer.rule_sets[0].reasons[0].text.en.contains("profit purpose"));
    assert!(answer.rule_sets[0].band.is_none() && answer.rule_sets[0].fine.is_none());
}

#[test]
fn online_stated_false_beats_what_clicks_imply_and_is_pointed_out() {
    let answer = assess(&music(&format!(r#"{CLICKS},{{"name":"online","value":false}}"#)));
    assert_eq!(answer.outcome, Outcome::Undetermined);
    assert!(
        answer
            .open
            .iter()
            .any(|o| o.question.zh.contains("通过信息网络传播"))
    );
}

#[test]
fn limitation_inside_the_period_is_certain_and_outside_it_is_not() {
    let state = |answer: &Assessment| {
        let found = answer.rule_sets[0]
            .reasons
            .iter()
            .find(|r| r.text.en.starts_with("limitation"));
        found.unwrap().state
    };
    assert_eq!(state(&assess(&music(GAIN))), Some(Truth::Met));
    assert_eq!(
        state(&assess(&sheet("2012-01-01", "2012-06-01", "2020-06-01", GAIN))),
        Some(Truth::Unknown)
    );
}

#[test]
fn the_tree_reads_as_text_in_both_languages() {
    let answer = assess(&music(&format!(
        "{GAIN},{CLICKS},{}",
        r#"{"name":"member_fees","value":true}"#
    )));
    let page = book().render_assessment(&answer, Language::En);
    let shown: Vec<&str> = page
        .lines()
        .skip_while(|l| !l.starts_with("Rule set"))
        .filter(|l| {
            ["gain", "clicks5", "online", "profit", "Rule set", "outcome"]
                .iter()
                .any(|w| l.contains(w))
        })
        .take(12)
        .collect();
    expect![[r"
        Rule set 2023-04-30 (same at conduct and judgment): governs
          outcome: upper tier (especially serious); highest tier not excluded: upper tier (especially serious)
          fine: general range by illegal gain: from 72,000.00 yuan to 360,000.00 yuan · 法释〔2020〕10号, art. 10
            [not met] illegal gain 72,000.00 yuan, line at 150,000.00 yuan or more: not met, 78,000.00 yuan short of 150,000.00 yuan · 法释〔2004〕19号, art. 5 [217.o.gain5]; evidence: ev-ledger
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json
            [met] actual clicks 30,000,000 clicks, line at 250,000 clicks or more: met, 29,750,000 clicks above it · 法发〔2011〕3号, art. 13 [217.o.net.clicks5]; evidence: ev-info-json
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json
            [met] illegal gain 72,000.00 yuan, line at 30,000.00 yuan or more: met, 42,000.00 yuan above it · 法释〔2004〕19号, art. 5 [217.o.gain1]; evidence: ev-ledger
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json
              [met] dissemination online: holds (not stated; follows from “actual clicks”); evidence: ev-info-json"]]
    .assert_eq(&shown.join("\n"));
    let zh = book().render_assessment(&answer, Language::Zh);
    assert_eq!(zh.lines().count(), page.lines().count());
    for (language, text) in [("zh", &zh), ("en", &page)] {
        assert!(!text.contains('{'), "an unfilled placeholder in {language}");
    }
    for word in ["guilty", "有罪"] {
        let said: Vec<&str> = page
            .lines()
            .chain(zh.lines())
            .filter(|l| l.contains(word))
            .collect();
        assert!(said.iter().all(|l| l.contains("不认定")), "{said:?}");
    }
}

#[test]
fn the_duty_to_transfer_follows_the_outcome_and_cites_its_rules() {
    use quanlian_law::TransferAnswer::{self, LineReached, NoLine, SuspicionPossible};
    fn check(facts: &str, judged_on: &str, then: TransferAnswer, articles: &[&str]) {
        let text = format!(
            r#"{{"offence":"cn/criminal/217","person":"natural","conduct":{{"from":"2022-05-01","to":"2023-04-30"}},"judged_on":"{judged_on}","facts":[{facts}]}}"#
        );
        let sheet = quanlian_law::FactSheet::from_json(&text).unwrap();
        let transfer = crate::book()
            .assess(&sheet, sheet.judged_on.unwrap())
            .unwrap()
            .transfer;
        assert_eq!(transfer.answer, then, "{facts}");
        let cited: Vec<String> = transfer
            .rules
            .iter()
            .map(|rule| rule.citation.clone().unwrap().en)
            .collect();
        assert_eq!(cited.len(), articles.len(), "{cited:?}");
        for (cited, article) in cited.iter().zip(articles) {
            assert!(cited.contains(article), "{cited} is not {article}");
        }
    }
    let gain = r#"{"name":"illegal_gain","fen":3000000}"#;
    check(gain, "2024-12-20", LineReached, &["art. 3(1)", "art. 11"]);
    check(
        r#"{"name":"illegal_gain","fen":2999999}"#,
        "2024-12-20",
        SuspicionPossible,
        &["art. 3(2)", "art. 3(1)"],
    );
    let nothing = r#"{"name":"illegal_gain","fen":0},{"name":"illegal_business_volume","fen":0},{"name":"copies","count":0},
        {"name":"online","value":false},{"name":"online_membership","value":false}"#;
    check(nothing, "2024-12-20", NoLine, &["art. 3(1)"]);
}
