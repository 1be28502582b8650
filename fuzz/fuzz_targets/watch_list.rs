//! Lists of addresses.
//!
//! In:  any bytes.
//! Out: no panic; every address once, and only addresses of the web; a list of these is read as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_watch::list::read;

fuzz_target!(|bytes: &[u8]| {
    let list = read(bytes);
    let lines: Vec<&str> = list.addresses.iter().map(|address| address.as_str()).collect();
    assert!(
        list.addresses
            .iter()
            .all(|address| matches!(address.scheme(), "http" | "https"))
    );
    let again = read(lines.join("\n").as_bytes());
    assert_eq!((&again.addresses, again.problems.len()), (&list.addresses, 0));
});
