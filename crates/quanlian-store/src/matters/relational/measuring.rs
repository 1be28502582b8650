//! Drawn as rows: beside the events in one transaction, or afterwards for a matter that nobody wrote to since.
//!
//! In:  [`Drawn`], or none, which leaves a matter without any until it is measured.
//! Out: the rows of the matter are these and no others; what did not change is not written.

use quanlian_record::id::MatterId;
use sea_orm::{QueryResult, Value};

use super::{
    rows::{self, day_key, version_of},
    searching::Texted,
};
use crate::{
    database::{Database, Kind, Sql, Writing, bytes32, values, whole},
    matters::{
        AgencyCode, Projection, ReadError, Version, WriteError,
        measures::{Drawn, MAX_MEASURES, MeasureKind, Undrawn},
    },
};

/// The kind of the row that says by which rules a matter was measured.
const BASIS: &str = "basis";
/// What began at no day, stands before every day.
const NO_BEGIN: i64 = 0;
/// What has not ended, or is never due, stands behind every day and instant.
pub(super) const NEVER: i64 = i64::MAX;
/// So many rows go into one statement; each has twelve values, and SQLite takes 32,766.
pub(super) const ROWS_AT_ONCE: usize = 1000;

const COLUMNS: &str = "kind, ordinal, name, state, from_key, until_key, due_at, value, owner_agency, owner_unit, \
     procedure_id";
/// What may differ when a row is there already.
const CHANGING: [&str; 9] = [
    "name",
    "state",
    "from_key",
    "until_key",
    "due_at",
    "value",
    "owner_agency",
    "owner_unit",
    "procedure_id",
];

/// Drawn as rows, each with the values of [`COLUMNS`].
#[derive(Debug, Default)]
pub(super) struct Measured {
    rows: Vec<Vec<Value>>,
    /// How many of each kind.
    counts: Vec<(&'static str, i64)>,
}

impl Measured {
    /// Refuses what is outside its limits.
    pub(super) fn of(drawn: Option<&Drawn>, projection: &Projection) -> Result<Self, WriteError> {
        let Some(drawn) = drawn else {
            return Ok(Self::default());
        };
        if drawn.measures.len() > MAX_MEASURES {
            let what = format!(
                "{} measures of a matter, the limit is {MAX_MEASURES}",
                drawn.measures.len()
            );
            return Err(WriteError::invalid(what));
        }
        let unit = projection
            .owner_unit
            .as_ref()
            .map(|unit| unit.as_str().to_owned());
        let beside = values![
            projection.owner_agency.as_str(),
            unit,
            projection.procedure.as_str()
        ];
        let none: Option<String> = None;
        let mut first = values![
            BASIS,
            0_i64,
            drawn.basis.as_str(),
            none,
            NO_BEGIN,
            NEVER,
            NEVER,
            None::<i64>
        ];
        first.extend(beside.iter().cloned());
        let mut measured = Self {
            rows: vec![first],
            counts: vec![(BASIS, 1)],
        };
        for kind in MeasureKind::ALL {
            let mut ordinal = 0_i64;
            for row in drawn.measures.iter().filter(|row| row.kind == *kind) {
                let days = [row.from, row.until];
                if days.iter().flatten().any(|day| day.year() < 0) {
                    return Err(WriteError::invalid("a day that is counted is before the year 0"));
                }
                let mut line = values![
                    kind.word(),
                    ordinal,
                    row.name.as_str(),
                    row.state.as_ref().map(|state| state.as_str().to_owned()),
                    row.from.map_or(NO_BEGIN, day_key),
                    row.until.map_or(NEVER, day_key),
                    row.due
                        .map_or(NEVER, quanlian_record::time::Timestamp::unix_micros),
                    row.value,
                ];
                line.extend(beside.iter().cloned());
                measured.rows.push(line);
                ordinal += 1;
            }
            measured.counts.push((kind.word(), ordinal));
        }
        Ok(measured)
    }

    /// Whether it fits into one statement with everything else.
    pub(super) fn is_short(&self) -> bool {
        self.rows.len() <= ROWS_AT_ONCE
    }

    /// As parts of a statement in which `new` is the matter.
    pub(super) fn push_beside(&self, sql: &mut Sql) {
        sql.push(", unmeasured AS (DELETE FROM matter_measures t USING new WHERE t.matter_id = new.id");
        self.push_gone(sql);
        sql.push(")");
        if self.rows.is_empty() {
            return;
        }
        sql.push(", measured AS (INSERT INTO matter_measures (matter_id, ")
            .push(COLUMNS);
        sql.push(") SELECT new.id, e.* FROM new, (VALUES ");
        for (place, row) in self.rows.iter().enumerate() {
            sql.push(if place == 0 { "(" } else { ", (" });
            sql.bind_all(row.iter().cloned()).push(")");
        }
        sql.push(") AS e");
        push_conflict(sql);
        sql.push(")");
    }

    /// That a row is none of those to come.
    fn push_gone(&self, sql: &mut Sql) {
        for (kind, count) in &self.counts {
            sql.push(" AND NOT (t.kind = ").bind(*kind);
            sql.push(" AND t.ordinal < ").bind(*count).push(")");
        }
    }

    /// Makes them the rows of a matter.
    pub(super) async fn put(&self, writing: &Writing<'_>, id: MatterId) -> Result<(), WriteError> {
        let mut gone = Sql::new("DELETE FROM matter_measures AS t WHERE t.matter_id = ");
        gone.bind(id.0);
        self.push_gone(&mut gone);
        writing.run(gone).await?;
        for rows in self.rows.chunks(ROWS_AT_ONCE) {
            let mut sql = Sql::new("INSERT INTO matter_measures (matter_id, ");
            sql.push(COLUMNS).push(") VALUES ");
            for (place, row) in rows.iter().enumerate() {
                sql.push(if place == 0 { "(" } else { ", (" });
                sql.bind(id.0).push(", ");
                sql.bind_all(row.iter().cloned()).push(")");
            }
            push_conflict(&mut sql);
            writing.run(sql).await?;
        }
        Ok(())
    }
}

fn push_conflict(sql: &mut Sql) {
    sql.push(" ON CONFLICT (matter_id, kind, ordinal) DO UPDATE SET ");
    for (at, column) in CHANGING.iter().enumerate() {
        sql.push(if at == 0 { "" } else { ", " });
        sql.push(&format!("{column} = excluded.{column}"));
    }
    sql.push(" WHERE ");
    for (at, column) in CHANGING.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " OR " });
        sql.push(&format!(
            "matter_measures.{column} IS DISTINCT FROM excluded.{column}"
        ));
    }
}

/// Puts what was drawn beside a matter that is still at this version.
pub(super) async fn put_drawn(
    database: &Database,
    id: MatterId,
    version: Version,
    drawn: &Drawn,
) -> Result<bool, WriteError> {
    let writing = database.write().await?;
    let mut now = Sql::with(
        &format!(
            "SELECT {} FROM matters m WHERE m.id = $1 AND m.version = $2 AND m.head = $3",
            rows::COLUMNS
        ),
        vec![id.0.into(), whole(version.number).into(), bytes32(&version.head)],
    );
    if writing.kind() == Kind::Postgres {
        now.push(" FOR UPDATE");
    }
    let Some(row) = writing.one(now).await? else {
        return Ok(false);
    };
    let row = rows::row_of(database, &row).map_err(|error| match error {
        ReadError::Database(trouble) => WriteError::Database(trouble),
        damaged => WriteError::invalid(damaged.to_string()),
    })?;
    let projection = &row.projection;
    Measured::of(Some(drawn), projection)?.put(&writing, id).await?;
    Texted::of(projection, Some(&drawn.words))
        .put(database, &writing, id, version.number)
        .await?;
    writing.commit().await?;
    Ok(true)
}

/// Matters of which not everything is drawn on this basis.
pub(super) async fn undrawn(
    database: &Database,
    basis: &str,
    after: Option<MatterId>,
    limit: usize,
) -> Result<Vec<Undrawn>, ReadError> {
    let mut sql = Sql::new("SELECT m.id, m.version, m.head, m.owner_agency FROM matters m WHERE 1 = 1");
    if let Some(after) = after {
        sql.push(" AND m.id > ").bind(after.0);
    }
    sql.push(" AND (NOT EXISTS (SELECT 1 FROM matter_measures b WHERE b.matter_id = m.id AND b.kind = ");
    sql.bind(BASIS)
        .push(" AND b.ordinal = 0 AND b.name = ")
        .bind(basis);
    // Words are not moved with the rest, and drawn anew where they went.
    sql.push(
        ") OR NOT EXISTS (SELECT 1 FROM matter_texts t WHERE t.matter_id = m.id AND t.version = m.version))",
    );
    sql.push(" ORDER BY m.id LIMIT ")
        .bind(whole(limit.clamp(1, MAX_MEASURES)));
    let rows = database.all(sql).await?;
    rows.iter().map(|row| undrawn_of(database, row)).collect()
}

/// The columns `id`, `version`, `head` and `owner_agency` of a matter.
pub(super) fn undrawn_of(database: &Database, row: &QueryResult) -> Result<Undrawn, ReadError> {
    let id = MatterId(rows::column(database, row, "id")?);
    let owner: String = rows::column(database, row, "owner_agency")?;
    let what = "a code is none";
    Ok(Undrawn {
        id,
        version: version_of(database, row)?,
        owner: AgencyCode::parse(&owner).map_err(|_| ReadError::DamagedRow { id, what })?,
    })
}
