//! Findings: where the readers of containers put what they find.
//!
//! In:  values with their places, and problems.
//! Out: the finished [`Provenance`], with what the labels say together.
//!
//! Invariant: a flood of other claims cannot push out a label or a manifest store: these have limits of their own.
//! What costs more than its size (unpacking, Exif, XMP) is paid from a budget of the whole file. Whatever reaches a
//! limit makes the result [`Completeness::Partly`].

use std::{collections::BTreeSet, io::Read as _};

use flate2::read::ZlibDecoder;

use crate::{
    c2pa::C2paState,
    claim::{
        AiLabelState, Claim, Completeness, Encoding, Format, Kind, MAX_CLAIMS, MAX_KEY_BYTES, MAX_PROBLEMS,
        PROVENANCE_VERSION, Place, Problem, ProblemCode, Provenance, Value,
    },
    label::{self, FIELDS},
    text,
};

/// Labels and manifest stores that are kept beyond [`MAX_CLAIMS`].
const MAX_LABELS: usize = 64;
/// Structures (boxes, chunks, frames, pages) of one file that are looked at.
const MAX_STRUCTURES: u64 = 1_000_000;

/// Blocks of Exif and packets of XMP of one file that are read: each may take half a second when it is made to.
const MAX_EXIF_BLOCKS: usize = 8;
const MAX_XMP_PACKETS: usize = 64;
/// Bytes that all packed parts of one file may grow to.
const MAX_UNPACKED_BYTES: usize = 64 * 1024 * 1024;

/// What was found so far.
pub(crate) struct Findings {
    claims: Vec<Claim>,
    problems: Vec<Problem>,
    left_out: u64,
    labels: usize,
    structures: u64,
    exif_blocks: usize,
    xmp_packets: usize,
    unpacked_bytes: usize,
    completeness: Completeness,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            claims: Vec::new(),
            problems: Vec::new(),
            left_out: 0,
            labels: 0,
            structures: 0,
            exif_blocks: 0,
            xmp_packets: 0,
            unpacked_bytes: 0,
            completeness: Completeness::Whole,
        }
    }
}

impl Place {
    pub(crate) fn new(container: &str, key: &str, offset_bytes: u64) -> Self {
        Self {
            container: container.to_owned(),
            key: text::cut(key, MAX_KEY_BYTES).to_owned(),
            offset_bytes,
        }
    }
}

impl Findings {
    /// Text with a name. It is a label when its name or its shape says so, whatever `kind` it would be else.
    pub(crate) fn text(&mut self, kind: Kind, place: Place, text: &str, size_bytes: u64, encoding: Encoding) {
        let value = text::value(text, size_bytes, encoding);
        if label::is_label(&place.key, text) {
            let mut problems = Vec::new();
            let label = label::parse(&place.key, text, &mut problems);
            if encoding == Encoding::Gb18030Guessed {
                problems.push(Problem::here(ProblemCode::WrongEncoding, "GB 18030"));
            }
            self.push(Claim {
                kind: Kind::AiLabel,
                place,
                value,
                label: Some(label),
                problems,
            });
        } else {
            self.value(kind, place, value);
        }
    }

    /// Bytes with a name that should be UTF-8.
    pub(crate) fn bytes(&mut self, kind: Kind, place: Place, bytes: &[u8], size_bytes: u64) {
        let (decoded, encoding) = text::decode(bytes);
        self.text(kind, place, &decoded, size_bytes, encoding);
    }

    /// A value that is no text, or whose text cannot be a label.
    pub(crate) fn value(&mut self, kind: Kind, place: Place, value: Value) {
        self.push(Claim {
            kind,
            place,
            value,
            label: None,
            problems: Vec::new(),
        });
    }

    fn push(&mut self, claim: Claim) {
        let is_first_rank = matches!(claim.kind, Kind::AiLabel | Kind::C2pa);
        let has_room = if is_first_rank {
            self.labels < MAX_LABELS
        } else {
            self.claims.len() - self.labels < MAX_CLAIMS
        };
        if has_room {
            self.labels += usize::from(is_first_rank);
            self.claims.push(claim);
        } else {
            self.left_out += 1;
            self.completeness = self.completeness.max(Completeness::Partly);
        }
    }

    /// Something wrong that hides nothing from the reader.
    pub(crate) fn problem(&mut self, code: ProblemCode, place: Place, detail: impl Into<String>) {
        let problem = Problem {
            code,
            place: Some(place),
            detail: text::cut(&detail.into(), MAX_KEY_BYTES).to_owned(),
        };
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.left_out += 1;
        }
    }

    /// Something wrong that keeps a part of the file from being read.
    pub(crate) fn unread(&mut self, code: ProblemCode, place: Place, detail: impl Into<String>) {
        self.problem(code, place, detail);
        self.completeness = self.completeness.max(Completeness::Partly);
    }

    /// The format was searched for packets and not read by its structure.
    pub(crate) fn searched_only(&mut self) {
        self.completeness = Completeness::SearchedOnly;
    }

    /// Counts one structure; false when there were too many, which is said once.
    pub(crate) fn count(&mut self, place: impl FnOnce() -> Place) -> bool {
        self.structures += 1;
        if self.structures == MAX_STRUCTURES + 1 {
            self.unread(ProblemCode::TooMany, place(), MAX_STRUCTURES.to_string());
        }
        self.structures <= MAX_STRUCTURES
    }

    /// Counts a block of Exif; false, and said, when there were too many.
    pub(crate) fn count_exif(&mut self, place: Place) -> bool {
        self.exif_blocks += 1;
        self.is_within(self.exif_blocks, MAX_EXIF_BLOCKS, place)
    }

    /// Counts a packet of XMP; false, and said, when there were too many.
    pub(crate) fn count_xmp(&mut self, place: Place) -> bool {
        self.xmp_packets += 1;
        self.is_within(self.xmp_packets, MAX_XMP_PACKETS, place)
    }

    fn is_within(&mut self, count: usize, max: usize, place: Place) -> bool {
        if count > max {
            self.unread(ProblemCode::TooMany, place, max.to_string());
        }
        count <= max
    }

    /// Unpacks zlib data that grows to at most `max_bytes`, and with all else of the file to [`MAX_UNPACKED_BYTES`].
    pub(crate) fn unpack(&mut self, packed: &[u8], max_bytes: usize) -> Result<Vec<u8>, ProblemCode> {
        let max_bytes = max_bytes.min(MAX_UNPACKED_BYTES.saturating_sub(self.unpacked_bytes));
        let mut bytes = Vec::new();
        let result = ZlibDecoder::new(packed)
            .take(max_bytes as u64 + 1)
            .read_to_end(&mut bytes);
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(bytes.len());
        match result {
            _ if bytes.len() > max_bytes => Err(ProblemCode::DecompressionBomb),
            Ok(_) => Ok(bytes),
            Err(_) => Err(ProblemCode::DecompressionFailed),
        }
    }

    /// Draws the sum.
    pub(crate) fn finish(mut self, format: Format) -> Provenance {
        self.compare_labels();
        let absent = match (format, self.completeness) {
            (Format::InfoJson, _) => (AiLabelState::NotLookedFor, C2paState::NotLookedFor),
            (_, Completeness::Whole) => (AiLabelState::NotFound, C2paState::NotFound),
            _ => (AiLabelState::NotFoundPartly, C2paState::NotFoundPartly),
        };
        let has_store = self.claims.iter().any(|claim| claim.kind == Kind::C2pa);
        Provenance {
            v: PROVENANCE_VERSION,
            format,
            completeness: self.completeness,
            ai_label: self.label_state().unwrap_or(absent.0),
            c2pa: if has_store {
                C2paState::PresentNotChecked
            } else {
                absent.1
            },
            c2pa_check: None,
            claims: self.claims,
            problems: self.problems,
            left_out: self.left_out,
        }
    }

    /// None when there is no label.
    fn label_state(&self) -> Option<AiLabelState> {
        let labels: Vec<_> = self
            .claims
            .iter()
            .filter_map(|claim| claim.label.as_ref())
            .collect();
        if labels.is_empty() {
            return None;
        }
        let values: BTreeSet<_> = labels.iter().filter_map(|label| label.value).collect();
        Some(match values.iter().collect::<Vec<_>>()[..] {
            [] => AiLabelState::Unreadable,
            [value] => value.state(),
            _ => AiLabelState::Contradictory,
        })
    }

    /// The standard asks for one label; two may say the same, and where they do not, each field is named.
    fn compare_labels(&mut self) {
        let labels: Vec<_> = self
            .claims
            .iter()
            .filter_map(|claim| Some((claim.place.clone(), claim.label.clone()?)))
            .collect();
        let [(_, first), others @ ..] = &labels[..] else {
            return;
        };
        if let Some((place, _)) = others.first() {
            self.problem(
                ProblemCode::LabelDuplicate,
                place.clone(),
                labels.len().to_string(),
            );
        }
        for (place, other) in others {
            for field in FIELDS {
                if let (Some(one), Some(two)) = (first.fields.get(field), other.fields.get(field))
                    && one != two
                {
                    self.problem(ProblemCode::LabelContradiction, place.clone(), field);
                }
            }
        }
    }
}

impl Problem {
    /// A problem of the claim that holds it.
    pub(crate) fn here(code: ProblemCode, detail: &str) -> Self {
        Self {
            code,
            place: None,
            detail: text::cut(detail, MAX_KEY_BYTES).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(findings: &mut Findings, offset: u64, json: &str) {
        let place = Place::new("png/iTXt", "AIGC", offset);
        findings.text(Kind::Tag, place, json, json.len() as u64, Encoding::Utf8);
    }

    #[test]
    fn a_flood_of_tags_does_not_hide_a_label() {
        let mut findings = Findings::default();
        for n in 0..MAX_CLAIMS as u64 + 10 {
            findings.bytes(Kind::Tag, Place::new("mp4/ilst", "x", n), b"y", 1);
        }
        label(
            &mut findings,
            9999,
            r#"{"Label":"1","ContentProducer":"p","ProduceID":"i"}"#,
        );
        let provenance = findings.finish(Format::Mp4);
        assert_eq!(provenance.ai_label, AiLabelState::Generated);
        assert_eq!(
            (provenance.left_out, provenance.completeness),
            (10, Completeness::Partly)
        );
    }

    #[test]
    fn two_labels_that_differ_are_a_contradiction_field_by_field() {
        let mut findings = Findings::default();
        label(
            &mut findings,
            1,
            r#"{"Label":"1","ContentProducer":"p","ProduceID":"i"}"#,
        );
        label(
            &mut findings,
            2,
            r#"{"Label":"3","ContentProducer":"p","ProduceID":"j"}"#,
        );
        let provenance = findings.finish(Format::Png);
        assert_eq!(provenance.ai_label, AiLabelState::Contradictory);
        let said: Vec<_> = provenance
            .problems
            .iter()
            .map(|p| (p.code.as_str(), p.detail.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("label_duplicate", "2"),
                ("label_contradiction", "Label"),
                ("label_contradiction", "ProduceID")
            ]
        );
    }

    #[test]
    fn what_was_not_looked_at_is_not_absent() {
        let mut findings = Findings::default();
        findings.unread(ProblemCode::Truncated, Place::new("png", "", 8), "");
        assert_eq!(
            findings.finish(Format::Png).ai_label,
            AiLabelState::NotFoundPartly
        );
        assert_eq!(
            Findings::default().finish(Format::Png).ai_label,
            AiLabelState::NotFound
        );
    }
}
