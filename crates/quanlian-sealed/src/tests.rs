//! Tests of sealing, comparing and opening.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quanlian_match::Medium;
use quanlian_match::blind::{GramFile, GramSet, MAX_OCCURRENCES, Occurrence};

use super::*;
use crate::format::{ENTRY_BYTES, MIN_ENTRIES};

/// Randomness that repeats itself in every run of the tests.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    move |bytes| reader.fill(bytes)
}

/// Files with one gram a place.
fn tree(files: &[(&str, Vec<u64>)]) -> GramSet {
    let mut set = GramSet::default();
    for (number, (name, grams)) in (0u32..).zip(files) {
        set.files.push(GramFile {
            name: (*name).to_owned(),
            sha256: "ab".repeat(32),
            medium: Medium::Code,
            places: grams.len() as u32 + 2,
        });
        for (place, &gram) in (0u32..).zip(grams) {
            set.grams.entry(gram).or_default().push(Occurrence {
                file: number,
                place,
                width: 3,
                bits: 900,
                span: [place + 1, place + 4],
            });
        }
    }
    set
}

fn keys() -> (CaseKey, OwnerKey, OwnerKey) {
    (
        CaseKey::new([1; 32]),
        OwnerKey::new([2; 32]),
        OwnerKey::new([3; 32]),
    )
}

fn works() -> GramSet {
    let twice: Vec<u64> = (0..90).chain(0..90).chain((0..9).flat_map(|_| 40..50)).collect();
    tree(&[("rtl/core.v", twice), ("rtl/alu.v", (200..300).collect())])
}

fn suspects() -> GramSet {
    tree(&[
        ("drive/a.v", (1000..1100).collect()),
        ("drive/b.v", (2000..2030).chain(20..70).chain(230..260).collect()),
    ])
}

#[test]
fn sealed_and_open_comparison_agree_in_every_figure() {
    let (case, ours, theirs) = keys();
    let (works, suspects) = (works(), suspects());
    let a = seal(&works, &case, &ours, &mut random(1)).expect("seal");
    let b = seal(&suspects, &case, &theirs, &mut random(2)).expect("seal");
    let (a, b) = (
        Sealed::parse(&a).expect("parse"),
        Sealed::parse(&b).expect("parse"),
    );
    let tags = shared(&a, &b).expect("one case key");
    assert_eq!(tags.len(), 80);
    let (of_works, seen) = Opening::new(&a, &ours, &tags).expect("open");
    let (of_suspects, _) = Opening::new(&b, &theirs, &tags).expect("open");
    assert_eq!(seen.files.len(), 2);
    let [of_works, of_suspects] = [&of_works, &of_suspects].map(|o| {
        let text = serde_json::to_string(o).expect("plain data");
        serde_json::from_str::<Opening>(&text).expect("its own text")
    });
    let works_side = of_works.read(&a, &tags).expect("read");
    let suspects_side = of_suspects.read(&b, &tags).expect("read");
    let sealed = compare(&works_side, &suspects_side);
    let open = GramSet::compare(&works, &suspects);
    assert_eq!(sealed, open);
    assert_eq!(open.len(), 2);
    // Files that share nothing stay unnamed.
    assert!(suspects_side.files.values().all(|f| f.name == "drive/b.v"));
}

#[test]
fn a_sealed_file_says_nothing_by_its_bytes_its_size_or_its_order() {
    let (case, ours, _) = keys();
    let small = seal(&suspects(), &case, &ours, &mut random(1)).expect("seal");
    let none = seal(&GramSet::default(), &case, &ours, &mut random(2)).expect("seal");
    assert_eq!(small.len(), none.len());
    for name in ["drive", "a.v", "b.v"] {
        assert!(!small.windows(name.len()).any(|w| w == name.as_bytes()));
    }
    // Bits behind the header are as often one as zero, in what means something and in what fills up.
    for bytes in [&small[64..], &none[64..]] {
        let ones: u64 = bytes.iter().map(|b| u64::from(b.count_ones())).sum();
        let half = bytes.len() as f64 * 4.0;
        // Six standard deviations of a fair coin.
        assert!(
            (ones as f64 - half).abs() < 6.0 * (half / 2.0).sqrt(),
            "{ones} of {}",
            2.0 * half
        );
    }
    // The order of the entries is that of their tags, which another case key makes another.
    let first = |case: &CaseKey| {
        let bytes = seal(&suspects(), case, &ours, &mut random(1)).expect("seal");
        let sealed = Sealed::parse(&bytes).expect("parse");
        let of_set: BTreeMap<Tag, u64> = suspects().grams.keys().map(|&g| (case.tag(g), g)).collect();
        assert!(of_set.keys().all(|&tag| sealed.entry(tag).is_some()));
        of_set.into_values().take(8).collect::<Vec<_>>()
    };
    assert_ne!(first(&case), first(&CaseKey::new([9; 32])));
    // The same tree, sealed again, shares no sealed byte that would tell so without the case key.
    let again = seal(&suspects(), &CaseKey::new([9; 32]), &ours, &mut random(5)).expect("seal");
    let (one, two) = (
        Sealed::parse(&small).expect("parse"),
        Sealed::parse(&again).expect("parse"),
    );
    assert!(matches!(shared(&one, &two), Err(SealedError::OtherCaseKey)));
}

#[test]
fn every_changed_byte_changes_the_root_and_is_noticed_where_it_is_opened() {
    let (case, ours, _) = keys();
    let bytes = seal(&works(), &case, &ours, &mut random(1)).expect("seal");
    let sealed = Sealed::parse(&bytes).expect("parse");
    let tags: Vec<Tag> = works().grams.keys().map(|&gram| case.tag(gram)).collect();
    let (opening, opened) = Opening::new(&sealed, &ours, &tags).expect("open");
    let whole: Vec<Vec<Occurrence>> = works().grams.into_values().collect();
    let mut told: Vec<Vec<Occurrence>> = opened.grams.into_values().collect();
    told.sort();
    let mut expected = whole;
    expected.sort();
    assert_eq!(told, expected);
    for at in [70, 200, 64 + 128 + 600, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = Sealed::parse(&changed).expect("its form is whole");
        assert_ne!(changed.root(), sealed.root());
        assert!(matches!(
            opening.read(&changed, &tags),
            Err(SealedError::Opening(_))
        ));
    }
    assert!(matches!(
        Opening::new(&sealed, &OwnerKey::new([8; 32]), &tags),
        Err(SealedError::WrongOwnerKey)
    ));
    // A tag that the other side asks for and that is not there is refused, whatever it hopes to see.
    assert!(matches!(
        Opening::new(&sealed, &ours, &[case.tag(777_777)]),
        Err(SealedError::Opening(_))
    ));
}

/// The tree hash as RFC 6962 defines it.
fn root(leaves: &[&[u8]]) -> Root {
    match leaves {
        [one] => quanlian_tlog::hash::leaf_hash(one),
        many => {
            let left = many.len().next_power_of_two() / 2;
            quanlian_tlog::hash::node_hash(&root(&many[..left]), &root(&many[left..]))
        }
    }
}

#[test]
fn the_root_is_that_of_rfc_6962() {
    let (case, ours, _) = keys();
    let bytes = seal(&suspects(), &case, &ours, &mut random(1)).expect("seal");
    let (head, rest) = bytes.split_at(64);
    let (summary, rest) = rest.split_at(128);
    let (files, entries) = rest.split_at(64 * 512);
    let mut leaves: Vec<&[u8]> = vec![head, summary];
    leaves.extend(files.chunks(512));
    leaves.extend(entries.chunks(ENTRY_BYTES));
    assert_eq!(leaves.len(), 2 + 64 + MIN_ENTRIES);
    assert_eq!(Sealed::parse(&bytes).expect("parse").root(), root(&leaves));
}

#[test]
fn keys_are_read_from_their_own_text_alone() {
    let (case, ours, _) = keys();
    assert_eq!(CaseKey::parse(&case.to_text()).expect("its text").id(), case.id());
    assert!(CaseKey::parse(&ours.to_text()).is_err());
    assert!(OwnerKey::parse("quanlian-owner-key v1\nabc\n").is_err());
    assert!(OwnerKey::parse(&ours.to_text()).is_ok());
}

#[test]
fn a_gram_with_many_places_keeps_them_all() {
    let (case, ours, _) = keys();
    let set = tree(&[("a", vec![5; MAX_OCCURRENCES])]);
    let bytes = seal(&set, &case, &ours, &mut random(1)).expect("seal");
    let sealed = Sealed::parse(&bytes).expect("parse");
    let (_, opened) = Opening::new(&sealed, &ours, &[case.tag(5)]).expect("open");
    assert_eq!(opened.grams[&case.tag(5)], set.grams[&5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_refused_or_read(
        mut head in prop::collection::vec(any::<u8>(), 0..300), is_near in any::<bool>(),
        at in 0usize..700_000, value in any::<u8>(), cut in 0usize..3,
    ) {
        if is_near {
            let (case, ours, _) = keys();
            head = seal(&suspects(), &case, &ours, &mut random(1)).expect("seal");
            let length = head.len();
            head[at % length] = value;
            head.truncate(length - cut);
        }
        if let Ok(sealed) = Sealed::parse(&head) {
            let _ = sealed.root();
            prop_assert_eq!(shared(&sealed, &sealed).expect("one key").len(), sealed.entry_count() as usize);
        }
    }
}
