//! The parts of an assessment that surround the outcome, as text: layers of law, sentence frame,
//! judgment beside it, sensitivity.
//!
//! Invariant: a heading is printed only where something stands under it.

use super::{Page, node};
use crate::{
    assess::{Layer, Sensitivity},
    evaluate::Reason,
    interval::Truth,
    sentence::{Deviation, FineFrame, ProbationFrame, SentenceFrame},
    text::{Text, key},
};

impl Page<'_> {
    /// A line of text with the provision that it rests on.
    fn cited(&mut self, depth: usize, text: &Text, citation: Option<&Text>, verified: bool) {
        let mut line = text.get(self.language).to_owned();
        if let Some(citation) = citation {
            line.push_str(" · ");
            line.push_str(citation.get(self.language));
            if !verified {
                line.push_str(&self.say(key::UNVERIFIED_MARK, &[]));
            }
        }
        self.line(depth, &line);
    }

    fn said(&mut self, depth: usize, key: &str, values: &[(&str, &Text)]) {
        let line = self.say(key, values);
        self.line(depth, &line);
    }
}

pub(super) fn layers(page: &mut Page<'_>, layers: &[Layer]) {
    if layers
        .iter()
        .all(|layer| !layer.differs && layer.straddled.is_empty())
    {
        return;
    }
    page.heading(key::RENDER_LAYERS);
    for layer in layers {
        page.text(1, &layer.text);
        for change in &layer.changes {
            let none = page.law.messages.say(key::LAYER_NONE, &[]);
            let values = [
                ("title", &change.title),
                ("old", change.cited_at_conduct.as_ref().unwrap_or(&none)),
                ("new", change.cited_at_judgment.as_ref().unwrap_or(&none)),
            ];
            page.said(2, key::LAYER_CHANGE, &values);
        }
        if let Some(rule) = &layer.rule {
            node(page, 2, rule, None);
        }
    }
}

pub(super) fn frame(page: &mut Page<'_>, offence: &str, frame: &SentenceFrame) {
    let tier = page.law.tier_of(offence, frame.tier);
    page.said(1, key::RENDER_SENTENCE, &[("tier", &tier)]);
    if let Some(band) = &frame.band {
        page.cited(2, &band.text, Some(&band.citation), band.verified);
    }
    if let Some(persons) = &frame.responsible_persons {
        page.cited(2, &persons.text, Some(&persons.citation), persons.verified);
        if let Some(band) = &persons.band {
            page.cited(3, &band.text, Some(&band.citation), band.verified);
        }
    }
    if let Some(lower) = &frame.lower_band {
        page.cited(2, &lower.text, lower.citation.as_ref(), lower.verified);
    }
    if !frame.circumstances.is_empty() {
        page.said(2, key::RENDER_CIRCUMSTANCES, &[]);
        for circumstance in &frame.circumstances {
            page.cited(
                3,
                &circumstance.text,
                Some(&circumstance.citation),
                circumstance.verified,
            );
        }
    }
    if !frame.may_be_stated.is_empty() {
        let names = Text::join(frame.may_be_stated.iter().map(|may| &may.title));
        page.said(2, key::RENDER_MAY_BE_STATED, &[("names", &names)]);
    }
    if let Some(share) = &frame.discretion {
        page.cited(2, &share.text, Some(&share.citation), share.verified);
    }
    if let Some(frame) = &frame.probation {
        probation(page, frame);
    }
    fine(page, &frame.fine);
    for note in &frame.notes {
        page.cited(
            2,
            &note.text,
            note.citation.as_ref(),
            note.verified != Some(false),
        );
    }
}

fn probation(page: &mut Page<'_>, frame: &ProbationFrame) {
    page.cited(2, &frame.text, Some(&frame.citation), frame.verified);
    grounds(page, key::RENDER_CONDITIONS, &frame.conditions);
    grounds(page, key::RENDER_BARS, &frame.bars);
    // The rest is said only where it holds: nobody is asked for it.
    let holding = |reasons: &[Reason]| -> Vec<Reason> {
        let met = reasons.iter().filter(|reason| reason.state == Some(Truth::Met));
        met.cloned().collect()
    };
    grounds(page, key::RENDER_MUST_IF, &holding(&frame.must_if));
    grounds(page, key::RENDER_LIGHTER, &holding(&frame.lighter));
    grounds(page, key::RENDER_HEAVIER, &frame.heavier);
}

fn grounds(page: &mut Page<'_>, heading: &str, reasons: &[Reason]) {
    if reasons.is_empty() {
        return;
    }
    page.said(3, heading, &[]);
    for reason in reasons {
        node(page, 4, reason, None);
    }
}

fn fine(page: &mut Page<'_>, fine: &FineFrame) {
    if let Some(lower) = &fine.lower_band_range {
        let values = [("fine", &lower.text), ("citation", &lower.citation)];
        page.said(2, key::RENDER_FINE_LOWER, &values);
    }
    if let Some(floor) = fine.floor_fen {
        let minor = fine.minor_floor_fen.map(|fen| page.law.money(fen)).map(|floor| {
            let values = [("floor", &floor)];
            page.law.messages.say(key::RENDER_FLOOR_MINOR, &values)
        });
        let floor = page.law.money(floor);
        let values = [("floor", &floor), ("minor", &minor.unwrap_or_default())];
        let line = page.law.messages.say(key::RENDER_FLOOR, &values);
        let citation = fine.floor.as_ref().and_then(|reason| reason.citation.as_ref());
        page.cited(2, &line, citation, true);
    }
}

pub(super) fn deviations(page: &mut Page<'_>, deviations: &[Deviation]) {
    if deviations.is_empty() {
        return;
    }
    page.heading(key::RENDER_DEVIATIONS);
    for deviation in deviations {
        let mut text = deviation.title.clone();
        text.append(&Text {
            zh: "：".into(),
            en: ": ".into(),
        });
        text.append(&deviation.state_text);
        text.append(&Text {
            zh: "；".into(),
            en: "; ".into(),
        });
        text.append(&deviation.why);
        page.cited(
            1,
            &text,
            deviation.citation.as_ref(),
            deviation.verified != Some(false),
        );
    }
}

pub(super) fn sensitivity(page: &mut Page<'_>, sensitivity: &Sensitivity) {
    let facts = sensitivity.facts.iter().map(|fact| &fact.text);
    let days = sensitivity.days.iter().map(|day| &day.text);
    let person = sensitivity.person.iter().map(|person| &person.text);
    let lines: Vec<&Text> = facts.chain(days).chain(person).collect();
    if !lines.is_empty() {
        page.heading(key::RENDER_SENSITIVITY);
        for line in lines {
            page.text(1, line);
        }
    }
    if !sensitivity.next_lines.is_empty() {
        page.heading(key::RENDER_NEXT_LINES);
        for line in &sensitivity.next_lines {
            page.cited(1, &line.text, Some(&line.citation), line.verified);
        }
    }
}
