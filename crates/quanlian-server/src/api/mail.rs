//! Mail over HTTP: where an account has notices sent, and of which kind.
//!
//! In:  an address, a language, kinds; a code that was sent to the address.
//! Out: what is set, and why the last mail was not taken.
//!
//! Invariants: no notice goes to an address before somebody showed that it is theirs, or an administrator vouched for it; setting one
//! asks for a password typed just now, since it says where notices go; codes are few an hour.
//!
//! Not here: sending (`telling`).

use axum::{Json, extract::State, http::StatusCode};
use quanlian_record::{
    id::{AccountId, DeliveryId},
    time::Timestamp,
};
use quanlian_store::{AccountStore as _, TellingStore as _, matters::Code, telling::Mail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Problem,
    caller::{At, Caller, Given},
    own, places,
    trail::{self, Outcome},
    webhooks,
};
use crate::{
    permission::Action,
    platform::Platform,
    sign_in::secret::{self, Kind},
    telling::mail::{Mailer, address, is_language},
};

/// A code holds so long.
const CODE_US: i64 = 30 * 60_000_000;

#[derive(Serialize, ToSchema)]
pub(super) struct MailView {
    /// The address; nothing when there is none.
    address: Option<String>,
    /// `zh` or `en`.
    language: Option<String>,
    /// Lights and templates that are mailed; all when there are none.
    kinds: Vec<String>,
    /// Whether notices go there.
    is_confirmed: bool,
    /// Why the last mail was not taken.
    error: Option<String>,
}

fn view(mail: Option<&Mail>) -> MailView {
    MailView {
        address: mail.map(|mail| mail.address.clone()),
        language: mail.map(|mail| mail.language.to_string()),
        kinds: mail.map_or(Vec::new(), |mail| {
            mail.kinds.iter().map(ToString::to_string).collect()
        }),
        is_confirmed: mail.is_some_and(|mail| mail.confirmed_at.is_some()),
        error: mail.and_then(|mail| mail.error.clone()),
    }
}

fn mailer(platform: &Platform) -> Result<&Mailer, Problem> {
    platform.telling().mailer.as_ref().ok_or_else(|| {
        let detail = "this installation sends no mail; its operator names a server of mail";
        Problem::new(StatusCode::CONFLICT, "mail_off", detail)
    })
}

async fn own_line(platform: &Platform, caller: &Caller, act: &str) -> Result<(), Problem> {
    let object = json!({"kind": "mail", "id": caller.account.id});
    trail::write(platform, caller, act, object, Outcome::Signed("done")).await
}

/// Where one's own notices are mailed.
#[utoipa::path(
    get, path = "/api/v1/account/mail", operation_id = "mail", responses((status = 200, body = MailView), (status = 401))
)]
pub(super) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<MailView>, Problem> {
    own_line(&platform, &caller, "mail").await?;
    let mail = platform.store().mail(caller.account.id).await?;
    Ok(Json(view(mail.as_ref())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailBody {
    address: String,
    /// `zh` or `en`.
    language: String,
    /// Lights and templates that are mailed; all when there are none.
    #[serde(default)]
    kinds: Vec<String>,
}

/// What is to be kept, not confirmed yet.
fn checked(platform: &Platform, account: AccountId, given: &MailBody) -> Result<Mail, Problem> {
    let refused = |code, detail| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    if !is_language(&given.language) {
        return Err(refused("mail_language", "a language is zh or en"));
    }
    let address = address(given.address.trim())
        .ok_or_else(|| refused("mail_address", "write one mail address, as name@example.cn"))?;
    Ok(Mail {
        account,
        address: address.to_string(),
        language: places::coded(Code::parse, &given.language)?,
        kinds: webhooks::kinds(platform, &given.kinds)?,
        confirmed_at: None,
        code: None,
        error: None,
    })
}

/// Sets one's own address; a code goes there, and notices once it came back.
#[utoipa::path(
    put, path = "/api/v1/account/mail", operation_id = "set_mail", request_body = MailBody,
    responses((status = 200, body = MailView), (status = 401), (status = 403), (status = 409), (status = 422), (status = 429), (status = 502))
)]
pub(super) async fn set(
    State(platform): State<Platform>,
    caller: Caller,
    Given(given): Given<MailBody>,
) -> Result<Json<MailView>, Problem> {
    own::fresh(&platform, &caller)?;
    let id = caller.account.id;
    let mailer = mailer(&platform)?;
    let mut mail = checked(&platform, id, &given)?;
    own_line(&platform, &caller, "set_mail").await?;
    let before = platform.store().mail(id).await?;
    let is_known = before.filter(|before| before.confirmed_at.is_some() && before.address == mail.address);
    if let Some(before) = is_known {
        mail.confirmed_at = before.confirmed_at;
        platform.store().put_mail(&mail).await?;
        return Ok(Json(view(Some(&mail))));
    }
    let wait_s = platform.charge_code(id, caller.now);
    if wait_s > 0 {
        let detail = "too many codes were sent; wait and try again";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "mail_too_often", detail);
        return Err(problem.retry_after(wait_s));
    }
    let issued = secret::fresh(Kind::Mail);
    let until = Timestamp::from_unix_micros(caller.now.unix_micros().saturating_add(CODE_US));
    mail.code = Some((issued.digest.0, until.map_err(Problem::internal)?));
    platform.store().put_mail(&mail).await?;
    let message = DeliveryId::fresh(caller.now).to_string();
    let sent = mailer
        .send_code(&mail.address, &given.language, &issued.text, &message)
        .await;
    if let Err(failure) = sent {
        platform.store().mail_went(id, Some(&failure.text)).await?;
        let detail = "the server of mail did not take the code; is the address right?";
        return Err(Problem::new(StatusCode::BAD_GATEWAY, "mail_not_taken", detail).with("why", failure.text));
    }
    Ok(Json(view(Some(&mail))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailCode {
    /// The code that came by mail.
    code: String,
}

/// Shows that the address is one's own.
#[utoipa::path(
    post, path = "/api/v1/account/mail/confirm", operation_id = "confirm_mail", request_body = MailCode,
    responses((status = 204), (status = 401), (status = 422))
)]
pub(super) async fn confirm(
    State(platform): State<Platform>,
    caller: Caller,
    Given(given): Given<MailCode>,
) -> Result<StatusCode, Problem> {
    own_line(&platform, &caller, "confirm_mail").await?;
    let digest = secret::digest_of(Kind::Mail, &given.code);
    let is_right = match digest {
        Some(digest) => {
            platform
                .store()
                .confirm_mail(caller.account.id, &digest.0, caller.now)
                .await?
        }
        None => false,
    };
    if is_right {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "the code is wrong, too old, or was tried too often; set the address again for a new one";
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "mail_code_wrong",
        detail,
    ))
}

/// Has nothing mailed any more.
#[utoipa::path(
    delete, path = "/api/v1/account/mail", operation_id = "end_mail", responses((status = 204), (status = 401), (status = 404))
)]
pub(super) async fn end(State(platform): State<Platform>, caller: Caller) -> Result<StatusCode, Problem> {
    own_line(&platform, &caller, "end_mail").await?;
    if platform.store().end_mail(caller.account.id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "no address is set";
    Err(Problem::new(StatusCode::NOT_FOUND, "mail_not_found", detail))
}

/// Where an account's notices are mailed, and why the last mail was not taken: for administrators.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/mail", operation_id = "mail_of", params(("id" = String, Path)),
    responses((status = 200, body = MailView), (status = 401), (status = 403))
)]
pub(super) async fn look_at(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
) -> Result<Json<MailView>, Problem> {
    places::allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "mail", "id": id}),
    )
    .await?;
    let mail = platform.store().mail(id).await?;
    Ok(Json(view(mail.as_ref())))
}

/// Sets the address of an account; the administrator vouches for it.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}/mail", operation_id = "set_mail_of", params(("id" = String, Path)), request_body = MailBody,
    responses((status = 200, body = MailView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422))
)]
pub(super) async fn set_for(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<AccountId>,
    Given(given): Given<MailBody>,
) -> Result<Json<MailView>, Problem> {
    places::allowed(
        &platform,
        &caller,
        Action::Accounts,
        json!({"kind": "mail", "id": id}),
    )
    .await?;
    mailer(&platform)?;
    let account = platform.store().account(id).await?;
    let account = account.filter(|account| !account.is_service).ok_or_else(|| {
        let detail = "there is no such account of a person";
        Problem::new(StatusCode::NOT_FOUND, "account_not_found", detail)
    })?;
    let mut mail = checked(&platform, account.id, &given)?;
    mail.confirmed_at = Some(caller.now);
    platform.store().put_mail(&mail).await?;
    Ok(Json(view(Some(&mail))))
}
