//! Probation (缓刑): the frame of the Criminal Law with each condition and bar, three-valued.
//!
//! In:  the rules on probation of one day, what is known.
//! Out: [`ProbationFrame`].
//!
//! Invariant: allowed only when every condition is stated to hold and every bar is stated not to;
//! one bar or one denied condition is enough for barred; everything else is open.

use quanlian_record::time::Day;
use serde::Serialize;

use super::{Ground, PeriodBounds, ProbationRule};
use crate::{
    evaluate::{Reason, ReasonKind},
    facts::Known,
    interval::Truth,
    load::Parsed,
    rule::{Body, Rule, Version},
    text::{Text, key},
};

/// Whether probation can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbationState {
    /// Every condition holds, no bar does.
    Allowed,
    /// A bar holds, or a condition is denied.
    Barred,
    /// Something is not stated, or the rules of that day are not in the files.
    Open,
}

/// What bars probation; of several, the one that leaves the court the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BarredBy {
    /// The shortest sentence of the frame is longer than what can be suspended.
    Length,
    /// A bar of the Criminal Law.
    Bar,
    /// A condition is denied.
    Condition,
    /// A bar that holds in general only (一般不适用); a court may see the case otherwise.
    GeneralBar,
}

/// The frame of probation under one rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbationFrame {
    /// Whether it can be granted.
    pub state: ProbationState,
    /// What bars it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barred_by: Option<BarredBy>,
    /// It must be granted where the conditions hold: minors, pregnant women, people of 75.
    pub must: Truth,
    /// The longest imprisonment that can be suspended, in months.
    pub max_sentence_months: u32,
    /// Shortest and longest period for imprisonment; never shorter than the sentence.
    pub imprisonment_period: PeriodBounds,
    /// The same for criminal detention.
    pub detention_period: PeriodBounds,
    /// The conditions, each with its state.
    pub conditions: Vec<Reason>,
    /// The bars, each with its state; met means barred.
    pub bars: Vec<Reason>,
    /// Grounds under which it must be granted.
    pub must_if: Vec<Reason>,
    /// What an interpretation names as a reason for a lighter sentence.
    pub lighter: Vec<Reason>,
    /// What an interpretation names as a reason for a heavier sentence.
    pub heavier: Vec<Reason>,
    /// Whether the special bars of that day are in the files.
    pub special_rules_known: bool,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The same in words.
    pub text: Text,
}

type Entry<'a> = (&'a Rule, &'a Version, &'a ProbationRule);

fn probation_of<'a>((rule, version): (&'a Rule, &'a Version)) -> Option<Entry<'a>> {
    match &version.body {
        Body::Probation(probation) => Some((rule, version, probation)),
        _ => None,
    }
}

impl ProbationFrame {
    /// All its grounds.
    pub(super) fn grounds(&self) -> impl Iterator<Item = &Reason> {
        let lists = [&self.conditions, &self.bars, &self.must_if, &self.lighter];
        lists.into_iter().flatten()
    }
}

/// The frame on a day, or `None` where the files have no text for it. `shortest` is the shortest
/// imprisonment that the band, or the one below it, leaves.
pub(super) fn probation(
    law: &Parsed,
    offence: &str,
    on: Day,
    shortest: Option<u32>,
    known: &Known,
) -> Option<ProbationFrame> {
    let general = law.by_role("probation_frame", on).and_then(probation_of)?;
    let (rule, version, frame) = general;
    let special: Vec<Entry<'_>> = law
        .rules
        .values()
        .filter(|rule| rule.is_about(offence))
        .filter_map(|rule| rule.version_on(on).map(|version| (rule, version)))
        .filter_map(probation_of)
        .collect();
    let all = || std::iter::once(&general).chain(&special);
    let list = |grounds: fn(&ProbationRule) -> &[Ground]| -> Vec<Reason> {
        let entries = all().flat_map(|entry| grounds(entry.2).iter().map(move |ground| (*entry, ground)));
        entries
            .map(|(entry, ground)| reason(law, entry, ground, known))
            .collect()
    };
    let (conditions, bars) = (list(|r| &r.condition), list(|r| &r.bar));
    let (must_if, lighter) = (list(|r| &r.must_if), list(|r| &r.lighter));
    let heavier = all()
        .flat_map(|entry| entry.2.bar.iter().map(move |ground| (*entry, ground)))
        .filter(|(_, ground)| ground.heavier && truth(law, ground, known) == Truth::Met)
        .map(|(entry, ground)| reason(law, entry, ground, known))
        .collect();

    let strict_bar = all()
        .flat_map(|entry| &entry.2.bar)
        .any(|bar| !bar.general && truth(law, bar, known) == Truth::Met);
    let holding = Truth::all(conditions.iter().filter_map(|reason| reason.state));
    let barring = Truth::any(bars.iter().filter_map(|reason| reason.state));
    let longest = frame.max_sentence_months?;
    let barred_by = if shortest.is_some_and(|months| months > longest) {
        Some(BarredBy::Length)
    } else if strict_bar {
        Some(BarredBy::Bar)
    } else if holding == Truth::NotMet {
        Some(BarredBy::Condition)
    } else {
        (barring == Truth::Met).then_some(BarredBy::GeneralBar)
    };
    let state = match barred_by {
        Some(_) => ProbationState::Barred,
        None if holding == Truth::Met && barring == Truth::NotMet && !special.is_empty() => {
            ProbationState::Allowed
        }
        None => ProbationState::Open,
    };
    let source = rule.source_of(version);
    let mut frame = ProbationFrame {
        state,
        barred_by,
        must: Truth::any(must_if.iter().filter_map(|reason| reason.state)),
        max_sentence_months: longest,
        imprisonment_period: frame.imprisonment_period?,
        detention_period: frame.detention_period?,
        conditions,
        bars,
        must_if,
        lighter,
        heavier,
        special_rules_known: !special.is_empty(),
        rule: rule.id.clone(),
        version: version.from,
        citation: source.cite.clone(),
        verified: source.checked.verified,
        text: Text::default(),
    };
    frame.text = words(law, &frame);
    Some(frame)
}

fn truth(law: &Parsed, ground: &Ground, known: &Known) -> Truth {
    match (known.flag(&ground.fact, &law.facts).0, ground.value) {
        (Truth::Unknown, _) => Truth::Unknown,
        (state, true) => state,
        (state, false) => Truth::from(state == Truth::NotMet),
    }
}

fn reason(law: &Parsed, (rule, version, _): Entry<'_>, ground: &Ground, known: &Known) -> Reason {
    let state = truth(law, ground, known);
    let message = match state {
        Truth::Met => key::GROUND_HOLDS,
        Truth::NotMet => key::GROUND_HOLDS_NOT,
        Truth::Unknown => key::GROUND_UNKNOWN,
    };
    let text = law.messages.say(message, &[("ground", &ground.title)]);
    let mut reason = Reason::new(ReasonKind::Condition, Some(state), text)
        .citing(rule, version)
        .resting_on(&ground.fact, known);
    reason.line = Some(ground.id.clone());
    reason
}

fn words(law: &Parsed, frame: &ProbationFrame) -> Text {
    let message = match (frame.state, frame.barred_by) {
        (_, Some(BarredBy::Length)) => key::PROBATION_OUT_OF_REACH,
        (_, Some(BarredBy::GeneralBar)) => key::PROBATION_BARRED_IN_GENERAL,
        (_, Some(BarredBy::Bar | BarredBy::Condition)) | (ProbationState::Barred, None) => {
            key::PROBATION_BARRED
        }
        (ProbationState::Allowed, None) if frame.must == Truth::Met => key::PROBATION_MUST,
        (ProbationState::Allowed, None) => key::PROBATION_ALLOWED,
        (ProbationState::Open, None) => key::PROBATION_OPEN,
    };
    let number = |n: u32| Text::same(n.to_string());
    let mut text = law.messages.say(message, &[]);
    let values = [
        ("sentence", &number(frame.max_sentence_months)),
        ("low", &number(frame.imprisonment_period.min_months)),
        ("high", &number(frame.imprisonment_period.max_months)),
        ("detention_low", &number(frame.detention_period.min_months)),
        ("detention_high", &number(frame.detention_period.max_months)),
    ];
    text.append(&law.messages.say(key::PROBATION_PERIODS, &values));
    if !frame.special_rules_known {
        text.append(&law.messages.say(key::PROBATION_NO_SPECIAL, &[]));
    }
    text
}
