//! The full check of a log: everything that is stored, recomputed from the entries.
//!
//! In:  the parts of a log, its public key.
//! Out: an [`FsckReport`]; nothing is taken and nothing is written.
//!
//! It reads the entries under the published checkpoint, recomputes all tiles and the root,
//! then follows the write-ahead log to what the lock record and the key have signed. A log
//! that another process is writing to may be checked: the tiles under a published
//! checkpoint do not change.

use std::path::Path;

use crate::{
    checkpoint::SignedCheckpoint,
    lock_record::{LockPlace, LockRecord, require_not_moved},
    log::LogError,
    note::VerifierKey,
    publisher::{entries_between, open_checkpoint, require_order, require_signed_prefix},
    signed_size::{SignedSize, SignedSizeError},
    store::{Parts, StoreError, TileStore},
    tile::{Edge, TILE_WIDTH, TileKind, TilePath, Tiles},
    view::read_tile,
    wal::{self, WalError},
};

/// Problems that a check lists before it stops.
pub const MAX_FSCK_PROBLEMS: usize = 100;
/// How often a check begins anew because the log has moved on below it.
const ATTEMPTS: usize = 5;

/// What a full check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Entries under the published checkpoint.
    pub size: u64,
    /// Durable entries behind it, for which a checkpoint is still to come.
    pub pending: u64,
    /// Tiles and bundles compared.
    pub tiles: u64,
    /// One line each, in English; empty when the log is sound.
    pub problems: Vec<String>,
}

/// Checks the log in a data folder, also while another process is writing to it.
pub fn fsck(data: &Path, key: &VerifierKey) -> Result<FsckReport, LogError> {
    check_beside(&|| Parts::beside(data), key)
}

/// As [`fsck`], for a log that keeps its lock record elsewhere.
pub fn fsck_with(
    data: &Path,
    key: &VerifierKey,
    place: &LockPlace,
    lock_record: &dyn LockRecord,
) -> Result<FsckReport, LogError> {
    check_beside(&|| Parts::beside_with(data, place, lock_record), key)
}

fn check_beside(
    read: &dyn Fn() -> Result<Parts, StoreError>,
    key: &VerifierKey,
) -> Result<FsckReport, LogError> {
    for _ in 1..ATTEMPTS {
        let parts = read()?;
        let result = check(&parts, key);
        let is_sound = result.as_ref().is_ok_and(|report| report.problems.is_empty());
        // While the log moves on, parts that were read later need not fit.
        if is_sound || parts.tiles.published_checkpoint()? == parts.published {
            return result;
        }
    }
    check(&read()?, key)
}

pub(crate) fn check(parts: &Parts, key: &VerifierKey) -> Result<FsckReport, LogError> {
    let (published, lock) = match (&parts.published, &parts.lock_record) {
        (Some(published), Some(lock)) => (published, lock),
        (None, None) => return Err(LogError::Missing),
        (Some(_), None) => return Err(LogError::Damaged("the lock record is gone".into())),
        (None, Some(_)) => return Err(LogError::Damaged("the published checkpoint is gone".into())),
    };
    let published = open_checkpoint(published, key)?;
    require_not_moved(lock)?;
    let lock = open_checkpoint(lock, key)?;
    let mut report = FsckReport {
        size: published.size(),
        ..FsckReport::default()
    };
    let Some(edge) = check_tiles(&*parts.tiles, &published, &mut report)? else {
        return Ok(report);
    };
    match check_signed(parts, &published, &lock, edge, &mut report) {
        Ok(()) => Ok(report),
        // What the system refuses is no finding about the log.
        Err(error @ (LogError::Store(StoreError::Io { .. }) | LogError::Wal(WalError::Store(_)))) => {
            Err(error)
        }
        Err(error @ LogError::SignedSize(SignedSizeError::Store(_))) => Err(error),
        Err(error) => {
            report.add(with_causes(&error));
            Ok(report)
        }
    }
}

/// Recomputes tiles and root; the edge of the tree, unless a bundle is beyond use.
fn check_tiles(
    tiles: &dyn TileStore,
    head: &SignedCheckpoint,
    report: &mut FsckReport,
) -> Result<Option<Edge>, LogError> {
    let mut edge = Edge::default();
    for index in 0..head.size().div_ceil(TILE_WIDTH) {
        let Some(path) = TilePath::in_tree(TileKind::Entries, index, head.size()) else {
            break;
        };
        let bundle = match read_tile(tiles, path) {
            Ok(bundle) => bundle,
            Err(LogError::Tile(error)) => {
                report.add(error.to_string());
                return Ok(None);
            }
            Err(LogError::Store(error @ StoreError::TooLarge { .. })) => {
                report.add(error.to_string());
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        let mut wanted = Tiles::new();
        match path.entries(&bundle) {
            Ok(entries) => entries.iter().for_each(|entry| edge.push(entry, &mut wanted)),
            Err(error) => {
                report.add(error.to_string());
                return Ok(None);
            }
        }
        compare(tiles, &wanted, report)?;
        if report.problems.len() >= MAX_FSCK_PROBLEMS {
            return Ok(None);
        }
    }
    compare(tiles, &edge.partial(), report)?;
    if edge.root() != head.root() {
        report.add("the entries lead to another root than the checkpoint's".into());
        return Ok(None);
    }
    Ok(Some(edge))
}

fn compare(tiles: &dyn TileStore, wanted: &Tiles, report: &mut FsckReport) -> Result<(), LogError> {
    for (path, wanted) in wanted {
        report.tiles += 1;
        match tiles.read(path, wanted.len() as u64) {
            Ok(Some(found)) if found == *wanted => {}
            Ok(None) => report.add(format!("{path} is missing")),
            Ok(Some(_)) | Err(StoreError::TooLarge { .. }) => {
                report.add(format!("{path} differs from what the entries say"));
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

/// Follows the write-ahead log from the published checkpoint to all that was signed.
fn check_signed(
    parts: &Parts,
    published: &SignedCheckpoint,
    lock: &SignedCheckpoint,
    mut edge: Edge,
    report: &mut FsckReport,
) -> Result<(), LogError> {
    require_order(published, lock)?;
    let signed = SignedSize::load(parts.disk.clone(), &parts.signed_size, &lock.checkpoint().origin)?;
    signed.require_known()?;
    let scan = wal::scan(
        &*parts.disk,
        &parts.wal_folder,
        &lock.checkpoint().origin,
        published.size(),
    )?;
    if scan.segments.is_empty() {
        return Err(WalError::Missing(parts.wal_folder.clone()).into());
    }
    report.pending = scan.end.saturating_sub(published.size());
    signed.require_reached(scan.end)?;
    if scan.end < lock.size() {
        return Err(LogError::Damaged(
            "the write-ahead log ends before the lock record".into(),
        ));
    }
    for entry in entries_between(&scan.batches, published.size(), lock.size()) {
        edge.push(entry, &mut Tiles::new());
    }
    if edge.root() != lock.root() {
        return Err(LogError::Damaged(
            "the write-ahead log does not lead to the lock record".into(),
        ));
    }
    signed.require_same(edge.size(), edge.root())?;
    require_signed_prefix(&signed, &edge, &scan.batches)
}

impl FsckReport {
    fn add(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

/// An error and what caused it, in one line.
fn with_causes(error: &LogError) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        line = format!("{line}: {next}");
        cause = next.source();
    }
    line
}
