//! The actual judgment beside the frame: where it lies, and by how much it lies outside.
//!
//! In:  a [`Judgment`] and the [`SentenceFrame`] of the rule set that governs.
//! Out: [`Deviation`]s, each with the frame it was compared with and the reason.
//!
//! Invariant: a deviation is no error, and says nothing about whether the judgment is right. Where
//! the frame has bounds that are not known, the answer is `cannot_be_told`.

mod custody;
mod fine;
mod probation;

use quanlian_record::time::Day;
use serde::Serialize;

use super::SentenceFrame;
use crate::{
    facts::Known,
    judgment::Judgment,
    load::Parsed,
    penalty::BandResult,
    rule::{Person, Tier},
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

impl Deviation {
    /// Imprisonment against a band.
    fn in_band(given: Judged, state: DeviationState, by: Option<i64>, band: &BandResult, why: Text) -> Self {
        Self {
            frame: Some(months_range(band.min_months, band.max_months)),
            by: by.map(Judged::Months),
            rule: Some(band.rule.clone()),
            version: Some(band.version),
            citation: Some(band.citation.clone()),
            verified: Some(band.verified),
            ..Self::new(DeviationOf::Imprisonment, given, state, why)
        }
    }

    fn new(what: DeviationOf, given: Judged, state: DeviationState, why: Text) -> Self {
        Self {
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
            Judged::Tier(tier) => self.law.tier_of(self.offence, tier),
        }
    }

    /// No tier is established, or the files have no band for it.
    fn without_frame(&self, what: DeviationOf, given: Judged) -> Deviation {
        let why = self.say(key::DEVIATION_NO_FRAME, &[]);
        Deviation::new(what, given, DeviationState::CannotBeTold, why)
    }

    fn is_unit(&self) -> bool {
        self.known.person == Some(Person::Unit)
    }

    fn for_unit(&self, what: DeviationOf, given: Judged) -> Deviation {
        let why = self.say(key::DEVIATION_UNIT, &[]);
        let mut deviation = Deviation::new(what, given, DeviationState::Outside, why);
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
        let name = |tier| self.law.tier_of(self.offence, tier);
        let values = [("given", &name(given)), ("tier", &name(tier))];
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
            ..Deviation::new(
                DeviationOf::Tier,
                Judged::Tier(given),
                state,
                self.say(message, &values),
            )
        }
    }
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
