//! `quanlian law deadline`: when the periods of a matter end, and why.
//!
//! In:  a timeline (file, stdin), or events on the command line.
//! Out: clocks with their steps; with `--ics`, a file for the diary.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use quanlian_law::{ClockResult, MAX_TIMELINE_BYTES, Moment, Timeline, icalendar};
use quanlian_record::time::Timestamp;
use serde::Serialize;

use super::{book, language, read};
use crate::{
    cli::LawDeadline,
    fault::{Blame, Fault, Outcome},
    output::Output,
};

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    clocks: &'a [ClockResult],
    rule_book_version: &'a str,
}

/// `law deadline`
pub(in crate::command) fn run(arguments: &LawDeadline, output: &Output) -> Outcome {
    let book = book(&arguments.source)?;
    let timeline = timeline(arguments)?;
    let clocks = book.deadlines(&timeline).bad_input()?;
    if let Some(path) = &arguments.ics {
        write_diary(path, &clocks, timeline.case.as_deref(), output)?;
    }
    output
        .document(&Answer {
            case: timeline.case.as_deref(),
            clocks: &clocks,
            rule_book_version: book.rule_book_version(),
        })
        .system()?;
    output.text(book.render_timeline(&clocks, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Writes the clocks that run for a diary; nothing when none does, for an empty file is no iCalendar.
fn write_diary(
    path: &Path,
    clocks: &[ClockResult],
    case: Option<&str>,
    output: &Output,
) -> Result<(), Fault> {
    let entries = icalendar::entries(clocks).count();
    if entries == 0 {
        output.say::<&str>("law.no_diary", &[]);
        return Ok(());
    }
    let diary = icalendar::Diary {
        language: language(output),
        written_at: Timestamp::now(),
        case,
    };
    fs::write(path, icalendar::write(clocks, &diary))
        .with_context(|| format!("cannot write {}", path.display()))
        .system()?;
    output.say(
        "law.diary",
        &[
            ("entries", entries.to_string()),
            ("file", path.display().to_string()),
        ],
    );
    Ok(())
}

/// The timeline of the file, with what the command line adds to it.
fn timeline(arguments: &LawDeadline) -> Result<Timeline, Fault> {
    let mut timeline = match &arguments.timeline {
        Some(path) => Timeline::parse(&read(path, MAX_TIMELINE_BYTES)?)
            .with_context(|| format!("cannot use {}", path.display()))
            .bad_input()?,
        None => Timeline::default(),
    };
    for event in &arguments.event {
        let (name, moment) = event_of(event).bad_input()?;
        if timeline.events.insert(name.clone(), moment).is_some() {
            return Err(Fault::BadInput(anyhow!("the event `{name}` is given twice")));
        }
    }
    if arguments.rule.is_some() || arguments.group.is_some() {
        timeline.rule.clone_from(&arguments.rule);
        timeline.group.clone_from(&arguments.group);
    }
    Ok(timeline)
}

/// `report_received_on=2024-03-01`
fn event_of(text: &str) -> anyhow::Result<(String, Moment)> {
    let (name, when) = text
        .split_once('=')
        .ok_or_else(|| anyhow!("`{text}` is not an event; write report_received_on=2024-03-01"))?;
    let moment = when
        .parse()
        .with_context(|| format!("cannot use --event {name}"))?;
    Ok((name.to_owned(), moment))
}
