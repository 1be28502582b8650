//! A fine beside its general range, and beside the floor that always holds.

use super::{Beside, Deviation, DeviationOf, DeviationState, Judged, JudgedRange};
use crate::{
    interval::{Interval, Truth},
    judgment::Judgment,
    penalty::{self, FineResult},
    sentence::SentenceFrame,
    text::key,
};

impl Beside<'_> {
    pub(super) fn fine(&self, judgment: &Judgment, fen: i64) -> Deviation {
        let (what, given) = (DeviationOf::Fine, Judged::Fen(fen));
        let Some(frame) = self.frame else {
            return self.without_frame(what, given);
        };
        let lower = self.lower_fine(judgment, frame);
        let Some(range) = lower.as_ref().or(frame.fine.range.as_ref()) else {
            let why = self.say(key::DEVIATION_NO_FINE_RANGE, &[]);
            return Deviation::new(what, given, DeviationState::CannotBeTold, why);
        };
        let (state, by) = place_fine(fen, range);
        let message = match state {
            DeviationState::Inside => key::DEVIATION_FINE_INSIDE,
            DeviationState::Below => key::DEVIATION_FINE_BELOW,
            DeviationState::Above => key::DEVIATION_FINE_ABOVE,
            DeviationState::Outside | DeviationState::CannotBeTold => key::DEVIATION_FINE_OPEN,
        };
        let values = [
            ("given", &self.law.money(fen)),
            ("range", &range.text),
            ("by", &self.law.money(by.unwrap_or(0))),
        ];
        Deviation {
            frame: Some(JudgedRange {
                low: Judged::Fen(range.low.at_least_fen),
                high: range.high.at_most_fen.map(Judged::Fen),
            }),
            by: by.map(Judged::Fen),
            in_lower_band: lower.is_some(),
            rule: Some(range.rule.clone()),
            version: Some(range.version),
            citation: Some(range.citation.clone()),
            verified: Some(range.verified),
            ..Deviation::new(what, given, state, self.say(message, &values))
        }
    }

    /// The range of the next lower band, where the sentence lies there and the range is another one: the
    /// fixed ranges go by the sentence that was given, whatever the reason for it.
    fn lower_fine(&self, judgment: &Judgment, frame: &SentenceFrame) -> Option<FineResult> {
        let is_under = |months: i64| {
            frame
                .band
                .as_ref()
                .is_some_and(|band| months < i64::from(band.min_months))
        };
        if !judgment.months.is_some_and(is_under) && judgment.detention_months.is_none() {
            return None;
        }
        let band = penalty::next_lower_band(self.law, self.offence, self.on, frame.tier)?;
        let lower = penalty::fine(self.law, self.offence, self.on, band.tier, self.known)?;
        let own = frame.fine.range.as_ref();
        own.is_none_or(|own| (own.low, own.high) != (lower.low, lower.high))
            .then_some(lower)
    }

    /// Only where the fine is under a floor; a fine above it needs no word.
    pub(super) fn fine_floor(&self, fen: i64) -> Option<Deviation> {
        let frame = &self.frame?.fine;
        let adult = frame.floor_fen?;
        let minor = frame.minor_floor_fen;
        let is_minor = penalty::minor(self.law, self.on, self.known);
        let floor = match (is_minor, minor) {
            (Truth::Met, Some(minor)) => minor,
            _ => adult,
        };
        if fen >= floor {
            return None;
        }
        let may_be_low_enough = is_minor == Truth::Unknown && minor.is_some_and(|minor| fen >= minor);
        let state = if may_be_low_enough {
            DeviationState::CannotBeTold
        } else {
            DeviationState::Below
        };
        let short = if is_minor == Truth::Unknown {
            minor.unwrap_or(adult)
        } else {
            floor
        } - fen;
        let message = if may_be_low_enough {
            key::DEVIATION_FLOOR_MINOR
        } else {
            key::DEVIATION_FLOOR
        };
        let values = [("given", &self.law.money(fen)), ("floor", &self.law.money(floor))];
        let mut deviation = Deviation::new(
            DeviationOf::FineFloor,
            Judged::Fen(fen),
            state,
            self.say(message, &values),
        );
        deviation.frame = Some(JudgedRange {
            low: Judged::Fen(floor),
            high: None,
        });
        deviation.by = (state == DeviationState::Below).then_some(Judged::Fen(short));
        if let Some(reason) = &frame.floor {
            deviation.rule.clone_from(&reason.rule);
            deviation.version = reason.version;
            deviation.citation.clone_from(&reason.citation);
            deviation.verified = reason.verified;
        }
        Some(deviation)
    }
}

/// Where the ends of the range have bounds themselves, only what holds for each value is told.
fn place_fine(fen: i64, range: &FineResult) -> (DeviationState, Option<i64>) {
    let low = Interval {
        low: range.low.at_least_fen,
        high: range.low.at_most_fen,
    };
    let high = Interval {
        low: range.high.at_least_fen,
        high: range.high.at_most_fen,
    };
    if fen < low.low {
        (DeviationState::Below, Some(low.low - fen))
    } else if let Some(most) = high.high.filter(|most| fen > *most) {
        (DeviationState::Above, Some(fen - most))
    } else if low.high.is_some_and(|most| fen >= most) && fen <= high.low {
        (DeviationState::Inside, None)
    } else {
        (DeviationState::CannotBeTold, None)
    }
}
