//! Which points a leak touches, and how much of them.

use std::ops::Range;

use proptest::prelude::*;
use quanlian_right::secret::touched::{Hit, Piece, Unit, Why, touched};

use super::id;

fn piece(point: &str, file: &str, lines: Range<u64>) -> Piece {
    Piece {
        point: id(point),
        file_sha256: format!("digest of {file}"),
        file: file.into(),
        chars: Some(lines.start * 40..lines.end * 40),
        lines: Some(lines),
    }
}

fn hit(file: &str, suspect: &str, stretches: &[(Range<u64>, Range<u64>)]) -> Hit {
    Hit {
        work_sha256: format!("digest of {file}"),
        work: file.into(),
        suspect: suspect.into(),
        e_value: 1e-40,
        score_bits: 200.0,
        unit: Unit::Line,
        stretches: stretches.to_vec(),
    }
}

#[test]
fn the_lines_of_a_point_that_lie_in_a_match_are_counted_once() {
    let pieces = [piece("P1", "core.v", 100..200), piece("P2", "core.v", 300..310)];
    let found = touched(
        &pieces,
        &[hit(
            "core.v",
            "leak.v",
            &[(90..151, 10..71), (140..160, 500..520)],
        )],
    );
    assert_eq!(found.touches.len(), 1, "{found:?}");
    let touch = &found.touches[0];
    assert_eq!(
        (touch.point.as_str(), touch.covered, touch.of),
        ("P1", 60, Some(100))
    );
    assert_eq!(touch.share, Some(0.6));
    let places: Vec<_> = (touch.places.iter())
        .map(|place| (place.of_point, place.in_suspect))
        .collect();
    assert_eq!(
        places,
        [
            (Some([100, 151]), Some([10, 71])),
            (Some([140, 160]), Some([500, 520])),
        ]
    );
}

#[test]
fn the_share_is_of_the_whole_point_with_all_its_files() {
    let pieces = [piece("P1", "a.v", 1..11), piece("P1", "b.v", 1..31)];
    let found = touched(&pieces, &[hit("a.v", "leak.v", &[(1..11, 1..11)])]);
    assert_eq!(found.touches[0].share, Some(0.25));
}

#[test]
fn a_match_beside_the_point_does_not_touch_it() {
    let pieces = [piece("P1", "core.v", 100..200)];
    let beside = hit("core.v", "leak.v", &[(1..100, 1..100), (200..300, 200..300)]);
    assert_eq!(touched(&pieces, &[beside]).touches, []);
}

#[test]
fn another_version_of_the_file_is_told_and_not_taken_for_it() {
    let mut other = hit("src/core.v", "leak.v", &[(1..300, 1..300)]);
    other.work_sha256 = "another digest".into();
    let found = touched(&[piece("P1", "core.v", 100..200)], &[other]);
    assert_eq!(found.touches, []);
    assert_eq!(found.untold[0].reason, Why::OtherVersion);
}

#[test]
fn what_counts_something_else_touches_the_whole_without_a_share() {
    let mut film = hit("core.v", "leak.mp4", &[(0..9_000, 0..9_000)]);
    film.unit = Unit::Other;
    let found = touched(&[piece("P1", "core.v", 100..200)], &[film]);
    assert_eq!((found.touches[0].share, found.touches[0].of), (None, None));
    assert_eq!(found.untold[0].reason, Why::NoStretch);
}

proptest! {
    #[test]
    fn a_share_is_what_counting_line_by_line_gives(
        from in 1_u64..60, size in 1_u64..60,
        stretches in prop::collection::vec((1_u64..120, 0_u64..60), 0..12),
    ) {
        let point = from..from + size;
        let ranges: Vec<_> = stretches.iter().map(|(at, long)| (*at..at + long, 1..2)).collect();
        let found = touched(&[piece("P1", "core.v", point.clone())], &[hit("core.v", "leak.v", &ranges)]);
        let counted = point.clone().filter(|line| ranges.iter().any(|(range, _)| range.contains(line))).count();
        let covered = found.touches.first().map_or(0, |touch| touch.covered);
        prop_assert_eq!(covered, counted as u64);
        if let Some(touch) = found.touches.first() {
            prop_assert!(touch.share.unwrap() <= 1.0);
        }
    }
}
