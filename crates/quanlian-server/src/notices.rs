//! Notices: who is told when an act says so, and before and after a clock runs out.
//!
//! In:  the events of a write; how the clocks of a matter stand at an instant.
//! Out: [`Notice`]s; those of clocks are put into inboxes by a look once a minute ([`look`]).
//!
//! Who is told of a clock stands in `policies/notices.toml`: before its end who handles the matter, after it again and again, each time
//! further up.
//!
//! Invariants: the same clocks at the same instant give the same notices; each has a key of matter, run and light, so that it is
//! told once however often somebody looks, also after the program was away. Windows (a right to ask) are nobody's duty.
//!
//! Not here: inboxes (`quanlian-store::matters::notices`), what leaves the platform (`telling`).

mod steps;

use std::{collections::BTreeSet, time::Duration};

use quanlian_procedure::{ClockView, Event, EventBody, Matter, Procedure, Sent};
use quanlian_record::calendar::WorkingCalendar;
use quanlian_record::{
    id::{MatterId, NoticeId},
    time::Timestamp,
};
use quanlian_store::{
    MatterStore as _, NoticeStore as _,
    matters::{AgencyCode, Code, notices::Notice},
};

pub(crate) use steps::Steps;

use crate::{
    api::{Problem, matters::step::Stored},
    platform::Platform,
    upkeep,
};

/// Between two looks at the clocks.
pub(crate) const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Clocks are looked at when their time is up within so many days; no light turns yellow earlier (a test compares).
const HORIZON_DAYS: i64 = 60;
const DAY_US: i64 = 86_400_000_000;
/// So many matters are asked for at once.
const PAGE: usize = 200;
/// The words for a clock.
const CLOCK_TEMPLATE: &str = "notice.clock";

/// The notices that the acts among some events send.
pub(crate) fn of_events(
    procedure: Option<&Procedure>,
    matter: &Matter,
    id: MatterId,
    events: &[Event],
    now: Timestamp,
) -> Result<Vec<Notice>, Problem> {
    let code = |text: &str| Code::parse(text).map_err(Problem::internal);
    let mut notices = Vec::new();
    for event in events {
        let sent: &[Sent] = match &event.body {
            EventBody::Opened(opened) => &opened.notices,
            EventBody::Acted(acted) => &acted.notices,
            _ => &[],
        };
        for (place, sent) in sent.iter().enumerate() {
            let (to_agency, to_role) = addressee(procedure, matter, &sent.to);
            notices.push(Notice {
                id: NoticeId::fresh(now),
                key: code(&format!("{id}/event/{}/{place}", event.seq))?,
                matter: id,
                to_agency: to_agency
                    .map(AgencyCode::parse)
                    .transpose()
                    .map_err(Problem::internal)?,
                to_role: to_role.map(code).transpose()?,
                template: code(&sent.template)?,
                about: None,
                light: None,
                made_at: now,
            });
        }
    }
    Ok(notices)
}

/// Agency and role behind the word of a procedure: a counterpart is its agency, a role is of the agency that the procedure says.
fn addressee<'a>(
    procedure: Option<&'a Procedure>,
    matter: &'a Matter,
    to: &'a str,
) -> (Option<&'a str>, Option<&'a str>) {
    let counterpart = |id: &str| matter.counterparts.get(id).map(String::as_str);
    let Some(role) = procedure.and_then(|procedure| procedure.role_of(to)) else {
        // A counterpart that nobody named yet is nobody; then the agency that runs the matter is told.
        return (Some(counterpart(to).unwrap_or(&matter.agency)), None);
    };
    match role.agency.as_str() {
        "own" => (Some(&matter.agency), Some(to)),
        "any" => (None, Some(to)),
        other => (Some(counterpart(other).unwrap_or(&matter.agency)), Some(to)),
    }
}

/// By what a clock is judged.
#[derive(Clone, Copy)]
pub(crate) struct Judging<'a> {
    pub(crate) steps: &'a Steps,
    pub(crate) calendar: &'a WorkingCalendar,
}

/// The notices that clocks are due to give as they stand.
pub(crate) fn of_clocks(
    judging: Judging<'_>,
    procedure: Option<&Procedure>,
    matter: &Matter,
    id: MatterId,
    clocks: &[ClockView],
    now: Timestamp,
) -> Result<Vec<Notice>, Problem> {
    let code = |text: &str| Code::parse(text).map_err(Problem::internal);
    let mut notices = Vec::new();
    for view in clocks {
        let clock = procedure.and_then(|procedure| procedure.clock_of(&view.clock));
        if clock.is_none_or(|clock| clock.window) {
            continue;
        }
        let reached = judging.steps.reached(view, judging.calendar, now);
        for (light, role) in reached
            .iter()
            .flat_map(|step| step.to.iter().map(|role| (&step.light, role)))
        {
            notices.push(Notice {
                id: NoticeId::fresh(now),
                key: code(&format!("{id}/{}/{}/{light}/{role}", view.clock, view.started_by))?,
                matter: id,
                to_agency: Some(AgencyCode::parse(&matter.agency).map_err(Problem::internal)?),
                to_role: Some(role.clone()),
                template: code(CLOCK_TEMPLATE)?,
                about: Some(code(&view.clock)?),
                light: Some(light.clone()),
                made_at: now,
            });
        }
    }
    Ok(notices)
}

/// Looks at every clock that is soon due or overdue; how many notices are new.
pub(crate) async fn look(platform: &Platform) -> Result<u64, Problem> {
    let now = platform.now();
    let until = Timestamp::from_unix_micros(now.unix_micros().saturating_add(HORIZON_DAYS * DAY_US))
        .map_err(Problem::internal)?;
    let steps = platform.steps();
    let last = steps
        .last()
        .ok_or_else(|| Problem::internal("no clock is ever told"))?;
    let judging = Judging {
        steps,
        calendar: platform.law().calendar(),
    };
    let (mut after, mut made) = (None, 0);
    loop {
        let page = platform.store().with_clocks_due(until, last, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(made);
        };
        after = Some(last.id);
        for found in &page {
            let scope = upkeep::as_owner(found.owner.clone(), now)?;
            let Some(matter) = platform.store().matter(&scope, found.id).await? else {
                continue;
            };
            let Some(stored) = Stored::load(platform, &scope, &matter.row).await? else {
                continue;
            };
            let matter = &stored.matter;
            let clocks = platform.engine().clocks(matter, now);
            let clocks = clocks.map_err(|error| Problem::internal(format!("{error:?}")))?;
            let procedure = platform.procedures().get(&matter.procedure, matter.version);
            let notices = of_clocks(judging, procedure, matter, found.id, &clocks, now)?;
            made += platform.store().notify(&notices).await?;
            tokio::task::yield_now().await;
        }
    }
}

/// What somebody may want to be told of or not: lights, and the words of acts.
pub(crate) fn kinds(platform: &Platform) -> BTreeSet<String> {
    let procedures = platform.procedures().iter();
    let acts = procedures.flat_map(|procedure| procedure.act.iter().flat_map(|act| &act.notices));
    let acts = acts.map(|notice| notice.template.clone());
    acts.chain(platform.steps().lights().map(ToString::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use quanlian_procedure::Procedures;

    use super::*;

    #[test]
    fn no_light_turns_yellow_before_its_clock_is_looked_at() {
        for procedure in Procedures::embedded().into_iter().flat_map(|all| {
            let all: Vec<Procedure> = all.iter().cloned().collect();
            all
        }) {
            let lights = procedure.clock.iter().filter_map(|clock| clock.lights);
            for lights in lights.chain([procedure.lights]) {
                assert!(
                    i64::from(lights.yellow_days) + 1 < HORIZON_DAYS,
                    "{}",
                    procedure.id
                );
            }
        }
    }
}
