//! One rule set, as it stood on one day, applied to what is known.
//!
//! In:  the rule book, the offence, a day, and the known facts.
//! Out: for each tier whether its lines are met, not met or unknown, and the tree
//! of [`Reason`]s that shows why.
//!
//! Invariant: the state of a node follows from its children by three-valued logic
//! alone; the truth functions and the tree use the same code for each leaf.
//!
//! Not here: which of two rule sets governs (`assess`), penalties (`penalty`), amounts that follow
//! from other facts (`derived`).

use std::collections::{BTreeMap, BTreeSet};

mod alternatives;

use quanlian_record::time::Day;
use serde::Serialize;

use alternatives::Group;

use crate::{
    acts::AccumulationRule,
    derived::{self, Valuation},
    facts::{Certainty, Known},
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Amount, Band, Body, Condition, Element, Line, Person, Rule, Tier, Version},
    text::{Text, key},
};

/// What a node of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// All lines of a tier; met when one of them is.
    Tier,
    /// One line of a threshold.
    Line,
    /// A circumstance that a line asks for before it applies.
    Applies,
    /// A comparison or combination inside a line.
    Condition,
    /// A statutory element.
    Element,
    /// Limitation of prosecution.
    Limitation,
    /// An amount that was found from other facts, or added up.
    Derivation,
    /// A rule that was used and has no state of its own.
    Note,
}

/// One node of the tree of reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What it is.
    pub kind: ReasonKind,
    /// Met, not met or unknown; a note has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Truth>,
    /// The node in words.
    pub text: Text,
    /// Which tier it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Id of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The version of the rule, by its first day in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Day>,
    /// Id of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Instrument and article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text>,
    /// Whether somebody read this line in a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Name of the fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// What was compared with what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// Ids of the evidence behind the fact.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who stated the fact.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated_by: Vec<String>,
    /// How sure the fact is, where somebody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// What it follows from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Reason>,
}

impl Reason {
    pub(crate) fn new(kind: ReasonKind, state: Option<Truth>, text: Text) -> Self {
        Self {
            kind,
            state,
            text,
            tier: None,
            rule: None,
            version: None,
            line: None,
            citation: None,
            verified: None,
            fact: None,
            compared: None,
            evidence: Vec::new(),
            stated_by: Vec::new(),
            certainty: None,
            children: Vec::new(),
        }
    }

    pub(crate) fn citing(mut self, rule: &Rule, version: &Version) -> Self {
        let source = rule.source_of(version);
        self.rule = Some(rule.id.clone());
        self.version = Some(version.from);
        self.citation = Some(source.cite.clone());
        self.verified = Some(source.checked.verified);
        self
    }

    /// Everything under a line rests on the line's provision, unless it names one of its own.
    pub(crate) fn inherit(&mut self) {
        for child in self.children.iter_mut().filter(|child| child.rule.is_none()) {
            child.rule.clone_from(&self.rule);
            child.version = self.version;
            child.citation.clone_from(&self.citation);
            child.verified = self.verified;
            child.tier = self.tier;
            child.inherit();
        }
    }

    pub(crate) fn resting_on(mut self, fact: &str, known: &Known) -> Self {
        self.fact = Some(fact.to_owned());
        (self.evidence, self.stated_by) = known.evidence(fact);
        self.certainty = known.facts.get(fact).and_then(|known| known.certainty);
        self
    }
}

/// What a fact was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The fact is at least this.
    pub at_least: Amount,
    /// And at most this; `None` where nothing bounds it.
    pub at_most: Option<Amount>,
    /// The comparison: `>=`, which includes the number itself.
    pub op: &'static str,
    /// The line.
    pub threshold: Amount,
    /// How far the fact is from the line, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

/// How far a fact is from a line. Where the fact has bounds, this is the distance of the nearer known bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// So much is lacking.
    ShortBy(Amount),
    /// So much is beyond; zero when the fact is exactly on the line.
    AboveBy(Amount),
}

/// The rules about one offence as they stand on one day.
pub(crate) struct RuleSet<'a> {
    pub(crate) law: &'a Parsed,
    pub(crate) on: Day,
    /// Id of the offence.
    pub(crate) offence: &'a str,
    /// Threshold rules with a version in force.
    pub(crate) thresholds: Vec<(&'a Rule, &'a Version, &'a [Line])>,
    /// The rule on units, if one is in force.
    unit: Option<(&'a Rule, &'a Version, u32)>,
    elements: Option<(&'a Rule, &'a Version, &'a [Element])>,
    /// The penalty bands, by which two sets are weighed.
    bands: &'a [Band],
    /// Groups of flags of which exactly one holds (`one_of`), as far as lines ask for them.
    groups: Vec<Group<'a>>,
    /// The rule that says that the offence did not exist yet.
    no_offence: Option<(&'a Rule, &'a Version)>,
    /// How amounts are found, for this offence and those that its lines name; what one needs stands before it.
    pub(crate) valuations: Vec<Valuation<'a>>,
    /// Which amounts of several acts add up.
    pub(crate) accumulation: Option<(&'a Rule, &'a Version, &'a AccumulationRule)>,
    /// The sets of the offences that lines name ([`Condition::Reaches`]).
    reached: BTreeMap<&'a str, RuleSet<'a>>,
}

impl<'a> RuleSet<'a> {
    pub(crate) fn of(law: &'a Parsed, offence: &str, on: Day) -> Self {
        let offence = law.rules.get_key_value(offence).map_or("", |(id, _)| id.as_str());
        let accumulation = law
            .by_role("accumulation", on)
            .and_then(|(rule, version)| match &version.body {
                Body::Accumulation(adds) => Some((rule, version, &**adds)),
                _ => None,
            });
        let mut set = Self {
            law,
            on,
            offence,
            thresholds: Vec::new(),
            unit: None,
            elements: None,
            bands: &[],
            groups: Vec::new(),
            no_offence: None,
            valuations: Vec::new(),
            accumulation,
            reached: BTreeMap::new(),
        };
        for rule in law.about(offence) {
            let Some(version) = rule.version_on(on) else {
                continue;
            };
            match &version.body {
                Body::Lines(lines) => set.thresholds.push((rule, version, lines)),
                Body::UnitFactor(times) => set.unit = Some((rule, version, *times)),
                Body::Elements(elements) => set.elements = Some((rule, version, elements)),
                Body::Bands(bands) => set.bands = bands,
                Body::NoOffence => set.no_offence = Some((rule, version)),
                Body::Valuation(valuation) => set.valuations.push((rule, version, valuation)),
                _ => {}
            }
        }
        set.add_reached();
        set.valuations = derived::ordered(set.valuations);
        set.thresholds.sort_by_key(|(rule, _, _)| (rule.order, &rule.id));
        set.groups = alternatives::groups(&set);
        set
    }

    /// The sets of the offences that the lines name. The loader refuses circles.
    fn add_reached(&mut self) {
        let leaves = self.lines().flat_map(|(_, _, line)| line.condition.leaves());
        let named: Vec<&'a str> = leaves
            .filter_map(|leaf| match leaf {
                Condition::Reaches { offence, .. } => Some(offence.as_str()),
                _ => None,
            })
            .collect();
        for offence in named {
            if self.reached.contains_key(offence) {
                continue;
            }
            let other = Self::of(self.law, offence, self.on);
            for valuation in &other.valuations {
                if !self
                    .valuations
                    .iter()
                    .any(|(rule, _, _)| rule.id == valuation.0.id)
                {
                    self.valuations.push(*valuation);
                }
            }
            self.reached.insert(offence, other);
        }
    }

    /// Whether the files say nothing from which a tier could follow on the day of the set.
    pub(crate) fn is_silent(&self) -> bool {
        self.thresholds.is_empty() && self.no_offence.is_none()
    }

    /// The lines, and those of other offences that they name, each with the set that it is read in.
    pub(crate) fn deep_lines(&self) -> Vec<(&Self, &'a Rule, &'a Version, &'a Line)> {
        let own = self.lines().map(|line| (self, line.0, line.1, line.2));
        own.flat_map(|own| std::iter::once(own).chain(self.named_lines(own.3)))
            .collect()
    }

    /// The lines of other offences that a line of this set names, and those that these name.
    pub(crate) fn named_lines(&self, line: &Line) -> Vec<(&Self, &'a Rule, &'a Version, &'a Line)> {
        let leaves = line.condition.leaves().into_iter();
        let named = leaves.filter_map(|leaf| match leaf {
            Condition::Reaches { offence, tier } => Some((self.reached.get(offence.as_str())?, *tier)),
            _ => None,
        });
        named
            .flat_map(|(other, tier)| {
                let lines = other.lines().filter(move |(_, _, line)| line.tier >= tier);
                lines.flat_map(move |(rule, version, line)| {
                    std::iter::once((other, rule, version, line)).chain(other.named_lines(line))
                })
            })
            .collect()
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'a Rule, &'a Version, &'a Line)> + '_ {
        self.thresholds
            .iter()
            .flat_map(|(rule, version, lines)| lines.iter().map(move |line| (*rule, *version, line)))
    }

    /// The tier that the facts establish, and the highest that they do not exclude.
    pub(crate) fn reach(&self, known: &Known) -> (Tier, Tier) {
        let known = &*self.derive(known);
        if self.no_offence.is_some() || self.excluding_element(known).is_some() {
            return (Tier::Below, Tier::Below);
        }
        if self.thresholds.is_empty() {
            return (
                Tier::Below,
                self.highest_band().unwrap_or(Tier::EspeciallySerious),
            );
        }
        if let Some(alternatives) = self.alternatives(known) {
            return alternatives.reach(self, known);
        }
        let (mut established, mut possible) = (Tier::Below, Tier::Below);
        for (_, _, line) in self.lines() {
            match self.line_truth(line, known) {
                Truth::Met => {
                    established = established.max(line.tier);
                    possible = possible.max(line.tier);
                }
                Truth::Unknown => possible = possible.max(line.tier),
                Truth::NotMet => {}
            }
        }
        (established, possible)
    }

    pub(crate) fn line_truth(&self, line: &Line, known: &Known) -> Truth {
        let known = &*self.derive(known);
        let applies = line
            .applies
            .iter()
            .map(|flag| known.flag(flag, &self.law.facts).0);
        Truth::all(applies.chain([self.condition_truth(&line.condition, known)]))
    }

    /// The state of a line on what is stated alone, without what follows from it.
    pub(crate) fn truth_as_stated(&self, line: &Line, stated: &Known) -> Truth {
        let mut stated = stated.clone();
        stated.derived.get_or_insert_default();
        self.line_truth(line, &stated)
    }

    fn condition_truth(&self, condition: &Condition, known: &Known) -> Truth {
        match condition {
            Condition::AtOrAbove { fact, threshold } => {
                known.interval(fact).reaches(self.for_person(*threshold, known))
            }
            Condition::Flag(flag) => known.flag(flag, &self.law.facts).0,
            Condition::All(inner) => Truth::all(inner.iter().map(|c| self.condition_truth(c, known))),
            Condition::Any(inner) => Truth::any(inner.iter().map(|c| self.condition_truth(c, known))),
            Condition::AtLeast {
                count,
                share_percent,
                of,
            } => {
                let shares: Vec<Truth> = self
                    .shares(*share_percent, of)
                    .into_iter()
                    .map(|(line, fact, threshold)| self.share_truth(line, fact, threshold, known))
                    .collect();
                Truth::at_least(*count, &shares)
            }
            Condition::Reaches { offence, tier } => {
                let other = self.reached.get(offence.as_str());
                other.map_or(Truth::Unknown, |other| other.tier_truth(*tier, known))
            }
        }
    }

    /// Whether a line of this tier or a higher one is met. Open where no lines are in force.
    fn tier_truth(&self, tier: Tier, known: &Known) -> Truth {
        if self.no_offence.is_some() {
            return Truth::NotMet;
        }
        if self.thresholds.is_empty() {
            return Truth::Unknown;
        }
        let lines = self.lines().filter(|(_, _, line)| line.tier >= tier);
        Truth::any(lines.map(|(_, _, line)| self.line_truth(line, known)))
    }

    fn share_truth(&self, line: &Line, fact: &str, threshold: Amount, known: &Known) -> Truth {
        let applies = line
            .applies
            .iter()
            .map(|flag| known.flag(flag, &self.law.facts).0);
        Truth::all(applies.chain([known.interval(fact).reaches(self.for_person(threshold, known))]))
    }

    /// The named lines with their amounts cut to a share, rounded up to a whole fen or piece.
    pub(crate) fn shares(&self, share_percent: u32, of: &[String]) -> Vec<(&'a Line, &'a str, Amount)> {
        self.lines()
            .filter(|(_, _, line)| of.contains(&line.id))
            .filter_map(|(_, _, line)| match &line.condition {
                Condition::AtOrAbove { fact, threshold } => {
                    let share = (i128::from(threshold.number()) * i128::from(share_percent) + 99) / 100;
                    let share = i64::try_from(share).unwrap_or(i64::MAX);
                    Some((line, fact.as_str(), threshold.with(share)))
                }
                _ => None,
            })
            .collect()
    }

    /// The line for this person: a unit's may be a multiple. Open while it is open who acted.
    pub(crate) fn for_person(&self, threshold: Amount, known: &Known) -> Interval {
        let times = i64::from(self.unit.map_or(1, |(_, _, times)| times));
        let single = threshold.number();
        let multiple = single.saturating_mul(times);
        match known.person {
            Some(Person::Natural) => Interval::exact(single),
            Some(Person::Unit) => Interval::exact(multiple),
            None => Interval {
                low: single,
                high: Some(multiple),
            },
        }
    }

    /// The highest tier with a penalty band.
    fn highest_band(&self) -> Option<Tier> {
        self.bands.iter().map(|band| band.tier).max()
    }

    /// Upper and lower end of the main penalty of a tier, in months; nothing where there is no band.
    pub(crate) fn main_penalty(&self, tier: Tier) -> (u32, u32) {
        let band = self.bands.iter().find(|band| band.tier == tier);
        band.map_or((0, 0), |band| (band.max_months, band.min_months))
    }

    /// Facts and flags that the outcome can depend on: those of lines and elements, what amounts are found
    /// from, and what implies or excludes a flag.
    pub(crate) fn outcome_facts(&self) -> BTreeSet<&'a str> {
        let mut names: BTreeSet<&'a str> = BTreeSet::new();
        for (_, _, _, line) in self.deep_lines() {
            names.extend(line.applies.iter().map(String::as_str));
            names.extend(line.condition.names());
        }
        let elements = self.elements.map(|(_, _, elements)| elements).unwrap_or_default();
        for element in elements {
            names.insert(&element.fact);
            names.extend(element.denied_by.iter().map(String::as_str));
        }
        self.add_inputs(&mut names);
        let definitions: &'a BTreeMap<_, _> = &self.law.facts;
        let causes: Vec<&'a str> = names
            .iter()
            .filter_map(|name| definitions.get(*name))
            .flat_map(|definition| definition.implied_by.iter().chain(&definition.others))
            .map(String::as_str)
            .collect();
        names.extend(causes);
        names
    }

    /// Every amount of a fact at which some line or share of a line begins for this person, in order; also
    /// where the line asks for a fact that is found from this one.
    pub(crate) fn amounts_of(&self, name: &str, known: &Known) -> BTreeSet<i64> {
        let derived = &*self.derive(known);
        let mut found = BTreeSet::new();
        for (set, _, _, line) in self.deep_lines() {
            for leaf in line.condition.leaves() {
                let thresholds: Vec<(&str, Amount)> = match leaf {
                    Condition::AtOrAbove { fact, threshold } => vec![(fact, *threshold)],
                    Condition::AtLeast {
                        share_percent, of, ..
                    } => {
                        let shares = set.shares(*share_percent, of).into_iter();
                        shares.map(|(_, fact, share)| (fact, share)).collect()
                    }
                    _ => Vec::new(),
                };
                for (fact, threshold) in thresholds {
                    let line = set.for_person(threshold, known);
                    for begins in [Some(line.low), line.high].into_iter().flatten() {
                        found.extend(self.needed(name, fact, begins, derived, |of| Some(of.low)));
                    }
                }
            }
        }
        found
    }

    /// Whether the answer can depend on who acted.
    pub(crate) fn depends_on_person(&self) -> bool {
        self.unit.is_some_and(|(_, _, times)| times != 1)
    }

    /// The first statutory element that the facts deny.
    pub(crate) fn excluding_element(&self, known: &Known) -> Option<&'a Element> {
        let (_, _, elements) = self.elements?;
        elements
            .iter()
            .find(|element| self.element_truth(element, known) == Truth::NotMet)
    }

    /// Whether the facts state or deny an element. A sign alone leaves it open.
    fn element_truth(&self, element: &Element, known: &Known) -> Truth {
        if self.denial(element, known).is_some() {
            return Truth::NotMet;
        }
        let Some(fact) = known.facts.get(&element.fact) else {
            return Truth::Unknown;
        };
        if element.values.is_empty() {
            return fact.truth;
        }
        let inside = fact
            .words
            .iter()
            .filter(|word| element.values.contains(word))
            .count();
        match (inside, fact.words.len()) {
            (_, 0) => Truth::Unknown,
            (inside, all) if inside == all => Truth::Met,
            (0, _) => Truth::NotMet,
            _ => Truth::Unknown,
        }
    }

    /// The flag that holds and denies the element, whatever is stated of the element itself.
    fn denial<'e>(&self, element: &'e Element, known: &Known) -> Option<&'e String> {
        let holds = |flag: &&String| known.flag(flag, &self.law.facts).0 == Truth::Met;
        element.denied_by.iter().find(holds)
    }

    /// Statutory elements that nobody has read in the source.
    pub(crate) fn unread_elements(&self) -> impl Iterator<Item = (&'a Rule, &'a Version, &'a Element)> {
        self.elements.into_iter().flat_map(|(rule, version, elements)| {
            elements
                .iter()
                .filter(|element| !element.verified)
                .map(move |element| (rule, version, element))
        })
    }

    /// The statutory elements with their states.
    pub(crate) fn element_reasons(&self, known: &Known) -> Vec<Reason> {
        let Some((rule, version, elements)) = self.elements else {
            return Vec::new();
        };
        let reason = |element: &Element| {
            let reason = self.element_reason(element, known).citing(rule, version);
            Reason {
                verified: Some(element.verified),
                ..reason
            }
        };
        elements.iter().map(reason).collect()
    }

    fn element_reason(&self, element: &Element, known: &Known) -> Reason {
        let state = self.element_truth(element, known);
        let denial = self.denial(element, known);
        let sign = element
            .signs
            .iter()
            .find(|sign| known.flag(sign, &self.law.facts).0 == Truth::Met);
        let (message, state, fact) = match (state, sign) {
            (Truth::Unknown, Some(sign)) => (key::ELEMENT_SIGN, Truth::Unknown, sign),
            (Truth::NotMet, _) if denial.is_some() => (
                key::ELEMENT_DENIED_BY,
                Truth::NotMet,
                denial.unwrap_or(&element.fact),
            ),
            (Truth::Met, _) => (key::ELEMENT_MET, Truth::Met, &element.fact),
            (Truth::NotMet, _) => (key::ELEMENT_NOT_MET, Truth::NotMet, &element.fact),
            (Truth::Unknown, None) => (key::ELEMENT_UNKNOWN, Truth::Unknown, &element.fact),
        };
        let values = [("element", &element.title), ("fact", &self.law.fact_title(fact))];
        let text = self.law.messages.say(message, &values);
        let mut reason = Reason::new(ReasonKind::Element, Some(state), text).resting_on(fact, known);
        reason.line = Some(element.id.clone());
        reason
    }

    /// The tree: one node for each tier, its lines below it, and the rules that shaped them.
    pub(crate) fn reasons(&self, known: &Known) -> Vec<Reason> {
        let known = &*self.derive(known);
        let mut reasons = Vec::new();
        if let Some((rule, version)) = self.no_offence {
            let on = Text::same(self.on.to_string());
            let text = self.law.messages.say(key::NO_OFFENCE, &[("on", &on)]);
            return vec![Reason::new(ReasonKind::Element, Some(Truth::NotMet), text).citing(rule, version)];
        }
        if let Some(element) = self.excluding_element(known) {
            let text = self
                .law
                .messages
                .say(key::ELEMENT_EXCLUDES, &[("element", &element.title)]);
            let mut reason = Reason::new(ReasonKind::Element, Some(Truth::NotMet), text);
            reason.line = Some(element.id.clone());
            if let Some((rule, version, _)) = self.elements {
                reason = reason.citing(rule, version);
            }
            reasons.push(reason.resting_on(&element.fact, known));
        }
        if self.thresholds.is_empty() {
            let on = Text::same(self.on.to_string());
            let text = self.law.messages.say(key::NO_LINES, &[("on", &on)]);
            reasons.push(Reason::new(ReasonKind::Tier, Some(Truth::Unknown), text));
            return reasons;
        }
        let alternatives = self.alternatives(known);
        for tier in Tier::HIGHEST_FIRST {
            let mut children: Vec<Reason> = self
                .lines()
                .filter(|(_, _, line)| line.tier == tier)
                .map(|(rule, version, line)| self.line_reason(rule, version, line, known))
                .collect();
            if children.is_empty() {
                continue;
            }
            let mut state = Truth::any(children.iter().filter_map(|child| child.state));
            // Lines that are decided by themselves need no taking in turn.
            if let (Some(alternatives), Truth::Unknown) = (&alternatives, state) {
                let taken_in_turn = alternatives.reason(self, tier, known);
                state = taken_in_turn.state.unwrap_or(state);
                children.push(taken_in_turn);
            }
            let values = [("tier", &self.tier(tier)), ("state", &self.state(state))];
            let mut reason = Reason::new(
                ReasonKind::Tier,
                Some(state),
                self.law.messages.say(key::TIER_GROUP, &values),
            );
            reason.tier = Some(tier);
            reason.children = children;
            reasons.push(reason);
        }
        reasons.extend(self.notes(known));
        reasons
    }

    /// A tier, as this offence calls it.
    pub(crate) fn tier(&self, tier: Tier) -> Text {
        self.law.tier_of(self.offence, tier)
    }

    fn notes(&self, known: &Known) -> Vec<Reason> {
        let mut notes = Vec::new();
        if let Some((rule, version, times)) = self.unit.filter(|_| known.person != Some(Person::Natural)) {
            let open = known.person.is_none();
            if !open || times != 1 {
                let message = if open {
                    key::UNIT_PERSON_UNKNOWN
                } else {
                    key::UNIT_FACTOR
                };
                let text = self
                    .law
                    .messages
                    .say(message, &[("times", &Text::same(times.to_string()))]);
                notes.push(Reason::new(ReasonKind::Note, None, text).citing(rule, version));
            }
        }
        for role in ["inclusive", "accumulation"] {
            if let Some((rule, version)) = self.law.by_role(role, self.on) {
                let text = rule.source_of(version).gist.clone();
                notes.push(Reason::new(ReasonKind::Note, None, text).citing(rule, version));
            }
        }
        notes
    }

    /// Whether only lines about unsold goods (attempt, 犯罪未遂) establish a tier.
    pub(crate) fn is_attempt(&self, known: &Known, tier: Tier) -> bool {
        let mut met = self
            .lines()
            .filter(|(_, _, line)| line.tier == tier && self.line_truth(line, known) == Truth::Met)
            .peekable();
        met.peek().is_some() && met.all(|(_, _, line)| line.attempt)
    }

    fn state(&self, state: Truth) -> Text {
        let key = match state {
            Truth::Met => key::STATE_MET,
            Truth::NotMet => key::STATE_NOT_MET,
            Truth::Unknown => key::STATE_UNKNOWN,
        };
        self.law.messages.say(key, &[])
    }

    fn line_reason(&self, rule: &Rule, version: &Version, line: &Line, known: &Known) -> Reason {
        let state = self.line_truth(line, known);
        let condition = self.condition_reason(&line.condition, known);
        let mut applies: Vec<Reason> = line
            .applies
            .iter()
            .map(|flag| self.flag_reason(flag, known))
            .collect();
        // A comparison that alone decides the line is the line: no node of its own.
        let mut reason = if state == condition.state.unwrap_or(state) {
            condition
        } else {
            let open: Vec<Text> = line
                .applies
                .iter()
                .filter(|flag| known.flag(flag, &self.law.facts).0 != Truth::Met)
                .map(|flag| self.law.fact_title(flag))
                .collect();
            let values = [("condition", &Text::join(&open)), ("comparison", &condition.text)];
            let text = self.law.messages.say(key::LINE_CONDITIONAL, &values);
            Reason { text, ..condition }
        };
        reason.kind = ReasonKind::Line;
        reason.state = Some(state);
        reason.tier = Some(line.tier);
        reason = reason.citing(rule, version);
        reason.line = Some(line.id.clone());
        reason.verified = Some(line.verified);
        applies.append(&mut reason.children);
        reason.children = applies;
        reason.inherit();
        reason
    }

    pub(crate) fn flag_reason(&self, flag: &str, known: &Known) -> Reason {
        let (state, cause) = known.flag(flag, &self.law.facts);
        let implied = known.implied_by(flag, &self.law.facts);
        let (message, other) = match (state, &cause, &implied) {
            (Truth::NotMet, Some(holder), None) => (key::APPLIES_EXCLUDED, self.law.fact_title(holder)),
            (Truth::Met, Some(_), None) => (key::APPLIES_REMAINS, Text::default()),
            (Truth::Met, Some(cause), _) => (key::APPLIES_IMPLIED, self.law.fact_title(cause)),
            (Truth::NotMet, _, Some(denied)) => (key::APPLIES_CONTRADICTED, self.law.fact_title(denied)),
            (Truth::Unknown, ..) => (key::APPLIES_UNKNOWN, Text::default()),
            _ => (key::APPLIES_STATED, Text::default()),
        };
        let values = [
            ("flag", &self.law.fact_title(flag)),
            ("cause", &other),
            ("holds", &self.law.holds(state)),
        ];
        let text = self.law.messages.say(message, &values);
        Reason::new(ReasonKind::Applies, Some(state), text)
            .resting_on(cause.as_deref().unwrap_or(flag), known)
    }

    fn condition_reason(&self, condition: &Condition, known: &Known) -> Reason {
        let state = self.condition_truth(condition, known);
        let (message, values, children): (_, Vec<(&str, Text)>, _) = match condition {
            Condition::AtOrAbove { fact, threshold } => {
                return self.comparison(fact, *threshold, known);
            }
            Condition::Flag(flag) => return self.flag_reason(flag, known),
            Condition::All(inner) => (key::ALL_OF, Vec::new(), self.condition_reasons(inner, known)),
            Condition::Any(inner) => (key::ANY_OF, Vec::new(), self.condition_reasons(inner, known)),
            Condition::AtLeast {
                count,
                share_percent,
                of,
            } => {
                let children = self
                    .shares(*share_percent, of)
                    .into_iter()
                    .map(|(line, fact, threshold)| {
                        let mut reason = self.comparison(fact, threshold, known);
                        let state = self.share_truth(line, fact, threshold, known);
                        let values = [
                            ("share", &Text::same(share_percent.to_string())),
                            ("comparison", &reason.text),
                        ];
                        reason.text = self.law.messages.say(key::SHARE_OF_LINE, &values);
                        reason.state = Some(state);
                        reason
                    })
                    .collect();
                let share = Text::same(share_percent.to_string());
                let total = Text::same(of.len().to_string());
                let values = vec![
                    ("count", Text::same(count.to_string())),
                    ("total", total),
                    ("share", share),
                ];
                (key::AT_LEAST_OF, values, children)
            }
            Condition::Reaches { offence, tier } => {
                let other = self.reached.get(offence.as_str());
                let title = self.law.rules.get(offence).map(|rule| rule.title.clone());
                let values = vec![
                    ("offence", title.unwrap_or_else(|| Text::same(offence.clone()))),
                    ("tier", self.law.tier_of(offence, *tier)),
                ];
                (
                    key::REACHES,
                    values,
                    other.map_or_else(Vec::new, |other| other.tier_reasons(*tier, known)),
                )
            }
        };
        let state_text = self.state(state);
        let mut values: Vec<(&str, &Text)> = values.iter().map(|(name, text)| (*name, text)).collect();
        values.push(("state", &state_text));
        let mut reason = Reason::new(
            ReasonKind::Condition,
            Some(state),
            self.law.messages.say(message, &values),
        );
        reason.children = children;
        reason
    }

    /// The lines of a tier and of those above it, the highest first.
    fn tier_reasons(&self, tier: Tier, known: &Known) -> Vec<Reason> {
        let mut lines: Vec<_> = self.lines().filter(|(_, _, line)| line.tier >= tier).collect();
        lines.sort_by_key(|(_, _, line)| std::cmp::Reverse(line.tier));
        let lines = lines.into_iter();
        lines
            .map(|(rule, version, line)| self.line_reason(rule, version, line, known))
            .collect()
    }

    fn condition_reasons(&self, inner: &[Condition], known: &Known) -> Vec<Reason> {
        inner
            .iter()
            .map(|condition| self.condition_reason(condition, known))
            .collect()
    }

    fn comparison(&self, fact: &str, threshold: Amount, known: &Known) -> Reason {
        let interval = known.interval(fact);
        let line = self.for_person(threshold, known);
        let state = interval.reaches(line);
        // Open who acted: show the line that decides, the higher one until it is reached.
        let shown = if state == Truth::NotMet {
            line.low
        } else {
            line.high.unwrap_or(line.low)
        };
        let distance = match (state, interval) {
            (Truth::Met, known) => Some((
                key::LINE_MET,
                Distance::AboveBy(threshold.with(known.low - shown)),
            )),
            (Truth::NotMet, Interval { high: Some(high), .. }) => {
                Some((key::LINE_NOT_MET, Distance::ShortBy(threshold.with(shown - high))))
            }
            (_, known) if known.low > 0 => {
                let lacking = threshold.with(shown.saturating_sub(known.low).max(0));
                Some((key::LINE_UNKNOWN, Distance::ShortBy(lacking)))
            }
            _ => None,
        };
        let amount = match distance {
            Some((_, Distance::ShortBy(amount) | Distance::AboveBy(amount))) => self.law.amount(fact, amount),
            None => Text::default(),
        };
        let message = distance.map_or(key::LINE_NO_FACT, |(message, _)| message);
        let values = [
            ("fact", &self.law.fact_title(fact)),
            ("known", &self.law.interval(fact, interval)),
            ("threshold", &self.law.amount(fact, threshold.with(shown))),
            ("distance", &amount),
        ];
        let text = self.law.messages.say(message, &values);
        let mut reason = Reason::new(ReasonKind::Condition, Some(state), text).resting_on(fact, known);
        reason.compared = Some(Compared {
            at_least: threshold.with(interval.low),
            at_most: interval.high.map(|high| threshold.with(high)),
            op: ">=",
            threshold: threshold.with(shown),
            distance: distance.map(|(_, distance)| distance),
        });
        reason.children = self.derivation_reasons(fact, known);
        reason
    }
}
