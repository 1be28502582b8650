//! Headers: the track of moving pictures as the header of a file tells it, without starting a program.
//!
//! In:  an open file and the [`Container`] that its first bytes name.
//! Out: the [`FilmTrack`], where the header leaves no doubt: an MP4 or Matroska file whose first track of pictures is coded
//!      in a way that covers and thumbnails are not. Otherwise `None`, and ffprobe has to say.
//!
//! Starting a program costs more than decoding a clip of five seconds, which is why this is worth its lines.
//!
//! Invariants: at most [`MAX_HEADER_BYTES`] are read; a panic inside the third-party reader is as good as no answer.
//!
//! Not here: what is refused (`probe` judges both answers alike).

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::video::{VideoCodecId, well_known};
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::formats::{IsoMp4Reader, MkvReader};

use super::probe::Container;

/// The tables of a film of twelve hours have some 20 MB; a header beyond this is left to ffprobe.
const MAX_HEADER_BYTES: u64 = 64 << 20;
/// How films are coded, and covers and thumbnails are not.
const FILM_CODECS: [VideoCodecId; 8] = [
    well_known::CODEC_ID_H264,
    well_known::CODEC_ID_HEVC,
    well_known::CODEC_ID_AV1,
    well_known::CODEC_ID_VP8,
    well_known::CODEC_ID_VP9,
    well_known::CODEC_ID_MPEG1,
    well_known::CODEC_ID_MPEG2,
    well_known::CODEC_ID_MPEG4,
];

/// Width and height of the pictures of the film in `source`, where its header leaves no doubt that it is one.
pub(super) fn film_size<S>(source: S, container: Container) -> Option<[u32; 2]>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let mut probe = Probe::new();
    match container {
        Container::Mp4 => probe.register_format::<IsoMp4Reader<'_>>(),
        Container::Matroska => probe.register_format::<MkvReader<'_>>(),
        _ => return None,
    }
    let bounded = Bounded {
        source,
        left: MAX_HEADER_BYTES,
    };
    // Nothing of ours is shared with the reader, so nothing is left half-changed by a panic.
    catch_unwind(AssertUnwindSafe(|| read(&probe, bounded))).ok()?
}

fn read<S: MediaSource + 'static>(probe: &Probe, source: S) -> Option<[u32; 2]> {
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let reader = probe
        .probe(
            &Hint::new(),
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .ok()?;
    let Some(CodecParameters::Video(film)) = &reader.first_track(TrackType::Video)?.codec_params else {
        return None;
    };
    let (width, height) = (film.width?, film.height?);
    let is_film = FILM_CODECS.contains(&film.codec) && width > 0 && height > 0;
    is_film.then_some([width, height].map(u32::from))
}

/// A source that fails once so much was read from it.
struct Bounded<S> {
    source: S,
    left: u64,
}

impl<S: Read> Read for Bounded<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the header is too long"));
        }
        let wanted = (buffer.len() as u64).min(self.left) as usize;
        let n = self.source.read(&mut buffer[..wanted])?;
        self.left -= n as u64;
        Ok(n)
    }
}

impl<S: Seek> Seek for Bounded<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Bounded<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// A box of an MP4 file.
    fn boxed(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend(name);
        out.extend(content);
        out
    }

    /// An MP4 file with one track of pictures of this size, coded as `entry` says, and nothing in it.
    fn film(entry: [u8; 4], configuration: &[u8], width: u16, height: u16) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let sample = boxed(
            entry,
            &[
                &[0; 6],
                &[0, 1],
                &[0; 16],
                &size,
                &[0, 72, 0, 0, 0, 72, 0, 0],
                &[0; 4],
                &[0, 1],
                &[0; 32],
                &[0, 24, 255, 255],
                configuration,
            ],
        );
        let table = |name: [u8; 4], bytes: usize| boxed(name, &[&vec![0; bytes]]);
        let samples = boxed(
            *b"stbl",
            &[
                &boxed(*b"stsd", &[&[0; 4], &[0, 0, 0, 1], &sample]),
                &table(*b"stts", 8),
                &table(*b"stsc", 8),
                &table(*b"stsz", 12),
                &table(*b"stco", 8),
            ],
        );
        let header = boxed(
            *b"mdhd",
            &[&[0; 12], &[0, 0, 3, 232], &[0; 4], &[0x55, 0xc4, 0, 0]],
        );
        let handler = boxed(*b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
        let information = boxed(*b"minf", &[&table(*b"vmhd", 12), &samples]);
        let track = boxed(
            *b"trak",
            &[
                &boxed(*b"tkhd", &[&[0, 0, 0, 7], &[0; 8], &[0, 0, 0, 1], &[0; 68]]),
                &boxed(*b"mdia", &[&header, &handler, &information]),
            ],
        );
        let movie = boxed(*b"mvhd", &[&[0; 12], &[0, 0, 3, 232], &[0; 80]]);
        [
            boxed(*b"ftyp", &[b"isom", &[0; 4]]),
            boxed(*b"moov", &[&movie, &track]),
            boxed(*b"mdat", &[]),
        ]
        .concat()
    }

    fn h264() -> Vec<u8> {
        boxed(*b"avcC", &[&[1, 66, 0, 30, 0xff, 0xe0, 0]])
    }

    #[test]
    fn a_film_is_told_from_its_header_and_a_cover_is_left_to_ffprobe() {
        let of = |bytes: Vec<u8>, container| film_size(Cursor::new(bytes), container);
        assert_eq!(
            of(film(*b"avc1", &h264(), 640, 360), Container::Mp4),
            Some([640, 360])
        );
        assert_eq!(of(film(*b"avc1", &h264(), 0, 360), Container::Mp4), None);
        assert_eq!(of(film(*b"jpeg", &[], 640, 360), Container::Mp4), None);
        assert_eq!(of(film(*b"avc1", &h264(), 640, 360), Container::Avi), None);
        assert_eq!(of(film(*b"avc1", &h264(), 640, 360), Container::Matroska), None);
        assert_eq!(of(Vec::new(), Container::Mp4), None);
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let mut source = Bounded {
            source: io::repeat(7),
            left: 100,
        };
        let mut out = Vec::new();
        assert!(source.read_to_end(&mut out).is_err());
        assert_eq!(out.len(), 100);
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_read_or_left(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut damaged = film(*b"avc1", &h264(), 640, 360);
            for (at, value) in changes {
                let at = at.index(damaged.len());
                damaged[at] = value;
            }
            for container in [Container::Mp4, Container::Matroska] {
                film_size(Cursor::new(bytes.clone()), container);
                film_size(Cursor::new([&[0x1a, 0x45, 0xdf, 0xa3], &bytes[..]].concat()), container);
                film_size(Cursor::new(damaged[..=cut.index(damaged.len())].to_vec()), container);
                film_size(Cursor::new(damaged.clone()), container);
            }
        }
    }
}
