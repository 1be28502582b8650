//! Search over HTTP: matters by what somebody types, and what they may go on typing.
//!
//! In:  words.
//! Out: the matters that the caller may read and that have all of them, with where they were found.
//!
//! Invariants: nothing comes from a matter that the caller may not read: no result, no count, no suggestion, and the order does not
//! depend on other matters. What is typed has no syntax. The trail holds that somebody searched, and not the words, which may be names.
//!
//! Not here: how words are cut and kept (`quanlian-store::matters::search`).

use axum::{Json, extract::State};
use quanlian_ledger::Ledger;
use quanlian_procedure::{Event, EventBody, FactValue, Given};
use quanlian_store::{
    SearchStore as _,
    matters::{
        Scope,
        search::{Found, FoundIn, FoundPlace, Search, Wanted},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, Caller},
    matters::{self, step, view},
    trail::{self, Outcome},
};
use crate::{permission::Action, platform::Platform};

const PAGE: usize = 20;
/// Results are counted up to this.
const MAX_COUNT: u64 = 1000;
const SUGGESTIONS: usize = 10;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// What is looked for: every part of it must be there.
    q: String,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 100.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SearchView {
    /// As in lists, each with `found_in`: `number`, `title` or `text`.
    #[schema(value_type = Vec<crate::api::shapes::matter::MatterRow>)]
    matters: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
    /// How many there are in all, counted up to 1,000.
    count: u64,
}

/// Matters by words of their number, title, facts and reasons.
#[utoipa::path(
    get, path = "/api/v1/search", params(SearchQuery),
    responses((status = 200, body = SearchView), (status = 400), (status = 401))
)]
pub(super) async fn search(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<SearchQuery>,
) -> Result<Json<SearchView>, Problem> {
    let nothing = SearchView {
        matters: Vec::new(),
        next: None,
        count: 0,
    };
    let search = Search {
        wanted: wanted(&asked.q)?,
        is_in_titles: false,
        after: asked.after.as_deref().map(place_of).transpose()?,
        limit: asked.limit.unwrap_or(PAGE),
    };
    let Some(scope) = allowed(&platform, &caller, "search").await? else {
        return Ok(Json(nothing));
    };
    let found = platform.store().search(&scope, &search).await?;
    let count = platform.store().count_found(&scope, &search, MAX_COUNT).await?;
    let is_full = found.len()
        >= search
            .limit
            .clamp(1, quanlian_store::matters::search::MAX_PAGE_FOUND);
    let next = found.last().filter(|_| is_full).map(Found::place);
    let row = |found: &Found| {
        let mut row = view::row(&found.matter);
        row["found_in"] = json!(word(found.found_in));
        row
    };
    Ok(Json(SearchView {
        matters: found.iter().map(row).collect(),
        next: next.map(|place| format!("{}_{}_{}", word(place.found_in), place.changed_us, place.id)),
        count,
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SuggestQuery {
    /// What was typed so far.
    q: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SuggestView {
    /// `id`, `number` and `title` of matters that the caller may read.
    #[schema(value_type = Vec<crate::api::shapes::counted::Suggestion>)]
    suggestions: Vec<Value>,
}

/// Numbers and titles to what was typed so far.
#[utoipa::path(
    get, path = "/api/v1/search/suggest", params(SuggestQuery),
    responses((status = 200, body = SuggestView), (status = 400), (status = 401))
)]
pub(super) async fn suggest(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<SuggestQuery>,
) -> Result<Json<SuggestView>, Problem> {
    let search = Search {
        wanted: wanted(&asked.q)?,
        is_in_titles: true,
        after: None,
        limit: SUGGESTIONS,
    };
    let Some(scope) = allowed(&platform, &caller, "suggest").await? else {
        return Ok(Json(SuggestView {
            suggestions: Vec::new(),
        }));
    };
    let found = platform.store().search(&scope, &search).await?;
    let row = |found: &Found| {
        let matter = &found.matter;
        json!({"id": matter.id, "number": matter.number, "title": matter.projection.title})
    };
    Ok(Json(SuggestView {
        suggestions: found.iter().map(row).collect(),
    }))
}

/// What the caller may read, after the line in the trail; nothing when they read no matter at all.
async fn allowed(platform: &Platform, caller: &Caller, doing: &str) -> Result<Option<Scope>, Problem> {
    let decision = step::at_large(platform, caller, Action::Read)?;
    let object = json!({"kind": "matters"});
    trail::write(platform, caller, doing, object, Outcome::Asked(&decision)).await?;
    if decision.is_allowed() {
        caller.scope(platform, Action::Read).map(Some)
    } else {
        Ok(None)
    }
}

fn wanted(text: &str) -> Result<Wanted, Problem> {
    Wanted::parse(text).map_err(|error| Problem::bad("query_invalid", &error.to_string()))
}

fn word(found_in: FoundIn) -> &'static str {
    match found_in {
        FoundIn::Number => "number",
        FoundIn::Title => "title",
        FoundIn::Text => "text",
    }
}

fn place_of(text: &str) -> Result<FoundPlace, Problem> {
    let unreadable = || Problem::bad("matter_cursor", "`after` is the `next` of the page before");
    let mut parts = text.splitn(3, '_');
    let mut part = || parts.next().ok_or_else(unreadable);
    let found_in = match part()? {
        "number" => FoundIn::Number,
        "title" => FoundIn::Title,
        "text" => FoundIn::Text,
        _ => return Err(unreadable()),
    };
    Ok(FoundPlace {
        found_in,
        changed_us: part()?.parse().map_err(|_| unreadable())?,
        id: part()?.parse().map_err(|_| unreadable())?,
    })
}

/// The words by which a matter is found beside its title: its ledger, facts, reasons, names of agencies; the newest first, each once.
pub(crate) fn words<'e>(
    events: impl DoubleEndedIterator<Item = &'e Event>,
    ledger: Option<&'e Ledger>,
) -> String {
    let mut lines: Vec<&str> = ledger.map(matters::ledger::words).unwrap_or_default();
    let of_given = |given: &'e Given, lines: &mut Vec<&'e str>| {
        lines.extend(given.reason.as_deref());
        lines.extend(given.facts.values().filter_map(text));
        lines.extend(given.counterparts.values().map(String::as_str));
        lines.extend(given.agency.as_deref());
    };
    for event in events.rev() {
        match &event.body {
            EventBody::Opened(opened) => of_given(&opened.given, &mut lines),
            EventBody::Supplied(supplied) => lines.extend(supplied.facts.values().filter_map(text)),
            EventBody::Proposed(proposed) => of_given(&proposed.given, &mut lines),
            EventBody::Endorsed(_) => {}
            EventBody::Rejected(rejected) => lines.push(&rejected.reason),
            EventBody::Acted(acted) => of_given(&acted.given, &mut lines),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    lines.retain(|line| seen.insert(*line));
    lines.join("\n")
}

fn text(value: &FactValue) -> Option<&str> {
    match value {
        FactValue::Text(text) => Some(text),
        _ => None,
    }
}
