//! Zip archives, by their central directory.
//!
//! In:  a file on the disk.
//! Out: its members one after the other.
//!
//! Invariants: the directory is read as a stream, so that memory does not grow with what it claims. Members whose bytes
//! overlap with those of another, as in a zip bomb, are not read.
//!
//! Not here: documents that are zip files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipReadOptions;
use zip::read::{Config, ZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::budget::{Limit, Metered};
use super::{Names, Outer, PassedOver, Reading, Taken};
use crate::collection::Note;

/// Members of one archive.
const MAX_MEMBERS: usize = 1 << 20;
/// Bytes at the beginning of a zip file in which a document names its form.
const FORM_BYTES: u64 = 256;

/// Hands the members to the reading.
pub(super) fn members(reading: &mut Reading<'_, '_>, path: &Path, outer: &Outer) -> io::Result<Taken> {
    let open = || File::open(path).map(BufReader::new);
    let mut archive = ZipIterable::try_new(open()?, Config::default()).map_err(of_zip)?;
    let mut body = open()?;
    let (mut names, mut passed_over, mut ranges) =
        (Names::default(), PassedOver::default(), Ranges::default());
    let is_cut = archive.len() > MAX_MEMBERS;
    let mut taken = Ok(Taken::Next);
    for entry in archive.files().map_err(of_zip)?.take(MAX_MEMBERS) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                taken = Err(of_zip(e));
                break;
            }
        };
        if entry.is_dir() {
            continue;
        }
        let name = names.take(&outer.name, entry.name_raw());
        if entry.encrypted() {
            passed_over.encrypted += 1;
        } else if entry.is_symlink() {
            passed_over.special += 1;
        } else if reading.is_of_git(&name) && !reading.wanted.history {
            passed_over.git += 1;
        } else if !ranges.take(entry.header_start(), entry.compressed_size()) {
            passed_over.overlapping += 1;
        } else {
            match member(reading, entry, &mut body, &name, outer) {
                Ok(Some(Taken::Next)) => {}
                Ok(None) => passed_over.git += 1,
                Ok(Some(Taken::Stop)) => {
                    taken = Ok(Taken::Stop);
                    break;
                }
                Err(e) if reading.budget.met().is_some() => {
                    taken = Err(e);
                    break;
                }
                Err(e) => reading.note(Note::from_error(Path::new(&name), "archive_member_damaged", &e)),
            }
        }
    }
    passed_over.remark(reading, outer);
    if is_cut {
        reading.limit(outer, Limit::Members);
    }
    taken
}

/// One member; nothing when it is of a repository and not for its history.
fn member(
    reading: &mut Reading<'_, '_>,
    entry: ZipFileEntry<'_>,
    body: &mut BufReader<File>,
    name: &str,
    outer: &Outer,
) -> io::Result<Option<Taken>> {
    let file = entry.with_reader(body, ZipReadOptions::new()).map_err(of_zip)?;
    let mut file = Metered::new(file, reading.budget);
    if reading.is_of_git(name) {
        let is_taken = reading.file_of_git(name, &mut file)?;
        return Ok(is_taken.then_some(Taken::Next));
    }
    reading.member(&mut file, PathBuf::from(name), outer).map(Some)
}

/// Which bytes belong to members already.
#[derive(Default)]
struct Ranges {
    end_by_start: BTreeMap<u64, u64>,
}

impl Ranges {
    /// Takes a range; whether it was free.
    fn take(&mut self, start: u64, length: u64) -> bool {
        // The header before the data has some bytes at least.
        let end = start.saturating_add(length).saturating_add(1);
        let before = self.end_by_start.range(..=start).next_back();
        let after = self.end_by_start.range(start..).next();
        let is_free = before.is_none_or(|(_, &before_end)| before_end <= start)
            && after.is_none_or(|(&after_start, _)| end <= after_start);
        if is_free {
            self.end_by_start.insert(start, end);
        }
        is_free
    }
}

/// Whether a zip file is a document of OpenDocument or Office of a form that is not read: its parts are no works.
pub(super) fn is_office(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(FORM_BYTES).read_to_end(&mut start)?;
    let has = |what: &[u8]| start.windows(what.len()).any(|window| window == what);
    // The first member of an OpenDocument file says so, not compressed; that of an Office file has a fixed name.
    Ok(has(b"mimetypeapplication/vnd.oasis.opendocument")
        || start.get(30..49) == Some(b"[Content_Types].xml"))
}

fn of_zip(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(e) => e,
        e => io::Error::new(io::ErrorKind::InvalidData, e),
    }
}
