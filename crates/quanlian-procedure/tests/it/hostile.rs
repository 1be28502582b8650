//! Hostile files: procedures that should not be, and what the check finds in those that can be read.
//!
//! In:  the small procedure, broken in one place; files beyond their bounds.
//! Out: a named error each, with a way out; never a panic, never a guess.

use std::fmt::Write as _;

use quanlian_procedure::{LoadError, MAX_FILE_BYTES, Procedures};

use super::{
    LAW,
    general::{SMALL, load},
};

/// The error of the small procedure after one replacement.
fn broken(from: &str, to: &str) -> LoadError {
    assert!(SMALL.contains(from), "{from}");
    load(&[("small.v1.toml", &SMALL.replacen(from, to, 1))]).unwrap_err()
}

#[track_caller]
fn check(from: &str, to: &str, code: &str, says: &str) {
    let error = broken(from, to);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn each_fault_of_a_file_has_its_name_and_a_way_out() {
    check(
        "suppliers =",
        "suplliers =",
        "procedure_syntax",
        "unknown field `suplliers`",
    );
    check(
        "kind = \"working\"",
        "kind = \"sleeping\"",
        "procedure_syntax",
        "unknown variant `sleeping`",
    );
    check("version = 1", "version = -1", "procedure_syntax", "line 4");
    check(
        "from    = 2024-01-01",
        "from    = 2024-02-30",
        "procedure_syntax",
        "line 5",
    );
    check(
        "zh = \"小流程\", en = \"Small\"",
        "zh = \"小流程\"",
        "procedure_syntax",
        "missing field `en`",
    );
    check(
        "en = \"Small\"",
        "en = \" \"",
        "procedure_invalid",
        "a name is missing in one language",
    );
    check(
        "id   = \"second\"",
        "id   = \"first\"",
        "procedure_invalid",
        "it is there twice",
    );
    check(
        "id   = \"second\"",
        "id   = \"Second!\"",
        "procedure_invalid",
        "write at most 80 of a–z",
    );
    check(
        "to     = \"second\"",
        "to     = \"third\"",
        "procedure_invalid",
        "there is no stage `third`",
    );
    check(
        "roles  = [\"handler\"]",
        "roles  = [\"boss\"]",
        "procedure_invalid",
        "there is no role `boss`",
    );
    check(
        "{ clock = \"answer\" }",
        "{ clock = \"never\" }",
        "procedure_invalid",
        "there is no clock `never`",
    );
    check(
        "on = \"served_on\"",
        "on = \"seen_on\"",
        "procedure_invalid",
        "no fact of kind `day` `seen_on`",
    );
    check(
        "steps = [\"handler\", \"approver\"]",
        "steps = [\"handler\"]",
        "procedure_invalid",
        "fewer than two steps",
    );
    check(
        "chain = \"two\"",
        "chain = \"two\"\nroles = [\"handler\"]",
        "procedure_invalid",
        "both roles and a chain",
    );
    check(
        "outcome = \"done\"",
        "",
        "procedure_invalid",
        "closed stages have an outcome",
    );
    check(
        "kind   = \"open\"",
        "from = [\"first\"]",
        "procedure_invalid",
        "not exactly one act of kind `open`",
    );
    check(
        "last_day = \"moves\"\n",
        "",
        "procedure_invalid",
        "`last_day` is for days and months",
    );
    check(
        "working_days = 5",
        "working_days = 0",
        "procedure_invalid",
        "a length is 0",
    );
    check(
        "working_days = 5",
        "working_days = 99999",
        "procedure_invalid",
        "above",
    );
    check(
        "extension = { working_days = 3 }",
        "extension = { days = 3 }",
        "procedure_invalid",
        "another unit",
    );
    check(
        "length = { working_days = 5 }",
        "length = { days = 5, hours = 1 }",
        "procedure_syntax",
        "wanted exactly 1",
    );
    check(
        "rule = \"cn/",
        "limit = 3\nrule = \"cn/",
        "procedure_syntax",
        "line",
    );
    check(
        "red_days    = 0",
        "red_days    = 3",
        "procedure_invalid",
        "red begins before yellow",
    );
    check(
        "from   = [\"first\"]",
        "from   = [\"done\"]",
        "procedure_invalid",
        "it starts from a closed stage",
    );
    check(
        "from  = [\"done\", \"taken_back\"]",
        "from  = [\"*\"]",
        "procedure_invalid",
        "`to` does not fit its kind",
    );
    check(
        "to    = \"taken_back\"",
        "to    = \"second\"",
        "procedure_invalid",
        "`to` does not fit its kind",
    );
}

#[test]
fn a_file_has_the_name_of_its_procedure_and_nothing_is_read_without_bound() {
    let zero = load(&[("small.v0.toml", &SMALL.replace("version = 1", "version = 0"))]).unwrap_err();
    assert!(zero.to_string().contains("versions count from 1"), "{zero}");
    let named = load(&[("little.v1.toml", SMALL)]).unwrap_err();
    assert_eq!(named.code(), "procedure_name");
    assert!(named.to_string().contains("small.v1.toml"), "{named}");
    let huge = format!("{SMALL}\n#{}", "x".repeat(MAX_FILE_BYTES as usize));
    assert_eq!(
        load(&[("small.v1.toml", &huge)]).unwrap_err().code(),
        "procedure_too_large"
    );
    let deep = format!("{SMALL}\nx = {}", "[".repeat(100_000));
    assert_eq!(
        load(&[("small.v1.toml", &deep)]).unwrap_err().code(),
        "procedure_nesting"
    );
    let dotted = format!("{SMALL}\na{} = 1", ".a".repeat(50_000));
    assert_eq!(
        load(&[("small.v1.toml", &dotted)]).unwrap_err().code(),
        "procedure_nesting"
    );
    let bytes = Procedures::from_files([("small.v1.toml".to_owned(), vec![0xff, 0xfe])]).unwrap_err();
    assert_eq!(bytes.code(), "procedure_not_utf8");
    let mut many = SMALL.to_owned();
    for n in 0..301 {
        write!(
            many,
            "\n[[paper]]\nid = \"p{n}\"\nname = {{ zh = \"纸\", en = \"paper\" }}\n"
        )
        .unwrap();
    }
    assert!(
        load(&[("small.v1.toml", &many)])
            .unwrap_err()
            .to_string()
            .contains("more than 300")
    );
    let twice = load(&[("small.v1.toml", SMALL), ("small.v1.toml", SMALL)]).unwrap_err();
    assert!(twice.to_string().contains("there twice"), "{twice}");
    let version = |n: u32| {
        SMALL
            .replace("version = 1", &format!("version = {n}"))
            .into_bytes()
    };
    let files = (1..=1_001).map(|n| (format!("small.v{n}.toml"), version(n)));
    assert_eq!(
        Procedures::from_files(files).unwrap_err().code(),
        "procedure_too_many_files"
    );
    let messages = load(&[(
        "messages.toml",
        "[lack]\nwrong_stage = { zh = \"x\", en = \"y\" }",
    )])
    .unwrap_err();
    assert_eq!(messages.code(), "procedure_messages");
    let unknown = load(&[("messages.toml", "[lack]\nno_such = { zh = \"x\", en = \"y\" }")]).unwrap_err();
    assert!(
        unknown.to_string().contains("`lack.no_such` is no code"),
        "{unknown}"
    );
}

#[test]
fn a_folder_is_read_file_by_file_and_links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.v1.toml"), SMALL).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not read").unwrap();
    let loaded = Procedures::from_dir(folder.path()).unwrap();
    assert!(loaded.get("small", 1).is_some() && loaded.iter().count() == 1);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.toml")).unwrap();
        assert_eq!(
            Procedures::from_dir(folder.path()).unwrap_err().code(),
            "procedure_not_a_file"
        );
    }
    assert_eq!(
        Procedures::from_dir(&folder.path().join("nowhere"))
            .unwrap_err()
            .code(),
        "procedure_read"
    );
}

/// The findings of the small procedure after one replacement.
fn found(from: &str, to: &str) -> Vec<String> {
    let text = SMALL.replacen(from, to, 1);
    assert_ne!(text, SMALL, "{from}");
    let findings = load(&[("small.v1.toml", &text)]).unwrap().check(&LAW);
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.subject))
        .collect()
}

#[test]
fn the_check_finds_what_cannot_be_walked() {
    assert!(load(&[("small.v1.toml", SMALL)]).unwrap().check(&LAW).is_empty());
    let stage =
        "[[stage]]\nid = \"lost\"\nname = { zh = \"失\", en = \"lost\" }\nkind = \"working\"\n\n[[act]]";
    assert_eq!(
        found("[[act]]", stage),
        ["dead_end lost", "unreachable_stage lost"]
    );
    // Going in circles is fine as long as there is a way out.
    let round = r#"[[act]]
id = "round"
name = { zh = "回", en = "round" }
from = ["second"]
to = "first"
roles = ["handler"]

[[act]]"#;
    assert_eq!(found("[[act]]", round), [""; 0]);
    assert_eq!(
        found("from  = [\"second\"]\nto    = \"done\"", "from  = [\"second\"]"),
        ["dead_end first", "dead_end second", "unreachable_stage done"]
    );
    let paper = "[[paper]]\nid = \"seal\"\nname = { zh = \"章\", en = \"seal\" }\n\n[[chain]]";
    let text = SMALL.replacen("[[chain]]", paper, 1).replacen(
        "chain = \"two\"\n",
        "chain = \"two\"\npapers = [\"seal\"]\n",
        1,
    );
    let findings = load(&[("small.v1.toml", &text)]).unwrap().check(&LAW);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(
        codes,
        ["act_never_possible", "paper_nobody_makes", "unreachable_stage"]
    );
    assert_eq!(found("[[chain]]", paper), ["unused seal"]);
    assert_eq!(
        found("art-60-decide", "art-99"),
        ["unknown_law_rule cn/administrative-penalty/art-99"]
    );
    assert_eq!(
        found("cn/administrative-penalty/art-60-decide", "cn/criminal/217"),
        ["law_rule_of_other_kind cn/criminal/217"]
    );
    assert_eq!(
        found("art-60-decide", "art-64-notify-hearing"),
        ["before_without_day penalty"]
    );
    assert_eq!(
        found(
            ", { clock = \"hours\" }]\n\n[[act]]\nid     = \"go_on\"",
            "]\n\n[[act]]\nid     = \"go_on\""
        ),
        ["clock_never_started hours"]
    );
    assert_eq!(
        found("stops  = [{ clock = \"hours\" }]\n", ""),
        ["clock_never_stopped hours"]
    );
    assert_eq!(
        found("chain = \"two\"\n", "chain = \"two\"\nopens = [\"nowhere\"]\n"),
        ["unknown_procedure nowhere"]
    );
    let law = "papers_of_rule = \"cn/transfer-of-suspected-crimes/art-06-papers\"\nchain = \"two\"\n";
    assert!(found("chain = \"two\"\n", law).contains(&"law_paper_undeclared transfer_letter".to_owned()));
    let role = "[[role]]\nid = \"idle\"\nname = { zh = \"闲\", en = \"idle\" }\n\n[[fact]]";
    assert_eq!(found("[[fact]]", role), ["role_without_act idle"]);
}
