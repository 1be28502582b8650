//! Archives made here and broken here: what they give, and what is said of the rest.

use std::collections::BTreeMap;
use std::io::Write;

use super::*;
use ::zip::write::{SimpleFileOptions, ZipWriter};
use proptest::prelude::*;

const CODE: &str = "module adder(input [7:0] a, b, output [8:0] s);\n  assign s = a + b;\nendmodule\n";

/// All members of archives, and no histories.
const ALL: Wanted<'_> = Wanted {
    exclude: &|_| false,
    archives: true,
    history: false,
    only: None,
};

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default())
            .expect("member");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("zip").into_inner()
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).expect("member");
    }
    tar.into_inner().expect("tar")
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).expect("bytes");
    gzip.finish().expect("gzip")
}

/// What was found: the text of each member by name, and the codes of the remarks with their subjects.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    members: BTreeMap<String, String>,
    notes: Vec<(String, String)>,
}

fn read(name: &str, bytes: &[u8]) -> Option<Found> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("file");
    std::fs::write(&path, bytes).expect("write");
    let (mut found, mut notes) = (Found::default(), Vec::new());
    let flow = members(&path, Path::new(name), &ALL, &mut notes, &mut |input| {
        let mut text = String::new();
        let mut body = input.body.open().expect("open");
        let _ = (&mut body).take(1 << 20).read_to_string(&mut text);
        let old = found
            .members
            .insert(input.name.to_string_lossy().into_owned(), text);
        assert_eq!(old, None, "a name is given once");
        Flow::Continue
    });
    flow.expect("readable")?;
    found.notes = notes.into_iter().map(|note| (note.subject, note.code)).collect();
    Some(found)
}

fn names(found: &Found) -> Vec<&str> {
    found.members.keys().map(String::as_str).collect()
}

fn codes(found: &Found) -> Vec<(&str, &str)> {
    found
        .notes
        .iter()
        .map(|(subject, code)| (&**subject, &**code))
        .collect()
}

#[test]
fn every_kind_of_archive_gives_its_members() {
    let code = CODE.as_bytes();
    let tar = tarred(&[("rtl/alu.v", code)]);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bzip2.write_all(&tar).expect("bytes");
    let mut xz =
        lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).expect("a writer");
    xz.write_all(&tar).expect("bytes");
    for (name, bytes) in [
        ("a.zip", zipped(&[("rtl/alu.v", code)])),
        ("a.tar", tar.clone()),
        ("a.tar.gz", gzipped(&tar)),
        ("a.tar.bz2", bzip2.finish().expect("bzip2")),
        ("a.tar.xz", xz.finish().expect("xz")),
        ("a.tar.zst", zstd::encode_all(&tar[..], 3).expect("zstd")),
        ("no-ending", gzipped(&tar)),
    ] {
        let found = read(name, &bytes).expect("an archive");
        let expected = BTreeMap::from([(format!("{name}!/rtl/alu.v"), CODE.to_owned())]);
        assert_eq!((found.members, found.notes), (expected, vec![]), "{name}");
    }
    let one = read("d/alu.v.gz", &gzipped(code)).expect("an archive");
    assert_eq!(names(&one), ["d/alu.v.gz!/alu.v"]);
}

/// `7z a` on a folder with `rtl/alu.v` (the code above) and an empty file, LZMA2.
fn seven() -> Vec<u8> {
    let mut writer = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).expect("a writer");
    for name in ["rtl/alu.v", "rtl/beta.v"] {
        let entry = sevenz_rust2::ArchiveEntry::new_file(name);
        writer
            .push_archive_entry(entry, Some(CODE.as_bytes()))
            .expect("member");
    }
    writer.finish().expect("7z").into_inner()
}

#[test]
fn seven_z_is_read_block_by_block() {
    let found = read("a.7z", &seven()).expect("an archive");
    assert_eq!(names(&found), ["a.7z!/rtl/alu.v", "a.7z!/rtl/beta.v"]);
    assert!(found.members.values().all(|text| text == CODE));
    assert_eq!(codes(&found), []);
}

#[test]
fn archives_in_archives_are_opened_and_documents_are_not() {
    let code = CODE.as_bytes();
    let inner = zipped(&[("c.v", code)]);
    let docx = zipped(&[("word/document.xml", b"<w:document/>")]);
    let odt = {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
        zip.start_file("mimetype", stored).expect("member");
        zip.write_all(b"application/vnd.oasis.opendocument.text")
            .expect("bytes");
        zip.finish().expect("zip").into_inner()
    };
    assert!(read("a.docx", &docx).is_none() && read("a.odt", &odt).is_none());
    let outer = gzipped(&tarred(&[
        ("b.zip", &inner),
        ("d/text.docx", &docx),
        ("e.v.gz", &gzipped(code)),
    ]));
    let found = read("a.tgz", &outer).expect("an archive");
    assert_eq!(
        names(&found),
        ["a.tgz!/b.zip!/c.v", "a.tgz!/d/text.docx", "a.tgz!/e.v.gz!/e.v"]
    );
    assert_eq!(codes(&found), []);
}

#[test]
fn nesting_ends_at_a_depth_and_says_so() {
    let mut bytes = CODE.as_bytes().to_vec();
    for _ in 0..MAX_DEPTH {
        bytes = zipped(&[("x", &bytes)]);
    }
    assert_eq!(read("a.zip", &bytes).expect("an archive").members.len(), 1);
    let found = read("a.zip", &zipped(&[("x", &bytes)])).expect("an archive");
    assert_eq!((found.members.len(), &*found.notes[0].1), (0, "archive_too_deep"));
    let mut packed = CODE.as_bytes().to_vec();
    for _ in 0..=MAX_DEPTH {
        packed = gzipped(&packed);
    }
    let found = read("a.gz", &packed).expect("an archive");
    assert_eq!((found.members.len(), &*found.notes[0].1), (0, "archive_too_deep"));
}

#[test]
fn a_bomb_is_given_up_and_what_came_before_it_stays() {
    let zeros = vec![b' '; 1 << 20];
    let bytes = gzipped(&tarred(&[
        ("a.v", CODE.as_bytes()),
        ("bomb.v", &zeros),
        ("c.v", CODE.as_bytes()),
    ]));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a.tgz");
    std::fs::write(&path, &bytes).expect("write");
    let budget = Budget::new(600 << 10, Limit::Ratio);
    let mut found = Vec::new();
    let mut sink = |input: Input| {
        found.push(input.name);
        Flow::Continue
    };
    let mut reading = Reading::new(ALL, &budget, &mut sink);
    let outer = Outer {
        name: "a.tgz".to_owned(),
        depth: 1,
    };
    let flow = reading.file(&path, layer::kind(&bytes).expect("packed"), &outer);
    let codes: Vec<&str> = reading.notes.iter().map(|note| &*note.code).collect();
    assert_eq!((flow, codes), (Flow::Continue, vec!["archive_ratio"]));
    assert_eq!(found, [PathBuf::from("a.tgz!/a.v")]);
}

#[test]
fn members_that_overlap_are_not_read() {
    // Two entries of the table that name the same bytes.
    let mut bytes = zipped(&[("a.v", CODE.as_bytes()), ("b.v", CODE.as_bytes())]);
    let table: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&at| bytes[at..].starts_with(b"PK\x01\x02"))
        .collect();
    let first: [u8; 4] = bytes[table[0] + 42..table[0] + 46].try_into().expect("four");
    bytes[table[1] + 42..table[1] + 46].copy_from_slice(&first);
    let found = read("a.zip", &bytes).expect("an archive");
    assert_eq!(names(&found), ["a.zip!/a.v"]);
    assert_eq!(codes(&found), [("a.zip", "archive_overlapping")]);
}

#[test]
fn encrypted_members_are_counted_in_one_remark() {
    let mut bytes = zipped(&[
        ("a.v", CODE.as_bytes()),
        ("b.v", CODE.as_bytes()),
        ("c.v", CODE.as_bytes()),
    ]);
    let marks = |mark: &[u8]| -> Vec<usize> {
        (0..bytes.len() - 4)
            .filter(|&at| bytes[at..].starts_with(mark))
            .collect()
    };
    for (at, flags) in [(marks(b"PK\x01\x02"), 8), (marks(b"PK\x03\x04"), 6)] {
        at.iter().take(2).for_each(|at| bytes[at + flags] |= 1);
    }
    let found = read("a.zip", &bytes).expect("an archive");
    assert_eq!(names(&found), ["a.zip!/c.v"]);
    assert_eq!(codes(&found), [("a.zip", "archive_encrypted")]);
}

#[test]
fn hostile_names_and_links_stay_names() {
    let code = CODE.as_bytes();
    let mut tar = ::tar::Builder::new(tarred(&[("x.v", code), ("x.v", code), (".git/config", code)]));
    tar.get_mut().truncate(3 * 1024);
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "link", "/etc/passwd")
        .expect("a link");
    let found = read("a.tar", &tar.into_inner().expect("tar")).expect("an archive");
    assert_eq!(names(&found), ["a.tar!/x.v", "a.tar!2/x.v"]);
    assert_eq!(
        codes(&found),
        [("a.tar", "archive_special"), ("a.tar", "archive_git")]
    );
    let found = read("a.zip", &zipped(&[("../../up.v", code), ("/abs.v", code)])).expect("an archive");
    assert_eq!(names(&found), ["a.zip!/../../up.v", "a.zip!//abs.v"]);
    let long = "d/".repeat(90) + "long.v";
    let found = read("l.tar", &tarred(&[(&long, code)])).expect("an archive");
    assert_eq!(names(&found), [format!("l.tar!/{long}")]);
}

#[test]
fn a_damaged_archive_says_so_and_gives_what_it_has() {
    let code = CODE.repeat(400);
    let tar = gzipped(&tarred(&[("a.v", CODE.as_bytes()), ("b.v", code.as_bytes())]));
    let found = read("a.tgz", &tar[..tar.len() - 40]).expect("an archive");
    assert_eq!(names(&found), ["a.tgz!/a.v"]);
    assert_eq!(codes(&found), [("a.tgz", "archive_damaged")]);
    let zip = zipped(&[("a.v", CODE.as_bytes())]);
    let found = read("a.zip", &zip[..zip.len() - 30]).expect("an archive");
    assert_eq!(
        (names(&found), codes(&found)),
        (vec![], vec![("a.zip", "archive_damaged")])
    );
    let mut broken = zipped(&[("a.v", CODE.as_bytes()), ("b.v", CODE.as_bytes())]);
    broken[45] ^= 0xff;
    let found = read("a.zip", &broken).expect("an archive");
    assert_eq!(
        (names(&found), codes(&found)),
        (vec!["a.zip!/b.v"], vec![("a.zip!/a.v", "archive_member_damaged")])
    );
}

#[test]
fn text_that_begins_like_an_archive_is_none() {
    for text in ["BZh9 is how bzip2 begins", "7z", "PK is a name", CODE] {
        assert_eq!(read("a.txt", text.repeat(40).as_bytes()), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_behind_a_mark_are_read_without_a_panic(
        mark in prop::sample::select(vec![
            &b"PK\x03\x04"[..], b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"BZh91AY&SY",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut all = mark.to_vec();
        all.extend(bytes);
        read("x", &all);
    }

    #[test]
    fn a_changed_archive_is_read_without_a_panic(which in 0..4_usize, at in any::<prop::sample::Index>(), put in any::<u8>()) {
        let code = CODE.as_bytes();
        let inner = zipped(&[("a.v", code), ("b.v", code)]);
        let mut bytes = match which {
            0 => inner,
            1 => seven(),
            2 => tarred(&[("x.zip", &inner), ("b.v", code)]),
            _ => gzipped(&tarred(&[("x.zip", &inner)])),
        };
        let at = at.index(bytes.len());
        bytes[at] = put;
        read("x", &bytes);
        bytes.truncate(at);
        read("x", &bytes);
    }
}
