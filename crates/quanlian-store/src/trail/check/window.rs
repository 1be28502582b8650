//! Neighbouring lines of a strand, to tell what was done to those that do not fit.
//!
//! In:  lines in the order of their numbers.
//! Out: findings that name lines, and those lines of which it cannot be told yet whether they were changed or others before
//!      them removed.
//!
//! A line fits when its digest is that of the line before and of its own record. Where some do not, the lines around them
//! are put into the order in which they do fit, as far as there is one: what then stands elsewhere was moved, what stands
//! nowhere was put in, and where the chain goes on only with a digest that nothing leads to, that line was changed.
//!
//! Invariant: memory is bounded by [`MAX_ROWS`] and [`MAX_BYTES`].

use std::collections::VecDeque;

use quanlian_record::id::{RecordId, StrandId};

use super::{Finding, What};
use crate::trail::{LineDigest, link};

/// So many fitting lines before and behind are looked at together with those that do not fit.
const CONTEXT: usize = 16;
/// No more lines are looked at together.
const MAX_ROWS: usize = 96;
/// No more bytes of records.
const MAX_BYTES: usize = 8 << 20;

/// A line with its record.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) record: RecordId,
    pub(super) digest: LineDigest,
    pub(super) canonical: String,
}

/// Some lines, one behind the other.
pub(super) struct Window {
    strand: StrandId,
    /// The digest before the first of `rows`.
    before: LineDigest,
    rows: VecDeque<Row>,
    bytes: usize,
    /// The last of `rows` that did not fit, counted from the end: `None` when all do.
    quiet: Option<usize>,
    /// What was found and is certain.
    pub(super) findings: Vec<Finding>,
    /// Lines that were changed, or before which others are gone without leaving a gap.
    pub(super) unsure: Vec<Finding>,
    /// The numbers of lines that were put in.
    pub(super) inserted: Vec<u64>,
}

impl Window {
    pub(super) fn new(strand: StrandId, before: LineDigest) -> Self {
        Self {
            strand,
            before,
            rows: VecDeque::new(),
            bytes: 0,
            quiet: None,
            findings: Vec::new(),
            unsure: Vec::new(),
            inserted: Vec::new(),
        }
    }

    /// The digest of the last line.
    pub(super) fn last(&self) -> LineDigest {
        self.rows.back().map_or(self.before, |row| row.digest)
    }

    /// Whether every line that was looked at fits, or it was found out why not.
    pub(super) fn is_settled(&self) -> bool {
        self.quiet.is_none()
    }

    /// Whether nothing waits to be told.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet.is_none() && self.unsure.is_empty()
    }

    /// The next line.
    pub(super) fn push(&mut self, row: Row) {
        let fits = link(&self.last(), row.canonical.as_bytes()) == row.digest;
        self.bytes += row.canonical.len();
        self.rows.push_back(row);
        self.quiet = match (fits, self.quiet) {
            (false, _) => Some(0),
            (true, quiet) => quiet.map(|quiet| quiet + 1),
        };
        let is_full = self.rows.len() >= MAX_ROWS || self.bytes >= MAX_BYTES;
        if self.quiet.is_some_and(|quiet| quiet >= CONTEXT) || (is_full && self.quiet.is_some()) {
            self.settle();
        }
        while self.quiet.is_none() && (self.rows.len() > CONTEXT || self.bytes >= MAX_BYTES) {
            self.forget_first();
        }
    }

    /// Tells what was found so far, and goes on behind a line whose predecessor is not known.
    pub(super) fn begin_again(&mut self, before: LineDigest) {
        self.settle();
        self.rows.clear();
        self.bytes = 0;
        self.before = before;
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.rows.pop_front() {
            self.bytes -= first.canonical.len();
            self.before = first.digest;
        }
    }

    /// Looks for the order in which the lines fit.
    pub(super) fn settle(&mut self) {
        if self.quiet.take().is_none() {
            return;
        }
        let leads = |from: &LineDigest, row: &Row| link(from, row.canonical.as_bytes()) == row.digest;
        let mut left: Vec<usize> = (0..self.rows.len()).collect();
        let (mut order, mut changed) = (Vec::new(), Vec::new());
        let mut at = self.before;
        while !left.is_empty() {
            let fitting: Vec<usize> = left
                .iter()
                .copied()
                .filter(|&row| leads(&at, &self.rows[row]))
                .collect();
            // Of two that fit, the one from which it goes on: the other was put in with a digest computed for it.
            let goes_on = fitting.iter().copied().find(|&row| {
                let digest = self.rows[row].digest;
                left.iter()
                    .any(|&next| next != row && leads(&digest, &self.rows[next]))
            });
            let next = goes_on.or(fitting.first().copied()).unwrap_or_else(|| {
                // Nothing leads on: the next line was changed. Those that were passed over come last; they lead nowhere.
                let furthest = order.iter().max().copied();
                let next = left
                    .iter()
                    .copied()
                    .find(|&row| Some(row) > furthest)
                    .unwrap_or(left[0]);
                changed.push(next);
                next
            });
            left.retain(|&row| row != next);
            at = self.rows[next].digest;
            order.push(next);
        }
        self.tell(&order, &changed);
    }

    fn tell(&mut self, order: &[usize], changed: &[usize]) {
        // A line that was put in comes at the end of the order and fits nowhere; one that was moved fits elsewhere.
        let (mut inserted, mut moved, mut swapped) = (Vec::new(), Vec::new(), Vec::new());
        for (place, &row) in order.iter().enumerate() {
            let before = place
                .checked_sub(1)
                .map_or(self.before, |before| self.rows[order[before]].digest);
            let holds = |other: &Row| link(&before, other.canonical.as_bytes()) == self.rows[row].digest;
            let is_late = order[..place].iter().any(|&earlier| earlier > row);
            let is_early = order[place + 1..].iter().any(|&later| later < row);
            let fits = !changed.contains(&row);
            match (fits, is_late) {
                (false, true) => inserted.push(row),
                // The digests stand where they stood, and the record of this one stands beside another.
                (false, false) if self.rows.iter().any(holds) => swapped.push(row),
                (false, false) => self.unsure.push(self.finding(What::LineChanged, row)),
                (true, _) if is_late || is_early => moved.push(row),
                (true, _) => {}
            }
        }
        // Next to one that was put in everything stands one place further; that is no move.
        moved.retain(|&row| {
            let place = order.iter().position(|&at| at == row).unwrap_or(row);
            let others = |rows: &[usize]| {
                rows.iter()
                    .filter(|at| !inserted.contains(at))
                    .copied()
                    .collect::<Vec<_>>()
            };
            let (before, behind) = (others(&order[..place]), others(&order[place + 1..]));
            before.iter().any(|&at| at > row) || behind.iter().any(|&at| at < row)
        });
        for &row in &inserted {
            let finding = self.finding(What::LineInserted, row);
            self.inserted.extend(finding.number);
            self.findings.push(finding);
        }
        for rows in [moved, swapped] {
            if let (Some(&first), Some(&last)) = (rows.iter().min(), rows.iter().max()) {
                let finding = self.finding(What::LinesReordered, first);
                self.findings.push(finding.through(self.rows[last].number));
            }
        }
    }

    fn finding(&self, what: What, row: usize) -> Finding {
        let row = &self.rows[row];
        Finding::at(what, self.strand, row.number).record(Some(row.record))
    }
}

#[cfg(test)]
mod tests {
    use quanlian_record::id;

    use super::*;
    use crate::trail::Strand;

    fn rows(count: u64) -> (Strand, Vec<Row>) {
        let begin = Strand::begin(StrandId(uuid::Uuid::from_u128(7)));
        let mut head = begin;
        let at = "2024-04-01T00:00:00Z".parse().unwrap();
        let rows = (1..=count).map(|number| {
            let canonical = format!("{{\"n\":{number}}}");
            head = head.with(canonical.as_bytes());
            let mut random = [0; id::RANDOM_BYTES];
            random[9] = number as u8;
            Row {
                number,
                record: RecordId(id::from_parts(at, random)),
                digest: head.digest,
                canonical,
            }
        });
        (begin, rows.collect())
    }

    fn renumber(rows: &mut [Row]) {
        for (at, row) in rows.iter_mut().enumerate() {
            row.number = at as u64 + 1;
        }
    }

    /// What is found after `spoil`, as `what number` each; `?` before what is not certain.
    fn check(spoil: impl Fn(&mut Vec<Row>), then: &str) {
        for tail in [0, 3, 40] {
            let (begin, mut rows) = rows(60 + tail);
            spoil(&mut rows);
            let mut window = Window::new(begin.id, begin.digest);
            for row in rows {
                window.push(row);
            }
            window.settle();
            let told = |finding: &Finding| {
                let through = finding.through.map_or(String::new(), |last| format!("-{last}"));
                format!("{:?} {}{through}", finding.what, finding.number.unwrap())
            };
            let certain = window.findings.iter().map(told);
            let unsure = window.unsure.iter().map(|finding| format!("?{}", told(finding)));
            assert_eq!(
                certain.chain(unsure).collect::<Vec<_>>().join(", "),
                then,
                "{tail}"
            );
        }
    }

    #[test]
    fn lines_that_fit_are_no_finding() {
        check(|_| {}, "");
    }

    #[test]
    fn a_changed_record_is_named() {
        check(|rows| rows[29].canonical = "{}".into(), "?LineChanged 30");
        check(|rows| rows[0].canonical = "{}".into(), "?LineChanged 1");
        check(
            |rows| {
                rows[29].canonical = "{}".into();
                rows[31].canonical = "{}".into();
            },
            "?LineChanged 30, ?LineChanged 32",
        );
    }

    #[test]
    fn lines_that_changed_places_are_named() {
        // The records alone, and whole lines.
        check(
            |rows| {
                let (a, b) = (rows[29].canonical.clone(), rows[30].canonical.clone());
                (rows[29].canonical, rows[30].canonical) = (b, a);
            },
            "LinesReordered 30-31",
        );
        check(
            |rows| {
                rows.swap(29, 30);
                renumber(rows);
            },
            "LinesReordered 30-31",
        );
        check(
            |rows| {
                rows.swap(29, 33);
                renumber(rows);
            },
            "LinesReordered 30-34",
        );
    }

    #[test]
    fn a_line_that_was_put_in_is_named() {
        for digest in [None, Some([9; 32])] {
            check(
                |rows| {
                    let mut row = rows[0].clone();
                    row.canonical = "{\"forged\":1}".into();
                    row.digest = digest.unwrap_or_else(|| link(&rows[28].digest, row.canonical.as_bytes()));
                    rows.insert(29, row);
                    renumber(rows);
                },
                "LineInserted 30",
            );
        }
    }

    #[test]
    fn a_line_that_left_no_gap_shows_behind_it() {
        check(
            |rows| {
                rows.remove(29);
                renumber(rows);
            },
            "?LineChanged 30",
        );
    }
}
