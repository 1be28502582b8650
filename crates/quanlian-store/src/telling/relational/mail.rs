//! Mail addresses of accounts as rows.
//!
//! In:  an address, a code that was sent to it.
//! Out: whether it is theirs; the addresses that are.

use quanlian_record::{id::AccountId, time::Timestamp};
use sea_orm::QueryResult;

use super::rows::{damaged, words_of, words_text};
use crate::{
    accounts::{Account, SecretDigest, account_columns},
    database::{Database, Sql, bytes32, values, whole},
    matters::AgencyCode,
    telling::{MAX_MAIL_BYTES, MAX_PAGE_DELIVERIES, MAX_WRONG_CODES, Mail, TellingError},
};

const MAIL: &str = "e.account_id, e.address, e.language, e.kinds, e.confirmed_at, e.code_digest, e.code_until, \
     e.error AS mail_error";

pub(super) async fn of(database: &Database, account: AccountId) -> Result<Option<Mail>, TellingError> {
    let sql = format!("SELECT {MAIL} FROM account_mail e WHERE e.account_id = $1");
    let row = database.one(Sql::with(&sql, values![account.0])).await?;
    row.map(|row| mail_of(database, &row)).transpose()
}

pub(super) async fn put(database: &Database, mail: &Mail) -> Result<(), TellingError> {
    if mail.address.len() > MAX_MAIL_BYTES || mail.kinds.len() > 64 {
        let what = format!("a mail address has up to {MAX_MAIL_BYTES} bytes, and there are up to 64 kinds");
        return Err(TellingError::Invalid { what });
    }
    let put = "INSERT INTO account_mail (account_id, address, language, kinds, confirmed_at, code_digest, code_until, wrong, error) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, NULL) ON CONFLICT (account_id) DO UPDATE SET address = $2, language = $3, \
         kinds = $4, confirmed_at = $5, code_digest = $6, code_until = $7, wrong = 0, error = NULL";
    let code = mail.code.as_ref();
    let row = values![
        mail.account.0,
        mail.address.as_str(),
        mail.language.as_str(),
        words_text(&mail.kinds),
        mail.confirmed_at.map(Timestamp::unix_micros),
        code.map(|(digest, _)| digest.to_vec()),
        code.map(|(_, until)| until.unix_micros()),
    ];
    database.run(Sql::with(put, row)).await?;
    Ok(())
}

pub(super) async fn confirm(
    database: &Database,
    account: AccountId,
    digest: &SecretDigest,
    now: Timestamp,
) -> Result<bool, TellingError> {
    // One statement takes the code, so that it is taken once.
    let take = "UPDATE account_mail SET confirmed_at = $3, code_digest = NULL, code_until = NULL, wrong = 0 \
         WHERE account_id = $1 AND code_digest = $2 AND code_until > $3 AND wrong < $4";
    let row = vec![
        account.0.into(),
        bytes32(digest),
        now.unix_micros().into(),
        MAX_WRONG_CODES.into(),
    ];
    if database.run(Sql::with(take, row)).await? == 1 {
        return Ok(true);
    }
    let wrong = "UPDATE account_mail SET wrong = wrong + 1 WHERE account_id = $1 AND code_digest IS NOT NULL";
    database.run(Sql::with(wrong, values![account.0])).await?;
    Ok(false)
}

pub(super) async fn confirmed(
    database: &Database,
    agency: Option<&AgencyCode>,
    after: Option<AccountId>,
    limit: usize,
) -> Result<Vec<(Mail, Account)>, TellingError> {
    let account = account_columns();
    let mut sql = Sql::new(&format!(
        "SELECT {account}, {MAIL} FROM account_mail e JOIN accounts a ON a.id = e.account_id \
         WHERE e.confirmed_at IS NOT NULL AND a.state = 'active'"
    ));
    if let Some(agency) = agency {
        sql.push(" AND a.agency = ").bind(agency.as_str());
    }
    if let Some(after) = after {
        sql.push(" AND a.id > ").bind(after.0);
    }
    sql.push(" ORDER BY a.id LIMIT ")
        .bind(whole(limit.clamp(1, MAX_PAGE_DELIVERIES)));
    let rows = database.all(sql).await?;
    let both = |row: &QueryResult| Ok((mail_of(database, row)?, database.account_from(row)?));
    rows.iter().map(both).collect()
}

fn mail_of(database: &Database, row: &QueryResult) -> Result<Mail, TellingError> {
    let digest: Option<Vec<u8>> = database.column_of(row, "code_digest")?;
    let digest = digest.map(SecretDigest::try_from).transpose();
    let until = database.maybe_instant(row, "code_until")?;
    Ok(Mail {
        account: AccountId(database.column_of(row, "account_id")?),
        address: database.column_of(row, "address")?,
        language: database.code_cell(row, "language")?,
        kinds: words_of(&database.column_of::<String>(row, "kinds")?)?,
        confirmed_at: database.maybe_instant(row, "confirmed_at")?,
        code: digest.map_err(|_| damaged("the digest of a code"))?.zip(until),
        error: database.column_of(row, "mail_error")?,
    })
}
