//! The methods of measuring damages, in the order of one law.
//!
//! In:  the groups of methods, the ways to their amounts, what is known.
//! Out: [`Measured`]: each method with its state and formula, and the damages that the order prefers.
//!
//! Invariant: amounts that disagree are never averaged. Ways of one rank that have something
//! in common give what they have in common; otherwise the result spans them and says so.

use super::{
    amount::{Ratio, fen_range, hull, plus, scaled},
    answer::{MethodResult, MethodState, WayResult},
    cited,
    rule::{Method, Way},
    sheet::DamagesError,
};
use crate::{
    facts::{Contradiction, Known, MAX_FEN},
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Rule, Version},
    text::{Text, key},
};

/// Rank of an amount that is stated as such.
const STATED_RANK: u32 = 1;
/// A multiple of one, in percent: the least that a multiple of the licence fee is.
const ONE_FOLD_PERCENT: i64 = 100;
/// Highest share, in percent.
const WHOLE_PERCENT: i64 = 100;
/// Highest multiple of a licence fee, in percent: a thousand times.
const MAX_MULTIPLE_PERCENT: i64 = 100_000;

/// A way with the rule that names it.
#[derive(Clone, Copy)]
pub(super) struct WaySource<'a> {
    pub(super) way: &'a Way,
    pub(super) rule: &'a Rule,
    pub(super) version: &'a Version,
}

/// What the order of methods gives.
pub(super) struct Measured {
    pub(super) methods: Vec<MethodResult>,
    pub(super) preferred: Vec<Method>,
    /// An earlier method is missing and not stated to be hard to determine.
    pub(super) provisional: bool,
    pub(super) damages: Option<Interval>,
    /// Every amount that is preferred rests on figures that the court may follow or not.
    pub(super) stands_in: bool,
    pub(super) contradictions: Vec<Contradiction>,
}

/// One way, worked out.
struct Worked {
    result: WayResult,
    amount: Option<Interval>,
    rank: u32,
    stands_in: bool,
}

/// A method before the order is applied.
struct Weighed {
    result: MethodResult,
    amount: Option<Interval>,
    stands_in: bool,
}

pub(super) struct Measure<'a> {
    pub(super) law: &'a Parsed,
    pub(super) known: &'a Known,
    pub(super) ways: Vec<WaySource<'a>>,
    /// The method that the holder computes by.
    pub(super) claimed: Option<Method>,
}

impl Measure<'_> {
    pub(super) fn run(&self, order: &[Vec<Method>]) -> Result<Measured, DamagesError> {
        let mut measured = Measured {
            methods: Vec::new(),
            preferred: Vec::new(),
            provisional: false,
            damages: None,
            stands_in: false,
            contradictions: Vec::new(),
        };
        let mut earlier_missing = false;
        for (index, group) in order.iter().enumerate() {
            let mut weighed = Vec::new();
            for method in group {
                weighed.push(self.weigh(*method, index + 1, &mut measured.contradictions)?);
            }
            if measured.damages.is_some() {
                for method in &mut weighed {
                    self.exclude(&mut method.result);
                }
            } else {
                self.prefer(&weighed, &mut measured);
                measured.provisional = measured.damages.is_some() && earlier_missing;
                earlier_missing |= weighed
                    .iter()
                    .any(|method| method.result.state == MethodState::Missing);
            }
            measured
                .methods
                .extend(weighed.into_iter().map(|method| method.result));
        }
        for method in measured
            .methods
            .iter_mut()
            .filter(|method| !measured.preferred.contains(&method.method))
        {
            method.ways.iter_mut().for_each(|way| way.used = false);
        }
        Ok(measured)
    }

    /// Takes the methods of the first group in which one is available; the holder's own choice among them goes first.
    fn prefer(&self, group: &[Weighed], measured: &mut Measured) {
        let available: Vec<&Weighed> = group
            .iter()
            .filter(|m| m.result.state == MethodState::Available)
            .collect();
        let chosen: Vec<&Weighed> = available
            .iter()
            .copied()
            .filter(|m| Some(m.result.method) == self.claimed)
            .collect();
        let used = if chosen.is_empty() { available } else { chosen };
        measured.damages = hull(used.iter().filter_map(|method| method.amount));
        measured.stands_in = !used.is_empty() && used.iter().all(|method| method.stands_in);
        measured.preferred = used.iter().map(|method| method.result.method).collect();
    }

    fn exclude(&self, result: &mut MethodResult) {
        if result.state != MethodState::Undeterminable {
            result.state = MethodState::Excluded;
            result.text = self
                .law
                .messages
                .say(key::DAMAGES_METHOD_EXCLUDED, &[("method", &result.title)]);
        }
    }

    fn flag(&self, name: &str) -> Truth {
        self.known.flag(name, &self.law.facts).0
    }

    fn weigh(
        &self,
        method: Method,
        group: usize,
        contradictions: &mut Vec<Contradiction>,
    ) -> Result<Weighed, DamagesError> {
        let hard = self.flag(&method.undeterminable()) == Truth::Met;
        let mut ways = Vec::new();
        if self.known.is_stated(method.word()) {
            ways.push(self.stated(method));
        }
        for source in self
            .ways
            .iter()
            .filter(|source| source.way.methods.contains(&method))
        {
            ways.push(self.work(*source)?);
        }
        let usable = |way: &&Worked| {
            way.result.applies == Truth::Met && way.amount.is_some() && (!hard || way.stands_in)
        };
        let best = ways.iter().filter(usable).map(|way| way.rank).min();
        // A way that would go first if an open flag held keeps its amount possible.
        let open = |way: &&Worked| {
            way.result.applies == Truth::Unknown
                && way.amount.is_some()
                && !hard
                && best.is_some_and(|b| way.rank <= b)
        };
        let firm: Vec<Interval> = ways
            .iter()
            .filter(usable)
            .filter(|way| Some(way.rank) == best)
            .filter_map(|way| way.amount)
            .collect();
        let stands_in = ways
            .iter()
            .filter(usable)
            .filter(|way| Some(way.rank) == best)
            .all(|way| way.stands_in);
        let common = firm
            .iter()
            .copied()
            .try_fold(Interval::ANYTHING, Interval::intersect);
        let agreed = common
            .filter(|_| !firm.is_empty())
            .or_else(|| hull(firm.iter().copied()));
        let amount = agreed.map(|agreed| {
            hull(std::iter::once(agreed).chain(ways.iter().filter(open).filter_map(|way| way.amount)))
                .unwrap_or(agreed)
        });
        let title = self.law.fact_title(method.word());
        if hard && self.known.is_stated(method.word()) {
            contradictions.push(Contradiction {
                fact: method.word().to_owned(),
                stated: Vec::new(),
                alternatives: Vec::new(),
                text: self
                    .law
                    .messages
                    .say(key::DAMAGES_HARD_BUT_STATED, &[("method", &title)]),
            });
        }
        if common.is_none() {
            let used = amount.map_or_else(Text::default, |amount| self.amount(amount));
            contradictions.push(Contradiction {
                fact: method.word().to_owned(),
                stated: Vec::new(),
                alternatives: Vec::new(),
                text: self
                    .law
                    .messages
                    .say(key::DAMAGES_WAYS_DIFFER, &[("method", &title), ("used", &used)]),
            });
        }
        for way in &mut ways {
            way.result.used = amount.is_some()
                && way.amount.is_some()
                && ((way.result.applies == Truth::Met && Some(way.rank) == best && (!hard || way.stands_in))
                    || (way.result.applies == Truth::Unknown
                        && !hard
                        && best.is_some_and(|b| way.rank <= b)));
        }
        let state = match amount {
            Some(_) => MethodState::Available,
            None if hard => MethodState::Undeterminable,
            None => MethodState::Missing,
        };
        Ok(Weighed {
            result: self.result(method, group, state, amount, ways, title),
            amount,
            stands_in: amount.is_some() && stands_in,
        })
    }

    fn result(
        &self,
        method: Method,
        group: usize,
        state: MethodState,
        amount: Option<Interval>,
        ways: Vec<Worked>,
        title: Text,
    ) -> MethodResult {
        let mut lacking: Vec<String> = Vec::new();
        if state == MethodState::Missing {
            lacking.push(method.word().to_owned());
        }
        for way in ways
            .iter()
            .filter(|way| way.result.used || state == MethodState::Missing)
        {
            lacking.extend(
                way.result
                    .lacking
                    .iter()
                    .filter(|name| !lacking.contains(name))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        let shown = amount.map(|amount| self.amount(amount)).unwrap_or_default();
        let names: Vec<Text> = lacking.iter().map(|name| self.law.fact_title(name)).collect();
        let names = Text::join(&names);
        let (message, values): (&str, Vec<(&str, &Text)>) = match state {
            MethodState::Available => (
                key::DAMAGES_METHOD_AVAILABLE,
                vec![("method", &title), ("amount", &shown)],
            ),
            MethodState::Undeterminable => (key::DAMAGES_METHOD_UNDETERMINABLE, vec![("method", &title)]),
            MethodState::Missing | MethodState::Excluded => (
                key::DAMAGES_METHOD_MISSING,
                vec![("method", &title), ("facts", &names)],
            ),
        };
        let text = self.law.messages.say(message, &values);
        MethodResult {
            method,
            title,
            group,
            state,
            amount: amount.map(fen_range),
            ways: ways.into_iter().map(|way| way.result).collect(),
            lacking,
            text,
        }
    }

    pub(super) fn amount(&self, amount: Interval) -> Text {
        money_interval(self.law, amount)
    }

    /// The amount as such is a fact.
    fn stated(&self, method: Method) -> Worked {
        let name = method.word();
        let amount = self.known.interval(name);
        let (evidence, stated_by) = self.known.evidence(name);
        Worked {
            result: WayResult {
                id: name.to_owned(),
                title: self.law.fact_title(name),
                amount: Some(fen_range(amount)),
                used: false,
                applies: Truth::Met,
                strength: None,
                formula: self.law.messages.say(
                    key::DAMAGES_FORMULA_STATED,
                    &[
                        ("fact", &self.law.fact_title(name)),
                        ("amount", &self.amount(amount)),
                    ],
                ),
                rounded: false,
                lacking: Vec::new(),
                rule: None,
                evidence,
                stated_by,
            },
            amount: Some(amount),
            rank: STATED_RANK,
            stands_in: false,
        }
    }

    fn work(&self, source: WaySource<'_>) -> Result<Worked, DamagesError> {
        let way = source.way;
        let denied = |flag: &String| match self.flag(flag) {
            Truth::Met => Truth::NotMet,
            // A bar that nobody states does not bar; the flag stays in the list of missing facts.
            Truth::Unknown | Truth::NotMet => Truth::Met,
        };
        let applies = Truth::all(
            way.when
                .iter()
                .map(|flag| self.flag(flag))
                .chain(way.unless.iter().map(denied)),
        );
        let mut lacking: Vec<String> = way.terms[0]
            .iter()
            .filter(|name| !self.known.is_stated(name))
            .cloned()
            .collect();
        let computed = if lacking.is_empty() {
            Some(self.compute(way)?)
        } else {
            None
        };
        lacking.extend(
            way.percents()
                .filter(|name| !self.known.is_stated(name))
                .map(str::to_owned),
        );
        lacking.extend(
            way.when
                .iter()
                .filter(|flag| self.flag(flag) == Truth::Unknown)
                .cloned(),
        );
        let (mut evidence, mut stated_by) = (Vec::new(), Vec::new());
        for name in way.amounts().chain(way.percents()).chain(way.flags()) {
            let (ids, people) = self.known.evidence(name);
            evidence.extend(ids);
            stated_by.extend(people);
        }
        for list in [&mut evidence, &mut stated_by] {
            list.sort();
            list.dedup();
        }
        let formula = if let Some((amount, _)) = &computed {
            self.formula(way, *amount)
        } else {
            let names: Vec<Text> = lacking.iter().map(|name| self.law.fact_title(name)).collect();
            let values = [("facts", &Text::join(&names))];
            self.law.messages.say(key::DAMAGES_FORMULA_LACKING, &values)
        };
        Ok(Worked {
            result: WayResult {
                id: way.id.clone(),
                title: way.title.clone(),
                amount: computed.map(|(amount, _)| fen_range(amount)),
                used: false,
                applies,
                strength: Some(way.strength),
                formula,
                rounded: computed.is_some_and(|(_, rounded)| rounded),
                lacking,
                rule: Some(cited(source.rule, source.version)),
                evidence,
                stated_by,
            },
            amount: computed.map(|(amount, _)| amount),
            rank: way.rank,
            stands_in: way.stands_in,
        })
    }

    /// The amount, and whether it was rounded.
    fn compute(&self, way: &Way) -> Result<(Interval, bool), DamagesError> {
        let beyond = || DamagesError::Overflow {
            what: way.id.clone(),
            limit: MAX_FEN,
        };
        let (low, high) = self.percent(way)?;
        let mut sum: Option<(i128, Option<i128>)> = None;
        for term in way
            .terms
            .iter()
            .filter(|term| term.iter().all(|name| self.known.is_stated(name)))
        {
            let product = term.iter().try_fold((1_i128, Some(1_i128)), |(low, high), name| {
                let factor = self.known.interval(name);
                let high = match high.zip(factor.high) {
                    Some((product, factor)) => Some(product.checked_mul(i128::from(factor))?),
                    None => None,
                };
                Some((low.checked_mul(i128::from(factor.low))?, high))
            });
            let (term_low, term_high) = product.ok_or_else(beyond)?;
            let (sum_low, sum_high) = sum.unwrap_or((0, Some(0)));
            let high = match sum_high.zip(term_high) {
                Some((sum, term)) => Some(sum.checked_add(term).ok_or_else(beyond)?),
                None => None,
            };
            sum = Some((sum_low.checked_add(term_low).ok_or_else(beyond)?, high));
        }
        let (sum_low, sum_high) = sum.unwrap_or((0, None));
        let end = |amount: i128, by: Ratio| by.times(amount).and_then(Ratio::rounded).ok_or_else(beyond);
        let low_end = end(sum_low, low)?;
        let high_end = match sum_high.zip(high) {
            Some((amount, by)) => Some(end(amount, by)?),
            None => None,
        };
        if low_end.max(high_end.unwrap_or(0)) > MAX_FEN {
            return Err(beyond());
        }
        let whole = |amount: i128, by: Ratio| by.times(amount).is_some_and(Ratio::is_whole);
        let rounded =
            !whole(sum_low, low) || sum_high.zip(high).is_some_and(|(amount, by)| !whole(amount, by));
        Ok((
            Interval {
                low: low_end,
                high: high_end,
            },
            rounded,
        ))
    }

    /// Share, multiple and divisor as one ratio for each end; no upper one where the multiple is open.
    fn percent(&self, way: &Way) -> Result<(Ratio, Option<Ratio>), DamagesError> {
        let divisor = i128::from(way.divisor.unwrap_or(1));
        let mut low = Ratio::new(1, divisor);
        let mut high = Some(Ratio::new(1, divisor));
        // A share is never above the whole; a multiple that nobody states is at least one and open upwards.
        let whole = Interval {
            low: 0,
            high: Some(WHOLE_PERCENT),
        };
        let multiple = Interval { low: 0, high: None };
        let percents = [
            (
                &way.share_percent,
                WHOLE_PERCENT,
                whole,
                Interval::exact(WHOLE_PERCENT),
            ),
            (
                &way.multiple_percent,
                MAX_MULTIPLE_PERCENT,
                multiple,
                Interval {
                    low: ONE_FOLD_PERCENT,
                    high: None,
                },
            ),
        ];
        for (name, limit, possible, unstated) in percents {
            let Some(name) = name else { continue };
            let stated = if self.known.is_stated(name) {
                self.known.interval(name)
            } else {
                unstated
            };
            let highest = stated.high.unwrap_or(stated.low);
            let percent = stated
                .intersect(possible)
                .filter(|_| highest <= limit)
                .ok_or_else(|| DamagesError::Number {
                    field: name.clone(),
                    problem: format!("{highest} percent is not possible; write 0 to {limit}"),
                })?;
            let by =
                |ratio: Ratio, percent: i64| ratio.times(i128::from(percent)).and_then(|r| r.divided(100));
            let beyond = || DamagesError::Overflow {
                what: name.clone(),
                limit: MAX_FEN,
            };
            low = by(low, percent.low).ok_or_else(beyond)?;
            high = match high.zip(percent.high) {
                Some((ratio, percent)) => Some(by(ratio, percent).ok_or_else(beyond)?),
                None => None,
            };
        }
        Ok((low, high))
    }

    /// The computation with its numbers: `侵权数量 1,000 件 × 单位利润 20.00 元 = 20,000.00 元`.
    fn formula(&self, way: &Way, amount: Interval) -> Text {
        let factor = |name: &String| {
            let known = self.law.interval(name, self.known.interval(name));
            self.law.messages.say(
                key::DAMAGES_FACTOR,
                &[("fact", &self.law.fact_title(name)), ("known", &known)],
            )
        };
        let mut text = Text::default();
        for (index, term) in way.terms.iter().enumerate() {
            if term.iter().any(|name| !self.known.is_stated(name)) {
                continue;
            }
            if index > 0 {
                text.append(&Text::same(" + "));
            }
            for (index, name) in term.iter().enumerate() {
                if index > 0 {
                    text.append(&Text::same(" × "));
                }
                text.append(&factor(name));
            }
        }
        if let Some(divisor) = way.divisor {
            text.append(&Text::same(format!(" ÷ {divisor}")));
        }
        for name in way.percents() {
            text.append(&Text::same(" × "));
            if self.known.is_stated(name) {
                text.append(&factor(&name.to_owned()));
            } else {
                let fact = self.law.fact_title(name);
                let unstated = if way.share_percent.as_deref() == Some(name) {
                    key::DAMAGES_SHARE_UNSTATED
                } else {
                    key::DAMAGES_MULTIPLE_UNSTATED
                };
                text.append(&self.law.messages.say(unstated, &[("fact", &fact)]));
            }
        }
        text.append(&Text::same(" = "));
        text.append(&self.amount(amount));
        text
    }
}

/// An amount of money with its bounds, in words.
pub(super) fn money_interval(law: &Parsed, amount: Interval) -> Text {
    match (amount.low, amount.high) {
        (0, None) => law.messages.say(key::AMOUNT_UNKNOWN, &[]),
        (low, None) => law
            .messages
            .say(key::AMOUNT_AT_LEAST, &[("low", &law.money(low))]),
        (low, Some(high)) if low == high => law
            .messages
            .say(key::AMOUNT_EXACT, &[("amount", &law.money(low))]),
        (low, Some(high)) => law.messages.say(
            key::AMOUNT_BETWEEN,
            &[("low", &law.money(low)), ("high", &law.money(high))],
        ),
    }
}

/// `plus` and `scaled` with the error that names what became too large.
pub(super) fn sum(what: &str, one: Interval, other: Interval) -> Result<Interval, DamagesError> {
    plus(one, other).ok_or_else(|| too_large(what))
}

pub(super) fn product(
    what: &str,
    amount: Interval,
    low: Ratio,
    high: Ratio,
) -> Result<Interval, DamagesError> {
    scaled(amount, low, high).ok_or_else(|| too_large(what))
}

fn too_large(what: &str) -> DamagesError {
    DamagesError::Overflow {
        what: what.to_owned(),
        limit: i64::MAX,
    }
}
