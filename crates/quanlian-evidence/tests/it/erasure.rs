//! Erasure and legal holds: what goes, what stays, and what a crash in between leaves.

use std::{cell::RefCell, path::Path};

use base64::Engine as _;
use quanlian_evidence::{
    bundle::{BundleItem, Original},
    deposit::{Entry, Receipt},
    vault::{ErasureOrder, ErasureTargets, HoldState, ToErase, Vault, VaultCopy},
    verify::{Policy, verify_bundle},
};
use quanlian_record::id::DepositId;
use quanlian_tlog::{hash::leaf_hash, proof::TlogProof};

use crate::support::{Bench, read, terms};

fn because(reason: &str) -> ErasureOrder {
    ErasureOrder {
        by: "officer 0231".into(),
        reason: reason.into(),
    }
}

fn order() -> ErasureOrder {
    because("the person asked for it (个人信息保护法第四十七条)")
}

/// Stands for object store and database; fails as often as told.
#[derive(Default)]
struct Keeper {
    failures: RefCell<usize>,
    asked: RefCell<Vec<ToErase>>,
}

impl ErasureTargets for Keeper {
    fn erase(&mut self, what: &ToErase) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.asked.borrow_mut().push(what.clone());
        let mut failures = self.failures.borrow_mut();
        if *failures > 0 {
            *failures -= 1;
            return Err("the disk does not answer".into());
        }
        Ok(())
    }
}

fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(all_bytes(&path));
        } else {
            bytes.extend(read(&path));
            bytes.extend(path.to_string_lossy().as_bytes());
        }
    }
    bytes
}

/// The forms in which bytes can stand in a file: as they are, hex, base64 at each offset; text also as UTF-16 and JSON.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![bytes.to_vec()];
    let hex = hex::encode(bytes);
    forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    for offset in 0..3 {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(bytes);
        for engine in [
            &base64::engine::general_purpose::STANDARD_NO_PAD,
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = engine.encode(&shifted);
            // Without the signs that the neighbours have a share in.
            forms.push(text.as_bytes()[if offset == 0 { 0 } else { offset + 1 }..text.len() - 1].to_vec());
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let units = || text.encode_utf16();
        forms.push(units().flat_map(u16::to_le_bytes).collect());
        forms.push(units().flat_map(u16::to_be_bytes).collect());
        // A record stands in a receipt as a text in a text.
        let mut nested = text.to_owned();
        for _ in 0..3 {
            nested = serde_json::to_string(&nested).unwrap();
            nested = nested[1..nested.len() - 1].to_owned();
            forms.push(nested.clone().into_bytes());
        }
        let escaped: Vec<String> = units().map(|unit| format!("\\u{unit:04x}")).collect();
        forms.push(escaped.concat().into_bytes());
    }
    forms
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack
        .windows(needle.len())
        .filter(|window| *window == needle)
        .count()
}

fn found(haystack: &[u8], needle: &[u8]) -> usize {
    forms(needle).iter().map(|form| count(haystack, form)).sum()
}

/// All that must be gone: content is not the vault's to keep.
fn needles(receipt: &Receipt) -> Vec<Vec<u8>> {
    let deposit = receipt.open().unwrap();
    let salt: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&receipt.salt[at..at + 2], 16).unwrap())
        .collect();
    let mut needles = vec![
        salt,
        receipt.salt.clone().into_bytes(),
        deposit.content.name.into_bytes(),
        deposit.content.sha256.into_bytes(),
        deposit.content.sm3.into_bytes(),
        deposit.depositor.into_bytes(),
        deposit.source.unwrap().into_bytes(),
        deposit.custody_sha256.into_bytes(),
    ];
    needles.extend(deposit.metadata.into_values().map(String::into_bytes));
    needles
}

fn one(bench: &mut Bench, vault: &mut Vault, name: &str, content: &[u8]) -> (DepositId, Receipt) {
    let path = bench.file(name, content);
    let receipt = bench.deposit(vault, &[path]).receipts.remove(0).1;
    (receipt.open().unwrap().id, receipt)
}

fn folder(bench: &Bench) -> std::path::PathBuf {
    bench.path("vault")
}

#[test]
fn what_was_erased_is_found_in_no_form_and_the_old_proofs_still_hold() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "张伟的日记-2024.txt", b"dear diary");
    // The entry with its proof, and a whole bundle, as somebody else keeps them.
    let proof: TlogProof = vault.log().inclusion_proof(receipt.log_index).unwrap();
    let item = BundleItem::Kept {
        receipt: receipt.clone(),
        original: Original::DigestOnly,
    };
    let bundle = bench.bundle(&mut vault, vec![item]).path;
    // The folder is looked into without the bundle.
    let before = all_bytes(&folder(&bench));
    for needle in needles(&receipt) {
        assert!(
            found(&before, &needle) > 0,
            "the search is blind: {}",
            String::from_utf8_lossy(&needle)
        );
    }
    let size = vault.log().checkpoint().size();

    let mut keeper = Keeper::default();
    let erasure = vault
        .erase(id, &order(), &mut keeper, &mut bench.outside)
        .unwrap();
    assert_eq!(
        keeper.asked.borrow()[0].content_sha256,
        receipt.open().unwrap().content.sha256
    );
    let after = all_bytes(&folder(&bench));
    for needle in needles(&receipt) {
        assert_eq!(found(&after, &needle), 0, "{}", String::from_utf8_lossy(&needle));
    }
    // One entry more, and all others as they were.
    assert_eq!(vault.log().checkpoint().size(), size + 1);
    assert_eq!(
        vault.log().read_entry(receipt.log_index).unwrap(),
        receipt.entry_json.as_bytes()
    );
    let key = vault.log_key().clone();
    proof
        .verify(&leaf_hash(receipt.entry_json.as_bytes()), &key)
        .unwrap();
    let policy: Policy = key.to_string().parse().unwrap();
    assert!(verify_bundle(&bundle, &policy).ok);
    assert!(vault.fsck().unwrap().problems.is_empty());

    // The tombstone is an entry of the log, found by the id of the deposit, and says who and why.
    let tombstone = erasure.tombstone;
    assert_eq!(tombstone.statement.deposit_index, Some(receipt.log_index));
    assert_eq!(
        (tombstone.statement.by.as_str(), &tombstone.statement.reason),
        ("officer 0231", &order().reason)
    );
    let entry = vault.log().read_entry(tombstone.log_index).unwrap();
    let entry = Entry::from_json(std::str::from_utf8(&entry).unwrap()).unwrap();
    assert_eq!((entry.kind.as_str(), entry.id), ("erasure", id.0));
    assert_eq!(vault.receipt(id).unwrap_err().code(), "vault_erased");
    assert_eq!(vault.erased().unwrap(), [id]);
}

#[test]
fn an_erasure_is_ordered_once_and_the_first_order_counts() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let first = vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();
    let size = vault.log().checkpoint().size();
    let again = vault
        .erase(id, &because("another"), &mut (), &mut bench.outside)
        .unwrap();
    assert!(!first.was_erased_before && again.was_erased_before);
    assert_eq!(again.tombstone, first.tombstone);
    assert_eq!(vault.log().checkpoint().size(), size);
    // What somebody still holds does not bring it back.
    let item = BundleItem::Kept {
        receipt,
        original: Original::DigestOnly,
    };
    let out = bench.path("again.qne.zip");
    let refused = vault.bundle(vec![item], "clerk", &out, &mut bench.outside, &mut |_| {});
    assert_eq!(refused.unwrap_err().code(), "vault_erased");
    assert!(vault.receipt_ids().unwrap().is_empty());
}

#[test]
fn what_a_restored_file_brings_back_goes_again() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let path = folder(&bench).join("receipts").join(format!("{id}.json"));
    let bytes = read(&path);
    vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();
    std::fs::write(&path, bytes).unwrap();
    // It is shut although its receipt is there.
    assert_eq!(vault.receipt(id).unwrap_err().code(), "vault_erased");
    let size = vault.log().checkpoint().size();
    let mut keeper = Keeper::default();
    let again = vault
        .erase(id, &order(), &mut keeper, &mut bench.outside)
        .unwrap();
    assert!(again.was_erased_before && keeper.asked.borrow().len() == 1);
    assert_eq!(vault.log().checkpoint().size(), size);
    assert_eq!(found(&all_bytes(&folder(&bench)), receipt.salt.as_bytes()), 0);
}

#[test]
fn a_legal_hold_blocks_until_the_last_one_is_lifted() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, _) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let place = |vault: &mut Vault, bench: &mut Bench| {
        vault
            .place_hold(id, "Court 2", "case (2024) 17", &mut bench.outside)
            .unwrap()
    };
    let (first, second) = (place(&mut vault, &mut bench), place(&mut vault, &mut bench));
    drop(vault);
    let mut vault = bench.vault();
    for hold in [&first, &second] {
        let refused = vault
            .erase(id, &order(), &mut (), &mut bench.outside)
            .unwrap_err();
        assert_eq!(refused.code(), "erasure_on_hold");
        let lifted = vault
            .lift_hold(hold.id, "Court 2", "judgment in force", &mut bench.outside)
            .unwrap();
        assert_eq!(lifted.state(), HoldState::Lifted);
        assert_eq!(
            vault
                .lift_hold(hold.id, "Court 2", "x", &mut bench.outside)
                .unwrap_err()
                .code(),
            "hold_lifted_already"
        );
    }
    assert_eq!(vault.holds().unwrap().len(), 2);
    // Placing and lifting are entries of the log.
    for index in [
        first.placed.log_index,
        vault.hold(second.id).unwrap().lifted.unwrap().log_index,
    ] {
        let entry = vault.log().read_entry(index).unwrap();
        assert!(String::from_utf8(entry).unwrap().contains("\"kind\":\"hold\""));
    }
    vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();
    let refused = vault
        .place_hold(id, "Court 2", "too late", &mut bench.outside)
        .unwrap_err();
    assert_eq!(refused.code(), "vault_erased");
    let refused = vault.place_hold(id, "", "x", &mut bench.outside).unwrap_err();
    assert_eq!(refused.code(), "vault_erased");
}

#[test]
fn a_reason_that_would_keep_what_is_erased_is_refused() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "Diary-of-Zhang.txt", b"dear diary");
    let sha256 = receipt.open().unwrap().content.sha256;
    let telling = [
        "erase DIARY-OF-ZHANG please",
        "asked by 张三 \"right\" holder",
        &sha256,
    ];
    for reason in telling {
        let refused = vault
            .erase(id, &because(reason), &mut (), &mut bench.outside)
            .unwrap_err();
        assert_eq!(refused.code(), "erasure_reason_tells", "{reason}");
    }
    for reason in ["", " ", &"x".repeat(70_000)] {
        let refused = vault
            .erase(id, &because(reason), &mut (), &mut bench.outside)
            .unwrap_err();
        assert_eq!(refused.code(), "erasure_field");
    }
    // Nothing was begun.
    assert_eq!(vault.receipt(id).unwrap(), receipt);
    let unknown = DepositId::fresh(quanlian_record::time::Timestamp::now());
    let refused = vault
        .erase(unknown, &order(), &mut (), &mut bench.outside)
        .unwrap_err();
    assert_eq!(refused.code(), "vault_no_such_deposit");
}

#[test]
fn content_that_another_deposit_shares_is_named() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, _) = one(&mut bench, &mut vault, "a.txt", b"the same");
    let (other, kept) = one(&mut bench, &mut vault, "b.txt", b"the same");
    let mut keeper = Keeper::default();
    let erasure = vault
        .erase(id, &order(), &mut keeper, &mut bench.outside)
        .unwrap();
    assert_eq!(erasure.content_shared_with, [other]);
    assert_eq!(vault.receipt(other).unwrap(), kept);
    // With the last of them the content goes.
    vault
        .erase(other, &order(), &mut keeper, &mut bench.outside)
        .unwrap();
    assert!(keeper.asked.borrow()[1].content_shared_with.is_empty());
}

#[test]
fn an_erasure_that_a_store_refused_is_carried_on_and_shuts_the_deposit_meanwhile() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let mut keeper = Keeper::default();
    *keeper.failures.borrow_mut() = 2;
    let size = vault.log().checkpoint().size();
    let refused = vault
        .erase(id, &order(), &mut keeper, &mut bench.outside)
        .unwrap_err();
    assert_eq!(refused.code(), "erasure_target");
    assert_eq!(vault.receipt(id).unwrap_err().code(), "vault_erasure_unfinished");
    drop(vault);
    let mut vault = bench.vault();
    assert_eq!(vault.unfinished_erasures().unwrap(), [id]);
    assert_eq!(
        vault.resume_erasures(&mut keeper).unwrap_err().code(),
        "erasure_target"
    );
    let done = vault.resume_erasures(&mut keeper).unwrap();
    assert_eq!(done.len(), 1);
    assert!(vault.resume_erasures(&mut keeper).unwrap().is_empty());
    // However often it was begun anew, the log has one entry of it.
    assert_eq!(vault.log().checkpoint().size(), size + 1);
    let after = all_bytes(&folder(&bench));
    for needle in needles(&receipt) {
        assert_eq!(found(&after, &needle), 0, "{}", String::from_utf8_lossy(&needle));
    }
}

#[test]
fn a_crash_at_each_step_of_an_erasure_is_recovered_from() {
    // States that a crash can leave: before the log, after it, after the receipt went, after the tombstone.
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let mut keeper = Keeper::default();
    *keeper.failures.borrow_mut() = 1;
    vault
        .erase(id, &order(), &mut keeper, &mut bench.outside)
        .unwrap_err();
    drop(vault);
    let begun = folder(&bench).join("erasures").join(format!("{id}.begun.json"));
    let begun_bytes = read(&begun);
    let receipt_path = folder(&bench).join("receipts").join(format!("{id}.json"));
    let mut vault = bench.vault();
    vault.resume_erasures(&mut keeper).unwrap();
    let size = vault.log().checkpoint().size();
    let tombstone = vault.tombstone(id).unwrap().unwrap();
    drop(vault);
    for has_receipt in [true, false] {
        for has_tombstone in [true, false] {
            let path = folder(&bench).join("erasures").join(format!("{id}.json"));
            std::fs::write(&begun, &begun_bytes).unwrap();
            if has_receipt {
                std::fs::write(
                    &receipt_path,
                    quanlian_record::canonical::to_bytes(&receipt).unwrap(),
                )
                .unwrap();
            }
            if !has_tombstone {
                std::fs::remove_file(&path).unwrap();
            }
            let mut vault = bench.vault();
            assert_eq!(vault.receipt(id).unwrap_err().code(), "vault_erasure_unfinished");
            vault.resume_erasures(&mut keeper).unwrap();
            assert_eq!(vault.tombstone(id).unwrap().unwrap(), tombstone);
            assert_eq!(vault.log().checkpoint().size(), size);
            drop(vault);
            let after = all_bytes(&folder(&bench));
            assert!(needles(&receipt).iter().all(|needle| found(&after, needle) == 0));
        }
    }
}

#[test]
fn a_draft_and_a_line_on_its_way_are_erased_too() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, _) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let file = folder(&bench)
        .join("custody")
        .join(format!("{id}.draft.json.tmp"));
    std::fs::write(&file, "half a draft of ZHANG").unwrap();
    vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();
    assert_eq!(count(&all_bytes(&folder(&bench)), b"ZHANG"), 0);
    assert!(!terms().depositor.is_empty());
}

#[test]
fn a_tombstone_that_was_changed_is_no_tombstone() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, _) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();
    let path = folder(&bench).join("erasures").join(format!("{id}.json"));
    let text = String::from_utf8(read(&path)).unwrap();
    std::fs::write(&path, text.replace("officer 0231", "officer 0232")).unwrap();
    assert_eq!(vault.tombstone(id).unwrap_err().code(), "deposit_commitment");
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

#[test]
fn a_backup_is_erased_too_and_only_a_backup_of_this_log() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let (id, receipt) = one(&mut bench, &mut vault, "diary.txt", b"dear diary");
    let (_, other) = one(&mut bench, &mut vault, "other.txt", b"not the same");
    drop(vault);
    let backup = bench.path("backup");
    copy(&folder(&bench), &backup);
    let mut vault = bench.vault();
    vault.erase(id, &order(), &mut (), &mut bench.outside).unwrap();

    let name = vault.log_key().name().to_owned();
    let copy = VaultCopy::open(&backup, &name).unwrap();
    let what = copy.what_to_erase(id).unwrap().unwrap();
    assert_eq!(what.content_sha256, receipt.open().unwrap().content.sha256);
    assert!(what.content_shared_with.is_empty());
    copy.shred(id).unwrap();
    assert_eq!(copy.what_to_erase(id).unwrap(), None);
    copy.shred(id).unwrap();
    let after = all_bytes(&backup);
    let (salt, kept) = (receipt.salt.as_bytes(), other.salt.as_bytes());
    assert_eq!((found(&after, salt), found(&after, b"diary.txt")), (0, 0));
    assert!(found(&after, kept) > 0);

    for wrong in [bench.path("nowhere"), bench.folder.path().to_owned()] {
        assert_eq!(
            VaultCopy::open(&wrong, &name).unwrap_err().code(),
            "vault_not_a_copy"
        );
    }
    assert_eq!(
        VaultCopy::open(&backup, "another log").unwrap_err().code(),
        "vault_not_a_copy"
    );
}
