//! Figures over what a scope reaches: counts and sums, values, the rows behind them.
//!
//! In:  a scope and a [`Tally`].
//! Out: what the scope reaches of it.
//!
//! The rows of `matter_measures` carry id, agency, unit and procedure under the names that matters have, so that the
//! condition of a scope is the very same text. Each way of being seen is walked once, and leaves out what an earlier one
//! counted: so nothing is sorted to find what stands twice.

use std::collections::BTreeSet;

use quanlian_record::{id::MatterId, time::Day};
use sea_orm::QueryResult;

use super::{
    measuring::NEVER,
    rows::{self, column, day_key, day_of, row_of},
    scope::{self, Arm, Owner},
};
use crate::{
    database::{Database, Sql, whole},
    matters::{
        Code, ReadError, Scope,
        measures::{
            Bin, By, Days, MAX_PAGE_MEASURES, MAX_VALUES, MeasureKind, MeasuredPlace, MeasuredRow, RUNNING,
            Summed, Tally, Valued, When,
        },
    },
};

/// A sum is made of two, so that no amount of amounts is beyond what the databases add up.
const HALF: i64 = 1 << 32;

pub(super) async fn summed(
    database: &Database,
    scope: &Scope,
    tally: &Tally,
) -> Result<Vec<Summed>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = counted(scope, &arms, tally);
    sql.push(&format!(
        "SELECT r.g, count(r.v) AS known, count(*) AS every, CAST(COALESCE(sum(r.v / {HALF}), 0) AS BIGINT) AS high, \
         CAST(COALESCE(sum(r.v % {HALF}), 0) AS BIGINT) AS low FROM r GROUP BY r.g ORDER BY r.g"
    ));
    let mut all = Vec::new();
    for row in database.all(sql).await? {
        let number = |name: &str| column::<i64>(database, &row, name);
        let known = number("known")?;
        all.push(Summed {
            group: group_of(database, &row, tally)?,
            known: u64::try_from(known).unwrap_or(0),
            missing: u64::try_from(number("every")? - known).unwrap_or(0),
            sum: i128::from(number("high")?) * i128::from(HALF) + i128::from(number("low")?),
        });
    }
    Ok(all)
}

pub(super) async fn valued(database: &Database, scope: &Scope, tally: &Tally) -> Result<Vec<Bin>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = counted(scope, &arms, tally);
    sql.push("SELECT r.g, r.v, count(*) AS every FROM r GROUP BY r.g, r.v LIMIT ")
        .bind(whole(MAX_VALUES + 1));
    let rows = database.all(sql).await?;
    if rows.len() > MAX_VALUES {
        return Err(ReadError::TooManyValues { limit: MAX_VALUES });
    }
    let bin = |row: &QueryResult| {
        Ok(Bin {
            group: group_of(database, row, tally)?,
            value: column(database, row, "v")?,
            rows: u64::try_from(column::<i64>(database, row, "every")?).unwrap_or(0),
        })
    };
    rows.iter().map(bin).collect()
}

pub(super) async fn rows(
    database: &Database,
    scope: &Scope,
    tally: &Tally,
    after: Option<MeasuredPlace>,
    limit: usize,
) -> Result<Vec<MeasuredRow>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(Vec::new());
    }
    let limit = whole(limit.clamp(1, MAX_PAGE_MEASURES));
    let mut sql = Sql::new("SELECT ");
    sql.push(rows::COLUMNS);
    sql.push(", r.g, r.v, r.ordinal, r.called, r.stands, r.begun, r.ended FROM (SELECT * FROM (");
    let more = ", m.id AS matter, m.ordinal, m.name AS called, m.state AS stands, m.from_key AS begun, \
                m.until_key AS ended";
    push_rows(&mut sql, scope, &arms, tally, more);
    sql.push(") AS x");
    if let Some(after) = after {
        sql.push(" WHERE (x.matter, x.ordinal) > (")
            .bind(after.matter.0)
            .push(", ");
        sql.bind(after.ordinal).push(")");
    }
    sql.push(" ORDER BY x.matter, x.ordinal LIMIT ").bind(limit);
    sql.push(") AS r JOIN matters m ON m.id = r.matter ORDER BY r.matter, r.ordinal");
    let mut all = Vec::new();
    for row in database.all(sql).await? {
        let id = MatterId(column(database, &row, "id")?);
        all.push(MeasuredRow {
            group: group_of(database, &row, tally)?,
            name: column(database, &row, "called")?,
            state: column(database, &row, "stands")?,
            from: day(database, &row, id, "begun", 0)?,
            until: day(database, &row, id, "ended", NEVER)?,
            value: column(database, &row, "v")?,
            place: MeasuredPlace {
                matter: id,
                ordinal: column(database, &row, "ordinal")?,
            },
            matter: row_of(database, &row)?,
        });
    }
    Ok(all)
}

fn day(
    database: &Database,
    row: &QueryResult,
    id: MatterId,
    name: &str,
    none: i64,
) -> Result<Option<Day>, ReadError> {
    let key: i64 = column(database, row, name)?;
    let what = "a day that is counted is none";
    let day = (key != none).then(|| day_of(key).ok_or(ReadError::DamagedRow { id, what }));
    day.transpose()
}

fn group_of(database: &Database, row: &QueryResult, tally: &Tally) -> Result<Option<String>, ReadError> {
    let group: String = column(database, row, "g")?;
    Ok((tally.by != By::Whole).then_some(group))
}

/// What a figure counts, under the name `r`.
fn counted(scope: &Scope, arms: &[Arm], tally: &Tally) -> Sql {
    let is_looked_up = matches!(tally.value, Valued::Fact(_) | Valued::Done(_));
    // A value that is looked up is looked up once, not once for each time that it is named behind.
    let mut sql = Sql::new(if is_looked_up {
        "WITH r AS MATERIALIZED ("
    } else {
        "WITH r AS NOT MATERIALIZED ("
    });
    push_rows(&mut sql, scope, arms, tally, "");
    sql.push(") ");
    sql
}

/// The rows that a figure counts, each once: `g` its part, `v` its value.
fn push_rows(sql: &mut Sql, scope: &Scope, arms: &[Arm], tally: &Tally, more: &str) {
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "SELECT " } else { " UNION ALL SELECT " });
        push_group(sql, tally);
        sql.push(" AS g, ");
        push_value(sql, &tally.value);
        sql.push(" AS v").push(more);
        sql.push(
            " FROM (SELECT matter_id AS id, kind, ordinal, name, state, from_key, until_key, due_at, value, owner_agency, \
             owner_unit, procedure_id FROM matter_measures) AS m WHERE ",
        );
        scope::push_condition(sql, scope, arm, Owner::Walked);
        for earlier in arms.iter().take(at) {
            // Two standing grants that are left reach no matter together.
            if matches!(earlier, Arm::Standing { .. }) && matches!(arm, Arm::Standing { .. }) {
                continue;
            }
            sql.push(" AND (");
            scope::push_condition(sql, scope, earlier, Owner::LookedAt);
            // Where a unit is null, `NOT` would say neither yes nor no.
            sql.push(") IS NOT TRUE");
        }
        push_counted(sql, tally);
    }
}

fn push_counted(sql: &mut Sql, tally: &Tally) {
    sql.push(" AND m.kind = ").bind(tally.of.word());
    push_among(sql, "m.procedure_id", &tally.procedures);
    push_among(sql, "m.name", &tally.names);
    push_among(sql, "m.state", &tally.states);
    match tally.when {
        When::Began(days) => push_days(sql, "m.from_key", days),
        When::Ended(days) => {
            push_days(sql, "m.until_key", days);
            sql.push(" AND m.until_key < ").bind(NEVER);
        }
        When::Stands(day) => {
            sql.push(" AND m.from_key <= ").bind(day_key(day));
            sql.push(" AND m.until_key > ").bind(day_key(day));
        }
        When::Overdue(at) => {
            // Written out, so that the index on clocks that run is seen to hold them.
            sql.push(&format!(
                " AND m.kind = 'clock' AND m.state = '{RUNNING}' AND m.due_at <= "
            ))
            .bind(at.unix_micros());
        }
    }
    if !tally.done.is_empty() {
        sql.push(" AND ");
        push_done(sql, &tally.done);
    }
    for (fact, is) in &tally.flags {
        push_of_matter(sql, " AND EXISTS (SELECT 1", MeasureKind::Fact);
        sql.push(" AND x.name = ").bind(fact.as_str());
        sql.push(" AND x.value = ").bind(i64::from(*is)).push(")");
    }
    if let Some(group) = &tally.group {
        sql.push(" AND ");
        push_group(sql, tally);
        sql.push(" = ").bind(group.replace('\0', "\u{fffd}"));
    }
}

fn push_among(sql: &mut Sql, column: &str, codes: &BTreeSet<Code>) {
    if !codes.is_empty() {
        sql.push(&format!(" AND {column} IN ("));
        sql.bind_all(codes.iter().map(|code| code.as_str().into()))
            .push(")");
    }
}

fn push_days(sql: &mut Sql, key: &str, days: Days) {
    if let Some(first) = days.first {
        sql.push(&format!(" AND {key} >= ")).bind(day_key(first));
    }
    if let Some(last) = days.last {
        sql.push(&format!(" AND {key} <= ")).bind(day_key(last));
    }
}

fn push_done(sql: &mut Sql, acts: &BTreeSet<Code>) {
    push_of_matter(sql, "EXISTS (SELECT 1", MeasureKind::Act);
    push_among(sql, "x.name", acts);
    sql.push(")");
}

/// Rows `x` of the same matter; the kind is written out, so that the index on that kind alone is seen to hold them.
fn push_of_matter(sql: &mut Sql, select: &str, kind: MeasureKind) {
    let kind = kind.word();
    sql.push(&format!(
        "{select} FROM matter_measures x WHERE x.matter_id = m.id AND x.kind = '{kind}'"
    ));
}

fn push_group(sql: &mut Sql, tally: &Tally) {
    sql.push(match (tally.by, tally.when) {
        (By::Whole, _) => "''",
        (By::Agency, _) => "m.owner_agency",
        (By::Procedure, _) => "m.procedure_id",
        (By::Name, _) => "m.name",
        (By::Month, When::Ended(_)) => "CAST(m.until_key / 100 AS TEXT)",
        (By::Month, _) => "CAST(m.from_key / 100 AS TEXT)",
    });
}

fn push_value(sql: &mut Sql, value: &Valued) {
    match value {
        Valued::One => {
            sql.push("CAST(1 AS BIGINT)");
        }
        Valued::Own => {
            sql.push("m.value");
        }
        Valued::Fact(fact) => {
            // A matter has each of its facts once; the least of one is that one.
            push_of_matter(sql, "(SELECT min(x.value)", MeasureKind::Fact);
            sql.push(" AND x.name = ").bind(fact.as_str()).push(")");
        }
        Valued::State { is, unknown } => {
            sql.push("CAST(CASE");
            for (states, then) in [(unknown, " THEN NULL"), (is, " THEN 1")] {
                if !states.is_empty() {
                    sql.push(" WHEN m.state IN (");
                    sql.bind_all(states.iter().map(|state| state.as_str().into()));
                    sql.push(")").push(then);
                }
            }
            sql.push(" WHEN m.state IS NULL THEN NULL ELSE 0 END AS BIGINT)");
        }
        Valued::Done(acts) => {
            sql.push("CAST(CASE WHEN ");
            push_done(sql, acts);
            sql.push(" THEN 1 ELSE 0 END AS BIGINT)");
        }
    }
}
