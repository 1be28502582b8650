//! Amounts, facts and tiers in words: the small texts that reasons are built from.
//!
//! In:  amounts and names. Out: [`Text`] in both languages, from the message file.

use crate::{
    assess::Outcome,
    facts::Certainty,
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Amount, Tier},
    text::{Text, key},
    vocabulary::FactKind,
};
use quanlian_record::money::Fen;

impl Parsed {
    /// A tier of an offence: where the offence has a base tier, `serious` is the upper one.
    pub(crate) fn tier_of(&self, offence: &str, tier: Tier) -> Text {
        if tier == Tier::Serious && self.with_base.contains(offence) {
            return self.messages.say(key::TIER_SERIOUS_UPPER, &[]);
        }
        self.tier(tier)
    }

    pub(crate) fn tier(&self, tier: Tier) -> Text {
        let key = match tier {
            Tier::Below => key::TIER_BELOW,
            Tier::Base => key::TIER_BASE,
            Tier::Serious => key::TIER_SERIOUS,
            Tier::EspeciallySerious => key::TIER_ESPECIALLY_SERIOUS,
        };
        self.messages.say(key, &[])
    }

    /// An outcome of an offence, in the words of its tiers.
    pub(crate) fn outcome_of(&self, offence: &str, outcome: Outcome) -> Text {
        match outcome {
            Outcome::Undetermined => self.messages.say(key::TIER_UNDETERMINED, &[]),
            Outcome::Below => self.tier(Tier::Below),
            Outcome::Base => self.tier(Tier::Base),
            Outcome::Serious => self.tier_of(offence, Tier::Serious),
            Outcome::EspeciallySerious => self.tier(Tier::EspeciallySerious),
        }
    }

    /// The state of a circumstance, which holds or does not; only a line is met.
    pub(crate) fn holds(&self, state: Truth) -> Text {
        let key = match state {
            Truth::Met => key::HOLDS,
            Truth::NotMet => key::HOLDS_NOT,
            Truth::Unknown => key::STATE_UNKNOWN,
        };
        self.messages.say(key, &[])
    }

    pub(crate) fn certainty(&self, certainty: Certainty) -> Text {
        let key = match certainty {
            Certainty::Certain => key::CERTAINTY_CERTAIN,
            Certainty::Probable => key::CERTAINTY_PROBABLE,
            Certainty::Alleged => key::CERTAINTY_ALLEGED,
            Certainty::Disputed => key::CERTAINTY_DISPUTED,
        };
        self.messages.say(key, &[])
    }

    pub(crate) fn fact_title(&self, name: &str) -> Text {
        self.facts
            .get(name)
            .map_or_else(|| Text::same(name), |fact| fact.title.clone())
    }

    pub(crate) fn event_title(&self, name: &str) -> Text {
        self.events
            .get(name)
            .map_or_else(|| Text::same(name), |event| event.title.clone())
    }

    /// An amount with the unit of the fact: `72,000.00 元`, `30,000,000 次`.
    pub(crate) fn amount(&self, fact: &str, amount: Amount) -> Text {
        match amount {
            Amount::Fen(fen) => self.money(fen),
            Amount::Count(count) => {
                let unit = self
                    .facts
                    .get(fact)
                    .and_then(|f| f.unit.clone())
                    .unwrap_or_default();
                let number = grouped(count);
                Text {
                    zh: format!("{number} {}", unit.zh),
                    en: format!("{number} {}", unit.en),
                }
            }
        }
    }

    pub(crate) fn money(&self, fen: i64) -> Text {
        self.messages.say(
            key::AMOUNT_MONEY,
            &[("yuan", &Text::same(Fen(fen).to_yuan_string()))],
        )
    }

    /// What is known of an amount of money that is no fact of its own.
    pub(crate) fn money_interval(&self, known: Interval) -> Text {
        self.bounds(known, |fen| self.money(fen))
    }

    /// What is known of an amount, in words.
    pub(crate) fn interval(&self, fact: &str, known: Interval) -> Text {
        let kind = self.facts.get(fact).map_or(FactKind::Count, |f| f.kind);
        self.bounds(known, |n| self.amount(fact, crate::facts::amount_like(kind, n)))
    }

    fn bounds(&self, known: Interval, amount: impl Fn(i64) -> Text) -> Text {
        match known {
            Interval { low: 0, high: None } => self.messages.say(key::AMOUNT_UNKNOWN, &[]),
            Interval { low, high: None } => self.messages.say(key::AMOUNT_AT_LEAST, &[("low", &amount(low))]),
            Interval {
                low,
                high: Some(high),
            } if low == high => self.messages.say(key::AMOUNT_EXACT, &[("amount", &amount(low))]),
            Interval {
                low: 0,
                high: Some(high),
            } => self.messages.say(key::AMOUNT_AT_MOST, &[("high", &amount(high))]),
            Interval {
                low,
                high: Some(high),
            } => self.messages.say(
                key::AMOUNT_BETWEEN,
                &[("low", &amount(low)), ("high", &amount(high))],
            ),
        }
    }
}

/// A whole number with thousands commas.
fn grouped(number: i64) -> String {
    let yuan = Fen::from_yuan(number).map(Fen::to_yuan_string);
    yuan.map_or_else(
        || number.to_string(),
        |text| text.trim_end_matches(".00").to_owned(),
    )
}
