//! Callers: who sends a request, and by what right.
//!
//! In:  the cookie of a session, or a token.
//! Out: [`Caller`], or a [`Problem`]; what they may do is asked of it.
//!
//! Invariants: a cookie changes something only when the browser says that the page is ours (`Origin`), so that no foreign page
//! acts in somebody's name; a token is used by programs and carries no cookie; what is refused is in the audit trail too.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request, rejection},
    http::{Extensions, HeaderMap, Method, StatusCode, header, request::Parts},
};
use quanlian_procedure::{Actor, Person};
use quanlian_record::time::Timestamp;
use quanlian_store::{
    AccountStore as _,
    accounts::{Account, AccountState, SecretDigest},
    matters::{Actions, Code, Reach as StoreReach, Scope},
};
use serde::de::DeserializeOwned;

use super::{Problem, admitted::too_often, traced::Traced, trail::Who};
use crate::{
    permission::{Action, Decision, Object, Principal, Question, Reach},
    platform::Platform,
    sign_in::{
        secret::{self, Kind},
        session::{Session, State},
    },
};

/// The name of the cookie.
pub(super) const COOKIE: &str = "quanlian_session";
/// Why something personal is looked at, percent-encoded UTF-8.
pub(super) const PURPOSE: &str = "x-quanlian-purpose";
/// Where a server in front says from where a request comes.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// So many servers stand in front of each other.
const MAX_HOPS: usize = 16;
/// A purpose is no longer than this.
const MAX_PURPOSE_BYTES: usize = 1000;
/// How precisely the use of a session or a token is written down.
const USE_PRECISION_US: i64 = 60_000_000;

/// Who sends a request.
pub(super) struct Caller {
    pub(super) account: Account,
    pub(super) principal: Principal,
    pub(super) session: Option<(SecretDigest, Session)>,
    pub(super) address: IpAddr,
    pub(super) purpose: Option<String>,
    pub(super) now: Timestamp,
    pub(super) traced: Traced,
}

impl Caller {
    /// As the trail names them.
    pub(super) fn who(&self) -> Who<'_> {
        Who {
            actor: self.name(),
            address: self.address.to_string(),
            by: if self.session.is_some() {
                "session"
            } else {
                "token"
            },
            purpose: self.purpose.as_deref(),
            now: self.now,
        }
    }

    fn known(self) -> Self {
        self.traced.is_of(&self.who());
        self
    }

    /// How they are called in records: `agency/user`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.account.agency, self.account.user)
    }

    /// The same as a code for requests.
    pub(super) fn code(&self) -> Code {
        Code::parse(&self.account.id.to_string()).expect("an id is a code")
    }

    /// As the engine of procedures sees them.
    pub(super) fn actor(&self) -> Actor {
        actor(&self.account)
    }

    /// What they reach with this action.
    pub(super) fn scope(&self, platform: &Platform, action: Action) -> Result<Scope, Problem> {
        scope_of(platform, &self.account, action, self.now)
    }

    /// Asks the policies.
    pub(super) fn may(
        &self,
        platform: &Platform,
        action: Action,
        object: &Object,
    ) -> Result<Decision, Problem> {
        let purposes = platform.permissions().purposes();
        let question = Question {
            principal: &self.principal,
            action,
            object,
            needs_purpose: match object {
                Object::Matter(matter) => purposes.are_asked(&matter.procedure, action),
                Object::Agency(_) | Object::Installation => false,
            },
            has_purpose: self.purpose.is_some(),
        };
        Ok(platform.permissions().decide(&question)?)
    }

    /// Whether they would have to say why to read a matter of this procedure, and did not.
    pub(super) fn lacks_purpose(&self, platform: &Platform, procedure: &str) -> bool {
        let purposes = platform.permissions().purposes();
        self.purpose.is_none() && purposes.are_asked(procedure, Action::Read)
    }

    /// Whether the password was typed just now: for what changes the account itself. Tokens never do that.
    pub(super) fn is_fresh(&self, platform: &Platform) -> bool {
        self.session.is_some_and(|(_, session)| {
            session.state(platform.settings().session, self.now) == State::Live { is_fresh: true }
        })
    }
}

/// What an account reaches with this action.
pub(crate) fn scope_of(
    platform: &Platform,
    account: &Account,
    action: Action,
    now: Timestamp,
) -> Result<Scope, Problem> {
    let roles = account.roles.iter().map(Code::as_str);
    let held = platform.permissions().roles().of_person(roles);
    let held = held.map_err(|error| Problem::internal(format!("{error:?}")))?;
    let reach = match held.reach(action) {
        Reach::Nothing => StoreReach::Nothing,
        Reach::Handled => StoreReach::Handled,
        Reach::Unit => StoreReach::Unit,
        Reach::Agency => StoreReach::Agency,
    };
    Ok(Scope {
        agency: account.agency.clone(),
        unit: account.unit.clone(),
        user: account.user.clone(),
        reach,
        needs: bits(action),
        at: now,
    })
}

/// A person as the engine of procedures sees them.
pub(super) fn actor(account: &Account) -> Actor {
    Actor {
        person: Person {
            user: account.user.to_string(),
            agency: account.agency.to_string(),
            unit: account.unit.as_ref().map(ToString::to_string),
        },
        roles: account.roles.iter().map(ToString::to_string).collect(),
    }
}

/// The bit of an action in grants; actions that no grant gives are taken as everything.
pub(super) fn bits(action: Action) -> Actions {
    match action {
        Action::Clocks => Actions::CLOCKS,
        Action::Read => Actions::READ,
        Action::Write => Actions::WRITE,
        Action::Export => Actions::EXPORT,
        Action::Share => Actions::SHARE,
        Action::Follow => Actions::FOLLOW,
        _ => Actions::ALL,
    }
}

/// The principal of an account.
pub(super) fn principal(account: &Account) -> Principal {
    Principal {
        user: account.user.to_string(),
        agency: account.agency.to_string(),
        unit: account.unit.as_ref().map(ToString::to_string),
        roles: account.roles.iter().map(ToString::to_string).collect(),
        is_active: account.state == AccountState::Active,
        scopes: None,
    }
}

/// Who signed in, also with a first password that has to be changed: for that alone.
pub(super) struct NewComer(pub(super) Caller);

impl FromRequestParts<Platform> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        let NewComer(caller) = NewComer::from_request_parts(parts, platform).await?;
        if caller.account.must_change && caller.session.is_some() {
            let detail = "set a password of your own at /api/v1/account/password first";
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "password_to_be_changed",
                detail,
            ));
        }
        Ok(caller)
    }
}

impl FromRequestParts<Platform> for NewComer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        let now = platform.now();
        let address = address(platform, parts);
        let purpose = purpose(&parts.headers)?;
        let traced = traced(parts);
        if let Some(token) = bearer(&parts.headers) {
            let (account, principal) = by_token(platform, token, now).await?;
            platform.gate().charge(account.id).map_err(too_often)?;
            let caller = Caller {
                account,
                principal,
                session: None,
                address,
                purpose,
                now,
                traced,
            };
            return Ok(Self(caller.known()));
        }
        let (digest, session, account) = by_cookie(platform, parts, now).await?;
        platform.gate().charge(account.id).map_err(too_often)?;
        if session.state(platform.settings().session, now) == State::WaitsForSecondFactor {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "second_factor_missing",
                "send the code of your authenticator to /api/v1/session/second-factor",
            ));
        }
        if now.unix_micros() - session.used_at.unix_micros() >= USE_PRECISION_US {
            platform.store().use_session(&digest, now, false).await?;
        }
        let caller = Caller {
            principal: principal(&account),
            account,
            session: Some((digest, session)),
            address,
            purpose,
            now,
            traced,
        };
        Ok(Self(caller.known()))
    }
}

/// Where the line of this request is noted.
pub(super) fn traced(parts: &Parts) -> Traced {
    parts.extensions.get::<Traced>().cloned().unwrap_or_default()
}

/// Whoever shows the cookie of a session, also of one that waits for its second factor.
pub(super) async fn by_cookie(
    platform: &Platform,
    parts: &Parts,
    now: Timestamp,
) -> Result<(SecretDigest, Session, Account), Problem> {
    let shown = cookie(&parts.headers).ok_or_else(nobody)?;
    let digest = secret::digest_of(Kind::Session, shown).ok_or_else(nobody)?.0;
    let (stored, account) = platform.store().session(&digest).await?.ok_or_else(nobody)?;
    let session = Session {
        begun_at: stored.begun_at,
        used_at: stored.used_at,
        proven_at: stored.proven_at,
        waits_for_second_factor: stored.waits_for_second_factor,
    };
    let is_over = matches!(
        session.state(platform.settings().session, now),
        State::Idle | State::Ended
    );
    if is_over || account.state != AccountState::Active {
        platform.store().end_session(&digest).await?;
        return Err(nobody());
    }
    if parts.method != Method::GET && parts.method != Method::HEAD && !is_our_page(&parts.headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "origin_foreign",
            "a session acts from pages of this installation alone; programs use a token",
        ));
    }
    Ok((digest, session, account))
}

async fn by_token(platform: &Platform, token: &str, now: Timestamp) -> Result<(Account, Principal), Problem> {
    let digest = secret::digest_of(Kind::ApiToken, token).ok_or_else(nobody)?.0;
    let (token, account) = platform.store().token(&digest).await?.ok_or_else(nobody)?;
    if token.until <= now || account.state != AccountState::Active {
        return Err(nobody());
    }
    let used_us = token.used_at.map_or(i64::MIN / 2, Timestamp::unix_micros);
    if now.unix_micros() - used_us >= USE_PRECISION_US {
        platform.store().use_token(token.id, now).await?;
    }
    let scopes = token
        .scopes
        .iter()
        .filter_map(|scope| Action::of(scope.as_str()))
        .collect();
    let principal = Principal {
        scopes: Some(scopes),
        ..principal(&account)
    };
    Ok((account, principal))
}

/// Nobody, whatever the reason: an unknown, ended, mistyped secret are one answer.
fn nobody() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "sign_in_needed",
        "sign in first, or bring a token that holds",
    )
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// The cookie of this name.
pub(super) fn cookie_of<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// Whether the browser says that the request comes from a page of this host.
fn is_our_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let origin = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// From where a request comes: from the peer; where that is a server in front of us, from where it says. What each adds to
/// `X-Forwarded-For` stands at the end, so the list is read backwards, as long as servers of ours speak.
pub(super) fn address(platform: &Platform, parts: &Parts) -> IpAddr {
    address_in(platform, &parts.headers, &parts.extensions)
}

/// The same of a request that is whole.
pub(super) fn address_in(platform: &Platform, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    let mut address = connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
        info.0.ip().to_canonical()
    });
    let proxies = &platform.settings().proxies;
    let is_ours = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let fields = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = fields.flat_map(|field| field.to_str().unwrap_or("?").rsplit(','));
    for hop in hops.take(MAX_HOPS) {
        if !is_ours(&address) {
            break;
        }
        // What is no address was written by nobody whom we believe.
        let Ok(told) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        address = told.to_canonical();
    }
    address
}

fn purpose(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(PURPOSE) else {
        return Ok(None);
    };
    let unreadable = || {
        Problem::bad(
            "purpose_invalid",
            "write the purpose as percent-encoded UTF-8, up to 1000 bytes",
        )
    };
    let bytes = given.as_bytes();
    if bytes.len() > 3 * MAX_PURPOSE_BYTES {
        return Err(unreadable());
    }
    let text = percent_decoded(bytes)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(unreadable)?;
    let text = text.trim();
    if text.len() > MAX_PURPOSE_BYTES || text.chars().any(char::is_control) {
        return Err(unreadable());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn percent_decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            let digits = behind.get(..2)?;
            decoded.push(hex::decode(digits).ok()?.first().copied()?);
            rest = &behind[2..];
        } else {
            decoded.push(first);
            rest = behind;
        }
    }
    Some(decoded)
}

/// A JSON body of which every field is known.
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Platform> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, Problem> {
        let given = axum::Json::<T>::from_request(request, platform).await;
        Ok(Self(
            given
                .map_err(|rejection: rejection::JsonRejection| Problem::from(rejection))?
                .0,
        ))
    }
}

/// A part of the path.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Platform> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        Ok(Self(Path::from_request_parts(parts, platform).await?.0))
    }
}

/// The query.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Platform> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Problem> {
        Ok(Self(Query::from_request_parts(parts, platform).await?.0))
    }
}
