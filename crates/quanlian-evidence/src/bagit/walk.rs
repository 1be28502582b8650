//! The files of a bag, none of them a link.
//!
//! In:  a folder.
//! Out: relative paths with `/`, and sizes.
//!
//! Invariant: no link is followed; depth and count are bounded.

use std::{collections::BTreeMap, fs, path::Path};

use super::{BagError, MAX_BAG_DEPTH, MAX_BAG_FILES};

/// Every file below `folder`.
pub(super) fn files(folder: &Path) -> Result<BTreeMap<String, u64>, BagError> {
    let mut files = BTreeMap::new();
    add(folder, "", 0, &mut files)?;
    Ok(files)
}

fn add(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, u64>) -> Result<(), BagError> {
    if depth > MAX_BAG_DEPTH {
        let what = format!("folders inside each other, below `{prefix}`");
        return Err(BagError::TooLarge {
            what,
            limit: MAX_BAG_DEPTH as u64,
        });
    }
    let io = |source| BagError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(BagError::Name(format!("{prefix}{}", name.display())));
        };
        let path = format!("{prefix}{name}");
        // Not `Path::metadata`, which would follow a link.
        let found = entry.metadata().map_err(io)?;
        if found.is_dir() {
            add(&entry.path(), &format!("{path}/"), depth + 1, files)?;
        } else if found.is_file() {
            files.insert(path, found.len());
        } else {
            return Err(BagError::NotRegular(path));
        }
        if files.len() > MAX_BAG_FILES {
            let what = "files".to_owned();
            return Err(BagError::TooLarge {
                what,
                limit: MAX_BAG_FILES as u64,
            });
        }
    }
    Ok(())
}
