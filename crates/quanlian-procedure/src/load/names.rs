//! Names inside one file: each is unique, and each points at something that is there.
//!
//! In:  a parsed procedure.
//! Out: nothing, or the first fault with its place and a way out.
//!
//! Invariant: after this the engine may look anything up; what it does not find is a fault of an event, not of a file.

mod act;

use std::collections::BTreeSet;

use quanlian_law::Text;

use super::{LoadError, MAX_PARTS};
use crate::procedure::{ANY, ActKind, Clock, Length, Lights, Limit, OWN, Procedure, StageKind};

/// Longest limit or extension, in its unit.
const MAX_LENGTH: u32 = 3_660;

/// Where a fault is, and what to do.
struct Fault {
    place: String,
    problem: String,
    way_out: &'static str,
}

fn fault(place: impl Into<String>, problem: impl Into<String>, way_out: &'static str) -> Result<(), Fault> {
    Err(Fault {
        place: place.into(),
        problem: problem.into(),
        way_out,
    })
}

/// Everything that is asked of names.
pub(super) fn check(file: &str, procedure: &Procedure) -> Result<(), LoadError> {
    whole(procedure).map_err(|fault| LoadError::Invalid {
        file: file.to_owned(),
        place: fault.place,
        problem: fault.problem,
        way_out: fault.way_out,
    })
}

macro_rules! ids_of {
    ($procedure:ident: $($kind:ident)*) => {
        $(ids(stringify!($kind), $procedure.$kind.iter().map(|part| (part.id.as_str(), &part.name)))?;)*
    };
}

fn whole(procedure: &Procedure) -> Result<(), Fault> {
    if procedure.version == 0 {
        return fault("version", "versions count from 1", "write 1");
    }
    ids("id", [(procedure.id.as_str(), &procedure.name)])?;
    ids_of!(procedure: role counterpart fact paper chain clock stage act);
    if procedure.source.is_empty() {
        return fault(
            "source",
            "there is none",
            "say what it rests on, unverified if nobody read it",
        );
    }
    lights("lights", procedure.lights)?;
    known_roles(procedure, "suppliers", &procedure.suppliers)?;
    for role in &procedure.role {
        let place = format!("role `{}`", role.id);
        let side = role.agency.as_str();
        if side != OWN && side != ANY && procedure.counterpart_of(side).is_none() {
            let problem = format!("agency `{side}` is no counterpart");
            return fault(place, problem, "write own, any or a [[counterpart]]");
        }
        known_roles(procedure, &place, &role.apart_from)?;
    }
    for chain in &procedure.chain {
        let place = format!("chain `{}`", chain.id);
        if chain.steps.len() < 2 {
            return fault(
                place,
                "it has fewer than two steps",
                "give the act `roles` instead",
            );
        }
        known_roles(procedure, &place, &chain.steps)?;
    }
    procedure.clock.iter().try_for_each(clock)?;
    for stage in &procedure.stage {
        if (stage.kind == StageKind::Closed) != stage.outcome.is_some() {
            let place = format!("stage `{}`", stage.id);
            let problem = "closed stages have an outcome, and no others do";
            return fault(place, problem, "add or remove `outcome`");
        }
    }
    if procedure
        .act
        .iter()
        .filter(|act| act.kind == ActKind::Open)
        .count()
        != 1
    {
        let problem = "there is not exactly one act of kind `open`";
        return fault("act", problem, "one act makes the matter");
    }
    procedure
        .act
        .iter()
        .try_for_each(|act| act::check(procedure, act))
}

/// Ids are unique and short, names stand in both languages.
fn ids<'a>(kind: &str, parts: impl IntoIterator<Item = (&'a str, &'a Text)>) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for (id, name) in parts {
        let place = format!("{kind} `{}`", id.chars().take(80).collect::<String>());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if id.is_empty() || id.len() > 80 || !id.chars().all(fits) {
            return fault(place, "not an id", "write at most 80 of a–z, 0–9, _ and -");
        }
        if name.zh.trim().is_empty() || name.en.trim().is_empty() || name.zh.len().max(name.en.len()) > 300 {
            let problem = "a name is missing in one language, or very long";
            return fault(place, problem, "write `zh` and `en`");
        }
        if !seen.insert(id) {
            return fault(place, "it is there twice", "an id is unique among its kind");
        }
        if seen.len() > MAX_PARTS {
            return fault(kind, format!("more than {MAX_PARTS}"), "split the procedure");
        }
    }
    Ok(())
}

fn lights(place: &str, lights: Lights) -> Result<(), Fault> {
    if lights.red_days > lights.yellow_days {
        return fault(
            place,
            "red begins before yellow",
            "write red_days not above yellow_days",
        );
    }
    Ok(())
}

fn clock(clock: &Clock) -> Result<(), Fault> {
    let place = format!("clock `{}`", clock.id);
    clock.lights.map_or(Ok(()), |own| lights(&place, own))?;
    match (&clock.rule, &clock.limit) {
        (Some(_), None) => Ok(()),
        (None, Some(limit)) => limit_of(&place, limit),
        _ => {
            let problem = "it has both a rule and a limit, or neither";
            fault(
                place,
                problem,
                "give the rule of law/ when there is one, else a limit",
            )
        }
    }
}

fn limit_of(place: &str, limit: &Limit) -> Result<(), Fault> {
    let mut lengths = [Some(limit.length), limit.extension].into_iter().flatten();
    if lengths.any(|length| length.number() == 0 || length.number() > MAX_LENGTH) {
        let problem = format!("a length is 0 or above {MAX_LENGTH}");
        return fault(place, problem, "correct the number or the unit");
    }
    if limit
        .extension
        .is_some_and(|extension| !extension.same_unit(limit.length))
    {
        let problem = "the extension has another unit";
        return fault(place, problem, "write it in the unit of the length");
    }
    let wants_last_day = matches!(limit.length, Length::Days(_) | Length::Months(_));
    if wants_last_day != limit.last_day.is_some() {
        let problem = "`last_day` is for days and months, and always there";
        return fault(place, problem, "write moves or stays, or remove it");
    }
    Ok(())
}

fn known_roles<'a>(
    procedure: &Procedure,
    place: &str,
    roles: impl IntoIterator<Item = &'a String>,
) -> Result<(), Fault> {
    known(place, "role", roles, |id| procedure.role_of(id).is_some())
}

fn known<'a>(
    place: &str,
    kind: &str,
    ids: impl IntoIterator<Item = &'a String>,
    is: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    match ids.into_iter().find(|id| !is(id)) {
        Some(id) => {
            let id: String = id.chars().take(80).collect();
            let problem = format!("there is no {kind} `{id}`");
            fault(place, problem, "declare it or correct the name")
        }
        None => Ok(()),
    }
}
