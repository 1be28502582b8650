//! Real answers of real authorities, good and bad, as `SOURCES.md` beside them describes them.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quanlian_timestamp::{
    certificate::Certificate,
    verify::{Asked, Evidence, Report, Stamped, verify},
};

use crate::support::{shared, signs, time, trust_in};

struct Vector<'a> {
    stamped: &'a [u8],
    request: Option<&'a [u8]>,
    response: &'a [u8],
    chain: &'a [Certificate],
    at: &'a str,
}

impl Vector<'_> {
    /// Trusts the last certificate of the chain; the others come along.
    fn report(&self) -> Report {
        let (root, beside) = self.chain.split_last().unwrap();
        let evidence = Evidence {
            stamped: Some(Stamped::Bytes(self.stamped)),
            asked: self.request.map(Asked::Request),
            response: self.response,
            certificates: beside,
            clock: None,
            at: Some(time(self.at)),
        };
        verify(&evidence, &trust_in(std::slice::from_ref(root)))
    }
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

fn chain(folder: &Path, name: &str) -> Vec<Certificate> {
    Certificate::from_file(&read(folder, name)).unwrap()
}

#[test]
fn the_vectors_of_trail_of_bits_get_their_answers() {
    let Some(folder) = shared("rfc3161/trailofbits/test/fixtures") else {
        return;
    };
    let now = "2026-11-22T00:00:00Z";
    let test_tsa = chain(&folder, "test_tsa/ts_chain.pem");
    let sigstage = chain(&folder, "sigstage/ts_chain.pem");
    let mock = chain(&folder, "sigstore.mock/ts_chain.pem");
    let identrust = chain(&folder, "identrust/ts_chain.pem");
    let payload = read(&folder, "sigstore.mock/payload");
    let check = |response: &str, request: Option<&str>, stamped: &[u8], chain: &[Certificate], at: &str| {
        let report = Vector {
            stamped,
            request: request.map(|name| read(&folder, name)).as_deref(),
            response: &read(&folder, response),
            chain,
            at,
        }
        .report();
        assert_eq!(report.ok, report.blocking().is_none());
        signs(&report)
    };
    let hello = b"hello";
    for (response, request, stamped, chain, at, then) in [
        (
            "test_tsa/response.tsr",
            Some("test_tsa/request.der"),
            &hello[..],
            &test_tsa,
            now,
            "++++++++?+?",
        ),
        // Neither of that request nor below that root; OpenSSL refuses it for both reasons too.
        (
            "test_tsa/other_response.tsr",
            Some("test_tsa/other_request.der"),
            hello,
            &test_tsa,
            now,
            "+++-+-????? nonce_differs",
        ),
        (
            "test_tsa/response.tsr",
            Some("test_tsa/other_request.der"),
            hello,
            &test_tsa,
            now,
            "+++-++++?+? nonce_differs",
        ),
        (
            "test_tsa/response.tsr",
            None,
            b"hellp",
            &test_tsa,
            now,
            "++-?++++?+? imprint_differs",
        ),
        (
            "test_tsa/response.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?+-????? chain_issuer_missing",
        ),
        // Certificates pushed in between do not become the signer.
        (
            "test_tsa/response-injected-certs.tsr",
            None,
            hello,
            &test_tsa,
            now,
            "+++?++++???",
        ),
        (
            "sigstage/response-sha256.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?++++?+?",
        ),
        (
            "sigstage/response-sha384.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?++++?+?",
        ),
        (
            "sigstage/response-sha512.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?++++?+?",
        ),
        (
            "sigstage/response-no-embedded-cert.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?++++???",
        ),
        (
            "sigstage/response-invalid-signature.tsr",
            None,
            hello,
            &sigstage,
            now,
            "+++?-+++?+? signature_wrong",
        ),
        (
            "identrust/issue-104.tsr",
            None,
            hello,
            &identrust,
            "2026-01-17T00:00:00Z",
            "+++?++++?+?",
        ),
        // An authority whose certificate is for a year: OpenSSL refuses it today as well.
        (
            "identrust/issue-104.tsr",
            None,
            hello,
            &identrust,
            now,
            "+++?+++-?+? certificate_ended",
        ),
        // Good when it was made; its certificates ended a year later.
        (
            "sigstore.mock/response-expired.tsr",
            None,
            &payload,
            &mock,
            "2023-06-01T00:00:00Z",
            "+++?++++???",
        ),
        (
            "sigstore.mock/response-expired.tsr",
            None,
            &payload,
            &mock,
            now,
            "+++?+++-??? certificate_ended",
        ),
    ] {
        assert_eq!(
            check(response, request, stamped, chain, at),
            then,
            "{response} {request:?} {at}"
        );
    }
}

#[test]
fn tokens_made_by_openssl_are_read_even_with_an_unsorted_set() {
    let Some(folder) = shared("rfc3161/openssl-made") else {
        return;
    };
    let note = read(&folder, "cp1.txt");
    for (response, request) in [("r.tsr", "q.tsq"), ("r1.tsr", "q1.tsq"), ("r2.tsr", "q1.tsq")] {
        let report = Vector {
            stamped: &note,
            request: Some(&read(&folder, request)),
            response: &read(&folder, response),
            chain: &chain(&folder, "ca.crt"),
            at: "2026-11-22T12:00:00Z",
        }
        .report();
        assert_eq!(signs(&report), "++++++++?+?", "{response}");
    }
}

#[test]
fn the_time_stamps_of_rekor_bundles_get_their_answers() {
    let Some(folder) = shared("sigstore-conformance/test/assets/bundle-verify") else {
        return;
    };
    for (name, then) in [
        ("rekor2-happy-path", "+++?++++?+?"),
        ("rekor2-checkpoint-multiple-cosigs", "+++?++++?+?"),
        ("rekor2-dsse-happy-path", "+++?++++???"),
        ("rekor2-timestamp-with-embedded-cert", "+++?++++?+?"),
        // This token is good; it is the other signature of the bundle that it comes too late for.
        ("rekor2-timestamp-with-incorrect-time_fail", "+++?++++?+?"),
        (
            "rekor2-timestamp-outside-tsa-cert-validity_fail",
            "+++?+-????? chain_expired",
        ),
    ] {
        let json = |file: &str| -> serde_json::Value {
            serde_json::from_slice(&read(&folder.join(name), file)).unwrap()
        };
        let bytes = |value: &serde_json::Value| {
            let text: String = value.as_str().unwrap().split_whitespace().collect();
            STANDARD.decode(text).unwrap()
        };
        let (bundle, trust) = (json("bundle.sigstore.json"), json("trusted_root.json"));
        let signature = bundle
            .pointer("/messageSignature/signature")
            .or_else(|| bundle.pointer("/dsseEnvelope/signatures/0/sig"));
        let path = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
        let chain = trust
            .pointer("/timestampAuthorities/0/certChain/certificates")
            .unwrap();
        let chain = chain.as_array().unwrap().iter();
        let chain = chain.map(|entry| Certificate::from_der(&bytes(&entry["rawBytes"])).unwrap());
        let report = Vector {
            stamped: &bytes(signature.unwrap()),
            request: None,
            response: &bytes(bundle.pointer(path).unwrap()),
            chain: &chain.collect::<Vec<_>>(),
            at: "2026-11-22T00:00:00Z",
        }
        .report();
        assert_eq!(signs(&report), then, "{name}");
    }
}
