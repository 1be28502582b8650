//! Tests of the ledger: what is refused and why, that nothing gets lost on the way, that events make the same ledger again.
//!
//! In:  steps as JSON, as the API sends them; steps made by chance.
//! Out: nothing, or the smallest run of steps that breaks an invariant.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod chance;

use quanlian_ledger::{
    Ledger, Mark, RefusalCode, Refused, Step,
    finding::What,
    goods::Basis,
    verdict::{MAX_OF_ONE, Verdict},
};
use serde_json::{Value, json};

pub(crate) fn mark() -> Mark {
    Mark {
        at: "2024-12-20T01:30:00Z".parse().unwrap(),
        by: "culture/li".into(),
    }
}

fn steps(steps: &[Value]) -> Vec<Step> {
    steps
        .iter()
        .map(|step| serde_json::from_value(step.clone()).unwrap())
        .collect()
}

/// The ledger after these steps.
fn after(ledger: &Ledger, all: &[Value]) -> Result<Ledger, Vec<(usize, RefusalCode, Option<String>)>> {
    let told = |Refused(refusals)| {
        let one = |refusal: quanlian_ledger::Refusal| (refusal.step, refusal.code, refusal.about);
        refusals.into_iter().map(one).collect::<Vec<_>>()
    };
    let (after, event) = ledger.decide(steps(all), mark()).map_err(told)?;
    let mut again = ledger.clone();
    let kept = serde_json::to_string(&event).unwrap();
    again.apply(&serde_json::from_str(&kept).unwrap()).unwrap();
    assert_eq!(again, after, "what is kept makes the same ledger");
    Ok(after)
}

fn code(of: Result<Ledger, Vec<(usize, RefusalCode, Option<String>)>>) -> Vec<RefusalCode> {
    of.unwrap_err().into_iter().map(|(_, code, _)| code).collect()
}

fn party(name: &str) -> Value {
    json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": name}})
}

fn disks(quantity: u64) -> Value {
    json!({"name": "盗版光盘", "kind": "infringing", "quantity": quantity, "unit": "张", "measure": "seized",
        "taken_on": "2024-12-10", "found_at": "某路 1 号仓库", "from": "P1", "paper": "扣押〔2024〕1 号",
        "holder": "执法支队", "place": "支队物证室", "seal": "A001", "files": ["f1"],
        "price": {"each_fen": 1500, "basis": "sold_average", "shown_by": "账册第 3 页"}})
}

/// A suspect and 100 disks.
fn seized() -> Ledger {
    after(
        &Ledger::default(),
        &[party("张三"), json!({"do": "add_goods", "goods": disks(100)})],
    )
    .unwrap()
}

fn moved(lot: u32, kind: &str, quantity: Option<u64>, giver: &str, receiver: &str, on: &str) -> Value {
    json!({"do": "move_goods", "id": "G1", "lot": lot, "movement": {
        "kind": kind, "quantity": quantity, "on": on, "giver": giver, "receiver": receiver, "place": receiver}})
}

#[test]
fn goods_are_sampled_come_back_are_handed_over_and_destroyed() {
    let ledger = after(
        &seized(),
        &[
            moved(1, "sent", Some(2), "执法支队", "鉴定所", "2024-12-11"),
            moved(2, "taken_back", None, "鉴定所", "执法支队", "2024-12-15"),
        ],
    )
    .unwrap();
    let entry = ledger.goods().values().next().unwrap();
    let lots: Vec<(u64, &str)> = entry
        .lots
        .iter()
        .map(|lot| (lot.quantity, lot.holder.as_str()))
        .collect();
    assert_eq!(lots, [(98, "执法支队"), (2, "执法支队")]);
    let mut given = moved(1, "handed_over", Some(90), "执法支队", "公安分局", "2024-12-16");
    assert_eq!(code(after(&ledger, &[given.clone()])), [RefusalCode::GoodsPaper]);
    given["movement"]["paper"] = json!("移交〔2024〕1 号");
    let ledger = after(&ledger, &[given]).unwrap();
    let mut burnt = moved(1, "destroyed", None, "执法支队", "处置厂", "2024-12-17");
    burnt["movement"]["paper"] = json!("销毁〔2024〕1 号");
    assert_eq!(
        code(after(&ledger, &[burnt.clone()])),
        [RefusalCode::GoodsWitness]
    );
    burnt["movement"]["witness"] = json!("王五");
    let ledger = after(&ledger, &[burnt]).unwrap();
    let again = moved(1, "stored", None, "处置厂", "仓库", "2024-12-18");
    assert_eq!(code(after(&ledger, &[again])), [RefusalCode::GoodsGone]);
    assert_eq!(ledger.is_custody_complete(), Some(true));
}

#[test]
fn who_does_not_hold_goods_gives_none_unless_the_reason_stands_there_for_ever() {
    let mut given = moved(1, "stored", None, "赵六", "仓库", "2024-12-11");
    assert_eq!(
        code(after(&seized(), &[given.clone()])),
        [RefusalCode::GoodsNotHolder]
    );
    given["movement"]["irregular"] = json!("值班员代交，已补办手续");
    let ledger = after(&seized(), &[given]).unwrap();
    let today = mark().at.legal_day();
    assert_eq!(ledger.is_custody_complete(), Some(false));
    assert!(
        ledger
            .findings(today)
            .iter()
            .any(|finding| finding.what == What::Irregular && finding.about == "G1")
    );
}

#[test]
fn days_quantities_and_ways_that_cannot_be_are_refused() {
    for (step, expected) in [
        (
            moved(1, "stored", Some(101), "执法支队", "仓库", "2024-12-11"),
            RefusalCode::LotQuantity,
        ),
        (
            moved(1, "stored", Some(0), "执法支队", "仓库", "2024-12-11"),
            RefusalCode::LotQuantity,
        ),
        (
            moved(2, "stored", None, "执法支队", "仓库", "2024-12-11"),
            RefusalCode::LotUnknown,
        ),
        (
            moved(1, "stored", None, "执法支队", "仓库", "2024-12-09"),
            RefusalCode::GoodsOrder,
        ),
        (
            moved(1, "stored", None, "执法支队", "仓库", "2024-12-21"),
            RefusalCode::GoodsFuture,
        ),
        (
            moved(1, "taken_back", None, "执法支队", "仓库", "2024-12-11"),
            RefusalCode::GoodsNotOut,
        ),
        (
            moved(1, "stored", None, "执法支队", "仓\u{202e}库", "2024-12-11"),
            RefusalCode::Text,
        ),
    ] {
        assert_eq!(
            code(after(&seized(), std::slice::from_ref(&step))),
            [expected],
            "{step}"
        );
    }
    let away = after(
        &seized(),
        &[moved(1, "sent", None, "执法支队", "鉴定所", "2024-12-11")],
    )
    .unwrap();
    let on = moved(1, "stored", None, "鉴定所", "仓库", "2024-12-12");
    assert_eq!(code(after(&away, &[on])), [RefusalCode::GoodsOut]);
}

#[test]
fn every_reason_is_told_at_once_and_nothing_is_taken() {
    let refused = after(
        &Ledger::default(),
        &[
            json!({"do": "add_party", "party": {"roles": [], "kind": "legal"}}),
            party("李四"),
            json!({"do": "add_goods", "goods": disks(0)}),
            json!({"do": "end_task", "id": "T1", "how": "done"}),
        ],
    );
    let told = refused.unwrap_err();
    let codes: Vec<_> = told.iter().map(|(step, code, _)| (*step, *code)).collect();
    assert_eq!(
        codes,
        [
            (0, RefusalCode::PartyRoles),
            (0, RefusalCode::PartyNameless),
            (2, RefusalCode::GoodsQuantity),
            (3, RefusalCode::Unknown),
        ],
    );
}

#[test]
fn numbers_of_papers_are_checked_and_stand_once() {
    let with = |number: &str, despite: Option<&str>| {
        json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": "张三",
            "identifiers": [{"kind": "resident_id", "number": number}], "identifiers_despite": despite}})
    };
    let empty = Ledger::default();
    assert_eq!(
        code(after(&empty, &[with("110105194912310021", None)])),
        [RefusalCode::PartyCheckDigit]
    );
    assert!(after(&empty, &[with("110105194912310021", Some("所示证件如此"))]).is_ok());
    let twice = [with("11010519491231002X", None), with("11010519491231002X", None)];
    assert_eq!(code(after(&empty, &twice)), [RefusalCode::PartyTwice]);
    assert_eq!(
        code(after(&empty, &[with("11010519491231002x", None)])),
        [RefusalCode::PartyNumber, RefusalCode::PartyCheckDigit]
    );
    let mut company = with("11010519491231002X", None);
    company["party"]["kind"] = json!("legal");
    assert_eq!(code(after(&empty, &[company])), [RefusalCode::PartyKind]);
}

#[test]
fn nobody_acts_in_a_circle_and_who_is_referred_to_stays() {
    let ledger = after(&Ledger::default(), &[party("甲"), party("乙")]).unwrap();
    let for_other = |id: &str, other: &str| {
        json!({"do": "correct_party", "id": id, "why": "补充代理关系",
            "party": {"roles": ["agent"], "kind": "natural", "name": id, "acts_for": other}})
    };
    let ledger = after(&ledger, &[for_other("P1", "P2")]).unwrap();
    assert_eq!(
        code(after(&ledger, &[for_other("P2", "P1")])),
        [RefusalCode::PartyActsFor]
    );
    assert_eq!(
        code(after(&ledger, &[for_other("P2", "P2")])),
        [RefusalCode::PartyActsFor]
    );
    let away = |id: &str| json!({"do": "withdraw_party", "id": id, "why": "登记有误"});
    assert_eq!(code(after(&ledger, &[away("P2")])), [RefusalCode::PartyInUse]);
    let ledger = after(&ledger, &[away("P1"), away("P2")]).unwrap();
    assert_eq!(ledger.standing_parties().count(), 0);
    assert_eq!(ledger.parties().len(), 2, "it stays to be seen");
    assert_eq!(code(after(&ledger, &[away("P1")])), [RefusalCode::Unknown]);
    let ledger = after(&ledger, &[party("丙")]).unwrap();
    assert!(
        ledger.parties().contains_key(&"P3".parse().unwrap()),
        "no id is given twice"
    );
}

#[test]
fn goods_that_were_moved_keep_their_start() {
    let ledger = after(
        &seized(),
        &[moved(1, "stored", Some(10), "执法支队", "仓库", "2024-12-11")],
    )
    .unwrap();
    let correct =
        |quantity: u64| json!({"do": "correct_goods", "id": "G1", "goods": disks(quantity), "why": "复点"});
    assert_eq!(code(after(&ledger, &[correct(99)])), [RefusalCode::GoodsMoved]);
    assert!(after(&ledger, &[correct(100)]).is_ok());
    let fewer = after(&seized(), &[correct(99)]).unwrap();
    assert_eq!(fewer.goods().values().next().unwrap().lots[0].quantity, 99);
    let away = json!({"do": "withdraw_goods", "id": "G1", "why": "登记有误"});
    assert_eq!(
        code(after(&ledger, std::slice::from_ref(&away))),
        [RefusalCode::GoodsMoved]
    );
    assert_eq!(after(&seized(), &[away]).unwrap().values().without_price, 0);
}

#[test]
fn amounts_on_different_bases_are_never_added() {
    let mut marked = disks(10);
    marked["price"] = json!({"each_fen": 9900, "basis": "marked", "shown_by": "吊牌"});
    let mut unknown = disks(3);
    unknown["price"] = Value::Null;
    let add = |goods: Value| json!({"do": "add_goods", "goods": goods});
    let ledger = after(&seized(), &[add(marked), add(unknown)]).unwrap();
    let values = ledger.values();
    assert_eq!(values.by_basis[&Basis::SoldAverage].0, 150_000);
    assert_eq!(values.by_basis[&Basis::Marked].0, 99_000);
    assert_eq!(
        (values.by_basis.len(), values.without_price, values.is_beyond),
        (2, 1, false)
    );
    let mut endless = disks(1_000_000_000);
    endless["price"]["each_fen"] = json!(i64::MAX);
    assert_eq!(
        code(after(&seized(), &[add(endless.clone())])),
        [RefusalCode::GoodsPrice]
    );
    endless["price"]["each_fen"] = json!(i64::MAX / 1_000_000_000);
    let ledger = after(&seized(), &[add(endless.clone()), add(endless)]).unwrap();
    assert!(ledger.values().is_beyond, "said, and no wrong sum");
    assert!(!ledger.values().by_basis.contains_key(&Basis::SoldAverage));
}

#[test]
fn tasks_end_and_are_taken_up_again() {
    let task = json!({"do": "add_task", "task": {"title": "调取后台数据", "assignee": "li", "due_on": "2024-12-18", "about": ["P1", "G1"]}});
    let ledger = after(&seized(), &[task]).unwrap();
    let today = mark().at.legal_day();
    assert!(
        ledger
            .findings(today)
            .iter()
            .any(|finding| finding.what == What::TaskOverdue)
    );
    let end = json!({"do": "end_task", "id": "T1", "how": "done", "note": "已调取"});
    let ended = after(&ledger, std::slice::from_ref(&end)).unwrap();
    assert!(
        !ended
            .findings(today)
            .iter()
            .any(|finding| finding.what == What::TaskOverdue)
    );
    assert_eq!(code(after(&ended, &[end])), [RefusalCode::TaskEnded]);
    let again = json!({"do": "reopen_task", "id": "T1", "why": "数据不全"});
    assert_eq!(
        code(after(&ledger, std::slice::from_ref(&again))),
        [RefusalCode::TaskOpen]
    );
    assert!(after(&ended, &[again]).is_ok());
    let stranger = json!({"do": "add_task", "task": {"title": "x", "about": ["G9"]}});
    assert_eq!(code(after(&ledger, &[stranger])), [RefusalCode::Unknown]);
}

#[test]
fn what_is_not_known_is_no_step() {
    for text in [
        r#"{"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": "a", "guilty": true}}"#,
        r#"{"do": "withdraw_party", "id": "P0", "why": "x"}"#,
        r#"{"do": "withdraw_party", "id": "P01", "why": "x"}"#,
        r#"{"do": "withdraw_party", "id": "G1", "why": "x"}"#,
        r#"{"do": "delete_party", "id": "P1"}"#,
        r#"{"do": "withdraw_party", "id": "P1", "why": "x", "force": true}"#,
    ] {
        assert!(serde_json::from_str::<Step>(text).is_err(), "{text}");
    }
}

#[test]
fn every_refusal_has_words_in_both_languages_and_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> = RefusalCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(codes.len(), RefusalCode::ALL.len());
    for code in RefusalCode::ALL {
        let (zh, en) = code.texts();
        assert!(!zh.is_ascii() && en.is_ascii(), "{}", code.code());
    }
}

fn judged(index: u32, verdict: &str) -> Value {
    json!({"do": "judge_match", "report": "0190ffff-0000-7000-8000-000000000001", "index": index,
        "suspect": "曲一.opus", "work": "歌.ogg", "verdict": verdict, "reason": "听辨"})
}

#[test]
fn a_verdict_replaces_the_one_before_which_stays_to_be_seen() {
    let ledger = after(
        &Ledger::default(),
        &[judged(0, "rejected"), judged(1, "confirmed"), judged(0, "open")],
    )
    .unwrap();
    assert!(!ledger.is_empty());
    let told: Vec<(String, Verdict, Vec<Verdict>)> = ledger
        .verdicts()
        .iter()
        .map(|(key, entry)| {
            let before = entry.before.iter().map(|said| said.verdict).collect();
            (key.to_string(), entry.now.verdict, before)
        })
        .collect();
    let key = |index| format!("0190ffff-0000-7000-8000-000000000001#{index}");
    assert_eq!(
        told,
        [
            (key(0), Verdict::Open, vec![Verdict::Rejected]),
            (key(1), Verdict::Confirmed, vec![])
        ]
    );
    let first = ledger.verdicts().values().next().unwrap();
    assert_eq!(
        (first.now.mark.by.as_str(), &first.before[0].mark),
        ("culture/li", &mark())
    );
}

#[test]
fn a_line_is_of_one_suspect_and_one_work_and_is_not_judged_for_ever() {
    let mut ledger = after(&Ledger::default(), &[judged(0, "rejected")]).unwrap();
    let mut other = judged(0, "confirmed");
    other["work"] = json!("另一首.ogg");
    assert_eq!(code(after(&ledger, &[other])), [RefusalCode::MatchUnknown]);
    let mut long = judged(1, "confirmed");
    long["reason"] = json!("长".repeat(2000));
    assert_eq!(code(after(&ledger, &[long])), [RefusalCode::Text]);
    for turn in 1..MAX_OF_ONE {
        let verdict = if turn % 2 == 0 { "rejected" } else { "open" };
        ledger = after(&ledger, &[judged(0, verdict)]).unwrap();
    }
    assert_eq!(code(after(&ledger, &[judged(0, "open")])), [RefusalCode::TooMany]);
    let unread: Result<Step, _> =
        serde_json::from_value(json!({"do": "judge_match", "report": "no id", "index": 0}));
    assert!(unread.is_err());
}
