//! What every lock record does.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use quanlian_tlog::{
    lock_record::LockRecord,
    log::Log,
    note::SignerKey,
    store::{LogHome, StoreError},
};

use super::proxy::{Cut, Proxy};

type Opened = Result<Box<dyn LockRecord>, StoreError>;

/// One kind of lock record.
pub(super) struct Kind<'k> {
    /// Opens the record of this log; the folder is for records that lie in it.
    pub(super) open: &'k (dyn Fn(&str, &Path) -> Opened + Sync),
    /// Gives a home this kind of record.
    pub(super) take: &'k (dyn Fn(LogHome, &str) -> Result<LogHome, StoreError> + Sync),
    /// Whether a second opening is refused while the first is held.
    pub(super) is_exclusive: bool,
    pub(super) folder: &'k Path,
}

pub(super) fn behaves(kind: &Kind<'_>) {
    moves_by_compare_and_swap(kind);
    for (racers, steps) in [(2, 8), (5, 4)] {
        one_racer_wins_each_step(kind, racers, steps);
    }
    an_old_state_is_refused(kind);
}

fn code<T>(result: Result<T, StoreError>) -> &'static str {
    result.err().unwrap().code()
}

fn moves_by_compare_and_swap(kind: &Kind<'_>) {
    let data = kind.folder.join("moves");
    let open = || (kind.open)("a.example/moves", &data).unwrap();
    let record = open();
    assert_eq!(record.load().unwrap(), None);
    assert_eq!(code(record.swap(Some(b"none"), b"one")), "log_lock_record_moved");
    record.swap(None, b"one").unwrap();
    assert_eq!(code(record.swap(None, b"other")), "log_lock_record_moved");
    assert_eq!(code(record.swap(Some(b"other"), b"two")), "log_lock_record_moved");
    assert_eq!(record.load().unwrap().unwrap(), b"one");
    record.swap(Some(b"one"), b"one").unwrap();
    // Any bytes, and as many as a checkpoint with many cosignatures has.
    let long: Vec<u8> = (0..200_000_u32).map(|at| at as u8).collect();
    record.swap(Some(b"one"), &long).unwrap();
    drop(record);
    let record = open();
    assert_eq!(record.load().unwrap().unwrap(), long);
    let other = (kind.open)("a.example/other", &kind.folder.join("other")).unwrap();
    assert_eq!(other.load().unwrap(), None, "each log has its own record");
}

/// The number of the step that a record stands for.
fn step_of(record: Option<&[u8]>) -> u32 {
    record.map_or(0, |text| {
        let text = std::str::from_utf8(text).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    })
}

fn one_racer_wins_each_step(kind: &Kind<'_>, racers: u32, steps: u32) {
    let origin = format!("a.example/race-of-{racers}");
    let data = kind.folder.join(&origin);
    let won: Mutex<Vec<(u32, String)>> = Mutex::default();
    let is_over = AtomicBool::new(false);
    // One that is held alone is opened for each look.
    let look = |held: &mut Option<Box<dyn LockRecord>>, act: &mut dyn FnMut(&dyn LockRecord)| {
        if kind.is_exclusive {
            match (kind.open)(&origin, &data) {
                Ok(record) => act(&*record),
                Err(error) => assert_eq!(error.code(), "log_in_use"),
            }
            thread::yield_now();
        } else {
            let record = held.get_or_insert_with(|| (kind.open)(&origin, &data).unwrap());
            act(&**record);
        }
    };
    thread::scope(|scope| {
        let racing: Vec<_> = (0..racers)
            .map(|racer| {
                let (look, won) = (&look, &won);
                scope.spawn(move || {
                    let (mut held, mut seen) = (None, 0);
                    while seen < steps {
                        look(&mut held, &mut |record| {
                            let found = record.load().unwrap();
                            let step = step_of(found.as_deref());
                            assert!(step >= seen, "the record went back from {seen} to {step}");
                            seen = step;
                            if step < steps {
                                let next = format!("{} {racer}", step + 1);
                                match record.swap(found.as_deref(), next.as_bytes()) {
                                    Ok(()) => won.lock().unwrap().push((step + 1, next)),
                                    Err(error) => assert_eq!(error.code(), "log_lock_record_moved"),
                                }
                            }
                        });
                    }
                })
            })
            .collect();
        let (look, is_over) = (&look, &is_over);
        scope.spawn(move || {
            let (mut held, mut seen) = (None, 0);
            while !is_over.load(Ordering::Relaxed) {
                look(&mut held, &mut |record| {
                    let step = step_of(record.load().unwrap().as_deref());
                    assert!(step >= seen, "the record went back from {seen} to {step}");
                    seen = step;
                });
            }
        });
        let ended: Vec<_> = racing.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        for racer in ended {
            racer.unwrap();
        }
    });
    let mut won = won.into_inner().unwrap();
    won.sort();
    let numbers: Vec<u32> = won.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        numbers,
        (1..=steps).collect::<Vec<_>>(),
        "one winner each step: {won:?}"
    );
    let last = (kind.open)(&origin, &data).unwrap().load().unwrap().unwrap();
    assert_eq!(last, won.last().unwrap().1.as_bytes());
}

/// A log whose record was put back from an old copy does not go on, with or without its folder.
fn an_old_state_is_refused(kind: &Kind<'_>) {
    const ORIGIN: &str = "a.example/put-back";
    let data = kind.folder.join("put-back");
    let key = || SignerKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    let open = || {
        let home = (kind.take)(LogHome::create(&data).unwrap(), ORIGIN).unwrap();
        Log::open_or_create(home, key())
    };
    let set_record = |to: &[u8]| {
        let record = (kind.open)(ORIGIN, &data).unwrap();
        let now = record.load().unwrap();
        record.swap(now.as_deref(), to).unwrap();
    };
    let append = |entry: &[u8]| {
        let mut log = open().unwrap();
        log.append_batch(&[entry]).unwrap();
        log.checkpoint().note().to_owned()
    };
    let old = append(b"a");
    let copy = kind.folder.join("put-back-copy");
    copy_folder(&data.join("log"), &copy);
    let new = append(b"b");
    set_record(old.as_bytes());
    assert_eq!(open().err().unwrap().code(), "log_damaged", "the record alone");
    let newest = kind.folder.join("put-back-newest");
    std::fs::rename(data.join("log"), &newest).unwrap();
    copy_folder(&copy, &data.join("log"));
    assert_eq!(
        open().err().unwrap().code(),
        "log_rolled_back",
        "record and folder"
    );
    std::fs::remove_dir_all(data.join("log")).unwrap();
    std::fs::rename(newest, data.join("log")).unwrap();
    set_record(new.as_bytes());
    assert_eq!(open().unwrap().checkpoint().size(), 2, "the newest copy");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

/// A record on a server whose answers get lost. `act` stands in what makes a swap final.
pub(super) fn finds_out(open: &dyn Fn() -> Opened, proxy: &Proxy, act: &'static [u8]) {
    let record = open().unwrap();
    record.swap(None, b"0").unwrap();
    let mut at = 0;
    let mut step = || {
        at += 1;
        ((at - 1).to_string().into_bytes(), at.to_string().into_bytes())
    };
    for cut in [Cut::After(act), Cut::Before(act)] {
        // Once: then it is found out, or done again.
        let (old, new) = step();
        proxy.cut_once(cut);
        record.swap(Some(&old), &new).unwrap();
        assert!(proxy.has_cut(), "{cut:?} was met");
        assert_eq!(record.load().unwrap().unwrap(), new);
    }
    for (cut, is_swapped) in [(Cut::After(act), true), (Cut::Before(act), false)] {
        // And then nobody answers: not known until somebody does.
        let (old, new) = step();
        proxy.cut_and_refuse(cut);
        assert_eq!(code(record.swap(Some(&old), &new)), "log_lock_undetermined");
        proxy.pass();
        let found = record.load().unwrap().unwrap();
        assert_eq!(found, if is_swapped { new.clone() } else { old.clone() });
        let again = open().unwrap();
        again.swap(Some(&found), &new).unwrap();
        if is_swapped {
            assert_eq!(code(again.swap(Some(&old), b"x")), "log_lock_record_moved");
        }
    }
    proxy.pass();
}
