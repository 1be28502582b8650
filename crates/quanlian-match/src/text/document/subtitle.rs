//! Subtitles: what is said, without when and how.
//!
//! In:  the text of a `SubRip` (srt) or Advanced `SubStation` (ass, ssa) file.
//! Out: the lines that a viewer reads, in the order of the file.
//!
//! Not here: subtitles inside films.

/// Format lines of an event list name so many fields at most.
const MAX_FIELDS: usize = 64;
/// Fields before the text, where no format line says otherwise.
const USUAL_FIELDS: usize = 9;

pub(super) fn looks_like_srt(start: &str) -> bool {
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next().is_some_and(is_number) && lines.next().is_some_and(is_time)
}

pub(super) fn looks_like_ass(start: &str) -> bool {
    start
        .lines()
        .next()
        .is_some_and(|line| line.trim().eq_ignore_ascii_case("[script info]"))
}

/// The lines of a `SubRip` file, without numbers, times and tags.
pub(super) fn text_of_srt(file: &str) -> String {
    let mut text = String::with_capacity(file.len());
    let mut lines = file.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let is_count = is_number(line) && lines.peek().is_some_and(|next| is_time(next));
        if is_count || is_time(line) || line.is_empty() {
            continue;
        }
        let tags = without(line, '<', '>', is_srt_tag);
        text.push_str(&without(&tags, '{', '}', |inside| inside.starts_with('\\')));
        text.push('\n');
    }
    text
}

/// The spoken lines of an Advanced `SubStation` file, without comments, styles and drawings.
pub(super) fn text_of_ass(file: &str) -> String {
    let mut text = String::new();
    let (mut in_events, mut fields) = (false, USUAL_FIELDS);
    for line in file.lines().map(str::trim) {
        if line.starts_with('[') && line.ends_with(']') {
            in_events = line.eq_ignore_ascii_case("[events]");
        } else if let (true, Some(names)) = (in_events, line.strip_prefix("Format:")) {
            fields = names.split(',').take(MAX_FIELDS).count() - 1;
        } else if let (true, Some(event)) = (in_events, line.strip_prefix("Dialogue:")) {
            // The text is the last field and may hold commas itself.
            let Some(spoken) = event.splitn(fields + 1, ',').nth(fields) else {
                continue;
            };
            if is_drawing(spoken) {
                continue;
            }
            let spoken = without(spoken, '{', '}', |_| true);
            let spoken = spoken
                .replace("\\N", "\n")
                .replace("\\n", "\n")
                .replace("\\h", " ");
            text.push_str(&spoken);
            text.push('\n');
        }
    }
    text
}

fn is_number(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

/// `00:00:01,000 --> 00:00:02,500`, with a full stop in the place of the comma or without hours.
fn is_time(line: &str) -> bool {
    let is_moment = |moment: &str| {
        moment.contains(':')
            && moment
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b':' | b',' | b'.'))
    };
    let Some((from, to)) = line.split_once("-->") else {
        return false;
    };
    is_moment(from.trim()) && to.split_whitespace().next().is_some_and(is_moment)
}

fn is_srt_tag(inside: &str) -> bool {
    let name = inside
        .trim_start_matches('/')
        .split_whitespace()
        .next()
        .unwrap_or("");
    matches!(name.to_ascii_lowercase().as_str(), "i" | "b" | "u" | "s" | "font")
}

/// Whether an override switches to vector drawing: what follows are numbers.
fn is_drawing(spoken: &str) -> bool {
    spoken.match_indices("\\p").any(|(at, _)| {
        let digit = spoken.as_bytes().get(at + 2);
        digit.is_some_and(|b| (b'1'..=b'9').contains(b))
    })
}

/// Leaves out what stands between two signs when `is_left_out` says so of it.
fn without(line: &str, open: char, close: char, is_left_out: impl Fn(&str) -> bool) -> String {
    let (mut kept, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((before, from)) = rest.split_once(open) {
        kept.push_str(before);
        match from.split_once(close) {
            Some((inside, after)) if is_left_out(inside) => rest = after,
            _ => {
                kept.push(open);
                rest = from;
            }
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_said_stays_and_when_and_how_go() {
        let srt = "1\n00:00:01,000 --> 00:00:02,500 X1:40\n<i>It was</i> {\\an8}the best\n\n2\n00:00:03.000 --> 00:00:04.000\n\
            1984\nof 2 < 3 > times\n";
        assert_eq!(text_of_srt(srt), "It was the best\n1984\nof 2 < 3 > times\n");
        let ass = "[Script Info]\nTitle: no\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n[Events]\n\
            Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
            Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,no\n\
            Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(1,2)}first, and\\Nsecond\n\
            Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9\n";
        assert_eq!(text_of_ass(ass), "first, and\nsecond\n");
    }

    proptest! {
        #[test]
        fn any_lines_are_read(file in "(\\[Events\\]\n|Format:|Dialogue:|,|\\{|\\}|<|>|i|\\\\p1|\\\\N|1\n|00:01 --> 00:02\n|x|\n)*") {
            prop_assert!(text_of_srt(&file).len() <= file.len() + 1);
            text_of_ass(&file);
        }
    }
}
