//! Applying one event: what it changes, and whether it can have happened at all.
//!
//! In:  a matter, the procedures, the next event.
//! Out: the changed matter, or the reason why the event is impossible.
//!
//! Invariant: after an error the matter is half-applied and must be thrown away; [`crate::Engine`] does so.

use std::collections::BTreeMap;

use super::{MAX_EVENTS, MAX_MEMBERS, Matter, OnFile, Past, Proposal, ReplayError, Stated};
use crate::{
    event::{Acted, EVENT_VERSION, Event, EventBody, EventError, FactValue, Given, Opened, Sent},
    load::Procedures,
    procedure::{Act, ActKind, Procedure},
};

impl Matter {
    /// The matter that an opening makes.
    pub(crate) fn from_opening(procedures: &Procedures, event: &Event) -> Result<Self, ReplayError> {
        let EventBody::Opened(opened) = &event.body else {
            return Err(ReplayError::NoOpening);
        };
        well_formed(event)?;
        if event.seq != 1 {
            return Err(ReplayError::Order {
                expected: 1,
                found: event.seq,
            });
        }
        let procedure = version(procedures, &opened.procedure, opened.version, event.seq)?;
        let act = procedure
            .opening()
            .ok_or_else(|| impossible(event, "the procedure has no opening"))?;
        check_opening(procedure, act, event, opened)?;
        let mut matter = Self {
            id: event.matter.clone(),
            procedure: opened.procedure.clone(),
            version: opened.version,
            digest: opened.digest.clone(),
            parent: opened.parent.clone(),
            agency: opened.agency.clone(),
            counterparts: BTreeMap::new(),
            joint: std::collections::BTreeSet::new(),
            members: std::collections::BTreeSet::new(),
            stage: opened.to.clone(),
            visited: vec![opened.to.clone()],
            suspended: None,
            facts: BTreeMap::new(),
            papers: BTreeMap::new(),
            clocks: Vec::new(),
            proposals: BTreeMap::new(),
            acted: BTreeMap::new(),
            opened: event.happened,
            recorded_at: event.recorded_at,
            seq: 1,
            history: Vec::new(),
        };
        matter.file(event.seq, &opened.given.facts, &opened.given.papers);
        matter.make(event.seq, &opened.made);
        matter.counterparts.extend(opened.given.counterparts.clone());
        matter.tick(act, event);
        matter.remember(event, "opened", Some(act));
        Ok(matter)
    }

    /// Goes on by one event.
    pub(crate) fn advance(&mut self, procedures: &Procedures, event: &Event) -> Result<(), ReplayError> {
        well_formed(event)?;
        let expected = self.seq.saturating_add(1);
        if event.matter != self.id {
            return Err(ReplayError::OtherMatter { seq: event.seq });
        }
        if event.seq != expected {
            return Err(ReplayError::Order {
                expected,
                found: event.seq,
            });
        }
        if event.seq as usize > MAX_EVENTS {
            return Err(ReplayError::TooMany { limit: MAX_EVENTS });
        }
        if event.recorded_at < self.recorded_at {
            return Err(ReplayError::TimeWentBack { seq: event.seq });
        }
        let procedure = version(procedures, &self.procedure, self.version, event.seq)?;
        known_roles(procedure, event)?;
        self.seq = event.seq;
        self.recorded_at = event.recorded_at;
        match &event.body {
            EventBody::Opened(_) => return Err(impossible(event, "the matter is open already")),
            EventBody::Supplied(supplied) => {
                if !procedure.suppliers.contains(&event.role) || procedure.is_closed(&self.stage) {
                    return Err(impossible(event, "nobody in this role supplies anything here"));
                }
                known_parts(procedure, event, &supplied.facts, &supplied.papers)?;
                self.file(event.seq, &supplied.facts, &supplied.papers);
                self.remember(event, "supplied", None);
            }
            EventBody::Proposed(proposed) => {
                let act = known_act(procedure, event, &proposed.act)?;
                if act.chain.is_none() || !procedure.beginners(act).contains(&event.role) {
                    return Err(impossible(event, "nobody in this role proposes this act"));
                }
                known_given(procedure, event, &proposed.given)?;
                self.proposals.insert(
                    event.seq,
                    Proposal {
                        act: act.id.clone(),
                        given: proposed.given.clone(),
                        by: event.by.clone(),
                        endorsed: Vec::new(),
                    },
                );
                self.remember(event, "proposed", Some(act));
            }
            EventBody::Endorsed(step) => self.endorse(procedure, event, step.proposal)?,
            EventBody::Rejected(rejected) => {
                let gone = self.proposals.remove(&rejected.proposal);
                let gone = gone.ok_or_else(|| impossible(event, "there is no such proposal"))?;
                let act = procedure.act_of(&gone.act);
                let chain = act.and_then(|act| procedure.chain_of(act.chain.as_deref()?));
                if !chain.is_some_and(|chain| chain.steps.contains(&event.role)) {
                    return Err(impossible(event, "nobody in this role refuses this act"));
                }
                self.remember(event, "rejected", act);
            }
            EventBody::Acted(acted) => self.act(procedures, procedure, event, acted)?,
        }
        Ok(())
    }

    fn endorse(&mut self, procedure: &Procedure, event: &Event, proposal: u32) -> Result<(), ReplayError> {
        let no_step = || impossible(event, "the chain has no such step");
        let found = self.proposals.get_mut(&proposal);
        let found = found.ok_or_else(|| impossible(event, "there is no such proposal"))?;
        let act = known_act(procedure, event, &found.act)?;
        let chain = act.chain.as_deref().and_then(|chain| procedure.chain_of(chain));
        let step = chain.and_then(|chain| chain.steps.get(found.endorsed.len() + 1));
        if *step.ok_or_else(no_step)? != event.role {
            return Err(no_step());
        }
        let user = &event.by.user;
        if found.by.user == *user || found.endorsed.contains(user) {
            return Err(impossible(event, "one person took two steps of a chain"));
        }
        found.endorsed.push(user.clone());
        self.remember(event, "endorsed", Some(act));
        Ok(())
    }

    fn act(
        &mut self,
        procedures: &Procedures,
        procedure: &Procedure,
        event: &Event,
        acted: &Acted,
    ) -> Result<(), ReplayError> {
        let act = known_act(procedure, event, &acted.act)?;
        self.check_act(procedure, act, event, acted)?;
        if acted.to != self.stage {
            // What was proposed in another stage was proposed about another state of things.
            self.proposals.clear();
        }
        if let Some(proposal) = acted.proposal {
            self.proposals.remove(&proposal);
        }
        let given = &acted.given;
        if act.kind != ActKind::Correct {
            self.file(event.seq, &given.facts, &given.papers);
        }
        self.make(event.seq, &acted.made);
        for (counterpart, agency) in &given.counterparts {
            self.counterparts
                .entry(counterpart.clone())
                .or_insert_with(|| agency.clone());
        }
        self.enter(procedure, &acted.to);
        self.drop_clocks(act, event.happened);
        self.tick(act, event);
        self.special(procedures, act, event, acted)?;
        if procedure.is_closed(&self.stage) {
            self.lapse(event.happened);
            self.suspended = None;
        }
        self.remember(event, "acted", Some(act));
        Ok(())
    }

    /// What the kind of an act does beside moving the matter.
    fn special(
        &mut self,
        procedures: &Procedures,
        act: &Act,
        event: &Event,
        acted: &Acted,
    ) -> Result<(), ReplayError> {
        let given = &acted.given;
        let lacks = |what: &str| impossible(event, what);
        let agency = || given.agency.clone().ok_or_else(|| lacks("no agency is named"));
        let member = || given.member.clone().ok_or_else(|| lacks("no member is named"));
        match act.kind {
            ActKind::Open | ActKind::Step | ActKind::Return | ActKind::Withdraw | ActKind::Reopen => {}
            ActKind::Suspend => self.suspend(act, event, given.reason.as_deref().unwrap_or_default()),
            ActKind::Resume => self.resume(event),
            ActKind::Transfer => {
                let agency = agency()?;
                if let Some(counterpart) = &act.of {
                    self.counterparts.insert(counterpart.clone(), agency);
                } else {
                    // What officers of the old agency proposed is no business of the new one.
                    self.proposals.clear();
                    self.agency = agency;
                }
            }
            ActKind::Join => drop(self.joint.insert(agency()?)),
            ActKind::Leave => drop(self.joint.remove(&agency()?)),
            ActKind::AddMember => drop(self.members.insert(member()?)),
            ActKind::RemoveMember => drop(self.members.remove(&member()?)),
            ActKind::Correct => self.correct(event, given)?,
            ActKind::Extend => self.extend(event, given)?,
            ActKind::Upgrade => {
                let wanted = given.version.ok_or_else(|| lacks("no version is named"))?;
                let to = version(procedures, &self.procedure, wanted, event.seq)?;
                if to.is_closed(&self.stage)
                    || !self.clocks.iter().all(|run| to.clock_of(&run.clock).is_some())
                {
                    return Err(lacks("the version has no such open stage or clock"));
                }
                self.proposals.clear();
                self.version = to.version;
                self.digest = acted.digest.clone().ok_or_else(|| lacks("no digest is given"))?;
            }
        }
        if self.members.len() > MAX_MEMBERS || self.joint.len() > MAX_MEMBERS {
            return Err(lacks("more members than a joint operation can have"));
        }
        Ok(())
    }

    /// Whether an act can have happened here.
    fn check_act(
        &self,
        procedure: &Procedure,
        act: &Act,
        event: &Event,
        acted: &Acted,
    ) -> Result<(), ReplayError> {
        let wrong = |what: &str| Err(impossible(event, what));
        if act.kind == ActKind::Open || acted.from != self.stage || !procedure.allows(act, &self.stage) {
            return wrong("the act does not start from this stage");
        }
        if procedure.is_closed(&self.stage) && !act.kind.in_closed() {
            return wrong("the matter was closed");
        }
        if self.suspended.is_some() && !act.kind.in_suspended() {
            return wrong("the matter stood still");
        }
        if act.kind == ActKind::Resume && self.suspended.is_none() {
            return wrong("the matter did not stand still");
        }
        known_given(procedure, event, &acted.given)?;
        if self.destination(procedure, act, &acted.given).as_ref() != Some(&acted.to) {
            return wrong("the act does not lead to this stage");
        }
        if acted.made != act.makes || acted.notices != sent(act) || acted.opens != act.opens {
            return wrong("its papers, notices or following matter are not those of the act");
        }
        let chain = act.chain.as_deref().and_then(|chain| procedure.chain_of(chain));
        match (chain, acted.proposal) {
            (None, None) if act.roles.contains(&event.role) => Ok(()),
            (Some(chain), Some(proposal)) => {
                let found = self.proposals.get(&proposal);
                let approved = found.is_some_and(|found| {
                    found.act == act.id
                        && found.given == acted.given
                        && found.endorsed.len() + 1 == chain.steps.len()
                        && found.endorsed.last().unwrap_or(&found.by.user) == &event.by.user
                });
                if approved && chain.steps.last() == Some(&event.role) {
                    Ok(())
                } else {
                    wrong("nobody approved it")
                }
            }
            _ => wrong("the role does not do this act"),
        }
    }

    pub(super) fn file(
        &mut self,
        by: u32,
        facts: &BTreeMap<String, FactValue>,
        papers: &BTreeMap<String, String>,
    ) {
        for (id, value) in facts {
            let value = value.clone();
            self.facts.insert(id.clone(), Stated { value, by });
        }
        for (id, place) in papers {
            let place = Some(place.clone());
            self.papers.insert(id.clone(), OnFile { place, by });
        }
    }

    fn make(&mut self, by: u32, made: &[String]) {
        for id in made {
            self.papers
                .entry(id.clone())
                .or_insert(OnFile { place: None, by });
        }
    }

    fn enter(&mut self, procedure: &Procedure, stage: &str) {
        stage.clone_into(&mut self.stage);
        if !procedure.is_closed(stage) && !self.visited.iter().any(|visited| visited == stage) {
            self.visited.push(stage.to_owned());
        }
    }

    fn remember(&mut self, event: &Event, what: &'static str, act: Option<&Act>) {
        let user = event.by.user.clone();
        self.acted.entry(event.role.clone()).or_default().insert(user);
        if let Some(together) = act.and_then(|act| act.together.as_ref()) {
            let others = self.acted.entry(together.role.clone()).or_default();
            others.extend(event.with.iter().map(|person| person.user.clone()));
        }
        self.history.push(Past {
            seq: event.seq,
            happened: event.happened,
            recorded_at: event.recorded_at,
            by: event.by.clone(),
            role: event.role.clone(),
            what,
            act: act.map(|act| act.id.clone()),
            stage: self.stage.clone(),
            superseded_by: Vec::new(),
        });
    }
}

/// The notices of an act, as an event carries them.
pub(crate) fn sent(act: &Act) -> Vec<Sent> {
    let notice = |notice: &crate::procedure::Notice| Sent {
        to: notice.to.clone(),
        template: notice.template.clone(),
    };
    act.notices.iter().map(notice).collect()
}

pub(super) fn impossible(event: &Event, problem: &str) -> ReplayError {
    ReplayError::Impossible {
        seq: event.seq,
        problem: problem.to_owned(),
    }
}

fn well_formed(event: &Event) -> Result<(), ReplayError> {
    let seq = event.seq;
    let wrong = |source| ReplayError::Event { seq, source };
    if event.v != EVENT_VERSION {
        let found = event.v.to_string();
        return Err(wrong(EventError::Version { found }));
    }
    event.check_limits().map_err(wrong)
}

fn version<'a>(
    procedures: &'a Procedures,
    procedure: &str,
    version: u32,
    seq: u32,
) -> Result<&'a Procedure, ReplayError> {
    let found = procedures.get(procedure, version);
    found.ok_or_else(|| ReplayError::UnknownProcedure {
        seq,
        procedure: procedure.chars().take(200).collect(),
        version,
    })
}

fn check_opening(
    procedure: &Procedure,
    act: &Act,
    event: &Event,
    opened: &Opened,
) -> Result<(), ReplayError> {
    known_given(procedure, event, &opened.given)?;
    let fits = act.to.as_ref() == Some(&opened.to)
        && act.roles.contains(&event.role)
        && opened.made == act.makes
        && opened.notices == sent(act);
    fits.then_some(())
        .ok_or_else(|| impossible(event, "the procedure does not open like this"))
}

fn known_roles(procedure: &Procedure, event: &Event) -> Result<(), ReplayError> {
    let known = procedure.role_of(&event.role).is_some();
    known
        .then_some(())
        .ok_or_else(|| impossible(event, "the procedure has no such role"))
}

fn known_act<'a>(procedure: &'a Procedure, event: &Event, act: &str) -> Result<&'a Act, ReplayError> {
    let found = procedure.act_of(act);
    found.ok_or_else(|| impossible(event, "the procedure has no such act"))
}

fn known_given(procedure: &Procedure, event: &Event, given: &Given) -> Result<(), ReplayError> {
    known_parts(procedure, event, &given.facts, &given.papers)?;
    let known = |id: &String| procedure.counterpart_of(id).is_some();
    if !given.counterparts.keys().all(known) {
        return Err(impossible(event, "the procedure has no such counterpart"));
    }
    Ok(())
}

fn known_parts(
    procedure: &Procedure,
    event: &Event,
    facts: &BTreeMap<String, FactValue>,
    papers: &BTreeMap<String, String>,
) -> Result<(), ReplayError> {
    let fits = |(id, value): (&String, &FactValue)| {
        procedure
            .fact_of(id)
            .is_some_and(|fact| fact.kind == value.kind())
    };
    if !facts.iter().all(fits) {
        return Err(impossible(
            event,
            "the procedure has no such fact, or one of another kind",
        ));
    }
    if !papers.keys().all(|id| procedure.paper_of(id).is_some()) {
        return Err(impossible(event, "the procedure has no such paper"));
    }
    Ok(())
}
