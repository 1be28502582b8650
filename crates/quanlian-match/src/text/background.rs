//! Background: how much information a letter carries that two texts have in common.
//!
//! In:  folded symbols.
//! Out: bits for each symbol.
//!
//! Not here: what the bits add up to (`score`).

use super::fold::{HAN_UNITS, KANA_UNITS, Symbol, units};

/// Bits of one symbol given the ones before it, by script.
pub(crate) fn bits(symbol: Symbol) -> f64 {
    match units(symbol) {
        HAN_UNITS => 6.0,
        KANA_UNITS => 3.5,
        _ => 2.2,
    }
}

/// Bits that one symbol standing for another costs, by script.
///
/// These and [`gap_bits`] must be so dear that two unrelated texts lose more on their
/// differences than they gain on their chance agreements; letters agree by chance every
/// fifteenth time, Han characters hardly ever.
pub(crate) fn substitution_bits(symbol: Symbol) -> f64 {
    match units(symbol) {
        HAN_UNITS => 4.0,
        KANA_UNITS => 4.0,
        _ => 3.0,
    }
}

/// Bits that a symbol which the other side lacks costs, by script.
pub(crate) fn gap_bits(symbol: Symbol) -> f64 {
    match units(symbol) {
        HAN_UNITS => 4.0,
        KANA_UNITS => 4.0,
        _ => 4.0,
    }
}
