//! Timelines with services, suspensions and extensions: what they give, and how bad ones are refused.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_law::{
    ClockResult, Extension, Kind, Language, MAX_TIMELINE_BYTES, Moment, Suspension, Timeline, icalendar,
    rule::Body,
};
use quanlian_record::time::{Day, Timestamp};

use crate::{book, word};

fn one(timeline: &str) -> ClockResult {
    let timeline = Timeline::parse(timeline).unwrap();
    book().deadlines(&timeline).unwrap().remove(0)
}

/// State and last day, then the steps in English.
fn steps(timeline: &str, then: Expect) {
    let clock = one(timeline);
    let mut lines = vec![format!(
        "{} {}",
        word(&clock.state),
        clock.due_on.map_or("-".to_owned(), |day| day.to_string())
    )];
    lines.extend(clock.steps.iter().map(|step| step.en.clone()));
    lines.extend(clock.problems.iter().map(|problem| format!("! {}", problem.en)));
    then.assert_eq(&lines.join("\n"));
}

/// The error of a bad timeline: its code and the first part of its message.
fn refused(timeline: &str, then: Expect) {
    let (code, message) = match Timeline::parse(timeline) {
        Err(error) => (error.code(), error.to_string()),
        Ok(timeline) => {
            let error = book().deadlines(&timeline).unwrap_err();
            (error.code(), error.to_string())
        }
    };
    let message = message.split("; the fields are").next().unwrap();
    let message: String = message.chars().take(220).collect();
    then.assert_eq(&format!("{code}\n{message}"));
}

#[test]
fn holidays_and_make_up_days_are_named() {
    steps(
        r#"{"rule":"adm.serve","events":{"penalty_announced_on":"2024-02-02"}}"#,
        expect![[r"
            running 2024-02-18
            starts with penalty announced, party absent: 2024-02-02
            that day is not counted; counted from 2024-02-03 (Administrative Penalty Law art. 85)
            counted: 2024-02-04 (worked for Spring Festival)
            not counted: Spring Festival, 2024-02-10 to 2024-02-17
            counted: 2024-02-18 (worked for Spring Festival)
            not counted: weekend days, 1
            7 working days end on 2024-02-18
            result: 2024-02-18 (Administrative Penalty Law arts 61, 85)"]],
    );
}

#[test]
fn an_open_last_day_gives_the_strict_day_and_the_later_one() {
    let clock = one("rule = \"tr.decide\"\n[events]\nreport_received_on = 2024-09-29\n");
    let readings: Vec<String> = clock
        .readings
        .iter()
        .map(|reading| reading.text.en.clone())
        .collect();
    assert_eq!(clock.due_on.unwrap().to_string(), "2024-10-02");
    expect![[r"
        if working days are meant: 2024-10-09
        if a last day that is not worked moves: 2024-10-08"]]
    .assert_eq(&readings.join("\n"));
    assert!(clock.text.zh.contains("2024-10-08") && clock.text.zh.contains("2024-10-09"));
    // A last day that is worked needs no second reading of it.
    let clock = one(r#"{"rule":"adm.decide","events":{"case_filed_on":"2024-03-04"}}"#);
    assert_eq!(clock.due_on.unwrap().to_string(), "2024-06-02");
    assert_eq!(clock.readings.len(), 1, "a Sunday");
    let clock = one(r#"{"rule":"adm.decide","events":{"case_filed_on":"2024-03-05"}}"#);
    assert!(clock.readings.is_empty(), "a Monday");
}

#[test]
fn a_paper_counts_as_served_as_its_rule_says() {
    steps(
        r#"{"rule":"adj.sue","service":[{"event":"adjudication_decision_received_on",
            "rule":"cn/service/patent-rules-art-4","method":"mail","on":"2024-09-05"}]}"#,
        expect![[r"
            running 2024-10-08
            service: by post, sent on 2024-09-05; counts as served on 2024-09-20 (Patent Rules art. 4)
            starts with decision received: 2024-09-20
            that day is not counted; counted from 2024-09-21 (法释〔2018〕1号, art. 48)
            15 calendar days end on 2024-10-05
            2024-10-05 is a day off (National Day); moved to the first working day after it, 2024-10-08 (法释〔2018〕1号, art. 48)
            result: 2024-10-08 (Patent Law art. 65)"]],
    );
}

#[test]
fn suspensions_and_extensions_stand_in_the_steps() {
    steps(
        r#"{"rule":"adj.local.close","events":{"adjudication_filed_on":"2025-03-31",
            "adjudication_suspended_on":"2025-04-10","adjudication_resumed_on":"2025-04-20"},
            "suspensions":[{"group":"adjudication","from":"2025-05-01","to":"2025-05-03","reason":"site visit"}],
            "extensions":[{"rule":"adj.local.close","months":1,"reason":"complex","granted_by":"head","on":"2025-06-20"}]}"#,
        expect![[r"
            running 2025-08-13
            starts with adjudication case filed: 2025-03-31
            that day is not counted; counted from 2025-04-01
            stood still from 2025-04-10 to 2025-04-19, 10 days not counted: adjudication suspended
            stood still from 2025-05-01 to 2025-05-03, 3 days not counted: site visit
            3 months end on 2025-07-13
            extended by 1 month to 2025-08-13, granted by head on 2025-06-20: complex (may grant: whoever is competent (article not read))
            result: 2025-08-13 (Rules on patent adjudication and mediation (article not read))"]],
    );
}

#[test]
fn an_extension_that_the_rule_does_not_allow_is_named_and_not_counted() {
    // Beyond the limit of thirty days.
    steps(
        r#"{"rule":"cn/reconsideration/art-62-decide","events":{"administrative_reconsideration_accepted_on":"2024-03-04"},
            "extensions":[{"rule":"cn/reconsideration/art-62-decide","days":40,"reason":"complex","granted_by":"head","on":"2024-04-25"}]}"#,
        expect![[r"
            over_extended 2024-06-03
            starts with administrative reconsideration accepted: 2024-03-04
            that day is not counted; counted from 2024-03-05 (Administrative Reconsideration Law art. 88)
            60 calendar days end on 2024-05-03
            extended by 40 calendar days, granted by head on 2024-04-25, beyond the limit and counted to 2024-06-02 only: complex (may grant: head of the reconsideration body)
            2024-06-02 is a day off (weekend); moved to the first working day after it, 2024-06-03 (Administrative Reconsideration Law art. 88)
            result: 2024-06-03 (Administrative Reconsideration Law art. 62)
            ! the extension of 40 calendar days granted by head on 2024-04-25 goes beyond the limit, which is 2024-06-02 (complex; may grant: head of the reconsideration body)"]],
    );
    // No extension in Order 310, and no suspension either.
    let timeline = r#"{"rule":"tr.decide","events":{"report_received_on":"2024-03-05"},
        "suspensions":[{"rule":"tr.decide","from":"2024-03-06","to":"2024-03-07","reason":"leave"}],
        "extensions":[{"rule":"tr.decide","days":2,"reason":"complex","granted_by":"head","on":"2024-03-06"}]}"#;
    steps(
        timeline,
        expect![[r"
        running 2024-03-08
        starts with report received by the head of the agency: 2024-03-05
        that day is not counted; counted from 2024-03-06
        3 calendar days end on 2024-03-08
        open in the text: if working days are meant: 2024-03-08
        result: 2024-03-08 (State Council Order 310, art. 5)
        ! the suspension from 2024-03-06 is not counted: the rule knows no suspension (leave)
        ! the extension of 2 calendar days granted by head on 2024-03-06 is not counted: the rule knows no extension (complex)"]],
    );
    // After the period was over, and before it began.
    for on in ["2025-07-02", "2025-03-30"] {
        let clock = one(&format!(
            r#"{{"rule":"adj.local.close","events":{{"adjudication_filed_on":"2025-03-31"}},
            "extensions":[{{"rule":"adj.local.close","months":1,"reason":"x","granted_by":"y","on":"{on}"}}]}}"#
        ));
        assert_eq!(clock.due_on.unwrap().to_string(), "2025-06-30", "{on}");
        assert_eq!(clock.problems.len(), 1);
    }
}

#[test]
fn a_clock_that_stands_has_no_last_day_and_cannot_be_late() {
    let given = r#""adjudication_filed_on":"2024-03-04","adjudication_suspended_on":"2024-04-01""#;
    let clock = one(&format!(r#"{{"rule":"adj.major.close","events":{{{given}}}}}"#));
    assert_eq!((word(&clock.state), clock.due_on), ("suspended".to_owned(), None));
    assert_eq!(clock.not_before.unwrap().to_string(), "2024-06-04");
    assert!(clock.text.zh.contains("中止") && clock.text.en.contains("2024-06-04"));
    let done = format!(
        r#"{{"rule":"adj.major.close","events":{{{given},"adjudication_decided_on":"2024-12-01"}}}}"#
    );
    assert_eq!(word(&one(&done).state), "done");
}

#[test]
fn a_missing_calendar_is_an_answer_with_the_earliest_day() {
    let given = |done: &str| {
        one(&format!(
            r#"{{"rule":"adm.serve","events":{{"penalty_announced_on":"2026-12-30"{done}}}}}"#
        ))
    };
    let clock = given("");
    assert_eq!(
        (word(&clock.state), clock.due_on),
        ("calendar_missing".to_owned(), None)
    );
    assert_eq!(clock.not_before.unwrap().to_string(), "2027-01-06");
    assert_eq!(clock.missing_year, Some(2027));
    assert!(
        clock.text.en.contains("no working-day calendar for 2027"),
        "{}",
        clock.text.en
    );
    assert_eq!(word(&given(r#","penalty_served_on":"2027-01-06""#).state), "done");
    assert_eq!(
        word(&given(r#","penalty_served_on":"2027-01-07""#).state),
        "done_unclear"
    );
    // Backwards: the latest day that it can be.
    let clock = one(
        r#"{"rule":"cn/administrative-penalty/art-64-notify-hearing","events":{"penalty_hearing_on":"2027-01-11"}}"#,
    );
    assert_eq!((clock.due_on, clock.not_before), (None, None));
    assert_eq!(clock.not_after.unwrap().to_string(), "2027-01-04");
    // The last days of the newest year may still change, and the answer says so.
    let clock = one(r#"{"rule":"adm.serve","events":{"penalty_announced_on":"2026-12-18"}}"#);
    assert_eq!(clock.due_on.unwrap().to_string(), "2026-12-29");
    assert!(
        clock.text.en.contains("notice of the next year"),
        "{}",
        clock.text.en
    );
}

#[test]
fn periods_beyond_the_calendar_are_no_panic() {
    for (rule, event, on) in [
        ("adj.sue", "adjudication_decision_received_on", "9999-12-20"),
        ("adm.limit", "act_ended_on", "9998-06-01"),
        ("adm.serve", "penalty_announced_on", "9999-12-30"),
        ("cn/trademark/oppose", "mark_published_on", "9999-11-30"),
    ] {
        let clock = one(&format!(r#"{{"rule":"{rule}","events":{{"{event}":"{on}"}}}}"#));
        assert_eq!(clock.due_on, None, "{rule}");
        assert_eq!(word(&clock.state), "out_of_range", "{rule}");
    }
}

#[test]
fn bad_shapes_name_the_line() {
    refused(
        "{",
        expect![[r"
        law_timeline_shape
        line 1: EOF while parsing an object"]],
    );
    refused(
        "{\"event\":{}}",
        expect![[r"
        law_timeline_shape
        line 1: unknown field `event`, expected one of `case`, `group`, `rule`, `events`, `service`, `suspensions`, `extensions`"]],
    );
    refused(
        "rule = \"tr.decide\"\n[events]\nreport_received_on = 2024-02-30\n",
        expect![[r"
        law_timeline_shape
        line 3: invalid date, expected day between 01 and 29"]],
    );
    refused(
        "{\"events\":{\n\"report_received_on\":\"2023-02-29\"}}",
        expect![[r"
        law_timeline_shape
        line 2: `2023-02-29` is not a date (write 2024-12-20)"]],
    );
    refused(
        "[events]\napproved_at = 2024-03-01T09:30:00\n",
        expect![[r"
        law_timeline_shape
        line 2: `2024-03-01T09:30:00` is not an instant (write 2024-12-20T09:30:00Z)"]],
    );
    refused(
        r#"{"events":{"filed_on":"2024-03-01","filed_on":"2024-03-02"}}"#,
        expect![[r"
            law_timeline_shape
            line 1: the event `filed_on` is given twice"]],
    );
    refused(
        &format!("events = {}", "[".repeat(5_000)),
        expect![[r"
        law_timeline_shape
        line 1: nested more than 6 deep"]],
    );
    refused(
        &" ".repeat(MAX_TIMELINE_BYTES + 1),
        expect![[r"
        law_timeline_too_large
        the timeline has 262145 bytes, the limit is 262144"]],
    );
}

#[test]
fn unknown_names_name_their_neighbour() {
    refused(
        r#"{"rule":"tr.decde"}"#,
        expect![[r"
        law_clock_unknown_rule
        `tr.decde` is not a deadline in the rule book; did you mean `tr.decide`?"]],
    );
    refused(
        r#"{"group":"transfers"}"#,
        expect![[r"
        law_clock_unknown_group
        `transfers` is not a group of deadlines; known are adjudication, agency, appeal, penalty, platform, registration, reverse, transfer"]],
    );
    refused(
        r#"{"rule":"tr.decide","group":"penalty"}"#,
        expect![[r"
        law_clock_rule_and_group
        the timeline asks for the rule `tr.decide` and for the group `penalty`; ask for one of them"]],
    );
    refused(
        r#"{"case":"","rule":"tr.decide"}"#,
        expect![[r"
        law_clock_bad_text
        timeline.case: the text is empty or longer than 2000 bytes; say it in a sentence"]],
    );
    refused(
        r#"{"rule":"tr.decide","events":{"report_recieved_on":"2024-03-01"}}"#,
        expect![[r"
            law_clock_unknown_event
            `report_recieved_on` is not a known event (did you mean `report_received_on`?); known are act_discovered_on, act_ended_on, adjudication_accepted_on, adjudication_asked_on, adjudication_decided_on, adjudication_decision_r"]],
    );
    refused(
        r#"{"service":[{"event":"filed_on","rule":"cn/service/none","method":"mail","on":"2024-03-01"}]}"#,
        expect![[r"
            law_clock_bad_service
            service[0].rule: `cn/service/none` is not a rule in force on 2024-03-01; known are cn/service/civil-procedure, cn/service/patent-rules-art-4, cn/service/trademark-rules-art-10"]],
    );
    refused(
        r#"{"service":[{"event":"filed_on","rule":"cn/service/civil-procedure","method":"pigeon","on":"2024-03-01"}]}"#,
        expect![[r"
            law_clock_bad_service
            service[0].method: `pigeon` is not a way of service of `cn/service/civil-procedure`; known are direct, left, electronic, mail, announcement"]],
    );
    refused(
        r#"{"events":{"filed_on":"2024-03-01"},
            "service":[{"event":"filed_on","rule":"cn/service/civil-procedure","method":"direct","on":"2024-03-01"}]}"#,
        expect![[r"
            law_clock_bad_service
            service[0].event: the event `filed_on` is given twice; keep the event or the service"]],
    );
}

#[test]
fn suspensions_and_extensions_that_cannot_be_are_refused() {
    let suspended = |list: &str| format!(r#"{{"rule":"adj.local.close","suspensions":[{list}]}}"#);
    let both = |rule: &str, dates: &str| format!(r#"{{{rule},{dates},"reason":"x"}}"#);
    let own = r#""rule":"adj.local.close""#;
    refused(
        &suspended(&both(own, r#""from":"2025-05-05","to":"2025-05-04""#)),
        expect![[r"
            law_clock_bad_suspension
            suspensions[0]: it ends on 2025-05-04, before it begins on 2025-05-05; correct from or to"]],
    );
    refused(
        &suspended(&both(r#""rule":"none""#, r#""from":"2025-05-05""#)),
        expect![[r"
        law_clock_unknown_rule
        `none` is not a deadline in the rule book"]],
    );
    refused(
        &suspended(r#"{"from":"2025-05-05","reason":"x"}"#),
        expect![[r"
            law_clock_bad_suspension
            suspensions[0]: it names no clock, or a rule and a group; write rule or group"]],
    );
    refused(
        &suspended(r#"{"rule":"adj.local.close","from":"2025-05-05","reason":" "}"#),
        expect![[r"
            law_clock_bad_text
            suspensions[0].reason: the text is empty or longer than 2000 bytes; say it in a sentence"]],
    );
    let overlap = format!(
        r#"{{{own},"events":{{"adjudication_filed_on":"2025-03-31"}},"suspensions":[
            {{{own},"from":"2025-04-10","to":"2025-04-20","reason":"x"}},
            {{"group":"adjudication","from":"2025-04-20","to":"2025-04-22","reason":"y"}}]}}"#
    );
    refused(
        &overlap,
        expect![[r"
        law_clock_suspensions_overlap
        `cn/adjudication/local-close`: the suspension from 2025-04-20 begins while the one from 2025-04-10 lasts; write them as one"]],
    );
    refused(
        r#"{"rule":"tr.decide","events":{"adjudication_resumed_on":"2025-05-05"}}"#,
        expect![[r"
            law_clock_resumed_only
            `adjudication_resumed_on` is given without `adjudication_suspended_on`; give the day of the suspension too"]],
    );
    refused(
        r#"{"events":{"adjudication_suspended_on":"2025-05-05","adjudication_resumed_on":"2025-05-01"}}"#,
        expect![[r"
            law_clock_bad_suspension
            events.adjudication_resumed_on: it is on 2025-05-01, before `adjudication_suspended_on` on 2025-05-05; correct one of them"]],
    );
    let extended = |length: &str| {
        format!(
            r#"{{{own},"extensions":[{{{own},{length}"reason":"x","granted_by":"y","on":"2025-05-05"}}]}}"#
        )
    };
    refused(
        &extended(""),
        expect![[r"
        law_clock_bad_extension
        extensions[0]: it has no length, or several; write one of days, working_days, months, from 1 to 1000"]],
    );
    refused(
        &extended(r#""days":1,"months":1,"#),
        expect![[r"
        law_clock_bad_extension
        extensions[0]: it has no length, or several; write one of days, working_days, months, from 1 to 1000"]],
    );
    refused(
        &extended(r#""months":0,"#),
        expect![[r"
        law_clock_bad_extension
        extensions[0]: its length is nothing or absurdly long; write one of days, working_days, months, from 1 to 1000"]],
    );
    refused(
        &extended(r#""days":4294967295,"#),
        expect![[r"
        law_clock_bad_extension
        extensions[0]: its length is nothing or absurdly long; write one of days, working_days, months, from 1 to 1000"]],
    );
    refused(
        &extended(r#""days":-1,"#),
        expect![[r"
        law_timeline_shape
        line 1: invalid value: integer `-1`, expected u32"]],
    );
    let many = vec![r#"{"rule":"adj.local.close","from":"2025-05-05","reason":"x"}"#; 201].join(",");
    refused(
        &suspended(&many),
        expect![[r"
        law_clock_too_many
        suspensions: more than 200; merge those that follow each other"]],
    );
}

#[test]
fn a_diary_has_one_entry_for_each_clock_that_runs() {
    let timeline = Timeline::parse(
        r#"{"case":"沪市监案2024-17","events":{"report_received_on":"2024-09-29","approved_at":"2024-09-30T09:30:00+08:00",
            "police_accepted_at":"2024-10-01"}}"#,
    )
    .unwrap();
    let clocks = book().deadlines(&timeline).unwrap();
    let write = |language, written_at: &str| {
        let diary = icalendar::Diary {
            language,
            written_at: written_at.parse().unwrap(),
            case: timeline.case.as_deref(),
        };
        icalendar::write(&clocks, &diary)
    };
    let text = write(Language::En, "2024-09-30T02:00:00Z");
    // The decision was taken; the hand-over, the passing on, the request for papers and the filing run.
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 4);
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains("DTSTART:20241001T013000Z\r\n"), "{unfolded}");
    assert!(unfolded.contains("DTSTART;VALUE=DATE:20241008\r\n"), "{unfolded}");
    assert!(unfolded.contains("SUMMARY:沪市监案2024-17 · "), "{unfolded}");
    assert!(unfolded.contains("TRIGGER:-P1D\r\n") && unfolded.contains("State Council Order 310\\, art. 8"));
    // Written again, in another language, the entries keep their ids.
    let ids = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("UID:"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let again = write(Language::Zh, "2024-10-01T02:00:00Z");
    assert_eq!(ids(&text), ids(&again));
    let mut unique = ids(&text);
    unique.dedup();
    assert_eq!(unique.len(), 4);
    assert!(again.contains("DTSTAMP:20241001T020000Z"));
}

/// Every deadline with the event that starts it.
fn starts() -> Vec<(String, String)> {
    let rules = book()
        .list()
        .into_iter()
        .filter(|rule| rule.kind == Kind::Deadline);
    let start = |id: String| {
        let Body::Clock(clock) = &book().show(&id)?.versions.last()?.body else {
            return None;
        };
        Some((id, clock.starts.clone()))
    };
    rules.filter_map(|rule| start(rule.id)).collect()
}

fn any_day() -> impl Strategy<Value = Day> {
    let day = |days: i64| {
        Day::new(2018, 11, 1)
            .unwrap()
            .checked_add(jiff::Span::new().days(days))
            .unwrap()
    };
    prop_oneof![
        9 => (0_i64..3_200).prop_map(day),
        1 => (-730_000_i64..2_900_000).prop_map(day),
    ]
}

fn later(day: Day, days: i64) -> Option<Day> {
    day.checked_add(jiff::Span::new().days(days)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_timeline_has_an_answer_and_a_suspension_never_shortens(
        rule in 0..60_usize, start in any_day(), minute in prop::option::of(0_i64..1440),
        gaps in prop::collection::vec((0_i64..40, 0_i64..30, any::<bool>()), 0..4),
        more in prop::collection::vec((0_i64..100, 1_u32..40, 0..3_u8), 0..4),
    ) {
        let starts = starts();
        let (rule, event) = starts[rule % starts.len()].clone();
        let moment = minute.and_then(|minute| {
            let midnight = Timestamp::start_of_legal_day(start).ok()?.unix_micros();
            Timestamp::from_unix_micros(midnight + minute * 60_000_000).ok()
        });
        let mut timeline = Timeline {
            rule: Some(rule.clone()),
            events: [(event, moment.map_or(Moment::Day(start), Moment::At))].into(),
            ..Timeline::default()
        };
        for (after, length, unit) in more {
            let Some(on) = later(start, after) else { continue };
            let pick = |wanted| (unit == wanted).then_some(length);
            timeline.extensions.push(Extension {
                rule: rule.clone(),
                days: pick(0),
                working_days: pick(1),
                months: pick(2),
                reason: "x".into(),
                granted_by: "y".into(),
                on,
            });
        }
        let plain = book().deadlines(&Timeline { suspensions: vec![], ..timeline.clone() }).unwrap().remove(0);
        let mut from = later(start, -3);
        for (gap, length, open) in gaps {
            let Some(begins) = from.and_then(|day| later(day, gap)) else { break };
            let to = later(begins, length);
            timeline.suspensions.push(Suspension {
                rule: Some(rule.clone()),
                group: None,
                from: begins,
                to: to.filter(|_| !open),
                reason: "x".into(),
            });
            if open {
                break;
            }
            from = to.and_then(|day| later(day, 1));
        }
        timeline.extensions.retain(|_| plain.problems.is_empty());
        let plain = book().deadlines(&Timeline { suspensions: vec![], ..timeline.clone() }).unwrap().remove(0);
        let stood = book().deadlines(&timeline).unwrap().remove(0);
        let end = |clock: &ClockResult| clock.due_on.or(clock.not_before);
        if let (Some(plain), Some(stood)) = (end(&plain), end(&stood)) {
            prop_assert!(stood >= plain, "{stood} before {plain}");
        }
        for clock in [&plain, &stood] {
            let diary = icalendar::Diary {
                language: Language::Zh,
                written_at: Timestamp::from_unix_micros(0).unwrap(),
                case: None,
            };
            prop_assert!(icalendar::write(std::slice::from_ref(clock), &diary).lines().all(|line| line.len() <= 75));
        }
    }

    #[test]
    fn any_text_is_a_timeline_or_a_named_error(text in "[\\[\\]{}=\"'.,:0-9a-zT_\n#-]{0,200}") {
        if let Err(error) = Timeline::parse(&text) {
            prop_assert!(error.to_string().contains("line "), "{error}");
        }
    }
}
