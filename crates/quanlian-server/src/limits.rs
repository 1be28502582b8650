//! Limits: how much of the server one address, one account and everybody together may take.
//!
//! In:  a request with its address, later its account.
//! Out: whether it is let in now, or how long to wait.
//!
//! Requests are counted by a bucket a key that fills up again evenly (the generic cell rate algorithm): one number a key says when the
//! bucket will be full.
//!
//! Invariants: memory is bounded ([`MAX_KEYS`]); time is that of the machine since its start, so that a clock that was set neither locks
//! anybody out nor lets anybody in; a network of IPv6 counts as one address, because one subscriber has all of it.
//!
//! Not here: wrong passwords (`sign_in::attempts`), who somebody is (`api::caller`), connections (`listening`).

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use quanlian_record::id::AccountId;
use quanlian_store::files::MAX_OPEN_UPLOADS;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many addresses or accounts are remembered; one that is not begins with a full bucket.
const MAX_KEYS: usize = 100_000;
/// Buckets that are full again are forgotten no more often than this, when there are many.
const SWEEP_EVERY_US: u64 = 1_000_000;
/// No cap is greater: what a semaphore takes.
const NO_CAP: usize = Semaphore::MAX_PERMITS;

/// How many requests are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Evenly, each second.
    pub per_s: u32,
    /// At once, after a rest.
    pub burst: u32,
}

/// How much is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of one address.
    pub address: Option<Rate>,
    /// Of one address, of what checks a password or a code.
    pub sign_in: Option<Rate>,
    /// Of one account.
    pub account: Option<Rate>,
    /// Requests that run at once.
    pub requests_in_flight: usize,
    /// Pieces of files that come in at once; they may be slow, so they are counted by themselves.
    pub pieces_in_flight: usize,
    /// Uploads on their way of one account, and
    pub open_uploads: u64,
    /// what they will be together.
    pub open_upload_bytes: u64,
    /// A piece comes at least as fast, after [`PIECE_GRACE`].
    pub piece_bytes_per_s: u64,
    /// Connections at once.
    pub connections: usize,
    /// So long a connection may take for the head of a request, and wait for the next one.
    pub head_time: Duration,
    /// So long what runs may go on when the program is asked to stop.
    pub stop_time: Duration,
}

/// So long a piece may be slower.
pub const PIECE_GRACE: Duration = Duration::from_secs(30);

impl Default for Limits {
    /// None but those that nobody can go without; an installation sets its own.
    fn default() -> Self {
        Self {
            address: None,
            sign_in: None,
            account: None,
            requests_in_flight: NO_CAP,
            pieces_in_flight: NO_CAP,
            open_uploads: MAX_OPEN_UPLOADS,
            open_upload_bytes: u64::MAX,
            piece_bytes_per_s: 0,
            connections: 4096,
            head_time: Duration::from_secs(15),
            stop_time: Duration::from_secs(45),
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Asked too often; so many seconds to wait.
    TooOften(u32),
    /// Too much runs at once.
    Busy,
}

/// What kind of request wants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Something else.
    Usual,
    /// To check a password or a code.
    SignIn,
    /// To send a piece of a file.
    Piece,
}

/// Who lets requests in.
#[derive(Debug)]
pub(crate) struct Gate {
    addresses: Buckets<IpAddr>,
    sign_ins: Buckets<IpAddr>,
    accounts: Buckets<AccountId>,
    running: Arc<Semaphore>,
    pieces: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn of(limits: &Limits) -> Self {
        let cap = |most: usize| most.clamp(1, NO_CAP);
        Self {
            addresses: Buckets::of(limits.address),
            sign_ins: Buckets::of(limits.sign_in),
            accounts: Buckets::of(limits.account),
            running: Arc::new(Semaphore::new(cap(limits.requests_in_flight))),
            pieces: Arc::new(Semaphore::new(cap(limits.pieces_in_flight))),
        }
    }

    /// Lets a request in; it counts as running until what is returned goes.
    pub(crate) fn enter(&self, address: IpAddr, wants: Wants) -> Result<OwnedSemaphorePermit, Refused> {
        let address = subscriber(address);
        self.addresses.take(address).map_err(Refused::TooOften)?;
        if wants == Wants::SignIn {
            self.sign_ins.take(address).map_err(Refused::TooOften)?;
        }
        let slots = if wants == Wants::Piece {
            &self.pieces
        } else {
            &self.running
        };
        Arc::clone(slots).try_acquire_owned().map_err(|_| Refused::Busy)
    }

    /// Counts a request of an account; how many seconds it has to wait instead.
    pub(crate) fn charge(&self, account: AccountId) -> Result<(), u32> {
        self.accounts.take(account)
    }
}

/// Whom an address stands for.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Debug)]
struct Buckets<K> {
    rate: Option<Rate>,
    begun: Instant,
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    /// When each bucket will be full again, in microseconds since the start.
    full_at: BTreeMap<K, u64>,
    swept_us: u64,
}

impl<K: Ord + Clone> Buckets<K> {
    fn of(rate: Option<Rate>) -> Self {
        Self {
            rate,
            begun: Instant::now(),
            kept: Mutex::new(Kept {
                full_at: BTreeMap::new(),
                swept_us: 0,
            }),
        }
    }

    fn take(&self, key: K) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        let now_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take(rate, key, now_us)
    }
}

impl<K: Ord + Clone> Kept<K> {
    fn take(&mut self, rate: Rate, key: K, now_us: u64) -> Result<(), u32> {
        let each_us = 1_000_000 / u64::from(rate.per_s.max(1));
        let whole_us = each_us * u64::from(rate.burst.max(1));
        let full_at = self.full_at.get(&key).copied().unwrap_or(0).max(now_us) + each_us;
        let over_us = (full_at - now_us).saturating_sub(whole_us);
        if over_us > 0 {
            return Err(u32::try_from(over_us.div_ceil(1_000_000)).unwrap_or(u32::MAX));
        }
        if self.full_at.len() >= MAX_KEYS && !self.full_at.contains_key(&key) {
            self.make_room(now_us);
        }
        self.full_at.insert(key, full_at);
        Ok(())
    }

    fn make_room(&mut self, now_us: u64) {
        if now_us - self.swept_us >= SWEEP_EVERY_US {
            self.full_at.retain(|_, full_at| *full_at > now_us);
            self.swept_us = now_us;
        }
        if self.full_at.len() >= MAX_KEYS {
            self.full_at.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_s: 10, burst: 3 };

    fn kept() -> Kept<u32> {
        Kept {
            full_at: BTreeMap::new(),
            swept_us: 0,
        }
    }

    #[test]
    fn a_burst_is_let_in_and_then_so_many_a_second() {
        let mut kept = kept();
        for _ in 0..3 {
            assert_eq!(kept.take(RATE, 1, 0), Ok(()));
        }
        assert_eq!(kept.take(RATE, 1, 0), Err(1));
        assert_eq!(kept.take(RATE, 2, 0), Ok(()), "another has a bucket of its own");
        assert_eq!(kept.take(RATE, 1, 99_999), Err(1));
        assert_eq!(kept.take(RATE, 1, 100_000), Ok(()));
        assert_eq!(kept.take(RATE, 1, 100_000), Err(1));
        // Whoever was refused has lost nothing by it; a long rest gives no more than the burst.
        let let_in = (0..100)
            .filter(|_| kept.take(RATE, 1, 60_000_000).is_ok())
            .count();
        assert_eq!(let_in, 3);
        let slow = Rate { per_s: 1, burst: 1 };
        assert_eq!(kept.take(slow, 9, 0), Ok(()));
        assert_eq!(kept.take(slow, 9, 0), Err(1));
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let mut kept = kept();
        for key in 0..150_000_u32 {
            assert_eq!(kept.take(RATE, key, u64::from(key)), Ok(()));
        }
        assert!(kept.full_at.len() <= MAX_KEYS);
        kept.take(RATE, 7, 10_000_000).unwrap();
        assert_eq!(kept.full_at.len(), 1, "those that are full again are forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
