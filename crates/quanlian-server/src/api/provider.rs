//! Sign-in with a provider over HTTP: a browser is sent there and comes back with a code.
//!
//! In:  the name of a provider; a code and what the browser was given.
//! Out: where to go; the cookie of a session.
//!
//! Invariants: what comes back is taken from the browser that was sent, once, within ten minutes, and for the provider that it was
//! sent to; an account is found by issuer and subject as an administrator linked them, never by a name or a mail address; no account
//! is made unless the operator said so, and its roles are the operator's; the second factor of an account is asked for as ever.
//!
//! Not here: what a provider says and whether it is true (`sign_in::provider`).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_record::{id::AccountId, time::Timestamp};
use quanlian_store::{
    AccountStore as _, SubjectStore as _,
    accounts::{Account, AccountError, AccountState, Tries, subjects::Subject},
    matters::{AgencyCode, Code, UserCode},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{self, Asked, At, Caller, Given},
    places::{allowed, coded},
    session::{self, From, Halfway},
    trail::{self, Outcome, Who},
};
use crate::{
    permission::Action,
    platform::Platform,
    sign_in::{
        provider::{Beginning, Provider, ProviderError, token::Claims},
        seal::Use,
        secret::{self, Kind},
    },
};

/// What the browser holds while it is away.
const FLOW_COOKIE: &str = "quanlian_flow";
/// So long somebody may take to sign in there.
const FLOW_S: i64 = 600;
/// A code or a state is no longer.
const MAX_GIVEN_BYTES: usize = 4096;

#[derive(Serialize, ToSchema)]
pub(super) struct ProviderView {
    name: String,
}

/// With whom somebody may sign in here.
#[utoipa::path(
    get, path = "/api/v1/session/oidc", operation_id = "providers", security(()),
    responses((status = 200, body = Vec<ProviderView>))
)]
pub(super) async fn list(State(platform): State<Platform>) -> Json<Vec<ProviderView>> {
    let view = |provider: &Provider| ProviderView {
        name: provider.name().to_owned(),
    };
    Json(platform.providers().iter().map(view).collect())
}

#[derive(Serialize, ToSchema)]
pub(super) struct Away {
    /// Where the browser goes; nothing when there is no such place.
    address: Option<String>,
}

/// A flow as it is sealed.
#[derive(Serialize, Deserialize)]
struct Flow {
    provider: String,
    nonce: String,
    verifier: String,
}

fn found<'p>(platform: &'p Platform, name: &str) -> Result<&'p Provider, Problem> {
    platform.providers().get(name).ok_or_else(|| {
        let detail = "there is no such provider here";
        Problem::new(StatusCode::NOT_FOUND, "provider_not_found", detail)
    })
}

fn refused(error: &ProviderError) -> Problem {
    tracing::warn!(error = error.code(), %error, "a provider signed nobody in");
    let status = match error {
        ProviderError::Away(_) | ProviderError::Discovery => StatusCode::BAD_GATEWAY,
        _ => StatusCode::UNAUTHORIZED,
    };
    let detail =
        "the provider did not sign you in; begin again, and tell the operator the code if it stays so";
    Problem::new(status, error.code(), detail)
}

/// Begins to sign in with a provider.
#[utoipa::path(
    post, path = "/api/v1/session/oidc/{provider}", operation_id = "begin_provider", security(()),
    params(("provider" = String, Path)),
    responses((status = 200, body = Away), (status = 404), (status = 429), (status = 502))
)]
pub(super) async fn begin(
    State(platform): State<Platform>,
    From(address): From,
    At(name): At<String>,
) -> Result<Response, Problem> {
    let now = platform.now();
    let provider = found(&platform, &name)?;
    session::wait(platform.charge(address, now))?;
    let fresh = || secret::fresh(Kind::Flow);
    let (state, browser, nonce, verifier) = (fresh(), fresh(), fresh(), fresh());
    // A verifier has 43 to 128 signs of a small alphabet, which these are.
    let beginning = Beginning {
        state: &state.text,
        nonce: &nonce.text,
        verifier: &verifier.text,
    };
    let url = provider.address(&beginning, now).await;
    let url = url.map_err(|error| refused(&error))?;
    let flow = Flow {
        provider: name,
        nonce: nonce.text.to_string(),
        verifier: verifier.text.to_string(),
    };
    let flow = serde_json::to_vec(&flow).map_err(Problem::internal)?;
    let sealed = platform.seal().seal(Use::Flow, &state.digest.0, &flow);
    let until = later(now, FLOW_S)?;
    let (state, of_browser) = (&state.digest.0, &browser.digest.0);
    platform
        .store()
        .begin_flow(state, of_browser, &sealed, now, until)
        .await?;
    platform.refund(address);
    let body = Away {
        address: Some(url.into()),
    };
    let mut response = Json(body).into_response();
    let cookie = flow_cookie(&platform, &browser.text, FLOW_S)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn later(now: Timestamp, seconds: i64) -> Result<Timestamp, Problem> {
    let micros = now.unix_micros().saturating_add(seconds * 1_000_000);
    Timestamp::from_unix_micros(micros).map_err(Problem::internal)
}

/// `Lax`, because it comes back with a page that another site opened.
fn flow_cookie(platform: &Platform, text: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let secure = if platform.settings().allows_plain_http {
        ""
    } else {
        "; Secure"
    };
    let path = "/api/v1/session/oidc";
    let cookie =
        format!("{FLOW_COOKIE}={text}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).map_err(Problem::internal)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Back {
    /// What the provider gave.
    code: Option<String>,
    /// What the browser was sent with.
    state: Option<String>,
    /// Why the provider gave nothing.
    error: Option<String>,
    /// Who the provider says it is (RFC 9207).
    iss: Option<String>,
}

/// Where a provider sends browsers back.
#[utoipa::path(
    get, path = "/api/v1/session/oidc/{provider}/callback", operation_id = "end_provider", security(()),
    params(("provider" = String, Path), Back),
    responses((status = 303), (status = 401), (status = 404), (status = 429), (status = 502))
)]
pub(super) async fn callback(
    State(platform): State<Platform>,
    From(address): From,
    At(name): At<String>,
    Asked(back): Asked<Back>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = platform.now();
    let provider = found(&platform, &name)?;
    session::wait(platform.charge(address, now))?;
    let signed_in = signed_in(&platform, provider, back, &headers, now).await;
    let account = match signed_in {
        Ok(account) => account,
        Err((code, problem)) => {
            let who = Who {
                actor: format!("?/{}", provider.name()),
                address: address.to_string(),
                by: "oidc",
                purpose: None,
                now,
            };
            let object = json!({"kind": "account"});
            trail::append(&platform, who, "sign_in", object, Outcome::Refused(&code)).await?;
            return Err(problem);
        }
    };
    platform.refund(address);
    let issued = session::begin(&platform, &account, address, "oidc", now).await?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let place = HeaderValue::from_str(provider.after_path()).map_err(Problem::internal)?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, place);
    headers.append(header::SET_COOKIE, issued);
    headers.append(header::SET_COOKIE, flow_cookie(&platform, "", 0)?);
    Ok(response)
}

type Refused = (String, Problem);

fn no(code: &str, detail: &str) -> Refused {
    (
        code.to_owned(),
        Problem::new(StatusCode::UNAUTHORIZED, code, detail),
    )
}

/// The account, or the code of why not.
async fn signed_in(
    platform: &Platform,
    provider: &Provider,
    back: Back,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Account, Refused> {
    let failed = |problem: Problem| ("internal".to_owned(), problem);
    let of_store = |error: AccountError| failed(error.into());
    // The flow is used up first, whatever comes of it.
    let stale = || {
        no(
            "oidc_state",
            "this sign-in was not begun in this browser, is over, or was ended already; begin again",
        )
    };
    let given = back
        .state
        .as_deref()
        .filter(|state| state.len() <= MAX_GIVEN_BYTES);
    let state = given.and_then(|state| secret::digest_of(Kind::Flow, state));
    let browser = caller::cookie_of(headers, FLOW_COOKIE);
    let browser = browser.and_then(|shown| secret::digest_of(Kind::Flow, shown));
    let (state, browser) = state.zip(browser).ok_or_else(stale)?;
    let sealed = platform.store().take_flow(&state.0, &browser.0, now).await;
    let sealed = sealed.map_err(of_store)?.ok_or_else(stale)?;
    let flow = platform.seal().open(Use::Flow, &state.0, &sealed);
    let flow = flow.map_err(|_| stale())?;
    let flow: Flow = serde_json::from_slice(&flow).map_err(|_| stale())?;
    let is_other = back.iss.is_some_and(|issuer| issuer != provider.issuer());
    if flow.provider != provider.name() || is_other {
        return Err(no(
            "oidc_mixed_up",
            "another provider answered than the one that was asked; begin again",
        ));
    }
    if back.error.is_some() {
        return Err(no("oidc_denied", "the provider signed nobody in"));
    }
    let code = back
        .code
        .filter(|code| !code.is_empty() && code.len() <= MAX_GIVEN_BYTES);
    let code = code.ok_or_else(|| no("oidc_code", "the provider gave no code; begin again"))?;
    let claims = provider.exchange(&code, &flow.verifier, &flow.nonce, now).await;
    let claims = claims.map_err(|error| (error.code().to_owned(), refused(&error)))?;
    let subject = Subject {
        issuer: provider.issuer().to_owned(),
        subject: claims.subject.clone(),
    };
    let found = platform
        .store()
        .account_of_subject(&subject)
        .await
        .map_err(of_store)?;
    let unknown = || {
        no(
            "oidc_unknown",
            "the provider knows you, and this installation does not; ask your administrator",
        )
    };
    let account = match found {
        Some(account) => account,
        None => made(platform, provider, &subject, &claims, now)
            .await
            .map_err(failed)?
            .ok_or_else(unknown)?,
    };
    if account.state != AccountState::Active || account.is_service {
        return Err(unknown());
    }
    Ok(account)
}

/// An account for whoever the provider knows, where the operator said so.
async fn made(
    platform: &Platform,
    provider: &Provider,
    subject: &Subject,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<Account>, Problem> {
    let Some(new) = provider.new_accounts() else {
        return Ok(None);
    };
    // A name that nobody chose: what a provider calls people may be anybody's login here.
    let digest = hex::encode(&Sha256::digest(subject.subject.as_bytes())[..10]);
    let login = format!("{}-{digest}", provider.name());
    let roles = new
        .roles
        .iter()
        .map(|role| coded(Code::parse, role))
        .collect::<Result<_, _>>()?;
    let is_plain =
        |name: &&String| !name.trim().is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    let account = Account {
        id: AccountId::fresh(now),
        login: coded(Code::parse, &login)?,
        agency: coded(AgencyCode::parse, &new.agency)?,
        user: coded(UserCode::parse, &login)?,
        unit: None,
        name: claims.name.as_ref().filter(is_plain).unwrap_or(&login).clone(),
        roles,
        state: AccountState::Active,
        is_service: false,
        password_hash: None,
        totp_secret: None,
        must_change: false,
        tries: Tries::default(),
        made_at: now,
        version: 1,
    };
    platform.store().create(&account).await?;
    platform.store().link(subject, account.id, now).await?;
    Ok(Some(account))
}

/// Signs out here, and says where to sign out of the provider.
#[utoipa::path(
    delete, path = "/api/v1/session/oidc/{provider}", operation_id = "sign_out_provider", params(("provider" = String, Path)),
    responses((status = 200, body = Away), (status = 401), (status = 404))
)]
pub(super) async fn sign_out(
    State(platform): State<Platform>,
    halfway: Halfway,
    At(name): At<String>,
) -> Result<Response, Problem> {
    let now = platform.now();
    let provider = found(&platform, &name)?;
    let cookie = session::ended(&platform, halfway).await?;
    // Whoever signed out has, also when the provider is away.
    let address = provider.end(now).await.ok().flatten();
    let body = Away {
        address: address.map(Into::into),
    };
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectBody {
    /// The name of the provider.
    provider: String,
    /// Its word for the person (`sub`).
    subject: String,
}

/// As whom providers know an account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/subjects", operation_id = "subjects", params(("id" = String, Path)),
    responses((status = 200, body = Vec<SubjectBody>), (status = 401), (status = 403))
)]
pub(super) async fn subjects(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
) -> Result<Json<Vec<SubjectBody>>, Problem> {
    allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "subjects", "id": id}),
    )
    .await?;
    let name = |issuer: &str| {
        let known = platform
            .providers()
            .iter()
            .find(|provider| provider.issuer() == issuer);
        known.map_or(issuer.to_owned(), |provider| provider.name().to_owned())
    };
    let all = platform
        .store()
        .subjects(id)
        .await?
        .into_iter()
        .map(|subject| SubjectBody {
            provider: name(&subject.issuer),
            subject: subject.subject,
        });
    Ok(Json(all.collect()))
}

/// Says as whom a provider knows an account.
#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/subjects", operation_id = "link_subject", params(("id" = String, Path)),
    request_body = SubjectBody,
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422))
)]
pub(super) async fn link(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
    Given(given): Given<SubjectBody>,
) -> Result<StatusCode, Problem> {
    allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "subjects", "id": id}),
    )
    .await?;
    let provider = found(&platform, &given.provider)?;
    let account = platform.store().account(id).await?;
    account.filter(|account| !account.is_service).ok_or_else(|| {
        let detail = "there is no such account of a person";
        Problem::new(StatusCode::NOT_FOUND, "account_not_found", detail)
    })?;
    let subject = Subject {
        issuer: provider.issuer().to_owned(),
        subject: given.subject,
    };
    if platform.store().link(&subject, id, caller.now).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "the provider's word for this person is linked with another account";
    Err(Problem::new(StatusCode::CONFLICT, "subject_taken", detail))
}

/// Takes such a link away.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/subjects", operation_id = "unlink_subject", params(("id" = String, Path)),
    request_body = SubjectBody,
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(super) async fn unlink(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
    Given(given): Given<SubjectBody>,
) -> Result<StatusCode, Problem> {
    allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "subjects", "id": id}),
    )
    .await?;
    let issuer = found(&platform, &given.provider)?.issuer().to_owned();
    let subject = Subject {
        issuer,
        subject: given.subject,
    };
    if platform.store().unlink(&subject, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "the account has no such link";
    Err(Problem::new(StatusCode::NOT_FOUND, "subject_not_found", detail))
}
