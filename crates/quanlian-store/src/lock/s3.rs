//! The lock record as an object in an S3 bucket.
//!
//! In:  a bucket on a server that knows conditional writes, a key that may read and write below the prefix.
//! Out: a [`LockRecord`] that any number of machines may open at the same time.
//!
//! Compare and swap are a read, which gives the tag of what is there, and a `PUT` that the server refuses when the tag is
//! another by then (`If-Match`), or when anything is there (`If-None-Match: *`). A server that ignores these conditions
//! would let two writers win, so it is asked at each opening whether it knows them, on an object of its own that is
//! removed again.
//!
//! Not here: a server that knows the conditions and checks them while another request is writing. S3 itself, and what
//! claims to be like it, does that under a lock; no question from outside can tell.

use std::time::Duration;

use object_store::{
    Error, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, PutResult, RetryConfig,
    UpdateVersion, aws::AmazonS3, client::HttpError, path::Path,
};
use quanlian_tlog::{
    lock_record::{LockFault, LockRecord},
    store::StoreError,
};
use sha2::{Digest as _, Sha256};

use super::{Failure, MAX_RECORD_BYTES, Place, address::S3Address, refused, swap_and_settle};
use crate::{
    bucket::{self, ConnectError, S3Key},
    edge::Edge,
};

/// A record that was found.
struct Found {
    record: Vec<u8>,
    /// What the server calls this state of the object.
    tag: Option<String>,
}

/// The lock record of one log in an S3 bucket.
pub struct S3LockRecord {
    edge: Edge,
    bucket: AmazonS3,
    object: Path,
    place: String,
}

impl S3LockRecord {
    /// Looks whether the server knows conditional writes, and takes the record.
    pub fn open(
        address: &S3Address,
        origin: &str,
        key: Option<&S3Key>,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let record = Self::open_to_read(address, origin, key, timeout)?;
        record.probe()?;
        Ok(record)
    }

    /// Takes the record to look at it; the server is asked for nothing yet.
    pub fn open_to_read(
        address: &S3Address,
        origin: &str,
        key: Option<&S3Key>,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let place = address.name();
        let edge = Edge::new().map_err(|source| refused(&place, LockFault::Refused, source))?;
        // Tried once: only who knows each attempt knows what an answer means.
        let once = RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        };
        let bucket = bucket::connect(address, key, timeout, once).map_err(|error| match error {
            ConnectError::NoKey => refused(&place, LockFault::Denied, error),
            ConnectError::Library(source) => refused(&place, LockFault::Refused, source),
        })?;
        // Any origin gives a name that any server takes, and no two give one.
        let name = format!("{}.head", hex::encode(Sha256::digest(origin)));
        let object = Path::parse(&address.prefix)
            .map_err(|source| refused(&place, LockFault::Refused, source))?
            .join(name);
        Ok(Self {
            edge,
            bucket,
            object,
            place,
        })
    }

    /// Refuses a server that takes a write whose condition does not hold.
    fn probe(&self) -> Result<(), StoreError> {
        let object = Path::from(format!("{}.probe-{}", self.object, uuid::Uuid::now_v7()));
        let probed = self.edge.run(async {
            let first = put(&self.bucket, &object, b"1", PutMode::Create).await?;
            let second = put(&self.bucket, &object, b"2", update(first.e_tag.clone())).await?;
            let is_created_again = put(&self.bucket, &object, b"3", PutMode::Create).await;
            // Its tag is out of date.
            let is_updated_again = put(&self.bucket, &object, b"4", update(first.e_tag)).await;
            let is_condition = |answer: &Result<PutResult, Error>| {
                matches!(
                    answer,
                    Err(Error::AlreadyExists { .. } | Error::Precondition { .. })
                )
            };
            Ok::<_, Error>(
                second.e_tag.is_some() && is_condition(&is_created_again) && is_condition(&is_updated_again),
            )
        });
        // What is left of a probe does no harm.
        let _ = self.edge.run(self.bucket.delete(&object));
        match probed {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused(
                &self.place,
                LockFault::NoCompareAndSwap,
                "the server took a write whose If-Match or If-None-Match does not hold",
            )),
            Err(Error::NotImplemented { operation, .. }) => {
                Err(refused(&self.place, LockFault::NoCompareAndSwap, operation))
            }
            Err(source) => Err(self.error(source)),
        }
    }

    fn error(&self, source: Error) -> StoreError {
        let fault = match &source {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => LockFault::Denied,
            _ if is_of_the_network(&source) => LockFault::Unreachable,
            _ => LockFault::Refused,
        };
        refused(&self.place, fault, source)
    }

    /// The record and its tag.
    fn read(&self) -> Result<Option<Found>, StoreError> {
        let found = self.edge.run(async {
            let got = match self.bucket.get(&self.object).await {
                Err(Error::NotFound { .. }) => return Ok(None),
                got => got?,
            };
            if got.meta.size > MAX_RECORD_BYTES {
                return Ok(Some(None));
            }
            let tag = got.meta.e_tag.clone();
            let record = GetResult::bytes(got).await?.to_vec();
            Ok(Some(Some(Found { record, tag })))
        });
        match found {
            Ok(None) => Ok(None),
            Ok(Some(Some(found))) => Ok(Some(found)),
            Ok(Some(None)) => Err(refused(
                &self.place,
                LockFault::Refused,
                format!(
                    "{} is longer than {MAX_RECORD_BYTES} bytes, so it is none of ours",
                    self.object
                ),
            )),
            Err(source) => Err(self.error(source)),
        }
    }
}

async fn put(bucket: &AmazonS3, object: &Path, content: &[u8], mode: PutMode) -> Result<PutResult, Error> {
    let payload = PutPayload::from(content.to_vec());
    bucket.put_opts(object, payload, mode.into()).await
}

fn update(e_tag: Option<String>) -> PutMode {
    PutMode::Update(UpdateVersion { e_tag, version: None })
}

/// Whether the request or the answer was lost on the way.
fn is_of_the_network(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<HttpError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl Place for S3LockRecord {
    fn name(&self) -> &str {
        &self.place
    }

    fn load_once(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read()?.map(|found| found.record))
    }

    fn swap_once(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<bool, Failure> {
        let certain = |error| Failure {
            error,
            is_certain: true,
        };
        let mode = match (self.read().map_err(certain)?, expected) {
            (None, None) => PutMode::Create,
            (Some(found), Some(expected)) if found.record == expected => update(found.tag),
            _ => return Ok(false),
        };
        match self.edge.run(put(&self.bucket, &self.object, next, mode)) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(source) => Err(Failure {
                is_certain: matches!(
                    source,
                    Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
                ),
                error: self.error(source),
            }),
        }
    }
}

impl LockRecord for S3LockRecord {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.load_once()
    }

    fn swap(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        swap_and_settle(self, expected, next)
    }
}
