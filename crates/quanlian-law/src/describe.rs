//! What a rule says, in words: lines, bands, fines, periods, and anything else as a list of its fields.
//!
//! In:  a version of a rule, whatever its kind.
//! Out: texts in both languages, for [`crate::RuleBook::render_rule`] and for the comparison of two days.
//!
//! Invariant: a kind of rule without words of its own is shown field by field, never left out.

use serde_json::Value;

use crate::{
    deadline,
    load::Parsed,
    penalty,
    rule::{
        Band, Body, Condition, Element, FineBasis, FineChoice, FineMode, FineRule, LimitationStep, Line,
        Rule, Tier, Version,
    },
    text::{Text, key},
};

/// One thing that a version says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Id of the line, step or element; empty where it has none.
    pub(crate) id: String,
    /// In words.
    pub(crate) text: Text,
    /// Whether it was read in a source; `None` where the mark of the provision counts.
    pub(crate) verified: Option<bool>,
    /// What exactly was not seen.
    pub(crate) note: Option<Text>,
}

impl Said {
    fn plain(text: Text) -> Self {
        Self {
            id: String::new(),
            text,
            verified: None,
            note: None,
        }
    }
}

/// What a version says, in the order of the file.
pub(crate) fn version(law: &Parsed, rule: &Rule, version: &Version) -> Vec<Said> {
    let tier = |tier: Tier| match rule.offences.first() {
        Some(offence) => law.tier_of(offence, tier),
        None => law.tier(tier),
    };
    match &version.body {
        Body::Lines(lines) => lines
            .iter()
            .map(|line| Said {
                id: line.id.clone(),
                text: tiered(law, &tier(line.tier), &self::line(law, line, lines)),
                verified: Some(line.verified),
                note: line.note.clone(),
            })
            .collect(),
        Body::Elements(elements) => elements
            .iter()
            .map(|item| Said {
                id: item.id.clone(),
                text: element(law, item),
                verified: Some(item.verified),
                note: None,
            })
            .collect(),
        Body::NoOffence => vec![Said::plain(law.messages.say(key::RULE_NO_OFFENCE, &[]))],
        Body::Bands(bands) => bands
            .iter()
            .map(|item| Said::plain(tiered(law, &tier(item.tier), &band(law, item))))
            .collect(),
        Body::Fine(fine) => {
            let verified = fine.steps.iter().map(|step| Some(step.verified));
            fine_steps(law, fine)
                .into_iter()
                .zip(verified)
                .map(|(text, verified)| Said {
                    verified,
                    ..Said::plain(text)
                })
                .collect()
        }
        Body::FineFloor {
            adult_fen, minor_fen, ..
        } => {
            let values = [
                ("adult", &law.money(*adult_fen)),
                ("minor", &law.money(*minor_fen)),
            ];
            vec![Said::plain(law.messages.say(key::RULE_FINE_FLOOR, &values))]
        }
        Body::UnitFactor(times) => vec![Said::plain(unit(law, *times))],
        Body::Limitation(steps) => steps
            .iter()
            .map(|step| Said::plain(limitation(law, step)))
            .collect(),
        Body::Clock(clock) => {
            let starts = law.event_title(&clock.starts);
            let ends: Vec<Text> = clock.ends.iter().map(|name| law.event_title(name)).collect();
            let values = [
                ("actor", &clock.actor),
                ("act", &clock.act),
                ("starts", &starts),
                ("ends", &Text::join(&ends)),
                ("length", &deadline::length_of_period(law, clock)),
            ];
            vec![Said::plain(law.messages.say(key::RULE_CLOCK, &values))]
        }
        // Kinds without words of their own, so that a new kind is shown from its first day.
        other => fields(other)
            .into_iter()
            .map(|(path, value)| Said {
                text: Text {
                    zh: format!("{path}：{}", value.zh),
                    en: format!("{path}: {}", value.en),
                },
                ..Said::plain(Text::default())
            })
            .collect(),
    }
}

/// A line or band with its tier: `entry tier: illegal gain: 30,000.00 yuan or more`.
fn tiered(law: &Parsed, tier: &Text, said: &Text) -> Text {
    law.messages
        .say(key::RULE_TIER, &[("tier", tier), ("line", said)])
}

/// A line in words, without its tier. `beside` are the lines whose shares it may count.
pub(crate) fn line(law: &Parsed, line: &Line, beside: &[Line]) -> Text {
    let mut condition = condition(law, &line.condition, beside);
    if line.attempt {
        condition = law.messages.say(key::RULE_ATTEMPT, &[("line", &condition)]);
    }
    if line.applies.is_empty() {
        return condition;
    }
    let flags = circumstances(law, &line.applies);
    law.messages
        .say(key::RULE_WHERE, &[("flags", &flags), ("line", &condition)])
}

/// The circumstances that a line asks for.
pub(crate) fn circumstances(law: &Parsed, flags: &[String]) -> Text {
    let titles: Vec<Text> = flags.iter().map(|flag| law.fact_title(flag)).collect();
    Text::join(&titles)
}

fn condition(law: &Parsed, condition: &Condition, beside: &[Line]) -> Text {
    let several = |key: &str, inner: &[Condition]| {
        let inner: Vec<Text> = inner
            .iter()
            .map(|one| self::condition(law, one, beside))
            .collect();
        law.messages.say(key, &[("conditions", &Text::join(&inner))])
    };
    match condition {
        Condition::AtOrAbove { fact, threshold } => {
            let values = [
                ("fact", &law.fact_title(fact)),
                ("amount", &law.amount(fact, *threshold)),
            ];
            law.messages.say(key::RULE_AT_OR_ABOVE, &values)
        }
        Condition::Flag(flag) => law.fact_title(flag),
        Condition::Reaches { offence, tier } => {
            let title = law.rules.get(offence).map(|rule| rule.title.clone());
            let values = [
                ("offence", &title.unwrap_or_else(|| Text::same(offence.clone()))),
                ("tier", &law.tier_of(offence, *tier)),
            ];
            law.messages.say(key::RULE_REACHES, &values)
        }
        Condition::All(inner) => several(key::RULE_ALL, inner),
        Condition::Any(inner) => several(key::RULE_ANY, inner),
        Condition::AtLeast {
            count,
            share_percent,
            of,
        } => {
            let members: Vec<Text> = of
                .iter()
                .map(|id| {
                    let member = beside.iter().find(|line| line.id == *id);
                    member.map_or_else(
                        || Text::same(id.clone()),
                        |member| self::condition(law, &member.condition, beside),
                    )
                })
                .collect();
            let values = [
                ("count", &Text::same(count.to_string())),
                ("share", &Text::same(share_percent.to_string())),
                ("lines", &Text::join(&members)),
            ];
            law.messages.say(key::RULE_AT_LEAST, &values)
        }
    }
}

/// A statutory element with the values that meet it.
pub(crate) fn element(law: &Parsed, element: &Element) -> Text {
    let mut text = law.messages.say(
        key::RULE_ELEMENT,
        &[
            ("element", &element.title),
            ("fact", &Text::same(element.fact.clone())),
        ],
    );
    if !element.values.is_empty() {
        let values = Text::same(element.values.join(", "));
        text.append(&law.messages.say(key::RULE_ELEMENT_VALUES, &[("values", &values)]));
    }
    if !element.signs.is_empty() {
        let signs = circumstances(law, &element.signs);
        text.append(&law.messages.say(key::RULE_ELEMENT_SIGNS, &[("signs", &signs)]));
    }
    if !element.denied_by.is_empty() {
        let flags = circumstances(law, &element.denied_by);
        text.append(
            &law.messages
                .say(key::RULE_ELEMENT_DENIED_BY, &[("flags", &flags)]),
        );
    }
    text
}

/// A band in words, with the way a fine goes with it.
pub(crate) fn band(law: &Parsed, band: &Band) -> Text {
    let fine = match band.fine {
        FineMode::Mandatory => key::RULE_FINE_MANDATORY,
        FineMode::TogetherOrAlone => key::RULE_FINE_TOGETHER_OR_ALONE,
    };
    let mut text = penalty::band_text(law, band);
    text.append(&law.messages.say(fine, &[]));
    text
}

/// The steps of a fine rule, in order.
pub(crate) fn fine_steps(law: &Parsed, fine: &FineRule) -> Vec<Text> {
    let number = |n: u32| Text::same(n.to_string());
    let words = |basis: &FineBasis| match basis {
        FineBasis::ShareOf {
            fact,
            low_percent,
            high_percent,
        } => {
            let values = [
                ("fact", &law.fact_title(fact)),
                ("low", &number(*low_percent)),
                ("high", &number(*high_percent)),
            ];
            law.messages.say(key::RULE_FINE_SHARE, &values)
        }
        FineBasis::Fixed(tiers) => {
            let one = |(tier, (low, high)): (&Tier, &(i64, i64))| {
                let values = [
                    ("tier", &law.tier(*tier)),
                    ("low", &law.money(*low)),
                    ("high", &law.money(*high)),
                ];
                law.messages.say(key::RULE_FINE_FIXED, &values)
            };
            let tiers: Vec<Text> = tiers.iter().map(one).collect();
            Text::join(&tiers)
        }
    };
    let choose = match fine.mode {
        FineChoice::FirstKnown => key::RULE_FINE_FIRST_KNOWN,
        FineChoice::Either => key::RULE_FINE_EITHER,
    };
    let steps = fine.steps.iter().enumerate();
    steps
        .map(|(index, step)| {
            let place = Text::same((index + 1).to_string());
            let values = [("number", &place), ("step", &words(&step.basis))];
            law.messages.say(choose, &values)
        })
        .collect()
}

/// How lines for units differ.
pub(crate) fn unit(law: &Parsed, times: u32) -> Text {
    let times = Text::same(times.to_string());
    law.messages.say(key::RULE_UNIT, &[("times", &times)])
}

fn limitation(law: &Parsed, step: &LimitationStep) -> Text {
    let years = Text::same(step.years.to_string());
    match step.max_months_below {
        Some(months) => {
            let months = Text::same(months.to_string());
            let values = [("months", &months), ("years", &years)];
            law.messages.say(key::RULE_LIMITATION_BELOW, &values)
        }
        None => law.messages.say(key::RULE_LIMITATION_REST, &[("years", &years)]),
    }
}

/// The fields of any body, each with the path that leads to it. What has an id is named by it, so that two
/// versions compare the same thing with itself.
pub(crate) fn fields(body: &Body) -> Vec<(String, Text)> {
    let mut found = Vec::new();
    // A body serialises as `{ kind: content }`; the name of the kind is no part of the path.
    if let Ok(Value::Object(kinds)) = serde_json::to_value(body) {
        kinds.values().for_each(|value| flatten(value, "", &mut found));
    }
    found
}

fn flatten(value: &Value, path: &str, found: &mut Vec<(String, Text)>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        Value::Null => {}
        Value::Object(fields) => match serde_json::from_value::<Text>(value.clone()) {
            Ok(text) => found.push((path.to_owned(), text)),
            Err(_) => fields
                .iter()
                .for_each(|(name, inner)| flatten(inner, &below(name), found)),
        },
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let words: Vec<String> = items.iter().map(word).collect();
            found.push((path.to_owned(), Text::same(words.join(", "))));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = ["id", "tier", "name"]
                    .iter()
                    .find_map(|key| item.get(key).and_then(Value::as_str))
                    .map_or_else(|| (index + 1).to_string(), str::to_owned);
                flatten(item, &format!("{path}[{name}]"), found);
            }
        }
        scalar => found.push((path.to_owned(), Text::same(word(scalar)))),
    }
}

/// Several sentences one after the other.
pub(crate) fn list(texts: &[Text]) -> Text {
    let join = |of: fn(&Text) -> &str, with: &str| texts.iter().map(of).collect::<Vec<_>>().join(with);
    Text {
        zh: join(|text| &text.zh, "；"),
        en: join(|text| &text.en, "; "),
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
