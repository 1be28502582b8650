//! A load on the audit trail: how many lines a second are written, found and checked.
//!
//! In:  a folder for an SQLite file, how many lines, how many in one transaction.
//! Out: figures, one a line.
//!
//! `cargo run --release -p quanlian-store --example trail_load -- FOLDER 1000000 512`

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    env,
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};

use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{RecordId, StrandId},
    time::Timestamp,
};
use quanlian_store::{
    Database, RecordStore as _, TrailStore as _,
    trail::{KIND, LineQuery, Strand, check},
};
use serde_json::json;

fn line(n: u64) -> Record {
    let at = Timestamp::now();
    let action = ["read", "list", "clocks", "write"][(n % 4) as usize];
    Record {
        v: ENVELOPE_VERSION,
        id: RecordId::fresh(at),
        kind: KIND.into(),
        recorded_at: at,
        actor: format!("agency-{}/user-{}", n % 12, n % 500),
        supersedes: None,
        body: json!({
            "action": action,
            "object": {"kind": "matter", "id": format!("0190ffff-0000-7000-8000-{:012}", n % 50_000)},
            "result": if n.is_multiple_of(50) { "denied" } else { "allowed" },
            "why": ["own-handled"], "by": "session", "address": "10.0.0.1", "purpose": null,
        }),
    }
}

fn a_second(count: u64, time: Duration) -> u64 {
    (count as f64 / time.as_secs_f64()) as u64
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let count: u64 = arguments.next().ok_or("say how many lines")?.parse()?;
    let at_once: usize = arguments.next().ok_or("say how many at once")?.parse()?;
    let store = Database::open(&folder.join("trail.sqlite")).await?;

    // As it was before there were strands: the records alone, one statement each.
    let sample: Vec<Record> = (0..(20 * at_once as u64).min(count)).map(line).collect();
    let begun = Instant::now();
    for some in sample.chunks(at_once) {
        store.append_all(some).await?;
    }
    println!(
        "records alone: {} a second",
        a_second(sample.len() as u64, begun.elapsed())
    );
    store
        .adopt_lines(StrandId::fresh(Timestamp::now()), Timestamp::now())
        .await?;

    let mut head = Strand::begin(StrandId::fresh(Timestamp::now()));
    let (mut busy, mut written) = (Duration::ZERO, 0);
    while written < count {
        let some: Vec<Record> = (written..written + at_once as u64).map(line).collect();
        let begun = Instant::now();
        head = store.append_lines(head, &some).await?;
        busy += begun.elapsed();
        written += at_once as u64;
    }
    println!(
        "lines, {at_once} in a transaction: {} a second",
        a_second(written, busy)
    );

    for (what, query) in [
        (
            "of an actor",
            LineQuery {
                actor: Some("agency-7/user-7".into()),
                ..LineQuery::default()
            },
        ),
        (
            "about a matter",
            LineQuery {
                object: Some("0190ffff-0000-7000-8000-000000000007".into()),
                ..LineQuery::default()
            },
        ),
        (
            "denied reads of an actor, newest first",
            LineQuery {
                actor: Some("agency-0/user-0".into()),
                action: Some("read".into()),
                result: Some("denied".into()),
                is_backwards: true,
                ..LineQuery::default()
            },
        ),
        (
            "newest",
            LineQuery {
                is_backwards: true,
                ..LineQuery::default()
            },
        ),
    ] {
        let query = LineQuery {
            limit: Some(200),
            ..query
        };
        let mut slowest = Duration::ZERO;
        let mut found = 0;
        for _ in 0..20 {
            let begun = Instant::now();
            found = store.lines(&query).await?.lines.len();
            slowest = slowest.max(begun.elapsed());
        }
        println!("{what}: {found} lines, slowest of 20: {slowest:?}");
    }

    let begun = Instant::now();
    let part = check::check(&store, None, &check::From::default(), u64::MAX).await?;
    println!(
        "checked: {} lines and {} records, sound: {}, {} lines a second",
        part.lines,
        part.records,
        part.is_sound(),
        a_second(part.lines, begun.elapsed())
    );
    Ok(())
}
