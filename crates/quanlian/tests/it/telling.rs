//! What a platform tells whoever runs it: its log, its metrics, its traces, and nothing about anybody.
//!
//! In:  the program with lines as JSON, a page of metrics, and a collector of this test.
//! Out: nothing, or the first word that should not be there, or is missing.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{service::Service, text};

const PASSWORD: &str = "gravel-tidy-moth-9";
const FIRST_PASSWORD: &str = "basalt-quiet-heron-4";
/// Whatever somebody enters, each once and nowhere else.
const THEIRS: [&str; 9] = [
    "root-qzx",
    "deng-qzx",
    "邓某某",
    "ghost-qzx",
    "涉密作品甲",
    "letter-qzx",
    "hint-qzx",
    "purpose-qzx",
    PASSWORD,
];

/// Takes one request after the other, and keeps their bodies.
fn collector() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut came, mut step) = (Vec::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut step).unwrap();
                came.extend_from_slice(&step[..read]);
                let so_far = String::from_utf8_lossy(&came).into_owned();
                let Some((head, body)) = so_far.split_once("\r\n\r\n") else {
                    continue;
                };
                assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
                let told = head.lines().find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                });
                if body.len() >= told.unwrap().parse::<usize>().unwrap() || read == 0 {
                    break body.to_owned();
                }
            };
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n{}")
                .unwrap();
            keep.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        }
    });
    (address, kept)
}

/// Head and body of an answer.
fn ask(address: &str, method: &str, path: &str, more: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

#[test]
fn log_metrics_and_traces_tell_of_requests_and_of_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, traces) = collector();
    let file = folder.path().join("c.toml");
    let configuration = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nplain_http = true\n[storage]\ndata = \"d\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
         [log]\nformat = \"json\"\nfilter = \"info,quanlian=trace,quanlian_server=trace,quanlian_store=trace\"\n\
         [traces]\nendpoint = \"{endpoint}\"\n"
    );
    std::fs::write(&file, configuration).unwrap();
    let mut service = Service::start(&["serve", "--config", text(&file)]);
    let (mut log, mut code) = (Vec::new(), String::new());
    let mut place_of = |service: &mut Service, message: &str| loop {
        let line = service.lines.next().unwrap().unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        log.push(line);
        if told["message"] == message {
            break told["address"].as_str().unwrap().to_owned();
        }
    };
    let bare = |url: &str| {
        url.trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let metrics = bare(&place_of(&mut service, "metrics are shown"));
    let address = bare(&place_of(&mut service, "the platform listens"));
    // The only lines that are not of the log: the code of the first start, for the person at the terminal. Others may come between.
    let mut told_how = false;
    while code.is_empty() || !told_how {
        let line = service.lines.next().unwrap().unwrap();
        if let Some((_, last)) = line.rsplit_once("used once): ") {
            code = last.to_owned();
        } else if line.starts_with("It makes the first administrator") {
            told_how = true;
        } else {
            log.push(line);
        }
    }
    let send = |method: &str, path: &str, cookie: &str, body: Value| {
        let more = format!("Cookie: {cookie}\r\nX-Quanlian-Purpose: purpose-qzx\r\n");
        let (head, body) = ask(&address, method, path, &more, &body.to_string());
        (head[9..12].parse::<u16>().unwrap(), head, body)
    };
    let sign_in = |login: &str, password: &str| {
        let body = json!({"login": login, "password": password});
        let (status, head, _) = send("POST", "/api/v1/session", "", body);
        let cookie =
            (status == 200).then(|| header(&head, "set-cookie").split(';').next().unwrap().to_owned());
        (status, cookie.unwrap_or_default())
    };
    let first = json!({
        "code": code, "agency": "culture", "agency_names": {"zh": "文旅局", "en": "Culture bureau"},
        "login": THEIRS[0], "name": "管理员", "password": PASSWORD,
    });
    assert_eq!(send("POST", "/api/v1/first-start", "", first).0, 201);
    let (_, root) = sign_in(THEIRS[0], PASSWORD);
    let clerk = json!({
        "login": THEIRS[1], "agency": "culture", "user": "deng", "name": THEIRS[2], "roles": ["intake_clerk"], "password": FIRST_PASSWORD,
    });
    assert_eq!(send("POST", "/api/v1/accounts", &root, clerk).0, 201);
    assert_eq!(sign_in(THEIRS[3], PASSWORD).0, 401);
    let (_, clerk) = sign_in(THEIRS[1], FIRST_PASSWORD);
    // What an administrator gave them opens nothing but its own change.
    let own = json!({"password": PASSWORD});
    assert_eq!(send("PUT", "/api/v1/account/password", &clerk, own).0, 204);
    let matter = json!({
        "procedure": "complaint-intake", "title": THEIRS[4],
        "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": THEIRS[5]}},
    });
    assert_eq!(send("POST", "/api/v1/matters", &clerk, matter).0, 201);
    assert_eq!(
        send(
            "GET",
            &format!("/api/v1/search?q={}", THEIRS[6]),
            &clerk,
            json!(null)
        )
        .0 / 100,
        2
    );
    let (status, head, problem) = send("GET", "/api/v1/matters/no-id", &clerk, json!(null));
    let problem: Value = serde_json::from_str(&problem).unwrap();
    let id = header(&head, "x-request-id").to_owned();
    assert_eq!((status, &problem["request_id"]), (400, &json!(id)));
    let traced =
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: evil\r\n";
    let (head, _) = ask(&address, "GET", "/healthz", traced, "");
    let healthy = header(&head, "x-request-id").to_owned();
    assert_eq!(healthy.len(), 16);

    // A browser asks for the metrics; the public address has none.
    let (head, page) = ask(&metrics, "GET", "/metrics", "Accept: text/html\r\n", "");
    assert!(
        head.contains(" 200 OK") && header(&head, "content-type").starts_with("text/plain"),
        "{head}"
    );
    for line in [
        "quanlian_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/matters\",status=\"201\"} 1",
        "quanlian_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/matters/{id}\",status=\"400\"} 1",
        "quanlian_database_up 1",
        "quanlian_requests_in_flight 0",
        "quanlian_uploads_open 0",
        "quanlian_trail_in_trouble 0",
    ] {
        assert!(page.lines().any(|one| one == line), "{line}\n{page}");
    }
    assert!(
        page.contains("process_resident_memory_bytes ") && page.contains("quanlian_database_connections ")
    );
    assert!(ask(&address, "GET", "/metrics", "", "").0.contains(" 404 "));
    assert!(ask(&metrics, "GET", "/healthz", "", "").0.contains(" 404 "));

    let process = service.process.id().to_string();
    assert!(Command::new("kill").arg(process).status().unwrap().success());
    log.extend(service.lines.by_ref().map(Result::unwrap));
    assert!(service.process.wait().unwrap().success());
    let mut answered = BTreeSet::new();
    for line in &log {
        let told: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if told["message"] == "answered" {
            answered.insert(told["span"]["request.id"].as_str().unwrap().to_owned());
        }
    }
    assert!(
        answered.contains(&id) && answered.contains(&healthy),
        "{answered:?}"
    );
    let begun = Instant::now();
    let spans = loop {
        let all = traces.lock().unwrap().clone();
        let spans = all.iter().flat_map(|one| {
            one["resourceSpans"][0]["scopeSpans"][0]["spans"]
                .as_array()
                .unwrap()
                .clone()
        });
        let spans: Vec<Value> = spans.collect();
        if spans.iter().any(|span| span["spanId"] == healthy.as_str())
            || begun.elapsed() > Duration::from_secs(10)
        {
            break spans;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let of = |id: &str| spans.iter().find(|span| span["spanId"] == id).unwrap();
    assert_eq!(
        (&of(&healthy)["traceId"], &of(&healthy)["parentSpanId"]),
        (
            &json!("0af7651916cd43dd8448eb211c80319c"),
            &json!("b7ad6b7169203331")
        )
    );
    assert_eq!(of(&id)["name"], "GET /api/v1/matters/{id}");
    let told = [log.join("\n"), page, json!(spans).to_string()].join("\n");
    for theirs in THEIRS {
        assert!(!told.contains(theirs), "{theirs} was told");
    }
    assert!(
        !told.contains(&code) && !told.contains("no-id"),
        "nor codes, nor paths as they were asked for"
    );
}
