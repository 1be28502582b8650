//! Versions, and who could reach a point on a day.

use quanlian_right::secret::{AccessState, Entry, Fault, Register, Statement};

use super::{access, day, entry, id, made, measure, point};

fn with(entries: Vec<Entry>) -> Register {
    let mut all = vec![entry("2021-04-01", 1, Statement::Point(point("P1")))];
    all.extend(entries);
    Register::from_entries(all)
}

fn state(register: &Register, on: &str) -> Vec<AccessState> {
    let persons = register.who(&id("P1"), day(on)).unwrap();
    persons.accesses.iter().map(|accessed| accessed.state).collect()
}

#[test]
fn nobody_recorded_is_not_nobody() {
    let register = with(Vec::new());
    let persons = register.who(&id("P1"), day("2022-01-01")).unwrap();
    assert!(!persons.is_recorded && persons.accesses.is_empty());
    assert!(register.who(&id("P2"), day("2022-01-01")).is_none());
}

#[test]
fn the_first_and_the_last_day_are_included() {
    let during = access("A1", "Li", "2021-05-01", Some("2021-06-30"));
    let register = with(vec![entry("2021-05-01", 2, Statement::Access(during))]);
    for (on, wanted) in [
        ("2021-04-30", AccessState::OutsidePeriod),
        ("2021-05-01", AccessState::HadAccess),
        ("2021-06-30", AccessState::HadAccess),
        ("2021-07-01", AccessState::OutsidePeriod),
    ] {
        assert_eq!(state(&register, on), [wanted], "{on}");
    }
}

#[test]
fn who_left_without_an_end_of_access_is_open() {
    let mut open = access("A1", "Li", "2021-05-01", None);
    open.left_on = Some(day("2022-02-01"));
    let register = with(vec![entry("2021-05-01", 2, Statement::Access(open))]);
    assert_eq!(state(&register, "2022-02-01"), [AccessState::HadAccess]);
    assert_eq!(state(&register, "2022-02-02"), [AccessState::LeftWithoutEnd]);
}

#[test]
fn what_was_entered_afterwards_says_so_and_a_binding_measure_is_named() {
    let mut binding = measure("NDA", "confidentiality-agreement", "2021-01-01", None);
    binding.persons = vec!["Li".into()];
    let register = with(vec![
        entry(
            "2023-01-01",
            2,
            Statement::Access(access("A1", "Li", "2021-05-01", None)),
        ),
        entry("2021-01-01", 3, Statement::Measure(binding)),
    ]);
    let persons = register.who(&id("P1"), day("2022-01-01")).unwrap();
    assert!(persons.accesses[0].is_recorded_later);
    assert_eq!(persons.accesses[0].bound_by, [id("NDA")]);
    let later = register.who(&id("P1"), day("2023-01-01")).unwrap();
    assert!(!later.accesses[0].is_recorded_later, "entered that very day");
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one_and_two_without_order_are_a_fault() {
    let old = entry(
        "2021-05-01",
        2,
        Statement::Access(access("A1", "Li", "2021-05-01", None)),
    );
    let mut new = entry(
        "2021-08-01",
        3,
        Statement::Access(access("A1", "Li", "2021-05-01", Some("2021-07-31"))),
    );
    let unordered = with(vec![old.clone(), new.clone()]);
    assert_eq!(unordered.faults()[0].code(), "two_versions");
    assert_eq!(unordered.versions("access", &id("A1")).unwrap().newest(), None);
    assert_eq!(state(&unordered, "2021-12-01").len(), 2, "both are shown");

    new.replaces = Some(old.deposit);
    let register = with(vec![new.clone(), old.clone()]);
    assert_eq!(register.faults(), []);
    let versions = register.versions("access", &id("A1")).unwrap();
    assert_eq!(versions.entries.len(), 2, "nothing is overwritten");
    assert_eq!(versions.newest(), Some(&new));
    assert_eq!(state(&register, "2021-12-01"), [AccessState::OutsidePeriod]);
}

#[test]
fn what_names_something_that_is_not_there_is_a_fault() {
    let mut lost = entry(
        "2021-05-01",
        2,
        Statement::Access(access("A1", "Li", "2021-05-01", None)),
    );
    lost.replaces = Some(made("2020-01-01", 77).0);
    let mut elsewhere = access("A2", "Wu", "2021-05-01", None);
    elsewhere.points = vec![id("P9")];
    let elsewhere = entry("2021-05-01", 4, Statement::Access(elsewhere));
    let register = with(vec![lost.clone(), elsewhere.clone()]);
    assert_eq!(
        register.faults(),
        [
            Fault::ReplacedMissing {
                entry: lost.deposit,
                replaced: made("2020-01-01", 77).0
            },
            Fault::UnknownPoint {
                entry: elsewhere.deposit,
                point: id("P9")
            },
        ]
    );
}

#[test]
fn two_entries_that_name_each_other_do_not_both_vanish() {
    let mut one = entry(
        "2021-05-01",
        2,
        Statement::Access(access("A1", "Li", "2021-05-01", None)),
    );
    let mut two = entry(
        "2021-06-01",
        3,
        Statement::Access(access("A1", "Li", "2021-05-01", None)),
    );
    (one.replaces, two.replaces) = (Some(two.deposit), Some(one.deposit));
    let register = with(vec![one, two.clone()]);
    let versions = register.versions("access", &id("A1")).unwrap();
    assert_eq!(versions.newest(), Some(&two));
    assert_eq!(register.faults()[0].code(), "replaced_missing");
}
