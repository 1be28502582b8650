//! The platform as the people of the sample reach it: HTTP requests with the cookie of a session.
//!
//! In:  the address of a platform that runs; a login and its password.
//! Out: what the platform answers; everything that it refuses is an error with its own words.
//!
//! Invariant: nothing goes around the routes: whatever the sample holds, somebody who was signed in was allowed to do.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use ureq::{Agent, http};

/// A request has so long.
const PATIENCE: Duration = Duration::from_mins(1);
/// A request that the platform puts off is sent again so often,
const MAX_PUT_OFF: u32 = 60;
/// after as long as the platform says, or this.
const PUT_OFF: Duration = Duration::from_secs(1);

/// Where the platform is.
pub(super) struct Site {
    agent: Agent,
    /// `http://HOST:PORT`
    origin: String,
}

/// What is sent.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.with("Content-Type", "application/json")
    }
}

/// What comes back, when it was done.
#[derive(Debug)]
pub(super) struct Answer {
    /// The version of what was asked for or written.
    pub(super) etag: Option<String>,
    /// Where something new is.
    pub(super) location: Option<String>,
    cookie: Option<String>,
    pub(super) body: Value,
}

impl Site {
    /// The platform at `http://HOST:PORT/`.
    pub(super) fn at(address: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("quanlian-demo/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self {
            agent,
            origin: address.trim_end_matches('/').to_owned(),
        }
    }

    /// Sends something as nobody.
    pub(super) fn send(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        self.send_as(None, request)
    }

    /// Signs somebody in.
    pub(super) fn sign_in(&self, login: &'static str, password: &str) -> anyhow::Result<Visitor<'_>> {
        let body = json!({"login": login, "password": password});
        let answer = self.send(&Request::new("POST", "/api/v1/session").json(&body))?;
        let cookie = answer.cookie.with_context(|| format!("{login} got no session"))?;
        Ok(Visitor {
            site: self,
            login,
            cookie,
        })
    }

    fn send_as(&self, cookie: Option<&str>, request: &Request<'_>) -> anyhow::Result<Answer> {
        let (method, path) = (request.method, request.path);
        for _ in 0..MAX_PUT_OFF {
            let mut response = self
                .once(cookie, request)
                .with_context(|| format!("{method} {path} was not answered"))?;
            let header = |name: &str| {
                let value = response.headers().get(name)?.to_str().ok()?;
                Some(value.to_owned())
            };
            let (etag, location, cookie, wait) = (
                header("etag"),
                header("location"),
                header("set-cookie"),
                header("retry-after"),
            );
            let status = response.status();
            let text = response.body_mut().read_to_string()?;
            if matches!(status.as_u16(), 429 | 503) {
                let seconds = wait.and_then(|wait| wait.parse().ok()).map(Duration::from_secs);
                std::thread::sleep(seconds.unwrap_or(PUT_OFF).min(PATIENCE));
                continue;
            }
            if !status.is_success() {
                bail!("{method} {path} was refused ({status}): {text}");
            }
            let body = if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).with_context(|| format!("{method} {path} answered no JSON"))?
            };
            return Ok(Answer {
                etag,
                location,
                cookie: cookie.and_then(|cookie| Some(cookie.split(';').next()?.to_owned())),
                body,
            });
        }
        bail!("{method} {path} was put off {MAX_PUT_OFF} times");
    }

    fn once(
        &self,
        cookie: Option<&str>,
        request: &Request<'_>,
    ) -> anyhow::Result<http::Response<ureq::Body>> {
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.origin, request.path))
            .header("Origin", &self.origin);
        if let Some(cookie) = cookie {
            builder = builder.header("Cookie", cookie);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        Ok(match &request.body {
            Some(body) => self.agent.run(builder.body(body.as_slice())?)?,
            None => self.agent.run(builder.body(())?)?,
        })
    }
}

/// Somebody who is signed in.
pub(super) struct Visitor<'a> {
    site: &'a Site,
    pub(super) login: &'static str,
    cookie: String,
}

impl Visitor<'_> {
    /// Sends something in their name.
    pub(super) fn send(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        let sent = self.site.send_as(Some(&self.cookie), request);
        sent.with_context(|| format!("as {}", self.login))
    }

    /// Sends JSON.
    pub(super) fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(&Request::new("PUT", path).json(body))
    }

    /// Sends JSON.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(&Request::new("POST", path).json(body))
    }

    /// Signs out.
    pub(super) fn leave(self) -> anyhow::Result<()> {
        self.send(&Request::new("DELETE", "/api/v1/session")).map(drop)
    }
}
