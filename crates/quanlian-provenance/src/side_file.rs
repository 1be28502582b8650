//! Side files: what a downloader wrote about an item when it fetched it.
//!
//! In:  the bytes of yt-dlp's `NAME.info.json`.
//! Out: a [`Provenance`] whose claims are of [`Kind::Download`]: which page, which account, which counts, when.
//!
//! Invariant: a figure is kept as the file writes it. What the file contradicts in itself is a problem.
//!
//! Not here: figures for a case (`quanlian-case::metadata` draws those), the media file beside it.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    ReadError,
    claim::{Encoding, Format, Kind, Place, ProblemCode, Provenance},
    findings::Findings,
    text,
};

/// The largest side file that is read, in bytes; those with comments stay far below.
pub const MAX_INFO_JSON_BYTES: usize = 64 * 1024 * 1024;

/// Where the claims of a side file stand.
const CONTAINER: &str = "info.json";
/// The fields that are kept: which item, whose, when, how often, how it was fetched.
const FIELDS: [&str; 34] = [
    "id",
    "title",
    "webpage_url",
    "original_url",
    "extractor",
    "extractor_key",
    "uploader",
    "uploader_id",
    "uploader_url",
    "channel",
    "channel_id",
    "channel_url",
    "upload_date",
    "release_date",
    "modified_date",
    "timestamp",
    "duration",
    "view_count",
    "like_count",
    "repost_count",
    "comment_count",
    "channel_follower_count",
    "license",
    "availability",
    "live_status",
    "playlist_id",
    "playlist_title",
    "format_id",
    "ext",
    "resolution",
    "filesize",
    "fulltitle",
    "epoch",
    "_type",
];
/// Objects whose parts are kept.
const OBJECTS: [&str; 1] = ["_version"];
/// Without these an item cannot be found again.
const NEEDED: [&str; 4] = ["id", "extractor", "webpage_url", "epoch"];
/// Fields that count something.
const COUNTS: [&str; 6] = [
    "view_count",
    "like_count",
    "repost_count",
    "comment_count",
    "channel_follower_count",
    "filesize",
];
/// Parts of an object that are kept.
const MAX_PARTS: usize = 8;

/// Reads a side file.
///
/// ```
/// let bytes = br#"{"id":"BV1","extractor":"BiliBili","webpage_url":"https://b.example/BV1","epoch":1700000000}"#;
/// let provenance = quanlian_provenance::read_info_json(bytes)?;
/// assert_eq!(provenance.claims[0].place.key, "id");
/// # Ok::<(), quanlian_provenance::ReadError>(())
/// ```
pub fn read_info_json(bytes: &[u8]) -> Result<Provenance, ReadError> {
    if bytes.len() > MAX_INFO_JSON_BYTES {
        return Err(ReadError::SideFileTooLarge {
            size_bytes: bytes.len() as u64,
            limit_bytes: MAX_INFO_JSON_BYTES as u64,
        });
    }
    let mut findings = Findings::default();
    let (json, encoding) = text::decode(bytes);
    if encoding != Encoding::Utf8 {
        findings.problem(ProblemCode::WrongEncoding, place("", 0), "JSON");
    }
    let object: Object =
        serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(ReadError::SideFileNotJson)?;
    let mut seen = BTreeSet::new();
    for (key, scalar) in &object.0 {
        if !seen.insert(key) {
            findings.problem(ProblemCode::FieldDuplicate, place(key, 0), key.clone());
            continue;
        }
        check(key, scalar, &mut findings);
        match scalar {
            Scalar::Null => {}
            Scalar::Parts(parts) => {
                for (part, scalar) in parts {
                    claim(&format!("{key}.{part}"), scalar, encoding, &mut findings);
                }
            }
            scalar => claim(key, scalar, encoding, &mut findings),
        }
    }
    let value = |key: &str| {
        object
            .0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, scalar)| scalar)
    };
    for key in NEEDED {
        if value(key).is_none_or(|scalar| matches!(scalar, Scalar::Null)) {
            findings.problem(ProblemCode::FieldMissing, place(key, 0), key);
        }
    }
    // Both are UTC; a day is left for sites that know the day alone.
    if let (Some(Scalar::Text(day)), Some(Scalar::Number(second))) =
        (value("upload_date"), value("timestamp"))
        && let (Some(day), Ok(second)) = (days_of(day), second.parse::<f64>())
        && (second / 86_400.0 - day as f64 - 0.5).abs() > 1.5
    {
        findings.problem(ProblemCode::SideFileField, place("timestamp", 0), "upload_date");
    }
    Ok(findings.finish(Format::InfoJson))
}

fn place(key: &str, offset_bytes: u64) -> Place {
    Place::new(CONTAINER, key, offset_bytes)
}

fn claim(key: &str, scalar: &Scalar, encoding: Encoding, findings: &mut Findings) {
    let (text, encoding) = match scalar {
        Scalar::Text(text) => (text.as_str(), encoding),
        Scalar::Number(text) => (text.as_str(), Encoding::Binary),
        Scalar::Null | Scalar::Parts(_) | Scalar::Other => return,
    };
    let value = text::value(text, text.len() as u64, encoding);
    findings.value(Kind::Download, place(key, 0), value);
}

/// Whether a field has the form that yt-dlp gives it.
fn check(key: &str, scalar: &Scalar, findings: &mut Findings) {
    let is_right = match scalar {
        Scalar::Null => true,
        Scalar::Number(number) if COUNTS.contains(&key) => number.parse::<u64>().is_ok(),
        Scalar::Text(text) if key.ends_with("_date") => days_of(text).is_some(),
        Scalar::Text(text) if key.ends_with("_url") => {
            text.starts_with("https://") || text.starts_with("http://")
        }
        Scalar::Parts(_) => OBJECTS.contains(&key),
        Scalar::Other => false,
        _ => !COUNTS.contains(&key) && !key.ends_with("_date"),
    };
    if !is_right {
        findings.problem(ProblemCode::SideFileField, place(key, 0), key);
    }
}

/// Days since 1970-01-01 of `YYYYMMDD`, when there is such a day.
fn days_of(text: &str) -> Option<i64> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (
        text[..4].parse().ok()?,
        text[4..6].parse().ok()?,
        text[6..].parse().ok()?,
    );
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        if is_leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let length = lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    let before: i64 = lengths[..month as usize - 1].iter().sum();
    let y = year - 1;
    let leaps = |y: i64| y / 4 - y / 100 + y / 400;
    Some((year - 1970) * 365 + leaps(y) - leaps(1969) + before + day - 1)
}

/// The fields of interest of the outer object, in their order, with those that stand twice.
struct Object(Vec<(String, Scalar)>);

enum Scalar {
    Text(String),
    Number(String),
    Null,
    Parts(Vec<(String, Scalar)>),
    Other,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the object that yt-dlp writes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut found = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let is_kept = FIELDS.contains(&key.as_str()) || OBJECTS.contains(&key.as_str());
                    // Twice a field is a contradiction; a thousand times is an attack on memory.
                    if is_kept && found.len() < 4 * FIELDS.len() {
                        found.push((key, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Object(found))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        let mut parts = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if parts.len() < MAX_PARTS {
                parts.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Scalar::Parts(parts))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(json: &str, expected: &Expect) {
        let provenance = read_info_json(json.as_bytes()).unwrap();
        let claims = provenance
            .claims
            .iter()
            .map(|c| format!("{}={}", c.place.key, c.value.text));
        let problems = provenance
            .problems
            .iter()
            .map(|p| format!("! {} {}", p.code.as_str(), p.detail));
        expected.assert_eq(&claims.chain(problems).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn an_item_is_described_by_its_fields() {
        check(
            r#"{"id":"BV1","title":"曲一","extractor":"BiliBili","webpage_url":"https://b.example/BV1","upload_date":"20240301",
                "timestamp":1709280000,"view_count":12345678,"like_count":null,"formats":[{"a":[1]}],"epoch":1709290000.5,
                "_version":{"version":"2024.03.10","repository":"yt-dlp/yt-dlp"}}"#,
            &expect![[r"
                id=BV1
                title=曲一
                extractor=BiliBili
                webpage_url=https://b.example/BV1
                upload_date=20240301
                timestamp=1709280000
                view_count=12345678
                epoch=1709290000.5
                _version.version=2024.03.10
                _version.repository=yt-dlp/yt-dlp"]],
        );
    }

    #[test]
    fn contradictions_and_wrong_forms_are_named() {
        check(
            r#"{"id":"a","id":"b","extractor":"x","webpage_url":"javascript:alert(1)","upload_date":"20240231",
                "view_count":-1,"like_count":"9","epoch":1}"#,
            &expect![[r"
                id=a
                extractor=x
                webpage_url=javascript:alert(1)
                upload_date=20240231
                view_count=-1
                like_count=9
                epoch=1
                ! field_duplicate id
                ! side_file_field webpage_url
                ! side_file_field upload_date
                ! side_file_field view_count
                ! side_file_field like_count"]],
        );
        check(
            r#"{"upload_date":"20240301","timestamp":1709700000}"#,
            &expect![[r"
                upload_date=20240301
                timestamp=1709700000
                ! field_missing id
                ! field_missing extractor
                ! field_missing webpage_url
                ! field_missing epoch
                ! side_file_field upload_date"]],
        );
    }

    #[test]
    fn what_is_no_side_file_is_refused() {
        for text in ["", "[]", "{", "1", "{}x"] {
            let error = read_info_json(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "provenance_side_file_not_json", "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(days_of("19700101"), Some(0));
        assert_eq!(days_of("20240301"), Some(19_783));
        assert_eq!(days_of("20240229"), Some(19_782));
        for none in ["20230229", "20241301", "20240100", "2024-3-1", "", "２０２４０"] {
            assert_eq!(days_of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_info_json(&bytes);
        }
    }
}
