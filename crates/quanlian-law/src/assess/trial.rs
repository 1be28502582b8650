//! The outcome alone, for one hypothesis after another: what would it be if …
//!
//! In:  the rule sets of a sheet, built once, and what is known in the hypothesis.
//! Out: outcome and highest tier not excluded, the same as a whole assessment gives.
//!
//! Invariant: truth functions only; no text is made here, because hypotheses are many.

use quanlian_record::time::Day;

use super::{Evaluated, Outcome, Sets, Which, conclude, governing, possible_days};
use crate::{
    evaluate::RuleSet,
    facts::{FactSheet, Known},
    load::Parsed,
    rule::Tier,
};

pub(super) struct Trial<'a> {
    sets: Sets<'a>,
    /// Every rule set that could apply, where it is not known when the conduct ended.
    undated: Vec<RuleSet<'a>>,
    /// The rule set that a person chose.
    chosen: Option<Day>,
}

impl<'a> Trial<'a> {
    pub(super) fn of(law: &'a Parsed, sheet: &FactSheet, judged_on: Day, known: &Known) -> Self {
        let sets = Sets::of(law, sheet, judged_on, known);
        let is_undated = sheet.conduct.is_none_or(|conduct| conduct.to.is_none());
        let undated = if is_undated {
            let days = possible_days(law, sheet, judged_on).into_iter();
            days.map(|on| RuleSet::of(law, &sheet.offence, on)).collect()
        } else {
            Vec::new()
        };
        // A choice of a day that is no longer that of a rule set falls away with the hypothesis.
        let chosen = sheet
            .chosen_rule_set
            .as_ref()
            .map(|choice| choice.as_of)
            .filter(|on| sets.iter().any(|set| set.set.on == *on));
        Self {
            sets,
            undated,
            chosen,
        }
    }

    /// What the outcome would be.
    pub(super) fn outcome(&mut self, known: &Known) -> (Outcome, Tier) {
        let second = self.sets.second.as_mut();
        for set in std::iter::once(&mut self.sets.first).chain(second) {
            (set.established, set.possible) = set.set.reach(known);
        }
        let lowest = self.undated.iter().map(|set| set.reach(known).0).min();
        let which = if self.chosen.is_some() && self.sets.second.is_some() {
            Which::Chosen
        } else {
            Which::Only
        };
        conclude(&self.sets, self.governs(), which == Which::Chosen, lowest)
    }

    /// The set that governs: the one chosen, or the lighter one, and the older where they are equal.
    pub(super) fn governs(&self) -> &Evaluated<'a> {
        if let Some(on) = self.chosen {
            return self.sets.on(on);
        }
        let old = &self.sets.first;
        match &self.sets.second {
            Some(new) if !governing::has_no_old_lines(old, new) => {
                let is_lighter = governing::weight(new) < governing::weight(old);
                if is_lighter { new } else { old }
            }
            _ => old,
        }
    }

    /// The offence that is tried.
    pub(super) fn offence(&self) -> &'a str {
        self.sets.first.set.offence
    }

    /// Every rule set that takes part.
    pub(super) fn sets(&self) -> impl Iterator<Item = &RuleSet<'a>> {
        self.sets.iter().map(|set| &set.set).chain(&self.undated)
    }
}
