//! Objects from one store to another, branch by branch.

use std::collections::BTreeSet;

use super::{Difference, Listener, MoveError, Progress};
use crate::objects::{ObjectId, ObjectStore};

/// How closely objects are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Their names and lengths.
    Names,
    /// Their content too: each is read from both stores and checked against its digest.
    Content,
}

/// Moves what is not there, and compares names and lengths; how many objects there are.
pub async fn move_objects(
    from: &impl ObjectStore,
    to: &impl ObjectStore,
    listener: Listener<'_>,
) -> Result<u64, MoveError> {
    let mut done = 0;
    for first in 0..=u8::MAX {
        for id in from.branch(first).await? {
            let (ours, theirs) = (size(from, id).await?, size(to, id).await?);
            if ours.is_none() || ours != theirs {
                // The reader does not end well on other bytes, so the name in the destination is the same.
                let reader = from.open(id).await.map_err(|e| object(id, e))?;
                to.put(reader).await.map_err(|e| object(id, e))?;
            }
            done += 1;
            listener(Progress {
                what: "objects",
                is_comparing: false,
                done,
            });
        }
    }
    compare_objects(from, to, Depth::Names, listener).await
}

/// Compares two stores; how many objects there are when they are equal.
pub async fn compare_objects(
    from: &impl ObjectStore,
    to: &impl ObjectStore,
    depth: Depth,
    listener: Listener<'_>,
) -> Result<u64, MoveError> {
    let mut done = 0;
    for first in 0..=u8::MAX {
        let ours: BTreeSet<ObjectId> = from.branch(first).await?.into_iter().collect();
        let theirs: BTreeSet<ObjectId> = to.branch(first).await?.into_iter().collect();
        if let Some(id) = ours.symmetric_difference(&theirs).next() {
            let what = if ours.contains(id) {
                "missing in the destination"
            } else {
                "not in the source"
            };
            return Err(differs(*id, what));
        }
        for id in ours {
            if size(from, id).await? != size(to, id).await? {
                return Err(differs(id, "length"));
            }
            if depth == Depth::Content {
                read(from, id).await?;
                read(to, id).await?;
            }
            done += 1;
            listener(Progress {
                what: "objects",
                is_comparing: true,
                done,
            });
        }
    }
    Ok(done)
}

async fn size(store: &impl ObjectStore, id: ObjectId) -> Result<Option<u64>, MoveError> {
    store.size(id).await.map_err(|e| object(id, e))
}

async fn read(store: &impl ObjectStore, id: ObjectId) -> Result<(), MoveError> {
    let mut reader = store.open(id).await.map_err(|e| object(id, e))?;
    let read = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
    read.map(|_| ()).map_err(|e| object(id, e))
}

fn object(id: ObjectId, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> MoveError {
    MoveError::Object {
        id,
        source: source.into(),
    }
}

fn differs(id: ObjectId, what: &str) -> MoveError {
    MoveError::Differs(Difference {
        table: "objects".to_owned(),
        key: id.to_string(),
        what: what.to_owned(),
    })
}
