//! The tables, and the steps by which they came to be.
//!
//! In:  a database of any version up to this one.
//! Out: the tables of this version.
//!
//! Invariant: a migration that was released is never edited; a change is a new one at the end. Types are those that
//! SQLite and PostgreSQL keep alike.

mod accounts;
mod files;
mod jobs;
mod matters;
mod measures;
mod notices;
mod search;
mod sign_in;
mod telling;
mod trail;

use sea_orm::DatabaseBackend;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, string, text, uuid, uuid_null},
};

/// Every step, in order.
#[derive(Debug)]
pub(crate) struct Schema;

#[async_trait::async_trait]
impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Records0001),
            Box::new(matters::Matters0002),
            Box::new(jobs::Jobs0003),
            Box::new(accounts::Accounts0004),
            Box::new(trail::Trail0005),
            Box::new(files::Files0006),
            Box::new(measures::Measures0007),
            Box::new(search::Search0008),
            Box::new(notices::Notices0009),
            Box::new(telling::Telling0010),
            Box::new(sign_in::SignIn0011),
        ]
    }
}

/// Runs statements in which `{uuid}`, `{bytes}` and `{plain}` stand for the database's words for an id, for bytes, and for
/// text in the order of its bytes.
async fn run_all(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let [uuid, bytes, plain] = match manager.get_database_backend() {
        DatabaseBackend::Sqlite => ["BLOB", "BLOB", "TEXT"],
        _ => ["UUID", "BYTEA", "TEXT COLLATE \"C\""],
    };
    for statement in statements {
        let statement = statement
            .replace("{uuid}", uuid)
            .replace("{bytes}", bytes)
            .replace("{plain}", plain);
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// A migration of which both directions are lists of statements.
macro_rules! migration {
    ($(#[$doc:meta])* $name:ident = $word:literal: $up:ident, $down:ident) => {
        $(#[$doc])*
        pub(super) struct $name;

        impl sea_orm_migration::MigrationName for $name {
            fn name(&self) -> &'static str {
                $word
            }
        }

        #[sea_orm_migration::async_trait::async_trait]
        #[expect(
            elided_lifetimes_in_paths,
            reason = "async_trait needs the signatures as the trait has them"
        )]
        impl sea_orm_migration::MigrationTrait for $name {
            async fn up(&self, manager: &sea_orm_migration::SchemaManager) -> Result<(), sea_orm::DbErr> {
                super::run_all(manager, &$up).await
            }

            async fn down(&self, manager: &sea_orm_migration::SchemaManager) -> Result<(), sea_orm::DbErr> {
                super::run_all(manager, &$down).await
            }
        }
    };
}
use migration;

/// The table of records as the queries see it.
#[expect(unreachable_pub, reason = "SeaORM's derive wants public items")]
pub(crate) mod records {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "records")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: String,
        pub recorded_at: i64,
        pub supersedes: Option<Uuid>,
        pub sha256: String,
        #[sea_orm(column_type = "Text")]
        pub canonical: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(DeriveIden)]
enum Records {
    Table,
    Id,
    Kind,
    RecordedAt,
    Supersedes,
    Sha256,
    Canonical,
}

/// Version 1: the records and the three ways in which they are looked up.
struct Records0001;

impl MigrationName for Records0001 {
    fn name(&self) -> &'static str {
        "0001_records"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Records0001 {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "async_trait needs the signature as the trait has it"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut corrects_a_record = ForeignKey::create();
        corrects_a_record
            .name("fk_records_supersedes")
            .from(Records::Table, Records::Supersedes)
            .to(Records::Table, Records::Id);
        manager
            .create_table(
                Table::create()
                    .table(Records::Table)
                    .col(uuid(Records::Id).primary_key())
                    .col(string(Records::Kind))
                    .col(big_integer(Records::RecordedAt))
                    .col(uuid_null(Records::Supersedes))
                    .col(string(Records::Sha256))
                    .col(text(Records::Canonical))
                    .foreign_key(&mut corrects_a_record)
                    .take(),
            )
            .await?;
        for (name, columns) in [
            (
                "ix_records_kind_place",
                &[Records::Kind, Records::RecordedAt, Records::Id][..],
            ),
            ("ix_records_place", &[Records::RecordedAt, Records::Id]),
            ("ix_records_supersedes", &[Records::Supersedes]),
        ] {
            let mut index = Index::create().name(name).table(Records::Table).take();
            for column in columns {
                index.col(column.to_string());
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    #[expect(
        elided_lifetimes_in_paths,
        reason = "async_trait needs the signature as the trait has it"
    )]
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Records::Table).take();
        manager.drop_table(table).await
    }
}
