//! Version 7: what is counted of matters.
//!
//! In:  a database of version 4 or later.
//! Out: the table that `matters::measures` works on.
//!
//! Agency, unit and procedure stand in each row as in its matter, so that the condition of a scope is the same on both and a
//! figure over many matters is one walk along an index. The indexes hold what figures ask for, so that the rows themselves are
//! not read.

use super::migration;

migration! {
    /// Measures.
    Measures0007 = "0007_measures": UP, DOWN
}

const UP: [&str; 6] = [
    "CREATE TABLE matter_measures (
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        kind {plain} NOT NULL,
        ordinal BIGINT NOT NULL,
        name {plain} NOT NULL,
        state {plain},
        from_key BIGINT NOT NULL,
        until_key BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        value BIGINT,
        owner_agency {plain} NOT NULL,
        owner_unit {plain},
        procedure_id {plain} NOT NULL,
        PRIMARY KEY (matter_id, kind, ordinal)
    )",
    "CREATE INDEX ix_matter_measures_from ON matter_measures
        (owner_agency, kind, from_key, procedure_id, name, state, matter_id, ordinal, until_key, owner_unit)",
    "CREATE INDEX ix_matter_measures_until ON matter_measures
        (owner_agency, kind, until_key, procedure_id, name, state, matter_id, ordinal, from_key, owner_unit, value)",
    // Clocks that run: those that are overdue are found by when they were due.
    "CREATE INDEX ix_matter_measures_due ON matter_measures (owner_agency, due_at, matter_id)
        WHERE kind = 'clock' AND state = 'running'",
    // What is asked of the matter of a row: a fact, and whether an act was done.
    "CREATE INDEX ix_matter_measures_facts ON matter_measures (matter_id, name, value) WHERE kind = 'fact'",
    "CREATE INDEX ix_matter_measures_acts ON matter_measures (matter_id, name) WHERE kind = 'act'",
];

const DOWN: [&str; 1] = ["DROP TABLE matter_measures"];
