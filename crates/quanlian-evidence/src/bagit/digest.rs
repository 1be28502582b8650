//! Digests by name, as manifests ask for them.
//!
//! In:  a stream and the algorithms that its manifests name.
//! Out: one digest each, from one pass.
//!
//! Invariant: the weak ones (MD5, SHA-1) are only ever compared with what others wrote.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
};

use serde::{Deserialize, Serialize};
use sha2::digest::DynDigest;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// An algorithm of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names of the algorithms say it")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
}

impl Algorithm {
    /// The algorithm that `manifest-<name>.txt` means.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "sm3" => Self::Sm3,
            _ => return None,
        })
    }

    /// Whether somebody could make another file with the same digest.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    /// Length of a digest in hex digits.
    pub fn hex_digits(self) -> usize {
        self.start().output_size() * 2
    }

    fn start(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::<md5::Md5>::default(),
            Self::Sha1 => Box::<sha1::Sha1>::default(),
            Self::Sha224 => Box::<sha2::Sha224>::default(),
            Self::Sha256 => Box::<sha2::Sha256>::default(),
            Self::Sha384 => Box::<sha2::Sha384>::default(),
            Self::Sha512 => Box::<sha2::Sha512>::default(),
            Self::Sm3 => Box::<sm3::Sm3>::default(),
        }
    }
}

/// All these digests of one stream, in lower-case hex.
pub(super) fn digest_all(
    mut reader: impl Read,
    algorithms: &BTreeSet<Algorithm>,
    progress: &mut dyn FnMut(u64),
) -> io::Result<BTreeMap<Algorithm, String>> {
    let mut sums: Vec<(Algorithm, Box<dyn DynDigest>)> = algorithms
        .iter()
        .map(|algorithm| (*algorithm, algorithm.start()))
        .collect();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for (_, sum) in &mut sums {
            sum.update(&chunk[..count]);
        }
        progress(count as u64);
    }
    Ok(sums
        .into_iter()
        .map(|(algorithm, sum)| (algorithm, hex::encode(sum.finalize())))
        .collect())
}
