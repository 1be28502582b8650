//! Decoding: any sound file, told by its content, to blocks of 16 kHz mono samples.
//!
//! In:  a byte source and a sink for blocks of samples.
//! Out: the blocks in order, then a [`Decoded`] with the length and what went wrong on the way.
//!
//! Invariants: memory does not grow with the length of the file; a damaged packet is skipped and counted, never
//! fatal; a panic inside a third-party decoder becomes [`AudioError::DecoderPanicked`].
//!
//! Not here: Opus packets ([`super::opus`]), change of sample rate ([`super::resample`]).

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known};
use symphonia::core::errors::Error as MediaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use super::opus::OpusStream;
use super::resample::Resampler;
use super::{AudioError, AudioNote};

/// Samples per second of every block that leaves this module.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// The longest stretch of one file that is read; the rest is left out and noted.
pub const MAX_DURATION_MS: u64 = 12 * 60 * 60 * 1000;

/// After this many packets in a row that cannot be decoded the rest of the file is given up.
const MAX_BAD_PACKETS_IN_A_ROW: u32 = 20_000;

/// Sample rates outside this range are refused: nothing that people listen to uses them.
const SUPPORTED_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=400_000;

/// More channels than this are refused: the largest layouts in use have 24.
const MAX_CHANNELS: usize = 64;

/// Samples louder than this are taken for broken float data and cut off.
const MAX_LEVEL: f32 = 8.0;

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Length of the sound handed to the sink.
    pub duration_ms: u64,
    /// What was skipped or cut, in the order of [`AudioNote`].
    pub notes: Vec<AudioNote>,
}

/// Decodes the first sound track of the file at `path` into `sink`, block by block.
pub fn decode_file(path: &Path, sink: &mut dyn FnMut(&[f32])) -> Result<Decoded, AudioError> {
    decode_file_while(path, &|| true, sink)
}

/// The same as long as `goes_on` says so; what is decoded when it says no is noted as cut short.
pub fn decode_file_while(
    path: &Path,
    goes_on: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<Decoded, AudioError> {
    let file = File::open(path).map_err(AudioError::Open)?;
    let metadata = file.metadata().map_err(AudioError::Open)?;
    if metadata.is_dir() {
        return Err(AudioError::Open(ErrorKind::IsADirectory.into()));
    }
    if metadata.len() == 0 {
        return Err(AudioError::Empty);
    }
    guarded(Box::new(file), MAX_DURATION_MS, goes_on, sink)
}

/// Decodes the first sound track of `source` into `sink`, block by block.
pub fn decode(source: Box<dyn MediaSource>, sink: &mut dyn FnMut(&[f32])) -> Result<Decoded, AudioError> {
    guarded(source, MAX_DURATION_MS, &|| true, sink)
}

/// Decodes the first sound track of what `reader` brings, however long that is, into `sink`, block by block.
///
/// The formats are those that can be read from the front: wav, flac, mp3, ogg, mkv, adts, fragmented mp4.
pub fn decode_stream(
    reader: impl Read + Send + Sync + 'static,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<Decoded, AudioError> {
    guarded(Box::new(ReadOnlySource::new(reader)), u64::MAX, &|| true, sink)
}

fn guarded(
    source: Box<dyn MediaSource>,
    limit_ms: u64,
    goes_on: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<Decoded, AudioError> {
    // Nothing of ours is shared with the decoders, so nothing is left half-changed by a panic.
    catch_unwind(AssertUnwindSafe(|| {
        decode_unguarded(source, limit_ms, goes_on, sink)
    }))
    .unwrap_or(Err(AudioError::DecoderPanicked))
}

fn decode_unguarded(
    source: Box<dyn MediaSource>,
    limit_ms: u64,
    goes_on: &dyn Fn() -> bool,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<Decoded, AudioError> {
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut reader = symphonia::default::get_probe()
        .probe(
            &Hint::new(),
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(refused_by_probe)?;
    let (mut track_id, mut codec) = open_track(reader.as_ref())?;
    let mut output = Output::new(limit_ms, sink);
    let mut faults = Faults::default();

    while !output.is_full() {
        if !goes_on() {
            faults.cut_short = true;
            break;
        }
        let mut packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(MediaError::ResetRequired) => {
                // A chained stream: the next piece may have another rate and another codec.
                let Ok(next) = open_track(reader.as_ref()) else {
                    break;
                };
                (track_id, codec) = next;
                continue;
            }
            // A cut file ends in the middle of a packet; what came before it is whole.
            Err(_) => {
                faults.cut_short = true;
                break;
            }
        };
        if packet.track_id != track_id {
            continue;
        }
        // Sound behind the end that the header declares is sound: a file that is still being written declares none.
        if packet.trim_end >= packet.dur {
            packet.trim_end = Duration::ZERO;
        }
        if codec.decode(&packet, &mut output)? {
            faults.in_a_row = 0;
        } else {
            faults.bad_packets += 1;
            faults.in_a_row += 1;
            if faults.in_a_row >= MAX_BAD_PACKETS_IN_A_ROW {
                faults.cut_short = true;
                break;
            }
        }
    }
    output.finish(&faults)
}

fn refused_by_probe(error: MediaError) -> AudioError {
    match error {
        MediaError::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => AudioError::Open(source),
        MediaError::DecodeError(problem) => AudioError::BadHeader { problem },
        MediaError::Unsupported(feature) if !feature.contains("probe") => AudioError::Unsupported { feature },
        _ => AudioError::NotAudio,
    }
}

/// The sound track that a player would choose, and the decoder for it.
fn open_track(reader: &dyn FormatReader) -> Result<(u32, Codec), AudioError> {
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or(AudioError::NoSoundTrack)?;
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(AudioError::NoSoundTrack);
    };
    Ok((track.id, Codec::new(parameters)?))
}

/// A decoder for one track, ours for Opus and symphonia's for all else.
enum Codec {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusStream>),
}

impl Codec {
    fn new(parameters: &AudioCodecParameters) -> Result<Self, AudioError> {
        if parameters.codec == well_known::CODEC_ID_OPUS {
            return OpusStream::new(parameters.extra_data.as_deref())
                .map(|stream| Self::Opus(Box::new(stream)))
                .ok_or(AudioError::Unsupported {
                    feature: "opus channel layout",
                });
        }
        symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map(Self::Symphonia)
            .map_err(|error| match error {
                MediaError::Unsupported(feature) => AudioError::Unsupported { feature },
                _ => AudioError::NotAudio,
            })
    }

    /// Hands the sound of one packet to `output`; `false` when the packet is damaged.
    fn decode(&mut self, packet: &Packet, output: &mut Output<'_>) -> Result<bool, AudioError> {
        match self {
            Self::Symphonia(decoder) => {
                if let Ok(buffer) = decoder.decode(packet) {
                    return output.push(&buffer).map(|()| true);
                }
                decoder.reset();
                Ok(false)
            }
            Self::Opus(stream) => match stream.decode(&packet.data, packet.trim_end.get()) {
                Some(mono) => output.push_mono(mono, SAMPLE_RATE_HZ).map(|()| true),
                None => Ok(false),
            },
        }
    }
}

#[derive(Default)]
struct Faults {
    bad_packets: u64,
    in_a_row: u32,
    cut_short: bool,
}

/// Mixes to mono, changes the rate, and counts what has gone out.
struct Output<'a> {
    limit_ms: u64,
    sink: &'a mut dyn FnMut(&[f32]),
    resampler: Option<Resampler>,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    resampled: Vec<f32>,
    samples_out: u64,
}

impl<'a> Output<'a> {
    fn new(limit_ms: u64, sink: &'a mut dyn FnMut(&[f32])) -> Self {
        Self {
            limit_ms,
            sink,
            resampler: None,
            interleaved: Vec::new(),
            mono: Vec::new(),
            resampled: Vec::new(),
            samples_out: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.duration_ms() >= self.limit_ms
    }

    fn duration_ms(&self) -> u64 {
        self.samples_out * 1000 / u64::from(SAMPLE_RATE_HZ)
    }

    fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), AudioError> {
        let (channels, rate_hz) = (buffer.num_planes(), buffer.spec().rate());
        if buffer.frames() == 0 {
            return Ok(());
        }
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(AudioError::Unsupported {
                feature: "number of channels",
            });
        }
        self.interleaved.clear();
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        let mut mono = std::mem::take(&mut self.mono);
        mono.clear();
        match channels {
            1 => mono.extend_from_slice(&self.interleaved),
            2 => mono.extend(
                self.interleaved
                    .chunks_exact(2)
                    .map(|frame| 0.5 * (frame[0] + frame[1])),
            ),
            _ => {
                let share = 1.0 / channels as f32;
                mono.extend(
                    self.interleaved
                        .chunks_exact(channels)
                        .map(|f| f.iter().sum::<f32>() * share),
                );
            }
        }
        let result = self.push_mono(&mono, rate_hz);
        self.mono = mono;
        result
    }

    fn push_mono(&mut self, mono: &[f32], rate_hz: u32) -> Result<(), AudioError> {
        if !SUPPORTED_RATES_HZ.contains(&rate_hz) {
            return Err(AudioError::SampleRate { rate_hz });
        }
        if self
            .resampler
            .as_ref()
            .is_none_or(|resampler| resampler.input_rate_hz() != rate_hz)
        {
            self.drain();
            self.resampler = Some(Resampler::new(rate_hz, SAMPLE_RATE_HZ));
        }
        if let Some(resampler) = &mut self.resampler {
            self.resampled.clear();
            resampler.push(mono, &mut self.resampled);
            self.emit();
        }
        Ok(())
    }

    fn drain(&mut self) {
        if let Some(mut resampler) = self.resampler.take() {
            self.resampled.clear();
            resampler.finish(&mut self.resampled);
            self.emit();
        }
    }

    fn emit(&mut self) {
        for sample in &mut self.resampled {
            // Broken float files hold infinities; one of them would poison every later frame.
            *sample = if sample.is_finite() {
                sample.clamp(-MAX_LEVEL, MAX_LEVEL)
            } else {
                0.0
            };
        }
        if !self.resampled.is_empty() {
            self.samples_out += self.resampled.len() as u64;
            (self.sink)(&self.resampled);
        }
    }

    fn finish(mut self, faults: &Faults) -> Result<Decoded, AudioError> {
        let full = self.is_full();
        self.drain();
        if self.samples_out == 0 {
            return Err(if faults.bad_packets > 0 {
                AudioError::Damaged
            } else {
                AudioError::Empty
            });
        }
        let mut notes = Vec::new();
        if faults.bad_packets > 0 {
            notes.push(AudioNote::BadPackets {
                count: faults.bad_packets,
            });
        }
        if faults.cut_short {
            notes.push(AudioNote::CutShort);
        }
        if full {
            notes.push(AudioNote::DurationLimit {
                limit_ms: self.limit_ms,
            });
        }
        Ok(Decoded {
            duration_ms: self.duration_ms(),
            notes,
        })
    }
}
