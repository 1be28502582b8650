//! A block on its way into a record: kept in memory while small, in a temporary file when it grows.
//!
//! In:  the head and the body of a message, piece by piece.
//! Out: the whole again, with SHA-256 of block and payload.
//!
//! Invariant: what the digests say is what was pushed, in that order, and nothing else.

use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;

/// Bytes of one block that stay in memory.
const IN_MEMORY_BYTES: usize = 256 * 1024;

/// A block being received.
pub struct Spool {
    file: SpooledTempFile,
    size_bytes: u64,
    head_bytes: u64,
    block: Sha256,
    payload: Sha256,
}

/// A block received, ready to be written.
pub struct Block {
    file: SpooledTempFile,
    /// Bytes of head and body.
    pub size_bytes: u64,
    /// Bytes of the head; 0 where there is none.
    pub head_bytes: u64,
    /// SHA-256 of head and body.
    pub block_sha256: String,
    /// SHA-256 of the body.
    pub payload_sha256: String,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            file: SpooledTempFile::new(IN_MEMORY_BYTES),
            size_bytes: 0,
            head_bytes: 0,
            block: Sha256::new(),
            payload: Sha256::new(),
        }
    }
}

impl Spool {
    /// Adds bytes of the head, which are no payload. All of them before the first of the body.
    pub fn head(&mut self, bytes: &[u8]) -> io::Result<()> {
        debug_assert_eq!(self.size_bytes, self.head_bytes, "the head comes first");
        self.file.write_all(bytes)?;
        self.block.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.head_bytes = self.size_bytes;
        Ok(())
    }

    /// Adds bytes of the body.
    pub fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.block.update(bytes);
        self.payload.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// No more bytes follow.
    pub fn close(mut self) -> io::Result<Block> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(Block {
            file: self.file,
            size_bytes: self.size_bytes,
            head_bytes: self.head_bytes,
            block_sha256: hex::encode(self.block.finalize()),
            payload_sha256: hex::encode(self.payload.finalize()),
        })
    }
}

impl Block {
    /// A block without a head.
    pub fn of(bytes: &[u8]) -> io::Result<Self> {
        let mut spool = Spool::default();
        spool.body(bytes)?;
        spool.close()
    }
}

impl Read for Block {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
