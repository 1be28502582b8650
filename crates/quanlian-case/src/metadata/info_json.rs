//! yt-dlp's `.info.json`: one published item, beside its media file.
//!
//! In:  the side file and the names of the files in its folder.
//! Out: one [`Statement`], with a [`Problem`] for each field that is not what it should be.

use std::path::Path;

use quanlian_record::time::{Day, Timestamp, parse_day};
use serde_json::Value;

use super::{INFO_JSON_ENDING, Problem, SideFile, SideFileError, Statement, read_bounded};

/// The longest text that is kept of one field; platforms allow far less.
const MAX_FIELD_CHARS: usize = 2_000;

/// Reads one `.info.json`.
///
/// `source` is its name relative to the folder of suspects, `siblings` are the
/// media files beside it, named likewise. The media file is the sibling whose
/// name without its ending equals that of the side file.
pub fn read_info_json(path: &Path, source: &str, siblings: &[String]) -> Result<SideFile, SideFileError> {
    let bytes = read_bounded(path)?;
    let not_json = |source| SideFileError::NotJson {
        path: path.to_owned(),
        source,
    };
    let fields: serde_json::Map<String, Value> =
        serde_json::from_slice(strip_byte_order_mark(&bytes)).map_err(not_json)?;
    let mut problems = Vec::new();
    let mut report = |field: &str, value: &Value, wanted: &str| {
        let shown: String = value.to_string().chars().take(80).collect();
        problems.push(Problem {
            place: source.to_owned(),
            code: "field_unusable".into(),
            message: format!("`{field}` is {shown}, wanted {wanted}; it is left out"),
        });
    };
    let text = |field: &str| match fields.get(field) {
        Some(Value::String(t)) if !t.trim().is_empty() => {
            Some(t.trim().chars().take(MAX_FIELD_CHARS).collect())
        }
        Some(Value::Number(n)) => Some(n.to_string()),
        _ => None,
    };
    let mut count = |field: &str| match fields.get(field) {
        None | Some(Value::Null) => None,
        Some(value) => {
            let number = as_count(value);
            if number.is_none() {
                report(field, value, "a whole number, zero or more");
            }
            number
        }
    };
    let (view_count, download_count) = (count("view_count"), count("download_count"));
    let mut published_on = None;
    for field in ["upload_date", "release_date", "timestamp"] {
        let Some(value) = fields.get(field).filter(|v| !v.is_null()) else {
            continue;
        };
        published_on = as_day(value);
        if published_on.is_some() {
            break;
        }
        report(field, value, "a date such as 20220501");
    }
    let statement = Statement {
        source: source.to_owned(),
        media: sibling_of(source, siblings),
        platform: text("extractor_key").or_else(|| text("extractor")),
        item_id: text("id"),
        title: text("title"),
        uploader: text("uploader")
            .or_else(|| text("channel"))
            .or_else(|| text("uploader_id")),
        url: text("webpage_url")
            .or_else(|| text("original_url"))
            .or_else(|| text("url")),
        published_on,
        view_count,
        download_count,
        ..Statement::default()
    };
    if statement.media.is_none() {
        problems.push(Problem {
            place: source.to_owned(),
            code: "no_media_beside".into(),
            message: "no media file of this name lies beside it; its figures are not counted".into(),
        });
    }
    Ok(SideFile {
        statements: vec![statement],
        problems,
    })
}

fn strip_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The media file that a side file belongs to.
fn sibling_of(source: &str, siblings: &[String]) -> Option<String> {
    let stem = &source[..source.len().checked_sub(INFO_JSON_ENDING.len())?];
    let belongs =
        |name: &&String| name.as_str() == stem || name.rsplit_once('.').is_some_and(|(s, _)| s == stem);
    siblings.iter().find(belongs).cloned()
}

fn as_count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64().or_else(|| {
            // Some extractors write counts as 30000000.0; a fraction is no count.
            let float = n.as_f64()?;
            (float >= 0.0 && float.fract() == 0.0 && float <= 9e15).then_some(float as u64)
        }),
        Value::String(t) => super::table::parse_count(t),
        _ => None,
    }
}

fn as_day(value: &Value) -> Option<Day> {
    match value {
        Value::String(t) => parse_day(t).ok(),
        Value::Number(n) => {
            let seconds = n.as_i64().or_else(|| n.as_f64().map(|f| f as i64))?;
            if (10_000_101..=99_991_231).contains(&seconds) {
                return parse_day(&seconds.to_string()).ok();
            }
            Timestamp::from_unix_micros(seconds.checked_mul(1_000_000)?)
                .ok()
                .map(Timestamp::legal_day)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> SideFile {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("song.info.json");
        std::fs::write(&path, json).unwrap();
        read_info_json(
            &path,
            "a/song.info.json",
            &["a/other.mp3".into(), "a/song.mp3".into()],
        )
        .unwrap()
    }

    #[test]
    fn the_fields_that_matter_are_read_and_the_rest_ignored() {
        let file = read(
            r#"{"id":"x1","extractor_key":"Youtube","title":"曲","uploader":"某账号","upload_date":"20220501",
                "view_count":30000000,"webpage_url":"https://example.com/v/x1","formats":[{"a":[1,2]}]}"#,
        );
        assert_eq!(file.problems, []);
        let s = &file.statements[0];
        assert_eq!(s.media.as_deref(), Some("a/song.mp3"));
        assert_eq!(
            (s.view_count, s.published_on.unwrap().to_string()),
            (Some(30_000_000), "2022-05-01".into())
        );
    }

    #[test]
    fn a_field_of_another_shape_is_named_and_left_out() {
        let file = read(r#"{"view_count":-5,"upload_date":"soon","timestamp":1651363200}"#);
        let codes: Vec<_> = file.problems.iter().map(|p| p.message.as_str()).collect();
        assert_eq!(
            codes,
            [
                "`view_count` is -5, wanted a whole number, zero or more; it is left out",
                "`upload_date` is \"soon\", wanted a date such as 20220501; it is left out",
            ]
        );
        assert_eq!(file.statements[0].view_count, None);
        assert_eq!(file.statements[0].published_on.unwrap().to_string(), "2022-05-01");
    }

    #[test]
    fn json_nested_without_end_is_refused_and_does_not_crash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.info.json");
        std::fs::write(&path, format!("{{\"a\":{}", "[".repeat(1_000_000))).unwrap();
        assert_eq!(
            read_info_json(&path, "d.info.json", &[]).unwrap_err().code(),
            "side_file_not_json"
        );
    }
}
