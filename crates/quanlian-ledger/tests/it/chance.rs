//! Steps by chance: whatever is sent, goods are conserved, refused steps change nothing, events make the same ledger again.

use proptest::{collection::vec, option, prelude::*, sample::select};
use quanlian_ledger::{Ledger, Step, goods::MovementKind};
use serde_json::{Value, json};

use crate::mark;

const PEOPLE: [&str; 3] = ["甲", "乙", "丙"];

fn goods() -> impl Strategy<Value = Value> {
    (0_u64..6, 1_u32..29, option::of(1_u32..3), select(&PEOPLE[..])).prop_map(|(quantity, day, from, holder)| {
        json!({"name": "物", "kind": "tool", "quantity": quantity, "unit": "件", "measure": "seized", "found_at": "处",
            "taken_on": format!("2024-12-{day:02}"), "from": from.map(|id| format!("P{id}")), "holder": holder, "place": "库"})
    })
}

fn movement() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> = MovementKind::ALL.iter().map(|kind| kind.term().word).collect();
    let who = (
        select(&PEOPLE[..]),
        select(&PEOPLE[..]),
        any::<bool>(),
        any::<bool>(),
    );
    (select(kinds), option::of(0_u64..5), 1_u32..29, who).prop_map(
        |(kind, quantity, day, (giver, receiver, has_paper, is_irregular))| {
            json!({"kind": kind, "quantity": quantity, "on": format!("2024-12-{day:02}"), "giver": giver, "receiver": receiver,
                "place": "库", "paper": has_paper.then_some("文书"), "witness": has_paper.then_some("证人"),
                "irregular": is_irregular.then_some("补办")})
        },
    )
}

fn step() -> impl Strategy<Value = Value> {
    let id = || 1_u32..4;
    let party = (select(&PEOPLE[..]), option::of(id())).prop_map(|(name, acts_for)| {
        json!({"roles": ["agent"], "kind": "natural", "name": name, "acts_for": acts_for.map(|id| format!("P{id}"))})
    });
    let party = party.boxed();
    prop_oneof![
        1 => party.clone().prop_map(|party| json!({"do": "add_party", "party": party})),
        1 => (id(), party).prop_map(|(id, party)| json!({"do": "correct_party", "id": format!("P{id}"), "party": party, "why": "改"})),
        1 => id().prop_map(|id| json!({"do": "withdraw_party", "id": format!("P{id}"), "why": "误"})),
        3 => goods().prop_map(|goods| json!({"do": "add_goods", "goods": goods})),
        1 => (id(), goods()).prop_map(|(id, goods)| json!({"do": "correct_goods", "id": format!("G{id}"), "goods": goods, "why": "改"})),
        1 => id().prop_map(|id| json!({"do": "withdraw_goods", "id": format!("G{id}"), "why": "误"})),
        8 => (id(), 1_u32..4, movement())
            .prop_map(|(id, lot, movement)| json!({"do": "move_goods", "id": format!("G{id}"), "lot": lot, "movement": movement})),
        1 => (id(), any::<bool>()).prop_map(|(id, is_goods)| {
            let about = if is_goods { format!("G{id}") } else { format!("P{id}") };
            json!({"do": "add_task", "task": {"title": "事", "about": [about]}})
        }),
        1 => id().prop_map(|id| json!({"do": "end_task", "id": format!("T{id}"), "how": "done"})),
        1 => id().prop_map(|id| json!({"do": "reopen_task", "id": format!("T{id}"), "why": "再办"})),
        2 => (0_u32..3, select(vec!["confirmed", "rejected", "open"])).prop_map(|(index, verdict)| json!({"do": "judge_match",
            "report": "0190ffff-0000-7000-8000-000000000001", "index": index, "suspect": "甲", "work": "乙", "verdict": verdict})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_gets_lost_on_the_way(all in vec(step(), 1..60)) {
        let (mut ledger, mut events) = (Ledger::default(), Vec::new());
        for value in &all {
            let step: Step = serde_json::from_value(value.clone()).unwrap();
            match ledger.decide(vec![step], mark()) {
                Ok((after, event)) => {
                    ledger = after;
                    events.push(event);
                }
                Err(refused) => prop_assert!(!refused.0.is_empty()),
            }
            for entry in ledger.goods().values() {
                let together: u64 = entry.lots.iter().map(|lot| lot.quantity).sum();
                prop_assert_eq!(together, entry.goods.quantity);
                // Whatever is there now was brought by a movement or never moved, and no lot moved after its end.
                for lot in &entry.lots {
                    let own: Vec<_> = entry.movements.iter().filter(|moved| moved.to_lot == lot.number).collect();
                    let ends = own.iter().filter(|moved| moved.movement.kind.is_end()).count();
                    prop_assert!(ends <= 1);
                    prop_assert!(own.is_sorted_by_key(|moved| moved.movement.on));
                }
            }
        }
        let mut again = Ledger::default();
        for event in &events {
            again.apply(event).unwrap();
        }
        prop_assert_eq!(&again, &ledger);
        // At once or one after the other is the same.
        let steps: Vec<Step> = events.iter().flat_map(|event| event.steps.clone()).collect();
        prop_assert_eq!(Ledger::default().decide(steps, mark()).unwrap().0, ledger);
    }
}
