//! Notices as rows: who has them, who has read them, which clocks are due to be told.
//!
//! In:  notices; the scope and the roles of a reader.
//! Out: what is theirs.

use quanlian_record::{
    id::{MatterId, NoticeId},
    time::Timestamp,
};
use sea_orm::QueryResult;

use super::{
    measuring::undrawn_of,
    rows::{COLUMNS, column, row_of},
    scope,
};
use crate::{
    database::{Database, Sql, Writing, values, whole},
    matters::{
        AgencyCode, Code, ReadError, Scope, WriteError,
        measures::{MAX_MEASURES, RUNNING, Undrawn},
        notices::{HANDLERS, InboxQuery, MAX_PAGE_NOTICES, Notice, Reader, Received},
    },
};

pub(super) async fn inbox(
    database: &Database,
    scope: &Scope,
    reader: &Reader,
    query: &InboxQuery,
) -> Result<Vec<Received>, ReadError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(
        ", n.id AS notice, n.notice_key, n.to_agency, n.to_role, n.template, n.about, n.light, n.made_at, r.read_at",
    );
    if !push_theirs(database, &mut sql, scope, reader).await? {
        return Ok(Vec::new());
    }
    if query.is_unread {
        sql.push(" AND r.read_at IS NULL");
    }
    if let Some(after) = query.after {
        sql.push(" AND (n.made_at, n.id) < (").bind(after.made_us);
        sql.push(", ").bind(after.id.0).push(")");
    }
    sql.push(" ORDER BY n.made_at DESC, n.id DESC LIMIT ")
        .bind(whole(query.limit.clamp(1, MAX_PAGE_NOTICES)));
    let rows = database.all(sql).await?;
    rows.iter().map(|row| received(database, row)).collect()
}

pub(super) async fn count_unread(
    database: &Database,
    scope: &Scope,
    reader: &Reader,
    up_to: u64,
) -> Result<u64, ReadError> {
    let mut sql = Sql::new("SELECT count(*) AS n FROM (SELECT n.id");
    if !push_theirs(database, &mut sql, scope, reader).await? {
        return Ok(0);
    }
    sql.push(" AND r.read_at IS NULL LIMIT ")
        .bind(whole(up_to))
        .push(") AS c");
    let row = database.one(sql).await?;
    let n: i64 = row.map_or(Ok(0), |row| column(database, &row, "n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// From where and under which conditions: addressed to the reader, about a matter that the scope reaches. Whether it can be any.
async fn push_theirs(
    database: &Database,
    sql: &mut Sql,
    scope: &Scope,
    reader: &Reader,
) -> Result<bool, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(false);
    }
    sql.push(" FROM notices n JOIN matters m ON m.id = n.matter_id");
    sql.push(" LEFT JOIN notice_reads r ON r.notice_id = n.id AND r.account_id = ")
        .bind(reader.account.0);
    sql.push(" WHERE (n.to_agency IS NULL OR n.to_agency = ")
        .bind(scope.agency.as_str());
    sql.push(") AND (n.to_role IS NULL OR (n.to_role = ")
        .bind(HANDLERS);
    sql.push(" AND m.owner_agency = ").bind(scope.agency.as_str());
    sql.push(" AND EXISTS (SELECT 1 FROM matter_handlers h WHERE h.matter_id = m.id AND h.user_id = ")
        .bind(scope.user.as_str())
        .push("))");
    if !reader.roles.is_empty() {
        sql.push(" OR n.to_role IN (");
        sql.bind_all(reader.roles.iter().map(|role| role.as_str().into()))
            .push(")");
    }
    sql.push(") AND ");
    scope::push_any(sql, scope, &arms);
    Ok(true)
}

fn received(database: &Database, row: &QueryResult) -> Result<Received, ReadError> {
    let matter = row_of(database, row)?;
    let id = matter.id;
    let damaged = |what| ReadError::DamagedRow { id, what };
    let maybe = |name: &str| column::<Option<String>>(database, row, name);
    let code = |text: &str| Code::parse(text).map_err(|_| damaged("a notice of it has no code"));
    let instant =
        |us: i64| Timestamp::from_unix_micros(us).map_err(|_| damaged("a notice of it has no instant"));
    let text = |name: &str| column::<String>(database, row, name);
    let coded = |name: &str| maybe(name)?.as_deref().map(code).transpose();
    let to_agency = maybe("to_agency")?;
    Ok(Received {
        notice: Notice {
            id: NoticeId(column(database, row, "notice")?),
            key: code(&text("notice_key")?)?,
            matter: id,
            to_agency: to_agency
                .map(|agency| AgencyCode::parse(&agency))
                .transpose()
                .map_err(|_| damaged("a notice of it has no agency"))?,
            to_role: coded("to_role")?,
            template: code(&text("template")?)?,
            about: coded("about")?,
            light: coded("light")?,
            made_at: instant(column(database, row, "made_at")?)?,
        },
        matter,
        read_at: column::<Option<i64>>(database, row, "read_at")?
            .map(instant)
            .transpose()?,
    })
}

pub(super) async fn read(
    database: &Database,
    scope: &Scope,
    reader: &Reader,
    id: NoticeId,
    at: Timestamp,
) -> Result<bool, WriteError> {
    let mut theirs = Sql::new("SELECT n.id");
    let unreadable = |error: ReadError| match error {
        ReadError::Database(trouble) => WriteError::Database(trouble),
        other => WriteError::invalid(other.to_string()),
    };
    let is_any = push_theirs(database, &mut theirs, scope, reader)
        .await
        .map_err(unreadable)?;
    theirs.push(" AND n.id = ").bind(id.0);
    if !is_any || database.one(theirs).await?.is_none() {
        return Ok(false);
    }
    let put = "INSERT INTO notice_reads (notice_id, account_id, read_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let row = values![id.0, reader.account.0, at.unix_micros()];
    database.run(Sql::with(put, row)).await?;
    Ok(true)
}

fn statement(notices: &[Notice]) -> Sql {
    let mut sql = Sql::new(
        "INSERT INTO notices (id, notice_key, matter_id, to_agency, to_role, template, about, light, made_at) VALUES ",
    );
    let text = |code: &Option<Code>| code.as_ref().map(|code| code.as_str().to_owned());
    for (at, notice) in notices.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" });
        let to_agency = notice.to_agency.as_ref().map(|agency| agency.as_str().to_owned());
        sql.bind_all(values![
            notice.id.0,
            notice.key.as_str(),
            notice.matter.0,
            to_agency,
            text(&notice.to_role),
            notice.template.as_str(),
            text(&notice.about),
            text(&notice.light),
            notice.made_at.unix_micros(),
        ]);
        sql.push(")");
    }
    sql.push(" ON CONFLICT (notice_key) DO NOTHING RETURNING id, made_at");
    sql
}

pub(super) async fn notify(database: &Database, notices: &[Notice]) -> Result<u64, WriteError> {
    if notices.is_empty() {
        return Ok(0);
    }
    let writing = database.write().await?;
    let made = put(&writing, notices).await?;
    writing.commit().await?;
    Ok(made)
}

/// Those that come with a write; how many were not there yet. Those wait in the same transaction to be told outside.
pub(super) async fn put(writing: &Writing<'_>, notices: &[Notice]) -> Result<u64, WriteError> {
    if notices.is_empty() {
        return Ok(0);
    }
    let made = writing.all(statement(notices)).await?;
    if made.is_empty() {
        return Ok(0);
    }
    let mut sql = Sql::new("INSERT INTO notices_untold (notice_id, made_at) VALUES ");
    for (at, row) in made.iter().enumerate() {
        let failed = |error| WriteError::Database(writing.trouble(error));
        let id: uuid::Uuid = row.try_get("", "id").map_err(failed)?;
        let made_at: i64 = row.try_get("", "made_at").map_err(failed)?;
        sql.push(if at == 0 { "(" } else { ", (" });
        sql.bind_all(values![id, made_at]).push(")");
    }
    writing.run(sql).await?;
    Ok(whole(made.len()).unsigned_abs())
}

pub(super) async fn with_clocks_due(
    database: &Database,
    until: Timestamp,
    last: &Code,
    after: Option<MatterId>,
    limit: usize,
) -> Result<Vec<Undrawn>, ReadError> {
    let mut sql = Sql::new("SELECT m.id, m.version, m.head, m.owner_agency FROM matters m WHERE 1 = 1");
    if let Some(after) = after {
        sql.push(" AND m.id > ").bind(after.0);
    }
    sql.push(&format!(
        " AND m.id IN (SELECT c.matter_id FROM matter_measures c WHERE c.kind = 'clock' AND c.state = '{RUNNING}' AND c.due_at < "
    ));
    sql.bind(until.unix_micros());
    // A run whose last light was told is done with; a later run of the same clock is due later than that.
    sql.push(" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.matter_id = c.matter_id AND n.about = c.name AND n.light = ")
        .bind(last.as_str())
        .push(" AND n.made_at >= c.due_at))");
    sql.push(" ORDER BY m.id LIMIT ")
        .bind(whole(limit.clamp(1, MAX_MEASURES)));
    let rows = database.all(sql).await?;
    rows.iter().map(|row| undrawn_of(database, row)).collect()
}
