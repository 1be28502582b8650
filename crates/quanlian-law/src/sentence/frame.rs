//! The frame of a sentence under one rule set.
//!
//! In:  the rule set's day, the tier established, its band and fine range, what is known.
//! Out: [`SentenceFrame`]: band, next lower band, circumstances, the court's own share, probation, fine.
//!
//! Invariant: everything in it is a range, a state or a citation. There is no frame without an
//! established tier.

use quanlian_record::time::Day;
use serde::Serialize;

use super::{CircumstanceResult, CircumstanceState, MayBeStated, ProbationFrame, circumstance, probation};
use crate::{
    evaluate::{Reason, ReasonKind},
    facts::Known,
    interval::Truth,
    load::Parsed,
    penalty::{self, BandResult, FineResult},
    rule::{Body, OpenQuestion, Person, Tier},
    text::{Text, key},
};

/// What the law leaves to the court once a tier is established.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentenceFrame {
    /// The tier.
    pub tier: Tier,
    /// Who acted; a frame for a unit has no imprisonment of its own.
    pub person: Option<Person>,
    /// The band of the tier; none for a unit.
    pub band: Option<BandResult>,
    /// For a unit: the people who answer beside it, under the article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible_persons: Option<ResponsiblePersons>,
    /// The next lower band, where a mitigating ground (减轻) is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_band: Option<LowerBand>,
    /// The circumstances that are stated.
    pub circumstances: Vec<CircumstanceResult>,
    /// Circumstances that nobody stated, for completeness; nobody is asked for them.
    pub may_be_stated: Vec<MayBeStated>,
    /// By how much the court may shift the adjusted result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discretion: Option<ShareOfCourt>,
    /// Probation; none for a unit, and where the files have no text for the day.
    pub probation: Option<ProbationFrame>,
    /// The fine.
    pub fine: FineFrame,
    /// What must be said with the frame: it is no proposal; the guideline does not name these crimes.
    pub notes: Vec<Reason>,
}

/// The band below, which a mitigating ground opens (Criminal Law 63).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LowerBand {
    /// Titles of the stated grounds.
    pub grounds: Vec<Text>,
    /// The band; `None` in the lowest band of the article, and where the files have no text for the day.
    pub band: Option<BandResult>,
    /// Id of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Version of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Day>,
    /// Instrument and article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text>,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The same in words.
    pub text: Text,
}

/// The people directly responsible in a unit (直接负责的主管人员和其他直接责任人员).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResponsiblePersons {
    /// The band of the article for them.
    pub band: Option<BandResult>,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The same in words.
    pub text: Text,
}

/// By how much the court may shift the adjusted result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShareOfCourt {
    /// In percent, either way.
    pub percent: u32,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
    /// The same in words.
    pub text: Text,
}

/// The fine: its general range, and the floor that always holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineFrame {
    /// The general range for the tier; `None` where nothing can be computed.
    pub range: Option<FineResult>,
    /// The range for a sentence in the lower band, where that is open and another range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_band_range: Option<FineResult>,
    /// The lowest fine that may be imposed, in fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_fen: Option<i64>,
    /// The lowest fine for a minor, in fen; shown unless it is stated that the actor was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor_floor_fen: Option<i64>,
    /// The rule on the floor, in words with its citation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Reason>,
}

/// What the frame is made for.
pub(crate) struct Asked<'a> {
    pub(crate) offence: &'a str,
    /// The day of the rule set.
    pub(crate) on: Day,
    pub(crate) judged_on: Day,
    pub(crate) tier: Tier,
}

/// The frame, or `None` under the entry line.
pub(crate) fn sentence_frame(
    law: &Parsed,
    asked: &Asked<'_>,
    known: &Known,
    band: Option<&BandResult>,
    fine: Option<&FineResult>,
) -> Option<SentenceFrame> {
    if asked.tier == Tier::Below {
        return None;
    }
    let is_unit = known.person == Some(Person::Unit);
    let circumstances = circumstance::circumstances(law, asked.judged_on, known);
    let lower_band = (!is_unit)
        .then(|| lower_band(law, asked, &circumstances.stated))
        .flatten();
    let lower_fine = lower_band
        .as_ref()
        .and_then(|lower| lower.band.as_ref())
        .and_then(|band| penalty::fine(law, asked.offence, asked.on, band.tier, known))
        .filter(|lower| fine.is_none_or(|own| (own.low, own.high) != (lower.low, lower.high)));
    let shortest = shortest_months(band, lower_band.as_ref());
    let probation = (!is_unit)
        .then(|| probation::probation(law, asked.offence, asked.on, shortest, known))
        .flatten();
    Some(SentenceFrame {
        tier: asked.tier,
        person: known.person,
        band: band.filter(|_| !is_unit).cloned(),
        responsible_persons: is_unit.then(|| responsible(law, asked, band)).flatten(),
        lower_band,
        circumstances: circumstances.stated,
        may_be_stated: circumstances.may_be_stated,
        discretion: discretion(law, asked.judged_on),
        probation,
        fine: fine_frame(law, asked.on, known, fine, lower_fine),
        notes: notes(law, asked.judged_on, known),
    })
}

/// The shortest imprisonment inside the frame; none where there is no band, or no end below it.
fn shortest_months(band: Option<&BandResult>, lower: Option<&LowerBand>) -> Option<u32> {
    match lower {
        Some(lower) => lower.band.as_ref().map(|band| band.min_months),
        None => band.map(|band| band.min_months),
    }
}

impl SentenceFrame {
    /// The provisions of the frame that nobody has read in the source, with version and citation.
    pub(crate) fn unread(&self) -> Vec<(&str, Day, &Text)> {
        let mut parts: Vec<(bool, &str, Day, &Text)> = Vec::new();
        for c in &self.circumstances {
            parts.push((c.verified, &c.rule, c.version, &c.citation));
        }
        if let Some(lower) = &self.lower_band
            && let (Some(rule), Some(version), Some(citation)) = (&lower.rule, lower.version, &lower.citation)
        {
            parts.push((lower.verified, rule, version, citation));
        }
        if let Some(share) = &self.discretion {
            parts.push((share.verified, &share.rule, share.version, &share.citation));
        }
        if let Some(persons) = &self.responsible_persons {
            parts.push((
                persons.verified,
                &persons.rule,
                persons.version,
                &persons.citation,
            ));
        }
        let grounds = self.probation.iter().flat_map(ProbationFrame::grounds);
        for ground in grounds {
            if let (Some(rule), Some(version), Some(citation)) =
                (&ground.rule, ground.version, &ground.citation)
            {
                parts.push((ground.verified != Some(false), rule, version, citation));
            }
        }
        if let Some(probation) = &self.probation {
            let citation = &probation.citation;
            parts.push((probation.verified, &probation.rule, probation.version, citation));
        }
        let unread = parts.into_iter().filter(|(verified, ..)| !verified);
        unread
            .map(|(_, rule, version, citation)| (rule, version, citation))
            .collect()
    }
}

fn lower_band(law: &Parsed, asked: &Asked<'_>, stated: &[CircumstanceResult]) -> Option<LowerBand> {
    let grounds: Vec<Text> = stated
        .iter()
        .filter(|c| c.mitigating.is_some() && c.state != CircumstanceState::Open)
        .map(|c| c.title.clone())
        .collect();
    if grounds.is_empty() {
        return None;
    }
    let article = law.by_role("next_lower_band", asked.on);
    let band = article.and_then(|_| penalty::next_lower_band(law, asked.offence, asked.on, asked.tier));
    let message = match (article, &band) {
        (None, _) => key::LOWER_BAND_NO_TEXT,
        (Some(_), None) => key::LOWER_BAND_LOWEST,
        (Some(_), Some(_)) => key::LOWER_BAND,
    };
    let words = band.as_ref().map(|band| band.text.clone()).unwrap_or_default();
    let values = [("grounds", &Text::join(&grounds)), ("band", &words)];
    let text = law.messages.say(message, &values);
    Some(LowerBand {
        grounds,
        band,
        rule: article.map(|(rule, _)| rule.id.clone()),
        version: article.map(|(_, version)| version.from),
        citation: article.map(|(rule, version)| rule.source_of(version).cite.clone()),
        verified: article.is_none_or(|(rule, version)| rule.source_of(version).checked.verified),
        text,
    })
}

fn responsible(law: &Parsed, asked: &Asked<'_>, band: Option<&BandResult>) -> Option<ResponsiblePersons> {
    let (rule, version) = law.by_role("unit_penalty", asked.on)?;
    let source = rule.source_of(version);
    Some(ResponsiblePersons {
        band: band.cloned(),
        rule: rule.id.clone(),
        version: version.from,
        citation: source.cite.clone(),
        verified: source.checked.verified,
        text: source.gist.clone(),
    })
}

fn discretion(law: &Parsed, on: Day) -> Option<ShareOfCourt> {
    let (rule, version) = law.by_role("sentencing_method", on)?;
    let Body::Sentencing(method) = &version.body else {
        return None;
    };
    let percent = method.discretion_percent?;
    let values = [("percent", &Text::same(percent.to_string()))];
    Some(ShareOfCourt {
        percent,
        rule: rule.id.clone(),
        version: version.from,
        citation: rule.source_of(version).cite.clone(),
        verified: rule.source_of(version).checked.verified,
        text: law.messages.say(key::SENTENCE_DISCRETION, &values),
    })
}

fn fine_frame(
    law: &Parsed,
    on: Day,
    known: &Known,
    range: Option<&FineResult>,
    lower_band_range: Option<FineResult>,
) -> FineFrame {
    let floor = law.by_role("fine_floor", on);
    let (adult, minor) = match floor.map(|(_, version)| &version.body) {
        Some(Body::FineFloor {
            adult_fen, minor_fen, ..
        }) => (Some(*adult_fen), Some(*minor_fen)),
        _ => (None, None),
    };
    let reason = floor.map(|(rule, version)| {
        let gist = rule.source_of(version).gist.clone();
        Reason::new(ReasonKind::Note, None, gist).citing(rule, version)
    });
    FineFrame {
        range: range.cloned(),
        lower_band_range,
        floor_fen: adult,
        minor_floor_fen: minor.filter(|_| penalty::minor(law, on, known) != Truth::NotMet),
        floor: reason,
    }
}

fn notes(law: &Parsed, judged_on: Day, known: &Known) -> Vec<Reason> {
    let plain = |key: &str, values: &[(&str, &Text)]| {
        Reason::new(ReasonKind::Note, None, law.messages.say(key, values))
    };
    let mut notes = vec![plain(key::SENTENCE_NO_PROPOSAL, &[])];
    if known.person.is_none() {
        notes.push(plain(key::SENTENCE_PERSON_OPEN, &[]));
    }
    let Some((rule, version)) = law.by_role("sentencing_method", judged_on) else {
        let on = Text::same(judged_on.to_string());
        notes.push(plain(key::SENTENCE_NO_GUIDELINE, &[("on", &on)]));
        return notes;
    };
    for OpenQuestion { question, effect, .. } in &rule.open {
        let values = [("question", question), ("effect", effect)];
        notes.push(plain(key::SENTENCE_NOTE, &values).citing(rule, version));
    }
    notes
}
