//! The write-ahead log: where an entry is durable first.
//!
//! In:  batches of entries, in order.
//! Out: after one sync, batches that survive a loss of power; after a crash, all of them again.
//!
//! One batch is one frame is one sync. A frame is written only when the one before it is
//! on the disk, so a frame that a crash has torn is the last one. This is what makes the
//! rule of recovery exact: a damaged frame with nothing valid behind it was never
//! acknowledged, and is cut off; with something valid behind it, it was, and the log
//! refuses to open ([`WalError::Damaged`]).
//!
//! Layout: a folder of segments, `<number of the first entry, 20 digits>.wal`. A segment
//! is a header of one sector, then frames, each at the begin of a sector, so that no write
//! touches a sector that holds acknowledged bytes. The checksums cover a random salt of
//! the segment: an entry that contains the image of a frame does not pass for one.
//!
//! Small batches find their place filled with zeros ahead of them, because a sync that
//! also has to make the file longer costs the disk a second write. Large batches do not
//! wait for that.
//!
//! Not here: when a segment may go (`log`), who may call (`sequencer`).

mod frame;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use frame::Batch;
use frame::{Found, SECTOR_BYTES, SegmentHeader};

use crate::{
    disk::{Disk, DiskFile},
    store::StoreError,
};

/// A segment that has grown beyond this many bytes is followed by a new one.
pub(crate) const SEGMENT_BYTES: u64 = 16 << 20;
/// The longest segment that is read back, in bytes.
const MAX_SEGMENT_BYTES: u64 = SEGMENT_BYTES + frame::MAX_FRAME_BYTES as u64 + ZEROS_AHEAD as u64;
/// Batches of fewer bytes find zeros where they are written.
const SMALL_BATCH_BYTES: usize = 64 << 10;
/// How many zeros are written ahead.
const ZEROS_AHEAD: usize = 256 << 10;
/// What the names of segments end in.
const EXTENSION: &str = ".wal";
/// Digits of the first entry's number in the name.
const NAME_DIGITS: usize = 20;

/// Why the write-ahead log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum WalError {
    /// The operating system refused.
    #[error("the write-ahead log cannot be read or written")]
    Store(#[from] StoreError),
    /// Bytes that were acknowledged are damaged: what follows them is still there.
    #[error(
        "the write-ahead log is damaged: {} at byte {offset_bytes}, {why}; put this file back from a copy",
        segment.display()
    )]
    Damaged {
        segment: PathBuf,
        offset_bytes: u64,
        why: &'static str,
    },
    /// The segment was written for another log.
    #[error("{} belongs to another log", .0.display())]
    Foreign(PathBuf),
    /// Entries that are nowhere else have been there and are gone.
    #[error(
        "the write-ahead log begins at entry {begin}, but the tiles end at {published}; put the missing files back from a copy"
    )]
    Gap { begin: u64, published: u64 },
    /// The folder holds no segment.
    #[error("the write-ahead log in {} is gone; put it back from a copy", .0.display())]
    Missing(PathBuf),
}

impl WalError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(source) => source.code(),
            Self::Damaged { .. } => "log_wal_damaged",
            Self::Foreign(_) => "log_wal_foreign",
            Self::Gap { .. } => "log_wal_gap",
            Self::Missing(_) => "log_wal_missing",
        }
    }
}

/// A segment to which nothing will be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// The number of its first entry.
    pub(crate) first: u64,
    /// The number after its last entry.
    pub(crate) end: u64,
}

/// The write-ahead log, open for appending.
pub(crate) struct Wal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    origin: String,
    /// The number of the next entry.
    next: u64,
    current: Current,
    /// Segments before the current one that nobody has asked for yet.
    closed: Vec<Segment>,
    segment_bytes: u64,
}

/// The segment that grows.
struct Current {
    path: PathBuf,
    header: SegmentHeader,
    file: Box<dyn DiskFile>,
    /// Where the next frame goes.
    offset: u64,
    /// The file is long enough, and zero, up to here.
    zeros_until: u64,
}

/// What a folder of segments holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Batches that hold entries from the number asked for on.
    pub(crate) batches: Vec<Batch>,
    /// All segments, in order.
    pub(crate) segments: Vec<Segment>,
    /// The number after the last entry.
    pub(crate) end: u64,
    /// A last frame that a crash has torn; it was never acknowledged.
    pub(crate) torn: bool,
    /// What is known of the last segment; `None` in a folder without segments.
    last: Option<Last>,
    /// A file that a crash left while a segment was being made.
    unborn: Option<PathBuf>,
}

#[derive(Debug)]
struct Last {
    header: SegmentHeader,
    /// Where the next frame goes.
    offset: u64,
    /// The length of the file.
    length: u64,
    /// Where the last frame begins, if there is one, and its bytes.
    frame: Option<(u64, Vec<u8>)>,
}

impl Wal {
    /// Begins a write-ahead log in a folder that holds none. What a crash left of an
    /// earlier attempt is replaced; entries never are.
    pub(crate) fn create(disk: Arc<dyn Disk>, folder: &Path, origin: &str) -> Result<Self, WalError> {
        disk.make_folders(folder)
            .map_err(io_error("make the folder", folder))?;
        if let Some(above) = folder.parent() {
            disk.sync_folder(above)
                .map_err(io_error("sync the folder", above))?;
        }
        let scan = scan(&*disk, folder, origin, 0)?;
        if scan.end > 0 {
            let segment = scan.segments.first().map(|segment| segment.path.clone());
            return Err(WalError::Foreign(segment.unwrap_or_else(|| folder.to_owned())));
        }
        let current = Current::create(&*disk, folder, origin, 0)?;
        Ok(Self {
            disk,
            folder: folder.to_owned(),
            origin: origin.to_owned(),
            next: 0,
            current,
            closed: Vec::new(),
            segment_bytes: SEGMENT_BYTES,
        })
    }

    /// Opens the folder, cuts off what a crash has torn, and gives back the batches that
    /// hold entries from `from` on.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        origin: &str,
        from: u64,
    ) -> Result<(Self, Vec<Batch>), WalError> {
        let mut scan = scan(&*disk, folder, origin, from)?;
        if let Some(unborn) = &scan.unborn {
            disk.remove(unborn).map_err(io_error("remove", unborn))?;
        }
        let Some(last) = scan.last else {
            return Err(WalError::Missing(folder.to_owned()));
        };
        let segment = scan.segments.pop().expect("the last segment is one of them");
        let current = Current::reopen(&*disk, segment.path, last, scan.torn)?;
        let wal = Self {
            disk,
            folder: folder.to_owned(),
            origin: origin.to_owned(),
            next: scan.end,
            current,
            closed: scan.segments,
            segment_bytes: SEGMENT_BYTES,
        };
        Ok((wal, scan.batches))
    }

    /// The number of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Makes a batch durable. After an error the write-ahead log must be opened again.
    pub(crate) fn append(&mut self, batch: &mut Batch) -> Result<(), WalError> {
        debug_assert_eq!(batch.first(), self.next, "entries are numbered without gaps");
        if self.current.offset >= self.segment_bytes {
            self.rotate()?;
        }
        self.current.append(batch)?;
        self.next = batch.end();
        Ok(())
    }

    /// The segments that have been closed since this was last called.
    pub(crate) fn take_closed(&mut self) -> Vec<Segment> {
        std::mem::take(&mut self.closed)
    }

    /// Tests turn over small segments.
    #[cfg(test)]
    pub(crate) fn set_segment_bytes(&mut self, bytes: u64) {
        self.segment_bytes = bytes;
    }

    fn rotate(&mut self) -> Result<(), WalError> {
        let next = Current::create(&*self.disk, &self.folder, &self.origin, self.next)?;
        let closed = std::mem::replace(&mut self.current, next);
        self.closed.push(Segment {
            path: closed.path,
            first: closed.header.first,
            end: self.next,
        });
        Ok(())
    }
}

impl Current {
    /// Makes a segment; it is durable, name and header, when this returns.
    fn create(disk: &dyn Disk, folder: &Path, origin: &str, first: u64) -> Result<Self, WalError> {
        let path = folder.join(format!("{first:0NAME_DIGITS$}{EXTENSION}"));
        let salt = disk.salt().map_err(io_error("draw a salt for", &path))?;
        let header = SegmentHeader::new(origin, first, salt);
        let mut file = disk.create(&path).map_err(io_error("create", &path))?;
        file.write_at(0, &header.encode())
            .map_err(io_error("write", &path))?;
        file.sync().map_err(io_error("sync", &path))?;
        disk.sync_folder(folder)
            .map_err(io_error("sync the folder", folder))?;
        Ok(Self {
            path,
            header,
            file,
            offset: SECTOR_BYTES as u64,
            zeros_until: SECTOR_BYTES as u64,
        })
    }

    fn reopen(disk: &dyn Disk, path: PathBuf, last: Last, torn: bool) -> Result<Self, WalError> {
        let mut file = disk.open(&path).map_err(io_error("open", &path))?;
        // Written anew: after a sync that failed, the page cache may show bytes that never
        // reached the disk. Only the header and the last frame can be such bytes.
        file.write_at(0, &last.header.encode())
            .map_err(io_error("write", &path))?;
        if let Some((offset, bytes)) = &last.frame {
            file.write_at(*offset, bytes).map_err(io_error("write", &path))?;
        }
        let mut zeros_until = last.length;
        if torn {
            file.set_len(last.offset).map_err(io_error("cut", &path))?;
            zeros_until = last.offset;
        }
        file.sync().map_err(io_error("sync", &path))?;
        if let Some(folder) = path.parent() {
            disk.sync_folder(folder)
                .map_err(io_error("sync the folder", folder))?;
        }
        Ok(Self {
            path,
            header: last.header,
            file,
            offset: last.offset,
            zeros_until,
        })
    }

    fn append(&mut self, batch: &mut Batch) -> Result<(), WalError> {
        let frame_bytes = batch.seal(&self.header).len();
        let end = self.offset + frame_bytes as u64;
        let zeros = if end > self.zeros_until && frame_bytes < SMALL_BATCH_BYTES {
            ZEROS_AHEAD
        } else {
            0
        };
        let frame = batch.sealed_with_zeros(zeros);
        let path = &self.path;
        self.file
            .write_at(self.offset, frame)
            .map_err(io_error("write", path))?;
        self.file.sync().map_err(io_error("sync", path))?;
        batch.drop_zeros(zeros);
        self.offset = end;
        self.zeros_until = self.zeros_until.max(end + zeros as u64);
        Ok(())
    }
}

/// Reads the batches of one closed segment.
pub(crate) fn read_segment(disk: &dyn Disk, segment: &Segment, origin: &str) -> Result<Vec<Batch>, WalError> {
    let bytes = read(disk, &segment.path)?;
    let header = header_of(&segment.path, &bytes, origin, segment.first)?.ok_or(WalError::Damaged {
        segment: segment.path.clone(),
        offset_bytes: 0,
        why: "its header is not valid",
    })?;
    let frames = scan_frames(&segment.path, &bytes, &header)?;
    if frames.torn || frames.end != segment.end {
        return Err(WalError::Damaged {
            segment: segment.path.clone(),
            offset_bytes: frames.offset,
            why: "a frame is not valid although the next segment follows",
        });
    }
    Ok(frames.batches)
}

/// Reads the folder and changes nothing.
pub(crate) fn scan(disk: &dyn Disk, folder: &Path, origin: &str, from: u64) -> Result<Scan, WalError> {
    let mut names: Vec<String> = disk
        .list(folder)
        .map_err(io_error("read the folder", folder))?
        .into_iter()
        .filter(|name| first_of(name).is_some())
        .collect();
    names.sort_unstable();
    let mut result = Scan::default();
    if let Some(newest) = names.last() {
        let path = folder.join(newest);
        let bytes = read(disk, &path)?;
        // Nothing is written behind a header that is not yet on the disk.
        let is_unborn =
            SegmentHeader::decode(&bytes).is_none() && bytes.iter().skip(SECTOR_BYTES).all(|&byte| byte == 0);
        if is_unborn {
            names.pop();
            result.unborn = Some(path);
        }
    }
    let firsts: Vec<u64> = names.iter().filter_map(|name| first_of(name)).collect();
    if let Some(&begin) = firsts.first()
        && begin > from
    {
        return Err(WalError::Gap {
            begin,
            published: from,
        });
    }
    for (at, (name, &first)) in names.iter().zip(&firsts).enumerate() {
        let path = folder.join(name);
        if let Some(&next_first) = firsts.get(at + 1) {
            let segment = Segment {
                path,
                first,
                end: next_first,
            };
            // What the tiles hold already is read when the segment is about to go.
            if next_first > from {
                let batches = read_segment(disk, &segment, origin)?;
                result
                    .batches
                    .extend(batches.into_iter().filter(|batch| batch.end() > from));
            }
            result.segments.push(segment);
            continue;
        }
        let bytes = read(disk, &path)?;
        let header = header_of(&path, &bytes, origin, first)?.ok_or_else(|| WalError::Damaged {
            segment: path.clone(),
            offset_bytes: 0,
            why: "its header is not valid",
        })?;
        let frames = scan_frames(&path, &bytes, &header)?;
        result.torn = frames.torn;
        result.end = frames.end;
        result.last = Some(Last {
            header,
            offset: frames.offset,
            // A copy may have lost the zeros that fill the sector of the last frame; it is written with them.
            length: frames.offset.max(bytes.len() as u64),
            frame: frames.last_frame.map(|range| {
                let mut frame = bytes[range.start..range.end.min(bytes.len())].to_vec();
                frame.resize(range.len(), 0);
                (range.start as u64, frame)
            }),
        });
        result.segments.push(Segment {
            path,
            first,
            end: frames.end,
        });
        result
            .batches
            .extend(frames.batches.into_iter().filter(|batch| batch.end() > from));
    }
    Ok(result)
}

/// The frames of one segment.
struct Frames {
    batches: Vec<Batch>,
    /// The number after the last entry.
    end: u64,
    /// The byte after the last frame.
    offset: u64,
    /// Something that is no frame, and not zero, follows.
    torn: bool,
    last_frame: Option<std::ops::Range<usize>>,
}

fn scan_frames(path: &Path, bytes: &[u8], header: &SegmentHeader) -> Result<Frames, WalError> {
    let mut frames = Frames {
        batches: Vec::new(),
        end: header.first,
        offset: SECTOR_BYTES as u64,
        torn: false,
        last_frame: None,
    };
    let damaged = |offset: usize, why| WalError::Damaged {
        segment: path.to_owned(),
        offset_bytes: offset as u64,
        why,
    };
    let mut offset = SECTOR_BYTES;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        match frame::find(rest, header) {
            Found::Frame(batch) if batch.first() == frames.end => {
                let end = offset + batch.frame_bytes();
                frames.last_frame = Some(offset..end);
                frames.end = batch.end();
                frames.batches.push(batch);
                offset = end;
            }
            Found::Frame(_) => return Err(damaged(offset, "a frame does not follow the one before it")),
            Found::Misshapen => return Err(damaged(offset, "a frame does not hold the entries it counts")),
            Found::Nothing => break,
        }
    }
    frames.offset = offset as u64;
    let rest = bytes.get(offset..).unwrap_or_default();
    let mut later = (SECTOR_BYTES..rest.len()).step_by(SECTOR_BYTES);
    if later.any(|at| !matches!(frame::find(&rest[at..], header), Found::Nothing)) {
        return Err(damaged(
            offset,
            "a frame is not valid although a valid one follows",
        ));
    }
    frames.torn = rest.iter().any(|&byte| byte != 0);
    Ok(frames)
}

fn header_of(path: &Path, bytes: &[u8], origin: &str, first: u64) -> Result<Option<SegmentHeader>, WalError> {
    let Some(header) = SegmentHeader::decode(bytes) else {
        return Ok(None);
    };
    if header.is_of(origin) && header.first == first {
        Ok(Some(header))
    } else {
        Err(WalError::Foreign(path.to_owned()))
    }
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(EXTENSION)?;
    (digits.len() == NAME_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, WalError> {
    let bytes = disk
        .read(path, MAX_SEGMENT_BYTES)
        .map_err(io_error("read", path))?
        .ok_or_else(|| WalError::Missing(path.to_owned()))?;
    if bytes.len() as u64 > MAX_SEGMENT_BYTES {
        return Err(WalError::Store(StoreError::TooLarge {
            path: path.display().to_string(),
            limit_bytes: MAX_SEGMENT_BYTES,
        }));
    }
    Ok(bytes)
}

fn io_error<'p>(act: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> WalError + 'p {
    move |source| {
        WalError::Store(StoreError::Io {
            act,
            path: path.to_owned(),
            source,
        })
    }
}
