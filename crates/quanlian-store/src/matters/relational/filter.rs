//! What a list lets through, said so that the database cannot choose the wrong way to it.
//!
//! In:  a filter and the order of the list.
//! Out: conditions on a row `m` of `matters`.
//!
//! A range (numbers that begin so, opened in these days, due before) holds three matters or all of them, and without
//! histograms a database guesses: it then reads a whole agency for one number. So each range is probed first, as
//! far as [`FEW`]. Few matters are fetched by their range and put in order; of many, fifty are soon met on a walk in
//! the order of the list, which looks at the range only.

use crate::{
    database::{Database, Sql, whole},
    matters::{MatterFilter, ReadError, Scope, Sort},
};

use super::{
    rows::{column, day_key},
    scope::{self, Arm, Owner},
};

/// So many matters are fetched and put in order without a second thought.
const FEW: usize = 2000;

/// How a range is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// There is none, or the list is in its order.
    Plain,
    /// Its few matters are fetched.
    Fetched,
    /// Each matter on the way is compared with it.
    Compared,
}

/// A filter, and how its ranges are looked for.
#[derive(Debug)]
pub(super) struct Filtering<'f> {
    filter: &'f MatterFilter,
    number: Way,
    /// In the person's own agency; those of others are left to the database.
    opened: Way,
    due: Way,
}

impl<'f> Filtering<'f> {
    /// Probes the ranges.
    pub(super) async fn of(
        database: &Database,
        scope: &Scope,
        filter: &'f MatterFilter,
        sort: Option<Sort>,
    ) -> Result<Self, ReadError> {
        let mut filtering = Self {
            filter,
            number: Way::Plain,
            opened: Way::Plain,
            due: Way::Plain,
        };
        let is_opened = filter.opened_from.is_some() || filter.opened_until.is_some();
        if filter.number_prefix.is_some() {
            filtering.number = probe(database, |sql| filtering.push_number(sql, "n.number")).await?;
        }
        if is_opened && sort != Some(Sort::Opened) {
            filtering.opened = probe(database, |sql| filtering.push_opened_of(sql, scope)).await?;
        }
        if filter.due_before.is_some() && sort != Some(Sort::Due) {
            filtering.due = probe(database, |sql| filtering.push_due_of(sql, scope)).await?;
        }
        Ok(filtering)
    }

    /// That `m` is seen in this way and passes the filter.
    pub(super) fn push_arm(&self, sql: &mut Sql, scope: &Scope, arm: &Arm) {
        let filter = self.filter;
        let is_own_agency = *arm == Arm::Agency;
        let [opened, due] = [self.opened, self.due].map(|way| if is_own_agency { way } else { Way::Plain });
        // Who handles a matter leads to fewer rows than any index on the owner, and so do the few of a range.
        let is_few = filter.handler.is_some() || [self.number, opened, due].contains(&Way::Fetched);
        let owner = if is_few { Owner::LookedAt } else { Owner::Walked };
        scope::push_condition(sql, scope, arm, owner);
        for (column, code) in [
            ("procedure_id", &filter.procedure),
            ("stage", &filter.stage),
            ("status", &filter.status),
        ] {
            if let Some(code) = code {
                sql.push(&format!(" AND m.{column} = ")).bind(code.as_str());
            }
        }
        if let Some(handler) = &filter.handler {
            sql.push(" AND m.id IN (SELECT f.matter_id FROM matter_handlers f WHERE f.user_id = ");
            sql.bind(handler.as_str()).push(")");
        }
        sql.push(" AND ");
        match self.number {
            Way::Plain => sql.push("1 = 1"),
            Way::Fetched => push_fetched(sql, |sql| self.push_number(sql, "n.number")),
            // An index on numbers does not know what is added to one.
            Way::Compared => self.push_number(sql, "m.number || ''"),
        };
        sql.push(" AND ");
        match opened {
            Way::Plain => self.push_opened(sql, "m.opened_at"),
            Way::Fetched => push_fetched(sql, |sql| self.push_opened_of(sql, scope)),
            Way::Compared => self.push_opened(sql, "m.opened_at + 0"),
        };
        sql.push(" AND ");
        match due {
            Way::Plain => self.push_due(sql, "m.due_key"),
            Way::Fetched => push_fetched(sql, |sql| self.push_due_of(sql, scope)),
            Way::Compared => self.push_due(sql, "m.due_key - 0"),
        };
    }

    fn push_number<'s>(&self, sql: &'s mut Sql, number: &str) -> &'s mut Sql {
        match &self.filter.number_prefix {
            // No number has this sign, and PostgreSQL takes no text with it.
            Some(prefix) if prefix.contains('\0') => sql.push("1 = 0"),
            Some(prefix) => {
                sql.push(number).push(" >= ").bind(prefix.as_str());
                // The greatest sign of all stands behind every other continuation.
                sql.push(" AND ")
                    .push(number)
                    .push(" < ")
                    .bind(format!("{prefix}\u{10ffff}"))
            }
            None => sql.push("1 = 1"),
        }
    }

    fn push_opened<'s>(&self, sql: &'s mut Sql, opened_at: &str) -> &'s mut Sql {
        sql.push("1 = 1");
        if let Some(from) = self.filter.opened_from {
            sql.push(" AND ")
                .push(opened_at)
                .push(" >= ")
                .bind(from.unix_micros());
        }
        if let Some(until) = self.filter.opened_until {
            sql.push(" AND ")
                .push(opened_at)
                .push(" < ")
                .bind(until.unix_micros());
        }
        sql
    }

    fn push_due<'s>(&self, sql: &'s mut Sql, due_key: &str) -> &'s mut Sql {
        match self.filter.due_before {
            Some(day) => sql.push(due_key).push(" < ").bind(day_key(day)),
            None => sql.push("1 = 1"),
        }
    }

    fn push_opened_of<'s>(&self, sql: &'s mut Sql, scope: &Scope) -> &'s mut Sql {
        sql.push("n.owner_agency = ")
            .bind(scope.agency.as_str())
            .push(" AND ");
        self.push_opened(sql, "n.opened_at")
    }

    fn push_due_of<'s>(&self, sql: &'s mut Sql, scope: &Scope) -> &'s mut Sql {
        sql.push("n.owner_agency = ")
            .bind(scope.agency.as_str())
            .push(" AND ");
        self.push_due(sql, "n.due_key")
    }
}

fn push_fetched(sql: &mut Sql, range: impl FnOnce(&mut Sql) -> &mut Sql) -> &mut Sql {
    sql.push("m.id IN (SELECT n.id FROM matters n WHERE ");
    range(sql);
    sql.push(")")
}

/// Whether a range of `n` holds few matters.
async fn probe(database: &Database, range: impl FnOnce(&mut Sql) -> &mut Sql) -> Result<Way, ReadError> {
    let mut sql = Sql::new("SELECT count(*) AS found FROM (SELECT 1 AS one FROM matters n WHERE ");
    range(&mut sql);
    sql.push(" LIMIT ").bind(whole(FEW + 1)).push(") AS p");
    let row = database.one(sql).await?;
    let found: i64 = row.map_or(Ok(0), |row| column(database, &row, "found"))?;
    Ok(if found > whole(FEW) {
        Way::Compared
    } else {
        Way::Fetched
    })
}
