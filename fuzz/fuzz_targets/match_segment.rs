//! A segment of the match index.
//!
//! In:  any bytes; the checksums are made good first, so that what they guard is reached.
//! Out: no panic; a segment that verifies gives as many postings as it says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::file;
use quanlian_match::segment::{PAGE_BYTES, Segment};

/// Length of the header of a segment.
const HEADER_BYTES: usize = 256;

/// Keys that are asked for: a few of each width.
const KEYS: [u64; 6] = [0, 1, 255, 65_535, 1 << 20, u64::MAX];

/// The header with lengths and checksums that fit the body, then the body, then its checksums.
fn made_good(bytes: &[u8]) -> Vec<u8> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return bytes.to_vec();
    };
    let mut header = *header;
    let bits = header[16] % 12;
    header[16..20].copy_from_slice(&u32::from(bits).to_le_bytes());
    let table_bytes = ((1_usize << bits) + 1) * 5;
    let Some(data_bytes) = body.len().checked_sub(table_bytes) else {
        return bytes.to_vec();
    };
    header[40..48].copy_from_slice(&(data_bytes as u64).to_le_bytes());
    let sums: Vec<u8> = body
        .chunks(PAGE_BYTES)
        .flat_map(|page| crc32fast::hash(page).to_le_bytes())
        .collect();
    header[48..52].copy_from_slice(&crc32fast::hash(&sums).to_le_bytes());
    let crc = crc32fast::hash(&header[..HEADER_BYTES - 4]);
    header[HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    [&header[..], body, &sums].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(segment) = Segment::open(&file("fuzzed.seg", &made_good(bytes))) else {
        return;
    };
    for key in KEYS {
        let _ = segment.postings(key).take(1 << 20).count();
        let _ = segment.postings_of_rare(key, 10).count();
        let _ = segment.document_frequency(key);
    }
    let _ = segment.verify();
    let _ = segment.check_read();
});
