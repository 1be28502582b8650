//! Agencies, units, accounts: for administrators, who see nothing else.
//!
//! In:  codes, names, roles.
//! Out: what is kept, without hashes and secrets.
//!
//! Invariant: an administrator sets a first password, which the person has to change before anything else, and never sees another; hashes and secrets never leave.
//!
//! Not here: one's own password and tokens (`own`).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_record::id::AccountId;
use quanlian_store::{
    AccountStore as _,
    accounts::{Account, AccountState, Agency, Names, Tries, Unit},
    matters::{AgencyCode, Code, UnitCode, UserCode},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller, Given},
    trail::{self, Outcome},
};
use crate::{
    permission::{Action, Object},
    platform::Platform,
    sign_in::password,
};

/// Both names.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamesBody {
    pub(super) zh: String,
    pub(super) en: String,
}

impl From<NamesBody> for Names {
    fn from(names: NamesBody) -> Self {
        Self {
            zh: names.zh,
            en: names.en,
        }
    }
}

impl From<Names> for NamesBody {
    fn from(names: Names) -> Self {
        Self {
            zh: names.zh,
            en: names.en,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct AgencyView {
    code: String,
    names: NamesBody,
    units: Vec<UnitView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UnitView {
    code: String,
    names: NamesBody,
}

/// All agencies and their units: names that everybody who signs in may know.
#[utoipa::path(get, path = "/api/v1/agencies", responses((status = 200, body = Vec<AgencyView>), (status = 401)))]
pub(super) async fn agencies(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<Vec<AgencyView>>, Problem> {
    let object = json!({"kind": "agencies"});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
    let mut all = Vec::new();
    for agency in platform.store().agencies().await? {
        let units = platform.store().units(&agency.code).await?;
        let unit = |unit: Unit| UnitView {
            code: unit.code.to_string(),
            names: unit.names.into(),
        };
        all.push(AgencyView {
            code: agency.code.to_string(),
            names: agency.names.into(),
            units: units.into_iter().map(unit).collect(),
        });
    }
    Ok(Json(all))
}

/// Asks whether the caller may, and writes it down either way.
pub(super) async fn allowed(
    platform: &Platform,
    caller: &Caller,
    action: Action,
    object: serde_json::Value,
) -> Result<(), Problem> {
    let decision = caller.may(platform, action, &Object::Installation)?;
    trail::write(platform, caller, action.word(), object, Outcome::Asked(&decision)).await?;
    if decision.is_allowed() {
        Ok(())
    } else {
        Err(trail::denied())
    }
}

/// Records an agency, or its new name.
#[utoipa::path(
    put, path = "/api/v1/agencies/{agency}", params(("agency" = String, Path)), request_body = NamesBody,
    responses((status = 204), (status = 401), (status = 403), (status = 422))
)]
pub(super) async fn put_agency(
    State(platform): State<Platform>,
    caller: Caller,
    At(code): At<AgencyCode>,
    Given(names): Given<NamesBody>,
) -> Result<StatusCode, Problem> {
    allowed(
        &platform,
        &caller,
        Action::Agencies,
        json!({"kind": "agency", "id": code}),
    )
    .await?;
    let agency = Agency {
        code,
        names: names.into(),
    };
    platform.store().put_agency(&agency, caller.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Records a unit, or its new name.
#[utoipa::path(
    put, path = "/api/v1/agencies/{agency}/units/{unit}", params(("agency" = String, Path), ("unit" = String, Path)),
    request_body = NamesBody, responses((status = 204), (status = 401), (status = 403), (status = 422))
)]
pub(super) async fn put_unit(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, code)): At<(AgencyCode, UnitCode)>,
    Given(names): Given<NamesBody>,
) -> Result<StatusCode, Problem> {
    let object = json!({"kind": "unit", "id": code, "agency": agency});
    allowed(&platform, &caller, Action::Agencies, object).await?;
    let unit = Unit {
        agency,
        code,
        names: names.into(),
    };
    platform.store().put_unit(&unit, caller.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the JSON, with its name"
)]
pub(super) struct AccountView {
    id: String,
    login: String,
    agency: String,
    user: String,
    unit: Option<String>,
    name: String,
    roles: Vec<String>,
    state: &'static str,
    is_service: bool,
    has_password: bool,
    has_second_factor: bool,
    /// Whether a first password is to be changed before anything else.
    must_change_password: bool,
    made_at: String,
    version: u64,
}

pub(super) fn view(account: &Account) -> AccountView {
    AccountView {
        id: account.id.to_string(),
        login: account.login.to_string(),
        agency: account.agency.to_string(),
        user: account.user.to_string(),
        unit: account.unit.as_ref().map(ToString::to_string),
        name: account.name.clone(),
        roles: account.roles.iter().map(ToString::to_string).collect(),
        state: match account.state {
            AccountState::Active => "active",
            AccountState::Suspended => "suspended",
            AccountState::Ended => "ended",
        },
        is_service: account.is_service,
        has_password: account.password_hash.is_some(),
        has_second_factor: account.totp_secret.is_some(),
        must_change_password: account.must_change,
        made_at: account.made_at.to_string(),
        version: account.version,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountsQuery {
    /// Only of this agency.
    agency: Option<String>,
    /// Behind this login.
    after: Option<String>,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

/// Accounts, by their logins.
#[utoipa::path(
    get, path = "/api/v1/accounts", params(AccountsQuery),
    responses((status = 200, body = Vec<AccountView>), (status = 401), (status = 403))
)]
pub(super) async fn accounts(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(query): Asked<AccountsQuery>,
) -> Result<Json<Vec<AccountView>>, Problem> {
    allowed(&platform, &caller, Action::Accounts, json!({"kind": "accounts"})).await?;
    let not_a_code = |_| Problem::bad("query_invalid", "an agency or a login is 1 to 128 bytes");
    let agency = query
        .agency
        .as_deref()
        .map(AgencyCode::parse)
        .transpose()
        .map_err(not_a_code)?;
    let after = query
        .after
        .as_deref()
        .map(Code::parse)
        .transpose()
        .map_err(not_a_code)?;
    let page = platform
        .store()
        .accounts(agency.as_ref(), after.as_ref(), query.limit.unwrap_or(50))
        .await?;
    Ok(Json(page.iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    login: String,
    agency: String,
    user: String,
    #[serde(default)]
    unit: Option<String>,
    name: String,
    roles: Vec<String>,
    #[serde(default)]
    is_service: bool,
    /// The first password, which the person has to change; a service account has none, and a person who signs in with a provider needs none.
    #[serde(default)]
    password: Option<String>,
}

/// Makes an account.
#[utoipa::path(
    post, path = "/api/v1/accounts", request_body = NewAccount,
    responses((status = 201, body = AccountView), (status = 401), (status = 403), (status = 409), (status = 422))
)]
pub(super) async fn create_account(
    State(platform): State<Platform>,
    caller: Caller,
    Given(new): Given<NewAccount>,
) -> Result<Response, Problem> {
    let object = json!({"kind": "account", "agency": new.agency, "user": new.user});
    allowed(&platform, &caller, Action::Accounts, object).await?;
    let account = Account {
        id: AccountId::fresh(caller.now),
        login: coded(Code::parse, &new.login)?,
        agency: coded(AgencyCode::parse, &new.agency)?,
        user: coded(UserCode::parse, &new.user)?,
        unit: new
            .unit
            .as_deref()
            .map(|unit| coded(UnitCode::parse, unit))
            .transpose()?,
        name: new.name,
        roles: roles(&platform, &new.roles)?,
        state: AccountState::Active,
        is_service: new.is_service,
        password_hash: None,
        totp_secret: None,
        must_change: new.password.is_some(),
        tries: Tries::default(),
        made_at: caller.now,
        version: 1,
    };
    // Whoever signs in with a provider alone needs none.
    let may_lack = new.is_service || !platform.providers().is_empty();
    if new.is_service && new.password.is_some() || new.password.is_none() && !may_lack {
        let detail = "a person has a first password; a service account has none and uses tokens";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "account_password",
            detail,
        ));
    }
    let password_hash = match &new.password {
        Some(password) => Some(hashed(&platform, &account, password).await?),
        None => None,
    };
    let account = Account {
        password_hash,
        ..account
    };
    platform.store().create(&account).await?;
    Ok((StatusCode::CREATED, Json(view(&account))).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    #[serde(default)]
    unit: Option<String>,
    name: String,
    roles: Vec<String>,
    /// `active`, `suspended` or `ended`.
    state: String,
    /// A new password, where the person has lost theirs; it also takes the second factor away.
    #[serde(default)]
    new_password: Option<String>,
}

/// Changes an account; `If-Match` names the version that was seen.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}", params(("id" = String, Path), ("If-Match" = String, Header)),
    request_body = AccountChange,
    responses((status = 200, body = AccountView), (status = 401), (status = 403), (status = 404), (status = 412), (status = 422), (status = 428))
)]
pub(super) async fn change_account(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
    headers: HeaderMap,
    Given(change): Given<AccountChange>,
) -> Result<Json<AccountView>, Problem> {
    allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "account", "id": id}),
    )
    .await?;
    let seen = if_match(&headers)?;
    let seen = seen
        .parse()
        .map_err(|_| Problem::bad("if_match_invalid", "If-Match holds the version in quotes"))?;
    let mut account = platform.store().account(id).await?.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "account_not_found",
            "there is no such account",
        )
    })?;
    account.version = seen;
    account.unit = change
        .unit
        .as_deref()
        .map(|unit| coded(UnitCode::parse, unit))
        .transpose()?;
    account.name = change.name;
    account.roles = roles(&platform, &change.roles)?;
    account.state = match change.state.as_str() {
        "active" if account.state != AccountState::Ended => AccountState::Active,
        "suspended" if account.state != AccountState::Ended => AccountState::Suspended,
        "ended" => AccountState::Ended,
        _ => {
            let detail = "a state is active, suspended or ended, and what has ended stays so";
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "account_state",
                detail,
            ));
        }
    };
    if let Some(password) = &change.new_password {
        account.password_hash = Some(hashed(&platform, &account, password).await?);
        account.totp_secret = None;
        account.must_change = true;
    }
    account.version = platform.store().change(&account, caller.now, None).await?;
    Ok(Json(view(&account)))
}

/// The content of `If-Match`.
pub(super) fn if_match(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || {
        let detail = "send If-Match with the version that you saw, so that nobody's change is lost";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_missing", detail)
    };
    let value = headers.get(header::IF_MATCH).ok_or_else(missing)?;
    let text = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    text.ok_or_else(|| Problem::bad("if_match_invalid", "If-Match holds the version in quotes"))
}

/// A code from outside.
pub(super) fn coded<T, E: std::fmt::Display>(
    parse: impl Fn(&str) -> Result<T, E>,
    text: &str,
) -> Result<T, Problem> {
    parse(text).map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "code_invalid",
            &error.to_string(),
        )
    })
}

fn roles(platform: &Platform, given: &[String]) -> Result<std::collections::BTreeSet<Code>, Problem> {
    let checked = platform
        .permissions()
        .roles()
        .of_person(given.iter().map(String::as_str));
    checked
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), &error.to_string()))?;
    given.iter().map(|role| coded(Code::parse, role)).collect()
}

/// The hash of a password that withstands what it must; computed aside, because it takes its time.
pub(super) async fn hashed(
    platform: &Platform,
    account: &Account,
    password: &str,
) -> Result<String, Problem> {
    let settings = platform.settings().clone();
    let names = [
        account.login.as_str(),
        account.user.as_str(),
        account.name.as_str(),
        account.agency.as_str(),
    ];
    let weak = password::weaknesses(settings.password, password, &names);
    if !weak.is_empty() {
        let codes: Vec<&str> = weak.iter().map(password::Weakness::code).collect();
        let detail = "the password would be guessed; take four or five words that do not belong together";
        return Err(
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password_weak", detail)
                .with("weaknesses", codes)
                .with("min_chars", settings.password.min_chars),
        );
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(Problem::internal)?;
    let password = zeroize::Zeroizing::new(password.to_owned());
    let hash = tokio::task::spawn_blocking(move || password::hash(&password, salt, settings.cost)).await;
    hash.map_err(Problem::internal)?.map_err(Problem::internal)
}
