//! Damages for infringements of intellectual property (损害赔偿), and administrative fines.
//!
//! In:  a [`DamagesSheet`] or [`FineSheet`] and the rule book.
//! Out: [`DamagesAnswer`], [`AdministrativeFineAnswer`]: every law that comes into question applied
//! whole, each method with its state and formula, each reading with its total.
//!
//! Invariant: exact fen, intervals where facts have bounds, no amount proposed. A multiple is the one
//! that was claimed or the range of the law; what the sources leave open stays open and is shown in all its readings.
//!
//! Not here: whether there is an infringement, and defences against damages as such (合法来源、未使用).

mod amount;
mod answer;
mod example;
mod fine;
mod interest;
mod laws;
mod licence;
mod lint;
mod method;
mod missing;
mod punitive;
pub mod rule;
mod sheet;
mod total;
mod view;

use std::collections::BTreeSet;

use quanlian_record::time::Day;

use crate::{
    assess::{OpenPoint, Unverified},
    facts::{Contradiction, Known, KnownFact, know},
    interval::Interval,
    load::Parsed,
    penalty::FenRange,
    rule::{Body, Rule, Version},
    text::{Text, key},
};
pub use answer::{
    Cited, ClaimDistance, ClaimResult, CostsResult, DamagesAnswer, DistanceKind, FactorResult, FineWeighed,
    FineWeight, Found, GoverningLaw, Governs, InterestPeriod, InterestResult, LawResult, LicenceInput,
    LicenceValue, MethodResult, MethodState, MissingFact, PunitiveFinding, PunitiveResult, PunitiveState,
    Reading, StatutoryResult, StatutoryState, WayResult,
};
pub use fine::{AdministrativeFineAnswer, FineBranch, FineSet, FineState};
pub use sheet::{
    ChosenReading, Claim, ComparableLicence, DamagesError, DamagesSheet, Exclusivity, FinePaid, FineSheet,
    IncomeInputs, Interest, LicenceInputs, MAX_ENTRIES, MAX_RATE_BASIS_POINTS, Multiple, PaidTo, Principal,
    Rate, Reasons,
};

pub(crate) use example::run_example;
pub(crate) use fine::administrative_fine;
pub(crate) use lint::{lint, names, unread_parts};
pub(crate) use view::{damages as render_damages, fine as render_fine};

use amount::{fen_range, hull};
use laws::{Candidate, Selection};
use missing::Missing;
use rule::{Right, Strength};
use total::{Application, Applied};

/// What a sheet says, apart from its facts.
#[derive(Clone, Copy)]
struct Case<'a> {
    right: Right,
    from: Option<Day>,
    to: Option<Day>,
    judged_on: Day,
    filed_on: Option<Day>,
    debate_ended_on: Option<Day>,
    place: Option<&'a str>,
    claim: Option<&'a Claim>,
    interest: Option<&'a Interest>,
}

impl Case<'_> {
    /// The last day of the infringement; the day of judgment while it goes on.
    fn ended_on(&self) -> Day {
        self.to.unwrap_or(self.judged_on)
    }

    /// The first day of the infringement; its last where that is all that is known.
    fn began_on(&self) -> Day {
        self.from.unwrap_or(self.ended_on())
    }
}

/// A rule version as an answer cites it.
fn cited(rule: &Rule, version: &Version) -> Cited {
    let source = rule.source_of(version);
    let row = match &version.body {
        Body::Damages(body) => body.row.clone(),
        Body::Punitive(body) => Some(body.row.clone()),
        Body::AdministrativeFine(body) => body.row.clone(),
        _ => None,
    };
    Cited {
        rule: rule.id.clone(),
        version: version.from,
        row: row.or_else(|| rule.row.clone()),
        citation: source.cite.clone(),
        verified: source.checked.verified,
    }
}

/// Applies the rules on damages to a sheet. `today` stands in for a missing day of judgment.
pub(crate) fn damages(law: &Parsed, sheet: &DamagesSheet, today: Day) -> Result<DamagesAnswer, DamagesError> {
    let judged_on = sheet::check(sheet, today)?;
    let conduct = sheet.infringement.unwrap_or_default();
    let case = Case {
        right: sheet::right_of(&sheet.right)?,
        from: conduct.from,
        to: conduct.to,
        judged_on,
        filed_on: sheet.filed_on,
        debate_ended_on: sheet.first_instance_debate_ended_on,
        place: sheet.place.as_deref(),
        claim: sheet.claim.as_ref(),
        interest: sheet.interest.as_ref(),
    };
    laws::check_place(law, case.place)?;
    let (mut known, contradicted) = know(&sheet::fact_sheet(&sheet.facts), &law.facts)?;
    let licence_value = value_licence(law, sheet, &case, &mut known)?;
    let selection = laws::select(law, &case);
    let application = Application {
        law,
        case: &case,
        known: &known,
        selection: &selection,
    };
    let applied = selection
        .candidates
        .iter()
        .map(|candidate| application.run(candidate))
        .collect::<Result<Vec<_>, _>>()?;
    check_multiple(&case, &applied)?;
    let missing = Missing {
        law,
        case: &case,
        known: &known,
        selection: &selection,
    }
    .run();
    answer(
        law,
        sheet,
        &case,
        selection,
        applied,
        Rest {
            licence_value,
            missing,
            contradicted,
        },
    )
}

/// What goes into an answer as it is.
struct Rest {
    licence_value: Option<LicenceValue>,
    missing: Vec<MissingFact>,
    contradicted: crate::facts::Contradicted,
}

/// The licence value of a trade secret becomes a fact, unless somebody stated it.
fn value_licence(
    law: &Parsed,
    sheet: &DamagesSheet,
    case: &Case<'_>,
    known: &mut Known,
) -> Result<Option<LicenceValue>, DamagesError> {
    let Some(inputs) = &sheet.licence_value else {
        return Ok(None);
    };
    if case.right != Right::TradeSecret {
        return Err(DamagesError::Number {
            field: "licence_value".into(),
            problem: format!(
                "it is for trade_secret, the right is {}; state `licence_fee` or `royalty` instead",
                case.right.word()
            ),
        });
    }
    let facts = laws::licence_facts(law, case.judged_on).ok_or_else(|| DamagesError::Number {
        field: "licence_value".into(),
        problem: format!("no rule on it was in force on {}; leave it out", case.judged_on),
    })?;
    let value = licence::licence_value(law, inputs, known, facts, (case.began_on(), case.ended_on()))?;
    if let Some(range) = value.range
        && !known.is_stated(&facts.value)
    {
        let counted = value.inputs.iter().filter(|input| input.counted);
        let evidence: BTreeSet<String> = counted.clone().flat_map(|input| input.evidence.clone()).collect();
        let stated_by: BTreeSet<String> = counted.flat_map(|input| input.stated_by.clone()).collect();
        let fact = KnownFact::amount(as_interval(range), evidence, stated_by);
        known.facts.insert(facts.value.clone(), fact);
    }
    Ok(Some(value))
}

/// Refuses a multiple that no law in question allows. Where none has punitive damages at all, the answer says so.
fn check_multiple(case: &Case<'_>, applied: &[Applied]) -> Result<(), DamagesError> {
    let Some(multiple) = case.claim.and_then(|claim| claim.punitive_multiple) else {
        return Ok(());
    };
    let in_question: Vec<_> = applied
        .iter()
        .filter(|applied| applied.result.governs != Governs::No)
        .filter_map(|applied| applied.allowed.as_ref())
        .collect();
    let fits = |range: &[i64; 2]| (range[0]..=range[1]).contains(&multiple.hundredths());
    if in_question.is_empty() || in_question.iter().any(|(range, _)| fits(range)) {
        return Ok(());
    }
    let allowed: Vec<&str> = in_question.iter().map(|(_, text)| text.en.as_str()).collect();
    Err(DamagesError::Multiple {
        multiple,
        allowed: allowed.join("; "),
    })
}

fn answer(
    law: &Parsed,
    sheet: &DamagesSheet,
    case: &Case<'_>,
    selection: Selection<'_>,
    applied: Vec<Applied>,
    rest: Rest,
) -> Result<DamagesAnswer, DamagesError> {
    let mut laws = Vec::new();
    let mut contradictions: Vec<Contradiction> = Vec::new();
    for applied in applied {
        for found in applied.contradictions {
            if !contradictions.contains(&found) {
                contradictions.push(found);
            }
        }
        laws.push(applied.result);
    }
    contradictions.extend(
        rest.contradicted
            .into_iter()
            .map(|(fact, stated)| contradiction(law, fact, stated)),
    );
    let chosen = choose(sheet, &mut laws)?;
    let governing = || laws.iter().filter(|result| result.governs != Governs::No);
    let in_question: Vec<Interval> = governing()
        .flat_map(|result| &result.readings)
        .filter(|reading| chosen.is_none() || reading.chosen)
        .map(|reading| Interval {
            low: reading.total.at_least_fen,
            high: reading.total.at_most_fen,
        })
        .collect();
    let total = hull(in_question.iter().copied());
    let choice_required = chosen.is_none() && in_question.iter().any(|reading| Some(*reading) != total);
    let mut citations = selection.time_rules.clone();
    citations.extend(laws.iter().flat_map(total::citations));
    citations.extend(
        selection
            .clauses
            .iter()
            .map(|clause| cited(clause.rule, clause.version)),
    );
    citations.sort();
    citations.dedup();
    let unverified = unverified(law, &citations, &laws);
    let mut open = selection.open;
    open.extend(
        citations
            .iter()
            .filter_map(|cited| law.rules.get(&cited.rule))
            .flat_map(|rule| {
                rule.open.iter().map(|open| OpenPoint {
                    rule: Some(rule.id.clone()),
                    question: open.question.clone(),
                    effect: open.effect.clone(),
                })
            }),
    );
    once(&mut open);
    if let Some(choice) = &sheet.chosen_reading {
        open.insert(0, chosen_point(law, choice));
    }
    let summary = summary(law, case, total, choice_required, &selection.why);
    Ok(DamagesAnswer {
        right: case.right.word().to_owned(),
        infringement_from: case.from,
        infringement_to: case.to,
        judged_on: case.judged_on,
        summary,
        total: total.map(fen_range),
        choice_required,
        rests_on_unverified: unverified.iter().any(|unread| unread.decisive),
        governing: GoverningLaw {
            law: selection
                .candidates
                .iter()
                .find(|c| c.governs == Governs::Yes)
                .map(Candidate::id),
            why: selection.why,
            rules: selection.time_rules,
        },
        claim: case.claim.map(|claim| view::claim(law, claim, &laws)),
        fines_paid: sheet
            .fines_paid
            .iter()
            .map(|fine| weigh_fine(law, fine, &laws))
            .collect(),
        laws,
        licence_value: rest.licence_value,
        missing: rest.missing,
        contradictions,
        unverified,
        open,
        citations,
        rule_book_version: law.digest.clone(),
    })
}

/// Two versions of one rule leave the same things open; they are said once.
fn once(open: &mut Vec<OpenPoint>) {
    let mut seen: Vec<OpenPoint> = Vec::new();
    open.retain(|point| {
        let new = !seen.contains(point);
        if new {
            seen.push(point.clone());
        }
        new
    });
}

fn contradiction(law: &Parsed, fact: String, stated: Vec<crate::facts::Statement>) -> Contradiction {
    let count = Text::same(stated.len().to_string());
    let values = [("fact", &law.fact_title(&fact)), ("count", &count)];
    let text = law.messages.say(key::DAMAGES_CONTRADICTION, &values);
    Contradiction {
        fact,
        stated,
        alternatives: Vec::new(),
        text,
    }
}

/// Marks the reading that a person chose.
fn choose(sheet: &DamagesSheet, laws: &mut [LawResult]) -> Result<Option<String>, DamagesError> {
    let Some(choice) = &sheet.chosen_reading else {
        return Ok(None);
    };
    if choice.reason.trim().is_empty() {
        return Err(DamagesError::Choice {
            problem: "there is no `reason`; say why this reading was chosen".into(),
        });
    }
    let mut readings: Vec<&mut Reading> = laws
        .iter_mut()
        .filter(|result| result.governs != Governs::No)
        .flat_map(|result| &mut result.readings)
        .collect();
    if let Some(reading) = readings.iter_mut().find(|reading| reading.id == choice.id) {
        reading.chosen = true;
        return Ok(Some(choice.id.clone()));
    }
    let known: Vec<&str> = readings.iter().map(|reading| reading.id.as_str()).collect();
    let found: String = choice.id.chars().take(100).collect();
    Err(DamagesError::Choice {
        problem: format!(
            "`{found}` is no reading of this case; known are {}",
            known.join(", ")
        ),
    })
}

fn chosen_point(law: &Parsed, choice: &ChosenReading) -> OpenPoint {
    let values = [
        ("id", &Text::same(choice.id.clone())),
        ("reason", &Text::same(choice.reason.clone())),
        ("by", &Text::same(choice.chosen_by.clone().unwrap_or_default())),
    ];
    OpenPoint {
        rule: None,
        question: law.messages.say(key::DAMAGES_CHOSEN, &values),
        effect: Text::default(),
    }
}

/// Rules and parts of them that were used and that nobody has read.
fn unverified(law: &Parsed, citations: &[Cited], laws: &[LawResult]) -> Vec<Unverified> {
    let governing = || laws.iter().filter(|result| result.governs != Governs::No);
    let multiplied: BTreeSet<&str> = governing()
        .flat_map(|result| &result.readings)
        .filter_map(|reading| reading.interpretation.as_deref())
        .collect();
    let mut found = Vec::new();
    for cited in citations {
        let Some(rule) = law.rules.get(&cited.rule) else {
            continue;
        };
        let Some(version) = rule.versions.iter().find(|version| version.from == cited.version) else {
            continue;
        };
        let is_interpretation = matches!(version.body, Body::Punitive(_));
        // An interpretation carries the total only where a multiple is in sight under it.
        let carries = !is_interpretation || cited.row.as_deref().is_some_and(|row| multiplied.contains(row));
        let used: BTreeSet<&str> = governing()
            .flat_map(|result| &result.methods)
            .flat_map(|method| &method.ways)
            .filter(|way| way.used)
            .map(|way| way.id.as_str())
            .collect();
        let mut unread = |line: Option<String>, decisive: bool| {
            found.push(Unverified {
                rule: rule.id.clone(),
                version: version.from,
                line,
                citation: cited.citation.clone(),
                decisive,
            });
        };
        if !cited.verified {
            unread(None, carries);
        }
        for part in unread_parts(&version.body) {
            let decisive = used.contains(part.as_str()) || holds(laws, &part);
            unread(Some(part), decisive);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a listed sign or case of that id holds.
fn holds(laws: &[LawResult], id: &str) -> bool {
    let findings = laws
        .iter()
        .flat_map(|result| &result.punitive)
        .flat_map(|p| [&p.intent, &p.gravity]);
    findings
        .flatten()
        .flat_map(|finding| &finding.factors)
        .any(|factor| factor.id == id && factor.state == crate::interval::Truth::Met)
}

fn weigh_fine(law: &Parsed, fine: &FinePaid, laws: &[LawResult]) -> FineWeighed {
    let counts = fine.same_act == Some(true) && fine.paid_on.is_some();
    let mut weighed: Vec<FineWeight> = Vec::new();
    let governing = laws.iter().filter(|result| result.governs != Governs::No);
    for punitive in governing.flat_map(|result| &result.punitive).filter(|_| counts) {
        if let (Some(cited), Some(strength)) = (&punitive.interpretation, punitive.prior_fines)
            && let Some(row) = &cited.row
            && !weighed.iter().any(|known| known.interpretation == *row)
        {
            weighed.push(FineWeight {
                interpretation: row.clone(),
                citation: cited.citation.clone(),
                strength,
            });
        }
    }
    let kind = match fine.kind {
        PaidTo::Administrative => key::DAMAGES_FINE_ADMINISTRATIVE,
        PaidTo::Criminal => key::DAMAGES_FINE_CRIMINAL,
    };
    let values = [
        ("amount", &law.money(fine.fen)),
        ("kind", &law.messages.say(kind, &[])),
    ];
    let mut text = law.messages.say(key::DAMAGES_FINE_NOT_DEDUCTED, &values);
    let message = match (fine.same_act, fine.paid_on) {
        (Some(false), _) => Some(key::DAMAGES_FINE_OTHER_ACT),
        (None, _) => Some(key::DAMAGES_FINE_ACT_UNKNOWN),
        (_, None) => Some(key::DAMAGES_FINE_UNPAID),
        _ => None,
    };
    text.append(&message.map(|key| law.messages.say(key, &[])).unwrap_or_default());
    for weight in &weighed {
        let key = match weight.strength {
            Strength::May => key::DAMAGES_FINE_MAY,
            Strength::Shall => key::DAMAGES_FINE_SHALL,
        };
        text.append(&law.messages.say(key, &[("rule", &weight.citation)]));
    }
    FineWeighed {
        fen: fine.fen,
        weighed,
        text,
        evidence: fine.evidence.clone(),
    }
}

fn summary(
    law: &Parsed,
    case: &Case<'_>,
    total: Option<Interval>,
    choice_required: bool,
    why: &Text,
) -> Text {
    let right = law.messages.say(right_key(case.right), &[]);
    let Some(total) = total else {
        return law
            .messages
            .say(key::DAMAGES_SUMMARY_NONE, &[("right", &right), ("why", why)]);
    };
    let values = [("right", &right), ("total", &method::money_interval(law, total))];
    let mut text = law.messages.say(key::DAMAGES_SUMMARY, &values);
    if choice_required {
        text.append(&law.messages.say(key::DAMAGES_SUMMARY_CHOICE, &[]));
    }
    text
}

fn right_key(right: Right) -> &'static str {
    match right {
        Right::Copyright => key::RIGHT_COPYRIGHT,
        Right::Patent => key::RIGHT_PATENT,
        Right::Trademark => key::RIGHT_TRADEMARK,
        Right::TradeSecret => key::RIGHT_TRADE_SECRET,
        Right::UnfairCompetition => key::RIGHT_UNFAIR_COMPETITION,
        Right::PlantVariety => key::RIGHT_PLANT_VARIETY,
    }
}

fn as_interval(range: FenRange) -> Interval {
    Interval {
        low: range.at_least_fen,
        high: range.at_most_fen,
    }
}
