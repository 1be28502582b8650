//! A look at TOML before a parser sees it: how deeply does it nest?
//!
//! In:  the text. Out: the first line that nests more deeply than allowed.
//!
//! Why: a parser that recurses per level can be made to overflow the stack, and dotted
//! keys (`a.b.c`) nest without any bracket. Strings and comments are passed over.

/// Most dots outside strings on one line. Dotted keys nest one level a dot.
const MAX_DOTS_ON_A_LINE: usize = 64;

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes()
        .take(at)
        .fold(1, |line, byte| line + usize::from(byte == b'\n'))
}

/// What the scanner is inside of.
enum Inside {
    Plain,
    Comment,
    /// A string that ends with this quote; three of them when `long`.
    String {
        quote: u8,
        long: bool,
    },
}

/// The first line (counted from 1) on which brackets are open more than `limit` deep, or dots are too many.
pub(crate) fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut inside, mut line, mut depth, mut dots, mut at) = (Inside::Plain, 1, 0_usize, 0, 0);
    while let Some(&byte) = bytes.get(at) {
        let triple = |quote: u8| bytes[at..].starts_with(&[quote; 3]);
        if byte == b'\n' {
            line += 1;
            dots = 0;
        }
        match inside {
            Inside::Comment if byte == b'\n' => inside = Inside::Plain,
            Inside::String { quote: b'"', .. } if byte == b'\\' => at += 1,
            Inside::String { quote, long: true } if triple(quote) => {
                at += 2;
                inside = Inside::Plain;
            }
            Inside::String { quote, long: false } if byte == quote || byte == b'\n' => inside = Inside::Plain,
            Inside::Comment | Inside::String { .. } => {}
            Inside::Plain => match byte {
                b'#' => inside = Inside::Comment,
                b'"' | b'\'' => {
                    let long = triple(byte);
                    at += if long { 2 } else { 0 };
                    inside = Inside::String { quote: byte, long };
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'.' => dots += 1,
                _ => {}
            },
        }
        if depth > limit || dots > MAX_DOTS_ON_A_LINE {
            return Some(line);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, then: Option<usize>) {
        assert_eq!(too_deep(text, 4), then, "{text:.60}");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        check("a = \"[[[[[[\"\nb = '{{{{{{'\n# [[[[[[\nc = [[1]]", None);
        check("a = \"\"\"\n[[[[[[ \\\"\"\" [[\n\"\"\"", None);
        check("a = \"x\\\"[[[[[[\"", None);
    }

    #[test]
    fn deep_brackets_and_long_dotted_keys_are_found_on_their_line() {
        check("a = 1\nb = [[[[[1]]]]]", Some(2));
        check("a = 1\n\nb = [[\n[[\n[1]]]]]", Some(5));
        check(&format!("{}a = 1", "\"a\".".repeat(65)), Some(1));
    }
}
