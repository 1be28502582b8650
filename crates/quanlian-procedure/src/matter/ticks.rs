//! What acts do to clocks: begin, end, stand still, go on, grow longer, be corrected, lapse.
//!
//! In:  an act and its event.
//! Out: the runs of the matter, changed.
//!
//! Invariant: a clock that runs already is not begun anew: the first start counts, which gives the earlier end.
//! Whether a pause or an extension changes the end is for the rule of the clock to say, not for this file.

use jiff::ToSpan;
use quanlian_law::Moment;

use super::{ClockRun, Granted, Matter, Pause, ReplayError, apply::impossible};
use crate::{
    event::{Event, FactValue, Given},
    procedure::{Act, Tick},
};

impl Matter {
    /// Ends and begins the clocks of an act.
    pub(super) fn tick(&mut self, act: &Act, event: &Event) {
        for tick in &act.stops {
            let moment = self.moment_of(tick, event.happened);
            for run in self
                .clocks
                .iter_mut()
                .filter(|run| run.clock == tick.clock && run.runs())
            {
                run.ended = Some(moment);
                run.ended_by = Some(event.seq);
                run.ended_on.clone_from(&tick.on);
            }
        }
        for tick in &act.starts {
            if self.running(&tick.clock).next().is_none() {
                self.clocks.push(ClockRun {
                    clock: tick.clock.clone(),
                    started: self.moment_of(tick, event.happened),
                    started_by: event.seq,
                    started_on: tick.on.clone(),
                    ended: None,
                    ended_by: None,
                    ended_on: None,
                    lapsed: None,
                    pauses: Vec::new(),
                    extensions: Vec::new(),
                });
            }
        }
    }

    /// The day of the fact that a tick names, or the moment of the act.
    pub(crate) fn moment_of(&self, tick: &Tick, happened: Moment) -> Moment {
        match tick.on.as_deref().and_then(|fact| self.fact(fact)) {
            Some(FactValue::Day(day)) => Moment::Day(*day),
            _ => happened,
        }
    }

    pub(super) fn suspend(&mut self, act: &Act, event: &Event, reason: &str) {
        self.suspended = Some(event.seq);
        let named = |run: &&mut ClockRun| act.suspends.is_empty() || act.suspends.contains(&run.clock);
        for run in self.clocks.iter_mut().filter(|run| run.runs()).filter(named) {
            run.pauses.push(Pause {
                from: event.happened.day(),
                to: None,
                reason: reason.to_owned(),
                by: event.seq,
                resumed_by: None,
            });
        }
    }

    /// The day on which a matter goes on is counted again; going on the same day leaves no pause.
    pub(super) fn resume(&mut self, event: &Event) {
        self.suspended = None;
        for run in &mut self.clocks {
            for pause in run.pauses.iter_mut().filter(|pause| pause.to.is_none()) {
                pause.to = event.happened.day().yesterday().ok();
                pause.resumed_by = Some(event.seq);
            }
            run.pauses
                .retain(|pause| pause.to.is_none_or(|to| pause.from <= to));
        }
    }

    pub(super) fn extend(&mut self, event: &Event, given: &Given) -> Result<(), ReplayError> {
        let (Some(clock), Some(length)) = (&given.clock, given.length) else {
            return Err(impossible(event, "no clock or no length is named"));
        };
        let mut runs = self
            .clocks
            .iter_mut()
            .filter(|run| run.clock == *clock && run.runs());
        let run = runs
            .next()
            .ok_or_else(|| impossible(event, "the clock did not run"))?;
        run.extensions.push(Granted {
            length,
            on: event.happened.day(),
            reason: given.reason.clone().unwrap_or_default(),
            granted_by: event.by.user.clone(),
        });
        Ok(())
    }

    /// Clocks that had to run out, and those that the act makes pointless: nobody is waited for any more.
    pub(super) fn drop_clocks(&mut self, act: &Act, moment: Moment) {
        let named = |run: &ClockRun| act.after.contains(&run.clock) || act.drops.contains(&run.clock);
        for run in self.clocks.iter_mut().filter(|run| run.runs() && named(run)) {
            run.lapsed = Some(moment);
        }
    }

    /// The matter has closed: what still runs will not be done any more.
    pub(super) fn lapse(&mut self, moment: Moment) {
        for run in self.clocks.iter_mut().filter(|run| run.runs()) {
            run.lapsed = Some(moment);
        }
    }

    /// A correction: new facts hold instead of those of the superseded event, and what that event began or ended
    /// began or ended at the new moment. The old event stays in the history.
    pub(super) fn correct(&mut self, event: &Event, given: &Given) -> Result<(), ReplayError> {
        let wrong = |what: &str| impossible(event, what);
        let superseded = given.supersedes.ok_or_else(|| wrong("no event is superseded"))?;
        let past = self.history.iter_mut().find(|past| past.seq == superseded);
        let past = past.ok_or_else(|| wrong("the superseded event is not there"))?;
        past.superseded_by.push(event.seq);
        if let Some(moment) = given.happened_instead {
            past.happened = moment;
            self.move_ticks(superseded, moment);
        }
        for (fact, value) in &given.facts {
            if let FactValue::Day(day) = value {
                self.move_ticks_on(superseded, fact, Moment::Day(*day));
            }
        }
        self.file(event.seq, &given.facts, &given.papers);
        Ok(())
    }

    /// What an event began, ended, suspended or resumed happened at another moment.
    pub(crate) fn move_ticks(&mut self, superseded: u32, moment: Moment) {
        for run in &mut self.clocks {
            if run.started_by == superseded && run.started_on.is_none() {
                run.started = moment;
            }
            if run.ended_by == Some(superseded) && run.ended_on.is_none() {
                run.ended = Some(moment);
            }
            for pause in &mut run.pauses {
                if pause.by == superseded {
                    pause.from = moment.day();
                }
                if pause.resumed_by == Some(superseded) {
                    pause.to = moment.day().checked_sub(1.day()).ok();
                }
            }
            run.pauses
                .retain(|pause| pause.to.is_none_or(|to| pause.from <= to));
        }
        if superseded == 1 {
            self.opened = moment;
        }
    }

    /// The day may have been stated by the superseded event and used by a later one.
    fn move_ticks_on(&mut self, superseded: u32, fact: &str, moment: Moment) {
        let stated = self.facts.get(fact).is_some_and(|stated| stated.by == superseded);
        for run in &mut self.clocks {
            if run.started_on.as_deref() == Some(fact) && (stated || run.started_by == superseded) {
                run.started = moment;
            }
            if run.ended_on.as_deref() == Some(fact) && (stated || run.ended_by == Some(superseded)) {
                run.ended = Some(moment);
            }
        }
    }
}
