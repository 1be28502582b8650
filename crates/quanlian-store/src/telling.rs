//! Telling: the port for what leaves the platform when a notice is made: webhooks of agencies, mail of accounts.
//!
//! In:  notices that wait to be told; addresses, and the deliveries that somebody decided on.
//! Out: each delivery leased to one sender at a time, until it was taken, is dead or void.
//!
//! | a delivery is | may become |
//! |---|---|
//! | waiting | done, dead (its time is over), void (its target may not know of it any more); waiting again, later |
//! | done, dead, void | nothing |
//!
//! Invariants:
//! - A notice waits from the transaction that makes it until that which puts its deliveries down: none is lost, and none is told of a
//!   write that was rolled back.
//! - A notice goes to a target once; a delivery may arrive twice, under the same id, when a sender dies between sending and saying so.
//! - What a sender reports under a lease that ran out changes nothing.
//! - No order is promised, not of one target either.
//! - Secrets are kept as they are given, which is sealed.
//!
//! Not here: who is told, what is said, how it is sent (the server).

mod relational;

use std::{collections::BTreeSet, future::Future};

use quanlian_record::{
    id::{AccountId, DeliveryId, NoticeId, WebhookId},
    time::Timestamp,
};

use crate::{
    accounts::{Account, AccountError, SecretDigest},
    database::DatabaseError,
    matters::{AgencyCode, Code, notices::Notice},
};

/// An agency has no more webhooks.
pub const MAX_WEBHOOKS: usize = 50;
/// An address is no longer than this.
pub const MAX_URL_BYTES: usize = 2000;
/// A mail address is no longer than this (RFC 5321 §4.5.3.1.3).
pub const MAX_MAIL_BYTES: usize = 254;
/// Of an error only so much is kept.
pub const MAX_ERROR_BYTES: usize = 500;
/// A page holds no more deliveries.
pub const MAX_PAGE_DELIVERIES: usize = 200;
/// Of one webhook no more deliveries are taken at once, so that one slow address does not hold up the others.
pub const MAX_AT_ONCE: i64 = 4;
/// After so many wrong codes a new one has to be asked for.
pub const MAX_WRONG_CODES: i64 = 5;

/// Whether a webhook is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// It is.
    Active,
    /// Somebody paused it; what is due waits.
    Paused,
    /// It did not answer for too long; what is due waits until somebody looks.
    Dead,
}

impl WebhookState {
    const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Dead];

    /// Its word, in the database and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Dead => "dead",
        }
    }

    /// The state of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// An address outside that an agency has told of its notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub agency: AgencyCode,
    /// Where to.
    pub url: String,
    /// Of which kinds; of all when there are none.
    pub kinds: BTreeSet<Code>,
    /// The secret that signs, sealed.
    pub secret: Vec<u8>,
    /// The one before it, sealed, which signs too until this instant.
    pub former: Option<(Vec<u8>, Timestamp)>,
    /// Whether it is used.
    pub state: WebhookState,
    /// Who made it: `agency/user`.
    pub made_by: Code,
    /// When.
    pub made_at: Timestamp,
    /// Since when it has not answered.
    pub failing_since: Option<Timestamp>,
    /// What was wrong the last time.
    pub error: Option<String>,
    /// Grows with each change by a person; 1 at first.
    pub version: u64,
}

/// How something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By HTTP to the address of an agency.
    Webhook,
    /// By mail to an account.
    Mail,
}

impl Channel {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Until its target takes it.
    Waiting,
    /// Its target took it.
    Done,
    /// Its time is over.
    Dead,
    /// Its target may not know of it any more.
    Void,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Done, Self::Dead, Self::Void];

    /// Its word, in the database and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Void => "void",
        }
    }
}

/// A delivery to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// How.
    pub channel: Channel,
    /// To which webhook or account.
    pub target: uuid::Uuid,
    /// Of which notice.
    pub notice: Option<NoticeId>,
    /// Which words.
    pub what: Code,
    /// About what, where there is no notice.
    pub about: Option<Code>,
    /// Now.
    pub at: Timestamp,
    /// Not before this instant.
    pub ready_at: Timestamp,
}

/// A delivery as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which webhook or account.
    pub target: uuid::Uuid,
    /// Of which notice.
    pub notice: Option<NoticeId>,
    /// Which words.
    pub what: Code,
    /// About what, where there is no notice.
    pub about: Option<Code>,
    /// How it stands.
    pub state: DeliveryState,
    /// When it was decided on.
    pub made_at: Timestamp,
    /// Waiting: not before this instant.
    pub ready_at: Timestamp,
    /// Which lease this is; a later one ends it.
    pub lease: u64,
    /// So often it was tried.
    pub tries: u32,
    /// What the other side answered last.
    pub status: Option<u16>,
    /// What was wrong the last time.
    pub error: Option<String>,
    /// When it came to an end.
    pub ended_at: Option<Timestamp>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It was taken.
    Done {
        /// With this answer.
        status: u16,
    },
    /// It was not; it is tried again.
    Again {
        /// Not before this instant.
        ready_at: Timestamp,
        /// With this answer, if there was one.
        status: Option<u16>,
        /// What was wrong.
        error: String,
    },
    /// It was not, and is not tried again.
    Dead {
        /// With this answer, if there was one.
        status: Option<u16>,
        /// What was wrong.
        error: String,
    },
    /// Its target may not know of it any more.
    Void,
}

/// Where an account has mail sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub address: String,
    /// In which language.
    pub language: Code,
    /// Of what: lights, and kinds of acts; of everything when there are none.
    pub kinds: BTreeSet<Code>,
    /// When somebody showed that the address is theirs.
    pub confirmed_at: Option<Timestamp>,
    /// The digest of the code that was sent there, and until when it holds.
    pub code: Option<(SecretDigest, Timestamp)>,
    /// Why the last mail was not taken.
    pub error: Option<String>,
}

/// Why something was not kept or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum TellingError {
    /// Something given is outside its limits.
    #[error("{what}")]
    Invalid { what: String },
    /// Somebody else changed it first.
    #[error("the webhook was changed meanwhile; read it again")]
    Conflict,
    /// A row holds what nobody could have written.
    #[error("what is told outside is damaged: {what}")]
    Damaged { what: &'static str },
    /// An account could not be read.
    #[error("an account could not be read")]
    Account(#[from] AccountError),
    /// The database did not do it.
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
}

impl TellingError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "telling_invalid",
            Self::Conflict => "webhook_conflict",
            Self::Damaged { .. } => "telling_damaged",
            Self::Account(error) => error.code(),
            Self::Database(trouble) => trouble.code(),
        }
    }
}

/// Keeps what is told outside.
pub trait TellingStore: Send + Sync {
    /// Records a webhook.
    fn add_webhook(&self, webhook: &Webhook) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// Changes address, kinds, secrets and state of a webhook of which `version` was seen.
    fn change_webhook(&self, webhook: &Webhook) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// Removes a webhook of an agency with its deliveries; whether there was one.
    fn end_webhook(
        &self,
        agency: &AgencyCode,
        id: WebhookId,
    ) -> impl Future<Output = Result<bool, TellingError>> + Send;

    /// The webhooks of an agency, oldest first.
    fn webhooks(
        &self,
        agency: &AgencyCode,
    ) -> impl Future<Output = Result<Vec<Webhook>, TellingError>> + Send;

    /// The webhook of this id, whoever's it is.
    fn webhook(&self, id: WebhookId) -> impl Future<Output = Result<Option<Webhook>, TellingError>> + Send;

    /// Every webhook, for a change of the key that seals.
    fn all_webhooks(&self) -> impl Future<Output = Result<Vec<Webhook>, TellingError>> + Send;

    /// The webhook answered.
    fn webhook_answered(&self, id: WebhookId) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// The webhook did not answer; whether it is dead from now on, because it has not since `dead_before`.
    fn webhook_failed(
        &self,
        id: WebhookId,
        at: Timestamp,
        error: &str,
        dead_before: Timestamp,
    ) -> impl Future<Output = Result<bool, TellingError>> + Send;

    /// Records a delivery that is of no notice.
    fn put_deliveries(
        &self,
        deliveries: &[NewDelivery],
    ) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// The deliveries to a target, the newest first, behind `before`.
    fn deliveries(
        &self,
        target: uuid::Uuid,
        before: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Delivery>, TellingError>> + Send;

    /// Notices of which nobody decided yet who is told, oldest first.
    fn untold(&self, limit: usize) -> impl Future<Output = Result<Vec<Notice>, TellingError>> + Send;

    /// Puts down who is told of a notice, and that this is decided. Deciding again adds nothing.
    fn spread(
        &self,
        notice: NoticeId,
        deliveries: &[NewDelivery],
    ) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// The notice of this id.
    fn notice(&self, id: NoticeId) -> impl Future<Output = Result<Option<Notice>, TellingError>> + Send;

    /// Leases deliveries that are due to webhooks in use.
    fn take_for_webhooks(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Delivery>, TellingError>> + Send;

    /// Leases what is due to the account that waits longest, all of it up to `limit`.
    fn take_for_mail(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Delivery>, TellingError>> + Send;

    /// Says what came of a try; whether the lease was still held.
    fn settle(
        &self,
        delivery: &Delivery,
        settlement: &Settlement,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, TellingError>> + Send;

    /// Removes deliveries that ended before this instant; how many.
    fn forget_deliveries(&self, before: Timestamp) -> impl Future<Output = Result<u64, TellingError>> + Send;

    /// Where an account has mail sent.
    fn mail(&self, account: AccountId) -> impl Future<Output = Result<Option<Mail>, TellingError>> + Send;

    /// Records it, in the place of what was there.
    fn put_mail(&self, mail: &Mail) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// Takes a code that was sent to the address; `false` when it is not that one, too old, or tried too often.
    fn confirm_mail(
        &self,
        account: AccountId,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, TellingError>> + Send;

    /// Why the last mail to an account was not taken, or that it was.
    fn mail_went(
        &self,
        account: AccountId,
        error: Option<&str>,
    ) -> impl Future<Output = Result<(), TellingError>> + Send;

    /// Removes the address of an account with its deliveries; whether there was one.
    fn end_mail(&self, account: AccountId) -> impl Future<Output = Result<bool, TellingError>> + Send;

    /// Addresses that were shown to be theirs, of active accounts of an agency or of all, by account, behind `after`.
    fn confirmed_mail(
        &self,
        agency: Option<&AgencyCode>,
        after: Option<AccountId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Mail, Account)>, TellingError>> + Send;
}
