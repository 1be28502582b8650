//! What the caller of a capture hands over: a login script, a `cookies.txt`, certificates.
//!
//! In:  any text.
//! Out: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_capture::{
    login::{Script, cookies},
    tls::certificates,
};

fuzz_target!(|text: &str| {
    let _ = Script::parse(text, |_| Ok("secret".to_owned()));
    let _ = cookies(text);
    let _ = certificates(text);
});
