//! Stories about null models: what is fitted, what is refused, and what a model may change.

use proptest::prelude::*;

use super::*;

/// Scores with an exact exponential tail that halves every `halving` bits from `start` up.
fn scores(count: usize, start: f64, halving: f64) -> Vec<f64> {
    (0..count)
        .map(|rank| start - halving * ((rank as f64 + 0.5) / count as f64).log2())
        .collect()
}

fn non_member(name: &str, scores: &[f64]) -> NonMember {
    NonMember {
        name: name.to_owned(),
        sha256: "0".repeat(64),
        medium: Medium::Audio,
        samples: (scores.iter())
            .map(|bits| Sample {
                start_ms: 0,
                length_ms: 5_000,
                best: Some((*bits, "work.ogg".to_owned())),
            })
            .collect(),
    }
}

fn fitted(halving: f64) -> Calibration {
    let strangers = [non_member("a.ogg", &scores(1000, -16.0, halving))];
    Calibration::fit(&strangers, |_| IndexFigures::default(), Members::Refuse).unwrap()
}

#[test]
fn a_tail_that_halves_with_every_bit_is_found() {
    let scores: Vec<Option<f64>> = scores(2000, -8.0, 1.0).into_iter().map(Some).collect();
    let tail = Tail::fit(&scores).unwrap();
    assert!((tail.halving_bits - 1.0).abs() < 0.02, "{tail:?}");
    assert!(
        tail.halving_bits_upper > tail.halving_bits && tail.halving_bits_upper < 1.15,
        "{tail:?}"
    );
    assert!(tail.fits(), "{tail:?}");
    let e_value = tail.e_value(tail.start_bits);
    assert!(
        (e_value - 0.2).abs() < 1e-9,
        "a fifth lies in the tail, not {e_value}"
    );
    assert!((tail.e_value(tail.bits_at(1e-6)) / 1e-6 - 1.0).abs() < 1e-9);
}

#[test]
fn a_tail_that_is_too_long_is_told() {
    let heavy: Vec<Option<f64>> = (1..2000).map(|rank| Some(1e4 / f64::from(rank))).collect();
    assert!(!Tail::fit(&heavy).unwrap().fits());
}

#[test]
fn tries_without_a_score_count_but_need_no_model() {
    let mut with_none: Vec<Option<f64>> = scores(500, 0.0, 1.0).into_iter().map(Some).collect();
    let all = Tail::fit(&with_none).unwrap();
    with_none.resize(1000, None);
    let half = Tail::fit(&with_none).unwrap();
    assert_eq!((half.non_members, half.scored), (1000, 500));
    let (of_all, of_half) = (all.e_value(9.0), half.e_value(9.0));
    assert!((of_all / of_half - 2.0).abs() < 0.5, "{of_all} against {of_half}");
}

#[test]
fn too_few_and_too_much_alike_are_refused() {
    let code = |scores: &[Option<f64>]| Tail::fit(scores).unwrap_err().code();
    assert_eq!(code(&[Some(1.0); 99]), "calibrate_too_few");
    assert_eq!(code(&[Some(1.0); 200]), "calibrate_all_the_same");
    assert_eq!(code(&[None; 200]), "calibrate_too_few_scored");
}

#[test]
fn fewer_non_members_make_a_stricter_model() {
    let bits = |count| {
        let scores: Vec<Option<f64>> = scores(count, 0.0, 1.0).into_iter().map(Some).collect();
        Tail::fit(&scores).unwrap().bits_at(1e-6)
    };
    assert!(bits(150) > bits(1_500) + 1.0, "{} {}", bits(150), bits(1_500));
}

#[test]
fn three_over_the_number_bounds_what_was_not_seen() {
    assert!((rate_bound(1000) * 1000.0 - 2.99).abs() < 0.02);
    assert!(rate_bound(0) >= 1.0);
}

#[test]
fn a_non_member_that_is_one_is_refused_and_can_be_set_aside_or_kept() {
    let strangers = [
        non_member("a.ogg", &scores(500, -8.0, 1.0)),
        non_member("copy.ogg", &[3.0, 44.0]),
    ];
    let fit = |members| Calibration::fit(&strangers, |_| IndexFigures::default(), members);
    match fit(Members::Refuse).unwrap_err() {
        CalibrateError::Members { names, work, .. } => {
            assert_eq!((&*names, &*work), (&["copy.ogg".to_owned()][..], "work.ogg"));
        }
        other => panic!("{other}"),
    }
    let (aside, kept) = (fit(Members::SetAside).unwrap(), fit(Members::Keep).unwrap());
    assert!(aside.inputs[1].set_aside && !kept.inputs[1].set_aside);
    assert_eq!(aside.media[&Medium::Audio].tail.non_members, 500);
    assert!(kept.media[&Medium::Audio].bits_at_default > aside.media[&Medium::Audio].bits_at_default);
}

#[test]
fn a_model_comes_back_from_its_file_as_it_was() {
    let calibration = fitted(1.3);
    let (digest, read) = Calibration::parse(&calibration.to_bytes()).unwrap();
    assert_eq!((digest, &read), (calibration.digest(), &calibration));
}

#[test]
fn a_calibration_makes_the_threshold_stricter_and_never_laxer_unasked() {
    let judge = |halving, may_be_laxer| Judge::from_file(&fitted(halving).to_bytes(), may_be_laxer).unwrap();
    let built_in = Judge::built_in();
    let at = |judge: &Judge| judge.bits_at(Medium::Audio, 1e-6);
    let (strict, lax) = (judge(3.0, false), judge(0.5, false));
    assert!(at(&strict) > at(&built_in) + 5.0);
    assert!(
        (at(&lax) - at(&built_in)).abs() < 1e-9,
        "a lax model changes nothing unasked"
    );
    assert!(at(&judge(0.5, true)) < at(&built_in) - 5.0);
    for bits in [-5.0, 0.0, 10.0, 25.0, 400.0] {
        assert!(lax.e_value(Medium::Audio, bits) >= built_in.e_value(Medium::Audio, bits));
        assert!(strict.e_value(Medium::Audio, bits) >= built_in.e_value(Medium::Audio, bits));
        // What it was not fitted to is judged as before.
        assert_eq!(
            strict.e_value(Medium::Image, bits).to_bits(),
            built_in.e_value(Medium::Image, bits).to_bits()
        );
    }
    assert!(strict.describe(Medium::Audio).name.starts_with("calibration:"));
    assert!(strict.describe(Medium::Image).name.starts_with("built-in "));
}

#[test]
fn files_of_other_versions_and_broken_ones_have_names() {
    let text = String::from_utf8(fitted(1.0).to_bytes()).unwrap();
    let code = |text: String| Calibration::parse(text.as_bytes()).unwrap_err().code();
    assert_eq!(code(String::new()), "calibration_not_one");
    assert_eq!(code(text[..text.len() / 2].to_owned()), "calibration_not_one");
    assert_eq!(
        code(text.replace("quanlian-calibration/1", "quanlian-calibration/9")),
        "calibration_format"
    );
    assert_eq!(
        code(text.replace("\"non_members\": 1000", "\"non_members\": 9000")),
        "calibration_changed"
    );
    let remade = |change: fn(&mut MediumModel)| {
        let mut calibration = fitted(1.0);
        calibration.media.values_mut().for_each(change);
        code(String::from_utf8(calibration.to_bytes()).unwrap())
    };
    assert_eq!(
        remade(|m| m.method = "audio/other/7".to_owned()),
        "calibration_method"
    );
    assert_eq!(
        remade(|m| m.tail.halving_bits_upper = 0.01),
        "calibration_impossible"
    );
    assert_eq!(remade(|m| m.tail.non_members = 5000), "calibration_impossible");
}

proptest! {
    #[test]
    fn bytes_of_any_kind_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Calibration::parse(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let calibration = fitted(1.2);
        let mut bytes = calibration.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok((_, read)) = Calibration::parse(&bytes) {
            prop_assert_eq!(read, calibration);
        }
    }

    #[test]
    fn any_scores_give_a_possible_tail_or_a_reason(scores in prop::collection::vec(prop::option::of(-1e5..1e5_f64), 0..400)) {
        if let Ok(tail) = Tail::fit(&scores) {
            prop_assert!(tail.is_possible(), "{:?}", tail);
            prop_assert!(tail.bits_at(1e-6).is_finite());
        }
    }
}

#[test]
fn every_model_says_what_it_was_measured_on() {
    for medium in [Medium::Audio, Medium::Image, Medium::Text, Medium::Video] {
        let model = Judge::built_in().describe(medium);
        assert!(!model.is_calibrated());
        assert!(model.non_members.is_some() && model.basis.is_some(), "{model:?}");
        assert!(model.page.is_some() && model.measured_on.is_some(), "{model:?}");
    }
    let bytes = fitted(1.0).made_on("2026-11-23").to_bytes();
    let judge = Judge::from_file(&bytes, false).unwrap();
    let model = judge.describe(Medium::Audio);
    assert!(model.is_calibrated());
    assert_eq!(
        (model.non_members, model.basis, model.measured_on.as_deref()),
        (Some(1000), Some(Basis::Fitted), Some("2026-11-23"))
    );
    assert_eq!(
        judge.describe(Medium::Text),
        Judge::built_in().describe(Medium::Text)
    );
    let undated = Judge::from_file(&fitted(1.0).to_bytes(), false).unwrap();
    assert_eq!(undated.describe(Medium::Audio).measured_on, None);
    let bad = fitted(1.0).made_on("tomorrow").to_bytes();
    assert_eq!(
        Judge::from_file(&bad, false).unwrap_err().code(),
        "calibration_impossible"
    );
}
