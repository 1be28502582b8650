//! gallery-dl's `NAME.EXT.json`: one published picture or film, beside its file.
//!
//! In:  the side file that `gallery-dl --write-metadata` writes. It bears the name that the media file has at last,
//!      whose ending follows the content and not the address; `--write-info-json` adds one `info.json` for the whole
//!      gallery, which says nothing about a file.
//! Out: one [`Statement`], with a problem for each field that is not what it should be.
//!
//! Every site has its own names for the same things; those of many sites are read, and a field that
//! nobody here knows is no statement.
//!
//! Source: option `--write-metadata` and the post-processor `metadata` of gallery-dl 1.32, tried.

use std::path::Path;

use serde::Deserialize;

use super::{SideFile, SideFileError, Statement, fields::Fields, read_bounded};

const ENDING: &str = ".json";
/// What gallery-dl writes about a whole gallery.
const NOTE_NAME: &str = "info.json";

/// Whether a file is metadata of gallery-dl about one file: that lies beside it, or the content says who wrote it.
pub fn is_gallery_dl_file(path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let media = path.with_extension("");
    let is_there = || media.metadata().is_ok_and(|found| found.is_file());
    is_json && media.extension().is_some() && (is_there() || is_of_gallery_dl(path))
}

/// Whether a file is metadata of gallery-dl about a whole gallery, which says nothing about any one file.
pub fn is_gallery_note(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NOTE_NAME) && is_of_gallery_dl(path)
}

/// Whether the content names the site and the kind of page, as everything does that gallery-dl writes.
fn is_of_gallery_dl(path: &Path) -> bool {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "that they are there is what counts")]
    struct Marks {
        category: String,
        subcategory: String,
    }
    read_bounded(path).is_ok_and(|bytes| serde_json::from_slice::<Marks>(&bytes).is_ok())
}

/// Reads one file of gallery-dl; `source` is its name relative to the folder of suspects, whose files are `siblings`.
pub fn read_gallery_dl(path: &Path, source: &str, siblings: &[String]) -> Result<SideFile, SideFileError> {
    let mut fields = Fields::read(path, source)?;
    let media = source.strip_suffix(ENDING).unwrap_or(source);
    let statement = Statement {
        source: source.to_owned(),
        media: siblings.iter().find(|name| *name == media).cloned(),
        platform: fields.text(&["category"]),
        item_id: fields.text(&["tweet_id", "post_id", "id", "status.id", "media_id"]),
        title: fields.text(&["title", "content", "description", "desc", "status.text_raw"]),
        uploader: fields.text(&[
            "author.name",
            "author.username",
            "author.nickname",
            "user.name",
            "user.username",
            "status.user.screen_name",
            "owner.username",
            "author",
            "user",
            "username",
            "uploader",
            "artist",
        ]),
        account_id: fields.text(&[
            "author.id",
            "user.id",
            "status.user.id",
            "owner_id",
            "owner.nsid",
            "user_id",
            "uploader_id",
        ]),
        url: fields.text(&["post_url", "page_url", "webpage_url", "file_url", "url"]),
        republished_from: fields
            .text(&["retweet_id", "reblogged_from_url", "source"])
            .filter(|id| id != "0"),
        // `date` is UTC without saying so; its day in Shanghai may be the next one, so the zone is added.
        published_at: fields.text(&["date"]).and_then(|text| utc(&text)),
        view_count: fields.first_count(&[
            "view_count",
            "total_view",
            "views",
            "stats.views",
            "stats.playCount",
        ]),
        like_count: fields.first_count(&[
            "favorite_count",
            "like_count",
            "likes",
            "total_bookmarks",
            "stats.favourites",
            "stats.diggCount",
            "status.attitudes_count",
        ]),
        comment_count: fields.first_count(&[
            "reply_count",
            "comment_count",
            "total_comments",
            "stats.comments",
            "stats.commentCount",
            "status.comments_count",
        ]),
        share_count: fields.first_count(&[
            "retweet_count",
            "share_count",
            "stats.shareCount",
            "status.reposts_count",
        ]),
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

    #[test]
    fn what_it_writes_about_a_gallery_or_a_file_that_is_gone_is_told_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let own = r#"{"category":"pixiv","subcategory":"work","id":1}"#;
        assert!(is_gallery_note(&write("info.json", own)));
        assert!(is_gallery_dl_file(&write("gone.jpg.json", own)));
        assert!(
            !is_gallery_dl_file(&write("data.json", own)),
            "a name without a file in it"
        );
        let others = r#"{"category":"novel","text":"once"}"#;
        for name in ["info.json", "other.jpg.json"] {
            let path = write(name, others);
            assert!(!is_gallery_note(&path) && !is_gallery_dl_file(&path), "{name}");
        }
    }

    #[test]
    fn figures_inside_of_the_record_of_a_post_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("5000.jpg.json");
        let weibo = r#"{"category":"weibo","subcategory":"user","filename":"a","extension":"jpg","status":{"id":5000,
            "text_raw":"画","user":{"id":77,"screen_name":"某账号"},"attitudes_count":9,"comments_count":4,"reposts_count":2}}"#;
        std::fs::write(&path, weibo).unwrap();
        let read = read_gallery_dl(&path, "5000.jpg.json", &[]).unwrap();
        let said = &read.statements[0];
        assert_eq!(
            [&said.item_id, &said.uploader, &said.account_id, &said.title].map(Option::as_deref),
            [Some("5000"), Some("某账号"), Some("77"), Some("画")]
        );
        assert_eq!(
            (
                said.like_count,
                said.comment_count,
                said.share_count,
                said.view_count
            ),
            (Some(9), Some(4), Some(2), None)
        );
    }
}
