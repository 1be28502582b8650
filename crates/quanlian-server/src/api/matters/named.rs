//! What a matter names (rights, links, accounts, numbers of platforms), and which others name the same.
//!
//! In:  what somebody enters; a question about own matters, or about everybody's.
//! Out: hints at matters that the caller may read; of others, that an agency holds something (hit), and nothing of it.
//!
//! The names are kept with the matter for those who may read it. What is looked up are their digests under a key of the
//! installation, which is in no database: whoever gets hold of the tables cannot try out names.
//!
//! Invariants: a hint merges nothing; a hit tells key and agency alone, is asked for with a purpose, and not often enough to
//! try out lists.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use quanlian_procedure::duplicate::{KeyKind, Keys, Named};
use quanlian_record::id::MatterId;
use quanlian_store::{
    MatterStore as _,
    matters::{BlindKey, MAX_KEYS},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    super::{
        Problem,
        caller::{At, Caller, Given},
        trail::{self, Outcome},
    },
    MatterView, allowed, answer, base, request,
    step::{self, Kept},
    version,
};
use crate::{
    permission::{Action, Decision, Object, Question},
    platform::Platform,
};

/// So many names are asked about at once, by all agencies.
const MAX_ASKED: usize = 50;
/// Hints are told up to this many matters.
const MAX_HINTS: usize = 50;

/// Says what a matter names; what it named before is replaced.
#[utoipa::path(
    operation_id = "named_put", put, path = "/api/v1/matters/{id}/named", request_body = Object,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = MatterView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422), (status = 428))
)]
pub(crate) async fn put(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(named): Given<Named>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Write, id, "name").await?;
    checked(&named)?;
    let expected = version(&headers)?;
    let parts = [id.to_string(), expected.to_string(), json!(named).to_string()];
    let request = request(&caller, &headers, "name", &[&parts[0], &parts[1], &parts[2]])?;
    let base = base(&platform, &headers, seen, expected)?;
    let kept = Kept {
        named: (named != Named::default()).then_some(named),
        ..base.kept.clone()
    };
    let change = step::change(&platform, &caller, request, Some(&base), &[], &kept, None)?;
    let written = platform.store().append_events(id, expected, &change).await?;
    answer(&platform, &caller, StatusCode::OK, &written).await
}

/// A matter that names the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct HintView {
    id: String,
    number: String,
    stage: String,
    status: String,
    /// What both name: `right`, `link`, `account`, `platform_id`, each with its keys as they are compared.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    shared: BTreeMap<KeyKind, Vec<String>>,
    /// How many links, accounts and numbers are shared.
    places: usize,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct HintsView {
    /// Those that share most first; up to 50.
    hints: Vec<HintView>,
}

/// Matters that may be about the same thing, among those that the caller may read. A right and at least one place are shared.
#[utoipa::path(
    operation_id = "named_hints", get, path = "/api/v1/matters/{id}/duplicates", params(("id" = String, Path)),
    responses((status = 200, body = HintsView), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn hints(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<HintsView>, Problem> {
    let seen = allowed(&platform, &caller, Action::Read, id, "read_duplicates").await?;
    let Some(named) = &seen.stored.kept.named else {
        return Ok(Json(HintsView { hints: Vec::new() }));
    };
    let names = names(&platform, named)?;
    let keys: BTreeSet<BlindKey> = names.keys().copied().collect();
    let scope = caller.scope(&platform, Action::Read)?;
    let mut shared: BTreeMap<MatterId, BTreeMap<KeyKind, Vec<String>>> = BTreeMap::new();
    for (key, matter) in platform.store().sharing(&scope, &keys).await? {
        if let (Some((kind, text)), true) = (names.get(&key), matter != id) {
            shared
                .entry(matter)
                .or_default()
                .entry(*kind)
                .or_default()
                .push(text.clone());
        }
    }
    let mut hints = Vec::new();
    for (matter, shared) in shared {
        let places = shared
            .iter()
            .filter(|(kind, _)| **kind != KeyKind::Right)
            .map(|(_, keys)| keys.len())
            .sum();
        if places == 0 || !shared.contains_key(&KeyKind::Right) {
            continue;
        }
        let Some(found) = platform.store().matter_row(&scope, matter).await? else {
            continue;
        };
        // Of a matter that asks for a purpose nothing is told without one, not even that it hints.
        if caller.lacks_purpose(&platform, found.projection.procedure.as_str()) {
            continue;
        }
        hints.push(HintView {
            id: matter.to_string(),
            number: found.number,
            stage: found.projection.stage.to_string(),
            status: found.projection.status.to_string(),
            shared,
            places,
        });
    }
    hints.sort_by(|a, b| b.places.cmp(&a.places).then_with(|| a.number.cmp(&b.number)));
    hints.truncate(MAX_HINTS);
    Ok(Json(HintsView { hints }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HitsBody {
    /// `rights`, `links`, `accounts`, `platform_ids`: at most 50 names in all.
    #[schema(value_type = crate::api::shapes::matter::NamedThings)]
    named: Named,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct HitView {
    /// `right`, `link`, `account` or `platform_id`.
    #[schema(value_type = String)]
    kind: KeyKind,
    /// As it is compared.
    key: String,
    /// Agencies that hold a matter which names it, to be asked; nothing else of it is told.
    agencies: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct HitsView {
    /// Every name that was asked about, hit or not.
    hits: Vec<HitView>,
}

/// Asks whether other agencies hold a matter that names the same: hit or no hit. A purpose is stated with it.
#[utoipa::path(
    operation_id = "hits_ask", post, path = "/api/v1/hits", request_body = HitsBody,
    params(("X-Quanlian-Purpose" = Option<String>, Header)),
    responses((status = 200, body = HitsView), (status = 401), (status = 403), (status = 422), (status = 428), (status = 429))
)]
pub(crate) async fn hits(
    State(platform): State<Platform>,
    caller: Caller,
    Given(body): Given<HitsBody>,
) -> Result<Json<HitsView>, Problem> {
    let question = Question {
        principal: &caller.principal,
        action: Action::Hit,
        object: &Object::Agency(caller.account.agency.to_string()),
        needs_purpose: true,
        has_purpose: caller.purpose.is_some(),
    };
    let decision = platform.permissions().decide(&question)?;
    let names = names(&platform, &body.named)?;
    let object = json!({"kind": "hits", "asked": names.len()});
    trail::write(&platform, &caller, "hit", object, Outcome::Asked(&decision)).await?;
    match decision {
        Decision::Allowed { .. } => {}
        Decision::NeedsPurpose => {
            let detail = "say what it is for in X-Quanlian-Purpose, percent-encoded UTF-8";
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "purpose_missing",
                detail,
            ));
        }
        Decision::Denied { .. } => return Err(trail::denied()),
    }
    if names.is_empty() || names.len() > MAX_ASKED {
        let detail = "ask about 1 to 50 names at once";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "hits_asked",
            detail,
        ));
    }
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let wait_s = platform.charge_questions(caller.account.id, count, caller.now);
    if wait_s > 0 {
        let detail = "so many names are not asked about in an hour; who has a list to compare hands it over under a grant";
        return Err(
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "hits_too_often", detail).retry_after(wait_s),
        );
    }
    let keys: BTreeSet<BlindKey> = names.keys().copied().collect();
    let held = platform.store().holders(&keys, &caller.account.agency).await?;
    let mut hits: Vec<HitView> = Vec::new();
    for (key, (kind, text)) in &names {
        let of_key = held.iter().filter(|(held, _)| held == key);
        hits.push(HitView {
            kind: *kind,
            key: text.clone(),
            agencies: of_key.map(|(_, agency)| agency.to_string()).collect(),
        });
    }
    // In the order of the names: that of the digests says nothing to anybody.
    hits.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    Ok(Json(HitsView { hits }))
}

/// The names as they are compared, by their digests.
fn names(platform: &Platform, named: &Named) -> Result<BTreeMap<BlindKey, (KeyKind, String)>, Problem> {
    let blind = platform.blind().ok_or_else(|| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "names_not_kept",
            "this installation was started without a key for names",
        )
    })?;
    let keys = Keys::of(named);
    let named = keys
        .iter()
        .map(|(kind, text)| (blind.key(kind, text), (kind, text.to_owned())));
    Ok(named.collect())
}

/// Whether so much can be kept.
pub(super) fn checked(named: &Named) -> Result<(), Problem> {
    if Keys::of(named).iter().count() > MAX_KEYS {
        let detail =
            "a matter names at most 200 rights, links, accounts and numbers; put the others into a file";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "named_too_many",
            detail,
        ));
    }
    Ok(())
}

/// The digests under which a matter is found.
pub(super) fn blind_keys(platform: &Platform, kept: &Kept) -> BTreeSet<BlindKey> {
    let (Some(blind), Some(named)) = (platform.blind(), &kept.named) else {
        return BTreeSet::new();
    };
    let keys = Keys::of(named);
    keys.iter()
        .map(|(kind, text)| blind.key(kind, text))
        .take(MAX_KEYS)
        .collect()
}

/// What a person is told of what a matter names; nothing for nothing.
pub(super) fn view(kept: &Kept) -> Value {
    kept.named.as_ref().map_or(Value::Null, |named| json!(named))
}
