//! Shapes of ledgers: parties, goods, tasks, and the steps that enter them.
//!
//! In:  nothing.
//! Out: schemas of what `quanlian-ledger` reads and writes.
//!
//! Not here: verdicts on matches (`matters::matches` describes them).

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::Names;

/// When and by whom (`agency/user`).
#[derive(Deserialize, ToSchema)]
pub(crate) struct LedgerMark {
    at: String,
    by: String,
}

#[derive(ToSchema)]
pub(crate) struct LedgerWithdrawal {
    mark: LedgerMark,
    why: String,
}

#[derive(ToSchema)]
pub(crate) struct PartyEntry {
    /// `P1`, ….
    id: String,
    party: Party,
    added: LedgerMark,
    corrected: Option<LedgerWithdrawal>,
    withdrawn: Option<LedgerWithdrawal>,
}

/// Somebody who takes part (当事人).
#[derive(Deserialize, ToSchema)]
pub(crate) struct Party {
    /// As in `party_role` of the terms.
    roles: Vec<String>,
    /// As in `party_kind`.
    kind: String,
    name: Option<String>,
    identifiers: Option<Vec<PartyIdentifier>>,
    identifiers_despite: Option<String>,
    accounts: Option<Vec<String>>,
    address: Option<String>,
    contacts: Option<Vec<String>>,
    acts_for: Option<String>,
    remark: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PartyIdentifier {
    /// As in `identifier` of the terms.
    kind: String,
    number: String,
}

#[derive(ToSchema)]
pub(crate) struct GoodsEntry {
    /// `G1`, ….
    id: String,
    goods: Goods,
    added: LedgerMark,
    corrected: Option<LedgerWithdrawal>,
    withdrawn: Option<LedgerWithdrawal>,
    lots: Vec<GoodsLot>,
    movements: Vec<GoodsMoved>,
    /// Worth of all of it; nothing where no price is known.
    value_fen: Option<i64>,
    is_custody_complete: bool,
}

/// Goods (涉案物品) of one kind.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Goods {
    name: String,
    /// As in `goods_kind` of the terms.
    kind: String,
    brand: Option<String>,
    model: Option<String>,
    quantity: u64,
    unit: String,
    price: Option<GoodsPrice>,
    /// As in `goods_measure`.
    measure: String,
    taken_on: String,
    found_at: String,
    from: Option<String>,
    paper: Option<String>,
    holder: String,
    place: String,
    seal: Option<String>,
    files: Option<Vec<String>>,
    remark: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GoodsPrice {
    each_fen: i64,
    /// As in `price_basis` of the terms.
    basis: String,
    shown_by: String,
}

#[derive(ToSchema)]
pub(crate) struct GoodsLot {
    number: u32,
    quantity: u64,
    holder: String,
    place: String,
    seal: Option<String>,
    /// The movement that brought it there, as in `movement` of the terms.
    by: Option<String>,
    since: String,
}

#[derive(ToSchema)]
pub(crate) struct GoodsMoved {
    lot: u32,
    to_lot: u32,
    movement: GoodsMovement,
    mark: LedgerMark,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GoodsMovement {
    /// As in `movement` of the terms.
    kind: String,
    quantity: Option<u64>,
    on: String,
    giver: String,
    receiver: String,
    witness: Option<String>,
    place: String,
    seal: Option<String>,
    paper: Option<String>,
    files: Option<Vec<String>>,
    irregular: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct TaskEntry {
    /// `T1`, ….
    id: String,
    task: LedgerTask,
    added: LedgerMark,
    ended: Option<TaskEnded>,
    is_overdue: bool,
    /// In the list over all matters: which.
    matter: Option<String>,
    number: Option<String>,
    title: Option<String>,
}

/// Something to be done (任务).
#[derive(Deserialize, ToSchema)]
pub(crate) struct LedgerTask {
    title: String,
    note: Option<String>,
    assignee: Option<String>,
    of_agency: Option<String>,
    due_on: Option<String>,
    about: Option<Vec<String>>,
}

#[derive(ToSchema)]
pub(crate) struct TaskEnded {
    mark: LedgerMark,
    /// `done` or `dropped`.
    how: String,
    note: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct GoodsValues {
    /// In fen, by `price_basis`.
    by_basis: BTreeMap<String, i64>,
    without_price: u64,
    is_beyond: bool,
}

#[derive(ToSchema)]
pub(crate) struct LedgerFinding {
    about: String,
    /// As in `finding` of the terms.
    what: String,
    message: Names,
}

/// A step in a ledger.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum LedgerStep {
    AddParty {
        party: Party,
    },
    CorrectParty {
        id: String,
        party: Party,
        why: String,
    },
    WithdrawParty {
        id: String,
        why: String,
    },
    AddGoods {
        goods: Goods,
    },
    CorrectGoods {
        id: String,
        goods: Goods,
        why: String,
    },
    WithdrawGoods {
        id: String,
        why: String,
    },
    MoveGoods {
        id: String,
        lot: u32,
        movement: GoodsMovement,
    },
    AddTask {
        task: LedgerTask,
    },
    ChangeTask {
        id: String,
        task: LedgerTask,
    },
    EndTask {
        id: String,
        how: String,
        note: Option<String>,
    },
    ReopenTask {
        id: String,
        why: String,
    },
    JudgeMatch {
        report: String,
        index: u32,
        suspect: String,
        work: String,
        verdict: String,
        reason: Option<String>,
    },
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct LedgerEvent {
    ledger: u32,
    mark: LedgerMark,
    steps: Vec<LedgerStep>,
}
