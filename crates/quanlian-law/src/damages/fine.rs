//! Administrative fines (行政罚款): the range that a law opens for an act.
//!
//! In:  the act, its days, the facts, the day of the decision.
//! Out: [`AdministrativeFineAnswer`]: the range under the law of the act and under that of the decision.
//!
//! Invariant: the law of the time of the act, unless the law has changed by the decision and is
//! lighter (从旧兼从轻, Administrative Penalty Law 37). Where neither range is plainly lighter, a person chooses.
//!
//! Not here: a fine. The range is what the agency decides in; confiscation and warnings are not computed.

use quanlian_record::time::Day;
use serde::Serialize;

use super::{
    amount::{Ratio, fen_range, hull, interval},
    answer::Cited,
    as_interval, cited,
    laws::check_place,
    method::{money_interval, product},
    rule::{AdministrativeFineRule, ByAmount, LineEnd, Strength},
    sheet::{DamagesError, FineSheet, check_conduct, fact_sheet, unknown},
};
use crate::{
    assess::{OpenPoint, SetAt, Unverified},
    facts::{Contradiction, Known, know},
    interval::{Interval, Truth},
    load::Parsed,
    penalty::FenRange,
    rule::{Body, Rule, Version},
    text::{Text, key},
};

/// Role of the rule on time for administrative penalties.
const TIME_ROLE: &str = "penalty_in_time";

/// The answer to a fine sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdministrativeFineAnswer {
    /// The act.
    pub act: String,
    /// The answer in one sentence.
    pub summary: Text,
    /// First day of the conduct.
    pub conduct_from: Option<Day>,
    /// Last day of the conduct.
    pub conduct_to: Option<Day>,
    /// Day of the decision.
    pub decided_on: Day,
    /// The rules of the act and of the decision; one where they are the same.
    pub rule_sets: Vec<FineSet>,
    /// Which governs, and why.
    pub why: Text,
    /// Whether neither is plainly lighter and a person has to choose.
    pub choice_required: bool,
    /// Facts that decide between the branches.
    pub missing: Vec<String>,
    /// Statements that cannot all be true.
    pub contradictions: Vec<Contradiction>,
    /// What nobody has read in the source.
    pub unverified: Vec<Unverified>,
    /// What the law or the facts leave open.
    pub open: Vec<OpenPoint>,
    /// Every rule that the answer rests on.
    pub citations: Vec<Cited>,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

/// A range of fines under one version of the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineSet {
    /// The rule.
    pub rule: Cited,
    /// The day on which it is read.
    pub as_of: Day,
    /// What that day is.
    pub at: SetAt,
    /// Whether it governs; `None` while a person has to choose.
    pub governs: Option<bool>,
    /// Whether a fine is possible at all.
    pub state: FineState,
    /// Whether the agency may or must impose it.
    pub strength: Strength,
    /// The branches that the facts do not exclude.
    pub branches: Vec<FineBranch>,
    /// The smallest range that holds them.
    pub range: Option<FenRange>,
    /// Circumstances that ask for a heavier fine inside the range, with their state.
    pub heavier: Vec<(String, Truth)>,
    /// The same in words.
    pub text: Text,
}

/// Whether a fine is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FineState {
    /// What the law asks for is there.
    Possible,
    /// It depends on facts that are missing.
    Unknown,
    /// Something that the law asks for is denied.
    Excluded,
}

/// One branch of a provision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineBranch {
    /// `by_amount`, `otherwise` or `serious`.
    pub branch: &'static str,
    /// Whether the facts establish it or only do not exclude it.
    pub established: bool,
    /// The range.
    pub range: FenRange,
    /// The computation in words.
    pub text: Text,
}

struct Provision<'a> {
    rule: &'a Rule,
    version: &'a Version,
    body: &'a AdministrativeFineRule,
}

/// Applies the rules on administrative fines to a sheet. `today` stands in for a missing day of decision.
pub(crate) fn administrative_fine(
    law: &Parsed,
    sheet: &FineSheet,
    today: Day,
) -> Result<AdministrativeFineAnswer, DamagesError> {
    let decided_on = sheet.decided_on.unwrap_or(today);
    let conduct = sheet.conduct.unwrap_or_default();
    check_conduct(["conduct.from", "conduct.to", "decided_on"], conduct, decided_on)?;
    check_place(law, sheet.place.as_deref())?;
    let rules = rules_about(law, &sheet.act, sheet.place.as_deref())?;
    let (known, contradicted) = know(&fact_sheet(&sheet.facts), &law.facts)?;
    let mut open = Vec::new();
    let mut point = |key: &str, values: &[(&str, &Text)]| {
        let question = law.messages.say(key, values);
        open.push(OpenPoint {
            rule: None,
            question,
            effect: Text::default(),
        });
    };
    let day = |day: Day| Text::same(day.to_string());
    let ended_on = conduct.to.or(conduct.from);
    match ended_on {
        None => point(key::PENALTY_NO_CONDUCT, &[("decided", &day(decided_on))]),
        Some(to) if conduct.to.is_none() => point(key::PENALTY_NO_END, &[("from", &day(to))]),
        Some(_) => {}
    }
    let provision = |on: Day| {
        rules.iter().find_map(|rule| {
            let version = rule.version_on(on)?;
            match &version.body {
                Body::AdministrativeFine(body) => Some(Provision {
                    rule,
                    version,
                    body: body.as_ref(),
                }),
                _ => None,
            }
        })
    };
    let then = ended_on.and_then(provision);
    let now = provision(decided_on);
    let mut sets = Vec::new();
    let same = match (&then, &now) {
        (Some(then), Some(now)) => then.rule.id == now.rule.id && then.version.from == now.version.from,
        _ => false,
    };
    if let (Some(then), Some(on)) = (&then, ended_on) {
        sets.push(set(
            law,
            then,
            on,
            if same { SetAt::Both } else { SetAt::Conduct },
            &known,
        )?);
    }
    if let Some(now) = now.as_ref().filter(|_| !same) {
        sets.push(set(law, now, decided_on, SetAt::Judgment, &known)?);
    }
    if let (Some(from), Some(now)) = (conduct.from, now.as_ref().or(then.as_ref()))
        && now.version.from > from
        && ended_on.is_some_and(|to| to >= now.version.from)
    {
        point(key::PENALTY_STRADDLES, &[("change", &day(now.version.from))]);
    }
    let time_rule = law.by_role(TIME_ROLE, decided_on);
    let (why, choice_required) = govern(law, &mut sets, ended_on.is_some());
    let mut citations: Vec<Cited> = sets.iter().map(|set| set.rule.clone()).collect();
    if sets.len() > 1 {
        citations.extend(time_rule.map(|(rule, version)| cited(rule, version)));
    }
    let cited_rules = citations.iter().filter_map(|cited| law.rules.get(&cited.rule));
    open.extend(cited_rules.flat_map(|rule| {
        rule.open.iter().map(|open| OpenPoint {
            rule: Some(rule.id.clone()),
            question: open.question.clone(),
            effect: open.effect.clone(),
        })
    }));
    super::once(&mut open);
    let unverified = citations
        .iter()
        .filter(|cited| !cited.verified)
        .map(|cited| Unverified {
            rule: cited.rule.clone(),
            version: cited.version,
            line: None,
            citation: cited.citation.clone(),
            decisive: true,
        });
    Ok(AdministrativeFineAnswer {
        act: sheet.act.clone(),
        summary: summary(law, &sets, choice_required, &why),
        conduct_from: conduct.from,
        conduct_to: conduct.to,
        decided_on,
        missing: missing(&sets, &rules, &known, law),
        why,
        choice_required,
        contradictions: contradicted
            .into_iter()
            .map(|(fact, stated)| super::contradiction(law, fact, stated))
            .collect(),
        unverified: unverified.collect(),
        rule_sets: sets,
        open,
        citations,
        rule_book_version: law.digest.clone(),
    })
}

/// The rules on an act: those of the place first.
fn rules_about<'a>(law: &'a Parsed, act: &str, place: Option<&str>) -> Result<Vec<&'a Rule>, DamagesError> {
    let mut found: Vec<(bool, &Rule)> = Vec::new();
    let mut acts: Vec<&str> = Vec::new();
    for rule in law.rules.values() {
        for version in &rule.versions {
            let Body::AdministrativeFine(body) = &version.body else {
                continue;
            };
            acts.push(&body.act);
            let here = body.place.is_none() || body.place.as_deref() == place;
            let rule = (body.place.is_none(), rule);
            if body.act == act && here && !found.iter().any(|(_, known)| known.id == rule.1.id) {
                found.push(rule);
            }
        }
    }
    if !acts.contains(&act) {
        acts.sort_unstable();
        acts.dedup();
        return Err(unknown("act", act, &acts));
    }
    found.sort_by_key(|(everywhere, rule)| (*everywhere, &rule.id));
    Ok(found.into_iter().map(|(_, rule)| rule).collect())
}

fn set(
    law: &Parsed,
    provision: &Provision<'_>,
    as_of: Day,
    at: SetAt,
    known: &Known,
) -> Result<FineSet, DamagesError> {
    let body = provision.body;
    let flag = |name: &String| known.flag(name, &law.facts).0;
    let required = Truth::all(body.requires.iter().map(flag));
    let branches = if required == Truth::NotMet {
        Vec::new()
    } else {
        branches(law, body, known)?
    };
    let range = hull(branches.iter().map(|branch| as_interval(branch.range)));
    let state = match required {
        Truth::NotMet => FineState::Excluded,
        Truth::Met if branches.len() == 1 => FineState::Possible,
        _ => FineState::Unknown,
    };
    let heavier: Vec<(String, Truth)> = body
        .heavier
        .iter()
        .map(|name| (name.clone(), flag(name)))
        .collect();
    let mut text = match (state, range) {
        (FineState::Excluded, _) | (_, None) => {
            let denied = body.requires.iter().filter(|name| flag(name) == Truth::NotMet);
            let titles: Vec<Text> = denied.map(|name| law.fact_title(name)).collect();
            law.messages
                .say(key::PENALTY_EXCLUDED, &[("facts", &Text::join(&titles))])
        }
        (_, Some(range)) => {
            let message = match body.strength {
                Strength::May => key::PENALTY_MAY,
                Strength::Shall => key::PENALTY_SHALL,
            };
            law.messages
                .say(message, &[("range", &money_interval(law, range))])
        }
    };
    if required == Truth::Unknown {
        let asked = body.requires.iter().filter(|name| flag(name) == Truth::Unknown);
        let titles: Vec<Text> = asked.map(|name| law.fact_title(name)).collect();
        text.append(
            &law.messages
                .say(key::PENALTY_REQUIRES, &[("facts", &Text::join(&titles))]),
        );
    }
    for (name, _) in heavier.iter().filter(|(_, state)| *state == Truth::Met) {
        text.append(
            &law.messages
                .say(key::PENALTY_HEAVIER, &[("fact", &law.fact_title(name))]),
        );
    }
    Ok(FineSet {
        rule: cited(provision.rule, provision.version),
        as_of,
        at,
        governs: None,
        state,
        strength: body.strength,
        branches,
        range: range.map(fen_range),
        heavier,
        text,
    })
}

fn branches(
    law: &Parsed,
    body: &AdministrativeFineRule,
    known: &Known,
) -> Result<Vec<FineBranch>, DamagesError> {
    let otherwise = interval(fen(body.otherwise_yuan));
    let mut found = Vec::new();
    if let Some(by) = &body.by {
        let amount = known.interval(&by.fact);
        let none = by
            .undeterminable
            .as_ref()
            .map_or(Truth::Unknown, |name| known.flag(name, &law.facts).0);
        let stated = known.is_stated(&by.fact);
        let reaches = reaches(by, amount);
        // A stated amount answers the question whether it can be found.
        let by_amount = if none == Truth::Met && !stated {
            Truth::NotMet
        } else {
            reaches
        };
        if by_amount != Truth::NotMet {
            let above = above_line(by, amount);
            let [low, high] = by.times.map(|times| Ratio::new(i128::from(times), 1));
            let range = product("the fine", above, low, high)?;
            let line = law.money(fen([by.line_yuan; 2])[0]);
            let values = [
                ("fact", &law.fact_title(&by.fact)),
                ("known", &money_interval(law, above)),
                ("line", &line),
                ("low", &Text::same(by.times[0].to_string())),
                ("high", &Text::same(by.times[1].to_string())),
                ("range", &money_interval(law, range)),
            ];
            found.push(FineBranch {
                branch: "by_amount",
                established: by_amount == Truth::Met,
                range: fen_range(range),
                text: law.messages.say(key::PENALTY_BY_AMOUNT, &values),
            });
        }
        if by_amount == Truth::Met {
            return Ok(found);
        }
    }
    let serious = body
        .serious
        .as_ref()
        .map(|serious| (serious, known.flag(&serious.fact, &law.facts).0));
    if let Some((serious, state)) = serious
        && state != Truth::NotMet
    {
        let range = interval(fen(serious.yuan));
        let values = [
            ("fact", &law.fact_title(&serious.fact)),
            ("range", &money_interval(law, range)),
        ];
        found.push(FineBranch {
            branch: "serious",
            established: state == Truth::Met,
            range: fen_range(range),
            text: law.messages.say(key::PENALTY_SERIOUS, &values),
        });
        if state == Truth::Met {
            return Ok(found);
        }
    }
    found.push(FineBranch {
        branch: "otherwise",
        established: found.is_empty(),
        range: fen_range(otherwise),
        text: law.messages.say(
            key::PENALTY_OTHERWISE,
            &[("range", &money_interval(law, otherwise))],
        ),
    });
    Ok(found)
}

fn fen(yuan: [i64; 2]) -> [i64; 2] {
    // `AdministrativeFineRule::check` keeps rule amounts far below what this could overflow at.
    yuan.map(|yuan| quanlian_record::money::Fen::from_yuan(yuan).map_or(i64::MAX, |fen| fen.0))
}

/// The smallest amount that is on the far side of the line.
fn first_above(by: &ByAmount) -> i64 {
    let line = fen([by.line_yuan; 2])[0];
    match by.line {
        LineEnd::AtOrAbove => line,
        LineEnd::Above => line.saturating_add(1),
    }
}

fn reaches(by: &ByAmount, amount: Interval) -> Truth {
    amount.reaches(Interval::exact(first_above(by)))
}

/// What of the amount lies on the far side of the line.
fn above_line(by: &ByAmount, amount: Interval) -> Interval {
    let first = first_above(by);
    Interval {
        low: amount.low.max(first),
        high: amount.high.map(|high| high.max(first)),
    }
}

/// The law of the act, unless that of the decision is lighter.
fn govern(law: &Parsed, sets: &mut [FineSet], conduct_known: bool) -> (Text, bool) {
    let say = |key: &str| law.messages.say(key, &[]);
    match sets {
        [] => (say(key::PENALTY_NO_RULE), false),
        [only] => {
            let message = match only.at {
                SetAt::Both => key::PENALTY_SAME,
                // The law in between is no set of its own here.
                SetAt::Conduct | SetAt::Between => key::PENALTY_REPEALED,
                SetAt::Judgment if conduct_known => key::PENALTY_NO_OLD,
                SetAt::Judgment => key::PENALTY_DECISION_ONLY,
            };
            // A rule on one of two days only: whether it applies is for a person.
            let plain = only.at == SetAt::Both || !conduct_known;
            only.governs = plain.then_some(true);
            (say(message), !plain)
        }
        [then, now, ..] => match lighter(then, now) {
            Some(true) => {
                (then.governs, now.governs) = (Some(false), Some(true));
                (say(key::PENALTY_NEW_LIGHTER), false)
            }
            Some(false) => {
                (then.governs, now.governs) = (Some(true), Some(false));
                (say(key::PENALTY_OLD), false)
            }
            None => (say(key::PENALTY_CHOICE), true),
        },
    }
}

/// Whether the new range is lighter; `None` where its ends point apart or are open.
fn lighter(then: &FineSet, now: &FineSet) -> Option<bool> {
    match (then.range.map(as_interval), now.range.map(as_interval)) {
        (Some(_), None) => Some(true),
        (None, _) => Some(false),
        (Some(then), Some(now)) => {
            let ends = |range: Interval| (range.low, range.high.unwrap_or(i64::MAX));
            let ((old_low, old_high), (new_low, new_high)) = (ends(then), ends(now));
            if new_low <= old_low && new_high <= old_high {
                Some((new_low, new_high) != (old_low, old_high))
            } else if new_low >= old_low && new_high >= old_high {
                Some(false)
            } else {
                None
            }
        }
    }
}

/// Facts that decide between what is still open, in the order of the provision.
fn missing(sets: &[FineSet], rules: &[&Rule], known: &Known, law: &Parsed) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let bodies = rules
        .iter()
        .flat_map(|rule| &rule.versions)
        .filter_map(|version| match &version.body {
            Body::AdministrativeFine(body) if sets.iter().any(|set| set.rule.version == version.from) => {
                Some(body)
            }
            _ => None,
        });
    for body in bodies {
        let amount = body
            .by
            .iter()
            .filter(|by| !known.is_stated(&by.fact))
            .map(|by| by.fact.clone());
        names.extend(amount);
        let by_amount = body.by.as_ref().is_some_and(|by| known.is_stated(&by.fact));
        let unfound = body
            .by
            .iter()
            .filter_map(|by| by.undeterminable.as_ref())
            .filter(|_| !by_amount);
        let serious = body.serious.iter().map(|serious| &serious.fact);
        let flags = body
            .requires
            .iter()
            .chain(serious)
            .chain(unfound)
            .chain(&body.heavier);
        names.extend(
            flags
                .filter(|name| known.flag(name, &law.facts).0 == Truth::Unknown)
                .cloned(),
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn summary(law: &Parsed, sets: &[FineSet], choice_required: bool, why: &Text) -> Text {
    let mut text = why.clone();
    for set in sets
        .iter()
        .filter(|set| set.governs == Some(true) || choice_required)
    {
        text.append(&law.messages.say(
            key::PENALTY_SET,
            &[
                ("law", &set.rule.citation),
                ("as_of", &Text::same(set.as_of.to_string())),
                ("text", &set.text),
            ],
        ));
    }
    text
}
