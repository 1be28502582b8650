//! The examples of a rule file, run: what is given, what must come out, and the boundaries of each line.
//!
//! In:  a rule with its examples. Out: for each that fails, what came out instead.
//!
//! Invariant: an example that cannot be run is a failure, never skipped.

use std::collections::BTreeMap;

use quanlian_record::{money::Fen, time::Day};

use super::Checker;
use crate::{
    acts::Act,
    assess::{AssessOptions, Assessment, Outcome, assess},
    damages,
    deadline::{ClockResult, Moment, ReadingKind, deadlines, served_on},
    derived,
    evaluate::{Reason, RuleSet},
    facts::{Conduct, FactSheet, FactValue, Statement, know},
    interval::Truth,
    judgment::Judgment,
    penalty,
    rule::{Amount, Boundary, Condition, Example, ExampleValue, Kind, Line, Person, Tier},
    sentence,
    vocabulary::FactKind,
};

impl Checker<'_> {
    /// A plain line is tried one fen or one piece below, exactly at, and one above.
    pub(super) fn not_just_beside(&self, boundary: &Boundary, line: &Line) -> Option<String> {
        let Condition::AtOrAbove { fact, threshold } = &line.condition else {
            return None;
        };
        let times = self.unit_times(boundary);
        let wanted = threshold.number().saturating_mul(times);
        let read = |values: &BTreeMap<String, ExampleValue>| {
            values.get(fact).and_then(|value| number(value, *threshold).ok())
        };
        let got = [read(&boundary.below), read(&boundary.at), read(&boundary.above)];
        let want = [Some(wanted - 1), Some(wanted), Some(wanted + 1)];
        (got != want).then(|| {
            format!(
                "the line is at {wanted}; `below`, `at` and `above` must state `{fact}` one less, equal and one more (found {got:?})"
            )
        })
    }

    fn unit_times(&self, boundary: &Boundary) -> i64 {
        if boundary.person != Some(Person::Unit) {
            return 1;
        }
        let offence = self.rule.offences.first().map_or("", String::as_str);
        let set = RuleSet::of(self.law, offence, boundary.on);
        let known = crate::facts::Known {
            person: Some(Person::Unit),
            ..crate::facts::Known::default()
        };
        set.for_person(Amount::Count(1), &known).low
    }

    fn sheet(
        &self,
        person: Option<Person>,
        conduct: (Day, Day),
        judged_on: Day,
        given: &BTreeMap<String, ExampleValue>,
    ) -> Result<FactSheet, String> {
        // A general rule (limitation, counting) is tried on the first offence that there is.
        let offences = || self.law.rules.values().filter(|rule| rule.kind == Kind::Element);
        let offence = self
            .rule
            .offences
            .first()
            .or_else(|| offences().map(|rule| &rule.id).next())
            .cloned();
        let offence = offence.ok_or("the folder has no offence to try it on")?;
        let mut facts = Vec::new();
        let mut judgment = None;
        for (name, value) in given {
            match name.strip_prefix("judgment.") {
                Some(field) => {
                    let unit = if field == "fine" {
                        Amount::Fen(0)
                    } else {
                        Amount::Count(0)
                    };
                    let given = judgment.get_or_insert_with(Judgment::default);
                    sentence::judgment_field(given, field, number(value, unit)?)?;
                }
                None => facts.push(self.statement(name, value)?),
            }
        }
        Ok(FactSheet {
            offence,
            person: Some(person.unwrap_or(Person::Natural)),
            conduct: Some(Conduct {
                from: Some(conduct.0),
                to: Some(conduct.1),
            }),
            judged_on: Some(judged_on),
            facts,
            judgment,
            ..FactSheet::default()
        })
    }

    fn statement(&self, name: &str, value: &ExampleValue) -> Result<Statement, String> {
        let mut statement = Statement {
            name: name.to_owned(),
            ..Statement::default()
        };
        match (self.law.facts.get(name).map(|definition| definition.kind), value) {
            (Some(FactKind::Money), value) => statement.fen = Some(number(value, Amount::Fen(0))?),
            (Some(FactKind::Count), value) => statement.count = Some(number(value, Amount::Count(0))?),
            (_, ExampleValue::Flag(flag)) => statement.value = Some(FactValue::Flag(*flag)),
            (_, ExampleValue::Text(word)) => statement.value = Some(FactValue::Text(word.clone())),
            (_, ExampleValue::Number(_)) => return Err(format!("`{name}` is not an amount")),
        }
        Ok(statement)
    }

    pub(super) fn run_boundary(&self, boundary: &Boundary) -> Vec<String> {
        let wanted = [
            ("below", &boundary.below, Truth::NotMet),
            ("at", &boundary.at, Truth::Met),
            ("above", &boundary.above, Truth::Met),
        ];
        wanted
            .into_iter()
            .filter_map(|(name, values, wanted)| match self.line_state(boundary, values) {
                Ok(state) if state == wanted => None,
                Ok(state) => Some(format!("`{name}` gives {state:?}, the file says {wanted:?}")),
                Err(message) => Some(format!("`{name}`: {message}")),
            })
            .collect()
    }

    fn line_state(
        &self,
        boundary: &Boundary,
        values: &BTreeMap<String, ExampleValue>,
    ) -> Result<Truth, String> {
        let mut given = boundary.with.clone();
        given.extend(values.clone());
        let sheet = self.sheet(boundary.person, (boundary.on, boundary.on), boundary.on, &given)?;
        let (known, _) = know(&sheet, &self.law.facts).map_err(|error| error.to_string())?;
        let set = RuleSet::of(self.law, &sheet.offence, boundary.on);
        let mut lines = set.lines();
        let line = lines.find(|(_, _, line)| line.id == boundary.line);
        let (_, _, line) = line.ok_or_else(|| format!("the line is not in force on {}", boundary.on))?;
        Ok(set.line_truth(line, &known))
    }

    pub(super) fn run_example(&self, example: &Example) -> Result<(), String> {
        if example.then.is_empty() {
            return Err("`then` is empty".into());
        }
        match self.rule.kind {
            Kind::Deadline => return self.run_deadline(example),
            Kind::Service => return self.run_service(example),
            Kind::Damages | Kind::Punitive | Kind::AdministrativeFine => {
                return damages::run_example(self.law, self.rule, example);
            }
            _ => {}
        }
        let on = example.on;
        let conduct = example
            .conduct
            .or(on.map(|on| (on, on)))
            .ok_or("give `on`, or `conduct` and `judged_on`")?;
        let judged_on = example.judged_on.or(on).ok_or("give `on` or `judged_on`")?;
        let mut sheet = self.sheet(example.person, conduct, judged_on, &example.given)?;
        if let Some(offence) = &example.offence {
            sheet.offence.clone_from(offence);
        }
        for act in &example.acts {
            sheet.acts.push(self.act(conduct, act)?);
        }
        if self.rule.kind == Kind::Valuation {
            return self.run_valuation(example, &sheet, judged_on);
        }
        let options = AssessOptions {
            sensitivity: false,
            ..AssessOptions::default()
        };
        let answer = assess(self.law, &sheet, judged_on, options).map_err(|error| error.to_string())?;
        for (name, wanted) in &example.then {
            let got = self.answered(&answer, conduct.1, name).ok_or_else(|| {
                format!("`{name}` is not something that an example can ask, or there is none")
            })?;
            if got != printed(wanted) {
                return Err(format!("`{name}` is {got}, the file says {}", printed(wanted)));
            }
        }
        Ok(())
    }

    fn answered(&self, answer: &Assessment, ended_on: Day, name: &str) -> Option<String> {
        let set = answer.rule_sets.iter().find(|set| set.governs)?;
        if let Some(answered) = sentence::answered(answer, set, name) {
            return Some(answered);
        }
        match name {
            "outcome" => Some(outcome_word(answer.outcome).to_owned()),
            "could_reach" => Some(tier_word(answer.could_reach).to_owned()),
            "governs" => Some(answer.governing.as_of.to_string()),
            "rule_sets" => Some(answer.rule_sets.len().to_string()),
            "choice_required" => Some(answer.governing.choice_required.to_string()),
            "attempt" => Some(set.attempt.to_string()),
            "missing_first" => answer.missing.first().map(|missing| missing.fact.clone()),
            "min_months" => set.band.as_ref().map(|band| band.min_months.to_string()),
            "max_months" => set.band.as_ref().map(|band| band.max_months.to_string()),
            "detention_possible" => set.band.as_ref().map(|band| band.detention_possible.to_string()),
            "fine_low" => set.fine.as_ref().map(|fine| yuan(fine.low.at_least_fen)),
            "fine_high" => set.fine.as_ref().and_then(|fine| fine.high.at_most_fen).map(yuan),
            "prosecution_until" => {
                let band = set.band.as_ref()?;
                penalty::prosecution_until(self.law, set.as_of, band.max_months, ended_on)
                    .map(|day| day.to_string())
            }
            id => {
                let reasons = set.reasons.iter().chain(&answer.elements);
                find_line(reasons, id)
                    .and_then(|reason| reason.state)
                    .map(state_word)
            }
        }
    }

    /// An act of an example, on the days of its conduct.
    fn act(&self, conduct: (Day, Day), values: &BTreeMap<String, ExampleValue>) -> Result<Act, String> {
        let mut act = Act {
            from: Some(conduct.0),
            to: Some(conduct.1),
            ..Act::default()
        };
        for (name, value) in values {
            match (name.as_str(), value) {
                ("punished", ExampleValue::Flag(true)) => act.punished_on = Some(conduct.1),
                _ => act.facts.push(self.statement(name, value)?),
            }
        }
        Ok(act)
    }

    /// What a valuation finds: the fact itself where it is exact, or `at_least` and `at_most`.
    fn run_valuation(&self, example: &Example, sheet: &FactSheet, on: Day) -> Result<(), String> {
        let (known, _) = know(sheet, &self.law.facts).map_err(|error| error.to_string())?;
        let found = derived::found_by(self.law, self.rule, on, &known);
        let (fact, found) = found.ok_or_else(|| format!("no version is in force on {on}"))?;
        for (name, wanted) in &example.then {
            let got = match name.as_str() {
                "at_least" => yuan(found.low),
                "at_most" => found.high.map_or_else(|| "open".to_owned(), yuan),
                name if name == fact => match found.high {
                    Some(high) if high == found.low => yuan(high),
                    _ => "open".to_owned(),
                },
                _ => return Err(format!("`{name}` is not something that a valuation answers")),
            };
            if got != printed(wanted) {
                return Err(format!("`{name}` is {got}, the file says {}", printed(wanted)));
            }
        }
        Ok(())
    }

    fn run_deadline(&self, example: &Example) -> Result<(), String> {
        let mut timeline = example.timeline.clone().unwrap_or_default();
        for (name, value) in &example.given {
            let moment: Moment = printed(value)
                .parse()
                .map_err(|error| format!("`{name}`: {error}"))?;
            timeline.events.insert(name.clone(), moment);
        }
        timeline.rule = Some(self.rule.id.clone());
        timeline.group = None;
        let results = deadlines(self.law, &timeline).map_err(|error| error.to_string())?;
        let result = results.first().ok_or("there is no such clock")?;
        for (name, wanted) in &example.then {
            let (got, wanted) = (clock_answer(result, name)?, printed(wanted));
            if got != wanted {
                return Err(format!("`{name}` is {got}, the file says {wanted}"));
            }
        }
        Ok(())
    }

    /// A service is tried with the day that its rule asks for, `on`.
    fn run_service(&self, example: &Example) -> Result<(), String> {
        let on = example.on.ok_or("give `on`")?;
        for (method, wanted) in &example.then {
            let served = served_on(self.law, &self.rule.id, method, on)?;
            if served.to_string() != printed(wanted) {
                return Err(format!(
                    "`{method}` is {served}, the file says {}",
                    printed(wanted)
                ));
            }
        }
        Ok(())
    }
}

/// What a clock answers to the name that an example asks for: `open` where it has no such day.
fn clock_answer(result: &ClockResult, name: &str) -> Result<String, String> {
    let reading = |kind: ReadingKind| {
        let found = result.readings.iter().find(|reading| reading.reading == kind)?;
        let at = found.due_at.map(|at| at.to_string());
        at.or(found.due_on.map(|day| day.to_string()))
    };
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    let state = || {
        let word = serde_json::to_value(result.state).ok()?;
        word.as_str().map(str::to_owned)
    };
    let answer = match name {
        "due_on" => day(result.due_on),
        "due_at" => result.due_at.map(|at| at.to_string()),
        "not_before" => day(result.not_before),
        "not_after" => day(result.not_after),
        "state" => state(),
        "working_days" => reading(ReadingKind::WorkingDays),
        "moved_last_day" => reading(ReadingKind::MovedLastDay),
        "first_hour_not_counted" => reading(ReadingKind::FirstHourNotCounted),
        "whole_days_between" => reading(ReadingKind::WholeDaysBetween),
        _ => return Err(format!("`{name}` is not something that a deadline answers")),
    };
    Ok(answer.unwrap_or_else(|| "open".to_owned()))
}

fn find_line<'a>(reasons: impl IntoIterator<Item = &'a Reason>, id: &str) -> Option<&'a Reason> {
    reasons.into_iter().find_map(|reason| {
        let own = (reason.line.as_deref() == Some(id)).then_some(reason);
        own.or_else(|| find_line(&reason.children, id))
    })
}

/// A number of an example in fen or pieces.
pub(crate) fn number(value: &ExampleValue, unit: Amount) -> Result<i64, String> {
    match (value, unit) {
        (ExampleValue::Number(yuan), Amount::Fen(_)) => Fen::from_yuan(*yuan)
            .map(|fen| fen.0)
            .ok_or_else(|| format!("{yuan} is too large")),
        (ExampleValue::Text(text), Amount::Fen(_)) => Fen::parse_yuan(text)
            .map(|fen| fen.0)
            .map_err(|error| error.to_string()),
        (ExampleValue::Number(count), Amount::Count(_)) => Ok(*count),
        _ => Err("not an amount of that unit".into()),
    }
}

/// Fen as an example writes yuan: no commas, no empty fraction.
fn yuan(fen: i64) -> String {
    Fen(fen).to_yuan_string().trim_end_matches(".00").replace(',', "")
}

pub(crate) fn printed(value: &ExampleValue) -> String {
    match value {
        ExampleValue::Flag(flag) => flag.to_string(),
        ExampleValue::Number(number) => number.to_string(),
        ExampleValue::Text(text) => text.clone(),
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Below => "below",
        Outcome::Undetermined => "undetermined",
        Outcome::Base => "base",
        Outcome::Serious => "serious",
        Outcome::EspeciallySerious => "especially_serious",
    }
}

fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Below => "below",
        Tier::Base => "base",
        Tier::Serious => "serious",
        Tier::EspeciallySerious => "especially_serious",
    }
}

fn state_word(state: Truth) -> String {
    match state {
        Truth::Met => "met",
        Truth::NotMet => "not_met",
        Truth::Unknown => "unknown",
    }
    .to_owned()
}
