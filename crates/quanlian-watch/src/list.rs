//! Lists of addresses: one a line.
//!
//! In:  the bytes of a text file.
//! Out: addresses, each once, and a line for each that is none.

use std::collections::BTreeSet;

use url::Url;

/// The largest list that is read.
pub const MAX_LIST_BYTES: u64 = 64 << 20;
/// The most addresses in one list.
pub const MAX_ADDRESSES: usize = 1_000_000;
/// The longest line shown in a problem.
const MAX_SHOWN_CHARS: usize = 80;

/// What a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The addresses, in the order of the list.
    pub addresses: Vec<Url>,
    /// Lines that are no address: their number, counted from 1, and why.
    pub problems: Vec<(usize, String)>,
}

/// Reads a list. Blank lines and those that begin with `#` say nothing.
pub fn read(bytes: &[u8]) -> List {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let mut list = List::default();
    let mut seen = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if list.addresses.len() + list.problems.len() >= MAX_ADDRESSES {
            list.problems
                .push((at + 1, format!("more than {MAX_ADDRESSES} lines; split the list")));
            break;
        }
        match Url::parse(line) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                if seen.insert(url.to_string()) {
                    list.addresses.push(url);
                }
            }
            _ => {
                let shown: String = line.chars().take(MAX_SHOWN_CHARS).collect();
                list.problems
                    .push((at + 1, format!("`{shown}` is no http or https address")));
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_come_once_and_what_is_none_is_named_with_its_line() {
        let list = read(
            "\u{feff}# works\nhttps://a.example/x\n\nftp://b/\nhttps://a.example/x\n  http://c.example \r\n"
                .as_bytes(),
        );
        let found: Vec<&str> = list.addresses.iter().map(Url::as_str).collect();
        assert_eq!(found, ["https://a.example/x", "http://c.example/"]);
        assert_eq!(
            list.problems,
            [(4, "`ftp://b/` is no http or https address".to_owned())]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_give_addresses_that_are_read_again(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "(https?://[ -~]{0,20}[\n ]){0,6}") {
            for bytes in [&bytes[..], text.as_bytes()] {
                let list = read(bytes);
                let lines: Vec<&str> = list.addresses.iter().map(Url::as_str).collect();
                let again = read(lines.join("\n").as_bytes());
                prop_assert_eq!(&again.addresses, &list.addresses);
                prop_assert!(again.problems.is_empty());
            }
        }
    }
}
