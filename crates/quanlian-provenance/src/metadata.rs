//! Metadata: the part of a provenance that a deposit record carries.
//!
//! In:  [`Provenance`].
//! Out: a sorted map of short texts that fits into the record beside what else is known.
//!
//! Invariant: the same file gives the same map on every machine. Labels and manifests come before everything else, and
//! the map says how many claims it leaves out; the file itself, which is deposited, holds them all.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    claim::{Claim, Kind, Provenance},
    text,
};

/// Claims that the map carries.
pub const MAX_METADATA_CLAIMS: usize = 64;
/// Bytes of all claims in the map; a record of 256 KiB holds them even when every sign is escaped again.
const MAX_METADATA_BYTES: usize = 64 * 1024;
/// Bytes of the value of one claim in the map.
pub const MAX_METADATA_CLAIM_BYTES: usize = 1024;

impl Provenance {
    /// What a deposit record says about the provenance of its file: at most 80 pairs, 66 KiB together.
    ///
    /// `provenance.ai_label`, `provenance.c2pa`, `provenance.completeness`, `provenance.format` are words for programs;
    /// `provenance.claim.NNN` is JSON with sorted keys: kind, container, key, offset and the value as the file has it,
    /// cut to [`MAX_METADATA_CLAIM_BYTES`]; `provenance.problems` counts what is wrong.
    pub fn to_metadata(&self) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        let mut put = |key: &str, value: String| {
            pairs.insert(format!("provenance.{key}"), value);
        };
        put("v", self.v.to_string());
        put("format", self.format.as_str().to_owned());
        put("completeness", self.completeness.as_str().to_owned());
        put("ai_label", self.ai_label.as_str().to_owned());
        put("c2pa", self.c2pa.as_str().to_owned());
        if let Some(check) = &self.c2pa_check {
            put("c2pa.valid", check.valid.as_str().to_owned());
            put("c2pa.trusted", check.trusted.as_str().to_owned());
        }
        let mut claims: Vec<&Claim> = self.claims.iter().collect();
        // Stable: within a rank the order of the file stays.
        claims.sort_by_key(|claim| rank(claim.kind));
        let (mut kept, mut bytes) = (0, 0);
        for claim in claims.iter().take(MAX_METADATA_CLAIMS) {
            let json = one(claim);
            bytes += json.len();
            if bytes > MAX_METADATA_BYTES {
                break;
            }
            kept += 1;
            put(&format!("claim.{kept:03}"), json);
        }
        let left_out = self.left_out + (claims.len() - kept) as u64;
        if left_out > 0 {
            put("left_out", left_out.to_string());
        }
        let counts: Vec<String> = self
            .problem_counts()
            .iter()
            .map(|(code, count)| format!("{code}={count}"))
            .collect();
        if !counts.is_empty() {
            put("problems", counts.join(" "));
        }
        pairs
    }
}

fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::AiLabel => 0,
        Kind::C2pa => 1,
        Kind::Download => 2,
        Kind::Exif => 3,
        Kind::Xmp => 4,
        Kind::Tag => 5,
    }
}

fn one(claim: &Claim) -> String {
    let value = text::cut(&claim.value.text, MAX_METADATA_CLAIM_BYTES);
    let mut pairs = BTreeMap::from([
        ("kind", json!(claim.kind.as_str())),
        ("container", json!(claim.place.container)),
        ("key", json!(claim.place.key)),
        ("offset_bytes", json!(claim.place.offset_bytes)),
        ("value", json!(value)),
        ("size_bytes", json!(claim.value.size_bytes)),
    ]);
    if claim.value.cut || value.len() < claim.value.text.len() {
        pairs.insert("cut", json!(true));
    }
    json!(pairs).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        claim::{Format, Place},
        findings::Findings,
    };

    #[test]
    fn the_map_fits_a_record_whatever_the_file_says() {
        let mut findings = Findings::default();
        for n in 0..600 {
            // Control characters grow sixfold in JSON.
            let value = "\u{1}".repeat(5000);
            findings.bytes(Kind::Tag, Place::new("png/tEXt", "k", n), value.as_bytes(), 5000);
        }
        findings.bytes(Kind::Tag, Place::new("png/iTXt", "AIGC", 700), b"{}", 2);
        let pairs = findings.finish(Format::Png).to_metadata();
        assert!(pairs.len() <= 80, "{}", pairs.len());
        assert!(
            pairs
                .iter()
                .all(|(key, value)| key.len() <= 256 && value.len() <= 8 * 1024)
        );
        assert!(pairs.values().map(String::len).sum::<usize>() <= 66 * 1024);
        assert!(pairs["provenance.claim.001"].contains("\"ai_label\""));
        let kept = pairs.keys().filter(|key| key.contains(".claim.")).count();
        assert_eq!(pairs["provenance.left_out"], (601 - kept).to_string());
    }
}
