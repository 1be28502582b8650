//! Spread: to whom a notice goes.
//!
//! In:  notices of which nobody decided yet.
//! Out: deliveries, put down in the transaction that takes the notice from those that wait.
//!
//! Invariants: a webhook is told what some person of its agency would find in the inbox; an account what it finds in its own.
//!
//! Not here: sending.

use std::{collections::BTreeSet, time::Duration};

use quanlian_record::{id::DeliveryId, time::Timestamp};
use quanlian_store::{
    AccountStore as _, TellingStore as _,
    accounts::Account,
    matters::{
        AgencyCode, Code, MatterRow,
        notices::{HANDLERS, Notice},
    },
    telling::{Channel, Mail, NewDelivery},
};

use super::{later, seen_by, seen_by_agency};
use crate::{api::Problem, platform::Platform};

/// So many are read at once.
const PAGE: usize = 100;
/// So long a mail waits for others to the same account.
const GATHER: Duration = Duration::from_mins(1);

/// Decides about all that wait; how many.
pub(super) async fn all(platform: &Platform) -> Result<u64, Problem> {
    let mut count = 0;
    loop {
        let page = platform.store().untold(PAGE).await?;
        if page.is_empty() {
            return Ok(count);
        }
        for notice in &page {
            let deliveries = of(platform, notice).await?;
            platform.store().spread(notice.id, &deliveries).await?;
            count += 1;
        }
        tokio::task::yield_now().await;
    }
}

async fn of(platform: &Platform, notice: &Notice) -> Result<Vec<NewDelivery>, Problem> {
    let (store, now) = (platform.store(), platform.now());
    let agencies = match &notice.to_agency {
        Some(agency) => vec![agency.clone()],
        None => store
            .agencies()
            .await?
            .into_iter()
            .map(|agency| agency.code)
            .collect(),
    };
    let mut deliveries = Vec::new();
    for agency in agencies {
        let Some(row) = seen_by_agency(platform, &agency, notice.matter, now).await? else {
            continue;
        };
        if platform.telling().hooks.is_some() {
            // What is due to one that is paused waits for it.
            for webhook in store.webhooks(&agency).await? {
                if wants(&webhook.kinds, notice) {
                    deliveries.push(delivery(Channel::Webhook, webhook.id.0, notice, now, now));
                }
            }
        }
        if platform.telling().mailer.is_some() {
            let gather = i64::try_from(GATHER.as_micros()).unwrap_or(0);
            let ready_at = later(notice.made_at, gather)?.max(now);
            for (mail, account) in mailed(platform, &agency).await? {
                let is_wanted = wants(&mail.kinds, notice) && is_for(&account, notice, &row);
                if is_wanted && seen_by(platform, &account, notice.matter, now).await?.is_some() {
                    deliveries.push(delivery(Channel::Mail, account.id.0, notice, now, ready_at));
                }
            }
        }
    }
    Ok(deliveries)
}

fn delivery(
    channel: Channel,
    target: uuid::Uuid,
    notice: &Notice,
    at: Timestamp,
    ready_at: Timestamp,
) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::fresh(at),
        channel,
        target,
        notice: Some(notice.id),
        what: notice.template.clone(),
        about: None,
        at,
        ready_at,
    }
}

/// Whether somebody who chose these kinds wants it; nothing chosen is everything.
fn wants(kinds: &BTreeSet<Code>, notice: &Notice) -> bool {
    let is_light = notice.light.as_ref().is_some_and(|light| kinds.contains(light));
    kinds.is_empty() || is_light || kinds.contains(&notice.template)
}

/// Whether a notice is addressed to this account, which sees the matter: as the inbox has it.
pub(super) fn is_for(account: &Account, notice: &Notice, row: &MatterRow) -> bool {
    if notice
        .to_agency
        .as_ref()
        .is_some_and(|agency| *agency != account.agency)
    {
        return false;
    }
    match &notice.to_role {
        None => true,
        Some(role) if role.as_str() == HANDLERS => {
            let of = &row.projection;
            of.owner_agency == account.agency && of.handlers.contains(&account.user)
        }
        Some(role) => account.roles.contains(role),
    }
}

/// Everybody of an agency who has mail sent.
pub(super) async fn mailed(
    platform: &Platform,
    agency: &AgencyCode,
) -> Result<Vec<(Mail, Account)>, Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = platform.store().confirmed_mail(Some(agency), after, PAGE).await?;
        let next = page
            .last()
            .filter(|_| page.len() == PAGE)
            .map(|(_, last)| last.id);
        all.extend(page.into_iter().filter(|(_, account)| !account.is_service));
        if next.is_none() {
            return Ok(all);
        }
        after = next;
    }
}
