//! Any bytes as an HTTP message: however they are cut, the body ends at the same place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_capture::http1::{Body, request_head, response_head};

/// Bytes of the body, taken in steps of `step`.
fn length(mut body: Body, bytes: &[u8], step: usize) -> Option<usize> {
    let mut used = 0;
    for part in bytes.chunks(step) {
        let taken = body.take(part).ok()?;
        used += taken;
        if taken < part.len() {
            break;
        }
    }
    Some(used)
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(head)) = request_head(bytes) {
        let _ = Body::of_request(&head);
    }
    if let Ok(Some(head)) = response_head(bytes)
        && let Ok(body) = Body::of_response("GET", &head)
    {
        let rest = &bytes[head.size_bytes..];
        let whole = length(body.clone(), rest, rest.len().max(1));
        assert_eq!(whole, length(body, rest, 1));
    }
});
