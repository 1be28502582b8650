//! Assessments and timelines as indented text, for the terminal and the dossier.
//!
//! In:  a result and a language. Out: lines of text, two spaces for each level.
//!
//! Invariant: state is a word, never a colour or a sign alone.

mod diff;
mod facts;
mod rule;
mod sentence;
mod unverified;

pub(crate) use diff::diff;
pub(crate) use facts::facts_page;
pub(crate) use rule::{asked, event_list, fact_list, rule, source_list};
pub(crate) use unverified::unverified;

use std::collections::BTreeSet;

use crate::{
    assess::{Assessment, RuleSetResult, SetAt},
    deadline::ClockResult,
    evaluate::{Reason, ReasonKind},
    facts::Certainty,
    interval::Truth,
    load::Parsed,
    text::{Language, Text, key},
};

/// Lines with a depth each.
pub(crate) struct Page<'a> {
    law: &'a Parsed,
    language: Language,
    pub(crate) out: String,
    /// Derivations of this rule set that were printed in full: fact and rule.
    derived: BTreeSet<(Option<String>, Option<String>)>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(law: &'a Parsed, language: Language) -> Self {
        Self {
            law,
            language,
            out: String::new(),
            derived: BTreeSet::new(),
        }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// A message without values, in both languages.
    pub(crate) fn message(&self, key: &str) -> Text {
        self.law.messages.say(key, &[])
    }

    pub(crate) fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    pub(crate) fn text(&mut self, depth: usize, text: &Text) {
        let line = text.get(self.language).to_owned();
        self.line(depth, &line);
    }

    pub(crate) fn say(&self, key: &str, values: &[(&str, &Text)]) -> String {
        self.law.messages.say(key, values).get(self.language).to_owned()
    }

    pub(crate) fn heading(&mut self, key: &str) {
        let heading = self.say(key, &[]);
        self.line(0, &heading);
    }
}

/// A whole assessment.
pub(crate) fn assessment(law: &Parsed, answer: &Assessment, language: Language) -> String {
    let mut page = Page::new(law, language);
    page.text(0, &answer.summary);
    let no_guilt = page.say(key::RENDER_NO_GUILT, &[]);
    page.line(0, &no_guilt);
    let why = page.say(key::RENDER_WHY, &[("why", &answer.governing.why)]);
    page.line(0, &why);
    for reason in &answer.governing.rules {
        node(&mut page, 1, reason, None);
    }
    if answer.governing.choice_required {
        page.heading(key::RENDER_CHOICE);
    }
    let transfer = page.say(key::RENDER_TRANSFER, &[("text", &answer.transfer.text)]);
    page.line(0, &transfer);
    for rule in &answer.transfer.rules {
        node(&mut page, 1, rule, None);
    }
    sentence::layers(&mut page, &answer.governing.layers);
    for set in &answer.rule_sets {
        rule_set(&mut page, &answer.offence, set);
    }
    sentence::deviations(&mut page, &answer.deviations);
    section(
        &mut page,
        key::RENDER_ELEMENTS,
        &answer.elements,
        |page, reason| node(page, 1, reason, None),
    );
    section(
        &mut page,
        key::RENDER_MISSING,
        &answer.missing,
        |page, missing| page.text(1, &missing.why),
    );
    section(
        &mut page,
        key::RENDER_CONTRADICTIONS,
        &answer.contradictions,
        |page, found| {
            page.text(1, &found.text);
            for alternative in &found.alternatives {
                page.text(2, &alternative.text);
            }
        },
    );
    section(
        &mut page,
        key::RENDER_UNCERTAIN,
        &answer.uncertain,
        |page, fact| page.text(1, &fact.text),
    );
    if let Some(sensitivity) = &answer.sensitivity {
        sentence::sensitivity(&mut page, sensitivity);
    }
    section(
        &mut page,
        key::RENDER_UNVERIFIED,
        &answer.unverified,
        |page, unread| {
            let place = unread.line.as_deref().unwrap_or(&unread.rule).to_owned();
            let line = format!("{} [{place}]", unread.citation.get(page.language));
            page.line(1, &line);
        },
    );
    section(&mut page, key::RENDER_OPEN, &answer.open, |page, point| {
        page.text(1, &point.question);
        if !point.effect.zh.is_empty() {
            page.text(2, &point.effect);
        }
    });
    let book = page.say(
        key::RENDER_BOOK,
        &[("version", &Text::same(answer.rule_book_version.clone()))],
    );
    page.line(0, &book);
    page.out
}

fn section<T>(page: &mut Page<'_>, heading: &str, items: &[T], mut print: impl FnMut(&mut Page<'_>, &T)) {
    if !items.is_empty() {
        page.heading(heading);
        for item in items {
            print(page, item);
        }
    }
}

fn rule_set(page: &mut Page<'_>, offence: &str, set: &RuleSetResult) {
    let at = match set.at {
        SetAt::Both => key::RENDER_BOTH,
        SetAt::Conduct => key::RENDER_AT_CONDUCT,
        SetAt::Judgment => key::RENDER_AT_JUDGMENT,
        SetAt::Between => key::RENDER_BETWEEN,
    };
    let at = page.law.messages.say(at, &[]);
    let governs = if set.governs {
        page.law.messages.say(key::RENDER_GOVERNS, &[])
    } else {
        Text::default()
    };
    let as_of = Text::same(set.as_of.to_string());
    let heading = page.say(
        key::RENDER_RULE_SET,
        &[("as_of", &as_of), ("at", &at), ("governs", &governs)],
    );
    page.line(0, &heading);
    page.derived.clear();
    let tier = page.law.outcome_of(offence, set.outcome);
    let reach = page.law.tier_of(offence, set.could_reach);
    let line = page.say(key::RENDER_OUTCOME, &[("tier", &tier), ("reach", &reach)]);
    page.line(1, &line);
    if let Some(band) = &set.band {
        let line = page.say(
            key::RENDER_BAND,
            &[("band", &band.text), ("citation", &band.citation)],
        );
        page.line(1, &line);
    }
    if let Some(fine) = &set.fine {
        let line = page.say(
            key::RENDER_FINE,
            &[("fine", &fine.text), ("citation", &fine.citation)],
        );
        page.line(1, &line);
    }
    for reason in &set.reasons {
        node(page, 1, reason, None);
    }
    if let Some(frame) = &set.sentence_frame {
        sentence::frame(page, offence, frame);
    }
}

/// A tree of reasons alone.
pub(crate) fn reasons(law: &Parsed, reasons: &[Reason], language: Language) -> String {
    let mut page = Page::new(law, language);
    for reason in reasons {
        node(&mut page, 0, reason, None);
    }
    page.out
}

/// A node and what is under it. What it shares with its parent is not printed again.
fn node(page: &mut Page<'_>, depth: usize, reason: &Reason, parent: Option<&Reason>) {
    let state = match reason.state {
        Some(Truth::Met) => key::STATE_MET,
        Some(Truth::NotMet) => key::STATE_NOT_MET,
        Some(Truth::Unknown) => key::STATE_UNKNOWN,
        None => key::STATE_NOTE,
    };
    let mut line = format!("[{}] {}", page.say(state, &[]), reason.text.get(page.language));
    let own = parent.is_none_or(|parent| parent.rule != reason.rule);
    if let Some(citation) = reason.citation.as_ref().filter(|_| own) {
        line.push_str(" · ");
        line.push_str(citation.get(page.language));
    }
    if let Some(id) = &reason.line {
        line.extend([" [", id, "]"]);
    }
    let marked = !own && parent.is_some_and(|parent| parent.verified == Some(false));
    if !marked && reason.verified == Some(false) {
        line.push_str(&page.say(key::UNVERIFIED_MARK, &[]));
    }
    if !reason.evidence.is_empty() {
        let evidence = Text::same(reason.evidence.join(", "));
        line.push_str(&page.say(key::EVIDENCE_MARK, &[("evidence", &evidence)]));
    }
    if let Some(certainty) = reason
        .certainty
        .filter(|certainty| *certainty != Certainty::Certain)
    {
        let values = [("certainty", &page.law.certainty(certainty))];
        line.push_str(&page.say(key::CERTAINTY_MARK, &values));
    }
    // Several lines compare one amount; how it was found is printed once.
    let known = (reason.fact.clone(), reason.rule.clone());
    if reason.kind == ReasonKind::Derivation && !page.derived.insert(known) {
        line.push_str(&page.say(key::DERIVED_ABOVE, &[]));
        return page.line(depth, &line);
    }
    page.line(depth, &line);
    reason
        .children
        .iter()
        .for_each(|child| node(page, depth + 1, child, Some(reason)));
}

/// Clocks, one block each.
pub(crate) fn timeline(law: &Parsed, clocks: &[ClockResult], language: Language) -> String {
    let mut page = Page::new(law, language);
    for clock in clocks {
        let unread = if clock.verified {
            String::new()
        } else {
            page.say(key::UNVERIFIED_MARK, &[])
        };
        let head = format!(
            "{} · {} · {}{unread}",
            clock.title.get(language),
            clock.actor.get(language),
            clock.citation.get(language)
        );
        page.line(0, &head);
        page.text(1, &clock.act);
        page.text(1, &clock.text);
        for problem in &clock.problems {
            let line = page.say(key::RENDER_PROBLEM, &[("problem", problem)]);
            page.line(1, &line);
        }
        for (number, step) in clock.steps.iter().enumerate() {
            let line = format!("{}. {}", number + 1, step.get(language));
            page.line(2, &line);
        }
        for open in &clock.open {
            let line = page.say(key::RENDER_QUESTION, &[("question", &open.question)]);
            page.line(2, &line);
        }
    }
    page.out
}
