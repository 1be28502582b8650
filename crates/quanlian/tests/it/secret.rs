//! The chip company: a core that nobody was to see turns up in a cloud drive among other files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{code, copy_folder, demo, has_tool, json, quanlian, stderr, text};

struct Chip {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Chip {
    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn secret(&self, arguments: &[&str], wanted: i32) -> Value {
        let data = self.at("data");
        let all = [&["secret"], arguments, &["--data", text(&data), "--json"]].concat();
        json(&quanlian(&all), wanted)
    }

    /// Lines of the secret that the second point is about: units 8 to 11.
    fn second_point(&self) -> (usize, usize) {
        let core = fs::read_to_string(self.at("works/core.v")).unwrap();
        let line = |what: &str| 1 + core.lines().position(|line| line.ends_with(what)).unwrap();
        (line("// unit 8"), line("// unit 12") - 1)
    }
}

/// The secret, the cloud drive with the leak among 50 other files, and the register.
fn chip() -> Chip {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let chip = Chip {
        _folder: folder,
        root,
    };
    let (demo, _) = demo();
    for name in ["works", "drive"] {
        copy_folder(&demo.join("chip").join(name), &chip.at(name));
    }
    fs::write(chip.at("nda.txt"), "保密协议（演示）").unwrap();
    let work = chip.at("works/core.v");
    let (from, to) = chip.second_point();
    let lines = format!("{}#L{from}-L{to}", text(&work));
    let add = |id: &str, title: &str, content: &str| {
        chip.secret(
            &[
                "add",
                content,
                "--id",
                id,
                "--title",
                title,
                "--owner",
                "芯片公司",
                "--created",
                "2021-03-01",
                "--level",
                "核心",
                "--by",
                "法务",
            ],
            0,
        )
    };
    add("MD-1", "处理器核全部源代码", text(&work));
    add("MD-2", "流水线第八至十一单元", &lines);
    let nda = chip.at("nda.txt");
    chip.secret(
        &[
            "measure",
            "--id",
            "M-1",
            "--item",
            "confidentiality-agreement",
            "--title",
            "保密协议",
            "--person",
            "李某",
            "--from",
            "2021-04-01",
            "--evidence",
            text(&nda),
        ],
        0,
    );
    chip.secret(
        &[
            "access",
            "--id",
            "A-1",
            "--person",
            "李某",
            "--role",
            "设计工程师",
            "--point",
            "MD-1",
            "--point",
            "MD-2",
            "--basis",
            "劳动合同",
            "--from",
            "2021-04-01",
            "--left",
            "2022-03-31",
        ],
        0,
    );
    chip
}

#[test]
fn the_leak_is_found_and_its_points_are_named_with_their_lines() {
    let chip = chip();
    let (works, drive, data) = (chip.at("works"), chip.at("drive"), chip.at("data"));
    let (report, sarif) = (chip.at("report.html"), chip.at("found.sarif"));
    let run = quanlian(&[
        "compare",
        text(&works),
        text(&drive),
        "--secrets",
        text(&data),
        "--report",
        text(&report),
        "--sarif",
        text(&sarif),
        "--json",
    ]);
    let found = json(&run, 0);
    let suspects: Vec<&str> = (found["matches"].as_array().unwrap().iter())
        .map(|one| one["suspect"].as_str().unwrap())
        .collect();
    assert_eq!(suspects.len(), 1, "{suspects:?}");
    assert!(suspects[0].ends_with("backup_final.v"));
    let touches = found["secrets"]["touches"].as_array().unwrap();
    let share = |id: &str| {
        let touch = touches.iter().find(|touch| touch["point"] == id).unwrap();
        assert!(touch["e_value"].as_f64().unwrap() < 1e-6);
        touch["share"].as_f64().unwrap()
    };
    // Every sixth unit was written anew: the whole cannot be covered, most of it must be.
    assert!((0.6..1.0).contains(&share("MD-1")), "{}", share("MD-1"));
    assert!(share("MD-2") > 0.6, "{}", share("MD-2"));
    let (from, to) = chip.second_point();
    for touch in touches.iter().filter(|touch| touch["point"] == "MD-2") {
        for place in touch["places"].as_array().unwrap() {
            let (first, end) = (&place["of_point"][0], &place["of_point"][1]);
            assert!(
                first.as_u64().unwrap() >= from as u64 && end.as_u64().unwrap() <= to as u64 + 1,
                "{place}"
            );
        }
    }
    let page = fs::read_to_string(&report).unwrap();
    for expected in [
        "MD-1",
        "流水线第八至十一单元",
        "非公知性",
        "法释〔2020〕7号第十三条",
        "没有据此滤除",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(
        !page.contains("compare.page") && !page.contains("secret."),
        "a key without text"
    );

    follows_sarif(&serde_json::from_slice(&fs::read(&sarif).unwrap()).unwrap());

    // The same from the written result, and from match lines once the works are named.
    let written = chip.at("compare.json");
    fs::write(&written, &run.stdout).unwrap();
    let again = chip.secret(&["touched", "--matches", text(&written), "--require"], 0);
    assert_eq!(again["touches"], found["secrets"]["touches"]);
    let lines = chip.at("matches.jsonl");
    fs::write(&lines, found["matches"][0].to_string()).unwrap();
    let without = [
        "secret",
        "touched",
        "--data",
        text(&data),
        "--matches",
        text(&lines),
    ];
    assert_eq!(code(&quanlian(&without)), 2, "a name alone says nothing");
    let with = chip.secret(
        &["touched", "--matches", text(&lines), "--works", text(&works)],
        0,
    );
    assert_eq!(with["touches"], again["touches"]);

    // Another version of the file is not the point.
    let later = fs::read_to_string(chip.at("works/core.v")).unwrap() + "// later\n";
    fs::write(chip.at("works/core.v"), later).unwrap();
    let other = chip.secret(
        &[
            "touched",
            "--matches",
            text(&lines),
            "--works",
            text(&works),
            "--require",
        ],
        1,
    );
    assert_eq!(other["untold"][0]["reason"], "other_version", "{other}");
}

/// What SARIF 2.1.0 asks of a run and its results, and what a viewer needs to show them.
fn follows_sarif(document: &Value) {
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules: Vec<&Value> = (run["tool"]["driver"]["rules"].as_array().unwrap().iter())
        .map(|rule| &rule["id"])
        .collect();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    assert_eq!(run["properties"]["resultsShown"], results.len());
    for result in results {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        assert!(
            !result["message"]["text"].as_str().unwrap().contains('{'),
            "{result}"
        );
        for place in [&result["locations"][0], &result["relatedLocations"][0]] {
            let place = &place["physicalLocation"];
            assert!(
                !place["artifactLocation"]["uri"]
                    .as_str()
                    .unwrap()
                    .starts_with('/'),
                "{result}"
            );
            let (from, to) = (&place["region"]["startLine"], &place["region"]["endLine"]);
            assert!(
                1 <= from.as_u64().unwrap() && from.as_u64() <= to.as_u64(),
                "{result}"
            );
        }
    }
    assert!(results.iter().any(|result| result["ruleId"] == "secret-point"));
    let artifacts = run["artifacts"].as_array().unwrap();
    assert!(
        artifacts
            .iter()
            .all(|one| one["hashes"]["sha-256"].as_str().unwrap().len() == 64)
    );
}

#[test]
fn the_bundle_of_the_register_verifies_and_discloses_nothing_unless_asked() {
    let chip = chip();
    let (sealed, shown) = (chip.at("sealed.qne.zip"), chip.at("shown.qne.zip"));
    let proved = chip.secret(&["prove", "--out", text(&sealed)], 0);
    assert_eq!(proved["entries"].as_array().unwrap().len(), 4, "{proved}");
    assert_eq!(
        json(&quanlian(&["verify", text(&sealed), "--json"]), 0)["ok"],
        true
    );
    let work = chip.at("works/core.v");
    let data = chip.at("data");
    let missing = [
        "secret",
        "prove",
        "--disclose",
        "--data",
        text(&data),
        "--out",
        text(&shown),
    ];
    let refused = quanlian(&missing);
    assert_eq!(
        code(&refused),
        2,
        "the data folder keeps no copy of the secret: {}",
        stderr(&refused)
    );
    let disclosed = chip.secret(
        &[
            "prove",
            "MD-2",
            "--disclose",
            "--original",
            text(&work),
            "--out",
            text(&shown),
        ],
        0,
    );
    assert_eq!(disclosed["content"].as_array().unwrap().len(), 1);
    assert_eq!(
        json(&quanlian(&["verify", text(&shown), "--json"]), 0)["ok"],
        true
    );

    // Nothing in the sealed bundle tells the digest, the name or a line of the secret.
    let piece = chip.secret(&["show", "MD-2"], 0)["pieces"][0].clone();
    let core = fs::read_to_string(&work).unwrap();
    let line = core.lines().find(|line| line.contains("case (")).unwrap();
    let holds = |bundle: &Path, what: &str| {
        let bytes = fs::read(bundle).unwrap();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    };
    for what in [
        piece["sha256"].as_str().unwrap(),
        piece["file_sha256"].as_str().unwrap(),
        "core.v",
        line,
    ] {
        assert!(!holds(&sealed, what), "{what}");
        if what != "core.v" && what != line {
            assert!(holds(&shown, what), "{what}");
        }
    }
}

#[test]
fn files_open_the_commitment_until_it_is_erased_and_the_proof_stays() {
    let chip = chip();
    let work = chip.at("works/core.v");
    let opened = chip.secret(&["open", "MD-2", "--file", text(&work)], 0);
    assert_eq!(opened["opens"], true);
    let other = chip.at("drive/block_3.v");
    let not = chip.secret(&["open", "MD-2", "--file", text(&other)], 1);
    assert_eq!(not["pieces"][0]["state"], "not_found");

    let deposit = opened["pieces"][0]["deposit"].as_str().unwrap().to_owned();
    let data = chip.at("data");
    let erase = [
        "erase",
        &deposit,
        "--data",
        text(&data),
        "--by",
        "法务",
        "--reason",
        "保密期满",
        "--json",
    ];
    json(&quanlian(&erase), 0);
    let erased = chip.secret(&["open", "MD-2", "--file", text(&work)], 1);
    assert_eq!(erased["pieces"][0]["state"], "erased");
    let listed = chip.secret(&["list"], 0);
    let commitments = listed["entries"].to_string();
    assert!(commitments.contains(&deposit), "the entry stands");
    let bundle = chip.at("after.qne.zip");
    chip.secret(&["prove", "MD-2", "--out", text(&bundle)], 0);
    assert_eq!(
        json(&quanlian(&["verify", text(&bundle), "--json"]), 0)["ok"],
        true
    );
}

#[test]
fn measures_and_access_are_answered_for_a_day_and_silence_is_not_an_answer() {
    let chip = chip();
    let on = chip.secret(&["checklist", "MD-1", "--on", "2022-03-01"], 0);
    let lines = on["points"][0]["lines"].as_array().unwrap();
    let state = |item: &str| lines.iter().find(|line| line["item"] == item).unwrap()["state"].clone();
    assert_eq!(state("confidentiality-agreement"), "covered");
    assert_eq!(state("premises"), "undetermined");
    assert_eq!(
        on["points"][0]["point_state"], "stated_later",
        "entered today, claimed since 2021"
    );
    let who = |on: &str| chip.secret(&["who", "MD-1", "--on", on], 0)["accesses"][0].clone();
    assert_eq!(who("2022-03-01")["state"], "had_access");
    assert_eq!(who("2022-03-01")["bound_by"][0], "M-1");
    assert_eq!(who("2022-03-01")["is_recorded_later"], true);
    assert_eq!(who("2022-04-01")["state"], "left_without_end");
    assert_eq!(who("2021-03-31")["state"], "outside_period");

    // A new version closes the access; the old one stays.
    chip.secret(
        &[
            "access",
            "--id",
            "A-1",
            "--person",
            "李某",
            "--role",
            "设计工程师",
            "--point",
            "MD-1",
            "--basis",
            "劳动合同",
            "--from",
            "2021-04-01",
            "--until",
            "2022-03-31",
            "--left",
            "2022-03-31",
            "--replace",
        ],
        0,
    );
    assert_eq!(who("2022-04-01")["state"], "outside_period");
    let history = chip.secret(&["list", "--history"], 0)["entries"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(
        (
            history,
            chip.secret(&["list"], 0)["entries"].as_array().unwrap().len()
        ),
        (5, 4)
    );
}

#[test]
fn what_cannot_be_entered_says_why_and_leaves_nothing_behind() {
    let chip = chip();
    let data = chip.at("data");
    let work = chip.at("works/core.v");
    let beyond = format!("{}#L1-L99999", text(&work));
    let add = |content: &str, id: &str, created: &str| {
        quanlian(&[
            "secret",
            "add",
            content,
            "--id",
            id,
            "--title",
            "t",
            "--owner",
            "o",
            "--created",
            created,
            "--data",
            text(&data),
        ])
    };
    for (content, id, created, said) in [
        (beyond.as_str(), "MD-9", "2021-01-01", "lines"),
        ("missing.v", "MD-9", "2021-01-01", "missing.v"),
        (text(&work), "MD-1", "2021-01-01", "--replace"),
        (text(&work), "MD-9", "2999-01-01", "created_on"),
        (text(&work), "../MD", "2021-01-01", "no name"),
    ] {
        let refused = add(content, id, created);
        assert_eq!(code(&refused), 2, "{content} {id} {created}");
        assert!(stderr(&refused).contains(said), "{said}: {}", stderr(&refused));
    }
    assert_eq!(chip.secret(&["list"], 0)["entries"].as_array().unwrap().len(), 4);
    let unknown = [
        "secret",
        "who",
        "MD-9",
        "--on",
        "2022-01-01",
        "--data",
        text(&data),
    ];
    assert_eq!(code(&quanlian(&unknown)), 2);
    let item = [
        "secret",
        "measure",
        "--id",
        "M-2",
        "--item",
        "magic",
        "--title",
        "t",
        "--from",
        "2021-01-01",
        "--data",
        text(&data),
    ];
    assert!(stderr(&quanlian(&item)).contains("leaving-staff"));
}

#[test]
fn the_insider_reaches_the_entry_tier_by_the_licence_value() {
    let chip = chip();
    let facts = chip.at("facts.json");
    fs::write(
        &facts,
        r#"{"offence":"cn/criminal/219","person":"natural","conduct":{"from":"2022-03-01","to":"2022-03-15"},
        "judged_on":"2024-06-20","facts":[
        {"name":"reasonable_licence_fee","at_least_fen":230000000,"evidence":["appraisal"]},
        {"name":"secret_improperly_acquired","value":true,"evidence":["access-log"]},
        {"name":"secret_disclosed_or_used","value":false}]}"#,
    )
    .unwrap();
    let assessed = json(&quanlian(&["law", "assess", text(&facts), "--json"]), 0);
    assert_eq!(assessed["outcome"], "serious");
}

#[test]
fn an_entry_that_was_changed_in_the_database_is_an_error_and_no_answer() {
    let chip = chip();
    if !has_tool("python3") {
        return;
    }
    let database = chip.at("data/records.sqlite");
    // What was written last may stand in the write-ahead log, whose checksums would tell first.
    let fold = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma wal_checkpoint(truncate)')";
    let folded = Command::new("python3")
        .args(["-c", fold, text(&database)])
        .status()
        .unwrap();
    assert!(folded.success());
    let mut bytes = fs::read(&database).unwrap();
    let (from, to) = ("设计工程师".as_bytes(), "设计工程帅".as_bytes());
    let mut changed = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            changed += 1;
        }
    }
    assert!(changed > 0, "the text is in the database as it is");
    fs::write(&database, bytes).unwrap();
    let data = chip.at("data");
    let run = quanlian(&["secret", "list", "--data", text(&data)]);
    assert_eq!(code(&run), 3, "{}", stderr(&run));
}
