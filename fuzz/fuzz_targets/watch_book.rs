//! The book of a watch.
//!
//! In:  the bytes of the book.
//! Out: no panic; a reader and a writer see the same, and a book that was opened once opens again as it is.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::scratch;
use quanlian_watch::book::{BOOK_NAME, Book, read};

fuzz_target!(|bytes: &[u8]| {
    let folder = scratch().join("book");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(BOOK_NAME), bytes).expect("the folder takes it");
    let seen = read(&folder);
    let Ok(book) = Book::open(&folder) else {
        assert!(seen.is_err());
        return;
    };
    let records = book.records().clone();
    assert_eq!(seen.ok().as_ref(), Some(&records));
    drop(book);
    let again = Book::open(&folder).expect("what was mended is whole");
    assert_eq!((again.records(), again.torn_bytes()), (&records, 0));
});
