//! A vault in a temporary folder, with a clock and randomness that repeat.

use std::path::{Path, PathBuf};

use quanlian_evidence::{
    bundle::{Attest, Attested, BundleItem, Original},
    deposit::Receipt,
    vault::{BundleSummary, Outcome, Outside, Terms, Vault},
};
use quanlian_record::time::Timestamp;

pub(crate) const ORIGIN: &str = "quanlian.example/evidence";

/// A clock that ticks once a call, and a counter in place of randomness.
pub(crate) struct Fixed {
    ticks: i64,
    bytes: u64,
}

impl Fixed {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ticks: 0,
            bytes: seed,
        }
    }
}

impl Outside for Fixed {
    fn now(&mut self) -> Timestamp {
        self.ticks += 1;
        Timestamp::from_unix_micros(1_734_658_200_000_000 + self.ticks * 1_000).unwrap()
    }
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.bytes = self
                .bytes
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.bytes >> 33) as u8;
        }
    }
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) outside: Fixed,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_seed(0)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            outside: Fixed::new(seed),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn vault(&mut self) -> Vault {
        Vault::open_or_create(&self.folder.path().join("vault"), ORIGIN, &mut self.outside).unwrap()
    }

    pub(crate) fn deposit(&mut self, vault: &mut Vault, paths: &[PathBuf]) -> Outcome {
        vault.deposit_files(paths, &terms(), &mut self.outside, &mut |_| {})
    }

    pub(crate) fn bundle(&mut self, vault: &mut Vault, items: Vec<BundleItem>) -> BundleSummary {
        let out = self.path("case.qne.zip");
        vault
            .bundle(items, "李四 <officer>", &out, &mut self.outside, &mut |_| {})
            .unwrap()
    }
}

pub(crate) fn terms() -> Terms {
    Terms {
        depositor: "张三 \"right\" holder".into(),
        source: Some("https://example.com/?a=1&b='2'".into()),
        metadata: [
            ("id".to_owned(), "x\",\"prev\":\"0".to_owned()),
            ("sha256".to_owned(), "not the digest".to_owned()),
        ]
        .into(),
        ..Terms::default()
    }
}

pub(crate) fn with_file((path, receipt): (PathBuf, Receipt)) -> BundleItem {
    BundleItem::Kept {
        receipt,
        original: Original::File(path),
    }
}

/// A bundle of three items: an original with a hostile name, an empty one, and one by digest only.
pub(crate) fn sample(bench: &mut Bench) -> BundleSummary {
    sample_attested(bench, &mut Nobody)
}

/// Attests nothing.
struct Nobody;

impl Attest for Nobody {
    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Attested::unattested(checkpoint))
    }
}

/// As [`sample`], with cosignatures and time stamps.
pub(crate) fn sample_attested(bench: &mut Bench, attest: &mut dyn Attest) -> BundleSummary {
    let mut vault = bench.vault();
    let names = ["月亮 $(touch x)'\"<b>;[0].mp3", "empty.txt", "secret.bin"];
    let contents: [&[u8]; 3] = [b"sound", b"", b"not for everybody"];
    let paths: Vec<PathBuf> = names
        .iter()
        .zip(contents)
        .map(|(name, content)| bench.file(name, content))
        .collect();
    let outcome = bench.deposit(&mut vault, &paths);
    assert!(
        outcome.problems.is_empty() && outcome.stopped.is_none(),
        "{outcome:?}"
    );
    let mut items: Vec<BundleItem> = outcome.receipts.into_iter().map(with_file).collect();
    if let BundleItem::Kept { original, .. } = &mut items[2] {
        *original = Original::DigestOnly;
    }
    let out = bench.path("case.qne.zip");
    vault
        .bundle_attested(
            items,
            "李四 <officer>",
            &out,
            &mut bench.outside,
            attest,
            &mut |_| {},
        )
        .unwrap()
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// A path in the shared real material, or none with one visible line when it is not on this machine.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    use std::io::Write as _;
    let root = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.metadata().is_ok() {
        return Some(path);
    }
    // Not `eprintln!`, which the test harness would keep to itself.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {} is not there (set QUANLIAN_SHARED)",
        path.display()
    );
    None
}
