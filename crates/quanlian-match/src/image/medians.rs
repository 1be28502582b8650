//! Measured constants of the sketch: where its numbers have their medians, and which of them make a key.
//!
//! In:  nothing. Out: tables.
//!
//! Measured on the spots of 79 photographs and drawings, each also at half its size, turned by 25 degrees, blurred, and
//! as JPEG of quality 15. The bits of a key are those that seldom differ between copies (least first) and depend little
//! on those before them. Half of the medians are zero, because a mirrored picture is as likely as the picture itself.
//!
//! Not here: how a sketch is made (`feature`).

use super::feature::SKETCH_BITS;

/// Medians of the numbers of a sketch, by row of cells, then by column, then by direction.
#[rustfmt::skip]
pub(super) const MEDIANS: [f32; SKETCH_BITS] = [
    0.7336, 0.1336, 0.0, 0.1353, 0.0, 0.0435, 0.0, 0.0331,
    -0.0052, -0.0099, 0.0, -0.0009, 0.0, -0.0013, 0.0, 0.0001,
    -0.1051, -0.1089, 0.0, -0.0584, 0.0, -0.0300, 0.0, -0.0155,
    0.0018, 0.0141, 0.0, 0.0018, 0.0, 0.0011, 0.0, 0.0005,
    0.0, 0.0, 0.0099, 0.0, 0.0047, 0.0, 0.0022, 0.0,
    0.0, 0.0, -0.0449, 0.0, -0.0067, 0.0, -0.0026, 0.0,
    0.0, 0.0, 0.0001, 0.0, -0.0023, 0.0, -0.0007, 0.0,
    0.0, 0.0, 0.0099, 0.0, 0.0031, 0.0, 0.0012, 0.0,
    -0.0877, -0.0228, 0.0, -0.0451, 0.0, -0.0244, 0.0, -0.0153,
    0.0015, 0.0006, 0.0, 0.0021, 0.0, 0.0004, 0.0, 0.0001,
    0.0198, 0.0261, 0.0, 0.0217, 0.0, 0.0154, 0.0, 0.0084,
    -0.0005, -0.0075, 0.0, -0.0016, 0.0, -0.0010, 0.0, -0.0003,
    0.0, 0.0, -0.0041, 0.0, -0.0006, 0.0, -0.0010, 0.0,
    0.0, 0.0, 0.0125, 0.0, -0.0021, 0.0, -0.0003, 0.0,
    0.0, 0.0, -0.0010, 0.0, 0.0008, 0.0, 0.0004, 0.0,
    0.0, 0.0, -0.0029, 0.0, 0.0044, 0.0, 0.0014, 0.0,
];

/// A bit of a sketch that takes part in the key, and how much its number differs between copies.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyBit {
    pub(super) bit: u8,
    pub(super) noise: f32,
}

const fn key_bit(bit: u8, noise: f32) -> KeyBit {
    KeyBit { bit, noise }
}

/// The bits of a key, the lowest first.
#[rustfmt::skip]
pub(super) const KEY: [KeyBit; 36] = [
    key_bit(89, 0.0067), key_bit(1, 0.0273), key_bit(2, 0.0242), key_bit(3, 0.0223),
    key_bit(34, 0.0246), key_bit(10, 0.0159), key_bit(17, 0.0178), key_bit(66, 0.0159),
    key_bit(16, 0.0087), key_bit(32, 0.0108), key_bit(41, 0.0157), key_bit(8, 0.0123),
    key_bit(12, 0.0174), key_bit(40, 0.0081), key_bit(115, 0.0046), key_bit(42, 0.0164),
    key_bit(9, 0.0274), key_bit(44, 0.0144), key_bit(43, 0.0125), key_bit(36, 0.0177),
    key_bit(67, 0.0115), key_bit(98, 0.0110), key_bit(74, 0.0138), key_bit(84, 0.0076),
    key_bit(35, 0.0188), key_bit(19, 0.0130), key_bit(122, 0.0041), key_bit(48, 0.0057),
    key_bit(20, 0.0110), key_bit(4, 0.0218), key_bit(6, 0.0123), key_bit(92, 0.0051),
    key_bit(64, 0.0074), key_bit(14, 0.0105), key_bit(45, 0.0087), key_bit(46, 0.0088),
];
