//! Fact sheets, timelines and sheets on damages and fines, judged by the whole rule book.
//!
//! In:  any text.
//! Out: no panic; a sheet that is read is answered or refused with a reason.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use quanlian_law::{DamagesSheet, FactSheet, FineSheet, Language, RuleBook, Timeline};
use quanlian_record::time::parse_day;

fuzz_target!(|text: &str| {
    static BOOK: OnceLock<RuleBook> = OnceLock::new();
    let book = BOOK.get_or_init(|| RuleBook::embedded().expect("the rules are sound"));
    let today = parse_day("2026-01-05").expect("a day");
    if let Ok(sheet) = FactSheet::parse(text)
        && let Ok(answer) = book.assess(&sheet, today)
    {
        let _ = book.render_assessment(&answer, Language::Zh);
    }
    if let Ok(sheet) = DamagesSheet::parse(text)
        && let Ok(answer) = book.damages(&sheet, today)
    {
        let _ = book.render_damages(&answer, Language::En);
    }
    if let Ok(sheet) = FineSheet::parse(text)
        && let Ok(answer) = book.administrative_fine(&sheet, today)
    {
        let _ = book.render_administrative_fine(&answer, Language::En);
    }
    if let Ok(timeline) = Timeline::parse(text)
        && let Ok(clocks) = book.deadlines(&timeline)
    {
        let _ = book.render_timeline(&clocks, Language::Zh);
    }
});
