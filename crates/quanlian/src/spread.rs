//! The spread of copies as a table and in words.
//!
//! In:  [`Spread`]s.
//! Out: CSV for spreadsheets, lines for people.

use quanlian_watch::spread::Spread;

use crate::message::Messages;

/// One row a work and day; the first rows, without a work, are of all works together.
pub(crate) fn csv(spreads: &[Spread]) -> anyhow::Result<Vec<u8>> {
    // Spreadsheets take UTF-8 for another encoding unless it begins with this mark.
    let mut table = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    table.write_record([
        "work",
        "day",
        "new_copies",
        "copies",
        "accounts",
        "platforms",
        "plays_at_least",
        "without_figure",
    ])?;
    for spread in spreads {
        for point in &spread.curve {
            table.write_record([
                harmless(spread.work.as_deref().unwrap_or_default()),
                point.day.to_string(),
                point.new_copies.to_string(),
                point.copies.to_string(),
                point.accounts.to_string(),
                point.platforms.to_string(),
                point
                    .plays_at_least
                    .map(|plays| plays.to_string())
                    .unwrap_or_default(),
                point.without_figure.to_string(),
            ])?;
        }
    }
    Ok(table.into_inner()?)
}

/// A text that a spreadsheet would run as a formula is shown as text.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The spread of one work, or of all, in sentences.
pub(crate) fn in_words(messages: &Messages, spread: &Spread) -> Vec<String> {
    let work = spread
        .work
        .clone()
        .unwrap_or_else(|| messages.text("watch.all_works"));
    let mut lines = vec![messages.get(
        "watch.work",
        &[
            ("work", work),
            ("copies", spread.copies.to_string()),
            ("accounts", spread.breadth.accounts.to_string()),
            ("platforms", spread.breadth.platforms.to_string()),
        ],
    )];
    let day = |day: Option<quanlian_record::time::Day>| day.map(|day| day.to_string()).unwrap_or_default();
    lines.push(messages.get(
        "watch.speed",
        &[
            ("first", day(spread.speed.first_on)),
            ("last", day(spread.speed.last_on)),
            ("peak", day(spread.speed.peak_on)),
            ("count", spread.speed.peak_copies.to_string()),
        ],
    ));
    lines.push(match spread.plays.at_least {
        Some(plays) => messages.get(
            "watch.plays",
            &[
                ("plays", plays.to_string()),
                ("without", spread.plays.without_figure.to_string()),
            ],
        ),
        None => messages.text("watch.no_plays"),
    });
    lines.push(match &spread.depth {
        Some(depth) => messages.get(
            "watch.depth",
            &[
                ("steps", depth.steps.to_string()),
                ("stated", depth.stated.to_string()),
                ("unseen", depth.unseen_sources.to_string()),
            ],
        ),
        None => messages.text("watch.no_depth"),
    });
    if spread.without_time > 0 {
        lines.push(messages.get("watch.without_time", &[("count", spread.without_time)]));
    }
    for key in &spread.plays.fell {
        lines.push(messages.get("watch.fell", &[("item", key)]));
    }
    lines
}
