//! The crash matrix on a simulated disk: any failure at any operation, over many seeds.
//!
//! In:  `QUANLIAN_CRASH_SEEDS`: how many seeds, [`FEW_SEEDS`] unless it says more.
//! Out: a panic that names the seed when an invariant is broken:
//!      no acknowledged entry lost, no number used twice, no checkpoint goes back, and
//!      after every recovery the full check is clean.

use std::{collections::VecDeque, path::Path, sync::Arc, thread, time::Duration};

use crate::{
    checkpoint::SignedCheckpoint,
    disk::{
        Disk,
        simulated::{Fault, Random, SimulatedDisk},
    },
    fsck,
    hash::{Hash, leaf_hash},
    log::{Log, LogError},
    merkle::tests::mth,
    note::SignerKey,
    publisher::{self, Recovered},
    sequencer::{Sequencer, Settings},
    store::{LogHome, Parts},
    view::LogView,
    wal::{Batch, Segment},
};

/// Seeds that every run of the tests tries.
const FEW_SEEDS: u64 = 1000;
/// How often one seed crashes.
const LIVES: u64 = 4;

fn seeds() -> u64 {
    std::env::var("QUANLIAN_CRASH_SEEDS").map_or(FEW_SEEDS, |seeds| seeds.parse().unwrap())
}

fn key() -> SignerKey {
    SignerKey::from_seed("log.example/crash", &[9; 32]).unwrap()
}

fn home(disk: &SimulatedDisk) -> LogHome {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    LogHome::on(&disk, Path::new("/data"))
}

/// An empty data folder, as `FileStore::create` leaves it.
fn new_disk(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    for folder in ["/data/log/private", "/data/log/public"] {
        disk.make_folders(Path::new(folder)).unwrap();
    }
    for folder in ["/", "/data", "/data/log"] {
        disk.sync_folder(Path::new(folder)).unwrap();
    }
    disk
}

fn open(disk: &SimulatedDisk) -> Result<Recovered, LogError> {
    let home = home(disk);
    if home.is_unused()? {
        publisher::create(home, key())
    } else {
        publisher::recover(home, key())
    }
}

/// What the world outside has been told.
#[derive(Default)]
struct Told {
    /// Entries by their acknowledged numbers.
    entries: Vec<Option<Vec<u8>>>,
    /// Checkpoints that readers have seen.
    heads: Vec<SignedCheckpoint>,
}

impl Told {
    fn acknowledge(&mut self, index: u64, entry: &[u8], seed: u64) {
        let index = usize::try_from(index).unwrap();
        if self.entries.len() <= index {
            self.entries.resize(index + 1, None);
        }
        let before = self.entries[index].replace(entry.to_vec());
        assert_eq!(before, None, "seed {seed}: number {index} is used twice");
    }

    /// Everything that was told is still so.
    fn require_kept(&mut self, view: &LogView, seed: u64) {
        let head = view.checkpoint();
        let entries: Vec<Vec<u8>> = (0..head.size())
            .map(|index| view.read_entry(index).unwrap())
            .collect();
        assert!(
            self.entries.len() <= entries.len(),
            "seed {seed}: {} entries acknowledged, {} found",
            self.entries.len(),
            entries.len()
        );
        for (index, told) in self.entries.iter().enumerate() {
            if let Some(told) = told {
                assert_eq!(*told, entries[index], "seed {seed}: entry {index}");
            }
        }
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(head.root(), mth(&leaves), "seed {seed}");
        let mut size = 0;
        for old in &self.heads {
            assert!(
                old.size() >= size && old.size() <= head.size(),
                "seed {seed}: a checkpoint went back"
            );
            size = old.size();
            assert_eq!(
                old.root(),
                mth(&leaves[..usize::try_from(size).unwrap()]),
                "seed {seed}: a checkpoint of another history"
            );
        }
        // From here on, what is in the log without having been acknowledged stays too.
        for (index, entry) in entries.into_iter().enumerate() {
            if self.entries.len() <= index {
                self.entries.push(Some(entry));
            } else {
                self.entries[index] = Some(entry);
            }
        }
        self.heads.push(head.clone());
    }
}

/// One process: it opens the log, does this and that, and ends when something fails.
fn live(disk: &SimulatedDisk, random: &mut Random, told: &mut Told, seed: u64) -> Result<(), LogError> {
    let Recovered {
        mut publisher,
        mut wal,
        mut pending,
    } = open(disk)?;
    wal.set_segment_bytes(2048);
    let mut closed: VecDeque<Segment> = wal.take_closed().into();
    let mut unacknowledged = random.next();
    if random.one_in(2) {
        publisher.settle()?;
        told.heads.push(publisher.head().clone());
    }
    for _ in 0..random.below(12) {
        match random.below(6) {
            0..=2 => {
                let mut batch = Batch::new(wal.next());
                let count = match random.below(8) {
                    0 => 1 + random.below(300),
                    _ => 1 + random.below(9),
                };
                for _ in 0..count {
                    unacknowledged = unacknowledged.wrapping_add(1);
                    let mut entry = unacknowledged.to_be_bytes().to_vec();
                    entry.resize(8 + random.below(80) as usize, b'.');
                    batch.push(&entry);
                }
                wal.append(&mut batch)?;
                for (index, entry) in (batch.first()..).zip(batch.entries()) {
                    told.acknowledge(index, entry, seed);
                }
                pending.push(batch);
            }
            3 | 4 => {
                publisher.publish(&pending)?;
                pending.clear();
                told.heads.push(publisher.head().clone());
            }
            _ => {
                closed.extend(wal.take_closed());
                publisher.reclaim(&mut closed)?;
            }
        }
    }
    Ok(())
}

fn crash_and_come_back(seed: u64) {
    let disk = new_disk(seed);
    let mut random = Random::new(seed ^ 0xa5a5);
    let mut told = Told::default();
    for _ in 0..LIVES {
        let fault = match random.below(5) {
            0 => Fault::Error,
            1 => Fault::Kill,
            _ => Fault::PowerLoss,
        };
        let reach = if random.one_in(4) { 40 } else { 250 };
        disk.plan(random.below(reach), fault);
        if let Err(error) = live(&disk, &mut random, &mut told, seed) {
            assert!(disk.has_fired(), "seed {seed}: {error:?}");
        }
        disk.restart();
        if random.one_in(3) {
            disk.cut_power();
        }
        if random.one_in(2) {
            continue;
        }
        settle(&disk, &mut told, seed);
    }
    settle(&disk, &mut told, seed);
}

/// Opens the log undisturbed, and checks everything.
fn settle(disk: &SimulatedDisk, told: &mut Told, seed: u64) {
    let log = Log::open_or_create(home(disk), key());
    let log = log.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
    told.require_kept(&log.view().unwrap(), seed);
    drop(log);
    let port: Arc<dyn Disk> = Arc::new(disk.clone());
    let parts = Parts::simulated(&port, Path::new("/data")).unwrap();
    let report = fsck::check(&parts, key().verifier()).unwrap();
    assert_eq!(report.problems, Vec::<String>::new(), "seed {seed}");
}

#[test]
fn nothing_acknowledged_is_lost_whatever_fails_at_any_operation() {
    let seeds = seeds();
    let threads = 2;
    thread::scope(|scope| {
        for part in 0..threads {
            scope.spawn(move || {
                for seed in (part..seeds).step_by(threads as usize) {
                    crash_and_come_back(seed);
                }
            });
        }
    });
}

/// The same with the real threads of the sequencer; which operation fails then depends on
/// the scheduler too, and what must hold does not.
#[test]
fn a_sequencer_among_threads_keeps_what_its_tickets_have_said() {
    for seed in 0..seeds() / 5 {
        let disk = new_disk(seed);
        let mut random = Random::new(seed ^ 0x5a5a);
        let mut told = Told::default();
        for life in 0..LIVES {
            let fault = if random.one_in(3) {
                Fault::Error
            } else {
                Fault::PowerLoss
            };
            disk.plan(random.below(200), fault);
            let settings = Settings {
                publish_after: Duration::from_millis(random.below(3)),
                publish_bytes: 2000,
                max_backlog_bytes: 4000,
            };
            if let Ok(sequencer) = Sequencer::open_or_create(home(&disk), key(), settings) {
                let acknowledged = thread::scope(|scope| {
                    let callers: Vec<_> = (0..3_u64)
                        .map(|caller| {
                            scope.spawn({
                                let sequencer = &sequencer;
                                move || call(sequencer, &format!("{seed} {life} {caller}"))
                            })
                        })
                        .collect();
                    let mut all = Vec::new();
                    for caller in callers {
                        all.extend(caller.join().unwrap());
                    }
                    all
                });
                for (index, entry) in acknowledged {
                    told.acknowledge(index, &entry, seed);
                }
                if let Ok(view) = sequencer.view() {
                    told.heads.push(view.checkpoint().clone());
                }
                let _ = sequencer.finish();
            }
            disk.restart();
            if random.one_in(3) {
                disk.cut_power();
            }
            settle(&disk, &mut told, seed);
        }
    }
}

fn call(sequencer: &Sequencer, name: &str) -> Vec<(u64, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    for round in 0..6 {
        let entries: Vec<Vec<u8>> = (0..5)
            .map(|i| format!("{name} {round} {i}").into_bytes())
            .collect();
        let tickets: Vec<_> = entries.iter().map(|entry| sequencer.submit(entry)).collect();
        for (ticket, entry) in tickets.into_iter().zip(entries) {
            let Ok(ticket) = ticket else { return acknowledged };
            let Ok(index) = ticket.sequenced() else {
                return acknowledged;
            };
            acknowledged.push((index, entry));
            if index % 17 == 0 && ticket.published().is_err() {
                return acknowledged;
            }
        }
    }
    acknowledged
}
