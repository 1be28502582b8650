//! Stories of an index that is checked, copied, and asked together with others.

use super::upkeep::{answers, files_of, found_works, names, put};
use super::*;

#[test]
fn verification_notices_any_flipped_byte_and_names_part_and_works() {
    let bench = Bench::new(&[]);
    put(&bench, 0..3);
    bench.build().expect("build");
    bench.work("long.txt", LINES.join("\n").repeat(40).as_bytes());
    bench.add().expect("add");
    Collection::remove(&bench.at("index"), &names(&["00.txt"])).expect("remove");
    let folder = bench.at("index");
    let verify = || Collection::verify(&folder, &VerifyOptions::default());
    let report = verify().expect("verify");
    assert!(
        report.sound && report.damage.is_empty() && report.leftovers.is_empty(),
        "{report:?}"
    );
    let stored: u64 = files_of(&folder)
        .iter()
        .filter(|f| f.parent() != Some(Path::new("")))
        .map(|f| fs::metadata(folder.join(f)).expect("there").len())
        .sum();
    assert_eq!(report.bytes, stored);

    let mut state = 5u32;
    for file in files_of(&folder) {
        let path = folder.join(&file);
        let whole = fs::read(&path).expect("read");
        for _ in 0..6 {
            if whole.is_empty() {
                break;
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut bytes = whole.clone();
            let at = state as usize % bytes.len();
            bytes[at] ^= 1 << (state >> 29);
            fs::write(&path, &bytes).expect("write");
            let name = file.to_string_lossy();
            match verify() {
                // Without its manifest there is no index to speak of.
                Err(e) => assert_eq!((&*name, e.code()), ("manifest.json", "collection_damaged")),
                Ok(report) => {
                    assert!(!report.sound, "{name} at {at}");
                    let of_parts = report.parts.iter().flat_map(|p| &p.damage);
                    let told = report.damage.iter().chain(of_parts).any(|d| d.file == name);
                    assert!(told, "{name} at {at}: {report:?}");
                    let part = report.parts.iter().find(|p| name.starts_with(&p.name));
                    assert_eq!(
                        report.parts.iter().filter(|p| !p.sound).count(),
                        usize::from(part.is_some())
                    );
                }
            }
        }
        // Cut short, and gone.
        fs::write(&path, &whole[..whole.len() / 2]).expect("write");
        if !whole.is_empty() {
            assert!(
                verify().is_ok_and(|r| !r.sound) || file == Path::new("manifest.json"),
                "{}",
                file.display()
            );
        }
        fs::remove_file(&path).expect("remove");
        assert!(
            verify().is_ok_and(|r| !r.sound) || file.parent() == Some(Path::new("")),
            "{}",
            file.display()
        );
        fs::write(&path, &whole).expect("write");
    }
    assert!(verify().expect("verify").sound);

    for (file, work) in [
        ("part-000001/text.blocks", "00.txt"),
        ("part-000001/audio.constellations", "01.wav"),
        ("part-000001/image.records", "02.png"),
    ] {
        let path = folder.join(file);
        let whole = fs::read(&path).expect("read");
        let mut bytes = whole.clone();
        let at = bytes.len() / 2;
        bytes[at] ^= 4;
        fs::write(&path, &bytes).expect("write");
        let report = verify().expect("verify");
        let named: Vec<&String> = report.parts[0].damage.iter().flat_map(|d| &d.works).collect();
        assert_eq!(
            (named, report.parts[0].works_hit),
            (vec![&work.to_owned()], 1),
            "{file}"
        );
        fs::write(&path, &whole).expect("write");
    }
    let stop = || true;
    let options = VerifyOptions {
        stop: &stop,
        ..VerifyOptions::default()
    };
    assert_eq!(
        Collection::verify(&folder, &options).expect_err("stopped").code(),
        "collection_stopped"
    );
}

/// Installs a snapshot from the folder of an index; how many files were fetched.
fn install(from: &Path, to: &Path) -> Result<InstallReport, CollectionError> {
    let inventory = Inventory::take(from)?;
    Collection::install(to, &inventory.manifest, &mut |file, path| {
        fs::copy(from.join(&file.name), path)?;
        Ok(())
    })
}

#[test]
fn a_snapshot_becomes_an_index_again_and_the_next_brings_only_what_is_new() {
    let bench = Bench::new(&[]);
    put(&bench, 0..3);
    bench.build().expect("build");
    let (index, replica) = (bench.at("index"), bench.at("replica"));
    let first = install(&index, &replica).expect("install");
    assert_eq!((first.generation, first.kept), (1, 0));
    let answer = |folder: &Path| answers(&Collection::open(folder).expect("open"), &bench, 0..6);
    assert_eq!(answer(&replica), answer(&index));

    put(&bench, 3..6);
    bench.add().expect("add");
    Collection::remove(&index, &names(&["00.txt"])).expect("remove");
    let mut asked = Collection::open(&replica).expect("open");
    let second = install(&index, &replica).expect("install");
    assert_eq!((second.generation, second.kept), (3, first.fetched));
    assert_eq!(answer(&replica), answer(&index));
    assert!(asked.refresh().expect("refresh") && asked.works().count() == 5);

    // Nothing that is being copied loses its name, and it is cleared away afterwards.
    let inventory = Inventory::take(&index).expect("inventory");
    Collection::merge(&index, &MergeOptions::default()).expect("merge");
    assert!(
        inventory
            .files
            .iter()
            .all(|file| index.join(&file.name).is_file())
    );
    drop(inventory);
    Collection::restore(&index, &names(&["01.wav"])).expect("restore");
    assert!(!index.join("part-000001").is_dir());
    let third = install(&index, &replica).expect("install");
    assert_eq!((third.kept, third.generation), (0, 4));
    assert_eq!(files_of(&replica), files_of(&index));
    assert!(
        Collection::verify(&replica, &VerifyOptions::default())
            .expect("verify")
            .sound
    );

    // A fetch that fails changes nothing, and the next goes on from there.
    let broken_off = Collection::install(
        &bench.at("second"),
        &Inventory::take(&index).expect("inventory").manifest,
        &mut |file, path| {
            if file.name.ends_with("text.blocks") {
                return Err("the line is dead".into());
            }
            fs::copy(index.join(&file.name), path)?;
            Ok(())
        },
    );
    assert_eq!(broken_off.expect_err("broken off").code(), "collection_fetch");
    assert_eq!(
        Collection::open(&bench.at("second")).expect_err("none").code(),
        "collection_no_index"
    );
    let report = install(&index, &bench.at("second")).expect("install");
    assert!(report.kept > 0 && report.fetched > 0, "{report:?}");

    // Another index is not overwritten.
    Collection::build(&bench.at("other"), &bench.at("works"), &BuildOptions::default()).expect("build");
    let told = install(&bench.at("other"), &bench.at("second"));
    assert!(told.is_ok() || told.is_err_and(|e| e.code() == "collection_already_there"));
}

#[test]
fn several_indexes_answer_as_one_of_all_their_works() {
    let bench = Bench::new(&[]);
    put(&bench, 0..6);
    bench.build().expect("build");
    put(&bench, 6..9);
    Collection::build(&bench.at("more"), &bench.at("works"), &BuildOptions::default()).expect("build");
    put(&bench, 0..9);
    Collection::build(&bench.at("whole"), &bench.at("works"), &BuildOptions::default()).expect("build");
    let folders = [bench.at("index"), bench.at("more")];
    let shards = Collection::open_all(&folders).expect("open");
    let whole = Collection::open(&bench.at("whole")).expect("open");
    let of_whole = answers(&whole, &bench, 0..9);
    assert_eq!(answers(&shards, &bench, 0..9), of_whole);
    assert!(found_works(&of_whole).len() >= 8);
    let (a, b) = (shards.stats(), whole.stats());
    assert_eq!(
        (a.items, a.source_bytes, a.shards.len()),
        (b.items, b.source_bytes, 2)
    );
    assert_eq!(shards.folders().collect::<Vec<_>>(), folders);
    let again = Collection::open_all(&[bench.at("index"), bench.at("works/../index")]);
    assert_eq!(again.expect_err("twice").code(), "collection_twice");
}

#[test]
fn a_key_in_every_work_does_not_blow_a_query() {
    // Every work says the same page, as notices, silence and logos do, and one line of its own.
    let page = LINES.join(" ");
    let own = |n: u64| -> String {
        let word = |i: u64| format!("{:x} ", (n * 40 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24);
        (0..12).map(word).collect()
    };
    let texts: Vec<(String, String)> = (0..3000)
        .map(|n| (format!("{n}.txt"), format!("{page} {}", own(n))))
        .collect();
    let works: Vec<(&str, &[u8])> = texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let bench = Bench::new(&works);
    bench.build().expect("build");
    let index = bench.open();
    let suspect = bench.suspect("s.txt", page.as_bytes());
    let report = index
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    assert!(report.matches.is_empty(), "a set phrase of all works is nobody's");
    let suspect = bench.suspect("s.txt", format!("{page} and then {}", own(1234)).as_bytes());
    let report = index
        .match_file(&suspect, &MatchOptions::default())
        .expect("match");
    let found: Vec<&str> = report.matches.iter().map(|m| &*m.work).collect();
    assert_eq!(found, ["1234.txt"], "what is its own still counts");
}
