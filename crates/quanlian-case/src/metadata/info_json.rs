//! yt-dlp's `.info.json`: one published item, beside its media file.
//!
//! In:  the side file and the names of the files in its folder.
//! Out: one [`Statement`], with a [`Problem`] for each field that is not what it should be.

use std::path::Path;

use super::{INFO_JSON_ENDING, SideFile, SideFileError, Statement, fields::Fields};

/// Reads one `.info.json`.
///
/// `source` is its name relative to the folder of suspects, `siblings` are the
/// media files beside it, named likewise. The media file is the sibling whose
/// name without its ending equals that of the side file.
pub fn read_info_json(path: &Path, source: &str, siblings: &[String]) -> Result<SideFile, SideFileError> {
    let mut fields = Fields::read(path, source)?;
    let statement = Statement {
        source: source.to_owned(),
        media: sibling_of(source, siblings),
        platform: fields.text(&["extractor_key", "extractor"]),
        item_id: fields.text(&["id"]),
        title: fields.text(&["title"]),
        uploader: fields.text(&["uploader", "channel", "uploader_id"]),
        account_id: fields.text(&["uploader_id", "channel_id"]),
        url: fields.text(&["webpage_url", "original_url", "url"]),
        published_at: fields.instant(&["timestamp", "release_timestamp"]),
        seen_at: fields.instant(&["epoch"]),
        view_count: fields.count("view_count"),
        download_count: fields.count("download_count"),
        like_count: fields.count("like_count"),
        comment_count: fields.count("comment_count"),
        share_count: fields.count("repost_count"),
        published_on: fields.day(&["upload_date", "release_date", "timestamp"]),
        ..Statement::default()
    };
    Ok(fields.finish(statement))
}

/// The media file that a side file belongs to.
fn sibling_of(source: &str, siblings: &[String]) -> Option<String> {
    let stem = &source[..source.len().checked_sub(INFO_JSON_ENDING.len())?];
    let belongs =
        |name: &&String| name.as_str() == stem || name.rsplit_once('.').is_some_and(|(s, _)| s == stem);
    siblings.iter().find(belongs).cloned()
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
