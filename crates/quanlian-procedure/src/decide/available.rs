//! What somebody can do now, and why not the rest.
//!
//! In:  a matter and a context, before any form is filled in.
//! Out: one [`Available`] for each act of the procedure: what it asks for, what stands in its way.
//!
//! Invariant: an act that is called possible is not refused for anything but what its form asks for ([`Ask`]).

use quanlian_law::Text;
use serde::Serialize;

use super::{Context, Engine, guard::Guard};
use crate::{
    matter::Matter,
    procedure::{Act, ActKind, Procedure},
    refusal::{Lack, LackCode, Refusal},
};

/// One act, as a person may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Available {
    /// Its id.
    pub act: String,
    /// Its name.
    pub name: Text,
    /// What it does.
    pub kind: ActKind,
    /// Whether nothing stands in its way but what its form asks for.
    pub possible: bool,
    /// What stands in its way: everything, at once.
    pub lacks: Vec<Lack>,
    /// What its form asks for.
    pub asks: Vec<Ask>,
    /// The proposal of it that waits, and whether this person could take the next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<(u32, bool)>,
}

/// What the form of an act asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "ask", content = "of", rename_all = "snake_case")]
pub enum Ask {
    /// A fact that is not on file: its id.
    Fact(String),
    /// A paper that is not on file: its id.
    Paper(String),
    /// Which agency a counterpart is: its id.
    Counterpart(String),
    /// A reason.
    Reason,
    /// Other persons present: the role.
    Persons(String),
    /// A stage to return to: those that are possible.
    Stage(Vec<String>),
    /// An agency.
    Agency,
    /// A member matter.
    Member,
    /// A running clock and a length: the clocks.
    Extension(Vec<String>),
    /// The number of the event to supersede.
    Superseded,
    /// A version of the procedure: those that are loaded.
    Version(Vec<u32>),
}

/// The earlier open stages that an act may return to.
pub(super) fn stages_to_return_to<'a>(procedure: &Procedure, matter: &'a Matter, act: &Act) -> Vec<&'a str> {
    let stages = matter.visited.iter().map(String::as_str);
    stages
        .filter(|stage| matter.may_return_to(procedure, act, stage))
        .collect()
}

impl Engine<'_> {
    /// Every act of the matter's procedure but its opening: possible or why not.
    pub fn available(&self, matter: &Matter, context: &Context) -> Result<Vec<Available>, Refusal> {
        let procedure = self.procedure_of(matter)?;
        let acts = procedure.act.iter().filter(|act| act.kind != ActKind::Open);
        Ok(acts
            .map(|act| self.one(procedure, matter, act, context))
            .collect())
    }

    fn one(&self, procedure: &Procedure, matter: &Matter, act: &Act, context: &Context) -> Available {
        let guard = Guard::act(self, procedure, matter, act, context, None);
        // A fact or paper that is not there yet can be given with the act, so the form asks for it.
        let (asked, mut lacks): (Vec<Lack>, Vec<Lack>) = guard.lacks.into_iter().partition(|lack| {
            matches!(
                lack.code,
                LackCode::FactMissing
                    | LackCode::PaperMissing
                    | LackCode::PaperNotFiled
                    | LackCode::NoneOfFacts
            )
        });
        let mut asks: Vec<Ask> = Vec::new();
        for lack in asked {
            match (lack.code, lack.subject) {
                (LackCode::PaperMissing | LackCode::PaperNotFiled, Some(paper)) => {
                    asks.push(Ask::Paper(paper));
                }
                (LackCode::NoneOfFacts, _) => asks.extend(lack.wanted.into_iter().map(Ask::Fact)),
                (_, Some(fact)) => asks.push(Ask::Fact(fact)),
                _ => {}
            }
        }
        asks.extend(asks_of_form(act, matter));
        match act.kind {
            ActKind::Return => {
                let stages = stages_to_return_to(procedure, matter, act);
                if stages.is_empty() {
                    lacks.push(Lack::new(LackCode::ToStageMissing));
                }
                asks.push(Ask::Stage(stages.into_iter().map(str::to_owned).collect()));
            }
            ActKind::Extend => {
                let mut clocks: Vec<String> = matter
                    .clocks
                    .iter()
                    .filter(|run| run.runs())
                    .map(|run| run.clock.clone())
                    .collect();
                clocks.dedup();
                if clocks.is_empty() {
                    lacks.push(Lack::new(LackCode::ClockMissing));
                }
                asks.push(Ask::Extension(clocks));
            }
            ActKind::Upgrade => {
                let same = self.procedures.iter().filter(|other| other.id == procedure.id);
                let others = same
                    .map(|other| other.version)
                    .filter(|version| *version != matter.version);
                let others: Vec<u32> = others.collect();
                if others.is_empty() {
                    lacks.push(Lack::new(LackCode::VersionMissing));
                }
                asks.push(Ask::Version(others));
            }
            _ => {}
        }
        let waiting = matter
            .proposals
            .iter()
            .find(|(_, proposal)| proposal.act == act.id);
        let proposal =
            waiting.map(|(number, _)| (*number, self.may_endorse(procedure, matter, *number, context)));
        Available {
            act: act.id.clone(),
            name: act.name.clone(),
            kind: act.kind,
            possible: lacks.is_empty(),
            lacks,
            asks,
            proposal,
        }
    }
}

fn asks_of_form(act: &Act, matter: &Matter) -> Vec<Ask> {
    let mut asks = Vec::new();
    let unknown = act
        .counterparts
        .iter()
        .filter(|id| !matter.counterparts.contains_key(*id));
    asks.extend(unknown.cloned().map(Ask::Counterpart));
    if act.reason || act.kind.needs_reason() {
        asks.push(Ask::Reason);
    }
    asks.extend(
        act.together
            .as_ref()
            .map(|together| Ask::Persons(together.role.clone())),
    );
    match act.kind {
        ActKind::Transfer | ActKind::Join | ActKind::Leave => asks.push(Ask::Agency),
        ActKind::AddMember | ActKind::RemoveMember => asks.push(Ask::Member),
        ActKind::Correct => asks.push(Ask::Superseded),
        _ => {}
    }
    asks
}
