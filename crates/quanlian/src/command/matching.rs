//! `quanlian match`: which works the given files copy.
//!
//! In:  an index and files.
//! Out: one line a (suspect, work) match, best first for each suspect.

use std::{collections::BTreeSet, path::Path, process::ExitCode};

use quanlian_match::{
    Carrier, FilmEvidence, Match, MatchSegment, Medium, Unit,
    calibration::{Basis, NullModel},
    collection::{FileReport, MatchError, MatchOptions, Note},
    coverage::Coverage,
};
use serde::Serialize;

use crate::{
    cli::Match as Arguments,
    command::{calibrate, coverage, history, index, modes},
    fault::{Blame, Fault, Outcome, answer_no},
    message::Messages,
    output::{Form, Output, reason, warn_about},
};

/// Runs `match`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let options = MatchOptions {
        archives: !arguments.no_archives,
        history: arguments.history,
        include_below_threshold: arguments.wanted.all,
        ..threshold(arguments.wanted.max_e_value)?
    };
    for path in &arguments.paths {
        std::fs::metadata(path)
            .map_err(|source| anyhow::Error::new(source).context(format!("cannot read {}", path.display())))
            .bad_input()?;
    }
    let mut collection = calibrate::open(&arguments.index, &arguments.calibration)?;
    if let Some(min_symbols) = arguments.exact {
        return modes::exact(arguments, min_symbols, output, &collection);
    }
    if let Some(min_share) = arguments.near {
        return modes::near(arguments, min_share, output, &collection);
    }
    if !arguments.background.is_empty() {
        collection.set_background(index::open_all(&arguments.background)?);
    }
    let bar = output.progress("progress.match", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let (mut found, mut failed, mut broken_index) = (0_usize, 0_usize, None);
    let mut reports: Vec<Match> = Vec::new();
    let mut read: Vec<(String, Medium, Option<u64>)> = Vec::new();
    let (mut suspects, mut media) = (BTreeSet::new(), BTreeSet::new());
    let mut has_history = false;
    let exclude = |path: &Path| quanlian_case::metadata::is_side_file(path);
    let notes = collection.match_paths(&arguments.paths, &options, &exclude, &progress, |path, result| {
        bar.suspend(|| match result {
            Ok(report) => {
                say_notes(output, &report.notes);
                found += report.matches.len();
                has_history |= report.matches.iter().any(history::is_told);
                suspects.insert(report.suspect.clone());
                media.insert(report.medium);
                if arguments.coverage {
                    read.push((report.suspect.clone(), report.medium, report.lines));
                }
                print(output, &report);
                if output.form == Form::Json || arguments.coverage {
                    reports.extend(report.matches);
                }
            }
            Err(error) => {
                failed += 1;
                warn_about(output, &path.display().to_string(), &why_failed(output, &error));
                if error.is_about_the_index() && broken_index.is_none() {
                    broken_index = Some(error);
                }
            }
        });
    });
    bar.finish_and_clear();
    say_notes(output, &notes);
    if let Some(error) = broken_index {
        return Err(Fault::System(error.into()));
    }
    if arguments.coverage {
        let files = (read.iter()).map(|(name, medium, lines)| (&**name, *medium, *lines));
        let coverage = coverage::of(&collection, files, &reports);
        let document = Document {
            matches: &reports,
            coverage: &coverage,
        };
        output.document(&document).system()?;
        coverage::print(output, &coverage);
    } else {
        output.document(&reports).system()?;
    }
    output.say(
        "match.summary",
        &[
            ("suspects", suspects.len()),
            ("matches", found),
            ("failed", failed),
        ],
    );
    calibrate::say_judge(&collection, media.into_iter(), output);
    if has_history {
        output.say::<&str>("match.history_claim", &[]);
    }
    if found == 0 && arguments.wanted.require {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}

/// The one document when the coverage was asked for.
#[derive(Serialize)]
struct Document<'a> {
    matches: &'a [Match],
    coverage: &'a Coverage,
}

/// What counts as a match, when a person set the limit and when not.
pub(crate) fn threshold(max_e_value: Option<f64>) -> Result<MatchOptions, Fault> {
    let mut options = MatchOptions::default();
    if let Some(limit) = max_e_value {
        if !(limit.is_finite() && limit >= 0.0) {
            return Err(Fault::BadInput(anyhow::anyhow!(
                "--max-e-value {limit} is not a number from 0 upwards"
            )));
        }
        options.max_e_value = limit;
    }
    Ok(options)
}

fn print(output: &Output, report: &FileReport) {
    for found in &report.matches {
        // A match is plain data; writing it as JSON cannot fail.
        let _ = output.line(found);
        output.text(&for_people(output, found));
    }
}

pub(super) fn say_notes(output: &Output, notes: &[Note]) {
    for note in notes {
        output.say(
            "match.note",
            &[
                ("subject", &note.subject),
                ("message", &reason(&output.messages, &note.code, &note.message)),
            ],
        );
    }
}

/// Why a file could not be matched, with the chain of causes.
pub(crate) fn why_failed(output: &Output, error: &MatchError) -> String {
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        detail = format!("{detail}: {cause}");
        source = cause.source();
    }
    reason(&output.messages, error.code(), &detail)
}

/// A match in words, with its segments below.
pub(crate) fn for_people(output: &Output, found: &Match) -> String {
    let mut text = output.messages.get(
        "match.line",
        &[
            ("suspect", found.suspect.clone()),
            ("work", found.work.clone()),
            ("bits", format!("{:.0}", found.score_bits)),
            ("e_value", quanlian_match::score::e_value_in_words(found.e_value)),
            ("identity", format!("{:.0}%", found.identity * 100.0)),
        ],
    );
    if let Some(transform) = found.transform
        && ((transform.time_scale - 1.0).abs() > 0.003 || (transform.pitch_scale - 1.0).abs() > 0.003)
    {
        text.push_str(&output.messages.get(
            "match.transform",
            &[
                ("time", format!("{:+.1}%", (transform.time_scale - 1.0) * 100.0)),
                ("pitch", format!("{:+.1}%", (transform.pitch_scale - 1.0) * 100.0)),
            ],
        ));
    }
    text.push_str(&film_remark(&output.messages, found));
    for part in &found.segments {
        text.push_str("\n    ");
        text.push_str(&segment(output, part));
    }
    for line in history::lines(&output.messages, found) {
        text.push_str("\n    ");
        text.push_str(&line);
    }
    text
}

/// What is to be said of the match of a film beside its figures; nothing of another medium.
pub(crate) fn film_remark(messages: &Messages, found: &Match) -> String {
    let mut text = String::new();
    if found.transform.is_some_and(|t| t.mirrored) {
        text.push_str(&messages.text("match.mirrored"));
    }
    if let Some(evidence) = &found.evidence {
        text.push_str(&carried_by(messages, evidence));
    }
    text
}

/// Which null model judged a match, and what it rests on, as one sentence.
pub(crate) fn null_model(messages: &Messages, model: &NullModel) -> String {
    let key = if model.is_calibrated() {
        "match.model_calibrated"
    } else {
        "match.model_built_in"
    };
    messages.get(
        key,
        &[
            ("model", model.name.clone()),
            ("bits", format!("{:.1}", model.bits_at_default)),
            ("known", measured(messages, model)),
        ],
    )
}

/// On how many non-members a null model was measured, when, and where that is told.
pub(crate) fn measured(messages: &Messages, model: &NullModel) -> String {
    let Some(count) = model.non_members else {
        return messages.text("match.model_unknown");
    };
    let key = match model.basis {
        Some(Basis::Fitted) => "match.model_fitted",
        _ => "match.model_searched",
    };
    let mut text = messages.get(key, &[("count", count.to_string())]);
    text.push_str(&match model.best_bits {
        Some(best) => messages.get("match.model_best", &[("best", format!("{best:.1}"))]),
        None => messages.text("match.model_best_unknown"),
    });
    let day = model.measured_on.clone();
    let day = day.unwrap_or_else(|| messages.text("match.model_day_unknown"));
    text.push_str(&match &model.page {
        Some(page) => messages.get(
            "match.model_day_and_page",
            &[("day", day), ("page", page.clone())],
        ),
        None => messages.get("match.model_day", &[("day", day)]),
    });
    text
}

/// What speaks for the match of a film, with the bits of each.
fn carried_by(messages: &Messages, evidence: &FilmEvidence) -> String {
    let key = match (evidence.carried_by, evidence.picture_bits, evidence.sound_bits) {
        (Carrier::Both, ..) => "match.by_both",
        (Carrier::Sound, Some(_), _) => "match.by_sound_alone",
        (Carrier::Sound, None, _) => "match.by_sound",
        (_, _, Some(_)) => "match.by_picture_alone",
        _ => "match.by_picture",
    };
    let bits = |bits: Option<f64>| format!("{:.0}", bits.unwrap_or_default());
    messages.get(
        key,
        &[
            ("picture", bits(evidence.picture_bits)),
            ("sound", bits(evidence.sound_bits)),
        ],
    )
}

fn segment(output: &Output, part: &MatchSegment) -> String {
    let range = |of: &[u64]| place(part.unit(), of);
    output.messages.get(
        "match.segment",
        &[("suspect", range(part.suspect())), ("work", range(part.work()))],
    )
}

/// A stretch or an area in its unit: times of sound and film, counts of anything else.
pub(super) fn place(unit: Unit, of: &[u64]) -> String {
    let show = |position: u64| match unit {
        Unit::Ms => format!(
            "{}:{:02}.{:03}",
            position / 60_000,
            position / 1000 % 60,
            position % 1000
        ),
        _ => position.to_string(),
    };
    match *of {
        [from, to] => format!("{}–{}", show(from), show(to)),
        // An area by two of its corners.
        [left, upper, right, lower] => format!("({left}, {upper})–({right}, {lower})"),
        _ => String::new(),
    }
}
