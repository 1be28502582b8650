//! Reading BER: what authorities really send.
//!
//! In:  bytes from outside.
//! Out: [`Value`]s that point into them, so that what was signed is verified as it came.
//!
//! Lenient where the encoding alone is loose: indefinite and padded lengths, strings in
//! pieces, SETs in any order, negative and long integers. Never lenient about the end:
//! a value must fill what it claims.
//!
//! Invariant: bounded. Depth by [`MAX_DEPTH`]; time by that depth times the bytes; no
//! memory is reserved for a length that is only claimed.
//!
//! Not here: what the values mean (`token`, `certificate`); writing (`der`).

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::error::{ParseError, Problem};

/// The deepest nesting that is followed; a time-stamp token with its chain needs about 14.
pub const MAX_DEPTH: usize = 32;
/// The longest serial number or nonce, in bytes. RFC 5280 allows 20; some authorities do not keep to it.
pub const MAX_INTEGER_BYTES: usize = 128;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// The bit of a tag that says "made of other values".
pub(crate) const CONSTRUCTED: u8 = 0x20;

/// The tag `[n]` of a primitive value.
pub(crate) const fn context(n: u8) -> u8 {
    0x80 | n
}

/// The tag `[n]` of a value made of values.
pub(crate) const fn context_constructed(n: u8) -> u8 {
    0xa0 | n
}

/// One value, not yet interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    /// The identifier byte; tag numbers above 30 are refused.
    pub(crate) tag: u8,
    /// Tag, length and content, and the end mark of an indefinite length.
    pub(crate) raw: &'a [u8],
    /// The content alone.
    pub(crate) content: &'a [u8],
    depth: usize,
}

impl<'a> Value<'a> {
    /// The one value that `bytes` are.
    pub(crate) fn only(bytes: &'a [u8], what: &'static str) -> Result<Self, ParseError> {
        let mut values = Values::new(bytes, 0);
        let value = values.need(what)?;
        values.end(what)?;
        Ok(value)
    }

    /// The value at the front of `bytes`, which stand at `depth`.
    fn first(bytes: &'a [u8], depth: usize) -> Result<Self, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        let (&tag, rest) = bytes.split_first().ok_or(Problem::Truncated)?;
        if tag & 0x1f == 0x1f || tag == 0 {
            return Err(Problem::Tag);
        }
        let (&first, rest) = rest.split_first().ok_or(Problem::Truncated)?;
        let (content, behind) = match first {
            0x80 => {
                if tag & CONSTRUCTED == 0 {
                    return Err(Problem::Length);
                }
                let length = indefinite_length(rest, depth)?;
                (&rest[..length], &rest[length + 2..])
            }
            0..0x80 => take(rest, usize::from(first))?,
            0xff => return Err(Problem::Length),
            _ => {
                let (octets, rest) = take(rest, usize::from(first & 0x7f))?;
                let mut length = 0_usize;
                for &octet in octets {
                    length = length
                        .checked_mul(256)
                        .and_then(|length| length.checked_add(usize::from(octet)))
                        .ok_or(Problem::Truncated)?;
                }
                take(rest, length)?
            }
        };
        Ok(Self {
            tag,
            raw: &bytes[..bytes.len() - behind.len()],
            content,
            depth,
        })
    }

    /// The values inside this one.
    pub(crate) fn values(&self) -> Values<'a> {
        Values::new(self.content, self.depth + 1)
    }

    /// The values inside, when this is of the constructed kind `tag`.
    pub(crate) fn inside(&self, tag: u8, what: &'static str) -> Result<Values<'a>, ParseError> {
        self.kind(tag, what)?;
        Ok(self.values())
    }

    /// Makes sure of the kind of value.
    pub(crate) fn kind(&self, tag: u8, what: &'static str) -> Result<(), ParseError> {
        if self.tag == tag {
            Ok(())
        } else {
            Err(ParseError::new(what, Problem::Kind))
        }
    }

    /// The same value under another tag: what `[n] IMPLICIT` stands for.
    pub(crate) fn retagged(self, tag: u8) -> Self {
        Self { tag, ..self }
    }

    /// The one value inside `[n] EXPLICIT`.
    pub(crate) fn explicit(&self, what: &'static str) -> Result<Value<'a>, ParseError> {
        let mut values = self.values();
        let value = values.need(what)?;
        values.end(what)?;
        Ok(value)
    }

    /// The bytes of a string of kind `tag`, whole or in pieces.
    pub(crate) fn string(&self, tag: u8, what: &'static str) -> Result<Cow<'a, [u8]>, ParseError> {
        if self.tag == tag {
            return Ok(Cow::Borrowed(self.content));
        }
        self.kind(tag | CONSTRUCTED, what)?;
        let mut whole = Vec::new();
        self.pieces(&mut whole, what)?;
        Ok(Cow::Owned(whole))
    }

    /// Depth is bounded because each piece was read at its depth.
    fn pieces(&self, whole: &mut Vec<u8>, what: &'static str) -> Result<(), ParseError> {
        let mut values = self.values();
        while let Some(piece) = values.next(what)? {
            match piece.tag {
                OCTET_STRING => whole.extend_from_slice(piece.content),
                tag if tag == OCTET_STRING | CONSTRUCTED => piece.pieces(whole, what)?,
                _ => return Err(ParseError::new(what, Problem::Kind)),
            }
        }
        Ok(())
    }

    /// An OCTET STRING.
    pub(crate) fn octets(&self, what: &'static str) -> Result<Cow<'a, [u8]>, ParseError> {
        self.string(OCTET_STRING, what)
    }

    /// A BIT STRING of whole bytes.
    pub(crate) fn whole_bits(&self, what: &'static str) -> Result<&'a [u8], ParseError> {
        match self.bits(what)? {
            (bytes, 0) => Ok(bytes),
            _ => Err(ParseError::new(what, Problem::Value)),
        }
    }

    /// A BIT STRING and the number of bits of its last byte that do not count.
    pub(crate) fn bits(&self, what: &'static str) -> Result<(&'a [u8], u8), ParseError> {
        self.kind(BIT_STRING, what)?;
        match self.content.split_first() {
            Some((&unused, bytes)) if unused < 8 && (unused == 0 || !bytes.is_empty()) => Ok((bytes, unused)),
            _ => Err(ParseError::new(what, Problem::Value)),
        }
    }

    /// An INTEGER of any sign.
    pub(crate) fn integer(&self, what: &'static str) -> Result<Integer, ParseError> {
        self.kind(INTEGER, what)?;
        Integer::from_twos_complement(self.content).map_err(|problem| ParseError::new(what, problem))
    }

    /// An INTEGER that fits 64 bits and is not negative.
    pub(crate) fn number(&self, what: &'static str) -> Result<u64, ParseError> {
        let integer = self.integer(what)?;
        integer
            .to_u64()
            .ok_or_else(|| ParseError::new(what, Problem::Value))
    }

    /// A BOOLEAN; any non-zero byte is true.
    pub(crate) fn boolean(&self, what: &'static str) -> Result<bool, ParseError> {
        self.kind(BOOLEAN, what)?;
        match self.content {
            [byte] => Ok(*byte != 0),
            _ => Err(ParseError::new(what, Problem::Value)),
        }
    }

    /// An OBJECT IDENTIFIER.
    pub(crate) fn oid(&self, what: &'static str) -> Result<ObjectIdentifier, ParseError> {
        self.kind(OID, what)?;
        ObjectIdentifier::from_bytes(self.content).map_err(|_| ParseError::new(what, Problem::Value))
    }

    /// A `GeneralizedTime`, or a `UTCTime` of the years 1950 to 2049.
    pub(crate) fn time(&self, what: &'static str) -> Result<Timestamp, ParseError> {
        let time = match self.tag {
            GENERALIZED_TIME => read_time(self.content, 4),
            UTC_TIME => read_time(self.content, 2),
            _ => return Err(ParseError::new(what, Problem::Kind)),
        };
        time.ok_or_else(|| ParseError::new(what, Problem::Value))
    }
}

/// Length of the content of an indefinite value; `bytes` begin behind the length byte.
fn indefinite_length(bytes: &[u8], depth: usize) -> Result<usize, Problem> {
    let mut rest = bytes;
    while !rest.starts_with(&[0, 0]) {
        let value = Value::first(rest, depth + 1)?;
        rest = &rest[value.raw.len()..];
    }
    Ok(bytes.len() - rest.len())
}

fn take(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), Problem> {
    bytes.split_at_checked(length).ok_or(Problem::Truncated)
}

/// Values one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Values<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Values<'a> {
    fn new(rest: &'a [u8], depth: usize) -> Self {
        Self { rest, depth }
    }

    /// The next value, or none at the end.
    pub(crate) fn next(&mut self, what: &'static str) -> Result<Option<Value<'a>>, ParseError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let value = Value::first(self.rest, self.depth).map_err(|problem| ParseError::new(what, problem))?;
        self.rest = &self.rest[value.raw.len()..];
        Ok(Some(value))
    }

    /// The next value, which must be there.
    pub(crate) fn need(&mut self, what: &'static str) -> Result<Value<'a>, ParseError> {
        self.next(what)?
            .ok_or_else(|| ParseError::new(what, Problem::Missing))
    }

    /// The next value when it has one of these tags.
    pub(crate) fn optional(
        &mut self,
        tags: &[u8],
        what: &'static str,
    ) -> Result<Option<Value<'a>>, ParseError> {
        match self.rest.first() {
            Some(tag) if tags.contains(tag) => self.next(what),
            _ => Ok(None),
        }
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&self, what: &'static str) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(ParseError::new(what, Problem::Trailing))
        }
    }

    /// All that follow, at most `limit`.
    pub(crate) fn all(mut self, limit: usize, what: &'static str) -> Result<Vec<Value<'a>>, ParseError> {
        let mut values = Vec::new();
        while let Some(value) = self.next(what)? {
            if values.len() == limit {
                return Err(ParseError::new(what, Problem::TooMany));
            }
            values.push(value);
        }
        Ok(values)
    }
}

/// An INTEGER of any sign: a serial number or a nonce.
///
/// RFC 3161 and 5280 want positive numbers of at most 20 bytes; authorities have sent others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integer {
    /// Two's complement, big-endian, as short as it can be and never empty.
    bytes: Vec<u8>,
}

impl Integer {
    /// From two's complement, however padded.
    fn from_twos_complement(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.is_empty() {
            return Err(Problem::Value);
        }
        if bytes.len() > MAX_INTEGER_BYTES {
            return Err(Problem::TooLarge);
        }
        let mut rest = bytes;
        while let [first, second, ..] = rest {
            // A first byte that only repeats the sign of the second says nothing.
            let says_nothing = (*first == 0 && second & 0x80 == 0) || (*first == 0xff && second & 0x80 != 0);
            if !says_nothing {
                break;
            }
            rest = &rest[1..];
        }
        Ok(Self { bytes: rest.to_vec() })
    }

    /// From a number that is not negative, big-endian.
    pub fn from_unsigned(bytes: &[u8]) -> Result<Self, ParseError> {
        let padded: Vec<u8> = std::iter::once(0).chain(bytes.iter().copied()).collect();
        Self::from_twos_complement(&padded).map_err(|problem| ParseError::new("integer", problem))
    }

    /// The shortest two's complement, big-endian: the content of its DER encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn to_u64(&self) -> Option<u64> {
        self.to_unsigned().map(u64::from_be_bytes)
    }

    /// Big-endian in `N` bytes, when it is not negative and fits.
    pub(crate) fn to_unsigned<const N: usize>(&self) -> Option<[u8; N]> {
        let (&first, rest) = self.bytes.split_first()?;
        if first & 0x80 != 0 {
            return None;
        }
        let magnitude = if first == 0 { rest } else { &self.bytes };
        let mut out = [0; N];
        out[N.checked_sub(magnitude.len())?..].copy_from_slice(magnitude);
        Some(out)
    }
}

/// `0x1a2b`, or `-0x21` when negative, as OpenSSL prints serial numbers.
impl std::fmt::Display for Integer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let negative = self.bytes.first().is_some_and(|first| first & 0x80 != 0);
        let mut magnitude = self.bytes.clone();
        if negative {
            let mut carry = true;
            for byte in magnitude.iter_mut().rev() {
                let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
                (*byte, carry) = (sum, over);
            }
        }
        let digits = hex::encode(&magnitude);
        let digits = digits.trim_start_matches('0');
        let sign = if negative { "-" } else { "" };
        write!(f, "{sign}0x{}", if digits.is_empty() { "0" } else { digits })
    }
}

/// `YYYYMMDDhhmm[ss[.f…]]` or with two digits of the year, then `Z` or `±hhmm`. Digits beyond nanoseconds are dropped.
fn read_time(text: &[u8], year_digits: usize) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let zone_at = text.find(['Z', '+', '-'])?;
    let (local, zone) = text.split_at(zone_at);
    let (whole, fraction) = match local.find(['.', ',']) {
        Some(at) => (&local[..at], &local[at + 1..]),
        None => (local, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (fraction.is_empty() && whole.len() != local.len()) {
        return None;
    }
    let (year, rest) = whole.split_at_checked(year_digits)?;
    let mut year: i16 = year.parse().ok()?;
    if year_digits == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    // Without seconds a fraction would be one of minutes, which nobody sends.
    if rest.len() != 10 && (rest.len() != 8 || !fraction.is_empty()) {
        return None;
    }
    let pair = |at: usize| {
        rest.get(at..at + 2)
            .map_or(Some(0), |pair| pair.parse::<i8>().ok())
    };
    let (month, day, hour, minute, second) = (pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?);
    let nanos = format!("{fraction:0<9}").get(..9)?.parse::<i32>().ok()?;
    // A leap second is the first of the next minute on every clock that does not know leap seconds.
    let (second, leap) = if second == 60 { (59, 1) } else { (second, 0) };
    let civil = civil::DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    let instant = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let offset_seconds = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, offset) if offset.len() == 4 && digits(offset) => {
            let (hours, minutes): (i64, i64) = (offset[..2].parse().ok()?, offset[2..].parse().ok()?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if sign == "-" { -seconds } else { seconds }
        }
        _ => return None,
    };
    instant
        .checked_add(SignedDuration::from_secs(leap - offset_seconds))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tag: u8, text: &str) -> String {
        let mut bytes = vec![tag, u8::try_from(text.len()).unwrap()];
        bytes.extend_from_slice(text.as_bytes());
        let value = Value::only(&bytes, "time").unwrap();
        value
            .time("time")
            .map_or_else(|error| error.code().to_owned(), |time| time.to_string())
    }

    #[test]
    fn times_are_read_in_every_form_that_names_its_zone() {
        for (text, then) in [
            ("20261122085953Z", "2026-11-22T08:59:53Z"),
            ("20261122085953.5Z", "2026-11-22T08:59:53.5Z"),
            ("20261122085953,123456789123Z", "2026-11-22T08:59:53.123456789Z"),
            ("20261122165953+0800", "2026-11-22T08:59:53Z"),
            ("202611220859Z", "2026-11-22T08:59:00Z"),
            ("20161231235960Z", "2017-01-01T00:00:00Z"),
            ("20261122085953", "asn1_value"),
            ("20261122085953.Z", "asn1_value"),
            ("20261322085953Z", "asn1_value"),
            ("20260230085953Z", "asn1_value"),
            ("2026112208595Z", "asn1_value"),
            ("20261122085961Z", "asn1_value"),
            ("20261122085953+9900", "asn1_value"),
            ("-0261122085953Z", "asn1_value"),
            ("Z", "asn1_value"),
            ("", "asn1_value"),
        ] {
            assert_eq!(time(GENERALIZED_TIME, text), then, "{text}");
        }
        assert_eq!(time(UTC_TIME, "491231235959Z"), "2049-12-31T23:59:59Z");
        assert_eq!(time(UTC_TIME, "500101000000Z"), "1950-01-01T00:00:00Z");
    }

    #[test]
    fn integers_of_any_sign_and_padding_have_one_value_and_one_text() {
        for (bytes, text) in [
            (&[0x00][..], "0x0"),
            (&[0x00, 0x00, 0x7f], "0x7f"),
            (&[0x00, 0x80], "0x80"),
            (&[0xff], "-0x1"),
            (&[0xff, 0xff, 0x80], "-0x80"),
            (&[0xde, 0xad, 0xbe, 0xef], "-0x21524111"),
        ] {
            assert_eq!(Integer::from_twos_complement(bytes).unwrap().to_string(), text);
        }
        assert!(Integer::from_twos_complement(&[]).is_err());
        assert_eq!(Integer::from_twos_complement(&[1; 129]), Err(Problem::TooLarge));
        let largest = Integer::from_unsigned(&[0xff; 8]).unwrap();
        assert_eq!(largest.to_u64(), Some(u64::MAX));
        assert_eq!(
            Integer::from_unsigned(&[1, 0, 0, 0, 0, 0, 0, 0, 0])
                .unwrap()
                .to_u64(),
            None
        );
        assert_eq!(Integer::from_twos_complement(&[0xff]).unwrap().to_u64(), None);
    }

    #[test]
    fn loose_lengths_and_strings_in_pieces_are_read() {
        // OCTET STRING of indefinite length: "ab", then a nested piece "c".
        let bytes = [
            0x24, 0x80, 0x04, 0x81, 0x02, b'a', b'b', 0x24, 0x80, 0x04, 0x01, b'c', 0, 0, 0, 0,
        ];
        let value = Value::only(&bytes, "string").unwrap();
        assert_eq!(value.octets("string").unwrap().as_ref(), b"abc");
        // A length with leading zeros.
        let padded = [0x04, 0x84, 0, 0, 0, 1, 9];
        assert_eq!(Value::only(&padded, "string").unwrap().content, [9]);
    }

    #[test]
    fn what_claims_too_much_is_refused() {
        let refused = |bytes: &[u8]| Value::only(bytes, "x").unwrap_err().problem;
        assert_eq!(refused(&[]), Problem::Missing);
        assert_eq!(refused(&[0x04]), Problem::Truncated);
        assert_eq!(refused(&[0x04, 2, 0]), Problem::Truncated);
        assert_eq!(refused(&[0x04, 0xff]), Problem::Length);
        assert_eq!(refused(&[0x04, 0x80, 0, 0]), Problem::Length);
        assert_eq!(
            refused(&[0x04, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]),
            Problem::Truncated
        );
        assert_eq!(
            refused(&[0x04, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            Problem::Truncated
        );
        assert_eq!(refused(&[0x1f, 0x81, 0]), Problem::Tag);
        assert_eq!(refused(&[0x30, 0, 0]), Problem::Trailing);
        assert_eq!(refused(&[0x30, 0x80, 0x30, 0x80]), Problem::Truncated);
        let mut deep = [0x30, 0x80].repeat(MAX_DEPTH + 2);
        deep.extend([0_u8; 2].repeat(MAX_DEPTH + 2));
        assert_eq!(refused(&deep), Problem::TooDeep);
    }
}
