//! What is told outside: a notice waits from its write on, goes to a target once, and is leased to one sender at a time.
//!
//! In:  an empty database of each kind.
//! Out: nothing, or a panic that names the broken promise.

use std::collections::BTreeSet;

use quanlian_record::id::{DeliveryId, WebhookId};
use quanlian_store::{
    Database, MatterStore, NoticeStore, SubjectStore, TellingStore,
    accounts::subjects::Subject,
    telling::{
        Channel, Delivery, DeliveryState, Mail, NewDelivery, Settlement, TellingError, Webhook, WebhookState,
    },
};

use crate::{
    accounts::{self, account_id},
    databases::{Place, every_database_passes},
    matters::{agency, at, change, code, create, matter_id, notices::notice, projection, uuid_of},
};

every_database_passes! {
    a_notice_waits_from_its_write_on_and_not_of_one_that_was_refused
    a_delivery_is_leased_to_one_sender_until_it_is_settled
    senders_at_once_share_without_doubles
    an_address_that_fails_for_too_long_is_dead_once
    mail_is_taken_together_and_shown_to_be_theirs_once
    a_subject_is_one_accounts_and_a_flow_is_taken_once
}

pub(crate) fn webhook(n: u64) -> Webhook {
    Webhook {
        id: WebhookId(uuid_of(n)),
        agency: agency("culture"),
        url: "https://example.cn/".to_owned(),
        kinds: [code("red")].into(),
        secret: vec![1, 2, 3],
        former: None,
        state: WebhookState::Active,
        made_by: code("culture/keeper"),
        made_at: at(3),
        failing_since: None,
        error: None,
        version: 1,
    }
}

fn delivery(n: u64, channel: Channel, target: uuid::Uuid) -> NewDelivery {
    NewDelivery {
        id: DeliveryId(uuid_of(n)),
        channel,
        target,
        notice: None,
        what: code("ping"),
        about: None,
        at: at(n.cast_signed()),
        ready_at: at(n.cast_signed()),
    }
}

pub(crate) fn mail(n: u64) -> Mail {
    Mail {
        account: account_id(n),
        address: format!("u{n}@example.cn"),
        language: code("zh"),
        kinds: BTreeSet::new(),
        confirmed_at: None,
        code: Some(([5; 32], at(100))),
        error: None,
    }
}

fn subject(text: &str) -> Subject {
    Subject {
        issuer: "https://id.example.cn".to_owned(),
        subject: text.to_owned(),
    }
}

/// Something in every table; agencies and accounts are there.
pub(crate) async fn fill(store: &Database) {
    store.add_webhook(&webhook(1)).await.unwrap();
    store.put_mail(&mail(1)).await.unwrap();
    store
        .put_deliveries(&[delivery(1, Channel::Webhook, uuid_of(1))])
        .await
        .unwrap();
    assert!(store.link(&subject("a"), account_id(1), at(1)).await.unwrap());
    store
        .begin_flow(&[1; 32], &[2; 32], &[3], at(0), at(1_000_000_000))
        .await
        .unwrap();
}

async fn ready(store: &Database) {
    accounts::fill(store).await;
    create(store, 1, &change("a", &projection())).await.unwrap();
    store.add_webhook(&webhook(1)).await.unwrap();
}

async fn a_notice_waits_from_its_write_on_and_not_of_one_that_was_refused(store: &Database, _: &Place) {
    accounts::fill(store).await;
    let mut given = change("a", &projection());
    given.notices = vec![notice(1, 1, Some("culture"), None)];
    let version = create(store, 1, &given).await.unwrap().version;
    let mut refused = change("b", &projection());
    refused.notices = vec![notice(2, 1, Some("culture"), None)];
    let wrong = quanlian_store::matters::Version { number: 9, ..version };
    store
        .append_events(matter_id(1), wrong, &refused)
        .await
        .unwrap_err();
    store.notify(&[notice(3, 1, None, None)]).await.unwrap();
    // The same key again waits no second time.
    let mut again = notice(4, 1, None, None);
    again.key = code("k3");
    store.notify(&[again]).await.unwrap();
    let untold = store.untold(10).await.unwrap();
    assert_eq!(
        untold,
        [notice(1, 1, Some("culture"), None), notice(3, 1, None, None)]
    );
    assert_eq!(
        store.notice(untold[0].id).await.unwrap().as_ref(),
        Some(&untold[0])
    );
    // Decided twice, by two programs: told once.
    let of = |n: u64| NewDelivery {
        notice: Some(untold[0].id),
        ..delivery(n, Channel::Webhook, uuid_of(1))
    };
    for n in [1, 2] {
        store.spread(untold[0].id, &[of(n)]).await.unwrap();
    }
    assert_eq!(store.untold(10).await.unwrap().len(), 1);
    let kept = store.deliveries(uuid_of(1), None, 10).await.unwrap();
    assert_eq!(
        kept.iter().map(|one| one.id).collect::<Vec<_>>(),
        [DeliveryId(uuid_of(1))]
    );
}

async fn take(store: &Database, now: i64, until: i64) -> Vec<Delivery> {
    store.take_for_webhooks(at(now), at(until), 10).await.unwrap()
}

async fn a_delivery_is_leased_to_one_sender_until_it_is_settled(store: &Database, _: &Place) {
    ready(store).await;
    store
        .put_deliveries(&[delivery(5, Channel::Webhook, uuid_of(1))])
        .await
        .unwrap();
    assert_eq!(take(store, 4, 50).await, [], "not yet");
    let first = take(store, 5, 50).await;
    assert_eq!((first.len(), first[0].tries, first[0].lease), (1, 1, 1));
    assert_eq!(take(store, 49, 99).await, [], "somebody has it");
    let second = take(store, 50, 99).await;
    assert_eq!(
        (second[0].id, second[0].tries),
        (first[0].id, 2),
        "who had it died"
    );
    let done = Settlement::Done { status: 204 };
    assert!(!store.settle(&first[0], &done, at(51)).await.unwrap(), "too late");
    let again = Settlement::Again {
        ready_at: at(70),
        status: Some(500),
        error: "no".repeat(1000),
    };
    assert!(store.settle(&second[0], &again, at(52)).await.unwrap());
    assert_eq!(take(store, 69, 99).await, []);
    let third = take(store, 70, 99).await;
    assert!(third[0].error.as_ref().unwrap().len() <= 500 && third[0].status == Some(500));
    assert!(store.settle(&third[0], &done, at(71)).await.unwrap());
    assert!(
        !store.settle(&third[0], &done, at(72)).await.unwrap(),
        "it is settled"
    );
    assert_eq!(take(store, 1000, 2000).await, []);
    let kept = store.deliveries(uuid_of(1), None, 10).await.unwrap();
    assert_eq!(
        (kept[0].state, kept[0].ended_at),
        (DeliveryState::Done, Some(at(71)))
    );
    // One that is paused is not taken, one that is gone neither.
    store
        .put_deliveries(&[delivery(80, Channel::Webhook, uuid_of(1))])
        .await
        .unwrap();
    let paused = Webhook {
        state: WebhookState::Paused,
        ..webhook(1)
    };
    store.change_webhook(&paused).await.unwrap();
    assert!(matches!(
        store.change_webhook(&paused).await,
        Err(TellingError::Conflict)
    ));
    assert_eq!(take(store, 100, 200).await, []);
    assert_eq!(store.forget_deliveries(at(72)).await.unwrap(), 1);
    assert!(!store.end_webhook(&agency("police"), webhook(1).id).await.unwrap());
    assert!(
        store
            .end_webhook(&agency("culture"), webhook(1).id)
            .await
            .unwrap()
    );
    assert_eq!(store.deliveries(uuid_of(1), None, 10).await.unwrap(), []);
}

async fn senders_at_once_share_without_doubles(store: &Database, _: &Place) {
    ready(store).await;
    for n in 2..=8 {
        store.add_webhook(&webhook(n)).await.unwrap();
    }
    let all: Vec<NewDelivery> = (0..80)
        .map(|n| delivery(n, Channel::Webhook, uuid_of(1 + n % 8)))
        .collect();
    store.put_deliveries(&all).await.unwrap();
    let sender = async || {
        let mut mine = Vec::new();
        for _ in 0..20 {
            for one in store.take_for_webhooks(at(1000), at(2000), 7).await.unwrap() {
                mine.push(one.id);
                let done = Settlement::Done { status: 200 };
                assert!(store.settle(&one, &done, at(1000)).await.unwrap());
            }
        }
        mine
    };
    let taken = futures::future::join_all((0..4).map(|_| sender())).await.concat();
    let once: BTreeSet<DeliveryId> = taken.iter().copied().collect();
    assert_eq!((taken.len(), once.len()), (80, 80));
    // Of one address only a few are taken at once.
    let many: Vec<NewDelivery> = (100..120)
        .map(|n| delivery(n, Channel::Webhook, uuid_of(1)))
        .collect();
    store.put_deliveries(&many).await.unwrap();
    assert_eq!(
        store
            .take_for_webhooks(at(3000), at(4000), 16)
            .await
            .unwrap()
            .len(),
        4
    );
}

async fn an_address_that_fails_for_too_long_is_dead_once(store: &Database, _: &Place) {
    ready(store).await;
    let id = webhook(1).id;
    assert!(!store.webhook_failed(id, at(10), "no", at(5)).await.unwrap());
    assert!(
        !store
            .webhook_failed(id, at(20), "still not", at(10))
            .await
            .unwrap()
    );
    let kept = store.webhook(id).await.unwrap().unwrap();
    assert_eq!(
        (kept.failing_since, kept.error.as_deref()),
        (Some(at(10)), Some("still not"))
    );
    store.webhook_answered(id).await.unwrap();
    assert!(
        !store.webhook_failed(id, at(30), "no", at(20)).await.unwrap(),
        "it had answered"
    );
    assert!(store.webhook_failed(id, at(50), "no", at(31)).await.unwrap());
    assert!(
        !store.webhook_failed(id, at(51), "no", at(31)).await.unwrap(),
        "once"
    );
    assert_eq!(
        store.webhook(id).await.unwrap().unwrap().state,
        WebhookState::Dead
    );
}

async fn mail_is_taken_together_and_shown_to_be_theirs_once(store: &Database, _: &Place) {
    ready(store).await;
    let id = account_id(1);
    store.put_mail(&mail(1)).await.unwrap();
    assert_eq!(store.confirmed_mail(None, None, 10).await.unwrap(), []);
    assert!(!store.confirm_mail(id, &[6; 32], at(50)).await.unwrap());
    assert!(
        !store.confirm_mail(id, &[5; 32], at(100)).await.unwrap(),
        "too late"
    );
    assert!(store.confirm_mail(id, &[5; 32], at(99)).await.unwrap());
    assert!(
        !store.confirm_mail(id, &[5; 32], at(99)).await.unwrap(),
        "used up"
    );
    let culture = agency("culture");
    let all = store.confirmed_mail(Some(&culture), None, 10).await.unwrap();
    assert_eq!((all.len(), all[0].1.id, all[0].0.code), (1, id, None));
    assert_eq!(
        store
            .confirmed_mail(Some(&agency("police")), None, 10)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.confirmed_mail(None, Some(id), 10).await.unwrap(), []);

    let due: Vec<NewDelivery> = (1..=5)
        .map(|n| delivery(n, Channel::Mail, if n == 3 { uuid_of(9) } else { id.0 }))
        .collect();
    store.put_deliveries(&due).await.unwrap();
    let of = async |now: i64| {
        let taken = store.take_for_mail(at(now), at(100), 10).await.unwrap();
        taken.iter().map(|one| one.made_at).collect::<Vec<_>>()
    };
    assert_eq!(of(4).await, [at(1), at(2), at(4)], "what is due to one account");
    assert_eq!(of(4).await, [at(3)]);
    assert_eq!(of(4).await, []);
    store.mail_went(id, Some("550 nobody")).await.unwrap();
    assert_eq!(
        store.mail(id).await.unwrap().unwrap().error.as_deref(),
        Some("550 nobody")
    );
    assert!(store.end_mail(id).await.unwrap() && !store.end_mail(id).await.unwrap());
    assert_eq!(store.deliveries(id.0, None, 10).await.unwrap(), []);
}

async fn a_subject_is_one_accounts_and_a_flow_is_taken_once(store: &Database, _: &Place) {
    accounts::fill(store).await;
    let mut other = accounts::account(2);
    other.login = code("second");
    quanlian_store::AccountStore::create(store, &other).await.unwrap();
    let id = account_id(1);
    assert!(store.link(&subject("a"), id, at(1)).await.unwrap());
    assert!(
        store.link(&subject("a"), id, at(2)).await.unwrap(),
        "the same again"
    );
    assert!(
        !store.link(&subject("a"), other.id, at(2)).await.unwrap(),
        "somebody else's"
    );
    assert!(
        store.link(&subject("A"), other.id, at(2)).await.unwrap(),
        "another sign is another subject"
    );
    let mut elsewhere = subject("a");
    elsewhere.issuer.push('/');
    assert_eq!(store.account_of_subject(&elsewhere).await.unwrap(), None);
    assert_eq!(
        store.account_of_subject(&subject("a")).await.unwrap().unwrap().id,
        id
    );
    assert_eq!(store.subjects(id).await.unwrap(), [subject("a")]);
    assert!(!store.unlink(&subject("a"), other.id).await.unwrap());
    assert!(store.unlink(&subject("a"), id).await.unwrap());
    assert_eq!(store.account_of_subject(&subject("a")).await.unwrap(), None);

    store
        .begin_flow(&[1; 32], &[2; 32], &[3, 4], at(0), at(10))
        .await
        .unwrap();
    let take =
        async |browser: u8, now: i64| store.take_flow(&[1; 32], &[browser; 32], at(now)).await.unwrap();
    assert_eq!(take(9, 5).await, None, "another browser");
    assert_eq!(take(2, 10).await, None, "too late");
    assert_eq!(take(2, 9).await, Some(vec![3, 4]));
    assert_eq!(take(2, 9).await, None, "once");
    store
        .begin_flow(&[1; 32], &[2; 32], &[3], at(0), at(10))
        .await
        .unwrap();
    store
        .begin_flow(&[4; 32], &[2; 32], &[3], at(10), at(20))
        .await
        .unwrap();
    assert_eq!(take(2, 5).await, None, "forgotten when its time was over");

    assert!(!store.swap_sealed(id, &[9], &[8]).await.unwrap());
    assert!(store.swap_sealed(id, &[0, 255, 7], &[8]).await.unwrap());
}
