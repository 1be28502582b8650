//! The built-in null models: what each was measured on.
//!
//! In:  a medium.
//! Out: its [`Measured`], as the named page of the documentation says it.
//!
//! Invariant: a figure stands here only when a page says it; what no page says is absent, never guessed.
//!
//! Not here: the models themselves (`calibration` of each medium, `text::background`).

use serde::{Deserialize, Serialize};

use crate::Medium;

/// What non-members did for a null model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Its tail was fitted to their scores.
    Fitted,
    /// They were searched with it; how it was set is said where they are.
    Searched,
}

/// Non-members behind a null model, clips counted singly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) basis: Basis,
    pub(super) non_members: u64,
    /// The best score among them; absent when none scored or none is on record.
    pub(super) best_bits: Option<f64>,
    /// The day on which the page was written.
    pub(super) on: &'static str,
    pub(super) page: &'static str,
}

/// What is on record of the built-in model of a medium.
pub(super) fn measured(medium: Medium) -> Measured {
    match medium {
        Medium::Audio => {
            let (non_members, best_bits) = crate::audio::NON_MEMBERS;
            Measured {
                basis: Basis::Fitted,
                non_members,
                best_bits: Some(best_bits),
                on: "2026-11-23",
                page: "docs/SCALE.md",
            }
        }
        // The seeds `fresh-a` and `picture-report-6613`. On how many the constants were set is not on record.
        Medium::Image => Measured {
            basis: Basis::Searched,
            non_members: 2_004,
            best_bits: Some(5.8),
            on: "2026-11-23",
            page: "docs/BENCHMARKS.md",
        },
        // The page counts works that were found wrongly, and gives no best score of the non-members alone.
        Medium::Text => Measured {
            basis: Basis::Searched,
            non_members: 720,
            best_bits: None,
            on: "2026-11-23",
            page: "docs/BENCHMARKS.md",
        },
        // Disguised files (seeds 101 and 202) against the works of all other repositories. The best is a template that four
        // repositories hold nearly word for word.
        Medium::Code => Measured {
            basis: Basis::Searched,
            non_members: 1_584,
            best_bits: Some(127.5),
            on: "2026-11-23",
            page: "docs/BENCHMARKS.md",
        },
        // 94 clips of other films, 252 of other moments of real films and 360 of staged ones. Left out are films that repeat
        // their own pictures exactly.
        Medium::Video => Measured {
            basis: Basis::Searched,
            non_members: 706,
            best_bits: Some(4.5),
            on: "2026-11-23",
            page: "docs/BENCHMARKS.md",
        },
    }
}
