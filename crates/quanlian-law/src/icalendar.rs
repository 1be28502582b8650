//! Clocks as entries of a diary: iCalendar (RFC 5545).
//!
//! In:  clocks, a language, the instant of writing, and the name of the case.
//! Out: the text of an `.ics` file: one event for each clock that has a last day and still runs.
//!
//! Invariant: lines end with CRLF and have at most 75 octets; a line is never folded inside a
//! character; the id of an entry is the same whenever the same period is written again, so
//! that a diary replaces it.
//!
//! Not here: files (`quanlian`), when a period ends (`deadline`).

use quanlian_record::time::{Day, Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    deadline::{ClockResult, ClockState},
    text::Language,
};

/// Longest line in octets, without its CRLF (RFC 5545 §3.1).
const MAX_LINE_OCTETS: usize = 75;
/// Bytes of the digest that make up the id of an entry.
const UID_BYTES: usize = 16;

/// How the entries are written.
#[derive(Debug, Clone, Copy)]
pub struct Diary<'a> {
    /// Language of the entries.
    pub language: Language,
    /// When they are written; the writer reads no clock.
    pub written_at: Timestamp,
    /// Which case it is; part of the id of each entry and of its summary.
    pub case: Option<&'a str>,
}

/// The clocks that become entries: those with a last day that have not been kept or missed.
pub fn entries(clocks: &[ClockResult]) -> impl Iterator<Item = &ClockResult> {
    clocks.iter().filter(|clock| {
        let open = matches!(clock.state, ClockState::Running | ClockState::OverExtended);
        open && clock.ended.is_none() && clock.due_on.is_some()
    })
}

/// The text of an iCalendar file. RFC 5545 asks for at least one entry; look at [`entries`] first.
pub fn write(clocks: &[ClockResult], diary: &Diary<'_>) -> String {
    let mut page = Page(String::new());
    page.line("BEGIN", "VCALENDAR");
    page.line("VERSION", "2.0");
    page.line("PRODID", "-//quanlian//law deadlines//EN");
    page.line("CALSCALE", "GREGORIAN");
    for clock in entries(clocks) {
        page.entry(clock, diary);
    }
    page.line("END", "VCALENDAR");
    page.0
}

struct Page(String);

impl Page {
    fn entry(&mut self, clock: &ClockResult, diary: &Diary<'_>) {
        let Some(due_on) = clock.due_on else {
            return;
        };
        self.line("BEGIN", "VEVENT");
        self.line("UID", &uid(clock, diary.case));
        self.line("DTSTAMP", &instant(diary.written_at));
        match clock.due_at {
            Some(at) => self.line("DTSTART", &instant(at)),
            None => self.line("DTSTART;VALUE=DATE", &date(due_on)),
        }
        let summary = summary(clock, diary);
        self.line("SUMMARY", &escaped(&summary));
        self.line("DESCRIPTION", &escaped(&description(clock, diary.language)));
        self.line("CATEGORIES", &escaped(&clock.rule));
        // The person is not busy on that day; the entry only reminds.
        self.line("TRANSP", "TRANSPARENT");
        self.line("BEGIN", "VALARM");
        self.line("ACTION", "DISPLAY");
        self.line("TRIGGER", "-P1D");
        self.line("DESCRIPTION", &escaped(&summary));
        self.line("END", "VALARM");
        self.line("END", "VEVENT");
    }

    /// One content line, folded (RFC 5545 §3.1).
    fn line(&mut self, name: &str, value: &str) {
        let mut used = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if used + character.len_utf8() > MAX_LINE_OCTETS {
                self.0.push_str("\r\n ");
                used = 1;
            }
            self.0.push(character);
            used += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// The same for the same period of the same case, whatever its end is by now.
fn uid(clock: &ClockResult, case: Option<&str>) -> String {
    let started = clock.started.map(|moment| match moment {
        crate::deadline::Moment::Day(day) => day.to_string(),
        crate::deadline::Moment::At(at) => at.to_string(),
    });
    let mut hasher = Sha256::new();
    for part in [
        case.unwrap_or_default(),
        &clock.rule,
        &started.unwrap_or_default(),
    ] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    format!("{}@quanlian", hex::encode(&digest[..UID_BYTES]))
}

fn summary(clock: &ClockResult, diary: &Diary<'_>) -> String {
    let title = clock.title.get(diary.language);
    let actor = clock.actor.get(diary.language);
    match diary.case {
        Some(case) => format!("{case} · {title} · {actor}"),
        None => format!("{title} · {actor}"),
    }
}

fn description(clock: &ClockResult, language: Language) -> String {
    let mut lines = vec![clock.act.get(language), clock.text.get(language)];
    lines.extend(clock.problems.iter().map(|problem| problem.get(language)));
    lines.extend(clock.steps.iter().map(|step| step.get(language)));
    lines.push(clock.citation.get(language));
    lines.join("\n")
}

/// `20241220`
fn date(day: Day) -> String {
    day.strftime("%Y%m%d").to_string()
}

/// `20241220T013000Z`: UTC, cut to the second.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    let digits: String = seconds.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}Z", digits.trim_end_matches('Z'))
}

/// A text value (RFC 5545 §3.3.11). Control characters, which no text may have, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push_str("\\n"),
            c if c.is_control() && c != '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(name: &str, value: &str) -> String {
        let mut page = Page(String::new());
        page.line(name, value);
        page.0
    }

    #[test]
    fn a_long_line_is_folded_between_characters_and_never_longer_than_75_octets() {
        for (value, lines) in [
            ("x".repeat(67), 1),
            ("x".repeat(68), 2),
            ("期限届满".repeat(40), 7),
            ("a期".repeat(100), 6),
        ] {
            let text = folded("SUMMARY", &value);
            assert!(text.ends_with("\r\n"));
            let folded: Vec<&str> = text.trim_end_matches("\r\n").split("\r\n").collect();
            assert!(folded.iter().all(|line| line.len() <= MAX_LINE_OCTETS), "{text}");
            assert_eq!(folded.len(), lines, "{text}");
            assert_eq!(text.replace("\r\n ", ""), format!("SUMMARY:{value}\r\n"));
        }
    }

    #[test]
    fn separators_and_line_ends_are_escaped() {
        assert_eq!(
            escaped("a,b;c\\d\r\ne\nf\rg\u{7}h\ti"),
            "a\\,b\\;c\\\\d\\ne\\nf\\ng h\ti"
        );
    }

    #[test]
    fn instants_are_utc_and_whole_seconds() {
        let at: Timestamp = "2024-12-20T09:30:00.123456+08:00".parse().unwrap();
        assert_eq!(instant(at), "20241220T013000Z");
        assert_eq!(date("0999-01-02".parse().unwrap()), "09990102");
    }
}
