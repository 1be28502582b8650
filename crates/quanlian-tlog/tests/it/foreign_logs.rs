//! Logs that Tessera and Sunlight have written.

use std::{fs, io, path::Path};

use quanlian_tlog::{
    checkpoint::Checkpoint,
    hash::{Hash, leaf_hash},
    merkle::{consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion},
    note::Note,
    tile::{Edge, TileError, TileKind, TilePath, TileTree, Tiles},
};

#[derive(Debug)]
#[expect(dead_code, reason = "shown when the test fails")]
enum ReadError {
    Io(io::Error, TilePath),
    Tile(TileError),
}

impl From<TileError> for ReadError {
    fn from(error: TileError) -> Self {
        Self::Tile(error)
    }
}

fn tiles(folder: &Path) -> impl FnMut(TilePath) -> Result<Vec<u8>, ReadError> {
    move |path| fs::read(folder.join(path.to_string())).map_err(|error| ReadError::Io(error, path))
}

fn head(path: &Path) -> Checkpoint {
    let note = Note::parse(&fs::read_to_string(path).unwrap()).unwrap();
    Checkpoint::parse_text(note.unverified_text()).unwrap()
}

#[test]
fn every_checkpoint_of_a_tessera_log_follows_from_its_entries_tiles_and_proofs() {
    let Some(folder) = crate::shared("tessera-log/testdata/log") else {
        return;
    };
    let newest = head(&folder.join("checkpoint"));
    assert_eq!(newest.size, 15);
    let path = TilePath {
        kind: TileKind::Entries,
        index: 0,
        width: 15,
    };
    let bundle = tiles(&folder)(path).unwrap();
    let entries = path.entries(&bundle).unwrap();
    let mut edge = Edge::default();
    let mut tree = TileTree::new(15, tiles(&folder));
    for size in 0..=15_u64 {
        let old = head(&folder.join(format!("checkpoint.{size}")));
        assert_eq!((old.size, old.root), (size, edge.root()));
        assert_eq!(root(&mut tree, size).unwrap(), old.root);
        for (path, content) in edge.partial() {
            assert_eq!(fs::read(folder.join(&path)).unwrap(), content, "{path}");
        }
        if size > 0 {
            let proof = consistency_proof(&mut tree, size, 15).unwrap();
            verify_consistency(size, 15, &proof, &old.root, &newest.root).unwrap();
        }
        if let Some(entry) = entries.get(size as usize) {
            let proof = inclusion_proof(&mut tree, size, 15).unwrap();
            verify_inclusion(&leaf_hash(entry), size, 15, &proof, &newest.root).unwrap();
            edge.push(entry, &mut Tiles::new());
        }
    }
}

/// The entries of this sample are placeholders; its hash tiles and checkpoint are real.
#[test]
fn sunlight_tiles_lead_to_the_root_of_their_checkpoint() {
    let Some(folder) = crate::shared("sunlight-tree/cmd/skylight/testdata/witness/mirror") else {
        return;
    };
    let log = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir());
    let log = log.unwrap();
    let newest = head(&log.join("checkpoint"));
    assert_eq!(newest.size, 300);
    let mut tree = TileTree::new(newest.size, tiles(&log));
    assert_eq!(root(&mut tree, newest.size).unwrap(), newest.root);
    for index in 0..newest.size {
        let proof = inclusion_proof(&mut tree, index, newest.size).unwrap();
        let tile = TilePath::in_tree(TileKind::Hashes(0), index / 256, newest.size).unwrap();
        let hashes: Vec<Hash> = tile.hashes(&tiles(&log)(tile).unwrap()).unwrap();
        verify_inclusion(
            &hashes[(index % 256) as usize],
            index,
            newest.size,
            &proof,
            &newest.root,
        )
        .unwrap();
    }
}
