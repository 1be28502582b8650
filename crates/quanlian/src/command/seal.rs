//! `quanlian seal` and the two comparisons by grams: in the open, and of sealed files.
//!
//! In:  trees; or sealed files, what they share, and what their owners opened of it.
//! Out: sealed files with the root to deposit, openings, matches.
//!
//! Invariants: no file that holds a key is ever overwritten, and its owner alone can read it; a comparison of sealed files
//! tells counts alone until both owners have opened what is shared.
//!
//! Below: sealing without a key that both sides have (`oblivious`).
//!
//! Not here: the format and the cryptography (`quanlian-sealed`), ranks (`quanlian_match::blind`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use quanlian_evidence::vault::{Outside as _, System};
use quanlian_match::Match;
use quanlian_match::blind::{GramSet, METHOD};
use quanlian_match::collection::{Note, grams_of};
use quanlian_sealed::{CaseKey, ObliviousKey, Opening, OwnerKey, Sealed, SealedError, Tag, Tags};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Compare, Seal, SealStep},
    command::matching,
    fault::{Blame, Fault, Outcome, answer_no},
    files, interrupt,
    output::{Form, Output},
};

mod oblivious;

/// A key file is some ninety bytes.
const MAX_KEY_BYTES: u64 = 1 << 10;
/// The largest sealed file: what `quanlian_sealed::MAX_ENTRIES` and its files take.
const MAX_SEALED_BYTES: u64 = 3 << 30;
/// Lists of shared tags and openings, in JSON.
const MAX_LIST_BYTES: u64 = 2 << 30;

/// What a sealed file is known by; deposited before anything is compared.
#[derive(Debug, Serialize)]
struct Statement {
    method: &'static str,
    /// Of the Merkle tree over the sealed file.
    root: String,
    case_key_id: String,
    /// Of the owner's oblivious function, where the tags were made by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    oblivious_public_key: Option<String>,
    /// With those that mean nothing.
    entries: u32,
    files: u32,
}

impl Statement {
    fn of(sealed: &Sealed<'_>, oblivious_public_key: Option<String>) -> Self {
        Self {
            oblivious_public_key,
            method: METHOD,
            root: sealed.root().to_hex(),
            case_key_id: sealed.case_key_id(),
            entries: sealed.entry_count(),
            files: sealed.file_count(),
        }
    }
}

/// What was sealed, for the owner alone.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    statement: Statement,
    sealed: PathBuf,
    statement_file: PathBuf,
    owner_key: PathBuf,
    /// What lies in it.
    read_files: usize,
    grams: usize,
    common_grams: u64,
    remarks: Vec<Note>,
}

/// What two sealed files share.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    /// Of both sealed files, the works first.
    roots: [String; 2],
    tags: Vec<Tag>,
}

/// What a comparison by grams gave.
#[derive(Debug, Serialize)]
struct Comparison {
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    works_sealed: Option<Statement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspects_sealed: Option<Statement>,
    shared_grams: usize,
    /// Absent until both owners have opened what is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<Match>>,
    remarks: Vec<Note>,
}

/// Runs `seal`.
pub(super) fn run(arguments: &Seal, output: &dyn Fn(Form) -> Output) -> Outcome {
    match &arguments.step {
        Some(SealStep::Key {
            out,
            oblivious: false,
        }) => {
            files::write_secret(out, &CaseKey::new(random()).to_text()).bad_input()?;
            output(Form::Text).say("seal.key_made", &[("out", out.display())]);
            Ok(ExitCode::SUCCESS)
        }
        Some(SealStep::Key { out, oblivious: true }) => {
            let key = ObliviousKey::new(random())
                .map_err(anyhow::Error::from)
                .system()?;
            files::write_secret(out, &key.to_text()).bad_input()?;
            output(Form::Text).say("seal.oblivious_key_made", &[("out", out.display())]);
            Ok(ExitCode::SUCCESS)
        }
        Some(SealStep::Blind(arguments)) => oblivious::blind(arguments, &output(arguments.form.form())),
        Some(SealStep::Evaluate(arguments)) => oblivious::evaluate(arguments, &output(arguments.form.form())),
        Some(SealStep::Finish(arguments)) => oblivious::finish(arguments, &output(arguments.form.form())),
        Some(SealStep::Open {
            sealed,
            shared,
            owner_key,
            out,
            form,
        }) => open(sealed, shared, owner_key, out, &output(form.form())),
        None => {
            let (Some(key), Some(path), Some(out)) = (&arguments.key, &arguments.path, &arguments.out) else {
                return Err(anyhow::anyhow!(
                    "name a case key, what to seal, and the file to write"
                ))
                .bad_input();
            };
            let wanted = Wanted { key, path, out };
            seal(
                &wanted,
                arguments.owner_key.as_deref(),
                &output(arguments.form.form()),
            )
        }
    }
}

/// What is sealed under which key into which file.
struct Wanted<'a> {
    key: &'a Path,
    path: &'a Path,
    out: &'a Path,
}

fn seal(arguments: &Wanted<'_>, owner_key: Option<&Path>, output: &Output) -> Outcome {
    let key = key_text(arguments.key)?;
    let of_key = || format!("cannot use {}", arguments.key.display());
    refuse_existing(arguments.out)?;
    let owner_path = owner_key.map_or_else(|| beside(arguments.out, "owner-key"), Path::to_owned);
    if !ObliviousKey::is_one(&key) {
        let case = CaseKey::parse(&key).with_context(of_key).bad_input()?;
        let tree = tree(arguments.path, output)?;
        let owner = owner_key_at(&owner_path)?;
        return write_sealed(arguments.out, tree, &case, None, (&owner, owner_path), output);
    }
    let key = ObliviousKey::parse(&key).with_context(of_key).bad_input()?;
    let tree = tree(arguments.path, output)?;
    let owner = owner_key_at(&owner_path)?;
    let tags = oblivious::paced("progress.seal", output, |pace| {
        let grams: Vec<u64> = tree.0.grams.keys().copied().collect();
        key.tags(&grams, pace)
    })?;
    let public = Some(key.public().to_hex());
    write_sealed(arguments.out, tree, &tags, public, (&owner, owner_path), output)
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    System.fill(&mut bytes);
    bytes
}

/// The grams of a tree that has some.
fn tree(path: &Path, output: &Output) -> Result<(GramSet, Vec<Note>), Fault> {
    let (set, remarks) = grams(path, output)?;
    if set.files.is_empty() {
        return Err(anyhow::anyhow!(
            "no text and no source code in {}",
            path.display()
        ))
        .bad_input();
    }
    Ok((set, remarks))
}

/// The owner key at a path, made when there is none: what is sealed would be worthless without it, so that it is kept first.
fn owner_key_at(path: &Path) -> Result<OwnerKey, Fault> {
    if path.try_exists().system()? {
        return OwnerKey::parse(&key_text(path)?)
            .with_context(|| format!("cannot use {}", path.display()))
            .bad_input();
    }
    let owner = OwnerKey::new(random());
    files::write_secret(path, &owner.to_text()).bad_input()?;
    Ok(owner)
}

/// Seals a tree, writes the file and its statement, and says so.
fn write_sealed(
    out: &Path,
    (set, remarks): (GramSet, Vec<Note>),
    tags: &dyn Tags,
    oblivious_public_key: Option<String>,
    (owner, owner_path): (&OwnerKey, PathBuf),
    output: &Output,
) -> Outcome {
    let bar = output.progress("progress.seal", 0);
    let bytes = quanlian_sealed::seal(&set, tags, owner, &mut |bytes| System.fill(bytes))
        .map_err(|error| said(output, &error))
        .bad_input()?;
    let sealed = Sealed::parse(&bytes).map_err(anyhow::Error::from).system()?;
    let statement = Statement::of(&sealed, oblivious_public_key);
    files::replace_durably(out, &bytes).system()?;
    bar.finish_and_clear();
    let statement_file = beside(out, "root.json");
    let text = serde_json::to_vec_pretty(&statement)
        .map_err(anyhow::Error::from)
        .system()?;
    files::replace_durably(&statement_file, &text).system()?;
    let report = Report {
        statement,
        sealed: out.to_owned(),
        statement_file,
        owner_key: owner_path,
        read_files: set.files.len(),
        grams: set.grams.len(),
        common_grams: set.common,
        remarks,
    };
    output.document(&report).system()?;
    output.line(&report).system()?;
    output.say(
        "seal.sealed",
        &[
            ("files", report.read_files.to_string()),
            ("grams", report.grams.to_string()),
            ("common", report.common_grams.to_string()),
            ("out", report.sealed.display().to_string()),
            ("root", report.statement.root.clone()),
            ("statement", report.statement_file.display().to_string()),
            ("owner_key", report.owner_key.display().to_string()),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// `compare --grams`: the same comparison as of sealed files, with both trees open.
pub(super) fn compare_open(arguments: &Compare, output: &Output) -> Outcome {
    let (works, mut remarks) = grams(&arguments.works, output)?;
    let (suspects, of_suspects) = grams(&arguments.suspects, output)?;
    remarks.extend(of_suspects);
    let shared_grams = (works.grams.keys())
        .filter(|gram| suspects.grams.contains_key(gram))
        .count();
    let matches = GramSet::compare(&works, &suspects);
    tell(
        arguments,
        Comparison {
            method: METHOD,
            works_sealed: None,
            suspects_sealed: None,
            shared_grams,
            matches: Some(matches),
            remarks,
        },
        output,
    )
}

/// `compare --sealed`: how much two sealed files share; with the openings of both, which files and where.
pub(super) fn compare_sealed(arguments: &Compare, output: &Output) -> Outcome {
    let bytes = [
        sealed_bytes(&arguments.works)?,
        sealed_bytes(&arguments.suspects)?,
    ];
    let works = parse(output, &bytes[0], &arguments.works)?;
    let suspects = parse(output, &bytes[1], &arguments.suspects)?;
    let tags = quanlian_sealed::shared(&works, &suspects)
        .map_err(|error| said(output, &error))
        .bad_input()?;
    let matches = match arguments.openings.as_slice() {
        [of_works, of_suspects] => {
            let of_works = opening(output, of_works, &works, &tags)?;
            let of_suspects = opening(output, of_suspects, &suspects, &tags)?;
            Some(quanlian_sealed::compare(&of_works, &of_suspects))
        }
        _ => None,
    };
    let comparison = Comparison {
        method: METHOD,
        shared_grams: tags.len(),
        works_sealed: Some(Statement::of(&works, None)),
        suspects_sealed: Some(Statement::of(&suspects, None)),
        matches,
        remarks: Vec::new(),
    };
    if let Some(path) = &arguments.shared {
        let roots = [works.root().to_hex(), suspects.root().to_hex()];
        write_json(path, &Shared { roots, tags })?;
        output.say("seal.shared_written", &[("path", path.display())]);
    }
    tell(arguments, comparison, output)
}

fn open(sealed: &Path, shared: &Path, owner_key: &Path, out: &Path, output: &Output) -> Outcome {
    let owner = OwnerKey::parse(&key_text(owner_key)?)
        .with_context(|| format!("cannot use {}", owner_key.display()))
        .bad_input()?;
    let bytes = sealed_bytes(sealed)?;
    let side = parse(output, &bytes, sealed)?;
    let list: Shared = read_json(shared)?;
    if !list.roots.contains(&side.root().to_hex()) {
        return Err(anyhow::anyhow!(
            "{} was not made from {}: neither root is that of the sealed file",
            shared.display(),
            sealed.display()
        ))
        .bad_input();
    }
    let (opening, opened) = Opening::new(&side, &owner, &list.tags)
        .map_err(|error| of_file(output, &error, sealed))
        .bad_input()?;
    write_json(out, &opening)?;
    let names: Vec<&str> = opened.files.values().map(|file| file.name.as_str()).collect();
    output.document(&opened.files).system()?;
    for file in opened.files.values() {
        output.line(file).system()?;
    }
    for name in &names {
        output.text(&crate::output::printable(name));
    }
    output.say(
        "seal.opened",
        &[
            ("grams", opened.grams.len().to_string()),
            ("files", names.len().to_string()),
            ("out", out.display().to_string()),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// Prints a comparison; what lies below the threshold only when that was asked for.
fn tell(arguments: &Compare, mut comparison: Comparison, output: &Output) -> Outcome {
    let limit = matching::threshold(arguments.wanted.max_e_value)?.max_e_value;
    if let Some(matches) = &mut comparison.matches {
        if !arguments.wanted.all {
            matches.retain(|found| found.e_value <= limit);
        }
        for found in matches {
            output.line(found).system()?;
            output.text(&matching::for_people(output, found));
        }
    }
    output.document(&comparison).system()?;
    let found = comparison.matches.as_ref().map(Vec::len);
    match found {
        Some(found) => output.say(
            "seal.compared",
            &[("shared", comparison.shared_grams), ("matches", found)],
        ),
        None => output.say("seal.counted", &[("shared", comparison.shared_grams)]),
    }
    if arguments.wanted.require && found.unwrap_or(comparison.shared_grams) == 0 {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}

fn grams(root: &Path, output: &Output) -> Result<(GramSet, Vec<Note>), Fault> {
    let stopped = interrupt::flag().system()?;
    let bar = output.progress("progress.match", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let made = grams_of(root, &|_| false, &progress, &|| stopped.load(Ordering::SeqCst))
        .with_context(|| format!("cannot take the grams of {}", root.display()))
        .bad_input();
    bar.finish_and_clear();
    let (set, notes) = made?;
    matching::say_notes(output, &notes);
    Ok((set, notes))
}

fn opening(
    output: &Output,
    path: &Path,
    sealed: &Sealed<'_>,
    tags: &[Tag],
) -> Result<quanlian_sealed::Opened, Fault> {
    let opening: Opening = read_json(path)?;
    opening
        .read(sealed, tags)
        .map_err(|error| of_file(output, &error, path))
        .bad_input()
}

/// What went wrong, in the language of the person.
fn said(output: &Output, error: &SealedError) -> anyhow::Error {
    anyhow::anyhow!(crate::output::reason(
        &output.messages,
        error.code(),
        &error.to_string()
    ))
}

fn of_file(output: &Output, error: &SealedError, path: &Path) -> anyhow::Error {
    said(output, error).context(path.display().to_string())
}

fn parse<'a>(output: &Output, bytes: &'a [u8], path: &Path) -> Result<Sealed<'a>, Fault> {
    Sealed::parse(bytes)
        .map_err(|error| of_file(output, &error, path))
        .bad_input()
}

fn sealed_bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    existing(path, MAX_SEALED_BYTES)
}

fn existing(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Fault> {
    files::read_limited(path, limit_bytes)
        .and_then(|bytes| bytes.with_context(|| format!("there is no file {}", path.display())))
        .bad_input()
}

fn key_text(path: &Path) -> Result<String, Fault> {
    String::from_utf8(existing(path, MAX_KEY_BYTES)?)
        .with_context(|| format!("{} is no key file", path.display()))
        .bad_input()
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Fault> {
    serde_json::from_slice(&existing(path, MAX_LIST_BYTES)?)
        .with_context(|| format!("{} is not what quanlian wrote for this step", path.display()))
        .bad_input()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(value).map_err(anyhow::Error::from).system()?;
    files::replace_durably(path, &bytes).system()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A sealed file may have been deposited and its owner key belongs to it alone.
fn refuse_existing(path: &Path) -> Result<(), Fault> {
    if path.try_exists().system()? {
        return Err(anyhow::anyhow!(
            "{} is there already; name another file",
            path.display()
        ))
        .bad_input();
    }
    Ok(())
}
