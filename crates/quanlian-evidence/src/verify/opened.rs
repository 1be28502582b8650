//! A bundle that has been read: its small files, the digests of all, and no file too many.
//!
//! In:  a container.
//! Out: an [`Opened`], or what is wrong with its layout.
//!
//! Invariant: every file that the version asks for is there, and none that it does not know.
//! Memory is bounded: records are counted before they are read, originals pass through.
//!
//! Not here: what the files say (`verify`).

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
};

use super::{describe, item::Item};
use crate::{
    bundle::{
        ACT_PREFIX, BAG_INFO_PATH, BAGIT_PATH, BUNDLE_VERSION, BUNDLE_VERSION_1, CHECKPOINT_PATH,
        CUSTODY_FILE, DEPOSIT_FILE, ENTRY_FILE, LOG_KEY_PATH, MANIFEST_SHA256_PATH, MANIFEST_SM3_PATH,
        MAX_BUNDLE_ITEMS, MAX_TOKENS, NO_ORIGINALS, NO_ORIGINALS_PATH, PAGE_PATH, POLICY_PATH, PROOF_FILE,
        SALT_FILE, SCRIPT_PATH, SEAL_FOLDER, SEALED_FILE, STATEMENT_FILE, TAG_MANIFEST_SHA256_PATH,
        TAG_MANIFEST_SM3_PATH, TEXT_PATH, TOKEN_FOLDER, TOMBSTONE_FILE, Token, VERIFIER_PATH,
        WITNESS_KEYS_PATH, WitnessFiles, act_folder, erased_folder, is_payload, item_folder, original_path,
        token_paths,
    },
    container::{ContainerError, Entry, MAX_CONTAINER_BYTES, Reader},
    content::{Digests, digest},
};

/// The longest file that is read into memory: a page or a manifest of the largest bundle.
pub(super) const MAX_SMALL_BYTES: u64 = 16 << 20;
/// The most bytes of such files together.
const MAX_SMALL_TOTAL_BYTES: u64 = 256 << 20;

/// A bundle whose container and layout are sound: small files in memory, originals by their digests.
pub(super) struct Opened {
    pub(super) version: u32,
    /// All files by their digests.
    pub(super) digests: BTreeMap<String, Digests>,
    pub(super) items: usize,
    /// Time stamps, in the order of their numbers.
    pub(super) tokens: Vec<Token>,
    texts: BTreeMap<String, String>,
}

impl Opened {
    pub(super) fn read<F: Read + Seek>(mut reader: Reader<F>) -> Result<Self, String> {
        let entries: Vec<Entry> = reader.entries().cloned().collect();
        let small = |entry: &&Entry| !is_payload(&entry.name);
        let small_bytes: u64 = entries
            .iter()
            .filter(small)
            .map(|entry| u64::from(entry.size_bytes))
            .sum();
        if small_bytes > MAX_SMALL_TOTAL_BYTES {
            return Err(format!(
                "its records have {small_bytes} bytes, the limit is {MAX_SMALL_TOTAL_BYTES}"
            ));
        }
        let (mut texts, mut binaries, mut digests) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for Entry { name, .. } in entries {
            let mut bytes = Vec::new();
            let found = read_entry(&mut reader, &name, &mut bytes)?;
            digests.insert(name.clone(), found);
            if is_token(&name) {
                binaries.insert(name, bytes);
            } else if !is_payload(&name) {
                let text = String::from_utf8(bytes).map_err(|_| format!("`{name}` is not text"))?;
                texts.insert(name, text);
            }
        }
        let version = if texts.contains_key(BAGIT_PATH) {
            BUNDLE_VERSION
        } else {
            BUNDLE_VERSION_1
        };
        let is_there = |path: String| texts.contains_key(&path);
        let items = (1..=MAX_BUNDLE_ITEMS)
            .take_while(|number| {
                is_there(format!("{}/{DEPOSIT_FILE}", item_folder(*number)))
                    || is_there(tombstone_path(*number))
            })
            .count();
        let tokens = take_tokens(&mut binaries)?;
        let bundle = Self {
            version,
            digests,
            items,
            tokens,
            texts,
        };
        bundle.require_layout()?;
        Ok(bundle)
    }

    /// A small file; the layout says that it is there.
    pub(super) fn text(&self, path: &str) -> &str {
        self.texts.get(path).map_or("", String::as_str)
    }

    /// Whether an item is what an erasure left.
    pub(super) fn is_erased(&self, number: usize) -> bool {
        self.texts.contains_key(&tombstone_path(number))
    }

    /// The numbers of the custody lines of an item that have a folder of their own, in order.
    pub(super) fn acts_of(&self, number: usize) -> impl Iterator<Item = u64> {
        let prefix = format!("{}/{ACT_PREFIX}", item_folder(number));
        let ending = format!("/{ENTRY_FILE}");
        self.texts
            .range(prefix.clone()..)
            .map_while(move |(path, _)| path.strip_prefix(&prefix))
            .filter_map(move |rest| rest.strip_suffix(&ending)?.parse().ok())
    }

    /// The witness policy and its keys, when the bundle carries them.
    pub(super) fn witness_files(&self) -> Option<WitnessFiles> {
        self.texts.contains_key(POLICY_PATH).then(|| WitnessFiles {
            policy: self.text(POLICY_PATH).to_owned(),
            keys: self.text(WITNESS_KEYS_PATH).to_owned(),
        })
    }

    /// The first file of the payload that is the original of no item.
    pub(super) fn stranger(&self, items: &[Option<Item>]) -> Option<&str> {
        let originals: BTreeSet<String> = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some(original_path(at + 1, &item.as_ref()?.kept()?.content.name)))
            .collect();
        let no_originals = digest(NO_ORIGINALS.as_bytes(), u64::MAX, &mut |_| {}).ok();
        let payload = || self.digests.keys().filter(|name| is_payload(name));
        let is_alone = self.version > BUNDLE_VERSION_1 && payload().count() == 1;
        payload()
            .find(|name| {
                let says_none = is_alone
                    && *name == NO_ORIGINALS_PATH
                    && self.digests.get(*name) == no_originals.as_ref();
                !originals.contains(*name) && !says_none
            })
            .map(String::as_str)
    }

    /// Every file that must be there is, and no other. The payload is matched with the items later.
    fn require_layout(&self) -> Result<(), String> {
        let wanted = self.wanted();
        if let Some(name) = wanted.iter().find(|name| !self.texts.contains_key(*name)) {
            return Err(format!("`{name}` is missing"));
        }
        match self.texts.keys().find(|name| !wanted.contains(*name)) {
            Some(name) => Err(format!("`{name}` does not belong into a bundle")),
            None if self.items == 0 => Err("it holds no item".to_owned()),
            None if self.version == BUNDLE_VERSION_1 && !self.tokens.is_empty() => Err(format!(
                "`{TOKEN_FOLDER}` does not belong into a bundle of version 1"
            )),
            None => Ok(()),
        }
    }

    fn wanted(&self) -> BTreeSet<String> {
        let mut wanted: BTreeSet<String> = [
            SCRIPT_PATH,
            TEXT_PATH,
            PAGE_PATH,
            MANIFEST_SHA256_PATH,
            MANIFEST_SM3_PATH,
            CHECKPOINT_PATH,
            LOG_KEY_PATH,
        ]
        .map(str::to_owned)
        .into();
        if self.version > BUNDLE_VERSION_1 {
            let more = [
                BAGIT_PATH,
                BAG_INFO_PATH,
                TAG_MANIFEST_SHA256_PATH,
                TAG_MANIFEST_SM3_PATH,
                VERIFIER_PATH,
            ];
            wanted.extend(more.map(str::to_owned));
            // One of them without the other says nothing.
            if [POLICY_PATH, WITNESS_KEYS_PATH]
                .iter()
                .any(|path| self.texts.contains_key(*path))
            {
                wanted.extend([POLICY_PATH, WITNESS_KEYS_PATH].map(str::to_owned));
            }
        }
        for file in [STATEMENT_FILE, SEALED_FILE, SALT_FILE, ENTRY_FILE, PROOF_FILE] {
            wanted.insert(format!("{SEAL_FOLDER}/{file}"));
        }
        for number in 1..=self.items {
            let mut want = |folder: String, files: &[&str]| {
                wanted.extend(files.iter().map(|file| format!("{folder}/{file}")));
            };
            if self.version > BUNDLE_VERSION_1 && self.is_erased(number) {
                want(item_folder(number), &[ENTRY_FILE, PROOF_FILE]);
                want(
                    erased_folder(number),
                    &[TOMBSTONE_FILE, SALT_FILE, ENTRY_FILE, PROOF_FILE],
                );
                continue;
            }
            want(
                item_folder(number),
                &[DEPOSIT_FILE, SALT_FILE, ENTRY_FILE, PROOF_FILE, CUSTODY_FILE],
            );
            if self.version > BUNDLE_VERSION_1 {
                // Whether each has its line is for the chain to say.
                for line in self.acts_of(number) {
                    want(act_folder(number, line), &[ENTRY_FILE, PROOF_FILE]);
                }
            }
        }
        wanted
    }
}

fn tombstone_path(number: usize) -> String {
    format!("{}/{TOMBSTONE_FILE}", erased_folder(number))
}

/// The digests of one entry; `bytes` gets its content unless it is an original.
fn read_entry<F: Read + Seek>(
    reader: &mut Reader<F>,
    name: &str,
    bytes: &mut Vec<u8>,
) -> Result<Digests, String> {
    let is_original = is_payload(name);
    let limit = if is_original {
        MAX_CONTAINER_BYTES
    } else {
        MAX_SMALL_BYTES
    };
    let mut found = None;
    reader
        .stream(name, limit, |content| {
            let result = if is_original {
                digest(content, u64::MAX, &mut |_| {})
            } else {
                content.read_to_end(bytes)?;
                digest(bytes.as_slice(), u64::MAX, &mut |_| {})
            };
            found = Some(result.map_err(std::io::Error::other)?);
            Ok(())
        })
        .map_err(|error: ContainerError| describe(&error))?;
    found.ok_or_else(|| format!("`{name}` was not read"))
}

fn is_token(name: &str) -> bool {
    name.strip_prefix(TOKEN_FOLDER)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The time stamps, numbered from 1 without a gap, each with all its files.
fn take_tokens(binaries: &mut BTreeMap<String, Vec<u8>>) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    for number in 1..=MAX_TOKENS {
        let paths = token_paths(number);
        let mut parts = paths.iter().map(|path| binaries.remove(path));
        let [response, request, certificates] =
            [parts.next(), parts.next(), parts.next()].map(Option::flatten);
        match (request, response, certificates) {
            (None, None, None) => break,
            (Some(request), Some(response), Some(certificates)) => tokens.push(Token {
                request,
                response,
                certificates: String::from_utf8(certificates)
                    .map_err(|_| format!("`{}` is not text", paths[2]))?,
            }),
            _ => return Err(format!("time stamp {number:02} lacks one of its three files")),
        }
    }
    match binaries.keys().next() {
        Some(name) => Err(format!("`{name}` does not belong into a bundle")),
        None => Ok(tokens),
    }
}
