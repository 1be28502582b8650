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
mod notices;
pub mod outward;
pub mod permission;
pub mod platform;
pub mod retention;
pub mod sign_in;
pub mod telling;
mod upkeep;
pub mod work;

use std::{future::Future, io, net::SocketAddr};

use tokio::net::TcpListener;

/// Answers on `listener` until `stop` is ready; requests that run then are answered first.
pub async fn serve(
    listener: TcpListener,
    platform: platform::Platform,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = api::router(platform.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let teller = tokio::spawn(telling::run(platform.clone()));
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop).await;
    // What was on its way is told again by whoever comes next.
    teller.abort();
    platform.anchor().await;
    served
}
