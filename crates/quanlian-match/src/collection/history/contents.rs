//! Contents: every distinct content of a history, the paths it had and the commits that hold it.
//!
//! In:  [`Commits`] in their walk, and the [`Objects`].
//! Out: [`Contents`].
//!
//! Each commit is compared with its first parent alone, and trees that are the same are not entered. A count for each content
//! goes up and down along the walk; where it leaves or reaches zero is kept as a [`Turn`], and from the turns come the number
//! of commits that hold the content and the last of them, without a list of commits for each.
//!
//! Invariants: entries, depth, names and turns are bounded; when a bound is met the walk ends, and [`Tally::is_cut`] says so. A tree
//! that cannot be read counts as empty wherever it stands, so that what is counted up is counted down again.
//!
//! Not here: the order of the commits (`commits`).

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::TreeRefIter;

use super::commits::Commits;
use super::objects::{Kind, MAX_META_BYTES, Objects, Refusal};

/// Entries of trees that are looked at.
const MAX_ENTRIES: u64 = 1 << 30;
/// Changes of contents along the walk.
const MAX_CHANGES: usize = 1 << 24;
/// Folders inside folders.
const MAX_DEPTH: usize = 256;
/// Bytes of all paths.
const MAX_PATH_BYTES: usize = 64 << 20;
/// Paths of one content.
const MAX_PATHS: usize = 32;
/// Entries of trees that are kept.
const MAX_KEPT_ENTRIES: usize = 1 << 18;
/// No commit.
const NOWHERE: u32 = u32::MAX;

/// A content.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) id: ObjectId,
    /// The first commit that holds it.
    pub(super) first: u32,
    /// Its path there.
    pub(super) first_path: u32,
    /// The paths it had.
    paths: Vec<u32>,
    pub(super) more_paths: bool,
    turns: Vec<Turn>,
}

/// A step of the walk at which a content comes or goes.
#[derive(Debug, Clone, Copy)]
struct Turn {
    step: u32,
    comes: bool,
}

/// All contents of a history.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) all: Vec<Content>,
    by_id: HashMap<ObjectId, u32>,
    paths: Vec<Rc<[u8]>>,
    by_path: HashMap<Rc<[u8]>, u32>,
    path_bytes: usize,
    pub(super) tally: Tally,
}

/// What of the trees could not be read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) is_cut: bool,
    /// Trees that are not there or damaged.
    unreadable: BTreeSet<ObjectId>,
    /// Trees below too many others.
    pub(super) too_deep: u64,
    /// Repositories in the place of a folder.
    modules: BTreeSet<ObjectId>,
}

impl Tally {
    pub(super) fn unreadable(&self) -> usize {
        self.unreadable.len()
    }

    pub(super) fn modules(&self) -> usize {
        self.modules.len()
    }
}

/// What an entry of a tree is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Is {
    File,
    Folder,
}

type Tree = Vec<(Vec<u8>, Is, ObjectId)>;

/// A limit was met.
struct Cut;

/// The walk through the trees.
struct Walk<'a, 'b> {
    objects: &'a mut Objects<'b>,
    contents: &'a mut Contents,
    trees: HashMap<ObjectId, Rc<Tree>>,
    kept_entries: usize,
    entries: u64,
    /// Where the walk is.
    at: u32,
    /// What changed in this commit: contents and how often they came more than they went.
    changes: Vec<(u32, i32)>,
}

impl Contents {
    pub(super) fn read(objects: &mut Objects<'_>, commits: &Commits) -> Self {
        let mut contents = Self::default();
        let mut walk = Walk {
            objects,
            contents: &mut contents,
            trees: HashMap::new(),
            kept_entries: 0,
            entries: 0,
            at: 0,
            changes: Vec::new(),
        };
        let is_cut = walk.all(commits).is_err();
        contents.tally.is_cut = is_cut;
        contents.by_path = HashMap::new();
        contents
    }

    /// The place of a content that a commit holds.
    pub(super) fn get(&self, id: &ObjectId) -> Option<usize> {
        let at = *self.by_id.get(id)? as usize;
        self.all[at].is_held().then_some(at)
    }

    pub(super) fn path(&self, number: u32) -> &[u8] {
        self.paths.get(number as usize).map_or(&[], |path| path)
    }

    /// The paths that a content had, that of its first commit first.
    pub(super) fn paths<'a>(&'a self, content: &'a Content) -> impl Iterator<Item = &'a [u8]> {
        let others = content.paths.iter().filter(|&&path| path != content.first_path);
        std::iter::once(&content.first_path)
            .chain(others)
            .map(|&path| self.path(path))
    }

    fn content(&mut self, id: ObjectId) -> u32 {
        *self.by_id.entry(id).or_insert_with(|| {
            self.all.push(Content {
                id,
                first: NOWHERE,
                first_path: 0,
                paths: Vec::new(),
                more_paths: false,
                turns: Vec::new(),
            });
            self.all.len() as u32 - 1
        })
    }

    fn path_number(&mut self, path: &[u8]) -> Result<u32, Cut> {
        if let Some(&number) = self.by_path.get(path) {
            return Ok(number);
        }
        self.path_bytes += path.len();
        if self.path_bytes > MAX_PATH_BYTES {
            return Err(Cut);
        }
        let (path, number): (Rc<[u8]>, u32) = (path.into(), self.paths.len() as u32);
        self.paths.push(Rc::clone(&path));
        self.by_path.insert(path, number);
        Ok(number)
    }
}

impl Content {
    /// Whether a commit holds it; not so of one at which the walk was cut.
    pub(super) fn is_held(&self) -> bool {
        self.first != NOWHERE
    }

    /// The stretches of the walk in which the content is there, each up to a step that is not.
    fn stretches(&self, ends: &[u32]) -> Vec<[u32; 2]> {
        let mut stretches = Vec::new();
        let mut push = |from: u32, to: u32| {
            if from < to {
                stretches.push([from, to]);
            }
        };
        // Turns that the walk is below of, with what holds behind each.
        let mut open: Vec<(u32, bool)> = Vec::new();
        let mut since = 0;
        let mut is_there = false;
        for turn in &self.turns {
            while let Some(&(end, before)) = open.last().filter(|(end, _)| *end <= turn.step) {
                if is_there {
                    push(since, end);
                }
                (since, is_there) = (end, before);
                open.pop();
            }
            if is_there {
                push(since, turn.step);
            }
            open.push((ends[turn.step as usize], is_there));
            (since, is_there) = (turn.step, turn.comes);
        }
        while let Some((end, before)) = open.pop() {
            if is_there {
                push(since, end);
            }
            (since, is_there) = (end, before);
        }
        stretches
    }
}

/// How long contents were there, for all of them at once.
#[derive(Debug)]
pub(super) struct Spans {
    /// The walk as a tree of maxima: the last commit of each stretch.
    last: Vec<u32>,
}

/// How long one content was there.
pub(super) struct Span {
    pub(super) commits: u64,
    pub(super) last: u32,
    pub(super) in_head: bool,
    pub(super) reach: super::commits::Reach,
}

impl Spans {
    pub(super) fn of(commits: &Commits) -> Self {
        let count = commits.walk.len();
        let mut last = vec![0; 2 * count];
        last[count..].copy_from_slice(&commits.walk);
        for at in (1..count).rev() {
            last[at] = last[2 * at].max(last[2 * at + 1]);
        }
        Self { last }
    }

    fn last_of(&self, [from, to]: [u32; 2]) -> u32 {
        let count = self.last.len() / 2;
        let (mut from, mut to) = (from as usize + count, to as usize + count);
        let mut last = 0;
        while from < to {
            if from % 2 == 1 {
                last = last.max(self.last[from]);
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                last = last.max(self.last[to]);
            }
            (from, to) = (from / 2, to / 2);
        }
        last
    }

    pub(super) fn span(&self, commits: &Commits, content: &Content) -> Span {
        let stretches = content.stretches(&commits.walk_ends);
        let is_within = |step: u32| stretches.iter().any(|[from, to]| (*from..*to).contains(&step));
        let mut reach = super::commits::Reach::default();
        // Whatever holds the content descends from a commit at which it came, or is one.
        for turn in content.turns.iter().filter(|turn| turn.comes) {
            let node = &commits.nodes[commits.walk[turn.step as usize] as usize];
            (0..reach.len()).for_each(|word| reach[word] |= node.reach[word]);
        }
        Span {
            commits: stretches.iter().map(|[from, to]| u64::from(to - from)).sum(),
            last: stretches
                .iter()
                .map(|&stretch| self.last_of(stretch))
                .max()
                .unwrap_or(content.first),
            in_head: commits.head_step.is_some_and(is_within),
            reach,
        }
    }
}

impl Walk<'_, '_> {
    fn all(&mut self, commits: &Commits) -> Result<(), Cut> {
        let mut counts: Vec<i32> = Vec::new();
        // What the commits on the way to this one changed, to be taken back on the way to the next branch.
        let mut open: Vec<(u32, Vec<(u32, i32)>)> = Vec::new();
        let mut held_changes = 0;
        let mut turns = 0;
        for (step, &at) in (0..).zip(&commits.walk) {
            while let Some((_, changes)) = open.pop_if(|(end, _)| *end <= step) {
                held_changes -= changes.len();
                for (content, by) in changes {
                    counts[content as usize] -= by;
                }
            }
            self.at = at;
            self.changes.clear();
            let before = commits
                .first_parent(at)
                .map(|parent| commits.nodes[parent as usize].tree);
            self.compare(before, Some(commits.nodes[at as usize].tree), &mut Vec::new(), 0)?;
            let changes = netted(&mut self.changes);
            counts.resize(self.contents.all.len(), 0);
            for &(content, by) in &changes {
                let count = &mut counts[content as usize];
                let (was, is) = (*count > 0, *count + by > 0);
                *count += by;
                if was != is {
                    turns += 1;
                    self.contents.all[content as usize]
                        .turns
                        .push(Turn { step, comes: is });
                }
            }
            held_changes += changes.len();
            if held_changes > MAX_CHANGES || turns > MAX_CHANGES {
                return Err(Cut);
            }
            open.push((commits.walk_ends[step as usize], changes));
        }
        Ok(())
    }

    /// Notes what is in one tree and not in the other.
    fn compare(
        &mut self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Cut> {
        if before == after {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            self.contents.tally.too_deep += 1;
            return Ok(());
        }
        let (old, new) = (self.tree(before)?, self.tree(after)?);
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => (&a.0, a.1).cmp(&(&b.0, b.1)),
            };
            let gone = if order.is_le() { old.next() } else { None };
            let come = if order.is_ge() { new.next() } else { None };
            let Some((name, is, _)) = come.or(gone) else {
                return Ok(());
            };
            let ids = [gone, come].map(|entry| entry.map(|(.., id)| *id));
            if ids[0] == ids[1] {
                continue;
            }
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            match is {
                Is::Folder => self.compare(ids[0], ids[1], path, depth + 1)?,
                Is::File => self.file(ids, path)?,
            }
            path.truncate(length);
        }
    }

    fn file(&mut self, [gone, come]: [Option<ObjectId>; 2], path: &[u8]) -> Result<(), Cut> {
        if self.changes.len() > MAX_CHANGES {
            return Err(Cut);
        }
        if let Some(id) = gone {
            let content = self.contents.content(id);
            self.changes.push((content, -1));
        }
        let Some(id) = come else {
            return Ok(());
        };
        let number = self.contents.content(id);
        self.changes.push((number, 1));
        // Paths beyond those that are kept are not even remembered: a tree may stand in very many places.
        let content = &self.contents.all[number as usize];
        if content.paths.len() >= MAX_PATHS && self.at >= content.first {
            let known = self.contents.by_path.get(path);
            let is_kept = known.is_some_and(|number| content.paths.contains(number));
            self.contents.all[number as usize].more_paths |= !is_kept;
            return Ok(());
        }
        let path = self.contents.path_number(path)?;
        let content = &mut self.contents.all[number as usize];
        if self.at < content.first {
            (content.first, content.first_path) = (self.at, path);
        }
        if !content.paths.contains(&path) {
            if content.paths.len() < MAX_PATHS {
                content.paths.push(path);
            } else {
                content.more_paths = true;
            }
        }
        Ok(())
    }

    /// The entries of a tree in order; none of one that cannot be read.
    fn tree(&mut self, id: Option<ObjectId>) -> Result<Rc<Tree>, Cut> {
        let Some(id) = id else {
            return Ok(Rc::default());
        };
        let tree = match self.trees.get(&id) {
            Some(tree) => Rc::clone(tree),
            None => match self.objects.get(&id, MAX_META_BYTES) {
                Err(Refusal::Spent) => return Err(Cut),
                Ok((Kind::Tree, bytes)) => self.keep(id, &bytes),
                _ => {
                    if !id.is_empty_tree() {
                        self.contents.tally.unreadable.insert(id);
                    }
                    Rc::default()
                }
            },
        };
        self.entries += tree.len() as u64 + 1;
        if self.entries > MAX_ENTRIES {
            Err(Cut)
        } else {
            Ok(tree)
        }
    }

    fn keep(&mut self, id: ObjectId, bytes: &[u8]) -> Rc<Tree> {
        let Some((tree, modules)) = entries(bytes, self.objects.hash()) else {
            self.contents.tally.unreadable.insert(id);
            return Rc::default();
        };
        self.contents.tally.modules.extend(modules);
        if self.kept_entries > MAX_KEPT_ENTRIES {
            self.trees.clear();
            self.kept_entries = 0;
        }
        self.kept_entries += tree.len() + 1;
        let tree = Rc::new(tree);
        self.trees.insert(id, Rc::clone(&tree));
        tree
    }
}

/// The files and folders of a tree, sorted, each name once; and the repositories that stand in the place of a folder.
fn entries(bytes: &[u8], hash: Hash) -> Option<(Tree, Vec<ObjectId>)> {
    let (mut tree, mut modules) = (Tree::new(), Vec::new());
    for entry in TreeRefIter::from_bytes(bytes, hash) {
        let entry = entry.ok()?;
        let id = entry.oid.to_owned();
        if entry.mode.is_commit() {
            modules.push(id);
        } else if entry.mode.is_tree() {
            tree.push((entry.filename.to_vec(), Is::Folder, id));
        } else if entry.mode.is_blob() {
            // The content of a link is a path, and no work.
            tree.push((entry.filename.to_vec(), Is::File, id));
        }
    }
    // Git writes them sorted; what else a forger writes has one meaning as well.
    tree.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    tree.dedup_by(|a, b| (&a.0, a.1) == (&b.0, b.1));
    Some((tree, modules))
}

/// What contents came more than they went, each once.
fn netted(changes: &mut [(u32, i32)]) -> Vec<(u32, i32)> {
    changes.sort_unstable();
    let mut netted: Vec<(u32, i32)> = Vec::new();
    for &(content, by) in &*changes {
        match netted.last_mut() {
            Some((last, sum)) if *last == content => *sum += by,
            _ => netted.push((content, by)),
        }
    }
    netted.retain(|&(_, by)| by != 0);
    netted
}
