//! Monitoring: a stream of sound against the whole index.
//!
//! In:  blocks of samples as they come.
//! Out: a [`Heard`] when a copy begins and when it has ended.
//!
//! Not here: how passages are found ([`crate::audio::Monitor`]), where the samples come from (the caller).

use serde::Serialize;

use super::Collection;
use super::query::{MatchError, MatchOptions, sound_match};
use super::sound::SoundIndex;
use crate::audio::{Monitor, Passage, PassageState, SearchOptions};
use crate::{Match, Medium};

/// What comes from a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Sound {
    /// Samples at [`crate::audio::SAMPLE_RATE_HZ`], one channel.
    Block(Vec<f32>),
    /// Nothing has come for a while: what was going on has ended.
    Pause,
}

/// A passage of a stream that is a copy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heard {
    /// Counted from 1 in each stream.
    pub passage: u64,
    /// Whether it goes on.
    pub state: PassageState,
    /// How much of the stream had been heard by then, in ms.
    pub heard_ms: u64,
    /// What it is a copy of; its E-value counts false alarms an hour.
    #[serde(flatten)]
    pub found: Match,
}

impl Collection {
    /// Follows one stream to its end, telling what is heard soon after it ends.
    ///
    /// Fails when the index is damaged; what was told before stands.
    pub fn monitor(
        &self,
        stream: &str,
        options: &MatchOptions,
        sounds: impl IntoIterator<Item = Sound>,
        tell: &mut dyn FnMut(Heard),
    ) -> Result<(), MatchError> {
        let index = SoundIndex::new(&self.parts);
        let options = SearchOptions {
            max_e_value: self.built_in_limit(Medium::Audio, options),
        };
        let mut monitor = Monitor::new(&index, options);
        let mut tell = |passage: Passage| {
            if let Some(mut found) = sound_match(&index, stream, passage.found) {
                found.e_value = self.judge.e_value(Medium::Audio, found.score_bits);
                found.null_model = Some(self.judge.describe(Medium::Audio));
                tell(Heard {
                    passage: passage.number,
                    state: passage.state,
                    heard_ms: passage.heard_ms,
                    found,
                });
            }
        };
        for sound in sounds {
            match sound {
                Sound::Block(samples) => monitor.push(&samples, &mut tell),
                Sound::Pause => monitor.pause(&mut tell),
            }
            index.check_read().map_err(MatchError::Index)?;
        }
        monitor.finish(&mut tell);
        index.check_read().map_err(MatchError::Index)
    }
}
