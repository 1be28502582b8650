//! Grants: what they let others see, from when and until when.

use quanlian_record::id::MatterId;
use quanlian_store::{
    Database, MatterStore,
    matters::{Access, Actions, Grant, GrantItem, Grantee, MatterFilter, Reach, UserCode},
};

use super::{agency, at, change, chief_of, code, create, grant_id, matter_id, projection};
use crate::databases::{Place, every_database_passes};

every_database_passes! {
    a_grant_lets_in_until_it_ends
    grants_and_their_ends_come_with_the_write_or_not_at_all
    a_standing_grant_reaches_what_comes_later
}

/// A grant to a whole agency, from instant 0 until instant 100.
pub(crate) fn grant(n: u64, matter: MatterId, to: &str) -> Grant {
    Grant {
        id: grant_id(n),
        item: GrantItem::Matter(matter),
        of_agency: agency("culture"),
        to: Grantee {
            agency: agency(to),
            unit: None,
            user: None,
        },
        actions: Actions::READ | Actions::CLOCKS,
        purpose: "串并案分析".to_owned(),
        legal_basis: "行政执法机关移送涉嫌犯罪案件的规定".to_owned(),
        handling_code: code("P1"),
        granted_by: code("chief"),
        granted_at: at(0),
        until: Some(at(100)),
        revoked_at: None,
    }
}

async fn sees(store: &Database, to: &str, now: i64) -> bool {
    let mut scope = chief_of(to);
    scope.at = at(now);
    let seen = store.matter(&scope, matter_id(1)).await.unwrap().is_some();
    let access = store.access(&scope, matter_id(1)).await.unwrap();
    assert_eq!(access.is_some(), seen);
    let events = store.events(&scope, matter_id(1), 0, 1).await.unwrap();
    assert_eq!(events.is_some(), seen);
    let count = store
        .count_matters(&scope, &MatterFilter::default(), 5)
        .await
        .unwrap();
    assert_eq!(count, u64::from(seen));
    seen
}

async fn a_grant_lets_in_until_it_ends(store: &Database, _: &Place) {
    create(store, 1, &change("a", &projection())).await.unwrap();
    let given = grant(1, matter_id(1), "police");
    assert!(!sees(store, "police", 50).await);
    store.grant(&given).await.unwrap();
    store.grant(&given).await.unwrap();
    let other = Grant {
        purpose: "x".into(),
        ..given.clone()
    };
    assert_eq!(store.grant(&other).await.unwrap_err().code(), "matter_invalid");
    let nowhere = grant(2, matter_id(2), "police");
    assert_eq!(
        store.grant(&nowhere).await.unwrap_err().code(),
        "matter_not_found"
    );

    for (now, seen) in [(-1, false), (0, true), (99, true), (100, false)] {
        assert_eq!(sees(store, "police", now).await, seen, "{now}");
    }
    assert!(!sees(store, "court", 50).await);
    let mut scope = chief_of("police");
    scope.at = at(50);
    let access = store.access(&scope, matter_id(1)).await.unwrap().unwrap();
    let then = Access {
        is_own: false,
        granted: Actions::READ | Actions::CLOCKS,
        grants: vec![(grant_id(1), code("P1"))],
    };
    assert_eq!(access, then);
    // More is needed than was given; an administrator; somebody who sees only what is in hand.
    scope.needs = Actions::WRITE;
    assert_eq!(store.matter(&scope, matter_id(1)).await.unwrap(), None);
    scope.needs = Actions::READ;
    for reach in [Reach::Nothing, Reach::Handled, Reach::Unit] {
        scope.reach = reach;
        assert_eq!(
            store.matter(&scope, matter_id(1)).await.unwrap(),
            None,
            "{reach:?}"
        );
    }
    // Who else sees a matter is the owner's to know.
    scope.reach = Reach::Agency;
    assert_eq!(store.grants(&scope, matter_id(1)).await.unwrap(), None);
    let owner = chief_of("culture");
    let grants = store.grants(&owner, matter_id(1)).await.unwrap().unwrap();
    assert_eq!(grants, std::slice::from_ref(&given));
    assert_eq!(store.standing_grants(&agency("culture")).await.unwrap(), []);
    assert!(store.revoke(grant_id(1), at(60), &code("chief")).await.unwrap());
    assert!(!store.revoke(grant_id(1), at(70), &code("chief")).await.unwrap());
    assert!(sees(store, "police", 59).await);
    assert!(!sees(store, "police", 60).await);
}

async fn grants_and_their_ends_come_with_the_write_or_not_at_all(store: &Database, _: &Place) {
    let version = create(store, 1, &change("a", &projection()))
        .await
        .unwrap()
        .version;
    let mut stale = change("b", &projection());
    stale.grants = vec![grant(1, matter_id(1), "police")];
    let mut wrong = version;
    wrong.number += 1;
    store
        .append_events(matter_id(1), wrong, &stale)
        .await
        .unwrap_err();
    assert!(!sees(store, "police", 50).await);
    let version = store
        .append_events(matter_id(1), version, &stale)
        .await
        .unwrap()
        .version;
    assert!(sees(store, "police", 50).await);
    let mut of_another = change("c", &projection());
    of_another.grants = vec![grant(2, matter_id(2), "police")];
    let error = store
        .append_events(matter_id(1), version, &of_another)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "matter_invalid");
    let mut end = change("d", &projection());
    end.revoked = vec![grant_id(1)];
    end.at = at(20);
    store.append_events(matter_id(1), version, &end).await.unwrap();
    assert!(!sees(store, "police", 50).await);
}

async fn a_standing_grant_reaches_what_comes_later(store: &Database, _: &Place) {
    let mut standing = grant(1, matter_id(1), "procuratorate");
    standing.item = GrantItem::Standing {
        procedure: Some(code("complaint")),
    };
    standing.to.user = Some(UserCode::parse("chief").unwrap());
    store.grant(&standing).await.unwrap();
    assert!(!sees(store, "procuratorate", 50).await);
    create(store, 1, &change("a", &projection())).await.unwrap();
    assert!(sees(store, "procuratorate", 50).await);
    let mut other = projection();
    other.procedure = code("transfer");
    create(store, 2, &change("b", &other)).await.unwrap();
    other.procedure = code("complaint");
    other.owner_agency = agency("market");
    create(store, 3, &change("c", &other)).await.unwrap();
    assert!(
        sees(store, "procuratorate", 50).await,
        "neither another procedure nor another agency"
    );
    for (name, count) in [("culture", 1), ("procuratorate", 1), ("police", 0)] {
        let grants = store.standing_grants(&agency(name)).await.unwrap();
        assert_eq!(grants, vec![standing.clone(); count], "{name}");
    }
    store.revoke(grant_id(1), at(10), &code("chief")).await.unwrap();
    let ended = store.standing_grants(&agency("culture")).await.unwrap();
    assert_eq!(ended[0].revoked_at, Some(at(10)));
    assert!(!sees(store, "procuratorate", 50).await);
}
