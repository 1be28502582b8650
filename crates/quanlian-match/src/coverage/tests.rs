//! Small trees with moved, renamed, split and missing files.

use super::*;
use crate::{MatchSegment, Medium, Span};

fn found(work: &str, suspect: &str, segments: &[([u64; 2], [u64; 2])]) -> Match {
    let segment = |&(work, suspect): &([u64; 2], [u64; 2])| {
        MatchSegment::from(Span {
            suspect,
            work,
            unit: Unit::Line,
        })
    };
    Match {
        suspect: suspect.to_owned(),
        work: work.to_owned(),
        medium: Medium::Code,
        score_bits: 100.0,
        e_value: 0.0,
        identity: 1.0,
        segments: segments.iter().map(segment).collect(),
        transform: None,
        evidence: None,
        null_model: None,
        filtered: Vec::new(),
        suspect_history: None,
        work_history: None,
    }
}

fn files<'a>(files: &[(&'a str, u64)]) -> Vec<CoverageFile<'a>> {
    let file = |&(name, length): &(&'a str, u64)| CoverageFile {
        name,
        unit: Unit::Line,
        length: Some(length),
    };
    files.iter().map(file).collect()
}

#[test]
fn moved_renamed_split_and_missing_files_are_told() {
    let works = files(&[
        ("rtl/alu.v", 100),
        ("rtl/fifo.v", 50),
        ("rtl/top.v", 80),
        ("rtl/uart.v", 40),
        ("tb/t.v", 30),
    ]);
    let suspects = files(&[
        ("s/rtl/alu.v", 100),
        ("s/ip/fifo.v", 60),
        ("s/a.v", 60),
        ("s/b.v", 30),
        ("s/core.v", 45),
        ("s/own.v", 105),
    ]);
    let matches = [
        found("rtl/alu.v", "s/rtl/alu.v", &[([1, 101], [1, 101])]),
        // The same header in another file: counted once, and no counterpart.
        found("rtl/alu.v", "s/core.v", &[([1, 11], [1, 11])]),
        found(
            "rtl/fifo.v",
            "s/ip/fifo.v",
            &[([1, 31], [5, 35]), ([21, 41], [30, 50])],
        ),
        found("rtl/top.v", "s/a.v", &[([1, 51], [1, 51])]),
        found("rtl/top.v", "s/b.v", &[([45, 75], [1, 31])]),
        found("rtl/uart.v", "s/core.v", &[([1, 41], [5, 45])]),
    ];
    let coverage = Coverage::of(&works, &suspects, &matches);
    let [table] = &*coverage.tables else {
        panic!("one table of lines")
    };
    let told: Vec<String> = (table.files.iter())
        .map(|file| {
            let counterpart = file
                .counterpart
                .as_ref()
                .map(|c| (&*c.suspect, c.covered, c.place));
            let pieces: Vec<(&str, u64)> = file.pieces.iter().map(|p| (&*p.suspect, p.adds)).collect();
            format!("{} {} {counterpart:?} {pieces:?}", file.work, file.covered)
        })
        .collect();
    assert_eq!(
        told,
        [
            "rtl/alu.v 100 Some((\"s/rtl/alu.v\", 100, SamePath)) []",
            "rtl/fifo.v 40 Some((\"s/ip/fifo.v\", 40, Moved)) []",
            "rtl/top.v 74 Some((\"s/a.v\", 50, Renamed)) [(\"s/b.v\", 24)]",
            "rtl/uart.v 40 Some((\"s/core.v\", 40, Renamed)) []",
            "tb/t.v 0 None []",
        ]
    );
    assert_eq!((table.missing, table.moved_or_renamed, table.split), (1, 3, 1));
    assert_eq!((table.works.covered, table.works.length), (254, Some(300)));
    assert_eq!((table.suspects.covered, table.suspects.length), (269, Some(400)));
    let core = table
        .explained
        .iter()
        .find(|file| file.suspect == "s/core.v")
        .expect("there");
    assert_eq!(
        (core.explained, core.works, core.stands_for.as_deref()),
        (44, 2, Some("rtl/uart.v"))
    );
    // The order of the matches does not matter.
    let turned: Vec<Match> = matches.iter().rev().cloned().collect();
    assert_eq!(Coverage::of(&works, &suspects, &turned), coverage);
}

#[test]
fn members_of_archives_are_compared_by_their_inner_path_and_unknown_lengths_give_no_share() {
    let works = files(&[("w.zip!/rtl/alu.v", 10)]);
    let suspects = [CoverageFile {
        name: "s.tgz!/x/rtl/alu.v",
        unit: Unit::Line,
        length: None,
    }];
    let matches = [found(
        "w.zip!/rtl/alu.v",
        "s.tgz!/x/rtl/alu.v",
        &[([1, 9], [1, 9])],
    )];
    let table = &Coverage::of(&works, &suspects, &matches).tables[0];
    let counterpart = table.files[0].counterpart.as_ref().expect("found");
    assert_eq!((counterpart.place, counterpart.covered), (Place::SamePath, 8));
    assert_eq!((table.works.share, table.suspects.share), (Some(0.8), None));
}

#[test]
fn nothing_and_hostile_ranges_give_empty_tables() {
    assert_eq!(Coverage::of(&[], &[], &[]), Coverage::default());
    let works = files(&[("a", 3)]);
    let odd = [found(
        "a",
        "b",
        &[([9, 2], [0, u64::MAX]), ([0, u64::MAX], [5, 5])],
    )];
    let table = &Coverage::of(&works, &[], &odd).tables[0];
    assert_eq!((table.files[0].covered, table.missing), (3, 0));
}
