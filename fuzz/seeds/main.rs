//! Makes the seeds: one folder a target, every file made by the program itself or by hand here.
//!
//! In:  the folder of the corpora.
//! Out: `FOLDER/<target>/<name>`; the same bytes each time, but for what ffmpeg makes where it is installed.
//!
//! Invariant: nothing is taken from anybody else.

mod evidence;
mod film;
mod history;
mod law;
mod log;
mod matching;
mod media;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where seeds go.
pub struct Corpora(PathBuf);

impl Corpora {
    /// Writes a seed of a target.
    pub fn put(&self, target: &str, name: &str, content: impl AsRef<[u8]>) {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder).expect("the folder of the corpus");
        fs::write(folder.join(name), content).expect("the folder takes it");
    }

    /// All files below a folder of the project, with these endings.
    pub fn put_tree(&self, target: &str, folder: &Path, endings: &[&str]) {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("it lists") {
                let path = entry.expect("an entry").path();
                let name = path.to_string_lossy().replace('/', "-");
                if path.is_dir() {
                    open.push(path);
                } else if endings.iter().any(|ending| name.ends_with(ending)) {
                    self.put(
                        target,
                        name.trim_start_matches(['.', '-']),
                        fs::read(&path).expect("it reads"),
                    );
                }
            }
        }
    }
}

/// The root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn main() {
    let folder = std::env::args_os().nth(1).expect("usage: seeds FOLDER");
    let corpora = Corpora(folder.into());
    film::make(&corpora);
    log::make(&corpora);
    evidence::make(&corpora);
    law::make(&corpora);
    history::make(&corpora);
    matching::make(&corpora);
    media::make(&corpora);
    watch::make(&corpora);
}
