//! The referral dossier (移送卷宗) as plain data: what the paper shows, nothing that it has to work out.
//!
//! In:  filled by the caller, or read from JSON.
//! Out: the input of [`crate::render_dossier`].
//!
//! Invariant: a fact that nobody has established is `None` and is printed as
//! 未查明 / not established. Nothing here has a default that reads like a finding.
//!
//! Strings are one paragraph each and may hold anything; sizes are bounded when
//! the paper is made ([`crate::limits`]), not here.

mod spread;

pub use spread::{Spread, SpreadDay, SpreadOfWork};

use quanlian_record::{money::Fen, time::Day};
use serde::{Deserialize, Serialize};

/// Everything the referral dossier shows, in the order of its sections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// The language of the labels and, where a text has both, of the texts.
    pub language: Language,
    /// Id of this dossier, printed on the cover and bound into the PDF's own id.
    pub id: String,
    /// 案件编号, in the header of every page.
    pub case_number: String,
    /// The agency that refers the case.
    pub agency: Option<String>,
    /// The suspected offence: 侵犯著作权罪.
    pub offence: Text,
    /// One line for the cover: what the assessment says.
    pub verdict: Text,
    /// What the QR code holds: the reference of the deposit or of the log entry. Empty: no code.
    pub reference: String,
    /// The full report in machine form, for what the paper only counts.
    pub report: Option<String>,
    /// The case on one page: what was found, which line is met, what is open, what is due next.
    pub glance: Vec<Note>,
    /// The program and rule book that made the contents, in the footer of every page.
    pub made_with: MadeWith,
    /// 当事人.
    pub parties: Vec<Party>,
    /// 权利作品.
    pub works: Vec<Work>,
    /// 比对结果, best first.
    pub matches: Vec<Match>,
    /// 传播情况: how the copies spread; `None` where nothing says when or by whom they were published.
    #[serde(default)]
    pub spread: Option<Spread>,
    /// 事实与证据.
    pub facts: Vec<Fact>,
    /// 法律评估.
    pub assessment: Assessment,
    /// 刑罚幅度与罚金.
    pub penalty: Penalty,
    /// 期限.
    pub clocks: Vec<Clock>,
    /// 移送材料: what the transfer rules require.
    pub papers: Vec<Paper>,
    /// 待决问题: what the law leaves open in this case.
    pub open_questions: Vec<OpenQuestion>,
    /// Lines of law that nobody has read in the source, boxed so that no reader misses them.
    pub unverified: Vec<Unverified>,
    /// 存证证明.
    pub log_proof: Option<LogProof>,
    /// 移送书: what the letter adds to the above.
    pub letter: Letter,
}

/// The language of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Chinese with English beside or below it.
    Bilingual,
}

/// One text in both languages; an empty side is replaced by the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A text from its two sides.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// A text that reads alike in both languages: a name, a number.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            zh: text.clone(),
            en: text,
        }
    }
}

/// Which program and which rule book made the contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeWith {
    /// Version of the program: `0.1.0`.
    pub version: String,
    /// Name or date of the rule book.
    pub rule_book: String,
    /// Digest of the rule book; the footer shows its first characters, the proof section all of it.
    pub rule_book_digest: String,
}

/// One party (当事人) and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// As whom it appears.
    pub role: PartyRole,
    /// Its name, or `None`: 未查明.
    pub name: Option<String>,
    /// Whatever else is known or was looked for in vain: account, platform, address, registration.
    pub details: Vec<Detail>,
}

/// As whom a party appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// 权利人.
    RightHolder,
    /// 移送机关.
    Agency,
    /// 涉嫌人: the operator of the account, once known.
    Suspect,
    /// 涉案账号.
    Account,
    /// 网络平台.
    Platform,
    /// 其他.
    Other,
}

/// One thing known, or not established, about a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What it is.
    pub label: Text,
    /// Its value, or `None`: 未查明.
    pub value: Option<String>,
}

/// One registered work (作品).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Title or file name.
    pub name: String,
    /// 权利人 of this work.
    pub holder: Option<String>,
    /// Its medium.
    pub medium: Medium,
    /// Its length in the unit of its medium.
    pub length: Option<Length>,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Id of its deposit.
    pub deposit: Option<String>,
}

/// What a work is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// 音频.
    Audio,
    /// 视频.
    Video,
    /// 文字.
    Text,
    /// 代码.
    Code,
    /// 图像.
    Image,
}

/// A length with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// How many.
    pub value: u64,
    /// Of what.
    pub unit: Unit,
}

/// The units in which positions and lengths are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds; printed as `mm:ss.mmm`, or `h:mm:ss.mmm`.
    Ms,
    /// Unicode scalars.
    Char,
    /// Lines of code.
    Line,
    /// Pixels of a picture.
    Px,
}

/// One confirmed match between a suspect file and a work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The suspect file as it was named where it was found.
    pub suspect: String,
    /// The work that it matches.
    pub work: String,
    /// The medium that was compared.
    pub medium: Medium,
    /// The score in bits.
    pub score_bits: f64,
    /// The number of matches this good that chance would give.
    pub e_value: f64,
    /// The share of the matched part that is identical, 0 to 1.
    pub identity: Option<f64>,
    /// Speed of the suspect relative to the work: 1.02 is 2 % faster.
    pub time_scale: Option<f64>,
    /// Pitch of the suspect relative to the work.
    pub pitch_scale: Option<f64>,
    /// The matched parts.
    pub segments: Vec<Segment>,
    /// What else is to be said of it: mirrored, found by its sound alone; empty where there is nothing.
    #[serde(default)]
    pub remark: Text,
    /// The null model behind the E-value: built in or calibrated, on how many non-members, when; empty where it is unknown.
    #[serde(default)]
    pub null_model: Text,
}

/// One matched part: from and to, on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// In the suspect file; of an area, its left and right side.
    pub suspect: [u64; 2],
    /// In the work; of an area, its left and right side.
    pub work: [u64; 2],
    /// Of all numbers.
    pub unit: Unit,
    /// The other two sides of an area in a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// The upper and lower side of an area, in either picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// In the suspect file.
    pub suspect: [u64; 2],
    /// In the work.
    pub work: [u64; 2],
}

/// One fact (事实) and what it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its name in both languages: 违法所得 / illegal gain.
    pub label: Text,
    /// Its value, or `None`: 未查明.
    pub value: Option<Amount>,
    /// The unit of the value; empty for money and texts.
    pub unit: Text,
    /// Where it comes from.
    pub source: Text,
    /// Ids of the evidence.
    pub evidence: Vec<String>,
    /// How sure it is, in words.
    pub certainty: Text,
    /// What speaks against it.
    pub contradictions: Vec<Text>,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Money.
    Fen(Fen),
    /// A number of things.
    Count(i64),
    /// A day.
    Day(Day),
    /// Yes or no.
    Flag(bool),
    /// Anything else, in words.
    Text(Text),
}

/// The assessment (评估): every rule set whole, and which of them governs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// When the conduct took place.
    pub conduct: Option<[Day; 2]>,
    /// The day of judgment that was assumed.
    pub judged_on: Option<Day>,
    /// The outcome of the rule set that governs.
    pub outcome: Outcome,
    /// The highest tier not excluded.
    pub could_reach: Outcome,
    /// Which rule set governs, and why (从旧兼从轻).
    pub governing: Text,
    /// Set where the rule sets point apart and a person must choose.
    pub choice_required: Option<Text>,
    /// Each rule set, never mixed.
    pub rule_sets: Vec<RuleSet>,
    /// Elements of the offence (构成要件) that people must judge.
    pub elements: Vec<Text>,
    /// Facts that would settle what is open.
    pub missing: Vec<MissingFact>,
    /// What changed between conduct and judgment: statutes and interpretations apart.
    pub layers: Vec<Note>,
    /// Which stated fact the outcome hangs on, and where it would turn.
    pub sensitivity: Vec<Note>,
}

/// A sentence under a heading of its own, with the article that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub label: Text,
    /// What it says.
    pub text: Text,
    /// The article; empty where it rests on none.
    pub cite: Text,
    /// Whether someone has read the source text.
    pub verified: bool,
}

/// How serious the conduct is under a rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 有其他特别严重情节: the upper tier.
    EspeciallySerious,
    /// 有其他严重情节: the lower tier.
    Serious,
    /// 基本犯: the offence itself, which asks for no amount.
    Base,
    /// Below every line.
    Below,
    /// Cannot be said from the facts given.
    Undetermined,
}

/// The rules in force on one day, and what they make of the facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// The rules as of this day.
    pub as_of: Day,
    /// The instrument, in words: 法释〔2004〕19号 and what amends it.
    pub title: Text,
    /// Whether this set governs.
    pub governs: bool,
    /// Its outcome.
    pub outcome: Outcome,
    /// The highest tier not excluded under it.
    pub could_reach: Outcome,
    /// The reasons, as a forest.
    pub reasons: Vec<Reason>,
}

/// One node in the tree of reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was asked or found.
    pub text: Text,
    /// The answer.
    pub state: State,
    /// The article that it rests on.
    pub cite: Text,
    /// Which version of the provision.
    pub version: String,
    /// The line to be reached, in words: `≥ 30,000.00 元`.
    pub threshold: Text,
    /// How far the fact is from the line, in words.
    pub distance: Text,
    /// Whether someone has read the source text.
    pub verified: bool,
    /// Ids of the evidence behind the fact.
    pub evidence: Vec<String>,
    /// What it follows from.
    pub children: Vec<Reason>,
}

/// Three-valued answer, and a mark for a node that answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 符合.
    Met,
    /// 不符合.
    NotMet,
    /// 不明.
    Unknown,
    /// 说明: a rule that was used and has no answer of its own.
    Note,
}

/// A fact that is missing, and what it would settle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFact {
    /// Its name in both languages.
    pub label: Text,
    /// What would follow from it.
    pub effect: Text,
}

/// The penalty range: a general one, no proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// Imprisonment by tier.
    pub bands: Vec<PenaltyLine>,
    /// Fines.
    pub fines: Vec<PenaltyLine>,
    /// What shapes a sentence inside the range: circumstances, probation (缓刑) and its bars.
    pub frame: Vec<Note>,
    /// A judgment that was given, laid beside the frame.
    pub deviations: Vec<Deviation>,
}

/// One part of a judgment beside the frame: inside it, or how far outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// Which part: imprisonment, probation, fine.
    pub what: Text,
    /// What the judgment says.
    pub given: Text,
    /// What the frame says.
    pub frame: Text,
    /// How the two stand to each other, in words.
    pub state: Text,
    /// Why, and the article.
    pub why: Text,
}

/// One line of the penalty range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PenaltyLine {
    /// For which tier or person.
    pub label: Text,
    /// The range in words.
    pub range: Text,
    /// The article.
    pub cite: Text,
    /// Whether someone has read the source text.
    pub verified: bool,
}

/// One clock (期限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Who must do what.
    pub rule: Text,
    /// What starts it.
    pub trigger: Text,
    /// When it started, or `None`: not started.
    pub started_on: Option<Day>,
    /// When it ends.
    pub due: Option<Text>,
    /// How it stands.
    pub status: ClockStatus,
    /// How the last day was counted, step by step.
    pub steps: Vec<Text>,
    /// The article.
    pub cite: Text,
    /// Whether someone has read the source text.
    pub verified: bool,
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStatus {
    /// 未起算.
    NotStarted,
    /// 进行中.
    Running,
    /// 已完成.
    Done,
    /// 逾期.
    Late,
    /// 已过届满日，未记录办结: its last day is past, and nothing says whether it was kept.
    Past,
    /// Cannot be counted: no calendar for that year, say.
    Unknown,
}

/// One paper that the transfer rules require.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// 移送书, 调查报告, 涉案物品清单, 检验报告或者鉴定意见, 其他.
    pub name: Text,
    /// Whether it is there.
    pub state: PaperState,
    /// Where it is, or what is still to be done.
    pub note: Text,
    /// The article that requires it.
    pub cite: Text,
}

/// Whether a paper is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// 已附.
    Present,
    /// Made by the program as a draft that a person must complete and sign.
    Draft,
    /// 缺.
    Missing,
}

/// What the law leaves open in this case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The question.
    pub question: Text,
    /// What changes with the answer.
    pub effect: Text,
    /// The article.
    pub cite: Text,
}

/// A line of law that nobody has read in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unverified {
    /// What it says, in our words.
    pub text: Text,
    /// The article.
    pub cite: Text,
}

/// How the evidence stands in the log, and how to check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogProof {
    /// The log's origin line.
    pub origin: String,
    /// Entries under the checkpoint.
    pub tree_size: u64,
    /// Root hash, as the checkpoint writes it.
    pub root_hash: String,
    /// The whole signed checkpoint; here line breaks are kept.
    pub checkpoint: String,
    /// The leaves that this case rests on.
    pub leaves: Vec<Leaf>,
    /// File name of the evidence bundle (`.qne.zip`).
    pub bundle: Option<String>,
    /// The page in the bundle with the shell commands.
    pub page: Option<String>,
}

/// One leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its index.
    pub index: u64,
    /// What it commits to.
    pub what: Text,
    /// Leaf hash or commitment, hex.
    pub hash: String,
}

/// What the transfer letter (移送书) adds; everything missing is a blank to be filled by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// 文号.
    pub number: Option<String>,
    /// The police body addressed.
    pub recipient: Option<String>,
    /// The procuratorate that gets a copy.
    pub copy_to: Option<String>,
    /// The facts in a few sentences.
    pub summary: Option<Text>,
    /// The provisions under which the case is transferred.
    pub basis: Vec<Text>,
    /// 联系人.
    pub contact: Option<String>,
    /// 联系电话.
    pub phone: Option<String>,
}
