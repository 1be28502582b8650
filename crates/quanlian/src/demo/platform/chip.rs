//! The chip code on the platform: an insider puts a core on a cloud drive; the case lies with the police, and their clock runs.
//!
//! In:  the sample core and drive of `demo`; the day on which the sample is made; people who are signed in.
//! Out: three matters: a complaint, an investigation into a trade secret with its comparison and assessment, and a transfer that the
//!      police have accepted.
//!
//! Whoever looks at the investigation has to say why (`policies/purpose.toml`), and so do the people here.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    days::Days,
    matter::{Cast, Doing, Matter},
    music::given,
};

const TITLE: &str = "澜芯处理器核源代码商业秘密案";
const PURPOSE: &str = "办理商业秘密案件";
const BOTH: &[&str] = &["wu"];
/// The right holder, as every ledger names them.
const HOLDER: &str = "澜芯微电子有限公司（演示）";

/// Plays it; `licence_fen` is what a licence of the core is worth.
pub(super) fn play(cast: &Cast<'_>, sample: &Path, days: Days, licence_fen: u64) -> anyhow::Result<()> {
    let told = complaint(cast, days).context("the complaint of the chip code")?;
    let case = Case {
        days,
        licence_fen,
        sample,
    };
    let found = case
        .investigate(cast, &told)
        .context("the investigation of the chip code")?;
    transfer(cast, days, &found).context("the transfer of the chip code")
}

fn complaint(cast: &Cast<'_>, days: Days) -> anyhow::Result<Matter> {
    let (wu, zheng, chen, jiang) = (
        cast.who("wu")?,
        cast.who("zheng")?,
        cast.who("chen")?,
        cast.who("jiang")?,
    );
    let title = "投诉：离职工程师泄露处理器核源代码";
    let body = json!({
        "procedure": "complaint-intake", "title": title, "happened": days.moment(-30, 0)?,
        "given": {"facts": {"subject": {"text": "trade_secret"}, "named_informant": {"flag": true}},
            "papers": {"complaint_letter": days.text("来信〔{year}〕第38号")?}},
    });
    let mut matter = Matter::open(wu, &body, None)?;
    matter.assign(wu, title, Some("ip"), &["wu", "zheng"])?;
    let accepting = Doing {
        happened: &days.moment(-28, 1)?,
        given: given(json!({
            "papers": {"identity_proof": matter.note(wu, "身份证明.txt", "营业执照（演示）：澜芯微电子有限公司。\n")?,
                "right_proof": matter.note(wu, "权利说明.txt", "处理器核源代码由本公司自 2021 年起独立开发（演示）。\n")?,
                "evidence_material": matter.note(wu, "线索说明.txt", "公开网盘分享链接中有与本公司源代码相同的文件（演示）。\n")?},
            "facts": {"jurisdiction_settled": {"flag": true}, "duplicate_checked": {"flag": true}, "place_of_act": {"text": "320505"}},
        })),
        sets: &["acceptance_notice"],
        ..Doing::default()
    };
    matter.act(wu, "accept", accepting)?;
    let filing = Doing {
        happened: &days.moment(-21, 2)?,
        given: given(json!({"papers": {"filing_form": days.text("演市监立〔{year}〕30号")?}})),
        ..Doing::default()
    };
    matter.act(zheng, "file", filing)?;
    matter.endorse(chen, &days.moment(-21, 3)?)?;
    matter.endorse(jiang, &days.moment(-20, 4)?)?;
    let telling = Doing {
        happened: &days.moment(-19, 5)?,
        given: given(json!({"papers": {"result_notice": days.text("演市监告〔{year}〕30号")?}})),
        ..Doing::default()
    };
    matter.act(zheng, "tell_filed", telling)?;
    matter.grant(jiang, "chip", Some("gao"), &["read"], "投诉人查看办理进度")?;
    Ok(matter)
}

/// What the case is about.
struct Case<'a> {
    days: Days,
    licence_fen: u64,
    /// Where `works/` and `drive/` lie.
    sample: &'a Path,
}

impl Case<'_> {
    fn investigate(&self, cast: &Cast<'_>, told: &Matter) -> anyhow::Result<Matter> {
        let days = self.days;
        let (zheng, chen, jiang) = (cast.who("zheng")?, cast.who("chen")?, cast.who("jiang")?);
        let body = json!({
            "procedure": "trade-secret-investigation", "title": TITLE, "parent": told.id, "with": BOTH,
            "given": {"papers": {"filing_form": told.number}}, "happened": days.moment(-20, 6)?,
        });
        let mut matter = Matter::open(zheng, &body, Some(PURPOSE))?;
        matter.assign(zheng, TITLE, Some("ip"), &["zheng", "wu"])?;
        for (folder, kind) in [("works", "work"), ("drive", "suspect")] {
            let mut files = fs::read_dir(self.sample.join(folder))?.collect::<Result<Vec<_>, _>>()?;
            files.sort_by_key(fs::DirEntry::file_name);
            for file in files {
                let name = file.file_name().to_string_lossy().into_owned();
                matter.upload(zheng, kind, &name, fs::read(file.path())?)?;
            }
        }
        let found = matter.job(zheng, &json!({"kind": "match"}))?;
        anyhow::ensure!(
            found["copies"].as_u64() > Some(0),
            "the comparison found no copy: {found}"
        );
        matter.enter(zheng, &self.ledger()?)?;
        let pledging = Doing {
            happened: &days.moment(-19, 1)?,
            with: BOTH,
            sets: &["confidentiality_pledge"],
            text: "办案人员承诺：对案件所涉商业秘密严格保密，仅为办案目的使用。",
            ..Doing::default()
        };
        matter.act(zheng, "pledge", pledging)?;
        let points = matter.note(
            zheng,
            "密点清单.txt",
            "MD-1 处理器核全部源代码；MD-2 流水线第八至十一单元（演示）。\n",
        )?;
        let ordering = Doing {
            happened: &days.moment(-18, 2)?,
            given: given(
                json!({"papers": {"point_list": points, "appraisal_order": days.text("委托鉴定〔{year}〕5号")?}}),
            ),
            ..Doing::default()
        };
        matter.act(zheng, "order_appraisal", ordering)?;
        matter.endorse(chen, &days.moment(-18, 3)?)?;
        matter.endorse(jiang, &days.moment(-17, 4)?)?;
        let inspecting = Doing {
            happened: &days.moment(-16, 5)?,
            with: BOTH,
            sets: &["inspection_record"],
            text: "对网盘分享链接远程勘验，下载文件 51 个，计算校验值并封存。",
            ..Doing::default()
        };
        matter.act(zheng, "inspect", inspecting)?;
        matter.job(zheng, &json!({"kind": "assess", "case": self.case(&matter)?}))?;
        let concluding = Doing {
            happened: &days.moment(-6, 6)?,
            with: BOTH,
            given: given(json!({
                "facts": {"infringement_found": {"flag": true}, "crime_suspected": {"flag": true}, "points_fixed": {"flag": true},
                    "measures_shown": {"flag": true}, "access_shown": {"flag": true}, "loss_fen": {"fen": self.licence_fen}},
                "papers": {
                    "measure_evidence": matter.note(zheng, "保密措施.txt", "保密协议、代码库权限清单、离职交接记录（演示）。\n")?,
                    "appraisal_not_known": matter.note(zheng, "非公知性鉴定意见.txt", "密点在委托日前不为公众所知悉（演示）。\n")?,
                    "appraisal_same": matter.note(zheng, "同一性鉴定意见.txt", "网盘文件 backup_final.v 与密点实质相同（演示）。\n")?,
                },
            })),
            sets: &["investigation_report"],
            text: "涉案源代码的合理许可使用费为 235 万元，已达移送标准。",
        };
        matter.act(zheng, "conclude", concluding)?;
        let sending = Doing {
            happened: &days.moment(-6, 7)?,
            given: given(json!({"counterparts": {"police": "police"}})),
            sets: &["transfer_proposal"],
            ..Doing::default()
        };
        matter.act(zheng, "send_to_police", sending)?;
        matter.endorse(chen, &days.moment(-6, 8)?)?;
        matter.endorse(jiang, &days.moment(-5, 9)?)?;
        Ok(matter)
    }

    fn ledger(&self) -> anyhow::Result<Vec<Value>> {
        let days = self.days;
        let steps = [
            json!({"do": "add_party", "party": {"roles": ["right_holder"], "kind": "legal", "name": HOLDER}}),
            json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": "样例工程师李某", "accounts": ["夜航网盘: backup_final"]}}),
            json!({"do": "add_goods", "goods": {"name": "移动硬盘", "kind": "medium", "model": "1 TB，黑色", "quantity": 1, "unit": "块",
                "measure": "registered", "taken_on": "@-16", "found_at": "当事人住处", "from": "P2", "paper": "登保〔{year}〕9号",
                "holder": "郑承办", "place": "市局物证库", "seal": "S-0009"}}),
            json!({"do": "add_task", "task": {"title": "核对鉴定机构送达的意见书原件", "assignee": "zheng", "due_on": "@-4", "about": ["G1"]}}),
            json!({"do": "end_task", "id": "T1", "how": "done"}),
        ];
        steps.iter().map(|step| days.filled(step)).collect()
    }

    /// What is stated to the law.
    fn case(&self, matter: &Matter) -> anyhow::Result<Value> {
        let days = self.days;
        Ok(json!({
            "offence": "cn/criminal/219", "person": "natural", "judged_on": days.day(0)?.to_string(),
            "conduct": {"from": days.day(-300)?.to_string(), "to": days.day(-120)?.to_string()},
            "facts": [
                {"name": "reasonable_licence_fee", "fen": self.licence_fen},
                {"name": "secret_improperly_acquired", "value": true},
            ],
            "case": {"number": matter.number, "title": TITLE},
        }))
    }
}

fn transfer(cast: &Cast<'_>, days: Days, case: &Matter) -> anyhow::Result<()> {
    let (zheng, jiang, han) = (cast.who("zheng")?, cast.who("jiang")?, cast.who("han")?);
    let title = "澜芯处理器核源代码案移送公安机关";
    let body = json!({
        "procedure": "criminal-transfer", "title": title, "parent": case.id, "with": BOTH,
        "given": {"facts": {"crime_suspected": {"flag": true}}}, "happened": days.moment(-5, 10)?,
    });
    let mut matter = Matter::open_after(zheng, &body, case)?;
    matter.assign(zheng, title, Some("ip"), &["zheng", "wu"])?;
    let taken = matter.take_over(zheng, case, |kind| {
        matches!(kind, "report" | "paper" | "evidence")
    })?;
    let place = |name: &str| {
        let found = taken.iter().find(|taken| taken.name == name);
        found
            .map(|taken| format!("file:{}", taken.id))
            .with_context(|| format!("{name} was not taken over"))
    };
    let reporting = Doing {
        happened: &days.moment(-4, 1)?,
        with: BOTH,
        given: given(json!({"papers": {"investigation_report": place("调查终结报告.pdf")?}})),
        sets: &["transfer_report"],
        text: "合理许可使用费 235 万元，建议移送公安机关。",
    };
    matter.act(zheng, "report", reporting)?;
    let approving = Doing {
        happened: &days.moment(-3, 2)?,
        sets: &["transfer_letter"],
        ..Doing::default()
    };
    matter.act(jiang, "approve", approving)?;
    let steps = [
        json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "natural", "name": "样例工程师李某"}}),
        json!({"do": "add_party", "party": {"roles": ["right_holder"], "kind": "legal", "name": HOLDER}}),
        json!({"do": "add_goods", "goods": {"name": "移动硬盘", "kind": "medium", "model": "1 TB，黑色", "quantity": 1, "unit": "块",
            "measure": "registered", "taken_on": "@-16", "found_at": "当事人住处", "from": "P1", "paper": "登保〔{year}〕9号",
            "holder": "郑承办", "place": "市局物证库", "seal": "S-0009"}}),
        json!({"do": "add_task", "task": {"title": "公安机关立案后三日内移交移动硬盘", "assignee": "zheng", "due_on": "@5", "about": ["G1"]}}),
    ];
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| days.filled(step))
        .collect::<anyhow::Result<_>>()?;
    matter.enter(zheng, &steps)?;
    matter.job(zheng, &json!({"kind": "bundle"}))?;
    let handing = Doing {
        happened: &days.moment(-2, 3)?,
        with: BOTH,
        given: given(
            json!({"papers": {"expert_report": place("同一性鉴定意见.txt")?}, "counterparts": {"police": "police"}}),
        ),
        sets: &["goods_list"],
        ..Doing::default()
    };
    matter.act(zheng, "hand_over", handing)?;
    let copying = Doing {
        happened: &days.moment(-2, 4)?,
        given: given(json!({"counterparts": {"procuratorate": "procuratorate"},
            "papers": {"copy_to_procuratorate": days.text("演市监抄送〔{year}〕4号")?}})),
        ..Doing::default()
    };
    matter.act(zheng, "copy", copying)?;
    let accepting = Doing {
        happened: &days.moment(-1, 5)?,
        sets: &["receipt"],
        ..Doing::default()
    };
    matter.act(han, "accept", accepting)
}
