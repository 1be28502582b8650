//! From a rule file as it is written to a [`Rule`].
//!
//! In:  the text of one file.
//! Out: a [`Rule`], or an error with the line in the file.
//!
//! Invariant: every kind of rule has exactly the version fields of its kind; versions are in
//! order and do not overlap; amounts are whole fen.

use std::{collections::BTreeMap, ops::Range};

use quanlian_record::{money::Fen, time::parse_day};
use toml::Spanned;

use super::{
    LoadError, MAX_NESTING,
    place::{Place, read},
    raw::{
        Operator, RawAtLeast, RawBoundary, RawCondition, RawExample, RawFineStep, RawLine, RawReaches,
        RawRule, RawVersion, Unit,
    },
};
use crate::{
    damages::rule::Senseless,
    nesting::line_of,
    rule::{
        Amount, Body, Boundary, Condition, Example, ExampleValue, FineBasis, FineRule, FineStep, Kind, Line,
        Rule, Tier, Version,
    },
    sentence::Fault,
};

/// One rule file.
pub(super) fn rule(file: &str, text: &str) -> Result<Rule, LoadError> {
    let raw: RawRule = read(file, text)?;
    let place = Place { file, text };
    check_order(&place, &raw.version)?;
    let mut versions = Vec::new();
    for version in raw.version {
        versions.push(version_of(&place, raw.kind, version)?);
    }
    let examples = raw.example.into_iter().map(|example| example_of(&place, example));
    let boundaries = raw
        .boundary
        .into_iter()
        .map(|boundary| boundary_of(&place, boundary));
    let rule = Rule {
        id: raw.id,
        kind: raw.kind,
        role: raw.role,
        group: raw.group,
        order: raw.order,
        offences: raw.offences,
        row: raw.row,
        title: raw.title,
        source: raw.source,
        versions,
        open: raw.open,
        examples: examples.collect::<Result<_, _>>()?,
        boundaries: boundaries.collect::<Result<_, _>>()?,
    };
    let needs_offence = matches!(
        rule.kind,
        Kind::Threshold | Kind::Band | Kind::Element | Kind::Fine | Kind::Unit
    );
    if needs_offence && rule.offences.is_empty() {
        return Err(place.invalid(
            0..0,
            "the rule names no offence",
            "add offences = [\"cn/criminal/…\"]",
        ));
    }
    Ok(rule)
}

fn check_order(place: &Place<'_>, versions: &[Spanned<RawVersion>]) -> Result<(), LoadError> {
    if versions.is_empty() {
        return Err(place.invalid(
            0..0,
            "the rule has no version",
            "add a [[version]] with the day from which it is in force",
        ));
    }
    let mut earlier: Option<&RawVersion> = None;
    for spanned in versions {
        let version = spanned.get_ref();
        let line = line_of(place.text, spanned.span().start);
        let file = || place.file.to_owned();
        let from = version.from.to_string();
        if version.to.is_some_and(|to| to < version.from) {
            return Err(LoadError::OutOfOrder {
                file: file(),
                line,
                from,
            });
        }
        if let Some(earlier) = earlier {
            if version.from < earlier.from {
                return Err(LoadError::OutOfOrder {
                    file: file(),
                    line,
                    from,
                });
            }
            if earlier.to.is_none_or(|to| version.from <= to) {
                return Err(LoadError::Overlap {
                    file: file(),
                    line,
                    earlier: earlier.from.to_string(),
                    later: from,
                });
            }
        }
        earlier = Some(version);
    }
    Ok(())
}

fn version_of(place: &Place<'_>, kind: Kind, spanned: Spanned<RawVersion>) -> Result<Version, LoadError> {
    let span = spanned.span();
    let raw = spanned.into_inner();
    let present = fields_present(&raw);
    let (needed, optional) = fields_of(kind);
    let allowed: Vec<&str> = needed.iter().chain(optional).copied().collect();
    if let Some(foreign) = present.iter().find(|field| !allowed.contains(field)) {
        let way_out = match allowed.as_slice() {
            [] => "a rule of this kind has only `from` and `to`".to_owned(),
            fields => format!("a rule of this kind has `{}`", fields.join("`, `")),
        };
        return Err(place.invalid(
            span,
            format!("unknown field `{foreign}` in a version of kind {kind:?}"),
            way_out,
        ));
    }
    let lacking =
        |field: &str| place.invalid(span.clone(), format!("the version has no `{field}`"), "add it");
    let (from, to, row, source) = (raw.from, raw.to, raw.row.clone(), raw.source.clone());
    let body = match kind {
        Kind::Threshold => Body::Lines(lines_of(place, raw.line.ok_or_else(|| lacking("line"))?)?),
        Kind::Element => match (raw.element, raw.no_offence) {
            (Some(elements), None) => Body::Elements(elements),
            (None, Some(true)) => Body::NoOffence,
            (None, None) => return Err(lacking("element")),
            _ => {
                return Err(place.invalid(
                    span,
                    "the version has elements and says that there was no offence, or says it with `false`",
                    "write either [[version.element]] or no_offence = true",
                ));
            }
        },
        Kind::Band => {
            let bands = raw.band.ok_or_else(|| lacking("band"))?;
            if let Some(band) = bands
                .iter()
                .find(|b| b.min_months > b.max_months || b.tier == Tier::Below)
            {
                return Err(place.invalid(
                    span,
                    format!("the band of {:?} is upside down or has no tier", band.tier),
                    "correct min_months, max_months or tier",
                ));
            }
            Body::Bands(bands)
        }
        Kind::Fine => {
            let steps = raw.fine.ok_or_else(|| lacking("fine"))?;
            let steps = steps
                .into_iter()
                .map(|step| fine_step_of(place, step))
                .collect::<Result<_, _>>()?;
            Body::Fine(FineRule {
                mode: raw.choose.ok_or_else(|| lacking("choose"))?,
                steps,
            })
        }
        Kind::FineFloor => Body::FineFloor {
            adult_fen: fen(place, &span, raw.adult_yuan.ok_or_else(|| lacking("adult_yuan"))?)?,
            minor_fen: fen(place, &span, raw.minor_yuan.ok_or_else(|| lacking("minor_yuan"))?)?,
            minor_fact: raw.minor_fact,
        },
        Kind::Unit => Body::UnitFactor(
            raw.times
                .filter(|t| (1..=100).contains(t))
                .ok_or_else(|| lacking("times"))?,
        ),
        Kind::Limitation => {
            let steps = raw.step.ok_or_else(|| lacking("step"))?;
            // Without an upper end a step sorts last, so one comparison asks for order and for a last step.
            let ends: Vec<u32> = steps
                .iter()
                .map(|step| step.max_months_below.unwrap_or(u32::MAX))
                .collect();
            if ends.last() != Some(&u32::MAX) || !ends.is_sorted_by(|a, b| a < b) {
                return Err(place.invalid(
                    span,
                    "the steps do not cover every band in rising order",
                    "write max_months_below rising, and leave it out in the last step",
                ));
            }
            Body::Limitation(steps)
        }
        Kind::Papers => Body::Papers(raw.paper.ok_or_else(|| lacking("paper"))?),
        Kind::Valuation => {
            let valuation = raw.valuation.ok_or_else(|| lacking("valuation"))?;
            if let Some((problem, way_out)) = valuation.fault() {
                return Err(place.invalid(span, problem, way_out));
            }
            Body::Valuation(Box::new(valuation))
        }
        Kind::Accumulation => {
            Body::Accumulation(Box::new(raw.accumulation.ok_or_else(|| lacking("accumulation"))?))
        }
        Kind::Probation => {
            let rule = raw.probation.ok_or_else(|| lacking("probation"))?;
            Body::Probation(Box::new(
                rule.validated().map_err(|fault| named(place, &span, fault))?,
            ))
        }
        Kind::Circumstance => {
            let rule = raw.circumstance.ok_or_else(|| lacking("circumstance"))?;
            Body::Circumstance(Box::new(
                rule.validated().map_err(|fault| named(place, &span, fault))?,
            ))
        }
        Kind::Sentencing => {
            let rule = raw.sentencing.ok_or_else(|| lacking("sentencing"))?;
            Body::Sentencing(Box::new(
                rule.validated().map_err(|fault| named(place, &span, fault))?,
            ))
        }
        Kind::Deadline => Body::Clock(Box::new(super::clock::clock(place, &span, raw)?)),
        Kind::Service => Body::Service(Box::new(super::clock::service(
            place,
            &span,
            raw.service.ok_or_else(|| lacking("service"))?,
        )?)),
        Kind::Damages => {
            let rule = raw.damages.ok_or_else(|| lacking("damages"))?;
            sensible(place, &span, rule.check())?;
            Body::Damages(Box::new(rule))
        }
        Kind::Punitive => {
            let rule = raw.punitive.ok_or_else(|| lacking("punitive"))?;
            sensible(place, &span, rule.check())?;
            Body::Punitive(Box::new(rule))
        }
        Kind::AdministrativeFine => {
            let rule = raw
                .administrative_fine
                .ok_or_else(|| lacking("administrative_fine"))?;
            sensible(place, &span, rule.check())?;
            Body::AdministrativeFine(Box::new(rule))
        }
        Kind::Temporal | Kind::Note => Body::Nothing,
    };
    Ok(Version {
        from,
        to,
        row,
        source,
        body,
    })
}

/// The fields of a version by the kind of its rule: those that it needs, and those that it may have.
/// The schema of rule files is made from the same table.
pub(crate) fn fields_of(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Threshold => (&["line"], &[]),
        // One of the two; an element, or the word that there was no such offence yet.
        Kind::Element => (&[], &["element", "no_offence"]),
        Kind::Band => (&["band"], &[]),
        Kind::Fine => (&["choose", "fine"], &[]),
        Kind::FineFloor => (&["adult_yuan", "minor_yuan"], &["minor_fact"]),
        Kind::Unit => (&["times"], &[]),
        Kind::Limitation => (&["step"], &[]),
        Kind::Papers => (&["paper"], &[]),
        Kind::Valuation => (&["valuation"], &[]),
        Kind::Accumulation => (&["accumulation"], &[]),
        Kind::Probation => (&["probation"], &[]),
        Kind::Circumstance => (&["circumstance"], &[]),
        Kind::Sentencing => (&["sentencing"], &[]),
        Kind::Damages => (&["damages"], &[]),
        Kind::Punitive => (&["punitive"], &[]),
        Kind::AdministrativeFine => (&["administrative_fine"], &[]),
        Kind::Deadline => (
            &["actor", "act", "starts"],
            &[
                "ends",
                "at_once",
                "hours",
                "days",
                "count",
                "months",
                "years",
                "reasonable",
                "other_count",
                "last_day",
                "first_hour",
                "before",
                "counted_by",
                "suspension",
                "extension",
            ],
        ),
        Kind::Service => (&["service"], &[]),
        Kind::Temporal | Kind::Note => (&[], &[]),
    }
}

/// A fault of a rule's own module, with its place in the file.
fn named(place: &Place<'_>, span: &Range<usize>, (problem, way_out): Fault) -> LoadError {
    place.invalid(span.clone(), problem, way_out)
}

fn sensible(place: &Place<'_>, span: &Range<usize>, checked: Result<(), Senseless>) -> Result<(), LoadError> {
    checked.map_err(|(problem, way_out)| place.invalid(span.clone(), problem, way_out))
}

fn fields_present(raw: &RawVersion) -> Vec<&'static str> {
    [
        ("line", raw.line.is_some()),
        ("element", raw.element.is_some()),
        ("no_offence", raw.no_offence.is_some()),
        ("band", raw.band.is_some()),
        ("choose", raw.choose.is_some()),
        ("fine", raw.fine.is_some()),
        ("adult_yuan", raw.adult_yuan.is_some()),
        ("minor_yuan", raw.minor_yuan.is_some()),
        ("minor_fact", raw.minor_fact.is_some()),
        ("times", raw.times.is_some()),
        ("step", raw.step.is_some()),
        ("paper", raw.paper.is_some()),
        ("valuation", raw.valuation.is_some()),
        ("accumulation", raw.accumulation.is_some()),
        ("probation", raw.probation.is_some()),
        ("circumstance", raw.circumstance.is_some()),
        ("sentencing", raw.sentencing.is_some()),
        ("damages", raw.damages.is_some()),
        ("punitive", raw.punitive.is_some()),
        ("administrative_fine", raw.administrative_fine.is_some()),
        ("actor", raw.actor.is_some()),
        ("act", raw.act.is_some()),
        ("starts", raw.starts.is_some()),
        ("ends", raw.ends.is_some()),
        ("at_once", raw.at_once.is_some()),
        ("hours", raw.hours.is_some()),
        ("days", raw.days.is_some()),
        ("count", raw.count.is_some()),
        ("months", raw.months.is_some()),
        ("years", raw.years.is_some()),
        ("reasonable", raw.reasonable.is_some()),
        ("other_count", raw.other_count.is_some()),
        ("last_day", raw.last_day.is_some()),
        ("first_hour", raw.first_hour.is_some()),
        ("before", raw.before.is_some()),
        ("counted_by", raw.counted_by.is_some()),
        ("suspension", raw.suspension.is_some()),
        ("extension", raw.extension.is_some()),
        ("service", raw.service.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, present)| present.then_some(name))
    .collect()
}

fn lines_of(place: &Place<'_>, raw: Vec<Spanned<RawLine>>) -> Result<Vec<Line>, LoadError> {
    let mut lines: Vec<Line> = Vec::new();
    for spanned in raw {
        let span = spanned.span();
        let raw = spanned.into_inner();
        if lines.iter().any(|line| line.id == raw.id) {
            return Err(place.invalid(
                span,
                format!("the line `{}` stands twice in one version", raw.id),
                "keep one of them",
            ));
        }
        if raw.tier == Tier::Below {
            return Err(place.invalid(
                span,
                "a line lifts into `below`",
                "write base, serious or especially_serious",
            ));
        }
        let condition = RawCondition {
            fact: raw.fact,
            op: raw.op,
            value: raw.value,
            unit: raw.unit,
            flag: raw.flag,
            all: raw.all,
            any: raw.any,
            at_least: raw.at_least,
            reaches: raw.reaches,
        };
        let condition = condition_of(place, &span, condition, 0)?;
        check_shares(place, &span, &condition, &lines)?;
        lines.push(Line {
            id: raw.id,
            tier: raw.tier,
            applies: raw.applies,
            condition,
            attempt: raw.attempt,
            row: raw.row,
            verified: raw.verified,
            against: raw.against,
            note: raw.note,
        });
    }
    Ok(lines)
}

/// A share is taken of lines that stand above it and compare one amount.
fn check_shares(
    place: &Place<'_>,
    span: &Range<usize>,
    condition: &Condition,
    lines: &[Line],
) -> Result<(), LoadError> {
    match condition {
        Condition::AtLeast {
            count,
            share_percent,
            of,
        } => {
            for id in of {
                let plain = lines
                    .iter()
                    .any(|line| line.id == *id && matches!(line.condition, Condition::AtOrAbove { .. }));
                if !plain {
                    return Err(place.invalid(
                        span.clone(),
                        format!("`{id}` is not a line above this one that compares one amount"),
                        "move that line up or correct the id",
                    ));
                }
            }
            if *count == 0 || *count > of.len() || !(1..=100).contains(share_percent) {
                return Err(place.invalid(
                    span.clone(),
                    "`at_least` can never be met or is always met",
                    "count must be 1 to the number of lines, share_percent 1 to 100",
                ));
            }
            Ok(())
        }
        Condition::All(inner) | Condition::Any(inner) => inner
            .iter()
            .try_for_each(|condition| check_shares(place, span, condition, lines)),
        Condition::AtOrAbove { .. } | Condition::Flag(_) | Condition::Reaches { .. } => Ok(()),
    }
}

fn condition_of(
    place: &Place<'_>,
    span: &Range<usize>,
    raw: RawCondition,
    depth: usize,
) -> Result<Condition, LoadError> {
    if depth > MAX_NESTING {
        let line = line_of(place.text, span.start);
        return Err(LoadError::Nesting {
            file: place.file.to_owned(),
            line,
            limit: MAX_NESTING,
        });
    }
    let several = |inner: Vec<RawCondition>| {
        if inner.is_empty() {
            return Err(place.invalid(span.clone(), "an empty list of conditions", "name at least one"));
        }
        inner
            .into_iter()
            .map(|raw| condition_of(place, span, raw, depth + 1))
            .collect::<Result<Vec<_>, _>>()
    };
    match raw {
        RawCondition {
            fact: Some(fact),
            op: Some(Operator::AtOrAbove),
            value: Some(value),
            unit: Some(unit),
            flag: None,
            all: None,
            any: None,
            at_least: None,
            reaches: None,
        } => {
            if value <= 0 {
                return Err(place.invalid(
                    span.clone(),
                    "a line at or under zero",
                    "write the number of the provision",
                ));
            }
            let threshold = match unit {
                Unit::Yuan => Amount::Fen(fen(place, span, value)?),
                Unit::Count => Amount::Count(value),
            };
            Ok(Condition::AtOrAbove { fact, threshold })
        }
        RawCondition {
            fact: None,
            op: None,
            value: None,
            unit: None,
            flag,
            all,
            any,
            at_least,
            reaches,
        } => match (flag, all, any, at_least, reaches) {
            (Some(flag), None, None, None, None) => Ok(Condition::Flag(flag)),
            (None, Some(all), None, None, None) => Ok(Condition::All(several(all)?)),
            (None, None, Some(any), None, None) => Ok(Condition::Any(several(any)?)),
            (
                None,
                None,
                None,
                None,
                Some(RawReaches {
                    tier: Tier::Below, ..
                }),
            ) => Err(place.invalid(
                span.clone(),
                "`reaches` asks for the tier `below`, which every act reaches",
                "write base, serious or especially_serious",
            )),
            (None, None, None, None, Some(RawReaches { offence, tier })) => {
                Ok(Condition::Reaches { offence, tier })
            }
            (
                None,
                None,
                None,
                Some(RawAtLeast {
                    count,
                    share_percent,
                    of,
                }),
                None,
            ) => Ok(Condition::AtLeast {
                count,
                share_percent,
                of,
            }),
            _ => Err(one_condition(place, span)),
        },
        _ => Err(one_condition(place, span)),
    }
}

fn one_condition(place: &Place<'_>, span: &Range<usize>) -> LoadError {
    place.invalid(
        span.clone(),
        "a line or condition says none or more than one thing",
        "write either fact, op, value and unit, or one of flag, all, any, at_least, reaches",
    )
}

fn fine_step_of(place: &Place<'_>, spanned: Spanned<RawFineStep>) -> Result<FineStep, LoadError> {
    let span = spanned.span();
    let raw = spanned.into_inner();
    let basis = match raw {
        RawFineStep {
            fact: Some(fact),
            low_percent: Some(low_percent),
            high_percent: Some(high_percent),
            base_yuan: None,
            serious_yuan: None,
            especially_serious_yuan: None,
            ..
        } if low_percent <= high_percent => FineBasis::ShareOf {
            fact,
            low_percent,
            high_percent,
        },
        RawFineStep {
            fact: None,
            low_percent: None,
            high_percent: None,
            base_yuan,
            serious_yuan: Some(serious),
            especially_serious_yuan,
            ..
        } if base_yuan.is_some() || especially_serious_yuan.is_some() => {
            let tiers = [
                (Tier::Base, base_yuan),
                (Tier::Serious, Some(serious)),
                (Tier::EspeciallySerious, especially_serious_yuan),
            ];
            let mut ranges = BTreeMap::new();
            for (tier, range) in tiers {
                let Some([low, high]) = range else { continue };
                if low > high {
                    return Err(place.invalid(
                        span,
                        "a fixed range of a fine is upside down",
                        "write the lower amount first",
                    ));
                }
                ranges.insert(tier, (fen(place, &span, low)?, fen(place, &span, high)?));
            }
            FineBasis::Fixed(ranges)
        }
        _ => {
            return Err(place.invalid(
                span,
                "a fine is neither a share of a fact nor a fixed range",
                "write fact, low_percent and high_percent, or the ranges of two tiers: base_yuan, serious_yuan, especially_serious_yuan",
            ));
        }
    };
    Ok(FineStep {
        basis,
        verified: raw.verified,
        against: raw.against,
    })
}

fn fen(place: &Place<'_>, span: &Range<usize>, yuan: i64) -> Result<i64, LoadError> {
    match Fen::from_yuan(yuan) {
        Some(fen) if yuan >= 0 => Ok(fen.0),
        _ => Err(place.invalid(
            span.clone(),
            format!("{yuan} is not an amount of money"),
            "write whole yuan",
        )),
    }
}

fn example_of(place: &Place<'_>, spanned: Spanned<RawExample>) -> Result<Example, LoadError> {
    let span = spanned.span();
    let raw = spanned.into_inner();
    Ok(Example {
        name: raw.name,
        at_line: line_of(place.text, span.start),
        offence: raw.offence,
        on: raw.on,
        conduct: raw.conduct.map(|period| (period.from, period.to)),
        judged_on: raw.judged_on,
        person: raw.person,
        given: values_of(place, &span, raw.given)?,
        acts: raw
            .acts
            .into_iter()
            .map(|act| values_of(place, &span, act))
            .collect::<Result<_, _>>()?,
        timeline: raw.timeline,
        then: values_of(place, &span, raw.then)?,
    })
}

fn boundary_of(place: &Place<'_>, spanned: Spanned<RawBoundary>) -> Result<Boundary, LoadError> {
    let span = spanned.span();
    let raw = spanned.into_inner();
    Ok(Boundary {
        line: raw.line,
        at_line: line_of(place.text, span.start),
        on: raw.on,
        person: raw.person,
        with: values_of(place, &span, raw.with)?,
        below: values_of(place, &span, raw.below)?,
        at: values_of(place, &span, raw.at)?,
        above: values_of(place, &span, raw.above)?,
    })
}

fn values_of(
    place: &Place<'_>,
    span: &Range<usize>,
    table: BTreeMap<String, toml::Value>,
) -> Result<BTreeMap<String, ExampleValue>, LoadError> {
    table
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                toml::Value::Boolean(flag) => ExampleValue::Flag(flag),
                toml::Value::Integer(number) => ExampleValue::Number(number),
                toml::Value::String(text) => ExampleValue::Text(text),
                toml::Value::Datetime(date) if parse_day(&date.to_string()).is_ok() => {
                    ExampleValue::Text(date.to_string())
                }
                other => {
                    return Err(place.invalid(
                        span.clone(),
                        format!("`{name}` is a {}", other.type_str()),
                        "write a whole number, true or false, a date, or an amount as text (\"29,999.99\")",
                    ));
                }
            };
            Ok((name, value))
        })
        .collect()
}
