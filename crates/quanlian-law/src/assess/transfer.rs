//! Whether the case goes to the police (移送): what the outcome says to the agency that must decide.
//!
//! In:  the outcome of the governing rules, the day of the decision.
//! Out: [`Transfer`], with the rules that it rests on.
//!
//! Invariant: this names the duty that follows from lines of amounts. Whether there is a suspicion is
//! for people to find, and nothing here says that a crime was committed.
//!
//! Source: State Council Order 310, arts 3 and 11; the rule files with the roles `transfer_duty`,
//! `reasonable_suspicion` and `no_penalty_instead`.
//!
//! Not here: how long each step may take (`deadline`), which papers it needs (`RuleBook::transfer_papers`).

use quanlian_record::time::Day;
use serde::Serialize;

use super::Outcome;
use crate::{
    evaluate::{Reason, ReasonKind},
    load::Parsed,
    rule::Tier,
    text::{Text, key},
};

/// What the outcome means for the duty to transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferAnswer {
    /// A line is reached: where people find a suspected crime, the case must go to the police.
    LineReached,
    /// No line is reached and not every line is excluded: a reasonable suspicion would be enough.
    SuspicionPossible,
    /// Every line is excluded.
    NoLine,
}

/// The duty to transfer, as far as the facts answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// The answer.
    pub answer: TransferAnswer,
    /// The answer in words.
    pub text: Text,
    /// The transfer rules in force on the day of the decision; empty when the book has none for it.
    pub rules: Vec<Reason>,
}

pub(super) fn transfer(
    law: &Parsed,
    offence: &str,
    (outcome, could_reach): (Outcome, Tier),
    on: Day,
) -> Transfer {
    let (answer, message, roles): (_, _, &[&str]) = match outcome {
        Outcome::Below => (TransferAnswer::NoLine, key::TRANSFER_NO_LINE, &["transfer_duty"]),
        Outcome::Undetermined => (
            TransferAnswer::SuspicionPossible,
            key::TRANSFER_SUSPICION,
            &["reasonable_suspicion", "transfer_duty"],
        ),
        _ => (
            TransferAnswer::LineReached,
            key::TRANSFER_LINE_REACHED,
            &["transfer_duty", "no_penalty_instead"],
        ),
    };
    let rules: Vec<Reason> = roles
        .iter()
        .filter_map(|role| law.by_role(role, on))
        .map(|(rule, version)| {
            let gist = rule.source_of(version).gist.clone();
            Reason::new(ReasonKind::Note, None, gist).citing(rule, version)
        })
        .collect();
    let mut text = law
        .messages
        .say(message, &[("reach", &law.tier_of(offence, could_reach))]);
    if rules.is_empty() {
        let on = Text::same(on.to_string());
        text.append(&law.messages.say(key::TRANSFER_NO_RULES, &[("on", &on)]));
    }
    Transfer { answer, text, rules }
}
