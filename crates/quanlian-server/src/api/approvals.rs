//! Proposals over all matters that wait for the caller (待我审批).
//!
//! In:  nothing but who asks.
//! Out: proposals whose next step is one of the caller's roles, with their matters, the oldest first.
//!
//! Invariants: by the condition of lists; without a purpose where one is asked for, nothing is told; what the caller proposed does
//! not wait for the caller.
//!
//! Not here: endorsing and refusing (`matters::command`), whether the caller may (the engine decides when they do).

use axum::{Json, extract::State};
use quanlian_record::time::Day;
use quanlian_store::{
    MeasureStore as _,
    matters::{
        Code,
        measures::{By, Days, MeasureKind, Tally, Valued, When},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, Caller},
    indicators::place_of,
    matters::step::{self, Stored},
    tasks::place_text,
    trail::{self, Outcome},
};
use crate::{permission::Action, platform::Platform};

/// A page of proposals.
const PAGE: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ApprovalQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 100.
    limit: Option<usize>,
}

/// A proposal that waits for one of the caller's roles.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalView {
    matter: String,
    /// 办件编号.
    number: String,
    title: String,
    procedure: String,
    procedure_version: u32,
    stage: String,
    /// Number of the event that proposed, for `endorse` and `reject`.
    proposal: u32,
    act: String,
    /// The role that is next.
    role: String,
    /// Who proposed: `agency/user`.
    by: String,
    #[schema(value_type = Option<String>, format = Date)]
    proposed_on: Option<Day>,
    /// The next day on which something is due in the matter.
    #[schema(value_type = Option<String>, format = Date)]
    due_on: Option<Day>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalsView {
    proposals: Vec<ApprovalView>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Proposals that wait for the caller.
#[utoipa::path(
    operation_id = "approvals_list", get, path = "/api/v1/approvals", params(ApprovalQuery),
    responses((status = 200, body = ApprovalsView), (status = 400), (status = 401))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<ApprovalQuery>,
) -> Result<Json<ApprovalsView>, Problem> {
    let after = asked.after.as_deref().map(place_of).transpose()?;
    let decision = step::at_large(&platform, &caller, Action::Read)?;
    trail::write(
        &platform,
        &caller,
        "list",
        json!({"kind": "approvals"}),
        Outcome::Asked(&decision),
    )
    .await?;
    let mut view = ApprovalsView {
        proposals: Vec::new(),
        next: None,
    };
    let actor = caller.actor();
    let roles = actor.roles.iter().map(|role| Code::parse(role));
    let roles: std::collections::BTreeSet<Code> = roles.filter_map(Result::ok).collect();
    if !decision.is_allowed() || roles.is_empty() {
        return Ok(Json(view));
    }
    let tally = Tally {
        of: MeasureKind::Proposal,
        procedures: [].into(),
        names: roles,
        states: [].into(),
        done: [].into(),
        flags: [].into(),
        when: When::Began(Days::default()),
        value: Valued::Own,
        by: By::Whole,
        group: None,
    };
    let scope = caller.scope(&platform, Action::Read)?;
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let rows = platform
        .store()
        .measured_rows(&scope, &tally, after, limit)
        .await?;
    view.next = rows
        .last()
        .filter(|_| rows.len() >= limit)
        .map(|row| place_text(row.place));
    for row in &rows {
        let projection = &row.matter.projection;
        if caller.lacks_purpose(&platform, projection.procedure.as_str()) {
            continue;
        }
        // Who proposed, and whether it waits still, is in the events alone.
        let Some(stored) = Stored::load(&platform, &scope, &row.matter).await? else {
            continue;
        };
        let number = row.value.and_then(|number| u32::try_from(number).ok());
        let Some((number, proposal)) =
            number.and_then(|number| stored.matter.proposals.get_key_value(&number))
        else {
            continue;
        };
        let by = format!("{}/{}", proposal.by.agency, proposal.by.user);
        if by == caller.name() {
            continue;
        }
        let past = stored.matter.history.iter().find(|past| past.seq == *number);
        view.proposals.push(ApprovalView {
            matter: row.matter.id.to_string(),
            number: row.matter.number.clone(),
            title: projection.title.clone(),
            procedure: projection.procedure.to_string(),
            procedure_version: projection.procedure_version,
            stage: projection.stage.to_string(),
            proposal: *number,
            act: proposal.act.clone(),
            role: row.name.clone(),
            by,
            proposed_on: past.map(|past| past.happened.day()),
            due_on: projection.due_on,
        });
    }
    view.proposals
        .sort_by(|left, right| (left.proposed_on, &left.number).cmp(&(right.proposed_on, &right.number)));
    Ok(Json(view))
}
