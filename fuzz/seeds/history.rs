//! Seeds of histories: a repository of one commit, and a pack of a content and a change of it.
//!
//! In:  the texts of the index.
//! Out: the parts that `match_history` takes.

use std::io::Write;

use quanlian_fuzz::{escape, index};
use sha1::{Digest, Sha1};

use crate::Corpora;

pub fn make(corpora: &Corpora) {
    let people = "author A <a@x> 1700000000 +0800\ncommitter B <b@x> 1700000001 -0330\n\nsubject\n";
    let parent = format!("parent {}\n{people}", "1".repeat(40));
    let packed = format!("# pack-refs with: peeled\n{} refs/tags/v1\n^{}\n", "2".repeat(40), "3".repeat(40));
    let log = format!("{} {} A <a@x> 5 +0000\tcommit\n", "0".repeat(40), "4".repeat(40));
    let (pack, table) = pack();
    for (name, commit, head) in [("root", people, "ref: refs/heads/main\n"), ("child", &parent, "5555")] {
        let parts: [&[u8]; 8] = [
            head.as_bytes(),
            packed.as_bytes(),
            log.as_bytes(),
            commit.as_bytes(),
            b"100644 a.txt\0",
            index::TEXTS[1].as_bytes(),
            &pack,
            &table,
        ];
        corpora.put("match_history", name, parts.map(escape).join(&0xff));
    }
}

/// A pack of a content and of one that is a change of it, and its index.
fn pack() -> (Vec<u8>, Vec<u8>) {
    let base = index::TEXTS[0].as_bytes();
    let length = base.len() as u8;
    // The whole of the base, and three letters more.
    let change = [&[length, length + 3, 0x90, length, 3][..], b"abc"].concat();
    let changed = [base, b"abc"].concat();
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x02".to_vec();
    let first = pack.len();
    pack.extend([0xb0 | (length & 15), length >> 4]);
    pack.extend(deflated(base));
    let second = pack.len();
    pack.extend([0x60 | change.len() as u8, (second - first) as u8 & 0x7f]);
    pack.extend(deflated(&change));
    pack.extend(Sha1::digest(&pack));
    let id = |content: &[u8]| Sha1::digest([format!("blob {}\0", content.len()).as_bytes(), content].concat()).to_vec();
    let mut entries = [(id(base), first), (id(&changed), second)];
    entries.sort();
    let mut table = b"\xfftOc\0\0\0\x02".to_vec();
    for byte in 0..=255 {
        let count = entries.iter().filter(|(id, _)| id[0] <= byte).count() as u32;
        table.extend(count.to_be_bytes());
    }
    entries.iter().for_each(|(id, _)| table.extend(id));
    table.extend([0; 8]);
    entries.iter().for_each(|(_, at)| table.extend((*at as u32).to_be_bytes()));
    table.extend(&pack[pack.len() - 20..]);
    table.extend(Sha1::digest(&table));
    (pack, table)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}
