//! 7z archives, by their header.
//!
//! In:  a file on the disk.
//! Out: its members, block by block.
//!
//! Invariants: the header may take [`MAX_HEADER_BYTES`] and a decoder [`MAX_DECODER_BYTES`], whatever the file asks for. A
//! damaged block ends with itself; the blocks behind it are read.
//!
//! Not here: encrypted blocks, which are counted for a remark.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use super::budget::Metered;
use super::layer::MAX_DECODER_BYTES;
use super::{Names, Outer, PassedOver, Reading, Taken};
use crate::collection::Note;

/// Bytes of the header, unpacked: some hundred thousand members.
const MAX_HEADER_BYTES: usize = 32 << 20;

/// Hands the members to the reading.
pub(super) fn members(reading: &mut Reading<'_, '_>, path: &Path, outer: &Outer) -> io::Result<Taken> {
    let mut source = BufReader::new(File::open(path)?);
    let password = Password::empty();
    let archive = match Archive::read_with_memory_limit(&mut source, &password, MAX_HEADER_BYTES / 1024) {
        Ok(archive) => archive,
        Err(Error::PasswordRequired | Error::MaybeBadPassword(_)) => {
            let message = "encrypted with its list of members: nothing was read; give an unpacked copy";
            reading.note(Note::new(outer.path(), "archive_encrypted", message));
            return Ok(Taken::Next);
        }
        Err(e) => return Err(of_seven(e)),
    };
    let (mut names, mut passed_over) = (Names::default(), PassedOver::default());
    let mut encrypted_blocks = BTreeSet::new();
    for (file, entry) in archive.files.iter().enumerate() {
        if entry.has_stream() && archive.is_file_encrypted(file) {
            passed_over.encrypted += 1;
            encrypted_blocks.extend(archive.stream_map.file_block_index[file]);
        }
    }
    let mut stopped = false;
    for block in 0..archive.blocks.len() {
        if encrypted_blocks.contains(&block) {
            continue;
        }
        let decoder = BlockDecoder::new_with_memory_limit(
            1,
            MAX_DECODER_BYTES / 1024,
            block,
            &archive,
            &password,
            &mut source,
        );
        let read = decoder.for_each_entries(&mut |entry, reader| {
            if entry.is_directory() || entry.is_anti_item() || !entry.has_stream() {
                return Ok(true);
            }
            let name = names.take(&outer.name, entry.name().as_bytes());
            if reading.is_of_git(&name) {
                let mut metered = Metered::new(reader, reading.budget);
                passed_over.git += u64::from(!reading.file_of_git(&name, &mut metered)?);
                // What is not read is unpacked all the same, and paid for.
                io::copy(&mut metered, &mut io::sink())?;
                return Ok(true);
            }
            let mut metered = Metered::new(reader, reading.budget);
            let taken = reading.member(&mut metered, PathBuf::from(name), outer)?;
            io::copy(&mut metered, &mut io::sink())?;
            stopped = matches!(taken, Taken::Stop);
            Ok(!stopped)
        });
        if stopped {
            break;
        }
        match read {
            Ok(_) => {}
            Err(e) if reading.budget.met().is_some() => {
                passed_over.remark(reading, outer);
                return Err(of_seven(e));
            }
            Err(e) => {
                let error = of_seven(e);
                reading.note(Note::from_error(outer.path(), "archive_damaged", &error));
            }
        }
    }
    passed_over.remark(reading, outer);
    Ok(if stopped { Taken::Stop } else { Taken::Next })
}

fn of_seven(error: Error) -> io::Error {
    match error {
        Error::Io(e, _) => e,
        e => io::Error::new(io::ErrorKind::InvalidData, e),
    }
}
