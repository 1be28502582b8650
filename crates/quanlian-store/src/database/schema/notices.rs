//! Version 9: notices, and who has read them.
//!
//! In:  a database of version 8.
//! Out: the tables that `matters::notices` works on.

use super::migration;

migration! {
    /// Notices.
    Notices0009 = "0009_notices": UP, DOWN
}

const UP: [&str; 5] = [
    "CREATE TABLE notices (
        id {uuid} NOT NULL PRIMARY KEY,
        notice_key {plain} NOT NULL,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        to_agency {plain},
        to_role {plain},
        template {plain} NOT NULL,
        about {plain},
        light {plain},
        made_at BIGINT NOT NULL
    )",
    // What was told once is not told again.
    "CREATE UNIQUE INDEX ix_notices_key ON notices (notice_key)",
    "CREATE INDEX ix_notices_to ON notices (to_agency, made_at, id)",
    "CREATE INDEX ix_notices_matter ON notices (matter_id, about, light, made_at)",
    "CREATE TABLE notice_reads (
        notice_id {uuid} NOT NULL REFERENCES notices (id),
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        read_at BIGINT NOT NULL,
        PRIMARY KEY (notice_id, account_id)
    )",
];

const DOWN: [&str; 2] = ["DROP TABLE notice_reads", "DROP TABLE notices"];
