//! Tests of sealing, comparing and opening.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quanlian_match::Medium;
use quanlian_match::blind::{GramFile, GramKind, GramSet, MAX_OCCURRENCES, Occurrence};

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
                kind: GramKind::Structure,
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
        let of_set: BTreeMap<Tag, u64> = suspects()
            .grams
            .keys()
            .map(|&g| (case.tag(g).expect("a tag"), g))
            .collect();
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
    let tags: Vec<Tag> = works()
        .grams
        .keys()
        .map(|&gram| case.tag(gram).expect("a tag"))
        .collect();
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
        Opening::new(&sealed, &ours, &[case.tag(777_777).expect("a tag")]),
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
    assert_eq!(
        CaseKey::parse(&case.to_text()).expect("its text").key_id(),
        case.key_id()
    );
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
    let (_, opened) = Opening::new(&sealed, &ours, &[case.tag(5).expect("a tag")]).expect("open");
    assert_eq!(opened.grams[&case.tag(5).expect("a tag")], set.grams[&5]);
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

/// Tests never wait and never stop.
const PACE: Pace<'static> = Pace {
    done: &|_, _| (),
    stop: &|| false,
};

fn grams_of(set: &GramSet) -> Vec<u64> {
    set.grams.keys().copied().collect()
}

#[test]
fn an_oblivious_comparison_says_the_same_as_one_in_the_open_and_nobody_has_the_others_key() {
    let (_, ours, theirs) = keys();
    let (works, suspects) = (works(), suspects());
    let key = ObliviousKey::new([9; 32]).expect("a key");
    let key = ObliviousKey::parse(&key.to_text()).expect("its own text");
    let our_tags = key
        .tags(&grams_of(&works), PACE)
        .expect("tags")
        .expect("not stopped");
    let a = seal(&works, &our_tags, &ours, &mut random(1)).expect("seal");

    let public = PublicKey::parse(&key.public().to_hex()).expect("its own text");
    let asked = blind(&grams_of(&suspects), public, &theirs, [5; 16], PACE)
        .expect("blind")
        .expect("not stopped");
    let request = Request::parse(&asked).expect("parse");
    assert_eq!(request.element_count(), 4096, "filled up");
    let answer = key
        .answer(&request, &[7; 32], PACE)
        .expect("answer")
        .expect("not stopped");
    let answer = Answer::parse(&answer).expect("parse");
    let their_tags = request
        .finish(&answer, &grams_of(&suspects), &theirs, PACE)
        .expect("finish")
        .expect("not stopped");
    let b = seal(&suspects, &their_tags, &theirs, &mut random(2)).expect("seal");

    let (a, b) = (
        Sealed::parse(&a).expect("parse"),
        Sealed::parse(&b).expect("parse"),
    );
    let tags = shared(&a, &b).expect("one key");
    let (of_works, _) = Opening::new(&a, &ours, &tags).expect("open");
    let (of_suspects, _) = Opening::new(&b, &theirs, &tags).expect("open");
    let found = compare(
        &of_works.read(&a, &tags).expect("read"),
        &of_suspects.read(&b, &tags).expect("read"),
    );
    assert!(!found.is_empty());
    assert_eq!(
        serde_json::to_value(&found).expect("plain data"),
        serde_json::to_value(GramSet::compare(&works, &suspects)).expect("plain data")
    );
    // A file under a case key never meets one under an oblivious key.
    let other = seal(&works, &CaseKey::new([1; 32]), &ours, &mut random(1)).expect("seal");
    let other = Sealed::parse(&other).expect("parse");
    assert_eq!(
        shared(&other, &b).expect_err("two keys").code(),
        "sealed_other_case_key"
    );
}

/// RFC 9497 leaves the input to us; the function itself is fixed by its test vectors, of which this is one: ristretto255-SHA512,
/// mode VOPRF, section A.1.2.
#[test]
fn the_function_is_the_one_of_the_standard() {
    use voprf::{Ristretto255, VoprfServer};
    let server = VoprfServer::<Ristretto255>::new_from_seed(&[0xa3; 32], b"test key").expect("a key");
    assert_eq!(
        hex::encode(server.serialize())[..64],
        *"e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909"
    );
    let output = server.evaluate(&[0]).expect("an output");
    assert_eq!(
        hex::encode(output),
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
    );
}

#[test]
fn what_an_answer_cannot_be_trusted_for_is_refused() {
    let (_, _, theirs) = keys();
    let grams = grams_of(&suspects());
    let key = ObliviousKey::new([9; 32]).expect("a key");
    let other = ObliviousKey::new([10; 32]).expect("a key");
    let ask = |public, id| {
        blind(&grams, public, &theirs, id, PACE)
            .expect("blind")
            .expect("not stopped")
    };
    let asked = ask(key.public(), [5; 16]);
    let request = Request::parse(&asked).expect("parse");
    let answer = key
        .answer(&request, &[7; 32], PACE)
        .expect("answer")
        .expect("not stopped");
    let finish = |request: &Request<'_>, answer: &[u8], grams: &[u64], owner: &OwnerKey| {
        Answer::parse(answer)
            .and_then(|answer| request.finish(&answer, grams, owner, PACE))
            .map(|_| ())
    };
    assert!(finish(&request, &answer, &grams, &theirs).is_ok());
    let code = |result: Result<(), SealedError>| result.expect_err("refused").code();
    // The owner answers with another key than promised: he cannot be asked so,
    let to_other = ask(other.public(), [5; 16]);
    let to_other = Request::parse(&to_other).expect("parse");
    assert_eq!(
        code(key.answer(&to_other, &[7; 32], PACE).map(|_| ())),
        "sealed_other_oblivious_key"
    );
    // and where he does it all the same, or for one element alone, the proof does not hold.
    let mut forged = answer.clone();
    let of_other = other
        .answer(&to_other, &[7; 32], PACE)
        .expect("answer")
        .expect("not stopped");
    let first = 48 + 64..48 + 64 + 32;
    forged[first.clone()].copy_from_slice(&of_other[first]);
    assert_eq!(code(finish(&request, &forged, &grams, &theirs)), "sealed_answer");
    // Another tree, another owner key, another request, a cut answer.
    let mut changed = grams.clone();
    changed[3] ^= 1;
    assert_eq!(
        code(finish(&request, &answer, &changed, &theirs)),
        "sealed_tree_changed"
    );
    assert_eq!(
        code(finish(&request, &answer, &grams, &OwnerKey::new([4; 32]))),
        "sealed_tree_changed"
    );
    let again = ask(key.public(), [6; 16]);
    let again = Request::parse(&again).expect("parse");
    assert_eq!(code(finish(&again, &answer, &grams, &theirs)), "sealed_answer");
    for length in [0, 47, 48, 100, answer.len() - 1] {
        assert_eq!(
            code(finish(&request, &answer[..length], &grams, &theirs)),
            "sealed_answer"
        );
    }
    for length in [0, 79, 80, asked.len() - 1] {
        assert_eq!(
            code(Request::parse(&asked[..length]).map(|_| ())),
            "sealed_request"
        );
    }
}

#[test]
fn two_requests_for_one_tree_have_nothing_in_common() {
    let (_, _, theirs) = keys();
    let grams = grams_of(&suspects());
    let key = ObliviousKey::new([9; 32]).expect("a key");
    let ask = |id| {
        blind(&grams, key.public(), &theirs, id, PACE)
            .expect("blind")
            .expect("not stopped")
    };
    let (one, other) = (ask([5; 16]), ask([6; 16]));
    let elements = |bytes: &[u8]| {
        bytes[80..]
            .chunks(32)
            .map(<[u8]>::to_vec)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(
        elements(&one).len(),
        4096,
        "no element twice, those that mean nothing among them"
    );
    assert!(elements(&one).is_disjoint(&elements(&other)));
    assert_eq!(ask([5; 16]), one, "but the same request can be made again");
    let stopped = Pace {
        done: &|_, _| (),
        stop: &|| true,
    };
    assert!(
        blind(&grams, key.public(), &theirs, [5; 16], stopped)
            .expect("no fault")
            .is_none()
    );
}
