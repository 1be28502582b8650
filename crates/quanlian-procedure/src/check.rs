//! The check of procedures: can each be walked, and does every name of the law stand in `law/`?
//!
//! In:  all procedures, the rules of law.
//! Out: [`CheckFinding`]s; none for what we ship, which a test and CI see to.
//!
//! Invariant: what is reachable is found by walking: an act counts only when a stage that it starts from is reached and
//! every paper that it asks for comes from outside or from an act that counts already.
//!
//! Not here: names inside one file (`load`).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::{
    RuleBook,
    rule::{Body, Rule},
};
use serde::Serialize;

use crate::{
    load::Procedures,
    procedure::{Act, ActKind, Clock, Procedure},
};

/// One fault of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CheckFinding {
    /// The procedure.
    pub procedure: String,
    /// Its version.
    pub version: u32,
    /// What kind of fault: one of [`FINDING_CODES`].
    pub code: &'static str,
    /// The stage, act, paper, clock or name that it is about.
    pub subject: String,
}

/// What the check finds, with what to do about it.
pub const FINDING_CODES: [(&str, &str); 13] = [
    (
        "unreachable_stage",
        "no act leads there; add one or remove the stage",
    ),
    (
        "dead_end",
        "no step leads on to an end; add one (a withdrawal does not count)",
    ),
    (
        "act_never_possible",
        "its stages are never reached or its papers never made; correct `from` or `papers`",
    ),
    (
        "paper_nobody_makes",
        "an act asks for it; let an act make it or mark it `outside`",
    ),
    (
        "law_paper_undeclared",
        "the rule asks for it; declare a [[paper]] with this id",
    ),
    (
        "unknown_law_rule",
        "law/ has no such rule; correct the id or give the clock a limit",
    ),
    (
        "law_rule_of_other_kind",
        "the rule is no period or no list of papers; name another",
    ),
    (
        "before_without_day",
        "a period that runs backwards starts from a day that a fact states; add `on`",
    ),
    ("clock_never_started", "no act starts it; remove it or start it"),
    ("clock_never_stopped", "no act that can follow stops it; add one"),
    (
        "unknown_procedure",
        "`opens` names a procedure that the folder does not have",
    ),
    ("unused", "nothing in the file uses it; remove it"),
    (
        "role_without_act",
        "nobody in this role can do or be told anything; remove it",
    ),
];

impl Procedures {
    /// Every fault of every procedure, in order; empty when all is well.
    pub fn check(&self, law: &RuleBook) -> Vec<CheckFinding> {
        let mut findings = BTreeSet::new();
        for procedure in self.iter() {
            let mut found = Vec::new();
            walk(procedure, law, &mut found);
            clocks(procedure, law, &mut found);
            unused(procedure, &mut found);
            let unknown = procedure
                .act
                .iter()
                .flat_map(|act| &act.opens)
                .filter(|id| !self.has(id));
            found.extend(unknown.map(|id| ("unknown_procedure", id.clone())));
            findings.extend(found.into_iter().map(|(code, subject)| CheckFinding {
                procedure: procedure.id.clone(),
                version: procedure.version,
                code,
                subject,
            }));
        }
        findings.into_iter().collect()
    }
}

type Found = Vec<(&'static str, String)>;

/// The papers that an act asks for, those of its rule of law among them.
fn papers_of<'a>(act: &'a Act, law: &'a RuleBook) -> Vec<&'a str> {
    let rule = act.papers_of_rule.as_deref().and_then(|rule| law.show(rule));
    let bodies = rule
        .into_iter()
        .flat_map(|rule| rule.versions.iter())
        .map(|version| &version.body);
    let listed = bodies.filter_map(|body| match body {
        Body::Papers(papers) => Some(
            papers
                .iter()
                .filter(|paper| paper.required)
                .map(|paper| paper.id.as_str()),
        ),
        _ => None,
    });
    act.papers
        .iter()
        .map(String::as_str)
        .chain(listed.flatten())
        .collect()
}

/// The stages from which an act starts.
fn starts_from<'a>(procedure: &'a Procedure, act: &'a Act) -> impl Iterator<Item = &'a str> {
    procedure
        .stage
        .iter()
        .map(|stage| stage.id.as_str())
        .filter(|stage| procedure.allows(act, stage))
}

fn walk(procedure: &Procedure, law: &RuleBook, found: &mut Found) {
    let outside = procedure
        .paper
        .iter()
        .filter(|paper| paper.outside)
        .map(|paper| paper.id.as_str());
    let mut papers: BTreeSet<&str> = outside.collect();
    let mut stages: BTreeSet<&str> = BTreeSet::new();
    let mut acts: BTreeSet<&str> = BTreeSet::new();
    // Each round adds an act or is the last, so there are no more rounds than acts.
    loop {
        let before = acts.len();
        for act in procedure
            .act
            .iter()
            .filter(|act| !acts.contains(act.id.as_str()))
            .collect::<Vec<_>>()
        {
            let starts =
                act.kind == ActKind::Open || starts_from(procedure, act).any(|stage| stages.contains(stage));
            if starts && papers_of(act, law).iter().all(|paper| papers.contains(paper)) {
                acts.insert(&act.id);
                papers.extend(act.makes.iter().map(String::as_str));
                stages.extend(act.to.as_deref());
            }
        }
        if acts.len() == before {
            break;
        }
    }
    let unreached = procedure
        .stage
        .iter()
        .filter(|stage| !stages.contains(stage.id.as_str()));
    found.extend(unreached.map(|stage| ("unreachable_stage", stage.id.clone())));
    let made: BTreeSet<&str> = procedure
        .act
        .iter()
        .flat_map(|act| &act.makes)
        .map(String::as_str)
        .collect();
    for act in &procedure.act {
        if !acts.contains(act.id.as_str()) {
            found.push(("act_never_possible", act.id.clone()));
        }
        for paper in papers_of(act, law) {
            match procedure.paper_of(paper) {
                None => found.push(("law_paper_undeclared", paper.to_owned())),
                Some(known) if !known.outside && !made.contains(paper) => {
                    found.push(("paper_nobody_makes", paper.to_owned()));
                }
                Some(_) => {}
            }
        }
        if let Some(rule) = &act.papers_of_rule {
            rule_is(
                law.show(rule),
                rule,
                |body| matches!(body, Body::Papers(_)),
                found,
            );
        }
    }
    let ends = to_an_end(procedure);
    let open = procedure
        .stage
        .iter()
        .filter(|stage| !procedure.is_closed(&stage.id));
    let dead = open.filter(|stage| !ends.contains(stage.id.as_str()));
    found.extend(dead.map(|stage| ("dead_end", stage.id.clone())));
}

/// Stages from which steps lead on to a closed stage.
fn to_an_end(procedure: &Procedure) -> BTreeSet<&str> {
    let closed = procedure
        .stage
        .iter()
        .map(|stage| stage.id.as_str())
        .filter(|stage| procedure.is_closed(stage));
    let mut ends: BTreeSet<&str> = closed.collect();
    loop {
        let before = ends.len();
        let steps = procedure
            .act
            .iter()
            .filter(|act| matches!(act.kind, ActKind::Step | ActKind::Transfer));
        for act in steps {
            if act.to.as_deref().is_some_and(|to| ends.contains(to)) {
                ends.extend(starts_from(procedure, act));
            }
        }
        if ends.len() == before {
            return ends;
        }
    }
}

fn rule_is(rule: Option<&Rule>, id: &str, fits: impl Fn(&Body) -> bool, found: &mut Found) {
    match rule {
        None => found.push(("unknown_law_rule", id.to_owned())),
        Some(rule) if !rule.versions.iter().all(|version| fits(&version.body)) => {
            found.push(("law_rule_of_other_kind", id.to_owned()));
        }
        Some(_) => {}
    }
}

fn clocks(procedure: &Procedure, law: &RuleBook, found: &mut Found) {
    let reach = forward(procedure);
    for clock in &procedure.clock {
        if let Some(rule) = &clock.rule {
            rule_is(law.show(rule), rule, |body| matches!(body, Body::Clock(_)), found);
        }
        let starting: Vec<&Act> = procedure
            .act
            .iter()
            .filter(|act| act.starts.iter().any(|tick| tick.clock == clock.id))
            .collect();
        if starting.is_empty() {
            found.push(("clock_never_started", clock.id.clone()));
        }
        if runs_backwards(clock, law) {
            let ticks = starting
                .iter()
                .flat_map(|act| &act.starts)
                .filter(|tick| tick.clock == clock.id);
            if ticks.into_iter().any(|tick| tick.on.is_none()) {
                found.push(("before_without_day", clock.id.clone()));
            }
        }
        let stopping: BTreeSet<&str> = procedure
            .act
            .iter()
            .filter(|act| act.stops.iter().any(|tick| tick.clock == clock.id) || ends(act, &clock.id))
            .flat_map(|act| starts_from(procedure, act))
            .collect();
        for act in starting {
            let after: Vec<&str> = act
                .to
                .as_deref()
                .map_or_else(|| starts_from(procedure, act).collect(), |to| vec![to]);
            let stops = |stage: &&str| {
                reach
                    .get(stage)
                    .is_some_and(|reached| !reached.is_disjoint(&stopping))
            };
            if !after.iter().all(stops) {
                found.push(("clock_never_stopped", clock.id.clone()));
            }
        }
    }
}

/// Whether a clock lapses with an act.
fn ends(act: &Act, clock: &str) -> bool {
    act.after.iter().chain(&act.drops).any(|id| id == clock)
}

fn runs_backwards(clock: &Clock, law: &RuleBook) -> bool {
    let rule = clock.rule.as_deref().and_then(|rule| law.show(rule));
    let mut versions = rule.into_iter().flat_map(|rule| &rule.versions);
    versions.any(|version| matches!(&version.body, Body::Clock(clock) if clock.before))
}

/// The stages that can follow each stage, itself among them.
fn forward(procedure: &Procedure) -> BTreeMap<&str, BTreeSet<&str>> {
    let ids = || procedure.stage.iter().map(|stage| stage.id.as_str());
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = ids().map(|id| (id, BTreeSet::from([id]))).collect();
    loop {
        let mut grown = false;
        for act in procedure.act.iter().filter(|act| act.kind != ActKind::Reopen) {
            let Some(to) = act.to.as_deref() else { continue };
            let beyond = reach.get(to).cloned().unwrap_or_default();
            for from in starts_from(procedure, act) {
                let own = reach.entry(from).or_default();
                let before = own.len();
                own.extend(beyond.iter().copied());
                grown |= own.len() > before;
            }
        }
        if !grown {
            return reach;
        }
    }
}

fn unused(procedure: &Procedure, found: &mut Found) {
    let acts = || procedure.act.iter();
    let ticks = acts()
        .flat_map(|act| act.starts.iter().chain(&act.stops))
        .filter_map(|tick| tick.on.as_deref());
    let needs = acts().flat_map(|act| &act.needs).map(|need| need.fact.as_str());
    let one_of = acts().flat_map(|act| &act.one_of).map(String::as_str);
    let facts: BTreeSet<&str> = ticks.chain(needs).chain(one_of).collect();
    let papers: BTreeSet<&str> = acts()
        .flat_map(|act| act.papers.iter().chain(&act.makes))
        .map(String::as_str)
        .collect();
    let chains: BTreeSet<&str> = acts().filter_map(|act| act.chain.as_deref()).collect();
    let by_law = acts().any(|act| act.papers_of_rule.is_some());
    // A fact that no guard asks for is no fault: it goes into statistics. One that says so in its name is rare enough.
    let idle_papers = procedure
        .paper
        .iter()
        .filter(|paper| !paper.outside && !papers.contains(paper.id.as_str()) && !by_law);
    found.extend(idle_papers.map(|paper| ("unused", paper.id.clone())));
    let idle_chains = procedure
        .chain
        .iter()
        .filter(|chain| !chains.contains(chain.id.as_str()));
    found.extend(idle_chains.map(|chain| ("unused", chain.id.clone())));
    let idle_days = procedure
        .fact
        .iter()
        .filter(|fact| fact.kind == crate::procedure::FactKind::Day && !facts.contains(fact.id.as_str()));
    found.extend(idle_days.map(|fact| ("unused", fact.id.clone())));
    let roles: BTreeSet<&str> = acts()
        .flat_map(|act| {
            act.roles
                .iter()
                .chain(act.together.as_ref().map(|together| &together.role))
        })
        .chain(procedure.chain.iter().flat_map(|chain| &chain.steps))
        .chain(acts().flat_map(|act| &act.notices).map(|notice| &notice.to))
        .chain(&procedure.suppliers)
        .map(String::as_str)
        .collect();
    let idle = procedure
        .role
        .iter()
        .filter(|role| !roles.contains(role.id.as_str()));
    found.extend(idle.map(|role| ("role_without_act", role.id.clone())));
}
