//! The frame of a sentence: what the law leaves to the court, and where an actual judgment lies in it.
//!
//! In:  a rule set, the tier that the facts establish, the stated circumstances, and the judgment
//! where there is one.
//! Out: [`SentenceFrame`] and [`Deviation`]s. Here: the shape of the rules behind them.
//!
//! Invariant: a frame is a range. No number inside it is proposed, computed or preferred, and a
//! circumstance counts only when somebody states it.
//!
//! Not here: bands and fine ranges (`penalty`), which rule set governs (`assess`).

mod circumstance;
mod deviation;
mod example;
mod frame;
mod probation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use circumstance::{CircumstanceResult, CircumstanceState, MayBeStated};
pub use deviation::{Deviation, DeviationOf, DeviationState, Judged, JudgedRange};
pub use frame::{FineFrame, LowerBand, ResponsiblePersons, SentenceFrame, ShareOfCourt};
pub use probation::{BarredBy, ProbationFrame, ProbationState};

pub(crate) use deviation::{Beside, deviations};
pub(crate) use example::{answered, judgment_field};
pub(crate) use frame::{Asked, sentence_frame};

use crate::text::Text;

/// Longest imprisonment that a rule or a judgment can sensibly name, in months: a hundred years.
pub const MAX_SENTENCE_MONTHS: i64 = 1_200;
/// Most facts that one list of a circumstance names.
const MAX_NAMES: usize = 50;

/// Which way a circumstance moves the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More lenient (从宽).
    Lighter,
    /// Heavier (从重).
    Heavier,
}

/// Whether the court may or must go below the band (减轻处罚).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// It may (可以).
    May,
    /// It must, unless it chooses a milder or no change that the same article names (应当).
    Shall,
}

/// A sentencing circumstance (量刑情节), `[version.circumstance]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent mark of the provision, named in the rule file"
)]
pub struct CircumstanceRule {
    /// Flags that must all be stated.
    pub facts: Vec<String>,
    /// And one of these, where any are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with_any: Vec<String>,
    /// And none of these: the text gives them another row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless_any: Vec<String>,
    /// Circumstances on these flags are not counted a second time beside it (不作重复评价).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbs: Vec<String>,
    /// Which way it moves the sentence.
    pub direction: Direction,
    /// Smallest share of the base sentence, in percent; nothing where only a ceiling is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_percent: Option<u32>,
    /// Largest share, in percent; none where the provision names no share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_percent: Option<u32>,
    /// Normally at least so many months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_months: Option<u32>,
    /// The court must weigh it (应当), and not only may.
    #[serde(default)]
    pub must: bool,
    /// It multiplies the base before the others are added up.
    #[serde(default)]
    pub first: bool,
    /// In a minor case more than the ceiling, or no punishment at all.
    #[serde(default)]
    pub further: bool,
    /// It is about a human being, so a unit cannot have it.
    #[serde(default)]
    pub natural_only: bool,
    /// Whether it opens the way below the band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigating: Option<Force>,
    /// The article of the Criminal Law behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statute: Option<Text>,
}

/// Probation (缓刑), `[version.probation]`: the frame of the Criminal Law, or what an interpretation adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbationRule {
    /// The longest imprisonment that can be suspended, in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sentence_months: Option<u32>,
    /// Bounds of the period for imprisonment; it is also never shorter than the sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imprisonment_period: Option<PeriodBounds>,
    /// The same for criminal detention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detention_period: Option<PeriodBounds>,
    /// All of these must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<Ground>,
    /// None of these may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bar: Vec<Ground>,
    /// Under one of these it must be granted if the conditions hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_if: Vec<Ground>,
    /// Under these the sentence may be lighter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lighter: Vec<Ground>,
}

/// Shortest and longest probation period, in months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodBounds {
    /// Shortest.
    pub min_months: u32,
    /// Longest.
    pub max_months: u32,
}

/// A ground for or against probation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Its id, unique in the whole folder.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// The flag that states it.
    pub fact: String,
    /// The value of the flag under which the ground holds.
    #[serde(default = "yes")]
    pub value: bool,
    /// A bar that holds in general (一般不适用) and not always.
    #[serde(default)]
    pub general: bool,
    /// A bar that also makes the sentence heavier.
    #[serde(default)]
    pub heavier: bool,
}

fn yes() -> bool {
    true
}

/// Method and terms, `[version.sentencing]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentencingRule {
    /// By how much the court may shift the adjusted result, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discretion_percent: Option<u32>,
    /// Shortest and longest criminal detention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detention_months: Option<[u32; 2]>,
    /// Shortest and longest fixed-term imprisonment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imprisonment_months: Option<[u32; 2]>,
}

/// What is wrong with a rule, and the way out.
pub(crate) type Fault = (&'static str, &'static str);

impl CircumstanceRule {
    /// The flags that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.facts, &self.with_any, &self.unless_any, &self.absorbs];
        lists.into_iter().flatten().map(String::as_str)
    }

    /// Refuses values that no provision can mean.
    pub(crate) fn validated(self) -> Result<Self, Fault> {
        if self.facts.is_empty() {
            return Err(("the circumstance names no fact", "write facts = [\"…\"]"));
        }
        if self.names().count() > MAX_NAMES {
            return Err((
                "the circumstance names too many facts",
                "write one file for each row of the provision",
            ));
        }
        let low = self.low_percent.unwrap_or(0);
        let is_share = match self.high_percent {
            Some(high) => low <= high && (1..=100).contains(&high),
            None => self.low_percent.is_none(),
        };
        if !is_share {
            return Err((
                "the share is upside down or not a share",
                "write low_percent and high_percent from 0 to 100, or leave both out",
            ));
        }
        if self.mitigating.is_some() && self.direction == Direction::Heavier {
            return Err((
                "a heavier circumstance cannot open the lower band",
                "correct direction or leave mitigating out",
            ));
        }
        if self
            .at_least_months
            .is_some_and(|months| i64::from(months) > MAX_SENTENCE_MONTHS)
        {
            return Err((
                "at_least_months is no sentence",
                "write the number of the provision",
            ));
        }
        Ok(self)
    }
}

impl ProbationRule {
    /// All its grounds.
    pub(crate) fn grounds(&self) -> impl Iterator<Item = &Ground> {
        let lists = [&self.condition, &self.bar, &self.must_if, &self.lighter];
        lists.into_iter().flatten()
    }

    /// Refuses values that no provision can mean.
    pub(crate) fn validated(self) -> Result<Self, Fault> {
        let periods = [self.imprisonment_period, self.detention_period];
        if periods.into_iter().flatten().any(|p| p.min_months > p.max_months) {
            return Err((
                "a probation period is upside down",
                "correct min_months or max_months",
            ));
        }
        let whole = usize::from(self.max_sentence_months.is_some()) + periods.iter().flatten().count();
        if whole != 0 && whole != 3 {
            return Err((
                "the frame of probation is incomplete",
                "write max_sentence_months, imprisonment_period and detention_period together, or none of them",
            ));
        }
        if self.grounds().next().is_none() {
            return Err((
                "the rule on probation has no ground",
                "write condition, bar, must_if or lighter",
            ));
        }
        let mut ids: Vec<&str> = self.grounds().map(|ground| ground.id.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(("two grounds have the same id", "give each its own"));
        }
        Ok(self)
    }
}

impl SentencingRule {
    /// Refuses values that no provision can mean.
    pub(crate) fn validated(self) -> Result<Self, Fault> {
        if self.discretion_percent.is_some_and(|percent| percent > 100) {
            return Err(("discretion_percent is above 100", "write a share in percent"));
        }
        let terms = [self.detention_months, self.imprisonment_months];
        if terms.into_iter().flatten().any(|[low, high]| low > high) {
            return Err(("a term is upside down", "write [shortest, longest]"));
        }
        if self.discretion_percent.is_none() && terms.iter().all(Option::is_none) {
            return Err((
                "the version says nothing",
                "write discretion_percent, detention_months or imprisonment_months",
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circumstance(text: &str) -> Result<CircumstanceRule, Fault> {
        toml::from_str::<CircumstanceRule>(text).unwrap().validated()
    }

    #[test]
    fn a_share_that_no_provision_can_mean_is_refused() {
        let with = |more: &str| circumstance(&format!("facts = ['merit']\ndirection = 'lighter'\n{more}"));
        assert!(with("high_percent = 20").is_ok());
        assert!(with("").is_ok());
        for more in [
            "high_percent = 101",
            "high_percent = 0",
            "low_percent = 30\nhigh_percent = 20",
            "low_percent = 30",
            "at_least_months = 5000",
        ] {
            assert!(with(more).is_err(), "{more}");
        }
        let up = "facts = ['recidivist']\ndirection = 'heavier'\nmitigating = 'may'";
        assert!(circumstance(up).is_err());
        assert!(circumstance("facts = []\ndirection = 'heavier'").is_err());
    }

    #[test]
    fn half_a_probation_frame_is_refused() {
        let bar = "bar = [{ id = 'a', fact = 'recidivist', title = { zh = 'x', en = 'x' } }]";
        let read = |text: &str| toml::from_str::<ProbationRule>(text).unwrap().validated();
        assert!(read(bar).is_ok());
        assert!(read("").is_err());
        assert!(read(&format!("max_sentence_months = 36\n{bar}")).is_err());
        let period = "imprisonment_period = { min_months = 60, max_months = 12 }";
        assert!(read(&format!("{period}\n{bar}")).is_err());
    }
}
