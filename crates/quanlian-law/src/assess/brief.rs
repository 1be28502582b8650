//! The short answer to a fact sheet, for many cases at once: no reasons and no words are made.
//!
//! In:  a [`FactSheet`] and the rule book. Out: [`Brief`].
//!
//! Invariant: it says what the whole answer says; a property test compares the two.

use quanlian_record::time::Day;

use super::{
    Brief, Evaluated, Sets, Which, conclude, governing, lowest_established, missing, offence_title,
    rules_changed, unverified,
};
use crate::{
    acts::with_conduct,
    facts::{FactSheet, Known, SheetError, check_dates, know},
    load::Parsed,
    penalty,
    rule::Tier,
};

/// Applies the rules to a fact sheet and keeps the outcome alone.
pub(crate) fn brief(law: &Parsed, sheet: &FactSheet, today: Day) -> Result<Brief, SheetError> {
    offence_title(law, &sheet.offence)?;
    let sheet = &*with_conduct(sheet);
    let judged_on = check_dates(sheet, today)?;
    let (known, _) = know(sheet, &law.facts)?;
    let sets = Sets::of(law, sheet, judged_on, &known);
    let undated = sheet.conduct.and_then(|conduct| conduct.to).is_none();
    let lowest = undated.then(|| lowest_established(law, sheet, judged_on, &known));
    let governing = governing::govern(law, sheet, &sets, lowest)?;
    let governs = sets.on(governing.as_of);
    let (outcome, could_reach) = conclude(&sets, governs, governing.which == Which::Chosen, lowest);
    let others = || sets.iter().filter(|set| set.set.on != governing.as_of);
    let missing_first = if undated && rules_changed(law, sheet, judged_on) {
        Some("conduct")
    } else {
        std::iter::once(governs)
            .chain(others())
            .find_map(|set| missing::first(law, set, &known))
    };
    Ok(Brief {
        offence: sheet.offence.clone(),
        outcome,
        could_reach,
        as_of: governing.as_of,
        choice_required: governing.choice_required,
        rests_on_unverified: sets.iter().any(|set| rests_on_unread(law, sheet, set, &known)),
        missing_first: missing_first.map(str::to_owned),
    })
}

fn rests_on_unread(law: &Parsed, sheet: &FactSheet, set: &Evaluated<'_>, known: &Known) -> bool {
    let (on, tier) = (set.set.on, set.established);
    let band = penalty::band(law, &sheet.offence, on, tier);
    let fine = (tier > Tier::Below)
        .then(|| penalty::fine(law, &sheet.offence, on, tier, &set.known))
        .flatten();
    unverified(set, known, band.as_ref(), fine.as_ref())
        .iter()
        .any(|unread| unread.decisive)
}
