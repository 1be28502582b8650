//! The container: the small part of the ZIP format that bundles use.
//!
//! In:  names, sizes, checksums and bytes, or a file from outside.
//! Out: a ZIP that every program opens, or the entries of one that this module could have written.
//!
//! Invariant: one list of entries has one container. Everything is stored, never
//! compressed, so there is nothing to blow up; the clock reads 1980-01-01; entries are
//! sorted by name and lie back to back. The reader recomputes every header byte from
//! names, sizes and checksums and compares, so bytes before, between or after the entries,
//! comments, extra fields, other attributes (links, folders) and duplicate names have no
//! place to hide.
//!
//! Not here: ZIP64. A container ends before 4 GiB; larger originals go in by their digests.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use unicode_normalization::UnicodeNormalization as _;

/// The largest container, in bytes: what 32-bit offsets reach.
pub const MAX_CONTAINER_BYTES: u64 = u32::MAX as u64;
/// The most entries in a container: what 16-bit counts reach.
pub const MAX_ENTRIES: usize = u16::MAX as usize - 1;
/// The longest name of an entry, in bytes.
pub const MAX_ENTRY_NAME_BYTES: usize = 200;

const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
const CENTRAL_SIGNATURE: u32 = 0x0201_4b50;
const END_SIGNATURE: u32 = 0x0605_4b50;
const ZIP64_LOCATOR_SIGNATURE: u32 = 0x0706_4b50;
const LOCAL_FIXED_BYTES: usize = 30;
const CENTRAL_FIXED_BYTES: usize = 46;
const END_BYTES: usize = 22;
const ZIP64_LOCATOR_BYTES: usize = 20;
/// The longest comment that a ZIP can have behind its end record.
const MAX_COMMENT_BYTES: u64 = 0xffff;
/// Version 2.0, the oldest that every reader takes.
const VERSION: u16 = 20;
/// Made on Unix, so that names are bytes and the attributes below count.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1980-01-01, the first day that ZIP knows.
const DATE: u16 = 1 << 5 | 1;
/// A regular file that everybody may read: `-rw-r--r--`.
const ATTRIBUTES: u32 = 0o100_644 << 16;
/// Where Unix keeps the kind of a file in its mode, and what it says of a symbolic link.
const KIND_OF_FILE: u32 = 0o170_000;
const SYMBOLIC_LINK: u32 = 0o120_000;

/// One file in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path, with `/`.
    pub name: String,
    /// Its length.
    pub size_bytes: u32,
    /// Its CRC-32.
    pub crc32: u32,
}

/// Why a container cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ContainerError {
    /// The operating system refused.
    #[error("cannot read or write the container")]
    Io(#[from] io::Error),
    /// Larger than the format used here can hold.
    #[error(
        "the bundle would be larger than 4 GiB or hold more than {MAX_ENTRIES} files; include large originals by their digests only"
    )]
    TooLarge,
    /// A name that is not a plain relative path.
    #[error("`{0}` is not a name that a bundle may hold")]
    Name(String),
    /// A byte that this program would not have written, and that none of the variants below names better.
    #[error("not a bundle as quanlian writes it: {0}")]
    Foreign(String),
    /// The file ends before its directory does.
    #[error("the file is cut short; copy it again from where it came from")]
    Truncated,
    /// Bytes in front of, between or behind the entries, a comment included.
    #[error("there are bytes that belong to no entry: {0}")]
    ExtraBytes(&'static str),
    /// The form for more than 4 GiB, which bundles do not use and in which sizes stand twice.
    #[error("it is a ZIP64 file, which no bundle is")]
    Zip64,
    /// A compressed entry: bundles are stored, so that nothing can blow up.
    #[error("`{0}` is compressed; a bundle stores every file as it is")]
    Compressed(String),
    /// An encrypted entry.
    #[error("`{0}` is encrypted")]
    Encrypted(String),
    /// A symbolic link in place of a file.
    #[error("`{0}` is a symbolic link")]
    Link(String),
    /// A name in another encoding than UTF-8, or one that does not say which.
    #[error("the name `{0}` is not marked as UTF-8 or is not UTF-8 (GBK?)")]
    Encoding(String),
    /// One name twice.
    #[error("`{0}` occurs twice")]
    Duplicate(String),
    /// Two names that are one where case or composition of signs does not count, or a file and a folder of one name.
    #[error("`{0}` and `{1}` are one name on some systems")]
    SameName(String, String),
    /// Two entries share bytes.
    #[error("`{0}` overlaps the entry before it")]
    Overlap(String),
    /// The header of an entry and the directory, or two fields, tell different sizes.
    #[error("`{0}` is said to have two different sizes or checksums")]
    Sizes(String),
    /// Content does not fit its checksum.
    #[error("`{0}` does not fit its checksum")]
    Checksum(String),
    /// No such entry.
    #[error("`{0}` is missing")]
    Missing(String),
    /// An entry is longer than one of its kind can be.
    #[error("`{name}` has more than {limit_bytes} bytes")]
    EntryTooLarge { name: String, limit_bytes: u64 },
}

impl ContainerError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "container_io",
            Self::TooLarge => "container_too_large",
            Self::Name(_) => "container_name",
            Self::Foreign(_) => "container_foreign",
            Self::Truncated => "container_truncated",
            Self::ExtraBytes(_) => "container_extra_bytes",
            Self::Zip64 => "container_zip64",
            Self::Compressed(_) => "container_compressed",
            Self::Encrypted(_) => "container_encrypted",
            Self::Link(_) => "container_link",
            Self::Encoding(_) => "container_encoding",
            Self::Duplicate(_) => "container_duplicate",
            Self::SameName(..) => "container_same_name",
            Self::Overlap(_) => "container_overlap",
            Self::Sizes(_) => "container_sizes",
            Self::Checksum(_) => "container_checksum",
            Self::Missing(_) => "container_missing",
            Self::EntryTooLarge { .. } => "container_entry_too_large",
        }
    }
}

impl Entry {
    fn local_header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LOCAL_FIXED_BYTES + self.name.len());
        bytes.extend(LOCAL_SIGNATURE.to_le_bytes());
        bytes.extend(VERSION.to_le_bytes());
        self.common(&mut bytes);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    fn central_header(&self, offset: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CENTRAL_FIXED_BYTES + self.name.len());
        bytes.extend(CENTRAL_SIGNATURE.to_le_bytes());
        bytes.extend(MADE_BY.to_le_bytes());
        bytes.extend(VERSION.to_le_bytes());
        self.common(&mut bytes);
        // No comment, first disk, binary.
        bytes.extend([0; 6]);
        bytes.extend(ATTRIBUTES.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes
    }

    /// What both headers hold from the flags to the length of the extra field.
    fn common(&self, bytes: &mut Vec<u8>) {
        bytes.extend(FLAGS.to_le_bytes());
        bytes.extend([0; 4]); // stored, midnight
        bytes.extend(DATE.to_le_bytes());
        bytes.extend(self.crc32.to_le_bytes());
        bytes.extend(self.size_bytes.to_le_bytes());
        bytes.extend(self.size_bytes.to_le_bytes());
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend([0; 2]); // no extra field
    }
}

fn end_record(count: usize, central_bytes: u32, central_offset: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(END_BYTES);
    bytes.extend(END_SIGNATURE.to_le_bytes());
    bytes.extend([0; 4]); // one disk
    bytes.extend((count as u16).to_le_bytes());
    bytes.extend((count as u16).to_le_bytes());
    bytes.extend(central_bytes.to_le_bytes());
    bytes.extend(central_offset.to_le_bytes());
    bytes.extend([0; 2]); // no comment
    bytes
}

/// Whether `name` is a relative path of plain parts, none of them `.` or `..`.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_ENTRY_NAME_BYTES
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '\\' | ':' | '"' | '*' | '?' | '<' | '>' | '|'))
}

/// `name` as a system that ignores case and composition of signs compares it.
pub(crate) fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// Names that no system takes for one another, and none of which is also a folder.
#[derive(Default)]
struct Names {
    /// Folded names of files (true) and of folders (false), each with the first spelling.
    seen: BTreeMap<String, (bool, String)>,
}

impl Names {
    fn add(&mut self, name: &str) -> Result<(), ContainerError> {
        let folded = folded(name);
        for (at, _) in folded.match_indices('/') {
            let folder = self
                .seen
                .entry(folded[..at].to_owned())
                .or_insert_with(|| (false, name.to_owned()));
            if folder.0 {
                return Err(ContainerError::SameName(folder.1.clone(), name.to_owned()));
            }
        }
        match self.seen.insert(folded, (true, name.to_owned())) {
            None => Ok(()),
            Some((_, first)) if first == name => Err(ContainerError::Duplicate(first)),
            Some((_, first)) => Err(ContainerError::SameName(first, name.to_owned())),
        }
    }
}

/// Writes a container, entry by entry, in the order of their names.
pub struct Writer<W> {
    out: W,
    offset: u64,
    central: Vec<u8>,
    count: usize,
    last_name: String,
    names: Names,
}

impl<W: Write> Writer<W> {
    /// A container with no entries yet.
    pub fn new(out: W) -> Self {
        Self {
            out,
            offset: 0,
            central: Vec::new(),
            count: 0,
            last_name: String::new(),
            names: Names::default(),
        }
    }

    /// Adds a file, whose size and checksum must be what `content` then turns out to have.
    pub fn add(&mut self, entry: &Entry, content: impl Read) -> Result<(), ContainerError> {
        if !is_plain_name(&entry.name) || (self.count > 0 && entry.name <= self.last_name) {
            return Err(ContainerError::Name(entry.name.clone()));
        }
        self.names.add(&entry.name)?;
        let header = entry.local_header();
        let central = entry.central_header(u32::try_from(self.offset).map_err(|_| ContainerError::TooLarge)?);
        let end = self.offset + header.len() as u64 + u64::from(entry.size_bytes);
        let whole = end + (self.central.len() + central.len() + END_BYTES) as u64;
        if whole > MAX_CONTAINER_BYTES || self.count == MAX_ENTRIES {
            return Err(ContainerError::TooLarge);
        }
        self.out.write_all(&header)?;
        let mut content = Checked::new(content.take(u64::from(entry.size_bytes) + 1));
        io::copy(&mut content, &mut self.out)?;
        if !content.fits(entry) {
            return Err(ContainerError::Checksum(entry.name.clone()));
        }
        self.central.extend(central);
        self.offset = end;
        self.count += 1;
        self.last_name.clone_from(&entry.name);
        Ok(())
    }

    /// Writes the directory and gives the output back.
    pub fn finish(mut self) -> Result<W, ContainerError> {
        self.out.write_all(&self.central)?;
        self.out.write_all(&end_record(
            self.count,
            self.central.len() as u32,
            self.offset as u32,
        ))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A container whose every header has been checked.
#[derive(Debug)]
pub struct Reader<F> {
    file: F,
    entries: Vec<(Entry, u64)>,
}

impl Reader<File> {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, ContainerError> {
        Self::new(File::open(path)?)
    }
}

impl<F: Read + Seek> Reader<F> {
    /// Reads the directory and checks every byte that is not content.
    ///
    /// Memory is bounded by the size of the directory, which is bounded by [`MAX_ENTRIES`].
    pub fn new(mut file: F) -> Result<Self, ContainerError> {
        let length = file.seek(SeekFrom::End(0))?;
        if length > MAX_CONTAINER_BYTES {
            return Err(ContainerError::TooLarge);
        }
        let (count, central_bytes, central_offset) = read_end(&mut file, length)?;
        let mut central = vec![0; central_bytes as usize];
        file.seek(SeekFrom::Start(u64::from(central_offset)))?;
        file.read_exact(&mut central)?;
        let entries = read_directory(&central, count, central_offset)?;
        let mut reader = Self { file, entries };
        reader.check_local_headers()?;
        Ok(reader)
    }

    /// The entries, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// The content of one small entry.
    pub fn read(&mut self, name: &str, limit_bytes: u64) -> Result<Vec<u8>, ContainerError> {
        let mut content = Vec::new();
        self.stream(name, limit_bytes, |reader| {
            reader.read_to_end(&mut content).map(|_| ())
        })?;
        Ok(content)
    }

    /// Lets `consume` read one entry to its end, then compares the checksum.
    pub fn stream(
        &mut self,
        name: &str,
        limit_bytes: u64,
        consume: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), ContainerError> {
        let at = self
            .entries
            .binary_search_by(|(entry, _)| entry.name.as_str().cmp(name))
            .map_err(|_| ContainerError::Missing(name.to_owned()))?;
        let (entry, offset) = &self.entries[at];
        if u64::from(entry.size_bytes) > limit_bytes {
            return Err(ContainerError::EntryTooLarge {
                name: name.to_owned(),
                limit_bytes,
            });
        }
        self.file.seek(SeekFrom::Start(*offset))?;
        let mut content = Checked::new((&mut self.file).take(u64::from(entry.size_bytes)));
        consume(&mut content)?;
        io::copy(&mut content, &mut io::sink())?;
        if content.fits(entry) {
            Ok(())
        } else {
            Err(ContainerError::Checksum(name.to_owned()))
        }
    }

    fn check_local_headers(&mut self) -> Result<(), ContainerError> {
        // Checksum and both sizes.
        const SIZES: std::ops::Range<usize> = 14..26;
        for (entry, content_offset) in &self.entries {
            let wanted = entry.local_header();
            let mut found = vec![0; wanted.len()];
            self.file
                .seek(SeekFrom::Start(content_offset - wanted.len() as u64))?;
            self.file.read_exact(&mut found)?;
            if found[SIZES] != wanted[SIZES] {
                return Err(ContainerError::Sizes(entry.name.clone()));
            }
            if found != wanted {
                return foreign(&format!("the header of `{}` is another one", entry.name));
            }
        }
        Ok(())
    }
}

/// What the end record says: how many entries, how long their directory is and where it begins.
fn read_end<F: Read + Seek>(file: &mut F, length: u64) -> Result<(usize, u32, u32), ContainerError> {
    if length < END_BYTES as u64 {
        return Err(ContainerError::Truncated);
    }
    let mut tail = vec![0; length.min(END_BYTES as u64 + MAX_COMMENT_BYTES) as usize];
    file.seek(SeekFrom::Start(length - tail.len() as u64))?;
    file.read_exact(&mut tail)?;
    let (before, end) = tail.split_at(tail.len() - END_BYTES);
    if u32_at(end, 0) != END_SIGNATURE {
        return Err(no_end(file, &tail)?);
    }
    let locator = before.len().checked_sub(ZIP64_LOCATOR_BYTES);
    if locator.is_some_and(|at| u32_at(before, at) == ZIP64_LOCATOR_SIGNATURE) {
        return Err(ContainerError::Zip64);
    }
    let count = usize::from(u16_at(end, 10));
    let (central_bytes, central_offset) = (u32_at(end, 12), u32_at(end, 16));
    if count > MAX_ENTRIES || central_bytes == u32::MAX || central_offset == u32::MAX {
        return Err(ContainerError::Zip64);
    }
    if end != end_record(count, central_bytes, central_offset) {
        return foreign("its end record is another one");
    }
    let told = u64::from(central_offset) + u64::from(central_bytes) + END_BYTES as u64;
    if told > length {
        return Err(ContainerError::Truncated);
    }
    if told < length {
        return Err(ContainerError::ExtraBytes(
            "in front of the first entry or behind the directory",
        ));
    }
    if central_bytes as usize > count * (CENTRAL_FIXED_BYTES + MAX_ENTRY_NAME_BYTES) {
        return foreign("its directory is too long");
    }
    Ok((count, central_bytes, central_offset))
}

/// Why a file does not end in an end record.
fn no_end<F: Read + Seek>(file: &mut F, tail: &[u8]) -> io::Result<ContainerError> {
    if tail.windows(4).any(|window| u32_at(window, 0) == END_SIGNATURE) {
        return Ok(ContainerError::ExtraBytes("behind the end"));
    }
    let mut start = [0; 4];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut start)?;
    Ok(if u32::from_le_bytes(start) == LOCAL_SIGNATURE {
        ContainerError::Truncated
    } else {
        ContainerError::Foreign("it is no ZIP file".to_owned())
    })
}

/// The entries of a directory and where their content begins.
fn read_directory(central: &[u8], count: usize, end: u32) -> Result<Vec<(Entry, u64)>, ContainerError> {
    let mut entries: Vec<(Entry, u64)> = Vec::with_capacity(count);
    let mut names = Names::default();
    let mut rest = central;
    let mut offset = 0_u64;
    for _ in 0..count {
        let Some((fixed, tail)) = rest.split_at_checked(CENTRAL_FIXED_BYTES) else {
            return foreign("its directory is cut short");
        };
        let name_bytes = usize::from(u16_at(fixed, 28));
        let Some((name, tail)) = tail.split_at_checked(name_bytes) else {
            return foreign("its directory is cut short");
        };
        let name = std::str::from_utf8(name)
            .map_err(|_| ContainerError::Encoding(name.escape_ascii().to_string()))?;
        if !is_plain_name(name) {
            return Err(ContainerError::Name(name.escape_debug().to_string()));
        }
        names.add(name)?;
        if entries
            .last()
            .is_some_and(|(before, _)| before.name.as_str() >= name)
        {
            return foreign("its names are not sorted");
        }
        let entry = Entry {
            name: name.to_owned(),
            size_bytes: u32_at(fixed, 24),
            crc32: u32_at(fixed, 16),
        };
        let wanted = entry.central_header(u32::try_from(offset).unwrap_or(u32::MAX));
        if rest[..wanted.len()] != wanted {
            return Err(odd_line(fixed, &entry, tail, offset));
        }
        if entry.size_bytes == u32::MAX {
            return Err(ContainerError::Zip64);
        }
        let content_offset = offset + entry.local_header().len() as u64;
        offset = content_offset + u64::from(entry.size_bytes);
        if offset > u64::from(end) {
            return Err(ContainerError::Overlap("its directory".to_owned()));
        }
        entries.push((entry, content_offset));
        rest = tail;
    }
    if !rest.is_empty() || offset != u64::from(end) {
        return Err(ContainerError::ExtraBytes(
            "between the entries and their directory",
        ));
    }
    Ok(entries)
}

/// What is odd about a line of the directory, which is not the one that this program would have written.
fn odd_line(fixed: &[u8], entry: &Entry, tail: &[u8], offset: u64) -> ContainerError {
    const ENCRYPTED: u16 = 1;
    const ZIP64_EXTRA: u16 = 1;
    let name = entry.name.clone();
    let (flags, method) = (u16_at(fixed, 8), u16_at(fixed, 10));
    let (extra_bytes, told_offset) = (u16_at(fixed, 30), u64::from(u32_at(fixed, 42)));
    let has_zip64 = extra_bytes >= 4 && tail.len() >= 2 && u16_at(tail, 0) == ZIP64_EXTRA;
    if has_zip64 || entry.size_bytes == u32::MAX {
        ContainerError::Zip64
    } else if flags & ENCRYPTED != 0 {
        ContainerError::Encrypted(name)
    } else if method != 0 {
        ContainerError::Compressed(name)
    } else if (u32_at(fixed, 38) >> 16) & KIND_OF_FILE == SYMBOLIC_LINK {
        ContainerError::Link(name)
    } else if flags & FLAGS == 0 {
        ContainerError::Encoding(name)
    } else if u32_at(fixed, 20) != entry.size_bytes {
        ContainerError::Sizes(name)
    } else if told_offset < offset {
        ContainerError::Overlap(name)
    } else if told_offset > offset {
        ContainerError::ExtraBytes("between two entries")
    } else {
        ContainerError::Foreign(format!("the directory line of `{name}` is another one"))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn foreign<T>(why: &str) -> Result<T, ContainerError> {
    Err(ContainerError::Foreign(why.to_owned()))
}

/// A reader that counts and sums what passes through.
struct Checked<R> {
    inner: R,
    size_bytes: u64,
    crc32: crc32fast::Hasher,
}

impl<R: Read> Checked<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            size_bytes: 0,
            crc32: crc32fast::Hasher::new(),
        }
    }

    fn fits(&self, entry: &Entry) -> bool {
        self.size_bytes == u64::from(entry.size_bytes) && self.crc32.clone().finalize() == entry.crc32
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.size_bytes += count as u64;
        self.crc32.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// A container with the right form and whatever names it is given.
    fn forge(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut bytes, mut central) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let entry = Entry {
                name: (*name).to_owned(),
                size_bytes: content.len() as u32,
                crc32: crc32fast::hash(content),
            };
            central.extend(entry.central_header(bytes.len() as u32));
            bytes.extend(entry.local_header());
            bytes.extend(*content);
        }
        let offset = bytes.len() as u32;
        bytes.extend(&central);
        bytes.extend(end_record(files.len(), central.len() as u32, offset));
        bytes
    }

    fn write(files: &[(&str, &[u8])]) -> Result<Vec<u8>, ContainerError> {
        let mut writer = Writer::new(Vec::new());
        for (name, content) in files {
            let (size_bytes, crc32) = (content.len() as u32, crc32fast::hash(content));
            writer.add(
                &Entry {
                    name: (*name).to_owned(),
                    size_bytes,
                    crc32,
                },
                *content,
            )?;
        }
        writer.finish()
    }

    fn code(bytes: &[u8]) -> &'static str {
        match Reader::new(Cursor::new(bytes)) {
            Ok(_) => "accepted",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_has_one_form() {
        let files: &[(&str, &[u8])] = &[("a/b.txt", b"one"), ("c", b""), ("核验说明.html", b"two")];
        let bytes = write(files).unwrap();
        assert_eq!(bytes, forge(files));
        let mut reader = Reader::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.read("a/b.txt", 3).unwrap(), b"one");
        assert_eq!(
            reader.read("a/b.txt", 2).unwrap_err().code(),
            "container_entry_too_large"
        );
        assert_eq!(reader.read("b", 9).unwrap_err().code(), "container_missing");
        assert_eq!(code(&write(&[]).unwrap()), "accepted");
    }

    #[test]
    fn names_that_could_leave_the_folder_or_hide_are_refused_both_ways() {
        for name in [
            "../x",
            "a/../x",
            "a/..",
            "..",
            ".",
            "a/./x",
            "/etc/passwd",
            "a//b",
            "a/",
            "",
            "C:x",
            "a\\b",
            "a\0b",
            "a\nb",
            "a\u{1b}[0m",
            "a*",
            "a?b",
            "a|b",
            "\"a\"",
        ] {
            assert_eq!(
                write(&[(name, b"")]).unwrap_err().code(),
                "container_name",
                "{name:?}"
            );
            assert_eq!(code(&forge(&[(name, b"")])), "container_name", "{name:?}");
        }
        let long = "a".repeat(MAX_ENTRY_NAME_BYTES + 1);
        assert_eq!(write(&[(&long, b"")]).unwrap_err().code(), "container_name");
        assert_ne!(code(&forge(&[(&long, b"")])), "accepted");
    }

    #[test]
    fn duplicates_and_other_orders_are_refused_both_ways() {
        for (files, name) in [
            ([("a", b"1".as_slice()), ("a", b"2")], "container_duplicate"),
            ([("b", b"1"), ("a", b"2")], "container_foreign"),
        ] {
            assert_eq!(write(&files).unwrap_err().code(), "container_name");
            assert_eq!(code(&forge(&files)), name);
        }
    }

    #[test]
    fn names_that_are_one_name_elsewhere_are_refused_both_ways() {
        for (one, two) in [
            ("A", "a"),
            ("Datei/x", "datei/X"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("a", "a/b"),
            ("A", "a/b"),
        ] {
            let files = [(one, b"1".as_slice()), (two, b"2")];
            assert_eq!(
                write(&files).unwrap_err().code(),
                "container_same_name",
                "{one} {two}"
            );
            assert_eq!(code(&forge(&files)), "container_same_name", "{one} {two}");
        }
        assert_eq!(
            code(&forge(&[("A/x", b""), ("a/y", b"")])),
            "accepted",
            "two folders may be one"
        );
    }

    #[test]
    fn content_that_is_not_as_announced_is_refused() {
        let entry = Entry {
            name: "a".into(),
            size_bytes: 3,
            crc32: crc32fast::hash(b"abc"),
        };
        for content in [b"ab".as_slice(), b"abcd", b"abd"] {
            assert_eq!(
                Writer::new(Vec::new()).add(&entry, content).unwrap_err().code(),
                "container_checksum"
            );
        }
        let mut bytes = forge(&[("a", b"abc")]);
        let at = bytes.windows(3).position(|window| window == b"abc").unwrap();
        bytes[at] ^= 1;
        let mut reader = Reader::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.read("a", 9).unwrap_err().code(), "container_checksum");
    }

    #[test]
    fn a_bit_in_any_header_is_noticed_without_reading_content() {
        let bytes = forge(&[("a", b""), ("b/c", b"")]);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let refused = match Reader::new(Cursor::new(&changed)) {
                    Ok(mut reader) => ["a", "b/c"].iter().any(|name| reader.read(name, 9).is_err()),
                    Err(_) => true,
                };
                assert!(refused, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn sizes_beyond_the_format_are_refused_before_anything_is_written() {
        let huge = Entry {
            name: "a".into(),
            size_bytes: u32::MAX,
            crc32: 0,
        };
        let mut writer = Writer::new(Vec::new());
        assert_eq!(
            writer.add(&huge, b"".as_slice()).unwrap_err().code(),
            "container_too_large"
        );
        assert!(writer.out.is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused_in_peace(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_ne!(code(&bytes), "accepted");
        }

        #[test]
        fn a_damaged_container_is_refused_in_peace(cuts in prop::collection::vec((0_usize..200, any::<u8>()), 1..6)) {
            let good = forge(&[("a", b"one"), ("b", b"two")]);
            let mut bytes = good.clone();
            for (at, byte) in cuts {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            if let Ok(mut reader) = Reader::new(Cursor::new(&bytes)) {
                let whole = ["a", "b"].iter().all(|name| reader.read(name, 9).is_ok());
                prop_assert_eq!(whole, bytes == good);
            }
        }
    }
}
