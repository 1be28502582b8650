//! Notices (提醒): what somebody is to know about a matter, in an inbox.
//!
//! In:  notices that an act sends, with its events; notices that a look at the clocks finds due.
//! Out: the inbox of a person, and what of it they have read.
//!
//! Invariants:
//! - A key is told once, however often it is found due.
//! - An inbox holds notices on matters that the scope reaches now, by the condition of lists: with the grant the notice goes too.
//! - A notice holds no content of its matter.
//!
//! Not here: when a clock is due to be told (the server), what leaves the platform (`telling`); a notice that is made waits for
//! that in the transaction that makes it.

use std::{collections::BTreeSet, future::Future};

use quanlian_record::{
    id::{AccountId, MatterId, NoticeId},
    time::Timestamp,
};

use super::{AgencyCode, Code, MatterRow, ReadError, Scope, WriteError, measures::Undrawn};

/// No write brings more notices.
pub const MAX_NOTICES: usize = 100;
/// A page of an inbox holds no more.
pub const MAX_PAGE_NOTICES: usize = 100;
/// The role under which whoever handles the matter is told.
pub const HANDLERS: &str = "*handlers";
/// The light of a clock that ran out.
pub const OVERDUE: &str = "overdue";

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// By which it is known when it is found due again.
    pub key: Code,
    /// About which matter.
    pub matter: MatterId,
    /// To which agency; without one to every agency that sees the matter.
    pub to_agency: Option<AgencyCode>,
    /// To whom there: who holds this role, or [`HANDLERS`]; without one to everybody who sees the matter.
    pub to_role: Option<Code>,
    /// Which words.
    pub template: Code,
    /// About which clock.
    pub about: Option<Code>,
    /// How that stands.
    pub light: Option<Code>,
    /// When.
    pub made_at: Timestamp,
}

/// Whose inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The account; what one person has read another has not.
    pub account: AccountId,
    /// The roles that they hold.
    pub roles: BTreeSet<Code>,
}

/// A place in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticePlace {
    /// When the notice was made, in microseconds.
    pub made_us: i64,
    /// Which.
    pub id: NoticeId,
}

/// What of an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxQuery {
    /// Only what was not read.
    pub is_unread: bool,
    /// Go on behind this place.
    pub after: Option<NoticePlace>,
    /// At most so many, cut to `1..=`[`MAX_PAGE_NOTICES`].
    pub limit: usize,
}

/// A notice as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The notice.
    pub notice: Notice,
    /// Its matter.
    pub matter: MatterRow,
    /// When this reader read it.
    pub read_at: Option<Timestamp>,
}

/// Keeps notices.
pub trait NoticeStore: Send + Sync {
    /// The inbox of a reader, the newest first.
    fn notices(
        &self,
        scope: &Scope,
        reader: &Reader,
        query: &InboxQuery,
    ) -> impl Future<Output = Result<Vec<Received>, ReadError>> + Send;

    /// How many notices the reader has not read, counted up to `up_to`.
    fn count_unread(
        &self,
        scope: &Scope,
        reader: &Reader,
        up_to: u64,
    ) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// Marks a notice as read; whether the reader has it. Reading again changes nothing.
    fn read_notice(
        &self,
        scope: &Scope,
        reader: &Reader,
        id: NoticeId,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;

    /// Puts notices into inboxes; how many were not there yet.
    fn notify(&self, notices: &[Notice]) -> impl Future<Output = Result<u64, WriteError>> + Send;

    /// Matters behind `after` with a clock that runs, whose time is up before `until`, and of which `last`, the last of its lights,
    /// was not told.
    /// For the upkeep of the installation: no scope is asked for.
    fn with_clocks_due(
        &self,
        until: Timestamp,
        last: &Code,
        after: Option<MatterId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Undrawn>, ReadError>> + Send;
}
