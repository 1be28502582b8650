//! Evidence records (RFC 4998): time-stamps that outlive their certificates and digests.
//!
//! In:  documents or their digests, tokens, and records of others.
//! Out: [`EvidenceRecord`] in DER, the digests that a renewal must stamp, and a [`RecordReport`].
//!
//! | act | stamped is | goes to |
//! |---|---|---|
//! | begin | the root of a [`HashTree`] over many documents, or one digest | a new record |
//! | renew the time-stamp, before its certificate ends | the digest of the last token | the same chain |
//! | renew the digest, before its algorithm breaks | a newer digest of the document and of all chains so far | a new chain |
//!
//! Invariant: what was stamped earlier is never rewritten; its bytes are kept as they came.
//!
//! Not here: asking authorities (`client`), encrypted content (`encryptionInfo` is refused).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    algorithm::{AlgorithmId, DigestAlgorithm, Imprint},
    ber::{self, SEQUENCE, Value},
    certificate::Certificate,
    der,
    error::{ParseError, Problem},
    token::Token,
    verify::{self, Check, Evidence, Report, Stamped, State, Trust},
};

/// The largest record that is read: room for renewing once a year for a century with large tokens.
pub const MAX_RECORD_BYTES: usize = 16 << 20;
/// The most time-stamps of one record.
pub const MAX_STAMPS: usize = 256;
/// The most chains of one record: a digest lasts for decades, and each chain is digested again by every later one.
pub const MAX_CHAINS: usize = 32;
/// The most lists of one reduced tree, and hashes of one list.
const MAX_TREE_PARTS: usize = 1024;
/// The most documents of one tree.
pub const MAX_LEAVES: usize = 1 << 20;

/// Why a record cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum RecordError {
    /// Nothing, or more than a tree takes.
    #[error("a tree takes 1 to {MAX_LEAVES} digests, not {count}")]
    LeafCount { count: usize },
    /// A digest is not as long as its algorithm makes them.
    #[error("digest {leaf} is not a {}", algorithm.name())]
    LeafSize { leaf: usize, algorithm: DigestAlgorithm },
    /// The tree has no such leaf.
    #[error("the tree has no leaf {leaf}")]
    NoLeaf { leaf: usize },
    /// The leaf is not what must be stamped.
    #[error("leaf {leaf} of the tree is not the digest that this renewal must stamp")]
    OtherLeaf { leaf: usize },
    /// The token is about something else.
    #[error("the token is not about the root of the tree")]
    OtherImprint,
    /// A chain keeps to one digest; another one begins a new chain.
    #[error("the chain uses {}, a new time-stamp in it cannot use {}", chain.name(), new.name())]
    OtherAlgorithm {
        chain: DigestAlgorithm,
        new: DigestAlgorithm,
    },
    /// The last chain uses a digest that this program does not compute, or that is broken.
    #[error(
        "the last chain uses digest {oid}, which this program does not compute; renew with a newer digest"
    )]
    Algorithm { oid: String },
    /// The record is as long as this program reads.
    #[error("the record has {MAX_STAMPS} time-stamps or {MAX_CHAINS} chains, the most that is read")]
    Full,
}

impl RecordError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LeafCount { .. } => "record_leaf_count",
            Self::LeafSize { .. } => "record_leaf_size",
            Self::NoLeaf { .. } => "record_no_leaf",
            Self::OtherLeaf { .. } => "record_other_leaf",
            Self::OtherImprint => "record_other_imprint",
            Self::OtherAlgorithm { .. } => "record_other_algorithm",
            Self::Algorithm { .. } => "record_algorithm",
            Self::Full => "record_full",
        }
    }
}

/// Digests of many documents under one root (RFC 4998 §4.2): one time-stamp for all.
///
/// ```
/// # use quanlian_timestamp::{algorithm::DigestAlgorithm, record::HashTree};
/// let leaves = [b"a", b"b", b"c"].map(|document| DigestAlgorithm::Sha256.digest(document));
/// let tree = HashTree::of(DigestAlgorithm::Sha256, leaves.to_vec()).unwrap();
/// assert_eq!(tree.root().digest().len(), 32);
/// ```
#[derive(Debug, Clone)]
pub struct HashTree {
    algorithm: DigestAlgorithm,
    /// The leaves first, the root alone last.
    levels: Vec<Vec<Vec<u8>>>,
}

impl HashTree {
    /// Pairs from left to right; what has no partner goes up as it is. Linear in the leaves.
    pub fn of(algorithm: DigestAlgorithm, leaves: Vec<Vec<u8>>) -> Result<Self, RecordError> {
        if leaves.is_empty() || leaves.len() > MAX_LEAVES {
            return Err(RecordError::LeafCount { count: leaves.len() });
        }
        if let Some(leaf) = leaves
            .iter()
            .position(|leaf| leaf.len() != algorithm.size_bytes())
        {
            return Err(RecordError::LeafSize { leaf, algorithm });
        }
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let next = level
                .chunks(2)
                .map(|pair| node(algorithm, pair.to_vec()))
                .collect();
            levels.push(next);
        }
        Ok(Self { algorithm, levels })
    }

    /// What is to be stamped.
    pub fn root(&self) -> Imprint {
        let root = self.levels.last().and_then(|level| level.first());
        Imprint::of_digest(self.algorithm, root.cloned().unwrap_or_default())
    }

    /// The reduced tree of one leaf (RFC 4998 §4.2): own pair first, then the partner at each height.
    fn path(&self, leaf: usize) -> Vec<Vec<Vec<u8>>> {
        let mut lists: Vec<Vec<Vec<u8>>> = Vec::new();
        let mut at = leaf;
        for level in &self.levels {
            if let Some(partner) = level.get(at ^ 1) {
                let mut list = vec![partner.clone()];
                if lists.is_empty() {
                    list.push(level[at].clone());
                }
                list.sort();
                lists.push(list);
            }
            at /= 2;
        }
        lists
    }

    fn leaf(&self, leaf: usize) -> Result<&[u8], RecordError> {
        let leaves = self.levels.first().and_then(|leaves| leaves.get(leaf));
        leaves.map(Vec::as_slice).ok_or(RecordError::NoLeaf { leaf })
    }
}

/// One alone stands for itself; several are sorted and digested together (RFC 4998 §4.2).
fn node(algorithm: DigestAlgorithm, mut hashes: Vec<Vec<u8>>) -> Vec<u8> {
    if hashes.len() == 1
        && let Some(alone) = hashes.pop()
    {
        return alone;
    }
    hashes.sort();
    algorithm.digest(&der::concat(&hashes))
}

fn sorted(hashes: &[Vec<u8>]) -> Vec<&[u8]> {
    let mut hashes: Vec<&[u8]> = hashes.iter().map(Vec::as_slice).collect();
    hashes.sort_unstable();
    hashes
}

/// A new time-stamp for one leaf of a tree.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The tree whose root was stamped.
    pub tree: &'a HashTree,
    /// The leaf that is about this record, from 0.
    pub leaf: usize,
    /// The token about the root.
    pub token: &'a Token,
}

impl Stamp<'_> {
    fn check(&self, expected: Option<&[u8]>) -> Result<(), RecordError> {
        let leaf = self.tree.leaf(self.leaf)?;
        if expected.is_some_and(|expected| expected != leaf) {
            return Err(RecordError::OtherLeaf { leaf: self.leaf });
        }
        if self
            .token
            .unverified_statement()
            .imprint
            .equals(&self.tree.root())
        {
            Ok(())
        } else {
            Err(RecordError::OtherImprint)
        }
    }

    fn archive(&self) -> ArchiveStamp {
        let algorithm = self.tree.algorithm;
        let tree = self.tree.path(self.leaf);
        let mut parts = vec![der::tagged(0, &der::oid(algorithm.oid()))];
        if !tree.is_empty() {
            let lists: Vec<Vec<u8>> = tree
                .iter()
                .map(|list| der::sequence(&list.iter().map(|hash| der::octets(hash)).collect::<Vec<_>>()))
                .collect();
            parts.push(der::tagged(2, &der::concat(&lists)));
        }
        parts.push(self.token.as_bytes().to_vec());
        ArchiveStamp {
            raw: der::sequence(&parts),
            algorithm: AlgorithmId::plain(algorithm.oid()),
            tree,
            token: self.token.clone(),
        }
    }
}

/// One time-stamp of a record, with the way from the document to what it stamps.
#[derive(Clone, PartialEq, Eq)]
struct ArchiveStamp {
    raw: Vec<u8>,
    algorithm: AlgorithmId,
    tree: Vec<Vec<Vec<u8>>>,
    token: Token,
}

impl ArchiveStamp {
    fn read(value: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "archive time-stamp";
        let mut parts = value.inside(SEQUENCE, WHAT)?;
        let algorithm = parts.optional(&[ber::context_constructed(0)], WHAT)?;
        // Attributes change nothing about what was stamped.
        parts.optional(&[ber::context_constructed(1)], WHAT)?;
        let mut tree = Vec::new();
        if let Some(lists) = parts.optional(&[ber::context_constructed(2)], WHAT)? {
            for list in lists.values().all(MAX_TREE_PARTS, WHAT)? {
                let hashes = list.inside(SEQUENCE, WHAT)?.all(MAX_TREE_PARTS, WHAT)?;
                let hashes = hashes.iter().map(|hash| Ok(hash.octets(WHAT)?.into_owned()));
                tree.push(hashes.collect::<Result<Vec<_>, ParseError>>()?);
            }
        }
        let token = Token::read(&parts.need(WHAT)?)?;
        parts.end(WHAT)?;
        let algorithm = match algorithm {
            Some(algorithm) => AlgorithmId::read_content(&algorithm, WHAT)?,
            // RFC 4998 §4.1: then it is that of the time-stamp.
            None => token.unverified_statement().imprint.algorithm.clone(),
        };
        Ok(Self {
            raw: value.raw.to_vec(),
            algorithm,
            tree,
            token,
        })
    }

    /// What the token must be about when `leaves` are the digests of the documents.
    fn climb(&self, algorithm: DigestAlgorithm, leaves: &[Vec<u8>]) -> Result<Imprint, &'static str> {
        let root = match self.tree.split_first() {
            None => match leaves {
                [alone] => alone.clone(),
                _ => return Err("record_group_differs"),
            },
            Some((first, rest)) => {
                if !leaves.iter().all(|leaf| first.contains(leaf)) {
                    return Err("record_not_in_tree");
                }
                // RFC 4998 §4.3: a group is its documents and nothing else; beside one document may stand others.
                if leaves.len() > 1 && sorted(leaves) != sorted(first) {
                    return Err("record_group_differs");
                }
                rest.iter().fold(node(algorithm, first.clone()), |below, list| {
                    node(algorithm, [&list[..], &[below]].concat())
                })
            }
        };
        Ok(Imprint::of_digest(algorithm, root))
    }
}

/// A record: chains of time-stamps, oldest first.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// Each with at least one time-stamp; at least one chain.
    chains: Vec<Vec<ArchiveStamp>>,
    /// `cryptoInfos` as they came.
    crypto_infos: Vec<u8>,
}

impl std::fmt::Debug for EvidenceRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self
            .chains
            .iter()
            .map(|chain| chain.iter().map(|stamp| &stamp.token));
        f.debug_list()
            .entries(tokens.map(Iterator::collect::<Vec<_>>))
            .finish()
    }
}

impl EvidenceRecord {
    /// Begins a record with the first time-stamp over a document's digest.
    pub fn begin(stamp: Stamp<'_>) -> Result<Self, RecordError> {
        stamp.check(None)?;
        Ok(Self {
            chains: vec![vec![stamp.archive()]],
            crypto_infos: Vec::new(),
        })
    }

    /// Begins a record with a token that somebody has from before.
    pub fn from_token(token: &Token) -> Result<Self, RecordError> {
        let imprint = &token.unverified_statement().imprint;
        let algorithm = known(&imprint.algorithm)?;
        let tree = HashTree::of(algorithm, vec![imprint.digest().to_vec()])?;
        let leaf = 0;
        Self::begin(Stamp {
            tree: &tree,
            leaf,
            token,
        })
    }

    /// What a renewal of the time-stamp must stamp (RFC 4998 §5.2): the digest of the last token.
    pub fn renewal_leaf(&self) -> Result<(DigestAlgorithm, Vec<u8>), RecordError> {
        let last = self.last();
        let algorithm = known(&last.algorithm)?;
        Ok((algorithm, algorithm.digest(last.token.as_bytes())))
    }

    /// Adds a renewal of the time-stamp.
    pub fn renew(&mut self, stamp: Stamp<'_>) -> Result<(), RecordError> {
        let (algorithm, leaf) = self.renewal_leaf()?;
        if algorithm != stamp.tree.algorithm {
            return Err(RecordError::OtherAlgorithm {
                chain: algorithm,
                new: stamp.tree.algorithm,
            });
        }
        stamp.check(Some(&leaf))?;
        self.has_room()?;
        if let Some(chain) = self.chains.last_mut() {
            chain.push(stamp.archive());
        }
        Ok(())
    }

    /// What a renewal of the digest must stamp (RFC 4998 §5.3), given the new digest of the document.
    pub fn rehash_leaf(&self, algorithm: DigestAlgorithm, document: &[u8]) -> Vec<u8> {
        rehashed(algorithm, document, &algorithm.digest(&encoded(&self.chains)))
    }

    /// Adds a renewal of the digest: a new chain.
    pub fn rehash(&mut self, document: &[u8], stamp: Stamp<'_>) -> Result<(), RecordError> {
        stamp.check(Some(&self.rehash_leaf(stamp.tree.algorithm, document)))?;
        self.has_room()?;
        if self.chains.len() == MAX_CHAINS {
            return Err(RecordError::Full);
        }
        self.chains.push(vec![stamp.archive()]);
        Ok(())
    }

    fn has_room(&self) -> Result<(), RecordError> {
        if self.stamps() < MAX_STAMPS {
            Ok(())
        } else {
            Err(RecordError::Full)
        }
    }

    fn last(&self) -> &ArchiveStamp {
        let last = self.chains.last().and_then(|chain| chain.last());
        last.expect("a record has at least one time-stamp")
    }

    /// How many time-stamps it holds.
    pub fn stamps(&self) -> usize {
        self.chains.iter().map(Vec::len).sum()
    }

    /// Its last token, which must be renewed before the certificates of its authority end.
    pub fn last_token(&self) -> &Token {
        &self.last().token
    }

    /// Its DER, apart from what came from others in looser forms.
    pub fn to_der(&self) -> Vec<u8> {
        let mut digests: Vec<Vec<u8>> = Vec::new();
        for stamp in self.chains.iter().flatten() {
            let digest = stamp.algorithm.to_der();
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
        der::sequence(&[
            der::number(1),
            der::sequence(&digests),
            self.crypto_infos.clone(),
            encoded(&self.chains),
        ])
    }

    /// Reads a record of any maker.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        const WHAT: &str = "evidence record";
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(ParseError::new(WHAT, Problem::TooLarge));
        }
        let mut parts = Value::only(bytes, WHAT)?.inside(SEQUENCE, WHAT)?;
        if parts.need(WHAT)?.number(WHAT)? != 1 {
            return Err(ParseError::new(WHAT, Problem::Unknown));
        }
        parts.need(WHAT)?.kind(SEQUENCE, WHAT)?;
        let crypto_infos = parts.optional(&[ber::context_constructed(0)], WHAT)?;
        let crypto_infos = crypto_infos.map(|infos| infos.raw.to_vec()).unwrap_or_default();
        if parts.optional(&[ber::context_constructed(1)], WHAT)?.is_some() {
            return Err(ParseError::new(
                "encryption of the evidence record",
                Problem::Unknown,
            ));
        }
        let sequence = parts.need(WHAT)?.inside(SEQUENCE, WHAT)?;
        parts.end(WHAT)?;
        let mut chains = Vec::new();
        let mut room = MAX_STAMPS;
        for chain in sequence.all(MAX_CHAINS, WHAT)? {
            let stamps = chain.inside(SEQUENCE, WHAT)?.all(room, WHAT)?;
            room -= stamps.len();
            if stamps.is_empty() {
                return Err(ParseError::new(WHAT, Problem::Missing));
            }
            let stamps = stamps.iter().map(ArchiveStamp::read);
            chains.push(stamps.collect::<Result<Vec<_>, _>>()?);
        }
        if chains.is_empty() {
            return Err(ParseError::new(WHAT, Problem::Missing));
        }
        Ok(Self { chains, crypto_infos })
    }
}

fn known(algorithm: &AlgorithmId) -> Result<DigestAlgorithm, RecordError> {
    let usable = algorithm
        .digest()
        .filter(|digest| *digest != DigestAlgorithm::Sha1);
    usable.ok_or_else(|| RecordError::Algorithm {
        oid: algorithm.oid.to_string(),
    })
}

/// `ArchiveTimeStampSequence`.
fn encoded(chains: &[Vec<ArchiveStamp>]) -> Vec<u8> {
    let chain = |chain: &Vec<ArchiveStamp>| {
        der::sequence(&chain.iter().map(|stamp| &stamp.raw[..]).collect::<Vec<_>>())
    };
    der::sequence(&chains.iter().map(chain).collect::<Vec<_>>())
}

/// RFC 4998 §5.3: the digest of the document and that of all chains so far, digested together.
fn rehashed(algorithm: DigestAlgorithm, document: &[u8], chains: &[u8]) -> Vec<u8> {
    algorithm.digest(&der::concat(&[document, chains]))
}

/// A document that a record is about.
#[derive(Debug, Clone, Copy)]
pub enum Document<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// Its digests, as many as were kept.
    Digests(&'a BTreeMap<DigestAlgorithm, Vec<u8>>),
}

impl Document<'_> {
    fn digest(&self, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(algorithm.digest(bytes)),
            Self::Digests(digests) => digests.get(&algorithm).cloned(),
        }
    }
}

/// What a record comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordReport {
    /// Whether every time-stamp holds and each was renewed while the one before was good.
    pub ok: bool,
    /// The documents existed by then, say the oldest time-stamp and those that renewed it.
    pub existed_by: Option<Timestamp>,
    /// `record_tree`: the documents lead to what each token stamps. `record_digest`: one digest in each chain.
    /// `record_order`: each time-stamp is younger than the one before.
    pub checks: Vec<Check>,
    /// Each time-stamp, oldest first, verified as of the time of the next.
    pub stamps: Vec<Report>,
}

/// Verifies a record about `documents`: one, or a group that was stamped as one (RFC 4998 §4.3, §5.3).
///
/// `certificates` complete chains and are not believed for that. `at` is when the verification is made.
/// Linear in the bytes of the record, times the number of chains.
pub fn verify_record(
    record: &EvidenceRecord,
    documents: &[Document<'_>],
    certificates: &[Certificate],
    trust: &Trust,
    at: Timestamp,
) -> RecordReport {
    let mut tree = Verdict::new("record_tree");
    let mut digest = Verdict::new("record_digest");
    let mut order = Verdict::new("record_order");
    let tokens: Vec<&Token> = record.chains.iter().flatten().map(|stamp| &stamp.token).collect();
    let mut stamps: Vec<Report> = Vec::new();
    for (number, chain) in record.chains.iter().enumerate() {
        for (place, stamp) in chain.iter().enumerate() {
            let name = format!("time-stamp {}", stamps.len() + 1);
            if chain
                .first()
                .is_some_and(|first| first.algorithm.oid != stamp.algorithm.oid)
            {
                digest.fail(
                    "record_digest_changes",
                    format!("{name} uses another digest than its chain"),
                );
            }
            let leaves = stamp.algorithm.digest().and_then(|algorithm| {
                let leaves = match place.checked_sub(1).and_then(|before| chain.get(before)) {
                    Some(before) => vec![algorithm.digest(before.token.as_bytes())],
                    None => first_leaves(record, number, algorithm, documents)?,
                };
                Some((algorithm, leaves))
            });
            let climbed = leaves.map(|(algorithm, leaves)| stamp.climb(algorithm, &leaves));
            let imprint = match climbed {
                Some(Ok(imprint)) => {
                    if !imprint.equals(&stamp.token.unverified_statement().imprint) {
                        tree.fail("record_root_differs", format!("{name} is about something else"));
                    }
                    Some(imprint)
                }
                Some(Err(reason)) => {
                    tree.fail(
                        reason,
                        format!("what {name} stamps does not follow from the documents"),
                    );
                    None
                }
                None => {
                    let oid = stamp.algorithm.oid;
                    tree.leave_open(
                        "record_digest_unknown",
                        format!("{name}: no digest {oid} of the documents"),
                    );
                    None
                }
            };
            // Good as long as the one that renewed it came in time; the last as long as today.
            let (until, is_last) = match tokens.get(stamps.len() + 1) {
                Some(next) => (next.unverified_statement().gen_time, false),
                None => (at, true),
            };
            if !is_last && until < stamp.token.unverified_statement().gen_time {
                order.fail(
                    "record_order",
                    format!("{name} is younger than the one that renews it"),
                );
            }
            let evidence = Evidence {
                stamped: imprint.as_ref().map(Stamped::Imprint),
                asked: None,
                response: stamp.token.as_bytes(),
                certificates,
                clock: None,
                at: Some(until),
            };
            stamps.push(verify::verify(&evidence, trust));
        }
    }
    let count = format!("{} chains, {} time-stamps", record.chains.len(), stamps.len());
    let checks = vec![tree.check(&count), digest.check(&count), order.check(&count)];
    let ok = checks.iter().all(|check| check.state == State::Held) && stamps.iter().all(|stamp| stamp.ok);
    let first = stamps.first().and_then(|stamp| stamp.time.as_ref());
    RecordReport {
        ok,
        existed_by: first.filter(|_| ok).map(|time| time.latest),
        checks,
        stamps,
    }
}

/// The digests that the first time-stamp of a chain is about; none when a document's digest is not known.
fn first_leaves(
    record: &EvidenceRecord,
    chain: usize,
    algorithm: DigestAlgorithm,
    documents: &[Document<'_>],
) -> Option<Vec<Vec<u8>>> {
    if documents.is_empty() {
        return None;
    }
    let before = &record.chains[..chain];
    let before = (!before.is_empty()).then(|| algorithm.digest(&encoded(before)));
    let leaf = |document: &Document<'_>| {
        let digest = document.digest(algorithm)?;
        Some(match &before {
            None => digest,
            Some(before) => rehashed(algorithm, &digest, before),
        })
    };
    documents.iter().map(leaf).collect()
}

/// One line of the report in the making: the first thing that stands against it counts.
struct Verdict {
    code: &'static str,
    found: Option<(State, &'static str, String)>,
}

impl Verdict {
    fn new(code: &'static str) -> Self {
        Self { code, found: None }
    }

    fn fail(&mut self, reason: &'static str, detail: String) {
        if !matches!(self.found, Some((State::Failed, _, _))) {
            self.found = Some((State::Failed, reason, detail));
        }
    }

    fn leave_open(&mut self, reason: &'static str, detail: String) {
        self.found.get_or_insert((State::NotChecked, reason, detail));
    }

    fn check(self, otherwise: &str) -> Check {
        let (state, reason, detail) = self
            .found
            .unwrap_or_else(|| (State::Held, "held", otherwise.to_owned()));
        Check {
            code: self.code,
            state,
            reason,
            detail,
        }
    }
}
