//! Random histories: which commits hold a content, by our walk and by git itself.
//!
//! In:  repositories that `git fast-import` makes of random commits and merges.
//! Out: the same first and last commits and the same numbers.
//!
//! Not here: what is remarked on (`tests`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What `git fast-import` reads: commits on three branches that come, go, move and are merged.
fn stream(random: &mut Random, commits: u64) -> String {
    let mut stream = String::new();
    let mut tips: [Vec<u64>; 3] = Default::default();
    for mark in 1..=commits {
        let branch = random.below(3) as usize;
        let seconds = 1_700_000_000 + random.below(1_000);
        let _ = write!(
            stream,
            "commit refs/heads/b{branch}\nmark :{mark}\ncommitter A <a@x> {seconds} +0000\ndata 1\nx\n"
        );
        let from = tips[branch]
            .last()
            .copied()
            .or_else(|| tips[random.below(3) as usize].last().copied());
        if let Some(from) = from {
            let _ = writeln!(stream, "from :{from}");
        }
        if let Some(other) = tips[random.below(3) as usize]
            .last()
            .filter(|&&other| Some(other) != from && random.below(4) == 0)
        {
            let _ = writeln!(stream, "merge :{other}");
        }
        for _ in 0..=random.below(3) {
            let file = format!("d{}/f{}", random.below(3), random.below(4));
            if random.below(3) == 0 {
                let _ = writeln!(stream, "D {file}");
            } else {
                // Few contents, so that they come and go and stand in several places.
                let text = format!("content {}\n", random.below(12));
                let _ = write!(stream, "M 644 inline {file}\ndata {}\n{text}", text.len());
            }
        }
        tips[branch].push(mark);
    }
    stream
}

#[test]
fn first_and_last_commits_and_their_number_are_what_git_says() {
    for seed in 0..6 {
        let Some(repository) = Repository::new() else {
            return;
        };
        let stream = stream(&mut Random(seed), 60);
        repository.git_with(&["fast-import", "--quiet"], stream.as_bytes());
        let ids: Vec<String> = repository
            .git(&["rev-list", "--all"])
            .lines()
            .map(str::to_owned)
            .collect();
        let mut holders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for id in &ids {
            for line in repository.git(&["ls-tree", "-r", id]).lines() {
                let blob = line.split([' ', '\t']).nth(2).expect("an id");
                holders.entry(blob.to_owned()).or_default().insert(id.clone());
            }
        }
        let ancestors = |id: &str| -> BTreeSet<String> {
            repository
                .git(&["rev-list", id])
                .lines()
                .filter(|found| *found != id)
                .map(str::to_owned)
                .collect()
        };
        let of_commit: BTreeMap<String, BTreeSet<String>> =
            ids.iter().map(|id| (id.clone(), ancestors(id))).collect();
        let found = Found::below(&repository.path(""));
        let origins: Vec<&Origin> = found
            .inputs
            .values()
            .filter_map(|(_, origin)| origin.as_ref())
            .collect();
        assert_eq!(origins.len(), holders.len(), "seed {seed}");
        for origin in origins {
            let held_by = &holders[&origin.blob];
            let id = |commit: &Option<Commit>| commit.as_ref().expect("a commit").id.clone();
            let (first, last) = (id(&origin.first_commit), id(&origin.last_commit));
            assert_eq!(origin.commits, held_by.len() as u64, "seed {seed}: {origin:?}");
            assert!(
                held_by.contains(&first) && held_by.contains(&last),
                "seed {seed}: {origin:?}"
            );
            assert!(
                of_commit[&first].is_disjoint(held_by),
                "seed {seed}: an older commit holds {origin:?}"
            );
            let is_newer = |holder: &&String| of_commit[*holder].contains(&last);
            assert_eq!(
                held_by.iter().find(is_newer),
                None,
                "seed {seed}: a newer commit holds {origin:?}"
            );
            let branches: Vec<String> = (0..3)
                .map(|n| format!("refs/heads/b{n}"))
                .filter(|name| {
                    let tip = repository.git(&["rev-list", "-1", name]);
                    held_by.contains(&tip) || !of_commit[&tip].is_disjoint(held_by)
                })
                .collect();
            assert_eq!(origin.refs, branches, "seed {seed}");
        }
    }
}

#[test]
fn ten_thousand_commits_are_read_in_seconds() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let mut stream = String::new();
    for mark in 1..=10_000 {
        let text = format!("state {mark}\n");
        let _ = write!(
            stream,
            "commit refs/heads/main\nmark :{mark}\ncommitter A <a@x> {} +0000\ndata 1\nx\nM 644 inline d{}/f\ndata {}\n{text}",
            1_700_000_000 + mark,
            mark % 50,
            text.len()
        );
    }
    repository.git_with(&["fast-import", "--quiet"], stream.as_bytes());
    let store = Store::of_folder(&repository.path(".git")).expect("store");
    let begun = std::time::Instant::now();
    let mut history = History::read(".", &store, &mut Vec::new());
    let left = history.left();
    assert_eq!(left.len(), 10_000);
    // The file of the last commit comes first, then that of the fiftieth before.
    assert_eq!(
        [left[0], left[1]].map(|content| history.origin(content).commits),
        [1, 50]
    );
    // Some seconds in a debug build; a walk through every tree would take minutes.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
