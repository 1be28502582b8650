//! Files that lie.
//!
//! In:  sizes beyond the file, boxes inside boxes, bombs, entities, random bytes.
//! Out: an answer in bounded time and memory that says what was not read.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    time::{Duration, Instant},
};

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_provenance::{AiLabelState, Completeness, MAX_CLAIMS, MAX_PROBLEMS};

use crate::{
    LABEL,
    make::{
        exif, flac, id3, id3_frame, join, jpeg, jpeg_segment, mp4, mp4_box, png, png_chunk, riff, riff_chunk,
        xmp, zlib,
    },
    read, shown,
};

fn check(bytes: &[u8], expected: &Expect) {
    expected.assert_eq(&shown(bytes));
}

#[test]
fn sizes_beyond_the_file_are_named() {
    let huge = join(&[&0x7fff_ffff_u32.to_be_bytes(), b"tEXtAIGC\0x"]);
    check(
        &join(&[b"\x89PNG\r\n\x1a\n", &huge]),
        &expect![[r"
        png partly ai=not_found_partly c2pa=not_found_partly
        ! size_lies png @8 2147483647
        ! too_large png/tEXt @8 2097152
        ! truncated png @2147483667 "]],
    );
    check(
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtAIGC\0x",
        &expect![[r"
        png partly ai=not_found_partly c2pa=not_found_partly
        ! malformed png @8 4294967295"]],
    );
    check(
        &join(&[b"\xff\xd8", b"\xff\xe1\xff\xffExif\0\0"]),
        &expect![[r"
        jpeg partly ai=not_found_partly c2pa=not_found_partly
        ! truncated jpeg @2 65535
        ! malformed jpeg/APP1 @6 Exif
        ! truncated jpeg @65539 "]],
    );
    check(
        b"\0\0\0\x10ftypisom\0\0\0\0\xff\xff\xff\xfemoov\0\0\0\x01udta\xff\xff\xff\xff\xff\xff\xff\xff",
        &expect![[r"
        mp4 partly ai=not_found_partly c2pa=not_found_partly
        ! size_lies mp4 @16 4294967294
        ! size_lies mp4/moov @24 18446744073709551615"]],
    );
    check(
        b"RIFF\xfe\xff\xff\xffWAVEAIGC\xfe\xff\xff\xff{}",
        &expect![[r"
        wav partly ai=unreadable c2pa=not_found_partly
        ai_label wav @12 AIGC={}
        ! size_lies wav @0 4294967294
        ! size_lies wav @12 4294967294
        ! field_missing wav @12 Label
        ! field_missing wav @12 ContentProducer
        ! field_missing wav @12 ProduceID"]],
    );
    check(
        b"ID3\x04\0\0\x7f\x7f\x7f\x7fTXXX\x7f\x7f\x7f\x7f\0\0\0AIGC\0{}",
        &expect![[r"
        mp3 partly ai=unreadable c2pa=not_found_partly
        ai_label mp3/id3v2.4 @10 TXXX:AIGC={}
        ! size_lies mp3/id3v2.4 @0 268435455
        ! size_lies mp3/id3v2.4 @10 268435455
        ! field_missing mp3/id3v2.4 @10 Label
        ! field_missing mp3/id3v2.4 @10 ContentProducer
        ! field_missing mp3/id3v2.4 @10 ProduceID"]],
    );
    check(
        b"fLaC\x84\xff\xff\xff\xff\xff\xff\xff",
        &expect![[r"
        flac partly ai=not_found_partly c2pa=not_found_partly
        ! size_lies flac @4 16777215
        ! size_lies flac/VORBIS_COMMENT @8 4294967295"]],
    );
    check(
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x08\xff\xff\xff\xff\xff\xff\xff",
        &expect![[r"
        matroska partly ai=not_found_partly c2pa=not_found_partly
        ! size_lies matroska @5 4294967295"]],
    );
}

#[test]
fn boxes_inside_boxes_end_at_a_depth() {
    let mut inner = mp4_box(b"udta", b"");
    for _ in 0..100 {
        inner = mp4_box(b"moov", &inner);
    }
    check(
        &join(&[&mp4_box(b"ftyp", b"isom\0\0\0\0"), &inner]),
        &expect![[r"
        mp4 partly ai=not_found_partly c2pa=not_found_partly
        ! too_deep mp4/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov/moov @152 16"]],
    );
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = zlib(&vec![b' '; 50 << 20]);
    let bomb = png_chunk(b"iTXt", &join(&[b"XML:com.adobe.xmp\0\x01\0\0\0", &bomb]));
    check(
        &png(&[bomb]),
        &expect![[r"
        png partly ai=not_found_partly c2pa=not_found_partly
        ! decompression_bomb png/iTXt @33 "]],
    );
    let broken = png_chunk(b"zTXt", b"AIGC\0\0not zlib");
    check(
        &png(&[broken]),
        &expect![[r"
        png partly ai=not_found_partly c2pa=not_found_partly
        ! decompression_failed png/zTXt @33 "]],
    );
}

/// What is small in the file and costs much is paid from one budget: these would take hours else.
#[test]
fn a_thousand_costly_parts_are_not_all_paid_for() {
    let bomb = png_chunk(b"zTXt", &join(&[b"k\0\0", &zlib(&vec![b' '; 2 << 20])]));
    let provenance = read(&png(&vec![bomb; 1000]));
    assert_eq!(provenance.problem_counts()["decompression_bomb"], MAX_PROBLEMS);
    assert_eq!(provenance.claims.len(), 32);
    // Each entry points to the same numbers of another directory.
    let mut block = b"II*\0\x08\0\0\0\x10\x27".to_vec();
    for _ in 0..10_000 {
        block.extend(b"\x69\x87\x04\0\0\x70\0\0\x08\0\0\0");
    }
    let started = Instant::now();
    let provenance = read(&png(&vec![png_chunk(b"eXIf", &block); 100]));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(provenance.problem_counts()["too_many"], 100);
    let packet = xmp(&"<a/>".repeat(1000));
    let packets: Vec<u8> = (0..1000).flat_map(|_| riff_chunk(b"XMP ", &packet)).collect();
    assert_eq!(
        read(&riff(b"WEBP", &[packets])).problem_counts()["too_many"],
        MAX_PROBLEMS
    );
    let tags: Vec<u8> = (0..100_000)
        .flat_map(|_| riff_chunk(b"id3 ", b"ID3\x03\0\x80\0\x7f\x7f\x7f"))
        .collect();
    assert_eq!(
        read(&riff(b"WAVE", &[tags])).problem_counts()["size_lies"],
        MAX_PROBLEMS
    );
}

#[test]
fn entities_stay_what_they_are() {
    let packet = join(&[
        br#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>"#,
        &xmp("<TC260:AIGC>&b;</TC260:AIGC>"),
    ]);
    let segment = jpeg_segment(0xe1, &join(&[b"http://ns.adobe.com/xap/1.0/\0", &packet]));
    check(
        &jpeg(&[segment]),
        &expect![[r"
        jpeg partly ai=not_found_partly c2pa=not_found_partly
        ! xml_dtd jpeg/APP1 @35 "]],
    );
}

#[test]
fn a_changed_chunk_is_seen_by_its_checksum() {
    let mut chunk = png_chunk(b"tEXt", b"Author\0Li");
    chunk[16] ^= 1;
    check(
        &png(&[chunk]),
        &expect![[r"
        png whole ai=not_found c2pa=not_found
        tag png/tEXt @33 Author=Lh
        ! checksum png/tEXt @33 "]],
    );
}

#[test]
fn a_label_after_two_thousand_tags_is_still_seen() {
    let mut chunks = vec![0_u8; 0];
    let one = png_chunk(b"tEXt", b"k\0v");
    for _ in 0..2000 {
        chunks.extend(&one);
    }
    chunks.extend(png_chunk(b"tEXt", &join(&[b"AIGC\0", LABEL.as_bytes()])));
    let provenance = read(&png(&[chunks]));
    assert_eq!(provenance.ai_label, AiLabelState::Generated);
    assert_eq!(provenance.claims.len(), MAX_CLAIMS + 1);
    assert_eq!(provenance.completeness, Completeness::Partly);
}

/// Four gigabytes of zeros behind a head, without holding them.
struct Endless {
    head: Vec<u8>,
    at: u64,
    read_bytes: u64,
}

const ENDLESS_BYTES: u64 = 4 << 30;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = ENDLESS_BYTES.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        for (i, byte) in buffer[..left].iter_mut().enumerate() {
            *byte = self.head.get(self.at as usize + i).copied().unwrap_or(0);
        }
        self.at += left as u64;
        self.read_bytes += left as u64;
        Ok(left)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => ENDLESS_BYTES.saturating_add_signed(by),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn four_gigabytes_are_stepped_over_and_not_read() {
    let heads = [
        b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffiTXtAIGC\0\0\0\0\0".to_vec(),
        b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\0\0\0\x01\0\0\0\0".to_vec(),
        b"RIFF\xff\xff\xff\xffWAVEAIGC\xff\xff\xff\xff".to_vec(),
        b"ID3\x04\0\0\x7f\x7f\x7f\x7fTXXX\x7f\x7f\x7f\x7f\0\0\0AIGC\0".to_vec(),
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\0\0\0\xff\xff\xff\xff\x12\x54\xc3\x67\x01\0\0\0\xff\xff\xff\xff".to_vec(),
        b"fLaC\x04\xff\xff\xff\xff\xff\xff\x7f".to_vec(),
        b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff".to_vec(),
    ];
    for head in heads {
        let mut file = Endless {
            head: head.clone(),
            at: 0,
            read_bytes: 0,
        };
        let provenance = quanlian_provenance::read(&mut file).expect("it reads");
        assert!(file.read_bytes < 40 << 20, "{head:?}: {} bytes", file.read_bytes);
        assert_ne!(provenance.ai_label, AiLabelState::NotFound, "{head:?}");
    }
}

#[test]
fn an_error_of_the_disk_is_an_error_and_no_answer() {
    struct Broken(Cursor<Vec<u8>>);
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let error = quanlian_provenance::read(&mut Broken(Cursor::new(vec![1; 9]))).unwrap_err();
    assert_eq!(error.code(), "provenance_unreadable");
}

fn samples() -> Vec<Vec<u8>> {
    let packet = xmp("<TC260:AIGC>{}</TC260:AIGC>");
    vec![
        png(&[png_chunk(b"iTXt", &join(&[b"XML:com.adobe.xmp\0\0\0\0\0", &packet]))]),
        jpeg(&[
            jpeg_segment(0xe1, &join(&[b"Exif\0\0", &exif(0x0131, b"Painter\0")])),
            jpeg_segment(0xe1, &join(&[b"http://ns.adobe.com/xap/1.0/\0", &packet])),
        ]),
        mp4("AIGC", LABEL),
        id3(&[id3_frame(b"TXXX", &join(&[b"\0AIGC\0", LABEL.as_bytes()]))]),
        flac(&["A=b", "AIGC={}"]),
        riff(b"WAVE", &[riff_chunk(b"LIST", &join(&[b"INFO", &riff_chunk(b"AIGC", b"{}")]))]),
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x90\x12\x54\xc3\x67\x8b\x73\x73\x88\x67\xc8\x85\x45\xa3\x82AI".to_vec(),
        b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x08OpusHeadOggS\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x10OpusTags\0\0\0\0\0\0\0\0".to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("QUANLIAN_LONG").is_some() { 20_000 } else { 600 }))]

    #[test]
    fn any_damage_is_borne(
        sample in 0..8_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = samples().swap_remove(sample);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let provenance = read(&bytes);
        prop_assert!(provenance.claims.len() <= MAX_CLAIMS + 64 && provenance.problems.len() <= MAX_PROBLEMS);
        prop_assert!(provenance.to_metadata().len() <= 80);
        for claim in &provenance.claims {
            prop_assert!(claim.place.offset_bytes <= bytes.len() as u64, "{:?}", claim.place);
        }
    }

    #[test]
    fn any_bytes_behind_a_head_are_borne(
        sample in 0..8_usize,
        keep in 4..16_usize,
        tail in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut bytes = samples().swap_remove(sample);
        bytes.truncate(keep);
        bytes.extend(tail);
        read(&bytes);
    }
}
