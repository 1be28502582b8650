//! Names and shape of one act.
//!
//! In:  a procedure and one of its acts.
//! Out: nothing, or the first fault.

use super::{Fault, fault, known, known_roles};
use crate::procedure::{Act, ActKind, EVERY_OPEN, FactKind, Procedure};

/// Most other persons that an act can ask for.
const MAX_TOGETHER: u32 = 20;

pub(super) fn check(procedure: &Procedure, act: &Act) -> Result<(), Fault> {
    let place = format!("act `{}`", act.id);
    names(procedure, act, &place)?;
    for need in &act.needs {
        let kind = procedure.fact_of(&need.fact).map(|fact| fact.kind);
        let number = matches!(kind, Some(FactKind::Count | FactKind::Fen));
        if (need.is.is_some() && kind != Some(FactKind::Flag)) || (need.at_least.is_some() && !number) {
            let problem = format!(
                "`is` is for flags, `at_least` for numbers; `{}` is something else",
                need.fact
            );
            return fault(place, problem, "correct the fact or the condition");
        }
    }
    if act
        .together
        .as_ref()
        .is_some_and(|part| part.others == 0 || part.others > MAX_TOGETHER)
    {
        let problem = format!("`others` is 0 or above {MAX_TOGETHER}");
        return fault(place, problem, "say how many beside the one who acts");
    }
    if act.roles.is_empty() == act.chain.is_none() {
        return fault(
            place,
            "it has both roles and a chain, or neither",
            "give one of them",
        );
    }
    shape(procedure, act, &place)
}

fn names(procedure: &Procedure, act: &Act, place: &str) -> Result<(), Fault> {
    let is_stage = |id: &str| procedure.stage_of(id).is_some();
    let is_fact = |id: &str| procedure.fact_of(id).is_some();
    let is_paper = |id: &str| procedure.paper_of(id).is_some();
    let is_clock = |id: &str| procedure.clock_of(id).is_some();
    let is_counterpart = |id: &str| procedure.counterpart_of(id).is_some();
    let is_day = |id: &str| {
        procedure
            .fact_of(id)
            .is_some_and(|fact| fact.kind == FactKind::Day)
    };
    let is_told = |id: &str| procedure.role_of(id).is_some() || is_counterpart(id);
    let from = act.from.iter().filter(|from| *from != EVERY_OPEN);
    let ticks = || act.starts.iter().chain(&act.stops);
    known(place, "stage", from.chain(&act.to).chain(&act.to_any), is_stage)?;
    known_roles(
        procedure,
        place,
        act.roles
            .iter()
            .chain(act.together.as_ref().map(|part| &part.role)),
    )?;
    known(place, "chain", &act.chain, |id| procedure.chain_of(id).is_some())?;
    known(
        place,
        "fact",
        act.needs.iter().map(|need| &need.fact).chain(&act.one_of),
        is_fact,
    )?;
    let served = act.notices.iter().flat_map(|notice| &notice.papers);
    let papers = act.papers.iter().chain(&act.makes).chain(served);
    known(place, "paper", papers, is_paper)?;
    known(
        place,
        "counterpart",
        act.counterparts.iter().chain(&act.of),
        is_counterpart,
    )?;
    known(
        place,
        "clock",
        ticks()
            .map(|tick| &tick.clock)
            .chain(&act.suspends)
            .chain(&act.after)
            .chain(&act.drops),
        is_clock,
    )?;
    known(
        place,
        "fact of kind `day`",
        ticks().filter_map(|tick| tick.on.as_ref()),
        is_day,
    )?;
    known(
        place,
        "role or counterpart",
        act.notices.iter().map(|notice| &notice.to),
        is_told,
    )
}

/// What the kind of an act asks for.
fn shape(procedure: &Procedure, act: &Act, place: &str) -> Result<(), Fault> {
    let closed = |stage: &String| procedure.is_closed(stage);
    if act.kind == ActKind::Open {
        if !act.from.is_empty() || act.to.as_ref().is_none_or(closed) || act.chain.is_some() {
            let problem = "an opening has no `from`, no chain, and leads to an open stage";
            return fault(place, problem, "correct it");
        }
        return Ok(());
    }
    if act.from.is_empty() {
        return fault(
            place,
            "it starts from no stage",
            "name stages, or \"*\" for every open one",
        );
    }
    if act.from.iter().any(|from| from != EVERY_OPEN && closed(from)) && !act.kind.in_closed() {
        return fault(
            place,
            "it starts from a closed stage",
            "only reopen and correct do",
        );
    }
    let to_closed = act.to.as_ref().map(closed);
    let fits = match act.kind {
        ActKind::Open | ActKind::Step => true,
        ActKind::Withdraw => to_closed == Some(true),
        ActKind::Reopen => {
            to_closed == Some(false) && act.from.iter().all(|from| from != EVERY_OPEN && closed(from))
        }
        ActKind::Transfer => to_closed != Some(true),
        _ => act.to.is_none(),
    };
    if !fits {
        return fault(
            place,
            "its `to` does not fit its kind",
            "see the table of kinds in docs/PROCEDURES.md",
        );
    }
    if act.of.is_some() && act.kind != ActKind::Transfer {
        return fault(place, "`of` is for transfers", "remove it");
    }
    if !act.to_any.is_empty() && act.kind != ActKind::Return {
        return fault(place, "`to_any` is for returns", "remove it");
    }
    if !act.suspends.is_empty() && act.kind != ActKind::Suspend {
        return fault(place, "`suspends` is for suspensions", "remove it");
    }
    Ok(())
}
