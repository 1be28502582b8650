//! Sign-in over HTTP: first start, password, second factor, sign-out, one's own password and tokens.
//!
//! In:  what somebody types.
//! Out: the cookie of a session (`HttpOnly`, `SameSite=Strict`), tokens and recovery codes, each shown once.
//!
//! Invariants: a wrong login, a wrong password and a suspended account are one answer and cost the same time; a try is counted before
//! it is looked at, so that a hundred at once are a hundred; what changes the account itself asks for a password typed just now.
//!
//! Not here: OpenID Connect (not built yet).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use quanlian_record::{
    id::{AccountId, TokenId},
    time::Timestamp,
};
use quanlian_store::{
    AccountStore as _,
    accounts::{Account, AccountState, Agency, SecretDigest, StoredSession, Token, Tries},
    matters::{AgencyCode, Code, UserCode},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Problem,
    caller::{self, At, COOKIE, Caller, Given},
    places::{AccountView, NamesBody, coded, hashed, view},
    trail::{self, Outcome, Who},
};
use crate::{
    permission::Action,
    platform::Platform,
    sign_in::{
        attempts::{self, Attempts},
        password::{self, Tried},
        second_factor,
        secret::{self, Kind},
        session::State as Standing,
    },
};

const RECOVERY_CODES: usize = 10;
/// Recovery codes hold so long.
const RECOVERY_DAYS: i64 = 3_650;
/// A token holds no longer.
const MAX_TOKEN_DAYS: u32 = 366;
const DAY_US: i64 = 86_400_000_000;

/// From where a request comes, before anybody is signed in.
pub(super) struct From(std::net::IpAddr);

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
    let waits = account.totp_secret.is_some();
    if !waits {
        forgive(&platform, account.id).await?;
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
    signed(
        &platform,
        &account,
        address,
        now,
        if waits { "password_right" } else { "done" },
    )
    .await?;
    platform.store().begin_session(&session).await?;
    let body = Json(SignedIn {
        waits_for_second_factor: waits,
    });
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::SET_COOKIE, cookie(&platform, &issued.text)?);
    Ok(response)
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

fn wait(seconds: u32) -> Result<(), Problem> {
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
    let who = Who {
        actor: format!("{}/{}", account.agency, account.user),
        address: address.to_string(),
        by: "password",
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
}

impl FromRequestParts<Platform> for Halfway {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        let now = platform.now();
        let (digest, session, account) = caller::by_cookie(platform, parts, now).await?;
        Ok(Self {
            digest,
            account,
            is_waiting: session.state(platform.settings().session, now) == Standing::WaitsForSecondFactor,
            address: caller::address(platform, parts),
            now,
        })
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
    } = halfway;
    let secret: Option<[u8; second_factor::SECRET_BYTES]> = account
        .totp_secret
        .as_deref()
        .and_then(|secret| secret.try_into().ok());
    let (true, Some(secret)) = (is_waiting, secret) else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "second_factor_not_due",
            "this session waits for no code",
        ));
    };
    charge(&platform, &account, now).await?;
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
        let detail = "the code is wrong, too old or used already; wait for the next one";
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "second_factor_wrong",
            detail,
        ));
    }
    signed(&platform, &account, address, now, "done").await?;
    forgive(&platform, account.id).await?;
    platform.store().use_session(&digest, now, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = AccountView), (status = 401)))]
pub(super) async fn who(caller: Caller) -> Json<AccountView> {
    Json(view(&caller.account))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204), (status = 401)))]
pub(super) async fn sign_out(
    State(platform): State<Platform>,
    halfway: Halfway,
) -> Result<Response, Problem> {
    platform.store().end_session(&halfway.digest).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    response.headers_mut().insert(
        header::SET_COOKIE,
        HeaderValue::from_str(&gone).map_err(Problem::internal)?,
    );
    Ok(response)
}

fn fresh(platform: &Platform, caller: &Caller) -> Result<(), Problem> {
    if caller.is_fresh(platform) {
        return Ok(());
    }
    let detail = "sign in again: this changes the account itself and asks for a password typed just now";
    Err(Problem::new(StatusCode::FORBIDDEN, "sign_in_not_fresh", detail))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    password: String,
}

/// Sets one's own password; every other session of the account ends.
#[utoipa::path(
    put, path = "/api/v1/account/password", request_body = NewPassword,
    responses((status = 204), (status = 401), (status = 403), (status = 422))
)]
pub(super) async fn set_password(
    State(platform): State<Platform>,
    caller: Caller,
    Given(given): Given<NewPassword>,
) -> Result<StatusCode, Problem> {
    fresh(&platform, &caller)?;
    let mut account = caller.account.clone();
    account.password_hash = Some(hashed(&platform, &account, &given.password).await?);
    let object = json!({"kind": "account", "id": account.id});
    trail::write(
        &platform,
        &caller,
        "set_password",
        object,
        Outcome::Signed("done"),
    )
    .await?;
    let keep = caller.session.map(|(digest, _)| digest);
    platform
        .store()
        .change(&account, caller.now, keep.as_ref())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub(super) struct Enrolment {
    /// To send back with a code of it.
    secret: String,
    /// For the picture that an authenticator reads.
    address: String,
}

/// A new secret for an authenticator; nothing is kept until a code of it comes back.
#[utoipa::path(
    get, path = "/api/v1/account/second-factor",
    responses((status = 200, body = Enrolment), (status = 401), (status = 403))
)]
pub(super) async fn enrol(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<Enrolment>, Problem> {
    fresh(&platform, &caller)?;
    let secret = second_factor::fresh_secret();
    Ok(Json(Enrolment {
        secret: hex::encode(*secret),
        address: second_factor::enrolment_address(&secret, caller.account.login.as_str(), "quanlian"),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolled {
    secret: String,
    /// Six digits that the authenticator shows for it.
    code: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each opens the account once, without the authenticator. Shown once.
    recovery_codes: Vec<String>,
}

/// Sets the second factor, with a code that shows that the authenticator has it.
#[utoipa::path(
    put, path = "/api/v1/account/second-factor", request_body = Enrolled,
    responses((status = 200, body = RecoveryCodes), (status = 401), (status = 403), (status = 422))
)]
pub(super) async fn set_second_factor(
    State(platform): State<Platform>,
    caller: Caller,
    Given(given): Given<Enrolled>,
) -> Result<Json<RecoveryCodes>, Problem> {
    fresh(&platform, &caller)?;
    let mut secret = Zeroizing::new([0; second_factor::SECRET_BYTES]);
    hex::decode_to_slice(&given.secret, &mut *secret)
        .map_err(|_| Problem::bad("body_invalid", "`secret` is what the enrolment gave"))?;
    let step = second_factor::take(&secret, &given.code, caller.now, None).map_err(|refusal| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            refusal.code(),
            &refusal.to_string(),
        )
    })?;
    let mut account = caller.account.clone();
    account.totp_secret = Some(secret.to_vec());
    let object = json!({"kind": "account", "id": account.id});
    trail::write(
        &platform,
        &caller,
        "set_second_factor",
        object,
        Outcome::Signed("done"),
    )
    .await?;
    platform.store().change(&account, caller.now, None).await?;
    platform.store().take_step(account.id, step).await?;
    let codes: Vec<_> = (0..RECOVERY_CODES)
        .map(|_| secret::fresh(Kind::Recovery))
        .collect();
    let digests: Vec<SecretDigest> = codes.iter().map(|code| code.digest.0).collect();
    let until = later(caller.now, RECOVERY_DAYS * DAY_US);
    platform.store().put_codes(account.id, &digests, until).await?;
    Ok(Json(RecoveryCodes {
        recovery_codes: codes.iter().map(|code| code.text.to_string()).collect(),
    }))
}

fn later(now: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(now.unix_micros().saturating_add(micros)).unwrap_or(now)
}

#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    id: String,
    name: String,
    scopes: Vec<String>,
    made_at: String,
    until: String,
    used_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct NewTokenView {
    /// The token. Shown once.
    token: String,
    #[serde(flatten)]
    about: TokenView,
}

fn token_view(token: &Token) -> TokenView {
    TokenView {
        id: token.id.to_string(),
        name: token.name.clone(),
        scopes: token.scopes.iter().map(ToString::to_string).collect(),
        made_at: token.made_at.to_string(),
        until: token.until.to_string(),
        used_at: token.used_at.map(|at| at.to_string()),
    }
}

/// One's own tokens.
#[utoipa::path(get, path = "/api/v1/account/tokens", responses((status = 200, body = Vec<TokenView>), (status = 401)))]
pub(super) async fn tokens(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<Vec<TokenView>>, Problem> {
    let tokens = platform.store().tokens(caller.account.id).await?;
    Ok(Json(tokens.iter().map(token_view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    name: String,
    /// Names of actions: `read`, `write`, ….
    scopes: Vec<String>,
    /// How many days it holds, up to 366.
    days: u32,
    /// For a service account, whose tokens an administrator makes.
    #[serde(default)]
    account: Option<String>,
}

/// Makes a token.
#[utoipa::path(
    post, path = "/api/v1/account/tokens", request_body = NewToken,
    responses((status = 201, body = NewTokenView), (status = 401), (status = 403), (status = 422))
)]
pub(super) async fn add_token(
    State(platform): State<Platform>,
    caller: Caller,
    Given(given): Given<NewToken>,
) -> Result<Response, Problem> {
    fresh(&platform, &caller)?;
    let account = match &given.account {
        None => caller.account.id,
        Some(id) => service_account(&platform, &caller, id).await?,
    };
    if !(1..=MAX_TOKEN_DAYS).contains(&given.days) {
        let detail = "a token holds for 1 to 366 days";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "token_days",
            detail,
        ));
    }
    let known = given.scopes.iter().all(|scope| Action::of(scope).is_some());
    if given.scopes.is_empty() || !known {
        let all: Vec<&str> = Action::ALL.iter().map(|action| action.word()).collect();
        let detail = "name what the token is for, among the actions in `known`";
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "token_scopes", detail).with("known", all),
        );
    }
    let scopes: BTreeSet<Code> = given
        .scopes
        .iter()
        .map(|scope| coded(Code::parse, scope))
        .collect::<Result<_, _>>()?;
    let issued = secret::fresh(Kind::ApiToken);
    let token = Token {
        id: TokenId::fresh(caller.now),
        digest: issued.digest.0,
        account,
        name: given.name,
        scopes,
        made_at: caller.now,
        until: later(caller.now, i64::from(given.days) * DAY_US),
        used_at: None,
    };
    let object = json!({"kind": "token", "id": token.id, "account": account});
    trail::write(&platform, &caller, "add_token", object, Outcome::Signed("done")).await?;
    platform.store().add_token(&token).await?;
    let body = NewTokenView {
        token: issued.text.to_string(),
        about: token_view(&token),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// A service account, for which an administrator makes a token.
async fn service_account(platform: &Platform, caller: &Caller, id: &str) -> Result<AccountId, Problem> {
    let decision = caller.may(
        platform,
        Action::Accounts,
        &crate::permission::Object::Installation,
    )?;
    if !decision.is_allowed() {
        return Err(trail::denied());
    }
    let id: AccountId = id
        .parse()
        .map_err(|_| Problem::bad("body_invalid", "`account` is the id of an account"))?;
    match platform.store().account(id).await? {
        Some(account) if account.is_service => Ok(account.id),
        _ => {
            let detail = "tokens of a person are made by that person";
            Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "token_not_service",
                detail,
            ))
        }
    }
}

/// Ends one's own token.
#[utoipa::path(
    delete, path = "/api/v1/account/tokens/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 401), (status = 404))
)]
pub(super) async fn end_token(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<TokenId>,
) -> Result<StatusCode, Problem> {
    let object = json!({"kind": "token", "id": id});
    trail::write(&platform, &caller, "end_token", object, Outcome::Signed("done")).await?;
    if platform.store().end_token(caller.account.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(
            StatusCode::NOT_FOUND,
            "token_not_found",
            "you have no such token",
        ))
    }
}
