//! How copies of a work spread (传播): speed, breadth and depth of republication.
//!
//! In:  the records of a book.
//! Out: [`Spread`]: the curve by legal day, and the figures that a dossier states.
//!
//! Invariants: a publication counts once, however many files it has and sources found it. Figures of a platform are
//! taken from looks and never interpolated: a day's total adds the newest figure known by then, and says how many
//! copies had none. Without a stated source there is no depth, which is not a depth of zero.
//!
//! Not here: what is a copy (the matcher said so), what the figures mean in law (`quanlian-law`).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_record::time::{Day, Timestamp};
use serde::Serialize;

use crate::{
    book::Record,
    item::{Item, normal_address},
};

/// The longest chain that is followed; where items name each other without end it is cut there.
pub const MAX_STEPS: usize = 1_000;

/// How the copies of one work, or of all, spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The work; none: all works of the index.
    pub work: Option<String>,
    /// Publications with a confirmed copy.
    pub copies: usize,
    /// Those whose platform states no time of publication: they count from the day on which they were first seen.
    pub without_time: usize,
    /// How fast.
    pub speed: Speed,
    /// How wide.
    pub breadth: Breadth,
    /// How deep; none when no copy says what it republishes.
    pub depth: Option<Depth>,
    /// What the platforms count.
    pub plays: Plays,
    /// One row for each legal day on which something changed.
    pub curve: Vec<Point>,
}

/// How fast copies appeared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Speed {
    /// The day of the first.
    pub first_on: Option<Day>,
    /// The day of the last.
    pub last_on: Option<Day>,
    /// The day with the most new copies, the earliest of such days.
    pub peak_on: Option<Day>,
    /// How many were new on it.
    pub peak_copies: usize,
    /// Days from the first copy to the tenth, hundredth, thousandth, as far as there are so many.
    pub days_to: BTreeMap<usize, i64>,
}

/// How wide they were published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Breadth {
    /// Accounts, told apart by platform and id, or by name where no id is stated.
    pub accounts: usize,
    /// Platforms.
    pub platforms: usize,
    /// Copies of which no account is stated.
    pub without_account: usize,
}

/// How far a copy was passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Steps in the longest chain that the items state.
    pub steps: usize,
    /// The keys of that chain, the source first.
    pub chain: Vec<String>,
    /// Copies that state a source.
    pub stated: usize,
    /// Stated sources that the watch has not seen.
    pub unseen_sources: usize,
}

/// What the platforms count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plays {
    /// The newest figure of every copy that has one, added: no fewer, if the platforms count right.
    pub at_least: Option<u64>,
    /// Copies of which no look states plays.
    pub without_figure: usize,
    /// Copies whose figure fell from one look to the next: the platform corrected it, or somebody else did.
    pub fell: Vec<String>,
}

/// A day on which something changed; all figures are at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The legal day (Asia/Shanghai).
    pub day: Day,
    /// Copies that appeared on it.
    pub new_copies: usize,
    /// Copies so far.
    pub copies: usize,
    /// Accounts so far.
    pub accounts: usize,
    /// Platforms so far.
    pub platforms: usize,
    /// The newest figures known by then, added; none when there is none.
    pub plays_at_least: Option<u64>,
    /// Copies so far without a figure by then.
    pub without_figure: usize,
}

/// One copy, as the spread counts it.
struct Copy<'a> {
    key: &'a str,
    record: &'a Record,
    day: Day,
}

/// The spread of the copies of `work`, or of all works.
pub fn of<'a>(records: impl IntoIterator<Item = (&'a String, &'a Record)>, work: Option<&str>) -> Spread {
    let records: BTreeMap<&str, &Record> = records.into_iter().map(|(key, r)| (key.as_str(), r)).collect();
    let is_copy = |record: &Record| {
        let mut matches = record.all_matches();
        matches.any(|found| work.is_none_or(|work| found.work == work))
    };
    let mut without_time = 0;
    let mut copies: Vec<Copy<'_>> = Vec::new();
    for (key, record) in records.iter().filter(|(_, record)| is_copy(record)) {
        let stated = record.item.published_at.map(Timestamp::legal_day);
        let stated = stated.or(record.item.published_on);
        if stated.is_none() {
            without_time += 1;
        }
        // A record without a first line cannot be.
        let Some(day) = stated.or_else(|| record.first_seen.map(Timestamp::legal_day)) else {
            continue;
        };
        copies.push(Copy { key, record, day });
    }
    copies.sort_by(|a, b| (a.day, a.key).cmp(&(b.day, b.key)));
    Spread {
        work: work.map(str::to_owned),
        copies: copies.len(),
        without_time,
        speed: speed(&copies),
        breadth: breadth(&copies),
        depth: depth(&copies, &records),
        plays: plays(&copies),
        curve: curve(&copies),
    }
}

/// Every work that some publication copies.
pub fn works<'a>(records: impl IntoIterator<Item = &'a Record>) -> BTreeSet<&'a str> {
    let of_record = |record: &'a Record| record.all_matches().map(|found| found.work.as_str());
    records.into_iter().flat_map(of_record).collect()
}

fn speed(copies: &[Copy<'_>]) -> Speed {
    let (Some(first), Some(last)) = (copies.first(), copies.last()) else {
        return Speed::default();
    };
    let mut by_day: BTreeMap<Day, usize> = BTreeMap::new();
    for copy in copies {
        *by_day.entry(copy.day).or_default() += 1;
    }
    let peak_copies = by_day.values().copied().max().unwrap_or(0);
    let peak_on = by_day
        .iter()
        .find(|(_, count)| **count == peak_copies)
        .map(|(day, _)| *day);
    let days = |copy: &Copy<'_>| {
        let since = copy.day.since((jiff::Unit::Day, first.day));
        since.map_or(0, |span| i64::from(span.get_days()))
    };
    let days_to = [10, 100, 1000]
        .into_iter()
        .filter_map(|count| copies.get(count - 1).map(|copy| (count, days(copy))))
        .collect();
    Speed {
        first_on: Some(first.day),
        last_on: Some(last.day),
        peak_on,
        peak_copies,
        days_to,
    }
}

/// Whom a copy is by: the id where there is one, because names change.
fn account(item: &Item) -> Option<(&str, &str)> {
    let account = item.account_id.as_deref().or(item.account.as_deref())?;
    Some((item.platform.as_deref().unwrap_or_default(), account))
}

fn breadth(copies: &[Copy<'_>]) -> Breadth {
    let accounts: BTreeSet<_> = copies
        .iter()
        .filter_map(|copy| account(&copy.record.item))
        .collect();
    let platforms: BTreeSet<_> = copies
        .iter()
        .filter_map(|copy| copy.record.item.platform.as_deref())
        .collect();
    Breadth {
        accounts: accounts.len(),
        platforms: platforms.len(),
        without_account: copies
            .iter()
            .filter(|copy| account(&copy.record.item).is_none())
            .count(),
    }
}

fn depth(copies: &[Copy<'_>], records: &BTreeMap<&str, &Record>) -> Option<Depth> {
    let by_address: BTreeMap<String, &str> = records
        .iter()
        .filter_map(|(key, record)| Some((normal_address(record.item.url.as_deref()?), *key)))
        .collect();
    // What an item names is an address, a key, or an id on its own platform.
    let source_of = |key: &str, item: &Item| -> Option<Option<&str>> {
        let named = item.republished_from.as_deref()?;
        let on_platform = item
            .platform
            .as_deref()
            .map(|platform| format!("{}:{named}", platform.to_lowercase()));
        let by_key = |name: &str| records.get_key_value(name).map(|(key, _)| *key);
        let found = by_address
            .get(&normal_address(named))
            .copied()
            .or_else(|| by_key(named))
            .or_else(|| by_key(&on_platform?));
        Some(found.filter(|found| *found != key))
    };
    let sources: BTreeMap<&str, Option<&str>> = records
        .iter()
        .filter_map(|(key, record)| Some((*key, source_of(key, &record.item)?)))
        .collect();
    let stated: Vec<(&str, Option<&str>)> = copies
        .iter()
        .filter_map(|copy| Some((copy.key, *sources.get(copy.key)?)))
        .collect();
    if stated.is_empty() {
        return None;
    }
    let mut chain: Vec<String> = Vec::new();
    let mut steps = 0;
    for (key, _) in &stated {
        let (mut path, mut seen) = (vec![*key], BTreeSet::from([*key]));
        let mut own_steps = 0;
        while own_steps < MAX_STEPS
            && let Some(source) = path.last().and_then(|at| sources.get(at))
        {
            own_steps += 1;
            match source {
                // Items that name each other in a ring prove no order; the ring is left where it closes.
                Some(source) if seen.insert(source) => path.push(source),
                _ => break,
            }
        }
        if own_steps > steps {
            steps = own_steps;
            chain = path.iter().rev().map(|key| (*key).to_owned()).collect();
        }
    }
    Some(Depth {
        steps,
        chain,
        stated: stated.len(),
        unseen_sources: stated.iter().filter(|(_, source)| source.is_none()).count(),
    })
}

fn plays(copies: &[Copy<'_>]) -> Plays {
    let mut plays = Plays::default();
    for copy in copies {
        let figures = figures(copy);
        match figures.last() {
            Some((_, newest)) => plays.at_least = Some(plays.at_least.unwrap_or(0).saturating_add(*newest)),
            None => plays.without_figure += 1,
        }
        if figures.windows(2).any(|pair| pair[1].1 < pair[0].1) {
            plays.fell.push(copy.key.to_owned());
        }
    }
    plays
}

/// Stated plays in the order of time.
fn figures(copy: &Copy<'_>) -> Vec<(Timestamp, u64)> {
    let mut figures: Vec<_> = copy
        .record
        .looks
        .iter()
        .filter_map(|look| Some((look.at, look.plays?)))
        .collect();
    figures.sort_unstable();
    figures
}

fn curve(copies: &[Copy<'_>]) -> Vec<Point> {
    enum Change<'a> {
        Copy(&'a Copy<'a>),
        Figure(usize, u64),
    }
    let mut changes: BTreeMap<Day, Vec<Change<'_>>> = BTreeMap::new();
    for (at, copy) in copies.iter().enumerate() {
        changes.entry(copy.day).or_default().push(Change::Copy(copy));
        for (seen_at, plays) in figures(copy) {
            // A look before the stated publication is a clock that is off; it counts from the publication on.
            let day = seen_at.legal_day().max(copy.day);
            changes.entry(day).or_default().push(Change::Figure(at, plays));
        }
    }
    let (mut accounts, mut platforms) = (BTreeSet::new(), BTreeSet::new());
    let mut newest: BTreeMap<usize, u64> = BTreeMap::new();
    let (mut so_far, mut total) = (0, 0_u64);
    let mut curve = Vec::new();
    for (day, changes) in changes {
        let mut new_copies = 0;
        for change in changes {
            match change {
                Change::Copy(copy) => {
                    new_copies += 1;
                    accounts.extend(account(&copy.record.item));
                    platforms.extend(copy.record.item.platform.as_deref());
                }
                Change::Figure(copy, plays) => {
                    let before = newest.insert(copy, plays).unwrap_or(0);
                    total = total.saturating_sub(before).saturating_add(plays);
                }
            }
        }
        so_far += new_copies;
        curve.push(Point {
            day,
            new_copies,
            copies: so_far,
            accounts: accounts.len(),
            platforms: platforms.len(),
            plays_at_least: (!newest.is_empty()).then_some(total),
            without_figure: so_far.saturating_sub(newest.len()),
        });
    }
    curve
}
