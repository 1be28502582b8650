//! Version 5: the audit trail, linked.
//!
//! In:  a database of version 4.
//! Out: the tables that `trail` works on. The records themselves stay in `records`.
//!
//! Each index ends with instant and record, the order of a page. `result` has one for what is rare: almost everything is allowed.

use super::migration;

migration! {
    /// The audit trail.
    Trail0005 = "0005_trail": UP, DOWN
}

const UP: [&str; 12] = [
    "CREATE TABLE trail_strands (
        id {uuid} NOT NULL PRIMARY KEY,
        begun_at BIGINT NOT NULL,
        touched_at BIGINT NOT NULL,
        number BIGINT NOT NULL,
        digest {bytes} NOT NULL,
        anchored BIGINT NOT NULL
    )",
    // What waits for an anchor; almost nothing does.
    "CREATE INDEX ix_trail_strands_waiting ON trail_strands (id) WHERE number > anchored",
    // No reference to `records`: who takes a record away is not stopped here but found by the check.
    "CREATE TABLE trail_lines (
        strand {uuid} NOT NULL,
        number BIGINT NOT NULL,
        record_id {uuid} NOT NULL,
        digest {bytes} NOT NULL,
        at BIGINT NOT NULL,
        actor {plain} NOT NULL,
        action {plain} NOT NULL,
        object_kind {plain} NOT NULL,
        object {plain} NOT NULL,
        result {plain} NOT NULL,
        address {plain} NOT NULL,
        PRIMARY KEY (strand, number)
    )",
    "CREATE UNIQUE INDEX ix_trail_lines_record ON trail_lines (record_id)",
    "CREATE INDEX ix_trail_lines_at ON trail_lines (at, record_id)",
    "CREATE INDEX ix_trail_lines_actor ON trail_lines (actor, at, record_id)",
    "CREATE INDEX ix_trail_lines_action ON trail_lines (action, at, record_id)",
    "CREATE INDEX ix_trail_lines_object ON trail_lines (object, at, record_id)",
    "CREATE INDEX ix_trail_lines_address ON trail_lines (address, at, record_id)",
    "CREATE INDEX ix_trail_lines_result ON trail_lines (result, at, record_id) WHERE result <> 'allowed'",
    "CREATE TABLE trail_anchors (
        strand {uuid} NOT NULL,
        number BIGINT NOT NULL,
        digest {bytes} NOT NULL,
        log {plain} NOT NULL,
        log_index BIGINT NOT NULL,
        leaf TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (strand, number)
    )",
    "CREATE TABLE trail_prunings (
        strand {uuid} NOT NULL PRIMARY KEY,
        through BIGINT NOT NULL,
        digest {bytes} NOT NULL,
        at BIGINT NOT NULL,
        record_id {uuid} NOT NULL
    )",
];

const DOWN: [&str; 4] = [
    "DROP TABLE trail_prunings",
    "DROP TABLE trail_anchors",
    "DROP TABLE trail_lines",
    "DROP TABLE trail_strands",
];
