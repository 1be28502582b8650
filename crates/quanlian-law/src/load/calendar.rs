//! Calendar files: days off and make-up working days (调休) of one year each.
//!
//! In:  `calendar/2024.toml`.
//! Out: [`YearCalendar`]s, or an error with the line in the file.
//!
//! Invariant: the year in the name is the year inside; a file has the days of its own year, whichever
//! year's notice announced them; no day stands twice; a make-up day is a Saturday or Sunday. A year that
//! nobody has compared with a source is refused, so that no end rests on it unsaid.

use std::collections::BTreeMap;

use quanlian_record::{
    calendar::{HolidayName, WorkingCalendar, YearCalendar},
    time::{Day, parse_day},
};
use serde::Deserialize;
use toml::Spanned;

use super::{
    LoadError,
    place::{Place, read},
};
use crate::{
    rule::{Checked, toml_day},
    text::Text,
};

/// The folder of the calendar files.
pub(crate) const FOLDER: &str = "calendar/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: Spanned<i16>,
    /// Number or address of the notice, for the reader.
    #[serde(default, rename = "notice")]
    _notice: Vec<String>,
    #[serde(default, with = "toml_day::optional")]
    provisional_from: Option<Day>,
    checked: Checked,
    #[serde(default)]
    holiday: Vec<Spanned<RawHoliday>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHoliday {
    name: Text,
    /// The year of the notice that announced it, where that is the year before or after.
    notice_of: Option<i16>,
    #[serde(default)]
    off: Vec<Spanned<toml::value::Datetime>>,
    #[serde(default)]
    makeup: Vec<Spanned<toml::value::Datetime>>,
}

/// All calendar files of a folder.
pub(super) fn calendar(
    files: &BTreeMap<String, String>,
    sources: &BTreeMap<String, Text>,
) -> Result<WorkingCalendar, LoadError> {
    let own = files.iter().filter(|(name, _)| name.starts_with(FOLDER));
    let years = own.map(|(name, text)| year(name, text, sources));
    Ok(WorkingCalendar::from_years(years.collect::<Result<Vec<_>, _>>()?))
}

fn year(file: &str, text: &str, sources: &BTreeMap<String, Text>) -> Result<YearCalendar, LoadError> {
    let raw: RawYear = read(file, text)?;
    let place = Place { file, text };
    let number = *raw.year.get_ref();
    if file != format!("{FOLDER}{number:04}.toml") || !(1..=9999).contains(&number) {
        return Err(place.invalid(
            raw.year.span(),
            format!("the file says that it is the year {number}"),
            "name the file after its year: calendar/2024.toml",
        ));
    }
    if !raw.checked.verified || raw.checked.against.iter().all(|key| key == "M") {
        return Err(place.invalid(
            raw.year.span(),
            "nobody has compared the days of this year with a source",
            "compare them, name the source in checked.against and set verified = true, or remove the file",
        ));
    }
    if let Some(key) = raw.checked.against.iter().find(|key| !sources.contains_key(*key)) {
        return Err(LoadError::UnknownSource {
            file: file.to_owned(),
            place: "checked".to_owned(),
            source_key: key.clone(),
        });
    }
    let mut calendar = YearCalendar::new(number);
    if let Some(day) = raw.provisional_from {
        calendar
            .set_provisional_from(day)
            .map_err(|error| place.invalid(raw.year.span(), error.to_string(), "correct provisional_from"))?;
    }
    for holiday in &raw.holiday {
        let entry = holiday.get_ref();
        if entry.notice_of.is_some_and(|of| of.abs_diff(number) != 1) {
            return Err(place.invalid(
                holiday.span(),
                "a notice announces days of its own year and of the ones beside it",
                "correct notice_of, or leave it out",
            ));
        }
        if entry.off.is_empty() && entry.makeup.is_empty() {
            return Err(place.invalid(
                holiday.span(),
                format!("`{}` has no day", entry.name.zh),
                "write off, makeup or both",
            ));
        }
        let name = HolidayName {
            zh: entry.name.zh.clone(),
            en: entry.name.en.clone(),
        };
        let days = entry.off.iter().map(|day| (day, false));
        for (written, worked) in days.chain(entry.makeup.iter().map(|day| (day, true))) {
            let day = parse_day(&written.get_ref().to_string()).map_err(|error| {
                place.invalid(written.span(), error.to_string(), "write the days as 2024-12-20")
            })?;
            let added = if worked {
                calendar.add_make_up(day, name.clone())
            } else {
                calendar.add_day_off(day, name.clone())
            };
            added.map_err(|error| {
                place.invalid(
                    written.span(),
                    error.to_string(),
                    "each day stands once, in the file of its own year, and a make-up day is a Saturday or Sunday",
                )
            })?;
        }
    }
    Ok(calendar)
}
