//! Bundles with cosignatures and time stamps: real ones, by an Ed25519 key and by the TSA of OpenSSL.

use std::{
    error::Error,
    fs,
    io::Cursor,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::Command,
};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use quanlian_evidence::{
    bundle::{Attest, Attested, Token, WitnessFiles},
    vault::VaultError,
    verify::{
        Answer, Check, JudgeTime, JudgeWitnesses, Judges, Policy, Question, State, TimeJudge, Verification,
        verify_stream_with,
    },
};
use quanlian_timestamp::{certificate::Certificate, verify::Trust};
use quanlian_tlog::{checkpoint::SignedCheckpoint, hash::Hash, note::Note};
use sha2::{Digest as _, Sha256};

use crate::{
    shell,
    support::{Bench, read, sample_attested},
    tamper::{Files, flip_step, on_two_threads, pack, rewrite_manifests, unpack},
};

const WITNESS: &str = "notary.example/witness";
/// Signature type of a cosignature by Ed25519.
const COSIGNATURE: u8 = 0x04;

/// A witness, and a time-stamping authority in a folder.
pub(crate) struct Outsiders {
    key: SigningKey,
    tsa: Option<PathBuf>,
}

impl Outsiders {
    /// Without OpenSSL there is a witness only.
    pub(crate) fn new(folder: &Path) -> Self {
        let tsa = shell::tools_are_there().then(|| make_tsa(folder));
        Self {
            key: SigningKey::from_bytes(&[9; 32]),
            tsa,
        }
    }

    fn key_id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(format!("{WITNESS}\n"))
            .chain_update([COSIGNATURE])
            .chain_update(self.key.verifying_key().as_bytes())
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    fn key_text(&self) -> String {
        let typed = [&[COSIGNATURE], self.key.verifying_key().as_bytes().as_slice()].concat();
        format!("{WITNESS}+{}+{}", hex::encode(self.key_id()), base64(&typed))
    }

    /// The signature line of C2SP tlog-cosignature.
    fn cosign(&self, checkpoint: &str, time: u64) -> String {
        let text = Note::parse(checkpoint).unwrap().unverified_text().to_owned();
        let signature = self
            .key
            .sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
        let bytes = [
            self.key_id().as_slice(),
            &time.to_be_bytes(),
            &signature.to_bytes(),
        ]
        .concat();
        format!("— {WITNESS} {}\n", base64(&bytes))
    }
}

impl Attest for Outsiders {
    fn witnesses(&mut self) -> Option<WitnessFiles> {
        let key = self.key_text();
        Some(WitnessFiles {
            policy: format!("witness notary {key}\nquorum notary\n"),
            keys: format!("{key}\n"),
        })
    }

    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>> {
        let checkpoint = format!("{checkpoint}{}", self.cosign(checkpoint, 1_734_658_300));
        let tokens = match &self.tsa {
            Some(folder) => vec![stamp(folder, &checkpoint), stamp(folder, &checkpoint)],
            None => Vec::new(),
        };
        Ok(Attested { checkpoint, tokens })
    }
}

/// Any bytes, through the one spelling that notes know.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for at in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { char::from(sign) } else { '=' });
        }
    }
    assert!(bytes.len() != 32 || Hash::from_base64(&text).is_some());
    text
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    output.status.success()
}

/// A key, one certificate and a configuration, as `openssl ts -reply` wants them.
fn make_tsa(folder: &Path) -> PathBuf {
    let tsa = folder.join("tsa");
    fs::create_dir(&tsa).unwrap();
    let configuration = "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=tsa.pem\n\
        signer_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\nordering=no\n\
        tsa_name=no\ness_cert_id_alg=sha256\naccuracy=secs:1\n";
    fs::write(tsa.join("tsa.cnf"), configuration).unwrap();
    fs::write(tsa.join("serial"), "01\n").unwrap();
    let made = openssl(
        &tsa,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "tsa.key",
            "-out",
            "tsa.pem",
            "-days",
            "30",
            "-subj",
            "/CN=Demo TSA",
            "-addext",
            "extendedKeyUsage=critical,timeStamping",
            "-addext",
            "keyUsage=critical,digitalSignature",
        ],
    );
    assert!(made, "openssl req");
    tsa
}

/// The certificates of a file as a bundle holds them.
fn as_written(path: &Path) -> String {
    let certificates = Certificate::from_file(&read(path)).unwrap();
    certificates.iter().map(Certificate::to_pem).collect()
}

fn stamp(tsa: &Path, checkpoint: &str) -> Token {
    fs::write(tsa.join("checkpoint"), checkpoint).unwrap();
    assert!(openssl(
        tsa,
        &[
            "ts",
            "-query",
            "-data",
            "checkpoint",
            "-sha256",
            "-cert",
            "-out",
            "q"
        ]
    ));
    assert!(openssl(
        tsa,
        &[
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-queryfile",
            "q",
            "-out",
            "r"
        ]
    ));
    Token {
        request: read(&tsa.join("q")),
        response: read(&tsa.join("r")),
        certificates: as_written(&tsa.join("tsa.pem")),
    }
}

fn check(code: &str, state: State, subject: &str) -> Check {
    Check {
        code: code.to_owned(),
        state,
        subject: subject.to_owned(),
        detail: String::new(),
    }
}

/// Believes the keys in the bundle.
struct ByKeysInBundle;

impl JudgeWitnesses for ByKeysInBundle {
    fn judge(&self, head: &SignedCheckpoint, carried: Option<&WitnessFiles>) -> Vec<Check> {
        let note = Note::parse(head.note()).unwrap();
        let key = carried.and_then(|files| files.keys.trim_end().rsplit_once('+'));
        let fits = key.is_some_and(|(_, key)| {
            let others = &note.signatures()[1..];
            !others.is_empty()
                && others.iter().all(|line| {
                    let Some((time, signature)) = line.bytes.split_at_checked(8) else {
                        return false;
                    };
                    let time = u64::from_be_bytes(time.try_into().unwrap());
                    let text = format!("cosignature/v1\ntime {time}\n{}", note.unverified_text());
                    let raw = SigningKey::from_bytes(&[9; 32]).verifying_key();
                    let typed = [&[COSIGNATURE], raw.as_bytes().as_slice()].concat();
                    let outsider = Outsiders {
                        key: SigningKey::from_bytes(&[9; 32]),
                        tsa: None,
                    };
                    base64(&typed) == key
                        && line.name == WITNESS
                        && line.id == outsider.key_id()
                        && Signature::from_slice(signature).is_ok_and(|signature| {
                            VerifyingKey::verify_strict(&raw, text.as_bytes(), &signature).is_ok()
                        })
                })
        });
        let state = if fits { State::Ok } else { State::Failed };
        vec![check("log_witnessed", state, WITNESS)]
    }
}

/// What `openssl ts -verify` says of checkpoint, answer and question; certificates are compared with the known one.
struct ByOpenSsl<'a> {
    folder: &'a Path,
}

impl JudgeTime for ByOpenSsl<'_> {
    fn judge(&self, checkpoint: &str, tokens: &[Token]) -> Vec<Check> {
        let folder = tempfile::tempdir().unwrap();
        let verify = |token: &Token| {
            fs::write(folder.path().join("c"), checkpoint).unwrap();
            fs::write(folder.path().join("r"), &token.response).unwrap();
            fs::write(folder.path().join("q"), &token.request).unwrap();
            let known = as_written(&self.folder.join("tsa/tsa.pem"));
            let ca = self.folder.join("tsa/tsa.pem");
            let ca = ca.to_str().unwrap();
            known == token.certificates
                && openssl(
                    folder.path(),
                    &["ts", "-verify", "-in", "r", "-data", "c", "-CAfile", ca],
                )
                && openssl(
                    folder.path(),
                    &["ts", "-verify", "-in", "r", "-queryfile", "q", "-CAfile", ca],
                )
        };
        tokens
            .iter()
            .enumerate()
            .map(|(at, token)| {
                let state = if verify(token) { State::Ok } else { State::Failed };
                check("time", state, &format!("tsa/{:02}", at + 1))
            })
            .collect()
    }
}

fn judged(bundle: &[u8], time: &dyn JudgeTime) -> Verification {
    let judges = Judges {
        witnesses: Some(&ByKeysInBundle),
        time: Some(time),
    };
    verify_stream_with(Cursor::new(bundle), &Policy::default(), judges)
}

fn answer(report: &Verification, question: Question) -> Answer {
    let lines = report.lines();
    lines
        .iter()
        .find(|line| line.question == question)
        .unwrap()
        .answer
}

#[test]
fn cosignatures_and_time_stamps_are_carried_and_judged_by_whom_the_caller_brings() {
    let mut bench = Bench::new();
    let mut outsiders = Outsiders::new(bench.folder.path());
    let has_tsa = outsiders.tsa.is_some();
    let bundle = sample_attested(&mut bench, &mut outsiders);
    let bytes = read(&bundle.path);

    let unjudged = verify_stream_with(Cursor::new(&bytes), &Policy::default(), Judges::default());
    assert!(unjudged.ok, "{unjudged:?}");
    assert_eq!(answer(&unjudged, Question::Witnesses), Answer::NotChecked);
    assert_eq!(answer(&unjudged, Question::Time), Answer::NotChecked);
    let told = unjudged
        .checks
        .iter()
        .find(|check| check.code == "log_witnessed")
        .unwrap();
    assert!(told.detail.contains("1 further signatures"), "{told:?}");

    let time = ByOpenSsl {
        folder: bench.folder.path(),
    };
    let report = judged(&bytes, &time);
    assert!(report.ok, "{report:?}");
    assert_eq!(answer(&report, Question::Witnesses), Answer::Ok);
    if has_tsa {
        assert_eq!(answer(&report, Question::Time), Answer::Ok);
        for shell in ["sh", "bash"] {
            let output = shell::verify(&bundle.path, shell, None);
            let text = shell::text(&output);
            assert!(output.status.success(), "{text}");
            for told in [
                "9 witness notary.example/witness saw this checkpoint at 2024-12-20T01:31:40Z",
                "10 proof/tsa/01.tsr: the checkpoint existed at 20",
                "10 proof/tsa/02.tsr",
            ] {
                assert!(text.contains(told), "{told}: {text}");
            }
        }
    }
}

/// What the line that notices a change to this file, manifests rewritten, may be.
fn noticed_by(name: &str) -> &'static [&'static str] {
    match name.rsplit('/').next().unwrap_or(name) {
        _ if name.starts_with("proof/bundle/") => &["bundle_sealed"],
        _ if name.starts_with("proof/tsa/") => &["time", "time_form"],
        "deposit.json" | "salt.hex" => &["deposit_committed"],
        "entry.json" => &["deposit_committed", "deposit_in_log"],
        "inclusion.tlog-proof" => &["deposit_in_log"],
        "custody.jsonl" => &["custody_chain", "bundle_sealed"],
        "log.vkey" => &["log_head_signed"],
        // The proofs repeat the checkpoint, so that a change of one of them alone is noticed there.
        "checkpoint" => &["log_head_signed", "log_witnessed", "deposit_in_log"],
        "policy" | "witness.vkeys" => &["bundle_sealed"],
        other => panic!("no line is named for {other}"),
    }
}

fn failed(report: &Verification) -> Vec<&str> {
    report
        .checks
        .iter()
        .filter(|check| check.state == State::Failed)
        .map(|check| check.code.as_str())
        .collect()
}

/// A sample of the bytes of each file; see [`flip_step`].
#[test]
fn each_flipped_byte_of_each_proof_file_is_caught_by_the_line_that_is_named_for_it() {
    let mut bench = Bench::new();
    let mut outsiders = Outsiders::new(bench.folder.path());
    let bundle = sample_attested(&mut bench, &mut outsiders);
    let files = unpack(&read(&bundle.path));
    let root = outsiders.tsa.as_ref().map(|tsa| read(&tsa.join("tsa.pem")));
    let in_turn = InTurn {
        own: TimeJudge {
            trust: Trust {
                roots: root.map_or_else(Vec::new, |root| Certificate::from_file(&root).unwrap()),
                ..Trust::default()
            },
            needed: NonZeroUsize::MIN,
            at: None,
        },
        by_openssl: ByOpenSsl {
            folder: bench.folder.path(),
        },
    };
    let judges = Judges {
        witnesses: Some(&ByKeysInBundle),
        time: Some(&in_turn),
    };
    let unchanged = verify_stream_with(Cursor::new(pack(&files)), &Policy::default(), judges);
    assert!(unchanged.ok, "{:?}", failed(&unchanged));
    let step = flip_step();
    let mut flips: Vec<(&str, usize)> = Vec::new();
    for (name, content) in files.iter().filter(|(name, _)| name.starts_with("proof/")) {
        let usual = match name.as_str() {
            _ if is_slow(name) => 149,
            // Files of the same kinds as those of the first item.
            _ if name.starts_with("proof/0002/") || name.starts_with("proof/0003/") => 61,
            _ => 7,
        };
        let positions = (0..content.len()).step_by(step.unwrap_or(usual));
        flips.extend(positions.map(|at| (name.as_str(), at)));
    }
    assert!(flips.len() > 500, "{}", flips.len());
    on_two_threads(&flips, |&(name, at)| {
        let mut changed = files.clone();
        changed.get_mut(name).unwrap()[at] ^= 1 << (at % 7);
        let is_text =
            std::str::from_utf8(&changed[name]).is_ok() || is_slow(name) && name.ends_with(['q', 'r']);
        let expect = |judges, wanted: &[&str], changed: &Files| {
            let report = verify_stream_with(Cursor::new(pack(changed)), &Policy::default(), judges);
            let told = failed(&report);
            assert!(
                wanted.iter().any(|code| told.contains(code)) || (!is_text && told == ["container"]),
                "byte {at} of {name}: {told:?} in place of {wanted:?}"
            );
        };
        if at % 16 == 0 {
            expect(Judges::default(), &["manifest"], &changed);
        }
        rewrite_manifests(&mut changed);
        let judges = Judges {
            witnesses: Some(&ByKeysInBundle),
            time: is_slow(name).then_some(&in_turn as &dyn JudgeTime),
        };
        expect(judges, noticed_by(name), &changed);
    });
}

/// Lines that say "not checked" of a bundle that nobody changed.
const NEVER_HELD: [&str; 2] = ["time_current", "time_revocation"];

/// The program's own judge, and OpenSSL on what that one lets pass. What no signature covers is noticed as well.
struct InTurn<'a> {
    own: TimeJudge,
    by_openssl: ByOpenSsl<'a>,
}

impl JudgeTime for InTurn<'_> {
    fn judge(&self, checkpoint: &str, tokens: &[Token]) -> Vec<Check> {
        let own = self.own.judge(checkpoint, tokens);
        if own.iter().any(|check| check.state == State::Failed) {
            return vec![check("time", State::Failed, "own judge")];
        }
        // Of two authorities one is enough: what keeps the other from counting still shows in a line of its own.
        let all_held = own
            .iter()
            .all(|check| check.state == State::Ok || NEVER_HELD.contains(&check.code.as_str()));
        if !all_held {
            return vec![check("time_form", State::Failed, "a line is open that was not")];
        }
        self.by_openssl.judge(checkpoint, tokens)
    }
}

/// Whether OpenSSL, which is started anew for each question, judges this file.
fn is_slow(name: &str) -> bool {
    name.starts_with("proof/tsa/")
}

#[test]
fn what_does_not_fit_is_not_bundled_and_not_read() {
    struct Saying(fn(&str) -> Attested);
    impl Attest for Saying {
        fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>> {
            Ok(self.0(checkpoint))
        }
    }
    let refused = |attested: fn(&str) -> Attested| {
        let mut bench = Bench::new();
        let mut vault = bench.vault();
        let path = bench.file("a.txt", b"a");
        let outcome = bench.deposit(&mut vault, &[path]);
        let items = outcome
            .receipts
            .into_iter()
            .map(crate::support::with_file)
            .collect();
        let out = bench.path("x.qne.zip");
        let result = vault.bundle_attested(
            items,
            "x",
            &out,
            &mut bench.outside,
            &mut Saying(attested),
            &mut |_| {},
        );
        assert!(out.metadata().is_err(), "nothing is left behind");
        result.map_or_else(|error: VaultError| error.code(), |_| "bundled")
    };
    assert_eq!(
        refused(|_| Attested::unattested("another\n1\nAAAA\n\n— x AAAAAAAA\n")),
        "bundle_attested"
    );
    assert_eq!(
        refused(|note| Attested::unattested(&format!("{note}— no signature\n"))),
        "bundle_attested"
    );
    assert_eq!(
        refused(|note| Attested {
            checkpoint: note.to_owned(),
            tokens: vec![
                Token {
                    request: vec![1],
                    response: vec![2],
                    certificates: "3".to_owned()
                };
                100
            ]
        }),
        "bundle_attested"
    );
}

#[test]
fn files_of_witnesses_and_time_stamps_come_whole_or_not_at_all() {
    let mut bench = Bench::new();
    let mut outsiders = Outsiders::new(bench.folder.path());
    let files = unpack(&read(&sample_attested(&mut bench, &mut outsiders).path));
    let refused = |change: &dyn Fn(&mut Files), why: &str| {
        let mut changed = files.clone();
        change(&mut changed);
        rewrite_manifests(&mut changed);
        let report = verify_stream_with(Cursor::new(pack(&changed)), &Policy::default(), Judges::default());
        assert!(!report.ok);
        assert!(report.checks[0].detail.contains(why), "{:?}", report.checks[0]);
    };
    refused(
        &|files| {
            files.remove("proof/policy");
        },
        "`proof/policy` is missing",
    );
    refused(
        &|files| {
            files.insert("proof/tsa/09.tsr".to_owned(), Vec::new());
        },
        "does not belong",
    );
    refused(
        &|files| {
            files.insert("proof/tsa/readme.txt".to_owned(), Vec::new());
        },
        "does not belong",
    );
    if outsiders.tsa.is_some() {
        refused(
            &|files| {
                files.remove("proof/tsa/01.tsq");
            },
            "lacks one of its three files",
        );
        refused(
            &|files| {
                files.insert("proof/tsa/02.pem".to_owned(), vec![0xff]);
            },
            "is not text",
        );
    }
}
