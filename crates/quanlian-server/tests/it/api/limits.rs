//! Limits: who asks too often waits, who is slow is hung up on, who has too much on its way finishes that first.
//!
//! In:  a platform with small limits, in process and behind a real socket.
//! Out: nothing, or the first promise that is not kept.

use std::{net::SocketAddr, time::Duration};

use quanlian_server::{
    limits::{Limits, Rate},
    platform::Settings,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    kit::{MAX_FILE_BYTES, Office},
    matters::{opened, people},
};

fn limited(limits: Limits) -> Settings {
    Settings {
        limits,
        proxies: vec!["0.0.0.0/32".parse().unwrap(), "127.0.0.1/32".parse().unwrap()],
        ..Settings::default()
    }
}

/// A rate that gives nothing back while a test runs.
fn burst(burst: u32) -> Rate {
    Rate { per_s: 1, burst }
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_and_others_do_not() {
    let limits = Limits {
        address: Some(burst(20)),
        sign_in: Some(burst(5)),
        ..Limits::default()
    };
    let office = Office::with(limited(limits)).await;
    let from = async |address: &str, method: &str, path: &str| {
        let headers = [("x-forwarded-for", address), ("content-type", "application/json")];
        office.raw(None, method, path, &headers, "{}").await
    };
    for _ in 0..5 {
        assert_eq!(from("192.0.2.1", "POST", "/api/v1/session").await.status, 422);
    }
    let refused = from("192.0.2.1", "POST", "/api/v1/session").await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("retry-after"), "1");
    // What a provider sends back is checked too.
    let called_back = from("192.0.2.1", "GET", "/api/v1/session/oidc/none/callback").await;
    assert_eq!(called_back.code(), "rate_limited");
    // Looking at something else is still allowed, up to the wider limit; paths that are none count too.
    let statuses = async |count: usize| {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(from("192.0.2.1", "GET", "/api/v1/nowhere").await.status);
        }
        all
    };
    assert_eq!(statuses(13).await, [404; 13]);
    assert_eq!(statuses(3).await, [429; 3]);
    assert_eq!(from("192.0.2.1", "GET", "/healthz").await.status, 200);
    assert_eq!(from("192.0.2.2", "GET", "/api/v1/nowhere").await.status, 404);
}

#[tokio::test]
async fn an_account_that_asks_too_often_waits_from_wherever_it_comes() {
    let limits = Limits {
        account: Some(burst(10)),
        ..Limits::default()
    };
    let office = Office::with(limited(limits)).await;
    let root = office.admin().await;
    let mut refused = None;
    for turn in 0..11 {
        let address = format!("192.0.2.{turn}");
        let headers = [("x-forwarded-for", address.as_str())];
        let answer = office
            .raw(Some(&root), "GET", "/api/v1/session", &headers, "")
            .await;
        assert_eq!(answer.status, if turn < 10 { 200 } else { 429 });
        refused = Some(answer);
    }
    let refused = refused.unwrap();
    assert_eq!(
        (refused.code(), refused.header("retry-after")),
        ("rate_limited", "1")
    );
    office.sign_in("root").await;
}

#[tokio::test]
async fn an_account_has_only_so_much_on_its_way() {
    let limits = Limits {
        open_uploads: 2,
        open_upload_bytes: 3 * MAX_FILE_BYTES / 2,
        ..Limits::default()
    };
    let office = Office::with(limited(limits)).await;
    let people = people(&office).await;
    let id = opened(&office, &people.clerk).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/matters/{id}/uploads");
    let begin = async |size_bytes: u64| {
        let body = json!({"kind": "suspect", "name": "a", "size_bytes": size_bytes});
        office.post(&people.clerk, &path, body).await
    };
    let first = begin(MAX_FILE_BYTES).await.good();
    let large = begin(MAX_FILE_BYTES).await;
    assert_eq!((large.status, large.code()), (429, "upload_quota"));
    assert_eq!(
        (&large.body["open"], &large.body["open_bytes"]),
        (&json!(1), &json!(MAX_FILE_BYTES))
    );
    assert_eq!(large.header("retry-after"), "60");
    begin(5).await.good();
    assert_eq!(begin(5).await.code(), "upload_quota");
    // What is ended counts no more.
    let first = format!("/api/v1/uploads/{}", first.body["id"].as_str().unwrap());
    office
        .send(Some(&people.clerk), "DELETE", &first, &[], None)
        .await
        .good();
    begin(5).await.good();
}

/// A platform that listens.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    _office: Office,
}

async fn served(limits: Limits) -> Served {
    let office = Office::with(limited(limits)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopping = async {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(quanlian_server::serve(
        listener,
        office.platform.clone(),
        stopping,
    ));
    Served {
        address,
        stop,
        serving,
        _office: office,
    }
}

impl Served {
    async fn connect(&self, first: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        stream
    }
}

/// What comes until the other side hangs up.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A line that is reset holds no more than what came.
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

const WHOLE: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_client_that_is_slow_with_the_head_is_hung_up_on() {
    let limits = Limits {
        head_time: Duration::from_millis(400),
        ..Limits::default()
    };
    let served = served(limits).await;
    let begun = Instant::now();
    // Nothing; what may become either version; half a head; a whole one and then silence.
    for (first, answer) in [
        ("", ""),
        ("P", ""),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", ""),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
    ] {
        let mut stream = served.connect(first).await;
        let came = rest(&mut stream).await;
        assert!(came.contains(answer), "{first:?}: {came}");
        assert!(answer.is_empty() || came.ends_with("ok\n"), "{came}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Drops of a head do not buy more time.
    let mut stream = served.connect("GET /healthz HTTP/1.1\r\n").await;
    let mut drops = 0;
    while drops < 40 && stream.write_all(b"X-A: b\r\n").await.is_ok() {
        drops += 1;
        sleep(Duration::from_millis(50)).await;
    }
    assert!(drops < 40);
    assert!(rest(&mut served.connect(WHOLE).await).await.contains("200 OK"));
}

#[tokio::test]
async fn whoever_comes_when_all_connections_are_taken_waits_for_one() {
    let limits = Limits {
        connections: 2,
        head_time: Duration::from_millis(600),
        ..Limits::default()
    };
    let served = served(limits).await;
    let (_first, _second) = (served.connect("").await, served.connect("").await);
    sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    assert!(rest(&mut served.connect(WHOLE).await).await.contains("200 OK"));
    assert!(begun.elapsed() > Duration::from_millis(300));
}

/// A body that does not end keeps its place; whoever comes then is told, and health is answered all the same.
#[tokio::test]
async fn a_server_that_is_busy_says_so_and_answers_what_runs_when_it_stops() {
    let limits = Limits {
        requests_in_flight: 1,
        stop_time: Duration::from_secs(10),
        ..Limits::default()
    };
    let served = served(limits).await;
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    let mut slow = served.connect(head).await;
    sleep(Duration::from_millis(200)).await;
    let ask = "GET /api/v1/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let refused = rest(&mut served.connect(ask).await).await;
    assert!(
        refused.contains("503 ") && refused.contains("retry-after: 1"),
        "{refused}"
    );
    assert!(refused.contains("\"code\":\"server_busy\""), "{refused}");
    assert!(rest(&mut served.connect(WHOLE).await).await.contains("200 OK"));
    served.stop.send(()).unwrap();
    sleep(Duration::from_millis(200)).await;
    assert!(
        TcpStream::connect(served.address).await.is_err(),
        "nobody new is let in"
    );
    slow.write_all(b"{}").await.unwrap();
    let answered = rest(&mut slow).await;
    assert!(answered.contains("422 "), "{answered}");
    timeout(Duration::from_secs(20), served.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let served = served(Limits::default()).await;
    let mut stream = served.connect("PRI * HTTP/2.0\r\n").await;
    sleep(Duration::from_millis(50)).await;
    // The rest of the beginning, and empty settings.
    stream
        .write_all(b"\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        .await
        .unwrap();
    let mut head = [0; 9];
    timeout(Duration::from_secs(10), stream.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head[3], 4, "the server answers with its settings");
}
