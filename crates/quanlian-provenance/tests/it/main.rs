//! Files that others and we write, read by what they say.
//!
//! In:  containers made by hand (`make`), by FFmpeg and by ExifTool.
//! Out: the claims, shown one a line.
//!
//! Tests that need a program which is not installed print one line that begins with `skipped:` and pass.

#![expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "four letters read best as b\"tEXt\""
)]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod containers;
mod hostile;
mod make;
mod others;
mod real;
#[cfg(feature = "c2pa")]
mod signed;

use std::{fmt::Write as _, io::Cursor};

use quanlian_provenance::{Provenance, visible};

/// A label as the practice guides write it.
const LABEL: &str = r#"{"Label":"1","ContentProducer":"001191110000802100433B00000","ProduceID":"T-1","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}"#;

fn read(bytes: &[u8]) -> Provenance {
    quanlian_provenance::read(&mut Cursor::new(bytes)).expect("a cursor gives its bytes")
}

/// Format and states, then one line a claim and one a problem.
fn shown(bytes: &[u8]) -> String {
    let provenance = read(bytes);
    let mut out = format!(
        "{} {} ai={} c2pa={}",
        provenance.format.as_str(),
        provenance.completeness.as_str(),
        provenance.ai_label.as_str(),
        provenance.c2pa.as_str()
    );
    for claim in &provenance.claims {
        let value: String = visible(&claim.value.text).chars().take(40).collect();
        let place = &claim.place;
        let _ = write!(
            out,
            "\n{} {} @{} {}={value}",
            claim.kind.as_str(),
            place.container,
            place.offset_bytes,
            place.key
        );
    }
    for problem in provenance.all_problems() {
        let place = problem
            .place
            .map(|p| format!("{} @{}", p.container, p.offset_bytes));
        let _ = write!(
            out,
            "\n! {} {} {}",
            problem.code.as_str(),
            place.unwrap_or_default(),
            problem.detail
        );
    }
    out
}
