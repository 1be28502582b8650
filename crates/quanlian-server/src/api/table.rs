//! Tables as CSV (RFC 4180), for spreadsheets.
//!
//! In:  lines of cells.
//! Out: UTF-8 with its mark, by which spreadsheets take it for UTF-8.
//!
//! Invariant: no cell is computed by whoever opens it: a text that a spreadsheet would take for a formula is marked as a text.

use serde_json::Value;

/// Lines, each an array of cells.
pub(super) fn csv(lines: &[Value]) -> String {
    let mut text = String::from("\u{feff}");
    for line in lines {
        let cells: Vec<String> = line.as_array().into_iter().flatten().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => return other.to_string(),
    };
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
