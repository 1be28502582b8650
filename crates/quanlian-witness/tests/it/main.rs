//! A witness over real sockets: the protocol, hostile clients, and the client against it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod asking;
mod reading;
mod serving;

use std::{
    future,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    cosignature::{CosignerKind, CosignerSecret},
    hash::{Hash, empty_root, leaf_hash, node_hash},
    note::{Note, SignerKey},
    policy::Policy,
    witness::{FolderState, Witness},
};
use quanlian_witness::service::serve;

const ORIGIN: &str = "log.example/one";

fn log_key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn witness_key(seed: u8) -> CosignerSecret {
    CosignerSecret::from_seed(&format!("w{seed}.example/w"), CosignerKind::Ed25519, &[seed; 32]).unwrap()
}

fn clock() -> u64 {
    1_700_000_000
}

/// A witness at work in this process, on a port that the system chose.
fn start(folder: &Path, seed: u8) -> SocketAddr {
    let logs = format!("log {}\nquorum none\n", log_key().verifier());
    let policy = Policy::parse(logs.as_bytes()).unwrap();
    let state = FolderState::open(folder).unwrap();
    let witness = Witness::new(vec![witness_key(seed)], &policy, state);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            serve(listener, witness, clock, future::pending()).await
        })
    });
    address
}

/// Heads of a log of at most two entries.
fn head(size: u64) -> Note {
    let leaves: [Hash; 2] = [leaf_hash(b"a"), leaf_hash(b"b")];
    let root = match size {
        0 => empty_root(),
        1 => leaves[0],
        _ => node_hash(&leaves[0], &leaves[1]),
    };
    Note::parse(SignedCheckpoint::sign(size, root, &log_key()).unwrap().note()).unwrap()
}

/// The only proof there is: from one entry to two.
fn prove(from: u64) -> Result<Vec<Hash>, String> {
    if from == 1 {
        Ok(vec![leaf_hash(b"b")])
    } else {
        Err(format!("no proof from {from}"))
    }
}

/// Sends bytes and reads until the other side closes or is silent for two seconds.
fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    // The service may refuse before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(address: SocketAddr, body: &str) -> String {
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    send(address, format!("{head}{body}").as_bytes())
}
