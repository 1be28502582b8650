//! Every byte of a token changed, and bytes of no sense at all.

use proptest::prelude::*;
use quanlian_timestamp::{
    certificate::Certificate, request::Request, response::Response, token::Statement, verify::Report,
};

use crate::support::{check, stamped, trust};

const NOTE: &[u8] = b"a checkpoint";
const AT: &str = "2026-11-23T00:00:00Z";

fn statement(response: &[u8]) -> Option<Statement> {
    let token = Response::from_bytes(response).ok()?.token?;
    Some(token.unverified_statement().clone())
}

/// What a reader would conclude.
fn meaning(report: &Report, response: &[u8]) -> (Option<Statement>, Option<String>, Option<String>) {
    let signer = report.time.as_ref().and_then(|time| time.signer.clone());
    (statement(response), signer, report.anchor.clone())
}

#[test]
fn no_changed_byte_changes_what_a_good_token_says() {
    let (request, response) = stamped(NOTE, 1, "2026-11-22T08:59:53Z");
    let trust = trust(&[1]);
    let good = check(NOTE, &request, &response, &trust, AT);
    assert!(good.ok, "{good:?}");
    let said = meaning(&good, &response);
    let mut still_good = Vec::new();
    for at in 0..response.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = response.clone();
            changed[at] ^= mask;
            let report = check(NOTE, &request, &changed, &trust, AT);
            if report.ok {
                assert_eq!(meaning(&report, &changed), said, "byte {at} with {mask:#x}");
                still_good.push(at);
            }
        }
    }
    // Nobody signs the status, the outer version and algorithm list, or a certificate that the caller has anyway.
    let share = still_good.len() * 100 / (response.len() * 3);
    assert!(
        share < 50,
        "{share} % of all changes are not noticed: {still_good:?}"
    );
}

#[test]
fn a_token_cut_anywhere_or_longer_by_a_byte_is_not_read() {
    let (request, response) = stamped(NOTE, 1, "2026-11-22T08:59:53Z");
    for length in 0..response.len() {
        assert!(Response::from_bytes(&response[..length]).is_err(), "{length}");
    }
    for length in 0..request.len() {
        assert!(Request::from_bytes(&request[..length]).is_err(), "{length}");
    }
    let longer = [&response[..], &[0]].concat();
    assert_eq!(Response::from_bytes(&longer).unwrap_err().code(), "asn1_trailing");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Response::from_bytes(&bytes);
        let _ = Certificate::from_der(&bytes);
        let _ = Request::from_bytes(&bytes);
        let _ = Certificate::from_pem(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_token_with_some_bytes_changed_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let (request, mut response) = stamped(NOTE, 1, "2026-11-22T08:59:53Z");
        for (at, byte) in changes {
            let at = at.index(response.len());
            response[at] = byte;
        }
        let report = check(NOTE, &request, &response, &trust(&[1]), AT);
        prop_assert_eq!(report.ok, report.blocking().is_none());
    }
}
