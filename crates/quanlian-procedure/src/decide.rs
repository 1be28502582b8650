//! Deciding: what somebody wants to do becomes events, or a refusal that says all that is missing.
//!
//! In:  the procedures, the rules of law, a matter, a [`Command`] and the [`Context`]: who, when, in which roles.
//! Out: [`Event`]s to store, or a [`Refusal`].
//!
//! Invariant: pure; whatever is decided here, [`Engine::apply`] accepts. In a closed matter nothing is decided but
//! reopening and correcting.
//!
//! Not here: which roles a person holds and what they may see: the caller knows and says so in the context.

mod approve;
mod available;
mod given;
mod guard;

use quanlian_law::{Moment, RuleBook};
use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::available::{Ask, Available};
use self::guard::Guard;
use crate::{
    event::{Acted, EVENT_VERSION, Event, EventBody, Given, Opened, Person, Proposed, Supplied},
    load::Procedures,
    matter::{MAX_EVENTS, Matter, ReplayError},
    procedure::{Act, ActKind, Procedure},
    refusal::{Lack, LackCode, Refusal},
};

/// Who acts, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Now.
    pub now: Timestamp,
    /// When it happened, if not now: acts are often recorded later.
    pub happened: Option<Moment>,
    /// Who acts.
    pub actor: Actor,
    /// Who else is present.
    pub with: Vec<Actor>,
}

/// A person with the roles that they hold, as the caller knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub person: Person,
    /// The roles that they hold in their agency for this matter.
    pub roles: Vec<String>,
}

impl Actor {
    /// A user of an agency with roles.
    pub fn new(user: &str, agency: &str, roles: &[&str]) -> Self {
        Self {
            person: Person {
                user: user.to_owned(),
                agency: agency.to_owned(),
                unit: None,
            },
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        }
    }
}

impl Context {
    /// Somebody alone, now.
    pub fn now(now: Timestamp, actor: Actor) -> Self {
        Self {
            now,
            happened: None,
            actor,
            with: Vec::new(),
        }
    }

    /// When it happened.
    pub fn moment(&self) -> Moment {
        self.happened.unwrap_or(Moment::At(self.now))
    }
}

/// A matter to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Its number (办件编号), which the caller gives out.
    pub matter: String,
    /// Its procedure.
    pub procedure: String,
    /// The version; without it the newest of that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The agency that runs it; without it that of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The matter that it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What is given with it.
    #[serde(default)]
    pub given: Given,
}

/// What somebody wants to do in a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "a request holds one, and nobody keeps many"
)]
pub enum Command {
    /// An act; one with a chain of approval becomes a proposal.
    Act {
        /// Its id.
        act: String,
        /// What is given with it.
        #[serde(default)]
        given: Given,
    },
    /// Agreeing to a proposal, as the next step of its chain.
    Endorse {
        /// Number of the event that proposed.
        proposal: u32,
    },
    /// Refusing a proposal, as the next step of its chain; or taking one's own back.
    Reject {
        /// Number of the event that proposed.
        proposal: u32,
        /// Why.
        reason: String,
    },
    /// Putting facts and papers on file.
    Supply(Supplied),
}

impl Command {
    /// An act with nothing given.
    pub fn act(act: &str) -> Self {
        Self::Act {
            act: act.to_owned(),
            given: Given::default(),
        }
    }
}

/// Procedures and law, ready to run matters.
///
/// ```
/// use quanlian_law::RuleBook;
/// use quanlian_procedure::{Actor, Command, Context, Engine, Opening, Procedures};
///
/// let (procedures, law) = (Procedures::embedded()?, RuleBook::embedded()?);
/// let engine = Engine::new(&procedures, &law);
/// let clerk = Actor::new("u1", "city-copyright-office", &["intake_clerk"]);
/// let at = |text: &str| text.parse().map(|now| Context::now(now, clerk.clone()));
///
/// let opening = Opening {
///     matter: "TS-2024-0001".into(),
///     procedure: "complaint-intake".into(),
///     version: Some(1),
///     ..Opening::default()
/// };
/// let refusal = engine.open(&opening, &at("2024-03-05T09:30:00+08:00")?).unwrap_err();
/// // Everything that is missing is said at once, in words of both languages.
/// let missing: Vec<String> = refusal.lacks.iter().map(|lack| procedures.message(lack).en).collect();
/// assert!(missing.iter().any(|text| text.contains("complaint letter")), "{missing:?}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    pub(crate) procedures: &'a Procedures,
    pub(crate) law: &'a RuleBook,
}

impl<'a> Engine<'a> {
    /// An engine over loaded procedures and rules.
    pub fn new(procedures: &'a Procedures, law: &'a RuleBook) -> Self {
        Self { procedures, law }
    }

    /// The matter that events add up to. Linear in their number, times the size of the matter.
    pub fn replay(&self, events: &[Event]) -> Result<Matter, ReplayError> {
        if events.len() > MAX_EVENTS {
            return Err(ReplayError::TooMany { limit: MAX_EVENTS });
        }
        let (first, rest) = events.split_first().ok_or(ReplayError::NoOpening)?;
        let mut matter = Matter::from_opening(self.procedures, first)?;
        for event in rest {
            matter.advance(self.procedures, event)?;
        }
        Ok(matter)
    }

    /// The matter after one more event; the given one is left as it is.
    pub fn apply(&self, matter: &Matter, event: &Event) -> Result<Matter, ReplayError> {
        let mut next = matter.clone();
        next.advance(self.procedures, event)?;
        Ok(next)
    }

    /// Whether the file of the matter's procedure was edited since the matter was opened or moved to it: it then no
    /// longer says what was in force, and has to be put back as it was. `None` when the version is not loaded.
    pub fn procedure_was_edited(&self, matter: &Matter) -> Option<bool> {
        let loaded = self.procedures.get(&matter.procedure, matter.version)?;
        Some(loaded.digest != matter.digest)
    }

    /// The event that makes a matter.
    pub fn open(&self, opening: &Opening, context: &Context) -> Result<Vec<Event>, Refusal> {
        let today = context.moment().day();
        let found = match opening.version {
            Some(version) => self.procedures.get(&opening.procedure, version),
            None => self.procedures.newest(&opening.procedure, today),
        };
        let unknown = || Refusal::one("open", Lack::of(LackCode::ProcedureUnknown, &opening.procedure));
        let procedure = found.ok_or_else(unknown)?;
        let act = procedure.opening().ok_or_else(unknown)?;
        let agency = opening.agency.as_ref().unwrap_or(&context.actor.person.agency);
        let guard = Guard::opening(self, procedure, act, context, agency, &opening.given);
        let role = guard.verdict(&[&opening.matter, agency], opening.parent.as_deref())?;
        let body = EventBody::Opened(Opened {
            procedure: procedure.id.clone(),
            version: procedure.version,
            digest: procedure.digest.clone(),
            parent: opening.parent.clone(),
            agency: agency.clone(),
            to: act.to.clone().unwrap_or_default(),
            given: opening.given.clone(),
            made: act.makes.clone(),
            notices: crate::matter::sent(act),
        });
        Ok(vec![event(
            &opening.matter,
            1,
            context,
            role,
            present(act, context),
            body,
        )])
    }

    /// The events of a command, in order; to be stored all or none.
    pub fn decide(
        &self,
        matter: &Matter,
        command: &Command,
        context: &Context,
    ) -> Result<Vec<Event>, Refusal> {
        let procedure = self.procedure_of(matter)?;
        let seq = matter.seq.saturating_add(1);
        // A chain's last step makes two events.
        if seq as usize >= MAX_EVENTS {
            return Err(Refusal::one("any", Lack::new(LackCode::MatterFull)));
        }
        match command {
            Command::Act { act, given } => {
                let Some(found) = procedure.act_of(act).filter(|act| act.kind != ActKind::Open) else {
                    let known = procedure.act.iter().map(|act| act.id.as_str());
                    return Err(Refusal::one(
                        &Lack::of(LackCode::ActUnknown, act).subject.unwrap_or_default(),
                        Lack::of(LackCode::ActUnknown, act).wanting(known),
                    ));
                };
                let role = Guard::act(self, procedure, matter, found, context, given).verdict(&[], None)?;
                let body = if found.chain.is_some() {
                    EventBody::Proposed(Proposed {
                        act: act.clone(),
                        given: given.clone(),
                    })
                } else {
                    EventBody::Acted(self.acted(procedure, matter, found, given, None))
                };
                Ok(vec![event(
                    &matter.id,
                    seq,
                    context,
                    role,
                    present(found, context),
                    body,
                )])
            }
            Command::Endorse { proposal } => self.endorse(procedure, matter, *proposal, context),
            Command::Reject { proposal, reason } => {
                self.reject(procedure, matter, *proposal, reason, context)
            }
            Command::Supply(supplied) => {
                let role = Guard::supply(self, procedure, matter, context, supplied).verdict(&[], None)?;
                let body = EventBody::Supplied(supplied.clone());
                Ok(vec![event(&matter.id, seq, context, role, Vec::new(), body)])
            }
        }
    }

    /// The procedure version that a matter runs under.
    pub(crate) fn procedure_of(&self, matter: &Matter) -> Result<&'a Procedure, Refusal> {
        let found = self.procedures.get(&matter.procedure, matter.version);
        found.ok_or_else(|| Refusal::one("any", Lack::of(LackCode::ProcedureUnknown, &matter.procedure)))
    }

    /// The body of an act that takes effect. The guards have seen to it that it leads somewhere.
    fn acted(
        &self,
        procedure: &Procedure,
        matter: &Matter,
        act: &Act,
        given: &Given,
        proposal: Option<u32>,
    ) -> Acted {
        let to = matter.destination(procedure, act, given);
        let upgraded = given.version.filter(|_| act.kind == ActKind::Upgrade);
        let upgraded = upgraded.and_then(|version| self.procedures.get(&matter.procedure, version));
        Acted {
            act: act.id.clone(),
            from: matter.stage.clone(),
            to: to.unwrap_or_else(|| matter.stage.clone()),
            proposal,
            given: given.clone(),
            made: act.makes.clone(),
            notices: crate::matter::sent(act),
            opens: act.opens.clone(),
            digest: upgraded.map(|procedure| procedure.digest.clone()),
        }
    }
}

/// Those who are present in the role that the act asks for.
fn present(act: &Act, context: &Context) -> Vec<Person> {
    let Some(together) = &act.together else {
        return Vec::new();
    };
    let others = context
        .with
        .iter()
        .filter(|actor| actor.roles.contains(&together.role));
    others.map(|actor| actor.person.clone()).collect()
}

fn event(
    matter: &str,
    seq: u32,
    context: &Context,
    role: String,
    with: Vec<Person>,
    body: EventBody,
) -> Event {
    Event {
        v: EVENT_VERSION,
        matter: matter.to_owned(),
        seq,
        recorded_at: context.now,
        happened: context.moment(),
        by: context.actor.person.clone(),
        role,
        with,
        body,
    }
}
