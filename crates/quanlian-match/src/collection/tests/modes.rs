//! Exact runs and near-duplicates: what they tell, and what they say they cannot tell.
//!
//! In:  made-up texts. Out: runs compared with those found by brute force; shares compared with the truth.
//!
//! Not here: chance and scores (`tests`).

use super::*;

/// Letters that look like words and never repeat over a long stretch.
fn prose(seed: u64, letters: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::new();
    while text.len() < letters {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push(char::from(b'a' + (state >> 33) as u8 % 26));
    }
    text
}

fn exact(bench: &Bench, suspect: &str, min_symbols: u32) -> ExactReport {
    let options = ExactOptions {
        min_symbols,
        archives: false,
        history: false,
    };
    bench
        .open()
        .exact_file(&bench.suspect("s.txt", suspect.as_bytes()), &options)
        .expect("searched")
}

/// Runs as they are found by comparing every pair of places.
fn brute_force(suspect: &str, work: &str, least: usize) -> Vec<([u64; 2], [u64; 2])> {
    let (s, w) = (suspect.as_bytes(), work.as_bytes());
    let mut runs = Vec::new();
    for i in 0..s.len() {
        for j in 0..w.len() {
            if i > 0 && j > 0 && s[i - 1] == w[j - 1] {
                continue;
            }
            let n = (s[i..].iter().zip(&w[j..])).take_while(|(a, b)| a == b).count();
            if n >= least {
                runs.push(([i as u64, (i + n) as u64], [j as u64, (j + n) as u64]));
            }
        }
    }
    runs
}

#[test]
fn exact_runs_are_those_that_brute_force_finds() {
    let work = prose(1, 2_000);
    // Whole, cut at a border, said twice, with a changed letter inside, shorter than asked for.
    let suspect = [
        &prose(2, 300)[..],
        &work[..60],
        &prose(3, 90),
        &work[500..535],
        &prose(4, 10),
        &work[500..535],
        &prose(5, 20),
        &work[900..950],
        "#",
        "7",
        &work[951..1_000],
        &prose(6, 30),
        &work[1_200..1_234],
        &prose(7, 30),
        &work[1_900..],
    ]
    .concat()
    .replace('#', "");
    let bench = Bench::new(&[
        ("w.txt", work.as_bytes()),
        ("other.txt", prose(9, 900).as_bytes()),
    ]);
    bench.build().expect("build");
    let report = exact(&bench, &suspect, 35);
    assert_eq!(report.matches.len(), 1);
    let found: Vec<_> = report.matches[0]
        .runs
        .iter()
        .map(|run| (run.suspect, run.work))
        .collect();
    let expected = brute_force(&suspect, &work, 35);
    assert!(expected.len() >= 6, "{expected:?}");
    assert_eq!(found, expected);
    assert_eq!(report.notes, []);
}

#[test]
fn a_run_over_the_seam_of_two_blocks_is_one() {
    let work = prose(11, 20_000);
    // Blocks of the suspect end at half a million letters.
    let suspect = format!("{}{work}{}", prose(12, (1 << 19) - 7_000), prose(13, 1_000));
    let bench = Bench::new(&[("w.txt", work.as_bytes())]);
    bench.build().expect("build");
    let report = exact(&bench, &suspect, 50);
    let [found] = &report.matches[..] else {
        panic!("{report:?}")
    };
    let [run] = &found.runs[..] else {
        panic!("{} runs", found.runs.len())
    };
    assert_eq!(
        (run.work, run.symbols, found.longest),
        ([0, 20_000], 20_000, 20_000)
    );
    assert_eq!(run.suspect, [(1 << 19) - 7_000, (1 << 19) + 13_000]);
}

#[test]
fn exact_runs_see_through_disguise_and_count_characters_of_the_originals() {
    let bench = Bench::new(&[("灯塔.txt", CHINESE.as_bytes())]);
    bench.build().expect("build");
    let report = exact(
        &bench,
        "别的话。濃霧已經吞 沒了東邊的礁石山谷里没有人。别的话",
        15,
    );
    let run = &report.matches[0].runs[0];
    assert_eq!((run.suspect, run.work, run.symbols), ([4, 23], [15, 34], 18));
    assert_eq!(codes(&report.notes)[0].1, "exact_short");
}

#[test]
fn what_is_no_text_is_refused_by_name() {
    let bench = Bench::new(&[("w.txt", LINES.join("\n").as_bytes())]);
    bench.build().expect("build");
    let suspect = bench.suspect("s.bin", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0");
    let index = bench.open();
    let error = index.exact_file(&suspect, &ExactOptions::default());
    assert_eq!(error.expect_err("refused").code(), "match_unknown_medium");
    let error = index.near_file(&suspect, &NearOptions::default());
    assert_eq!(error.expect_err("refused").code(), "match_unknown_medium");
}

fn near(bench: &Bench, suspect: &str, min_share: f64) -> NearReport {
    let options = NearOptions {
        min_share,
        archives: false,
        history: false,
    };
    bench
        .open()
        .near_file(&bench.suspect("s.txt", suspect.as_bytes()), &options)
        .expect("searched")
}

#[test]
fn a_whole_copy_a_part_and_a_compilation_are_told_apart() {
    let (a, b) = (prose(21, 9_000), prose(22, 9_000));
    let bench = Bench::new(&[("a.txt", a.as_bytes()), ("b.txt", b.as_bytes())]);
    bench.build().expect("build");
    let copy = near(&bench, &a.to_uppercase(), 0.5);
    let [found] = &copy.matches[..] else {
        panic!("{copy:?}")
    };
    assert_eq!(found.work, "a.txt");
    assert_eq!(
        (found.of_suspect.shared, found.of_suspect.one_in),
        (found.of_suspect.of, 1)
    );
    assert!(found.of_suspect.interval[0] >= 1.0, "so few keys are all taken");
    assert_eq!(found.of_work, Some(found.of_suspect));

    let part = near(&bench, &a[3_000..6_000], 0.5);
    let [found] = &part.matches[..] else {
        panic!("{part:?}")
    };
    let own = found.of_work.expect("one work is looked at").share;
    assert!(
        found.of_suspect.share > 0.95 && (own - 1.0 / 3.0).abs() < 0.03,
        "{found:?}"
    );

    let both = near(&bench, &format!("{a}{b}"), 0.9);
    let shares: Vec<f64> = both.matches.iter().map(|m| m.of_suspect.share).collect();
    assert_eq!(both.matches.len(), 2);
    assert!(
        shares.iter().all(|share| (share - 0.5).abs() < 0.03),
        "{shares:?}"
    );

    assert_eq!(near(&bench, &prose(23, 9_000), 0.01).matches, []);
}

#[test]
fn a_sample_of_a_long_text_holds_the_truth_in_its_interval() {
    let work = prose(31, 400_000);
    let bench = Bench::new(&[("w.txt", work.as_bytes())]);
    bench.build().expect("build");
    let report = near(
        &bench,
        &format!("{}{}", &work[..160_000], prose(32, 240_000)),
        0.2,
    );
    let found = report.matches[0].of_suspect;
    assert!(found.one_in > 1 && found.of > 1_000, "{found:?}");
    assert!(found.interval[0] < 0.4 && 0.4 < found.interval[1], "{found:?}");
    assert!(found.interval[1] - found.interval[0] < 0.07, "{found:?}");
}
