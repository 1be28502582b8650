//! The table of law facts stands in the files.

use quanlian_law::{rule::Body, sentence::Direction};

use crate::{
    assess, book,
    book::{law_facts, rows},
    music,
};

use super::{CLICKS, GAIN, SURRENDER, flag, frame};

#[test]
fn every_circumstance_row_of_the_table_of_law_facts_is_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "  adjust:");
    assert_eq!(rows.len(), 20, "the table changed");
    let book = book();
    for row in &rows {
        let k = &row["k"];
        let wanted = format!("sentencing.adjust.{k}");
        let rule = book
            .list()
            .iter()
            .filter_map(|summary| book.show(&summary.id))
            .find(|rule| rule.row.as_ref() == Some(&wanted))
            .unwrap_or_else(|| panic!("{k} is not in the files"));
        let version = rule.versions.last().unwrap();
        let Body::Circumstance(ours) = &version.body else {
            panic!("{k}")
        };
        let (text, direction) = match (row.get("down"), row.get("up")) {
            (Some(down), None) => (down, Direction::Lighter),
            (None, Some(up)) => (up, Direction::Heavier),
            _ => panic!("{k}"),
        };
        // `<=50%`, `20-50% (…)`, `10-40%, normally >= 3 months`
        let share = text.split('%').next().unwrap();
        let (low, high) = if let Some(high) = share.strip_prefix("<=") {
            (None, high.parse().unwrap())
        } else {
            let (low, high) = share.split_once('-').unwrap();
            (Some(low.parse().unwrap()), high.parse().unwrap())
        };
        assert_eq!(
            (ours.low_percent, ours.high_percent, ours.direction),
            (low, Some(high), direction),
            "{k}"
        );
        let months = text
            .split(">= ")
            .nth(1)
            .map(|rest| rest.split(' ').next().unwrap().parse().unwrap());
        assert_eq!(ours.at_least_months, months, "{k}");
        assert!(ours.further || !text.contains("if minor"), "{k}");
        assert_eq!(ours.absorbs.is_empty(), !k.starts_with("plea_leniency"), "{k}");
        assert_eq!(version.from.to_string(), "2021-07-01", "{k}");
        assert!(
            rule.source.checked.verified && rule.source.checked.against == ["S3"],
            "{k}"
        );
    }
}

#[test]
fn the_three_probation_rows_of_the_table_of_law_facts_are_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "  probation_and_weight:");
    assert_eq!(rows.len(), 3);
    let book = book();
    let ours = |index: usize| {
        let wanted = format!("probation_and_weight.{}", index + 1);
        let rules = book.list();
        let id = rules
            .iter()
            .find(|summary| book.show(&summary.id).unwrap().row.as_ref() == Some(&wanted));
        book.show(&id.unwrap().id).unwrap().clone()
    };
    for (index, bars) in [(0, 4), (1, 4)] {
        let rule = ours(index);
        let version = &rule.versions[0];
        assert_eq!(version.from.to_string(), rows[index]["effective_from"]);
        assert_eq!(version.to.unwrap().to_string(), rows[index]["effective_to"]);
        let Body::Probation(probation) = &version.body else {
            panic!("{}", rule.id)
        };
        assert_eq!(probation.bar.len(), bars, "{}", rule.id);
        assert!(probation.bar.iter().all(|bar| bar.general), "{}", rule.id);
        assert_eq!(probation.bar.iter().all(|bar| bar.heavier), index == 1);
        assert_eq!(probation.lighter.len(), 4 * index);
    }
    let Body::Probation(frame) = &ours(2).versions[0].body else {
        panic!()
    };
    // The row is one sentence; these are its numbers.
    assert!(table.contains("imprisonment <= 36 months and 4 conditions"));
    assert!(table.contains("the sentence length to 60 months, never below 12 months; for detention: sentence length to 12 months, never below 2"));
    let (prison, detention) = (
        frame.imprisonment_period.unwrap(),
        frame.detention_period.unwrap(),
    );
    assert_eq!(
        (frame.max_sentence_months, frame.condition.len(), frame.bar.len()),
        (Some(36), 4, 2)
    );
    assert_eq!((prison.min_months, prison.max_months), (12, 60));
    assert_eq!((detention.min_months, detention.max_months), (2, 12));
}

#[test]
fn no_frame_names_a_number_that_is_not_an_end_of_a_range() {
    let answer = assess(&music(&format!("{GAIN},{CLICKS},{SURRENDER}")));
    assert!(
        frame(&answer).notes[0]
            .text
            .en
            .contains("proposes and predicts no sentence")
    );
    let guideline = frame(&answer)
        .notes
        .iter()
        .find(|note| note.text.en.contains("23 crimes"));
    assert_eq!(
        guideline.unwrap().citation.as_ref().unwrap().zh,
        "法发〔2021〕21号第二部分"
    );
    // Under the entry line there is nothing to frame.
    let below = assess(&music(&format!("{GAIN},{}", flag("profit_purpose", false))));
    assert!(below.rule_sets.iter().all(|set| set.sentence_frame.is_none()));
}
