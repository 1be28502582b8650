//! Flags of which exactly one holds (`one_of` in `facts.toml`), taken in turn while nobody knows which.
//!
//! In:  a rule set and what is known.
//! Out: [`Alternatives`]: what the facts establish whichever flag it is, and what they allow with any.
//!
//! Invariant: the tier established is the lowest over the alternatives, the tier possible the highest.
//! A group that no line asks for, or of which a flag is known to hold, costs nothing.
//!
//! Not here: what the other flags of a group say about one of them (`facts`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Reason, ReasonKind, RuleSet};
use crate::{
    facts::Known,
    interval::Truth,
    rule::{Line, Tier},
    text::{Text, key},
};

/// Most combinations that are tried; further groups stay unknown, which leaves more open and excludes less.
const MAX_COMBINATIONS: usize = 64;

/// The flags of a group, in the order in which they are asked for.
pub(super) type Group<'a> = Vec<&'a str>;

/// The groups that the lines of a set ask for.
pub(super) fn groups<'a>(set: &RuleSet<'a>) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<&'a str, Group<'a>> = BTreeMap::new();
    for flag in set.lines().flat_map(|(_, _, line)| &line.applies) {
        let Some(definition) = set.law.facts.get(flag) else {
            continue;
        };
        let Some(name) = &definition.one_of else { continue };
        groups.entry(name).or_insert_with(|| {
            let mut flags: Group<'a> = std::iter::once(&definition.name)
                .chain(&definition.others)
                .map(String::as_str)
                .collect();
            flags.sort_by_key(|flag| set.law.facts.get(*flag).map(|definition| definition.rank));
            flags
        });
    }
    groups.into_values().collect()
}

/// What could be so: one flag of each open group, in every combination.
pub(crate) struct Alternatives<'a> {
    combinations: Vec<Vec<&'a str>>,
    open: BTreeSet<&'a str>,
}

impl<'a> RuleSet<'a> {
    /// The alternatives, if the lines ask for a group of which no flag is known to hold.
    pub(crate) fn alternatives(&self, known: &Known) -> Option<Alternatives<'a>> {
        let mut found = Alternatives {
            combinations: vec![Vec::new()],
            open: BTreeSet::new(),
        };
        for group in &self.groups {
            let state = |flag: &str| known.flag(flag, &self.law.facts).0;
            let left: Group<'a> = group
                .iter()
                .copied()
                .filter(|flag| state(flag) != Truth::NotMet)
                .collect();
            let is_open = !left.is_empty() && left.iter().all(|flag| state(flag) == Truth::Unknown);
            if !is_open || found.combinations.len() * left.len() > MAX_COMBINATIONS {
                continue;
            }
            found.open.extend(&left);
            found.combinations = found
                .combinations
                .iter()
                .flat_map(|begun| {
                    left.iter()
                        .map(|flag| begun.iter().copied().chain([*flag]).collect())
                })
                .collect();
        }
        (!found.open.is_empty()).then_some(found)
    }

    /// The state of a line as if it did not ask which flag of an open group holds.
    pub(crate) fn line_truth_apart(&self, line: &Line, known: &Known) -> Truth {
        let known = &*self.derive(known);
        match self.alternatives(known) {
            Some(alternatives) => alternatives.apart(self, line, known),
            None => self.line_truth(line, known),
        }
    }
}

impl Alternatives<'_> {
    fn apart(&self, set: &RuleSet<'_>, line: &Line, known: &Known) -> Truth {
        let asked = line
            .applies
            .iter()
            .filter(|flag| !self.open.contains(flag.as_str()));
        let asked = asked.map(|flag| known.flag(flag, &set.law.facts).0);
        Truth::all(asked.chain([set.condition_truth(&line.condition, known)]))
    }

    /// Whether a line can apply where these flags hold.
    fn allows(&self, combination: &[&str], line: &Line) -> bool {
        let mut open = line
            .applies
            .iter()
            .filter(|flag| self.open.contains(flag.as_str()));
        open.all(|flag| combination.contains(&flag.as_str()))
    }

    /// The tier established whichever flag holds, and the highest that is possible with any.
    pub(super) fn reach(&self, set: &RuleSet<'_>, known: &Known) -> (Tier, Tier) {
        // Each line is evaluated once; the combinations only choose among the lines.
        let lines: Vec<(&Line, Truth)> = set
            .lines()
            .map(|(_, _, line)| (line, self.apart(set, line, known)))
            .collect();
        let reached = self.combinations.iter().map(|combination| {
            let highest = |least: Truth| {
                let reached = lines
                    .iter()
                    .filter(|(line, state)| *state >= least && self.allows(combination, line));
                reached.map(|(line, _)| line.tier).max().unwrap_or(Tier::Below)
            };
            (highest(Truth::Met), highest(Truth::Unknown))
        });
        let (mut established, mut possible) = (None::<Tier>, Tier::Below);
        for (met, open) in reached {
            established = Some(established.map_or(met, |lowest| lowest.min(met)));
            possible = possible.max(open);
        }
        (established.unwrap_or(Tier::Below), possible)
    }

    /// The node that takes the flags in turn for one tier.
    pub(super) fn reason(&self, set: &RuleSet<'_>, tier: Tier, known: &Known) -> Reason {
        let lines: Vec<(&Line, Truth)> = set
            .lines()
            .filter(|(_, _, line)| line.tier == tier)
            .map(|(_, _, line)| (line, self.apart(set, line, known)))
            .collect();
        let node = |message, flags: &[&str], state: Truth| {
            let titles: Vec<Text> = flags.iter().map(|flag| set.law.fact_title(flag)).collect();
            let values = [("facts", &Text::join(&titles)), ("state", &set.state(state))];
            let text = set.law.messages.say(message, &values);
            let mut reason = Reason::new(ReasonKind::Condition, Some(state), text);
            reason.tier = Some(tier);
            reason
        };
        let children: Vec<Reason> = self
            .combinations
            .iter()
            .map(|combination| {
                let allowed = lines.iter().filter(|(line, _)| self.allows(combination, line));
                let state = Truth::any(allowed.map(|(_, state)| *state));
                node(key::IF_ONE_OF_GROUP, combination, state)
            })
            .collect();
        let states: BTreeSet<Truth> = children.iter().filter_map(|child| child.state).collect();
        let state = match states.first() {
            Some(state) if states.len() == 1 => *state,
            _ => Truth::Unknown,
        };
        let asked: Vec<&str> = set
            .groups
            .iter()
            .flatten()
            .copied()
            .filter(|flag| self.open.contains(flag))
            .collect();
        let mut reason = node(key::ONE_OF_GROUP, &asked, state);
        reason.children = children;
        reason
    }
}
