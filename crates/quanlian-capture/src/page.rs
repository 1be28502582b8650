//! What is done in the page: log in, open it, scroll, let its media play, take its pictures.
//!
//! In:  a running browser, the state of the proxy, what to open.
//! Out: [`Pictures`] and how the page opened ([`Opened`]).
//!
//! Invariant: everything ends: each call and each wait has its time, and the whole is cut by the caller. What could not
//! be taken says why. The document tree comes from the browser itself, not from a script that the page could replace.
//!
//! Not here: the network (`proxy`), the order of a capture (`capture`).

use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::{
    browser::Browser,
    capture::Request,
    cdp::CallError,
    limits::LimitHit,
    login::{Script, Step},
    proxy::state::Shared,
};

/// No exchange for so long: the page is at rest.
const QUIET: Duration = Duration::from_millis(700);
/// Time for one call that should be answered at once.
const CALL: Duration = Duration::from_secs(10);
/// Time for one picture of the page.
const PICTURE: Duration = Duration::from_secs(20);
/// Time for one screen of scrolling to load what it shows.
const SCREEN: Duration = Duration::from_secs(3);
/// The tallest picture, in CSS pixels: Chromium draws no more.
const MAX_HEIGHT_PX: f64 = 16_384.0;
/// The widest.
const MAX_WIDTH_PX: f64 = 8_192.0;

/// How the page opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// Whether there is a document to look at.
    pub loaded: bool,
    /// What the browser said when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Whether the address is a file that a browser saves.
    pub is_download: bool,
    /// Where the page came to be.
    pub final_url: String,
    /// Its title.
    pub title: String,
}

/// One view of the page.
#[derive(Debug, Clone)]
pub enum Picture {
    /// The bytes.
    Taken(Vec<u8>),
    /// Why there are none.
    Not(String),
}

/// The views of the page.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// PNG of the whole page, at most [`MAX_HEIGHT_PX`] high.
    pub screenshot: Picture,
    /// The document tree as HTML.
    pub dom: Picture,
    /// The print.
    pub pdf: Picture,
}

/// Why a login did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum StepError {
    /// The field or button of a step did not appear.
    #[error("step {number}: `{selector}` is not on the page after {seconds} s")]
    NotThere {
        number: usize,
        selector: String,
        seconds: u64,
    },
    /// The browser.
    #[error("step {number} was not taken")]
    Call {
        number: usize,
        #[source]
        source: CallError,
    },
    /// The page of the login did not open.
    #[error("the page of the login did not open: {0}")]
    Start(String),
}

impl StepError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotThere { .. } => "login_not_there",
            Self::Call { .. } => "login_call",
            Self::Start(_) => "login_start_failed",
        }
    }
}

/// One tab of the browser.
pub struct Page<'a> {
    browser: &'a Browser,
    shared: &'a Shared,
    session: String,
    target: String,
}

impl<'a> Page<'a> {
    /// Opens an empty tab in a context of its own, whose network is `proxy`.
    pub async fn new(
        browser: &'a Browser,
        shared: &'a Shared,
        proxy: SocketAddr,
        request: &Request,
    ) -> Result<Self, CallError> {
        let cdp = &browser.cdp;
        let network = json!({ "proxyServer": format!("http://{proxy}"), "proxyBypassList": "<-loopback>" });
        let context = cdp
            .call(None, "Target.createBrowserContext", network, CALL)
            .await?;
        let context = &context["browserContextId"];
        let (width, height) = request.window;
        let tab =
            json!({ "url": "about:blank", "browserContextId": context, "width": width, "height": height });
        let made = cdp.call(None, "Target.createTarget", tab, CALL).await?;
        let target = made["targetId"].as_str().unwrap_or_default().to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = cdp.call(None, "Target.attachToTarget", attach, CALL).await?;
        let page = Self {
            browser,
            shared,
            session: attached["sessionId"].as_str().unwrap_or_default().to_owned(),
            target,
        };
        page.call("Page.enable", json!({}), CALL).await?;
        page.call("Inspector.enable", json!({}), CALL).await?;
        // The proxy keeps what would be saved; the browser need not.
        let deny = json!({ "behavior": "deny", "browserContextId": context });
        cdp.call(None, "Browser.setDownloadBehavior", deny, CALL).await?;
        if !request.cookies.is_empty() {
            let cookies: Vec<Value> = request
                .cookies
                .iter()
                .map(|cookie| {
                    json!({
                        "name": cookie.name, "value": cookie.value, "domain": cookie.domain, "path": cookie.path,
                        "secure": cookie.secure, "httpOnly": cookie.http_only,
                    })
                })
                .collect();
            let cookies = json!({ "cookies": cookies, "browserContextId": context });
            cdp.call(None, "Storage.setCookies", cookies, CALL).await?;
        }
        Ok(page)
    }

    async fn call(&self, method: &str, params: Value, patience: Duration) -> Result<Value, CallError> {
        self.browser
            .cdp
            .call(Some(&self.session), method, params, patience)
            .await
    }

    /// Evaluates a script of ours in the page. The page may lie in the answer.
    async fn evaluate(&self, script: &str) -> Result<Value, CallError> {
        let params = json!({
            "expression": script, "returnByValue": true, "awaitPromise": false, "userGesture": true,
            "timeout": 5000, "silent": true,
        });
        let mut answer = self.call("Runtime.evaluate", params, CALL).await?;
        Ok(answer["result"]["value"].take())
    }

    /// Opens an address and waits until the page is at rest.
    pub async fn open(&self, url: &Url) -> Opened {
        let settle = Duration::from_secs(self.shared.parts.limits.settle_seconds);
        let mut seen = self.browser.cdp.seen();
        let loads = seen.borrow().loads;
        let answer = self
            .call("Page.navigate", json!({ "url": url.as_str() }), settle)
            .await;
        let mut opened = Opened {
            loaded: false,
            failure: None,
            is_download: false,
            final_url: url.to_string(),
            title: String::new(),
        };
        match answer {
            Ok(answer) => {
                opened.is_download = answer["isDownload"].as_bool().unwrap_or(false);
                opened.failure = answer["errorText"].as_str().map(str::to_owned);
            }
            // A server that drips: the document may be there already, in part.
            Err(CallError::Late { .. }) => self.shared.limit_met(LimitHit::SettleSeconds),
            Err(error) => opened.failure = Some(error.to_string()),
        }
        opened.loaded = opened.failure.is_none();
        if opened.loaded {
            let rest = async {
                let _ = seen
                    .wait_for(|seen| seen.loads > loads || seen.crashed || seen.gone)
                    .await;
                self.shared.until_quiet(QUIET).await;
            };
            if tokio::time::timeout(settle, rest).await.is_err() {
                self.shared.limit_met(LimitHit::SettleSeconds);
            }
            self.locate(&mut opened).await;
        }
        opened
    }

    /// Where the page is now. A page may go elsewhere after it was opened.
    pub async fn locate(&self, opened: &mut Opened) {
        let which = json!({ "targetId": self.target });
        let Ok(info) = self
            .browser
            .cdp
            .call(None, "Target.getTargetInfo", which, CALL)
            .await
        else {
            return;
        };
        let info = &info["targetInfo"];
        let text = |value: &Value| value.as_str().unwrap_or_default().chars().take(2048).collect();
        opened.final_url = text(&info["url"]);
        opened.title = text(&info["title"]);
    }

    /// Takes the steps of a login.
    pub async fn log_in(&self, script: &Script) -> Result<(), StepError> {
        let opened = self.open(&script.start).await;
        if let Some(failure) = opened.failure {
            return Err(StepError::Start(failure));
        }
        for (at, step) in script.steps.iter().enumerate() {
            self.step(at + 1, step).await?;
        }
        let rest = self.shared.until_quiet(QUIET);
        let _ =
            tokio::time::timeout(Duration::from_secs(self.shared.parts.limits.settle_seconds), rest).await;
        Ok(())
    }

    async fn step(&self, number: usize, step: &Step) -> Result<(), StepError> {
        let failed = |source| StepError::Call { number, source };
        match step {
            Step::Wait(selector) => self.appears(number, selector).await,
            Step::Click(selector) => {
                self.appears(number, selector).await?;
                let script = format!("document.querySelector({}).click()", quoted(selector));
                self.evaluate(&script).await.map_err(failed)?;
                tokio::time::sleep(QUIET).await;
                Ok(())
            }
            Step::Fill { field, text, .. } => {
                self.appears(number, field).await?;
                let script = format!(
                    "(e => {{ e.focus(); if (e.select) e.select(); }})(document.querySelector({}))",
                    quoted(field)
                );
                self.evaluate(&script).await.map_err(failed)?;
                self.call("Input.insertText", json!({ "text": text }), CALL)
                    .await
                    .map_err(failed)?;
                Ok(())
            }
        }
    }

    async fn appears(&self, number: usize, selector: &str) -> Result<(), StepError> {
        let seconds = self.shared.parts.limits.settle_seconds;
        let script = format!("document.querySelector({}) !== null", quoted(selector));
        let there = async {
            // An error here is a page that is just being replaced by the next one.
            while !matches!(self.evaluate(&script).await, Ok(Value::Bool(true))) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(seconds), there)
            .await
            .map_err(|_| StepError::NotThere {
                number,
                selector: selector.to_owned(),
                seconds,
            })
    }

    /// Scrolls to the end, screen by screen, so that what loads late is loaded; returns how many screens.
    pub async fn scroll(&self) -> u32 {
        const DOWN: &str = "(() => { const e = document.scrollingElement || document.documentElement; \
                            if (!e || e.scrollTop + innerHeight >= e.scrollHeight - 2) return true; \
                            scrollTo({ top: e.scrollTop + innerHeight, behavior: 'instant' }); return false; })()";
        let mut steps = 0;
        loop {
            if steps >= self.shared.parts.limits.scroll_steps {
                self.shared.limit_met(LimitHit::ScrollSteps);
                break;
            }
            match self.evaluate(DOWN).await {
                Ok(Value::Bool(false)) => steps += 1,
                _ => break,
            }
            let _ = tokio::time::timeout(SCREEN, self.shared.until_quiet(QUIET)).await;
        }
        let _ = self.evaluate("scrollTo({ top: 0, behavior: 'instant' })").await;
        steps
    }

    /// Starts every sound and film of the page, silently, and waits until the wire is quiet.
    pub async fn play(&self) {
        const PLAY: &str = "document.querySelectorAll('audio,video').forEach(m => { \
                            m.muted = true; m.preload = 'auto'; m.play().catch(() => {}); })";
        let _ = self.evaluate(PLAY).await;
        let settle = Duration::from_secs(self.shared.parts.limits.settle_seconds);
        let rest = self.shared.until_quiet(QUIET);
        if tokio::time::timeout(settle, rest).await.is_err() {
            self.shared.limit_met(LimitHit::SettleSeconds);
        }
    }

    /// Takes the views of the page, whatever state it is in.
    pub async fn pictures(&self) -> Pictures {
        Pictures {
            screenshot: self.taken(self.screenshot().await),
            dom: self.taken(self.dom().await),
            pdf: self.taken(self.pdf().await),
        }
    }

    fn taken(&self, result: Result<Vec<u8>, CallError>) -> Picture {
        match result {
            Ok(bytes) if !bytes.is_empty() => Picture::Taken(bytes),
            Ok(_) => Picture::Not("the browser gave nothing".to_owned()),
            Err(error) => {
                if matches!(error, CallError::TooLong { .. }) {
                    self.shared.limit_met(LimitHit::PageSize);
                }
                Picture::Not(error.to_string())
            }
        }
    }

    async fn screenshot(&self) -> Result<Vec<u8>, CallError> {
        let metrics = self.call("Page.getLayoutMetrics", json!({}), PICTURE).await?;
        let size = &metrics["cssContentSize"];
        let (width, height) = (
            size["width"].as_f64().unwrap_or(1.0),
            size["height"].as_f64().unwrap_or(1.0),
        );
        if width > MAX_WIDTH_PX || height > MAX_HEIGHT_PX {
            self.shared.limit_met(LimitHit::PageSize);
        }
        let params = json!({
            "format": "png", "captureBeyondViewport": true,
            "clip": {
                "x": 0, "y": 0, "scale": 1,
                "width": width.clamp(1.0, MAX_WIDTH_PX), "height": height.clamp(1.0, MAX_HEIGHT_PX),
            },
        });
        let answer = self.call("Page.captureScreenshot", params, PICTURE).await?;
        Ok(decoded(&answer["data"]))
    }

    async fn dom(&self) -> Result<Vec<u8>, CallError> {
        let document = self
            .call("DOM.getDocument", json!({ "depth": 0 }), PICTURE)
            .await?;
        let node = json!({ "nodeId": document["root"]["nodeId"] });
        let answer = self.call("DOM.getOuterHTML", node, PICTURE).await?;
        Ok(answer["outerHTML"]
            .as_str()
            .unwrap_or_default()
            .as_bytes()
            .to_vec())
    }

    async fn pdf(&self) -> Result<Vec<u8>, CallError> {
        let params = json!({ "printBackground": true, "preferCSSPageSize": true });
        let answer = self.call("Page.printToPDF", params, PICTURE).await?;
        Ok(decoded(&answer["data"]))
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD
        .decode(value.as_str().unwrap_or_default())
        .unwrap_or_default()
}

/// A text as a literal of JavaScript.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
