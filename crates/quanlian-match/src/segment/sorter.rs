//! Sorting more records than memory should hold: sort what fits, spill it in runs, merge the runs.
//!
//! In:  records in any order. Out: the same in order, one at a time.
//!
//! Invariants: memory is bounded by the budget; run files have no name and vanish with the process.
//!
//! Not here: the bytes that the records become (`writer`, `packed`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{SORT_BUDGET_BYTES, SegmentError};

/// Runs merged at once: bounds open files and read buffers.
const MAX_MERGE_RUNS: usize = 64;
pub(super) const RUN_BUFFER_BYTES: usize = 64 << 10;
const RECORD_BYTES: usize = 16;
/// Memory of a record while it is sorted: itself and its copy.
const SORTED_BYTES: usize = 2 * RECORD_BYTES;
/// Where the key begins in a record.
const RECORD_KEY_SHIFT: u32 = 64;
/// The part of a key by which the sort distributes records at once.
const DIGIT_BITS: u32 = 8;
const DIGITS: usize = 1 << DIGIT_BITS;
/// So few records are sorted by comparing them.
const MAX_COMPARED_RECORDS: usize = 1 << 12;

/// A mixed key, an item and a position, packed into one number, whose order is the
/// order of the file; one number sorts about twice as fast as three.
pub(super) type Record = u128;

pub(super) fn pack(key: u64, item: u32, position: u32) -> Record {
    u128::from(key) << RECORD_KEY_SHIFT | u128::from(item) << 32 | u128::from(position)
}

pub(super) fn unpack(record: Record) -> (u64, u32, u32) {
    (
        (record >> RECORD_KEY_SHIFT) as u64,
        (record >> 32) as u32,
        record as u32,
    )
}

/// Sorts records with keys of `key_bits`.
///
/// Mixed keys are spread evenly, so that distributing by their first two bytes leaves
/// next to nothing for the comparisons. By the first byte the records move into a copy,
/// by the second back.
fn sort(records: &mut [Record], key_bits: u32) {
    let top = RECORD_KEY_SHIFT + key_bits;
    if records.len() <= MAX_COMPARED_RECORDS || key_bits < 2 * DIGIT_BITS {
        records.sort_unstable();
        return;
    }
    let mut copy = vec![0; records.len()];
    let mut start = 0;
    for end in distribute(records, &mut copy, top - DIGIT_BITS) {
        let mut place = start;
        let ends = distribute(&copy[start..end], &mut records[start..end], top - 2 * DIGIT_BITS);
        for inner in ends {
            records[place..start + inner].sort_unstable();
            place = start + inner;
        }
        start = end;
    }
}

/// Moves records to their place by the digit at `shift`; returns where each digit ends.
fn distribute(from: &[Record], to: &mut [Record], shift: u32) -> [usize; DIGITS] {
    let digit = |record: Record| (record >> shift) as usize % DIGITS;
    let mut heads = [0usize; DIGITS];
    for &record in from {
        heads[digit(record)] += 1;
    }
    let mut start = 0;
    for head in &mut heads {
        start += std::mem::replace(head, start);
    }
    for &record in from {
        let head = &mut heads[digit(record)];
        to[*head] = record;
        *head += 1;
    }
    heads
}

/// Takes records and gives them back in order.
#[derive(Debug)]
pub(super) struct Sorter {
    folder: PathBuf,
    key_bits: u32,
    pending: Vec<Record>,
    budget_records: usize,
    runs: Vec<File>,
    pushed: u64,
}

impl Sorter {
    /// Sorts records with keys of `key_bits`; runs are spilled into `folder`.
    pub(super) fn new(folder: &Path, key_bits: u32) -> Self {
        Self {
            folder: folder.to_owned(),
            key_bits,
            pending: Vec::new(),
            budget_records: SORT_BUDGET_BYTES / SORTED_BYTES,
            runs: Vec::new(),
            pushed: 0,
        }
    }

    pub(super) fn set_budget(&mut self, budget_bytes: usize) {
        self.budget_records = (budget_bytes / SORTED_BYTES).max(1);
    }

    /// How many records were taken.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    #[inline]
    pub(super) fn push(&mut self, record: Record) -> io::Result<()> {
        self.pending.push(record);
        self.pushed += 1;
        if self.pending.len() >= self.budget_records {
            self.spill()?;
        }
        Ok(())
    }

    /// Calls `sink` with all records in order.
    pub(super) fn finish(
        mut self,
        mut sink: impl FnMut(Record) -> Result<(), SegmentError>,
    ) -> Result<(), SegmentError> {
        if self.runs.is_empty() {
            sort(&mut self.pending, self.key_bits);
            return self.pending.iter().try_for_each(|&record| sink(record));
        }
        self.spill()?;
        self.pending = Vec::new();
        while self.runs.len() > MAX_MERGE_RUNS {
            let group: Vec<File> = self.runs.drain(..MAX_MERGE_RUNS).collect();
            let mut merged = RunWriter::new(&self.folder)?;
            merge(group, |record| Ok(merged.push(record)?))?;
            self.runs.push(merged.finish()?);
        }
        merge(std::mem::take(&mut self.runs), sink)
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        sort(&mut self.pending, self.key_bits);
        let mut run = RunWriter::new(&self.folder)?;
        for &record in &self.pending {
            run.push(record)?;
        }
        self.runs.push(run.finish()?);
        self.pending.clear();
        Ok(())
    }
}

/// Sorted records on their way into a nameless file.
struct RunWriter {
    out: BufWriter<File>,
}

impl RunWriter {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(RUN_BUFFER_BYTES, tempfile::tempfile_in(folder)?),
        })
    }

    fn push(&mut self, record: Record) -> io::Result<()> {
        self.out.write_all(&record.to_le_bytes())
    }

    fn finish(self) -> io::Result<File> {
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

fn read_record(run: &mut BufReader<File>) -> io::Result<Option<Record>> {
    let mut record = [0; RECORD_BYTES];
    match run.read_exact(&mut record) {
        Ok(()) => {}
        // A run holds whole records only, so its end is the end of the last record.
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    Ok(Some(Record::from_le_bytes(record)))
}

/// Calls `sink` with the records of all runs in order.
fn merge(
    runs: Vec<File>,
    mut sink: impl FnMut(Record) -> Result<(), SegmentError>,
) -> Result<(), SegmentError> {
    let mut runs: Vec<_> = runs
        .into_iter()
        .map(|r| BufReader::with_capacity(RUN_BUFFER_BYTES, r))
        .collect();
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for (i, run) in runs.iter_mut().enumerate() {
        if let Some(record) = read_record(run)? {
            heads.push(Reverse((record, i)));
        }
    }
    // The head is replaced where it stands: most often the next record of the same run goes no deeper than one step.
    while let Some(mut head) = heads.peek_mut() {
        let Reverse((record, i)) = *head;
        sink(record)?;
        match read_record(&mut runs[i])? {
            Some(next) => *head = Reverse((next, i)),
            None => {
                PeekMut::pop(head);
            }
        }
    }
    Ok(())
}
