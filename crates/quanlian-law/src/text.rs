//! Text in two languages, and the message file that all sentences of the engine come from.
//!
//! In:  `law/messages.toml`: one table of keys, each with a Chinese and an English template.
//! Out: [`Text`], made by filling the `{placeholders}` of a template.
//!
//! Invariant: the keys of the file are exactly [`ALL_KEYS`], and both languages of
//! a key have the same placeholders; loading fails otherwise. No sentence that a
//! person reads stands in Rust.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One text in Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese (简体中文).
    pub zh: String,
    /// English.
    pub en: String,
}

/// The languages that every text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Text {
    /// The same characters in both languages: dates, numbers, ids.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            zh: text.clone(),
            en: text,
        }
    }

    /// The text in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }

    /// Adds another text at the end.
    pub(crate) fn append(&mut self, more: &Self) {
        self.zh.push_str(&more.zh);
        self.en.push_str(&more.en);
    }

    /// Several texts one after the other, parted as each language does it.
    pub(crate) fn join<'a>(texts: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for text in texts {
            zh.push(text.zh.as_str());
            en.push(text.en.as_str());
        }
        Self {
            zh: zh.join("、"),
            en: en.join(", "),
        }
    }
}

macro_rules! keys {
    ($($name:ident = $key:literal;)*) => {
        /// The keys of `law/messages.toml`, by the names that the engine uses.
        pub(crate) mod key {
            $(pub(crate) const $name: &str = $key;)*
        }
        /// Every key that the message file must have, and the only ones that it may have.
        pub(crate) const ALL_KEYS: &[&str] = &[$($key),*];
    };
}

keys! {
    AMOUNT_MONEY = "amount.money";
    AMOUNT_EXACT = "amount.exact";
    AMOUNT_AT_LEAST = "amount.at_least";
    AMOUNT_AT_MOST = "amount.at_most";
    AMOUNT_BETWEEN = "amount.between";
    AMOUNT_UNKNOWN = "amount.unknown";
    TIER_BELOW = "tier.below";
    TIER_BASE = "tier.base";
    TIER_SERIOUS_UPPER = "tier.serious_upper";
    TIER_SERIOUS = "tier.serious";
    TIER_ESPECIALLY_SERIOUS = "tier.especially_serious";
    TIER_UNDETERMINED = "tier.undetermined";
    STATE_MET = "state.met";
    STATE_NOT_MET = "state.not_met";
    STATE_UNKNOWN = "state.unknown";
    HOLDS = "holds";
    HOLDS_NOT = "holds_not";
    STATE_NOTE = "state.note";
    UNVERIFIED_MARK = "unverified.mark";
    EVIDENCE_MARK = "evidence.mark";
    TIER_GROUP = "reason.tier_group";
    LINE_MET = "reason.line_met";
    LINE_NOT_MET = "reason.line_not_met";
    LINE_UNKNOWN = "reason.line_unknown";
    LINE_NO_FACT = "reason.line_no_fact";
    LINE_CONDITIONAL = "reason.line_conditional";
    APPLIES_STATED = "reason.applies_stated";
    APPLIES_IMPLIED = "reason.applies_implied";
    APPLIES_UNKNOWN = "reason.applies_unknown";
    APPLIES_CONTRADICTED = "reason.applies_contradicted";
    APPLIES_EXCLUDED = "reason.applies_excluded";
    APPLIES_REMAINS = "reason.applies_remains";
    ONE_OF_GROUP = "reason.one_of_group";
    IF_ONE_OF_GROUP = "reason.if_one_of_group";
    ATTEMPT = "reason.attempt";
    ALL_OF = "reason.all_of";
    ANY_OF = "reason.any_of";
    AT_LEAST_OF = "reason.at_least_of";
    SHARE_OF_LINE = "reason.share_of_line";
    REACHES = "reason.reaches";
    NO_OFFENCE = "reason.no_offence";
    DERIVED_FOUND = "derived.found";
    DERIVED_BAR = "derived.bar";
    DERIVED_CASE = "derived.case";
    DERIVED_INPUT = "derived.input";
    DERIVED_ADDED = "derived.added";
    DERIVED_PRODUCT = "derived.product";
    DERIVED_PRODUCT_FIRST = "derived.product_first";
    DERIVED_ABOVE = "derived.above";
    DERIVED_STATED = "derived.stated";
    DERIVED_STATED_CONFLICT = "derived.stated_conflict";
    ACTS_SUM = "acts.sum";
    ACTS_NOT_NAMED = "acts.not_named";
    ACT_COUNTED = "acts.counted";
    ACT_LEFT_OUT = "acts.left_out";
    UNIT_FACTOR = "reason.unit_factor";
    UNIT_PERSON_UNKNOWN = "reason.unit_person_unknown";
    NO_LINES = "reason.no_lines";
    ELEMENT_EXCLUDES = "reason.element_excludes";
    LIMITATION_INSIDE = "limitation.inside";
    LIMITATION_OPEN = "limitation.open";
    BAND = "band.text";
    BAND_DETENTION = "band.detention";
    FINE_OF_FACT = "fine.of_fact";
    FINE_FIXED = "fine.fixed";
    FINE_PRIOR_UNKNOWN = "fine.prior_unknown";
    ELEMENT_MET = "element.met";
    ELEMENT_SIGN = "element.sign";
    ELEMENT_NOT_MET = "element.not_met";
    ELEMENT_UNKNOWN = "element.unknown";
    ELEMENT_DENIED_BY = "element.denied_by";
    GOVERNING_SAME = "governing.same";
    GOVERNING_OLD_EQUAL = "governing.old_equal";
    GOVERNING_OLD_FINE = "governing.old_fine";
    GOVERNING_OLD_HEAVIER = "governing.old_heavier";
    GOVERNING_OLD_FINE_UNCLEAR = "governing.old_fine_unclear";
    GOVERNING_NEW_LIGHTER = "governing.new_lighter";
    GOVERNING_NEW_FINE = "governing.new_fine";
    GOVERNING_SPLIT_NEW = "governing.split_new";
    GOVERNING_SPLIT_OLD = "governing.split_old";
    GOVERNING_NO_OLD = "governing.no_old";
    GOVERNING_CHOSEN = "governing.chosen";
    GOVERNING_DEPARTS = "governing.departs";
    GOVERNING_PROVISIONAL = "governing.provisional";
    GOVERNING_NO_CONDUCT = "governing.no_conduct";
    MISSING_LIFT_ALONE = "missing.lift_alone";
    MISSING_LIFT_AT = "missing.lift_at";
    MISSING_LIFT_TOGETHER = "missing.lift_together";
    MISSING_FLAG = "missing.flag";
    MISSING_PERSON = "missing.person";
    MISSING_CONDUCT = "missing.conduct";
    CONTRADICTION = "contradiction";
    CONTRADICTION_GROUP = "contradiction.group";
    CONTRADICTION_DERIVED = "contradiction.derived";
    OPEN_NO_JUDGMENT_DATE = "open.no_judgment_date";
    OPEN_NO_CONDUCT = "open.no_conduct";
    OPEN_CONDUCT_OPEN_END = "open.conduct_open_end";
    OPEN_STRADDLES = "open.straddles";
    OPEN_MIDDLE_LAW = "open.middle_law";
    OPEN_NO_OLD_RULES = "open.no_old_rules";
    OPEN_IMPLIED_BUT_DENIED = "open.implied_but_denied";
    SUMMARY = "summary";
    SUMMARY_UNVERIFIED = "summary.unverified";
    SUMMARY_UNVERIFIED_CHOICE = "summary.unverified_choice";
    SUMMARY_COULD_REACH = "summary.could_reach";
    TRANSFER_LINE_REACHED = "transfer.line_reached";
    TRANSFER_SUSPICION = "transfer.suspicion_possible";
    TRANSFER_NO_LINE = "transfer.no_line";
    TRANSFER_NO_RULES = "transfer.no_rules";
    SUMMARY_ATTEMPT = "summary.attempt";
    GOVERNING_CHOSEN_BY = "governing.chosen_by";
    GOVERNING_CHOSEN_ON = "governing.chosen_on";
    LAYER_STATUTE = "layer.statute";
    LAYER_INTERPRETATION = "layer.interpretation";
    LAYER_SAME = "layer.same";
    LAYER_DIFFERS = "layer.differs";
    LAYER_CHANGE = "layer.change";
    LAYER_NONE = "layer.none";
    LAYER_STRADDLED = "layer.straddled";
    OPEN_MIDDLE_LAW_LIGHTER = "open.middle_law_lighter";
    OPEN_PERIOD_OUTSIDE = "open.period_outside";
    OPEN_PERIOD_BEYOND = "open.period_beyond";
    OPEN_DECIDED_APART = "open.decided_apart";
    SUMMARY_UNCERTAIN = "summary.uncertain";
    CERTAINTY_MARK = "certainty.mark";
    CERTAINTY_CERTAIN = "certainty.certain";
    CERTAINTY_PROBABLE = "certainty.probable";
    CERTAINTY_ALLEGED = "certainty.alleged";
    CERTAINTY_DISPUTED = "certainty.disputed";
    UNCERTAIN_ALONE = "uncertain.alone";
    UNCERTAIN_TOGETHER = "uncertain.together";
    UNCERTAIN_NO = "uncertain.no";
    CONTRADICTION_ALTERNATIVE = "contradiction.alternative";
    CONTRADICTION_SKIPPED = "contradiction.skipped";
    SENSITIVITY_WITHOUT = "sensitivity.without";
    SENSITIVITY_WITHOUT_REACH = "sensitivity.without_reach";
    SENSITIVITY_STAYS = "sensitivity.stays";
    SENSITIVITY_FALLS = "sensitivity.falls";
    SENSITIVITY_FALLS_AT = "sensitivity.falls_at";
    SENSITIVITY_RISES = "sensitivity.rises";
    SENSITIVITY_RISES_BELOW = "sensitivity.rises_below";
    SENSITIVITY_OPPOSITE = "sensitivity.opposite";
    SENSITIVITY_CONDUCT = "sensitivity.conduct";
    SENSITIVITY_JUDGMENT = "sensitivity.judgment";
    SENSITIVITY_NATURAL = "sensitivity.natural";
    SENSITIVITY_UNIT = "sensitivity.unit";
    SENSITIVITY_NEXT_LINE = "sensitivity.next_line";
    CIRCUMSTANCE_LIGHTER = "circumstance.lighter";
    CIRCUMSTANCE_HEAVIER = "circumstance.heavier";
    CIRCUMSTANCE_DOWN_TO = "circumstance.down_to";
    CIRCUMSTANCE_DOWN = "circumstance.down";
    CIRCUMSTANCE_UP_TO = "circumstance.up_to";
    CIRCUMSTANCE_UP = "circumstance.up";
    CIRCUMSTANCE_AT_LEAST = "circumstance.at_least";
    CIRCUMSTANCE_FURTHER = "circumstance.further";
    CIRCUMSTANCE_FIRST = "circumstance.first";
    CIRCUMSTANCE_MAY_MITIGATE = "circumstance.may_mitigate";
    CIRCUMSTANCE_MUST_MITIGATE = "circumstance.must_mitigate";
    CIRCUMSTANCE_ABSORBED = "circumstance.absorbed";
    LOWER_BAND = "lower_band.text";
    LOWER_BAND_LOWEST = "lower_band.lowest";
    LOWER_BAND_NO_TEXT = "lower_band.no_text";
    SENTENCE_DISCRETION = "sentence.discretion";
    SENTENCE_NO_PROPOSAL = "sentence.no_proposal";
    SENTENCE_NOTE = "sentence.note";
    SENTENCE_PERSON_OPEN = "sentence.person_open";
    SENTENCE_NO_GUIDELINE = "sentence.no_guideline";
    GROUND_HOLDS = "ground.holds";
    GROUND_HOLDS_NOT = "ground.holds_not";
    GROUND_UNKNOWN = "ground.unknown";
    PROBATION_ALLOWED = "probation.allowed";
    PROBATION_MUST = "probation.must";
    PROBATION_BARRED = "probation.barred";
    PROBATION_BARRED_IN_GENERAL = "probation.barred_in_general";
    PROBATION_OUT_OF_REACH = "probation.out_of_reach";
    PROBATION_OPEN = "probation.open";
    PROBATION_PERIODS = "probation.periods";
    PROBATION_NO_SPECIAL = "probation.no_special";
    DEVIATION_NO_FRAME = "deviation.no_frame";
    DEVIATION_UNIT = "deviation.unit";
    DEVIATION_TIER_SAME = "deviation.tier_same";
    DEVIATION_TIER_OTHER = "deviation.tier_other";
    DEVIATION_INSIDE_BAND = "deviation.inside_band";
    DEVIATION_ABOVE_BAND = "deviation.above_band";
    DEVIATION_NO_GROUND = "deviation.no_ground";
    DEVIATION_WOULD_FIT = "deviation.would_fit";
    DEVIATION_UNDER_LOWEST = "deviation.under_lowest";
    DEVIATION_INSIDE_LOWER = "deviation.inside_lower";
    DEVIATION_OUTSIDE_LOWER = "deviation.outside_lower";
    DEVIATION_NO_DETENTION = "deviation.no_detention";
    DEVIATION_DETENTION = "deviation.detention";
    DEVIATION_NO_PROBATION_TEXT = "deviation.no_probation_text";
    DEVIATION_NO_SENTENCE = "deviation.no_sentence";
    DEVIATION_PROBATION_TOO_LONG = "deviation.probation_too_long";
    DEVIATION_PROBATION_BARRED = "deviation.probation_barred";
    DEVIATION_PROBATION_FITS = "deviation.probation_fits";
    DEVIATION_PROBATION_NOTHING_AGAINST = "deviation.probation_nothing_against";
    DEVIATION_PERIOD = "deviation.period";
    DEVIATION_NO_FINE_RANGE = "deviation.no_fine_range";
    DEVIATION_FINE_INSIDE = "deviation.fine_inside";
    DEVIATION_FINE_BELOW = "deviation.fine_below";
    DEVIATION_FINE_ABOVE = "deviation.fine_above";
    DEVIATION_FINE_OPEN = "deviation.fine_open";
    DEVIATION_FLOOR = "deviation.floor";
    DEVIATION_FLOOR_MINOR = "deviation.floor_minor";
    DEVIATION_GIVEN_MONTHS = "deviation.given_months";
    DEVIATION_WHAT_TIER = "deviation.what.tier";
    DEVIATION_WHAT_IMPRISONMENT = "deviation.what.imprisonment";
    DEVIATION_WHAT_DETENTION = "deviation.what.detention";
    DEVIATION_WHAT_PROBATION = "deviation.what.probation";
    DEVIATION_WHAT_PERIOD = "deviation.what.probation_period";
    DEVIATION_WHAT_FINE = "deviation.what.fine";
    DEVIATION_WHAT_FINE_FLOOR = "deviation.what.fine_floor";
    DEVIATION_INSIDE = "deviation.state.inside";
    DEVIATION_BELOW = "deviation.state.below";
    DEVIATION_ABOVE = "deviation.state.above";
    DEVIATION_OUTSIDE = "deviation.state.outside";
    DEVIATION_CANNOT_BE_TOLD = "deviation.state.cannot_be_told";
    RENDER_BETWEEN = "render.between";
    RENDER_LAYERS = "render.layers";
    RENDER_SENTENCE = "render.sentence";
    RENDER_CIRCUMSTANCES = "render.circumstances";
    RENDER_MAY_BE_STATED = "render.may_be_stated";
    RENDER_CONDITIONS = "render.conditions";
    RENDER_BARS = "render.bars";
    RENDER_MUST_IF = "render.must_if";
    RENDER_LIGHTER = "render.lighter";
    RENDER_HEAVIER = "render.heavier";
    RENDER_FINE_LOWER = "render.fine_lower";
    RENDER_FLOOR = "render.floor";
    RENDER_FLOOR_MINOR = "render.floor_minor";
    RENDER_DEVIATIONS = "render.deviations";
    RENDER_UNCERTAIN = "render.uncertain";
    RENDER_SENSITIVITY = "render.sensitivity";
    RENDER_NEXT_LINES = "render.next_lines";
    PERSON = "person";
    CONDUCT = "conduct";
    CLOCK_DUE_DAY = "clock.due_day";
    CLOCK_DUE_HOURS = "clock.due_hours";
    CLOCK_DUE_HOURS_DAY = "clock.due_hours_day";
    CLOCK_DUE_AT_ONCE = "clock.due_at_once";
    CLOCK_AT_ONCE = "clock.at_once";
    CLOCK_WAITS = "clock.waits";
    CLOCK_NO_VERSION = "clock.no_version";
    CLOCK_CALENDAR_MISSING = "clock.calendar_missing";
    CLOCK_OUT_OF_RANGE = "clock.out_of_range";
    CLOCK_DONE = "clock.done";
    CLOCK_LATE = "clock.late";
    CLOCK_DONE_UNCLEAR = "clock.done_unclear";
    CLOCK_BEFORE_START = "clock.before_start";
    CLOCK_HOURS = "clock.hours";
    CLOCK_DAYS_CALENDAR = "clock.days_calendar";
    CLOCK_DAYS_WORKING = "clock.days_working";
    CLOCK_MONTHS = "clock.months";
    CLOCK_YEARS = "clock.years";
    CLOCK_HOUR = "clock.hour";
    CLOCK_DAY_CALENDAR = "clock.day_calendar";
    CLOCK_DAY_WORKING = "clock.day_working";
    CLOCK_MONTH = "clock.month";
    CLOCK_YEAR = "clock.year";
    CLOCK_REASONABLE = "clock.reasonable";
    CLOCK_CITED = "clock.cited";
    CLOCK_AND = "clock.and";
    CLOCK_WEEKEND = "clock.weekend";
    CLOCK_DAYS = "clock.from_to";
    CLOCK_STANDS = "clock.stands";
    CLOCK_MOVED = "clock.moved";
    CLOCK_OVER_EXTENDED = "clock.over_extended";
    CLOCK_DUE_BEFORE = "clock.due_before";
    CLOCK_CALENDAR_MISSING_BEFORE = "clock.calendar_missing_before";
    CLOCK_NOT_EARLIER = "clock.not_earlier";
    CLOCK_NOT_LATER = "clock.not_later";
    CLOCK_OUT_OF_RANGE_SHORT = "clock.out_of_range_short";
    CLOCK_READ_WORKING_DAYS = "clock.read.working_days";
    CLOCK_READ_MOVED = "clock.read.moved_last_day";
    CLOCK_READ_FIRST_HOUR = "clock.read.first_hour_not_counted";
    CLOCK_READ_WHOLE_DAYS = "clock.read.whole_days_between";
    CLOCK_STEP_SERVED = "clock.step.served";
    CLOCK_STEP_START = "clock.step.start";
    CLOCK_STEP_BACKWARDS = "clock.step.backwards";
    CLOCK_STEP_NO_HOUR = "clock.step.no_hour";
    CLOCK_STEP_LENGTH = "clock.step.length";
    CLOCK_STEP_OPEN = "clock.step.open";
    CLOCK_STEP_RESULT = "clock.step.result";
    CLOCK_STEP_NO_RESULT = "clock.step.no_result";
    CLOCK_STEP_FROM_INSTANT = "clock.step.from_instant";
    CLOCK_STEP_FIRST_HOUR = "clock.step.first_hour";
    CLOCK_STEP_FIRST_DAY = "clock.step.first_day";
    CLOCK_STEP_PAUSED = "clock.step.paused";
    CLOCK_STEP_COUNTED = "clock.step.counted";
    CLOCK_STEP_EXTENDED = "clock.step.extended";
    CLOCK_STEP_EXTENDED_LIMIT = "clock.step.extended_to_limit";
    CLOCK_STEP_STANDS = "clock.step.stands";
    CLOCK_STEP_MOVED = "clock.step.moved";
    CLOCK_STEP_STAYS = "clock.step.stays";
    CLOCK_STEP_MISSING = "clock.step.missing";
    CLOCK_STEP_PROVISIONAL = "clock.step.provisional";
    CLOCK_STEP_MADE_UP = "clock.step.made_up";
    CLOCK_STEP_HOLIDAY = "clock.step.holiday";
    CLOCK_STEP_WEEKEND = "clock.step.weekend";
    CLOCK_PROBLEM_SUSPENSION = "clock.problem.suspension";
    CLOCK_PROBLEM_LIMIT = "clock.problem.limit";
    CLOCK_PROBLEM_EXTENSION = "clock.problem.extension";
    CLOCK_PROBLEM_OUT_OF_TIME = "clock.problem.out_of_time";
    RULE_AT_OR_ABOVE = "rule.at_or_above";
    RULE_ATTEMPT = "rule.attempt";
    RULE_REACHES = "rule.reaches";
    RULE_NO_OFFENCE = "rule.no_offence";
    RULE_TIER = "rule.tier";
    RULE_WHERE = "rule.where";
    RULE_ALL = "rule.all";
    RULE_ANY = "rule.any";
    RULE_AT_LEAST = "rule.at_least";
    RULE_ELEMENT = "rule.element";
    RULE_ELEMENT_VALUES = "rule.element_values";
    RULE_ELEMENT_SIGNS = "rule.element_signs";
    RULE_ELEMENT_DENIED_BY = "rule.element_denied_by";
    RULE_FINE_MANDATORY = "rule.fine_mandatory";
    RULE_FINE_TOGETHER_OR_ALONE = "rule.fine_together_or_alone";
    RULE_FINE_SHARE = "rule.fine_share";
    RULE_FINE_FIXED = "rule.fine_fixed";
    RULE_FINE_FIRST_KNOWN = "rule.fine_first_known";
    RULE_FINE_EITHER = "rule.fine_either";
    RULE_FINE_FLOOR = "rule.fine_floor";
    RULE_UNIT = "rule.unit";
    RULE_LIMITATION_BELOW = "rule.limitation_below";
    RULE_LIMITATION_REST = "rule.limitation_rest";
    RULE_CLOCK = "rule.clock";
    SHOW_KIND = "show.kind";
    SHOW_CHECKED = "show.checked";
    SHOW_READ = "show.read";
    SHOW_UNREAD = "show.unread";
    SHOW_NOTE = "show.note";
    SHOW_VERSIONS = "show.versions";
    SHOW_VERSION = "show.version";
    SHOW_IN_FORCE = "show.in_force";
    SHOW_NOT_IN_FORCE = "show.not_in_force";
    SHOW_LINE = "show.line";
    SHOW_EXAMPLES = "show.examples";
    SHOW_GAP = "show.gap";
    SHOW_ASKS = "show.asks";
    SHOW_RULES = "show.rules";
    SHOW_FACT = "show.fact";
    SHOW_IMPLIED = "show.implied";
    FACT_MONEY = "fact.money";
    FACT_COUNT = "fact.count";
    FACT_FLAG = "fact.flag";
    FACT_TEXT = "fact.text";
    FACTS_TITLE = "facts.title";
    FACTS_INTRO = "facts.intro";
    FACTS_FACTS = "facts.facts";
    FACTS_EVENTS = "facts.events";
    FACTS_EVENTS_INTRO = "facts.events_intro";
    FACTS_NAME = "facts.name";
    FACTS_KIND = "facts.kind";
    FACTS_TITLE_COLUMN = "facts.title_column";
    FACTS_MEANING = "facts.meaning";
    FACTS_ASKED_BY = "facts.asked_by";
    DIFF_TITLE = "diff.title";
    DIFF_SAME = "diff.same";
    DIFF_BEFORE = "diff.before";
    DIFF_AFTER = "diff.after";
    DIFF_RULES = "diff.rules";
    DIFF_RULE = "diff.rule";
    DIFF_FIELD = "diff.field";
    DIFF_NOTHING = "diff.nothing";
    DIFF_ADDED = "diff.added";
    DIFF_REMOVED = "diff.removed";
    DIFF_RAISED = "diff.raised";
    DIFF_LOWERED = "diff.lowered";
    DIFF_CHANGED = "diff.changed";
    DIFF_LINE_RAISED = "diff.line_raised";
    DIFF_LINE_LOWERED = "diff.line_lowered";
    DIFF_LINE_ADDED = "diff.line_added";
    DIFF_LINE_REMOVED = "diff.line_removed";
    DIFF_LINE_NO_EFFECT = "diff.line_no_effect";
    DIFF_LINE_OTHER = "diff.line_other";
    DIFF_LINE_OTHER_ADDED = "diff.line_other_added";
    DIFF_LINE_OTHER_REMOVED = "diff.line_other_removed";
    DIFF_LINE_CIRCUMSTANCES = "diff.line_circumstances";
    DIFF_NO_CIRCUMSTANCES = "diff.no_circumstances";
    DIFF_BAND = "diff.band";
    DIFF_FINE = "diff.fine";
    DIFF_UNIT = "diff.unit";
    DIFF_ELEMENT_ADDED = "diff.element_added";
    DIFF_ELEMENT_REMOVED = "diff.element_removed";
    DIFF_ELEMENT_VALUES = "diff.element_values";
    DIFF_CLOCK_ADDED = "diff.clock_added";
    DIFF_CLOCK_REMOVED = "diff.clock_removed";
    DIFF_CLOCK_SAME = "diff.clock_same";
    DIFF_CLOCK_CHANGED = "diff.clock_changed";
    UNREAD_TITLE = "unread.title";
    UNREAD_PART = "unread.part";
    UNREAD_RESTS_ON = "unread.rests_on";
    UNREAD_TOUCHES = "unread.touches";
    UNREAD_WHOLE = "unread.whole";
    UNREAD_BY_OFFENCE = "unread.by_offence";
    RIGHT_COPYRIGHT = "right.copyright";
    RIGHT_PATENT = "right.patent";
    RIGHT_TRADEMARK = "right.trademark";
    RIGHT_TRADE_SECRET = "right.trade_secret";
    RIGHT_UNFAIR_COMPETITION = "right.unfair_competition";
    RIGHT_PLANT_VARIETY = "right.plant_variety";
    DAMAGES_SUMMARY = "damages.summary";
    DAMAGES_SUMMARY_CHOICE = "damages.summary.choice";
    DAMAGES_SUMMARY_NONE = "damages.summary.none";
    DAMAGES_CHOSEN = "damages.chosen";
    DAMAGES_CONTRADICTION = "damages.contradiction";
    DAMAGES_HARD_BUT_STATED = "damages.hard_but_stated";
    DAMAGES_WAYS_DIFFER = "damages.ways_differ";
    DAMAGES_NO_LAW = "damages.law.none";
    DAMAGES_LAW_OF_THE_ACT = "damages.law.of_the_act";
    DAMAGES_LAW_CONTINUING = "damages.law.continuing";
    DAMAGES_LAW_OPEN = "damages.law.open";
    DAMAGES_NO_LOCAL = "damages.local.none";
    DAMAGES_LOCAL_FIRST = "damages.local.first";
    DAMAGES_LOCAL_STRADDLES = "damages.local.straddles";
    DAMAGES_OPEN_NO_BEGIN = "damages.open.no_begin";
    DAMAGES_OPEN_NO_END = "damages.open.no_end";
    DAMAGES_OPEN_BEFORE = "damages.open.before";
    DAMAGES_OPEN_INTERPRETATION = "damages.open.interpretation";
    DAMAGES_OPEN_LOOK_BACK = "damages.open.look_back";
    DAMAGES_METHOD_AVAILABLE = "damages.method.available";
    DAMAGES_METHOD_MISSING = "damages.method.missing";
    DAMAGES_METHOD_UNDETERMINABLE = "damages.method.undeterminable";
    DAMAGES_METHOD_EXCLUDED = "damages.method.excluded";
    DAMAGES_FACTOR = "damages.factor";
    DAMAGES_FORMULA_STATED = "damages.formula.stated";
    DAMAGES_FORMULA_LACKING = "damages.formula.lacking";
    DAMAGES_SHARE_UNSTATED = "damages.share_unstated";
    DAMAGES_MULTIPLE_UNSTATED = "damages.multiple_unstated";
    DAMAGES_STATUTORY_OPEN = "damages.statutory.open";
    DAMAGES_STATUTORY_BESIDE = "damages.statutory.beside";
    DAMAGES_STATUTORY_CLOSED = "damages.statutory.closed";
    DAMAGES_STATUTORY_DEPENDS = "damages.statutory.depends";
    DAMAGES_STATUTORY_NOT_FOR = "damages.statutory.not_for";
    DAMAGES_COSTS_SILENT = "damages.costs.silent";
    DAMAGES_COSTS_UNSTATED = "damages.costs.unstated";
    DAMAGES_COSTS_ON_TOP = "damages.costs.on_top";
    DAMAGES_COSTS_INCLUDED = "damages.costs.included";
    DAMAGES_FAULT_INTENTIONAL = "damages.fault.intentional";
    DAMAGES_FAULT_BAD_FAITH = "damages.fault.bad_faith";
    DAMAGES_NONE = "damages.none";
    DAMAGES_FOUND_STATED = "damages.found.stated";
    DAMAGES_FOUND_BY_LIST = "damages.found.by_list";
    DAMAGES_FOUND_MAY = "damages.found.may";
    DAMAGES_FOUND_DISPUTED = "damages.found.disputed";
    DAMAGES_FOUND_UNKNOWN = "damages.found.unknown";
    DAMAGES_FOUND_NOT = "damages.found.not";
    DAMAGES_MULTIPLE_RANGE = "damages.multiple.range";
    DAMAGES_PUNITIVE_NOT_FOR = "damages.punitive.not_for";
    DAMAGES_PUNITIVE_OUTSIDE = "damages.punitive.outside";
    DAMAGES_PUNITIVE_EXCLUDED = "damages.punitive.excluded";
    DAMAGES_PUNITIVE_LATE = "damages.punitive.late";
    DAMAGES_PUNITIVE_NO_BASE = "damages.punitive.no_base";
    DAMAGES_PUNITIVE_OPEN = "damages.punitive.open";
    DAMAGES_PUNITIVE_MAY_OPEN = "damages.punitive.may_open";
    DAMAGES_PUNITIVE_UNKNOWN = "damages.punitive.unknown";
    DAMAGES_PUNITIVE_CLAIMED = "damages.punitive.claimed";
    DAMAGES_PUNITIVE_UNCLAIMED = "damages.punitive.unclaimed";
    DAMAGES_READING_PLAIN = "damages.reading.plain";
    DAMAGES_READING_STATUTORY = "damages.reading.statutory";
    DAMAGES_READING_TIMES = "damages.reading.times";
    DAMAGES_READING_TIMES_OPEN = "damages.reading.times_open";
    DAMAGES_READING_PLUS = "damages.reading.plus";
    DAMAGES_READING_PLUS_OPEN = "damages.reading.plus_open";
    DAMAGES_READING_COSTS = "damages.reading.costs";
    DAMAGES_READING_COSTS_INSIDE = "damages.reading.costs_inside";
    DAMAGES_READING_TOTAL = "damages.reading.total";
    DAMAGES_INTEREST = "damages.interest";
    DAMAGES_INTEREST_PERIOD = "damages.interest.period";
    DAMAGES_CLAIM_ABOVE = "damages.claim.above";
    DAMAGES_CLAIM_BELOW = "damages.claim.below";
    DAMAGES_CLAIM_INSIDE = "damages.claim.inside";
    DAMAGES_CLAIM_ABOVE_STATUTORY = "damages.claim.above_statutory";
    DAMAGES_CLAIM_BELOW_STATUTORY = "damages.claim.below_statutory";
    DAMAGES_CLAIM_INSIDE_STATUTORY = "damages.claim.inside_statutory";
    DAMAGES_FINE_ADMINISTRATIVE = "damages.fine.administrative";
    DAMAGES_FINE_CRIMINAL = "damages.fine.criminal";
    DAMAGES_FINE_NOT_DEDUCTED = "damages.fine.not_deducted";
    DAMAGES_FINE_OTHER_ACT = "damages.fine.other_act";
    DAMAGES_FINE_ACT_UNKNOWN = "damages.fine.act_unknown";
    DAMAGES_FINE_UNPAID = "damages.fine.unpaid";
    DAMAGES_FINE_MAY = "damages.fine.may";
    DAMAGES_FINE_SHALL = "damages.fine.shall";
    DAMAGES_LICENCE_RANGE = "damages.licence.range";
    DAMAGES_LICENCE_TOO_FEW = "damages.licence.too_few";
    DAMAGES_LICENCE_PRO_RATA = "damages.licence.pro_rata";
    DAMAGES_LICENCE_WHOLE = "damages.licence.whole";
    DAMAGES_LICENCE_UNPERFORMED = "damages.licence.unperformed";
    DAMAGES_LICENCE_OTHER_KIND = "damages.licence.other_kind";
    DAMAGES_LICENCE_INCOME = "damages.licence.income";
    DAMAGES_LICENCE_COST_LOST = "damages.licence.cost_lost";
    DAMAGES_LICENCE_COST_CHECK = "damages.licence.cost_check";
    DAMAGES_MISSING_OPEN = "damages.missing.open";
    DAMAGES_MISSING_BY = "damages.missing.by";
    DAMAGES_RENDER_NO_PREDICTION = "damages.render.no_prediction";
    DAMAGES_RENDER_LAW = "damages.render.law";
    DAMAGES_RENDER_GOVERNS = "damages.render.governs";
    DAMAGES_RENDER_BESIDE = "damages.render.beside";
    DAMAGES_RENDER_OPEN_LAW = "damages.render.open_law";
    DAMAGES_RENDER_METHOD = "damages.render.method";
    DAMAGES_RENDER_USED = "damages.render.used";
    DAMAGES_RENDER_UNUSED = "damages.render.unused";
    DAMAGES_RENDER_PUNITIVE = "damages.render.punitive";
    DAMAGES_RENDER_CLAIM = "damages.render.claim";
    DAMAGES_RENDER_FINES = "damages.render.fines";
    DAMAGES_RENDER_LICENCE = "damages.render.licence";
    PENALTY_NO_CONDUCT = "penalty.no_conduct";
    PENALTY_NO_END = "penalty.no_end";
    PENALTY_STRADDLES = "penalty.straddles";
    PENALTY_NO_RULE = "penalty.no_rule";
    PENALTY_SAME = "penalty.same";
    PENALTY_REPEALED = "penalty.repealed";
    PENALTY_NO_OLD = "penalty.no_old";
    PENALTY_DECISION_ONLY = "penalty.decision_only";
    PENALTY_NEW_LIGHTER = "penalty.new_lighter";
    PENALTY_OLD = "penalty.old";
    PENALTY_CHOICE = "penalty.choice";
    PENALTY_SET = "penalty.set";
    PENALTY_MAY = "penalty.may";
    PENALTY_SHALL = "penalty.shall";
    PENALTY_EXCLUDED = "penalty.excluded";
    PENALTY_REQUIRES = "penalty.requires";
    PENALTY_HEAVIER = "penalty.heavier";
    PENALTY_BY_AMOUNT = "penalty.by_amount";
    PENALTY_OTHERWISE = "penalty.otherwise";
    PENALTY_SERIOUS = "penalty.serious";
    RENDER_RULE_SET = "render.rule_set";
    RENDER_GOVERNS = "render.governs";
    RENDER_BOTH = "render.both";
    RENDER_AT_CONDUCT = "render.at_conduct";
    RENDER_AT_JUDGMENT = "render.at_judgment";
    RENDER_OUTCOME = "render.outcome";
    RENDER_BAND = "render.band";
    RENDER_FINE = "render.fine";
    RENDER_WHY = "render.why";
    RENDER_MISSING = "render.missing";
    RENDER_UNVERIFIED = "render.unverified";
    RENDER_ELEMENTS = "render.elements";
    RENDER_OPEN = "render.open";
    RENDER_CONTRADICTIONS = "render.contradictions";
    RENDER_PROBLEM = "render.problem";
    RENDER_QUESTION = "render.question";
    RENDER_CHOICE = "render.choice";
    RENDER_TRANSFER = "render.transfer";
    RENDER_NO_GUILT = "render.no_guilt";
    RENDER_BOOK = "render.book";
}

/// The message templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Messages(BTreeMap<String, Text>);

/// What is wrong with a message file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MessageFault {
    Missing(String),
    Unknown(String),
    Placeholders(String),
}

impl Messages {
    /// Checks the keys and placeholders of a message table.
    pub(crate) fn new(table: BTreeMap<String, Text>) -> Result<Self, MessageFault> {
        let known: BTreeSet<&str> = ALL_KEYS.iter().copied().collect();
        if let Some(key) = ALL_KEYS.iter().find(|key| !table.contains_key(**key)) {
            return Err(MessageFault::Missing((*key).to_owned()));
        }
        for (key, text) in &table {
            if !known.contains(key.as_str()) {
                return Err(MessageFault::Unknown(key.clone()));
            }
            if placeholders(&text.zh) != placeholders(&text.en) {
                return Err(MessageFault::Placeholders(key.clone()));
            }
        }
        Ok(Self(table))
    }

    /// Fills the template `key`. A placeholder without a value stays visible, so that a test sees it.
    pub(crate) fn say(&self, key: &str, values: &[(&str, &Text)]) -> Text {
        let Some(template) = self.0.get(key) else {
            debug_assert!(false, "unknown message key {key}");
            return Text::same(key);
        };
        Text {
            zh: fill(&template.zh, |name| {
                find(values, name).map(|text| text.zh.as_str())
            }),
            en: fill(&template.en, |name| {
                find(values, name).map(|text| text.en.as_str())
            }),
        }
    }
}

fn find<'a>(values: &[(&str, &'a Text)], name: &str) -> Option<&'a Text> {
    values.iter().find(|(key, _)| *key == name).map(|(_, text)| *text)
}

/// Replaces each `{name}` once, left to right; what is filled in is not searched again.
fn fill<'a>(template: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        out.push_str(&rest[..open]);
        match value(&rest[open + 1..open + close]) {
            Some(text) => out.push_str(text),
            None => out.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

fn placeholders(template: &str) -> BTreeSet<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_in_value_is_not_searched_for_placeholders() {
        assert_eq!(
            fill("{a}-{b}-{c}", |name| (name == "a").then_some("{b}")),
            "{b}-{b}-{c}"
        );
    }

    #[test]
    fn a_message_table_with_other_keys_or_placeholders_is_refused() {
        let full: BTreeMap<String, Text> = ALL_KEYS
            .iter()
            .map(|key| ((*key).to_owned(), Text::same("{x}")))
            .collect();
        assert!(Messages::new(full.clone()).is_ok());
        let mut less = full.clone();
        less.remove("summary");
        assert_eq!(Messages::new(less), Err(MessageFault::Missing("summary".into())));
        let mut more = full.clone();
        more.insert("other".into(), Text::same(""));
        assert_eq!(Messages::new(more), Err(MessageFault::Unknown("other".into())));
        let mut uneven = full;
        uneven.insert(
            "person".into(),
            Text {
                zh: "{a}".into(),
                en: "{b}".into(),
            },
        );
        assert_eq!(
            Messages::new(uneven),
            Err(MessageFault::Placeholders("person".into()))
        );
    }
}
