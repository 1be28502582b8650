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
use super::{FAMILY, MAX_SYMBOLS, PLACES_FILE, POSTINGS_FILE, Row, TEXT_FILE, TextItem, TextStore, blocks};
use crate::segment::{SegmentError, SegmentParameters, SegmentWriter, Step};

/// Writes the texts of one part.
pub(crate) struct TextStoreWriter {
    segment: SegmentWriter,
    files: TextFiles,
    fold: Fold,
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
            segment: SegmentWriter::create(&folder.join(POSTINGS_FILE), &parameters)?,
            files: TextFiles::create(folder)?,
            fold: Fold::new(),
        })
    }

    /// Adds one work. After a [`AddError::Text`] its number must not be given again:
    /// postings of its beginning may be there, and nobody reads them.
    pub(crate) fn add(&mut self, item: u32, reader: impl Read) -> Result<(TextItem, Decoded), AddError> {
        let (first_row, first_byte) = (self.files.rows, self.files.text_bytes);
        let mut winnow = Winnow::default();
        let (mut chars, mut symbols) = (0u64, 0u64);
        let mut failed = None;
        let mut folded = Vec::new();
        let decoded = decode::<AddError>(reader, |piece| {
            for block in blocks(piece) {
                let row = Row {
                    byte: self.files.text_bytes - first_byte,
                    char: chars,
                    symbol: symbols,
                    crc: 0,
                }
                .sealed(block.as_bytes());
                self.files.push(row, block.as_bytes())?;
                chars += block.chars().count() as u64;
                folded.clear();
                self.fold.fold_text(block, &mut folded);
                symbols += folded.len() as u64;
                if symbols > MAX_SYMBOLS {
                    return Err(TextError::TooLong { limit: MAX_SYMBOLS }.into());
                }
                winnow.extend(&folded, |key, start| {
                    if let Err(e) = self.segment.push(key, item, start as u32) {
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
            if let Err(e) = self.segment.push(key, item, start as u32) {
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

/// A store whose texts go into another one, and the new number of each of its numbers; those without one are left out.
pub(crate) struct TextSource<'a> {
    pub(crate) store: &'a TextStore,
    pub(crate) items: Vec<(u32, &'a TextItem)>,
    pub(crate) numbers: Vec<Option<u32>>,
}

/// Writes the texts of several stores as one, without decoding or folding them again, and returns what is kept of
/// each, in the order of the sources.
pub(crate) fn merge(
    folder: &Path,
    sources: &[TextSource<'_>],
    step: Step<'_>,
) -> Result<Vec<Vec<TextItem>>, SegmentError> {
    let mut files = TextFiles::create(folder)?;
    let mut kept = Vec::with_capacity(sources.len());
    for source in sources {
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let (first_row, first_byte) = (files.rows, files.text_bytes);
            source
                .store
                .for_each_block(item, |row, block| files.push(row, block))?;
            of_source.push(TextItem {
                rows: [first_row, files.rows],
                bytes: [first_byte, files.text_bytes],
                ..TextItem::clone(item)
            });
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
    }
    files.finish()?;
    let parameters = SegmentParameters::new(FAMILY, gram::KEY_BITS)?;
    let postings: Vec<_> = (sources.iter())
        .map(|s| (&s.store.segment, &*s.numbers))
        .collect();
    SegmentWriter::merge(&folder.join(POSTINGS_FILE), &parameters, &postings, step)?;
    Ok(kept)
}
