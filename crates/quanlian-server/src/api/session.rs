//! Sign-in over HTTP: first start, password, second factor, sign-out.
//!
//! In:  what somebody types.
//! Out: the cookie of a session (`HttpOnly`, `SameSite=Strict`).
//!
//! Invariants: a wrong login, a wrong password and a suspended account are one answer and cost the same time; a try is counted before
//! it is looked at, so that a hundred at once are a hundred.
//!
//! Not here: one's own account (`own`), sign-in with a provider (`provider`).

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use quanlian_record::{id::AccountId, time::Timestamp};
use quanlian_store::{
    AccountStore as _,
    accounts::{Account, AccountState, Agency, SecretDigest, StoredSession, Tries},
    matters::{AgencyCode, Code, UserCode},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Problem,
    caller::{self, COOKIE, Caller, Given},
    places::{AccountView, NamesBody, coded, hashed, view},
    traced::Traced,
    trail::{self, Outcome, Who},
};
use crate::{
    platform::Platform,
    sign_in::{
        attempts::{self, Attempts},
        password::{self, Tried},
        second_factor,
        secret::{self, Kind},
        session::State as Standing,
    },
};

/// From where a request comes, before anybody is signed in.
pub(super) struct From(pub(super) std::net::IpAddr);

impl FromRequestParts<Platform> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        Ok(Self(caller::address(platform, parts)))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstStart {
    /// The code that the server wrote when it began.
    code: String,
    /// The agency of the first administrator.
    agency: String,
    agency_names: NamesBody,
    login: String,
    name: String,
    password: String,
}

/// Makes the first administrator, once.
#[utoipa::path(
    post, path = "/api/v1/first-start", security(()), request_body = FirstStart,
    responses((status = 201, body = AccountView), (status = 403), (status = 422), (status = 429))
)]
pub(super) async fn first_start(
    State(platform): State<Platform>,
    From(address): From,
    Given(given): Given<FirstStart>,
) -> Result<Response, Problem> {
    let now = platform.now();
    wait(platform.charge(address, now))?;
    let agency = Agency {
        code: coded(AgencyCode::parse, &given.agency)?,
        names: given.agency_names.into(),
    };
    let account = Account {
        id: AccountId::fresh(now),
        login: coded(Code::parse, &given.login)?,
        agency: agency.code.clone(),
        user: coded(UserCode::parse, &given.login)?,
        unit: None,
        name: given.name,
        roles: [coded(Code::parse, "administrator")?].into(),
        state: AccountState::Active,
        is_service: false,
        password_hash: None,
        totp_secret: None,
        must_change: false,
        tries: Tries::default(),
        made_at: now,
        version: 1,
    };
    let refused = || Problem::from(quanlian_store::accounts::AccountError::NotFirst);
    let digest = secret::digest_of(Kind::FirstStart, &given.code)
        .ok_or_else(refused)?
        .0;
    if platform.store().has_accounts().await? {
        return Err(refused());
    }
    let password_hash = Some(hashed(&platform, &account, &given.password).await?);
    let account = Account {
        password_hash,
        ..account
    };
    platform.store().begin(&digest, &agency, &account).await?;
    platform.refund(address);
    signed(&platform, &account, address, now, "first_start").await?;
    Ok((StatusCode::CREATED, Json(view(&account))).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    login: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// Whether the second factor is still to come.
    waits_for_second_factor: bool,
    /// Whether the password has to be changed before anything else.
    must_change_password: bool,
}

/// Signs in with a password.
#[utoipa::path(
    post, path = "/api/v1/session", security(()), request_body = SignIn,
    responses((status = 200, body = SignedIn), (status = 401), (status = 429))
)]
pub(super) async fn sign_in(
    State(platform): State<Platform>,
    From(address): From,
    Given(given): Given<SignIn>,
) -> Result<Response, Problem> {
    let now = platform.now();
    wait(platform.charge(address, now))?;
    let account = match Code::parse(given.login.trim()) {
        Ok(login) => platform.store().account_of(&login).await?,
        Err(_) => None,
    };
    let usable = account.filter(|account| account.state == AccountState::Active && !account.is_service);
    let password = Zeroizing::new(given.password);
    let (stored, cost) = (
        usable.as_ref().and_then(|account| account.password_hash.clone()),
        platform.settings().cost,
    );
    let typed = password.clone();
    // The try is counted while the hash is computed, so that the write does not tell by its time that there is an account;
    // it counts before anybody learns what came of it.
    let (tried, counted) = tokio::join!(
        tokio::task::spawn_blocking(move || password::check(&typed, stored.as_deref(), cost)),
        async {
            match &usable {
                Some(account) => charge(&platform, account, now).await,
                None => wait(platform.charge_nobody(given.login.trim(), now)),
            }
        }
    );
    counted?;
    let tried = match tried.map_err(Problem::internal)? {
        Ok(tried) => tried,
        Err(password::PasswordError::TooLong) => Tried::Wrong,
        Err(error) => return Err(Problem::internal(error)),
    };
    let (Some(account), Tried::Right { is_stale }) = (usable, tried) else {
        let actor = format!("?/{}", given.login.trim().chars().take(64).collect::<String>());
        let who = Who {
            actor,
            address: address.to_string(),
            by: "password",
            purpose: None,
            now,
        };
        trail::append(
            &platform,
            who,
            "sign_in",
            json!({"kind": "account"}),
            Outcome::Refused("sign_in_wrong"),
        )
        .await?;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "sign_in_wrong",
            "login or password is wrong",
        ));
    };
    platform.refund(address);
    let account = if is_stale {
        rehashed(&platform, account, &password, now).await?
    } else {
        account
    };
    let cookie = begin(&platform, &account, address, "password", now).await?;
    let body = Json(SignedIn {
        waits_for_second_factor: account.totp_secret.is_some(),
        must_change_password: account.must_change,
    });
    let mut response = body.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Begins a session of an account that was proven by `by`; its cookie.
pub(super) async fn begin(
    platform: &Platform,
    account: &Account,
    address: std::net::IpAddr,
    by: &'static str,
    now: Timestamp,
) -> Result<HeaderValue, Problem> {
    let waits = account.totp_secret.is_some();
    if !waits {
        forgive(platform, account.id).await?;
    }
    let issued = secret::fresh(Kind::Session);
    let session = StoredSession {
        digest: issued.digest.0,
        account: account.id,
        begun_at: now,
        used_at: now,
        proven_at: now,
        waits_for_second_factor: waits,
    };
    let what = match (waits, by) {
        (false, _) => "done",
        (true, "password") => "password_right",
        (true, _) => "provider_right",
    };
    signed_by(platform, account, address, by, now, what).await?;
    platform.store().begin_session(&session).await?;
    cookie(platform, &issued.text)
}

/// Counts a try as wrong before it is looked at.
async fn charge(platform: &Platform, account: &Account, now: Timestamp) -> Result<(), Problem> {
    let kept = Attempts {
        wrong: account.tries.wrong,
        last_wrong_us: account.tries.last_wrong_us,
    };
    let rules = attempts::Rules::ACCOUNT;
    wait(kept.wait_s(rules, now))?;
    let next = kept.after_wrong(rules, now);
    let next = Tries {
        wrong: next.wrong,
        last_wrong_us: next.last_wrong_us,
    };
    // Another try at the same instant: one of them has to come again.
    if !platform
        .store()
        .swap_tries(account.id, account.tries, next)
        .await?
    {
        return wait(1);
    }
    Ok(())
}

/// The account was proven: its wrong tries are forgotten.
async fn forgive(platform: &Platform, id: AccountId) -> Result<(), Problem> {
    if let Some(account) = platform.store().account(id).await? {
        platform
            .store()
            .swap_tries(id, account.tries, Tries::default())
            .await?;
    }
    Ok(())
}

async fn rehashed(
    platform: &Platform,
    account: Account,
    password: &Zeroizing<String>,
    now: Timestamp,
) -> Result<Account, Problem> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(Problem::internal)?;
    let (typed, cost) = (password.clone(), platform.settings().cost);
    let hash = tokio::task::spawn_blocking(move || password::hash(&typed, salt, cost)).await;
    let password_hash = Some(hash.map_err(Problem::internal)?.map_err(Problem::internal)?);
    let mut account = Account {
        password_hash,
        ..account
    };
    account.version = platform.store().change(&account, now, None).await?;
    Ok(account)
}

pub(super) fn wait(seconds: u32) -> Result<(), Problem> {
    if seconds == 0 {
        return Ok(());
    }
    let detail = "too many wrong tries; wait and try again";
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "sign_in_too_often", detail).retry_after(seconds))
}

async fn signed(
    platform: &Platform,
    account: &Account,
    address: std::net::IpAddr,
    now: Timestamp,
    what: &str,
) -> Result<(), Problem> {
    signed_by(platform, account, address, "password", now, what).await
}

async fn signed_by(
    platform: &Platform,
    account: &Account,
    address: std::net::IpAddr,
    by: &'static str,
    now: Timestamp,
    what: &str,
) -> Result<(), Problem> {
    let who = Who {
        actor: format!("{}/{}", account.agency, account.user),
        address: address.to_string(),
        by,
        purpose: None,
        now,
    };
    trail::append(
        platform,
        who,
        "sign_in",
        json!({"kind": "account", "id": account.id}),
        Outcome::Signed(what),
    )
    .await
}

fn cookie(platform: &Platform, text: &str) -> Result<HeaderValue, Problem> {
    let secure = if platform.settings().allows_plain_http {
        ""
    } else {
        "; Secure"
    };
    let longest = platform.settings().session.longest_s;
    let cookie = format!("{COOKIE}={text}; Path=/; HttpOnly; SameSite=Strict; Max-Age={longest}{secure}");
    HeaderValue::from_str(&cookie).map_err(Problem::internal)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondFactor {
    /// Six digits of the authenticator.
    #[serde(default)]
    code: Option<String>,
    /// Or a recovery code, which is used up.
    #[serde(default)]
    recovery_code: Option<String>,
}

/// Whoever shows a session that may wait for its second factor.
pub(super) struct Halfway {
    digest: SecretDigest,
    account: Account,
    is_waiting: bool,
    address: std::net::IpAddr,
    now: Timestamp,
    traced: Traced,
}

impl Halfway {
    fn who(&self) -> Who<'_> {
        Who {
            actor: format!("{}/{}", self.account.agency, self.account.user),
            address: self.address.to_string(),
            by: "session",
            purpose: None,
            now: self.now,
        }
    }
}

impl FromRequestParts<Platform> for Halfway {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        let now = platform.now();
        let (digest, session, account) = caller::by_cookie(platform, parts, now).await?;
        let halfway = Self {
            digest,
            account,
            is_waiting: session.state(platform.settings().session, now) == Standing::WaitsForSecondFactor,
            address: caller::address(platform, parts),
            now,
            traced: caller::traced(parts),
        };
        halfway.traced.is_of(&halfway.who());
        Ok(halfway)
    }
}

/// Shows the second factor.
#[utoipa::path(
    post, path = "/api/v1/session/second-factor", request_body = SecondFactor,
    responses((status = 204), (status = 401), (status = 409), (status = 429))
)]
pub(super) async fn second_factor(
    State(platform): State<Platform>,
    halfway: Halfway,
    Given(given): Given<SecondFactor>,
) -> Result<StatusCode, Problem> {
    let Halfway {
        digest,
        account,
        is_waiting,
        address,
        now,
        traced,
    } = halfway;
    let (true, Some(kept)) = (is_waiting, account.totp_secret.as_deref()) else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "second_factor_not_due",
            "this session waits for no code",
        ));
    };
    charge(&platform, &account, now).await?;
    let secret = second_factor::open(platform.seal(), account.id, kept);
    let secret = secret.map_err(|error| Problem::internal(format!("a second factor: {error}")))?;
    let is_right = match (&given.code, &given.recovery_code) {
        (Some(code), None) => match second_factor::take(&secret, code, now, None) {
            Ok(step) => platform.store().take_step(account.id, step).await?,
            Err(_) => false,
        },
        (None, Some(code)) => match secret::digest_of(Kind::Recovery, code) {
            Some(digest) => platform.store().take_code(account.id, &digest.0, now).await?,
            None => false,
        },
        _ => {
            return Err(Problem::bad(
                "body_invalid",
                "give either `code` or `recovery_code`",
            ));
        }
    };
    if !is_right {
        signed(&platform, &account, address, now, "second_factor_wrong").await?;
        traced.is_written();
        let detail = "the code is wrong, too old or used already; wait for the next one";
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "second_factor_wrong",
            detail,
        ));
    }
    signed(&platform, &account, address, now, "done").await?;
    traced.is_written();
    forgive(&platform, account.id).await?;
    platform.store().use_session(&digest, now, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in, and what their roles may do.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    #[serde(flatten)]
    account: AccountView,
    /// Each action that one of the roles may do at all, with how far they reach with it: `nothing`, `handled`, `unit` or `agency`.
    may: BTreeMap<&'static str, &'static str>,
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = MeView), (status = 401)))]
pub(super) async fn who(State(platform): State<Platform>, caller: Caller) -> Result<Json<MeView>, Problem> {
    let object = json!({"kind": "account", "id": caller.account.id});
    trail::write(&platform, &caller, "who", object, Outcome::Signed("done")).await?;
    let roles = caller.account.roles.iter().map(Code::as_str);
    let held = platform.permissions().roles().of_person(roles);
    let held = held.map_err(|error| Problem::internal(format!("{error:?}")))?;
    let all = held.may().into_iter();
    // A token does what it was made for and no more.
    let all = all.filter(|action| {
        let scopes = caller.principal.scopes.as_ref();
        scopes.is_none_or(|scopes| scopes.contains(action))
    });
    Ok(Json(MeView {
        account: view(&caller.account),
        may: all
            .map(|action| (action.word(), held.reach(action).word()))
            .collect(),
    }))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204), (status = 401)))]
pub(super) async fn sign_out(
    State(platform): State<Platform>,
    halfway: Halfway,
) -> Result<Response, Problem> {
    let cookie = ended(&platform, halfway).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Ends a session; the cookie that takes its cookie away.
pub(super) async fn ended(platform: &Platform, halfway: Halfway) -> Result<HeaderValue, Problem> {
    let object = json!({"kind": "account", "id": halfway.account.id});
    trail::append(
        platform,
        halfway.who(),
        "sign_out",
        object,
        Outcome::Signed("done"),
    )
    .await?;
    halfway.traced.is_written();
    platform.store().end_session(&halfway.digest).await?;
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    HeaderValue::from_str(&gone).map_err(Problem::internal)
}
