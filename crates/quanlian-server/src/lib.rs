//! The platform over HTTP: who somebody is ([`sign_in`]), what they may do ([`permission`]), and the API ([`api`]).
//!
//! In:  requests; an open database, the procedures, the rules of law, a clock ([`platform`]).
//! Out: what agencies and accounts asked to be told outside ([`telling`]); answers as JSON, every look and every write in the audit trail; work for later in the queue ([`work`]).
//!
//! Invariants: what is not allowed is denied; `permission` and `sign_in` are pure but for the randomness of
//! [`sign_in::secret`] and [`sign_in::second_factor`], and the time is an argument everywhere.
//!
//! Not here: where accounts, sessions, matters and grants are kept (`quanlian-store`), what a procedure allows
//! (`quanlian-procedure`), TLS.

pub mod api;
pub mod limits;
mod listening;
mod metrics;
mod notices;
pub mod outward;
mod pages;
pub mod permission;
pub mod platform;
pub mod rendering;
pub mod retention;
pub mod sign_in;
pub mod spans;
pub mod telling;
mod upkeep;
pub mod work;

use std::{future::Future, io};

use tokio::net::TcpListener;

/// Answers on `listener` until `stop` is ready; requests that run then are answered first.
pub async fn serve(
    listener: TcpListener,
    platform: platform::Platform,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = api::router(platform.clone());
    let teller = tokio::spawn(telling::run(platform.clone()));
    let served = listening::serve(listener, routes, &platform.settings().limits, stop).await;
    // What was on its way is told again by whoever comes next.
    teller.abort();
    platform.anchor().await;
    served
}

/// Shows the metrics on a listener of their own, so that they are as public as that is.
pub async fn serve_metrics(
    listener: TcpListener,
    platform: platform::Platform,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let limits = limits::Limits {
        connections: 16,
        ..limits::Limits::default()
    };
    listening::serve(listener, api::metrics_page::router(platform), &limits, stop).await
}
