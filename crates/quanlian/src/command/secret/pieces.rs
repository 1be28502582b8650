//! Pieces of content: from a passage to a deposit, and back from the receipt to what it says.
//!
//! In:  passages; receipts of deposits.
//! Out: files to deposit with what is known of them; [`Piece`]s as their receipts have them.
//!
//! Invariant: where a piece lies stands in the metadata of its deposit alone, so that erasing the deposit erases it.

use std::{collections::BTreeMap, ops::Range, path::Path};

use anyhow::{Context, anyhow};
use quanlian_evidence::{
    deposit::{Entry as LogEntry, Receipt},
    vault::VaultError,
};
use quanlian_record::{
    id::{DepositId, RANDOM_BYTES, from_parts},
    time::Timestamp,
};
use quanlian_right::secret::{Content, Id, Point, touched};
use serde::Serialize;

use super::{
    passage::{self, Named, Part},
    write,
};
use crate::{
    evidence::{CONTENT_KIND, Described, Exhibit, Room},
    fault::{Blame, Fault},
    files,
};

const FILE: &str = "secret.file";
const FILE_SHA256: &str = "secret.file_sha256";
const LINES: &str = "secret.lines";
const CHARS: &str = "secret.chars";
const PART: &str = "secret.part";

/// The file to deposit for a passage: the file itself, or one below `folder` that holds the passage.
pub(super) fn described(named: &Named, point: &Id, number: u32, folder: &Path) -> Result<Described, Fault> {
    let file_sha256 = files::sha256(&named.path)
        .with_context(|| format!("cannot read {}", named.path.display()))
        .bad_input()?;
    let cut = passage::cut(&named.path, named.part).bad_input()?;
    let file = named
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut metadata = BTreeMap::from([
        (FILE.to_owned(), file),
        (FILE_SHA256.to_owned(), file_sha256),
        (PART.to_owned(), named.part.to_string()),
    ]);
    let range = |range: &Range<u64>| format!("{}-{}", range.start, range.end);
    metadata.extend(cut.lines.as_ref().map(|lines| (LINES.to_owned(), range(lines))));
    metadata.extend(cut.chars.as_ref().map(|chars| (CHARS.to_owned(), range(chars))));
    let path = match cut.bytes {
        None => named.path.clone(),
        Some(bytes) => {
            let path = folder.join(format!("{point}-{number:03}.txt"));
            write(&path, &bytes)?;
            path
        }
    };
    Ok(Described { path, metadata })
}

/// Stands for content that is not deposited yet, so that the rest of a statement can be checked.
pub(super) fn placeholder() -> Content {
    Content {
        deposit: DepositId(from_parts(Timestamp::now(), [0; RANDOM_BYTES])),
        commitment: "0".repeat(64).parse().expect("64 digits are a commitment"),
        log_index: 0,
    }
}

/// What the register says of a deposit: where the commitment of the content stands.
pub(super) fn content_of(exhibit: &Exhibit) -> Result<Content, Fault> {
    Ok(Content {
        deposit: exhibit.deposit,
        commitment: commitment(&exhibit.receipt)?.parse().system()?,
        log_index: exhibit.index,
    })
}

fn commitment(receipt: &Receipt) -> Result<String, Fault> {
    Ok(LogEntry::from_json(&receipt.entry_json).system()?.commitment)
}

/// A piece of content as its receipt has it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Piece {
    pub(super) deposit: DepositId,
    #[serde(flatten)]
    pub(super) state: State,
}

/// Whether a piece can still be told.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum State {
    Kept(Box<Told>),
    /// Content, salt and metadata are gone; the entry in the log stands.
    Erased,
}

/// What a piece is.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    pub(super) file: String,
    pub(super) file_sha256: String,
    /// `whole`, `L10-L20`, `C100-C250`.
    pub(super) part: String,
    /// From 1, the end not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lines: Option<Range<u64>>,
    /// From 0, the end not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chars: Option<Range<u64>>,
    pub(super) sha256: String,
    pub(super) size_bytes: u64,
    pub(super) deposited_at: Timestamp,
    pub(super) log_index: u64,
}

impl Told {
    /// What of its file the piece is.
    pub(super) fn named(&self) -> Option<Part> {
        self.part.parse().ok()
    }
}

/// The pieces of a point, each compared with what the register says of it.
pub(super) fn of_point(room: &Room, point: &Point) -> Result<Vec<Piece>, Fault> {
    (point.content.iter())
        .map(|content| piece(room, content))
        .collect()
}

fn piece(room: &Room, content: &Content) -> Result<Piece, Fault> {
    let deposit = content.deposit;
    let receipt = match room.vault().receipt(deposit) {
        Ok(receipt) => receipt,
        Err(VaultError::Erased { .. } | VaultError::ErasureUnfinished(_)) => {
            return Ok(Piece {
                deposit,
                state: State::Erased,
            });
        }
        Err(error) => {
            return Err(error)
                .context("a piece of content is not in the log")
                .system();
        }
    };
    let opened = receipt.open().system()?;
    let is_the_one = opened.kind == CONTENT_KIND
        && receipt.log_index == content.log_index
        && commitment(&receipt)? == content.commitment.as_str();
    if !is_the_one {
        return Err(Fault::System(anyhow!(
            "the receipt of {deposit} is not what its point committed to; put it back from your backup"
        )));
    }
    let text = |key: &str| opened.metadata.get(key).cloned().unwrap_or_default();
    let told = Told {
        file: text(FILE),
        file_sha256: text(FILE_SHA256),
        part: text(PART),
        lines: range(opened.metadata.get(LINES)),
        chars: range(opened.metadata.get(CHARS)),
        sha256: opened.content.sha256,
        size_bytes: opened.content.size_bytes,
        deposited_at: opened.deposited_at,
        log_index: receipt.log_index,
    };
    Ok(Piece {
        deposit,
        state: State::Kept(Box::new(told)),
    })
}

fn range(text: Option<&String>) -> Option<Range<u64>> {
    let (from, to) = text?.split_once('-')?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

/// The piece as the search for touched points takes it; `None` when it was erased.
pub(super) fn to_touch(point: &Id, piece: &Piece) -> Option<touched::Piece> {
    match &piece.state {
        State::Erased => None,
        State::Kept(told) => Some(touched::Piece {
            point: point.clone(),
            file_sha256: told.file_sha256.clone(),
            file: told.file.clone(),
            lines: told.lines.clone(),
            chars: told.chars.clone(),
        }),
    }
}

/// What of its file a deposited piece is, where its record says so.
pub(super) fn part(metadata: &BTreeMap<String, String>) -> Option<Part> {
    metadata.get(PART)?.parse().ok()
}
