//! OpenSSL as the judge: it accepts our requests and tokens, and we read what it makes.

use std::{path::Path, process::Command};

use quanlian_timestamp::{certificate::Certificate, request::Request};

use crate::support::{authority, check, signs, skipped, stamped, time, trust, trust_in};

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
