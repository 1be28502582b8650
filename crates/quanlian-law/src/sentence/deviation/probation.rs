//! Probation beside its frame: whether the sentence could be suspended, and for how long.
//!
//! Invariant: what the court found and nobody stated here is not held against the judgment; only a bar
//! that is stated, or a condition that is denied, is.

use super::{Beside, Deviation, DeviationOf, DeviationState, Judged, JudgedRange, number, place};
use crate::{
    evaluate::Reason,
    interval::Truth,
    judgment::Judgment,
    sentence::{PeriodBounds, ProbationFrame, ProbationState},
    text::{Text, key},
};

impl Beside<'_> {
    /// Whether the sentence could be suspended, and whether the period fits it.
    pub(super) fn probation(&self, judgment: &Judgment, period: i64) -> Vec<Deviation> {
        let (what, given) = (DeviationOf::Probation, Judged::Months(period));
        if self.is_unit() {
            return vec![self.for_unit(what, given)];
        }
        let Some(frame) = self.frame.and_then(|frame| frame.probation.as_ref()) else {
            let why = self.say(key::DEVIATION_NO_PROBATION_TEXT, &[]);
            return vec![Deviation::new(what, given, DeviationState::CannotBeTold, why)];
        };
        let (sentence, bounds) = match (judgment.months, judgment.detention_months) {
            (Some(months), _) => (Some(months), frame.imprisonment_period),
            (None, months) => (months, frame.detention_period),
        };
        let Some(sentence) = sentence else {
            let why = self.say(key::DEVIATION_NO_SENTENCE, &[]);
            let deviation = Deviation::new(what, given, DeviationState::CannotBeTold, why);
            return vec![cite_probation(deviation, frame)];
        };
        vec![
            self.suspended(frame, judgment, sentence),
            self.period(frame, bounds, sentence, period),
        ]
    }

    fn suspended(&self, frame: &ProbationFrame, judgment: &Judgment, sentence: i64) -> Deviation {
        let limit = i64::from(frame.max_sentence_months);
        let too_long = judgment.months.is_some() && sentence > limit;
        let against = |reasons: &[Reason], state: Truth| -> Vec<Text> {
            let matching = reasons.iter().filter(|reason| reason.state == Some(state));
            matching.map(|reason| reason.text.clone()).collect()
        };
        let mut contradicting = against(&frame.bars, Truth::Met);
        contradicting.extend(against(&frame.conditions, Truth::NotMet));
        let unstated = frame
            .conditions
            .iter()
            .filter(|reason| reason.state == Some(Truth::Unknown));
        let open: Vec<Text> = unstated
            .filter_map(|reason| reason.fact.as_deref())
            .map(|fact| self.law.fact_title(fact))
            .collect();
        let (state, message) = if too_long {
            (DeviationState::Above, key::DEVIATION_PROBATION_TOO_LONG)
        } else if frame.state == ProbationState::Barred {
            (DeviationState::Outside, key::DEVIATION_PROBATION_BARRED)
        } else if open.is_empty() {
            (DeviationState::Inside, key::DEVIATION_PROBATION_FITS)
        } else {
            (DeviationState::Inside, key::DEVIATION_PROBATION_NOTHING_AGAINST)
        };
        let values = [
            ("months", &number(sentence)),
            ("limit", &number(limit)),
            ("against", &Text::join(&contradicting)),
            ("open", &Text::join(&open)),
        ];
        let why = self.say(message, &values);
        let mut deviation = Deviation::new(DeviationOf::Probation, Judged::Months(sentence), state, why);
        deviation.frame = Some(JudgedRange {
            low: Judged::Months(0),
            high: Some(Judged::Months(limit)),
        });
        deviation.by = too_long.then(|| Judged::Months(sentence - limit));
        cite_probation(deviation, frame)
    }

    fn period(&self, frame: &ProbationFrame, bounds: PeriodBounds, sentence: i64, period: i64) -> Deviation {
        let low = sentence.max(bounds.min_months.into());
        let high = i64::from(bounds.max_months);
        let (what, given) = (DeviationOf::ProbationPeriod, Judged::Months(period));
        let values = [
            ("months", &number(period)),
            ("low", &number(low)),
            ("high", &number(high)),
        ];
        // A sentence longer than the longest period has no period that fits.
        let (state, by) = if low > high {
            (DeviationState::CannotBeTold, None)
        } else {
            place(period, low, high)
        };
        let why = self.say(key::DEVIATION_PERIOD, &values);
        let mut deviation = Deviation::new(what, given, state, why);
        deviation.frame = (low <= high).then_some(JudgedRange {
            low: Judged::Months(low),
            high: Some(Judged::Months(high)),
        });
        deviation.by = by.map(Judged::Months);
        cite_probation(deviation, frame)
    }
}

fn cite_probation(mut deviation: Deviation, frame: &ProbationFrame) -> Deviation {
    deviation.rule = Some(frame.rule.clone());
    deviation.version = Some(frame.version);
    deviation.citation = Some(frame.citation.clone());
    deviation.verified = Some(frame.verified);
    deviation
}
