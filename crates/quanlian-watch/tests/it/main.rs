//! How a spread is counted, and that the book keeps what it was given.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod book;
mod folder;
mod spread;

use quanlian_match::{Match, Medium};
use quanlian_record::time::Timestamp;
use quanlian_watch::{
    book::{Event, Line},
    item::{Item, Look},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn line(key: &str, when: &str, event: Event) -> Line {
    Line {
        at: at(when),
        key: key.to_owned(),
        source: "test".to_owned(),
        event,
    }
}

fn item(platform: &str, account: &str, published: Option<&str>) -> Event {
    Event::Item {
        item: Item {
            platform: Some(platform.to_owned()),
            account: Some(account.to_owned()),
            published_at: published.map(at),
            ..Item::default()
        },
    }
}

fn plays(when: &str, plays: u64) -> Event {
    Event::Look {
        look: Look {
            plays: Some(plays),
            ..Look::at(at(when))
        },
    }
}

fn copy_of(work: &str) -> Event {
    Event::Matched {
        sha256: "00".repeat(32),
        index: "1".to_owned(),
        matches: vec![Match {
            suspect: "s".to_owned(),
            work: work.to_owned(),
            medium: Medium::Audio,
            score_bits: 100.0,
            e_value: 1e-30,
            identity: 1.0,
            segments: Vec::new(),
            transform: None,
            evidence: None,
            null_model: None,
            filtered: Vec::new(),
            suspect_history: None,
            work_history: None,
        }],
    }
}
