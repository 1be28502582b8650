//! What every [`MatterStore`] does, in suites that run on each kind of database.
//!
//! In:  an empty database of each kind.
//! Out: nothing, or a panic that names the broken promise.

pub(crate) mod measures;
pub(crate) mod notices;
mod oracle;
mod outbox;
mod reading;
mod search;
pub(crate) mod sharing;
mod writing;

use std::collections::BTreeSet;

use quanlian_record::{
    id::{self, GrantId, MatterId, OutboxId},
    time::Timestamp,
};
use quanlian_store::{
    Database, MatterStore,
    matters::{
        Actions, AgencyCode, Change, Code, Projection, Reach, Request, Scope, Series, UserCode, WriteError,
        Written,
    },
};
use serde_json::json;

pub(crate) fn at(micros: i64) -> Timestamp {
    let start: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
    Timestamp::from_unix_micros(start.unix_micros() + micros).unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn agency(text: &str) -> AgencyCode {
    AgencyCode::parse(text).unwrap()
}

/// An id that is the same in every run.
pub(crate) fn uuid_of(n: u64) -> uuid::Uuid {
    let mut random = [0; id::RANDOM_BYTES];
    random[2..].copy_from_slice(&n.to_be_bytes());
    id::from_parts(at(n.cast_signed() * 1000), random)
}

pub(crate) fn matter_id(n: u64) -> MatterId {
    MatterId(uuid_of(n))
}

pub(crate) fn grant_id(n: u64) -> GrantId {
    GrantId(uuid_of(n))
}

pub(crate) fn outbox_id(n: u64) -> OutboxId {
    OutboxId(uuid_of(n))
}

pub(crate) fn projection() -> Projection {
    Projection {
        procedure: code("complaint"),
        procedure_version: 1,
        stage: code("intake"),
        status: code("open"),
        owner_agency: agency("culture"),
        owner_unit: None,
        handlers: BTreeSet::new(),
        title: "投诉：曲一被上传".to_owned(),
        due_on: None,
        amount_fen: None,
        keys: BTreeSet::new(),
    }
}

/// One event; the request key is its own.
pub(crate) fn change(key: &str, projection: &Projection) -> Change {
    let mut digest = [0; 32];
    digest[..key.len().min(32)].copy_from_slice(&key.as_bytes()[..key.len().min(32)]);
    Change {
        request: Request {
            principal: code("officer"),
            key: code(key),
            digest,
        },
        at: at(0),
        events: vec![json!({"act": key, "v": 1})],
        projection: projection.clone(),
        state: json!({"last": key}),
        drawn: None,
        notices: Vec::new(),
        grants: Vec::new(),
        revoked: Vec::new(),
        outbox: Vec::new(),
    }
}

pub(crate) fn series() -> Series {
    Series {
        agency: agency("culture"),
        procedure: code("complaint"),
        year: 2024,
    }
}

pub(crate) fn number(ordinal: u64) -> String {
    format!("文执投〔2024〕{ordinal:06}")
}

pub(crate) async fn create(store: &Database, n: u64, change: &Change) -> Result<Written, WriteError> {
    store
        .create_matter(matter_id(n), &series(), &number, change)
        .await
}

/// A person who sees all of an agency.
pub(crate) fn chief_of(name: &str) -> Scope {
    Scope {
        agency: agency(name),
        unit: None,
        user: UserCode::parse("chief").unwrap(),
        reach: Reach::Agency,
        needs: Actions::READ,
        at: at(1_000_000),
    }
}
