//! Sealing: from the grams of a tree to a sealed file.
//!
//! In:  a [`GramSet`], what makes its tags, the owner key, randomness.
//! Out: the bytes of a sealed file.
//!
//! A gram with more occurrences than one entry holds goes on in entries whose tags are random: the other side cannot meet
//! them, and only what is inside the first leads there.
//!
//! Not here: reading it (`format`), opening it (`opening`).

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use quanlian_match::Medium;
use quanlian_match::blind::{GramFile, GramKind, GramSet, Occurrence};

use crate::format::{
    ENTRY_BYTES, FILE_BYTES, HEADER_BYTES, Header, MAX_ENTRIES, MAX_FILES, MIN_ENTRIES, MIN_FILES,
    SUMMARY_BYTES, SetId, TAG_BYTES, Tag, array,
};
use crate::keys::{OwnerKey, Record, RecordKey, Tags};
use crate::{Random, SealedError};

/// Bytes that authenticate a sealed part.
pub(crate) const MAC_BYTES: usize = 16;
/// Occurrences of one entry.
pub(crate) const OCCURRENCES: usize = 4;
const OCCURRENCE_BYTES: usize = 20;
/// The tag of the next entry of the gram, and the occurrences.
pub(crate) const ENTRY_PLAIN_BYTES: usize = TAG_BYTES + OCCURRENCES * OCCURRENCE_BYTES;
pub(crate) const FILE_PLAIN_BYTES: usize = FILE_BYTES - MAC_BYTES;
pub(crate) const SUMMARY_PLAIN_BYTES: usize = SUMMARY_BYTES - MAC_BYTES;
const _: () = assert!(ENTRY_PLAIN_BYTES + MAC_BYTES + TAG_BYTES == ENTRY_BYTES);
/// Medium, places, digest and the length of the name stand before the name.
pub(crate) const NAME_AT: usize = 1 + 4 + 32 + 2;
/// Longest name that is kept; of a longer one its end.
const MAX_NAME_BYTES: usize = FILE_PLAIN_BYTES - NAME_AT;
/// The widest gram; the bits above tell its kind.
const MAX_WIDTH: u16 = (1 << 14) - 1;
/// The number of a file that an empty place for an occurrence bears.
pub(crate) const NO_FILE: u32 = u32::MAX;

/// Seals the grams of a tree.
pub fn seal(
    set: &GramSet,
    tags: &dyn Tags,
    owner: &OwnerKey,
    random: Random<'_>,
) -> Result<Vec<u8>, SealedError> {
    let entries: usize = set.grams.values().map(|of| of.len().div_ceil(OCCURRENCES)).sum();
    let too_large = |limit| SealedError::TooLarge {
        grams: set.grams.len().max(set.files.len()),
        limit,
    };
    let padded = |count: usize, least: usize, most: usize| {
        (count <= most)
            .then(|| count.next_power_of_two().max(least))
            .ok_or_else(|| too_large(most))
    };
    let entry_count = padded(entries, MIN_ENTRIES, MAX_ENTRIES)?;
    let file_count = padded(set.files.len(), MIN_FILES, MAX_FILES)?;
    let mut id: SetId = [0; 16];
    random(&mut id);
    let header = Header {
        entries: entry_count as u32,
        files: file_count as u32,
        case_key: tags.key_id(),
        set: id,
    };
    let length = HEADER_BYTES + SUMMARY_BYTES + file_count * FILE_BYTES + entry_count * ENTRY_BYTES;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(&header.encode());
    out.extend(encrypt(&owner.record(&id, Record::Summary), &summary(set)));
    for number in 0..file_count {
        match set.files.get(number) {
            Some(file) => out.extend(encrypt(
                &owner.record(&id, Record::File(number as u32)),
                &file_record(file),
            )),
            None => out.extend(filling::<FILE_BYTES>(random)),
        }
    }
    let mut sealed: Vec<[u8; ENTRY_BYTES]> = Vec::with_capacity(entry_count);
    for (&gram, occurrences) in &set.grams {
        let mut tag = tags.tag(gram)?;
        let mut rest = occurrences.as_slice();
        while !rest.is_empty() {
            let (of_this, behind) = rest.split_at(rest.len().min(OCCURRENCES));
            let mut next = [0; TAG_BYTES];
            if !behind.is_empty() {
                random(&mut next);
            }
            let key = owner.record(&id, Record::Entry(tag));
            let mut entry = [0; ENTRY_BYTES];
            entry[..TAG_BYTES].copy_from_slice(&tag.0);
            entry[TAG_BYTES..].copy_from_slice(&encrypt(&key, &entry_plain(next, of_this)));
            sealed.push(entry);
            (tag, rest) = (Tag(next), behind);
        }
    }
    while sealed.len() < entry_count {
        sealed.push(filling(random));
    }
    sealed.sort_unstable();
    out.extend(sealed.into_iter().flatten());
    Ok(out)
}

fn filling<const N: usize>(random: Random<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    random(&mut bytes);
    bytes
}

/// Encrypts under a key that is used for nothing else, which is why the nonce may be zero.
fn encrypt(key: &RecordKey, plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    ChaCha20Poly1305::new((&**key).into())
        .encrypt_in_place(&Nonce::default(), b"", &mut buffer)
        .expect("a record is far shorter than the cipher allows");
    buffer
}

pub(crate) fn decrypt(key: &RecordKey, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = sealed.to_vec();
    ChaCha20Poly1305::new((&**key).into())
        .decrypt_in_place(&Nonce::default(), b"", &mut buffer)
        .ok()?;
    Some(buffer)
}

/// What is said of the whole tree.
pub(crate) fn summary(set: &GramSet) -> [u8; SUMMARY_PLAIN_BYTES] {
    let mut plain = [0; SUMMARY_PLAIN_BYTES];
    let numbers = [
        set.places(),
        set.files.len() as u64,
        set.grams.len() as u64,
        set.common,
    ];
    for (at, number) in numbers.into_iter().enumerate() {
        plain[at * 8..at * 8 + 8].copy_from_slice(&number.to_le_bytes());
    }
    plain
}

fn file_record(file: &GramFile) -> [u8; FILE_PLAIN_BYTES] {
    let mut plain = [0; FILE_PLAIN_BYTES];
    plain[0] = match file.medium {
        Medium::Code => 2,
        _ => 1,
    };
    plain[1..5].copy_from_slice(&file.places.to_le_bytes());
    // A digest that is none stays zero.
    let _ = hex::decode_to_slice(&file.sha256, &mut plain[5..37]);
    let name = shortened(&file.name);
    plain[37..NAME_AT].copy_from_slice(&(name.len() as u16).to_le_bytes());
    plain[NAME_AT..NAME_AT + name.len()].copy_from_slice(name.as_bytes());
    plain
}

/// The end of a name that is too long, at a character.
pub(crate) fn shortened(name: &str) -> &str {
    let mut start = name.len().saturating_sub(MAX_NAME_BYTES);
    while !name.is_char_boundary(start) {
        start += 1;
    }
    &name[start..]
}

fn entry_plain(next: [u8; TAG_BYTES], occurrences: &[Occurrence]) -> [u8; ENTRY_PLAIN_BYTES] {
    let mut plain = [0; ENTRY_PLAIN_BYTES];
    plain[..TAG_BYTES].copy_from_slice(&next);
    for (at, place) in plain[TAG_BYTES..].chunks_exact_mut(OCCURRENCE_BYTES).enumerate() {
        let Some(one) = occurrences.get(at) else {
            place[..4].copy_from_slice(&NO_FILE.to_le_bytes());
            continue;
        };
        place[..4].copy_from_slice(&one.file.to_le_bytes());
        place[4..8].copy_from_slice(&one.place.to_le_bytes());
        place[8..10].copy_from_slice(&(one.width.min(MAX_WIDTH) | kind_bits(one.kind)).to_le_bytes());
        place[10..12].copy_from_slice(&one.bits.to_le_bytes());
        place[12..16].copy_from_slice(&one.span[0].to_le_bytes());
        place[16..].copy_from_slice(&one.span[1].to_le_bytes());
    }
    plain
}

/// The kind of a gram stands in the two highest bits of its width.
fn kind_bits(kind: GramKind) -> u16 {
    let number = match kind {
        GramKind::Structure => 0,
        GramKind::Values => 1,
        GramKind::Words => 2,
    };
    number << 14
}

fn kind_of(width: u16) -> GramKind {
    match width >> 14 {
        0 => GramKind::Structure,
        1 => GramKind::Values,
        _ => GramKind::Words,
    }
}

/// The next tag, when there is one, and the occurrences of an entry; the bytes are as many as an entry has.
pub(crate) fn read_entry(plain: &[u8]) -> (Option<Tag>, Vec<Occurrence>) {
    let next = Tag(array(&plain[..TAG_BYTES]));
    let occurrences = plain[TAG_BYTES..]
        .chunks_exact(OCCURRENCE_BYTES)
        .map(|bytes| Occurrence {
            kind: kind_of(u16::from_le_bytes(array(&bytes[8..10]))),
            file: u32::from_le_bytes(array(&bytes[..4])),
            place: u32::from_le_bytes(array(&bytes[4..8])),
            width: u16::from_le_bytes(array(&bytes[8..10])) & MAX_WIDTH,
            bits: u16::from_le_bytes(array(&bytes[10..12])),
            span: [
                u32::from_le_bytes(array(&bytes[12..16])),
                u32::from_le_bytes(array(&bytes[16..])),
            ],
        });
    (
        (next.0 != [0; TAG_BYTES]).then_some(next),
        occurrences.filter(|one| one.file != NO_FILE).collect(),
    )
}

/// A file's record as it was sealed.
pub(crate) fn read_file(plain: &[u8]) -> Option<GramFile> {
    let length = usize::from(u16::from_le_bytes(array(&plain[37..NAME_AT])));
    let name = plain.get(NAME_AT..NAME_AT + length)?;
    Some(GramFile {
        name: std::str::from_utf8(name).ok()?.to_owned(),
        sha256: hex::encode(&plain[5..37]),
        medium: match plain[0] {
            1 => Medium::Text,
            2 => Medium::Code,
            _ => return None,
        },
        places: u32::from_le_bytes(array(&plain[1..5])),
    })
}
