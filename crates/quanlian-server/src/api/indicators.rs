//! Indicators (指标): figures over many matters, and the matters behind each.
//!
//! In:  an indicator, a period, by what it is parted.
//! Out: the figure with its definition's version and what is missing, as JSON or as a table (CSV); the rows that it counts.
//!
//! Invariants:
//! - A figure counts what the caller may read and nothing else, by the condition of lists; so it differs from caller to caller, and
//!   nobody learns from one about a matter that is not theirs. There are no figures across agencies for somebody who may not read
//!   the matters: small numbers and differences of two figures would tell of single ones.
//! - The rows behind a figure are those that it counts, at the instant of each request.
//! - Every look is in the audit trail before the answer leaves.
//!
//! Not here: how figures are defined and computed (`quanlian-indicator`), how rows are found (`quanlian-store`).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use quanlian_indicator::{
    Aggregate, Bin, Definition, Figure, Grouping, Number, Part, Period, Summed, Value as Taken,
    figure_of_sums, figure_of_values,
};
use quanlian_record::time::{Day, parse_day};
use quanlian_store::{
    MeasureStore as _,
    matters::{
        Code, Scope,
        measures::{By, Days, MeasuredPlace, MeasuredRow, Tally, Valued, When},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller},
    matters::{step, view},
    trail::{self, Outcome},
};
use crate::{
    permission::{Action, Object},
    platform::Platform,
    upkeep,
};

/// A page of the rows behind a figure.
const PAGE: usize = 50;
/// A group is named by no longer a word than this.
const MAX_GROUP_BYTES: usize = 128;

#[derive(Serialize, ToSchema)]
pub(super) struct DefinitionsView {
    /// The newest version of each, with the groupings that it has.
    #[schema(value_type = Vec<crate::api::shapes::counted::IndicatorDefinition>)]
    indicators: Vec<Value>,
}

/// The indicators: what each says, in words and as data.
#[utoipa::path(
    get, path = "/api/v1/indicators",
    responses((status = 200, body = DefinitionsView), (status = 401))
)]
pub(super) async fn definitions(
    State(platform): State<Platform>,
    _caller: Caller,
) -> Result<Json<DefinitionsView>, Problem> {
    let definitions = platform.indicators().map_err(unfit)?;
    let view = |definition: &Definition| {
        let mut view = json!(definition);
        view["groupings"] = json!(definition.groupings());
        view
    };
    Ok(Json(DefinitionsView {
        indicators: definitions.newest().map(view).collect(),
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FigureQuery {
    /// The first day, as 2024-01-01.
    from: Option<String>,
    /// The day behind the last. A figure that stands at a day stands at the end of the day before; without it, now.
    until: Option<String>,
    /// `agency`, `procedure`, `stage` or `month`, as far as the indicator has it.
    by: Option<String>,
    /// This version of the indicator; else the newest.
    version: Option<u32>,
    /// `csv` for a table.
    format: Option<String>,
}

/// A figure, over what the caller may read.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the JSON that is made below")]
pub(super) struct FigureView {
    indicator: String,
    version: u32,
    unit: String,
    aggregate: String,
    /// `first` and `last` day, or the `day` at whose end it stands, or the instant (`at`).
    #[schema(value_type = crate::api::shapes::counted::FigurePeriod)]
    period: Value,
    by: Option<String>,
    /// A number of the unit, a share between 0 and 1, or null where no value is known.
    #[schema(value_type = Option<f64>)]
    value: Value,
    /// From how many rows.
    n: u64,
    /// Rows that should have had a value and have none; they are in no sum and in no quantile.
    missing: u64,
    /// Of a share: how many are part of it.
    part: Option<f64>,
    /// `group`, `value`, `n`, `missing` of each part.
    #[schema(value_type = Vec<crate::api::shapes::counted::FigurePart>)]
    parts: Vec<Value>,
    computed_at: String,
    /// Whether every matter was measured by the rules of today; while that is being caught up, figures lack some.
    is_complete: bool,
}

/// A figure over what the caller may read.
#[utoipa::path(
    get, path = "/api/v1/indicators/{id}", params(("id" = String, Path), FigureQuery),
    responses((status = 200, body = FigureView), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(super) async fn figure(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<String>,
    Asked(asked): Asked<FigureQuery>,
) -> Result<Response, Problem> {
    let scope = allowed(&platform, &caller, &id, "indicator").await?;
    let definition = definition(&platform, &id, asked.version)?;
    let is_table = match asked.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(unknown("`format` is json or csv")),
    };
    let by = asked
        .by
        .as_deref()
        .map(|by| grouping(definition, by))
        .transpose()?;
    let when = when(definition, asked.from.as_deref(), asked.until.as_deref(), &caller)?;
    let tally = tally(definition, when, by, None)?;
    let counted = match definition.aggregate {
        Aggregate::Count | Aggregate::Sum | Aggregate::Share => {
            let sums = platform.store().summed(&scope, &tally).await?;
            let sums: Vec<Summed> = sums
                .into_iter()
                .map(|one| Summed {
                    group: one.group.map(|group| shown(by, &group)),
                    known: one.known,
                    missing: one.missing,
                    sum: one.sum,
                })
                .collect();
            figure_of_sums(definition.aggregate, &sums)
        }
        Aggregate::Median | Aggregate::P90 => {
            let bins = platform.store().valued(&scope, &tally).await?;
            let bins: Vec<Bin> = bins
                .into_iter()
                .map(|one| Bin {
                    group: one.group.map(|group| shown(by, &group)),
                    value: one.value,
                    rows: one.rows,
                })
                .collect();
            figure_of_values(definition.aggregate, &bins)
        }
    };
    let mut body = json!({
        "indicator": definition.id,
        "version": definition.version,
        "unit": definition.unit,
        "aggregate": definition.aggregate,
        "period": period(when),
        "by": by,
        "computed_at": caller.now.to_string(),
        "is_complete": platform.is_drawn(),
    });
    if is_table {
        return Ok(table(&body, &counted));
    }
    body["parts"] = counted
        .parts
        .iter()
        .map(|part| Value::Object(told(part)))
        .collect();
    if let Value::Object(body) = &mut body {
        body.append(&mut told(&counted.whole));
        body.remove("group");
    }
    Ok(Json(body).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RowsQuery {
    /// As of the figure.
    from: Option<String>,
    /// As of the figure.
    until: Option<String>,
    /// As of the figure.
    by: Option<String>,
    /// Only this part of it.
    group: Option<String>,
    /// As of the figure.
    version: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RowsView {
    /// `matter` as in lists; `group`, `name` (stage, act or clock), `state`, `from`, `until`, `value` of the row.
    #[schema(value_type = Vec<crate::api::shapes::counted::FigureRow>)]
    rows: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
}

/// What a figure counts, row by row: as many as its `n` and `missing` together, and their values add up to it.
#[utoipa::path(
    get, path = "/api/v1/indicators/{id}/matters", params(("id" = String, Path), RowsQuery),
    responses((status = 200, body = RowsView), (status = 400), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn matters(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<String>,
    Asked(asked): Asked<RowsQuery>,
) -> Result<Json<RowsView>, Problem> {
    let scope = allowed(&platform, &caller, &id, "indicator_matters").await?;
    let definition = definition(&platform, &id, asked.version)?;
    let by = asked
        .by
        .as_deref()
        .map(|by| grouping(definition, by))
        .transpose()?;
    if asked.group.is_some() && by.is_none() {
        return Err(unknown(
            "`group` is a part of a figure; say `by` what it is parted",
        ));
    }
    if asked
        .group
        .as_ref()
        .is_some_and(|group| group.len() > MAX_GROUP_BYTES)
    {
        return Err(unknown("a group has at most 128 bytes"));
    }
    let when = when(definition, asked.from.as_deref(), asked.until.as_deref(), &caller)?;
    let tally = tally(definition, when, by, asked.group)?;
    let after = asked.after.as_deref().map(place_of).transpose()?;
    let limit = asked.limit.unwrap_or(PAGE);
    let rows = platform
        .store()
        .measured_rows(&scope, &tally, after, limit)
        .await?;
    let is_full = rows.len() >= limit.clamp(1, quanlian_store::matters::measures::MAX_PAGE_MEASURES);
    let next = rows.last().filter(|_| is_full);
    Ok(Json(RowsView {
        next: next.map(|row| format!("{}_{}", row.place.matter, row.place.ordinal)),
        rows: rows.iter().map(|row| behind(row, by)).collect(),
    }))
}

fn behind(row: &MeasuredRow, by: Option<Grouping>) -> Value {
    json!({
        "matter": view::row(&row.matter),
        "group": row.group.as_ref().map(|group| shown(by, group)),
        "name": row.name,
        "state": row.state,
        "from": row.from,
        "until": row.until,
        "value": row.value,
    })
}

/// Whether the caller may see figures and read matters; and over which of them.
async fn allowed(platform: &Platform, caller: &Caller, id: &str, doing: &str) -> Result<Scope, Problem> {
    let own = Object::Agency(caller.account.agency.to_string());
    let mut decision = caller.may(platform, Action::Indicators, &own)?;
    if decision.is_allowed() {
        let reading = step::at_large(platform, caller, Action::Read)?;
        if !reading.is_allowed() {
            decision = reading;
        }
    }
    let id: String = id.chars().take(64).collect();
    let object = json!({"kind": "indicator", "id": id});
    trail::write(platform, caller, doing, object, Outcome::Asked(&decision)).await?;
    if !decision.is_allowed() {
        return Err(trail::denied());
    }
    let reading = caller.scope(platform, Action::Read)?;
    let counting = caller.scope(platform, Action::Indicators)?;
    // Of two roles one may count and the other read: what both reach is counted.
    Ok(Scope {
        reach: narrower(reading.reach, counting.reach),
        ..reading
    })
}

fn narrower(
    one: quanlian_store::matters::Reach,
    other: quanlian_store::matters::Reach,
) -> quanlian_store::matters::Reach {
    use quanlian_store::matters::Reach;
    let order = [Reach::Nothing, Reach::Handled, Reach::Unit, Reach::Agency];
    let narrower = order.into_iter().find(|reach| *reach == one || *reach == other);
    narrower.unwrap_or(Reach::Nothing)
}

fn unfit(mistakes: &quanlian_indicator::Mistakes) -> Problem {
    Problem::new(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        mistakes.code(),
        &mistakes.to_string(),
    )
}

fn unknown(what: &str) -> Problem {
    Problem::bad("query_invalid", what)
}

fn definition<'p>(platform: &'p Platform, id: &str, version: Option<u32>) -> Result<&'p Definition, Problem> {
    let definitions = platform.indicators().map_err(unfit)?;
    definitions.get(id, version).ok_or_else(|| {
        Problem::new(
            axum::http::StatusCode::NOT_FOUND,
            "indicator_not_found",
            "there is no such indicator or version; GET /api/v1/indicators lists them",
        )
    })
}

fn grouping(definition: &Definition, by: &str) -> Result<Grouping, Problem> {
    let grouping = match by {
        "agency" => Grouping::Agency,
        "procedure" => Grouping::Procedure,
        "stage" => Grouping::Stage,
        "month" => Grouping::Month,
        _ => return Err(unknown("`by` is agency, procedure, stage or month")),
    };
    if definition.groupings().contains(&grouping) {
        Ok(grouping)
    } else {
        Err(unknown(
            "this indicator is not parted by that; its `groupings` say by what",
        ))
    }
}

/// The period that is asked for, as the indicator takes it.
fn when(
    definition: &Definition,
    from: Option<&str>,
    until: Option<&str>,
    caller: &Caller,
) -> Result<When, Problem> {
    let day = |text: Option<&str>| {
        let day = text.map(parse_day).transpose();
        day.map_err(|_| unknown("write a day as 2024-12-20"))
    };
    let first = day(from)?;
    let last = match day(until)? {
        Some(until) => Some(
            until
                .yesterday()
                .map_err(|_| unknown("that is no day of this calendar"))?,
        ),
        None => None,
    };
    if first.zip(last).is_some_and(|(first, last)| last < first) {
        return Err(unknown(
            "`until` is the day behind the last; it lies behind `from`",
        ));
    }
    let days = Days { first, last };
    match definition.period {
        Period::Began => Ok(When::Began(days)),
        Period::Ended => Ok(When::Ended(days)),
        Period::Standing if first.is_some() => Err(unknown(
            "this figure stands at the end of a day; give `until` alone",
        )),
        Period::Standing => Ok(When::Stands(last.unwrap_or_else(|| caller.now.legal_day()))),
        Period::Overdue if first.is_some() || last.is_some() => Err(unknown(
            "this figure is of now; it takes neither `from` nor `until`",
        )),
        Period::Overdue => Ok(When::Overdue(caller.now)),
    }
}

fn period(when: When) -> Value {
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    match when {
        When::Began(days) | When::Ended(days) => json!({"first": day(days.first), "last": day(days.last)}),
        When::Stands(on) => json!({"day": on.to_string()}),
        When::Overdue(at) => json!({"at": at.to_string()}),
    }
}

/// What the store is asked for.
fn tally(
    definition: &Definition,
    when: When,
    by: Option<Grouping>,
    group: Option<String>,
) -> Result<Tally, Problem> {
    let codes = |names: &BTreeSet<String>| -> Result<BTreeSet<Code>, Problem> {
        let codes = names
            .iter()
            .map(|name| Code::parse(name).map_err(Problem::internal));
        codes.collect()
    };
    let counts = &definition.counts;
    let flags = counts
        .flags
        .iter()
        .map(|(fact, is)| Ok((Code::parse(fact).map_err(Problem::internal)?, *is)));
    let group = match by {
        Some(Grouping::Month) => group.map(|month| month.replacen('-', "", 1)),
        _ => group,
    };
    Ok(Tally {
        of: upkeep::kind(counts.of),
        procedures: codes(&counts.procedures)?,
        names: codes(&counts.names)?,
        states: codes(&counts.states)?,
        done: codes(&counts.done)?,
        flags: flags.collect::<Result<_, Problem>>()?,
        when,
        value: match &definition.value {
            Taken::One => Valued::One,
            Taken::Own => Valued::Own,
            Taken::Fact(fact) => Valued::Fact(Code::parse(fact).map_err(Problem::internal)?),
            Taken::State(states) => Valued::State {
                is: codes(&states.is)?,
                unknown: codes(&states.unknown)?,
            },
            Taken::Done(acts) => Valued::Done(codes(acts)?),
        },
        by: match by {
            None => By::Whole,
            Some(Grouping::Agency) => By::Agency,
            Some(Grouping::Procedure) => By::Procedure,
            Some(Grouping::Stage) => By::Name,
            Some(Grouping::Month) => By::Month,
        },
        group,
    })
}

/// A group as people read it: months as 2024-04.
fn shown(by: Option<Grouping>, group: &str) -> String {
    match by {
        Some(Grouping::Month) if group.len() > 2 && group.is_ascii() => {
            let (year, month) = group.split_at(group.len() - 2);
            format!("{year:0>4}-{month}")
        }
        _ => group.to_owned(),
    }
}

fn told(part: &Part) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("group".to_owned(), json!(part.group));
    match part.value {
        None => {
            view.insert("value".to_owned(), Value::Null);
        }
        Some(Number::Whole(number)) => {
            // What a number of JSON cannot hold is told as text, to the last digit.
            let number =
                i64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number));
            view.insert("value".to_owned(), number);
        }
        Some(Number::Share { part, of }) => {
            let share = (part as f64 / of as f64 * 1e6).round() / 1e6;
            view.insert("value".to_owned(), json!(share));
            view.insert("part".to_owned(), json!(i64::try_from(part).unwrap_or(i64::MAX)));
        }
    }
    view.insert("n".to_owned(), json!(part.n));
    view.insert("missing".to_owned(), json!(part.missing));
    view
}

/// A figure as a table: one line for the whole, whose group is empty, and one for each part.
fn table(about: &Value, figure: &Figure) -> Response {
    let mut lines = vec![json!([
        "indicator",
        "version",
        "unit",
        "first",
        "last",
        "group",
        "value",
        "n",
        "missing",
        "computed_at",
        "is_complete"
    ])];
    let period = &about["period"];
    let stands = if period["day"].is_null() {
        &period["at"]
    } else {
        &period["day"]
    };
    let last = if period["last"].is_null() {
        stands
    } else {
        &period["last"]
    };
    for part in std::iter::once(&figure.whole).chain(&figure.parts) {
        let told = told(part);
        lines.push(json!([
            &about["indicator"],
            &about["version"],
            &about["unit"],
            &period["first"],
            last,
            &told["group"],
            &told["value"],
            &told["n"],
            &told["missing"],
            &about["computed_at"],
            &about["is_complete"],
        ]));
    }
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], super::table::csv(&lines)).into_response()
}

pub(super) fn place_of(text: &str) -> Result<MeasuredPlace, Problem> {
    let unreadable = || Problem::bad("matter_cursor", "`after` is the `next` of the page before");
    let (matter, ordinal) = text.split_once('_').ok_or_else(unreadable)?;
    Ok(MeasuredPlace {
        matter: matter.parse().map_err(|_| unreadable())?,
        ordinal: ordinal.parse().map_err(|_| unreadable())?,
    })
}
