//! Sign-in with a provider (OpenID Connect Core 1.0, authorization code with PKCE, RFC 7636).
//!
//! In:  settings of a provider; what it publishes of itself; a code that came back with the browser that was sent.
//! Out: where to send a browser; who the provider says it is ([`Claims`]).
//!
//! Invariants: what a provider says is taken when its signature, issuer, audience, nonce and times are right ([`token`]), and says who
//! somebody is, never what they may do; a code is exchanged with the provider to which the browser was sent, over TLS; keys are fetched
//! anew when one is unknown, and not more often than once a minute.
//!
//! Not here: the browser and its flow (`api::provider`), which account it is (`quanlian-store::accounts::subjects`).

pub mod token;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, Method, header};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use quanlian_record::time::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use crate::{
    outward::{Networks, Outward, OutwardError, RootsError, Sent},
    telling::mail::Password,
};
use token::{Claims, Expected, Keys, TokenRefusal};

/// What a provider publishes is no longer than this.
const MAX_BYTES: usize = 256 << 10;
/// A request to a provider takes no longer.
const WITHIN: Duration = Duration::from_secs(10);
/// So long what a provider publishes is used before it is asked again.
const FRESH_US: i64 = 3_600_000_000;
/// Keys are not fetched more often than this.
const KEYS_EVERY_US: i64 = 60_000_000;

/// A provider of sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// What it is called in addresses here.
    pub name: String,
    /// The address that it calls itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// With which secret; without one we are a public client.
    #[serde(default)]
    pub client_secret: Option<Password>,
    /// Where it sends browsers back: `https://HOST/api/v1/session/oidc/NAME/callback`.
    pub redirect_url: String,
    /// Where browsers go then, on this host.
    #[serde(default = "root")]
    pub after_path: String,
    /// What is asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Makes an account for whoever it knows and we do not; nobody by itself.
    #[serde(default)]
    pub new_accounts: Option<NewAccounts>,
    /// Whether it may be in a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether it may be on this machine.
    #[serde(default)]
    pub allow_loopback: bool,
    /// A PEM file with certificates to trust besides those of the system.
    #[serde(default)]
    pub root_certificates: Option<PathBuf>,
}

fn root() -> String {
    "/".to_owned()
}

/// What an account that is made by itself is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccounts {
    /// Of which agency.
    pub agency: String,
    /// With which roles; never from the provider.
    pub roles: Vec<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderSettingsError {
    /// The certificates cannot be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// Something else.
    #[error("the provider `{name}` cannot be used: {why}")]
    Wrong {
        /// Which.
        name: String,
        /// What is wrong.
        why: String,
    },
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The provider was not reached, or answered nothing that can be read.
    #[error("the provider did not answer: {0}")]
    Away(String),
    /// What it publishes is not of the provider that was meant.
    #[error("what the provider publishes is not of the issuer that was configured, or lacks something")]
    Discovery,
    /// The code was not taken: used already, too old, or somebody else's.
    #[error("the provider did not take the code")]
    Code,
    /// The token is not right.
    #[error("the provider's token is not right: {0}")]
    Token(#[from] TokenRefusal),
}

impl ProviderError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "oidc_away",
            Self::Discovery => "oidc_discovery",
            Self::Code => "oidc_code",
            Self::Token(refusal) => refusal.code(),
        }
    }
}

impl From<OutwardError> for ProviderError {
    fn from(error: OutwardError) -> Self {
        Self::Away(error.to_string())
    }
}

/// What a provider publishes of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Given {
    id_token: String,
}

#[derive(Default)]
struct Known {
    published: Option<(i64, Published)>,
    keys: Option<(i64, Keys)>,
}

/// A provider as it is used.
pub struct Provider {
    settings: OidcSettings,
    outward: Outward,
    known: Mutex<Known>,
}

/// All providers of an installation.
#[derive(Clone, Default)]
pub struct Providers(Arc<Vec<Provider>>);

impl Providers {
    /// From settings. `allows_plain_http` as the installation has it.
    pub fn of(settings: &[OidcSettings], allows_plain_http: bool) -> Result<Self, ProviderSettingsError> {
        let mut all: Vec<Provider> = Vec::new();
        for one in settings {
            let wrong = |why: &str| ProviderSettingsError::Wrong {
                name: one.name.clone(),
                why: why.to_owned(),
            };
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if one.name.is_empty() || one.name.len() > 32 || !one.name.chars().all(is_word) {
                return Err(wrong("a name has 1 to 32 of a-z, 0-9 and -"));
            }
            let is_taken = |other: &Provider| {
                other.settings.name == one.name
                    || other.settings.issuer == one.issuer
                    || other.settings.redirect_url == one.redirect_url
            };
            if all.iter().any(is_taken) {
                return Err(wrong(
                    "name, issuer and redirect_url are those of one provider alone",
                ));
            }
            let is_here = one.after_path.starts_with('/') && !one.after_path.starts_with("//");
            if !is_here || one.after_path.contains(['\\', '\r', '\n']) {
                return Err(wrong(
                    "after_path begins with one / and names a place on this host",
                ));
            }
            let callback = format!("/api/v1/session/oidc/{}/callback", one.name);
            let redirect = Url::parse(&one.redirect_url).map_err(|_| wrong("redirect_url is no address"))?;
            let is_guarded = redirect.scheme() == "https" || allows_plain_http && redirect.scheme() == "http";
            if redirect.path() != callback || !is_guarded {
                return Err(wrong(&format!("redirect_url is https://HOST{callback}")));
            }
            let networks = Networks {
                allows_private: one.allow_private,
                allows_loopback: one.allow_loopback,
            };
            let outward = Outward::new(networks, allows_plain_http, one.root_certificates.as_deref())?;
            outward
                .address(&one.issuer)
                .map_err(|error| wrong(&error.to_string()))?;
            all.push(Provider {
                settings: one.clone(),
                outward,
                known: Mutex::default(),
            });
        }
        Ok(Self(Arc::new(all)))
    }

    /// The one of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Provider> {
        self.iter().find(|provider| provider.settings.name == name)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A sign-in that begins: what the provider is sent, and what has to come back.
pub(crate) struct Beginning<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
}

impl Provider {
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    pub(crate) fn after_path(&self) -> &str {
        &self.settings.after_path
    }

    pub(crate) fn new_accounts(&self) -> Option<&NewAccounts> {
        self.settings.new_accounts.as_ref()
    }

    /// Where a browser goes to sign in.
    pub(crate) async fn address(&self, begun: &Beginning<'_>, now: Timestamp) -> Result<Url, ProviderError> {
        let published = self.published(now).await?;
        let mut url = self.outward.address(&published.authorization_endpoint)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier));
        let scopes = std::iter::once("openid").chain(self.settings.scopes.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_url)
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("state", begun.state)
            .append_pair("nonce", begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Where a browser goes to sign out there, when the provider has such a place.
    pub(crate) async fn end(&self, now: Timestamp) -> Result<Option<Url>, ProviderError> {
        let published = self.published(now).await?;
        let Some(end) = &published.end_session_endpoint else {
            return Ok(None);
        };
        let mut url = self.outward.address(end)?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id);
        Ok(Some(url))
    }

    /// Exchanges a code for who somebody is.
    pub(crate) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Claims, ProviderError> {
        let published = self.published(now).await?;
        let token = self.token(&published, code, verifier).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce,
            now,
        };
        let keys = self.keys(&published, now, false).await?;
        match token::check(&token, &keys, &expected) {
            // Its keys may have changed since they were fetched.
            Err(TokenRefusal::Key) => {
                let keys = self.keys(&published, now, true).await?;
                Ok(token::check(&token, &keys, &expected)?)
            }
            checked => Ok(checked?),
        }
    }

    async fn token(
        &self,
        published: &Published,
        code: &str,
        verifier: &str,
    ) -> Result<String, ProviderError> {
        let url = self.outward.address(&published.token_endpoint)?;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect_url),
            ("code_verifier", verifier),
        ];
        let mut headers = accepts_json();
        if let Some(secret) = &self.settings.client_secret {
            let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", coded(&self.settings.client_id), coded(secret.text()));
            let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
            let mut value = value.map_err(|_| ProviderError::Discovery)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        } else {
            pairs.push(("client_id", &self.settings.client_id));
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form_type);
        let answer = self
            .outward
            .send(Sent {
                method: Method::POST,
                url: &url,
                headers,
                body: form.into(),
                max_bytes: MAX_BYTES,
                within: WITHIN,
            })
            .await?;
        match answer.status {
            200 => {}
            400..=499 => return Err(ProviderError::Code),
            status => return Err(ProviderError::Away(format!("it answered {status}"))),
        }
        let given: Given = serde_json::from_slice(&answer.body)
            .map_err(|_| ProviderError::Away("it gave no token that can be read".to_owned()))?;
        Ok(given.id_token)
    }

    async fn published(&self, now: Timestamp) -> Result<Published, ProviderError> {
        let now_us = now.unix_micros();
        let mut known = self.known.lock().await;
        if let Some((at, published)) = &known.published
            && (0..FRESH_US).contains(&(now_us - at))
        {
            return Ok(published.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let place = format!("{issuer}/.well-known/openid-configuration");
        let published: Published = self.fetch(&place).await?;
        // Another issuer's word would let it speak for this one.
        if published.issuer != self.settings.issuer {
            return Err(ProviderError::Discovery);
        }
        known.published = Some((now_us, published.clone()));
        Ok(published)
    }

    async fn keys(
        &self,
        published: &Published,
        now: Timestamp,
        is_anew: bool,
    ) -> Result<Keys, ProviderError> {
        let now_us = now.unix_micros();
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &known.keys {
            let least = if is_anew { KEYS_EVERY_US } else { FRESH_US };
            if (0..least).contains(&(now_us - at)) {
                return Ok(keys.clone());
            }
        }
        let keys: Keys = self.fetch(&published.jwks_uri).await?;
        known.keys = Some((now_us, keys.clone()));
        Ok(keys)
    }

    async fn fetch<T: serde::de::DeserializeOwned>(&self, place: &str) -> Result<T, ProviderError> {
        let url = self.outward.address(place)?;
        let sent = Sent {
            method: Method::GET,
            url: &url,
            headers: accepts_json(),
            body: axum::body::Bytes::new(),
            max_bytes: MAX_BYTES,
            within: WITHIN,
        };
        let answer = self.outward.send(sent).await?;
        if answer.status != 200 {
            return Err(ProviderError::Away(format!("it answered {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| ProviderError::Discovery)
    }
}

fn accepts_json() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers
}
