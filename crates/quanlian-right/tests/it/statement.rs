//! What a statement may say, and what is refused.

use proptest::prelude::*;
use quanlian_right::secret::{EntryError, Id, MAX_TEXT_BYTES, Point, Scope, Statement};

use super::{access, day, id, measure, point};

fn refused(statement: &Statement) -> &'static str {
    statement.check(day("2022-01-01")).unwrap_err().code()
}

fn changed(change: impl FnOnce(&mut Point)) -> &'static str {
    let mut point = point("P1");
    change(&mut point);
    refused(&Statement::Point(point))
}

#[test]
fn a_statement_comes_back_from_its_bytes() {
    let all = [
        Statement::Point(point("密点-1")),
        Statement::Access(access("A1", "Li", "2021-01-01", Some("2021-12-31"))),
        Statement::Measure(measure("M1", "premises", "2021-01-01", None)),
    ];
    for statement in all {
        let bytes = statement.to_bytes(day("2022-01-01")).unwrap();
        assert_eq!(
            Statement::from_bytes(&bytes, day("2022-01-01")).unwrap(),
            statement
        );
    }
}

#[test]
fn texts_lists_and_days_are_bounded() {
    assert_eq!(changed(|p| p.title = " ".into()), "secret_text");
    assert_eq!(changed(|p| p.owner = "a\u{7}".into()), "secret_text");
    assert_eq!(
        changed(|p| p.level = Some("x".repeat(MAX_TEXT_BYTES + 1))),
        "secret_text"
    );
    assert_eq!(changed(|p| p.content.clear()), "secret_list");
    assert_eq!(changed(|p| p.content.push(p.content[0].clone())), "secret_twice");
    assert_eq!(changed(|p| p.created_on = day("1021-03-01")), "secret_year");
    assert_eq!(changed(|p| p.until = Some(day("2021-02-28"))), "secret_order");
    assert_eq!(changed(|p| p.created_on = day("2022-01-02")), "secret_future");
    let mut late = access("A1", "Li", "2021-02-01", Some("2021-01-31"));
    assert_eq!(refused(&Statement::Access(late.clone())), "secret_order");
    late.until = None;
    late.left_on = Some(day("2021-01-31"));
    assert_eq!(refused(&Statement::Access(late)), "secret_order");
    let mut nowhere = measure("M1", "premises", "2021-01-01", None);
    nowhere.scope = Scope::Points(Vec::new());
    assert_eq!(refused(&Statement::Measure(nowhere)), "secret_list");
}

#[test]
fn a_name_has_no_signs_that_could_steer_anything() {
    for good in ["MD-001", "密点3", "a_b.c"] {
        assert_eq!(id(good).as_str(), good);
    }
    for bad in ["", "a b", "a/b", "../x", "a\u{202e}b", &"x".repeat(65)] {
        assert!(matches!(bad.parse::<Id>(), Err(EntryError::Id(_))), "{bad:?}");
    }
}

#[test]
fn an_unknown_field_is_refused() {
    let mut json = serde_json::to_value(Statement::Point(point("P1"))).unwrap();
    json["point"]["content_text"] = "the secret".into();
    let bytes = serde_json::to_vec(&json).unwrap();
    let error = Statement::from_bytes(&bytes, day("2022-01-01")).unwrap_err();
    assert_eq!(error.code(), "secret_shape");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Statement::from_bytes(&bytes, day("2022-01-01"));
    }

    #[test]
    fn a_broken_statement_is_read_or_refused(at in 0_usize..300, with in any::<u8>()) {
        let mut bytes = Statement::Point(point("P1")).to_bytes(day("2022-01-01")).unwrap();
        let at = at % bytes.len();
        bytes[at] = with;
        if let Ok(read) = Statement::from_bytes(&bytes, day("2022-01-01")) {
            prop_assert!(read.check(day("2022-01-01")).is_ok());
        }
    }
}
