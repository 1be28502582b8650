//! Speed, breadth and depth on books small enough to count by hand.

use std::collections::BTreeMap;

use quanlian_watch::{
    book::{Book, Event, Line},
    item::Item,
    spread::{self, Spread},
};

use crate::{at, copy_of, item, line, plays};

fn spread_of(lines: Vec<Line>, work: Option<&str>) -> Spread {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(folder.path()).unwrap();
    book.write(lines).unwrap();
    spread::of(book.records(), work)
}

fn republishes(key: &str, source: &str) -> Line {
    let item = Item {
        platform: Some("p".to_owned()),
        republished_from: Some(source.to_owned()),
        url: Some(format!("https://p.example/{key}")),
        ..Item::default()
    };
    line(key, "2026-01-01T00:00:00Z", Event::Item { item })
}

#[test]
fn a_curve_counts_each_copy_once_and_never_fills_a_gap() {
    let when = "2026-01-10T00:00:00Z";
    let spread = spread_of(
        vec![
            line("a", when, item("p", "x", Some("2026-01-01T18:00:00Z"))),
            line("a", when, copy_of("w")),
            line("a", when, plays("2026-01-05T00:00:00Z", 10)),
            line("a", when, plays("2026-01-07T00:00:00Z", 30)),
            line("b", when, item("q", "x", Some("2026-01-05T00:00:00Z"))),
            line("b", when, copy_of("w")),
            line("c", when, item("p", "x", None)),
            line("c", when, copy_of("w")),
            line("d", when, item("p", "z", Some("2026-01-02T00:00:00Z"))),
        ],
        None,
    );
    assert_eq!((spread.copies, spread.without_time), (3, 1), "d holds no copy");
    assert_eq!(
        (spread.breadth.accounts, spread.breadth.platforms),
        (2, 2),
        "x on p and x on q are two"
    );
    let days: Vec<(String, usize, usize, Option<u64>, usize)> = spread
        .curve
        .iter()
        .map(|p| {
            (
                p.day.to_string(),
                p.new_copies,
                p.copies,
                p.plays_at_least,
                p.without_figure,
            )
        })
        .collect();
    assert_eq!(
        days,
        [
            ("2026-01-02".to_owned(), 1, 1, None, 1),
            ("2026-01-05".to_owned(), 1, 2, Some(10), 1),
            ("2026-01-07".to_owned(), 0, 2, Some(30), 1),
            ("2026-01-10".to_owned(), 1, 3, Some(30), 2),
        ],
        "18:00 UTC is the next legal day; c counts from when it was seen"
    );
    assert_eq!(spread.plays.at_least, Some(30));
    assert_eq!(
        spread.speed.peak_on.unwrap().to_string(),
        "2026-01-02",
        "the earliest of equal days"
    );
}

#[test]
fn plays_that_fell_are_named_and_the_newest_figure_stands() {
    let when = "2026-01-10T00:00:00Z";
    let spread = spread_of(
        vec![
            line("a", when, item("p", "x", Some("2026-01-01T00:00:00Z"))),
            line("a", when, copy_of("w")),
            line("a", when, plays("2026-01-06T00:00:00Z", 5)),
            line("a", when, plays("2026-01-05T00:00:00Z", 10)),
        ],
        Some("w"),
    );
    assert_eq!(
        spread.plays.at_least,
        Some(5),
        "the order of time, not of the book"
    );
    assert_eq!(spread.plays.fell, ["a"]);
    assert_eq!(spread_of(Vec::new(), Some("w")).plays.at_least, None);
}

#[test]
fn depth_is_what_items_state_and_a_ring_ends() {
    let when = "2026-01-10T00:00:00Z";
    let copies = |keys: &[&str]| {
        keys.iter()
            .map(|key| line(key, when, copy_of("w")))
            .collect::<Vec<_>>()
    };
    let mut lines = vec![
        republishes("b", "https://p.example/a#t"),
        republishes("c", "https://p.example/b"),
        republishes("p:d", "nobody knows"),
        line(
            "a",
            when,
            Event::Item {
                item: Item {
                    url: Some("https://p.example/a".into()),
                    ..Item::default()
                },
            },
        ),
    ];
    lines.extend(copies(&["a", "b", "c", "p:d"]));
    let depth = spread_of(lines, None).depth.unwrap();
    assert_eq!((depth.steps, depth.stated, depth.unseen_sources), (2, 3, 1));
    assert_eq!(depth.chain, ["a", "b", "c"]);

    let mut ring = vec![
        republishes("a", "https://p.example/b"),
        republishes("b", "https://p.example/a"),
    ];
    ring.extend(copies(&["a", "b"]));
    assert!(spread_of(ring, None).depth.unwrap().steps <= 2);

    let mut silent = vec![line("a", when, item("p", "x", None))];
    silent.extend(copies(&["a"]));
    assert_eq!(spread_of(silent, None).depth, None, "undetermined is not zero");
}

#[test]
fn the_tenth_copy_is_counted_in_days() {
    let when = "2026-02-01T00:00:00Z";
    let mut lines = Vec::new();
    let keys: BTreeMap<u32, String> = (1..=10).map(|n| (n, format!("k{n:02}"))).collect();
    for (day, key) in &keys {
        lines.push(line(
            key,
            when,
            item("p", key, Some(&format!("2026-01-{day:02}T00:00:00Z"))),
        ));
        lines.push(line(key, when, copy_of("w")));
    }
    let spread = spread_of(lines, None);
    assert_eq!(spread.speed.days_to, BTreeMap::from([(10, 9)]));
    assert_eq!(
        spread.speed.last_on.unwrap(),
        at("2026-01-10T00:00:00Z").legal_day()
    );
}
