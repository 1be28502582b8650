//! Questions to the register: list, show, checklist, who.
//!
//! In:  the register and a day.
//! Out: what the entries say, and plainly where they say nothing.

use std::process::ExitCode;

use quanlian_right::secret::{
    AccessState, Entry, Fault as RegisterFault, Id, Persons, Register, Statement,
    checklist::{Checklist, Item, LineState, PointState, Source, Standing, Words},
};
use serde::Serialize;

use super::{
    pieces::{self, Piece, State},
    register, standing_point,
};
use crate::{
    cli::{SecretChecklist, SecretList, SecretOf, SecretWho},
    evidence::Room,
    fault::{Blame, Outcome},
    message::{Language, Messages},
    output::Output,
};

#[derive(Serialize)]
struct Listed<'a> {
    log: String,
    entries: Vec<&'a Entry>,
    faults: &'a [RegisterFault],
}

pub(super) fn list(arguments: &SecretList, output: &Output) -> Outcome {
    let room = Room::open_existing(&arguments.data)?;
    let register = register(&room)?;
    let mut entries: Vec<&Entry> = Vec::new();
    for versions in register.things() {
        if arguments.history {
            entries.extend(&versions.entries);
        } else {
            entries.extend(versions.standing());
        }
    }
    let listed = Listed {
        log: room.log_key(),
        faults: register.faults(),
        entries,
    };
    output.document(&listed).system()?;
    for entry in &listed.entries {
        output.text(&line(entry, &output.messages));
    }
    if listed.entries.is_empty() {
        output.text(&output.messages.text("secret.empty"));
    }
    say_faults(&register, output);
    Ok(ExitCode::SUCCESS)
}

fn say_faults(register: &Register, output: &Output) {
    for fault in register.faults() {
        let blanks = match fault {
            RegisterFault::TwoVersions { id, entries, .. } => {
                let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
                [("what", id.to_string()), ("entry", entries.join(", "))]
            }
            RegisterFault::ReplacedMissing { entry, replaced } => {
                [("what", replaced.to_string()), ("entry", entry.to_string())]
            }
            RegisterFault::UnknownPoint { entry, point } => {
                [("what", point.to_string()), ("entry", entry.to_string())]
            }
        };
        let said = output
            .messages
            .get(&format!("secret.fault_{}", fault.code()), &blanks);
        crate::output::warn(&said);
    }
}

/// An entry in one line.
fn line(entry: &Entry, messages: &Messages) -> String {
    let maybe = |day: Option<quanlian_record::time::Day>| {
        day.map_or_else(|| messages.text("secret.open_end"), |day| day.to_string())
    };
    let (key, blanks) = match &entry.statement {
        Statement::Point(point) => (
            "secret.line_point",
            vec![
                ("title", point.title.clone()),
                ("owner", point.owner.clone()),
                ("from", point.created_on.to_string()),
                ("count", point.content.len().to_string()),
            ],
        ),
        Statement::Access(access) => (
            "secret.line_access",
            vec![
                ("person", access.person.clone()),
                ("role", access.role.clone()),
                ("points", names(&access.points)),
                ("from", access.from.to_string()),
                ("until", maybe(access.until)),
            ],
        ),
        Statement::Measure(measure) => (
            "secret.line_measure",
            vec![
                ("title", measure.title.clone()),
                ("item", measure.item.to_string()),
                ("from", measure.from.to_string()),
                ("until", maybe(measure.until)),
            ],
        ),
    };
    let mut blanks = blanks;
    blanks.push(("id", entry.statement.id().to_string()));
    blanks.push(("at", entry.recorded_at.to_local_string()));
    messages.get(key, &blanks)
}

fn names(ids: &[Id]) -> String {
    ids.iter().map(Id::as_str).collect::<Vec<_>>().join(", ")
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    pieces: &'a [Piece],
}

pub(super) fn show(arguments: &SecretOf, output: &Output) -> Outcome {
    let room = Room::open_existing(&arguments.data)?;
    let register = register(&room)?;
    let (entry, point) = standing_point(&register, &arguments.point, output)?;
    let pieces = pieces::of_point(&room, point)?;
    output
        .document(&Shown {
            entry,
            pieces: &pieces,
        })
        .system()?;
    output.text(&line(entry, &output.messages));
    for piece in &pieces {
        let said = match &piece.state {
            State::Erased => output
                .messages
                .get("secret.piece_erased", &[("deposit", piece.deposit)]),
            State::Kept(told) => output.messages.get(
                "secret.piece",
                &[
                    ("file", told.file.clone()),
                    ("part", told.part.clone()),
                    ("sha256", told.sha256.clone()),
                    ("index", told.log_index.to_string()),
                    ("at", told.deposited_at.to_local_string()),
                ],
            ),
        };
        output.text(&said);
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked<'a> {
    source: &'a Source,
    items: &'a [Item],
    factors: &'a [Item],
    questions: &'a [Item],
    points: Vec<Standing>,
}

pub(super) fn words<'a>(words: &'a Words, messages: &Messages) -> &'a str {
    match messages.language {
        Language::Zh => &words.zh,
        Language::En => &words.en,
    }
}

pub(super) fn checklist(arguments: &SecretChecklist, output: &Output) -> Outcome {
    let room = Room::open_existing(&arguments.data)?;
    let register = register(&room)?;
    let checklist = Checklist::embedded().system()?;
    let asked: Vec<Id> = if arguments.points.is_empty() {
        register.points().map(|(_, point)| point.id.clone()).collect()
    } else {
        arguments.points.clone()
    };
    let mut points = Vec::new();
    for id in &asked {
        standing_point(&register, id, output)?;
        points.extend(checklist.standing(&register, id, arguments.on));
    }
    let messages = &output.messages;
    for standing in &points {
        let state = match standing.point_state {
            PointState::Recorded => "secret.point_recorded",
            PointState::StatedLater => "secret.point_stated_later",
            PointState::NotYet => "secret.point_not_yet",
            PointState::Ended => "secret.point_ended",
        };
        let blanks = [
            ("id", standing.point.to_string()),
            ("on", standing.on.to_string()),
            ("state", messages.text(state)),
            ("at", standing.recorded_at.to_local_string()),
        ];
        output.text(&messages.get("secret.standing", &blanks));
        for line in &standing.lines {
            let Some(item) = checklist.item(&line.item) else {
                continue;
            };
            let state = match line.state {
                LineState::Covered => "secret.state_covered",
                LineState::WithoutEvidence => "secret.state_without_evidence",
                LineState::OtherDaysOnly => "secret.state_other_days",
                LineState::Undetermined => "secret.state_undetermined",
            };
            let mut measures: Vec<String> = Vec::new();
            for measure in &line.in_force {
                let key = if measure.is_recorded_later {
                    "secret.measure_later"
                } else {
                    "secret.measure"
                };
                let blanks = [
                    ("id", measure.measure.to_string()),
                    ("title", measure.title.clone()),
                ];
                measures.push(messages.get(key, &blanks));
            }
            let blanks = [
                ("title", words(&item.title, messages).to_owned()),
                ("cite", words(&item.cite, messages).to_owned()),
                ("state", messages.text(state)),
                ("measures", measures.join("; ")),
            ];
            output.text(&messages.get("secret.checklist_line", &blanks));
        }
    }
    output.text(&messages.text("secret.court_weighs"));
    say_faults(&register, output);
    let checked = Checked {
        source: &checklist.source,
        items: &checklist.item,
        factors: &checklist.factor,
        questions: &checklist.question,
        points,
    };
    output.document(&checked).system()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn who(arguments: &SecretWho, output: &Output) -> Outcome {
    let of = &arguments.of;
    let room = Room::open_existing(&of.data)?;
    let register = register(&room)?;
    standing_point(&register, &of.point, output)?;
    let persons = register.who(&of.point, arguments.on);
    let Some(persons) = persons else {
        return Ok(crate::fault::answer_no());
    };
    output.document(&persons).system()?;
    say_persons(&persons, output);
    say_faults(&register, output);
    Ok(ExitCode::SUCCESS)
}

fn say_persons(persons: &Persons, output: &Output) {
    let messages = &output.messages;
    if !persons.is_recorded {
        output.text(&messages.get("secret.nobody_recorded", &[("id", &persons.point)]));
    }
    for accessed in &persons.accesses {
        let state = match accessed.state {
            AccessState::HadAccess => "secret.access_had",
            AccessState::LeftWithoutEnd => "secret.access_left",
            AccessState::OutsidePeriod => "secret.access_outside",
        };
        let evidence = match accessed.evidence.len() {
            0 => messages.text("secret.no_evidence"),
            count => messages.get("secret.evidence", &[("count", count)]),
        };
        let later = if accessed.is_recorded_later {
            messages.text("secret.recorded_later")
        } else {
            String::new()
        };
        output.text(&messages.get(
            "secret.accessed",
            &[
                ("person", accessed.person.clone()),
                ("role", accessed.role.clone()),
                ("state", messages.text(state)),
                ("basis", accessed.basis.clone()),
                ("evidence", evidence),
                ("later", later),
            ],
        ));
    }
}
