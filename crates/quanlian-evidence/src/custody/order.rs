//! Order: which act can follow which, who holds the item, and where custody has gaps.
//!
//! In:  the acts of one item, one after the other.
//! Out: its [`Standing`] after each, an [`OrderProblem`] where an act cannot follow, [`Gap`]s.
//!
//! Invariant: an act that cannot follow is refused, unless the line itself says why it was done all
//! the same; then it is shown as irregular and the standing follows what was in fact done.
//!
//! Not here: what a line says ([`super::act`]), who signed it ([`super::signing`]).

use std::fmt;

use serde::Serialize;

use super::{
    Act, CustodyLine,
    act::{Attestation, Role},
};

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// Whether it is here.
    pub place: Place,
    /// Whether it is closed against change.
    pub is_sealed: bool,
    /// Who holds it, as the lines name them.
    pub holder: Option<String>,
    /// Whether anything but taking in, depositing and bundling was done.
    pub is_handled: bool,
}

/// Whether an item is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Not taken in yet.
    #[default]
    Elsewhere,
    /// In custody.
    Held,
    /// Given back.
    Returned,
}

/// Why an act cannot follow those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderProblem {
    /// Nothing can be done with what was not taken in.
    #[error("the item was not collected")]
    NotCollected,
    /// What was given back must be taken in anew first.
    #[error("the item was returned")]
    Returned,
    /// A seal must be broken before anything is done inside.
    #[error("the item is sealed; record that it was opened first")]
    Sealed,
    /// There is no seal to break.
    #[error("the item is not sealed, so there is nothing to open")]
    NotSealed,
    /// Whoever gives the item away is not the one who holds it.
    #[error("the item is held by somebody else; nobody can hand over what they do not hold")]
    NotHolder,
    /// It is in custody already, and more than taking in was done with it.
    #[error("the item is in custody already")]
    CollectedAlready,
}

impl OrderProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotCollected => "custody_order_not_collected",
            Self::Returned => "custody_order_returned",
            Self::Sealed => "custody_order_sealed",
            Self::NotSealed => "custody_order_not_sealed",
            Self::NotHolder => "custody_order_not_holder",
            Self::CollectedAlready => "custody_order_collected_already",
        }
    }
}

/// Something in a chain that an opponent will ask about. It is no proof of a wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The number of the line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: GapKind,
    /// The names, times or reasons it is about.
    pub detail: String,
}

/// Kinds of [`Gap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The one who gave the item away is not the one who held it.
    GiverIsNotHolder,
    /// The one who acted is not the one who held it.
    ActorIsNotHolder,
    /// The line is older than the one before, by the clock of the machine.
    TimeRunsBack,
    /// An act out of order, with its reason.
    Irregular,
    /// A party signed on paper.
    OnPaper,
    /// A party did not sign.
    Unsigned,
}

impl GapKind {
    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::GiverIsNotHolder => "giver_is_not_holder",
            Self::ActorIsNotHolder => "actor_is_not_holder",
            Self::TimeRunsBack => "time_runs_back",
            Self::Irregular => "irregular",
            Self::OnPaper => "on_paper",
            Self::Unsigned => "unsigned",
        }
    }
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Standing {
    /// Whether `line` can follow, or says itself why it does all the same.
    pub fn allows(&self, line: &CustodyLine) -> Result<(), OrderProblem> {
        let explains_itself = line
            .record
            .as_ref()
            .is_some_and(|record| record.irregular.is_some());
        match self.problem_with(line) {
            Some(problem) if !explains_itself => Err(problem),
            _ => Ok(()),
        }
    }

    /// Why `line` cannot follow, if it cannot.
    pub fn problem_with(&self, line: &CustodyLine) -> Option<OrderProblem> {
        use OrderProblem as Problem;
        let is_holder = self.holder.as_ref().is_none_or(|holder| *holder == line.actor);
        match (line.act, self.place) {
            // The copy in the store can be bundled whatever became of the item.
            (Act::Bundled, Place::Held | Place::Returned)
            | (Act::Collected, Place::Elsewhere | Place::Returned)
            | (Act::Deposited, Place::Held) => None,
            (_, Place::Elsewhere) => Some(Problem::NotCollected),
            (_, Place::Returned) => Some(Problem::Returned),
            // A person may describe what the program noted, before anything else is done.
            (Act::Collected, Place::Held) => self.is_handled.then_some(Problem::CollectedAlready),
            (Act::Sealed | Act::Copied | Act::Analysed, Place::Held) => {
                self.is_sealed.then_some(Problem::Sealed)
            }
            (Act::Opened, Place::Held) => (!self.is_sealed).then_some(Problem::NotSealed),
            (Act::HandedOver | Act::Returned, Place::Held) => (!is_holder).then_some(Problem::NotHolder),
        }
    }

    /// The standing after `line`.
    pub fn take_in(&mut self, line: &CustodyLine) {
        let name_of = |role| {
            let record = line.record.as_ref()?;
            let party = record.parties.iter().find(|party| party.role == role)?;
            Some(party.name.clone())
        };
        match line.act {
            Act::Collected => {
                self.place = Place::Held;
                self.is_sealed = false;
                self.is_handled = false;
                self.holder = Some(line.actor.clone());
            }
            Act::Sealed => self.is_sealed = true,
            Act::Opened => self.is_sealed = false,
            Act::HandedOver => {
                self.place = Place::Held;
                self.holder = name_of(Role::Receiver);
            }
            Act::Returned => {
                self.place = Place::Returned;
                self.holder = name_of(Role::Receiver);
            }
            Act::Deposited | Act::Bundled | Act::Copied | Act::Analysed => {}
        }
        self.is_handled |= !matches!(line.act, Act::Collected | Act::Deposited | Act::Bundled);
    }

    /// What is odd about `line` where it follows this standing and `before`.
    fn gaps_at(&self, number: usize, line: &CustodyLine, before: Option<&CustodyLine>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut add = |kind, detail: String| {
            gaps.push(Gap {
                line: number,
                kind,
                detail,
            });
        };
        if let Some(before) = before.filter(|before| before.at > line.at) {
            add(GapKind::TimeRunsBack, format!("{} < {}", line.at, before.at));
        }
        if let Some(reason) = line.record.as_ref().and_then(|record| record.irregular.clone()) {
            add(GapKind::Irregular, reason);
        }
        let changes_hands = matches!(line.act, Act::HandedOver | Act::Returned);
        let is_of_people = line.record.is_some() && line.act != Act::Collected;
        if let Some(holder) = self
            .holder
            .as_ref()
            .filter(|holder| is_of_people && **holder != line.actor)
        {
            let kind = if changes_hands {
                GapKind::GiverIsNotHolder
            } else {
                GapKind::ActorIsNotHolder
            };
            add(kind, format!("{} ≠ {holder}", line.actor));
        }
        let parties = line.record.iter().flat_map(|record| &record.parties);
        for (party, attestation) in parties.zip(&line.attestations) {
            match attestation {
                Attestation::Paper { scan, .. } => add(GapKind::OnPaper, format!("{}: {scan}", party.name)),
                Attestation::Unsigned { reason, .. } => {
                    add(GapKind::Unsigned, format!("{}: {reason}", party.name));
                }
                Attestation::Signed { .. } => {}
            }
        }
        gaps
    }
}

/// Where the item stands after all of `acts`, and every gap on the way.
pub fn follow(acts: &[CustodyLine]) -> (Standing, Vec<Gap>) {
    let mut standing = Standing::default();
    let mut gaps = Vec::new();
    let mut before = None;
    for (at, line) in acts.iter().enumerate() {
        gaps.extend(standing.gaps_at(at + 1, line, before));
        standing.take_in(line);
        before = Some(line);
    }
    (standing, gaps)
}
