//! Renderings: what pages draw of a file without fetching all of it. So far the peaks of sound.
//!
//! In:  a file on the disk; who decodes it ([`Renderings`], given by the binary, because no decoder is part of the server).
//! Out: [`Peaks`] at the number of points that a page has room for.
//!
//! Invariants: a rendering is bounded in time and memory, and few are made at once; what was made lately is kept by the digest of the
//! file, so it is of those bytes and no others.
//!
//! Not here: who may see the file (`api`), decoding (the binary).

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use quanlian_store::ObjectId;
use tokio::sync::Semaphore;

/// No rendering takes longer.
pub const MAX_RENDERING_TIME: Duration = Duration::from_secs(20);
/// So many pairs of peaks are kept of a file, at most.
pub const MAX_PAIRS: usize = 16_384;
/// So many files are remembered.
const MAX_KNOWN: usize = 64;

/// The least and the greatest level of stretches of equal length, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peaks {
    /// How long the sound is.
    pub duration_ms: u64,
    /// Least and greatest, −127 to 127.
    pub pairs: Vec<(i8, i8)>,
}

impl Peaks {
    /// The same at no more than so many points.
    ///
    /// ```
    /// use quanlian_server::rendering::Peaks;
    /// let peaks = Peaks { duration_ms: 30, pairs: vec![(-1, 2), (-5, 1), (0, 7)] };
    /// assert_eq!(peaks.at(2), [(-1, 2), (-5, 7)]);
    /// assert_eq!(peaks.at(9), peaks.pairs);
    /// ```
    pub fn at(&self, points: usize) -> Vec<(i8, i8)> {
        let count = self.pairs.len();
        let points = points.min(count);
        let of_point = |point: usize| {
            let stretch = &self.pairs[point * count / points..(point + 1) * count / points];
            let least = stretch.iter().map(|pair| pair.0).min().unwrap_or(0);
            let greatest = stretch.iter().map(|pair| pair.1).max().unwrap_or(0);
            (least, greatest)
        };
        (0..points).map(of_point).collect()
    }
}

/// Why there is no rendering.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// It holds nothing of that kind, or nothing that can be read.
    #[error("the file cannot be drawn: {0}")]
    NotThat(String),
    /// It took too long.
    #[error("the file takes too long to be drawn")]
    TooLong,
}

/// Whoever makes renderings.
pub trait Renderings: Send + Sync {
    /// The peaks of the sound in a file, up to [`MAX_PAIRS`]; gives up as soon as `goes_on` says no. Called where blocking is no harm.
    fn peaks(&self, path: &Path, goes_on: &dyn Fn() -> bool) -> Result<Peaks, RenderError>;
}

/// What a platform renders with, and what it rendered lately.
pub(crate) struct Renderer {
    pub(crate) by: OnceLock<Arc<dyn Renderings>>,
    known: Mutex<BTreeMap<ObjectId, (u64, Arc<Peaks>)>>,
    /// So many are made at once: decoding is work for a whole processor.
    pub(crate) turns: Arc<Semaphore>,
}

impl Default for Renderer {
    fn default() -> Self {
        Self {
            by: OnceLock::new(),
            known: Mutex::default(),
            turns: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Renderer {
    pub(crate) fn known(&self, object: ObjectId) -> Option<Arc<Peaks>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = known.values().map(|(used, _)| *used).max().unwrap_or(0) + 1;
        known.get_mut(&object).map(|(used, peaks)| {
            *used = newest;
            Arc::clone(peaks)
        })
    }

    pub(crate) fn know(&self, object: ObjectId, peaks: &Arc<Peaks>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = known.values().map(|(used, _)| *used).max().unwrap_or(0) + 1;
        known.insert(object, (newest, Arc::clone(peaks)));
        if known.len() > MAX_KNOWN
            && let Some(oldest) = known.iter().min_by_key(|(_, (used, _))| *used).map(|(id, _)| *id)
        {
            known.remove(&oldest);
        }
    }
}
