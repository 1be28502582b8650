//! The actual judgment beside the frame: where it lies, and by how much it lies outside.
//!
//! In:  a [`Judgment`] and the [`SentenceFrame`] of the rule set that governs.
//! Out: [`Deviation`]s, each with the frame it was compared with and the reason.
//!
//! Invariant: a deviation is no error, and says nothing about whether the judgment is right. Where
//! the frame has bounds that are not known, the answer is `cannot_be_told`.

use quanlian_record::time::Day;
use serde::Serialize;

use super::{LowerBand, PeriodBounds, ProbationFrame, ProbationState, SentenceFrame};
use crate::{
    evaluate::Reason,
    facts::Known,
    interval::{Interval, Truth},
    judgment::Judgment,
    load::Parsed,
    penalty::{self, BandResult, FineResult},
    rule::{Body, Person, Tier},
    text::{Text, key},
};

/// Which part of a judgment is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationOf {
    /// The tier that the court found.
    Tier,
    /// The length of imprisonment.
    Imprisonment,
    /// The length of criminal detention.
    Detention,
    /// That the sentence was suspended.
    Probation,
    /// How long the probation period is.
    ProbationPeriod,
    /// The fine against its general range.
    Fine,
    /// The fine against the floor that always holds.
    FineFloor,
}

/// Where a part of the judgment lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationState {
    /// Inside the frame, its ends included.
    Inside,
    /// Under it.
    Below,
    /// Over it.
    Above,
    /// Not of a kind that the frame has, or against a bar; there is no distance.
    Outside,
    /// Something that decides it is not known.
    CannotBeTold,
}

/// A part of a judgment or an end of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Months.
    Months(i64),
    /// Money in fen.
    Fen(i64),
    /// A tier.
    Tier(Tier),
}

/// The frame that a part of a judgment was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JudgedRange {
    /// Lower end.
    pub low: Judged,
    /// Upper end; `None` where nothing bounds it.
    pub high: Option<Judged>,
}

/// One part of a judgment beside its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// Which part.
    pub what: DeviationOf,
    /// The same in words.
    pub title: Text,
    /// What the judgment says.
    pub given: Judged,
    /// The same in words.
    pub given_text: Text,
    /// What it was compared with.
    pub frame: Option<JudgedRange>,
    /// The same in words; empty where there is none.
    pub frame_text: Text,
    /// Where it lies.
    pub state: DeviationState,
    /// The same in words.
    pub state_text: Text,
    /// By how much it lies outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Judged>,
    /// Whether the frame is that of the next lower band, which a stated ground opens.
    pub in_lower_band: bool,
    /// Why, in words.
    pub why: Text,
    /// Id of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Version of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Day>,
    /// Instrument and article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text>,
    /// Whether it was read in a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// What a judgment is compared with.
pub(crate) struct Beside<'a> {
    pub(crate) law: &'a Parsed,
    pub(crate) offence: &'a str,
    /// The day of the rule set that governs.
    pub(crate) on: Day,
    /// The tier that the facts establish, `None` while none is.
    pub(crate) tier: Option<Tier>,
    pub(crate) frame: Option<&'a SentenceFrame>,
    pub(crate) known: &'a Known,
}

/// Lays a judgment beside its frame.
pub(crate) fn deviations(beside: &Beside<'_>, judgment: &Judgment) -> Vec<Deviation> {
    let mut found = Vec::new();
    found.extend(judgment.judged_for_tier.map(|tier| beside.tier(tier)));
    if let Some(months) = judgment.months {
        found.push(beside.imprisonment(months));
    }
    if let Some(months) = judgment.detention_months {
        found.push(beside.detention(months));
    }
    if let Some(months) = judgment.probation_months {
        found.extend(beside.probation(judgment, months));
    }
    if let Some(fen) = judgment.fine_fen {
        found.push(beside.fine(judgment, fen));
        found.extend(beside.fine_floor(fen));
    }
    for deviation in &mut found {
        beside.put_in_words(deviation);
    }
    found
}

/// A number against two ends, both inside.
fn place(given: i64, low: i64, high: i64) -> (DeviationState, Option<i64>) {
    if given < low {
        (DeviationState::Below, Some(low - given))
    } else if given > high {
        (DeviationState::Above, Some(given - high))
    } else {
        (DeviationState::Inside, None)
    }
}

fn months_range(low: u32, high: u32) -> JudgedRange {
    JudgedRange {
        low: Judged::Months(low.into()),
        high: Some(Judged::Months(high.into())),
    }
}

impl Beside<'_> {
    fn say(&self, key: &str, values: &[(&str, &Text)]) -> Text {
        self.law.messages.say(key, values)
    }

    fn deviation(&self, what: DeviationOf, given: Judged, state: DeviationState, why: Text) -> Deviation {
        Deviation {
            what,
            title: Text::default(),
            given,
            given_text: Text::default(),
            frame: None,
            frame_text: Text::default(),
            state,
            state_text: Text::default(),
            by: None,
            in_lower_band: false,
            why,
            rule: None,
            version: None,
            citation: None,
            verified: None,
        }
    }

    fn put_in_words(&self, deviation: &mut Deviation) {
        let title = match deviation.what {
            DeviationOf::Tier => key::DEVIATION_WHAT_TIER,
            DeviationOf::Imprisonment => key::DEVIATION_WHAT_IMPRISONMENT,
            DeviationOf::Detention => key::DEVIATION_WHAT_DETENTION,
            DeviationOf::Probation => key::DEVIATION_WHAT_PROBATION,
            DeviationOf::ProbationPeriod => key::DEVIATION_WHAT_PERIOD,
            DeviationOf::Fine => key::DEVIATION_WHAT_FINE,
            DeviationOf::FineFloor => key::DEVIATION_WHAT_FINE_FLOOR,
        };
        let state = match deviation.state {
            DeviationState::Inside => key::DEVIATION_INSIDE,
            DeviationState::Below => key::DEVIATION_BELOW,
            DeviationState::Above => key::DEVIATION_ABOVE,
            DeviationState::Outside => key::DEVIATION_OUTSIDE,
            DeviationState::CannotBeTold => key::DEVIATION_CANNOT_BE_TOLD,
        };
        deviation.title = self.say(title, &[]);
        deviation.state_text = self.say(state, &[]);
        deviation.given_text = self.judged(deviation.given);
        deviation.frame_text = match deviation.frame {
            None => Text::default(),
            Some(JudgedRange { low, high: None }) => {
                self.say(key::AMOUNT_AT_LEAST, &[("low", &self.judged(low))])
            }
            Some(JudgedRange {
                low,
                high: Some(high),
            }) if low == high => self.judged(low),
            Some(JudgedRange {
                low,
                high: Some(high),
            }) => {
                let values = [("low", &self.judged(low)), ("high", &self.judged(high))];
                self.say(key::AMOUNT_BETWEEN, &values)
            }
        };
    }

    fn judged(&self, judged: Judged) -> Text {
        match judged {
            Judged::Months(months) => self.say(key::DEVIATION_GIVEN_MONTHS, &[("n", &number(months))]),
            Judged::Fen(fen) => self.law.money(fen),
            Judged::Tier(tier) => self.law.tier(tier),
        }
    }

    /// No tier is established, or the files have no band for it.
    fn without_frame(&self, what: DeviationOf, given: Judged) -> Deviation {
        let why = self.say(key::DEVIATION_NO_FRAME, &[]);
        self.deviation(what, given, DeviationState::CannotBeTold, why)
    }

    fn is_unit(&self) -> bool {
        self.known.person == Some(Person::Unit)
    }

    fn for_unit(&self, what: DeviationOf, given: Judged) -> Deviation {
        let why = self.say(key::DEVIATION_UNIT, &[]);
        let mut deviation = self.deviation(what, given, DeviationState::Outside, why);
        if let Some(persons) = self.frame.and_then(|frame| frame.responsible_persons.as_ref()) {
            deviation.rule = Some(persons.rule.clone());
            deviation.version = Some(persons.version);
            deviation.citation = Some(persons.citation.clone());
        }
        deviation
    }

    fn tier(&self, given: Tier) -> Deviation {
        let Some(tier) = self.tier else {
            return self.without_frame(DeviationOf::Tier, Judged::Tier(given));
        };
        let state = match given.cmp(&tier) {
            std::cmp::Ordering::Less => DeviationState::Below,
            std::cmp::Ordering::Equal => DeviationState::Inside,
            std::cmp::Ordering::Greater => DeviationState::Above,
        };
        let values = [("given", &self.law.tier(given)), ("tier", &self.law.tier(tier))];
        let message = if state == DeviationState::Inside {
            key::DEVIATION_TIER_SAME
        } else {
            key::DEVIATION_TIER_OTHER
        };
        Deviation {
            frame: Some(JudgedRange {
                low: Judged::Tier(tier),
                high: Some(Judged::Tier(tier)),
            }),
            ..self.deviation(
                DeviationOf::Tier,
                Judged::Tier(given),
                state,
                self.say(message, &values),
            )
        }
    }

    fn imprisonment(&self, months: i64) -> Deviation {
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
                self.with_band(given, DeviationState::Below, by, band, why)
            }
            ((DeviationState::Below, by), Some(lower)) => self.mitigated(months, by, band, lower),
            ((state, by), _) => {
                let message = if state == DeviationState::Inside {
                    key::DEVIATION_INSIDE_BAND
                } else {
                    key::DEVIATION_ABOVE_BAND
                };
                let why = self.against_band(message, months, band, by);
                self.with_band(given, state, by, band, why)
            }
        }
    }

    /// Under the band, with a ground for it stated.
    fn mitigated(&self, months: i64, by: Option<i64>, own: &BandResult, lower: &LowerBand) -> Deviation {
        let given = Judged::Months(months);
        let Some(band) = &lower.band else {
            let mut why = self.against_band(key::DEVIATION_UNDER_LOWEST, months, own, by);
            why.append(&lower.text);
            return self.with_band(given, DeviationState::CannotBeTold, None, own, why);
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
        let mut deviation = self.with_band(given, state, by, band, why);
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

    fn with_band(
        &self,
        given: Judged,
        state: DeviationState,
        by: Option<i64>,
        band: &BandResult,
        why: Text,
    ) -> Deviation {
        Deviation {
            frame: Some(months_range(band.min_months, band.max_months)),
            by: by.map(Judged::Months),
            rule: Some(band.rule.clone()),
            version: Some(band.version),
            citation: Some(band.citation.clone()),
            verified: Some(band.verified),
            ..self.deviation(DeviationOf::Imprisonment, given, state, why)
        }
    }

    fn detention(&self, months: i64) -> Deviation {
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
            let mut deviation = self.with_band(given, state, None, band, why);
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
            ..self.deviation(what, given, state, why)
        }
    }

    /// Whether the sentence could be suspended, and whether the period fits it.
    fn probation(&self, judgment: &Judgment, period: i64) -> Vec<Deviation> {
        let (what, given) = (DeviationOf::Probation, Judged::Months(period));
        if self.is_unit() {
            return vec![self.for_unit(what, given)];
        }
        let Some(frame) = self.frame.and_then(|frame| frame.probation.as_ref()) else {
            let why = self.say(key::DEVIATION_NO_PROBATION_TEXT, &[]);
            return vec![self.deviation(what, given, DeviationState::CannotBeTold, why)];
        };
        let (sentence, bounds) = match (judgment.months, judgment.detention_months) {
            (Some(months), _) => (Some(months), frame.imprisonment_period),
            (None, months) => (months, frame.detention_period),
        };
        let Some(sentence) = sentence else {
            let why = self.say(key::DEVIATION_NO_SENTENCE, &[]);
            let deviation = self.deviation(what, given, DeviationState::CannotBeTold, why);
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
        let mut deviation = self.deviation(DeviationOf::Probation, Judged::Months(sentence), state, why);
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
        let mut deviation = self.deviation(what, given, state, why);
        deviation.frame = (low <= high).then_some(JudgedRange {
            low: Judged::Months(low),
            high: Some(Judged::Months(high)),
        });
        deviation.by = by.map(Judged::Months);
        cite_probation(deviation, frame)
    }

    fn fine(&self, judgment: &Judgment, fen: i64) -> Deviation {
        let (what, given) = (DeviationOf::Fine, Judged::Fen(fen));
        let Some(frame) = self.frame else {
            return self.without_frame(what, given);
        };
        // The fixed ranges go by the sentence that was given, so a mitigated one has those below.
        let in_lower = judgment.months.is_some_and(|months| {
            frame
                .band
                .as_ref()
                .is_some_and(|band| months < i64::from(band.min_months))
        }) || judgment.detention_months.is_some();
        let lower = frame.fine.lower_band_range.as_ref().filter(|_| in_lower);
        let Some(range) = lower.or(frame.fine.range.as_ref()) else {
            let why = self.say(key::DEVIATION_NO_FINE_RANGE, &[]);
            return self.deviation(what, given, DeviationState::CannotBeTold, why);
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
            ..self.deviation(what, given, state, self.say(message, &values))
        }
    }

    /// Only where the fine is under a floor; a fine above it needs no word.
    fn fine_floor(&self, fen: i64) -> Option<Deviation> {
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
        let mut deviation = self.deviation(
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

fn cite_probation(mut deviation: Deviation, frame: &ProbationFrame) -> Deviation {
    deviation.rule = Some(frame.rule.clone());
    deviation.version = Some(frame.version);
    deviation.citation = Some(frame.citation.clone());
    deviation.verified = Some(frame.verified);
    deviation
}

fn number(n: i64) -> Text {
    Text::same(n.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_inside_and_the_distance_is_to_the_nearer_one() {
        let check = |given, wanted| assert_eq!(place(given, 36, 120), wanted, "{given}");
        check(35, (DeviationState::Below, Some(1)));
        check(36, (DeviationState::Inside, None));
        check(120, (DeviationState::Inside, None));
        check(125, (DeviationState::Above, Some(5)));
    }
}
