//! The folder of a log: write-ahead log, lock record, signed size, checkpoint, tiles.
//!
//! In:  parts between bytes 0xff: the number of a file, then its content; the other files are those of a log of four
//!      entries.
//! Out: no panic; what opens and is whole under its own check gives its entries.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::log::{folder, key};
use quanlian_tlog::{log::Log, store::LogHome};

fuzz_target!(|bytes: &[u8]| {
    let Ok(home) = LogHome::open(&folder().with(bytes)) else {
        return;
    };
    if let Ok(log) = Log::open(home, key())
        && log.fsck().is_ok()
    {
        for index in 0..log.checkpoint().size().min(4) {
            log.read_entry(index)
                .expect("a log that is whole gives its entries");
        }
    }
});
