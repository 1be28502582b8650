//! The texts of an index part: their postings, and the texts themselves to verify on.
//!
//! In:  the works, one after the other, as byte streams.
//! Out: three files (postings, the texts in blocks of compressed UTF-8, a table of
//!      places) that are read through maps.
//!
//! The text is kept as it was decoded, not as it was folded: folding is quick, depends
//! on single characters only, and so any stretch is folded again when it is needed,
//! with its exact places in the original. The table of places has one row for every
//! [`BLOCK_BYTES`] or so of text, with the checksum of that block, which is compressed
//! by itself (Zstandard, RFC 8878), so that any place is reached at once.
//!
//! The texts of a part lie one behind the other on an axis of symbols; a posting holds a
//! place on it in as many bits as the part needs.
//!
//! Invariants: memory does not grow with the length of a work; nothing read from the
//! files is believed before its checksum and bounds were compared; a block never becomes
//! longer than [`MAX_BLOCK_BYTES`].
//!
//! Not here: writing them (`writer`), names and digests of the works (`collection`).

mod writer;

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::path::Path;

use quanlian_mmap::ReadOnlyMap;

use super::fold::{Fold, Symbol};
use super::gram;
use crate::segment::{PackedSegment, SegmentError};
pub(crate) use writer::{AddError, TextSource, TextStoreWriter, merge};

/// Name and version of what decides the keys of a text: change it whenever folding,
/// grams or winnowing change, and old indexes are refused by name instead of misread.
pub(crate) const FAMILY: &str = "text/fold-1/units-42-56/2";

/// Text between two rows of the table of places, before it is compressed.
const BLOCK_BYTES: usize = 8 << 10;
/// Longest block: one that holds a single character over the limit would still fit.
const MAX_BLOCK_BYTES: usize = BLOCK_BYTES + 4;
/// Zstandard's quickest level that still takes half off a text.
const COMPRESSION_LEVEL: i32 = 1;
/// Symbols that one work may have, so that a place fits into a posting.
const MAX_SYMBOLS: u64 = u32::MAX as u64 - 1;
const ROW_BYTES: usize = 28;

const POSTINGS_FILE: &str = "text.postings";
const TEXT_FILE: &str = "text.blocks";
const PLACES_FILE: &str = "text.places";

/// Said of texts that this program cannot read any more.
pub(crate) const OTHERWISE: &str = "the texts were indexed with another method: build the index again";

/// Where the parts of a text item lie in the files, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct TextItem {
    pub(crate) chars: u64,
    pub(crate) symbols: u32,
    pub(crate) encoding: String,
    /// Where it starts on the axis of its part.
    #[serde(default)]
    pub(crate) first_place: u64,
    /// Places that it takes on the axis: up to the last of its grams that has a posting.
    #[serde(default)]
    pub(crate) places: u64,
    /// Rows of the table of places, and bytes of the text file.
    rows: [u64; 2],
    bytes: [u64; 2],
}

/// One row: what was counted before its block, and the checksum of that and of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    byte: u64,
    char: u64,
    symbol: u64,
    crc: u32,
}

impl Row {
    /// The same row with the checksum of its numbers and of its block.
    fn sealed(self, block: &[u8]) -> Self {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.encode()[..24]);
        crc.update(block);
        Self {
            crc: crc.finalize(),
            ..self
        }
    }

    fn encode(&self) -> [u8; ROW_BYTES] {
        let mut b = [0; ROW_BYTES];
        b[..8].copy_from_slice(&self.byte.to_le_bytes());
        b[8..16].copy_from_slice(&self.char.to_le_bytes());
        b[16..24].copy_from_slice(&self.symbol.to_le_bytes());
        b[24..].copy_from_slice(&self.crc.to_le_bytes());
        b
    }

    fn decode(b: &[u8]) -> Self {
        let u64_at =
            |at: usize| u64::from_le_bytes(b[at..at + 8].try_into().expect("eight bytes were cut out"));
        let crc = u32::from_le_bytes(b[24..28].try_into().expect("four bytes were cut out"));
        Self {
            byte: u64_at(0),
            char: u64_at(8),
            symbol: u64_at(16),
            crc,
        }
    }
}

/// Cuts a text into the blocks of the table of places.
pub(crate) fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (block, later) = rest.split_at(rest.floor_char_boundary(BLOCK_BYTES));
        rest = later;
        (!block.is_empty()).then_some(block)
    })
}

thread_local! {
    /// What Zstandard needs to unpack; making it anew takes longer than a block does.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The text of a block; `None` when it is damaged.
fn unpack(block: &[u8]) -> Option<Vec<u8>> {
    UNPACKER.with_borrow_mut(|unpacker| {
        if unpacker.is_none() {
            *unpacker = zstd::bulk::Decompressor::new().ok();
        }
        unpacker.as_mut()?.decompress(block, MAX_BLOCK_BYTES).ok()
    })
}

/// The texts of one part, open for matching.
#[derive(Debug)]
pub(crate) struct TextStore {
    pub(crate) segment: PackedSegment,
    text: ReadOnlyMap,
    places: ReadOnlyMap,
    fold: FoldHandle,
}

/// `Fold` without a table to print.
#[derive(Clone, Copy)]
struct FoldHandle(Fold);

impl std::fmt::Debug for FoldHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fold")
    }
}

/// A folded stretch of a text with the place of every symbol in the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Region {
    /// Number of the first symbol in its text.
    pub(crate) start: u32,
    pub(crate) symbols: Vec<Symbol>,
    /// Place of each symbol's character, in Unicode scalar values of the original.
    pub(crate) places: Vec<u64>,
}

impl TextStore {
    /// Opens the texts of a part; `None` when they were kept otherwise, by an earlier version of this program.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, SegmentError> {
        let text = match ReadOnlyMap::open(&folder.join(TEXT_FILE)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let segment = PackedSegment::open(&folder.join(POSTINGS_FILE))?;
        if segment.family() != FAMILY || segment.key_bits() != gram::KEY_BITS {
            return Err(SegmentError::Damaged { what: OTHERWISE });
        }
        let places = ReadOnlyMap::open(&folder.join(PLACES_FILE))?;
        Ok(Some(Self {
            segment,
            text,
            places,
            fold: FoldHandle(Fold::new()),
        }))
    }

    /// Size of the three files.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.text.len() as u64 + self.places.len() as u64
    }

    /// Folds a stretch of a work again. Symbols beyond its end are left out.
    pub(crate) fn region(&self, item: &TextItem, wanted: Range<u32>) -> Result<Region, SegmentError> {
        let damaged = || SegmentError::Damaged { what: "stored text" };
        let rows = self.rows(item).ok_or_else(damaged)?;
        let text_start = usize::try_from(item.bytes[0]).map_err(|_| damaged())?;
        let text_end = usize::try_from(item.bytes[1]).map_err(|_| damaged())?;
        let text = self.text.get(text_start..text_end).ok_or_else(damaged)?;
        let count = rows.len() / ROW_BYTES;
        let row = |i: usize| Row::decode(&rows[i * ROW_BYTES..]);
        // The last row that starts at or before the first symbol wanted.
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if row(middle).symbol <= u64::from(wanted.start) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut region = Region {
            start: wanted.start,
            ..Region::default()
        };
        for i in low.saturating_sub(1)..count {
            let here = row(i);
            if here.symbol >= u64::from(wanted.end) {
                break;
            }
            let end = if i + 1 < count {
                row(i + 1).byte
            } else {
                text.len() as u64
            };
            let block = (usize::try_from(here.byte).ok())
                .zip(usize::try_from(end).ok())
                .and_then(|(from, to)| text.get(from..to))
                .filter(|block| here.sealed(block) == here)
                .and_then(unpack)
                .and_then(|block| String::from_utf8(block).ok())
                .ok_or_else(damaged)?;
            let (mut symbol_at, mut char_at) = (here.symbol, here.char);
            for c in block.chars() {
                self.fold.0.fold(c, |symbol| {
                    if symbol_at >= u64::from(wanted.start) && symbol_at < u64::from(wanted.end) {
                        region.symbols.push(symbol);
                        region.places.push(char_at);
                    }
                    symbol_at += 1;
                });
                char_at += 1;
            }
        }
        // A damaged row can end the search too early without being looked at itself.
        let expected = wanted.end.min(item.symbols).saturating_sub(wanted.start);
        if region.symbols.len() != expected as usize {
            return Err(damaged());
        }
        Ok(region)
    }

    /// Calls `visit` with each row of a work and its block, once their checksum was compared.
    fn for_each_block(
        &self,
        item: &TextItem,
        mut visit: impl FnMut(Row, &[u8]) -> io::Result<()>,
    ) -> Result<(), SegmentError> {
        let damaged = || SegmentError::Damaged { what: "stored text" };
        let rows = self.rows(item).ok_or_else(damaged)?;
        let text = (usize::try_from(item.bytes[0]).ok())
            .zip(usize::try_from(item.bytes[1]).ok())
            .and_then(|(from, to)| self.text.get(from..to))
            .ok_or_else(damaged)?;
        let mut rows = rows.chunks_exact(ROW_BYTES).map(Row::decode).peekable();
        let mut seen = 0;
        while let Some(row) = rows.next() {
            let end = rows.peek().map_or(text.len() as u64, |next| next.byte);
            let block = (usize::try_from(row.byte).ok())
                .zip(usize::try_from(end).ok())
                .and_then(|(from, to)| text.get(from..to))
                .filter(|block| row.byte == seen && row.sealed(block) == row)
                .ok_or_else(damaged)?;
            seen = end;
            visit(row, block)?;
        }
        if seen == text.len() as u64 {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    /// Folds a whole work again, and calls `visit` with stretch after stretch of it.
    pub(crate) fn for_each_stretch(
        &self,
        item: &TextItem,
        mut visit: impl FnMut(&[Symbol]),
    ) -> Result<(), SegmentError> {
        let (mut symbols, mut is_text) = (Vec::new(), true);
        self.for_each_block(item, |_, block| {
            let text = unpack(block).and_then(|text| String::from_utf8(text).ok());
            is_text &= text.is_some();
            symbols.clear();
            self.fold.0.fold_text(&text.unwrap_or_default(), &mut symbols);
            visit(&symbols);
            Ok(())
        })?;
        let damaged = SegmentError::Damaged { what: "stored text" };
        is_text.then_some(()).ok_or(damaged)
    }

    /// Compares every block of a work with its checksum.
    pub(crate) fn verify(&self, item: &TextItem) -> Result<(), SegmentError> {
        self.for_each_block(item, |_, _| Ok(()))
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(crate) fn check_read(&self) -> Result<(), SegmentError> {
        self.segment.check_read()
    }

    fn rows(&self, item: &TextItem) -> Option<&[u8]> {
        let start = usize::try_from(item.rows[0]).ok()?.checked_mul(ROW_BYTES)?;
        let end = usize::try_from(item.rows[1]).ok()?.checked_mul(ROW_BYTES)?;
        self.places.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn store(texts: &[&str]) -> (tempfile::TempDir, TextStore, Vec<TextItem>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut writer = TextStoreWriter::create(dir.path()).expect("create");
        let items = texts
            .iter()
            .map(|t| writer.add(t.as_bytes()).expect("add").0)
            .collect();
        writer.finish().expect("finish");
        let store = TextStore::open(dir.path()).expect("open").expect("of today");
        (dir, store, items)
    }

    fn expected(text: &str, wanted: Range<u32>) -> Region {
        let mut all = Vec::new();
        for (place, c) in text.chars().enumerate() {
            Fold::new().fold(c, |s| all.push((s, place as u64)));
        }
        let cut = &all[(wanted.start as usize).min(all.len())..(wanted.end as usize).min(all.len())];
        Region {
            start: wanted.start,
            symbols: cut.iter().map(|x| x.0).collect(),
            places: cut.iter().map(|x| x.1).collect(),
        }
    }

    #[test]
    fn any_stretch_is_given_back_with_its_places() {
        let long = "第一回　宴桃園豪傑三結義, and the ﬁrst chapter — ".repeat(2000);
        let (_dir, store, items) = store(&["short text", &long, "短文"]);
        for wanted in [0..5, 0..u32::MAX, 700..701, 30_000..45_000, 69_990..90_000] {
            assert_eq!(
                store.region(&items[1], wanted.clone()).expect("region"),
                expected(&long, wanted)
            );
        }
        assert_eq!(
            store.region(&items[2], 0..9).expect("region"),
            expected("短文", 0..9)
        );
    }

    #[test]
    fn damaged_text_is_told_and_not_returned() {
        let words = |i: u32| i.wrapping_mul(2_654_435_761).to_string();
        let (dir, store, items) = store(&[&(0..2500).map(words).collect::<String>()]);
        drop(store);
        let path = dir.path().join(TEXT_FILE);
        let mut bytes = std::fs::read(&path).expect("read");
        let at = bytes.len() - 900;
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).expect("write");
        let store = TextStore::open(dir.path()).expect("open").expect("of today");
        assert!(store.region(&items[0], 0..100).is_ok());
        assert_eq!(
            store.region(&items[0], 0..u32::MAX).expect_err("told").code(),
            "segment_damaged"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn places_lie_inside_the_original(bytes in prop::collection::vec(any::<u8>(), 1..3000), from in 0..2000u32, to in 0..4000u32) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let mut writer = TextStoreWriter::create(dir.path()).expect("create");
            let Ok((item, decoded)) = writer.add(&bytes[..]) else { return Ok(()) };
            writer.finish().expect("finish");
            let region = TextStore::open(dir.path()).expect("open").expect("of today").region(&item, from..to).expect("region");
            prop_assert_eq!(region.symbols.len(), region.places.len());
            prop_assert!(region.places.iter().all(|&p| p < decoded.chars));
            prop_assert!(region.places.is_sorted());
        }
    }
}
