//! Copies of the audit trail for others: lines as JSON, people under names that stand for them.
//!
//! In:  the same question as the search of lines; whether people are named.
//! Out: one line of JSON for each line of the trail, oldest first, and a last one that says how many there were.
//!
//! Without names: people and their accounts stand under a digest that only this installation can make, always the same for the same
//! person; their agencies stay. Addresses and stated purposes, in which anything may stand, are left out.
//!
//! Invariants: whoever gets a copy that has no last line got a part of it; that a copy was taken stands in the trail.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use hmac::{Hmac, Mac as _};
use quanlian_store::{
    TrailStore as _,
    trail::{Line, LineQuery, MAX_PAGE_LINES},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use utoipa::IntoParams;

use super::{super::caller::Asked, Caller, Platform, Problem, allowed, instant, view};

/// A digest that stands for a person has so many signs.
const SIGNS: usize = 16;
/// What is told of the object of a line without names,
const TOLD_OF_OBJECTS: [&str; 6] = ["kind", "id", "version", "procedure", "agency", "names"];
/// and where its id is that of a person.
const PERSONAL: [&str; 4] = ["account", "token", "tokens", "session"];

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Only this instant or later (RFC 3339).
    from: Option<String>,
    /// Only before this instant.
    until: Option<String>,
    /// Only with this thing: the id of a matter, the code of an agency.
    object: Option<String>,
    /// `true` for people by name; else they stand under digests.
    names: Option<bool>,
}

/// Takes a copy of the audit trail.
#[utoipa::path(
    get, path = "/api/v1/audit/export", params(ExportQuery),
    responses((status = 200, description = "lines of JSON; the last is `{\"end\": true, \"lines\": …}`", content_type = "application/x-ndjson"), (status = 400), (status = 401), (status = 403))
)]
pub(crate) async fn export(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<ExportQuery>,
) -> Result<Response, Problem> {
    let names = asked.names.unwrap_or(false);
    let query = LineQuery {
        actor: None,
        action: None,
        object_kind: None,
        object: asked.object.clone(),
        result: None,
        address: None,
        from: instant(asked.from.as_ref())?,
        until: instant(asked.until.as_ref())?,
        after: None,
        is_backwards: false,
        limit: Some(MAX_PAGE_LINES),
    };
    let object = json!({"kind": "audit", "names": names});
    allowed(&platform, &caller, "audit_export", object).await?;
    let key = platform.blind().map(crate::platform::Blind::pseudonyms);
    if !names && key.is_none() {
        let detail =
            "this installation was started without a key for names; ask for the copy with `names=true`";
        return Err(Problem::new(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            "names_not_kept",
            detail,
        ));
    }
    let key = key.filter(|_| !names);
    let pages = stream::unfold(Some((query, 0_u64)), move |state| {
        let (platform, key) = (platform.clone(), key.clone());
        async move {
            let (mut query, mut count) = state?;
            let page = match platform.store().lines(&query).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(?error, "a copy of the trail could not be taken to its end");
                    return Some((Err(std::io::Error::other("the trail cannot be read")), None));
                }
            };
            let mut text = String::new();
            for line in &page.lines {
                text.push_str(&told(line, key.as_ref()).to_string());
                text.push('\n');
            }
            count += page.lines.len() as u64;
            let next = page.next.map(|next| {
                query.after = Some(next);
                (query, count)
            });
            if next.is_none() {
                text.push_str(&json!({"end": true, "lines": count}).to_string());
                text.push('\n');
            }
            Some((Ok(Bytes::from(text)), next))
        }
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(pages)).into_response())
}

type Key = Hmac<Sha256>;

fn told(line: &Line, key: Option<&Key>) -> Value {
    let mut told = view(line);
    let Some(key) = key else { return told };
    if let Some(actor) = told["actor"].as_str() {
        told["actor"] = json!(stands_for(key, actor));
    }
    let body = &mut told["body"];
    if let Some(fields) = body.as_object_mut() {
        fields.remove("address");
        fields.remove("purpose");
    }
    if let Some(object) = body["object"].as_object_mut() {
        // What a line says of its object beyond these may be anything, a name too.
        object.retain(|field, _| TOLD_OF_OBJECTS.contains(&field.as_str()));
        let kind = object.get("kind").and_then(Value::as_str);
        let is_person = kind.is_none_or(|kind| PERSONAL.contains(&kind));
        if let Some(id) = object.get_mut("id").filter(|_| is_person) {
            *id = json!(digest(key, &id.to_string()));
        }
    }
    told
}

/// The agency, and a digest for the person.
fn stands_for(key: &Key, actor: &str) -> String {
    let (agency, user) = actor.split_once('/').unwrap_or(("", actor));
    format!("{agency}/{}", digest(key, &format!("{agency}/{user}")))
}

fn digest(key: &Key, text: &str) -> String {
    let mac = key.clone().chain_update(text.as_bytes()).finalize().into_bytes();
    hex::encode(mac).chars().take(SIGNS).collect()
}

impl crate::platform::Blind {
    /// What makes the digests that stand for people.
    fn pseudonyms(&self) -> Key {
        self.derived(b"quanlian/pseudonyms/v1")
    }
}

#[cfg(test)]
mod tests {
    use hmac::KeyInit as _;

    use super::*;

    #[test]
    fn a_person_stands_under_one_digest_and_another_installation_makes_another() {
        let key = |byte| Key::new_from_slice(&[byte; 32]).unwrap();
        let one = stands_for(&key(1), "culture/li");
        assert_eq!(one, stands_for(&key(1), "culture/li"));
        assert!(one.starts_with("culture/") && !one.contains("li") && one.len() == "culture/".len() + SIGNS);
        assert_ne!(one, stands_for(&key(2), "culture/li"));
        assert_ne!(one, stands_for(&key(1), "culture/wang"));
    }
}
