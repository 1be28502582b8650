//! The log for many callers: group commit.
//!
//! In:  entries from any thread ([`Sequencer::submit`]).
//! Out: a [`Ticket`], which waits for one of two answers:
//!
//! - **sequenced**: the entry is durable under a number that is its own for ever. Costs
//!   one sync of the write-ahead log, shared with all who wait at the same time.
//! - **published**: the entry is under a signed checkpoint that readers see. The order is
//!   write-ahead log, lock record, tiles, checkpoint, answer (`publisher`).
//!
//! Whoever waits for the first answer while nobody is writing writes himself, at once, all
//! that has come in so far; the others wait for him. So a lone writer waits for the disk
//! and for nothing else, no timer and no other thread, and the batches of a crowd grow by
//! themselves to what arrives during one sync.
//!
//! A thread publishes: when somebody waits for it, when enough has gathered, or after
//! [`Settings::publish_after`]. It may lag behind by [`Settings::max_backlog_bytes`]; then
//! writers wait for it. Memory, and the work after a crash, are bounded by that.
//!
//! After a failed write everything stops: every caller gets [`LogError::Stopped`], nothing
//! is tried again, and the log has to be opened anew.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    checkpoint::SignedCheckpoint,
    log::{LogError, MAX_BATCH_ENTRIES, MAX_LOG_ENTRIES, check_entry},
    note::{SignerKey, VerifierKey},
    publisher::{self, Publisher, Recovered},
    store::LogHome,
    view::LogView,
    wal::{Batch, Segment, Wal},
};

/// Bytes that gather for one sync at most; more waits for the next.
const MAX_GROUP_BYTES: usize = 4 << 20;
/// Segments of the write-ahead log (of 16 MiB) that wait for a quiet moment to be removed.
const MAX_KEPT_SEGMENTS: usize = 32;
/// Entries that gather for one sync at most.
const MAX_GROUP_ENTRIES: usize = MAX_BATCH_ENTRIES / 2;

/// How a sequencer weighs delay against work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long an entry may be durable and not yet under a checkpoint, when nobody waits for that.
    pub publish_after: Duration,
    /// Bytes of durable entries at which a checkpoint is made without waiting longer.
    pub publish_bytes: usize,
    /// Bytes of durable entries without a checkpoint at which writers wait.
    pub max_backlog_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            publish_after: Duration::from_secs(1),
            publish_bytes: 8 << 20,
            max_backlog_bytes: 24 << 20,
        }
    }
}

/// An append-only log, open for writing by many callers.
pub struct Sequencer {
    shared: Arc<Shared>,
    verifier: VerifierKey,
    /// The publisher, which also holds the folder.
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    settings: Settings,
    state: Mutex<State>,
    /// Held by whoever writes; taken without `state` only.
    wal: Mutex<Wal>,
    /// `state.durable` has moved, or the writer has gone, or there is room again.
    written: Condvar,
    /// The publisher has something to do.
    work: Condvar,
    /// `state.view` has moved.
    published: Condvar,
    /// A copy of `state.durable`, to be looked at without the lock.
    durable: AtomicU64,
}

struct State {
    /// What has come in since the last write began.
    open: Batch,
    is_writing: bool,
    /// Entries below this number are durable.
    durable: u64,
    /// Durable, and not yet under a checkpoint.
    backlog: VecDeque<Batch>,
    backlog_bytes: usize,
    /// When the oldest of the backlog came.
    waiting_since: Option<Instant>,
    /// Somebody waits until entries below this number are published.
    wanted: u64,
    closed: VecDeque<Segment>,
    view: LogView,
    /// What a crash had left between lock record and readers is published.
    is_settled: bool,
    failure: Option<Arc<LogError>>,
    is_ending: bool,
}

/// An entry on its way; the number is not to be told to anybody before [`Ticket::sequenced`].
#[must_use = "an entry is durable only when its ticket says so"]
pub struct Ticket {
    shared: Arc<Shared>,
    index: u64,
}

impl Sequencer {
    /// Opens the log, or starts one when there is none.
    ///
    /// Entries that were durable before a crash and had no checkpoint get theirs in the
    /// background.
    pub fn open_or_create(home: LogHome, key: SignerKey, settings: Settings) -> Result<Self, LogError> {
        let recovered = if home.is_unused()? {
            publisher::create(home, key)?
        } else {
            publisher::recover(home, key)?
        };
        Self::start(recovered, settings)
    }

    fn start(recovered: Recovered, settings: Settings) -> Result<Self, LogError> {
        let Recovered {
            publisher,
            mut wal,
            pending,
        } = recovered;
        let closed = wal.take_closed().into();
        let verifier = publisher.key().verifier().clone();
        let next = wal.next();
        let backlog_bytes = pending.iter().map(Batch::size_bytes).sum();
        let state = State {
            open: Batch::new(next),
            is_writing: false,
            durable: next,
            waiting_since: (!pending.is_empty()).then(Instant::now),
            backlog: pending.into(),
            backlog_bytes,
            wanted: 0,
            closed,
            view: publisher.view(),
            is_settled: false,
            failure: None,
            is_ending: false,
        };
        let shared = Arc::new(Shared {
            settings,
            state: Mutex::new(state),
            wal: Mutex::new(wal),
            written: Condvar::new(),
            work: Condvar::new(),
            published: Condvar::new(),
            durable: AtomicU64::new(next),
        });
        let thread = {
            let shared = shared.clone();
            thread::Builder::new()
                .name("log-publisher".into())
                .spawn(move || shared.publish_until_end(publisher))
                .map_err(LogError::Thread)?
        };
        Ok(Self {
            shared,
            verifier,
            thread: Some(thread),
        })
    }

    /// Gives an entry its place. It is not durable yet: that is for the ticket to say.
    ///
    /// Waits only when so much has gathered that it must be written first.
    pub fn submit(&self, entry: &[u8]) -> Result<Ticket, LogError> {
        check_entry(0, entry)?;
        let mut state = self.shared.lock();
        loop {
            state.require_running()?;
            let group = &state.open;
            if group.count() < MAX_GROUP_ENTRIES && group.size_bytes() + entry.len() < MAX_GROUP_BYTES {
                break;
            }
            state = self.shared.write_or_wait(state);
        }
        if state.open.end() >= MAX_LOG_ENTRIES {
            return Err(LogError::Full);
        }
        let index = state.open.end();
        state.open.push(entry);
        Ok(Ticket {
            shared: self.shared.clone(),
            index,
        })
    }

    /// Makes one entry durable and returns its number.
    pub fn append(&self, entry: &[u8]) -> Result<u64, LogError> {
        self.submit(entry)?.sequenced()
    }

    /// The log as its newest published checkpoint shows it. After a crash it waits until
    /// that is as new as any that was published before.
    pub fn view(&self) -> Result<LogView, LogError> {
        let mut state = self.shared.lock();
        while !state.is_settled {
            state.require_running()?;
            state = wait(&self.shared.published, state);
        }
        Ok(state.view.clone())
    }

    /// The public key of the log.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Publishes all that was submitted and ends; the newest checkpoint.
    pub fn finish(mut self) -> Result<SignedCheckpoint, LogError> {
        let end = self.shared.lock().open.end();
        if end > 0 {
            self.shared.wait_sequenced(end - 1)?;
        }
        self.end();
        let state = self.shared.lock();
        state.require_running()?;
        Ok(state.view.checkpoint().clone())
    }

    fn end(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.work.notify_all();
        if let Some(thread) = self.thread.take() {
            // A publisher that panicked has left word of it (`Alarm`).
            let _ = thread.join();
        }
    }
}

impl Drop for Sequencer {
    /// What is durable is published; what nobody waited for may be lost.
    fn drop(&mut self) {
        self.end();
    }
}

impl Ticket {
    /// Waits until the entry is durable, and says its number.
    pub fn sequenced(&self) -> Result<u64, LogError> {
        self.shared.wait_sequenced(self.index)?;
        Ok(self.index)
    }

    /// The number, if the entry is durable already.
    pub fn sequenced_already(&self) -> Option<u64> {
        let durable = self.shared.durable.load(Ordering::Acquire);
        (durable > self.index).then_some(self.index)
    }

    /// Waits until the entry is under a published checkpoint, and gives the log as that shows it.
    pub fn published(&self) -> Result<(u64, LogView), LogError> {
        let index = self.sequenced()?;
        Ok((index, self.shared.wait_published(index)?))
    }
}

impl Shared {
    /// A panic of another thread poisons the mutex; what the state says is whole all the
    /// same, because it is changed in single steps, and a failure stands in it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_sequenced(&self, index: u64) -> Result<(), LogError> {
        if self.durable.load(Ordering::Acquire) > index {
            return Ok(());
        }
        let mut state = self.lock();
        while state.durable <= index {
            state.require_running()?;
            state = self.write_or_wait(state);
        }
        Ok(())
    }

    fn wait_published(&self, index: u64) -> Result<LogView, LogError> {
        let mut state = self.lock();
        state.wanted = state.wanted.max(index + 1);
        self.work.notify_all();
        while state.view.checkpoint().size() <= index {
            state.require_running()?;
            state = wait(&self.published, state);
        }
        Ok(state.view.clone())
    }

    /// Writes what has come in, or waits for whoever is writing, or for room.
    fn write_or_wait<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        if state.is_writing {
            return wait(&self.written, state);
        }
        if state.backlog_bytes >= self.settings.max_backlog_bytes {
            self.work.notify_all();
            return wait(&self.written, state);
        }
        let next = Batch::new(state.open.end());
        let mut batch = std::mem::replace(&mut state.open, next);
        state.is_writing = true;
        drop(state);
        let alarm = Alarm(self);
        let mut wal = self.wal.lock().unwrap_or_else(PoisonError::into_inner);
        let result = wal.append(&mut batch);
        let closed = wal.take_closed();
        drop(wal);
        std::mem::forget(alarm);
        let mut state = self.lock();
        state.is_writing = false;
        match result {
            Ok(()) => {
                state.closed.extend(closed);
                state.durable = batch.end();
                self.durable.store(batch.end(), Ordering::Release);
                state.backlog_bytes += batch.size_bytes();
                state.backlog.push_back(batch);
                if state.waiting_since.is_none() {
                    state.waiting_since = Some(Instant::now());
                    self.work.notify_all();
                }
                if state.backlog_bytes >= self.settings.publish_bytes || state.wanted > 0 {
                    self.work.notify_all();
                }
                self.written.notify_all();
            }
            Err(error) => self.stop(&mut state, error.into()),
        }
        state
    }

    /// Stops everything; the first failure is the one that is told.
    fn stop(&self, state: &mut State, error: LogError) {
        if state.failure.is_none() {
            state.failure = Some(Arc::new(error));
        }
        self.written.notify_all();
        self.published.notify_all();
        self.work.notify_all();
    }

    fn publish_until_end(&self, mut publisher: Publisher) {
        let alarm = Alarm(self);
        let mut result = publisher.settle();
        while result.is_ok() {
            let published = publisher.view();
            let head = published.checkpoint().size();
            let mut state = self.lock();
            state.view = published;
            state.is_settled = true;
            if state.wanted <= head {
                state.wanted = 0;
            }
            self.published.notify_all();
            self.written.notify_all();
            result = match self.next_work(state, &publisher) {
                Work::Publish(batches) => self.publish(&mut publisher, &batches),
                Work::Reclaim(mut segment) => publisher.reclaim(&mut segment),
                Work::End => break,
            };
        }
        if let Err(error) = result {
            self.stop(&mut self.lock(), error);
        }
        std::mem::forget(alarm);
    }

    fn publish(&self, publisher: &mut Publisher, batches: &[Batch]) -> Result<(), LogError> {
        publisher.publish(batches)?;
        let mut state = self.lock();
        state.backlog_bytes -= batches.iter().map(Batch::size_bytes).sum::<usize>();
        Ok(())
    }

    /// Waits for work.
    fn next_work<'s>(&'s self, mut state: MutexGuard<'s, State>, publisher: &Publisher) -> Work {
        let head = publisher.head().size();
        loop {
            if state.failure.is_some() {
                return Work::End;
            }
            let oldest = state.closed.front();
            let may_go = oldest.is_some_and(|segment| segment.end <= head);
            // Segments go when there is nothing better to do, unless they fill the disk.
            if may_go && state.closed.len() > MAX_KEPT_SEGMENTS {
                return Work::Reclaim(state.closed.drain(..1).collect());
            }
            let left = state
                .waiting_since
                .map(|since| self.settings.publish_after.saturating_sub(since.elapsed()));
            let is_due = left.is_some_and(|left| {
                left.is_zero()
                    || state.is_ending
                    || state.backlog_bytes >= self.settings.publish_bytes
                    || state.wanted > head
            });
            if is_due {
                return Work::Publish(self.next_round(&mut state, publisher));
            }
            if may_go {
                return Work::Reclaim(state.closed.drain(..1).collect());
            }
            state = match left {
                None if state.is_ending => return Work::End,
                None => wait(&self.work, state),
                Some(left) => {
                    let waited = self.work.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The oldest of the backlog: as much as makes one checkpoint.
    fn next_round(&self, state: &mut State, publisher: &Publisher) -> Vec<Batch> {
        let mut round = Vec::new();
        let mut round_bytes = 0;
        while let Some(batch) = state.backlog.front() {
            // What the key has consented to before a crash belongs into the first checkpoint.
            let is_enough =
                round_bytes >= self.settings.publish_bytes && batch.first() >= publisher.must_reach();
            if is_enough {
                break;
            }
            round_bytes += batch.size_bytes();
            round.extend(state.backlog.pop_front());
        }
        state.waiting_since = (!state.backlog.is_empty()).then(Instant::now);
        round
    }
}

/// What the publisher does next.
enum Work {
    Publish(Vec<Batch>),
    /// A segment whose entries are published.
    Reclaim(VecDeque<Segment>),
    End,
}

fn wait<'s>(condition: &Condvar, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn require_running(&self) -> Result<(), LogError> {
        match &self.failure {
            Some(failure) => Err(LogError::Stopped(failure.clone())),
            None => Ok(()),
        }
    }
}

/// Stops the log when it is dropped, which only a panic does: nobody shall wait for ever.
struct Alarm<'s>(&'s Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0.stop(&mut self.0.lock(), LogError::Poisoned);
    }
}
