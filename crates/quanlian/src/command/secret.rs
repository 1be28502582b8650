//! `quanlian secret`: the register of trade-secret points (密点).
//!
//! In:  statements of the owner; files that hold the content; days.
//! Out: entries in log and register, and answers that name the entries they rest on.
//!
//! Invariant: the list and the answers hold nothing of the content; `show`, `open` and `prove --disclose` alone do.
//!
//! Not here: what an entry may say and what follows from several (`quanlian_right`).

mod asking;
mod passage;
mod pieces;
mod proving;
pub(super) mod touching;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use quanlian_record::id::DepositId;
use quanlian_right::secret::{
    Access, Content, Entry, Id, MAX_CONTENT, MAX_ENTRY_LIST, Measure, Point, Register, Scope, Statement,
    checklist::Checklist,
};
use serde::Serialize;

use self::passage::Named;
use super::custody::refused;
use crate::{
    cli::{Entering, LockChoice, Secret, SecretAccess, SecretAdd, SecretMeasure},
    evidence::{CONTENT_KIND, Described, EVIDENCE_KIND, Room},
    fault::{Blame, Fault, Outcome},
    output::{Form, Output},
};

/// Runs `secret`.
pub(super) fn run(command: Secret, output: &dyn Fn(Form) -> Output) -> Outcome {
    match command {
        Secret::Add(arguments) => add(&arguments, &output(arguments.entering.form.form())),
        Secret::Access(arguments) => access(&arguments, &output(arguments.entering.form.form())),
        Secret::Measure(arguments) => measure(&arguments, &output(arguments.entering.form.form())),
        Secret::List(arguments) => asking::list(&arguments, &output(arguments.form.form())),
        Secret::Show(arguments) => asking::show(&arguments, &output(arguments.form.form())),
        Secret::Checklist(arguments) => asking::checklist(&arguments, &output(arguments.form.form())),
        Secret::Who(arguments) => asking::who(&arguments, &output(arguments.of.form.form())),
        Secret::Open(arguments) => proving::open(&arguments, &output(arguments.of.form.form())),
        Secret::Touched(arguments) => touching::run(&arguments, &output(arguments.form.form())),
        Secret::Prove(arguments) => proving::prove(&arguments, &output(arguments.form.form())),
    }
}

/// The register of a data folder.
fn register(room: &Room) -> Result<Register, Fault> {
    Ok(Register::from_entries(room.entries()?))
}

/// The point of this name, or what is wrong with it in words.
fn standing_point<'r>(
    register: &'r Register,
    id: &Id,
    output: &Output,
) -> Result<(&'r Entry, &'r Point), Fault> {
    let mut found = register.points().filter(|(_, point)| point.id == *id);
    let key = match (found.next(), found.next()) {
        (Some(point), None) => return Ok(point),
        (Some(_), Some(_)) => "secret.two_versions",
        (None, _) => "secret.no_such_point",
    };
    Err(Fault::BadInput(anyhow!(output.messages.get(key, &[("id", id)]))))
}

/// What became of an entry.
#[derive(Serialize)]
struct Entered<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    log: String,
}

fn add(arguments: &SecretAdd, output: &Output) -> Outcome {
    let named: Vec<Named> = (arguments.content.iter())
        .map(|text| Named::parse(text))
        .collect::<anyhow::Result<_>>()
        .bad_input()?;
    if named.len() > MAX_CONTENT {
        return Err(Fault::BadInput(anyhow!(
            "a point has at most {MAX_CONTENT} pieces of content"
        )));
    }
    let folder = tempfile::Builder::new()
        .prefix("quanlian-secret-")
        .tempdir()
        .system()?;
    let mut files = Vec::new();
    for (number, named) in (1..).zip(&named) {
        files.push(pieces::described(named, &arguments.id, number, folder.path())?);
    }
    // All that the statement alone can be refused for is refused before the log gets the content.
    let point = |content| Point {
        id: arguments.id.clone(),
        title: arguments.title.clone(),
        kind: arguments.kind.kind(),
        owner: arguments.owner.clone(),
        carrier: arguments.carrier.clone(),
        created_on: arguments.created,
        level: arguments.level.clone(),
        until: arguments.until,
        content,
    };
    let (mut room, register) = opened(&arguments.entering)?;
    let replaces = replaced(&register, "point", &arguments.id, &arguments.entering, output)?;
    let content = if files.is_empty() {
        // Another version of the same content.
        match replaces.map(|entry| &entry.statement) {
            Some(Statement::Point(before)) => before.content.clone(),
            _ => {
                return Err(Fault::BadInput(anyhow!(
                    output.messages.text("secret.no_content")
                )));
            }
        }
    } else {
        Statement::Point(point(vec![pieces::placeholder()]))
            .check(quanlian_record::time::Timestamp::now().legal_day())
            .bad_input()?;
        let deposited = room.deposit_described(&files, CONTENT_KIND, arguments.keep_content)?;
        deposited
            .iter()
            .map(pieces::content_of)
            .collect::<Result<Vec<Content>, Fault>>()?
    };
    enter(
        &mut room,
        Statement::Point(point(content)),
        replaces.map(|entry| entry.deposit),
        output,
    )
}

fn access(arguments: &SecretAccess, output: &Output) -> Outcome {
    let (mut room, register) = opened(&arguments.entering)?;
    let replaces = replaced(&register, "access", &arguments.id, &arguments.entering, output)?;
    for point in &arguments.point {
        standing_point(&register, point, output)?;
    }
    let access = |evidence| {
        Statement::Access(Access {
            id: arguments.id.clone(),
            person: arguments.person.trim().to_owned(),
            role: arguments.role.clone(),
            points: arguments.point.clone(),
            from: arguments.period.from,
            until: arguments.period.until,
            basis: arguments.basis.clone(),
            undertaking: arguments.undertaking.clone(),
            left_on: arguments.left,
            evidence,
        })
    };
    let evidence = evidence(&mut room, &arguments.period.evidence, &access(Vec::new()), output)?;
    enter(
        &mut room,
        access(evidence),
        replaces.map(|entry| entry.deposit),
        output,
    )
}

fn measure(arguments: &SecretMeasure, output: &Output) -> Outcome {
    let checklist = Checklist::embedded().system()?;
    if checklist.item(&arguments.item).is_none() {
        let items: Vec<&str> = checklist.item.iter().map(|item| item.id.as_str()).collect();
        let blanks = [("item", arguments.item.to_string()), ("items", items.join(", "))];
        return Err(Fault::BadInput(anyhow!(
            output.messages.get("secret.no_such_item", &blanks)
        )));
    }
    let (mut room, register) = opened(&arguments.entering)?;
    let replaces = replaced(&register, "measure", &arguments.id, &arguments.entering, output)?;
    for point in &arguments.point {
        standing_point(&register, point, output)?;
    }
    let measure = |evidence| {
        Statement::Measure(Measure {
            id: arguments.id.clone(),
            item: arguments.item.clone(),
            title: arguments.title.clone(),
            scope: if arguments.point.is_empty() {
                Scope::All
            } else {
                Scope::Points(arguments.point.clone())
            },
            persons: arguments
                .person
                .iter()
                .map(|name| name.trim().to_owned())
                .collect(),
            from: arguments.period.from,
            until: arguments.period.until,
            evidence,
        })
    };
    let evidence = evidence(
        &mut room,
        &arguments.period.evidence,
        &measure(Vec::new()),
        output,
    )?;
    enter(
        &mut room,
        measure(evidence),
        replaces.map(|entry| entry.deposit),
        output,
    )
}

fn opened(entering: &Entering) -> Result<(Room, Register), Fault> {
    let by = entering.by.clone().unwrap_or_default();
    let room = Room::open(&entering.data, &by, &LockChoice::default())?;
    let register = register(&room)?;
    Ok((room, register))
}

/// The entry whose place the new one takes, where that was asked for.
fn replaced<'r>(
    register: &'r Register,
    of: &'static str,
    id: &Id,
    entering: &Entering,
    output: &Output,
) -> Result<Option<&'r Entry>, Fault> {
    let versions = register.versions(of, id);
    let key = match (versions, entering.replace) {
        (None, false) => return Ok(None),
        (Some(_), false) => "secret.there_already",
        (None, true) => "secret.nothing_to_replace",
        (Some(versions), true) => match versions.newest() {
            Some(entry) => return Ok(Some(entry)),
            None => "secret.two_versions",
        },
    };
    Err(Fault::BadInput(anyhow!(output.messages.get(key, &[("id", id)]))))
}

/// Deposits what shows an access or a measure; ids of deposits are looked up.
fn evidence(
    room: &mut Room,
    named: &[String],
    without: &Statement,
    output: &Output,
) -> Result<Vec<DepositId>, Fault> {
    without
        .check(quanlian_record::time::Timestamp::now().legal_day())
        .bad_input()?;
    if named.len() > MAX_ENTRY_LIST {
        return Err(Fault::BadInput(anyhow!(
            "an entry names at most {MAX_ENTRY_LIST} pieces of evidence"
        )));
    }
    let (mut ids, mut files) = (Vec::new(), Vec::new());
    for name in named {
        match name.parse::<DepositId>() {
            Ok(id) => {
                room.vault().receipt(id).map_err(|error| refused(output, error))?;
                ids.push(id);
            }
            Err(_) => files.push(Described {
                path: PathBuf::from(name),
                metadata: std::collections::BTreeMap::new(),
            }),
        }
    }
    if !files.is_empty() {
        let deposited = room.deposit_described(&files, EVIDENCE_KIND, true)?;
        ids.extend(deposited.iter().map(|exhibit| exhibit.deposit));
    }
    Ok(ids)
}

fn enter(room: &mut Room, statement: Statement, replaces: Option<DepositId>, output: &Output) -> Outcome {
    let entry = room.enter(statement, replaces)?;
    let report = Entered {
        entry: &entry,
        log: room.log_key(),
    };
    output.document(&report).system()?;
    let word = output
        .messages
        .text(&format!("secret.word_{}", entry.statement.word()));
    output.text(&output.messages.get(
        "secret.entered",
        &[
            ("word", word),
            ("id", entry.statement.id().to_string()),
            ("deposit", entry.deposit.to_string()),
        ],
    ));
    if let Statement::Point(point) = &entry.statement {
        for piece in &point.content {
            output.text(&output.messages.get(
                "secret.committed",
                &[
                    ("index", piece.log_index.to_string()),
                    ("commitment", piece.commitment.as_str().to_owned()),
                ],
            ));
        }
    }
    Ok(std::process::ExitCode::SUCCESS)
}

/// The bytes of a file that a passage was cut into.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    std::fs::write(path, bytes)
        .with_context(|| format!("cannot write {}", path.display()))
        .system()
}
