//! Axes: the works of a medium numbered on from part to part, and their places on one line.
//!
//! In:  the parts of an index; for sound and films also where each work lies in its part.
//! Out: which part holds which work of all, which work lies at which place, and what keys say of all parts together.
//!
//! The works of a part lie one behind the other on the axis of the part, in order of their numbers; the axes of the parts
//! follow one another. The line counts what is left of the lowest bits of the place of a posting ([`Store::PLACE_SHIFT`]).
//!
//! Invariant: a removed work has a number and a stretch of the line until its part is merged, and is found nowhere: its
//! places are handed to nobody and do not count when a key is left out for being common. So an index answers the same
//! before and after a merge.
//!
//! Not here: what lies at the places (`sound`, `film`), pictures, which have numbers and no axis (`picture`).

use std::io;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use super::part::Part;
use super::records::RecordsWriter;
use crate::segment::{Moved, PackedSegment, PackedWriter, SegmentError, SegmentParameters, Step};

/// Keys whose places are gathered at once from several parts.
const KEYS_AT_ONCE: usize = 64;
/// Of a key that removed works hold, so many times the limit are looked at before it is taken for common.
pub(super) const REMOVED_ALLOWANCE: u64 = 8;

/// A work that lies on the axis of its part.
pub(super) trait Laid {
    fn first_place(&self) -> u64;
    /// Where the next work may start; the same as its own start for a work without places.
    fn next_place(&self) -> u64;
}

/// A work of a part, as the table of works has it.
pub(super) struct Row<'a, W> {
    pub(super) number: u32,
    pub(super) work: &'a W,
    pub(super) is_removed: bool,
}

/// What a part keeps of a medium whose works lie on an axis.
pub(super) trait Store {
    type Work: Laid;
    /// The files of the postings and of the records to verify on.
    const FILES: [&'static str; 2];
    /// Family and bits of the keys.
    const METHOD: (&'static str, u32);
    /// Bits of the place of a posting below that of the axis.
    const PLACE_SHIFT: u32;
    fn segment(&self) -> &PackedSegment;
    fn axis(&self) -> &PartAxis;
}

/// Opens the postings of a part if they were made by the method of today; `otherwise` says that they were not.
pub(super) fn open_postings<S: Store>(
    folder: &Path,
    otherwise: &'static str,
) -> Result<PackedSegment, SegmentError> {
    let segment = PackedSegment::open(&folder.join(S::FILES[0]))?;
    if (segment.family(), segment.key_bits()) != S::METHOD {
        return Err(SegmentError::Damaged { what: otherwise });
    }
    Ok(segment)
}

fn parameters<S: Store>() -> Result<SegmentParameters, SegmentError> {
    let (family, key_bits) = S::METHOD;
    SegmentParameters::new(family, key_bits)
}

/// Writes what one part keeps of a medium.
pub(super) struct StoreWriter<S> {
    segment: PackedWriter,
    axis: AxisWriter,
    of: PhantomData<S>,
}

impl<S: Store> StoreWriter<S> {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        let [postings, records] = S::FILES.map(|file| folder.join(file));
        Ok(Self {
            segment: PackedWriter::create(&postings, &parameters::<S>()?)?,
            axis: AxisWriter::create(&records)?,
            of: PhantomData,
        })
    }

    /// Keeps a work: `keys` hands over its keys with their places in it, `lay` lays it behind the others.
    pub(super) fn keep_with(
        &mut self,
        keys: impl FnOnce(&mut dyn FnMut(u64, u32)),
        lay: impl FnOnce(&mut AxisWriter) -> io::Result<S::Work>,
    ) -> Result<S::Work, SegmentError> {
        let base = self.axis.next_place << S::PLACE_SHIFT;
        let mut pushed = Ok(());
        keys(&mut |key, place| {
            if pushed.is_ok() {
                pushed = self.segment.push(key, base + u64::from(place));
            }
        });
        pushed?;
        Ok(lay(&mut self.axis)?)
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.axis.records.finish()?;
        self.segment.finish()?;
        Ok(())
    }
}

/// The axis of a part as it is written, and the records of the works on it.
pub(super) struct AxisWriter {
    next_place: u64,
    records: RecordsWriter,
}

impl AxisWriter {
    /// The records go into a new file at `path`.
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            next_place: 0,
            records: RecordsWriter::create(path)?,
        })
    }

    /// Lays a work behind the others: `make` is told where it starts, and keeps its records.
    pub(super) fn lay<W: Laid>(
        &mut self,
        make: impl FnOnce(u64, &mut RecordsWriter) -> io::Result<W>,
    ) -> io::Result<W> {
        let work = make(self.next_place, &mut self.records)?;
        self.next_place = work.next_place();
        Ok(work)
    }
}

/// The works of one part on their axis.
#[derive(Debug)]
pub(super) struct PartAxis {
    /// First place and number of each work that has places, in order.
    starts: Vec<(u64, u32)>,
    /// Where removed works lie: first place and the one behind the last, in order and apart.
    removed: Vec<[u64; 2]>,
    length: u64,
}

impl PartAxis {
    pub(super) fn new<'a, W: Laid + 'a>(rows: impl Iterator<Item = Row<'a, W>>) -> Self {
        let (mut works, mut length) = (Vec::new(), 0);
        for row in rows {
            let first_place = row.work.first_place();
            // A work without places has no place that could be its.
            if row.work.next_place() > first_place {
                works.push((first_place, row.number, row.is_removed));
            }
            length = row.work.next_place().max(length);
        }
        works.sort_unstable();
        let mut removed: Vec<[u64; 2]> = Vec::new();
        for (at, &(start, _, is_removed)) in works.iter().enumerate() {
            let end = works.get(at + 1).map_or(length, |next| next.0);
            match removed.last_mut() {
                _ if !is_removed => {}
                Some(last) if last[1] == start => last[1] = end,
                _ => removed.push([start, end]),
            }
        }
        Self {
            starts: works.iter().map(|&(start, number, _)| (start, number)).collect(),
            removed,
            length,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Number and first place of the work that lies at a place, removed or not.
    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let behind = self.starts.partition_point(|&(start, _)| start <= place);
        let (start, number) = self.starts[behind.checked_sub(1)?];
        Some((number, start))
    }

    fn is_removed(&self, place: u64) -> bool {
        let behind = self.removed.partition_point(|&[start, _]| start <= place);
        behind
            .checked_sub(1)
            .is_some_and(|at| place < self.removed[at][1])
    }
}

/// Works of one part that go into another, with their numbers, in the order of their axis.
pub(super) struct Source<'a, S: Store> {
    pub(super) store: &'a S,
    pub(super) items: Vec<(u32, &'a S::Work)>,
}

/// Writes the works of several parts as those of one, and returns what is kept of each, in the order of the sources.
///
/// `lay` lays a work of a store behind those that are there.
pub(super) fn merge<S: Store>(
    folder: &Path,
    sources: &[Source<'_, S>],
    step: Step<'_>,
    lay: impl Fn(&mut AxisWriter, &S, &S::Work) -> Result<S::Work, SegmentError>,
) -> Result<Vec<Vec<S::Work>>, SegmentError> {
    let [postings_file, records_file] = S::FILES.map(|file| folder.join(file));
    let mut axis = AxisWriter::create(&records_file)?;
    let mut kept = Vec::with_capacity(sources.len());
    let mut moves: Vec<Vec<Move>> = Vec::with_capacity(sources.len());
    for source in sources {
        let starts = source.store.axis().starts.iter();
        let mut moves_of_source: Vec<Move> = starts.map(|&(start, _)| (start, None)).collect();
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, old) in &source.items {
            let new = lay(&mut axis, source.store, old)?;
            // A work without places has none that would move.
            if old.next_place() > old.first_place()
                && let Ok(at) = moves_of_source.binary_search_by_key(&old.first_place(), |&(start, _)| start)
            {
                moves_of_source[at].1 = Some(new.first_place());
            }
            of_source.push(new);
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
        moves.push(moves_of_source);
    }
    axis.records.finish()?;
    let movers: Vec<_> = moves
        .iter()
        .map(|moves| move |place: u64| moved(moves, place, S::PLACE_SHIFT))
        .collect();
    let postings: Vec<Moved<'_>> = (sources.iter().zip(&movers))
        .map(|(source, mover)| (source.store.segment(), mover as &dyn Fn(u64) -> Option<u64>))
        .collect();
    PackedWriter::merge(&postings_file, &parameters::<S>()?, &postings, step)?;
    Ok(kept)
}

/// Where a work starts on the axis of its part, and where it starts in the merged part if it is kept.
type Move = (u64, Option<u64>);

/// Where the place of a posting lies in the merged part, when its work was kept.
fn moved(moves: &[Move], place: u64, shift: u32) -> Option<u64> {
    let behind = moves.partition_point(|&(start, _)| start <= place >> shift);
    let (old, new) = moves[behind.checked_sub(1)?];
    place.checked_sub(old << shift)?.checked_add(new? << shift)
}

/// The works of a medium in all parts, numbered on from part to part.
pub(super) struct Numbered<'a> {
    parts: &'a [Arc<Part>],
    /// Number of the first work of each part.
    first: Vec<u32>,
}

impl<'a> Numbered<'a> {
    /// `numbers` says below what number the works of a part lie.
    pub(super) fn new(parts: &'a [Arc<Part>], numbers: impl Fn(&Part) -> u32) -> Self {
        let mut next = 0u32;
        let first = (parts.iter())
            .map(|part| {
                let first = next;
                next = next.saturating_add(numbers(part));
                first
            })
            .collect();
        Self { parts, first }
    }

    pub(super) fn parts(&self) -> &'a [Arc<Part>] {
        self.parts
    }

    /// The part of a work and its number there.
    pub(super) fn locate(&self, item: u32) -> Option<(&'a Part, u32)> {
        let behind = self.first.partition_point(|&first| first <= item);
        let at = behind.checked_sub(1)?;
        Some((&*self.parts[at], item - self.first[at]))
    }

    /// The number among all works of a number in a part.
    pub(super) fn on(&self, part: usize, number: u32) -> u32 {
        self.first[part].saturating_add(number)
    }
}

/// The works of a medium in all parts, on one line.
pub(super) struct Axis<'a, S> {
    pub(super) numbered: Numbered<'a>,
    /// What each part keeps of the medium, if it was made with that medium, and where its axis starts on the line.
    stores: Vec<(Option<&'a S>, u64)>,
    length: u64,
}

impl<'a, S: Store> Axis<'a, S> {
    pub(super) fn new(
        parts: &'a [Arc<Part>],
        numbers: impl Fn(&Part) -> u32,
        store: impl Fn(&'a Part) -> Option<&'a S>,
    ) -> Self {
        let mut length = 0u64;
        let stores = (parts.iter())
            .map(|part| {
                let (store, start) = (store(part), length);
                length = length.saturating_add(store.map_or(0, |store| store.axis().length));
                (store, start)
            })
            .collect();
        Self {
            numbered: Numbered::new(parts, numbers),
            stores,
            length,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The work that lies at a place of the line: its part, its number there, its number among all, and where on the line
    /// it starts.
    pub(super) fn work_at(&self, place: u64) -> Option<(&'a Part, u32, u32, u64)> {
        let behind = self.stores.partition_point(|&(_, start)| start <= place);
        let at = behind.checked_sub(1)?;
        let (store, base) = self.stores[at];
        let (number, start) = store?.axis().work_at(place - base)?;
        let part = &*self.numbered.parts()[at];
        Some((part, number, self.numbered.on(at, number), base + start))
    }

    /// Calls `visit` with the index of a key in `keys` and a place of a posting on the line, in rising order for each key;
    /// a key with more than `limit` places in all parts together is left out.
    pub(super) fn for_each_place(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        let stores = || {
            self.stores
                .iter()
                .filter_map(|&(store, start)| Some((store?, start)))
        };
        if let (Some((store, start)), 1) = (stores().next(), stores().count())
            && store.axis().removed.is_empty()
        {
            // Of one part that nothing was removed from the segment itself counts the places.
            let base = start << S::PLACE_SHIFT;
            store.segment().for_each(keys, limit, |index, place| {
                visit(index, base.saturating_add(place));
            });
            return;
        }
        // Taken again for each batch, because a search asks for many keys, and most have few places.
        let mut found = vec![Gathered::default(); keys.len().min(KEYS_AT_ONCE)];
        for (batch, keys) in keys.chunks(KEYS_AT_ONCE).enumerate() {
            for (store, start) in stores() {
                gather(store, start, keys, limit, &mut found);
            }
            for (index, of_key) in found.iter_mut().enumerate() {
                if !of_key.is_common {
                    for &place in &of_key.places {
                        visit(batch * KEYS_AT_ONCE + index, place);
                    }
                }
                of_key.places.clear();
                of_key.is_common = false;
            }
        }
    }
}

/// The places of one key in the parts so far.
#[derive(Clone, Default)]
struct Gathered {
    places: Vec<u64>,
    /// More than the limit.
    is_common: bool,
}

/// Adds the places of keys in one part, but for those of removed works.
fn gather<S: Store>(store: &S, start: u64, keys: &[u64], limit: u64, found: &mut [Gathered]) {
    let axis = store.axis();
    let base = start << S::PLACE_SHIFT;
    let most = if axis.removed.is_empty() {
        limit
    } else {
        limit.saturating_mul(REMOVED_ALLOWANCE)
    };
    store.segment().for_each_or_common(keys, most, |index, place| {
        let of_key = &mut found[index];
        match place {
            _ if of_key.is_common => {}
            Some(place) if axis.is_removed(place >> S::PLACE_SHIFT) => {}
            Some(place) if (of_key.places.len() as u64) < limit => {
                of_key.places.push(base.saturating_add(place));
            }
            _ => of_key.is_common = true,
        }
    });
}

#[cfg(test)]
mod tests;
