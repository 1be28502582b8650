//! Shapes of procedures, and of what acts ask for.
//!
//! In:  nothing.
//! Out: schemas of what `quanlian-procedure` writes.
//!
//! Not here: matters (`matter`).

use serde::Deserialize;
use utoipa::ToSchema;

use super::Names;

/// A version of a procedure (办理流程).
#[derive(ToSchema)]
pub(crate) struct Procedure {
    id: String,
    version: u32,
    /// New matters take the newest version whose day has come.
    from: String,
    name: Names,
    source: Vec<ProcedureSource>,
    /// What the sources leave open.
    open: Vec<Names>,
    lights: ProcedureLights,
    /// Roles that put facts and papers on file between acts.
    suppliers: Vec<String>,
    role: Vec<ProcedureRole>,
    counterpart: Vec<ProcedureCounterpart>,
    fact: Vec<ProcedureFact>,
    paper: Vec<ProcedurePaper>,
    chain: Vec<ProcedureChain>,
    clock: Vec<ProcedureClock>,
    stage: Vec<ProcedureStage>,
    act: Vec<ProcedureAct>,
    /// SHA-256 of its file.
    digest: String,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureSource {
    cite: Names,
    checked: SourceChecked,
}

/// Who read a source.
#[derive(ToSchema)]
pub(crate) struct SourceChecked {
    on: String,
    verified: bool,
    note: Option<Names>,
}

/// Days left at which a clock turns yellow, red.
#[derive(ToSchema)]
pub(crate) struct ProcedureLights {
    yellow_days: u32,
    red_days: u32,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureRole {
    id: String,
    name: Names,
    /// `own`, `any` or a counterpart.
    agency: String,
    joint: bool,
    apart_from: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureCounterpart {
    id: String,
    name: Names,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureFact {
    id: String,
    name: Names,
    /// `flag`, `count`, `fen`, `day` or `text`.
    kind: String,
    /// Whether somebody from outside may state it.
    outside: Option<bool>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedurePaper {
    id: String,
    name: Names,
    /// Whether it is brought from outside.
    outside: bool,
    /// Which list of the ledger it carries: `goods`.
    lists: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureChain {
    id: String,
    name: Names,
    steps: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureClock {
    id: String,
    name: Names,
    /// The rule of law that says how long.
    rule: Option<String>,
    limit: Option<ProcedureLimit>,
    /// Whether it is a right to ask, and nobody's duty.
    window: bool,
    lights: Option<ProcedureLights>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureLimit {
    length: Length,
    /// `moves` or `stays`.
    last_day: Option<String>,
    stands_still: bool,
    extension: Option<Length>,
    source: ProcedureSource,
}

/// How long: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Length {
    Days(u32),
    WorkingDays(u32),
    Hours(u32),
    Months(u32),
}

#[derive(ToSchema)]
pub(crate) struct ProcedureStage {
    id: String,
    name: Names,
    /// As in `stage_kind` of the terms.
    kind: String,
    outcome: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct ProcedureAct {
    id: String,
    name: Names,
    /// As in `act_kind` of the terms.
    kind: String,
    /// Stages; `*` for every open one.
    from: Vec<String>,
    to: Option<String>,
    roles: Vec<String>,
    chain: Option<String>,
    together: Option<ActTogether>,
    needs: Vec<ActNeed>,
    one_of: Vec<String>,
    papers: Vec<String>,
    papers_of_rule: Option<String>,
    makes: Vec<String>,
    reason: bool,
    counterparts: Vec<String>,
    of: Option<String>,
    to_any: Vec<String>,
    starts: Vec<ActTick>,
    stops: Vec<ActTick>,
    drops: Vec<String>,
    after: Vec<String>,
    suspends: Vec<String>,
    notices: Vec<ActNotice>,
    opens: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct ActTogether {
    role: String,
    others: u32,
}

#[derive(ToSchema)]
pub(crate) struct ActNeed {
    fact: String,
    is: Option<bool>,
    at_least: Option<i64>,
}

#[derive(ToSchema)]
pub(crate) struct ActTick {
    clock: String,
    /// The fact that says the day.
    on: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct ActNotice {
    to: String,
    template: String,
    reason: Option<bool>,
    papers: Option<Vec<String>>,
}

/// What somebody can do now, and why not the rest.
#[derive(ToSchema)]
pub(crate) struct Acts {
    acts: Vec<AvailableAct>,
}

/// An act, as a person may see it.
#[derive(ToSchema)]
pub(crate) struct AvailableAct {
    act: String,
    name: Names,
    /// As in `act_kind` of the terms.
    kind: String,
    /// Whether nothing stands in its way but what its form asks for.
    possible: bool,
    lacks: Vec<ActLack>,
    asks: Vec<ActAsk>,
    /// The number of the proposal of it that waits, and whether the caller could take the next step.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    proposal: Option<(u32, bool)>,
}

/// Something that stands in the way.
#[derive(ToSchema)]
pub(crate) struct ActLack {
    code: String,
    subject: Option<String>,
    name: Option<Names>,
    wanted: Option<Vec<String>>,
    /// What a person reads.
    message: Names,
}

/// What the form of an act asks for.
#[derive(ToSchema)]
pub(crate) struct ActAsk {
    /// `fact`, `paper`, `counterpart`, `reason`, `persons`, `stage`, `agency`, `member`, `extension`, `superseded` or `version`.
    ask: String,
    /// An id, or a list of what is possible.
    #[schema(value_type = Option<serde_json::Value>)]
    of: Option<serde_json::Value>,
}
