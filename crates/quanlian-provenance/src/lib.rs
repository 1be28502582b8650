//! Provenance: what a file says about itself, read and never believed.
//!
//! In:  the bytes of a media file ([`read`]) or of the side file of a downloader ([`read_info_json`]).
//! Out: [`Provenance`]: claims, each with the place it stands in, its raw value and what is wrong with it.
//!
//! Invariant: nothing here says that a claim is true. A label is *declared*, a manifest is *present*; whoever can write
//! the file can write any of it. What was not looked for is said to be so and never "absent". No DTD, no address and
//! no program named by a file is followed.
//!
//! Not here: whose words win when two sources disagree (the case), the deposit record that carries
//! [`Provenance::to_metadata`] (`quanlian-evidence`), visible labels and watermarks inside picture or sound.

mod c2pa;
mod claim;
mod container;
mod exif;
mod findings;
mod label;
mod metadata;
mod provider;
mod side_file;
mod source;
mod text;
mod xmp;

use std::io::{self, Read, Seek};

#[cfg(feature = "c2pa")]
pub use c2pa::check::{C2paCheckError, check_c2pa};
pub use c2pa::{C2paCheck, C2paState, Verdict};
pub use claim::{
    AiLabelState, Claim, Completeness, Encoding, Format, Kind, MAX_CLAIMS, MAX_PROBLEMS, MAX_VALUE_BYTES,
    PROVENANCE_VERSION, Place, Problem, ProblemCode, Provenance, Value,
};
pub use label::{FIELDS, Label, LabelValue, MAX_LABEL_BYTES};
pub use metadata::{MAX_METADATA_CLAIM_BYTES, MAX_METADATA_CLAIMS};
pub use provider::{ProviderCode, Service, Subject};
pub use side_file::{MAX_INFO_JSON_BYTES, read_info_json};
pub use text::visible;

/// Why nothing can be said about a file. What is wrong *inside* a file is a [`Problem`] of its [`Provenance`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ReadError {
    /// The system would not give its bytes; nothing that was read so far is kept.
    #[error("cannot read the file")]
    Io(#[from] io::Error),
    /// A side file larger than [`MAX_INFO_JSON_BYTES`].
    #[error("the side file has {size_bytes} bytes, the limit is {limit_bytes}")]
    SideFileTooLarge { size_bytes: u64, limit_bytes: u64 },
    /// A side file that is not the JSON object that yt-dlp writes.
    #[error("the side file is not the JSON object that yt-dlp writes")]
    SideFileNotJson(#[source] serde_json::Error),
}

impl ReadError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "provenance_unreadable",
            Self::SideFileTooLarge { .. } => "provenance_side_file_too_large",
            Self::SideFileNotJson(_) => "provenance_side_file_not_json",
        }
    }
}

/// Everything that a media file says about itself, by its content and not by its name.
///
/// Takes time by the number of structures and not by the size of picture or sound; only PDF, TIFF, GIF, HEIF and files
/// of unknown format are searched byte by byte, up to 256 MiB. Memory stays below some tens of MiB whatever the file says.
///
/// ```
/// let mut png = std::io::Cursor::new(b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82".to_vec());
/// let provenance = quanlian_provenance::read(&mut png)?;
/// assert_eq!(provenance.ai_label.as_str(), "not_found");
/// # Ok::<(), quanlian_provenance::ReadError>(())
/// ```
pub fn read(file: &mut (impl Read + Seek)) -> Result<Provenance, ReadError> {
    let mut source = source::Source::new(file)?;
    let mut findings = findings::Findings::default();
    let format = container::read(&mut source, &mut findings)?;
    Ok(findings.finish(format))
}
