//! One published item, and what a platform said about it at one moment.
//!
//! In:  what a feed, a side file or a list says.
//! Out: [`Item`] and [`Look`], one form for every source.
//!
//! Invariant: an [`Item::key`] names the same publication however it was found: platform and id, else its address,
//! else the file.

use quanlian_case::metadata::Statement;
use quanlian_record::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

/// The longest text that is kept of one field.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// A publication: who put what where, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The platform, as the source names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its id on the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The name of the account that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The id of that account, which a change of name leaves as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The address of its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The address of the file itself, where the source names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// The instant of publication, as stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// The day of publication in Asia/Shanghai, as stated or as the instant gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_on: Option<Day>,
    /// Address or id of the item that it says it republishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub republished_from: Option<String>,
}

impl Item {
    /// What names this publication; `file` where the source names neither id nor address.
    pub fn key(&self, file: Option<&str>) -> Option<String> {
        if let (Some(platform), Some(id)) = (&self.platform, &self.item_id) {
            return Some(format!("{}:{id}", platform.to_lowercase()));
        }
        let address = self.url.as_deref().or(self.media_url.as_deref());
        if let Some(address) = address {
            return Some(normal_address(address));
        }
        file.map(|name| format!("file:{name}"))
    }

    /// Takes from `other` what is absent here.
    pub fn complete(&mut self, other: &Self) {
        fn fill<T: Clone>(mine: &mut Option<T>, theirs: Option<&T>) {
            if mine.is_none() {
                *mine = theirs.cloned();
            }
        }
        fill(&mut self.platform, other.platform.as_ref());
        fill(&mut self.item_id, other.item_id.as_ref());
        fill(&mut self.title, other.title.as_ref());
        fill(&mut self.account, other.account.as_ref());
        fill(&mut self.account_id, other.account_id.as_ref());
        fill(&mut self.url, other.url.as_ref());
        fill(&mut self.media_url, other.media_url.as_ref());
        fill(&mut self.published_at, other.published_at.as_ref());
        fill(&mut self.published_on, other.published_on.as_ref());
        fill(&mut self.republished_from, other.republished_from.as_ref());
    }
}

/// The address without its fragment, in the one form that [`Url`] writes; what is no address stays as it is.
pub fn normal_address(address: &str) -> String {
    match Url::parse(address.trim()) {
        Ok(mut url) => {
            url.set_fragment(None);
            url.to_string()
        }
        Err(_) => address.trim().to_owned(),
    }
}

/// What a platform said about an item at one moment; absent is what it did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// When it was asked, by the clock of the machine that asked.
    pub at: Timestamp,
    /// Plays or clicks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plays: Option<u64>,
    /// Downloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloads: Option<u64>,
    /// Likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likes: Option<u64>,
    /// Comments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<u64>,
    /// How often it was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<u64>,
}

impl Look {
    /// A look that has said nothing yet.
    pub fn at(at: Timestamp) -> Self {
        Self {
            at,
            plays: None,
            downloads: None,
            likes: None,
            comments: None,
            shares: None,
        }
    }

    /// Whether any figure was stated.
    pub fn says_something(&self) -> bool {
        *self != Self::at(self.at)
    }

    /// Whether both state the same figures, whenever.
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self
            == Self {
                at: self.at,
                ..*other
            }
    }
}

/// A side file's statement as item and look; `read_at` is when the file was last written, for a downloader that does
/// not say when it asked.
pub fn of_statement(said: &Statement, read_at: Timestamp) -> (Item, Look) {
    let item = Item {
        platform: said.platform.clone(),
        item_id: said.item_id.clone(),
        title: said.title.clone(),
        account: said.uploader.clone(),
        account_id: said.account_id.clone(),
        url: said.url.clone(),
        media_url: None,
        published_at: said.published_at,
        published_on: said
            .published_on
            .or_else(|| said.published_at.map(Timestamp::legal_day)),
        republished_from: said.republished_from.clone(),
    };
    let look = Look {
        at: said.seen_at.unwrap_or(read_at),
        plays: said.view_count,
        downloads: said.download_count,
        likes: said.like_count,
        comments: said.comment_count,
        shares: said.share_count,
    };
    (item, look)
}

/// A text from outside, bounded; none when it is blank.
pub(crate) fn bounded(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_TEXT_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_publication_has_one_key() {
        let by_id = Item {
            platform: Some("Youtube".into()),
            item_id: Some("x1".into()),
            url: Some("https://example.com/v/x1".into()),
            ..Item::default()
        };
        assert_eq!(by_id.key(None).unwrap(), "youtube:x1");
        let by_address = Item {
            url: Some("HTTPS://Example.com/v/x1#t=3".into()),
            ..Item::default()
        };
        assert_eq!(by_address.key(None).unwrap(), "https://example.com/v/x1");
        assert_eq!(Item::default().key(Some("a/b.mp3")).unwrap(), "file:a/b.mp3");
        assert_eq!(Item::default().key(None), None);
    }

    #[test]
    fn a_later_source_fills_and_does_not_overwrite() {
        let mut first = Item {
            title: Some("first".into()),
            ..Item::default()
        };
        first.complete(&Item {
            title: Some("second".into()),
            account: Some("somebody".into()),
            ..Item::default()
        });
        assert_eq!(
            (first.title.as_deref(), first.account.as_deref()),
            (Some("first"), Some("somebody"))
        );
    }

    #[test]
    fn a_look_that_repeats_the_figures_says_the_same() {
        let at = |text: &str| text.parse().unwrap();
        let look = Look {
            plays: Some(5),
            ..Look::at(at("2026-01-01T00:00:00Z"))
        };
        assert!(look.says_the_same(&Look {
            at: at("2026-01-02T00:00:00Z"),
            ..look
        }));
        assert!(!look.says_the_same(&Look { plays: None, ..look }));
        assert!(!Look::at(look.at).says_something());
    }
}
