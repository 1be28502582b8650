//! What the tests share: people, moments, and a matter that is driven act by act.
//!
//! In:  the engine, an act.
//! Out: the matter after it, or the refusal.
//!
//! Invariant: every event that is decided is applied at once and must be accepted; at the end of a story the stored
//! JSON of all events gives the same matter again.

use quanlian_law::Moment;
use quanlian_procedure::{
    Act, ActKind, Actor, ClockView, Command, Context, Engine, Event, FactValue, Given, Lack, LackCode,
    Matter, Opening, Procedure, Refusal, procedure::FactKind,
};
use quanlian_record::time::{Day, Timestamp};

/// `2024-03-05 09:30` in Shanghai.
pub(crate) fn at(text: &str) -> Timestamp {
    format!("{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A person, now.
pub(crate) fn who(user: &str, agency: &str, roles: &[&str], now: &str) -> Context {
    Context::now(at(now), Actor::new(user, agency, roles))
}

/// What is given, from parts: `reason=…`, `+paper`, `fact?` (a flag that is so), `fact!` (one that is not),
/// `fact=2024-01-01` or a number or words, `@counterpart=agency`.
pub(crate) fn given(procedure: &Procedure, parts: &[&str]) -> Given {
    let mut given = Given::default();
    for part in parts {
        if let Some(paper) = part.strip_prefix('+') {
            given.papers.insert(paper.to_owned(), format!("file of {paper}"));
        } else if let Some(rest) = part.strip_prefix('@') {
            let (id, agency) = rest.split_once('=').unwrap();
            given.counterparts.insert(id.to_owned(), agency.to_owned());
        } else if let Some(fact) = part.strip_suffix('?') {
            given.facts.insert(fact.to_owned(), FactValue::Flag(true));
        } else if let Some(fact) = part.strip_suffix('!') {
            given.facts.insert(fact.to_owned(), FactValue::Flag(false));
        } else if let Some(reason) = part.strip_prefix("reason=") {
            given.reason = Some(reason.to_owned());
        } else {
            let (id, value) = part.split_once('=').unwrap();
            let value = match procedure.fact_of(id).map(|fact| fact.kind) {
                Some(FactKind::Day) => FactValue::Day(value.parse().unwrap()),
                Some(FactKind::Count) => FactValue::Count(value.parse().unwrap()),
                Some(FactKind::Fen) => FactValue::Fen(value.parse().unwrap()),
                _ => FactValue::Text(value.to_owned()),
            };
            given.facts.insert(id.to_owned(), value);
        }
    }
    given
}

/// A matter with its events.
#[derive(Clone)]
pub(crate) struct Story<'a> {
    pub(crate) engine: Engine<'a>,
    pub(crate) procedure: &'a Procedure,
    pub(crate) matter: Matter,
    pub(crate) events: Vec<Event>,
}

impl<'a> Story<'a> {
    pub(crate) fn open(
        engine: Engine<'a>,
        procedure: &'a Procedure,
        matter: &str,
        context: &Context,
        parts: &[&str],
    ) -> Result<Self, Refusal> {
        let opening = Opening {
            matter: matter.to_owned(),
            procedure: procedure.id.clone(),
            version: Some(procedure.version),
            given: given(procedure, parts),
            ..Opening::default()
        };
        Self::opened(engine, procedure, &opening, context)
    }

    pub(crate) fn opened(
        engine: Engine<'a>,
        procedure: &'a Procedure,
        opening: &Opening,
        context: &Context,
    ) -> Result<Self, Refusal> {
        let events = engine.open(opening, context)?;
        let matter = engine.replay(&events).unwrap();
        Ok(Self {
            engine,
            procedure,
            matter,
            events,
        })
    }

    /// Decides and applies.
    pub(crate) fn tell(&mut self, command: &Command, context: &Context) -> Result<(), Refusal> {
        for event in self.engine.decide(&self.matter, command, context)? {
            self.matter = self.engine.apply(&self.matter, &event).unwrap();
            self.events.push(event);
        }
        Ok(())
    }

    pub(crate) fn act(&mut self, act: &str, context: &Context, parts: &[&str]) -> Result<(), Refusal> {
        let given = given(self.procedure, parts);
        self.give(act, context, given)
    }

    pub(crate) fn give(&mut self, act: &str, context: &Context, given: Given) -> Result<(), Refusal> {
        let act = act.to_owned();
        self.tell(&Command::Act { act, given }, context)
    }

    /// Agrees to the newest proposal.
    pub(crate) fn endorse(&mut self, context: &Context) -> Result<(), Refusal> {
        let proposal = *self.matter.proposals.keys().last().unwrap_or(&0);
        self.tell(&Command::Endorse { proposal }, context)
    }

    /// The newest run of a clock.
    pub(crate) fn clock(&self, clock: &str, now: &str) -> ClockView {
        let views = self.engine.clocks(&self.matter, at(now)).unwrap();
        views.into_iter().rfind(|view| view.clock == clock).unwrap()
    }

    /// `state due left overdue light`, for one-line checks.
    pub(crate) fn stands(&self, clock: &str, now: &str) -> String {
        let view = self.clock(clock, now);
        let json = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let due = match view.due_at {
            Some(due) => due.to_local_string(),
            None => view.due_on.map_or("-".to_owned(), |due| due.to_string()),
        };
        let state = json(serde_json::to_value(view.state).unwrap());
        let light = json(serde_json::to_value(view.light).unwrap());
        let left = view.days_left.map_or("-".to_owned(), |left| left.to_string());
        format!("{state} due {due} left {left} over {} {light}", view.overdue_days)
    }

    /// The events as JSON and back give the same matter.
    pub(crate) fn close(&self) {
        let json: Vec<Vec<u8>> = self
            .events
            .iter()
            .map(|event| serde_json::to_vec(event).unwrap())
            .collect();
        let read: Vec<Event> = json
            .iter()
            .map(|bytes| Event::from_json(bytes).unwrap())
            .collect();
        assert_eq!(read, self.events);
        assert_eq!(self.engine.replay(&read).unwrap(), self.matter);
    }
}

/// The codes of a refusal, in order.
pub(crate) fn codes(result: Result<(), Refusal>) -> Vec<String> {
    result.unwrap_err().lacks.iter().map(Lack::to_string).collect()
}

/// Somebody who holds a role, in the agency that the role asks for.
pub(crate) fn holder(procedure: &Procedure, matter: Option<&Matter>, role: &str) -> Actor {
    let side = procedure.role_of(role).unwrap().agency.as_str();
    let agency = match side {
        "own" => matter.map_or("own".to_owned(), |matter| matter.agency.clone()),
        "any" => "elsewhere".to_owned(),
        counterpart => {
            let known = matter.and_then(|matter| matter.counterparts.get(counterpart));
            known.cloned().unwrap_or_else(|| format!("c-{counterpart}"))
        }
    };
    Actor::new(&format!("u-{role}"), &agency, &[role])
}

/// Everything that an act asks for, made up.
pub(crate) fn everything(
    story: Option<&Story<'_>>,
    procedure: &Procedure,
    law: &[String],
    act: &Act,
    today: Day,
) -> Given {
    let matter = story.map(|story| &story.matter);
    let mut given = Given {
        reason: (act.reason || act.kind != ActKind::Step).then(|| "because".to_owned()),
        ..Given::default()
    };
    let value = |kind: FactKind| match kind {
        FactKind::Flag => FactValue::Flag(true),
        FactKind::Count => FactValue::Count(1),
        FactKind::Fen => FactValue::Fen(100),
        FactKind::Day => FactValue::Day(today),
        FactKind::Text => FactValue::Text("words".to_owned()),
    };
    let ticks = act
        .starts
        .iter()
        .chain(&act.stops)
        .filter_map(|tick| tick.on.as_ref());
    for fact in ticks.chain(act.one_of.first()) {
        given
            .facts
            .insert(fact.clone(), value(procedure.fact_of(fact).unwrap().kind));
    }
    for need in &act.needs {
        let plain = value(procedure.fact_of(&need.fact).unwrap().kind);
        given
            .facts
            .insert(need.fact.clone(), need.is.map_or(plain, FactValue::Flag));
    }
    for paper in act.papers.iter().chain(law) {
        let outside = procedure.paper_of(paper).unwrap().outside;
        let on_file = matter.and_then(|matter| matter.papers.get(paper));
        if on_file.map_or(outside, |on_file| on_file.place.is_none()) {
            given.papers.insert(paper.clone(), "file".to_owned());
        }
    }
    for id in &act.counterparts {
        let known = matter.and_then(|matter| matter.counterparts.get(id));
        given
            .counterparts
            .insert(id.clone(), known.cloned().unwrap_or_else(|| format!("c-{id}")));
    }
    let Some(matter) = matter else { return given };
    match act.kind {
        ActKind::Return => {
            let mut earlier = matter.visited.iter().rev();
            given.to_stage = earlier.find(|stage| **stage != matter.stage).cloned();
        }
        ActKind::Transfer => given.agency = Some(format!("agency-{}", matter.seq)),
        ActKind::Join => given.agency = Some(format!("joint-{}", matter.seq)),
        ActKind::Leave => given.agency = matter.joint.first().cloned(),
        ActKind::AddMember => given.member = Some(format!("matter-{}", matter.seq)),
        ActKind::RemoveMember => given.member = matter.members.first().cloned(),
        ActKind::Correct => {
            given.supersedes = Some(matter.seq);
            given.happened_instead = matter.history.last().map(|past| past.happened);
        }
        _ => {}
    }
    given
}

/// The papers that the law lists for an act.
pub(crate) fn law_papers(act: &Act, on: Day) -> Vec<String> {
    if act.papers_of_rule.is_none() {
        return Vec::new();
    }
    let (_, papers) = super::LAW.transfer_papers(on).unwrap();
    papers
        .iter()
        .filter(|paper| paper.required)
        .map(|paper| paper.id.clone())
        .collect()
}

/// Opens a matter with everything that its opening asks for.
pub(crate) fn open_with_everything<'a>(
    engine: Engine<'a>,
    procedure: &'a Procedure,
    now: Timestamp,
) -> Story<'a> {
    let act = procedure.opening().unwrap();
    let role = &act.roles[0];
    let opening = Opening {
        matter: "M-1".to_owned(),
        procedure: procedure.id.clone(),
        version: Some(procedure.version),
        given: everything(None, procedure, &[], act, now.legal_day()),
        ..Opening::default()
    };
    let context = with_others(
        Context::now(now, holder(procedure, None, role)),
        procedure,
        None,
        act,
    );
    Story::opened(engine, procedure, &opening, &context).unwrap()
}

fn with_others(mut context: Context, procedure: &Procedure, matter: Option<&Matter>, act: &Act) -> Context {
    if let Some(together) = &act.together {
        context.with = (0..together.others)
            .map(|n| {
                let mut other = holder(procedure, matter, &together.role);
                other.person.user = format!("{}-{n}", other.person.user);
                other
            })
            .collect();
    }
    context
}

impl Story<'_> {
    /// Does an act with everything that it asks for, its whole chain of approval included.
    pub(crate) fn perform(&mut self, act: &str, now: Timestamp) -> Result<(), Refusal> {
        let procedure = self.procedure;
        let found = procedure.act_of(act).unwrap();
        let today = now.legal_day();
        let given = everything(Some(self), procedure, &law_papers(found, today), found, today);
        let mut result = Ok(());
        for role in procedure.beginners(found) {
            let context = Context::now(now, holder(procedure, Some(&self.matter), role));
            let context = with_others(context, procedure, Some(&self.matter), found);
            result = self.give(act, &context, given.clone());
            if result.is_ok() {
                break;
            }
        }
        result?;
        if let Some(chain) = &found.chain {
            let steps = &procedure.chain_of(chain).unwrap().steps;
            for role in &steps[1..] {
                let context = Context::now(now, holder(procedure, Some(&self.matter), role));
                self.endorse(&context)?;
            }
        }
        Ok(())
    }

    /// The same; first the acts of this stage that make what is missing, and a month later if a clock must run out.
    pub(crate) fn perform_somehow(
        &mut self,
        act: &str,
        now: &mut Timestamp,
        depth: usize,
    ) -> Result<(), Refusal> {
        let mut result = self.perform(act, *now);
        for _ in 0..4 {
            let Err(refusal) = &result else { return Ok(()) };
            if depth == 0 {
                break;
            }
            if refusal.lacks(LackCode::ClockRunsStill) {
                *now = Timestamp::from_unix_micros(now.unix_micros() + 31 * 24 * 3_600_000_000).unwrap();
            }
            for lack in refusal
                .lacks
                .clone()
                .iter()
                .filter(|lack| lack.code == LackCode::PaperMissing)
            {
                let paper = lack.subject.clone().unwrap();
                let makers = self
                    .procedure
                    .act
                    .iter()
                    .filter(|act| act.to.is_none() && act.makes.contains(&paper));
                for maker in makers.map(|act| act.id.clone()).collect::<Vec<_>>() {
                    let _ = self.perform_somehow(&maker, now, depth - 1);
                }
            }
            result = self.perform(act, *now);
        }
        result
    }
}

/// A moment that is only a day.
pub(crate) fn on(text: &str) -> Moment {
    Moment::Day(day(text))
}
