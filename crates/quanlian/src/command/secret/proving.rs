//! Opening commitments, and bundles of the register.
//!
//! In:  files that are said to hold the content of a point; points to prove.
//! Out: whether the files open the commitments (exit 1 when not); a bundle that `quanlian verify` accepts.
//!
//! Invariant: without `--disclose` no digest, salt or name of content is in the bundle: the entries of the register
//! with their commitments are, and the log proves since when.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use quanlian_evidence::{
    bundle::{BundleItem, Original},
    vault::VaultError,
};
use quanlian_record::id::DepositId;
use quanlian_right::secret::{Entry, Id, Register, Scope, Statement};
use quanlian_store::ObjectId;
use serde::Serialize;

use super::{
    passage::{self, Part},
    pieces::{self, State, Told},
    register, standing_point, write,
};
use crate::{
    cli::{SecretOpen, SecretProve},
    command::{bundle, custody::refused},
    evidence::Room,
    fault::{Blame, Fault, Outcome, answer_no},
    files::{self, Found},
    output::Output,
};

#[derive(Serialize)]
struct Opened {
    point: Id,
    opens: bool,
    pieces: Vec<OpenedPiece>,
}

#[derive(Serialize)]
struct OpenedPiece {
    deposit: DepositId,
    state: Opening,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// Whether a piece was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Opening {
    /// A file holds exactly the content that was committed to.
    Opens,
    /// None of the files does.
    NotFound,
    /// The salt is erased: nobody can tell any more.
    Erased,
}

pub(super) fn open(arguments: &SecretOpen, output: &Output) -> Outcome {
    let of = &arguments.of;
    let room = Room::open_existing(&of.data)?;
    let register = register(&room)?;
    let (_, point) = standing_point(&register, &of.point, output)?;
    let (files, _) = files::named(&arguments.file).bad_input()?;
    let mut opened = Vec::new();
    for piece in pieces::of_point(&room, point)? {
        let (state, file) = match &piece.state {
            State::Erased => (Opening::Erased, None),
            State::Kept(told) => match holder(told, &files) {
                Some(found) => (Opening::Opens, Some(found.name.clone())),
                None => (Opening::NotFound, None),
            },
        };
        let key = match state {
            Opening::Opens => "secret.opens",
            Opening::NotFound => "secret.opens_not",
            Opening::Erased => "secret.piece_erased",
        };
        let blanks = [
            ("deposit", piece.deposit.to_string()),
            ("file", file.clone().unwrap_or_default()),
        ];
        output.text(&output.messages.get(key, &blanks));
        opened.push(OpenedPiece {
            deposit: piece.deposit,
            state,
            file,
        });
    }
    let opens = opened.iter().all(|piece| piece.state == Opening::Opens);
    let report = Opened {
        point: of.point.clone(),
        opens,
        pieces: opened,
    };
    output.document(&report).system()?;
    Ok(if opens { ExitCode::SUCCESS } else { answer_no() })
}

/// The file that holds the content, by its digest.
fn holder<'f>(told: &Told, files: &'f [Found]) -> Option<&'f Found> {
    let part = told.named()?;
    files.iter().find(|found| match part {
        Part::Whole => {
            let length = found.path.metadata().map_or(0, |metadata| metadata.len());
            length == told.size_bytes && files::sha256(&found.path).is_ok_and(|sha256| sha256 == told.sha256)
        }
        part => passage_of(&found.path, part, &told.sha256).is_some(),
    })
}

/// The bytes of the passage, when they have this digest.
fn passage_of(path: &Path, part: Part, sha256: &str) -> Option<Vec<u8>> {
    let bytes = passage::cut(path, part).ok()?.bytes?;
    (ObjectId::of(&bytes).to_string() == sha256).then_some(bytes)
}

#[derive(Serialize)]
struct Proved {
    bundle: PathBuf,
    id: String,
    sha256: String,
    log: String,
    entries: Vec<DepositId>,
    content: Vec<DepositId>,
    evidence: Vec<DepositId>,
    /// Of which only a tombstone is left.
    erased: Vec<DepositId>,
}

pub(super) fn prove(arguments: &SecretProve, output: &Output) -> Outcome {
    bundle::refuse_existing([arguments.out.as_path()], output)?;
    let by = arguments.by.clone().unwrap_or_default();
    let mut room = Room::open_existing_as(&arguments.data, &by)?;
    let register = register(&room)?;
    for id in &arguments.points {
        standing_point(&register, id, output)?;
    }
    let chosen = chosen(&register, &arguments.points, arguments.points_only);
    if chosen.is_empty() {
        return Err(Fault::BadInput(anyhow!(output.messages.text("secret.empty"))));
    }
    let folder = tempfile::Builder::new()
        .prefix("quanlian-secret-")
        .tempdir()
        .system()?;
    let (named, _) = files::named(&arguments.original).bad_input()?;
    let mut gathered = Gathered {
        room: &room,
        named,
        folder: folder.path(),
        items: Vec::new(),
        erased: Vec::new(),
        output,
    };
    let entries: Vec<DepositId> = chosen.iter().map(|entry| entry.deposit).collect();
    let (mut content, mut evidence) = (BTreeSet::new(), BTreeSet::new());
    for entry in &chosen {
        gathered.take(entry.deposit, true)?;
        match &entry.statement {
            Statement::Point(point) if arguments.disclose => {
                for piece in &point.content {
                    if content.insert(piece.deposit) {
                        gathered.take(piece.deposit, true)?;
                    }
                }
            }
            Statement::Point(_) => {}
            Statement::Access(access) => evidence.extend(access.evidence.iter().copied()),
            Statement::Measure(measure) => evidence.extend(measure.evidence.iter().copied()),
        }
    }
    for id in &evidence {
        gathered.take(*id, false)?;
    }
    let (items, erased) = (gathered.items, gathered.erased);
    let summary = bundle::write_verified(
        &mut room,
        items,
        &arguments.out,
        &arguments.attesting,
        &arguments.data,
        output,
    )?;
    let report = Proved {
        bundle: summary.path,
        id: summary.id.to_string(),
        sha256: summary.sha256,
        log: room.log_key(),
        entries,
        content: content.into_iter().collect(),
        evidence: evidence.into_iter().collect(),
        erased,
    };
    output.document(&report).system()?;
    let key = if arguments.disclose {
        "secret.proved_disclosing"
    } else {
        "secret.proved"
    };
    let blanks = [
        ("path", report.bundle.display().to_string()),
        ("count", report.entries.len().to_string()),
        ("sha256", report.sha256.clone()),
    ];
    output.text(&output.messages.get(key, &blanks));
    Ok(ExitCode::SUCCESS)
}

/// Every version of the points, and the accesses and measures that are about them.
fn chosen<'r>(register: &'r Register, points: &[Id], points_only: bool) -> Vec<&'r Entry> {
    let is_asked = |id: &Id| points.is_empty() || points.contains(id);
    let is_chosen = |entry: &Entry| match &entry.statement {
        Statement::Point(point) => is_asked(&point.id),
        Statement::Access(access) => !points_only && access.points.iter().any(is_asked),
        Statement::Measure(measure) => {
            !points_only
                && match &measure.scope {
                    Scope::All => true,
                    Scope::Points(named) => named.iter().any(is_asked),
                }
        }
    };
    let entries = register.things().flat_map(|versions| &versions.entries);
    entries.filter(|entry| is_chosen(entry)).collect()
}

/// What goes into the bundle.
struct Gathered<'a> {
    room: &'a Room,
    named: Vec<Found>,
    folder: &'a Path,
    items: Vec<BundleItem>,
    erased: Vec<DepositId>,
    output: &'a Output,
}

impl Gathered<'_> {
    /// Takes a deposit in, with its original where that is at hand; `required`: or not at all.
    fn take(&mut self, id: DepositId, required: bool) -> Result<(), Fault> {
        let receipt = match self.room.vault().receipt(id) {
            Ok(receipt) => receipt,
            Err(VaultError::Erased { .. }) => {
                self.erased.push(id);
                self.items.push(BundleItem::Erased(id));
                return Ok(());
            }
            Err(error) => return Err(refused(self.output, error)),
        };
        let deposit = receipt.open().system()?;
        let sha256 = &deposit.content.sha256;
        let original = match self.room.kept_original(sha256)? {
            Some(path) => Original::File(path),
            None => match self.found(&deposit.metadata, sha256, deposit.content.size_bytes)? {
                Some(path) => Original::File(path),
                None if required => {
                    let blanks = [("name", deposit.content.name.clone()), ("id", id.to_string())];
                    let said = self.output.messages.get("bundle.original_missing", &blanks);
                    return Err(Fault::BadInput(anyhow!(said)));
                }
                None => Original::DigestOnly,
            },
        };
        self.items.push(BundleItem::Kept { receipt, original });
        Ok(())
    }

    /// The content among the files that were named: as a whole, or cut out of one of them.
    fn found(
        &self,
        metadata: &BTreeMap<String, String>,
        sha256: &str,
        size_bytes: u64,
    ) -> Result<Option<PathBuf>, Fault> {
        let part = pieces::part(metadata);
        for found in &self.named {
            let length = found.path.metadata().map_or(0, |metadata| metadata.len());
            if length == size_bytes && files::sha256(&found.path).is_ok_and(|found| found == sha256) {
                return Ok(Some(found.path.clone()));
            }
            let cut = part.and_then(|part| passage_of(&found.path, part, sha256));
            if let Some(bytes) = cut {
                let path = self.folder.join(sha256);
                write(&path, &bytes)?;
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}
