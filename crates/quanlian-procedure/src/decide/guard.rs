//! Guards: everything that stands between a person and an act, collected before anything is refused.
//!
//! In:  the engine, the procedure, the matter (none yet for an opening), the act, the context, what is given.
//! Out: [`Guard`]: the lacks found so far, and the role in which the person would act.
//!
//! Invariant: every guard runs, also after another has found something: a refusal is complete (一次性告知).
//! Without `given` (what is possible, asked before a form is filled in) nothing that a person can still give is a lack.

use std::collections::BTreeSet;

use quanlian_law::{Moment, rule::Body};

use super::{Context, Engine};
use crate::{
    clock::ClockView,
    event::{EventError, FactValue, Given, Supplied, limits},
    matter::Matter,
    procedure::{ANY, Act, ActKind, Need, OWN, Procedure},
    refusal::{Lack, LackCode, Refusal},
};

/// What stands in the way of one act.
pub(super) struct Guard<'a> {
    pub(super) engine: &'a Engine<'a>,
    pub(super) procedure: &'a Procedure,
    pub(super) matter: Option<&'a Matter>,
    pub(super) context: &'a Context,
    /// `None` when it is asked what is possible before anything is given.
    pub(super) given: Option<&'a Given>,
    pub(super) lacks: BTreeSet<Lack>,
    name: String,
    role: Option<String>,
    own_agency: &'a str,
}

impl<'a> Guard<'a> {
    fn new(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        matter: Option<&'a Matter>,
        context: &'a Context,
        name: &str,
    ) -> Self {
        Self {
            engine,
            procedure,
            matter,
            context,
            given: None,
            lacks: BTreeSet::new(),
            name: name.to_owned(),
            role: None,
            own_agency: matter.map_or(context.actor.person.agency.as_str(), |matter| &matter.agency),
        }
    }

    /// The guards of an opening.
    pub(super) fn opening(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        act: &'a Act,
        context: &'a Context,
        agency: &'a str,
        given: &'a Given,
    ) -> Self {
        let mut guard = Self::new(engine, procedure, None, context, &act.id);
        guard.own_agency = agency;
        guard.given = Some(given);
        guard.may_act(&act.roles);
        guard.when();
        guard.of_act(act);
        guard
    }

    /// The guards of an act, begun by whoever begins it.
    pub(super) fn act(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        matter: &'a Matter,
        act: &'a Act,
        context: &'a Context,
        given: impl Into<Option<&'a Given>>,
    ) -> Self {
        let mut guard = Self::new(engine, procedure, Some(matter), context, &act.id);
        guard.given = given.into();
        guard.may_act(procedure.beginners(act));
        guard.when();
        guard.stage(act);
        guard.of_act(act);
        if act.chain.is_some() && matter.proposals.values().any(|proposal| proposal.act == act.id) {
            guard.add(Lack::of(LackCode::ProposedAlready, &act.id));
        }
        guard
    }

    /// The guards of an act that a chain has approved, for its last step.
    pub(super) fn approved(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        matter: &'a Matter,
        act: &'a Act,
        context: &'a Context,
        given: &'a Given,
    ) -> Self {
        let mut guard = Self::new(engine, procedure, Some(matter), context, &act.id);
        guard.given = Some(given);
        guard.when();
        guard.stage(act);
        // Who was present was asked when it was proposed.
        guard.of_act_but_persons(act);
        guard
    }

    /// The guards of one step of a chain.
    pub(super) fn step(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        matter: &'a Matter,
        context: &'a Context,
        name: &str,
        role: &'a String,
    ) -> Self {
        let mut guard = Self::new(engine, procedure, Some(matter), context, name);
        guard.may_act(std::slice::from_ref(role));
        guard.when();
        guard
    }

    /// The guards of putting something on file.
    pub(super) fn supply(
        engine: &'a Engine<'a>,
        procedure: &'a Procedure,
        matter: &'a Matter,
        context: &'a Context,
        supplied: &Supplied,
    ) -> Self {
        let mut guard = Self::new(engine, procedure, Some(matter), context, "supply");
        guard.may_act(&procedure.suppliers);
        guard.when();
        if procedure.is_closed(&matter.stage) {
            guard.add(Lack::of(LackCode::MatterClosed, &matter.stage));
        }
        if supplied.facts.is_empty() && supplied.papers.is_empty() {
            guard.add(Lack::new(LackCode::NothingGiven));
        }
        guard.limit(&limits::filed(&supplied.facts, &supplied.papers));
        guard.known_parts(&supplied.facts, &supplied.papers);
        guard
    }

    pub(super) fn add(&mut self, lack: Lack) {
        self.lacks.insert(lack);
    }

    pub(super) fn limit(&mut self, result: &Result<(), EventError>) {
        if let Err(EventError::Limit { field, .. }) = result {
            self.add(Lack::of(LackCode::Limit, field));
        }
    }

    /// The role in which it may be done, or everything that stands in the way. `ids` are those of the event.
    pub(super) fn verdict(mut self, ids: &[&str], parent: Option<&str>) -> Result<String, Refusal> {
        for id in ids.iter().copied().chain(parent) {
            self.limit(&limits::id("id", id));
        }
        let people = self.context.with.iter().chain([&self.context.actor]);
        let limits: Vec<_> = people.map(|actor| limits::person(&actor.person)).collect();
        for result in &limits {
            self.limit(result);
        }
        self.limit(&limits::count("with", self.context.with.len()));
        match self.role {
            Some(role) if self.lacks.is_empty() => Ok(role),
            _ => Err(Refusal::new(&self.name, self.lacks.into_iter().collect())),
        }
    }

    /// One of the roles is held, in the right agency, by a person who has not acted in a role that must be apart.
    fn may_act(&mut self, roles: &[String]) {
        let actor = &self.context.actor;
        let held: Vec<&String> = roles.iter().filter(|role| actor.roles.contains(role)).collect();
        if held.is_empty() {
            for role in roles.iter().take(1) {
                let name = self
                    .procedure
                    .role_of(role)
                    .map(|role| role.name.clone())
                    .unwrap_or_default();
                let wanted = roles.iter().map(String::as_str);
                self.add(Lack::named(LackCode::RoleMissing, role, &name).wanting(wanted));
            }
            return;
        }
        let mut why = Vec::new();
        for role in held {
            let agency = self.is_of_agency(role, &actor.person.agency);
            let lack = agency
                .err()
                .or_else(|| self.is_apart(role, &actor.person.user).err());
            match lack {
                None => {
                    self.role = Some(role.clone());
                    return;
                }
                Some(lack) => why.push(lack),
            }
        }
        self.lacks.extend(why);
    }

    fn is_of_agency(&self, role: &str, agency: &str) -> Result<(), Lack> {
        let Some(role) = self.procedure.role_of(role) else {
            return Err(Lack::of(LackCode::RoleMissing, role));
        };
        let wrong = Lack::named(LackCode::WrongAgency, agency, &role.name);
        let joint = role.joint && self.matter.is_some_and(|matter| matter.joint.contains(agency));
        let fits = match role.agency.as_str() {
            ANY => true,
            OWN => agency == self.own_agency || joint,
            counterpart => {
                let Some(known) = self.counterpart(counterpart) else {
                    let name = self.procedure.counterpart_of(counterpart);
                    let name = name.map(|part| part.name.clone()).unwrap_or_default();
                    return Err(Lack::named(LackCode::CounterpartMissing, counterpart, &name));
                };
                known == agency
            }
        };
        if fits { Ok(()) } else { Err(wrong) }
    }

    /// The agency that a counterpart is, from the matter or from what is given now.
    fn counterpart(&self, id: &str) -> Option<&str> {
        let before = self.matter.and_then(|matter| matter.counterparts.get(id));
        before
            .or_else(|| self.given?.counterparts.get(id))
            .map(String::as_str)
    }

    /// Roles that must be apart are apart in both directions.
    fn is_apart(&self, role: &str, user: &str) -> Result<(), Lack> {
        let Some(matter) = self.matter else { return Ok(()) };
        let own = self.procedure.role_of(role);
        let has_acted = |other: &str| matter.acted.get(other).is_some_and(|users| users.contains(user));
        for other in &self.procedure.role {
            let named = own.is_some_and(|own| own.apart_from.contains(&other.id));
            let names = other.apart_from.iter().any(|apart| apart == role);
            if (named || names) && has_acted(&other.id) {
                return Err(Lack::named(LackCode::SamePerson, user, &other.name));
            }
        }
        Ok(())
    }

    /// Not in the future, not before the opening; and the clock of the server has not gone back.
    fn when(&mut self) {
        let (now, moment) = (self.context.now, self.context.moment());
        let future = match moment {
            Moment::At(at) => at > now,
            Moment::Day(day) => day > now.legal_day(),
        };
        if future {
            self.add(Lack::new(LackCode::InFuture));
        }
        if let Some(matter) = self.matter {
            if moment.day() < matter.opened.day() {
                self.add(Lack::new(LackCode::BeforeOpening));
            }
            if now < matter.recorded_at {
                self.add(Lack::new(LackCode::ClockWentBack));
            }
        }
    }

    fn stage(&mut self, act: &Act) {
        let Some(matter) = self.matter else { return };
        let stage = matter.stage.as_str();
        let name = self
            .procedure
            .stage_of(stage)
            .map(|stage| stage.name.clone())
            .unwrap_or_default();
        if self.procedure.is_closed(stage) && !act.kind.in_closed() {
            self.add(Lack::named(LackCode::MatterClosed, stage, &name));
        } else if !self.procedure.allows(act, stage) {
            let wanted = act.from.iter().map(String::as_str);
            self.add(Lack::named(LackCode::WrongStage, stage, &name).wanting(wanted));
        }
        match matter.suspended {
            Some(_) if !act.kind.in_suspended() => self.add(Lack::of(LackCode::MatterSuspended, &matter.id)),
            None if act.kind == ActKind::Resume => self.add(Lack::new(LackCode::NotSuspended)),
            _ => {}
        }
    }

    fn of_act(&mut self, act: &Act) {
        self.persons(act);
        self.of_act_but_persons(act);
    }

    fn of_act_but_persons(&mut self, act: &Act) {
        self.facts(act);
        self.papers(act);
        self.clocks(act);
        self.given_parts(act);
    }

    /// Other persons are present, each another one, in the role that is asked for.
    fn persons(&mut self, act: &Act) {
        let mut seen = BTreeSet::from([self.context.actor.person.user.as_str()]);
        let mut count = 0_u32;
        let context = self.context;
        for other in &context.with {
            let Some(together) = &act.together else { break };
            if !other.roles.contains(&together.role) || !seen.insert(&other.person.user) {
                continue;
            }
            let fits = self.is_of_agency(&together.role, &other.person.agency);
            match fits.and_then(|()| self.is_apart(&together.role, &other.person.user)) {
                Ok(()) => count += 1,
                Err(lack) => self.add(lack),
            }
        }
        let Some(together) = &act.together else { return };
        if count < together.others && self.given.is_some() {
            let name = self
                .procedure
                .role_of(&together.role)
                .map(|role| role.name.clone());
            self.add(Lack::named(
                LackCode::PersonMissing,
                &together.role,
                &name.unwrap_or_default(),
            ));
        }
    }

    /// A fact that is on file, or given now.
    pub(super) fn fact(&self, id: &str) -> Option<&'a FactValue> {
        let given = self.given.and_then(|given| given.facts.get(id));
        given.or_else(|| self.matter.and_then(|matter| matter.fact(id)))
    }

    fn facts(&mut self, act: &Act) {
        let on = act
            .starts
            .iter()
            .chain(&act.stops)
            .filter_map(|tick| tick.on.as_ref());
        let on = on
            .map(|fact| (fact, LackCode::FactMissing))
            .filter(|(fact, _)| self.fact(fact).is_none());
        let unmet = act
            .needs
            .iter()
            .filter_map(|need| Some((&need.fact, self.unmet(need)?)));
        let lacks: Vec<_> = on
            .chain(unmet)
            .map(|(fact, code)| self.about_fact(code, fact))
            .collect();
        self.lacks.extend(lacks);
        if !act.one_of.is_empty() && !act.one_of.iter().any(|fact| self.fact(fact).is_some()) {
            let first = self.about_fact(LackCode::NoneOfFacts, &act.one_of[0]);
            self.add(first.wanting(act.one_of.iter().map(String::as_str)));
        }
    }

    fn about_fact(&self, code: LackCode, fact: &str) -> Lack {
        let name = self.procedure.fact_of(fact).map(|fact| fact.name.clone());
        Lack::named(code, fact, &name.unwrap_or_default())
    }

    fn unmet(&self, need: &Need) -> Option<LackCode> {
        let Some(value) = self.fact(&need.fact) else {
            return Some(LackCode::FactMissing);
        };
        let flag = need.is.is_none_or(|is| *value == FactValue::Flag(is));
        let number = need.at_least.is_none_or(|least| match value {
            FactValue::Count(number) | FactValue::Fen(number) => *number >= least,
            _ => false,
        });
        (!(flag && number)).then_some(LackCode::FactNotSo)
    }

    fn papers(&mut self, act: &Act) {
        let mut wanted: Vec<&str> = act.papers.iter().map(String::as_str).collect();
        if let Some(rule) = &act.papers_of_rule {
            let found = self.engine.law.show(rule);
            let version = found.and_then(|rule| rule.version_on(self.context.moment().day()));
            match version.map(|version| &version.body) {
                Some(Body::Papers(papers)) => {
                    let required = papers.iter().filter(|paper| paper.required);
                    wanted.extend(required.map(|paper| paper.id.as_str()));
                }
                _ => self.add(Lack::of(LackCode::PapersRuleMissing, rule)),
            }
        }
        for paper in wanted {
            let on_file = self.matter.and_then(|matter| matter.papers.get(paper));
            let code = match on_file {
                Some(on_file) if on_file.place.is_some() => continue,
                // Made by an act is not yet there: somebody has to draw it up, sign it and file it.
                Some(_) => LackCode::PaperNotFiled,
                None => LackCode::PaperMissing,
            };
            if !self.given.is_some_and(|given| given.papers.contains_key(paper)) {
                let name = self.procedure.paper_of(paper).map(|paper| paper.name.clone());
                self.add(Lack::named(code, paper, &name.unwrap_or_default()));
            }
        }
    }

    /// What must have run out has, and nothing ends before it began.
    fn clocks(&mut self, act: &Act) {
        let Some(matter) = self.matter else { return };
        for run in matter
            .clocks
            .iter()
            .filter(|run| run.runs() && act.after.contains(&run.clock))
        {
            let view = self.engine.clock(self.procedure, run, self.context.moment()).ok();
            if !view.as_ref().is_some_and(ClockView::has_run_out) {
                let name = self
                    .procedure
                    .clock_of(&run.clock)
                    .map(|clock| clock.name.clone());
                let last = view.and_then(|view| view.due_on).map(|day| day.to_string());
                let lack = Lack::named(LackCode::ClockRunsStill, &run.clock, &name.unwrap_or_default());
                self.add(lack.wanting(last.as_deref()));
            }
        }
        for tick in &act.stops {
            let moment = match tick.on.as_deref().map(|fact| self.fact(fact)) {
                Some(Some(FactValue::Day(day))) => Moment::Day(*day),
                _ => self.context.moment(),
            };
            // The hearing of a period that runs backwards lies ahead; only a start that is past can be undercut.
            let undercut = |run: &&crate::matter::ClockRun| {
                moment.day() < run.started.day() && run.started.day() <= self.context.now.legal_day()
            };
            if matter.running(&tick.clock).any(|run| undercut(&run)) {
                let name = self
                    .procedure
                    .clock_of(&tick.clock)
                    .map(|clock| clock.name.clone());
                self.add(Lack::named(
                    LackCode::BeforeClock,
                    &tick.clock,
                    &name.unwrap_or_default(),
                ));
            }
        }
    }
}
