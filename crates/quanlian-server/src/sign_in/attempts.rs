//! Attempts: how long somebody waits after wrong tries.
//!
//! In:  what is kept of an account or an address, the time.
//! Out: whether a try is taken now, and what is kept after it.
//!
//! A few tries are free; each further wrong one doubles the wait up to a bound. Nothing is locked for good, so that a
//! stranger who knows a name cannot keep its owner out for longer than the bound. The same account is counted by itself and
//! by the address that asks; both must be free.
//!
//! The numbers are chosen here, not taken from a standard.
//!
//! Invariants: pure; a clock that was set back shortens no wait and lengthens none beyond the bound.

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How tries are slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// So many wrong tries cost nothing.
    pub free: u32,
    /// The wait after the first one that does, in seconds.
    pub first_wait_s: u32,
    /// The longest wait, in seconds.
    pub longest_wait_s: u32,
    /// After so long without a try everything is forgotten, in seconds.
    pub forget_after_s: u32,
}

impl Rules {
    /// For one account: five free tries, then half a minute, up to a quarter of an hour.
    pub const ACCOUNT: Self = Self {
        free: 5,
        first_wait_s: 30,
        longest_wait_s: 900,
        forget_after_s: 86_400,
    };
    /// For one address, behind which a whole office may sit.
    pub const ADDRESS: Self = Self {
        free: 50,
        first_wait_s: 10,
        longest_wait_s: 900,
        forget_after_s: 3_600,
    };
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// Wrong tries since the last right one.
    pub wrong: u32,
    /// When the last wrong one was, in microseconds since 1970.
    pub last_wrong_us: i64,
}

impl Attempts {
    /// How many seconds to wait until a try is taken; zero when one is taken now.
    pub fn wait_s(&self, rules: Rules, now: Timestamp) -> u32 {
        let over = self.wrong.saturating_sub(rules.free);
        if over == 0 || self.is_forgotten(rules, now) {
            return 0;
        }
        let doubled = u64::from(rules.first_wait_s) << (over - 1).min(20);
        let wait = doubled.min(u64::from(rules.longest_wait_s));
        let since =
            u64::try_from(now.unix_micros().saturating_sub(self.last_wrong_us)).unwrap_or(0) / 1_000_000;
        wait.saturating_sub(since) as u32
    }

    /// After a wrong try.
    #[must_use]
    pub fn after_wrong(self, rules: Rules, now: Timestamp) -> Self {
        let before = if self.is_forgotten(rules, now) {
            0
        } else {
            self.wrong
        };
        Self {
            wrong: before.saturating_add(1),
            last_wrong_us: now.unix_micros(),
        }
    }

    /// After a right try.
    #[must_use]
    pub fn after_right(self) -> Self {
        Self::default()
    }

    fn is_forgotten(&self, rules: Rules, now: Timestamp) -> bool {
        let since = now.unix_micros().saturating_sub(self.last_wrong_us);
        since > i64::from(rules.forget_after_s) * 1_000_000
    }
}
