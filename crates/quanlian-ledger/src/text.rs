//! Bounds of what people type.

/// The longest name, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 500;
/// The longest remark or reason.
pub(crate) const MAX_REMARK_BYTES: usize = 4000;

/// Whether a text has something in it, is short enough, and shows on paper as it stands: no control signs, none that turn the
/// direction of writing.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && !text.trim().is_empty() && !text.chars().any(is_hidden)
}

/// The same with line ends, and it may be longer.
pub(crate) fn is_remark(text: &str) -> bool {
    text.len() <= MAX_REMARK_BYTES
        && !text.trim().is_empty()
        && !text
            .chars()
            .any(|sign| sign != '\n' && sign != '\t' && is_hidden(sign))
}

pub(crate) fn is_name_or_nothing(text: Option<&String>) -> bool {
    text.is_none_or(|text| is_name(text))
}

pub(crate) fn is_remark_or_nothing(text: Option<&String>) -> bool {
    text.is_none_or(|text| is_remark(text))
}

fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
