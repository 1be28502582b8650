//! Refusals that say everything that is missing at once (一次性告知).
//!
//! In:  what the guards found.
//! Out: [`Refusal`]: stable codes and ids, and words in both languages from `procedures/messages.toml`.
//!
//! Invariant: no sentence stands in Rust; each [`LackCode`] has exactly one message, and loading fails otherwise.

use std::fmt;

use quanlian_law::Text;
use serde::Serialize;

/// Why something cannot be done, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("`{act}` cannot be done: {}", codes(lacks))]
pub struct Refusal {
    /// What was asked for: the id of an act, or `supply`, `endorse`, `reject`.
    pub act: String,
    /// Everything that stands in the way; never empty.
    pub lacks: Vec<Lack>,
}

impl Refusal {
    pub(crate) fn new(act: &str, lacks: Vec<Lack>) -> Self {
        Self {
            act: act.to_owned(),
            lacks,
        }
    }

    pub(crate) fn one(act: &str, lack: Lack) -> Self {
        Self::new(act, vec![lack])
    }

    /// The stable name of the first lack, for programs.
    pub fn code(&self) -> &'static str {
        self.lacks
            .first()
            .map_or("procedure_refused", |lack| lack.code.name())
    }

    /// Whether something of this kind is among what is missing.
    pub fn lacks(&self, code: LackCode) -> bool {
        self.lacks.iter().any(|lack| lack.code == code)
    }
}

fn codes(lacks: &[Lack]) -> String {
    lacks.iter().map(Lack::to_string).collect::<Vec<_>>().join(", ")
}

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lack {
    /// What kind of thing; also the key of its message (`lack.fact_missing`).
    pub code: LackCode,
    /// Which one: the id of a fact, paper, role, stage, clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// What would do instead: ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wanted: Vec<String>,
}

impl Lack {
    pub(crate) fn new(code: LackCode) -> Self {
        Self {
            code,
            subject: None,
            name: None,
            wanted: Vec::new(),
        }
    }

    /// What a person gave is cut to what an answer can carry.
    pub(crate) fn of(code: LackCode, subject: &str) -> Self {
        Self {
            subject: Some(subject.chars().take(200).collect()),
            ..Self::new(code)
        }
    }

    pub(crate) fn named(code: LackCode, subject: &str, name: &Text) -> Self {
        Self {
            name: Some(name.clone()),
            ..Self::of(code, subject)
        }
    }

    pub(crate) fn wanting<'a>(mut self, wanted: impl IntoIterator<Item = &'a str>) -> Self {
        self.wanted = wanted.into_iter().map(str::to_owned).collect();
        self
    }

    /// The key of its message.
    pub fn key(&self) -> String {
        format!("lack.{}", self.code.name())
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        match &self.subject {
            Some(subject) => write!(f, " ({subject})"),
            None => Ok(()),
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of thing stands in the way. Names are never reworded and never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[non_exhaustive]
        pub enum LackCode {$(
            $(#[$doc])*
            #[serde(rename = $text)]
            $name,
        )*}

        impl LackCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self {$(Self::$name => $text,)*}
            }
        }
    };
}

codes! {
    /// The procedure has no such act.
    ActUnknown = "act_unknown",
    /// No such procedure or version is loaded.
    ProcedureUnknown = "procedure_unknown",
    /// The act cannot be done in this stage.
    WrongStage = "wrong_stage",
    /// The matter is closed.
    MatterClosed = "matter_closed",
    /// The matter stands still.
    MatterSuspended = "matter_suspended",
    /// The matter does not stand still.
    NotSuspended = "not_suspended",
    /// The matter has as many events as a matter may have.
    MatterFull = "matter_full",
    /// The person holds none of the roles.
    RoleMissing = "role_missing",
    /// The person belongs to another agency.
    WrongAgency = "wrong_agency",
    /// The person has acted in a role that must be another person's.
    SamePerson = "same_person",
    /// Another person must be present.
    PersonMissing = "person_missing",
    /// A fact is not on file.
    FactMissing = "fact_missing",
    /// A fact is on file and is not as the act asks.
    FactNotSo = "fact_not_so",
    /// None of several facts is on file.
    NoneOfFacts = "none_of_facts",
    /// The procedure knows no such fact.
    FactUnknown = "fact_unknown",
    /// The value is of another kind.
    FactKind = "fact_kind",
    /// A paper is not on file.
    PaperMissing = "paper_missing",
    /// An act has made a paper, and nobody has put it on file.
    PaperNotFiled = "paper_not_filed",
    /// The procedure knows no such paper.
    PaperUnknown = "paper_unknown",
    /// The law lists no papers on that day.
    PapersRuleMissing = "papers_rule_missing",
    /// Nobody has said which agency it is.
    CounterpartMissing = "counterpart_missing",
    /// The procedure knows no such counterpart.
    CounterpartUnknown = "counterpart_unknown",
    /// The counterpart is another agency; a transfer changes it.
    CounterpartFixed = "counterpart_fixed",
    /// No reason is given.
    ReasonMissing = "reason_missing",
    /// No stage is given to return to.
    ToStageMissing = "to_stage_missing",
    /// The stage cannot be returned to.
    ToStageNotAllowed = "to_stage_not_allowed",
    /// No agency is given.
    AgencyMissing = "agency_missing",
    /// The agency has the matter already.
    AgencySame = "agency_same",
    /// The agency does not handle the matter jointly.
    AgencyNotJoint = "agency_not_joint",
    /// No member matter is given.
    MemberMissing = "member_missing",
    /// The matter is a member already.
    MemberTwice = "member_twice",
    /// The matter is no member.
    MemberUnknown = "member_unknown",
    /// No clock is given.
    ClockMissing = "clock_missing",
    /// The clock does not run.
    ClockNotRunning = "clock_not_running",
    /// The clock cannot be made longer, or not by so much.
    ExtensionNotAllowed = "extension_not_allowed",
    /// No length is given.
    LengthMissing = "length_missing",
    /// No event is given to supersede.
    SupersededMissing = "superseded_missing",
    /// There is no such event, or it cannot be superseded.
    SupersededUnknown = "superseded_unknown",
    /// No version is given.
    VersionMissing = "version_missing",
    /// The version is not loaded, or is the one that the matter has.
    VersionUnknown = "version_unknown",
    /// The version lacks something that the matter needs: its stage, a running clock.
    VersionLacks = "version_lacks",
    /// The act would have happened in the future.
    InFuture = "in_future",
    /// The act would have happened before the matter was opened.
    BeforeOpening = "before_opening",
    /// The act would end a clock before it began.
    BeforeClock = "before_clock",
    /// The matter would stand still twice on one day, or go on before it stood still.
    SuspensionOverlaps = "suspension_overlaps",
    /// The clock has not run out yet, or nobody can tell whether it has.
    ClockRunsStill = "clock_runs_still",
    /// The time given lies before that of the last event.
    ClockWentBack = "clock_went_back",
    /// The same act is proposed already.
    ProposedAlready = "proposed_already",
    /// There is no such open proposal.
    ProposalUnknown = "proposal_unknown",
    /// Nothing is given.
    NothingGiven = "nothing_given",
    /// A part that this act does not take.
    NotTaken = "not_taken",
    /// A text or list is empty or too long.
    Limit = "limit",
}
