//! The words of mail, in Chinese and in English.
//!
//! In:  `messages/mail.zh.toml` and `messages/mail.en.toml`; what is told.
//! Out: subject and text.
//!
//! Invariant: what is filled in is one line; a key that has no words is told in general ones.

use std::{collections::BTreeMap, fmt::Write as _};

use super::Line;

const ZH: &str = include_str!("../../../../../messages/mail.zh.toml");
const EN: &str = include_str!("../../../../../messages/mail.en.toml");

/// A language of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Zh,
    En,
}

impl Language {
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

type Book = BTreeMap<String, String>;

/// The words of both.
pub(crate) struct Words {
    zh: Book,
    en: Book,
}

impl Words {
    pub(crate) fn embedded() -> Result<Self, String> {
        let read = |text: &str| toml::from_str::<Book>(text).map_err(|error| error.to_string());
        Ok(Self {
            zh: read(ZH)?,
            en: read(EN)?,
        })
    }

    fn get(&self, language: Language, key: &str) -> Option<&str> {
        let book = match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        };
        book.get(key).map(String::as_str)
    }

    /// The keys below this one, each with its words in Chinese and English and with their blanks.
    pub(crate) fn below(&self, prefix: &str) -> Vec<(&str, &str, &str)> {
        let of = |(key, zh)| -> Option<(&str, &str, &str)> {
            let (key, zh): (&String, &String) = (key, zh);
            Some((key.strip_prefix(prefix)?, zh, self.en.get(key)?))
        };
        self.zh.iter().filter_map(of).collect()
    }

    fn fill(&self, language: Language, key: &str, given: &[(&str, &str)]) -> String {
        let mut text = self.get(language, key).unwrap_or(key).to_owned();
        for (name, value) in given {
            let value: String = value
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            text = text.replace(&format!("{{{name}}}"), &value);
        }
        text
    }

    pub(super) fn subject(&self, language: Language, lines: &[Line]) -> String {
        match lines {
            [one] => {
                let what = self.what(language, one);
                match &one.matter {
                    Some((_, number)) => {
                        self.fill(language, "subject_one", &[("number", number), ("what", &what)])
                    }
                    None => self.fill(language, "subject_other", &[("what", &what)]),
                }
            }
            many => self.fill(language, "subject_many", &[("count", &many.len().to_string())]),
        }
    }

    pub(super) fn text(&self, language: Language, lines: &[Line], public_url: Option<&str>) -> String {
        let mut text = self.fill(language, "greeting", &[]);
        text.push_str("\n\n");
        for line in lines {
            let what = self.what(language, line);
            let at = line.made_at.to_local_string();
            let number = line.matter.as_ref().map_or("", |(_, number)| number.as_str());
            let key = if line.matter.is_some() {
                "line"
            } else {
                "line_other"
            };
            text.push_str(&self.fill(language, key, &[("number", number), ("what", &what), ("at", &at)]));
            text.push('\n');
            if let (Some(url), Some((id, _))) = (public_url, &line.matter) {
                let _ = writeln!(text, "  {url}/matters/{id}");
            }
        }
        text.push('\n');
        text.push_str(&self.fill(language, "closing", &[]));
        text.push('\n');
        text
    }

    /// What a line tells.
    fn what(&self, language: Language, line: &Line) -> String {
        let about = line.about.as_ref().map_or("", |(zh, en)| match language {
            Language::Zh => zh,
            Language::En => en,
        });
        let light = line.light.as_deref().map(|light| format!("light.{light}"));
        let light = light.map_or(String::new(), |key| {
            let key = if self.get(language, &key).is_some() {
                key
            } else {
                "light.other".to_owned()
            };
            self.fill(language, &key, &[])
        });
        let is_known = self.get(language, &line.words).is_some();
        let key = if is_known {
            line.words.as_str()
        } else {
            "notice.other"
        };
        self.fill(language, key, &[("about", about), ("light", &light)])
    }

    /// Subject and text with the code for an address.
    pub(super) fn code(&self, language: Language, code: &str) -> (String, String) {
        let text = self.fill(language, "code_text", &[("code", code)]);
        (self.fill(language, "code_subject", &[]), format!("{text}\n"))
    }
}

#[cfg(test)]
mod tests {
    use quanlian_procedure::Procedures;

    use super::*;

    #[test]
    fn every_act_and_light_has_words_in_both_languages() {
        let words = Words::embedded().unwrap();
        let procedures = Procedures::embedded().unwrap();
        let acts = procedures.iter().flat_map(|procedure| procedure.act.iter());
        let templates = acts
            .flat_map(|act| &act.notices)
            .map(|notice| notice.template.clone());
        let steps = crate::notices::Steps::embedded().unwrap();
        let lights = steps.lights().map(|light| format!("light.{light}"));
        let mut count = 0;
        for key in templates.chain(lights).chain(["notice.clock".to_owned()]) {
            count += 1;
            for language in [Language::Zh, Language::En] {
                assert!(words.get(language, &key).is_some(), "{key} in {language:?}");
            }
        }
        assert!(count > 40, "{count}");
    }
}
