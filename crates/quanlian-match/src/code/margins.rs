//! Margins: comments that were copied along with the code beside them.
//!
//! In:  the lines of a passage on both sides.
//! Out: the same lines and those of equal comments directly before and behind, blank lines between them left aside.
//!
//! Comments add no bits: whoever copies may leave them out. But a leaked file begins with its head, and who looks at the
//! lines wants to see it.
//!
//! Invariant: no line is taken in that holds code, or a comment that the other side does not have in the same place.
//!
//! Not here: finding passages (`compare`).

use super::tokens::Tokens;

/// What stands on each line that is not blank.
#[derive(Debug, Clone, Default)]
pub(crate) struct Margins {
    /// In order: the line and the checksum of a comment; nothing for a line that holds code.
    lines: Vec<(u32, Option<u64>)>,
}

impl Margins {
    pub(crate) fn of(tokens: &Tokens) -> Self {
        let mut lines: Vec<(u32, Option<u64>)> = Vec::new();
        let mut comments = tokens.comments.iter().peekable();
        let mut codes = tokens.lines.iter().copied().peekable();
        loop {
            let (comment, code) = (comments.peek().map(|c| c.line), codes.peek().copied());
            let Some(line) = comment.into_iter().chain(code).min() else {
                break;
            };
            let mut sum = 0;
            while let Some(comment) = comments.next_if(|c| c.line <= line) {
                sum = u64::rotate_left(sum, 13) ^ u64::from(comment.hash);
            }
            let mut has_code = false;
            while codes.next_if(|&code| code <= line).is_some() {
                has_code = true;
            }
            lines.push((line, (!has_code).then_some(sum)));
        }
        Self { lines }
    }

    fn before(&self, line: u64) -> Option<(u64, u64)> {
        let behind = self.lines.partition_point(|&(at, _)| u64::from(at) < line);
        let (line, comment) = self.lines[behind.checked_sub(1)?];
        Some((u64::from(line), comment?))
    }

    fn from(&self, line: u64) -> Option<(u64, u64)> {
        let first = self.lines.partition_point(|&(at, _)| u64::from(at) < line);
        let &(line, comment) = self.lines.get(first)?;
        Some((u64::from(line), comment?))
    }
}

/// Takes in the comments around a passage that both sides have; ranges are half-open.
pub(crate) fn widen(of_suspect: &Margins, of_work: &Margins, suspect: &mut [u64; 2], work: &mut [u64; 2]) {
    while let (Some((a, said)), Some((b, also))) = (of_suspect.before(suspect[0]), of_work.before(work[0])) {
        if said != also {
            break;
        }
        (suspect[0], work[0]) = (a, b);
    }
    while let (Some((a, said)), Some((b, also))) = (of_suspect.from(suspect[1]), of_work.from(work[1])) {
        if said != also {
            break;
        }
        (suspect[1], work[1]) = (a + 1, b + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::Family;
    use super::super::lexer::lex;
    use super::*;

    fn widened(suspect: &str, work: &str, lines: [u64; 2]) -> ([u64; 2], [u64; 2]) {
        let of = |text| Margins::of(&lex(text, Family::C, usize::MAX).0);
        let (mut a, mut b) = (lines, lines);
        widen(&of(suspect), &of(work), &mut a, &mut b);
        (a, b)
    }

    #[test]
    fn equal_comments_belong_to_a_copy_and_others_do_not() {
        let work = "// head\n\n/* by me\n * all rights */\nint a;\n// foot\nint b;\n";
        assert_eq!(widened(work, work, [5, 6]), ([1, 7], [1, 7]));
        let other = "// hand\n\n/* by me\n * all rights */\nint a;\n// boot\nint b;\n";
        assert_eq!(widened(other, work, [5, 6]), ([3, 6], [3, 6]));
    }
}
