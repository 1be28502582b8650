//! One table, copied and compared a page at a time, in the order of its key.
//!
//! In:  a snapshot of the source, the destination.
//! Out: its rows in the destination; a digest that does not depend on the database.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Difference, Listener, MoveError, Progress, Snapshot,
    tables::{Holds, Table},
};
use crate::database::{Database, DatabaseError, Sql, whole};

/// Rows of a page. One may hold a megabyte, so that a page may hold as many as its rows.
const PAGE_ROWS: usize = 200;
/// Values in one statement; every database takes so many.
const MAX_VALUES: usize = 2000;

/// What a table holds, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all values of all rows in the order of the key, in lower-case hex.
    pub sha256: String,
}

type Row = Vec<Value>;

/// The rows behind a key.
async fn page(source: &Snapshot<'_>, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, MoveError> {
    let failed = |e: DbErr| MoveError::From {
        place: source.database.place().to_owned(),
        source: source.database.trouble(e),
    };
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let key = names[..table.key].join(", ");
    let mut sql = Sql::new("SELECT ");
    sql.push(&names.join(", ")).push(" FROM ").push(table.name);
    if let Some(after) = after {
        sql.push(&format!(" WHERE ({key}) > ("));
        sql.bind_all(after[..table.key].iter().cloned()).push(")");
    }
    sql.push(&format!(" ORDER BY {key} LIMIT "))
        .bind(whole(PAGE_ROWS));
    let statement = sql.statement(source.database.kind());
    let rows = source
        .transaction
        .query_all_raw(statement)
        .await
        .map_err(failed)?;
    let read = |row: &QueryResult| {
        let columns = table.columns.iter();
        columns
            .map(|(name, holds)| value(row, name, *holds))
            .collect::<Result<Row, _>>()
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(failed)
}

fn value(row: &QueryResult, name: &str, holds: Holds) -> Result<Value, DbErr> {
    Ok(match holds {
        Holds::Id => Value::from(row.try_get::<Option<uuid::Uuid>>("", name)?),
        Holds::Text => Value::from(row.try_get::<Option<String>>("", name)?),
        Holds::Whole => Value::from(row.try_get::<Option<i64>>("", name)?),
        Holds::Bytes => Value::from(row.try_get::<Option<Vec<u8>>>("", name)?),
    })
}

/// Copies what is not there.
pub(super) async fn copy(
    source: &Snapshot<'_>,
    to: &Database,
    table: &Table,
    listener: Listener<'_>,
) -> Result<(), MoveError> {
    let failed = |source: DatabaseError| MoveError::To {
        place: to.place().to_owned(),
        source,
    };
    // Where a row may need a later one, another round brings those that were left out, as long as there are new ones.
    let mut after = match table.needs {
        None => last_key(to, table).await?,
        Some(_) => None,
    };
    loop {
        let mut done = 0;
        let (mut copied, mut left_out) = (0, 0);
        loop {
            let rows = page(source, table, after.as_ref()).await?;
            let Some(last) = rows.last() else { break };
            done += rows.len() as u64;
            after = Some(last.clone());
            let writing = to.write().await.map_err(failed)?;
            match table.needs {
                None => {
                    for some in rows.chunks((MAX_VALUES / table.columns.len()).max(1)) {
                        copied += writing.run(insertion(table, some)).await.map_err(failed)?;
                    }
                }
                Some(needs) => {
                    for row in &rows {
                        let (new, left) = insert_if_needed_is_there(&writing, table, needs, row)
                            .await
                            .map_err(failed)?;
                        copied += new;
                        left_out += left;
                    }
                }
            }
            writing.commit().await.map_err(failed)?;
            listener(Progress {
                what: table.name,
                is_comparing: false,
                done,
            });
        }
        if left_out == 0 || copied == 0 {
            return Ok(());
        }
        after = None;
    }
}

/// The greatest key in the destination, which was filled in the order of keys.
async fn last_key(to: &Database, table: &Table) -> Result<Option<Row>, MoveError> {
    let names: Vec<&str> = table.columns[..table.key].iter().map(|(name, _)| *name).collect();
    let order: Vec<String> = names.iter().map(|name| format!("{name} DESC")).collect();
    let mut sql = Sql::new("SELECT ");
    sql.push(&names.join(", ")).push(" FROM ").push(table.name);
    sql.push(&format!(" ORDER BY {} LIMIT 1", order.join(", ")));
    let failed = |source| MoveError::To {
        place: to.place().to_owned(),
        source,
    };
    let Some(row) = to.one(sql).await.map_err(failed)? else {
        return Ok(None);
    };
    let columns = table.columns[..table.key].iter();
    let key = columns
        .map(|(name, holds)| value(&row, name, *holds))
        .collect::<Result<_, _>>();
    key.map(Some).map_err(|e| failed(to.trouble(e)))
}

fn insertion(table: &Table, rows: &[Row]) -> Sql {
    let mut sql = head(table);
    sql.push(" VALUES ");
    for (at, row) in rows.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" });
        sql.bind_all(row.iter().cloned()).push(")");
    }
    sql.push(" ON CONFLICT DO NOTHING");
    sql
}

fn head(table: &Table) -> Sql {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let mut sql = Sql::new("INSERT INTO ");
    sql.push(table.name).push(&format!(" ({})", names.join(", ")));
    sql
}

/// How many rows were inserted, and how many were left out because the row that they need is not there yet.
async fn insert_if_needed_is_there(
    writing: &crate::database::Writing<'_>,
    table: &Table,
    needs: &str,
    row: &Row,
) -> Result<(u64, u64), DatabaseError> {
    let place = table.columns.iter().position(|(name, _)| *name == needs);
    let needed = place
        .map(|place| row[place].clone())
        .filter(|value| !is_null(value));
    if let Some(needed) = needed {
        let there = format!(
            "SELECT 1 AS there FROM {} WHERE {} = $1",
            table.name, table.columns[0].0
        );
        if writing.one(Sql::with(&there, vec![needed])).await?.is_none() {
            return Ok((0, 1));
        }
    }
    Ok((writing.run(insertion(table, std::slice::from_ref(row))).await?, 0))
}

fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::Uuid(None) | Value::String(None) | Value::BigInt(None) | Value::Bytes(None)
    )
}

/// Compares two states of a table; the digest of both when they are equal.
pub(super) async fn compare(
    source: &Snapshot<'_>,
    destination: &Snapshot<'_>,
    table: &Table,
    listener: Listener<'_>,
) -> Result<TableDigest, MoveError> {
    let mut hasher = Sha256::new();
    let mut rows = 0;
    let mut after: Option<Row> = None;
    loop {
        let ours = page(source, table, after.as_ref()).await?;
        let theirs = page(destination, table, after.as_ref()).await?;
        for at in 0..ours.len().max(theirs.len()) {
            match (ours.get(at), theirs.get(at)) {
                (Some(our), Some(their)) if our == their => digest_row(&mut hasher, our),
                (our, their) => return Err(MoveError::Differs(difference(table, our, their))),
            }
        }
        rows += ours.len() as u64;
        let Some(last) = ours.last() else { break };
        after = Some(last.clone());
        listener(Progress {
            what: table.name,
            is_comparing: true,
            done: rows,
        });
    }
    Ok(TableDigest {
        table: table.name.to_owned(),
        rows,
        sha256: hex::encode(hasher.finalize()),
    })
}

/// What parts two rows that stand at the same place.
fn difference(table: &Table, our: Option<&Row>, their: Option<&Row>) -> Difference {
    let (row, what) = match (our, their) {
        (Some(our), Some(their)) => {
            let column = our.iter().zip(their).position(|(our, their)| our != their);
            match column {
                Some(column) if column >= table.key => (our, table.columns[column].0),
                // Whichever comes first is the one that the other does not have.
                _ if sort_key(table, our) < sort_key(table, their) => (our, "missing in the destination"),
                _ => (their, "not in the source"),
            }
        }
        (Some(our), None) => (our, "missing in the destination"),
        (None, Some(their)) => (their, "not in the source"),
        (None, None) => {
            return Difference {
                table: table.name.to_owned(),
                key: String::new(),
                what: String::new(),
            };
        }
    };
    let key: Vec<String> = row[..table.key].iter().map(shown).collect();
    Difference {
        table: table.name.to_owned(),
        key: key.join(" "),
        what: what.to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Uuid(Some(id)) => id.to_string(),
        Value::String(Some(text)) => text.clone(),
        Value::BigInt(Some(number)) => number.to_string(),
        Value::Bytes(Some(bytes)) => hex::encode(bytes),
        _ => "null".to_owned(),
    }
}

/// Bytes in the order in which the databases keep the key.
fn sort_key(table: &Table, row: &Row) -> Vec<Vec<u8>> {
    let bytes = |value: &Value| match value {
        Value::Uuid(Some(id)) => id.as_bytes().to_vec(),
        Value::String(Some(text)) => text.as_bytes().to_vec(),
        // The sign bit turned: so negative numbers come first.
        Value::BigInt(Some(number)) => (number ^ i64::MIN).to_be_bytes().to_vec(),
        Value::Bytes(Some(bytes)) => bytes.clone(),
        _ => Vec::new(),
    };
    row[..table.key].iter().map(bytes).collect()
}

/// Each value with its kind and its length, so that no two rows have the same bytes.
fn digest_row(hasher: &mut Sha256, row: &Row) {
    for value in row {
        let (kind, bytes): (u8, Vec<u8>) = match value {
            Value::Uuid(Some(id)) => (1, id.as_bytes().to_vec()),
            Value::String(Some(text)) => (2, text.as_bytes().to_vec()),
            Value::BigInt(Some(number)) => (3, number.to_be_bytes().to_vec()),
            Value::Bytes(Some(bytes)) => (4, bytes.clone()),
            _ => (0, Vec::new()),
        };
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
}
