//! Sets of places, as ranges that do not overlap.
//!
//! In:  half-open ranges in any order.
//! Out: how many places they hold together.
//!
//! Invariant: after [`Ranges::unite`] the ranges are sorted and apart from each other.

/// Places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    ranges: Vec<(u64, u64)>,
}

impl Ranges {
    /// Adds a range; an empty or turned one holds nothing.
    pub(super) fn push(&mut self, start: u64, end: u64) {
        if start < end {
            self.ranges.push((start, end));
        }
    }

    /// Puts together what overlaps or touches.
    pub(super) fn unite(&mut self) {
        self.ranges.sort_unstable();
        let mut united: Vec<(u64, u64)> = Vec::with_capacity(self.ranges.len());
        for &(start, end) in &self.ranges {
            match united.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => united.push((start, end)),
            }
        }
        self.ranges = united;
    }

    /// Adds all places of another set.
    pub(super) fn join(&mut self, other: &Self) {
        self.ranges.extend_from_slice(&other.ranges);
        self.unite();
    }

    /// How many places there are.
    pub(super) fn length(&self) -> u64 {
        self.ranges.iter().map(|(start, end)| end - start).sum()
    }
}
