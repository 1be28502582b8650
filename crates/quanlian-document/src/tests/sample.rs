//! A made-up case that fills every section of the dossier.
//!
//! In:  nothing.
//! Out: [`dossier`], which the tests bend.

use quanlian_record::{money::Fen, time::Day};

use crate::dossier::{
    Amount, Assessment, Clock, ClockStatus, Detail, Deviation, Dossier, Fact, Language, Leaf, Length, Letter,
    LogProof, MadeWith, Match, Medium, MissingFact, Note, OpenQuestion, Outcome, Paper, PaperState, Party,
    PartyRole, Penalty, PenaltyLine, Reason, RuleSet, Segment, Spread, SpreadDay, SpreadOfWork, State, Text,
    Unit, Unverified, Work,
};

pub(crate) const CASE_NUMBER: &str = "文执移〔2024〕第0017号";
pub(crate) const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
pub(crate) const ARTICLES: [&str; 6] = [
    "刑法第217条",
    "法释〔2004〕19号第5条",
    "法发〔2011〕3号第13条",
    "国务院令第310号第5条",
    "国务院令第310号第6条",
    "法释〔2025〕5号",
];

fn text(zh: &str, en: &str) -> Text {
    Text::new(zh, en)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn reason(zh: &str, en: &str, state: State, cite: &str) -> Reason {
    Reason {
        text: text(zh, en),
        state,
        cite: text(cite, "Criminal Law and its interpretations"),
        version: "2011-01-10".into(),
        threshold: Text::default(),
        distance: Text::default(),
        verified: true,
        evidence: Vec::new(),
        children: Vec::new(),
    }
}

pub(crate) fn matched(suspect: &str, work: &str) -> Match {
    Match {
        suspect: suspect.into(),
        work: work.into(),
        medium: Medium::Audio,
        score_bits: 412.7,
        e_value: 1e-90,
        identity: Some(0.93),
        time_scale: Some(1.02),
        pitch_scale: Some(1.0),
        segments: vec![
            Segment {
                suspect: [12_040, 31_200],
                work: [61_000, 80_160],
                unit: Unit::Ms,
                rows: None,
            },
            Segment {
                suspect: [45_000, 58_320],
                work: [90_500, 103_820],
                unit: Unit::Ms,
                rows: None,
            },
        ],
        remark: text("左右镜像", "mirrored"),
        null_model: text("内置偶然匹配模型", "built-in null model"),
    }
}

pub(crate) fn dossier() -> Dossier {
    Dossier {
        language: Language::Bilingual,
        id: "0193e1af-93b4-7707-8707-070707070707".into(),
        case_number: CASE_NUMBER.into(),
        agency: Some("某市文化市场综合行政执法队".into()),
        offence: text("侵犯著作权罪", "infringement of copyright"),
        verdict: text("现有事实达到“特别严重”档的标准；两项条文未核。", "The facts at hand meet the especially serious line; two provisions are unverified."),
        reference: "quanlian:log.example/city#17".into(),
        report: Some("report/dossier.json".into()),
        glance: vec![Note { label: text("达到的标准", "line that is met"), text: text("实际被点击数三千万次", "thirty million clicks"), cite: text(ARTICLES[2], "2011 opinions, art. 13"), verified: true }],
        made_with: MadeWith { version: "0.1.0".into(), rule_book: "2026-11-22".into(), rule_book_digest: SHA256.into() },
        parties: parties(),
        works: vec![
            Work { name: "晨光曲.flac".into(), holder: Some("某音乐工作室".into()), medium: Medium::Audio, length: Some(Length { value: 215_400, unit: Unit::Ms }), sha256: SHA256.into(), deposit: Some("0193e1af-0000-7707-8707-070707070701".into()) },
            Work { name: "山海行记（第一卷）.txt".into(), holder: None, medium: Medium::Text, length: Some(Length { value: 128_450, unit: Unit::Char }), sha256: SHA256.into(), deposit: None },
        ],
        matches: vec![
            matched("直播回放_20220814.mp3", "晨光曲.flac"),
            Match {
                medium: Medium::Text, identity: None, time_scale: None, pitch_scale: None,
                segments: vec![Segment { suspect: [1_200, 9_870], work: [0, 8_660], unit: Unit::Char, rows: None }],
                ..matched("转载合集.txt", "山海行记（第一卷）.txt")
            },
        ],
        spread: Some(spread()),
        facts: facts(),
        assessment: assessment(),
        penalty: Penalty {
            bands: vec![PenaltyLine { label: text("特别严重", "especially serious"), range: text("有期徒刑三年以上十年以下", "3 to 10 years"), cite: text(ARTICLES[0], "Criminal Law 217"), verified: true }],
            fines: vec![PenaltyLine { label: text("自然人", "natural person"), range: text("违法所得的一倍以上五倍以下", "once to five times the illegal gain"), cite: text("法释〔2007〕6号第4条", "Fa Shi (2007) 6 art. 4"), verified: true }],
            frame: vec![Note { label: text("自首", "voluntary surrender"), text: text("可以减少基准刑的百分之四十以下", "may lower the base sentence by up to 40 %"), cite: text("法发〔2021〕21号", "Fa Fa (2021) 21"), verified: true }],
            deviations: vec![Deviation { what: text("罚金", "fine"), given: text("20,000.00 元", "CNY 20,000.00"), frame: text("72,000.00 元至 360,000.00 元", "CNY 72,000.00 to 360,000.00"), state: text("低于幅度", "below the frame"), why: text("差 52,000.00 元", "CNY 52,000.00 short") }],
        },
        clocks: vec![
            Clock { rule: text("机关负责人决定是否移送", "Head decides on the transfer"), trigger: text("收到书面报告", "written report received"), started_on: Some(day("2024-12-20")), due: Some(text("2024-12-23", "2024-12-23")), status: ClockStatus::Running, steps: vec![text("当日不计入", "the day itself is not counted")], cite: text(ARTICLES[3], "Order 310 art. 5"), verified: true },
            Clock { rule: text("公安机关决定是否立案", "Police decide on filing"), trigger: text("接到移送材料", "papers received"), started_on: None, due: None, status: ClockStatus::NotStarted, steps: Vec::new(), cite: text("国务院令第310号第8条", "Order 310 art. 8"), verified: false },
        ],
        papers: [("涉嫌犯罪案件移送书", "Transfer letter", PaperState::Draft), ("调查报告", "Investigation report", PaperState::Missing), ("涉案物品清单", "List of items", PaperState::Present), ("检验报告或者鉴定意见", "Test report or expert opinion", PaperState::Missing), ("其他有关涉嫌犯罪的材料", "Other papers on the suspected crime", PaperState::Present)]
            .map(|(zh, en, state)| Paper { name: text(zh, en), state, note: text("见证据包 evidence/", "in the bundle, evidence/"), cite: text(ARTICLES[4], "Order 310 art. 6") })
            .into(),
        open_questions: vec![OpenQuestion { question: text("三日是否为工作日", "Are the three days working days?"), effect: text("若为工作日，届满日为 2024-12-25", "If so, due on 2024-12-25"), cite: text(ARTICLES[3], "Order 310 art. 5") }],
        unverified: vec![Unverified { text: text("2025 年解释对传播类行为的数额标准", "Amounts for online dissemination under the 2025 interpretation"), cite: text(ARTICLES[5], "Fa Shi (2025) 5") }],
        log_proof: Some(LogProof {
            origin: "log.example/city".into(),
            tree_size: 42,
            root_hash: "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=".into(),
            checkpoint: "log.example/city\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— log.example/city Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n".into(),
            leaves: vec![Leaf { index: 17, what: text("存证：晨光曲.flac", "deposit: 晨光曲.flac"), hash: SHA256.into() }],
            bundle: Some("case-0017.qne.zip".into()),
            page: Some("VERIFY.html".into()),
        }),
        letter: Letter {
            recipient: Some("某市公安局".into()),
            summary: Some(text("2022 年 5 月至 2023 年 4 月，该账号未经许可发布作品录音，累计播放三千万次，收入七万二千元。", "From May 2022 to April 2023 the account published the recordings without licence, with thirty million plays and a gain of 72,000 yuan.")),
            basis: vec![text("《行政执法机关移送涉嫌犯罪案件的规定》", "Rules on the transfer of suspected crimes by administrative agencies (Order 310)")],
            ..Letter::default()
        },
    }
}

fn parties() -> Vec<Party> {
    vec![
        Party {
            role: PartyRole::RightHolder,
            name: Some("某音乐工作室".into()),
            details: vec![Detail {
                label: text("统一社会信用代码", "Credit code"),
                value: None,
            }],
        },
        Party {
            role: PartyRole::Account,
            name: Some("@晨间音乐搬运".into()),
            details: vec![
                Detail {
                    label: text("平台", "Platform"),
                    value: Some("example-video".into()),
                },
                Detail {
                    label: text("主页", "Page"),
                    value: Some(
                        "https://video.example/u/8801234567890123456789012345678901234567890123456789".into(),
                    ),
                },
            ],
        },
        Party {
            role: PartyRole::Suspect,
            name: None,
            details: Vec::new(),
        },
    ]
}

fn facts() -> Vec<Fact> {
    let fact = |label, value, unit, contradictions| Fact {
        label,
        value,
        unit,
        source: text("视频页面元数据（.info.json）", "page metadata (.info.json)"),
        evidence: vec![
            "0193e1af-0000-7707-8707-070707070702".into(),
            "0193e1af-0000-7707-8707-070707070703".into(),
        ],
        certainty: text(
            "平台显示值，未经平台书面确认",
            "as shown by the platform, not confirmed in writing",
        ),
        contradictions,
    };
    vec![
        fact(
            text("实际点击数", "actual clicks"),
            Some(Amount::Count(30_000_000)),
            text("次", "clicks"),
            vec![text(
                "账号页面显示 2,900 万次",
                "the account page shows 29 million",
            )],
        ),
        fact(
            text("违法所得", "illegal gain"),
            Some(Amount::Fen(Fen(7_200_000))),
            Text::default(),
            Vec::new(),
        ),
        fact(
            text("行为开始日", "conduct began on"),
            Some(Amount::Day(day("2022-05-01"))),
            Text::default(),
            Vec::new(),
        ),
        fact(
            text("会员人数", "registered members"),
            None,
            text("人", "members"),
            Vec::new(),
        ),
    ]
}

fn assessment() -> Assessment {
    let mut gain = reason(
        "违法所得达到“严重”档",
        "the illegal gain reaches the serious line",
        State::Met,
        ARTICLES[1],
    );
    gain.threshold = text("≥ 30,000.00 元", "≥ CNY 30,000.00");
    gain.distance = text("超出 42,000.00 元", "CNY 42,000.00 above");
    gain.evidence = vec!["0193e1af-0000-7707-8707-070707070702".into()];
    let mut root = reason(
        "具有特别严重情节",
        "the circumstances are especially serious",
        State::Met,
        ARTICLES[0],
    );
    root.children = vec![
        gain,
        reason(
            "实际被点击数达到“特别严重”档",
            "the clicks reach the especially serious line",
            State::Met,
            ARTICLES[2],
        ),
        reason(
            "会员人数达到标准",
            "the members reach the line",
            State::Unknown,
            ARTICLES[2],
        ),
    ];
    let mut newer = reason(
        "违法所得达到新标准",
        "the gain reaches the new line",
        State::NotMet,
        ARTICLES[5],
    );
    newer.verified = false;
    let rules = |as_of, title, governs, outcome, reasons| RuleSet {
        as_of: day(as_of),
        title,
        governs,
        outcome,
        could_reach: Outcome::EspeciallySerious,
        reasons,
    };
    Assessment {
        conduct: Some([day("2022-05-01"), day("2023-04-30")]),
        judged_on: Some(day("2025-05-01")),
        outcome: Outcome::EspeciallySerious,
        could_reach: Outcome::EspeciallySerious,
        governing: text(
            "适用行为时的规则：新规则未必较轻，见对照。",
            "The rules at the time of the act govern; the new ones are not clearly lighter.",
        ),
        choice_required: Some(text(
            "两套规则结果不同，且新规则有未核条文。",
            "The two rule sets point apart, and the new one has unverified lines.",
        )),
        rule_sets: vec![
            rules(
                "2023-04-30",
                text(
                    "法释〔2004〕19号、法释〔2007〕6号、法发〔2011〕3号",
                    "the interpretations of 2004, 2007 and 2011",
                ),
                true,
                Outcome::EspeciallySerious,
                vec![root],
            ),
            rules(
                "2025-05-01",
                text("法释〔2025〕5号", "the interpretation of 2025"),
                false,
                Outcome::Undetermined,
                vec![newer],
            ),
        ],
        elements: vec![
            text("以营利为目的", "for the purpose of profit"),
            text("未经著作权人许可", "without the right holder's licence"),
        ],
        missing: vec![MissingFact {
            label: text("会员人数", "registered members"),
            effect: text(
                "达到 1,000 人即可独立满足“严重”档",
                "1,000 would meet the serious line by itself",
            ),
        }],
        layers: vec![Note {
            label: text("司法解释", "interpretations"),
            text: text(
                "2025 年解释取代了先前的解释",
                "the interpretation of 2025 replaced the earlier ones",
            ),
            cite: text(ARTICLES[5], "Fa Shi (2025) 5"),
            verified: false,
        }],
        sensitivity: vec![Note {
            label: text("实际点击数", "actual clicks"),
            text: text(
                "低于 250,000 次即降至“严重”档",
                "below 250,000 it falls to serious",
            ),
            cite: text(ARTICLES[2], "2011 opinions, art. 13"),
            verified: true,
        }],
    }
}

/// Two works, published again over half a year, with looks that state plays from the second day on.
fn spread() -> Spread {
    let at = |on: &str, new_copies, copies, accounts, plays| SpreadDay {
        day: day(on),
        new_copies,
        copies,
        accounts,
        platforms: accounts.min(2),
        plays,
        without_figure: u64::from(plays.is_none()) * copies,
    };
    let of_work = |work: &str, copies, plays| SpreadOfWork {
        work: work.into(),
        copies,
        accounts: copies.min(3),
        platforms: 2,
        days: Some([day("2022-08-14"), day("2023-02-01")]),
        plays,
    };
    Spread {
        source: text("附属文件", "side files"),
        lines: vec![text(
            "速度：首件 2022-08-14，末件 2023-02-01",
            "speed: first on 2022-08-14, last on 2023-02-01",
        )],
        curve: vec![
            at("2022-08-14", 1, 1, 1, None),
            at("2022-09-30", 4, 5, 3, Some(1_204_000)),
            at("2023-02-01", 7, 12, 6, Some(30_000_417)),
        ],
        works: vec![
            of_work("晨光曲.flac", 9, Some(30_000_417)),
            of_work("山海行记（第一卷）.txt", 3, None),
        ],
    }
}
