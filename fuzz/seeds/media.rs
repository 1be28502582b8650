//! Seeds of provenance: the containers that the tests of the crate make by hand.

use crate::Corpora;

#[allow(dead_code)]
#[path = "../../crates/quanlian-provenance/tests/it/make.rs"]
mod make_by_hand;

use make_by_hand::{
    c2pa_store, exif, flac, id3, id3_frame, join, jpeg, jpeg_segment, mp4, png, png_chunk, riff, riff_chunk,
    xmp, zlib,
};

const LABEL: &str = r#"{"Label":"1","ContentProducer":"p","ProduceID":"i","ReservedCode1":"","ContentPropagator":"q","PropagateID":"j","ReservedCode2":""}"#;

pub fn make(corpora: &Corpora) {
    let packet = xmp(&format!(
        "<TC260:AIGC>{LABEL}</TC260:AIGC><xmp:CreatorTool>t</xmp:CreatorTool>"
    ));
    let block = exif(0x9286, b"ASCII\0\0\0a comment");
    let files = [
        ("text.png", png(&[png_chunk(b"tEXt", &join(&[b"AIGC\0", LABEL.as_bytes()]))])),
        ("ztxt.png", png(&[png_chunk(b"zTXt", &join(&[b"AIGC\0\0", &zlib(LABEL.as_bytes())]))])),
        ("xmp.png", png(&[png_chunk(b"iTXt", &join(&[b"XML:com.adobe.xmp\0\0\0\0\0", &packet]))])),
        ("exif.png", png(&[png_chunk(b"eXIf", &block), png_chunk(b"caBX", &c2pa_store())])),
        (
            "a.jpg",
            jpeg(&[
                jpeg_segment(0xe1, &join(&[b"Exif\0\0", &block])),
                jpeg_segment(0xe1, &join(&[b"http://ns.adobe.com/xap/1.0/\0", &packet])),
                jpeg_segment(0xfe, LABEL.as_bytes()),
                jpeg_segment(0xeb, &join(&[b"JP\0\x01\0\0\0\x01", &c2pa_store()])),
            ]),
        ),
        ("a.wav", riff(b"WAVE", &[riff_chunk(b"LIST", &join(&[b"INFO", &riff_chunk(b"ICMT", LABEL.as_bytes())])), riff_chunk(b"_PMX", &packet)])),
        ("a.webp", riff(b"WEBP", &[riff_chunk(b"EXIF", &block), riff_chunk(b"XMP ", &packet)])),
        ("a.mp4", mp4("AIGC", LABEL)),
        ("a.mp3", id3(&[id3_frame(b"TXXX", &join(&[b"\x03AIGC\0", LABEL.as_bytes()])), id3_frame(b"TSSE", b"\x00Lavf")])),
        ("a.flac", flac(&["AIGC={}", "ENCODER=x"])),
        ("a.pdf", join(&[b"%PDF-1.7\n1 0 obj<</Type/Metadata/Length 10>>stream\n", &packet, b"\nendstream endobj\ntrailer<</Info<</Producer(x)>>>>\n%%EOF"])),
        ("a.md", join(&[b"---\nAIGC: ", LABEL.as_bytes(), b"\n---\ntext\n"])),
        ("a.mkv", join(&[b"\x1a\x45\xdf\xa3\x84\x42\x82\x81a\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x12\x54\xc3\x67\x80", LABEL.as_bytes()])),
    ];
    for (name, bytes) in files {
        corpora.put("provenance_file", name, &bytes);
    }
    corpora.put(
        "provenance_info_json",
        "side",
        r#"{"id":"a","title":"t","uploader":"u","upload_date":"20240102","extractor":"x","webpage_url":"https://example.com/","formats":[{"url":"https://example.com/f"}]}"#,
    );
}
