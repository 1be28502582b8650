//! What must always hold, on random walks through every shipped procedure.
//!
//! In:  random choices of acts, days between them, and damage to stored events.
//! Out: nothing.
//!
//! Invariant under test: what is decided is accepted; replay gives the same matter; a closed matter is only reopened or
//! corrected; from wherever a walk has led, an end can be reached in a bounded number of acts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quanlian_procedure::{ActKind, Actor, Context, Engine, Event, Opening, Procedure, Procedures};
use quanlian_record::time::Timestamp;

use super::{
    LAW, PROCEDURES, engine,
    general::{SMALL, load},
    kit::{Story, at, open_with_everything},
};

const MICROS_PER_DAY: i64 = 24 * 3_600_000_000;
/// More acts than any shipped procedure needs from any stage to an end.
const MAX_ACTS_TO_END: usize = 30;

fn later(now: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_unix_micros(now.unix_micros() + days * MICROS_PER_DAY).unwrap()
}

/// Steps from each stage to the nearest closed one, by steps alone.
fn distances(procedure: &Procedure) -> BTreeMap<&str, usize> {
    let closed = procedure
        .stage
        .iter()
        .filter(|stage| procedure.is_closed(&stage.id));
    let mut known: BTreeMap<&str, usize> = closed.map(|stage| (stage.id.as_str(), 0)).collect();
    for round in 1..=procedure.stage.len() {
        for act in procedure
            .act
            .iter()
            .filter(|act| matches!(act.kind, ActKind::Step | ActKind::Transfer))
        {
            let leads = act
                .to
                .as_deref()
                .and_then(|to| known.get(to))
                .is_some_and(|steps| *steps < round);
            for stage in procedure
                .stage
                .iter()
                .filter(|stage| leads && procedure.allows(act, &stage.id))
            {
                known.entry(&stage.id).or_insert(round);
            }
        }
    }
    known
}

/// Takes the matter to an end, nearest first; says how many acts that took.
fn to_the_end(story: &mut Story<'_>, now: &mut Timestamp) -> usize {
    let procedure = story.procedure;
    let known = distances(procedure);
    for count in 0..MAX_ACTS_TO_END {
        if story.matter.is_closed(procedure) {
            return count;
        }
        let mut acts: Vec<_> = procedure
            .act
            .iter()
            .filter(|act| match story.matter.suspended {
                Some(_) => act.kind == ActKind::Resume,
                None => matches!(act.kind, ActKind::Step | ActKind::Transfer) && act.to.is_some(),
            })
            .filter(|act| procedure.allows(act, &story.matter.stage))
            .collect();
        acts.sort_by_key(|act| {
            act.to
                .as_deref()
                .and_then(|to| known.get(to))
                .copied()
                .unwrap_or(usize::MAX)
        });
        let done = acts
            .iter()
            .any(|act| story.perform_somehow(&act.id, now, 3).is_ok());
        assert!(
            done,
            "{}: nothing leads out of {}",
            procedure.id, story.matter.stage
        );
        *now = later(*now, 1);
    }
    panic!("{}: no end within {MAX_ACTS_TO_END} acts", procedure.id);
}

fn walk(story: &mut Story<'_>, choices: &[(usize, i64)]) -> Timestamp {
    let procedure = story.procedure;
    let mut now = story.matter.recorded_at;
    for (choice, days) in choices {
        now = later(now, *days);
        let acts: Vec<_> = procedure
            .act
            .iter()
            .filter(|act| act.kind != ActKind::Open)
            .collect();
        let act = acts[choice % acts.len()];
        let closed = story.matter.is_closed(procedure);
        let before = story.matter.stage.clone();
        let result = story.perform(&act.id, now);
        if closed && result.is_ok() {
            assert!(
                matches!(act.kind, ActKind::Reopen | ActKind::Correct),
                "{} in closed {before}",
                act.id
            );
        }
        // Whatever was called possible is not refused for anything but its form.
        let context =
            quanlian_procedure::Context::now(now, quanlian_procedure::Actor::new("nobody", "none", &[]));
        let seen = story.engine.available(&story.matter, &context).unwrap();
        assert!(
            seen.iter().all(|act| !act.possible),
            "somebody without any role can do nothing"
        );
        // Clocks can always be shown.
        story.engine.clocks(&story.matter, now).unwrap();
    }
    now
}

fn procedures() -> Vec<&'static Procedure> {
    PROCEDURES.iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn random_walks_replay_and_end(
        which in 0_usize..9,
        choices in prop::collection::vec((0_usize..60, 0_i64..12), 0..40),
    ) {
        let procedure = procedures()[which];
        let mut story = open_with_everything(engine(), procedure, at("2024-01-08 09:30"));
        let mut now = walk(&mut story, &choices);
        story.close();
        let acts = to_the_end(&mut story, &mut now);
        prop_assert!(acts <= MAX_ACTS_TO_END);
        story.close();
    }

    #[test]
    fn a_small_procedure_with_every_general_act_holds_too(
        choices in prop::collection::vec((0_usize..60, 0_i64..12), 0..60),
    ) {
        let loaded = load(&[("small.v1.toml", SMALL)]).unwrap();
        let procedure = loaded.get("small", 1).unwrap();
        let mut story = open_with_everything(Engine::new(&loaded, &LAW), procedure, at("2024-01-08 09:30"));
        let mut now = walk(&mut story, &choices);
        to_the_end(&mut story, &mut now);
        story.close();
    }

    #[test]
    fn a_damaged_stream_is_refused_or_is_another_matter_and_never_panics(
        which in 0_usize..9, event in 0_usize..10, at_byte in 0_usize..5_000, byte in 32_u8..127,
    ) {
        let procedure = procedures()[which];
        let mut story = open_with_everything(engine(), procedure, at("2024-01-08 09:30"));
        let mut now = at("2024-01-09 09:30");
        to_the_end(&mut story, &mut now);
        let mut json: Vec<Vec<u8>> = story.events.iter().map(|event| serde_json::to_vec(event).unwrap()).collect();
        let event = event % json.len();
        let at_byte = at_byte % json[event].len();
        json[event][at_byte] = byte;
        let read: Result<Vec<Event>, _> = json.iter().map(|bytes| Event::from_json(bytes)).collect();
        if let Ok(read) = read
            && let Ok(matter) = story.engine.replay(&read)
        {
            // A user, a reason or a day may read otherwise; the stage may not.
            prop_assert_eq!(matter.stage, story.matter.stage);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_or_runs_and_never_panics(
        damage in prop::collection::vec((0_usize..6_000, 32_u8..127), 1..4),
        choices in prop::collection::vec((0_usize..60, 0_i64..12), 0..20),
    ) {
        let mut bytes = SMALL.as_bytes().to_vec();
        for (at_byte, byte) in damage {
            let at_byte = at_byte % bytes.len();
            bytes[at_byte] = byte;
        }
        let Ok(loaded) = Procedures::from_files([("small.v1.toml".to_owned(), bytes)]) else { return Ok(()) };
        loaded.check(&LAW);
        let procedure = loaded.get("small", 1).unwrap();
        let act = procedure.opening().unwrap();
        let actor = Actor::new("h", "a", &[act.roles[0].as_str()]);
        let context = Context::now(at("2024-01-08 09:30"), actor);
        let opening = Opening { matter: "S".into(), procedure: "small".into(), version: Some(1), ..Opening::default() };
        let engine = Engine::new(&loaded, &LAW);
        if let Ok(mut story) = Story::opened(engine, procedure, &opening, &context) {
            for (choice, days) in choices {
                let now = later(story.matter.recorded_at, days);
                let acts: Vec<_> = procedure.act.iter().filter(|act| act.kind != ActKind::Open).collect();
                let _ = story.perform(&acts[choice % acts.len()].id, now);
                // A rule of law that is not there is an error, not a panic.
                let _ = story.engine.clocks(&story.matter, now);
            }
            story.close();
        }
    }

    #[test]
    fn dropping_doubling_or_swapping_events_is_noticed(which in 0_usize..9, at_event in 0_usize..30, how in 0_u8..3) {
        let procedure = procedures()[which];
        let mut story = open_with_everything(engine(), procedure, at("2024-01-08 09:30"));
        let mut now = at("2024-01-09 09:30");
        to_the_end(&mut story, &mut now);
        let mut events = story.events.clone();
        let at_event = at_event % events.len();
        match how {
            // Dropping the last leaves an earlier state, which is no damage that a stream can show by itself.
            0 => { events.remove(at_event % (events.len() - 1)); }
            1 => events.insert(at_event, events[at_event].clone()),
            _ => { let other = (at_event + 1) % events.len(); events.swap(at_event, other); }
        }
        prop_assert!(events == story.events || story.engine.replay(&events).is_err());
    }
}

#[test]
fn a_walk_visits_every_act_of_the_small_procedure() {
    // The walks would prove nothing if their acts were always refused.
    let loaded = load(&[("small.v1.toml", SMALL)]).unwrap();
    let procedure = loaded.get("small", 1).unwrap();
    let mut done = std::collections::BTreeSet::new();
    for seed in 0..40_usize {
        let mut story = open_with_everything(Engine::new(&loaded, &LAW), procedure, at("2024-01-08 09:30"));
        let choices: Vec<(usize, i64)> = (0..40)
            .map(|n| ((seed * 31 + n * 7 + n * n * seed) % 60, 1))
            .collect();
        walk(&mut story, &choices);
        done.extend(
            story
                .matter
                .history
                .into_iter()
                .filter(|past| past.what == "acted")
                .filter_map(|past| past.act),
        );
    }
    let all: std::collections::BTreeSet<String> = procedure.act.iter().map(|act| act.id.clone()).collect();
    let never: Vec<&String> = all.difference(&done).collect();
    assert_eq!(
        never,
        ["begin", "extend", "upgrade"],
        "the opening, and acts that the walk has nothing to give for"
    );
}
