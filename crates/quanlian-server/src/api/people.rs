//! People: the names behind `agency/user`, so that pages show no bare logins.
//!
//! In:  ids, or a matter that the caller reads.
//! Out: name and agency; of people of the caller's own agency, and of those who occur in that matter.
//!
//! Invariant: who is neither is as if they were not there: nobody learns names, or that there is such a person, by trying ids.
//!
//! Not here: accounts with their roles (`places`, for administrators).

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use quanlian_record::id::MatterId;
use quanlian_store::{
    AccountStore as _, FileStore as _,
    accounts::{Account, AccountState},
    files::MAX_PAGE_FILES,
    matters::{AgencyCode, UserCode},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, Caller},
    matters,
    trail::{self, Outcome},
};
use crate::platform::Platform;

/// So many ids are asked for at once, and so many people are told of a matter.
const MAX_IDS: usize = 200;
/// So many accounts of the own agency are gone through.
const MAX_OWN: usize = 5000;
const PAGE: usize = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PeopleQuery {
    /// Only these: `agency/user`, with commas between them, up to 200.
    ids: Option<String>,
    /// Also people who occur in this matter, which the caller reads.
    matter: Option<String>,
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonView {
    /// `agency/user`.
    id: String,
    name: String,
    agency: String,
    user: String,
    /// Whether they can be given something to do.
    is_active: bool,
}

/// Some people.
#[derive(Serialize, ToSchema)]
pub(super) struct PeopleView {
    people: Vec<PersonView>,
}

/// Names of people: with `ids` those of them that the caller may know; with `matter` alone all who occur in it; without both the active
/// people of the caller's own agency.
#[utoipa::path(
    operation_id = "people", get, path = "/api/v1/people", params(PeopleQuery),
    responses((status = 200, body = PeopleView), (status = 400), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<PeopleQuery>,
) -> Result<Json<PeopleView>, Problem> {
    let invalid = |what: &str| Problem::bad("query_invalid", what);
    let ids: Option<BTreeSet<String>> = asked
        .ids
        .as_deref()
        .map(|ids| ids.split(',').map(|id| id.trim().to_owned()).collect());
    if ids.as_ref().is_some_and(|ids| ids.len() > MAX_IDS) {
        return Err(invalid("ask for up to 200 ids at once"));
    }
    let matter: Option<MatterId> = asked
        .matter
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|_| invalid("`matter` is the id of a matter"))?;
    let occurring = if let Some(matter) = matter {
        let mut all = matters::occurring(&platform, &caller, matter).await?;
        all.extend(of_files(&platform, matter).await?);
        all
    } else {
        let object = json!({"kind": "people"});
        trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
        BTreeSet::new()
    };
    let own = format!("{}/", caller.account.agency);
    let wanted: Vec<&String> = match (&ids, matter) {
        (Some(ids), _) => ids
            .iter()
            .filter(|id| id.starts_with(&own) || occurring.contains(*id))
            .collect(),
        (None, Some(_)) => occurring.iter().take(MAX_IDS).collect(),
        (None, None) => {
            let people = of_agency(&platform, &caller.account.agency).await?;
            return Ok(Json(PeopleView { people }));
        }
    };
    let mut people = Vec::new();
    for id in wanted {
        let Some((agency, user)) = id.split_once('/') else {
            continue;
        };
        let (Ok(agency), Ok(user)) = (AgencyCode::parse(agency), UserCode::parse(user)) else {
            continue;
        };
        if let Some(account) = platform.store().person(&agency, &user).await? {
            people.push(view(&account));
        }
    }
    Ok(Json(PeopleView { people }))
}

fn view(account: &Account) -> PersonView {
    PersonView {
        id: format!("{}/{}", account.agency, account.user),
        name: account.name.clone(),
        agency: account.agency.to_string(),
        user: account.user.to_string(),
        is_active: account.state == AccountState::Active && !account.is_service,
    }
}

async fn of_agency(platform: &Platform, agency: &AgencyCode) -> Result<Vec<PersonView>, Problem> {
    let (mut people, mut after, mut seen) = (Vec::new(), None, 0);
    loop {
        let page = platform
            .store()
            .accounts(Some(agency), after.as_ref(), PAGE)
            .await?;
        seen += page.len();
        people.extend(page.iter().map(view).filter(|person| person.is_active));
        match page.last() {
            Some(last) if page.len() == PAGE && seen < MAX_OWN => after = Some(last.login.clone()),
            _ => return Ok(people),
        }
    }
}

/// Who brought files of a matter.
async fn of_files(platform: &Platform, matter: MatterId) -> Result<BTreeSet<String>, Problem> {
    let (mut people, mut after) = (BTreeSet::new(), None);
    loop {
        let page = platform.store().files(matter, after, MAX_PAGE_FILES).await?;
        after = page.last().map(|file| file.id);
        for file in &page {
            people.insert(file.by.to_string());
            people.extend(file.withdrawn.as_ref().map(|withdrawn| withdrawn.by.to_string()));
        }
        if page.len() < MAX_PAGE_FILES {
            return Ok(people);
        }
    }
}
