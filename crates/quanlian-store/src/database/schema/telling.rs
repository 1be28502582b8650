//! Version 10: telling: what leaves the platform when a notice is made.
//!
//! In:  a database of version 9.
//! Out: the tables that `telling` works on.

use super::migration;

migration! {
    /// Telling.
    Telling0010 = "0010_telling": UP, DOWN
}

const UP: [&str; 8] = [
    // What was in inboxes before this version is not told now.
    "CREATE TABLE notices_untold (
        notice_id {uuid} NOT NULL PRIMARY KEY REFERENCES notices (id),
        made_at BIGINT NOT NULL
    )",
    "CREATE TABLE webhooks (
        id {uuid} NOT NULL PRIMARY KEY,
        agency {plain} NOT NULL REFERENCES agencies (code),
        url TEXT NOT NULL,
        kinds TEXT NOT NULL,
        secret {bytes} NOT NULL,
        former_secret {bytes},
        former_until BIGINT,
        state {plain} NOT NULL,
        made_by {plain} NOT NULL,
        made_at BIGINT NOT NULL,
        failing_since BIGINT,
        error TEXT,
        version BIGINT NOT NULL
    )",
    "CREATE INDEX ix_webhooks_agency ON webhooks (agency, made_at, id)",
    "CREATE TABLE account_mail (
        account_id {uuid} NOT NULL PRIMARY KEY REFERENCES accounts (id),
        address TEXT NOT NULL,
        language {plain} NOT NULL,
        kinds TEXT NOT NULL,
        confirmed_at BIGINT,
        code_digest {bytes},
        code_until BIGINT,
        wrong BIGINT NOT NULL,
        error TEXT
    )",
    // `target_id` is a webhook or an account, by the channel; without a notice it is a message of its own kind (`what`).
    "CREATE TABLE deliveries (
        id {uuid} NOT NULL PRIMARY KEY,
        channel {plain} NOT NULL,
        target_id {uuid} NOT NULL,
        notice_id {uuid} REFERENCES notices (id),
        what {plain} NOT NULL,
        about {plain},
        state {plain} NOT NULL,
        made_at BIGINT NOT NULL,
        ready_at BIGINT NOT NULL,
        lease BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        status BIGINT,
        error TEXT,
        ended_at BIGINT
    )",
    // A notice goes to a target once.
    "CREATE UNIQUE INDEX ix_deliveries_notice ON deliveries (target_id, notice_id)",
    "CREATE INDEX ix_deliveries_ready ON deliveries (channel, state, ready_at)",
    "CREATE INDEX ix_deliveries_target ON deliveries (target_id, made_at, id)",
];

const DOWN: [&str; 4] = [
    "DROP TABLE deliveries",
    "DROP TABLE account_mail",
    "DROP TABLE webhooks",
    "DROP TABLE notices_untold",
];
