//! The data folder: what is kept, what goes on after an error.

use std::{fs, io::Cursor, path::PathBuf, time::Instant};

use quanlian_evidence::{
    bundle::{BundleItem, Original},
    custody::{self, Act},
    deposit::Receipt,
    vault::{Terms, Vault},
    verify::{Policy, State, verify_bundle, verify_stream},
};
use quanlian_record::id::DepositId;

use crate::{
    support::{Bench, ORIGIN, sample, terms, with_file},
    tamper::bundle_of_version_1,
};

#[test]
fn a_good_bundle_verifies_and_says_what_was_not_checked() {
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    let report = verify_bundle(&bundle.path, &Policy::default());
    assert!(report.ok, "{report:#?}");
    let lines: Vec<String> = report
        .checks
        .iter()
        .map(|check| format!("{} {:?} {}", check.code, check.state, check.subject))
        .collect();
    expect_test::expect![[r#"
        container Ok bundle
        manifest Ok bundle
        log_head_signed Ok bundle
        log_key_trusted NotChecked bundle
        file_is_deposit Ok 0001 月亮 $(touch x)'"<b>;[0].mp3
        deposit_committed Ok 0001 月亮 $(touch x)'"<b>;[0].mp3
        deposit_in_log Ok 0001 月亮 $(touch x)'"<b>;[0].mp3
        custody_chain Ok 0001 月亮 $(touch x)'"<b>;[0].mp3
        file_is_deposit Ok 0002 empty.txt
        deposit_committed Ok 0002 empty.txt
        deposit_in_log Ok 0002 empty.txt
        custody_chain Ok 0002 empty.txt
        file_is_deposit NotChecked 0003 secret.bin
        deposit_committed Ok 0003 secret.bin
        deposit_in_log Ok 0003 secret.bin
        custody_chain Ok 0003 secret.bin
        bundle_sealed Ok bundle
        bag Ok bundle
        instructions Ok bundle
        log_witnessed NotChecked bundle
        time NotChecked bundle
        further_acts NotChecked bundle
        truth_before_deposit NotChecked bundle
        authorship NotChecked bundle
        made_when NotChecked bundle
        lawful_collection NotChecked bundle
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
    let page = fs::read_to_string(bundle.path.with_file_name("case.qne.zip.sha256")).unwrap();
    assert_eq!(page, format!("{}  case.qne.zip\n", bundle.sha256));
}

#[test]
fn a_file_that_cannot_be_read_does_not_stop_the_others() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let good = bench.file("good.txt", b"good");
    let paths = vec![
        bench.path("gone.txt"),
        good.clone(),
        bench.folder.path().to_owned(),
    ];
    let mut steps = Vec::new();
    let outcome = vault.deposit_files(&paths, &terms(), &mut bench.outside, &mut |step| steps.push(step));
    assert!(outcome.stopped.is_none());
    assert_eq!(outcome.receipts.len(), 1);
    let codes: Vec<&str> = outcome
        .problems
        .iter()
        .map(|(_, problem)| problem.code())
        .collect();
    assert_eq!(codes, ["file_open", "file_not_regular"]);
    let last = steps.last().unwrap();
    assert_eq!((last.files, last.of_files, last.bytes), (3, 3, 4));
    let none = vault.deposit_files(&[], &terms(), &mut bench.outside, &mut |_| {});
    assert!(none.receipts.is_empty() && none.stopped.is_none());
    let nobody = vault.deposit_files(&[good], &Terms::default(), &mut bench.outside, &mut |_| {});
    assert_eq!(nobody.problems[0].1.code(), "deposit_field");
    assert_eq!(vault.log().checkpoint().size(), 1);
}

#[test]
fn the_log_holds_no_name_digest_or_other_word_of_the_deposit() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let path = bench.file("姓名.txt", b"personal");
    let outcome = bench.deposit(&mut vault, &[path]);
    let deposit = outcome.receipts[0].1.open().unwrap();
    let entry = String::from_utf8(vault.log().read_entry(0).unwrap()).unwrap();
    for word in [
        &deposit.content.name,
        &deposit.content.sha256,
        &deposit.content.sm3,
        &deposit.depositor,
    ] {
        assert!(!entry.contains(word.as_str()), "{entry}");
    }
    let keys: Vec<String> = serde_json::from_str::<serde_json::Map<_, _>>(&entry)
        .unwrap()
        .into_iter()
        .map(|(k, _)| k)
        .collect();
    assert_eq!(keys, ["commitment", "id", "kind", "recorded_at", "v"]);
}

#[test]
fn receipts_come_back_after_a_restart_and_only_when_the_log_has_their_entry() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let path = bench.file("a.txt", b"a");
    let receipt = bench.deposit(&mut vault, &[path]).receipts.remove(0).1;
    let id = receipt.open().unwrap().id;
    drop(vault);
    let vault = bench.vault();
    assert_eq!(vault.receipt(id).unwrap(), receipt);
    assert_eq!(vault.receipt_ids().unwrap(), [id]);
    assert_eq!(vault.fsck().unwrap().problems, Vec::<String>::new());
    // As after a crash between saving the receipt and appending its entry.
    let file = bench.path("vault/receipts").join(format!("{id}.json"));
    let orphan = fs::read_to_string(&file)
        .unwrap()
        .replace("\"log_index\":0", "\"log_index\":1");
    fs::write(&file, orphan).unwrap();
    assert_eq!(vault.receipt(id).unwrap_err().code(), "vault_no_such_deposit");
    fs::write(&file, "{").unwrap();
    assert_eq!(vault.receipt(id).unwrap_err().code(), "deposit_shape");
    let unknown: DepositId = "0193e1af-93b4-7707-8707-070707070707".parse().unwrap();
    assert_eq!(
        vault.receipt(unknown).unwrap_err().code(),
        "vault_no_such_deposit"
    );
}

#[test]
fn a_vault_is_for_one_process_one_name_and_its_own_key() {
    let mut bench = Bench::new();
    let folder = bench.path("vault");
    let vault = bench.vault();
    let published = fs::read_to_string(folder.join("log.vkey")).unwrap();
    assert_eq!(published, format!("{}\n", vault.log_key()));
    let open =
        |bench: &mut Bench, origin: &str| Vault::open_or_create(&folder, origin, &mut bench.outside).err();
    assert_eq!(open(&mut bench, ORIGIN).unwrap().code(), "log_in_use");
    drop(vault);
    assert_eq!(
        open(&mut bench, "another.example/log").unwrap().code(),
        "vault_other_log"
    );
    fs::remove_file(folder.join("log.key")).unwrap();
    assert_eq!(open(&mut bench, ORIGIN).unwrap().code(), "vault_key_missing");
    let fresh = bench.path("fresh");
    let error = Vault::open_or_create(&fresh, "no spaces allowed", &mut bench.outside)
        .err()
        .unwrap();
    assert_eq!(error.code(), "note_key_name");
}

#[test]
fn what_cannot_be_bundled_is_named_and_puts_nothing_into_the_log() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let path = bench.file("a.txt", b"a");
    let deposited = bench
        .deposit(&mut vault, std::slice::from_ref(&path))
        .receipts
        .remove(0);
    let receipt = deposited.1.clone();
    let item = with_file(deposited);
    let mut refused = |items: Vec<BundleItem>, code: &str| {
        let out = bench.path("out.qne.zip");
        let error = vault
            .bundle(items, "officer", &out, &mut bench.outside, &mut |_| {})
            .unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(vault.log().checkpoint().size(), 1);
        assert!(!out.is_file());
    };
    refused(Vec::new(), "bundle_item_count");
    refused(vec![item.clone(), item.clone()], "bundle_twice");
    let gone = Original::File(PathBuf::from("/nowhere/a.txt"));
    refused(
        vec![BundleItem::Kept {
            receipt: receipt.clone(),
            original: gone,
        }],
        "content_read",
    );
    let other = Original::Bytes(b"b".to_vec());
    refused(
        vec![BundleItem::Kept {
            receipt: receipt.clone(),
            original: other,
        }],
        "bundle_original_changed",
    );
    let forged = Receipt {
        log_index: 7,
        ..receipt.clone()
    };
    refused(
        vec![BundleItem::Kept {
            receipt: forged,
            original: Original::DigestOnly,
        }],
        "vault_no_such_deposit",
    );
    let damaged = Receipt {
        salt: "00".repeat(32),
        ..receipt.clone()
    };
    refused(
        vec![BundleItem::Kept {
            receipt: damaged,
            original: Original::DigestOnly,
        }],
        "deposit_commitment",
    );
    fs::write(&path, b"changed").unwrap();
    refused(vec![item], "bundle_original_changed");
}

#[test]
fn custody_goes_on_through_acts_and_bundles() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let report = br#"{"matches":[]}"#;
    let terms = Terms {
        kind: "match_report".into(),
        ..terms()
    };
    let receipt = vault
        .deposit_bytes("matches.json", report, &terms, &mut bench.outside)
        .unwrap();
    let deposit = receipt.open().unwrap();
    assert_eq!(deposit.kind, "match_report");
    for _ in 0..2 {
        // The caller's copy knows nothing of the first bundle; the second one does.
        let item = BundleItem::Kept {
            receipt: receipt.clone(),
            original: Original::Bytes(report.to_vec()),
        };
        let bundle = bench.bundle(&mut vault, vec![item]);
        let verified = verify_bundle(
            &bundle.path,
            &Policy {
                trusted_log_keys: vec![vault.log_key().clone()],
                ..Policy::default()
            },
        );
        assert!(verified.ok, "{verified:#?}");
        assert!(
            verified
                .checks
                .iter()
                .any(|c| c.code == "log_key_trusted" && c.state == State::Ok)
        );
    }
    let kept = vault.receipt(deposit.id).unwrap();
    let lines: Vec<&str> = kept.custody.iter().map(String::as_str).collect();
    let acts: Vec<Act> = custody::check(&lines, deposit.id)
        .unwrap()
        .iter()
        .map(|line| line.act)
        .collect();
    assert_eq!(acts, [Act::Collected, Act::Deposited, Act::Bundled, Act::Bundled]);
    let mut broken = lines.clone();
    broken.remove(2);
    assert_eq!(
        custody::check(&broken, deposit.id).unwrap_err().code(),
        "custody_broken"
    );
    assert_eq!(
        custody::check(&[], deposit.id).unwrap_err().code(),
        "custody_count"
    );
    assert_eq!(
        custody::check(&["{}"], deposit.id).unwrap_err().code(),
        "custody_line"
    );
}

/// The same deposits, clock and randomness give the same file.
#[test]
fn a_bundle_is_made_of_the_same_bytes_each_time() {
    let (mut one, mut two) = (Bench::new(), Bench::new());
    assert_eq!(sample(&mut one).sha256, sample(&mut two).sha256);
}

#[test]
fn a_thousand_files_are_deposited_in_seconds() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let paths: Vec<PathBuf> = (0..1000_u32)
        .map(|i| bench.file(&format!("{i}.bin"), &i.to_be_bytes()))
        .collect();
    let before = Instant::now();
    let outcome = bench.deposit(&mut vault, &paths);
    assert_eq!(outcome.receipts.len(), 1000);
    // A safe distance above what a slow, shared disk needs; one fsync round a file would be far over it.
    assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
    eprintln_elapsed(before);
}

fn eprintln_elapsed(before: Instant) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "1000 files: {:?}", before.elapsed());
}

#[test]
fn what_was_deposited_before_the_disk_failed_is_still_there() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let paths = [
        bench.file("a", b"a"),
        bench.file("b", b"b"),
        bench.file("c", b"c"),
    ];
    let first = bench
        .deposit(&mut vault, &paths[..1])
        .receipts
        .remove(0)
        .1
        .open()
        .unwrap()
        .id;
    let entries = bench.path("vault/log/public/tile/entries");
    let aside = bench.path("aside");
    fs::rename(&entries, &aside).unwrap();
    fs::write(&entries, "a file where a folder should be").unwrap();
    let failed = bench.deposit(&mut vault, &paths[1..2]);
    assert_eq!(failed.stopped.unwrap().code(), "log_store_io");
    assert!(failed.receipts.is_empty());
    assert_eq!(
        bench.deposit(&mut vault, &paths[2..]).stopped.unwrap().code(),
        "log_poisoned"
    );
    drop(vault);
    fs::remove_file(&entries).unwrap();
    fs::rename(&aside, &entries).unwrap();
    let mut vault = bench.vault();
    assert_eq!(vault.fsck().unwrap().problems, Vec::<String>::new());
    let mut items = vec![BundleItem::Kept {
        receipt: vault.receipt(first).unwrap(),
        original: Original::DigestOnly,
    }];
    items.push(with_file(
        bench.deposit(&mut vault, &paths[2..]).receipts.remove(0),
    ));
    let bundle = bench.bundle(&mut vault, items);
    assert!(verify_bundle(&bundle.path, &Policy::default()).ok);
}

/// Written before bundles were bags; it is never made again.
#[test]
fn a_bundle_of_version_1_still_verifies_and_is_still_guarded() {
    let bundle = bundle_of_version_1();
    let report = verify_stream(Cursor::new(&bundle), &Policy::default());
    assert!(report.ok, "{report:?}");
    let failed_or_not = |code: &str| {
        report
            .checks
            .iter()
            .find(|check| check.code == code)
            .unwrap()
            .state
    };
    assert_eq!(failed_or_not("bundle_sealed"), State::Ok);
    assert_eq!(
        failed_or_not("instructions"),
        State::NotChecked,
        "those of another version"
    );
    for at in (0..bundle.len()).step_by(211) {
        let mut changed = bundle.clone();
        changed[at] ^= 4;
        assert!(
            !verify_stream(Cursor::new(changed), &Policy::default()).ok,
            "byte {at}"
        );
    }
}
