//! The music channel: what an account copied is found, fixed, weighed and made ready for the police.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use super::{code, copy_folder, demo, has_tool, json, quanlian, text, trace};

fn matched_pairs(report: &Value) -> BTreeSet<(String, String)> {
    let pair = |m: &Value| {
        let part = |key: &str| {
            m[key]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(5)
                .collect::<String>()
        };
        (part("suspect"), part("work"))
    };
    report["matches"]
        .as_array()
        .expect("matches")
        .iter()
        .map(pair)
        .collect()
}

#[test]
fn the_demo_finds_each_copy_and_no_other() {
    let (_, report) = demo();
    let found: BTreeSet<String> = report["matches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["suspect"].as_str().unwrap().to_owned())
        .collect();
    let stems: BTreeSet<&str> = found
        .iter()
        .map(|name| name.rsplit_once('.').unwrap().0)
        .collect();
    assert_eq!(
        stems,
        BTreeSet::from([
            "夜听-重新编码",
            "夜听-截取片段",
            "夜听-加快百分之三",
            "夜听-混入噪声",
            "夜听-两曲连播",
            "每日美文",
        ])
    );
    assert_eq!(
        matched_pairs(report).len(),
        7,
        "the medley holds two works: {:?}",
        matched_pairs(report)
    );
    for found in report["matches"].as_array().unwrap() {
        let model = &found["null_model"];
        assert!(
            model["name"].as_str().unwrap().starts_with("built-in ")
                && model["non_members"].is_u64()
                && model["measured_on"].is_string(),
            "{found}"
        );
    }
    let faster = report["matches"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["suspect"].as_str().unwrap().contains("加快"))
        .unwrap();
    let scale = faster["transform"]["time_scale"].as_f64().unwrap();
    assert!((scale - 1.03).abs() < 0.005, "time scale {scale}");
}

#[test]
fn the_demo_reaches_the_upper_tier_with_article_version_and_evidence() {
    let (_, report) = demo();
    let assessment = &report["assessment"];
    assert_eq!(assessment["outcome"], "especially_serious");
    let whole = serde_json::to_string(assessment).unwrap();
    for part in ["217", "法释〔2004〕19号", "法发〔2011〕3号", "actual_clicks"] {
        assert!(whole.contains(part), "{part} is not in the assessment");
    }
    let evidence: BTreeSet<&str> = report["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["id"].as_str().unwrap())
        .collect();
    for fact in report["facts"]["facts"].as_array().unwrap() {
        let ids = fact["evidence"].as_array().unwrap();
        assert!(!ids.is_empty(), "{fact}");
        assert!(
            ids.iter().all(|id| evidence.contains(id.as_str().unwrap())),
            "{fact}"
        );
    }
}

#[test]
fn the_demo_leaves_the_chip_story_with_reports_and_bundles_that_verify() {
    let (folder, _) = demo();
    let chip = folder.join("chip");
    let page = fs::read_to_string(chip.join("report.html")).unwrap();
    for part in ["backup_final.v", "MD-1", "MD-2"] {
        assert!(page.contains(part), "{part} is not in the report");
    }
    assert!(fs::read(chip.join("appendix.pdf")).unwrap().starts_with(b"%PDF-"));
    for bundle in ["case.qne.zip", "register.qne.zip"] {
        let answer = json(&quanlian(&["verify", text(&chip.join(bundle)), "--json"]), 0);
        assert_eq!(answer["ok"], true, "{bundle}");
    }
}

#[test]
fn the_dossier_is_a_chinese_pdf() {
    let (folder, _) = demo();
    let pdf = folder.join("result/dossier.pdf");
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    if has_tool("pdftotext") {
        let out = Command::new("pdftotext")
            .args([text(&pdf), "-"])
            .output()
            .unwrap();
        let shown = String::from_utf8(out.stdout).unwrap();
        for part in [
            "移送",
            "第二百一十七条",
            "法释〔2004〕19号",
            "演示文执〔2023〕第001号",
        ] {
            assert!(shown.contains(part), "{part} is not on the paper");
        }
    }
}

#[test]
fn the_bundle_verifies_with_the_program_and_with_its_own_page() {
    let (folder, _) = demo();
    let bundle = folder.join("result/case.qne.zip");
    let report = json(&quanlian(&["verify", text(&bundle), "--json"]), 0);
    assert_eq!(report["ok"], true);
    assert_eq!(report["lines"][0]["question"], "bundle");
    assert_eq!(
        report["lines"][6]["answer"], "partly",
        "stamped by somebody whom this reader does not know"
    );
    let root = folder.join("demo-tsa/demo-tsa.pem");
    let trusting = ["verify", text(&bundle), "--tsa-roots", text(&root), "--json"];
    let report = json(&quanlian(&trusting), 0);
    let time = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["code"] == "time");
    assert_eq!(time.unwrap()["state"], "ok", "{report}");
    let shown = quanlian(&["verify", text(&bundle)]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "ok           the deposits stand in the log",
        "not checked  others have seen that head",
        "What this does not prove:",
        "art. 18",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    if ["unzip", "openssl", "xxd", "sha256sum"].into_iter().all(has_tool) {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "unzip -p '{0}' verify.sh >verify.sh && sh verify.sh '{0}'",
            text(&bundle)
        );
        let run = Command::new("bash")
            .args(["-c", &script])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}{}",
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

#[test]
fn one_flipped_byte_in_the_bundle_is_found() {
    let (folder, _) = demo();
    let bytes = fs::read(folder.join("result/case.qne.zip")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("flipped.qne.zip");
    for part in 1..8 {
        let mut flipped = bytes.clone();
        flipped[bytes.len() * part / 8] ^= 1;
        fs::write(&copy, &flipped).unwrap();
        assert_eq!(
            code(&quanlian(&["verify", text(&copy)])),
            1,
            "byte {}",
            bytes.len() * part / 8
        );
    }
}

#[test]
fn without_the_plays_the_upper_tier_stays_open_and_without_both_figures_nothing_is_said() {
    let (folder, _) = demo();
    let dir = tempfile::tempdir().unwrap();
    let suspects = dir.path().join("suspects");
    copy_folder(&folder.join("suspects"), &suspects);
    for entry in fs::read_dir(&suspects).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(".info.json") {
            let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            info.as_object_mut().unwrap().remove("view_count");
            fs::write(&path, info.to_string()).unwrap();
        }
    }
    let case = folder.join("case.toml");
    let assessment = |out: &str| {
        let more = ["--case", text(&case), "--originals", "none"];
        trace(&folder.join("works"), &suspects, &dir.path().join(out), &more)["assessment"].clone()
    };
    let no_plays = assessment("no-plays");
    assert_eq!(no_plays["outcome"], "serious");
    assert_eq!(no_plays["rule_sets"][0]["could_reach"], "especially_serious");
    assert_eq!(no_plays["missing"][0]["fact"], "actual_clicks");
    fs::remove_file(suspects.join("account.csv")).unwrap();
    let neither = assessment("neither");
    assert_eq!(neither["outcome"], "undetermined");
    assert!(!neither["missing"].as_array().unwrap().is_empty());
}
