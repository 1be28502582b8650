//! What an operator gives a capture to be let in: steps to take, cookies.
//!
//! In:  a TOML file of steps, a `cookies.txt` as browsers' add-ons and curl write it.
//! Out: [`Script`] and [`Cookie`]s.
//!
//! Invariant: a password stands in no file that a capture writes: `secret` names a variable of the environment or a
//! file, and its value is kept out of the record ([`secret`](crate::secret)).
//!
//! ```toml
//! start = "https://music.example/login"
//! [[step]]
//! fill  = "#user"
//! value = "inspector"
//! [[step]]
//! fill   = "#password"
//! secret = { env = "MUSIC_PASSWORD" }
//! [[step]]
//! click = "button[type=submit]"
//! [[step]]
//! wait = ".account"
//! ```

use std::{fmt, io, path::PathBuf};

use serde::Deserialize;
use url::Url;

use crate::secret::MIN_SECRET_BYTES;

/// Steps of one script.
const MAX_STEPS: usize = 100;
/// Cookies of one file.
const MAX_COOKIES: usize = 1000;
/// Bytes of a selector, a value or a secret.
const MAX_VALUE_BYTES: usize = 4096;

/// Why a login file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum LoginError {
    /// Not the TOML that is wanted.
    #[error("the login script is not understood")]
    Syntax(#[source] Box<toml::de::Error>),
    /// A step that cannot be taken.
    #[error("step {number} of the login script: {why}")]
    Step { number: usize, why: &'static str },
    /// More than [`MAX_STEPS`].
    #[error("the login script has more than {MAX_STEPS} steps")]
    TooMany,
    /// `start` is not http or https.
    #[error("`start` of the login script is not an http or https address")]
    Start,
    /// A secret that is not there.
    #[error("step {number} of the login script: the secret {from} cannot be read")]
    Secret {
        number: usize,
        from: String,
        #[source]
        source: io::Error,
    },
    /// A line that is no cookie.
    #[error("line {line} of the cookie file is not a cookie: seven fields with tabs between them")]
    Cookie { line: usize },
    /// More than [`MAX_COOKIES`].
    #[error("the cookie file has more than {MAX_COOKIES} cookies")]
    TooManyCookies,
}

impl LoginError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "login_syntax",
            Self::Step { .. } => "login_step",
            Self::TooMany => "login_too_many_steps",
            Self::Start => "login_start",
            Self::Secret { .. } => "login_secret",
            Self::Cookie { .. } => "cookie_line",
            Self::TooManyCookies => "cookie_too_many",
        }
    }
}

/// One thing to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Put text into a field.
    Fill {
        /// CSS selector of the field.
        field: String,
        /// The text.
        text: String,
        /// Whether it must stay out of the record.
        secret: bool,
    },
    /// Click.
    Click(String),
    /// Wait until something is there.
    Wait(String),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fill { field, .. } => write!(f, "Fill({field})"),
            Self::Click(selector) => write!(f, "Click({selector})"),
            Self::Wait(selector) => write!(f, "Wait({selector})"),
        }
    }
}

/// The steps of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where they begin.
    pub start: Url,
    /// In this order.
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    start: String,
    step: Vec<FileStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStep {
    fill: Option<String>,
    value: Option<String>,
    secret: Option<From>,
    click: Option<String>,
    wait: Option<String>,
}

/// Where a secret comes from.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum From {
    /// A variable of the environment.
    Env(String),
    /// The first line of a file.
    File(PathBuf),
}

impl Script {
    /// Reads a script; `secret` gets the values that it names.
    pub fn parse(text: &str, secret: impl Fn(&From) -> io::Result<String>) -> Result<Self, LoginError> {
        let file: File = toml::from_str(text).map_err(|error| LoginError::Syntax(Box::new(error)))?;
        let start = Url::parse(&file.start)
            .ok()
            .filter(|start| matches!(start.scheme(), "http" | "https"))
            .ok_or(LoginError::Start)?;
        if file.step.len() > MAX_STEPS {
            return Err(LoginError::TooMany);
        }
        let steps = file
            .step
            .into_iter()
            .enumerate()
            .map(|(at, step)| step.read(at + 1, &secret))
            .collect::<Result<_, _>>()?;
        Ok(Self { start, steps })
    }

    /// The values that must not enter the record.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Fill {
                text, secret: true, ..
            } => Some(text.as_str()),
            _ => None,
        })
    }
}

impl FileStep {
    fn read(self, number: usize, secret: &impl Fn(&From) -> io::Result<String>) -> Result<Step, LoginError> {
        let wrong = |why| LoginError::Step { number, why };
        let step = match (self.fill, self.value, self.secret, self.click, self.wait) {
            (Some(field), Some(text), None, None, None) => Step::Fill {
                field,
                text,
                secret: false,
            },
            (Some(field), None, Some(from), None, None) => {
                let text = secret(&from).map_err(|source| LoginError::Secret {
                    number,
                    from: match &from {
                        From::Env(name) => name.clone(),
                        From::File(path) => path.display().to_string(),
                    },
                    source,
                })?;
                let text = text.lines().next().unwrap_or_default().to_owned();
                if text.len() < MIN_SECRET_BYTES {
                    return Err(wrong(
                        "a secret of fewer than 4 bytes cannot be kept out of the record",
                    ));
                }
                Step::Fill {
                    field,
                    text,
                    secret: true,
                }
            }
            (None, None, None, Some(selector), None) => Step::Click(selector),
            (None, None, None, None, Some(selector)) => Step::Wait(selector),
            _ => {
                return Err(wrong(
                    "one of `fill` with `value` or `secret`, `click`, `wait` is wanted",
                ));
            }
        };
        let longest = match &step {
            Step::Fill { field, text, .. } => field.len().max(text.len()),
            Step::Click(selector) | Step::Wait(selector) => selector.len(),
        };
        if longest > MAX_VALUE_BYTES {
            return Err(wrong("longer than 4096 bytes"));
        }
        Ok(step)
    }
}

/// A cookie to begin with.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Host, with a dot before it when hosts below it are meant too.
    pub domain: String,
    /// Path.
    pub path: String,
    /// Whether https alone gets it.
    pub secure: bool,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({} for {})", self.name, self.domain)
    }
}

/// Reads a `cookies.txt`.
pub fn cookies(text: &str) -> Result<Vec<Cookie>, LoginError> {
    let mut cookies = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (http_only, line) = match line.strip_prefix("#HttpOnly_") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [domain, _, path, secure, _, name, value] = fields.as_slice() else {
            return Err(LoginError::Cookie { line: at + 1 });
        };
        if domain.is_empty() || name.is_empty() || line.len() > 2 * MAX_VALUE_BYTES {
            return Err(LoginError::Cookie { line: at + 1 });
        }
        if cookies.len() >= MAX_COOKIES {
            return Err(LoginError::TooManyCookies);
        }
        cookies.push(Cookie {
            domain: (*domain).to_owned(),
            path: (*path).to_owned(),
            secure: secure.eq_ignore_ascii_case("true"),
            http_only,
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        });
    }
    Ok(cookies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, LoginError> {
        Script::parse(text, |from| match from {
            From::Env(name) if name == "PW" => Ok("geheim\n".to_owned()),
            From::Env(name) if name == "SHORT" => Ok("abc".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        })
    }

    #[test]
    fn a_script_has_steps_and_its_secrets_are_known() {
        let script = parse(
            "start = 'https://a.example/login'\n[[step]]\nfill = '#u'\nvalue = 'me'\n\
             [[step]]\nfill = '#p'\nsecret = { env = 'PW' }\n[[step]]\nclick = 'button'\n[[step]]\nwait = '.in'",
        )
        .unwrap();
        assert_eq!(script.secrets().collect::<Vec<_>>(), ["geheim"]);
        let shown = format!("{:?}", script.steps);
        assert_eq!(shown, "[Fill(#u), Fill(#p), Click(button), Wait(.in)]");
    }

    #[test]
    fn a_script_that_cannot_be_followed_names_its_step() {
        for (text, wanted) in [
            ("start = 'http://a/'", "login_syntax"),
            ("start = 'x'\nstep = []", "login_start"),
            ("start = 'file:///etc/passwd'\nstep = []", "login_start"),
            ("start = 'http://a/'\n[[step]]\nfill = '#u'", "login_step"),
            (
                "start = 'http://a/'\n[[step]]\nclick = 'a'\nwait = 'b'",
                "login_step",
            ),
            (
                "start = 'http://a/'\n[[step]]\nfill = 'a'\nsecret = { env = 'SHORT' }",
                "login_step",
            ),
            (
                "start = 'http://a/'\n[[step]]\nfill = 'a'\nsecret = { env = 'NO' }",
                "login_secret",
            ),
            ("start = 'http://a/'\n[[step]]\ntype = 'a'", "login_syntax"),
        ] {
            assert_eq!(parse(text).unwrap_err().code(), wanted, "{text}");
        }
    }

    #[test]
    fn cookies_are_read_as_curl_writes_them() {
        let text = "# Netscape HTTP Cookie File\n\n.a.example\tTRUE\t/\tTRUE\t0\tsid\tx=1\n\
                    #HttpOnly_b.example\tFALSE\t/p\tFALSE\t0\tt\t\n";
        let read = cookies(text).unwrap();
        assert_eq!(read.len(), 2);
        assert!(read[0].secure && !read[0].http_only && read[1].http_only);
        assert_eq!((read[0].value.as_str(), read[1].path.as_str()), ("x=1", "/p"));
        assert_eq!(cookies("a b c").unwrap_err().code(), "cookie_line");
    }
}
