//! What every command that listens does alike: a runtime, an address, an end when it is asked for.
//!
//! In:  where to listen; the signals of the terminal and the system.
//! Out: a listener, or an error that names the address.
//!
//! Not here: what is answered (`serve`, `log::serve`, `witness`).

use std::{future::Future, net::SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::fault::{Blame, Fault};

/// Runs a service until it ends.
pub(crate) fn run<T>(
    builder: &mut tokio::runtime::Builder,
    service: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let runtime = builder
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .system()?;
    runtime.block_on(service)
}

/// Listens on an address.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Fault> {
    bound(address, TcpListener::bind(address).await)
}

/// Whether an address could be listened on now; it is let go again.
pub(crate) fn is_free(address: SocketAddr) -> Result<(), Fault> {
    bound(address, std::net::TcpListener::bind(address)).map(drop)
}

fn bound<L>(address: SocketAddr, listener: std::io::Result<L>) -> Result<L, Fault> {
    listener
        .with_context(|| {
            format!("cannot listen on {address}; `--listen` names another address, port 0 any free port")
        })
        .bad_input()
}

/// Ready when the terminal or the system asks the process to end.
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Without the handler the signal ends the process at once, which loses nothing either.
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
