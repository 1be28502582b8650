//! Refs: the names under which a repository keeps commits, and where its history is cut.
//!
//! In:  the files `HEAD`, `refs/`, `packed-refs`, `logs/`, `shallow` of a [`Store`].
//! Out: [`Roots`]: what leads into the history, the branch that is checked out first.
//!
//! Invariants: a line that is no ref is passed over and counted. A symbolic ref is looked up among the refs that were read, so
//! many steps deep as git goes, and never as a path.
//!
//! Not here: what the ids name (`commits`).

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::{Kind as Hash, ObjectId};

use super::store::Store;
use crate::history::shown;

/// Refs of one repository, logs among them.
const MAX_REFS: usize = 1 << 18;
/// Ids out of logs.
const MAX_LOGGED: usize = 1 << 20;
const MAX_REF_BYTES: u64 = 4 << 10;
const MAX_PACKED_BYTES: u64 = 64 << 20;
const MAX_LOG_BYTES: u64 = 16 << 20;
/// Symbolic refs upon symbolic refs.
const MAX_STEPS: usize = 5;

/// What leads into the history under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) name: String,
    pub(super) ids: Vec<ObjectId>,
}

/// All that leads into the history of a repository.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Roots {
    /// What is checked out.
    pub(super) head: Option<ObjectId>,
    /// `HEAD`, branches, tags and the like, then logs.
    pub(super) named: Vec<Root>,
    /// Commits whose parents were left out on purpose when this copy was made.
    pub(super) shallow: BTreeSet<ObjectId>,
    /// Lines and files that are no refs.
    pub(super) odd: u64,
    pub(super) is_cut: bool,
}

/// What stands in the file of a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Id(ObjectId),
    Ref(Vec<u8>),
}

impl Roots {
    pub(super) fn of(store: &Store, hash: Hash) -> Self {
        let mut roots = Self::default();
        let mut refs: BTreeMap<Vec<u8>, Target> = BTreeMap::new();
        if let Ok(Some(packed)) = store.small(b"packed-refs", MAX_PACKED_BYTES) {
            roots.packed(&packed, hash, &mut refs);
        }
        // A ref by itself is newer than the same in the list.
        for (name, _) in store.below("refs/") {
            roots.one(store, name, hash, &mut refs);
        }
        let mut heads = BTreeMap::new();
        let trees = (store.below("worktrees/")).filter(|(name, _)| !name.windows(6).any(|w| w == b"/logs/"));
        for name in [&b"HEAD"[..], b"ORIG_HEAD"]
            .into_iter()
            .chain(trees.map(|(name, _)| name))
        {
            roots.one(store, name, hash, &mut heads);
        }
        let resolve = |target: &Target| {
            let mut target = target;
            for _ in 0..MAX_STEPS {
                match target {
                    Target::Id(id) => return Some(*id),
                    Target::Ref(name) => target = refs.get(name).or_else(|| heads.get(name))?,
                }
            }
            None
        };
        roots.head = heads.get(&b"HEAD"[..]).and_then(resolve);
        // Branches before what only points at them.
        let rank = |name: &[u8]| {
            (
                !name.starts_with(b"refs/heads/"),
                !name.starts_with(b"refs/tags/"),
            )
        };
        let mut named: Vec<(&Vec<u8>, &Target)> = refs.iter().collect();
        named.sort_by_key(|(name, _)| (rank(name), *name));
        for (name, target) in heads.iter().chain(named) {
            // A branch without commits is none yet.
            if let Some(id) = resolve(target) {
                roots.add(name, vec![id]);
            }
        }
        roots.logs(store, hash);
        if let Ok(Some(lines)) = store.small(b"shallow", MAX_PACKED_BYTES) {
            let ids = lines.split(|&b| b == b'\n').filter_map(|line| id(line, hash));
            roots.shallow = ids.take(MAX_REFS).collect();
        }
        roots
    }

    fn add(&mut self, name: &[u8], ids: Vec<ObjectId>) {
        if self.named.len() >= MAX_REFS {
            self.is_cut = true;
            return;
        }
        let name = shown(&String::from_utf8_lossy(name));
        self.named.push(Root { name, ids });
    }

    fn one(&mut self, store: &Store, name: &[u8], hash: Hash, refs: &mut BTreeMap<Vec<u8>, Target>) {
        if refs.len() >= MAX_REFS {
            self.is_cut = true;
            return;
        }
        match store.small(name, MAX_REF_BYTES) {
            Ok(None) => {}
            Ok(Some(bytes)) => match target(&bytes, hash) {
                Some(target) => drop(refs.insert(name.to_vec(), target)),
                None => self.odd += 1,
            },
            Err(_) => self.odd += 1,
        }
    }

    fn packed(&mut self, bytes: &[u8], hash: Hash, refs: &mut BTreeMap<Vec<u8>, Target>) {
        for line in bytes.split(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // What a tag was seen to lead to, and what the file says of itself.
            if line.is_empty() || matches!(line[0], b'#' | b'^') {
                continue;
            }
            if refs.len() >= MAX_REFS {
                self.is_cut = true;
                return;
            }
            let digits = hash.len_in_hex();
            let found = line.split_at_checked(digits).and_then(|(id_digits, rest)| {
                let name = rest.strip_prefix(b" ")?;
                Some((name.to_vec(), Target::Id(id(id_digits, hash)?)))
            });
            match found {
                Some((name, target)) => drop(refs.insert(name, target)),
                None => self.odd += 1,
            }
        }
    }

    /// Where refs once pointed: before an amendment, a rebase, a reset, a removal.
    fn logs(&mut self, store: &Store, hash: Hash) {
        let mut left = MAX_LOGGED;
        let of_trees = store
            .below("worktrees/")
            .filter(|(name, _)| name.windows(6).any(|w| w == b"/logs/"));
        for (name, _) in store.below("logs/").chain(of_trees) {
            let Ok(Some(lines)) = store.small(name, MAX_LOG_BYTES) else {
                self.odd += 1;
                continue;
            };
            let mut ids = BTreeSet::new();
            for line in lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
                let two = line.split(|&b| b == b' ').take(2);
                ids.extend(two.filter_map(|part| id(part, hash)).filter(|id| !id.is_null()));
                if ids.len() >= left {
                    self.is_cut = true;
                    break;
                }
            }
            left = left.saturating_sub(ids.len());
            if !ids.is_empty() {
                self.add(name, ids.into_iter().collect());
            }
        }
    }
}

/// What the file of a ref holds.
fn target(bytes: &[u8], hash: Hash) -> Option<Target> {
    let line = bytes.split(|&b| b == b'\n').next()?.trim_ascii();
    match line.strip_prefix(b"ref:") {
        Some(name) => Some(Target::Ref(name.trim_ascii().to_vec())),
        None => id(line, hash).map(Target::Id),
    }
}

fn id(digits: &[u8], hash: Hash) -> Option<ObjectId> {
    let digits = digits.trim_ascii();
    (digits.len() == hash.len_in_hex()).then_some(())?;
    ObjectId::from_hex(&digits.to_ascii_lowercase()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::input::Body;
    use proptest::prelude::*;

    fn store(files: &[(&str, &[u8])]) -> Store {
        let mut store = Store::default();
        for (name, bytes) in files {
            let body = Body::Memory((*bytes).into());
            store.add(name.as_bytes(), || Ok(body)).expect("body");
        }
        store
    }

    #[test]
    fn refs_are_read_from_wherever_git_keeps_them() {
        let ids = ["a", "b", "c", "d"].map(|digit| digit.repeat(40));
        let [a, b, c, d] = &ids;
        let packed =
            format!("# pack-refs with: peeled\n{a} refs/heads/main\n{b} refs/tags/v1\n^{c}\nnonsense\n");
        let log = format!(
            "{} {a} A <a@b> 1 +0000\tcommit\n{a} {d} A <a@b> 2 +0000\treset\n",
            "0".repeat(40)
        );
        let store = store(&[
            ("HEAD", b"ref: refs/heads/main\n"),
            ("packed-refs", packed.as_bytes()),
            ("refs/heads/main", format!("{c}\n").as_bytes()),
            ("refs/heads/loop", b"ref: refs/heads/loop"),
            ("refs/heads/../../x\u{1b}", d.as_bytes()),
            ("logs/HEAD", log.as_bytes()),
            ("shallow", format!("{b}\n").as_bytes()),
        ]);
        let roots = Roots::of(&store, Hash::Sha1);
        let names: Vec<String> = (roots.named.iter())
            .map(|root| {
                format!(
                    "{} {}",
                    root.name,
                    root.ids
                        .iter()
                        .map(|id| id.to_string()[..1].to_owned())
                        .collect::<String>()
                )
            })
            .collect();
        let expected = [
            "HEAD c",
            "refs/heads/../../x\u{fffd} d",
            "refs/heads/main c",
            "refs/tags/v1 b",
            "logs/HEAD ad",
        ];
        assert_eq!(names, expected);
        assert_eq!(roots.head.map(|id| id.to_string()).as_ref(), Some(c));
        assert_eq!((roots.odd, roots.shallow.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refs_or_odd(head in prop::collection::vec(any::<u8>(), 0..99), rest in prop::collection::vec(any::<u8>(), 0..400)) {
            let store = store(&[("HEAD", &head), ("packed-refs", &rest), ("logs/HEAD", &rest), ("shallow", &rest)]);
            Roots::of(&store, Hash::Sha1);
        }
    }
}
