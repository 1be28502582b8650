//! Names and contents of tiles and entry bundles, as another log serves them.
//!
//! In:  a path, a zero byte, the bytes of the tile.
//! Out: no panic; a path has one spelling; what is read is as much as the name says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::tile::{TileKind, TilePath};

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (path, content) = bytes.split_at(cut);
    let Some(path) = std::str::from_utf8(path)
        .ok()
        .and_then(|path| path.parse::<TilePath>().ok())
    else {
        return;
    };
    assert!(path.to_string().parse::<TilePath>() == Ok(path));
    let content = content.get(1..).unwrap_or_default();
    let width = usize::from(path.width);
    match path.kind {
        TileKind::Hashes(_) => assert!(
            path.hashes(content).is_ok_and(|found| found.len() == width) || path.hashes(content).is_err()
        ),
        TileKind::Entries => {
            if let Ok(entries) = path.entries(content) {
                assert_eq!(entries.len(), width);
                assert_eq!(
                    entries.iter().map(|entry| entry.len() + 2).sum::<usize>(),
                    content.len()
                );
            }
        }
    }
});
