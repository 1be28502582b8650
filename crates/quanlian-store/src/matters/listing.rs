//! Lists of matters: what is asked for, in which order, and from where it goes on.
//!
//! In:  a filter, an order, the cursor of the page before.
//! Out: [`MatterPage`].
//!
//! Invariant: rows that are added while somebody turns pages neither repeat nor hide one that was there and did not
//! change. A row whose place in the order changes may be met twice or not at all.

use std::{fmt, str::FromStr};

use quanlian_record::{
    id::MatterId,
    time::{Day, Timestamp},
};
use sha2::{Digest as _, Sha256};

use super::{Code, MatterRow, UserCode};

/// A page holds no more matters.
pub const MAX_PAGE_MATTERS: usize = 200;

/// Which matters. All conditions hold together; `default()` takes all that the scope reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatterFilter {
    /// Of this procedure.
    pub procedure: Option<Code>,
    /// In this stage.
    pub stage: Option<Code>,
    /// With this status.
    pub status: Option<Code>,
    /// That this person handles.
    pub handler: Option<UserCode>,
    /// With something due before this day.
    pub due_before: Option<Day>,
    /// Created at this instant or later.
    pub opened_from: Option<Timestamp>,
    /// Created before this instant.
    pub opened_until: Option<Timestamp>,
    /// Whose number begins so.
    pub number_prefix: Option<String>,
}

/// By what they are ordered; among equals by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the last write.
    #[default]
    Changed,
    /// By their creation.
    Opened,
    /// By the next day due; what has none counts as later than any.
    Due,
    /// By the amount; what has none counts as less than any.
    Amount,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The greatest first.
    #[default]
    Descending,
    /// The least first.
    Ascending,
}

/// A question for a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatterQuery {
    /// Which.
    pub filter: MatterFilter,
    /// In which order.
    pub sort: Sort,
    /// In which direction.
    pub direction: Direction,
    /// Go on behind this place: the `next` of the page before.
    pub after: Option<Cursor>,
    /// At most so many, cut to `1..=`[`MAX_PAGE_MATTERS`]; `None` asks for 50.
    pub limit: Option<usize>,
}

impl MatterQuery {
    pub(super) fn page_size(&self) -> usize {
        self.limit.unwrap_or(50).clamp(1, MAX_PAGE_MATTERS)
    }

    /// What a cursor of this question carries, so that it is not used for another.
    pub(super) fn mark(&self) -> [u8; 8] {
        let asked = format!("{:?} {:?} {:?}", self.filter, self.sort, self.direction);
        let digest: [u8; 32] = Sha256::digest(asked).into();
        let mut mark = [0; 8];
        mark.copy_from_slice(&digest[..8]);
        mark
    }
}

/// Some matters in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterPage {
    /// In the order asked for.
    pub matters: Vec<MatterRow>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// A place in a list. Its text means nothing to whoever passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) mark: [u8; 8],
    pub(super) key: i64,
    pub(super) id: MatterId,
}

/// A text is not a cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor that a list gave; begin again without one")]
pub struct NotACursor;

/// Eight bytes of mark, eight of the key, sixteen of the id.
const CURSOR_BYTES: usize = 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.mark[..], &self.key.to_be_bytes(), self.id.0.as_bytes()];
        f.write_str(&hex::encode(parts.concat()))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut bytes = [0; CURSOR_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotACursor)?;
        let (mut mark, mut key, mut id) = ([0; 8], [0; 8], [0; 16]);
        mark.copy_from_slice(&bytes[..8]);
        key.copy_from_slice(&bytes[8..16]);
        id.copy_from_slice(&bytes[16..]);
        Ok(Self {
            mark,
            key: i64::from_be_bytes(key),
            id: MatterId(uuid::Uuid::from_bytes(id)),
        })
    }
}
