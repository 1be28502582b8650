//! Matches of a matter over HTTP, for review (比对复核): the lines of a report with their files and what people say of them.
//!
//! In:  a report `matches.jsonl` that a comparison left, the verdicts of the ledger.
//! Out: lines with verdicts by pages, how many have which; whether a verdict is of a line that is there ([`against`]).
//!
//! Invariants: a report is read as foreign bytes: its length, its lines, their number and what one answer holds are bounded, and a line that
//! cannot be read is told as such. Files are named where they are files of this matter alone.
//!
//! Not here: giving verdicts (`ledger`), comparing (the worker).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use axum::{Json, extract::State, http::StatusCode};
use quanlian_ledger::{
    Ledger, Refusal, RefusalCode, Step,
    verdict::{MatchKey, Said, Verdict, VerdictEntry},
};
use quanlian_record::id::{FileId, MatterId};
use quanlian_store::{
    FileStore as _, ObjectStore as _,
    files::{File, MAX_PAGE_FILES},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use utoipa::{IntoParams, ToSchema};

use super::{
    allowed,
    files::{FileView, filing, view as file_view},
};
use crate::{
    api::{
        Problem,
        caller::{Asked, At, Caller},
    },
    permission::Action,
    platform::Platform,
    work::LeftOut,
};

/// The name of the report that a comparison leaves.
pub(super) const MATCHES: &str = "matches.jsonl";
/// No longer report is read,
const MAX_REPORT_BYTES: u64 = 64 << 20;
/// no longer line,
const MAX_LINE_BYTES: usize = 1 << 20;
/// and no more lines.
const MAX_LINES: u32 = 1_000_000;
/// A page ends behind so many bytes of lines, or so many lines.
const MAX_PAGE_BYTES: usize = 4 << 20;
const MAX_PAGE: usize = 200;
const PAGE: usize = 50;
/// So many reports are looked into for verdicts that are given at once.
const MAX_REPORTS: usize = 4;
/// A line with no more brackets is not nested too deep to be read.
const MAX_PLAIN_NESTING: usize = 100;
/// What is read at a time.
const CHUNK_BYTES: usize = 256 << 10;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MatchesQuery {
    /// The report: the id of a file; the newest when nothing is said.
    report: Option<String>,
    /// Only those with this verdict: `confirmed`, `rejected` or `open`.
    verdict: Option<String>,
    /// The `next` of the page before.
    after: Option<u32>,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

/// Matches of one report.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchesView {
    /// The report; nothing while nothing was compared.
    report: Option<FileView>,
    /// In the order of the report.
    matches: Vec<MatchView>,
    /// How many there are in all.
    counts: CountsView,
    /// Where the next page begins.
    next: Option<u32>,
}

/// How many matches of a report have which verdict.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CountsView {
    confirmed: u32,
    rejected: u32,
    open: u32,
    /// Lines that cannot be read; in no other count.
    damaged: u32,
}

/// A match with its files and its verdict.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchView {
    /// Its line, from 0.
    index: u32,
    /// As the report has it; nothing where the line cannot be read.
    #[schema(value_type = Option<FoundView>)]
    found: Option<Value>,
    /// The suspect among the files of this matter.
    suspect_file: Option<MatchFileView>,
    /// The work among the files of this matter.
    work_file: Option<MatchFileView>,
    /// `confirmed`, `rejected` or `open`.
    verdict: &'static str,
    /// What was said last; nothing when nobody said anything.
    said: Option<SaidView>,
    /// What was said before, oldest first.
    before: Vec<SaidView>,
}

/// A file that a match is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MatchFileView {
    id: String,
    kind: String,
    name: String,
    size_bytes: u64,
    /// Whether it was withdrawn since.
    is_withdrawn: bool,
}

/// What somebody said of a match.
#[derive(Serialize, ToSchema)]
pub(crate) struct SaidView {
    /// `confirmed`, `rejected` or `open`.
    verdict: &'static str,
    reason: Option<String>,
    /// `agency/user`.
    by: String,
    at: String,
}

/// A match as a comparison reports it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the lines of a report")]
pub(crate) struct FoundView {
    /// What the suspect was called when it was compared.
    suspect: String,
    /// The same of the work.
    work: String,
    /// Ids of the files; absent in reports of earlier versions.
    suspect_file: Option<String>,
    work_file: Option<String>,
    /// `audio`, `text`, `image`, `video` or `code`.
    medium: String,
    score_bits: f64,
    e_value: f64,
    /// Share of the matched stretch that agrees, 0 to 1.
    identity: f64,
    segments: Vec<SegmentView>,
    transform: Option<TransformView>,
    /// Of films: `carried_by` `picture`, `sound` or `both`; `picture_bits`, `sound_bits`.
    #[schema(value_type = Option<Object>)]
    evidence: Option<Value>,
    /// Of which null model the E-value is.
    #[schema(value_type = Option<Object>)]
    null_model: Option<Value>,
    /// What both share and what was not counted.
    filtered: Option<Vec<FilteredView>>,
    /// Where the files stood in the history of a repository.
    #[schema(value_type = Option<Object>)]
    suspect_history: Option<Value>,
    #[schema(value_type = Option<Object>)]
    work_history: Option<Value>,
}

/// A part that both files share: `[start, end)`, or `[x0, y0, x1, y1]` of pictures.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the lines of a report")]
pub(crate) struct SegmentView {
    suspect: Vec<u64>,
    work: Vec<u64>,
    /// `ms` of sound and film, `char` of text, `line` of code (from 1), `px` of pictures.
    unit: String,
}

/// How the suspect was changed against the work.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the lines of a report")]
pub(crate) struct TransformView {
    time_scale: f64,
    pitch_scale: f64,
    mirrored: Option<bool>,
}

/// A stretch that does not count.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the lines of a report")]
pub(crate) struct FilteredView {
    suspect: Vec<u64>,
    unit: String,
    /// `background` or `better_source`.
    reason: String,
    /// The work, or the file of the background, that holds it.
    by: String,
}

/// Matches that a comparison reported, with the verdicts of people.
#[utoipa::path(
    operation_id = "matches_list", get, path = "/api/v1/matters/{id}/matches", params(("id" = String, Path), MatchesQuery),
    responses((status = 200, body = MatchesView), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(crate) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Asked(asked): Asked<MatchesQuery>,
) -> Result<Json<MatchesView>, Problem> {
    let report = asked.report.as_deref().map(str::parse).transpose();
    let report =
        report.map_err(|_| Problem::bad("query_invalid", "`report` is the id of a file of the matter"))?;
    let wanted = asked.verdict.as_deref().map(verdict_of).transpose()?;
    let seen = allowed(&platform, &caller, Action::Read, id, "read_matches").await?;
    let mut view = MatchesView {
        report: None,
        matches: Vec::new(),
        counts: CountsView::default(),
        next: None,
    };
    let report = match report {
        Some(report) => Some(report_of(&platform, id, report).await?.ok_or_else(no_report)?),
        None => newest(&platform, id).await?,
    };
    let Some(report) = report else {
        return Ok(Json(view));
    };
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let mut page = Page {
        report: report.id,
        ledger: &seen.stored.ledger,
        wanted,
        after: asked.after,
        limit,
        bytes: 0,
        lines: Vec::new(),
        counts: CountsView::default(),
        has_more: false,
    };
    read(&platform, &report, &mut |index, line| page.take(index, line)).await?;
    view.next = page
        .lines
        .last()
        .filter(|_| page.has_more)
        .map(|(index, _)| *index);
    view.counts = page.counts;
    let lines = page.lines;
    let files = Files::of(&platform, id, &lines).await?;
    view.matches = lines
        .into_iter()
        .map(|(index, found)| {
            let key = MatchKey {
                report: report.id,
                index,
            };
            let entry = seen.stored.ledger.verdicts().get(&key);
            let file = |side| found.as_ref().and_then(|found| files.find(found, side));
            MatchView {
                index,
                suspect_file: file(Side::Suspect),
                work_file: file(Side::Work),
                verdict: verdict(entry).term().word,
                said: entry.map(|entry| said(&entry.now)),
                before: entry.map_or(Vec::new(), |entry| entry.before.iter().map(said).collect()),
                found,
            }
        })
        .collect();
    view.report = Some(file_view(&report));
    Ok(Json(view))
}

/// A page of lines as they go by.
struct Page<'a> {
    report: FileId,
    ledger: &'a Ledger,
    wanted: Option<Verdict>,
    after: Option<u32>,
    limit: usize,
    bytes: usize,
    lines: Vec<(u32, Option<Value>)>,
    counts: CountsView,
    has_more: bool,
}

impl Page<'_> {
    fn take(&mut self, index: u32, line: Option<&[u8]>) {
        let key = MatchKey {
            report: self.report,
            index,
        };
        let entry = self.ledger.verdicts().get(&key);
        match verdict(entry) {
            _ if !line.is_some_and(is_match) => self.counts.damaged += 1,
            Verdict::Confirmed => self.counts.confirmed += 1,
            Verdict::Rejected => self.counts.rejected += 1,
            Verdict::Open => self.counts.open += 1,
        }
        let is_asked_for = self.after.is_none_or(|after| index > after)
            && self.wanted.is_none_or(|wanted| wanted == verdict(entry));
        let is_full = self.lines.len() >= self.limit || self.bytes >= MAX_PAGE_BYTES;
        match (is_asked_for, is_full) {
            (false, _) => {}
            (true, true) => self.has_more = true,
            (true, false) => {
                self.bytes += line.map_or(0, <[u8]>::len);
                self.lines.push((index, line.and_then(found)));
            }
        }
    }
}

fn verdict_of(word: &str) -> Result<Verdict, Problem> {
    let found = Verdict::ALL.iter().find(|verdict| verdict.term().word == word);
    found
        .copied()
        .ok_or_else(|| Problem::bad("query_invalid", "`verdict` is confirmed, rejected or open"))
}

fn verdict(entry: Option<&VerdictEntry>) -> Verdict {
    entry.map_or(Verdict::Open, |entry| entry.now.verdict)
}

pub(super) fn said(said: &Said) -> SaidView {
    SaidView {
        verdict: said.verdict.term().word,
        reason: said.reason.clone(),
        by: said.mark.by.clone(),
        at: said.mark.at.to_string(),
    }
}

/// A match that somebody judged, as the ledger shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// The report: the id of a file of the matter.
    report: String,
    /// The line of it, from 0.
    index: u32,
    suspect: String,
    work: String,
    /// What was said last.
    said: SaidView,
    /// What was said before, oldest first.
    before: Vec<SaidView>,
}

pub(super) fn verdicts(ledger: &Ledger) -> Vec<VerdictView> {
    let view = |(key, entry): (&MatchKey, &VerdictEntry)| VerdictView {
        report: key.report.to_string(),
        index: key.index,
        suspect: entry.suspect.clone(),
        work: entry.work.clone(),
        said: said(&entry.now),
        before: entry.before.iter().map(said).collect(),
    };
    ledger.verdicts().iter().map(view).collect()
}

/// What stands against verdicts for reasons of the reports that they are about.
pub(super) async fn against(
    platform: &Platform,
    matter: MatterId,
    steps: &[Step],
) -> Result<Vec<Refusal>, Problem> {
    let mut by_report: BTreeMap<FileId, Vec<(usize, &quanlian_ledger::verdict::Judgement)>> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        if let Step::JudgeMatch(judgement) = step {
            by_report
                .entry(judgement.report)
                .or_default()
                .push((place, judgement));
        }
    }
    let mut refusals = Vec::new();
    let mut refuse = |step: usize, code, key: MatchKey| {
        let about = Some(key.to_string());
        refusals.push(Refusal { step, code, about });
    };
    for (at, (id, judgements)) in by_report.iter().enumerate() {
        let report = if at < MAX_REPORTS {
            report_of(platform, matter, *id).await?
        } else {
            None
        };
        let code = if at < MAX_REPORTS {
            RefusalCode::MatchReport
        } else {
            RefusalCode::TooMany
        };
        let Some(report) = report else {
            for (step, judgement) in judgements {
                refuse(*step, code, judgement.key());
            }
            continue;
        };
        let mut wanted: BTreeSet<u32> = judgements.iter().map(|(_, judgement)| judgement.index).collect();
        let mut there = BTreeMap::new();
        read(platform, &report, &mut |index, line| {
            if wanted.remove(&index)
                && let Some(found) = line.and_then(found)
            {
                there.insert(index, found);
            }
        })
        .await?;
        for (step, judgement) in judgements {
            let is_that = there.get(&judgement.index).is_some_and(|found| {
                found["suspect"] == judgement.suspect.as_str() && found["work"] == judgement.work.as_str()
            });
            if !is_that {
                refuse(*step, RefusalCode::MatchUnknown, judgement.key());
            }
        }
    }
    Ok(refusals)
}

/// The matches of the newest report that were rejected, by whom: an assessment leaves them out.
pub(super) async fn left_out(
    platform: &Platform,
    matter: MatterId,
    ledger: &Ledger,
) -> Result<Option<LeftOut>, Problem> {
    if ledger.verdicts().is_empty() {
        return Ok(None);
    }
    let Some(report) = newest(platform, matter).await? else {
        return Ok(None);
    };
    let mut by: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (key, entry) in ledger.verdicts() {
        if key.report == report.id && entry.now.verdict == Verdict::Rejected {
            by.entry(entry.now.mark.by.clone()).or_default().push(key.index);
        }
    }
    let report = report.id;
    Ok((!by.is_empty()).then_some(LeftOut { report, by }))
}

/// Whether a line is an object that names a suspect and a work, without keeping the rest.
fn is_match(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Names<'a> {
        #[serde(borrow, rename = "suspect")]
        _suspect: Cow<'a, str>,
        #[serde(borrow, rename = "work")]
        _work: Cow<'a, str>,
    }
    // What is passed over may be nested without end; what is read whole may not. Many segments alone are no such nesting.
    let may_be_deep = || line.iter().filter(|byte| b"[{".contains(byte)).count() > MAX_PLAIN_NESTING;
    serde_json::from_slice::<Names<'_>>(line).is_ok()
        && (!may_be_deep() || serde_json::from_slice::<Value>(line).is_ok())
}

/// The whole of such a line.
fn found(line: &[u8]) -> Option<Value> {
    is_match(line)
        .then(|| serde_json::from_slice(line).ok())
        .flatten()
}

fn no_report() -> Problem {
    let detail = "the matter has no such report of matches, or it was withdrawn";
    Problem::new(StatusCode::NOT_FOUND, "report_not_found", detail)
}

fn is_report(file: &File) -> bool {
    file.kind.as_str() == "report" && file.name == MATCHES && file.job.is_some() && file.withdrawn.is_none()
}

async fn report_of(platform: &Platform, matter: MatterId, id: FileId) -> Result<Option<File>, Problem> {
    let file = platform.store().file(matter, id).await?;
    Ok(file.filter(is_report))
}

async fn newest(platform: &Platform, matter: MatterId) -> Result<Option<File>, Problem> {
    let (mut newest, mut after) = (None, None);
    loop {
        let page = platform.store().files(matter, after, MAX_PAGE_FILES).await?;
        after = page.last().map(|file| file.id);
        let is_last = page.len() < MAX_PAGE_FILES;
        newest = page.into_iter().rfind(is_report).or(newest);
        if is_last {
            return Ok(newest);
        }
    }
}

/// Goes through the lines of a report; one that is too long is told as nothing.
async fn read(
    platform: &Platform,
    report: &File,
    take: &mut (dyn FnMut(u32, Option<&[u8]>) + Send),
) -> Result<(), Problem> {
    let too_large = || {
        let detail = "the report is longer than is shown; fetch it as a file";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "report_too_large", detail)
    };
    if report.size_bytes > MAX_REPORT_BYTES {
        return Err(too_large());
    }
    let reader = filing(platform)?.objects.open(report.object).await?;
    let all_read = lines(reader, take).await.map_err(|error| {
        tracing::error!(%error, file.id = %report.id, "a report could not be read");
        Problem::internal("a report could not be read")
    })?;
    if all_read { Ok(()) } else { Err(too_large()) }
}

/// The same of any bytes; whether these were all lines.
async fn lines(
    mut reader: impl AsyncRead + Unpin,
    take: &mut (dyn FnMut(u32, Option<&[u8]>) + Send),
) -> std::io::Result<bool> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut line, mut is_long, mut index) = (Vec::new(), false, 0);
    loop {
        let read = reader.read(&mut chunk).await?;
        for part in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            let (part, is_whole) = match part.split_last() {
                Some((b'\n', part)) => (part, true),
                _ => (part, false),
            };
            is_long |= line.len() + part.len() > MAX_LINE_BYTES;
            if !is_long {
                line.extend_from_slice(part);
            }
            if is_whole {
                if index >= MAX_LINES {
                    return Ok(false);
                }
                take(index, (!is_long).then_some(&line));
                index += 1;
                line.clear();
                is_long = false;
            }
        }
        if read == 0 {
            if is_long || !line.is_empty() {
                take(index, (!is_long).then_some(&line));
            }
            return Ok(true);
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Suspect,
    Work,
}

impl Side {
    /// How a line names its file, by id and by name; and the kind of it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Suspect => ("suspect_file", "suspect"),
            Self::Work => ("work_file", "work"),
        }
    }
}

/// The files that lines are about.
#[derive(Default)]
struct Files {
    by_id: BTreeMap<FileId, MatchFileView>,
    by_name: BTreeMap<(&'static str, String), MatchFileView>,
}

impl Files {
    /// Those of this matter: the file itself, or a copy of it that was taken over with the report.
    async fn of(
        platform: &Platform,
        matter: MatterId,
        lines: &[(u32, Option<Value>)],
    ) -> Result<Self, Problem> {
        let mut files = Self::default();
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for found in lines.iter().filter_map(|(_, found)| found.as_ref()) {
            for side in [Side::Suspect, Side::Work] {
                match named(found, side) {
                    Ok(id) => ids.insert(id),
                    Err(name) => names.insert(name),
                };
            }
        }
        let mut after = None;
        while !ids.is_empty() || !names.is_empty() {
            let page = platform.store().files(matter, after, MAX_PAGE_FILES).await?;
            after = page.last().map(|file| file.id);
            for file in &page {
                let view = || MatchFileView {
                    id: file.id.to_string(),
                    kind: file.kind.to_string(),
                    name: file.name.clone(),
                    size_bytes: file.size_bytes,
                    is_withdrawn: file.withdrawn.is_some(),
                };
                for id in [Some(file.id), file.copy_of].into_iter().flatten() {
                    if ids.remove(&id) {
                        files.by_id.insert(id, view());
                    }
                }
                for side in [Side::Suspect, Side::Work] {
                    let name = (side.words().1, file.name.clone());
                    if file.kind.as_str() == name.0 && names.remove(&name) {
                        files.by_name.insert(name, view());
                    }
                }
            }
            if page.len() < MAX_PAGE_FILES {
                break;
            }
        }
        Ok(files)
    }

    fn find(&self, found: &Value, side: Side) -> Option<MatchFileView> {
        match named(found, side) {
            Ok(id) => self.by_id.get(&id).cloned(),
            Err(name) => self.by_name.get(&name).cloned(),
        }
    }
}

/// The id of a file as a line names it; by its name where an earlier version wrote the line.
fn named(found: &Value, side: Side) -> Result<FileId, (&'static str, String)> {
    let (id, name) = side.words();
    let id = found[id].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| (name, found[name].as_str().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_of_any_kind_are_told_apart_and_bounded() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        // Longer than what is read at a time, and as long as a line may be.
        let whole = "y".repeat(MAX_LINE_BYTES);
        for (text, expected) in [
            ("", vec![]),
            ("a\nb\n", vec![Some("a"), Some("b")]),
            ("a\n\nb", vec![Some("a"), Some(""), Some("b")]),
            (&format!("{long}\nb\n"), vec![None, Some("b")]),
            (&format!("a\n{long}"), vec![Some("a"), None]),
            (&format!("{whole}\nb"), vec![Some(whole.as_str()), Some("b")]),
        ] {
            let mut told = Vec::new();
            let all = lines(text.as_bytes(), &mut |index, line| {
                assert_eq!(index as usize, told.len());
                told.push(line.map(|line| String::from_utf8(line.to_vec()).unwrap()));
            })
            .await
            .unwrap();
            let expected: Vec<Option<String>> =
                expected.into_iter().map(|line| line.map(str::to_owned)).collect();
            assert!(all && told == expected, "{} bytes", text.len());
        }
    }

    #[test]
    fn a_line_that_is_no_match_is_none() {
        assert!(found(br#"{"suspect": "a", "work": "b", "more": 1}"#).is_some());
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for line in ["", "[]", "{", "{\"suspect\": 1, \"work\": \"b\"}", "\u{0}", &deep] {
            assert!(found(line.as_bytes()).is_none(), "{line:.20}");
        }
    }
}
