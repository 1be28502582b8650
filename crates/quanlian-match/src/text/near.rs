//! Near-duplicates: how much of a whole text another one holds, estimated from a sample of its fingerprint.
//!
//! In:  the bytes of a suspect, the open parts of an index.
//! Out: for each work the [`Share`] of the suspect's fingerprint that it holds, and of its own that the suspect holds.
//!
//! The sample takes the keys whose hash ends in so many zero bits, on both sides the same ones: a key stands for itself,
//! wherever it lies, so that two samples meet where the texts do. Of a text with more keys than [`MAX_SAMPLE`] half are
//! dropped as often as needed. The keys are those of the index; there is no second one.
//!
//! Invariants: the same text gives the same sample; memory does not grow with the length of a text.
//!
//! Source: Broder 1997, "On the resemblance and containment of documents" (sketches mod s).
//!
//! Not here: where the texts agree (`matcher`, `exact`). A share of fingerprints is less than the share of letters that
//! agree: each change takes the grams around it away.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Serialize;

use super::TextError;
use super::decode::{self, Decoded};
use super::fold::Fold;
use super::gram::Winnow;
use super::matcher::{TextMatchError, TextPart};
use super::store::{TextItem, blocks};
use crate::segment::SegmentError;

/// Keys of a sample: at half of them shared the interval is 4 hundredths wide or less.
const MAX_SAMPLE: usize = 1 << 12;
/// A key that more places of one part hold tells nothing apart and is left out on both sides.
const MAX_PLACES_PER_KEY: u64 = 1 << 14;
/// Works whose own share is looked at; those with more of the suspect come first.
const MAX_WORKS: usize = 1 << 10;
/// Symbols of works that are read again for one suspect.
const MAX_SYMBOLS: u64 = 1 << 28;
/// Standard deviations of the interval: 95 of 100 such intervals hold the true share.
const DEVIATIONS: f64 = 1.96;

/// How much of the fingerprint of one text another one holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Keys of the sample that both have.
    pub shared: u64,
    /// Keys of the sample.
    pub of: u64,
    /// One of how many keys the sample takes.
    pub one_in: u64,
    /// `shared / of`.
    pub share: f64,
    /// The interval in which the share of all keys lies with 95 % confidence; the share itself when the sample is all.
    pub interval: [f64; 2],
}

impl Share {
    /// Of some of all keys, `of` not zero.
    fn new(shared: u64, of: u64, zero_bits: u32) -> Self {
        let share = shared as f64 / of as f64;
        Self {
            shared,
            of,
            one_in: 1 << zero_bits,
            share,
            interval: if zero_bits == 0 {
                [share, share]
            } else {
                interval(shared as f64, of as f64)
            },
        }
    }
}

/// Wilson's interval of a share (Wilson 1927), which holds near 0 and 1 as well. It takes the keys for drawn one by one with
/// replacement, and so is wider than need be when the sample is a large part of all.
fn interval(shared: f64, of: f64) -> [f64; 2] {
    let (share, z2) = (shared / of, DEVIATIONS * DEVIATIONS);
    let middle = share + z2 / (2.0 * of);
    let half = DEVIATIONS * (share * (1.0 - share) / of + z2 / (4.0 * of * of)).sqrt();
    [middle - half, middle + half].map(|bound| (bound / (1.0 + z2 / of)).clamp(0.0, 1.0))
}

/// A sample of the keys of one text.
#[derive(Debug)]
struct Sample {
    zero_bits: u32,
    most: usize,
    keys: BTreeSet<u64>,
}

impl Sample {
    fn new(zero_bits: u32, most: usize) -> Self {
        Self {
            zero_bits,
            most,
            keys: BTreeSet::new(),
        }
    }

    fn push(&mut self, key: u64) {
        if rank(key) < self.zero_bits {
            return;
        }
        self.keys.insert(key);
        while self.keys.len() > self.most {
            self.zero_bits += 1;
            self.keys.retain(|&key| rank(key) >= self.zero_bits);
        }
    }
}

/// How many zero bits the hash of a key ends in: mixed anew, because winnowing prefers low keys.
fn rank(key: u64) -> u32 {
    let mut x = key ^ 0xA076_1D64_78BD_642F;
    x = (x ^ x >> 32).wrapping_mul(0xE703_7ED1_A0B4_28DB);
    x = (x ^ x >> 29).wrapping_mul(0x8EBC_6AF0_9C88_C6E3);
    (x ^ x >> 32).trailing_zeros()
}

/// A work that holds part of a suspect, or the other way round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    pub(crate) part: usize,
    pub(crate) item: u32,
    /// How much of the suspect the work holds.
    pub(crate) of_suspect: Share,
    /// How much of the work the suspect holds; absent when there were too many works to look at.
    pub(crate) of_work: Option<Share>,
}

/// Works that hold at least `least` of the suspect or of which it holds so much; the nearest first.
pub(crate) fn near(
    reader: impl Read,
    parts: &[&dyn TextPart],
    least: f64,
) -> Result<(Vec<Near>, Decoded), TextMatchError> {
    near_by_sample(reader, parts, least, MAX_SAMPLE)
}

fn near_by_sample(
    reader: impl Read,
    parts: &[&dyn TextPart],
    least: f64,
    most: usize,
) -> Result<(Vec<Near>, Decoded), TextMatchError> {
    let (mut sample, decoded, symbols) = sample_of(reader, most)?;
    let (counts, common) = count(&mut sample, parts);
    for part in parts {
        part.store().check_read()?;
    }
    let of = sample.keys.len() as u64;
    let keys_per_symbol = of as f64 / symbols.max(1) as f64;
    let mut works: Vec<(u64, usize, u32)> = (counts.into_iter())
        .filter(|&((part, number), shared)| {
            // A work that is much longer or shorter than the suspect can be dropped unread: half is left for its density.
            let own = parts[part]
                .item(number)
                .map_or(0.0, |item| f64::from(item.symbols))
                * keys_per_symbol;
            let least = least / 2.0;
            shared as f64 >= least * of as f64 || shared as f64 >= least * own
        })
        .map(|((part, number), shared)| (shared, part, number))
        .collect();
    works.sort_by_key(|&(shared, part, number)| (std::cmp::Reverse(shared), part, number));
    let (mut found, mut read) = (Vec::new(), 0u64);
    for (at, (shared, part, number)) in works.into_iter().enumerate() {
        let Some(item) = parts[part].item(number) else {
            continue;
        };
        read += u64::from(item.symbols);
        let of_work = if at < MAX_WORKS && read <= MAX_SYMBOLS {
            share_of_work(parts[part], item, &sample, &common)?
        } else {
            None
        };
        let of_suspect = Share::new(shared, of, sample.zero_bits);
        let is_near = |share: Share| share.share >= least;
        if is_near(of_suspect) || of_work.is_some_and(is_near) {
            found.push(Near {
                part,
                item: number,
                of_suspect,
                of_work,
            });
        }
    }
    let best = |near: &Near| {
        near.of_work
            .map_or(0.0, |own| own.share)
            .max(near.of_suspect.share)
    };
    found.sort_by(|a, b| {
        best(b)
            .total_cmp(&best(a))
            .then(b.of_suspect.share.total_cmp(&a.of_suspect.share))
            .then((a.part, a.item).cmp(&(b.part, b.item)))
    });
    Ok((found, decoded))
}

/// The sample of a suspect, and how many symbols it has.
fn sample_of(reader: impl Read, most: usize) -> Result<(Sample, Decoded, u64), TextMatchError> {
    let fold = Fold::new();
    let (mut winnow, mut symbols, mut count) = (Winnow::default(), Vec::new(), 0);
    let mut sample = Sample::new(0, most);
    let decoded = decode::decode::<TextError>(reader, |piece| {
        for block in blocks(piece) {
            symbols.clear();
            fold.fold_text(block, &mut symbols);
            count += symbols.len() as u64;
            winnow.extend(&symbols, |key, _| sample.push(key));
        }
        Ok(())
    })?;
    winnow.finish(|key, _| sample.push(key));
    Ok((sample, decoded, count))
}

/// How many keys of the sample each work holds; keys that too many places hold are taken out of the sample, and returned.
fn count(sample: &mut Sample, parts: &[&dyn TextPart]) -> (BTreeMap<(usize, u32), u64>, BTreeSet<u64>) {
    let all: Vec<u64> = sample.keys.iter().copied().collect();
    let mut common = BTreeSet::new();
    for view in parts {
        (view.store().segment).for_each_or_common(&all, MAX_PLACES_PER_KEY, |index, place| {
            if place.is_none() {
                common.insert(all[index]);
            }
        });
    }
    sample.keys.retain(|key| !common.contains(key));
    let keys: Vec<u64> = sample.keys.iter().copied().collect();
    let mut counts = BTreeMap::new();
    for (part, view) in parts.iter().enumerate() {
        let mut last = None;
        (view.store().segment).for_each(&keys, MAX_PLACES_PER_KEY, |index, place| {
            let Some((number, _)) = view.text_at(place) else {
                return;
            };
            // The places of a key rise, so that those of one work follow each other.
            if last.replace((index, number)) != Some((index, number)) {
                *counts.entry((part, number)).or_insert(0) += 1;
            }
        });
    }
    (counts, common)
}

/// How much of a work the suspect holds, whose sample this is.
fn share_of_work(
    part: &dyn TextPart,
    item: &TextItem,
    suspect: &Sample,
    common: &BTreeSet<u64>,
) -> Result<Option<Share>, SegmentError> {
    let mut winnow = Winnow::default();
    let mut sample = Sample::new(suspect.zero_bits, suspect.most);
    part.store().for_each_stretch(item, |symbols| {
        winnow.extend(symbols, |key, _| sample.push(key));
    })?;
    winnow.finish(|key, _| sample.push(key));
    sample.keys.retain(|key| !common.contains(key));
    let shared = sample.keys.intersection(&suspect.keys).count() as u64;
    let of = sample.keys.len() as u64;
    Ok((of > 0).then(|| Share::new(shared, of, sample.zero_bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_tables_and_stays_within_zero_and_one() {
        // Of 20 of 100 Wilson's interval is known to be 0.1334 to 0.2888.
        let [low, high] = interval(20.0, 100.0);
        assert!(
            (low - 0.1334).abs() < 1e-3 && (high - 0.2888).abs() < 1e-3,
            "{low} {high}"
        );
        assert!(interval(0.0, 10.0)[0] <= 0.0 && interval(0.0, 10.0)[1] < 0.4);
        assert!(interval(10.0, 10.0)[1] >= 1.0 && interval(10.0, 10.0)[0] > 0.6);
        let [low, high] = Share::new(1, 4, 0).interval;
        assert!(high - low < 1e-9, "all keys leave nothing to guess");
    }

    #[test]
    fn two_samples_of_different_size_meet() {
        let (mut small, mut large) = (Sample::new(0, 64), Sample::new(0, 512));
        for key in 0..10_000u64 {
            small.push(key);
            large.push(key);
        }
        assert!(small.keys.len() <= 64 && large.keys.len() > 64 && small.zero_bits > large.zero_bits);
        assert!(small.keys.is_subset(&large.keys));
        let expected = 10_000.0 / f64::from(1 << large.zero_bits);
        assert!(
            (large.keys.len() as f64 / expected - 1.0).abs() < 0.2,
            "{}",
            large.keys.len()
        );
    }
}
