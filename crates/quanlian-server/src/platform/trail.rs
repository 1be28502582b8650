//! The writer of the audit trail, and what brings its heads into the evidence log.
//!
//! In:  records from requests; a [`Log`], where the installation has one.
//! Out: linked lines, on the disk before anybody is answered; anchors at most [`ANCHOR_EVERY`] or [`ANCHOR_LINES`] behind them.
//!
//! Invariants: one writer a process, with a strand of its own; when the log does not take an anchor, requests go on, the trouble is
//! told ([`Trouble`]) and the anchor is tried again. What another process left without an anchor is anchored too.
//!
//! Not here: what a line says (`api::trail`), how lines are linked (`quanlian-store::trail`).

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use quanlian_record::{envelope::Record, id::StrandId, time::Timestamp};
use quanlian_store::{
    Database, TrailStore as _,
    trail::{Anchor, Anchored, Boxed, Leaves, LogTrouble, Strand, TrailError},
};
use tokio::sync::{Notify, mpsc, oneshot};

use super::Clock;

/// A line waits no longer for its anchor, as long as the log can be written.
pub const ANCHOR_EVERY: Duration = Duration::from_secs(10);
/// So many lines are anchored without waiting longer.
pub const ANCHOR_LINES: u64 = 10_000;
/// A strand of which nothing was heard for so long may be that of a process that has ended.
const QUIET_US: i64 = 60_000_000;
/// So many records are written in one transaction.
const MAX_AT_ONCE: usize = 512;
/// The end of the program waits no longer for the last anchor.
const LAST_ANCHOR: Duration = Duration::from_secs(15);

/// The evidence log, as the platform writes to it.
pub trait Log: Leaves {
    /// Appends entries. They are durable and published when it returns their numbers.
    fn append(&self, entries: Vec<Vec<u8>>) -> Boxed<'_, Result<Range<u64>, LogTrouble>>;
}

/// Why lines wait for their anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// A stable word for programs.
    pub code: String,
}

/// What became of a record of the trail.
pub(crate) type Kept = Result<(), Arc<TrailError>>;

/// What writer and anchoring share.
pub(super) struct Shared {
    strand: StrandId,
    /// Lines since the last anchor.
    waiting: AtomicU64,
    /// When everything was last anchored, in microseconds since 1970; 0: not yet.
    anchored_us: AtomicI64,
    many: Notify,
    trouble: Mutex<Option<Trouble>>,
}

impl Shared {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            strand: StrandId::fresh(now),
            waiting: AtomicU64::new(0),
            anchored_us: AtomicI64::new(0),
            many: Notify::new(),
            trouble: Mutex::default(),
        }
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn unanchored(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn anchored_us(&self) -> i64 {
        self.anchored_us.load(Ordering::Relaxed)
    }

    fn tell(&self, now: Timestamp, outcome: Result<(), &TrailError>) {
        if outcome.is_ok() {
            self.anchored_us.store(now.unix_micros(), Ordering::Relaxed);
        }
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (outcome, trouble.as_ref()) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                tracing::info!("the audit trail is anchored again");
                *trouble = None;
            }
            (Err(error), before) => {
                let code = error.code().to_owned();
                if before.is_none_or(|before| before.code != code) {
                    tracing::error!(?error, "the audit trail cannot be anchored; it is tried again");
                }
                let since = before.map_or(now, |before| before.since);
                *trouble = Some(Trouble { since, code });
            }
        }
    }
}

/// The one who writes.
pub(super) struct Writer {
    store: Database,
    shared: Arc<Shared>,
    clock: Clock,
    head: Strand,
    has_adopted: bool,
}

impl Writer {
    pub(super) fn new(store: Database, shared: Arc<Shared>, clock: Clock) -> Self {
        let head = Strand::begin(shared.strand);
        Self {
            store,
            shared,
            clock,
            head,
            has_adopted: false,
        }
    }

    /// Writes records until nobody can send any more.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<(Record, oneshot::Sender<Kept>)>) {
        let mut taken = Vec::new();
        while waiting.recv_many(&mut taken, MAX_AT_ONCE).await > 0 {
            let (records, told): (Vec<Record>, Vec<_>) = taken.drain(..).unzip();
            let before = self.head.number;
            let kept = self.keep(&records).await;
            for (told, kept) in told.into_iter().zip(kept) {
                let _ = told.send(kept);
            }
            let new = self.head.number.saturating_sub(before);
            if self.shared.waiting.fetch_add(new, Ordering::Relaxed) + new >= ANCHOR_LINES {
                self.shared.many.notify_one();
            }
        }
    }

    async fn keep(&mut self, records: &[Record]) -> Vec<Kept> {
        match self.keep_all(records).await {
            Ok(()) => vec![Ok(()); records.len()],
            Err(error) => self.one_by_one(records, error).await,
        }
    }

    async fn keep_all(&mut self, records: &[Record]) -> Result<(), TrailError> {
        if !self.has_adopted {
            let now = (self.clock)();
            let adopted = self.store.adopt_lines(StrandId::fresh(now), now).await?;
            if adopted > 0 {
                tracing::info!(lines = adopted, "lines of before are linked");
            }
            self.has_adopted = true;
        }
        self.head = self.store.append_lines(self.head, records).await?;
        Ok(())
    }

    /// One record may be the reason, and the others are not to suffer; or an answer was lost, and all are written. A database
    /// that does not answer is not asked for each.
    async fn one_by_one(&mut self, records: &[Record], first: TrailError) -> Vec<Kept> {
        if !self.has_adopted {
            let error = Arc::new(first);
            return vec![Err(error); records.len()];
        }
        let mut kept = Vec::with_capacity(records.len());
        let mut away: Option<Arc<TrailError>> = None;
        for record in records {
            let one = match &away {
                Some(error) => Err(Arc::clone(error)),
                None => self.keep_one(record).await.map_err(Arc::new),
            };
            if let Err(error) = &one
                && matches!(**error, TrailError::Database(_))
            {
                away = Some(Arc::clone(error));
            }
            kept.push(one);
        }
        kept
    }

    async fn keep_one(&mut self, record: &Record) -> Result<(), TrailError> {
        let head = self.store.strand(self.shared.strand).await?;
        self.head = head.unwrap_or(Strand::begin(self.shared.strand));
        if self.store.lines_of(&[record.id]).await?.is_empty() {
            let one = std::slice::from_ref(record);
            self.head = self.store.append_lines(self.head, one).await?;
        }
        Ok(())
    }
}

/// Asks for an anchor now; the answer comes when it was tried.
pub(super) type Ask = oneshot::Sender<()>;

/// The one who anchors.
pub(super) struct Anchoring {
    store: Database,
    log: Arc<dyn Log>,
    shared: Arc<Shared>,
    clock: Clock,
}

impl Anchoring {
    /// Begins, on the runtime of the caller.
    pub(super) fn begin(
        store: Database,
        log: Arc<dyn Log>,
        shared: Arc<Shared>,
        clock: Clock,
    ) -> mpsc::Sender<Ask> {
        let (ask, asked) = mpsc::channel(1);
        let anchoring = Self {
            store,
            log,
            shared,
            clock,
        };
        tokio::spawn(anchoring.run(asked));
        ask
    }

    /// Anchors until nobody can ask any more.
    async fn run(self, mut asked: mpsc::Receiver<Ask>) {
        loop {
            let tell = tokio::select! {
                () = tokio::time::sleep(ANCHOR_EVERY) => None,
                () = self.shared.many.notified() => None,
                ask = asked.recv() => match ask {
                    Some(tell) => Some(tell),
                    None => return,
                },
            };
            let outcome = self.anchor().await;
            self.shared.tell((self.clock)(), outcome.as_ref().copied());
            if outcome.is_err() {
                // Else ten thousand lines more would ask again at once.
                self.shared.waiting.store(0, Ordering::Relaxed);
            }
            if let Some(tell) = tell {
                let _ = tell.send(());
            }
        }
    }

    async fn anchor(&self) -> Result<(), TrailError> {
        loop {
            self.shared.waiting.store(0, Ordering::Relaxed);
            let now = (self.clock)();
            let quiet_since = now.unix_micros().saturating_sub(QUIET_US);
            let quiet_since = Timestamp::from_unix_micros(quiet_since).unwrap_or(now);
            let waiting = self
                .store
                .waiting_strands(Some(self.shared.strand), quiet_since)
                .await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let anchors: Vec<Anchor> = waiting.into_iter().map(Anchor::of).collect();
            let leaves = anchors.iter().map(|anchor| anchor.leaf().into_bytes()).collect();
            let entries = self.log.append(leaves).await?;
            let anchored: Vec<Anchored> = entries
                .zip(anchors)
                .map(|(log_index, anchor)| Anchored {
                    anchor,
                    log: self.log.name().to_owned(),
                    log_index,
                    at: now,
                })
                .collect();
            self.store.put_anchors(&anchored).await?;
            // While lines come in all the time, the next round is soon enough for them.
            if self.shared.waiting.load(Ordering::Relaxed) < ANCHOR_LINES {
                return Ok(());
            }
        }
    }
}

/// Waits until it was tried, but not for ever.
pub(super) async fn ask(anchoring: &mpsc::Sender<Ask>) {
    let (tell, told) = oneshot::channel();
    let asked = async {
        anchoring.send(tell).await.ok()?;
        told.await.ok()
    };
    if tokio::time::timeout(LAST_ANCHOR, asked).await.is_err() {
        tracing::error!("the audit trail was not anchored in time; the next start does it");
    }
}

#[cfg(test)]
mod tests {
    use quanlian_record::{envelope::ENVELOPE_VERSION, id::RecordId};
    use quanlian_store::{
        RecordStore as _,
        trail::{KIND, check},
    };
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2024-04-01T02:00:00Z".parse().unwrap()
    }

    fn record() -> Record {
        Record {
            v: ENVELOPE_VERSION,
            id: RecordId::fresh(now()),
            kind: KIND.into(),
            recorded_at: now(),
            actor: "culture/li".into(),
            supersedes: None,
            body: json!({"action": "read", "result": "allowed"}),
        }
    }

    async fn writer() -> (Writer, Database, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Database::open(&folder.path().join("a.db")).await.unwrap();
        let shared = Arc::new(Shared::new(now()));
        (Writer::new(store.clone(), shared, Arc::new(now)), store, folder)
    }

    async fn lines(store: &Database) -> (bool, u64) {
        let part = check::check(store, None, &check::From::default(), u64::MAX)
            .await
            .unwrap();
        (part.is_sound(), part.lines)
    }

    #[tokio::test]
    async fn a_record_that_is_refused_or_was_written_before_harms_no_other() {
        let (mut writer, store, _folder) = writer().await;
        let first = record();
        assert!(writer.keep(std::slice::from_ref(&first)).await[0].is_ok());
        let refused = Record {
            kind: "Not A Kind".into(),
            ..record()
        };
        let kept = writer.keep(&[record(), first.clone(), refused, record()]).await;
        let codes: Vec<_> = kept
            .iter()
            .map(|kept| kept.as_ref().map_err(|error| error.code()))
            .collect();
        assert_eq!(codes, [Ok(&()), Ok(&()), Err("record_kind_invalid"), Ok(&())]);
        assert_eq!(lines(&store).await, (true, 3));
    }

    /// A commit whose answer was lost: the strand has come further than its writer knows.
    #[tokio::test]
    async fn a_writer_finds_out_what_was_written_when_an_answer_was_lost() {
        let (mut writer, store, _folder) = writer().await;
        writer.keep(&[record(), record()]).await;
        let before = writer.head;
        let lost = [record(), record()];
        writer.keep(&lost).await;
        writer.head = before;
        assert!(writer.keep(&lost).await.iter().all(Result::is_ok));
        assert!(writer.keep(&[record()]).await[0].is_ok());
        assert_eq!(lines(&store).await, (true, 5));
    }

    #[tokio::test]
    async fn records_of_before_are_linked_with_the_first_line() {
        let (mut writer, store, _folder) = writer().await;
        store.append_all(&[record(), record()]).await.unwrap();
        assert_eq!(lines(&store).await, (false, 0));
        writer.keep(&[record()]).await;
        assert_eq!(lines(&store).await, (true, 3));
    }

    #[tokio::test]
    async fn a_database_that_is_closed_is_an_error_for_all_and_is_asked_once() {
        let (mut writer, store, _folder) = writer().await;
        writer.keep(&[record()]).await;
        store.close().await.unwrap();
        let kept = writer.keep(&[record(), record()]).await;
        assert!(kept.iter().all(Result::is_err));
        let same = |kept: &Kept| Arc::as_ptr(kept.as_ref().unwrap_err());
        assert_eq!(same(&kept[0]), same(&kept[1]));
    }
}
