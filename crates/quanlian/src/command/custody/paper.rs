//! Papers of custody: what the chain knows, put into the form; the rest stays blank.
//!
//! In:  the chain of one deposit, or several deposits, and what the command line adds.
//! Out: the bytes of a PDF.
//!
//! Invariant: nothing is guessed. What chain and command line do not say is `None`, which the paper prints as a blank
//! to be filled in; an act that waits is printed as one-sided and not as done.

use anyhow::Context;
use quanlian_document::{
    Fonts,
    dossier::Language,
    form::{
        ActState, CustodyForm, FormAct, FormItem, FormKind, FormMedia, FormParty, FormRole, SignedState,
        render_form,
    },
};
use quanlian_evidence::{
    custody::{
        Act, CustodyLine,
        act::{Attestation, Clock, MachineCheck, Role, TimeSync},
        order::Standing,
        signing::{self, Verdict},
    },
    deposit::{Deposit, Receipt},
};
use quanlian_record::{id::DepositId, time::Timestamp};

use super::{clock_words, refused};
use crate::{
    cli::{CustodyExport, ExportAs, PaperLanguage},
    evidence::Room,
    fault::{Blame, Fault},
    message::{self, Messages},
    output::Output,
};

/// 证据固定清单 of all deposits of the call.
pub(super) fn fixation(
    room: &Room,
    arguments: &CustodyExport,
    now: Timestamp,
    output: &Output,
) -> Result<Vec<u8>, Fault> {
    let mut items = Vec::new();
    for id in &arguments.ids {
        let (receipt, lines) = chain(room, *id, output)?;
        items.push(item(&receipt, &lines)?);
    }
    render(
        room,
        arguments,
        FormKind::Fixation,
        arguments.ids[0].to_string(),
        items,
        None,
        now,
    )
}

/// 提取笔录 or 交接单 of one act.
pub(super) fn of_act(
    room: &Room,
    id: DepositId,
    arguments: &CustodyExport,
    now: Timestamp,
    output: &Output,
) -> Result<Vec<u8>, Fault> {
    let (receipt, lines) = chain(room, id, output)?;
    let draft = room.vault().draft(id).map_err(|error| refused(output, error))?;
    let is_extraction = arguments.what == ExportAs::Extraction;
    let fits = |line: &CustodyLine| {
        line.record.is_some()
            && if is_extraction {
                line.act == Act::Collected
            } else {
                matches!(line.act, Act::HandedOver | Act::Returned)
            }
    };
    let draft = draft.filter(|draft| fits(&draft.line));
    let found = match arguments.line {
        Some(number) => {
            let at = number
                .checked_sub(1)
                .filter(|at| lines.get(*at).is_some_and(fits));
            let Some(at) = at else {
                let said = output.messages.get("custody.no_such_line", &[("line", number)]);
                return Err(Fault::BadInput(anyhow::anyhow!(said)));
            };
            Some((&lines[at], &lines[..=at], ActState::Done))
        }
        None => match &draft {
            Some(draft) => Some((&draft.line, &lines[..], ActState::Waiting)),
            None => lines
                .iter()
                .rposition(fits)
                .map(|at| (&lines[at], &lines[..=at], ActState::Done)),
        },
    };
    let kind = if is_extraction {
        FormKind::Extraction
    } else {
        FormKind::HandOver
    };
    let words = Messages::of(match arguments.paper_language {
        PaperLanguage::En => message::Language::En,
        PaperLanguage::Zh | PaperLanguage::Both => message::Language::Zh,
    });
    let (own_id, until, act) = match found {
        Some((line, until, state)) => (line.id.to_string(), until, Some(form_act(line, state, &words))),
        None => (id.to_string(), &lines[..], None),
    };
    let items = vec![item(&receipt, until)?];
    render(room, arguments, kind, own_id, items, act, now)
}

fn chain(room: &Room, id: DepositId, output: &Output) -> Result<(Receipt, Vec<CustodyLine>), Fault> {
    let receipt = room.vault().receipt(id).map_err(|error| refused(output, error))?;
    let examination = room
        .vault()
        .examine(id, &[])
        .map_err(|error| refused(output, error))?;
    if !examination.ok {
        // A paper of a chain that does not hold would lend it a credit that it does not have.
        return Err(Fault::BadInput(anyhow::anyhow!(
            output.messages.text("custody.check_bad")
        )));
    }
    Ok((receipt, examination.lines))
}

fn render(
    room: &Room,
    arguments: &CustodyExport,
    kind: FormKind,
    id: String,
    items: Vec<FormItem>,
    act: Option<FormAct>,
    now: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let form = CustodyForm {
        language: match arguments.paper_language {
            PaperLanguage::Zh => Language::Zh,
            PaperLanguage::En => Language::En,
            PaperLanguage::Both => Language::Bilingual,
        },
        kind,
        id,
        case_number: arguments.case_number.clone(),
        agency: arguments.agency.clone(),
        items,
        act,
        log: Some(room.vault().log_key().name().to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let fonts = Fonts::system().context("the paper cannot be set").system()?;
    Ok(render_form(&form, &fonts, now)
        .context("the paper cannot be set")
        .system()?
        .bytes)
}

/// The item as the deposit record has it, with its seal after `lines`.
fn item(receipt: &Receipt, lines: &[CustodyLine]) -> Result<FormItem, Fault> {
    let deposit = Deposit::from_json(&receipt.deposit_json).system()?;
    let mut standing = Standing::default();
    for line in lines {
        standing.take_in(line);
    }
    let speaks_of_seal = lines
        .iter()
        .any(|line| matches!(line.act, Act::Sealed | Act::Opened));
    Ok(FormItem {
        name: deposit.content.name,
        kind: Some(deposit.kind),
        // Nobody looked at the content for this, and the end of a name is no proof of a format.
        format: None,
        source: deposit.source,
        size_bytes: deposit.content.size_bytes,
        sha256: deposit.content.sha256,
        sm3: deposit.content.sm3,
        deposit: deposit.id.to_string(),
        deposited_at: deposit.deposited_at,
        log_index: receipt.log_index,
        is_sealed: speaks_of_seal.then_some(standing.is_sealed),
    })
}

/// The act in the words of the paper's language, which need not be that of the command line.
fn form_act(line: &CustodyLine, state: ActState, messages: &Messages) -> FormAct {
    let record = line.record.as_ref();
    let parties = record.map(|record| record.parties.as_slice()).unwrap_or_default();
    FormAct {
        state,
        at: line.at,
        clock: record
            .filter(|record| record.machine.clock != Clock::NotMeasured)
            .map(|record| clock_words(&record.machine.clock, messages)),
        place: record.and_then(|record| record.place.clone()),
        reason: record.map(|record| record.reason.clone()),
        irregular: record.and_then(|record| record.irregular.clone()),
        tool: line.tool.clone(),
        machine: record.map(|record| machine_words(&record.machine, messages)),
        cleanliness: record.and_then(|record| record.machine.cleanliness.clone()),
        media: record
            .iter()
            .flat_map(|record| &record.media)
            .map(|media| FormMedia {
                name: media.name.clone(),
                sha256: media.sha256.clone(),
            })
            .collect(),
        parties: (1..)
            .zip(parties)
            .map(|(number, party)| form_party(line, number, party))
            .collect(),
    }
}

fn form_party(line: &CustodyLine, number: u32, party: &quanlian_evidence::custody::act::Party) -> FormParty {
    let at = line.attestations.iter().position(|found| found.party() == number);
    let (signed, detail) = match at.map(|at| (signing::judge(line, at, &[]), &line.attestations[at])) {
        None => (SignedState::Waiting, None),
        Some((Verdict::Wrong, _)) => (SignedState::Wrong, None),
        Some((_, Attestation::Signed { key, .. })) => (SignedState::Signed, Some(key.clone())),
        Some((_, Attestation::Paper { scan, .. })) => (SignedState::OnPaper, Some(scan.to_string())),
        Some((_, Attestation::Unsigned { reason, .. })) => (SignedState::Unsigned, Some(reason.clone())),
    };
    FormParty {
        role: match party.role {
            Role::Operator => FormRole::Operator,
            Role::Witness => FormRole::Witness,
            Role::Giver => FormRole::Giver,
            Role::Receiver => FormRole::Receiver,
            Role::Holder => FormRole::Holder,
        },
        name: Some(party.name.clone()),
        organisation: party.organisation.clone(),
        signed,
        detail,
    }
}

/// The machine and its self-check in one sentence.
fn machine_words(machine: &MachineCheck, messages: &Messages) -> String {
    let unknown = || messages.text("custody.unknown");
    let sync = match &machine.time_sync {
        TimeSync::Synchronised { by } => messages.get("custody.sync_yes", &[("by", by)]),
        TimeSync::NotSynchronised { by } => messages.get("custody.sync_no", &[("by", by)]),
        TimeSync::Unknown => messages.text("custody.sync_unknown"),
    };
    messages.get(
        "custody.machine",
        &[
            ("system", machine.system.clone()),
            ("program", machine.program_sha256.clone().unwrap_or_else(unknown)),
            (
                "free",
                machine
                    .disk_free_bytes
                    .map_or_else(unknown, |bytes| bytes.to_string()),
            ),
            ("tests", machine.self_test.join(", ")),
            ("sync", sync),
        ],
    )
}
