//! The folder of a match index: manifest, items, stored text.
//!
//! In:  parts between bytes 0xff: the number of a file, then its content; the other files are those of an index of two
//!      texts.
//! Out: no panic; an index that opens can be asked, or says that it is damaged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::index::{folder, query};
use quanlian_match::collection::{Collection, MatchOptions};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = Collection::open(&folder().with(bytes)) {
        let _ = index.works().count();
        let _ = index.match_file(&query(), &MatchOptions::default());
    }
});
