//! Objects of a repository: loose or packed, by their ids.
//!
//! In:  the files of a [`Store`].
//! Out: the bytes of commits, trees, tags and contents.
//!
//! Invariants: every object that is handed out has the id under which it was asked for, computed anew from its bytes, so that
//! damage and forged packs give an error and never another content; forged collisions of SHA-1 are refused. Memory of one
//! object and the work for all are bounded; the work counts what is unpacked and copied, not the time, so that the same
//! repository gives the same answer on any machine.
//!
//! Not here: what the objects say (`commits`, `trees`).

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
pub(super) use gix_hash::ObjectId;
use gix_hash::{Kind as Hash, hasher, oid};
pub(super) use gix_object::Kind;
use gix_pack::cache::DecodeEntry;
use gix_pack::data::decode::entry::ResolvedBase;
use gix_pack::data::decode::header::ResolvedBase as ResolvedHeader;
use quanlian_mmap::ReadOnlyMap;
use tempfile::TempPath;

use super::store::Store;
use crate::collection::input::Body;

/// Bytes of a commit, tag or tree.
pub(super) const MAX_META_BYTES: u64 = 32 << 20;
/// Bytes of a content.
pub(in crate::collection) const MAX_BLOB_BYTES: u64 = 256 << 20;
/// Memory for one object with all that it is a change of.
const MAX_HELD_BYTES: usize = 768 << 20;
/// Changes upon changes that one object may be; git makes 4,095 at most.
const MAX_CHAIN: u32 = 4_096;
/// Work for one repository, in bytes that are copied.
const MAX_WORK: u64 = 1 << 40;
/// How much more unpacking a byte takes than copying it.
const UNPACKING: u64 = 16;
/// Work for a step along a chain.
const STEP: u64 = 256;
const MAX_PACKS: usize = 4_096;
/// Bytes of objects that others are changes of, kept in each half of the cache.
const CACHE_BYTES: usize = 64 << 20;
/// Bytes of one of them.
const MAX_CACHED_BYTES: usize = 4 << 20;
/// Entries in each half.
const MAX_CACHED: usize = 1 << 18;
/// The line before the content of a loose object.
const MAX_HEADER_BYTES: usize = 32;

/// Why an object was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not in the repository.
    Missing,
    /// Its bytes are not what they should be.
    Damaged,
    TooLarge,
    /// The work for this repository is used up.
    Spent,
}

/// The bytes of a pack or of its index.
enum Bytes {
    Map(ReadOnlyMap),
    Memory(Arc<[u8]>),
    Temporary(
        ReadOnlyMap,
        #[expect(dead_code, reason = "keeps the file")] Arc<TempPath>,
    ),
}

impl Bytes {
    fn of(body: &Body) -> io::Result<Self> {
        // Git writes a pack once and under a name of its own; nobody changes it afterwards.
        Ok(match body {
            Body::File(path) => Self::Map(ReadOnlyMap::open(path)?),
            Body::Memory(bytes) => Self::Memory(Arc::clone(bytes)),
            Body::Temporary(path) => Self::Temporary(ReadOnlyMap::open(path)?, Arc::clone(path)),
        })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Map(map) | Self::Temporary(map, _) => map,
            Self::Memory(bytes) => bytes,
        }
    }
}

struct Pack {
    index: gix_pack::index::File<Bytes>,
    data: gix_pack::data::File<Bytes>,
}

/// All objects of one repository.
pub(super) struct Objects<'a> {
    hash: Hash,
    loose: BTreeMap<ObjectId, &'a Body>,
    packs: Vec<Pack>,
    cache: Cache,
    work: u64,
    /// Packs that cannot be read, or were too many.
    pub(super) damaged_packs: u64,
}

impl<'a> Objects<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        let hash = store.hash();
        let mut objects = Self {
            hash,
            loose: BTreeMap::new(),
            packs: Vec::new(),
            cache: Cache::default(),
            work: 0,
            damaged_packs: 0,
        };
        for (name, body) in store.below("objects/") {
            if let Some(stem) = name.strip_suffix(b".pack") {
                let index = [stem, b".idx"].concat();
                objects.open(store.get(&index), body);
            } else if let Some(id) = id_of_loose(name, hash) {
                objects.loose.insert(id, body);
            }
        }
        objects
    }

    fn open(&mut self, index: Option<&Body>, data: &Body) {
        // The name is the key of the cache: four letters have a checksum that no other four have.
        let key = PathBuf::from(format!("{:04}", self.packs.len()));
        let pack = (self.packs.len() < MAX_PACKS)
            .then_some(())
            .and(index)
            .and_then(|index| {
                let index = gix_pack::index::File::from_data(Bytes::of(index).ok()?, key.clone(), self.hash);
                let data = gix_pack::data::File::from_data(Bytes::of(data).ok()?, key, self.hash);
                Some(Pack {
                    index: index.ok()?,
                    data: data.ok()?.with_alloc_limit_bytes(Some(MAX_HELD_BYTES)),
                })
            });
        match pack {
            Some(pack) => self.packs.push(pack),
            None => self.damaged_packs += 1,
        }
    }

    pub(super) fn hash(&self) -> Hash {
        self.hash
    }

    /// Whether nothing more is read.
    pub(super) fn is_spent(&self) -> bool {
        self.work >= MAX_WORK
    }

    /// All ids, some of them twice.
    pub(super) fn for_each_id(&self, mut visit: impl FnMut(&oid)) {
        for pack in &self.packs {
            for at in 0..pack.index.num_objects() {
                visit(pack.index.oid_at_index(at));
            }
        }
        self.loose.keys().for_each(|id| visit(id));
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        let packed: u64 = (self.packs.iter())
            .map(|pack| u64::from(pack.index.num_objects()))
            .sum();
        packed + self.loose.len() as u64
    }

    /// What an object is, as its header says; its bytes are not checked.
    pub(super) fn kind(&mut self, id: &oid) -> Option<Kind> {
        for at in 0..self.packs.len() {
            if let Ok((kind, _)) = self.packed_header(at, id) {
                return Some(kind);
            }
        }
        self.work += STEP;
        let mut decoder = ZlibDecoder::new(self.loose.get(id)?.open().ok()?);
        header(&mut decoder).map(|(kind, _)| kind)
    }

    /// The bytes of an object, if they have its id.
    pub(super) fn get(&mut self, id: &oid, limit_bytes: u64) -> Result<(Kind, Vec<u8>), Refusal> {
        let mut refusal = Refusal::Missing;
        for at in 0..=self.packs.len() {
            if self.is_spent() {
                return Err(Refusal::Spent);
            }
            let got = match self.packs.get(at) {
                Some(_) => self.packed(at, id, limit_bytes),
                None => self.loose(id, limit_bytes),
            };
            match got {
                Ok((kind, bytes)) if self.has_id(id, kind, &bytes) => return Ok((kind, bytes)),
                Ok(_) => refusal = Refusal::Damaged,
                Err(Refusal::Missing) => {}
                // Another copy of it may be whole.
                Err(e) => refusal = e,
            }
        }
        Err(refusal)
    }

    fn packed_header(&mut self, at: usize, id: &oid) -> Result<(Kind, u64), Refusal> {
        let Pack { index, data } = &self.packs[at];
        let number = index.lookup(id).ok_or(Refusal::Missing)?;
        let entry = data.entry(index.pack_offset_at_index(number));
        let resolve = |base: &oid| {
            let Some(number) = index.lookup(base) else {
                return Ok(None);
            };
            let entry = data.entry(index.pack_offset_at_index(number))?;
            Ok(Some(ResolvedHeader::InPack(entry)))
        };
        let read =
            entry.and_then(|entry| data.decode_header(entry, &mut gix_zlib::Inflate::default(), &resolve));
        let header = read.map_err(|_| Refusal::Damaged)?;
        self.work = self
            .work
            .saturating_add((u64::from(header.num_deltas) + 1) * STEP);
        if header.num_deltas > MAX_CHAIN {
            return Err(Refusal::TooLarge);
        }
        Ok((header.kind, header.object_size))
    }

    fn packed(&mut self, at: usize, id: &oid, limit_bytes: u64) -> Result<(Kind, Vec<u8>), Refusal> {
        if self.packed_header(at, id)?.1 > limit_bytes {
            return Err(Refusal::TooLarge);
        }
        let Pack { index, data } = &self.packs[at];
        let number = index.lookup(id).ok_or(Refusal::Missing)?;
        let resolve = |base: &oid, _: &mut Vec<u8>| {
            let Some(number) = index.lookup(base) else {
                return Ok(None);
            };
            let entry = data.entry(index.pack_offset_at_index(number))?;
            Ok(Some(ResolvedBase::InPack(entry)))
        };
        let mut bytes = Vec::new();
        let inflate = &mut gix_zlib::Inflate::default();
        let read = data
            .entry(index.pack_offset_at_index(number))
            .and_then(|entry| data.decode_entry(entry, &mut bytes, inflate, &resolve, &mut self.cache));
        // What was held at once tells how large the steps in between were.
        let held = bytes.capacity() as u64;
        let steps = read
            .as_ref()
            .map_or(u64::from(MAX_CHAIN), |outcome| u64::from(outcome.num_deltas));
        let unpacked = read.as_ref().map_or(held, |outcome| outcome.decompressed_size);
        let work = steps
            .saturating_mul(held)
            .saturating_add(unpacked.saturating_mul(UNPACKING));
        self.work = self.work.saturating_add(work);
        let outcome = read.map_err(|_| Refusal::Damaged)?;
        Ok((outcome.kind, bytes))
    }

    fn loose(&mut self, id: &oid, limit_bytes: u64) -> Result<(Kind, Vec<u8>), Refusal> {
        let body = self.loose.get(id).ok_or(Refusal::Missing)?;
        let mut decoder = ZlibDecoder::new(body.open().map_err(|_| Refusal::Damaged)?);
        let (kind, size) = header(&mut decoder).ok_or(Refusal::Damaged)?;
        if size > limit_bytes {
            return Err(Refusal::TooLarge);
        }
        let mut bytes = Vec::new();
        let read = decoder.take(size + 1).read_to_end(&mut bytes);
        self.work = self.work.saturating_add(STEP + bytes.len() as u64 * UNPACKING);
        match read {
            Ok(n) if n as u64 == size => Ok((kind, bytes)),
            _ => Err(Refusal::Damaged),
        }
    }

    fn has_id(&self, id: &oid, kind: Kind, bytes: &[u8]) -> bool {
        id_of(self.hash, kind, bytes.len() as u64, &mut &*bytes).is_some_and(|found| *found == *id)
    }
}

/// The id of an object; nothing when its bytes cannot be read, are not so many, or collide on purpose.
pub(super) fn id_of(hash: Hash, kind: Kind, size: u64, reader: &mut dyn Read) -> Option<ObjectId> {
    const CHUNK_BYTES: usize = 64 << 10;
    let mut hasher = hasher(hash);
    hasher.update(kind.as_bytes());
    hasher.update(format!(" {size}\0").as_bytes());
    let (mut chunk, mut count) = (vec![0; CHUNK_BYTES], 0);
    loop {
        let n = reader.read(&mut chunk).ok()?;
        if n == 0 {
            break;
        }
        count += n as u64;
        hasher.update(&chunk[..n]);
    }
    hasher.try_finalize().ok().filter(|_| count == size)
}

/// The id in the name of a loose object.
fn id_of_loose(name: &[u8], hash: Hash) -> Option<ObjectId> {
    let digits: Vec<u8> = name
        .strip_prefix(b"objects/")?
        .iter()
        .copied()
        .filter(|&b| b != b'/')
        .collect();
    let id = ObjectId::from_hex(&digits.to_ascii_lowercase()).ok()?;
    (id.kind() == hash).then_some(id)
}

/// Kind and size from the line before the content of a loose object.
fn header(reader: &mut dyn Read) -> Option<(Kind, u64)> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        reader.read_exact(&mut byte).ok()?;
        if byte[0] == 0 {
            break;
        }
        line.push(byte[0]);
        if line.len() > MAX_HEADER_BYTES {
            return None;
        }
    }
    let text = std::str::from_utf8(&line).ok()?;
    let (kind, size) = text.split_once(' ')?;
    Some((Kind::from_bytes(kind.as_bytes()).ok()?, size.parse().ok()?))
}

/// Objects that others are changes of. What was not asked for while one half filled is dropped with it.
///
/// The cache of the library keeps the largest buffers it ever saw for the smallest objects.
#[derive(Default)]
struct Cache {
    young: HashMap<(u32, u64), Cached>,
    old: HashMap<(u32, u64), Cached>,
    young_bytes: usize,
}

struct Cached {
    kind: Kind,
    compressed_bytes: usize,
    bytes: Box<[u8]>,
}

impl Cache {
    fn keep(&mut self, key: (u32, u64), cached: Cached) {
        if self.young_bytes + cached.bytes.len() > CACHE_BYTES || self.young.len() >= MAX_CACHED {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += cached.bytes.len();
        self.young.insert(key, cached);
    }
}

impl DecodeEntry for Cache {
    fn put(&mut self, pack: u32, offset: u64, bytes: &[u8], kind: Kind, compressed_bytes: usize) {
        if bytes.len() <= MAX_CACHED_BYTES {
            let bytes = bytes.into();
            let cached = Cached {
                kind,
                compressed_bytes,
                bytes,
            };
            self.keep((pack, offset), cached);
        }
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let key = (pack, offset);
        if let Some(cached) = self.old.remove(&key) {
            self.keep(key, cached);
        }
        let cached = self.young.get(&key)?;
        out.clear();
        out.extend_from_slice(&cached.bytes);
        Some((cached.kind, cached.compressed_bytes))
    }
}
