//! Penalty bands, fine ranges and limitation of prosecution for one rule set.
//!
//! In:  the rule book, a day, a tier, the known facts.
//! Out: [`BandResult`], [`FineResult`], and the node about limitation.
//!
//! Invariant: money is exact fen; a share that is not a whole fen is rounded
//! inwards, so that the range shown never exceeds the range of the law.
//!
//! Not here: a sentence. Nothing in this crate proposes one.

use std::cmp::Ordering;

use jiff::ToSpan;
use quanlian_record::time::Day;
use serde::Serialize;

use crate::{
    evaluate::{Reason, ReasonKind},
    facts::Known,
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Band, Body, FineBasis, FineChoice, FineMode, FineRule, FineStep, Person, Rule, Tier, Version},
    text::{Text, key},
};

/// The penalty band of a tier, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandResult {
    /// Which tier.
    pub tier: Tier,
    /// Shortest imprisonment in months.
    pub min_months: u32,
    /// Longest imprisonment in months.
    pub max_months: u32,
    /// Whether criminal detention is available.
    pub detention_possible: bool,
    /// How the fine goes with it.
    pub fine: FineMode,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The band in words.
    pub text: Text,
}

/// A general range of fines, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineResult {
    /// Name of the fact that it is computed from; `None` for a fixed range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Lower end in fen.
    pub low: FenRange,
    /// Upper end in fen.
    pub high: FenRange,
    /// An earlier basis goes first if it can be established; it is not known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_first: Option<String>,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The range in words.
    pub text: Text,
}

/// An amount of money that may have bounds instead of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FenRange {
    /// At least.
    pub at_least_fen: i64,
    /// At most; `None` where nothing bounds it.
    pub at_most_fen: Option<i64>,
}

/// The band of a tier on a day.
pub(crate) fn band(law: &Parsed, offence: &str, on: Day, tier: Tier) -> Option<BandResult> {
    let (rule, version, band) =
        rules_about(law, offence, on).find_map(|(rule, version)| match &version.body {
            Body::Bands(bands) => bands
                .iter()
                .find(|b| b.tier == tier)
                .map(|band| (rule, version, band)),
            _ => None,
        })?;
    let source = rule.source_of(version);
    Some(BandResult {
        tier,
        min_months: band.min_months,
        max_months: band.max_months,
        detention_possible: band.detention_possible,
        fine: band.fine,
        rule: rule.id.clone(),
        version: version.from,
        citation: source.cite.clone(),
        verified: source.checked.verified,
        text: band_text(law, band),
    })
}

pub(crate) fn band_text(law: &Parsed, band: &Band) -> Text {
    let message = if band.detention_possible {
        key::BAND_DETENTION
    } else {
        key::BAND
    };
    // The Criminal Law writes years; only what is no whole year stays in months.
    let term = |months: u32| {
        let (message, n) = match months {
            1 => (key::CLOCK_MONTH, 1),
            12 => (key::CLOCK_YEAR, 1),
            months if months.is_multiple_of(12) => (key::CLOCK_YEARS, months / 12),
            months => (key::CLOCK_MONTHS, months),
        };
        law.messages.say(message, &[("n", &Text::same(n.to_string()))])
    };
    law.messages.say(
        message,
        &[("min", &term(band.min_months)), ("max", &term(band.max_months))],
    )
}

fn rules_about<'a>(
    law: &'a Parsed,
    offence: &'a str,
    on: Day,
) -> impl Iterator<Item = (&'a Rule, &'a Version)> {
    law.about(offence)
        .filter_map(move |rule| rule.version_on(on).map(|version| (rule, version)))
}

fn fine_rule<'a>(
    law: &'a Parsed,
    offence: &'a str,
    on: Day,
) -> Option<(&'a Rule, &'a Version, &'a FineRule)> {
    rules_about(law, offence, on).find_map(|(rule, version)| match &version.body {
        Body::Fine(fine) => Some((rule, version, fine)),
        _ => None,
    })
}

/// The general range of the fine for a tier on a day, or `None` where the files have no rule for that day
/// or nothing to compute it from.
pub(crate) fn fine(law: &Parsed, offence: &str, on: Day, tier: Tier, known: &Known) -> Option<FineResult> {
    let (rule, version, fine) = fine_rule(law, offence, on)?;
    let usable: Vec<&FineStep> = fine
        .steps
        .iter()
        .filter(|step| is_usable(step, tier, known))
        .collect();
    let first = *usable.first()?;
    let chosen: &[&FineStep] = match fine.mode {
        FineChoice::FirstKnown => &usable[..1],
        FineChoice::Either => &usable,
    };
    let ranges: Vec<(FenRange, FenRange)> = chosen
        .iter()
        .filter_map(|step| range(step, tier, known))
        .collect();
    let floor = floor(law, on, known);
    let low = ranges.iter().map(|(low, _)| *low).reduce(lower)?;
    let low = FenRange {
        at_least_fen: low.at_least_fen.max(floor),
        at_most_fen: low.at_most_fen.map(|most| most.max(floor)),
    };
    let high = ranges.iter().map(|(_, high)| *high).reduce(higher)?;
    let high = FenRange {
        at_least_fen: high.at_least_fen.max(floor),
        at_most_fen: high.at_most_fen.map(|most| most.max(floor)),
    };
    let basis = match &first.basis {
        FineBasis::ShareOf { fact, .. } if chosen.len() == 1 => Some(fact.clone()),
        _ => None,
    };
    let goes_first = match fine.mode {
        FineChoice::Either => None,
        FineChoice::FirstKnown => fine
            .steps
            .iter()
            .take_while(|step| *step != first)
            .find_map(|s| match &s.basis {
                FineBasis::ShareOf { fact, .. } => Some(fact.clone()),
                FineBasis::Fixed(_) => None,
            }),
    };
    let source = rule.source_of(version);
    let text = fine_text(law, chosen, low, high, goes_first.as_deref());
    Some(FineResult {
        basis,
        low,
        high,
        goes_first,
        rule: rule.id.clone(),
        version: version.from,
        citation: source.cite.clone(),
        verified: chosen.iter().all(|step| step.verified),
        text,
    })
}

fn is_usable(step: &FineStep, tier: Tier, known: &Known) -> bool {
    match &step.basis {
        FineBasis::ShareOf { fact, .. } => known.is_stated(fact),
        FineBasis::Fixed(by_tier) => by_tier.contains_key(&tier),
    }
}

fn range(step: &FineStep, tier: Tier, known: &Known) -> Option<(FenRange, FenRange)> {
    let exact = |fen| FenRange {
        at_least_fen: fen,
        at_most_fen: Some(fen),
    };
    match &step.basis {
        FineBasis::Fixed(by_tier) => by_tier.get(&tier).map(|(low, high)| (exact(*low), exact(*high))),
        FineBasis::ShareOf {
            fact,
            low_percent,
            high_percent,
        } => {
            let Interval { low, high } = known.interval(fact);
            let share = |percent: u32, up: bool| FenRange {
                at_least_fen: share_of(low, percent, up),
                at_most_fen: high.map(|high| share_of(high, percent, up)),
            };
            Some((share(*low_percent, true), share(*high_percent, false)))
        }
    }
}

fn share_of(fen: i64, percent: u32, up: bool) -> i64 {
    let hundredths = i128::from(fen) * i128::from(percent) + if up { 99 } else { 0 };
    i64::try_from(hundredths / 100).unwrap_or(i64::MAX)
}

fn lower(a: FenRange, b: FenRange) -> FenRange {
    let at_most_fen = match (a.at_most_fen, b.at_most_fen) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    FenRange {
        at_least_fen: a.at_least_fen.min(b.at_least_fen),
        at_most_fen,
    }
}

fn higher(a: FenRange, b: FenRange) -> FenRange {
    FenRange {
        at_least_fen: a.at_least_fen.max(b.at_least_fen),
        at_most_fen: a.at_most_fen.zip(b.at_most_fen).map(|(a, b)| a.max(b)),
    }
}

/// The floor for adults, unless it is stated that the actor was a minor.
fn floor(law: &Parsed, on: Day, known: &Known) -> i64 {
    law.by_role("fine_floor", on)
        .map_or(0, |(_, version)| match version.body {
            Body::FineFloor { minor_fen, .. } if minor(law, on, known) == Truth::Met => minor_fen,
            Body::FineFloor { adult_fen, .. } => adult_fen,
            _ => 0,
        })
}

/// Whether the actor was a minor, by the flag that the rule on the lowest fine names. A unit is none.
pub(crate) fn minor(law: &Parsed, on: Day, known: &Known) -> Truth {
    if known.person == Some(Person::Unit) {
        return Truth::NotMet;
    }
    match law.by_role("fine_floor", on).map(|(_, version)| &version.body) {
        Some(Body::FineFloor {
            minor_fact: Some(fact),
            ..
        }) => known.flag(fact, &law.facts).0,
        _ => Truth::Unknown,
    }
}

/// The next lower band of the same article, if it has one.
pub(crate) fn next_lower_band(law: &Parsed, offence: &str, on: Day, tier: Tier) -> Option<BandResult> {
    let lower = rules_about(law, offence, on).find_map(|(_, version)| match &version.body {
        Body::Bands(bands) => bands.iter().map(|band| band.tier).filter(|t| *t < tier).max(),
        _ => None,
    })?;
    band(law, offence, on, lower)
}

fn fine_text(
    law: &Parsed,
    chosen: &[&FineStep],
    low: FenRange,
    high: FenRange,
    goes_first: Option<&str>,
) -> Text {
    let words = |range: FenRange| {
        let interval = Interval {
            low: range.at_least_fen,
            high: range.at_most_fen,
        };
        match interval {
            Interval { low, high: None } => law
                .messages
                .say(key::AMOUNT_AT_LEAST, &[("low", &law.money(low))]),
            Interval {
                low,
                high: Some(high),
            } if low == high => law.money(low),
            Interval {
                low,
                high: Some(high),
            } => law.messages.say(
                key::AMOUNT_BETWEEN,
                &[("low", &law.money(low)), ("high", &law.money(high))],
            ),
        }
    };
    let bases: Vec<Text> = chosen
        .iter()
        .filter_map(|step| match &step.basis {
            FineBasis::ShareOf { fact, .. } => Some(law.fact_title(fact)),
            FineBasis::Fixed(_) => None,
        })
        .collect();
    let message = if bases.is_empty() {
        key::FINE_FIXED
    } else {
        key::FINE_OF_FACT
    };
    let values = [
        ("basis", &Text::join(&bases)),
        ("low", &words(low)),
        ("high", &words(high)),
    ];
    let mut text = law.messages.say(message, &values);
    if let Some(fact) = goes_first {
        let more = law
            .messages
            .say(key::FINE_PRIOR_UNKNOWN, &[("fact", &law.fact_title(fact))]);
        text.append(&more);
    }
    text
}

/// Whether the fine of the second rule set is lighter (`Less`), the same or heavier, or cannot be told.
pub(crate) fn compare_fines(
    law: &Parsed,
    offence: &str,
    (old_on, old_tier): (Day, Tier),
    (new_on, new_tier): (Day, Tier),
    (old_known, new_known): (&Known, &Known),
) -> Option<Ordering> {
    let (_, _, old) = fine_rule(law, offence, old_on)?;
    let (_, _, new) = fine_rule(law, offence, new_on)?;
    let usable = |fine: &FineRule, tier, known: &Known| -> Vec<FineStep> {
        let steps = fine.steps.iter();
        match fine.mode {
            // While no basis is established, any of the steps may come to count.
            FineChoice::FirstKnown => match steps.clone().position(|step| is_share_known(step, known)) {
                Some(first) => fine.steps[first..=first].to_vec(),
                None => fine.steps.clone(),
            },
            FineChoice::Either => steps
                .filter(|step| is_usable(step, tier, known))
                .cloned()
                .collect(),
        }
    };
    let (old_steps, new_steps) = (usable(old, old_tier, old_known), usable(new, new_tier, new_known));
    if old.mode == new.mode && old_steps.len() == new_steps.len() && !old_steps.is_empty() {
        let pairs = old_steps.iter().zip(&new_steps);
        let compared: Option<Vec<Ordering>> = pairs
            .map(|(old, new)| compare_steps(&old.basis, old_tier, &new.basis, new_tier))
            .collect();
        if let Some(compared) = compared {
            return one_direction(&compared);
        }
    }
    let exact = |on, tier, known| {
        let high = fine_high(law, offence, on, tier, known)?;
        (high.at_most_fen == Some(high.at_least_fen)).then_some(high.at_least_fen)
    };
    Some(exact(new_on, new_tier, new_known)?.cmp(&exact(old_on, old_tier, old_known)?))
}

fn fine_high(law: &Parsed, offence: &str, on: Day, tier: Tier, known: &Known) -> Option<FenRange> {
    fine(law, offence, on, tier, known).map(|fine| fine.high)
}

fn is_share_known(step: &FineStep, known: &Known) -> bool {
    matches!(&step.basis, FineBasis::ShareOf { fact, .. } if known.is_stated(fact))
}

/// By the upper end, and by the lower end where the upper ends are equal.
fn compare_steps(old: &FineBasis, old_tier: Tier, new: &FineBasis, new_tier: Tier) -> Option<Ordering> {
    match (old, new) {
        (
            FineBasis::ShareOf {
                fact: a,
                low_percent: old_low,
                high_percent: old_high,
            },
            FineBasis::ShareOf {
                fact: b,
                low_percent: new_low,
                high_percent: new_high,
            },
        ) if a == b => Some(new_high.cmp(old_high).then(new_low.cmp(old_low))),
        (FineBasis::Fixed(old), FineBasis::Fixed(new)) => {
            let ((old_low, old_high), (new_low, new_high)) = (old.get(&old_tier)?, new.get(&new_tier)?);
            Some(new_high.cmp(old_high).then(new_low.cmp(old_low)))
        }
        _ => None,
    }
}

fn one_direction(compared: &[Ordering]) -> Option<Ordering> {
    let heavier = compared.contains(&Ordering::Greater);
    let lighter = compared.contains(&Ordering::Less);
    match (heavier, lighter) {
        (true, true) => None,
        (true, false) => Some(Ordering::Greater),
        (false, true) => Some(Ordering::Less),
        (false, false) => Some(Ordering::Equal),
    }
}

/// The last day on which prosecution is not barred by time alone.
pub(crate) fn prosecution_until(law: &Parsed, on: Day, max_months: u32, ended_on: Day) -> Option<Day> {
    let (_, version) = law.by_role("limitation", on)?;
    let Body::Limitation(steps) = &version.body else {
        return None;
    };
    let step = steps
        .iter()
        .find(|step| step.max_months_below.is_none_or(|below| max_months < below))?;
    ended_on.checked_add(i64::from(step.years).years()).ok()
}

/// The node about limitation: inside the period is certain, past it is not, since filing the case stops it.
pub(crate) fn limitation(
    law: &Parsed,
    on: Day,
    band: &BandResult,
    ended_on: Day,
    judged_on: Day,
) -> Option<Reason> {
    let until = prosecution_until(law, on, band.max_months, ended_on)?;
    let (rule, version) = law.by_role("limitation", on)?;
    let (state, message) = if judged_on <= until {
        (Truth::Met, key::LIMITATION_INSIDE)
    } else {
        (Truth::Unknown, key::LIMITATION_OPEN)
    };
    let day = |d: Day| Text::same(d.to_string());
    let values = [
        ("ended", &day(ended_on)),
        ("until", &day(until)),
        ("judged", &day(judged_on)),
    ];
    Some(
        Reason::new(
            ReasonKind::Limitation,
            Some(state),
            law.messages.say(message, &values),
        )
        .citing(rule, version),
    )
}
