//! The file of a calibration.
//!
//! In:  the model of a file; a digest that fits it is put beside it, so that what it guards is reached.
//! Out: no panic; a model that is taken judges every score, a higher one never worse.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_match::{
    Medium,
    calibration::{Calibration, Judge},
};

const MEDIA: [Medium; 4] = [Medium::Audio, Medium::Image, Medium::Text, Medium::Video];

fuzz_target!(|bytes: &[u8]| {
    let _ = Calibration::parse(bytes);
    let Ok(model) = serde_json::from_slice::<Calibration>(bytes) else {
        return;
    };
    let file = model.to_bytes();
    for may_be_laxer in [false, true] {
        let Ok(judge) = Judge::from_file(&file, may_be_laxer) else {
            continue;
        };
        for medium in MEDIA {
            let e_values = [-50.0, 0.0, 15.0, 40.0, 1000.0].map(|bits| judge.e_value(medium, bits));
            assert!(e_values.iter().all(|e_value| *e_value > 0.0));
            assert!(e_values.is_sorted_by(|low, high| low >= high), "{e_values:?}");
            assert!(!judge.bits_at(medium, 1e-6).is_nan());
            let _ = judge.describe(medium);
        }
    }
});
