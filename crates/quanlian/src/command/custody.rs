//! `quanlian custody`: acts of people on a deposit, their signatures, the chain and its papers.
//!
//! In:  what was done, by whom, and the keys that sign.
//! Out: the act or what it waits for; the chain, its examination (exit 1 when a check fails), its exports.
//!
//! Not here: what an act may say and what may follow what (`quanlian_evidence::custody`).

mod paper;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use quanlian_evidence::{
    custody::{
        Act, CustodyLine,
        act::{ActRecord, Clock, Media, MediaKind, Party, Role},
        case_uco,
        examine::{Check, Examination, Finding, Signature},
        order::{Gap, Standing},
        signing,
    },
    deposit::Deposit,
    probe,
    vault::{ActOrder, Draft, Outside as _, Recorded, Stand, System, VaultError, media_of},
};
use quanlian_record::{id::DepositId, time::Timestamp};
use quanlian_tlog::note::VerifierKey;
use serde::Serialize;

use crate::{
    cli::{Custody, CustodyAdd, CustodyExport, CustodyOf, CustodyRead, CustodySign, ExportAs},
    evidence::Room,
    fault::{Blame, Fault, Outcome, answer_no},
    message::Messages,
    output::{self, Form, Output},
};

/// The largest list of trusted keys, in bytes.
const MAX_TRUST_BYTES: u64 = 4 << 20;

/// Runs `custody`.
pub(super) fn run(command: Custody, output: &dyn Fn(Form) -> Output) -> Outcome {
    match command {
        Custody::Add(arguments) => add(&arguments, &output(arguments.of.form.form())),
        Custody::Sign(arguments) => sign(&arguments, &output(arguments.of.form.form())),
        Custody::Withdraw(arguments) => withdraw(&arguments, &output(arguments.form.form())),
        Custody::Show(arguments) => show(&arguments, &output(arguments.of.form.form())),
        Custody::Check(arguments) => check(&arguments, &output(arguments.of.form.form())),
        Custody::Export(arguments) => export(&arguments, &output(arguments.form.form())),
        Custody::Key { name, out, form } => key(&name, &out, &output(form.form())),
    }
}

/// The error of a vault in the language of the person; what only the machine can mend is its fault.
pub(super) fn refused(output: &Output, error: VaultError) -> Fault {
    let is_machine = matches!(
        error,
        VaultError::Io { .. } | VaultError::Log(_) | VaultError::Key(_) | VaultError::KeyMissing(_)
    );
    let code = error.code();
    let error = anyhow::Error::new(error);
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let said = anyhow::anyhow!(output::reason(&output.messages, code, &chain.join(": ")));
    if is_machine {
        Fault::System(said)
    } else {
        Fault::BadInput(said)
    }
}

/// What became of an act.
#[derive(Serialize)]
struct ActReport<'a> {
    deposit: DepositId,
    act: &'a str,
    #[serde(flatten)]
    state: ActState,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum ActState {
    /// Nobody has signed.
    Waiting { missing: Vec<String> },
    /// Some have and some have not: nothing is done.
    OneSidedWaiting {
        signed: Vec<String>,
        missing: Vec<String>,
    },
    /// In chain and log.
    Done { line: u64, log_index: u64 },
}

fn add(arguments: &CustodyAdd, output: &Output) -> Outcome {
    let of = &arguments.of;
    let record = record_of(arguments, output)?;
    let mut room = Room::open_existing(&of.data)?;
    let act = arguments.act.act();
    let order = ActOrder { act, record };
    let draft = room
        .vault_mut()
        .draft_act(of.id, order, &mut System)
        .map_err(|error| refused(output, error))?;
    let recorded = match &arguments.key {
        None => Recorded::Waits {
            missing: names(&draft.line),
            draft: Box::new(draft),
        },
        Some(key) => match attest_with_key(&mut room, of.id, &arguments.by, key, output) {
            Ok(recorded) => recorded,
            Err(fault) => {
                // The act and its first signature were one order, so neither stays alone.
                let _ = room.vault_mut().withdraw_act(of.id);
                return Err(fault);
            }
        },
    };
    report(of.id, act, recorded, output)
}

/// What the arguments say, and how this machine is.
fn record_of(arguments: &CustodyAdd, output: &Output) -> Result<ActRecord, Fault> {
    let party = |role, name: &str, organisation: Option<&String>| Party {
        role,
        name: name.trim().to_owned(),
        organisation: organisation.map(|text| text.trim().to_owned()),
    };
    let changes_hands = matches!(arguments.act.act(), Act::HandedOver | Act::Returned);
    let first = if changes_hands {
        Role::Giver
    } else {
        Role::Operator
    };
    let mut parties = vec![party(first, &arguments.by, arguments.organisation.as_ref())];
    let to = arguments.to.iter();
    parties.extend(to.map(|name| party(Role::Receiver, name, arguments.to_organisation.as_ref())));
    parties.extend(
        arguments
            .holder
            .iter()
            .map(|name| party(Role::Holder, name, None)),
    );
    parties.extend(
        arguments
            .witness
            .iter()
            .map(|name| party(Role::Witness, name, None)),
    );
    let mut media = Vec::new();
    for (kind, paths) in [
        (MediaKind::Photo, &arguments.photo),
        (MediaKind::Video, &arguments.video),
        (MediaKind::Document, &arguments.document),
    ] {
        for path in paths {
            media.push(digest_of(kind, path)?);
        }
    }
    output.say::<&str>("progress.probe", &[]);
    let mut machine = probe::machine(&arguments.of.data).system()?;
    machine.cleanliness.clone_from(&arguments.cleanliness);
    if let (Some(ms), Some(against)) = (arguments.clock_offset_ms, &arguments.clock_against) {
        machine.clock = Clock::Stated {
            against: against.clone(),
            offset_us: i64::from(ms) * 1000,
        };
    }
    Ok(ActRecord {
        parties,
        reason: arguments.reason.clone(),
        place: arguments.place.clone(),
        irregular: arguments.irregular.clone(),
        media,
        machine,
    })
}

fn digest_of(kind: MediaKind, path: &Path) -> Result<Media, Fault> {
    media_of(kind, path)
        .with_context(|| format!("cannot take in {}", path.display()))
        .bad_input()
}

fn sign(arguments: &CustodySign, output: &Output) -> Outcome {
    let id = arguments.of.id;
    let mut room = Room::open_existing(&arguments.of.data)?;
    let draft = waiting(&room, id, output)?;
    let act = draft.map_or(Act::Collected, |draft| draft.line.act);
    let party = arguments.party.trim();
    let recorded = if let Some(key) = &arguments.key {
        attest_with_key(&mut room, id, party, key, output)?
    } else {
        let stand = match (&arguments.scan, &arguments.refused) {
            (Some(scan), _) => Stand::Paper(*scan),
            (None, reason) => Stand::Unsigned(reason.clone().unwrap_or_default()),
        };
        room.vault_mut()
            .attest(id, party, &stand, &mut System)
            .map_err(|error| refused(output, error))?
    };
    report(id, act, recorded, output)
}

fn attest_with_key(
    room: &mut Room,
    id: DepositId,
    party: &str,
    key: &Path,
    output: &Output,
) -> Result<Recorded, Fault> {
    let key = signing::load_key(key)
        .with_context(|| format!("cannot use the key {}", key.display()))
        .bad_input()?;
    room.vault_mut()
        .attest(id, party.trim(), &Stand::Key(&key), &mut System)
        .map_err(|error| refused(output, error))
}

fn report(deposit: DepositId, act: Act, recorded: Recorded, output: &Output) -> Outcome {
    let state = match recorded {
        Recorded::Waits { draft, missing } => state_of(&draft, missing),
        Recorded::Done { line, log_index, .. } => ActState::Done { line, log_index },
    };
    output.text(&words_of(act, &state, output));
    let report = ActReport {
        deposit,
        act: act.word(),
        state,
    };
    output.document(&report).system()?;
    Ok(ExitCode::SUCCESS)
}

fn state_of(draft: &Draft, missing: Vec<String>) -> ActState {
    let signed: Vec<String> = names(&draft.line)
        .into_iter()
        .filter(|name| !missing.contains(name))
        .collect();
    if signed.is_empty() {
        ActState::Waiting { missing }
    } else {
        ActState::OneSidedWaiting { signed, missing }
    }
}

/// What an act waits for, in words: who has signed and who has not.
pub(super) fn waiting_words(draft: &Draft, output: &Output) -> String {
    let state = state_of(draft, missing(&draft.line));
    words_of(draft.line.act, &state, output)
}

fn words_of(act: Act, state: &ActState, output: &Output) -> String {
    let messages = &output.messages;
    let act = messages.text(&format!("custody.act_{}", act.word()));
    let and = messages.text("custody.and");
    match state {
        ActState::Waiting { missing } => messages.get(
            "custody.waiting",
            &[("act", act), ("missing", missing.join(&and))],
        ),
        ActState::OneSidedWaiting { signed, missing } => messages.get(
            "custody.one_sided",
            &[
                ("act", act),
                ("signed", signed.join(&and)),
                ("missing", missing.join(&and)),
            ],
        ),
        ActState::Done { line, log_index } => messages.get(
            "custody.done",
            &[
                ("act", act),
                ("line", line.to_string()),
                ("index", log_index.to_string()),
            ],
        ),
    }
}

/// The names of the parties of a line.
fn names(line: &CustodyLine) -> Vec<String> {
    let parties = line.record.iter().flat_map(|record| &record.parties);
    parties.map(|party| party.name.clone()).collect()
}

fn waiting(room: &Room, id: DepositId, output: &Output) -> Result<Option<Draft>, Fault> {
    room.vault().draft(id).map_err(|error| refused(output, error))
}

fn withdraw(of: &CustodyOf, output: &Output) -> Outcome {
    let mut room = Room::open_existing(&of.data)?;
    let draft = room
        .vault_mut()
        .withdraw_act(of.id)
        .map_err(|error| refused(output, error))?;
    output
        .document(&serde_json::json!({"deposit": of.id, "withdrawn": draft.line.act.word()}))
        .system()?;
    let act = output
        .messages
        .text(&format!("custody.act_{}", draft.line.act.word()));
    output.text(&output.messages.get("custody.withdrawn", &[("act", act)]));
    Ok(ExitCode::SUCCESS)
}

/// The chain and all that is known of it.
#[derive(Serialize)]
struct Chain<'a> {
    deposit: DepositId,
    ok: bool,
    lines: &'a [CustodyLine],
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<WaitingAct<'a>>,
    checks: &'a [Check],
    signatures: &'a [Signature],
    gaps: &'a [Gap],
    standing: Option<&'a Standing>,
}

#[derive(Serialize)]
struct WaitingAct<'a> {
    #[serde(flatten)]
    state: ActState,
    line: &'a CustodyLine,
}

fn examined(arguments: &CustodyRead, output: &Output) -> Result<(Examination, Option<Draft>), Fault> {
    let of = &arguments.of;
    let trusted = match &arguments.trust {
        None => Vec::new(),
        Some(path) => trusted_people(path)?,
    };
    let room = Room::open_existing(&of.data)?;
    let examination = room
        .vault()
        .examine(of.id, &trusted)
        .map_err(|error| refused(output, error))?;
    Ok((examination, waiting(&room, of.id, output)?))
}

/// A list of the keys of people, one a line.
pub(super) fn trusted_people(path: &Path) -> Result<Vec<VerifierKey>, Fault> {
    let text = read_short(path, MAX_TRUST_BYTES)?;
    signing::trusted_keys(&text)
        .with_context(|| format!("the list {} cannot be used", path.display()))
        .bad_input()
}

fn document(
    id: DepositId,
    examination: &Examination,
    draft: Option<&Draft>,
    output: &Output,
) -> Result<(), Fault> {
    let waiting = draft.map(|draft| WaitingAct {
        state: state_of(draft, missing(&draft.line)),
        line: &draft.line,
    });
    let chain = Chain {
        deposit: id,
        ok: examination.ok,
        lines: &examination.lines,
        waiting,
        checks: &examination.checks,
        signatures: &examination.signatures,
        gaps: &examination.gaps,
        standing: examination.standing.as_ref(),
    };
    output.document(&chain).system()
}

/// The names of the parties who have not signed yet.
fn missing(line: &CustodyLine) -> Vec<String> {
    let has_signed = |number: u32| line.attestations.iter().any(|found| found.party() == number);
    (1..)
        .zip(names(line))
        .filter(|(number, _)| !has_signed(*number))
        .map(|(_, name)| name)
        .collect()
}

fn show(arguments: &CustodyRead, output: &Output) -> Outcome {
    let (examination, draft) = examined(arguments, output)?;
    document(arguments.of.id, &examination, draft.as_ref(), output)?;
    let messages = &output.messages;
    for (number, line) in (1..).zip(&examination.lines) {
        let and = messages.text("custody.and");
        let people = if line.record.is_some() {
            names(line).join(&and)
        } else {
            line.actor.clone()
        };
        let act = messages.text(&format!("custody.act_{}", line.act.word()));
        output.text(&messages.get(
            "custody.line",
            &[
                ("number", number.to_string()),
                ("at", line.at.to_local_string()),
                ("act", act),
                ("people", people),
            ],
        ));
        for signature in examination
            .signatures
            .iter()
            .filter(|signature| signature.line == number)
        {
            let verdict = serde_json::to_value(signature.verdict).system()?;
            let verdict = messages.text(&format!(
                "custody.verdict_{}",
                verdict.as_str().unwrap_or_default()
            ));
            let role = messages.text(&format!("custody.role_{}", signature.role));
            let name = signature.name.clone();
            output.text(&messages.get(
                "custody.signature",
                &[("role", role), ("name", name), ("verdict", verdict)],
            ));
        }
        if let Some(record) = &line.record {
            let clock = clock_words(&record.machine.clock, messages);
            output.text(&messages.get("custody.clock", &[("clock", clock)]));
        }
    }
    if let Some(draft) = &draft {
        output.text(&words_of(
            draft.line.act,
            &state_of(draft, missing(&draft.line)),
            output,
        ));
    }
    if let Some(standing) = &examination.standing {
        let holder = standing
            .holder
            .clone()
            .unwrap_or_else(|| messages.text("custody.unknown"));
        let sealed = if standing.is_sealed {
            "custody.sealed"
        } else {
            "custody.not_sealed"
        };
        output.text(&messages.get(
            "custody.standing",
            &[("holder", holder), ("sealed", messages.text(sealed))],
        ));
    }
    gaps(&examination, output);
    if !examination.ok {
        output.text(&messages.text("custody.show_fails"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A text file of at most so many bytes.
fn read_short(path: &Path, limit_bytes: u64) -> Result<String, Fault> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(limit_bytes + 1).read_to_string(&mut text));
    read.with_context(|| format!("cannot read {}", path.display()))
        .bad_input()?;
    if text.len() as u64 > limit_bytes {
        let said = anyhow::anyhow!("{} is longer than {limit_bytes} bytes", path.display());
        return Err(Fault::BadInput(said));
    }
    Ok(text)
}

/// How far the clock was off, in words.
fn clock_words(clock: &Clock, messages: &Messages) -> String {
    let seconds = |offset_us: i64| {
        let sign = if offset_us < 0 { "-" } else { "+" };
        let us = offset_us.unsigned_abs();
        format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
    };
    let (key, against, offset_us) = match clock {
        Clock::NotMeasured => return messages.text("custody.clock_not_measured"),
        Clock::Measured { against, offset_us } => ("custody.clock_measured", against, *offset_us),
        Clock::Stated { against, offset_us } => ("custody.clock_stated", against, *offset_us),
    };
    let seconds = seconds(offset_us);
    messages.get(
        key,
        &[("seconds", seconds.as_str()), ("against", against.as_str())],
    )
}

fn gaps(examination: &Examination, output: &Output) {
    for gap in &examination.gaps {
        let what = output.messages.text(&format!("custody.gap_{}", gap.kind.word()));
        output.text(&output.messages.get(
            "custody.gap",
            &[
                ("line", gap.line.to_string()),
                ("what", what),
                ("detail", gap.detail.clone()),
            ],
        ));
    }
}

fn check(arguments: &CustodyRead, output: &Output) -> Outcome {
    let (examination, draft) = examined(arguments, output)?;
    document(arguments.of.id, &examination, draft.as_ref(), output)?;
    let messages = &output.messages;
    for check in &examination.checks {
        let state = messages.text(match check.finding {
            Finding::Holds => "verify.ok",
            Finding::Fails => "verify.failed",
            Finding::NotChecked => "verify.not_checked",
        });
        let what = messages.text(&format!("custody.check_{}", check.code));
        let line = check
            .line
            .map(|line| messages.get("custody.at_line", &[("line", line)]))
            .unwrap_or_default();
        let detail = check.detail.clone();
        output.text(&messages.get(
            "custody.check",
            &[
                ("state", state),
                ("what", what),
                ("line", line),
                ("detail", detail),
            ],
        ));
    }
    gaps(&examination, output);
    if let Some(draft) = &draft {
        output.text(&words_of(
            draft.line.act,
            &state_of(draft, missing(&draft.line)),
            output,
        ));
    }
    let verdict = if examination.ok {
        "custody.check_good"
    } else {
        "custody.check_bad"
    };
    output.text(&messages.text(verdict));
    Ok(if examination.ok {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

fn export(arguments: &CustodyExport, output: &Output) -> Outcome {
    let room = Room::open_existing(&arguments.data)?;
    let now = System.now();
    let bytes = match arguments.what {
        ExportAs::Fixation => paper::fixation(&room, arguments, now, output)?,
        what => {
            let [id] = arguments.ids[..] else {
                let said = output.messages.text("custody.one_deposit");
                return Err(Fault::BadInput(anyhow::anyhow!(said)));
            };
            one(&room, id, what, arguments, now, output)?
        }
    };
    write_new(&arguments.out, &bytes)?;
    let path = arguments.out.display().to_string();
    output
        .document(&serde_json::json!({"path": path, "bytes": bytes.len()}))
        .system()?;
    output.text(&output.messages.get("custody.exported", &[("path", path)]));
    Ok(ExitCode::SUCCESS)
}

/// An export of one deposit.
fn one(
    room: &Room,
    id: DepositId,
    what: ExportAs,
    arguments: &CustodyExport,
    now: Timestamp,
    output: &Output,
) -> Result<Vec<u8>, Fault> {
    let receipt = room.vault().receipt(id).map_err(|error| refused(output, error))?;
    Ok(match what {
        ExportAs::Jsonl => receipt
            .custody
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect::<String>()
            .into(),
        ExportAs::Case => {
            let deposit = Deposit::from_json(&receipt.deposit_json).system()?;
            let examination = room
                .vault()
                .examine(id, &[])
                .map_err(|error| refused(output, error))?;
            if !examination.ok {
                // The document has no word for a chain that does not hold.
                return Err(Fault::BadInput(anyhow::anyhow!(
                    output.messages.text("custody.check_bad")
                )));
            }
            let document = case_uco::export(&deposit, &examination.lines);
            let mut text = serde_json::to_string_pretty(&document).system()?;
            text.push('\n');
            text.into()
        }
        _ => paper::of_act(room, id, arguments, now, output)?,
    })
}

/// Writes a file beside its place and gives it its name, so that nobody finds half of it.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
        .bad_input()
}

fn key(name: &str, out: &Path, output: &Output) -> Outcome {
    let mut seed = [0; 32];
    System.fill(&mut seed);
    let key = signing::make_key(out, name, &seed)
        .with_context(|| format!("cannot make the key {}", out.display()))
        .bad_input()?;
    let path = out.display().to_string();
    let key = key.to_string();
    output
        .document(&serde_json::json!({"path": path, "key": key}))
        .system()?;
    output.text(
        &output
            .messages
            .get("custody.key", &[("path", path), ("key", key)]),
    );
    Ok(ExitCode::SUCCESS)
}
