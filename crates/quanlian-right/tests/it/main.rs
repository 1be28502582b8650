//! The register of trade-secret points, told by what goes in and what comes out.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod checklist;
mod register;
mod statement;
mod touched;

use quanlian_record::{
    id::{DepositId, from_parts},
    time::{Day, Timestamp, parse_day},
};
use quanlian_right::secret::{
    Access, Commitment, Content, Entry, Id, Kind, Measure, Point, Scope, Statement,
};

fn day(text: &str) -> Day {
    parse_day(text).unwrap()
}

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// Noon of a day, and the id of a deposit made then.
fn made(on: &str, number: u8) -> (DepositId, Timestamp) {
    let at: Timestamp = format!("{on}T04:00:00Z").parse().unwrap();
    (DepositId(from_parts(at, [number; 10])), at)
}

fn commitment() -> Commitment {
    "ab".repeat(32).parse().unwrap()
}

fn point(name: &str) -> Point {
    Point {
        id: id(name),
        title: "branch predictor".into(),
        kind: Kind::Technical,
        owner: "Chip Co.".into(),
        carrier: Some("repository core".into()),
        created_on: day("2021-03-01"),
        level: Some("core".into()),
        until: None,
        content: vec![Content {
            deposit: made("2021-04-01", 9).0,
            commitment: commitment(),
            log_index: 3,
        }],
    }
}

fn access(name: &str, person: &str, from: &str, until: Option<&str>) -> Access {
    Access {
        id: id(name),
        person: person.into(),
        role: "engineer".into(),
        points: vec![id("P1")],
        from: day(from),
        until: until.map(day),
        basis: "contract 7".into(),
        undertaking: None,
        left_on: None,
        evidence: Vec::new(),
    }
}

fn measure(name: &str, item: &str, from: &str, until: Option<&str>) -> Measure {
    Measure {
        id: id(name),
        item: id(item),
        title: "agreement".into(),
        scope: Scope::All,
        persons: Vec::new(),
        from: day(from),
        until: until.map(day),
        evidence: Vec::new(),
    }
}

fn entry(on: &str, number: u8, statement: Statement) -> Entry {
    let (deposit, recorded_at) = made(on, number);
    Entry {
        deposit,
        recorded_at,
        replaces: None,
        statement,
    }
}
