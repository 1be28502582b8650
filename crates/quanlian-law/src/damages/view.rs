//! The claim beside the law, and answers as indented text.
//!
//! In:  an answer and a language. Out: lines of text, two spaces for each level.
//!
//! Invariant: state is a word, never a colour or a sign alone.

use super::{
    answer::{ClaimDistance, ClaimResult, DamagesAnswer, DistanceKind, Governs, LawResult, StatutoryState},
    as_interval,
    fine::AdministrativeFineAnswer,
    rule::CostsMode,
    sheet::Claim,
};
use crate::{
    assess::OpenPoint,
    load::Parsed,
    render::Page,
    text::{Language, Text, key},
};

/// How the claim lies to the statutory range and to each reading.
pub(super) fn claim(law: &Parsed, claim: &Claim, laws: &[LawResult]) -> ClaimResult {
    let mut distances = Vec::new();
    if let Some(claimed) = claim.total_fen {
        for result in laws.iter().filter(|result| result.governs != Governs::No) {
            distances.extend(to_statutory(law, claimed, result));
            distances.extend(result.readings.iter().map(|reading| {
                let award = as_interval(reading.award);
                let (kind, by, message) = match award.high {
                    Some(high) if claimed > high => (
                        DistanceKind::AboveReading,
                        claimed - high,
                        key::DAMAGES_CLAIM_ABOVE,
                    ),
                    _ if claimed < award.low => (
                        DistanceKind::BelowReading,
                        award.low - claimed,
                        key::DAMAGES_CLAIM_BELOW,
                    ),
                    _ => (DistanceKind::InsideReading, 0, key::DAMAGES_CLAIM_INSIDE),
                };
                distance(
                    law,
                    kind,
                    claimed,
                    by,
                    message,
                    &Text::same(reading.id.clone()),
                    &reading.id,
                )
            }));
        }
    }
    ClaimResult {
        total_fen: claim.total_fen,
        distances,
    }
}

/// A claim holds the costs; where they come on top, they widen the range that it is held against.
fn to_statutory(law: &Parsed, claimed: i64, result: &LawResult) -> Option<ClaimDistance> {
    let statutory = result.statutory.as_ref()?;
    if matches!(
        statutory.state,
        StatutoryState::Closed | StatutoryState::NotForThisAct
    ) {
        return None;
    }
    let costs = match (result.costs.mode, result.costs.amount) {
        (Some(CostsMode::OnTop), Some(costs)) => as_interval(costs).high.unwrap_or(costs.at_least_fen),
        _ => 0,
    };
    let (low, high) = (statutory.range.at_least_fen, statutory.range.at_most_fen?);
    let high = high.saturating_add(costs);
    let (kind, by, message) = if claimed > high {
        (
            DistanceKind::AboveStatutory,
            claimed - high,
            key::DAMAGES_CLAIM_ABOVE_STATUTORY,
        )
    } else if claimed < low {
        (
            DistanceKind::BelowStatutory,
            low - claimed,
            key::DAMAGES_CLAIM_BELOW_STATUTORY,
        )
    } else {
        (
            DistanceKind::InsideStatutory,
            0,
            key::DAMAGES_CLAIM_INSIDE_STATUTORY,
        )
    };
    Some(distance(
        law,
        kind,
        claimed,
        by,
        message,
        &result.title,
        &result.id,
    ))
}

fn distance(
    law: &Parsed,
    kind: DistanceKind,
    claimed: i64,
    by_fen: i64,
    message: &str,
    to: &Text,
    id: &str,
) -> ClaimDistance {
    let values = [
        ("claimed", &law.money(claimed)),
        ("by", &law.money(by_fen)),
        ("to", to),
    ];
    ClaimDistance {
        to: id.to_owned(),
        kind,
        by_fen,
        text: law.messages.say(message, &values),
    }
}

/// A whole answer on damages.
pub(crate) fn damages(law: &Parsed, answer: &DamagesAnswer, language: Language) -> String {
    let mut page = Page::new(law, language);
    page.text(0, &answer.summary);
    page.heading(key::DAMAGES_RENDER_NO_PREDICTION);
    let why = page.say(key::RENDER_WHY, &[("why", &answer.governing.why)]);
    page.line(0, &why);
    for result in &answer.laws {
        law_result(&mut page, result);
    }
    if let Some(claim) = &answer.claim {
        texts(
            &mut page,
            key::DAMAGES_RENDER_CLAIM,
            claim.distances.iter().map(|distance| &distance.text),
        );
    }
    texts(
        &mut page,
        key::DAMAGES_RENDER_FINES,
        answer.fines_paid.iter().map(|fine| &fine.text),
    );
    if let Some(value) = &answer.licence_value {
        let inputs = value.inputs.iter().map(|input| &input.text);
        texts(
            &mut page,
            key::DAMAGES_RENDER_LICENCE,
            std::iter::once(&value.text).chain(inputs),
        );
    }
    texts(
        &mut page,
        key::RENDER_MISSING,
        answer.missing.iter().map(|missing| &missing.why),
    );
    texts(
        &mut page,
        key::RENDER_CONTRADICTIONS,
        answer.contradictions.iter().map(|found| &found.text),
    );
    tail(
        &mut page,
        &answer.unverified,
        &answer.open,
        &answer.rule_book_version,
    );
    page.out
}

fn law_result(page: &mut Page<'_>, result: &LawResult) {
    let governs = match result.governs {
        Governs::Yes => key::DAMAGES_RENDER_GOVERNS,
        Governs::No => key::DAMAGES_RENDER_BESIDE,
        Governs::Open => key::DAMAGES_RENDER_OPEN_LAW,
    };
    let governs = page.message(governs);
    let overlay = result.overlay.as_ref().map(|overlay| &overlay.citation);
    let title = overlay.map_or_else(
        || result.title.clone(),
        |local| {
            let mut title = result.title.clone();
            title.append(&Text::same(" + "));
            title.append(local);
            title
        },
    );
    let heading = page.say(key::DAMAGES_RENDER_LAW, &[("law", &title), ("governs", &governs)]);
    page.line(0, &heading);
    for method in &result.methods {
        let line = page.say(
            key::DAMAGES_RENDER_METHOD,
            &[
                ("group", &Text::same(method.group.to_string())),
                ("text", &method.text),
            ],
        );
        page.line(1, &line);
        for way in method.ways.iter().filter(|way| way.amount.is_some()) {
            let used = page.message(if way.used {
                key::DAMAGES_RENDER_USED
            } else {
                key::DAMAGES_RENDER_UNUSED
            });
            let mut line = format!(
                "{}: {}",
                way.title.get(page.language()),
                way.formula.get(page.language())
            );
            line.push_str(used.get(page.language()));
            if let Some(rule) = &way.rule {
                line.push_str(" · ");
                line.push_str(rule.citation.get(page.language()));
            }
            if !way.evidence.is_empty() {
                let evidence = Text::same(way.evidence.join(", "));
                line.push_str(&page.say(key::EVIDENCE_MARK, &[("evidence", &evidence)]));
            }
            page.line(2, &line);
        }
    }
    if let Some(statutory) = &result.statutory {
        page.text(1, &statutory.text);
    }
    page.text(1, &result.costs.text);
    for punitive in &result.punitive {
        let citation = punitive
            .interpretation
            .as_ref()
            .map(|cited| cited.citation.clone())
            .unwrap_or_default();
        let line = page.say(
            key::DAMAGES_RENDER_PUNITIVE,
            &[("citation", &citation), ("text", &punitive.text)],
        );
        page.line(1, &line);
        for finding in [&punitive.intent, &punitive.gravity].into_iter().flatten() {
            page.text(2, &finding.text);
        }
    }
    for reading in &result.readings {
        let line = format!("[{}] {}", reading.id, reading.text.get(page.language()));
        page.line(1, &line);
    }
}

fn texts<'a>(page: &mut Page<'_>, heading: &str, texts: impl IntoIterator<Item = &'a Text>) {
    let texts: Vec<&Text> = texts.into_iter().collect();
    if !texts.is_empty() {
        page.heading(heading);
        for text in texts {
            page.text(1, text);
        }
    }
}

fn tail(page: &mut Page<'_>, unverified: &[crate::assess::Unverified], open: &[OpenPoint], version: &str) {
    if !unverified.is_empty() {
        page.heading(key::RENDER_UNVERIFIED);
    }
    for unread in unverified {
        let place = unread.line.as_deref().unwrap_or(&unread.rule).to_owned();
        let line = format!("{} [{place}]", unread.citation.get(page.language()));
        page.line(1, &line);
    }
    if !open.is_empty() {
        page.heading(key::RENDER_OPEN);
    }
    for point in open {
        page.text(1, &point.question);
        if !point.effect.zh.is_empty() {
            page.text(2, &point.effect);
        }
    }
    let book = page.say(key::RENDER_BOOK, &[("version", &Text::same(version))]);
    page.line(0, &book);
}

/// A whole answer on an administrative fine.
pub(crate) fn fine(law: &Parsed, answer: &AdministrativeFineAnswer, language: Language) -> String {
    let mut page = Page::new(law, language);
    page.text(0, &answer.summary);
    for set in &answer.rule_sets {
        let governs = match set.governs {
            Some(true) => key::DAMAGES_RENDER_GOVERNS,
            Some(false) => key::DAMAGES_RENDER_BESIDE,
            None => key::DAMAGES_RENDER_OPEN_LAW,
        };
        let governs = page.message(governs);
        let heading = page.say(
            key::DAMAGES_RENDER_LAW,
            &[("law", &set.rule.citation), ("governs", &governs)],
        );
        page.line(0, &heading);
        page.text(1, &set.text);
        set.branches.iter().for_each(|branch| page.text(2, &branch.text));
    }
    let missing: Vec<Text> = answer.missing.iter().map(|name| law.fact_title(name)).collect();
    texts(&mut page, key::RENDER_MISSING, &missing);
    texts(
        &mut page,
        key::RENDER_CONTRADICTIONS,
        answer.contradictions.iter().map(|found| &found.text),
    );
    tail(
        &mut page,
        &answer.unverified,
        &answer.open,
        &answer.rule_book_version,
    );
    page.out
}
