//! Seeds of watching: feeds, lists of addresses, web archives with media, the book.

use std::fs;

use quanlian_fuzz::scratch;
use quanlian_watch::{
    book::{BOOK_NAME, Book, Event, Line},
    item::{Item, Look},
};

use crate::{
    Corpora,
    evidence::{warc_record, zipped},
};

pub fn make(corpora: &Corpora) {
    feeds(corpora);
    corpora.put(
        "watch_list",
        "list",
        "\u{feff}# works\nhttps://a.example/x?y=z#w\n\nftp://b/\n  http://c.example \r\n",
    );
    archives(corpora);
    book(corpora);
}

fn feeds(corpora: &Corpora) {
    for (name, text) in [
        (
            "rss",
            r#"<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>t</title><item><title>x</title><guid isPermaLink="false">g1</guid><link>/v/1</link><pubDate>Sun, 30 Apr 2023 18:00:00 GMT</pubDate><media:group><media:content url="https://cdn.example/a.mp4"/><media:community><media:statistics views="30" favorites="2"/></media:community></media:group></item><item><guid>g3</guid><enclosure url="/a.mp3" length="5" type="audio/mpeg"/></item></channel></rss>"#,
        ),
        (
            "atom",
            r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>tag:a</id><title>x</title><link rel="alternate" href="https://a.example/1"/><author><name>u</name><uri>https://u.example/1</uri></author><updated>2024-01-01T00:00:00Z</updated></entry></feed>"#,
        ),
        (
            "json",
            r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","url":"https://a.example/1","content_text":"x","attachments":[{"url":"https://a.example/a.mp3","mime_type":"audio/mpeg"}]}]}"#,
        ),
    ] {
        corpora.put("watch_feed", name, text);
    }
}

fn archives(corpora: &Corpora) {
    let response = |head: &str, body: &str| {
        warc_record(
            "response",
            "WARC-Target-URI: https://example.com/a.mp3\r\nContent-Type: application/http;msgtype=response\r\n",
            &format!("HTTP/1.1 {head}\r\n\r\n{body}"),
        )
    };
    let records = [
        warc_record(
            "warcinfo",
            "Content-Type: application/warc-fields\r\n",
            "software: x\r\n",
        ),
        response("200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 5", "sound"),
        response(
            "200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked",
            "4\r\ntext\r\n0\r\n\r\n",
        ),
        response(
            "206 Partial\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4",
            "film",
        ),
        warc_record(
            "resource",
            "WARC-Target-URI: https://example.com/a.png\r\nContent-Type: image/png\r\n",
            "picture",
        ),
    ];
    corpora.put("watch_archive", "plain", records.concat());
    let members: Vec<Vec<u8>> = records.iter().map(|record| zipped(record.as_bytes())).collect();
    corpora.put("watch_archive", "zipped", members.concat());
}

fn book(corpora: &Corpora) {
    let at = "2026-01-10T00:00:00Z".parse().expect("a time");
    let line = |key: &str, event| Line {
        at,
        key: key.to_owned(),
        source: "feed".to_owned(),
        event,
    };
    let item = Item {
        platform: Some("site.example".into()),
        title: Some("x".into()),
        ..Item::default()
    };
    let look = Look {
        plays: Some(12),
        ..Look::at(at)
    };
    let folder = scratch().join("seed-book");
    let mut book = Book::open(&folder).expect("a book");
    book.write(vec![
        line("a", Event::Item { item }),
        line("a", Event::Look { look }),
    ])
    .expect("written");
    drop(book);
    let book = fs::read(folder.join(BOOK_NAME)).expect("it reads");
    corpora.put("watch_book", "two", &book);
    corpora.put("watch_book", "torn", &book[..book.len() - 9]);
}
