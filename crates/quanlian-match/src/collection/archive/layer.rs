//! Layers: which kind of archive some bytes begin, and streams that unpack one layer.
//!
//! In:  the first bytes of a file or of a member; a packed stream.
//! Out: a [`Kind`]; the unpacked stream.
//!
//! Invariant: a decoder takes no more memory than [`MAX_DECODER_BYTES`], whatever a header asks for.
//!
//! Not here: counting what comes out (`budget`).

use std::io::{self, BufReader, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

/// Bytes that [`kind`] wants to see: one header of a tar.
pub(super) const KIND_BYTES: usize = 512;
/// Memory of one decoder: `xz -9` and `7z -mx9` ask for some 65 MiB, zstd of the long kind for 128 MiB.
pub(super) const MAX_DECODER_BYTES: usize = 256 << 20;
/// The same as a power of two, for the window of zstd.
const MAX_ZSTD_WINDOW_LOG: u32 = 27;

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    SevenZ,
    Tar,
    /// One compressed stream.
    Packed(Packing),
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// Tells the kind of archive by the first [`KIND_BYTES`].
pub(super) fn kind(start: &[u8]) -> Option<Kind> {
    let packed = [
        (&b"\x1f\x8b\x08"[..], Packing::Gzip),
        (b"\xfd7zXZ\0", Packing::Xz),
        (b"\x28\xb5\x2f\xfd", Packing::Zstd),
    ];
    // An empty zip has its table alone, a split one a mark of its own.
    if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08"]
        .iter()
        .any(|mark| start.starts_with(mark))
    {
        Some(Kind::Zip)
    } else if start.starts_with(b"7z\xbc\xaf\x27\x1c") {
        Some(Kind::SevenZ)
    } else if let Some(&(_, packing)) = packed.iter().find(|(mark, _)| start.starts_with(mark)) {
        Some(Kind::Packed(packing))
    } else if is_bzip2(start) {
        Some(Kind::Packed(Packing::Bzip2))
    } else if is_tar(start) {
        Some(Kind::Tar)
    } else {
        None
    }
}

/// Three letters and a digit could begin a text: the mark of the first block, or of the end, must follow.
fn is_bzip2(start: &[u8]) -> bool {
    let marks = [b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"];
    start.starts_with(b"BZh") && marks.iter().any(|mark| start.get(4..10) == Some(&mark[..]))
}

/// A header whose sum of bytes is right. Zero bytes are in every one of them, and in no text.
fn is_tar(start: &[u8]) -> bool {
    let Some(block) = start.first_chunk::<KIND_BYTES>() else {
        return false;
    };
    if block[0] == 0 || !block.contains(&0) {
        return false;
    }
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(block);
    let sum: u32 = (block.iter().enumerate())
        .map(|(at, &byte)| u32::from(if (148..156).contains(&at) { b' ' } else { byte }))
        .sum();
    header.cksum().is_ok_and(|told| told == sum)
}

/// Unpacks one layer.
pub(super) fn unpack<'a>(packing: Packing, reader: &'a mut dyn Read) -> io::Result<Box<dyn Read + 'a>> {
    let reader = BufReader::new(reader);
    Ok(match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Packing::Bzip2 => Box::new(MultiBzDecoder::new(reader)),
        Packing::Xz => Box::new(XzReader::new_mem_limit(
            reader,
            true,
            (MAX_DECODER_BYTES / 1024) as u32,
        )),
        Packing::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}
