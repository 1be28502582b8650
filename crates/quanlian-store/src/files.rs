//! Files of matters (材料): what was handed in, found, captured or made, each an object with its place in a matter; and
//! uploads that are on their way.
//!
//! In:  the digest and length of an object that is stored already, who brought it, what it is.
//! Out: the same again, with the receipt of its deposit as soon as there is one.
//!
//! Invariants:
//! - A file never changes. One that does not belong there is withdrawn, with a reason, and stays on record.
//! - An upload becomes one file, however often its end is reported.
//! - A file without a receipt is found by [`FileStore::undeposited`] until it has one: the table is the queue of the depositor.
//!
//! Not here: who may see the matter (the caller asks that first, by [`MatterStore::matter`](crate::MatterStore)), the bytes
//! ([`ObjectStore`](crate::ObjectStore)), the log.

mod relational;

use std::future::Future;

use quanlian_record::{
    id::{AccountId, FileId, JobId, MatterId, UploadId},
    time::Timestamp,
};
use serde_json::Value;

use crate::{ObjectId, database::DatabaseError, matters::Code};

/// The name of a file is no longer than this.
pub const MAX_FILE_NAME_BYTES: usize = 1000;
/// Why a file was withdrawn is no longer than this.
pub const MAX_REASON_BYTES: usize = 2000;
/// A receipt is no longer than this.
pub const MAX_RECEIPT_BYTES: usize = 256 << 10;
/// A page holds no more files.
pub const MAX_PAGE_FILES: usize = 1000;
/// A matter has no more files: a larger collection is one archive.
pub const MAX_MATTER_FILES: u64 = 100_000;
/// An account has no more uploads on their way at once.
pub const MAX_OPEN_UPLOADS: u64 = 100;

/// Uploads on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenUploads {
    /// So many.
    pub count: u64,
    /// So long they will be together.
    pub size_bytes: u64,
}

/// A file of a matter.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// The matter.
    pub matter: MatterId,
    /// What it is: `work`, `suspect`, `side_file`, `paper`, `report`, …
    pub kind: Code,
    /// What it is called; a word of whoever brought it.
    pub name: String,
    /// The paper of the procedure that it is.
    pub paper: Option<Code>,
    /// Its content.
    pub object: ObjectId,
    /// How long that is.
    pub size_bytes: u64,
    /// The file of another matter that it was taken over from.
    pub copy_of: Option<FileId>,
    /// The job that made it.
    pub job: Option<JobId>,
    /// Who brought it: `agency/user`.
    pub by: Code,
    /// When.
    pub at: Timestamp,
    /// The receipt of its deposit.
    pub receipt: Option<Value>,
    /// That it does not belong there.
    pub withdrawn: Option<Withdrawn>,
}

/// Why a file does not count any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// When.
    pub at: Timestamp,
    /// By whom: `agency/user`.
    pub by: Code,
    /// Why.
    pub why: String,
}

/// An upload that is on its way. Its bytes lie where the server keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The matter that the file will belong to.
    pub matter: MatterId,
    /// Who sends it; nobody else sees it.
    pub account: AccountId,
    /// What the file will be.
    pub kind: Code,
    /// What it will be called.
    pub name: String,
    /// The digest that the sender says it has.
    pub sha256: Option<ObjectId>,
    /// How long it is.
    pub size_bytes: u64,
    /// When it was begun.
    pub made_at: Timestamp,
    /// Until when it may go on.
    pub until: Timestamp,
    /// The file that it became.
    pub file: Option<FileId>,
}

/// Keeps files of matters.
pub trait FileStore: Send + Sync {
    /// Begins an upload.
    fn begin_upload(&self, upload: &Upload) -> impl Future<Output = Result<(), FileError>> + Send;

    /// An upload of this account.
    fn upload(
        &self,
        account: AccountId,
        id: UploadId,
    ) -> impl Future<Output = Result<Option<Upload>, FileError>> + Send;

    /// Forgets an upload; whether there was one that had become no file.
    fn end_upload(
        &self,
        account: AccountId,
        id: UploadId,
    ) -> impl Future<Output = Result<bool, FileError>> + Send;

    /// What an account has on its way.
    fn open_uploads(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> impl Future<Output = Result<OpenUploads, FileError>> + Send;

    /// Forgets some uploads whose time has run out, and says which.
    fn lapse_uploads(&self, now: Timestamp) -> impl Future<Output = Result<Vec<UploadId>, FileError>> + Send;

    /// Puts a file into its matter. With an upload: that has become this file; one that became a file before gives that one's
    /// id, and nothing is added. The same id again adds nothing either.
    fn add_file(
        &self,
        file: &File,
        upload: Option<UploadId>,
    ) -> impl Future<Output = Result<FileId, FileError>> + Send;

    /// A file of a matter.
    fn file(
        &self,
        matter: MatterId,
        id: FileId,
    ) -> impl Future<Output = Result<Option<File>, FileError>> + Send;

    /// Files of a matter, oldest first, behind `after`, at most `limit` up to [`MAX_PAGE_FILES`].
    fn files(
        &self,
        matter: MatterId,
        after: Option<FileId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<File>, FileError>> + Send;

    /// Says that a file does not belong there; whether it was there and counted.
    fn withdraw_file(
        &self,
        matter: MatterId,
        id: FileId,
        withdrawn: &Withdrawn,
    ) -> impl Future<Output = Result<bool, FileError>> + Send;

    /// Some files that have no receipt yet, oldest first.
    fn undeposited(&self, limit: usize) -> impl Future<Output = Result<Vec<File>, FileError>> + Send;

    /// Keeps the receipt of a file; `false` when it had one.
    fn keep_receipt(
        &self,
        id: FileId,
        receipt: &Value,
    ) -> impl Future<Output = Result<bool, FileError>> + Send;
}

/// What can go wrong with files of matters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum FileError {
    /// Something given is outside its limits.
    #[error("{what}")]
    Invalid { what: String },
    /// There is no matter of this id.
    #[error("there is no matter {id}")]
    NoMatter { id: MatterId },
    /// There is no such upload, or its time has run out.
    #[error("there is no upload {id}")]
    NoUpload { id: UploadId },
    /// Another file has this id.
    #[error("another file has the id {id}")]
    Taken { id: FileId },
    /// More than are kept.
    #[error("{what}")]
    TooMany { what: String },
    /// What is stored is not what was written.
    #[error("file {id} is damaged: {what}")]
    Damaged { id: uuid::Uuid, what: &'static str },
    /// The database did not do it.
    #[error("cannot use the files in the database")]
    Database(#[source] DatabaseError),
}

impl FileError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "file_invalid",
            Self::NoMatter { .. } => "matter_not_found",
            Self::NoUpload { .. } => "upload_not_found",
            Self::Taken { .. } => "file_taken",
            Self::TooMany { .. } => "file_too_many",
            Self::Damaged { .. } => "file_damaged",
            Self::Database(trouble) => trouble.code(),
        }
    }
}

impl From<DatabaseError> for FileError {
    fn from(trouble: DatabaseError) -> Self {
        Self::Database(trouble)
    }
}
