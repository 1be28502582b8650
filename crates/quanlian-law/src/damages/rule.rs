//! What a rule file says about damages, punitive damages and administrative fines.
//!
//! In:  the tables `[version.damages]`, `[version.punitive]` and `[version.administrative_fine]`.
//! Out: [`DamagesRule`], [`PunitiveRule`], [`AdministrativeFineRule`], checked for sense.
//!
//! Invariant: every number of the law (ranges, multiples, lines, years) is in these values and
//! so in the files; a range never runs downwards, and a method stands in one group only.
//!
//! Not here: what follows from them for a case (`method`, `punitive`, `total`, `fine`).

use std::collections::BTreeSet;

use quanlian_record::money::Fen;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Largest amount in a rule, in yuan: a thousand million.
const MAX_RULE_YUAN: i64 = 1_000_000_000;
/// Largest multiple in a rule.
const MAX_RULE_TIMES: u32 = 1_000;

/// The kinds of right whose infringement these rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Copyright and related rights (著作权和与著作权有关的权利).
    Copyright,
    /// Patents (专利权): inventions, utility models, designs.
    Patent,
    /// Registered marks (注册商标专用权).
    Trademark,
    /// Trade secrets (商业秘密).
    TradeSecret,
    /// Other acts of unfair competition (不正当竞争).
    UnfairCompetition,
    /// New varieties of plants (植物新品种权).
    PlantVariety,
}

impl Right {
    /// All of them, in the order of the law books.
    pub const ALL: [Self; 6] = [
        Self::Copyright,
        Self::Patent,
        Self::Trademark,
        Self::TradeSecret,
        Self::UnfairCompetition,
        Self::PlantVariety,
    ];

    /// The word in a sheet.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copyright => "copyright",
            Self::Patent => "patent",
            Self::Trademark => "trademark",
            Self::TradeSecret => "trade_secret",
            Self::UnfairCompetition => "unfair_competition",
            Self::PlantVariety => "plant_variety",
        }
    }
}

/// The ways in which the law measures damages. The fact of the same name states the amount itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// What the holder really lost (实际损失).
    ActualLoss,
    /// What the infringer gained by it (侵权获利).
    InfringerProfit,
    /// The infringer's illegal gain, which the Copyright Law speaks of (违法所得).
    IllegalGain,
    /// A reasonable multiple of the licence fee (许可使用费的倍数).
    LicenceFeeMultiple,
    /// The royalty of the right (权利使用费).
    Royalty,
}

impl Method {
    /// The word in files and answers, and the name of the fact that states it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ActualLoss => "actual_loss",
            Self::InfringerProfit => "infringer_profit",
            Self::IllegalGain => "illegal_gain",
            Self::LicenceFeeMultiple => "licence_fee_multiple",
            Self::Royalty => "royalty",
        }
    }

    /// The flag that says that the amount is hard to determine (难以确定、难以计算).
    pub(crate) fn undeterminable(self) -> String {
        format!("{}_undeterminable", self.word())
    }
}

/// Whether a court may or must do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// 可以
    May,
    /// 应当
    Shall,
}

/// `[version.damages]`: how one law measures damages, or what a special rule adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DamagesRule {
    /// Its row in the project's table of law facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The rights that it is about.
    pub rights: Vec<Right>,
    /// The only place where it applies (`pudong`); everywhere if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Groups in their order; methods in one group are free alternatives. Empty for a rule that only adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Vec<Method>>,
    /// The range where nothing can be determined (法定赔偿).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statutory: Option<Statutory>,
    /// What becomes of the reasonable costs of stopping the infringement (合理开支).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Costs>,
    /// Punitive damages (惩罚性赔偿).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punitive: Option<PunitiveMultiple>,
    /// How far back from the day of filing damages reach when the action came late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_back: Option<LookBack>,
    /// Rights for which a rule says that this version governs an act which began before it and went on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continuing: Vec<Continuing>,
    /// The facts that a licence value of a trade secret is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_value: Option<LicenceFacts>,
    /// Arithmetic by which a method's amount may be found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Way>,
}

/// The facts of a licence value (商业秘密许可使用费).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenceFacts {
    /// The fact that holds the value.
    pub value: String,
    /// The fact that states the cost of research and development (研究开发成本).
    pub cost: String,
    /// The flag under which the cost counts as value: the secret is lost to the public.
    pub lost: String,
}

/// The statutory range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statutory {
    /// Lowest and highest, in yuan.
    pub yuan: [i64; 2],
    /// The rights and acts for which it stands; empty for all of the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_for: Vec<OnlyFor>,
}

impl Statutory {
    /// Lowest and highest, in fen.
    pub(crate) fn fen(&self) -> [i64; 2] {
        self.yuan
            .map(|yuan| Fen::from_yuan(yuan).map_or(i64::MAX, |fen| fen.0))
    }
}

/// A right, and the flag that an act must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlyFor {
    /// The right.
    pub right: Right,
    /// The flag; none where the right is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
}

/// Reasonable costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// The fact that states them.
    pub fact: String,
    /// Whether they come on top or are inside.
    pub mode: CostsMode,
}

/// Where the costs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostsMode {
    /// On top of the damages, also of statutory damages (还应当包括).
    OnTop,
    /// Inside the damages, so that the statutory maximum covers them (应当包括).
    Included,
}

/// When the multiple opens, and what it multiplies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PunitiveMultiple {
    /// The word of the law for the fault.
    pub fault: Fault,
    /// The flag by which the fault is stated.
    pub intent: String,
    /// The flag by which serious circumstances are stated.
    pub gravity: String,
    /// Lowest and highest multiple; none where the law leaves it to other laws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple: Option<[u32; 2]>,
    /// Another multiple in especially serious circumstances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub especially: Option<Especially>,
    /// The methods whose amount may be multiplied; empty for those of the law that it adds to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub base: Vec<Method>,
    /// The only rights for which it opens; empty for all of the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_for: Vec<Right>,
}

/// The fault that punitive damages ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 故意
    Intentional,
    /// 恶意, which the interpretation reads as intent.
    BadFaith,
}

/// A multiple for especially serious circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Especially {
    /// The flag by which they are stated.
    pub fact: String,
    /// Lowest and highest multiple.
    pub multiple: [u32; 2],
}

/// Damages of a continuing act reach so far back from the day of filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookBack {
    /// Years.
    pub years: u32,
    /// Instrument and article.
    pub cite: Text,
}

/// A right, and the rule on time that gives an act which goes on to the new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Continuing {
    /// The right.
    pub right: Right,
    /// Id of the rule on time.
    pub rule: String,
}

/// One way to find the amount of a method: a sum of products of facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Its id, unique in the whole folder.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// The methods that it serves.
    pub methods: Vec<Method>,
    /// Products of facts; their sum is the amount. The first must be known, the others count when they are.
    pub terms: Vec<Vec<String>>,
    /// The sum is divided by this: prices for a thousand pieces have 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divisor: Option<u32>,
    /// A share in percent that is applied where it is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<String>,
    /// A multiple in percent; without it the amount is open upwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple_percent: Option<String>,
    /// Whether it stands in for an amount that is hard to determine (the books were refused). The court may then
    /// also fall back on the statutory range.
    #[serde(default)]
    pub stands_in: bool,
    /// Flags that must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// Flags that must not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// The smaller, the sooner it is used; ways of one rank that differ are shown together.
    pub rank: u32,
    /// Whether the court must use it.
    pub strength: Strength,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
}

impl Way {
    /// Facts with amounts that it names.
    pub(crate) fn amounts(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().flatten().map(String::as_str)
    }

    /// Facts in percent that it names.
    pub(crate) fn percents(&self) -> impl Iterator<Item = &str> {
        self.share_percent
            .iter()
            .chain(&self.multiple_percent)
            .map(String::as_str)
    }

    /// Flags that it names.
    pub(crate) fn flags(&self) -> impl Iterator<Item = &str> {
        self.when.iter().chain(&self.unless).map(String::as_str)
    }
}

/// `[version.punitive]`: how the courts find intent, gravity, base and multiple.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PunitiveRule {
    /// Its row in the project's table of law facts.
    pub row: String,
    /// Whether a sign lets the court find intent or binds it.
    pub intent_means: Strength,
    /// Signs of intent.
    pub intent: Vec<Factor>,
    /// Whether a listed case lets the court find serious circumstances or binds it.
    pub gravity_means: Strength,
    /// Cases of serious circumstances.
    pub gravity: Vec<Factor>,
    /// Whether the base holds the reasonable costs.
    pub base_with_costs: bool,
    /// Whether statutory damages may be the base.
    pub statutory_base: StatutoryBase,
    /// How fines already paid for the same act are weighed in the multiple.
    pub prior_fines: Strength,
    /// Until when the claim may be added; none where it was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_until: Option<ClaimUntil>,
    /// What the claim must state.
    pub claim_states: Vec<ClaimPart>,
    /// The readings of the total that are held.
    pub formulas: Vec<Formula>,
    /// Ways to find the base that the instrument names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Way>,
}

/// Whether statutory damages may be multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatutoryBase {
    /// The instrument says that they cannot.
    Excluded,
    /// They are not in its list of bases.
    NotListed,
}

/// The last moment for a claim to punitive damages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimUntil {
    /// The end of the debate in the first instance (一审法庭辩论终结).
    FirstInstanceDebateEnd,
}

/// What a claim must state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimPart {
    /// The amount (赔偿数额).
    Amount,
    /// How it is computed (计算方式).
    Method,
    /// Facts and reasons (事实和理由).
    Reasons,
}

/// How the total follows from base and multiple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// The total is the base times the multiple.
    BaseTimesN,
    /// The multiple comes on top of the base.
    BasePlusBaseTimesN,
}

impl Formula {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::BaseTimesN => "base_times_n",
            Self::BasePlusBaseTimesN => "base_plus_base_times_n",
        }
    }
}

/// A listed sign of intent or case of gravity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// Its id, unique in the whole folder.
    pub id: String,
    /// The flag that states it.
    pub fact: String,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
}

/// `[version.administrative_fine]`: the range of a fine that an agency imposes (罚款).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdministrativeFineRule {
    /// Its row in the project's table of law facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The act that a sheet names.
    pub act: String,
    /// The only place where it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Flags that must hold for a fine at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Whether the agency may or must impose it.
    pub strength: Strength,
    /// The range by an amount above a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ByAmount>,
    /// The range below the line, or where there is no line; in yuan.
    pub otherwise_yuan: [i64; 2],
    /// The range in serious circumstances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serious: Option<SeriousFine>,
    /// Flags that ask for a heavier fine inside the range (从重).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heavier: Vec<String>,
}

/// A fine by an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByAmount {
    /// The fact that is multiplied.
    pub fact: String,
    /// The flag that says that there is none or that it cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undeterminable: Option<String>,
    /// The line, in yuan.
    pub line_yuan: i64,
    /// Whether the line itself is inside (以上) or not (超过).
    pub line: LineEnd,
    /// Lowest and highest multiple.
    pub times: [u32; 2],
}

/// Whether the number itself is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// 以上: the number itself is inside.
    AtOrAbove,
    /// 超过, or the counterpart of 以下: only what is more.
    Above,
}

/// Another range in serious circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriousFine {
    /// The flag by which they are stated.
    pub fact: String,
    /// Lowest and highest, in yuan.
    pub yuan: [i64; 2],
}

/// What is wrong with a rule, and the way out.
pub(crate) type Senseless = (String, &'static str);

fn range(name: &str, [low, high]: [i64; 2]) -> Result<(), Senseless> {
    if (0..=high).contains(&low) && high <= MAX_RULE_YUAN {
        return Ok(());
    }
    Err((
        format!("`{name}` runs from {low} to {high} yuan"),
        "write the lower amount first, in whole yuan as the provision has them",
    ))
}

fn times(name: &str, [low, high]: [u32; 2]) -> Result<(), Senseless> {
    if low <= high && (1..=MAX_RULE_TIMES).contains(&high) {
        return Ok(());
    }
    Err((
        format!("`{name}` runs from {low} to {high} times"),
        "write the lower multiple first, as the provision has them",
    ))
}

fn ways(ways: &[Way]) -> Result<(), Senseless> {
    for way in ways {
        let empty = way.terms.is_empty() || way.terms.iter().any(Vec::is_empty) || way.methods.is_empty();
        if empty || way.divisor == Some(0) {
            return Err((
                format!("the way `{}` computes nothing", way.id),
                "name methods, and at least one fact in each of `terms`; `divisor` is 1 or more",
            ));
        }
    }
    Ok(())
}

impl DamagesRule {
    /// Whether the rule makes sense in itself.
    pub(crate) fn check(&self) -> Result<(), Senseless> {
        if self.rights.is_empty() {
            return Err((
                "the rule is about no right".into(),
                "write rights = [\"patent\", …]",
            ));
        }
        let mut seen = BTreeSet::new();
        for method in self.methods.iter().flatten() {
            if !seen.insert(*method) {
                return Err((
                    format!("the method `{}` stands twice", method.word()),
                    "keep it in one group of `methods`",
                ));
            }
        }
        if self.methods.iter().any(Vec::is_empty) {
            return Err((
                "a group of `methods` is empty".into(),
                "name a method or remove the group",
            ));
        }
        if let Some(statutory) = &self.statutory {
            range("statutory.yuan", statutory.yuan)?;
        }
        if let Some(punitive) = &self.punitive {
            if let Some(multiple) = punitive.multiple {
                times("punitive.multiple", multiple)?;
            }
            if let Some(especially) = &punitive.especially {
                times("punitive.especially.multiple", especially.multiple)?;
            }
            if let Some(stranger) = punitive.base.iter().find(|method| !seen.contains(method)) {
                return Err((
                    format!("the base `{}` is no method of this rule", stranger.word()),
                    "add it to `methods` or remove it from `punitive.base`",
                ));
            }
        }
        if self
            .look_back
            .as_ref()
            .is_some_and(|back| !(1..=100).contains(&back.years))
        {
            return Err((
                "`look_back.years` is nothing or absurd".into(),
                "write the number of the provision",
            ));
        }
        ways(&self.way)
    }

    /// Facts and flags that it names, apart from those of its ways.
    pub(crate) fn flags(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        if let Some(punitive) = &self.punitive {
            names.extend([punitive.intent.as_str(), punitive.gravity.as_str()]);
            names.extend(
                punitive
                    .especially
                    .iter()
                    .map(|especially| especially.fact.as_str()),
            );
        }
        let only_for = self.statutory.iter().flat_map(|statutory| &statutory.only_for);
        names.extend(only_for.filter_map(|only| only.flag.as_deref()));
        names.extend(self.licence_value.iter().map(|facts| facts.lost.as_str()));
        names
    }
}

impl PunitiveRule {
    /// Whether the rule makes sense in itself.
    pub(crate) fn check(&self) -> Result<(), Senseless> {
        if self.intent.is_empty() || self.gravity.is_empty() || self.formulas.is_empty() {
            return Err((
                "the rule lists no intent, no gravity or no formula".into(),
                "write [[version.punitive.intent]], [[version.punitive.gravity]] and formulas",
            ));
        }
        ways(&self.way)
    }

    pub(crate) fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.intent.iter().chain(&self.gravity)
    }
}

impl AdministrativeFineRule {
    /// Whether the rule makes sense in itself.
    pub(crate) fn check(&self) -> Result<(), Senseless> {
        range("otherwise_yuan", self.otherwise_yuan)?;
        if let Some(serious) = &self.serious {
            range("serious.yuan", serious.yuan)?;
        }
        if let Some(by) = &self.by {
            times("by.times", by.times)?;
            range("by.line_yuan", [1, by.line_yuan])?;
        }
        Ok(())
    }

    /// Flags that it names.
    pub(crate) fn flags(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .requires
            .iter()
            .chain(&self.heavier)
            .map(String::as_str)
            .collect();
        names.extend(self.serious.iter().map(|serious| serious.fact.as_str()));
        names.extend(self.by.iter().filter_map(|by| by.undeterminable.as_deref()));
        names
    }
}
