//! Writing DER: one encoding for each value.
//!
//! In:  values.
//! Out: their bytes, as short as they can be, SETs sorted.
//!
//! Not here: reading, which is looser (`ber`).

use const_oid::ObjectIdentifier;
use jiff::{Timestamp, tz::TimeZone};

use crate::ber::{
    self, BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, Integer, OCTET_STRING, OID, SEQUENCE, SET,
    UTC_TIME, UTF8_STRING,
};

/// Tag, length, content.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 0x80) {
        out.push(short);
    } else {
        let octets = length.to_be_bytes();
        let significant = octets.iter().skip_while(|octet| **octet == 0).count();
        out.push(0x80 | significant as u8);
        out.extend_from_slice(&octets[octets.len() - significant..]);
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    value(SEQUENCE, &concat(parts))
}

/// A SET OF: its members in the order of their bytes.
pub(crate) fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    value(SET, &concat(&members))
}

/// `[n] EXPLICIT`, or the content of a constructed `[n] IMPLICIT`.
pub(crate) fn tagged(n: u8, inner: &[u8]) -> Vec<u8> {
    value(ber::context_constructed(n), inner)
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    value(OID, oid.as_bytes())
}

pub(crate) fn integer(integer: &Integer) -> Vec<u8> {
    value(INTEGER, integer.as_bytes())
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    value(INTEGER, &number_content(number))
}

/// The content of an INTEGER, for implicit tags.
pub(crate) fn number_content(number: u64) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let mut content: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    content
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    value(OCTET_STRING, bytes)
}

pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &concat(&[&[0], bytes]))
}

/// DER leaves out what is false by default, so only `true` is ever written.
pub(crate) fn yes() -> Vec<u8> {
    value(BOOLEAN, &[0xff])
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    value(UTF8_STRING, text.as_bytes())
}

/// A `GeneralizedTime` in UTC with as many digits behind the point as there are, and none when there are none.
pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    let whole = at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
    // `subsec_nanosecond` is negative before 1970, where no authority has ever been.
    let nanos = at.subsec_nanosecond().unsigned_abs();
    let fraction = format!(".{nanos:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    value(GENERALIZED_TIME, format!("{whole}{fraction}Z").as_bytes())
}

/// A time of a certificate: `UTCTime` until 2049, as RFC 5280 wants it, without fractions.
pub(crate) fn certificate_time(at: Timestamp) -> Vec<u8> {
    let at = at.to_zoned(TimeZone::UTC);
    if (1950..2050).contains(&at.year()) {
        value(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        value(
            GENERALIZED_TIME,
            at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes(),
        )
    }
}

pub(crate) fn concat<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    parts.iter().flat_map(AsRef::as_ref).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_as_short_as_they_can_be() {
        assert_eq!(value(OCTET_STRING, &[0; 127])[..2], [4, 127]);
        assert_eq!(value(OCTET_STRING, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(value(OCTET_STRING, &[0; 256])[..4], [4, 0x82, 1, 0]);
        assert_eq!(number(0), [2, 1, 0]);
        assert_eq!(number(127), [2, 1, 127]);
        assert_eq!(number(128), [2, 2, 0, 128]);
        assert_eq!(number(u64::MAX).len(), 11);
    }

    #[test]
    fn fractions_end_in_no_zero() {
        let time = |text: &str| {
            let bytes = generalized_time(text.parse().unwrap());
            String::from_utf8(bytes[2..].to_vec()).unwrap()
        };
        assert_eq!(time("2026-11-22T08:59:53Z"), "20261122085953Z");
        assert_eq!(time("2026-11-22T08:59:53.500Z"), "20261122085953.5Z");
        assert_eq!(time("2026-11-22T08:59:53.000001Z"), "20261122085953.000001Z");
    }

    #[test]
    fn members_of_a_set_are_sorted() {
        assert_eq!(set_of(vec![number(2), number(1)]), [0x31, 6, 2, 1, 1, 2, 1, 2]);
    }
}
