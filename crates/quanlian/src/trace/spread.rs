//! How the copies of this case spread: from the side files of the suspects, and from the book of a watch.
//!
//! In:  what side files say, the matches, the book where there is one.
//! Out: the spread of all works together and of each.
//!
//! Invariant: a copy that only the watch saw counts when it copies a work of this case; nothing is counted twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use quanlian_match::{Match, collection::Collection};
use quanlian_record::time::Timestamp;
use quanlian_watch::{
    book::{self, Event, Record},
    item::{self, Item, Look},
    spread::{self, Spread},
};

use super::side::SideFiles;
use crate::fault::{Blame, Fault};

/// What the book of a watch knows; nothing without one.
pub(super) fn read_book(watch: Option<&Path>) -> Result<BTreeMap<String, Record>, Fault> {
    watch.map_or_else(|| Ok(BTreeMap::new()), |folder| book::read(folder).bad_input())
}

/// The spread of all works, then of each that was copied; empty when nothing says when or by whom a copy was published.
pub(super) fn of(
    mut records: BTreeMap<String, Record>,
    side: &SideFiles,
    matches: &[Match],
    collection: &Collection,
    now: Timestamp,
) -> Vec<Spread> {
    let works: BTreeSet<&str> = collection.works().map(|work| work.name).collect();
    for compared in records
        .values_mut()
        .flat_map(|record| record.matches.values_mut())
    {
        compared
            .matches
            .retain(|found| works.contains(found.work.as_str()));
    }
    add_suspects(&mut records, side, matches, now);
    let all = spread::of(&records, None);
    let says_something =
        all.copies > all.without_time || all.breadth.accounts > 0 || all.plays.at_least.is_some();
    if !says_something {
        return Vec::new();
    }
    let each = spread::works(records.values());
    let each: Vec<Spread> = each
        .into_iter()
        .map(|work| spread::of(&records, Some(work)))
        .collect();
    [vec![all], each].concat()
}

/// Adds what was published according to the side files, and what was found in it.
fn add_suspects(records: &mut BTreeMap<String, Record>, side: &SideFiles, matches: &[Match], now: Timestamp) {
    let mut said: BTreeMap<&str, (Item, Vec<Look>)> = BTreeMap::new();
    for statement in &side.statements {
        let Some(media) = &statement.media else { continue };
        let written = side.written.get(&statement.source).copied().unwrap_or(now);
        let (says, look) = item::of_statement(statement, written);
        let (item, looks) = said.entry(media).or_default();
        item.complete(&says);
        looks.push(look);
    }
    let mut found: BTreeMap<&str, Vec<Match>> = BTreeMap::new();
    for one in matches {
        found.entry(&one.suspect).or_default().push(one.clone());
    }
    let suspects: BTreeSet<&str> = said.keys().chain(found.keys()).copied().collect();
    for suspect in suspects {
        let (item, looks) = said.remove(suspect).unwrap_or_default();
        let Some(key) = item.key(Some(suspect)) else {
            continue;
        };
        let record = records.entry(key).or_default();
        record.take(now, Event::Item { item });
        for look in looks {
            // The watch may have read the same side file.
            if look.says_something() && !record.looks.contains(&look) {
                record.take(now, Event::Look { look });
            }
        }
        if let Some(matches) = found.remove(suspect) {
            let event = Event::Matched {
                sha256: suspect.to_owned(),
                index: String::new(),
                matches,
            };
            record.take(now, event);
        }
    }
}
