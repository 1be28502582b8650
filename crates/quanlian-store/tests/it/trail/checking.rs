//! Whoever has the whole database changes the trail, in every way that came to mind; the check says what was done, and to which
//! line.

use std::fmt::Write as _;

use quanlian_record::envelope::Record;
use quanlian_store::{
    Database, TrailStore,
    database::Kind,
    trail::{
        LineQuery, Strand,
        check::{self, Finding, Part},
        link,
    },
};
use sea_orm::ConnectionTrait;
use sha2::{Digest as _, Sha256};

use super::{InFolder, anchor, checked, line, strand_id, write};
use crate::databases::{Place, every_database_passes, postgres, sqlite};

/// Sixty lines, anchored at 20 and 50.
async fn fill(store: &Database, log: &InFolder) {
    let head = write(store, Strand::begin(strand_id(1)), 1..21, 1).await;
    anchor(store, log, head).await;
    log.append(&[b"something else"]);
    let head = write(store, head, 21..51, 1).await;
    anchor(store, log, head).await;
    write(store, head, 51..61, 1).await;
}

fn told(part: &Part) -> String {
    let one = |finding: &Finding| {
        let mut text = serde_json::to_value(finding.what)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        if let Some(number) = finding.number {
            write!(text, " {number}").unwrap();
        }
        if let Some(through) = finding.through {
            write!(text, "-{through}").unwrap();
        }
        if let Some(record) = finding.record {
            let n = (1..90).find(|&n| line(1, n).id == record);
            write!(text, " #{}", n.map_or("?".to_owned(), |n| n.to_string())).unwrap();
        }
        if let Some(index) = finding.log_index {
            write!(text, " @{index}").unwrap();
        }
        text
    };
    part.findings.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What somebody does with SQL, or with a program of their own.
enum Deed<'s> {
    Sql(&'s [&'s str]),
    /// Every digest from this line on is computed anew, that of the head too.
    Rewrite(u64),
}
use Deed::{Rewrite, Sql};

async fn spoil(store: &Database, place: &Place, deed: &Deed<'_>) {
    let raw = place.raw().await;
    let bytes = |digest: [u8; 32]| match store.kind() {
        Kind::Sqlite => format!("X'{}'", hex::encode(digest)),
        Kind::Postgres => format!("'\\x{}'::bytea", hex::encode(digest)),
    };
    match deed {
        Sql(statements) => {
            for statement in *statements {
                raw.execute_unprepared(statement).await.unwrap();
            }
        }
        Rewrite(from) => {
            let mut lines = store.lines(&LineQuery::default()).await.unwrap().lines;
            lines.sort_by_key(|line| line.number);
            let mut head = Strand::begin(strand_id(1));
            for line in &lines {
                let canonical = line.record.as_ref().unwrap().canonical_bytes().unwrap();
                head.digest = if line.number < *from {
                    line.digest
                } else {
                    link(&head.digest, &canonical)
                };
                let set = format!(
                    "UPDATE trail_lines SET digest = {} WHERE number = {}",
                    bytes(head.digest),
                    line.number
                );
                raw.execute_unprepared(&set).await.unwrap();
            }
            let set = format!("UPDATE trail_strands SET digest = {}", bytes(head.digest));
            raw.execute_unprepared(&set).await.unwrap();
        }
    }
}

/// The text of a record of a line with another action and the digest of that text, in SQL.
fn change(number: u64) -> (String, String) {
    let old = line(1, number);
    let mut body = old.body.clone();
    body["action"] = "list".into();
    let new = Record { body, ..old };
    let text = String::from_utf8(new.canonical_bytes().unwrap()).unwrap();
    let sha256 = hex::encode(Sha256::digest(&text));
    let of = format!("WHERE id = (SELECT record_id FROM trail_lines WHERE number = {number})");
    (
        format!("UPDATE records SET canonical = '{text}' {of}"),
        format!("UPDATE records SET sha256 = '{sha256}' {of}"),
    )
}

/// A record with its line at this place, with this digest, everything behind it one place further.
fn insertion(number: u64, kind: Kind, digest: [u8; 32]) -> Vec<String> {
    let record = line(1, 80);
    let (uuid, digest) = match kind {
        Kind::Sqlite => (
            format!("X'{}'", record.id.0.simple()),
            format!("X'{}'", hex::encode(digest)),
        ),
        Kind::Postgres => (
            format!("'{}'::uuid", record.id),
            format!("'\\x{}'::bytea", hex::encode(digest)),
        ),
    };
    let text = String::from_utf8(record.canonical_bytes().unwrap()).unwrap();
    let (sha256, at) = (
        hex::encode(Sha256::digest(&text)),
        record.recorded_at.unix_micros(),
    );
    vec![
        format!("UPDATE trail_lines SET number = -1 - number WHERE number >= {number}"),
        "UPDATE trail_lines SET number = -number WHERE number < 0".to_owned(),
        format!(
            "INSERT INTO records (id, kind, recorded_at, sha256, canonical) VALUES ({uuid}, 'audit', {at}, '{sha256}', '{text}')"
        ),
        format!(
            "INSERT INTO trail_lines SELECT strand, {number}, {uuid}, {digest}, {at}, 'police/p1', 'write', 'matter', 'm3', \
             'denied', '10.0.0.1' FROM trail_lines WHERE number = 1"
        ),
    ]
}

const AS_NEW: [&str; 6] = [
    "DELETE FROM trail_anchors",
    "DELETE FROM trail_lines",
    "DELETE FROM trail_strands",
    "DELETE FROM records",
    "DROP TABLE IF EXISTS was",
    "CREATE UNIQUE INDEX IF NOT EXISTS ix_trail_lines_record ON trail_lines (record_id)",
];
const GONE: [&str; 2] = [
    "DELETE FROM records WHERE id = (SELECT record_id FROM trail_lines WHERE number = 30)",
    "DELETE FROM trail_lines WHERE number = 30",
];
const MOVE_UP: &str = "UPDATE trail_lines SET number = -number WHERE number > 30";
const MOVE_BACK: &str = "UPDATE trail_lines SET number = -number - 1 WHERE number < 0";
/// The head becomes that of the last line.
const HEAD: &str = "UPDATE trail_strands SET number = (SELECT max(number) FROM trail_lines), \
     digest = (SELECT digest FROM trail_lines ORDER BY number DESC LIMIT 1)";
const CUT: [&str; 2] = [
    "DELETE FROM records WHERE id IN (SELECT record_id FROM trail_lines WHERE number > 45)",
    "DELETE FROM trail_lines WHERE number > 45",
];
const SWAP: [&str; 3] = [
    "UPDATE trail_lines SET number = -30 WHERE number = 31",
    "UPDATE trail_lines SET number = 31 WHERE number = 30",
    "UPDATE trail_lines SET number = 30 WHERE number = -30",
];

#[expect(clippy::too_many_lines, reason = "a list of deeds")]
async fn every_deed_is_named(store: &Database, place: &Place) {
    let (text, sha256) = change(30);
    let forged = insertion(30, store.kind(), [7; 32]);
    let last = insertion(61, store.kind(), [7; 32]);
    let before = {
        let head = (1..30).fold(Strand::begin(strand_id(1)), |head, n| {
            head.with(&line(1, n).canonical_bytes().unwrap())
        });
        link(&head.digest, &line(1, 80).canonical_bytes().unwrap())
    };
    let fitting = insertion(30, store.kind(), before);
    let refs = |texts: &[String]| {
        texts
            .iter()
            .map(|text| text.clone().leak() as &str)
            .collect::<Vec<_>>()
    };
    let (forged, fitting, last) = (refs(&forged), refs(&fitting), refs(&last));
    let swapped_records = [
        "DROP INDEX ix_trail_lines_record",
        "CREATE TABLE was AS SELECT number, record_id, at, actor, action, object, result FROM trail_lines",
        "UPDATE trail_lines SET record_id = (SELECT record_id FROM was WHERE was.number = 71 - trail_lines.number), \
         at = (SELECT at FROM was WHERE was.number = 71 - trail_lines.number), \
         actor = (SELECT actor FROM was WHERE was.number = 71 - trail_lines.number), \
         action = (SELECT action FROM was WHERE was.number = 71 - trail_lines.number), \
         object = (SELECT object FROM was WHERE was.number = 71 - trail_lines.number), \
         result = (SELECT result FROM was WHERE was.number = 71 - trail_lines.number) WHERE number IN (35, 36)",
    ];
    let keys = ["UPDATE trail_lines SET action = 'list' WHERE number = 30"];
    let changed = [text.as_str(), sha256.as_str(), keys[0]];
    let deeds: Vec<(&str, Vec<Deed<'_>>, &str)> = vec![
        ("nothing", vec![], ""),
        (
            "a link",
            vec![Sql(&GONE[1..])],
            "line_removed 30; record_inserted #30",
        ),
        ("a record", vec![Sql(&GONE[..1])], "line_removed 30 #30"),
        ("a line", vec![Sql(&GONE)], "line_removed 30"),
        (
            "a line without a gap",
            vec![Sql(&GONE), Sql(&[MOVE_UP, MOVE_BACK])],
            "line_removed 30",
        ),
        (
            "the same, with the head",
            vec![Sql(&GONE), Sql(&[MOVE_UP, MOVE_BACK, HEAD])],
            "line_removed 30",
        ),
        (
            "the first line",
            vec![Sql(&["DELETE FROM trail_lines WHERE number = 1"])],
            "line_removed 1; record_inserted #1",
        ),
        (
            "a text",
            vec![Sql(&changed[..1])],
            "keys_changed 30 #30; line_changed 30 #30",
        ),
        (
            "a text and its digest",
            vec![Sql(&changed)],
            "line_changed 30 #30",
        ),
        ("what is searched", vec![Sql(&keys)], "keys_changed 30 #30"),
        (
            "the last text",
            vec![Sql(&[
                "UPDATE records SET canonical = '{}' WHERE id = (SELECT record_id FROM trail_lines WHERE number = 60)",
            ])],
            "keys_changed 60 #60; line_changed 60 #60",
        ),
        ("a line more", vec![Sql(&forged)], "line_inserted 30 #80"),
        (
            "a line more that fits",
            vec![Sql(&fitting)],
            "line_inserted 30 #80",
        ),
        (
            "the same, with the head",
            vec![Sql(&fitting), Sql(&[HEAD])],
            "line_inserted 30 #80",
        ),
        ("a last line", vec![Sql(&last)], "line_inserted 61"),
        ("two lines", vec![Sql(&SWAP)], "lines_reordered 30-31 #31"),
        (
            "two records",
            vec![Sql(&swapped_records)],
            "lines_reordered 35-36 #36",
        ),
        ("the end", vec![Sql(&CUT)], "tail_cut 46-60"),
        (
            "the end, with the head",
            vec![Sql(&CUT), Sql(&[HEAD])],
            "tail_cut 46-50",
        ),
        (
            "the end, with head and anchor",
            vec![
                Sql(&CUT),
                Sql(&[HEAD, "DELETE FROM trail_anchors WHERE number = 50"]),
            ],
            "tail_cut 50 @2",
        ),
        (
            "a text and every digest behind it",
            vec![Sql(&changed), Rewrite(30)],
            "rewritten 21-50 #50",
        ),
        (
            "the same, with the anchor",
            vec![
                Sql(&changed),
                Rewrite(30),
                Sql(&[
                    "UPDATE trail_anchors SET digest = (SELECT digest FROM trail_lines l WHERE l.number = trail_anchors.number)",
                ]),
            ],
            "anchor_not_in_log 50 @2; anchor_changed 50 @2",
        ),
        (
            "the same, without anchor",
            vec![
                Sql(&changed),
                Rewrite(30),
                Sql(&["DELETE FROM trail_anchors WHERE number = 50"]),
            ],
            "rewritten 50 #50 @2",
        ),
        (
            "an anchor that names another entry",
            vec![Sql(&["UPDATE trail_anchors SET log_index = 1 WHERE number = 50"])],
            "anchor_not_in_log 50 @1",
        ),
        (
            "an anchor of the future",
            vec![Sql(&["UPDATE trail_anchors SET log_index = 9 WHERE number = 50"])],
            "anchor_not_in_log 50 @9",
        ),
        ("anchors", vec![Sql(&["DELETE FROM trail_anchors"])], ""),
        (
            "the head",
            vec![Sql(&[
                "UPDATE trail_strands SET digest = (SELECT digest FROM trail_lines WHERE number = 1)",
            ])],
            "head_changed 60",
        ),
        (
            "the row of the strand",
            vec![Sql(&["DELETE FROM trail_strands"])],
            "strand_removed",
        ),
        (
            "the lines of the strand",
            vec![Sql(&["DELETE FROM records", "DELETE FROM trail_lines"])],
            "tail_cut 1-60",
        ),
        (
            "everything",
            vec![Sql(&[
                "DELETE FROM records",
                "DELETE FROM trail_lines",
                "DELETE FROM trail_strands",
                "DELETE FROM trail_anchors",
            ])],
            "strand_removed 20 @0; strand_removed 50 @2",
        ),
        ("a record more", vec![Sql(&forged[2..3])], "record_inserted #80"),
    ];
    let mut missed = Vec::new();
    for (what, deed, then) in deeds {
        spoil(store, place, &Sql(&AS_NEW)).await;
        let log = InFolder::new();
        fill(store, &log).await;
        for one in &deed {
            spoil(store, place, one).await;
        }
        let part = checked(store, Some(&log)).await;
        if told(&part) != then {
            missed.push(format!("{what}: {} and not {then}", told(&part)));
        }
        assert_eq!(part.is_sound(), part.findings.is_empty());
        if deed.is_empty() {
            let counts = (
                part.lines,
                part.anchored,
                part.anchors,
                part.in_log,
                part.records,
                part.entries,
            );
            assert_eq!(counts, (60, 50, 2, 2, 60, 3));
        }
        // Bit by bit the same comes out.
        let (mut whole, mut from) = (Part::default(), check::From::default());
        loop {
            whole.add(check::check(store, Some(&log), &from, 1).await.unwrap());
            match &whole.next {
                Some(next) => from = next.to_string().parse().unwrap(),
                None => break,
            }
        }
        if told(&whole) != told(&part) || (whole.lines, whole.anchored) != (part.lines, part.anchored) {
            missed.push(format!("{what}, bit by bit: {whole:?} and not {part:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

every_database_passes! { every_deed_is_named }

/// Lines that are written while somebody checks are no finding.
async fn a_check_beside_a_writer(store: &Database) {
    let log = InFolder::new();
    let mut head = write(store, Strand::begin(strand_id(1)), 1..400, 1).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..40 {
                let from = 400 + n * 20;
                head = write(&store, head, from..from + 20, 1).await;
            }
        })
    };
    let (mut checks, mut lines) = (0, 0);
    while !writer.is_finished() {
        let part = checked(store, Some(&log)).await;
        assert!(part.is_sound(), "{part:?}");
        assert!(part.lines >= lines, "{part:?}");
        (checks, lines) = (checks + 1, part.lines);
    }
    writer.await.unwrap();
    assert!(checks > 1);
    assert_eq!(checked(store, None).await.lines, 1199);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_beside_a_writer_finds_nothing() {
    a_check_beside_a_writer(&sqlite().await.unwrap().0).await;
    if let Some((store, _place)) = postgres().await {
        a_check_beside_a_writer(&store).await;
    }
}
