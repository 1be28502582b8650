//! Commits: which there are, in what order, and what leads to each.
//!
//! In:  [`Roots`] and the [`Objects`].
//! Out: [`Commits`], parents before children, and the tree of first parents that the contents are followed along.
//!
//! Invariants: the order rests on parents alone, and where they leave it open, on the times that the commits state and then on
//! the ids; so it is the same on any machine. Commits that nothing leads to (an amended, dropped or reset one) are found
//! by a look at all objects and are part of the same order.
//!
//! Not here: the trees of the commits (`contents`).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use gix_hash::{Kind as Hash, ObjectId};

use super::objects::{Kind, MAX_META_BYTES, Objects, Refusal};
use super::refs::Roots;
use crate::history::{Claimed, Person, shown};

/// Commits of one repository.
const MAX_COMMITS: usize = 500_000;
/// Parents of one commit.
const MAX_PARENTS: usize = 256;
/// Objects that are looked at to find commits that nothing leads to.
pub(super) const MAX_LOOKED_AT: u64 = 1 << 24;
/// Tags of tags.
const MAX_TAGS: usize = 8;
/// Names whose reach is followed each by itself; the others share the last bit.
pub(super) const MAX_NAMED: usize = 255;

/// The names from which a commit is reached, one bit each.
pub(super) type Reach = [u64; 4];

/// One commit.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    /// Those that are there, by their place in the order.
    parents: Vec<u32>,
    /// Whether some are not.
    pub(super) lacks_parents: bool,
    pub(super) reach: Reach,
}

/// All commits, parents before children.
#[derive(Debug, Default)]
pub(super) struct Commits {
    pub(super) nodes: Vec<Node>,
    /// The step of the walk at which what is checked out comes.
    pub(super) head_step: Option<u32>,
    /// The commits in the order of a walk along first parents, parents first and every branch in one go.
    pub(super) walk: Vec<u32>,
    /// For each step of the walk, the step after all that descends from it along first parents.
    pub(super) walk_ends: Vec<u32>,
    pub(super) tally: Tally,
}

/// What of the commits could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) is_cut: bool,
    /// Parents that were left out when the copy was made.
    pub(super) shallow: u64,
    /// Commits and tags that are named and are not there.
    pub(super) missing: u64,
    pub(super) damaged: u64,
    /// Commits that nothing leads to.
    pub(super) dangling: u64,
    /// Whether not all objects could be looked at for those.
    pub(super) search_is_cut: bool,
}

/// What the header of a commit says.
struct Header {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    seconds: i64,
}

/// Commits as they are found, in no order.
#[derive(Default)]
struct Found {
    nodes: Vec<(ObjectId, Header)>,
    by_id: HashMap<ObjectId, u32>,
    tally: Tally,
}

impl Commits {
    pub(super) fn read(objects: &mut Objects<'_>, roots: &Roots) -> Self {
        let mut found = Found::default();
        let mut tips: Vec<(usize, ObjectId)> = Vec::new();
        for (number, root) in roots.named.iter().enumerate() {
            for id in &root.ids {
                match peel(objects, *id) {
                    Ok(Some(commit)) => tips.push((number, commit)),
                    // A ref may name a content or a tree by itself; those are found as what nothing leads to.
                    Ok(None) => {}
                    Err(Refusal::Missing) => found.tally.missing += 1,
                    Err(_) => found.tally.damaged += 1,
                }
            }
        }
        found.follow(objects, tips.iter().map(|(_, id)| *id).collect(), roots);
        let reached = found.nodes.len();
        found.search(objects, roots);
        found.tally.dangling = (found.nodes.len() - reached) as u64;
        let by_id = std::mem::take(&mut found.by_id);
        let place = |id: &ObjectId| by_id.get(id).copied();
        let mut commits = Self::sorted(found, &place);
        let order: HashMap<ObjectId, u32> = (0..)
            .zip(&commits.nodes)
            .map(|(at, node)| (node.id, at))
            .collect();
        for (number, id) in tips {
            if let Some(&at) = order.get(&id) {
                let bit = number.min(MAX_NAMED);
                commits.nodes[at as usize].reach[bit / 64] |= 1 << (bit % 64);
            }
        }
        for at in (0..commits.nodes.len()).rev() {
            let reach = commits.nodes[at].reach;
            for parent in commits.nodes[at].parents.clone() {
                let of_parent = &mut commits.nodes[parent as usize].reach;
                (0..of_parent.len()).for_each(|word| of_parent[word] |= reach[word]);
            }
        }
        let head = roots.head.and_then(|id| peel(objects, id).ok().flatten());
        commits.walk();
        let head = head.and_then(|id| order.get(&id).copied());
        commits.head_step = (0..)
            .zip(&commits.walk)
            .find(|(_, at)| Some(**at) == head)
            .map(|(step, _)| step);
        commits
    }

    /// Puts the commits into order; `place` gives the place of a commit among those found.
    fn sorted(found: Found, place: &dyn Fn(&ObjectId) -> Option<u32>) -> Self {
        let count = found.nodes.len();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut waits_for = vec![0_u32; count];
        for (at, (_, header)) in (0..).zip(&found.nodes) {
            for parent in header.parents.iter().filter_map(place) {
                children[parent as usize].push(at);
                waits_for[at as usize] += 1;
            }
        }
        let key = |at: u32| {
            let (id, header) = &found.nodes[at as usize];
            Reverse((header.seconds, *id, at))
        };
        let free = (0..count as u32).filter(|&at| waits_for[at as usize] == 0);
        let mut ready: BinaryHeap<_> = free.map(key).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((.., at))) = ready.pop() {
            order.push(at);
            for &child in &children[at as usize] {
                waits_for[child as usize] -= 1;
                if waits_for[child as usize] == 0 {
                    ready.push(key(child));
                }
            }
        }
        let mut new_place = vec![0; count];
        for (new, &old) in (0..).zip(&order) {
            new_place[old as usize] = new;
        }
        let nodes = order.iter().map(|&old| {
            let (id, header) = &found.nodes[old as usize];
            let known = header
                .parents
                .iter()
                .map(|id| place(id).map(|old| new_place[old as usize]));
            let parents: Vec<u32> = known.clone().flatten().collect();
            Node {
                id: *id,
                tree: header.tree,
                lacks_parents: parents.len() < header.parents.len(),
                parents,
                reach: Reach::default(),
            }
        });
        Self {
            nodes: nodes.collect(),
            tally: found.tally,
            ..Self::default()
        }
    }

    /// The first parent of a commit, if it is there.
    pub(super) fn first_parent(&self, at: u32) -> Option<u32> {
        self.nodes[at as usize].parents.first().copied()
    }

    fn walk(&mut self) {
        let count = self.nodes.len();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut open: Vec<(u32, bool)> = Vec::new();
        for at in (0..count as u32).rev() {
            match self.first_parent(at) {
                Some(parent) => children[parent as usize].push(at),
                None => open.push((at, false)),
            }
        }
        let mut step_of = vec![0_u32; count];
        self.walk_ends = vec![0; count];
        while let Some((at, is_done)) = open.pop() {
            if is_done {
                self.walk_ends[step_of[at as usize] as usize] = self.walk.len() as u32;
                continue;
            }
            step_of[at as usize] = self.walk.len() as u32;
            self.walk.push(at);
            open.push((at, true));
            open.extend(children[at as usize].iter().map(|&child| (child, false)));
        }
    }

    /// What the commit at a place says of itself.
    pub(super) fn claimed(&self, objects: &mut Objects<'_>, at: u32) -> Option<Claimed> {
        let (_, bytes) = objects.get(&self.nodes[at as usize].id, MAX_META_BYTES).ok()?;
        Some(claimed(&bytes))
    }
}

impl Found {
    /// Reads commits and what they descend from, nearest first.
    fn follow(&mut self, objects: &mut Objects<'_>, tips: Vec<ObjectId>, roots: &Roots) {
        let mut waiting: VecDeque<ObjectId> = tips.into();
        while let Some(id) = waiting.pop_front() {
            if self.by_id.contains_key(&id) {
                continue;
            }
            if self.nodes.len() >= MAX_COMMITS {
                self.tally.is_cut = true;
                return;
            }
            let header = match objects.get(&id, MAX_META_BYTES) {
                Ok((Kind::Commit, bytes)) => header(&bytes, objects.hash()),
                Err(Refusal::Missing) => {
                    self.tally.missing += 1;
                    continue;
                }
                Ok(_) | Err(_) => None,
            };
            let Some(header) = header else {
                self.tally.damaged += 1;
                continue;
            };
            self.by_id.insert(id, self.nodes.len() as u32);
            if roots.shallow.contains(&id) {
                self.tally.shallow += 1;
            } else {
                waiting.extend(&header.parents);
            }
            self.nodes.push((id, header));
        }
    }

    /// Finds the commits that nothing leads to.
    fn search(&mut self, objects: &mut Objects<'_>, roots: &Roots) {
        if objects.len() > MAX_LOOKED_AT || self.tally.is_cut {
            self.tally.search_is_cut = true;
            return;
        }
        let mut unknown = Vec::new();
        objects.for_each_id(|id| {
            if !self.by_id.contains_key(id) {
                unknown.push(id.to_owned());
            }
        });
        unknown.sort_unstable();
        unknown.dedup();
        let mut commits = Vec::new();
        for id in unknown {
            if objects.is_spent() {
                self.tally.search_is_cut = true;
                break;
            }
            if objects.kind(&id) == Some(Kind::Commit) {
                commits.push(id);
            }
        }
        self.follow(objects, commits, roots);
    }
}

/// The commit that a ref or a tag leads to.
fn peel(objects: &mut Objects<'_>, mut id: ObjectId) -> Result<Option<ObjectId>, Refusal> {
    for _ in 0..MAX_TAGS {
        match objects.get(&id, MAX_META_BYTES)? {
            (Kind::Commit, _) => return Ok(Some(id)),
            (Kind::Tag, bytes) => {
                let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
                let digits = line.strip_prefix(b"object ").ok_or(Refusal::Damaged)?;
                id = ObjectId::from_hex(digits).map_err(|_| Refusal::Damaged)?;
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// Reads the lines of a commit up to its committer; nothing when there is no tree.
fn header(bytes: &[u8], hash: Hash) -> Option<Header> {
    let id = |digits: &[u8]| ObjectId::from_hex(digits).ok().filter(|id| id.kind() == hash);
    let mut lines = bytes.split(|&b| b == b'\n').take_while(|line| !line.is_empty());
    let tree = id(lines.next()?.strip_prefix(b"tree ")?)?;
    let (mut parents, mut seconds) = (Vec::new(), 0);
    for line in lines {
        if let Some(digits) = line.strip_prefix(b"parent ") {
            if parents.len() < MAX_PARENTS {
                parents.extend(id(digits).filter(|id| !parents.contains(id)));
            }
        } else if let Some(person) = line.strip_prefix(b"committer ") {
            seconds = Person::parse(person).seconds().unwrap_or_default();
            break;
        }
    }
    Some(Header {
        tree,
        parents,
        seconds,
    })
}

/// Whose a commit is and when it was made, as it says.
fn claimed(bytes: &[u8]) -> Claimed {
    let mut lines = bytes.split(|&b| b == b'\n');
    let person = |line: &[u8], what: &[u8]| line.strip_prefix(what).map(Person::parse);
    let (mut author, mut committer) = (None, None);
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        author = author.or_else(|| person(line, b"author "));
        committer = committer.or_else(|| person(line, b"committer "));
    }
    let subject = lines
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    Claimed {
        author,
        committer,
        subject: shown(&String::from_utf8_lossy(subject)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_commit_says_whose_it_is() {
        let tree = "1".repeat(40);
        let parents = ["2".repeat(40), "3".repeat(40)];
        let text = format!(
            "tree {tree}\nparent {}\nparent {}\nauthor A <a@x> 5 +0100\ncommitter B <b@x> 7 +0000\ngpgsig x\n y\n\n\nsubject\nbody\n",
            parents[0], parents[1]
        );
        let header = header(text.as_bytes(), Hash::Sha1).expect("a header");
        assert_eq!((header.tree.to_string(), header.seconds), (tree, 7));
        assert_eq!(
            header.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
            parents
        );
        let said = claimed(text.as_bytes());
        let name = |person: Option<Person>| person.map(|p| p.name);
        assert_eq!(
            (name(said.author), name(said.committer), &*said.subject),
            (Some("A".to_owned()), Some("B".to_owned()), "subject")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_commit_or_not(rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [format!("tree {}\nparent ", "1".repeat(40)).into_bytes(), rest].concat();
            header(&bytes, Hash::Sha1);
            claimed(&bytes);
        }
    }
}
