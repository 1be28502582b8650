//! What stands beside the suspects: tables and side files of platforms, and the case file.
//!
//! In:  any bytes.
//! Out: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_case::{
    case_file::CaseFile,
    metadata::{read_info_json, read_table},
};
use quanlian_fuzz::file;

fuzz_target!(|bytes: &[u8]| {
    let media = ["song.mp3".to_owned(), "text.txt".to_owned()];
    let table = file("table.csv", bytes);
    let _ = read_table(&table, "table.csv", &media);
    let side = file("song.info.json", bytes);
    let _ = read_info_json(&side, "song.info.json", &media);
    let _ = CaseFile::read(&side);
});
