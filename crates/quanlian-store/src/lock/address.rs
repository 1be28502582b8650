//! Addresses of lock records.
//!
//! In:  what a person names, or what the folder of a log remembers.
//! Out: a [`LockAddress`], which prints as it is parsed.
//!
//! Invariant: an address with a secret in it is refused, and no error repeats what was given, because somebody may have
//! put a secret there all the same.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use quanlian_tlog::lock_record::LockPlace;
use url::Url;

/// The longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 512;
/// The longest address of a server, in bytes.
const MAX_ENDPOINT_BYTES: usize = 256;
const POSTGRES_PORT: u16 = 5432;

/// Where a lock record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockAddress {
    /// The file `log.head` of the data folder.
    File,
    /// An SQLite database, by its absolute path.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresAddress),
    /// An S3 bucket.
    S3(S3Address),
}

/// A PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// The address without a password.
    pub(crate) url: Url,
    /// A host, or the folder of a socket.
    host: String,
    port: u16,
    database: String,
}

/// A prefix in an S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Address {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// The server; Amazon's unless given.
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
}

/// Why an address of a lock record was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockAddressError {
    /// No place that we know.
    #[error(
        "a lock record is kept in file, sqlite:PATH, postgres://USER@HOST/DATABASE or s3://BUCKET/PREFIX"
    )]
    Unknown,
    /// No address of a PostgreSQL database.
    #[error("a database is named postgres://USER@HOST/DATABASE")]
    NotPostgres,
    /// No address of a bucket.
    #[error("a bucket is named s3://BUCKET/PREFIX")]
    NotS3,
    /// Longer than any address, or not one line of text.
    #[error("the address is longer than {MAX_ADDRESS_BYTES} bytes or not one line of text")]
    TooLong,
    /// No address at all.
    #[error("the address cannot be read as a URL")]
    Url(#[source] url::ParseError),
    /// Others can read the command line.
    #[error(
        "a password stands in the address, where others can read it; take it out and give it in the environment as {0}"
    )]
    SecretInside(&'static str),
    /// A part is missing.
    #[error("the address names no {0}")]
    Incomplete(&'static str),
    /// A part that means nothing here.
    #[error("the address has a part that is not known; known are {known}", known = .0.join(", "))]
    Parameter(&'static [&'static str]),
    /// The server of a bucket is no address of one.
    #[error("the endpoint is not of the form https://HOST:PORT")]
    Endpoint,
    /// The path cannot be used.
    #[error("the path of the database is too long, or not one line of text")]
    Path,
}

impl LockAddressError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "lock_address_unknown",
            Self::NotPostgres => "database_address_unknown",
            Self::NotS3 => "bucket_address_unknown",
            Self::TooLong => "lock_address_too_long",
            Self::Url(_) => "lock_address_url",
            Self::SecretInside(_) => "lock_address_secret",
            Self::Incomplete(_) => "lock_address_incomplete",
            Self::Parameter(..) => "lock_address_parameter",
            Self::Endpoint => "lock_address_endpoint",
            Self::Path => "lock_address_path",
        }
    }
}

impl LockAddress {
    /// Parses an address. The path of an SQLite database is taken from the current folder.
    pub fn parse(text: &str) -> Result<Self, LockAddressError> {
        if text.len() > MAX_ADDRESS_BYTES {
            return Err(LockAddressError::TooLong);
        }
        if text == "file" {
            return Ok(Self::File);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path);
        }
        let address = match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                postgres(text, "QUANLIAN_LOCK_PASSWORD").map(LockAddress::Postgres)
            }
            Some(("s3", _)) => s3(text),
            _ => Err(LockAddressError::Unknown),
        }?;
        // What the folder of a log could not remember.
        match LockPlace::new(&address.name(), &address.to_string()) {
            Some(_) => Ok(address),
            None => Err(LockAddressError::TooLong),
        }
    }

    /// What the place is called, however it is reached.
    pub fn name(&self) -> String {
        match self {
            Self::File => "file".to_owned(),
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(address) => address.name(),
            Self::S3(address) => address.name(),
        }
    }
}

/// The address, by which the place is found again.
impl fmt::Display for LockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File | Self::Sqlite(_) => f.write_str(&self.name()),
            Self::Postgres(address) => f.write_str(address.url.as_str()),
            Self::S3(address) => {
                f.write_str(&address.name())?;
                let mark = if address.endpoint.is_some() { '&' } else { '?' };
                match &address.region {
                    Some(region) => write!(f, "{mark}region={region}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The address, without a password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

impl PostgresAddress {
    /// Parses the address of a database, `postgres://USER@HOST/DATABASE`.
    pub fn parse(text: &str) -> Result<Self, LockAddressError> {
        if text.len() > MAX_ADDRESS_BYTES || text.contains(['\n', '\r']) {
            return Err(LockAddressError::TooLong);
        }
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => postgres(text, "QUANLIAN_DATABASE_PASSWORD"),
            _ => Err(LockAddressError::NotPostgres),
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("postgres://{}:{}/{}", self.host, self.port, self.database)
    }

    /// Whether the address says how the connection is to be protected.
    pub(crate) fn names_sslmode(&self) -> bool {
        self.url.query_pairs().any(|(name, _)| name == "sslmode")
    }

    /// Whether the server is this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.host.starts_with('/') || is_loopback(&self.host)
    }
}

impl S3Address {
    /// Parses the address of a bucket, `s3://BUCKET/PREFIX?endpoint=https://HOST:PORT`.
    pub fn parse(text: &str) -> Result<Self, LockAddressError> {
        if text.len() > MAX_ADDRESS_BYTES || text.contains(['\n', '\r']) {
            return Err(LockAddressError::TooLong);
        }
        match LockAddress::parse(text) {
            Ok(LockAddress::S3(address)) => Ok(address),
            Ok(_) | Err(LockAddressError::Unknown) => Err(LockAddressError::NotS3),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn name(&self) -> String {
        let mut name = format!("s3://{}/{}", self.bucket, self.prefix);
        if let Some(endpoint) = &self.endpoint {
            name = format!("{name}?endpoint={endpoint}");
        }
        name
    }

    /// The same place on the server that `endpoint` names, unless the address names one.
    pub fn or_endpoint(mut self, endpoint: Option<&str>) -> Result<Self, LockAddressError> {
        if let (None, Some(endpoint)) = (&self.endpoint, endpoint) {
            self.endpoint = Some(endpoint_of(endpoint)?);
        }
        Ok(self)
    }

    /// Whether the server is this machine.
    pub(crate) fn is_local(&self) -> bool {
        let host = self
            .endpoint
            .as_deref()
            .and_then(|endpoint| Url::parse(endpoint).ok());
        host.and_then(|url| url.host_str().map(is_loopback))
            .unwrap_or(false)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn sqlite(path: &str) -> Result<LockAddress, LockAddressError> {
    if path.is_empty() {
        return Err(LockAddressError::Incomplete("file"));
    }
    // Remembered, and then found from any folder.
    let path = std::path::absolute(Path::new(path)).map_err(|_| LockAddressError::Path)?;
    let is_memorable = |text: &str| LockPlace::new(&format!("sqlite:{text}"), text).is_some();
    if path.to_str().is_some_and(is_memorable) {
        Ok(LockAddress::Sqlite(path))
    } else {
        Err(LockAddressError::Path)
    }
}

fn parse_url(
    text: &str,
    variable: &'static str,
    known: &'static [&'static str],
) -> Result<Url, LockAddressError> {
    let url = Url::parse(text).map_err(LockAddressError::Url)?;
    if url.password().is_some() {
        return Err(LockAddressError::SecretInside(variable));
    }
    for (name, _) in url.query_pairs() {
        if ["password", "secret_access_key", "token"].contains(&&*name) {
            return Err(LockAddressError::SecretInside(variable));
        }
        if !known.contains(&&*name) {
            return Err(LockAddressError::Parameter(known));
        }
    }
    if url.fragment().is_some() {
        return Err(LockAddressError::Parameter(known));
    }
    Ok(url)
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs()
        .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
}

fn postgres(text: &str, variable: &'static str) -> Result<PostgresAddress, LockAddressError> {
    let url = parse_url(text, variable, &["host", "sslmode", "sslrootcert"])?;
    if url.username().is_empty() {
        return Err(LockAddressError::Incomplete("user"));
    }
    let host = parameter(&url, "host").or_else(|| url.host_str().map(str::to_owned));
    let host = host
        .filter(|host| !host.is_empty())
        .ok_or(LockAddressError::Incomplete("host"))?;
    let database = url.path().trim_start_matches('/').to_owned();
    if database.is_empty() || database.contains('/') {
        return Err(LockAddressError::Incomplete("database"));
    }
    Ok(PostgresAddress {
        port: url.port().unwrap_or(POSTGRES_PORT),
        url,
        host,
        database,
    })
}

fn s3(text: &str) -> Result<LockAddress, LockAddressError> {
    let url = parse_url(
        text,
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        &["endpoint", "region"],
    )?;
    if !url.username().is_empty() {
        return Err(LockAddressError::SecretInside(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ));
    }
    let bucket = url
        .host_str()
        .filter(|bucket| !bucket.is_empty() && url.port().is_none())
        .ok_or(LockAddressError::Incomplete("bucket"))?;
    let region = parameter(&url, "region");
    let is_word = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !region.iter().all(is_word) {
        return Err(LockAddressError::Incomplete("region"));
    }
    let address = S3Address {
        bucket: bucket.to_owned(),
        prefix: url.path().trim_matches('/').to_owned(),
        endpoint: None,
        region,
    };
    let address = address.or_endpoint(parameter(&url, "endpoint").as_deref())?;
    Ok(LockAddress::S3(address))
}

/// The server alone: no path, no user.
fn endpoint_of(text: &str) -> Result<String, LockAddressError> {
    let url = Url::parse(text).map_err(|_| LockAddressError::Endpoint)?;
    let is_server = ["http", "https"].contains(&url.scheme())
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if is_server && text.len() <= MAX_ENDPOINT_BYTES {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(LockAddressError::Endpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, name: &str) {
        let address = LockAddress::parse(text).unwrap();
        assert_eq!(address.name(), name);
        assert_eq!(LockAddress::parse(&address.to_string()), Ok(address));
    }

    #[test]
    fn a_place_has_one_name_however_it_is_reached() {
        check("file", "file");
        check("sqlite:/a/heads.sqlite", "sqlite:/a/heads.sqlite");
        check(
            "postgres://me@db.example/heads",
            "postgres://db.example:5432/heads",
        );
        check(
            "postgresql://you@db.example:5432/heads?sslmode=verify-full",
            "postgres://db.example:5432/heads",
        );
        check(
            "postgres://me@localhost/heads?host=/run/postgresql",
            "postgres:///run/postgresql:5432/heads",
        );
        check("s3://bucket/a/b/", "s3://bucket/a/b");
        check("s3://bucket?region=cn-north-1", "s3://bucket/");
        check(
            "s3://bucket/a?region=x&endpoint=http://127.0.0.1:9000/",
            "s3://bucket/a?endpoint=http://127.0.0.1:9000",
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_a_secret_never_repeated() {
        for (text, code) in [
            ("", "lock_address_unknown"),
            ("mysql://u:hunter2@h/d", "lock_address_unknown"),
            ("postgres://u:hunter2@h/d", "lock_address_secret"),
            ("postgres://u@h/d?password=hunter2", "lock_address_secret"),
            ("postgres://u@h/d?hunter2=1", "lock_address_parameter"),
            ("postgres://h/d", "lock_address_incomplete"),
            ("postgres://u@h/", "lock_address_incomplete"),
            ("postgres://u@h:hunter2/d", "lock_address_url"),
            ("s3://hunter2@bucket/p", "lock_address_secret"),
            ("s3:///p", "lock_address_incomplete"),
            ("s3://b/p?endpoint=http://u:hunter2@h/", "lock_address_endpoint"),
            ("s3://b/p?endpoint=file:///hunter2", "lock_address_endpoint"),
            ("sqlite:", "lock_address_incomplete"),
            ("sqlite:a\nb", "lock_address_path"),
            ("postgres://u@h/d?host=/a%0Ahunter2", "lock_address_too_long"),
        ] {
            let error = LockAddress::parse(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
        assert_eq!(
            LockAddress::parse(&"s".repeat(2000)).unwrap_err().code(),
            "lock_address_too_long"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_that_comes_back_or_an_error(
            scheme in "(file|sqlite:|postgres://|s3://)?",
            rest in "[ -~äß\\n]{0,60}",
        ) {
            if let Ok(address) = LockAddress::parse(&format!("{scheme}{rest}")) {
                prop_assert_eq!(LockAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
