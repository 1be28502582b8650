//! The file operations that durability rests on, as a port, so that a test can be the disk.
//!
//! In:  paths and bytes.
//! Out: the same, or the error of the operating system.
//!
//! What a caller may count on after a loss of power is what POSIX promises and no more:
//! bytes of a file after `sync`, names in a folder after `sync_folder`. All else may be
//! there, be gone, or be there in part and in any order; the simulated disk of the tests
//! makes use of that.
//!
//! After an error of `sync` the bytes may be read back although the disk does not hold
//! them, and a second `sync` may succeed without writing them. So the caller stops, and
//! whoever opens the files again writes anew what it goes on from.

#[cfg(test)]
pub(crate) mod simulated;

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    thread,
};

/// Random bytes that mark the frames of one segment.
pub(crate) const SALT_BYTES: usize = 16;
/// Threads that wait for the disk.
const SYNC_THREADS: usize = 32;
/// Files that are open at the same time while many are written.
const MAX_OPEN_FILES: usize = 256;
/// Files so few that setting the disk to work on all gains nothing.
const FEW_FILES: usize = 3;

/// A file open for writing.
pub(crate) trait DiskFile: Send {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
    /// Returns when the bytes written so far, and the length, survive a loss of power.
    fn sync(&mut self) -> io::Result<()>;
}

/// What a log needs of a file system.
pub(crate) trait Disk: fmt::Debug + Send + Sync {
    /// The file's first `limit_bytes + 1` bytes, or `None` when there is no such file.
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Option<Vec<u8>>>;
    /// Drops what the page cache holds of the file, where the operating system can be told
    /// to, and begins to read it from the disk. It is no error when there is no such file.
    fn forget(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder; none when there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder and those above it.
    fn make_folders(&self, folder: &Path) -> io::Result<()>;
    /// Makes an empty file, or empties the one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that is there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in place of what had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; it is no error when there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder and the files in it; it is no error when there is none.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;
    /// Returns when the names in this folder survive a loss of power.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Random bytes.
    fn salt(&self) -> io::Result<[u8; SALT_BYTES]>;

    /// Makes all these files and syncs each; on an error also says which.
    fn write_files(&self, files: &[(PathBuf, &[u8])]) -> Result<(), (PathBuf, io::Error)> {
        files
            .iter()
            .try_for_each(|(path, bytes)| write_file(self, path, bytes).map_err(|e| (path.clone(), e)))
    }
}

fn write_file<D: Disk + ?Sized>(disk: &D, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.create(path)?;
    file.write_at(0, bytes)?;
    file.sync()
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemDisk;

impl Disk for SystemDisk {
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        open_to_read(path)?
            .map(|file| read_limited(&file, limit_bytes))
            .transpose()
    }

    fn forget(&self, path: &Path) -> io::Result<()> {
        if let Some(file) = open_to_read(path)? {
            drop_cached(&file);
            read_ahead(&file);
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SystemFile(File::create(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Box::new(SystemFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        ignore_missing(fs::remove_file(path))
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        ignore_missing(fs::remove_dir_all(folder))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn salt(&self) -> io::Result<[u8; SALT_BYTES]> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(salt)
    }

    /// First all are written, and the disk is set to work; then all are waited for. So the
    /// journal of the file system commits a few times, not once a file.
    fn write_files(&self, files: &[(PathBuf, &[u8])]) -> Result<(), (PathBuf, io::Error)> {
        for files in files.chunks(MAX_OPEN_FILES) {
            let mut open = Vec::with_capacity(files.len());
            for (path, bytes) in files {
                let begun = File::create(path).and_then(|mut file| {
                    file.write_all(bytes)?;
                    Ok(file)
                });
                open.push((path, begun.map_err(|error| (path.clone(), error))?));
            }
            for (_, file) in open.iter().filter(|_| files.len() > FEW_FILES) {
                drop_cached(file);
            }
            sync_all(&open)?;
        }
        Ok(())
    }
}

/// Waits for many files at once, because the disk serves all who wait with one flush.
fn sync_all(files: &[(&PathBuf, File)]) -> Result<(), (PathBuf, io::Error)> {
    let sync = |files: &[(&PathBuf, File)]| {
        files
            .iter()
            .try_for_each(|(path, file)| file.sync_data().map_err(|error| ((*path).clone(), error)))
    };
    if files.len() <= FEW_FILES {
        return sync(files);
    }
    let share = files.len().div_ceil(SYNC_THREADS);
    thread::scope(|scope| {
        let waiting: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(move || sync(files)))
            .collect();
        // Every thread is waited for, so that nothing is being written when this returns.
        waiting
            .into_iter()
            .map(|thread| thread.join().expect("waiting for a file does not panic"))
            .fold(Ok(()), Result::and)
    })
}

/// Advice to write what is dirty and to drop what is clean. Where it is not followed, the
/// page cache goes on to answer, and a sync has more to do.
fn drop_cached(file: &File) {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

/// Advice to begin reading, so that many files are read at once.
fn read_ahead(file: &File) {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::WillNeed);
}

struct SystemFile(File);

impl DiskFile for SystemFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn open_to_read(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
}

fn read_limited(file: &File, limit_bytes: u64) -> io::Result<Vec<u8>> {
    // The length is a hint for the buffer; what is read decides.
    let expected = file.metadata()?.len().min(limit_bytes);
    let mut content = Vec::with_capacity(expected as usize + 1);
    file.take(limit_bytes + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
