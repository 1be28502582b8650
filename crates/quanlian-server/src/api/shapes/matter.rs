//! Shapes of matters: their state, clocks and events, and what is given with acts.
//!
//! In:  nothing.
//! Out: schemas of what `quanlian-procedure` writes, and of what is kept of matters.
//!
//! Not here: ledgers (`ledger`).

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Names, ledger::LedgerEvent, procedure::Length};

/// A matter as in lists, for who may read it; for who sees clocks alone without `title`, `handlers` and `amount_fen`.
#[derive(ToSchema)]
pub(crate) struct MatterRow {
    id: String,
    number: String,
    version: String,
    procedure: String,
    procedure_version: u32,
    stage: String,
    /// As in `status` of the terms.
    status: String,
    owner_agency: String,
    owner_unit: Option<String>,
    opened_at: String,
    changed_at: String,
    due_on: Option<String>,
    title: Option<String>,
    handlers: Option<Vec<String>>,
    amount_fen: Option<i64>,
    /// In results of a search: `number`, `title` or `text`.
    found_in: Option<String>,
}

/// One run of a clock, as it stands.
#[derive(ToSchema)]
pub(crate) struct Clock {
    clock: String,
    name: Names,
    /// The rule of law that says how long; nothing for a limit of the procedure itself.
    rule: Option<String>,
    citation: Names,
    /// Whether somebody read the source.
    verified: bool,
    /// As in `clock_state` of the terms.
    state: String,
    /// A day or an instant.
    started: String,
    /// The event that began it.
    started_by: u32,
    ended: Option<String>,
    due_on: Option<String>,
    due_at: Option<String>,
    /// The earliest day that the last day can be, where that is not known.
    not_before: Option<String>,
    missing_year: Option<i16>,
    days_left: Option<i64>,
    overdue_days: i64,
    /// As in `light` of the terms.
    light: String,
    /// The end under other readings of what the law leaves open.
    #[schema(value_type = Option<Vec<Object>>)]
    readings: Option<Vec<serde_json::Value>>,
    problems: Option<Vec<Names>>,
    /// The whole explanation, for a rule of law.
    #[schema(value_type = Option<Object>)]
    law: Option<serde_json::Value>,
}

/// A matter as its events make it.
#[derive(ToSchema)]
pub(crate) struct MatterState {
    id: String,
    procedure: String,
    version: u32,
    digest: String,
    parent: Option<String>,
    agency: String,
    counterparts: BTreeMap<String, String>,
    joint: Vec<String>,
    members: Vec<String>,
    stage: String,
    visited: Vec<String>,
    suspended: Option<u32>,
    facts: BTreeMap<String, StatedFact>,
    papers: BTreeMap<String, PaperOnFile>,
    clocks: Vec<ClockRun>,
    /// By the number of the event that proposed.
    proposals: BTreeMap<String, Proposal>,
    /// Users (`agency/user`) by role.
    acted: BTreeMap<String, Vec<String>>,
    opened: String,
    recorded_at: String,
    seq: u32,
    history: Vec<PastEvent>,
}

#[derive(ToSchema)]
pub(crate) struct StatedFact {
    value: FactValue,
    /// The event that stated it.
    by: u32,
}

#[derive(ToSchema)]
pub(crate) struct PaperOnFile {
    /// Where it lies; nothing for one that was to be made and that nobody filed.
    place: Option<String>,
    by: u32,
}

#[derive(ToSchema)]
pub(crate) struct Proposal {
    act: String,
    given: Given,
    by: ActingPerson,
    endorsed: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct ClockRun {
    clock: String,
    started: String,
    started_by: u32,
    started_on: Option<String>,
    ended: Option<String>,
    ended_by: Option<u32>,
    ended_on: Option<String>,
    lapsed: Option<String>,
    pauses: Vec<ClockPause>,
    extensions: Vec<ClockExtension>,
}

#[derive(ToSchema)]
pub(crate) struct ClockPause {
    from: String,
    to: Option<String>,
    reason: String,
    by: u32,
    resumed_by: Option<u32>,
}

#[derive(ToSchema)]
pub(crate) struct ClockExtension {
    length: Length,
    on: String,
    reason: String,
    granted_by: String,
}

/// An event in short.
#[derive(ToSchema)]
pub(crate) struct PastEvent {
    seq: u32,
    happened: String,
    recorded_at: String,
    by: ActingPerson,
    role: String,
    /// `opened`, `supplied`, `proposed`, `endorsed`, `rejected` or `acted`.
    what: String,
    act: Option<String>,
    stage: String,
    superseded_by: Vec<u32>,
}

/// Who acted.
#[derive(ToSchema)]
pub(crate) struct ActingPerson {
    user: String,
    agency: String,
    unit: Option<String>,
}

/// The value of a fact: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FactValue {
    Flag(bool),
    Count(i64),
    Fen(i64),
    Day(String),
    Text(String),
}

/// What is given with an act; the act says what it asks for.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Given {
    reason: Option<String>,
    facts: Option<BTreeMap<String, FactValue>>,
    /// By id, with where each lies: a number, or `file:` and the id of a file.
    papers: Option<BTreeMap<String, String>>,
    counterparts: Option<BTreeMap<String, String>>,
    to_stage: Option<String>,
    agency: Option<String>,
    member: Option<String>,
    clock: Option<String>,
    length: Option<Length>,
    supersedes: Option<u32>,
    happened_instead: Option<String>,
    version: Option<u32>,
}

/// What somebody wants to do in a matter.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum MatterCommand {
    /// An act; one with a chain of approval becomes a proposal.
    Act { act: String, given: Option<Given> },
    /// Agrees to a proposal.
    Endorse { proposal: u32 },
    /// Refuses a proposal, or takes one's own back.
    Reject { proposal: u32, reason: String },
    /// Puts facts and papers on file.
    Supply {
        facts: Option<BTreeMap<String, FactValue>>,
        papers: Option<BTreeMap<String, String>>,
    },
}

/// What a matter names.
#[derive(ToSchema)]
pub(crate) struct NamedThings {
    rights: Option<Vec<String>>,
    links: Option<Vec<String>>,
    accounts: Option<Vec<String>>,
    platform_ids: Option<Vec<String>>,
}

/// An event with its place in the chain of digests.
#[derive(ToSchema)]
pub(crate) struct MatterEvent {
    number: u64,
    digest: String,
    event: AnyEvent,
}

/// An event of the procedure, of the platform (title, unit, handlers) or of the ledger.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyEvent {
    Procedure(ProcedureEvent),
    Platform(PlatformEvent),
    Ledger(LedgerEvent),
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ProcedureEvent {
    v: u32,
    matter: String,
    seq: u32,
    recorded_at: String,
    happened: String,
    #[schema(value_type = ActingPerson)]
    by: serde_json::Value,
    role: String,
    #[schema(value_type = Option<Vec<ActingPerson>>)]
    with: Option<serde_json::Value>,
    /// `kind` is `opened`, `supplied`, `proposed`, `endorsed`, `rejected` or `acted`; the rest is what that says.
    #[schema(value_type = EventBody)]
    body: serde_json::Value,
}

/// What happened.
#[derive(ToSchema)]
pub(crate) struct EventBody {
    kind: String,
    procedure: Option<String>,
    version: Option<u32>,
    digest: Option<String>,
    parent: Option<String>,
    agency: Option<String>,
    act: Option<String>,
    from: Option<String>,
    to: Option<String>,
    proposal: Option<u32>,
    reason: Option<String>,
    given: Option<Given>,
    facts: Option<BTreeMap<String, FactValue>>,
    papers: Option<BTreeMap<String, String>>,
    made: Option<Vec<String>>,
    notices: Option<Vec<SentNotice>>,
    opens: Option<Vec<String>>,
}

#[derive(ToSchema)]
pub(crate) struct SentNotice {
    to: String,
    template: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PlatformEvent {
    platform: u32,
    at: String,
    by: String,
    #[schema(value_type = KeptState)]
    kept: serde_json::Value,
}

#[derive(ToSchema)]
pub(crate) struct KeptState {
    title: String,
    unit: Option<String>,
    handlers: Vec<String>,
    named: Option<NamedThings>,
}
