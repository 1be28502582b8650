//! Rules of law over HTTP, read only: what the program judges by, as `law/` has it.
//!
//! In:  a day, an offence, an id.
//! Out: rules with versions, sources, lines and open questions, as `quanlian law list` and `law show` print them.
//!
//! Invariant: whether somebody read the source of a rule is told with each rule.
//!
//! Not here: assessing facts (jobs of matters), what the rules are (`quanlian-law`).

use axum::{Json, extract::State, http::StatusCode};
use quanlian_law::{FactDefinition, Kind, Rule, RuleSummary, Text, rule::OpenQuestion};
use quanlian_record::time::{Day, parse_day};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller},
    trail::{self, Outcome},
};
use crate::platform::Platform;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RulesQuery {
    /// Only rules that are in force on this day, with the version of it.
    on: Option<String>,
    /// Only rules about this offence: `cn/criminal/217`.
    offence: Option<String>,
}

/// Rules.
#[derive(Serialize, ToSchema)]
pub(super) struct RulesView {
    /// Of the files that the program was built with.
    rule_book: String,
    #[schema(value_type = Vec<RuleLineSchema>)]
    rules: Vec<RuleLine>,
}

/// A rule in the list.
#[derive(Serialize)]
struct RuleLine {
    #[serde(flatten)]
    summary: RuleSummary,
    offences: Vec<String>,
    in_force: Vec<InForce>,
    open: Vec<OpenQuestion>,
}

/// A rule in the list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the JSON of a rule in the list")]
struct RuleLineSchema {
    id: String,
    /// `element`, `threshold`, `band`, `deadline`, ….
    kind: String,
    title: super::places::NamesBody,
    /// Instrument and article.
    citation: super::places::NamesBody,
    /// First days of all its versions.
    versions: Vec<String>,
    /// Whether every part of it was read in a source.
    verified: bool,
    /// Its file below `law/`.
    file: String,
    /// The offences that it is about; none for a general rule.
    offences: Vec<String>,
    /// Its versions, or that of the day that was asked for.
    in_force: Vec<InForce>,
    /// What the text leaves open: `question` and `effect` in both languages.
    open: Vec<serde_json::Value>,
}

/// When a version is in force.
#[derive(Serialize, ToSchema)]
struct InForce {
    from: String,
    /// The last day; nothing while it is in force.
    until: Option<String>,
}

/// The rules of law that the program judges by.
#[utoipa::path(
    operation_id = "law_rules", get, path = "/api/v1/law/rules", params(RulesQuery),
    responses((status = 200, body = RulesView), (status = 400), (status = 401), (status = 404))
)]
pub(super) async fn rules(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<RulesQuery>,
) -> Result<Json<RulesView>, Problem> {
    let on = day(asked.on.as_deref())?;
    let object = json!({"kind": "law", "id": asked.offence});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
    let book = platform.law();
    if let Some(offence) = &asked.offence
        && book.show(offence).is_none()
    {
        return Err(unknown());
    }
    let line = |summary: RuleSummary| {
        let rule = book.show(&summary.id)?;
        let of_day = rule
            .versions
            .iter()
            .filter(|one| on.is_none_or(|on| one.in_force(on)));
        let in_force: Vec<InForce> = of_day
            .map(|version| InForce {
                from: version.from.to_string(),
                until: version.to.map(|to| to.to_string()),
            })
            .collect();
        let is_wanted = !in_force.is_empty() && asked.offence.as_ref().is_none_or(|id| rule.is_about(id));
        is_wanted.then(|| RuleLine {
            summary,
            offences: rule.offences.clone(),
            in_force,
            open: rule.open.clone(),
        })
    };
    Ok(Json(RulesView {
        rule_book: book.rule_book_version().to_owned(),
        rules: book.list().into_iter().filter_map(line).collect(),
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RuleQuery {
    /// Only the version of this day.
    on: Option<String>,
}

/// One rule with its lines, as `quanlian law show --json` prints it.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    rule: Rule,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<FactDefinition>,
}

/// One rule: sources, versions with their conditions and lines, open questions, examples; of an offence the facts that its rules ask
/// for too. Strokes in the id are written `%2F`.
#[utoipa::path(
    operation_id = "law_rule", get, path = "/api/v1/law/rules/{rule}", params(("rule" = String, Path), RuleQuery),
    responses((status = 200, description = "the rule, as `quanlian law show --json` prints it", body = serde_json::Value), (status = 400), (status = 401), (status = 404))
)]
pub(super) async fn rule(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<String>,
    Asked(asked): Asked<RuleQuery>,
) -> Result<Json<Shown>, Problem> {
    let on = day(asked.on.as_deref())?;
    let object = json!({"kind": "law", "id": id});
    trail::write(&platform, &caller, "read", object, Outcome::Signed("done")).await?;
    let book = platform.law();
    let mut rule = book.show(&id).ok_or_else(unknown)?.clone();
    rule.versions
        .retain(|version| on.is_none_or(|on| version.in_force(on)));
    let facts = if rule.kind == Kind::Element {
        book.facts_of(&rule.id, on).into_iter().cloned().collect()
    } else {
        Vec::new()
    };
    Ok(Json(Shown { rule, facts }))
}

/// Offences.
#[derive(Serialize, ToSchema)]
pub(super) struct OffencesView {
    offences: Vec<OffenceView>,
}

/// An offence that facts can be assessed for.
#[derive(Serialize, ToSchema)]
pub(super) struct OffenceView {
    id: String,
    #[schema(value_type = super::places::NamesBody)]
    title: Text,
    #[schema(value_type = super::places::NamesBody)]
    citation: Text,
    /// Whether every part of the rule of its elements was read in a source.
    verified: bool,
    /// How many rules are about it.
    rules: usize,
    /// The facts that its rules ask for, in their order.
    #[schema(value_type = Vec<Object>)]
    facts: Vec<FactDefinition>,
}

/// The offences that facts can be assessed for, with what is asked of each.
#[utoipa::path(
    operation_id = "law_offences", get, path = "/api/v1/law/offences",
    responses((status = 200, body = OffencesView), (status = 401))
)]
pub(super) async fn offences(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<OffencesView>, Problem> {
    let object = json!({"kind": "law"});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
    let book = platform.law();
    let all = book.list();
    let about = |id: &str| {
        let rules = all.iter().filter_map(|summary| book.show(&summary.id));
        rules.filter(|rule| rule.is_about(id)).count()
    };
    let offence = |summary: &RuleSummary| OffenceView {
        id: summary.id.clone(),
        title: summary.title.clone(),
        citation: summary.citation.clone(),
        verified: summary.verified,
        rules: about(&summary.id),
        facts: book.facts_of(&summary.id, None).into_iter().cloned().collect(),
    };
    let elements = all.iter().filter(|summary| summary.kind == Kind::Element);
    Ok(Json(OffencesView {
        offences: elements.map(offence).collect(),
    }))
}

fn day(text: Option<&str>) -> Result<Option<Day>, Problem> {
    let parsed = text.map(parse_day).transpose();
    parsed.map_err(|_| Problem::bad("query_invalid", "write a day as 2024-12-20"))
}

fn unknown() -> Problem {
    let detail = "there is no such rule; /api/v1/law/rules lists them";
    Problem::new(StatusCode::NOT_FOUND, "rule_not_found", detail)
}
