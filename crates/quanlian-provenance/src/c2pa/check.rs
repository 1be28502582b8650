//! The check of C2PA manifests, behind the feature `c2pa`.
//!
//! In:  the file, and the certificates that whoever asks trusts.
//! Out: [`C2paCheck`]: whether the manifest is valid, and apart from that whether its signer is trusted.
//!
//! Invariant: an answer is *yes* only where the crate reports the codes that say so. Its own summary is not used: it
//! takes the absence of results for trust. Nothing is fetched: no remote manifest, no status of certificates.

use std::{
    io::{Read, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
};

use ::c2pa::{Context, Reader, Settings, validation_status::ValidationStatus};

use super::{C2paCheck, Verdict};
use crate::{
    claim::{Format, MAX_VALUE_BYTES},
    text,
};

/// Codes of one manifest that are kept.
const MAX_CODES: usize = 64;
/// The signature of the claim holds.
const SIGNATURE_HOLDS: &str = "claimSignature.validated";
/// What the claim says about the bytes of the file holds, by sort of file.
const FILE_HOLDS: [&str; 4] = [
    "assertion.dataHash.match",
    "assertion.bmffHash.match",
    "assertion.boxesHash.match",
    "assertion.collectionHash.match",
];
/// The signer is on the list that was given.
const SIGNER_TRUSTED: &str = "signingCredential.trusted";
/// The signer is not; no failure of the manifest itself.
const SIGNER_UNTRUSTED: &str = "signingCredential.untrusted";

/// Why a manifest could not be checked. Nothing is said about it then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum C2paCheckError {
    /// This sort of file is not checked.
    #[error("C2PA is not checked in this sort of file")]
    Format,
    /// The trusted certificates cannot be used.
    #[error("the trusted certificates cannot be used")]
    Anchors(#[source] ::c2pa::Error),
    /// There is no manifest, or it cannot be read.
    #[error("the manifest cannot be read")]
    Unreadable(#[source] ::c2pa::Error),
    /// The library that reads manifests stopped on a defect of its own.
    #[error("the C2PA library failed on this manifest")]
    Panicked,
}

impl C2paCheckError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format => "c2pa_format",
            Self::Anchors(_) => "c2pa_anchors",
            Self::Unreadable(_) => "c2pa_unreadable",
            Self::Panicked => "c2pa_panicked",
        }
    }
}

/// Checks the manifest store in `file`.
///
/// `anchors_pem` are the certificates that the caller trusts; without them trust is *not checked*. Reads the whole file
/// to hash it.
pub fn check_c2pa(
    file: &mut (impl Read + Seek + Send),
    format: Format,
    anchors_pem: Option<&str>,
) -> Result<C2paCheck, C2paCheckError> {
    let media_type = media_type(format).ok_or(C2paCheckError::Format)?;
    let settings = serde_json::json!({
        "verify": {"remote_manifest_fetch": false, "ocsp_fetch": false, "verify_after_reading": true},
        "trust": {"trust_anchors": anchors_pem},
    });
    let settings = Settings::new()
        .with_json(&settings.to_string())
        .map_err(C2paCheckError::Anchors)?;
    let context = Context::new()
        .with_settings(settings)
        .map_err(C2paCheckError::Anchors)?;
    // Many parsers of many formats meet bytes of strangers here: one that gives up must not end a whole run.
    let read = AssertUnwindSafe(|| {
        let reader = Reader::from_context(context)
            .with_stream(media_type, file)
            .map_err(C2paCheckError::Unreadable)?;
        Ok(summary(&reader, anchors_pem.is_some()))
    });
    catch_unwind(read).unwrap_or(Err(C2paCheckError::Panicked))
}

fn summary(reader: &Reader, has_anchors: bool) -> C2paCheck {
    let results = reader.validation_results();
    let active = results.and_then(|results| results.active_manifest());
    let mut succeeded: Vec<&str> = Vec::new();
    let mut failed: Vec<&str> = Vec::new();
    if let Some(active) = active {
        succeeded.extend(active.success().iter().map(ValidationStatus::code));
        failed.extend(active.failure().iter().map(ValidationStatus::code));
    }
    let deltas = results.and_then(|results| results.ingredient_deltas());
    for delta in deltas.into_iter().flatten() {
        failed.extend(
            delta
                .validation_deltas()
                .failure()
                .iter()
                .map(ValidationStatus::code),
        );
    }
    let is_valid = succeeded.contains(&SIGNATURE_HOLDS)
        && FILE_HOLDS.iter().any(|code| succeeded.contains(code))
        && failed.iter().all(|code| *code == SIGNER_UNTRUSTED);
    let is_trusted = succeeded.contains(&SIGNER_TRUSTED) && !failed.contains(&SIGNER_UNTRUSTED);
    let kept = |codes: &mut Vec<&str>| {
        codes.sort_unstable();
        codes.dedup();
        codes.iter().take(MAX_CODES).map(|code| kept_text(code)).collect()
    };
    let manifest = reader.active_manifest();
    let signature = manifest.and_then(|manifest| manifest.signature_info());
    C2paCheck {
        valid: if active.is_none() {
            Verdict::NotChecked
        } else {
            Verdict::of(is_valid)
        },
        trusted: if has_anchors && active.is_some() {
            Verdict::of(is_trusted)
        } else {
            Verdict::NotChecked
        },
        generator: manifest
            .and_then(|manifest| manifest.claim_generator())
            .map(kept_text),
        issuer: signature.and_then(|info| info.issuer.as_deref()).map(kept_text),
        signed_at: signature.and_then(|info| info.time.as_deref()).map(kept_text),
        held: kept(&mut succeeded),
        failed: kept(&mut failed),
    }
}

fn kept_text(text: &str) -> String {
    text::cut(text, MAX_VALUE_BYTES).to_owned()
}

fn media_type(format: Format) -> Option<&'static str> {
    Some(match format {
        Format::Jpeg => "image/jpeg",
        Format::Png => "image/png",
        Format::Webp => "image/webp",
        Format::Wav => "audio/wav",
        Format::Avi => "video/avi",
        Format::Mp4 => "video/mp4",
        Format::Heif => "image/heif",
        Format::Mp3 => "audio/mpeg",
        Format::Gif => "image/gif",
        Format::Tiff => "image/tiff",
        _ => return None,
    })
}
