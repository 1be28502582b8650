//! Reading a segment: one table look-up and a short scan for each key.
//!
//! In:  the path of a segment, then keys.
//! Out: their postings in order of item and position.
//!
//! Invariants: no byte of the body is believed before the checksum of its page was
//! compared, and no offset before it was compared with the length of the data. Damage
//! found on the way ends the list at hand and is told by [`Segment::check_read`], so
//! that the inner loops of the matchers stay free of error handling; whoever reports
//! a result calls it first.
//!
//! Not here: writing (`writer`), checksums of pages (`pages`).

use std::path::Path;

use quanlian_mmap::ReadOnlyMap;

use super::layout::{self, HEADER_BYTES, Header, OFFSET_BYTES, take_varint, take_varint32};
use super::pages::CheckedPages;
use super::sorter::{Record, pack};
use super::{Posting, SegmentError, mix};

/// An open, immutable segment; share it between threads freely.
#[derive(Debug)]
pub struct Segment {
    pages: CheckedPages,
    header: Header,
    /// Where the bucket table starts in the file.
    table_at: usize,
}

impl Segment {
    /// Maps the file and checks its header, its length and its table of checksums.
    ///
    /// Costs one checksum in [`PAGE_BYTES`](super::PAGE_BYTES); the pages themselves are checked when
    /// they are first read.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let map = ReadOnlyMap::open(path)?;
        let header = Header::decode(&map)?;
        let too_long = SegmentError::Damaged {
            what: "longer than this machine can address",
        };
        let Some(body_bytes) = header.body_bytes().and_then(|b| usize::try_from(b).ok()) else {
            return Err(too_long);
        };
        let Ok(data_bytes) = usize::try_from(header.data_bytes) else {
            return Err(too_long);
        };
        Ok(Self {
            pages: CheckedPages::new(map, body_bytes, header.page_table_crc)?,
            header,
            table_at: HEADER_BYTES + data_bytes,
        })
    }

    /// Number of postings.
    #[expect(
        clippy::len_without_is_empty,
        reason = "nobody asks whether a whole segment is empty"
    )]
    pub fn len(&self) -> u64 {
        self.header.postings
    }

    /// Number of different keys.
    pub fn key_count(&self) -> u64 {
        self.header.keys
    }

    /// Size of the file.
    pub fn size_bytes(&self) -> u64 {
        self.pages.bytes().len() as u64
    }

    /// The family that made the keys.
    pub fn family(&self) -> &str {
        self.header.parameters.family()
    }

    /// Number of low bits of a key that count.
    pub fn key_bits(&self) -> u32 {
        self.header.parameters.key_bits()
    }

    /// Where a key occurs, in order of item and position.
    #[inline]
    pub fn postings(&self, key: u64) -> Postings<'_> {
        Postings {
            segment: self,
            rest: self.find(key),
            list: &[],
            left: 0,
            previous: None,
            first: true,
        }
    }

    /// The same when there are at most `limit` of them, and `None` otherwise.
    ///
    /// Costs no more for a key that is left out than for one that is absent.
    #[inline]
    pub fn postings_of_rare(&self, key: u64, limit: u64) -> Option<Postings<'_>> {
        let postings = self.postings(key);
        let too_many =
            |(head, _): &(EntryHead<'_>, _)| matches!(head, EntryHead::Many { count, .. } if *count > limit);
        let is_common = entry_head(postings.rest).as_ref().is_some_and(too_many);
        (!is_common).then_some(postings)
    }

    /// In how many items a key occurs; cheaper than reading its postings.
    pub fn document_frequency(&self, key: u64) -> u64 {
        let mut postings = self.postings(key);
        let mut documents = 0u64;
        while let Some(entry) = postings.next_entry() {
            documents = documents.saturating_add(match entry {
                EntryHead::One(_) => 1,
                EntryHead::Many { documents: here, .. } => here,
            });
        }
        documents
    }

    /// All postings under their mixed keys, in the order of the file.
    pub(super) fn records(&self) -> Records<'_> {
        Records {
            segment: self,
            next_bucket: 0,
            key: 0,
            list: Postings {
                segment: self,
                rest: &[],
                list: &[],
                left: 0,
                previous: None,
                first: true,
            },
        }
    }

    /// Checks every page now, instead of when it is first read.
    pub fn verify(&self) -> Result<(), SegmentError> {
        self.pages.verify()
    }

    /// Fails when anything read so far was damaged: then postings are missing.
    pub fn check_read(&self) -> Result<(), SegmentError> {
        self.pages.check_read()
    }

    /// The entries of the key's bucket from the key's own on; empty when it is absent.
    ///
    /// The slice returned starts behind the difference that named the key.
    fn find(&self, key: u64) -> &[u8] {
        let mixed = mix(key, self.header.parameters.key_bits);
        let rest_bits = self.header.parameters.key_bits - self.header.bucket_bits;
        let bucket = mixed.checked_shr(rest_bits).unwrap_or(0);
        let wanted = mixed - bucket.checked_shl(rest_bits).unwrap_or(0);
        let Some(mut entries) = self.bucket(bucket as usize) else {
            return self.note_damage();
        };
        let mut at = 0u64;
        while !entries.is_empty() {
            let Some(difference) = take_varint(&mut entries) else {
                return self.note_damage();
            };
            let Some(next) = at.checked_add(difference) else {
                return self.note_damage();
            };
            at = next;
            if at == wanted {
                return entries;
            }
            if at > wanted {
                return &[];
            }
            let Some(rest) = skip_entry(entries) else {
                return self.note_damage();
            };
            entries = rest;
        }
        &[]
    }

    /// The entries of a bucket, their pages checked.
    fn bucket(&self, bucket: usize) -> Option<&[u8]> {
        let at = self.table_at + bucket * OFFSET_BYTES;
        let bounds = self.pages.checked(at, at + 2 * OFFSET_BYTES)?;
        let start = usize::try_from(layout::decode_offset(&bounds[..OFFSET_BYTES])?).ok()?;
        let end = usize::try_from(layout::decode_offset(&bounds[OFFSET_BYTES..])?).ok()?;
        if start > end || end > self.table_at - HEADER_BYTES {
            return None;
        }
        self.pages.checked(HEADER_BYTES + start, HEADER_BYTES + end)
    }

    #[cold]
    fn note_damage(&self) -> &[u8] {
        self.pages.note_damage();
        &[]
    }
}

/// The head of an entry: its only posting, or its counts and its list.
enum EntryHead<'a> {
    One(Posting),
    Many {
        count: u64,
        documents: u64,
        list: &'a [u8],
    },
}

/// Splits an entry (without its key difference) off the front.
#[inline]
fn entry_head(mut bytes: &[u8]) -> Option<(EntryHead<'_>, &[u8])> {
    let tag = take_varint(&mut bytes)?;
    if tag == layout::LONE_POSTING {
        let posting = Posting {
            item: take_varint32(&mut bytes)?,
            position: take_varint32(&mut bytes)?,
        };
        return Some((EntryHead::One(posting), bytes));
    }
    let documents = take_varint(&mut bytes)?;
    let list_bytes = usize::try_from(take_varint(&mut bytes)?).ok()?;
    if list_bytes > bytes.len() {
        return None;
    }
    let (list, rest) = bytes.split_at(list_bytes);
    Some((
        EntryHead::Many {
            count: tag.max(1),
            documents,
            list,
        },
        rest,
    ))
}

/// What follows an entry (without its key difference).
#[inline]
fn skip_entry(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.split_first() {
        Some((&tag, mut rest)) if u64::from(tag) == layout::LONE_POSTING => {
            layout::skip_two_varints(&mut rest)?;
            Some(rest)
        }
        _ => entry_head(bytes).map(|(_, rest)| rest),
    }
}

/// All postings of a segment.
pub(super) struct Records<'a> {
    segment: &'a Segment,
    next_bucket: u64,
    /// The mixed key at hand.
    key: u64,
    /// The entries of the bucket at hand, its keys passed over one by one.
    list: Postings<'a>,
}

impl Records<'_> {
    /// Moves on to the next entry, in this bucket or another; `None` at the end and at damage.
    fn next_entry(&mut self) -> Option<()> {
        while self.list.rest.is_empty() {
            let header = &self.segment.header;
            if self.next_bucket >> header.bucket_bits != 0 {
                return None;
            }
            let rest_bits = header.parameters.key_bits - header.bucket_bits;
            self.key = self.next_bucket.checked_shl(rest_bits).unwrap_or(0);
            let Some(entries) = self.segment.bucket(self.next_bucket as usize) else {
                self.segment.note_damage();
                return None;
            };
            self.list.rest = entries;
            self.next_bucket += 1;
        }
        let key = take_varint(&mut self.list.rest).and_then(|difference| self.key.checked_add(difference));
        let Some(key) = key.filter(|_| !self.list.rest.is_empty()) else {
            self.list.rest = self.segment.note_damage();
            return None;
        };
        self.key = key;
        self.list.first = true;
        Some(())
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if self.list.left == 0 {
                self.next_entry()?;
            }
            if let Some(posting) = self.list.next_of_entry() {
                return Some(pack(self.key, posting.item, posting.position));
            }
            // An entry that cannot be read was noted as damage and ends its bucket.
        }
    }
}

/// The postings of one key.
#[derive(Debug, Clone)]
pub struct Postings<'a> {
    segment: &'a Segment,
    /// What follows in the bucket behind the entry at hand.
    rest: &'a [u8],
    list: &'a [u8],
    left: u64,
    previous: Option<Posting>,
    first: bool,
}

impl<'a> Postings<'a> {
    /// Moves on to the next entry of the same key.
    fn next_entry(&mut self) -> Option<EntryHead<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if !self.first {
            // Only a difference of zero goes on with the same key.
            if take_varint(&mut self.rest)? != 0 {
                self.rest = &[];
                return None;
            }
        }
        self.first = false;
        let Some((head, rest)) = entry_head(self.rest) else {
            self.rest = self.segment.note_damage();
            return None;
        };
        self.rest = rest;
        Some(head)
    }

    fn decode_next(&mut self) -> Option<Posting> {
        let difference = take_varint(&mut self.list)?;
        let position = take_varint32(&mut self.list)?;
        let posting = match (difference, self.previous) {
            (0, Some(p)) => Posting {
                item: p.item,
                position: p.position.checked_add(position)?,
            },
            (0, None) => return None,
            (d, previous) => {
                let item = previous.map_or(0, |p| u64::from(p.item) + 1).checked_add(d)? - 1;
                Posting {
                    item: u32::try_from(item).ok()?,
                    position,
                }
            }
        };
        Some(posting)
    }
}

impl Postings<'_> {
    /// The next posting of the entry at hand, or of the next entry of the same key.
    #[inline]
    fn next_of_entry(&mut self) -> Option<Posting> {
        if self.left == 0 {
            match self.next_entry()? {
                EntryHead::One(posting) => return Some(posting),
                EntryHead::Many { count, list, .. } => {
                    self.list = list;
                    self.left = count;
                    self.previous = None;
                }
            }
        }
        let Some(posting) = self.decode_next() else {
            self.left = 0;
            self.rest = self.segment.note_damage();
            return None;
        };
        self.left -= 1;
        self.previous = Some(posting);
        Some(posting)
    }
}

impl Iterator for Postings<'_> {
    type Item = Posting;

    #[inline]
    fn next(&mut self) -> Option<Posting> {
        self.next_of_entry()
    }
}
