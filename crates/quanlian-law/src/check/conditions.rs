//! Lines against each other: what can never matter, and what contradicts.
//!
//! In:  the lines of each offence as they stand together on one day, from all instruments.
//! Out: findings: two amounts for one fact, an upper line below the entry line, a line that another makes
//! pointless, circumstances that can never hold together, shares that one line alone satisfies.
//!
//! Not here: whether the numbers are right; the boundaries say that (`examples`).

use std::collections::BTreeSet;

use quanlian_record::time::Day;

use super::{Checker, Finding, Severity, lines_of, place_of};
use crate::{
    evaluate::RuleSet,
    load::Parsed,
    rule::{Body, Condition, Line, Rule, Version},
};

/// A line that compares one amount, as it stands on a day.
#[derive(Clone, Copy)]
struct Plain<'a> {
    rule: &'a Rule,
    version: &'a Version,
    line: &'a Line,
    fact: &'a str,
    amount: i64,
}

impl Plain<'_> {
    fn applies(&self) -> BTreeSet<&str> {
        self.line.applies.iter().map(String::as_str).collect()
    }
}

fn plain<'a>((rule, version, line): (&'a Rule, &'a Version, &'a Line)) -> Option<Plain<'a>> {
    match &line.condition {
        Condition::AtOrAbove { fact, threshold } => Some(Plain {
            rule,
            version,
            line,
            fact,
            amount: threshold.number(),
        }),
        _ => None,
    }
}

/// Compares the lines of every offence with each other, once for each time the law changed.
pub(super) fn compared(law: &Parsed) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for offence in law.offences() {
        for on in days_of_change(law, &offence.id) {
            let set = RuleSet::of(law, &offence.id, on);
            let lines: Vec<Plain<'_>> = set.lines().filter_map(plain).collect();
            for (index, line) in lines.iter().enumerate() {
                for other in &lines[index + 1..] {
                    findings.extend(pair(law, on, line, other));
                }
            }
        }
    }
    // The same two lines stand together on many days; one finding is enough.
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.code, finding.file.clone(), finding.at_line)));
    findings
}

fn days_of_change(law: &Parsed, offence: &str) -> BTreeSet<Day> {
    law.about(offence)
        .flat_map(|rule| &rule.versions)
        .map(|version| version.from)
        .collect()
}

/// What is wrong with two lines that are in force together.
fn pair(law: &Parsed, on: Day, a: &Plain<'_>, b: &Plain<'_>) -> Option<Finding> {
    // Unsold goods have lines of their own: reaching one is an attempt.
    if a.fact != b.fact || a.line.attempt != b.line.attempt {
        return None;
    }
    let (at, with) = (a.applies(), b.applies());
    if a.line.tier != b.line.tier {
        let (entry, upper) = if a.line.tier < b.line.tier { (a, b) } else { (b, a) };
        let reached = at == with && upper.amount <= entry.amount;
        return reached.then(|| {
            let message = format!(
                "on {on} the upper line `{}` does not lie above the entry line `{}` for the same fact; correct one",
                upper.line.id, entry.line.id
            );
            finding(law, upper, Severity::Error, "upper_below_entry", &message)
        });
    }
    if at == with {
        let message = if a.amount == b.amount {
            format!(
                "on {on} the line says the same as `{}`; keep one of them",
                a.line.id
            )
        } else {
            format!(
                "on {on} `{}` puts the same fact under the same conditions at another amount; end one of them",
                a.line.id
            )
        };
        let code = if a.amount == b.amount {
            "line_twice"
        } else {
            "overlap"
        };
        return Some(finding(law, b, Severity::Error, code, &message));
    }
    // The one that asks for less makes the other pointless when its line is not higher.
    let (wide, narrow) = if at.is_subset(&with) {
        (a, b)
    } else if with.is_subset(&at) {
        (b, a)
    } else {
        return None;
    };
    (wide.amount <= narrow.amount).then(|| {
        let why = match &narrow.line.note {
            Some(note) => format!("its note says: {}", note.en),
            None => "remove it, or say in its `note` why the instrument repeats it".to_owned(),
        };
        let message = format!(
            "on {on} the line changes nothing beside `{}`, which asks for fewer conditions; {why}",
            wide.line.id
        );
        finding(law, narrow, Severity::Warning, "line_without_effect", &message)
    })
}

fn finding(law: &Parsed, at: &Plain<'_>, severity: Severity, code: &'static str, message: &str) -> Finding {
    Finding {
        severity,
        file: law.file_of(at.rule).to_owned(),
        at_line: place_of(law, at.rule, at.version.from, Some(&at.line.id)),
        code,
        message: format!("`{}`: {message}", at.line.id),
    }
}

impl Checker<'_> {
    /// Shares of lines that one line alone satisfies, and names that stand twice in one line.
    pub(super) fn lint_shares(&mut self) {
        let rule = self.rule;
        for version in &rule.versions {
            let Body::Lines(lines) = &version.body else {
                continue;
            };
            for line in lines {
                for leaf in line.condition.leaves() {
                    let Condition::AtLeast {
                        count,
                        share_percent,
                        of,
                    } = leaf
                    else {
                        continue;
                    };
                    if let Some(alone) = alone_enough(lines, *count, *share_percent, of) {
                        let message = format!(
                            "`{}`: reaching `{alone}` alone reaches {count} of these shares; correct `of` or `count`",
                            line.id
                        );
                        let at_line = place_of(self.law, rule, version.from, Some(&line.id));
                        self.find(Severity::Error, at_line, "share_reached_by_one", message);
                    }
                }
            }
        }
        for (from, line) in lines_of(rule) {
            if let Some((one, other)) = self.exclusive(&line.applies) {
                let message = format!(
                    "`{}`: `{one}` and `{other}` exclude each other, so the line never applies; correct `applies`",
                    line.id
                );
                let at_line = place_of(self.law, rule, from, Some(&line.id));
                self.find(Severity::Error, at_line, "applies_never", message);
            }
            let once: BTreeSet<&String> = line.applies.iter().collect();
            if once.len() < line.applies.len() {
                let message = format!("`{}`: a circumstance stands twice in `applies`", line.id);
                let at_line = place_of(self.law, rule, from, Some(&line.id));
                self.find(Severity::Error, at_line, "applies_twice", message);
            }
        }
    }
}

impl Checker<'_> {
    /// Two of these flags of which only one can hold.
    fn exclusive<'f>(&self, flags: &'f [String]) -> Option<(&'f str, &'f str)> {
        let group = |flag: &String| self.law.facts.get(flag).and_then(|fact| fact.one_of.as_deref());
        flags.iter().enumerate().find_map(|(index, one)| {
            let own = group(one)?;
            let other = flags[index + 1..]
                .iter()
                .find(|other| *other != one && group(other) == Some(own))?;
            Some((one.as_str(), other.as_str()))
        })
    }
}

/// The member whose own line, once reached, reaches `count` of the shares by itself.
fn alone_enough<'a>(lines: &'a [Line], count: usize, share_percent: u32, of: &[String]) -> Option<&'a str> {
    let member = |id: &String| {
        let line = lines.iter().find(|line| line.id == *id)?;
        match &line.condition {
            Condition::AtOrAbove { fact, threshold } => Some((line, fact, i128::from(threshold.number()))),
            _ => None,
        }
    };
    let members: Vec<_> = of.iter().filter_map(member).collect();
    let alone = members.iter().find(|(line, fact, amount)| {
        let reached = members.iter().filter(|(other, other_fact, other_amount)| {
            let applies = other.applies.iter().all(|flag| line.applies.contains(flag));
            applies && other_fact == fact && other_amount * i128::from(share_percent) <= amount * 100
        });
        reached.count() >= count
    });
    alone.map(|(line, ..)| line.id.as_str())
}
