//! Words (用语): every coded word that the API uses, with its names in Chinese and in English.
//!
//! In:  the enums and files in which the words are defined; `messages/terms.*.toml` for those that have no names there.
//! Out: words by group, for pages; the same as long as program and policies are, so a browser keeps them (`ETag`).
//!
//! Invariant: a word stands in one place; a test compares the names with the words of the program.
//!
//! Not here: why an act cannot be done (`procedures/messages.toml`, told with each refusal), names of procedures and indicators (their own
//! routes).

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_indicator::{Grouping, Unit};
use quanlian_ledger::{Term, finding, goods, party, task, verdict};
use quanlian_procedure::{ActKind, ClockState, Light, StageKind};
use quanlian_record::identifier::IdentifierKind;
use quanlian_store::jobs::JobState;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    Problem,
    caller::Caller,
    trail::{self, Outcome},
};
use crate::{
    permission::{Action, Reach},
    platform::Platform,
    telling::mail::words::Words,
    work::Task,
};

const ZH: &str = include_str!("../../../../messages/terms.zh.toml");
const EN: &str = include_str!("../../../../messages/terms.en.toml");

type Book = BTreeMap<String, BTreeMap<String, String>>;

/// A word with its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TermView {
    /// As the API says it.
    word: String,
    zh: String,
    en: String,
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(super) struct RoleView {
    word: String,
    zh: String,
    en: String,
    /// `nothing`, `handled`, `unit` or `agency`.
    reach: &'static str,
    /// Actions that it may do at all.
    may: Vec<&'static str>,
    /// Whether who holds it holds no other.
    is_alone: bool,
}

/// All words.
#[derive(Serialize, ToSchema)]
pub(super) struct TermsView {
    roles: Vec<RoleView>,
    /// By group: `light`, `status`, `stage_kind`, `act_kind`, `clock_state`, `file_kind`, `action`, `reach`, `job_kind`, `job_state`,
    /// `task_state`, `account_state`, `indicator_unit`, `indicator_grouping`, `medium`, `segment_unit`, `identifier`; of the ledger
    /// `party_role`, `party_kind`, `goods_kind`, `goods_measure`, `price_basis`, `movement`, `task_end`, `verdict`, `finding`,
    /// `ledger_refusal`; of notices `notice` (templates, with `{about}` and `{light}`) and `notice_light`.
    terms: BTreeMap<&'static str, Vec<TermView>>,
}

/// Every coded word with its names.
#[utoipa::path(
    operation_id = "terms", get, path = "/api/v1/terms", params(("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = TermsView), (status = 304, description = "what the caller has is what there is"), (status = 401))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = json!({"kind": "terms"});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
    let view = TermsView {
        roles: roles(&platform),
        terms: terms().map_err(Problem::internal)?,
    };
    let digest = Sha256::digest(json!(view).to_string());
    let etag = format!("\"{}\"", hex::encode(&digest[..16]));
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(view).into_response()
    };
    let kept = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

fn roles(platform: &Platform) -> Vec<RoleView> {
    let all = platform.permissions().roles().iter();
    all.map(|(word, role)| RoleView {
        word: word.to_owned(),
        zh: role.zh.clone(),
        en: role.en.clone(),
        reach: role.reach.word(),
        may: role.may.iter().map(|action| action.word()).collect(),
        is_alone: role.is_alone,
    })
    .collect()
}

/// The words that have names in the file, by group, in the order of the program.
fn named() -> Vec<(&'static str, Vec<String>)> {
    fn serialized<T: Serialize>(all: &[T]) -> Vec<String> {
        let word = |one: &T| match json!(one) {
            Value::String(word) => word,
            other => other.to_string(),
        };
        all.iter().map(word).collect()
    }
    let texts = |all: &[&str]| all.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    vec![
        ("light", serialized(Light::ALL)),
        ("status", texts(&super::matters::STATUSES)),
        ("stage_kind", serialized(StageKind::ALL)),
        ("act_kind", serialized(ActKind::ALL)),
        ("clock_state", serialized(ClockState::ALL)),
        (
            "action",
            Action::ALL.iter().map(|one| one.word().to_owned()).collect(),
        ),
        (
            "reach",
            Reach::ALL.iter().map(|one| one.word().to_owned()).collect(),
        ),
        ("job_kind", texts(&Task::KINDS)),
        (
            "job_state",
            JobState::ALL.iter().map(|one| one.word().to_owned()).collect(),
        ),
        ("indicator_unit", serialized(Unit::ALL)),
        ("indicator_grouping", serialized(Grouping::ALL)),
        ("identifier", serialized(IdentifierKind::ALL)),
    ]
}

/// Groups of which the program has no list: whatever a file or a matter says, or what another crate reports.
const OPEN_GROUPS: [&str; 5] = [
    "file_kind",
    "task_state",
    "account_state",
    "medium",
    "segment_unit",
];

fn terms() -> Result<BTreeMap<&'static str, Vec<TermView>>, String> {
    let read = |text: &str| toml::from_str::<Book>(text).map_err(|error| error.to_string());
    let (zh, en) = (read(ZH)?, read(EN)?);
    let name = |book: &Book, group: &str, word: &str| {
        let found = book.get(group).and_then(|group| group.get(word));
        found.map_or_else(|| word.to_owned(), Clone::clone)
    };
    let view = |group: &str, word: String| TermView {
        zh: name(&zh, group, &word),
        en: name(&en, group, &word),
        word,
    };
    let mut terms = BTreeMap::new();
    for (group, words) in named() {
        terms.insert(group, words.into_iter().map(|word| view(group, word)).collect());
    }
    for group in OPEN_GROUPS {
        let words = zh.get(group).into_iter().flat_map(BTreeMap::keys);
        terms.insert(group, words.map(|word| view(group, word.clone())).collect());
    }
    let of_ledger = |term: Term| TermView {
        word: term.word.to_owned(),
        zh: term.zh.to_owned(),
        en: term.en.to_owned(),
    };
    macro_rules! of_ledger {
        ($($group:literal: $of:ty;)*) => {$(
            terms.insert($group, <$of>::ALL.iter().map(|one| of_ledger(one.term())).collect());
        )*};
    }
    of_ledger! {
        "party_role": party::Role;
        "party_kind": party::Kind;
        "goods_kind": goods::Kind;
        "goods_measure": goods::Measure;
        "price_basis": goods::Basis;
        "movement": goods::MovementKind;
        "task_end": task::End;
        "verdict": verdict::Verdict;
        "finding": finding::What;
    }
    let refusal = |code: &quanlian_ledger::RefusalCode| {
        let (zh, en) = code.texts();
        TermView {
            word: code.code().to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    };
    let refusals = quanlian_ledger::RefusalCode::ALL.iter().map(refusal);
    terms.insert("ledger_refusal", refusals.collect());
    let words = Words::embedded()?;
    for (group, prefix, kept) in [("notice", "notice.", "notice."), ("notice_light", "light.", "")] {
        let view = |(word, zh, en): (&str, &str, &str)| TermView {
            word: format!("{kept}{word}"),
            zh: zh.to_owned(),
            en: en.to_owned(),
        };
        terms.insert(group, words.below(prefix).into_iter().map(view).collect());
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_has_names_in_both_languages_and_no_name_is_of_no_word() {
        let words: BTreeMap<&str, BTreeSet<String>> = named()
            .into_iter()
            .map(|(group, words)| (group, words.into_iter().collect()))
            .collect();
        for book in [ZH, EN] {
            let book: Book = toml::from_str(book).unwrap();
            for (group, named) in &book {
                let named: BTreeSet<String> = named.keys().cloned().collect();
                match words.get(group.as_str()) {
                    Some(words) => assert_eq!(&named, words, "{group}"),
                    None => assert!(OPEN_GROUPS.contains(&group.as_str()), "{group}"),
                }
            }
            assert_eq!(book.len(), words.len() + OPEN_GROUPS.len());
        }
        let terms = terms().unwrap();
        for (group, all) in &terms {
            let once: BTreeSet<&String> = all.iter().map(|term| &term.word).collect();
            assert!(!all.is_empty() && once.len() == all.len(), "{group}");
            assert!(
                all.iter().all(|term| !term.zh.is_empty() && !term.en.is_empty()),
                "{group}"
            );
        }
        assert!(terms["notice"].iter().any(|term| term.word == "notice.receipt"));
    }
}
