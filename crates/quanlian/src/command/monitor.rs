//! `quanlian monitor`: copies in sound that is still coming.
//!
//! In:  an index; recordings that grow, pipes, standard input.
//! Out: one line when a copy begins and one when it has ended, within five seconds of its end.
//!
//! Invariants: one stream that fails does not touch the others; what was told as begun is told as ended, also at Ctrl-C.
//!
//! Not here: how copies are recognised (`quanlian_match::audio`), how files are followed ([`source`]).

mod source;

use std::{
    path::Path,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    time::{Duration, Instant},
};

use quanlian_match::{
    audio::{AudioError, PassageState, decode::decode_stream},
    collection::{Collection, Heard, MatchError, MatchOptions, Sound},
};
use quanlian_record::time::Timestamp;
use serde::Serialize;

use crate::{
    cli::Monitor as Arguments,
    command::{
        index,
        matching::{for_people, threshold, why_failed},
    },
    fault::{Fault, Outcome},
    interrupt,
    output::{Output, warn_about},
};

/// Streams followed at once: each takes two threads and some 10 MB.
const MAX_SOURCES: usize = 256;

/// Blocks of samples that wait for the search: a few seconds of sound.
const BLOCKS_WAITING: usize = 64;

/// When no sound has come for this long, what was going on is told as ended.
const PAUSE: Duration = Duration::from_secs(3);

/// How often a silent stream looks whether it should end.
const NAP: Duration = Duration::from_millis(200);

/// One line of the answer.
#[derive(Debug, Clone, Serialize)]
struct Line {
    /// When it was told, by the clock of this machine.
    told_at: Timestamp,
    #[serde(flatten)]
    heard: Heard,
}

/// What all streams share.
struct Monitoring<'a> {
    collection: &'a Collection,
    options: MatchOptions,
    output: &'a Output,
    stop: Arc<AtomicBool>,
    ended: Mutex<Vec<Line>>,
}

/// Runs `monitor`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let options = threshold(arguments.max_e_value)?;
    check(&arguments.sources)?;
    let collection = index::open(&arguments.index)?;
    let monitoring = Monitoring {
        collection: &collection,
        options,
        output,
        stop: interrupt::flag().map_err(Fault::System)?,
        ended: Mutex::default(),
    };
    let failures: Vec<MatchError> = std::thread::scope(|scope| {
        let streams: Vec<_> = arguments
            .sources
            .iter()
            .map(|source| scope.spawn(|| monitoring.follow(source, arguments.idle)))
            .collect();
        // A panic of one stream is a bug and ends the program, as it would anywhere else.
        let results = streams.into_iter().map(|stream| {
            stream
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        results.filter_map(Result::err).collect()
    });
    let ended = monitoring
        .ended
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if output.form == crate::output::Form::Json {
        output.document(&ended).map_err(Fault::System)?;
    }
    output.say(
        "monitor.summary",
        &[
            ("streams", arguments.sources.len()),
            ("passages", ended.len()),
            ("failed", failures.len()),
        ],
    );
    let all_failed = failures.len() == arguments.sources.len();
    match failures
        .into_iter()
        .find(|error| all_failed || error.is_about_the_index())
    {
        Some(error) if error.is_about_the_index() => Err(Fault::System(error.into())),
        Some(error) => Err(Fault::BadInput(error.into())),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Refuses what cannot be followed before anything is.
fn check(sources: &[std::path::PathBuf]) -> Result<(), Fault> {
    let refuse = |reason: String| Err(Fault::BadInput(anyhow::anyhow!(reason)));
    if sources.len() > MAX_SOURCES {
        return refuse(format!(
            "{} sources are more than the {MAX_SOURCES} that one run follows; start several",
            sources.len()
        ));
    }
    let mut known = std::collections::BTreeSet::new();
    for source in sources {
        if !known.insert(source) {
            return refuse(format!("{} is named twice", source.display()));
        }
        if source::is_stdin(source) {
            continue;
        }
        match std::fs::metadata(source) {
            Err(error) => {
                let error = anyhow::Error::new(error).context(format!("cannot read {}", source.display()));
                return Err(Fault::BadInput(error));
            }
            Ok(found) if found.is_dir() => {
                return refuse(format!(
                    "{} is a folder; name the recordings in it, or use `quanlian match`",
                    source.display()
                ));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

impl Monitoring<'_> {
    /// Follows one source to its end.
    fn follow(&self, source: &Path, idle: Duration) -> Result<(), MatchError> {
        let name = source.to_string_lossy().into_owned();
        self.output.say("monitor.source", &[("source", &name)]);
        let stop = Arc::new(AtomicBool::new(false));
        let result = self.hear(source, &name, idle, &stop);
        // The decoder may wait for bytes that never come; it ends with the next ones, or with the program.
        stop.store(true, Ordering::SeqCst);
        if let Err(error) = &result {
            warn_about(self.output, &name, &why_failed(self.output, error));
            if matches!(error, MatchError::Audio(_)) {
                self.output.say::<&str>("monitor.hint", &[]);
            }
        }
        result
    }

    fn hear(
        &self,
        source: &Path,
        name: &str,
        idle: Duration,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), MatchError> {
        let (blocks, heard) = sync_channel::<Vec<f32>>(BLOCKS_WAITING);
        let (path, halt) = (source.to_owned(), Arc::clone(stop));
        let decoder = std::thread::spawn(move || {
            let reader = source::open(&path, idle, Arc::clone(&halt)).map_err(AudioError::Open)?;
            let decoded = decode_stream(reader, &mut |samples| {
                if blocks.send(samples.to_vec()).is_err() {
                    halt.store(true, Ordering::SeqCst);
                }
            });
            decoded.map(|_| ())
        });
        let sounds = Sounds {
            blocks: heard,
            stop: &self.stop,
            last: Instant::now(),
            is_paused: true,
        };
        self.collection
            .monitor(name, &self.options, sounds, &mut |heard| self.tell(heard))?;
        if self.stop.load(Ordering::SeqCst) && !decoder.is_finished() {
            return Ok(());
        }
        match decoder.join() {
            Ok(result) => result.map_err(MatchError::Audio),
            Err(_) => Err(MatchError::Audio(AudioError::DecoderPanicked)),
        }
    }

    fn tell(&self, heard: Heard) {
        let line = Line {
            told_at: Timestamp::now(),
            heard,
        };
        // Plain data; writing it as JSON cannot fail.
        let _ = self.output.line(&line);
        let key = match line.heard.state {
            PassageState::Begun => "monitor.begun",
            PassageState::Ended => "monitor.ended",
        };
        let told = [
            ("passage", line.heard.passage.to_string()),
            ("time", line.told_at.to_string()),
            ("match", for_people(self.output, &line.heard.found)),
        ];
        self.output.text(&self.output.messages.get(key, &told));
        if line.heard.state == PassageState::Ended {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            let is_same = |other: &Line| {
                (other.heard.passage, &other.heard.found.suspect)
                    == (line.heard.passage, &line.heard.found.suspect)
            };
            // The last word on a passage stands.
            ended.retain(|other| !is_same(other));
            ended.push(line);
        }
    }
}

/// The blocks of a stream as they come, with a pause where none do.
struct Sounds<'a> {
    blocks: Receiver<Vec<f32>>,
    stop: &'a AtomicBool,
    last: Instant,
    is_paused: bool,
}

impl Iterator for Sounds<'_> {
    type Item = Sound;

    fn next(&mut self) -> Option<Sound> {
        while !self.stop.load(Ordering::SeqCst) {
            match self.blocks.recv_timeout(NAP) {
                Ok(samples) => {
                    (self.last, self.is_paused) = (Instant::now(), false);
                    return Some(Sound::Block(samples));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !self.is_paused && self.last.elapsed() >= PAUSE {
                        self.is_paused = true;
                        return Some(Sound::Pause);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}
