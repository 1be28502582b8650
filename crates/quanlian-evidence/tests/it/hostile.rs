//! Hostile containers: each has a name, its bytes, and the word that its error carries.

use std::{io::Cursor, time::Instant};

use quanlian_evidence::{
    container::Reader,
    verify::{Policy, verify_stream},
};

use crate::{shell, support::Bench};

/// A ZIP entry with every field free.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    /// The name in the local header, when it is another one.
    local_name: Option<Vec<u8>>,
    content: Vec<u8>,
    flags: u16,
    method: u16,
    attributes: u32,
    extra: Vec<u8>,
    crc32: Option<u32>,
    packed_bytes: Option<u32>,
    size_bytes: Option<u32>,
    local_size_bytes: Option<u32>,
    /// Where the directory says that the entry begins.
    offset: Option<u32>,
}

impl Raw {
    fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            local_name: None,
            content: content.to_vec(),
            flags: 1 << 11,
            method: 0,
            attributes: 0o100_644 << 16,
            extra: Vec::new(),
            crc32: None,
            packed_bytes: None,
            size_bytes: None,
            local_size_bytes: None,
            offset: None,
        }
    }

    fn fields(&self, size_bytes: Option<u32>, name: &[u8]) -> Vec<u8> {
        let length = self.content.len() as u32;
        let crc32 = self.crc32.unwrap_or_else(|| crc32fast::hash(&self.content));
        let mut bytes = Vec::new();
        bytes.extend(20_u16.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        bytes.extend(crc32.to_le_bytes());
        bytes.extend(self.packed_bytes.unwrap_or(length).to_le_bytes());
        bytes.extend(size_bytes.unwrap_or(length).to_le_bytes());
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend((self.extra.len() as u16).to_le_bytes());
        bytes
    }
}

fn zip(entries: &[Raw]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(bytes.len() as u32);
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(entry.fields(entry.local_size_bytes.or(entry.size_bytes), local_name));
        bytes.extend(local_name);
        bytes.extend(&entry.extra);
        bytes.extend(&entry.content);
        central.extend(b"PK\x01\x02");
        central.extend([20, 3]);
        central.extend(entry.fields(entry.size_bytes, &entry.name));
        central.extend([0; 6]);
        central.extend(entry.attributes.to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.name);
        central.extend(&entry.extra);
    }
    end(bytes, &central, entries.len() as u16)
}

fn end(mut bytes: Vec<u8>, central: &[u8], count: u16) -> Vec<u8> {
    let offset = bytes.len() as u32;
    bytes.extend(central);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((central.len() as u32).to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// Each attack once: what it is, the file, the code of the error.
pub(crate) fn containers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (a, b) = (Raw::new("a", b"one"), Raw::new("b", b"two"));
    let good = zip(&[a.clone(), b.clone()]);
    let one = |change: &dyn Fn(&mut Raw)| {
        let mut entry = a.clone();
        change(&mut entry);
        zip(&[entry, b.clone()])
    };
    let named = |first: &str, second: &str| zip(&[Raw::new(first, b"1"), Raw::new(second, b"2")]);
    let zip64_extra = [&[1, 0, 16, 0][..], &[0xff; 16]].concat();
    let mut locator = good.clone();
    let at = locator.len() - 22;
    locator.splice(at..at, [b"PK\x06\x07".as_slice(), &[0; 16]].concat());
    vec![
        (
            "up and away",
            one(&|e| e.name = b"../a".to_vec()),
            "container_name",
        ),
        (
            "an absolute name",
            one(&|e| e.name = b"/a".to_vec()),
            "container_name",
        ),
        ("a drive", one(&|e| e.name = b"C:a".to_vec()), "container_name"),
        (
            "a backslash",
            one(&|e| e.name = b"a\\..\\a".to_vec()),
            "container_name",
        ),
        (
            "a zero byte",
            one(&|e| e.name = b"a\0".to_vec()),
            "container_name",
        ),
        ("a folder", one(&|e| e.name = b"a/".to_vec()), "container_name"),
        ("one name twice", named("a", "a"), "container_duplicate"),
        ("case", named("A", "a"), "container_same_name"),
        (
            "composition",
            named("cafe\u{301}", "caf\u{e9}"),
            "container_same_name",
        ),
        ("a file as folder", named("a", "a/b"), "container_same_name"),
        (
            "GBK",
            one(&|e| e.name = b"\xb5\xc0".to_vec()),
            "container_encoding",
        ),
        ("no UTF-8 flag", one(&|e| e.flags = 0), "container_encoding"),
        ("encrypted", one(&|e| e.flags |= 1), "container_encrypted"),
        (
            "a link",
            one(&|e| e.attributes = 0o120_777 << 16),
            "container_link",
        ),
        (
            "a device",
            one(&|e| e.attributes = 0o060_644 << 16),
            "container_foreign",
        ),
        (
            "a bomb by ratio",
            one(&|e| {
                e.method = 8;
                e.size_bytes = Some(0xffff_fff0);
            }),
            "container_compressed",
        ),
        (
            "a lying size",
            one(&|e| e.size_bytes = Some(4)),
            "container_sizes",
        ),
        (
            "another size in the header",
            one(&|e| e.local_size_bytes = Some(4)),
            "container_sizes",
        ),
        (
            "another name in the header",
            one(&|e| e.local_name = Some(b"x".to_vec())),
            "container_foreign",
        ),
        (
            "sizes beyond the file",
            one(&|e| {
                e.size_bytes = Some(0x7fff_ffff);
                e.packed_bytes = Some(0x7fff_ffff);
            }),
            "container_overlap",
        ),
        (
            "overlapping entries",
            {
                let mut second = b.clone();
                second.offset = Some(0);
                zip(&[a.clone(), second])
            },
            "container_overlap",
        ),
        (
            "a gap",
            {
                let mut second = b.clone();
                second.offset = Some(99);
                zip(&[a.clone(), second])
            },
            "container_extra_bytes",
        ),
        (
            "ZIP64 sizes",
            one(&|e| e.extra.clone_from(&zip64_extra)),
            "container_zip64",
        ),
        (
            "ZIP64 marker",
            one(&|e| {
                e.size_bytes = Some(u32::MAX);
                e.packed_bytes = Some(u32::MAX);
            }),
            "container_zip64",
        ),
        ("a ZIP64 locator", locator, "container_zip64"),
        (
            "bytes behind",
            [&good[..], b"x"].concat(),
            "container_extra_bytes",
        ),
        (
            "bytes in front",
            [b"#!/bin/sh\n", &good[..]].concat(),
            "container_extra_bytes",
        ),
        (
            "cut short",
            good[..good.len() - 30].to_vec(),
            "container_truncated",
        ),
        (
            "more entries told than there are",
            end(Vec::new(), &[0; 46], 60_000),
            "container_name",
        ),
        (
            "a directory that is too long",
            end(Vec::new(), &[0; 2_000], 1),
            "container_foreign",
        ),
    ]
}

#[test]
fn every_attack_on_the_container_has_its_own_error() {
    for (name, bytes, code) in containers() {
        let told = Reader::new(Cursor::new(&bytes)).map_or_else(|error| error.code(), |_| "accepted");
        assert_eq!(told, code, "{name}");
        assert!(
            !verify_stream(Cursor::new(&bytes), &Policy::default()).ok,
            "{name}"
        );
    }
}

#[test]
fn the_commands_refuse_every_attack_and_leave_their_folder_alone() {
    if !shell::tools_are_there() {
        return;
    }
    let bench = Bench::new();
    let path = bench.path("x.qne.zip");
    for (name, bytes, _) in containers() {
        std::fs::write(&path, bytes).unwrap();
        let output = shell::verify_with_own_copy(&path);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", shell::text(&output));
        assert!(
            shell::text(&output).contains("FAILED"),
            "{name}: {}",
            shell::text(&output)
        );
    }
    let left: Vec<_> = std::fs::read_dir(bench.folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// As many entries as the format counts: time and memory are those of their directory.
#[test]
fn a_container_full_of_entries_is_read_in_bounded_time() {
    let entries: Vec<Raw> = (0..65_534).map(|at| Raw::new(&format!("{at:05}"), b"")).collect();
    let bytes = zip(&entries);
    let start = Instant::now();
    assert!(Reader::new(Cursor::new(&bytes)).is_ok());
    let report = verify_stream(Cursor::new(&bytes), &Policy::default());
    assert!(
        !report.ok && report.checks[0].detail.contains("is missing"),
        "{:?}",
        report.checks[0]
    );
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
