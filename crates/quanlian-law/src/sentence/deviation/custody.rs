//! Imprisonment and criminal detention beside the band, and beside the next lower one where a ground opens it.

use super::{Beside, Deviation, DeviationOf, DeviationState, Judged, months_range, number, place};
use crate::{
    penalty::{self, BandResult},
    rule::Body,
    sentence::LowerBand,
    text::{Text, key},
};

impl Beside<'_> {
    pub(super) fn imprisonment(&self, months: i64) -> Deviation {
        let (what, given) = (DeviationOf::Imprisonment, Judged::Months(months));
        if self.is_unit() {
            return self.for_unit(what, given);
        }
        let Some((frame, band)) = self.frame.and_then(|frame| Some((frame, frame.band.as_ref()?))) else {
            return self.without_frame(what, given);
        };
        let (own_low, own_high) = (i64::from(band.min_months), i64::from(band.max_months));
        match (place(months, own_low, own_high), &frame.lower_band) {
            ((DeviationState::Below, by), None) => {
                let mut why = self.against_band(key::DEVIATION_NO_GROUND, months, band, by);
                if self.falls_into_next(months) {
                    why.append(&self.say(key::DEVIATION_WOULD_FIT, &[]));
                }
                Deviation::in_band(given, DeviationState::Below, by, band, why)
            }
            ((DeviationState::Below, by), Some(lower)) => self.mitigated(months, by, band, lower),
            ((state, by), _) => {
                let message = if state == DeviationState::Inside {
                    key::DEVIATION_INSIDE_BAND
                } else {
                    key::DEVIATION_ABOVE_BAND
                };
                let why = self.against_band(message, months, band, by);
                Deviation::in_band(given, state, by, band, why)
            }
        }
    }

    /// Under the band, with a ground for it stated.
    fn mitigated(&self, months: i64, by: Option<i64>, own: &BandResult, lower: &LowerBand) -> Deviation {
        let given = Judged::Months(months);
        let Some(band) = &lower.band else {
            let mut why = self.against_band(key::DEVIATION_UNDER_LOWEST, months, own, by);
            why.append(&lower.text);
            return Deviation::in_band(given, DeviationState::CannotBeTold, None, own, why);
        };
        let (state, by) = place(months, band.min_months.into(), band.max_months.into());
        let message = if state == DeviationState::Inside {
            key::DEVIATION_INSIDE_LOWER
        } else {
            key::DEVIATION_OUTSIDE_LOWER
        };
        let values = [
            ("months", &number(months)),
            ("grounds", &Text::join(&lower.grounds)),
            ("band", &band.text),
            ("own", &own.text),
            ("by", &number(by.unwrap_or(0))),
        ];
        let why = self.say(message, &values);
        let mut deviation = Deviation::in_band(given, state, by, band, why);
        deviation.in_lower_band = true;
        deviation.rule.clone_from(&lower.rule);
        deviation.version = lower.version;
        deviation.citation.clone_from(&lower.citation);
        deviation
    }

    fn falls_into_next(&self, months: i64) -> bool {
        let next = self
            .tier
            .and_then(|tier| penalty::next_lower_band(self.law, self.offence, self.on, tier));
        next.is_some_and(|band| (i64::from(band.min_months)..=i64::from(band.max_months)).contains(&months))
    }

    fn against_band(&self, message: &str, months: i64, band: &BandResult, by: Option<i64>) -> Text {
        let values = [
            ("months", &number(months)),
            ("band", &band.text),
            ("by", &number(by.unwrap_or(0))),
        ];
        self.say(message, &values)
    }

    pub(super) fn detention(&self, months: i64) -> Deviation {
        let (what, given) = (DeviationOf::Detention, Judged::Months(months));
        if self.is_unit() {
            return self.for_unit(what, given);
        }
        let Some((frame, band)) = self.frame.and_then(|frame| Some((frame, frame.band.as_ref()?))) else {
            return self.without_frame(what, given);
        };
        let lower = frame.lower_band.as_ref();
        let lower_has = lower
            .and_then(|lower| lower.band.as_ref())
            .is_some_and(|band| band.detention_possible);
        if !band.detention_possible && !lower_has {
            // Below the lowest band the text does not say how far mitigation goes.
            let open = lower.is_some_and(|lower| lower.band.is_none());
            let (state, message) = if open {
                (DeviationState::CannotBeTold, key::DEVIATION_UNDER_LOWEST)
            } else {
                (DeviationState::Outside, key::DEVIATION_NO_DETENTION)
            };
            let why = self.against_band(message, months, band, None);
            let mut deviation = Deviation::in_band(given, state, None, band, why);
            deviation.what = what;
            deviation.frame = None;
            return deviation;
        }
        let terms = self.law.by_role("penalty_terms", self.on);
        let Some((rule, version, [low, high])) = terms.and_then(|(rule, version)| match &version.body {
            Body::Sentencing(terms) => Some((rule, version, terms.detention_months?)),
            _ => None,
        }) else {
            return self.without_frame(what, given);
        };
        let (state, by) = place(months, low.into(), high.into());
        let values = [
            ("months", &number(months)),
            ("low", &number(low.into())),
            ("high", &number(high.into())),
        ];
        let why = self.say(key::DEVIATION_DETENTION, &values);
        let source = rule.source_of(version);
        Deviation {
            frame: Some(months_range(low, high)),
            by: by.map(Judged::Months),
            in_lower_band: !band.detention_possible,
            rule: Some(rule.id.clone()),
            version: Some(version.from),
            citation: Some(source.cite.clone()),
            verified: Some(source.checked.verified),
            ..Deviation::new(what, given, state, why)
        }
    }
}
