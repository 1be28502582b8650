//! The service against clients that are right, wrong, slow and hostile.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use quanlian_tlog::witness::{AddCheckpoint, MAX_REQUEST_BYTES};
use quanlian_witness::service::MAX_CONNECTIONS;

use super::{head, post, prove, send, start};

fn request(old: u64, new: u64) -> String {
    let proof = if old == 1 && new == 2 {
        prove(1).unwrap()
    } else {
        Vec::new()
    };
    AddCheckpoint::new(old, proof, head(new)).unwrap().to_string()
}

#[test]
fn statuses_types_and_bodies_are_those_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let address = start(folder.path(), 2);
    let check = |answer: &str, status: &str, body: &str| {
        let (head, found) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(found.starts_with(body), "{answer}");
        head.to_ascii_lowercase()
    };
    check(&post(address, &request(0, 1)), "200", "— w2.example/w ");
    let conflict = check(&post(address, &request(0, 2)), "409", "1\n");
    assert!(conflict.contains("content-type: text/x.tlog.size"), "{conflict}");
    check(&post(address, &request(1, 2)), "200", "— w2.example/w ");
    check(&post(address, &request(2, 1)), "400", "witness_old_size");
    check(&post(address, &request(1, 1)), "409", "2\n");
    check(&post(address, "old"), "400", "witness_request");
    let unsigned = request(2, 2).replace("\n2\n", "\n3\n");
    check(&post(address, &unsigned), "403", "witness_not_signed");
    let unknown = quanlian_tlog::note::SignerKey::from_seed("else.example", &[1; 32]).unwrap();
    let unknown = unknown
        .sign(
            &head(1)
                .unverified_text()
                .replace("log.example/one", "else.example"),
        )
        .unwrap();
    check(
        &post(address, &format!("old 0\n\n{unknown}")),
        "404",
        "witness_unknown_origin",
    );
    let get = |path: &str| {
        send(
            address,
            format!("GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    };
    let about = get("/");
    assert!(
        about.contains("\nwitness w1 w2.example/w+") && about.contains("\n# log log.example/one"),
        "{about}"
    );
    check(&get("/state"), "404", "");
    check(&get("/add-checkpoint"), "405", "");
}

#[test]
fn hostile_requests_are_cut_short_and_the_service_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let address = start(folder.path(), 2);
    let head = |length: usize| {
        format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\n\r\n")
    };
    // Too large by its own word, and without a word.
    let mut announced = head(1 << 40).into_bytes();
    announced.extend(vec![b'x'; MAX_REQUEST_BYTES + 1]);
    assert!(send(address, &announced).starts_with("HTTP/1.1 413 "));
    let mut chunked =
        b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        chunked.extend(format!("4000\r\n{}\r\n", "x".repeat(0x4000)).as_bytes());
    }
    assert!(send(address, &chunked).starts_with("HTTP/1.1 413 "));
    // Heads that do not end, and what is no HTTP.
    for hostile in [
        format!("GET / HTTP/1.1\r\nHost: w\r\nA: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1000)),
        "\u{0}\u{1}\u{2}".repeat(10_000),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
    ] {
        let answer = send(address, hostile.as_bytes());
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    // Two contradicting lengths, with which a request could be smuggled past a server in front.
    let smuggled =
        "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nold 0x";
    assert!(send(address, smuggled.as_bytes()).starts_with("HTTP/1.1 400 "));
    assert!(post(address, &request(0, 1)).starts_with("HTTP/1.1 200 "));
}

#[test]
fn connections_that_say_nothing_do_not_keep_others_out_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let address = start(folder.path(), 2);
    let begun = Instant::now();
    let silent: Vec<TcpStream> = (0..MAX_CONNECTIONS)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    thread::sleep(Duration::from_millis(200));
    let mut late = TcpStream::connect(address).unwrap();
    late.write_all(b"GET / HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
        .unwrap();
    late.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(25));
    drop(silent);
}

#[test]
fn many_at_once_get_one_history() {
    let folder = tempfile::tempdir().unwrap();
    let address = start(folder.path(), 2);
    assert!(post(address, &request(0, 1)).starts_with("HTTP/1.1 200 "));
    let answers: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|at| scope.spawn(move || post(address, &request(1, 1 + at % 2))))
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    // Once the larger head is cosigned, the smaller one never is again.
    let cosigned = |answer: &String| answer.starts_with("HTTP/1.1 200 ");
    assert!(answers.iter().any(cosigned));
    assert!(
        answers
            .iter()
            .all(|answer| cosigned(answer) || answer.ends_with("\r\n\r\n2\n")),
        "{answers:?}"
    );
    assert!(post(address, &request(1, 1)).starts_with("HTTP/1.1 409 "));
}
