//! Facts drawn from matches and metadata, each tied to its evidence and counted once.
//!
//! In:  the confirmed matches, the statements of the side files, which evidence each
//!      file became.
//! Out: [`Drawn`]: facts by the names that the rules of law use, the period of
//!      publication, and notes on everything that was left out or stands in doubt.
//!
//! Invariants: only items in which a copy was confirmed are counted. Two sources about
//! one item (same file, same address, or same id on a platform) are one item. Sources
//! that disagree make an interval. Unless the officer states that the collection is
//! complete, a count is a lower bound: the account may hold more.
//!
//! Not here: thresholds, and whether a platform's "plays" are the law's 实际被点击数,
//! which a person confirms (the note `plays_taken_as_clicks` asks for it).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_match::Match;
use quanlian_record::time::Day;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::metadata::Statement;

/// What a drawn figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Money in fen.
    Fen,
    /// A plain count.
    Count,
}

/// A figure known at least up to `low` and, where `high` is given, at most up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure is at least this.
    pub low: u64,
    /// The figure is at most this; none: no upper bound is established.
    pub high: Option<u64>,
}

/// One source's share in a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// The item (a media file or an address), or the side file for the account as a whole.
    pub of: String,
    /// Lowest and highest figure that the sources give for it.
    pub low: u64,
    /// See `low`.
    pub high: u64,
    /// Where it stands: side file and row.
    pub places: Vec<String>,
}

/// One fact, by its name in the rules of law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnFact {
    /// Name of the fact: `actual_clicks`, `illegal_gain`, …
    pub name: String,
    /// What the figure counts.
    pub measure: Measure,
    /// The figure.
    pub interval: Interval,
    /// Ids of the evidence it rests on.
    pub evidence: Vec<String>,
    /// What it is summed from.
    pub contributions: Vec<Contribution>,
}

/// Something that the reader of the facts has to know; the wording is in the message files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// Key of the message.
    pub code: String,
    /// What goes into its blanks.
    pub args: BTreeMap<String, String>,
}

/// Facts of a case as far as files show them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The figures.
    pub facts: Vec<DrawnFact>,
    /// Whether any confirmed copy was published online, with the evidence; none: not shown.
    pub online: Option<Vec<String>>,
    /// First and last day of publication among the confirmed copies.
    pub published: Option<[Day; 2]>,
    /// Names under which the confirmed copies were published.
    pub uploaders: BTreeSet<String>,
    /// What was left out or is in doubt.
    pub notes: Vec<Note>,
}

/// What facts are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Confirmed matches only.
    pub matches: &'a [Match],
    /// What the side files say.
    pub statements: &'a [Statement],
    /// Evidence id of each file, by its name relative to the folder of suspects.
    pub evidence: &'a BTreeMap<String, String>,
    /// Evidence id of the report of matches.
    pub match_report: &'a str,
    /// The officer states that nothing else was published.
    pub collection_complete: bool,
}

/// Draws the facts.
pub fn draw(sources: Sources<'_>) -> Drawn {
    let mut drawn = Drawn::default();
    let matched: BTreeSet<&str> = sources.matches.iter().map(|m| m.suspect.as_str()).collect();
    let works: BTreeSet<&str> = sources.matches.iter().map(|m| m.work.as_str()).collect();
    let (items, account) = group(sources.statements);
    let (copies, others): (Vec<Item<'_>>, Vec<Item<'_>>) = items
        .into_iter()
        .partition(|item| item.media.iter().any(|m| matched.contains(m)));
    note_uncounted(&others, &mut drawn.notes);
    note_silent_copies(&matched, &copies, &mut drawn.notes);

    if !works.is_empty() {
        let low = works.len() as u64;
        let high = sources.collection_complete.then_some(low);
        drawn.facts.push(DrawnFact {
            name: "works_disseminated".into(),
            measure: Measure::Count,
            interval: Interval { low, high },
            evidence: vec![sources.match_report.to_owned()],
            contributions: Vec::new(),
        });
    }
    let silent = matched
        .iter()
        .any(|media| !copies.iter().any(|item| item.media.contains(media)));
    let tally = Tally {
        copies: &copies,
        account: &account,
        sources: &sources,
        silent,
    };
    for figure in [
        Figure {
            name: "actual_clicks",
            measure: Measure::Count,
            of_account: false,
            value: |s| s.view_count,
        },
        Figure {
            name: "downloads",
            measure: Measure::Count,
            of_account: false,
            value: |s| s.download_count,
        },
        Figure {
            name: "registered_members",
            measure: Measure::Count,
            of_account: true,
            value: |s| s.member_count,
        },
        Figure {
            name: "illegal_gain",
            measure: Measure::Fen,
            of_account: true,
            value: |s| s.illegal_gain_fen.map(|f| f.0.unsigned_abs()),
        },
        Figure {
            name: "illegal_business_volume",
            measure: Measure::Fen,
            of_account: true,
            value: |s| s.illegal_business_volume_fen.map(|f| f.0.unsigned_abs()),
        },
    ] {
        let fact = tally.total(&figure, &mut drawn.notes);
        if figure.name == "actual_clicks" && fact.is_some() {
            drawn.notes.push(note("plays_taken_as_clicks", []));
        }
        drawn.facts.extend(fact);
    }
    let published: BTreeSet<Day> = copies
        .iter()
        .flat_map(|item| &item.statements)
        .filter_map(|s| s.published_on)
        .collect();
    drawn.published = published
        .first()
        .zip(published.last())
        .map(|(first, last)| [*first, *last]);
    let online: BTreeSet<String> = copies
        .iter()
        .flat_map(|item| &item.statements)
        .filter(|s| s.url.is_some() || s.platform.is_some())
        .filter_map(|s| sources.evidence.get(&s.source).cloned())
        .collect();
    drawn.online = (!online.is_empty()).then(|| online.into_iter().collect());
    drawn.uploaders = copies
        .iter()
        .flat_map(|item| &item.statements)
        .filter_map(|s| s.uploader.clone())
        .collect();
    if !sources.collection_complete && !works.is_empty() {
        drawn.notes.push(note("collection_not_complete", []));
    }
    drawn
}

/// One published item and everything said about it.
struct Item<'a> {
    media: BTreeSet<&'a str>,
    statements: Vec<&'a Statement>,
}

impl Item<'_> {
    fn name(&self) -> String {
        let first = self.media.first().map(ToString::to_string);
        first
            .or_else(|| self.statements.first().map(|s| s.place()))
            .unwrap_or_default()
    }
}

/// A figure to be summed up.
struct Figure {
    name: &'static str,
    measure: Measure,
    /// The figure may also be stated for the account as a whole.
    of_account: bool,
    value: fn(&Statement) -> Option<u64>,
}

struct Tally<'a> {
    copies: &'a [Item<'a>],
    account: &'a [&'a Statement],
    sources: &'a Sources<'a>,
    /// A confirmed copy exists about which no side file says anything.
    silent: bool,
}

impl Tally<'_> {
    fn total(&self, figure: &Figure, notes: &mut Vec<Note>) -> Option<DrawnFact> {
        let mut contributions = Vec::new();
        let mut unknown = 0_usize;
        for item in self.copies {
            let said: Vec<(u64, String)> = item
                .statements
                .iter()
                .filter_map(|s| Some(((figure.value)(s)?, s.place())))
                .collect();
            match contribution(item.name(), &said) {
                Some(share) => contributions.push(share),
                None => unknown += 1,
            }
        }
        let items = sum(&contributions);
        let of_account = self.of_account(figure, notes);
        for share in &contributions {
            note_contradiction(figure.name, share, notes);
        }
        let interval = match (items, &of_account) {
            (None, None) => return None,
            // Stated as a whole and item by item: whether one holds the other is not said.
            (Some((low, high)), Some(whole)) if (low, high) != (whole.low, whole.high) => {
                notes.push(note("stated_twice", [("fact", figure.name.to_owned())]));
                Interval {
                    low: low.max(whole.low),
                    high: high.checked_add(whole.high),
                }
            }
            (_, Some(whole)) => Interval {
                low: whole.low,
                high: Some(whole.high),
            },
            (Some((low, high)), None) => {
                // Money that is stated item by item is what is established; a count is what was collected.
                let all_known = unknown == 0 && !self.silent;
                let closed =
                    all_known && (self.sources.collection_complete || figure.measure == Measure::Fen);
                Interval {
                    low,
                    high: closed.then_some(high),
                }
            }
        };
        if unknown > 0 && items.is_some() {
            notes.push(note(
                "some_items_without_figure",
                [("fact", figure.name.to_owned()), ("items", unknown.to_string())],
            ));
        }
        contributions.extend(of_account);
        let evidence: BTreeSet<String> = contributions
            .iter()
            .flat_map(|share| &share.places)
            .filter_map(|place| {
                self.sources
                    .evidence
                    .get(place.split(", row ").next().unwrap_or(place))
                    .cloned()
            })
            .collect();
        Some(DrawnFact {
            name: figure.name.to_owned(),
            measure: figure.measure,
            interval,
            evidence: evidence.into_iter().collect(),
            contributions,
        })
    }

    /// The figure as stated for the account: rows of one file add up, files are compared.
    fn of_account(&self, figure: &Figure, notes: &mut Vec<Note>) -> Option<Contribution> {
        let mut by_file: BTreeMap<&str, (u64, Vec<String>)> = BTreeMap::new();
        for statement in self.account {
            let Some(value) = (figure.value)(statement) else {
                continue;
            };
            if !figure.of_account && !statement.stated_fact {
                notes.push(note(
                    "account_figure_not_counted",
                    [
                        ("fact", figure.name.to_owned()),
                        ("place", statement.place()),
                        ("value", value.to_string()),
                    ],
                ));
                continue;
            }
            let (total, places) = by_file.entry(statement.source.as_str()).or_default();
            *total = total.saturating_add(value);
            places.push(statement.place());
        }
        let low = by_file.values().map(|(total, _)| *total).min()?;
        let high = by_file.values().map(|(total, _)| *total).max()?;
        let of = by_file.keys().copied().collect::<Vec<_>>().join(", ");
        let share = Contribution {
            of,
            low,
            high,
            places: by_file.into_values().flat_map(|(_, places)| places).collect(),
        };
        note_contradiction(figure.name, &share, notes);
        Some(share)
    }
}

fn contribution(of: String, said: &[(u64, String)]) -> Option<Contribution> {
    let low = said.iter().map(|(value, _)| *value).min()?;
    let high = said.iter().map(|(value, _)| *value).max()?;
    Some(Contribution {
        of,
        low,
        high,
        places: said.iter().map(|(_, place)| place.clone()).collect(),
    })
}

fn sum(contributions: &[Contribution]) -> Option<(u64, u64)> {
    let add = |total: (u64, u64), share: &Contribution| {
        (
            total.0.saturating_add(share.low),
            total.1.saturating_add(share.high),
        )
    };
    (!contributions.is_empty()).then(|| contributions.iter().fold((0, 0), add))
}

/// Parts statements into items and statements about the account as a whole.
///
/// Two statements are about one item when they share a media file, an address, or
/// an id on the same platform; so a download that lies there twice counts once.
fn group(statements: &[Statement]) -> (Vec<Item<'_>>, Vec<&Statement>) {
    let (about_items, account): (Vec<&Statement>, Vec<&Statement>) =
        statements.iter().partition(|s| s.is_about_an_item());
    let mut parent: Vec<usize> = (0..about_items.len()).collect();
    let mut first_with: BTreeMap<(u8, String), usize> = BTreeMap::new();
    for (index, statement) in about_items.iter().enumerate() {
        let mut keys = Vec::new();
        keys.extend(statement.media.clone().map(|media| (0, media)));
        keys.extend(statement.url.as_deref().map(|url| (1, normal_address(url))));
        let platform = statement.platform.as_deref().unwrap_or_default().to_lowercase();
        keys.extend(
            statement
                .item_id
                .as_deref()
                .map(|id| (2, format!("{platform}\n{id}"))),
        );
        for key in keys {
            let earlier = *first_with.entry(key).or_insert(index);
            let (a, b) = (root(&mut parent, earlier), root(&mut parent, index));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut items: BTreeMap<usize, Item<'_>> = BTreeMap::new();
    for (index, statement) in about_items.iter().enumerate() {
        let item = items.entry(root(&mut parent, index)).or_insert_with(|| Item {
            media: BTreeSet::new(),
            statements: Vec::new(),
        });
        item.media.extend(statement.media.as_deref());
        item.statements.push(statement);
    }
    (items.into_values().collect(), account)
}

fn root(parent: &mut [usize], mut index: usize) -> usize {
    while parent[index] != index {
        parent[index] = parent[parent[index]];
        index = parent[index];
    }
    index
}

/// An address without what does not change the page: scheme, `www.`, fragment, last slash.
fn normal_address(url: &str) -> String {
    let url = url.trim();
    let url = url.split('#').next().unwrap_or(url);
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.strip_prefix("www.")
        .unwrap_or(url)
        .trim_end_matches('/')
        .to_owned()
}

fn note<const N: usize>(code: &str, args: [(&str, String); N]) -> Note {
    Note {
        code: code.to_owned(),
        args: args
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    }
}

fn note_contradiction(fact: &str, share: &Contribution, notes: &mut Vec<Note>) {
    if share.low != share.high {
        notes.push(note(
            "sources_disagree",
            [
                ("fact", fact.to_owned()),
                ("of", share.of.clone()),
                ("low", share.low.to_string()),
                ("high", share.high.to_string()),
                ("places", share.places.join("; ")),
            ],
        ));
    }
}

/// Items with figures in which no copy was confirmed: named, so that nobody wonders.
fn note_uncounted(others: &[Item<'_>], notes: &mut Vec<Note>) {
    for item in others {
        notes.push(note("item_without_match", [("item", item.name())]));
    }
}

fn note_silent_copies(matched: &BTreeSet<&str>, copies: &[Item<'_>], notes: &mut Vec<Note>) {
    for media in matched {
        if !copies.iter().any(|item| item.media.contains(media)) {
            notes.push(note("copy_without_metadata", [("item", (*media).to_owned())]));
        }
    }
}

impl DrawnFact {
    /// The fact as `quanlian-law` takes it: exact where both bounds meet, else bounds.
    pub fn to_sheet_fact(&self) -> Value {
        let unit = match self.measure {
            Measure::Fen => "fen",
            Measure::Count => "count",
        };
        let mut fact = json!({
            "name": self.name,
            "evidence": self.evidence,
            "stated_by": "quanlian-case",
        });
        if self.interval.high == Some(self.interval.low) {
            fact[unit] = self.interval.low.into();
        } else {
            fact[format!("at_least_{unit}")] = self.interval.low.into();
            if let Some(high) = self.interval.high {
                fact[format!("at_most_{unit}")] = high.into();
            }
        }
        fact
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quanlian_match::Medium;
    use quanlian_record::{money::Fen, time::parse_day};

    fn copy(suspect: &str, work: &str) -> Match {
        Match {
            suspect: suspect.into(),
            work: work.into(),
            medium: Medium::Audio,
            score_bits: 100.0,
            e_value: 1e-20,
            identity: 1.0,
            segments: Vec::new(),
            transform: None,
            evidence: None,
            null_model: None,
            filtered: Vec::new(),
            suspect_history: None,
            work_history: None,
        }
    }

    fn plays(source: &str, media: &str, url: &str, views: u64) -> Statement {
        Statement {
            source: source.into(),
            media: Some(media.into()),
            url: Some(url.into()),
            view_count: Some(views),
            published_on: parse_day("2022-05-01").ok(),
            ..Statement::default()
        }
    }

    fn gain(source: &str, media: Option<&str>, yuan: i64) -> Statement {
        Statement {
            source: source.into(),
            row: Some(2),
            media: media.map(str::to_owned),
            illegal_gain_fen: Fen::from_yuan(yuan),
            ..Statement::default()
        }
    }

    fn drawn(matches: &[Match], statements: &[Statement], collection_complete: bool) -> Drawn {
        let evidence = statements
            .iter()
            .map(|s| (s.source.clone(), format!("E-{}", s.source)))
            .collect();
        draw(Sources {
            matches,
            statements,
            evidence: &evidence,
            match_report: "E-report",
            collection_complete,
        })
    }

    fn figure(drawn: &Drawn, name: &str) -> Option<(u64, Option<u64>)> {
        drawn
            .facts
            .iter()
            .find(|f| f.name == name)
            .map(|f| (f.interval.low, f.interval.high))
    }

    fn codes(drawn: &Drawn) -> Vec<&str> {
        drawn.notes.iter().map(|n| n.code.as_str()).collect()
    }

    #[test]
    fn one_item_told_by_two_sources_or_downloaded_twice_counts_once() {
        let statements = [
            plays("a.info.json", "a.mp3", "https://x.cn/v/1", 20),
            plays("list.csv", "a.mp3", "http://www.x.cn/v/1/", 20),
            plays("a (1).info.json", "a (1).mp3", "https://x.cn/v/1#t=3", 20),
            plays("b.info.json", "b.mp3", "https://x.cn/v/2", 10),
        ];
        let matches = [
            copy("a.mp3", "w1"),
            copy("a (1).mp3", "w1"),
            copy("b.mp3", "w2"),
            copy("b.mp3", "w1"),
        ];
        let got = drawn(&matches, &statements, true);
        assert_eq!(figure(&got, "actual_clicks"), Some((30, Some(30))));
        assert_eq!(figure(&got, "works_disseminated"), Some((2, Some(2))));
        let clicks = got.facts.iter().find(|f| f.name == "actual_clicks").unwrap();
        assert_eq!(
            clicks.evidence,
            [
                "E-a (1).info.json",
                "E-a.info.json",
                "E-b.info.json",
                "E-list.csv"
            ]
        );
    }

    #[test]
    fn items_without_a_confirmed_copy_are_not_counted_but_named() {
        let statements = [
            plays("a.info.json", "a.mp3", "u1", 20),
            plays("own.info.json", "own.mp3", "u2", 1_000_000),
        ];
        let got = drawn(&[copy("a.mp3", "w")], &statements, true);
        assert_eq!(figure(&got, "actual_clicks"), Some((20, Some(20))));
        assert!(codes(&got).contains(&"item_without_match"));
    }

    #[test]
    fn sources_that_disagree_make_an_interval() {
        let statements = [
            plays("a.info.json", "a.mp3", "u1", 20),
            plays("l.csv", "a.mp3", "u1", 30),
        ];
        let got = drawn(&[copy("a.mp3", "w")], &statements, true);
        assert_eq!(figure(&got, "actual_clicks"), Some((20, Some(30))));
        assert!(codes(&got).contains(&"sources_disagree"));
    }

    #[test]
    fn a_count_is_a_lower_bound_unless_the_collection_is_complete_and_every_copy_told_of() {
        let statements = [plays("a.info.json", "a.mp3", "u1", 20)];
        assert_eq!(
            figure(&drawn(&[copy("a.mp3", "w")], &statements, false), "actual_clicks"),
            Some((20, None))
        );
        let silent = drawn(&[copy("a.mp3", "w"), copy("b.mp3", "w")], &statements, true);
        assert_eq!(figure(&silent, "actual_clicks"), Some((20, None)));
        assert!(codes(&silent).contains(&"copy_without_metadata"));
    }

    #[test]
    fn gain_is_taken_from_the_account_or_from_the_copies_and_never_both_added() {
        let matches = [copy("a.mp3", "w")];
        let whole = gain("g.csv", None, 72_000);
        assert_eq!(
            figure(
                &drawn(&matches, std::slice::from_ref(&whole), false),
                "illegal_gain"
            ),
            Some((7_200_000, Some(7_200_000)))
        );
        // Two files that state the same total are one fact, rows of one file add up.
        let twice = [
            whole.clone(),
            gain("h.csv", None, 40_000),
            gain("h.csv", None, 32_000),
        ];
        assert_eq!(
            figure(&drawn(&matches, &twice, false), "illegal_gain"),
            Some((7_200_000, Some(7_200_000)))
        );
        let both = [
            whole,
            gain("i.csv", Some("a.mp3"), 10_000),
            gain("i.csv", Some("own.mp3"), 5_000),
        ];
        let got = drawn(&matches, &both, false);
        assert_eq!(figure(&got, "illegal_gain"), Some((7_200_000, Some(8_200_000))));
        assert!(codes(&got).contains(&"stated_twice"));
    }

    #[test]
    fn plays_of_a_whole_account_are_no_plays_of_the_copies() {
        let account = Statement {
            source: "l.csv".into(),
            row: Some(2),
            view_count: Some(9),
            ..Statement::default()
        };
        let got = drawn(&[copy("a.mp3", "w")], std::slice::from_ref(&account), true);
        assert_eq!(figure(&got, "actual_clicks"), None);
        assert!(codes(&got).contains(&"account_figure_not_counted"));
        let stated = Statement {
            stated_fact: true,
            ..account
        };
        assert_eq!(
            figure(&drawn(&[copy("a.mp3", "w")], &[stated], true), "actual_clicks"),
            Some((9, Some(9)))
        );
    }

    #[test]
    fn without_matches_there_are_no_facts_but_the_money_that_is_stated() {
        let got = drawn(&[], &[plays("a.info.json", "a.mp3", "u1", 20)], true);
        assert_eq!((got.facts.len(), got.online, got.published), (0, None, None));
    }
}
