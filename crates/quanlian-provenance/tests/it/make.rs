//! Containers made by hand, as small as they can be.
//!
//! In:  the contents.
//! Out: the bytes of a file.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub(crate) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub(crate) fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(kind);
    crc.update(content);
    join(&[
        &(content.len() as u32).to_be_bytes(),
        kind,
        content,
        &crc.finalize().to_be_bytes(),
    ])
}

pub(crate) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = png_chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let picture = png_chunk(b"IDAT", &zlib(&[0, 0]));
    join(&[
        b"\x89PNG\r\n\x1a\n",
        &header,
        &chunks.concat(),
        &picture,
        &png_chunk(b"IEND", b""),
    ])
}

pub(crate) fn jpeg_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    join(&[
        &[0xff, marker],
        &(content.len() as u16 + 2).to_be_bytes(),
        content,
    ])
}

pub(crate) fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    join(&[b"\xff\xd8", &segments.concat(), b"\xff\xda\0\x02\xff\xd9"])
}

pub(crate) fn riff_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding: &[u8] = if content.len() % 2 == 1 { b"\0" } else { b"" };
    join(&[kind, &(content.len() as u32).to_le_bytes(), content, padding])
}

pub(crate) fn riff(form: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    riff_chunk(b"RIFF", &join(&[form, &chunks.concat()]))
}

pub(crate) fn mp4_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    join(&[&(content.len() as u32 + 8).to_be_bytes(), kind, content])
}

/// An MP4 file with one name in `keys` and its value in `ilst`, as FFmpeg writes `use_metadata_tags`.
pub(crate) fn mp4(key: &str, value: &str) -> Vec<u8> {
    let name = join(&[&(key.len() as u32 + 8).to_be_bytes(), b"mdta", key.as_bytes()]);
    let keys = mp4_box(b"keys", &join(&[&[0, 0, 0, 0, 0, 0, 0, 1], &name]));
    let data = mp4_box(b"data", &join(&[&[0, 0, 0, 1, 0, 0, 0, 0], value.as_bytes()]));
    let ilst = mp4_box(b"ilst", &mp4_box(&[0, 0, 0, 1], &data));
    let handler = mp4_box(b"hdlr", &[0; 25]);
    let meta = mp4_box(b"meta", &join(&[&[0; 4], &handler, &keys, &ilst]));
    join(&[
        &mp4_box(b"ftyp", b"isom\0\0\0\0isom"),
        &mp4_box(b"moov", &mp4_box(b"udta", &meta)),
    ])
}

fn synchsafe(n: usize) -> [u8; 4] {
    [n >> 21, n >> 14, n >> 7, n].map(|part| part as u8 & 0x7f)
}

pub(crate) fn id3_frame(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    join(&[id, &synchsafe(content.len()), &[0, 0], content])
}

pub(crate) fn id3(frames: &[Vec<u8>]) -> Vec<u8> {
    let frames = frames.concat();
    join(&[b"ID3\x04\0\0", &synchsafe(frames.len()), &frames])
}

pub(crate) fn xmp(properties: &str) -> Vec<u8> {
    format!(
        concat!(
            r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">"#,
            r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="""#,
            r#" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">"#,
            r#"{}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#
        ),
        properties
    )
    .into_bytes()
}

/// The head of a C2PA manifest store; nothing in it is signed.
pub(crate) fn c2pa_store() -> Vec<u8> {
    let kind = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";
    mp4_box(b"jumb", &mp4_box(b"jumd", &join(&[kind, b"\x03c2pa\0"])))
}

/// An Exif block with one text in the field `tag`.
pub(crate) fn exif(tag: u16, text: &[u8]) -> Vec<u8> {
    join(&[
        b"II*\0\x08\0\0\0\x01\0",
        &tag.to_le_bytes(),
        &[2, 0],
        &(text.len() as u32).to_le_bytes(),
        &26_u32.to_le_bytes(),
        &[0; 4],
        text,
    ])
}

pub(crate) fn vorbis_comments(comments: &[&str]) -> Vec<u8> {
    let mut block = join(&[
        &4_u32.to_le_bytes(),
        b"test",
        &(comments.len() as u32).to_le_bytes(),
    ]);
    for comment in comments {
        block.extend((comment.len() as u32).to_le_bytes());
        block.extend(comment.as_bytes());
    }
    block
}

pub(crate) fn flac(comments: &[&str]) -> Vec<u8> {
    let block = vorbis_comments(comments);
    let len = (block.len() as u32).to_be_bytes();
    join(&[b"fLaC\x84", &len[1..], &block])
}
