//! Calendar files: the days of the notices, and files with a fault.

use expect_test::{Expect, expect};
use quanlian_law::{LoadError, RuleBook};
use quanlian_record::calendar::{CalendarError, DayKind};

use crate::{book, law_files};

#[test]
fn days_off_and_make_up_days_are_those_of_the_notices() {
    let book = book();
    let check = |day: &str, then: &str| {
        let found = match book.calendar().kind_of(day.parse().unwrap()).unwrap() {
            DayKind::Working => "working".to_owned(),
            DayKind::Weekend => "weekend".to_owned(),
            DayKind::MakeUp(name) => format!("worked for {}", name.zh),
            DayKind::Holiday(name) => name.zh.clone(),
        };
        assert_eq!(found, then, "{day}");
    };
    check("2004-01-17", "worked for 春节");
    // The notice for 2006 made the last day of 2005 a working day; the first source leaves it out.
    check("2005-12-31", "worked for 元旦");
    check("2006-12-30", "worked for 元旦");
    check("2007-05-07", "劳动节");
    check("2008-06-09", "端午节");
    check("2015-09-03", "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日");
    check("2018-12-31", "元旦");
    // Spring Festival of 2020 was prolonged to February 2.
    check("2020-01-31", "春节");
    check("2020-02-03", "working");
    check("2023-10-06", "国庆节、中秋节");
    check("2024-02-09", "working");
    check("2024-04-07", "worked for 清明节");
    check("2026-02-28", "worked for 春节");
    check("2026-11-22", "weekend");
}

#[test]
fn every_year_from_2004_to_2026_is_there_and_no_other() {
    let book = book();
    assert_eq!(
        book.calendar().years().collect::<Vec<_>>(),
        (2004..=2026).collect::<Vec<_>>()
    );
    for (day, year) in [("2003-12-31", 2003), ("2027-01-01", 2027)] {
        assert_eq!(
            book.calendar().is_working_day(day.parse().unwrap()),
            Err(CalendarError::Missing { year })
        );
    }
}

/// As many working days a year as there are: 52 weeks of five, less the statutory holidays.
#[test]
fn each_year_has_as_many_working_days_as_its_statutory_holidays_leave() {
    let book = book();
    for year in 2008..=2026_i16 {
        let first: quanlian_record::time::Day = format!("{year}-01-01").parse().unwrap();
        let days = first
            .series(jiff::Span::new().days(1))
            .take_while(|day| day.year() == year);
        let (mut weekdays, mut worked) = (0, 0);
        for day in days {
            weekdays += i32::from(day.weekday().to_monday_one_offset() <= 5);
            worked += i32::from(book.calendar().is_working_day(day).unwrap());
        }
        // Eleven holidays (thirteen from 2025), those on a weekend made good on a weekday; a notice may move one
        // over the end of the year, 2015 and 2020 had holidays of their own.
        let holidays = if year >= 2025 { 13 } else { 11 };
        let lost = weekdays - worked;
        assert!((lost - holidays).abs() <= 4, "{year}: {lost} working days lost");
    }
}

fn check(change: impl FnOnce(&mut std::collections::BTreeMap<String, String>), then: Expect) {
    let mut files = law_files();
    change(&mut files);
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let error: LoadError = RuleBook::from_dir(folder.path()).unwrap_err();
    then.assert_eq(&format!("{} {error}", error.code()));
}

fn replace(from: &str, to: &str, then: Expect) {
    check(
        |files| {
            let text = files.get_mut("calendar/2024.toml").unwrap();
            assert!(text.contains(from), "{from}");
            *text = text.replacen(from, to, 1);
        },
        then,
    );
}

#[test]
fn faults_of_calendar_files_are_named_with_file_and_line() {
    replace(
        "year = 2024",
        "year = 2023",
        expect![
            "law_load_invalid calendar/2024.toml, line 3: the file says that it is the year 2023; name the file after its year: calendar/2024.toml"
        ],
    );
    replace(
        "2024-01-01",
        "2023-12-31",
        expect![
            "law_load_invalid calendar/2024.toml, line 9: 2023-12-31 is not a day of 2024; each day stands once, in the file of its own year, and a make-up day is a Saturday or Sunday"
        ],
    );
    replace(
        "2024-02-04",
        "2024-02-05",
        expect![
            "law_load_invalid calendar/2024.toml, line 14: 2024-02-05 is a Monday, which is worked anyway; each day stands once, in the file of its own year, and a make-up day is a Saturday or Sunday"
        ],
    );
    replace(
        "2024-02-18",
        "2024-02-10",
        expect![
            "law_load_invalid calendar/2024.toml, line 14: 2024-02-10 is given twice; each day stands once, in the file of its own year, and a make-up day is a Saturday or Sunday"
        ],
    );
    replace(
        "2024-02-18",
        "2024-02-30",
        expect![
            "law_load_syntax calendar/2024.toml, line 14: invalid date, expected day between 01 and 29; see law/README.md for the fields of a rule file"
        ],
    );
    replace(
        "2024-02-18",
        "2024-02-18T10:00:00Z",
        expect![
            "law_load_invalid calendar/2024.toml, line 14: `2024-02-18T10:00:00Z` is not a date (write 2024-12-20); write the days as 2024-12-20"
        ],
    );
    replace(
        "makeup =",
        "make_up =",
        expect![
            "law_load_syntax calendar/2024.toml, line 14: unknown field `make_up`, expected one of `name`, `notice_of`, `off`, `makeup`; see law/README.md for the fields of a rule file"
        ],
    );
    replace(
        "\"HC\"",
        "\"XX\"",
        expect![
            "law_load_unknown_source calendar/2024.toml: `checked` rests on `XX`, which is not in sources.toml; add it there or correct the key"
        ],
    );
    replace(
        "[[holiday]]",
        "[[holiday]]\nnotice_of = -32768",
        expect![
            "law_load_invalid calendar/2024.toml, line 7: a notice announces days of its own year and of the ones beside it; correct notice_of, or leave it out"
        ],
    );
    replace(
        "year = 2024",
        "year = 2024\nprovisional_from = 2025-01-01",
        expect![
            "law_load_invalid calendar/2024.toml, line 3: 2025-01-01 is not a day of 2024; correct provisional_from"
        ],
    );
    replace(
        "verified = true",
        "verified = false",
        expect![
            "law_load_invalid calendar/2024.toml, line 3: nobody has compared the days of this year with a source; compare them, name the source in checked.against and set verified = true, or remove the file"
        ],
    );
    check(
        |files| {
            let text = files["calendar/2024.toml"].clone();
            files.insert("calendar/holidays.toml".into(), text);
        },
        expect![
            "law_load_invalid calendar/holidays.toml, line 3: the file says that it is the year 2024; name the file after its year: calendar/2024.toml"
        ],
    );
}

#[test]
fn a_new_year_is_one_more_file() {
    let mut files = law_files();
    let text = "year = 2027\nchecked = { on = 2026-11-22, against = [\"S1\"], verified = true }\n\
        [[holiday]]\nname = { zh = \"元旦\", en = \"New Year\" }\noff = [2027-01-01]\n";
    files.insert("calendar/2027.toml".into(), text.into());
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let book = RuleBook::from_dir(folder.path()).unwrap();
    let events = [("penalty_announced_on".to_owned(), "2026-12-30".parse().unwrap())];
    let clock = book.clock("adm.serve", &events.into()).unwrap();
    assert_eq!(clock.due_on.unwrap().to_string(), "2027-01-11");
}
