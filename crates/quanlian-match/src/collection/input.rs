//! One file to read, wherever its bytes are: on the disk, or taken out of an archive.
//!
//! In:  what the walk and the archives find.
//! Out: its name, its bytes as a reader, and a path to them for programs that need one.
//!
//! Invariants: nothing but a regular file is opened, since opening a pipe waits for its other end. Bytes that were taken
//! out of something never lie under a name that came from outside: a temporary file has a name of its own and is removed
//! with the last [`Body`] that holds it.
//!
//! Not here: what the bytes are (`opened`), taking them out (`archive`).

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::history::Origin;

/// Longest content that is kept in memory; longer ones go into a temporary file.
pub(super) const MAX_MEMORY_BYTES: u64 = 4 << 20;
/// Bytes taken out of archives, in memory or on the disk, from which the members that wait are worked off first.
pub(super) const MAX_HELD_BYTES: u64 = 128 << 20;
const CHUNK_BYTES: usize = 64 << 10;

/// A file to read and the name under which it is known.
#[derive(Debug)]
pub(super) struct Input {
    /// The name: of a work below the folder of works, of a suspect as the caller named it. Of what lies inside something
    /// else, `OUTER!/INNER`: a name and never a path to open.
    pub(super) name: PathBuf,
    pub(super) body: Body,
    /// The path that tells what it is, where the name does not end as the file's own did.
    pub(super) title: Option<PathBuf>,
    /// Where it stood in the history of a repository.
    pub(super) origin: Option<Arc<Origin>>,
}

impl Input {
    /// A file on the disk under its own path.
    pub(super) fn file(path: &Path) -> Self {
        Self {
            name: path.to_owned(),
            body: Body::File(path.to_owned()),
            title: None,
            origin: None,
        }
    }

    /// The path that tells what it is.
    pub(super) fn title(&self) -> &Path {
        self.title.as_deref().unwrap_or(&self.name)
    }
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// A file that somebody else keeps.
    File(PathBuf),
    Memory(Arc<[u8]>),
    /// A copy of ours.
    Temporary(Arc<TempPath>),
}

impl Body {
    /// Takes all bytes of `start` and then `reader`, and says how many there are.
    ///
    /// `needs_path` when a program will want them under a path.
    pub(super) fn take(start: &[u8], reader: &mut dyn Read, needs_path: bool) -> io::Result<(Self, u64)> {
        let mut held = start.to_vec();
        if !needs_path {
            let room = MAX_MEMORY_BYTES.saturating_sub(held.len() as u64);
            reader.take(room + 1).read_to_end(&mut held)?;
            if held.len() as u64 <= MAX_MEMORY_BYTES {
                let bytes = held.len() as u64;
                return Ok((Self::Memory(held.into()), bytes));
            }
        }
        let mut file = NamedTempFile::with_prefix("quanlian-")?;
        file.write_all(&held)?;
        let bytes = held.len() as u64 + copy(reader, file.as_file_mut())?;
        Ok((Self::Temporary(Arc::new(file.into_temp_path())), bytes))
    }

    /// Bytes that this alone keeps.
    pub(super) fn held_bytes(&self) -> u64 {
        match self {
            Self::File(_) => 0,
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Temporary(path) => fs::metadata(&**path).map_or(0, |metadata| metadata.len()),
        }
    }

    /// A reader over all bytes.
    pub(super) fn open(&self) -> io::Result<BodyReader> {
        match self {
            Self::File(path) => open_regular(path).map(BodyReader::File),
            Self::Temporary(path) => File::open(&**path).map(BodyReader::File),
            Self::Memory(bytes) => Ok(BodyReader::Memory(Cursor::new(Arc::clone(bytes)))),
        }
    }

    /// The bytes under a path; those in memory are written to a temporary file first.
    pub(super) fn on_disk(&self) -> io::Result<OnDisk> {
        Ok(match self {
            Self::File(path) => OnDisk::Kept(path.clone()),
            Self::Temporary(path) => OnDisk::Temporary(Arc::clone(path)),
            Self::Memory(bytes) => {
                let mut file = NamedTempFile::with_prefix("quanlian-")?;
                file.write_all(bytes)?;
                OnDisk::Temporary(Arc::new(file.into_temp_path()))
            }
        })
    }

    /// Length and SHA-256.
    pub(super) fn digest(&self) -> io::Result<(u64, String)> {
        let mut reader = DigestingReader::new(self.open()?);
        io::copy(&mut reader, &mut io::sink())?;
        Ok(reader.finish())
    }
}

/// Length and SHA-256 of a file.
pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    Body::File(path.to_owned()).digest()
}

/// Opens what is looked at before it is opened: opening a pipe would wait for its other end.
fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}

fn copy(reader: &mut dyn Read, file: &mut File) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let n = reader.read(&mut chunk)?;
        if n == 0 {
            return Ok(bytes);
        }
        file.write_all(&chunk[..n])?;
        bytes += n as u64;
    }
}

/// Bytes under a path, as long as this lives.
#[derive(Debug)]
pub(super) enum OnDisk {
    Kept(PathBuf),
    Temporary(Arc<TempPath>),
}

impl OnDisk {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(path) => path,
        }
    }
}

/// Reads a [`Body`].
#[derive(Debug)]
pub(super) enum BodyReader {
    File(File),
    Memory(Cursor<Arc<[u8]>>),
}

impl BodyReader {
    /// How many bytes there are, as far as can be told beforehand.
    pub(super) fn length_hint(&self) -> u64 {
        match self {
            Self::File(file) => file.metadata().map_or(0, |metadata| metadata.len()),
            Self::Memory(bytes) => bytes.get_ref().len() as u64,
        }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

/// Passes bytes on and counts the lines on the way, as editors count them: a last one without its end is one too.
pub(super) struct LineCounter<R> {
    reader: R,
    ends: u64,
    is_open: bool,
}

impl<R> LineCounter<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            ends: 0,
            is_open: false,
        }
    }

    pub(super) fn lines(&self) -> u64 {
        self.ends + u64::from(self.is_open)
    }
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        let read = &buffer[..n];
        self.ends += memchr::memchr_iter(b'\n', read).count() as u64;
        self.is_open = read.last().map_or(self.is_open, |&last| last != b'\n');
        Ok(n)
    }
}

/// Passes bytes on and takes their SHA-256 on the way.
pub(super) struct DigestingReader<R> {
    reader: R,
    digest: Sha256,
    bytes: u64,
}

impl<R> DigestingReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// Length and SHA-256 of what was read.
    pub(super) fn finish(self) -> (u64, String) {
        (self.bytes, hex::encode(self.digest.finalize()))
    }
}

impl<R: Read> Read for DigestingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.digest.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}
