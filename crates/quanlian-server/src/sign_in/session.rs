//! Sessions: how long a sign-in holds.
//!
//! In:  when it began and was last used, how it was proven, the time.
//! Out: [`State`].
//!
//! Invariants: pure; a session ends at the latest when its longest time is over, however often it is used; a session that
//! begins or was used in the future (a clock that was set back) is not extended by that.
//!
//! Not here: the cookie (`secret`), the end of all sessions of an account (`quanlian-store`).

use quanlian_record::time::Timestamp;

/// How long sessions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Without use, in seconds.
    pub idle_s: u32,
    /// At all, in seconds.
    pub longest_s: u32,
    /// So long the password counts as just typed, for what changes the account itself, in seconds.
    pub fresh_s: u32,
    /// So long the second factor is waited for, in seconds.
    pub second_factor_s: u32,
}

impl Default for Rules {
    /// Half an hour without use, a working day at all, five minutes for what is delicate: chosen here, not taken from a
    /// standard.
    fn default() -> Self {
        Self {
            idle_s: 1_800,
            longest_s: 36_000,
            fresh_s: 300,
            second_factor_s: 300,
        }
    }
}

/// What is kept of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When the password was right.
    pub begun_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When the password or second factor was last proven.
    pub proven_at: Timestamp,
    /// Whether the account has a second factor that was not shown yet.
    pub waits_for_second_factor: bool,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Holds.
    Live {
        /// The password was typed just now.
        is_fresh: bool,
    },
    /// Holds for the second factor alone.
    WaitsForSecondFactor,
    /// Was not used for too long.
    Idle,
    /// Lasted too long.
    Ended,
}

impl Session {
    /// How it stands now.
    pub fn state(&self, rules: Rules, now: Timestamp) -> State {
        let is_over = |since: Timestamp, limit_s: u32| {
            let passed = now.unix_micros().saturating_sub(since.unix_micros());
            passed >= i64::from(limit_s) * 1_000_000
        };
        if is_over(self.begun_at, rules.longest_s) {
            return State::Ended;
        }
        if self.waits_for_second_factor {
            return if is_over(self.begun_at, rules.second_factor_s) {
                State::Ended
            } else {
                State::WaitsForSecondFactor
            };
        }
        if is_over(self.used_at, rules.idle_s) {
            return State::Idle;
        }
        State::Live {
            is_fresh: !is_over(self.proven_at, rules.fresh_s),
        }
    }
}
