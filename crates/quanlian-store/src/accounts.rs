//! Accounts: the port for agencies, units, accounts, sessions, tokens and one-time codes.
//!
//! In:  what the server decided; digests and hashes, never a password, token or code.
//! Out: the same, and whether somebody else was there first.
//!
//! Invariants:
//! - A login belongs to one account, and a user code to one account of its agency, for good: accounts end and are not removed,
//!   so that a name in a matter stays one person's.
//! - Whoever did not see the last version of an account changes nothing. Tries, steps of the second factor and codes are taken in
//!   one statement, so that two requests at once never take the same one.
//! - The first account is made once, with the code of the first start ([`AccountStore::begin`]).
//!
//! Not here: what a password must withstand, how long sessions hold, who may do what (`quanlian-server`).

mod relational;
pub mod subjects;

use std::{collections::BTreeSet, future::Future};

use quanlian_record::{
    id::{AccountId, TokenId},
    time::Timestamp,
};

use crate::{
    database::DatabaseError,
    matters::{AgencyCode, Code, UnitCode, UserCode},
};

/// A name is no longer than this.
pub const MAX_NAME_BYTES: usize = 400;
/// An account holds no more roles, and a token has no more scopes.
pub const MAX_WORDS: usize = 64;
/// An account has no more tokens.
pub const MAX_TOKENS: usize = 100;
/// A list holds no more.
pub const MAX_PAGE_ACCOUNTS: usize = 200;

pub(crate) use relational::account_columns;

/// A digest of what was given out.
pub type SecretDigest = [u8; 32];

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its code.
    pub code: AgencyCode,
    /// Its name.
    pub names: Names,
}

/// A unit of an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The agency.
    pub agency: AgencyCode,
    /// Its code within the agency.
    pub code: UnitCode,
    /// Its name.
    pub names: Names,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// It may.
    Active,
    /// Not now.
    Suspended,
    /// Never again.
    Ended,
}

/// Wrong tries since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// How many.
    pub wrong: u32,
    /// When the last was, in microseconds since 1970.
    pub last_wrong_us: i64,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What is typed to sign in.
    pub login: Code,
    /// The agency.
    pub agency: AgencyCode,
    /// What the person is called in matters of the agency.
    pub user: UserCode,
    /// The unit.
    pub unit: Option<UnitCode>,
    /// The person's name.
    pub name: String,
    /// The roles.
    pub roles: BTreeSet<Code>,
    /// Whether it may be used.
    pub state: AccountState,
    /// Whether a program uses it, by tokens alone.
    pub is_service: bool,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// The secret of the second factor, as the server seals it.
    pub totp_secret: Option<Vec<u8>>,
    /// Whether somebody else chose the password, so that it has to be changed before anything else.
    pub must_change: bool,
    /// Wrong tries.
    pub tries: Tries,
    /// When it was made.
    pub made_at: Timestamp,
    /// Grows with each change; 1 at first. Tries and sessions do not count.
    pub version: u64,
}

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSession {
    /// Of what the browser holds.
    pub digest: SecretDigest,
    /// Whose.
    pub account: AccountId,
    /// When the password was right.
    pub begun_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When something was last proven.
    pub proven_at: Timestamp,
    /// Whether the second factor is still to come.
    pub waits_for_second_factor: bool,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Of what the program holds.
    pub digest: SecretDigest,
    /// Whose.
    pub account: AccountId,
    /// What it is for, in words.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Code>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

/// Why accounts were not read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum AccountError {
    /// The login is another account's.
    #[error("the login `{login}` is taken")]
    LoginTaken { login: String },
    /// The user code is another account's.
    #[error("`{user}` is somebody else in this agency")]
    UserTaken { user: String },
    /// There is no such agency or unit, or it has ended.
    #[error("there is no {what} `{code}`")]
    NoPlace { what: &'static str, code: String },
    /// Somebody else changed it first.
    #[error("the account was changed meanwhile; read it again")]
    Conflict { current: u64 },
    /// There is none.
    #[error("there is no such account")]
    NotFound,
    /// The installation has an account already, or the code is not that of the first start.
    #[error("the first account was made already, or the code is wrong")]
    NotFirst,
    /// Something given is outside its limits.
    #[error("{what}")]
    Invalid { what: String },
    /// A row holds what nobody could have written.
    #[error("an account is damaged: {what}")]
    Damaged { what: &'static str },
    /// The database did not do it.
    #[error("the database gave no answer")]
    Database(#[from] DatabaseError),
}

impl AccountError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoginTaken { .. } => "account_login_taken",
            Self::UserTaken { .. } => "account_user_taken",
            Self::NoPlace { .. } => "account_no_place",
            Self::Conflict { .. } => "account_conflict",
            Self::NotFound => "account_not_found",
            Self::NotFirst => "account_not_first",
            Self::Invalid { .. } => "account_invalid",
            Self::Damaged { .. } => "account_damaged",
            Self::Database(trouble) => trouble.code(),
        }
    }

    fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }
}

/// Keeps accounts.
pub trait AccountStore: Send + Sync {
    /// Records an agency, or its new name.
    fn put_agency(
        &self,
        agency: &Agency,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Records a unit, or its new name.
    fn put_unit(&self, unit: &Unit, at: Timestamp) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// All agencies, by their codes.
    fn agencies(&self) -> impl Future<Output = Result<Vec<Agency>, AccountError>> + Send;

    /// The units of an agency, by their codes.
    fn units(&self, agency: &AgencyCode) -> impl Future<Output = Result<Vec<Unit>, AccountError>> + Send;

    /// Whether there is any account.
    fn has_accounts(&self) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Keeps the digest of the code of the first start, in the place of an older one, while there is no account.
    fn await_first(
        &self,
        digest: &SecretDigest,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Makes the first agency and the first account, once, for who has the code.
    fn begin(
        &self,
        digest: &SecretDigest,
        agency: &Agency,
        account: &Account,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Makes an account. Its version is 1 and it has no wrong tries, whatever is given.
    fn create(&self, account: &Account) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Changes all of an account but its id, agency, user and tries; answers its new version.
    ///
    /// An account that is no longer active, whose password, roles or unit changed loses its sessions, but for `keep`.
    fn change(
        &self,
        account: &Account,
        at: Timestamp,
        keep: Option<&SecretDigest>,
    ) -> impl Future<Output = Result<u64, AccountError>> + Send;

    /// The account of this id.
    fn account(&self, id: AccountId) -> impl Future<Output = Result<Option<Account>, AccountError>> + Send;

    /// The account of this login.
    fn account_of(&self, login: &Code) -> impl Future<Output = Result<Option<Account>, AccountError>> + Send;

    /// The account of a person of an agency.
    fn person(
        &self,
        agency: &AgencyCode,
        user: &UserCode,
    ) -> impl Future<Output = Result<Option<Account>, AccountError>> + Send;

    /// Accounts by their logins, behind `after`.
    fn accounts(
        &self,
        agency: Option<&AgencyCode>,
        after: Option<&Code>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Account>, AccountError>> + Send;

    /// Puts `next` in the place of `seen`; `false` when another try came in between.
    fn swap_tries(
        &self,
        id: AccountId,
        seen: Tries,
        next: Tries,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Takes a step of the second factor; `false` when it or a later one was taken.
    fn take_step(&self, id: AccountId, step: u64) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Puts new recovery codes in the place of all old ones.
    fn put_codes(
        &self,
        id: AccountId,
        digests: &[SecretDigest],
        until: Timestamp,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Takes a recovery code; `false` when there is none such.
    fn take_code(
        &self,
        id: AccountId,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Begins a session.
    fn begin_session(&self, session: &StoredSession)
    -> impl Future<Output = Result<(), AccountError>> + Send;

    /// The session of this digest, with its account.
    fn session(
        &self,
        digest: &SecretDigest,
    ) -> impl Future<Output = Result<Option<(StoredSession, Account)>, AccountError>> + Send;

    /// Marks a session as used, and as proven where `proven` says so: then it waits for nothing.
    fn use_session(
        &self,
        digest: &SecretDigest,
        at: Timestamp,
        proven: bool,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Ends a session; whether there was one.
    fn end_session(&self, digest: &SecretDigest) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Removes sessions that began before this instant; how many.
    fn forget_sessions(&self, before: Timestamp) -> impl Future<Output = Result<u64, AccountError>> + Send;

    /// Records a token.
    fn add_token(&self, token: &Token) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// The token of this digest, with its account.
    fn token(
        &self,
        digest: &SecretDigest,
    ) -> impl Future<Output = Result<Option<(Token, Account)>, AccountError>> + Send;

    /// The tokens of an account, oldest first.
    fn tokens(&self, account: AccountId) -> impl Future<Output = Result<Vec<Token>, AccountError>> + Send;

    /// Marks a token as used.
    fn use_token(&self, id: TokenId, at: Timestamp) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Removes a token of an account; whether there was one.
    fn end_token(
        &self,
        account: AccountId,
        id: TokenId,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;
}
