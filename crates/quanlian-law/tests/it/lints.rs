//! Rule folders that load and are wrong all the same: each lint of the check finds its fault, on its line.

use std::collections::BTreeMap;

use quanlian_law::{Finding, Severity};

use crate::files::load;

const ELEMENTS: &str = "cn/criminal/217.toml";
const ENTRY_2004: &str = "cn/criminal/217/2004-19-art-05.toml";
const COPIES_2007: &str = "cn/criminal/217/2007-06-art-01.toml";
const ONLINE_2011: &str = "cn/criminal/217/2011-03-art-13.toml";
const LINES_2025: &str = "cn/criminal/217/2025-05-art-13.toml";
const BANDS: &str = "cn/criminal/217/bands.toml";
const FINES: &str = "cn/criminal/ip-fines.toml";
const DECIDE: &str = "cn/transfer-of-suspected-crimes/art-05-decide.toml";
const HAND_OVER: &str = "cn/transfer-of-suspected-crimes/art-05-hand-over.toml";

/// The files of copyright crime and all that is no offence; checking all offences fifty times would take long.
fn law_files() -> BTreeMap<String, String> {
    let mut files = crate::law_files();
    files.retain(|name, _| name.contains("/217") || !name.contains("/criminal/21"));
    files
}

/// The files of the repository with `from` replaced by `to` in one of them, the first time it stands there.
fn damaged(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = law_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
    files
}

fn findings(files: &BTreeMap<String, String>) -> Vec<Finding> {
    load(files).unwrap().check().findings
}

/// The folder with this damage has a finding of this kind on the line of `file` that holds `line`.
fn check(files: &BTreeMap<String, String>, code: &str, severity: Severity, file: &str, line: &str) {
    let findings = findings(files);
    let at = |finding: &&Finding| finding.code == code && finding.file == file;
    let found = findings.iter().filter(at).find(|finding| {
        let text = finding.at_line.and_then(|n| files[file].lines().nth(n - 1));
        text.is_some_and(|text| text.contains(line))
    });
    let found = found.unwrap_or_else(|| panic!("no {code} at `{line}` in {file}: {findings:#?}"));
    assert_eq!(found.severity, severity, "{found:?}");
    assert!(found.message.len() > 20, "{found:?}");
}

/// The same for the copyright files of the repository with one text replaced.
fn check_change(
    (file, from, to): (&str, &str, &str),
    code: &str,
    severity: Severity,
    (at_file, at): (&str, &str),
) {
    check(&damaged(file, from, to), code, severity, at_file, at);
}

#[test]
fn an_offence_without_lines_bands_or_fine_on_some_day_is_named_with_the_days() {
    let ended = damaged(LINES_2025, "from = 2025-04-26", "from = 2025-05-01");
    check(&ended, "gap", Severity::Error, ELEMENTS, "[[version]]");
    let message = |files: &BTreeMap<String, String>| {
        let found = findings(files);
        let gap = found
            .iter()
            .find(|finding| finding.code == "gap" && finding.file == ELEMENTS)
            .unwrap();
        gap.message.clone()
    };
    assert!(
        message(&ended).contains("no lines from 2025-04-26 to 2025-04-30"),
        "{}",
        message(&ended)
    );
    let bands = damaged(BANDS, "from = 2021-03-01", "from = 2021-03-02");
    assert!(
        message(&bands).contains("no bands from 2021-03-01 to 2021-03-01"),
        "{}",
        message(&bands)
    );
    let fine = damaged(
        FINES,
        "from   = 2025-04-26",
        "from   = 2025-04-26\nto     = 2025-12-31",
    );
    assert!(
        message(&fine).contains("no fine from 2026-01-01 on"),
        "{}",
        message(&fine)
    );
}

#[test]
fn a_gap_between_instruments_is_found_though_each_file_is_whole() {
    // The old lines end a year early in every file; no single file has a hole.
    let mut files = law_files();
    for file in [ENTRY_2004, COPIES_2007, ONLINE_2011] {
        let text = files.get_mut(file).unwrap();
        *text = text.replacen("to   = 2025-04-25", "to   = 2024-04-25", 1);
    }
    check(&files, "gap", Severity::Error, ELEMENTS, "[[version]]");
}

#[test]
fn a_gap_that_an_open_question_names_is_a_warning_and_only_that_one() {
    let named = |from: &str| {
        let mut files = damaged(LINES_2025, "from = 2025-04-26", "from = 2025-05-01");
        let question = format!(
            "\n[[open]]\nquestion = {{ zh = \"问\", en = \"question\" }}\neffect = {{ zh = \"答\", en = \"effect\" }}\n\
             gap = {{ kind = \"threshold\", from = {from}, to = 2025-04-30 }}\n"
        );
        files.get_mut(LINES_2025).unwrap().push_str(&question);
        files
    };
    check(
        &named("2025-04-26"),
        "known_gap",
        Severity::Warning,
        ELEMENTS,
        "[[version]]",
    );
    check(
        &named("2025-04-27"),
        "gap",
        Severity::Error,
        ELEMENTS,
        "[[version]]",
    );
}

#[test]
fn days_before_the_first_rule_of_a_kind_are_a_warning() {
    check_change(
        (
            ELEMENTS,
            "from = 1997-10-01, to = 2004-12-21",
            "from = 1999-10-01, to = 2004-12-21",
        ),
        "gap",
        Severity::Warning,
        (ELEMENTS, "[[version]]"),
    );
}

#[test]
fn a_gap_between_two_versions_of_a_deadline_is_found() {
    let text = "from   = 2020-08-07";
    let before = "from   = 2001-07-09\nto = 2010-01-01\nstarts = \"report_received_on\"\ndays = 3\ncount = \"calendar\"\n\
                  actor = { zh = \"甲\", en = \"a\" }\nact = { zh = \"乙\", en = \"b\" }\n[[version]]\nfrom   = 2020-08-07";
    check_change(
        (DECIDE, text, before),
        "gap",
        Severity::Warning,
        (DECIDE, "[[version]]"),
    );
}

#[test]
fn two_instruments_that_put_one_fact_at_two_amounts_are_found() {
    check_change(
        (COPIES_2007, "from = 2007-04-05", "from = 2007-04-01"),
        "overlap",
        Severity::Error,
        (COPIES_2007, "217.o.copies07.1"),
    );
    // The same amount twice needs one of the two ended.
    let mut files = damaged(COPIES_2007, "value    = 500\n", "value    = 1_000\n");
    let text = files.get_mut(COPIES_2007).unwrap();
    *text = text.replacen("from = 2007-04-05", "from = 2007-04-01", 1);
    check(
        &files,
        "line_twice",
        Severity::Error,
        COPIES_2007,
        "217.o.copies07.1",
    );
}

#[test]
fn an_upper_line_that_does_not_lie_above_the_entry_line_is_found() {
    check_change(
        (COPIES_2007, "value    = 2_500", "value    = 500"),
        "upper_below_entry",
        Severity::Error,
        (COPIES_2007, "217.o.copies07.5"),
    );
}

#[test]
fn a_line_that_a_wider_one_makes_pointless_is_found_and_its_note_is_shown() {
    check_change(
        (LINES_2025, "value    = 20_000", "value    = 40_000"),
        "line_without_effect",
        Severity::Warning,
        (LINES_2025, "217.n.repeat.gain1"),
    );
    let known = findings(&law_files());
    assert!(
        known
            .iter()
            .any(|f| f.code == "line_without_effect" && f.message.contains("its note says")),
        "{known:#?}"
    );
}

#[test]
fn circumstances_that_exclude_each_other_are_found() {
    let files = damaged(
        LINES_2025,
        "applies  = [\"copying\"]",
        "applies  = [\"goods\", \"services\"]",
    );
    check(
        &files,
        "applies_never",
        Severity::Error,
        LINES_2025,
        "217.n.copies1",
    );
    check_change(
        (
            LINES_2025,
            "applies  = [\"copying\"]",
            "applies  = [\"copying\", \"copying\"]",
        ),
        "applies_twice",
        Severity::Error,
        (LINES_2025, "217.n.copies1"),
    );
}

#[test]
fn a_share_that_one_line_alone_reaches_is_found() {
    check_change(
        (
            ONLINE_2011,
            "count = 2, share_percent = 50",
            "count = 1, share_percent = 50",
        ),
        "share_reached_by_one",
        Severity::Error,
        (ONLINE_2011, "217.half.2011.1"),
    );
    // Two lines on one fact under the same circumstances: one number reaches both.
    check_change(
        (
            ONLINE_2011,
            "of = [\"217.o.net.biz1\"",
            "of = [\"217.o.net.clicks5\", \"217.o.net.biz1\"",
        ),
        "share_reached_by_one",
        Severity::Error,
        (ONLINE_2011, "217.half.2011.1"),
    );
}

#[test]
fn a_version_that_ends_before_its_offence_begins_is_found() {
    let early = "[[version]]\nfrom = 1990-01-01\nto = 1996-12-31\nband = [{ tier = \"serious\", min_months = 1, \
                 max_months = 2, fine = \"mandatory\" }]\n\n[[version]]\nfrom = 1997-10-01";
    check_change(
        (BANDS, "[[version]]\nfrom = 1997-10-01", early),
        "version_never_applies",
        Severity::Error,
        (BANDS, "[[version]]"),
    );
    check_change(
        (
            BANDS,
            "offences = [\"cn/criminal/217\"]",
            "offences = [\"cn/criminal/217\", \"cn/criminal/999\"]",
        ),
        "unknown_offence",
        Severity::Error,
        (BANDS, "id "),
    );
}

#[test]
fn flags_that_imply_each_other_are_found() {
    check_change(
        (
            "facts.toml",
            "implied_by = [\"registered_members\"]",
            "implied_by = [\"registered_members\", \"online\"]",
        ),
        "implied_in_a_circle",
        Severity::Error,
        ("facts.toml", "name       = \"online\""),
    );
}

#[test]
fn a_version_without_a_boundary_of_its_own_is_found() {
    // The line stands in two versions; its boundary tries the later one only.
    let mut files = law_files();
    let text = files.get_mut(ENTRY_2004).unwrap();
    assert!(text.contains("on    = 2006-06-01"), "the file was rewritten");
    *text = text.replace("on    = 2006-06-01", "on    = 2020-06-01");
    let found = findings(&files);
    assert!(
        found.iter().any(|finding| finding.code == "no_boundary"),
        "{found:#?}"
    );
}

#[test]
fn words_and_sources_that_nobody_uses_are_found() {
    let mut files = law_files();
    files
        .get_mut("sources.toml")
        .unwrap()
        .push_str("P99 = { zh = \"无人引用的来源\", en = \"a source nobody cites\" }\n");
    check(&files, "unused_source", Severity::Warning, "sources.toml", "P99");
    files
        .get_mut("events.toml")
        .unwrap()
        .push_str("\n[[event]]\nname = \"rained_on\"\ntitle = { zh = \"下雨\", en = \"rain\" }\n");
    check(
        &files,
        "unused_name",
        Severity::Warning,
        "events.toml",
        "rained_on",
    );
}

#[test]
fn marks_that_contradict_their_sources_are_found() {
    let verified = "verified = true\nagainst  = [\"P25\"]";
    check_change(
        (LINES_2025, verified, "verified = true\nagainst  = [\"M\"]"),
        "verified_by_memory",
        Severity::Error,
        (LINES_2025, "217.n.gain1"),
    );
    check_change(
        (LINES_2025, verified, "verified = false\nagainst  = [\"P25\"]"),
        "unread_without_reason",
        Severity::Warning,
        (LINES_2025, "217.n.gain1"),
    );
    check_change(
        (
            FINES,
            "against = [\"S1\"], verified = true }",
            "against = [\"S1\", \"M\"], verified = true }",
        ),
        "memory_without_note",
        Severity::Warning,
        (FINES, "checked"),
    );
    let mut nothing_read = damaged(
        COPIES_2007,
        "verified = true\nagainst",
        "verified = false\nagainst",
    );
    let text = nothing_read.get_mut(COPIES_2007).unwrap();
    *text = text.replace("verified = true\nagainst", "verified = false\nagainst");
    check(
        &nothing_read,
        "verified_contradicts_parts",
        Severity::Error,
        COPIES_2007,
        "[[version]]",
    );
    check_change(
        (
            COPIES_2007,
            "checked = { on = 2026-11-22, against = [\"S1\"], verified = true }",
            "checked = { on = 2026-11-22, against = [\"M\"], verified = false }",
        ),
        "verified_contradicts_parts",
        Severity::Warning,
        (COPIES_2007, "[[version]]"),
    );
}

#[test]
fn texts_in_one_language_and_citations_without_an_article_are_found() {
    let change = |to: &str| {
        let mut files = law_files();
        let text = files.get_mut(HAND_OVER).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("title"))
            .unwrap()
            .to_owned();
        *text = text.replacen(&line, to, 1);
        files
    };
    let empty = change("title = { zh = \"移送\", en = \"\" }");
    check(&empty, "empty_text", Severity::Error, HAND_OVER, "title");
    let same = change("title = { zh = \"移送案件\", en = \"移送案件\" }");
    check(&same, "same_text", Severity::Warning, HAND_OVER, "title");
    let english = change("title = { zh = \"hand over\", en = \"Hand over the case\" }");
    check(&english, "wrong_language", Severity::Warning, HAND_OVER, "title");
    let chinese = change("title = { zh = \"移送\", en = \"移送案件\" }");
    check(&chinese, "wrong_language", Severity::Warning, HAND_OVER, "title");
    let mut files = law_files();
    let text = files.get_mut(HAND_OVER).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("cite"))
        .unwrap()
        .to_owned();
    *text = text.replacen(
        &line,
        "cite = { zh = \"国务院令第310号\", en = \"Order 310\" }",
        1,
    );
    check(
        &files,
        "citation_without_article",
        Severity::Warning,
        HAND_OVER,
        "cite",
    );
}
