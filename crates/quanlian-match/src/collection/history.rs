//! Histories: what a git repository held at any time, read without git.
//!
//! In:  the files of a repository, on the disk or out of an archive.
//! Out: its distinct contents, each with the [`Origin`] that tells which commit brought it, whose that is and when it says it
//!      was made; what nothing leads to any more among them.
//!
//! A content is named `REPOSITORY!/PATH@COMMIT`, by the first commit that holds it and its path there; one that no commit
//! holds, `REPOSITORY!/@ID`.
//!
//! Invariants: nothing of the repository is run, trusted or followed: no configuration, hook, module, alternate, link. Every
//! object is checked against its id. Sizes, numbers, depth and work are bounded, and each bound that is met is told.
//!
//! Not here: handing the contents on (`archive::history`), files that are checked out (`source`).

mod commits;
mod contents;
mod objects;
mod refs;
pub(super) mod store;

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use self::commits::{Commits, MAX_LOOKED_AT, MAX_NAMED};
use self::contents::{Contents, Spans};
pub(super) use self::objects::MAX_BLOB_BYTES;
use self::objects::{Kind, Objects, Refusal, id_of};
use self::refs::Roots;
use self::store::Store;
use super::Note;
use crate::history::{Claimed, Commit, Origin};

/// Digits of a commit in a name.
const SHORT: usize = 12;
/// Refs that an origin names.
const MAX_REFS: usize = 32;
/// Contents that no commit holds.
const MAX_DANGLING: usize = 1 << 20;

/// The history of one repository.
pub(super) struct History<'a> {
    name: String,
    objects: Objects<'a>,
    commits: Commits,
    contents: Contents,
    spans: Spans,
    /// The refs whose reach is known, by the number of their bit.
    refs: Vec<String>,
    claimed: HashMap<u32, Claimed>,
    /// Contents that were handed on already.
    given: Vec<bool>,
}

/// One content to hand on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// One that a commit holds, by its place.
    Held(usize),
    /// One that no commit holds.
    Dangling(ObjectId),
}

impl<'a> History<'a> {
    pub(super) fn read(name: &str, store: &'a Store, notes: &mut Vec<Note>) -> Self {
        let mut objects = Objects::of(store);
        let roots = Roots::of(store, objects.hash());
        let commits = Commits::read(&mut objects, &roots);
        let contents = Contents::read(&mut objects, &commits);
        let spans = Spans::of(&commits);
        let refs = roots
            .named
            .iter()
            .take(MAX_NAMED)
            .map(|root| root.name.clone())
            .collect();
        let history = Self {
            name: name.to_owned(),
            given: vec![false; contents.all.len()],
            objects,
            commits,
            contents,
            spans,
            refs,
            claimed: HashMap::new(),
        };
        history.remark(store, &roots, notes);
        history
    }

    fn remark(&self, store: &Store, roots: &Roots, notes: &mut Vec<Note>) {
        let (commits, contents) = (&self.commits.tally, &self.contents.tally);
        let damaged =
            commits.damaged + self.objects.damaged_packs + contents.unreadable() as u64 + store.unreadable;
        let is_cut = commits.is_cut || contents.is_cut || store.is_cut || roots.is_cut;
        let count = self.commits.nodes.len();
        for (number, code, message) in [
            (
                u64::from(is_cut),
                "history_cut",
                format!(
                    "the history is larger than what is read: {count} commits and {} contents were; first and last commits and counts hold for those alone",
                    self.contents.all.len()
                ),
            ),
            (
                commits.shallow,
                "history_shallow",
                format!(
                    "a shallow copy: the parents of {} commits were left out when it was made, so that contents may be older than it shows",
                    commits.shallow
                ),
            ),
            (
                commits.missing,
                "history_missing",
                format!("{} commits or tags are named and not there", commits.missing),
            ),
            (
                damaged,
                "history_damaged",
                format!("{damaged} packs, commits, folders or files of the repository cannot be read"),
            ),
            (
                store.links,
                "history_links",
                format!("{} links in the repository were not followed", store.links),
            ),
            (
                u64::from(store.has_alternates),
                "history_alternates",
                "the repository names others whose objects it uses; they were not opened: give a full clone"
                    .to_owned(),
            ),
            (
                roots.odd,
                "history_odd_refs",
                format!("{} files or lines that should name commits do not", roots.odd),
            ),
            (
                contents.too_deep,
                "history_too_deep",
                format!("{} folders lie too deep and were not read", contents.too_deep),
            ),
            (
                contents.modules() as u64,
                "history_modules",
                format!(
                    "{} states of other repositories (submodules) are named and were not read",
                    contents.modules()
                ),
            ),
            (
                commits.dangling,
                "history_dangling",
                format!(
                    "{} commits to which no branch, tag or log leads were found and read as well",
                    commits.dangling
                ),
            ),
            (
                u64::from(commits.search_is_cut),
                "history_search_cut",
                format!(
                    "the search for what nothing leads to was left out or cut: more than {MAX_LOOKED_AT} objects or too much work"
                ),
            ),
        ] {
            if number > 0 {
                notes.push(Note::new(Path::new(&self.name), code, message));
            }
        }
    }

    /// The repository, as names of its contents begin.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Contents not handed on yet: those of what is checked out, then the others, the latest to go first, then those
    /// that no commit holds.
    pub(super) fn left(&mut self) -> Vec<Wanted> {
        let mut held: Vec<_> = (0..self.contents.all.len())
            .filter(|&at| !self.given[at] && self.contents.all[at].is_held())
            .map(|at| {
                let content = &self.contents.all[at];
                let span = self.spans.span(&self.commits, content);
                let last = if span.in_head { 0 } else { span.last };
                (
                    (
                        !span.in_head,
                        std::cmp::Reverse(last),
                        self.contents.path(content.first_path),
                        at,
                    ),
                    at,
                )
            })
            .collect();
        held.sort_unstable();
        let mut left: Vec<Wanted> = held.into_iter().map(|(_, at)| Wanted::Held(at)).collect();
        left.extend(self.dangling().into_iter().map(Wanted::Dangling));
        left
    }

    fn dangling(&mut self) -> Vec<ObjectId> {
        if self.objects.len() > MAX_LOOKED_AT || self.contents.tally.is_cut {
            return Vec::new();
        }
        let mut ids = Vec::new();
        let commits: std::collections::HashSet<&ObjectId> =
            self.commits.nodes.iter().map(|node| &node.id).collect();
        self.objects.for_each_id(|id| {
            let id = id.to_owned();
            if self.contents.get(&id).is_none() && !commits.contains(&id) {
                ids.push(id);
            }
        });
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !self.objects.is_spent() && self.objects.kind(id) == Some(Kind::Blob));
        ids.truncate(MAX_DANGLING);
        ids
    }

    /// The place of the content of a file that is checked out; it counts as handed on from now on.
    pub(super) fn take_file(&mut self, path: &Path) -> Option<Wanted> {
        let bytes = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
        if bytes > MAX_BLOB_BYTES {
            return None;
        }
        let id = id_of(
            self.objects.hash(),
            Kind::Blob,
            bytes,
            &mut File::open(path).ok()?,
        )?;
        let at = self.contents.get(&id)?;
        self.given[at] = true;
        Some(Wanted::Held(at))
    }

    /// What stands behind `REPOSITORY!/` in the name of a content, and the path that tells what it is.
    pub(super) fn inner_name(&self, wanted: Wanted) -> (Vec<u8>, PathBuf) {
        match wanted {
            Wanted::Held(at) => {
                let content = &self.contents.all[at];
                let path = self.contents.path(content.first_path);
                let commit = self.commits.nodes[content.first as usize]
                    .id
                    .to_hex_with_len(SHORT)
                    .to_string();
                let title = PathBuf::from(String::from_utf8_lossy(path).into_owned());
                ([path, b"@", commit.as_bytes()].concat(), title)
            }
            Wanted::Dangling(id) => {
                let name = format!("@{}", id.to_hex_with_len(SHORT));
                (name.clone().into_bytes(), PathBuf::from(name))
            }
        }
    }

    /// The bytes of a content; why there are none, with a code.
    pub(super) fn bytes(&mut self, wanted: Wanted) -> Result<Vec<u8>, (&'static str, &'static str)> {
        let id = match wanted {
            Wanted::Held(at) => self.contents.all[at].id,
            Wanted::Dangling(id) => id,
        };
        match self.objects.get(&id, MAX_BLOB_BYTES) {
            Ok((Kind::Blob, bytes)) => Ok(bytes),
            Ok(_) | Err(Refusal::Damaged) => Err((
                "history_content_damaged",
                "the content is damaged in the repository",
            )),
            Err(Refusal::Missing) => Err((
                "history_content_missing",
                "the content is not in this copy of the repository",
            )),
            Err(Refusal::TooLarge) => Err((
                "history_content_too_large",
                "larger than 256 MiB, or a change of too many others",
            )),
            Err(Refusal::Spent) => Err((
                "history_too_much",
                "the work for this repository is used up; the rest was not read",
            )),
        }
    }

    /// Where a content stood.
    pub(super) fn origin(&mut self, wanted: Wanted) -> Origin {
        let at = match wanted {
            Wanted::Held(at) => at,
            Wanted::Dangling(id) => return of_nobody(&self.name, id),
        };
        let content = &self.contents.all[at];
        let span = self.spans.span(&self.commits, content);
        let reached = |bit: usize| span.reach[bit / 64] >> (bit % 64) & 1 == 1;
        let mut refs: Vec<String> = (0..self.refs.len())
            .filter(|&bit| reached(bit))
            .map(|bit| self.refs[bit].clone())
            .collect();
        let dangling = refs.is_empty() && !reached(MAX_NAMED);
        // Where a branch or a tag leads, what it pointed at before says nothing more.
        if refs.iter().any(|name| !is_log(name)) {
            refs.retain(|name| !is_log(name));
        }
        let (first, last) = (content.first, span.last);
        let origin = Origin {
            repository: self.name.clone(),
            blob: content.id.to_string(),
            paths: self.contents.paths(content).map(shown_path).collect(),
            more_paths: content.more_paths,
            first_commit: None,
            last_commit: None,
            commits: span.commits,
            more_refs: refs.len() > MAX_REFS || reached(MAX_NAMED),
            in_head: span.in_head,
            dangling,
            earlier_unknown: self.commits.nodes[first as usize].lacks_parents,
            refs: Vec::new(),
        };
        refs.truncate(MAX_REFS);
        Origin {
            refs,
            first_commit: self.commit(first),
            last_commit: self.commit(last),
            ..origin
        }
    }

    fn commit(&mut self, at: u32) -> Option<Commit> {
        /// Commits whose words are kept.
        const MAX_KEPT: usize = 10_000;
        if self.claimed.len() > MAX_KEPT {
            self.claimed.clear();
        }
        let claimed = if let Some(claimed) = self.claimed.get(&at) {
            claimed.clone()
        } else {
            let claimed = self.commits.claimed(&mut self.objects, at)?;
            self.claimed.insert(at, claimed.clone());
            claimed
        };
        let id = self.commits.nodes[at as usize].id.to_string();
        Some(Commit { id, claimed })
    }
}

/// Of a content that no commit holds.
fn of_nobody(repository: &str, id: ObjectId) -> Origin {
    Origin {
        repository: repository.to_owned(),
        blob: id.to_string(),
        paths: Vec::new(),
        more_paths: false,
        first_commit: None,
        last_commit: None,
        commits: 0,
        refs: Vec::new(),
        more_refs: false,
        in_head: false,
        dangling: true,
        earlier_unknown: true,
    }
}

/// Whether a name is that of a log: where a branch pointed, not where it points.
fn is_log(name: &str) -> bool {
    name.starts_with("logs/") || name.starts_with("worktrees/") && name.contains("/logs/")
}

/// A path as names of members are shown.
fn shown_path(path: &[u8]) -> String {
    super::archive::shown_name(path)
}

#[cfg(test)]
mod tests;
