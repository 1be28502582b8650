//! What every [`AccountStore`] does.
//!
//! In:  an empty database of each kind.
//! Out: nothing, or a panic that names the broken promise.

use std::sync::Arc;

use quanlian_record::id::{AccountId, TokenId};
use quanlian_store::{
    AccountStore, Database,
    accounts::{Account, AccountError, AccountState, Agency, Names, StoredSession, Token, Tries, Unit},
};

use crate::{
    databases::{Place, every_database_passes},
    matters::{agency, at, code, uuid_of},
};

every_database_passes! {
    the_first_account_is_made_once_and_with_its_code_alone
    an_account_comes_back_as_it_was_made
    names_belong_to_one_account_for_good
    who_did_not_see_the_last_version_changes_nothing
    what_changes_an_account_ends_its_sessions
    of_tries_at_once_one_counts
    a_step_of_the_second_factor_is_taken_once
    a_recovery_code_is_taken_once_in_its_time_by_its_owner
    a_session_begins_is_proven_and_ends
    a_token_is_found_by_its_digest_and_ends
    lists_go_on_behind_the_last
    what_is_outside_the_limits_is_refused
}

fn names(zh: &str) -> Names {
    Names {
        zh: zh.into(),
        en: "Name".into(),
    }
}

pub(crate) fn account_id(n: u64) -> AccountId {
    AccountId(uuid_of(n))
}

pub(crate) fn account(n: u64) -> Account {
    Account {
        id: account_id(n),
        login: code(&format!("login-{n}")),
        agency: agency("culture"),
        user: format!("u{n}").parse().unwrap(),
        unit: Some("team-1".parse().unwrap()),
        name: "李伟".into(),
        roles: [code("handler"), code("reviewer")].into(),
        state: AccountState::Active,
        is_service: false,
        password_hash: Some("$argon2id$…".into()),
        totp_secret: Some(vec![0, 255, 7]),
        must_change: false,
        tries: Tries::default(),
        made_at: at(5),
        version: 1,
    }
}

async fn with_places(store: &Database) {
    for name in ["culture", "police"] {
        let place = Agency {
            code: agency(name),
            names: names("文旅局"),
        };
        store.put_agency(&place, at(1)).await.unwrap();
    }
    let unit = Unit {
        agency: agency("culture"),
        code: "team-1".parse().unwrap(),
        names: names("一大队"),
    };
    store.put_unit(&unit, at(1)).await.unwrap();
}

/// Two agencies, one unit, one account with a session, a token and a recovery code.
pub(crate) async fn fill(store: &Database) {
    with_account(store).await;
    store.begin_session(&session(1)).await.unwrap();
    store.add_token(&token(1)).await.unwrap();
    store.put_codes(account_id(1), &[[7; 32]], at(50)).await.unwrap();
}

async fn with_account(store: &Database) -> Account {
    with_places(store).await;
    store.create(&account(1)).await.unwrap();
    account(1)
}

fn session(n: u8) -> StoredSession {
    StoredSession {
        digest: [n; 32],
        account: account_id(1),
        begun_at: at(10),
        used_at: at(10),
        proven_at: at(10),
        waits_for_second_factor: true,
    }
}

async fn the_first_account_is_made_once_and_with_its_code_alone(store: &Database, _: &Place) {
    let first = Account {
        unit: None,
        ..account(1)
    };
    let office = Agency {
        code: agency("culture"),
        names: names("文旅局"),
    };
    assert!(!store.has_accounts().await.unwrap());
    let refused = |answer: Result<(), AccountError>| assert!(matches!(answer, Err(AccountError::NotFirst)));
    refused(store.begin(&[1; 32], &office, &first).await);
    store.await_first(&[1; 32], at(100)).await.unwrap();
    store.await_first(&[2; 32], at(100)).await.unwrap();
    refused(store.begin(&[1; 32], &office, &first).await);
    refused(
        store
            .begin(
                &[2; 32],
                &office,
                &Account {
                    made_at: at(100),
                    ..first.clone()
                },
            )
            .await,
    );
    assert!(
        store.agencies().await.unwrap().is_empty(),
        "a refused beginning leaves nothing"
    );
    store.begin(&[2; 32], &office, &first).await.unwrap();
    assert!(store.has_accounts().await.unwrap());
    refused(
        store
            .begin(
                &[2; 32],
                &office,
                &Account {
                    unit: None,
                    ..account(2)
                },
            )
            .await,
    );
    refused(store.await_first(&[3; 32], at(100)).await);
    assert_eq!(store.agencies().await.unwrap(), [office]);
}

async fn an_account_comes_back_as_it_was_made(store: &Database, place: &Place) {
    let made = with_account(store).await;
    let again = place.open().await;
    let (made_agency, made_user) = (made.agency.clone(), made.user.clone());
    assert_eq!(again.account(made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(again.account_of(&made.login).await.unwrap(), Some(made));
    let found = again.person(&made_agency, &made_user).await.unwrap();
    assert_eq!(found.map(|account| account.id), Some(account_id(1)));
    assert_eq!(again.person(&agency("police"), &made_user).await.unwrap(), None);
    assert_eq!(again.account(account_id(9)).await.unwrap(), None);
    assert_eq!(
        again.account_of(&code("LOGIN-1")).await.unwrap(),
        None,
        "another login"
    );
    assert_eq!(again.units(&agency("culture")).await.unwrap().len(), 1);
    assert!(again.units(&agency("police")).await.unwrap().is_empty());
}

async fn names_belong_to_one_account_for_good(store: &Database, _: &Place) {
    let mut first = with_account(store).await;
    let login = Account {
        login: first.login.clone(),
        ..account(2)
    };
    assert!(matches!(
        store.create(&login).await,
        Err(AccountError::LoginTaken { .. })
    ));
    let user = Account {
        user: first.user.clone(),
        ..account(2)
    };
    assert!(matches!(
        store.create(&user).await,
        Err(AccountError::UserTaken { .. })
    ));
    first.state = AccountState::Ended;
    store.change(&first, at(6), None).await.unwrap();
    assert!(
        matches!(store.create(&user).await, Err(AccountError::UserTaken { .. })),
        "also after the end"
    );
    // The same name in another agency is another person.
    let elsewhere = Account {
        agency: agency("police"),
        unit: None,
        ..user
    };
    store.create(&elsewhere).await.unwrap();
    let rename = Account {
        login: first.login,
        ..elsewhere
    };
    assert!(matches!(
        store.change(&rename, at(7), None).await,
        Err(AccountError::LoginTaken { .. })
    ));
    let nowhere = Account {
        agency: agency("court"),
        ..account(3)
    };
    assert!(matches!(
        store.create(&nowhere).await,
        Err(AccountError::NoPlace { what: "agency", .. })
    ));
    let no_unit = Account {
        unit: Some("team-2".parse().unwrap()),
        ..account(3)
    };
    assert!(matches!(
        store.create(&no_unit).await,
        Err(AccountError::NoPlace { what: "unit", .. })
    ));
}

async fn who_did_not_see_the_last_version_changes_nothing(store: &Database, _: &Place) {
    let seen = with_account(store).await;
    let renamed = Account {
        name: "李威".into(),
        ..seen.clone()
    };
    assert_eq!(store.change(&renamed, at(6), None).await.unwrap(), 2);
    let late = Account {
        name: "王五".into(),
        ..seen
    };
    assert!(matches!(
        store.change(&late, at(7), None).await,
        Err(AccountError::Conflict { current: 2 })
    ));
    let kept = store.account(late.id).await.unwrap().unwrap();
    assert_eq!((kept.name.as_str(), kept.version), ("李威", 2));
    assert!(matches!(
        store.change(&account(9), at(7), None).await,
        Err(AccountError::NotFound)
    ));
}

async fn what_changes_an_account_ends_its_sessions(store: &Database, _: &Place) {
    let mut made = with_account(store).await;
    for n in 1..=3 {
        store.begin_session(&session(n)).await.unwrap();
    }
    let lives = async |n: u8| store.session(&[n; 32]).await.unwrap().is_some();
    made.name = "李威".into();
    made.version = store.change(&made, at(11), None).await.unwrap();
    assert!(lives(1).await, "a name is nothing that matters");
    made.password_hash = Some("other".into());
    made.version = store.change(&made, at(12), Some(&[2; 32])).await.unwrap();
    assert!(!lives(1).await && lives(2).await && !lives(3).await);
    made.roles = [code("handler")].into();
    made.version = store.change(&made, at(13), None).await.unwrap();
    assert!(!lives(2).await);
    store.begin_session(&session(4)).await.unwrap();
    store.add_token(&token(1)).await.unwrap();
    made.state = AccountState::Ended;
    store.change(&made, at(14), None).await.unwrap();
    assert!(!lives(4).await);
    assert_eq!(store.tokens(made.id).await.unwrap(), []);
}

async fn of_tries_at_once_one_counts(store: &Database, _: &Place) {
    let made = with_account(store).await;
    let store = Arc::new(store.clone());
    let next = Tries {
        wrong: 1,
        last_wrong_us: 77,
    };
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.swap_tries(made.id, Tries::default(), next).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for one in tries {
        taken += usize::from(one.await.unwrap());
    }
    assert_eq!(taken, 1);
    let kept = store.account(made.id).await.unwrap().unwrap();
    assert_eq!((kept.tries, kept.version), (next, 1));
}

async fn a_step_of_the_second_factor_is_taken_once(store: &Database, _: &Place) {
    let made = with_account(store).await;
    let mut answers = Vec::new();
    for step in [0, 5, 5, 4, 6] {
        answers.push(store.take_step(made.id, step).await.unwrap());
    }
    assert_eq!(answers, [true, true, false, false, true]);
}

async fn a_recovery_code_is_taken_once_in_its_time_by_its_owner(store: &Database, _: &Place) {
    let made = with_account(store).await;
    store.create(&account(2)).await.unwrap();
    store
        .put_codes(made.id, &[[1; 32], [2; 32]], at(50))
        .await
        .unwrap();
    let take = async |n: u64, digest: u8, now| {
        store
            .take_code(account_id(n), &[digest; 32], at(now))
            .await
            .unwrap()
    };
    assert!(!take(2, 1, 20).await, "another's");
    assert!(!take(1, 1, 50).await, "too late");
    assert!(take(1, 1, 20).await);
    assert!(!take(1, 1, 20).await, "twice");
    store.put_codes(made.id, &[[3; 32]], at(50)).await.unwrap();
    assert!(!take(1, 2, 20).await, "of the old ones");
    assert!(take(1, 3, 20).await);
}

async fn a_session_begins_is_proven_and_ends(store: &Database, _: &Place) {
    let made = with_account(store).await;
    store.begin_session(&session(1)).await.unwrap();
    let (found, owner) = store.session(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found, owner), (session(1), made));
    store.use_session(&[1; 32], at(12), false).await.unwrap();
    let used = StoredSession {
        used_at: at(12),
        ..session(1)
    };
    assert_eq!(store.session(&[1; 32]).await.unwrap().unwrap().0, used);
    store.use_session(&[1; 32], at(13), true).await.unwrap();
    let proven = StoredSession {
        used_at: at(13),
        proven_at: at(13),
        waits_for_second_factor: false,
        ..session(1)
    };
    assert_eq!(store.session(&[1; 32]).await.unwrap().unwrap().0, proven);
    assert!(store.end_session(&[1; 32]).await.unwrap());
    assert!(!store.end_session(&[1; 32]).await.unwrap());
    assert!(store.session(&[1; 32]).await.unwrap().is_none());
    store.begin_session(&session(2)).await.unwrap();
    assert_eq!(store.forget_sessions(at(10)).await.unwrap(), 0);
    assert_eq!(store.forget_sessions(at(11)).await.unwrap(), 1);
}

fn token(n: u8) -> Token {
    Token {
        id: TokenId(uuid_of(u64::from(n))),
        digest: [n; 32],
        account: account_id(1),
        name: "每晚同步".into(),
        scopes: [code("read"), code("clocks")].into(),
        made_at: at(10 + i64::from(n)),
        until: at(100),
        used_at: None,
    }
}

async fn a_token_is_found_by_its_digest_and_ends(store: &Database, _: &Place) {
    let made = with_account(store).await;
    store.create(&account(2)).await.unwrap();
    for n in [1, 2] {
        store.add_token(&token(n)).await.unwrap();
    }
    assert_eq!(
        store.token(&[1; 32]).await.unwrap(),
        Some((token(1), made.clone()))
    );
    assert_eq!(store.token(&[9; 32]).await.unwrap(), None);
    store.use_token(token(1).id, at(20)).await.unwrap();
    let used = Token {
        used_at: Some(at(20)),
        ..token(1)
    };
    assert_eq!(store.tokens(made.id).await.unwrap(), [used, token(2)]);
    assert!(
        !store.end_token(account_id(2), token(1).id).await.unwrap(),
        "another's"
    );
    assert!(store.end_token(made.id, token(1).id).await.unwrap());
    assert_eq!(store.token(&[1; 32]).await.unwrap(), None);
}

async fn lists_go_on_behind_the_last(store: &Database, _: &Place) {
    with_places(store).await;
    for n in 1..=5 {
        store.create(&account(n)).await.unwrap();
    }
    let police = Account {
        agency: agency("police"),
        unit: None,
        ..account(6)
    };
    store.create(&police).await.unwrap();
    let logins = async |of: Option<&str>, after: Option<&str>, limit| -> Vec<String> {
        let of = of.map(agency);
        let after = after.map(code);
        let page = store.accounts(of.as_ref(), after.as_ref(), limit).await.unwrap();
        page.iter().map(|account| account.login.to_string()).collect()
    };
    assert_eq!(
        logins(Some("culture"), None, 3).await,
        ["login-1", "login-2", "login-3"]
    );
    assert_eq!(
        logins(Some("culture"), Some("login-3"), 9).await,
        ["login-4", "login-5"]
    );
    assert_eq!(logins(None, Some("login-4"), 9).await, ["login-5", "login-6"]);
}

async fn what_is_outside_the_limits_is_refused(store: &Database, _: &Place) {
    with_places(store).await;
    let many = (0..65).map(|n| code(&format!("r{n}"))).collect();
    for wrong in [
        Account {
            name: " ".into(),
            ..account(1)
        },
        Account {
            name: "李\u{0}".into(),
            ..account(1)
        },
        Account {
            name: "长".repeat(200),
            ..account(1)
        },
        Account {
            roles: many,
            ..account(1)
        },
        Account {
            totp_secret: Some(vec![0; 129]),
            ..account(1)
        },
    ] {
        assert!(
            matches!(store.create(&wrong).await, Err(AccountError::Invalid { .. })),
            "{wrong:?}"
        );
    }
    assert!(!store.has_accounts().await.unwrap());
}
