//! OpenSSL as the judge: it accepts our requests and tokens, and we read what it makes.

use std::{path::Path, process::Command};

use quanlian_timestamp::{certificate::Certificate, chain, demo::Authority, request::Request};

use crate::support::{authority, check, serial, signs, skipped, stamped, time, trust, trust_in};

/// Runs openssl in `folder`; none after one line when it is not installed.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    let ran = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output();
    let Ok(output) = ran else {
        skipped("openssl is not there (install openssl)");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

fn must(folder: &Path, arguments: &[&str]) -> Option<String> {
    let (good, said) = openssl(folder, arguments)?;
    assert!(good, "openssl {arguments:?}: {said}");
    Some(said)
}

const NOTE: &[u8] = b"quanlian.example/log\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n";

#[test]
fn openssl_accepts_tokens_of_the_demonstration_authority() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // Within the validity of the certificate whatever the clock of this machine says in the next years.
    let (request, response) = stamped(NOTE, 1, "2026-11-22T08:59:53.25Z");
    std::fs::write(at.join("note"), NOTE).unwrap();
    std::fs::write(at.join("q.tsq"), &request).unwrap();
    std::fs::write(at.join("r.tsr"), &response).unwrap();
    std::fs::write(at.join("demo.pem"), authority(1).certificate().to_pem()).unwrap();
    let moment = time("2026-12-01T00:00:00Z").as_second().to_string();
    let verify = [
        "ts", "-verify", "-in", "r.tsr", "-CAfile", "demo.pem", "-attime", &moment,
    ];
    let Some(said) = must(at, &[&verify[..], &["-data", "note"]].concat()) else {
        return;
    };
    assert!(said.contains("Verification: OK"), "{said}");
    must(at, &[&verify[..], &["-queryfile", "q.tsq"]].concat());
    let text = must(at, &["ts", "-reply", "-in", "r.tsr", "-text"]).unwrap();
    assert!(text.contains("Nov 22 08:59:53.25 2026 GMT"), "{text}");
    let text = must(
        at,
        &["x509", "-in", "demo.pem", "-noout", "-text", "-nameopt", "utf8"],
    )
    .unwrap();
    assert!(
        text.contains("DEMO ONLY, NOT EVIDENCE (仅供演示，不作证据)"),
        "{text}"
    );
    let text = must(at, &["ts", "-query", "-in", "q.tsq", "-text"]).unwrap();
    assert!(text.contains("Certificate required: yes"), "{text}");
    // And it refuses what we refuse.
    std::fs::write(at.join("note"), b"another").unwrap();
    let (good, _) = openssl(at, &[&verify[..], &["-data", "note"]].concat()).unwrap();
    assert!(!good);
}

const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
x509_extensions = root
[name]
CN = test root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[tsa]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[ts]
default_tsa = here
[here]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = root.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256,sha384,sha512
accuracy = secs:2,millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
";

/// Makes root and authority with these key options; none when openssl is absent.
fn foreign_authority(folder: &Path, key: &[&str]) -> Option<Vec<Certificate>> {
    std::fs::write(folder.join("c.cnf"), CONFIGURATION).unwrap();
    std::fs::write(folder.join("serial"), "0A0B0C\n").unwrap();
    for name in ["root.key", "tsa.key"] {
        must(folder, &[&["genpkey", "-out", name][..], key].concat())?;
    }
    let days = ["-days", "3650", "-config", "c.cnf"];
    let root = ["req", "-x509", "-new", "-key", "root.key", "-out", "root.pem"];
    must(folder, &[&root[..], &days].concat())?;
    let ask = [
        "req",
        "-new",
        "-key",
        "tsa.key",
        "-out",
        "tsa.csr",
        "-subj",
        "/CN=test tsa",
        "-config",
        "c.cnf",
    ];
    must(folder, &ask)?;
    let sign = [
        "x509",
        "-req",
        "-in",
        "tsa.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-out",
        "tsa.pem",
        "-days",
        "3650",
        "-extfile",
        "c.cnf",
        "-extensions",
        "tsa",
    ];
    must(folder, &sign)?;
    Some(Certificate::from_pem(&std::fs::read_to_string(folder.join("root.pem")).unwrap()).unwrap())
}

#[test]
fn tokens_of_openssl_are_verified_whatever_the_key() {
    for key in [
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let Some(roots) = foreign_authority(at, key) else {
            return;
        };
        let request = Request::over(NOTE, [0x91; 8]).to_der();
        std::fs::write(at.join("q.tsq"), &request).unwrap();
        must(
            at,
            &[
                "ts",
                "-reply",
                "-config",
                "c.cnf",
                "-section",
                "here",
                "-queryfile",
                "q.tsq",
                "-out",
                "r.tsr",
            ],
        );
        let response = std::fs::read(at.join("r.tsr")).unwrap();
        let report = check(
            NOTE,
            &request,
            &response,
            &trust_in(&roots),
            "2036-01-01T00:00:00Z",
        );
        assert_eq!(signs(&report).get(..7), Some("+++++++"), "{key:?} {report:?}");
        assert_eq!(report.time.unwrap().accuracy_us, Some(2_500_000));
        // The root of somebody else does not become trusted by being a root.
        let report = check(NOTE, &request, &response, &trust(&[1]), "2036-01-01T00:00:00Z");
        assert_eq!(signs(&report).get(5..7), Some("+-"), "{report:?}");
        assert_eq!(report.blocking().unwrap().reason, "root_not_trusted");
    }
}

#[test]
fn certificates_of_openssl_with_sm2_are_checked_and_ours_by_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("c.cnf"), CONFIGURATION).unwrap();
    let key = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:SM2",
        "-out",
        "k.pem",
    ];
    if must(at, &key).is_none() {
        return;
    }
    let identity = "distid:1234567812345678";
    let make = [
        "req", "-x509", "-new", "-key", "k.pem", "-sm3", "-sigopt", identity, "-days", "3650",
    ];
    must(
        at,
        &[
            &make[..],
            &["-config", "c.cnf", "-extensions", "tsa", "-out", "c.pem"],
        ]
        .concat(),
    );
    let made = Certificate::from_file(&std::fs::read(at.join("c.pem")).unwrap()).unwrap();
    let (from, until) = made[0].validity();
    let found = chain::find(&made[0], &[], &[], from).unwrap();
    assert!(!found.is_anchored);
    // One bit of the signature changed.
    let mut bytes = made[0].as_der().to_vec();
    let last = bytes.last_mut().unwrap();
    *last ^= 1;
    let changed = Certificate::from_der(&bytes).unwrap();
    assert_eq!(
        chain::find(&changed, &[], &[], from).unwrap_err().code(),
        "chain_signature"
    );

    let ours = Authority::new_sm2(&[3; 32], from, until).unwrap();
    std::fs::write(at.join("ours.pem"), ours.certificate().to_pem()).unwrap();
    // `openssl verify` takes no identity for a self-signed certificate, so its parts are checked one by one.
    let parts = must(at, &["asn1parse", "-in", "ours.pem"]).unwrap();
    let signature_at = parts.lines().rfind(|line| line.contains("BIT STRING")).unwrap();
    let signature_at = signature_at.split(':').next().unwrap().trim();
    for (offset, file) in [("4", "signed"), (signature_at, "signature")] {
        must(
            at,
            &[
                "asn1parse",
                "-in",
                "ours.pem",
                "-strparse",
                offset,
                "-noout",
                "-out",
                file,
            ],
        );
    }
    let public = must(at, &["x509", "-in", "ours.pem", "-noout", "-pubkey"]).unwrap();
    std::fs::write(at.join("pub.pem"), public).unwrap();
    let verify = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "pub.pem",
        "-in",
        "signed",
        "-sigfile",
        "signature",
    ];
    let said = must(
        at,
        &[&verify[..], &["-rawin", "-digest", "sm3", "-pkeyopt", identity]].concat(),
    )
    .unwrap();
    assert!(said.contains("Signature Verified Successfully"), "{said}");
}

#[test]
fn a_token_signed_with_sm2_is_checked() {
    let until = time("2036-01-01T00:00:00Z");
    let ours = Authority::new_sm2(&[3; 32], time("2026-01-01T00:00:00Z"), until).unwrap();
    let request = Request::over(NOTE, [5; 8]).to_der();
    let mut response = ours.answer(&request, &serial(9), time("2026-11-22T09:00:00Z"));
    let trust = trust_in(std::slice::from_ref(ours.certificate()));
    let report = check(NOTE, &request, &response, &trust, "2026-11-23T00:00:00Z");
    assert_eq!(signs(&report), "++++++++?+?");
    let last = response.last_mut().unwrap();
    *last ^= 1;
    let report = check(NOTE, &request, &response, &trust, "2026-11-23T00:00:00Z");
    assert_eq!(signs(&report), "++++-+++?+? signature_wrong");
    assert!(Authority::restore(&[3; 32], ours.certificate().clone()).is_ok());
    assert_eq!(
        Authority::restore(&[4; 32], ours.certificate().clone())
            .unwrap_err()
            .code(),
        "demo_other_key"
    );
}
