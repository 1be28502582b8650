//! Time: instants in UTC, legal days in Asia/Shanghai.
//!
//! In:  microseconds since 1970, RFC 3339 texts, civil dates.
//! Out: [`Timestamp`] (an instant, whole microseconds) and [`Day`] (a legal day).
//!
//! Invariant: an instant is cut to microseconds when it enters, because
//! PostgreSQL keeps no more and the same record must hash alike everywhere.
//!
//! Not here: working days (`calendar`), deadlines (`quanlian-law`).

use std::{fmt, str::FromStr};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A civil date in Asia/Shanghai: the day that the law counts.
pub type Day = jiff::civil::Date;

/// An instant, whole microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Within the range of RFC 3339 years 0001 to 9999.
    unix_micros: i64,
}

/// Why a text or number is not an instant or a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not RFC 3339.
    #[error("`{0}` is not an instant (write 2024-12-20T09:30:00Z)")]
    NotAnInstant(String),
    /// Not a civil date.
    #[error("`{0}` is not a date (write 2024-12-20)")]
    NotADay(String),
    /// Outside the years 0001 to 9999.
    #[error("{0} microseconds are outside the calendar")]
    OutOfRange(i64),
}

impl Timestamp {
    /// The clock of this machine, for the edges only: engines take the time as an argument.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        Self { unix_micros: micros }
    }

    /// An instant from microseconds since 1970.
    pub fn from_unix_micros(unix_micros: i64) -> Result<Self, TimeError> {
        let inside = jiff::Timestamp::from_microsecond(unix_micros).is_ok();
        if inside {
            Ok(Self { unix_micros })
        } else {
            Err(TimeError::OutOfRange(unix_micros))
        }
    }

    /// Microseconds since 1970.
    pub fn unix_micros(self) -> i64 {
        self.unix_micros
    }

    /// Milliseconds since 1970, as UUIDv7 wants them; 0 before 1970.
    pub fn unix_millis(self) -> u64 {
        u64::try_from(self.unix_micros / 1000).unwrap_or(0)
    }

    /// The legal day (Asia/Shanghai) in which this instant falls.
    ///
    /// ```
    /// # use quanlian_record::time::Timestamp;
    /// let late: Timestamp = "2024-12-20T16:00:00Z".parse().unwrap();
    /// assert_eq!(late.legal_day().to_string(), "2024-12-21");
    /// ```
    pub fn legal_day(self) -> Day {
        self.in_shanghai().date()
    }

    /// `2024-12-20 17:30:00 (UTC+8)`: the form for papers.
    pub fn to_local_string(self) -> String {
        self.in_shanghai()
            .strftime("%Y-%m-%d %H:%M:%S (UTC%:z)")
            .to_string()
            .replace("+08:00", "+8")
    }

    /// The instant at which a legal day (Asia/Shanghai) begins.
    ///
    /// ```
    /// # use quanlian_record::time::Timestamp;
    /// let begins = Timestamp::start_of_legal_day("2024-12-21".parse().unwrap()).unwrap();
    /// assert_eq!(begins.to_string(), "2024-12-20T16:00:00.000000Z");
    /// ```
    pub fn start_of_legal_day(day: Day) -> Result<Self, TimeError> {
        let begins = day.to_zoned(shanghai());
        let begins = begins.map_err(|_| TimeError::NotADay(day.to_string()))?;
        Self::from_unix_micros(begins.timestamp().as_microsecond())
    }

    fn in_shanghai(self) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.unix_micros)
            .unwrap_or_default()
            .to_zoned(shanghai())
    }
}

fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.unix_micros).unwrap_or_default();
        write!(f, "{instant:.6}")
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let instant: jiff::Timestamp = text
            .trim()
            .parse()
            .map_err(|_| TimeError::NotAnInstant(text.to_owned()))?;
        Ok(Self {
            unix_micros: instant.as_microsecond(),
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Reads a legal day: `2024-12-20`, `20241220`, `2024/12/20`, `2024.12.20` or `2024年12月20日`.
///
/// ```
/// # use quanlian_record::time::parse_day;
/// assert_eq!(parse_day("20220501").unwrap(), parse_day("2022年5月1日").unwrap());
/// ```
pub fn parse_day(text: &str) -> Result<Day, TimeError> {
    let wrong = || TimeError::NotADay(text.to_owned());
    let trimmed = text.trim();
    let parts: Vec<&str> = if trimmed.len() == 8 && trimmed.bytes().all(|b| b.is_ascii_digit()) {
        vec![&trimmed[..4], &trimmed[4..6], &trimmed[6..]]
    } else {
        trimmed
            .trim_end_matches('日')
            .split(['-', '/', '.', '年', '月'])
            .collect()
    };
    let [year, month, day] = parts[..] else {
        return Err(wrong());
    };
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || ![year, month, day].into_iter().all(all_digits) {
        return Err(wrong());
    }
    let year: i16 = year.parse().map_err(|_| wrong())?;
    let month: i8 = month.parse().map_err(|_| wrong())?;
    let day: i8 = day.parse().map_err(|_| wrong())?;
    Day::new(year, month, day).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_cut_to_microseconds_and_read_back() {
        let given: Timestamp = "2024-12-20T09:30:00.123456789+08:00".parse().unwrap();
        assert_eq!(given.to_string(), "2024-12-20T01:30:00.123456Z");
        assert_eq!(given.to_string().parse::<Timestamp>().unwrap(), given);
        assert_eq!(given.to_local_string(), "2024-12-20 09:30:00 (UTC+8)");
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-29",
            "2024-13-01",
            "24-01-01",
            "2024-1",
            "yesterday",
            "",
            "2024-12-20-1",
        ] {
            assert_eq!(
                parse_day(text),
                Err(TimeError::NotADay(text.to_owned())),
                "{text}"
            );
        }
        assert_eq!(parse_day("2024-2-29").unwrap().to_string(), "2024-02-29");
    }
}
