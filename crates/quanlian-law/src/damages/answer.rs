//! The answer to a damages sheet: plain data, the same for the terminal, the dossier and programs.
//!
//! Invariant: every text has both languages, every amount is an interval in fen, and every part
//! that rests on a rule names the rule, its version and its citation. No amount is a prediction:
//! a multiple is the one that was claimed, or else the whole range.

use quanlian_record::time::Day;
use serde::Serialize;

use super::rule::{ClaimPart, CostsMode, Formula, Method, Strength};
use crate::{
    assess::{OpenPoint, Unverified},
    facts::Contradiction,
    interval::Truth,
    penalty::FenRange,
    text::Text,
};

/// The answer to a damages sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagesAnswer {
    /// Which right.
    pub right: String,
    /// First day of the infringement.
    pub infringement_from: Option<Day>,
    /// Last day of the infringement.
    pub infringement_to: Option<Day>,
    /// Day of judgment.
    pub judged_on: Day,
    /// The answer in one sentence.
    pub summary: Text,
    /// The smallest interval that holds every reading which comes into question, without interest
    /// unless some is claimed; `None` where no law in the rule book measures it.
    pub total: Option<FenRange>,
    /// Whether readings differ and a person has to choose.
    pub choice_required: bool,
    /// Whether the total rests on something that nobody has read in the source.
    pub rests_on_unverified: bool,
    /// Which version of the law governs, and why.
    pub governing: GoverningLaw,
    /// Each law that comes into question, applied whole; oldest first.
    pub laws: Vec<LawResult>,
    /// What the holder claims, laid beside what the law gives.
    pub claim: Option<ClaimResult>,
    /// Fines already paid, and what becomes of them.
    pub fines_paid: Vec<FineWeighed>,
    /// What a licence of the trade secret would have cost.
    pub licence_value: Option<LicenceValue>,
    /// Facts that could change the total; the one that could change it most comes first.
    pub missing: Vec<MissingFact>,
    /// Statements, or ways of computing, that cannot all be true.
    pub contradictions: Vec<Contradiction>,
    /// What of the rules nobody has read in the source.
    pub unverified: Vec<Unverified>,
    /// What the law or the facts leave open.
    pub open: Vec<OpenPoint>,
    /// Every rule that the answer rests on.
    pub citations: Vec<Cited>,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

/// A rule that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cited {
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Its row in the project's table of law facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
}

/// Whether a law governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Governs {
    /// It does.
    Yes,
    /// Another one does.
    No,
    /// No rule on time was found; it comes into question.
    Open,
}

/// Which law governs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoverningLaw {
    /// Short id of the law that governs, as in `laws`; none while that is open.
    pub law: Option<String>,
    /// Why.
    pub why: Text,
    /// The rules on time that were used.
    pub rules: Vec<Cited>,
}

/// One law, applied whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LawResult {
    /// Short id: the row of the law, and of the regulation that adds to it.
    pub id: String,
    /// The law.
    pub law: Cited,
    /// A regulation of the place that goes before it (`pudong`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<Cited>,
    /// Its name.
    pub title: Text,
    /// Whether it governs.
    pub governs: Governs,
    /// Its methods, in their order.
    pub methods: Vec<MethodResult>,
    /// The methods that its order prefers on these facts; several where the law leaves the choice.
    pub preferred: Vec<Method>,
    /// Whether an earlier method could still displace the preferred ones.
    pub provisional: bool,
    /// The damages before any multiple and without costs.
    pub damages: Option<FenRange>,
    /// The statutory range.
    pub statutory: Option<StatutoryResult>,
    /// The reasonable costs.
    pub costs: CostsResult,
    /// Punitive damages, under each interpretation that comes into question.
    pub punitive: Vec<PunitiveResult>,
    /// The totals, one for each reading.
    pub readings: Vec<Reading>,
}

/// What is the matter with a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodState {
    /// Its amount is known, and its turn has come.
    Available,
    /// A fact is missing.
    Missing,
    /// It is stated to be hard to determine.
    Undeterminable,
    /// An earlier method is determined.
    Excluded,
}

/// One method of measuring damages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodResult {
    /// Which.
    pub method: Method,
    /// Its name.
    pub title: Text,
    /// Its place in the order, counted from 1; methods of one group are alternatives.
    pub group: usize,
    /// What is the matter with it.
    pub state: MethodState,
    /// Its amount, where it can be computed.
    pub amount: Option<FenRange>,
    /// The ways to its amount.
    pub ways: Vec<WayResult>,
    /// Facts that are missing for it.
    pub lacking: Vec<String>,
    /// The state in words.
    pub text: Text,
}

/// One way to the amount of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayResult {
    /// Its id; the name of the fact where the amount itself is stated.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// The amount, where it can be computed.
    pub amount: Option<FenRange>,
    /// Whether the amount of the method rests on it.
    pub used: bool,
    /// Whether the flags that it asks for hold.
    pub applies: Truth,
    /// Whether the court may or must follow it; none for an amount that is simply stated.
    pub strength: Option<Strength>,
    /// The computation with its numbers, or what is missing.
    pub formula: Text,
    /// Whether the amount was rounded to the fen.
    pub rounded: bool,
    /// Facts that are missing.
    pub lacking: Vec<String>,
    /// The rule that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Cited>,
    /// Ids of the evidence behind its facts.
    pub evidence: Vec<String>,
    /// Who stated them.
    pub stated_by: Vec<String>,
}

/// The statutory range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatutoryResult {
    /// Lowest and highest.
    pub range: FenRange,
    /// Whether it opens.
    pub state: StatutoryState,
    /// The state in words.
    pub text: Text,
}

/// Whether the statutory range opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatutoryState {
    /// Nothing else can be determined.
    Open,
    /// The court may follow the holder's figures instead.
    BesideFigures,
    /// It depends on what kind of act it was.
    DependsOnAct,
    /// A method is determined.
    Closed,
    /// It does not stand for this act.
    NotForThisAct,
}

/// The reasonable costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostsResult {
    /// On top or inside; `None` where the provision is silent.
    pub mode: Option<CostsMode>,
    /// How much; `None` where nothing is stated.
    pub amount: Option<FenRange>,
    /// The same in words.
    pub text: Text,
    /// Ids of the evidence.
    pub evidence: Vec<String>,
    /// Who stated them.
    pub stated_by: Vec<String>,
}

/// Whether intent, or gravity, is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Stated, or a listed case that binds the court.
    Met,
    /// A listed case from which the court may find it.
    MayBeFound,
    /// Nothing is known.
    Unknown,
    /// Stated not to be so, and no listed case holds.
    NotMet,
}

/// One listed sign of intent or case of gravity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactorResult {
    /// Its id.
    pub id: String,
    /// The flag.
    pub fact: String,
    /// Its name.
    pub title: Text,
    /// Whether it holds.
    pub state: Truth,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Ids of the evidence.
    pub evidence: Vec<String>,
    /// Who stated it.
    pub stated_by: Vec<String>,
}

/// Intent or gravity, with the listed cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PunitiveFinding {
    /// The flag that states it as a whole.
    pub fact: String,
    /// Whether it is found.
    pub state: Found,
    /// The listed cases.
    pub factors: Vec<FactorResult>,
    /// The same in words.
    pub text: Text,
}

/// Whether the multiple opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PunitiveState {
    /// Intent and gravity are stated.
    Open,
    /// The court may find them.
    MayOpen,
    /// Not excluded; facts are missing.
    Unknown,
    /// The law has none for this right or act, or intent or gravity is denied.
    Excluded,
    /// There is no amount that could be multiplied; statutory damages cannot be.
    NoBase,
    /// The claim came too late for this action.
    Late,
}

/// Punitive damages under one interpretation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PunitiveResult {
    /// The interpretation; none where no one was in force.
    pub interpretation: Option<Cited>,
    /// Whether the multiple opens.
    pub state: PunitiveState,
    /// Intent.
    pub intent: Option<PunitiveFinding>,
    /// Serious circumstances.
    pub gravity: Option<PunitiveFinding>,
    /// Especially serious circumstances, where they have a multiple of their own.
    pub especially: Option<Truth>,
    /// The multiple, in hundredths: the one claimed, or the range of the law.
    pub multiple_hundredths: Option<[i64; 2]>,
    /// Whether that is the multiple claimed.
    pub multiple_is_claimed: bool,
    /// What is multiplied: without costs.
    pub base: Option<FenRange>,
    /// Whether the claim came in time; `None` where the interpretation was not seen to say.
    pub claim_in_time: Option<Truth>,
    /// What the claim should state and does not.
    pub claim_lacks: Vec<ClaimPart>,
    /// Whether the court may or must weigh fines already paid in the multiple.
    pub prior_fines: Option<Strength>,
    /// The state in words.
    pub text: Text,
}

/// One reading of the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Its id, for `chosen_reading`.
    pub id: String,
    /// Row of the interpretation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpretation: Option<String>,
    /// How base and multiple make the total; none without a multiple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<Formula>,
    /// Whether the costs were added.
    pub costs_added: bool,
    /// The total without interest.
    pub award: FenRange,
    /// The interest on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest: Option<InterestResult>,
    /// The total.
    pub total: FenRange,
    /// Whether a person chose it.
    pub chosen: bool,
    /// The computation in words.
    pub text: Text,
}

/// Simple interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterestResult {
    /// What bears it.
    pub principal: FenRange,
    /// How much it is.
    pub amount: FenRange,
    /// Days counted in all.
    pub days: i64,
    /// The periods with one rate each.
    pub periods: Vec<InterestPeriod>,
    /// The computation in words.
    pub text: Text,
}

/// A period with one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterestPeriod {
    /// The day from which it runs, not counted.
    pub from: Day,
    /// The last day counted.
    pub to: Day,
    /// Days counted.
    pub days: i64,
    /// Basis points a year.
    pub rate_basis_points_per_year: i64,
}

/// The claim, laid beside the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimResult {
    /// The amount claimed.
    pub total_fen: Option<i64>,
    /// How the claim lies to what the law gives, one sentence each.
    pub distances: Vec<ClaimDistance>,
}

/// How far a claim is from an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimDistance {
    /// The law or reading.
    pub to: String,
    /// What it is compared with.
    pub kind: DistanceKind,
    /// By how much; zero inside.
    pub by_fen: i64,
    /// The same in words.
    pub text: Text,
}

/// Where a claim lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DistanceKind {
    /// Above the statutory maximum.
    AboveStatutory,
    /// Below the statutory minimum.
    BelowStatutory,
    /// Inside the statutory range.
    InsideStatutory,
    /// Above everything that the reading gives.
    AboveReading,
    /// Below everything that the reading gives; the court does not go beyond the claim.
    BelowReading,
    /// Inside the reading.
    InsideReading,
}

/// A fine already paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineWeighed {
    /// How much.
    pub fen: i64,
    /// How it is weighed in the multiple; empty where it is not.
    pub weighed: Vec<FineWeight>,
    /// The same in words.
    pub text: Text,
    /// Ids of the evidence.
    pub evidence: Vec<String>,
}

/// How an interpretation weighs a fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineWeight {
    /// Row of the interpretation.
    pub interpretation: String,
    /// Instrument and article.
    pub citation: Text,
    /// Whether the court may or must weigh it.
    pub strength: Strength,
}

/// A fact that could change the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingFact {
    /// Its name.
    pub fact: String,
    /// Its name for people.
    pub title: Text,
    /// By how much it was seen to move an end of the total; `None` where nothing bounds that.
    pub moves_fen: Option<i64>,
    /// What it would do.
    pub why: Text,
}

/// What a licence of a trade secret would have cost (虚拟许可使用费).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LicenceValue {
    /// The range; `None` where fewer than two inputs could confirm each other.
    pub range: Option<FenRange>,
    /// The inputs, each with its own amount.
    pub inputs: Vec<LicenceInput>,
    /// Facts or inputs that are missing.
    pub lacking: Vec<String>,
    /// The same in words.
    pub text: Text,
}

/// One input of a licence value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LicenceInput {
    /// The method: `comparable_licence`, `income`, `research_cost`.
    pub method: &'static str,
    /// What it is called.
    pub name: String,
    /// What it gives.
    pub amount: FenRange,
    /// Whether the range rests on it.
    pub counted: bool,
    /// The computation, or why it is not counted.
    pub text: Text,
    /// Ids of the evidence.
    pub evidence: Vec<String>,
    /// Who stated it.
    pub stated_by: Vec<String>,
}
