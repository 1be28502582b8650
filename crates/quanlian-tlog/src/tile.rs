//! Tiles of C2SP tlog-tiles: the tree cut into files of 256 hashes, and the entries beside them.
//!
//! In:  entries one after another ([`Edge::push`]), or tiles read back ([`TileTree`]).
//! Out: paths and contents of tiles and entry bundles.
//!
//! Invariant: a full tile never changes; a partial tile of width `w` is a prefix of every
//! wider one. A path has one spelling.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{
    hash::{HASH_BYTES, Hash, empty_root, leaf_hash, node_hash},
    merkle::{HashSource, MAX_TREE_SIZE},
};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Binary tree levels that one tile spans.
pub const TILE_HEIGHT: u8 = 8;
/// The longest entry: its length is written in two bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;
/// The longest entry bundle, in bytes.
pub const MAX_BUNDLE_BYTES: u64 = TILE_WIDTH * (MAX_ENTRY_BYTES as u64 + 2);
/// The longest hash tile, in bytes.
pub const MAX_TILE_BYTES: u64 = TILE_WIDTH * HASH_BYTES as u64;
/// The highest tile level that a tree of `MAX_TREE_SIZE` has.
const MAX_TILE_LEVEL: u8 = 7;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Length-prefixed entries.
    Entries,
    /// Hashes at this tile level; level 0 holds leaf hashes.
    Hashes(u8),
}

/// The name of one tile, `tile/<level>/<index>[.p/<width>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TilePath {
    /// Hashes or entries.
    pub kind: TileKind,
    /// Which tile of its level.
    pub index: u64,
    /// Hashes or entries in it, `1..=256`.
    pub width: u16,
}

/// Why a text is not a tile path, or bytes are not a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum TileError {
    /// Not a path that this program would write.
    #[error("`{0}` is not a tile path")]
    Path(String),
    /// Not a whole number of hashes, or not as many as its name says.
    #[error("{path} has {found} bytes, {wanted} are needed")]
    TileLength {
        path: TilePath,
        found: usize,
        wanted: usize,
    },
    /// Neither the tile nor the full one that would hold it is there.
    #[error("{path} is missing")]
    Missing { path: TilePath },
    /// The length prefixes do not add up to the bundle.
    #[error("{path} does not hold {width} entries", width = path.width)]
    Bundle { path: TilePath },
}

impl TilePath {
    /// The tile of this kind and index as far as a tree of `size` fills it; `None` when it is empty.
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let filled = match kind {
            TileKind::Entries => size,
            TileKind::Hashes(level) => size
                .checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))
                .unwrap_or(0),
        };
        let width = filled
            .checked_sub(index.checked_mul(TILE_WIDTH)?)?
            .min(TILE_WIDTH);
        (width > 0).then_some(Self {
            kind,
            index,
            width: width as u16,
        })
    }

    /// Whether nothing will be added to it.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// The full tile that this one is a prefix of.
    #[must_use]
    pub fn full(self) -> Self {
        Self {
            width: TILE_WIDTH as u16,
            ..self
        }
    }

    /// The most bytes that a file of this name may have.
    pub fn max_bytes(&self) -> u64 {
        match self.kind {
            TileKind::Entries => MAX_BUNDLE_BYTES,
            TileKind::Hashes(_) => MAX_TILE_BYTES,
        }
    }

    /// The hashes in `bytes`, the content of this tile.
    pub fn hashes(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let wanted = usize::from(self.width) * HASH_BYTES;
        if bytes.len() != wanted {
            return Err(TileError::TileLength {
                path: *self,
                found: bytes.len(),
                wanted,
            });
        }
        Ok(bytes
            .chunks_exact(HASH_BYTES)
            .filter_map(Hash::from_slice)
            .collect())
    }

    /// The entries in `bytes`, the content of this bundle.
    pub fn entries<'b>(&self, bytes: &'b [u8]) -> Result<Vec<&'b [u8]>, TileError> {
        let wrong = || TileError::Bundle { path: *self };
        let mut entries = Vec::with_capacity(usize::from(self.width));
        let mut rest = bytes;
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let (entry, tail) = tail
                .split_at_checked(usize::from(u16::from_be_bytes(*length)))
                .ok_or_else(wrong)?;
            entries.push(entry);
            rest = tail;
        }
        if rest.is_empty() && entries.len() == usize::from(self.width) {
            Ok(entries)
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if self.is_full() {
            Ok(())
        } else {
            write!(f, ".p/{}", self.width)
        }
    }
}

impl FromStr for TilePath {
    type Err = TileError;
    fn from_str(text: &str) -> Result<Self, TileError> {
        let wrong = || TileError::Path(text.to_owned());
        let rest = text.strip_prefix("tile/").ok_or_else(wrong)?;
        let (kind, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let kind = if kind == "entries" {
            TileKind::Entries
        } else {
            let level: u8 = kind.parse().map_err(|_| wrong())?;
            if level > MAX_TILE_LEVEL {
                return Err(wrong());
            }
            TileKind::Hashes(level)
        };
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().map_err(|_| wrong())?),
            None => (rest, TILE_WIDTH as u16),
        };
        let mut index: u64 = 0;
        for group in digits.split('/') {
            let number: u64 = group.trim_start_matches('x').parse().map_err(|_| wrong())?;
            index = index
                .checked_mul(1000)
                .and_then(|i| i.checked_add(number))
                .ok_or_else(wrong)?;
        }
        let path = Self { kind, index, width };
        // One spelling only: whatever else the loose reading above let through fails here.
        if (1..=TILE_WIDTH as u16).contains(&width) && path.to_string() == text {
            Ok(path)
        } else {
            Err(wrong())
        }
    }
}

/// The right edge of a growing tree: all that is needed to append and to compute the root.
///
/// Holds at most 255 hashes a level and the entries of one unfinished bundle.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// The hashes of the partial tile at each tile level, lowest first.
    levels: Vec<Vec<Hash>>,
    /// The bytes of the partial entry bundle.
    bundle: Vec<u8>,
}

/// Finished or grown tiles, by path.
pub type Tiles = BTreeMap<String, Vec<u8>>;

impl Edge {
    /// The edge of a tree of `size`, from the contents of its partial tiles.
    ///
    /// `read` is asked for each partial tile of the tree.
    pub fn load<E>(size: u64, mut read: impl FnMut(TilePath) -> Result<Vec<u8>, E>) -> Result<Self, E>
    where
        E: From<TileError>,
    {
        let mut edge = Self {
            size,
            ..Self::default()
        };
        for level in 0..=MAX_TILE_LEVEL {
            let filled = size >> (u32::from(level) * u32::from(TILE_HEIGHT));
            if filled == 0 {
                break;
            }
            let width = (filled % TILE_WIDTH) as u16;
            let index = filled / TILE_WIDTH;
            let mut hashes = Vec::new();
            if width > 0 {
                let path = TilePath {
                    kind: TileKind::Hashes(level),
                    index,
                    width,
                };
                hashes = path.hashes(&read(path)?)?;
                if level == 0 {
                    let path = TilePath {
                        kind: TileKind::Entries,
                        ..path
                    };
                    edge.bundle = read(path)?;
                    let leaves: Vec<Hash> = path.entries(&edge.bundle)?.into_iter().map(leaf_hash).collect();
                    if leaves != hashes {
                        return Err(TileError::Bundle { path }.into());
                    }
                }
            }
            edge.levels.push(hashes);
        }
        Ok(edge)
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds one entry and puts the tiles that it completes into `full`.
    ///
    /// # Panics
    /// When the entry is longer than [`MAX_ENTRY_BYTES`] or the tree is full; the log checks both.
    pub fn push(&mut self, entry: &[u8], full: &mut Tiles) {
        assert!(
            self.size < MAX_TREE_SIZE,
            "the log refuses to grow beyond the largest tree"
        );
        let length = u16::try_from(entry.len()).expect("the log refuses longer entries");
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        let mut hash = leaf_hash(entry);
        for level in 0..=MAX_TILE_LEVEL {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let tile = &mut self.levels[usize::from(level)];
            tile.push(hash);
            if (tile.len() as u64) < TILE_WIDTH {
                break;
            }
            let hashes = std::mem::take(tile);
            let index = self.size >> (u32::from(level + 1) * u32::from(TILE_HEIGHT));
            let path = TilePath {
                kind: TileKind::Hashes(level),
                index,
                width: TILE_WIDTH as u16,
            };
            full.insert(path.to_string(), concat(&hashes));
            if level == 0 {
                let path = TilePath {
                    kind: TileKind::Entries,
                    ..path
                };
                full.insert(path.to_string(), std::mem::take(&mut self.bundle));
            }
            hash = perfect_root(&hashes);
        }
        self.size += 1;
    }

    /// The unfinished tiles of the tree as it now stands.
    pub fn partial(&self) -> Tiles {
        let mut tiles = Tiles::new();
        for (level, hashes) in self
            .levels
            .iter()
            .enumerate()
            .filter(|(_, hashes)| !hashes.is_empty())
        {
            let index = self.size >> ((level as u32 + 1) * u32::from(TILE_HEIGHT));
            let path = TilePath {
                kind: TileKind::Hashes(level as u8),
                index,
                width: hashes.len() as u16,
            };
            tiles.insert(path.to_string(), concat(hashes));
            if level == 0 {
                let path = TilePath {
                    kind: TileKind::Entries,
                    ..path
                };
                tiles.insert(path.to_string(), self.bundle.clone());
            }
        }
        tiles
    }

    /// The root of the tree as it now stands.
    pub fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for hashes in &self.levels {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                // The lowest set bit of the count is the smallest, rightmost complete subtree.
                let (before, last) = rest.split_at(rest.len() & (rest.len() - 1));
                let left = perfect_root(last);
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
                rest = before;
            }
        }
        right.unwrap_or_else(empty_root)
    }
}

/// A [`HashSource`] over the tiles of a tree of known size; keeps what it has read.
pub struct TileTree<R> {
    size: u64,
    read: R,
    cache: BTreeMap<TilePath, Vec<Hash>>,
}

impl<R> TileTree<R> {
    /// Tiles of a tree of `size`, fetched by `read`.
    pub fn new(size: u64, read: R) -> Self {
        Self {
            size,
            read,
            cache: BTreeMap::new(),
        }
    }
}

impl<E, R> HashSource for TileTree<R>
where
    E: From<TileError>,
    R: FnMut(TilePath) -> Result<Vec<u8>, E>,
{
    type Error = E;

    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, E> {
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << height;
        let kind = TileKind::Hashes(tile_level);
        let path = TilePath::in_tree(kind, first / TILE_WIDTH, self.size)
            .ok_or_else(|| TileError::Path(format!("level {level}, index {index}")))?;
        if !self.cache.contains_key(&path) {
            let hashes = path.hashes(&(self.read)(path)?)?;
            self.cache.insert(path, hashes);
        }
        let hashes = &self.cache[&path];
        let start = (first % TILE_WIDTH) as usize;
        hashes
            .get(start..start + (1 << height))
            .map(perfect_root)
            .ok_or_else(|| TileError::Path(format!("level {level}, index {index}")).into())
    }
}

/// The root over a power-of-two number of hashes.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    debug_assert!(
        hashes.len().is_power_of_two(),
        "only complete subtrees have such a root"
    );
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    row[0]
}

fn concat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{
        self,
        tests::{Naive, mth},
    };

    fn check_path(kind: TileKind, index: u64, width: u16, text: &str) {
        let path = TilePath { kind, index, width };
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }

    #[test]
    fn paths_are_spelled_as_tlog_tiles_asks() {
        check_path(TileKind::Hashes(0), 1_234_067, 256, "tile/0/x001/x234/067");
        check_path(TileKind::Hashes(2), 0, 1, "tile/2/000.p/1");
        check_path(TileKind::Entries, 999, 255, "tile/entries/999.p/255");
        check_path(TileKind::Entries, 1000, 256, "tile/entries/x001/000");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "tile/0/67",
            "tile/0/0067",
            "tile/00/067",
            "tile/64/000",
            "tile/0/x000/067",
            "tile/0/001/067",
            "tile/0/x067",
            "tile/0/067.p/0",
            "tile/0/067.p/256",
            "tile/0/067.p/01",
            "tile/0/067/",
            "/tile/0/067",
            "tile/entries/../067",
            "tile/0/+67",
            "tile/0/x18446744073709551615/000",
            "tile/0/067.p/1/x",
            "",
        ] {
            assert!(text.parse::<TilePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_tlog_tiles_lists() {
        let width = |kind, index| TilePath::in_tree(kind, index, 70_000).map(|path| path.width);
        assert_eq!(width(TileKind::Hashes(0), 272), Some(256));
        assert_eq!(width(TileKind::Hashes(0), 273), Some(112));
        assert_eq!(width(TileKind::Hashes(0), 274), None);
        assert_eq!(width(TileKind::Hashes(1), 0), Some(256));
        assert_eq!(width(TileKind::Hashes(1), 1), Some(17));
        assert_eq!(width(TileKind::Hashes(2), 0), Some(1));
        assert_eq!(width(TileKind::Hashes(3), 0), None);
        assert_eq!(width(TileKind::Hashes(255), u64::MAX), None);
    }

    #[test]
    fn the_edge_has_the_root_of_the_definition_at_every_size() {
        let mut edge = Edge::default();
        let mut tiles = Tiles::new();
        let mut leaves = Vec::new();
        assert_eq!(edge.root(), mth(&leaves));
        for i in 0_u32..1100 {
            edge.push(&i.to_be_bytes(), &mut tiles);
            leaves.push(leaf_hash(&i.to_be_bytes()));
            assert_eq!(edge.root(), mth(&leaves), "size {}", i + 1);
        }
    }

    #[test]
    fn tiles_give_the_same_proofs_as_the_naive_tree_and_the_edge_comes_back_from_them() {
        let mut edge = Edge::default();
        let mut tiles = Tiles::new();
        let size = 66_000_u64; // beyond 256^2, so that three levels of tiles exist
        let leaves: Vec<Hash> = (0..size)
            .map(|i| {
                edge.push(&i.to_be_bytes(), &mut tiles);
                leaf_hash(&i.to_be_bytes())
            })
            .collect();
        tiles.append(&mut edge.partial());
        let read = |path: TilePath| {
            tiles
                .get(&path.to_string())
                .cloned()
                .ok_or_else(|| TileError::Path(path.to_string()))
        };
        let mut naive = Naive::new(leaves);
        let mut tree = TileTree::new(size, read);
        assert_eq!(merkle::root(&mut tree, size), Ok(edge.root()));
        for index in (0..size)
            .step_by(997)
            .chain([0, 255, 256, 65_535, 65_536, size - 1])
        {
            assert_eq!(
                merkle::inclusion_proof(&mut tree, index, size),
                Ok(merkle::inclusion_proof(&mut naive, index, size).unwrap())
            );
            assert_eq!(
                merkle::consistency_proof(&mut tree, index + 1, size),
                Ok(merkle::consistency_proof(&mut naive, index + 1, size).unwrap())
            );
        }
        let back = Edge::load::<TileError>(size, read).unwrap();
        assert_eq!((back.root(), back.partial()), (edge.root(), edge.partial()));
    }

    #[test]
    fn a_bundle_whose_lengths_do_not_add_up_is_refused() {
        let path = TilePath {
            kind: TileKind::Entries,
            index: 0,
            width: 2,
        };
        assert_eq!(path.entries(b"\0\x01a\0\0"), Ok(vec![b"a".as_slice(), b""]));
        for bytes in [
            b"\0\x01a".as_slice(),
            b"\0\x01a\0",
            b"\0\x01a\0\x02b",
            b"\0\x01a\0\0\0\0",
            b"",
        ] {
            assert_eq!(path.entries(bytes), Err(TileError::Bundle { path }));
        }
    }
}
