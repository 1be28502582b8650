//! One step of a matter: from what is stored to what is to be stored.
//!
//! In:  the events of the store; the events that the engine decided; who is assigned.
//! Out: [`Stored`], the matter as it stands; a [`Change`] for the store, with the grants that the step brings.
//!
//! Events of three kinds stand in one stream: those of the engine; those of the platform (`{"platform": 1, …}`), which say what
//! the matter is called and who handles it; those of its ledger (`{"ledger": 1, …}`): parties, goods, tasks. All are under the same
//! version and the same chain of digests.
//!
//! Invariant: an event of no such kind is refused: a matter whose past is not understood is not shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::http::StatusCode;
use quanlian_ledger::Ledger;
use quanlian_procedure::duplicate::Named;
use quanlian_procedure::{ActKind, ClockState, Command, Event, Matter, Refusal, StageKind};
use quanlian_record::{
    id::{GrantId, MatterId},
    time::{Day, Timestamp},
};
use quanlian_store::{
    MatterStore as _,
    matters::{
        Actions, AgencyCode, Change, Code, Grant, GrantItem, Grantee, MAX_PAGE_EVENTS, MatterRow, Projection,
        Request, Scope, UnitCode, UserCode, Version,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{
    Problem,
    caller::{Caller, bits},
    places::coded,
};
use super::named;
use crate::{
    notices,
    permission::{Action, Decision, MatterFacts, Object, Question},
    platform::Platform,
    upkeep,
};

/// What a grant of somebody may allow. To follow is granted with the filing alone.
pub(super) const GRANTABLE: [Action; 5] = [
    Action::Clocks,
    Action::Read,
    Action::Write,
    Action::Export,
    Action::Share,
];

/// What the platform keeps of a matter beside the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    pub(super) handlers: BTreeSet<String>,
    /// What it names, to be found by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) named: Option<Named>,
}

/// An event of the platform.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEvent {
    platform: u32,
    at: Timestamp,
    by: String,
    kept: Kept,
}

const KEPT_VERSION: u32 = 1;
/// The field by which an event of the ledger is known.
const LEDGER: &str = "ledger";

/// The ledger after some steps, and the event that keeps them.
pub(super) struct Noted {
    pub(super) ledger: Ledger,
    pub(super) event: quanlian_ledger::Event,
}

/// A matter as its events make it.
pub(crate) struct Stored {
    pub(crate) matter: Matter,
    /// Those of the engine.
    pub(crate) events: Vec<Event>,
    pub(super) kept: Kept,
    /// Parties, goods and tasks.
    pub(crate) ledger: Ledger,
    /// Number, digest and content of each event.
    pub(super) raw: Vec<(u64, [u8; 32], Value)>,
}

impl Stored {
    /// The matter of this row, which the caller was found to reach. A version never changes, so one that was read lately is
    /// not read again.
    pub(crate) async fn load(
        platform: &Platform,
        scope: &Scope,
        row: &MatterRow,
    ) -> Result<Option<Arc<Self>>, Problem> {
        let id = row.id;
        if let Some(known) = platform.known_matter(id, row.version) {
            return Ok(Some(known));
        }
        let mut raw: Vec<(u64, [u8; 32], Value)> = Vec::new();
        loop {
            let after = raw.last().map_or(0, |event| event.0);
            let Some(page) = platform.store().events(scope, id, after, MAX_PAGE_EVENTS).await? else {
                return Ok(None);
            };
            let count = page.len();
            raw.extend(
                page.into_iter()
                    .map(|event| (event.number, event.digest, event.event)),
            );
            if count < MAX_PAGE_EVENTS {
                break;
            }
        }
        // Somebody may have written since the row was read.
        raw.retain(|event| event.0 <= row.version.number);
        let last = raw.last().map(|event| (event.0, event.1));
        if last != Some((row.version.number, row.version.head)) {
            return Err(Problem::internal(format!(
                "matter {id} has no events of its version {}",
                row.version
            )));
        }
        let stored = Arc::new(Self::replay(platform, raw)?);
        platform.know_matter(id, row.version, &stored);
        Ok(Some(stored))
    }

    /// As it stood at an earlier version; one that the matter never had is refused.
    pub(super) fn until(&self, platform: &Platform, version: Version) -> Result<Arc<Self>, Problem> {
        let is_one = self
            .raw
            .iter()
            .any(|event| event.0 == version.number && event.1 == version.head);
        if !is_one {
            return Err(Problem::bad(
                "if_match_invalid",
                "this matter never had that version",
            ));
        }
        let raw = self.raw.iter().take_while(|event| event.0 <= version.number);
        Self::replay(platform, raw.cloned().collect()).map(Arc::new)
    }

    /// Everybody who occurs in it: who acted, was present, handles it or has a task, and who is named in events of platform and ledger.
    pub(super) fn people(&self) -> BTreeSet<String> {
        let mut people = BTreeSet::new();
        for event in &self.events {
            let all = [&event.by].into_iter().chain(&event.with);
            people.extend(all.map(|person| format!("{}/{}", person.agency, person.user)));
        }
        let marks = self
            .raw
            .iter()
            .flat_map(|(_, _, event)| [&event["by"], &event["mark"]["by"]]);
        people.extend(marks.filter_map(Value::as_str).map(str::to_owned));
        let agency = &self.matter.agency;
        people.extend(self.kept.handlers.iter().map(|user| format!("{agency}/{user}")));
        for entry in self.ledger.tasks().values() {
            let of = entry.task.of_agency.as_ref().zip(entry.task.assignee.as_ref());
            people.extend(of.map(|(agency, user)| format!("{agency}/{user}")));
        }
        people
    }

    fn replay(platform: &Platform, raw: Vec<(u64, [u8; 32], Value)>) -> Result<Self, Problem> {
        let (mut events, mut kept, mut ledger) = (Vec::new(), None, Ledger::default());
        for (number, _, event) in &raw {
            if event.get("platform").is_some() {
                let read: KeptEvent = serde_json::from_value(event.clone())
                    .map_err(|error| Problem::internal(format!("event {number} of the platform: {error}")))?;
                if read.platform != KEPT_VERSION {
                    return Err(Problem::internal(format!("event {number} is of a newer version")));
                }
                kept = Some(read.kept);
            } else if event.get(LEDGER).is_some() {
                let unread = |error: &dyn std::fmt::Display| {
                    Problem::internal(format!("event {number} of the ledger: {error}"))
                };
                let read = serde_json::from_value(event.clone()).map_err(|error| unread(&error))?;
                ledger.apply(&read).map_err(|error| unread(&error))?;
            } else {
                let event = Event::from_json(event.to_string().as_bytes());
                events.push(event.map_err(|error| Problem::internal(format!("event {number}: {error}")))?);
            }
        }
        let matter = platform
            .engine()
            .replay(&events)
            .map_err(|error| Problem::internal(format!("{error:?}")))?;
        let kept = kept.ok_or_else(|| Problem::internal("a matter without a title"))?;
        Ok(Self {
            matter,
            events,
            kept,
            ledger,
            raw,
        })
    }
}

/// The row of a matter that the caller reaches with this action, what the policies were asked of it, and what they said.
pub(super) async fn find(
    platform: &Platform,
    caller: &Caller,
    action: Action,
    id: MatterId,
) -> Result<(Option<(MatterRow, MatterFacts)>, Decision), Problem> {
    let scope = caller.scope(platform, action)?;
    let Some(row) = platform.store().matter_row(&scope, id).await? else {
        return Ok((None, Decision::Denied { by: [].into() }));
    };
    let projection = &row.projection;
    let mut facts = MatterFacts {
        id: id.to_string(),
        procedure: projection.procedure.to_string(),
        owner: projection.owner_agency.to_string(),
        unit: projection.owner_unit.as_ref().map(ToString::to_string),
        handlers: projection.handlers.iter().map(ToString::to_string).collect(),
        granted: BTreeSet::new(),
    };
    let own = decide(platform, caller, action, &facts)?;
    if own.is_allowed() {
        return Ok((Some((row, facts)), own));
    }
    // Not as one's own; so it may be by a grant.
    let access = platform.store().access(&scope, id).await?;
    let granted = access.map_or(Actions::NONE, |access| access.granted);
    facts.granted = GRANTABLE
        .into_iter()
        .chain([Action::Follow])
        .filter(|&action| granted.contains(bits(action)))
        .collect();
    let decision = decide(platform, caller, action, &facts)?;
    Ok((Some((row, facts)), decision))
}

/// Asks the policies about a matter.
pub(super) fn decide(
    platform: &Platform,
    caller: &Caller,
    action: Action,
    facts: &MatterFacts,
) -> Result<Decision, Problem> {
    caller.may(platform, action, &Object::Matter(facts.clone()))
}

/// Whether a command gives the matter to another agency, or is a step towards that.
pub(super) fn hands_over(platform: &Platform, matter: &Matter, command: &Command) -> bool {
    let act = match command {
        Command::Act { act, .. } => act,
        Command::Endorse { proposal } => match matter.proposals.get(proposal) {
            Some(proposal) => &proposal.act,
            None => return false,
        },
        Command::Reject { .. } | Command::Supply(_) => return false,
    };
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    let act = procedure.and_then(|procedure| procedure.act_of(act));
    act.is_some_and(|act| act.kind == ActKind::Transfer)
}

/// Whether any of the caller's roles may do this with matters at all; which ones, the scope says.
pub(in crate::api) fn at_large(
    platform: &Platform,
    caller: &Caller,
    action: Action,
) -> Result<Decision, Problem> {
    let any = MatterFacts {
        id: "any".to_owned(),
        granted: [action].into(),
        ..MatterFacts::default()
    };
    let question = Question {
        principal: &caller.principal,
        action,
        object: &Object::Matter(any),
        needs_purpose: false,
        has_purpose: caller.purpose.is_some(),
    };
    Ok(platform.permissions().decide(&question)?)
}

/// The events, the row after them and the grants that they bring.
pub(super) fn change(
    platform: &Platform,
    caller: &Caller,
    request: Request,
    before: Option<&Stored>,
    events: &[Event],
    kept: &Kept,
    noted: Option<&Noted>,
) -> Result<Change, Problem> {
    let engine = platform.engine();
    let mut matter = before.map(|stored| stored.matter.clone());
    for event in events {
        let next = match &matter {
            None => engine.replay(std::slice::from_ref(event)),
            Some(matter) => engine.apply(matter, event),
        };
        matter = Some(next.map_err(|error| Problem::internal(format!("{error:?}")))?);
    }
    let matter = matter.ok_or_else(|| Problem::internal("a change of nothing"))?;
    let mut kept = kept.clone();
    let owner_before = before.map(|stored| stored.matter.agency.as_str());
    let is_handed_over = owner_before.is_some_and(|owner| owner != matter.agency);
    if is_handed_over {
        // The agency that has it now says itself who handles it.
        kept.unit = None;
        kept.handlers.clear();
    }
    let mut values: Vec<Value> = events.iter().map(|event| json!(event)).collect();
    if before.is_none_or(|stored| stored.kept != kept) {
        values.push(json!(KeptEvent {
            platform: KEPT_VERSION,
            at: caller.now,
            by: caller.name(),
            kept: kept.clone(),
        }));
    }
    values.extend(noted.map(|noted| json!(noted.event)));
    if values.is_empty() {
        let detail = "this changes nothing";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "nothing_changed",
            detail,
        ));
    }
    let id = matter
        .id
        .parse()
        .map_err(|_| Problem::internal("the id of a matter is none"))?;
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    Ok(Change {
        request,
        at: caller.now,
        events: values,
        projection: projection(platform, &matter, &kept, caller.now)?,
        state: json!({"matter": matter, "kept": kept}),
        drawn: Some(upkeep::drawn(
            platform,
            &matter,
            before.iter().flat_map(|stored| &stored.events).chain(events),
            noted
                .map(|noted| &noted.ledger)
                .or(before.map(|stored| &stored.ledger)),
            caller.now,
        )?),
        notices: notices::of_events(procedure, &matter, id, events, caller.now)?,
        grants: grants(platform, caller, before, &matter)?,
        revoked: Vec::new(),
        outbox: Vec::new(),
    })
}

fn projection(
    platform: &Platform,
    matter: &Matter,
    kept: &Kept,
    now: Timestamp,
) -> Result<Projection, Problem> {
    let code = |text: &str| coded(Code::parse, text);
    let handlers = kept
        .handlers
        .iter()
        .map(|user| coded(UserCode::parse, user))
        .collect::<Result<_, _>>()?;
    Ok(Projection {
        procedure: code(&matter.procedure)?,
        procedure_version: matter.version,
        stage: code(&matter.stage)?,
        status: code(status(platform, matter))?,
        owner_agency: coded(AgencyCode::parse, &matter.agency)?,
        owner_unit: kept
            .unit
            .as_deref()
            .map(|unit| coded(UnitCode::parse, unit))
            .transpose()?,
        handlers,
        title: kept.title.clone(),
        due_on: due_on(platform, matter, now)?,
        amount_fen: None,
        keys: named::blind_keys(platform, kept),
    })
}

pub(super) fn status(platform: &Platform, matter: &Matter) -> &'static str {
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    let stage = procedure.and_then(|procedure| procedure.stage_of(&matter.stage));
    match stage.map(|stage| stage.kind) {
        _ if matter.suspended.is_some() => "suspended",
        Some(StageKind::Closed) => "closed",
        Some(StageKind::Waiting) => "waiting",
        _ => "working",
    }
}

/// The next day on which something is due.
fn due_on(platform: &Platform, matter: &Matter, now: Timestamp) -> Result<Option<Day>, Problem> {
    let clocks = platform
        .engine()
        .clocks(matter, now)
        .map_err(|error| Problem::internal(format!("{error:?}")))?;
    let running = clocks
        .iter()
        .filter(|clock| matches!(clock.state, ClockState::Running | ClockState::Overdue));
    Ok(running.filter_map(|clock| clock.due_on).min())
}

/// Grants for agencies that take part from now on, and for the one that has handed the matter over.
fn grants(
    platform: &Platform,
    caller: &Caller,
    before: Option<&Stored>,
    matter: &Matter,
) -> Result<Vec<Grant>, Problem> {
    let takes_part = |matter: &Matter| -> BTreeSet<String> {
        matter
            .counterparts
            .values()
            .chain(&matter.joint)
            .filter(|agency| **agency != matter.agency)
            .cloned()
            .collect()
    };
    let earlier = before
        .map(|stored| takes_part(&stored.matter))
        .unwrap_or_default();
    let mut to: BTreeMap<String, Actions> = BTreeMap::new();
    for agency in takes_part(matter).difference(&earlier) {
        to.insert(agency.clone(), closed(Actions::WRITE));
    }
    if let Some(owner) = before
        .map(|stored| &stored.matter.agency)
        .filter(|owner| **owner != matter.agency)
    {
        to.entry(owner.clone()).or_insert(Actions::CLOCKS);
    }
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    let name = procedure.map_or_else(|| matter.procedure.clone(), |procedure| procedure.name.zh.clone());
    let cited = procedure
        .and_then(|procedure| procedure.source.first())
        .map(|source| source.cite.zh.clone());
    let basis = cited.unwrap_or_else(|| format!("{}@{}", matter.procedure, matter.version));
    let id = matter
        .id
        .parse()
        .map_err(|_| Problem::internal("the id of a matter is none"))?;
    to.into_iter()
        .map(|(agency, actions)| {
            Ok(Grant {
                id: GrantId::fresh(caller.now),
                item: GrantItem::Matter(id),
                of_agency: coded(AgencyCode::parse, &matter.agency)?,
                to: Grantee {
                    agency: coded(AgencyCode::parse, &agency)?,
                    unit: None,
                    user: None,
                },
                actions,
                purpose: name.clone(),
                legal_basis: basis.clone(),
                handling_code: coded(Code::parse, "procedure")?,
                granted_by: caller.code(),
                granted_at: caller.now,
                until: None,
                revoked_at: None,
            })
        })
        .collect()
}

/// With what it takes: who reads sees clocks, and who writes, takes out or shares reads.
pub(super) fn closed(actions: Actions) -> Actions {
    let needs_reading = [Actions::WRITE, Actions::EXPORT, Actions::SHARE];
    let mut closed = actions;
    if needs_reading.into_iter().any(|one| actions.contains(one)) {
        closed = closed | Actions::READ;
    }
    if closed.contains(Actions::READ) {
        closed = closed | Actions::CLOCKS;
    }
    closed
}

/// Something that is missing, with words in both languages.
pub(super) fn lack(platform: &Platform, lack: &quanlian_procedure::Lack) -> Value {
    let message = platform.procedures().message(lack);
    json!({
        "code": lack.code,
        "subject": lack.subject,
        "name": lack.name,
        "wanted": lack.wanted,
        "message": {"zh": message.zh, "en": message.en},
    })
}

/// A refusal of the engine: everything that is missing.
pub(super) fn refused(platform: &Platform, refusal: &Refusal) -> Problem {
    let lacks: Vec<Value> = refusal.lacks.iter().map(|one| lack(platform, one)).collect();
    let detail = "something is missing; `lacks` says all of it";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "act_refused", detail).with("lacks", lacks)
}
