//! The tables that make up an installation, in an order in which each needs only those before it.
//!
//! Invariant: every table of the schema is here with all its columns (a test compares it with the database itself), but for the
//! words by which matters are found: each kind of database has its own index for them, and they are drawn anew.

/// What a column holds, in every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Id,
    Text,
    Whole,
    Bytes,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Holds)],
    /// So many of the first columns are its key, none of them null.
    pub(super) key: usize,
    /// A column that names another row of this table, which must be there first.
    pub(super) needs: Option<&'static str>,
}

use Holds::{Bytes, Id, Text, Whole};

pub(super) const ALL: &[Table] = &[
    Table {
        name: "records",
        columns: &[
            ("id", Id),
            ("kind", Text),
            ("recorded_at", Whole),
            ("supersedes", Id),
            ("sha256", Text),
            ("canonical", Text),
        ],
        key: 1,
        needs: Some("supersedes"),
    },
    Table {
        name: "matters",
        columns: &[
            ("id", Id),
            ("number", Text),
            ("procedure_id", Text),
            ("procedure_version", Whole),
            ("stage", Text),
            ("status", Text),
            ("owner_agency", Text),
            ("owner_unit", Text),
            ("handlers", Text),
            ("title", Text),
            ("opened_at", Whole),
            ("changed_at", Whole),
            ("due_key", Whole),
            ("amount_key", Whole),
            ("blind_keys", Text),
            ("state", Text),
            ("version", Whole),
            ("head", Bytes),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "matter_events",
        columns: &[
            ("matter_id", Id),
            ("number", Whole),
            ("at", Whole),
            ("digest", Bytes),
            ("canonical", Text),
        ],
        key: 2,
        needs: None,
    },
    Table {
        name: "matter_series",
        columns: &[
            ("agency", Text),
            ("procedure_id", Text),
            ("year", Whole),
            ("last", Whole),
        ],
        key: 3,
        needs: None,
    },
    Table {
        name: "matter_numbers",
        columns: &[
            ("agency", Text),
            ("procedure_id", Text),
            ("year", Whole),
            ("ordinal", Whole),
            ("matter_id", Id),
        ],
        key: 4,
        needs: None,
    },
    Table {
        name: "matter_handlers",
        columns: &[("user_id", Text), ("matter_id", Id)],
        key: 2,
        needs: None,
    },
    Table {
        name: "matter_keys",
        columns: &[("blind_key", Bytes), ("matter_id", Id)],
        key: 2,
        needs: None,
    },
    Table {
        name: "matter_requests",
        columns: &[
            ("principal", Text),
            ("request_key", Text),
            ("digest", Bytes),
            ("matter_id", Id),
            ("version", Whole),
            ("head", Bytes),
            ("at", Whole),
        ],
        key: 2,
        needs: None,
    },
    Table {
        name: "matter_grants",
        columns: &[
            ("id", Id),
            ("matter_id", Id),
            ("of_agency", Text),
            ("procedure_id", Text),
            ("to_agency", Text),
            ("to_unit", Text),
            ("to_user", Text),
            ("actions", Whole),
            ("purpose", Text),
            ("legal_basis", Text),
            ("handling_code", Text),
            ("granted_by", Text),
            ("granted_at", Whole),
            ("until_at", Whole),
            ("revoked_at", Whole),
            ("revoked_by", Text),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "matter_measures",
        columns: &[
            ("matter_id", Id),
            ("kind", Text),
            ("ordinal", Whole),
            ("name", Text),
            ("state", Text),
            ("from_key", Whole),
            ("until_key", Whole),
            ("due_at", Whole),
            ("value", Whole),
            ("owner_agency", Text),
            ("owner_unit", Text),
            ("procedure_id", Text),
        ],
        key: 3,
        needs: None,
    },
    Table {
        name: "outbox",
        columns: &[
            ("id", Id),
            ("matter_id", Id),
            ("kind", Text),
            ("payload", Text),
            ("made_at", Whole),
            ("lease_until", Whole),
            ("lease_by", Text),
            ("tries", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "jobs",
        columns: &[
            ("id", Id),
            ("kind", Text),
            ("payload", Text),
            ("priority", Whole),
            ("dedup_key", Text),
            ("state", Text),
            ("made_at", Whole),
            ("ready_at", Whole),
            ("lease", Whole),
            ("worker", Text),
            ("attempts", Whole),
            ("max_attempts", Whole),
            ("backoff_micros", Whole),
            ("done", Whole),
            ("total", Whole),
            ("text_key", Text),
            ("checkpoint", Bytes),
            ("cancel_asked_at", Whole),
            ("error", Text),
            ("result", Text),
            ("ended_at", Whole),
            ("subject", Text),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "agencies",
        columns: &[
            ("code", Text),
            ("name_zh", Text),
            ("name_en", Text),
            ("made_at", Whole),
            ("ended_at", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "units",
        columns: &[
            ("agency", Text),
            ("code", Text),
            ("name_zh", Text),
            ("name_en", Text),
            ("made_at", Whole),
            ("ended_at", Whole),
        ],
        key: 2,
        needs: None,
    },
    Table {
        name: "accounts",
        columns: &[
            ("id", Id),
            ("login", Text),
            ("agency", Text),
            ("user_code", Text),
            ("unit", Text),
            ("name", Text),
            ("roles", Text),
            ("state", Text),
            ("is_service", Whole),
            ("password_hash", Text),
            ("totp_secret", Bytes),
            ("totp_last_step", Whole),
            ("wrong", Whole),
            ("last_wrong_at", Whole),
            ("made_at", Whole),
            ("changed_at", Whole),
            ("version", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "account_sessions",
        columns: &[
            ("digest", Bytes),
            ("account_id", Id),
            ("begun_at", Whole),
            ("used_at", Whole),
            ("proven_at", Whole),
            ("waits", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "account_tokens",
        columns: &[
            ("id", Id),
            ("digest", Bytes),
            ("account_id", Id),
            ("name", Text),
            ("scopes", Text),
            ("made_at", Whole),
            ("until_at", Whole),
            ("used_at", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "account_codes",
        columns: &[("digest", Bytes), ("account_id", Id), ("until_at", Whole)],
        key: 1,
        needs: None,
    },
    Table {
        name: "matter_files",
        columns: &[
            ("id", Id),
            ("matter_id", Id),
            ("kind", Text),
            ("name", Text),
            ("paper", Text),
            ("sha256", Text),
            ("size_bytes", Whole),
            ("copy_of", Id),
            ("job_id", Id),
            ("by_actor", Text),
            ("at", Whole),
            ("receipt", Text),
            ("withdrawn_at", Whole),
            ("withdrawn_by", Text),
            ("withdrawn_why", Text),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "uploads",
        columns: &[
            ("id", Id),
            ("matter_id", Id),
            ("account_id", Id),
            ("kind", Text),
            ("name", Text),
            ("sha256", Text),
            ("size_bytes", Whole),
            ("made_at", Whole),
            ("until_at", Whole),
            ("file_id", Id),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "trail_strands",
        columns: &[
            ("id", Id),
            ("begun_at", Whole),
            ("touched_at", Whole),
            ("number", Whole),
            ("digest", Bytes),
            ("anchored", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "trail_lines",
        columns: &[
            ("strand", Id),
            ("number", Whole),
            ("record_id", Id),
            ("digest", Bytes),
            ("at", Whole),
            ("actor", Text),
            ("action", Text),
            ("object_kind", Text),
            ("object", Text),
            ("result", Text),
            ("address", Text),
        ],
        key: 2,
        needs: None,
    },
    Table {
        name: "trail_anchors",
        columns: &[
            ("strand", Id),
            ("number", Whole),
            ("digest", Bytes),
            ("log", Text),
            ("log_index", Whole),
            ("leaf", Text),
            ("at", Whole),
        ],
        key: 2,
        needs: None,
    },
    Table {
        name: "trail_prunings",
        columns: &[
            ("strand", Id),
            ("through", Whole),
            ("digest", Bytes),
            ("at", Whole),
            ("record_id", Id),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "notices",
        columns: &[
            ("id", Id),
            ("notice_key", Text),
            ("matter_id", Id),
            ("to_agency", Text),
            ("to_role", Text),
            ("template", Text),
            ("about", Text),
            ("light", Text),
            ("made_at", Whole),
        ],
        key: 1,
        needs: None,
    },
    Table {
        name: "notice_reads",
        columns: &[("notice_id", Id), ("account_id", Id), ("read_at", Whole)],
        key: 2,
        needs: None,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::database::{Database, Sql};

    #[tokio::test]
    async fn every_table_of_the_schema_is_moved_with_all_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let columns = "SELECT m.name || '.' || c.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                       WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'seaql_migrations' \
                       AND m.name NOT LIKE 'matter_terms%' AND m.name <> 'matter_texts'";
        let rows = database.all(Sql::new(columns)).await.unwrap();
        let there: BTreeSet<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
        let named = ALL.iter().flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|(column, _)| format!("{}.{column}", table.name))
        });
        assert_eq!(named.collect::<BTreeSet<_>>(), there);
    }
}
