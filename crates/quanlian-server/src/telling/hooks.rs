//! Webhooks: one request with one notice, signed (Standard Webhooks).
//!
//! In:  an address, its secrets, a notice.
//! Out: that it was taken (an answer of 200 to 299), or what came instead.
//!
//! Invariants: a body holds ids, numbers and codes: no title, no name, no content; the same delivery has the same id whenever it is sent;
//! the time in the signature is that of sending, so that a receiver can refuse what is old.
//!
//! Not here: which networks are open (`outward`), when it is sent again (`telling`).

use std::{path::PathBuf, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use quanlian_record::{id::DeliveryId, time::Timestamp};
use quanlian_store::{
    matters::{AgencyCode, MatterRow, notices::Notice},
    telling::Delivery,
};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use url::Url;
use zeroize::Zeroizing;

use crate::outward::{Networks, Outward, OutwardError, RootsError, Sent};

/// Bytes of a secret (Standard Webhooks: 24 to 64).
pub const SECRET_BYTES: usize = 32;
/// Nothing of an answer is used but its status.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Whether they may go to private networks, as closed networks need it.
    pub allow_private: bool,
    /// Whether they may go to this machine.
    pub allow_loopback: bool,
    /// A PEM file with certificates to trust besides those of the system.
    pub root_certificates: Option<PathBuf>,
    /// So long a request may take, in seconds.
    pub timeout_s: u32,
    /// After so many days a delivery is given up.
    pub give_up_after_days: u32,
    /// An address that did not answer for so many days is used no more.
    pub dead_after_days: u32,
}

impl Default for WebhookSettings {
    /// Ten seconds, three days, five days: chosen here.
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_loopback: false,
            root_certificates: None,
            timeout_s: 10,
            give_up_after_days: 3,
            dead_after_days: 5,
        }
    }
}

/// Sends webhooks.
pub(crate) struct Hooks {
    settings: WebhookSettings,
    outward: Outward,
}

impl Hooks {
    pub(super) fn of(settings: &WebhookSettings, allows_plain: bool) -> Result<Self, RootsError> {
        let networks = Networks {
            allows_private: settings.allow_private,
            allows_loopback: settings.allow_loopback,
        };
        let roots = settings.root_certificates.as_deref();
        Ok(Self {
            settings: settings.clone(),
            outward: Outward::new(networks, allows_plain, roots)?,
        })
    }

    pub(super) fn within(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.timeout_s.clamp(1, 60)))
    }

    pub(super) fn give_up_after_days(&self) -> u32 {
        self.settings.give_up_after_days
    }

    pub(super) fn dead_after_days(&self) -> u32 {
        self.settings.dead_after_days
    }

    /// An address as an administrator typed it.
    pub(crate) fn address(&self, text: &str) -> Result<Url, OutwardError> {
        self.outward.address(text)
    }

    /// Sends a body; the status, or that and what was wrong.
    pub(super) async fn send(
        &self,
        url: &str,
        secrets: &[Zeroizing<Vec<u8>>],
        id: DeliveryId,
        body: &str,
        now: Timestamp,
    ) -> Result<u16, (Option<u16>, String)> {
        let failed = |error: OutwardError| (None, error.to_string());
        let url = self.outward.address(url).map_err(failed)?;
        let headers = headers(secrets, id, body, now).ok_or((None, "no header holds it".to_owned()))?;
        let sent = Sent {
            method: Method::POST,
            url: &url,
            headers,
            body: body.to_owned().into(),
            max_bytes: MAX_ANSWER_BYTES,
            within: self.within(),
        };
        let answer = self.outward.send(sent).await.map_err(failed)?;
        match answer.status {
            status @ 200..=299 => Ok(status),
            status @ 300..=399 => Err((
                Some(status),
                "it wants to send us elsewhere, which is not followed".to_owned(),
            )),
            status => Err((Some(status), format!("it answered {status}"))),
        }
    }
}

fn headers(secrets: &[Zeroizing<Vec<u8>>], id: DeliveryId, body: &str, now: Timestamp) -> Option<HeaderMap> {
    let id = format!("msg_{id}");
    let timestamp = now.unix_micros().div_euclid(1_000_000).to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| signature(secret, &id, &timestamp, body))
        .collect();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", &timestamp),
        ("webhook-signature", &signatures.join(" ")),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(headers)
}

/// `v1,` and the HMAC-SHA256 of id, time and body, in base64.
fn signature(secret: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any key will do");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The text of a secret, as receivers configure it.
pub(crate) fn secret_text(secret: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(format!("whsec_{}", STANDARD.encode(secret)))
}

/// What a notice says.
pub(super) fn body(notice: &Notice, row: &MatterRow, agency: &AgencyCode) -> String {
    json!({
        "type": notice.template,
        "timestamp": notice.made_at.to_string(),
        "data": {
            "id": notice.id,
            "agency": agency,
            "to": notice.to_role,
            "matter": {"id": row.id, "number": row.number},
            "clock": notice.about,
            "light": notice.light,
        },
    })
    .to_string()
}

/// What only tries the way.
pub(super) fn ping(delivery: &Delivery) -> String {
    json!({"type": "ping", "timestamp": delivery.made_at.to_string(), "data": {"id": delivery.id}})
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_published_example() {
        // The example of the specification of Standard Webhooks.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
