//! The ledger of a matter over HTTP: parties (当事人), goods (涉案物品) with their custody, tasks (任务), verdicts on matches (比对复核).
//!
//! In:  steps, with the version that their author saw.
//! Out: the ledger with what is open or irregular, or everything that stands against the steps at once; goods as a table.
//!
//! Invariants: steps are events of the matter, under its version and its chain of digests; all that were sent are taken, or none.
//! Somebody is given a task by their own agency alone.
//!
//! Not here: what a step may do (`quanlian-ledger`), tasks over many matters (`api::tasks`).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_ledger::{Ledger, Mark, Refused, Step, goods::Lot};
use quanlian_record::{id::MatterId, money::Fen, time::Timestamp};
use quanlian_store::{MatterStore as _, matters::MAX_EVENT_BYTES};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    MatterView, allowed, answer, base, matches, person, request,
    step::{self, Noted},
    version,
};
use crate::{
    api::{
        Problem,
        caller::{At, Caller, Given},
        table,
    },
    permission::Action,
    platform::Platform,
};

/// So many steps are taken at once.
const MAX_STEPS: usize = 200;
/// Beside the steps an event holds a mark.
const MAX_STEPS_BYTES: usize = MAX_EVENT_BYTES - 4096;

#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerView {
    /// `id`, `party` and who entered, corrected or withdrew it.
    #[schema(value_type = Vec<crate::api::shapes::ledger::PartyEntry>)]
    parties: Vec<Value>,
    /// `id`, `goods`, `lots`, `movements`, `value_fen` where a price is known.
    #[schema(value_type = Vec<crate::api::shapes::ledger::GoodsEntry>)]
    goods: Vec<Value>,
    /// `id`, `task`, how it ended, whether it is overdue.
    #[schema(value_type = Vec<crate::api::shapes::ledger::TaskEntry>)]
    tasks: Vec<Value>,
    /// Worth of the goods by the basis of their prices, in fen; how many have none. Bases are never added.
    #[schema(value_type = crate::api::shapes::ledger::GoodsValues)]
    values: Value,
    /// What people say of matches.
    verdicts: Vec<matches::VerdictView>,
    /// What is open or irregular: `about` an entry, `what`, with words in both languages.
    #[schema(value_type = Vec<crate::api::shapes::ledger::LedgerFinding>)]
    findings: Vec<Value>,
    /// Whether the custody of all goods is without gaps; null where there are none.
    is_custody_complete: Option<bool>,
}

/// Parties, goods and tasks of a matter.
#[utoipa::path(
    operation_id = "ledger_look", get, path = "/api/v1/matters/{id}/ledger", params(("id" = String, Path)),
    responses((status = 200, body = LedgerView), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<LedgerView>, Problem> {
    let seen = allowed(&platform, &caller, Action::Read, id, "read_ledger").await?;
    Ok(Json(view(&seen.stored.ledger, caller.now)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepsBody {
    /// At most 200: `{"do": "add_party", "party": {…}}`, `correct_party`, `withdraw_party`, `add_goods`, `correct_goods`,
    /// `withdraw_goods`, `move_goods`, `add_task`, `change_task`, `end_task`, `reopen_task`, `judge_match`.
    #[schema(value_type = Vec<crate::api::shapes::ledger::LedgerStep>)]
    steps: Vec<Step>,
}

/// Takes steps in the ledger of a matter: all of them, or none.
#[utoipa::path(
    operation_id = "ledger_write", post, path = "/api/v1/matters/{id}/ledger", request_body = StepsBody,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = MatterView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 413), (status = 422), (status = 428))
)]
pub(crate) async fn write(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(mut body): Given<StepsBody>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Write, id, "write_ledger").await?;
    let expected = version(&headers)?;
    if body.steps.is_empty() || body.steps.len() > MAX_STEPS {
        let detail = "send 1 to 200 steps at once";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "ledger_steps",
            detail,
        ));
    }
    let asked = json!(body.steps).to_string();
    if asked.len() > MAX_STEPS_BYTES {
        let detail = "these steps are longer than one event of a matter; send fewer at once";
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "ledger_steps",
            detail,
        ));
    }
    let parts = [id.to_string(), expected.to_string(), asked];
    let request = request(&caller, &headers, "ledger", &[&parts[0], &parts[1], &parts[2]])?;
    let is_late = expected != seen.row.version;
    let base = base(&platform, &headers, seen, expected)?;
    for step in &mut body.steps {
        if let Step::AddTask { task } | Step::ChangeTask { task, .. } = step {
            let own = &caller.account.agency;
            let agency = task.of_agency.get_or_insert_with(|| own.to_string());
            if let Some(user) = &task.assignee {
                if agency != own.as_str() {
                    let detail = "an agency gives tasks to its own people; leave `assignee` out for another one to name somebody";
                    return Err(Problem::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "task_of_others",
                        detail,
                    ));
                }
                person(&platform, own, user).await?;
            }
        }
    }
    let mark = Mark {
        at: caller.now,
        by: caller.name(),
    };
    // A request that was answered already is answered again, whatever became of the report since.
    let of_reports = if is_late {
        Vec::new()
    } else {
        matches::against(&platform, id, &body.steps).await?
    };
    let decided = base.ledger.decide(body.steps, mark);
    let (ledger, event) = match decided {
        Ok(decided) if of_reports.is_empty() => decided,
        decided => {
            let mut all = decided.err().map_or_else(Vec::new, |Refused(all)| all);
            all.extend(of_reports);
            all.sort_by_key(|refusal| refusal.step);
            all.dedup();
            return Err(against(&Refused(all)));
        }
    };
    let noted = Noted { ledger, event };
    let change = step::change(
        &platform,
        &caller,
        request,
        Some(&base),
        &[],
        &base.kept,
        Some(&noted),
    )?;
    let written = platform.store().append_events(id, expected, &change).await?;
    answer(&platform, &caller, StatusCode::OK, &written).await
}

/// The goods of a matter as a table: one line for each lot.
#[utoipa::path(
    operation_id = "ledger_goods", get, path = "/api/v1/matters/{id}/ledger/goods.csv", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/csv", description = "one line for each lot, UTF-8 with its mark"), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn goods(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Export, id, "export_goods").await?;
    let ledger = &seen.stored.ledger;
    let mut lines = vec![json!([
        "编号",
        "名称",
        "类别",
        "品牌",
        "规格型号",
        "数量",
        "单位",
        "单价（分）",
        "价格依据",
        "措施",
        "取得日期",
        "取得地点",
        "当事人",
        "文书",
        "现状",
        "保管人",
        "地点",
        "封签",
        "自",
        "备注"
    ])];
    for (id, entry) in ledger.standing_goods() {
        let goods = &entry.goods;
        let from = goods
            .from
            .and_then(|from| Some(ledger.parties().get(&from)?.party.label()));
        for lot in &entry.lots {
            lines.push(json!([
                format!("{id}.{}", lot.number),
                goods.name,
                goods.kind.term().zh,
                goods.brand,
                goods.model,
                lot.quantity,
                goods.unit,
                goods.price.as_ref().map(|price| price.each_fen),
                goods.price.as_ref().map(|price| price.basis.term().zh),
                goods.measure.term().zh,
                goods.taken_on.to_string(),
                goods.found_at,
                from,
                goods.paper,
                stands(lot),
                lot.holder,
                lot.place,
                lot.seal,
                lot.since.to_string(),
                goods.remark,
            ]));
        }
    }
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], table::csv(&lines)).into_response())
}

/// How a lot stands, in Chinese.
pub(super) fn stands(lot: &Lot) -> &'static str {
    lot.by.map_or("在库", |by| by.term().zh)
}

/// Everything that stands against steps.
fn against(refused: &Refused) -> Problem {
    let told = |refusal: &quanlian_ledger::Refusal| {
        let (zh, en) = refusal.code.texts();
        json!({"step": refusal.step, "code": refusal.code.code(), "about": refusal.about, "message": {"zh": zh, "en": en}})
    };
    let refusals: Vec<Value> = refused.0.iter().map(told).collect();
    let detail = "nothing was taken; `refusals` says everything that stands against it, with the place of each step from 0";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ledger_refused", detail).with("refusals", refusals)
}

fn view(ledger: &Ledger, now: Timestamp) -> LedgerView {
    let today = now.legal_day();
    let with_id = |id: String, entry: Value| {
        let mut view = json!({"id": id});
        if let (Some(view), Value::Object(entry)) = (view.as_object_mut(), entry) {
            view.extend(entry);
        }
        view
    };
    let goods = ledger.goods().iter().map(|(id, entry)| {
        let mut view = with_id(id.to_string(), json!(entry));
        view["value_fen"] = json!(entry.goods.value().map(|Fen(fen)| fen));
        view["is_custody_complete"] = json!(entry.is_custody_complete());
        view
    });
    let tasks = ledger.tasks().iter().map(|(id, entry)| {
        let mut view = with_id(id.to_string(), json!(entry));
        view["is_overdue"] = json!(entry.is_overdue(today));
        view
    });
    let finding = |finding: &quanlian_ledger::finding::Finding| {
        let term = finding.what.term();
        json!({"about": finding.about, "what": term.word, "message": {"zh": term.zh, "en": term.en}})
    };
    LedgerView {
        parties: ledger
            .parties()
            .iter()
            .map(|(id, entry)| with_id(id.to_string(), json!(entry)))
            .collect(),
        goods: goods.collect(),
        tasks: tasks.collect(),
        values: json!(ledger.values()),
        verdicts: matches::verdicts(ledger),
        findings: ledger.findings(today).iter().map(finding).collect(),
        is_custody_complete: ledger.is_custody_complete(),
    }
}

/// The words by which a matter is found by its ledger: names of parties, their numbers and accounts, names of goods and tasks.
pub(crate) fn words(ledger: &Ledger) -> Vec<&str> {
    let mut words = Vec::new();
    for (_, party) in ledger.standing_parties() {
        words.extend(party.name.as_deref());
        words.extend(
            party
                .identifiers
                .iter()
                .map(quanlian_record::identifier::Identifier::number),
        );
        words.extend(party.accounts.iter().map(String::as_str));
    }
    for (_, entry) in ledger.standing_goods() {
        let goods = &entry.goods;
        words.push(&goods.name);
        words.extend(
            [&goods.brand, &goods.model, &goods.paper]
                .into_iter()
                .flatten()
                .map(String::as_str),
        );
    }
    words.extend(ledger.tasks().values().map(|entry| entry.task.title.as_str()));
    words
}
