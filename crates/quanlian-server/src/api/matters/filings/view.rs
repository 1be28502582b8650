//! A filing as who filed it sees it: what they stated and handed in, what they were told, what they can do.
//!
//! In:  the matter, who looks.
//! Out: [`FilingView`]; the files that were served on them ([`served`]).
//!
//! Invariants: stage and status are those of the last event that they were told of or made themselves, so that what is decided and not yet
//! told is not shown; a reason or a paper is shown where the procedure says with the notice that it is for them. Clocks that began before
//! that are shown as they stand. Nothing names people, other parties, units, proposals or files of others.
//!
//! Not here: who follows what (`filings`).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::Text;
use quanlian_procedure::{
    Available, ClockView, Context, Event, EventBody, FactValue, Matter, Procedure, Sent,
};
use quanlian_record::id::FileId;
use quanlian_store::{FileStore as _, files::MAX_PAGE_FILES, matters::MatterRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        files::{self, FileView},
        step::{self, Stored},
    },
    Caller, Problem, actor, roles,
};
use crate::platform::Platform;

/// So many files of their own are listed.
const MAX_FILES: usize = 1000;

/// A filing in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct BriefView {
    id: String,
    /// 办件编号.
    number: String,
    /// As they called it.
    title: String,
    procedure: String,
    procedure_version: u32,
    /// The agency that has it.
    agency: String,
    /// The stage that they were told of last.
    stage: String,
    #[schema(value_type = Object)]
    stage_name: Text,
    /// `working`, `waiting`, `suspended` or `closed`, as of that stage.
    status: &'static str,
    opened_at: String,
}

/// A filing.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilingView {
    #[serde(flatten)]
    brief: BriefView,
    /// As in the ETag.
    version: String,
    /// Clocks that began before they were told last: name, source, state, days and light.
    clocks: Vec<FilingClock>,
    /// Facts that they stated, by id.
    #[schema(value_type = Object)]
    facts: BTreeMap<String, FactValue>,
    /// Papers that they brought, by id, with where each lies.
    papers: BTreeMap<String, String>,
    /// What they were told, oldest first.
    told: Vec<ToldView>,
    /// What they can do now, each with what its form asks for.
    #[schema(value_type = Vec<Object>)]
    acts: Vec<Available>,
    /// Files that they handed in.
    files: Vec<FileView>,
}

/// A clock of a filing.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilingClock {
    clock: String,
    #[schema(value_type = Object)]
    name: Text,
    /// What it rests on.
    #[schema(value_type = Object)]
    citation: Text,
    /// Whether somebody read the source.
    verified: bool,
    /// As in `clock_state` of the terms.
    #[schema(value_type = String)]
    state: Value,
    #[schema(value_type = String)]
    light: Value,
    #[schema(value_type = String)]
    started: Value,
    due_on: Option<String>,
    due_at: Option<String>,
    days_left: Option<i64>,
    overdue_days: i64,
}

/// Something that they were told.
#[derive(Serialize, ToSchema)]
pub(crate) struct ToldView {
    at: String,
    /// A template of `notice` in the terms.
    template: String,
    act: String,
    #[schema(value_type = Object)]
    act_name: Text,
    /// The reason, where it is for them.
    reason: Option<String>,
    /// Papers that are for them.
    papers: Vec<ServedView>,
}

/// A paper that is for them.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServedView {
    paper: String,
    #[schema(value_type = Object)]
    name: Text,
    /// The file, when it is one; else `place` says its number.
    file: Option<String>,
    place: Option<String>,
}

/// As in a list.
pub(super) fn brief(
    platform: &Platform,
    caller: &Caller,
    row: &MatterRow,
    stored: &Stored,
) -> Result<BriefView, Problem> {
    let (procedure, known) = known(platform, caller, stored)?;
    brief_of(platform, procedure, &known, row, stored)
}

/// Everything that is for them.
pub(super) async fn view(
    platform: &Platform,
    caller: &Caller,
    row: &MatterRow,
    stored: &Stored,
) -> Result<FilingView, Problem> {
    let (procedure, known) = known(platform, caller, stored)?;
    let held = roles(caller, procedure);
    let clocks = platform.engine().clocks(&stored.matter, caller.now);
    let clocks = clocks.map_err(|error| Problem::internal(format!("{error:?}")))?;
    let (mut facts, mut papers) = (BTreeMap::new(), BTreeMap::new());
    for event in stored.events.iter().filter(|event| is_own(caller, event)) {
        let (stated, brought) = match &event.body {
            EventBody::Opened(opened) => (&opened.given.facts, &opened.given.papers),
            EventBody::Acted(acted) => (&acted.given.facts, &acted.given.papers),
            EventBody::Supplied(supplied) => (&supplied.facts, &supplied.papers),
            _ => continue,
        };
        facts.extend(stated.clone());
        papers.extend(brought.clone());
    }
    let context = Context::now(caller.now, actor(caller, held.clone()));
    let acts = platform.engine().available(&stored.matter, &context);
    let acts = acts.map_err(|refusal| Problem::internal(format!("{refusal:?}")))?;
    let is_theirs = |act: &Available| {
        let defined = procedure.act_of(&act.act);
        act.possible && defined.is_some_and(|act| act.roles.iter().any(|role| held.contains(role)))
    };
    Ok(FilingView {
        brief: brief_of(platform, procedure, &known, row, stored)?,
        version: row.version.to_string(),
        clocks: clocks
            .into_iter()
            .filter(|clock| clock.started_by <= known.seq)
            .map(clock)
            .collect(),
        facts,
        papers,
        told: told(procedure, &held, stored),
        acts: acts.into_iter().filter(is_theirs).collect(),
        files: own_files(platform, caller, row).await?,
    })
}

/// The files that were served on them.
pub(super) fn served(platform: &Platform, caller: &Caller, stored: &Stored) -> BTreeSet<FileId> {
    let matter = &stored.matter;
    let Some(procedure) = platform.procedures().get(&matter.procedure, matter.version) else {
        return BTreeSet::new();
    };
    let told = told(procedure, &roles(caller, procedure), stored);
    let files = told.into_iter().flat_map(|told| told.papers);
    files.filter_map(|paper| paper.file?.parse().ok()).collect()
}

/// The procedure, and the matter as of the last event that they made or were told of.
fn known<'p>(
    platform: &'p Platform,
    caller: &Caller,
    stored: &Stored,
) -> Result<(&'p Procedure, Matter), Problem> {
    let matter = &stored.matter;
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    let procedure = procedure.ok_or_else(|| Problem::internal("a procedure is not loaded"))?;
    let held = roles(caller, procedure);
    let is_known =
        |event: &Event| is_own(caller, event) || sent(event).iter().any(|sent| held.contains(&sent.to));
    let count = stored
        .events
        .iter()
        .rposition(is_known)
        .map_or(1, |last| last + 1);
    let known = platform.engine().replay(&stored.events[..count]);
    Ok((
        procedure,
        known.map_err(|error| Problem::internal(format!("{error:?}")))?,
    ))
}

fn is_own(caller: &Caller, event: &Event) -> bool {
    event.by.agency == caller.account.agency.as_str() && event.by.user == caller.account.user.as_str()
}

fn sent(event: &Event) -> &[Sent] {
    match &event.body {
        EventBody::Opened(opened) => &opened.notices,
        EventBody::Acted(acted) => &acted.notices,
        _ => &[],
    }
}

fn brief_of(
    platform: &Platform,
    procedure: &Procedure,
    known: &Matter,
    row: &MatterRow,
    stored: &Stored,
) -> Result<BriefView, Problem> {
    let stage = procedure.stage_of(&known.stage);
    let stage = stage.ok_or_else(|| Problem::internal("a stage of no procedure"))?;
    // The agency may call it otherwise later, by what it found.
    let first = stored
        .raw
        .iter()
        .find_map(|(_, _, event)| event["kept"]["title"].as_str());
    Ok(BriefView {
        id: row.id.to_string(),
        number: row.number.clone(),
        title: first.unwrap_or_default().to_owned(),
        procedure: procedure.id.clone(),
        procedure_version: procedure.version,
        agency: known.agency.clone(),
        stage: stage.id.clone(),
        stage_name: stage.name.clone(),
        status: step::status(platform, known),
        opened_at: row.opened_at.to_string(),
    })
}

fn clock(clock: ClockView) -> FilingClock {
    FilingClock {
        clock: clock.clock,
        name: clock.name,
        citation: clock.citation,
        verified: clock.verified,
        state: serde_json::json!(clock.state),
        light: serde_json::json!(clock.light),
        started: serde_json::json!(clock.started),
        due_on: clock.due_on.map(|day| day.to_string()),
        due_at: clock.due_at.map(|at| at.to_string()),
        days_left: clock.days_left,
        overdue_days: clock.overdue_days,
    }
}

/// What was told to these roles, with what of the act is for them.
fn told(procedure: &Procedure, held: &[String], stored: &Stored) -> Vec<ToldView> {
    let mut told = Vec::new();
    for event in &stored.events {
        let (act, reason) = match &event.body {
            EventBody::Opened(_) => (procedure.opening(), None),
            EventBody::Acted(acted) => (procedure.act_of(&acted.act), acted.given.reason.clone()),
            _ => continue,
        };
        let Some(act) = act else { continue };
        for sent in sent(event).iter().filter(|sent| held.contains(&sent.to)) {
            let notice = act
                .notices
                .iter()
                .find(|notice| notice.to == sent.to && notice.template == sent.template);
            let papers = notice.map_or(&[][..], |notice| &notice.papers[..]);
            told.push(ToldView {
                at: event.recorded_at.to_string(),
                template: sent.template.clone(),
                act: act.id.clone(),
                act_name: act.name.clone(),
                reason: reason
                    .clone()
                    .filter(|_| notice.is_some_and(|notice| notice.reason)),
                papers: papers
                    .iter()
                    .filter_map(|paper| serve(procedure, &stored.matter, paper))
                    .collect(),
            });
        }
    }
    told
}

/// A paper as it is on file now; one that nobody filed yet is not there.
fn serve(procedure: &Procedure, matter: &Matter, paper: &str) -> Option<ServedView> {
    let place = matter.papers.get(paper)?.place.clone()?;
    let defined = procedure.paper.iter().find(|one| one.id == paper)?;
    let file = place.strip_prefix("file:").map(str::to_owned);
    Some(ServedView {
        paper: paper.to_owned(),
        name: defined.name.clone(),
        place: file.is_none().then_some(place),
        file,
    })
}

async fn own_files(platform: &Platform, caller: &Caller, row: &MatterRow) -> Result<Vec<FileView>, Problem> {
    let own = files::name(caller);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = platform.store().files(row.id, after, MAX_PAGE_FILES).await?;
        after = page.last().map(|file| file.id);
        found.extend(page.iter().filter(|file| file.by == own).map(files::view));
        if page.len() < MAX_PAGE_FILES || found.len() >= MAX_FILES {
            found.truncate(MAX_FILES);
            return Ok(found);
        }
    }
}
