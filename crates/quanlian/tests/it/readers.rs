//! The log leaves the house: readers fetch it over HTTP, and its lock record stands somewhere else.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    hash::leaf_hash,
    merkle::{inclusion_proof, verify_inclusion},
    note::VerifierKey,
    tile::{TileError, TileKind, TilePath, TileTree},
};

use super::{code, json, keys::copy_tree, quanlian, stderr, text};
use crate::service::Service;

/// `log serve` as a process of its own.
struct Served {
    service: Service,
    /// `HOST:PORT`
    address: String,
    key: String,
}

impl Served {
    fn start(data: &Path) -> Self {
        let mut service = Service::start(&["log", "serve", "--listen", "127.0.0.1:0", "--data", text(data)]);
        let (key, url) = (service.last_word(), service.last_word());
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self {
            service,
            address,
            key,
        }
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
        (status, answer.split_off(end + 4))
    }

    /// The newest head, the content of one entry, and that it is under that head, from what is served alone.
    fn proven_entry(&self, index: u64) -> (u64, Vec<u8>) {
        let key: VerifierKey = self.key.parse().unwrap();
        let note = String::from_utf8(self.get("/checkpoint").1).unwrap();
        let head = SignedCheckpoint::open(&note, &key).unwrap();
        let read = |path: TilePath| -> Result<Vec<u8>, TileError> {
            let (status, body) = self.get(&format!("/{path}"));
            assert_eq!(status, 200, "{path}");
            Ok(body)
        };
        let bundle = TilePath::in_tree(TileKind::Entries, index / 256, head.size()).unwrap();
        let bytes = read(bundle).unwrap();
        let entry = bundle.entries(&bytes).unwrap()[(index % 256) as usize].to_vec();
        let proof = inclusion_proof(&mut TileTree::new(head.size(), read), index, head.size()).unwrap();
        verify_inclusion(&leaf_hash(&entry), index, head.size(), &proof, &head.root()).unwrap();
        (head.size(), entry)
    }
}

fn append(data: &Path, line: &str, more: &[&str]) -> std::process::Output {
    let file = data.with_extension("txt");
    fs::write(&file, line).unwrap();
    let words = ["log", "append", "--json", "--data", text(data), text(&file)];
    quanlian(&[words.as_slice(), more].concat())
}

#[test]
fn a_stranger_reads_the_log_over_http_while_it_grows_and_checks_everything_herself() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let nothing = quanlian(&["log", "serve", "--data", text(&data)]);
    assert_eq!(code(&nothing), 2, "{}", stderr(&nothing));
    json(&append(&data, "first", &[]), 0);
    let served = Served::start(&data);
    let published = fs::read_to_string(data.join("log.vkey")).unwrap();
    assert_eq!(served.key, published.trim(), "the key that the log publishes");
    assert_eq!(served.proven_entry(0), (1, b"first".to_vec()));
    json(&append(&data, "second", &[]), 0);
    assert_eq!(served.proven_entry(1), (2, b"second".to_vec()));
    for path in [
        "/../log.key",
        "/%2e%2e/log.key",
        "/log.key",
        "/tile/0/000.p/9",
        "/private/in-use",
    ] {
        let (status, body) = served.get(path);
        assert!([400, 404].contains(&status), "{path}: {status}");
        assert!(!String::from_utf8_lossy(&body).contains("PRIVATE"), "{path}");
    }
    // Asked to stop it stops, and well.
    let mut served = served;
    let asked = Command::new("kill")
        .arg(served.service.process.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    let begin = Instant::now();
    let status = served.service.process.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_log_keeps_its_lock_record_in_a_database_and_no_copy_goes_on_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let [one, two] = ["one", "two"].map(|name| format!("sqlite:{}", text(&folder.path().join(name))));
    json(&append(&data, "a", &["--lock", &one]), 0);
    // The folder remembers; another place is refused by name.
    assert_eq!(json(&append(&data, "b", &[]), 0)["size"], 2);
    assert_eq!(json(&append(&data, "c", &["--lock", &one]), 0)["size"], 3);
    for elsewhere in ["file", &two] {
        let refused = append(&data, "d", &["--lock", elsewhere]);
        assert_eq!(code(&refused), 2, "{}", stderr(&refused));
        assert!(stderr(&refused).contains("move-lock"), "{}", stderr(&refused));
        let fsck = quanlian(&["log", "fsck", "--data", text(&data), "--lock", elsewhere]);
        assert_eq!(code(&fsck), 2, "{}", stderr(&fsck));
    }
    let fsck = json(&quanlian(&["log", "fsck", "--json", "--data", text(&data)]), 0);
    assert_eq!((&fsck["ok"], &fsck["size"]), (&true.into(), &3.into()));
    // A copy of the folder, and then the record moves.
    let copy = folder.path().join("copy");
    copy_tree(&data, &copy);
    let move_to =
        |place: &str| quanlian(&["log", "move-lock", "--json", "--data", text(&data), "--to", place]);
    let moved = json(&move_to(&two), 0);
    assert_eq!(
        (moved["size"].as_u64(), moved["to"].as_str()),
        (Some(3), Some(two.as_str()))
    );
    let stale = append(&copy, "d", &[]);
    assert_eq!(code(&stale), 2, "{}", stderr(&stale));
    assert!(stderr(&stale).contains(&two), "{}", stderr(&stale));
    // Custody, holds and all other commands go where the folder says, too.
    let deposit = quanlian(&[
        "deposit",
        text(&data.with_extension("txt")),
        "--json",
        "--data",
        text(&data),
    ]);
    let id = json(&deposit, 0)["deposits"][0]["deposit"]
        .as_str()
        .unwrap()
        .to_owned();
    let words = [
        "hold",
        "add",
        &id,
        "--by",
        "x",
        "--reason",
        "y",
        "--json",
        "--data",
        text(&data),
    ];
    json(&quanlian(&words), 0);
    json(&move_to("file"), 0);
    json(&append(&data, "e", &[]), 0);
    let fsck = json(&quanlian(&["log", "fsck", "--json", "--data", text(&data)]), 0);
    assert_eq!(fsck["ok"], true);
}

#[test]
fn a_password_on_the_command_line_is_refused_and_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for place in [
        "postgres://writer:hunter2@127.0.0.1/heads",
        "postgres://writer@127.0.0.1/heads?password=hunter2",
        "s3://hunter2@bucket/x",
        "mysql://writer:hunter2@127.0.0.1/heads",
        "hunter2",
    ] {
        let refused = append(&data, "a", &["--lock", place]);
        assert_eq!(code(&refused), 2, "{place}: {}", stderr(&refused));
        assert!(!stderr(&refused).contains("hunter2"), "{}", stderr(&refused));
    }
    // Nobody listens there, and the log is not begun somewhere else instead.
    let mut away = Command::new(env!("CARGO_BIN_EXE_quanlian"));
    let file = data.with_extension("txt");
    let output = away
        .args([
            "--lang",
            "en",
            "--quiet",
            "log",
            "append",
            "--data",
            text(&data),
            text(&file),
        ])
        .env("QUANLIAN_LOCK", "postgres://writer@127.0.0.1:9/heads")
        .env("QUANLIAN_LOCK_PASSWORD", "hunter2")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cannot be reached"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    assert!(!data.join("log/public/checkpoint").try_exists().unwrap());
}
