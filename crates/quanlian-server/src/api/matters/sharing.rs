//! Grants (授权) over HTTP: letting others in, and taking it back.
//!
//! In:  to whom, what, what for, by which article, how to be handled, until when.
//! Out: the id of the grant; the grants of a matter, to the agency that owns it.
//!
//! Invariant: nobody gives on what they do not have; the owner alone takes back.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quanlian_record::{
    id::{AccountId, GrantId, MatterId},
    time::Timestamp,
};
use quanlian_store::{
    AccountStore as _, MatterStore as _,
    matters::{Actions, AgencyCode, Code, Grant, GrantItem, Grantee, UnitCode, UserCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        Problem,
        caller::{At, Caller, Given, bits},
        places::coded,
        trail,
    },
    allowed, purpose_missing, step,
};
use crate::{
    permission::{Action, Decision},
    platform::Platform,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantBody {
    to_agency: String,
    #[serde(default)]
    to_unit: Option<String>,
    #[serde(default)]
    to_user: Option<String>,
    /// Among `clocks`, `read`, `write`, `export`, `share`; to read is also to see clocks, and the others are also to read.
    actions: Vec<String>,
    /// What for.
    purpose: String,
    /// By which article.
    legal_basis: String,
    /// How what is seen has to be handled.
    handling_code: String,
    /// Until when (RFC 3339).
    #[serde(default)]
    until: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GrantView {
    id: String,
}

/// Lets another agency, unit or person see a matter or act in it.
#[utoipa::path(
    post, path = "/api/v1/matters/{id}/grants", request_body = GrantBody, params(("id" = String, Path)),
    responses((status = 201, body = GrantView), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(crate) async fn grant(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Given(body): Given<GrantBody>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Share, id, "share").await?;
    let invalid = |code: &str, detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    let mut actions = Actions::NONE;
    for word in &body.actions {
        let action = Action::of(word).filter(|action| step::GRANTABLE.contains(action));
        let action =
            action.ok_or_else(|| invalid("grant_actions", "grant clocks, read, write, export or share"))?;
        // Nobody gives on what they do not have.
        match step::decide(&platform, &caller, action, &seen.facts)? {
            Decision::Allowed { .. } => {}
            Decision::NeedsPurpose => return Err(purpose_missing()),
            Decision::Denied { .. } => return Err(trail::denied()),
        }
        actions = actions | bits(action);
    }
    let until = body.until.as_deref().map(str::parse::<Timestamp>).transpose();
    let grant = Grant {
        id: GrantId::fresh(caller.now),
        item: GrantItem::Matter(id),
        of_agency: caller.account.agency.clone(),
        to: Grantee {
            agency: coded(AgencyCode::parse, &body.to_agency)?,
            unit: body
                .to_unit
                .as_deref()
                .map(|unit| coded(UnitCode::parse, unit))
                .transpose()?,
            user: body
                .to_user
                .as_deref()
                .map(|user| coded(UserCode::parse, user))
                .transpose()?,
        },
        actions: step::closed(actions),
        purpose: body.purpose,
        legal_basis: body.legal_basis,
        handling_code: coded(Code::parse, &body.handling_code)?,
        granted_by: caller.code(),
        granted_at: caller.now,
        until: until.map_err(|_| invalid("grant_until", "write an instant as 2024-12-20T09:30:00Z"))?,
        revoked_at: None,
    };
    platform.store().grant(&grant).await?;
    let view = GrantView {
        id: grant.id.to_string(),
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// The grants of one matter.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantsView {
    /// Oldest first, also those that ended.
    grants: Vec<GrantShown>,
}

/// A grant, as it was given.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantShown {
    id: String,
    to_agency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user: Option<String>,
    /// Among `clocks`, `read`, `write`, `export`, `share`, and `follow` of who filed it.
    actions: Vec<&'static str>,
    purpose: String,
    legal_basis: String,
    handling_code: String,
    /// The person, as `agency/user`.
    granted_by: String,
    granted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// Neither taken back nor past its end.
    is_in_force: bool,
}

/// Lists the grants of a matter: who else sees it, what for, by which article, until when.
///
/// For the owning agency alone; who was let in does not learn who else was.
#[utoipa::path(
    get, path = "/api/v1/matters/{id}/grants", operation_id = "list_grants", params(("id" = String, Path)),
    responses((status = 200, body = GrantsView), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn grants(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<GrantsView>, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_grants").await?;
    let scope = caller.scope(&platform, Action::Read)?;
    let all = platform
        .store()
        .grants(&scope, id)
        .await?
        .ok_or_else(trail::denied)?;
    let mut people = BTreeMap::new();
    for by in all.iter().map(|grant| grant.granted_by.as_str()) {
        if !people.contains_key(by) {
            people.insert(by.to_owned(), person(&platform, by).await?);
        }
    }
    let grants = all
        .into_iter()
        .map(|grant| GrantShown {
            id: grant.id.to_string(),
            to_agency: grant.to.agency.to_string(),
            to_unit: grant.to.unit.map(|unit| unit.to_string()),
            to_user: grant.to.user.map(|user| user.to_string()),
            actions: step::GRANTABLE
                .into_iter()
                .chain([Action::Follow])
                .filter(|&action| grant.actions.contains(bits(action)))
                .map(Action::word)
                .collect(),
            purpose: grant.purpose,
            legal_basis: grant.legal_basis,
            handling_code: grant.handling_code.to_string(),
            granted_by: people
                .get(grant.granted_by.as_str())
                .cloned()
                .unwrap_or_else(|| grant.granted_by.to_string()),
            granted_at: grant.granted_at.to_string(),
            until: grant.until.map(|end| end.to_string()),
            revoked_at: grant.revoked_at.map(|at| at.to_string()),
            is_in_force: grant.revoked_at.is_none() && grant.until.is_none_or(|end| end > caller.now),
        })
        .collect();
    Ok(Json(GrantsView { grants }))
}

/// Who an account is in matters, as `agency/user`; the id where it is no account's.
async fn person(platform: &Platform, account: &str) -> Result<String, Problem> {
    let Ok(id) = account.parse::<AccountId>() else {
        return Ok(account.to_owned());
    };
    let found = platform.store().account(id).await?;
    Ok(found.map_or_else(
        || account.to_owned(),
        |found| format!("{}/{}", found.agency, found.user),
    ))
}

/// Takes a grant back.
#[utoipa::path(
    delete, path = "/api/v1/matters/{id}/grants/{grant}", params(("id" = String, Path), ("grant" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn revoke(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, grant)): At<(MatterId, GrantId)>,
) -> Result<StatusCode, Problem> {
    let seen = allowed(&platform, &caller, Action::Share, id, "unshare").await?;
    if seen.row.projection.owner_agency != caller.account.agency {
        return Err(trail::denied());
    }
    if platform
        .store()
        .revoke_of(id, grant, caller.now, &caller.code())
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(
            StatusCode::NOT_FOUND,
            "grant_not_found",
            "no such grant is in force on this matter",
        ))
    }
}
