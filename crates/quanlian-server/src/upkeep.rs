//! Upkeep: what stands beside matters is drawn from their events, and drawn anew where it is missing or of other rules.
//!
//! In:  a matter; or, at the start, all that were not measured on today's basis.
//! Out: its measures.
//!
//! Invariants: a write of a matter brings its measures in the same transaction; what was written before this program, or under
//! another rule book, is caught up in the background, and until that is done every figure says that it is not complete. A matter
//! that cannot be read is told in the log and leaves figures incomplete.
//!
//! Not here: what is measured (`quanlian-indicator`), where it is kept (`quanlian-store`).

use quanlian_indicator::Subject;
use quanlian_procedure::Matter;
use quanlian_record::time::Timestamp;
use quanlian_store::{
    MatterStore as _, MeasureStore as _,
    matters::{
        Actions, Code, Reach, Scope, UserCode,
        measures::{Measure, MeasureKind, Measures, Unmeasured},
    },
};

use crate::{
    api::{Problem, matters::step::Stored},
    platform::Platform,
};

/// So many matters are asked for at once.
const PAGE: usize = 200;

/// What is counted of a matter.
pub(crate) fn measures(platform: &Platform, matter: &Matter, now: Timestamp) -> Result<Measures, Problem> {
    let all = quanlian_indicator::measures(&platform.engine(), platform.procedures(), matter, now)
        .map_err(|error| Problem::internal(format!("{error:?}")))?;
    let code = |text: &str| Code::parse(text).map_err(Problem::internal);
    let rows = all.into_iter().map(|measure| {
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
    Ok(Measures {
        basis: platform
            .measured_on()
            .cloned()
            .ok_or_else(|| Problem::internal("the basis of measures is no code"))?,
        rows: rows.collect::<Result<_, Problem>>()?,
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
    }
}

/// Measures every matter that was not, then says so.
pub(crate) async fn measure_all(platform: Platform) {
    let Some(basis) = platform.measured_on().cloned() else {
        return;
    };
    let (mut after, mut done, mut failed) = (None, 0_u64, 0_u64);
    loop {
        let page = match platform.store().unmeasured(&basis, after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "matters could not be measured; the next start goes on");
                return;
            }
        };
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for matter in &page {
            if measure(&platform, matter).await.is_ok() {
                done += 1;
            } else {
                failed += 1;
                tracing::error!(matter.id = %matter.id, "a matter could not be measured");
            }
            // Those who wait for an answer come first.
            tokio::task::yield_now().await;
        }
    }
    if done + failed > 0 {
        tracing::info!(done, failed, "matters measured");
    }
    if failed == 0 {
        platform.set_measured();
    }
}

async fn measure(platform: &Platform, found: &Unmeasured) -> Result<(), Problem> {
    let now = platform.now();
    // Whoever keeps the installation up reads as the owner does, and nobody sees it.
    let scope = Scope {
        agency: found.owner.clone(),
        unit: None,
        user: UserCode::parse("upkeep").map_err(Problem::internal)?,
        reach: Reach::Agency,
        needs: Actions::READ,
        at: now,
    };
    // Written to since, or handed over since: then that write brought the measures.
    let Some(matter) = platform.store().matter(&scope, found.id).await? else {
        return Ok(());
    };
    if matter.row.version != found.version {
        return Ok(());
    }
    let Some(stored) = Stored::load(platform, &scope, &matter.row).await? else {
        return Ok(());
    };
    let measures = measures(platform, &stored.matter, now)?;
    platform
        .store()
        .measure(found.id, found.version, &measures)
        .await?;
    Ok(())
}
