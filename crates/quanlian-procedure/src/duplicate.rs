//! Duplicate hints (重复线索提示): complaints that may be about the same thing.
//!
//! In:  what a complaint names: rights, links, accounts, numbers of platforms.
//! Out: [`Hint`]s: which earlier complaint, and what the two share.
//!
//! Invariant: a hint merges nothing. It needs the same right and at least one same place; a right alone is shared by
//! every complaint of its holder. Normalising only takes away what cannot tell two things apart.
//!
//! Not here: whether two persons are the same (`quanlian-network`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Most rights, links, accounts or numbers of one complaint that are looked at.
pub const MAX_NAMED: usize = 1_000;
/// Longest of them, in bytes; a longer one is cut.
const MAX_BYTES: usize = 2_048;

/// What a complaint names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Rights: registration numbers or ids.
    #[serde(default)]
    pub rights: Vec<String>,
    /// Links.
    #[serde(default)]
    pub links: Vec<String>,
    /// Accounts, as `platform:account`.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Numbers that a platform gives to a listing or a file, as `platform:number`.
    #[serde(default)]
    pub platform_ids: Vec<String>,
}

/// What two complaints can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A right.
    Right,
    /// A link.
    Link,
    /// An account.
    Account,
    /// A number of a platform.
    PlatformId,
}

/// Normalised keys of a complaint, ready to be kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keys(BTreeSet<(KeyKind, String)>);

/// An earlier complaint that may be about the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The earlier complaint.
    pub matter: String,
    /// What both name, by kind.
    pub shared: BTreeMap<KeyKind, Vec<String>>,
    /// How many places (links, accounts, numbers) are shared.
    pub places: usize,
}

/// From what a person wrote to what tells two things apart.
type Normalise = fn(&str) -> String;

impl Keys {
    /// The keys of what a complaint names.
    pub fn of(named: &Named) -> Self {
        let lists: [(KeyKind, &[String], Normalise); 4] = [
            (KeyKind::Right, &named.rights, number),
            (KeyKind::Link, &named.links, link),
            (KeyKind::Account, &named.accounts, account),
            (KeyKind::PlatformId, &named.platform_ids, account),
        ];
        let mut keys = BTreeSet::new();
        for (kind, list, normalise) in lists {
            let normal = list.iter().take(MAX_NAMED).map(|text| normalise(cut(text)));
            keys.extend(normal.filter(|key| !key.is_empty()).map(|key| (kind, key)));
        }
        Self(keys)
    }

    /// The keys, by kind and text: what a store looks up.
    pub fn iter(&self) -> impl Iterator<Item = (KeyKind, &str)> {
        self.0.iter().map(|(kind, key)| (*kind, key.as_str()))
    }
}

/// Earlier complaints that may be about the same thing, those that share most first. Linear in their keys.
pub fn hints<'a>(new: &Keys, earlier: impl IntoIterator<Item = (&'a str, &'a Keys)>) -> Vec<Hint> {
    let mut hints: Vec<Hint> = earlier
        .into_iter()
        .filter_map(|(matter, keys)| hint(new, matter, keys))
        .collect();
    hints.sort_by(|a, b| b.places.cmp(&a.places).then_with(|| a.matter.cmp(&b.matter)));
    hints
}

fn hint(new: &Keys, matter: &str, keys: &Keys) -> Option<Hint> {
    let mut shared: BTreeMap<KeyKind, Vec<String>> = BTreeMap::new();
    for (kind, key) in new.0.intersection(&keys.0) {
        shared.entry(*kind).or_default().push(key.clone());
    }
    let places: usize = shared
        .iter()
        .filter(|(kind, _)| **kind != KeyKind::Right)
        .map(|(_, keys)| keys.len())
        .sum();
    let found = shared.contains_key(&KeyKind::Right) && places > 0;
    found.then(|| Hint {
        matter: matter.to_owned(),
        shared,
        places,
    })
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Full-width letters and digits as half-width ones, without white space and marks of width zero.
fn folded(text: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    };
    let invisible = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}');
    text.chars().filter(|c| !invisible(c)).map(half).collect()
}

/// A number of registration: letters and digits alone, whatever hyphens and brackets stand between.
fn number(text: &str) -> String {
    folded(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// An account: case is taken away, which two accounts of one platform seldom differ by; a hint may be wrong.
fn account(text: &str) -> String {
    folded(text).trim_start_matches('@').to_lowercase()
}

/// Parameters that say where a visitor came from and not what he sees.
const TRACKING: [&str; 8] = [
    "utm_",
    "spm",
    "share_",
    "from",
    "source",
    "ref",
    "timestamp",
    "fbclid",
];

/// A link without scheme, `www.`, port, fragment, tracking and the slash at its end; the parameters in order.
fn link(text: &str) -> String {
    let text = folded(text);
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = path.split_once('/').unwrap_or((path, ""));
    let host = host.to_lowercase();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.trim_start_matches("www.").trim_start_matches("m.");
    let host = host
        .trim_end_matches(":443")
        .trim_end_matches(":80")
        .trim_end_matches('.');
    let tells = |part: &&str| !part.is_empty() && !TRACKING.iter().any(|tracking| part.starts_with(tracking));
    let mut parts: Vec<&str> = query.split('&').filter(tells).collect();
    parts.sort_unstable();
    let path = path.trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    let mark = if parts.is_empty() { "" } else { "?" };
    format!("{host}{slash}{path}{mark}{}", parts.join("&"))
}
