//! Which missing fact would change the total, and by how much.
//!
//! In:  the laws that come into question and what is known.
//! Out: [`MissingFact`]s; those that nothing bounds first, then by how far they were seen to move an end.
//!
//! How: a fact that nobody stated is supposed to be so, and not to be so; an amount to be nothing, and to be very
//! large. Facts that only work together (a number and a unit profit) are supposed together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case,
    amount::hull,
    answer::{Governs, MissingFact},
    laws::{Candidate, Selection},
    method::WaySource,
    rule::{DamagesRule, Method, Way},
    total::Application,
};
use crate::{
    facts::{Known, MAX_FEN},
    interval::{Interval, Truth},
    load::Parsed,
    text::{Text, key},
    vocabulary::FactKind,
};

/// An amount far above real ones, small enough for every product of two of them: a hundred million yuan.
const VERY_LARGE_FEN: i64 = 10_000_000_000;
/// A number of things far above real ones, for the same purpose.
const VERY_MANY: i64 = 10_000;
const _: () = assert!(VERY_LARGE_FEN < MAX_FEN / VERY_MANY);

/// What is supposed of one fact.
#[derive(Debug, Clone, Copy)]
enum Supposed {
    Flag(bool),
    Amount(i64),
}

/// Facts supposed together.
type Supposition = Vec<(String, Supposed)>;

pub(super) struct Missing<'a> {
    pub(super) law: &'a Parsed,
    pub(super) case: &'a Case<'a>,
    pub(super) known: &'a Known,
    pub(super) selection: &'a Selection<'a>,
}

impl Missing<'_> {
    pub(super) fn run(&self) -> Vec<MissingFact> {
        let now = self.total(self.known);
        let mut moves: BTreeMap<String, Option<i64>> = BTreeMap::new();
        for supposition in self.suppositions() {
            let then = self.total(&self.suppose(&supposition));
            let by = match moved(now, then) {
                Moved::Not => continue,
                Moved::By(fen) => Some(fen),
                Moved::Unbounded => None,
            };
            let unbounded = supposition
                .iter()
                .any(|(name, what)| matches!(what, Supposed::Amount(_)) && self.is_open_amount(name));
            for (name, _) in &supposition {
                let seen = moves.entry(name.clone()).or_insert(Some(0));
                *seen = if unbounded {
                    None
                } else {
                    seen.zip(by).map(|(a, b)| a.max(b))
                };
            }
        }
        let mut missing: Vec<MissingFact> = moves
            .into_iter()
            .map(|(fact, moves)| self.missing(fact, moves))
            .collect();
        let rank = |fact: &MissingFact| {
            self.law
                .facts
                .get(&fact.fact)
                .map_or(u32::MAX, |known| known.rank)
        };
        missing.sort_by_key(|fact| (fact.moves_fen.is_some(), -fact.moves_fen.unwrap_or(0), rank(fact)));
        missing
    }

    /// Money and numbers have no upper end; percentages do.
    fn is_open_amount(&self, name: &str) -> bool {
        !self.percents().contains(name)
    }

    fn missing(&self, fact: String, moves_fen: Option<i64>) -> MissingFact {
        let title = self.law.fact_title(&fact);
        let (message, by) = match moves_fen {
            None => (key::DAMAGES_MISSING_OPEN, Text::default()),
            Some(fen) => (key::DAMAGES_MISSING_BY, self.law.money(fen)),
        };
        let why = self.law.messages.say(message, &[("fact", &title), ("by", &by)]);
        MissingFact {
            fact,
            title,
            moves_fen,
            why,
        }
    }

    fn candidates(&self) -> impl Iterator<Item = &Candidate<'_>> {
        self.selection
            .candidates
            .iter()
            .filter(|candidate| candidate.governs != Governs::No)
    }

    fn total(&self, known: &Known) -> Option<Interval> {
        let application = Application {
            law: self.law,
            case: self.case,
            known,
            selection: self.selection,
        };
        // A supposition that no account can hold says nothing about the total.
        hull(
            self.candidates()
                .filter_map(|candidate| application.run(candidate).ok())
                .flat_map(|a| a.totals),
        )
    }

    fn suppose(&self, supposition: &Supposition) -> Known {
        supposition
            .iter()
            .fold(self.known.clone(), |known, (name, what)| match what {
                Supposed::Flag(value) => known.with_flag(name, *value),
                Supposed::Amount(amount) => known.with_amount(name, Interval::exact(*amount)),
            })
    }

    fn ways(&self) -> impl Iterator<Item = &Way> {
        let own = self.candidates().flat_map(|candidate| &candidate.law.body.way);
        own.chain(
            self.selection
                .ways
                .iter()
                .map(|source: &WaySource<'_>| source.way),
        )
    }

    fn percents(&self) -> BTreeSet<&str> {
        self.ways().flat_map(Way::percents).collect()
    }

    fn methods(&self) -> BTreeSet<Method> {
        self.candidates()
            .flat_map(|candidate| candidate.law.body.methods.iter().flatten().copied())
            .collect()
    }

    fn is_open(&self, name: &str) -> bool {
        match self.law.facts.get(name).map(|fact| fact.kind) {
            Some(FactKind::Flag) => self.known.flag(name, &self.law.facts).0 == Truth::Unknown,
            Some(FactKind::Money | FactKind::Count) => !self.known.is_stated(name),
            _ => false,
        }
    }

    fn amount_of(&self, name: &str, large: bool) -> Supposed {
        let money = self
            .law
            .facts
            .get(name)
            .is_some_and(|fact| fact.kind == FactKind::Money);
        Supposed::Amount(match (large, money) {
            (false, _) => 0,
            (true, true) => VERY_LARGE_FEN,
            (true, false) => VERY_MANY,
        })
    }

    fn suppositions(&self) -> Vec<Supposition> {
        let mut found: Vec<Supposition> = Vec::new();
        let mut amounts: BTreeSet<String> = self
            .methods()
            .into_iter()
            .map(|method| method.word().to_owned())
            .collect();
        let mut flags: BTreeSet<String> = self.methods().into_iter().map(Method::undeterminable).collect();
        for candidate in self.candidates() {
            let bodies = [Some(&candidate.law), candidate.overlay.as_ref()];
            for body in bodies.into_iter().flatten().map(|dated| dated.body) {
                amounts.extend(body.costs.iter().map(|costs| costs.fact.clone()));
                flags.extend(body.flags().into_iter().map(str::to_owned));
                found.extend(self.fault(body));
            }
        }
        for name in amounts.iter().filter(|name| self.is_open(name)) {
            found.extend([false, true].map(|large| vec![(name.clone(), self.amount_of(name, large))]));
        }
        for name in flags.iter().filter(|name| self.is_open(name)) {
            found.extend([true, false].map(|value| vec![(name.clone(), Supposed::Flag(value))]));
        }
        for way in self
            .ways()
            .filter(|way| way.methods.iter().any(|method| self.methods().contains(method)))
        {
            found.extend(self.way(way));
        }
        found
    }

    /// Intent and gravity open a multiple only together.
    fn fault(&self, body: &DamagesRule) -> Option<Supposition> {
        let punitive = body.punitive.as_ref()?;
        let both = [&punitive.intent, &punitive.gravity];
        let open: Supposition = both
            .into_iter()
            .filter(|name| self.is_open(name))
            .map(|name| (name.clone(), Supposed::Flag(true)))
            .collect();
        (!open.is_empty()).then_some(open)
    }

    /// What a way asks for and nobody stated.
    fn way(&self, way: &Way) -> Vec<Supposition> {
        let mut suppositions = Vec::new();
        let flags = || way.when.iter().filter(|flag| self.is_open(flag));
        for large in [false, true] {
            let terms = way.terms[0].iter().filter(|name| self.is_open(name));
            let mut together: Supposition = terms
                .map(|name| (name.clone(), self.amount_of(name, large)))
                .collect();
            together.extend(flags().map(|flag| (flag.clone(), Supposed::Flag(true))));
            suppositions.push(together);
        }
        for name in way.percents().filter(|name| self.is_open(name)) {
            suppositions.extend([0, 100].map(|percent| vec![(name.to_owned(), Supposed::Amount(percent))]));
        }
        let bars = way
            .when
            .iter()
            .chain(&way.unless)
            .filter(|flag| self.is_open(flag));
        suppositions.extend(
            bars.flat_map(|flag| [true, false].map(|value| vec![(flag.clone(), Supposed::Flag(value))])),
        );
        suppositions.retain(|supposition| !supposition.is_empty());
        suppositions
    }
}

/// How far a total moved.
enum Moved {
    Not,
    By(i64),
    /// An end gained or lost its bound.
    Unbounded,
}

/// How far the further end moved.
fn moved(now: Option<Interval>, then: Option<Interval>) -> Moved {
    if now == then {
        return Moved::Not;
    }
    let Some((now, then)) = now.zip(then) else {
        return Moved::Unbounded;
    };
    let low = now.low.abs_diff(then.low);
    let high = match (now.high, then.high) {
        (Some(a), Some(b)) => a.abs_diff(b),
        (None, None) => 0,
        _ => return Moved::Unbounded,
    };
    Moved::By(i64::try_from(high.max(low)).unwrap_or(i64::MAX))
}
