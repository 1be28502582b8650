//! Tar archives, as a stream.
//!
//! In:  the bytes from the first header on.
//! Out: the members one after the other.
//!
//! Long names are put together here from the entries before a member, each bounded, because the library would read one
//! of any length into memory.
//!
//! Not here: compression around the archive (`layer`), files with holes, which are named and passed over.

use std::io::{self, Read};
use std::path::PathBuf;

use tar::{Archive, EntryType, PaxExtensions};

use super::budget::Limit;
use super::{Names, Outer, PassedOver, Reading, Taken};

/// Members of one archive.
const MAX_MEMBERS: usize = 1 << 20;
/// Bytes of the entries that carry the name of the next member.
const MAX_NAME_BYTES: u64 = 64 << 10;

/// Hands the members to the reading.
pub(super) fn members(
    reading: &mut Reading<'_, '_>,
    reader: &mut dyn Read,
    outer: &Outer,
) -> io::Result<Taken> {
    let mut archive = Archive::new(reader);
    let (mut names, mut passed_over) = (Names::default(), PassedOver::default());
    let mut long_name: Option<Vec<u8>> = None;
    let mut taken = Ok(Taken::Next);
    for (count, entry) in archive.entries()?.raw(true).enumerate() {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                taken = Err(e);
                break;
            }
        };
        if count >= MAX_MEMBERS {
            reading.limit(outer, Limit::Members);
            break;
        }
        let name = match entry.header().entry_type() {
            EntryType::GNULongName => {
                long_name = Some(trimmed(limited(&mut entry)?));
                continue;
            }
            EntryType::XHeader => {
                long_name = path_of_pax(&limited(&mut entry)?).or(long_name);
                continue;
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader | EntryType::Directory => {
                if entry.header().entry_type() == EntryType::Directory {
                    long_name = None;
                }
                continue;
            }
            EntryType::Regular | EntryType::Continuous => {
                let short = entry.header().path_bytes().into_owned();
                long_name.take().unwrap_or(short)
            }
            _ => {
                long_name = None;
                passed_over.special += 1;
                continue;
            }
        };
        if name.ends_with(b"/") {
            continue;
        }
        let name = names.take(&outer.name, &name);
        if reading.is_of_git(&name) {
            passed_over.git += u64::from(!reading.file_of_git(&name, &mut entry)?);
            continue;
        }
        match reading.member(&mut entry, PathBuf::from(name), outer) {
            Ok(Taken::Next) => {}
            other => {
                taken = other;
                break;
            }
        }
    }
    passed_over.remark(reading, outer);
    taken
}

fn limited(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_NAME_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Without the zero byte at its end.
fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    name.truncate(end);
    name
}

fn path_of_pax(bytes: &[u8]) -> Option<Vec<u8>> {
    let paths = PaxExtensions::new(bytes).map_while(Result::ok);
    let path = paths.filter(|field| field.key_bytes() == b"path").last()?;
    Some(path.value_bytes().to_vec())
}
