//! Opus packets, which symphonia takes out of their containers but does not decode.
//!
//! In:  the `OpusHead` of the stream and its packets. Out: 16 kHz mono samples.
//!
//! Opus runs at 16 kHz of its own accord, so no resampling follows.
//!
//! Not here: containers (symphonia).

use opus_decoder::{OpusDecoder, OpusMultistreamDecoder};

use super::decode::SAMPLE_RATE_HZ;

/// Container time stamps and the pre-skip of Opus count samples of 48 kHz (RFC 7845 §5.1).
const OPUS_CLOCK_HZ: u64 = 48_000;

/// A packet lasts 120 ms at most (RFC 6716 §3.2.5).
const MAX_PACKET_SAMPLES: usize = SAMPLE_RATE_HZ as usize * 120 / 1000;

/// The decoder of one Opus stream with the samples at its start that must not be heard.
pub(super) struct OpusStream {
    decoder: Decoder,
    channels: usize,
    pcm: Vec<f32>,
    samples_to_skip: usize,
}

enum Decoder {
    /// One or two channels, mixed down by the decoder itself.
    Mono(Box<OpusDecoder>),
    /// More channels, each written out.
    Multi(OpusMultistreamDecoder),
}

impl OpusStream {
    /// `None` when the head asks for a layout that does not exist.
    pub(super) fn new(head: Option<&[u8]>) -> Option<Self> {
        let head = head.filter(|bytes| bytes.len() >= 19 && bytes.starts_with(b"OpusHead"));
        let pre_skip = head.map_or(0, |bytes| u16::from_le_bytes([bytes[10], bytes[11]]));
        let channels = head.map_or(1, |bytes| usize::from(bytes[9]));
        let family = head.map_or(0, |bytes| bytes[18]);
        let (decoder, channels) = if family == 0 {
            (
                Decoder::Mono(Box::new(OpusDecoder::new(SAMPLE_RATE_HZ, 1).ok()?)),
                1,
            )
        } else {
            let tail = head?.get(19..)?;
            let (streams, coupled) = (usize::from(*tail.first()?), usize::from(*tail.get(1)?));
            let mapping = tail.get(2..2 + channels)?;
            let decoder =
                OpusMultistreamDecoder::new(SAMPLE_RATE_HZ, channels, streams, coupled, mapping).ok()?;
            (Decoder::Multi(decoder), channels)
        };
        Some(Self {
            decoder,
            channels,
            pcm: vec![0.0; MAX_PACKET_SAMPLES * channels],
            samples_to_skip: to_output_samples(u64::from(pre_skip)),
        })
    }

    /// The sound of one packet, without the last `trim_end` samples (counted at 48 kHz); `None` when it is damaged.
    pub(super) fn decode(&mut self, packet: &[u8], trim_end: u64) -> Option<&[f32]> {
        // An empty packet would ask the decoder to invent sound for a lost one.
        if packet.is_empty() {
            return None;
        }
        let samples = match &mut self.decoder {
            Decoder::Mono(decoder) => decoder.decode_float(packet, &mut self.pcm, false).ok()?,
            Decoder::Multi(decoder) => decoder.decode_float(packet, &mut self.pcm, false).ok()?,
        };
        if self.channels > 1 {
            let share = 1.0 / self.channels as f32;
            for index in 0..samples {
                let frame = &self.pcm[index * self.channels..(index + 1) * self.channels];
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
