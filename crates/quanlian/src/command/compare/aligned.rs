//! Two excerpts beside each other: what is the same in both and what is not.
//!
//! In:  the texts of two files and a segment of both.
//! Out: the [`Passage`] of a text, or the [`Row`]s of lines of code.
//!
//! Invariant: the work is bounded by [`MAX_CHARS`] and [`MAX_LINES`] on either side; what is beyond is told as left out.
//!
//! Not here: how a page shows them (`page`), what counts as a match (`quanlian-match`).

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Characters of one segment that are shown.
const MAX_CHARS: usize = 2_000;
/// Lines of one segment that are shown.
pub(super) const MAX_LINES: usize = 400;
/// Characters before and after a segment that are shown around it.
const AROUND_CHARS: usize = 40;

/// Whether a piece stands on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Outside of the segment.
    Around,
    /// On both sides.
    Same,
    /// On this side alone.
    Other,
}

/// One side of a segment of text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) pieces: Vec<(Kind, String)>,
    /// Characters of the segment that are not shown.
    pub(super) left_out: usize,
}

impl Passage {
    fn push(&mut self, kind: Kind, chars: &[char]) {
        if !chars.is_empty() {
            self.pieces.push((kind, chars.iter().collect()));
        }
    }
}

/// A line of code with its number, counted from 1.
pub(super) type Line = (usize, String);

/// Lines that stand beside each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) work: Option<Line>,
    pub(super) suspect: Option<Line>,
    /// But for blanks at both ends.
    pub(super) same: bool,
}

/// The segment in the text of the work and in that of the suspect, as ranges of characters.
pub(super) fn passages(texts: [&[char]; 2], ranges: &[Range<usize>; 2]) -> [Passage; 2] {
    let whole = [
        within(&ranges[0], texts[0].len()),
        within(&ranges[1], texts[1].len()),
    ];
    let shown = whole
        .clone()
        .map(|range| range.start..range.end.min(range.start + MAX_CHARS));
    let sides = [&texts[0][shown[0].clone()], &texts[1][shown[1].clone()]];
    let mut out = [Passage::default(), Passage::default()];
    for (side, passage) in out.iter_mut().enumerate() {
        let before = shown[side].start.saturating_sub(AROUND_CHARS)..shown[side].start;
        passage.push(Kind::Around, &texts[side][before]);
    }
    for op in capture_diff_slices(Algorithm::Myers, sides[0], sides[1]) {
        let kind = if matches!(op, DiffOp::Equal { .. }) {
            Kind::Same
        } else {
            Kind::Other
        };
        out[0].push(kind, &sides[0][op.old_range()]);
        out[1].push(kind, &sides[1][op.new_range()]);
    }
    for (side, passage) in out.iter_mut().enumerate() {
        passage.left_out = whole[side].len() - shown[side].len();
        if passage.left_out == 0 {
            let end = shown[side].end;
            passage.push(
                Kind::Around,
                &texts[side][end..texts[side].len().min(end + AROUND_CHARS)],
            );
        }
    }
    out
}

/// The lines of a segment beside each other, lines that agree in one row, and how many of either side are left out.
pub(super) fn rows(texts: [&[&str]; 2], ranges: &[Range<usize>; 2]) -> (Vec<Row>, [usize; 2]) {
    // Lines count from 1.
    let from_zero = |range: &Range<usize>| range.start.saturating_sub(1)..range.end.saturating_sub(1);
    let whole = [
        within(&from_zero(&ranges[0]), texts[0].len()),
        within(&from_zero(&ranges[1]), texts[1].len()),
    ];
    let shown = whole
        .clone()
        .map(|range| range.start..range.end.min(range.start + MAX_LINES));
    let trimmed = |side: usize| -> Vec<&str> {
        texts[side][shown[side].clone()]
            .iter()
            .map(|line| line.trim())
            .collect()
    };
    let line = |side: usize, index: usize| {
        let number = shown[side].start + index;
        (number + 1, texts[side][number].to_owned())
    };
    let mut rows = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &trimmed(0), &trimmed(1)) {
        let (mut work, mut suspect) = (op.old_range(), op.new_range());
        let same = matches!(op, DiffOp::Equal { .. });
        loop {
            let pair = (work.next(), suspect.next());
            if pair == (None, None) {
                break;
            }
            rows.push(Row {
                work: pair.0.map(|index| line(0, index)),
                suspect: pair.1.map(|index| line(1, index)),
                same,
            });
        }
    }
    let left_out = [0, 1].map(|side| whole[side].len() - shown[side].len());
    (rows, left_out)
}

/// A range cut to what is there.
fn within(range: &Range<usize>, length: usize) -> Range<usize> {
    let start = range.start.min(length);
    start..range.end.clamp(start, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_in_a_passage_is_told_from_what_was_not() {
        let texts =
            ["前文春江潮水连海平后文", "别的春江湖水连海平"].map(|text| text.chars().collect::<Vec<_>>());
        let [work, suspect] = passages([&texts[0], &texts[1]], &[2..9, 2..9]);
        let shown = |passage: &Passage| {
            let piece = |(kind, text): &(Kind, String)| match kind {
                Kind::Around => format!("({text})"),
                Kind::Same => text.clone(),
                Kind::Other => format!("[{text}]"),
            };
            passage.pieces.iter().map(piece).collect::<String>()
        };
        assert_eq!(shown(&work), "(前文)春江[潮]水连海平(后文)");
        assert_eq!(shown(&suspect), "(别的)春江[湖]水连海平");
    }

    #[test]
    fn lines_that_agree_stand_in_one_row_whatever_their_indentation() {
        let work = ["module m;", "  assign a = b;", "endmodule"];
        let suspect = ["// x", "assign a = b;", "wire c;", "endmodule"];
        let (rows, left_out) = rows([&work, &suspect], &[2..4, 2..5]);
        let shown: Vec<(Option<usize>, Option<usize>, bool)> = (rows.iter())
            .map(|row| {
                let number = |line: &Option<Line>| line.as_ref().map(|line| line.0);
                (number(&row.work), number(&row.suspect), row.same)
            })
            .collect();
        let expected = [
            (Some(2), Some(2), true),
            (None, Some(3), false),
            (Some(3), Some(4), true),
        ];
        assert_eq!((shown.as_slice(), left_out), (expected.as_slice(), [0, 0]));
    }

    #[test]
    fn long_segments_are_cut_and_ranges_beyond_the_end_are_empty() {
        let long: Vec<char> = "x".repeat(MAX_CHARS + 7).chars().collect();
        let [work, suspect] = passages([&long, &[]], &[0..long.len(), 5..9]);
        assert_eq!((work.left_out, suspect.left_out, suspect.pieces.len()), (7, 0, 0));
        let lines = vec!["y"; MAX_LINES + 3];
        let (shown, left_out) = rows([&lines, &lines], &[1..MAX_LINES + 4, 9_999..10_000]);
        assert_eq!((shown.len(), left_out), (MAX_LINES, [3, 0]));
    }
}
