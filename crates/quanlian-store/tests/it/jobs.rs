//! What every [`JobQueue`] does.
//!
//! In:  an empty database of each kind; a clock that the tests turn.
//! Out: nothing, or a panic that names the broken promise.

use std::{collections::BTreeMap, time::Duration};

use quanlian_record::id::JobId;
use quanlian_store::{
    Database, JobQueue,
    jobs::{AfterFailure, Beat, Enqueued, JobFilter, JobState, Lease, Leasing, NewJob, Progress, Report},
};
use serde_json::json;

use crate::{
    databases::{Place, every_database_passes},
    matters::{at, code, uuid_of},
};

every_database_passes! {
    a_job_is_done_once_and_keeps_its_result
    the_most_urgent_that_is_ready_comes_first
    a_job_with_a_key_stands_in_the_queue_once
    a_failed_job_is_tried_again_with_growing_pauses_and_then_dead
    a_dead_worker_loses_the_job_and_the_next_goes_on_from_its_checkpoint
    a_cancelled_job_ends
    a_job_that_is_given_back_loses_no_attempt
    jobs_are_found_by_what_they_are_about
    what_is_outside_the_limits_is_refused
    workers_that_die_lose_no_job_and_do_none_twice
}

fn job_id(n: u64) -> JobId {
    JobId(uuid_of(n))
}

pub(crate) fn job(n: u64) -> NewJob {
    NewJob {
        id: job_id(n),
        kind: code("scan"),
        subject: None,
        payload: json!({"n": n}),
        priority: 0,
        run_after: at(0),
        dedup_key: None,
        max_attempts: 3,
        backoff: Duration::from_micros(10),
        at: at(0),
    }
}

pub(crate) fn leasing(worker: &str, now: i64, until: i64) -> Leasing {
    Leasing {
        worker: code(worker),
        kinds: vec![code("scan"), code("print")],
        now: at(now),
        until: at(until),
    }
}

async fn leased(store: &Database, now: i64, until: i64) -> Lease {
    store.lease(&leasing("w", now, until)).await.unwrap().unwrap().0
}

fn report(until: i64, done: u64, checkpoint: Option<&[u8]>) -> Report {
    Report {
        until: at(until),
        progress: Progress {
            done,
            total: 9,
            text_key: "scanning".to_owned(),
        },
        checkpoint: checkpoint.map(<[u8]>::to_vec),
    }
}

async fn state(store: &Database, n: u64) -> JobState {
    store.job(job_id(n)).await.unwrap().unwrap().state
}

async fn jobs_are_found_by_what_they_are_about(store: &Database, _: &Place) {
    for n in 1..=3 {
        let subject = (n != 2).then(|| code("matter-7"));
        let about = NewJob { subject, ..job(n) };
        store.enqueue(&about).await.unwrap();
    }
    let filter = JobFilter {
        subject: Some(code("matter-7")),
        ..JobFilter::default()
    };
    let found = store.jobs(&filter).await.unwrap();
    let ids: Vec<JobId> = found.iter().map(|job| job.id).collect();
    assert_eq!(ids, [job_id(3), job_id(1)]);
    assert_eq!(found[0].subject, Some(code("matter-7")));
    let none = store.job(job_id(2)).await.unwrap().unwrap();
    assert_eq!(none.subject, None);
}

async fn a_job_is_done_once_and_keeps_its_result(store: &Database, place: &Place) {
    assert_eq!(store.enqueue(&job(1)).await.unwrap(), Enqueued::New);
    assert_eq!(store.enqueue(&job(1)).await.unwrap(), Enqueued::Known(job_id(1)));
    let (lease, given) = store.lease(&leasing("w1", 5, 10)).await.unwrap().unwrap();
    assert_eq!(
        (given.id, given.payload, given.attempts),
        (job_id(1), json!({"n": 1}), 1)
    );
    assert_eq!(store.lease(&leasing("w2", 9, 20)).await.unwrap(), None);
    assert_eq!(
        store.report(lease, &report(15, 4, None)).await.unwrap(),
        Beat::GoOn
    );
    assert_eq!(
        store.lease(&leasing("w2", 14, 20)).await.unwrap(),
        None,
        "the lease was prolonged"
    );
    store
        .complete(lease, &json!({"matches": 3}), at(14))
        .await
        .unwrap();
    assert_eq!(
        store.complete(lease, &json!(1), at(15)).await.unwrap_err().code(),
        "job_lost"
    );
    assert_eq!(store.lease(&leasing("w2", 1000, 2000)).await.unwrap(), None);
    let other = place.open().await;
    let done = other.job(job_id(1)).await.unwrap().unwrap();
    assert_eq!(
        (done.state, done.result, done.ended_at),
        (JobState::Done, Some(json!({"matches": 3})), Some(at(14)))
    );
    assert_eq!((done.progress.done, done.worker), (4, Some(code("w1"))));
    let filter = JobFilter {
        state: Some(JobState::Done),
        ..JobFilter::default()
    };
    assert_eq!(other.jobs(&filter).await.unwrap().len(), 1);
    let none = JobFilter {
        kind: Some(code("print")),
        ..JobFilter::default()
    };
    assert_eq!(other.jobs(&none).await.unwrap(), []);
    let older = JobFilter {
        before: Some((done.made_at, done.id)),
        ..JobFilter::default()
    };
    assert_eq!(other.jobs(&older).await.unwrap(), []);
    assert_eq!(store.forget_jobs(at(14)).await.unwrap(), 0);
    assert_eq!(store.forget_jobs(at(15)).await.unwrap(), 1);
}

async fn the_most_urgent_that_is_ready_comes_first(store: &Database, _: &Place) {
    for (n, priority, run_after) in [(1, 0, 3), (2, 0, 2), (3, 5, 4), (4, 9, 100), (5, -1, 0)] {
        let run_after = at(run_after);
        store
            .enqueue(&NewJob {
                priority,
                run_after,
                ..job(n)
            })
            .await
            .unwrap();
    }
    let other_kind = NewJob {
        kind: code("other"),
        priority: 99,
        ..job(6)
    };
    store.enqueue(&other_kind).await.unwrap();
    let mut order = Vec::new();
    while let Some((_, job)) = store.lease(&leasing("w", 10, 1000)).await.unwrap() {
        order.push(job.id);
    }
    assert_eq!(order, [3, 2, 1, 5].map(job_id));
    assert_eq!(leased(store, 100, 1000).await.job, job_id(4));
}

async fn a_job_with_a_key_stands_in_the_queue_once(store: &Database, _: &Place) {
    let keyed = |n| NewJob {
        dedup_key: Some(code("site-1")),
        ..job(n)
    };
    store.enqueue(&keyed(1)).await.unwrap();
    assert_eq!(
        store.enqueue(&keyed(2)).await.unwrap(),
        Enqueued::Known(job_id(1))
    );
    let other_kind = NewJob {
        kind: code("print"),
        ..keyed(3)
    };
    assert_eq!(store.enqueue(&other_kind).await.unwrap(), Enqueued::New);
    let lease = leased(store, 0, 10).await;
    assert_eq!(
        store.enqueue(&keyed(2)).await.unwrap(),
        Enqueued::Known(job_id(1))
    );
    store.complete(lease, &json!(null), at(1)).await.unwrap();
    assert_eq!(store.enqueue(&keyed(2)).await.unwrap(), Enqueued::New);
}

async fn a_failed_job_is_tried_again_with_growing_pauses_and_then_dead(store: &Database, _: &Place) {
    store.enqueue(&job(1)).await.unwrap();
    for (now, again) in [(0, 10), (10, 30)] {
        let lease = leased(store, now, 1000).await;
        let after = store
            .fail(lease, "the site does not answer\0", at(now))
            .await
            .unwrap();
        assert_eq!(after, AfterFailure::Again(at(again)));
        assert_eq!(store.lease(&leasing("w", again - 1, 1000)).await.unwrap(), None);
    }
    let lease = leased(store, 30, 1000).await;
    assert_eq!(
        store.fail(lease, &"长".repeat(5000), at(31)).await.unwrap(),
        AfterFailure::Dead
    );
    let dead = store.job(job_id(1)).await.unwrap().unwrap();
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    assert_eq!(dead.error.unwrap(), "长".repeat(1333));
    assert_eq!(store.lease(&leasing("w", 9000, 9999)).await.unwrap(), None);
}

async fn a_dead_worker_loses_the_job_and_the_next_goes_on_from_its_checkpoint(store: &Database, _: &Place) {
    store.enqueue(&job(1)).await.unwrap();
    let first = leased(store, 0, 10).await;
    store
        .report(first, &report(20, 1, Some(b"page 7")))
        .await
        .unwrap();
    store.report(first, &report(20, 2, None)).await.unwrap();
    let (second, job) = store.lease(&leasing("w2", 20, 30)).await.unwrap().unwrap();
    assert_eq!(
        (job.checkpoint.as_deref(), job.attempts),
        (Some(&b"page 7"[..]), 2)
    );
    // The first one was only slow, and hears of it whatever it does.
    assert_eq!(
        store
            .report(first, &report(99, 9, None))
            .await
            .unwrap_err()
            .code(),
        "job_lost"
    );
    assert_eq!(
        store.complete(first, &json!(1), at(21)).await.unwrap_err().code(),
        "job_lost"
    );
    assert_eq!(
        store.fail(first, "x", at(21)).await.unwrap_err().code(),
        "job_lost"
    );
    assert_eq!(
        store.give_back(first, at(21)).await.unwrap_err().code(),
        "job_lost"
    );
    assert!(second.number > first.number);
    let third = leased(store, 30, 40).await;
    assert_eq!(
        store.lease(&leasing("w4", 40, 50)).await.unwrap(),
        None,
        "three attempts are all"
    );
    let dead = store.job(third.job).await.unwrap().unwrap();
    assert_eq!(
        (dead.state, dead.error.as_deref()),
        (JobState::Dead, Some("the last worker did not report in time"))
    );
}

async fn a_cancelled_job_ends(store: &Database, _: &Place) {
    store.enqueue(&job(1)).await.unwrap();
    assert!(store.cancel(job_id(1), at(1)).await.unwrap());
    assert!(!store.cancel(job_id(1), at(2)).await.unwrap());
    assert_eq!(state(store, 1).await, JobState::Cancelled);
    assert!(!store.cancel(job_id(9), at(2)).await.unwrap());

    store.enqueue(&job(2)).await.unwrap();
    let lease = leased(store, 2, 10).await;
    assert!(store.cancel(job_id(2), at(3)).await.unwrap());
    assert_eq!(state(store, 2).await, JobState::Running);
    assert_eq!(
        store.report(lease, &report(10, 1, None)).await.unwrap(),
        Beat::Stop
    );
    store.stopped(lease, at(5)).await.unwrap();
    assert_eq!(state(store, 2).await, JobState::Cancelled);

    // Nor does one come back that fails or is given back after that.
    for n in [4, 5] {
        store.enqueue(&job(n)).await.unwrap();
        let lease = leased(store, 5, 10).await;
        store.cancel(job_id(n), at(6)).await.unwrap();
        if n == 4 {
            let after = store.fail(lease, "x", at(7)).await.unwrap();
            assert_eq!(after, AfterFailure::Cancelled);
        } else {
            store.give_back(lease, at(7)).await.unwrap();
        }
        let ended = store.job(job_id(n)).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.ended_at), (JobState::Cancelled, Some(at(7))));
        assert_eq!(store.lease(&leasing("w", 1000, 2000)).await.unwrap(), None);
    }

    // One whose worker dies after that is not begun again.
    store.enqueue(&job(3)).await.unwrap();
    leased(store, 5, 10).await;
    store.cancel(job_id(3), at(6)).await.unwrap();
    assert_eq!(store.lease(&leasing("w", 10, 20)).await.unwrap(), None);
    assert_eq!(state(store, 3).await, JobState::Cancelled);
}

async fn a_job_that_is_given_back_loses_no_attempt(store: &Database, _: &Place) {
    store.enqueue(&job(1)).await.unwrap();
    for now in 0..5 {
        let lease = leased(store, now, 100).await;
        store.report(lease, &report(100, 1, Some(b"here"))).await.unwrap();
        store.give_back(lease, at(now)).await.unwrap();
    }
    let (_, job) = store.lease(&leasing("w", 5, 9)).await.unwrap().unwrap();
    assert_eq!((job.attempts, job.checkpoint.unwrap()), (1, b"here".to_vec()));
}

async fn what_is_outside_the_limits_is_refused(store: &Database, _: &Place) {
    for refused in [
        NewJob {
            max_attempts: 0,
            ..job(1)
        },
        NewJob {
            payload: json!("x".repeat(300_000)),
            ..job(1)
        },
        NewJob {
            payload: (0..200).fold(json!(1), |inner, _| json!([inner])),
            ..job(1)
        },
    ] {
        assert_eq!(store.enqueue(&refused).await.unwrap_err().code(), "job_invalid");
    }
    store.enqueue(&job(1)).await.unwrap();
    let lease = leased(store, 0, 10).await;
    let large = vec![0; (1 << 20) + 1];
    assert_eq!(
        store
            .report(lease, &report(9, 0, Some(&large)))
            .await
            .unwrap_err()
            .code(),
        "job_invalid"
    );
}

/// Each worker has connections of its own, as other processes would. Some die with a job in hand; the clock, which
/// all share, runs on, and the others find what they left.
async fn workers_that_die_lose_no_job_and_do_none_twice(store: &Database, place: &Place) {
    const JOBS: u64 = 60;
    for n in 0..JOBS {
        store
            .enqueue(&NewJob {
                max_attempts: 50,
                ..job(n)
            })
            .await
            .unwrap();
    }
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
    let mut workers = Vec::new();
    for worker in 0..4_u64 {
        let (own, clock) = (place.open().await, clock.clone());
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            let mut idle = 0;
            for turn in 0_u64.. {
                let now = clock.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let name = format!("w{worker}");
                let Some((lease, job)) = own.lease(&leasing(&name, now, now + 15)).await.unwrap() else {
                    idle += 1;
                    if idle > 200 {
                        break;
                    }
                    continue;
                };
                idle = 0;
                // Every third time it dies here, or it sleeps until another has the job and then reports.
                match (turn * 7 + worker) % 6 {
                    0 => continue,
                    1 => {
                        clock.fetch_add(40, std::sync::atomic::Ordering::SeqCst);
                    }
                    _ => {}
                }
                match own.complete(lease, &json!(worker), at(now)).await {
                    Ok(()) => done.push(job.id),
                    Err(error) => assert_eq!(error.code(), "job_lost", "{error}"),
                }
            }
            done
        }));
    }
    let mut counts: BTreeMap<JobId, u32> = BTreeMap::new();
    for worker in workers {
        for id in worker.await.unwrap() {
            *counts.entry(id).or_default() += 1;
        }
    }
    assert_eq!(counts.len() as u64, JOBS, "none is lost");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    let filter = JobFilter {
        state: Some(JobState::Done),
        limit: Some(200),
        ..JobFilter::default()
    };
    assert_eq!(store.jobs(&filter).await.unwrap().len() as u64, JOBS);
}
