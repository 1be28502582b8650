//! Telling: what leaves the platform when a notice is made, as webhooks of agencies and mail of accounts.
//!
//! In:  notices that wait ([`spread`] decides who is told), deliveries that are due.
//! Out: requests to the addresses of agencies ([`hooks`]), mail ([`mail`]); what came of each.
//!
//! Invariants: whoever is told sees the matter, when it is decided and again when it is sent; nothing of a matter's content and no
//! person's name leaves; a delivery is tried with growing waits ([`pace`]) until its time is over, and then stands there as dead.
//! Several programs on one database share the work by leases.
//!
//! Not here: who is told of what (`notices`), where deliveries are kept (`quanlian-store::telling`).

pub mod hooks;
pub mod mail;
mod pace;
mod spread;

use std::time::Duration;

use quanlian_record::{
    id::{AccountId, DeliveryId, MatterId, WebhookId},
    time::Timestamp,
};
use quanlian_store::{
    AccountStore as _, MatterStore as _, TellingStore as _,
    accounts::{Account, AccountState},
    matters::{Actions, AgencyCode, Code, MatterRow, Scope},
    telling::{Channel, Delivery, NewDelivery, Settlement},
};

use crate::{
    api::{Problem, scope_of},
    outward::RootsError,
    permission::Action,
    platform::Platform,
    sign_in::seal::Use,
    upkeep,
};
use hooks::{Hooks, WebhookSettings};
use mail::{Line, MailError, MailSettings, Mailer};

/// Between two looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Between two times when old deliveries are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(6);
/// So long deliveries that ended can be looked at.
const KEPT_DAYS: i64 = 30;
/// So many requests run at once.
const AT_ONCE: usize = 16;
/// So many notices go into one mail.
const IN_ONE_MAIL: usize = 100;
/// One call sends no more rounds than this; what is left is for the next.
const MAX_ROUNDS: usize = 1000;
/// A lease outlives the longest try by so much.
const LEASE_SPARE: Duration = Duration::from_mins(1);
const DAY_US: i64 = 86_400_000_000;
/// The words for a webhook that was given up.
pub(crate) const DEAD_WEBHOOK: &str = "webhook.dead";
/// The role of those who are told that.
const KEEPER: &str = "administrator";
/// The kind of a delivery that only tries the way.
pub(crate) const PING: &str = "ping";

/// How the platform tells outside.
#[derive(Debug, Clone, Default)]
pub struct TellingSettings {
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// Mail; without it none is sent.
    pub mail: Option<MailSettings>,
    /// Under which address people reach the platform, for links: `https://HOST/`.
    pub public_url: Option<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TellingSettingsError {
    /// The certificates cannot be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// The settings of mail are wrong.
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// What telling works with; without anything nothing is told outside.
#[derive(Default)]
pub struct Telling {
    pub(crate) hooks: Option<Hooks>,
    pub(crate) mailer: Option<Mailer>,
}

impl Telling {
    /// From settings. `allows_plain_http` as the installation has it.
    pub fn of(settings: &TellingSettings, allows_plain_http: bool) -> Result<Self, TellingSettingsError> {
        let mail = settings.mail.as_ref();
        let mailer = mail.map(|mail| Mailer::of(mail, settings.public_url.as_deref()));
        Ok(Self {
            hooks: Some(Hooks::of(&settings.webhooks, allows_plain_http)?),
            mailer: mailer.transpose()?,
        })
    }
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// So many notices were given to whom they concern.
    pub spread: u64,
    /// So many deliveries were taken by the other side.
    pub taken: u64,
    /// So many were not, this time.
    pub failed: u64,
}

/// Tells what is due, until nothing is.
pub(crate) async fn tell(platform: &Platform) -> Result<Told, Problem> {
    let mut told = Told {
        spread: spread::all(platform).await?,
        ..Told::default()
    };
    for _ in 0..MAX_ROUNDS {
        let hooks = round_of_hooks(platform, &mut told).await?;
        let mail = round_of_mail(platform, &mut told).await?;
        if !hooks && !mail {
            break;
        }
    }
    Ok(told)
}

/// Tells as long as the program runs.
pub(crate) async fn run(platform: Platform) {
    let mut until_forgetting = Duration::ZERO;
    let mut is_well = true;
    loop {
        match tell(&platform).await {
            Ok(_) => is_well = true,
            Err(_) if is_well => {
                is_well = false;
                tracing::warn!("what is due could not be told; it waits and is tried again");
            }
            Err(_) => {}
        }
        if until_forgetting.is_zero() {
            until_forgetting = FORGET_EVERY;
            if let Ok(before) = later(platform.now(), -KEPT_DAYS * DAY_US) {
                let _ = platform.store().forget_deliveries(before).await;
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
        until_forgetting = until_forgetting.saturating_sub(LOOK_EVERY);
    }
}

fn later(now: Timestamp, micros: i64) -> Result<Timestamp, Problem> {
    Timestamp::from_unix_micros(now.unix_micros().saturating_add(micros)).map_err(Problem::internal)
}

fn lease_until(now: Timestamp, longest: Duration) -> Result<Timestamp, Problem> {
    let micros = i64::try_from((longest + LEASE_SPARE).as_micros()).unwrap_or(i64::MAX);
    later(now, micros)
}

/// Sends some requests; whether there were any.
async fn round_of_hooks(platform: &Platform, told: &mut Told) -> Result<bool, Problem> {
    let Some(hooks) = platform.telling().hooks.as_ref() else {
        return Ok(false);
    };
    let now = platform.now();
    let until = lease_until(now, hooks.within())?;
    let taken = platform.store().take_for_webhooks(now, until, AT_ONCE).await?;
    let is_any = !taken.is_empty();
    let sent: Vec<_> = taken
        .into_iter()
        .map(|delivery| to_hook(platform, hooks, delivery))
        .collect();
    for is_taken in futures::future::join_all(sent).await {
        if is_taken? {
            told.taken += 1;
        } else {
            told.failed += 1;
        }
    }
    Ok(is_any)
}

/// One request to a webhook; whether it was taken.
async fn to_hook(platform: &Platform, hooks: &Hooks, delivery: Delivery) -> Result<bool, Problem> {
    let delivery = &delivery;
    let (store, now) = (platform.store(), platform.now());
    let id = WebhookId(delivery.target);
    let Some(webhook) = store.webhook(id).await? else {
        store.settle(delivery, &Settlement::Void, now).await?;
        return Ok(false);
    };
    let body = match delivery.notice {
        None => Some(hooks::ping(delivery)),
        Some(notice) => match store.notice(notice).await? {
            Some(notice) => {
                let row = seen_by_agency(platform, &webhook.agency, notice.matter, now).await?;
                row.map(|row| hooks::body(&notice, &row, &webhook.agency))
            }
            None => None,
        },
    };
    let Some(body) = body else {
        store.settle(delivery, &Settlement::Void, now).await?;
        return Ok(false);
    };
    let owner = id.0;
    let former = webhook.former.as_ref().filter(|(_, until)| *until > now);
    let sealed = std::iter::once(&webhook.secret).chain(former.map(|(secret, _)| secret));
    let mut secrets = Vec::new();
    for sealed in sealed {
        match platform.seal().open(Use::Webhook, owner.as_bytes(), sealed) {
            Ok(secret) => secrets.push(secret),
            Err(error) => {
                tracing::error!(webhook.id = %id, error = error.code(), "the secret of a webhook cannot be opened");
            }
        }
    }
    let sent = if secrets.is_empty() {
        Err((None, "its secret cannot be opened; rotate it".to_owned()))
    } else {
        hooks.send(&webhook.url, &secrets, delivery.id, &body, now).await
    };
    let settlement = match sent {
        Ok(status) => {
            store.webhook_answered(id).await?;
            Settlement::Done { status }
        }
        Err((status, error)) => {
            let dead_before = later(now, -i64::from(hooks.dead_after_days()) * DAY_US)?;
            if store.webhook_failed(id, now, &error, dead_before).await? {
                tell_keepers(platform, &webhook.agency, id, now).await?;
            }
            again(delivery, hooks.give_up_after_days(), status, error, now)?
        }
    };
    store.settle(delivery, &settlement, now).await?;
    Ok(matches!(settlement, Settlement::Done { .. }))
}

/// Tried again after a while, or dead when its time is over.
fn again(
    delivery: &Delivery,
    give_up_after_days: u32,
    status: Option<u16>,
    error: String,
    now: Timestamp,
) -> Result<Settlement, Problem> {
    let age = now.unix_micros().saturating_sub(delivery.made_at.unix_micros());
    if age >= i64::from(give_up_after_days) * DAY_US {
        return Ok(Settlement::Dead { status, error });
    }
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(Problem::internal)?;
    let wait = pace::wait_us(delivery.tries, u32::from_be_bytes(random));
    Ok(Settlement::Again {
        ready_at: later(now, wait)?,
        status,
        error,
    })
}

/// Tells those who keep an agency's accounts, by mail, that a webhook was given up.
async fn tell_keepers(
    platform: &Platform,
    agency: &AgencyCode,
    id: WebhookId,
    now: Timestamp,
) -> Result<(), Problem> {
    tracing::warn!(webhook.id = %id, agency = %agency, "a webhook did not answer for days and is used no more");
    if platform.telling().mailer.is_none() {
        return Ok(());
    }
    let code = |text: &str| Code::parse(text).map_err(Problem::internal);
    let mut deliveries = Vec::new();
    for (_, account) in spread::mailed(platform, agency).await? {
        if account.roles.iter().any(|role| role.as_str() == KEEPER) {
            deliveries.push(NewDelivery {
                id: DeliveryId::fresh(now),
                channel: Channel::Mail,
                target: account.id.0,
                notice: None,
                what: code(DEAD_WEBHOOK)?,
                about: Some(code(&id.to_string())?),
                at: now,
                ready_at: now,
            });
        }
    }
    platform.store().put_deliveries(&deliveries).await?;
    Ok(())
}

/// One mail with all that is due to an account; whether there was any.
async fn round_of_mail(platform: &Platform, told: &mut Told) -> Result<bool, Problem> {
    let Some(mailer) = platform.telling().mailer.as_ref() else {
        return Ok(false);
    };
    let (store, now) = (platform.store(), platform.now());
    let until = lease_until(now, mailer.within())?;
    let taken = store.take_for_mail(now, until, IN_ONE_MAIL).await?;
    let Some(first) = taken.first() else {
        return Ok(false);
    };
    let id = AccountId(first.target);
    let (mail, account) = (store.mail(id).await?, store.account(id).await?);
    let usable = mail.filter(|mail| mail.confirmed_at.is_some()).zip(account);
    let usable = usable.filter(|(_, account)| account.state == AccountState::Active);
    let (mut lines, mut sent) = (Vec::new(), Vec::new());
    for delivery in &taken {
        let line = match &usable {
            Some((_, account)) => line_of(platform, account, delivery, now).await?,
            None => None,
        };
        match line {
            Some(line) => {
                // Who holds two roles is told in both, and once in a mail.
                if !lines.contains(&line) {
                    lines.push(line);
                }
                sent.push(delivery);
            }
            None => {
                store.settle(delivery, &Settlement::Void, now).await?;
            }
        }
    }
    let Some((mail, _)) = usable.filter(|_| !lines.is_empty()) else {
        return Ok(true);
    };
    let done = mailer
        .send(&mail.address, mail.language.as_str(), &lines, sent[0].id)
        .await;
    let error = done.as_ref().err().map(|failure| failure.text.clone());
    store.mail_went(id, error.as_deref()).await?;
    for delivery in &sent {
        let settlement = match &done {
            Ok(status) => Settlement::Done { status: *status },
            Err(failure) if failure.is_permanent => Settlement::Dead {
                status: failure.status,
                error: failure.text.clone(),
            },
            Err(failure) => {
                let days = mailer.give_up_after_days();
                again(delivery, days, failure.status, failure.text.clone(), now)?
            }
        };
        store.settle(delivery, &settlement, now).await?;
    }
    let count = sent.len() as u64;
    match done {
        Ok(_) => told.taken += count,
        Err(_) => told.failed += count,
    }
    Ok(true)
}

/// What a mail says of a delivery; nothing when its reader may not know of it any more.
async fn line_of(
    platform: &Platform,
    account: &Account,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Option<Line>, Problem> {
    let Some(notice) = delivery.notice else {
        return Ok(Some(Line {
            words: delivery.what.to_string(),
            matter: None,
            about: delivery
                .about
                .as_ref()
                .map(|about| (about.to_string(), about.to_string())),
            light: None,
            made_at: delivery.made_at,
        }));
    };
    let Some(notice) = platform.store().notice(notice).await? else {
        return Ok(None);
    };
    let Some(row) = seen_by(platform, account, notice.matter, now).await? else {
        return Ok(None);
    };
    if !spread::is_for(account, &notice, &row) {
        return Ok(None);
    }
    let of = &row.projection;
    let procedure = platform
        .procedures()
        .get(of.procedure.as_str(), of.procedure_version);
    let clock = notice.about.as_ref().map(|about| {
        let clock = procedure.and_then(|procedure| procedure.clock_of(about.as_str()));
        clock.map_or((about.to_string(), about.to_string()), |clock| {
            (clock.name.zh.clone(), clock.name.en.clone())
        })
    });
    Ok(Some(Line {
        words: notice.template.to_string(),
        matter: Some((row.id, row.number)),
        about: clock,
        light: notice.light.map(|light| light.to_string()),
        made_at: notice.made_at,
    }))
}

/// The matter, when somebody of the agency may see how it stands.
async fn seen_by_agency(
    platform: &Platform,
    agency: &AgencyCode,
    matter: MatterId,
    now: Timestamp,
) -> Result<Option<MatterRow>, Problem> {
    let scope = Scope {
        needs: Actions::CLOCKS,
        ..upkeep::as_owner(agency.clone(), now)?
    };
    Ok(platform
        .store()
        .matter(&scope, matter)
        .await?
        .map(|matter| matter.row))
}

/// The matter, when this account may see how it stands.
async fn seen_by(
    platform: &Platform,
    account: &Account,
    matter: MatterId,
    now: Timestamp,
) -> Result<Option<MatterRow>, Problem> {
    let scope = scope_of(platform, account, Action::Clocks, now)?;
    Ok(platform
        .store()
        .matter(&scope, matter)
        .await?
        .map(|matter| matter.row))
}
