//! Version 4: agencies, units, accounts, sessions, tokens.
//!
//! In:  a database of version 3.
//! Out: the tables that `accounts` works on.

use super::migration;

migration! {
    /// Accounts.
    Accounts0004 = "0004_accounts": UP, DOWN
}

const UP: [&str; 12] = [
    "CREATE TABLE agencies (
        code {plain} NOT NULL PRIMARY KEY,
        name_zh TEXT NOT NULL,
        name_en TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ended_at BIGINT
    )",
    "CREATE TABLE units (
        agency {plain} NOT NULL REFERENCES agencies (code),
        code {plain} NOT NULL,
        name_zh TEXT NOT NULL,
        name_en TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ended_at BIGINT,
        PRIMARY KEY (agency, code)
    )",
    "CREATE TABLE accounts (
        id {uuid} NOT NULL PRIMARY KEY,
        login {plain} NOT NULL,
        agency {plain} NOT NULL REFERENCES agencies (code),
        user_code {plain} NOT NULL,
        unit {plain},
        name TEXT NOT NULL,
        roles TEXT NOT NULL,
        state {plain} NOT NULL,
        is_service BIGINT NOT NULL,
        password_hash TEXT,
        totp_secret {bytes},
        totp_last_step BIGINT NOT NULL,
        wrong BIGINT NOT NULL,
        last_wrong_at BIGINT NOT NULL,
        made_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        version BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX ix_accounts_login ON accounts (login)",
    "CREATE UNIQUE INDEX ix_accounts_user ON accounts (agency, user_code)",
    "CREATE TABLE account_sessions (
        digest {bytes} NOT NULL PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        begun_at BIGINT NOT NULL,
        used_at BIGINT NOT NULL,
        proven_at BIGINT NOT NULL,
        waits BIGINT NOT NULL
    )",
    "CREATE INDEX ix_account_sessions_account ON account_sessions (account_id)",
    "CREATE TABLE account_tokens (
        id {uuid} NOT NULL PRIMARY KEY,
        digest {bytes} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        until_at BIGINT NOT NULL,
        used_at BIGINT
    )",
    "CREATE UNIQUE INDEX ix_account_tokens_digest ON account_tokens (digest)",
    "CREATE INDEX ix_account_tokens_account ON account_tokens (account_id)",
    "CREATE TABLE account_codes (
        digest {bytes} NOT NULL PRIMARY KEY,
        account_id {uuid} REFERENCES accounts (id),
        until_at BIGINT NOT NULL
    )",
    "CREATE INDEX ix_account_codes_account ON account_codes (account_id)",
];

const DOWN: [&str; 6] = [
    "DROP TABLE account_codes",
    "DROP TABLE account_tokens",
    "DROP TABLE account_sessions",
    "DROP TABLE accounts",
    "DROP TABLE units",
    "DROP TABLE agencies",
];
