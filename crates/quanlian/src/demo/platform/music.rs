//! The music channel on the platform: complaint, comparison, investigation, transfer, police, judgment.
//!
//! In:  the sample works and suspects of `demo`; people who are signed in.
//! Out: four matters with their files, papers, parties, goods and figures; the investigation among them.
//!
//! The days are those of 2024, as somebody enters them who brings an old case into the system: a case that is over does not move with
//! the day on which the sample is made.

use std::{fs, path::Path};

use anyhow::Context as _;
use quanlian_case::metadata;
use serde_json::{Map, Value, json};

use super::matter::{Cast, Doing, Matter};

const TITLE: &str = "“夜听电台”账号涉嫌侵犯著作权案";

/// Plays it.
pub(super) fn play(cast: &Cast<'_>, sample: &Path) -> anyhow::Result<()> {
    let told = complaint(cast, sample).context("the complaint of the music channel")?;
    let case = investigation(cast, &told).context("the investigation of the music channel")?;
    let sent = transfer(cast, case).context("the transfer of the music channel")?;
    judgment(cast, &sent).context("the judgment of the music channel")
}

/// Fields of what is given with an act.
pub(super) fn given(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A complaint that was filed.
struct Told {
    matter: Matter,
    /// What the comparison came to.
    found: Value,
    /// Where the proof of the right lies.
    right_proof: String,
}

fn complaint(cast: &Cast<'_>, sample: &Path) -> anyhow::Result<Told> {
    let (zhou, li, zhao, wang) = (
        cast.who("zhou")?,
        cast.who("li")?,
        cast.who("zhao")?,
        cast.who("wang")?,
    );
    let body = json!({
        "procedure": "complaint-intake", "title": "“夜听电台”账号转载歌曲的投诉", "happened": "2024-04-01T10:00:00+08:00",
        "given": {"facts": {"subject": {"text": "copyright"}, "named_informant": {"flag": true}},
            "papers": {"complaint_letter": "来信〔2024〕第12号"}},
        "named": {"rights": ["国作登字-2021-B-00000012（演示）"], "accounts": ["夜航视频: 夜听电台"]},
    });
    let mut matter = Matter::open(zhou, &body, None)?;
    for (folder, kind) in [("works", "work"), ("suspects", "suspect")] {
        let mut files = fs::read_dir(sample.join(folder))?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            // What was said about a file goes beside it.
            let is_said = metadata::is_side_file(&file.path());
            let kind = if is_said { "side_file" } else { kind };
            matter.upload(zhou, kind, &name, fs::read(file.path())?)?;
        }
    }
    let found = matter.job(zhou, &json!({"kind": "match"}))?;
    let right_proof = matter.note(
        zhou,
        "作品登记证书.txt",
        "作品登记证书（演示）：《晨江曲》等四首，著作权人晨江音乐文化有限公司。\n",
    )?;
    let identity = matter.note(zhou, "身份证明.txt", "营业执照（演示）：晨江音乐文化有限公司。\n")?;
    let report = found["files"]["report"]
        .as_str()
        .context("a comparison without a report")?;
    let accepting = Doing {
        happened: "2024-04-08T10:00:00+08:00",
        given: given(json!({
            "papers": {"identity_proof": identity, "right_proof": right_proof, "evidence_material": format!("file:{report}")},
            "facts": {"jurisdiction_settled": {"flag": true}, "duplicate_checked": {"flag": true}, "place_of_act": {"text": "320505"}},
        })),
        sets: &["acceptance_notice"],
        ..Doing::default()
    };
    matter.act(zhou, "accept", accepting)?;
    matter.assign(
        zhou,
        "“夜听电台”账号转载歌曲的投诉",
        Some("team-1"),
        &["zhou", "li"],
    )?;
    matter.enter(zhou, &[
        json!({"do": "add_party", "party": {"roles": ["complainant", "right_holder"], "kind": "legal", "name": "晨江音乐文化有限公司（演示）"}}),
        json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "accounts": ["夜航视频: 夜听电台"]}}),
    ])?;
    let filing = Doing {
        happened: "2024-04-22T10:00:00+08:00",
        sets: &["filing_form"],
        text: "经核查，七件内容与权利人作品构成片段或者整曲相同，拟立案调查。",
        ..Doing::default()
    };
    matter.act(li, "file", filing)?;
    matter.endorse(zhao, "2024-04-22T15:00:00+08:00")?;
    matter.endorse(wang, "2024-04-23T09:00:00+08:00")?;
    let telling = Doing {
        happened: "2024-04-29T17:00:00+08:00",
        sets: &["result_notice"],
        ..Doing::default()
    };
    matter.act(li, "tell_filed", telling)?;
    // The right holder follows the complaint; the IP office reads along.
    matter.grant(wang, "music", Some("lin"), &["read"], "投诉人查看办理进度")?;
    Ok(Told {
        matter,
        found,
        right_proof,
    })
}

fn investigation(cast: &Cast<'_>, told: &Told) -> anyhow::Result<Matter> {
    let (li, zhao, wang) = (cast.who("li")?, cast.who("zhao")?, cast.who("wang")?);
    let body = json!({
        "procedure": "copyright-investigation", "title": TITLE, "parent": told.matter.id, "with": ["qian"],
        "given": {"papers": {"filing_form": told.matter.number}}, "happened": "2024-04-23T16:00:00+08:00",
    });
    let mut matter = Matter::open(li, &body, None)?;
    matter.assign(li, TITLE, Some("team-1"), &["li", "qian"])?;
    let taken = matter.take_over(li, &told.matter, |kind| kind != "paper")?;
    let here = |from: &str| {
        let found = taken.iter().find(|taken| taken.from == from);
        found
            .map(|taken| format!("file:{}", taken.id))
            .context("a file was not taken over")
    };
    let both: &[&str] = &["qian"];
    let inspecting = Doing {
        happened: "2024-04-25T09:00:00+08:00",
        with: both,
        sets: &["inspection_record"],
        text: "现场检查，固定账号后台数据。",
        ..Doing::default()
    };
    matter.act(li, "inspect", inspecting)?;
    let case = json!({
        "offence": "cn/criminal/217", "person": "natural", "judged_on": "2024-12-20",
        "conduct": {"from": "2022-05-01", "to": "2023-04-30"}, "facts": [], "case": {"number": matter.number, "title": TITLE},
    });
    matter.job(li, &json!({"kind": "assess", "case": case}))?;
    let drawn = |name: &str| {
        let facts = told.found["facts"].as_array();
        let fact = facts.and_then(|facts| facts.iter().find(|fact| fact["name"] == name));
        fact.map(|fact| fact["low"].clone())
            .with_context(|| format!("the comparison tells no {name}"))
    };
    let report = told.found["files"]["report"].as_str().unwrap_or_default();
    let concluding = Doing {
        happened: "2024-05-17T16:00:00+08:00",
        with: both,
        given: given(json!({
            "facts": {"infringement_found": {"flag": true}, "crime_suspected": {"flag": true}, "works_confirmed": {"flag": true},
                "illegal_gain_fen": {"fen": drawn("illegal_gain")?}, "actual_clicks": {"count": drawn("actual_clicks")?}},
            "papers": {"comparison_report": here(report)?, "right_proof": here(told.right_proof.trim_start_matches("file:"))?},
        })),
        sets: &["investigation_report"],
        text: "经调查，账号播放量与收益见比对报告，已达移送标准。",
    };
    matter.act(li, "conclude", concluding)?;
    let sending = Doing {
        happened: "2024-05-18T09:00:00+08:00",
        given: given(json!({"counterparts": {"police": "police"}})),
        sets: &["transfer_proposal"],
        ..Doing::default()
    };
    matter.act(li, "send_to_police", sending)?;
    matter.endorse(zhao, "2024-05-18T11:00:00+08:00")?;
    matter.endorse(wang, "2024-05-20T08:30:00+08:00")?;
    matter.grant(wang, "ipo", None, &["read"], "跨部门研判与统计")?;
    Ok(matter)
}

fn transfer(cast: &Cast<'_>, mut case: Matter) -> anyhow::Result<Matter> {
    let (li, wang, han, zhu) = (
        cast.who("li")?,
        cast.who("wang")?,
        cast.who("han")?,
        cast.who("zhu")?,
    );
    let title = "“夜听电台”账号案移送公安机关";
    let body = json!({
        "procedure": "criminal-transfer", "title": title, "parent": case.id, "with": ["qian"],
        "given": {"facts": {"crime_suspected": {"flag": true}}}, "happened": "2024-05-20T09:00:00+08:00",
    });
    let mut matter = Matter::open(li, &body, None)?;
    matter.assign(li, title, Some("team-1"), &["li", "qian"])?;
    let taken = matter.take_over(li, &case, |kind| matches!(kind, "report" | "paper" | "suspect"))?;
    let report = taken.iter().find(|taken| taken.name == "调查终结报告.pdf");
    let report = report.context("there is no report of the investigation")?;
    let both: &[&str] = &["qian"];
    let reporting = Doing {
        happened: "2024-05-21T10:00:00+08:00",
        with: both,
        given: given(json!({"papers": {"investigation_report": format!("file:{}", report.id)}})),
        sets: &["transfer_report"],
        ..Doing::default()
    };
    matter.act(li, "report", reporting)?;
    let approving = Doing {
        happened: "2024-05-24T15:00:00+08:00",
        sets: &["transfer_letter"],
        ..Doing::default()
    };
    matter.act(wang, "approve", approving)?;
    matter.enter(li, &[
        json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "accounts": ["夜航视频: 夜听电台"]}}),
        json!({"do": "add_party", "party": {"roles": ["right_holder"], "kind": "legal", "name": "晨江音乐文化有限公司（演示）"}}),
        json!({"do": "add_goods", "goods": {"name": "手机", "kind": "tool", "model": "黑色，已封存", "quantity": 1, "unit": "部",
            "measure": "registered", "taken_on": "2024-05-20", "found_at": "当事人工作室", "from": "P1", "paper": "登保〔2024〕7 号",
            "holder": "李承办", "place": "执法支队物证室", "seal": "F-0007"}}),
        json!({"do": "add_task", "task": {"title": "随案移交手机并取得清单", "assignee": "li", "due_on": "2024-06-03", "about": ["G1"]}}),
    ])?;
    matter.job(li, &json!({"kind": "bundle"}))?;
    let opinion = matter.note(
        li,
        "认定意见.txt",
        "版权认定意见（演示）：送检的七件内容系侵权复制品。\n",
    )?;
    let handing = Doing {
        happened: "2024-05-25T14:59:00+08:00",
        with: both,
        given: given(json!({"papers": {"expert_report": opinion}, "counterparts": {"police": "police"}})),
        sets: &["goods_list"],
        ..Doing::default()
    };
    matter.act(li, "hand_over", handing)?;
    let copying = Doing {
        happened: "2024-05-25T15:30:00+08:00",
        given: given(json!({"counterparts": {"procuratorate": "procuratorate"}})),
        sets: &["copy_to_procuratorate"],
        ..Doing::default()
    };
    matter.act(li, "copy", copying)?;
    let accepting = Doing {
        happened: "2024-05-27T09:00:00+08:00",
        sets: &["receipt"],
        ..Doing::default()
    };
    matter.act(han, "accept", accepting)?;
    let filing = Doing {
        happened: "2024-05-29T09:00:00+08:00",
        given: given(json!({"facts": {"police_case_number": {"text": "演公（经）立字〔2024〕77 号"}}})),
        sets: &["filing_notice"],
        ..Doing::default()
    };
    matter.act(han, "file", filing)?;
    matter.endorse(zhu, "2024-05-30T17:00:00+08:00")?;
    let received = Doing {
        happened: "2024-05-31T09:00:00+08:00",
        given: given(json!({"facts": {"filing_notice_received_on": {"day": "2024-05-31"}}})),
        ..Doing::default()
    };
    matter.act(li, "receive_filing", received)?;
    matter.enter(li, &[
        json!({"do": "move_goods", "id": "G1", "lot": 1, "movement": {"kind": "handed_over", "on": "2024-06-03", "giver": "李承办",
            "receiver": "经侦支队", "place": "经侦支队物证室", "seal": "F-0007", "paper": "涉案物品交接清单"}}),
        json!({"do": "end_task", "id": "T1", "how": "done"}),
    ])?;
    let handed = Doing {
        happened: "2024-06-03T09:00:00+08:00",
        with: both,
        sets: &["handover_record"],
        ..Doing::default()
    };
    matter.act(li, "hand_over_goods", handed)?;
    let filed = Doing {
        happened: "2024-05-31T10:00:00+08:00",
        given: given(json!({"reason": "公安机关已立案，演公（经）立字〔2024〕77 号"})),
        ..Doing::default()
    };
    case.act(li, "police_filed", filed)?;
    Ok(matter)
}

fn judgment(cast: &Cast<'_>, sent: &Matter) -> anyhow::Result<()> {
    let (li, xu) = (cast.who("li")?, cast.who("xu")?);
    let body = json!({
        "procedure": "court-outcome", "title": "“夜听电台”账号案一审判决", "parent": sent.id, "happened": "2024-08-01T09:00:00+08:00",
        "given": {"facts": {"court_case_number": {"text": "（2024）演刑初1号"}, "offence": {"text": "cn/criminal/217"}},
            "papers": {"filing_record": "（2024）演刑初1号立案登记表"}, "counterparts": {"court": "court"}},
    });
    let mut matter = Matter::open(li, &body, None)?;
    let judgment = matter.note(xu, "判决书.txt", "刑事判决书（演示）：（2024）演刑初1号。\n")?;
    let judging = Doing {
        happened: "2024-12-20T16:00:00+08:00",
        given: given(json!({
            "papers": {"judgment": judgment},
            "facts": {"outcome_for_holder": {"flag": true}, "judgment_served_on": {"day": "2024-12-20"}, "sentence_months": {"count": 33},
                "sentence_suspended": {"flag": true}, "fine_fen": {"fen": 2_000_000}, "illegal_gain_found_fen": {"fen": 7_200_000}},
        })),
        ..Doing::default()
    };
    matter.act(xu, "judge_criminal", judging)?;
    for (act, happened, paper) in [
        ("take_effect", "2024-12-31T09:00:00+08:00", "effect_record"),
        ("conclude", "2025-01-02T09:00:00+08:00", "feedback_sheet"),
    ] {
        let doing = Doing {
            happened,
            sets: &[paper],
            ..Doing::default()
        };
        matter.act(li, act, doing)?;
    }
    Ok(())
}
