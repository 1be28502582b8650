//! What downloaders leave in a folder, laid out by hand as they do it.

use std::{fs, path::Path};

use quanlian_record::time::Timestamp;
use quanlian_watch::folder::look;

use crate::at;

/// Long after everything was written.
fn later() -> Timestamp {
    at("2100-01-01T00:00:00Z")
}

fn put(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// As `gallery-dl --write-metadata --write-info-json` 1.32 leaves it: a folder a site and account, `info.json` of the
/// account, beside each file its metadata under the ending that the file has at last (`b.jpg` held a PNG), `.part` for
/// what is not done, and the metadata of a file that was converted and is gone.
#[test]
fn a_folder_of_gallery_dl_is_read_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let post = |id: u32, ending: &str| {
        format!(
            r#"{{"category":"twitter","subcategory":"user","tweet_id":{id},"author":{{"id":5,"name":"acct"}},
            "date":"2023-04-30 18:00:00","view_count":120,"favorite_count":3,"filename":"{id}_1","extension":"{ending}"}}"#
        )
    };
    let below = "twitter/acct";
    put(
        folder.path(),
        &format!("{below}/info.json"),
        r#"{"category":"twitter","subcategory":"user","user":{"id":5,"name":"acct"}}"#,
    );
    put(folder.path(), &format!("{below}/17_1.png"), "picture");
    put(folder.path(), &format!("{below}/17_1.png.json"), &post(17, "png"));
    put(folder.path(), &format!("{below}/18_1.jpg.part"), "pict");
    put(folder.path(), &format!("{below}/19_1.zip.json"), &post(19, "zip"));
    let content = look(folder.path(), later()).unwrap();
    assert_eq!(content.problems, []);
    assert_eq!(content.unfinished, 1);
    let [pair] = &content.pairs[..] else {
        panic!("{:?}", content.pairs);
    };
    assert_eq!(pair.name, "twitter/acct/17_1.png");
    let [(said, _)] = &pair.said[..] else {
        panic!("{:?}", pair.said);
    };
    assert_eq!(
        [&said.platform, &said.item_id, &said.uploader, &said.account_id].map(Option::as_deref),
        [Some("twitter"), Some("17"), Some("acct"), Some("5")]
    );
    assert_eq!((said.view_count, said.like_count), (Some(120), Some(3)));
    assert_eq!(said.published_at, Some(at("2023-04-30T18:00:00Z")));
    let gone: Vec<_> = (content.without_file.iter())
        .map(|(name, said, _)| (&**name, said.item_id.as_deref()))
        .collect();
    assert_eq!(gone, [("twitter/acct/19_1.zip.json", Some("19"))]);
}
