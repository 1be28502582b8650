//! Official papers: the referral dossier, the papers of custody, drafts of the papers of a procedure and the appendix of an expert
//! opinion as archival PDF, set by Typst.
//!
//! In:  a [`Dossier`], a [`CustodyForm`], a [`Draft`] or an [`Appendix`] that the binary fills from the other stages, the system's [`Fonts`], and the time.
//! Out: a [`Pdf`] (PDF/A-2a) that people read and courts archive.
//!
//! Invariants: the same dossier, time and fonts give the same bytes. What comes
//! from outside reaches Typst as data, never as source, and is shown as text:
//! it cannot run, hide or break the page. The compiler sees no file system and
//! no network, only what is embedded here and the font files found at the start.
//!
//! Not here: what a match, a threshold or a clock means (the stages that own
//! them), the JSON report with everything that a paper has no room for.

pub mod appendix;
mod desk;
pub mod dossier;
pub mod draft;
mod fonts;
pub mod form;
mod render;
mod sheet;
#[cfg(test)]
mod tests;
mod text;

pub use appendix::{Appendix, render_appendix};
pub use dossier::Dossier;
pub use draft::{Draft, render_draft};
pub use fonts::{FontError, Fonts};
pub use form::{CustodyForm, render_form};
pub use render::{DocumentError, Pdf, render_dossier};
pub use sheet::limits;
