//! Custody lines: any bytes are read, checked and judged without a panic.
//!
//! In:  a text, one custody line a line.
//! Out: nothing; a panic is the finding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_evidence::custody::{self, CustodyLine, order, signing};
use quanlian_record::id::DepositId;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let lines: Vec<&str> = text.lines().collect();
    let read: Vec<CustodyLine> = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    // The item that the lines themselves name, so that the checks behind the first are reached.
    let item = read
        .first()
        .map_or(DepositId(uuid::Uuid::nil()), |line| line.item);
    let _ = custody::check(&lines, item);
    let _ = order::follow(&read);
    for line in &read {
        for at in 0..line.attestations.len() {
            let _ = signing::judge(line, at, &[]);
        }
    }
});
