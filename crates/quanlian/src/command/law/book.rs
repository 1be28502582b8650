//! `law show`, `law list`, `law check`, `law schema`: the rule files as they stand.
//!
//! In:  ids, days, filters.
//! Out: rules for people or as JSON, the findings of the check, schemas for editors.

use std::process::ExitCode;

use quanlian_law::{FactDefinition, Finding, Kind, Rule, RuleBook, RuleSummary, Severity, Vocabulary};
use quanlian_record::time::Day;
use serde::Serialize;

use super::{book, language};
use crate::{
    cli::{LawList, LawSource, SchemaOf},
    fault::{Blame, Fault, Outcome, answer_no},
    output::{self, Output},
};

/// A rule, and for an offence the facts that its rules ask for.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    rule: &'a Rule,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<&'a FactDefinition>,
}

/// `law show`
pub(crate) fn show(id: &str, on: Option<Day>, source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let list = match id {
        "facts" => {
            output.document(&book.fact_names().collect::<Vec<_>>()).system()?;
            Some(Vocabulary::Facts)
        }
        "events" => {
            output
                .document(&book.event_names().collect::<Vec<_>>())
                .system()?;
            Some(Vocabulary::Events)
        }
        "sources" => {
            output.document(book.sources()).system()?;
            Some(Vocabulary::Sources)
        }
        _ => None,
    };
    if let Some(list) = list {
        output.text(book.render_vocabulary(list, language(output)).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(rule) = book.show(id) else {
        return Err(unknown(&book, id));
    };
    let mut of_the_day = rule.clone();
    of_the_day
        .versions
        .retain(|version| on.is_none_or(|on| version.in_force(on)));
    let facts = if rule.kind == Kind::Element {
        book.facts_of(&rule.id, on)
    } else {
        Vec::new()
    };
    let shown = Shown {
        rule: &of_the_day,
        facts,
    };
    output.document(&shown).system()?;
    output.text(book.render_rule(rule, on, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// No rule has this id; those that begin with it are named.
fn unknown(book: &RuleBook, id: &str) -> Fault {
    let known: Vec<String> = book
        .list()
        .into_iter()
        .map(|rule| rule.id)
        .filter(|known| known.starts_with(id))
        .collect();
    let hint = if known.is_empty() {
        "see `quanlian law list`".to_owned()
    } else {
        format!("known are {}", known.join(", "))
    };
    Fault::BadInput(anyhow::anyhow!("there is no rule `{id}`; {hint}"))
}

/// `law list`
pub(crate) fn list(arguments: &LawList, output: &Output) -> Outcome {
    let book = book(&arguments.source)?;
    if let Some(offence) = &arguments.offence
        && book.show(offence).is_none()
    {
        return Err(unknown(&book, offence));
    }
    let wanted = |summary: &RuleSummary| {
        let Some(rule) = book.show(&summary.id) else {
            return false;
        };
        arguments.on.is_none_or(|on| rule.version_on(on).is_some())
            && arguments.offence.as_ref().is_none_or(|id| rule.is_about(id))
            && arguments.kind.is_none_or(|kind| rule.kind == kind)
            && !(arguments.unverified && summary.verified)
    };
    let rules: Vec<RuleSummary> = book.list().into_iter().filter(wanted).collect();
    output.document(&rules).system()?;
    for rule in &rules {
        let key = if rule.verified { "law.read" } else { "law.unread" };
        output.text(&output.messages.get(
            "law.line",
            &[
                ("id", rule.id.clone()),
                ("title", rule.title.get(language(output)).to_owned()),
                ("citation", rule.citation.get(language(output)).to_owned()),
                ("verified", output.messages.text(key)),
            ],
        ));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    #[serde(flatten)]
    report: quanlian_law::CheckReport,
}

/// `law check`
pub(crate) fn check(source: &LawSource, output: &Output) -> Outcome {
    let report = book(source)?.check();
    let checked = Checked {
        ok: report.is_clean(),
        report,
    };
    output.document(&checked).system()?;
    for finding in &checked.report.findings {
        output.text(&in_words(finding, output));
    }
    let count = |severity: Severity| {
        let findings = checked.report.findings.iter();
        findings.filter(|finding| finding.severity == severity).count()
    };
    output.text(&output.messages.get(
        "law.checked",
        &[
            ("rules", checked.report.rules),
            ("lines", checked.report.lines),
            ("examples", checked.report.examples),
            ("unverified", checked.report.unverified.len()),
            ("errors", count(Severity::Error)),
            ("warnings", count(Severity::Warning)),
        ],
    ));
    Ok(if checked.ok {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

/// `file:line: error [code] what it is: what exactly, and what to do`.
fn in_words(finding: &Finding, output: &Output) -> String {
    let place = finding
        .at_line
        .map_or(finding.file.clone(), |line| format!("{}:{line}", finding.file));
    let severity = match finding.severity {
        Severity::Error => "law.error",
        Severity::Warning => "law.warning",
    };
    output.messages.get(
        "law.finding",
        &[
            ("place", place),
            ("severity", output.messages.text(severity)),
            ("code", finding.code.to_owned()),
            ("what", output.messages.text(&format!("finding.{}", finding.code))),
            ("message", finding.message.clone()),
        ],
    )
}

/// `law schema`
pub(crate) fn schema(of: SchemaOf, source: &LawSource) -> Outcome {
    let schema = match of {
        SchemaOf::Rules => quanlian_law::rule_schema(),
        SchemaOf::Facts => book(source)?.sheet_schema(),
    };
    output::write_line(&serde_json::to_string_pretty(&schema).system()?);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use crate::message::{Language, Messages};

    #[test]
    fn every_finding_has_words_in_both_languages() {
        for language in [Language::Zh, Language::En] {
            let messages = Messages::of(language);
            for code in quanlian_law::FINDING_CODES {
                assert!(messages.has(&format!("finding.{code}")), "{code}");
            }
        }
    }
}
