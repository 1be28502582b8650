//! Approval: the steps of a chain after the first (审核, 审批).
//!
//! In:  a proposal, and a person who agrees or refuses.
//! Out: events; the last step adds the act itself, whose guards are asked once more at that moment.
//!
//! Invariant: each step is taken by another person. What was true when it was proposed may not be any more: an act
//! whose guards fail at its last step is refused, and the proposal stays.

use super::{Engine, event, guard::Guard};
use crate::{
    decide::Context,
    event::{Event, EventBody, ProposalStep, Rejected, limits},
    matter::{Matter, Proposal},
    procedure::{Act, Procedure},
    refusal::{Lack, LackCode, Refusal},
};

/// An open proposal with its act and the role of the next step.
struct Open<'a> {
    proposal: &'a Proposal,
    act: &'a Act,
    role: &'a String,
    last: bool,
}

fn open<'a>(procedure: &'a Procedure, matter: &'a Matter, number: u32) -> Option<Open<'a>> {
    let proposal = matter.proposals.get(&number)?;
    let act = procedure.act_of(&proposal.act)?;
    let chain = procedure.chain_of(act.chain.as_deref()?)?;
    let at = proposal.endorsed.len() + 1;
    Some(Open {
        proposal,
        act,
        role: chain.steps.get(at)?,
        last: at + 1 == chain.steps.len(),
    })
}

impl Engine<'_> {
    pub(super) fn endorse(
        &self,
        procedure: &Procedure,
        matter: &Matter,
        number: u32,
        context: &Context,
    ) -> Result<Vec<Event>, Refusal> {
        let Some(open) = open(procedure, matter, number) else {
            return Err(unknown("endorse", number));
        };
        let Open {
            proposal,
            act,
            role,
            last,
        } = open;
        let mut guard = Guard::step(self, procedure, matter, context, "endorse", role);
        same_person(&mut guard, proposal, context);
        let held = guard.verdict(&[], None);
        let step = EventBody::Endorsed(ProposalStep { proposal: number });
        let seq = matter.seq.saturating_add(1);
        if !last {
            return Ok(vec![event(&matter.id, seq, context, held?, Vec::new(), step)]);
        }
        let guard = Guard::approved(self, procedure, matter, act, context, &proposal.given);
        let mut lacks = guard.lacks;
        let held = match held {
            Ok(role) if lacks.is_empty() => role,
            Ok(_) => return Err(Refusal::new(&act.id, lacks.into_iter().collect())),
            Err(refusal) => {
                lacks.extend(refusal.lacks);
                return Err(Refusal::new(&act.id, lacks.into_iter().collect()));
            }
        };
        let acted = EventBody::Acted(self.acted(procedure, matter, act, &proposal.given, Some(number)));
        Ok(vec![
            event(&matter.id, seq, context, held.clone(), Vec::new(), step),
            event(
                &matter.id,
                seq.saturating_add(1),
                context,
                held,
                Vec::new(),
                acted,
            ),
        ])
    }

    pub(super) fn reject(
        &self,
        procedure: &Procedure,
        matter: &Matter,
        number: u32,
        reason: &str,
        context: &Context,
    ) -> Result<Vec<Event>, Refusal> {
        let Some(open) = open(procedure, matter, number) else {
            return Err(unknown("reject", number));
        };
        // The proposer takes back in the role in which they proposed.
        let own = open.proposal.by.user == context.actor.person.user;
        let first = procedure.beginners(open.act).first().filter(|_| own);
        let mut guard = Guard::step(
            self,
            procedure,
            matter,
            context,
            "reject",
            first.unwrap_or(open.role),
        );
        if reason.trim().is_empty() {
            guard.add(Lack::new(LackCode::ReasonMissing));
        }
        guard.limit(&limits::text("reason", reason));
        let role = guard.verdict(&[], None)?;
        let body = EventBody::Rejected(Rejected {
            proposal: number,
            reason: reason.to_owned(),
        });
        Ok(vec![event(
            &matter.id,
            matter.seq.saturating_add(1),
            context,
            role,
            Vec::new(),
            body,
        )])
    }

    /// Whether this person could take the next step of a proposal.
    pub(super) fn may_endorse(
        &self,
        procedure: &Procedure,
        matter: &Matter,
        number: u32,
        context: &Context,
    ) -> bool {
        open(procedure, matter, number).is_some_and(|open| {
            let mut guard = Guard::step(self, procedure, matter, context, "endorse", open.role);
            same_person(&mut guard, open.proposal, context);
            guard.verdict(&[], None).is_ok()
        })
    }
}

fn same_person(guard: &mut Guard<'_>, proposal: &Proposal, context: &Context) {
    let user = &context.actor.person.user;
    if proposal.by.user == *user || proposal.endorsed.contains(user) {
        guard.add(Lack::of(LackCode::SamePerson, user));
    }
}

fn unknown(name: &str, number: u32) -> Refusal {
    Refusal::one(name, Lack::of(LackCode::ProposalUnknown, &number.to_string()))
}
