//! The papers of custody: what is known is printed, what is not is a marked blank.
//!
//! In:  a made-up hand-over.
//! Out: what a reader of the PDF would see.

use quanlian_record::time::Timestamp;

use super::{FONTS, at, messages, read_back};
use crate::{
    Pdf,
    dossier::Language,
    form::{
        ActState, CustodyForm, FormAct, FormItem, FormKind, FormMedia, FormParty, FormRole, SignedState,
        render_form,
    },
};

fn item() -> FormItem {
    FormItem {
        name: "月亮.mp3".into(),
        kind: Some("file".into()),
        format: None,
        source: None,
        size_bytes: 5,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        sm3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0".into(),
        deposit: "018cc251-f400-7fff-bfff-ffffffffffff".into(),
        deposited_at: at(),
        log_index: 17,
        is_sealed: Some(true),
    }
}

fn act() -> FormAct {
    let party = |role, name: &str, signed, detail: Option<&str>| FormParty {
        role,
        name: Some(name.into()),
        organisation: None,
        signed,
        detail: detail.map(str::to_owned),
    };
    FormAct {
        state: ActState::Done,
        at: at(),
        clock: None,
        place: Some("杭州".into()),
        reason: Some("送检".into()),
        irregular: None,
        tool: "quanlian 0.1.0".into(),
        machine: Some("Linux".into()),
        cleanliness: None,
        media: vec![FormMedia {
            name: "seal.jpg".into(),
            sha256: "ab".repeat(32),
        }],
        parties: vec![
            party(
                FormRole::Giver,
                "王警官",
                SignedState::Signed,
                Some("police.example/wang+0a1b2c3d"),
            ),
            party(
                FormRole::Receiver,
                "Dr. Li",
                SignedState::OnPaper,
                Some("018cc251"),
            ),
        ],
    }
}

fn form(kind: FormKind, language: Language) -> CustodyForm {
    CustodyForm {
        language,
        kind,
        id: "018cc251-f400-7fff-bfff-000000000000".into(),
        case_number: None,
        agency: None,
        items: vec![item()],
        act: Some(act()),
        log: Some("quanlian.example/log".into()),
        version: "0.1.0".into(),
    }
}

fn render(form: &CustodyForm, at: Timestamp) -> Option<Pdf> {
    let pdf = render_form(form, FONTS.as_ref()?, at).unwrap();
    if let Some(folder) = std::env::var_os("QUANLIAN_KEEP_PAPERS") {
        let name = format!("form-{:?}-{:?}.pdf", form.kind, form.language);
        std::fs::write(std::path::Path::new(&folder).join(name), &pdf.bytes).unwrap();
    }
    Some(pdf)
}

/// What the paper says, without spaces, because lines break where they will; `None` where it cannot be read here.
fn said(form: &CustodyForm) -> Option<String> {
    let pdf = render(form, at())?;
    read_back(&pdf)
}

fn flat(language: &str, key: &str) -> String {
    messages(language)[key].split_whitespace().collect()
}

const KINDS: [(FormKind, &str); 3] = [
    (FormKind::Extraction, "form_title_extraction"),
    (FormKind::Fixation, "form_title_fixation"),
    (FormKind::HandOver, "form_title_hand_over"),
];

#[test]
fn each_paper_is_made_in_each_language_with_its_blanks_marked() {
    for (kind, title) in KINDS {
        for (language, word) in [(Language::Zh, "zh"), (Language::En, "en")] {
            let form = form(kind, language);
            let Some(text) = said(&form) else { return };
            for known in [
                &flat(word, title),
                "月亮.mp3",
                &form.items[0].sha256,
                &form.items[0].sm3,
                "王警官",
            ] {
                assert!(text.contains(known), "{kind:?} {known}: {text}");
            }
            // Nobody said the case number.
            assert!(text.contains(&flat(word, "form_to_fill")), "{kind:?}: {text}");
            assert!(text.contains(&flat(word, "form_signed_on_paper")));
            assert!(!text.contains(&flat(word, "form_waiting")));
        }
    }
}

#[test]
fn a_clock_that_nobody_measured_is_not_a_blank_and_not_zero() {
    let mut form = form(FormKind::HandOver, Language::En);
    let Some(text) = said(&form) else { return };
    assert!(text.contains(&flat("en", "form_not_measured")));
    form.act.as_mut().unwrap().clock = Some("-0.000123 s against chrony".into());
    let text = said(&form).unwrap();
    assert!(text.contains("-0.000123sagainstchrony") && !text.contains(&flat("en", "form_not_measured")));
}

#[test]
fn a_hand_over_with_one_signature_says_so_across_its_head() {
    let mut form = form(FormKind::HandOver, Language::Bilingual);
    let act = form.act.as_mut().unwrap();
    act.state = ActState::Waiting;
    act.parties[1].signed = SignedState::Waiting;
    act.parties[1].detail = None;
    let Some(text) = said(&form) else { return };
    for language in ["zh", "en"] {
        assert!(text.contains(&flat(language, "form_waiting")), "{text}");
        assert!(text.contains(&flat(language, "form_signed_waiting")));
    }
}

#[test]
fn a_paper_without_an_act_leaves_all_of_it_to_be_filled_in() {
    let mut form = form(FormKind::HandOver, Language::En);
    form.act = None;
    form.items[0].is_sealed = None;
    let Some(text) = said(&form) else { return };
    assert!(text.contains(&flat("en", "form_no_act")));
    // Case, agency, time, clock, place, reason, seal, three names and three signatures.
    assert_eq!(text.matches(&flat("en", "form_to_fill")).count(), 13);
    assert!(!text.contains("notsealed"));
}

#[test]
fn the_same_form_gives_the_same_bytes_and_hostile_text_stays_text() {
    let mut form = form(FormKind::Extraction, Language::Zh);
    form.items = vec![
        FormItem {
            name: "\u{202e}#panic(\"x\") $x$ *b* \u{1b}[2J".repeat(50),
            source: Some("https://a/".to_owned() + &"x".repeat(5000)),
            ..item()
        };
        3
    ];
    let Some(first) = render(&form, at()) else { return };
    assert_eq!(render(&form, at()).unwrap().bytes, first.bytes);
    assert!(said(&form).unwrap().contains("[U+202E]#panic"));
}
