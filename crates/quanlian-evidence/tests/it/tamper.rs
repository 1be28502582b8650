//! Attacks on a bundle.
