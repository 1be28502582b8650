//! Writing a segment: sort ([`super::sorter`]) and encode.
//!
//! In:  triples in any order.
//! Out: the file under its name, complete, or nothing.
//!
//! Invariant: the file appears under its name only when it is whole and synced.
//!
//! Not here: reading (`reader`), the bytes of the parts (`layout`).

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::layout::{self, CHECKSUM_BYTES, HEADER_BYTES, Header, MAX_ENTRY_POSTINGS, push_varint};
use super::sorter::{RUN_BUFFER_BYTES, Record, Sorter, pack, unpack};
use super::{PAGE_BYTES, Segment, SegmentError, SegmentParameters, mix};

/// Collects postings and writes them as one segment.
#[derive(Debug)]
pub struct SegmentWriter {
    path: PathBuf,
    folder: PathBuf,
    parameters: SegmentParameters,
    sorter: Sorter,
}

impl SegmentWriter {
    /// Starts a segment that will lie at `path`; its folder must exist.
    pub fn create(path: &Path, parameters: &SegmentParameters) -> Result<Self, SegmentError> {
        let folder = folder_of(path)?;
        Ok(Self {
            path: path.to_owned(),
            sorter: Sorter::new(&folder, parameters.key_bits),
            folder,
            parameters: parameters.clone(),
        })
    }

    /// Takes another budget than [`SORT_BUDGET_BYTES`] for the sort in memory.
    #[must_use]
    pub fn with_sort_budget(mut self, budget_bytes: usize) -> Self {
        self.sorter.set_budget(budget_bytes);
        self
    }

    /// Adds one posting; the same one twice counts once.
    #[inline]
    pub fn push(&mut self, key: u64, item: u32, position: u32) -> Result<(), SegmentError> {
        Ok(self
            .sorter
            .push(pack(mix(key, self.parameters.key_bits), item, position))?)
    }

    /// Writes the file, syncs it, gives it its name and opens it.
    pub fn finish(self) -> Result<Segment, SegmentError> {
        let bits = layout::bucket_bits(self.sorter.pushed(), self.parameters.key_bits);
        let mut encoder = Encoder::new(&self.folder, self.parameters, bits)?;
        self.sorter.finish(|record| encoder.push(record))?;
        let file = encoder.finish()?;
        persist(file, &self.path, &self.folder)?;
        Segment::open(&self.path)
    }
}

/// The folder of the file at `path`, which must exist.
pub(super) fn folder_of(path: &Path) -> Result<PathBuf, SegmentError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the folder of the segment does not exist",
        )
        .into());
    }
    Ok(folder)
}

/// Gives a synced file its name and makes the name last.
pub(super) fn persist(file: tempfile::NamedTempFile, path: &Path, folder: &Path) -> io::Result<()> {
    file.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
}

/// Turns sorted records into the bytes of the file.
struct Encoder {
    file: tempfile::NamedTempFile,
    body: PageWriter,
    table: BufWriter<File>,
    parameters: SegmentParameters,
    bucket_bits: u32,
    /// Buckets whose start is already in the table.
    opened_buckets: u64,
    /// The last key that was written.
    last_key: Option<u64>,
    list: Vec<(u32, u32)>,
    list_key: u64,
    /// Last item of the entry before, when that entry belongs to the same key.
    continued_item: Option<u32>,
    postings: u64,
    keys: u64,
    scratch: Vec<u8>,
    entry: Vec<u8>,
}

impl Encoder {
    fn new(folder: &Path, parameters: SegmentParameters, bucket_bits: u32) -> Result<Self, SegmentError> {
        let file = tempfile::Builder::new().prefix(".segment-").tempfile_in(folder)?;
        let mut out = file.as_file().try_clone()?;
        out.write_all(&[0; HEADER_BYTES])?;
        Ok(Self {
            file,
            body: PageWriter::new(out),
            table: BufWriter::new(tempfile::tempfile_in(folder)?),
            parameters,
            bucket_bits,
            opened_buckets: 0,
            last_key: None,
            list: Vec::new(),
            list_key: 0,
            continued_item: None,
            postings: 0,
            keys: 0,
            scratch: Vec::new(),
            entry: Vec::new(),
        })
    }

    fn push(&mut self, record: Record) -> Result<(), SegmentError> {
        let (key, item, position) = unpack(record);
        if self.list.is_empty() || self.list_key != key {
            self.flush_list()?;
            self.continued_item = None;
            self.list_key = key;
        } else if self.list.last() == Some(&(item, position)) {
            return Ok(());
        } else if self.list.len() >= MAX_ENTRY_POSTINGS {
            self.flush_list()?;
        }
        self.list.push((item, position));
        Ok(())
    }

    /// Writes the collected postings of one key as one entry.
    fn flush_list(&mut self) -> Result<(), SegmentError> {
        if self.list.is_empty() {
            return Ok(());
        }
        let rest_bits = self.parameters.key_bits - self.bucket_bits;
        let bucket = self.list_key.checked_shr(rest_bits).unwrap_or(0);
        let start_of_bucket = bucket.checked_shl(rest_bits).unwrap_or(0);
        self.open_buckets(bucket + 1)?;
        let before = self.last_key.filter(|&k| k >= start_of_bucket);
        let difference = self.list_key - before.unwrap_or(start_of_bucket);
        if self.last_key != Some(self.list_key) {
            self.keys += 1;
        }
        let entry = &mut self.entry;
        entry.clear();
        push_varint(entry, difference);
        if let ([(item, position)], None) = (&self.list[..], self.continued_item) {
            // Nearly every key has one posting, so that one spends no byte on counts.
            push_varint(entry, layout::LONE_POSTING);
            push_varint(entry, u64::from(*item));
            push_varint(entry, u64::from(*position));
        } else {
            push_varint(entry, layout::list_tag(self.list.len()));
            self.scratch.clear();
            let documents = encode_list(&self.list, self.continued_item, &mut self.scratch);
            push_varint(entry, documents);
            push_varint(entry, self.scratch.len() as u64);
            entry.extend_from_slice(&self.scratch);
        }
        self.body.write(entry)?;
        self.postings += self.list.len() as u64;
        self.continued_item = self.list.last().map(|p| p.0);
        self.last_key = Some(self.list_key);
        self.list.clear();
        Ok(())
    }

    /// Notes where the buckets before `end` start, as far as not yet done.
    fn open_buckets(&mut self, end: u64) -> io::Result<()> {
        while self.opened_buckets < end {
            self.table.write_all(&layout::encode_offset(self.body.written))?;
            self.opened_buckets += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<tempfile::NamedTempFile, SegmentError> {
        self.flush_list()?;
        self.open_buckets((1 << self.bucket_bits) + 1)?;
        let data_bytes = self.body.written;
        if data_bytes >= 1 << (8 * layout::OFFSET_BYTES) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a segment ends at one terabyte").into());
        }
        let mut table = self.table.into_inner().map_err(io::IntoInnerError::into_error)?;
        table.seek(SeekFrom::Start(0))?;
        let mut table = BufReader::with_capacity(RUN_BUFFER_BYTES, table);
        let mut chunk = vec![0; RUN_BUFFER_BYTES];
        loop {
            let n = table.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            self.body.write(&chunk[..n])?;
        }
        let (mut out, page_table_crc) = self.body.finish()?;
        let header = Header {
            parameters: self.parameters,
            bucket_bits: self.bucket_bits,
            postings: self.postings,
            keys: self.keys,
            data_bytes,
            page_table_crc,
        };
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&header.encode())?;
        out.sync_all()?;
        Ok(self.file)
    }
}

/// Appends postings as differences and returns how many documents start here.
fn encode_list(list: &[(u32, u32)], continued_item: Option<u32>, out: &mut Vec<u8>) -> u64 {
    let mut documents = 0;
    let mut previous: Option<(u32, u32)> = None;
    for &(item, position) in list {
        match previous {
            Some((same, before)) if same == item => {
                push_varint(out, 0);
                push_varint(out, u64::from(position - before));
            }
            _ => {
                // Items start at a difference of one, so that zero can mean "the same item".
                push_varint(
                    out,
                    u64::from(item) + 1 - previous.map_or(0, |p| u64::from(p.0) + 1),
                );
                push_varint(out, u64::from(position));
                documents += u64::from(continued_item != Some(item));
            }
        }
        previous = Some((item, position));
    }
    documents
}

/// Writes the body page by page and remembers the checksum of each.
pub(super) struct PageWriter {
    out: File,
    page: Vec<u8>,
    checksums: Vec<u8>,
    pub(super) written: u64,
}

impl PageWriter {
    pub(super) fn new(out: File) -> Self {
        Self {
            out,
            page: Vec::with_capacity(PAGE_BYTES),
            checksums: Vec::new(),
            written: 0,
        }
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        while bytes.len() >= PAGE_BYTES - self.page.len() {
            let (now, later) = bytes.split_at(PAGE_BYTES - self.page.len());
            self.page.extend_from_slice(now);
            self.close_page()?;
            bytes = later;
        }
        self.page.extend_from_slice(bytes);
        Ok(())
    }

    fn close_page(&mut self) -> io::Result<()> {
        let crc = crc32fast::hash(&self.page);
        self.checksums.extend_from_slice(&crc.to_le_bytes());
        self.out.write_all(&self.page)?;
        self.page.clear();
        Ok(())
    }

    /// Appends the page table and returns the file and the checksum of that table.
    pub(super) fn finish(mut self) -> io::Result<(File, u32)> {
        if !self.page.is_empty() {
            self.close_page()?;
        }
        debug_assert_eq!(self.checksums.len() % CHECKSUM_BYTES, 0);
        self.out.write_all(&self.checksums)?;
        let crc = crc32fast::hash(&self.checksums);
        Ok((self.out, crc))
    }
}
