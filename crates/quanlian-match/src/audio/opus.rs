//! Opus packets, which symphonia takes out of their containers but does not decode.
//!
//! In:  the `OpusHead` of the stream and its packets. Out: 16 kHz mono samples.
//!
//! Opus runs at 16 kHz of its own accord, so no resampling follows.
//!
//! Not here: the codec itself (`quanlian-opus`), containers (symphonia).

use quanlian_opus::{Decoder, Layout};

use super::decode::SAMPLE_RATE_HZ;

/// Container time stamps and the pre-skip of Opus count samples of 48 kHz (RFC 7845 §5.1).
const OPUS_CLOCK_HZ: u64 = 48_000;

const _: () = assert!(
    quanlian_opus::SAMPLE_RATE_HZ == SAMPLE_RATE_HZ,
    "Opus sound is not resampled"
);

/// The decoder of one Opus stream with the samples at its start that must not be heard.
pub(super) struct OpusStream {
    decoder: Decoder,
    pcm: Vec<f32>,
    samples_to_skip: usize,
}

impl OpusStream {
    /// `None` when the head asks for a layout that does not exist.
    pub(super) fn new(head: Option<&[u8]>) -> Option<Self> {
        let head = head.filter(|bytes| bytes.len() >= 19 && bytes.starts_with(b"OpusHead"));
        let pre_skip = head.map_or(0, |bytes| u16::from_le_bytes([bytes[10], bytes[11]]));
        let decoder = match head {
            Some(head) if head[18] != 0 => {
                let (streams, coupled) = (*head.get(19)?, *head.get(20)?);
                let mapping = head.get(21..21 + usize::from(head[9]))?;
                Decoder::multi(Layout {
                    streams,
                    coupled,
                    mapping,
                })?
            }
            _ => Decoder::mono()?,
        };
        Some(Self {
            decoder,
            pcm: Vec::new(),
            samples_to_skip: to_output_samples(u64::from(pre_skip)),
        })
    }

    /// The sound of one packet, without its last `trim_end` samples (counted at 48 kHz); `None` when it is damaged.
    pub(super) fn decode(&mut self, packet: &[u8], trim_end: u64) -> Option<&[f32]> {
        let samples = self.decoder.decode(packet, &mut self.pcm)?;
        let channels = self.decoder.channels();
        if channels > 1 {
            let share = 1.0 / channels as f32;
            for index in 0..samples {
                let frame = &self.pcm[index * channels..(index + 1) * channels];
                self.pcm[index] = frame.iter().sum::<f32>() * share;
            }
        }
        let start = self.samples_to_skip.min(samples);
        self.samples_to_skip -= start;
        let end = samples.saturating_sub(to_output_samples(trim_end)).max(start);
        Some(&self.pcm[start..end])
    }
}

fn to_output_samples(opus_clock: u64) -> usize {
    usize::try_from(opus_clock.saturating_mul(u64::from(SAMPLE_RATE_HZ)) / OPUS_CLOCK_HZ)
        .unwrap_or(usize::MAX)
}
