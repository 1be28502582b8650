//! Real files that are not part of the repository.
//!
//! In:  the folder that `QUANLIAN_SHARED` names, or `../shared` beside the repository.
//! Out: what is known about them.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use quanlian_provenance::{C2paState, Format};

fn shared(part: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("QUANLIAN_SHARED")
        .map_or(root, PathBuf::from)
        .join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder {} (set QUANLIAN_SHARED)", folder.display());
    None
}

#[test]
fn manifests_of_the_c2pa_test_files_are_found() {
    let Some(folder) = shared("data/evidence/c2pa") else {
        return;
    };
    let mut found = Vec::new();
    for entry in walk(folder) {
        let Ok(mut file) = File::open(&entry) else {
            continue;
        };
        let provenance = quanlian_provenance::read(&mut file).expect("it reads");
        // The thumbnails that lie unpacked beside the pictures have no manifests.
        let is_part = entry.components().any(|part| part.as_os_str() == "manifests");
        if provenance.format == Format::Jpeg && !is_part {
            let name = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.push((name, provenance.c2pa));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, state) in &found {
        let has_none = name.ends_with("-A.jpg") || name == "A.jpg";
        let expected = if has_none {
            C2paState::NotFound
        } else {
            C2paState::PresentNotChecked
        };
        assert_eq!(*state, expected, "{name}");
    }
    assert!(found.len() >= 4, "{found:?}");
}

/// A valid file, one whose content was changed, one whose signature was changed, one with another's manifest.
#[cfg(feature = "c2pa")]
#[test]
fn valid_and_trusted_are_two_answers() {
    use quanlian_provenance::{Verdict, check_c2pa};

    let Some(folder) = shared("data/evidence/c2pa/image/jpeg") else {
        return;
    };
    for (name, valid, failure) in [
        ("CA", Verdict::Yes, ""),
        ("E-dat-CA", Verdict::No, "assertion.dataHash.mismatch"),
        ("E-sig-CA", Verdict::No, "claimSignature.mismatch"),
        ("XCA", Verdict::No, "assertion.dataHash.mismatch"),
    ] {
        let path = folder.join(format!("adobe-20220124-{name}.jpg"));
        let mut file = File::open(&path).expect("it opens");
        let check = check_c2pa(&mut file, Format::Jpeg, None).expect("it is checked");
        assert_eq!(
            (check.valid, check.trusted),
            (valid, Verdict::NotChecked),
            "{name}: {check:#?}"
        );
        assert!(
            failure.is_empty() || check.failed.iter().any(|code| code == failure),
            "{name}: {check:#?}"
        );
    }
    let mut file = File::open(folder.join("adobe-20220124-A.jpg")).expect("it opens");
    let error = check_c2pa(&mut file, Format::Jpeg, None).unwrap_err();
    assert_eq!(error.code(), "c2pa_unreadable");
}

/// The certificates of the file itself make its signer trusted, those of anybody else do not, and neither changes
/// whether it is valid.
#[cfg(feature = "c2pa")]
#[test]
fn trust_follows_the_list_and_not_the_file() {
    use quanlian_provenance::{Verdict, check_c2pa};

    let Some(folder) = shared("data/evidence/c2pa/image/jpeg") else {
        return;
    };
    let open = |name: &str| File::open(folder.join(format!("adobe-20220124-{name}.jpg"))).expect("it opens");
    let reader = c2pa::Reader::from_context(c2pa::Context::new())
        .with_stream("image/jpeg", open("CA"))
        .expect("it is read");
    let manifest = reader.active_manifest().expect("it has a manifest");
    let own = manifest
        .signature_info()
        .expect("it is signed")
        .cert_chain()
        .to_owned();
    let check = check_c2pa(&mut open("CA"), Format::Jpeg, Some(&own)).expect("it is checked");
    assert_eq!(
        (check.valid, check.trusted),
        (Verdict::Yes, Verdict::Yes),
        "{check:#?}"
    );
    let check = check_c2pa(&mut open("E-dat-CA"), Format::Jpeg, Some(&own)).expect("it is checked");
    assert_eq!(
        (check.valid, check.trusted),
        (Verdict::No, Verdict::Yes),
        "{check:#?}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    #[rustfmt::skip]
    let made = std::process::Command::new("openssl").args([
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "k.pem", "-out", "c.pem",
        "-subj", "/CN=other", "-days", "2",
    ]).current_dir(folder.path()).output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: openssl does not run here (install the Debian package openssl)");
        return;
    }
    let other = fs::read_to_string(folder.path().join("c.pem")).expect("it was written");
    let check = check_c2pa(&mut open("CA"), Format::Jpeg, Some(&other)).expect("it is checked");
    assert_eq!(
        (check.valid, check.trusted),
        (Verdict::Yes, Verdict::No),
        "{check:#?}"
    );
    for nothing in ["", "no certificate"] {
        let check = check_c2pa(&mut open("CA"), Format::Jpeg, Some(nothing));
        assert!(
            !check.is_ok_and(|check| check.trusted == Verdict::Yes),
            "{nothing}"
        );
    }
}

#[test]
fn real_pictures_are_read_whole() {
    let Some(folder) = shared("data/images") else {
        return;
    };
    let mut read = 0;
    for entry in walk(folder).into_iter().take(400) {
        let mut file = File::open(&entry).expect("it opens");
        let provenance = quanlian_provenance::read(&mut file).expect("it reads");
        read += usize::from(provenance.format != Format::Unknown);
    }
    assert!(read > 0);
}

fn walk(folder: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}
