//! A disk that loses power, for tests.
//!
//! In:  a seed, and at which operation what kind of failure comes ([`Fault`]).
//! Out: what a new process finds: after a kill all that was written, after a loss of power
//!      what was synced, and of the rest any sectors, in any order, some of them torn.
//!
//! Names in a folder are lost in the same way, each by itself. After a sync that failed,
//! the bytes it should have written are read back from the cache, never reach the disk,
//! and the next sync succeeds without them, as Linux does it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{Disk, DiskFile, SALT_BYTES};

const SECTOR_BYTES: usize = 512;

/// What comes at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The operation fails, with or without effect; the next ones work.
    Error,
    /// The process ends; what it wrote stays in the cache of the operating system.
    Kill,
    /// The machine ends.
    PowerLoss,
}

/// Numbers that look random and repeat (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    /// What every process sees.
    cache: Vec<u8>,
    /// What is on the disk.
    disk: Vec<u8>,
    /// From the one to the other.
    dirty: Vec<Change>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Put(PathBuf, usize),
    Move(PathBuf, PathBuf, usize),
    Remove(PathBuf),
    MakeFolder(PathBuf),
    RemoveFolder(PathBuf),
}

#[derive(Debug, Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Debug)]
struct State {
    random: Random,
    inodes: Vec<Inode>,
    cache: Names,
    disk: Names,
    /// By folder, from `disk` to `cache`.
    dirty: BTreeMap<PathBuf, Vec<NameChange>>,
    /// Operations left until the fault comes.
    plan: Option<(u64, Fault)>,
    ended: Option<Fault>,
    fired: bool,
}

/// The disk; clones are the same disk.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

/// How far an operation gets.
enum Go {
    Through,
    /// It has its effect, and fails.
    ThroughAndFail,
    /// Some of its effect or none, and it fails.
    PartAndFail,
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            inodes: Vec::new(),
            cache: Names::default(),
            disk: Names::default(),
            dirty: BTreeMap::new(),
            plan: None,
            ended: None,
            fired: false,
        })))
    }

    /// Lets `fault` come at the operation after the next `operations`.
    pub(crate) fn plan(&self, operations: u64, fault: Fault) {
        let mut state = self.state();
        state.plan = Some((operations, fault));
        state.fired = false;
    }

    /// Whether the fault that was planned has come.
    pub(crate) fn has_fired(&self) -> bool {
        self.state().fired
    }

    /// A new process, after what ended the last one.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        state.plan = None;
        if state.ended.take() == Some(Fault::PowerLoss) {
            state.lose_power();
        }
    }

    /// Ends the process, and the machine with it.
    pub(crate) fn cut_power(&self) {
        self.state().ended = Some(Fault::PowerLoss);
        self.restart();
    }

    /// All files, as a process sees them.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.state().cache.files.keys().cloned().collect()
    }

    /// Changes a file behind everybody's back, on the disk and in the cache.
    pub(crate) fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let inode = state.cache.files[path];
        let inode = &mut state.inodes[inode];
        change(&mut inode.cache);
        inode.disk = inode.cache.clone();
        inode.dirty.clear();
    }

    /// Puts a file there, or removes it, behind everybody's back.
    pub(crate) fn put(&self, path: &Path, content: Option<&[u8]>) {
        let mut state = self.state();
        state.cache.files.remove(path);
        state.disk.files.remove(path);
        if let Some(content) = content {
            let inode = state.inodes.len();
            state.inodes.push(Inode {
                cache: content.to_vec(),
                disk: content.to_vec(),
                dirty: Vec::new(),
            });
            state.cache.files.insert(path.to_owned(), inode);
            state.disk.files.insert(path.to_owned(), inode);
        }
    }

    /// The same content on another disk.
    pub(crate) fn copy(&self) -> Self {
        let state = self.state();
        Self(Arc::new(Mutex::new(State {
            random: state.random.clone(),
            inodes: state.inodes.clone(),
            cache: state.cache.clone(),
            disk: state.disk.clone(),
            dirty: state.dirty.clone(),
            plan: None,
            ended: None,
            fired: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

fn failure() -> io::Error {
    io::Error::other("made to fail")
}

impl State {
    fn require_alive(&self) -> io::Result<()> {
        if self.ended.is_some() {
            Err(failure())
        } else {
            Ok(())
        }
    }

    fn begin(&mut self) -> io::Result<Go> {
        self.require_alive()?;
        match &mut self.plan {
            Some((0, fault)) => {
                if *fault != Fault::Error {
                    self.ended = Some(*fault);
                }
                self.plan = None;
                self.fired = true;
                Ok(if self.random.one_in(2) {
                    Go::ThroughAndFail
                } else {
                    Go::PartAndFail
                })
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(Go::Through)
            }
            None => Ok(Go::Through),
        }
    }

    fn change_file(&mut self, inode: usize, change: Change) -> io::Result<()> {
        let go = self.begin()?;
        let change = match (&go, change) {
            (Go::PartAndFail, Change::Write(offset, mut bytes)) => {
                bytes.truncate(self.random.below(bytes.len() as u64 + 1) as usize);
                Change::Write(offset, bytes)
            }
            (Go::PartAndFail, Change::SetLen(_)) => return Err(failure()),
            (_, change) => change,
        };
        let inode = &mut self.inodes[inode];
        apply(&mut inode.cache, &change);
        inode.dirty.push(change);
        go.result()
    }

    fn sync_file(&mut self, inode: usize) -> io::Result<()> {
        let go = self.begin()?;
        if matches!(go, Go::PartAndFail) {
            if self.ended.is_none() {
                // The operating system gives the write up and forgets about it.
                self.write_some(inode);
            }
            return Err(failure());
        }
        let inode = &mut self.inodes[inode];
        for change in std::mem::take(&mut inode.dirty) {
            apply(&mut inode.disk, &change);
        }
        go.result()
    }

    fn change_name(&mut self, folder: &Path, change: NameChange) -> io::Result<()> {
        let go = self.begin()?;
        if matches!(go, Go::PartAndFail) {
            return Err(failure());
        }
        self.cache.apply(&change);
        self.dirty.entry(folder.to_owned()).or_default().push(change);
        go.result()
    }

    /// Brings any part of what is dirty in a file to the disk, and forgets the rest.
    fn write_some(&mut self, inode: usize) {
        let changes = std::mem::take(&mut self.inodes[inode].dirty);
        for change in changes {
            let mode = self.random.below(4);
            match change {
                _ if mode == 0 => {}
                Change::Write(offset, bytes) if mode == 1 => {
                    // The file has grown, and holds zeros.
                    let disk = &mut self.inodes[inode].disk;
                    disk.resize(disk.len().max(offset + bytes.len()), 0);
                }
                Change::Write(offset, bytes) => {
                    let mut at = 0;
                    while at < bytes.len() {
                        let rest_of_sector = SECTOR_BYTES - (offset + at) % SECTOR_BYTES;
                        let end = (at + rest_of_sector).min(bytes.len());
                        let written = match self.random.below(4) {
                            _ if mode == 3 => end,
                            0 => at,
                            1 => at + self.random.below((end - at) as u64 + 1) as usize,
                            _ => end,
                        };
                        let part = Change::Write(offset + at, bytes[at..written].to_vec());
                        apply(&mut self.inodes[inode].disk, &part);
                        at = end;
                    }
                }
                Change::SetLen(_) => apply(&mut self.inodes[inode].disk, &change),
            }
        }
    }

    fn lose_power(&mut self) {
        for inode in 0..self.inodes.len() {
            self.write_some(inode);
        }
        for (_, changes) in std::mem::take(&mut self.dirty) {
            let mode = self.random.below(4);
            for change in changes {
                let is_kept = match mode {
                    0 => false,
                    1 => true,
                    _ => self.random.one_in(2),
                };
                if is_kept {
                    self.disk.apply(&change);
                }
            }
        }
        // A file in a folder that is gone is gone.
        let folders = self.disk.folders.clone();
        let is_reachable = |path: &Path| {
            path.ancestors()
                .skip(1)
                .all(|folder| folder == Path::new("/") || folders.contains(folder))
        };
        self.disk.files.retain(|path, _| is_reachable(path));
        self.disk.folders.retain(|path| is_reachable(path));
        self.cache = self.disk.clone();
        for inode in &mut self.inodes {
            inode.cache = inode.disk.clone();
        }
    }
}

impl Go {
    fn result(&self) -> io::Result<()> {
        match self {
            Self::Through => Ok(()),
            _ => Err(failure()),
        }
    }
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Put(path, inode) => {
                self.files.insert(path.clone(), *inode);
            }
            NameChange::Move(from, to, inode) => {
                self.files.remove(from);
                self.files.insert(to.clone(), *inode);
            }
            NameChange::Remove(path) => {
                self.files.remove(path);
            }
            NameChange::MakeFolder(path) => {
                self.folders.insert(path.clone());
            }
            NameChange::RemoveFolder(path) => {
                self.files.retain(|file, _| !file.starts_with(path));
                self.folders.retain(|folder| !folder.starts_with(path));
            }
        }
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, bytes) => {
            let end = offset + bytes.len();
            if bytes.is_empty() {
                return;
            }
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(bytes);
        }
        Change::SetLen(length) => content.resize(*length, 0),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

fn limited(mut content: Vec<u8>, limit_bytes: u64) -> Vec<u8> {
    content.truncate(usize::try_from(limit_bytes + 1).unwrap());
    content
}

impl Disk for SimulatedDisk {
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        state.require_alive()?;
        let inode = state.cache.files.get(path);
        Ok(inode.map(|&inode| limited(state.inodes[inode].cache.clone(), limit_bytes)))
    }

    fn forget(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.require_alive()?;
        if let Some(inode) = state.cache.files.get(path).copied() {
            let inode = &mut state.inodes[inode];
            // What is dirty cannot be dropped from the cache.
            let mut content = inode.disk.clone();
            for change in &inode.dirty {
                apply(&mut content, change);
            }
            inode.cache = content;
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        state.require_alive()?;
        let files = state.cache.files.keys();
        Ok(files
            .filter(|path| path.parent() == Some(folder))
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect())
    }

    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let mut missing: Vec<&Path> = folder
            .ancestors()
            .filter(|above| *above != Path::new("/") && !state.cache.folders.contains(*above))
            .collect();
        missing.reverse();
        state.require_alive()?;
        missing
            .into_iter()
            .try_for_each(|path| state.change_name(&folder_of(path), NameChange::MakeFolder(path.to_owned())))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        let inode = if let Some(inode) = state.cache.files.get(path).copied() {
            state.change_file(inode, Change::SetLen(0))?;
            inode
        } else {
            let inode = state.inodes.len();
            state.inodes.push(Inode::default());
            state.change_name(&folder_of(path), NameChange::Put(path.to_owned(), inode))?;
            inode
        };
        Ok(Box::new(OpenFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state();
        state.require_alive()?;
        let inode = state.cache.files.get(path).copied();
        Ok(Box::new(OpenFile {
            disk: self.clone(),
            inode: inode.ok_or(io::ErrorKind::NotFound)?,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let inode = *state.cache.files.get(from).ok_or(io::ErrorKind::NotFound)?;
        let change = NameChange::Move(from.to_owned(), to.to_owned(), inode);
        state.change_name(&folder_of(to), change)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change_name(&folder_of(path), NameChange::Remove(path.to_owned()))
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let change = NameChange::RemoveFolder(folder.to_owned());
        state.change_name(&folder_of(folder), change)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let go = state.begin()?;
        if matches!(go, Go::PartAndFail) {
            // Names are in the journal of the file system, which does not forget them as
            // it forgets the pages of a file.
            return Err(failure());
        }
        for change in state.dirty.remove(folder).unwrap_or_default() {
            state.disk.apply(&change);
        }
        go.result()
    }

    fn salt(&self) -> io::Result<[u8; SALT_BYTES]> {
        let mut state = self.state();
        state.require_alive()?;
        let mut salt = [0; SALT_BYTES];
        salt[..8].copy_from_slice(&state.random.next().to_be_bytes());
        Ok(salt)
    }
}

struct OpenFile {
    disk: SimulatedDisk,
    inode: usize,
}

impl DiskFile for OpenFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let change = Change::Write(usize::try_from(offset).unwrap(), bytes.to_vec());
        self.disk.state().change_file(self.inode, change)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let change = Change::SetLen(usize::try_from(length).unwrap());
        self.disk.state().change_file(self.inode, change)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.state().sync_file(self.inode)
    }
}
