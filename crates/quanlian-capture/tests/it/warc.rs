//! The reader against files of others and files of nobody.

use std::io::{BufReader, Read as _, Write as _};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use quanlian_capture::warc::read::{Bounds, MAX_HEADER_BYTES, MAX_PROBLEMS, Report, check};
use sha2::Digest as _;

/// What a small service would allow.
const BOUNDS: Bounds = Bounds {
    inflated_bytes: 1 << 20,
    records: 1000,
};

fn read(bytes: &[u8]) -> Report {
    check(bytes, BOUNDS).unwrap()
}

fn codes(report: &Report) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

fn record(fields: &str, block: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-12-20T01:30:00Z\r\n\
         {fields}Content-Length: {}\r\n\r\n",
        block.len()
    )
    .into_bytes();
    bytes.extend_from_slice(block);
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn unzipped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).ok()?;
    Some(out)
}

fn digested(block: &[u8]) -> Vec<u8> {
    let digest = hex::encode(sha2::Sha256::digest(block));
    record(&format!("WARC-Block-Digest: sha256:{digest}\r\n"), block)
}

#[test]
fn hostile_files_are_named_and_cost_little() {
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("not a WARC", b"GIF89a".to_vec(), "warc_header"),
        (
            "an ARC",
            b"filedesc://x 0.0.0.0 1 text/plain 1\n".to_vec(),
            "warc_is_arc",
        ),
        (
            "a length beyond the file",
            b"WARC/1.1\r\nWARC-Type: x\r\nContent-Length: 18446744073709551615\r\n\r\n".to_vec(),
            "warc_too_large",
        ),
        (
            "a length beyond numbers",
            b"WARC/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n".to_vec(),
            "warc_length",
        ),
        (
            "two lengths",
            record("Content-Length: 3\r\n", b"abc"),
            "warc_length",
        ),
        (
            "a block cut off",
            record("", b"abc")[..115].to_vec(),
            "warc_truncated",
        ),
        (
            "a header without end",
            [b"WARC/1.1\r\n".to_vec(), vec![b'a'; 2 * MAX_HEADER_BYTES]].concat(),
            "warc_header_too_long",
        ),
        (
            "a bomb",
            zipped(&record("", &vec![0; 64 << 20])),
            "warc_too_large",
        ),
        ("an empty member", zipped(b""), "warc_gzip_empty"),
        (
            "rubbish between members",
            [zipped(&record("", b"a")), b"rubbish".to_vec()].concat(),
            "warc_gzip_garbage",
        ),
        (
            "a wrong digest",
            record(
                "WARC-Block-Digest: sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
                b"abc",
            ),
            "warc_block_digest",
        ),
        (
            "two records in one member",
            zipped(&[record("", b"a"), record("", b"b")].concat()),
            "warc_gzip_not_per_record",
        ),
    ];
    for (what, bytes, wanted) in cases {
        let report = read(&bytes);
        assert!(codes(&report).contains(&wanted), "{what}: {report:?}");
        assert!(!report.is_sound() && !report.is_complete(), "{what}");
    }
}

#[test]
fn a_file_without_digests_is_not_called_complete() {
    let report = read(&record("", b"abc"));
    assert!(report.is_sound() && !report.is_complete());
    let report = read(&digested(b"abc"));
    assert!(report.is_complete());
    assert!(!read(b"").is_complete());
}

#[test]
fn every_flipped_byte_of_a_digested_block_is_found() {
    let whole = digested(b"the block of the record");
    assert!(read(&whole).is_complete());
    let begin = whole.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    for at in begin..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        assert!(!read(&flipped).is_complete(), "{at}");
    }
    let zipped = zipped(&whole);
    for at in 0..zipped.len() {
        let mut flipped = zipped.clone();
        flipped[at] ^= 0x10;
        // Time and system in the head of a member, and the bits behind its last code, say nothing of the content.
        if unzipped(&flipped).as_ref() != Some(&whole) {
            assert!(!read(&flipped).is_complete(), "{at}");
        }
    }
    for end in 0..zipped.len() {
        assert!(!read(&zipped[..end]).is_complete(), "{end}");
    }
}

#[test]
fn files_of_other_programs_are_read() {
    let shared = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        Into::into,
    );
    let folder = shared.join("data/evidence/warc/warcio/test/data");
    if !folder.is_dir() {
        eprintln!("skipped: no {} (set QUANLIAN_SHARED)", folder.display());
        return;
    }
    // As `warcio check` finds them, but for what it reads over: a shortened file, and a gzip file of one member.
    for (name, records, problems) in [
        ("example.warc", 6, &[][..]),
        ("example.warc.gz", 6, &[]),
        ("example-resource.warc.gz", 3, &[]),
        ("example-iana.org-chunked.warc", 3, &[]),
        ("example-space-in-target-uri.warc.gz", 2, &[]),
        ("example-wget-bad-target-uri.warc.gz", 6, &[]),
        ("post-test.warc.gz", 6, &[]),
        ("example-digest.warc", 4, &["warc_payload_digest"]),
        (
            "example-bad-non-chunked.warc.gz",
            6,
            &["warc_gzip_not_per_record"],
        ),
        ("example-wrong-chunks.warc.gz", 0, &["warc_truncated"]),
        (
            "example-trunc.warc",
            3,
            &["warc_block_digest", "warc_payload_digest", "warc_record_end"],
        ),
        ("example.arc", 0, &["warc_is_arc"]),
        ("example.arc.gz", 0, &["warc_is_arc"]),
    ] {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        let report = check(BufReader::new(file), Bounds::default()).unwrap();
        assert_eq!(
            (report.records, codes(&report).as_slice()),
            (records, problems),
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..4000), begin in 0..3_u8) {
        let whole = match begin {
            0 => bytes,
            1 => [b"WARC/1.1\r\nContent-Type: application/http\r\nWARC-Payload-Digest: sha1:a\r\nContent-Length: 900\r\n\r\n".to_vec(), bytes].concat(),
            _ => zipped(&bytes),
        };
        let report = read(&whole);
        prop_assert!(report.problems.len() <= MAX_PROBLEMS);
        prop_assert!(report.is_complete() <= report.is_sound());
    }

    #[test]
    fn what_is_written_is_read(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..8)) {
        let file: Vec<u8> = blocks.iter().flat_map(|block| zipped(&digested(block))).collect();
        let report = read(&file);
        prop_assert!(report.is_complete(), "{:?}", report.problems);
        prop_assert_eq!(report.records, blocks.len() as u64);
    }
}
