//! Web pages: what a reader sees of them.
//!
//! In:  HTML or XHTML, well formed or not.
//! Out: its text, a line for each block; scripts, styles, templates and comments left out, character references replaced.
//!
//! Invariant: one pass without a tree, so that depth costs nothing.
//!
//! Not here: what a style sheet hides, what a script would write.

use html5gum::{Token, Tokenizer, naive_next_state};

use super::super::decode::TextError;
use super::push;

/// Elements whose content nobody reads as text.
const UNREAD: [&[u8]; 6] = [b"script", b"style", b"template", b"noscript", b"svg", b"math"];
/// Elements that stand within a line; all others end one.
const INLINE: [&[u8]; 27] = [
    b"a", b"abbr", b"b", b"bdi", b"bdo", b"cite", b"code", b"del", b"dfn", b"em", b"font", b"i", b"img",
    b"ins", b"kbd", b"mark", b"q", b"ruby", b"s", b"samp", b"small", b"span", b"strong", b"sub", b"sup",
    b"u", b"wbr",
];

/// Whether a text begins as a whole page does; a snippet does not.
pub(super) fn looks_so(start: &str) -> bool {
    let begins = |text: &str, with: &str| {
        (text.as_bytes().get(..with.len())).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()))
    };
    if begins(start, "<!doctype html") || begins(start, "<html") {
        return true;
    }
    // A declaration and comments may stand before.
    (begins(start, "<?xml") || begins(start, "<!--")) && {
        let start = start.to_ascii_lowercase();
        start.contains("<html") || start.contains("<!doctype html")
    }
}

/// The text of a page.
pub(super) fn text_of(page: &str) -> Result<String, TextError> {
    let mut tokenizer = Tokenizer::new(page);
    let mut text = String::new();
    // The element that is being left out, and how often it is open.
    let mut unread: Option<(Vec<u8>, u32)> = None;
    while let Some(Ok(token)) = tokenizer.next() {
        if let Token::StartTag(tag) = &token
            && !tag.self_closing
            && let Some(state) = naive_next_state(&tag.name)
        {
            // Without a tree the tokenizer must be told that a script holds no tags. In XHTML, of which books are made,
            // a script that closes itself holds nothing at all.
            tokenizer.set_state(state);
        }
        if let Some((name, depth)) = &mut unread {
            match token {
                Token::StartTag(tag) if *name == **tag.name && !tag.self_closing => *depth += 1,
                Token::EndTag(tag) if *name == **tag.name => *depth -= 1,
                _ => {}
            }
            if *depth == 0 {
                unread = None;
            }
            continue;
        }
        match token {
            Token::StartTag(tag) if UNREAD.contains(&&**tag.name) && !tag.self_closing => {
                unread = Some((tag.name.to_vec(), 1));
            }
            Token::StartTag(tag) if !INLINE.contains(&&**tag.name) => end_line(&mut text)?,
            Token::EndTag(tag) if !INLINE.contains(&&**tag.name) => end_line(&mut text)?,
            Token::String(piece) => push(&mut text, &String::from_utf8_lossy(&piece))?,
            _ => {}
        }
    }
    Ok(text)
}

fn end_line(text: &mut String) -> Result<(), TextError> {
    if text.ends_with('\n') || text.is_empty() {
        return Ok(());
    }
    push(text, "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_go_and_references_become_characters() {
        let page = "<!doctype html><html><head><title>T&amp;C</title><style>p{color:red}</style></head><body>\
            <script>if (a<b) document.write('<p>no</p>')</script><p>First&nbsp;&mdash;<b>bo</b>ld &#x4e2d;&#25991;</p>\
            <div>second<br/>third</div><!-- not this --></body></html>";
        assert_eq!(
            text_of(page).expect("text"),
            "T&C\nFirst\u{a0}—bold 中文\nsecond\nthird\n"
        );
    }

    #[test]
    fn a_picture_inside_a_page_is_left_out_and_what_follows_is_not() {
        let page = "<html><svg><text>no</text><svg/></svg>yes<script src='a'/><p>after</p>";
        assert_eq!(text_of(page).expect("text").trim(), "yes\nafter");
    }

    #[test]
    fn depth_costs_nothing() {
        let page = format!("<html>{}deep", "<div>".repeat(300_000));
        assert_eq!(text_of(&page).expect("text").trim(), "deep");
    }

    proptest! {
        #[test]
        fn any_text_is_read(page in r#"(<|>|/|!--|-->|script|style|p|&amp;|&#x|;|"|a b|[a-z一-三])*"#) {
            let _ = text_of(&page);
        }
    }
}
