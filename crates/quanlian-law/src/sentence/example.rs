//! What an `[[example]]` of a rule file can ask of a sentence frame, and what it can give.

use super::{CircumstanceState, DeviationState};
use crate::{
    assess::{Assessment, RuleSetResult},
    evaluate::Reason,
    judgment::Judgment,
};

/// Sets one field of a judgment: `judgment.months`, `judgment.fine` (fen here, yuan in the file).
pub(crate) fn judgment_field(judgment: &mut Judgment, field: &str, number: i64) -> Result<(), String> {
    let place = match field {
        "months" => &mut judgment.months,
        "detention_months" => &mut judgment.detention_months,
        "probation_months" => &mut judgment.probation_months,
        "fine" => &mut judgment.fine_fen,
        _ => {
            return Err(format!(
                "`judgment.{field}` is not something that an example can give"
            ));
        }
    };
    *place = Some(number);
    Ok(())
}

/// The answer to a name of `then`, or `None` when the frame has no such thing.
pub(crate) fn answered(answer: &Assessment, set: &RuleSetResult, name: &str) -> Option<String> {
    if let Some(what) = name.strip_prefix("deviation.") {
        let found = answer
            .deviations
            .iter()
            .find(|deviation| word(&deviation.what) == what)?;
        return Some(word::<DeviationState>(&found.state));
    }
    let frame = set.sentence_frame.as_ref()?;
    if let Some(rest) = name.strip_prefix("circumstance.") {
        let (id, part) = match rest.rsplit_once('.') {
            Some((id, part)) => (id, Some(part)),
            None => (rest, None),
        };
        let found = frame
            .circumstances
            .iter()
            .find(|c| c.rule.rsplit('/').next() == Some(id));
        return match (found, part) {
            (Some(found), None) => Some(word::<CircumstanceState>(&found.state)),
            (Some(found), Some("low")) => found.low_percent.map(|percent| percent.to_string()),
            (Some(found), Some("high")) => found.high_percent.map(|percent| percent.to_string()),
            (None, None) => Some("not_counted".into()),
            _ => None,
        };
    }
    let lower = || frame.lower_band.as_ref()?.band.as_ref();
    let yuan = |fen: i64| (fen / 100).to_string();
    match name {
        "lower_band_min" => lower().map(|band| band.min_months.to_string()),
        "lower_band_max" => lower().map(|band| band.max_months.to_string()),
        "discretion_percent" => frame.discretion.as_ref().map(|share| share.percent.to_string()),
        "probation" => frame.probation.as_ref().map(|probation| word(&probation.state)),
        "fine_floor" => frame.fine.floor_fen.map(yuan),
        "minor_floor" => frame.fine.minor_floor_fen.map(yuan),
        id => {
            let probation = frame.probation.as_ref()?;
            let lists = [
                &probation.conditions,
                &probation.bars,
                &probation.must_if,
                &probation.lighter,
            ];
            let mut reasons = lists.into_iter().flatten();
            let found: &Reason = reasons.find(|reason| reason.line.as_deref() == Some(id))?;
            found.state.map(|state| word(&state))
        }
    }
}

/// The name of a value in JSON.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
