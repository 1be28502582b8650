//! The client against witnesses that are there, down, slow, or lie.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use quanlian_tlog::{policy::Policy, witness::client::AskError};
use quanlian_witness::{
    gather::{Asked, cosigned_note, gather},
    http::HttpClient,
};

use super::{head, log_key, prove, start, witness_key};

/// A port on which each connection gets the same bytes.
fn fake(answer: &'static [u8], pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8192]);
            thread::sleep(pause);
            let _ = stream.write_all(answer);
        }
    });
    format!("http://{address}/")
}

fn policy(urls: &[String], quorum: usize) -> Policy {
    let mut text = format!("log {}\n", log_key().verifier());
    let mut names = String::new();
    for (seed, url) in (2..).zip(urls) {
        let _ = writeln!(text, "witness w{seed} {} {url}", witness_key(seed).verifier());
        let _ = write!(names, " w{seed}");
    }
    let _ = write!(text, "group all-of-them {quorum}{names}\nquorum all-of-them\n");
    Policy::parse(text.as_bytes()).unwrap()
}

fn code(asked: &Asked) -> &'static str {
    match &asked.answer {
        None => "no_address",
        Some(Ok(_)) => "cosigned",
        Some(Err(error)) => error.code(),
    }
}

#[test]
fn two_of_three_are_enough_and_the_note_grows_with_the_log() {
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut urls: Vec<String> = (2..4)
        .zip(&folders)
        .map(|(seed, folder)| format!("http://{}", start(folder.path(), seed)))
        .collect();
    // Nobody listens there.
    urls.push("http://127.0.0.1:9/".to_owned());
    let policy = policy(&urls, 2);
    let client = HttpClient::new(Duration::from_secs(5));
    let mut earlier = None;
    for size in [1, 1, 2] {
        let asked = gather(&client, &policy, &head(size), earlier.as_ref(), prove);
        let codes: Vec<_> = asked.iter().map(code).collect();
        assert_eq!(codes, ["cosigned", "cosigned", "witness_not_reached"]);
        let note = cosigned_note(&head(size), &policy, earlier.as_ref(), &asked).unwrap();
        assert_eq!(note.signatures().len(), 3, "one line for each key");
        let report = policy.evaluate(&note);
        assert!(report.holds());
        assert_eq!(report.cosigned(), 2);
        earlier = Some(note);
    }
    // With both down the lines of last time are kept, for the same head alone.
    let down = cosigned_note(&head(2), &policy, earlier.as_ref(), &[]).unwrap();
    assert!(policy.evaluate(&down).holds());
    let newer = cosigned_note(&head(1), &policy, earlier.as_ref(), &[]).unwrap();
    assert_eq!(policy.evaluate(&newer).cosigned(), 0);
    // The log was put back to an earlier state.
    let asked = gather(&client, &policy, &head(1), earlier.as_ref(), prove);
    assert_eq!(asked[0].answer, Some(Err(AskError::Ahead { known: 2, size: 1 })));
}

#[test]
fn slow_and_lying_witnesses_cost_a_bounded_time() {
    let urls = [
        fake(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            Duration::from_mins(1),
        ),
        fake(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
            Duration::ZERO,
        ),
        fake(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Duration::ZERO),
        fake(
            b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n1\n",
            Duration::ZERO,
        ),
        fake(b"not HTTP at all", Duration::ZERO),
        fake(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc",
            Duration::ZERO,
        ),
        "ftp://127.0.0.1/".to_owned(),
    ];
    let policy = policy(&urls, 1);
    let begun = Instant::now();
    let asked = gather(
        &HttpClient::new(Duration::from_secs(2)),
        &policy,
        &head(1),
        None,
        prove,
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    let codes: Vec<_> = asked.iter().map(code).collect();
    assert_eq!(
        codes,
        [
            "witness_not_reached",
            "witness_refused",
            "witness_bad_cosignature",
            "witness_answer",
            "witness_not_reached",
            "witness_not_reached",
            "witness_not_reached"
        ]
    );
    let note = cosigned_note(&head(1), &policy, None, &asked).unwrap();
    assert!(!policy.evaluate(&note).holds());
}
