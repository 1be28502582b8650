//! JSON, just enough to read `cargo metadata` without a dependency.
//!
//! In:  a JSON text (RFC 8259).
//! Out: a [`Json`], or the byte at which the text stops making sense.
//!
//! Not here: writing JSON; numbers as numbers (nobody here counts with them).

use std::collections::BTreeMap;

/// Deeper nesting than this is refused; `cargo metadata` needs fewer than ten levels.
const MAX_DEPTH: usize = 64;

/// One JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// Where a text stops being JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at_byte: usize,
}

impl Json {
    pub(crate) fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader {
            bytes: text.as_bytes(),
            at: 0,
        };
        let value = reader.value(0)?;
        reader.skip_space();
        if reader.at == reader.bytes.len() {
            Ok(value)
        } else {
            Err(reader.wrong())
        }
    }

    /// The field of an object; `None` on anything else.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(key),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none on anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self) -> NotJson {
        NotJson { at_byte: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: &str) -> Result<(), NotJson> {
        if self.bytes[self.at..].starts_with(wanted.as_bytes()) {
            self.at += wanted.len();
            Ok(())
        } else {
            Err(self.wrong())
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        if depth > MAX_DEPTH {
            return Err(self.wrong());
        }
        self.skip_space();
        match self.peek().ok_or_else(|| self.wrong())? {
            b'n' => self.expect("null").map(|()| Json::Null),
            b't' => self.expect("true").map(|()| Json::Bool(true)),
            b'f' => self.expect("false").map(|()| Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            b'-' | b'0'..=b'9' => Ok(self.number()),
            _ => Err(self.wrong()),
        }
    }

    fn number(&mut self) -> Json {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned())
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.expect("[")?;
        let mut items = Vec::new();
        self.skip_space();
        if self.expect("]").is_ok() {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.expect("]").is_ok() {
                return Ok(Json::List(items));
            }
            self.expect(",")?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.expect("{")?;
        let mut fields = BTreeMap::new();
        self.skip_space();
        if self.expect("}").is_ok() {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            self.expect(":")?;
            let value = self.value(depth + 1)?;
            fields.insert(key, value);
            self.skip_space();
            if self.expect("}").is_ok() {
                return Ok(Json::Object(fields));
            }
            self.expect(",")?;
        }
    }

    fn string(&mut self) -> Result<String, NotJson> {
        self.expect("\"")?;
        let mut text = Vec::new();
        loop {
            let byte = self.peek().ok_or_else(|| self.wrong())?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(text).map_err(|_| self.wrong()),
                b'\\' => {
                    let letter = self.escape()?;
                    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..=0x1f => return Err(self.wrong()),
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let letter = self.peek().ok_or_else(|| self.wrong())?;
        self.at += 1;
        Ok(match letter {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(letter),
            b'u' => {
                let unit = self.hex4()?;
                if (0xd800..0xdc00).contains(&unit) {
                    self.expect("\\u")?;
                    let low = self.hex4()?.checked_sub(0xdc00).ok_or_else(|| self.wrong())?;
                    let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + low;
                    char::from_u32(scalar).ok_or_else(|| self.wrong())?
                } else {
                    char::from_u32(unit).ok_or_else(|| self.wrong())?
                }
            }
            _ => return Err(self.wrong()),
        })
    }

    fn hex4(&mut self) -> Result<u32, NotJson> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or_else(|| self.wrong())?;
        let mut unit = 0;
        for &digit in digits {
            unit = unit * 16 + char::from(digit).to_digit(16).ok_or_else(|| self.wrong())?;
        }
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let value = Json::parse(
            r#" {"a":[1,-2.5e3,true,null],"b":{"c":"全\u94fe \ud83d\ude00\n"}, "d":{}, "e":[]} "#,
        )
        .unwrap();
        assert_eq!(value.get("a").unwrap().items()[1], Json::Number("-2.5e3".into()));
        assert_eq!(value.get("a").unwrap().items()[2], Json::Bool(true));
        assert_eq!(
            value.get("b").and_then(|b| b.get("c")).and_then(Json::text),
            Some("全链 😀\n")
        );
    }

    #[test]
    fn what_is_not_json_names_the_byte() {
        for (text, at_byte) in [
            ("", 0),
            ("[1,", 3),
            ("[1] x", 4),
            ("{\"a\" 1}", 5),
            ("\"\\x\"", 3),
            ("\"a", 2),
        ] {
            assert_eq!(Json::parse(text), Err(NotJson { at_byte }), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(r#""\ud800\u0041""#).is_err());
    }
}
