//! Sealing between two parties without a key that both have: the tags are made by an oblivious function.
//!
//! In:  grams of a tree; for the owner of the works an [`ObliviousKey`], for the other side the owner's public key.
//! Out: for both sides the tags to seal with ([`ObliviousTags`]). On the way the other side's [`Request`], in which every gram is
//!      blinded, and the owner's [`Answer`] to it.
//!
//! The function is the verifiable one of RFC 9497 (VOPRF, ristretto255-SHA512), from the crate `voprf`. The owner evaluates
//! blinded elements and learns nothing of them but how many they are, which is filled up to a power of two. The other side
//! learns the tags of its own grams under a key it does not have, so it cannot try guesses without asking, and asking is
//! counted. A proof with each batch of the answer shows that one key made all of it, the one that was promised beforehand.
//!
//! Invariants: the blinds of a request follow from the owner key and the id of the request, so nothing secret is stored
//! between the two steps; a request whose tree has changed is noticed; lengths are exactly what heads say, and nothing is
//! allocated before that is sure; a batch counts whole or the answer is refused.
//!
//! Not here: files and the count of what was answered (the binary). What each side learns stands in `docs/SEALED.md`.

use std::collections::HashMap;

use quanlian_match::blind::METHOD;
use rand_core::{CryptoRng, RngCore};
use rayon::prelude::*;
use voprf::{
    BlindedElement, EvaluationElement, Group as _, Proof, Ristretto255, VoprfClient, VoprfServer,
    VoprfServerBatchEvaluateResult,
};
use zeroize::Zeroizing;

use crate::SealedError;
use crate::format::{TAG_BYTES, Tag, array};
use crate::keys::{KeyError, OwnerKey, Tags};

type Suite = Ristretto255;

/// Most elements of a request, with those that mean nothing: 512 MiB of them.
pub const MAX_ELEMENTS: usize = 1 << 24;
/// The least: smaller trees look alike.
const MIN_ELEMENTS: usize = 1 << 12;
/// Elements that one proof covers.
const BATCH: usize = 1 << 11;
const ELEMENT_BYTES: usize = 32;
const PROOF_BYTES: usize = 64;
const KEY_HEAD: &str = "quanlian-oblivious-key v1\n";
const REQUEST_MAGIC: [u8; 16] = *b"quanlian-blind 1";
const ANSWER_MAGIC: [u8; 16] = *b"quanlian-answer1";
/// Magic, method 8, elements 4, zero 4, id 16, public key 32.
const REQUEST_HEAD: usize = 80;
/// Magic, digest of the request.
const ANSWER_HEAD: usize = 48;

/// How far a step is, and whether to stop.
#[derive(Clone, Copy)]
pub struct Pace<'a> {
    /// Told how many of how many elements are done.
    pub done: &'a (dyn Fn(u64, u64) + Sync),
    /// Asked between batches.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// The secret key of the owner's oblivious function.
pub struct ObliviousKey {
    seed: Zeroizing<[u8; 32]>,
    server: VoprfServer<Suite>,
}

/// What says which key a function has; given to the other side beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; ELEMENT_BYTES]);

/// Tags of the grams of one tree.
pub struct ObliviousTags {
    id: [u8; 8],
    tags: HashMap<u64, Tag>,
}

impl Tags for ObliviousTags {
    fn key_id(&self) -> [u8; 8] {
        self.id
    }

    fn tag(&self, gram: u64) -> Result<Tag, SealedError> {
        self.tags.get(&gram).copied().ok_or(SealedError::TreeChanged)
    }
}

impl PublicKey {
    /// From its bytes in hexadecimal; a key that is none is refused.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; ELEMENT_BYTES];
        let is_key = hex::decode_to_slice(text, &mut bytes).is_ok() && element(&bytes).is_some();
        is_key.then_some(Self(bytes)).ok_or(KeyError("a public key"))
    }

    /// In hexadecimal.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    fn id(&self) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new_derive_key("quanlian sealed oblivious key id v1");
        hasher.update(METHOD.as_bytes()).update(&self.0);
        array(&hasher.finalize().as_bytes()[..8])
    }
}

impl ObliviousKey {
    /// A key from random bytes, by the derivation of RFC 9497.
    pub fn new(seed: [u8; 32]) -> Result<Self, KeyError> {
        let seed = Zeroizing::new(seed);
        let server = VoprfServer::new_from_seed(&*seed, METHOD.as_bytes());
        let server = server.map_err(|_| KeyError("an oblivious key"))?;
        Ok(Self { seed, server })
    }

    /// Whether a text says that it is such a key.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(KEY_HEAD)
    }

    /// Reads a key from its text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let seed = crate::keys::read(text, KEY_HEAD).ok_or(KeyError("an oblivious key"))?;
        Self::new(*seed)
    }

    /// The text that keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        crate::keys::write(&self.seed, KEY_HEAD)
    }

    /// The key to give to the other side.
    pub fn public(&self) -> PublicKey {
        PublicKey(Ristretto255::serialize_elem(self.server.get_public_key()).into())
    }

    /// The tags of the owner's own grams; `None` when stopped.
    pub fn tags(&self, grams: &[u64], pace: Pace<'_>) -> Result<Option<ObliviousTags>, SealedError> {
        let tags = in_batches(grams, pace, |batch| {
            (batch.iter())
                .map(|&gram| {
                    let output = self
                        .server
                        .evaluate(&input(gram))
                        .map_err(|_| SealedError::Group)?;
                    Ok((gram, first_bytes(&output)))
                })
                .collect()
        })?;
        Ok(tags.map(|tags| ObliviousTags {
            id: self.public().id(),
            tags: tags.into_iter().collect(),
        }))
    }

    /// Answers a request; `random` is for the proofs. `None` when stopped.
    pub fn answer(
        &self,
        request: &Request<'_>,
        seed: &[u8; 32],
        pace: Pace<'_>,
    ) -> Result<Option<Vec<u8>>, SealedError> {
        if request.public != self.public() {
            return Err(SealedError::OtherObliviousKey);
        }
        let elements: Vec<&[u8]> = request.elements().collect();
        let numbered: Vec<(usize, &[&[u8]])> = elements.chunks(BATCH).enumerate().collect();
        let batches = in_batches_of(&numbered, elements.len(), pace, |&(number, batch)| {
            let blinded: Vec<BlindedElement<Suite>> = (batch.iter())
                .map(|bytes| BlindedElement::deserialize(bytes).map_err(|_| SealedError::Group))
                .collect::<Result<_, _>>()?;
            let mut random = Stream::new(seed, b"proof", number as u64);
            let VoprfServerBatchEvaluateResult { messages, proof } =
                (self.server.batch_blind_evaluate(&mut random, &blinded)).map_err(|_| SealedError::Group)?;
            let mut bytes = Vec::with_capacity(PROOF_BYTES + batch.len() * ELEMENT_BYTES);
            bytes.extend_from_slice(&proof.serialize());
            for message in &messages {
                bytes.extend_from_slice(&message.serialize());
            }
            Ok(bytes)
        })?;
        let Some(batches) = batches else { return Ok(None) };
        let mut answer = Vec::with_capacity(ANSWER_HEAD + batches.iter().map(Vec::len).sum::<usize>());
        answer.extend_from_slice(&ANSWER_MAGIC);
        answer.extend_from_slice(request.digest().as_bytes());
        for batch in &batches {
            answer.extend_from_slice(batch);
        }
        Ok(Some(answer))
    }
}

/// Blinds the grams of a tree for the owner of `public`; `None` when stopped.
pub fn blind(
    grams: &[u64],
    public: PublicKey,
    owner: &OwnerKey,
    id: [u8; 16],
    pace: Pace<'_>,
) -> Result<Option<Vec<u8>>, SealedError> {
    let count = grams.len().next_power_of_two().max(MIN_ELEMENTS);
    if count > MAX_ELEMENTS {
        return Err(SealedError::TooLarge {
            grams: grams.len(),
            limit: MAX_ELEMENTS,
        });
    }
    let blinds = Blinds::new(owner, &id);
    let places: Vec<usize> = (0..count).collect();
    let elements = in_batches(&places, pace, |batch| {
        (batch.iter())
            .map(|&place| {
                let (_, client) = blinds.at(grams, place)?;
                let element: [u8; ELEMENT_BYTES] = client.1.serialize().into();
                Ok(element)
            })
            .collect()
    })?;
    let Some(elements) = elements else { return Ok(None) };
    let mut bytes = Vec::with_capacity(REQUEST_HEAD + count * ELEMENT_BYTES);
    bytes.extend_from_slice(&REQUEST_MAGIC);
    bytes.extend_from_slice(&method());
    bytes.extend_from_slice(&(count as u32).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&id);
    bytes.extend_from_slice(&public.0);
    bytes.extend(elements.into_iter().flatten());
    Ok(Some(bytes))
}

/// A request: blinded grams.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    bytes: &'a [u8],
    id: [u8; 16],
    public: PublicKey,
}

impl<'a> Request<'a> {
    /// Checks the form of a request.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SealedError> {
        let wrong = SealedError::Request;
        let head = bytes
            .first_chunk::<REQUEST_HEAD>()
            .ok_or(wrong("it is too short"))?;
        if head[..16] != REQUEST_MAGIC {
            return Err(wrong("it does not begin as one"));
        }
        if head[16..24] != method() {
            return Err(SealedError::Method);
        }
        let count = u32::from_le_bytes(array(&head[24..28])) as usize;
        let fits = count.is_power_of_two() && (MIN_ELEMENTS..=MAX_ELEMENTS).contains(&count);
        if !fits || head[28..32] != [0; 4] || bytes.len() != REQUEST_HEAD + count * ELEMENT_BYTES {
            return Err(wrong("its length is not what it says"));
        }
        let public = array(&head[48..]);
        if element(&public).is_none() {
            return Err(wrong("the public key in it is none"));
        }
        Ok(Self {
            bytes,
            id: array(&head[32..48]),
            public: PublicKey(public),
        })
    }

    /// Elements, with those that mean nothing.
    pub fn element_count(&self) -> usize {
        (self.bytes.len() - REQUEST_HEAD) / ELEMENT_BYTES
    }

    /// Whose answer is wanted.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// What the request is known by.
    pub fn digest_hex(&self) -> String {
        self.digest().to_hex().to_string()
    }

    fn digest(&self) -> blake3::Hash {
        blake3::hash(self.bytes)
    }

    fn elements(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes[REQUEST_HEAD..].chunks_exact(ELEMENT_BYTES)
    }

    /// The tags of the same grams by the answer to this request; `None` when stopped.
    pub fn finish(
        &self,
        answer: &Answer<'_>,
        grams: &[u64],
        owner: &OwnerKey,
        pace: Pace<'_>,
    ) -> Result<Option<ObliviousTags>, SealedError> {
        let wrong = SealedError::Answer;
        if answer.bytes[16..ANSWER_HEAD] != *self.digest().as_bytes() {
            return Err(wrong("it answers another request"));
        }
        let count = self.element_count();
        if grams.len() > count {
            return Err(SealedError::TreeChanged);
        }
        let batch_bytes = PROOF_BYTES + BATCH * ELEMENT_BYTES;
        if answer.bytes.len() != ANSWER_HEAD + count / BATCH * batch_bytes {
            return Err(wrong("its length is not that of the request"));
        }
        let public = element(&self.public.0).ok_or(SealedError::Group)?;
        let blinds = Blinds::new(owner, &self.id);
        let asked: Vec<&[u8]> = self.elements().collect();
        let batches: Vec<(usize, &[u8])> =
            (answer.bytes[ANSWER_HEAD..].chunks_exact(batch_bytes).enumerate()).collect();
        let tags = in_batches_of(&batches, count, pace, |&(number, bytes)| {
            let (proof, evaluated) = bytes.split_at(PROOF_BYTES);
            let proof = Proof::<Suite>::deserialize(proof).map_err(|_| wrong("a proof is none"))?;
            let evaluated: Vec<EvaluationElement<Suite>> = (evaluated.chunks_exact(ELEMENT_BYTES))
                .map(|bytes| EvaluationElement::deserialize(bytes).map_err(|_| wrong("an element is none")))
                .collect::<Result<_, _>>()?;
            let (mut inputs, mut clients) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
            for (place, asked) in asked.iter().enumerate().skip(number * BATCH).take(BATCH) {
                let (input, (client, blinded)) = blinds.at(grams, place)?;
                if blinded.serialize()[..] != **asked {
                    return Err(SealedError::TreeChanged);
                }
                inputs.push(input);
                clients.push(client);
            }
            let outputs = VoprfClient::batch_finalize(&inputs, &clients, &evaluated, &proof, public)
                .map_err(|_| wrong("a proof does not hold: not all of it was made with the promised key"))?;
            let of_batch = grams.get(number * BATCH..).unwrap_or_default();
            (of_batch.iter().zip(outputs))
                .map(|(&gram, output)| Ok((gram, first_bytes(&output.map_err(|_| SealedError::Group)?))))
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(tags.map(|tags| ObliviousTags {
            id: self.public.id(),
            tags: tags.into_iter().flatten().collect(),
        }))
    }
}

/// The owner's answer to a request.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    bytes: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Checks that it begins as an answer; the rest is checked against the request.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SealedError> {
        match bytes.first_chunk::<ANSWER_HEAD>() {
            Some(head) if head[..16] == ANSWER_MAGIC => Ok(Self { bytes }),
            _ => Err(SealedError::Answer("it does not begin as one")),
        }
    }
}

/// What blinds each element of a request, from the owner key and the id of the request.
struct Blinds {
    seed: Zeroizing<[u8; 32]>,
}

type Blinded = (VoprfClient<Suite>, BlindedElement<Suite>);

impl Blinds {
    fn new(owner: &OwnerKey, id: &[u8; 16]) -> Self {
        Self {
            seed: owner.request(id),
        }
    }

    /// The element at a place: that of a gram, or behind them one that means nothing.
    fn at(&self, grams: &[u64], place: usize) -> Result<(Vec<u8>, Blinded), SealedError> {
        let mut random = Stream::new(&self.seed, b"blind", place as u64);
        let what = if let Some(&gram) = grams.get(place) {
            input(gram)
        } else {
            let mut filling = vec![0; 24];
            Stream::new(&self.seed, b"fill", place as u64).fill_bytes(&mut filling);
            filling
        };
        let blinded = VoprfClient::blind(&what, &mut random).map_err(|_| SealedError::Group)?;
        Ok((what, (blinded.state, blinded.message)))
    }
}

/// What the function is asked of a gram.
fn input(gram: u64) -> Vec<u8> {
    let mut input = Vec::with_capacity(METHOD.len() + 8);
    input.extend_from_slice(METHOD.as_bytes());
    input.extend_from_slice(&gram.to_le_bytes());
    input
}

fn first_bytes(output: &[u8]) -> Tag {
    Tag(array(&output[..TAG_BYTES]))
}

fn element(bytes: &[u8; ELEMENT_BYTES]) -> Option<<Suite as voprf::Group>::Elem> {
    Ristretto255::deserialize_elem(bytes).ok()
}

fn method() -> [u8; 8] {
    array(&blake3::hash(METHOD.as_bytes()).as_bytes()[..8])
}

/// Does `work` on all items, a batch at a time on every core, and keeps their order; `None` when stopped.
fn in_batches<T: Sync, R: Send>(
    items: &[T],
    pace: Pace<'_>,
    work: impl Fn(&[T]) -> Result<Vec<R>, SealedError> + Sync,
) -> Result<Option<Vec<R>>, SealedError> {
    let batches: Vec<&[T]> = items.chunks(BATCH).collect();
    let done = in_batches_of(&batches, items.len(), pace, |batch| work(batch))?;
    Ok(done.map(|batches| batches.into_iter().flatten().collect()))
}

/// The same for what is cut into batches already, of `total` items in all.
fn in_batches_of<T: Sync, R: Send>(
    batches: &[T],
    total: usize,
    pace: Pace<'_>,
    work: impl Fn(&T) -> Result<R, SealedError> + Sync,
) -> Result<Option<Vec<R>>, SealedError> {
    let mut results = Vec::with_capacity(batches.len());
    // A few batches for each core at a time, so that progress is told and a stop is heard.
    for several in batches.chunks(2 * rayon::current_num_threads()) {
        if (pace.stop)() {
            return Ok(None);
        }
        let of_these: Result<Vec<R>, SealedError> = several.par_iter().map(&work).collect();
        results.extend(of_these?);
        (pace.done)((results.len() * BATCH).min(total) as u64, total as u64);
    }
    Ok(Some(results))
}

/// Bytes that follow from a secret, for one use and one number: BLAKE3 with a key, read on and on.
struct Stream(blake3::OutputReader);

impl Stream {
    fn new(seed: &[u8; 32], domain: &[u8], number: u64) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher
            .update(&(domain.len() as u64).to_le_bytes())
            .update(domain)
            .update(&number.to_le_bytes());
        Self(hasher.finalize_xof())
    }
}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Stream {}
