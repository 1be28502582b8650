//! How the copies spread, as the dossier shows it.
//!
//! In:  the spread in the report of a run.
//! Out: sentences, the curve, a row for each work.

use quanlian_document::dossier::{self as doc, Text};
use quanlian_watch::spread::{Point, Spread};

use super::Filler;
use crate::spread::in_words;

impl Filler<'_> {
    /// `None` where nothing says when or by whom the copies were published.
    pub(super) fn spread(&self) -> Option<doc::Spread> {
        let (all, works) = self.report.spread.split_first()?;
        let (zh, en) = (in_words(&self.words.zh, all), in_words(&self.words.en, all));
        Some(doc::Spread {
            source: self.words.text("dossier.spread_source"),
            lines: zh
                .iter()
                .zip(&en)
                .map(|(zh, en)| Text::new(zh.trim(), en.trim()))
                .collect(),
            curve: all.curve.iter().map(day).collect(),
            works: works.iter().map(of_work).collect(),
        })
    }
}

fn day(point: &Point) -> doc::SpreadDay {
    doc::SpreadDay {
        day: point.day,
        new_copies: point.new_copies as u64,
        copies: point.copies as u64,
        accounts: point.accounts as u64,
        platforms: point.platforms as u64,
        plays: point.plays_at_least,
        without_figure: point.without_figure as u64,
    }
}

fn of_work(spread: &Spread) -> doc::SpreadOfWork {
    doc::SpreadOfWork {
        work: spread.work.clone().unwrap_or_default(),
        copies: spread.copies as u64,
        accounts: spread.breadth.accounts as u64,
        platforms: spread.breadth.platforms as u64,
        days: spread
            .speed
            .first_on
            .zip(spread.speed.last_on)
            .map(|(first, last)| [first, last]),
        plays: spread.plays.at_least,
    }
}
