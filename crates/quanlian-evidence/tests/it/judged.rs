//! Bundles with a real witness and a real time-stamp authority, judged by readers who trust
//! nobody, these, or others.

use std::{error::Error, io::Cursor, num::NonZeroUsize};

use quanlian_evidence::{
    bundle::{Attest, Attested, Token, WitnessFiles},
    verify::{
        Answer, Judges, Policy, Question, State, TimeJudge, Verification, WitnessJudge, verify_stream_with,
    },
};
use quanlian_timestamp::{
    ber::Integer,
    demo::Authority,
    request::Request,
    verify::{Ended, Trust},
};
use quanlian_tlog::{
    cosignature::{CosignerKind, CosignerSecret},
    note::Note,
    policy,
    witness::{AddCheckpoint, FolderState, Witness},
};

use crate::support::{Bench, read, sample_attested};

const STAMPED_AT: &str = "2024-12-20T01:31:00Z";
const COSIGNED_AT_S: u64 = 1_734_658_250;

/// One witness and one authority, as a maker of bundles finds them.
struct Others {
    witness: Witness<FolderState>,
    witness_key: String,
    authority: Authority,
    _state: tempfile::TempDir,
}

impl Others {
    fn of(bench: &mut Bench, seed: u8) -> Self {
        let log_key = bench.vault().log_key().to_string();
        let secret = CosignerSecret::from_seed("notary.example/w1", CosignerKind::Ed25519, &[seed; 32]).unwrap();
        let witness_key = secret.verifier().to_string();
        let logs = policy::Policy::parse(format!("log {log_key}\nquorum none\n").as_bytes()).unwrap();
        let state = tempfile::tempdir().unwrap();
        let folder = FolderState::open(&state.path().join("state")).unwrap();
        Self {
            witness: Witness::new(vec![secret], &logs, folder),
            witness_key,
            authority: authority(seed),
            _state: state,
        }
    }

    fn policy_text(&self) -> String {
        format!("witness notary {}\nquorum notary\n", self.witness_key)
    }
}

fn authority(seed: u8) -> Authority {
    let at = |text: &str| text.parse().unwrap();
    Authority::new(&[seed; 32], at("2024-01-01T00:00:00Z"), at("2034-01-01T00:00:00Z")).unwrap()
}

impl Attest for Others {
    fn witnesses(&mut self) -> Option<WitnessFiles> {
        Some(WitnessFiles {
            policy: self.policy_text(),
            keys: format!("{}\n", self.witness_key),
        })
    }

    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>> {
        let request = AddCheckpoint::new(0, Vec::new(), Note::parse(checkpoint)?)?;
        let lines = self
            .witness
            .add_checkpoint(request.to_string().as_bytes(), COSIGNED_AT_S)?;
        let checkpoint = format!("{checkpoint}{lines}");
        let request = Request::over(checkpoint.as_bytes(), [7; 8]).to_der();
        let response = self
            .authority
            .answer(&request, &Integer::from_unsigned(&[1]).unwrap(), STAMPED_AT.parse()?);
        Ok(Attested {
            checkpoint,
            tokens: vec![Token {
                request,
                response,
                certificates: self.authority.certificate().to_pem(),
            }],
        })
    }
}

/// What a reader with this policy and these roots makes of a bundle.
fn judged(bundle: &[u8], policy: Option<&str>, roots: &[&Authority]) -> Verification {
    let witnesses = WitnessJudge {
        policy: policy.map(|text| policy::Policy::parse(text.as_bytes()).unwrap()),
    };
    let time = TimeJudge {
        trust: Trust {
            roots: roots.iter().map(|root| root.certificate().clone()).collect(),
            ended: Ended::Refused,
            ..Trust::default()
        },
        needed: NonZeroUsize::MIN,
        at: Some("2025-06-01T00:00:00Z".parse().unwrap()),
    };
    let judges = Judges {
        witnesses: Some(&witnesses),
        time: Some(&time),
    };
    verify_stream_with(Cursor::new(bundle), &Policy::default(), judges)
}

fn answer(report: &Verification, question: Question) -> Answer {
    let lines = report.lines();
    lines.iter().find(|line| line.question == question).unwrap().answer
}

fn state(report: &Verification, code: &str) -> State {
    report.checks.iter().find(|check| check.code == code).unwrap().state
}

#[test]
fn who_trusts_nobody_learns_that_the_signatures_fit_and_no_more() {
    let mut bench = Bench::new();
    let mut others = Others::of(&mut bench, 1);
    let bundle = read(&sample_attested(&mut bench, &mut others).path);
    let report = judged(&bundle, None, &[]);
    assert!(report.ok, "{report:#?}");
    assert_eq!(state(&report, "log_witnessed_fits"), State::Ok);
    assert_eq!(state(&report, "log_witnessed"), State::NotChecked);
    assert_eq!(state(&report, "time_signature"), State::Ok);
    assert_eq!(state(&report, "time_trusted"), State::NotChecked);
    assert_eq!(state(&report, "time"), State::NotChecked);
    assert_eq!(answer(&report, Question::Witnesses), Answer::Partly);
    assert_eq!(answer(&report, Question::Time), Answer::Partly);
}

#[test]
fn who_trusts_them_learns_by_when_it_existed() {
    let mut bench = Bench::new();
    let mut others = Others::of(&mut bench, 1);
    let bundle = read(&sample_attested(&mut bench, &mut others).path);
    let report = judged(&bundle, Some(&others.policy_text()), &[&others.authority]);
    assert!(report.ok, "{report:#?}");
    assert_eq!(answer(&report, Question::Witnesses), Answer::Ok);
    assert_eq!(state(&report, "time"), State::Ok);
    let time = report.checks.iter().find(|check| check.code == "time").unwrap();
    assert!(time.detail.contains(&STAMPED_AT[..16]), "{}", time.detail);
}

#[test]
fn who_trusts_others_gets_a_no() {
    let mut bench = Bench::new();
    let mut others = Others::of(&mut bench, 1);
    let strangers = Others::of(&mut bench, 2);
    let bundle = read(&sample_attested(&mut bench, &mut others).path);

    let report = judged(&bundle, Some(&strangers.policy_text()), &[]);
    assert!(!report.ok);
    assert_eq!(state(&report, "log_witnessed"), State::Failed);

    let report = judged(&bundle, None, &[&strangers.authority]);
    assert!(!report.ok);
    assert_eq!(state(&report, "time"), State::Failed);
    // Nobody has forged anything: the authority is merely unknown to this reader.
    assert_eq!(state(&report, "time_trusted"), State::NotChecked);
}

#[test]
fn who_asks_for_witnesses_and_time_is_not_content_with_a_bundle_that_has_none() {
    let mut bench = Bench::new();
    let others = Others::of(&mut bench, 1);
    let bundle = read(&crate::support::sample(&mut bench).path);
    let report = judged(&bundle, Some(&others.policy_text()), &[&others.authority]);
    assert!(!report.ok);
    assert_eq!(state(&report, "log_witnessed"), State::Failed);
    assert_eq!(state(&report, "time"), State::Failed);
    assert!(judged(&bundle, None, &[]).ok);
}
