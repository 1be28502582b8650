//! One law applied whole, and the totals of its readings.
//!
//! In:  a law that comes into question, the interpretations, what is known.
//! Out: [`LawResult`] and what it rests on.
//!
//! Invariant: where sources disagree (how base and multiple make the total, whether costs are
//! inside), each reading has its own total; none is preferred in silence.

use super::{
    Case,
    amount::{fen_range, interval},
    answer::{Cited, CostsResult, LawResult, Reading, StatutoryResult, StatutoryState},
    cited,
    interest::interest,
    laws::{Candidate, Selection},
    method::{Measure, Measured, WaySource, money_interval, product, sum},
    punitive::{Multiplied, Punitive, hundredths_text, row_of},
    rule::{CostsMode, DamagesRule, Formula, Statutory},
    sheet::DamagesError,
};
use crate::{
    facts::{Contradiction, Known},
    interval::{Interval, Truth},
    load::Parsed,
    text::{Text, key},
};

/// A law applied, with what it rests on.
pub(super) struct Applied {
    pub(super) result: LawResult,
    pub(super) totals: Vec<Interval>,
    pub(super) contradictions: Vec<Contradiction>,
    /// Multiples that it allows, with their citation; none where it has no punitive damages.
    pub(super) allowed: Option<([i64; 2], Text)>,
}

pub(super) struct Application<'a> {
    pub(super) law: &'a Parsed,
    pub(super) case: &'a Case<'a>,
    pub(super) known: &'a Known,
    pub(super) selection: &'a Selection<'a>,
}

/// A total before interest, and how it came about.
struct Award {
    parts: Vec<String>,
    interpretation: Option<String>,
    formula: Option<Formula>,
    costs_added: bool,
    amount: Interval,
    text: Text,
}

impl Application<'_> {
    pub(super) fn run(&self, candidate: &Candidate<'_>) -> Result<Applied, DamagesError> {
        let national = candidate.law.body;
        let measured = self.measure(candidate)?;
        let statutory = self.statutory(candidate, &measured);
        let costs = self.costs(national);
        let punitive = Punitive {
            law: self.law,
            case: self.case,
            known: self.known,
            candidate,
            measured: &measured,
        };
        let allowed = punitive.allowed().zip(punitive.allowed_text());
        let mut results = Vec::new();
        let mut multiplied = Vec::new();
        if self.selection.interpretations.is_empty() {
            let (result, found) = punitive.run(None);
            multiplied.push((None, found));
            results.push(result);
        }
        for dated in &self.selection.interpretations {
            let (result, found) = punitive.run(Some(dated));
            multiplied.push((Some(dated.body.formulas.as_slice()), found));
            results.push(result);
        }
        let id = candidate.id();
        let mut awards = self.base_awards(candidate, &measured, statutory.as_ref(), &costs)?;
        let settled = multiplied
            .iter()
            .all(|(_, found)| found.is_some_and(|found| found.certain));
        for (result, (formulas, found)) in results.iter().zip(multiplied) {
            if let Some(found) = found {
                let row = row_of(result.interpretation.as_ref());
                let formulas = formulas.unwrap_or(&[Formula::BaseTimesN]);
                awards.extend(self.multiplied_awards(&measured, found, formulas, row.as_ref(), &costs)?);
            }
        }
        // While the multiple may still fail, the plain damages stay beside it.
        if settled {
            awards.retain(|award| award.formula.is_some());
        }
        let readings = awards
            .into_iter()
            .map(|award| self.reading(&id, award))
            .collect::<Result<Vec<_>, _>>()?;
        let totals = readings
            .iter()
            .map(|reading| Interval {
                low: reading.total.at_least_fen,
                high: reading.total.at_most_fen,
            })
            .collect();
        let source = candidate.law.rule.source_of(candidate.law.version);
        let title = source.cite.clone();
        Ok(Applied {
            result: LawResult {
                id,
                law: cited(candidate.law.rule, candidate.law.version),
                overlay: candidate
                    .overlay
                    .as_ref()
                    .map(|overlay| cited(overlay.rule, overlay.version)),
                title,
                governs: candidate.governs,
                methods: measured.methods,
                preferred: measured.preferred,
                provisional: measured.provisional,
                damages: measured.damages.map(fen_range),
                statutory,
                costs,
                punitive: results,
                readings,
            },
            totals,
            contradictions: measured.contradictions,
            allowed,
        })
    }

    fn measure(&self, candidate: &Candidate<'_>) -> Result<Measured, DamagesError> {
        let (rule, version) = (candidate.law.rule, candidate.law.version);
        let own = candidate
            .law
            .body
            .way
            .iter()
            .map(|way| WaySource { way, rule, version });
        let measure = Measure {
            law: self.law,
            known: self.known,
            ways: own.chain(self.selection.ways.iter().copied()).collect(),
            claimed: self.case.claim.and_then(|claim| claim.method),
        };
        measure.run(&candidate.law.body.methods)
    }

    /// The range of the place, or else that of the law.
    fn statutory(&self, candidate: &Candidate<'_>, measured: &Measured) -> Option<StatutoryResult> {
        let local = candidate
            .overlay
            .as_ref()
            .and_then(|overlay| overlay.body.statutory.as_ref());
        let statutory = local.or(candidate.law.body.statutory.as_ref())?;
        let range = interval(statutory.fen());
        // Which acts the law opens it for is asked of the law, also where a place widens the range.
        let stands = candidate
            .law
            .body
            .statutory
            .as_ref()
            .map_or(Truth::Met, |own| self.stands_for(own));
        let (state, message) = match stands {
            Truth::NotMet => (StatutoryState::NotForThisAct, key::DAMAGES_STATUTORY_NOT_FOR),
            _ if measured.stands_in => (StatutoryState::BesideFigures, key::DAMAGES_STATUTORY_BESIDE),
            _ if measured.damages.is_some() => (StatutoryState::Closed, key::DAMAGES_STATUTORY_CLOSED),
            Truth::Unknown => (StatutoryState::DependsOnAct, key::DAMAGES_STATUTORY_DEPENDS),
            Truth::Met => (StatutoryState::Open, key::DAMAGES_STATUTORY_OPEN),
        };
        let text = self
            .law
            .messages
            .say(message, &[("range", &money_interval(self.law, range))]);
        Some(StatutoryResult {
            range: fen_range(range),
            state,
            text,
        })
    }

    fn stands_for(&self, statutory: &Statutory) -> Truth {
        if statutory.only_for.is_empty() {
            return Truth::Met;
        }
        let own = statutory
            .only_for
            .iter()
            .filter(|only| only.right == self.case.right);
        Truth::any(own.map(|only| match &only.flag {
            Some(flag) => self.known.flag(flag, &self.law.facts).0,
            None => Truth::Met,
        }))
    }

    fn costs(&self, national: &DamagesRule) -> CostsResult {
        let Some(costs) = &national.costs else {
            return CostsResult {
                mode: None,
                amount: None,
                text: self.law.messages.say(key::DAMAGES_COSTS_SILENT, &[]),
                evidence: Vec::new(),
                stated_by: Vec::new(),
            };
        };
        let amount = self
            .known
            .is_stated(&costs.fact)
            .then(|| self.known.interval(&costs.fact));
        let message = match (costs.mode, amount) {
            (_, None) => key::DAMAGES_COSTS_UNSTATED,
            (CostsMode::OnTop, Some(_)) => key::DAMAGES_COSTS_ON_TOP,
            (CostsMode::Included, Some(_)) => key::DAMAGES_COSTS_INCLUDED,
        };
        let shown = amount
            .map(|amount| money_interval(self.law, amount))
            .unwrap_or_default();
        let (evidence, stated_by) = self.known.evidence(&costs.fact);
        CostsResult {
            mode: Some(costs.mode),
            amount: amount.map(fen_range),
            text: self.law.messages.say(message, &[("amount", &shown)]),
            evidence,
            stated_by,
        }
    }

    /// Totals without a multiple: by the methods, or else by the statutory range.
    fn base_awards(
        &self,
        candidate: &Candidate<'_>,
        measured: &Measured,
        statutory: Option<&StatutoryResult>,
        costs: &CostsResult,
    ) -> Result<Vec<Award>, DamagesError> {
        let mut awards = Vec::new();
        if let Some(damages) = measured.damages {
            let text = self.law.messages.say(
                key::DAMAGES_READING_PLAIN,
                &[("amount", &money_interval(self.law, damages))],
            );
            let award = Award {
                parts: vec!["compensation".to_owned()],
                interpretation: None,
                formula: None,
                costs_added: false,
                amount: damages,
                text,
            };
            awards.extend(self.with_costs(award, costs)?);
        }
        let Some(statutory) = statutory else {
            return Ok(awards);
        };
        let open = matches!(
            statutory.state,
            StatutoryState::Open | StatutoryState::BesideFigures | StatutoryState::DependsOnAct
        );
        if open {
            let range = Interval {
                low: statutory.range.at_least_fen,
                high: statutory.range.at_most_fen,
            };
            let text = self.law.messages.say(
                key::DAMAGES_READING_STATUTORY,
                &[
                    ("amount", &money_interval(self.law, range)),
                    ("law", &statutory_cite(candidate)),
                ],
            );
            let award = Award {
                parts: vec!["statutory".to_owned()],
                interpretation: None,
                formula: None,
                costs_added: false,
                amount: range,
                text,
            };
            match costs.mode {
                // Inside: the maximum covers the costs, so there is nothing to add.
                Some(CostsMode::Included) | None => awards.push(award),
                Some(CostsMode::OnTop) => awards.extend(self.with_costs(award, costs)?),
            }
        }
        Ok(awards)
    }

    fn multiplied_awards(
        &self,
        measured: &Measured,
        found: Multiplied,
        formulas: &[Formula],
        row: Option<&String>,
        costs: &CostsResult,
    ) -> Result<Vec<Award>, DamagesError> {
        let mut awards = Vec::new();
        for formula in formulas {
            let [low, high] = found.ratios(match formula {
                Formula::BaseTimesN => 0,
                Formula::BasePlusBaseTimesN => 1,
            });
            let mut amount = product("the total", found.base, low, high)?;
            if !found.certain {
                amount.low = measured.damages.map_or(found.base.low, |damages| damages.low);
            }
            let multiple = if found.low_hundredths == found.high_hundredths {
                Text::same(hundredths_text(found.low_hundredths))
            } else {
                let ends = [found.low_hundredths, found.high_hundredths].map(hundredths_text);
                Text::same(ends.join("–"))
            };
            let message = match (formula, found.certain) {
                (Formula::BaseTimesN, true) => key::DAMAGES_READING_TIMES,
                (Formula::BaseTimesN, false) => key::DAMAGES_READING_TIMES_OPEN,
                (Formula::BasePlusBaseTimesN, true) => key::DAMAGES_READING_PLUS,
                (Formula::BasePlusBaseTimesN, false) => key::DAMAGES_READING_PLUS_OPEN,
            };
            let values = [
                ("base", &money_interval(self.law, found.base)),
                ("n", &multiple),
                ("amount", &money_interval(self.law, amount)),
            ];
            let award = Award {
                parts: row
                    .into_iter()
                    .cloned()
                    .chain([formula.word().to_owned()])
                    .collect(),
                interpretation: row.cloned(),
                formula: Some(*formula),
                costs_added: false,
                amount,
                text: self.law.messages.say(message, &values),
            };
            awards.extend(self.with_costs(award, costs)?);
        }
        Ok(awards)
    }

    /// The award with the costs. Where the law says that damages "include" them, two readings are held for a
    /// computed amount: the costs are one of its parts and still to be added, or the amount holds them already.
    fn with_costs(&self, award: Award, costs: &CostsResult) -> Result<Vec<Award>, DamagesError> {
        let Some(range) = &costs.amount else {
            return Ok(vec![award]);
        };
        let amount = Interval {
            low: range.at_least_fen,
            high: range.at_most_fen,
        };
        if amount == Interval::exact(0) {
            return Ok(vec![award]);
        }
        let mut text = award.text.clone();
        text.append(&self.law.messages.say(
            key::DAMAGES_READING_COSTS,
            &[("costs", &money_interval(self.law, amount))],
        ));
        let added = Award {
            parts: award.parts.clone(),
            interpretation: award.interpretation.clone(),
            formula: award.formula,
            costs_added: true,
            amount: sum("the total", award.amount, amount)?,
            text,
        };
        if costs.mode == Some(CostsMode::OnTop) {
            return Ok(vec![added]);
        }
        let mut inside = award;
        inside.parts.push("costs_inside".to_owned());
        inside
            .text
            .append(&self.law.messages.say(key::DAMAGES_READING_COSTS_INSIDE, &[]));
        Ok(vec![added, inside])
    }

    fn reading(&self, id: &str, award: Award) -> Result<Reading, DamagesError> {
        let claimed = self
            .case
            .interest
            .map(|claimed| interest(self.law, claimed, award.amount))
            .transpose()?;
        let total = match &claimed {
            Some(interest) => {
                let amount = Interval {
                    low: interest.amount.at_least_fen,
                    high: interest.amount.at_most_fen,
                };
                sum("the total", award.amount, amount)?
            }
            None => award.amount,
        };
        let mut text = award.text;
        if let Some(interest) = &claimed {
            text.append(&interest.text);
        }
        text.append(&self.law.messages.say(
            key::DAMAGES_READING_TOTAL,
            &[("total", &money_interval(self.law, total))],
        ));
        Ok(Reading {
            id: std::iter::once(id.to_owned())
                .chain(award.parts)
                .collect::<Vec<_>>()
                .join("/"),
            interpretation: award.interpretation,
            formula: award.formula,
            costs_added: award.costs_added,
            award: fen_range(award.amount),
            interest: claimed,
            total: fen_range(total),
            chosen: false,
            text,
        })
    }
}

/// Where the statutory range stands.
fn statutory_cite(candidate: &Candidate<'_>) -> Text {
    let local = candidate
        .overlay
        .as_ref()
        .filter(|overlay| overlay.body.statutory.is_some());
    let dated = local.unwrap_or(&candidate.law);
    dated.rule.source_of(dated.version).cite.clone()
}

/// Everything that a law result cites.
pub(super) fn citations(result: &LawResult) -> Vec<Cited> {
    let mut found = vec![result.law.clone()];
    found.extend(result.overlay.clone());
    found.extend(
        result
            .punitive
            .iter()
            .filter_map(|punitive| punitive.interpretation.clone()),
    );
    let ways = result
        .methods
        .iter()
        .flat_map(|method| &method.ways)
        .filter(|way| way.used);
    found.extend(ways.filter_map(|way| way.rule.clone()));
    found
}
