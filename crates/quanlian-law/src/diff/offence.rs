//! One offence on two days: what an act must reach, and what it then meets.
//!
//! In:  the rules about the offence on each day. Out: [`PointChange`]s.
//!
//! How: lines are paired by tier, fact and circumstances. What is left is paired where the circumstances of one
//! hold those of the other. For a line that comes or goes, the wider lines beside it tell whose position changes.

use quanlian_record::time::Day;

use super::{Change, Point, PointChange, PointSide};
use crate::{
    describe,
    evaluate::RuleSet,
    load::Parsed,
    rule::{Amount, Body, Condition, Element, Line, Rule, Tier, Version},
    text::{Text, key},
};

pub(super) fn changes(law: &Parsed, offence: &str, before: Day, after: Day) -> Vec<PointChange> {
    let old = Side::of(law, offence, before);
    let new = Side::of(law, offence, after);
    let mut changes = elements(law, &old, &new);
    changes.extend(lines(law, &old, &new));
    changes.extend(bands(law, &old, &new));
    changes.extend(fine(law, &old, &new));
    changes.extend(unit(law, &old, &new));
    changes
}

/// A line with the rule that it stands in, and the lines beside it.
#[derive(Clone, Copy)]
struct Placed<'a> {
    offence: &'a str,
    rule: &'a Rule,
    version: &'a Version,
    line: &'a Line,
    beside: &'a [Line],
}

impl Placed<'_> {
    fn plain(&self) -> Option<(&str, Amount)> {
        match &self.line.condition {
            Condition::AtOrAbove { fact, threshold } => Some((fact, *threshold)),
            _ => None,
        }
    }

    fn is_twin_of(&self, other: &Placed<'_>) -> bool {
        let mut sorted = [self.line.applies.clone(), other.line.applies.clone()];
        for flags in &mut sorted {
            flags.sort();
        }
        self.is_like(other) && sorted[0] == sorted[1]
    }

    /// The same tier, and the same fact or the same shape of condition.
    fn is_like(&self, other: &Placed<'_>) -> bool {
        let shape = |placed: &Placed<'_>| shape(&placed.line.condition);
        self.line.tier == other.line.tier
            && self.line.attempt == other.line.attempt
            && shape(self) == shape(other)
    }

    /// Whether every circumstance of this line is one of the flags.
    fn applies_under(&self, flags: &[String]) -> bool {
        self.line.applies.iter().all(|flag| flags.contains(flag))
    }

    fn side(&self, law: &Parsed) -> PointSide {
        PointSide {
            id: Some(self.line.id.clone()),
            amount: self.plain().map(|(_, amount)| amount),
            verified: self.line.verified,
            ..cited(
                self.rule,
                self.version,
                describe::line(law, self.line, self.beside),
            )
        }
    }
}

/// A condition without its amounts.
fn shape(condition: &Condition) -> String {
    let several = |inner: &[Condition]| inner.iter().map(shape).collect::<Vec<_>>().join(" ");
    match condition {
        Condition::AtOrAbove { fact, .. } => fact.clone(),
        Condition::Flag(flag) => format!("flag {flag}"),
        Condition::All(inner) => format!("all ({})", several(inner)),
        Condition::Any(inner) => format!("any ({})", several(inner)),
        Condition::AtLeast { .. } => "at least".to_owned(),
        Condition::Reaches { offence, tier } => format!("reaches {offence} {tier:?}"),
    }
}

/// A side of a change that rests on a provision as a whole.
fn cited(rule: &Rule, version: &Version, text: Text) -> PointSide {
    let source = rule.source_of(version);
    PointSide {
        rule: rule.id.clone(),
        version: version.from,
        id: None,
        amount: None,
        text,
        citation: source.cite.clone(),
        verified: source.checked.verified,
    }
}

/// The rules about an offence on one day.
struct Side<'a> {
    offence: &'a str,
    lines: Vec<Placed<'a>>,
    /// Rules of other kinds, with the version of the day.
    others: Vec<(&'a Rule, &'a Version)>,
}

impl<'a> Side<'a> {
    fn of(law: &'a Parsed, offence: &'a str, on: Day) -> Self {
        let set = RuleSet::of(law, offence, on);
        let lines = set.thresholds.iter().flat_map(|(rule, version, lines)| {
            lines.iter().map(|line| Placed {
                offence,
                rule,
                version,
                line,
                beside: lines,
            })
        });
        let others = law
            .about(offence)
            .filter_map(|rule| rule.version_on(on).map(|version| (rule, version)));
        Self {
            offence,
            lines: lines.collect(),
            others: others.collect(),
        }
    }

    fn find<T>(&self, wanted: impl Fn(&'a Body) -> Option<T>) -> Option<(&'a Rule, &'a Version, T)> {
        self.others
            .iter()
            .find_map(|(rule, version)| wanted(&version.body).map(|found| (*rule, *version, found)))
    }

    /// The lowest amount of the fact that reaches the tier under these circumstances.
    fn reached_from(&self, tier: Tier, fact: &str, flags: &[String]) -> Option<Amount> {
        self.lines
            .iter()
            .filter(|placed| placed.line.tier == tier && placed.applies_under(flags))
            .filter_map(|placed| placed.plain().filter(|(name, _)| *name == fact))
            .map(|(_, amount)| amount)
            .min_by_key(|amount| amount.number())
    }
}

fn lines(law: &Parsed, old: &Side<'_>, new: &Side<'_>) -> Vec<PointChange> {
    let mut changes = Vec::new();
    let (mut gone, mut come) = (old.lines.clone(), new.lines.clone());
    // The same tier, fact and circumstances: the same line, whatever it is called.
    pair(&mut gone, &mut come, Placed::is_twin_of, |before, after| {
        changes.extend(moved(law, before, after));
    });
    // What was asked of more acts is asked of fewer, or the other way round.
    let nested = |a: &Placed<'_>, b: &Placed<'_>| {
        a.is_like(b) && (a.applies_under(&b.line.applies) || b.applies_under(&a.line.applies))
    };
    pair(&mut gone, &mut come, nested, |before, after| {
        changes.push(other_circumstances(law, before, after));
    });
    changes.extend(
        gone.iter()
            .map(|line| came_or_went(law, line, Change::Removed, old, new)),
    );
    changes.extend(
        come.iter()
            .map(|line| came_or_went(law, line, Change::Added, old, new)),
    );
    changes
}

/// Takes out of both lists what belongs together.
fn pair<'a>(
    gone: &mut Vec<Placed<'a>>,
    come: &mut Vec<Placed<'a>>,
    belong: impl Fn(&Placed<'a>, &Placed<'a>) -> bool,
    mut found: impl FnMut(&Placed<'a>, &Placed<'a>),
) {
    gone.retain(
        |before| match come.iter().position(|after| belong(before, after)) {
            Some(index) => {
                found(before, &come.remove(index));
                false
            }
            None => true,
        },
    );
}

fn line_change(change: Change, line: &Placed<'_>, for_whom: Text) -> PointChange {
    PointChange {
        about: Point::Line,
        change,
        tier: Some(line.line.tier),
        fact: line.plain().map(|(fact, _)| fact.to_owned()),
        applies: line.line.applies.clone(),
        before: None,
        after: None,
        for_whom,
    }
}

/// A line that stands where it stood, at another amount or with another content.
fn moved(law: &Parsed, before: &Placed<'_>, after: &Placed<'_>) -> Option<PointChange> {
    let sides = |change: PointChange| PointChange {
        before: Some(before.side(law)),
        after: Some(after.side(law)),
        ..change
    };
    let (Some((fact, old)), Some((_, new))) = (before.plain(), after.plain()) else {
        let text = |line: &Placed<'_>| describe::line(law, line.line, line.beside);
        let same = text(before) == text(after);
        let for_whom = say_line(law, key::DIFF_LINE_OTHER, after, &[]);
        return (!same).then(|| sides(line_change(Change::Changed, after, for_whom)));
    };
    let (change, message) = match old.number().cmp(&new.number()) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => (Change::Raised, key::DIFF_LINE_RAISED),
        std::cmp::Ordering::Greater => (Change::Lowered, key::DIFF_LINE_LOWERED),
    };
    let for_whom = between(law, message, after, fact, old, new);
    Some(sides(line_change(change, after, for_whom)))
}

fn other_circumstances(law: &Parsed, before: &Placed<'_>, after: &Placed<'_>) -> PointChange {
    let flags = |line: &Placed<'_>| {
        if line.line.applies.is_empty() {
            law.messages.say(key::DIFF_NO_CIRCUMSTANCES, &[])
        } else {
            describe::circumstances(law, &line.line.applies)
        }
    };
    let values = [
        ("before", &flags(before)),
        ("after", &flags(after)),
        ("tier", &law.tier_of(after.offence, after.line.tier)),
    ];
    let mut for_whom = vec![law.messages.say(key::DIFF_LINE_CIRCUMSTANCES, &values)];
    for_whom.extend(moved(law, before, after).map(|change| change.for_whom));
    let for_whom = describe::list(&for_whom);
    PointChange {
        before: Some(before.side(law)),
        after: Some(after.side(law)),
        ..line_change(Change::Changed, after, for_whom)
    }
}

/// A line without a counterpart. Whom it moves depends on the wider lines beside it on each day.
fn came_or_went(
    law: &Parsed,
    line: &Placed<'_>,
    change: Change,
    old: &Side<'_>,
    new: &Side<'_>,
) -> PointChange {
    let for_whom = match line.plain() {
        None => {
            let message = if change == Change::Added {
                key::DIFF_LINE_OTHER_ADDED
            } else {
                key::DIFF_LINE_OTHER_REMOVED
            };
            say_line(law, message, line, &[])
        }
        Some((fact, amount)) => {
            let tier = line.line.tier;
            let was = old.reached_from(tier, fact, &line.line.applies);
            let is = new.reached_from(tier, fact, &line.line.applies);
            match (was, is) {
                (Some(was), Some(is)) if was.number() < is.number() => {
                    between(law, key::DIFF_LINE_RAISED, line, fact, was, is)
                }
                (Some(was), Some(is)) if was.number() > is.number() => {
                    between(law, key::DIFF_LINE_LOWERED, line, fact, was, is)
                }
                (Some(_), Some(_)) => say_line(law, key::DIFF_LINE_NO_EFFECT, line, &[]),
                (None, _) => say_line(
                    law,
                    key::DIFF_LINE_ADDED,
                    line,
                    &[("from", law.amount(fact, amount))],
                ),
                (_, None) => say_line(
                    law,
                    key::DIFF_LINE_REMOVED,
                    line,
                    &[("from", law.amount(fact, amount))],
                ),
            }
        }
    };
    let side = Some(line.side(law));
    let (before, after) = if change == Change::Added {
        (None, side)
    } else {
        (side, None)
    };
    PointChange {
        before,
        after,
        ..line_change(change, line, for_whom)
    }
}

/// The acts between two amounts, from the lower one to just under the higher one.
fn between(law: &Parsed, message: &str, line: &Placed<'_>, fact: &str, old: Amount, new: Amount) -> Text {
    let (low, high) = if old.number() < new.number() {
        (old, new)
    } else {
        (new, old)
    };
    let last = high.with(high.number() - 1);
    say_line(
        law,
        message,
        line,
        &[
            ("old", law.amount(fact, old)),
            ("new", law.amount(fact, new)),
            ("low", law.amount(fact, low)),
            ("high", law.amount(fact, last)),
        ],
    )
}

/// A sentence about a line: tier, fact, circumstances and what else it needs.
fn say_line(law: &Parsed, message: &str, line: &Placed<'_>, more: &[(&str, Text)]) -> Text {
    let fact = line
        .plain()
        .map(|(fact, _)| law.fact_title(fact))
        .unwrap_or_default();
    let tier = law.tier_of(line.offence, line.line.tier);
    let mut values: Vec<(&str, &Text)> = vec![("fact", &fact), ("tier", &tier)];
    values.extend(more.iter().map(|(name, text)| (*name, text)));
    let sentence = law.messages.say(message, &values);
    if line.line.applies.is_empty() {
        return sentence;
    }
    let flags = describe::circumstances(law, &line.line.applies);
    law.messages
        .say(key::RULE_WHERE, &[("flags", &flags), ("line", &sentence)])
}

/// A change of something that has no amount.
fn point(about: Point, before: Option<PointSide>, after: Option<PointSide>, for_whom: Text) -> PointChange {
    let change = match (&before, &after) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    PointChange {
        about,
        change,
        tier: None,
        fact: None,
        applies: Vec::new(),
        before,
        after,
        for_whom,
    }
}

fn bands(law: &Parsed, old: &Side<'_>, new: &Side<'_>) -> Vec<PointChange> {
    let bands = |side: &Side<'_>, tier: Tier| {
        let (rule, version, bands) = side.find(|body| match body {
            Body::Bands(bands) => Some(bands),
            _ => None,
        })?;
        let band = bands.iter().find(|band| band.tier == tier)?;
        Some((band.clone(), cited(rule, version, describe::band(law, band))))
    };
    let tiers = |side: &Side<'_>| -> Vec<Tier> {
        let found = side.find(|body| match body {
            Body::Bands(bands) => Some(bands.iter().map(|band| band.tier).collect()),
            _ => None,
        });
        found.map(|(.., tiers)| tiers).unwrap_or_default()
    };
    let all: std::collections::BTreeSet<Tier> = tiers(old).into_iter().chain(tiers(new)).collect();
    let change = |tier: Tier| {
        let (was, is) = (bands(old, tier), bands(new, tier));
        if was.as_ref().map(|(band, _)| band) == is.as_ref().map(|(band, _)| band) {
            return None;
        }
        let for_whom = law
            .messages
            .say(key::DIFF_BAND, &[("tier", &law.tier_of(new.offence, tier))]);
        Some(PointChange {
            tier: Some(tier),
            ..point(
                Point::Band,
                was.map(|(_, side)| side),
                is.map(|(_, side)| side),
                for_whom,
            )
        })
    };
    all.into_iter().filter_map(change).collect()
}

fn fine(law: &Parsed, old: &Side<'_>, new: &Side<'_>) -> Option<PointChange> {
    let fine = |side: &Side<'_>| {
        let (rule, version, fine) = side.find(|body| match body {
            Body::Fine(fine) => Some(fine),
            _ => None,
        })?;
        let bases: Vec<_> = fine.steps.iter().map(|step| step.basis.clone()).collect();
        let text = describe::list(&describe::fine_steps(law, fine));
        let verified = fine.steps.iter().all(|step| step.verified);
        let mut side = cited(rule, version, text);
        side.verified &= verified;
        Some(((fine.mode, bases), side))
    };
    let (was, is) = (fine(old), fine(new));
    let says = |side: &Option<((crate::rule::FineChoice, Vec<_>), PointSide)>| {
        side.as_ref().map(|(says, _)| says.clone())
    };
    if says(&was) == says(&is) {
        return None;
    }
    let for_whom = law.messages.say(key::DIFF_FINE, &[]);
    Some(point(
        Point::Fine,
        was.map(|(_, side)| side),
        is.map(|(_, side)| side),
        for_whom,
    ))
}

fn unit(law: &Parsed, old: &Side<'_>, new: &Side<'_>) -> Option<PointChange> {
    let unit = |side: &Side<'_>| {
        let (rule, version, times) = side.find(|body| match body {
            Body::UnitFactor(times) => Some(*times),
            _ => None,
        })?;
        Some((times, cited(rule, version, describe::unit(law, times))))
    };
    let (was, is) = (unit(old), unit(new));
    // Without a rule a unit's line is a person's.
    let times = |side: &Option<(u32, PointSide)>| side.as_ref().map_or(1, |(times, _)| *times);
    if times(&was) == times(&is) {
        return None;
    }
    let values = [
        ("before", &Text::same(times(&was).to_string())),
        ("after", &Text::same(times(&is).to_string())),
    ];
    let for_whom = law.messages.say(key::DIFF_UNIT, &values);
    Some(point(
        Point::Unit,
        was.map(|(_, side)| side),
        is.map(|(_, side)| side),
        for_whom,
    ))
}

fn elements(law: &Parsed, old: &Side<'_>, new: &Side<'_>) -> Vec<PointChange> {
    type Found<'a> = Vec<(&'a Rule, &'a Version, &'a Element)>;
    fn of<'a>(side: &Side<'a>) -> Found<'a> {
        let found = side.find(|body| match body {
            Body::Elements(elements) => Some(elements),
            _ => None,
        });
        found
            .map(|(rule, version, elements)| {
                elements.iter().map(|element| (rule, version, element)).collect()
            })
            .unwrap_or_default()
    }
    let side = |(rule, version, element): &(&Rule, &Version, &Element)| PointSide {
        id: Some(element.id.clone()),
        verified: element.verified,
        ..cited(rule, version, describe::element(law, element))
    };
    let (was, mut is) = (of(old), of(new));
    let mut changes = Vec::new();
    for before in &was {
        let index = is.iter().position(|(.., element)| element.fact == before.2.fact);
        let after = index.map(|index| is.remove(index));
        let lists = |element: &Element| {
            let Element {
                values,
                signs,
                denied_by,
                ..
            } = element;
            (values.clone(), signs.clone(), denied_by.clone())
        };
        if after.is_some_and(|(.., element)| lists(element) == lists(before.2)) {
            continue;
        }
        let for_whom = match after {
            Some((.., element)) => values_changed(law, before.2, element),
            None => law
                .messages
                .say(key::DIFF_ELEMENT_REMOVED, &[("element", &before.2.title)]),
        };
        let mut change = point(
            Point::Element,
            Some(side(before)),
            after.map(|a| side(&a)),
            for_whom,
        );
        change.fact = Some(before.2.fact.clone());
        changes.push(change);
    }
    for after in &is {
        let for_whom = law
            .messages
            .say(key::DIFF_ELEMENT_ADDED, &[("element", &after.2.title)]);
        let mut change = point(Point::Element, None, Some(side(after)), for_whom);
        change.fact = Some(after.2.fact.clone());
        changes.push(change);
    }
    changes
}

fn values_changed(law: &Parsed, before: &Element, after: &Element) -> Text {
    let minus = |a: &Element, b: &Element| {
        let words = |element: &Element| {
            let words = element
                .values
                .iter()
                .chain(&element.signs)
                .chain(&element.denied_by);
            words.cloned().collect::<Vec<String>>()
        };
        let others = words(b);
        let left: Vec<String> = words(a)
            .into_iter()
            .filter(|value| !others.contains(value))
            .collect();
        if left.is_empty() {
            law.messages.say(key::DIFF_NOTHING, &[])
        } else {
            Text::same(left.join(", "))
        }
    };
    let values = [
        ("element", &after.title),
        ("added", &minus(after, before)),
        ("removed", &minus(before, after)),
    ];
    law.messages.say(key::DIFF_ELEMENT_VALUES, &values)
}
