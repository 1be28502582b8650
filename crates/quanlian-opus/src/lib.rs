//! Opus packets to samples: a safe shell around `unsafe-libopus`, the reference decoder in Rust.
//!
//! In:  Opus packets as a container delivers them. Out: interleaved samples at 16 kHz.
//!
//! The one safe decoder published so far takes 0.3 s for a second of sound, the reference less than 2 ms. This is a
//! machine translation of libopus 1.3.1 and as unsafe as the original, so its six calls live in a
//! crate of their own, and every precondition that they state is checked here.
//!
//! Not here: containers, mixing to mono, the pre-skip of a stream (`quanlian-match`).

use std::ptr::NonNull;

use unsafe_libopus::{
    OpusDecoder, OpusMSDecoder, opus_decode_float, opus_decoder_create, opus_decoder_destroy,
    opus_multistream_decode_float, opus_multistream_decoder_create, opus_multistream_decoder_destroy,
};

/// Samples per second of the output; Opus decodes to this rate of its own accord.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// The same, as the library wants it.
const RATE: i32 = SAMPLE_RATE_HZ.cast_signed();

/// Samples per channel in the longest packet: 120 ms (RFC 6716 §3.2.5).
pub const MAX_PACKET_SAMPLES: usize = 1_920;

/// Largest packet handed to the decoder; RFC 6716 §3.4 allows 48 frames of 1,275 bytes to a stream.
pub const MAX_PACKET_BYTES: usize = 1 << 20;

/// How the channels of a stream with more than two are coded (RFC 7845 §5.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// Number of streams in a packet.
    pub streams: u8,
    /// How many of them hold two channels.
    pub coupled: u8,
    /// For each output channel, the decoded channel that it takes; 255 is silence.
    pub mapping: &'a [u8],
}

/// The decoder of one stream of packets.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    channels: usize,
}

#[derive(Debug)]
enum State {
    Single(NonNull<OpusDecoder>),
    Multi(NonNull<OpusMSDecoder>),
}

#[expect(
    unsafe_code,
    reason = "the state is a plain heap block without ties to a thread"
)]
// SAFETY: the block is owned by this value alone, holds no thread-local handle, and is reached through `&mut` only.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder for one or two channels that mixes them to one.
    #[must_use]
    pub fn mono() -> Option<Self> {
        let mut error = 0;
        #[expect(unsafe_code, reason = "the library is unsafe throughout")]
        // SAFETY: 16,000 Hz and one channel are arguments that the function documents, `error` outlives the call.
        let state = unsafe { opus_decoder_create(RATE, 1, &raw mut error) };
        let state = NonNull::new(state).filter(|_| error == 0)?;
        Some(Self {
            state: State::Single(state),
            channels: 1,
        })
    }

    /// A decoder for many channels; `None` when the layout contradicts itself.
    #[must_use]
    pub fn multi(layout: Layout<'_>) -> Option<Self> {
        let width = i32::try_from(layout.mapping.len()).ok()?;
        let (streams, coupled) = (i32::from(layout.streams), i32::from(layout.coupled));
        let decoded = streams + coupled;
        let known = layout
            .mapping
            .iter()
            .all(|&slot| slot == 255 || i32::from(slot) < decoded);
        let channels = layout.mapping.len();
        if !(1..=255).contains(&channels) || streams < 1 || coupled > streams || decoded > 255 || !known {
            return None;
        }
        let mut error = 0;
        #[expect(unsafe_code, reason = "the library is unsafe throughout")]
        // SAFETY: the layout was checked above as the function demands; `mapping` has `channels` entries, which the
        // function copies; `error` outlives the call.
        let state = unsafe {
            opus_multistream_decoder_create(
                RATE,
                width,
                streams,
                coupled,
                layout.mapping.as_ptr(),
                &raw mut error,
            )
        };
        let state = NonNull::new(state).filter(|_| error == 0)?;
        Some(Self {
            state: State::Multi(state),
            channels,
        })
    }

    /// Channels in the output.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Decodes one packet into `output`, interleaved, and returns the number of samples per channel; `None` when the
    /// packet is damaged. `output` is made large enough.
    pub fn decode(&mut self, packet: &[u8], output: &mut Vec<f32>) -> Option<usize> {
        // An empty packet would ask the library to invent sound for a lost one.
        if packet.is_empty() || packet.len() > MAX_PACKET_BYTES {
            return None;
        }
        output.resize(MAX_PACKET_SAMPLES * self.channels, 0.0);
        let (bytes, length) = (packet.as_ptr(), i32::try_from(packet.len()).ok()?);
        let (pcm, room) = (output.as_mut_ptr(), i32::try_from(MAX_PACKET_SAMPLES).ok()?);
        let samples = match self.state {
            #[expect(unsafe_code, reason = "the library is unsafe throughout")]
            // SAFETY: the state comes from the matching `create` and is not yet destroyed; `bytes` is valid for
            // `length` bytes and `pcm` for `room` samples of every channel.
            State::Single(state) => unsafe { opus_decode_float(state.as_ptr(), bytes, length, pcm, room, 0) },
            #[expect(unsafe_code, reason = "the library is unsafe throughout")]
            // SAFETY: as above.
            State::Multi(state) => unsafe {
                opus_multistream_decode_float(state.as_ptr(), bytes, length, pcm, room, 0)
            },
        };
        usize::try_from(samples)
            .ok()
            .filter(|&samples| samples <= MAX_PACKET_SAMPLES)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        match self.state {
            #[expect(unsafe_code, reason = "the library is unsafe throughout")]
            // SAFETY: the state comes from the matching `create` and this is the only place that destroys it.
            State::Single(state) => unsafe { opus_decoder_destroy(state.as_ptr()) },
            #[expect(unsafe_code, reason = "the library is unsafe throughout")]
            // SAFETY: as above.
            State::Multi(state) => unsafe { opus_multistream_decoder_destroy(state.as_ptr()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of one 20 ms frame of wide-band silence, as encoders send between words (RFC 6716 §3.1: the first
    /// byte says mode, channels and frames).
    const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

    #[test]
    fn a_silent_packet_lasts_twenty_milliseconds() {
        let mut output = Vec::new();
        let mut decoder = Decoder::mono().expect("one channel");
        assert_eq!(decoder.decode(&SILENCE, &mut output), Some(320));
        assert!(output[..320].iter().all(|sample| sample.abs() < 1e-3));
    }

    #[test]
    fn damaged_packets_are_refused_and_the_next_one_decodes() {
        let mut output = Vec::new();
        let mut decoder = Decoder::mono().expect("one channel");
        assert_eq!(decoder.decode(&[], &mut output), None);
        assert_eq!(decoder.decode(&[0xff, 0xff], &mut output), None);
        assert_eq!(decoder.decode(&SILENCE, &mut output), Some(320));
    }

    #[test]
    fn bytes_of_any_kind_are_survived() {
        let mut decoder = Decoder::mono().expect("one channel");
        let mut multi = Decoder::multi(Layout {
            streams: 2,
            coupled: 1,
            mapping: &[0, 1, 2],
        })
        .expect("layout");
        let (mut output, mut seed) = (Vec::new(), 7_u32);
        for length in 0..400_usize {
            let packet: Vec<u8> = (0..length % 97)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            decoder.decode(&packet, &mut output);
            multi.decode(&packet, &mut output);
        }
        assert_eq!(decoder.decode(&SILENCE, &mut output), Some(320));
    }

    #[test]
    fn impossible_layouts_are_refused() {
        assert!(
            Decoder::multi(Layout {
                streams: 0,
                coupled: 0,
                mapping: &[0]
            })
            .is_none()
        );
        assert!(
            Decoder::multi(Layout {
                streams: 1,
                coupled: 2,
                mapping: &[0]
            })
            .is_none()
        );
        assert!(
            Decoder::multi(Layout {
                streams: 1,
                coupled: 0,
                mapping: &[1]
            })
            .is_none()
        );
        assert!(
            Decoder::multi(Layout {
                streams: 1,
                coupled: 0,
                mapping: &[]
            })
            .is_none()
        );
    }
}
