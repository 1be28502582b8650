//! How clocks are counted: promised limits, hours, months, pauses, extensions, a missing calendar.
//!
//! In:  the small procedure, with days of March and April 2024 (4–6 April off, Sunday 7 April worked).
//! Out: ends against days counted by hand, as the comments say.

use jiff::ToSpan;
use proptest::prelude::*;
use quanlian_procedure::{Actor, Context, Engine, Given, Length};

use super::{
    LAW, PROCEDURES,
    general::{SMALL, approver, because, handler, load, small},
    kit::{Story, at, codes, day, on},
};

#[test]
fn a_promised_limit_stands_still_with_the_matter_and_a_period_of_law_only_where_the_law_says_so() {
    let mut story = small();
    // Five working days from Monday 4 March: 5, 6, 7, 8, 11.
    assert_eq!(
        story.stands("answer", "2024-03-04 09:00"),
        "running due 2024-03-11 left 7 over 0 green"
    );
    assert_eq!(
        story.stands("penalty", "2024-03-04 09:00"),
        "running due 2024-06-02 left 90 over 0 green"
    );
    story
        .give("suspend", &approver("2024-03-06 09:00"), because())
        .unwrap();
    assert_eq!(
        story.stands("answer", "2024-03-20 09:00"),
        "suspended due - left - over 0 off"
    );
    assert_eq!(
        codes(story.act("go_on", &handler("2024-03-07 09:00"), &["served_on=2024-03-05"])),
        ["matter_suspended (S-1)"]
    );
    story.act("resume", &handler("2024-03-13 09:00"), &[]).unwrap();
    // Counted: 5; 6 to 12 March stand still; 13, 14, 15, Monday 18.
    assert_eq!(
        story.stands("answer", "2024-03-13 09:00"),
        "running due 2024-03-18 left 5 over 0 green"
    );
    // A month from 4 March is 4 April; seven days stood still, so 11 April, a worked Thursday.
    assert_eq!(
        story.stands("month", "2024-03-13 09:00"),
        "running due 2024-04-11 left 29 over 0 green"
    );
    // Art. 60 of the Administrative Penalty Law provides for no suspension: the end stays, and the clock says why.
    let penalty = story.clock("penalty", "2024-03-13 09:00");
    assert_eq!(penalty.due_on, Some(day("2024-06-02")));
    assert_eq!(penalty.problems.len(), 1, "{:?}", penalty.problems);
    assert_eq!(
        codes(story.act("resume", &handler("2024-03-14 09:00"), &[])),
        ["not_suspended"]
    );
    story.close();
}

#[test]
fn hours_run_from_the_instant_and_months_move_off_a_holiday() {
    let mut story = small();
    assert_eq!(
        story.stands("hours", "2024-03-05 09:00"),
        "running due 2024-03-06 09:00:00 (UTC+8) left 1 over 0 yellow"
    );
    assert_eq!(
        story.stands("hours", "2024-03-06 09:00"),
        "running due 2024-03-06 09:00:00 (UTC+8) left 0 over 0 red"
    );
    assert_eq!(
        story.stands("hours", "2024-03-06 09:01"),
        "overdue due 2024-03-06 09:00:00 (UTC+8) left - over 0 red"
    );
    // 4 April is Tomb-Sweeping Day, off until 6; Sunday 7 April is worked.
    assert_eq!(
        story.stands("month", "2024-03-06 09:00"),
        "running due 2024-04-07 left 32 over 0 green"
    );
    let mut context = handler("2024-03-20 09:00");
    context.happened = Some(on("2024-03-06"));
    story.act("go_on", &context, &["served_on=2024-03-05"]).unwrap();
    // Recorded on the 20th, happened on the 6th, the last day, at an hour that nobody noted: nobody can tell.
    assert_eq!(
        story.stands("hours", "2024-03-20 09:00"),
        "met_unclear due 2024-03-06 09:00:00 (UTC+8) left - over 0 off"
    );
    story.close();
}

#[test]
fn an_extension_is_granted_within_its_bound_alone() {
    let mut story = small();
    let extend = |clock: &str, length| Given {
        clock: Some(clock.to_owned()),
        length: Some(length),
        ..because()
    };
    let now = "2024-03-05 09:00";
    let mut refused = |given: Given| codes(story.give("extend", &approver(now), given));
    assert_eq!(
        refused(extend("answer", Length::WorkingDays(4))),
        ["extension_not_allowed (answer)"]
    );
    assert_eq!(
        refused(extend("answer", Length::Days(1))),
        ["extension_not_allowed (answer)"]
    );
    assert_eq!(
        refused(extend("penalty", Length::Days(30))),
        ["extension_not_allowed (penalty)"]
    );
    assert_eq!(
        refused(extend("service", Length::Days(1))),
        ["clock_not_running (service)"]
    );
    assert_eq!(refused(because()), ["length_missing"]);
    story
        .give("extend", &approver(now), extend("answer", Length::WorkingDays(2)))
        .unwrap();
    // Seven working days from 4 March: 5–8 are four, 11, 12, 13.
    assert_eq!(
        story.stands("answer", now),
        "running due 2024-03-13 left 8 over 0 green"
    );
    let more = extend("answer", Length::WorkingDays(2));
    assert_eq!(
        codes(story.give("extend", &approver(now), more)),
        ["extension_not_allowed (answer)"]
    );
    story.close();
}

#[test]
fn where_a_calendar_is_missing_the_end_is_undetermined_and_names_the_year() {
    let procedure = PROCEDURES.get("complaint-intake", 1).unwrap();
    let clerk = Context::now(at("2026-12-28 09:00"), Actor::new("c", "a", &["intake_clerk"]));
    let parts = ["subject=copyright", "+complaint_letter"];
    let story = Story::open(super::engine(), procedure, "TS-9", &clerk, &parts).unwrap();
    let view = story.clock("accept", "2026-12-29 09:00");
    assert_eq!(
        story.stands("accept", "2026-12-29 09:00"),
        "undetermined due - left - over 0 yellow"
    );
    // 29, 30, 31 December; each later day taken as worked: 1, 2, 3, 4 January.
    assert_eq!(
        (view.missing_year, view.not_before),
        (Some(2027), Some(day("2027-01-04")))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// The last day is the n-th worked day after the start on which the matter did not stand still.
    #[test]
    fn working_days_are_those_of_a_plain_list(
        start in 0_i64..500, n in 1_usize..40, after in 0_i64..30, length in 0_i64..60,
    ) {
        let text = SMALL.replace("working_days = 5", &format!("working_days = {n}"));
        let loaded = load(&[("small.v1.toml", &text)]).unwrap();
        let first = day("2024-01-02").checked_add(start.days()).unwrap();
        let moment = |days: i64| at(&format!("{} 09:00", first.checked_add(days.days()).unwrap()));
        let by = |role: &str, days| Context::now(moment(days), Actor::new(role, "a", &[role]));
        let engine = Engine::new(&loaded, &LAW);
        let procedure = loaded.get("small", 1).unwrap();
        let mut story = Story::open(engine, procedure, "S", &by("handler", 0), &[]).unwrap();
        story.give("suspend", &by("approver", after), because()).unwrap();
        story.give("resume", &by("handler", after + length), Given::default()).unwrap();
        let from = first.checked_add(after.days()).unwrap();
        let to = first.checked_add((after + length).days()).unwrap();
        let list = first.series(1.day()).skip(1).filter(|day| !(from..to).contains(day));
        let mut worked = list.filter(|day| LAW.calendar().is_working_day(*day).unwrap());
        let views = engine.clocks(&story.matter, moment(after + length)).unwrap();
        let answer = views.iter().find(|view| view.clock == "answer").unwrap();
        prop_assert_eq!(answer.due_on, worked.nth(n - 1));
    }
}
