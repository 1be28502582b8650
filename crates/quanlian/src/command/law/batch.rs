//! `law assess --jsonl`: many fact sheets, one a line, and how their answers differ from an earlier run.
//!
//! In:  a file of fact sheets or the standard input; the lines of an earlier run.
//! Out: one answer a line, and a summary on stderr. A line that cannot be used gives an error object and the run
//! goes on; the exit code is then 2.
//!
//! Invariant: memory does not grow with the number of lines; each line is read, answered and forgotten.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use quanlian_law::{Assessment, Brief, FactSheet, MAX_SHEET_BYTES, RuleBook, SheetError};
use quanlian_record::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    cli::LawAssess,
    fault::{Blame, Fault, Outcome},
    output::Output,
};

/// Longest line of an earlier run: a whole answer is larger than its sheet.
const MAX_ANSWER_BYTES: usize = 16 * MAX_SHEET_BYTES;

/// One answer of the run.
#[derive(Serialize)]
struct Answered {
    /// The line of the input, counted from 1.
    line: u64,
    #[serde(flatten)]
    said: Said,
    /// The outcome of the earlier run, where it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Said {
    Brief(Brief),
    Full(Box<Assessment>),
    Fault { error: LineFault },
}

/// Why a line has no answer.
#[derive(Serialize)]
struct LineFault {
    code: &'static str,
    message: String,
}

/// What is counted over all lines.
#[derive(Default)]
struct Tally {
    lines: u64,
    faults: u64,
    outcomes: BTreeMap<String, u64>,
    /// From the outcome of the earlier run to that of this one.
    changed: BTreeMap<(String, String), u64>,
    /// Lines that the earlier run does not have.
    unmatched: u64,
}

/// Answers every line.
pub(super) fn run(book: &RuleBook, arguments: &LawAssess, output: &Output) -> Outcome {
    let today = Timestamp::now().legal_day();
    let mut earlier = arguments.compare.as_deref().map(Earlier::open).transpose()?;
    let mut sheets = Lines::new(open(&arguments.facts)?, MAX_SHEET_BYTES);
    let mut tally = Tally::default();
    let name = arguments.facts.display();
    while let Some((number, line)) = sheets
        .next()
        .with_context(|| format!("cannot read {name}"))
        .bad_input()?
    {
        if matches!(line, Content::Text(text) if text.trim().is_empty()) {
            continue;
        }
        let said = answer(book, arguments, today, &line);
        let outcome = word(&said);
        tally.lines += 1;
        match &outcome {
            Some(outcome) => *tally.outcomes.entry(outcome.clone()).or_default() += 1,
            None => tally.faults += 1,
        }
        let mut before = None;
        if let Some(earlier) = &mut earlier {
            match earlier.outcome_of(number)? {
                None => tally.unmatched += 1,
                Some(then) => {
                    let now = outcome.unwrap_or_else(|| FAULT.to_owned());
                    if then != now {
                        *tally.changed.entry((then.clone(), now)).or_default() += 1;
                        before = Some(then);
                    }
                }
            }
        }
        let answered = Answered {
            line: number,
            said,
            before,
        };
        output.line(&answered).system()?;
    }
    tally.tell(output, earlier.is_some());
    Ok(if tally.faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

/// What stands for the outcome of a line without an answer.
const FAULT: &str = "error";

fn answer(book: &RuleBook, arguments: &LawAssess, today: Day, line: &Content<'_>) -> Said {
    let fault = |code, message| Said::Fault {
        error: LineFault { code, message },
    };
    let refused = |error: &SheetError| fault(error.code(), error.to_string());
    let text = match line {
        Content::Text(text) => text,
        Content::TooLong => {
            let message =
                format!("the line has more than {MAX_SHEET_BYTES} bytes; write one fact sheet a line");
            return fault("law_sheet_too_large", message);
        }
        Content::NotUtf8 => {
            return fault(
                "law_sheet_not_utf8",
                "the line is not UTF-8; save the file as UTF-8".to_owned(),
            );
        }
    };
    let mut sheet = match FactSheet::from_json(text) {
        Ok(sheet) => sheet,
        Err(error) => return refused(&error),
    };
    sheet.judged_on = arguments.judged_on.or(sheet.judged_on);
    let said = if arguments.full {
        book.assess(&sheet, today)
            .map(|answer| Said::Full(Box::new(answer)))
    } else {
        book.assess_brief(&sheet, today).map(Said::Brief)
    };
    said.unwrap_or_else(|error| refused(&error))
}

/// The outcome as the answer writes it; none for a fault.
fn word(said: &Said) -> Option<String> {
    let outcome = match said {
        Said::Brief(brief) => brief.outcome,
        Said::Full(answer) => answer.outcome,
        Said::Fault { .. } => return None,
    };
    let word = serde_json::to_value(outcome).ok()?;
    word.as_str().map(str::to_owned)
}

impl Tally {
    fn tell(&self, output: &Output, compared: bool) {
        let count = |key: &str, count: u64| output.say(key, &[("count", count)]);
        count("law.batch_lines", self.lines);
        for (outcome, count) in &self.outcomes {
            let outcome = output.messages.text(&format!("outcome.{outcome}"));
            output.say(
                "law.batch_outcome",
                &[("outcome", outcome), ("count", count.to_string())],
            );
        }
        if self.faults > 0 {
            count("law.batch_faults", self.faults);
        }
        if !compared {
            return;
        }
        count("law.batch_changed", self.changed.values().sum());
        for ((before, after), count) in &self.changed {
            let word = |outcome: &str| output.messages.text(&format!("outcome.{outcome}"));
            let values = [
                ("before", word(before)),
                ("after", word(after)),
                ("count", count.to_string()),
            ];
            output.say("law.batch_change", &values);
        }
        if self.unmatched > 0 {
            count("law.batch_unmatched", self.unmatched);
        }
    }
}

/// A line of input.
enum Content<'a> {
    Text(&'a str),
    /// More bytes than the limit; the rest of it was passed over.
    TooLong,
    NotUtf8,
}

/// Lines of bounded length, with their numbers.
struct Lines<R> {
    reader: R,
    limit: usize,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R, limit: usize) -> Self {
        Self {
            reader,
            limit,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The next line with its number, or `None` at the end.
    fn next(&mut self) -> io::Result<Option<(u64, Content<'_>)>> {
        self.buffer.clear();
        let limit = self.limit as u64 + 1;
        if (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut self.buffer)?
            == 0
        {
            return Ok(None);
        }
        self.number += 1;
        let ended = self.buffer.last() == Some(&b'\n');
        if !ended && self.buffer.len() > self.limit {
            self.pass_over()?;
            return Ok(Some((self.number, Content::TooLong)));
        }
        let content = std::str::from_utf8(&self.buffer).map_or(Content::NotUtf8, |text| {
            // A byte order mark may stand before the first sheet.
            Content::Text(text.trim_start_matches('\u{feff}'))
        });
        Ok(Some((self.number, content)))
    }

    /// Reads to the end of a line that is too long, without keeping it.
    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let (used, ended) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (bytes.len(), false),
            };
            self.reader.consume(used);
            if ended {
                return Ok(());
            }
        }
    }
}

/// A file or, for `-`, the standard input.
fn open(path: &Path) -> Result<Box<dyn BufRead>, Fault> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .bad_input()?;
    Ok(Box::new(BufReader::new(file)))
}

/// The answers of an earlier run, read beside this one. Its lines are in the order of their numbers.
struct Earlier {
    name: String,
    lines: Lines<Box<dyn BufRead>>,
    next: Option<EarlierLine>,
}

/// What is needed of an earlier answer, brief or whole.
#[derive(Deserialize)]
struct EarlierLine {
    line: u64,
    outcome: Option<String>,
}

impl Earlier {
    fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self {
            name: path.display().to_string(),
            lines: Lines::new(open(path)?, MAX_ANSWER_BYTES),
            next: None,
        })
    }

    /// The outcome that the earlier run wrote for a line, `error` where it had none, or `None` where it is not there.
    fn outcome_of(&mut self, number: u64) -> Result<Option<String>, Fault> {
        while self.next.as_ref().is_none_or(|next| next.line < number) {
            match self.read()? {
                Some(line) => self.next = Some(line),
                None => return Ok(None),
            }
        }
        let found = self.next.as_ref().filter(|next| next.line == number);
        Ok(found.map(|line| line.outcome.clone().unwrap_or_else(|| FAULT.to_owned())))
    }

    fn read(&mut self) -> Result<Option<EarlierLine>, Fault> {
        let name = &self.name;
        let read = self.lines.next().with_context(|| format!("cannot read {name}"));
        let Some((number, content)) = read.bad_input()? else {
            return Ok(None);
        };
        let line = match content {
            Content::Text(text) => serde_json::from_str(text).map_err(anyhow::Error::from),
            Content::TooLong | Content::NotUtf8 => Err(anyhow::anyhow!("not a line of answers")),
        };
        line.map(Some)
            .with_context(|| {
                format!("{name}, line {number}: not an answer of `law assess --jsonl`; give the output of an earlier run")
            })
            .bad_input()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], limit: usize) -> Vec<String> {
        let mut lines = Lines::new(bytes, limit);
        let mut found = Vec::new();
        while let Some((number, content)) = lines.next().unwrap() {
            found.push(match content {
                Content::Text(text) => format!("{number} {}", text.trim_end()),
                Content::TooLong => format!("{number} too long"),
                Content::NotUtf8 => format!("{number} not utf-8"),
            });
        }
        found
    }

    #[test]
    fn lines_are_numbered_and_bounded() {
        assert_eq!(lines(b"a\n\nb", 4), ["1 a", "2 ", "3 b"]);
        assert_eq!(lines(b"abcd\nabcde\nabcd", 4), ["1 abcd", "2 too long", "3 abcd"]);
        assert_eq!(lines(b"abcdefghij", 4), ["1 too long"]);
        assert_eq!(lines(b"\xff\nb\n", 4), ["1 not utf-8", "2 b"]);
        assert_eq!(lines("\u{feff}{}\n".as_bytes(), 8), ["1 {}"]);
    }
}
