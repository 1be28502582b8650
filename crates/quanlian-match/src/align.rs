//! Alignment: the stretches in which a query runs parallel to a work.
//!
//! In:  the [`Hit`]s of one (query, item) pair: equal keys at a place of the query and
//!      a place of the work, each with a weight in bits.
//! Out: [`Chain`]s, best first: runs of hits that stay near one diagonal.
//!
//! The same for every medium. Text counts in letters; sound counts in its own time
//! steps, with the query's places already rescaled by the speed that is being tried.
//!
//! Invariants: pure; the order of the hits does not matter; along a chain neither
//! place ever goes back; no hit is in two chains; time `O(n log n)` for fixed options,
//! memory `O(n)`.
//!
//! Not here: where hits come from (`segment`), what a chain is worth (`score`), its
//! confirmation on the content (the media).

use std::collections::BTreeMap;

/// One key that the query and the work share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Place in the query.
    pub query: u32,
    /// Place in the work.
    pub work: u32,
    /// What the shared key is worth, in bits.
    pub weight: f32,
}

/// How far a chain may bend and tear. The units are those of the places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlignOptions {
    /// Longest stretch of the query without a hit inside a chain.
    pub max_gap: u32,
    /// Most by which two neighbouring hits of a chain may differ in their diagonal.
    pub max_drift: u32,
    /// Bits that each unit of drift costs; prefers the straight continuation.
    pub drift_cost: f32,
    /// Chains worth less are dropped.
    pub min_score: f64,
    /// Most chains to return.
    pub max_chains: usize,
}

/// A run of hits near one diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Sum of the weights less the cost of drift.
    pub score: f64,
    /// The hits, in order of the query.
    pub hits: Vec<Hit>,
}

impl Chain {
    /// First and last place in the query, both inclusive, without the width of a key.
    pub fn query_range(&self) -> (u32, u32) {
        (self.hits[0].query, self.hits[self.hits.len() - 1].query)
    }

    /// First and last place in the work, both inclusive, without the width of a key.
    pub fn work_range(&self) -> (u32, u32) {
        (self.hits[0].work, self.hits[self.hits.len() - 1].work)
    }
}

/// A chain that can still grow.
struct Open {
    score: f64,
    last: usize,
    length: u32,
}

/// Links hits into chains, best first.
///
/// One pass in the order of the query. Each hit continues the open chain that gives
/// the best score among those on a diagonal within `max_drift` whose last hit lies at
/// most `max_gap` back; otherwise it opens a new one. There is one open chain to a
/// diagonal, so a hit looks at no more than `2 * max_drift + 1` of them.
pub fn chains(mut hits: Vec<Hit>, options: &AlignOptions) -> Vec<Chain> {
    hits.sort_unstable_by(|a, b| {
        (a.query, a.work)
            .cmp(&(b.query, b.work))
            .then(b.weight.total_cmp(&a.weight))
    });
    hits.dedup_by_key(|h| (h.query, h.work));
    let mut before: Vec<u32> = vec![u32::MAX; hits.len()];
    let mut open: BTreeMap<i64, Open> = BTreeMap::new();
    let mut closed: Vec<Open> = Vec::new();
    let drift = i64::from(options.max_drift);
    let mut stale = Vec::new();
    for (i, hit) in hits.iter().enumerate() {
        let diagonal = i64::from(hit.work) - i64::from(hit.query);
        let mut best: Option<(f64, i64)> = None;
        for (&at, chain) in open.range(diagonal - drift..=diagonal + drift) {
            let last = &hits[chain.last];
            if hit.query - last.query > options.max_gap {
                stale.push(at);
                continue;
            }
            if hit.work < last.work || hit.query == last.query {
                continue;
            }
            let score = chain.score - f64::from(options.drift_cost) * (diagonal - at).unsigned_abs() as f64;
            if best.is_none_or(|(s, _)| score > s) {
                best = Some((score, at));
            }
        }
        for at in stale.drain(..) {
            closed.extend(open.remove(&at));
        }
        let weight = f64::from(hit.weight);
        let grown = match best {
            Some((score, at)) if score > 0.0 => {
                let (last, length) = open
                    .remove(&at)
                    .map_or((i, 0), |chain| (chain.last, chain.length));
                before[i] = last as u32;
                Open {
                    score: score + weight,
                    last: i,
                    length: length + 1,
                }
            }
            _ => Open {
                score: weight,
                last: i,
                length: 1,
            },
        };
        // Two chains that meet on a diagonal: the better one goes on, the other ends here.
        match open.get_mut(&diagonal) {
            Some(other) if other.score > grown.score => closed.push(grown),
            Some(other) => closed.push(std::mem::replace(other, grown)),
            None => {
                open.insert(diagonal, grown);
            }
        }
    }
    closed.extend(open.into_values());
    closed.retain(|c| c.score >= options.min_score);
    closed.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.last.cmp(&b.last)));
    closed.truncate(options.max_chains);
    closed.into_iter().map(|c| unwind(&c, &hits, &before)).collect()
}

/// Follows a chain back to its first hit.
fn unwind(chain: &Open, hits: &[Hit], before: &[u32]) -> Chain {
    let mut found = Vec::with_capacity(chain.length as usize);
    let mut at = chain.last as u32;
    while at != u32::MAX {
        found.push(hits[at as usize]);
        at = before[at as usize];
    }
    found.reverse();
    Chain {
        score: chain.score,
        hits: found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPTIONS: AlignOptions = AlignOptions {
        max_gap: 40,
        max_drift: 10,
        drift_cost: 0.5,
        min_score: 0.0,
        max_chains: 1000,
    };

    fn run(query: u32, work: u32, length: u32) -> impl Iterator<Item = Hit> {
        (0..length).map(move |i| Hit {
            query: query + i,
            work: work + i,
            weight: 1.0,
        })
    }

    #[test]
    fn two_copies_of_one_work_give_two_chains() {
        let hits: Vec<Hit> = run(100, 20, 30).chain(run(500, 900, 50)).collect();
        let found = chains(hits, &OPTIONS);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].query_range(), found[0].work_range()),
            ((500, 549), (900, 949))
        );
        assert_eq!(
            (found[1].query_range(), found[1].work_range()),
            ((100, 129), (20, 49))
        );
    }

    #[test]
    fn an_insertion_bends_a_chain_and_a_long_gap_tears_it() {
        let bent = chains(run(0, 0, 20).chain(run(26, 20, 20)).collect(), &OPTIONS);
        assert_eq!(bent.len(), 1);
        assert!(
            (bent[0].score - 37.0).abs() < 1e-9,
            "40 hits less 6 * 0.5, got {}",
            bent[0].score
        );
        assert_eq!(
            chains(run(0, 0, 20).chain(run(80, 80, 20)).collect(), &OPTIONS).len(),
            2
        );
        assert_eq!(
            chains(run(0, 0, 20).chain(run(31, 20, 20)).collect(), &OPTIONS).len(),
            2
        );
    }

    #[test]
    fn scattered_hits_do_not_stop_the_copy_among_them() {
        let noise = (0..200u32).map(|i| Hit {
            query: i,
            work: (i * 7919) % 1000 + 5000,
            weight: 1.0,
        });
        let found = chains(run(50, 300, 60).chain(noise).collect(), &OPTIONS);
        assert_eq!(
            (found[0].query_range(), found[0].work_range()),
            ((50, 109), (300, 359))
        );
    }

    #[test]
    fn options_bound_what_comes_back() {
        let hits: Vec<Hit> = (0..50)
            .flat_map(|i| run(i * 100, 10_000 - i * 150, 1 + i))
            .collect();
        let few = AlignOptions {
            max_chains: 3,
            min_score: 5.0,
            ..OPTIONS
        };
        let found = chains(hits, &few);
        assert_eq!(
            found.iter().map(|c| c.hits.len()).collect::<Vec<_>>(),
            [50, 49, 48]
        );
        assert!(chains(Vec::new(), &few).is_empty());
    }

    #[test]
    fn a_hundred_thousand_hits_on_one_key_stay_cheap() {
        let hits = (0..300u32).flat_map(|q| {
            (0..300u32).map(move |w| Hit {
                query: q,
                work: w,
                weight: 0.1,
            })
        });
        assert!(!chains(hits.collect(), &OPTIONS).is_empty());
    }

    proptest! {
        #[test]
        fn chains_advance_on_both_sides_and_share_no_hit(
            places in prop::collection::vec((0..200u32, 0..200u32, 1..9u8), 0..300),
        ) {
            let hits: Vec<Hit> = places.iter().map(|&(query, work, w)| Hit { query, work, weight: f32::from(w) }).collect();
            let found = chains(hits.clone(), &OPTIONS);
            let mut seen = std::collections::BTreeSet::new();
            for chain in &found {
                for pair in chain.hits.windows(2) {
                    prop_assert!(pair[0].query < pair[1].query && pair[0].work <= pair[1].work);
                    prop_assert!(pair[1].query - pair[0].query <= OPTIONS.max_gap);
                    let bend = (i64::from(pair[1].work) - i64::from(pair[1].query)) - (i64::from(pair[0].work) - i64::from(pair[0].query));
                    prop_assert!(bend.unsigned_abs() <= u64::from(OPTIONS.max_drift));
                }
                prop_assert!(chain.hits.iter().all(|h| seen.insert((h.query, h.work))));
            }
            let mut turned = hits;
            turned.reverse();
            prop_assert_eq!(chains(turned, &OPTIONS), found);
        }

        #[test]
        fn extreme_places_are_no_trouble(places in prop::collection::vec(any::<(u32, u32)>(), 0..50)) {
            let hits = places.into_iter().map(|(query, work)| Hit { query, work, weight: 1.0 }).collect();
            chains(hits, &AlignOptions { max_gap: u32::MAX, max_drift: u32::MAX, ..OPTIONS });
        }
    }
}
