//! Upkeep: what stands beside matters is drawn from their events, and drawn anew where it is missing or of other rules.
//!
//! In:  a matter; or, at the start, all of which not everything was drawn on today's basis.
//! Out: what is counted of it, and the words by which it is found.
//!
//! Invariants: a write of a matter brings both in the same transaction; what was written before this program, or under
//! another rule book, is caught up in the background, and until that is done every figure says that it is not complete. A matter
//! that cannot be read is told in the log and leaves figures incomplete.
//!
//! So are secrets sealed that an earlier version kept in plain, or under an older key.
//!
//! Not here: what is counted (`quanlian-indicator`), where it is kept (`quanlian-store`).

use quanlian_indicator::Subject;
use quanlian_ledger::Ledger;
use quanlian_procedure::{Event, Matter};
use quanlian_record::time::Timestamp;
use quanlian_store::{
    AccountStore as _, MatterStore as _, MeasureStore as _, SubjectStore as _, TellingStore as _,
    matters::{
        Actions, AgencyCode, Code, Reach, Scope, UserCode,
        measures::{Drawn, Measure, MeasureKind, Undrawn},
    },
    telling::TellingError,
};

use crate::{
    api::{Problem, matters::step::Stored, search},
    platform::Platform,
    sign_in::{
        seal::{SealError, Use},
        second_factor,
    },
};

/// So many matters are asked for at once.
const PAGE: usize = 200;

/// What is counted and found of a matter.
pub(crate) fn drawn<'e>(
    platform: &Platform,
    matter: &Matter,
    events: impl DoubleEndedIterator<Item = &'e Event>,
    ledger: Option<&'e Ledger>,
    now: Timestamp,
) -> Result<Drawn, Problem> {
    let mut all = quanlian_indicator::measures(&platform.engine(), platform.procedures(), matter, now)
        .map_err(|error| Problem::internal(format!("{error:?}")))?;
    all.extend(ledger.into_iter().flat_map(quanlian_indicator::ledger_measures));
    let code = |text: &str| Code::parse(text).map_err(Problem::internal);
    let measures = all.into_iter().map(|measure| {
        Ok(Measure {
            kind: kind(measure.of),
            name: code(&measure.name)?,
            state: measure.state.as_deref().map(code).transpose()?,
            from: measure.from,
            until: measure.until,
            due: measure.due,
            value: measure.value,
        })
    });
    let basis = platform.drawn_on().cloned();
    Ok(Drawn {
        basis: basis.ok_or_else(|| Problem::internal("the basis of figures is no code"))?,
        measures: measures.collect::<Result<_, Problem>>()?,
        words: search::words(events, ledger),
    })
}

/// The same word in the store.
pub(crate) fn kind(of: Subject) -> MeasureKind {
    match of {
        Subject::Open => MeasureKind::Open,
        Subject::Stay => MeasureKind::Stay,
        Subject::Close => MeasureKind::Close,
        Subject::Act => MeasureKind::Act,
        Subject::Clock => MeasureKind::Clock,
        Subject::Fact => MeasureKind::Fact,
        Subject::Goods => MeasureKind::Goods,
        Subject::Task => MeasureKind::Task,
        Subject::Proposal => MeasureKind::Proposal,
    }
}

/// Drawn every matter that was not, then says so.
pub(crate) async fn draw_all(platform: Platform) {
    let Some(basis) = platform.drawn_on().cloned() else {
        return;
    };
    let (mut after, mut done, mut failed) = (None, 0_u64, 0_u64);
    loop {
        let page = match platform.store().undrawn(&basis, after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "what is counted and found could not be drawn; the next start goes on");
                return;
            }
        };
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for matter in &page {
            if draw(&platform, matter).await.is_ok() {
                done += 1;
            } else {
                failed += 1;
                tracing::error!(matter.id = %matter.id, "what is counted and found of a matter could not be drawn");
            }
            // Those who wait for an answer come first.
            tokio::task::yield_now().await;
        }
    }
    if done + failed > 0 {
        tracing::info!(done, failed, "what is counted and found was drawn");
    }
    if failed == 0 {
        platform.set_drawn();
    }
}

async fn draw(platform: &Platform, found: &Undrawn) -> Result<(), Problem> {
    let now = platform.now();
    let scope = as_owner(found.owner.clone(), now)?;
    // Written to since, or handed over since: then that write brought it.
    let Some(row) = platform.store().matter_row(&scope, found.id).await? else {
        return Ok(());
    };
    if row.version != found.version {
        return Ok(());
    }
    let Some(stored) = Stored::load(platform, &scope, &row).await? else {
        return Ok(());
    };
    let drawn = drawn(
        platform,
        &stored.matter,
        stored.events.iter(),
        Some(&stored.ledger),
        now,
    )?;
    platform
        .store()
        .put_drawn(found.id, found.version, &drawn)
        .await?;
    Ok(())
}

/// Seals every secret under the newest key, in the background of a start.
pub(crate) async fn seal_all(platform: Platform) {
    match seal_each(&platform).await {
        Ok(true) => tracing::debug!("every secret is sealed under the first key of the file"),
        Ok(false) => tracing::error!(
            "some secrets are not sealed under the first key of the file; older keys are still needed"
        ),
        Err(_) => tracing::warn!("secrets could not be sealed; the next start tries again"),
    }
}

/// The same; whether all are.
pub(crate) async fn seal_each(platform: &Platform) -> Result<bool, Problem> {
    let (store, seal) = (platform.store(), platform.seal());
    let (mut after, mut is_whole) = (None, true);
    loop {
        let page = store.accounts(None, after.as_ref(), PAGE).await?;
        for account in &page {
            let Some(kept) = account
                .totp_secret
                .as_deref()
                .filter(|kept| !seal.is_current(kept))
            else {
                continue;
            };
            match second_factor::open(seal, account.id, kept) {
                Ok(secret) => {
                    let sealed = second_factor::sealed(seal, account.id, &secret);
                    // Whoever changed it meanwhile sealed it.
                    store.swap_sealed(account.id, kept, &sealed).await?;
                }
                Err(error) => {
                    is_whole = false;
                    tracing::error!(account.id = %account.id, error = error.code(), "a second factor cannot be opened");
                }
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.login.clone()),
            _ => break,
        }
    }
    for mut webhook in store.all_webhooks().await? {
        let owner = webhook.id.0;
        let again = |kept: &[u8]| -> Result<Vec<u8>, SealError> {
            let secret = seal.open(Use::Webhook, owner.as_bytes(), kept)?;
            Ok(seal.seal(Use::Webhook, owner.as_bytes(), &secret))
        };
        if seal.is_current(&webhook.secret) {
            continue;
        }
        match again(&webhook.secret) {
            Ok(secret) => {
                webhook.secret = secret;
                webhook.former = webhook
                    .former
                    .and_then(|(kept, until)| Some((again(&kept).ok()?, until)));
                if let Err(TellingError::Database(trouble)) = store.change_webhook(&webhook).await {
                    return Err(TellingError::Database(trouble).into());
                }
            }
            Err(error) => {
                is_whole = false;
                tracing::error!(webhook.id = %webhook.id, error = error.code(), "the secret of a webhook cannot be opened");
            }
        }
    }
    Ok(is_whole)
}

/// Whoever keeps the installation up reads as the owner does, and nobody sees it.
pub(crate) fn as_owner(agency: AgencyCode, now: Timestamp) -> Result<Scope, Problem> {
    Ok(Scope {
        agency,
        unit: None,
        user: UserCode::parse("upkeep").map_err(Problem::internal)?,
        reach: Reach::Agency,
        needs: Actions::READ,
        at: now,
    })
}
