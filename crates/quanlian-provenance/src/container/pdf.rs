//! PDF: packets of XMP and the entry `AIGC` of the information dictionary, found by searching.
//!
//! In:  a PDF file.
//! Out: what stands there unpacked and unencrypted, as nearly all writers leave it so that others may find it.
//!
//! Invariant: objects in packed or encrypted streams are not read, and a file that has such is read *partly*.
//!
//! Not here: the structure of the document. A label in an object that a later revision replaced is found too.

use std::io;

use crate::{
    claim::{Encoding, Kind, Place, ProblemCode},
    findings::Findings,
    source::Source,
    text,
};

use super::{MAX_TEXT_BYTES, scan};

/// The entry of the information dictionary.
const ENTRY: &[u8] = b"/AIGC";
/// Entries of one file that are read.
const MAX_ENTRIES: usize = 64;
/// Signs of parts that are not read: streams of objects, encryption.
const UNREAD: [(&[u8], &str); 2] = [(b"/ObjStm", "object streams"), (b"/Encrypt", "encryption")];

pub(super) fn read(source: &mut Source<'_>, findings: &mut Findings) -> io::Result<()> {
    scan::xmp_packets(source, findings, "pdf")?;
    let mut from = 0;
    for _ in 0..MAX_ENTRIES {
        let Some(at) = scan::find(source, from, ENTRY, findings, "pdf")? else {
            break;
        };
        from = at + ENTRY.len() as u64;
        let bytes = source.bytes(from, MAX_TEXT_BYTES + 64)?;
        let bytes = bytes.trim_ascii_start();
        let string = match bytes.first() {
            Some(b'(') => literal(&bytes[1..]),
            Some(b'<') if bytes.get(1) != Some(&b'<') => hexadecimal(&bytes[1..]),
            // The name of something else, or a reference to an object elsewhere.
            Some(b) if b.is_ascii_digit() => {
                let place = Place::new("pdf", "AIGC", at);
                findings.unread(ProblemCode::NotReadHere, place, "indirect object");
                continue;
            }
            _ => continue,
        };
        let place = Place::new("pdf/Info", "AIGC", at);
        match string {
            Some(string) => {
                let (decoded, encoding) = if string.starts_with(b"\xfe\xff") {
                    (text::decode_utf16(&string), Encoding::Utf16)
                } else {
                    text::decode(&string)
                };
                findings.text(Kind::Tag, place, &decoded, string.len() as u64, encoding);
            }
            None => findings.unread(ProblemCode::Malformed, place, "string"),
        }
    }
    for (sign, what) in UNREAD {
        if let Some(at) = scan::find(source, 0, sign, findings, "pdf")? {
            findings.unread(ProblemCode::NotReadHere, Place::new("pdf", "", at), what);
        }
    }
    Ok(())
}

/// A string in brackets: brackets nest, a backslash escapes. None when it does not end within the limit.
fn literal(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut depth = 1_usize;
    let mut rest = bytes.iter().copied().peekable();
    while out.len() < MAX_TEXT_BYTES {
        match rest.next()? {
            b'(' => {
                depth += 1;
                out.push(b'(');
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(out);
                }
                out.push(b')');
            }
            b'\\' => match rest.next()? {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'b' => out.push(8),
                b'f' => out.push(12),
                // An escaped end of line is no sign at all.
                b'\n' => {}
                b'\r' => {
                    rest.next_if_eq(&b'\n');
                }
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        if let Some(digit) = rest.next_if(|b| (b'0'..=b'7').contains(b)) {
                            value = value * 8 + u32::from(digit - b'0');
                        }
                    }
                    out.push(value as u8);
                }
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

/// A string of hexadecimal digits in angle brackets.
fn hexadecimal(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|b| *b == b'>')?;
    let mut digits = Vec::new();
    for byte in bytes[..end].iter().filter(|b| !b.is_ascii_whitespace()) {
        digits.push(char::from(*byte).to_digit(16)? as u8);
    }
    // A digit that is missing at the end counts as zero.
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_as_the_format_writes_them() {
        let check = |written: &[u8], read: Option<&[u8]>| {
            assert_eq!(literal(written).as_deref(), read);
        };
        check(br#"{"a":"(b)"}) rest"#, Some(br#"{"a":"(b)"}"#));
        check(
            br"a\)b\\\050\n\
c)",
            Some(b"a)b\\(\nc"),
        );
        check(b"no end", None);
        assert_eq!(hexadecimal(b"7B 7>").as_deref(), Some(&b"{p"[..]));
        assert_eq!(hexadecimal(b"zz>"), None);
    }
}
