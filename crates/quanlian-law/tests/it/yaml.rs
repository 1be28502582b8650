//! The part of YAML that the table of law facts uses, read into JSON values.
//!
//! In:  the text of `law-facts.yaml`: blocks of mappings and lists, plain and quoted scalars,
//! scalars that go on in the next line. Out: a [`Value`].
//!
//! Not here: anchors, flow collections, block scalars; the reader stops the test when it meets one.

use serde_json::{Map, Value};

/// A line without its indentation.
struct Line<'a> {
    indent: usize,
    text: &'a str,
}

/// Reads the whole text.
pub(crate) fn parse(text: &str) -> Value {
    let lines: Vec<Line<'_>> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|line| Line {
            indent: line.len() - line.trim_start().len(),
            text: line.trim(),
        })
        .collect();
    let mut at = 0;
    let value = block(&lines, &mut at, 0);
    assert_eq!(at, lines.len(), "the reader stopped at `{}`", lines[at].text);
    value
}

fn block(lines: &[Line<'_>], at: &mut usize, indent: usize) -> Value {
    if lines[*at].text.starts_with("- ") {
        let mut items = Vec::new();
        while let Some(line) = lines.get(*at)
            && line.indent == indent
            && let Some(first) = line.text.strip_prefix("- ")
        {
            items.push(item(lines, at, indent + 2, first));
        }
        return Value::Array(items);
    }
    mapping(lines, at, indent, None)
}

/// What stands behind `- `: a mapping that begins on that line, or a scalar.
fn item(lines: &[Line<'_>], at: &mut usize, indent: usize, first: &str) -> Value {
    if key_and_rest(first).is_some() {
        return mapping(lines, at, indent, Some(first));
    }
    *at += 1;
    scalar(&continued(lines, at, indent - 2, first))
}

fn mapping(lines: &[Line<'_>], at: &mut usize, indent: usize, first: Option<&str>) -> Value {
    let mut map = Map::new();
    let mut first = first;
    while let Some(line) = lines.get(*at) {
        let text = match first.take() {
            Some(text) => text,
            None if line.indent == indent && !line.text.starts_with("- ") => line.text,
            None => break,
        };
        let (key, rest) = key_and_rest(text).unwrap_or_else(|| panic!("not a key: `{text}`"));
        *at += 1;
        let nested = lines.get(*at).filter(|next| {
            rest.is_empty()
                && (next.indent > indent || (next.indent == indent && next.text.starts_with("- ")))
        });
        let value = match nested {
            Some(next) => block(lines, at, next.indent),
            None => scalar(&continued(lines, at, indent, rest)),
        };
        map.insert(key.to_owned(), value);
    }
    Value::Object(map)
}

fn key_and_rest(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(['\'', '"']) {
        return None;
    }
    match text.split_once(": ") {
        Some((key, rest)) => Some((key, rest.trim())),
        None => text.strip_suffix(':').map(|key| (key, "")),
    }
}

/// A scalar with the lines that it goes on in, which stand deeper than its key.
fn continued(lines: &[Line<'_>], at: &mut usize, indent: usize, begun: &str) -> String {
    let mut whole = begun.to_owned();
    while let Some(next) = lines
        .get(*at)
        .filter(|next| !begun.is_empty() && next.indent > indent)
    {
        whole.push(' ');
        whole.push_str(next.text);
        *at += 1;
    }
    whole
}

fn scalar(text: &str) -> Value {
    assert!(
        !text.starts_with(['&', '*', '{', '[', '|', '>']),
        "not read: `{text}`"
    );
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match quoted {
        Some(text) => Value::String(text.replace("''", "'")),
        None => match text {
            "" | "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => Value::String(text.to_owned()),
            },
        },
    }
}

#[test]
fn nested_lists_and_long_texts_are_read() {
    let value = parse(
        "a:\n- id: x\n  note: 'one: two\n    three'\n  steps:\n  - low: 1.0\n    range:\n    - 30\n    - 40\n- id: y\n  to: null\nb: plain text\n  that goes on\nc: true\n",
    );
    let expected = serde_json::json!({
        "a": [{"id": "x", "note": "one: two three", "steps": [{"low": 1.0, "range": [30, 40]}]}, {"id": "y", "to": null}],
        "b": "plain text that goes on", "c": true,
    });
    assert_eq!(value, expected);
}
