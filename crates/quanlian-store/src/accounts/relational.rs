//! Accounts in a relational database.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`AccountStore`]; what two requests could take at once is taken by one statement.

use std::collections::BTreeSet;

use quanlian_record::{
    id::{AccountId, TokenId},
    time::Timestamp,
};
use sea_orm::{QueryResult, TryGetable};

use super::{
    Account, AccountError, AccountState, AccountStore, Agency, MAX_NAME_BYTES, MAX_PAGE_ACCOUNTS, MAX_TOKENS,
    MAX_WORDS, Names, SecretDigest, StoredSession, Token, Tries, Unit,
};
use crate::{
    database::{Database, Sql, Writing, bytes32, values},
    matters::{AgencyCode, Code, UnitCode, UserCode},
};

const ACCOUNT: &str = "a.id, a.login, a.agency, a.user_code, a.unit, a.name, a.roles, a.state, a.is_service, \
     a.password_hash, a.totp_secret, a.wrong, a.last_wrong_at, a.made_at, a.version, a.must_change";
/// A sealed secret is no longer than this.
const MAX_TOTP_BYTES: usize = 128;

/// The columns of an account that is called `a`, for [`Database::account_from`].
pub(crate) fn account_columns() -> &'static str {
    ACCOUNT
}

/// Before any step of the second factor.
const NO_STEP: i64 = -1;
/// A list of agencies or units holds no more.
const MAX_PLACES: i64 = 10_000;

impl AccountStore for Database {
    async fn put_agency(&self, agency: &Agency, at: Timestamp) -> Result<(), AccountError> {
        let writing = self.write().await?;
        put_agency(&writing, agency, at).await?;
        Ok(writing.commit().await?)
    }

    async fn put_unit(&self, unit: &Unit, at: Timestamp) -> Result<(), AccountError> {
        check_names(&unit.names)?;
        let writing = self.write().await?;
        has_agency(&writing, &unit.agency).await?;
        let put = "INSERT INTO units (agency, code, name_zh, name_en, made_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (agency, code) DO UPDATE SET name_zh = $3, name_en = $4";
        let row = values![
            unit.agency.as_str(),
            unit.code.as_str(),
            unit.names.zh.as_str(),
            unit.names.en.as_str(),
            at.unix_micros(),
        ];
        writing.run(Sql::with(put, row)).await?;
        Ok(writing.commit().await?)
    }

    async fn agencies(&self) -> Result<Vec<Agency>, AccountError> {
        let all = "SELECT code, name_zh, name_en FROM agencies WHERE ended_at IS NULL ORDER BY code LIMIT $1";
        let rows = self.all(Sql::with(all, values![MAX_PLACES])).await?;
        let read = |row: &QueryResult| {
            Ok(Agency {
                code: AgencyCode::parse(&self.text(row, "code")?)
                    .map_err(|_| damaged("the code of an agency"))?,
                names: self.names(row)?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn units(&self, agency: &AgencyCode) -> Result<Vec<Unit>, AccountError> {
        let all = "SELECT code, name_zh, name_en FROM units WHERE agency = $1 AND ended_at IS NULL ORDER BY code LIMIT $2";
        let rows = self
            .all(Sql::with(all, values![agency.as_str(), MAX_PLACES]))
            .await?;
        let read = |row: &QueryResult| {
            Ok(Unit {
                agency: agency.clone(),
                code: UnitCode::parse(&self.text(row, "code")?).map_err(|_| damaged("the code of a unit"))?,
                names: self.names(row)?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn has_accounts(&self) -> Result<bool, AccountError> {
        Ok(self
            .one(Sql::new("SELECT 1 AS there FROM accounts LIMIT 1"))
            .await?
            .is_some())
    }

    async fn await_first(&self, digest: &SecretDigest, until: Timestamp) -> Result<(), AccountError> {
        let writing = self.write().await?;
        if writing
            .one(Sql::new("SELECT 1 AS there FROM accounts LIMIT 1"))
            .await?
            .is_some()
        {
            return Err(AccountError::NotFirst);
        }
        writing
            .run(Sql::new("DELETE FROM account_codes WHERE account_id IS NULL"))
            .await?;
        let put = "INSERT INTO account_codes (digest, account_id, until_at) VALUES ($1, NULL, $2)";
        writing
            .run(Sql::with(put, vec![bytes32(digest), until.unix_micros().into()]))
            .await?;
        Ok(writing.commit().await?)
    }

    async fn begin(
        &self,
        digest: &SecretDigest,
        agency: &Agency,
        account: &Account,
    ) -> Result<(), AccountError> {
        let writing = self.write().await?;
        let take = "DELETE FROM account_codes WHERE digest = $1 AND account_id IS NULL AND until_at > $2";
        let taken = Sql::with(take, vec![bytes32(digest), account.made_at.unix_micros().into()]);
        let is_first = writing
            .one(Sql::new("SELECT 1 AS there FROM accounts LIMIT 1"))
            .await?
            .is_none();
        if !is_first || writing.run(taken).await? == 0 {
            return Err(AccountError::NotFirst);
        }
        put_agency(&writing, agency, account.made_at).await?;
        create(&writing, account).await?;
        Ok(writing.commit().await?)
    }

    async fn create(&self, account: &Account) -> Result<(), AccountError> {
        let writing = self.write().await?;
        create(&writing, account).await?;
        Ok(writing.commit().await?)
    }

    async fn change(
        &self,
        account: &Account,
        at: Timestamp,
        keep: Option<&SecretDigest>,
    ) -> Result<u64, AccountError> {
        check(account)?;
        let writing = self.write().await?;
        let before = Sql::with(
            &format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id = $1"),
            values![account.id.0],
        );
        let before = writing.one(before).await?.ok_or(AccountError::NotFound)?;
        let before = self.account_from(&before)?;
        if before.version != account.version {
            return Err(AccountError::Conflict {
                current: before.version,
            });
        }
        has_unit(&writing, account).await?;
        let is_free = Sql::with(
            "SELECT 1 AS there FROM accounts WHERE login = $1 AND id <> $2",
            values![account.login.as_str(), account.id.0],
        );
        if writing.one(is_free).await?.is_some() {
            return Err(login_taken(account));
        }
        let change = "UPDATE accounts SET login = $2, unit = $3, name = $4, roles = $5, state = $6, is_service = $7, \
             password_hash = $8, totp_secret = $9, changed_at = $10, must_change = $12, version = version + 1 \
             WHERE id = $1 AND version = $11";
        let row = values![
            account.id.0,
            account.login.as_str(),
            account.unit.as_ref().map(|unit| unit.as_str().to_owned()),
            account.name.as_str(),
            words_text(&account.roles),
            state_word(account.state),
            i64::from(account.is_service),
            account.password_hash.clone(),
            account.totp_secret.clone(),
            at.unix_micros(),
            account.version.cast_signed(),
            i64::from(account.must_change),
        ];
        if writing.run(Sql::with(change, row)).await? == 0 {
            return Err(AccountError::Conflict {
                current: before.version + 1,
            });
        }
        let is_other = (before.state, &before.password_hash, &before.roles, &before.unit)
            != (
                account.state,
                &account.password_hash,
                &account.roles,
                &account.unit,
            );
        if is_other {
            let mut end = Sql::with(
                "DELETE FROM account_sessions WHERE account_id = $1",
                values![account.id.0],
            );
            if let Some(keep) = keep {
                end.push(" AND digest <> ").bind(bytes32(keep));
            }
            writing.run(end).await?;
        }
        if account.state == AccountState::Ended {
            for table in ["account_tokens", "account_codes"] {
                let end = format!("DELETE FROM {table} WHERE account_id = $1");
                writing.run(Sql::with(&end, values![account.id.0])).await?;
            }
        }
        writing.commit().await?;
        Ok(before.version + 1)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, AccountError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id = $1");
        let row = self.one(Sql::with(&sql, values![id.0])).await?;
        row.map(|row| self.account_from(&row)).transpose()
    }

    async fn account_of(&self, login: &Code) -> Result<Option<Account>, AccountError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.login = $1");
        let row = self.one(Sql::with(&sql, values![login.as_str()])).await?;
        row.map(|row| self.account_from(&row)).transpose()
    }

    async fn person(&self, agency: &AgencyCode, user: &UserCode) -> Result<Option<Account>, AccountError> {
        let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.agency = $1 AND a.user_code = $2");
        let row = self
            .one(Sql::with(&sql, values![agency.as_str(), user.as_str()]))
            .await?;
        row.map(|row| self.account_from(&row)).transpose()
    }

    async fn accounts(
        &self,
        agency: Option<&AgencyCode>,
        after: Option<&Code>,
        limit: usize,
    ) -> Result<Vec<Account>, AccountError> {
        let mut sql = Sql::new(&format!("SELECT {ACCOUNT} FROM accounts a WHERE a.login > "));
        sql.bind(after.map_or("", |after| after.as_str()));
        if let Some(agency) = agency {
            sql.push(" AND a.agency = ").bind(agency.as_str());
        }
        sql.push(" ORDER BY a.login LIMIT ")
            .bind(limit.clamp(1, MAX_PAGE_ACCOUNTS).cast_signed() as i64);
        let rows = self.all(sql).await?;
        rows.iter().map(|row| self.account_from(row)).collect()
    }

    async fn swap_tries(&self, id: AccountId, seen: Tries, next: Tries) -> Result<bool, AccountError> {
        let swap = "UPDATE accounts SET wrong = $4, last_wrong_at = $5 WHERE id = $1 AND wrong = $2 AND last_wrong_at = $3";
        let row = values![
            id.0,
            i64::from(seen.wrong),
            seen.last_wrong_us,
            i64::from(next.wrong),
            next.last_wrong_us,
        ];
        Ok(self.run(Sql::with(swap, row)).await? == 1)
    }

    async fn take_step(&self, id: AccountId, step: u64) -> Result<bool, AccountError> {
        let take = "UPDATE accounts SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2";
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        Ok(self.run(Sql::with(take, values![id.0, step])).await? == 1)
    }

    async fn put_codes(
        &self,
        id: AccountId,
        digests: &[SecretDigest],
        until: Timestamp,
    ) -> Result<(), AccountError> {
        if digests.len() > MAX_WORDS {
            return Err(AccountError::invalid(format!(
                "no more than {MAX_WORDS} codes at once"
            )));
        }
        let writing = self.write().await?;
        writing
            .run(Sql::with(
                "DELETE FROM account_codes WHERE account_id = $1",
                values![id.0],
            ))
            .await?;
        for digest in digests {
            let put = "INSERT INTO account_codes (digest, account_id, until_at) VALUES ($1, $2, $3)";
            let row = vec![bytes32(digest), id.0.into(), until.unix_micros().into()];
            writing.run(Sql::with(put, row)).await?;
        }
        Ok(writing.commit().await?)
    }

    async fn take_code(
        &self,
        id: AccountId,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let take = "DELETE FROM account_codes WHERE digest = $1 AND account_id = $2 AND until_at > $3";
        let row = vec![bytes32(digest), id.0.into(), now.unix_micros().into()];
        Ok(self.run(Sql::with(take, row)).await? == 1)
    }

    async fn begin_session(&self, session: &StoredSession) -> Result<(), AccountError> {
        let put = "INSERT INTO account_sessions (digest, account_id, begun_at, used_at, proven_at, waits) \
             VALUES ($1, $2, $3, $4, $5, $6)";
        let row = vec![
            bytes32(&session.digest),
            session.account.0.into(),
            session.begun_at.unix_micros().into(),
            session.used_at.unix_micros().into(),
            session.proven_at.unix_micros().into(),
            i64::from(session.waits_for_second_factor).into(),
        ];
        self.run(Sql::with(put, row)).await?;
        Ok(())
    }

    async fn session(&self, digest: &SecretDigest) -> Result<Option<(StoredSession, Account)>, AccountError> {
        let sql = format!(
            "SELECT {ACCOUNT}, s.begun_at, s.used_at, s.proven_at, s.waits FROM account_sessions s \
             JOIN accounts a ON a.id = s.account_id WHERE s.digest = $1"
        );
        let Some(row) = self.one(Sql::with(&sql, vec![bytes32(digest)])).await? else {
            return Ok(None);
        };
        let account = self.account_from(&row)?;
        let session = StoredSession {
            digest: *digest,
            account: account.id,
            begun_at: self.instant(&row, "begun_at")?,
            used_at: self.instant(&row, "used_at")?,
            proven_at: self.instant(&row, "proven_at")?,
            waits_for_second_factor: self.value::<i64>(&row, "waits")? != 0,
        };
        Ok(Some((session, account)))
    }

    async fn use_session(
        &self,
        digest: &SecretDigest,
        at: Timestamp,
        proven: bool,
    ) -> Result<(), AccountError> {
        let mut sql = Sql::new("UPDATE account_sessions SET used_at = ");
        sql.bind(at.unix_micros());
        if proven {
            sql.push(", waits = 0, proven_at = ").bind(at.unix_micros());
        }
        sql.push(" WHERE digest = ").bind(bytes32(digest));
        self.run(sql).await?;
        Ok(())
    }

    async fn end_session(&self, digest: &SecretDigest) -> Result<bool, AccountError> {
        let end = Sql::with(
            "DELETE FROM account_sessions WHERE digest = $1",
            vec![bytes32(digest)],
        );
        Ok(self.run(end).await? == 1)
    }

    async fn forget_sessions(&self, before: Timestamp) -> Result<u64, AccountError> {
        let end = "DELETE FROM account_sessions WHERE begun_at < $1";
        Ok(self.run(Sql::with(end, values![before.unix_micros()])).await?)
    }

    async fn add_token(&self, token: &Token) -> Result<(), AccountError> {
        check_text("the name of a token", &token.name)?;
        check_words(&token.scopes)?;
        let writing = self.write().await?;
        let count = "SELECT COUNT(*) AS n FROM account_tokens WHERE account_id = $1";
        let row = writing.one(Sql::with(count, values![token.account.0])).await?;
        let count: i64 = row.map_or(Ok(0), |row| self.value(&row, "n"))?;
        if count >= MAX_TOKENS.cast_signed() as i64 {
            return Err(AccountError::invalid(format!(
                "an account has at most {MAX_TOKENS} tokens; end one"
            )));
        }
        let put = "INSERT INTO account_tokens (id, digest, account_id, name, scopes, made_at, until_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let row = vec![
            token.id.0.into(),
            bytes32(&token.digest),
            token.account.0.into(),
            token.name.as_str().into(),
            words_text(&token.scopes).into(),
            token.made_at.unix_micros().into(),
            token.until.unix_micros().into(),
        ];
        writing.run(Sql::with(put, row)).await?;
        Ok(writing.commit().await?)
    }

    async fn token(&self, digest: &SecretDigest) -> Result<Option<(Token, Account)>, AccountError> {
        let sql = format!(
            "SELECT {ACCOUNT}, t.id AS token_id, t.digest AS token_digest, t.name AS token_name, t.scopes, \
             t.made_at AS token_made_at, t.until_at, t.used_at FROM account_tokens t \
             JOIN accounts a ON a.id = t.account_id WHERE t.digest = $1"
        );
        let Some(row) = self.one(Sql::with(&sql, vec![bytes32(digest)])).await? else {
            return Ok(None);
        };
        let account = self.account_from(&row)?;
        Ok(Some((self.token_from(&row, account.id)?, account)))
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<Token>, AccountError> {
        let all = "SELECT t.id AS token_id, t.digest AS token_digest, t.name AS token_name, t.scopes, \
             t.made_at AS token_made_at, t.until_at, t.used_at FROM account_tokens t WHERE t.account_id = $1 \
             ORDER BY t.made_at, t.id";
        let rows = self.all(Sql::with(all, values![account.0])).await?;
        rows.iter().map(|row| self.token_from(row, account)).collect()
    }

    async fn use_token(&self, id: TokenId, at: Timestamp) -> Result<(), AccountError> {
        let mark = "UPDATE account_tokens SET used_at = $2 WHERE id = $1";
        self.run(Sql::with(mark, values![id.0, at.unix_micros()])).await?;
        Ok(())
    }

    async fn end_token(&self, account: AccountId, id: TokenId) -> Result<bool, AccountError> {
        let end = "DELETE FROM account_tokens WHERE id = $1 AND account_id = $2";
        Ok(self.run(Sql::with(end, values![id.0, account.0])).await? == 1)
    }
}

async fn put_agency(writing: &Writing<'_>, agency: &Agency, at: Timestamp) -> Result<(), AccountError> {
    check_names(&agency.names)?;
    let put = "INSERT INTO agencies (code, name_zh, name_en, made_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (code) DO UPDATE SET name_zh = $2, name_en = $3";
    let row = values![
        agency.code.as_str(),
        agency.names.zh.as_str(),
        agency.names.en.as_str(),
        at.unix_micros(),
    ];
    writing.run(Sql::with(put, row)).await?;
    Ok(())
}

async fn create(writing: &Writing<'_>, account: &Account) -> Result<(), AccountError> {
    check(account)?;
    has_agency(writing, &account.agency).await?;
    has_unit(writing, account).await?;
    let login = Sql::with(
        "SELECT 1 AS there FROM accounts WHERE login = $1",
        values![account.login.as_str()],
    );
    if writing.one(login).await?.is_some() {
        return Err(login_taken(account));
    }
    let put = "INSERT INTO accounts (id, login, agency, user_code, unit, name, roles, state, is_service, password_hash, \
         totp_secret, totp_last_step, wrong, last_wrong_at, made_at, changed_at, version, must_change) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, $13, $13, 1, $14) ON CONFLICT DO NOTHING";
    let row = values![
        account.id.0,
        account.login.as_str(),
        account.agency.as_str(),
        account.user.as_str(),
        account.unit.as_ref().map(|unit| unit.as_str().to_owned()),
        account.name.as_str(),
        words_text(&account.roles),
        state_word(account.state),
        i64::from(account.is_service),
        account.password_hash.clone(),
        account.totp_secret.clone(),
        NO_STEP,
        account.made_at.unix_micros(),
        i64::from(account.must_change),
    ];
    if writing.run(Sql::with(put, row)).await? == 0 {
        return Err(AccountError::UserTaken {
            user: account.user.to_string(),
        });
    }
    Ok(())
}

fn login_taken(account: &Account) -> AccountError {
    AccountError::LoginTaken {
        login: account.login.to_string(),
    }
}

async fn has_agency(writing: &Writing<'_>, agency: &AgencyCode) -> Result<(), AccountError> {
    let there = "SELECT 1 AS there FROM agencies WHERE code = $1 AND ended_at IS NULL";
    match writing.one(Sql::with(there, values![agency.as_str()])).await? {
        Some(_) => Ok(()),
        None => Err(AccountError::NoPlace {
            what: "agency",
            code: agency.to_string(),
        }),
    }
}

async fn has_unit(writing: &Writing<'_>, account: &Account) -> Result<(), AccountError> {
    let Some(unit) = &account.unit else { return Ok(()) };
    let there = "SELECT 1 AS there FROM units WHERE agency = $1 AND code = $2 AND ended_at IS NULL";
    let there = Sql::with(there, values![account.agency.as_str(), unit.as_str()]);
    match writing.one(there).await? {
        Some(_) => Ok(()),
        None => Err(AccountError::NoPlace {
            what: "unit",
            code: unit.to_string(),
        }),
    }
}

fn check(account: &Account) -> Result<(), AccountError> {
    check_text("the name of an account", &account.name)?;
    check_words(&account.roles)?;
    let secret = account.totp_secret.as_ref().map_or(0, Vec::len);
    if secret > MAX_TOTP_BYTES || account.password_hash.as_ref().map_or(0, String::len) > 512 {
        return Err(AccountError::invalid(
            "a hash or a secret is longer than any that is made here",
        ));
    }
    Ok(())
}

fn check_names(names: &Names) -> Result<(), AccountError> {
    check_text("the Chinese name", &names.zh)?;
    check_text("the English name", &names.en)
}

fn check_text(what: &str, text: &str) -> Result<(), AccountError> {
    if text.trim().is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        let what = format!("{what} has 1 to {MAX_NAME_BYTES} bytes without control signs");
        return Err(AccountError::Invalid { what });
    }
    Ok(())
}

fn check_words(words: &BTreeSet<Code>) -> Result<(), AccountError> {
    if words.len() > MAX_WORDS {
        return Err(AccountError::invalid(format!(
            "no more than {MAX_WORDS} roles or scopes"
        )));
    }
    Ok(())
}

fn words_text(words: &BTreeSet<Code>) -> String {
    let words: Vec<&str> = words.iter().map(Code::as_str).collect();
    serde_json::Value::from(words).to_string()
}

fn state_word(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Suspended => "suspended",
        AccountState::Ended => "ended",
    }
}

fn damaged(what: &'static str) -> AccountError {
    AccountError::Damaged { what }
}

impl Database {
    pub(super) fn value<T: TryGetable>(&self, row: &QueryResult, name: &str) -> Result<T, AccountError> {
        let value = row.try_get::<T>("", name);
        value.map_err(|e| AccountError::Database(self.trouble(e)))
    }

    fn text(&self, row: &QueryResult, name: &str) -> Result<String, AccountError> {
        self.value(row, name)
    }

    fn instant(&self, row: &QueryResult, name: &str) -> Result<Timestamp, AccountError> {
        Timestamp::from_unix_micros(self.value(row, name)?).map_err(|_| damaged("an instant"))
    }

    fn names(&self, row: &QueryResult) -> Result<Names, AccountError> {
        Ok(Names {
            zh: self.text(row, "name_zh")?,
            en: self.text(row, "name_en")?,
        })
    }

    fn words(&self, row: &QueryResult, name: &str) -> Result<BTreeSet<Code>, AccountError> {
        serde_json::from_str(&self.text(row, name)?).map_err(|_| damaged("roles or scopes"))
    }

    pub(crate) fn account_from(&self, row: &QueryResult) -> Result<Account, AccountError> {
        let code = |name| Code::parse(&self.text(row, name)?).map_err(|_| damaged("a code"));
        let unit: Option<String> = self.value(row, "unit")?;
        let state = match self.text(row, "state")?.as_str() {
            "active" => AccountState::Active,
            "suspended" => AccountState::Suspended,
            "ended" => AccountState::Ended,
            _ => return Err(damaged("the state")),
        };
        Ok(Account {
            id: AccountId(self.value(row, "id")?),
            login: code("login")?,
            agency: AgencyCode::parse(&self.text(row, "agency")?).map_err(|_| damaged("the agency"))?,
            user: UserCode::parse(&self.text(row, "user_code")?).map_err(|_| damaged("the user"))?,
            unit: unit
                .map(|unit| UnitCode::parse(&unit))
                .transpose()
                .map_err(|_| damaged("the unit"))?,
            name: self.text(row, "name")?,
            roles: self.words(row, "roles")?,
            state,
            is_service: self.value::<i64>(row, "is_service")? != 0,
            password_hash: self.value(row, "password_hash")?,
            totp_secret: self.value(row, "totp_secret")?,
            must_change: self.value::<i64>(row, "must_change")? != 0,
            tries: Tries {
                wrong: u32::try_from(self.value::<i64>(row, "wrong")?).map_err(|_| damaged("the tries"))?,
                last_wrong_us: self.value(row, "last_wrong_at")?,
            },
            made_at: self.instant(row, "made_at")?,
            version: u64::try_from(self.value::<i64>(row, "version")?).map_err(|_| damaged("the version"))?,
        })
    }

    fn token_from(&self, row: &QueryResult, account: AccountId) -> Result<Token, AccountError> {
        let digest: Vec<u8> = self.value(row, "token_digest")?;
        let used_at: Option<i64> = self.value(row, "used_at")?;
        Ok(Token {
            id: TokenId(self.value(row, "token_id")?),
            digest: digest.try_into().map_err(|_| damaged("the digest of a token"))?,
            account,
            name: self.text(row, "token_name")?,
            scopes: self.words(row, "scopes")?,
            made_at: self.instant(row, "token_made_at")?,
            until: self.instant(row, "until_at")?,
            used_at: used_at
                .map(Timestamp::from_unix_micros)
                .transpose()
                .map_err(|_| damaged("an instant"))?,
        })
    }
}
