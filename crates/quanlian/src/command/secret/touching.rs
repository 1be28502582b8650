//! Which points a comparison touches.
//!
//! In:  matches with the digests of the works, and the register.
//! Out: the points that lie inside of matches: which lines, in which suspect file, what share, at which E-value; and
//!      the points of which that could not be told.
//!
//! Invariant: a point of which nothing is said was compared and not touched; one that could not be compared is named.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, anyhow};
use quanlian_match::{Match, Unit};
use quanlian_record::time::{Day, Timestamp};
use quanlian_right::secret::{
    Id, Kind,
    touched::{self, Hit, Touch, Untold},
};
use serde::{Deserialize, Serialize};

use super::{pieces, register};
use crate::{
    cli::SecretTouched,
    evidence::Room,
    fault::{Blame, Fault, Outcome, answer_no},
    files,
    message::Messages,
    output::Output,
};

/// The largest file of matches, in bytes.
const MAX_MATCHES_BYTES: u64 = 256 << 20;

/// What a comparison touches, for reports.
#[derive(Debug, Serialize)]
pub(crate) struct Secrets {
    /// The log that the register stands in.
    pub(crate) log: String,
    /// The points that are touched, once each.
    pub(crate) points: Vec<Named>,
    /// Where, the largest share first.
    pub(crate) touches: Vec<Touch>,
    /// Points of which it could not be told.
    pub(crate) untold: Vec<Untold>,
    /// Points none of whose files was among the works, so that nothing was compared.
    pub(crate) not_compared: Vec<Id>,
    /// Points of which content was erased, so that it cannot be compared any more.
    pub(crate) erased: Vec<Id>,
}

/// A point in words.
#[derive(Debug, Serialize)]
pub(crate) struct Named {
    pub(crate) id: Id,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<String>,
    pub(crate) created_on: Day,
    pub(crate) recorded_at: Timestamp,
}

/// A file that was compared, as `compare --json` lists it.
#[derive(Deserialize)]
struct Read {
    name: String,
    sha256: String,
}

/// What of the document of `compare --json` is used.
#[derive(Deserialize)]
struct Document {
    matches: Vec<Match>,
    works_read: Vec<Read>,
}

/// Runs `secret touched`.
pub(super) fn run(arguments: &SecretTouched, output: &Output) -> Outcome {
    let (matches, mut digests) = read(&arguments.matches)?;
    if let Some(works) = &arguments.works {
        for found in files::named(std::slice::from_ref(works)).bad_input()?.0 {
            let sha256 = files::sha256(&found.path)
                .with_context(|| format!("cannot read {}", found.path.display()))
                .bad_input()?;
            digests.insert(found.name, sha256);
        }
    }
    if matches.iter().any(|found| !digests.contains_key(&found.work)) {
        return Err(Fault::BadInput(anyhow!(
            output.messages.text("secret.no_digests")
        )));
    }
    let room = Room::open_existing(&arguments.data)?;
    let secrets = of(&room, &matches, &digests)?;
    output.document(&secrets).system()?;
    say(&secrets, output);
    if secrets.touches.is_empty() && arguments.require {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}

/// Matches and the digests of the works by name.
fn read(path: &Path) -> Result<(Vec<Match>, BTreeMap<String, String>), Fault> {
    let bytes = files::read_limited(path, MAX_MATCHES_BYTES).bad_input()?;
    let bytes = bytes
        .ok_or_else(|| anyhow!("there is no file {}", path.display()))
        .bad_input()?;
    if let Ok(document) = serde_json::from_slice::<Document>(&bytes) {
        let digests = document
            .works_read
            .into_iter()
            .map(|read| (read.name, read.sha256));
        return Ok((document.matches, digests.collect()));
    }
    let text = std::str::from_utf8(&bytes)
        .with_context(|| format!("{} is no text", path.display()))
        .bad_input()?;
    let mut matches = Vec::new();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let found = serde_json::from_str(line).with_context(|| {
            format!(
                "{} line {number} is no match: give what `compare --json` or `match --jsonl` wrote",
                path.display()
            )
        });
        matches.push(found.bad_input()?);
    }
    Ok((matches, BTreeMap::new()))
}

/// What these matches touch. A work without a digest is one that no point can be told of.
pub(crate) fn of(
    room: &Room,
    matches: &[Match],
    digests: &BTreeMap<String, String>,
) -> Result<Secrets, Fault> {
    let register = register(room)?;
    let (mut pieces, mut erased) = (Vec::new(), BTreeSet::new());
    let mut compared = BTreeSet::new();
    let works: BTreeSet<&str> = digests.values().map(String::as_str).collect();
    for (_, point) in register.points() {
        for piece in pieces::of_point(room, point)? {
            match pieces::to_touch(&point.id, &piece) {
                None => drop(erased.insert(point.id.clone())),
                Some(piece) => {
                    if works.contains(piece.file_sha256.as_str()) {
                        compared.insert(point.id.clone());
                    }
                    pieces.push(piece);
                }
            }
        }
    }
    let hits: Vec<Hit> = matches.iter().filter_map(|found| hit(found, digests)).collect();
    let found = touched::touched(&pieces, &hits);
    let names: BTreeSet<&Id> = found.touches.iter().map(|touch| &touch.point).collect();
    let points = (register.points())
        .filter(|(_, point)| names.contains(&point.id))
        .map(|(entry, point)| Named {
            id: point.id.clone(),
            title: point.title.clone(),
            kind: point.kind,
            owner: point.owner.clone(),
            level: point.level.clone(),
            created_on: point.created_on,
            recorded_at: register
                .versions("point", &point.id)
                .and_then(|versions| versions.entries.first())
                .map_or(entry.recorded_at, |first| first.recorded_at),
        });
    let points = points.collect();
    let not_compared = (register.points())
        .map(|(_, point)| point.id.clone())
        .filter(|id| !compared.contains(id) && !erased.contains(id));
    Ok(Secrets {
        log: room.log_key(),
        points,
        not_compared: not_compared.collect(),
        touches: found.touches,
        untold: found.untold,
        erased: erased.into_iter().collect(),
    })
}

fn hit(found: &Match, digests: &BTreeMap<String, String>) -> Option<Hit> {
    let unit = match found.segments.first()?.unit() {
        Unit::Line => touched::Unit::Line,
        Unit::Char => touched::Unit::Char,
        _ => touched::Unit::Other,
    };
    let stretches = found.segments.iter().filter_map(|segment| {
        let (&[work_from, work_to], &[from, to]) = (segment.work(), segment.suspect()) else {
            return None;
        };
        Some((work_from..work_to, from..to))
    });
    Some(Hit {
        work_sha256: digests.get(&found.work)?.clone(),
        work: found.work.clone(),
        suspect: found.suspect.clone(),
        e_value: found.e_value,
        score_bits: found.score_bits,
        unit,
        stretches: stretches.collect(),
    })
}

/// A share in words.
pub(crate) fn share(messages: &Messages, touch: &Touch) -> String {
    match (touch.share, touch.of) {
        (Some(share), Some(of)) => messages.get(
            "secret.share",
            &[
                ("covered", touch.covered.to_string()),
                ("of", of.to_string()),
                ("share", format!("{:.0}", (share * 100.0).floor())),
            ],
        ),
        _ => messages.text("secret.share_unknown"),
    }
}

/// From the first to the last one, as people count.
pub(crate) fn inclusive([from, end]: [u64; 2]) -> String {
    format!("{from}–{}", end.saturating_sub(1).max(from))
}

/// What a place counts, in words.
pub(crate) fn unit(messages: &Messages, unit: touched::Unit) -> String {
    messages.text(match unit {
        touched::Unit::Line => "compare.unit_line",
        touched::Unit::Char => "compare.unit_char",
        touched::Unit::Other => "secret.unit_other",
    })
}

/// Where a touched point lies, in words.
pub(crate) fn place(messages: &Messages, place: &touched::Place) -> String {
    match (place.of_point, place.in_suspect) {
        (Some(point), Some(suspect)) => messages.get(
            "secret.place",
            &[
                ("file", place.file.clone()),
                ("unit", unit(messages, place.unit)),
                ("point", inclusive(point)),
                ("suspect", inclusive(suspect)),
            ],
        ),
        _ => messages.get("secret.place_whole", &[("file", &place.file)]),
    }
}

/// Says what is touched.
pub(crate) fn say(secrets: &Secrets, output: &Output) {
    let messages = &output.messages;
    for touch in &secrets.touches {
        let title = secrets.points.iter().find(|point| point.id == touch.point);
        output.text(&messages.get(
            "secret.touched",
            &[
                ("id", touch.point.to_string()),
                (
                    "title",
                    title.map(|point| point.title.clone()).unwrap_or_default(),
                ),
                ("suspect", touch.suspect.clone()),
                ("share", share(messages, touch)),
                ("e_value", quanlian_match::score::e_value_in_words(touch.e_value)),
            ],
        ));
        for found in &touch.places {
            output.text(&format!("    {}", place(messages, found)));
        }
    }
    if secrets.touches.is_empty() {
        output.text(&messages.text("secret.nothing_touched"));
    }
    for line in untold(messages, secrets) {
        output.text(&line);
    }
}

/// What could not be told, a line each.
pub(crate) fn untold(messages: &Messages, secrets: &Secrets) -> Vec<String> {
    let mut lines = Vec::new();
    for untold in &secrets.untold {
        let key = match untold.reason {
            touched::Why::OtherVersion => "secret.untold_other_version",
            touched::Why::NoStretch => "secret.untold_no_stretch",
        };
        let blanks = [("id", untold.point.to_string()), ("work", untold.work.clone())];
        lines.push(messages.get(key, &blanks));
    }
    for (key, ids) in [
        ("secret.untold_not_compared", &secrets.not_compared),
        ("secret.untold_erased", &secrets.erased),
    ] {
        lines.extend(ids.iter().map(|id| messages.get(key, &[("id", id)])));
    }
    lines
}
