//! Days that no rule covers, and days that two rules cover.
//!
//! In:  all rules about each offence, whatever instrument they come from.
//! Out: findings that name the days.
//!
//! How: what an offence needs (elements, lines, bands, fine) is looked for on every day from its first version on.
//! A hole that an `[[open]]` question names with `gap = { kind, from, to }` is known and becomes a warning.

use quanlian_record::time::Day;

use super::{Checker, Finding, Severity, place_of};
use crate::{
    load::Parsed,
    rule::{Body, Kind, Rule, Version},
};

/// What every offence needs on every day.
const NEEDED: [(Kind, &str); 4] = [
    (Kind::Element, "elements"),
    (Kind::Threshold, "lines"),
    (Kind::Band, "bands"),
    (Kind::Fine, "fine"),
];

/// Days from the first to the last; `None` while they last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days {
    from: Day,
    to: Option<Day>,
}

impl Days {
    fn holds(self, other: Self) -> bool {
        self.from <= other.from && self.to.is_none_or(|to| other.to.is_some_and(|inner| inner <= to))
    }

    fn say(self) -> String {
        match self.to {
            Some(to) => format!("from {} to {to}", self.from),
            None => format!("from {} on", self.from),
        }
    }
}

/// The days of `whole` that lie in none of `covered`.
fn holes(whole: Days, mut covered: Vec<Days>) -> Vec<Days> {
    covered.sort_by_key(|days| days.from);
    let mut holes = Vec::new();
    let mut next = Some(whole.from);
    for days in covered {
        let Some(open_from) = next else { break };
        if days.from > open_from {
            let to = days.from.yesterday().ok();
            holes.push(Days { from: open_from, to });
        }
        next = match days.to {
            None => None,
            Some(to) => to.tomorrow().ok().map(|after| after.max(open_from)),
        };
    }
    holes.extend(next.map(|from| Days { from, to: whole.to }));
    holes
        .into_iter()
        .filter(|hole| whole.to.is_none_or(|end| hole.from <= end))
        .map(|hole| Days {
            from: hole.from,
            to: match (hole.to, whole.to) {
                (Some(to), Some(end)) => Some(to.min(end)),
                (to, end) => to.or(end),
            },
        })
        .collect()
}

/// Days on which an offence lacks something, across all instruments.
pub(super) fn uncovered(law: &Parsed) -> Vec<Finding> {
    law.offences()
        .flat_map(|offence| uncovered_of(law, offence))
        .collect()
}

fn uncovered_of(law: &Parsed, offence: &Rule) -> Vec<Finding> {
    let (Some(first), Some(last)) = (begin(offence), offence.versions.last()) else {
        return Vec::new();
    };
    let whole = Days {
        from: first.from,
        to: last.to,
    };
    let mut findings = Vec::new();
    for (kind, name) in NEEDED {
        let versions = law
            .about(&offence.id)
            .filter(|rule| rule.kind == kind)
            .flat_map(|rule| &rule.versions);
        let covered: Vec<Days> = versions
            .map(|version| Days {
                from: version.from,
                to: version.to,
            })
            .collect();
        let begins = covered.iter().map(|days| days.from).min();
        for hole in holes(whole, covered) {
            let known = known_gap(law, &offence.id, kind, hole);
            // Before the first rule of the kind the files simply begin later; in between or after, one was lost.
            let leads = begins.is_none_or(|begins| hole.to.is_some_and(|to| to < begins)) && begins.is_some();
            let severity = if known.is_some() || leads {
                Severity::Warning
            } else {
                Severity::Error
            };
            let days = hole.say();
            let message = match known {
                Some(rule) => format!(
                    "`{}` has no {name} {days}: an open question of `{rule}` names this gap",
                    offence.id
                ),
                None => format!(
                    "`{}` has no {name} {days}; write the rule, or name the days in an [[open]] question: gap = {{ kind = \"{}\", from = …, to = … }}",
                    offence.id,
                    word(kind)
                ),
            };
            findings.push(Finding {
                severity,
                file: law.file_of(offence).to_owned(),
                at_line: place_of(law, offence, first.from, None),
                code: if known.is_some() { "known_gap" } else { "gap" },
                message,
            });
        }
    }
    findings
}

/// The version with which an offence begins; before it there may be one that says that there was none.
fn begin(offence: &Rule) -> Option<&Version> {
    let is_offence = |version: &&Version| !matches!(version.body, Body::NoOffence);
    offence.versions.iter().find(is_offence)
}

/// The rule about the offence whose open question names these days.
fn known_gap<'a>(law: &'a Parsed, offence: &str, kind: Kind, hole: Days) -> Option<&'a str> {
    let named = |rule: &&Rule| {
        rule.open.iter().filter_map(|open| open.gap.as_ref()).any(|gap| {
            let days = Days {
                from: gap.from,
                to: gap.to,
            };
            gap.kind == kind && days.holds(hole)
        })
    };
    law.about(offence).find(named).map(|rule| rule.id.as_str())
}

/// The word of a kind in a file.
fn word(kind: Kind) -> String {
    let value = serde_json::to_value(kind).ok();
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl Checker<'_> {
    /// A day on which a rule that was in force before and after says nothing is rarely meant. What an offence
    /// needs is looked at across all its rules instead.
    pub(super) fn lint_gaps(&mut self) {
        if NEEDED.iter().any(|(kind, _)| *kind == self.rule.kind) {
            return;
        }
        for pair in self.rule.versions.windows(2) {
            let next = pair[0].to.and_then(|to| to.tomorrow().ok());
            if next == Some(pair[1].from) {
                continue;
            }
            let Some(from) = next else { continue };
            let hole = Days {
                from,
                to: pair[1].from.yesterday().ok(),
            };
            let named = self
                .rule
                .open
                .iter()
                .filter_map(|open| open.gap.as_ref())
                .any(|gap| {
                    let days = Days {
                        from: gap.from,
                        to: gap.to,
                    };
                    gap.kind == self.rule.kind && days.holds(hole)
                });
            let at_line = place_of(self.law, self.rule, pair[1].from, None);
            let message = format!(
                "no version is in force {}; write it, or name the days in an [[open]] question with `gap`",
                hole.say()
            );
            let code = if named { "known_gap" } else { "gap" };
            self.find(Severity::Warning, at_line, code, message);
        }
    }
}

/// Two rules in force on one day that both say the band, the fine, the elements or the unit rule of one offence.
pub(super) fn ambiguous(law: &Parsed) -> Vec<Finding> {
    let single = |rule: &&Rule| matches!(rule.kind, Kind::Band | Kind::Fine | Kind::Unit | Kind::Element);
    let rules: Vec<&Rule> = law.rules.values().filter(single).collect();
    let mut findings = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        for other in &rules[index + 1..] {
            let same = rule.kind == other.kind && rule.offences.iter().any(|offence| other.is_about(offence));
            let starts = rule
                .versions
                .iter()
                .chain(&other.versions)
                .map(|version| version.from);
            let both = |on: &Day| rule.version_on(*on).is_some() && other.version_on(*on).is_some();
            if let (true, Some(on)) = (same, starts.into_iter().find(both)) {
                let version = other.version_on(on).map(|version| version.from);
                findings.push(Finding {
                    severity: Severity::Error,
                    file: law.file_of(other).to_owned(),
                    at_line: version.and_then(|from| place_of(law, other, from, None)),
                    code: "ambiguous",
                    message: format!("on {on} `{}` answers the same question; end one of them", rule.id),
                });
            }
        }
    }
    findings
}

/// Versions that end before any of their offences begins: nobody could ever use them.
pub(super) fn never_applies(law: &Parsed) -> Vec<Finding> {
    let begins = |id: &String| {
        let offence = law.offences().find(|offence| offence.id == *id)?;
        begin(offence).map(|version| version.from)
    };
    let mut findings = Vec::new();
    for rule in law.rules.values().filter(|rule| !rule.offences.is_empty()) {
        let unknown = rule
            .offences
            .iter()
            .find(|id| law.offences().all(|offence| offence.id != **id));
        if let Some(id) = unknown {
            findings.push(Finding {
                severity: Severity::Error,
                file: law.file_of(rule).to_owned(),
                at_line: Some(1),
                code: "unknown_offence",
                message: format!(
                    "`{id}` is no offence of the folder; correct `offences` or write its elements"
                ),
            });
        }
        let Some(begin) = rule.offences.iter().filter_map(begins).min() else {
            continue;
        };
        let says_something = |version: &&Version| !matches!(version.body, Body::NoOffence);
        for version in rule.versions.iter().filter(says_something) {
            if version.to.is_some_and(|to| to < begin) {
                findings.push(Finding {
                    severity: Severity::Error,
                    file: law.file_of(rule).to_owned(),
                    at_line: place_of(law, rule, version.from, None),
                    code: "version_never_applies",
                    message: format!(
                        "the version from {} ends before its offence begins on {begin}; correct the dates or remove it",
                        version.from
                    ),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Days {
        Days {
            from: from.parse().unwrap(),
            to: to.parse().ok(),
        }
    }

    fn check(whole: (&str, &str), covered: &[(&str, &str)], then: &[(&str, &str)]) {
        let covered = covered.iter().map(|(from, to)| days(from, to)).collect();
        let then: Vec<Days> = then.iter().map(|(from, to)| days(from, to)).collect();
        assert_eq!(holes(days(whole.0, whole.1), covered), then);
    }

    #[test]
    fn holes_are_named_before_between_and_after() {
        let on = ("2000-01-01", "");
        check(on, &[("2000-01-01", "")], &[]);
        check(on, &[], &[on]);
        check(
            on,
            &[("2001-01-01", "2001-12-31")],
            &[("2000-01-01", "2000-12-31"), ("2002-01-01", "")],
        );
        check(
            on,
            &[("2003-01-01", ""), ("2000-01-01", "2001-12-31")],
            &[("2002-01-01", "2002-12-31")],
        );
    }

    #[test]
    fn overlapping_instruments_leave_no_hole() {
        check(
            ("2000-01-01", "2009-12-31"),
            &[
                ("2000-01-01", "2007-12-31"),
                ("2001-01-01", "2002-01-01"),
                ("2008-01-01", "2020-01-01"),
            ],
            &[],
        );
        check(
            ("2000-01-01", "2000-12-31"),
            &[("2003-01-01", "")],
            &[("2000-01-01", "2000-12-31")],
        );
    }
}
