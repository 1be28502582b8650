//! The API: HTTP in, JSON out.
//!
//! In:  requests from browsers, programs and the command line.
//! Out: what the caller may have, or a [`Problem`] with a stable code.
//!
//! | part | routes |
//! |---|---|
//! | `session` | first start, sign-in, second factor, sign-out |
//! | `provider` | sign-in with a provider, and as whom it knows an account |
//! | `own` | one's own password, second factor and tokens |
//! | `places` | agencies, units, accounts |
//! | `terms`, `people` | names of words, of people |
//! | `law` | the rules of law, read only |
//! | `shapes` | no routes: what answers hold that other crates write |
//! | `matters` | matters: open, list, look, act, assign, grant; their files, uploads and jobs; filings from outside |
//! | `approvals` | proposals that wait for the caller |
//! | `indicators` | figures over many matters, and the matters behind them |
//! | `search` | matters by their words |
//! | `notices` | the inbox |
//! | `mail` | where an account has mail sent |
//! | `webhooks` | addresses outside that an agency has told |
//! | `trail` | the audit trail |
//!
//! Invariants: every route stands in the description at `/openapi.json`, because one call adds both; every look at a matter and
//! every write to one is in the audit trail before the answer leaves; bodies, headers and time are bounded; a matter that the caller may
//! not see answers as one that does not exist.
//!
//! Not here: what is decided (`permission`, `quanlian-procedure`), where it is kept (`quanlian-store`), listening.

mod admitted;
mod approvals;
mod caller;
mod indicators;
mod law;
mod mail;
pub(crate) mod matters;
pub(crate) mod metrics_page;
mod notices;
mod observed;
mod own;
mod people;
mod places;
mod problem;
mod provider;
pub(crate) mod search;
mod session;
mod shapes;
mod table;
mod tasks;
mod terms;
mod traced;
mod trail;
mod webhooks;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};
use utoipa::{
    OpenApi,
    openapi::{self, security},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use caller::scope_of;
pub use problem::Problem;

use crate::platform::Platform;

/// No body is longer than this; files go another way.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// No request takes longer than this.
pub const MAX_REQUEST_TIME: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "quanlian",
        description = "全链：知识产权全链条保护平台。 Full-chain protection of intellectual property.",
        license(name = "Apache-2.0")
    ),
    components(schemas(problem::ProblemBody))
)]
struct Description;

/// All routes of a platform, with their limits.
pub fn router(platform: Platform) -> Router {
    let router = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::first_start))
        .routes(routes!(session::sign_in, session::who, session::sign_out))
        .routes(routes!(session::second_factor))
        .routes(routes!(provider::list))
        .routes(routes!(provider::begin, provider::sign_out))
        .routes(routes!(provider::callback))
        .routes(routes!(provider::subjects, provider::link, provider::unlink))
        .routes(routes!(own::set_password))
        .routes(routes!(own::enrol, own::set_second_factor))
        .routes(routes!(own::tokens, own::add_token))
        .routes(routes!(own::end_token))
        .routes(routes!(places::agencies))
        .routes(routes!(places::put_agency))
        .routes(routes!(places::put_unit))
        .routes(routes!(places::accounts, places::create_account))
        .routes(routes!(places::change_account))
        .routes(routes!(terms::list))
        .routes(routes!(people::list))
        .routes(routes!(law::rules))
        .routes(routes!(law::rule))
        .routes(routes!(law::offences))
        .routes(routes!(matters::procedures))
        .routes(routes!(matters::list, matters::open))
        .routes(routes!(matters::filings::list, matters::filings::file))
        .routes(routes!(matters::filings::look))
        .routes(routes!(matters::filings::act))
        .routes(routes!(matters::filings::upload))
        .routes(routes!(matters::filings::fetch))
        .routes(routes!(matters::look))
        .routes(routes!(matters::events))
        .routes(routes!(matters::acts))
        .routes(routes!(matters::command))
        .routes(routes!(matters::assign))
        .routes(routes!(matters::sharing::grants))
        .routes(routes!(matters::sharing::grant))
        .routes(routes!(matters::sharing::revoke))
        .routes(routes!(matters::named::put))
        .routes(routes!(matters::named::hints))
        .routes(routes!(matters::named::hits))
        .routes(routes!(matters::ledger::look, matters::ledger::write))
        .routes(routes!(matters::ledger::goods))
        .routes(routes!(matters::matches::list))
        .routes(routes!(tasks::list))
        .routes(routes!(approvals::list))
        .routes(routes!(matters::files::list, matters::files::take_over))
        .routes(routes!(matters::files::look))
        .routes(routes!(matters::files::content::fetch))
        .routes(routes!(matters::files::peaks::fetch))
        .routes(routes!(matters::files::withdraw))
        .routes(routes!(matters::uploads::begin))
        .routes(routes!(matters::uploads::look, matters::uploads::end))
        .routes(routes!(matters::jobs::ask, matters::jobs::list))
        .routes(routes!(matters::jobs::look, matters::jobs::cancel))
        .routes(routes!(matters::jobs::events))
        .routes(routes!(indicators::definitions))
        .routes(routes!(indicators::figure))
        .routes(routes!(indicators::matters))
        .routes(routes!(search::search))
        .routes(routes!(search::suggest))
        .routes(routes!(notices::inbox))
        .routes(routes!(notices::read))
        .routes(routes!(mail::look, mail::set, mail::end))
        .routes(routes!(mail::confirm))
        .routes(routes!(mail::look_at, mail::set_for))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::look, webhooks::change, webhooks::end))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::ping))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(trail::entries))
        .routes(routes!(trail::checking::check))
        .routes(routes!(trail::export::export))
        .routes(routes!(trail::of_matter))
        .routes(routes!(live))
        .routes(routes!(ready))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            MAX_REQUEST_TIME,
        ));
    // A piece of a file may be long and slow; it bounds itself.
    let pieces = OpenApiRouter::new()
        .routes(routes!(matters::uploads::send))
        .layer(DefaultBodyLimit::disable());
    let (router, description) = router.merge(pieces).split_for_parts();
    let description = Arc::new(with_problems_and_keys(description));
    let describe = get(move || {
        let description = Arc::clone(&description);
        async move { Json(description.as_ref().clone()) }
    });
    let fixed = |name: HeaderName, value| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .route("/openapi.json", describe)
        .fallback(crate::pages::answer)
        .method_not_allowed_fallback(not_so)
        .layer(CatchPanicLayer::custom(|_| {
            Problem::internal("panic").into_response()
        }))
        .layer(axum::middleware::from_fn_with_state(
            platform.clone(),
            traced::see,
        ))
        .layer(axum::middleware::from_fn_with_state(
            platform.clone(),
            admitted::admit,
        ))
        .layer(axum::middleware::from_fn_with_state(
            platform.clone(),
            observed::observe,
        ))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .with_state(platform)
}

/// Says of every operation how it answers when something is not done, and how callers show who they are.
fn with_problems_and_keys(mut description: openapi::OpenApi) -> openapi::OpenApi {
    let problem = openapi::ContentBuilder::new()
        .schema(Some(openapi::Ref::from_schema_name("ProblemBody")))
        .build();
    let refused = openapi::ResponseBuilder::new()
        .description("what was not done, and why (RFC 9457)")
        .content("application/problem+json", problem)
        .build();
    for item in description.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), refused.clone().into());
        }
    }
    if let Some(components) = &mut description.components {
        let cookie = security::ApiKeyValue::with_description(
            caller::COOKIE,
            "of a session; from pages of this host alone",
        );
        let cookie = security::SecurityScheme::ApiKey(security::ApiKey::Cookie(cookie));
        components.add_security_scheme("session", cookie);
        let token = security::Http::new(security::HttpAuthScheme::Bearer);
        components.add_security_scheme("token", security::SecurityScheme::Http(token));
    }
    let keys = ["session", "token"].map(|key| openapi::SecurityRequirement::new(key, [""; 0]));
    description.security = Some(keys.into());
    description
}

async fn not_so() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method",
    )
}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, description = "it runs")))]
async fn live() -> &'static str {
    "ok\n"
}

/// Whether the database answers, so that requests may be sent here.
#[utoipa::path(get, path = "/readyz", security(()), responses((status = 200, description = "ready"), (status = 503, description = "not ready")))]
async fn ready(State(platform): State<Platform>) -> Response {
    use quanlian_store::AccountStore as _;
    match platform.store().has_accounts().await {
        // Requests are answered without the log, so this is ready; but somebody should look.
        Ok(_) => match platform.trouble() {
            None => "ok\n".into_response(),
            Some(trouble) => format!(
                "ok\ntrail not anchored since {}: {}\n",
                trouble.since, trouble.code
            )
            .into_response(),
        },
        Err(error) => Problem::from(error).into_response(),
    }
}
