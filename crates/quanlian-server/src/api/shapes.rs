//! Shapes: what answers hold that are made of types of other crates, or of JSON as it is kept, for the description at `/openapi.json`.
//!
//! In:  nothing; these types are never made.
//! Out: schemas by the names of what they describe, from which pages make their types.
//!
//! Invariant: a test reads the answers of a populated platform by these schemas: a field that is not here, or not so, fails it.
//!
//! Not here: answers that are types of this crate; they describe themselves.

#![expect(dead_code, reason = "these describe JSON that is made elsewhere")]
#![expect(
    clippy::struct_field_names,
    clippy::large_enum_variant,
    reason = "fields and variants are those of the JSON, and none of these is ever made"
)]

pub(super) mod counted;
pub(super) mod ledger;
pub(super) mod matter;
pub(super) mod procedure;

pub(super) use super::places::NamesBody as Names;
