//! Seeds of evidence: time stamps, deposits, custody, bags and bundles, WARC, HTTP, DevTools, logins.

use std::{fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use quanlian_evidence::{
    bundle::{BundleItem, Original},
    container::Reader,
    vault::{Outside, Terms, Vault},
};
use quanlian_fuzz::{bundle::PATHS, escape, scratch};
use quanlian_record::time::Timestamp;
use quanlian_timestamp::{
    algorithm::DigestAlgorithm,
    ber::Integer,
    demo::Authority,
    record::{EvidenceRecord, HashTree, Stamp},
    request::Request,
    response::Response,
};

use crate::Corpora;

pub fn make(corpora: &Corpora) {
    time_stamps(corpora);
    bundle(corpora);
    capture(corpora);
}

fn time_stamps(corpora: &Corpora) {
    let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z"));
    let serial = Integer::from_unsigned(&[5]).expect("a number");
    let p256 = Authority::new(&[1; 32], from, until).expect("an authority");
    let sm2 = Authority::new_sm2(&[2; 32], from, until).expect("an authority");
    let day = at("2026-06-01T00:00:00Z");
    for (name, authority) in [("p256", &p256), ("sm2", &sm2)] {
        let request = Request::over(b"note", [3; 8]).to_der();
        let answer = authority.answer(&request, &serial, day);
        let token = Response::from_bytes(&answer)
            .expect("it is read")
            .token
            .expect("it was granted");
        corpora.put("timestamp_request", name, &request);
        corpora.put("timestamp_response", name, &answer);
        corpora.put("timestamp_response", &format!("{name}-token"), token.as_bytes());
        corpora.put("timestamp_response", &format!("{name}-request"), &request);
        corpora.put("timestamp_certificate", name, authority.certificate().as_der());
        corpora.put(
            "timestamp_certificate",
            &format!("{name}-pem"),
            authority.certificate().to_pem(),
        );
    }
    corpora.put(
        "timestamp_response",
        "refused",
        p256.answer(b"nothing", &serial, day),
    );

    let leaves = [b"note".as_slice(), b"two", b"three"].map(|leaf| DigestAlgorithm::Sha256.digest(leaf));
    let stamped = |tree: &HashTree| {
        let request = Request {
            imprint: tree.root(),
            policy: None,
            nonce: None,
            wants_certificate: true,
        };
        let answer = p256.answer(&request.to_der(), &serial, day);
        Response::from_bytes(&answer)
            .expect("it is read")
            .token
            .expect("it was granted")
    };
    let tree = HashTree::of(DigestAlgorithm::Sha256, leaves.to_vec()).expect("a tree");
    let token = stamped(&tree);
    let mut record = EvidenceRecord::begin(Stamp {
        tree: &tree,
        leaf: 0,
        token: &token,
    })
    .expect("a record");
    corpora.put("timestamp_record", "one", record.to_der());
    let (algorithm, leaf) = record.renewal_leaf().expect("a digest that is known");
    let tree = HashTree::of(algorithm, vec![leaf]).expect("a tree");
    let token = stamped(&tree);
    record
        .renew(Stamp {
            tree: &tree,
            leaf: 0,
            token: &token,
        })
        .expect("renewed");
    corpora.put("timestamp_record", "renewed", record.to_der());
    let leaf = record.rehash_leaf(DigestAlgorithm::Sha512, b"note");
    let tree = HashTree::of(DigestAlgorithm::Sha512, vec![leaf]).expect("a tree");
    let token = stamped(&tree);
    record
        .rehash(
            b"note",
            Stamp {
                tree: &tree,
                leaf: 0,
                token: &token,
            },
        )
        .expect("rehashed");
    corpora.put("timestamp_record", "rehashed", record.to_der());
}

/// A clock that ticks once a call, and a counter in place of randomness.
struct Counter(u64);

impl Outside for Counter {
    fn now(&mut self) -> Timestamp {
        self.0 += 1;
        Timestamp::from_unix_micros(1_767_225_600_000_000 + self.0 as i64 * 1000).expect("a time")
    }
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.0 >> 40) as u8;
        }
        self.0 >>= 40;
    }
}

fn bundle(corpora: &Corpora) {
    let mut outside = Counter(0);
    let folder = scratch();
    let mut vault =
        Vault::open_or_create(&folder.join("vault"), "log.example/fuzz", &mut outside).expect("a vault");
    let path = folder.join("a");
    fs::write(&path, "a work").expect("the folder takes it");
    let terms = Terms {
        depositor: "张三".into(),
        source: Some("https://example.com/a".into()),
        ..Terms::default()
    };
    let outcome = vault.deposit_files(&[path], &terms, &mut outside, &mut |_| {});
    let items = outcome
        .receipts
        .into_iter()
        .map(|(path, receipt)| BundleItem::Kept {
            receipt,
            original: Original::File(path),
        });
    let out = folder.join("seed.qne.zip");
    vault
        .bundle(items.collect(), "李四", &out, &mut outside, &mut |_| {})
        .expect("a bundle");
    corpora.put("bundle_container", "bundle", fs::read(&out).expect("it reads"));

    let mut reader = Reader::open(&out).expect("a bundle");
    let names: Vec<String> = reader.entries().map(|entry| entry.name.clone()).collect();
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for name in &names {
        let content = reader.read(name, 1 << 20).expect("it reads");
        let number = PATHS.iter().position(|path| path == name);
        if let Some(number) = number.filter(|_| content.len() < 100_000) {
            parts.push([&[number as u8][..], &escape(&content)].concat());
            corpora.put(
                "bundle_verify",
                &number.to_string(),
                parts.last().expect("just pushed"),
            );
        }
        match name.as_str() {
            "bag-info.txt" | "manifest-sha256.txt" | "tagmanifest-sha256.txt" => {
                let declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\0";
                corpora.put("bundle_bagit", name, [declaration.as_bytes(), &content].concat());
            }
            "proof/0001/custody.jsonl" => corpora.put("custody_lines", "bundle", &content),
            "proof/0001/deposit.json" => corpora.put("deposit_records", "deposit", &content),
            "proof/0001/entry.json" => corpora.put("deposit_records", "entry", &content),
            "proof/0001/salt.hex" => corpora.put("deposit_records", "salt", &content),
            "proof/log.vkey" => corpora.put("deposit_records", "key", &content),
            _ => {}
        }
    }
    corpora.put("bundle_verify", "whole", parts.join(&0xff));
    let fetch = "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-16\n\0";
    let text = "https://example.com/a 12 data/a\nhttps://example.com/b - data/b%0Ac\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    corpora.put("bundle_bagit", "utf-16", [fetch.as_bytes(), &utf16].concat());
    corpora.put(
        "bundle_bagit",
        "fetch",
        format!("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\0{text}"),
    );
}

fn capture(corpora: &Corpora) {
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
    let request = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nabc";
    for (name, text) in [
        ("chunked", response),
        ("request", request),
        ("length", "HTTP/1.0 404 No\r\nContent-Length: 4\r\n\r\nnone"),
        (
            "close",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        ),
        (
            "interim",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        ),
    ] {
        corpora.put("capture_http", name, text);
    }
    let warc = [
        warc_record(
            "warcinfo",
            "Content-Type: application/warc-fields\r\n",
            "software: quanlian\r\n",
        ),
        warc_record(
            "response",
            "WARC-Target-URI: https://example.com/\r\nContent-Type: application/http;msgtype=response\r\n\
             WARC-Block-Digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\r\n",
            response,
        ),
        warc_record(
            "revisit",
            "WARC-Target-URI: https://example.com/\r\nWARC-Profile: x\r\n",
            "",
        ),
    ];
    corpora.put("capture_warc", "plain", warc.concat());
    let zipped: Vec<Vec<u8>> = warc.iter().map(|record| zipped(record.as_bytes())).collect();
    corpora.put("capture_warc", "zipped", zipped.concat());

    corpora.put(
        "capture_cdp",
        "answer",
        b"{\"id\":1,\"result\":{\"product\":\"x\"}}\0{\"method\":\"Page.loadEventFired\",\"params\":{}}\0",
    );
    corpora.put(
        "capture_cdp",
        "refused",
        b"{\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\"}}\0",
    );
    corpora.put(
        "capture_cdp",
        "events",
        b"{\"method\":\"Page.javascriptDialogOpening\",\"sessionId\":\"s\",\"params\":{\"type\":\"alert\"}}\0{\"method\":\"Inspector.targetCrashed\",\"sessionId\":\"s\"}\0",
    );
    corpora.put(
        "capture_login",
        "script",
        "start = \"https://example.com/login\"\n[[step]]\nfill = \"#user\"\ntext = \"a\"\n[[step]]\nclick = \"#go\"\n",
    );
    corpora.put(
        "capture_login",
        "cookies",
        "# Netscape\n#HttpOnly_.example.com\tTRUE\t/\tTRUE\t1893456000\tsession\tabc\n",
    );
}

/// A record of a web archive.
pub fn warc_record(kind: &str, fields: &str, block: &str) -> String {
    format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n\
         WARC-Date: 2026-01-01T00:00:00Z\r\n{fields}Content-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
}

/// The bytes as one member of a gzip file.
pub fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}
