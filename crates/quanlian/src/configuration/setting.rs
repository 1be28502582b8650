//! Settings: the kinds of values, each read from what stands in a file, the environment or the command line.
//!
//! In:  a [`Given`] value and its key.
//! Out: a value that cannot be wrong, or [`Wrong`].
//!
//! Invariants: no text of a value stands in an error, because it may be a secret in the wrong place; a [`Secret`] is never printed.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use quanlian_store::lock::{PostgresAddress, S3Address};
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use super::key::Key;
use crate::files;

/// No text of a setting is longer, in bytes.
const MAX_TEXT_BYTES: usize = 4_096;
/// No file of a secret is longer, in bytes.
const MAX_SECRET_BYTES: u64 = 65_536;
/// No list is longer.
const MAX_LIST: usize = 1_000;

/// A value as it was found.
#[derive(Debug, Clone)]
pub(crate) enum Raw {
    Text(String),
    Whole(i64),
    Truth(bool),
    List(Vec<Raw>),
    /// From the environment or the command line, where everything is text.
    Words(String),
    /// The path of the file in which a secret stands.
    InFile(String),
    /// A number with a fraction, a date, a table, a number without end.
    Other,
}

/// A value with the folder that its paths begin in.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) raw: Raw,
    pub(crate) base: Option<PathBuf>,
}

/// Why a value is refused.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Wrong {
    fn kind(wanted: &str) -> Self {
        Self {
            code: "config_kind",
            detail: format!("it is {wanted}"),
        }
    }

    fn value(detail: impl Into<String>) -> Self {
        Self {
            code: "config_value",
            detail: detail.into(),
        }
    }
}

/// A kind of values.
pub(crate) trait Setting: Sized {
    /// Whether it is shown to nobody, and stands in files of its own.
    const IS_SECRET: bool = false;
    /// Reads it.
    fn of(given: &Given, key: &Key) -> Result<Self, Wrong>;
    /// As TOML; empty when it is not set.
    fn shown(&self) -> String;
    /// What stands in a configuration that was refused, and is never used.
    fn unread() -> Self;
}

fn quoted(text: impl fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn text<'r>(raw: &'r Raw, wanted: &str) -> Result<&'r str, Wrong> {
    match raw {
        Raw::Text(text) | Raw::Words(text) => {
            if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
                return Err(Wrong::value(format!(
                    "it is one line of 1 to {MAX_TEXT_BYTES} bytes"
                )));
            }
            Ok(text)
        }
        _ => Err(Wrong::kind(wanted)),
    }
}

fn whole(given: &Given, key: &Key) -> Result<u64, Wrong> {
    let (least, most) = key.bounds.unwrap_or((0, u64::MAX));
    let unit = key.unit();
    let of = if unit.is_empty() {
        String::new()
    } else {
        format!(" of {unit}")
    };
    let wanted = format!("a whole number{of} from {least} to {most}");
    let number = match &given.raw {
        Raw::Whole(number) => i128::from(*number),
        Raw::Words(words) => words
            .trim()
            .parse::<i64>()
            .map_err(|_| Wrong::kind(&wanted))?
            .into(),
        _ => return Err(Wrong::kind(&wanted)),
    };
    match u64::try_from(number) {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(Wrong {
            code: "config_bounds",
            detail: format!("{number} is not {wanted}"),
        }),
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Setting for $number {
            fn of(given: &Given, key: &Key) -> Result<Self, Wrong> {
                let wide = whole(given, key)?;
                Self::try_from(wide).map_err(|_| Wrong::value("it is too large"))
            }

            fn shown(&self) -> String {
                self.to_string()
            }

            fn unread() -> Self {
                0
            }
        }
    )*};
}
numbers!(u8 u32 u64 usize);

impl Setting for bool {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        match &given.raw {
            Raw::Truth(truth) => Ok(*truth),
            Raw::Words(words) if words == "true" => Ok(true),
            Raw::Words(words) if words == "false" => Ok(false),
            _ => Err(Wrong::kind("true or false, without quotes")),
        }
    }

    fn shown(&self) -> String {
        self.to_string()
    }

    fn unread() -> Self {
        false
    }
}

impl Setting for Option<String> {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        Ok(Some(text(&given.raw, "text in quotes")?.to_owned()))
    }

    fn shown(&self) -> String {
        self.as_ref().map(quoted).unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

impl Setting for PathBuf {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let path = text(&given.raw, "a path in quotes")?;
        Ok(from(given.base.as_deref(), path))
    }

    fn shown(&self) -> String {
        quoted(self.display())
    }

    fn unread() -> Self {
        Self::new()
    }
}

impl Setting for Option<PathBuf> {
    fn of(given: &Given, key: &Key) -> Result<Self, Wrong> {
        PathBuf::of(given, key).map(Some)
    }

    fn shown(&self) -> String {
        self.as_ref()
            .map(|path| quoted(path.display()))
            .unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

/// A path in a file begins where the file is.
fn from(base: Option<&Path>, path: &str) -> PathBuf {
    base.map_or_else(|| PathBuf::from(path), |base| base.join(path))
}

impl Setting for SocketAddr {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let wanted = "an address with its port in quotes, such as \"127.0.0.1:7380\" or \"[::]:7380\"";
        let text = text(&given.raw, wanted)?;
        text.parse().map_err(|_| Wrong::value(format!("it is {wanted}")))
    }

    fn shown(&self) -> String {
        quoted(self)
    }

    fn unread() -> Self {
        Self::from(([127, 0, 0, 1], 0))
    }
}

impl Setting for Option<SocketAddr> {
    fn of(given: &Given, key: &Key) -> Result<Self, Wrong> {
        SocketAddr::of(given, key).map(Some)
    }

    fn shown(&self) -> String {
        self.as_ref().map(Setting::shown).unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

/// An address of HTTP, without a secret in it.
#[derive(Debug, Clone)]
pub(crate) struct HttpAddress(pub(crate) String);

impl Setting for Option<HttpAddress> {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let wanted = "an address in quotes, http://HOST:PORT or https://HOST:PORT, without a password";
        let text = text(&given.raw, wanted)?;
        let url = text.parse::<quanlian_capture::Url>().ok();
        let is_one = url.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        });
        if !is_one {
            return Err(Wrong::value(format!("it is {wanted}")));
        }
        Ok(Some(HttpAddress(text.to_owned())))
    }

    fn shown(&self) -> String {
        self.as_ref()
            .map(|address| quoted(&address.0))
            .unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

/// Networks, each written as `10.0.0.0/8` or as one address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Networks(pub(crate) Vec<IpNet>);

impl Setting for Networks {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let wanted = "a list of addresses and networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
        let all: Vec<&str> = match &given.raw {
            Raw::List(items) => items
                .iter()
                .map(|item| text(item, wanted))
                .collect::<Result<_, _>>()?,
            Raw::Words(words) => words.split(',').map(str::trim).collect(),
            _ => return Err(Wrong::kind(wanted)),
        };
        if all.len() > MAX_LIST {
            return Err(Wrong::value(format!("it has at most {MAX_LIST} entries")));
        }
        let network = |text: &str| {
            let one = text.parse::<IpAddr>().map(IpNet::from).ok();
            one.or_else(|| text.parse::<IpNet>().ok())
                .ok_or_else(|| Wrong::value(format!("it is {wanted}")))
        };
        Ok(Self(all.into_iter().map(network).collect::<Result<_, _>>()?))
    }

    fn shown(&self) -> String {
        let all: Vec<String> = self.0.iter().map(quoted).collect();
        format!("[{}]", all.join(", "))
    }

    fn unread() -> Self {
        Self::default()
    }
}

/// A database of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Server(pub(crate) PostgresAddress);

impl Setting for Option<Server> {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let text = text(&given.raw, "an address in quotes, postgres://USER@HOST/DATABASE")?;
        let address = PostgresAddress::parse(text).map_err(|error| Wrong {
            code: error.code(),
            detail: error.to_string(),
        })?;
        Ok(Some(Server(address)))
    }

    fn shown(&self) -> String {
        self.as_ref().map(|server| quoted(&server.0)).unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

/// A bucket, and how it was written.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) address: S3Address,
    pub(crate) text: String,
}

impl Setting for Option<Bucket> {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let text = text(&given.raw, "an address in quotes, s3://BUCKET/PREFIX")?;
        let address = S3Address::parse(text).map_err(|error| Wrong {
            code: error.code(),
            detail: error.to_string(),
        })?;
        Ok(Some(Bucket {
            address,
            text: text.to_owned(),
        }))
    }

    fn shown(&self) -> String {
        self.as_ref()
            .map(|bucket| quoted(&bucket.text))
            .unwrap_or_default()
    }

    fn unread() -> Self {
        None
    }
}

/// Which lines of the log are told, in the words of `tracing`.
#[derive(Debug, Clone)]
pub(crate) struct Filter(pub(crate) String);

impl Setting for Filter {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        let wanted = "error, warn, info, debug or trace, or such words for parts: warn,quanlian_server=debug";
        let text = text(&given.raw, wanted)?;
        // What is no level is taken as the name of a part, of which then nothing is told.
        let has_level = text.split(',').all(|part| {
            let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
            ["off", "error", "warn", "info", "debug", "trace"].contains(&level.to_ascii_lowercase().as_str())
        });
        if !has_level || EnvFilter::try_new(text).is_err() {
            return Err(Wrong::value(format!("it is {wanted}")));
        }
        Ok(Self(text.to_owned()))
    }

    fn shown(&self) -> String {
        quoted(&self.0)
    }

    fn unread() -> Self {
        Self("warn".to_owned())
    }
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Setting for LogFormat {
    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        match text(&given.raw, "\"text\" or \"json\"")? {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Wrong::value("it is \"text\" or \"json\"")),
        }
    }

    fn shown(&self) -> String {
        quoted(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }

    fn unread() -> Self {
        Self::Text
    }
}

/// A secret, where one is set. Never printed.
#[derive(Clone, Default)]
pub(crate) struct Secret(Option<Zeroizing<String>>);

impl Secret {
    /// What it is; whoever asks hands it on and keeps nothing.
    pub(crate) fn reveal(&self) -> Option<&str> {
        self.0.as_ref().map(|secret| secret.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Secret(…)"
        } else {
            "Secret(none)"
        })
    }
}

impl Setting for Secret {
    const IS_SECRET: bool = true;

    fn of(given: &Given, _: &Key) -> Result<Self, Wrong> {
        match &given.raw {
            Raw::Words(words) => Ok(Self(Some(Zeroizing::new(words.clone())))),
            Raw::InFile(path) => in_file(&from(given.base.as_deref(), path)),
            _ => Err(Wrong::kind(
                "the path, in quotes, of a file that holds the secret alone",
            )),
        }
    }

    fn shown(&self) -> String {
        if self.0.is_some() {
            quoted("…")
        } else {
            String::new()
        }
    }

    fn unread() -> Self {
        Self::default()
    }
}

/// A secret from a file that not everybody may read.
fn in_file(path: &Path) -> Result<Secret, Wrong> {
    let refused = |code, why: String| Wrong {
        code,
        detail: format!("{}: {why}", path.display()),
    };
    let found = std::fs::metadata(path);
    let found = found.map_err(|error| refused("config_secret_unreadable", error.to_string()))?;
    if !found.is_file() {
        return Err(refused("config_secret_unreadable", "it is no file".into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.mode() & 0o007 != 0 {
            let mode = found.mode() & 0o777;
            let why = format!(
                "its mode is {mode:o}, so that everybody on this machine may use it; chmod 640 or 600"
            );
            return Err(refused("config_secret_open", why));
        }
    }
    let bytes = files::read_limited(path, MAX_SECRET_BYTES)
        .map_err(|error| refused("config_secret_unreadable", format!("{error:#}")))?;
    let bytes = Zeroizing::new(bytes.unwrap_or_default());
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| refused("config_secret_unreadable", "it is no UTF-8".into()))?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() || secret.chars().any(char::is_control) {
        return Err(refused(
            "config_secret_unreadable",
            "it is not one line of text".into(),
        ));
    }
    Ok(Secret(Some(Zeroizing::new(secret.to_owned()))))
}
