//! The page that verifies a bundle, opened from a file in a real browser.
//!
//! Chromium is spoken to over its debugging pipe (file descriptors 3 and 4), so that no port is opened.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use quanlian_evidence::bundle::VERIFIER_PAGE;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    attested::Outsiders,
    hostile,
    support::{Bench, read, sample, sample_attested},
    tamper::{Files, bundle_of_version_1, flip_step, pack, rewrite_manifests, unpack},
};

/// The longest that one bundle may take in the browser.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// A browser with the page open.
pub(crate) struct Browser {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    messages: u64,
    finished: u64,
    folder: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    /// None, with one visible line, when no Chromium is installed.
    pub(crate) fn open() -> Option<Self> {
        if Command::new("chromium").arg("--version").output().is_err() {
            // Not `eprintln!`, which the test harness would keep to itself.
            let _ = writeln!(
                io::stderr(),
                "skipped: the verifier page was not run (install chromium)"
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("verifier.html");
        fs::write(&page, VERIFIER_PAGE).unwrap();
        // Its own standard streams carry the pipe; no name is ever resolved.
        let command = r#"exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
            --no-first-run --user-data-dir="$1/profile" --host-resolver-rules='MAP * ~NOTFOUND' \
            --remote-debugging-pipe 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut process = Command::new("sh")
            .args(["-c", command, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut browser = Self {
            process,
            input,
            output: BufReader::new(output),
            session: None,
            messages: 0,
            finished: 0,
            folder,
        };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            &json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call(
            "Page.navigate",
            &json!({"url": format!("file://{}", page.display())}),
        );
        let start = Instant::now();
        while browser.evaluate("document.readyState === 'complete' && !!document.getElementById('file')")
            != json!(true)
        {
            assert!(start.elapsed() < MAX_WAIT, "the page does not open");
        }
        Some(browser)
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.messages += 1;
        let mut message = json!({"id": self.messages, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(message.to_string().as_bytes()).unwrap();
        self.input.write_all(b"\0").unwrap();
        loop {
            let mut answer = Vec::new();
            self.output.read_until(0, &mut answer).unwrap();
            assert_eq!(answer.pop(), Some(0), "the browser has ended");
            let mut answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["id"] == json!(self.messages) {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true});
        let mut result = self.call("Runtime.evaluate", &parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].take()
    }

    /// Chooses a file in the page, and gives what each question came to.
    pub(crate) fn choose(&mut self, path: &Path) -> Vec<String> {
        let document = self.call("DOM.getDocument", &json!({}));
        let node = self.call(
            "DOM.querySelector",
            &json!({"nodeId": document["root"]["nodeId"], "selector": "#file"}),
        );
        self.call(
            "DOM.setFileInputFiles",
            &json!({"files": [path], "nodeId": node["nodeId"]}),
        );
        self.answers()
    }

    /// Drops a file onto the page.
    fn drop_file(&mut self, path: &Path) -> Vec<String> {
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({"items": [], "files": [path], "dragOperationsMask": 1});
            self.call(
                "Input.dispatchDragEvent",
                &json!({"type": kind, "x": 50, "y": 50, "data": data}),
            );
        }
        self.answers()
    }

    fn answers(&mut self) -> Vec<String> {
        self.finished += 1;
        let (start, wanted) = (Instant::now(), json!(self.finished.to_string()));
        while self.evaluate("document.body.dataset.finished || ''") != wanted {
            assert!(
                start.elapsed() < MAX_WAIT,
                "no answer: {}",
                self.evaluate("document.body.innerText")
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let rows = "Array.from(document.querySelectorAll('#lines tr'), \
            (row) => `${row.dataset.question} ${row.dataset.answer}`)";
        serde_json::from_value(self.evaluate(rows)).unwrap()
    }

    pub(crate) fn text(&mut self) -> String {
        self.evaluate("document.body.innerText")
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("x.qne.zip");
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// The text between two tags.
fn between(text: &'static str, tag: &str) -> &'static str {
    let start = text.find(&format!("<{tag}>")).unwrap() + tag.len() + 2;
    let end = text.find(&format!("</{tag}>")).unwrap();
    &text[start..end]
}

#[test]
fn the_page_allows_its_own_script_and_style_and_nothing_else() {
    let hash = |tag| {
        let digest: [u8; 32] = Sha256::digest(between(VERIFIER_PAGE, tag)).into();
        quanlian_tlog::hash::Hash::new(digest).to_base64()
    };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'",
        hash("script"),
        hash("style")
    );
    assert!(
        VERIFIER_PAGE.contains(&policy),
        "after a change of script or style, the page has to say: {policy}"
    );
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "src=",
        "href=",
        "http:",
        "https:",
    ] {
        assert!(!VERIFIER_PAGE.contains(word), "{word}");
    }
}

#[test]
fn a_browser_verifies_good_bundles_and_shows_hostile_text_as_text() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    let good = [
        "bundle ok",
        "file partly",
        "inclusion ok",
        "log_head ok",
        "log_key not_checked",
        "witnesses not_checked",
        "time not_checked",
        "custody ok",
    ];
    assert_eq!(browser.choose(&bundle.path), good, "{}", browser.text());
    assert_eq!(browser.drop_file(&bundle.path), good);
    let text = browser.text();
    for wanted in [
        "$(touch x)'\"<b>;[0].mp3",
        "李四 <officer>",
        "《人民法院在线诉讼规则》第十八条",
        "who made the content",
        "the original is not in the bundle",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert_eq!(
        browser.evaluate("document.querySelectorAll('#result b, #result script, #result officer').length"),
        json!(0)
    );
    let key = bench.vault().log_key().to_string();
    for (given, wanted) in [
        (key.clone(), "log_key ok"),
        (key.replace("evidence", "evidence2"), "log_key failed"),
    ] {
        browser.evaluate(&format!(
            "document.getElementById('key').value = {}",
            json!(given)
        ));
        assert_eq!(browser.choose(&bundle.path)[4], wanted);
    }
    browser.evaluate("document.getElementById('key').value = ''");

    let mut bench = Bench::new();
    let mut outsiders = Outsiders::new(bench.folder.path());
    let bundle = sample_attested(&mut bench, &mut outsiders);
    let answers = browser.choose(&bundle.path);
    assert_eq!(answers[5], "witnesses ok");
    assert_eq!(answers[6], "time not_checked");
    assert!(
        browser
            .text()
            .contains("saw this checkpoint at 2024-12-20T01:31:40.000Z")
    );

    let old = browser.write(&bundle_of_version_1());
    assert_eq!(browser.choose(&old)[0], "bundle failed");
    assert!(browser.text().contains("a bundle of version 1"));
    for (name, bytes, _) in hostile::containers() {
        let path = browser.write(&bytes);
        let answers = browser.choose(&path);
        assert_eq!(answers[0], "bundle failed", "{name}");
        assert!(
            answers[1..].iter().all(|answer| answer.ends_with(" not_checked")),
            "{name}: {answers:?}"
        );
    }
}

/// Without Ed25519 the page says so and does not say that the signature fits.
#[test]
fn a_browser_without_ed25519_says_that_it_did_not_check_the_signature() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    browser.evaluate(
        "crypto.subtle.importKey = ((known) => (format, key, algorithm, ...rest) => algorithm.name === 'Ed25519' \
         ? Promise.reject(new DOMException('x', 'NotSupportedError')) : known.call(crypto.subtle, format, key, \
         algorithm, ...rest))(crypto.subtle.importKey); 0",
    );
    let answers = browser.choose(&bundle.path);
    assert_eq!(answers[3], "log_head not_checked", "{answers:?}");
    assert!(browser.text().contains("signature not checked in this browser"));
}

/// What may say that this file was changed, when the manifests were rewritten.
fn noticed_by(name: &str) -> &'static [&'static str] {
    match name.rsplit('/').next().unwrap_or(name) {
        _ if name.starts_with("proof/bundle/") || name.starts_with("data/") => &["bundle", "file"],
        "deposit.json" | "salt.hex" | "entry.json" | "inclusion.tlog-proof" => &["inclusion", "bundle"],
        "custody.jsonl" => &["custody", "bundle"],
        "log.vkey" | "checkpoint" => &["log_head"],
        _ => &["bundle"],
    }
}

/// A sample of the bytes of each file; see [`flip_step`].
#[test]
fn a_browser_notices_a_changed_byte_in_each_file_even_when_manifests_are_rewritten() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let mut bench = Bench::new();
    let files = unpack(&read(&sample(&mut bench).path));
    let step = flip_step();
    for (name, content) in files.iter().filter(|(_, content)| !content.is_empty()) {
        let default = (content.len() / 2).max(1);
        let is_proof = name.starts_with("proof/");
        let step = step.filter(|_| is_proof).unwrap_or(default);
        for at in (0..content.len()).step_by(step) {
            let mut changed: Files = files.clone();
            changed.get_mut(name).unwrap()[at] ^= 1 << (at % 7);
            let wanted = if name.contains("manifest-") {
                &["bundle"]
            } else {
                rewrite_manifests(&mut changed);
                noticed_by(name)
            };
            let path = browser.write(&pack(&changed));
            let answers = browser.choose(&path);
            assert!(
                wanted
                    .iter()
                    .any(|question| answers.contains(&format!("{question} failed"))),
                "byte {at} of {name}: {answers:?}"
            );
        }
    }
}
