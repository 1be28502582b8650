//! From callers that wait to the libraries of servers, which do not.
//!
//! In:  a future.
//! Out: what it comes to, for a caller in any kind of thread.

use std::{io, panic, thread};

use tokio::runtime::{Builder, Runtime};

/// A runtime of its own, which may be used and dropped also inside another one.
pub(crate) struct Edge(Option<Runtime>);

impl Edge {
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits on a thread of its own, because a thread of another runtime must not wait.
    pub(crate) fn run<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        let runtime = self.0.as_ref().expect("the runtime is there until it is dropped");
        let ended = thread::scope(|scope| scope.spawn(|| runtime.block_on(future)).join());
        ended.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
