//! What is counted of one matter.
//!
//! In:  the matter, its procedure, how its clocks stand.
//! Out: [`Measure`]s: its opening, its stays in stages, its closing, acts, duties with their days, facts.
//!
//! Invariants: the same matter gives the same measures in the same order. A clock that runs is kept with the first instant
//! that is too late, so that nobody has to look at it again for it to be overdue. A number of days that would be less than
//! none, because a correction put an end before its beginning, is not known.
//!
//! Not here: windows (a right to ask is no duty), words and texts of a matter.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, Unit};
use quanlian_law::RuleBook;
use quanlian_procedure::{
    ClockState, ClockView, ClocksError, Engine, FactValue, Light, Matter, Procedure, Procedures, StageKind,
};
use quanlian_record::time::{Day, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::definition::Subject;

/// Counts up when this file measures otherwise.
const MEASURES_VERSION: u32 = 3;

/// States of clocks, by the word under which they are kept.
pub mod clock_state {
    /// It runs; overdue from its due instant on.
    pub const RUNNING: &str = "running";
    /// It stands still.
    pub const SUSPENDED: &str = "suspended";
    /// Its end cannot be told.
    pub const UNDETERMINED: &str = "undetermined";
    /// Done in time.
    pub const MET: &str = "met";
    /// Done too late.
    pub const MET_LATE: &str = "met_late";
    /// Done, and whether in time cannot be told.
    pub const MET_UNCLEAR: &str = "met_unclear";
    /// The matter closed or went on without it, in time.
    pub const LAPSED: &str = "lapsed";
    /// The matter closed or went on without it when its time was up.
    pub const LAPSED_LATE: &str = "lapsed_late";
    /// The matter closed or went on without it, and whether in time cannot be told.
    pub const LAPSED_UNCLEAR: &str = "lapsed_unclear";

    /// All of them.
    pub const ALL: [&str; 9] = [
        RUNNING,
        SUSPENDED,
        UNDETERMINED,
        MET,
        MET_LATE,
        MET_UNCLEAR,
        LAPSED,
        LAPSED_LATE,
        LAPSED_UNCLEAR,
    ];
}

/// One thing that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What it is of.
    pub of: Subject,
    /// Which stage, act, clock or fact.
    pub name: String,
    /// The kind of the stage, the outcome, the state of the clock.
    pub state: Option<String>,
    /// When it began.
    pub from: Option<Day>,
    /// When it ended.
    pub until: Option<Day>,
    /// The first instant that is too late.
    pub due: Option<Timestamp>,
    /// Days, how often, or the value of a fact.
    pub value: Option<i64>,
}

/// A word for the rules by which measures are made: this program's way, the rules of law, the procedures.
pub fn basis(law: &RuleBook, procedures: &Procedures) -> String {
    let mut digest = Sha256::new();
    digest.update(MEASURES_VERSION.to_be_bytes());
    digest.update(law.rule_book_version());
    for procedure in procedures.iter() {
        digest.update(&procedure.digest);
    }
    format!("{MEASURES_VERSION}-{}", hex::encode(&digest.finalize()[..16]))
}

/// What is counted of a matter, as its clocks stand at an instant.
pub fn measures(
    engine: &Engine<'_>,
    procedures: &Procedures,
    matter: &Matter,
    now: Timestamp,
) -> Result<Vec<Measure>, ClocksError> {
    let procedure = procedures.get(&matter.procedure, matter.version);
    let stages = Stages { procedures, matter };
    let mut all = Vec::new();
    stays(&stages, &mut all);
    acts(matter, &mut all);
    proposals(procedure, matter, &mut all);
    for view in engine.clocks(matter, now)? {
        let is_window = procedure
            .and_then(|procedure| procedure.clock_of(&view.clock))
            .is_some_and(|clock| clock.window);
        if !is_window {
            all.push(of_clock(matter, &view));
        }
    }
    for (name, stated) in &matter.facts {
        let value = match stated.value {
            FactValue::Flag(flag) => i64::from(flag),
            FactValue::Count(number) | FactValue::Fen(number) => number,
            FactValue::Day(_) | FactValue::Text(_) => continue,
        };
        all.push(Measure {
            value: Some(value),
            ..bare(Subject::Fact, name)
        });
    }
    Ok(all)
}

/// The proposals that wait, each for the role whose step of the chain is next.
fn proposals(procedure: Option<&Procedure>, matter: &Matter, all: &mut Vec<Measure>) {
    for (number, proposal) in &matter.proposals {
        let chain = procedure.and_then(|procedure| {
            let act = procedure.act_of(&proposal.act)?;
            let id = act.chain.as_deref()?;
            procedure.chain.iter().find(|chain| chain.id == id)
        });
        // Who proposed took the first step.
        let next = chain.and_then(|chain| chain.steps.get(proposal.endorsed.len() + 1));
        if let Some(next) = next {
            let past = matter.history.iter().find(|past| past.seq == *number);
            all.push(Measure {
                state: Some(proposal.act.clone()),
                from: past.map(|past| past.happened.day()),
                value: Some(i64::from(*number)),
                ..bare(Subject::Proposal, next)
            });
        }
    }
}

pub(crate) fn bare(of: Subject, name: &str) -> Measure {
    Measure {
        of,
        name: name.to_owned(),
        state: None,
        from: None,
        until: None,
        due: None,
        value: None,
    }
}

/// Looks a stage up in the matter's own version of the procedure, then in earlier ones: it may have moved to a version that
/// has the stage no more.
struct Stages<'a> {
    procedures: &'a Procedures,
    matter: &'a Matter,
}

impl Stages<'_> {
    fn kind(&self, stage: &str) -> (StageKind, Option<String>) {
        let id = &self.matter.procedure;
        let versions = (1..=self.matter.version)
            .rev()
            .filter_map(|version| self.procedures.get(id, version));
        let found = versions
            .into_iter()
            .find_map(|procedure: &Procedure| procedure.stage_of(stage));
        found.map_or((StageKind::Working, None), |stage| {
            (stage.kind, stage.outcome.clone())
        })
    }
}

/// The opening, each stay in a stage, and the closing that stands.
fn stays(stages: &Stages<'_>, all: &mut Vec<Measure>) {
    let matter = stages.matter;
    let opened = matter.opened.day();
    let mut entries: Vec<(&str, Day)> = Vec::new();
    for past in &matter.history {
        if entries.last().is_none_or(|(stage, _)| *stage != past.stage) {
            let day = if entries.is_empty() {
                opened
            } else {
                past.happened.day()
            };
            entries.push((&past.stage, day));
        }
    }
    for (at, (stage, from)) in entries.iter().enumerate() {
        let until = entries.get(at + 1).map(|(_, day)| *day);
        if at == 0 {
            all.push(Measure {
                from: Some(opened),
                ..bare(Subject::Open, stage)
            });
        }
        let (kind, outcome) = stages.kind(stage);
        let word = match kind {
            StageKind::Working => "working",
            StageKind::Waiting => "waiting",
            StageKind::Closed if until.is_none() => {
                all.push(Measure {
                    state: outcome,
                    from: Some(opened),
                    until: Some(*from),
                    value: days(opened, *from),
                    ..bare(Subject::Close, stage)
                });
                continue;
            }
            // It was opened again.
            StageKind::Closed => continue,
        };
        all.push(Measure {
            state: Some(word.to_owned()),
            from: Some(*from),
            until,
            value: until.and_then(|until| days(*from, until)),
            ..bare(Subject::Stay, stage)
        });
    }
}

/// Calendar days from one to another; nothing when the other lies before.
fn days(from: Day, until: Day) -> Option<i64> {
    let span = from.until((Unit::Day, until)).ok()?;
    Some(i64::from(span.get_days())).filter(|days| *days >= 0)
}

/// Each act once: first, last, how often.
fn acts(matter: &Matter, all: &mut Vec<Measure>) {
    let mut done: BTreeMap<&str, (Day, Day, i64)> = BTreeMap::new();
    let took_effect = matter
        .history
        .iter()
        .filter(|past| matches!(past.what, "opened" | "acted"));
    for past in took_effect {
        let Some(act) = &past.act else { continue };
        let day = past.happened.day();
        let entry = done.entry(act).or_insert((day, day, 0));
        *entry = (entry.0.min(day), entry.1.max(day), entry.2 + 1);
    }
    for (act, (first, last, count)) in done {
        all.push(Measure {
            from: Some(first),
            until: Some(last),
            value: Some(count),
            ..bare(Subject::Act, act)
        });
    }
}

fn of_clock(matter: &Matter, view: &ClockView) -> Measure {
    use clock_state as word;
    let state = match view.state {
        ClockState::Running | ClockState::Overdue | ClockState::Expired => word::RUNNING,
        ClockState::Suspended => word::SUSPENDED,
        ClockState::Undetermined => word::UNDETERMINED,
        ClockState::Met => word::MET,
        ClockState::MetLate => word::MET_LATE,
        ClockState::MetUnclear => word::MET_UNCLEAR,
        ClockState::Lapsed => match view.light {
            Light::Red => word::LAPSED_LATE,
            Light::Yellow => word::LAPSED_UNCLEAR,
            Light::Off | Light::Green => word::LAPSED,
        },
    };
    let mut runs = matter
        .clocks
        .iter()
        .filter(|run| run.clock == view.clock && run.started_by == view.started_by);
    let lapsed = runs.find_map(|run| run.lapsed);
    Measure {
        state: Some(state.to_owned()),
        from: Some(view.started.day()),
        until: view.ended.or(lapsed).map(quanlian_law::Moment::day),
        due: too_late(view),
        value: Some(view.overdue_days),
        ..bare(Subject::Clock, &view.clock)
    }
}

/// The first instant that is too late.
fn too_late(view: &ClockView) -> Option<Timestamp> {
    if let Some(at) = view.due_at {
        return Timestamp::from_unix_micros(at.unix_micros().checked_add(1)?).ok();
    }
    let next = view.due_on?.checked_add(1.day()).ok()?;
    Timestamp::start_of_legal_day(next).ok()
}
