//! How much may be taken out of one file, however it is packed.
//!
//! In:  the size of the file on the disk, and bytes and members as they come.
//! Out: leave to go on, or the limit that was met.
//!
//! Invariant: everything that any layer unpacks is counted, also what is passed over, so that the time is bounded too.
//!
//! Not here: the depth (`archive`).

use std::cell::Cell;
use std::io::{self, Read};

/// Bytes that one member may unpack to; a longer one is left out.
pub(super) const MAX_MEMBER_BYTES: u64 = 4 << 30;
/// Members of one file on the disk, those of nested archives among them.
pub(super) const MAX_MEMBERS: u64 = 1 << 22;
/// Bytes that one file on the disk may unpack to, all layers together.
pub(super) const MAX_UNPACKED_BYTES: u64 = 256 << 30;
/// How many times its own size a file may unpack to, all layers together…
pub(super) const MAX_RATIO: u64 = 250;
/// …and what any file may unpack to, however small it is.
pub(super) const FREE_BYTES: u64 = 1 << 30;

/// Bytes of the contents that are taken out of one history.
pub(super) const MAX_HISTORY_BYTES: u64 = 64 << 30;

/// A limit that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Depth,
    History,
    MemberBytes,
    Members,
    Ratio,
    Unpacked,
}

impl Limit {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Depth => "archive_too_deep",
            Self::History => "history_too_much",
            Self::MemberBytes => "archive_member_too_large",
            Self::Members => "archive_too_many_members",
            Self::Ratio => "archive_ratio",
            Self::Unpacked => "archive_unpacks_too_much",
        }
    }

    pub(super) fn message(self) -> String {
        const GIB: u64 = 1 << 30;
        match self {
            Self::Depth => format!(
                "archives are opened {} deep; this one was not: give an unpacked copy",
                super::MAX_DEPTH
            ),
            Self::History => format!(
                "holds contents of more than {} GiB; the rest was not read",
                MAX_HISTORY_BYTES / GIB
            ),
            Self::MemberBytes => format!(
                "unpacks to more than {} GiB and was left out: give an unpacked copy",
                MAX_MEMBER_BYTES / GIB
            ),
            Self::Members => format!("only the first {MAX_MEMBERS} members were read: give an unpacked copy"),
            Self::Ratio => format!(
                "unpacks to more than {} GiB and more than {MAX_RATIO} times its size, as a zip bomb does; the rest was not read",
                FREE_BYTES / GIB
            ),
            Self::Unpacked => format!(
                "unpacks to more than {} GiB; the rest was not read: give an unpacked copy",
                MAX_UNPACKED_BYTES / GIB
            ),
        }
    }
}

/// What may still be taken out of one file on the disk.
#[derive(Debug)]
pub(super) struct Budget {
    members: Cell<u64>,
    unpacked: Cell<u64>,
    limit_bytes: u64,
    /// The limit that is met when they are taken.
    limit: Limit,
    met: Cell<Option<Limit>>,
}

impl Budget {
    pub(super) fn of_file(size_bytes: u64) -> Self {
        let by_ratio = size_bytes.saturating_mul(MAX_RATIO).max(FREE_BYTES);
        if by_ratio < MAX_UNPACKED_BYTES {
            Self::new(by_ratio, Limit::Ratio)
        } else {
            Self::new(MAX_UNPACKED_BYTES, Limit::Unpacked)
        }
    }

    /// For the contents of a history on the disk.
    pub(super) fn of_history() -> Self {
        Self::new(MAX_HISTORY_BYTES, Limit::History)
    }

    pub(super) fn new(limit_bytes: u64, limit: Limit) -> Self {
        Self {
            members: Cell::new(0),
            unpacked: Cell::new(0),
            limit_bytes,
            limit,
            met: Cell::new(None),
        }
    }

    /// The limit that ended the reading.
    pub(super) fn met(&self) -> Option<Limit> {
        self.met.get()
    }

    /// Counts a member; whether it may be read.
    pub(super) fn count_member(&self) -> bool {
        self.members.set(self.members.get() + 1);
        let is_within = self.members.get() <= MAX_MEMBERS;
        if !is_within {
            self.met.set(Some(Limit::Members));
        }
        is_within
    }

    fn count_bytes(&self, bytes: u64) -> bool {
        self.unpacked.set(self.unpacked.get().saturating_add(bytes));
        let is_within = self.unpacked.get() <= self.limit_bytes;
        if !is_within {
            self.met.set(Some(self.limit));
        }
        is_within
    }
}

/// Passes on what a layer unpacks, as long as there is leave.
pub(super) struct Metered<'a, R> {
    reader: R,
    budget: &'a Budget,
}

impl<'a, R> Metered<'a, R> {
    pub(super) fn new(reader: R, budget: &'a Budget) -> Self {
        Self { reader, budget }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        if self.budget.count_bytes(n as u64) {
            Ok(n)
        } else {
            Err(io::Error::other("unpacks to too much"))
        }
    }
}
