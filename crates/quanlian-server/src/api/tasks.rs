//! Tasks (任务) over all matters that the caller may read: what is to be done today.
//!
//! In:  whose tasks, how they stand.
//! Out: tasks with their matters, those due first.
//!
//! Invariant: a task is told with its matter alone, by the condition of lists; without a purpose where one is asked for, neither is.
//!
//! Not here: entering and ending tasks (`matters::ledger`).

use axum::{Json, extract::State};
use quanlian_indicator::{NOBODY, ledger_state};
use quanlian_ledger::task::TaskEntry;
use quanlian_record::id::MatterId;
use quanlian_store::{
    MeasureStore as _,
    matters::{
        Code, MatterRow, Scope,
        measures::{By, Days, MeasureKind, MeasuredPlace, Tally, Valued, When},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, Caller},
    indicators::place_of,
    matters::step::{self, Stored},
    trail::{self, Outcome},
};
use crate::{permission::Action, platform::Platform};

/// A page of tasks.
const PAGE: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TaskQuery {
    /// `mine` (the default), `nobody`, or `all`.
    whose: Option<String>,
    /// `open` (the default), `done` or `dropped`.
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 100.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TasksView {
    /// `matter`, `number`, `title` of the matter, `id`, `task`, `is_overdue`; on each page those due first.
    #[schema(value_type = Vec<crate::api::shapes::ledger::TaskEntry>)]
    tasks: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Tasks in the matters that the caller may read.
#[utoipa::path(
    operation_id = "tasks_list", get, path = "/api/v1/tasks", params(TaskQuery),
    responses((status = 200, body = TasksView), (status = 400), (status = 401))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<TaskQuery>,
) -> Result<Json<TasksView>, Problem> {
    let tally = tally(&caller, &asked)?;
    let after = asked.after.as_deref().map(place_of).transpose()?;
    let decision = step::at_large(&platform, &caller, Action::Read)?;
    trail::write(
        &platform,
        &caller,
        "list",
        json!({"kind": "tasks"}),
        Outcome::Asked(&decision),
    )
    .await?;
    let mut view = TasksView {
        tasks: Vec::new(),
        next: None,
    };
    if !decision.is_allowed() {
        return Ok(Json(view));
    }
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
    let today = caller.now.legal_day();
    let mut found = Vec::new();
    for row in &rows {
        if caller.lacks_purpose(&platform, row.matter.projection.procedure.as_str()) {
            continue;
        }
        // Its words are in the events of the matter alone.
        let Some((id, entry)) = entry(&platform, &scope, &row.matter, row.value).await? else {
            continue;
        };
        let view = json!({
            "matter": row.matter.id, "number": row.matter.number, "title": row.matter.projection.title,
            "id": id, "task": entry.task, "added": entry.added, "ended": entry.ended, "is_overdue": entry.is_overdue(today),
        });
        found.push((entry.task.due_on, view));
    }
    // What has no day comes last.
    found.sort_by_key(|(due, _)| (due.is_none(), *due));
    view.tasks = found.into_iter().map(|(_, view)| view).collect();
    Ok(Json(view))
}

/// A task of a matter by its number; nothing when somebody wrote to the matter meanwhile.
async fn entry(
    platform: &Platform,
    scope: &Scope,
    matter: &MatterRow,
    number: Option<i64>,
) -> Result<Option<(String, TaskEntry)>, Problem> {
    let Some(stored) = Stored::load(platform, scope, matter).await? else {
        return Ok(None);
    };
    let number = number.and_then(|number| u32::try_from(number).ok());
    let found = stored
        .ledger
        .tasks()
        .iter()
        .find(|(id, _)| Some(id.number()) == number);
    Ok(found.map(|(id, entry)| (id.to_string(), entry.clone())))
}

pub(super) fn place_text(place: MeasuredPlace) -> String {
    let matter: MatterId = place.matter;
    format!("{matter}_{}", place.ordinal)
}

fn tally(caller: &Caller, asked: &TaskQuery) -> Result<Tally, Problem> {
    let code = |text: &str| Code::parse(text).map_err(|_| Problem::bad("query_invalid", "that is no code"));
    let whose = match asked.whose.as_deref() {
        None | Some("mine") => Some(caller.name()),
        Some("nobody") => Some(NOBODY.to_owned()),
        Some("all") => None,
        Some(_) => return Err(Problem::bad("query_invalid", "`whose` is mine, nobody or all")),
    };
    let state = match asked.state.as_deref() {
        None => ledger_state::OPEN,
        Some(state @ (ledger_state::OPEN | "done" | "dropped")) => state,
        Some(_) => return Err(Problem::bad("query_invalid", "`state` is open, done or dropped")),
    };
    Ok(Tally {
        of: MeasureKind::Task,
        procedures: [].into(),
        names: whose.iter().map(|whose| code(whose)).collect::<Result<_, _>>()?,
        states: [code(state)?].into(),
        done: [].into(),
        flags: [].into(),
        when: When::Began(Days::default()),
        value: Valued::Own,
        by: By::Whole,
        group: None,
    })
}
