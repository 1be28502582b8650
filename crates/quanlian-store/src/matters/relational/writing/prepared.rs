//! A change, checked and brought into the form in which it is stored.

use quanlian_record::{canonical, id::MatterId, time::Timestamp};
use sea_orm::Value;

use super::super::{measuring::Measured, outbox, rows, searching::Texted};
use crate::{
    database::{Sql, Writing, bytes32, whole},
    matters::{
        Change, GrantItem, MAX_EVENT_BYTES, MAX_EVENTS, MAX_HANDLERS, MAX_KEYS, MAX_OUTBOX,
        MAX_PAYLOAD_BYTES, MAX_STATE_BYTES, MAX_TITLE_BYTES, Version, WriteError, chain,
        notices::MAX_NOTICES,
    },
};

/// A change as it goes into the tables.
pub(super) struct Prepared {
    /// The canonical texts of the events.
    pub(super) events: Vec<String>,
    /// The canonical text of the state.
    pub(super) state: String,
    /// As [`rows::values_of`] orders them.
    pub(super) columns: Vec<Value>,
    /// Ids, kinds and texts for the outbox.
    pub(super) outbox: Vec<(uuid::Uuid, String, String)>,
    pub(super) handlers: Vec<String>,
    pub(super) keys: Vec<[u8; 32]>,
    pub(super) measured: Measured,
    pub(super) texted: Texted,
    pub(super) at: Timestamp,
}

/// The columns of [`Prepared::columns`], in their order.
const COLUMNS: [&str; 11] = [
    "procedure_id",
    "procedure_version",
    "stage",
    "status",
    "owner_agency",
    "owner_unit",
    "handlers",
    "title",
    "due_key",
    "amount_key",
    "blind_keys",
];

impl Prepared {
    /// Refuses what is outside its limits, in words that name them.
    pub(super) fn of(change: &Change, id: MatterId) -> Result<Self, WriteError> {
        let projection = &change.projection;
        let at_most = |what: &str, count: usize, limit: usize| {
            if count > limit {
                return Err(WriteError::invalid(format!(
                    "{count} {what} at once, the limit is {limit}"
                )));
            }
            Ok(())
        };
        if change.events.is_empty() {
            return Err(WriteError::invalid("a change has at least one event"));
        }
        at_most("events", change.events.len(), MAX_EVENTS)?;
        at_most("handlers", projection.handlers.len(), MAX_HANDLERS)?;
        at_most("keys", projection.keys.len(), MAX_KEYS)?;
        at_most("outbox entries", change.outbox.len(), MAX_OUTBOX)?;
        at_most("notices", change.notices.len(), MAX_NOTICES)?;
        at_most("grants", change.grants.len() + change.revoked.len(), MAX_OUTBOX)?;
        if projection.title.len() > MAX_TITLE_BYTES || projection.title.contains('\0') {
            let what = format!("a title is at most {MAX_TITLE_BYTES} bytes, none of them zero");
            return Err(WriteError::invalid(what));
        }
        if change
            .grants
            .iter()
            .any(|grant| grant.item != GrantItem::Matter(id))
        {
            return Err(WriteError::invalid(
                "a change brings grants of its own matter alone",
            ));
        }
        if change.notices.iter().any(|notice| notice.matter != id) {
            return Err(WriteError::invalid(
                "a change brings notices of its own matter alone",
            ));
        }
        let events = change.events.iter();
        let events = events
            .map(|event| text_of("an event", event, MAX_EVENT_BYTES))
            .collect::<Result<_, _>>()?;
        let mut entries = Vec::with_capacity(change.outbox.len());
        for entry in &change.outbox {
            let text = outbox::payload_text(entry)?;
            if text.len() > MAX_PAYLOAD_BYTES {
                return Err(too_long("a payload", text.len(), MAX_PAYLOAD_BYTES));
            }
            entries.push((entry.id.0, entry.kind.to_string(), text));
        }
        Ok(Self {
            events,
            state: text_of("a state", &change.state, MAX_STATE_BYTES)?,
            columns: rows::values_of(projection)?,
            outbox: entries,
            handlers: projection.handlers.iter().map(ToString::to_string).collect(),
            keys: projection.keys.iter().copied().collect(),
            measured: Measured::of(change.drawn.as_ref(), projection)?,
            texted: Texted::of(
                projection,
                change.drawn.as_ref().map(|drawn| drawn.words.as_str()),
            ),
            at: change.at,
        })
    }

    /// The version after the events, behind one that is there.
    pub(super) fn version_behind(&self, before: Version) -> Version {
        let head = self
            .events
            .iter()
            .fold(before.head, |head, event| chain::next(&head, event));
        Version {
            number: before.number.saturating_add(self.events.len() as u64),
            head,
        }
    }

    /// The version after the first events of all.
    pub(super) fn version_of_new(&self, id: MatterId, number: &str) -> Version {
        let head = chain::genesis(id, number);
        self.version_behind(Version { number: 0, head })
    }

    /// The columns of an update.
    pub(super) fn push_columns(&self, sql: &mut Sql, change: &Change, version: Version) {
        for (name, value) in COLUMNS.iter().zip(&self.columns) {
            sql.push(name).push(" = ").bind(value.clone()).push(", ");
        }
        sql.push("changed_at = ").bind(change.at.unix_micros());
        sql.push(", state = ").bind(self.state.as_str());
        sql.push(", version = ").bind(whole(version.number));
        sql.push(", head = ").bind(bytes32(&version.head));
    }

    /// The events behind `number`, whose digest is `head`: number, digest and text of each.
    pub(super) fn numbered(&self, number: u64, head: [u8; 32]) -> Vec<(i64, [u8; 32], &str)> {
        let mut digest = head;
        let numbered = self.events.iter().enumerate().map(|(at, text)| {
            digest = chain::next(&digest, text);
            (whole(number).saturating_add(whole(at) + 1), digest, text.as_str())
        });
        numbered.collect()
    }

    pub(super) async fn insert_events(
        &self,
        writing: &Writing<'_>,
        id: MatterId,
        number: u64,
        head: [u8; 32],
    ) -> Result<(), WriteError> {
        let at = self.at.unix_micros();
        let rows = self
            .numbered(number, head)
            .into_iter()
            .map(|(number, digest, text)| {
                vec![
                    id.0.into(),
                    number.into(),
                    at.into(),
                    bytes32(&digest),
                    text.into(),
                ]
            });
        let into = "matter_events (matter_id, number, at, digest, canonical)";
        insert(writing, into, rows.collect()).await
    }

    pub(super) async fn insert_handlers(
        &self,
        writing: &Writing<'_>,
        id: MatterId,
    ) -> Result<(), WriteError> {
        let rows = self
            .handlers
            .iter()
            .map(|user| vec![user.as_str().into(), id.0.into()]);
        insert(writing, "matter_handlers (user_id, matter_id)", rows.collect()).await
    }

    pub(super) async fn insert_keys(&self, writing: &Writing<'_>, id: MatterId) -> Result<(), WriteError> {
        let rows = self.keys.iter().map(|key| vec![bytes32(key), id.0.into()]);
        insert(writing, "matter_keys (blind_key, matter_id)", rows.collect()).await
    }

    pub(super) async fn insert_outbox(
        &self,
        writing: &Writing<'_>,
        id: MatterId,
        at: Timestamp,
    ) -> Result<(), WriteError> {
        let rows = self.outbox.iter().map(|(entry, kind, text)| {
            vec![
                (*entry).into(),
                id.0.into(),
                kind.as_str().into(),
                text.as_str().into(),
                at.unix_micros().into(),
                outbox::FREE.into(),
                0_i64.into(),
            ]
        });
        let into = "outbox (id, matter_id, kind, payload, made_at, lease_until, tries)";
        insert(writing, into, rows.collect()).await
    }
}

/// Inserts rows, none of which is there.
async fn insert(writing: &Writing<'_>, into: &str, rows: Vec<Vec<Value>>) -> Result<(), WriteError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO ");
    sql.push(into).push(" VALUES ");
    for (at, row) in rows.into_iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" });
        sql.bind_all(row).push(")");
    }
    writing.run(sql).await?;
    Ok(())
}

/// The canonical text of a value, which reads back as the same.
fn text_of(what: &'static str, value: &serde_json::Value, limit: usize) -> Result<String, WriteError> {
    let canonical =
        |value| canonical::to_bytes(value).map_err(|source| WriteError::Canonical { what, source });
    let bytes = canonical(value)?;
    if bytes.len() > limit {
        return Err(too_long(what, bytes.len(), limit));
    }
    let unreadable = || WriteError::invalid(format!("{what} could not be read back as it is"));
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    // What is nested too deep to be read would be damaged from its first day on.
    let back: serde_json::Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    if canonical(&back)? == text.as_bytes() {
        Ok(text)
    } else {
        Err(unreadable())
    }
}

fn too_long(what: &str, size_bytes: usize, limit: usize) -> WriteError {
    WriteError::invalid(format!("{what} has {size_bytes} bytes, the limit is {limit}"))
}
