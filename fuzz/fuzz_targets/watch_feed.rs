//! Feeds: RSS, Atom, JSON Feed.
//!
//! In:  any bytes.
//! Out: no panic; no more entries and media than the program takes, and only addresses of the web.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_record::time::Timestamp;
use quanlian_watch::feed::{MAX_ENTRIES, MAX_MEDIA, read};

fuzz_target!(|bytes: &[u8]| {
    let seen_at = Timestamp::from_unix_micros(1_767_225_600_000_000).expect("a time");
    for address in [None, Some("https://site.example/feed")] {
        let entries = read(bytes, address, seen_at).unwrap_or_default();
        assert!(entries.len() <= MAX_ENTRIES);
        for entry in entries {
            assert!(entry.media.len() <= MAX_MEDIA);
            assert!(
                entry
                    .media
                    .iter()
                    .all(|media| matches!(media.scheme(), "http" | "https"))
            );
        }
    }
});
