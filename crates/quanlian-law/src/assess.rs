//! Assessment: which tier the facts reach, under which rules, and what would change it.
//!
//! In:  a [`FactSheet`] and the rule book.
//! Out: an [`Assessment`]: one whole result for the rules at the time of the conduct,
//! one for those at judgment where they differ, and which of them governs (从旧兼从轻).
//!
//! Invariant: the two rule sets are never mixed. The outcome is what the facts
//! establish; when nothing is established and something is not excluded, it is
//! *undetermined*. An assessment says whether lines are met; it says nothing about guilt.
//!
//! Not here: the evaluation of one rule set (`evaluate`), penalties (`penalty`).

mod brief;
mod certainty;
mod governing;
mod layers;
mod missing;
mod open;
mod result;
mod sensitivity;
mod transfer;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use quanlian_record::time::Day;

pub(crate) use brief::brief;
pub use certainty::{Decisive, UncertainFact};
pub use governing::{Governing, Which};
pub use layers::{Layer, LayerChange, LayerOf};
pub use missing::Missing;
pub use result::{Assessment, Brief, OpenPoint, Outcome, RuleSetResult, SetAt, Unverified};
pub use sensitivity::{
    DayOf, DaySensitivity, FactSensitivity, NextLine, Opposite, PersonSensitivity, Sensitivity, Turn, Without,
};
pub use transfer::{Transfer, TransferAnswer};

use crate::{
    acts::with_conduct,
    evaluate::{Reason, ReasonKind, RuleSet},
    facts::{Contradiction, FactSheet, Known, SheetError, check_dates, know},
    interval::Truth,
    load::Parsed,
    penalty::{self, BandResult, FineResult},
    rule::{Kind, Line, Rule, Tier, Version},
    sentence::{self, Beside},
    text::{Text, key},
};
use trial::Trial;

/// A rule set and what it says of the facts, before it is put in words.
struct Evaluated<'a> {
    set: RuleSet<'a>,
    at: SetAt,
    /// What is stated, and what the set derives from it.
    known: Known,
    established: Tier,
    possible: Tier,
}

impl<'a> Evaluated<'a> {
    fn of(set: RuleSet<'a>, at: SetAt, known: &Known) -> Self {
        let (established, possible) = set.reach(known);
        let known = set.derive_with_evidence(known);
        Self {
            set,
            at,
            known,
            established,
            possible,
        }
    }

    fn outcome(&self) -> Outcome {
        outcome(self.established, self.possible)
    }

    fn is_settled(&self) -> bool {
        self.established == self.possible
    }
}

fn outcome(established: Tier, possible: Tier) -> Outcome {
    match (established, possible) {
        (Tier::EspeciallySerious, _) => Outcome::EspeciallySerious,
        (Tier::Serious, _) => Outcome::Serious,
        (Tier::Base, _) => Outcome::Base,
        (Tier::Below, Tier::Below) => Outcome::Below,
        (Tier::Below, _) => Outcome::Undetermined,
    }
}

/// The rule sets that come into question: those of the conduct first, those of the judgment where they differ.
struct Sets<'a> {
    first: Evaluated<'a>,
    second: Option<Evaluated<'a>>,
}

impl<'a> Sets<'a> {
    fn of(law: &'a Parsed, sheet: &FactSheet, judged_on: Day, known: &Known) -> Self {
        let evaluated = |on, at| Evaluated::of(RuleSet::of(law, &sheet.offence, on), at, known);
        match sheet.conduct.and_then(|conduct| conduct.to) {
            None => Self {
                first: evaluated(judged_on, SetAt::Judgment),
                second: None,
            },
            Some(end) if same_rules(law, &sheet.offence, end, judged_on) => Self {
                first: evaluated(end, SetAt::Both),
                second: None,
            },
            Some(end) => Self {
                first: evaluated(end, SetAt::Conduct),
                second: Some(evaluated(judged_on, SetAt::Judgment)),
            },
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Evaluated<'a>> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// The set of a day; the first where no set is of that day.
    fn on(&self, day: Day) -> &Evaluated<'a> {
        self.second
            .as_ref()
            .filter(|set| set.set.on == day)
            .unwrap_or(&self.first)
    }
}

/// Which parts of an assessment are wanted. All are by default; a batch that only counts outcomes
/// leaves out what costs time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssessOptions {
    /// The sentence frame of each rule set, and the judgment beside it.
    pub sentence: bool,
    /// What the outcome would be without each fact, and where it turns.
    pub sensitivity: bool,
}

impl Default for AssessOptions {
    fn default() -> Self {
        Self {
            sentence: true,
            sensitivity: true,
        }
    }
}

impl AssessOptions {
    /// The outcome with its reasons, and nothing beside it.
    pub const OUTCOME_ONLY: Self = Self {
        sentence: false,
        sensitivity: false,
    };
}

/// Applies the rules to a fact sheet. `today` stands in for a missing day of judgment.
pub(crate) fn assess(
    law: &Parsed,
    sheet: &FactSheet,
    today: Day,
    options: AssessOptions,
) -> Result<Assessment, SheetError> {
    let title = offence_title(law, &sheet.offence)?;
    let sheet = &*with_conduct(sheet);
    let judged_on = check_dates(sheet, today)?;
    let (known, contradicted) = know(sheet, &law.facts)?;
    let conduct = sheet.conduct.unwrap_or_default();

    let sets = Sets::of(law, sheet, judged_on, &known);
    let undated = conduct.to.is_none();
    let lowest = undated.then(|| lowest_established(law, sheet, judged_on, &known));
    let mut governing = governing::govern(law, sheet, &sets, lowest)?;
    governing.layers = layers::layers(law, sheet, &sets, judged_on);
    let governs = sets.on(governing.as_of);
    let (outcome, could_reach) = conclude(&sets, governs, governing.which == Which::Chosen, lowest);
    let between = layers::between(law, sheet, &sets, &known);

    let mut rule_sets: Vec<RuleSetResult> = sets
        .iter()
        .map(|set| {
            let governs = set.set.on == governing.as_of;
            describe(law, sheet, set, &known, judged_on, governs, options)
        })
        .collect();
    let mut missing = all_missing(&rule_sets);
    if undated && rules_changed(law, sheet, judged_on) {
        missing.insert(0, missing::conduct(law, &sheet.offence, could_reach, judged_on));
    }
    let unverified: BTreeSet<Unverified> = rule_sets.iter().flat_map(|set| set.unverified.clone()).collect();
    let rests = Rests::on(&rule_sets);
    let deviations = match &sheet.judgment {
        Some(judgment) if options.sentence => {
            let governing_set = rule_sets.iter().find(|set| set.governs);
            let beside = Beside {
                law,
                offence: &sheet.offence,
                on: governing.as_of,
                tier: established_tier(outcome),
                frame: governing_set.and_then(|set| set.sentence_frame.as_ref()),
                known: &known,
            };
            sentence::deviations(&beside, judgment)
        }
        _ => Vec::new(),
    };
    let established = lowest.map_or(governs.established, |lowest| lowest.min(governs.established));
    let is_attempt =
        established == governs.established && rule_sets.iter().any(|set| set.governs && set.attempt);
    // The law in between is shown for a person to see; nothing in the answer rests on it.
    if let Some(middle) = &between.lighter {
        rule_sets.push(describe(law, sheet, middle, &known, judged_on, false, options));
    }
    // Rule sets are built again only for those who ask what would be otherwise.
    let asks = options.sensitivity || !contradicted.is_empty() || certainty::has_uncertain(sheet);
    let (uncertain, mut contradictions, sensitivity) = if asks {
        let trial = &mut Trial::of(law, sheet, judged_on, &known);
        (
            certainty::uncertain(law, sheet, &known, trial),
            certainty::contradictions(law, contradicted, (&known, &governs.known), trial),
            options
                .sensitivity
                .then(|| sensitivity::sensitivity(law, sheet, judged_on, &known, trial, governs)),
        )
    } else {
        (Vec::new(), Vec::new(), None)
    };
    for found in sets.iter().flat_map(|set| derived_contradictions(set, sheet)) {
        if !contradictions.contains(&found) {
            contradictions.push(found);
        }
    }
    let mut summary = summary(
        law,
        (&sheet.offence, &title),
        (outcome, could_reach),
        governing.as_of,
        rests,
        certainty::rests_on(&uncertain),
    );
    if is_attempt {
        summary.append(&law.messages.say(key::SUMMARY_ATTEMPT, &[]));
    }

    Ok(Assessment {
        offence: sheet.offence.clone(),
        summary,
        title,
        outcome,
        could_reach,
        rests_on_unverified: rests != Rests::OnNothingUnread,
        person: sheet.person,
        conduct_from: conduct.from,
        conduct_to: conduct.to,
        judged_on,
        transfer: transfer::transfer(law, &sheet.offence, (outcome, could_reach), judged_on),
        elements: governs.set.element_reasons(&known),
        open: open::open_points(law, sheet, &sets, &between, judged_on, &known),
        rests_on_uncertain: certainty::rests_on(&uncertain),
        governing,
        missing,
        unverified: unverified.into_iter().collect(),
        contradictions,
        uncertain,
        judgment: sheet.judgment.clone(),
        deviations,
        sensitivity,
        rule_sets,
        rule_book_version: law.digest.clone(),
    })
}

/// Outcome and highest tier not excluded. `lowest` is what holds under every version that could apply,
/// where it is not known when the conduct ended.
fn conclude(sets: &Sets<'_>, governs: &Evaluated<'_>, chosen: bool, lowest: Option<Tier>) -> (Outcome, Tier) {
    // The lighter rules win, so a tier that either set excludes is out of reach, unless a person chose.
    let lightest = sets
        .iter()
        .map(|set| set.possible)
        .fold(governs.possible, Tier::min);
    let could_reach = if chosen {
        governs.possible
    } else {
        lightest.max(governs.established)
    };
    // Without the date of the conduct, only what holds under every version that could apply is established.
    let established = lowest.map_or(governs.established, |lowest| lowest.min(governs.established));
    (outcome(established, could_reach), could_reach)
}

/// The tier that an outcome establishes.
fn established_tier(outcome: Outcome) -> Option<Tier> {
    match outcome {
        Outcome::Below | Outcome::Undetermined => None,
        Outcome::Base => Some(Tier::Base),
        Outcome::Serious => Some(Tier::Serious),
        Outcome::EspeciallySerious => Some(Tier::EspeciallySerious),
    }
}

/// What is missing under the set that governs, then what is missing only under the other.
fn all_missing(rule_sets: &[RuleSetResult]) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    for wanted in [true, false] {
        let sets = rule_sets.iter().filter(|set| set.governs == wanted);
        for missing in sets.flat_map(|set| &set.missing) {
            if !all.iter().any(|known| known.fact == missing.fact) {
                all.push(missing.clone());
            }
        }
    }
    all
}

/// Whether something that nobody has read in the source carries the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rests {
    OnNothingUnread,
    /// The outcome of the governing set does.
    Outcome,
    /// Only the comparison with the other set does.
    Choice,
}

impl Rests {
    fn on(rule_sets: &[RuleSetResult]) -> Self {
        let decisive = |set: &&RuleSetResult| set.unverified.iter().any(|unread| unread.decisive);
        match rule_sets.iter().filter(decisive).map(|set| set.governs).max() {
            None => Self::OnNothingUnread,
            Some(true) => Self::Outcome,
            Some(false) => Self::Choice,
        }
    }
}

fn offence_title(law: &Parsed, offence: &str) -> Result<Text, SheetError> {
    let offences = || law.rules.values().filter(|rule| rule.kind == Kind::Element);
    match offences().find(|rule| rule.id == offence) {
        Some(rule) => Ok(rule.title.clone()),
        None => Err(SheetError::UnknownOffence {
            found: offence.chars().take(100).collect(),
            known: offences()
                .map(|rule| rule.id.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// The versions of all rules about the offence, and of the general rules that shape a penalty.
fn versions_on(law: &Parsed, offence: &str, on: Day) -> Vec<(String, Day)> {
    law.rules
        .values()
        .filter(|rule| rule.is_about(offence) || matches!(rule.kind, Kind::FineFloor | Kind::Limitation))
        .filter_map(|rule| rule.version_on(on).map(|version| (rule.id.clone(), version.from)))
        .collect()
}

fn same_rules(law: &Parsed, offence: &str, one: Day, other: Day) -> bool {
    versions_on(law, offence, one) == versions_on(law, offence, other)
}

/// Days on which some rule about the offence begins, or the day after one ends.
fn changes(law: &Parsed, offence: &str) -> BTreeSet<Day> {
    let versions = law
        .rules
        .values()
        .filter(|rule| rule.is_about(offence))
        .flat_map(|rule| &rule.versions);
    versions
        .flat_map(|v| [Some(v.from), v.to.and_then(|to| to.tomorrow().ok())])
        .flatten()
        .collect()
}

/// The days from which another rule set could apply, when it is not known when the conduct ended:
/// the earliest possible day, and every change up to the judgment.
fn possible_days(law: &Parsed, sheet: &FactSheet, judged_on: Day) -> BTreeSet<Day> {
    let changes = changes(law, &sheet.offence);
    let has_lines = |on: &Day| !RuleSet::of(law, &sheet.offence, *on).is_silent();
    let begun = sheet.conduct.and_then(|conduct| conduct.from);
    let first = begun
        .or_else(|| changes.iter().copied().find(has_lines))
        .unwrap_or(judged_on)
        .min(judged_on);
    changes
        .into_iter()
        .filter(|day| (first..=judged_on).contains(day))
        .chain([first])
        .collect()
}

fn rules_changed(law: &Parsed, sheet: &FactSheet, judged_on: Day) -> bool {
    possible_days(law, sheet, judged_on)
        .into_iter()
        .any(|on| !same_rules(law, &sheet.offence, on, judged_on))
}

/// The lowest tier that the facts establish under any version that could apply.
fn lowest_established(law: &Parsed, sheet: &FactSheet, judged_on: Day, known: &Known) -> Tier {
    let reaches = possible_days(law, sheet, judged_on).into_iter();
    let lowest = reaches
        .map(|on| RuleSet::of(law, &sheet.offence, on).reach(known).0)
        .min();
    lowest.unwrap_or(Tier::Below)
}

fn describe(
    law: &Parsed,
    sheet: &FactSheet,
    evaluated: &Evaluated<'_>,
    known: &Known,
    judged_on: Day,
    governs: bool,
    options: AssessOptions,
) -> RuleSetResult {
    let Evaluated {
        set,
        established,
        possible,
        at,
        ..
    } = evaluated;
    let band = |tier| penalty::band(law, &sheet.offence, set.on, tier);
    let mut reasons = set.reasons(&evaluated.known);
    let tier_band = band(*established);
    let ended_on = sheet.conduct.and_then(|conduct| conduct.to);
    let lowest_band = || band(Tier::Base).or_else(|| band(Tier::Serious));
    if let (Some(ended_on), Some(band)) = (ended_on, tier_band.clone().or_else(lowest_band))
        && *possible > Tier::Below
    {
        reasons.extend(penalty::limitation(law, set.on, &band, ended_on, judged_on));
    }
    let attempt = *established > Tier::Below && set.is_attempt(&evaluated.known, *established);
    if attempt {
        reasons.extend(attempt_note(law, set.on, *established));
    }
    let fine = (*established > Tier::Below)
        .then(|| penalty::fine(law, &sheet.offence, set.on, *established, &evaluated.known))
        .flatten();
    let mut unverified = unverified(evaluated, known, tier_band.as_ref(), fine.as_ref());
    let asked = sentence::Asked {
        offence: &sheet.offence,
        on: set.on,
        judged_on,
        tier: *established,
    };
    let sentence_frame = options
        .sentence
        .then(|| sentence::sentence_frame(law, &asked, &evaluated.known, tier_band.as_ref(), fine.as_ref()))
        .flatten();
    if let Some(frame) = &sentence_frame {
        // The outcome does not rest on these.
        let unread = frame
            .unread()
            .into_iter()
            .map(|(rule, version, citation)| Unverified {
                rule: rule.to_owned(),
                version,
                line: None,
                citation: citation.clone(),
                decisive: false,
            });
        unverified.extend(unread);
        unverified.sort();
        unverified.dedup();
    }
    RuleSetResult {
        as_of: set.on,
        at: *at,
        governs,
        outcome: evaluated.outcome(),
        could_reach: *possible,
        attempt,
        reasons,
        band: tier_band,
        could_reach_band: (possible != established).then(|| band(*possible)).flatten(),
        fine,
        sentence_frame,
        missing: missing::missing(law, evaluated, known),
        unverified,
    }
}

/// That the tier is reached by unsold goods only, with the provision on attempt.
fn attempt_note(law: &Parsed, on: Day, tier: Tier) -> Option<Reason> {
    let (rule, version) = law.by_role("attempt", on)?;
    let values = [("tier", &law.tier(tier)), ("gist", &rule.source_of(version).gist)];
    let text = law.messages.say(key::ATTEMPT, &values);
    Some(Reason::new(ReasonKind::Note, None, text).citing(rule, version))
}

fn unverified(
    evaluated: &Evaluated<'_>,
    known: &Known,
    band: Option<&BandResult>,
    fine: Option<&FineResult>,
) -> Vec<Unverified> {
    let mut found = Vec::new();
    let Evaluated { set, established, .. } = evaluated;
    // The outcome rests on lines of its tier that are met, and on those above it that are excluded.
    let is_decisive = |line: &Line| match set.line_truth_apart(line, known) {
        Truth::Met => line.tier == *established,
        Truth::NotMet => line.tier > *established,
        Truth::Unknown => false,
    };
    for (rule, version, line) in set.lines().filter(|(_, _, line)| !line.verified) {
        found.push(unread(rule, version, &line.id, is_decisive(line)));
    }
    found.extend(derived_unverified(evaluated, known, is_decisive));
    for (rule, version, element) in set.unread_elements() {
        let excluding = set.excluding_element(known);
        let decisive = excluding.is_some_and(|excluding| excluding.id == element.id);
        found.push(unread(rule, version, &element.id, decisive));
    }
    let penalties = [
        band.filter(|band| !band.verified)
            .map(|band| (&band.rule, band.version, &band.citation)),
        fine.filter(|fine| !fine.verified)
            .map(|fine| (&fine.rule, fine.version, &fine.citation)),
    ];
    for (rule, version, citation) in penalties.into_iter().flatten() {
        found.push(Unverified {
            rule: rule.clone(),
            version,
            line: None,
            citation: citation.clone(),
            decisive: true,
        });
    }
    found.sort();
    found
}

fn unread(rule: &Rule, version: &Version, part: &str, decisive: bool) -> Unverified {
    Unverified {
        rule: rule.id.clone(),
        version: version.from,
        line: Some(part.to_owned()),
        citation: rule.source_of(version).cite.clone(),
        decisive,
    }
}

/// Unread lines of other offences that a line rests on, and unread ways in which an amount was found.
fn derived_unverified(
    evaluated: &Evaluated<'_>,
    stated: &Known,
    is_decisive: impl Fn(&Line) -> bool,
) -> Vec<Unverified> {
    let Evaluated { set, known, .. } = evaluated;
    let mut found: BTreeMap<Unverified, bool> = BTreeMap::new();
    let mut add = |unverified: Unverified| {
        let decisive = unverified.decisive;
        let key = Unverified {
            decisive: false,
            ..unverified
        };
        *found.entry(key).or_default() |= decisive;
    };
    for (_, _, own) in set.lines() {
        let named = set.named_lines(own);
        for (inner, rule, version, line) in named.iter().filter(|(_, _, _, line)| !line.verified) {
            let same = inner.line_truth(line, known) == set.line_truth(own, known);
            add(unread(rule, version, &line.id, is_decisive(own) && same));
        }
        let facts = named.iter().flat_map(|(_, _, _, line)| line.condition.names());
        let ways: Vec<_> = facts
            .chain(own.condition.names())
            .flat_map(|fact| set.unread_ways(fact, known))
            .collect();
        // A line that comes out the same on what is stated alone does not rest on a derivation.
        let rests_on_them = !ways.is_empty()
            && is_decisive(own)
            && set.truth_as_stated(own, stated) != set.line_truth(own, known);
        for (rule, version, way) in ways {
            add(unread(rule, version, way, rests_on_them));
        }
    }
    found
        .into_iter()
        .map(|(unverified, decisive)| Unverified {
            decisive,
            ..unverified
        })
        .collect()
}

fn summary(
    law: &Parsed,
    (offence, title): (&str, &Text),
    (outcome, could_reach): (Outcome, Tier),
    as_of: Day,
    rests: Rests,
    uncertain: bool,
) -> Text {
    let (tier, reach) = match outcome {
        Outcome::Below => (law.tier(Tier::Below), None),
        Outcome::Undetermined => (law.messages.say(key::TIER_UNDETERMINED, &[]), Some(could_reach)),
        Outcome::Base => (
            law.tier(Tier::Base),
            Some(could_reach).filter(|t| *t > Tier::Base),
        ),
        Outcome::Serious => (
            law.tier_of(offence, Tier::Serious),
            Some(could_reach).filter(|t| *t > Tier::Serious),
        ),
        Outcome::EspeciallySerious => (law.tier(Tier::EspeciallySerious), None),
    };
    let reach_text = reach.map(|reach| law.tier_of(offence, reach)).unwrap_or_default();
    let message = if reach.is_some() {
        key::SUMMARY_COULD_REACH
    } else {
        key::SUMMARY
    };
    let as_of = Text::same(as_of.to_string());
    let values = [
        ("offence", title),
        ("tier", &tier),
        ("reach", &reach_text),
        ("as_of", &as_of),
    ];
    let mut text = law.messages.say(message, &values);
    match rests {
        Rests::OnNothingUnread => {}
        Rests::Outcome => text.append(&law.messages.say(key::SUMMARY_UNVERIFIED, &[])),
        Rests::Choice => text.append(&law.messages.say(key::SUMMARY_UNVERIFIED_CHOICE, &[])),
    }
    if uncertain {
        text.append(&law.messages.say(key::SUMMARY_UNCERTAIN, &[]));
    }
    text
}

/// What is stated against what a rule set derives from the rest.
fn derived_contradictions(evaluated: &Evaluated<'_>, sheet: &FactSheet) -> Vec<Contradiction> {
    let conflicts = evaluated.set.derived_contradictions(&evaluated.known).into_iter();
    conflicts
        .map(|(fact, text)| Contradiction {
            stated: sheet
                .facts
                .iter()
                .filter(|statement| statement.name == fact)
                .cloned()
                .collect(),
            alternatives: Vec::new(),
            fact,
            text,
        })
        .collect()
}
