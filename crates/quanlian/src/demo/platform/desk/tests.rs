//! The desk is played by the engine of procedures alone, on many days: no step is refused on any of them, and all lights are there.
//!
//! In:  the tables; a day for today.
//! Out: nothing, or the step that could not be taken on that day.

use quanlian_law::RuleBook;
use quanlian_procedure::{Actor, ClockState, Command, Context, Engine, Light, Matter as Engined, Opening};
use quanlian_record::time::{Day, Timestamp};

use super::*;

/// The evening of a day, so that everything of the day has happened.
fn evening(day: Day) -> Timestamp {
    let begin = Timestamp::start_of_legal_day(day).unwrap().unix_micros();
    Timestamp::from_unix_micros(begin + 20 * 3_600_000_000).unwrap()
}

fn actor(login: &str) -> Actor {
    let person = people::known(login).unwrap_or_else(|| panic!("nobody is called {login}"));
    Actor::new(person.login, person.agency, person.roles)
}

fn context(now: Timestamp, by: &str, with: &[String], happened: &str) -> Context {
    let mut context = Context::now(now, actor(by));
    context.with = with.iter().map(|login| actor(login)).collect();
    context.happened = (!happened.is_empty()).then(|| happened.parse().unwrap());
    context
}

/// All matters of the desk as they stand on a day.
fn played(engine: &Engine<'_>, procedures: &Procedures, today: Day) -> Vec<(String, Engined)> {
    let (days, now) = (Days { today }, evening(today));
    let (mut ids, mut matters) = (BTreeMap::new(), Vec::new());
    for (number, row) in rows().unwrap().iter().enumerate() {
        let filling = Filling {
            procedure: of_row(procedures, row, days).unwrap(),
            days,
            number,
            ids: &ids,
        };
        let opening = Opening {
            matter: row.key.clone(),
            procedure: row.procedure.clone(),
            version: None,
            agency: None,
            parent: row.parent.clone(),
            given: serde_json::from_value(Value::Object(filling.opening(row).unwrap())).unwrap(),
        };
        let at = context(now, &row.by, &row.with, &days.moment(row.day, 0).unwrap());
        let events = engine.open(&opening, &at);
        let events = events.unwrap_or_else(|refusal| panic!("{today} {}: {refusal:?}", row.key));
        let mut matter = engine.replay(&events).unwrap();
        for (place, step) in row.steps.iter().enumerate() {
            let proposal = || *matter.proposals.keys().next().expect("something is proposed");
            let command = if let Some(act) = &step.act {
                let mut given = filling.act(act, step).unwrap();
                for paper in &step.sets {
                    let papers = given.entry("papers").or_insert_with(|| json!({}));
                    papers[paper] = json!("file:set");
                }
                let given = serde_json::from_value(Value::Object(given)).unwrap();
                Command::Act {
                    act: act.clone(),
                    given,
                }
            } else if step.endorse {
                Command::Endorse { proposal: proposal() }
            } else {
                continue;
            };
            let at = context(
                now,
                &step.by,
                &step.with,
                &days.moment(step.day, place + 1).unwrap(),
            );
            let events = engine.decide(&matter, &command, &at);
            let events = events
                .unwrap_or_else(|refusal| panic!("{today} {} step {}: {refusal:?}", row.key, place + 1));
            for event in &events {
                matter = engine.apply(&matter, event).unwrap();
            }
        }
        ids.insert(row.key.clone(), row.key.clone());
        matters.push((row.key.clone(), matter));
    }
    matters
}

/// Weekends, holidays, the turn of the year and days of which no calendar is published yet.
#[test]
fn on_whatever_day_it_is_made_nothing_is_refused_and_every_light_is_lit() {
    let (procedures, law) = (Procedures::embedded().unwrap(), RuleBook::embedded().unwrap());
    let engine = Engine::new(&procedures, &law);
    let mut day: Day = "2026-01-01".parse().unwrap();
    let last: Day = "2027-03-01".parse().unwrap();
    while day < last {
        let now = evening(day);
        let (mut lights, mut states) = (Vec::new(), Vec::new());
        for (key, matter) in played(&engine, &procedures, day) {
            for clock in engine.clocks(&matter, now).unwrap() {
                lights.push((clock.light, key.clone()));
                states.push(clock.state);
            }
        }
        for wanted in [Light::Green, Light::Yellow, Light::Red] {
            assert!(
                lights.iter().any(|(light, _)| *light == wanted),
                "{day}: no {wanted:?}"
            );
        }
        for wanted in [ClockState::Running, ClockState::Overdue, ClockState::Met] {
            assert!(states.contains(&wanted), "{day}: no clock is {wanted:?}");
        }
        day = day.checked_add(jiff::Span::new().days(6)).unwrap();
    }
}

#[test]
fn matters_stand_at_many_stages_of_every_procedure() {
    let (procedures, law) = (Procedures::embedded().unwrap(), RuleBook::embedded().unwrap());
    let engine = Engine::new(&procedures, &law);
    let matters = played(&engine, &procedures, "2026-11-24".parse().unwrap());
    let found: std::collections::BTreeSet<&str> = matters
        .iter()
        .map(|(_, matter)| matter.procedure.as_str())
        .collect();
    let all: std::collections::BTreeSet<&str> =
        procedures.iter().map(|procedure| procedure.id.as_str()).collect();
    assert_eq!(found, all);
    let stage = |key: &str| {
        let (_, matter) = matters.iter().find(|(found, _)| found == key).unwrap();
        (matter.stage.as_str(), matter.proposals.len())
    };
    for (key, wanted) in [
        ("illustration", ("received", 0)),
        ("audio-book", ("supplementing", 0)),
        ("recipe", ("not_accepted", 0)),
        ("phone-case", ("received", 1)),
        ("course", ("accepted", 1)),
        ("mooncake", ("not_filed_untold", 0)),
        ("radio-play", ("reviewing", 1)),
        ("headset", ("deciding", 1)),
        ("anthology", ("accepted", 1)),
        ("operation-next", ("planning", 1)),
        ("film-site", ("serving", 0)),
        ("liquor", ("penalised", 0)),
        ("drama", ("deciding", 0)),
        ("bearing", ("handed_over", 0)),
        ("cigarette-case", ("police_reviewing", 1)),
        ("e-book", ("supplementing", 0)),
        ("game-server", ("under_supervision", 0)),
        ("supervision-game", ("reviewing", 1)),
        ("supervision-cosmetics", ("asked", 0)),
        ("down-jacket", ("goods_due", 0)),
        ("operation", ("ready", 0)),
        ("dispute", ("reported", 0)),
        ("notice-song", ("notified", 0)),
        ("court-headset", ("judged", 0)),
    ] {
        assert_eq!(stage(key), wanted, "{key}");
    }
}
