//! One's own account: password, second factor, tokens.
//!
//! In:  a caller whose password was typed just now.
//! Out: tokens and recovery codes, each shown once.
//!
//! Invariant: what changes the account itself asks for a fresh session; a token changes nothing of it.
//!
//! Not here: signing in (`session`), the accounts of others (`places`).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quanlian_record::{
    id::{AccountId, TokenId},
    time::Timestamp,
};
use quanlian_store::{
    AccountStore as _,
    accounts::{Account, SecretDigest, Token},
    matters::Code,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Problem,
    caller::{At, Caller, Given, NewComer},
    places::{coded, hashed},
    trail::{self, Outcome},
};
use crate::{
    permission::Action,
    platform::Platform,
    sign_in::{
        password::{self, Tried},
        second_factor,
        secret::{self, Kind},
    },
};

const RECOVERY_CODES: usize = 10;
/// Recovery codes hold so long.
const RECOVERY_DAYS: i64 = 3_650;
/// A token holds no longer.
const MAX_TOKEN_DAYS: u32 = 366;
const DAY_US: i64 = 86_400_000_000;

pub(super) fn fresh(platform: &Platform, caller: &Caller) -> Result<(), Problem> {
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
    NewComer(caller): NewComer,
    Given(given): Given<NewPassword>,
) -> Result<StatusCode, Problem> {
    fresh(&platform, &caller)?;
    let mut account = caller.account.clone();
    if account.must_change && is_same(&platform, &account, &given.password).await? {
        let detail = "take another password than the one that was given to you";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "password_same",
            detail,
        ));
    }
    account.password_hash = Some(hashed(&platform, &account, &given.password).await?);
    account.must_change = false;
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

/// Whether it is the password that the account has already.
async fn is_same(platform: &Platform, account: &Account, password: &str) -> Result<bool, Problem> {
    let (typed, stored) = (Zeroizing::new(password.to_owned()), account.password_hash.clone());
    let cost = platform.settings().cost;
    let tried = tokio::task::spawn_blocking(move || password::check(&typed, stored.as_deref(), cost)).await;
    Ok(matches!(
        tried.map_err(Problem::internal)?,
        Ok(Tried::Right { .. })
    ))
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
    let object = json!({"kind": "account", "id": caller.account.id});
    trail::write(&platform, &caller, "enrol", object, Outcome::Signed("done")).await?;
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
    account.totp_secret = Some(second_factor::sealed(platform.seal(), account.id, &secret));
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
    let object = json!({"kind": "tokens", "id": caller.account.id});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
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
