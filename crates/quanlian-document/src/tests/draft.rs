//! Drafts of the papers of a procedure: what is on file is printed with where it lies, the rest is a marked blank.
//!
//! In:  a made-up matter.
//! Out: what a reader of the PDF would see.

use super::{FONTS, at, messages, read_back};
use crate::{
    dossier::{Language, Text},
    draft::{Draft, DraftGoods, DraftLine, DraftSource, render_draft},
};

fn text(zh: &str, en: &str) -> Text {
    Text {
        zh: zh.into(),
        en: en.into(),
    }
}

fn draft(language: Language) -> Draft {
    Draft {
        language,
        id: "018cc251-f400-7fff-bfff-000000000000".into(),
        name: text("行政处罚告知书", "notice of the intended penalty"),
        number: "culture-copyright-investigation-2026-00001".into(),
        title: "频道“一号”转载歌曲".into(),
        agency: text("某市文化局", "A city culture bureau"),
        procedure: text("著作权行政调查", "Copyright investigation"),
        stage: text("审核", "under review"),
        opened_at: at(),
        text: "经查，该账号转载歌曲。\n\n拟处罚款。".into(),
        parties: vec![DraftLine {
            name: text("P1 涉嫌违法当事人", "P1 party under investigation"),
            value: text("频道“一号”（身份待查）", "Channel One (not known yet)"),
        }],
        goods: None,
        facts: vec![DraftLine {
            name: text("违法所得", "illegal gain"),
            value: text("72,000.00 元", "CNY 72,000.00"),
        }],
        papers: vec![DraftLine {
            name: text("比对报告", "comparison report"),
            value: text("file:018cc251", "file:018cc251"),
        }],
        clocks: Vec::new(),
        sources: vec![
            DraftSource {
                cite: text("行政处罚法第六十条", "Administrative Penalty Law art. 60"),
                is_read: true,
            },
            DraftSource {
                cite: text("某办法第三条", "Some measures art. 3"),
                is_read: false,
            },
        ],
        signs: vec![text("承办人", "case handler"), text("审批人", "approver")],
        version: "0.1.0".into(),
    }
}

fn said(draft: &Draft) -> Option<String> {
    let pdf = render_draft(draft, FONTS.as_ref()?, at()).unwrap();
    if let Some(folder) = std::env::var_os("QUANLIAN_KEEP_PAPERS") {
        let name = format!("draft-{:?}.pdf", draft.language);
        std::fs::write(std::path::Path::new(&folder).join(name), &pdf.bytes).unwrap();
    }
    read_back(&pdf)
}

fn flat(language: &str, key: &str) -> String {
    messages(language)[key].split_whitespace().collect()
}

#[test]
fn a_draft_says_what_it_is_and_what_is_on_file() {
    for (language, word) in [(Language::Zh, "zh"), (Language::En, "en")] {
        let Some(said) = said(&draft(language)) else {
            return;
        };
        let own = if word == "zh" {
            ["行政处罚告知书", "72,000.00元", "某办法第三条"]
        } else {
            ["noticeoftheintendedpenalty", "CNY72,000.00", "Somemeasuresart.3"]
        };
        for known in own {
            assert!(said.contains(known), "{word} {known}: {said}");
        }
        assert!(said.contains(&flat(word, "draft_mark")), "{said}");
        assert_eq!(said.matches(&flat(word, "mark_unverified")).count(), 1, "{said}");
        assert!(!said.contains(&flat(word, "form_to_fill")), "nothing is missing");
    }
}

#[test]
fn what_nobody_wrote_is_a_blank_and_hostile_text_stays_text() {
    let mut draft = draft(Language::Bilingual);
    draft.text = " \n ".into();
    draft.facts = vec![
        DraftLine {
            name: text("\u{202e}#panic(\"x\") $x$", ""),
            value: text("", &"y".repeat(9000)),
        };
        100
    ];
    let Some(said) = said(&draft) else { return };
    for language in ["zh", "en"] {
        assert!(said.contains(&flat(language, "form_to_fill")), "{said}");
    }
    assert!(said.contains("[U+202E]#panic"));
    assert!(said.contains("20"), "the rest is counted");
    let first = render_draft(&draft, FONTS.as_ref().unwrap(), at()).unwrap();
    assert_eq!(
        render_draft(&draft, FONTS.as_ref().unwrap(), at()).unwrap().bytes,
        first.bytes
    );
}

#[test]
fn a_list_of_goods_is_printed_line_by_line_and_one_without_lines_says_so() {
    let mut draft = draft(Language::Zh);
    let one = |number: usize| DraftGoods {
        id: format!("G{number}.1"),
        name: text("盗版光盘", "disks"),
        quantity: "100 张".into(),
        value: text("1,500.00 元（实际销售平均价格）", ""),
        taken: text("2024-12-10 扣押 某路 1 号仓库", ""),
        held: text("执法支队，支队物证室，A001", ""),
    };
    draft.goods = Some((1..=1003).map(one).collect());
    let Some(long) = said(&draft) else { return };
    for known in [
        "G1.1",
        "G1000.1",
        "盗版光盘",
        "1,500.00元（实际销售平均价格）",
        "频道“一号”（身份待查）",
    ] {
        assert!(long.contains(known), "{known}");
    }
    assert!(!long.contains("G1001.1"), "the rest is counted");
    draft.goods = Some(Vec::new());
    let empty = said(&draft).unwrap();
    assert!(empty.contains(&flat("zh", "draft_goods")) && empty.contains(&flat("zh", "nothing")));
    draft.goods = None;
    assert!(!said(&draft).unwrap().contains(&flat("zh", "draft_goods")));
}
