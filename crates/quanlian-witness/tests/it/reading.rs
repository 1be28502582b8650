//! A log read over real sockets: what a reader gets, and what a hostile one does not.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use flate2::read::GzDecoder;
use proptest::prelude::*;
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    hash::{Hash, leaf_hash},
    log::Log,
    merkle::{inclusion_proof, verify_inclusion},
    note::SignerKey,
    store::LogHome,
    tile::{TileError, TileKind, TilePath, TileTree},
};

const ORIGIN: &str = "log.example/read";

fn key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[4; 32]).unwrap()
}

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}, with words that can be made shorter, shorter, shorter").into_bytes()
}

/// A log of 600 entries, served in this process.
fn serve(data: &Path) -> SocketAddr {
    let mut log = Log::create(LogHome::create(data).unwrap(), key()).unwrap();
    let entries: Vec<Vec<u8>> = (0..600).map(entry).collect();
    log.append_batch(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let public = data.join("log/public");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            quanlian_witness::tiles::serve(listener, &public, "about\n", std::future::pending()).await;
        });
    });
    address
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Sends these bytes and reads all that comes.
fn send(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(request);
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        body: all.split_off(end + 4),
        head,
    })
}

fn get(address: SocketAddr, path: &str, more: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    send(address, request.as_bytes()).unwrap()
}

fn holds(answer: &Answer, lines: &[&str]) {
    for line in lines {
        assert!(
            answer.head.lines().any(|found| found == *line),
            "{line}\n{}",
            answer.head
        );
    }
}

#[test]
fn a_reader_proves_an_entry_from_what_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let address = serve(folder.path());
    let checkpoint = get(address, "/checkpoint", "");
    holds(
        &checkpoint,
        &[
            "content-type: text/plain; charset=utf-8",
            "cache-control: public, max-age=5",
        ],
    );
    let note = String::from_utf8(checkpoint.body).unwrap();
    let head = SignedCheckpoint::open(&note, key().verifier()).unwrap();
    assert_eq!(head.size(), 600);
    let read = |path: TilePath| -> Result<Vec<u8>, TileError> {
        let answer = get(address, &format!("/{path}"), "");
        assert_eq!(answer.status, 200, "{path}");
        holds(
            &answer,
            &[
                "content-type: application/octet-stream",
                "cache-control: public, max-age=31536000, immutable",
                &format!("content-length: {}", answer.body.len()),
            ],
        );
        Ok(answer.body)
    };
    let mut tree = TileTree::new(600, read);
    for index in [0, 255, 256, 599] {
        let proof: Vec<Hash> = inclusion_proof(&mut tree, index, 600).unwrap();
        let leaf = leaf_hash(&entry(index));
        verify_inclusion(&leaf, index, 600, &proof, &head.root()).unwrap();
    }
    // Entries come as they are, or compressed for those who ask.
    let path = TilePath::in_tree(TileKind::Entries, 2, 600).unwrap();
    let plain = read(path).unwrap();
    let packed = get(
        address,
        &format!("/{path}"),
        "Accept-Encoding: identity, gzip\r\n",
    );
    holds(&packed, &["content-encoding: gzip", "vary: accept-encoding"]);
    assert!(packed.body.len() < plain.len() / 3);
    let mut unpacked = Vec::new();
    // In pieces of HTTP/1.1, each behind its length.
    GzDecoder::new(&unchunked(&packed)[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);
    assert_eq!(path.entries(&plain).unwrap()[0], entry(512));
    let hashes = get(address, "/tile/0/000", "Accept-Encoding: gzip\r\n");
    assert!(!hashes.head.contains("gzip"), "hashes cannot be made shorter");
    assert_eq!(get(address, "/", "").body, b"about\n");
    let head = send(
        address,
        b"HEAD /tile/0/000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .unwrap();
    holds(&head, &["content-length: 8192"]);
    assert!(head.body.is_empty());
}

fn unchunked(answer: &Answer) -> Vec<u8> {
    holds(answer, &["transfer-encoding: chunked"]);
    let (mut whole, mut rest) = (Vec::new(), answer.body.as_slice());
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

#[test]
fn what_is_absent_odd_or_hostile_is_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let address = serve(folder.path());
    fs::write(folder.path().join("log/public/secret"), "x").unwrap();
    fs::create_dir_all(folder.path().join("log/public/tile/0/003")).unwrap();
    for path in [
        "/tile/0/002",
        "/tile/0/000.p/255",
        "/tile/0/003",
        "/tile/8/000",
        "/tile/0/x18446744073709551615/000",
        "/secret",
        "/checkpoint/x",
        "/checkpoint.tmp",
        "/../../log.key",
        "/tile/../../../log.key",
        "/%2e%2e/%2e%2e/log.key",
        "/..%2f..%2flog.key",
        "/%63heckpoint",
        "/tile/0/000%00",
        "/tile/0/%",
        "/tile/0/%zz",
        "/tile\\0\\000",
        "//etc/passwd",
        "/private/in-use",
        "/log.key.signed",
        "/tile/entries/000.p/1/../../../../../../log.key",
    ] {
        let status = get(address, path, "").status;
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    assert_eq!(
        get(address, "/tile/0/000?x=1", "").status,
        200,
        "a query is no part of the path"
    );
    assert_eq!(get(address, "http://other.example/checkpoint", "").status, 200);
    let post = send(
        address,
        b"POST /checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let post = post.unwrap();
    assert_eq!(post.status, 405);
    holds(&post, &["allow: get, head"]);
    let long = get(address, &format!("/tile/0/{}", "0".repeat(40_000)), "");
    assert!([400, 404, 414, 431].contains(&long.status), "{}", long.status);
    let many = get(address, "/checkpoint", &"X: y\r\n".repeat(500));
    assert!([400, 431].contains(&many.status), "{}", many.status);
    // It goes on to serve.
    assert_eq!(get(address, "/checkpoint", "").status, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn any_bytes_get_an_answer_or_none_and_nothing_of_the_folder(
        requests in proptest::collection::vec("(GET|HEAD|get|\\x00)? ?/?[ -~\\r\\n%./]{0,200}", 8..16),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let address = serve(folder.path());
        fs::write(folder.path().join("log/private/note"), "a word of the private folder").unwrap();
        for request in requests {
            if let Some(answer) = send(address, format!("{request}\r\n\r\n").as_bytes()) {
                let body = String::from_utf8_lossy(&answer.body);
                prop_assert!(!body.contains("a word of the private folder"));
            }
        }
        prop_assert_eq!(get(address, "/checkpoint", "").status, 200);
    }
}
