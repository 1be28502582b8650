//! Punitive damages (惩罚性赔偿): intent, gravity, base and multiple.
//!
//! In:  what the law and an interpretation ask for, what is known, what is claimed.
//! Out: [`PunitiveResult`], and [`Multiplied`], which the total is computed from.
//!
//! Invariant: no multiple is ever chosen. It is the one that was claimed, or the range of the
//! law. The base holds no costs, and statutory damages are never a base.

use super::{
    Case,
    amount::{Ratio, fen_range},
    answer::{Cited, FactorResult, Found, PunitiveFinding, PunitiveResult, PunitiveState},
    cited,
    laws::{Candidate, Dated},
    method::Measured,
    rule::{ClaimPart, ClaimUntil, Factor, Fault, PunitiveMultiple, PunitiveRule, Strength},
    sheet::Multiple,
};
use crate::{
    facts::Known,
    interval::{Interval, Truth},
    load::Parsed,
    text::{Text, key},
};

/// Base and multiple, ready for the formulas.
#[derive(Clone, Copy)]
pub(super) struct Multiplied {
    pub(super) base: Interval,
    pub(super) low_hundredths: i64,
    pub(super) high_hundredths: i64,
    /// Whether intent and gravity are established and the multiple is claimed in time. Otherwise the court
    /// may grant none.
    pub(super) certain: bool,
}

impl Multiplied {
    /// The multiple plus so many times the base, as ratios for the lower and the upper end.
    pub(super) fn ratios(self, plus_times: i64) -> [Ratio; 2] {
        [self.low_hundredths, self.high_hundredths]
            .map(|hundredths| Ratio::new(i128::from(hundredths) + 100 * i128::from(plus_times), 100))
    }
}

pub(super) struct Punitive<'a> {
    pub(super) law: &'a Parsed,
    pub(super) case: &'a Case<'a>,
    pub(super) known: &'a Known,
    pub(super) candidate: &'a Candidate<'a>,
    pub(super) measured: &'a Measured,
}

impl Punitive<'_> {
    /// The provision on the multiple: that of the place, or else that of the law.
    fn provision(&self) -> Option<&PunitiveMultiple> {
        let local = self
            .candidate
            .overlay
            .as_ref()
            .and_then(|overlay| overlay.body.punitive.as_ref());
        local.or(self.candidate.law.body.punitive.as_ref())
    }

    /// Where the provision stands.
    fn provision_cite(&self) -> &Text {
        let dated = match &self.candidate.overlay {
            Some(overlay) if overlay.body.punitive.is_some() => overlay,
            _ => &self.candidate.law,
        };
        &dated.rule.source_of(dated.version).cite
    }

    fn is_for(&self) -> bool {
        let right = self.case.right;
        let provisions = [self.candidate.law.body.punitive.as_ref(), self.provision()];
        provisions
            .into_iter()
            .all(|p| p.is_some_and(|p| p.only_for.is_empty() || p.only_for.contains(&right)))
    }

    /// The multiples that the law allows on these facts, in hundredths.
    pub(super) fn allowed(&self) -> Option<[i64; 2]> {
        if !self.is_for() {
            return None;
        }
        let provision = self.provision()?;
        let hundredths = |[low, high]: [u32; 2]| [i64::from(low) * 100, i64::from(high) * 100];
        let plain = hundredths(provision.multiple?);
        let Some(especially) = &provision.especially else {
            return Some(plain);
        };
        let heavier = hundredths(especially.multiple);
        Some(match self.known.flag(&especially.fact, &self.law.facts).0 {
            Truth::Met => heavier,
            Truth::NotMet => plain,
            Truth::Unknown => [plain[0].min(heavier[0]), plain[1].max(heavier[1])],
        })
    }

    /// The allowed range in words, with its citation.
    pub(super) fn allowed_text(&self) -> Option<Text> {
        let [low, high] = self
            .allowed()?
            .map(|hundredths| Text::same(hundredths_text(hundredths)));
        Some(self.law.messages.say(
            key::DAMAGES_MULTIPLE_RANGE,
            &[("low", &low), ("high", &high), ("law", self.provision_cite())],
        ))
    }

    pub(super) fn run(
        &self,
        interpretation: Option<&Dated<'_, PunitiveRule>>,
    ) -> (PunitiveResult, Option<Multiplied>) {
        let mut result = PunitiveResult {
            interpretation: interpretation.map(|dated| cited(dated.rule, dated.version)),
            state: PunitiveState::Excluded,
            intent: None,
            gravity: None,
            especially: None,
            multiple_hundredths: None,
            multiple_is_claimed: false,
            base: None,
            claim_in_time: None,
            claim_lacks: Vec::new(),
            prior_fines: interpretation.map(|dated| dated.body.prior_fines),
            text: Text::default(),
        };
        let law = &self.candidate.law.rule.source_of(self.candidate.law.version).cite;
        let say = |key: &str| self.law.messages.say(key, &[("law", law)]);
        let (Some(provision), Some(allowed)) = (self.provision(), self.allowed()) else {
            result.text = say(key::DAMAGES_PUNITIVE_NOT_FOR);
            return (result, None);
        };
        let body = interpretation.map(|dated| dated.body);
        let intent = self.finding(
            &provision.intent,
            body.map_or(&[], |body| &body.intent),
            body.map_or(Strength::May, |body| body.intent_means),
            &self.fault(provision.fault),
        );
        let gravity = self.finding(
            &provision.gravity,
            body.map_or(&[], |body| &body.gravity),
            body.map_or(Strength::May, |body| body.gravity_means),
            &self.law.fact_title(&provision.gravity),
        );
        result.especially = provision
            .especially
            .as_ref()
            .map(|especially| self.known.flag(&especially.fact, &self.law.facts).0);
        (result.claim_in_time, result.claim_lacks) = self.claim(body);
        let claimed = self
            .case
            .claim
            .and_then(|claim| claim.punitive_multiple)
            .map(Multiple::hundredths);
        let outside = claimed.is_some_and(|n| !(allowed[0]..=allowed[1]).contains(&n));
        let range = claimed.filter(|_| !outside).map_or(allowed, |n| [n, n]);
        result.multiple_hundredths = Some(range);
        result.multiple_is_claimed = claimed.is_some() && !outside;
        let base = self.base();
        result.base = base.map(fen_range);
        let found = [intent.state, gravity.state];
        result.state = if found.contains(&Found::NotMet) || outside {
            PunitiveState::Excluded
        } else if result.claim_in_time == Some(Truth::NotMet) {
            PunitiveState::Late
        } else if base.is_none() {
            PunitiveState::NoBase
        } else if found == [Found::Met; 2] {
            PunitiveState::Open
        } else if found.contains(&Found::Unknown) {
            PunitiveState::Unknown
        } else {
            PunitiveState::MayOpen
        };
        result.text = self.words(&result, outside);
        let opens = matches!(
            result.state,
            PunitiveState::Open | PunitiveState::MayOpen | PunitiveState::Unknown
        );
        let multiplied = base.filter(|_| opens).map(|base| Multiplied {
            base,
            low_hundredths: range[0],
            high_hundredths: range[1],
            certain: result.state == PunitiveState::Open
                && claimed.is_some()
                && self.candidate_is_settled(&result),
        });
        result.intent = Some(intent);
        result.gravity = Some(gravity);
        (result, multiplied)
    }

    /// Nothing but the court's discretion about the multiple is left.
    fn candidate_is_settled(&self, result: &PunitiveResult) -> bool {
        !self.measured.stands_in && result.especially != Some(Truth::Unknown)
    }

    /// The damages that may be multiplied: those of the methods that the law lists as a base.
    fn base(&self) -> Option<Interval> {
        let law = &self.candidate.law.body;
        let bases = law
            .punitive
            .as_ref()
            .map(|punitive| punitive.base.as_slice())
            .unwrap_or_default();
        let listed = self
            .measured
            .preferred
            .iter()
            .all(|method| bases.contains(method));
        self.measured
            .damages
            .filter(|_| listed && !self.measured.preferred.is_empty())
    }

    fn fault(&self, fault: Fault) -> Text {
        let key = match fault {
            Fault::Intentional => key::DAMAGES_FAULT_INTENTIONAL,
            Fault::BadFaith => key::DAMAGES_FAULT_BAD_FAITH,
        };
        self.law.messages.say(key, &[])
    }

    fn finding(&self, fact: &str, factors: &[Factor], means: Strength, title: &Text) -> PunitiveFinding {
        let factors: Vec<FactorResult> = factors.iter().map(|factor| self.factor(factor)).collect();
        let stated = self.known.flag(fact, &self.law.facts).0;
        let listed = factors.iter().any(|factor| factor.state == Truth::Met);
        let state = match (stated, listed, means) {
            (Truth::Met, ..) | (_, true, Strength::Shall) => Found::Met,
            (_, true, Strength::May) => Found::MayBeFound,
            (Truth::NotMet, false, _) => Found::NotMet,
            (Truth::Unknown, false, _) => Found::Unknown,
        };
        let of = |wanted: Truth| {
            let titles = factors
                .iter()
                .filter(|factor| factor.state == wanted)
                .map(|factor| &factor.title);
            let titles = Text::join(titles);
            if titles.zh.is_empty() {
                self.law.messages.say(key::DAMAGES_NONE, &[])
            } else {
                titles
            }
        };
        let message = match state {
            Found::Met if listed => key::DAMAGES_FOUND_BY_LIST,
            Found::Met => key::DAMAGES_FOUND_STATED,
            Found::MayBeFound if stated == Truth::NotMet => key::DAMAGES_FOUND_DISPUTED,
            Found::MayBeFound => key::DAMAGES_FOUND_MAY,
            Found::Unknown => key::DAMAGES_FOUND_UNKNOWN,
            Found::NotMet => key::DAMAGES_FOUND_NOT,
        };
        let open = of(Truth::Unknown);
        let text = self.law.messages.say(
            message,
            &[("what", title), ("met", &of(Truth::Met)), ("open", &open)],
        );
        PunitiveFinding {
            fact: fact.to_owned(),
            state,
            factors,
            text,
        }
    }

    fn factor(&self, factor: &Factor) -> FactorResult {
        let (evidence, stated_by) = self.known.evidence(&factor.fact);
        FactorResult {
            id: factor.id.clone(),
            fact: factor.fact.clone(),
            title: self.law.fact_title(&factor.fact),
            state: self.known.flag(&factor.fact, &self.law.facts).0,
            verified: factor.verified,
            evidence,
            stated_by,
        }
    }

    /// Whether the claim came in time, and what it lacks.
    fn claim(&self, body: Option<&PunitiveRule>) -> (Option<Truth>, Vec<ClaimPart>) {
        let Some(body) = body else {
            return (None, Vec::new());
        };
        let Some(claim) = self.case.claim else {
            return (None, body.claim_states.clone());
        };
        let in_time = body.claim_until.map(|ClaimUntil::FirstInstanceDebateEnd| {
            match (claim.made_on, self.case.debate_ended_on, self.case.filed_on) {
                (Some(made), Some(ended), _) => Truth::from(made <= ended),
                (Some(made), None, Some(filed)) if made <= filed => Truth::Met,
                // With the action itself, as long as nothing else is said.
                (None, _, Some(_)) => Truth::Met,
                _ => Truth::Unknown,
            }
        });
        let lacks = body.claim_states.iter().copied().filter(|part| match part {
            ClaimPart::Amount => claim.total_fen.is_none(),
            ClaimPart::Method => claim.method.is_none() && claim.punitive_multiple.is_none(),
            ClaimPart::Reasons => claim.reasons.as_ref().is_none_or(super::sheet::Reasons::is_empty),
        });
        (in_time, lacks.collect())
    }

    fn words(&self, result: &PunitiveResult, outside: bool) -> Text {
        let range = self.allowed_text().unwrap_or_default();
        let claimed = self.case.claim.and_then(|claim| claim.punitive_multiple);
        let claimed = Text::same(claimed.map(|multiple| multiple.to_string()).unwrap_or_default());
        let message = match result.state {
            PunitiveState::Excluded if outside => key::DAMAGES_PUNITIVE_OUTSIDE,
            PunitiveState::Excluded => key::DAMAGES_PUNITIVE_EXCLUDED,
            PunitiveState::Late => key::DAMAGES_PUNITIVE_LATE,
            PunitiveState::NoBase => key::DAMAGES_PUNITIVE_NO_BASE,
            PunitiveState::Open => key::DAMAGES_PUNITIVE_OPEN,
            PunitiveState::MayOpen => key::DAMAGES_PUNITIVE_MAY_OPEN,
            PunitiveState::Unknown => key::DAMAGES_PUNITIVE_UNKNOWN,
        };
        let mut text = self
            .law
            .messages
            .say(message, &[("range", &range), ("claimed", &claimed)]);
        if result.multiple_is_claimed {
            text.append(
                &self
                    .law
                    .messages
                    .say(key::DAMAGES_PUNITIVE_CLAIMED, &[("claimed", &claimed)]),
            );
        } else if self
            .case
            .claim
            .is_none_or(|claim| claim.punitive_multiple.is_none())
        {
            text.append(&self.law.messages.say(key::DAMAGES_PUNITIVE_UNCLAIMED, &[]));
        }
        text
    }
}

/// The interpretation whose factors are cited when there is none.
pub(super) fn row_of(interpretation: Option<&Cited>) -> Option<String> {
    interpretation.and_then(|cited| cited.row.clone())
}

pub(super) fn hundredths_text(hundredths: i64) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:02}").trim_end_matches('0').to_owned()
    }
}
