//! Lock records of a log outside its folder: where the newest head stands that was ever signed.
//!
//! In:  an address ([`LockAddress`]), the origin of the log, secrets from the environment.
//! Out: a [`LockRecord`] of `quanlian-tlog`, and the home of a log that keeps its record there ([`take_home`]).
//!
//! | address | record | compare and swap by |
//! |---|---|---|
//! | `file` | `log.head` in the data folder | a locked file (`quanlian-tlog`) |
//! | `sqlite:PATH` | a row for each log | one statement (`quanlian-tlog`) |
//! | `postgres://USER@HOST/DATABASE` | a row for each log ([`PostgresLockRecord`]) | one statement |
//! | `s3://BUCKET/PREFIX` | an object for each log ([`S3LockRecord`]) | `If-Match`, `If-None-Match` |
//!
//! Invariants:
//! - A swap answers `Ok` only when the record is known to be the next one. When the answer of the server is lost, the
//!   record is read again, and what that does not decide is [`LockFault::Undetermined`].
//! - No secret stands in an address, in what the folder remembers, or in an error.
//!
//! Not here: what a record says and whether it is the newest; the log compares it with what its key has signed.

mod address;
mod postgres;
mod s3;

use std::{thread, time::Duration};

use quanlian_tlog::{
    lock_record::{LockFault, LockPlace, LockRecord, SqliteLockRecord},
    store::{LogHome, StoreError},
};

pub use address::{LockAddress, LockAddressError, PostgresAddress, S3Address};
pub use postgres::PostgresLockRecord;
pub use s3::S3LockRecord;

pub use crate::bucket::S3Key;

/// How long one request to a server may take, unless said otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest record that is read. A checkpoint has some hundred bytes.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// How often a swap is begun whose answer was lost.
const ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; twice as long before the third. Not at all for what is lost by plan.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 250 });

/// What opens the servers. Never printed.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The password of the PostgreSQL user; else `PGPASSWORD` or `~/.pgpass`.
    pub password: Option<String>,
    /// The key to the bucket; else what the environment says (`AWS_ACCESS_KEY_ID` and so on).
    pub s3: Option<S3Key>,
}

/// Gives a log the lock record at `named`, or else where its folder says that it is.
///
/// Another place than the folder remembers is refused before anything is asked of it.
pub fn take_home(
    home: LogHome,
    named: Option<&LockAddress>,
    origin: &str,
    secrets: &Secrets,
) -> Result<LogHome, StoreError> {
    let remembered;
    let address = if let Some(named) = named {
        named
    } else {
        remembered = LockAddress::of(home.remembered_place())?;
        &remembered
    };
    if *address == LockAddress::File {
        home.with_lock_file()
    } else {
        home.with_lock_record(address.place(), || address.open(origin, secrets))
    }
}

impl LockAddress {
    /// Opens the record of the log `origin`, to be written.
    /// The file of a data folder cannot be opened without it.
    pub fn open(&self, origin: &str, secrets: &Secrets) -> Result<Box<dyn LockRecord>, StoreError> {
        Ok(match self {
            Self::File => {
                let source = "the file of a data folder is opened with the folder";
                return Err(refused("file", LockFault::Refused, source));
            }
            Self::Sqlite(path) => Box::new(SqliteLockRecord::open(path, origin)?),
            Self::Postgres(address) => Box::new(PostgresLockRecord::open(
                address,
                origin,
                secrets.password.as_deref(),
                REQUEST_TIMEOUT,
            )?),
            Self::S3(address) => Box::new(S3LockRecord::open(
                address,
                origin,
                secrets.s3.as_ref(),
                REQUEST_TIMEOUT,
            )?),
        })
    }

    /// Opens the record of the log `origin` to look at it; nothing is made that is not there.
    pub fn open_to_read(&self, origin: &str, secrets: &Secrets) -> Result<Box<dyn LockRecord>, StoreError> {
        match self {
            Self::Sqlite(path) => {
                // Opening would make the file.
                std::fs::metadata(path)
                    .map_err(|source| refused(&path.display().to_string(), LockFault::Refused, source))?;
                self.open(origin, secrets)
            }
            Self::Postgres(address) => Ok(Box::new(PostgresLockRecord::open_to_read(
                address,
                origin,
                secrets.password.as_deref(),
                REQUEST_TIMEOUT,
            )?)),
            Self::S3(address) => Ok(Box::new(S3LockRecord::open_to_read(
                address,
                origin,
                secrets.s3.as_ref(),
                REQUEST_TIMEOUT,
            )?)),
            Self::File => self.open(origin, secrets),
        }
    }

    /// What a log's folder remembers of this address.
    ///
    /// # Panics
    /// For the path of an SQLite database that [`Self::parse`] refuses.
    pub fn place(&self) -> LockPlace {
        LockPlace::new(&self.name(), &self.to_string())
            .expect("an address is one line within the limit of a place")
    }

    /// The address that a log's folder remembers.
    pub fn of(place: &LockPlace) -> Result<Self, StoreError> {
        Self::parse(place.address()).map_err(|source| refused(place.name(), LockFault::Refused, source))
    }
}

fn refused(
    place: &str,
    fault: LockFault,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::LockRecord {
        place: place.to_owned(),
        fault,
        source: source.into(),
    }
}

/// Why one attempt to swap gave no answer.
struct Failure {
    error: StoreError,
    /// Nothing was written, and nothing will be.
    is_certain: bool,
}

/// A place on a server, asked once.
trait Place {
    /// The name for errors.
    fn name(&self) -> &str;
    fn load_once(&self) -> Result<Option<Vec<u8>>, StoreError>;
    /// `true` when the record was `expected` and is `next` now, `false` when it was another.
    fn swap_once(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<bool, Failure>;
}

/// Swaps, and finds out what became of a swap whose answer was lost.
///
/// To swap again is harmless even when the lost request arrives late: the record never comes back to `expected` once it
/// has left it, so at most one of the two finds it there. Whoever writes the same `next` has signed the same tree.
fn swap_and_settle(place: &dyn Place, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
    let mut lost: Option<StoreError> = None;
    for attempt in 1..=ATTEMPTS {
        let error = match place.swap_once(expected, next) {
            Ok(true) => return Ok(()),
            Ok(false) if lost.is_none() => return Err(StoreError::LockRecordMoved),
            // Somebody was there before: an earlier attempt of ours, or another writer.
            Ok(false) => match place.load_once() {
                Ok(found) if found.as_deref() == Some(next) => return Ok(()),
                Ok(_) => return Err(StoreError::LockRecordMoved),
                Err(error) => error,
            },
            Err(failure) if failure.is_certain && lost.is_none() => return Err(failure.error),
            Err(failure) => failure.error,
        };
        lost = Some(error);
        thread::sleep(PAUSE * attempt);
        match place.load_once() {
            Ok(found) if found.as_deref() == Some(next) => return Ok(()),
            Ok(found) if found.as_deref() == expected => {}
            Ok(_) => return Err(StoreError::LockRecordMoved),
            Err(error) => lost = Some(error),
        }
    }
    let source = lost.unwrap_or(StoreError::LockRecordMoved);
    Err(refused(place.name(), LockFault::Undetermined, source))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    /// What happens to one request.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Answered,
        LostBefore,
        LostAfter,
        Impossible,
    }

    /// A record on a server that fails by plan, and another writer who comes in at some request.
    struct Planned {
        fates: Vec<Fate>,
        other_comes_at: usize,
        state: RefCell<(usize, Vec<Vec<u8>>)>,
    }

    impl Planned {
        fn next_fate(&self) -> Fate {
            let mut state = self.state.borrow_mut();
            if state.0 == self.other_comes_at {
                state.1.push(b"theirs".to_vec());
            }
            state.0 += 1;
            self.fates.get(state.0 - 1).copied().unwrap_or(Fate::Answered)
        }

        fn failure(is_certain: bool) -> Failure {
            Failure {
                error: refused("planned", LockFault::Unreachable, "planned"),
                is_certain,
            }
        }
    }

    impl Place for Planned {
        fn name(&self) -> &'static str {
            "planned"
        }

        fn load_once(&self) -> Result<Option<Vec<u8>>, StoreError> {
            match self.next_fate() {
                Fate::Answered => Ok(self.state.borrow().1.last().cloned()),
                _ => Err(Self::failure(false).error),
            }
        }

        fn swap_once(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<bool, Failure> {
            let fate = self.next_fate();
            let mut state = self.state.borrow_mut();
            let is_expected = state.1.last().map(Vec::as_slice) == expected;
            match fate {
                Fate::Impossible => return Err(Self::failure(true)),
                Fate::LostBefore => return Err(Self::failure(false)),
                _ if is_expected => state.1.push(next.to_vec()),
                _ => {}
            }
            match fate {
                Fate::LostAfter => Err(Self::failure(false)),
                _ => Ok(is_expected),
            }
        }
    }

    fn fates() -> impl Strategy<Value = Vec<Fate>> {
        let fate = prop_oneof![
            Just(Fate::Answered),
            Just(Fate::LostBefore),
            Just(Fate::LostAfter),
            Just(Fate::Impossible)
        ];
        proptest::collection::vec(fate, 0..7)
    }

    proptest! {
        #[test]
        fn whatever_is_lost_the_answer_is_true_or_says_that_it_is_not_known(
            fates in fates(),
            other_comes_at in 0_usize..9,
        ) {
            let place = Planned {
                fates: fates.clone(),
                other_comes_at,
                state: RefCell::new((0, vec![b"old".to_vec()])),
            };
            let answer = swap_and_settle(&place, Some(b"old"), b"ours");
            let (_, history) = place.state.into_inner();
            let ours = history.iter().filter(|record| *record == b"ours").count();
            prop_assert!(ours <= 1, "swapped twice: {history:?}");
            match answer {
                Ok(()) => prop_assert_eq!(ours, 1),
                Err(StoreError::LockRecordMoved) => prop_assert!(history.last().unwrap() == b"theirs"),
                Err(error) => {
                    let is_open = error.code() == "log_lock_undetermined";
                    prop_assert!(is_open || (error.code() == "log_lock_unreachable" && ours == 0));
                    prop_assert!(!fates.is_empty(), "nothing was lost");
                }
            }
        }
    }
}
