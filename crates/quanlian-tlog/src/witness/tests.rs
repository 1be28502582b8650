//! Tests of the witness and of those who ask it: growth, forks, rollbacks, crashes, lies.

use std::{
    cell::{Cell, RefCell},
    fs, io,
    rc::Rc,
};

use proptest::prelude::*;

use super::{
    client::{Answer, AskError, Transport, TransportError, ask, known_size},
    *,
};
use crate::{
    checkpoint::SignedCheckpoint,
    cosignature::CosignerKind,
    hash::leaf_hash,
    merkle::{HashSource, consistency_proof, root},
    note::SignerKey,
};

const ORIGIN: &str = "log.example/one";
const NOW_S: u64 = 1_700_000_000;

/// A tree over leaves that `seed` decides, hashed anew for each question.
struct Tree(u8);

impl HashSource for Tree {
    type Error = std::convert::Infallible;
    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        if level == 0 {
            return Ok(leaf_hash(&[&[self.0], index.to_be_bytes().as_slice()].concat()));
        }
        let (left, right) = (
            self.subtree(level - 1, 2 * index)?,
            self.subtree(level - 1, 2 * index + 1)?,
        );
        Ok(crate::hash::node_hash(&left, &right))
    }
}

fn log_key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn witness_key() -> CosignerSecret {
    CosignerSecret::from_seed("witness.example/w", CosignerKind::Ed25519, &[2; 32]).unwrap()
}

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", log_key().verifier()).as_bytes()).unwrap()
}

/// The signed head of the tree of `seed` at `size`.
fn head(seed: u8, size: u64) -> Note {
    let root = root(&mut Tree(seed), size).unwrap();
    Note::parse(SignedCheckpoint::sign(size, root, &log_key()).unwrap().note()).unwrap()
}

fn proof(old: u64, new: u64) -> Vec<Hash> {
    match old {
        0 => Vec::new(),
        old if old == new => Vec::new(),
        old => consistency_proof(&mut Tree(1), old, new).unwrap(),
    }
}

fn request(old: u64, new: u64) -> String {
    AddCheckpoint::new(old, proof(old, new), head(1, new))
        .unwrap()
        .to_string()
}

/// Notes in memory that live on when the witness is started anew, and a disk that can fail.
#[derive(Debug, Default, Clone)]
struct Disk {
    notes: Rc<RefCell<BTreeMap<String, String>>>,
    fails: Rc<Cell<bool>>,
}

impl WitnessState for Disk {
    fn latest(&self, origin: &str) -> Result<Option<String>, StateError> {
        Ok(self.notes.borrow().get(origin).cloned())
    }
    fn replace(&mut self, origin: &str, note: &str) -> Result<(), StateError> {
        if self.fails.get() {
            return Err(StateError::Stopped);
        }
        self.notes.borrow_mut().insert(origin.to_owned(), note.to_owned());
        Ok(())
    }
}

fn witness(disk: &Disk) -> Witness<Disk> {
    Witness::new(vec![witness_key()], &policy(), disk.clone())
}

/// Status and body, as they would go out.
fn answer(witness: &mut Witness<Disk>, request: &str, now_s: u64) -> (u16, String) {
    match witness.add_checkpoint(request.as_bytes(), now_s) {
        Ok(lines) => (200, lines),
        Err(refusal) => (refusal.status(), refusal.body().1),
    }
}

#[test]
fn a_log_that_grows_is_cosigned_and_the_head_is_kept_first() {
    let disk = Disk::default();
    let mut witness = witness(&disk);
    for (old, new) in [(0, 5), (5, 5), (5, 8), (8, 9), (9, 300)] {
        let lines = witness
            .add_checkpoint(request(old, new).as_bytes(), NOW_S + new)
            .unwrap();
        let note = Note::parse(&format!("{}{lines}", head(1, new))).unwrap();
        assert_eq!(witness_key().verifier().verify(&note), Ok(vec![NOW_S + new]));
        let kept = witness.latest(ORIGIN).unwrap().unwrap();
        assert!(kept.contains(lines.as_str()) && kept.starts_with(head(1, new).unverified_text()));
    }
}

#[test]
fn each_refusal_has_the_status_of_the_specification() {
    let disk = Disk::default();
    let mut witness = witness(&disk);
    let empty = answer(&mut witness, &request(0, 0), NOW_S);
    assert_eq!(empty.0, 200);
    assert_eq!(answer(&mut witness, &request(0, 8), NOW_S).0, 200);
    let mut check = |request: &str, status: u16, body: &str| {
        let answer = answer(&mut witness, request, NOW_S);
        assert_eq!(answer.0, status, "{request}\n{answer:?}");
        assert!(answer.1.starts_with(body), "{answer:?}");
    };
    // Rollback, stale and wrong guesses learn the size that is known.
    check(&request(0, 9), 409, "8\n");
    check(&request(0, 7), 409, "8\n");
    check(&request(5, 7), 409, "8\n");
    check(&request(5, 8), 409, "8\n");
    // A fork: of equal size, of another size.
    let other = AddCheckpoint::new(8, Vec::new(), head(7, 8)).unwrap();
    check(&other.to_string(), 409, "8\n");
    let other = AddCheckpoint::new(8, proof(8, 12), head(7, 12)).unwrap();
    check(&other.to_string(), 422, "proof_root");
    for wrong in [
        Vec::new(),
        proof(7, 12),
        proof(8, 11),
        [proof(8, 12), proof(8, 12)].concat(),
    ] {
        let short = AddCheckpoint::new(8, wrong, head(1, 12)).unwrap();
        check(&short.to_string(), 422, "proof_");
    }
    let padded = AddCheckpoint::new(8, proof(8, 12), head(1, 8)).unwrap();
    check(&padded.to_string(), 422, "proof_length");
    check(
        &AddCheckpoint::new(9, Vec::new(), head(1, 8)).unwrap().to_string(),
        400,
        "witness_old_size",
    );

    let text = head(1, 9).unverified_text().to_owned();
    let forger = SignerKey::from_seed(ORIGIN, &[3; 32]).unwrap();
    check(
        &format!("old 8\n\n{}", forger.sign(&text).unwrap()),
        403,
        "witness_not_signed",
    );
    let moved = request(8, 9).replace("\n9\n", "\n10\n");
    check(&moved, 403, "witness_not_signed");
    let unknown = SignerKey::from_seed("log.example/two", &[1; 32]).unwrap();
    let unknown_head = SignedCheckpoint::sign(0, empty_root(), &unknown).unwrap();
    check(
        &format!("old 0\n\n{}", unknown_head.note()),
        404,
        "witness_unknown_origin",
    );
    // A key of one log does not speak for another.
    let swapped = unknown.sign(&text).unwrap();
    check(&format!("old 8\n\n{swapped}"), 403, "witness_not_signed");
    // After all of this the witness still goes on from where it was.
    check(&request(8, 9), 200, "— witness.example/w ");
}

#[test]
fn bodies_that_are_no_requests_are_refused() {
    let good = request(4, 9);
    assert_eq!(AddCheckpoint::parse(good.as_bytes()).unwrap().to_string(), good);
    let line = format!("{}\n", empty_root().to_base64());
    for (from, to) in [
        ("old 4", "old 04"),
        ("old 4", "old +4"),
        ("old 4", "old  4"),
        ("old 4", "old -1"),
        ("old 4", "old 18446744073709551616"),
        ("old 4", "new 4"),
        ("old 4\n", "old 4\n!\n"),
        ("old 4\n", "old 4\r\n"),
        ("old 4\n", &format!("old 4\n{}", line.repeat(64))),
        ("\n\n", "\n"),
        ("— log", "- log"),
        ("log.example/one\n9\n", "log.example/one\n09\n"),
    ] {
        let body = good.replacen(from, to, 1);
        let error = AddCheckpoint::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.status(), 400, "{body}");
    }
    for end in 0..good.len() {
        assert!(
            AddCheckpoint::parse(&good.as_bytes()[..end]).is_err(),
            "cut at {end}"
        );
    }
    let signature = good.lines().last().unwrap();
    let many = format!("{good}{}", format!("{signature}\n").repeat(64));
    assert_eq!(
        AddCheckpoint::parse(many.as_bytes()).unwrap_err().code(),
        "note_format"
    );
    assert_eq!(
        AddCheckpoint::parse(&vec![b'x'; MAX_REQUEST_BYTES + 1])
            .unwrap_err()
            .code(),
        "witness_request"
    );
    assert_eq!(
        AddCheckpoint::parse(&[0xff; 4]).unwrap_err().code(),
        "witness_request"
    );
}

#[test]
fn a_witness_killed_between_keeping_and_answering_goes_on_from_what_it_kept() {
    let disk = Disk::default();
    // The answer is lost: nobody has seen the cosignature of size 5.
    drop(
        witness(&disk)
            .add_checkpoint(request(0, 5).as_bytes(), NOW_S)
            .unwrap(),
    );
    let mut again = witness(&disk);
    assert_eq!(answer(&mut again, &request(0, 5), NOW_S), (409, "5\n".to_owned()));
    let fork = AddCheckpoint::new(5, Vec::new(), head(7, 5)).unwrap();
    assert_eq!(answer(&mut again, &fork.to_string(), NOW_S).0, 409);
    assert_eq!(answer(&mut again, &request(5, 5), NOW_S).0, 200);
}

#[test]
fn nothing_is_answered_that_could_not_be_kept() {
    let disk = Disk::default();
    let mut witness = witness(&disk);
    disk.fails.set(true);
    let (status, body) = answer(&mut witness, &request(0, 5), NOW_S);
    assert_eq!((status, body.as_str()), (500, "witness_state_stopped\n"));
    assert!(disk.notes.borrow().is_empty());
    // A note that this witness's key does not vouch for is not built upon, nor taken for none.
    disk.fails.set(false);
    for damaged in ["", "x", &head(1, 5).to_string()] {
        disk.notes
            .borrow_mut()
            .insert(ORIGIN.to_owned(), damaged.to_owned());
        let (status, body) = answer(&mut witness, &request(0, 5), NOW_S);
        assert_eq!((status, body.as_str()), (500, "witness_state_damaged\n"));
    }
}

#[test]
fn the_time_of_cosignatures_never_goes_back() {
    let disk = Disk::default();
    let mut witness = witness(&disk);
    witness.add_checkpoint(request(0, 5).as_bytes(), NOW_S).unwrap();
    let lines = witness
        .add_checkpoint(request(5, 6).as_bytes(), NOW_S - 60)
        .unwrap();
    let note = Note::parse(&format!("{}{lines}", head(1, 6))).unwrap();
    assert_eq!(witness_key().verifier().verify(&note), Ok(vec![NOW_S]));
    let refusal = witness
        .add_checkpoint(request(6, 7).as_bytes(), NOW_S - 61)
        .unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (503, "witness_clock"));
}

#[test]
fn a_rotated_key_counts_for_its_sizes_and_a_new_key_of_the_witness_is_taken_up() {
    let disk = Disk::default();
    witness(&disk)
        .add_checkpoint(request(0, 5).as_bytes(), NOW_S)
        .unwrap();
    let next = SignerKey::from_seed(ORIGIN, &[9; 32]).unwrap();
    let key = |signer: &SignerKey| signer.verifier().to_string();
    let id = |signer: &SignerKey| hex::encode(signer.verifier().id());
    let text = format!(
        "log {}\n#@ valid {ORIGIN}+{} from 0 until 6\nlog {}\n#@ valid {ORIGIN}+{} from 7\nquorum none\n",
        key(&log_key()),
        id(&log_key()),
        key(&next),
        id(&next),
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let second = CosignerSecret::from_seed("witness.example/w2", CosignerKind::Ed25519, &[5; 32]).unwrap();
    let mut witness = Witness::new(vec![second, witness_key()], &policy, disk);
    assert_eq!(answer(&mut witness, &request(5, 7), NOW_S).0, 403);
    let root = root(&mut Tree(1), 7).unwrap();
    let signed = SignedCheckpoint::sign(7, root, &next).unwrap();
    let request = AddCheckpoint::new(5, proof(5, 7), Note::parse(signed.note()).unwrap()).unwrap();
    let lines = witness
        .add_checkpoint(request.to_string().as_bytes(), NOW_S)
        .unwrap();
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn a_folder_keeps_the_head_and_belongs_to_one_process() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("state");
    let open = || FolderState::open(&folder);
    let mut witness = Witness::new(vec![witness_key()], &policy(), open().unwrap());
    assert_eq!(open().unwrap_err().code(), "witness_state_in_use");
    witness.add_checkpoint(request(0, 5).as_bytes(), NOW_S).unwrap();
    let kept = witness.latest(ORIGIN).unwrap();
    drop(witness);
    // A crash in the middle of the next write leaves a torn temporary file.
    let note = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some())
        .unwrap();
    fs::write(format!("{}.tmp", note.display()), "torn").unwrap();
    let mut witness = Witness::new(vec![witness_key()], &policy(), open().unwrap());
    assert_eq!(witness.latest(ORIGIN).unwrap(), kept);
    witness.add_checkpoint(request(5, 6).as_bytes(), NOW_S).unwrap();
    drop(witness);
    // A folder in the place of the note: it cannot be replaced, and after that nothing is answered.
    fs::remove_file(&note).unwrap();
    let mut state = open().unwrap();
    fs::create_dir(&note).unwrap();
    fs::write(note.join("x"), "x").unwrap();
    assert_eq!(state.replace(ORIGIN, "x").unwrap_err().code(), "witness_state_io");
    fs::remove_dir_all(&note).unwrap();
    assert_eq!(state.latest(ORIGIN).unwrap_err().code(), "witness_state_stopped");
}

/// Calls a witness in this process, or plays one that lies.
struct Wire<F>(F);

impl<F: FnMut(&str) -> (u16, String)> Transport for Wire<F> {
    fn add_checkpoint(&mut self, body: &str) -> Result<Answer, TransportError> {
        let (status, body) = (self.0)(body);
        if status == 0 {
            return Err(TransportError("connection refused".to_owned()));
        }
        Ok(Answer {
            status,
            content_type: (status == 409).then(|| SIZE_CONTENT_TYPE.to_owned()),
            body: body.into_bytes(),
        })
    }
}

fn ask_for(
    size: u64,
    known: u64,
    wire: impl FnMut(&str) -> (u16, String),
) -> Result<Vec<NoteSignature>, AskError> {
    let key = witness_key();
    ask(&mut Wire(wire), key.verifier(), &head(1, size), known, |old| {
        Ok::<_, io::Error>(proof(old, size))
    })
}

#[test]
fn a_log_gets_its_cosignature_whatever_size_it_believes_the_witness_to_know() {
    let disk = Disk::default();
    let mut witness = witness(&disk);
    let mut earlier = None;
    for (size, guess) in [(5, 0), (5, 0), (9, 0), (12, 9), (13, 4), (14, 99)] {
        let mut questions = 0;
        let lines = ask_for(size, guess, |body| {
            questions += 1;
            answer(&mut witness, body, NOW_S)
        });
        let note = Note::from_parts(head(1, size).unverified_text(), lines.unwrap()).unwrap();
        assert_eq!(known_size(&note, ORIGIN, witness_key().verifier()), size);
        assert_eq!(known_size(&note, "log.example/two", witness_key().verifier()), 0);
        assert!(questions <= 2);
        earlier = Some(note);
    }
    let stranger = CosignerSecret::from_seed("x", CosignerKind::Ed25519, &[8; 32]).unwrap();
    assert_eq!(known_size(&earlier.unwrap(), ORIGIN, stranger.verifier()), 0);
}

#[test]
fn a_rollback_and_a_fork_are_alarms() {
    let disk = Disk::default();
    let mut honest = witness(&disk);
    honest.add_checkpoint(request(0, 9).as_bytes(), NOW_S).unwrap();
    let rolled_back = ask_for(7, 7, |body| answer(&mut honest, body, NOW_S)).unwrap_err();
    assert_eq!(rolled_back, AskError::Ahead { known: 9, size: 7 });
    let key = witness_key();
    let mut wire = Wire(|body: &str| answer(&mut honest, body, NOW_S));
    let forked = ask(&mut wire, key.verifier(), &head(7, 9), 0, |_| {
        Ok::<_, io::Error>(Vec::new())
    })
    .unwrap_err();
    assert_eq!(forked, AskError::Fork { size: 9 });
    assert!(rolled_back.is_alarm() && forked.is_alarm());
}

#[test]
fn a_witness_that_lies_is_not_believed() {
    let check = |wire: &mut dyn FnMut(&str) -> (u16, String), code: &str| {
        let error = ask_for(9, 0, wire).unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(!error.is_alarm());
    };
    let line = |seed: u8, size: u64| {
        let key = CosignerSecret::from_seed("witness.example/w", CosignerKind::Ed25519, &[seed; 32]).unwrap();
        key.signature(head(1, size).unverified_text(), NOW_S)
            .unwrap()
            .to_string()
    };
    check(&mut |_| (0, String::new()), "witness_not_reached");
    check(&mut |_| (200, String::new()), "witness_bad_cosignature");
    check(&mut |_| (200, line(2, 8)), "witness_bad_cosignature");
    check(&mut |_| (200, line(3, 9)), "witness_bad_cosignature");
    check(
        &mut |_| (200, format!("{}{}", line(2, 9), line(2, 8))),
        "witness_bad_cosignature",
    );
    check(
        &mut |_| (200, line(2, 9).trim_end().to_owned()),
        "witness_bad_cosignature",
    );
    check(&mut |_| (200, line(2, 9).repeat(65)), "witness_bad_cosignature");
    check(
        &mut |_| (200, "x".repeat(client::MAX_ANSWER_BYTES + 1)),
        "witness_answer",
    );
    check(&mut |_| (409, "09\n".to_owned()), "witness_answer");
    check(&mut |_| (409, "5".to_owned()), "witness_answer");
    check(&mut |_| (404, "no\u{1b}[2J".repeat(1000)), "witness_refused");
    let mut size = 0;
    check(
        &mut |_| {
            size += 1;
            (409, format!("{size}\n"))
        },
        "witness_restless",
    );
    // Lines of strangers beside a good one do no harm and are left out.
    let both = ask_for(9, 0, |_| (200, format!("{}{}", line(3, 9), line(2, 9)))).unwrap();
    assert_eq!(both.len(), 1);
}

proptest! {
    /// Whatever is asked in whatever order, by a log with two histories: all cosigned heads are of one tree.
    #[test]
    fn no_order_of_requests_makes_a_witness_sign_two_histories(
        steps in proptest::collection::vec((1..=2_u8, 0..10_u64, 0..10_u64, any::<bool>()), 1..40),
    ) {
        let disk = Disk::default();
        let mut current = witness(&disk);
        let mut cosigned: BTreeMap<u64, Hash> = BTreeMap::new();
        let (mut newest, mut history) = (0, None);
        for (seed, old, new, restart) in steps {
            if restart {
                current = witness(&disk);
            }
            let proof = if old == 0 || old >= new { Vec::new() } else { consistency_proof(&mut Tree(seed), old, new).unwrap() };
            let request = AddCheckpoint::new(old, proof, head(seed, new)).unwrap();
            if current.add_checkpoint(request.to_string().as_bytes(), NOW_S).is_ok() {
                prop_assert!(new >= newest, "rolled back");
                newest = new;
                if new > 0 {
                    prop_assert_eq!(*history.get_or_insert(seed), seed);
                }
                let root = request.checkpoint().root;
                prop_assert_eq!(*cosigned.entry(new).or_insert(root), root);
            }
        }
    }

    #[test]
    fn any_body_is_read_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "(old [0-9]{0,20}\n)?([A-Za-z0-9+/]{43}=\n){0,3}\n?(log.example/one\n)?([0-9]{1,3}\n)?([A-Za-z0-9+/]{43}=\n)?\n?(— \\PC{0,40}\n){0,2}",
    ) {
        let _ = AddCheckpoint::parse(&bytes);
        let _ = AddCheckpoint::parse(text.as_bytes());
        let _ = NoteSignature::parse_lines(&text);
    }
}
