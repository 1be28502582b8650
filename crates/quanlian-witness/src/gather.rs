//! Asking all witnesses of a policy at once.
//!
//! In:  the signed head of a log, its proofs, a policy with addresses, and the cosigned note of last time.
//! Out: what each witness answered, and the note with all good lines.
//!
//! Invariant: a witness that is slow or down delays nobody but itself; the note holds verified
//! lines alone, at most one for each key.

use std::{sync::Mutex, thread};

use quanlian_tlog::{
    cosignature::CosignerKey,
    hash::Hash,
    note::{Note, NoteError, NoteSignature},
    policy::{Policy, PolicyName},
    witness::client::{AskError, ask, known_size},
};

use crate::http::HttpClient;

/// What became of one witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name within the policy.
    pub name: PolicyName,
    /// Its address, if the policy has one.
    pub url: Option<String>,
    /// Its verified lines; `None` when it has no address, so that nobody could ask it.
    pub answer: Option<Result<Vec<NoteSignature>, AskError>>,
}

/// Asks every witness of `policy` that has an address to cosign `head`.
///
/// `prove` gives the consistency proof from a size to that of the head; it is called by one
/// thread at a time. `earlier` is the cosigned note of last time, which saves questions.
pub fn gather<E: std::fmt::Display>(
    client: &HttpClient,
    policy: &Policy,
    head: &Note,
    earlier: Option<&Note>,
    prove: impl FnMut(u64) -> Result<Vec<Hash>, E> + Send,
) -> Vec<Asked> {
    let origin = head.unverified_text().lines().next().unwrap_or_default();
    let prove = Mutex::new(prove);
    thread::scope(|scope| {
        let asking: Vec<_> = policy
            .witnesses()
            .iter()
            .map(|witness| {
                let prove = &prove;
                let running = witness.url.as_deref().map(|url| {
                    let mut transport = client.witness(url);
                    scope.spawn(move || {
                        let known = earlier.map_or(0, |note| known_size(note, origin, &witness.key));
                        ask(&mut transport, &witness.key, head, known, |from| {
                            let mut prove = prove.lock().map_err(|_| "another proof failed".to_owned())?;
                            prove(from).map_err(|error| error.to_string())
                        })
                    })
                });
                (witness, running)
            })
            .collect();
        asking
            .into_iter()
            .map(|(witness, running)| Asked {
                name: witness.name.clone(),
                url: witness.url.clone(),
                answer: running.map(|running| {
                    let failed = |_| {
                        Err(AskError::Head(
                            "the question was not carried to its end".to_owned(),
                        ))
                    };
                    running.join().unwrap_or_else(failed)
                }),
            })
            .collect()
    })
}

/// The note of `head` with the lines that were answered, and those of `earlier` if it is of the same head.
pub fn cosigned_note(
    head: &Note,
    policy: &Policy,
    earlier: Option<&Note>,
    asked: &[Asked],
) -> Result<Note, NoteError> {
    let same_head = |note: &&Note| note.unverified_text() == head.unverified_text();
    let earlier = earlier.filter(same_head);
    let mut lines = head.signatures().to_vec();
    for witness in policy.witnesses() {
        let answered = asked
            .iter()
            .find(|asked| asked.name == witness.name)
            .and_then(|asked| asked.answer.as_ref()?.as_ref().ok());
        let newest = answered
            .and_then(|answered| answered.last().cloned())
            .or_else(|| line_of(earlier?, &witness.key));
        if let Some(newest) = newest {
            lines.retain(|line| (&line.name, line.id) != (&newest.name, newest.id));
            lines.push(newest);
        }
    }
    Note::from_parts(head.unverified_text(), lines)
}

/// The last line of this key, if all its lines are good.
fn line_of(note: &Note, key: &CosignerKey) -> Option<NoteSignature> {
    key.verify(note).ok()?;
    let by_key = |line: &&NoteSignature| line.name == key.name() && line.id == key.id();
    note.signatures().iter().rfind(by_key).cloned()
}
