//! Axes of made parts: where works lie, what removed ones leave behind, when a key is common.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

struct Work {
    places: [u64; 2],
    is_removed: bool,
}

impl Laid for Work {
    fn first_place(&self) -> u64 {
        self.places[0]
    }

    fn next_place(&self) -> u64 {
        self.places[1]
    }
}

struct Kept {
    segment: PackedSegment,
    axis: PartAxis,
}

impl Store for Kept {
    type Work = Work;
    const FILES: [&'static str; 2] = ["postings", "records"];
    const METHOD: (&'static str, u32) = ("test/1", 16);
    const PLACE_SHIFT: u32 = 2;

    fn segment(&self) -> &PackedSegment {
        &self.segment
    }

    fn axis(&self) -> &PartAxis {
        &self.axis
    }
}

const PLACES_OF_A_WORK: u64 = 10;

fn axis_of(removed: &[bool]) -> PartAxis {
    let works: Vec<Work> = (0..)
        .zip(removed)
        .map(|(number, &is_removed)| Work {
            places: [number * PLACES_OF_A_WORK, (number + 1) * PLACES_OF_A_WORK],
            is_removed,
        })
        .collect();
    PartAxis::new((0..).zip(&works).map(|(number, work)| Row {
        number,
        work,
        is_removed: work.is_removed,
    }))
}

/// A part with works of ten places each, some removed, and postings `(key, place of the axis)`.
fn part(folder: &Path, removed: &[bool], postings: &[(u64, u64)]) -> Kept {
    let path = folder.join(postings.len().to_string());
    let parameters = parameters::<Kept>().expect("parameters");
    let mut writer = PackedWriter::create(&path, &parameters).expect("create");
    for &(key, place) in postings {
        writer
            .push(key, place << Kept::PLACE_SHIFT | key & 3)
            .expect("push");
    }
    Kept {
        segment: writer.finish().expect("finish"),
        axis: axis_of(removed),
    }
}

/// The places of the keys 0 to 7 in all parts, without their lowest bits; keys that were left out are not there.
fn found(parts: &[&Kept], limit: u64) -> BTreeMap<usize, Vec<u64>> {
    let mut length = 0;
    let stores = (parts.iter())
        .map(|&part| {
            let start = length;
            length += part.axis.length;
            (Some(part), start)
        })
        .collect();
    let axis = Axis {
        numbered: Numbered {
            parts: &[],
            first: Vec::new(),
        },
        stores,
        length,
    };
    // Asked twice, with more keys in between than are looked up at once.
    let keys: Vec<u64> = (0..8).chain(1_000..1_070).chain(0..8).collect();
    let mut found: [BTreeMap<usize, Vec<u64>>; 2] = Default::default();
    axis.for_each_place(&keys, limit, |index, place| {
        let of_key = found[index / 78].entry(index % 78).or_default();
        of_key.push(place >> Kept::PLACE_SHIFT);
    });
    let [found, again] = found;
    assert_eq!(found, again);
    found
}

#[test]
fn a_removed_work_takes_up_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let postings: Vec<(u64, u64)> = (0..4).map(|work| (1, work * PLACES_OF_A_WORK + 3)).collect();
    let whole = part(folder.path(), &[false; 4], &postings);
    assert_eq!(found(&[&whole], 4)[&1], [3, 13, 23, 33]);
    assert!(found(&[&whole], 3).is_empty(), "a common key");
    let half = Kept {
        axis: axis_of(&[false, true, true, false]),
        ..whole
    };
    assert_eq!(found(&[&half], 2)[&1], [3, 33], "the removed ones do not count");
    assert!(found(&[&half], 1).is_empty());
    assert_eq!(half.axis.removed, [[10, 30]], "neighbours are one stretch");
}

#[test]
fn a_key_is_common_by_all_parts_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = part(folder.path(), &[false], &[(5, 1), (5, 2)]);
    let other = part(folder.path(), &[false; 2], &[(5, 3), (5, 14), (6, 0)]);
    assert_eq!(
        found(&[&one, &other], 4),
        BTreeMap::from([(5, vec![1, 2, 13, 24]), (6, vec![10])])
    );
    assert_eq!(found(&[&one, &other], 3), BTreeMap::from([(6, vec![10])]));
}

#[test]
fn a_place_is_that_of_the_work_that_starts_before_it() {
    let axis = axis_of(&[false, true]);
    assert_eq!(
        [0, 9, 10, 99].map(|place| axis.work_at(place)),
        [0, 0, 1, 1].map(|n| Some((n, u64::from(n) * 10)))
    );
    assert_eq!(
        PartAxis::new(std::iter::empty::<Row<'_, Work>>()).work_at(0),
        None
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_with_removed_works_answer_as_one_without_them(
        removed in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..5), 1..4),
        postings in prop::collection::btree_set((0..3_usize, 0..8_u64, 0..50_u64), 0..120),
        // Of the forty places of a part none is given up because of the removed ones among them.
        limit in 40 / REMOVED_ALLOWANCE..12,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut parts = Vec::new();
        let mut wanted: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let mut start = 0;
        for (number, removed) in removed.iter().enumerate() {
            let own: Vec<(u64, u64)> = (postings.iter())
                .filter(|(part, _, place)| *part == number && *place < PLACES_OF_A_WORK * removed.len() as u64)
                .map(|&(_, key, place)| (key, place))
                .collect();
            let folder = folder.path().join(number.to_string());
            std::fs::create_dir(&folder).expect("a folder");
            parts.push(part(&folder, removed, &own));
            for (key, place) in own {
                if !removed[(place / PLACES_OF_A_WORK) as usize] {
                    wanted.entry(key as usize).or_default().push(start + place);
                }
            }
            start += PLACES_OF_A_WORK * removed.len() as u64;
        }
        wanted.retain(|_, places| places.len() as u64 <= limit);
        let parts: Vec<&Kept> = parts.iter().collect();
        prop_assert_eq!(found(&parts, limit), wanted);
    }

    #[test]
    fn a_place_moves_with_its_work(starts in prop::collection::btree_map(0..90_u64, prop::option::of(0..90_u64), 0..8), place in any::<u64>()) {
        let moves: Vec<Move> = starts.into_iter().collect();
        if let Some(to) = moved(&moves, place, 3) {
            let (old, new) = moves.iter().rfind(|(old, _)| old << 3 <= place).expect("a work before it");
            prop_assert_eq!(to - (new.expect("kept") << 3), place - (old << 3));
        }
    }
}
