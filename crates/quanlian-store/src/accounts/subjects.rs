//! Accounts as a provider of sign-in knows them (OpenID Connect), and sign-ins with it that are on their way.
//!
//! In:  issuer and subject, as an administrator linked them with an account; digests of what a browser holds.
//! Out: the account; a flow, once.
//!
//! Invariants: a subject of an issuer is one account's; a flow is taken by the browser that began it, once, in one statement.
//!
//! Not here: what a provider says and whether it is true (the server).

use std::future::Future;

use quanlian_record::{id::AccountId, time::Timestamp};
use sea_orm::QueryResult;

use super::{Account, AccountError, SecretDigest, account_columns};
use crate::database::{Database, Sql, bytes32, values};

/// An issuer or a subject is no longer than this (OpenID Connect Core §2 has 255 signs for a subject).
pub const MAX_SUBJECT_BYTES: usize = 512;
/// An account has no more subjects.
const MAX_SUBJECTS: i64 = 20;

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The provider, by the address that it calls itself.
    pub issuer: String,
    /// Its word for the person.
    pub subject: String,
}

/// Keeps subjects and flows.
pub trait SubjectStore: Send + Sync {
    /// Links a subject with an account; `false` when it is another account's.
    fn link(
        &self,
        subject: &Subject,
        account: AccountId,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// Takes a link away; whether there was one.
    fn unlink(
        &self,
        subject: &Subject,
        account: AccountId,
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;

    /// The subjects of an account.
    fn subjects(&self, account: AccountId)
    -> impl Future<Output = Result<Vec<Subject>, AccountError>> + Send;

    /// The account of a subject.
    fn account_of_subject(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Account>, AccountError>> + Send;

    /// Keeps a flow that begins, and forgets those whose time was over at `now`.
    fn begin_flow(
        &self,
        state: &SecretDigest,
        browser: &SecretDigest,
        sealed: &[u8],
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), AccountError>> + Send;

    /// Takes a flow.
    fn take_flow(
        &self,
        state: &SecretDigest,
        browser: &SecretDigest,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, AccountError>> + Send;

    /// Puts another sealing of the second factor in the place of the one that was seen; `false` when it changed meanwhile.
    fn swap_sealed(
        &self,
        account: AccountId,
        seen: &[u8],
        next: &[u8],
    ) -> impl Future<Output = Result<bool, AccountError>> + Send;
}

impl SubjectStore for Database {
    async fn link(&self, subject: &Subject, account: AccountId, at: Timestamp) -> Result<bool, AccountError> {
        check(subject)?;
        let writing = self.write().await?;
        let whose = "SELECT account_id FROM account_subjects WHERE issuer = $1 AND subject = $2";
        let key = values![subject.issuer.as_str(), subject.subject.as_str()];
        if let Some(row) = writing.one(Sql::with(whose, key)).await? {
            return Ok(self.value::<uuid::Uuid>(&row, "account_id")? == account.0);
        }
        let count = "SELECT COUNT(*) AS n FROM account_subjects WHERE account_id = $1";
        let row = writing.one(Sql::with(count, values![account.0])).await?;
        if row.map_or(Ok(0), |row| self.value::<i64>(&row, "n"))? >= MAX_SUBJECTS {
            return Err(AccountError::invalid(format!(
                "an account has at most {MAX_SUBJECTS} subjects"
            )));
        }
        let put = "INSERT INTO account_subjects (issuer, subject, account_id, made_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (issuer, subject) DO NOTHING";
        let row = values![
            subject.issuer.as_str(),
            subject.subject.as_str(),
            account.0,
            at.unix_micros(),
        ];
        let is_linked = writing.run(Sql::with(put, row)).await? == 1;
        writing.commit().await?;
        Ok(is_linked)
    }

    async fn unlink(&self, subject: &Subject, account: AccountId) -> Result<bool, AccountError> {
        let end = "DELETE FROM account_subjects WHERE issuer = $1 AND subject = $2 AND account_id = $3";
        let key = values![subject.issuer.as_str(), subject.subject.as_str(), account.0];
        Ok(self.run(Sql::with(end, key)).await? == 1)
    }

    async fn subjects(&self, account: AccountId) -> Result<Vec<Subject>, AccountError> {
        let all =
            "SELECT issuer, subject FROM account_subjects WHERE account_id = $1 ORDER BY issuer, subject";
        let rows = self.all(Sql::with(all, values![account.0])).await?;
        let read = |row: &QueryResult| {
            Ok(Subject {
                issuer: self.value(row, "issuer")?,
                subject: self.value(row, "subject")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn account_of_subject(&self, subject: &Subject) -> Result<Option<Account>, AccountError> {
        let account = account_columns();
        let sql = format!(
            "SELECT {account} FROM account_subjects s JOIN accounts a ON a.id = s.account_id \
             WHERE s.issuer = $1 AND s.subject = $2"
        );
        let key = values![subject.issuer.as_str(), subject.subject.as_str()];
        let row = self.one(Sql::with(&sql, key)).await?;
        row.map(|row| self.account_from(&row)).transpose()
    }

    async fn begin_flow(
        &self,
        state: &SecretDigest,
        browser: &SecretDigest,
        sealed: &[u8],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), AccountError> {
        let writing = self.write().await?;
        let over = "DELETE FROM sign_in_flows WHERE until_at <= $1";
        writing.run(Sql::with(over, values![now.unix_micros()])).await?;
        let put = "INSERT INTO sign_in_flows (state, browser, sealed, until_at) VALUES ($1, $2, $3, $4)";
        let row = vec![
            bytes32(state),
            bytes32(browser),
            sealed.to_vec().into(),
            until.unix_micros().into(),
        ];
        writing.run(Sql::with(put, row)).await?;
        Ok(writing.commit().await?)
    }

    async fn take_flow(
        &self,
        state: &SecretDigest,
        browser: &SecretDigest,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, AccountError> {
        let take =
            "DELETE FROM sign_in_flows WHERE state = $1 AND browser = $2 AND until_at > $3 RETURNING sealed";
        let key = vec![bytes32(state), bytes32(browser), now.unix_micros().into()];
        let rows = self.write_one(Sql::with(take, key)).await?;
        rows.first().map(|row| self.value(row, "sealed")).transpose()
    }

    async fn swap_sealed(&self, account: AccountId, seen: &[u8], next: &[u8]) -> Result<bool, AccountError> {
        let swap = "UPDATE accounts SET totp_secret = $3 WHERE id = $1 AND totp_secret = $2";
        let row = values![account.0, seen.to_vec(), next.to_vec()];
        Ok(self.run(Sql::with(swap, row)).await? == 1)
    }
}

fn check(subject: &Subject) -> Result<(), AccountError> {
    for text in [&subject.issuer, &subject.subject] {
        if text.is_empty() || text.len() > MAX_SUBJECT_BYTES || text.chars().any(char::is_control) {
            return Err(AccountError::invalid(format!(
                "an issuer and a subject have 1 to {MAX_SUBJECT_BYTES} bytes without control signs"
            )));
        }
    }
    Ok(())
}
