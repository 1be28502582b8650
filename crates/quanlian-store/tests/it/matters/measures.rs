//! What is counted of matters: figures over what a scope reaches, compared with plain sums.
//!
//! In:  generated agencies, people, matters with measures, grants; a figure that is asked for.
//! Out: nothing, or the smallest world in which a figure, its parts or the rows behind it differ from those added up here.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use quanlian_store::{
    Database, MatterStore, MeasureStore,
    matters::{
        Code, Grant, Projection, Scope,
        measures::{By, Days, Drawn, Measure, MeasureKind, Tally, Valued, When},
    },
};
use sea_orm::ConnectionTrait;

use super::{at, change, chief_of, code, create, grant_id, matter_id, oracle, projection};
use crate::databases::{Place, every_database_passes, holds_in_worlds};

every_database_passes! {
    figures_and_their_rows_agree_with_plain_sums
    measures_come_and_go_with_the_write
    a_sum_is_exact_beyond_what_one_column_holds
}

const NAMES: [&str; 2] = ["first", "second"];
const STATES: [&str; 3] = ["running", "met", "late"];

fn measure(kind: MeasureKind, name: &str) -> Measure {
    Measure {
        kind,
        name: code(name),
        state: None,
        from: None,
        until: None,
        due: None,
        value: None,
    }
}

/// Two, for whoever needs some.
pub(crate) fn some() -> Drawn {
    let day = |text: &str| Some(text.parse().unwrap());
    let stay = Measure {
        from: day("2024-01-31"),
        until: day("2024-02-01"),
        value: Some(1),
        ..measure(MeasureKind::Stay, "intake")
    };
    let clock = Measure {
        state: Some(code("running")),
        from: day("2024-02-01"),
        due: Some(at(-5)),
        ..measure(MeasureKind::Clock, "accept")
    };
    Drawn {
        basis: code("1"),
        words: String::new(),
        measures: vec![stay, clock],
    }
}

prop_compose! {
    fn any_measure()(
        kind in select(MeasureKind::ALL),
        name in select(&NAMES[..]),
        state in option::of(select(&STATES[..])),
        from in option::of(1..28_i8),
        month in 1..4_i8,
        until in option::of(1..28_i8),
        due in option::of(0..6_i64),
        value in option::of(-3..9_i64),
    ) -> Measure {
        let day = |day: Option<i8>| day.map(|day| quanlian_record::time::Day::new(2024, month, day).unwrap());
        Measure {
            state: state.map(code),
            from: day(from),
            until: day(until),
            due: due.map(at),
            value,
            ..measure(kind, name)
        }
    }
}

fn codes(names: &'static [&'static str]) -> impl Strategy<Value = std::collections::BTreeSet<Code>> {
    vec(select(names).prop_map(code), 0..2).prop_map(|codes| codes.into_iter().collect())
}

fn when() -> impl Strategy<Value = When> {
    let days = (option::of(1..28_i8), option::of(1..28_i8)).prop_map(|(first, last)| Days {
        first: first.map(|day| quanlian_record::time::Day::new(2024, 1, day).unwrap()),
        last: last.map(|day| quanlian_record::time::Day::new(2024, 3, day).unwrap()),
    });
    prop_oneof![
        days.clone().prop_map(When::Began),
        days.prop_map(When::Ended),
        (1..28_i8).prop_map(|day| When::Stands(quanlian_record::time::Day::new(2024, 2, day).unwrap())),
        (0..6_i64).prop_map(|now| When::Overdue(at(now))),
    ]
}

fn value() -> impl Strategy<Value = Valued> {
    prop_oneof![
        Just(Valued::One),
        Just(Valued::Own),
        select(&NAMES[..]).prop_map(|fact| Valued::Fact(code(fact))),
        (codes(&STATES[1..2]), codes(&STATES[2..])).prop_map(|(is, unknown)| Valued::State { is, unknown }),
        select(&NAMES[..]).prop_map(|act| Valued::Done([code(act)].into())),
    ]
}

prop_compose! {
    fn tally()(
        of in select(MeasureKind::ALL),
        procedures in codes(&["complaint", "transfer"]),
        names in codes(&NAMES),
        states in codes(&STATES),
        done in codes(&NAMES),
        flag in option::weighted(0.2, (select(&NAMES[..]), any::<bool>())),
        when in when(),
        value in value(),
        by in select(&[By::Whole, By::Agency, By::Procedure, By::Name, By::Month][..]),
    ) -> Tally {
        let flags = flag.map(|(fact, is)| (code(fact), is)).into_iter().collect();
        Tally { of, procedures, names, states, done, flags, when, value, by, group: None }
    }
}

#[derive(Debug, Clone)]
struct World {
    matters: Vec<(Projection, Vec<Measure>)>,
    grants: Vec<Grant>,
    people: Vec<Scope>,
    tallies: Vec<Tally>,
}

prop_compose! {
    fn world()(
        matters in vec((oracle::matter(), vec(any_measure(), 0..10)), 1..10),
    )(
        grants in vec(oracle::any_grant(matters.len() as u64), 0..10),
        matters in Just(matters),
        people in vec(oracle::person(), 1..5),
        tallies in vec(tally(), 1..6),
    ) -> World {
        let mut matters: Vec<(Projection, Vec<Measure>)> = matters;
        for (_, measures) in &mut matters {
            // A fact is on file once.
            let mut seen = std::collections::BTreeSet::new();
            measures.retain(|one| one.kind != MeasureKind::Fact || seen.insert(one.name.clone()));
        }
        World { matters, grants, people, tallies }
    }
}

/// Whether a measure counts, as a person would say it.
fn counts(tally: &Tally, of: &Projection, measures: &[Measure], one: &Measure) -> bool {
    let among = |codes: &std::collections::BTreeSet<Code>, code: Option<&Code>| {
        codes.is_empty() || code.is_some_and(|code| codes.contains(code))
    };
    let within = |day: Option<quanlian_record::time::Day>, days: Days| {
        days.first.is_none_or(|first| day.is_some_and(|day| day >= first))
            && days.last.is_none_or(|last| day.is_none_or(|day| day <= last))
    };
    let is_in_time = match tally.when {
        When::Began(days) => within(one.from, days),
        When::Ended(days) => one.until.is_some() && within(one.until, days),
        When::Stands(on) => {
            one.from.is_none_or(|from| from <= on) && one.until.is_none_or(|until| until > on)
        }
        When::Overdue(now) => {
            one.kind == MeasureKind::Clock
                && one.state == Some(code("running"))
                && one.due.is_some_and(|due| due <= now)
        }
    };
    one.kind == tally.of
        && among(&tally.procedures, Some(&of.procedure))
        && among(&tally.names, Some(&one.name))
        && among(&tally.states, one.state.as_ref())
        && (tally.done.is_empty() || is_done(&tally.done, measures))
        && tally
            .flags
            .iter()
            .all(|(name, is)| fact(name, measures) == Some(i64::from(*is)))
        && is_in_time
}

fn is_done(acts: &std::collections::BTreeSet<Code>, measures: &[Measure]) -> bool {
    measures
        .iter()
        .any(|one| one.kind == MeasureKind::Act && acts.contains(&one.name))
}

fn fact(name: &Code, measures: &[Measure]) -> Option<i64> {
    measures
        .iter()
        .find(|one| one.kind == MeasureKind::Fact && one.name == *name)?
        .value
}

fn value_of(tally: &Tally, measures: &[Measure], one: &Measure) -> Option<i64> {
    match &tally.value {
        Valued::One => Some(1),
        Valued::Own => one.value,
        Valued::Fact(name) => fact(name, measures),
        Valued::State { is, unknown } => {
            let state = one.state.as_ref()?;
            (!unknown.contains(state)).then(|| i64::from(is.contains(state)))
        }
        Valued::Done(acts) if acts.is_empty() => {
            Some(i64::from(measures.iter().any(|one| one.kind == MeasureKind::Act)))
        }
        Valued::Done(acts) => Some(i64::from(is_done(acts, measures))),
    }
}

fn group_of(tally: &Tally, of: &Projection, one: &Measure) -> Option<String> {
    let month = |day: Option<quanlian_record::time::Day>| {
        let key = day.map_or(0, |day| i64::from(day.year()) * 100 + i64::from(day.month()));
        key.to_string()
    };
    match tally.by {
        By::Whole => None,
        By::Agency => Some(of.owner_agency.to_string()),
        By::Procedure => Some(of.procedure.to_string()),
        By::Name => Some(one.name.to_string()),
        By::Month => Some(match tally.when {
            When::Ended(_) => month(one.until),
            _ => month(one.from),
        }),
    }
}

type Behind = (quanlian_record::id::MatterId, Option<String>, Option<i64>);

async fn rows_of(store: &Database, who: &Scope, tally: &Tally) -> Vec<Behind> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.measured_rows(who, tally, after, 3).await.unwrap();
        all.extend(
            page.iter()
                .map(|row| (row.matter.id, row.group.clone(), row.value)),
        );
        after = page.last().map(|row| row.place);
        if page.len() < 3 {
            return all;
        }
    }
}

async fn agrees(store: &Database, world: &World, grants: &[Grant]) -> Result<(), TestCaseError> {
    for who in &world.people {
        for tally in &world.tallies {
            let mut wanted: Vec<Behind> = Vec::new();
            for (n, (of, measures)) in world.matters.iter().enumerate() {
                if oracle::may_see(who, n, of, grants) {
                    let counted = measures.iter().filter(|one| counts(tally, of, measures, one));
                    wanted.extend(counted.map(|one| {
                        (
                            matter_id(n as u64),
                            group_of(tally, of, one),
                            value_of(tally, measures, one),
                        )
                    }));
                }
            }
            let mut sums: BTreeMap<Option<String>, (u64, u64, i128)> = BTreeMap::new();
            let mut bins: BTreeMap<(Option<String>, Option<i64>), u64> = BTreeMap::new();
            for (_, group, value) in &wanted {
                let sum = sums.entry(group.clone()).or_default();
                match value {
                    Some(value) => *sum = (sum.0 + 1, sum.1, sum.2 + i128::from(*value)),
                    None => sum.1 += 1,
                }
                *bins.entry((group.clone(), *value)).or_default() += 1;
            }
            let told = store.summed(who, tally).await.unwrap();
            let told: BTreeMap<_, _> = told
                .into_iter()
                .map(|one| (one.group, (one.known, one.missing, one.sum)))
                .collect();
            prop_assert_eq!(&told, &sums, "{:?} sums", who);
            let told = store.valued(who, tally).await.unwrap();
            let told: BTreeMap<_, _> = told
                .into_iter()
                .map(|bin| ((bin.group, bin.value), bin.rows))
                .collect();
            prop_assert_eq!(told, bins, "{:?} values", who);
            let mut rows = rows_of(store, who, tally).await;
            rows.sort();
            wanted.sort();
            prop_assert_eq!(&rows, &wanted, "{:?} rows", who);
            // Each part by itself is the part of the whole.
            for group in sums.keys().flatten() {
                let part = Tally {
                    group: Some(group.clone()),
                    ..tally.clone()
                };
                let mut rows = rows_of(store, who, &part).await;
                rows.sort();
                let wanted: Vec<Behind> = wanted
                    .iter()
                    .filter(|row| row.1.as_ref() == Some(group))
                    .cloned()
                    .collect();
                prop_assert_eq!(rows, wanted);
            }
        }
    }
    Ok(())
}

async fn holds(store: &Database, world: &World) -> Result<(), TestCaseError> {
    let measured = |rows: &[Measure]| {
        Some(Drawn {
            basis: code("1"),
            words: String::new(),
            measures: rows.to_vec(),
        })
    };
    let mut versions = Vec::new();
    for (n, (of, measures)) in world.matters.iter().enumerate() {
        let mut given = change(&format!("k{n}"), of);
        // What is measured later stands like what came with the write.
        given.drawn = (n % 3 != 2).then(|| measured(measures).unwrap());
        let version = create(store, n as u64, &given).await.unwrap().version;
        if n % 3 == 2 {
            let later = measured(measures).unwrap();
            let is_done = store.put_drawn(matter_id(n as u64), version, &later).await;
            prop_assert!(is_done.unwrap());
        }
        versions.push(version);
    }
    let mut grants = world.grants.clone();
    for (n, grant) in grants.iter_mut().enumerate() {
        grant.id = grant_id(n as u64);
        store.grant(grant).await.unwrap();
    }
    agrees(store, world, &grants).await?;
    // Then every matter is another's: of the next owner, unit and measures in the list.
    let mut next = world.clone();
    next.matters.rotate_left(1);
    for (n, (of, measures)) in next.matters.iter().enumerate() {
        let mut given = change(&format!("then{n}"), of);
        given.drawn = measured(measures);
        store
            .append_events(matter_id(n as u64), versions[n], &given)
            .await
            .unwrap();
    }
    agrees(store, &next, &grants).await
}

async fn figures_and_their_rows_agree_with_plain_sums(_: &Database, place: &Place) {
    holds_in_worlds(place, world(), async |store: &Database, world: &World| {
        holds(store, world).await
    })
    .await;
}

fn overdue() -> Tally {
    Tally {
        of: MeasureKind::Clock,
        procedures: [].into(),
        names: [].into(),
        states: [].into(),
        done: [].into(),
        flags: [].into(),
        when: When::Overdue(at(0)),
        value: Valued::One,
        by: By::Whole,
        group: None,
    }
}

async fn measures_come_and_go_with_the_write(store: &Database, place: &Place) {
    let count = async || {
        let sums = store.summed(&chief_of("culture"), &overdue()).await.unwrap();
        sums.iter().map(|one| one.known).sum::<u64>()
    };
    let undrawn = async |basis: &str| {
        let found = store.undrawn(&code(basis), None, 10).await.unwrap();
        found.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let mut given = change("a", &projection());
    given.drawn = Some(some());
    let first = create(store, 1, &given).await.unwrap().version;
    let plain = create(store, 2, &change("b", &projection()))
        .await
        .unwrap()
        .version;
    assert_eq!(count().await, 1);
    assert_eq!(undrawn("1").await, [matter_id(2)]);
    assert_eq!(
        undrawn("2").await,
        [matter_id(1), matter_id(2)],
        "other rules, other measures"
    );
    let behind = store.undrawn(&code("2"), Some(matter_id(1)), 10).await.unwrap();
    assert_eq!(
        behind.iter().map(|one| one.id).collect::<Vec<_>>(),
        [matter_id(2)]
    );

    // Of a version that is past, nothing is kept.
    assert!(!store.put_drawn(matter_id(2), first, &some()).await.unwrap());
    assert!(store.put_drawn(matter_id(2), plain, &some()).await.unwrap());
    assert_eq!(count().await, 2);

    // A write that was refused leaves the measures; one that measures nothing takes them away.
    let mut refused = change("c", &projection());
    refused.drawn = None;
    store
        .append_events(matter_id(1), plain, &refused)
        .await
        .unwrap_err();
    assert_eq!(count().await, 2);
    let done = store
        .append_events(matter_id(1), first, &change("d", &projection()))
        .await;
    let version = done.unwrap().version;
    assert_eq!((count().await, undrawn("1").await), (1, vec![matter_id(1)]));

    // More than goes into one statement, and then fewer again.
    let mut many = change("e", &projection());
    let clock = some().measures[1].clone();
    many.drawn = Some(Drawn {
        basis: code("1"),
        words: String::new(),
        measures: vec![clock; 2500],
    });
    let done = store.append_events(matter_id(1), version, &many).await;
    assert_eq!(count().await, 2501);
    let mut few = change("f", &projection());
    few.drawn = Some(some());
    store
        .append_events(matter_id(1), done.unwrap().version, &few)
        .await
        .unwrap();
    assert_eq!(count().await, 2);
    let raw = place.raw().await;
    let sql = "SELECT count(*) AS n FROM matter_measures";
    let row = raw.query_one_raw(sea_orm::Statement::from_string(raw.get_database_backend(), sql));
    let rows: i64 = row.await.unwrap().unwrap().try_get("", "n").unwrap();
    assert_eq!(rows, 6, "two matters, each with two measures and their basis");
    let agencies = store.summed(&chief_of("police"), &overdue()).await.unwrap();
    assert_eq!(agencies, []);
}

async fn a_sum_is_exact_beyond_what_one_column_holds(store: &Database, _: &Place) {
    let values = [i64::MAX, i64::MAX, i64::MAX - 1, -5, i64::MIN + 7, 1 << 40];
    for (n, value) in (1_u64..).zip(values) {
        let mut given = change(&format!("k{n}"), &projection());
        let row = Measure {
            value: Some(value),
            ..some().measures[0].clone()
        };
        given.drawn = Some(Drawn {
            basis: code("1"),
            words: String::new(),
            measures: vec![row],
        });
        create(store, n, &given).await.unwrap();
    }
    let tally = Tally {
        of: MeasureKind::Stay,
        when: When::Ended(Days::default()),
        value: Valued::Own,
        ..overdue()
    };
    let sums = store.summed(&chief_of("culture"), &tally).await.unwrap();
    assert_eq!(
        sums[0].sum,
        values.iter().map(|value| i128::from(*value)).sum::<i128>()
    );
}
