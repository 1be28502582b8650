//! The sheet of a paper of custody: bounded, cleaned, in the words that the template sets.
//!
//! In:  a [`CustodyForm`], of any size and with anything in its strings.
//! Out: one JSON value; its keys are the contract with `templates/form.typ`.
//!
//! Invariant: every string has gone through [`Cleaner`]; what is not known is `null`.

use quanlian_record::time::Timestamp;
use serde_json::{Value, json};

use super::{CustodyForm, FormAct, FormItem};
use crate::{sheet::limits, text::Cleaner};

pub(super) fn sheet(form: &CustodyForm, cleaner: Cleaner<'_>, at: Timestamp) -> Value {
    let mut writer = Writer { cleaner };
    let mut data = json!({
        "language": form.language,
        "kind": form.kind,
        "id": writer.name(&form.id),
        // The head of every page has it; the field on the first page shows the blank.
        "case_number": writer.maybe(form.case_number.as_ref()).unwrap_or_else(|| "—".to_owned()),
        "case": writer.maybe(form.case_number.as_ref()),
        "agency": writer.maybe(form.agency.as_ref()),
        "log": writer.maybe(form.log.as_ref()),
        "made_at": at.to_local_string(),
        "running": {
            "case_number": form.case_number.as_ref().map_or_else(
                || "—".to_owned(),
                |number| writer.cleaner.clean(number, limits::MAX_RUNNING_CHARS),
            ),
            "version": writer.cleaner.clean(&form.version, limits::MAX_RUNNING_CHARS),
        },
        "items": writer.items(&form.items),
        "act": form.act.as_ref().map(|act| writer.act(act)),
    });
    data["families"] = json!({
        "serif": writer.cleaner.fonts().serif(),
        "sans": writer.cleaner.fonts().sans(),
        "others": writer.cleaner.other_families(),
    });
    data
}

struct Writer<'f> {
    cleaner: Cleaner<'f>,
}

impl Writer<'_> {
    fn items(&mut self, items: &[FormItem]) -> Value {
        let printed: Vec<Value> = items
            .iter()
            .take(limits::MAX_LINES)
            .map(|item| self.item(item))
            .collect();
        json!({"items": printed, "more": items.len().saturating_sub(limits::MAX_LINES)})
    }

    fn item(&mut self, item: &FormItem) -> Value {
        json!({
            "name": self.name(&item.name),
            "kind": self.maybe(item.kind.as_ref()),
            "format": self.maybe(item.format.as_ref()),
            "source": self.sentence(item.source.as_ref()),
            "size_bytes": item.size_bytes.to_string(),
            "sha256": self.name(&item.sha256),
            "sm3": self.name(&item.sm3),
            "deposit": self.name(&item.deposit),
            "deposited_at": item.deposited_at.to_local_string(),
            "log_index": item.log_index.to_string(),
            "is_sealed": item.is_sealed,
        })
    }

    fn act(&mut self, act: &FormAct) -> Value {
        let parties: Vec<Value> = act
            .parties
            .iter()
            .take(limits::MAX_LINES)
            .map(|party| {
                json!({
                    "role": party.role,
                    "name": self.maybe(party.name.as_ref()),
                    "organisation": self.maybe(party.organisation.as_ref()),
                    "signed": party.signed,
                    "detail": self.sentence(party.detail.as_ref()),
                })
            })
            .collect();
        let media: Vec<Value> = act
            .media
            .iter()
            .take(limits::MAX_LINES)
            .map(|media| json!({"name": self.name(&media.name), "sha256": self.name(&media.sha256)}))
            .collect();
        json!({
            "state": act.state,
            "at": act.at.to_local_string(),
            "clock": self.sentence(act.clock.as_ref()),
            "place": self.sentence(act.place.as_ref()),
            "reason": self.sentence(act.reason.as_ref()),
            "irregular": self.sentence(act.irregular.as_ref()),
            "tool": self.name(&act.tool),
            "machine": self.sentence(act.machine.as_ref()),
            "cleanliness": self.sentence(act.cleanliness.as_ref()),
            "media": {"items": media, "more": act.media.len().saturating_sub(limits::MAX_LINES)},
            "parties": {"items": parties, "more": act.parties.len().saturating_sub(limits::MAX_LINES)},
        })
    }

    fn name(&mut self, text: &str) -> String {
        self.cleaner.clean(text, limits::MAX_NAME_CHARS)
    }

    fn maybe(&mut self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.name(text))
    }

    fn sentence(&mut self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.cleaner.clean(text, limits::MAX_SENTENCE_CHARS))
    }
}
