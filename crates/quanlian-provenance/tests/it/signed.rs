//! Manifests that the tests sign themselves: valid and trusted are two answers.
//!
//! In:  a picture made by hand, a key and two certificates made for the run.
//! Out: what the check says of it as it is, changed, and under several lists of trust.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use c2pa::{Builder, EphemeralSigner, Signer as _};
use quanlian_provenance::{C2paCheck, C2paState, Format, Verdict, check_c2pa};

use crate::{
    make::{png, png_chunk},
    read,
};

/// What the check of changed files may cost: one of so many bytes is changed.
const STRIDE: usize = 37;

const CLAIM: &str = r#"{
    "claim_generator_info": [{"name": "quanlian-tests", "version": "1"}],
    "title": "made by hand",
    "assertions": [{"label": "c2pa.actions", "data": {"actions": [{
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
    }]}}]
}"#;

struct Signed {
    file: Vec<u8>,
    /// The certificate that the signer's own hangs on.
    root_pem: String,
}

fn signed(name: &str) -> Signed {
    let signer = EphemeralSigner::new(name).expect("keys are made");
    let plain = png(&[png_chunk(b"tEXt", b"Title\0a picture")]);
    let mut file = Cursor::new(Vec::new());
    Builder::default()
        .with_definition(CLAIM)
        .expect("the claim is well formed")
        .sign(&signer, "image/png", &mut Cursor::new(plain), &mut file)
        .expect("it is signed");
    let chain = signer.certs().expect("it has certificates");
    let root = STANDARD.encode(chain.last().expect("a root"));
    Signed {
        file: file.into_inner(),
        root_pem: format!("-----BEGIN CERTIFICATE-----\n{root}\n-----END CERTIFICATE-----\n"),
    }
}

fn check(file: &[u8], trusted: Option<&str>) -> C2paCheck {
    check_c2pa(&mut Cursor::new(file), Format::Png, trusted).expect("it is checked")
}

/// Where the chunk with the manifests begins and ends.
fn store(file: &[u8]) -> std::ops::Range<usize> {
    let at = file
        .windows(4)
        .position(|four| four == b"caBX")
        .expect("it has a manifest")
        - 4;
    let length = u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    at..at + 12 + length as usize
}

#[test]
fn a_manifest_signed_here_is_valid_and_trusted_only_under_its_root() {
    let (own, other) = (signed("own.example"), signed("other.example"));
    assert_eq!(read(&own.file).c2pa, C2paState::PresentNotChecked);
    for (trusted, answer) in [
        (None, Verdict::NotChecked),
        (Some(other.root_pem.as_str()), Verdict::No),
        (Some(own.root_pem.as_str()), Verdict::Yes),
    ] {
        let check = check(&own.file, trusted);
        assert_eq!((check.valid, check.trusted), (Verdict::Yes, answer), "{check:#?}");
    }
}

#[test]
fn a_changed_file_is_not_valid_whoever_is_trusted() {
    let Signed { file, root_pem } = signed("own.example");
    let store = store(&file);
    for at in (0..file.len()).step_by(STRIDE) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let found = check_c2pa(&mut Cursor::new(&changed), Format::Png, Some(&root_pem));
        // Within the store there are bytes that say nothing: checksums of the chunk, room left for the signature.
        if !store.contains(&at) {
            assert!(!found.is_ok_and(|check| check.valid == Verdict::Yes), "byte {at}");
        }
    }
    let mut painted = file;
    let last = painted.len() - 20;
    painted[last] ^= 1;
    let check = check(&painted, Some(&root_pem));
    assert_eq!(
        (check.valid, check.trusted),
        (Verdict::No, Verdict::Yes),
        "{check:#?}"
    );
    assert!(
        check
            .failed
            .iter()
            .any(|code| code == "assertion.dataHash.mismatch"),
        "{check:#?}"
    );
}

#[test]
fn a_manifest_moved_to_another_file_is_not_valid() {
    let Signed { file, root_pem } = signed("own.example");
    let mut other = png(&[png_chunk(b"tEXt", b"Title\0another picture")]);
    // After the signature of the format and the header.
    other.splice(33..33, file[store(&file)].iter().copied());
    let check = check(&other, Some(&root_pem));
    assert_eq!(
        (check.valid, check.trusted),
        (Verdict::No, Verdict::Yes),
        "{check:#?}"
    );
}
