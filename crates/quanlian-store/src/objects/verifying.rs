//! The reader that does not end well on wrong bytes.
//!
//! In:  a raw reader, the id and the length that the bytes should have.
//! Out: the bytes. The last of them are handed out only when digest and length are right; otherwise the read fails
//!      with [`Damaged`] inside an error of kind `InvalidData`.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use super::ObjectId;

/// The bytes read are not those of the id.
#[derive(Debug, thiserror::Error)]
#[error("the stored object {0} is damaged")]
pub(super) struct Damaged(ObjectId);

/// Reads an object and checks it on the way. Whoever stops before the end has checked nothing.
#[derive(Debug)]
pub struct VerifyingReader<R> {
    raw: R,
    id: ObjectId,
    size_bytes: u64,
    read_bytes: u64,
    hasher: Sha256,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Right,
    Wrong,
}

impl<R> VerifyingReader<R> {
    pub(super) fn new(raw: R, id: ObjectId, size_bytes: u64) -> Self {
        Self {
            raw,
            id,
            size_bytes,
            read_bytes: 0,
            hasher: Sha256::new(),
            state: State::Reading,
        }
    }

    /// The id that the bytes are checked against.
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// The length of the object.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes note of what was just read; whether it can be handed out.
    fn take_in(&mut self, bytes: &[u8]) -> bool {
        self.read_bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        let is_end = bytes.is_empty() || self.read_bytes >= self.size_bytes;
        if is_end {
            let digest: [u8; 32] = self.hasher.clone().finalize().into();
            let is_right = self.read_bytes == self.size_bytes && digest == *self.id.as_digest();
            self.state = if is_right { State::Right } else { State::Wrong };
        }
        self.state != State::Wrong
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> VerifyingReader<R> {
    /// The same, whatever it reads from.
    pub(super) fn boxed(self) -> VerifyingReader<super::any::AnyRaw> {
        VerifyingReader {
            raw: Box::new(self.raw),
            id: self.id,
            size_bytes: self.size_bytes,
            read_bytes: self.read_bytes,
            hasher: self.hasher,
            state: self.state,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for VerifyingReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let damaged = || Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, Damaged(self.id))));
        match self.state {
            State::Right => return Poll::Ready(Ok(())),
            State::Wrong => return damaged(),
            State::Reading => {}
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.raw).poll_read(cx, buf))?;
        if self.take_in(&buf.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        buf.set_filled(before);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, Damaged(self.id))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    /// Reads `raw` as the object `b"abcdef"`, `step` bytes at a time; the bytes that were handed out, and whether all
    /// went well.
    async fn read(raw: &[u8], step: usize) -> (Vec<u8>, bool) {
        let mut reader = VerifyingReader::new(raw, ObjectId::of(b"abcdef"), 6);
        let mut bytes = Vec::new();
        let mut buffer = vec![0; step];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => return (bytes, true),
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                Err(e) => {
                    assert_eq!(e.kind(), io::ErrorKind::InvalidData);
                    assert!(reader.read(&mut buffer).await.is_err(), "an error must stay");
                    return (bytes, false);
                }
            }
        }
    }

    #[tokio::test]
    async fn right_bytes_pass_in_steps_of_any_size() {
        for step in [1, 4, 6, 100] {
            assert_eq!(read(b"abcdef", step).await, (b"abcdef".to_vec(), true));
        }
        let mut empty = VerifyingReader::new(&b""[..], ObjectId::of(b""), 0);
        assert_eq!(empty.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn wrong_bytes_are_never_handed_out_to_the_end() {
        for raw in [&b"abcdeX"[..], b"Xbcdef", b"abcde", b"", b"abcdefg"] {
            for step in [1, 4, 6, 100] {
                let (bytes, is_well) = read(raw, step).await;
                let is_only_surplus = raw == b"abcdefg" && step <= 6 && bytes == b"abcdef";
                assert!(!is_well || is_only_surplus, "{raw:?} {step}");
                assert!(bytes.len() < 6 || is_only_surplus);
            }
        }
    }
}
