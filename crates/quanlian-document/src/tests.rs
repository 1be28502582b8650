//! Whole papers: made, read back with poppler's `pdftotext`, and attacked.
//!
//! In:  the made-up case of [`sample`].
//! Out: what a reader of the PDF would see.

mod appendix;
mod draft;
mod form;
mod sample;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    process::Command,
    sync::LazyLock,
};

use quanlian_record::time::Timestamp;
use serde::Serialize;
use typst::{
    World,
    syntax::{RootedPath, VirtualPath, VirtualRoot},
};

use crate::{
    Dossier, Fonts, Pdf,
    desk::{Desk, EMBEDDED},
    dossier::{
        Amount, ClockStatus, Language, Letter, Medium, Outcome, PaperState, PartyRole, Penalty, State, Text,
        Unit,
    },
    render_dossier,
    sheet::limits,
};

/// The machine's fonts, or `None`, said once, where there are none.
pub(crate) static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    Fonts::system()
        .map_err(|error| say(&format!("papers not tested: {error}")))
        .ok()
});

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "quanlian-document: {line}");
}

fn at() -> Timestamp {
    "2024-12-20T01:30:00Z".parse().unwrap()
}

/// The paper, or `None` where the machine has no fonts.
///
/// `QUANLIAN_KEEP_PAPERS` names a folder where each test's last paper is kept, to be looked at.
fn render(dossier: &Dossier) -> Option<Pdf> {
    let pdf = render_dossier(dossier, FONTS.as_ref()?, at()).unwrap();
    if let Some(folder) = std::env::var_os("QUANLIAN_KEEP_PAPERS") {
        let test = std::thread::current()
            .name()
            .unwrap_or("paper")
            .replace("::", "-");
        std::fs::write(std::path::Path::new(&folder).join(test + ".pdf"), &pdf.bytes).unwrap();
    }
    Some(pdf)
}

/// What `pdftotext` reads from the paper, without white space (lines wrap where they must).
fn read_back(pdf: &Pdf) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.pdf");
    std::fs::write(&path, &pdf.bytes).unwrap();
    // `-raw` keeps the order of the contents, so that a wrapped cell stays in one piece.
    let Ok(output) = Command::new("pdftotext").arg("-raw").arg(&path).arg("-").output() else {
        say("text of papers not tested: pdftotext (package poppler-utils) is not installed");
        return None;
    };
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .split_whitespace()
            .collect(),
    )
}

fn text_of(dossier: &Dossier) -> Option<String> {
    render(dossier).as_ref().and_then(read_back)
}

/// Asserts that the paper shows each of `wanted`, white space apart.
fn assert_shows(text: &str, wanted: &[&str]) {
    for item in wanted {
        let item: String = item.split_whitespace().collect();
        assert!(text.contains(&item), "the paper does not show `{item}`");
    }
}

#[test]
fn the_paper_shows_the_case_with_every_article_and_proof() {
    let dossier = sample::dossier();
    let Some(text) = text_of(&dossier) else { return };
    assert_shows(&text, &sample::ARTICLES);
    let proof = dossier.log_proof.as_ref().unwrap();
    assert_shows(
        &text,
        &[
            "涉嫌犯罪案件移送书",
            sample::CASE_NUMBER,
            sample::SHA256,
            &dossier.id,
            &proof.root_hash,
            &proof.checkpoint,
            "quanlian verify case-0017.qne.zip",
            "72,000.00 元",
            "30,000,000 次",
            "未查明 not established",
            "00:12.040–00:31.200",
            "1,200–9,870",
            "1.0E-90",
            "左右镜像 mirrored",
            "内置偶然匹配模型 built-in null model",
            "93.0 %",
            "传播情况 How the copies spread",
            "2022-08-14 – 2023-02-01",
            "30,000,417",
            "≥ 30,000.00 元",
            "未核 unverified",
            "不认定任何人有罪",
            "states nobody's guilt",
            "低于 250,000 次即降至“严重”档",
            "may lower the base sentence by up to 40 %",
            "低于幅度 below the frame",
            "1. 当日不计入",
            "第 1 页 共 12 页",
            "Page 12 of 12",
        ],
    );
}

#[test]
fn each_language_stands_alone() {
    let in_language = |language| {
        text_of(&Dossier {
            language,
            ..sample::dossier()
        })
    };
    let (Some(zh), Some(en)) = (in_language(Language::Zh), in_language(Language::En)) else {
        return;
    };
    assert_shows(&zh, &["案件编号", "实际点击数", "未查明"]);
    assert_shows(
        &en,
        &["Case number", "actual clicks", "not established", "CNY 72,000.00"],
    );
    assert!(!zh.contains("notestablished") && !zh.contains("actualclicks"));
    assert!(!en.contains("未查明") && !en.contains("实际点击数"));
}

#[test]
fn an_empty_dossier_makes_a_paper_of_blanks() {
    let mut dossier = sample::dossier();
    dossier.agency = None;
    dossier.reference.clear();
    dossier.report = None;
    dossier.parties.clear();
    dossier.works.clear();
    dossier.matches.clear();
    dossier.spread = None;
    dossier.facts.clear();
    dossier.penalty = Penalty::default();
    dossier.clocks.clear();
    dossier.papers.clear();
    dossier.open_questions.clear();
    dossier.unverified.clear();
    dossier.log_proof = None;
    dossier.letter = Letter::default();
    dossier.verdict = Text::default();
    dossier.offence = Text::default();
    let a = &mut dossier.assessment;
    (a.conduct, a.judged_on, a.choice_required) = (None, None, None);
    a.rule_sets.clear();
    a.elements.clear();
    a.missing.clear();
    for language in [Language::Zh, Language::En, Language::Bilingual] {
        let Some(text) = text_of(&Dossier {
            language,
            ..dossier.clone()
        }) else {
            return;
        };
        assert_shows(
            &text,
            &[if language == Language::En {
                "No log proof"
            } else {
                "本卷宗未附存证证明"
            }],
        );
    }
}

#[test]
fn the_same_dossier_time_and_fonts_give_the_same_bytes() {
    let (Some(first), Some(second)) = (render(&sample::dossier()), render(&sample::dossier())) else {
        return;
    };
    assert_eq!(first, second);
    let later = render_dossier(
        &sample::dossier(),
        FONTS.as_ref().unwrap(),
        "2024-12-20T01:30:01Z".parse().unwrap(),
    );
    assert_ne!(later.unwrap().bytes, first.bytes);
}

/// Names that would run, hide, reverse, overprint or overflow if they were more than text.
const HOSTILE: [&str; 12] = [
    r#"#eval("1+1") #read("/etc/passwd")"#,
    "$ x^2 $ \\ *bold* _em_ `raw` <label> @ref // no /* no",
    "]] }} ) #pagebreak() #set page(fill: red)",
    "{case} {nothing} {",
    "\u{202e}fdp.gnos\u{202c} \u{2066}a\u{2069}",
    "a\u{0}b\u{1b}[31mc\u{7f}\u{85}\r\n\td",
    "zero\u{200b}width\u{feff}\u{2060}\u{ad}joined\u{200d}\u{e0041}",
    "\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{fe0f} \u{e000} \u{10ffff} \u{fffe}",
    "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a} \u{301}x 中\u{301}",
    "\u{627}\u{644}\u{633}\u{644}\u{627}\u{645} \u{fdfd} \u{e01}\u{e33} \u{1f1e8}\u{1f1f3}",
    "\u{3164}\u{115f}\u{2800}\u{a0}\u{3000}",
    "",
];

fn with_names(names: &[String]) -> Dossier {
    let mut dossier = sample::dossier();
    dossier.matches = names.iter().map(|name| sample::matched(name, name)).collect();
    dossier.parties[1].name = names.first().cloned();
    dossier.parties[1].details[0].value = names.get(1).cloned();
    dossier.works[0].name = names[0].clone();
    dossier.unverified[0].text = Text::same(&*names[0]);
    dossier
}

#[test]
fn hostile_names_are_shown_as_text() {
    let names: Vec<String> = HOSTILE.map(str::to_owned).into();
    let mut dossier = with_names(&names);
    for name in &names {
        dossier.case_number.push_str(name);
        dossier.letter.basis.push(Text::same(name));
    }
    dossier.agency = Some(names.concat());
    dossier.reference = names.concat();
    let Some(text) = text_of(&dossier) else { return };
    assert_shows(&text, &HOSTILE[..4]);
    assert_shows(
        &text,
        &[
            "[U+202E]fdp.gnos[U+202C]",
            "a[U+0000]b[U+001B][31mc[U+007F][U+0085][U+000D][U+000A][U+0009]d",
            "zero[U+200B]width[U+FEFF][U+2060][U+00AD]joined[U+200D][U+E0041]",
            "[U+E000]",
            "[U+10FFFF][U+FFFE]",
            "[U+3164][U+115F][U+2800]",
        ],
    );
}

#[test]
fn every_kind_of_character_makes_an_archival_paper() {
    // A sample of all scripts but the large Chinese and Korean blocks, then of what lies beyond 16 bits;
    // each character alone, after a letter, and twice.
    let basic = (0..0x1_0000_u32).filter(|c| !(0x3500..0x9f00).contains(c) && !(0xac10..0xd7a0).contains(c));
    let beyond = (0x1_0000..0x11_0000).step_by(9_973);
    let characters: Vec<char> = basic
        .step_by(17)
        .chain(beyond)
        .filter_map(char::from_u32)
        .collect();
    let names: Vec<String> = characters
        .chunks(32)
        .map(|chunk| chunk.iter().flat_map(|c| ['a', *c, '字', *c, *c]).collect())
        .collect();
    assert!(names.len() <= limits::MAX_MATCHES && names[0].chars().count() <= limits::MAX_NAME_CHARS);
    render(&Dossier {
        language: Language::Zh,
        ..with_names(&names)
    });
}

#[test]
fn a_name_without_a_place_to_break_stays_on_the_page() {
    let endless = |unit: &str| unit.repeat(4_000 / unit.len());
    let units = [
        "W",
        "」",
        "0123456789abcdef",
        "—",
        "．",
        "ー",
        "（",
        "https://a/",
        "a.",
        "!",
        "\u{e01}",
    ];
    let (wide, closing) = (endless(units[0]), endless(units[1]));
    let mut dossier = with_names(&units.map(endless));
    dossier.case_number.clone_from(&closing);
    dossier.id.clone_from(&wide);
    dossier.verdict = Text::same(&*wide);
    dossier.made_with.rule_book.clone_from(&wide);
    dossier.works[0].sha256.clone_from(&wide);
    dossier.papers[0].name = Text::same(&*closing);
    dossier.clocks[0].due = Some(Text::same(&*wide));
    dossier.facts[0].label = Text::same(&*closing);
    dossier.assessment.rule_sets[0].reasons[0].children[0].version = wide;
    let Some(pdf) = render(&dossier) else { return };
    assert_nothing_beyond_the_margins(&pdf);
}

/// Asserts that `pdftotext -bbox` finds no word outside the text area of A4.
fn assert_nothing_beyond_the_margins(pdf: &Pdf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.pdf");
    std::fs::write(&path, &pdf.bytes).unwrap();
    let Ok(output) = Command::new("pdftotext")
        .arg("-bbox")
        .arg(&path)
        .arg("-")
        .output()
    else {
        return;
    };
    let page_width_pt = 595.3;
    let margin_pt = 60.0;
    for line in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains("<word"))
    {
        let edge = |name: &str| -> f64 {
            line.split(&format!("{name}=\""))
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        };
        assert!(
            edge("xMax") < page_width_pt - margin_pt && edge("yMax") < 842.0,
            "out of the page: {line}"
        );
    }
}

#[test]
fn a_thousand_matches_with_a_thousand_segments_stay_a_few_pages() {
    let mut dossier = Dossier {
        language: Language::Zh,
        ..sample::dossier()
    };
    let mut matched = sample::matched(&"很长的文件名".repeat(100), &"x".repeat(5_000));
    matched.segments = vec![matched.segments[0]; 1_000];
    dossier.matches = vec![matched; 1_000];
    dossier.facts[0].evidence = vec!["id".repeat(400); 1_000];
    let Some(pdf) = render(&dossier) else { return };
    assert!(pdf.pages < 120, "{} pages", pdf.pages);
    let Some(text) = read_back(&pdf) else { return };
    assert_shows(
        &text,
        &[
            "另有 900 项未印出，见完整报告：report/dossier.json",
            "另有 990 段",
        ],
    );
}

#[test]
fn a_bottomless_tree_of_reasons_is_cut_and_counted() {
    let mut deep = sample::reason("叶", "leaf", State::Met, "刑法");
    for _ in 0..2_000 {
        let mut above = sample::reason("枝", "branch", State::Unknown, "刑法");
        above.children = vec![deep];
        deep = above;
    }
    let mut dossier = Dossier {
        language: Language::Zh,
        ..sample::dossier()
    };
    dossier.assessment.rule_sets[0].reasons = vec![deep];
    let Some(text) = text_of(&dossier) else { return };
    assert_shows(
        &text,
        &[&format!("另有 {} 项未印出", 2_001 - limits::MAX_REASON_DEPTH)],
    );
}

#[test]
fn the_compiler_sees_nothing_but_the_desk() {
    let Some(fonts) = FONTS.as_ref() else { return };
    let desk = Desk::new(fonts, "dossier.typ", b"{}".to_vec(), None);
    for path in ["/etc/passwd", "qr.svg", "templates/dossier.typ"] {
        let id = RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).unwrap()).intern();
        assert!(desk.file(id).is_err() && desk.source(id).is_err(), "{path}");
    }
    assert!(desk.today(None).is_none());
}

fn messages(language: &str) -> BTreeMap<String, String> {
    let (_, text) = EMBEDDED
        .iter()
        .find(|(name, _)| *name == format!("{language}.toml"))
        .unwrap();
    toml::from_str(text).unwrap()
}

fn templates() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    EMBEDDED.iter().filter(|(name, _)| !name.contains(".toml"))
}

/// All string literals of the templates that could be a key or the start of one.
fn literals() -> BTreeSet<&'static str> {
    let quoted = templates().flat_map(|(_, text)| text.split('"').skip(1).step_by(2));
    quoted
        .filter(|l| {
            !l.is_empty()
                && l.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
        .collect()
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_places() {
    let (zh, en) = (messages("zh"), messages("en"));
    assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
    let places = |text: &str| -> BTreeSet<String> {
        text.split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap().to_owned())
            .collect()
    };
    for (key, text) in &zh {
        assert_eq!(places(text), places(&en[key]), "{key}");
    }
}

#[test]
fn every_message_is_used_and_every_label_has_one() {
    let messages = messages("zh");
    let literals = literals();
    let used = |key: &str| {
        literals
            .iter()
            .any(|l| *l == key || (l.ends_with('_') && key.starts_with(l)))
    };
    let unused: Vec<&String> = messages.keys().filter(|key| !used(key)).collect();
    assert!(unused.is_empty(), "{unused:?}");

    let calls = [
        "label(",
        "stacked(",
        "plain(",
        "paragraph(",
        "section(",
        "subsection(",
        "filled-label(",
    ];
    for (name, text) in templates() {
        for call in calls {
            for rest in text.split(&format!("{call}\"")).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(
                    key.ends_with('_') || messages.contains_key(key),
                    "{name} asks for `{key}`"
                );
            }
        }
    }
}

#[test]
fn every_variant_has_a_label() {
    fn check<T: Serialize>(prefix: &str, variants: &[T]) {
        let messages = messages("zh");
        for variant in variants {
            let name = serde_json::to_value(variant).unwrap();
            let key = format!("{prefix}_{}", name.as_str().unwrap());
            assert!(messages.contains_key(&key), "{key}");
        }
    }
    use {ClockStatus as C, Medium as M, Outcome as O, PartyRole as R};
    check(
        "role",
        &[
            R::RightHolder,
            R::Agency,
            R::Suspect,
            R::Account,
            R::Platform,
            R::Other,
        ],
    );
    check("medium", &[M::Audio, M::Video, M::Text, M::Code, M::Image]);
    check("unit", &[Unit::Ms, Unit::Char, Unit::Line, Unit::Px]);
    check(
        "outcome",
        &[
            O::EspeciallySerious,
            O::Serious,
            O::Base,
            O::Below,
            O::Undetermined,
        ],
    );
    check("state", &[State::Met, State::NotMet, State::Unknown, State::Note]);
    check(
        "clock",
        &[C::NotStarted, C::Running, C::Done, C::Late, C::Past, C::Unknown],
    );
    check(
        "paper",
        &[PaperState::Present, PaperState::Draft, PaperState::Missing],
    );
}

#[test]
fn a_dossier_survives_json() {
    let mut dossier = sample::dossier();
    dossier.facts[0].value = Some(Amount::Flag(true));
    let json = serde_json::to_string(&dossier).unwrap();
    assert_eq!(serde_json::from_str::<Dossier>(&json).unwrap(), dossier);
}
