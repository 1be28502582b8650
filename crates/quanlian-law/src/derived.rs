//! Derived facts: amounts that a rule set finds from other facts, beside those that are stated.
//!
//! In:  what is stated, the acts of the sheet, the valuations of a rule set.
//! Out: the same knowledge with the derived bounds joined in, and a node of the tree of reasons for each derivation.
//!
//! Invariant: what is stated and what is derived are both shown. Where both can be true, what they leave in
//! common is known; where they cannot, that is a contradiction and every value stays possible. Nothing is
//! derived twice: knowledge that a set has derived passes through unchanged.
//!
//! Not here: how a valuation is computed (`valuation`), how acts are added up (`acts`).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quanlian_record::time::Day;

use crate::{
    acts::KnownAct,
    evaluate::{Reason, ReasonKind, RuleSet},
    facts::{Known, KnownFact, MAX_FEN},
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Body, Rule, Version},
    text::{Text, key},
    valuation::{AddedAmount, Product, ValuationCase, ValuationRule, ValueOf},
};

/// What a rule set derived, by fact; a fact may be both added up and found by a valuation.
pub(crate) type Derivations = BTreeMap<String, Vec<Derivation>>;

/// One derivation of one fact.
#[derive(Debug, Clone)]
pub(crate) struct Derivation {
    origin: Origin,
    /// The bounds that it gives.
    pub(crate) interval: Interval,
    /// The bounds that were known before it, where there were any.
    pub(crate) before: Option<Interval>,
    /// Both cannot be true.
    pub(crate) conflicts: bool,
}

/// Where a derived amount comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// The acts of the sheet.
    Acts,
    /// A valuation, by the id of its rule. Not by its place: the sets of other offences order theirs apart.
    Valuation(String),
}

/// A valuation in force, with its rule.
pub(crate) type Valuation<'a> = (&'a Rule, &'a Version, &'a ValuationRule);

/// Valuations so ordered that what one needs is found before it. The loader refuses circles.
pub(crate) fn ordered(mut valuations: Vec<Valuation<'_>>) -> Vec<Valuation<'_>> {
    let mut ordered = Vec::with_capacity(valuations.len());
    while !valuations.is_empty() {
        let waits = |rule: &ValuationRule| {
            let others = || valuations.iter().map(|(_, _, other)| other.fact.as_str());
            rule.inputs()
                .any(|(input, _)| others().any(|found| found == input))
        };
        let next = valuations
            .iter()
            .position(|(_, _, rule)| !waits(rule))
            .unwrap_or(0);
        ordered.push(valuations.remove(next));
    }
    ordered
}

/// What one valuation finds on a day, for the examples of its file: with all that is found for its offence, or
/// by itself where it names none.
pub(crate) fn found_by<'a>(
    law: &'a Parsed,
    rule: &'a Rule,
    on: Day,
    known: &Known,
) -> Option<(&'a str, Interval)> {
    let Body::Valuation(valuation) = &rule.version_on(on)?.body else {
        return None;
    };
    let interval = match rule.offences.first() {
        Some(offence) => RuleSet::of(law, offence, on)
            .derive(known)
            .interval(&valuation.fact),
        None => valuation.interval(known, &law.facts),
    };
    Some((&valuation.fact, interval))
}

impl<'a> RuleSet<'a> {
    /// What is known under this rule set: what is stated, and what follows from it.
    pub(crate) fn derive<'k>(&self, known: &'k Known) -> Cow<'k, Known> {
        if known.derived.is_some() || (self.valuations.is_empty() && known.acts.totals.is_empty()) {
            return Cow::Borrowed(known);
        }
        let mut all = known.clone();
        all.derived = Some(Derivations::new());
        for (name, total) in &known.acts.totals {
            let interval = if self.adds_up(name) || total.counted == 1 {
                total.together
            } else {
                total.apart
            };
            join(&mut all, name, Origin::Acts, interval);
        }
        for (source, _, rule) in &self.valuations {
            let interval = rule.interval(&all, &self.law.facts);
            join(
                &mut all,
                &rule.fact,
                Origin::Valuation(source.id.clone()),
                interval,
            );
        }
        Cow::Owned(all)
    }

    /// The same, where a derived amount also carries the evidence of what it was derived from. Apart from
    /// [`RuleSet::derive`], because hypotheses derive many times over and ask for no evidence.
    pub(crate) fn derive_with_evidence(&self, known: &Known) -> Known {
        let mut all = self.derive(known).into_owned();
        let acts = Arc::clone(&all.acts);
        for (name, total) in &acts.totals {
            all.add_evidence(name, &total.evidence, &total.stated_by);
        }
        for (_, _, rule) in &self.valuations {
            let is_open = |case: &&ValuationCase| {
                ValuationRule::case_truth(case, known, &self.law.facts) != Truth::NotMet
            };
            let of_ways = rule
                .case
                .iter()
                .filter(is_open)
                .flat_map(|case| case.value.inputs());
            let inputs: BTreeSet<&str> = of_ways
                .map(|(input, _)| input)
                .chain(rule.add.iter().map(|add| add.fact.as_str()))
                .collect();
            for input in inputs {
                let (evidence, stated_by) = all.evidence(input);
                all.add_evidence(&rule.fact, &evidence, &stated_by);
            }
        }
        all
    }

    /// Whether the amounts of acts add up for a fact, by the rule in force.
    fn adds_up(&self, name: &str) -> bool {
        self.accumulation
            .is_some_and(|(_, _, rule)| rule.facts.iter().any(|fact| fact == name))
    }

    /// Adds the facts from which the facts in `names` are found under this rule set.
    pub(crate) fn add_inputs(&self, names: &mut BTreeSet<&'a str>) {
        // Backwards, so that the inputs of an input are reached too.
        for (_, _, rule) in self.valuations.iter().rev() {
            if names.contains(rule.fact.as_str()) {
                names.extend(rule.inputs().map(|(input, _)| input));
                names.extend(rule.flags());
            }
        }
    }

    /// The facts from which the facts in `names` could be found by a way that is not excluded.
    pub(crate) fn open_inputs(&self, names: &BTreeSet<&str>, known: &Known) -> BTreeSet<&'a str> {
        let mut inputs: BTreeSet<&'a str> = BTreeSet::new();
        // Backwards, so that the inputs of an input are reached too.
        for (_, _, rule) in self.valuations.iter().rev() {
            let fact = rule.fact.as_str();
            if !names.contains(fact) && (!inputs.contains(fact) || known.interval(fact).is_exact()) {
                continue;
            }
            for case in &rule.case {
                if ValuationRule::case_truth(case, known, &self.law.facts) != Truth::NotMet {
                    inputs.extend(case.value.inputs().into_iter().map(|(input, _)| input));
                    inputs.extend(case.when.iter().chain(&case.unless).map(String::as_str));
                }
            }
            inputs.extend(rule.add.iter().map(|add| add.fact.as_str()));
        }
        inputs
    }

    /// Amounts of `name` from which `fact` may be at least `wanted`, all else as it is (see [`ValuationRule::needed`]
    /// for `end`).
    pub(crate) fn needed(
        &self,
        name: &str,
        fact: &str,
        wanted: i64,
        known: &Known,
        end: fn(Interval) -> Option<i64>,
    ) -> Vec<i64> {
        let mut needed = Vec::new();
        if name == fact {
            needed.push(wanted);
        }
        for (_, _, rule) in self.valuations.iter().filter(|(_, _, rule)| rule.fact == fact) {
            for (input, amount) in rule.needed(wanted, known, end) {
                needed.extend(self.needed(name, input, amount, known, end));
            }
        }
        needed
    }

    /// Amounts of `name` at which what is stated of some fact, or what is derived of `name` itself, may begin or
    /// cease to be contradicted: there an outcome can fall although the amount grows. Empty where nothing is stated
    /// beside what is derived.
    pub(crate) fn clashes_of(&self, name: &str, known: &Known) -> BTreeSet<i64> {
        let derived = &*self.derive(known);
        let mut found = BTreeSet::new();
        let of_itself = derived.derived.iter().filter_map(|all| all.get(name)).flatten();
        for derivation in of_itself {
            let Interval { low, high } = derivation.interval;
            found.extend(
                [Some(low), high, high.map(|high| high.saturating_add(1))]
                    .into_iter()
                    .flatten(),
            );
        }
        let ends: [fn(Interval) -> Option<i64>; 2] = [|of| Some(of.low), |of| of.high];
        for (_, _, rule) in &self.valuations {
            let Some(stated) = known.facts.get(&rule.fact).map(|fact| fact.interval) else {
                continue;
            };
            let borders = [Some(stated.low), stated.high.map(|high| high.saturating_add(1))];
            for border in borders.into_iter().flatten() {
                for end in ends {
                    found.extend(self.needed(name, &rule.fact, border, derived, end));
                }
            }
        }
        found
    }

    /// The parts of valuations that nobody has read and that `fact` rests on: rule, version, id of the part.
    pub(crate) fn unread_ways(&self, fact: &str, known: &Known) -> Vec<(&'a Rule, &'a Version, &'a str)> {
        let mut unread = Vec::new();
        for (rule, version, valuation) in self.valuations.iter().filter(|(_, _, v)| v.fact == fact) {
            let whole = !rule.source_of(version).checked.verified;
            for case in &valuation.case {
                let open = ValuationRule::case_truth(case, known, &self.law.facts) == Truth::Met;
                if open && (whole || !case.verified) && case.value.interval(known).is_some() {
                    unread.push((*rule, *version, case.id.as_str()));
                }
            }
            for add in &valuation.add {
                if (whole || !add.verified) && known.is_stated(&add.fact) {
                    unread.push((*rule, *version, add.id.as_str()));
                }
            }
            for (input, _) in valuation.inputs() {
                unread.extend(self.unread_ways(input, known));
            }
        }
        unread
    }

    /// One node for each derivation of a fact.
    pub(crate) fn derivation_reasons(&self, fact: &str, known: &Known) -> Vec<Reason> {
        let derivations = known.derived.as_ref().and_then(|all| all.get(fact));
        derivations
            .into_iter()
            .flatten()
            .filter_map(|derivation| self.derivation_reason(fact, derivation, known))
            .collect()
    }

    fn derivation_reason(&self, fact: &str, derivation: &Derivation, known: &Known) -> Option<Reason> {
        let mut reason = match &derivation.origin {
            Origin::Acts => self.acts_reason(fact, derivation, known)?,
            Origin::Valuation(id) => self.valuation_reason(&self.valuation(id)?, derivation, known),
        };
        if let Some(before) = derivation.before {
            let message = if derivation.conflicts {
                key::DERIVED_STATED_CONFLICT
            } else {
                key::DERIVED_STATED
            };
            let values = [("known", &self.law.interval(fact, before))];
            let text = self.law.messages.say(message, &values);
            reason.children.push(Reason::new(ReasonKind::Note, None, text));
        }
        reason.inherit();
        Some(reason)
    }

    /// A valuation by the id of its rule, in the version of the set's day.
    fn valuation(&self, id: &str) -> Option<Valuation<'a>> {
        let rule = self.law.rules.get(id)?;
        let version = rule.version_on(self.on)?;
        match &version.body {
            Body::Valuation(valuation) => Some((rule, version, valuation)),
            _ => None,
        }
    }

    fn valuation_reason(&self, valuation: &Valuation<'a>, derivation: &Derivation, known: &Known) -> Reason {
        let (rule, version, valuation) = valuation;
        // A way or an added amount that nobody has read is marked by itself.
        let part = |reason: Reason, verified: bool| {
            let mut reason = reason.citing(rule, version);
            reason.verified = reason.verified.map(|whole| whole && verified);
            reason.inherit();
            reason
        };
        let is_open =
            |case: &&ValuationCase| ValuationRule::case_truth(case, known, &self.law.facts) != Truth::NotMet;
        let ways = valuation.case.iter().filter(is_open);
        let ways = ways.map(|case| part(self.case_reason(case, known), case.verified));
        let added = valuation.add.iter();
        let added = added.map(|add| part(self.added_reason(add, known), add.verified));
        let values = [
            ("fact", &self.law.fact_title(&valuation.fact)),
            ("value", &self.law.interval(&valuation.fact, derivation.interval)),
        ];
        let text = self.law.messages.say(key::DERIVED_FOUND, &values);
        let mut reason = Reason::new(ReasonKind::Derivation, None, text).citing(rule, version);
        reason.fact = Some(valuation.fact.clone());
        reason.children = ways.chain(added).collect();
        reason
    }

    /// One way: whether it is open, under which circumstances, and what it gives.
    fn case_reason(&self, case: &ValuationCase, known: &Known) -> Reason {
        let state = ValuationRule::case_truth(case, known, &self.law.facts);
        let value = case.value.interval(known).unwrap_or(Interval::ANYTHING);
        let values = [("case", &case.title), ("value", &self.law.money_interval(value))];
        let text = self.law.messages.say(key::DERIVED_CASE, &values);
        let mut reason = Reason::new(ReasonKind::Condition, Some(state), text);
        reason.line = Some(case.id.clone());
        let open = case.when.iter().map(|flag| self.flag_reason(flag, known));
        let barred = case.unless.iter().map(|flag| self.bar_reason(flag, known));
        reason.children = open.chain(barred).collect();
        match &case.value {
            ValueOf::Products(products) => reason.children.extend(self.product_reasons(products, known)),
            other => {
                let inputs = other.inputs();
                let inputs = inputs
                    .iter()
                    .map(|(input, _)| self.input_reason(key::DERIVED_INPUT, input, known));
                reason.children.extend(inputs);
            }
        }
        reason
    }

    /// A circumstance that must be absent: met when it does not hold.
    fn bar_reason(&self, flag: &str, known: &Known) -> Reason {
        let mut reason = self.flag_reason(flag, known);
        reason.state = reason.state.map(|state| !state);
        reason.text = self
            .law
            .messages
            .say(key::DERIVED_BAR, &[("stated", &reason.text)]);
        reason
    }

    fn product_reasons(&self, products: &[Product], known: &Known) -> Vec<Reason> {
        let used = ValueOf::first_stated(products, known);
        let product_reason = |product: &Product, message: &'static str| {
            let value = known
                .interval(&product.count)
                .times(known.interval(&product.each), MAX_FEN);
            let values = [
                ("count", &self.law.fact_title(&product.count)),
                ("each", &self.law.fact_title(&product.each)),
                ("value", &self.law.money_interval(value)),
            ];
            let mut reason = Reason::new(
                ReasonKind::Condition,
                None,
                self.law.messages.say(message, &values),
            );
            let factors = [&product.count, &product.each];
            reason.children = factors
                .into_iter()
                .map(|fact| self.input_reason(key::DERIVED_INPUT, fact, known))
                .collect();
            reason
        };
        let shown = products
            .iter()
            .enumerate()
            .take(used.map_or(products.len(), |used| used + 1));
        shown
            .map(|(index, product)| {
                let message = if used == Some(index) {
                    key::DERIVED_PRODUCT
                } else {
                    key::DERIVED_PRODUCT_FIRST
                };
                product_reason(product, message)
            })
            .collect()
    }

    fn added_reason(&self, add: &AddedAmount, known: &Known) -> Reason {
        let mut reason = self.input_reason(key::DERIVED_ADDED, &add.fact, known);
        reason.line = Some(add.id.clone());
        reason
    }

    /// A fact that a derivation uses, with its evidence, and how it was itself derived.
    fn input_reason(&self, message: &str, fact: &str, known: &Known) -> Reason {
        let values = [
            ("fact", &self.law.fact_title(fact)),
            ("known", &self.law.interval(fact, known.interval(fact))),
        ];
        let text = self.law.messages.say(message, &values);
        let mut reason = Reason::new(ReasonKind::Condition, None, text).resting_on(fact, known);
        reason.children = self.derivation_reasons(fact, known);
        reason
    }

    fn acts_reason(&self, fact: &str, derivation: &Derivation, known: &Known) -> Option<Reason> {
        let total = known.acts.totals.get(fact)?;
        let values = [
            ("fact", &self.law.fact_title(fact)),
            ("count", &Text::same(total.counted.to_string())),
            ("value", &self.law.interval(fact, derivation.interval)),
        ];
        let message = if self.adds_up(fact) || total.counted == 1 {
            key::ACTS_SUM
        } else {
            key::ACTS_NOT_NAMED
        };
        let text = self.law.messages.say(message, &values);
        let mut reason = Reason::new(ReasonKind::Derivation, None, text);
        if let Some((rule, version, _)) = self.accumulation {
            reason = reason.citing(rule, version);
        }
        reason.fact = Some(fact.to_owned());
        let acts = known.acts.acts.iter().enumerate();
        reason.children = acts
            .map(|(index, act)| self.act_reason(index, act, fact))
            .collect();
        Some(reason)
    }

    fn act_reason(&self, index: usize, known: &KnownAct, fact: &str) -> Reason {
        let act = &known.act;
        let day = |day: Option<Day>| Text::same(day.map_or_else(|| "…".to_owned(), |d| d.to_string()));
        let stated = known.facts.get(fact);
        let interval = stated.map_or(Interval::ANYTHING, |fact| fact.interval);
        let by = Text::same(act.punished_by.clone().unwrap_or_default());
        let values = [
            ("number", &Text::same((index + 1).to_string())),
            ("from", &day(act.from)),
            ("to", &day(act.to)),
            ("known", &self.law.interval(fact, interval)),
            ("punished", &day(act.punished_on)),
            ("by", &by),
        ];
        let message = if act.is_punished() {
            key::ACT_LEFT_OUT
        } else {
            key::ACT_COUNTED
        };
        let mut reason = Reason::new(
            ReasonKind::Condition,
            None,
            self.law.messages.say(message, &values),
        );
        if let Some(stated) = stated {
            reason.fact = Some(fact.to_owned());
            (reason.evidence, reason.stated_by) = (stated.evidence.to_vec(), stated.stated_by.to_vec());
        }
        reason
    }

    /// What is stated and what is derived cannot both be true: fact and sentence.
    pub(crate) fn derived_contradictions(&self, known: &Known) -> Vec<(String, Text)> {
        let all = known.derived.iter().flatten();
        let conflicts = all.flat_map(|(fact, list)| list.iter().map(move |derivation| (fact, derivation)));
        conflicts
            .filter(|(_, derivation)| derivation.conflicts)
            .filter_map(|(fact, derivation)| {
                let used = known.interval(fact);
                let cite = match &derivation.origin {
                    Origin::Acts => self
                        .accumulation
                        .map(|(rule, version, _)| rule.source_of(version).cite.clone()),
                    Origin::Valuation(id) => {
                        let (rule, version, _) = self.valuation(id)?;
                        Some(rule.source_of(version).cite.clone())
                    }
                };
                let values = [
                    ("fact", &self.law.fact_title(fact)),
                    ("stated", &self.law.interval(fact, derivation.before?)),
                    ("derived", &self.law.interval(fact, derivation.interval)),
                    ("rule", &cite.unwrap_or_default()),
                    ("used", &self.law.interval(fact, used)),
                ];
                Some((
                    fact.clone(),
                    self.law.messages.say(key::CONTRADICTION_DERIVED, &values),
                ))
            })
            .collect()
    }
}

/// Joins a derived amount to what is known of the fact.
fn join(all: &mut Known, name: &str, origin: Origin, interval: Interval) {
    if interval == Interval::ANYTHING {
        return;
    }
    let before = all.facts.get(name).map(|fact| fact.interval);
    let common = before.map_or(Some(interval), |before| before.intersect(interval));
    let fact = all
        .facts
        .entry(name.to_owned())
        .or_insert_with(KnownFact::nothing);
    fact.interval = common.unwrap_or_else(|| interval.hull(before.unwrap_or(interval)));
    fact.contradicted |= common.is_none();
    let derived = all.derived.get_or_insert_default();
    derived.entry(name.to_owned()).or_default().push(Derivation {
        origin,
        interval,
        before,
        conflicts: common.is_none(),
    });
}
