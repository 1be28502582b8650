//! Figures added up by hand from matters as the API shows them.
//!
//! In:  every matter that a caller reads, with history, clocks and facts.
//! Out: how many figures were compared, or a panic at the first that differs.
//!
//! Invariant: nothing here asks for measures or indicators but to compare them.

use std::collections::BTreeMap;

use quanlian_record::time::{Day, Timestamp};
use serde_json::{Value, json};

use super::{super::world::World, every_page, seen_by};

/// One thing that counts: by which day, in which group, with which value.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    agency: String,
    procedure: String,
    stage: Option<String>,
    day: Day,
    value: Option<i64>,
}

/// What a caller sees.
pub(super) struct Seen {
    matters: Vec<Value>,
    stages: BTreeMap<(String, String), (bool, Option<String>)>,
    windows: Vec<(String, String)>,
    today: Day,
}

/// A stay: stage, from, until, whether it is closed.
type Stay = (String, Day, Option<Day>, bool);

fn moment(value: &Value) -> Day {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("a moment is a text: {value}"));
    match text.parse::<Timestamp>() {
        Ok(at) => at.legal_day(),
        Err(_) => text.parse().unwrap(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn days(from: Day, until: Day) -> i64 {
    i64::from(from.until(until).unwrap().get_days())
}

impl Seen {
    pub(super) fn of(world: &World, matters: Vec<Value>) -> Self {
        let (mut stages, mut windows) = (BTreeMap::new(), Vec::new());
        for (id, procedure) in &world.procedures {
            for stage in procedure["stage"].as_array().unwrap() {
                let outcome = stage["outcome"].as_str().map(str::to_owned);
                stages.insert(
                    (id.clone(), text(&stage["id"])),
                    (stage["kind"] == "closed", outcome),
                );
            }
            for clock in procedure["clock"].as_array().unwrap() {
                if clock["window"] == true {
                    windows.push((id.clone(), text(&clock["id"])));
                }
            }
        }
        let today = world.office.now().legal_day();
        Self {
            matters,
            stages,
            windows,
            today,
        }
    }

    fn stays(&self, matter: &Value) -> Vec<Stay> {
        let procedure = text(&matter["procedure"]);
        let mut stays: Vec<Stay> = Vec::new();
        for past in matter["state"]["history"].as_array().unwrap() {
            let stage = text(&past["stage"]);
            if stays.last().is_some_and(|stay| stay.0 == stage) {
                continue;
            }
            let day = moment(&past["happened"]);
            if let Some(before) = stays.last_mut() {
                before.2 = Some(day);
            }
            let is_closed = self.stages[&(procedure.clone(), stage.clone())].0;
            stays.push((stage, day, None, is_closed));
        }
        stays
    }

    /// The rows of one indicator, of all days.
    fn rows(&self, indicator: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        for matter in &self.matters {
            let procedure = text(&matter["procedure"]);
            let mut add = |stage: Option<&str>, day: Day, value: Option<i64>| {
                rows.push(Row {
                    id: text(&matter["id"]),
                    agency: text(&matter["owner_agency"]),
                    procedure: procedure.clone(),
                    stage: stage.map(str::to_owned),
                    day,
                    value,
                });
            };
            let stays = self.stays(matter);
            let opened = stays[0].1;
            let last = stays.last().unwrap();
            let closed = last.3.then_some((last.0.as_str(), last.1));
            let outcome = closed.and_then(|(stage, _)| {
                let key = (procedure.clone(), stage.to_owned());
                self.stages[&key].1.clone()
            });
            let facts = &matter["state"]["facts"];
            let number = |fact: &str| {
                let value = &facts[fact]["value"];
                value["fen"].as_i64().or(value["count"].as_i64())
            };
            let first = |acts: &[&str]| {
                let history = matter["state"]["history"].as_array().unwrap();
                let mut done: Vec<Day> = history
                    .iter()
                    .filter(|past| past["what"] == "acted" && acts.iter().any(|act| past["act"] == **act))
                    .map(|past| moment(&past["happened"]))
                    .collect();
                done.sort();
                done.first().copied()
            };
            let is_outcome = |wanted: &[&str]| outcome.as_deref().is_some_and(|own| wanted.contains(&own));
            let is_court = procedure == "court-outcome" && is_outcome(&["enforced", "concluded"]);
            let is_for_holder = facts["outcome_for_holder"]["value"]["flag"] == true;
            let is_transfer = procedure == "criminal-transfer";
            let is_inquiry = procedure.ends_with("-investigation");
            match indicator {
                "matters-opened" => add(None, opened, Some(1)),
                "matters-closed" => {
                    if let Some((stage, day)) = closed {
                        add(Some(stage), day, Some(1));
                    }
                }
                "days-to-close-median" | "days-to-close-p90" => {
                    if let Some((stage, day)) = closed {
                        add(Some(stage), day, Some(days(opened, day)));
                    }
                }
                "days-in-stage-median" | "days-in-stage-p90" => {
                    for (stage, from, until, is_closed) in &stays {
                        if let (Some(until), false) = (until, is_closed) {
                            add(Some(stage), *until, Some(days(*from, *until)));
                        }
                    }
                }
                "transfers" if is_transfer => {
                    if let Some(day) = first(&["hand_over"]) {
                        add(None, day, Some(1));
                    }
                }
                "transfers-accepted-share" | "transfers-filed-share" if is_transfer => {
                    let wanted: &[&str] = if indicator == "transfers-accepted-share" {
                        &["accept"]
                    } else {
                        &["file", "reconsider_file", "file_on_order"]
                    };
                    if let Some(day) = first(&["hand_over"]) {
                        add(None, day, Some(i64::from(first(wanted).is_some())));
                    }
                }
                "police-refusals" if is_transfer => {
                    if let Some(day) = first(&["do_not_file"]) {
                        add(None, day, Some(1));
                    }
                }
                "clocks-overdue" | "clocks-met-share" => {
                    for clock in matter["clocks"].as_array().unwrap() {
                        if self.windows.contains(&(procedure.clone(), text(&clock["clock"]))) {
                            continue;
                        }
                        let state = clock["state"].as_str().unwrap();
                        if indicator == "clocks-overdue" {
                            if state == "overdue" {
                                add(None, self.today, Some(1));
                            }
                            continue;
                        }
                        let is_red = clock["light"] == "red";
                        let value = match state {
                            "met" => Some(Some(1)),
                            "met_late" => Some(Some(0)),
                            "met_unclear" => Some(None),
                            "lapsed" if is_red => Some(Some(0)),
                            "lapsed" if clock["light"] == "yellow" => Some(None),
                            _ => None,
                        };
                        if let Some(value) = value {
                            let runs = matter["state"]["clocks"].as_array().unwrap();
                            let run = runs.iter().find(|run| {
                                run["clock"] == clock["clock"] && run["started_by"] == clock["started_by"]
                            });
                            let run = run.unwrap();
                            let ended = if run["ended"].is_null() {
                                &run["lapsed"]
                            } else {
                                &run["ended"]
                            };
                            add(None, moment(ended), value);
                        }
                    }
                }
                "illegal-gain" | "business-volume"
                    if is_inquiry && is_outcome(&["penalised", "criminal"]) =>
                {
                    let fact = if indicator == "illegal-gain" {
                        "illegal_gain_fen"
                    } else {
                        "illegal_business_volume_fen"
                    };
                    add(Some(&last.0), last.1, number(fact));
                }
                "penalty-fines" if is_inquiry && is_outcome(&["penalised"]) => {
                    add(Some(&last.0), last.1, number("penalty_fine_fen"));
                }
                "court-for-holder-share" if is_court => {
                    let flag = facts["outcome_for_holder"]["value"]["flag"].as_bool();
                    add(Some(&last.0), last.1, flag.map(i64::from));
                }
                "court-damages" if is_court && is_for_holder && first(&["judge_civil"]).is_some() => {
                    add(Some(&last.0), last.1, number("damages_fen"));
                }
                "court-fines" | "court-months" | "court-months-median"
                    if is_court && is_for_holder && first(&["judge_criminal"]).is_some() =>
                {
                    let fact = if indicator == "court-fines" {
                        "fine_fen"
                    } else {
                        "sentence_months"
                    };
                    add(Some(&last.0), last.1, number(fact));
                }
                _ => {}
            }
        }
        rows
    }

    /// What stood open at the end of a day.
    fn open_at(&self, on: Day) -> Vec<Row> {
        let mut rows = Vec::new();
        for matter in &self.matters {
            for (stage, from, until, is_closed) in self.stays(matter) {
                if !is_closed && from <= on && until.is_none_or(|until| until > on) {
                    rows.push(Row {
                        id: text(&matter["id"]),
                        agency: text(&matter["owner_agency"]),
                        procedure: text(&matter["procedure"]),
                        stage: Some(stage),
                        day: on,
                        value: Some(1),
                    });
                }
            }
        }
        rows
    }
}

/// Value, n and missing of some rows.
fn figure(aggregate: &str, rows: &[&Row]) -> (Value, u64, u64) {
    let mut known: Vec<i64> = rows.iter().filter_map(|row| row.value).collect();
    known.sort_unstable();
    let missing = rows.len() - known.len();
    let sum: i64 = known.iter().sum();
    let rank = |hundredths: usize| (known.len() * hundredths).div_ceil(100);
    let at = |rank: usize| rank.checked_sub(1).map_or(Value::Null, |rank| json!(known[rank]));
    let value = match aggregate {
        "count" => json!(known.len()),
        "sum" if known.is_empty() && missing > 0 => Value::Null,
        "sum" => json!(sum),
        "median" => at(rank(50)),
        "p90" => at(rank(90)),
        "share" if known.is_empty() => Value::Null,
        "share" => json!((sum as f64 / known.len() as f64 * 1e6).round() / 1e6),
        other => panic!("{other}"),
    };
    (value, known.len() as u64, missing as u64)
}

fn group(by: &str, row: &Row) -> String {
    match by {
        "agency" => row.agency.clone(),
        "procedure" => row.procedure.clone(),
        "stage" => row.stage.clone().unwrap(),
        _ => row.day.to_string()[..7].to_owned(),
    }
}

/// Compares every figure of every person; how many there were.
pub(super) async fn compare(world: &World) -> usize {
    let office = &world.office;
    let mut compared = 0;
    let mut filled: BTreeMap<String, usize> = BTreeMap::new();
    let definitions = office
        .get(Some(&world.people[0].key), "/api/v1/indicators")
        .await
        .good();
    for person in world.people.iter().filter(|person| person.counts()) {
        let (name, key) = (person.name(), &person.key);
        let seen = seen_by(world, key).await;
        for definition in definitions.body["indicators"].as_array().unwrap() {
            let id = text(&definition["id"]);
            let aggregate = definition["aggregate"].as_str().unwrap();
            let periods: &[(&str, &str)] = match definition["period"].as_str().unwrap() {
                "began" | "ended" => &[("", ""), ("2024-02-01", "2024-04-15"), ("2024-03-09", "")],
                "standing" => &[("", ""), ("", "2024-03-10")],
                _ => &[("", "")],
            };
            for (from, until) in periods {
                let first: Option<Day> = from.parse().ok();
                let behind: Option<Day> = until.parse().ok();
                let rows = if id == "matters-open" {
                    seen.open_at(behind.map_or(seen.today, |behind| behind.yesterday().unwrap()))
                } else {
                    let mut rows = seen.rows(&id);
                    rows.retain(|row| {
                        first.is_none_or(|first| row.day >= first)
                            && behind.is_none_or(|behind| row.day < behind)
                    });
                    rows
                };
                *filled.entry(id.clone()).or_default() += rows.len();
                let named = |name: &str, day: &str| {
                    if day.is_empty() {
                        String::new()
                    } else {
                        format!("&{name}={day}")
                    }
                };
                let query = named("from", from) + &named("until", until);
                for by in definition["groupings"].as_array().unwrap() {
                    let by = by.as_str().unwrap();
                    let path = format!("/api/v1/indicators/{id}?by={by}{query}");
                    let told = office.get(Some(key), &path).await.good().body;
                    let all: Vec<&Row> = rows.iter().collect();
                    let (value, n, missing) = figure(aggregate, &all);
                    assert_eq!(
                        (&told["value"], &told["n"], &told["missing"]),
                        (&value, &json!(n), &json!(missing)),
                        "{name} {path}"
                    );
                    let mut parts: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
                    for row in &rows {
                        parts.entry(group(by, row)).or_default().push(row);
                    }
                    let wanted: BTreeMap<String, (Value, u64, u64)> = parts
                        .iter()
                        .map(|(group, rows)| (group.clone(), figure(aggregate, rows)))
                        .collect();
                    let parts: BTreeMap<String, (Value, u64, u64)> = told["parts"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|part| {
                            let number = |name: &str| part[name].as_u64().unwrap();
                            let figure = (part["value"].clone(), number("n"), number("missing"));
                            (text(&part["group"]), figure)
                        })
                        .collect();
                    assert_eq!(parts, wanted, "{name} {path}");
                    compared += 1 + parts.len();
                }
                // The rows behind it are those that were counted, each of a matter that the caller reads.
                let path = format!("/api/v1/indicators/{id}/matters?by=agency{query}");
                let behind = every_page(office, key, &path, "rows").await;
                let told: BTreeMap<String, i64> = behind.iter().fold(BTreeMap::new(), |mut told, row| {
                    *told
                        .entry(format!("{} {}", row["matter"]["id"], row["value"]))
                        .or_default() += 1;
                    told
                });
                let wanted = rows.iter().fold(BTreeMap::new(), |mut wanted, row| {
                    *wanted
                        .entry(format!("{:?} {}", row.id, json!(row.value)))
                        .or_default() += 1;
                    wanted
                });
                assert_eq!(told, wanted, "{name} {path}");
                compared += 1;
            }
        }
    }
    tell(&filled, compared);
    compared
}

/// Says how much there was to compare, when a test is run with `--nocapture`.
fn tell(filled: &BTreeMap<String, usize>, compared: usize) {
    eprintln!("{compared} figures compared; rows by indicator: {filled:?}");
}
