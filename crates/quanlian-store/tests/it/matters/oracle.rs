//! Who sees what, compared with a plain account of the rules.
//!
//! In:  generated agencies, units, people, matters and grants (in force, expired, revoked, yet to come, standing).
//! Out: nothing, or the smallest world in which a list, a count or a single look differs from the rules as written here.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};
use quanlian_store::{
    Database, MatterStore,
    matters::{
        Actions, Direction, Grant, GrantItem, Grantee, MatterFilter, MatterQuery, Projection, Reach, Scope,
        Sort, UnitCode, UserCode,
    },
};

use super::{agency, at, change, code, create, grant_id, matter_id, projection, sharing};
use crate::databases::{Place, every_database_passes, holds_in_worlds};

every_database_passes! {
    lists_counts_and_looks_agree_with_the_rules
}

const AGENCIES: [&str; 3] = ["culture", "police", "court"];
const UNITS: [&str; 2] = ["u1", "u2"];
const USERS: [&str; 3] = ["li", "wang", "zhao"];
const PROCEDURES: [&str; 2] = ["complaint", "transfer"];

#[derive(Debug, Clone)]
struct World {
    matters: Vec<Projection>,
    grants: Vec<Grant>,
    people: Vec<Scope>,
    sort: Sort,
    direction: Direction,
    filter: MatterFilter,
}

pub(super) fn unit() -> impl Strategy<Value = Option<UnitCode>> {
    option::of(select(&UNITS[..]).prop_map(|unit| unit.parse().unwrap()))
}

pub(super) fn user() -> impl Strategy<Value = UserCode> {
    select(&USERS[..]).prop_map(|user| user.parse().unwrap())
}

prop_compose! {
    pub(super) fn matter()(
        owner in select(&AGENCIES[..]),
        owner_unit in unit(),
        handlers in vec(user(), 0..3),
        procedure in select(&PROCEDURES[..]),
        amount_fen in option::of(0..3_i64),
        due in option::of(1..4_u8),
    ) -> Projection {
        Projection {
            procedure: code(procedure),
            owner_agency: agency(owner),
            owner_unit,
            handlers: handlers.into_iter().collect(),
            amount_fen,
            due_on: due.map(|day| format!("2025-01-0{day}").parse().unwrap()),
            ..projection()
        }
    }
}

prop_compose! {
    pub(super) fn any_grant(matters: u64)(
        matter in option::weighted(0.7, 0..matters),
        procedure in option::of(select(&PROCEDURES[..])),
        of in select(&AGENCIES[..]),
        to in select(&AGENCIES[..]),
        unit in unit(),
        user in option::of(user()),
        bits in 1..8_u32,
        from in 0..4_i64,
        until in option::of(0..6_i64),
        revoked in option::of(0..6_i64),
    ) -> Grant {
        let item = match matter {
            Some(n) => GrantItem::Matter(matter_id(n)),
            None => GrantItem::Standing { procedure: procedure.map(code) },
        };
        Grant {
            item,
            of_agency: agency(of),
            to: Grantee { agency: agency(to), unit, user },
            actions: Actions::from_bits(bits),
            granted_at: at(from),
            until: until.map(at),
            revoked_at: revoked.map(at),
            ..sharing::grant(0, matter_id(0), to)
        }
    }
}

prop_compose! {
    pub(super) fn person()(
        of in select(&AGENCIES[..]),
        unit in unit(),
        user in user(),
        reach in select(&[Reach::Agency, Reach::Unit, Reach::Handled, Reach::Nothing][..]),
        bits in select(&[1_u32, 2, 3][..]),
        now in 0..6_i64,
    ) -> Scope {
        Scope { agency: agency(of), unit, user, reach, needs: Actions::from_bits(bits), at: at(now) }
    }
}

prop_compose! {
    fn world()(
        matters in vec(matter(), 1..14),
    )(
        grants in vec(any_grant(matters.len() as u64), 0..14),
        matters in Just(matters),
        people in vec(person(), 1..8),
        sort in select(&[Sort::Changed, Sort::Opened, Sort::Due, Sort::Amount][..]),
        direction in select(&[Direction::Ascending, Direction::Descending][..]),
        procedure in option::weighted(0.3, select(&PROCEDURES[..])),
        handler in option::weighted(0.3, user()),
    ) -> World {
        let filter = MatterFilter { procedure: procedure.map(code), handler, ..MatterFilter::default() };
        World { matters, grants, people, sort, direction, filter }
    }
}

/// The instant of the n-th: some have the same.
fn order(n: usize) -> i64 {
    i64::try_from(n / 3).unwrap()
}

/// The rules, as a person would read them out.
pub(super) fn may_see(who: &Scope, n: usize, matter: &Projection, grants: &[Grant]) -> bool {
    if who.reach == Reach::Nothing {
        return false;
    }
    let is_own_agency = matter.owner_agency == who.agency;
    let is_handled = is_own_agency && matter.handlers.contains(&who.user);
    let is_own_unit = is_own_agency && who.unit.is_some() && matter.owner_unit == who.unit;
    let is_own = match who.reach {
        Reach::Agency => is_own_agency,
        Reach::Unit => is_own_unit || is_handled,
        Reach::Handled => is_handled,
        Reach::Nothing => false,
    };
    let lets_in = |grant: &Grant| {
        let is_about_it = match &grant.item {
            GrantItem::Matter(id) => *id == matter_id(n as u64),
            GrantItem::Standing { procedure } => {
                grant.of_agency == matter.owner_agency
                    && procedure
                        .as_ref()
                        .is_none_or(|procedure| *procedure == matter.procedure)
            }
        };
        let is_for_them = grant.to.agency == who.agency
            && match &grant.to.user {
                Some(user) => *user == who.user,
                None => match who.reach {
                    Reach::Agency => true,
                    Reach::Unit => grant.to.unit.is_some() && grant.to.unit == who.unit,
                    Reach::Handled | Reach::Nothing => false,
                },
            };
        let is_in_force = grant.granted_at <= who.at
            && grant.until.is_none_or(|until| who.at < until)
            && grant.revoked_at.is_none_or(|revoked| who.at < revoked);
        is_about_it && is_for_them && is_in_force && grant.actions.contains(who.needs)
    };
    is_own || grants.iter().any(lets_in)
}

/// What comes first, as the list is asked for.
fn ordered(world: &World, mut seen: Vec<usize>) -> Vec<usize> {
    let key = |n: &usize| {
        let matter = &world.matters[*n];
        match world.sort {
            Sort::Changed | Sort::Opened => order(*n),
            Sort::Due => matter.due_on.map_or(i64::MAX, |day| i64::from(day.day())),
            Sort::Amount => matter.amount_fen.unwrap_or(i64::MIN),
        }
    };
    seen.sort_by_key(|n| (key(n), *n));
    if world.direction == Direction::Descending {
        seen.reverse();
    }
    seen
}

async fn holds(store: &Database, world: &World) -> Result<(), TestCaseError> {
    for (n, matter) in world.matters.iter().enumerate() {
        let mut given = change(&format!("k{n}"), matter);
        given.at = at(order(n));
        create(store, n as u64, &given).await.unwrap();
    }
    let mut grants = world.grants.clone();
    for (n, grant) in grants.iter_mut().enumerate() {
        grant.id = grant_id(n as u64);
        store.grant(grant).await.unwrap();
    }
    for who in &world.people {
        let all = 0..world.matters.len();
        let seen: BTreeSet<usize> = all
            .filter(|n| may_see(who, *n, &world.matters[*n], &grants))
            .collect();
        for n in 0..world.matters.len() {
            let got = store.matter(who, matter_id(n as u64)).await.unwrap();
            prop_assert_eq!(got.is_some(), seen.contains(&n), "{:?} looks at {}", who, n);
            let access = store.access(who, matter_id(n as u64)).await.unwrap();
            prop_assert_eq!(access.is_some(), seen.contains(&n), "{:?} asks about {}", who, n);
        }
        let fits = |n: &usize| {
            let matter = &world.matters[*n];
            world
                .filter
                .procedure
                .as_ref()
                .is_none_or(|procedure| *procedure == matter.procedure)
                && world
                    .filter
                    .handler
                    .as_ref()
                    .is_none_or(|user| matter.handlers.contains(user))
        };
        let wanted = ordered(world, seen.into_iter().filter(fits).collect());
        let mut query = MatterQuery {
            filter: world.filter.clone(),
            sort: world.sort,
            direction: world.direction,
            after: None,
            limit: Some(4),
        };
        let mut listed = Vec::new();
        loop {
            let page = store.matters(who, &query).await.unwrap();
            listed.extend(page.matters.iter().map(|row| row.id));
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let wanted: Vec<_> = wanted.into_iter().map(|n| matter_id(n as u64)).collect();
        let count = store.count_matters(who, &world.filter, 100).await.unwrap();
        prop_assert_eq!(count, wanted.len() as u64, "{:?} counts", who);
        prop_assert_eq!(listed, wanted, "{:?} lists", who);
    }
    Ok(())
}

async fn lists_counts_and_looks_agree_with_the_rules(_: &Database, place: &Place) {
    holds_in_worlds(place, world(), async |store: &Database, world: &World| {
        holds(store, world).await
    })
    .await;
}
