//! When something happened: a day or an instant.
//!
//! In:  `2024-12-20`, `2024-12-20T09:30:00+08:00`, and the dates of TOML.
//! Out: [`Moment`] and [`Events`].
//!
//! Invariant: an instant names its offset; a time of day without one is refused, not guessed.

use std::{collections::BTreeMap, fmt, str::FromStr};

use quanlian_record::time::{Day, TimeError, Timestamp, parse_day};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// When something happened: an instant, or a day when the hour is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A legal day.
    Day(Day),
    /// An instant.
    At(Timestamp),
}

impl Moment {
    /// The legal day.
    pub fn day(self) -> Day {
        match self {
            Self::Day(day) => day,
            Self::At(at) => at.legal_day(),
        }
    }

    /// Whether it lies before another one; on one day only two instants can be told apart.
    pub(crate) fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(own), Self::At(other)) => own < other,
            (own, other) => own.day() < other.day(),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(at) => f.write_str(&at.to_local_string()),
        }
    }
}

impl FromStr for Moment {
    type Err = TimeError;

    /// Reads `2024-12-20` or `2024-12-20T09:30:00+08:00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse_day(text) {
            Ok(day) => Ok(Self::Day(day)),
            Err(no_day) => text
                .parse()
                .map(Self::At)
                .map_err(|no_instant| if text.contains('T') { no_instant } else { no_day }),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(day) => serializer.collect_str(day),
            Self::At(at) => serializer.collect_str(at),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day or an instant (write 2024-12-20 or 2024-12-20T09:30:00+08:00)")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        text.parse().map_err(E::custom)
    }

    /// A date of TOML comes as a map of its own making.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Moment, A::Error> {
        let written = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
        written.to_string().parse().map_err(A::Error::custom)
    }
}

/// Known events by name.
pub type Events = BTreeMap<String, Moment>;

/// Events from a file: a name that stands there twice is an error, where a plain map would keep the last.
pub(super) fn events_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Events, D::Error> {
    struct Once;

    impl<'de> Visitor<'de> for Once {
        type Value = Events;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("events by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Events, A::Error> {
            let mut events = Events::new();
            while let Some((name, moment)) = map.next_entry::<String, Moment>()? {
                if events.contains_key(&name) {
                    let shown: String = name.chars().take(200).collect();
                    return Err(A::Error::custom(format!("the event `{shown}` is given twice")));
                }
                events.insert(name, moment);
            }
            Ok(events)
        }
    }

    deserializer.deserialize_map(Once)
}

impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A day (2024-12-20), or an instant where hours count (2024-12-20T09:30:00+08:00).",
            "type": "string",
        })
    }
}
