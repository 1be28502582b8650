//! Proofs of RFC 6962 §2.1.1 and §2.1.2: made from subtree hashes, verified by arithmetic alone.
//!
//! In:  a [`HashSource`] that knows the hashes of complete subtrees, or a proof to check.
//! Out: roots, proofs, and a yes or a [`ProofError`].
//!
//! Invariant: verification reads nothing but its arguments, and a proof with one hash
//! too many or too few is refused, so that each statement has one proof.

use crate::hash::{Hash, empty_root, node_hash};

/// More hashes than any proof in a tree of 2^63 leaves can hold; readers refuse longer ones.
pub const MAX_PROOF_HASHES: usize = 63;

/// The largest tree that the proofs and file formats allow.
pub const MAX_TREE_SIZE: u64 = 1 << 62;

/// Where the hashes of complete subtrees come from: tiles on a disk, or a list in memory.
pub trait HashSource {
    /// What can go wrong when a hash is fetched.
    type Error;

    /// The root of the complete subtree over leaves `index << level .. (index + 1) << level`.
    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof does not show what it claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ProofError {
    /// The entry would lie outside the tree.
    #[error("index {index} is not inside a tree of size {size}")]
    IndexOutside { index: u64, size: u64 },
    /// The older tree is empty or larger than the newer one.
    #[error("a tree of size {new} cannot be shown to extend one of size {old}")]
    SizesReversed { old: u64, new: u64 },
    /// The number of hashes does not fit index and size.
    #[error("proof has {found} hashes, {wanted} are needed")]
    Length { found: usize, wanted: usize },
    /// The hashes lead to another root.
    #[error("proof leads to another root")]
    Root,
}

impl ProofError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::IndexOutside { .. } => "proof_index_outside",
            Self::SizesReversed { .. } => "proof_sizes_reversed",
            Self::Length { .. } => "proof_length",
            Self::Root => "proof_root",
        }
    }
}

/// The root of the first `size` leaves.
pub fn root<S: HashSource>(source: &mut S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 {
        Ok(empty_root())
    } else {
        range_root(source, 0, size)
    }
}

/// The hashes that lead from leaf `index` to the root of a tree of `size`, leaf's sibling first.
///
/// # Panics
/// When `index` is not below `size`; the caller checks it.
pub fn inclusion_proof<S: HashSource>(source: &mut S, index: u64, size: u64) -> Result<Vec<Hash>, S::Error> {
    assert!(index < size, "the caller keeps the index inside the tree");
    let (mut begin, mut end) = (0, size);
    let mut from_root_down = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            from_root_down.push(range_root(source, middle, end)?);
            end = middle;
        } else {
            from_root_down.push(range_root(source, begin, middle)?);
            begin = middle;
        }
    }
    from_root_down.reverse();
    Ok(from_root_down)
}

/// The hashes that show that the tree of size `new` begins with the tree of size `old`.
///
/// # Panics
/// When not `0 < old <= new`; the caller checks it.
pub fn consistency_proof<S: HashSource>(source: &mut S, old: u64, new: u64) -> Result<Vec<Hash>, S::Error> {
    assert!(0 < old && old <= new, "the caller keeps the sizes in order");
    let (mut begin, mut end) = (0, new);
    let mut from_root_down = Vec::new();
    // RFC 6962 SUBPROOF, unrolled: follow the right border of the old tree downwards.
    while end != old {
        let middle = begin + split(end - begin);
        if old <= middle {
            from_root_down.push(range_root(source, middle, end)?);
            end = middle;
        } else {
            from_root_down.push(range_root(source, begin, middle)?);
            begin = middle;
        }
    }
    // A verifier holds the old root itself, so it is left out when the border ends there.
    if begin != 0 {
        from_root_down.push(range_root(source, begin, end)?);
    }
    from_root_down.reverse();
    Ok(from_root_down)
}

/// Checks that `leaf` is entry `index` of the tree with this `size` and `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutside { index, size });
    }
    let shape = Shape::of(index, size);
    require_length(proof.len(), shape.inner + shape.border)?;
    let (inner, border) = proof.split_at(shape.inner);
    let reached = climb_border(climb(*leaf, inner, index), border);
    if reached == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// Checks that the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`).
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old == 0 || old > new {
        return Err(ProofError::SizesReversed { old, new });
    }
    if old == new {
        if !proof.is_empty() {
            return Err(ProofError::Length {
                found: proof.len(),
                wanted: 0,
            });
        }
        return if old_root == new_root {
            Ok(())
        } else {
            Err(ProofError::Root)
        };
    }
    // The last complete subtree of the old tree is where both climbs begin.
    let shape = Shape::of(old - 1, new);
    let skipped = old.trailing_zeros() as usize;
    let inner_len = shape.inner - skipped;
    let starts_at_old_root = old.is_power_of_two();
    require_length(
        proof.len(),
        inner_len + shape.border + usize::from(!starts_at_old_root),
    )?;
    let (start, rest) = match proof.split_first() {
        Some((first, rest)) if !starts_at_old_root => (*first, rest),
        _ => (*old_root, proof),
    };
    let (inner, border) = rest.split_at(inner_len);
    let path = (old - 1) >> skipped;
    if climb_border(climb_left_only(start, inner, path), border) != *old_root {
        return Err(ProofError::Root);
    }
    if climb_border(climb(start, inner, path), border) != *new_root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// How a path splits: `inner` steps whose side the index decides, then `border` steps
/// along the right edge of the tree, where the sibling is always on the left.
struct Shape {
    inner: usize,
    border: usize,
}

impl Shape {
    fn of(index: u64, size: u64) -> Self {
        let inner = (u64::BITS - (index ^ (size - 1)).leading_zeros()) as usize;
        let border = index.checked_shr(inner as u32).unwrap_or(0).count_ones() as usize;
        Self { inner, border }
    }
}

fn require_length(found: usize, wanted: usize) -> Result<(), ProofError> {
    if found == wanted {
        Ok(())
    } else {
        Err(ProofError::Length { found, wanted })
    }
}

fn climb(start: Hash, siblings: &[Hash], path: u64) -> Hash {
    siblings.iter().enumerate().fold(start, |below, (step, sibling)| {
        if is_right_child(path, step) {
            node_hash(sibling, &below)
        } else {
            node_hash(&below, sibling)
        }
    })
}

/// As [`climb`], but siblings on the right did not exist yet in the old tree.
fn climb_left_only(start: Hash, siblings: &[Hash], path: u64) -> Hash {
    siblings.iter().enumerate().fold(start, |below, (step, sibling)| {
        if is_right_child(path, step) {
            node_hash(sibling, &below)
        } else {
            below
        }
    })
}

fn climb_border(start: Hash, siblings: &[Hash]) -> Hash {
    siblings
        .iter()
        .fold(start, |below, sibling| node_hash(sibling, &below))
}

fn is_right_child(path: u64, step: usize) -> bool {
    path.checked_shr(step as u32).unwrap_or(0) & 1 == 1
}

/// The largest power of two below `count`; `count` is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The Merkle tree hash over leaves `begin..end`, a range that RFC 6962 splitting reaches.
fn range_root<S: HashSource>(source: &mut S, begin: u64, end: u64) -> Result<Hash, S::Error> {
    let count = end - begin;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return source.subtree(level as u8, begin >> level);
    }
    let middle = begin + split(count);
    let left = range_root(source, begin, middle)?;
    let right = range_root(source, middle, end)?;
    Ok(node_hash(&left, &right))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::hash::leaf_hash;

    /// All complete subtrees, level by level: the slow and obvious source.
    pub(crate) struct Naive {
        levels: Vec<Vec<Hash>>,
    }

    impl Naive {
        pub(crate) fn new(leaves: Vec<Hash>) -> Self {
            let mut levels = vec![leaves];
            while levels.last().is_some_and(|below| below.len() > 1) {
                let above = levels
                    .last()
                    .unwrap()
                    .chunks_exact(2)
                    .map(|pair| node_hash(&pair[0], &pair[1]))
                    .collect();
                levels.push(above);
            }
            Self { levels }
        }
    }

    impl HashSource for Naive {
        type Error = Infallible;
        fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
            Ok(self.levels[level as usize][index as usize])
        }
    }

    /// MTH as RFC 6962 §2.1 writes it down.
    pub(crate) fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let middle = split(many.len() as u64) as usize;
                node_hash(&mth(&many[..middle]), &mth(&many[middle..]))
            }
        }
    }

    pub(crate) fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&(i as u32).to_be_bytes())).collect()
    }

    #[test]
    fn roots_equal_the_definition_for_every_size_to_1100() {
        let leaves = leaves(1100);
        let mut naive = Naive::new(leaves.clone());
        for size in 0..=leaves.len() {
            assert_eq!(
                root(&mut naive, size as u64).unwrap(),
                mth(&leaves[..size]),
                "size {size}"
            );
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_only_in_its_place() {
        let leaves = leaves(130);
        let mut naive = Naive::new(leaves.clone());
        for size in 1..=leaves.len() as u64 {
            let top = mth(&leaves[..size as usize]);
            for index in 0..size {
                let proof = inclusion_proof(&mut naive, index, size).unwrap();
                let leaf = &leaves[index as usize];
                verify_inclusion(leaf, index, size, &proof, &top).unwrap();
                for wrong in [index ^ 1, index + 1, index + 2] {
                    assert!(
                        verify_inclusion(leaf, wrong, size, &proof, &top).is_err(),
                        "{index} {size}"
                    );
                }
                assert!(
                    verify_inclusion(leaf, index, size, &proof[..proof.len().saturating_sub(1)], &top)
                        .is_err_and(|_| !proof.is_empty())
                        || proof.is_empty()
                );
            }
        }
    }

    #[test]
    fn every_pair_of_small_sizes_is_consistent() {
        let leaves = leaves(130);
        let mut naive = Naive::new(leaves.clone());
        let roots: Vec<Hash> = (0..=leaves.len()).map(|size| mth(&leaves[..size])).collect();
        for new in 1..=leaves.len() {
            for old in 1..=new {
                let proof = consistency_proof(&mut naive, old as u64, new as u64).unwrap();
                let check = |a: usize, b: usize, proof: &[Hash], root_a: &Hash, root_b: &Hash| {
                    verify_consistency(a as u64, b as u64, proof, root_a, root_b)
                };
                check(old, new, &proof, &roots[old], &roots[new]).unwrap();
                assert!(check(old, new, &proof, &roots[old - 1], &roots[new]).is_err());
                assert!(check(old, new, &proof, &roots[old], &roots[new - 1]).is_err());
                let longer = [proof.as_slice(), &[roots[0]]].concat();
                assert!(check(old, new, &longer, &roots[old], &roots[new]).is_err());
            }
        }
    }

    #[test]
    fn sizes_out_of_range_are_named() {
        let some = empty_root();
        let check = |result: Result<(), ProofError>, code| assert_eq!(result.unwrap_err().code(), code);
        check(verify_inclusion(&some, 0, 0, &[], &some), "proof_index_outside");
        check(
            verify_inclusion(&some, u64::MAX, u64::MAX, &[], &some),
            "proof_index_outside",
        );
        check(verify_inclusion(&some, 0, u64::MAX, &[], &some), "proof_length");
        check(
            verify_consistency(0, 1, &[], &some, &some),
            "proof_sizes_reversed",
        );
        check(
            verify_consistency(u64::MAX, 1, &[], &some, &some),
            "proof_sizes_reversed",
        );
        check(
            verify_consistency(1 << 63, u64::MAX, &[], &some, &some),
            "proof_length",
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn larger_trees_prove_inclusion_and_consistency(size in 2_usize..1100, pick in 0_u64..1 << 32, flip in 0_usize..32) {
            let leaves = leaves(size);
            let mut naive = Naive::new(leaves.clone());
            let (index, size) = (pick % size as u64, size as u64);
            let top = mth(&leaves);
            let mut proof = inclusion_proof(&mut naive, index, size).unwrap();
            verify_inclusion(&leaves[index as usize], index, size, &proof, &top).unwrap();
            let old = index + 1;
            let old_root = mth(&leaves[..old as usize]);
            let consistency = consistency_proof(&mut naive, old, size).unwrap();
            verify_consistency(old, size, &consistency, &old_root, &top).unwrap();
            let at = (pick as usize) % proof.len();
            let mut bytes = *proof[at].as_bytes();
            bytes[flip] ^= 1;
            proof[at] = Hash::new(bytes);
            prop_assert_eq!(verify_inclusion(&leaves[index as usize], index, size, &proof, &top), Err(ProofError::Root));
        }

        #[test]
        fn no_proof_makes_verification_panic(old: u64, new: u64, count in 0_usize..70) {
            let proof = vec![empty_root(); count];
            let _ = verify_inclusion(&empty_root(), old, new, &proof, &empty_root());
            let _ = verify_consistency(old, new, &proof, &empty_root(), &empty_root());
        }
    }
}
