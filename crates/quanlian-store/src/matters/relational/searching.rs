//! Searching matters, and the words by which they are found.
//!
//! In:  a search and a scope; the words of a matter that is written.
//! Out: what the scope reaches of it; rows of `matter_texts`, and of SQLite's `matter_terms`.
//!
//! Each way of being seen is searched by itself with the term of the owner, so that what other agencies wrote costs nobody's time.
//! The words say what is found, the row of the matter alone says who sees it.

use quanlian_record::id::MatterId;
use sea_orm::Value;

use super::{
    rows::{COLUMNS, column, row_of},
    scope::{self, Arm, Owner},
};
use crate::{
    database::{Database, Kind, Sql, Writing, values, whole},
    matters::{
        Projection, ReadError, Scope, UnitCode, WriteError,
        search::{Found, FoundIn, MAX_PAGE_FOUND, Search, Words, agency_term, unit_term},
    },
};

pub(super) async fn search(
    database: &Database,
    scope: &Scope,
    search: &Search,
) -> Result<Vec<Found>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(Vec::new());
    }
    let limit = whole(search.limit.clamp(1, MAX_PAGE_FOUND));
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(", f.tier FROM (");
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION " });
        sql.push("SELECT * FROM (SELECT x.tier, x.changed, x.id FROM (");
        push_arm(&mut sql, database.kind(), scope, arm, search);
        sql.push(") AS x");
        if let Some(after) = search.after {
            let tier = after.found_in.tier();
            sql.push(" WHERE (x.tier > ").bind(tier);
            sql.push(" OR (x.tier = ").bind(tier);
            sql.push(" AND (x.changed, x.id) < (")
                .bind(after.changed_us)
                .push(", ");
            sql.bind(after.id.0).push(")))");
        }
        sql.push(" ORDER BY x.tier, x.changed DESC, x.id DESC LIMIT ")
            .bind(limit);
        sql.push(&format!(") AS arm{at}"));
    }
    sql.push(" ORDER BY 1, 2 DESC, 3 DESC LIMIT ").bind(limit);
    sql.push(") AS f JOIN matters m ON m.id = f.id ORDER BY f.tier, f.changed DESC, f.id DESC");
    let rows = database.all(sql).await?;
    let found = |row| {
        Ok(Found {
            matter: row_of(database, row)?,
            found_in: FoundIn::of(column(database, row, "tier")?),
        })
    };
    rows.iter().map(found).collect()
}

pub(super) async fn count(
    database: &Database,
    scope: &Scope,
    search: &Search,
    up_to: u64,
) -> Result<u64, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(0);
    }
    let up_to = whole(up_to);
    let mut sql = Sql::new("SELECT count(*) AS n FROM (");
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION " });
        sql.push("SELECT * FROM (SELECT x.id FROM (");
        push_arm(&mut sql, database.kind(), scope, arm, search);
        sql.push(") AS x LIMIT ")
            .bind(up_to)
            .push(&format!(") AS arm{at}"));
    }
    sql.push(" LIMIT ").bind(up_to).push(") AS f");
    let row = database.one(sql).await?;
    let n: i64 = row.map_or(Ok(0), |row| column(database, &row, "n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// What one way of being seen reaches: by its number, else by its words; each matter once.
fn push_arm(sql: &mut Sql, kind: Kind, scope: &Scope, arm: &Arm, search: &Search) {
    let wanted = &search.wanted;
    sql.push(&format!(
        "SELECT CAST({} AS BIGINT) AS tier, m.changed_at AS changed, m.id FROM matters m WHERE ",
        FoundIn::Number.tier()
    ));
    push_number(sql, &wanted.typed);
    sql.push(" AND ");
    scope::push_condition(sql, scope, arm, Owner::LookedAt);

    sql.push(" UNION ALL SELECT ");
    push_tier(sql, kind, search);
    sql.push(" AS tier, m.changed_at AS changed, m.id FROM matter_texts t JOIN matters m ON m.id = t.matter_id WHERE ");
    let mut terms: Vec<String> = wanted.terms().into_iter().collect();
    match arm {
        Arm::Agency | Arm::Handled => terms.push(agency_term(scope.agency.as_str())),
        Arm::Unit(unit) => terms.push(unit_term(scope.agency.as_str(), unit)),
        Arm::Standing { of_agency, .. } => terms.push(agency_term(of_agency)),
        Arm::Granted => {}
    }
    match kind {
        Kind::Sqlite => {
            // Somebody has fewer matters in hand than their agency has with a common word; then the word is only looked at.
            sql.push(match arm {
                Arm::Handled => "t.doc + 0 IN (",
                _ => "t.doc IN (",
            });
            sql.push("SELECT rowid FROM matter_terms WHERE matter_terms MATCH ");
            sql.bind(terms.join(" AND ")).push(")");
        }
        Kind::Postgres => {
            sql.push("t.terms @@ CAST(")
                .bind(terms.join(" & "))
                .push(" AS TSQUERY)");
        }
    }
    for part in wanted.compared() {
        sql.push(" AND (");
        push_holds(sql, kind, "t.title", part);
        sql.push(" OR ");
        push_holds(sql, kind, "t.body", part);
        sql.push(")");
    }
    if search.is_in_titles {
        push_all_in_title(sql, kind, search);
    }
    sql.push(" AND NOT (");
    push_number(sql, &wanted.typed);
    sql.push(") AND ");
    scope::push_condition(sql, scope, arm, Owner::LookedAt);
}

fn push_number(sql: &mut Sql, typed: &str) {
    sql.push("m.number >= ").bind(typed);
    sql.push(" AND m.number < ").bind(format!("{typed}\u{10ffff}"));
}

fn push_all_in_title(sql: &mut Sql, kind: Kind, search: &Search) {
    for part in &search.wanted.parts {
        sql.push(" AND ");
        push_holds(sql, kind, "t.title", part);
    }
}

fn push_tier(sql: &mut Sql, kind: Kind, search: &Search) {
    sql.push("CAST(CASE WHEN 1 = 1");
    push_all_in_title(sql, kind, search);
    let (title, text) = (FoundIn::Title.tier(), FoundIn::Text.tier());
    sql.push(&format!(" THEN {title} ELSE {text} END AS BIGINT)"));
}

fn push_holds(sql: &mut Sql, kind: Kind, column: &str, part: &str) {
    let place = match kind {
        Kind::Sqlite => "instr",
        Kind::Postgres => "strpos",
    };
    sql.push(&format!("{place}({column}, ")).bind(part).push(") > 0");
}

/// The words of a matter that is written; none, when nobody said them.
#[derive(Debug)]
pub(super) struct Texted {
    words: Option<Words>,
    agency: String,
    unit: Option<String>,
}

impl Texted {
    pub(super) fn of(projection: &Projection, body: Option<&str>) -> Self {
        let agency = projection.owner_agency.as_str();
        let unit = projection.owner_unit.as_ref().map(UnitCode::as_str);
        Self {
            words: body.map(|body| Words::of(agency, unit, &projection.title, body)),
            agency: agency.to_owned(),
            unit: unit.map(str::to_owned),
        }
    }

    /// As parts of a statement for PostgreSQL in which `new` is the matter.
    pub(super) fn push_beside(&self, sql: &mut Sql, version: u64) {
        match &self.words {
            None => {
                sql.push(", untexted AS (DELETE FROM matter_texts t USING new WHERE t.matter_id = new.id)");
            }
            Some(words) => {
                sql.push(", texted AS (INSERT INTO matter_texts (matter_id, version, agency, unit, title, body, terms) SELECT new.id, ");
                sql.bind_all(self.columns(words, version));
                sql.push(", array_to_tsvector(string_to_array(")
                    .bind(words.terms.as_str())
                    .push(", ' ')) FROM new");
                push_conflict(sql, Kind::Postgres);
                sql.push(")");
            }
        }
    }

    fn columns(&self, words: &Words, version: u64) -> Vec<Value> {
        values![
            whole(version),
            self.agency.as_str(),
            self.unit.clone(),
            words.title.as_str(),
            words.body.as_str()
        ]
    }

    /// Makes them the words of a matter at a version.
    pub(super) async fn put(
        &self,
        database: &Database,
        writing: &Writing<'_>,
        id: MatterId,
        version: u64,
    ) -> Result<(), WriteError> {
        let kind = writing.kind();
        let Some(words) = &self.words else {
            if kind == Kind::Sqlite {
                let terms = "DELETE FROM matter_terms WHERE rowid IN (SELECT doc FROM matter_texts WHERE matter_id = $1)";
                writing.run(Sql::with(terms, values![id.0])).await?;
            }
            let texts = "DELETE FROM matter_texts WHERE matter_id = $1";
            writing.run(Sql::with(texts, values![id.0])).await?;
            return Ok(());
        };
        let mut sql = Sql::new("INSERT INTO matter_texts (matter_id, version, agency, unit, title, body");
        sql.push(if kind == Kind::Postgres {
            ", terms) VALUES ("
        } else {
            ") VALUES ("
        });
        sql.bind(id.0).push(", ");
        sql.bind_all(self.columns(words, version));
        if kind == Kind::Postgres {
            sql.push(", array_to_tsvector(string_to_array(")
                .bind(words.terms.as_str());
            sql.push(", ' '))");
        }
        sql.push(")");
        if kind == Kind::Postgres {
            push_conflict(&mut sql, kind);
            writing.run(sql).await?;
            return Ok(());
        }
        // The index is left alone where the words are the same: most acts add none.
        let same = values![
            id.0,
            self.agency.as_str(),
            words.title.as_str(),
            words.body.as_str(),
            self.unit.clone()
        ];
        let same = Sql::with(
            "SELECT 1 AS same FROM matter_texts WHERE matter_id = $1 AND agency = $2 AND title = $3 AND body = $4 AND unit IS $5",
            same,
        );
        let is_same = writing.one(same).await?.is_some();
        push_conflict(&mut sql, kind);
        sql.push(" RETURNING doc");
        let row = writing.one(sql).await?;
        if is_same {
            return Ok(());
        }
        let doc: Option<i64> = row
            .map(|row| row.try_get("", "doc"))
            .transpose()
            .map_err(|error| WriteError::Database(database.trouble(error)))?;
        let doc = doc.ok_or_else(|| WriteError::invalid("the words of a matter were not kept"))?;
        let index = "INSERT OR REPLACE INTO matter_terms (rowid, terms) VALUES ($1, $2)";
        writing
            .run(Sql::with(index, values![doc, words.terms.as_str()]))
            .await?;
        Ok(())
    }
}

fn push_conflict(sql: &mut Sql, kind: Kind) {
    sql.push(
        " ON CONFLICT (matter_id) DO UPDATE SET version = excluded.version, agency = excluded.agency, unit = excluded.unit, \
         title = excluded.title, body = excluded.body",
    );
    if kind == Kind::Postgres {
        sql.push(", terms = excluded.terms");
    }
}
