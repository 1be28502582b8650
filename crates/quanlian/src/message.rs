//! Words for people, in Chinese and English, from the message files.
//!
//! In:  the language and a key.
//! Out: the text with its blanks filled.
//!
//! Invariant: both files hold the same keys and the same blanks; a test compares them.

use std::collections::BTreeMap;

/// The language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

/// The messages of one language.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    pub(crate) language: Language,
    texts: BTreeMap<String, String>,
}

const ZH: &str = include_str!("../../../messages/cli.zh.toml");
const EN: &str = include_str!("../../../messages/cli.en.toml");

impl Messages {
    pub(crate) fn of(language: Language) -> Self {
        let source = match language {
            Language::Zh => ZH,
            Language::En => EN,
        };
        // The files are part of the program and a test reads both, so an error here cannot reach a user.
        Self {
            language,
            texts: parse(source).unwrap_or_default(),
        }
    }

    /// The text of `key` with `{name}` blanks filled; a key without text shows itself.
    pub(crate) fn get<K: AsRef<str>, V: ToString>(&self, key: &str, args: &[(K, V)]) -> String {
        let Some(text) = self.texts.get(key) else {
            return key.to_owned();
        };
        let mut out = String::with_capacity(text.len() + 32);
        let mut rest = text.as_str();
        // One pass, so that what fills a blank is never read as a blank again.
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|at| open + at) else {
                break;
            };
            let name = &rest[open + 1..close];
            out.push_str(&rest[..open]);
            match args.iter().find(|(key, _)| key.as_ref() == name) {
                Some((_, value)) => out.push_str(&value.to_string()),
                None => out.push_str(&rest[open..=close]),
            }
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        out
    }

    /// A text without blanks.
    pub(crate) fn text(&self, key: &str) -> String {
        self.get::<&str, &str>(key, &[])
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.texts.contains_key(key)
    }
}

/// Chinese unless the environment asks for English: the users work in Chinese.
pub(crate) fn language_of_environment() -> Language {
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    if asked.is_some_and(|value| value.starts_with("en")) {
        Language::En
    } else {
        Language::Zh
    }
}

fn parse(source: &str) -> Result<BTreeMap<String, String>, toml::de::Error> {
    let table: toml::Table = toml::from_str(source)?;
    let mut texts = BTreeMap::new();
    for (section, entries) in table {
        if let toml::Value::Table(entries) = entries {
            for (key, value) in entries {
                if let toml::Value::String(text) = value {
                    texts.insert(format!("{section}.{key}"), text);
                }
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanks(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|(name, _)| name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn both_languages_have_the_same_keys_and_blanks() {
        let (zh, en) = (parse(ZH).unwrap(), parse(EN).unwrap());
        assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        assert!(zh.len() > 20, "only {} keys", zh.len());
        for (key, text) in &zh {
            assert_eq!(blanks(text), blanks(&en[key]), "{key}");
        }
    }

    #[test]
    fn what_fills_a_blank_is_not_read_again() {
        let messages = Messages {
            language: Language::En,
            texts: BTreeMap::from([("a.b".to_owned(), "{x} and {y} and {z".to_owned())]),
        };
        assert_eq!(
            messages.get("a.b", &[("x", "{y}"), ("y", "2")]),
            "{y} and 2 and {z"
        );
        assert_eq!(messages.text("no.such"), "no.such");
    }
}
