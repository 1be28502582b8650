//! Writing a segment: sort ([`super::sorter`]) and encode.
//!
//! In:  triples in any order.
//! Out: the file under its name, complete, or nothing.
//!
//! Invariant: the file appears under its name only when it is whole and synced.
//!
//! Not here: reading (`reader`), the bytes of the parts (`layout`), pages and their checksums (`pages`).

use std::io;
use std::path::{Path, PathBuf};

use super::layout::{self, Header, MAX_ENTRY_POSTINGS, push_varint};
use super::merge::{self, Step};
use super::pages::{PageWriter, folder_of, persist};
use super::sorter::{Record, Sorter, pack, unpack};
use super::{Segment, SegmentError, SegmentParameters, mix};

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

impl SegmentWriter {
    /// Writes the postings of several segments as one, their items renumbered, without a sort.
    ///
    /// `sources` are segments and, for each of its items in order, the new number; items without one are left out. New
    /// numbers must rise with the old ones in each segment.
    pub(crate) fn merge(
        path: &Path,
        parameters: &SegmentParameters,
        sources: &[(&Segment, &[Option<u32>])],
        step: Step<'_>,
    ) -> Result<Segment, SegmentError> {
        let folder = folder_of(path)?;
        let mut count = 0;
        merge::merge(renumbered(sources), parameters.key_bits, step, |_| {
            count += 1;
            Ok(())
        })?;
        for (segment, _) in sources {
            segment.check_read()?;
        }
        let bits = layout::bucket_bits(count, parameters.key_bits);
        let mut encoder = Encoder::new(&folder, parameters.clone(), bits)?;
        merge::merge(renumbered(sources), parameters.key_bits, step, |record| {
            encoder.push(record)
        })?;
        persist(encoder.finish()?, path, &folder)?;
        Segment::open(path)
    }
}

fn renumbered<'a>(sources: &'a [(&Segment, &[Option<u32>])]) -> Vec<impl Iterator<Item = Record> + 'a> {
    let renumber = |numbers: &[Option<u32>], record| {
        let (key, item, position) = unpack(record);
        let item = numbers.get(item as usize).copied().flatten()?;
        Some(pack(key, item, position))
    };
    let sources = sources.iter();
    sources
        .map(|(segment, numbers)| {
            segment
                .records()
                .filter_map(move |record| renumber(numbers, record))
        })
        .collect()
}

/// Turns sorted records into the bytes of the file.
struct Encoder {
    body: PageWriter,
    parameters: SegmentParameters,
    bucket_bits: u32,
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
        Ok(Self {
            body: PageWriter::create(folder)?,
            parameters,
            bucket_bits,
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
        self.body.open_buckets(bucket + 1, self.body.written)?;
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

    fn finish(mut self) -> Result<tempfile::NamedTempFile, SegmentError> {
        self.flush_list()?;
        self.body
            .open_buckets((1 << self.bucket_bits) + 1, self.body.written)?;
        let data_bytes = self.body.written;
        if data_bytes >= 1 << (8 * layout::OFFSET_BYTES) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a segment ends at one terabyte").into());
        }
        let file = self.body.finish(|page_table_crc| {
            let header = Header {
                parameters: self.parameters,
                bucket_bits: self.bucket_bits,
                postings: self.postings,
                keys: self.keys,
                data_bytes,
                page_table_crc,
            };
            header.encode()
        })?;
        Ok(file)
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
