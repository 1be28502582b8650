//! Version 8: the words of matters, and the index by which they are found.
//!
//! In:  a database of version 7.
//! Out: the tables that `matters::search` works on.
//!
//! Each database has its own kind of index (SQLite: FTS5; PostgreSQL: `tsvector` with GIN) over terms that this program cuts, so
//! that both find the same. The tables are drawn from the events and stand in no backup and no move: they are drawn anew.

use sea_orm::DatabaseBackend;
use sea_orm_migration::prelude::*;

/// Search.
pub(super) struct Search0008;

impl MigrationName for Search0008 {
    fn name(&self) -> &'static str {
        "0008_search"
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the signatures as the trait has them"
)]
impl MigrationTrait for Search0008 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => SQLITE,
            _ => POSTGRES,
        };
        super::run_all(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DatabaseBackend::Sqlite => {
                super::run_all(manager, &["DROP TABLE matter_terms", "DROP TABLE matter_texts"]).await
            }
            _ => super::run_all(manager, &["DROP TABLE matter_texts"]).await,
        }
    }
}

const SQLITE: [&str; 2] = [
    "CREATE TABLE matter_texts (
        doc INTEGER PRIMARY KEY,
        matter_id {uuid} NOT NULL UNIQUE REFERENCES matters (id),
        version BIGINT NOT NULL,
        agency {plain} NOT NULL,
        unit {plain},
        title {plain} NOT NULL,
        body {plain} NOT NULL
    )",
    // Which rows have a term, and nothing else: not where in them, and not their text, which stands beside.
    "CREATE VIRTUAL TABLE matter_terms USING fts5
        (terms, content='', contentless_delete=1, detail='none', tokenize='ascii')",
];

const POSTGRES: [&str; 2] = [
    "CREATE TABLE matter_texts (
        matter_id {uuid} NOT NULL PRIMARY KEY REFERENCES matters (id),
        version BIGINT NOT NULL,
        agency {plain} NOT NULL,
        unit {plain},
        title {plain} NOT NULL,
        body {plain} NOT NULL,
        terms TSVECTOR NOT NULL
    )",
    "CREATE INDEX ix_matter_texts_terms ON matter_texts USING gin (terms)",
];
