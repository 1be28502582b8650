//! The data folder: what is kept, what goes on after an error.

use quanlian_evidence::verify::{Policy, State, verify_bundle};

use crate::support::{Bench, sample};

#[test]
fn a_good_bundle_verifies_and_says_what_was_not_checked() {
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    let report = verify_bundle(&bundle.path, &Policy::default());
    assert!(report.ok, "{report:#?}");
    let state = |code: &str| {
        report
            .checks
            .iter()
            .find(|check| check.code == code)
            .unwrap()
            .state
    };
    assert_eq!(state("log_key_trusted"), State::NotChecked);
    assert_eq!(state("instructions"), State::Ok);
    assert_eq!(state("time"), State::NotChecked);
    assert_eq!(state("truth_before_deposit"), State::NotChecked);
}
