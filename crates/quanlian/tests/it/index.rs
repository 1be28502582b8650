//! An index over the years: works come, change and go; it is merged, checked, copied, lost and brought back.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{code, json, quanlian, stderr, text};

/// A page that no other number gives.
fn page(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:x}", state >> 38)
    };
    (0..80).map(|_| word() + " ").collect()
}

struct City {
    dir: tempfile::TempDir,
}

impl City {
    /// An index of works 0 to `works`.
    fn new(works: u64) -> Self {
        let city = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(city.at("works")).unwrap();
        for n in 0..works {
            city.write(n, n);
        }
        let built = city.run(&["index", "build"], &["--works", text(&city.at("works"))], 0);
        assert_eq!(built["added"], works);
        city
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Work `n` with the content of page `content`.
    fn write(&self, n: u64, content: u64) {
        std::fs::write(self.at("works").join(format!("{n}.txt")), page(content)).unwrap();
    }

    fn run(&self, command: &[&str], more: &[&str], wanted: i32) -> Value {
        let index = self.at("index");
        json(
            &quanlian(&[command, &["--index", text(&index), "--json"], more].concat()),
            wanted,
        )
    }

    /// The works that hold page `n`, by the indexes.
    fn holders(&self, indexes: &[&str], n: u64) -> Vec<String> {
        let suspect = self.at("suspect.txt");
        std::fs::write(&suspect, page(n)).unwrap();
        let folders: Vec<PathBuf> = indexes.iter().map(|index| self.at(index)).collect();
        let mut arguments = vec!["match", text(&suspect), "--json"];
        for folder in &folders {
            arguments.extend(["--index", text(folder)]);
        }
        let found = json(&quanlian(&arguments), 0);
        let works = found.as_array().unwrap().iter();
        works.map(|m| m["work"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn works_are_removed_restored_replaced_and_merged_by_name() {
    let city = City::new(4);
    let list = city.at("list.txt");
    std::fs::write(&list, "2.txt\r\n\nnobody.txt\n").unwrap();
    let removed = city.run(&["index", "remove"], &["1.txt", "--list", text(&list)], 1);
    assert_eq!(
        (&removed["removed"], &removed["unknown"][0]),
        (&2.into(), &"nobody.txt".into())
    );
    assert_eq!(city.holders(&["index"], 1), Vec::<String>::new());
    let restored = city.run(&["index", "restore"], &["1.txt"], 0);
    assert_eq!(restored["restored"], 1);
    assert_eq!(city.holders(&["index"], 1), ["1.txt"]);

    city.write(3, 33);
    let works = city.at("works");
    let passed_over = city.run(&["index", "add"], &["--works", text(&works)], 0);
    // The removed work is new again.
    assert_eq!(
        (&passed_over["added"], &passed_over["replaced"]),
        (&1.into(), &0.into())
    );
    let replaced = city.run(&["index", "add", "--replace"], &["--works", text(&works)], 0);
    assert_eq!(
        (&replaced["added"], &replaced["replaced"]),
        (&0.into(), &1.into())
    );
    assert_eq!(
        (city.holders(&["index"], 33), city.holders(&["index"], 3).len()),
        (vec!["3.txt".to_owned()], 0)
    );
    let merged = city.run(&["index", "merge"], &[], 0);
    assert_eq!(
        (&merged["merged"], &merged["dropped"], &merged["parts"]),
        (&3.into(), &2.into(), &1.into())
    );
    assert_eq!(city.run(&["index", "stats"], &[], 0)["items"], 4);
    for n in [0, 1, 2, 33] {
        assert_eq!(city.holders(&["index"], n).len(), 1, "{n}");
    }
    let gone = quanlian(&["index", "remove", "--index", text(&city.at("works")), "x"]);
    assert_eq!(code(&gone), 2, "{}", stderr(&gone));
}

#[test]
fn damage_is_found_and_mended_from_a_snapshot() {
    let city = City::new(3);
    let store = city.at("store");
    let to = ["--to", text(&store)];
    let first = city.run(&["index", "snapshot"], &to, 0);
    assert!(
        first["sent"].as_u64().unwrap() > 5 && first["kept_bytes"] == 0,
        "{first}"
    );
    city.write(9, 9);
    city.run(&["index", "add"], &["--works", text(&city.at("works"))], 0);
    let second = city.run(&["index", "snapshot"], &to, 0);
    assert!(
        second["kept"].as_u64().unwrap() >= first["sent"].as_u64().unwrap() / 2,
        "{second}"
    );
    assert_eq!(city.run(&["index", "verify"], &[], 0)["sound"], true);

    let part = city.at("index/part-000001/text.blocks");
    let mut bytes = std::fs::read(&part).unwrap();
    bytes[5] ^= 1;
    std::fs::write(&part, bytes).unwrap();
    let report = city.run(&["index", "verify"], &[], 1);
    assert_eq!(
        (
            &report["sound"],
            &report["parts"][0]["sound"],
            &report["parts"][1]["sound"]
        ),
        (&false.into(), &false.into(), &true.into())
    );
    assert!(report.to_string().contains("0.txt"), "{report}");

    // Into a new folder, the last state and one before.
    let again = city.at("again");
    let fetch = |generation: &[&str], to: &Path| {
        let arguments = [
            "index",
            "fetch",
            "--from",
            text(&store),
            "--index",
            text(to),
            "--json",
        ];
        json(&quanlian(&[&arguments[..], generation].concat()), 0)
    };
    assert_eq!(fetch(&[], &again)["generation"], 2);
    assert_eq!(
        json(
            &quanlian(&["index", "verify", "--index", text(&again), "--json"]),
            0
        )["sound"],
        true
    );
    assert_eq!(city.holders(&["again"], 9), ["9.txt"]);
    assert_eq!(fetch(&["--generation", "1"], &city.at("old"))["generation"], 1);
    assert_eq!(city.holders(&["old"], 9).len(), 0);
    let nothing = quanlian(&[
        "index",
        "fetch",
        "--from",
        text(&city.at("works")),
        "--index",
        text(&city.at("x")),
    ]);
    assert_eq!(code(&nothing), 2, "{}", stderr(&nothing));
}

#[test]
fn several_indexes_answer_as_one() {
    let city = City::new(2);
    let (more, second) = (city.at("more"), city.at("second"));
    std::fs::create_dir(&more).unwrap();
    std::fs::write(more.join("b.txt"), page(50)).unwrap();
    let build = [
        "index",
        "build",
        "--works",
        text(&more),
        "--index",
        text(&second),
        "--json",
    ];
    assert_eq!(json(&quanlian(&build), 0)["added"], 1);
    let stats = city.run(&["index", "stats"], &["--index", text(&second)], 0);
    assert_eq!(
        (&stats["items"], &stats["shards"][1]["items"]),
        (&3.into(), &1.into())
    );
    assert_eq!(city.holders(&["index", "second"], 50), ["b.txt"]);
    assert_eq!(city.holders(&["index", "second"], 1), ["1.txt"]);
    let twice = quanlian(&[
        "match",
        "--index",
        text(&second),
        "--index",
        text(&second),
        text(&second),
    ]);
    assert_eq!(code(&twice), 2);
    assert!(stderr(&twice).contains("given twice"), "{}", stderr(&twice));
}

/// Starts the program and ends it with SIGKILL after a while.
fn killed(arguments: &[&str], after: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args(["--lang", "en", "--quiet"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn programs_that_are_killed_while_they_write_leave_a_whole_index_to_those_who_ask() {
    let city = City::new(6);
    let (index, works) = (city.at("index"), city.at("works"));
    for round in 0..12u64 {
        city.write(100 + round, 100 + round);
        let delay = Duration::from_millis(round * round % 29 * 3);
        match round % 3 {
            0 => killed(&["index", "merge", "--index", text(&index)], delay),
            1 => killed(&["index", "remove", "--index", text(&index), "2.txt"], delay),
            _ => killed(
                &[
                    "index",
                    "add",
                    "--replace",
                    "--index",
                    text(&index),
                    "--works",
                    text(&works),
                ],
                delay,
            ),
        }
        assert_eq!(city.holders(&["index"], 0), ["0.txt"]);
        assert_eq!(city.run(&["index", "verify"], &[], 0)["sound"], true);
    }
    city.run(&["index", "add"], &["--works", text(&works)], 0);
    city.run(&["index", "merge"], &[], 0);
    let report = city.run(&["index", "verify"], &[], 0);
    assert_eq!(
        (&report["sound"], report["leftovers"].as_array().unwrap().len()),
        (&true.into(), 0)
    );
    assert_eq!(city.run(&["index", "stats"], &[], 0)["items"], 18);
}

#[test]
fn queries_of_other_processes_go_on_while_an_index_is_changed() {
    let city = City::new(3);
    let (index, works) = (city.at("index"), city.at("works"));
    let done = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let suspect = city.at("asked.txt");
    std::fs::write(&suspect, page(1)).unwrap();
    let asked = std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut asked = 0;
            while !done.load(relaxed) || asked < 5 {
                let found = json(
                    &quanlian(&["match", "--index", text(&index), text(&suspect), "--json"]),
                    0,
                );
                assert_eq!(found[0]["work"], "1.txt", "{found}");
                asked += 1;
            }
            asked
        });
        for round in 0..6 {
            city.write(200 + round, 200 + round);
            city.write(2, 300 + round);
            city.run(&["index", "add", "--replace"], &["--works", text(&works)], 0);
            city.run(&["index", "merge"], &[], 0);
        }
        done.store(true, relaxed);
        asker.join().unwrap()
    });
    assert!(asked >= 5);
}
