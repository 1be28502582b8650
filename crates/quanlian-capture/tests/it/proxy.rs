//! The recording proxy against servers that no browser is needed for.

use std::{
    io::{BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use proptest::prelude::*;
use quanlian_capture::{
    Limits,
    guard::{Guard, Refusal},
    http1::{Body, request_head, response_head},
    login::{Script, cookies},
    proxy::{
        self, Origin,
        state::{Parts, Shared, Stop},
    },
    record::{Closed, Recorder},
    resolve::{Names, SystemResolver},
    secret::Secrets,
    tls::{BrowserSide, ServerSide},
    warc::read::{Bounds, check},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A server that sends these bytes to everybody and closes.
fn server(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let bytes = bytes.clone();
            std::thread::spawn(move || {
                let _ = stream.read(&mut vec![0; 65536]);
                let _ = stream.write_all(&bytes);
            });
        }
    });
    port
}

fn shared(warc: &Path, limits: Limits, added: Option<(Origin, Vec<(String, String)>)>) -> Arc<Shared> {
    Shared::new(Parts {
        guard: Guard::new(vec!["127.0.0.1".parse().unwrap()]),
        names: Names::new(Arc::new(SystemResolver), Duration::from_secs(5)),
        recorder: Recorder::create(warc).unwrap(),
        browser_side: BrowserSide::new().unwrap(),
        server_side: ServerSide::new(&[], false).unwrap(),
        secrets: Secrets::new(["hunter22"]),
        limits,
        added,
    })
}

/// Sends `request` through a proxy with these limits; what came back, and what was recorded.
fn through(request: &[u8], limits: Limits) -> (Vec<u8>, Closed, Arc<Shared>) {
    let folder = tempfile::tempdir().unwrap();
    let warc = folder.path().join("w");
    let shared = shared(&warc, limits, None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async {
        let address = proxy::start(&shared).await.unwrap();
        let mut browser = TcpStream::connect(address).await.unwrap();
        // What is refused at its head is not read to its end.
        let _ = browser.write_all(request).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(10), browser.read_to_end(&mut answer)).await;
        drop(browser);
        shared.stop(Stop::Done);
        shared.until_closed().await;
        answer
    });
    let closed = shared.parts.recorder.close().unwrap();
    let file = BufReader::new(std::fs::File::open(&warc).unwrap());
    let report = check(file, Bounds::default()).unwrap();
    assert!(
        report.records == 0 || report.is_complete(),
        "{:?}",
        report.problems
    );
    (answer, closed, shared)
}

fn get(port: u16) -> Vec<u8> {
    format!("GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x\r\nProxy-Connection: close\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

fn small() -> Limits {
    Limits {
        response_bytes: 100_000,
        connect_seconds: 2,
        ..Limits::default()
    }
}

/// What it is, what the server sends, the status and the mark of the record.
type Case<'a> = (&'a str, Vec<u8>, Option<u16>, Option<&'a str>);

#[test]
fn damaged_answers_are_recorded_as_they_came_and_marked() {
    let ok = b"HTTP/1.1 200 OK\r\n";
    let with = |rest: &[u8]| [ok, rest].concat();
    let cases: [Case<'_>; 11] = [
        ("whole", with(b"Content-Length: 2\r\n\r\nab"), Some(200), None),
        ("until the end", with(b"\r\nab"), Some(200), None),
        (
            "cut short",
            with(b"Content-Length: 3\r\n\r\nab"),
            Some(200),
            Some("disconnect"),
        ),
        (
            "two lengths",
            with(b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            Some(200),
            Some("unspecified"),
        ),
        (
            "no chunks",
            with(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            Some(200),
            Some("unspecified"),
        ),
        (
            "too long",
            with(&[b"\r\n".to_vec(), vec![b'x'; 200_000]].concat()),
            Some(200),
            Some("length"),
        ),
        (
            "no HTTP",
            b"SSH-2.0-x\r\n\r\n".to_vec(),
            None,
            Some("unspecified"),
        ),
        (
            "half a head",
            b"HTTP/1.1 200 OK\r\nA: b".to_vec(),
            None,
            Some("disconnect"),
        ),
        (
            "a head without end",
            with(&vec![b'a'; 400_000]),
            None,
            Some("unspecified"),
        ),
        (
            "interim answers for ever",
            b"HTTP/1.1 103 Early\r\n\r\n".repeat(100),
            None,
            None,
        ),
        (
            "another protocol",
            b"HTTP/1.1 101 Switching Protocols\r\n\r\nxyz".to_vec(),
            Some(101),
            Some("unspecified"),
        ),
    ];
    for (what, sent, status, truncated) in cases {
        let (answer, closed, _) = through(&get(server(sent.clone())), small());
        assert_eq!(closed.listed.len(), 1, "{what}");
        assert_eq!(closed.listed[0].status, status, "{what}");
        assert_eq!(closed.listed[0].truncated, truncated, "{what}");
        assert!(
            sent.starts_with(&answer),
            "{what}: nothing of ours reaches the browser"
        );
    }
    let (_, closed, shared) = through(&get(server(Vec::new())), small());
    assert_eq!((closed.listed[0].status, closed.listed[0].size_bytes), (None, 0));
    assert_eq!(shared.take_missing().0[0].code, "no_answer");
}

#[test]
fn requests_that_may_not_go_reach_nobody() {
    let port = server(b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
    let long = "a".repeat(20_000);
    for (request, wanted) in [
        (
            format!("GET http://127.0.0.1:{port}/?p=hunter22 HTTP/1.1\r\n\r\n"),
            "refused_secret_in_address",
        ),
        (
            format!("GET http://127.0.0.1:{port}/{long} HTTP/1.1\r\n\r\n"),
            "refused_target",
        ),
        (
            "GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n".to_owned(),
            "refused_target",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "refused_target"),
        (
            "GET http://127.0.0.2/ HTTP/1.1\r\n\r\n".to_owned(),
            "refused_address",
        ),
        (
            "GET http://0x7f000002/ HTTP/1.1\r\n\r\n".to_owned(),
            "refused_address",
        ),
        ("\u{16}rubbish\r\n\r\n".to_owned(), "http_head"),
        (
            format!("GET http://127.0.0.1:{port}/ HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
            "refused_upgrade",
        ),
        (
            format!("POST http://127.0.0.1:{port}/ HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"),
            "refused_request_body",
        ),
        (
            format!(
                "POST http://127.0.0.1:{port}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}",
                5 << 20,
                "x".repeat(5 << 20)
            ),
            "refused_request_body",
        ),
        (
            format!(
                "POST http://127.0.0.1:{port}/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"
            ),
            "http_length",
        ),
    ] {
        let (answer, closed, shared) = through(request.as_bytes(), small());
        assert_eq!(answer, b"", "{wanted}");
        assert!(closed.listed.is_empty(), "{wanted}");
        let (missing, _) = shared.take_missing();
        if wanted == "refused_secret_in_address" {
            assert!(missing[0].url.is_empty());
        }
        assert_eq!(
            missing.first().map(|missing| missing.code),
            Some(wanted),
            "{request:.80}"
        );
    }
}

#[test]
fn the_proxy_cannot_be_reached_through_itself() {
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(&folder.path().join("w"), small(), None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let own = proxy::start(&shared).await.unwrap();
        let mut browser = TcpStream::connect(own).await.unwrap();
        browser.write_all(&get(own.port())).await.unwrap();
        let mut answer = Vec::new();
        browser.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"");
    });
    let code = Refusal::Own {
        address: (Ipv4Addr::LOCALHOST, 1).into(),
    }
    .code();
    assert_eq!(shared.take_missing().0[0].code, code);
}

#[test]
fn a_flood_of_requests_and_refusals_ends_the_capture() {
    let limits = Limits {
        requests: 20,
        ..small()
    };
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(&folder.path().join("w"), limits, None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let own = proxy::start(&shared).await.unwrap();
        for port in 1..100 {
            let Ok(mut browser) = TcpStream::connect(own).await else {
                break;
            };
            let request = format!("GET http://10.0.0.1:{port}/ HTTP/1.1\r\n\r\n");
            let _ = browser.write_all(request.as_bytes()).await;
            let _ = browser.read(&mut [0; 10]).await;
        }
    });
    assert!(matches!(shared.stopped(), Some(Stop::Limit(_))));
}

/// Bytes of the body, taken in steps of `step`; `None` when it is no body.
fn length(mut body: Body, bytes: &[u8], step: usize) -> Option<usize> {
    let mut used = 0;
    for part in bytes.chunks(step) {
        let taken = body.take(part).ok()?;
        used += taken;
        if taken < part.len() {
            break;
        }
    }
    Some(used)
}

proptest! {
    #[test]
    fn a_body_ends_at_the_same_place_however_it_arrives(
        head in "HTTP/1.[01] [1-5][0-9][0-9] [a-z]{0,3}\r\n(Content-Length: [0-9]{1,3}\r\n){0,2}(Transfer-Encoding: (chunked|gzip)\r\n)?\r\n",
        rest in "([0-9a-f]{1,2}(;[a-z])?\r\n|[a-z]{0,20}\r?\n|0\r\n\r\n){0,8}",
        step in 1..7_usize,
    ) {
        if let Ok(Some(read)) = response_head(head.as_bytes())
            && let Ok(body) = Body::of_response("GET", &read)
        {
            let whole = length(body.clone(), rest.as_bytes(), rest.len().max(1));
            prop_assert_eq!(whole, length(body, rest.as_bytes(), step));
        }
    }

    #[test]
    fn any_bytes_as_heads_scripts_and_cookies_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600), text in ".{0,300}") {
        let _ = (request_head(&bytes), response_head(&bytes));
        let line = [b"HTTP/1.1 200 OK\r\n".to_vec(), bytes].concat();
        let _ = response_head(&line);
        let _ = cookies(&text);
        let _ = Script::parse(&text, |_| Ok(String::new()));
    }
}
