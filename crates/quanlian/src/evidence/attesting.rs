//! Who else vouches for a bundle: witnesses over HTTP, time-stamp authorities.
//!
//! In:  the data folder, a policy with the addresses of witnesses, the addresses of authorities.
//! Out: the head of the log with cosignatures and time stamps, for the bundle; what was sent
//!      and what came stays below `timestamps/` of the data folder, good or bad.
//!
//! Invariant: whoever asks for witnesses or time stamps gets as many as asked for, or no bundle.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{anyhow, bail};
use quanlian_evidence::bundle::{Attest, Attested, Token, WitnessFiles};
use quanlian_timestamp::{
    algorithm::{DigestAlgorithm, Imprint},
    certificate::Certificate,
    folder::{self, Kept},
    verify::{Stamped, Trust, verify},
};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    note::VerifierKey,
    policy::{Policy, Quorum},
};

use crate::{
    cli::{Attesting, timestamp::Authorities},
    command::{
        timestamp::{ask, hex, is_answer, now},
        witness::{cosign::cosign, read_policy_text},
    },
    fault::{Blame, Fault},
    output::Output,
};

/// Those who are asked for one bundle.
pub(crate) struct Outsiders<'a> {
    data: &'a Path,
    log_key: VerifierKey,
    witnesses: Option<(Policy, String)>,
    authorities: Authorities,
    needed: usize,
    output: &'a Output,
}

impl<'a> Outsiders<'a> {
    /// Those whom the arguments name.
    pub(crate) fn of(
        arguments: &Attesting,
        data: &'a Path,
        log_key: VerifierKey,
        output: &'a Output,
    ) -> Result<Self, Fault> {
        let witnesses = arguments
            .witness_policy
            .as_deref()
            .map(read_policy_text)
            .transpose()
            .bad_input()?;
        let authorities = Authorities {
            tsa: arguments.tsa.clone(),
            demo: arguments.demo_tsa.clone(),
            timeout: arguments.timeout_s,
        };
        let named = authorities.tsa.len() + usize::from(authorities.demo.is_some());
        let needed = arguments.tsa_need.map_or(named, std::num::NonZeroUsize::get);
        if needed > named {
            return Err(anyhow!(
                "{needed} time stamps are needed and only {named} authorities were named"
            ))
            .bad_input();
        }
        Ok(Self {
            data,
            log_key,
            witnesses,
            authorities,
            needed,
            output,
        })
    }

    /// The head with the lines of the witnesses.
    fn cosigned(&self, checkpoint: &str) -> anyhow::Result<String> {
        let Some((policy, _)) = &self.witnesses else {
            return Ok(checkpoint.to_owned());
        };
        self.output.say::<&str>("progress.cosign", &[]);
        let head = SignedCheckpoint::open(checkpoint, &self.log_key)?;
        let timeout = Duration::from_secs(self.authorities.timeout);
        let cosigned = cosign(self.data, &head, policy, timeout).map_err(Fault::into_error)?;
        if !cosigned.result.is_cosigned() {
            let name = match &cosigned.result.quorum {
                Quorum::Asked { name, .. } => name.to_string(),
                Quorum::NotAsked => "none".to_owned(),
            };
            bail!("the quorum `{name}` was not reached: {}", cosigned.failures());
        }
        Ok(cosigned.note.to_string())
    }

    /// Time stamps over a note, as many as are needed.
    fn stamped(&self, note: &str) -> anyhow::Result<Vec<Token>> {
        if self.authorities.tsa.is_empty() && self.authorities.demo.is_none() {
            return Ok(Vec::new());
        }
        let kept_in = self.folder_for(note);
        let imprint = Imprint::of(DigestAlgorithm::Sha256, note.as_bytes());
        let asked = ask(&self.authorities, &imprint, &kept_in, self.output).map_err(Fault::into_error)?;
        let mut tokens = Vec::new();
        let mut failures = Vec::new();
        for kept in folder::load(&kept_in)? {
            if !asked.contains(&kept.number) {
                continue;
            }
            match token_of(kept, note) {
                Ok(token) => tokens.push(token),
                Err(why) => failures.push(why.to_string()),
            }
        }
        if tokens.len() < self.needed {
            bail!(
                "{} of {} time stamps came; answers are kept in {}: {}",
                tokens.len(),
                self.needed,
                kept_in.display(),
                failures.join("; ")
            );
        }
        for failure in &failures {
            self.output.say("attest.token_left_out", &[("why", failure)]);
        }
        Ok(tokens)
    }

    /// One folder for each note, named by its digest.
    fn folder_for(&self, note: &str) -> PathBuf {
        let digest = DigestAlgorithm::Sha256.digest(note.as_bytes());
        self.data.join("timestamps").join(hex(&digest[..16]))
    }
}

/// A time stamp as bundles carry it, if its authority answered what was asked.
fn token_of(kept: Kept, note: &str) -> anyhow::Result<Token> {
    let evidence = kept.evidence(
        Some(Stamped::Bytes(note.as_bytes())),
        quanlian_timestamp::verify::DEFAULT_CLOCK_TOLERANCE,
        Some(now()),
    );
    let report = verify(&evidence, &Trust::default());
    let number = kept.number;
    if !is_answer(&report) {
        let why = report
            .blocking()
            .map_or("no answer", |check| check.detail.as_str());
        let cause = kept
            .circumstances
            .and_then(|circumstances| circumstances.error)
            .map_or_else(|| why.to_owned(), |(_, error)| error);
        bail!("time stamp {number:02}: {cause}");
    }
    Ok(Token {
        request: kept
            .request
            .ok_or_else(|| anyhow!("time stamp {number:02}: its request is gone"))?,
        response: kept.response,
        certificates: kept.certificates.iter().map(Certificate::to_pem).collect(),
    })
}

impl Attest for Outsiders<'_> {
    fn witnesses(&mut self) -> Option<WitnessFiles> {
        let (policy, text) = self.witnesses.as_ref()?;
        let keys: Vec<String> = policy
            .witnesses()
            .iter()
            .map(|witness| witness.key.to_string())
            .collect();
        Some(WitnessFiles {
            policy: text.clone(),
            keys: keys.join("\n") + "\n",
        })
    }

    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>> {
        let checkpoint = self.cosigned(checkpoint)?;
        let tokens = self.stamped(&checkpoint)?;
        Ok(Attested { checkpoint, tokens })
    }
}
