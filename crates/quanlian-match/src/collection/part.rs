//! A part of the index: the works that one `build` or `add` brought.
//!
//! In:  files of works; later the folder of the part.
//! Out: the table of works and the files of each medium, open for matching.
//!
//! Invariant: the table of works is compared with the checksum in the manifest before a
//! name of it is used; the per-item data of all works of a medium lie in few files, so
//! that a hundred thousand small works need no more open files than one.
//!
//! Not here: what the media keep in their files (`text::store`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::PartEntry;
use super::sniff::{self, Content};
use super::walk::Found;
use super::{BuildReport, CollectionError, MediumStats, Note};
use crate::Medium;
use crate::segment::SegmentError;
use crate::text::matcher::TextPart;
use crate::text::store::{AddError, TextItem, TextStore, TextStoreWriter};

const ITEMS_FILE: &str = "items.jsonl";

/// One work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) content: ItemContent,
}

/// What the medium of a work keeps about it; `number` is its number in the postings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "medium", rename_all = "lowercase")]
pub(super) enum ItemContent {
    Text { number: u32, text: TextItem },
}

/// Writes a part.
pub(super) struct PartWriter {
    items: BufWriter<File>,
    items_crc: crc32fast::Hasher,
    item_count: u64,
    text: TextStoreWriter,
    next_text: u32,
}

impl PartWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        Ok(Self {
            items: BufWriter::new(File::create(folder.join(ITEMS_FILE))?),
            items_crc: crc32fast::Hasher::new(),
            item_count: 0,
            text: TextStoreWriter::create(folder)?,
            next_text: 0,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.item_count == 0
    }

    /// Adds what can be added and remarks on the rest; fails only when the index cannot
    /// be written.
    pub(super) fn add_all(
        &mut self,
        files: &[Found],
        known: &mut BTreeMap<String, String>,
        report: &mut BuildReport,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SegmentError> {
        for (i, found) in files.iter().enumerate() {
            let name = found.relative.to_string_lossy().into_owned();
            match self.add(found, &name, known.get(&name))? {
                Added::Item { sha256, notes } => {
                    known.insert(name, sha256);
                    report.added += 1;
                    report.notes.extend(notes);
                }
                Added::Unchanged => report.unchanged += 1,
                Added::Skipped(note) => report.notes.push(note),
            }
            progress(i as u64 + 1);
        }
        Ok(())
    }

    fn add(&mut self, found: &Found, name: &str, known: Option<&String>) -> Result<Added, SegmentError> {
        let unreadable =
            |e: io::Error| Added::Skipped(Note::from_error(&found.relative, "work_unreadable", &e));
        if let Some(known) = known {
            return Ok(match digest(&found.path) {
                Ok(sha256) if sha256 == *known => Added::Unchanged,
                Ok(_) => Added::Skipped(Note::new(
                    &found.relative,
                    "work_name_taken",
                    "another content is in the index under this name; give the new version another name",
                )),
                Err(e) => unreadable(e),
            });
        }
        let opened = match Opened::open(&found.path) {
            Ok(opened) => opened,
            Err(e) => return Ok(unreadable(e)),
        };
        let mut notes: Vec<Note> = opened.remark(&found.relative).into_iter().collect();
        match opened.content {
            Content::Known(Medium::Text) => self.add_text(found, name, opened, notes),
            Content::Known(Medium::Audio) => {
                Ok(Added::Skipped(Note::new(&found.relative, "work_audio", "sound")))
            }
            Content::Empty => Ok(Added::Skipped(Note::new(
                &found.relative,
                "work_empty",
                "the file is empty",
            ))),
            Content::Other(what) => {
                notes.clear();
                Ok(Added::Skipped(Note::new(
                    &found.relative,
                    "work_unknown_medium",
                    what,
                )))
            }
        }
    }

    fn add_text(
        &mut self,
        found: &Found,
        name: &str,
        opened: Opened,
        mut notes: Vec<Note>,
    ) -> Result<Added, SegmentError> {
        let number = self.next_text;
        // Also after a failure the number is spent: some of its postings may be written.
        self.next_text += 1;
        let mut reader = opened.into_digesting_reader();
        match self.text.add(number, &mut reader) {
            Ok((text, decoded)) => {
                if decoded.broken {
                    notes.push(Note::new(
                        &found.relative,
                        "text_broken_encoding",
                        format!(
                            "some bytes mean nothing in {} and were replaced",
                            decoded.encoding
                        ),
                    ));
                }
                let (bytes, sha256) = reader.finish();
                self.push(&Item {
                    name: name.to_owned(),
                    bytes,
                    sha256: sha256.clone(),
                    content: ItemContent::Text { number, text },
                })?;
                Ok(Added::Item { sha256, notes })
            }
            Err(AddError::Text(e)) => Ok(Added::Skipped(Note::from_error(&found.relative, e.code(), &e))),
            Err(AddError::Index(e)) => Err(e),
        }
    }

    fn push(&mut self, item: &Item) -> Result<(), SegmentError> {
        let mut line = serde_json::to_vec(item).map_err(io::Error::from)?;
        line.push(b'\n');
        self.items_crc.update(&line);
        self.items.write_all(&line)?;
        self.item_count += 1;
        Ok(())
    }

    /// Writes and syncs everything.
    pub(super) fn finish(self, name: &str) -> Result<PartEntry, SegmentError> {
        self.items
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        self.text.finish()?;
        Ok(PartEntry {
            name: name.to_owned(),
            items: self.item_count,
            items_crc32: self.items_crc.finalize(),
        })
    }
}

enum Added {
    Item { sha256: String, notes: Vec<Note> },
    Unchanged,
    Skipped(Note),
}

/// A file whose beginning was read to tell its content.
pub(super) struct Opened {
    path: PathBuf,
    start: Vec<u8>,
    file: File,
    pub(super) content: Content,
}

impl Opened {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Looked at before it is opened: opening a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file)
            .take(sniff::SNIFF_BYTES as u64)
            .read_to_end(&mut start)?;
        let whole = start.len() < sniff::SNIFF_BYTES;
        let content = sniff::sniff(&start, whole);
        Ok(Self {
            path: path.to_owned(),
            start,
            file,
            content,
        })
    }

    /// A remark when the name promises another medium than the content is.
    pub(super) fn remark(&self, subject: &Path) -> Option<Note> {
        let promised = sniff::promised(&self.path)?;
        let Content::Known(found) = self.content else {
            return None;
        };
        let name = |m: Medium| if m == Medium::Audio { "sound" } else { "text" };
        (promised != found).then(|| {
            let message = format!("the name says {}, the content is {}", name(promised), name(found));
            Note::new(subject, "file_name_misleads", message)
        })
    }

    pub(super) fn into_digesting_reader(self) -> DigestingReader<impl Read> {
        DigestingReader {
            reader: io::Cursor::new(self.start).chain(self.file),
            digest: Sha256::new(),
            bytes: 0,
        }
    }
}

/// Passes bytes on and takes their SHA-256 on the way.
pub(super) struct DigestingReader<R> {
    reader: R,
    digest: Sha256,
    bytes: u64,
}

impl<R: Read> Read for DigestingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.digest.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

impl<R> DigestingReader<R> {
    fn finish(self) -> (u64, String) {
        (self.bytes, hex::encode(self.digest.finalize()))
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut reader = DigestingReader {
        reader: File::open(path)?,
        digest: Sha256::new(),
        bytes: 0,
    };
    io::copy(&mut reader, &mut io::sink())?;
    Ok(reader.finish().1)
}

/// An open part.
#[derive(Debug)]
pub(super) struct Part {
    items: Vec<Item>,
    text: TextStore,
    /// Index into `items` by number in the text postings.
    texts: Vec<Option<u32>>,
}

impl Part {
    pub(super) fn read_items(folder: &Path, entry: &PartEntry) -> Result<Vec<Item>, CollectionError> {
        let path = folder.join(&entry.name).join(ITEMS_FILE);
        let bytes = fs::read(&path).map_err(CollectionError::io(&path))?;
        let damaged = |what: String| CollectionError::Damaged {
            path: path.clone(),
            what,
        };
        if crc32fast::hash(&bytes) != entry.items_crc32 {
            return Err(damaged("checksum".into()));
        }
        let items = bytes
            .split(|&b| b == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<Vec<Item>, _>>()
            .map_err(|e| damaged(e.to_string()))?;
        if items.len() as u64 != entry.items {
            return Err(damaged("number of works".into()));
        }
        Ok(items)
    }

    pub(super) fn open(folder: &Path, entry: &PartEntry) -> Result<Self, CollectionError> {
        let items = Self::read_items(folder, entry)?;
        let in_part = |source| CollectionError::Part {
            part: entry.name.clone(),
            source,
        };
        let text = TextStore::open(&folder.join(&entry.name)).map_err(in_part)?;
        let mut texts = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let ItemContent::Text { number, .. } = item.content;
            set(&mut texts, number, i as u32);
        }
        Ok(Self { items, text, texts })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|i| i.name.as_str())
    }

    pub(super) fn text_name(&self, number: u32) -> Option<&str> {
        let index = (*self.texts.get(number as usize)?)?;
        Some(&self.items[index as usize].name)
    }

    /// Folded letters of all texts.
    pub(super) fn text_symbols(&self) -> u64 {
        self.items
            .iter()
            .map(|i| match &i.content {
                ItemContent::Text { text, .. } => u64::from(text.symbols),
            })
            .sum()
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.text.size_bytes()
    }

    pub(super) fn add_stats(&self, media: &mut BTreeMap<Medium, MediumStats>) {
        for item in &self.items {
            match &item.content {
                ItemContent::Text { text, .. } => {
                    let m = media.entry(Medium::Text).or_default();
                    m.items += 1;
                    m.source_bytes += item.bytes;
                    m.chars = Some(m.chars.unwrap_or(0) + text.chars);
                }
            }
        }
        let m = media.entry(Medium::Text).or_default();
        m.postings += self.text.segment.len();
        m.index_bytes += self.text.size_bytes();
    }
}

fn set(numbers: &mut Vec<Option<u32>>, number: u32, index: u32) {
    // A number is at most the count of works of its part, which is bounded.
    let at = number as usize;
    if at < super::MAX_ITEMS_PER_PART {
        if numbers.len() <= at {
            numbers.resize(at + 1, None);
        }
        numbers[at] = Some(index);
    }
}

impl TextPart for Part {
    fn store(&self) -> &TextStore {
        &self.text
    }

    fn numbers(&self) -> u32 {
        self.texts.len() as u32
    }

    fn item(&self, number: u32) -> Option<&TextItem> {
        let index = (*self.texts.get(number as usize)?)?;
        match &self.items[index as usize].content {
            ItemContent::Text { text, .. } => Some(text),
        }
    }
}
