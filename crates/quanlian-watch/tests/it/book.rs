//! The book: appended to, replayed, repaired at its end alone.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use proptest::prelude::*;
use quanlian_watch::book::{BOOK_NAME, Book, read};

use crate::{copy_of, item, line, plays};

#[test]
fn what_was_written_is_there_again_and_nothing_stands_twice() {
    let folder = tempfile::tempdir().unwrap();
    let when = "2026-01-10T00:00:00Z";
    let lines = || {
        vec![
            line("a", when, item("p", "x", None)),
            line("a", when, plays("2026-01-05T00:00:00Z", 10)),
            line("a", when, copy_of("w")),
        ]
    };
    let mut book = Book::open(folder.path()).unwrap();
    let new = book.write(lines()).unwrap();
    assert_eq!((new.lines, new.looks), (3, 1));
    assert_eq!(book.write(lines()).unwrap().lines, 0, "known");
    let again = vec![
        line("b", when, item("p", "y", None)),
        line("a", when, plays("2026-01-05T00:00:00Z", 10)),
    ];
    let new = book.write(again).unwrap();
    assert_eq!((new.lines, new.looks), (1, 0), "a look that is known is none");
    assert_eq!(Book::open(folder.path()).unwrap_err().code(), "book_in_use");
    let before = book.records().clone();
    drop(book);
    let book = Book::open(folder.path()).unwrap();
    assert_eq!(*book.records(), before);
    assert_eq!(book.torn_bytes(), 0);
}

#[test]
fn every_torn_end_is_cut_and_the_lines_before_it_stand() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(folder.path()).unwrap();
    let when = "2026-01-10T00:00:00Z";
    book.write(vec![
        line("a", when, item("p", "x", None)),
        line("b", when, item("p", "y", None)),
    ])
    .unwrap();
    drop(book);
    let path = folder.path().join(BOOK_NAME);
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let book = Book::open(folder.path()).unwrap();
        assert_eq!(book.records().len(), usize::from(end >= first), "cut at {end}");
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            if end >= first { first as u64 } else { 0 }
        );
    }
}

#[test]
fn other_damage_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(BOOK_NAME), b"{\"at\":1}\n").unwrap();
    let error = Book::open(folder.path()).unwrap_err();
    assert_eq!(error.code(), "book_damaged");
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn a_program_that_another_thread_starts_does_not_keep_the_book() {
    let folder = tempfile::tempdir().unwrap();
    let is_over = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // A machine without this program tests the rest.
                let _ = Command::new("true").status();
            }
        });
        let refused = (0..300).filter(|_| Book::open(folder.path()).is_err()).count();
        is_over.store(true, Ordering::Relaxed);
        refused
    });
    assert_eq!(refused, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_a_book_to_readers_and_writers_alike_or_to_neither(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(BOOK_NAME);
        let mut book = Book::open(folder.path()).unwrap();
        let when = "2026-01-10T00:00:00Z";
        book.write(vec![line("a", when, item("p", "x", None)), line("a", when, copy_of("w"))]).unwrap();
        drop(book);
        let mut damaged = fs::read(&path).unwrap();
        for (at, byte) in changes {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        for book in [&bytes, &damaged] {
            fs::write(&path, book).unwrap();
            let seen = read(folder.path());
            match Book::open(folder.path()) {
                Ok(book) => {
                    prop_assert_eq!(&seen.unwrap(), book.records());
                    let records = book.records().clone();
                    drop(book);
                    let again = Book::open(folder.path()).unwrap();
                    prop_assert_eq!((again.records(), again.torn_bytes()), (&records, 0));
                }
                Err(_) => prop_assert!(seen.is_err()),
            }
        }
    }
}
