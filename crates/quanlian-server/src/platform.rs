//! The platform: what every request works with.
//!
//! In:  an open database, the rules, a clock.
//! Out: [`Platform`], of which every request holds a clone.
//!
//! Not here: routes (`api`).

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use quanlian_indicator::{Definitions, Mistakes};
use quanlian_law::RuleBook;
use quanlian_procedure::{Engine, Procedures};
use quanlian_record::{envelope::Record, id::MatterId, time::Timestamp};
use quanlian_store::{
    Database, RecordStore as _,
    matters::{Code, Version},
    records::AppendError,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    api::{Problem, matters::step::Stored},
    notices,
    permission::Permissions,
    sign_in::{
        attempts::{self, Attempts},
        password, session,
    },
    upkeep,
};

/// So many addresses, and as many logins that nobody has, are remembered for their wrong tries; then the oldest are
/// forgotten.
const MAX_REMEMBERED: usize = 100_000;

/// So many records of the trail wait for their turn; whoever comes then waits too.
const MAX_WAITING: usize = 4096;
/// So many are written in one transaction.
const MAX_AT_ONCE: usize = 512;

/// So many matters are kept in memory as they were read last; of a long one that is a megabyte.
const MAX_KNOWN: usize = 128;

/// What became of a record of the trail.
type Kept = Result<(), Arc<AppendError>>;

/// How sign-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// What a password must withstand.
    pub password: password::Rules,
    /// How hard its hash is to compute.
    pub cost: password::Cost,
    /// How long sessions hold.
    pub session: session::Rules,
    /// Whether cookies are sent over plain HTTP too: for a first look on one's own machine.
    pub allows_plain_http: bool,
    /// Whether every request comes through a server in front, which says in `X-Forwarded-For` from where. Without one that header is
    /// anybody's word and is not read.
    pub is_behind_proxy: bool,
}

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything that requests share. Clones are cheap.
#[derive(Clone)]
pub struct Platform(Arc<Parts>);

struct Parts {
    store: Database,
    permissions: Permissions,
    procedures: Procedures,
    law: RuleBook,
    indicators: Result<Definitions, Mistakes>,
    drawn_on: Option<Code>,
    is_drawn: AtomicBool,
    settings: Settings,
    clock: Clock,
    addresses: Mutex<BTreeMap<IpAddr, Attempts>>,
    nobodys: Mutex<BTreeMap<String, Attempts>>,
    trail: mpsc::Sender<(Record, oneshot::Sender<Kept>)>,
    matters: Mutex<BTreeMap<MatterId, (Version, Arc<Stored>)>>,
}

impl Platform {
    /// Puts the parts together, begins the writer of the audit trail, and has drawn what is counted and found of matters
    /// where it is missing or of other rules.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn new(
        store: Database,
        permissions: Permissions,
        procedures: Procedures,
        law: RuleBook,
        settings: Settings,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let (trail, waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(write_trail(store.clone(), waiting));
        let indicators = Definitions::embedded(&procedures);
        if let Err(mistakes) = &indicators {
            tracing::error!(%mistakes, "there are no figures: the indicators do not fit the procedures");
        }
        let drawn_on = Code::parse(&quanlian_indicator::basis(&law, &procedures)).ok();
        let platform = Self(Arc::new(Parts {
            store,
            permissions,
            procedures,
            law,
            indicators,
            drawn_on,
            is_drawn: AtomicBool::new(false),
            settings,
            clock: Box::new(clock),
            addresses: Mutex::default(),
            nobodys: Mutex::default(),
            trail,
            matters: Mutex::default(),
        }));
        tokio::spawn(upkeep::draw_all(platform.clone()));
        tokio::spawn(look_at_clocks(Arc::downgrade(&platform.0)));
        platform
    }

    /// Puts into inboxes what clocks are due to tell now; how many notices are new. A running platform does it each minute.
    pub async fn look_at_clocks(&self) -> Result<u64, Problem> {
        notices::look(self).await
    }

    /// The indicators, unless they do not fit the procedures.
    pub(crate) fn indicators(&self) -> Result<&Definitions, &Mistakes> {
        self.0.indicators.as_ref()
    }

    /// A word for the rules by which what is counted is drawn now.
    pub(crate) fn drawn_on(&self) -> Option<&Code> {
        self.0.drawn_on.as_ref()
    }

    /// Whether that was done for every matter.
    pub(crate) fn is_drawn(&self) -> bool {
        self.0.is_drawn.load(Ordering::Acquire)
    }

    pub(crate) fn set_drawn(&self) {
        self.0.is_drawn.store(true, Ordering::Release);
    }

    pub(crate) fn store(&self) -> &Database {
        &self.0.store
    }

    /// Puts a record into the trail; `None` when its writer has ended. It is durable when this returns.
    ///
    /// What comes while a transaction runs goes into the next one together, so that many requests at once wait for few
    /// writes of the disk.
    pub(crate) async fn keep(&self, record: Record) -> Option<Kept> {
        let (told, answer) = oneshot::channel();
        self.0.trail.send((record, told)).await.ok()?;
        answer.await.ok()
    }

    /// A matter that was read lately, at this version. Whether the caller reaches it was asked of the database before.
    pub(crate) fn known_matter(&self, id: MatterId, version: Version) -> Option<Arc<Stored>> {
        let known = self.0.matters.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, stored) = known.get(&id)?;
        (*at == version).then(|| Arc::clone(stored))
    }

    /// Remembers a matter at a version.
    pub(crate) fn know_matter(&self, id: MatterId, version: Version, stored: &Arc<Stored>) {
        let mut known = self.0.matters.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN && !known.contains_key(&id) {
            known.pop_first();
        }
        known.insert(id, (version, Arc::clone(stored)));
    }

    pub(crate) fn permissions(&self) -> &Permissions {
        &self.0.permissions
    }

    pub(crate) fn procedures(&self) -> &Procedures {
        &self.0.procedures
    }

    pub(crate) fn engine(&self) -> Engine<'_> {
        Engine::new(&self.0.procedures, &self.0.law)
    }

    pub(crate) fn settings(&self) -> Settings {
        self.0.settings
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// Counts a try of this address as wrong before it is looked at; how many seconds it has to wait instead.
    pub(crate) fn charge(&self, address: IpAddr, now: Timestamp) -> u32 {
        charge(&self.0.addresses, address, attempts::Rules::ADDRESS, now)
    }

    /// The same for a login that no account has, so that waiting does not tell which logins there are.
    pub(crate) fn charge_nobody(&self, login: &str, now: Timestamp) -> u32 {
        let login: String = login.chars().take(128).collect();
        charge(&self.0.nobodys, login, attempts::Rules::ACCOUNT, now)
    }

    /// Takes back what [`Self::charge`] counted: the try was right.
    pub(crate) fn refund(&self, address: IpAddr) {
        let mut addresses = self.0.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = addresses.get_mut(&address) {
            kept.wrong = kept.wrong.saturating_sub(1);
        }
    }
}

fn charge<K: Ord + Clone>(
    kept: &Mutex<BTreeMap<K, Attempts>>,
    key: K,
    rules: attempts::Rules,
    now: Timestamp,
) -> u32 {
    let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let before = all.get(&key).copied().unwrap_or_default();
    let wait_s = before.wait_s(rules, now);
    if wait_s > 0 {
        return wait_s;
    }
    if all.len() >= MAX_REMEMBERED && !all.contains_key(&key) {
        let oldest = all.iter().min_by_key(|(_, kept)| kept.last_wrong_us);
        if let Some(oldest) = oldest.map(|(oldest, _)| oldest.clone()) {
            all.remove(&oldest);
        }
    }
    all.insert(key, before.after_wrong(rules, now));
    0
}

/// Looks at the clocks as long as anybody uses the platform.
async fn look_at_clocks(parts: Weak<Parts>) {
    loop {
        tokio::time::sleep(notices::LOOK_EVERY).await;
        let Some(parts) = parts.upgrade() else { return };
        if Platform(parts).look_at_clocks().await.is_err() {
            tracing::warn!("the clocks were not looked at; the next minute tries again");
        }
    }
}

/// Writes records until nobody can send any more.
async fn write_trail(store: Database, mut waiting: mpsc::Receiver<(Record, oneshot::Sender<Kept>)>) {
    let mut taken = Vec::new();
    while waiting.recv_many(&mut taken, MAX_AT_ONCE).await > 0 {
        let (records, told): (Vec<Record>, Vec<_>) = taken.drain(..).unzip();
        if store.append_all(&records).await.is_ok() {
            for told in told {
                let _ = told.send(Ok(()));
            }
            continue;
        }
        // One of them may be the reason; the others are not to suffer.
        for (record, told) in records.iter().zip(told) {
            let kept = store.append(record).await.map(|_| ()).map_err(Arc::new);
            let _ = told.send(kept);
        }
    }
}
