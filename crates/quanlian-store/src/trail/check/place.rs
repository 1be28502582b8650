//! Where a check goes on.
//!
//! In:  a stage of the check.
//! Out: its text, which may travel to a client and back.

use std::{fmt, str::FromStr};

use quanlian_record::id::{RecordId, StrandId};

use crate::{
    database::{Database, Sql, values},
    trail::TrailError,
};

/// Where a check begins or goes on; `default()` is the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct From(Option<Stage>);

/// What is looked at next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The strand behind this one.
    Strand { after: Option<StrandId> },
    /// The lines of a strand.
    Lines(AtLine),
    /// Records behind this place.
    Records { after: Option<(i64, RecordId)> },
    /// Entries of the log.
    Leaves { from: u64 },
}

/// Between two lines of a strand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AtLine {
    pub(super) strand: StrandId,
    /// Behind this one.
    pub(super) number: u64,
    /// By so many places the lines stand further on, or further back, than when they were anchored.
    pub(super) shift: i64,
}

impl From {
    pub(super) fn at(stage: Stage) -> Self {
        Self(Some(stage))
    }

    pub(super) fn stage(self) -> Stage {
        self.0.unwrap_or(Stage::Strand { after: None })
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage() {
            Stage::Strand { after: None } => f.write_str("s"),
            Stage::Strand { after: Some(strand) } => write!(f, "s_{strand}"),
            Stage::Lines(at) => write!(f, "l_{}_{}_{}", at.strand, at.number, at.shift),
            Stage::Records { after: None } => f.write_str("r"),
            Stage::Records {
                after: Some((micros, id)),
            } => write!(f, "r_{micros}_{id}"),
            Stage::Leaves { from } => write!(f, "e_{from}"),
        }
    }
}

impl FromStr for From {
    type Err = TrailError;

    fn from_str(text: &str) -> Result<Self, TrailError> {
        let parts: Vec<&str> = text.splitn(4, '_').collect();
        let number = |text: &str| {
            let number: Option<u64> = text.parse().ok();
            // As the databases count.
            number.filter(|&number| i64::try_from(number).is_ok())
        };
        let stage = match *parts.as_slice() {
            ["s"] => Some(Stage::Strand { after: None }),
            ["s", strand] => strand
                .parse()
                .ok()
                .map(|strand| Stage::Strand { after: Some(strand) }),
            ["l", strand, at, shift] => match (strand.parse(), number(at), shift.parse()) {
                (Ok(strand), Some(number), Ok(shift)) => Some(Stage::Lines(AtLine {
                    strand,
                    number,
                    shift,
                })),
                _ => None,
            },
            ["r"] => Some(Stage::Records { after: None }),
            ["r", micros, id] => match (micros.parse(), id.parse()) {
                (Ok(micros), Ok(id)) => Some(Stage::Records {
                    after: Some((micros, id)),
                }),
                _ => None,
            },
            ["e", from] => number(from).map(|from| Stage::Leaves { from }),
            _ => None,
        };
        stage.map(Self::at).ok_or(TrailError::NoPlace)
    }
}

/// The next strand of which any table knows: one whose row was taken away has lines or anchors still.
pub(super) async fn next_strand(
    database: &Database,
    after: Option<StrandId>,
) -> Result<Option<StrandId>, TrailError> {
    let after = after.map_or(uuid::Uuid::nil(), |after| after.0);
    let mut next: Option<uuid::Uuid> = None;
    for one in [
        "SELECT id AS strand FROM trail_strands WHERE id > $1 ORDER BY id LIMIT 1",
        "SELECT strand FROM trail_lines WHERE strand > $1 ORDER BY strand LIMIT 1",
        "SELECT strand FROM trail_anchors WHERE strand > $1 ORDER BY strand LIMIT 1",
    ] {
        if let Some(row) = database.one(Sql::with(one, values![after])).await? {
            let found = database.cell(&row, "strand")?;
            next = Some(next.map_or(found, |next| next.min(found)));
        }
    }
    Ok(next.map(StrandId))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        let strand = "0193e1af-93b4-7707-8707-070707070707";
        for text in [
            "s".to_owned(),
            format!("s_{strand}"),
            format!("l_{strand}_7_-1"),
            "r".to_owned(),
            format!("r_-5_{strand}"),
            "e_9".to_owned(),
        ] {
            assert_eq!(text.parse::<From>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "x",
            "e_-1",
            "l_1_2_3",
            &format!("l_{strand}_18446744073709551615_0"),
        ] {
            assert_eq!(text.parse::<From>().unwrap_err().code(), "trail_no_place");
        }
    }
}
