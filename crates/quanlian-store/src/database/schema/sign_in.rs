//! Version 11: first passwords that have to be changed, and accounts of a provider of sign-in.
//!
//! In:  a database of version 10.
//! Out: what `accounts` works on besides.

use super::migration;

migration! {
    /// Sign-in.
    SignIn0011 = "0011_sign_in": UP, DOWN
}

const UP: [&str; 5] = [
    // Of accounts that are there already nobody knows who chose the password; they keep it.
    "ALTER TABLE accounts ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE account_subjects (
        issuer {plain} NOT NULL,
        subject {plain} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        made_at BIGINT NOT NULL,
        PRIMARY KEY (issuer, subject)
    )",
    "CREATE INDEX ix_account_subjects_account ON account_subjects (account_id)",
    // A sign-in with a provider that is on its way.
    "CREATE TABLE sign_in_flows (
        state {bytes} NOT NULL PRIMARY KEY,
        browser {bytes} NOT NULL,
        sealed {bytes} NOT NULL,
        until_at BIGINT NOT NULL
    )",
    "CREATE INDEX ix_sign_in_flows_until ON sign_in_flows (until_at)",
];

const DOWN: [&str; 3] = [
    "DROP TABLE sign_in_flows",
    "DROP TABLE account_subjects",
    "ALTER TABLE accounts DROP COLUMN must_change",
];
