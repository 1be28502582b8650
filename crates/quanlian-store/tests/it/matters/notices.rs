//! Inboxes: who is told what, once, and as long as they may see the matter.
//!
//! In:  matters with handlers and grants; notices to agencies, roles and handlers; clocks.
//! Out: nothing, or a panic that names the broken promise.

use std::collections::BTreeSet;

use quanlian_record::id::NoticeId;
use quanlian_store::{
    AccountStore, Database, MatterStore, NoticeStore,
    matters::{
        Code, Projection, Reach, Scope,
        measures::{Drawn, Measure, MeasureKind},
        notices::{HANDLERS, InboxQuery, Notice, NoticePlace, Reader},
    },
};

use super::{agency, at, change, chief_of, code, create, matter_id, projection, sharing, uuid_of};
use crate::{
    accounts::{account, account_id, fill},
    databases::{Place, every_database_passes},
};

every_database_passes! {
    an_inbox_holds_what_is_for_its_reader
    a_key_is_told_once_and_with_its_write_or_not_at_all
    clocks_are_due_until_their_last_light_was_told
}

pub(crate) fn notice(n: u64, matter: u64, to: Option<&str>, role: Option<&str>) -> Notice {
    Notice {
        id: NoticeId(uuid_of(n)),
        key: code(&format!("k{n}")),
        matter: matter_id(matter),
        to_agency: to.map(agency),
        to_role: role.map(code),
        template: code("notice.transfer"),
        about: None,
        light: None,
        made_at: at(n.cast_signed()),
    }
}

fn reader(n: u64, roles: &[&str]) -> Reader {
    Reader {
        account: account_id(n),
        roles: roles.iter().map(|role| code(role)).collect::<BTreeSet<Code>>(),
    }
}

/// The person of the account reads the first notice.
pub(crate) async fn read_one(store: &Database) {
    let (chief, reader) = (chief_of("culture"), reader(1, &[]));
    let done = store
        .read_notice(&chief, &reader, NoticeId(uuid_of(0)), at(9))
        .await;
    assert!(done.unwrap());
}

fn query() -> InboxQuery {
    InboxQuery {
        is_unread: false,
        after: None,
        limit: 2,
    }
}

/// The numbers of all notices of an inbox, page by page.
async fn inbox(store: &Database, scope: &Scope, reader: &Reader) -> Vec<i64> {
    let (mut all, mut query) = (Vec::new(), query());
    loop {
        let page = store.notices(scope, reader, &query).await.unwrap();
        all.extend(
            page.iter()
                .map(|one| one.notice.made_at.unix_micros() - at(0).unix_micros()),
        );
        let last = page.last().map(|one| NoticePlace {
            made_us: one.notice.made_at.unix_micros(),
            id: one.notice.id,
        });
        if page.len() < 2 {
            return all;
        }
        query.after = last;
    }
}

async fn an_inbox_holds_what_is_for_its_reader(store: &Database, _: &Place) {
    fill(store).await;
    let handled = Projection {
        handlers: ["li".parse().unwrap()].into(),
        ..projection()
    };
    create(store, 1, &change("a", &handled)).await.unwrap();
    create(store, 2, &change("b", &projection())).await.unwrap();
    let all = [
        notice(1, 1, Some("culture"), None),
        notice(2, 1, Some("culture"), Some("approver")),
        notice(3, 1, Some("culture"), Some(HANDLERS)),
        notice(4, 1, Some("police"), None),
        notice(5, 2, None, Some("party")),
        notice(6, 2, Some("culture"), None),
    ];
    assert_eq!(store.notify(&all).await.unwrap(), 6);
    let chief = chief_of("culture");
    let li = Scope {
        user: "li".parse().unwrap(),
        reach: Reach::Handled,
        ..chief.clone()
    };
    assert_eq!(inbox(store, &chief, &reader(1, &["approver"])).await, [6, 2, 1]);
    assert_eq!(inbox(store, &chief, &reader(1, &["party"])).await, [6, 5, 1]);
    assert_eq!(inbox(store, &chief, &reader(1, &[])).await, [6, 1]);
    assert_eq!(
        inbox(store, &li, &reader(1, &["handler"])).await,
        [3, 1],
        "what they handle"
    );
    // Who does not see the matter has no notice of it; with a grant it comes, and goes when that ends.
    let police = chief_of("police");
    assert_eq!(inbox(store, &police, &reader(1, &[])).await, [0; 0]);
    let grant = sharing::grant(1, matter_id(1), "police");
    store.grant(&grant).await.unwrap();
    let mut during = police.clone();
    during.at = at(50);
    assert_eq!(inbox(store, &during, &reader(1, &[])).await, [4]);
    let mut behind = police.clone();
    behind.at = at(100);
    assert_eq!(inbox(store, &behind, &reader(1, &[])).await, [0; 0]);
    let nothing = Scope {
        reach: Reach::Nothing,
        ..chief.clone()
    };
    assert_eq!(inbox(store, &nothing, &reader(1, &["approver"])).await, [0; 0]);

    // Reading is each reader's own; what is not theirs cannot be read.
    let mut other = account(2);
    other.login = "second".parse().unwrap();
    other.user = "second".parse().unwrap();
    store.create(&other).await.unwrap();
    let (one, two) = (reader(1, &[]), reader(2, &[]));
    let read = async |who: &Reader, n: u64| {
        store
            .read_notice(&chief, who, NoticeId(uuid_of(n)), at(70))
            .await
            .unwrap()
    };
    assert!(read(&one, 1).await && read(&one, 1).await);
    assert!(!read(&one, 4).await && !read(&one, 2).await && !read(&one, 99).await);
    let unread = async |who: &Reader| store.count_unread(&chief, who, 10).await.unwrap();
    assert_eq!((unread(&one).await, unread(&two).await), (1, 2));
    let only = InboxQuery {
        is_unread: true,
        ..query()
    };
    let left = store.notices(&chief, &one, &only).await.unwrap();
    assert_eq!(left.len(), 1);
    let all = store.notices(&chief, &one, &query()).await.unwrap();
    assert_eq!((all[0].read_at, all[1].read_at), (None, Some(at(70))));
}

async fn a_key_is_told_once_and_with_its_write_or_not_at_all(store: &Database, _: &Place) {
    let mut given = change("a", &projection());
    given.notices = vec![notice(1, 1, Some("culture"), None)];
    let version = create(store, 1, &given).await.unwrap().version;
    let count = async || inbox(store, &chief_of("culture"), &reader(1, &[])).await.len();
    assert_eq!(count().await, 1);
    // The same key again, and a write that is refused.
    let again = Notice {
        key: code("k1"),
        ..notice(2, 1, Some("culture"), None)
    };
    assert_eq!(store.notify(&[again]).await.unwrap(), 0);
    let mut next = change("b", &projection());
    next.notices = vec![notice(3, 1, Some("culture"), None)];
    let wrong = quanlian_store::matters::Version { number: 9, ..version };
    store.append_events(matter_id(1), wrong, &next).await.unwrap_err();
    assert_eq!(count().await, 1);
    store.append_events(matter_id(1), version, &next).await.unwrap();
    assert_eq!(count().await, 2);
    let mut of_another = change("c", &projection());
    of_another.notices = vec![notice(4, 7, None, None)];
    create(store, 2, &of_another).await.unwrap_err();
}

async fn clocks_are_due_until_their_last_light_was_told(store: &Database, _: &Place) {
    let clock = |due: i64, state: &str| Measure {
        kind: MeasureKind::Clock,
        name: code("accept"),
        state: Some(code(state)),
        from: None,
        until: None,
        due: Some(at(due)),
        value: None,
    };
    for (n, clock) in (1_u64..).zip([clock(10, "running"), clock(50, "running"), clock(5, "met")]) {
        let mut given = change(&format!("k{n}"), &projection());
        given.drawn = Some(Drawn {
            basis: code("1"),
            measures: vec![clock],
            words: String::new(),
        });
        create(store, n, &given).await.unwrap();
    }
    let due = async |until: i64| {
        let found = store
            .with_clocks_due(at(until), &code("overdue_7"), None, 10)
            .await
            .unwrap();
        found.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(due(10).await, []);
    assert_eq!(due(20).await, [matter_id(1)]);
    assert_eq!(due(60).await, [matter_id(1), matter_id(2)]);
    let told = |n: u64, light: &str, made: i64| Notice {
        about: Some(code("accept")),
        light: Some(code(light)),
        made_at: at(made),
        ..notice(n, 1, Some("culture"), None)
    };
    // Told that it is too late, it is still to be told once more; told so in an earlier run, too.
    store
        .notify(&[told(1, "overdue", 12), told(2, "overdue_7", 9)])
        .await
        .unwrap();
    assert_eq!(due(20).await, [matter_id(1)]);
    store.notify(&[told(3, "overdue_7", 11)]).await.unwrap();
    assert_eq!(due(60).await, [matter_id(2)]);
    let behind = store
        .with_clocks_due(at(60), &code("overdue_7"), Some(matter_id(2)), 10)
        .await
        .unwrap();
    assert_eq!(behind, []);
}
