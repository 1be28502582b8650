//! Feeds: RSS 0.x to 2.0, Atom, JSON Feed, with the media extensions.
//!
//! In:  the bytes of a feed and the address that they came from.
//! Out: an [`Entry`] for each item: the publication, its media files, the figures that the feed states.
//!
//! Invariant: the same bytes give the same entries; what a feed does not say is absent.
//!
//! Not here: fetching it (`fetch`).

use quanlian_record::time::Timestamp;
use url::Url;

use crate::item::{Item, Look, bounded};

/// The largest feed that is read.
pub const MAX_FEED_BYTES: u64 = 16 << 20;
/// The most entries of one feed that are taken.
pub const MAX_ENTRIES: usize = 10_000;
/// The most media files of one entry.
pub const MAX_MEDIA: usize = 32;

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The publication.
    pub item: Item,
    /// Its files, in the order of the feed.
    pub media: Vec<Url>,
    /// The figures, when the feed states any.
    pub look: Option<Look>,
}

/// Why bytes are no feed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// Larger than [`MAX_FEED_BYTES`].
    #[error("the feed has more than {MAX_FEED_BYTES} bytes")]
    TooLarge,
    /// Neither RSS nor Atom nor JSON Feed.
    #[error("this is no feed: {0}")]
    NotAFeed(String),
}

impl FeedError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "feed_too_large",
            Self::NotAFeed(_) => "feed_not_a_feed",
        }
    }
}

/// Reads a feed; `address` is where it came from, for links that are relative, and `seen_at` when.
pub fn read(bytes: &[u8], address: Option<&str>, seen_at: Timestamp) -> Result<Vec<Entry>, FeedError> {
    if bytes.len() as u64 > MAX_FEED_BYTES {
        return Err(FeedError::TooLarge);
    }
    let parser = feed_rs::parser::Builder::new()
        .base_uri(address)
        // The parser's own choice for an entry without id is random, and one entry would look new each time.
        .id_generator(|_, _, _| String::new())
        .build();
    let feed = parser
        .parse(bytes)
        .map_err(|error| FeedError::NotAFeed(error.to_string()))?;
    let base = address.and_then(|address| Url::parse(address).ok());
    let platform = base
        .as_ref()
        .and_then(Url::host_str)
        .map(str::to_owned)
        .or_else(|| feed.title.as_ref().and_then(|title| bounded(&title.content)));
    let owner = feed
        .authors
        .first()
        .and_then(|person| person.name.as_deref())
        .and_then(bounded);
    let owner = owner.or_else(|| feed.title.as_ref().and_then(|title| bounded(&title.content)));
    Ok(feed
        .entries
        .iter()
        .take(MAX_ENTRIES)
        .map(|entry| {
            of_entry(
                entry,
                base.as_ref(),
                platform.as_deref(),
                owner.as_deref(),
                seen_at,
            )
        })
        .collect())
}

fn of_entry(
    entry: &feed_rs::model::Entry,
    base: Option<&Url>,
    platform: Option<&str>,
    owner: Option<&str>,
    seen_at: Timestamp,
) -> Entry {
    let absolute = |address: &str| match base {
        Some(base) => base.join(address).ok(),
        None => Url::parse(address).ok(),
    };
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
    let page = entry
        .links
        .iter()
        .find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let page = page.and_then(|link| absolute(&link.href)).filter(is_http);
    let enclosures = entry
        .links
        .iter()
        .filter(|link| link.rel.as_deref() == Some("enclosure"))
        .filter_map(|link| absolute(&link.href));
    let contents = entry
        .media
        .iter()
        .flat_map(|object| &object.content)
        .filter_map(|content| content.url.clone());
    let body = entry
        .content
        .iter()
        .filter_map(|content| absolute(&content.src.as_ref()?.href));
    let mut media: Vec<Url> = Vec::new();
    for url in contents.chain(enclosures).chain(body).filter(is_http) {
        if media.len() < MAX_MEDIA && !media.contains(&url) {
            media.push(url);
        }
    }
    let published_at = entry
        .published
        .or(entry.updated)
        .and_then(|at| Timestamp::from_unix_micros(at.timestamp_micros()).ok());
    let author = entry.authors.first();
    let item = Item {
        platform: platform.map(str::to_owned),
        item_id: bounded(&entry.id),
        title: entry.title.as_ref().and_then(|title| bounded(&title.content)),
        account: author
            .and_then(|person| person.name.as_deref())
            .and_then(bounded)
            .or_else(|| owner.map(str::to_owned)),
        account_id: author.and_then(|person| person.uri.as_deref()).and_then(bounded),
        url: page.map(String::from),
        media_url: media.first().map(Url::to_string),
        published_at,
        published_on: published_at.map(Timestamp::legal_day),
        republished_from: entry.source.as_deref().and_then(bounded),
    };
    let community = entry.media.iter().find_map(|object| object.community.as_ref());
    let look = community.map(|said| Look {
        plays: said.stats_views,
        likes: said.stats_favorites,
        ..Look::at(seen_at)
    });
    Entry {
        item,
        media,
        look: look.filter(Look::says_something),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn rss_with_enclosure_and_figures_is_read() {
        let rss = r#"<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>某频道</title>
            <item><title>歌</title><guid isPermaLink="false">g1</guid><link>/v/1</link>
            <pubDate>Sun, 30 Apr 2023 18:00:00 GMT</pubDate>
            <media:group><media:content url="https://cdn.example/a.mp4"/>
            <media:community><media:statistics views="30" favorites="2"/></media:community></media:group></item>
            <item><title>bare</title></item>
            <item><guid>g3</guid><enclosure url="/a.mp3" length="5" type="audio/mpeg"/></item></channel></rss>"#;
        let entries = read(rss.as_bytes(), Some("https://site.example/feed"), now()).unwrap();
        let first = &entries[0];
        assert_eq!(first.item.key(None).unwrap(), "site.example:g1");
        assert_eq!(first.item.url.as_deref(), Some("https://site.example/v/1"));
        assert_eq!(first.item.account.as_deref(), Some("某频道"));
        assert_eq!(first.item.published_on.unwrap().to_string(), "2023-05-01");
        let media = |at: usize| entries[at].media.iter().map(Url::as_str).collect::<Vec<_>>();
        assert_eq!(media(0), ["https://cdn.example/a.mp4"]);
        assert_eq!(
            media(2),
            ["https://site.example/a.mp3"],
            "made whole by the address of the feed"
        );
        assert_eq!(
            (first.look.unwrap().plays, first.look.unwrap().likes),
            (Some(30), Some(2))
        );
        assert_eq!(
            entries[1].item.key(None),
            None,
            "an entry that names nothing has no key"
        );
        assert_eq!(entries[1].look, None);
    }

    #[test]
    fn atom_is_read_and_a_script_address_is_no_page() {
        let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>tag:a</id><title>x</title>
            <link rel="alternate" href="javascript:alert(1)"/><author><name>甲</name><uri>https://u.example/1</uri></author>
            <updated>2024-01-01T00:00:00Z</updated></entry></feed>"#;
        let entries = read(atom.as_bytes(), None, now()).unwrap();
        assert_eq!(entries[0].item.url, None);
        assert_eq!(entries[0].item.account_id.as_deref(), Some("https://u.example/1"));
        assert_eq!(entries[0].item.item_id.as_deref(), Some("tag:a"));
    }

    #[test]
    fn what_is_no_feed_is_named() {
        for bytes in [&b"<html><body>sign in</body></html>"[..], b"", b"\xff\xfe", b"{}"] {
            assert_eq!(read(bytes, None, now()).unwrap_err().code(), "feed_not_a_feed");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read(&bytes, Some("https://a.example/"), now());
        }

        #[test]
        fn any_damage_to_a_feed_is_read_or_refused(at in 0_usize..300, byte in any::<u8>()) {
            let mut feed = br#"<rss version="2.0"><channel><title>c</title><item><guid>1</guid><link>http://a/</link><pubDate>Sun, 30 Apr 2023 18:00:00 GMT</pubDate><enclosure url="http://a/b.mp3" length="1" type="audio/mpeg"/></item></channel></rss>"#.to_vec();
            let at = at % feed.len();
            feed[at] = byte;
            let _ = read(&feed, None, now());
        }
    }
}
