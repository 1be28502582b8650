//! Where the sound of a stream comes from: a file that may grow, a pipe, standard input.
//!
//! In:  a path, or `-`.
//! Out: a reader that waits for more instead of ending.
//!
//! Invariant: a wait ends when nothing has come for the time that the person set, or when the stream is to stop.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often the end of a file is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Whether a source is standard input.
pub(super) fn is_stdin(source: &Path) -> bool {
    source.as_os_str() == "-"
}

/// Opens a source; a named pipe waits for its writer.
pub(super) fn open(
    source: &Path,
    idle: Duration,
    stop: Arc<AtomicBool>,
) -> io::Result<Box<dyn Read + Send + Sync>> {
    if is_stdin(source) {
        return Ok(Box::new(Stoppable {
            inner: io::stdin(),
            stop,
        }));
    }
    let file = File::open(source)?;
    if file.metadata()?.is_file() {
        Ok(Box::new(Growing { file, idle, stop }))
    } else {
        Ok(Box::new(Stoppable { inner: file, stop }))
    }
}

/// A pipe, which says by itself when it has ended.
struct Stoppable<R> {
    inner: R,
    stop: Arc<AtomicBool>,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::SeqCst) {
            return Ok(0);
        }
        self.inner.read(buffer)
    }
}

/// A file that another program may still be writing.
struct Growing {
    file: File,
    idle: Duration,
    stop: Arc<AtomicBool>,
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Ok(0);
            }
            let read = self.file.read(buffer)?;
            if read > 0 || buffer.is_empty() || began.elapsed() >= self.idle {
                return Ok(read);
            }
            std::thread::sleep(POLL.min(self.idle));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_read_on_while_it_grows_and_ends_when_it_rests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        std::fs::write(&path, b"first ").unwrap();
        let mut writer = File::options().append(true).open(&path).unwrap();
        let mut reader = open(&path, Duration::from_secs(2), Arc::default()).unwrap();
        let growth = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(600));
            writer.write_all(b"second").unwrap();
        });
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        growth.join().unwrap();
        assert_eq!(text, "first second");
    }

    #[test]
    fn a_stream_that_is_to_stop_ends_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        std::fs::write(&path, b"first").unwrap();
        let stop = Arc::new(AtomicBool::new(true));
        let mut reader = open(&path, Duration::from_hours(1), stop).unwrap();
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    }
}
