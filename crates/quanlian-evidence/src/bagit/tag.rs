//! The texts of a bag: declaration, manifests, `bag-info.txt`, `fetch.txt`.
//!
//! In:  bytes from anybody.
//! Out: their lines, or the first line that is not one.
//!
//! Invariant: a path that comes out of here has no part `.` or `..`, no backslash and no
//! drive letter, and does not begin at a root or a home folder.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::{BagError, FETCH, INFO, digest::Algorithm};

/// What `bagit.txt` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    major: u32,
    minor: u32,
    encoding: TagEncoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagEncoding {
    Latin1,
    /// Big-endian unless a byte order mark says otherwise.
    Utf16,
    Known(&'static Encoding),
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number, from 1.
    pub line: usize,
    /// The path, decoded.
    pub path: String,
    /// The digest, lower-case hex.
    pub digest: String,
    /// Whether the path was written with `./` or an asterisk in front.
    pub is_odd: bool,
}

/// One line of `fetch.txt`. Nothing is ever fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Its number, from 1.
    pub line: usize,
    /// Where the file is said to be.
    pub url: String,
    /// The path, decoded.
    pub path: String,
}

impl Declaration {
    /// Reads `bagit.txt`, which is always UTF-8 without a byte order mark.
    ///
    /// ```
    /// # use quanlian_evidence::bagit::Declaration;
    /// let good = Declaration::parse(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    /// assert_eq!(good.unwrap().version(), "1.0");
    /// let spaced = Declaration::parse(b"BagIt-Version : 1.0\nTag-File-Character-Encoding : UTF-8\n");
    /// assert_eq!(spaced.unwrap_err().code(), "bag_declaration");
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, BagError> {
        let wrong = |why| Err(BagError::Declaration(why));
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return wrong("it begins with a byte order mark");
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return wrong("it is not UTF-8");
        };
        let [version, encoding] = lines(text)[..] else {
            return wrong("it does not have exactly two lines");
        };
        let Some(version) = version.strip_prefix("BagIt-Version: ") else {
            return wrong("its first line is not `BagIt-Version: M.N`");
        };
        let Some(encoding) = encoding.strip_prefix("Tag-File-Character-Encoding: ") else {
            return wrong("its second line is not `Tag-File-Character-Encoding: NAME`");
        };
        let number = |digits: &str| {
            let is_number =
                !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| digits.parse::<u32>().ok()).flatten()
        };
        let parts = version
            .split_once('.')
            .map(|(major, minor)| (number(major), number(minor)));
        let Some((Some(major), Some(minor))) = parts else {
            return wrong("the version is not two numbers");
        };
        if !matches!((major, minor), (0, 93..=97) | (1, 0)) {
            return Err(BagError::Version(version.to_owned()));
        }
        let encoding =
            TagEncoding::from_name(encoding).ok_or_else(|| BagError::UnknownEncoding(encoding.to_owned()))?;
        Ok(Self {
            major,
            minor,
            encoding,
        })
    }

    /// `major.minor`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// Whether the rules of RFC 8493 (1.0) count and not those of the drafts.
    pub fn is_strict(&self) -> bool {
        self.major >= 1
    }
}

impl TagEncoding {
    fn from_name(name: &str) -> Option<Self> {
        // The web takes Latin-1 for Windows-1252; a bag means what it says.
        Some(match name.to_ascii_uppercase().as_str() {
            "ISO-8859-1" | "US-ASCII" => Self::Latin1,
            "UTF-16" => Self::Utf16,
            _ => Self::Known(Encoding::for_label_no_replacement(name.as_bytes())?),
        })
    }
}

/// Bytes of a tag file as text, or none when they are none in the declared encoding.
pub fn decode(bytes: &[u8], declaration: &Declaration) -> Option<String> {
    let known = |encoding: &'static Encoding, bytes: &[u8]| {
        encoding
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(std::borrow::Cow::into_owned)
    };
    match declaration.encoding {
        TagEncoding::Latin1 => Some(encoding_rs::mem::decode_latin1(bytes).into_owned()),
        TagEncoding::Utf16 => match bytes {
            [0xff, 0xfe, rest @ ..] => known(UTF_16LE, rest),
            [0xfe, 0xff, rest @ ..] => known(UTF_16BE, rest),
            _ => known(UTF_16BE, bytes),
        },
        TagEncoding::Known(encoding) => known(encoding, bytes),
    }
}

/// Lines that end in LF, CR or CRLF; a last line may end in nothing.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        lines.push(&rest[..end]);
        let after = &rest[end..];
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix(['\r', '\n']))
            .unwrap_or(after);
    }
    lines
}

/// The lines of a manifest.
pub fn parse_manifest(
    file: &str,
    text: &str,
    algorithm: Algorithm,
    declaration: &Declaration,
) -> Result<Vec<Listed>, BagError> {
    let digits = algorithm.hex_digits();
    let mut listed = Vec::new();
    for (at, line) in lines(text).into_iter().enumerate() {
        let wrong = || BagError::Line {
            file: file.to_owned(),
            line: at + 1,
            wanted: "a digest of the right length, white space and a path",
        };
        let (digest, path) = line.split_at_checked(digits).ok_or_else(wrong)?;
        let trimmed = path.trim_start_matches([' ', '\t']);
        let is_digest = digest.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_digest || trimmed.len() == path.len() || trimmed.is_empty() {
            return Err(wrong());
        }
        let (path, is_odd) = plain_path(file, at + 1, trimmed, declaration)?;
        listed.push(Listed {
            line: at + 1,
            path,
            digest: digest.to_ascii_lowercase(),
            is_odd,
        });
    }
    Ok(listed)
}

/// The lines of `fetch.txt`: where, how long, which file.
pub fn parse_fetch(text: &str, declaration: &Declaration) -> Result<Vec<Fetch>, BagError> {
    let mut fetches = Vec::new();
    for (at, line) in lines(text).into_iter().enumerate() {
        let wrong = || BagError::Line {
            file: FETCH.to_owned(),
            line: at + 1,
            wanted: "an address, a length or `-`, and a path",
        };
        let (url, rest) = line.split_once([' ', '\t']).ok_or_else(wrong)?;
        let (length, path) = rest.trim_start().split_once([' ', '\t']).ok_or_else(wrong)?;
        let is_length = length == "-" || (!length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()));
        let path = path.trim_start_matches([' ', '\t']);
        if url.is_empty() || !is_length || path.is_empty() {
            return Err(wrong());
        }
        let (path, _) = plain_path(FETCH, at + 1, path, declaration)?;
        fetches.push(Fetch {
            line: at + 1,
            url: url.to_owned(),
            path,
        });
    }
    Ok(fetches)
}

/// Labels and values, in the order of the file.
pub type InfoElements = Vec<(String, String)>;

/// Labels and values of `bag-info.txt`, and the lines that are neither (none since version 1.0).
pub fn parse_info(text: &str, declaration: &Declaration) -> Result<(InfoElements, Vec<usize>), BagError> {
    let (mut elements, mut odd) = (InfoElements::new(), Vec::new());
    for (at, line) in lines(text).into_iter().enumerate() {
        if line.starts_with([' ', '\t']) && !elements.is_empty() {
            if let Some((_, value)) = elements.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let element = line.split_once(':').filter(|(label, value)| {
            let is_spaced = value.is_empty() || value.starts_with([' ', '\t']);
            let has_space_before = label.ends_with([' ', '\t']);
            !label.trim().is_empty() && (!declaration.is_strict() || (is_spaced && !has_space_before))
        });
        match element {
            Some((label, value)) => elements.push((label.trim().to_owned(), value.trim().to_owned())),
            None if declaration.is_strict() => {
                return Err(BagError::Line {
                    file: INFO.to_owned(),
                    line: at + 1,
                    wanted: "a label, a colon, a space and a value",
                });
            }
            None => odd.push(at + 1),
        }
    }
    Ok((elements, odd))
}

/// A path as its file is called, and whether it was spelt in a way that the standard does not know.
fn plain_path(
    file: &str,
    line: usize,
    text: &str,
    declaration: &Declaration,
) -> Result<(String, bool), BagError> {
    let bare = text.strip_prefix('*').unwrap_or(text);
    let bare = bare.strip_prefix("./").unwrap_or(bare);
    let path = decode_path(bare, declaration);
    let is_plain = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    let is_foreign =
        path.starts_with('~') || path.contains(['\\', '\0']) || path.as_bytes().get(1) == Some(&b':');
    if is_plain && !is_foreign {
        Ok((path, bare.len() != text.len()))
    } else {
        let (file, path) = (file.to_owned(), text.to_owned());
        Err(BagError::Path { file, line, path })
    }
}

/// Line breaks are written as `%0A` and `%0D`; since version 1.0 also the per cent sign itself.
fn decode_path(text: &str, declaration: &Declaration) -> String {
    let mut path = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        path.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).unwrap_or_default().to_ascii_uppercase();
        let sign = match code.as_str() {
            "0A" => Some('\n'),
            "0D" => Some('\r'),
            "25" if declaration.is_strict() => Some('%'),
            _ => None,
        };
        path.push(sign.unwrap_or('%'));
        rest = &rest[at + if sign.is_some() { 3 } else { 1 }..];
    }
    path + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn declared(version: &str) -> Declaration {
        let text = format!("BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n");
        Declaration::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_declaration_is_two_lines_and_nothing_else() {
        let code = |text: &str| Declaration::parse(text.as_bytes()).map_or_else(|e| e.code(), |_| "read");
        let encoding = "Tag-File-Character-Encoding: UTF-8";
        assert_eq!(code(&format!("BagIt-Version: 0.97\r\n{encoding}")), "read");
        assert_eq!(code(&format!("BagIt-Version: 1.0\r{encoding}\r")), "read");
        for text in [
            String::new(),
            "BagIt-Version: 1.0\n".to_owned(),
            format!("BagIt-Version: 1.0\n{encoding}\n\n"),
            format!("\u{feff}BagIt-Version: 1.0\n{encoding}\n"),
            format!("BagIt-Version: .97\n{encoding}\n"),
            format!("BagIt-Version: 1.0 \n{encoding}\n"),
            format!("BagIt-Version:1.0\n{encoding}\n"),
            format!("BagIt-Version: 00001.0\n{encoding}\n"),
        ] {
            assert_eq!(code(&text), "bag_declaration", "{text:?}");
        }
        assert_eq!(code(&format!("BagIt-Version: 2.0\n{encoding}\n")), "bag_version");
        assert_eq!(
            code("BagIt-Version: 1.0\nTag-File-Character-Encoding: klingon\n"),
            "bag_unknown_encoding"
        );
    }

    #[test]
    fn paths_are_decoded_as_their_version_says() {
        let path = |text: &str, version: &str| {
            let line = format!("{}  {text}\n", "0".repeat(32));
            parse_manifest("m", &line, Algorithm::Md5, &declared(version))
                .map(|listed| listed[0].path.clone())
        };
        assert_eq!(path("data/a%0Ab%0d%25%7E", "1.0").unwrap(), "data/a\nb\r%%7E");
        assert_eq!(path("data/a%25%7E%", "0.97").unwrap(), "data/a%25%7E%");
        assert_eq!(path("*./data/道.txt", "0.97").unwrap(), "data/道.txt");
        for text in [
            "../x",
            "/x",
            "data/../x",
            "data//x",
            "~/x",
            "C:/x",
            "a\\b",
            "data/%0A/./x",
            "data/",
        ] {
            assert_eq!(path(text, "1.0").unwrap_err().code(), "bag_path", "{text}");
        }
        for line in [
            "zz",
            &"0".repeat(32),
            &format!("{}data/x", "0".repeat(32)),
            &format!("{}  ", "0".repeat(32)),
        ] {
            let code = parse_manifest("m", line, Algorithm::Md5, &declared("1.0"))
                .unwrap_err()
                .code();
            assert_eq!(code, "bag_line", "{line}");
        }
    }

    #[test]
    fn tag_files_are_read_in_their_encoding() {
        let named = |name: &str| {
            let text = format!("BagIt-Version: 1.0\nTag-File-Character-Encoding: {name}\n");
            Declaration::parse(text.as_bytes()).unwrap()
        };
        assert_eq!(decode(b"\xb5\xc0", &named("GBK")).as_deref(), Some("道"));
        assert_eq!(decode(b"\xb5\xc0", &named("GB18030")).as_deref(), Some("道"));
        assert_eq!(decode(b"\xb5\xc0", &named("UTF-8")), None);
        assert_eq!(decode(b"\x80", &named("ISO-8859-1")).as_deref(), Some("\u{80}"));
        assert_eq!(decode(b"\xff\xfea\0", &named("UTF-16")).as_deref(), Some("a"));
        assert_eq!(decode(b"\xff\xfea", &named("UTF-16")), None);
    }

    #[test]
    fn information_has_labels_and_values() {
        let read = |text: &str, version: &str| parse_info(text, &declared(version));
        let (elements, odd) = read("A: 1\n  and more\nB : 2\nno colon\n", "0.97").unwrap();
        let texts: Vec<String> = elements
            .iter()
            .map(|(label, value)| format!("{label}={value}"))
            .collect();
        assert_eq!(texts, ["A=1 and more", "B=2"]);
        assert_eq!(odd, [4]);
        for text in ["B : 2\n", "no colon\n", "A:1\n"] {
            assert_eq!(read(text, "1.0").unwrap_err().code(), "bag_line", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
            if let Ok(declaration) = Declaration::parse(&bytes) {
                prop_assert!(declaration.is_strict() || declaration.version().starts_with("0."));
            }
            for version in ["0.97", "1.0"] {
                let declaration = declared(version);
                let _ = decode(&bytes, &declaration);
                let _ = parse_info(&text, &declaration);
                let lines = format!("{}  {text}\n", "a".repeat(64));
                for listed in parse_manifest("m", &lines, Algorithm::Sha256, &declaration).unwrap_or_default() {
                    prop_assert!(!listed.path.starts_with('/') && !listed.path.split('/').any(|part| part == ".."));
                }
                let _ = parse_fetch(&format!("http://x - {text}\n"), &declaration);
            }
        }
    }
}
