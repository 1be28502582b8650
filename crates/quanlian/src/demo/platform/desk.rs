//! The desk: matters at every stage of every procedure, so that everybody who signs in finds work of today.
//!
//! In:  the tables below `desk/`; the day on which the sample is made; people who are signed in.
//! Out: one matter for each row, by the acts of its steps.
//!
//! Invariants: a row is played by the people that it names, with the permissions that they have; on whatever day it is made, no
//! step of it is refused (a test plays the tables on many days).
//!
//! Not here: how the tables are written (`desk/complaints.toml` says).

use std::collections::BTreeMap;

use anyhow::Context as _;
use quanlian_procedure::{Procedure, Procedures, procedure::FactKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    days::Days,
    matter::{Cast, Doing, Matter},
    people,
};

const TABLES: [&str; 4] = [
    include_str!("desk/complaints.toml"),
    include_str!("desk/investigations.toml"),
    include_str!("desk/transfers.toml"),
    include_str!("desk/others.toml"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    matter: Vec<Row>,
}

/// A matter of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    procedure: String,
    title: String,
    by: String,
    day: i64,
    #[serde(default)]
    with: Vec<String>,
    /// The key of the matter that it follows from.
    parent: Option<String>,
    /// Why it is looked at, where somebody has to say.
    purpose: Option<String>,
    #[serde(default)]
    handlers: Vec<String>,
    named: Option<Value>,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    papers: BTreeMap<String, String>,
    #[serde(default)]
    counterparts: BTreeMap<String, String>,
    #[serde(default)]
    steps: Vec<Step>,
}

/// One thing that somebody does in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    by: String,
    #[serde(default)]
    day: i64,
    act: Option<String>,
    #[serde(default)]
    endorse: bool,
    reject: Option<String>,
    ledger: Option<Vec<Value>>,
    grant: Option<Grant>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    papers: BTreeMap<String, String>,
    #[serde(default)]
    counterparts: BTreeMap<String, String>,
    reason: Option<String>,
    agency: Option<String>,
    /// The key of a matter that joins.
    member: Option<String>,
    #[serde(default)]
    sets: Vec<String>,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    to: String,
    user: Option<String>,
    actions: Vec<String>,
    purpose: String,
}

/// All rows, in their order.
fn rows() -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for table in TABLES {
        let table: Table = toml::from_str(table).context("a table of the sample cannot be read")?;
        rows.extend(table.matter);
    }
    Ok(rows)
}

/// What the steps of one row are filled in with.
struct Filling<'a> {
    procedure: &'a Procedure,
    days: Days,
    /// The number of the row, for numbers of papers.
    number: usize,
    /// Ids of the matters that there are, by their keys.
    ids: &'a BTreeMap<String, String>,
}

impl Filling<'_> {
    /// `Given` of the procedures, for the opening.
    fn opening(&self, row: &Row) -> anyhow::Result<Map<String, Value>> {
        let mut given = Map::new();
        let act = self.procedure.opening();
        let makes = act.map(|act| act.makes.as_slice()).unwrap_or_default();
        self.files(&mut given, &row.facts, &row.papers, makes, &[])?;
        if !row.counterparts.is_empty() {
            given.insert("counterparts".to_owned(), json!(row.counterparts));
        }
        Ok(given)
    }

    /// The same for an act.
    fn act(&self, name: &str, step: &Step) -> anyhow::Result<Map<String, Value>> {
        let act = self.procedure.act_of(name);
        let act = act.with_context(|| format!("{} has no act {name}", self.procedure.id))?;
        let mut given = Map::new();
        self.files(&mut given, &step.facts, &step.papers, &act.makes, &step.sets)?;
        if !step.counterparts.is_empty() {
            given.insert("counterparts".to_owned(), json!(step.counterparts));
        }
        if let Some(member) = &step.member {
            let id = self.ids.get(member);
            given.insert(
                "member".to_owned(),
                json!(id.with_context(|| format!("no matter {member}"))?),
            );
        }
        for (name, text) in [("reason", &step.reason), ("agency", &step.agency)] {
            if let Some(text) = text {
                given.insert(name.to_owned(), json!(self.days.text(text)?));
            }
        }
        Ok(given)
    }

    /// Facts as the procedure wants them, and papers: those that are named, and a number for each that the act makes and nobody sets.
    fn files(
        &self,
        given: &mut Map<String, Value>,
        facts: &BTreeMap<String, Value>,
        papers: &BTreeMap<String, String>,
        makes: &[String],
        sets: &[String],
    ) -> anyhow::Result<()> {
        let mut stated = Map::new();
        for (id, value) in facts {
            let fact = self.procedure.fact_of(id);
            let fact = fact.with_context(|| format!("{} has no fact {id}", self.procedure.id))?;
            let kind = match fact.kind {
                FactKind::Flag => "flag",
                FactKind::Count => "count",
                FactKind::Fen => "fen",
                FactKind::Day => "day",
                FactKind::Text => "text",
            };
            stated.insert(id.clone(), json!({kind: self.days.filled(value)?}));
        }
        let mut filed = Map::new();
        for (id, place) in papers {
            filed.insert(id.clone(), json!(self.days.text(place)?));
        }
        for id in makes {
            if papers.contains_key(id) || sets.contains(id) {
                continue;
            }
            let paper = self.procedure.paper_of(id);
            let name = paper.map_or(id.as_str(), |paper| paper.name.zh.as_str());
            let number = format!("{name}〔{}〕样例{}号", self.days.today.year(), 100 + self.number);
            filed.insert(id.clone(), json!(number));
        }
        for (name, fields) in [("facts", stated), ("papers", filed)] {
            if !fields.is_empty() {
                given.insert(name.to_owned(), Value::Object(fields));
            }
        }
        Ok(())
    }
}

/// Plays all of them; `told` hears after each how many are done, of how many.
pub(super) fn play(
    cast: &Cast<'_>,
    procedures: &Procedures,
    days: Days,
    mut told: impl FnMut(usize, usize),
) -> anyhow::Result<()> {
    let rows = rows()?;
    let mut ids = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let filling = Filling {
            procedure: of_row(procedures, row, days)?,
            days,
            number,
            ids: &ids,
        };
        let matter = one(cast, &filling, row).with_context(|| format!("the sample matter `{}`", row.key))?;
        ids.insert(row.key.clone(), matter.id);
        told(number + 1, rows.len());
    }
    Ok(())
}

fn of_row<'a>(procedures: &'a Procedures, row: &Row, days: Days) -> anyhow::Result<&'a Procedure> {
    let procedure = procedures.newest(&row.procedure, days.day(row.day)?);
    procedure.with_context(|| format!("there is no procedure {}", row.procedure))
}

/// Plays one.
fn one(cast: &Cast<'_>, filling: &Filling<'_>, row: &Row) -> anyhow::Result<Matter> {
    let days = filling.days;
    let opener = cast.who(&row.by)?;
    let mut body = json!({
        "procedure": row.procedure, "title": row.title, "with": row.with, "given": filling.opening(row)?,
    });
    if let Some(key) = &row.parent {
        body["parent"] = json!(filling.ids.get(key).with_context(|| format!("no matter {key}"))?);
    }
    if let Some(named) = &row.named {
        body["named"] = days.filled(named)?;
    }
    let happened = days.moment(row.day, 0)?;
    if !happened.is_empty() {
        body["happened"] = json!(happened);
    }
    let mut matter = Matter::open(opener, &body, row.purpose.as_deref())?;
    if !row.handlers.is_empty() {
        let handlers: Vec<&str> = row.handlers.iter().map(String::as_str).collect();
        let unit = people::known(&row.by).and_then(|person| person.unit);
        matter.assign(opener, &row.title, unit, &handlers)?;
    }
    for (place, step) in row.steps.iter().enumerate() {
        take(cast, filling, &mut matter, place + 1, step).with_context(|| format!("step {}", place + 1))?;
    }
    Ok(matter)
}

/// Takes one step.
fn take(
    cast: &Cast<'_>,
    filling: &Filling<'_>,
    matter: &mut Matter,
    place: usize,
    step: &Step,
) -> anyhow::Result<()> {
    let days = filling.days;
    let (who, happened) = (cast.who(&step.by)?, days.moment(step.day, place)?);
    if let Some(act) = &step.act {
        let (with, sets) = (borrowed(&step.with), borrowed(&step.sets));
        let doing = Doing {
            happened: &happened,
            with: &with,
            given: filling.act(act, step)?,
            sets: &sets,
            text: &step.text,
        };
        return matter.act(who, act, doing);
    }
    if step.endorse {
        return matter.endorse(who, &happened);
    }
    if let Some(reason) = &step.reject {
        let command = json!({"do": "reject", "proposal": matter.proposal()?, "reason": reason});
        return matter.tell(who, &command, &happened, &[]);
    }
    if let Some(steps) = &step.ledger {
        let steps: Vec<Value> = steps
            .iter()
            .map(|step| days.filled(step))
            .collect::<anyhow::Result<_>>()?;
        return matter.enter(who, &steps);
    }
    let grant = step.grant.as_ref().context("a step that does nothing")?;
    matter.grant(
        who,
        &grant.to,
        grant.user.as_deref(),
        &borrowed(&grant.actions),
        &grant.purpose,
    )
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests;
