//! Version 2: matters (办件), their events, numbers, grants, requests and the outbox.
//!
//! In:  a database of version 1.
//! Out: the tables that `matters` works on.
//!
//! A list is asked for within one agency, or by the ids that grants name; so every index of `matters` but that of the
//! numbers begins with the agency. `due_key` and `amount_key` are never null: what has none stands at the end.

use super::migration;

migration! {
    /// Matters.
    Matters0002 = "0002_matters": UP, DOWN
}

const UP: [&str; 26] = [
    "CREATE TABLE matters (
        id {uuid} NOT NULL PRIMARY KEY,
        number {plain} NOT NULL,
        procedure_id {plain} NOT NULL,
        procedure_version BIGINT NOT NULL,
        stage {plain} NOT NULL,
        status {plain} NOT NULL,
        owner_agency {plain} NOT NULL,
        owner_unit {plain},
        handlers TEXT NOT NULL,
        title TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        due_key BIGINT NOT NULL,
        amount_key BIGINT NOT NULL,
        blind_keys TEXT NOT NULL,
        state TEXT NOT NULL,
        version BIGINT NOT NULL,
        head {bytes} NOT NULL
    )",
    "CREATE UNIQUE INDEX ix_matters_number ON matters (number)",
    "CREATE INDEX ix_matters_changed ON matters (owner_agency, changed_at, id)",
    "CREATE INDEX ix_matters_opened ON matters (owner_agency, opened_at, id)",
    "CREATE INDEX ix_matters_due ON matters (owner_agency, due_key, id)",
    "CREATE INDEX ix_matters_amount ON matters (owner_agency, amount_key, id)",
    "CREATE INDEX ix_matters_stage ON matters (owner_agency, procedure_id, stage, changed_at, id)",
    // For standing grants, which reach one procedure of an agency.
    "CREATE INDEX ix_matters_procedure ON matters (owner_agency, procedure_id, changed_at, id)",
    "CREATE INDEX ix_matters_status ON matters (owner_agency, status, changed_at, id)",
    // What is open and due next: the list that people live by.
    "CREATE INDEX ix_matters_status_due ON matters (owner_agency, status, due_key, id)",
    "CREATE INDEX ix_matters_unit ON matters (owner_agency, owner_unit, changed_at, id)",
    "CREATE TABLE matter_events (
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        number BIGINT NOT NULL,
        at BIGINT NOT NULL,
        digest {bytes} NOT NULL,
        canonical TEXT NOT NULL,
        PRIMARY KEY (matter_id, number)
    )",
    "CREATE TABLE matter_series (
        agency {plain} NOT NULL,
        procedure_id {plain} NOT NULL,
        year BIGINT NOT NULL,
        last BIGINT NOT NULL,
        PRIMARY KEY (agency, procedure_id, year)
    )",
    "CREATE TABLE matter_numbers (
        agency {plain} NOT NULL,
        procedure_id {plain} NOT NULL,
        year BIGINT NOT NULL,
        ordinal BIGINT NOT NULL,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        PRIMARY KEY (agency, procedure_id, year, ordinal)
    )",
    "CREATE TABLE matter_handlers (
        user_id {plain} NOT NULL,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        PRIMARY KEY (user_id, matter_id)
    )",
    "CREATE INDEX ix_matter_handlers_matter ON matter_handlers (matter_id)",
    "CREATE TABLE matter_keys (
        blind_key {bytes} NOT NULL,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        PRIMARY KEY (blind_key, matter_id)
    )",
    "CREATE INDEX ix_matter_keys_matter ON matter_keys (matter_id)",
    "CREATE TABLE matter_requests (
        principal {plain} NOT NULL,
        request_key {plain} NOT NULL,
        digest {bytes} NOT NULL,
        matter_id {uuid} NOT NULL,
        version BIGINT NOT NULL,
        head {bytes} NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (principal, request_key)
    )",
    "CREATE INDEX ix_matter_requests_at ON matter_requests (at)",
    "CREATE TABLE matter_grants (
        id {uuid} NOT NULL PRIMARY KEY,
        matter_id {uuid} REFERENCES matters (id),
        of_agency {plain} NOT NULL,
        procedure_id {plain},
        to_agency {plain} NOT NULL,
        to_unit {plain},
        to_user {plain},
        actions BIGINT NOT NULL,
        purpose TEXT NOT NULL,
        legal_basis TEXT NOT NULL,
        handling_code {plain} NOT NULL,
        granted_by {plain} NOT NULL,
        granted_at BIGINT NOT NULL,
        until_at BIGINT NOT NULL,
        revoked_at BIGINT NOT NULL,
        revoked_by {plain}
    )",
    "CREATE INDEX ix_matter_grants_to ON matter_grants (to_agency, matter_id)",
    "CREATE INDEX ix_matter_grants_matter ON matter_grants (matter_id)",
    "CREATE TABLE outbox (
        id {uuid} NOT NULL PRIMARY KEY,
        matter_id {uuid},
        kind {plain} NOT NULL,
        payload TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        lease_by {plain},
        tries BIGINT NOT NULL
    )",
    "CREATE INDEX ix_outbox_lease ON outbox (lease_until, id)",
    "CREATE INDEX ix_outbox_kind ON outbox (kind, lease_until, id)",
];

const DOWN: [&str; 9] = [
    "DROP TABLE outbox",
    "DROP TABLE matter_grants",
    "DROP TABLE matter_requests",
    "DROP TABLE matter_keys",
    "DROP TABLE matter_handlers",
    "DROP TABLE matter_numbers",
    "DROP TABLE matter_series",
    "DROP TABLE matter_events",
    "DROP TABLE matters",
];
