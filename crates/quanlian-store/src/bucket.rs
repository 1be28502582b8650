//! S3 buckets: how one is reached, and with which key.
//!
//! In:  an address, a key or what the environment says.
//! Out: a client that has asked the server for nothing yet.
//!
//! Invariants: without a key the library is not begun, because it would ask an address that nobody named; a connection
//! that is not encrypted goes to this machine alone, unless the environment allows more.
//!
//! Not here: what is kept in a bucket (`lock::s3`, `snapshot::s3`).

use std::{env, time::Duration};

use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};

use crate::lock::S3Address;

/// A region where nobody names one; servers other than Amazon's take any.
const REGION: &str = "us-east-1";
/// Where the environment says who we are. Without one of them, the library would ask an address that nobody named.
const CREDENTIALS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
];

/// A key to a bucket. Never printed.
#[derive(Clone)]
pub struct S3Key {
    /// Its public half.
    pub access_key_id: String,
    /// Its secret half.
    pub secret_access_key: String,
}

/// Why there is no client for a bucket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody says who we are.
    #[error("no key is given; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")]
    NoKey,
    /// The library refuses the address or the key.
    #[error("the bucket cannot be used")]
    Library(#[source] object_store::Error),
}

/// A client whose single requests take no longer than `timeout`.
pub(crate) fn connect(
    address: &S3Address,
    key: Option<&S3Key>,
    timeout: Duration,
    retry: RetryConfig,
) -> Result<AmazonS3, ConnectError> {
    let is_known = key.is_some() || CREDENTIALS.iter().any(|name| env::var_os(name).is_some());
    if !is_known {
        return Err(ConnectError::NoKey);
    }
    let may_be_plain = address.is_local() || env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true");
    let options = ClientOptions::new()
        .with_allow_http(may_be_plain)
        .with_timeout(timeout)
        .with_connect_timeout(timeout);
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&address.bucket)
        .with_client_options(options)
        .with_retry(retry);
    let region = address.region.clone().or_else(|| env::var("AWS_REGION").ok());
    builder = builder.with_region(region.unwrap_or_else(|| REGION.to_owned()));
    if let Some(endpoint) = &address.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(key) = key {
        builder = builder
            .with_access_key_id(&key.access_key_id)
            .with_secret_access_key(&key.secret_access_key);
    }
    builder.build().map_err(ConnectError::Library)
}
