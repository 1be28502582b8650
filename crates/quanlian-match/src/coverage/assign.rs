//! Counterparts: each work gets at most one suspect and each suspect at most one work.
//!
//! In:  how much each pair shares.
//! Out: the choice whose sum is largest, and whether it is.
//!
//! Files that share nothing with each other, not even through others, are chosen for apart: real trees fall into many small
//! groups. A group of more than [`MAX_OPTIMAL`] files on its larger side is served the largest pair first, and the answer says
//! so.

use std::collections::BTreeMap;

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

use super::Assignment;

/// Files on the larger side of a group for which the best choice is computed: cubic in it, some 0.1 s at this size.
const MAX_OPTIMAL: usize = 384;

/// The suspect of each work.
pub(super) fn assign<'a>(
    weights: &BTreeMap<(&'a str, &'a str), u64>,
) -> (BTreeMap<&'a str, &'a str>, Assignment) {
    let mut chosen = BTreeMap::new();
    let mut assignment = Assignment::Optimal;
    for group in groups(weights) {
        let rows = numbers(group.iter().map(|&(work, ..)| work));
        let columns = numbers(group.iter().map(|&(_, suspect, _)| suspect));
        if rows.len().max(columns.len()) > MAX_OPTIMAL {
            assignment = Assignment::Greedy;
            greedy(group, &mut chosen);
        } else {
            optimal(&group, &rows, &columns, &mut chosen);
        }
    }
    (chosen, assignment)
}

/// A work, a suspect and what they share.
type Edge<'a> = (&'a str, &'a str, u64);

fn numbers<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let sorted: BTreeMap<&str, usize> = names.map(|name| (name, 0)).collect();
    sorted.into_keys().zip(0..).collect()
}

/// Pairs that hang together through shared files.
fn groups<'a>(weights: &BTreeMap<(&'a str, &'a str), u64>) -> Vec<Vec<Edge<'a>>> {
    let works = numbers(weights.keys().map(|pair| pair.0));
    let suspects = numbers(weights.keys().map(|pair| pair.1));
    let mut leader: Vec<usize> = (0..works.len() + suspects.len()).collect();
    for (work, suspect) in weights.keys() {
        let pair = [works[work], works.len() + suspects[suspect]];
        let [a, b] = pair.map(|file| find(&mut leader, file));
        leader[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<Edge<'a>>> = BTreeMap::new();
    for (&(work, suspect), &weight) in weights.iter().filter(|&(_, &weight)| weight > 0) {
        let group = find(&mut leader, works[work]);
        groups.entry(group).or_default().push((work, suspect, weight));
    }
    groups.into_values().collect()
}

/// The first file of a group, with the way to it made short.
fn find(leader: &mut [usize], mut file: usize) -> usize {
    while leader[file] != file {
        leader[file] = leader[leader[file]];
        file = leader[file];
    }
    file
}

fn optimal<'a>(
    group: &[Edge<'a>],
    works: &BTreeMap<&'a str, usize>,
    suspects: &BTreeMap<&'a str, usize>,
    chosen: &mut BTreeMap<&'a str, &'a str>,
) {
    // The method wants no more rows than columns: empty columns stand for "no suspect".
    let columns = suspects.len().max(works.len());
    let mut matrix = Matrix::new(works.len(), columns, 0_i64);
    for (work, suspect, weight) in group {
        matrix[(works[work], suspects[suspect])] = i64::try_from(*weight).unwrap_or(i64::MAX / 1024);
    }
    let (_, columns_of_rows) = kuhn_munkres(&matrix);
    let pairs: BTreeMap<usize, usize> = columns_of_rows.into_iter().enumerate().collect();
    for &(work, suspect, _) in group {
        if pairs.get(&works[work]) == Some(&suspects[suspect]) {
            chosen.insert(work, suspect);
        }
    }
}

fn greedy<'a>(mut group: Vec<Edge<'a>>, chosen: &mut BTreeMap<&'a str, &'a str>) {
    group.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
    let mut taken = std::collections::BTreeSet::new();
    for (work, suspect, _) in group {
        if !chosen.contains_key(work) && taken.insert(suspect) {
            chosen.insert(work, suspect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights<'a>(edges: &[Edge<'a>]) -> BTreeMap<(&'a str, &'a str), u64> {
        edges
            .iter()
            .map(|&(work, suspect, weight)| ((work, suspect), weight))
            .collect()
    }

    #[test]
    fn the_sum_decides_and_not_the_largest_pair() {
        let weights = weights(&[("a", "x", 10), ("a", "y", 9), ("b", "x", 9), ("c", "z", 1)]);
        let (chosen, assignment) = assign(&weights);
        assert_eq!(chosen, BTreeMap::from([("a", "y"), ("b", "x"), ("c", "z")]));
        assert_eq!(assignment, Assignment::Optimal);
    }

    #[test]
    fn a_large_group_is_served_greedily_and_says_so() {
        let names: Vec<String> = (0..=MAX_OPTIMAL).map(|n| format!("w{n}")).collect();
        let weights: BTreeMap<(&str, &str), u64> = names
            .iter()
            .zip(1..)
            .map(|(name, n)| ((&**name, "x"), n))
            .collect();
        let (chosen, assignment) = assign(&weights);
        let largest = format!("w{MAX_OPTIMAL}");
        assert_eq!(
            (chosen, assignment),
            (BTreeMap::from([(&*largest, "x")]), Assignment::Greedy)
        );
    }

    proptest! {
        #[test]
        fn no_other_choice_covers_more(edges in prop::collection::btree_map((0..4_usize, 0..4_usize), 1..50_u64, 0..12)) {
            let names = ["a", "b", "c", "d"];
            let weights: BTreeMap<(&str, &str), u64> = edges.iter().map(|(&(w, s), &n)| ((names[w], names[s]), n)).collect();
            let (chosen, _) = assign(&weights);
            let sum: u64 = chosen.iter().map(|(&w, &s)| weights[&(w, s)]).sum();
            let mut suspects: Vec<&str> = chosen.values().copied().collect();
            suspects.sort_unstable();
            prop_assert!(suspects.windows(2).all(|pair| pair[0] != pair[1]));
            // All choices: every order of the suspects, work by work.
            let mut best = 0;
            for code in 0..256_usize {
                let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3];
                let is_order = (0..4).all(|a| (0..a).all(|b| order[a] != order[b]));
                if is_order {
                    let of = |w: usize| edges.get(&(w, order[w])).copied().unwrap_or(0);
                    best = best.max((0..4).map(of).sum());
                }
            }
            prop_assert_eq!(sum, best);
        }
    }
}
