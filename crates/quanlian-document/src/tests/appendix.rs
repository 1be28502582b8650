//! The appendix of an expert opinion: what was found, what was left out and what nobody judged stands in it.
//!
//! In:  a made-up comparison.
//! Out: what a reader of the PDF would see.

use super::{FONTS, at, read_back};
use crate::{
    appendix::{Appendix, ErrorRate, Found, Input, MAX_INPUTS, Remark, TouchedPoint, render_appendix},
    dossier::{Language, Text},
    sheet::limits,
};

fn found(number: usize) -> Found {
    Found {
        suspect: format!("drive/backup_{number}.v"),
        work: "rtl/core.v".into(),
        medium: Text::new("源代码", "source code"),
        score_bits: 412.6,
        expected: "1.0e-9".into(),
        identity: 0.937,
        unit: Text::new("行", "Lines"),
        covered: Some([120, 118]),
        segments: vec![["43–163".into(), "1–119".into()]],
        filtered: vec![(
            "[1, 12)".into(),
            Text::new("公有内容：MIT.txt", "background: MIT.txt"),
        )],
    }
}

fn appendix(language: Language) -> Appendix {
    Appendix {
        language,
        result_sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        case_number: Some("沪鉴〔2026〕第7号".into()),
        agency: None,
        works: "ours".into(),
        suspects: "drive".into(),
        background: vec!["public-cores".into()],
        parameters: vec![Text::new("阈值一", "threshold one")],
        models: vec![Text::new("零模型甲", "model A")],
        error_rates: vec![ErrorRate {
            what: Text::new("代码：改名", "code: renaming"),
            copies: 1584,
            found: 1577,
            non_members: 1584,
            false_positives: 2,
            measured_on: "2026-11-23".into(),
            source: "docs/BENCHMARKS.md".into(),
        }],
        matches: vec![found(1)],
        points: Some(vec![TouchedPoint {
            id: "point-1".into(),
            title: "#read(\"/etc/passwd\") 流水线".into(),
            suspect: "drive/backup_1.v".into(),
            share: Text::new("95 %", "95 %"),
        }]),
        to_judge: vec![Text::new("非公知性", "whether it was not public knowledge")],
        works_read: vec![Input {
            name: "rtl/core.v".into(),
            sha256: "ab".repeat(32),
        }],
        suspects_read: vec![Input {
            name: "drive/backup_1.v".into(),
            sha256: "cd".repeat(32),
        }],
        remarks: vec![Remark {
            subject: "drive/locked.zip".into(),
            text: Text::new("加密，未打开", "encrypted, not opened"),
        }],
        version: "0.1.0".into(),
    }
}

#[test]
fn it_says_what_was_found_what_was_left_out_and_what_nobody_judged() {
    for language in [Language::Zh, Language::En, Language::Bilingual] {
        let Some(fonts) = FONTS.as_ref() else { return };
        let pdf = render_appendix(&appendix(language), fonts, at()).unwrap();
        if let Some(folder) = std::env::var_os("QUANLIAN_KEEP_PAPERS") {
            let name = format!("appendix-{language:?}.pdf");
            std::fs::write(std::path::Path::new(&folder).join(name), &pdf.bytes).unwrap();
        }
        let Some(text) = read_back(&pdf) else { return };
        let flat: String = text.split_whitespace().collect();
        let mut wanted = vec![
            "412.6",
            "1.0e-9",
            "93.7%",
            "0.44%",
            "1584",
            "43–163",
            "[1,12)",
            "drive/locked.zip",
            "0.1.0",
            "point-1",
            "#read(\"/etc/passwd\")",
        ];
        if language != Language::En {
            wanted.extend([
                "沪鉴〔2026〕第7号",
                "非公知性",
                "公有内容：MIT.txt",
                "加密，未打开",
                "零模型甲",
            ]);
        }
        if language != Language::Zh {
            wanted.extend([
                "whetheritwasnotpublicknowledge",
                "encrypted,notopened",
                "background:MIT.txt",
            ]);
        }
        let (ab, cd) = ("ab".repeat(32), "cd".repeat(32));
        wanted.extend([ab.as_str(), cd.as_str()]);
        for word in wanted {
            assert!(flat.contains(word), "{language:?}: {word} is not in\n{text}");
        }
    }
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let Some(fonts) = FONTS.as_ref() else { return };
    let mut long = appendix(Language::En);
    long.matches = (0..limits::MAX_MATCHES + 7).map(found).collect();
    long.works_read = vec![long.works_read[0].clone(); MAX_INPUTS + 11];
    let pdf = render_appendix(&long, fonts, at()).unwrap();
    let again = render_appendix(&long, fonts, at()).unwrap();
    assert_eq!(pdf.bytes, again.bytes, "the same appendix gives the same bytes");
    let Some(text) = read_back(&pdf) else { return };
    let flat: String = text.split_whitespace().collect();
    assert!(
        flat.contains("7morearenotprinted") && flat.contains("11morearenotprinted"),
        "{text}"
    );
}
