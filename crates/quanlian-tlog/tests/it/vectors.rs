//! The proof vectors of transparency-dev/merkle, good and bad.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quanlian_tlog::{
    hash::Hash,
    merkle::{verify_consistency, verify_inclusion},
};
use serde_json::Value;

fn each(folder: &Path, check: &mut dyn FnMut(&Value)) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += each(&path, check);
        } else {
            let vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            check(&vector);
            count += 1;
        }
    }
    count
}

/// `None` when it is not 32 bytes, which no caller can even pass in.
fn hash(value: &Value) -> Option<Hash> {
    Hash::from_slice(&STANDARD.decode(value.as_str()?).ok()?)
}

fn proof(vector: &Value) -> Option<Vec<Hash>> {
    match &vector["proof"] {
        Value::Null => Some(Vec::new()),
        list => list.as_array()?.iter().map(hash).collect(),
    }
}

#[test]
fn inclusion_proofs_are_accepted_and_refused_as_published() {
    let Some(folder) = crate::shared("merkle/testdata/inclusion") else {
        return;
    };
    let count = each(&folder, &mut |vector| {
        let verified = (|| {
            let (root, leaf) = (hash(&vector["root"])?, hash(&vector["leafHash"])?);
            let (index, size) = (vector["leafIdx"].as_u64()?, vector["treeSize"].as_u64()?);
            verify_inclusion(&leaf, index, size, &proof(vector)?, &root).ok()
        })();
        assert_eq!(
            verified.is_none(),
            vector["wantErr"].as_bool().unwrap(),
            "{vector}"
        );
    });
    assert!(count >= 60, "{count} vectors");
}

#[test]
fn consistency_proofs_are_accepted_and_refused_as_published() {
    let Some(folder) = crate::shared("merkle/testdata/consistency") else {
        return;
    };
    let count = each(&folder, &mut |vector| {
        let sizes = (
            vector["size1"].as_u64().unwrap(),
            vector["size2"].as_u64().unwrap(),
        );
        let verified = (|| {
            let (old_root, new_root) = (hash(&vector["root1"])?, hash(&vector["root2"])?);
            verify_consistency(sizes.0, sizes.1, &proof(vector)?, &old_root, &new_root).ok()
        })();
        let mut refuse = vector["wantErr"].as_bool().unwrap();
        if sizes == (0, 0) {
            // The vectors allow an empty proof between two empty trees; we never ask for one.
            refuse = true;
        } else if sizes.0 == sizes.1 && hash(&vector["root1"]).is_none() {
            // Equal roots that are no hashes: they cannot be passed in here.
            refuse = true;
        }
        assert_eq!(verified.is_none(), refuse, "{vector}");
    });
    assert!(count >= 50, "{count} vectors");
}
