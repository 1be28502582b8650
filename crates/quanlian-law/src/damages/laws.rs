//! Which laws measure an infringement: by right, place and time.
//!
//! In:  the right, the days of the infringement, the place.
//! Out: [`Selection`]: every version that comes into question, oldest first, and which one governs.
//!
//! Invariant: a civil act is judged by the law of its time. Where it straddles a change, the later
//! version governs only if a rule on time that is in the files says so; otherwise all stay open.

use quanlian_record::time::Day;

use super::{
    Case,
    answer::{Cited, Governs},
    cited,
    method::WaySource,
    rule::{DamagesRule, LicenceFacts, PunitiveRule},
    sheet::{DamagesError, unknown},
};
use crate::{
    assess::OpenPoint,
    load::Parsed,
    rule::{Body, Rule, Version},
    text::{Text, key},
};

/// A rule with the version that is looked at and what it says.
pub(super) struct Dated<'a, T> {
    pub(super) rule: &'a Rule,
    pub(super) version: &'a Version,
    pub(super) body: &'a T,
}

// Three references, whatever `T` is; a derive would ask for `T: Copy`.
impl<T> Clone for Dated<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Dated<'_, T> {}

/// A law, alone or with a regulation of the place.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) law: Dated<'a, DamagesRule>,
    pub(super) overlay: Option<Dated<'a, DamagesRule>>,
    pub(super) governs: Governs,
}

impl Candidate<'_> {
    /// Row of the law, and of the regulation that adds to it.
    pub(super) fn id(&self) -> String {
        let row = |dated: &Dated<'_, DamagesRule>| {
            dated
                .body
                .row
                .clone()
                .unwrap_or_else(|| format!("{}@{}", dated.rule.id, dated.version.from))
        };
        match &self.overlay {
            Some(overlay) => format!("{}+{}", row(&self.law), row(overlay)),
            None => row(&self.law),
        }
    }
}

/// What comes into question.
pub(super) struct Selection<'a> {
    pub(super) candidates: Vec<Candidate<'a>>,
    pub(super) interpretations: Vec<Dated<'a, PunitiveRule>>,
    pub(super) ways: Vec<WaySource<'a>>,
    /// General clauses that are cited and compute nothing.
    pub(super) clauses: Vec<Dated<'a, DamagesRule>>,
    pub(super) why: Text,
    pub(super) time_rules: Vec<Cited>,
    pub(super) open: Vec<OpenPoint>,
}

fn damages_rules(law: &Parsed) -> impl Iterator<Item = Dated<'_, DamagesRule>> {
    law.rules.values().flat_map(|rule| {
        rule.versions
            .iter()
            .filter_map(move |version| match &version.body {
                Body::Damages(body) => Some(Dated {
                    rule,
                    version,
                    body: body.as_ref(),
                }),
                _ => None,
            })
    })
}

/// The facts that a licence value of a trade secret is made of, on a day.
pub(super) fn licence_facts(law: &Parsed, on: Day) -> Option<&LicenceFacts> {
    let mut in_force = damages_rules(law).filter(|dated| dated.version.in_force(on));
    in_force.find_map(|dated| dated.body.licence_value.as_ref())
}

fn in_force_between(version: &Version, from: Day, to: Day) -> bool {
    version.from <= to && version.to.is_none_or(|end| from <= end)
}

/// Refuses a place that no rule is about.
pub(super) fn check_place(law: &Parsed, place: Option<&str>) -> Result<(), DamagesError> {
    let Some(place) = place else { return Ok(()) };
    let fines = law
        .rules
        .values()
        .flat_map(|rule| &rule.versions)
        .filter_map(|version| match &version.body {
            Body::AdministrativeFine(fine) => fine.place.as_deref(),
            _ => None,
        });
    let mut known: Vec<&str> = damages_rules(law)
        .filter_map(|dated| dated.body.place.as_deref())
        .chain(fines)
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&place) {
        Ok(())
    } else {
        Err(unknown("place", place, &known))
    }
}

pub(super) fn select<'a>(law: &'a Parsed, case: &Case<'_>) -> Selection<'a> {
    let (from, to) = (case.began_on(), case.ended_on());
    let mut selection = Selection {
        candidates: Vec::new(),
        interpretations: interpretations(law, to, case.judged_on),
        ways: Vec::new(),
        clauses: Vec::new(),
        why: Text::default(),
        time_rules: Vec::new(),
        open: Vec::new(),
    };
    let about: Vec<_> = damages_rules(law)
        .filter(|dated| dated.body.rights.contains(&case.right))
        .collect();
    let mut laws: Vec<_> = about
        .iter()
        .copied()
        .filter(|dated| !dated.body.methods.is_empty() && in_force_between(dated.version, from, to))
        .collect();
    laws.sort_by_key(|dated| (dated.version.from, &dated.rule.id));
    // How an amount is computed is asked at judgment; which method may be used is asked of the act.
    for dated in about
        .iter()
        .filter(|dated| dated.body.methods.is_empty() && dated.version.in_force(case.judged_on))
    {
        let (rule, version) = (dated.rule, dated.version);
        selection
            .ways
            .extend(dated.body.way.iter().map(|way| WaySource { way, rule, version }));
    }
    let at_judgment = selection
        .interpretations
        .iter()
        .filter(|dated| dated.version.in_force(case.judged_on));
    let of_interpretation = at_judgment.flat_map(|dated| {
        let (rule, version) = (dated.rule, dated.version);
        dated
            .body
            .way
            .iter()
            .map(move |way| WaySource { way, rule, version })
    });
    selection.ways.extend(of_interpretation.collect::<Vec<_>>());
    let clauses = about.iter().copied().filter(|dated| {
        dated.body.methods.is_empty()
            && dated.body.place.is_none()
            && dated.body.punitive.is_some()
            && dated.version.in_force(to)
    });
    selection.clauses = clauses.collect();
    govern(law, case, &laws, &mut selection);
    overlay(law, case, &about, &mut selection);
    open_points(law, case, &laws, &mut selection);
    selection
}

fn interpretations(law: &Parsed, ended_on: Day, judged_on: Day) -> Vec<Dated<'_, PunitiveRule>> {
    let mut found: Vec<Dated<'_, PunitiveRule>> = law
        .rules
        .values()
        .flat_map(|rule| {
            rule.versions
                .iter()
                .filter_map(move |version| match &version.body {
                    Body::Punitive(body) => Some(Dated {
                        rule,
                        version,
                        body: body.as_ref(),
                    }),
                    _ => None,
                })
        })
        .filter(|dated| dated.version.in_force(ended_on) || dated.version.in_force(judged_on))
        .collect();
    found.sort_by_key(|dated| dated.version.from);
    found
}

fn day(day: Day) -> Text {
    Text::same(day.to_string())
}

fn govern<'a>(
    law: &'a Parsed,
    case: &Case<'_>,
    laws: &[Dated<'a, DamagesRule>],
    selection: &mut Selection<'a>,
) {
    let (from, to) = (day(case.began_on()), day(case.ended_on()));
    let Some(last) = laws.last() else {
        selection.why = law
            .messages
            .say(key::DAMAGES_NO_LAW, &[("from", &from), ("to", &to)]);
        return;
    };
    let cite = last.rule.source_of(last.version).cite.clone();
    let starts_before = laws.iter().all(|dated| dated.version.from > case.began_on());
    let time_rule = last
        .body
        .continuing
        .iter()
        .find(|continuing| continuing.right == case.right)
        .and_then(|continuing| law.rules.get(&continuing.rule))
        .and_then(|rule| Some((rule, rule.version_on(case.judged_on)?)));
    let change = day(last.version.from);
    let values = [("law", &cite), ("from", &from), ("to", &to), ("change", &change)];
    let straddles = laws.len() > 1 || starts_before;
    let (governs_last, message) = match time_rule {
        _ if !straddles => (Governs::Yes, key::DAMAGES_LAW_OF_THE_ACT),
        Some((rule, version)) => {
            selection.time_rules.push(cited(rule, version));
            (Governs::Yes, key::DAMAGES_LAW_CONTINUING)
        }
        None => (Governs::Open, key::DAMAGES_LAW_OPEN),
    };
    selection.why = law.messages.say(message, &values);
    for (index, dated) in laws.iter().enumerate() {
        let governs = match governs_last {
            Governs::Yes if index + 1 < laws.len() => Governs::No,
            governs => governs,
        };
        selection.candidates.push(Candidate {
            law: *dated,
            overlay: None,
            governs,
        });
    }
}

/// A regulation of the place goes before the law that it adds to; the law alone stays beside it for comparison.
fn overlay<'a>(
    law: &'a Parsed,
    case: &Case<'_>,
    about: &[Dated<'a, DamagesRule>],
    selection: &mut Selection<'a>,
) {
    let Some(place) = case.place else { return };
    let local = about
        .iter()
        .copied()
        .find(|dated| dated.body.place.as_deref() == Some(place) && dated.version.in_force(case.ended_on()));
    let Some(local) = local else {
        let question = law
            .messages
            .say(key::DAMAGES_NO_LOCAL, &[("on", &day(case.ended_on()))]);
        selection.open.push(OpenPoint {
            rule: None,
            question,
            effect: Text::default(),
        });
        return;
    };
    let began_before = local.version.from > case.began_on();
    let alone = std::mem::take(&mut selection.candidates);
    for candidate in alone {
        let (without, with) = match candidate.governs {
            Governs::No => (Governs::No, Governs::No),
            _ if began_before => (Governs::Open, Governs::Open),
            governs => (Governs::No, governs),
        };
        selection.candidates.push(Candidate {
            governs: without,
            ..candidate
        });
        selection.candidates.push(Candidate {
            overlay: Some(local),
            governs: with,
            ..candidate
        });
    }
    let cite = &local.rule.source_of(local.version).cite;
    let message = if began_before {
        key::DAMAGES_LOCAL_STRADDLES
    } else {
        key::DAMAGES_LOCAL_FIRST
    };
    let values = [("local", cite), ("change", &day(local.version.from))];
    selection.why.append(&law.messages.say(message, &values));
}

fn open_points(
    law: &Parsed,
    case: &Case<'_>,
    laws: &[Dated<'_, DamagesRule>],
    selection: &mut Selection<'_>,
) {
    let mut point = |key: &str, values: &[(&str, &Text)]| {
        let question = law.messages.say(key, values);
        selection.open.push(OpenPoint {
            rule: None,
            question,
            effect: Text::default(),
        });
    };
    let judged = day(case.judged_on);
    if case.from.is_none() {
        point(key::DAMAGES_OPEN_NO_BEGIN, &[("to", &day(case.ended_on()))]);
    }
    if case.to.is_none() {
        point(key::DAMAGES_OPEN_NO_END, &[("judged", &judged)]);
    }
    if let Some(first) = laws.first()
        && first.version.from > case.began_on()
    {
        point(
            key::DAMAGES_OPEN_BEFORE,
            &[
                ("from", &day(case.began_on())),
                ("first", &day(first.version.from)),
            ],
        );
    }
    if selection.interpretations.len() > 1 {
        point(
            key::DAMAGES_OPEN_INTERPRETATION,
            &[("judged", &judged), ("to", &day(case.ended_on()))],
        );
    }
    let back = laws.last().and_then(|dated| dated.body.look_back.as_ref());
    if let (Some(back), Some(filed_on)) = (back, case.filed_on)
        && let Some(earliest) = years_before(filed_on, back.years)
        && case.began_on() < earliest
    {
        let values = [
            ("years", &Text::same(back.years.to_string())),
            ("filed", &day(filed_on)),
            ("earliest", &day(earliest)),
            ("cite", &back.cite),
        ];
        point(key::DAMAGES_OPEN_LOOK_BACK, &values);
    }
}

fn years_before(on: Day, years: u32) -> Option<Day> {
    on.checked_sub(jiff::Span::new().years(i64::from(years))).ok()
}
