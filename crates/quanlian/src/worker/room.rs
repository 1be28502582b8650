//! The evidence room of a platform, on a thread of its own: one writer of the log, asked by many.
//!
//! In:  a data folder; closures that use the room.
//! Out: what they return, one after the other.
//!
//! The room blocks while it writes and holds the lock of the log; requests and workers wait for their turn without holding up
//! anything else.

use std::{path::Path, sync::mpsc, thread};

use tokio::sync::oneshot;

use crate::{
    cli::LockChoice,
    evidence::Room,
    fault::{Blame, Fault},
};

type Work = Box<dyn FnOnce(&mut Room) + Send>;

/// Asks the room. Clones ask the same one; it closes when the last is gone.
#[derive(Clone)]
pub(crate) struct RoomHandle(mpsc::Sender<Work>);

impl RoomHandle {
    /// Opens the room of a data folder, or makes one; `depositor` stands in what nobody else deposits.
    pub(crate) fn open(data: &Path, depositor: &str, lock: LockChoice) -> Result<Self, Fault> {
        let (ask, asked) = mpsc::channel::<Work>();
        let (opened, is_open) = mpsc::channel();
        let (data, depositor) = (data.to_owned(), depositor.to_owned());
        let serve = move || {
            let mut room = match Room::open(&data, &depositor, &lock) {
                Ok(room) => room,
                Err(fault) => {
                    let _ = opened.send(Err(fault));
                    return;
                }
            };
            let _ = opened.send(Ok(()));
            for work in asked {
                work(&mut room);
            }
        };
        thread::Builder::new()
            .name("evidence-room".to_owned())
            .spawn(serve)
            .map_err(anyhow::Error::new)
            .system()?;
        let is_open = is_open
            .recv()
            .map_err(|_| anyhow::anyhow!("the evidence room did not open"));
        is_open.system()??;
        Ok(Self(ask))
    }

    /// Has the room do something; `None` when it has closed, because an earlier work panicked.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Room) -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = move |room: &mut Room| {
            let _ = tell.send(work(room));
        };
        self.0.send(Box::new(work)).ok()?;
        told.await.ok()
    }
}
