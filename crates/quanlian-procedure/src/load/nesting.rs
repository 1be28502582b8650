//! A look at TOML before a parser sees it: how deeply does it nest?
//!
//! In:  the text. Out: the first line that nests more deeply than allowed.
//!
//! Why: a parser that recurses a level at a time can be made to overflow the stack, and dotted keys nest without any
//! bracket. Strings and comments are passed over on one line; in a string of several lines brackets are counted,
//! which can only refuse too much, never too little.

/// The first line (counted from 1) on which brackets are open more than `limit` deep, or dots are too many.
pub(super) fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let mut quote = None;
        let mut escaped = false;
        let mut dots = 0_usize;
        for byte in line.bytes() {
            match quote {
                Some(_) if escaped => escaped = false,
                Some(b'"') if byte == b'\\' => escaped = true,
                Some(open) if byte == open => quote = None,
                Some(_) => {}
                None => match byte {
                    b'#' => break,
                    b'"' | b'\'' => quote = Some(byte),
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    b'.' => dots += 1,
                    _ => {}
                },
            }
            if depth > limit || dots > limit {
                return Some(number + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn brackets_and_dots_are_counted_and_strings_are_not() {
        assert_eq!(too_deep("a = [[[1]]]", 3), None);
        assert_eq!(too_deep("x = 1\na = [[[[1]]]]", 3), Some(2));
        assert_eq!(too_deep("a = \"[[[[\" # [[[[", 3), None);
        assert_eq!(too_deep("a = \"\\\"[[[[\"", 3), None);
        assert_eq!(too_deep("a = [\n[\n[\n[", 3), Some(4));
        assert_eq!(too_deep("a.b.c.d.e = 1", 3), Some(1));
    }
}
