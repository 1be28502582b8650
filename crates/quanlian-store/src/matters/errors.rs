//! What can go wrong with matters, with stable codes.

use quanlian_record::{
    canonical::CanonicalError,
    id::{GrantId, MatterId},
};

use super::Version;
use crate::database::DatabaseError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum WriteError {
    /// Somebody else wrote first. Read the matter again and decide anew.
    #[error("matter {id} is at version {current} by now")]
    Conflict { id: MatterId, current: Version },
    /// There is none of this id.
    #[error("there is no matter {id}")]
    NotFound { id: MatterId },
    /// A matter of this id is there already.
    #[error("there is a matter {id} already")]
    Exists { id: MatterId },
    /// Another series writes its numbers in the same way.
    #[error(
        "the number {number} is given already; let the form of the number name agency, procedure and year"
    )]
    NumberTaken { number: String },
    /// The key was used for another request.
    #[error("the request key `{key}` was used for another request; take a new one")]
    KeyReused { key: String },
    /// Something given is outside its limits.
    #[error("{what}")]
    Invalid { what: String },
    /// An event, a state or a payload has no canonical bytes.
    #[error("{what} has no canonical bytes")]
    Canonical {
        what: &'static str,
        #[source]
        source: CanonicalError,
    },
    /// The database did not do it.
    #[error("cannot write to the database")]
    Database(#[source] DatabaseError),
}

impl WriteError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "matter_conflict",
            Self::NotFound { .. } => "matter_not_found",
            Self::Exists { .. } => "matter_exists",
            Self::NumberTaken { .. } => "matter_number_taken",
            Self::KeyReused { .. } => "request_key_reused",
            Self::Invalid { .. } => "matter_invalid",
            Self::Canonical { .. } => "matter_not_canonical",
            Self::Database(trouble) => trouble.code(),
        }
    }

    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }
}

impl From<DatabaseError> for WriteError {
    fn from(trouble: DatabaseError) -> Self {
        Self::Database(trouble)
    }
}

/// Why matters could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ReadError {
    /// What is stored is not what was written.
    #[error("matter {id} is damaged at event {number}: {what}")]
    Damaged {
        id: MatterId,
        number: u64,
        what: &'static str,
    },
    /// The row of a matter holds what nobody could have written.
    #[error("the row of matter {id} is damaged: {what}")]
    DamagedRow { id: MatterId, what: &'static str },
    /// A grant holds what nobody could have written.
    #[error("the grant {id} is damaged")]
    DamagedGrant { id: GrantId },
    /// The place to go on from belongs to another question.
    #[error("the cursor belongs to another list; begin again without one")]
    Cursor,
    /// More standing grants than can be looked through.
    #[error("{count} standing grants are in force for this scope, the limit is {limit}; join some of them")]
    TooManyGrants { count: usize, limit: usize },
    /// More different values than one figure is made of.
    #[error("the figure has more than {limit} different values; ask for a shorter period")]
    TooManyValues { limit: usize },
    /// The database gave no answer.
    #[error("cannot read from the database")]
    Database(#[source] DatabaseError),
}

impl ReadError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "matter_damaged",
            Self::DamagedRow { .. } => "matter_row_damaged",
            Self::DamagedGrant { .. } => "grant_damaged",
            Self::Cursor => "matter_cursor",
            Self::TooManyGrants { .. } => "matter_too_many_grants",
            Self::TooManyValues { .. } => "figure_too_many_values",
            Self::Database(trouble) => trouble.code(),
        }
    }
}

impl From<DatabaseError> for ReadError {
    fn from(trouble: DatabaseError) -> Self {
        Self::Database(trouble)
    }
}
