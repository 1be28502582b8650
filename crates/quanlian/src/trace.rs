//! `quanlian trace`: from works and suspects to matches, evidence, assessment and the referral dossier.
//!
//! In:  a folder of registered works, a folder of what was published, a case file.
//! Out: the folder of results that the read-me lists.
//!
//! Invariants: what the person gave is checked before the long work begins. A file that
//! cannot be used gives one line and the run goes on. Everything that the dossier rests on
//! is in the log before the dossier is made, and the dossier before the bundle is closed.

mod dossier;
pub(crate) mod side;
mod spread;
mod summary;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub(crate) use summary::print as print_summary;

use anyhow::Context;
use quanlian_case::{
    case_file::CaseFile,
    facts::{self, Drawn, Note},
    metadata,
    referral::{self, Paper, Projection},
    sheet,
};
use quanlian_document::{Fonts, render_dossier};
use quanlian_evidence::{
    bundle::{BundleItem, Original},
    vault::System,
    verify::{Policy, verify_bundle},
};
use quanlian_law::{Assessment, ClockResult, Events, FactSheet, RuleBook};
use quanlian_match::{
    Match, Medium, Unit,
    collection::{BuildOptions, Collection, MatchOptions, Work},
};
use quanlian_record::time::Timestamp;
use quanlian_watch::{book::BOOK_NAME, spread::Spread};
use serde::Serialize;

use crate::{
    cli::{Originals, Trace as Arguments},
    command::{index, matching},
    evidence::{Exhibit, Outsiders, Room, why_passed_over},
    fault::{Blame, Fault, Outcome},
    files::{self, Found, PassedOver},
    output::{Output, reason, warn_about},
};

/// Something that could not be used, as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The file, with the row where there is one.
    pub(crate) file: String,
    /// Stable code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) message: String,
}

/// A work of which a copy was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CopiedWork {
    /// Its name in the index.
    pub(crate) name: String,
    /// What it is.
    pub(crate) medium: Medium,
    /// How long it is.
    pub(crate) length: u64,
    /// What `length` counts.
    pub(crate) unit: Unit,
}

/// What a run found and made.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Number of works in the index.
    pub(crate) works: u64,
    /// The works of which a copy was confirmed.
    pub(crate) copied: Vec<CopiedWork>,
    /// Number of files that were examined.
    pub(crate) suspects: usize,
    /// The confirmed matches.
    pub(crate) matches: Vec<Match>,
    /// How the copies spread, all works first; empty where nothing says when or by whom they were published.
    pub(crate) spread: Vec<Spread>,
    /// What was deposited; facts name these ids.
    pub(crate) evidence: Vec<Exhibit>,
    /// Facts drawn from files.
    pub(crate) facts: Drawn,
    /// Facts as they were assessed: drawn and stated.
    pub(crate) sheet: FactSheet,
    /// What the law says of them.
    pub(crate) assessment: Assessment,
    /// The periods of the transfer.
    pub(crate) clocks: Vec<ClockResult>,
    /// The same, were each step to take the whole of its time.
    pub(crate) projection: Projection,
    /// The papers of the referral.
    pub(crate) papers: Vec<Paper>,
    /// What could not be used.
    pub(crate) problems: Vec<Problem>,
    /// Where the results lie.
    pub(crate) files: BTreeMap<&'static str, String>,
    /// Whether the bundle passed its own check.
    pub(crate) bundle_verifies: bool,
}

/// Runs `trace`.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let report = trace(arguments, output)?;
    output.document(&report).system()?;
    for found in &report.matches {
        output.line(found).system()?;
    }
    summary::print(&report, output);
    Ok(ExitCode::SUCCESS)
}

/// The facts that the rules about the case's offence ask for.
fn facts_asked<'a>(book: &'a RuleBook, case: &CaseFile) -> BTreeSet<&'a str> {
    let stated = case.sheet.get("offence").and_then(|offence| offence.as_str());
    let offence = stated.unwrap_or(sheet::DEFAULT_OFFENCE);
    let facts = book.facts_of(offence, None).into_iter();
    facts.map(|fact| fact.name.as_str()).collect()
}

/// Runs the chain and returns what it found.
pub(crate) fn trace(arguments: &Arguments, output: &Output) -> Result<Report, Fault> {
    let now = Timestamp::now();
    let book = RuleBook::embedded().system()?;
    let case = Case::read(arguments, &book, now)?;
    let (found, passed_over) = files::in_folder(&arguments.suspects).bad_input()?;
    let fonts = Fonts::system().system()?;
    let results = Results::prepare(arguments)?;
    let mut problems = Problems {
        list: Vec::new(),
        output,
    };
    problems.passed_over(&passed_over);
    let (side_files, media): (Vec<Found>, Vec<Found>) = found
        .into_iter()
        .partition(|file| metadata::is_side_file(&file.path));

    // The index and what it finds.
    let collection = build_index(arguments, &results, output, &mut problems)?;
    let watched = spread::read_book(arguments.watch.as_deref())?;
    let matches = find_matches(&collection, &media, output, &mut problems)?;
    results.write_lines("matches.jsonl", &matches)?;

    // Evidence: what was copied, what was published, what was said about it.
    let side = side::read(&side_files, &media, &mut |file, code, detail| {
        problems.add(file, code, detail);
    });
    let data = results.path("data");
    let mut room = Room::open(&data, &case.depositor(), &arguments.lock)?;
    let log_key = room.vault().log_key().clone();
    // Now, so that a policy that cannot be read ends the run before the long work.
    let mut outsiders = Outsiders::of(&arguments.attesting, &data, log_key.clone(), output)?;
    let mut evidence = Evidence {
        room: &mut room,
        output,
        deposits: Vec::new(),
        kept: Vec::new(),
    };
    let take_all = arguments.originals == Originals::All;
    let matched: BTreeSet<&str> = matches.iter().map(|m| m.suspect.as_str()).collect();
    let copied: BTreeSet<&str> = matches.iter().map(|m| m.work.as_str()).collect();
    let works: Vec<Found> = copied
        .iter()
        .map(|name| Found {
            name: (*name).to_owned(),
            path: work_path(&arguments.works, name),
        })
        .collect();
    let suspects: Vec<Found> = media
        .iter()
        .filter(|file| take_all || matched.contains(file.name.as_str()))
        .cloned()
        .collect();
    let told: Vec<Found> = side_files
        .into_iter()
        .filter(|file| side.is_used(&file.name, &matched))
        .collect();
    let keep_media = arguments.originals != Originals::None;
    evidence.files(&works, "work", keep_media, &mut problems)?;
    evidence.files(&suspects, "suspect", keep_media, &mut problems)?;
    evidence.files(&told, "side_file", true, &mut problems)?;
    if let Some(path) = &arguments.case {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        evidence.files(
            &[Found {
                name,
                path: path.clone(),
            }],
            "case_file",
            true,
            &mut problems,
        )?;
    }
    if let Some(watch) = &arguments.watch {
        let book = Found {
            name: BOOK_NAME.to_owned(),
            path: watch.join(BOOK_NAME),
        };
        evidence.files(&[book], "watch_book", true, &mut problems)?;
    }
    let match_report = evidence.report(&results, "matches.jsonl")?;
    let spread = spread::of(watched, &side, &matches, &collection, now);
    results.write_document("spread.json", &spread)?;
    results.write("spread.csv", &crate::spread::csv(&spread).system()?)?;
    evidence.report(&results, "spread.json")?;

    // Facts and law.
    let ids = evidence.ids();
    let mut drawn = facts::draw(facts::Sources {
        matches: &matches,
        statements: &side.statements,
        evidence: &ids,
        match_report: &match_report,
        collection_complete: case.file.collection_complete,
    });
    let case_file_id = evidence
        .deposits
        .iter()
        .find(|d| d.kind == "case_file")
        .map(|d| d.id.clone());
    let asked = facts_asked(&book, &case.file);
    let (sheet, notes) = sheet::fact_sheet(&case.file, &drawn, case_file_id.as_deref(), &asked);
    drawn.notes.extend(notes);
    if case.judged_today {
        drawn.notes.push(Note {
            code: "judged_today".into(),
            args: BTreeMap::new(),
        });
    }
    let sheet = read_sheet(&sheet)?;
    let assessment = book.assess(&sheet, now.legal_day()).bad_input()?;
    let clocks = book.timeline(&case.events).bad_input()?;
    let projection = referral::project(&book, &case.events, now.legal_day()).bad_input()?;
    results.write_document(
        "facts.json",
        &FactsFile {
            facts: &drawn,
            sheet: &sheet,
        },
    )?;
    results.write_document(
        "assessment.json",
        &AssessmentFile {
            assessment: &assessment,
            clocks: &clocks,
            projection: &projection,
        },
    )?;
    evidence.report(&results, "facts.json")?;
    evidence.report(&results, "assessment.json")?;

    // Papers.
    let drafted = BTreeMap::from([("transfer_letter", "dossier.pdf".to_owned())]);
    let papers = referral::papers(&book, now.legal_day(), &case.file.header.papers, &drafted);
    for key in referral::unknown_papers(&papers, &case.file.header.papers) {
        problems.add(
            "case",
            "paper_unknown",
            &format!("the transfer rules name no paper `{key}`"),
        );
    }
    let copied_work = |work: Work<'_>| CopiedWork {
        name: work.name.to_owned(),
        medium: work.medium,
        length: work.length,
        unit: work.unit,
    };
    let copied = collection
        .works()
        .filter(|work| copied.contains(work.name))
        .map(copied_work)
        .collect();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        works: collection.stats().items,
        copied,
        suspects: media.len(),
        matches,
        spread,
        evidence: evidence.deposits.clone(),
        facts: drawn,
        sheet,
        assessment,
        clocks,
        projection,
        papers,
        problems: problems.list.clone(),
        files: results.listing(),
        bundle_verifies: false,
    };
    let paper = dossier::fill(&report, &case.file, &book, evidence.room.vault(), now);
    output.say::<&str>("progress.dossier", &[]);
    let pdf = render_dossier(&paper, &fonts, now)
        .context("cannot make the dossier")
        .system()?;
    results.write("dossier.pdf", &pdf.bytes)?;
    evidence.report(&results, "dossier.pdf")?;

    // The bundle, checked as a stranger would check it.
    let (items, left_out) = evidence.bundle_items();
    if left_out > 0 {
        problems.add(
            "case.qne.zip",
            "bundle_full",
            &format!("{left_out} deposits are in the log but not in the bundle"),
        );
    }
    let bundle = results.path("case.qne.zip");
    evidence
        .room
        .bundle(items, &bundle, &mut System, &mut outsiders, output)?;
    let policy = Policy {
        trusted_log_keys: vec![log_key],
        ..Policy::default()
    };
    output.say::<&str>("progress.verify", &[]);
    report.bundle_verifies = verify_bundle(&bundle, &policy).ok;
    report.evidence = evidence.deposits;
    report.problems = problems.list;
    if !report.bundle_verifies {
        return Err(Fault::System(anyhow::anyhow!(
            "the bundle {} does not verify; do not hand it out",
            bundle.display()
        )));
    }
    Ok(report)
}

/// What the case file says, checked before the long work begins.
struct Case {
    file: CaseFile,
    events: Events,
    judged_today: bool,
}

impl Case {
    fn read(arguments: &Arguments, book: &RuleBook, now: Timestamp) -> Result<Self, Fault> {
        let file = match &arguments.case {
            Some(path) => CaseFile::read(path).bad_input()?,
            None => CaseFile::default(),
        };
        let mut events = Events::new();
        for (name, text) in &file.events {
            let moment = text
                .parse()
                .with_context(|| format!("events.{name} in the case file"))
                .bad_input()?;
            events.insert(name.clone(), moment);
        }
        book.timeline(&events)
            .context("the case file names an event that no rule knows")
            .bad_input()?;
        let (sheet, _) = sheet::fact_sheet(&file, &Drawn::default(), None, &BTreeSet::new());
        let sheet = read_sheet(&sheet)?;
        book.assess(&sheet, now.legal_day())
            .context("the case file cannot be assessed")
            .bad_input()?;
        Ok(Self {
            judged_today: sheet.judged_on.is_none(),
            file,
            events,
        })
    }

    /// Who hands the evidence over: the officers, or the agency.
    fn depositor(&self) -> String {
        let header = &self.file.header;
        if header.officers.is_empty() {
            header.agency.clone().unwrap_or_default()
        } else {
            header.officers.join("、")
        }
    }
}

fn read_sheet(sheet: &serde_json::Map<String, serde_json::Value>) -> Result<FactSheet, Fault> {
    let text = serde_json::to_string(sheet).system()?;
    FactSheet::from_json(&text)
        .context("the facts of the case cannot be read")
        .bad_input()
}

#[derive(Serialize)]
struct FactsFile<'a> {
    facts: &'a Drawn,
    sheet: &'a FactSheet,
}

#[derive(Serialize)]
struct AssessmentFile<'a> {
    assessment: &'a Assessment,
    clocks: &'a [ClockResult],
    projection: &'a Projection,
}

/// The folder of results.
struct Results {
    folder: PathBuf,
}

impl Results {
    /// Makes the folder, which must not lie in what is examined: results would be taken for works or suspects.
    fn prepare(arguments: &Arguments) -> Result<Self, Fault> {
        let folder = arguments.out.clone();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))
            .bad_input()?;
        let out = fs::canonicalize(&folder).system()?;
        for source in [&arguments.works, &arguments.suspects] {
            let source = fs::canonicalize(source)
                .with_context(|| format!("cannot read the folder {}", source.display()))
                .bad_input()?;
            if out.starts_with(&source) {
                return Err(Fault::BadInput(anyhow::anyhow!(
                    "the results would lie in {}, which is examined; choose another --out",
                    source.display()
                )));
            }
        }
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a result whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let (path, temporary) = (self.path(name), self.path(&format!("{name}.tmp")));
        fs::write(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, &path))
            .with_context(|| format!("cannot write {}", path.display()))
            .system()
    }

    fn write_document<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Fault> {
        let mut bytes = serde_json::to_vec_pretty(value).system()?;
        bytes.push(b'\n');
        self.write(name, &bytes)
    }

    fn write_lines<T: Serialize>(&self, name: &str, values: &[T]) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        for value in values {
            serde_json::to_writer(&mut bytes, value).system()?;
            bytes.push(b'\n');
        }
        self.write(name, &bytes)
    }

    fn listing(&self) -> BTreeMap<&'static str, String> {
        let names = [
            ("matches", "matches.jsonl"),
            ("spread", "spread.json"),
            ("facts", "facts.json"),
            ("assessment", "assessment.json"),
            ("dossier", "dossier.pdf"),
            ("bundle", "case.qne.zip"),
            ("index", "index"),
            ("data", "data"),
        ];
        names
            .into_iter()
            .map(|(key, name)| (key, self.path(name).display().to_string()))
            .collect()
    }
}

/// Collects what could not be used and says each once on stderr.
struct Problems<'a> {
    list: Vec<Problem>,
    output: &'a Output,
}

impl Problems<'_> {
    /// Something that an engine reports by code, with its English detail.
    fn add(&mut self, file: &str, code: &str, detail: &str) {
        self.tell(file, code, reason(&self.output.messages, code, detail));
    }

    fn passed_over(&mut self, list: &[PassedOver]) {
        for over in list {
            self.tell(&over.path, over.code, why_passed_over(self.output, over));
        }
    }

    fn tell(&mut self, file: &str, code: &str, message: String) {
        warn_about(self.output, file, &message);
        self.list.push(Problem {
            file: file.to_owned(),
            code: code.to_owned(),
            message,
        });
    }
}

fn build_index(
    arguments: &Arguments,
    results: &Results,
    output: &Output,
    problems: &mut Problems<'_>,
) -> Result<Collection, Fault> {
    let folder = results.path("index");
    // An index of an earlier run may hold works that are gone; it is ours, and cheap beside a wrong answer.
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Fault::System(
                anyhow::Error::new(error).context(format!("cannot renew {}", folder.display())),
            ));
        }
        _ => {}
    }
    let report = index::with_progress(
        &folder,
        &arguments.works,
        output,
        Collection::build,
        BuildOptions::default(),
    )?;
    for note in &report.notes {
        problems.add(&note.subject, &note.code, &note.message);
    }
    index::open(&folder)
}

fn find_matches(
    collection: &Collection,
    media: &[Found],
    output: &Output,
    problems: &mut Problems<'_>,
) -> Result<Vec<Match>, Fault> {
    let names: BTreeMap<&Path, &str> = media
        .iter()
        .map(|f| (f.path.as_path(), f.name.as_str()))
        .collect();
    let paths: Vec<PathBuf> = media.iter().map(|f| f.path.clone()).collect();
    let bar = output.progress("progress.match", paths.len() as u64);
    let progress = |done, _| bar.set_position(done);
    let (mut matches, mut broken_index) = (Vec::new(), None);
    let options = MatchOptions::default();
    collection.match_paths(&paths, &options, &|_| false, &progress, |path, result| {
        let name = names.get(path).copied().unwrap_or_default();
        bar.suspend(|| match result {
            Ok(report) => {
                for note in &report.notes {
                    problems.add(name, &note.code, &note.message);
                }
                matches.extend(report.matches.into_iter().map(|m| Match {
                    suspect: name.to_owned(),
                    ..m
                }));
            }
            Err(error) => {
                problems.tell(name, error.code(), matching::why_failed(output, &error));
                if error.is_about_the_index() {
                    broken_index = Some(error);
                }
            }
        });
    });
    bar.finish_and_clear();
    match broken_index {
        Some(error) => Err(Fault::System(error.into())),
        None => Ok(matches),
    }
}

/// Where a work lies: below the folder of works, or that folder itself when it is one file.
fn work_path(works: &Path, name: &str) -> PathBuf {
    if works.is_file() {
        works.to_owned()
    } else {
        works.join(name)
    }
}

/// The deposits of this run, and which of them go into the bundle as originals.
struct Evidence<'a> {
    room: &'a mut Room,
    output: &'a Output,
    deposits: Vec<Exhibit>,
    kept: Vec<bool>,
}

impl Evidence<'_> {
    fn files(
        &mut self,
        files: &[Found],
        kind: &str,
        keep: bool,
        problems: &mut Problems<'_>,
    ) -> Result<(), Fault> {
        let mut unreadable = Vec::new();
        let deposits = self
            .room
            .deposit_files(files, kind, self.output, &mut unreadable)?;
        problems.passed_over(&unreadable);
        if keep {
            self.room.keep_originals(&deposits)?;
        }
        self.kept.extend(deposits.iter().map(|_| keep));
        self.deposits.extend(deposits);
        Ok(())
    }

    fn report(&mut self, results: &Results, name: &str) -> Result<String, Fault> {
        let deposit = self.room.deposit_report(&results.path(name), name)?;
        let id = deposit.id.clone();
        self.deposits.push(deposit);
        self.kept.push(true);
        Ok(id)
    }

    /// Evidence id of each suspect and side file, by name.
    fn ids(&self) -> BTreeMap<String, String> {
        let of_suspects = |d: &&Exhibit| matches!(d.kind.as_str(), "suspect" | "side_file");
        self.deposits
            .iter()
            .filter(of_suspects)
            .map(|d| (d.name.clone(), d.id.clone()))
            .collect()
    }

    /// What goes into the bundle, reports first, and how many deposits it cannot hold.
    fn bundle_items(&self) -> (Vec<BundleItem>, usize) {
        let mut order: Vec<usize> = (0..self.deposits.len()).collect();
        order.sort_by_key(|at| self.deposits[*at].kind != "report");
        let left_out = order
            .len()
            .saturating_sub(quanlian_evidence::bundle::MAX_BUNDLE_ITEMS);
        order.truncate(quanlian_evidence::bundle::MAX_BUNDLE_ITEMS);
        let item = |at: &usize| {
            let deposit = &self.deposits[*at];
            let original = if self.kept[*at] {
                Original::File(deposit.path.clone())
            } else {
                Original::DigestOnly
            };
            BundleItem::Kept {
                receipt: deposit.receipt.clone(),
                original,
            }
        };
        (order.iter().map(item).collect(), left_out)
    }
}
