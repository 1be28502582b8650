//! Jurisdiction and duplicate hints of complaints.
//!
//! In:  the shipped rules of jurisdiction; made-up complaints.
//! Out: who may take them, what is missing, what two of them share.

use quanlian_procedure::{
    Procedures,
    duplicate::{Hint, KeyKind, Keys, MAX_NAMED, Named, hints},
    routing::{Agency, Question, Routed},
};

use super::PROCEDURES;

/// `copyright act=320505 storage=320583 platform_internal?` to what the rules say.
fn route(question: &str) -> String {
    let mut asked = Question::default();
    for part in question.split_whitespace() {
        if let Some(flag) = part.strip_suffix('?') {
            asked.flags.insert(flag.to_owned(), true);
        } else if let Some(flag) = part.strip_suffix('!') {
            asked.flags.insert(flag.to_owned(), false);
        } else if let Some((place, division)) = part.split_once('=') {
            asked.places.insert(place.to_owned(), division.to_owned());
        } else {
            asked.subject = Some(part.to_owned());
        }
    }
    let agency = |id: &str, kind: &str, division: &str| Agency {
        id: id.to_owned(),
        kind: kind.to_owned(),
        division: division.to_owned(),
    };
    let directory = [
        agency("gusu-culture", "copyright_enforcement", "320508"),
        agency("sz-ip", "ip_office", "320500"),
    ];
    match PROCEDURES.routing().unwrap().route(&asked, &directory) {
        Routed::Nobody => "nobody".to_owned(),
        Routed::Undetermined { missing } => format!("undetermined: {}", missing.join(" ")),
        Routed::To { competent, could_add } => {
            let each = competent.iter().map(|one| {
                let agency = one.agency.as_deref().unwrap_or("?");
                format!(
                    "{agency} {} {} by {} ({})",
                    one.kind, one.division, one.place, one.verified
                )
            });
            format!(
                "{}; could add: {}",
                each.collect::<Vec<_>>().join(", "),
                could_add.join(" ")
            )
        }
    }
}

#[test]
fn a_complaint_goes_to_whoever_a_place_makes_competent() {
    let by_act = "gusu-culture copyright_enforcement 320508 by act (false)";
    assert_eq!(
        route("copyright act=320508"),
        format!("{by_act}; could add: result seizure storage")
    );
    // Two places give two agencies; neither is chosen here.
    let both =
        format!("{by_act}, ? copyright_enforcement 320583 by storage (false); could add: result seizure");
    assert_eq!(route("copyright act=320508 storage=320583"), both);
    // The office of the city, whatever the district.
    assert_eq!(
        route("patent act=320508"),
        "sz-ip ip_office 320500 by act (false); could add: domicile"
    );
}

#[test]
fn what_is_missing_makes_it_undetermined_and_is_named() {
    assert_eq!(route(""), "undetermined: subject");
    assert_eq!(route("copyright"), "undetermined: act result seizure storage");
    // A city does not say in which district.
    assert_eq!(
        route("copyright act=320500"),
        "undetermined: act result seizure storage"
    );
    assert_eq!(
        route("copyright act=Suzhou"),
        "undetermined: act result seizure storage"
    );
    // Inside a platform another rule holds, so the flag comes first.
    assert_eq!(route("trademark act=320508"), "undetermined: platform_internal");
    assert_eq!(
        route("trademark act=320508 platform_internal?"),
        "undetermined: business"
    );
    assert_eq!(
        route("trademark act=320508 platform_internal!"),
        "? market_regulator 320508 by act (false); could add: "
    );
    assert_eq!(route("weather act=320508"), "nobody");
}

#[test]
fn rules_of_jurisdiction_are_checked_when_they_are_read() {
    let fault = |text: &str| {
        Procedures::from_files([("routing.toml".to_owned(), text.as_bytes().to_vec())]).unwrap_err()
    };
    assert_eq!(fault("rule = []").code(), "procedure_syntax");
    let head = r#"agency = []
place = []
subject = []
[[rule]]
id = "r"
subjects = ["x"]
places = []
agency = "y"
level = "county"
[rule.source]
cite = { zh = "a", en = "a" }
checked = { on = 2026-01-01, verified = false }
"#;
    assert!(fault(head).to_string().contains("there is no subject `x`"));
}

fn named(rights: &[&str], links: &[&str], accounts: &[&str]) -> Keys {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    Keys::of(&Named {
        rights: owned(rights),
        links: owned(links),
        accounts: owned(accounts),
        platform_ids: Vec::new(),
    })
}

fn found(new: &Keys, earlier: &[(&str, &Keys)]) -> Vec<Hint> {
    hints(new, earlier.iter().copied())
}

#[test]
fn links_are_one_when_only_the_way_there_differs() {
    let link = |text: &str| {
        named(&[], &[text], &[])
            .iter()
            .map(|(_, key)| key.to_owned())
            .collect::<String>()
    };
    let same = [
        "https://www.example.com/v/42?b=2&a=1",
        "http://EXAMPLE.com:443/v/42/?a=1&b=2&utm_source=x#t=3",
        "m.example.com/v/42?a=1&b=2&from=share",
        "ｈｔｔｐｓ：／／example.com/v/42?a=1&b=2",
    ];
    for text in same {
        assert_eq!(link(text), "example.com/v/42?a=1&b=2", "{text}");
    }
    // What tells two things apart stays.
    assert_ne!(link("example.com/v/42"), link("example.com/v/43"));
    assert_ne!(link("example.com/V/42"), link("example.com/v/42"));
    assert_ne!(link("example.com/?v=42"), link("example.com/?v=43"));
}

#[test]
fn a_hint_needs_the_same_right_and_a_same_place() {
    let new = named(
        &["国作登字-2023-I-00012"],
        &["example.com/a", "example.com/b"],
        &["Site:@Shop"],
    );
    let same = named(
        &["国作登字2023I00012"],
        &["https://example.com/b/"],
        &["site:@shop"],
    );
    let one = named(&["国作登字-2023-I-00012"], &["example.com/a"], &[]);
    let right_only = named(&["国作登字-2023-I-00012"], &["example.com/c"], &[]);
    let place_only = named(&["国作登字-2024-I-00099"], &["example.com/a"], &[]);
    let earlier = [("D", &place_only), ("B", &one), ("C", &right_only), ("A", &same)];
    let hints = found(&new, &earlier);
    let which: Vec<(&str, usize)> = hints
        .iter()
        .map(|hint| (hint.matter.as_str(), hint.places))
        .collect();
    assert_eq!(
        which,
        [("A", 2), ("B", 1)],
        "most shared first, the others not at all"
    );
    assert_eq!(hints[0].shared[&KeyKind::Link], ["example.com/b"]);
    assert_eq!(hints[0].shared[&KeyKind::Right], ["国作登字2023i00012"]);
}

#[test]
fn a_flood_of_names_is_bounded() {
    let flood = Named {
        links: (0..MAX_NAMED + 500).map(|n| format!("example.com/{n}")).collect(),
        rights: vec!["é".repeat(100_000)],
        ..Named::default()
    };
    let keys = Keys::of(&flood);
    assert_eq!(
        keys.iter().filter(|(kind, _)| *kind == KeyKind::Link).count(),
        MAX_NAMED
    );
    assert!(keys.iter().all(|(_, key)| key.len() <= 2_048));
}
