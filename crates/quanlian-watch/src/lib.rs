//! Watching (监测): what is published, each look at it, and how copies of a work spread.
//!
//! In:  feeds, lists of addresses, folders that downloaders fill, WARC archives; what the matcher says of each file.
//! Out: [`item::Item`]s with their [`item::Look`]s in an append-only [`book`], and the [`spread`] of a work.
//!
//! Invariant: what a platform said at one moment is kept as said, with that moment; a later look is added and
//! replaces nothing. A figure that nobody stated is absent, never zero.
//!
//! Not here: the job that goes round (the binary), which parts of a file are copied (`quanlian-match`), custody
//! of what was found (`quanlian-evidence`).
//!
//! | module | holds |
//! |---|---|
//! | [`feed`], [`list`], [`folder`], [`archive`] | sources: RSS and Atom, lists of addresses, downloaders' folders, WARC |
//! | [`fetch`] | one guarded download |
//! | [`item`], [`book`] | what was seen, and the record of it |
//! | [`spread`] | speed, breadth and depth of republication |

pub mod archive;
pub mod book;
pub mod feed;
pub mod fetch;
pub mod folder;
pub mod item;
pub mod list;
pub mod spread;
