//! Rows of what is told outside, and what they say.
//!
//! In:  a row.
//! Out: what was written, or that nobody could have written it.

use std::collections::BTreeSet;

use quanlian_record::{
    id::{DeliveryId, MatterId, NoticeId, WebhookId},
    time::Timestamp,
};
use sea_orm::{QueryResult, TryGetable};

use crate::{
    database::Database,
    matters::{AgencyCode, Code, notices::Notice},
    telling::{Delivery, DeliveryState, TellingError, Webhook, WebhookState},
};

pub(super) const WEBHOOK: &str = "id, agency, url, kinds, secret, former_secret, former_until, state, made_by, made_at, failing_since, error, version";
pub(super) const DELIVERY: &str =
    "id, target_id, notice_id, what, about, state, made_at, ready_at, lease, tries, status, error, ended_at";

pub(super) fn damaged(what: &'static str) -> TellingError {
    TellingError::Damaged { what }
}

impl Database {
    pub(super) fn column_of<T: TryGetable>(&self, row: &QueryResult, name: &str) -> Result<T, TellingError> {
        let value = row.try_get::<T>("", name);
        value.map_err(|error| TellingError::Database(self.trouble(error)))
    }

    pub(super) fn code_cell(&self, row: &QueryResult, name: &str) -> Result<Code, TellingError> {
        Code::parse(&self.column_of::<String>(row, name)?).map_err(|_| damaged("a code"))
    }

    fn maybe_code(&self, row: &QueryResult, name: &str) -> Result<Option<Code>, TellingError> {
        let text: Option<String> = self.column_of(row, name)?;
        text.map(|text| Code::parse(&text))
            .transpose()
            .map_err(|_| damaged("a code"))
    }

    pub(super) fn maybe_instant(
        &self,
        row: &QueryResult,
        name: &str,
    ) -> Result<Option<Timestamp>, TellingError> {
        let micros: Option<i64> = self.column_of(row, name)?;
        let at = micros.map(Timestamp::from_unix_micros).transpose();
        at.map_err(|_| damaged("an instant"))
    }

    fn instant_cell(&self, row: &QueryResult, name: &str) -> Result<Timestamp, TellingError> {
        self.maybe_instant(row, name)?.ok_or(damaged("an instant"))
    }
}

pub(super) fn words_text(words: &BTreeSet<Code>) -> String {
    let words: Vec<&str> = words.iter().map(Code::as_str).collect();
    serde_json::Value::from(words).to_string()
}

pub(super) fn words_of(text: &str) -> Result<BTreeSet<Code>, TellingError> {
    serde_json::from_str(text).map_err(|_| damaged("a list of words"))
}

fn agency(text: &str) -> Result<AgencyCode, TellingError> {
    AgencyCode::parse(text).map_err(|_| damaged("an agency"))
}

pub(super) fn webhook_of(database: &Database, row: &QueryResult) -> Result<Webhook, TellingError> {
    let former: Option<Vec<u8>> = database.column_of(row, "former_secret")?;
    let until = database.maybe_instant(row, "former_until")?;
    let state: String = database.column_of(row, "state")?;
    let version: i64 = database.column_of(row, "version")?;
    Ok(Webhook {
        id: WebhookId(database.column_of(row, "id")?),
        agency: agency(&database.column_of::<String>(row, "agency")?)?,
        url: database.column_of(row, "url")?,
        kinds: words_of(&database.column_of::<String>(row, "kinds")?)?,
        secret: database.column_of(row, "secret")?,
        former: former.zip(until),
        state: WebhookState::of_word(&state).ok_or(damaged("the state of a webhook"))?,
        made_by: database.code_cell(row, "made_by")?,
        made_at: database.instant_cell(row, "made_at")?,
        failing_since: database.maybe_instant(row, "failing_since")?,
        error: database.column_of(row, "error")?,
        version: version.unsigned_abs(),
    })
}

pub(super) fn delivery_of(database: &Database, row: &QueryResult) -> Result<Delivery, TellingError> {
    let state: String = database.column_of(row, "state")?;
    let mut states = DeliveryState::ALL.into_iter();
    let notice: Option<uuid::Uuid> = database.column_of(row, "notice_id")?;
    let tries: i64 = database.column_of(row, "tries")?;
    let status: Option<i64> = database.column_of(row, "status")?;
    Ok(Delivery {
        id: DeliveryId(database.column_of(row, "id")?),
        target: database.column_of(row, "target_id")?,
        notice: notice.map(NoticeId),
        what: database.code_cell(row, "what")?,
        about: database.maybe_code(row, "about")?,
        state: states
            .find(|known| known.word() == state)
            .ok_or(damaged("the state of a delivery"))?,
        made_at: database.instant_cell(row, "made_at")?,
        ready_at: database.instant_cell(row, "ready_at")?,
        lease: database.column_of::<i64>(row, "lease")?.unsigned_abs(),
        tries: u32::try_from(tries).map_err(|_| damaged("the tries"))?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        error: database.column_of(row, "error")?,
        ended_at: database.maybe_instant(row, "ended_at")?,
    })
}

pub(super) fn notice_of(database: &Database, row: &QueryResult) -> Result<Notice, TellingError> {
    let to_agency: Option<String> = database.column_of(row, "to_agency")?;
    Ok(Notice {
        id: NoticeId(database.column_of(row, "id")?),
        key: database.code_cell(row, "notice_key")?,
        matter: MatterId(database.column_of(row, "matter_id")?),
        to_agency: to_agency.as_deref().map(agency).transpose()?,
        to_role: database.maybe_code(row, "to_role")?,
        template: database.code_cell(row, "template")?,
        about: database.maybe_code(row, "about")?,
        light: database.maybe_code(row, "light")?,
        made_at: database.instant_cell(row, "made_at")?,
    })
}
