//! A load on a sequencer, and what it measured.
//!
//! In:  how many entries of which size, and how many of them are on their way at a time.
//! Out: a [`LoadReport`]. Memory does not grow with the number of entries.

use std::{
    collections::VecDeque,
    thread,
    time::{Duration, Instant},
};

use crate::{
    log::LogError,
    sequencer::{Sequencer, Ticket},
};

/// Threads that submit; each keeps its share of the entries in flight.
const THREADS: u64 = 4;
/// Steps in which a power of two is divided when times are counted.
const STEPS: u32 = 32;

/// What is asked of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// How many entries.
    pub entries: u64,
    /// How many may wait for their answer at a time.
    pub in_flight: u64,
    /// Bytes of each.
    pub entry_bytes: usize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadReport {
    /// Entries that were acknowledged as durable.
    pub entries: u64,
    /// From the first submission to the last acknowledgement.
    pub took: Duration,
    /// Entries acknowledged in a second.
    pub entries_per_s: f64,
    /// Half of the entries were durable within this time after submission.
    pub p50: Duration,
    /// 99 of 100 were.
    pub p99: Duration,
}

impl Load {
    /// Submits the entries and waits until all are durable.
    pub fn run(&self, sequencer: &Sequencer) -> Result<LoadReport, LogError> {
        let threads = THREADS.min(self.in_flight).max(1);
        let begin = Instant::now();
        let times = thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|at| scope.spawn(move || self.share(sequencer, at, threads)))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Err(LogError::Poisoned)))
                .try_fold(Times::default(), |sum, times| {
                    Ok::<_, LogError>(sum.with(&times?))
                })
        })?;
        let took = begin.elapsed();
        Ok(LoadReport {
            entries: self.entries,
            took,
            entries_per_s: self.entries as f64 / took.as_secs_f64(),
            p50: times.quantile(0.5),
            p99: times.quantile(0.99),
        })
    }

    /// What thread `at` of `threads` submits.
    fn share(&self, sequencer: &Sequencer, at: u64, threads: u64) -> Result<Times, LogError> {
        let part = |whole: u64| whole / threads + u64::from(at < whole % threads);
        let window = part(self.in_flight).max(1) as usize;
        let mut times = Times::default();
        let mut waiting: VecDeque<(Ticket, Instant)> = VecDeque::with_capacity(window);
        let mut entry = vec![b'.'; self.entry_bytes];
        for number in 0..part(self.entries) {
            if waiting.len() == window {
                answer(&mut waiting, &mut times)?;
            }
            let distinct = (at << 56 | number).to_be_bytes();
            let shared = distinct.len().min(entry.len());
            entry[..shared].copy_from_slice(&distinct[8 - shared..]);
            let begin = Instant::now();
            waiting.push_back((sequencer.submit(&entry)?, begin));
        }
        while !waiting.is_empty() {
            answer(&mut waiting, &mut times)?;
        }
        Ok(times)
    }
}

/// Waits for the oldest, and takes all that became durable with it.
fn answer(waiting: &mut VecDeque<(Ticket, Instant)>, times: &mut Times) -> Result<(), LogError> {
    if let Some((ticket, begin)) = waiting.pop_front() {
        ticket.sequenced()?;
        let now = Instant::now();
        times.add(now.saturating_duration_since(begin));
        while let Some((_, begin)) = waiting.pop_front_if(|(ticket, _)| ticket.sequenced_already().is_some())
        {
            times.add(now.saturating_duration_since(begin));
        }
    }
    Ok(())
}

/// How often which time was seen, to within a thirty-second.
#[derive(Debug, Clone)]
struct Times(Vec<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(vec![0; (u64::BITS * STEPS) as usize])
    }
}

impl Times {
    fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        let power = nanos.ilog2();
        // The bits behind the highest, as many as a step has.
        let step = ((u128::from(nanos) * u128::from(STEPS)) >> power) as u32 - STEPS;
        self.0[(power * STEPS + step) as usize] += 1;
    }

    fn with(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
        self
    }

    /// The upper end of the step in which this share of all times is reached.
    fn quantile(&self, share: f64) -> Duration {
        let all: u64 = self.0.iter().sum();
        let wanted = ((all as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (at, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                let (power, step) = (at as u32 / STEPS, at as u32 % STEPS);
                let nanos = (u128::from(STEPS + step + 1) << power) / u128::from(STEPS);
                return Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_thirty_second() {
        let mut times = Times::default();
        assert_eq!(times.quantile(0.5), Duration::ZERO);
        for micros in 1..=1000 {
            times.add(Duration::from_micros(micros));
        }
        let near = |share: f64, micros: f64| {
            let found = times.quantile(share).as_secs_f64() * 1e6;
            assert!((micros..=micros * 1.04).contains(&found), "{share}: {found} µs");
        };
        near(0.5, 500.0);
        near(0.99, 990.0);
        near(1.0, 1000.0);
        times.add(Duration::from_secs(u64::MAX));
        times.add(Duration::ZERO);
    }
}
