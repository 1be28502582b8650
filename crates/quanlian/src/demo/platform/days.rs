//! Days of the sample, counted from the day on which it is made.
//!
//! In:  that day.
//! Out: days and moments before and after it, and texts in which they are filled in.
//!
//! Invariant: nothing else of the sample moves, so that the same day makes the same sample.

use quanlian_record::time::Day;
use serde_json::Value;

/// Acts of one day follow each other by so many minutes, from nine in the morning.
const MINUTES_APART: usize = 20;
const FIRST_HOUR: usize = 9;
/// No act is later than that many after the first, so that a day holds all.
const MAX_PLACE: usize = 40;

/// Counts from a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) today: Day,
}

impl Days {
    /// So many days later; earlier, if negative.
    pub(super) fn day(self, offset: i64) -> anyhow::Result<Day> {
        let span = jiff::Span::new().try_days(offset)?;
        Ok(self.today.checked_add(span)?)
    }

    /// The moment of the act at this place of its matter: an instant of the day; now, which is empty, on the day itself.
    pub(super) fn moment(self, offset: i64, place: usize) -> anyhow::Result<String> {
        if offset >= 0 {
            return Ok(String::new());
        }
        let minutes = place.min(MAX_PLACE) * MINUTES_APART;
        let (hour, minute) = (FIRST_HOUR + minutes / 60, minutes % 60);
        Ok(format!("{}T{hour:02}:{minute:02}:00+08:00", self.day(offset)?))
    }

    /// The same with days for `@-3` and the year for `{year}`, in every text of it.
    pub(super) fn filled(self, value: &Value) -> anyhow::Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text)?),
            Value::Array(all) => {
                let all = all.iter().map(|one| self.filled(one));
                Value::Array(all.collect::<anyhow::Result<_>>()?)
            }
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.filled(field)?)));
                Value::Object(fields.collect::<anyhow::Result<_>>()?)
            }
            other => other.clone(),
        })
    }

    /// The same of one text.
    pub(super) fn text(self, text: &str) -> anyhow::Result<String> {
        match text.strip_prefix('@').map(str::parse) {
            Some(Ok(offset)) => Ok(self.day(offset)?.to_string()),
            _ => Ok(text.replace("{year}", &self.today.year().to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn days_and_years_are_filled_in_wherever_they_stand() {
        let days = Days {
            today: "2026-03-01".parse().unwrap(),
        };
        let filled = days.filled(&json!({"a": ["@-1", "〔{year}〕1号"], "b": {"c": "@x"}, "n": 3}));
        assert_eq!(
            filled.unwrap(),
            json!({"a": ["2026-02-28", "〔2026〕1号"], "b": {"c": "@x"}, "n": 3})
        );
    }

    #[test]
    fn what_happens_on_the_day_itself_happens_now() {
        let days = Days {
            today: "2026-03-01".parse().unwrap(),
        };
        assert_eq!(days.moment(0, 5).unwrap(), "");
        assert_eq!(days.moment(-1, 4).unwrap(), "2026-02-28T10:20:00+08:00");
    }
}
