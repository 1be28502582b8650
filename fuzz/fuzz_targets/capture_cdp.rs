//! What Chromium, driven by a hostile page, sends over the DevTools pipe.
//!
//! In:  messages, each ended by a zero byte.
//! Out: no panic; the end of the pipe is seen, whatever came before it.

#![no_main]

use std::{io::Write as _, sync::OnceLock, time::Duration};

use libfuzzer_sys::fuzz_target;
use quanlian_capture::cdp::Cdp;
use tokio::runtime::{Builder, Runtime};

/// What a pipe takes at once.
const MAX_BYTES: usize = 60_000;

fuzz_target!(|bytes: &[u8]| {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    });
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
    runtime.block_on(async {
        let (_from_us, to_browser) = std::io::pipe().expect("a pipe");
        let (from_browser, mut browser) = std::io::pipe().expect("a pipe");
        browser.write_all(bytes).expect("the pipe takes it");
        let cdp = Cdp::new(to_browser.into(), from_browser.into()).expect("a connection");
        let mut seen = cdp.seen();
        let call = cdp.call(
            None,
            "Browser.getVersion",
            serde_json::json!({}),
            Duration::from_millis(200),
        );
        let close = async {
            tokio::task::yield_now().await;
            drop(browser);
        };
        let _ = tokio::join!(call, close);
        while !seen.borrow_and_update().gone {
            seen.changed().await.expect("the end is told");
        }
    });
});
