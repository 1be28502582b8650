//! `--coverage` of `match` and `compare`: which works stand in which suspects, as a table.
//!
//! In:  the works, the suspects that were read and their matches.
//! Out: the tables of [`Coverage`], one JSON line or text.
//!
//! Not here: how counterparts are chosen (`quanlian_match::coverage`).

use quanlian_match::{
    Match, Medium, Unit,
    collection::Collection,
    coverage::{Assignment, Coverage, CoverageFile, CoverageTable, CoverageTotal, CoveredWork, Place},
};
use serde::Serialize;

use crate::output::Output;

/// Files of one table that are printed for people; programs get all.
const MAX_PRINTED: usize = 500;

/// Draws up the tables; of each suspect its name, its medium and its lines of source code.
pub(super) fn of<'a>(
    collection: &Collection,
    suspects: impl Iterator<Item = (&'a str, Medium, Option<u64>)>,
    matches: &[Match],
) -> Coverage {
    let works: Vec<CoverageFile<'_>> = (collection.works())
        .map(|work| CoverageFile {
            name: work.name,
            unit: work.unit,
            length: Some(work.length),
        })
        .collect();
    let suspects: Vec<CoverageFile<'_>> = suspects
        .filter_map(|(name, medium, lines)| {
            let (unit, length) = match medium {
                Medium::Code => (Unit::Line, lines),
                Medium::Text => (Unit::Char, None),
                _ => return None,
            };
            Some(CoverageFile { name, unit, length })
        })
        .collect();
    Coverage::of(&works, &suspects, matches)
}

/// Prints the tables, as one JSON line or for people.
pub(super) fn print(output: &Output, coverage: &Coverage) {
    #[derive(Serialize)]
    struct Line<'a> {
        coverage: &'a Coverage,
    }
    // The coverage is plain data; writing it as JSON cannot fail.
    let _ = output.line(&Line { coverage });
    for table in &coverage.tables {
        print_table(output, table);
    }
}

fn print_table(output: &Output, table: &CoverageTable) {
    let messages = &output.messages;
    let unit = match table.unit {
        Unit::Line => messages.text("compare.unit_line"),
        _ => messages.text("compare.unit_char"),
    };
    let blanks = [
        ("unit", unit),
        ("works", totals(output, table.works)),
        ("suspects", totals(output, table.suspects)),
        ("missing", table.missing.to_string()),
        ("moved", table.moved_or_renamed.to_string()),
        ("split", table.split.to_string()),
    ];
    output.text(&messages.get("coverage.table", &blanks));
    if table.assignment == Assignment::Greedy {
        output.text(&messages.text("coverage.greedy"));
    }
    for file in table.files.iter().take(MAX_PRINTED) {
        output.text(&row(output, file));
    }
    if table.files.len() > MAX_PRINTED {
        let more = [("count", table.files.len() - MAX_PRINTED)];
        output.text(&messages.get("coverage.more", &more));
    }
}

/// `254/300 (85%)`, or the count alone where the length is not known.
fn totals(output: &Output, total: CoverageTotal) -> String {
    shown(output, total.covered, total.length, total.share)
}

fn shown(output: &Output, covered: u64, length: Option<u64>, share: Option<f64>) -> String {
    let length = length.map_or_else(|| output.messages.text("coverage.unknown"), |n| n.to_string());
    let share = share.map_or_else(String::new, |share| format!(" ({:.0}%)", 100.0 * share));
    format!("{covered}/{length}{share}")
}

fn row(output: &Output, file: &CoveredWork) -> String {
    let messages = &output.messages;
    let counterpart = match &file.counterpart {
        None => messages.text("coverage.none"),
        Some(counterpart) => {
            let place = match counterpart.place {
                Place::SamePath => "coverage.same_path",
                Place::Moved => "coverage.moved",
                _ => "coverage.renamed",
            };
            let suspect = [("suspect", counterpart.suspect.clone())];
            messages.get(place, &suspect)
        }
    };
    let covered = shown(output, file.covered, file.length, file.share);
    let mut text = messages.get(
        "coverage.row",
        &[
            ("work", file.work.clone()),
            ("covered", covered),
            ("counterpart", counterpart),
        ],
    );
    for piece in &file.pieces {
        let blanks = [
            ("suspect", piece.suspect.clone()),
            ("adds", piece.adds.to_string()),
        ];
        text.push_str("\n    ");
        text.push_str(&messages.get("coverage.piece", &blanks));
    }
    text
}
