//! Reels: the cells of all steps of a film, packed by the minute.
//!
//! In:  [`Cells`] step by step; later the packed bytes.
//! Out: the packed bytes; cells of any range of steps.
//!
//! Invariants: memory for packing is that of a minute; foreign bytes give fewer steps and never a panic or more memory
//! than a minute at a time, [`MAX_OPEN`] minutes in all.
//!
//! # Layout (little endian)
//! Number of steps (4), number of minutes (4), for each the length of its packed bytes (4), then these. A minute is
//! deflated; before that it lies cell by cell, each the difference to the step before, so that what does not move
//! vanishes.
//!
//! Not here: where the bytes lie (`collection`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::decode::{MAX_DURATION_MS, STEPS_PER_SECOND};
use super::frame::{CELLS, Cells};

/// Steps that are packed together.
pub(super) const MINUTE: usize = 60 * STEPS_PER_SECOND as usize;
/// Minutes of one film held unpacked.
const MAX_OPEN: usize = 8;
/// No film has more steps.
const MAX_STEPS: u32 = (MAX_DURATION_MS / 1000) as u32 * STEPS_PER_SECOND;
const HEAD_BYTES: usize = 8;

/// Packs a film.
#[derive(Debug, Default)]
pub(super) struct ReelWriter {
    minute: Vec<Cells>,
    packed: Vec<Vec<u8>>,
    steps: u32,
}

impl ReelWriter {
    pub(super) fn push(&mut self, cells: &Cells) {
        self.minute.push(*cells);
        self.steps += 1;
        if self.minute.len() == MINUTE {
            self.pack();
        }
    }

    fn pack(&mut self) {
        let mut flat = Vec::with_capacity(self.minute.len() * CELLS);
        for cell in 0..CELLS {
            let mut before = 0;
            for step in &self.minute {
                flat.push(step[cell].wrapping_sub(before));
                before = step[cell];
            }
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        let packed = encoder.write_all(&flat).and_then(|()| encoder.finish());
        self.packed.push(packed.expect("writing to memory does not fail"));
        self.minute.clear();
    }

    /// The packed film.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if !self.minute.is_empty() {
            self.pack();
        }
        let mut out = Vec::new();
        out.extend(self.steps.to_le_bytes());
        out.extend((self.packed.len() as u32).to_le_bytes());
        for minute in &self.packed {
            out.extend((minute.len() as u32).to_le_bytes());
        }
        self.packed.iter().for_each(|minute| out.extend(minute));
        out
    }
}

/// A packed film, open for reading.
#[derive(Debug)]
pub(super) struct Reel<'a> {
    bytes: Cow<'a, [u8]>,
    pub(super) steps: u32,
    /// Where each minute lies.
    minutes: Vec<std::ops::Range<usize>>,
    /// Cells of minutes that were asked for.
    open: BTreeMap<usize, Vec<Cells>>,
}

impl<'a> Reel<'a> {
    /// Opens a packed film; `None` when the bytes are none.
    pub(super) fn open(bytes: impl Into<Cow<'a, [u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let (steps, count) = (number(0)?, number(4)? as usize);
        if steps > MAX_STEPS || count != (steps as usize).div_ceil(MINUTE) {
            return None;
        }
        let mut start = HEAD_BYTES + 4 * count;
        let mut minutes = Vec::with_capacity(count);
        for minute in 0..count {
            let end = start.checked_add(number(HEAD_BYTES + 4 * minute)? as usize)?;
            if end > bytes.len() {
                return None;
            }
            minutes.push(start..end);
            start = end;
        }
        Some(Self {
            bytes,
            steps,
            minutes,
            open: BTreeMap::new(),
        })
    }

    /// Cells of the steps of a range, cut to what there is.
    pub(super) fn read(&mut self, from: u32, to: u32) -> Vec<Cells> {
        let to = to.min(self.steps);
        let mut out = Vec::new();
        let mut step = from as usize;
        while step < to as usize {
            let minute = step / MINUTE;
            let end = ((minute + 1) * MINUTE).min(to as usize);
            let cells = self.minute(minute);
            let range = (step - minute * MINUTE).min(cells.len())..(end - minute * MINUTE).min(cells.len());
            out.extend_from_slice(&cells[range]);
            step = end;
        }
        out
    }

    fn minute(&mut self, minute: usize) -> &[Cells] {
        if self.open.len() >= MAX_OPEN && !self.open.contains_key(&minute) {
            self.open.clear();
        }
        let steps = (self.steps as usize - minute * MINUTE).min(MINUTE);
        let bytes = &self.bytes[self.minutes[minute].clone()];
        self.open.entry(minute).or_insert_with(|| unpack(bytes, steps))
    }
}

fn unpack(bytes: &[u8], steps: usize) -> Vec<Cells> {
    let mut flat = Vec::with_capacity(steps * CELLS);
    let whole = DeflateDecoder::new(bytes)
        .take((steps * CELLS) as u64)
        .read_to_end(&mut flat)
        .is_ok();
    if !whole || flat.len() != steps * CELLS {
        return Vec::new();
    }
    let mut out = vec![[0; CELLS]; steps];
    for (cell, differences) in flat.chunks_exact(steps).enumerate() {
        let mut value = 0u8;
        for (step, difference) in out.iter_mut().zip(differences) {
            value = value.wrapping_add(*difference);
            step[cell] = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn film(steps: usize) -> (Vec<Cells>, Vec<u8>) {
        let cells: Vec<Cells> = (0..steps)
            .map(|s| std::array::from_fn(|c| (s * 7 + c * 13 + (s / 50) * c) as u8))
            .collect();
        let mut writer = ReelWriter::default();
        for step in &cells {
            writer.push(step);
        }
        (cells, writer.finish())
    }

    #[test]
    fn cells_come_back_from_any_range() {
        let (cells, bytes) = film(2 * MINUTE + 17);
        let mut reel = Reel::open(&bytes[..]).expect("a reel");
        for (from, to) in [
            (0, 5),
            (MINUTE - 3, MINUTE + 3),
            (0, 5000),
            (2 * MINUTE + 16, 2 * MINUTE + 20),
            (9999, 10_000),
        ] {
            let end = to.min(cells.len());
            let wanted = if from < end { &cells[from..end] } else { &[] };
            assert_eq!(reel.read(from as u32, to as u32), wanted);
        }
        assert_eq!(
            Reel::open(&film(0).1[..]).expect("empty").read(0, 9),
            Vec::<Cells>::new()
        );
    }

    #[test]
    fn what_does_not_move_takes_next_to_nothing() {
        let mut writer = ReelWriter::default();
        (0..MINUTE).for_each(|_| writer.push(&std::array::from_fn(|c| c as u8)));
        assert!(writer.finish().len() < 2000);
    }

    proptest! {
        #[test]
        fn foreign_bytes_give_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(), value in any::<u8>()) {
            if let Some(mut reel) = Reel::open(&bytes[..]) {
                reel.read(0, 1000);
            }
            let mut damaged = film(30).1;
            let at = at.index(damaged.len());
            damaged[at] = value;
            if let Some(mut reel) = Reel::open(damaged) {
                reel.read(0, u32::MAX);
            }
        }
    }
}
