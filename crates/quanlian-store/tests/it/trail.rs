//! The audit trail on every database: linking, anchoring, searching, and what a check finds.
//!
//! In:  records, a real log in a folder, SQL of somebody who has the whole database.
//! Out: nothing, or the first change that nobody noticed.

mod checking;

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{self, RecordId, StrandId},
    time::Timestamp,
};
use quanlian_store::{
    Database, RecordStore, TrailStore,
    trail::{Anchor, Anchored, Boxed, KIND, Leaves, LineQuery, LogTrouble, PRUNED, Strand, check, prune},
};
use quanlian_tlog::{log::Log, note::SignerKey, store::LogHome};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    databases::{Place, every_database_passes},
    matters::at,
};

/// A log in a folder.
pub(crate) struct InFolder {
    log: Mutex<Log>,
    _folder: TempDir,
}

impl InFolder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SignerKey::from_seed("log.example/trail", &[9; 32]).unwrap();
        Self {
            log: Mutex::new(Log::create(LogHome::create(folder.path()).unwrap(), key).unwrap()),
            _folder: folder,
        }
    }

    pub(crate) fn append(&self, entries: &[&[u8]]) -> Range<u64> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.append_batch(entries).unwrap()
    }
}

impl Leaves for InFolder {
    fn name(&self) -> &'static str {
        "log.example/trail"
    }

    fn size(&self) -> Boxed<'_, Result<u64, LogTrouble>> {
        Box::pin(async { Ok(self.log.lock().unwrap().checkpoint().size()) })
    }

    fn read(&self, entries: Range<u64>) -> Boxed<'_, Result<Vec<Vec<u8>>, LogTrouble>> {
        Box::pin(async move {
            let log = self.log.lock().unwrap();
            // Few at a time, as a reader may do.
            Ok(entries
                .take(7)
                .map(|index| log.read_entry(index).unwrap())
                .collect())
        })
    }
}

pub(crate) fn strand_id(n: u8) -> StrandId {
    StrandId(id::from_parts(at(0), [n; id::RANDOM_BYTES]))
}

/// A line of the trail.
pub(crate) fn line(strand: u8, n: u64) -> Record {
    let instant = Timestamp::from_unix_micros(at(0).unix_micros() + n.cast_signed() * 1000).unwrap();
    let mut random = [strand; id::RANDOM_BYTES];
    random[2..].copy_from_slice(&n.to_be_bytes());
    Record {
        v: ENVELOPE_VERSION,
        id: RecordId(id::from_parts(instant, random)),
        kind: KIND.into(),
        recorded_at: instant,
        actor: ["culture/li", "culture/wang", "police/p1"][(n % 3) as usize].into(),
        supersedes: None,
        body: json!({
            "action": if n.is_multiple_of(10) { "write" } else { "read" },
            "object": {"kind": "matter", "id": format!("m{}", n % 7)},
            "result": if n.is_multiple_of(20) { "denied" } else { "allowed" },
            "why": ["own-handled"], "by": "session", "address": "10.0.0.1", "purpose": "核对线索",
        }),
    }
}

/// Writes lines, in transactions of several lengths.
pub(crate) async fn write(store: &Database, head: Strand, lines: Range<u64>, strand: u8) -> Strand {
    let records: Vec<Record> = lines.map(|n| line(strand, n)).collect();
    let (mut head, mut rest) = (head, records.as_slice());
    for size in [1, 2, 27, 400].into_iter().cycle() {
        let (some, behind) = rest.split_at(size.min(rest.len()));
        head = store.append_lines(head, some).await.unwrap();
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    head
}

pub(crate) async fn anchor(store: &Database, log: &InFolder, head: Strand) {
    let anchor = Anchor::of(head);
    let log_index = log.append(&[anchor.leaf().as_bytes()]).start;
    let anchored = Anchored {
        anchor,
        log: log.name().into(),
        log_index,
        at: at(9),
    };
    store.put_anchors(&[anchored]).await.unwrap();
}

/// Thirty lines and an anchor, for what is moved.
pub(crate) async fn fill(store: &Database) {
    let head = write(store, Strand::begin(strand_id(1)), 1..31, 1).await;
    anchor(store, &InFolder::new(), head).await;
}

/// What a check of everything finds.
pub(crate) async fn checked(store: &Database, log: Option<&dyn Leaves>) -> check::Part {
    check::check(store, log, &check::From::default(), u64::MAX)
        .await
        .unwrap()
}

async fn lines_are_linked_and_a_writer_that_is_late_writes_nothing(store: &Database, place: &Place) {
    let begin = Strand::begin(strand_id(1));
    let head = write(store, begin, 1..1000, 1).await;
    assert_eq!(head.number, 999);
    assert_eq!(store.strand(head.id).await.unwrap(), Some(head));
    let mut by_hand = begin;
    for n in 1..1000 {
        by_hand = by_hand.with(&line(1, n).canonical_bytes().unwrap());
    }
    assert_eq!(by_hand, head);
    // Somebody else with the same strand, and one who thinks that it has not begun.
    for stale in [begin, write(store, Strand::begin(strand_id(2)), 1..3, 2).await] {
        let stale = Strand { id: head.id, ..stale };
        let error = store.append_lines(stale, &[line(1, 2000)]).await.unwrap_err();
        assert_eq!(error.code(), "trail_moved");
        assert_eq!(store.get(line(1, 2000).id).await.unwrap(), None);
    }
    // A record that was written before: its answer was lost.
    let error = store
        .append_lines(head, &[line(1, 1001), line(1, 7)])
        .await
        .unwrap_err();
    assert_eq!(error.code(), "trail_moved");
    let wanted = [line(1, 7).id, line(1, 1001).id];
    assert_eq!(store.lines_of(&wanted).await.unwrap(), [wanted[0]].into());
    assert_eq!(store.strand(head.id).await.unwrap(), Some(head), "none of it");
    let part = checked(&place.open().await, None).await;
    assert!(part.is_sound(), "{part:?}");
    assert_eq!(
        (part.strands, part.lines, part.records, part.anchored),
        (2, 1001, 1001, 0)
    );
}

async fn an_anchor_ends_the_waiting_of_a_strand(store: &Database, _: &Place) {
    let log = InFolder::new();
    let quiet_since = at(10_000);
    let own = write(store, Strand::begin(strand_id(1)), 1..5, 1).await;
    let quiet = write(store, Strand::begin(strand_id(2)), 1..5, 2).await;
    let waiting = |own, quiet_since| store.waiting_strands(own, quiet_since);
    assert_eq!(waiting(None, at(0)).await.unwrap(), []);
    assert_eq!(waiting(Some(own.id), at(0)).await.unwrap(), [own]);
    assert_eq!(waiting(Some(own.id), quiet_since).await.unwrap(), [own, quiet]);
    anchor(store, &log, own).await;
    anchor(store, &log, own).await;
    assert_eq!(waiting(Some(own.id), quiet_since).await.unwrap(), [quiet]);
    let own = write(store, own, 5..6, 1).await;
    assert_eq!(waiting(Some(own.id), at(0)).await.unwrap(), [own]);
    let part = checked(store, Some(&log)).await;
    assert!(part.is_sound(), "{part:?}");
    assert_eq!(
        (part.anchors, part.in_log, part.anchored, part.entries),
        (1, 1, 4, 2)
    );
}

async fn lines_of_before_are_taken_over_once(store: &Database, _: &Place) {
    let old: Vec<Record> = (1..700).map(|n| line(3, n)).collect();
    store.append_all(&old).await.unwrap();
    let part = checked(store, None).await;
    assert_eq!((part.findings.len() as u64, part.more_findings), (200, 499));
    assert_eq!(store.adopt_lines(strand_id(1), at(5)).await.unwrap(), 699);
    assert_eq!(store.adopt_lines(strand_id(2), at(5)).await.unwrap(), 0);
    let part = checked(store, None).await;
    assert!(part.is_sound(), "{part:?}");
    assert_eq!(part.lines, 699);
    let page = store.lines(&LineQuery::default()).await.unwrap();
    assert_eq!(page.lines[0].record.as_ref(), Some(&old[0]));
}

async fn what_was_pruned_is_told_and_what_is_left_is_checked(store: &Database, _: &Place) {
    let log = InFolder::new();
    let head = write(store, Strand::begin(strand_id(1)), 1..2101, 1).await;
    anchor(store, &log, head).await;
    let head = write(store, head, 2101..2151, 1).await;
    anchor(store, &log, head).await;
    write(store, head, 2151..2171, 1).await;
    write(store, Strand::begin(strand_id(2)), 1..21, 2).await;
    // Not the anchor at 2150, because a line before it has to stay; and nothing of the strand that has none.
    let before = line(1, 2140).recorded_at;
    let found = prune::prunable(store, before).await.unwrap();
    let told = |found: &[prune::Prunable]| {
        let one = |one: &prune::Prunable| (one.strand, one.through, one.lines);
        found.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(told(&found), [(strand_id(1), 2100, 2100)]);
    assert_eq!(
        prune::prunable(store, line(1, 2000).recorded_at).await.unwrap(),
        []
    );
    let says = |n| {
        let mut record = line(3, n);
        record.body["action"] = json!(PRUNED);
        record.body["object"] = json!({"kind": "strand", "id": strand_id(1)});
        record
    };
    let (first, second) = (says(9000), says(9001));
    // A tombstone of which no line says who put it there is not believed.
    prune::prune(store, &found[0], at(5), first.id).await.unwrap();
    let part = checked(store, Some(&log)).await;
    assert_eq!(part.findings.len(), 1);
    let finding = &part.findings[0];
    assert_eq!(
        (finding.what, finding.through),
        (check::What::LineRemoved, Some(2100))
    );
    let own = store
        .append_lines(Strand::begin(strand_id(3)), &[first])
        .await
        .unwrap();
    let part = checked(store, Some(&log)).await;
    assert!(part.is_sound(), "{part:?}");
    assert_eq!((part.lines, part.records, part.in_log), (91, 91, 2));
    assert_eq!((part.pruned.len(), part.pruned[0].through), (1, 2100));
    assert_eq!(prune::prunable(store, before).await.unwrap(), []);
    // Later more of it.
    let own = store
        .append_lines(own, std::slice::from_ref(&second))
        .await
        .unwrap();
    anchor(store, &log, own).await;
    // What says that something was pruned stays, however old it is.
    let far = prune::prunable(store, line(3, 9_999).recorded_at).await.unwrap();
    assert_eq!(told(&far), [(strand_id(1), 2150, 50)]);
    let found = prune::prunable(store, line(1, 2171).recorded_at).await.unwrap();
    assert_eq!(told(&found), [(strand_id(1), 2150, 50)]);
    prune::prune(store, &found[0], at(6), second.id).await.unwrap();
    let part = checked(store, Some(&log)).await;
    assert!(part.is_sound(), "{part:?}");
    assert_eq!((part.lines, part.pruned[0].through), (42, 2150));
    // Whoever takes one line more is found out.
    let left = store.lines(&LineQuery::default()).await.unwrap().lines;
    let one = left.iter().find(|line| line.strand == strand_id(1)).unwrap();
    store.erase(one.place.id).await.unwrap();
    let part = checked(store, Some(&log)).await;
    let finding = &part.findings[0];
    assert_eq!(
        (finding.what, finding.number),
        (check::What::LineRemoved, Some(2151))
    );
}

async fn every_combination_of_keys_finds_what_a_reader_would(store: &Database, _: &Place) {
    let head = write(store, Strand::begin(strand_id(1)), 1..400, 1).await;
    write(store, Strand::begin(strand_id(2)), 1..400, 2).await;
    let all: Vec<Record> = {
        let mut all: Vec<Record> = (1..400).flat_map(|n| [line(1, n), line(2, n)]).collect();
        all.sort_by_key(|record| (record.recorded_at, record.id));
        all
    };
    let some = |text: &str| Some(text.to_owned());
    let mut found = 0;
    for actor in [None, some("culture/li"), some("x/y")] {
        for (action, result) in [
            (None, None),
            (some("write"), None),
            (None, some("denied")),
            (some("read"), some("allowed")),
        ] {
            for object in [None, some("m3")] {
                for is_backwards in [false, true] {
                    let mut query = LineQuery {
                        actor: actor.clone(),
                        action: action.clone(),
                        result: result.clone(),
                        object: object.clone(),
                        object_kind: some("matter"),
                        address: some("10.0.0.1"),
                        from: Some(line(1, 50).recorded_at),
                        until: Some(line(1, 350).recorded_at),
                        is_backwards,
                        limit: Some(13),
                        ..LineQuery::default()
                    };
                    let is = |record: &Record, name: &str, asked: &Option<String>| {
                        asked.as_ref().is_none_or(|asked| record.body[name] == **asked)
                    };
                    let mut wanted: Vec<RecordId> = all
                        .iter()
                        .filter(|record| actor.as_ref().is_none_or(|actor| *actor == record.actor))
                        .filter(|record| is(record, "action", &action) && is(record, "result", &result))
                        .filter(|record| {
                            object
                                .as_ref()
                                .is_none_or(|id| record.body["object"]["id"] == **id)
                        })
                        .filter(|record| query.from <= Some(record.recorded_at))
                        .filter(|record| Some(record.recorded_at) < query.until)
                        .map(|record| record.id)
                        .collect();
                    if is_backwards {
                        wanted.reverse();
                    }
                    let mut seen = Vec::new();
                    loop {
                        let page = store.lines(&query).await.unwrap();
                        assert!(page.lines.len() <= 13);
                        seen.extend(page.lines.iter().map(|line| line.place.id));
                        query.after = page.next;
                        if page.next.is_none() {
                            break;
                        }
                    }
                    assert_eq!(seen, wanted, "{query:?}");
                    found += seen.len();
                }
            }
        }
    }
    assert!(found > 2000, "{found}");
    let nothing = LineQuery {
        object_kind: some("account"),
        ..LineQuery::default()
    };
    assert_eq!(store.lines(&nothing).await.unwrap().lines, []);
    let one = store.lines(&LineQuery::default()).await.unwrap();
    assert_eq!((one.lines[0].strand, one.lines[0].number), (head.id, 1));
}

every_database_passes! {
    lines_are_linked_and_a_writer_that_is_late_writes_nothing
    an_anchor_ends_the_waiting_of_a_strand
    lines_of_before_are_taken_over_once
    every_combination_of_keys_finds_what_a_reader_would
    what_was_pruned_is_told_and_what_is_left_is_checked
}
