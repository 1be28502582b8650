//! Pace: how long to wait before something is tried again.
//!
//! In:  how often it was tried, some randomness.
//! Out: a wait.
//!
//! Invariants: pure; waits grow up to half a day; a fifth more or less, so that what failed together does not come back together.

/// Waits after the first, second, … try, in seconds; the last one goes on.
const WAITS_S: [i64; 10] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];

/// Microseconds to wait after so many tries.
pub(super) fn wait_us(tries: u32, random: u32) -> i64 {
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = WAITS_S[place.min(WAITS_S.len() - 1)] * 1_000_000;
    // From four fifths to six fifths.
    wait / 5 * 4 + wait / 5 * 2 / 1000 * i64::from(random % 1001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_day_and_differ_by_a_fifth() {
        let spans: Vec<(i64, i64)> = (1..=12)
            .map(|tries| (wait_us(tries, 0), wait_us(tries, 1000)))
            .collect();
        assert_eq!(spans[0], (4_000_000, 6_000_000));
        assert_eq!(spans[11], (34_560_000_000, 51_840_000_000));
        assert_eq!(wait_us(0, 0), spans[0].0, "a try that nobody counted");
        assert_eq!(wait_us(u32::MAX, 1000), spans[11].1);
        for pair in spans.windows(2) {
            assert!(pair[0].0 <= pair[1].0);
        }
    }
}
