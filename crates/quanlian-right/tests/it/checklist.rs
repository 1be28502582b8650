//! Which measures covered a point on a day, and what nobody recorded.

use proptest::prelude::*;
use quanlian_right::secret::{
    Entry, Register, Scope, Statement,
    checklist::{Checklist, LineState, PointState, Standing},
};

use super::{day, entry, id, made, measure, point};

fn standing(entries: Vec<Entry>, on: &str) -> Standing {
    let mut all = vec![entry("2021-04-01", 1, Statement::Point(point("P1")))];
    all.extend(entries);
    let register = Register::from_entries(all);
    let checklist = Checklist::embedded().unwrap();
    checklist.standing(&register, &id("P1"), day(on)).unwrap()
}

fn line(standing: &Standing, item: &str) -> LineState {
    standing
        .lines
        .iter()
        .find(|line| line.item == id(item))
        .unwrap()
        .state
}

#[test]
fn the_data_is_whole_and_says_where_it_comes_from() {
    let checklist = Checklist::embedded().unwrap();
    assert_eq!(checklist.item.len(), 7);
    assert!(checklist.source.checked.verified);
    let all = [&checklist.item, &checklist.factor, &checklist.question];
    for item in all.into_iter().flatten() {
        for words in [&item.cite, &item.title, &item.gist] {
            assert!(
                !words.zh.trim().is_empty() && !words.en.trim().is_empty(),
                "{}",
                item.id
            );
        }
        assert!(item.cite.zh.starts_with(&checklist.source.number), "{}", item.id);
    }
}

#[test]
fn a_measure_without_evidence_is_not_covered_and_an_absent_one_is_undetermined() {
    let mut shown = measure("M1", "confidentiality-agreement", "2021-01-01", None);
    shown.evidence = vec![made("2021-01-02", 5).0];
    let stated = measure("M2", "premises", "2021-01-01", None);
    let ended = measure("M3", "leaving-staff", "2021-01-01", Some("2021-06-30"));
    let mut elsewhere = measure("M4", "other", "2021-01-01", None);
    elsewhere.scope = Scope::Points(vec![id("P7")]);
    let found = standing(
        vec![
            entry("2021-01-02", 2, Statement::Measure(shown)),
            entry("2021-01-02", 3, Statement::Measure(stated)),
            entry("2021-01-02", 4, Statement::Measure(ended)),
            entry("2021-01-02", 5, Statement::Measure(elsewhere)),
        ],
        "2021-07-01",
    );
    assert_eq!(line(&found, "confidentiality-agreement"), LineState::Covered);
    assert_eq!(line(&found, "premises"), LineState::WithoutEvidence);
    assert_eq!(line(&found, "leaving-staff"), LineState::OtherDaysOnly);
    assert_eq!(
        line(&found, "other"),
        LineState::Undetermined,
        "it guards another point"
    );
    assert_eq!(line(&found, "devices-and-networks"), LineState::Undetermined);
}

#[test]
fn a_measure_that_was_entered_afterwards_says_so() {
    let late = measure("M1", "premises", "2021-01-01", None);
    let found = standing(
        vec![entry("2023-01-01", 2, Statement::Measure(late))],
        "2022-01-01",
    );
    let premises = found
        .lines
        .iter()
        .find(|line| line.item == id("premises"))
        .unwrap();
    assert!(premises.in_force[0].is_recorded_later);
}

#[test]
fn the_point_itself_stands_in_time_by_its_first_entry() {
    let at = |on: &str| standing(Vec::new(), on).point_state;
    assert_eq!(at("2021-02-28"), PointState::NotYet);
    assert_eq!(
        at("2021-03-31"),
        PointState::StatedLater,
        "claimed, and deposited a day later"
    );
    assert_eq!(at("2021-04-01"), PointState::Recorded);
    let (first, _) = made("2021-04-01", 1);
    let mut second = point("P1");
    second.until = Some(day("2022-12-31"));
    let mut second = entry("2022-06-01", 2, Statement::Point(second));
    second.replaces = Some(first);
    assert_eq!(
        standing(vec![second.clone()], "2021-04-01").point_state,
        PointState::Recorded
    );
    assert_eq!(
        standing(vec![second], "2023-01-01").point_state,
        PointState::Ended
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,300}") {
        let _ = Checklist::read(&text);
    }
}
