//! Canonical bytes: one JSON value, one byte string, on every machine (RFC 8785).
//!
//! In:  any serialisable value.
//! Out: the bytes that are hashed, signed and logged.
//!
//! Invariant: this is the only function in the product that turns a value into
//! bytes for hashing. Numbers follow RFC 8785, so an integer beyond 2^53 would
//! lose digits: such values are refused, and amounts that could get there are strings.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The largest integer that an IEEE 754 double, and so RFC 8785, holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// The value cannot be written as JSON at all (a map with keys that are not strings, say).
    #[error("value cannot be written as JSON")]
    NotJson(#[source] serde_json::Error),
    /// An integer that a JSON number cannot carry exactly; write it as a string.
    #[error("integer {0} is beyond 2^53 and would lose digits in JSON")]
    UnsafeInteger(String),
}

/// The RFC 8785 bytes of `value`.
///
/// ```
/// # use quanlian_record::canonical::to_bytes;
/// let value = serde_json::json!({"b": 1.0, "a": "道"});
/// assert_eq!(to_bytes(&value).unwrap(), r#"{"a":"道","b":1}"#.as_bytes());
/// ```
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(CanonicalError::NotJson)?;
    refuse_unsafe_integers(&value)?;
    serde_json_canonicalizer::to_vec(&value).map_err(CanonicalError::NotJson)
}

/// SHA-256 of the canonical bytes, in lower-case hex.
pub fn sha256_hex<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalError> {
    Ok(hex::encode(Sha256::digest(to_bytes(value)?)))
}

fn refuse_unsafe_integers(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Number(n) => {
            let magnitude = n.as_u64().or_else(|| n.as_i64().map(i64::unsigned_abs));
            // A float without a fraction is written like an integer and has to be read back as one.
            let float = n
                .as_f64()
                .filter(|f| magnitude.is_none() && f.fract() == 0.0 && f.abs() < 1e21);
            match magnitude.or(float.map(|f| f.abs() as u64)) {
                Some(m) if m > MAX_SAFE_INTEGER => Err(CanonicalError::UnsafeInteger(n.to_string())),
                _ => Ok(()),
            }
        }
        Value::Array(items) => items.iter().try_for_each(refuse_unsafe_integers),
        Value::Object(fields) => fields.values().try_for_each(refuse_unsafe_integers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(given: &str, then: &str) {
        let value: Value = serde_json::from_str(given).unwrap();
        assert_eq!(String::from_utf8(to_bytes(&value).unwrap()).unwrap(), then);
    }

    #[test]
    fn the_example_of_rfc_8785_section_3_2_2_holds() {
        check(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        );
    }

    #[test]
    fn keys_sort_by_utf16_units_as_rfc_8785_section_3_2_3_asks() {
        check(
            r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#,
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}",
        );
    }

    #[test]
    fn an_integer_that_would_lose_digits_is_refused() {
        let error = to_bytes(&serde_json::json!({ "fen": 9_007_199_254_740_993_u64 })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "integer 9007199254740993 is beyond 2^53 and would lose digits in JSON"
        );
    }

    #[test]
    fn a_float_that_is_written_like_an_unsafe_integer_is_refused_too() {
        assert!(to_bytes(&1e17).is_err());
        assert_eq!(to_bytes(&1e21).unwrap(), b"1e+21");
        assert_eq!(to_bytes(&-4_503_599_627_370_496.0).unwrap(), b"-4503599627370496");
    }

    proptest! {
        #[test]
        fn canonical_bytes_parse_back_to_the_same_value(
            keys in prop::collection::btree_map("\\PC{0,8}", -(1_i64 << 53) + 1..(1_i64 << 53), 0..12),
        ) {
            let bytes = to_bytes(&keys).unwrap();
            let back: std::collections::BTreeMap<String, i64> = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(&back, &keys);
            prop_assert_eq!(to_bytes(&back).unwrap(), bytes);
        }
    }
}
