//! The marks `verified` under the check: do they agree with `against`, with the notes, and with each other?
//!
//! In:  a rule. Out: findings where a mark claims more, or less, than its sources say.

use super::{Checker, Severity, place_of};
use crate::{
    position,
    rule::{Checked, Version},
    unverified::{self, MarkId},
};

/// The source key that stands for memory.
const MEMORY: &str = "M";

impl Checker<'_> {
    pub(super) fn lint_marks(&mut self) {
        let rule = self.rule;
        self.lint_checked(&rule.source.checked, position::key(self.text, "checked"));
        for version in &rule.versions {
            let at_line = place_of(self.law, rule, version.from, None);
            if let Some(source) = &version.source {
                self.lint_checked(&source.checked, at_line);
            }
            self.lint_whole_and_parts(version, at_line);
            for mark in unverified::marks(&version.body) {
                // A part without sources of its own rests on those of the provision.
                let Some(against) = &mark.against else { continue };
                let (name, at_line) = match mark.id {
                    MarkId::Own(id) => {
                        let at_line = place_of(self.law, rule, version.from, Some(&id));
                        (id, at_line)
                    }
                    MarkId::Number(number) => (format!("part {number} from {}", version.from), at_line),
                };
                self.lint_mark(&name, mark.verified, against, mark.note.is_some(), at_line);
            }
        }
    }

    /// `source.checked`: memory beside a source that was read needs a note that says which part is memory.
    fn lint_checked(&mut self, checked: &Checked, at_line: Option<usize>) {
        self.lint_mark(
            "source",
            checked.verified,
            &checked.against,
            checked.note.is_some(),
            at_line,
        );
        if checked.verified && checked.against.iter().any(|key| key == MEMORY) && checked.note.is_none() {
            let message =
                "marked verified and names memory (M) too; say in `note` what is from memory".to_owned();
            self.find(Severity::Warning, at_line, "memory_without_note", message);
        }
    }

    fn lint_mark(
        &mut self,
        what: &str,
        verified: bool,
        against: &[String],
        noted: bool,
        at_line: Option<usize>,
    ) {
        let memory = against.iter().any(|key| key == MEMORY);
        if verified && against.iter().all(|key| key == MEMORY) {
            let message = format!(
                "`{what}` is marked verified, but rests on memory alone; name the source that was read"
            );
            self.find(Severity::Error, at_line, "verified_by_memory", message);
        }
        if !verified && !memory && !noted {
            let message = format!(
                "`{what}` is marked unread, but names only sources that were read; mark it verified, add M, or say in `note` what was not seen"
            );
            self.find(Severity::Warning, at_line, "unread_without_reason", message);
        }
    }

    /// A provision that was read has a part that was read; one that was not has a part that was not.
    fn lint_whole_and_parts(&mut self, version: &Version, at_line: Option<usize>) {
        let checked = &self.rule.source_of(version).checked;
        let marks = unverified::marks(&version.body);
        if marks.is_empty() {
            return;
        }
        let unread = marks.iter().filter(|mark| !mark.verified).count();
        let (severity, message) = match (checked.verified, unread) {
            (true, unread) if unread == marks.len() => (
                Severity::Error,
                "the provision is marked verified, but no part of it is; correct one of the marks",
            ),
            (false, 0) if checked.note.is_none() => (
                Severity::Warning,
                "the provision is marked unread, but every part of it is verified; correct one of the marks",
            ),
            (true, unread) if unread > 0 && checked.note.is_none() => (
                Severity::Warning,
                "parts of the provision are marked unread; say in the `note` of its source what was not seen",
            ),
            _ => return,
        };
        self.find(
            severity,
            at_line,
            "verified_contradicts_parts",
            format!("version {}: {message}", version.from),
        );
    }
}
