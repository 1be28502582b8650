//! Valuation: how an amount is found from other facts (认定方法).
//!
//! In:  a [`ValuationRule`] of a rule file, and what is known.
//! Out: the bounds of the amount, as [`Interval`].
//!
//! Invariant: the bounds never promise more than the facts allow. A way that is established gives
//! a lower bound; a way that is only possible opens the upper bound and takes nothing away. Where several ways
//! are established the bounds span them, because the law says that each *may* be used and ranks none.
//! Products are computed in `i128`, and nothing is rounded.
//!
//! Not here: which valuation is in force on a day and how it is explained (`derived`).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Known, MAX_FEN},
    interval::{Interval, Truth},
    text::Text,
    vocabulary::{FactDefinition, FactKind},
};

/// Most ways in one valuation.
const MAX_CASES: usize = 16;
/// Most flags that the ways of one valuation ask for together; every combination of the unknown ones is tried.
const MAX_FLAGS: usize = 8;

/// How an amount is found: `[version.valuation]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValuationRule {
    /// The money fact that is found.
    pub fact: String,
    /// The ways to find it.
    pub case: Vec<ValuationCase>,
    /// What is added, whichever way is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<AddedAmount>,
}

/// One way to find an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValuationCase {
    /// Its id, unique in the whole rule book.
    pub id: String,
    /// What it is called.
    pub title: Text,
    /// Flags that must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// Flags that must not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// The amount that it gives.
    pub value: ValueOf,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
    /// What exactly was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// The amount that a way gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueOf {
    /// A fact.
    Fact(String),
    /// At least a fact: what else belongs to the amount is not in this rule.
    AtLeast(String),
    /// The larger of several facts.
    Larger(Vec<String>),
    /// The first product whose two factors are stated; the later ones are for where the earlier cannot be determined.
    Products(Vec<Product>),
}

/// A number of things times the profit on each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// A count fact.
    pub count: String,
    /// A money fact, for one of them.
    pub each: String,
}

/// An amount that is added to what a way gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddedAmount {
    /// Its id, unique in the whole rule book.
    pub id: String,
    /// A money fact.
    pub fact: String,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
}

impl ValuationRule {
    /// What is wrong with the values of the rule, and the way out.
    pub(crate) fn fault(&self) -> Option<(String, &'static str)> {
        let case_fault = |case: &ValuationCase| {
            let both = case.when.iter().find(|flag| case.unless.contains(flag));
            if let Some(flag) = both {
                return Some((
                    format!("the way `{}` asks that `{flag}` holds and does not hold", case.id),
                    "keep it in `when` or in `unless`",
                ));
            }
            let short = match &case.value {
                ValueOf::Fact(_) | ValueOf::AtLeast(_) => false,
                ValueOf::Larger(facts) => facts.len() < 2,
                ValueOf::Products(products) => products.is_empty(),
            };
            short.then(|| {
                (
                    format!("the value of `{}` compares or multiplies too little", case.id),
                    "write two facts in `larger`, or one product in `products`",
                )
            })
        };
        if self.case.is_empty() && self.add.is_empty() {
            return Some((
                "the valuation has no way to find the amount".to_owned(),
                "add a [[version.valuation.case]]",
            ));
        }
        let ids: Vec<&str> = self.ids().collect();
        if let Some(twice) = ids
            .iter()
            .enumerate()
            .find(|(index, id)| ids[..*index].contains(id))
        {
            return Some((
                format!("the id `{}` stands twice in one version", twice.1),
                "give each way and each added amount its own",
            ));
        }
        if self.case.len() > MAX_CASES || self.flags().len() > MAX_FLAGS {
            return Some((
                format!("the valuation has more than {MAX_CASES} ways or {MAX_FLAGS} flags"),
                "split it into a rule for each amount",
            ));
        }
        if self.inputs().any(|(fact, _)| fact == self.fact) {
            return Some((
                format!("`{}` is found from itself", self.fact),
                "name other facts in its ways",
            ));
        }
        self.case.iter().find_map(case_fault)
    }

    /// The ids of its ways and of what is added.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let of_cases = self.case.iter().map(|case| case.id.as_str());
        of_cases.chain(self.add.iter().map(|add| add.id.as_str()))
    }

    /// The amounts that it asks for, with the kind that each must have.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&str, FactKind)> {
        let of_cases = self.case.iter().flat_map(|case| case.value.inputs());
        of_cases.chain(self.add.iter().map(|add| (add.fact.as_str(), FactKind::Money)))
    }

    /// The flags that its ways ask for.
    pub(crate) fn flags(&self) -> BTreeSet<&str> {
        let flags = self
            .case
            .iter()
            .flat_map(|case| case.when.iter().chain(&case.unless));
        flags.map(String::as_str).collect()
    }

    /// The bounds of the amount.
    pub(crate) fn interval(&self, known: &Known, definitions: &BTreeMap<String, FactDefinition>) -> Interval {
        let found = self.of_cases(known, definitions);
        self.add
            .iter()
            .fold(found, |sum, add| sum.plus(known.interval(&add.fact)))
            .within(MAX_FEN)
    }

    /// The bounds that the ways give, before anything is added.
    fn of_cases(&self, known: &Known, definitions: &BTreeMap<String, FactDefinition>) -> Interval {
        let values: Vec<Option<Interval>> = self.case.iter().map(|case| case.value.interval(known)).collect();
        let open = self.open_ways(known, definitions);
        if open.values().any(|ways| *ways == 0) {
            return Interval::ANYTHING;
        }
        let value_of = |ways: u32| {
            let inside = values.iter().enumerate();
            let inside = inside.filter(move |(index, _)| ways & (1 << index) != 0);
            inside.map(|(_, value)| *value)
        };
        // Where turning off one unknown flag only takes ways away, what stands beside the rest is possible, not
        // established: it takes nothing from the lower bound.
        let is_further = |holds: u32, ways: u32| {
            let fewer = (0..MAX_FLAGS).filter(|flag| holds & (1 << flag) != 0);
            let fewer = fewer.filter_map(|flag| open.get(&(holds & !(1 << flag))));
            fewer
                .into_iter()
                .any(|less| *less != ways && less & ways == *less)
        };
        let low = open
            .iter()
            .filter(|(holds, ways)| !is_further(**holds, **ways))
            .map(|(_, ways)| {
                value_of(*ways)
                    .flatten()
                    .map(|value| value.low)
                    .min()
                    .unwrap_or(0)
            })
            .min();
        let all = open.values().fold(0, |all, ways| all | ways);
        let high = value_of(all)
            .map(|value| value.and_then(|value| value.high))
            .try_fold(0, |highest, high| high.map(|high| highest.max(high)));
        Interval {
            low: low.unwrap_or(0),
            high,
        }
    }

    /// The ways that are open for each way in which the unknown flags may turn out: sets of flags and of ways, by bits.
    fn open_ways(&self, known: &Known, definitions: &BTreeMap<String, FactDefinition>) -> BTreeMap<u32, u32> {
        let names: Vec<&str> = self.flags().into_iter().collect();
        let mask = |wanted: &dyn Fn(&str) -> bool| -> u32 {
            let inside = names.iter().enumerate().filter(|(_, name)| wanted(name));
            inside.map(|(index, _)| 1 << index).sum()
        };
        let is = |truth: Truth| move |name: &str| known.flag(name, definitions).0 == truth;
        let (met, unknown) = (mask(&is(Truth::Met)), mask(&is(Truth::Unknown)));
        let among = |list: &[String]| mask(&|name| list.iter().any(|flag| flag == name));
        let cases: Vec<(u32, u32)> = self
            .case
            .iter()
            .map(|case| (among(&case.when), among(&case.unless)))
            .collect();
        let ways = |holds: u32| -> u32 {
            let open = cases.iter().enumerate();
            let open = open.filter(|(_, (when, unless))| holds & when == *when && holds & unless == 0);
            open.map(|(index, _)| 1 << index).sum()
        };
        (0..1_u32 << names.len())
            .filter(|holds| holds & !unknown == met)
            .map(|holds| (holds, ways(holds)))
            .collect()
    }

    /// Whether a way is open.
    pub(crate) fn case_truth(
        case: &ValuationCase,
        known: &Known,
        definitions: &BTreeMap<String, FactDefinition>,
    ) -> Truth {
        let flag = |flag: &String| known.flag(flag, definitions).0;
        let denied = case.unless.iter().map(|name| !flag(name));
        Truth::all(case.when.iter().map(flag).chain(denied))
    }

    /// Amounts of its inputs from which the amount found may be at least `wanted`, the other facts being at the
    /// end of their bounds that `end` takes; a fact without such an end counts as nothing.
    pub(crate) fn needed(
        &self,
        wanted: i64,
        known: &Known,
        end: fn(Interval) -> Option<i64>,
    ) -> Vec<(&str, i64)> {
        let end_of = |fact: &str| end(known.interval(fact)).unwrap_or(0);
        let added: i64 = self
            .add
            .iter()
            .fold(0, |sum, add| sum.saturating_add(end_of(&add.fact)));
        let mut needed = Vec::new();
        let rest = wanted.saturating_sub(added).max(0);
        for case in &self.case {
            match &case.value {
                ValueOf::Fact(fact) | ValueOf::AtLeast(fact) => needed.push((fact.as_str(), rest)),
                ValueOf::Larger(facts) => needed.extend(facts.iter().map(|fact| (fact.as_str(), rest))),
                ValueOf::Products(products) => {
                    for product in products {
                        let pair = [(&product.count, &product.each), (&product.each, &product.count)];
                        for (factor, other) in pair {
                            let other = end_of(other);
                            if other > 0 {
                                needed.push((factor.as_str(), divided_up(rest, other)));
                            }
                        }
                    }
                }
            }
        }
        let found = end_of(&self.fact);
        for add in &self.add {
            let own = end_of(&add.fact);
            // What the ways give stays; the added amount alone must fill the rest.
            let without = found.saturating_sub(own).max(0);
            needed.push((add.fact.as_str(), wanted.saturating_sub(without).max(0)));
            needed.push((
                add.fact.as_str(),
                wanted.saturating_sub(added.saturating_sub(own)).max(0),
            ));
        }
        needed
    }
}

impl ValueOf {
    /// The facts that it names, with the kind that each must have.
    pub(crate) fn inputs(&self) -> Vec<(&str, FactKind)> {
        match self {
            Self::Fact(fact) | Self::AtLeast(fact) => vec![(fact, FactKind::Money)],
            Self::Larger(facts) => facts
                .iter()
                .map(|fact| (fact.as_str(), FactKind::Money))
                .collect(),
            Self::Products(products) => products
                .iter()
                .flat_map(|p| {
                    [
                        (p.count.as_str(), FactKind::Count),
                        (p.each.as_str(), FactKind::Money),
                    ]
                })
                .collect(),
        }
    }

    /// The amount, or `None` where nothing is stated that it could be found from.
    pub(crate) fn interval(&self, known: &Known) -> Option<Interval> {
        match self {
            Self::Fact(fact) => known.is_stated(fact).then(|| known.interval(fact)),
            Self::AtLeast(fact) => known.is_stated(fact).then(|| Interval {
                high: None,
                ..known.interval(fact)
            }),
            Self::Larger(facts) => {
                let stated = facts.iter().any(|fact| known.is_stated(fact));
                stated.then(|| {
                    let all = facts.iter().map(|fact| known.interval(fact));
                    all.reduce(Interval::larger).unwrap_or(Interval::ANYTHING)
                })
            }
            Self::Products(products) => {
                let product = &products[Self::first_stated(products, known)?];
                Some(
                    known
                        .interval(&product.count)
                        .times(known.interval(&product.each), MAX_FEN),
                )
            }
        }
    }

    /// The first product whose factors are both stated.
    pub(crate) fn first_stated(products: &[Product], known: &Known) -> Option<usize> {
        products
            .iter()
            .position(|product| known.is_stated(&product.count) && known.is_stated(&product.each))
    }
}

/// The smallest whole number that, times `divisor`, is at least `amount`.
fn divided_up(amount: i64, divisor: i64) -> i64 {
    amount / divisor + i64::from(amount % divisor != 0)
}
