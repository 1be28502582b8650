//! The checked pages of a segment file: what both kinds of segment have in common on disk.
//!
//! In:  the bytes of a body, as an encoder makes them; later the mapped file.
//! Out: the file with its page table and header; later stretches of the body whose pages were checked.
//!
//! Invariants: no byte of a body is handed out as checked before the checksum of its page was compared, which is done
//! once; a page that failed stays bad for as long as the file is open, and [`CheckedPages::check_read`] tells it.
//!
//! Not here: what the bytes mean (`writer`, `reader`, `packed`).

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use quanlian_mmap::ReadOnlyMap;

use super::layout::{self, CHECKSUM_BYTES, HEADER_BYTES};
use super::sorter::RUN_BUFFER_BYTES;
use super::{PAGE_BYTES, SegmentError};

const UNREAD: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

/// A mapped segment file whose pages are checked when they are first read.
#[derive(Debug)]
pub(super) struct CheckedPages {
    map: ReadOnlyMap,
    /// Where the page table starts in the file.
    pages_at: usize,
    /// One for each page: [`UNREAD`], [`GOOD`] or [`BAD`].
    states: Vec<AtomicU8>,
    damaged: AtomicBool,
}

impl CheckedPages {
    /// Takes a mapped file whose header gives this length of the body and this checksum of the page table.
    ///
    /// Costs one checksum in [`PAGE_BYTES`].
    pub(super) fn new(
        map: ReadOnlyMap,
        body_bytes: usize,
        page_table_crc: u32,
    ) -> Result<Self, SegmentError> {
        let pages_at = HEADER_BYTES + body_bytes;
        if map.get(pages_at..).map(crc32fast::hash) != Some(page_table_crc) {
            return Err(SegmentError::Damaged {
                what: "table of checksums",
            });
        }
        let mut states = Vec::new();
        states.resize_with(body_bytes.div_ceil(PAGE_BYTES), || AtomicU8::new(UNREAD));
        Ok(Self {
            map,
            pages_at,
            states,
            damaged: AtomicBool::new(false),
        })
    }

    /// The whole file, checked or not.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// A stretch of the body, given as places in the file, once its pages are checked.
    #[inline]
    pub(super) fn checked(&self, start: usize, end: usize) -> Option<&[u8]> {
        let bytes = self.map.get(start..end)?;
        (bytes.is_empty() || self.is_checked(start, end)).then_some(bytes)
    }

    /// Whether all pages of a stretch that is not empty are good.
    #[inline]
    pub(super) fn is_checked(&self, start: usize, end: usize) -> bool {
        let (first, last) = (
            (start - HEADER_BYTES) / PAGE_BYTES,
            (end - 1 - HEADER_BYTES) / PAGE_BYTES,
        );
        last < self.states.len() && (first..=last).all(|page| self.page_is_good(page))
    }

    /// Checks every page now.
    pub(super) fn verify(&self) -> Result<(), SegmentError> {
        for page in 0..self.states.len() {
            self.page_is_good(page);
        }
        self.check_read()
    }

    /// Remembers that something read made no sense, although its page was good.
    #[cold]
    pub(super) fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Fails when anything read so far was damaged.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(SegmentError::Damaged { what: "postings" });
        }
        Ok(())
    }

    #[inline]
    fn page_is_good(&self, page: usize) -> bool {
        match self.states[page].load(Ordering::Relaxed) {
            GOOD => true,
            BAD => false,
            _ => self.check_page(page),
        }
    }

    #[cold]
    fn check_page(&self, page: usize) -> bool {
        let start = HEADER_BYTES + page * PAGE_BYTES;
        let bytes = &self.map[start..self.pages_at.min(start + PAGE_BYTES)];
        let told = layout::read_u32(&self.map, self.pages_at + page * CHECKSUM_BYTES);
        let good = crc32fast::hash(bytes) == told;
        self.states[page].store(if good { GOOD } else { BAD }, Ordering::Relaxed);
        if !good {
            self.note_damage();
        }
        good
    }
}

/// Writes a segment file: room for the header, the body page by page, the bucket table, the page table.
#[derive(Debug)]
pub(super) struct PageWriter {
    file: tempfile::NamedTempFile,
    out: File,
    page: Vec<u8>,
    checksums: Vec<u8>,
    table: BufWriter<File>,
    /// Buckets whose start is already in the table.
    opened_buckets: u64,
    /// Bytes of the body so far.
    pub(super) written: u64,
}

impl PageWriter {
    /// Starts a file without a name of its own in `folder`.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".segment-").tempfile_in(folder)?;
        let mut out = file.as_file().try_clone()?;
        out.write_all(&[0; HEADER_BYTES])?;
        Ok(Self {
            file,
            out,
            page: Vec::with_capacity(PAGE_BYTES),
            checksums: Vec::new(),
            table: BufWriter::new(tempfile::tempfile_in(folder)?),
            opened_buckets: 0,
            written: 0,
        })
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

    /// Notes that the buckets before `end` that have no start yet start at `offset`.
    pub(super) fn open_buckets(&mut self, end: u64, offset: u64) -> io::Result<()> {
        while self.opened_buckets < end {
            self.table.write_all(&layout::encode_offset(offset))?;
            self.opened_buckets += 1;
        }
        Ok(())
    }

    /// Appends the bucket table and the page table, puts `header`, made for the checksum of the latter, in front, and
    /// syncs the file.
    pub(super) fn finish(
        mut self,
        header: impl FnOnce(u32) -> [u8; HEADER_BYTES],
    ) -> io::Result<tempfile::NamedTempFile> {
        self.table.flush()?;
        let mut table = self.table.get_ref().try_clone()?;
        table.seek(SeekFrom::Start(0))?;
        let mut table = BufReader::with_capacity(RUN_BUFFER_BYTES, table);
        let mut chunk = vec![0; RUN_BUFFER_BYTES];
        loop {
            let n = table.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            self.write(&chunk[..n])?;
        }
        if !self.page.is_empty() {
            self.close_page()?;
        }
        debug_assert_eq!(self.checksums.len() % CHECKSUM_BYTES, 0);
        self.out.write_all(&self.checksums)?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(crc32fast::hash(&self.checksums)))?;
        self.out.sync_all()?;
        Ok(self.file)
    }

    fn close_page(&mut self) -> io::Result<()> {
        let crc = crc32fast::hash(&self.page);
        self.checksums.extend_from_slice(&crc.to_le_bytes());
        self.out.write_all(&self.page)?;
        self.page.clear();
        Ok(())
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
