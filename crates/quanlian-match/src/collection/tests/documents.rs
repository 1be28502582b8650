//! Stories of texts that lie in documents: pages, subtitles, Word and EPUB archives, PDF.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::upkeep::names;
use super::*;

fn docx(paragraphs: &[&str]) -> Vec<u8> {
    let runs: Vec<String> = (paragraphs.iter())
        .map(|p| format!("<w:p><w:r><w:t>{p}</w:t></w:r></w:p>"))
        .collect();
    let xml = format!("<w:document xmlns:w='w'>{}</w:document>", runs.concat());
    zipped("word/document.xml", xml.as_bytes())
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file(name, options).expect("start");
    zip.write_all(bytes).expect("write");
    zip.finish().expect("finish").into_inner()
}

#[test]
fn a_passage_is_found_from_one_kind_of_document_to_another() {
    let bench = Bench::new(&[("story.docx", &docx(&LINES)), ("tale.txt", CHINESE.as_bytes())]);
    assert_eq!(bench.build().expect("build").added, 2);
    let page = format!(
        "<!doctype html><html><head><style>p {{ color: red }}</style></head><body><p>Seen elsewhere:</p><p>{}</p></body></html>",
        LINES[3]
            .replace("riddles", "<em>riddles</em>")
            .replace('a', "&#97;")
    );
    let shown = |(i, line)| format!("{}\n00:00:0{i},000 --> 00:00:0{i},900\n{line}\n", i + 1);
    let subtitles = CHINESE
        .split('。')
        .enumerate()
        .map(shown)
        .collect::<Vec<_>>()
        .join("\n");
    let collection = bench.open();
    for (name, bytes, work) in [
        ("page.bin", page, "story.docx"),
        ("film.srt", subtitles, "tale.txt"),
    ] {
        let suspect = bench.suspect(name, bytes.as_bytes());
        let report = collection
            .match_file(&suspect, &MatchOptions::default())
            .expect("match");
        let found: Vec<&str> = report.matches.iter().map(|m| m.work.as_str()).collect();
        assert_eq!((report.medium, found), (Medium::Text, vec![work]), "{name}");
    }
    // Places count characters of what is read: the fourth paragraph, wherever it lies in the archive.
    let suspect = bench.suspect("copy.txt", LINES[3].as_bytes());
    let report = collection
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    let start = LINES[..3]
        .iter()
        .map(|line| line.chars().count() as u64 + 1)
        .sum::<u64>();
    let segment = &report.matches[0].segments[0];
    assert!(
        segment.work()[0].abs_diff(start) <= 5,
        "{segment:?} begins at {start}"
    );
}

#[test]
fn a_document_that_cannot_be_read_is_named_and_the_run_goes_on() {
    let bench = Bench::new(&[
        ("broken.docx", &docx(&LINES)[..200]),
        ("bomb.docx", &zipped("word/document.xml", &vec![b' '; 65 << 20])),
        ("empty.docx", &docx(&[])),
        ("other.zip", &zipped("notes.txt", b"text in an archive")),
        ("story.docx", &docx(&LINES)),
    ]);
    let report = bench.build().expect("build");
    assert_eq!(report.added, 1);
    assert_eq!(
        codes(&report.notes),
        [
            ("bomb.docx", "text_document_too_large"),
            ("broken.docx", "work_unknown_medium"),
            ("empty.docx", "text_none"),
            ("other.zip", "work_unknown_medium"),
        ]
    );
    // What was given up in the middle leaves nothing behind.
    assert_eq!(
        Collection::remove(&bench.at("index"), &names(&["story.docx"]))
            .expect("remove")
            .removed,
        1
    );
}

#[test]
fn texts_that_an_earlier_version_kept_are_told_from_those_of_today() {
    let bench = Bench::new(&[("story.txt", LINES.join("\n").as_bytes())]);
    bench.build().expect("build");
    let part = bench.at("index").join("part-000001");
    // The file that this version alone has.
    fs::remove_file(part.join("text.blocks")).expect("remove");
    let kept = crate::text::store::TextStore::open(&part).expect("no damage");
    assert!(kept.is_none(), "kept otherwise");
    let told = Collection::open(&bench.at("index")).expect_err("refused");
    assert_eq!(told.code(), "collection_io", "the manifest lists the file");
}
