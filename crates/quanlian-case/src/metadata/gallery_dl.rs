//! gallery-dl's `NAME.EXT.json`: one published picture or film, beside its file.
//!
//! In:  the side file that `gallery-dl --write-metadata` writes.
//! Out: one [`Statement`], with a problem for each field that is not what it should be.
//!
//! Every site has its own names for the same things; those of many sites are read, and a field that
//! nobody here knows is no statement.

use std::path::Path;

use super::{SideFile, SideFileError, Statement, fields::Fields};

const ENDING: &str = ".json";

/// Whether a file is metadata of gallery-dl: the file that its name names lies beside it.
pub fn is_gallery_dl_file(path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let media = path.with_extension("");
    is_json && media.extension().is_some() && media.metadata().is_ok_and(|found| found.is_file())
}

/// Reads one file of gallery-dl; `source` is its name relative to the folder of suspects, whose files are `siblings`.
pub fn read_gallery_dl(path: &Path, source: &str, siblings: &[String]) -> Result<SideFile, SideFileError> {
    let mut fields = Fields::read(path, source)?;
    let media = source.strip_suffix(ENDING).unwrap_or(source);
    let statement = Statement {
        source: source.to_owned(),
        media: siblings.iter().find(|name| *name == media).cloned(),
        platform: fields.text(&["category"]),
        item_id: fields.text(&["tweet_id", "post_id", "id", "media_id"]),
        title: fields.text(&["title", "content", "description"]),
        uploader: fields.text(&[
            "author.name",
            "user.name",
            "author",
            "user",
            "username",
            "uploader",
            "artist",
        ]),
        account_id: fields.text(&["author.id", "user.id", "user_id", "uploader_id"]),
        url: fields.text(&["post_url", "page_url", "webpage_url", "file_url", "url"]),
        republished_from: fields
            .text(&["retweet_id", "reblogged_from_url", "source"])
            .filter(|id| id != "0"),
        // `date` is UTC without saying so; its day in Shanghai may be the next one, so the zone is added.
        published_at: fields.text(&["date"]).and_then(|text| utc(&text)),
        view_count: fields.count("view_count"),
        like_count: fields
            .count("favorite_count")
            .or_else(|| fields.count("like_count")),
        comment_count: fields
            .count("reply_count")
            .or_else(|| fields.count("comment_count")),
        share_count: fields
            .count("retweet_count")
            .or_else(|| fields.count("share_count")),
        ..Statement::default()
    };
    let published_on = statement
        .published_at
        .map(quanlian_record::time::Timestamp::legal_day);
    Ok(fields.finish(Statement {
        published_on,
        ..statement
    }))
}

/// `2023-05-01 12:00:00`, as gallery-dl writes instants.
fn utc(text: &str) -> Option<quanlian_record::time::Timestamp> {
    format!("{}Z", text.trim().replacen(' ', "T", 1)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_several_sites_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1_p0.jpg.json");
        std::fs::write(
            &path,
            r#"{"category":"twitter","tweet_id":17,"author":{"id":5,"name":"某账号"},"date":"2023-04-30 18:00:00",
                "favorite_count":3,"retweet_count":2,"reply_count":-1,"retweet_id":12,"content":"画"}"#,
        )
        .unwrap();
        assert!(!is_gallery_dl_file(&path), "nothing lies beside it");
        std::fs::write(folder.path().join("1_p0.jpg"), "x").unwrap();
        assert!(is_gallery_dl_file(&path));
        let read = read_gallery_dl(&path, "a/1_p0.jpg.json", &["a/1_p0.jpg".into()]).unwrap();
        let said = &read.statements[0];
        assert_eq!(said.media.as_deref(), Some("a/1_p0.jpg"));
        assert_eq!(said.item_id.as_deref(), Some("17"));
        assert_eq!(
            (said.uploader.as_deref(), said.account_id.as_deref()),
            (Some("某账号"), Some("5"))
        );
        assert_eq!(
            said.published_on.unwrap().to_string(),
            "2023-05-01",
            "18:00 UTC is the next day in Shanghai"
        );
        assert_eq!(
            (said.like_count, said.share_count, said.comment_count),
            (Some(3), Some(2), None)
        );
        assert_eq!(said.republished_from.as_deref(), Some("12"));
        assert_eq!(read.problems.len(), 1);
    }
}
