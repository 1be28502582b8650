//! Opus packets.
//!
//! In:  two bytes that choose the layout, then packets between bytes 0xff.
//! Out: no panic, no read or write outside of memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::parts;
use quanlian_opus::{Decoder, Layout, MAX_PACKET_SAMPLES};

fuzz_target!(|bytes: &[u8]| {
    let Some((&[streams, coupled], packets)) = bytes.split_first_chunk() else {
        return;
    };
    let mapping: Vec<u8> = (0..streams.saturating_add(coupled)).collect();
    let layout = Layout {
        streams,
        coupled,
        mapping: &mapping,
    };
    let decoder = if streams == 0 {
        Decoder::mono()
    } else {
        Decoder::multi(layout)
    };
    let Some(mut decoder) = decoder else {
        return;
    };
    let mut output = Vec::new();
    for packet in parts(packets) {
        if let Some(samples) = decoder.decode(packet, &mut output) {
            assert!(samples <= MAX_PACKET_SAMPLES);
        }
    }
});
