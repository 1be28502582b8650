//! Where a file stood in the history of a repository: which commit brought it, whose, when.
//!
//! In:  what commits say.
//! Out: [`Origin`], which goes with a match.
//!
//! Invariant: names, addresses and times are what the author of a commit wrote into it, and stand under `claimed`. Whoever
//! makes a commit can write there what they like; a commit proves no more than that its content hangs together.
//!
//! Not here: reading repositories (`collection::history`).

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Characters of a name, an address, a time or a subject that are kept.
const MAX_CHARS: usize = 200;

/// Where one content stood in the history of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub struct Origin {
    /// The repository, as the names of its files begin.
    pub repository: String,
    /// The id of the content, in hexadecimal.
    pub blob: String,
    /// Paths that it had, that of the first commit first; some of them where there are very many.
    pub paths: Vec<String>,
    /// Whether it had more paths than are named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_paths: bool,
    /// The first commit that holds it, parents before children; absent when no commit does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_commit: Option<Commit>,
    /// The last commit that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<Commit>,
    /// Commits that hold it.
    pub commits: u64,
    /// Branches and tags from which a commit that holds it is reached; where there are none, the logs of what they were.
    pub refs: Vec<String>,
    /// Whether there are more of them than are named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_refs: bool,
    /// Whether the commit that is checked out holds it.
    pub in_head: bool,
    /// Whether nothing but a search through all objects finds it: no branch, tag or log leads there.
    pub dangling: bool,
    /// Whether parents of the first commit are missing from this copy of the repository, so that it may be older.
    pub earlier_unknown: bool,
}

impl Origin {
    /// Where the content stood first.
    pub fn path(&self) -> Option<&str> {
        self.paths.first().map(String::as_str)
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id, in hexadecimal.
    pub id: String,
    /// What it says of itself.
    pub claimed: Claimed,
}

/// What a commit says of itself; no proof of any of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Who wrote the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Person>,
    /// Who put it into the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committer: Option<Person>,
    /// The first line of its message.
    pub subject: String,
}

/// A person and a time, as a commit states them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// The time as it is written there: seconds since 1970 and the zone.
    pub time: String,
    /// The same in the zone that it names, RFC 3339; absent when it is no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Person {
    /// Reads `NAME <MAIL> SECONDS ZONE`, whatever of it is there.
    pub(crate) fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let (name, rest) = text.split_once('<').unwrap_or((&text, ""));
        let (email, time) = rest.rsplit_once('>').unwrap_or((rest, ""));
        Self {
            name: shown(name),
            email: shown(email),
            time: shown(time),
            at: instant(time),
        }
    }

    /// Seconds since 1970, for sorting.
    pub(crate) fn seconds(&self) -> Option<i64> {
        self.time.split_ascii_whitespace().next()?.parse().ok()
    }
}

/// A time of git, in RFC 3339.
fn instant(time: &str) -> Option<String> {
    let mut parts = time.split_ascii_whitespace();
    let at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
    let zone = parts.next().unwrap_or("+0000");
    let (sign, digits) = (zone.get(..1)?, zone.get(1..)?);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let seconds = (hours * 60 + minutes) * 60;
    let offset = Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()?;
    let local = offset.to_datetime(at);
    Some(format!("{local}{sign}{hours:02}:{minutes:02}"))
}

/// Text from a commit on one line, without signs that would turn or move what stands around it.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text
        .trim()
        .chars()
        .take(MAX_CHARS)
        .map(|c| {
            let turns =
                matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || turns { '\u{fffd}' } else { c }
        })
        .collect();
    if text.trim().chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_and_times_are_read_as_they_are_stated() {
        for (line, name, email, at) in [
            (
                "王 小 <w@x.cn> 1709265600 +0800",
                "王 小",
                "w@x.cn",
                Some("2024-03-01T12:00:00+08:00"),
            ),
            ("A <a@b> 0 -0330", "A", "a@b", Some("1969-12-31T20:30:00-03:30")),
            ("A <a@b> 99999999999999999 +0000", "A", "a@b", None),
            ("A <a@b> soon", "A", "a@b", None),
            ("nobody", "nobody", "", None),
            ("a\u{202e}\x1b[2J <x> 5 +9999", "a\u{fffd}\u{fffd}[2J", "x", None),
        ] {
            let person = Person::parse(line.as_bytes());
            assert_eq!(
                (&*person.name, &*person.email, person.at.as_deref()),
                (name, email, at),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_line_is_a_person_without_control_characters(line in prop::collection::vec(any::<u8>(), 0..400)) {
            let person = Person::parse(&line);
            let all = [person.name, person.email, person.time].concat();
            prop_assert!(!all.chars().any(char::is_control));
        }
    }
}
