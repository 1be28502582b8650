//! Sign-in: passwords, second factor, attempts, sessions, secrets.
//!
//! In:  what people type, right, wrong, old and hostile.
//! Out: nothing, or the first thing that was taken and should not have been.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quanlian_record::time::Timestamp;
use quanlian_server::sign_in::{
    attempts::{self, Attempts},
    password::{self, Cost, PasswordError, Tried, Weakness},
    second_factor::{self, CodeRefusal},
    secret::{self, Kind},
    session::{self, Session, State},
};

/// Cheap, so that tests are quick.
const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
};
const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * SECOND).unwrap()
}

#[test]
fn a_password_is_the_one_that_was_set_however_it_is_typed() {
    let stored = password::hash("correct horse ba\u{301}ttery", [7; 16], CHEAP).unwrap();
    let is = |typed: &str| password::check(typed, Some(&stored), CHEAP).unwrap();
    assert_eq!(
        is("correct horse ba\u{301}ttery"),
        Tried::Right { is_stale: false }
    );
    assert_eq!(
        is("correct\u{3000}horse b\u{e1}ttery"),
        Tried::Right { is_stale: false },
        "another keyboard"
    );
    for wrong in [
        "correct horse battery",
        "Correct horse báttery",
        "",
        "correct horse báttery ",
    ] {
        assert_eq!(is(wrong), Tried::Wrong, "{wrong}");
    }
    let dearer = Cost { passes: 2, ..CHEAP };
    let tried = password::check("correct horse báttery", Some(&stored), dearer).unwrap();
    assert_eq!(tried, Tried::Right { is_stale: true });
}

#[test]
fn the_default_cost_is_what_the_hash_says() {
    let stored = password::hash("x", [7; 16], Cost::default()).unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
}

#[test]
fn without_an_account_no_password_is_right() {
    assert_eq!(password::check("anything", None, CHEAP).unwrap(), Tried::Wrong);
}

#[test]
fn a_stored_hash_that_is_not_ours_is_refused_before_it_is_computed() {
    let good = password::hash("x", [7; 16], CHEAP).unwrap();
    let four_tib = good.replace("m=64", "m=4294967295");
    let long = good.replace("t=1", "t=4000000000");
    let other = good.replace("argon2id", "argon2i");
    for stored in [
        four_tib.as_str(),
        &long,
        &other,
        "",
        "plain",
        "$argon2id$v=19$m=64,t=1,p=1$AAAA",
    ] {
        let refused = password::check("x", Some(stored), CHEAP);
        assert_eq!(refused, Err(PasswordError::Stored), "{stored}");
    }
    let huge = "x".repeat(password::MAX_BYTES + 1);
    assert_eq!(
        password::check(&huge, Some(&good), CHEAP),
        Err(PasswordError::TooLong)
    );
}

#[test]
fn a_weak_password_is_told_everything_at_once() {
    let weak = |typed: &str| password::weaknesses(password::Rules::default(), typed, &["liwei", "culture"]);
    assert!(matches!(
        weak("abc\n")[..],
        [
            Weakness::Unprintable,
            Weakness::TooShort { min_chars: 12 },
            Weakness::Guessable { .. }
        ]
    ));
    for common in [
        "password1234",
        "qwertyuiop12",
        "111111111111",
        "liwei2024liwei",
        "20240101-20241231",
    ] {
        assert!(
            matches!(weak(common)[..], [Weakness::Guessable { .. }]),
            "{common}: {:?}",
            weak(common)
        );
    }
    assert_eq!(weak("gravel-tidy-moth-9"), []);
    assert_eq!(weak("雨后小巷石板很滑要慢走呀"), []);
    assert_eq!(weak(&"长".repeat(500)), [Weakness::TooLong]);
}

#[test]
fn the_codes_are_those_of_the_standard() {
    // RFC 6238, appendix B, the last six of eight digits.
    let secret = *b"12345678901234567890";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (20_000_000_000, "353130"),
    ] {
        let step = second_factor::take(&secret, code, at(seconds), None).unwrap();
        assert_eq!(step, seconds as u64 / 30);
    }
    assert_eq!(
        second_factor::take(&secret, "287 082", at(59), None),
        Ok(1),
        "as it is shown"
    );
}

#[test]
fn a_code_is_taken_once_and_not_long_after() {
    let secret = *b"12345678901234567890";
    let take = |seconds, last| second_factor::take(&secret, "287082", at(seconds), last);
    assert_eq!(take(59, None), Ok(1));
    assert_eq!(take(89, None), Ok(1), "one step late");
    assert_eq!(take(90, None), Err(CodeRefusal::Wrong), "two steps late");
    assert_eq!(take(60, Some(1)), Err(CodeRefusal::Used));
    for wrong in ["", "28708", "2870820", "28708２", "abcdef", "-87082"] {
        assert_eq!(
            second_factor::take(&secret, wrong, at(59), None),
            Err(CodeRefusal::Wrong),
            "{wrong}"
        );
    }
}

#[test]
fn an_authenticator_reads_the_address() {
    let secret = *b"12345678901234567890";
    let address = second_factor::enrolment_address(&secret, "李:伟", "quanlian: 上海");
    assert!(address.starts_with("otpauth://totp/"), "{address}");
    assert!(
        address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        "{address}"
    );
    assert!(address.contains("issuer=quanlian."), "{address}");
    assert_ne!(second_factor::fresh_secret(), second_factor::fresh_secret());
}

#[test]
fn wrong_tries_make_one_wait_and_never_for_good() {
    let rules = attempts::Rules::ACCOUNT;
    let mut kept = Attempts::default();
    let mut waits = Vec::new();
    for _ in 0..13 {
        waits.push(kept.wait_s(rules, at(1000)));
        kept = kept.after_wrong(rules, at(1000));
    }
    assert_eq!(waits, [0, 0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]);
    assert_eq!(kept.wait_s(rules, at(1000 + 899)), 1);
    assert_eq!(kept.wait_s(rules, at(1000 + 900)), 0);
    // Once more wrong, and the longest wait begins anew.
    assert_eq!(kept.after_wrong(rules, at(1900)).wait_s(rules, at(1900)), 900);
    assert_eq!(kept.after_right().wait_s(rules, at(1000)), 0);
    // A day without a try is a new beginning.
    assert_eq!(kept.wait_s(rules, at(1000 + 86_401)), 0);
    assert_eq!(kept.after_wrong(rules, at(1000 + 86_401)).wrong, 1);
}

proptest! {
    #[test]
    fn no_clock_makes_anybody_wait_longer_than_the_bound(
        wrong in any::<u32>(), last_wrong_us in any::<i64>(), now in -2_000_000_000_i64..200_000_000_000,
    ) {
        let rules = attempts::Rules::ACCOUNT;
        let kept = Attempts { wrong, last_wrong_us };
        prop_assert!(kept.wait_s(rules, at(now)) <= rules.longest_wait_s);
        let after = kept.after_wrong(rules, at(now));
        prop_assert!(after.wrong >= 1 && after.wait_s(rules, at(now)) <= rules.longest_wait_s);
    }

    #[test]
    fn a_session_never_outlives_its_longest_time(begun in 0..1_000_000_i64, used in 0..1_000_000_i64, now in 0..1_000_000_i64) {
        let rules = session::Rules::default();
        let session = Session { begun_at: at(begun), used_at: at(used), proven_at: at(begun), waits_for_second_factor: false };
        let is_live = matches!(session.state(rules, at(now)), State::Live { .. });
        prop_assert_eq!(is_live, now - begun < i64::from(rules.longest_s) && now - used < i64::from(rules.idle_s));
    }

    #[test]
    fn what_strangers_present_is_never_a_secret(text in ".{0,200}") {
        for kind in [Kind::Session, Kind::ApiToken] {
            prop_assert!(secret::digest_of(kind, &text).is_none() || text.trim().starts_with("ql"));
        }
    }
}

#[test]
fn a_session_that_waits_for_its_second_factor_is_no_session_yet() {
    let rules = session::Rules::default();
    let session = Session {
        begun_at: at(0),
        used_at: at(0),
        proven_at: at(0),
        waits_for_second_factor: true,
    };
    assert_eq!(session.state(rules, at(299)), State::WaitsForSecondFactor);
    assert_eq!(session.state(rules, at(300)), State::Ended);
    let shown = Session {
        waits_for_second_factor: false,
        ..session
    };
    assert_eq!(shown.state(rules, at(299)), State::Live { is_fresh: true });
    assert_eq!(shown.state(rules, at(300)), State::Live { is_fresh: false });
    assert_eq!(shown.state(rules, at(1800)), State::Idle);
    assert_eq!(
        Session {
            used_at: at(35_999),
            ..shown
        }
        .state(rules, at(36_000)),
        State::Ended
    );
}

#[test]
fn a_secret_is_found_by_its_digest_and_by_that_of_its_kind_alone() {
    let mut seen = BTreeSet::new();
    for kind in [Kind::Session, Kind::ApiToken, Kind::FirstStart, Kind::Recovery] {
        let issued = secret::fresh(kind);
        assert!(seen.insert(issued.digest), "two alike");
        assert_eq!(secret::digest_of(kind, &issued.text), Some(issued.digest));
        assert_eq!(
            secret::digest_of(kind, &format!(" {}\n", *issued.text)),
            Some(issued.digest),
            "pasted with its line"
        );
        for other in [Kind::Session, Kind::ApiToken, Kind::FirstStart, Kind::Recovery] {
            if other != kind {
                assert_ne!(
                    secret::digest_of(other, &issued.text),
                    Some(issued.digest),
                    "{kind:?} as {other:?}"
                );
            }
        }
    }
}

#[test]
fn a_code_is_taken_as_people_type_it() {
    let issued = secret::fresh(Kind::FirstStart);
    assert_eq!(issued.text.len(), 24, "{}", *issued.text);
    let typed = issued
        .text
        .to_lowercase()
        .replace('-', " ")
        .replace('0', "o")
        .replace('1', "l");
    assert_eq!(secret::digest_of(Kind::FirstStart, &typed), Some(issued.digest));
    assert_eq!(secret::digest_of(Kind::FirstStart, &issued.text[1..]), None);
    assert_eq!(secret::digest_of(Kind::FirstStart, &"0".repeat(10_000)), None);
}

#[test]
fn a_mistyped_token_is_told_without_a_look_at_the_store() {
    let issued = secret::fresh(Kind::ApiToken);
    let last = if issued.text.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &issued.text[..issued.text.len() - 1]);
    assert_eq!(secret::digest_of(Kind::ApiToken, &mistyped), None);
    for broken in ["qlt_", "qlt_é", "qls_", "qlt_00000é", &issued.text[4..]] {
        assert_eq!(secret::digest_of(Kind::ApiToken, broken), None, "{broken}");
    }
}
