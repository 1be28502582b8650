//! Authorities over HTTP: one that answers, and others that are slow, lying, elsewhere, too long or gone.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use quanlian_timestamp::{
    client::{Exchange, Limits, Question, ask_all},
    folder::{CIRCUMSTANCES_VERSION, Circumstances, keep_answer, keep_request, load},
    quorum::{Rule, evaluate},
    request::Request,
    service::serve,
    token::MAX_TOKEN_BYTES,
    verify::{Line, Stamped, State, verify},
};

use crate::support::{authority, serial, time, trust};

const NOTE: &[u8] = b"a checkpoint";
const NOW: &str = "2026-11-22T09:00:00Z";

fn now() -> Timestamp {
    time(NOW)
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    total: Duration::from_secs(3),
};

/// A server whose behaviour is one function; it serves as long as the test runs.
fn server(behave: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            behave(stream.unwrap());
        }
    });
    url
}

/// An authority over the real service that answers with what `answer` makes of a request.
fn serving(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || serve(&listener, &answer, &|_| {}));
    url
}

/// Reads the head and the body of a request, however they are cut, then says `reply`.
fn say(mut stream: TcpStream, reply: &[u8]) {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(count) => seen.extend_from_slice(&chunk[..count]),
        }
    }
    let _ = stream.write_all(reply);
    // A socket closed over bytes that nobody read resets the connection, and the reply may be lost with it.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    while stream.read(&mut chunk).is_ok_and(|count| count > 0) {}
}

fn with_body(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn ask(urls: &[String]) -> Vec<(Vec<u8>, Exchange)> {
    let question = |(at, url): (usize, &String)| Question {
        url: url.clone(),
        request: Request::over(NOTE, [at as u8 + 1; 8]).to_der(),
    };
    let questions: Vec<Question> = urls.iter().enumerate().map(question).collect();
    let answers = ask_all(&questions, LIMITS, &now);
    questions.into_iter().map(|q| q.request).zip(answers).collect()
}

#[test]
fn every_way_to_fail_has_its_name_and_the_good_ones_still_count() {
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere.example/\r\ncontent-length: 0\r\n\r\n";
    let other_note = |_: &[u8]| {
        let request = Request::over(b"another note", [1; 8]).to_der();
        authority(2).answer(&request, &serial(1), now())
    };
    let other_nonce = |_: &[u8]| {
        let request = Request::over(NOTE, [0x77; 8]).to_der();
        authority(2).answer(&request, &serial(1), now())
    };
    let urls = vec![
        serving(|request| authority(1).answer(request, &serial(1), now())),
        serving(other_note),
        serving(other_nonce),
        serving(|request| authority(3).answer(request, &serial(3), time("2026-11-22T10:00:00Z"))),
        serving(|request| authority(4).answer(request, &serial(4), time("2040-01-01T00:00:00Z"))),
        serving(|_| b"<html>sign in first</html>".to_vec()),
        server(std::mem::forget),
        server(move |stream| say(stream, redirect)),
        server(|stream| say(stream, &with_body("500 Internal Server Error", b"out of order"))),
        server(|stream| say(stream, &with_body("200 OK", &vec![0x30; MAX_TOKEN_BYTES + 10]))),
        server(|stream| say(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n\x30\x82")),
        refused,
        "ftp://tsa.example/".to_owned(),
        serving(|request| authority(5).answer(request, &serial(5), now())),
        serving(|request| authority(6).answer(request, &serial(6), now())),
    ];
    let began = Instant::now();
    let answers = ask(&urls);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let errors: Vec<&str> = answers
        .iter()
        .map(|(_, exchange)| exchange.error.as_ref().map_or("", |error| error.code()))
        .collect();
    let expected = [
        "",
        "",
        "",
        "",
        "",
        "",
        "tsa_slow",
        "tsa_redirected",
        "tsa_http_status",
        "tsa_too_large",
        "tsa_broken",
        "tsa_unreachable",
        "tsa_url",
        "",
        "",
    ];
    assert_eq!(errors, expected);
    // What came is there, whatever it was.
    assert_eq!(answers[5].1.reply, b"<html>sign in first</html>");
    assert_eq!(answers[8].1.reply, b"out of order");
    assert_eq!(answers[10].1.reply, b"\x30\x82");

    // Kept, read again, and evaluated.
    let folder = tempfile::tempdir().unwrap();
    for ((request, exchange), url) in answers.iter().zip(&urls) {
        let number = keep_request(folder.path(), request).unwrap();
        let circumstances = Circumstances {
            v: CIRCUMSTANCES_VERSION,
            url: url.clone(),
            sent_at: exchange.sent_at,
            received_at: exchange.received_at,
            http_status: exchange.http_status,
            error: exchange
                .error
                .as_ref()
                .map(|e| (e.code().to_owned(), e.to_string())),
        };
        keep_answer(folder.path(), number, &exchange.reply, &[], &circumstances).unwrap();
    }
    let stamps = load(folder.path()).unwrap();
    assert_eq!(stamps.len(), urls.len());
    let trust = trust(&[1, 2, 3, 4, 5, 6]);
    let reports: Vec<_> = stamps
        .iter()
        .map(|kept| {
            let stamped = Some(Stamped::Bytes(NOTE));
            let at = Some(time("2026-11-23T00:00:00Z"));
            verify(&kept.evidence(stamped, SignedDuration::from_secs(60), at), &trust)
        })
        .collect();
    let reasons: Vec<&str> = reports
        .iter()
        .map(|report| report.blocking().map_or("", |check| check.reason))
        .collect();
    assert_eq!(
        reasons[..6],
        [
            "",
            "imprint_differs",
            "nonce_differs",
            "",
            "not_granted",
            "asn1_truncated"
        ],
        "{:?}",
        reports[5]
    );
    assert!(
        reasons[6..13].iter().all(|reason| !reason.is_empty()),
        "{reasons:?}"
    );
    assert_eq!(reports[3].reason(Line::Clock), "clock_differs");
    assert!(
        reports[4].checks[1].detail.contains("timeNotAvailable"),
        "{:?}",
        reports[4].checks[1]
    );
    let rule = Rule {
        needed: NonZeroUsize::new(3).unwrap(),
        tolerance: SignedDuration::from_secs(60),
    };
    let quorum = evaluate(&reports, rule);
    assert!(quorum.ok, "{quorum:?}");
    assert_eq!(quorum.authorities, 3);
    assert_eq!(quorum.checks[1].state, State::Failed);
    assert_eq!(quorum.members[3].reason, "apart_from_others");
}

#[test]
fn the_service_outlives_clients_of_every_kind() {
    let url = serving(|request| authority(1).answer(request, &serial(1), now()));
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let talk = |text: &[u8]| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(text).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(talk(b"GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(
        talk(b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\n"),
        "HTTP/1.1 415 Unsupported Media Type"
    );
    let typed = "POST / HTTP/1.1\r\ncontent-type: application/timestamp-query\r\n";
    let with = |more: &str| format!("{typed}{more}\r\n").into_bytes();
    assert_eq!(talk(&with("")), "HTTP/1.1 400 Bad Request");
    assert_eq!(
        talk(&with("content-length: 99999999\r\n")),
        "HTTP/1.1 413 Content Too Large"
    );
    assert_eq!(talk(&with("content-length: -1\r\n")), "HTTP/1.1 400 Bad Request");
    assert_eq!(talk(&vec![b'A'; 20_000]), "HTTP/1.1 413 Content Too Large");
    assert_eq!(talk(b"\x16\x03\x01\x02"), "HTTP/1.1 400 Bad Request");
    assert_eq!(talk(&with("content-length: 10\r\n")), "");
    // And a bad request in good HTTP gets an answer that says so.
    let answers = ask_all(
        &[Question {
            url,
            request: b"not a request".to_vec(),
        }],
        LIMITS,
        &now,
    );
    let response = quanlian_timestamp::response::Response::from_bytes(&answers[0].reply).unwrap();
    assert!(response.status.describe().starts_with("rejected: badDataFormat"));
}

#[test]
fn a_folder_never_overwrites_and_ends_at_99() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tsa");
    assert_eq!(keep_request(&path, b"q").unwrap(), 1);
    assert_eq!(keep_request(&path, b"q").unwrap(), 2);
    let circumstances = Circumstances {
        v: CIRCUMSTANCES_VERSION,
        url: "http://tsa.example/".to_owned(),
        sent_at: now(),
        received_at: now(),
        http_status: Some(200),
        error: None,
    };
    keep_answer(&path, 1, b"r", &[], &circumstances).unwrap();
    assert_eq!(
        keep_answer(&path, 1, b"s", &[], &circumstances)
            .unwrap_err()
            .code(),
        "stamps_io"
    );
    assert_eq!(std::fs::read(path.join("01.tsr")).unwrap(), b"r");
    // Other files in it are left alone, a broken one beside a token too.
    std::fs::write(path.join("README"), "x").unwrap();
    std::fs::write(path.join("02.json"), "{").unwrap();
    let stamps = load(&path).unwrap();
    assert_eq!((stamps.len(), stamps[1].circumstances.clone()), (2, None));
    assert_eq!(stamps[0].circumstances, Some(circumstances));
    std::fs::write(path.join("99.tsr"), "x").unwrap();
    assert_eq!(keep_request(&path, b"q").unwrap_err().code(), "stamps_full");
    std::fs::write(path.join("03.tsr"), vec![0; MAX_TOKEN_BYTES + 1]).unwrap();
    assert_eq!(load(&path).unwrap_err().code(), "stamps_too_large");
    assert_eq!(load(&folder.path().join("none")).unwrap_err().code(), "stamps_io");
    assert_eq!(load(folder.path()).unwrap_err().code(), "stamps_empty");
}
