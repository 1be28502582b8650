//! `--coverage` of `match` and `compare`: which works stand in which suspects, as a table.
//!
//! In:  the works, the suspects that were read and their matches.
//! Out: the tables of [`Coverage`], one JSON line or text.
//!
//! Not here: how counterparts are chosen (`quanlian_match::coverage`).

use quanlian_match::{
    Match, Medium, Unit,
    collection::Collection,
    coverage::{Assignment, Coverage, CoverageFile, CoverageTable, CoverageTotal, CoveredWork, Piece, Place},
};
use serde::Serialize;

use crate::{message::Messages, output::Output};

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
    output.text(&heading(messages, table));
    for file in table.files.iter().take(MAX_PRINTED) {
        let blanks = [
            ("work", file.work.clone()),
            ("covered", covered(messages, file)),
            ("counterpart", counterpart(messages, file)),
        ];
        let mut row = messages.get("coverage.row", &blanks);
        for piece in pieces(messages, file) {
            row.push_str("\n    ");
            row.push_str(&piece);
        }
        output.text(&row);
    }
    if table.files.len() > MAX_PRINTED {
        let more = [("count", table.files.len() - MAX_PRINTED)];
        output.text(&messages.get("coverage.more", &more));
    }
}

/// What a table says as a whole.
pub(super) fn heading(messages: &Messages, table: &CoverageTable) -> String {
    let unit = match table.unit {
        Unit::Line => messages.text("compare.unit_line"),
        _ => messages.text("compare.unit_char"),
    };
    let blanks = [
        ("unit", unit),
        ("works", totals(messages, table.works)),
        ("suspects", totals(messages, table.suspects)),
        ("missing", table.missing.to_string()),
        ("moved", table.moved_or_renamed.to_string()),
        ("split", table.split.to_string()),
    ];
    let mut text = messages.get("coverage.table", &blanks);
    if table.assignment == Assignment::Greedy {
        text.push('\n');
        text.push_str(&messages.text("coverage.greedy"));
    }
    text
}

/// How much of a work stands in any suspect.
pub(super) fn covered(messages: &Messages, file: &CoveredWork) -> String {
    shown(messages, file.covered, file.length, file.share)
}

/// Which suspect stands for a work.
pub(super) fn counterpart(messages: &Messages, file: &CoveredWork) -> String {
    let Some(counterpart) = &file.counterpart else {
        return messages.text("coverage.none");
    };
    let place = match counterpart.place {
        Place::SamePath => "coverage.same_path",
        Place::Moved => "coverage.moved",
        _ => "coverage.renamed",
    };
    messages.get(place, &[("suspect", counterpart.suspect.clone())])
}

/// What further suspects hold of a work.
pub(super) fn pieces(messages: &Messages, file: &CoveredWork) -> Vec<String> {
    let said = |piece: &Piece| {
        let blanks = [
            ("suspect", piece.suspect.clone()),
            ("adds", piece.adds.to_string()),
        ];
        messages.get("coverage.piece", &blanks)
    };
    file.pieces.iter().map(said).collect()
}

/// `254/300 (85%)`, or the count alone where the length is not known.
fn totals(messages: &Messages, total: CoverageTotal) -> String {
    shown(messages, total.covered, total.length, total.share)
}

fn shown(messages: &Messages, covered: u64, length: Option<u64>, share: Option<f64>) -> String {
    let length = length.map_or_else(|| messages.text("coverage.unknown"), |n| n.to_string());
    let share = share.map_or_else(String::new, |share| format!(" ({:.0}%)", 100.0 * share));
    format!("{covered}/{length}{share}")
}
