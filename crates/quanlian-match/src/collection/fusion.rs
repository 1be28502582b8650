//! Fusion: what the pictures and the sound of one film say about one work, as one match.
//!
//! In:  the [`Match`] of the pictures, that of the sound, or both, of the same suspect and work.
//! Out: one [`Match`] with its [`FilmEvidence`].
//!
//! # Rule
//! Bits add only when both put the same moments of the suspect on the same moments of the work: some stretch of
//! either overlaps, and in the middle of the overlap they differ by at most [`MAX_APART_MS`]. Each has paid for all its
//! own tries, so that the sum is on the safe side; one that chance explains adds nothing. When they disagree, a film may
//! have been given other sound, or sound another film: the better one is told, with its own stretches, and the bits
//! of the other stand beside it.
//!
//! Invariant: the score is never lower than that of the better one, and pure: the order of the arguments is all it needs.
//!
//! Not here: finding either (`video`, `audio`).

use crate::score::Score;
use crate::{Carrier, FilmEvidence, Match, MatchSegment, Medium, Transform};

/// Pictures and sound that are further apart than this do not speak for one another.
const MAX_APART_MS: f64 = 1_000.0;
/// A stretch that one of them has and the other has for less than this share is told as well.
const COVERED_SHARE: f64 = 0.5;

/// One match of a film from that of its pictures and that of its sound; `None` when there is neither.
pub(super) fn fuse(picture: Option<&Match>, sound: Option<&Match>) -> Option<Match> {
    let evidence = |carried_by| FilmEvidence {
        carried_by,
        picture_bits: picture.map(|m| m.score_bits),
        sound_bits: sound.map(|m| m.score_bits),
    };
    let (mut film, evidence) = match (picture, sound) {
        (None, None) => return None,
        (Some(picture), None) => (picture.clone(), evidence(Carrier::Picture)),
        (Some(picture), Some(sound))
            if picture.score_bits > 0.0 && sound.score_bits > 0.0 && agree(picture, sound) =>
        {
            (together(picture, sound), evidence(Carrier::Both))
        }
        (Some(picture), Some(sound)) if picture.score_bits >= sound.score_bits => {
            (picture.clone(), evidence(Carrier::Picture))
        }
        (_, Some(sound)) => (sound.clone(), evidence(Carrier::Sound)),
    };
    film.medium = Medium::Video;
    film.evidence = Some(evidence);
    Some(film)
}

fn together(picture: &Match, sound: &Match) -> Match {
    let score = Score::from_bits(picture.score_bits + sound.score_bits);
    let better = if picture.score_bits >= sound.score_bits {
        picture
    } else {
        sound
    };
    let mut segments = picture.segments.clone();
    for segment in &sound.segments {
        let covered: f64 = picture
            .segments
            .iter()
            .filter_map(|p| common(p, segment))
            .map(|[from, to]| to - from)
            .sum();
        let [from, to] = range(segment.suspect());
        if covered < COVERED_SHARE * (to - from) {
            segments.push(segment.clone());
        }
    }
    segments.sort_by(|a, b| (a.suspect(), a.work()).cmp(&(b.suspect(), b.work())));
    let transform = match (picture.transform, sound.transform) {
        (Some(picture), Some(sound)) => Some(Transform {
            mirrored: picture.mirrored,
            ..sound
        }),
        (one, other) => one.or(other),
    };
    Match {
        score_bits: score.bits,
        e_value: score.e_value,
        identity: better.identity,
        segments,
        transform,
        ..better.clone()
    }
}

/// Whether some stretch of either puts the same moments of the suspect on the same moments of the work.
fn agree(a: &Match, b: &Match) -> bool {
    a.segments.iter().any(|a| {
        b.segments.iter().any(|b| {
            common(a, b).is_some_and(|[from, to]| {
                let middle = f64::midpoint(from, to);
                (in_work(a, middle) - in_work(b, middle)).abs() <= MAX_APART_MS
            })
        })
    })
}

/// The stretch of the suspect that two segments have in common.
fn common(a: &MatchSegment, b: &MatchSegment) -> Option<[f64; 2]> {
    let ([a0, a1], [b0, b1]) = (range(a.suspect()), range(b.suspect()));
    let (from, to) = (a0.max(b0), a1.min(b1));
    (from < to).then_some([from, to])
}

/// The moment of the work that lies at a moment of the suspect.
fn in_work(segment: &MatchSegment, at: f64) -> f64 {
    let ([s0, s1], [w0, w1]) = (range(segment.suspect()), range(segment.work()));
    w0 + (at - s0) * (w1 - w0) / (s1 - s0).max(1.0)
}

fn range(of: &[u64]) -> [f64; 2] {
    let at = |i: usize| of.get(i).map_or(0.0, |&ms| ms as f64);
    [at(0), at(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Span, Unit};
    use proptest::prelude::*;

    fn one(bits: f64, suspect: [u64; 2], work: [u64; 2]) -> Match {
        Match {
            suspect: "s".into(),
            work: "w".into(),
            medium: Medium::Video,
            score_bits: bits,
            e_value: (-bits).exp2(),
            identity: 0.9,
            segments: vec![
                Span {
                    suspect,
                    work,
                    unit: Unit::Ms,
                }
                .into(),
            ],
            transform: Some(Transform {
                time_scale: 1.0,
                pitch_scale: 1.0,
                mirrored: true,
            }),
            evidence: None,
            null_model: None,
            filtered: Vec::new(),
            suspect_history: None,
            work_history: None,
        }
    }

    fn carried(m: &Match) -> Carrier {
        m.evidence.expect("evidence").carried_by
    }

    #[test]
    fn bits_add_when_both_point_at_the_same_moments() {
        let picture = one(30.0, [1000, 9000], [21_000, 29_000]);
        let mut sound = one(25.0, [4000, 12_000], [24_300, 32_300]);
        sound.transform = Some(Transform {
            time_scale: 1.0,
            pitch_scale: 1.06,
            mirrored: false,
        });
        let film = fuse(Some(&picture), Some(&sound)).expect("a match");
        assert_eq!((film.score_bits, carried(&film)), (55.0, Carrier::Both));
        assert_eq!(film.segments.len(), 1, "the sound covers little more");
        let transform = film.transform.expect("a transform");
        assert!(transform.mirrored && transform.pitch_scale > 1.05);
    }

    #[test]
    fn the_better_one_is_told_when_they_disagree() {
        let picture = one(30.0, [1000, 9000], [21_000, 29_000]);
        let elsewhere = one(40.0, [1000, 9000], [23_500, 31_500]);
        let later = one(20.0, [9000, 12_000], [29_000, 32_000]);
        let film = fuse(Some(&picture), Some(&elsewhere)).expect("a match");
        assert_eq!((film.score_bits, carried(&film)), (40.0, Carrier::Sound));
        assert_eq!(film.evidence.and_then(|e| e.picture_bits), Some(30.0));
        let film = fuse(Some(&picture), Some(&later)).expect("a match");
        assert_eq!((film.score_bits, carried(&film)), (30.0, Carrier::Picture));
    }

    #[test]
    fn what_chance_explains_adds_nothing_and_one_alone_stands() {
        let picture = one(30.0, [1000, 9000], [1000, 9000]);
        let film = fuse(Some(&picture), Some(&one(-5.0, [1000, 9000], [1000, 9000]))).expect("a match");
        assert_eq!((film.score_bits, carried(&film)), (30.0, Carrier::Picture));
        assert_eq!(
            carried(&fuse(Some(&picture), None).expect("a match")),
            Carrier::Picture
        );
        assert_eq!(
            carried(&fuse(None, Some(&one(1.0, [0, 1], [0, 1]))).expect("a match")),
            Carrier::Sound
        );
        assert!(fuse(None, None).is_none());
    }

    proptest! {
        #[test]
        fn the_score_is_never_lower_than_the_better_one(
            bits in (-50.0..500.0f64, -50.0..500.0f64), places in any::<[u32; 8]>(),
        ) {
            let at = |i: usize| [u64::from(places[i]), u64::from(places[i + 1])];
            let (a, b) = (one(bits.0, at(0), at(2)), one(bits.1, at(4), at(6)));
            let film = fuse(Some(&a), Some(&b)).expect("a match");
            prop_assert!(film.score_bits >= bits.0.max(bits.1));
            prop_assert!(film.score_bits <= bits.0.max(0.0) + bits.1.max(0.0) + 1e-9 || bits.0.max(bits.1) < 0.0);
        }
    }
}
