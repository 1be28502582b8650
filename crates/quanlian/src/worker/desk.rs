//! The desk of one job: a folder of its own, the files that it works on, and what it makes.
//!
//! In:  a matter, its files in the object store.
//! Out: files on the disk under names that cannot lead out of their folder; files put into the matter.
//!
//! Invariant: what is laid out is read and never written to: it may be the stored object itself under a second name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use quanlian_record::{
    id::{FileId, JobId, MatterId},
    time::Timestamp,
};
use quanlian_server::platform::Filing;
use quanlian_store::{
    Database, FileStore as _, ObjectStore as _, Objects,
    files::{File, MAX_PAGE_FILES},
    matters::Code,
};

use crate::files::Found;

/// A name on the disk is no longer than this; the file systems take 255 bytes.
const MAX_NAME_BYTES: usize = 180;

/// Where one job works.
pub(super) struct Desk {
    store: Database,
    filing: Arc<Filing>,
    matter: MatterId,
    job: Option<JobId>,
    by: Code,
    folder: PathBuf,
}

/// A file of the matter, laid out.
pub(super) struct LaidOut {
    pub(super) file: File,
    pub(super) found: Found,
}

impl Desk {
    /// A new folder below `work`; what an earlier try left there is cleared away.
    pub(super) async fn new(
        store: &Database,
        filing: &Arc<Filing>,
        work: &Path,
        matter: MatterId,
        job: Option<JobId>,
        by: Code,
    ) -> anyhow::Result<Self> {
        let name = job.map_or_else(|| "deposits".to_owned(), |job| job.to_string());
        let folder = work.join(name);
        clear(&folder).await?;
        tokio::fs::create_dir_all(&folder)
            .await
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            store: store.clone(),
            filing: Arc::clone(filing),
            matter,
            job,
            by,
            folder,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All files of the matter that count.
    pub(super) async fn files(&self) -> anyhow::Result<Vec<File>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.files(self.matter, after, MAX_PAGE_FILES).await?;
            after = page.last().map(|file| file.id);
            let is_last = page.len() < MAX_PAGE_FILES;
            all.extend(page.into_iter().filter(|file| file.withdrawn.is_none()));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Lays files out in a folder of this name; two of one name are told apart by their ids.
    pub(super) async fn lay_out(&self, name: &str, files: Vec<File>) -> anyhow::Result<Vec<LaidOut>> {
        let folder = self.folder.join(name);
        tokio::fs::create_dir_all(&folder).await?;
        let (mut taken, mut laid) = (BTreeSet::new(), Vec::new());
        for file in files {
            let mut name = on_disk(&file.name);
            if !taken.insert(name.to_lowercase()) {
                name = format!("{}-{name}", file.id);
                taken.insert(name.to_lowercase());
            }
            let path = folder.join(&name);
            fetch(&self.filing.objects, &file, &path).await?;
            laid.push(LaidOut {
                file,
                found: Found { name, path },
            });
        }
        Ok(laid)
    }

    /// Puts a file that the job made into the matter.
    pub(super) async fn put(
        &self,
        path: &Path,
        kind: &str,
        name: &str,
        paper: Option<Code>,
    ) -> anyhow::Result<File> {
        let stored = self.filing.objects.put_file(path).await?;
        let now = Timestamp::now();
        let file = File {
            id: FileId::fresh(now),
            matter: self.matter,
            kind: Code::parse(kind)?,
            name: name.to_owned(),
            paper,
            object: stored.id,
            size_bytes: stored.size_bytes,
            copy_of: None,
            job: self.job,
            by: self.by.clone(),
            at: now,
            receipt: None,
            withdrawn: None,
        };
        self.store.add_file(&file, None).await?;
        Ok(file)
    }

    /// Writes a JSON document or lines, and puts it into the matter.
    pub(super) async fn put_bytes(&self, bytes: &[u8], kind: &str, name: &str) -> anyhow::Result<File> {
        let path = self.folder.join(name);
        tokio::fs::write(&path, bytes)
            .await
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.put(&path, kind, name, None).await
    }

    /// Clears the desk.
    pub(super) async fn clear(self) -> anyhow::Result<()> {
        clear(&self.folder).await
    }
}

async fn clear(folder: &Path) -> anyhow::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot clear {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The bytes of a file at `path`: a second name of the stored object where that is a file of the same disk, else a copy.
async fn fetch(objects: &Objects, file: &File, path: &Path) -> anyhow::Result<()> {
    if let Objects::Folder(folder) = objects
        && let Some(stored) = folder.file(file.object).await?
        && tokio::fs::hard_link(&stored, path).await.is_ok()
    {
        return Ok(());
    }
    let mut source = objects.open(file.object).await?;
    let mut copy = tokio::fs::File::create_new(path)
        .await
        .with_context(|| format!("cannot write {}", path.display()))?;
    tokio::io::copy(&mut source, &mut copy)
        .await
        .with_context(|| format!("cannot read the file {} of the matter", file.id))?;
    Ok(copy.sync_all().await?)
}

/// A name from outside as the name of one file.
fn on_disk(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut clean: String = last
        .chars()
        .map(|sign| {
            if sign.is_control() || sign == ':' {
                '_'
            } else {
                sign
            }
        })
        .collect();
    let too_long = clean.len().saturating_sub(MAX_NAME_BYTES);
    if too_long > 0 {
        // The end stays: it says what the file is.
        let mut cut = too_long;
        while !clean.is_char_boundary(cut) {
            cut += 1;
        }
        clean.drain(..cut);
    }
    let clean = clean.trim_start_matches('.').trim();
    if clean.is_empty() {
        "file".to_owned()
    } else {
        clean.to_owned()
    }
}

/// The id of each file by the name under which it was laid out.
pub(super) fn ids(laid: &[LaidOut]) -> BTreeMap<String, String> {
    let id = |laid: &LaidOut| (laid.found.name.clone(), laid.file.id.to_string());
    laid.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::on_disk;

    #[test]
    fn a_name_cannot_lead_out_of_its_folder() {
        for (name, then) in [
            ("曲.opus", "曲.opus"),
            ("../../etc/passwd", "passwd"),
            ("a\\b\\c.txt", "c.txt"),
            ("..", "file"),
            (".hidden", "hidden"),
            ("/", "file"),
            ("a:b", "a_b"),
        ] {
            assert_eq!(on_disk(name), then);
        }
        let long = format!("{}.info.json", "长".repeat(200));
        assert!(on_disk(&long).len() <= super::MAX_NAME_BYTES && on_disk(&long).ends_with(".info.json"));
    }
}
