//! Writing the texts of a part: decoded, folded to keys, laid into blocks; or taken over from other parts.
//!
//! In:  works as byte streams, or open stores.
//! Out: the three files of a store, complete and synced.
//!
//! Not here: reading them ([`super`]).

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use super::super::decode::{Decoded, TextError, decode};
use super::super::fold::Fold;
use super::super::gram::{self, Winnow};
use super::{
    COMPRESSION_LEVEL, FAMILY, MAX_SYMBOLS, PLACES_FILE, POSTINGS_FILE, Row, TEXT_FILE, TextItem, TextStore,
    blocks,
};
use crate::segment::{Moved, PackedWriter, SegmentError, SegmentParameters, Step};

/// Writes the texts of one part.
pub(crate) struct TextStoreWriter {
    segment: PackedWriter,
    files: TextFiles,
    fold: Fold,
    compressor: zstd::bulk::Compressor<'static>,
    /// Where the next text starts on the axis.
    next_place: u64,
}

/// The texts and the table of places, as they are written.
struct TextFiles {
    text: BufWriter<File>,
    places: BufWriter<File>,
    text_bytes: u64,
    rows: u64,
}

impl TextFiles {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            text: BufWriter::new(File::create(folder.join(TEXT_FILE))?),
            places: BufWriter::new(File::create(folder.join(PLACES_FILE))?),
            text_bytes: 0,
            rows: 0,
        })
    }

    fn push(&mut self, row: Row, block: &[u8]) -> io::Result<()> {
        self.places.write_all(&row.encode())?;
        self.text.write_all(block)?;
        self.rows += 1;
        self.text_bytes += block.len() as u64;
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        for file in [self.text, self.places] {
            file.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
        }
        Ok(())
    }
}

/// Why a text could not be added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddError {
    /// The work itself is at fault; the next one may go well.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] SegmentError),
}

impl From<io::Error> for AddError {
    fn from(e: io::Error) -> Self {
        Self::Index(e.into())
    }
}

impl TextStoreWriter {
    pub(crate) fn create(folder: &Path) -> Result<Self, SegmentError> {
        let parameters = SegmentParameters::new(FAMILY, gram::KEY_BITS)?;
        Ok(Self {
            segment: PackedWriter::create(&folder.join(POSTINGS_FILE), &parameters)?,
            files: TextFiles::create(folder)?,
            fold: Fold::new(),
            compressor: zstd::bulk::Compressor::new(COMPRESSION_LEVEL)?,
            next_place: 0,
        })
    }

    /// Adds one work. After a [`AddError::Text`] postings of its beginning may be there, at places that no work has.
    pub(crate) fn add(&mut self, reader: impl Read) -> Result<(TextItem, Decoded), AddError> {
        let (first_row, first_byte) = (self.files.rows, self.files.text_bytes);
        let first_place = self.next_place;
        let mut winnow = Winnow::default();
        let (mut chars, mut symbols) = (0u64, 0u64);
        let mut failed = None;
        let (mut folded, mut compressed_block) = (Vec::new(), Vec::new());
        let next_place = &mut self.next_place;
        let decoded = decode::<AddError>(reader, |piece| {
            for block in blocks(piece) {
                compressed_block.resize(zstd::zstd_safe::compress_bound(block.len()), 0);
                let length =
                    (self.compressor).compress_to_buffer(block.as_bytes(), &mut compressed_block[..])?;
                let compressed = &compressed_block[..length];
                let row = Row {
                    byte: self.files.text_bytes - first_byte,
                    char: chars,
                    symbol: symbols,
                    crc: 0,
                }
                .sealed(compressed);
                self.files.push(row, compressed)?;
                chars += block.chars().count() as u64;
                folded.clear();
                self.fold.fold_text(block, &mut folded);
                symbols += folded.len() as u64;
                if symbols > MAX_SYMBOLS {
                    return Err(TextError::TooLong { limit: MAX_SYMBOLS }.into());
                }
                winnow.extend(&folded, |key, start| {
                    *next_place = first_place + start + 1;
                    if let Err(e) = self.segment.push(key, first_place + start) {
                        failed = Some(e);
                    }
                });
                if let Some(e) = failed.take() {
                    return Err(e.into());
                }
            }
            Ok(())
        })?;
        winnow.finish(|key, start| {
            *next_place = first_place + start + 1;
            if let Err(e) = self.segment.push(key, first_place + start) {
                failed = Some(e);
            }
        });
        if let Some(e) = failed {
            return Err(e.into());
        }
        let text_item = TextItem {
            chars,
            symbols: symbols as u32,
            encoding: decoded.encoding.to_owned(),
            first_place,
            places: self.next_place - first_place,
            rows: [first_row, self.files.rows],
            bytes: [first_byte, self.files.text_bytes],
        };
        Ok((text_item, decoded))
    }

    /// Writes and syncs the files.
    pub(crate) fn finish(self) -> Result<(), SegmentError> {
        self.files.finish()?;
        self.segment.finish()?;
        Ok(())
    }
}

/// A store whose texts go into another one, in the order of their numbers.
pub(crate) struct TextSource<'a> {
    pub(crate) store: &'a TextStore,
    pub(crate) items: Vec<(u32, &'a TextItem)>,
}

/// Writes the texts of several stores as one, without decoding or folding them again, and returns what is kept of
/// each, in the order of the sources.
pub(crate) fn merge(
    folder: &Path,
    sources: &[TextSource<'_>],
    step: Step<'_>,
) -> Result<Vec<Vec<TextItem>>, SegmentError> {
    let mut files = TextFiles::create(folder)?;
    let (mut kept, mut moves) = (
        Vec::with_capacity(sources.len()),
        Vec::with_capacity(sources.len()),
    );
    let mut next_place = 0;
    for source in sources {
        let mut of_source = Vec::with_capacity(source.items.len());
        let mut moves_of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let (first_row, first_byte) = (files.rows, files.text_bytes);
            source
                .store
                .for_each_block(item, |row, block| files.push(row, block))?;
            of_source.push(TextItem {
                rows: [first_row, files.rows],
                bytes: [first_byte, files.text_bytes],
                first_place: next_place,
                ..TextItem::clone(item)
            });
            moves_of_source.push(Move {
                from: item.first_place,
                places: item.places,
                to: next_place,
            });
            next_place += item.places;
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
        // A text without places has none that would move.
        moves_of_source.retain(|text| text.places > 0);
        moves.push(moves_of_source);
    }
    files.finish()?;
    let parameters = SegmentParameters::new(FAMILY, gram::KEY_BITS)?;
    let movers: Vec<_> = (moves.iter())
        .map(|moves| move |place: u64| moved(moves, place))
        .collect();
    let postings: Vec<Moved<'_>> = (sources.iter().zip(&movers))
        .map(|(source, mover)| (&source.store.segment, mover as &dyn Fn(u64) -> Option<u64>))
        .collect();
    PackedWriter::merge(&folder.join(POSTINGS_FILE), &parameters, &postings, step)?;
    Ok(kept)
}

/// A text that was kept: where its places lay, how many it has, and where they lie now.
struct Move {
    from: u64,
    places: u64,
    to: u64,
}

/// Where a place lies in the merged part, when its text was kept.
fn moved(moves: &[Move], place: u64) -> Option<u64> {
    let behind = moves.partition_point(|text| text.from <= place);
    let text = &moves[behind.checked_sub(1)?];
    let within = place - text.from;
    (within < text.places).then_some(text.to + within)
}
