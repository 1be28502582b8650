//! The DevTools protocol of Chromium over two pipes.
//!
//! In:  commands; Chromium's messages, each ended by a zero byte.
//! Out: answers, and the few events that a capture waits for ([`Seen`]).
//!
//! Invariant: no port is opened for it, so nobody else can drive the browser. Messages are bounded, every call has its
//! time; a page that opens dialogs is answered at once, because it stands still until then.
//!
//! Not here: which commands are sent (`page`).

use std::{
    collections::BTreeMap,
    io,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::unix::pipe,
    sync::{mpsc, oneshot, watch},
};

/// The longest message that is taken, in bytes: a screenshot in base64.
pub const MAX_MESSAGE_BYTES: usize = 192 * 1024 * 1024;
/// Bytes read at a time.
const STEP_BYTES: usize = 256 * 1024;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CallError {
    /// Chromium said no.
    #[error("{method}: {message}")]
    Refused { method: String, message: String },
    /// No answer in time.
    #[error("{method}: no answer in {seconds} s")]
    Late { method: String, seconds: u64 },
    /// An answer longer than [`MAX_MESSAGE_BYTES`].
    #[error("{method}: the answer is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong { method: String },
    /// The browser is gone.
    #[error("the browser ended")]
    Gone,
}

impl CallError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "browser_refused",
            Self::Late { .. } => "browser_late",
            Self::TooLong { .. } => "browser_answer_too_long",
            Self::Gone => "browser_gone",
        }
    }
}

/// What happened in the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Load events of main frames.
    pub loads: u64,
    /// The page's process died.
    pub crashed: bool,
    /// The browser closed the pipe.
    pub gone: bool,
}

type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Option<Value>>>>>;

/// A connection to a browser.
pub struct Cdp {
    next: AtomicU64,
    waiting: Waiting,
    out: mpsc::Sender<Vec<u8>>,
    seen: watch::Receiver<Seen>,
}

impl Cdp {
    /// Speaks over the two pipes of `--remote-debugging-pipe`.
    pub fn new(to_browser: OwnedFd, from_browser: OwnedFd) -> io::Result<Self> {
        let mut sender = pipe::Sender::from_owned_fd(to_browser)?;
        let receiver = pipe::Receiver::from_owned_fd(from_browser)?;
        let (out, mut queue) = mpsc::channel::<Vec<u8>>(64);
        let (tell, seen) = watch::channel(Seen::default());
        let waiting = Waiting::default();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if sender.write_all(&message).await.is_err() {
                    return;
                }
            }
        });
        let reader = Reader {
            waiting: Arc::clone(&waiting),
            out: out.clone(),
            tell,
        };
        tokio::spawn(reader.run(receiver));
        Ok(Self {
            next: AtomicU64::new(1),
            waiting,
            out,
            seen,
        })
    }

    /// What happened so far, and a way to wait for more.
    pub fn seen(&self) -> watch::Receiver<Seen> {
        self.seen.clone()
    }

    /// Sends a command to the browser, or to a page by its `session`, and waits for the answer.
    pub async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = oneshot::channel();
        locked(&self.waiting).insert(id, tell);
        let message = message(id, session, method, &params);
        let exchange = async {
            self.out.send(message).await.map_err(|_| CallError::Gone)?;
            answer.await.map_err(|_| CallError::Gone)
        };
        let answer = tokio::time::timeout(patience, exchange).await;
        locked(&self.waiting).remove(&id);
        let method = || method.to_owned();
        let Ok(answer) = answer else {
            return Err(CallError::Late {
                method: method(),
                seconds: patience.as_secs(),
            });
        };
        let Some(mut answer) = answer? else {
            return Err(CallError::TooLong { method: method() });
        };
        if let Some(error) = answer.get("error") {
            let message = error["message"].as_str().unwrap_or("refused").chars().take(400);
            return Err(CallError::Refused {
                method: method(),
                message: message.collect(),
            });
        }
        Ok(answer["result"].take())
    }
}

fn message(id: u64, session: Option<&str>, method: &str, params: &Value) -> Vec<u8> {
    let mut message = json!({ "id": id, "method": method, "params": params });
    if let Some(session) = session {
        message["sessionId"] = session.into();
    }
    let mut bytes = message.to_string().into_bytes();
    bytes.push(0);
    bytes
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Reader {
    waiting: Waiting,
    out: mpsc::Sender<Vec<u8>>,
    tell: watch::Sender<Seen>,
}

impl Reader {
    async fn run(self, mut pipe: pipe::Receiver) {
        let mut step = vec![0; STEP_BYTES];
        let mut whole = Vec::new();
        let mut too_long = false;
        while let Ok(read @ 1..) = pipe.read(&mut step).await {
            let mut rest = &step[..read];
            while let Some(end) = rest.iter().position(|byte| *byte == 0) {
                whole.extend_from_slice(&rest[..end]);
                rest = &rest[end + 1..];
                if too_long {
                    self.lost(&whole);
                } else {
                    self.one(&whole);
                }
                whole.clear();
                whole.shrink_to(STEP_BYTES);
                too_long = false;
            }
            if whole.len() + rest.len() > MAX_MESSAGE_BYTES {
                too_long = true;
                whole.truncate(100);
            } else if !too_long {
                whole.extend_from_slice(rest);
            }
        }
        // Dropping the senders tells every caller that the browser is gone.
        locked(&self.waiting).clear();
        self.tell.send_modify(|seen| seen.gone = true);
    }

    fn one(&self, bytes: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Value>(bytes) else {
            return;
        };
        if let Some(id) = message["id"].as_u64() {
            if let Some(waiting) = locked(&self.waiting).remove(&id) {
                let _ = waiting.send(Some(message));
            }
            return;
        }
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.tell.send_modify(|seen| seen.loads += 1),
            Some("Inspector.targetCrashed") => self.tell.send_modify(|seen| seen.crashed = true),
            Some("Page.javascriptDialogOpening") => {
                // Leaving a page is allowed, everything else is declined.
                let accept = message["params"]["type"] == "beforeunload";
                let answer = json!({ "accept": accept });
                let session = message["sessionId"].as_str();
                // Id 0 is nobody's, so the answer to this is thrown away.
                let _ = self
                    .out
                    .try_send(self::message(0, session, "Page.handleJavaScriptDialog", &answer));
            }
            _ => {}
        }
    }

    /// The beginning of a message that was too long: its id, when it is an answer.
    fn lost(&self, begin: &[u8]) {
        let text = String::from_utf8_lossy(begin);
        let id = text
            .strip_prefix("{\"id\":")
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
            .and_then(|digits| digits.parse().ok());
        if let Some(id) = id
            && let Some(waiting) = locked(&self.waiting).remove(&id)
        {
            let _ = waiting.send(None);
        }
    }
}
