//! The platform: what every request works with.
//!
//! In:  an open database, the rules, a clock.
//! Out: [`Platform`], of which every request holds a clone.
//!
//! Not here: routes (`api`).

mod blind;
mod drawing;
mod trail;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use ipnet::IpNet;
use quanlian_indicator::{Definitions, Mistakes};
use quanlian_law::RuleBook;
use quanlian_procedure::{Engine, Procedures};
use quanlian_record::{
    envelope::Record,
    id::{AccountId, MatterId},
    time::Timestamp,
};
use quanlian_store::{
    Database, FileStore as _, Objects,
    files::FileError,
    matters::{Code, Version},
};
use tokio::sync::{Notify, mpsc, oneshot};

pub use blind::Blind;

use crate::{
    api::{Problem, matters::step::Stored},
    limits::{Gate, Limits},
    metrics::{Metrics, Now},
    notices::{self, Steps},
    permission::Permissions,
    rendering::Renderer,
    sign_in::{
        attempts::{self, Attempts},
        password,
        provider::Providers,
        seal::Seal,
        session,
    },
    spans::Spans,
    telling::{self, Telling, Told},
    upkeep,
};

pub(crate) use trail::Kept;
pub use trail::{ANCHOR_EVERY, ANCHOR_LINES, Log, Trouble};

/// So many addresses, and as many logins that nobody has, are remembered for their wrong tries; then the oldest are
/// forgotten.
const MAX_REMEMBERED: usize = 100_000;

/// So many records of the trail wait for their turn; whoever comes then waits too.
const MAX_WAITING: usize = 4096;

/// So many matters are kept in memory as they were read last; of a long one that is a megabyte.
const MAX_KNOWN: usize = 128;

/// So many names an account may ask all agencies about,
const MAX_QUESTIONS: u32 = 500;
/// and so many codes it may have sent to mail addresses,
const MAX_CODES: u32 = 5;
/// within so many seconds.
const QUESTIONS_WITHIN_S: i64 = 3600;

/// How sign-in behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What a password must withstand.
    pub password: password::Rules,
    /// How hard its hash is to compute.
    pub cost: password::Cost,
    /// How long sessions hold.
    pub session: session::Rules,
    /// Whether cookies are sent over plain HTTP too: for a first look on one's own machine.
    pub allows_plain_http: bool,
    /// Servers in front, which say in `X-Forwarded-For` from where a request comes. From anybody else that header is anybody's word
    /// and is not read.
    pub proxies: Vec<IpNet>,
    /// How tries of one address are slowed down.
    pub address_attempts: attempts::Rules,
    /// How much one address, one account and everybody together may take.
    pub limits: Limits,
    /// So often a job is begun: one that takes its server down with it ends. Outages of database or store are not counted.
    pub job_attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password: password::Rules::default(),
            cost: password::Cost::default(),
            session: session::Rules::default(),
            allows_plain_http: false,
            proxies: Vec::new(),
            address_attempts: attempts::Rules::ADDRESS,
            limits: Limits::default(),
            job_attempts: 20,
        }
    }
}

/// Where files are kept.
#[derive(Debug)]
pub struct Filing {
    /// Their bytes, once they are whole.
    pub objects: Objects,
    /// The folder of those that are on their way, on the disk of this machine.
    pub uploads: PathBuf,
    /// No file is longer than this.
    pub max_file_bytes: u64,
}

/// What a platform is made of.
pub struct Means {
    /// The database.
    pub store: Database,
    /// Who may do what.
    pub permissions: Permissions,
    /// What matters run under.
    pub procedures: Procedures,
    /// What the law says.
    pub law: RuleBook,
    /// How sign-in behaves.
    pub settings: Settings,
    /// Where files are kept; without it there are none.
    pub filing: Option<Arc<Filing>>,
    /// The key of names; without it nobody names anything.
    pub blind: Option<Blind>,
    /// The keys of secrets that have to be given out again.
    pub seal: Seal,
    /// What is told outside.
    pub telling: Telling,
    /// With whom somebody may sign in besides.
    pub providers: Providers,
}

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything that requests share. Clones are cheap.
#[derive(Clone)]
pub struct Platform(Arc<Parts>);

struct Parts {
    means: Means,
    work_waits: Notify,
    indicators: Result<Definitions, Mistakes>,
    steps: Steps,
    codes: Mutex<BTreeMap<AccountId, (i64, u32)>>,
    drawn_on: Option<Code>,
    is_drawn: AtomicBool,
    clock: Clock,
    gate: Gate,
    metrics: Metrics,
    spans: OnceLock<Arc<dyn Spans>>,
    demo: OnceLock<String>,
    renderer: Renderer,
    addresses: Mutex<BTreeMap<IpAddr, Attempts>>,
    nobodys: Mutex<BTreeMap<String, Attempts>>,
    questions: Mutex<BTreeMap<AccountId, (i64, u32)>>,
    trail: mpsc::Sender<(Record, oneshot::Sender<Kept>)>,
    strand: Arc<trail::Shared>,
    log: OnceLock<(Arc<dyn Log>, mpsc::Sender<trail::Ask>)>,
    matters: Mutex<BTreeMap<MatterId, (Version, Arc<Stored>)>>,
}

impl Platform {
    /// Puts the parts together, begins the writer of the audit trail, and has drawn what is counted and found of matters
    /// where it is missing or of other rules.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn new(means: Means, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let (trail, waiting) = mpsc::channel(MAX_WAITING);
        let clock: Clock = Arc::new(clock);
        let strand = Arc::new(trail::Shared::new(clock()));
        let writer = trail::Writer::new(means.store.clone(), Arc::clone(&strand), Arc::clone(&clock));
        tokio::spawn(writer.run(waiting));
        let indicators = Definitions::embedded(&means.procedures);
        if let Err(mistakes) = &indicators {
            tracing::error!(%mistakes, "there are no figures: the indicators do not fit the procedures");
        }
        let steps = Steps::embedded().unwrap_or_else(|error| {
            tracing::error!(%error, "no clock is told");
            Steps::default()
        });
        let drawn_on = Code::parse(&quanlian_indicator::basis(&means.law, &means.procedures)).ok();
        let gate = Gate::of(&means.settings.limits);
        let platform = Self(Arc::new(Parts {
            means,
            gate,
            metrics: Metrics::default(),
            spans: OnceLock::new(),
            demo: OnceLock::new(),
            renderer: Renderer::default(),
            work_waits: Notify::new(),
            indicators,
            steps,
            codes: Mutex::default(),
            drawn_on,
            is_drawn: AtomicBool::new(false),
            clock,
            addresses: Mutex::default(),
            nobodys: Mutex::default(),
            questions: Mutex::default(),
            trail,
            strand,
            log: OnceLock::new(),
            matters: Mutex::default(),
        }));
        tokio::spawn(upkeep::draw_all(platform.clone()));
        tokio::spawn(look_at_clocks(Arc::downgrade(&platform.0)));
        tokio::spawn(upkeep::seal_all(platform.clone()));
        platform
    }

    /// Puts into inboxes what clocks are due to tell now; how many notices are new. A running platform does it each minute.
    pub async fn look_at_clocks(&self) -> Result<u64, Problem> {
        notices::look(self).await
    }

    /// Tells outside what is due now, until nothing is. A server does it every few seconds.
    pub async fn tell(&self) -> Result<Told, Problem> {
        telling::tell(self).await
    }

    /// Seals what is kept in plain or under an older key; whether all is sealed under the newest. It is done at each start.
    pub async fn seal_all(&self) -> Result<bool, Problem> {
        upkeep::seal_each(self).await
    }

    pub(crate) fn telling(&self) -> &Telling {
        &self.0.means.telling
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.means.providers
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.0.means.seal
    }

    pub(crate) fn steps(&self) -> &Steps {
        &self.0.steps
    }

    pub(crate) fn law(&self) -> &RuleBook {
        &self.0.means.law
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

    /// Anchors the audit trail in a log from now on; the first one that is named stays.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn anchor_in(&self, log: Arc<dyn Log>) {
        self.0.log.get_or_init(|| {
            let parts = &self.0;
            let (strand, clock) = (Arc::clone(&parts.strand), Arc::clone(&parts.clock));
            let ask = trail::Anchoring::begin(parts.means.store.clone(), Arc::clone(&log), strand, clock);
            (log, ask)
        });
    }

    /// Anchors what waits now; whether it could be done says [`Self::trouble`]. Called at the end of the program too.
    pub async fn anchor(&self) {
        if let Some((_, ask)) = self.0.log.get() {
            trail::ask(ask).await;
        }
    }

    /// Why the audit trail is not anchored, while it is not.
    pub fn trouble(&self) -> Option<Trouble> {
        self.0.strand.trouble()
    }

    pub(crate) fn log(&self) -> Option<&dyn Log> {
        self.0.log.get().map(|(log, _)| &**log)
    }

    pub(crate) fn filing(&self) -> Option<&Filing> {
        self.0.means.filing.as_deref()
    }

    /// Told when somebody asked for work, so that a worker of this process need not wait for its next look.
    pub fn work_waits(&self) -> &Notify {
        &self.0.work_waits
    }

    /// Forgets uploads whose time ran out, with their bytes.
    pub async fn sweep(&self) -> Result<usize, FileError> {
        let lapsed = self.0.means.store.lapse_uploads(self.now()).await?;
        for id in &lapsed {
            if let Some(filing) = self.filing() {
                // Bytes that are not there, or on another server, are nobody's loss.
                let _ = tokio::fs::remove_file(filing.uploads.join(format!("{id}.part"))).await;
            }
        }
        Ok(lapsed.len())
    }

    pub(crate) fn store(&self) -> &Database {
        &self.0.means.store
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

    pub(crate) fn blind(&self) -> Option<&Blind> {
        self.0.means.blind.as_ref()
    }

    /// Counts names that an account asks all agencies about; how many seconds it has to wait instead.
    pub(crate) fn charge_questions(&self, account: AccountId, count: u32, now: Timestamp) -> u32 {
        let now_s = now.unix_micros().div_euclid(1_000_000);
        count_within(&self.0.questions, account, count, MAX_QUESTIONS, now_s)
    }

    /// Counts a code that is sent to an address somebody typed; how many seconds they have to wait instead.
    pub(crate) fn charge_code(&self, account: AccountId, now: Timestamp) -> u32 {
        let now_s = now.unix_micros().div_euclid(1_000_000);
        count_within(&self.0.codes, account, 1, MAX_CODES, now_s)
    }

    pub(crate) fn permissions(&self) -> &Permissions {
        &self.0.means.permissions
    }

    pub(crate) fn procedures(&self) -> &Procedures {
        &self.0.means.procedures
    }

    pub(crate) fn engine(&self) -> Engine<'_> {
        Engine::new(&self.0.means.procedures, &self.0.means.law)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.means.settings
    }

    /// Tells of every request from now on; the first one that is named stays.
    pub fn trace_to(&self, spans: Arc<dyn Spans>) {
        let _ = self.0.spans.set(spans);
    }

    pub(crate) fn spans(&self) -> Option<&dyn Spans> {
        self.0.spans.get().map(|spans| &**spans)
    }

    /// Puts into the first page whom one can be, as JSON: the password of sample accounts stands there for everybody to read. What is
    /// named first stays.
    pub fn show_demo(&self, accounts: String) {
        let _ = self.0.demo.set(accounts);
    }

    pub(crate) fn demo(&self) -> Option<&str> {
        self.0.demo.get().map(String::as_str)
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// How the trail stands, for the metrics.
    pub(crate) fn trail_now(&self) -> Now {
        Now {
            gauges: None,
            at_us: self.now().unix_micros(),
            trail_waiting: self.0.trail.max_capacity() - self.0.trail.capacity(),
            trail_unanchored: self.0.strand.unanchored(),
            anchored_us: self.0.strand.anchored_us(),
            is_in_trouble: self.trouble().is_some(),
        }
    }

    /// Who lets requests in.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// Counts a try of this address as wrong before it is looked at; how many seconds it has to wait instead.
    pub(crate) fn charge(&self, address: IpAddr, now: Timestamp) -> u32 {
        charge(&self.0.addresses, address, self.settings().address_attempts, now)
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

fn count_within(
    kept: &Mutex<BTreeMap<AccountId, (i64, u32)>>,
    account: AccountId,
    count: u32,
    most: u32,
    now_s: i64,
) -> u32 {
    let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let (begun, asked) = all.entry(account).or_insert((now_s, 0));
    if now_s - *begun >= QUESTIONS_WITHIN_S {
        (*begun, *asked) = (now_s, 0);
    }
    if asked.saturating_add(count) > most {
        return u32::try_from(*begun + QUESTIONS_WITHIN_S - now_s)
            .unwrap_or(1)
            .max(1);
    }
    *asked += count;
    0
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
